"""Proving: bodies for those whom they concern, receipts that hold, and a check that finds every kind of tampering."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from deltalake import DeltaTable

from datadam import seal, wiring
from datadam.adapters.memory.store import MemoryStore
from datadam.dam import grant, join, journal, prove, publish, release, state
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import DamError, NotFound, Unavailable, Untrusted
from datadam.ledger import verify_receipt
from datadam.model import Deposit, Grant, Job, Key, Kind, Member, PublishedStandard, Share
from worlds import GOOD, Person, standard_text

ID = "test.reading"
OPEN = "test.empty"


# --- bodies and receipts ----------------------------------------------------------------------------------------------


def test_registry_bodies_are_for_everybody_and_activities_for_their_parties(world: World) -> None:
    """Members, keys and standards are public; a deposit, a grant and a release are for their member and auditors."""
    person, other = Person("A").joins(world), Person("B").joins(world)
    auditor = Person("C", roles=("auditor",)).joins(world)
    job = person.deposits(world, ID, GOOD)
    leave = grant.grant(world, person.id, ID)
    release.open_share(world, person.caller, ID)
    readers = {
        "stranger": Caller(),
        "party": person.caller,
        "other": other.caller,
        "auditor": auditor.caller,
        "profile": Caller(member=person.id, standard=ID),
        "nobody": Caller(member=Person("X").id),
    }
    for _, id in world.ledger.entries():
        statement = world.ledger.statement(id)
        may = {name for name, caller in readers.items() if reads(world, caller, id)}
        assert may == (set(readers) if statement.clazz == "registry" else {"party", "auditor"})
    outcome = journal.sealed(world, job.id).outcome
    for proven in (job.id, outcome, leave):
        receipt = seal.canonical(prove.receipt(world, person.caller, proven))
        assert str(verify_receipt(receipt, vkey=world.ledger.vkey).statement.id) == proven


def reads(world: World, caller: Caller, id: str) -> bool:
    """Whether the caller gets the body; if not, it is as unknown as one that is not there."""
    try:
        return prove.body(world, caller, id) == world.ledger.statement(id)
    except NotFound as error:
        return (error.code, error.facts) != ("statement.unknown", {"statement": id})


def test_bodies_come_in_log_order_with_gaps_for_what_is_not_the_callers(world: World) -> None:
    """A mirror asks for a stretch: what it may not read, or what was erased, is a gap and nothing else."""
    person = Person("A").joins(world)
    person.deposits(world, ID, GOOD)
    ids = [id for _, id in world.ledger.entries()]
    shown = [None if one is None else one.id for one in prove.bodies(world, Caller(), 0, 99)]
    assert shown == [*ids[:3], None, None]
    assert [one and one.id for one in prove.bodies(world, person.caller, 1, 3)] == ids[1:4]
    world.bodies.erase(ids[1])
    assert list(prove.bodies(world, Caller(), 1, 1)) == [None]
    assert list(prove.bodies(world, Caller(), 99, 5)) == []


def test_what_is_no_logged_statement_is_unknown_to_all(world: World) -> None:
    """A profile's digest stands in the log, and a crash may leave bodies: none of them can be asked for."""
    person = Person("A")
    profile = person.profile()
    join.approve(world, join.apply(world, seal.envelope(person.accession(profile)), profile).id)
    orphan = state.statement(
        world, Kind.STANDARD, {"standard": ID, "version": "9.0.0", "text": "x", "digest": "0" * 64}
    )
    world.bodies.put(orphan.id, seal.envelope(orphan))
    first = world.ledger.entry(0)[1]
    for id in (seal.digest(profile), orphan.id, "0" * 64, "../../keys/sign", "", first.upper(), f" {first}", "x" * 500):
        for caller in (Caller(), person.caller):
            with pytest.raises(NotFound, match="statement.unknown") as caught:
                prove.body(world, caller, id)
            assert len(str(caught.value.facts["statement"])) <= 64


def test_an_erased_body_is_unknown(world: World) -> None:
    """The entry stays, the words are gone."""
    id = Person("A").joins(world).id
    accession = join.known(world, id).statement
    world.bodies.erase(accession)
    with pytest.raises(NotFound, match="statement.unknown"):
        prove.body(world, Caller(), accession)


def test_a_receipt_needs_the_log_and_known_keys(world: World) -> None:
    """A statement that is not logged has none; a table without the signer's key is not guessed at."""
    loose = state.statement(world, Kind.ERASURE, {"body": "0" * 64, "member": None, "reason": "r"})
    with pytest.raises(NotFound, match="statement.unlogged"):
        prove.receipt_of(world, loose)
    person = Person("A").joins(world)
    accession = world.ledger.statement(join.known(world, person.id).statement)
    with world.store.transaction() as rows:
        held = rows.get(Key, seal.thumbprint(person.key))
        assert held is not None
        rows.remove(held)
    with pytest.raises(Untrusted, match="signature.key-unknown"):
        prove.receipt_of(world, accession)


# --- a whole folder, looked over --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real dam with members, deposits, a share, an erasure, and a standard that nobody deposited into."""
    folder = tmp_path_factory.mktemp("healthy") / "dam"
    wiring.init(folder, name="test.example/log", jurisdiction="KR")
    with wiring.world(folder) as world:
        publish.publish(world, standard_text())
        publish.publish(world, standard_text().replace(ID, OPEN).replace("test_reading", "test_empty"))
        one, other = Person("A").joins(world), Person("B").joins(world)
        one.deposits(world, ID, GOOD)
        other.deposits(world, ID, GOOD)
        grant.grant(world, one.id, ID)
        release.open_share(world, one.caller, ID)
        join.forget(world, other.id, "asked")
    return folder


@pytest.fixture
def folder(healthy: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may spoil."""
    import shutil

    copy = tmp_path / "dam"
    shutil.copytree(healthy, copy, symlinks=True)
    # the table's own paths are relative, so a copy is as good as the dam itself
    return copy


def checked(folder: Path) -> list[str]:
    """The codes of all that a check finds."""
    with wiring.world(folder, rolled=False) as world:
        return [fault.code for fault in wiring.checker(world)().faults]


def test_a_healthy_dam_has_nothing_amiss(folder: Path) -> None:
    """And everything was looked at."""
    with wiring.world(folder, rolled=False) as world:
        findings = wiring.checker(world)()
        assert findings.faults == []
        assert findings.entries == findings.bodies == world.ledger.size
        assert (findings.files, findings.erased) == (3, 1)


def the(folder: Path, pattern: str) -> Path:
    """The first file of that name."""
    return min(folder.glob(pattern))


def body_of(folder: Path, kind: Kind) -> Path:
    """The file of the first body of a kind."""
    for path in sorted((folder / "bodies").glob("??/*.json")):
        try:
            if seal.opened(path.read_bytes()).kind is kind:
                return path
        except DamError:
            continue
    raise AssertionError(kind)


def change_body(folder: Path) -> None:
    """Other words under an outcome's id."""
    path = body_of(folder, Kind.OUTCOME)
    path.write_bytes(body_of(folder, Kind.GRANT).read_bytes())


def strip_signature(folder: Path) -> None:
    """One of the two signatures of an accession is cut away; its digest still fits."""
    path = body_of(folder, Kind.MEMBER)
    statement = seal.opened(path.read_bytes())
    path.write_bytes(seal.envelope(replace(statement, signatures=statement.signatures[:1])))


def lose_body(folder: Path) -> None:
    """A deposit's manifest is gone."""
    body_of(folder, Kind.MANIFEST).unlink()


def swap_entries(folder: Path) -> None:
    """Two entries of the log change places in the tile that readers are served."""
    path = max((folder / "log/tile/entries/000.p").iterdir(), key=lambda one: int(one.name))
    data = path.read_bytes()
    size = 2 + int.from_bytes(data[:2], "big")
    path.write_bytes(data[size : 2 * size] + data[:size] + data[2 * size :])


def lose_profile(folder: Path) -> None:
    """A profile that nobody logged the erasure of."""
    profile_file(folder).unlink()


def change_profile(folder: Path) -> None:
    """A name is written over."""
    profile_file(folder).write_bytes(seal.canonical({"legal_name": "Somebody"}))


def profile_file(folder: Path) -> Path:
    """Where the one profile lies that was not erased."""
    for path in sorted((folder / "bodies").glob("??/*.json")):
        if "legal_name" in json.loads(path.read_bytes()):
            return path
    raise AssertionError


def change_data(folder: Path) -> None:
    """One byte in the middle of a data file."""
    path = the(folder, f"reservoirs/{ID}/**/*.parquet")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def lose_data(folder: Path) -> None:
    """A data file is gone."""
    the(folder, f"reservoirs/{ID}/**/*.parquet").unlink()


def hide_data(folder: Path) -> None:
    """The table lists one file fewer; the file and the table's memory of the deposit are still there."""
    table = folder / "reservoirs" / ID
    path = the(table, "**/*.parquet").relative_to(table)
    remove = {"path": str(path), "deletionTimestamp": 0, "dataChange": True}
    commit(table, {"remove": remove})


def add_data(folder: Path) -> None:
    """The table lists a file of nobody's."""
    foist(folder / "reservoirs" / ID)


def add_data_where_nobody_deposited(folder: Path) -> None:
    """The same in a reservoir without deposits."""
    foist(folder / "reservoirs" / OPEN, folder / "reservoirs" / ID)


def foist(table: Path, origin: Path | None = None) -> None:
    """A copy of a data file under another name, listed."""
    source = the(origin or table, "**/*.parquet")
    target = table / source.relative_to(origin or table).with_name("foisted.parquet")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())
    tag = target.parent.name.partition("=")
    add = {
        "path": str(target.relative_to(table)),
        "partitionValues": {tag[0]: tag[2]},
        "size": target.stat().st_size,
        "modificationTime": 0,
        "dataChange": True,
    }
    commit(table, {"add": add})


def commit(table: Path, action: dict[str, object]) -> None:
    """One more entry in the table's own log."""
    number = DeltaTable(table).version() + 1
    (table / "_delta_log" / f"{number:020}.json").write_text(json.dumps(action) + "\n")


def spoil_table(folder: Path) -> None:
    """The table's own log is no JSON any more."""
    for path in (folder / "reservoirs" / ID / "_delta_log").glob("*.json"):
        path.write_text("{")


def change_share(folder: Path) -> None:
    """A served file is written over."""
    the(folder, "shares/**/*.parquet").write_bytes(b"x")


def lose_share(folder: Path) -> None:
    """A served file is gone."""
    the(folder, "shares/**/*.parquet").unlink()


@pytest.mark.parametrize(
    ("spoil", "wanted"),
    [
        (change_body, {"body.digest-wrong"}),
        (strip_signature, {"signature.parties"}),
        (lose_body, {"body.unknown"}),
        (lose_profile, {"profile.missing"}),
        (change_profile, {"profile.digest-wrong"}),
        (change_data, {"file.digest-wrong"}),
        (lose_data, {"file.digest-wrong"}),
        (hide_data, {"deposit.not-visible"}),
        (add_data, {"file.nobodys"}),
        (add_data_where_nobody_deposited, {"file.nobodys"}),
        (spoil_table, {"reservoir.unreadable"}),
        (change_share, {"file.digest-wrong"}),
        (lose_share, {"file.digest-wrong"}),
    ],
)
def test_a_check_finds_what_was_tampered_with(folder: Path, spoil: Callable[[Path], None], wanted: set[str]) -> None:
    """Whatever is changed, taken away or added by hand in the folder is found, and called by its name."""
    spoil(folder)
    assert set(checked(folder)) == wanted


def test_a_served_log_that_was_changed_is_found(folder: Path) -> None:
    """Entries that changed places are seen by who hashes the files again."""
    with wiring.world(folder, rolled=False) as world:
        swap_entries(folder)
        assert {fault.code for fault in wiring.checker(world)().faults} == {"log.file-wrong"}


@pytest.mark.parametrize("kind", [Member, Key, PublishedStandard, Deposit, Grant])
def test_a_table_that_was_changed_by_hand_is_found_and_rebuilt(folder: Path, kind: type) -> None:
    """A record less, or one that says something else; a rebuild mends it."""
    with wiring.world(folder, rolled=False) as world:
        look = wiring.checker(world)
        with world.store.transaction() as rows:
            rows.remove(rows.find(kind)[0])
        faults = [(fault.code, fault.facts.get("table")) for fault in look().faults]
        assert ("state.differs", kind.__name__) in faults
        state.rebuild(world)
        assert look().faults == []


def test_a_record_that_was_slipped_in_is_found(folder: Path) -> None:
    """A grant that nobody signed opens nothing unseen."""
    with wiring.world(folder, rolled=False) as world:
        with world.store.transaction() as rows:
            member = rows.find(Member)[0]
            rows.put(Grant(id="0" * 64, member=member.id, standard=ID, since=1, expires=None))
        assert [fault.code for fault in wiring.checker(world)().faults] == ["state.differs"]


def test_an_erasure_that_a_crash_cut_short_is_found_and_done_again(folder: Path) -> None:
    """Logged but not done: the promise to forget is not kept until it is."""
    with wiring.world(folder, rolled=False) as world:
        member, profile = next((one, told) for one, told in join.members(world) if told)
        facts = {"body": member.profile, "member": member.id, "reason": "asked"}
        state.record(world, state.statement(world, Kind.ERASURE, facts))
        look = wiring.checker(world)
        assert [(fault.code, fault.facts) for fault in look().faults] == [("profile.not-erased", {"member": member.id})]
        assert profile["legal_name"]
        join.forget(world, member.id, "asked")
        assert look().faults == []


def test_an_entry_of_the_wrong_class_is_found(world: World) -> None:
    """It would show a body to the wrong people."""
    statement = state.statement(world, Kind.ERASURE, {"body": "0" * 64, "member": None, "reason": "r"})
    world.ledger.append([replace(statement, kind=Kind.GRANT)])
    codes = [fault.code for fault in prove.check(world, MemoryStore, lambda: None).faults]
    assert set(codes) == {"log.class-wrong"}


def test_tables_behind_the_log_are_no_fault(folder: Path) -> None:
    """A crash may leave them behind; a check rolls them forward first."""
    with wiring.world(folder, rolled=False) as world:
        statement = state.statement(world, Kind.ERASURE, {"body": "0" * 64, "member": None, "reason": "r"})
        world.ledger.append([statement])
        assert wiring.checker(world)().faults == []


def test_a_state_that_was_put_back_is_found(folder: Path) -> None:
    """Tables that claim more than the log holds."""
    with wiring.world(folder, rolled=False) as world:
        with world.store.transaction() as rows:
            rows.note(state.APPLIED, "9999")
        codes = [fault.code for fault in wiring.checker(world)().faults]
        assert codes == ["state.newer-than-log", "state.differs"]


def test_what_is_under_way_in_a_served_dam_is_no_fault(world: World) -> None:
    """A file that gets to its place while a patient check looks is as good as one that was there; a lost one is not."""
    person = Person("A").joins(world)
    job = person.deposits(world, ID, GOOD)
    place = world.lake.place(ID, journal.sealed(world, job.id).tag, job.id)
    data = place.read_bytes()

    def look(patience: float) -> list[str]:
        findings = prove.check(world, MemoryStore, lambda: None, patience=patience)
        return [fault.code for fault in findings.faults]

    place.unlink()
    assert look(0) == look(0.01) == ["file.digest-wrong"]
    arrives = threading.Timer(0.2, place.write_bytes, [data])
    arrives.start()
    assert look(2) == []
    arrives.join()


def test_one_step_that_fails_hides_no_other(world: World) -> None:
    """The log's own audit breaks off; what else is wrong is told all the same."""
    person = Person("A").joins(world)
    job = person.deposits(world, ID, GOOD)
    world.lake.place(ID, journal.sealed(world, job.id).tag, job.id).unlink()

    def broken() -> None:
        raise Unavailable("log.stopped", path="log")

    codes = [fault.code for fault in prove.check(world, MemoryStore, broken).faults]
    assert codes == ["log.stopped", "file.digest-wrong"]
    with world.store.read() as rows:
        assert rows.find(Job)
        assert rows.find(Share) == []
