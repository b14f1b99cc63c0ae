"""Round: two dams announce a search for hidden shared suppliers, members commit to lists, makers hand in bags.

Both operators agree to one plan, each once; then both logs have the round, with keys that are made for it alone. What
is refused to a member is kept for the operator. docs/rounds.md tells it from the outside, `rounding` mixes the bags.
"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from datadam import overlap, peers, seal
from datadam.dam import join, peer, prove, publish, reception, state
from datadam.dam.login import Caller
from datadam.dam.reception import Request
from datadam.dam.world import World
from datadam.errors import DamError, Invalid, NotFound, Refused, Untrusted
from datadam.formats.statements import MAX_MAKERS, shaped
from datadam.model import Json, Kind, Statement, instant, moment
from datadam.peers import Peer
from datadam.ports import Rows
from datadam.rounds import Announced, Commitment, Course, Matched, Message, Payload, Planned, Refusal, Role, Running
from datadam.seal import group

OFFER: Final = "/api/federation/rounds/offer"
MAX_ROWS: Final = 30_000  # of a maker's bag: mixed, it is 7.7 MB, and a request between dams may have 8
MAX_AGE: Final = timedelta(days=1)  # between signing and sending
MAX_REASON: Final = 200
MAX_REFUSALS: Final = 1_000  # kept of a round
BAG: Final = "bag"
_TAG: Final = b"datadam/match/secret/v1"
_WIDE: Final = 64


# --- opening ----------------------------------------------------------------------------------------------------------


def open_round(world: World, with_peer: str, plan: Json, closes: str) -> Json:
    """Agree to a round with a peer; once both operators did, both logs have it. Said again, it goes on.

    Tells `state`: offered or open, and the round's id if there is one. `closes` is when the last bag may come.
    """
    found, read = peer.find(world, with_peer), overlap.Plan.from_json(plan)
    _refuse_unfit(world, found, read, closes)
    digest = _terms(read, closes)
    with world.lock, world.store.transaction() as rows:
        planned = rows.get(Planned, digest) or Planned(digest=digest, peer=found.id, terms=_told(read, closes))
        if planned.own is None:
            own = overlap.part(read, world.settings.name, secret_of(world, digest))
            planned = replace(planned, own=_text(own))
        rows.put(planned)
    told = reception.ask(
        world,
        reception.of_peer(world, found),
        "POST",
        OFFER,
        {"plan": read.to_json(), "closes": closes, "part": seal.parse(str(planned.own))},
    )
    if told.get("part") is None:
        return {"state": "offered", "round": None}
    with world.lock:
        with world.store.transaction() as rows:
            rows.put(replace(planned, other=_text(told["part"])))
        return {"state": "open", "round": _announce(world, found, digest).id}


def offered(world: World, request: Request) -> Json:
    """A peer's operator agreed to a plan; our part of it, if ours did too."""
    if request.other.peer is None:
        raise Refused("round.no-peer", peer=request.other.origin)
    sent, found = request.read(), request.other.peer
    read, closes = overlap.Plan.from_json(sent.get("plan")), str(sent.get("closes"))
    _refuse_unfit(world, found, read, closes)
    digest = _terms(read, closes)
    with world.lock:
        with world.store.transaction() as rows:
            planned = rows.get(Planned, digest) or Planned(digest=digest, peer=found.id, terms=_told(read, closes))
            planned = replace(planned, other=planned.other or _text(sent.get("part")))
            rows.put(planned)
        if planned.own is None:
            return {"part": None}
        _announce(world, found, digest)
    return {"part": seal.parse(planned.own)}


def _refuse_unfit(world: World, found: Peer, plan: overlap.Plan, closes: str) -> None:
    """A plan that is no round of these two dams, that is too large, or whose time is over."""
    publish.current(world, plan.standard)
    if not found.stands or found.distrusted is not None:
        raise Refused("round.no-peer", peer=found.origin)
    if plan.dams != tuple(sorted((world.settings.name, found.origin))):
        raise Invalid("round.dams-wrong", round="–", statement="–")
    if not peers.terms_of(found).covers(plan.standard):
        raise Refused("round.out-of-scope", standard=plan.standard, peer=found.origin)
    if plan.cap(0) > MAX_ROWS:
        raise Invalid("round.cap-too-large", cap=plan.cap(0), limit=MAX_ROWS)
    with world.store.read() as rows:
        held = rows.find(Announced, standard=plan.standard, period=plan.period)
    if any(one.closes != closes or overlap.Plan.from_json(seal.parse(one.text)["plan"]) != plan for one in held):
        raise Refused("round.repeated", standard=plan.standard, period=plan.period)
    try:
        late = moment(closes) <= world.clock() and not held
    except (ValueError, DamError):
        raise Invalid("round.closes-wrong", closes=closes[:40]) from None
    if late:
        raise Invalid("round.closes-wrong", closes=closes)


def _terms(plan: overlap.Plan, closes: str) -> str:
    return seal.digest(_told(plan, closes).encode())


def _told(plan: overlap.Plan, closes: str) -> str:
    return _text({"plan": plan.to_json(), "closes": closes})


def _text(value: object) -> str:
    return seal.canonical(value).decode()


def _announce(world: World, found: Peer, digest: str) -> Announced:
    """The round in our log, both parts proven; the same again is the same."""
    with world.store.read() as rows:
        planned = rows.get(Planned, digest)
    if planned is None or planned.own is None or planned.other is None:
        raise NotFound("round.unknown", round=digest)
    terms = seal.parse(planned.terms)
    plan = overlap.Plan.from_json(terms["plan"])
    this = overlap.Round.of(plan, [seal.parse(planned.own), seal.parse(planned.other)])
    with world.store.read() as rows:
        held = rows.get(Announced, this.id.hex())
    if held is not None:
        return held
    facts = {"peer": found.id, "round": this.id.hex(), "closes": terms["closes"], **this.to_json()}
    state.record(world, state.statement(world, Kind.ROUND, facts))
    return find(world, this.id.hex())


def secret_of(world: World, digest: str) -> overlap.Secret:
    """Our two exponents for one plan, from 32 bytes in its secrets folder that are destroyed with the round."""
    wide = group.expand(world.secrets.secret(_name(digest)), _TAG, 2 * _WIDE)
    halves = (int.from_bytes(wide[at : at + _WIDE], "little") % group.ORDER for at in (0, _WIDE))
    return overlap.Secret.from_bytes(b"".join(one.to_bytes(group.BYTES, "little") for one in halves))


def secret(world: World, announced: Announced) -> overlap.Secret:
    """The same of a round that was announced."""
    return secret_of(world, _digest(announced))


def destroy(world: World, announced: Announced) -> None:
    """Destroy this dam's share of a round's keys, and what was sent under them but not handed to makers."""
    world.secrets.destroy(_name(_digest(announced)))


def _digest(announced: Announced) -> str:
    return _terms(overlap.Plan.from_json(seal.parse(announced.text)["plan"]), announced.closes)


def _name(digest: str) -> str:
    return f"round-{digest[:40]}"


# --- reading ----------------------------------------------------------------------------------------------------------


def find(world: World, id: str) -> Announced:
    """A round by its id."""
    with world.store.read() as rows:
        found = rows.get(Announced, id)
    if found is None:
        raise NotFound("round.unknown", round=id[:64])
    return found


def every(world: World) -> list[Announced]:
    """Every round, in log order."""
    with world.store.read() as rows:
        return sorted(rows.find(Announced), key=lambda one: one.index)


def told(world: World, announced: Announced) -> Json:
    """What everybody may know of a round: that it runs or ran, how it is bounded, by which keys."""
    with world.store.read() as rows:
        running = rows.get(Running, announced.id)
    handing = announced.state is Course.OPEN and (running is None or running.mine is None)
    return {
        "round": announced.id,
        "statement": announced.statement,
        "peer": announced.peer,
        "standard": announced.standard,
        "period": announced.period,
        "closes": announced.closes,
        "state": str(announced.state) if announced.state is not Course.OPEN or handing else "running",
        "reason": announced.reason,
        **seal.parse(announced.text),
    }


def learned(world: World, announced: Announced) -> Json | None:
    """What this dam learned of a round that is over: makers, and how many suppliers which of them share."""
    if announced.outcome is None:
        return None
    body = world.ledger.statement(announced.outcome).body
    return {name: body[name] for name in ("makers", "shared")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Insight:
    """What an operator sees of a round: who takes part, how far it is, what was refused. No row of any bag."""

    announced: Announced
    commitments: tuple[Commitment, ...]
    bags: tuple[str, ...]  # members whose bags are here
    running: Running | None
    refusals: tuple[Refusal, ...]


def insight(world: World, announced: Announced) -> Insight:
    """How a round stands, for the operator."""
    with world.store.read() as rows:
        return Insight(
            announced=announced,
            commitments=tuple(sorted(rows.find(Commitment, round=announced.id), key=lambda one: one.index)),
            bags=tuple(sorted(one.maker for one in rows.find(Message, round=announced.id, step=BAG))),
            running=rows.get(Running, announced.id),
            refusals=tuple(sorted(rows.find(Refusal, round=announced.id), key=lambda one: (one.member, one.code))),
        )


# --- members ----------------------------------------------------------------------------------------------------------


def commit(world: World, caller: Caller, envelope: bytes) -> int:
    """Log a member's commitment to its list; the log index. The same again is the same."""
    statement = shaped(seal.opened(envelope), Kind.COMMITMENT)
    member = _member(caller)
    if statement.body["member"] != member:
        raise Untrusted("round.not-yours", member=statement.body["member"])
    with _noting(world, statement.body["round"], member):
        with world.store.read() as rows:
            held = rows.get(Commitment, statement.id)
        if held is not None:
            return held.index
        _refuse_wrong(world, statement)
        with world.lock:
            with world.store.read() as rows:
                state.believe(rows, statement)
            try:
                return state.record(world, statement)
            except Untrusted as error:
                if error.code == "round.committed":  # a thing of the member's, not of the log's
                    raise Refused(error.code, **error.facts) from None
                raise


def committed(world: World, caller: Caller, envelope: bytes) -> Json:
    """The same, with the receipt that shows it to another member."""
    index = commit(world, caller, envelope)
    statement = seal.opened(envelope)
    return {"index": index, "statement": statement.id, "receipt": prove.receipt_of(world, statement)}


def _refuse_wrong(world: World, statement: Statement) -> None:
    body, now = statement.body, world.clock()
    member = join.active(world, body["member"])
    if member.home is not None:
        raise Refused("round.guest", member=member.id)
    if not -timedelta(seconds=seal.CLOCK_SKEW) <= now - moment(body["issued"]) <= MAX_AGE:
        raise Untrusted("round.not-fresh", signed=body["issued"])
    if body["pair"] is None:
        announced = _taking(world, body["round"])
        if body["reader"] is not None:
            overlap.check_reader(of(announced), member.id, body["reader"])


def _member(caller: Caller) -> str:
    if caller.member is None or caller.standard is not None:
        raise Refused("ask.login-needed")
    return caller.member


def of(announced: Announced) -> overlap.Round:
    """The round as the protocol has it, its proofs checked."""
    return overlap.Round.from_json(seal.parse(announced.text))


def _taking(world: World, id: str) -> Announced:
    """A round that still takes lists and bags."""
    announced = find(world, id)
    with world.store.read() as rows:
        running = rows.get(Running, id)
    if announced.state is not Course.OPEN or (running is not None and running.mine is not None):
        raise Refused("round.over", round=id)
    if moment(announced.closes) <= world.clock():
        raise Refused("round.closed", closes=announced.closes)
    return announced


def hand_in(world: World, caller: Caller, id: str, data: bytes) -> Json:
    """Take a maker's bag, once; it is mixed when the operators run the round."""
    member = _member(caller)
    with _noting(world, id, member):
        join.active(world, member)
        announced = _taking(world, id)
        with world.store.read() as rows:
            signed = _commitment(rows, id, member)
            held = rows.get(Message, id, member, BAG)
            count = len(rows.find(Message, round=id, step=BAG))
        if signed is None or signed.role is not Role.MAKER:
            raise Refused("round.not-committed", round=id)
        if signed.reader is None:
            raise Refused("round.not-signed", round=id)
        digest = seal.digest(data)
        if held is not None and held.digest != digest:
            raise Refused("round.handed-in", round=id)
        if held is None and count >= MAX_MAKERS // 2:
            raise Refused("round.full", limit=MAX_MAKERS // 2)
        overlap.check_bag(of(announced), 0, data)
        with world.lock, world.store.transaction() as rows:
            running = rows.get(Running, id)
            if running is not None and running.mine is not None:
                raise Refused("round.over", round=id)
            keep(rows, id, member, BAG, data)
    return {"round": id, "digest": digest}


def keep(rows: Rows, id: str, maker: str, step: str, data: bytes, *, anew: bool = False) -> None:
    """Keep a message of a round; the same again changes nothing, another one in its place is `Refused`.

    `anew`: nothing rests on the one before yet, so another one takes its place.
    """
    digest, held = seal.digest(data), rows.get(Message, id, maker, step)
    if held is None or anew:
        rows.put(Message(round=id, maker=maker, step=step, digest=digest))
        rows.put(Payload(round=id, maker=maker, step=step, data=base64.b64encode(data).decode()))
    elif held.digest != digest:
        raise Refused("round.message-other", step=step)


def held(rows: Rows, id: str, maker: str, step: str) -> bytes | None:
    """The bytes of a message, if it is here."""
    found = rows.get(Payload, id, maker, step)
    return None if found is None else base64.b64decode(found.data)


def _commitment(rows: Rows, id: str, member: str) -> Commitment | None:
    return next(iter(rows.find(Commitment, round=id, member=member)), None)


def result(world: World, caller: Caller, id: str) -> Json:
    """What came of a round for a maker that signed for it: its statement's receipt, and what both dams hand it."""
    member = _member(caller)
    with _noting(world, id, member):
        announced = find(world, id)
        with world.store.read() as rows:
            found = rows.get(Matched, id, member)
            signed = _commitment(rows, id, member)
            handed = [held(rows, id, member, f"handed-{number}") for number in (0, 1)]
        if found is None and (signed is None or signed.reader is None):
            raise Refused("round.not-signed", round=id)
        if found is None or None in handed:
            raise NotFound("round.no-result", round=id, state=str(announced.state))
        statement = world.ledger.statement(found.statement)
    return {
        "round": id,
        "receipt": prove.receipt_of(world, statement),
        "handed": [base64.b64encode(one).decode() for one in handed if one is not None],
    }


@contextmanager
def _noting(world: World, id: str, member: str) -> Iterator[None]:
    """Keep, for the operator, what was refused to whom of a round that there is."""
    try:
        yield
    except DamError as error:
        with world.store.transaction() as rows:
            if rows.get(Announced, id) is not None:
                _note(rows, id, member, error.code, instant(world.clock()))
        raise


def _note(rows: Rows, id: str, member: str, code: str, now: str) -> None:
    before = rows.get(Refusal, id, member, code)
    if before is None and len(rows.find(Refusal, round=id)) >= MAX_REFUSALS:
        return
    count = 1 if before is None else before.count + 1
    rows.put(Refusal(round=id, member=member, code=code, count=count, last=now))
