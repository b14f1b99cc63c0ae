"""Dams in one process under a network and a time of our making: whole schedules of what may go wrong, in milliseconds.

Each dam is a whole one, over memory: `order`, `follow`, `push` and `decide` are the real ones, and so is every
signature. Simulated are the ways between them (cut, lost, held back, delivered again and later), time, crashes between
two writes, and a dam that lies. `Sim.check` and `Sim.settle` hold what was promised against what is known from outside.
"""

import copy
import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from tempfile import mkdtemp
from threading import RLock
from typing import Any, Final

from datadam import merkle, seal
from datadam.adapters.memory.bodies import MemoryBodies
from datadam.adapters.memory.log import MemoryLog
from datadam.adapters.memory.secrets import MemorySecrets
from datadam.adapters.memory.store import MemoryStore
from datadam.dam import decide, federate, follow, found, grant, guest, order, peer, publish, push, reception, state
from datadam.dam.links import Links
from datadam.dam.prove import _unlike
from datadam.dam.remembered import Remembered
from datadam.dam.world import World
from datadam.duties import Order
from datadam.errors import DamError, Unavailable
from datadam.formats import note
from datadam.ledger import Ledger
from datadam.model import Allow, Ask, Class, Kind, Member, StandardId, Withdrawal, instant
from datadam.peers import Adopted, Followed, Peer, PeerFault, PeerWithdrawal
from datadam.ports import PeerAnswer, Rows
from worlds import GOOD, START, Person, a_world, rebuilds, standard_text

LIMIT: Final = 600  # seconds without contact after which a scope is silent
SHARED, OWN = "test.reading", "test.own"
"""In the scope of every peering, and in none."""
LANDS: Final = ("KR", "US", "JP", "DE", "CA")
CLOCKS: Final = (0, 9, -8, 3, -11)  # hours by which the clocks of the dams are apart
MEETINGS: Final[Mapping[str, tuple[tuple[int, int], ...]]] = {
    "two": ((0, 1),),
    "three, each with each": ((0, 1), (0, 2), (1, 2)),
    "four in a ring": ((0, 1), (1, 2), (2, 3), (3, 0)),
    "five, one amid": ((0, 1), (0, 2), (0, 3), (0, 4)),
}
DEPOSITS: Final = 3  # of each dam's contributor
_SEEN: Final = 40  # parcels that can be delivered again


class Crash(BaseException):
    """The process of a dam ends: nothing may catch it."""


class Fragile(MemoryStore):
    """Tables whose process ends before the write that was chosen; what is in the log by then stays there."""

    fuse: int | None = None

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """As of the memory store, while the fuse lasts."""
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.fuse = None
                raise Crash
        with super().transaction() as rows:
            yield rows


# --- dams -------------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Dam:
    """One dam, who takes from it, and what is known of it from outside."""

    name: str
    world: World
    store: Fragile
    member: Person  # of it; a guest of each of its peers
    contributor: Person
    deposits: tuple[str, ...]
    peers: list["Dam"] = field(default_factory=list)
    twins: list[World] = field(default_factory=list)  # other logs that it signed
    faces: dict["Dam", World] = field(default_factory=dict)  # to whom it shows one of them
    answers_wrong: "Lie | None" = None
    acknowledged: list[str] = field(default_factory=list)  # statements that it said are in its log
    since: dict[str, int] = field(default_factory=dict)  # order, or stopped member → when
    forgot: bool = False  # its tables were lost once, and with them whom it followed

    @cached_property
    def id(self) -> str:
        """As peers know it."""
        return seal.peer_id(self.world.ledger.statement(self.world.ledger.entry(0)[1]).body["key"])

    def orders(self) -> list[Order]:
        """Its own that are in force."""
        return [one for one in order.orders(self.world) if one.peer is None and one.lifted is None]

    def stops(self, member: str) -> bool:
        """Whether it has that member suspended, as its own statements say."""
        with self.world.store.read() as rows:
            held = rows.get(Member, member)
        return held is not None and (held.suspended_here or held.until is not None)

    def look(self, other: "Dam") -> None:
        """Ask a peer for what is new, as the thread does that asks again and again."""
        with _quiet():
            follow.look(self.world, other.id)

    def tell(self, other: "Dam", face: World | None = None) -> None:
        """Show a peer what is new here, as the thread does that is woken by it."""
        with _quiet():
            push.tell(face or self.world, other.id)


@contextmanager
def _quiet() -> Iterator[None]:
    """What goes wrong with a peer stops nothing else."""
    try:
        yield
    except DamError:
        return


@dataclass
class Wire:
    """The port by which one dam reaches others."""

    sim: "Sim"
    source: str

    def send(self, url: str, method: str, path: str, *, token: str | None = None, body: bytes = b"") -> PeerAnswer:
        """One request, as far as the network lets it through."""
        return self.sim.carry(Parcel(self.source, url.rstrip("/"), method, path, token, body))


@dataclass(frozen=True)
class Parcel:
    """A request on its way."""

    source: str
    url: str
    method: str
    path: str
    token: str | None
    body: bytes


Change = Callable[[Any], None]
"""What becomes of a stretch of a log, as JSON."""
Lie = Callable[[PeerAnswer, Parcel], PeerAnswer]
"""What becomes of an answer that a dam made in good order."""


def copied(world: World, sim: "Sim", name: str, store: MemoryStore | None = None) -> World:
    """Another dam with the same past, keys and tables; from here on each has a log of its own."""
    held, log = world.ledger._log, MemoryLog()
    assert isinstance(held, MemoryLog)
    log._entries, log._levels = list(held._entries), [list(level) for level in held._levels]
    log._checkpoint = held._checkpoint
    bodies = MemoryBodies()
    assert isinstance(world.bodies, MemoryBodies)
    bodies._held = dict(world.bodies._held)
    tables = store or MemoryStore()
    assert isinstance(world.store, MemoryStore)
    tables._state = world.store._state  # replaced as a whole at each commit, never changed
    assert isinstance(world.secrets, MemorySecrets)
    keys = copy.copy(world.secrets)
    keys._keys = dict(keys._keys)
    return started(replace(world, bodies=bodies, store=tables, secrets=keys), sim, name, log)


def started(world: World, sim: "Sim", name: str, log: MemoryLog) -> World:
    """A new process over what there is."""
    ledger = Ledger(log, world.bodies, key=world.secrets.private_key("log"), origin=world.settings.name)
    fresh = {"links": Links(), "decisions": Remembered(), "lock": RLock()}
    made = replace(world, ledger=ledger, clock=sim.clock(name), peers=Wire(sim, name), **fresh)  # type: ignore[arg-type]  # each of its type
    state.claim(made)
    found.found(made)
    return made


# --- the network, time, and what must hold ----------------------------------------------------------------------------


@dataclass
class Sim:
    """Dams that peer, what lies between them, and how late it is."""

    now: int = 0  # seconds since the start
    dams: list[Dam] = field(default_factory=list)
    cut: set[tuple[str, str]] = field(default_factory=set)  # from whom to whom nothing goes
    moods: dict[tuple[str, str], deque[str]] = field(default_factory=lambda: defaultdict(deque))
    held: list[Parcel] = field(default_factory=list)
    seen: deque[Parcel] = field(default_factory=lambda: deque(maxlen=_SEEN))
    lived: dict[tuple[Dam, Dam], int] = field(default_factory=dict)  # when the first last spoke to the second itself
    equivocated: set[Dam] = field(default_factory=set)  # who signed two logs, or a shorter one
    withholds: set[Dam] = field(default_factory=set)  # who left bodies out: of what is not public nobody can tell
    signed_wrong: set[Dam] = field(default_factory=set)  # who signed a message about its log that does not hold
    began: dict[Dam, tuple[int, Any]] = field(default_factory=dict)  # how large each log was then, and its tables
    proven: dict[Dam, int] = field(default_factory=dict)  # up to where its adoptions were looked at
    asked: int = 0
    allowed: int = 0

    def clock(self, name: str) -> Callable[[], datetime]:
        """A clock that goes as time does, and says something else."""
        apart = timedelta(hours=CLOCKS[int(name[1:])])
        return lambda: START + apart + timedelta(seconds=self.now)

    def dam(self, name: str) -> Dam:
        """By its name."""
        return next(one for one in self.dams if one.name == name)

    def pairs(self) -> list[tuple[Dam, Dam]]:
        """Who peers with whom, each way."""
        return [(one, other) for one in self.dams for other in one.peers]

    # --- the ways between them ----------------------------------------------------------------------------------------

    def carry(self, parcel: Parcel) -> PeerAnswer:
        """Deliver a request as its way is now: it may be lost, held back, doubled, or its answer lost."""
        source, target = self.dam(parcel.source), self._at(parcel.url)
        way = (source.name, target.name)
        mood = self.moods[way].popleft() if self.moods[way] else "fine"
        if way in self.cut or mood in {"lost", "held"}:
            self.held += [parcel] if mood == "held" else []
            raise Unavailable("peer.unreachable", url=parcel.url, why=mood)
        self.seen.append(parcel)
        if mood == "twice":
            self.deliver(parcel)
        told = self.deliver(parcel)
        if mood == "deaf" or way[::-1] in self.cut:
            raise Unavailable("peer.unreachable", url=parcel.url, why=mood)
        if told.status < 300:
            self.lived[source, target] = self.lived[target, source] = self.now
        return told

    def deliver(self, parcel: Parcel) -> PeerAnswer:
        """Have the target answer, now, whenever that was sent; a target that ends over it is started anew."""
        source, target = self.dam(parcel.source), self._at(parcel.url)
        face = target.faces.get(source, target.world)
        try:
            told = federate.answer(face, parcel.method, parcel.path, parcel.token, parcel.body)
        except Crash:
            self.restart(target)
            raise Unavailable("peer.unreachable", url=parcel.url, why="ended") from None
        return target.answers_wrong(told, parcel) if target.answers_wrong else told

    def _at(self, url: str) -> Dam:
        return next(one for one in self.dams if one.world.settings.public_url.rstrip("/") == url)

    def calm(self) -> None:
        """Everything gets through again, and nobody lies any more."""
        self.cut.clear()
        self.moods.clear()
        self.held.clear()
        for one in self.dams:
            one.faces.clear()
            one.answers_wrong = None
            one.store.fuse = None

    # --- what happens to a dam ----------------------------------------------------------------------------------------

    def restart(self, one: Dam, *, lose: bool = False) -> None:
        """End a dam and start it over its log and tables, or over its log alone."""
        log = one.world.ledger._log
        assert isinstance(log, MemoryLog)
        if lose:
            one.store, one.forgot = Fragile(), True
        one.store.fuse = None
        one.world = started(replace(one.world, store=one.store), self, one.name, log)

    def push(self, one: Dam, other: Dam, change: Change) -> None:
        """Show a peer what is new here, but for a change; it is signed as any message is."""
        known = peer.find(one.world, other.id)
        said = json.loads(follow.batch_for(one.world, known, follow.seen_by(one.world, known)).write())
        change(said)
        self.signed_wrong.add(one)
        body = json.dumps(said, ensure_ascii=False).encode()
        reception.ask(one.world, reception.of_peer(one.world, known), "POST", follow.BATCH, body)

    def doing(self, one: Dam, do: Callable[[], object]) -> None:
        """Let a dam do something; it may end over it. What it said that it did is remembered."""
        before = one.world.ledger.size
        try:
            with _quiet():
                do()
                one.acknowledged += [str(id) for _, id in one.world.ledger.entries(before)]
        except Crash:
            self.restart(one)
        self.note(one)

    def note(self, one: Dam) -> None:
        """Remember since when each of its orders and stops is in force."""
        stopped = {one.member.id} if one.stops(one.member.id) else set()
        standing = {held.id for held in one.orders()} | stopped
        one.since = {id: one.since.get(id, self.now) for id in standing}

    def equivocate(self, one: Dam, *, back: int = 0) -> World:
        """A second log of a dam's: the same up to now, or one that ends earlier. It is signed with the same keys."""
        twin = copied(one.world, self, one.name)
        if back:
            log, tables = MemoryLog(), MemoryStore()
            entries = list(twin.ledger._log.entries())
            log.append(entries[: max(1, len(entries) - back)])
            twin = started(replace(twin, store=tables), self, one.name, log)
            with one.world.store.read() as rows, tables.transaction() as into:
                into.put_all(rows.find(Followed))
        one.twins.append(twin)
        self.equivocated.add(one)
        return twin

    # --- what must hold at every moment -------------------------------------------------------------------------------

    def ask_all(self, one: Dam) -> None:
        """Its member and each guest ask for what they may have at most."""
        self.ask(one, one.member, OWN)
        for person in (one.member, *(other.member for other in one.peers)):
            self.ask(one, person)

    def ask(self, one: Dam, person: Person, standard: str = SHARED) -> None:
        """Ask for rows; a yes must be one that nobody has known to be wrong for as long as the limit is."""
        self.asked += 1
        try:
            decision, _ = decide.decide(one.world, Ask(member=person.id, standard=StandardId(standard)))
        except Crash:
            self.restart(one)
            return
        if isinstance(decision, Allow):
            self.allowed += 1
            wrong = list(self.against(one, person, standard, late=True))
            assert not wrong, f"{one.name} let {standard} out at {self.now}: {wrong}"

    def against(self, one: Dam, person: Person, standard: str, *, late: bool) -> Iterator[str]:
        """What stands against a yes: of the dam itself at once; of its peers when it is `late`, else at once too."""
        for held in one.orders():
            if held.standard in {None, standard}:
                yield f"its own order {held.id}"
        if one.stops(person.id):
            yield "its member, or guest, is suspended there"
        for other in one.peers if standard == SHARED else ():
            silent = self.now - self.lived.get((other, one), -LIMIT)
            if late and silent >= LIMIT:
                yield f"{other.name} was not heard for {silent} seconds"
            if other in self.equivocated:
                continue  # what it hides behind another log it can hide, until somebody sees both
            due = self.now - LIMIT if late else self.now
            for held in other.orders():
                if held.standard in {None, standard} and other.since[held.id] <= due:
                    yield f"an order of {other.name} from {other.since[held.id]}"
            if (
                person is other.member
                and other not in self.withholds
                and other.stops(person.id)
                and other.since[person.id] <= due
            ):
                yield f"{other.name} suspended it at {other.since[person.id]}"

    def check(self) -> None:
        """Nothing is believed that is not proven, nobody is accused who did nothing, nothing acknowledged is lost."""
        for one in self.dams:
            with one.world.store.read() as rows:
                adopted, known = rows.find(Adopted), {held.id: held for held in rows.find(Peer)}
                accused = {held.peer for held in rows.find(PeerFault)}
            fresh = [held for held in adopted if held.index >= self.proven.get(one, 0)]
            for other in one.peers:
                self._proven(one, other, [held for held in fresh if held.peer == other.id])
                if known[other.id].distrusted is not None:
                    assert other in self.equivocated, f"{one.name} believes nothing of {other.name} any more"
                if other.id in accused:
                    assert other in self.equivocated | self.signed_wrong, f"{one.name} accuses {other.name}"
            self.proven[one] = one.world.ledger.size
            for id in one.acknowledged:
                assert one.world.ledger.index_of(id) is not None, f"{one.name} lost {id}"
            one.acknowledged.clear()

    def _proven(self, one: Dam, other: Dam, adopted: Sequence[Adopted]) -> None:
        """Each adoption is of what stands at that place of a log that the other signed."""
        logs = [world.ledger for world in (other.world, *other.twins)]
        for held in adopted:
            places = [ledger.entry(held.place)[1] if held.place < ledger.size else None for ledger in logs]
            assert held.id in places, f"{one.name} believes {held.kind} {held.id}, which {other.name} never logged"

    # --- what must hold when everything got through -------------------------------------------------------------------

    def settle(self) -> None:
        """Let everything through, and hold all that is known against what each dam does then."""
        self.calm()
        for one in self.dams:
            self.restart(one)
        for one, other in self.pairs():
            one.look(other)
        self.check()
        for one in self.dams:
            self._agrees(one)
            self._follows(one)
            self._stands(one)

    def _agrees(self, one: Dam) -> None:
        """A yes exactly where nothing stands against it: no order was missed, and no lifted one still binds."""
        with one.world.store.read() as rows:
            distrusted = [held.id for held in rows.find(Peer) if held.distrusted is not None]
        for person in (one.member, *(other.member for other in one.peers)):
            for standard in (SHARED, OWN) if person is one.member else (SHARED,):
                ask = Ask(member=person.id, standard=StandardId(standard))
                decision, _ = decide.decide(one.world, ask)
                if distrusted and standard == SHARED:
                    assert not isinstance(decision, Allow), f"{one.name} serves what it shares with a liar"
                    continue
                wrong = list(self.against(one, person, standard, late=False))
                if wrong or not self.equivocated | self.withholds:
                    case = (one.name, person.name, standard, wrong, decision)
                    assert isinstance(decision, Allow) == (not wrong), case

    def _follows(self, one: Dam) -> None:
        """Each peer's log is known to its end, or the peer is known as a liar; what is known is what it signed."""
        with one.world.store.read() as rows:
            for other in one.peers:
                known, held = rows.get(Peer, other.id), rows.get(Followed, other.id)
                assert known is not None
                assert held is not None
                if known.distrusted is None and other not in self.equivocated:
                    mark, log = note.unsigned_checkpoint(held.checkpoint), other.world.ledger._log
                    assert isinstance(log, MemoryLog)
                    assert mark.root == merkle.root(mark.size, log._subtree), f"{one.name} follows another log"
                    taken = {one.id for one in rows.find(PeerWithdrawal, peer=other.id)}
                    with other.world.store.read() as theirs:
                        given = {held.statement for held in theirs.find(Withdrawal)}
                    assert taken == given or other in self.withholds, f"{one.name} missed withdrawals of {other.name}"

    def _stands(self, one: Dam) -> None:
        """The tables are what the log says, and every decision follows from its own facts."""
        size, scratch = self.began[one][0], MemoryStore()
        scratch._state = self.began[one][1]  # what came before was looked at where it was made
        rebuilds(one.world, scratch, size)
        for clazz, id in one.world.ledger.entries(size):
            if clazz is Class.ACTIVITY:
                statement = one.world.ledger.statement(id)
                if statement.kind is Kind.DECISION:
                    assert list(_unlike(one.world, statement)) == []


# --- where schedules begin --------------------------------------------------------------------------------------------


def terms(one: World, other: World) -> Mapping[str, object]:
    """What two of them agree."""
    sides = sorted(
        ({"origin": each.settings.name, "jurisdiction": each.settings.jurisdiction} for each in (one, other)),
        key=lambda side: side["origin"],
    )
    first, second = (side["origin"] for side in sides)
    return {
        "v": 1,
        "between": sides,
        "standards": [SHARED],
        "classes": ["public", "business"],
        "directions": [{"from": first, "to": second}, {"from": second, "to": first}],
        "residency": "rows-stay",
        "corridors": [],
        "contact_seconds": LIMIT,
        "guests": True,
    }


def founded(sim: Sim, folder: Path, number: int) -> Dam:
    """A dam with two standards, a member who may take both, and a contributor with some deposits."""
    name = f"d{number}"
    world = a_world(
        folder / name,
        name=f"{name}.example/log",
        jurisdiction=LANDS[number],
        url=f"https://{name}.example",
        member_refusals_per_day=0,
    )
    store = Fragile()
    world = copied(world, sim, name, store)
    for id in (SHARED, OWN):
        publish.publish(
            world, standard_text(repeat="keep").replace(SHARED, id).replace("test_reading", id.replace(".", "_"))
        )
    member = Person(f"member of {name}", LANDS[number], roles=("consumer",)).joins(world)
    giver = Person(f"contributor of {name}", LANDS[number]).joins(world)
    for id in (SHARED, OWN):
        grant.grant(world, member.id, id)
    data = [GOOD.replace(b"A", f"{turn}".encode()) for turn in range(DEPOSITS)]
    deposits = tuple(str(giver.deposits(world, SHARED, each).id) for each in data)
    return Dam(name, world, store, member, giver, deposits)


@cache
def begun(meeting: str) -> Sim:
    """Dams that peer as named, each with a guest from each of its peers: made once, copied for each schedule."""
    sim, folder = Sim(), Path(mkdtemp(prefix="datadam-simulated-"))
    pairs = MEETINGS[meeting]
    sim.dams = [founded(sim, folder, number) for number in range(1 + max(max(pair) for pair in pairs))]
    for first, second in pairs:
        one, other = sim.dams[first], sim.dams[second]
        peer.add(one.world, other.world.settings.public_url, terms=terms(one.world, other.world))
        told = peer.add(other.world, one.world.settings.public_url)
        assert told["state"] == "peered"
        one.peers.append(other)
        other.peers.append(one)
    for one, other in sim.pairs():
        follow.look(one.world, other.id)
    for one, other in sim.pairs():
        with other.world.store.read() as rows:
            accession = rows.get(Member, other.member.id)
        assert accession is not None
        drafted = guest.draft(one.world, home=other.world.settings.name, accession=accession.statement)
        signed = seal.state(Kind.GUEST, drafted.body, issued=instant(one.world.clock()), key=other.member.key)
        guest.enter(one.world, seal.envelope(signed))
        grant.grant(one.world, other.member.id, SHARED)
    for _ in range(2):
        for one, other in sim.pairs():
            follow.look(one.world, other.id)
    for one in sim.dams:
        rebuilds(one.world)
    return sim


def begin(meeting: str) -> Sim:
    """A schedule's own dams."""
    first, sim = begun(meeting), Sim()
    for one in first.dams:
        store = Fragile()
        world = copied(one.world, sim, one.name, store)
        sim.dams.append(Dam(one.name, world, store, one.member, one.contributor, one.deposits))
    for one, model in zip(sim.dams, first.dams, strict=True):
        one.peers = [sim.dam(other.name) for other in model.peers]
    sim.lived = {(sim.dam(one.name), sim.dam(other.name)): at for (one, other), at in first.lived.items()}
    sim.began = {one: (one.world.ledger.size, one.store._state) for one in sim.dams}
    sim.proven = {one: size for one, (size, _) in sim.began.items()}
    return sim


# --- lies that are told in answers ------------------------------------------------------------------------------------


def retold(change: Change) -> Lie:
    """Answers in which a stretch of the log is changed on its way out."""

    def wrong(told: PeerAnswer, parcel: Parcel) -> PeerAnswer:
        if parcel.method != "GET" or not parcel.path.startswith(follow.BATCH) or told.status != 200:
            return told
        said = json.loads(told.body)
        change(said)
        return replace(told, body=json.dumps(said, ensure_ascii=False).encode())

    return wrong


def altered(pick: int) -> Change:
    """One letter of an entry or of a body is another."""

    def change(said: Any) -> None:
        places = [(name, at) for name in ("entries", "bodies") for at in range(len(said[name]))]
        if places:
            name, at = places[pick % len(places)]
            text = said[name][at]
            where = 1 + pick % (len(text) - 1)
            said[name][at] = text[:where] + ("0" if text[where] != "0" else "1") + text[where + 1 :]

    return change


def withheld(pick: int) -> Change:
    """A body, or an entry, is left out."""

    def change(said: Any) -> None:
        held = said[("bodies", "entries")[pick % 2]]
        if held:
            del held[pick % len(held)]

    return change


def foreign(statement: str) -> Change:
    """A third party's statement stands in place of the last body, entry and all."""

    def change(said: Any) -> None:
        ids = {seal.opened(text).id: text for text in said["bodies"]}
        last = next((each for each in reversed(said["entries"]) if each[1:] in ids), None)
        if last is not None:
            said["bodies"][said["bodies"].index(ids[last[1:]])] = statement
            said["entries"][said["entries"].index(last)] = last[0] + seal.opened(statement).id

    return change


def stale() -> Lie:
    """The first answer to each path again and again."""
    kept: dict[str, PeerAnswer] = {}
    return lambda told, parcel: kept.setdefault(parcel.path, told) if told.status == 200 else told
