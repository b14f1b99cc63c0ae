"""Disputes: raise, answer, rule, appeal, take back. Nobody decides about themselves, nor holds up others by disputing.

1. raise    a member signs what it disputes and why; the operator does it for an outsider. Who is concerned is told
2. step     whose deposit it is answers; either appeals, once, to others; who raised it may take it back
3. rule     a quorum of the standard's stewards, or else the operator: for now (a measure with an end), or a decision
4. hold     what is frozen leaves no more, from the log index of the ruling on; what is disputed is told with the rows
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from datadam import disputes, seal
from datadam.dam import disputed, governed, join, notice, release, restricted, state
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.disputes import Dispute, DisputeState, Event, Measure, Scope, Step
from datadam.duties import Topic
from datadam.errors import Invalid, NotFound, Refused, Untrusted
from datadam.formats.statements import shaped
from datadam.governance import Motion, stewards_of
from datadam.model import Json, Kind, Member, MemberId, Release, Role, Statement, instant, moment
from datadam.ports import Rows
from datadam.restriction import Restricted

SIGNED_LATE: Final = timedelta(minutes=10)  # between a dispute's signature and its arrival
MOTION_DAYS: Final = disputes.SIGNING_DAYS
_DAYS: Final = ("answer_days", "decide_days", "appeal_days")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a dispute stands, as one of those whom it concerns may see it."""

    dispute: Dispute
    steps: tuple[Step, ...]
    measure: Measure  # that holds now
    over: bool
    bench: tuple[str, ...]  # the stewards who decide next; none: the operator
    quorum: int
    answer_until: str
    decide_until: str
    appeal_until: str | None  # None: not decided, or nobody else is there to decide again
    motions: tuple[str, ...] = ()  # rulings that wait for signatures, to those who may sign


# --- 1. raise ---------------------------------------------------------------------------------------------------------


def days(world: World) -> dict[str, int]:
    """The clocks of a dispute that is raised now."""
    return {name: int(getattr(world.settings, f"dispute_{name}")) for name in _DAYS}


def raised(world: World, caller: Caller, envelope: bytes) -> Standing:
    """Log a dispute that a member signed; the dam signs that it took it. The same one again is the same dispute."""
    statement, member = shaped(seal.opened(envelope), Kind.DISPUTE), _member(caller)
    if statement.body["member"] != member:
        raise Untrusted("dispute.not-yours", member=str(statement.body["member"]))
    with world.lock:
        with world.store.read() as rows:
            state.believe(rows, statement, by={member})
            known = rows.get(Dispute, statement.id)
            open_now = _not_over(rows, member, instant(world.clock()))
            day = instant(world.clock())[:10]
            today = sum(one.issued[:10] == day for one in rows.find(Dispute, raiser=member))
        if known is None:
            join.active(world, member)
            _refuse_unseen(world, statement, member)
            if abs(world.clock() - moment(statement.body["issued"])) > SIGNED_LATE:  # its clocks run from then on
                raise Invalid("dispute.issued-when", issued=statement.body["issued"], now=instant(world.clock()))
            if {name: statement.body[name] for name in _DAYS} != days(world):
                raise Invalid("dispute.days-other", **days(world))
            if len(open_now) >= disputes.MAX_OPEN:
                raise Refused("dispute.too-many", most=disputes.MAX_OPEN)
            if today >= disputes.MAX_A_DAY:
                raise Refused("dispute.too-many-today", most=disputes.MAX_A_DAY)
            _log(world, seal.countersign(statement, world.secrets.private_key("sign")))
        return find(world, statement.id, caller)


def _refuse_unseen(world: World, statement: Statement, member: str) -> None:
    """Refuse to dispute a restricted deposit of which no row can have reached a member, as if there were none."""
    standard, deposit = str(statement.body["standard"]), str(statement.body["deposit"])
    with world.store.read() as rows:
        held, asks = rows.get(Restricted, deposit), rows.get(Member, member)
        if held is None or held.contributor == member or (asks is not None and Role.AUDITOR in asks.roles):
            return
        given = rows.find(Release, member=member, standard=standard)
        seen = any(one.index > held.since and restricted.may_hold(rows, one, deposit) for one in given)
    if not seen:
        raise Invalid("dispute.nothing-such", dispute=statement.id)


def raise_for(world: World, outsider: str, facts: Json) -> Standing:
    """Log a dispute for somebody who is no member, in the operator's hand: who that is stays with the operator."""
    told = {**facts, **days(world), "member": None, "outsider": outsider.strip()}
    with world.lock:  # of two at once the second finds the first
        with world.store.read() as rows:
            if len(_not_over(rows, None, instant(world.clock()))) >= disputes.MAX_OUTSIDE:
                raise Refused("dispute.too-many", most=disputes.MAX_OUTSIDE)
        statement = state.statement(world, Kind.DISPUTE, told)
        _log(world, shaped(statement))
    return find(world, statement.id, None)


def _not_over(rows: Rows, member: str | None, now: str) -> list[Dispute]:
    """The disputes of a member, or of all outsiders, that are still under way."""
    return [
        one
        for one in rows.find(Dispute, raiser=member)
        if not disputes.is_over(one, now=now, appealable=disputed.may_appeal(rows, one))
    ]


def _log(world: World, statement: Statement) -> None:
    """Log what happened to a dispute, and tell whom it concerns, in one step; what is frozen by it leaves no more."""
    with world.lock:
        _rehearsed(world, statement)
        id = str(statement.body.get("dispute", statement.id))
        with world.store.read() as rows:
            before = rows.get(Dispute, id)
        state.record(
            world, statement, *(_told(world, statement, id, one) for one in _concerned(world, statement, before))
        )
        with world.store.read() as rows:
            now = rows.get(Dispute, id)
    if now is not None and now.measure is Measure.FREEZE and now.deposit is not None:
        release.retract(world, now.standard, {now.deposit})


def _rehearsed(world: World, statement: Statement) -> None:
    """What the log would refuse is told as what the sender did wrong."""
    try:
        state.rehearse(world, statement)
    except Untrusted as error:
        if error.code != "dispute.wrong":
            raise
        raise Invalid("dispute.nothing-such", dispute=str(error.facts["dispute"])) from error


def _concerned(world: World, statement: Statement, before: Dispute | None) -> list[str]:
    """Who is told: the other parties, and the stewards whose turn it is."""
    body = statement.body
    with world.store.transaction() as rows:
        one = before
        if one is None:
            one = _as_logged(rows, statement)
        sitting = disputed.bench(rows, replace(one, state=_after(one, statement)))
        turn = statement.kind is Kind.DISPUTE or body.get("event") == Event.APPEAL
        stewards = sitting.members if sitting is not None and turn else ()
        parties = {one.raiser, one.respondent, *stewards} - {None, body.get("member")}
        there = [rows.get(Member, str(member)) for member in parties]
    return sorted(member.id for member in there if member is not None and member.until is None)


def _as_logged(rows: Rows, statement: Statement) -> Dispute:
    return disputed.read(rows, 0, statement.id, statement.body)


def _after(one: Dispute, statement: Statement) -> DisputeState:
    return DisputeState.APPEALED if statement.body.get("event") == Event.APPEAL else one.state


def _told(world: World, statement: Statement, dispute: str, member: str) -> Statement:
    event = str(statement.body.get("event", Event.RAISE))
    standard = str(statement.body.get("standard", ""))
    facts = {"dispute": dispute, "event": event} | ({"standard": standard} if standard else {})
    return notice.to_member(world, Topic.DISPUTE, statement.id, member, facts)


# --- 2. step ----------------------------------------------------------------------------------------------------------


def stepped(world: World, caller: Caller, envelope: bytes) -> Standing:
    """Log what a party signed: an answer, an appeal, or that it takes its dispute back."""
    statement, member = shaped(seal.opened(envelope), Kind.DISPUTE_STEP), _member(caller)
    if statement.body["member"] != member:
        raise Untrusted("dispute.not-yours", member=str(statement.body["member"]))
    with world.lock:
        one = find(world, statement.body["dispute"], caller)
        with world.store.read() as rows:
            state.believe(rows, statement, by={member})
            if rows.get(Step, statement.id) is not None:
                return one
        _refuse_step(world, one.dispute, statement.body["event"], member)
        _log(world, seal.countersign(statement, world.secrets.private_key("sign")))
        return find(world, one.dispute.id, caller)


def step_for(world: World, id: str, event: str, text: str) -> Standing:
    """The same for an outsider, in the operator's hand."""
    with world.lock:
        one = find(world, id, None)
        _refuse_step(world, one.dispute, event, None)
        facts = {"dispute": one.dispute.id, "event": event, "member": None, "text": text.strip()}
        _log(world, shaped(state.statement(world, Kind.DISPUTE_STEP, facts)))
        return find(world, id, None)


def _refuse_step(world: World, one: Dispute, event: str, member: str | None) -> None:
    """Refuse what this party may not do now; the clock is the dam's, whatever the signer says of the time."""
    party = disputed.party_of(one, member)
    if party is None:
        raise Refused("dispute.not-party", dispute=one.id)
    if event not in {Event.ANSWER, Event.APPEAL, Event.WITHDRAW}:
        raise Invalid(
            "dispute.event-unknown", event=event[:40], known=f"{Event.ANSWER}, {Event.APPEAL}, {Event.WITHDRAW}"
        )
    disputes.step(one.state, Event(event), party)
    if event == Event.APPEAL:
        last, now = disputes.appeal_until(one), instant(world.clock())
        with world.store.read() as rows:
            if not disputed.may_appeal(rows, one):
                raise Refused("dispute.no-appeal", dispute=one.id)
        if last is None or now >= last:
            raise Refused("dispute.appeal-late", dispute=one.id, until=str(last))


# --- 3. rule ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody would rule."""

    event: str  # measure or decide
    measure: str
    reasons: str
    outcome: str | None = None
    scope: str | None = None
    deposit: str | None = None  # None: the one that the dispute names
    until: str | None = None


def rule(world: World, caller: Caller | None, id: str, wish: Wish) -> Standing:
    """Rule as the operator (no caller), or draw up what stewards are then to sign, which its drafter signs first.

    A second draft of the same steward takes the first one's place.
    """
    with world.lock:
        one = find(world, id, caller).dispute
        with world.store.read() as rows:
            sitting = disputed.bench(rows, one)
        _refuse_other_bench(one, caller, None if sitting is None else sitting.members)
        facts = {
            "dispute": one.id,
            "standard": one.standard,
            "event": wish.event,
            "outcome": wish.outcome,
            "measure": wish.measure,
            "scope": wish.scope,
            "deposit": one.deposit if wish.deposit is None else wish.deposit,
            "until": wish.until,
            "reasons": wish.reasons.strip(),
            "stewards": [] if sitting is None else list(sitting.members),
            "quorum": 0 if sitting is None else sitting.quorum,
        }
        statement = shaped(state.statement(world, Kind.RULING, facts))
        with world.store.read() as rows:
            disputed.refuse_ruling(rows, one, statement.body)
        if caller is None:
            _log(world, statement)
        else:
            join.active(world, str(caller.member))
            _keep(world, statement, str(caller.member))
        return find(world, one.id, caller)


def _refuse_other_bench(one: Dispute, caller: Caller | None, stewards: Collection[str] | None) -> None:
    if caller is None and stewards is not None:
        raise Refused("dispute.stewards-decide", dispute=one.id)
    if caller is not None and (stewards is None or _member(caller) not in stewards):
        raise Refused("dispute.not-bench", dispute=one.id)


def _keep(world: World, statement: Statement, by: str) -> None:
    made = Motion(
        id=statement.id,
        about=str(statement.body["dispute"]),
        standard=str(statement.body["standard"]),
        envelope=seal.envelope(statement).decode(),
        by=by,
        made=instant(world.clock()),
    )
    with world.store.transaction() as rows:
        for held in rows.find(Motion, about=made.about):
            if held.by == by or _stale(held, made.made):
                rows.remove(held)
        rows.put(made)


def _stale(one: Motion, now: str | None) -> bool:
    return one.made is None or now is None or disputes.after_days(one.made, MOTION_DAYS) <= now


def motion(world: World, caller: Caller, id: str) -> bytes:
    """A ruling that waits for signatures, with the dam's alone, for who may sign it."""
    with world.store.read() as rows:
        held = rows.get(Motion, id)
        member = _member(caller)
    if held is None or member not in seal.opened(held.envelope).body["stewards"]:
        raise NotFound("dispute.motion-unknown", motion=id[:64])
    statement = seal.opened(held.envelope)
    return seal.envelope(replace(statement, signatures=statement.signatures[:1]))


def sign(world: World, caller: Caller, envelope: bytes) -> Standing:
    """Take a steward's signature of a ruling; with the one that makes it enough, the ruling is logged."""
    statement, member = shaped(seal.opened(envelope), Kind.RULING), _member(caller)
    with world.lock:
        one = find(world, statement.body["dispute"], caller)
        with world.store.transaction() as rows:
            held = rows.get(Motion, statement.id)
            if held is None or _stale(held, instant(world.clock())):
                raise NotFound("dispute.motion-unknown", motion=statement.id)
            if member not in statement.body["stewards"]:
                raise Refused("dispute.not-bench", dispute=one.dispute.id)
            join.active(world, member)
            state.believe(rows, statement, by={member})
            joined = governed.joined(rows, seal.opened(held.envelope), statement, member)
            rows.put(replace(held, envelope=seal.envelope(joined).decode()))
            signed = governed.signers(rows, joined)
        if len(signed) >= statement.body["quorum"]:
            with world.store.read() as rows:
                duly = governed.counted(rows, joined, signed)
            _log(world, seal.countersign(duly, world.secrets.private_key("sign")))
            with world.store.transaction() as rows:
                for waiting in rows.find(Motion, about=one.dispute.id):
                    rows.remove(waiting)
        return find(world, one.dispute.id, caller)


# --- 4. hold ----------------------------------------------------------------------------------------------------------


def hold(world: World) -> None:
    """After a start: take out of every share what a dispute had frozen just before a crash."""
    now = instant(world.clock())
    with world.store.read() as rows:
        found = rows.find(Dispute)
    frozen: dict[str, set[str]] = {}
    for one in found:
        if one.deposit and one.scope is Scope.DEPOSIT and disputes.holds(one, now=now) is Measure.FREEZE:
            frozen.setdefault(one.standard, set()).add(one.deposit)
    for standard, deposits in frozen.items():
        release.retract(world, standard, deposits)


def told(world: World, standard: str) -> tuple[str, ...]:
    """The disputes that whoever looks at a reservoir is told of, by id alone; none about a restricted deposit."""
    with world.store.read() as rows:
        return disputed.held(rows, standard, now=instant(world.clock())).told


# --- looking ----------------------------------------------------------------------------------------------------------


def find(world: World, id: str, caller: Caller | None) -> Standing:
    """One dispute, for its parties, the standard's stewards and auditors; to all others there is none.

    Without a caller it is the operator who looks.
    """
    with world.store.read() as rows:
        one = rows.get(Dispute, id)
        if one is None or not _may_see(rows, one, caller):
            raise NotFound("dispute.unknown", dispute=id[:64])
        return _standing(world, rows, one, caller)


def every(world: World, caller: Caller | None) -> list[Standing]:
    """Every dispute that the caller may see, in the order of the log."""
    with world.store.read() as rows:
        found = sorted(rows.find(Dispute), key=lambda one: one.index)
        return [_standing(world, rows, one, caller) for one in found if _may_see(rows, one, caller)]


def _may_see(rows: Rows, one: Dispute, caller: Caller | None) -> bool:
    if caller is None:
        return True
    return _member(caller) in {one.raiser, one.respondent} or _sees_all(rows, one, str(caller.member))


def _sees_all(rows: Rows, one: Dispute, member: str) -> bool:
    """Stewards in good standing see who the parties are, and so do auditors."""
    held, deciding = rows.get(Member, member), stewards_of(governed.last_standard(rows, one.standard))
    if held is None or held.until is not None or held.suspended:
        return False
    return Role.AUDITOR in held.roles or (deciding is not None and member in deciding.members)


def _standing(world: World, rows: Rows, one: Dispute, caller: Caller | None) -> Standing:
    now = instant(world.clock())
    sitting, again = disputed.bench(rows, one), disputed.may_appeal(rows, one)
    members = sitting.members if sitting is not None else ()
    whole = caller is None or _sees_all(rows, one, str(caller.member))
    waiting = [held.id for held in rows.find(Motion, about=one.id) if not _stale(held, now)]
    return Standing(
        dispute=one if whole else _as_party(world, one, str(caller.member) if caller else ""),
        steps=tuple(sorted(rows.find(Step, dispute=one.id), key=lambda step: step.index)),
        measure=disputes.holds(one, now=now),
        over=disputes.is_over(one, now=now, appealable=again),
        bench=members if whole else (),
        quorum=sitting.quorum if sitting is not None else 0,
        answer_until=disputes.answer_until(one),
        decide_until=disputes.decide_until(one),
        appeal_until=disputes.appeal_until(one) if again else None,
        motions=tuple(waiting) if caller is not None and caller.member in members else (),
    )


def _as_party(world: World, one: Dispute, member: str) -> Dispute:
    """A dispute without who the other party is: rows do not tell who contributed them, nor reports who made them."""
    if member == one.respondent:
        return replace(one, raiser=None)
    named = world.ledger.statement(one.id).body["deposit"]  # what a ruling found out is not for the raiser
    return replace(one, respondent=None, deposit=named)


def _member(caller: Caller) -> MemberId:
    if caller.member is None or caller.standard is not None:
        raise Refused("ask.login-needed")
    return caller.member
