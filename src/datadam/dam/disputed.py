"""What statements about disputes say, as tables; and which of them hold something up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from datadam import disputes, governance
from datadam.dam import governed
from datadam.disputes import Bench, Dispute, DisputeState, Event, Measure, Outcome, Party, Scope, Step, Subject
from datadam.errors import Refused, Untrusted
from datadam.governance import Stewards
from datadam.model import Decided, Deposit, Json, Kind, Member, PublishedStandard
from datadam.ports import Rows
from datadam.restriction import Restricted
from datadam.terms import PublishedOffer

RECORDS: Final = (Dispute, Step)
"""The tables."""


# --- who decides ------------------------------------------------------------------------------------------------------


def bench(rows: Rows, one: Dispute) -> Stewards | None:
    """The stewards who decide about a dispute as it stands, how many it takes; None: the operator.

    Stewards decide, but never about what they made, about themselves, or a second time; where too few of them are left,
    and where they decided first, it is the operator's turn.
    """
    deciding = governance.stewards_of(governed.last_standard(rows, one.standard))
    if deciding is None or one.subject in {Subject.STANDARD, Subject.OFFER} or not _is_stewards_turn(one):
        return None
    fair = tuple(member for member in deciding.members if member not in {one.raiser, one.respondent})
    if len(governed.fit(rows, fair)) < deciding.quorum:
        return None
    return replace(deciding, members=fair)


def _is_stewards_turn(one: Dispute) -> bool:
    """Stewards come first, and after the operator; who decided last may lift what holds."""
    match one.state:
        case DisputeState.DECIDED:
            return one.bench is Bench.STEWARDS
        case DisputeState.APPEALED | DisputeState.FINAL:
            return one.bench is Bench.OPERATOR
        case _:
            return True


def may_appeal(rows: Rows, one: Dispute) -> bool:
    """Whether anybody else than who decided is there to decide again."""
    again = bench(rows, replace(one, state=DisputeState.APPEALED))
    return (Bench.OPERATOR if again is None else Bench.STEWARDS) is not one.bench


def concerns(rows: Rows, id: str, member: str) -> bool:
    """Whether a member is a party to a dispute, or among the stewards of its standard: what was ruled is for them."""
    one = rows.get(Dispute, id)
    if one is None:
        return False
    deciding = governance.stewards_of(governed.last_standard(rows, one.standard))
    return member in {one.raiser, one.respondent} or (
        deciding is not None and member in governed.fit(rows, deciding.members)
    )


# --- what holds -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What disputes about a reservoir hold up, or tell, at an instant."""

    reservoir: tuple[str, ...] = ()  # disputes for which none of its rows leave
    deposits: frozenset[str] = frozenset()  # that do not leave
    told: tuple[str, ...] = ()  # disputes that whoever takes rows is told of
    told_of: tuple[tuple[str, str], ...] = ()  # and those, with their deposits, that only who may have these is told of
    ends: tuple[str, ...] = ()  # instants at which any of this changes by itself


NOTHING: Final = Held()


def any_about(rows: Rows, standard: str) -> bool:
    """Whether a reservoir was ever disputed; most never are, and every decision asks."""
    return bool(rows.find(Dispute, standard=standard))


def held(rows: Rows, standard: str, *, now: str) -> Held:
    """What disputes hold up of a reservoir now."""
    found = sorted(rows.find(Dispute, standard=standard), key=lambda one: one.index)
    alive = [(one, measure) for one in found if (measure := disputes.holds(one, now=now)) is not Measure.NONE]
    frozen = [one for one, measure in alive if measure is Measure.FREEZE]
    limited = {one.deposit for one, _ in alive if one.deposit and rows.get(Restricted, one.deposit) is not None}
    return Held(
        reservoir=tuple(one.id for one in frozen if one.scope is Scope.RESERVOIR),
        deposits=frozenset(one.deposit for one in frozen if one.scope is Scope.DEPOSIT and one.deposit),
        told=tuple(one.id for one, _ in alive if one.deposit is None or one.deposit not in limited),
        told_of=tuple((one.id, one.deposit) for one, _ in alive if one.deposit is not None and one.deposit in limited),
        ends=tuple(one.until for one, _ in alive if one.until is not None),
    )


def kept_back(rows: Rows, standard: str, member: str, *, now: str) -> frozenset[str]:
    """A member's own deposits that it froze itself by disputing them, and that leave for nobody now."""
    own = rows.find(Dispute, standard=standard, raiser=member)
    held = [one for one in own if one.respondent is None and disputes.holds(one, now=now) is Measure.FREEZE]
    return frozenset(one.deposit for one in held if one.scope is Scope.DEPOSIT and one.deposit is not None)


# --- folds ------------------------------------------------------------------------------------------------------------


def _fold_dispute(rows: Rows, index: int, id: str, body: Json) -> None:
    if rows.get(Dispute, id) is not None:
        raise Untrusted("statement.repeated", statement=id)
    rows.put(read(rows, index, id, body))


def read(rows: Rows, index: int, id: str, body: Json) -> Dispute:
    """The dispute that a statement raises: about something that there is, by a member or through the operator."""
    subject, asked = Subject(body["subject"]), Measure(body["measure"])
    deposit = rows.get(Deposit, body["deposit"]) if body["deposit"] is not None else None
    member = rows.get(Member, body["member"]) if body["member"] is not None else None
    if (body["member"] is None) is (body["outsider"] is None) or not _is_about(rows, subject, body, deposit):
        raise Untrusted("dispute.wrong", dispute=id)
    if body["member"] is not None and (member is None or member.until is not None):
        raise Untrusted("dispute.wrong", dispute=id)
    own = deposit is not None and member is not None and deposit.contributor == member.id
    measure = disputes.at_once(subject, asked, own=own, member=member is not None)
    days = {name: body[name] for name in ("answer_days", "decide_days", "appeal_days")}
    return Dispute(
        id=id,
        standard=body["standard"],
        subject=subject,
        deposit=body["deposit"],
        row=body["row"],
        statement=body["statement"],
        raiser=body["member"],
        respondent=None if deposit is None or own else deposit.contributor,
        reason=body["reason"],
        asked=asked,
        issued=body["issued"],
        index=index,
        state=disputes.step(None, Event.RAISE, Party.RAISER),
        measure=measure,
        scope=Scope.DEPOSIT if deposit is not None and measure is Measure.FREEZE else None,
        **days,
    )


def _is_about(rows: Rows, subject: Subject, body: Json, deposit: Deposit | None) -> bool:
    """Whether what is disputed is there, is of that standard, and is named as its kind is."""
    standard, statement = body["standard"], body["statement"]
    if not rows.find(PublishedStandard, id=standard):
        return False
    if deposit is not None and deposit.standard != standard:
        return False
    match subject:
        case Subject.DEPOSIT:
            return deposit is not None and not body["row"] and statement is None
        case Subject.ROW:
            return bool(body["row"]) and statement is None and (body["deposit"] is None or deposit is not None)
        case Subject.DECISION:
            decided = rows.get(Decided, str(statement))
            right = decided is not None and decided.standard == standard
        case Subject.STANDARD:
            right = any(one.statement == statement for one in rows.find(PublishedStandard, id=standard))
        case Subject.OFFER:
            right = any(one.statement == statement for one in rows.find(PublishedOffer, standard=standard))
    return right and body["deposit"] is None and not body["row"]


def party_of(one: Dispute, member: str | None) -> Party | None:
    """What a member is in a dispute, if it is a party to it; None of a member: the operator, for an outsider."""
    if member == one.raiser:
        return Party.RAISER
    return Party.RESPONDENT if member is not None and member == one.respondent else None


def _fold_step(rows: Rows, index: int, id: str, body: Json) -> None:
    """A party answers, appeals in time to somebody else, or takes back what it raised."""
    one, event = rows.get(Dispute, body["dispute"]), Event(body["event"])
    if one is None or rows.get(Step, id) is not None:
        raise Untrusted("dispute.wrong", dispute=body["dispute"])
    party = party_of(one, body["member"])
    if party is None:
        raise Untrusted("dispute.wrong", dispute=one.id)
    if event is Event.APPEAL:
        last = disputes.appeal_until(one)
        if last is None or body["issued"] >= last or not may_appeal(rows, one):
            raise Untrusted("dispute.wrong", dispute=one.id)
    rows.put(replace(one, state=disputes.step(one.state, event, party)))
    rows.put(
        Step(id=id, dispute=one.id, event=event, party=party, text=body["text"], issued=body["issued"], index=index)
    )


def _fold_ruling(rows: Rows, index: int, id: str, body: Json) -> None:
    """By whom it is to be decided now, after who has to answer was heard; what holds meanwhile has an end."""
    one, event = rows.get(Dispute, body["dispute"]), Event(body["event"])
    if one is None or rows.get(Step, id) is not None:
        raise Untrusted("dispute.wrong", dispute=body["dispute"])
    refuse_ruling(rows, one, body)
    sitting = bench(rows, one)
    measure = Measure(body["measure"])
    told = {"measure": measure, "scope": _scope(body), "until": body["until"], "deposit": body["deposit"]}
    after = disputes.step(one.state, event, Party.BENCH)
    if one.deposit is None and body["deposit"] is not None:  # found out who has to answer
        named = rows.get(Deposit, body["deposit"])
        whose = None if named is None or named.contributor == one.raiser else named.contributor
        one = replace(one, respondent=whose)
    if event is Event.DECIDE:
        first = (Bench.OPERATOR if sitting is None else Bench.STEWARDS) if one.bench is None else one.bench
        decided = {"outcome": Outcome(body["outcome"]), "decided": one.decided or body["issued"], "bench": first}
        one = replace(one, **decided)  # type: ignore[arg-type]  # each is of its field's type
    rows.put(replace(one, state=after, **told))
    rows.put(
        Step(
            id=id,
            dispute=one.id,
            event=event,
            party=Party.BENCH,
            text=body["reasons"],
            issued=body["issued"],
            index=index,
        )
    )


def refuse_ruling(rows: Rows, one: Dispute, body: Json) -> None:
    """Refuse a ruling that the log could not take: of others than who decide now, too early, or about nothing."""
    sitting, event, measure = bench(rows, one), Event(body["event"]), Measure(body["measure"])
    members, quorum = (sitting.members, sitting.quorum) if sitting is not None else ((), 0)
    if (tuple(body["stewards"]), body["quorum"]) != (members, quorum) or body["standard"] != one.standard:
        raise Refused("dispute.bench-other", dispute=one.id, bench=str(Bench.STEWARDS if sitting else Bench.OPERATOR))
    disputes.step(one.state, event, Party.BENCH)
    if (event is Event.DECIDE) is (body["outcome"] is None) or event not in {Event.DECIDE, Event.MEASURE}:
        raise Refused("dispute.wrong", dispute=one.id)
    if event is Event.DECIDE and not disputes.heard(one, now=body["issued"]):
        raise Refused("dispute.unheard", dispute=one.id, until=disputes.answer_until(one))
    scope = _scope(body)
    frozen = measure is Measure.FREEZE
    if frozen and event is Event.MEASURE and one.outcome is not None and one.state is not DisputeState.APPEALED:
        raise Refused("dispute.only-lift", dispute=one.id)
    if frozen is (scope is None) or (body["deposit"] != one.deposit and one.deposit is not None):
        raise Refused("dispute.scope-wrong", dispute=one.id)
    deposit = rows.get(Deposit, body["deposit"]) if body["deposit"] is not None else None
    if event is Event.DECIDE and body["deposit"] != one.deposit:  # a measure names it first, so that it is answered
        raise Refused("dispute.scope-wrong", dispute=one.id)
    if body["deposit"] is not None and (deposit is None or deposit.standard != one.standard):
        raise Refused("dispute.scope-wrong", dispute=one.id)
    if scope is Scope.DEPOSIT and deposit is None:
        raise Refused("dispute.scope-wrong", dispute=one.id)
    longest = disputes.after_days(body["issued"], disputes.MAX_INTERIM)
    if frozen and event is Event.MEASURE and not (body["until"] is not None and body["until"] <= longest):
        raise Refused("dispute.interim-long", dispute=one.id, most=disputes.MAX_INTERIM)


def _scope(body: Json) -> Scope | None:
    return None if body["scope"] is None else Scope(body["scope"])


FOLDS: Final[Mapping[Kind, Callable[[Rows, int, str, Json], None]]] = {
    Kind.DISPUTE: _fold_dispute,
    Kind.DISPUTE_STEP: _fold_step,
    Kind.RULING: _fold_ruling,
}
"""How each kind of statement about disputes changes the tables."""
