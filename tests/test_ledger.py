"""The ledger: what it appends it proves, and what does not hold is refused, receipt by receipt and file by file."""

import base64
import json
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import ledger, merkle, seal
from datadam.adapters.body_files import BodyFiles
from datadam.adapters.memory.bodies import MemoryBodies
from datadam.adapters.memory.log import MemoryLog
from datadam.adapters.tile_log import TileLog
from datadam.audit import audit
from datadam.errors import DamError, Invalid, NotFound, Untrusted
from datadam.formats import note
from datadam.ledger import Ledger, believe, parties, verify_receipt
from datadam.model import Checkpoint, Class, Json, Kind, Statement, StatementId
from datadam.ports import Bodies, Log

ORIGIN: Final = "dam.example/log"
ISSUED: Final = "2026-11-22T00:00:00Z"
LOG_KEY, DAM_KEY, KIM, NEXT, EVE = (seal.new_key() for _ in range(5))
VKEY: Final = note.vkey(ORIGIN, LOG_KEY)
MEMBER: Final = seal.member_id(KIM)


def say(kind: Kind, facts: Json, *signers: seal.Jwk) -> Statement:
    """A statement, signed by all of them."""
    statement = seal.state(kind, facts, issued=ISSUED, key=signers[0])
    for key in signers[1:]:
        statement = seal.countersign(statement, key)
    return statement


def founding(**change: object) -> Statement:
    """The dam's first statement."""
    return say(Kind.DAM, {"origin": ORIGIN, "log": VKEY, "key": seal.public(DAM_KEY), **change}, DAM_KEY)


def joining(*signers: seal.Jwk, **change: object) -> Statement:
    """Kim's accession."""
    return say(Kind.MEMBER, {"member": MEMBER, "key": seal.public(KIM), **change}, *(signers or (KIM, DAM_KEY)))


def rotating(*signers: seal.Jwk, **change: object) -> Statement:
    """Kim's next key."""
    facts = {"member": MEMBER, "key": seal.public(NEXT), "replaces": seal.thumbprint(KIM), **change}
    return say(Kind.KEY, facts, *(signers or (KIM, NEXT)))


def manifest(*signers: seal.Jwk, **change: object) -> Statement:
    """What Kim announces."""
    return say(Kind.MANIFEST, {"contributor": MEMBER, **change}, *(signers or (KIM,)))


def dam_says(kind: Kind = Kind.OUTCOME, *signers: seal.Jwk, **facts: object) -> Statement:
    """What the dam says alone."""
    return say(kind, facts, *(signers or (DAM_KEY,)))


@dataclass
class House:
    """A dam's ledger over memory adapters, and what an auditor reads of it."""

    log: Log = field(default_factory=MemoryLog)
    bodies: Bodies = field(default_factory=MemoryBodies)

    def __post_init__(self) -> None:
        """Take up the ledger."""
        self.ledger = Ledger(self.log, self.bodies, key=LOG_KEY, origin=ORIGIN)

    def with_statements(self, *statements: Statement) -> "House":
        """The same house with more in its log."""
        self.ledger.append(statements)
        return self


@pytest.fixture
def house() -> House:
    """The dam, Kim, a manifest by Kim (2) and its outcome (3), a rotation (4), a manifest by the new key (5)."""
    return House().with_statements(
        founding(), joining(), manifest(), dam_says(), rotating(), manifest(NEXT), dam_says(Kind.RELEASE)
    )


@pytest.fixture
def disk(tmp_path: Path) -> House:
    """The same over real files, with enough entries for two levels of tiles."""
    made = House(TileLog(tmp_path / "log"), BodyFiles(tmp_path / "bodies"))
    made.with_statements(founding(), joining(), manifest(), dam_says(), rotating(), manifest(NEXT))
    return made.with_statements(*[dam_says(Kind.RELEASE, n=n) for n in range(300)])


# --- appending --------------------------------------------------------------------------------------------------------


def test_what_is_appended_is_there_in_order_with_its_class(house: House) -> None:
    """Index, class, id and body of each; the checkpoint covers all."""
    statements = [dam_says(Kind.STANDARD), dam_says(Kind.GRANT)]
    assert house.ledger.append(statements) == 7
    assert house.ledger.size == 9
    assert list(house.ledger.entries(7)) == [(Class.REGISTRY, statements[0].id), (Class.ACTIVITY, statements[1].id)]
    assert house.ledger.entry(8) == (Class.ACTIVITY, statements[1].id)
    assert house.ledger.statement(statements[0].id) == statements[0]
    assert note.open_checkpoint(house.ledger.checkpoint(), house.ledger.vkey).size == 9
    assert house.ledger.vkey == VKEY


def test_an_entry_tells_nothing_of_its_statement(house: House) -> None:
    """No member, no kind, no time, no salt reaches the public log."""
    for index in range(house.ledger.size):
        assert set(json.loads(house.log.entry(index))) == {"class", "id", "v"}


def test_an_empty_log_has_a_checkpoint_too() -> None:
    """From the first moment on, a client has something to pin."""
    assert note.open_checkpoint(House().ledger.checkpoint(), VKEY).root == merkle.EMPTY


def test_a_statement_is_found_by_its_id(house: House) -> None:
    """Also what came after the last question; what is not logged is nowhere."""
    first = house.ledger.entry(2)[1]
    assert house.ledger.index_of(first) == 2
    new = dam_says()
    assert house.ledger.index_of(new.id) is None
    house.ledger.append([new])
    house.ledger.append([new])
    assert house.ledger.index_of(new.id) == 7
    assert house.ledger.index_of("no hex") is None


def test_an_erased_body_is_not_found_and_its_entry_stays(house: House) -> None:
    """The log keeps its shape; the content is gone."""
    id = house.ledger.entry(3)[1]
    house.bodies.erase(id)
    with pytest.raises(NotFound, match=r"body\.unknown"):
        house.ledger.statement(id)
    assert house.ledger.entry(3)[1] == id


def test_a_body_that_is_another_statement_is_refused(house: House) -> None:
    """Bodies are believed by digest, not by file name."""
    id = house.ledger.entry(3)[1]
    house.bodies.erase(id)
    house.bodies.put(id, seal.envelope(dam_says()))
    with pytest.raises(Untrusted, match=r"body\.digest-wrong"):
        house.ledger.statement(id)


def test_many_threads_append_and_nothing_is_lost() -> None:
    """One lock: each batch keeps together, and every index is told once."""
    house, told = House(), dict[int, str]()

    def append() -> None:
        for _ in range(10):
            pair = [dam_says(), dam_says()]
            first = house.ledger.append(pair)
            told.update({first: pair[0].id, first + 1: pair[1].id})

    threads = [threading.Thread(target=append) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [id for _, id in house.ledger.entries()] == [told[i] for i in range(80)]


def test_entries_without_a_checkpoint_get_one_at_the_start(house: House) -> None:
    """A crash between log and checkpoint: the next start signs what is durable."""
    house.log.append([note.entry(Class.ACTIVITY, dam_says().id)])
    Ledger(house.log, house.bodies, key=LOG_KEY, origin=ORIGIN)
    assert note.open_checkpoint(house.log.checkpoint(), VKEY).size == 8


def test_a_restart_of_a_sound_log_changes_nothing(house: House) -> None:
    """The checkpoint stays, the ledger goes on, and shows that it did."""
    before = house.log.checkpoint()
    again = Ledger(house.log, house.bodies, key=LOG_KEY, origin=ORIGIN)
    assert house.log.checkpoint() == before
    again.append([dam_says()])
    pinned = note.open_checkpoint(before, VKEY)
    assert believe(again.checkpoint(), vkey=VKEY, pinned=pinned, proof=again.consistency).size == 8


class Told(MemoryLog):
    """A log that shows a checkpoint which is not its own."""

    def __init__(self, checkpoint: str) -> None:
        """Show this note."""
        super().__init__()
        self._checkpoint = checkpoint


def test_a_log_behind_its_checkpoint_is_not_taken_up() -> None:
    """A restored old backup under a newer checkpoint, another key's log, another history: no start."""
    newer = Checkpoint(origin=ORIGIN, size=1, root=merkle.leaf_hash(b"x"))
    with pytest.raises(Untrusted, match=r"log\.entries-lost"):
        Ledger(Told(note.sign_checkpoint(newer, ORIGIN, LOG_KEY)), MemoryBodies(), key=LOG_KEY, origin=ORIGIN)
    with pytest.raises(Untrusted, match=r"note\.unsigned"):
        Ledger(Told(note.sign_checkpoint(newer, ORIGIN, EVE)), MemoryBodies(), key=LOG_KEY, origin=ORIGIN)
    forked = Told(note.sign_checkpoint(newer, ORIGIN, LOG_KEY))
    forked.append([b"y"])
    with pytest.raises(Untrusted, match=r"proof\.consistency-wrong"):
        Ledger(forked, MemoryBodies(), key=LOG_KEY, origin=ORIGIN)


# --- parties ----------------------------------------------------------------------------------------------------------


def test_every_kind_has_its_parties() -> None:
    """Who must sign what, for each kind that there is."""
    facts: Json = {"member": MEMBER, "contributor": MEMBER}
    both, alone = {str(MEMBER), "dam"}, {str(MEMBER)}
    special = dict.fromkeys((Kind.MEMBER, Kind.AGREEMENT, Kind.MODEL, Kind.OPENING, Kind.DECLARATION), both)
    facts = {**facts, "operator": "o-1", "operators": ["o-1", "o-2"]}
    special |= {Kind.OPERATOR: {"o-1", "dam"}, Kind.RECOVERY: {"o-1", "o-2", str(MEMBER)}, Kind.OBJECTION: alone}
    special |= dict.fromkeys((Kind.KEY, Kind.MANIFEST, Kind.WITHDRAWAL, Kind.COMMENT, Kind.CAP, Kind.COMMITMENT), alone)
    special |= dict.fromkeys((Kind.SHOWING, Kind.CONSENT), alone)
    special |= dict.fromkeys((Kind.RESERVATION, Kind.DISPUTE, Kind.DISPUTE_STEP, Kind.GUEST), both)
    facts, special[Kind.PEERING] = {**facts, "peer": "p-1"}, {"p-1", "dam"}
    for kind in Kind:
        assert parties(say(kind, facts, EVE)) == special.get(kind, {"dam"})
    for kind, word in ((Kind.EXIT, "signed_by_member"), (Kind.AGREEMENT_CHANGE, "by_member")):
        assert parties(say(kind, {**facts, word: True}, EVE)) == both
        assert parties(say(kind, {**facts, word: 1}, EVE)) == {"dam"}
    assert parties(say(Kind.DECLARATION, {**facts, "member": None}, EVE)) == {"dam"}


def test_the_verifier_that_is_not_ours_knows_what_is_said_without_the_dam() -> None:
    """Its list of kinds that no dam signs is ours; a new kind that it lacks would make it refuse every bundle."""
    program = (Path(__file__).parent / "foreign" / "bundle.mjs").read_text(encoding="utf-8")
    listed = re.search(r"BY_OTHERS = new Set\(\s*\"(.*?)\"", program)
    assert listed
    facts: Json = {
        "member": MEMBER,
        "contributor": MEMBER,
        "peer": "p-1",
        "operator": "o-1",
        "operators": ["o-1", "o-2"],
    }
    alone = {str(kind) for kind in Kind if "dam" not in parties(say(kind, facts, EVE))}
    assert set(listed[1].split()) == alone


@pytest.mark.parametrize("kind", [Kind.MEMBER, Kind.KEY, Kind.MANIFEST])
@pytest.mark.parametrize("name", ["dam", None, 5, ["m"]])
def test_nobody_is_a_party_under_the_name_of_the_dam(kind: Kind, name: object) -> None:
    """A body that calls its member `dam`, or nothing, has no parties at all."""
    with pytest.raises(Invalid, match=r"statement\.malformed"):
        parties(say(kind, {"member": name, "contributor": name}, EVE))


# --- receipts ---------------------------------------------------------------------------------------------------------


def test_every_statement_has_a_receipt_that_verifies_offline(house: House) -> None:
    """Signers, index and statement come out; nothing but the text and the log's key goes in."""
    expected = [{"dam"}, {"dam", MEMBER}, {MEMBER}, {"dam"}, {MEMBER}, {MEMBER}, {"dam"}]
    for index, owners in enumerate(expected):
        text = json.dumps(house.ledger.receipt(index))
        found = verify_receipt(text, vkey=VKEY)
        assert (found.index, found.statement.id) == (index, house.ledger.entry(index)[1])
        assert set(found.signers.values()) == owners
        assert set(found.signers) == set(seal.kids(found.statement))
        assert found.checkpoint.size == 7


def test_a_receipt_carries_the_keys_it_needs_and_no_others(house: House) -> None:
    """The dam's own statement always; a member's for the member's; the chain of keys for a rotated one."""
    needed = [[], [0], [0, 1], [0], [0, 1], [0, 1, 4], [0]]
    for index, indices in enumerate(needed):
        for given_too in ([], indices, [index, 99]):
            receipt = house.ledger.receipt(index, given_too)
            assert [key["index"] for key in receipt["keys"]] == indices


def test_there_is_no_receipt_of_what_is_not_there(house: House) -> None:
    """Beyond the end, before the beginning."""
    for index in (-1, 7):
        with pytest.raises(NotFound, match=r"log\.entry-unknown"):
            house.ledger.receipt(index)


def test_no_receipt_leaves_that_does_not_verify() -> None:
    """A statement that its parties did not sign has no receipt, even if somebody got it into the log."""
    house = House().with_statements(founding(), joining(), manifest(EVE))
    with pytest.raises(Untrusted, match=r"signature\.key-unknown"):
        house.ledger.receipt(2)


def test_a_receipt_is_believed_under_the_log_key_that_the_checker_has(house: House) -> None:
    """Another key than the receipt's own is the anchor; a receipt cannot bring its own trust."""
    receipt = house.ledger.receipt(2)
    other = note.vkey(ORIGIN, EVE)
    with pytest.raises(Untrusted, match=r"receipt\.other-log"):
        verify_receipt(json.dumps(receipt), vkey=other)
    with pytest.raises(Untrusted, match=r"note\.unsigned"):
        verify_receipt(json.dumps({**receipt, "log": other}), vkey=other)


def texts(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where in a JSON value the texts and numbers are."""
    if isinstance(value, dict):
        return [p for name, inner in value.items() for p in texts(inner, (*path, name))]
    if isinstance(value, list):
        return [p for at, inner in enumerate(value) for p in texts(inner, (*path, at))]
    return [path]


RECEIPT: Final = json.loads(
    json.dumps(House().with_statements(founding(), joining(), manifest(), rotating(), manifest(NEXT)).ledger.receipt(4))
)


@given(st.data())
def test_a_receipt_with_any_character_changed_is_refused(data: st.DataObject) -> None:
    """Every text and every number in a receipt matters."""
    receipt = json.loads(json.dumps(RECEIPT))
    path = data.draw(st.sampled_from(texts(receipt)))
    holder: Any = receipt
    for step in path[:-1]:
        holder = holder[step]
    value = holder[path[-1]]
    if isinstance(value, int):
        holder[path[-1]] = data.draw(st.integers(-1, 9).filter(lambda n: n != value))
    else:
        at = data.draw(st.integers(0, len(value) - 1))
        new = data.draw(st.sampled_from("AZaz09+/=-_ \n").filter(lambda c: c != value[at]))
        holder[path[-1]] = value[:at] + new + value[at + 1 :]
    with pytest.raises(DamError):
        verify_receipt(json.dumps(receipt), vkey=VKEY)


def test_a_receipt_with_a_signature_stripped_is_refused() -> None:
    """One of two signatures taken away, from the statement or from a key's: the library alone would not see it."""
    house = House().with_statements(founding(), joining(), manifest())
    for index, where in ((1, ()), (2, ("keys", 1))):
        for gone in (0, 1):
            receipt: Any = json.loads(json.dumps(house.ledger.receipt(index)))
            holder = receipt
            for step in where:
                holder = holder[step]
            del holder["statement"]["signatures"][gone]
            with pytest.raises(Untrusted, match=r"signature\.(parties|key-unproven)"):
                verify_receipt(json.dumps(receipt), vkey=VKEY)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda r: [r], "receipt.malformed"),
        (lambda r: {**r, "v": 2}, "receipt.malformed"),
        (lambda r: {**r, "v": True}, "receipt.malformed"),
        (lambda r: {**r, "v": 1.5}, "receipt.malformed"),
        (lambda r: {**r, "more": 1}, "receipt.malformed"),
        (lambda r: {n: v for n, v in r.items() if n != "log"}, "receipt.malformed"),
        (lambda r: {**r, "checkpoint": 5}, "receipt.malformed"),
        (lambda r: {**r, "log": None}, "receipt.malformed"),
        (lambda r: {**r, "keys": {}}, "receipt.malformed"),
        (lambda r: {**r, "keys": r["keys"] * 40}, "receipt.malformed"),
        (lambda r: {**r, "keys": ["x"]}, "receipt.malformed"),
        (lambda r: {**r, "keys": [{"index": 0}]}, "receipt.malformed"),
        (lambda r: {**r, "index": True}, "receipt.malformed"),
        (lambda r: {**r, "index": "4"}, "receipt.malformed"),
        (lambda r: {**r, "proof": "x"}, "receipt.malformed"),
        (lambda r: {**r, "proof": [5]}, "receipt.malformed"),
        (lambda r: {**r, "proof": ["!"]}, "receipt.malformed"),
        (lambda r: {**r, "proof": r["proof"] * 65}, "receipt.malformed"),
        (lambda r: {**r, "statement": "x"}, "statement.malformed"),
        (lambda r: {**r, "keys": r["keys"][1:]}, "signature.key-unknown"),
        (lambda r: {**r, "keys": []}, "signature.key-unknown"),
        (lambda r: {**r, "keys": r["keys"][::-1]}, "signature.key-unknown"),
        (lambda r: {**r, "keys": [*r["keys"][:1], *r["keys"]]}, "receipt.key-order"),
        (lambda r: {**r, "index": -1}, "receipt.key-order"),
        (lambda r: {**r, "index": 0}, "receipt.key-order"),
        (lambda r: {**r, "index": 10**30}, "proof.inclusion-wrong"),
        (lambda r: {**r, "proof": []}, "proof.inclusion-wrong"),
    ],
)
def test_receipts_of_another_shape_or_order_are_refused(change: Callable[[Any], Any], code: str) -> None:
    """Closed shape, bounded lists, keys in log order before what they sign."""
    with pytest.raises((Invalid, Untrusted)) as refused:
        verify_receipt(json.dumps(change(RECEIPT)), vkey=VKEY)
    assert refused.value.code == code


def test_a_receipt_beyond_the_limit_is_not_read() -> None:
    """Size is checked before anything else."""
    with pytest.raises(Invalid, match=r"receipt\.too-large"):
        verify_receipt(" " * (ledger.MAX_RECEIPT + 1), vkey=VKEY)


@given(st.text() | st.binary())
def test_no_text_makes_the_checker_stumble(text: str | bytes) -> None:
    """Hostile receipts end in one of our own errors."""
    with pytest.raises(DamError):
        verify_receipt(text, vkey=VKEY)


def forged(*statements: Statement) -> str:
    """A receipt of the last statement with all others as its keys, from a log that took whatever it was given."""
    house = House().with_statements(*statements)
    size = len(statements)
    proven = [house.ledger._proven(i, s, size) for i, s in enumerate(statements)]
    whole = {**proven[-1], "v": 1, "keys": proven[:-1], "checkpoint": house.ledger.checkpoint(), "log": VKEY}
    return json.dumps(whole)


STOLEN: Final = {"key": seal.public(EVE)}


@pytest.mark.parametrize(
    ("statements", "code"),
    [
        # a dam whose first statement is not first, not of this log, or not signed by its own key
        ([dam_says(), founding()], "receipt.key-order"),
        ([founding(), founding(**STOLEN)], "dam.not-first"),
        ([founding(origin="other.example")], "dam.other-log"),
        ([founding(log=note.vkey(ORIGIN, EVE))], "dam.other-log"),
        ([founding(**STOLEN)], "signature.key-unknown"),
        ([founding(key="x")], "statement.malformed"),
        ([founding(), founding()], "key.repeated"),
        # a member that nobody approved, under another's name, or without proof of its key
        ([founding(), joining(KIM)], "signature.parties"),
        ([founding(), joining(DAM_KEY)], "signature.parties"),
        ([founding(), joining(EVE, DAM_KEY, **STOLEN)], "member.id-wrong"),
        ([founding(), joining(), joining()], "key.repeated"),
        ([founding(), joining(KIM, DAM_KEY, EVE)], "signature.key-unknown"),
        # a next key that the old one, or the new one, did not sign; or for somebody else
        ([founding(), joining(), rotating(KIM)], "signature.key-unproven"),
        ([founding(), joining(), rotating(NEXT)], "key.rotation-wrong"),
        ([founding(), joining(), rotating(DAM_KEY, NEXT)], "signature.parties"),
        ([founding(), joining(), rotating(KIM, NEXT, replaces="x")], "key.rotation-wrong"),
        ([founding(), joining(), rotating(KIM, NEXT, replaces=[1])], "key.rotation-wrong"),
        ([founding(), joining(), rotating(EVE, NEXT)], "signature.key-unknown"),
        ([founding(), joining(), rotating(KIM, NEXT, member="m-other")], "signature.parties"),
        ([founding(), joining(), rotating(KIM, NEXT, member="dam")], "statement.malformed"),
        # a key that was replaced signs no more, and does not come back
        ([founding(), joining(), rotating(), manifest(KIM)], "signature.key-unknown"),
        ([founding(), joining(), rotating(), rotating(NEXT, KIM, key=seal.public(KIM))], "key.repeated"),
        # statements by the wrong party
        ([founding(), joining(), manifest(DAM_KEY)], "signature.parties"),
        ([founding(), joining(), manifest(KIM, DAM_KEY)], "signature.parties"),
        ([founding(), joining(), dam_says(Kind.OUTCOME, KIM)], "signature.parties"),
        (
            [founding(), joining(), dam_says(Kind.EXIT, DAM_KEY, member=MEMBER, signed_by_member=True)],
            "signature.parties",
        ),
        ([founding(), joining(), manifest(contributor="m-other")], "signature.parties"),
    ],
)
def test_a_log_that_took_what_nobody_may_say_proves_nothing(statements: Sequence[Statement], code: str) -> None:
    """Included and signed is not enough: each statement is by exactly its parties, with keys that count there."""
    with pytest.raises((Invalid, Untrusted)) as refused:
        verify_receipt(forged(*statements), vkey=VKEY)
    assert refused.value.code == code


def test_a_key_statement_after_the_statement_proves_nothing() -> None:
    """A key that enters the log later cannot have signed before."""
    house = House().with_statements(founding(), manifest(), joining())
    proven = [house.ledger._proven(i, house.ledger._at(i), 3) for i in range(3)]
    whole = {**proven[1], "v": 1, "keys": [proven[0], proven[2]], "checkpoint": house.ledger.checkpoint(), "log": VKEY}
    with pytest.raises(Untrusted, match=r"receipt\.key-order"):
        verify_receipt(json.dumps(whole), vkey=VKEY)


# --- the pinned client ------------------------------------------------------------------------------------------------


def grown(count: int, *, forged_at: int | None = None) -> MemoryLog:
    """A log of so many entries, one of them forged."""
    log = MemoryLog()
    for i in range(count):
        log.append([b"forged" if i == forged_at else b"%d" % i])
    return log


def shown(log: MemoryLog, key: seal.Jwk = LOG_KEY) -> str:
    """The log's signed checkpoint."""
    return note.sign_checkpoint(Checkpoint(origin=ORIGIN, size=log.size, root=log.root), ORIGIN, key)


def pin(log: MemoryLog) -> Checkpoint:
    """What a client remembers."""
    return Checkpoint(origin=ORIGIN, size=log.size, root=log.root)


def no_proof(old: int, new: int) -> Sequence[bytes]:
    """Nothing should be asked."""
    message = f"asked for {old}, {new}"
    raise AssertionError(message)


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_log_that_only_grew_is_believed(old: int, more: int) -> None:
    """For any two sizes; a proof is asked for only where there is something to show."""
    log = grown(old + more)
    proof = log.consistency if old and more else no_proof
    assert believe(shown(log), vkey=VKEY, pinned=pin(grown(old)), proof=proof) == pin(log)
    assert believe(shown(log), vkey=VKEY, pinned=None, proof=no_proof) == pin(log)


def test_a_smaller_forked_or_foreign_checkpoint_is_not_believed() -> None:
    """The refusals of the pinned client, each with its code."""
    pinned = pin(grown(10))
    forked = grown(10, forged_at=3)
    longer = grown(20, forged_at=3)
    cases: list[tuple[str, Checkpoint, str]] = [
        (shown(grown(9)), pinned, "checkpoint.smaller"),
        (shown(forked), pinned, "checkpoint.forked"),
        (shown(longer), pinned, "proof.consistency-wrong"),
        (shown(grown(20), EVE), pinned, "note.unsigned"),
        (shown(grown(20)), Checkpoint(origin="other", size=1, root=merkle.EMPTY), "checkpoint.other-origin"),
        (shown(grown(20)), Checkpoint(origin=ORIGIN, size=0, root=merkle.leaf_hash(b"x")), "proof.consistency-wrong"),
    ]
    for text, held, code in cases:
        with pytest.raises(Untrusted) as refused:
            believe(text, vkey=VKEY, pinned=held, proof=longer.consistency)
        assert refused.value.code == code


# --- the auditor ------------------------------------------------------------------------------------------------------


def reader(folder: Path) -> Callable[[str], bytes]:
    """Reads the log's static files, as any web server would give them out."""

    def read(path: str) -> bytes:
        try:
            return (folder / path).read_bytes()
        except FileNotFoundError:
            raise NotFound("log.path-unknown", path=path) from None

    return read


def envelope_of(house: House) -> Callable[[str], bytes | None]:
    """What the dam shows of a body."""

    def body(id: str) -> bytes | None:
        try:
            return house.bodies.get(id)
        except NotFound:
            return None

    return body


def test_a_sound_log_passes_and_tells_how_much_was_looked_at(disk: House, tmp_path: Path) -> None:
    """All entries, files and bodies."""
    found = audit(reader(tmp_path / "log"), vkey=VKEY, bodies=disk.bodies.get)
    assert (found.entries, found.bodies, found.absent, found.unjudged) == (306, 306, 0, 0)
    assert found.files == 2 + 2 + 1
    assert audit(reader(tmp_path / "log"), vkey=VKEY, bodies=None).bodies == 0


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 65_536, 65_837])
def test_logs_of_any_size_pass(tmp_path: Path, count: int) -> None:
    """Around the edges of tiles, up to three levels."""
    log = TileLog(tmp_path)
    taken = Ledger(log, MemoryBodies(), key=LOG_KEY, origin=ORIGIN)
    if count:
        log.append([note.entry(Class.ACTIVITY, StatementId(f"{i:064x}")) for i in range(count)])
        taken._publish()
    assert audit(reader(tmp_path), vkey=VKEY, bodies=None).entries == count
    log.close()


def test_an_older_checkpoint_is_audited_in_a_log_that_outgrew_it(disk: House, tmp_path: Path) -> None:
    """Partial tiles of the past are gone; the full ones serve instead, as the specification says."""
    early = tmp_path / "early"
    early.write_text(disk.ledger.checkpoint())
    disk.with_statements(*[dam_says(n=n) for n in range(300)])
    assert not (tmp_path / "log/tile/0/001.p").exists()
    read = reader(tmp_path / "log")
    found = audit(lambda path: early.read_bytes() if path == "checkpoint" else read(path), vkey=VKEY, bodies=None)
    assert found.entries == 306


FILES: Final = [
    "checkpoint",
    "tile/0/000",
    "tile/0/001.p/50",
    "tile/1/000.p/1",
    "tile/entries/000",
    "tile/entries/001.p/50",
]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("way", ["flip", "cut", "grow", "remove"])
def test_meddling_with_any_file_is_found_and_named(disk: House, tmp_path: Path, name: str, way: str) -> None:
    """A flipped bit, a missing end, a surplus byte, a missing file."""
    path = tmp_path / "log" / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    changed = {"flip": bytes(data), "cut": path.read_bytes()[:-1], "grow": path.read_bytes() + b"\0"}
    if way == "remove":
        path.unlink()
    else:
        path.write_bytes(changed[way])
    with pytest.raises(Untrusted) as refused:
        audit(reader(tmp_path / "log"), vkey=VKEY, bodies=disk.bodies.get)
    if name != "checkpoint":
        told = str(refused.value.facts.get("path", ""))
        assert refused.value.code == "log.entry-malformed" or told.rsplit("/", 1)[-1] in name.replace("entries", "0")


def test_a_log_whose_past_was_rewritten_is_found_by_a_pin(tmp_path: Path) -> None:
    """The operator writes another history and signs it: only who remembers sees it."""
    entries = [note.entry(Class.ACTIVITY, StatementId(f"{i:064x}")) for i in range(300)]
    log = TileLog(tmp_path)
    log.append(entries)
    Ledger(log, MemoryBodies(), key=LOG_KEY, origin=ORIGIN)
    honest = MemoryLog()
    honest.append(entries[:200])
    audit(reader(tmp_path), vkey=VKEY, bodies=None, pinned=pin(honest))
    forked = MemoryLog()
    forked.append([*entries[:100], entries[0], *entries[101:200]])
    with pytest.raises(Untrusted, match=r"checkpoint\.forked"):
        audit(reader(tmp_path), vkey=VKEY, bodies=None, pinned=pin(forked))
    honest.append(entries)
    with pytest.raises(Untrusted, match=r"checkpoint\.smaller"):
        audit(reader(tmp_path), vkey=VKEY, bodies=None, pinned=pin(honest))
    log.close()


def test_a_signed_root_over_other_tiles_is_found(disk: House, tmp_path: Path) -> None:
    """Tiles that agree with their entries, but not with what was signed."""
    lie = Checkpoint(origin=ORIGIN, size=306, root=merkle.leaf_hash(b"x"))
    (tmp_path / "log/checkpoint").write_text(note.sign_checkpoint(lie, ORIGIN, LOG_KEY))
    with pytest.raises(Untrusted, match=r"log\.root-wrong"):
        audit(reader(tmp_path / "log"), vkey=VKEY, bodies=None)
    assert disk.ledger.size == 306


def test_bodies_are_judged_as_the_log_has_them(disk: House, tmp_path: Path) -> None:
    """Another statement under the id is found; what is not shown is counted, and what rests on it left unjudged."""
    id = disk.ledger.entry(9)[1]
    read = reader(tmp_path / "log")

    def swapped(asked: str) -> bytes:
        return seal.envelope(dam_says()) if asked == id else disk.bodies.get(asked)

    with pytest.raises(Untrusted, match=r"body\.digest-wrong"):
        audit(read, vkey=VKEY, bodies=swapped)
    disk.bodies.erase(id)
    found = audit(read, vkey=VKEY, bodies=disk.bodies.get)
    assert (found.bodies, found.absent, found.unjudged) == (305, 1, 0)
    disk.bodies.erase(disk.ledger.entry(1)[1])
    found = audit(read, vkey=VKEY, bodies=envelope_of(disk))
    assert (found.bodies, found.absent, found.unjudged) == (301, 2, 3)


def test_an_entry_of_the_wrong_class_is_found(tmp_path: Path) -> None:
    """A registry statement hidden among activities, where the public would not look for it."""
    log, bodies = TileLog(tmp_path), MemoryBodies()
    first = founding()
    bodies.put(first.id, seal.envelope(first))
    log.append([note.entry(Class.ACTIVITY, first.id)])
    Ledger(log, bodies, key=LOG_KEY, origin=ORIGIN)
    with pytest.raises(Untrusted, match=r"log\.class-wrong"):
        audit(reader(tmp_path), vkey=VKEY, bodies=bodies.get)
    log.close()


@pytest.mark.parametrize(
    "leaving",
    [dam_says(Kind.EXIT, member=MEMBER), dam_says(Kind.EXIT, DAM_KEY, KIM, member=MEMBER, signed_by_member=True)],
)
def test_who_left_signs_no_more(tmp_path: Path, leaving: Statement) -> None:
    """An exit retires the member's keys from its index on; the audit, which sees all entries, holds everybody to it."""
    made = House(TileLog(tmp_path), MemoryBodies()).with_statements(founding(), joining(), manifest(), leaving)
    assert audit(reader(tmp_path), vkey=VKEY, bodies=made.bodies.get).bodies == 4
    made.with_statements(dam_says(), manifest())
    with pytest.raises(Untrusted, match=r"signature\.key-unknown"):
        audit(reader(tmp_path), vkey=VKEY, bodies=made.bodies.get)


def test_the_proofs_in_a_receipt_are_standard_base64(house: House) -> None:
    """So that foreign tools read them: padded, with the common alphabet."""
    for text in house.ledger.receipt(3)["proof"]:
        assert len(base64.b64decode(text, validate=True)) == 32
