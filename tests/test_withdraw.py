"""The way back: what is withdrawn is served no more, leaves no byte, and everything else stays."""

import base64
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from datadam import seal, wiring
from datadam.adapters.memory.store import MemoryStore
from datadam.adapters.sql_store import SqlStore
from datadam.dam import deposit, edition, grant, journal, pool, prove, publish, release, report, state, withdraw
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import DamError, Invalid, NotFound, Refused, Unavailable, Untrusted
from datadam.ledger import verify_receipt
from datadam.model import Deposit, Job, Kind, Share, Stage, Statement, Withdrawal
from datadam.ports import ShareFile, ShareOrder
from worlds import Person, a_world, chunks, fit_of, forward, standard_text

ID = "test.reading"


def rows_of(name: str, *amounts: int) -> bytes:
    """A file whose values name their contributor."""
    lines = "".join(f"{name}-{place},{amount}\n" for place, amount in enumerate(amounts))
    return f"meter,amount\n{lines}".encode()


def withdrawal(person: Person, *deposits: str, **changes: object) -> Statement:
    """The signed withdrawal of deposits."""
    facts = {"contributor": person.id, "deposits": list(deposits), "replaced_by": None, "reason": "ended"}
    return person.states(Kind.WITHDRAWAL, {**facts, **changes})


def taken_back(world: World, person: Person, *deposits: str) -> str:
    """Withdraw, without erasing yet."""
    return withdraw.withdraw(world, person.caller, seal.envelope(withdrawal(person, *deposits)))


def served(world: World, caller: Caller, id: str = ID) -> list[tuple[str, int]]:
    """The rows that a caller gets now."""
    share = release.open_share(world, caller, id)
    paths = [release.file(world, id, share.recipient, share.version, file["name"]) for file in share.files]
    return sorted((row[0], row[1]) for path in paths for row in pl.read_parquet(path).select("meter", "amount").rows())


def checked(world: World) -> list[str]:
    """The codes of every fault that a check finds."""
    return [fault.code for fault in prove.check(world, MemoryStore, lambda: None).faults]


@pytest.fixture
def people(world: World) -> list[Person]:
    """Three members who may all take the rows."""
    found = [Person(name).joins(world) for name in ("Ann", "Ben", "Cem")]
    for one in found:
        grant.grant(world, one.id, ID)
    return found


# --- what is served ---------------------------------------------------------------------------------------------------


def test_from_the_withdrawal_on_nobody_gets_the_rows(world: World, people: list[Person]) -> None:
    """Files that were served are unlinked at once, before anything is erased; the next share has the others' rows."""
    ann, ben, cem = people
    job = ann.deposits(world, ID, rows_of("ann", 1, 2))
    ben.deposits(world, ID, rows_of("ben", 3))
    share = release.open_share(world, cem.caller, ID)
    paths = [release.file(world, ID, share.recipient, share.version, file["name"]) for file in share.files]
    taken_back(world, ann, job.id)
    assert not any(path.exists() for path in paths)
    with pytest.raises(NotFound, match=r"share\.file-unknown"):
        release.file(world, ID, share.recipient, share.version, share.files[0]["name"])
    assert served(world, cem.caller) == [("ben-0", 3)]
    after = release.open_share(world, cem.caller, ID)
    assert after.version > share.version
    assert checked(world) == []


def test_a_file_that_is_being_read_is_read_to_its_end(world: World, people: list[Person]) -> None:
    """Who opened the old files before gets all of them; nobody gets half."""
    ann, ben, cem = people
    job = ann.deposits(world, ID, rows_of("ann", 1))
    share = release.open_share(world, cem.caller, ID)
    path = release.file(world, ID, share.recipient, share.version, share.files[0]["name"])
    with path.open("rb") as file:
        taken_back(world, ann, job.id)
        assert pl.read_parquet(file.read()).height == 1
    ben.deposits(world, ID, rows_of("ben", 3))
    assert served(world, cem.caller) == [("ben-0", 3)]


def test_a_share_that_was_emptied_is_never_served(
    world: World, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that looked at the deposits just before one was withdrawn gets the new share, not an empty one."""
    ann, ben, cem = people
    job = ann.deposits(world, ID, rows_of("ann", 1))
    ben.deposits(world, ID, rows_of("ben", 3))
    assert len(served(world, cem.caller)) == 2
    look = pool.deposits
    seen = [look(world, pool.find(world, ID))]
    taken_back(world, ann, job.id)
    monkeypatch.setattr(pool, "deposits", lambda *given: seen.pop() if seen else look(*given))
    assert served(world, cem.caller) == [("ben-0", 3)]
    assert not seen


@pytest.mark.parametrize("whose", ["ann", "ben"])
def test_a_share_that_is_being_made_meanwhile_is_whole_and_without_the_rows(
    world: World, people: list[Person], monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    """It is neither torn from its maker's hands nor handed out: where it has withdrawn rows it is made once more."""
    ann, ben, cem = people
    taken = {"ann": ann.deposits(world, ID, rows_of("ann", 1)).id, "ben": ben.deposits(world, ID, rows_of("ben", 3)).id}
    release.open_share(world, cem.caller, ID)
    ann.deposits(world, ID, rows_of("late", 5))
    forward(world, seconds=3600)
    write, begun, go_on = world.shares.write, threading.Event(), threading.Event()

    def slow(order: ShareOrder) -> Sequence[ShareFile]:
        begun.set()
        assert go_on.wait(30)
        return write(order)

    monkeypatch.setattr(world.shares, "write", slow)
    with ThreadPoolExecutor(2) as pool:
        asks = pool.submit(release.open_share, world, cem.caller, ID)
        assert begun.wait(30)
        withdrawal = pool.submit(taken_back, world, {"ann": ann, "ben": ben}[whose], taken[whose])
        with pytest.raises(TimeoutError):
            withdrawal.result(timeout=0.5)  # it waits for those who began before
        go_on.set()
        share = asks.result(timeout=30)
        withdrawal.result(timeout=30)
    found = [release.file(world, ID, share.recipient, share.version, file["name"]) for file in share.files]
    left = {"ann": {"ben-0", "late-0"}, "ben": {"ann-0", "late-0"}}[whose]
    assert set(pl.concat([pl.read_parquet(path) for path in found])["meter"]) == left
    assert checked(world) == []


def test_shares_without_the_rows_stay_and_what_they_replaced_goes(world: World, people: list[Person]) -> None:
    """A share that began before the deposit keeps its files; an older version of it might hold more, and goes."""
    ann, ben, cem = people
    ben.deposits(world, ID, rows_of("ben", 3))
    share = release.open_share(world, cem.caller, ID)
    job = ann.deposits(world, ID, rows_of("ann", 1))
    taken_back(world, ann, job.id)
    assert release.open_share(world, cem.caller, ID).version == share.version
    assert served(world, cem.caller) == [("ben-0", 3)]


def test_what_a_crash_left_of_a_share_that_was_being_made_goes_too(world: World, people: list[Person]) -> None:
    """No record names it, so it is found by looking at what lies there."""
    ann, *_ = people
    job = ann.deposits(world, ID, rows_of("ann", 1))
    left = world.shares.place(ID, ann.id, 7) / "spill"
    left.mkdir()
    (left / "0").write_bytes(b"rows")
    taken_back(world, ann, job.id)
    assert not left.exists()


def test_the_batches_of_others_stay_where_they_end(tmp_path: Path) -> None:
    """A withdrawn deposit keeps its place: else what is shown would move, and tell whose rows came between."""
    world = a_world(tmp_path)
    publish.publish(world, standard_text(attribution="none", tier="open"))
    people = [Person(name).joins(world) for name in "ABCDEF"]
    jobs = [one.deposits(world, ID, rows_of(one.name.lower(), place)) for place, one in enumerate(people)]
    taken_back(world, people[0], jobs[0].id)
    taken_back(world, people[4], jobs[4].id)
    assert [row[0] for row in served(world, Caller())] == ["b-0", "c-0", "d-0", "f-0"]
    late = [Person(name).joins(world) for name in "GH"]
    for one in late:
        one.deposits(world, ID, rows_of(one.name.lower(), 9))
    forward(world, hours=2)
    assert [row[0] for row in served(world, Caller())] == ["b-0", "c-0", "d-0", "f-0"]
    assert checked(world) == []


def test_who_left_before_its_batch_was_whole_does_not_bring_another_to_light(tmp_path: Path) -> None:
    """Two deposit and withdraw, then a third firm deposits: its rows alone are never shown."""
    world = a_world(tmp_path)
    publish.publish(world, standard_text(attribution="none", tier="open"))
    people = [Person(name).joins(world) for name in "ABCDE"]
    for one in people[:2]:
        job = one.deposits(world, ID, rows_of(one.name.lower(), 1))
        withdraw.purge(world, taken_back(world, one, job.id))
    for one in people[2:4]:
        one.deposits(world, ID, rows_of(one.name.lower(), 2))
        forward(world, hours=2)
        assert served(world, Caller()) == []
    people[4].deposits(world, ID, rows_of("e", 3))
    forward(world, hours=2)
    assert [row[0] for row in served(world, Caller())] == ["c-0", "d-0", "e-0"]
    assert checked(world) == []


def test_what_a_withdrawn_row_superseded_is_current_again(world: World, people: list[Person]) -> None:
    """The newest admitted row of a contributor and key counts, among those that are there."""
    ann, ben, _ = people
    ann.deposits(world, ID, rows_of("ann", 1, 2))
    newer = ann.deposits(world, ID, rows_of("ann", 10))
    ben.deposits(world, ID, rows_of("ben", 3))
    assert served(world, ben.caller) == [("ann-0", 10), ("ann-1", 2), ("ben-0", 3)]
    id = taken_back(world, ann, newer.id)
    assert served(world, ben.caller) == [("ann-0", 1), ("ann-1", 2), ("ben-0", 3)]
    withdraw.purge(world, id)
    assert served(world, ben.caller) == [("ann-0", 1), ("ann-1", 2), ("ben-0", 3)]


# --- who may, and what of -------------------------------------------------------------------------------------------


def test_only_the_contributor_withdraws_and_only_its_own(world: World, people: list[Person]) -> None:
    """Somebody else's deposit is as unknown as none; a stranger's, a profile's or another's signature takes nothing."""
    ann, ben, _ = people
    job = ann.deposits(world, ID, rows_of("ann", 1))
    mine = seal.envelope(withdrawal(ann, job.id))
    stolen = seal.envelope(withdrawal(ben, job.id, contributor=ann.id))
    for caller, envelope, wrong in (
        (Caller(), mine, "ask.login-needed"),
        (Caller(member=ann.id, standard=ID), mine, "ask.login-needed"),
        (ben.caller, mine, "withdrawal.not-yours"),
        (ben.caller, seal.envelope(withdrawal(ben, job.id)), "withdrawal.not-yours"),
        (ann.caller, seal.envelope(withdrawal(ann, "0" * 64)), "withdrawal.not-yours"),
        (ann.caller, stolen, "signature.parties"),
        (ann.caller, seal.envelope(ann.states(Kind.EXIT, {})), "statement.kind-unexpected"),
        (ann.caller, seal.envelope(withdrawal(ann, job.id, replaced_by="0" * 64)), "withdrawal.several"),
    ):
        with pytest.raises(DamError) as refusal:
            withdraw.withdraw(world, caller, envelope)
        assert refusal.value.code == wrong
    assert served(world, ben.caller) == [("ann-0", 1)]


def test_the_same_again_is_the_same_withdrawal(world: World, people: list[Person]) -> None:
    """A client that lost the answer signs anew and gets what there is; a new deposit among old ones is refused."""
    ann, *_ = people
    first, second = (ann.deposits(world, ID, rows_of("ann", number)) for number in (1, 2))
    id = taken_back(world, ann, first.id)
    size = world.ledger.size
    assert taken_back(world, ann, first.id) == id
    assert world.ledger.size == size
    with pytest.raises(Untrusted, match=r"withdrawal\.repeated"):
        taken_back(world, ann, first.id, second.id)
    assert [one.deposits for one in withdraw.own(world, ann.caller)] == [(first.id,)]


def test_what_is_under_way_or_was_refused_is_not_withdrawn(world: World, people: list[Person]) -> None:
    """It has to come to its end; what was refused is thrown away instead, with its rejects."""
    ann, ben, _ = people
    data = rows_of("ann", 1)
    job = deposit.announce(world, ann.caller, seal.envelope(ann.manifest(fit_of(world, ID, data), data)))
    with pytest.raises(Unavailable, match=r"withdrawal\.under-way"):
        taken_back(world, ann, job.id)
    deposit.receive(world, ann.caller, job.id, chunks(data))
    with pytest.raises(Unavailable, match=r"withdrawal\.under-way"):
        withdraw.discard(world, ann.caller, job.id)
    deposit.process(world, job.id, lambda *_: None)
    with pytest.raises(Refused, match=r"deposit\.sealed"):
        withdraw.discard(world, ann.caller, job.id)
    refused = ann.deposits(world, ID, b"meter,amount\nsecret-value,x\n")
    assert refused.stage == Stage.REFUSED
    with pytest.raises(Invalid, match=r"withdrawal\.unsealed"):
        taken_back(world, ann, refused.id)
    with pytest.raises(NotFound, match=r"deposit\.unknown"):
        withdraw.discard(world, ben.caller, refused.id)
    folder = world.spool.folder(refused.id)
    withdraw.discard(world, ann.caller, refused.id)
    assert not folder.exists()
    assert [one.id for one in journal.own(world, ann.caller)] == [job.id]


def test_a_withdrawn_file_can_be_deposited_anew(world: World, people: list[Person]) -> None:
    """The old manifest gives the withdrawn deposit; a new one is a new deposit, and it is visible."""
    ann, ben, _ = people
    data = rows_of("ann", 1)
    manifest = ann.manifest(fit_of(world, ID, data), data)
    job = deposit.announce(world, ann.caller, seal.envelope(manifest))
    deposit.receive(world, ann.caller, job.id, chunks(data))
    deposit.process(world, job.id, lambda *_: None)
    id = taken_back(world, ann, job.id)
    for _ in range(2):
        again = deposit.announce(world, ann.caller, seal.envelope(manifest))
        assert (again.id, again.stage) == (job.id, Stage.WITHDRAWN)
        if world_has(world, job.id):
            assert deposit.process(world, job.id, lambda *_: None).id == job.id
        assert journal.own_job(world, ann.caller, job.id).stage == Stage.WITHDRAWN
        assert journal.fits(world, ann.caller, ID) == []
        assert deposit.recover(world) == []
        withdraw.purge(world, id)
    new = ann.deposits(world, ID, data)
    assert (new.stage, new.id == job.id) == (Stage.COMMITTED, False)
    assert served(world, ben.caller) == [("ann-0", 1)]
    assert [one.stage for one in journal.own(world, ann.caller)].count(Stage.WITHDRAWN) == 1


def world_has(world: World, id: str) -> bool:
    """Whether the journal still has a deposit."""
    with world.store.read() as rows:
        return rows.get(Job, id) is not None


def test_a_key_that_was_taken_back_may_be_reported_again(tmp_path: Path) -> None:
    """Where a repeated key is refused, only rows that still stand are repeated."""
    world = a_world(tmp_path)
    publish.publish(world, standard_text(repeat="refuse"))
    ann = Person("Ann").joins(world)
    job = ann.deposits(world, ID, rows_of("ann", 1))
    assert ann.deposits(world, ID, rows_of("ann", 2)).stage == Stage.REFUSED
    taken_back(world, ann, job.id)
    assert ann.deposits(world, ID, rows_of("ann", 3)).stage == Stage.COMMITTED


# --- what is erased ---------------------------------------------------------------------------------------------------


def test_the_receipt_says_what_was_reached_and_what_cannot_be(world: World, people: list[Person]) -> None:
    """Rows, files and editions; how many took them, until when backups live. It verifies without the dam."""
    ann, ben, cem = people
    job = ann.deposits(world, ID, rows_of("ann", 1, 2))
    release.open_share(world, ben.caller, ID)
    release.open_share(world, ann.caller, ID)
    id = taken_back(world, ann, job.id)
    waiting = withdraw.standing(world, ann.caller, id)
    assert (waiting.purge, waiting.due, waiting.reason) == (None, "2026-11-23T09:00:00Z", "ended")
    assert withdraw.pending(world) == [id]
    withdraw.purge(world, id)
    size = world.ledger.size
    withdraw.purge(world, id)
    assert (withdraw.pending(world), world.ledger.size) == ([], size)
    told = withdraw.standing(world, ann.caller, id).purge
    assert told is not None
    assert told.body["reached"] == {"rows": 2, "files": 1, "bodies": 1, "journal": 1, "editions": []}
    beyond = {"backups_until": "2026-12-22T09:00:00Z", "recipients": 1, "strangers": False, "models": []}
    assert told.body["beyond"] == beyond
    receipt = seal.canonical(prove.receipt(world, ann.caller, told.id))
    assert verify_receipt(receipt, vkey=world.ledger.vkey).statement.id == told.id
    for other in (ben, cem):
        with pytest.raises(NotFound, match=r"withdrawal\.unknown"):
            withdraw.standing(world, other.caller, id)
    with pytest.raises(Refused, match=r"ask\.login-needed"):
        withdraw.own(world, Caller())
    assert checked(world) == []


def test_tables_are_rebuilt_although_manifests_are_gone(world: World, people: list[Person]) -> None:
    """What is missing is missing on purpose, and the log says so; any other missing body is a fault."""
    ann, ben, _ = people
    job, other = ann.deposits(world, ID, rows_of("ann", 1)), ben.deposits(world, ID, rows_of("ben", 2))
    withdraw.purge(world, taken_back(world, ann, job.id))
    with pytest.raises(NotFound):
        world.ledger.statement(job.id)
    with world.store.read() as rows:
        before = [rows.find(kind) for kind in state.PROJECTED]
    state.rebuild(world)
    with world.store.read() as rows:
        assert [rows.find(kind) for kind in state.PROJECTED] == before
    found = prove.check(world, MemoryStore, lambda: None)
    assert (found.faults, found.erased) == ([], 1)
    world.bodies.erase(other.id)
    assert "body.unknown" in checked(world)
    with pytest.raises(NotFound):
        state.rebuild(world)


def test_a_check_finds_what_should_be_gone(world: World, people: list[Person]) -> None:
    """Late, put back, or still shared: each is told."""
    ann, ben, _ = people
    job = ann.deposits(world, ID, rows_of("ann", 1))
    place = next(file.path for file in world.lake.files(ID))
    data, manifest = place.read_bytes(), world.bodies.get(job.id)
    share = release.open_share(world, ben.caller, ID)
    id = taken_back(world, ann, job.id)
    assert checked(world) == []
    forward(world, hours=25)
    assert checked(world) == ["withdrawal.overdue"]
    withdraw.purge(world, id)
    assert checked(world) == []
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(data)
    world.bodies.put(job.id, manifest)
    with world.store.transaction() as rows:
        rows.put(job)
        rows.put(share)
    told = checked(world)
    assert told.count("withdrawal.not-erased") == 3
    assert "share.withdrawn" in told


def test_an_erasure_that_fails_stays_pending_and_goes_on(
    world: World, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped before any of its steps, it leaves nothing that a second run does not end; others' rows stay."""
    ann, ben, _ = people
    job = ann.deposits(world, ID, rows_of("ann", 1))
    ben.deposits(world, ID, rows_of("ben", 2))
    id = taken_back(world, ann, job.id)

    def fail(*_: object, **__: object) -> None:
        raise Unavailable("disk.failed", path="", why="")

    for port, step in (
        (world.shares, "erase"),
        (world.editions, "erase"),
        (world.lake, "erase"),
        (world.spool, "clear"),
        (world.bodies, "erase"),
        (world.store, "scrub"),
        (world.ledger, "append"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(type(port), step, fail)
            with pytest.raises(Unavailable, match=r"disk\.failed"):
                withdraw.purge(world, id)
        assert withdraw.pending(world) == [id]
        assert checked(world) == []
        assert served(world, ben.caller) == [("ben-0", 2)]
    withdraw.purge(world, id)
    assert checked(world) == []


def test_what_cannot_be_removed_is_not_called_erased(
    world: World, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dam looks again before it signs that it reached everything."""
    ann, *_ = people
    job = ann.deposits(world, ID, rows_of("ann", 1))
    id = taken_back(world, ann, job.id)
    with monkeypatch.context() as patch:
        patch.setattr(type(world.bodies), "erase", lambda *_: None)
        with pytest.raises(Unavailable, match=r"withdrawal\.not-erased"):
            withdraw.purge(world, id)
    assert withdraw.pending(world) == [id]


def test_a_restart_ends_what_a_crash_left_of_the_retraction(
    world: World, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logged and not yet retracted: the next start removes the share before anybody is served."""
    ann, ben, _ = people
    job = ann.deposits(world, ID, rows_of("ann", 1))
    share = release.open_share(world, ben.caller, ID)
    path = release.file(world, ID, share.recipient, share.version, share.files[0]["name"])
    with monkeypatch.context() as patch:
        patch.setattr(withdraw, "retract", lambda *_: None)
        taken_back(world, ann, job.id)
    assert path.exists()
    withdraw.recover(world)
    assert not path.exists()
    assert deposit.recover(world) == []


# --- amend ------------------------------------------------------------------------------------------------------------


def amended(world: World, person: Person, old: str, data: bytes) -> Job:
    """Amend a deposit, to its end."""
    manifest = person.manifest(fit_of(world, ID, data), data)
    told = withdrawal(person, old, replaced_by=manifest.id)
    job = withdraw.amend(world, person.caller, seal.envelope(manifest), seal.envelope(told))
    deposit.receive(world, person.caller, job.id, chunks(data))
    return deposit.process(world, job.id, lambda *_: None)


@pytest.mark.parametrize("repeat", ["supersede", "refuse", "keep"])
def test_an_amendment_replaces_in_one_step(tmp_path: Path, repeat: str) -> None:
    """The new rows come as the old ones go, also where a key may not come twice; the old ones are then erased."""
    world = a_world(tmp_path)
    publish.publish(world, standard_text(repeat=repeat))
    ann, ben = (Person(name).joins(world) for name in ("Ann", "Ben"))
    grant.grant(world, ben.id, ID)
    old = ann.deposits(world, ID, rows_of("ann", 1, 2))
    ben.deposits(world, ID, rows_of("ben", 3))
    assert len(served(world, ben.caller)) == 3
    new = amended(world, ann, old.id, rows_of("ann", 7))
    assert new.stage == Stage.COMMITTED
    assert served(world, ben.caller) == [("ann-0", 7), ("ben-0", 3)]
    assert journal.own_job(world, ann.caller, old.id).stage == Stage.WITHDRAWN
    (id,) = withdraw.pending(world)
    withdraw.purge(world, id)
    assert world.lake.traces(ID, [old.id]) == []
    assert served(world, ben.caller) == [("ann-0", 7), ("ben-0", 3)]
    assert withdraw.standing(world, ann.caller, id).replaced_by == new.id
    assert checked(world) == []


def test_an_amendment_that_is_refused_changes_nothing(world: World, people: list[Person]) -> None:
    """Not the table, not the log, not what is served."""
    ann, ben, _ = people
    old = ann.deposits(world, ID, rows_of("ann", 1))
    before, size = served(world, ben.caller), world.ledger.size
    assert amended(world, ann, old.id, b"meter,amount\nann-0,x\n").stage == Stage.REFUSED
    assert (served(world, ben.caller), world.ledger.size, withdraw.pending(world)) == (before, size, [])
    assert checked(world) == []


def test_two_amendments_of_one_deposit_are_one(world: World, people: list[Person]) -> None:
    """The first that is sealed counts; the second is refused, and its rows are nowhere."""
    ann, ben, _ = people
    old = ann.deposits(world, ID, rows_of("ann", 1))
    jobs = []
    for amount in (5, 6):
        data = rows_of("ann", amount)
        manifest = ann.manifest(fit_of(world, ID, data), data)
        told = withdrawal(ann, old.id, replaced_by=manifest.id)
        job = withdraw.amend(world, ann.caller, seal.envelope(manifest), seal.envelope(told))
        deposit.receive(world, ann.caller, job.id, chunks(data))
        jobs.append(job.id)
    ends = [deposit.process(world, id, lambda *_: None) for id in jobs]
    assert [one.stage for one in ends] == [Stage.COMMITTED, Stage.REFUSED]
    assert ends[1].fault is not None
    assert ends[1].fault["code"] == "withdrawal.repeated"
    assert served(world, ben.caller) == [("ann-0", 5)]


def test_readers_see_the_old_rows_or_the_new_whatever_breaks(
    world: World, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sealed but not yet in the table: the old rows are served, and are not erased before the new ones are there."""
    ann, ben, _ = people
    old = ann.deposits(world, ID, rows_of("ann", 1))
    assert served(world, ben.caller) == [("ann-0", 1)]

    def fail(*_: object, **__: object) -> None:
        raise Unavailable("reservoir.contended", standard=ID, attempts=1)

    with monkeypatch.context() as patch:
        patch.setattr(type(world.lake), "replace", fail)
        with pytest.raises(Unavailable):
            amended(world, ann, old.id, rows_of("ann", 7))
        (id,) = withdraw.pending(world)
        withdraw.recover(world)
        withdraw.purge(world, id)
        assert withdraw.pending(world) == [id]
        assert served(world, ben.caller) == [("ann-0", 1)]
    assert deposit.recover(world) == []
    assert served(world, ben.caller) == [("ann-0", 7)]
    withdraw.purge(world, id)
    assert checked(world) == []


def test_an_amendment_can_be_amended_and_withdrawn(world: World, people: list[Person]) -> None:
    """Each step leaves what stands, in whatever order they are erased."""
    ann, ben, _ = people
    first = ann.deposits(world, ID, rows_of("ann", 1))
    second = amended(world, ann, first.id, rows_of("ann", 2))
    third = amended(world, ann, second.id, rows_of("ann", 3))
    ben.deposits(world, ID, rows_of("ben", 9))
    assert served(world, ben.caller) == [("ann-0", 3), ("ben-0", 9)]
    taken_back(world, ann, third.id)
    assert served(world, ben.caller) == [("ben-0", 9)]
    for id in reversed(withdraw.pending(world)):
        withdraw.purge(world, id)
    assert withdraw.pending(world) == []
    assert served(world, ben.caller) == [("ben-0", 9)]
    assert checked(world) == []


def test_an_amendment_is_refused_at_once_where_it_cannot_be(world: World, people: list[Person]) -> None:
    """Another's deposit, none, another standard's, one that left, one of several, a file that is here already."""
    ann, ben, _ = people
    publish.publish(world, standard_text().replace("test.reading", "test.other").replace("test_reading", "test_other"))
    mine, plain = ann.deposits(world, ID, rows_of("ann", 1)), ann.deposits(world, ID, rows_of("ann", 2))
    theirs, left = ben.deposits(world, ID, rows_of("ben", 1)), ann.deposits(world, ID, rows_of("ann", 3))
    taken_back(world, ann, left.id)
    data = rows_of("ann", 4)
    new, other = ann.manifest(fit_of(world, ID, data), data), ann.manifest(fit_of(world, "test.other", data), data)
    again = ann.manifest(fit_of(world, ID, rows_of("ann", 2)), rows_of("ann", 2))
    for manifest, told, wrong in (
        (new, withdrawal(ann, theirs.id, replaced_by=new.id), "withdrawal.not-yours"),
        (new, withdrawal(ann, "0" * 64, replaced_by=new.id), "withdrawal.not-yours"),
        (other, withdrawal(ann, mine.id, replaced_by=other.id), "withdrawal.other-standard"),
        (new, withdrawal(ann, left.id, replaced_by=new.id), "withdrawal.repeated"),
        (new, withdrawal(ann, mine.id, plain.id, replaced_by=new.id), "withdrawal.several"),
        (new, withdrawal(ann, mine.id), "withdrawal.several"),
        (again, withdrawal(ann, mine.id, replaced_by=again.id), "amendment.there"),
        (again, withdrawal(ann, plain.id, replaced_by=again.id), "amendment.same"),
        (new, withdrawal(ben, mine.id, contributor=ann.id, replaced_by=new.id), "signature.parties"),
    ):
        with pytest.raises(DamError) as refusal:
            withdraw.amend(world, ann.caller, seal.envelope(manifest), seal.envelope(told))
        assert refusal.value.code == wrong
    told = withdrawal(ann, mine.id, replaced_by=new.id)
    job = withdraw.amend(world, ann.caller, seal.envelope(new), seal.envelope(told))
    assert withdraw.amend(world, ann.caller, seal.envelope(new), seal.envelope(told)) == job
    deposit.receive(world, ann.caller, job.id, chunks(data))
    deposit.process(world, job.id, lambda *_: None)
    done = withdraw.amend(world, ann.caller, seal.envelope(new), seal.envelope(told))
    assert (done.id, done.stage) == (job.id, Stage.COMMITTED)


# --- forged and odd statements ----------------------------------------------------------------------------------------


def test_a_log_that_withdraws_what_it_must_not_is_not_believed(world: World, people: list[Person]) -> None:
    """Even a dam that logs it cannot fold it: twice, of another, or replaced by itself or another standard's."""
    ann, ben, _ = people
    mine, theirs = ann.deposits(world, ID, rows_of("ann", 1)), ben.deposits(world, ID, rows_of("ben", 1))
    publish.publish(world, standard_text().replace("test.reading", "test.other").replace("test_reading", "test_other"))
    other = ann.deposits(world, "test.other", rows_of("ann", 1))
    for told, wrong in (
        (withdrawal(ann, theirs.id), "withdrawal.not-yours"),
        (withdrawal(ann, mine.id, replaced_by=theirs.id), "withdrawal.not-yours"),
        (withdrawal(ann, mine.id, replaced_by=mine.id), "withdrawal.repeated"),
        (withdrawal(ann, mine.id, replaced_by=other.id), "withdrawal.other-standard"),
    ):
        with pytest.raises(Untrusted) as refusal:
            state.record(world, told)
        assert refusal.value.code == wrong


# --- the raw bytes ----------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[tuple[Path, World]]:
    """A dam in a real folder: SQLite, files, a log; originals are kept."""
    path = tmp_path / "dam"
    wiring.init(path, name="test.example/log", jurisdiction="KR")
    with ExitStack() as stack:
        yield path, stack.enter_context(wiring.world(path, {"keep_original": True}))


def parts_of(data: bytes) -> list[bytes]:
    """A Parquet file as it lies, and its values and statistics decoded."""
    return [data, str(pl.read_parquet(data).to_dicts()).encode()] if data[:4] == b"PAR1" else [data]


def spelt(mark: bytes) -> list[bytes]:
    """A mark as it may stand in a file: as it is, and in base64, wherever it begins within a group of three bytes."""
    found = [mark]
    for before in range(3):
        text = base64.urlsafe_b64encode(b"x" * before + mark)
        found.append(text[before + 1 : len(text) // 4 * 4 - 4])  # without the letters that its neighbours share
    return found


def places_of(folder: Path, marks: list[bytes]) -> dict[str, set[bytes]]:
    """In which files of a folder which of the marks stand; the database's log is looked at too."""
    found: dict[str, set[bytes]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            parts = parts_of(path.read_bytes())
            seen = {mark for mark in marks for text in spelt(mark) if any(text in part for part in parts)}
            if seen or any(mark.decode() in str(path) for mark in marks):
                found[str(path.relative_to(folder))] = seen
    return found


def marked(name: str, count: int = 40) -> bytes:
    """A file of rows whose values no other file has, with two columns that are left out and a few refused rows."""
    good = [f"{name}xq{place:04},{place},{name}place,{name}spare" for place in range(count)]
    bad = [f"{name}bad{place},{name}wrong,{name}place,{name}spare" for place in range(3)]
    return "\n".join(["meter,amount,place,spare", *good, *bad, ""]).encode()


def handed_in(world: World, person: Person, manifest: Statement, data: bytes) -> Job:
    """Deposit a file by its manifest, to the end."""
    job = deposit.announce(world, person.caller, seal.envelope(manifest))
    deposit.receive(world, person.caller, job.id, chunks(data))
    return deposit.process(world, job.id, lambda *_: None)


def test_no_byte_of_what_was_withdrawn_is_left_in_the_folder(folder: tuple[Path, World]) -> None:
    """Three contributors, shares, rejects, originals, an edition; one withdraws two deposits, and another amends.

    Every file of the folder is read raw, Parquet also decoded: none has a value of theirs. The others' are all there.
    """
    path, world = folder
    publish.publish(world, standard_text())
    ann, ben, cem = (Person(name).joins(world) for name in ("Ann", "Ben", "Cem"))
    for one in (ann, ben, cem):
        grant.grant(world, one.id, ID)
    fit = {}
    for name in ("annfirst", "annsecond", "bensold", "bensnew", "cemstays"):
        data = marked(name)
        plain = fit_of(world, ID, b"meter,amount")
        fit[name] = (replace(plain, dropped=("place", "spare")), data)
    jobs = {
        name: handed_in(world, person, person.manifest(*fit[name], name=f"{name}.csv"), fit[name][1])
        for person, name in ((ann, "annfirst"), (ann, "annsecond"), (ben, "bensold"), (cem, "cemstays"))
    }
    assert {one.stage for one in jobs.values()} == {Stage.COMMITTED}
    edition.freeze(world, f"{ID}@2026.11")
    for one in (ann, ben, cem):
        for id in (ID, f"{ID}@2026.11"):
            release.open_share(world, one.caller, id)
        job = next(job for job in jobs.values() if job.contributor == one.id)
        report.rejects(world, one.caller, job.id, lambda reason: reason.code)
    gone, stay = [b"annfirst", b"annsecond", b"bensold"], [b"bensnew", b"cemstays"]
    before = {name.split("/")[0] for name in places_of(path, gone)}
    assert before == {"bodies", "editions", "reservoirs", "shares", "spool", "state"}  # the search does find them

    manifest = ben.manifest(*fit["bensnew"], name="bensnew.csv")
    told = withdrawal(ben, jobs["bensold"].id, replaced_by=manifest.id)
    job = withdraw.amend(world, ben.caller, seal.envelope(manifest), seal.envelope(told))
    deposit.receive(world, ben.caller, job.id, chunks(fit["bensnew"][1]))
    assert deposit.process(world, job.id, lambda *_: None).stage == Stage.COMMITTED
    taken_back(world, ann, jobs["annfirst"].id, jobs["annsecond"].id)
    for id in withdraw.pending(world):
        withdraw.purge(world, id)

    assert places_of(path, gone) == {}
    assert not places_of(Path(world.spool.folder(job.id)), gone)
    held = {row[0] for row in served(world, cem.caller)}
    assert held == {f"{mark.decode()}xq{place:04}" for mark in stay for place in range(40)}
    frozen = {row[0] for row in served(world, cem.caller, f"{ID}@2026.11")}
    assert frozen == {f"cemstaysxq{place:04}" for place in range(40)}
    check = wiring.checker(world)()
    assert [fault.code for fault in check.faults] == []
    assert world.spool.folder(jobs["cemstays"].id).joinpath("rejects.parquet").exists()


def test_who_throws_away_does_not_write_the_database_anew(
    world: World, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is done once for all later; one that was only announced asks for none, one that comes meanwhile for more."""
    ann, *_ = people
    scrubbed: list[str] = []
    data = rows_of("ann", 1)

    def refused(value: str) -> str:
        return ann.deposits(world, ID, b"meter,amount\n%s,x\n" % value.encode()).id

    last = refused("late")

    def scrub(_: object) -> None:
        scrubbed.append("once")
        if len(scrubbed) == 1:
            withdraw.discard(world, ann.caller, last)

    monkeypatch.setattr(type(world.store), "scrub", scrub)
    job = deposit.announce(world, ann.caller, seal.envelope(ann.manifest(fit_of(world, ID, data), data)))
    withdraw.discard(world, ann.caller, job.id)
    withdraw.scrub(world)
    assert scrubbed == []
    for value in ("a", "b"):
        withdraw.discard(world, ann.caller, refused(value))
    assert scrubbed == []
    for times in (1, 2, 2):
        withdraw.scrub(world)
        assert len(scrubbed) == times


def test_the_database_keeps_nothing_of_what_was_deleted(tmp_path: Path) -> None:
    """A row, its page and the log that it was written through; a reader of an older state makes it wait."""
    path = tmp_path / "dam.sqlite"
    store = SqlStore(path)
    mark = "annconstant" * 20
    job = Job(id="a" * 64, contributor="m", standard=ID, version="1", envelope=mark, stage="committed", received="")  # type: ignore[arg-type]  # what the store does not look at
    with store.transaction() as rows:
        for number in range(50):
            rows.put(replace(job, id=f"{number:064}"))  # type: ignore[arg-type]  # what the store does not look at
    with store.transaction() as rows:
        for number in range(50):
            rows.remove(replace(job, id=f"{number:064}"))  # type: ignore[arg-type]  # what the store does not look at
    files = [path, tmp_path / "dam.sqlite-wal"]
    assert any(mark.encode() in file.read_bytes() for file in files)
    store.scrub()
    assert not any(mark.encode() in file.read_bytes() for file in files if file.exists())
    with store.transaction() as rows:
        rows.put(job)
        with pytest.raises(Invalid, match=r"store\.transaction-nested"):
            store.scrub()
    store.close()


def test_a_database_from_before_takes_up_the_new_tables(tmp_path: Path) -> None:
    """A kind of record that came later gets its table when the store is opened."""
    path = tmp_path / "dam.sqlite"
    SqlStore(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE withdrawal")
    connection.close()
    store = SqlStore(path)
    with store.read() as rows:
        assert rows.find(Withdrawal) == []
        assert rows.find(Share) == []
        assert rows.find(Deposit) == []
    store.close()
