"""Rounding: mix the bags of a round with the other dam, see what is shared, log it, hand makers what they signed for.

Each step leaves a message that is kept before it is sent, and is made once: a crash in between goes on where it was. A
dam gives no share of a decryption before it holds the last mix of every bag. What a message of the other dam does not
prove ends the round, and so does a round that has too few makers; both logs then say why.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Final
from urllib.parse import quote

from datadam import ledger, overlap, seal
from datadam.dam import peer, reception, round, state  # noqa: A004  (the noun)
from datadam.dam.reception import Request
from datadam.dam.round import BAG, MAX_REASON, OFFER
from datadam.dam.world import World
from datadam.errors import DamError, Invalid, NotFound, Refused, Unavailable, Untrusted
from datadam.federation import Follower
from datadam.formats.statements import MAX_MAKERS, shaped
from datadam.model import Json, Kind, Statement
from datadam.peers import Followed, Peer
from datadam.ports import Rows
from datadam.rounds import Announced, Commitment, Course, Matched, Message, Payload, Planned, Role, Running

MAKERS: Final = "/api/federation/rounds/makers"
STEP: Final = "/api/federation/rounds/step"
END: Final = "/api/federation/rounds/end"
FIRST: Final = "first"
SECOND: Final = "second"
LAST: Final = "last"
FOUND: Final = "found"
_HANDED: Final = frozenset({"handed-0", "handed-1"})
_LEAST: Final = 2  # makers: one alone shares nothing
_LOG: Final = logging.getLogger(__name__)


# --- the operator's ---------------------------------------------------------------------------------------------------


def run(world: World, id: str) -> Json:
    """Take no more bags of a round, and go on with it as far as that is possible now."""
    announced = round.find(world, id)
    if announced.state is not Course.OPEN:
        raise Refused("round.over", round=id)
    with world.lock, world.store.transaction() as rows:
        running = rows.get(Running, id) or Running(round=id)
        if running.mine is None:
            mine = sorted(one.maker for one in rows.find(Message, round=id, step=BAG))
            rows.put(replace(running, mine=seal.canonical(mine).decode()))
    advance(world, id)
    return round.told(world, round.find(world, id))


def close(world: World, id: str, reason: str) -> Json:
    """End a round, both dams', where it is not over; where it is, forget what was kept for its makers."""
    announced, said = round.find(world, id), reason.strip()
    if not 0 < len(said) <= MAX_REASON:
        raise Invalid("order.words-wrong", field="reason", limit=MAX_REASON)
    if announced.state is Course.OPEN:
        _end(world, announced, said, tell=True)
    with world.store.transaction() as rows:
        _forget(rows, id, lambda _: True)
    return round.told(world, round.find(world, id))


def advance_all(world: World) -> int:
    """Go on with every round that runs; how many there are."""
    with world.store.read() as rows:
        started = [one.round for one in rows.find(Running) if one.mine is not None]
    for id in started:
        announced = round.find(world, id)
        if announced.state is Course.OPEN:
            advance(world, id)
        else:  # stopped between the log's word and the bytes' end
            _bury(world, announced)
    return len(started)


def advance(world: World, id: str) -> None:
    """Do of a round what can be done now: nothing where another thread does, or the other dam is waited for."""
    if not world.matching.acquire(blocking=False):
        return
    try:
        announced = round.find(world, id)
        if announced.state is Course.OPEN:
            _Work(world, announced).go_on()
    except (Unavailable, NotFound, Refused) as error:  # the other dam is away, or not so far yet
        _LOG.info("round %s waits: %s", id[:12], error.facts.get("said", error.code))
    except (Untrusted, Invalid) as error:
        _LOG.warning("round %s ends: %s", id[:12], error.code)
        _end(world, announced, error.code, tell=True)
    finally:
        world.matching.release()


# --- the work ---------------------------------------------------------------------------------------------------------


@dataclass
class _Work:
    """One round as one dam sees it, and its next steps."""

    world: World
    announced: Announced

    def go_on(self) -> None:
        """Every step that can be done, in order; one that cannot yet ends the turn."""
        running = self.running
        if running.mine is None:
            return
        mine = list(seal.parse(running.mine))
        if not running.told:
            self.tell_makers(mine)
        for maker in mine:
            self.made(maker, FIRST, partial(self.mixed, maker, BAG))
        if running.theirs is None:
            return
        theirs: dict[str, Json] = seal.parse(running.theirs)
        makers = sorted({*mine, *theirs})
        if len(makers) < _LEAST:
            _end(self.world, self.announced, "round.too-few", tell=True)
        elif self.all_mixed(mine, theirs, makers) and self.all_opened(makers):
            found = self.found(makers)
            self.hand_over(found, mine, theirs, makers)
            if all(self.has(maker, self.hand(1 - self.number)) for maker in mine):
                self.finish(found, mine, makers)

    def all_mixed(self, mine: Iterable[str], theirs: Iterable[str], makers: Iterable[str]) -> bool:
        """Mix on what the other dam mixed; whether the last mix of every bag is here."""
        for maker in theirs:
            if self.has(maker, FIRST):
                self.made(maker, SECOND, partial(self.mixed, maker, FIRST))
        for maker in mine:
            if self.has(maker, SECOND):
                self.made(maker, LAST, partial(self.finished, maker))
        return all(self.has(maker, LAST) for maker in makers)

    def all_opened(self, makers: Sequence[str]) -> bool:
        """Give our shares of the decryption of every bag; whether the other dam's are here."""
        for maker in makers:
            self.made(maker, self.share(self.number), partial(self.shares, maker))
        return all(self.has(maker, self.share(1 - self.number)) for maker in makers)

    def tell_makers(self, mine: Sequence[str]) -> None:
        """Tell the other dam whose bags there are, each by what the maker itself signed."""
        statements = [self.world.ledger.statement(self.signed[maker].id) for maker in mine]
        told = [seal.parse(seal.envelope(one)) for one in statements]
        reception.ask(self.world, self.other, "POST", MAKERS, {"round": self.announced.id, "makers": told})
        with self.world.lock, self.world.store.transaction() as rows:
            rows.put(replace(rows.get(Running, self.announced.id) or self.running, told=True))

    def mixed(self, maker: str, before: str) -> bytes:
        """A bag, or the other dam's mix of it, mixed by us."""
        return overlap.mix(self.this, self.me, self.secret, self.payload(maker, before))

    def finished(self, maker: str) -> bytes:
        """The last mix of one of our bags, once the other dam's is seen to be made of what we gave it."""
        overlap.check_mixed(self.this, self.payload(maker, SECOND), self.payload(maker, FIRST))
        return self.mixed(maker, SECOND)

    def shares(self, maker: str) -> bytes:
        """Our shares of the decryption of one bag's tokens."""
        last, before = self.payload(maker, LAST), self.payload(maker, SECOND)
        return overlap.shares(self.this, self.me, self.secret, last, before)

    def found(self, makers: Sequence[str]) -> overlap.Found:
        """Which tokens lie in several bags; worked out once."""
        with self.world.store.read() as rows:
            known = round.held(rows, self.announced.id, "", FOUND)
        if known is None:
            tokens = {
                maker: overlap.tokens(
                    self.this,
                    self.payload(maker, LAST),
                    (self.payload(maker, self.share(0)), self.payload(maker, self.share(1))),
                )
                for maker in makers
            }
            shared = [{"token": seal.encode(one.token), "rows": dict(one.rows)} for one in overlap.found(tokens).shared]
            known = seal.canonical(shared)
            with self.world.store.transaction() as rows:
                round.keep(rows, self.announced.id, "", FOUND, known)
        told = [overlap.Shared(token=seal.decode(one["token"]), rows=one["rows"]) for one in seal.parse(known)]
        return overlap.Found(tuple(told))

    def hand_over(
        self, found: overlap.Found, mine: Sequence[str], theirs: Mapping[str, Json], makers: Sequence[str]
    ) -> None:
        """Our shares of the codes, to each maker that signed: through its own dam."""
        finals = {maker: self.payload(maker, LAST) for maker in makers}
        readers = {**theirs, **{maker: seal.parse(str(self.signed[maker].reader)) for maker in mine}}
        step = self.hand(self.number)
        for maker in makers:
            to = overlap.Reader(maker=maker, key=overlap.check_reader(self.this, maker, readers[maker]))
            make = partial(overlap.handed, self.this, self.me, self.secret, to, found, finals)
            self.made(maker, step, make, send=maker in theirs)

    def finish(self, found: overlap.Found, mine: Sequence[str], makers: Sequence[str]) -> None:
        """Log what the dam learned, and a release for each of our makers; then destroy the keys and the bags."""
        named = [{"member": maker, "dam": self.me if maker in mine else self.peer.origin} for maker in makers]
        shared = [{"makers": list(some), "count": count} for some, count in found.counts().items()]
        nothing: Json = {"makers": [], "shared": [], "handed": [], "shows": 0, "commitment": None}
        facts: Json = {**nothing, "round": self.announced.id, "state": "found", "reason": None}
        statements = [
            state.statement(self.world, Kind.MATCH, {**facts, "member": None, "makers": named, "shared": shared})
        ]
        for maker in mine:
            own = {
                "member": maker,
                "handed": [seal.digest(self.payload(maker, self.hand(number))) for number in (0, 1)],
                "shows": len(found.of(maker)),
                "commitment": self.signed[maker].id,
            }
            statements.append(state.statement(self.world, Kind.MATCH, {**facts, **own}))
        with self.world.lock:
            if round.find(self.world, self.announced.id).state is Course.OPEN:
                state.record(self.world, *statements)
        _bury(self.world, self.announced)

    # what it works with

    @property
    def running(self) -> Running:
        with self.world.store.read() as rows:
            return rows.get(Running, self.announced.id) or Running(round=self.announced.id)

    @cached_property
    def this(self) -> overlap.Round:
        return round.of(self.announced)

    @cached_property
    def secret(self) -> overlap.Secret:
        return round.secret(self.world, self.announced)

    @cached_property
    def peer(self) -> Peer:
        return peer.find(self.world, self.announced.peer)

    @property
    def other(self) -> reception.Other:
        return reception.of_peer(self.world, self.peer)

    @property
    def me(self) -> str:
        return self.world.settings.name

    @property
    def number(self) -> int:
        return self.this.number(self.me)

    @cached_property
    def signed(self) -> dict[str, Commitment]:
        """Commitments of our makers that signed for the result."""
        with self.world.store.read() as rows:
            found = rows.find(Commitment, round=self.announced.id, role=Role.MAKER)
        return {one.member: one for one in found if one.reader is not None}

    def share(self, number: int) -> str:
        """The step in which a dam gives its shares."""
        return f"shares-{number}"

    def hand(self, number: int) -> str:
        """The step in which a dam hands a maker codes."""
        return f"handed-{number}"

    def has(self, maker: str, step: str) -> bool:
        with self.world.store.read() as rows:
            return rows.get(Message, self.announced.id, maker, step) is not None

    def payload(self, maker: str, step: str) -> bytes:
        with self.world.store.read() as rows:
            found = round.held(rows, self.announced.id, maker, step)
        if found is None:
            raise NotFound("round.step-missing", step=step)
        return found

    def made(self, maker: str, step: str, make: Callable[[], bytes], *, send: bool = True) -> None:
        """See that a message is made and kept, and that the other dam has it."""
        id = self.announced.id
        if not self.has(maker, step):
            data = make()
            with self.world.store.transaction() as rows:
                round.keep(rows, id, maker, step, data)
        with self.world.store.read() as rows:
            one = rows.get(Message, id, maker, step)
        if send and one is not None and not one.sent:
            path = f"{STEP}?round={id}&maker={quote(maker)}&step={step}"
            reception.ask(self.world, self.other, "POST", path, self.payload(maker, step))
            with self.world.store.transaction() as rows:
                rows.put(replace(one, sent=True))


def _end(world: World, announced: Announced, reason: str, *, tell: bool) -> None:
    """Log that a round has no result, and why; tell the other dam, if it can be told."""
    nothing = {"makers": [], "shared": [], "handed": [], "shows": 0, "commitment": None}
    facts = {"round": announced.id, "member": None, "state": "ended", "reason": reason[:MAX_REASON], **nothing}
    with world.lock:
        if round.find(world, announced.id).state is Course.OPEN:
            state.record(world, state.statement(world, Kind.MATCH, facts))
    _bury(world, announced)
    if tell:
        with suppress(DamError):  # else it waits until its operator closes it
            other = reception.of_peer(world, peer.find(world, announced.peer))
            reception.ask(world, other, "POST", END, {"round": announced.id, "reason": reason})


def _bury(world: World, announced: Announced) -> None:
    """Destroy our share of the keys, and all bytes but what a maker that signed is still to fetch."""
    round.destroy(world, announced)
    with world.store.transaction() as rows:
        wanted = {one.member for one in rows.find(Matched, round=announced.id)}
        _forget(rows, announced.id, lambda one: one.maker not in wanted or one.step not in _HANDED)
        for planned in rows.find(Planned, peer=announced.peer):
            if seal.parse(planned.terms)["plan"] == seal.parse(announced.text)["plan"]:
                rows.remove(planned)
        running = rows.get(Running, announced.id)
        if running is not None:
            rows.remove(running)


def _forget(rows: Rows, id: str, gone: Callable[[Payload], bool]) -> None:
    for one in rows.find(Payload, round=id):
        if gone(one):
            rows.remove(one)


# --- what the other dam says ------------------------------------------------------------------------------------------


def _ours_too(world: World, request: Request, id: object) -> Announced:
    """The round that a peer speaks of: one with that peer that is not over."""
    announced = round.find(world, str(id))
    if request.other.peer is None or announced.peer != request.other.peer.id:
        raise NotFound("round.unknown", round=str(id)[:64])
    if announced.state is not Course.OPEN:
        raise Refused("round.over", round=announced.id)
    return announced


def makers(world: World, request: Request) -> Json:
    """The peer's makers that take part, each by its own signed commitment; told once."""
    sent = request.read()
    announced = _ours_too(world, request, sent.get("round"))
    told = sent.get("makers")
    if not isinstance(told, list) or len(told) > MAX_MAKERS // 2:
        raise Invalid("request.malformed", expected="makers")
    this, theirs = round.of(announced), dict[str, Json]()
    for one in told:
        statement = shaped(seal.opened(seal.canonical(one)), Kind.COMMITMENT)
        body = statement.body
        if body["round"] != announced.id or body["role"] != Role.MAKER or body["reader"] is None:
            raise Untrusted("round.maker-wrong", member=body["member"])
        _believe(world, announced, statement)
        overlap.check_reader(this, body["member"], body["reader"])
        theirs[body["member"]] = body["reader"]
    text = seal.canonical(theirs).decode()
    with world.lock, world.store.transaction() as rows:
        running = rows.get(Running, announced.id) or Running(round=announced.id)
        if running.theirs not in {None, text}:
            raise Refused("round.message-other", step="makers")
        rows.put(replace(running, theirs=text))
    return {}


def _believe(world: World, announced: Announced, statement: Statement) -> None:
    """See that a member of the peer signed a commitment, by the keys in the peer's log as we follow it."""
    with world.store.read() as rows:
        followed = rows.get(Followed, announced.peer)
        ours = rows.get(Commitment, statement.id)
    if ours is not None:
        raise Untrusted("round.maker-wrong", member=statement.body["member"])
    if followed is None or not followed.follower:
        raise Refused("round.maker-unknown", member=statement.body["member"])
    ring = Follower.read(followed.follower).ring
    kids = [kid for kid in seal.kids(statement) if kid in ring.keys and kid not in ring.retired]
    if not kids:  # it joined after we last read that log
        raise Refused("round.maker-unknown", member=statement.body["member"])
    signed = seal.verify(statement, {kid: ring.keys[kid] for kid in kids})
    seal.expect(signed, {kid: ring.owners[kid] for kid in kids}, ledger.parties(statement), statement=statement.id)


def step(world: World, request: Request) -> Json:
    """A message that the peer made: kept, and judged by whoever uses it."""
    announced = _ours_too(world, request, request.query.get("round"))
    maker, name = request.query.get("maker", ""), request.query.get("step", "")
    this, work = round.of(announced), _Work(world, announced)
    running, number = work.running, 1 - this.number(world.settings.name)
    mine = set(seal.parse(running.mine or "[]"))
    theirs = set(seal.parse(running.theirs or "{}"))
    awaited = {FIRST: theirs, SECOND: mine, LAST: theirs, work.share(number): mine | theirs, work.hand(number): mine}
    if maker not in awaited.get(name, set()):
        raise Refused("round.step-unexpected", step=name[:20])
    with world.lock, world.store.transaction() as rows:
        round.keep(rows, announced.id, maker, name, request.body)
    return {}


def ended(world: World, request: Request) -> Json:
    """The peer says that a round has no result."""
    sent = request.read()
    _end(world, _ours_too(world, request, sent.get("round")), f"peer: {sent.get('reason')}", tell=False)
    return {}


ROUTES: Final[Mapping[tuple[str, str], reception.Route]] = {
    ("POST", OFFER): round.offered,
    ("POST", MAKERS): makers,
    ("POST", STEP): step,
    ("POST", END): ended,
}
"""What a peer may ask about rounds, by method and path."""
