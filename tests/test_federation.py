"""Following another dam's log: the same as a walk over all of it from the beginning, and nothing that is not proven."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from datadam import federation, merkle, seal
from datadam.adapters.memory.bodies import MemoryBodies
from datadam.adapters.memory.log import MemoryLog
from datadam.errors import DamError, Invalid, Refused, Untrusted
from datadam.federation import Batch, Follower, Shown, Source, stretch
from datadam.formats import note
from datadam.ledger import KeyRing, Ledger
from datadam.model import CLASS_OF, Checkpoint, Class, Json, Kind, Statement, StatementId, instant
from worlds import START, Person

ORIGIN: Final = "there.example/log"
HEX: Final = "ab" * 32


@dataclass
class There:
    """Another dam: a ledger with statements of every sort that keys depend on, made by hand and by the dice."""

    draw: Random
    sign: seal.Jwk = field(default_factory=seal.new_key)
    log: seal.Jwk = field(default_factory=seal.new_key)
    people: list[Person] = field(default_factory=list)
    operators: list[seal.Jwk] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)  # activity bodies that the reader may not see, or that are erased

    def __post_init__(self) -> None:
        """Found it."""
        self.bodies = MemoryBodies()
        self.ledger = Ledger(MemoryLog(), self.bodies, key=self.log, origin=ORIGIN)
        self.first_log, self.logs = self.log, [self.log]
        facts = {"origin": ORIGIN, "title": "t", "jurisdiction": "JP", "key": seal.public(self.sign)}
        self.says(Kind.DAM, {**facts, "log": self.ledger.vkey})
        self.peer = seal.peer_id(self.sign)

    def says(self, kind: Kind, facts: Json, *signers: seal.Jwk, hidden: bool = False) -> Statement:
        """A statement in the log, by the dam unless others are named."""
        keys = signers or (self.sign,)
        made = seal.state(kind, facts, issued=instant(START), key=keys[0])
        for key in keys[1:]:
            made = seal.countersign(made, key)
        self.ledger.append([made])
        if hidden:
            self.hidden.add(made.id)
        return made

    def joins(self) -> None:
        """Somebody accedes."""
        one = Person(f"P{len(self.people)}")
        accession = one.accession(one.profile())
        self.ledger.append([seal.countersign(accession, self.sign)])
        self.people.append(one)

    def rotates(self) -> None:
        """A member has its next key."""
        one = self.draw.choice(self.people)
        new = seal.new_key()
        facts = {"member": one.id, "key": seal.public(new), "replaces": seal.thumbprint(one.key)}
        self.says(Kind.KEY, facts, one.key, new)
        at = self.people.index(one)
        self.people[at] = Kept(one.name, key=new, first=one.id)

    def rotates_itself(self) -> None:
        """The dam has its next statement key."""
        new = seal.new_key()
        facts = {"use": "dam", "key": seal.public(new), "replaces": seal.thumbprint(self.sign), "reason": "r"}
        self.says(Kind.ROTATION, facts, self.sign, new)
        self.sign = new

    def rotates_log(self) -> None:
        """The log has its next key, which signs beside those before."""
        new = seal.new_key()
        facts = {"use": "log", "key": seal.public(new), "replaces": seal.thumbprint(self.log), "reason": "r"}
        self.says(Kind.ROTATION, facts, self.sign, self.log, new)
        self.log = new
        self.logs.insert(0, new)
        self.ledger.use(self.logs)

    def leaves(self) -> None:
        """A member leaves."""
        one = self.people.pop(self.draw.randrange(len(self.people)))
        self.says(Kind.EXIT, {"member": one.id, "reason": "r", "signed_by_member": False})

    def orders(self) -> None:
        """An order, which everybody may read."""
        facts = {"classes": ["personal"], "destinations": ["US"], "standard": None, "reason": "r", "ground": "g"}
        self.says(Kind.ORDER, facts)

    def suspends(self) -> None:
        """An activity statement that this reader may see."""
        facts = {"member": self.draw.choice(self.people).id, "state": "suspended", "reason": "r"}
        self.says(Kind.MEMBER_CHANGE, facts)

    def grants(self) -> None:
        """An activity statement that it may not."""
        facts = {"member": self.draw.choice(self.people).id, "standard": "test.reading", "expires": None}
        self.says(Kind.GRANT, facts, hidden=True)

    def withdraws(self) -> None:
        """A statement by a member alone, whose body does not say which standard it is about."""
        one = self.draw.choice(self.people)
        facts = {"contributor": one.id, "deposits": [HEX], "replaced_by": None, "reason": "r"}
        self.says(Kind.WITHDRAWAL, facts, one.key)

    def lives(self, steps: int) -> "There":
        """So many things happen."""
        for _ in range(steps):
            if not self.people:
                self.joins()
                continue
            self.draw.choice(EVENTS)(self)
        return self

    def recovers(self) -> None:
        """A member lost its key: two operators vouch, and it objects, or waits, or is recovered."""
        while len(self.operators) < 2:
            key = seal.new_key()
            self.operators.append(key)
            self.says(Kind.OPERATOR, {"operator": seal.operator_id(key), "key": seal.public(key)}, key, self.sign)
        one, new = self.draw.choice(self.people), seal.new_key()
        ids = [seal.operator_id(key) for key in self.operators]
        facts = {"member": one.id, "key": seal.public(new), "operators": ids, "proof": HEX, "until": instant(START)}
        begun = self.says(Kind.RECOVERY, facts, new, *self.operators)
        match self.draw.randrange(3):
            case 0:
                self.says(Kind.OBJECTION, {"recovery": begun.id, "member": one.id}, one.key)
            case 1:
                self.says(Kind.RECOVERED, {"recovery": begun.id, "member": one.id, "key": seal.public(new)})
                self.people[self.people.index(one)] = Kept(one.name, key=new, first=one.id)

    def source(self) -> Source:
        """What batches are made of."""
        return Source(
            origin=ORIGIN,
            checkpoint=self.ledger.checkpoint(),
            entries=self.ledger.entries,
            shown=self.shown,
            proof=self.ledger.consistency,
        )

    def shown(self, _index: int, _clazz: Class, id: StatementId) -> tuple[str, str | None] | None:
        """Every body but the hidden ones."""
        if id in self.hidden:
            return None
        statement = self.ledger.statement(id)
        standard = "test.reading" if statement.kind is Kind.WITHDRAWAL else None
        return seal.envelope(statement).decode(), standard

    def begin(self) -> Follower:
        """Nothing of it was taken yet; trusted is the log's first key."""
        return Follower.begin(peer=self.peer, origin=ORIGIN, vkey=note.vkey(ORIGIN, self.first_log))


@dataclass
class Kept(Person):
    """Somebody whose key is not the first one any more."""

    first: Any = ""

    @property
    def id(self) -> Any:
        """The id that followed from the first key."""
        return self.first


EVENTS: Final[Sequence[Callable[[There], None]]] = [
    There.joins,
    There.joins,
    There.rotates,
    There.rotates_itself,
    There.rotates_log,
    There.leaves,
    There.orders,
    There.suspends,
    There.grants,
    There.withdraws,
    There.recovers,
]


def obvious(there: There) -> tuple[bytes, KeyRing, list[tuple[int, str]]]:
    """A walk over everything from the beginning: the root by RFC 6962's recursion, every key by every statement."""
    leaves = [merkle.leaf_hash(note.entry(clazz, id)) for clazz, id in there.ledger.entries()]
    ring = KeyRing(ORIGIN, there.begin().vkey)
    seen = []
    for index, (clazz, id) in enumerate(there.ledger.entries()):
        if id in there.hidden:
            continue
        statement = there.ledger.statement(id)
        assert CLASS_OF[statement.kind] is clazz
        ring.admit(statement, index)
        seen.append((index, str(id)))
    return root_of(leaves), ring, seen


def root_of(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if not leaves:
        return merkle.EMPTY
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return merkle.node_hash(root_of(leaves[:split]), root_of(leaves[split:]))


def followed(there: There, follower: Follower) -> tuple[Follower, list[Shown]]:
    """Take all that there is, over the wire."""
    found: list[Shown] = []
    while follower.size < there.ledger.size:
        follower, shown = follower.take(Batch.read(stretch(there.source(), follower.size).write()))
        found += shown
    return follower, found


# --- what is taken ----------------------------------------------------------------------------------------------------


@limits(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), parts=st.lists(st.integers(0, 9), min_size=1, max_size=5), most=st.integers(1, 7))
def test_following_ends_where_a_walk_over_everything_does(seed: int, parts: list[int], most: int) -> None:
    """However the log grew between two looks, and however small the batches: same root, same keys, same statements."""
    there = There(Random(seed))
    follower, found = there.begin(), list[Shown]()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(federation, "MAX_ENTRIES", most)
        for part in parts:
            there.lives(part)
            follower, more = followed(there, Follower.read(follower.write()))
            found += more
    root, ring, seen = obvious(there)
    assert (follower.size, follower.root) == (there.ledger.size, root)
    assert replace(follower.ring, log=ring.log) == ring
    assert [(one.index, one.statement.id) for one in found] == seen
    assert all(seal.opened(one.envelope) == one.statement for one in found)
    told = {one.statement.kind: one.standard for one in found}
    assert {kind for kind, standard in told.items() if standard} <= {Kind.WITHDRAWAL}


def test_a_batch_holds_no_more_than_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """By entries and by bytes; one body that is larger than the rest of the room still goes by itself."""
    there = There(Random(1)).lives(40)
    monkeypatch.setattr(federation, "MAX_ENTRIES", 16)
    assert len(stretch(there.source(), 0).entries) == 16
    monkeypatch.setattr(federation, "MAX_BATCH", federation._ROOM + 5000)
    small = stretch(there.source(), 0)
    assert 0 < len(small.entries) < 16
    assert len(small.write()) <= federation.MAX_BATCH
    monkeypatch.setattr(federation, "MAX_BATCH", federation._ROOM)
    assert len(stretch(there.source(), 0).entries) == 1
    assert stretch(there.source(), there.ledger.size).entries == ()
    with pytest.raises(Refused, match=r"peer\.other-size"):
        stretch(there.source(), there.ledger.size + 1)


def test_a_former_key_leads_to_the_next_by_receipts() -> None:
    """Once only the new key signs, whoever trusts the old one needs the rotation, proven under the old one's word."""
    there = There(Random(2))
    before, _ = followed(there, there.begin())
    there.rotates_log()
    step = there.ledger.receipt(1, under=(there.ledger.checkpoint(), note.vkey(ORIGIN, there.first_log)))
    there.ledger.use((there.log,))
    there.orders()
    batch = stretch(there.source(), 1)
    with pytest.raises(Untrusted, match=r"note\.unsigned"):
        before.take(batch)
    after, shown = before.take(replace(batch, steps=(step,)))
    assert (after.vkey, len(shown)) == (note.vkey(ORIGIN, there.log), 2)
    with pytest.raises(Untrusted):
        before.take(replace(batch, steps=({**step, "log": after.vkey},)))


def test_a_log_key_that_was_retired_signs_no_more() -> None:
    """The follower saw the retirement; a checkpoint under the former key is none of that log's."""
    there = There(Random(3))
    there.rotates_log()
    last = there.ledger.checkpoint()
    facts = {"use": "log", "key": seal.thumbprint(there.first_log), "checkpoint": last, "reason": "r"}
    there.says(Kind.RETIREMENT, facts)
    with pytest.raises(Untrusted, match=r"key\.succession-wrong"):
        followed(there, there.begin())


# --- what is not ------------------------------------------------------------------------------------------------------


@cache
def prepared() -> tuple[There, Follower, Batch]:
    """A log, a follower that took the first half, and the batch that comes next."""
    there = There(Random(7)).lives(30)
    half, _ = there.begin().take(stretch(there.source(), 0))
    there.lives(4)
    for event in (There.joins, There.orders, There.suspends, There.withdraws, There.grants):
        event(there)
    return there, half, stretch(there.source(), half.size)


def refused(follower: Follower, batch: Batch) -> str:
    """The code with which a batch is refused; the follower is what it was, and what comes after is judged the same."""
    before = follower.write()
    with pytest.raises(DamError) as caught:
        follower.take(batch)
    assert follower.write() == before
    _, half, honest = prepared()
    if follower is half:
        follower.take(honest)
    return caught.value.code


def signed_by_log(there: There, size: int, root: bytes, key: seal.Jwk | None = None) -> str:
    """A checkpoint that the log's key signed, whatever it says."""
    return note.sign_checkpoint(Checkpoint(origin=ORIGIN, size=size, root=root), ORIGIN, key or there.first_log)


def altered(body: str, **changes: object) -> str:
    """An envelope whose payload says something else under the same signatures."""
    outer = json.loads(body)
    inner = {**json.loads(seal.decode(outer["payload"])), **changes}
    return json.dumps({**outer, "payload": seal.encode(seal.canonical(inner))})


def forged(body: str) -> str:
    """An envelope whose first signature is by another statement's."""
    outer = json.loads(body)
    flipped = bytearray(seal.decode(outer["signatures"][0]["signature"]))
    flipped[40] ^= 1
    outer["signatures"][0]["signature"] = seal.encode(bytes(flipped))
    return json.dumps(outer)


def mutations(there: There, half: Follower, batch: Batch) -> Iterator[tuple[str, Batch, str]]:
    """Each single thing that can be wrong with a batch, and the code that says so."""
    entries, bodies = batch.entries, batch.bodies
    for at, body in enumerate(bodies):
        kept, rest = bodies[:at], bodies[at + 1 :]
        yield f"altered {at}", replace(batch, bodies=(*kept, altered(body, salt=seal.salt()), *rest)), "peer.body-other"
        yield f"forged {at}", replace(batch, bodies=(*kept, forged(body), *rest)), "signature.wrong"
        yield f"twice {at}", replace(batch, bodies=(*bodies, body)), "peer.body-other"
        yield f"no envelope {at}", replace(batch, bodies=(*kept, "{}", *rest)), "statement.malformed"
        if seal.opened(body).clazz is Class.REGISTRY:
            yield f"kept back {at}", replace(batch, bodies=(*kept, *rest), about={}), "peer.body-missing"
    for at, (clazz, id) in enumerate(entries):
        other = Class.ACTIVITY if clazz is Class.REGISTRY else Class.REGISTRY
        kept_entries, rest_entries = entries[:at], entries[at + 1 :]
        changed = (*kept_entries, (other, id), *rest_entries)
        yield f"class {at}", replace(batch, entries=changed), "peer.root-other"
        yield f"dropped {at}", replace(batch, entries=(*kept_entries, *rest_entries)), "peer.root-other"
        yield (
            f"doubled {at}",
            replace(batch, entries=(*kept_entries, (clazz, id), (clazz, id), *rest_entries)),
            "beyond",
        )
        if at:
            swapped = (*entries[: at - 1], entries[at], entries[at - 1], *rest_entries)
            yield f"reordered {at}", replace(batch, entries=swapped), "peer.root-other"
    strange = seal.envelope(there.ledger.statement(there.ledger.entry(1)[1])).decode()
    yield "a body from before", replace(batch, bodies=(*bodies, strange)), "peer.body-other"
    yield "about nothing", replace(batch, about={**batch.about, HEX: "test.reading"}), "peer.body-other"
    yield "other origin", replace(batch, origin="else/log"), "checkpoint.other-origin"
    yield "other beginning", replace(batch, old=batch.old - 1), "peer.other-size"
    yield "later beginning", replace(batch, old=batch.old + 1), "peer.other-size"
    yield "from the beginning", stretch(there.source(), 0), "peer.other-size"
    size, root = there.ledger.size, note.unsigned_checkpoint(batch.checkpoint).root
    yield "proof too many", replace(batch, proof=(root,)), "peer.root-other"
    stranger = signed_by_log(there, size, root, seal.new_key())
    yield "another log's key", replace(batch, checkpoint=stranger), "note.unsigned"
    other_log = note.sign_checkpoint(Checkpoint(origin="x/log", size=size, root=root), "x/log", there.first_log)
    yield "another log's checkpoint", replace(batch, checkpoint=other_log), "note.unsigned"
    grown = batch.checkpoint.replace(f"\n{size}\n", f"\n{size + 1}\n")
    yield "a size that nobody signed", replace(batch, checkpoint=grown), "note.signature-wrong"
    yield "stale", replace(batch, checkpoint=signed_by_log(there, 1, root)), "checkpoint.smaller"
    yield "shorter", replace(batch, checkpoint=signed_by_log(there, size - 1, root)), "peer.batch-beyond"
    yield (
        "forked at its size",
        replace(batch, checkpoint=signed_by_log(there, half.size, HEX[:32].encode())),
        "checkpoint",
    )
    yield "forked later", replace(batch, checkpoint=signed_by_log(there, size, HEX[:32].encode())), "peer.root-other"
    longer = signed_by_log(there, size + 5, HEX[:32].encode())
    yield "forked beyond", replace(batch, checkpoint=longer), "peer.root-other"
    yield "no checkpoint", replace(batch, checkpoint=""), "note.malformed"


CASES: Final = [name for name, _, _ in mutations(*prepared())]


@pytest.mark.parametrize("at", range(len(CASES)))
def test_every_single_thing_that_is_wrong_with_a_batch_is_refused(at: int) -> None:
    """Nothing of it is taken, the follower is what it was, and the honest batch is taken after it."""
    there, half, batch = prepared()
    _, wrong, code = list(mutations(there, half, batch))[at]
    assert code in refused(half, wrong)


def test_a_peer_is_who_its_first_entry_says() -> None:
    """Another dam's log, even under the same name and signed by the key that was compared, is not taken."""
    there = There(Random(4)).lives(3)
    with pytest.raises(Untrusted, match=r"peer\.key-changed"):
        replace(there.begin(), peer="p-" + "0" * 20).take(stretch(there.source(), 0))


@pytest.mark.parametrize("clazz", list(Class))
def test_what_its_parties_did_not_sign_is_not_believed_though_the_log_has_it(clazz: Class) -> None:
    """A dam that logs an order or a change under a stranger's signature is found out by whoever sees the body."""
    there = There(Random(5))
    there.joins()
    half, _ = followed(there, there.begin())
    facts = {"classes": ["personal"], "destinations": ["US"], "standard": None, "reason": "r", "ground": "g"}
    change = {"member": there.people[0].id, "state": "suspended", "reason": "r"}
    kind, said = (Kind.ORDER, facts) if clazz is Class.REGISTRY else (Kind.MEMBER_CHANGE, change)
    there.says(kind, said, seal.new_key())
    with pytest.raises(Untrusted, match=r"signature\.key-unknown"):
        half.take(stretch(there.source(), half.size))


def test_what_has_not_the_shape_of_its_kind_is_not_believed() -> None:
    """Whatever its signatures say."""
    there = There(Random(6))
    there.says(Kind.ORDER, {"classes": []})
    with pytest.raises(Invalid, match=r"statement\.shape"):
        there.begin().take(stretch(there.source(), 0))


def test_a_log_that_calls_an_order_nobodys_business_is_found_out() -> None:
    """The entry says who may read the body; it must be the class of the kind."""
    there = There(Random(11))
    made = seal.state(
        Kind.EXIT,
        {"member": "m-" + "0" * 20, "reason": "r", "signed_by_member": False},
        issued=instant(START),
        key=there.sign,
    )
    there.bodies.put_all([(made.id, seal.envelope(made))])
    there.ledger._log.append([note.entry(Class.ACTIVITY, made.id)])
    there.ledger.use(there.logs)
    there.orders()  # signs a checkpoint over both
    with pytest.raises(Untrusted, match=r"log\.class-wrong"):
        there.begin().take(stretch(there.source(), 0))


def test_a_statement_that_the_log_has_twice_is_not_taken() -> None:
    """What is said once stays said; within one stretch it is seen at once."""
    there = There(Random(8))
    there.joins()
    there.ledger.append([there.ledger.statement(there.ledger.entry(1)[1])])
    with pytest.raises(Untrusted, match=r"statement\.repeated"):
        there.begin().take(stretch(there.source(), 0))


# --- hostile input ----------------------------------------------------------------------------------------------------

DEEP: Final = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"v": 2}, "peer.batch-malformed"),
        ({"v": True}, "peer.batch-malformed"),
        ({"more": 1}, "peer.batch-malformed"),
        ({"origin": "a b"}, "peer.batch-malformed"),
        ({"origin": 1}, "peer.batch-malformed"),
        ({"old": -1}, "peer.batch-malformed"),
        ({"old": True}, "peer.batch-malformed"),
        ({"old": 2**70}, "peer.batch-malformed"),
        ({"entries": None}, "peer.batch-malformed"),
        ({"entries": ["x" + HEX]}, "peer.batch-malformed"),
        ({"entries": ["r" + HEX.upper()]}, "peer.batch-malformed"),
        ({"entries": ["r" + HEX] * (federation.MAX_ENTRIES + 1)}, "peer.batch-malformed"),
        ({"checkpoint": "x" * (note.MAX_NOTE + 1)}, "peer.batch-malformed"),
        ({"checkpoint": None}, "peer.batch-malformed"),
        ({"proof": ["AA"]}, "peer.batch-malformed"),
        ({"proof": ["AA=="] * 65}, "peer.batch-malformed"),
        ({"bodies": [1]}, "peer.batch-malformed"),
        ({"about": {HEX: "Not a standard"}}, "peer.batch-malformed"),
        ({"about": [HEX]}, "peer.batch-malformed"),
        ({"steps": [[]]}, "peer.batch-malformed"),
        ({"steps": [{}] * 17}, "peer.batch-malformed"),
    ],
    ids=str,
)
def test_a_batch_of_another_shape_is_not_read(change: dict[str, object], code: str) -> None:
    """Nothing is taken to mean something by default."""
    told = json.loads(prepared()[2].write())
    with pytest.raises(Invalid) as caught:
        Batch.read(json.dumps({**told, **change}).encode())
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"", "json.malformed"),
        (b"\xff", "json.malformed"),
        (b"[]", "peer.batch-malformed"),
        (b'{"v":1,"v":1}', "json.malformed"),
        (DEEP.encode(), "json.malformed"),
        (b" " * (federation.MAX_BATCH + 1), "peer.batch-too-large"),
    ],
    ids=range(6),
)
def test_what_is_no_batch_is_refused(sent: bytes, code: str) -> None:
    """Too large, too deep, or not JSON at all."""
    with pytest.raises(Invalid) as caught:
        Batch.read(sent)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("x" * (seal.MAX_ENVELOPE + 1), "statement.too-large"),
        (DEEP, "json.malformed"),
        (json.dumps({"payload": seal.encode(DEEP.encode()), "signatures": []}), "statement.malformed"),
        (
            json.dumps(
                {"payload": seal.encode(DEEP.encode()), "signatures": [{"protected": "e30", "signature": "AA"}]}
            ),
            "json.malformed",
        ),
    ],
    ids=["large", "deep", "unsigned", "deep within"],
)
def test_a_body_that_is_too_large_or_too_deep_is_refused(body: str, code: str) -> None:
    """Whatever else the batch holds."""
    _, half, batch = prepared()
    assert refused(half, replace(batch, bodies=(body, *batch.bodies[1:]))) == code


@given(
    sent=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=8,
    ),
    field=st.sampled_from(sorted(federation._CHECKS)),
)
def test_no_batch_makes_the_reader_stumble(sent: Any, field: str) -> None:
    """Any JSON in any field: it is read, or refused by one of our own errors; and so is what comes of it."""
    _, half, batch = prepared()
    try:
        half.take(Batch.read(json.dumps({**json.loads(batch.write()), field: sent}).encode()))
    except DamError as error:
        assert error.code  # noqa: PT017  (both ways are right: what matters is that no other error comes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        json.dumps({"v": 2}),
        json.dumps({**json.loads(There(Random(9)).begin().write()), "peaks": ["AAAA"]}),
        json.dumps({**json.loads(There(Random(9)).begin().write()), "size": -1}),
        json.dumps({**json.loads(There(Random(9)).begin().write()), "keys": {"k": ["dam"]}}),
    ],
    ids=range(7),
)
def test_a_follower_that_was_kept_in_another_shape_is_not_taken_up(text: str) -> None:
    """Then the log is followed from its beginning."""
    with pytest.raises(Untrusted, match=r"peer\.follower-malformed"):
        Follower.read(text)


def test_a_registry_body_that_is_gone_stops_the_source() -> None:
    """A dam that lost one cannot pretend: what it sends without it is refused."""
    there = There(Random(10)).lives(3)
    there.hidden.add(there.ledger.entry(1)[1])
    with pytest.raises(Untrusted, match=r"peer\.body-missing"):
        there.begin().take(stretch(there.source(), 0))
