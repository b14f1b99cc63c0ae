"""Showing: the makers of a round let somebody else read what came of it, under terms that it and all of them signed.

The dams cannot read codes, so they cannot show any: each maker seals what it read for whoever asked, and the dam hands
the sealed sheets over, once every maker signed, in an order that tells nothing of whose is which. A no is logged too.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from datadam import seal
from datadam.dam import contact, join, order, peered, prove, round, state  # noqa: A004  (the noun)
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import DamError, Invalid, NotFound, Refused, Untrusted
from datadam.formats.statements import shaped
from datadam.model import Json, Kind, Member, PrivacyClass, Role, instant, moment
from datadam.rounds import Announced, Consent, Course, Showing

MAX_DAYS: Final = 366  # that such an agreement may last
SHEET: Final = "sheet-"  # the step under which a sealed sheet is kept, before the id of its showing
_MAX_BODY: Final = 2 * seal.MAX_SEALED


def request(world: World, caller: Caller, id: str, envelope: bytes) -> Json:
    """Log what a member asks the makers of a round for, and its own signature under it; the same again is the same."""
    statement = shaped(seal.opened(envelope), Kind.SHOWING)
    member, body = _member(caller), statement.body
    if body["member"] != member or body["round"] != id:
        raise Untrusted("showing.not-yours", member=body["member"])
    announced = _over(world, id)
    with world.lock:
        with world.store.read() as rows:
            known = rows.get(Showing, statement.id) is not None
            state.believe(rows, statement)
        if not known:
            _refuse_wrong(world, announced, join.active(world, member), body)
            state.record(world, statement)
    return {"showing": statement.id, "receipt": prove.receipt_of(world, statement)}


def _refuse_wrong(world: World, announced: Announced, member: Member, body: Json) -> None:
    if Role.CONSUMER not in member.roles:
        raise Refused("ask.not-consumer", member=member.id)
    if member.id in makers(world, announced):
        raise Refused("showing.own", round=announced.id)
    now, issued = world.clock(), moment(body["issued"])
    if not -timedelta(seconds=seal.CLOCK_SKEW) <= now - issued <= round.MAX_AGE:
        raise Untrusted("round.not-fresh", signed=body["issued"])
    if not now < moment(body["until"]) <= now + timedelta(days=MAX_DAYS):
        raise Invalid("showing.until-wrong", until=body["until"], days=MAX_DAYS)
    seal.reading_key(body["reader"])
    if (held := _last(world, announced.id, member.id)) is not None and held.until > body["issued"]:
        raise Refused("showing.repeated", round=announced.id, member=member.id)


def listed(world: World, caller: Caller, id: str) -> Json:
    """Who asks to be shown a round: for whoever asks its own, for a maker all; each with its proof."""
    member, announced = _member(caller), round.find(world, id)
    if announced.state is not Course.FOUND:
        return {"items": []}
    mine = makers(world, announced)
    with world.store.read() as rows:
        found = sorted(rows.find(Showing, round=id), key=lambda one: one.index)
        consents = {one.id: rows.find(Consent, showing=one.id) for one in found}
    return {
        "items": [
            {
                "showing": one.id,
                "member": one.member,
                "jurisdiction": join.known(world, one.member).jurisdiction,
                "purpose": one.purpose,
                "until": one.until,
                "makers": len(mine),
                "signed": len(consents[one.id]),
                "by_you": member in {each.member for each in consents[one.id]},
                "receipt": prove.receipt_of(world, world.ledger.statement(one.id)),
            }
            for one in found
            if member in {one.member, *mine}
        ]
    }


def consent(world: World, caller: Caller, id: str, data: bytes) -> Json:
    """Log a maker's signature under such terms and keep what it sealed; the same again is the same."""
    if len(data) > _MAX_BODY:
        raise Invalid("showing.sheet-large", limit=seal.MAX_SEALED)
    sent = seal.parse(data)
    if not isinstance(sent, dict) or set(sent) != {"consent", "sheet"} or not isinstance(sent["sheet"], str):
        raise Invalid("request.malformed", expected="consent, sheet")
    statement = shaped(seal.opened(seal.canonical(sent["consent"])), Kind.CONSENT)
    member, body, sheet = _member(caller), statement.body, sent["sheet"].encode()
    if body["member"] != member or body["showing"] != id:
        raise Untrusted("showing.not-yours", member=body["member"])
    if len(sheet) > seal.MAX_SEALED:
        raise Invalid("showing.sheet-large", limit=seal.MAX_SEALED)
    if seal.digest(sheet) != body["sheet"]:
        raise Untrusted("showing.sheet-other", showing=id)
    with world.lock:
        state.catch_up(world)  # a consent that is in the log keeps its sheet
        with world.store.read() as rows:
            asked, held = rows.get(Showing, id), rows.get(Consent, id, member)
            state.believe(rows, statement)
        if asked is None:
            raise NotFound("showing.unknown", showing=id[:64])
        if held is None:
            _refuse_foreign(world, asked, join.active(world, member))
            with world.store.transaction() as rows:
                round.keep(rows, asked.round, member, f"{SHEET}{id}", sheet, anew=True)
            state.record(world, statement)
        elif held.statement != statement.id:
            raise Refused("showing.consented", member=member, showing=id)
    return {"showing": id, "receipt": prove.receipt_of(world, statement)}


def _refuse_foreign(world: World, asked: Showing, member: Member) -> None:
    if member.id not in makers(world, _over(world, asked.round)):
        raise Refused("showing.not-maker", round=asked.round)
    if asked.until <= instant(world.clock()):
        raise Refused("showing.over", until=asked.until)


def view(world: World, caller: Caller, id: str) -> Json:
    """Show a member what came of a round: the sealed sheets and the receipt of the statement that says so.

    Whatever stands against it is logged, and the first of it is `Refused` with the id of that statement.
    """
    member, announced = join.active(world, _member(caller)), _over(world, id)
    contact.settle(world)
    with world.lock:
        state.catch_up(world)
        asked, mine = _last(world, id, member.id), makers(world, announced)
        against = list(_obstacles(world, announced, member, asked, len(mine), ""))
        _refuse_too_many(world, member, against)
        with world.store.read() as rows:
            consents = [] if asked is None or against else rows.find(Consent, showing=asked.id)
            sheets = {
                one.sheet: round.held(rows, id, one.member, f"{SHEET}{one.showing}")
                for one in sorted(consents, key=lambda one: one.sheet)
            }
        if any(one is None for one in sheets.values()):
            raise NotFound("showing.sheets-gone", round=id)
        facts = {
            "member": member.id,
            "round": id,
            "showing": None if asked is None else asked.id,
            "allowed": not against,
            "reasons": [one.code for one in against],
            "makers": len(mine),
            "sheets": list(sheets),
        }
        said = state.statement(world, Kind.SHOWN, facts)
        state.record(world, said)
        if against:
            raise next(_obstacles(world, announced, member, asked, len(mine), said.id))
    told = [one.decode() for one in sheets.values() if one is not None]
    return {"round": id, "receipt": prove.receipt_of(world, said), "sheets": told}


def _refuse_too_many(world: World, member: Member, against: list[DamError]) -> None:
    most = world.settings.member_refusals_per_day
    if against and most and not world.decisions.may_deny(member.id, instant(world.clock())[:10], most):
        raise Refused("ask.too-many", limit=most)


def _obstacles(
    world: World, announced: Announced, member: Member, asked: Showing | None, count: int, said: str
) -> Iterator[DamError]:
    """All that stands against it: no terms, terms that ran out, a maker that did not sign, an order, silence.

    `said` is the statement by which the log says so.
    """
    if asked is None:
        yield Refused("showing.none", round=announced.id, makers=count, statement=said)
        return
    if asked.until <= instant(world.clock()):
        yield Refused("showing.over", until=asked.until)
    with world.store.read() as rows:
        signed = len(rows.find(Consent, showing=asked.id))
        silent = peered.silent(rows, announced.standard)
    if signed < count:
        yield Refused("showing.unsigned", signed=signed, makers=count, statement=said)
    ordered = order.in_force(world, PrivacyClass.CONFIDENTIAL, member.jurisdiction, announced.standard)
    if ordered:
        yield Refused("ask.order", destination=member.jurisdiction, ordered=", ".join(ordered))
    if silent:
        yield Refused("ask.peer-silent", standard=announced.standard, silent=", ".join(silent))


def makers(world: World, announced: Announced) -> frozenset[str]:
    """The makers of a round that found something, of both dams."""
    found = round.learned(world, announced)
    return frozenset() if found is None else frozenset(str(one["member"]) for one in found["makers"])


def _over(world: World, id: str) -> Announced:
    announced = round.find(world, id)
    if announced.state is not Course.FOUND:
        raise NotFound("round.no-result", round=id, state=str(announced.state))
    return announced


def _last(world: World, id: str, member: str) -> Showing | None:
    with world.store.read() as rows:
        return max(rows.find(Showing, round=id, member=member), key=lambda one: one.index, default=None)


def _member(caller: Caller) -> str:
    if caller.member is None or caller.standard is not None:
        raise Refused("ask.login-needed")
    return caller.member
