"""Agree: draft, sign, countersign; suspend, resume, end. What stands is read anew on every decision.

1. draft    the exact body to sign, with the digests of the texts that its signer reads
2. accept   the member's signature over that body. Everything is judged anew: nothing of the draft was kept
3. conclude the dam signs the same bytes: at once where the offer says so and the signer is whom it is for, else when
            the operator approves. One statement with two signatures enters the log, and the agreement is in force
4. change   the dam suspends and resumes, either side ends; a newer offer ends those before it after their notice
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from datadam import agreement, registers, seal
from datadam.agreement import Signer, Wish
from datadam.dam import join, lineage, notice, offer, peered, publish, state
from datadam.dam.credential import held_by
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.duties import Topic
from datadam.errors import DamError, Faults, Invalid, NotFound, Refused, Untrusted
from datadam.formats import credential, odrl
from datadam.formats.statements import shaped
from datadam.model import Json, Kind, MemberId, Role, Statement, Tier, instant
from datadam.terms import LEVELS, Acceptance, Agreement, AgreementState, Level, PublishedOffer

DRAFT_DAYS: Final = 7  # a draft is read by people who ask others; what is older is asked for anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a member is asked to sign, and what it should have read before."""

    body: Json  # of the `agreement` statement, but for what signing adds
    texts: Json  # language → the text
    automatic: bool  # the dam signs at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an agreement stands: as the log has it, or how far it has come."""

    id: str
    member: str
    standard: str
    state: str  # of AgreementState, or `declined`
    offer: int  # its number
    purposes: tuple[str, ...]
    destination: str
    level: str
    expires: str | None
    since: int | None = None  # log index
    changed: int | None = None
    reason: str | None = None
    lapses: str | None = None  # the instant at which the notice of a newer offer is over


# --- 1. draft ---------------------------------------------------------------------------------------------------------


def draft(
    world: World, caller: Caller, standard: str, *, purposes: Sequence[str], destination: str, level: str | None = None
) -> Draft:
    """What to sign for the offer in force; `level` is the one that the offer asks for, if none is named.

    `Refused` or `Faults` with all for which it could not be signed. The body lacks `language`: who reads, says.
    """
    member = _member(caller)
    published = offer.find(world, standard)
    terms = offer.read_offer(published)
    if level is not None and level not in LEVELS:
        raise Invalid("agreement.level-unknown", level=level[:20], known=", ".join(LEVELS))
    wish = Wish(
        purposes=tuple(dict.fromkeys(purposes)),
        destination=registers.jurisdiction(destination),
        level=Level(level) if level else agreement.required(terms),
    )
    if not wish.purposes:
        raise Invalid("agreement.no-purpose", standard=published.standard)
    _check_member(world, member)
    now = instant(world.clock())
    _refuse_outdated(world, published)
    _refuse(agreement.faults(terms, wish, now=now))
    facts = {
        "member": member,
        "standard": published.standard,
        "offer": published.statement,
        "purposes": list(wish.purposes),
        "destination": wish.destination,
        "level": str(wish.level),
        "expires": agreement.ends(terms),
        "texts": dict(published.texts),
    }
    body = {**facts, "credential": _credential(world, published, facts, begins=now)}
    return Draft(body=body, texts=offer.written(world, published), automatic=_is_automatic(world, member, published))


def _member(caller: Caller) -> MemberId:
    if caller.member is None or caller.standard is not None:
        raise Refused("ask.login-needed")
    return caller.member


def _check_member(world: World, member: str) -> None:
    if Role.CONSUMER not in join.active(world, member).roles:
        raise Refused("ask.not-consumer", member=member)


def _credential(world: World, published: PublishedOffer, facts: Json, *, begins: str) -> Json:
    parties = credential.Parties(origin=world.settings.name, member=facts["member"])
    told = {
        "standard": published.standard,
        "number": published.number,
        "digest": published.digest,
        "offer": seal.parse(published.text),
    }
    return credential.credential(parties, told, facts, begins=begins)


def _refuse_outdated(world: World, published: PublishedOffer) -> None:
    """Refuse an offer that says what a later version of its standard no longer lets any offer say."""
    last = publish.published(world, published.standard)
    if last.index > published.index:
        wrong = odrl.check(offer.read_offer(published), publish.parsed(last.text), now=instant(world.clock()))
        if wrong:
            raise Refused(
                "agreement.offer-outdated",
                standard=published.standard,
                number=published.number,
                version=last.version,
                why=wrong[0].code,
            )


def _refuse(faults: Sequence[DamError]) -> None:
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise Faults("agreement.faulty", faults)


# --- 2. accept --------------------------------------------------------------------------------------------------------


def accept(world: World, caller: Caller, envelope: bytes) -> Standing:
    """Take an offer that a member signed: in force when this returns, or waiting for the stewards.

    The same one again is the same agreement; one that was declined, or that has ended, is `Refused`.
    """
    statement = shaped(seal.opened(envelope), Kind.AGREEMENT)
    if statement.body["member"] != _member(caller):
        raise Untrusted("agreement.not-yours", member=statement.body["member"])
    with world.lock:
        with world.store.read() as rows:
            state.believe(rows, statement, by={statement.body["member"]})
            held, waiting = rows.get(Agreement, statement.id), rows.get(Acceptance, statement.id)
        if held is not None and held.state not in agreement.STANDING:
            raise Refused("agreement.replayed", agreement=held.id)
        if waiting is not None and waiting.status == "declined":
            raise Refused("agreement.declined", reason=waiting.reason)
        if held is None and waiting is None:
            published = _check(world, statement)
            if _is_automatic(world, statement.body["member"], published):
                _conclude(world, statement)
            else:
                _wait(world, statement, envelope)
        return find(world, statement.id, member=statement.body["member"])


def _check(world: World, statement: Statement) -> PublishedOffer:
    """The offer that a body is for, if all of it is as this dam would draft it now."""
    body = statement.body
    issuer, origin = body["credential"]["issuer"], world.settings.name
    if issuer != credential.Parties(origin=origin, member=body["member"]).dam:
        raise Untrusted("agreement.other-dam", issuer=str(issuer)[:200], origin=origin)
    _check_member(world, body["member"])
    published = offer.find(world, body["standard"])
    if published.statement != body["offer"]:
        raise Refused("agreement.offer-not-current", standard=published.standard, number=published.number)
    if dict(published.texts) != body["texts"]:
        raise Untrusted("agreement.text-other", standard=published.standard)
    if body["language"] not in body["texts"]:
        raise Invalid("agreement.language-unknown", language=body["language"], known=", ".join(sorted(body["texts"])))
    registers.jurisdiction(body["destination"])
    wish = Wish(purposes=tuple(body["purposes"]), destination=body["destination"], level=Level(body["level"]))
    terms = offer.read_offer(published)
    _refuse_outdated(world, published)
    _refuse(agreement.faults(terms, wish, now=instant(world.clock())))
    if body["expires"] != agreement.ends(terms):
        raise Untrusted("agreement.expires-other", expires=body["expires"], expected=agreement.ends(terms))
    begins = _drafted(world, body["credential"]["validFrom"])
    if body["credential"] != _credential(world, published, body, begins=begins):
        raise Untrusted("agreement.credential-other", statement=statement.id)
    for held in _held(world, body["member"], published.standard):
        if held.state is AgreementState.SUSPENDED:
            raise Refused("agreement.suspended", agreement=held.id)
    return published


def _drafted(world: World, told: object) -> str:
    """When the draft was made, if that can still be: not later than now, not longer ago than a draft lasts."""
    now = world.clock()
    try:
        moment = datetime.fromisoformat(str(told))
        fits = -timedelta(seconds=seal.CLOCK_SKEW) <= now - moment <= timedelta(days=DRAFT_DAYS)
    except (TypeError, ValueError) as error:  # no instant, or one without an offset
        raise Untrusted("agreement.drafted-when", drafted=str(told)[:40], days=DRAFT_DAYS) from error
    if not fits:
        raise Untrusted("agreement.drafted-when", drafted=str(told)[:40], days=DRAFT_DAYS)
    return str(told)


def _is_automatic(world: World, member: str, published: PublishedOffer) -> bool:
    """Whether the dam signs at once: the offer says so, it is for such a member, and nobody ended the last one for it.

    A member that is held up could else end the agreement itself and sign it again.
    """
    terms, known = offer.read_offer(published), join.known(world, member)
    holds, _ = held_by(world, member, published.standard)
    signer = Signer(roles=known.roles, jurisdiction=known.jurisdiction, credentials=holds)
    if not terms.automatic or not agreement.is_met_by(terms, signer, now=instant(world.clock())):
        return False
    last = max(_held(world, member, published.standard), key=lambda one: one.since, default=None)
    with world.store.read() as rows:
        barred = peered.barred_at_home(rows, member, published.standard)
    return not barred and (last is None or not last.barred)


def _wait(world: World, statement: Statement, envelope: bytes) -> None:
    """Keep an acceptance for the stewards, in place of one that the same member sent before for the same standard."""
    body = statement.body
    with world.store.transaction() as rows:
        for earlier in rows.find(Acceptance, member=body["member"], standard=body["standard"], status="pending"):
            rows.remove(earlier)
        rows.put(
            Acceptance(
                id=statement.id,
                member=body["member"],
                standard=body["standard"],
                envelope=envelope.decode(),
                received=instant(world.clock()),
            )
        )


# --- 3. conclude ------------------------------------------------------------------------------------------------------


def _conclude(world: World, statement: Statement) -> int:
    return state.record(world, seal.countersign(statement, world.secrets.private_key("sign")))


def approve(world: World, id: str) -> int:
    """Countersign and log an acceptance that waits; its log index. Twice gives the same while it is in force.

    It is judged anew: a newer offer, a suspension or a new key since then refuses it. What was held up or ended since
    is `Refused`: nobody is told that it was approved again.
    """
    with world.lock:
        with world.store.read() as rows:
            done, waiting = rows.get(Agreement, id), rows.get(Acceptance, id)
        if done is None:
            statement = seal.opened(_pending(waiting, id).envelope)
            _check(world, statement)
            index = _conclude(world, statement)
        else:
            if done.state is not AgreementState.FINALISED:
                agreement.step(done.state, agreement.Event.AGREE, agreement.Party.PROVIDER)
            index = done.since
        if waiting is not None:  # a crash may have left it
            with world.store.transaction() as rows:
                rows.remove(waiting)
        return index


def decline(world: World, id: str, reason: str) -> int:
    """Log that an acceptance was declined, and why."""
    with world.lock:
        with world.store.read() as rows:
            waiting = _pending(rows.get(Acceptance, id), id)
            if rows.get(Agreement, id) is not None:
                raise NotFound("agreement.unknown", agreement=id[:64])
        facts = {"application": id, "member": waiting.member, "reason": reason}
        index = state.record(world, state.statement(world, Kind.DECLINE, facts))
        with world.store.transaction() as rows:
            rows.put(replace(waiting, status="declined", reason=reason))
        return index


def _pending(waiting: Acceptance | None, id: str) -> Acceptance:
    if waiting is None or waiting.status != "pending":
        raise NotFound("agreement.unknown", agreement=id[:64])
    return waiting


# --- 4. change --------------------------------------------------------------------------------------------------------


def end(world: World, caller: Caller, envelope: bytes) -> int | None:
    """Log the end of an agreement that its member signed; the dam signs that it took it. The log index.

    What the dam has not signed yet is not in the log either: it is forgotten, and there is no index.
    """
    statement = shaped(seal.opened(envelope), Kind.AGREEMENT_CHANGE)
    body = statement.body
    if body["member"] != _member(caller):
        raise Untrusted("agreement.not-yours", member=body["member"])
    if not body["by_member"]:
        raise Invalid("agreement.change-unsigned")
    with world.lock:
        find(world, body["agreement"], member=body["member"])
        with world.store.transaction() as rows:
            state.believe(rows, statement, by={body["member"]})
            waiting = rows.get(Acceptance, body["agreement"])
            if waiting is not None and rows.get(Agreement, waiting.id) is None:
                rows.remove(waiting)
                return None
        return _conclude(world, statement)


def change(world: World, id: str, wanted: AgreementState, reason: str) -> int:
    """Suspend, resume (`FINALISED`) or end an agreement for the stewards, and tell its member; its log index."""
    with world.lock:
        with world.store.read() as rows:
            held = rows.get(Agreement, id)
        if held is None:
            raise NotFound("agreement.unknown", agreement=id[:64])
        agreement.step(held.state, agreement.CHANGES[wanted], agreement.Party.PROVIDER)
        facts = {"agreement": id, "member": held.member, "state": wanted, "by_member": False, "reason": reason}
        changed = state.statement(world, Kind.AGREEMENT_CHANGE, facts)
        told = {"agreement": id, "standard": held.standard, "state": str(wanted), "reason": reason}
        return state.record(world, changed, notice.to_member(world, Topic.AGREEMENT, changed.id, held.member, told))


# --- asking -----------------------------------------------------------------------------------------------------------


def standing(world: World, member: str, standard: str) -> Agreement | None:
    """The agreement of a member that stands for a standard, in force or suspended; there is one at most.

    One under an earlier offer stands until the notice that it promises is over. Whether it has expired, decisions say.
    """
    for held in _held(world, member, standard):
        if held.state in agreement.STANDING:
            over = lapses(world, held)
            return held if over is None or instant(world.clock()) < over else None
    return None


def refuse_cut_off(world: World, member: str, standard: str) -> None:
    """Refuse what an address was given out for before, to who was suspended or left since or whose agreement is over.

    The address itself lives for a while; what it was given out on may not.
    """
    join.active(world, member)
    if offer.current(world, standard) is None or publish.current(world, standard).tier is not Tier.AGREEMENT:
        return
    held = standing(world, member, standard)
    holds = held is not None and held.state is AgreementState.FINALISED
    if held is None or not holds or (held.expires is not None and held.expires <= instant(world.clock())):
        raise Refused("agreement.cut-off", standard=standard)


def offer_of(world: World, held: Agreement) -> PublishedOffer:
    """The offer that an agreement is under: its terms are what binds."""
    return offer.of_statement(world, held.standard, held.offer)


def lapses(world: World, held: Agreement) -> str | None:
    """The instant at which the notice of a newer offer or version is over for an agreement; None: nothing ends it so.

    An offer that promises no notice binds until an agreement under it is ended, but a version that breaks what its
    member signed for ends it at once: nobody is bound to a version that they did not sign. So does one that allows
    less than was agreed, whatever the notice: who deposits under it was promised that.
    """
    own = offer_of(world, held)
    newer, days = offer.newer(world, own), agreement.notice(offer.read_offer(own))
    ends = [] if newer is None or days is None else [_after(newer.issued, days)]
    if (broken := lineage.broken(world, held.standard, held.since)) is not None:
        version, issued = broken
        less = bool(version.purposes) and not set(held.purposes) <= set(version.purposes)
        ends.append(_after(issued, 0 if less else days or 0))
    return min(ends, default=None)


def _after(issued: str, days: int) -> str:
    return instant(datetime.fromisoformat(issued) + timedelta(days=days))


def _held(world: World, member: str, standard: str) -> list[Agreement]:
    with world.store.read() as rows:
        return rows.find(Agreement, member=member, standard=standard)


def own(world: World, caller: Caller) -> list[Standing]:
    """The caller's agreements, also those that wait, were declined or ended; the newest last."""
    return every(world, member=_member(caller))


def every(world: World, *, member: str | None = None) -> list[Standing]:
    """Agreements of one member, or of all, in the order of the log; those that are not in it come last."""
    mine = {} if member is None else {"member": member}
    with world.store.read() as rows:
        held, waiting = rows.find(Agreement, **mine), rows.find(Acceptance, **mine)
    logged = {one.id for one in held}
    return [
        *(_of_log(world, one) for one in sorted(held, key=lambda one: one.since)),
        *(_waiting(world, one) for one in sorted(waiting, key=lambda one: one.received) if one.id not in logged),
    ]


def find(world: World, id: str, *, member: str) -> Standing:
    """One of a member's agreements; another's is as unknown as none."""
    for one in every(world, member=member):
        if one.id == id:
            return one
    raise NotFound("agreement.unknown", agreement=id[:64])


def _of_log(world: World, held: Agreement) -> Standing:
    return Standing(
        id=held.id,
        member=held.member,
        standard=held.standard,
        state=held.state,
        offer=offer_of(world, held).number,
        purposes=held.purposes,
        destination=held.destination,
        level=held.level,
        expires=held.expires,
        since=held.since,
        changed=held.changed,
        reason=held.reason,
        lapses=lapses(world, held) if held.state in agreement.STANDING else None,
    )


def _waiting(world: World, one: Acceptance) -> Standing:
    body = seal.opened(one.envelope).body
    return Standing(
        id=one.id,
        member=one.member,
        standard=one.standard,
        state=str(AgreementState.ACCEPTED) if one.status == "pending" else one.status,
        offer=offer.of_statement(world, one.standard, body["offer"]).number,
        purposes=tuple(body["purposes"]),
        destination=body["destination"],
        level=body["level"],
        expires=body["expires"],
        reason=one.reason,
    )


def exported(world: World, caller: Caller, id: str) -> str:
    """An agreement in force as a verifiable credential, `application/vc+jwt`, signed by the dam."""
    told = find(world, id, member=_member(caller))
    with world.store.read() as rows:
        held = rows.get(Agreement, id)
    if (
        held is None
        or held.state is not AgreementState.FINALISED
        or standing(world, told.member, told.standard) != held
    ):
        raise Refused("agreement.not-in-force", agreement=id, state=told.state)
    claims: Json = world.ledger.statement(id).body["credential"]
    return credential.secured(claims, world.secrets.private_key("sign"))
