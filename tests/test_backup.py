"""Backups: one moment of a dam that is served, small when little changed, and back again, or not at all."""

import json
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

import served
from datadam import client, seal, wiring
from datadam.adapters import backup_files
from datadam.adapters.backup_files import KEYS, MANIFEST
from datadam.adapters.body_files import BodyFiles
from datadam.adapters.body_packs import BodyPacks
from datadam.dam import backup, deposit, edition, journal, prove, release, withdraw
from datadam.dam.world import World
from datadam.edges import operator
from datadam.errors import DamError, Invalid, NotFound, Refused, Unavailable
from datadam.model import Deposit, Job, Kind, Member, Stage
from served import STANDARD, published, serving
from worlds import GOOD, START, Person, a_world, chunks, fit_of

MIXED = b"meter,amount\nB1,1\nB2,many\nB3,2\n"
pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Person]:
    """A dam with two members, deposits, rejects, a share and a deposit that only was received; to be copied."""
    folder = served.made(tmp_path_factory.mktemp("backup") / "dam")
    with wiring.world(folder) as world:
        published(world, tier="open", repeat="refuse")
        alice, bob = Person("Alice").joins(world), Person("Bob").joins(world)
        assert alice.deposits(world, STANDARD, GOOD).stage == Stage.COMMITTED
        assert bob.deposits(world, STANDARD, MIXED).stage == Stage.COMMITTED
        release.open_share(world, alice.caller, STANDARD)
        data = b"meter,amount\nC1,1\n"
        manifest = alice.manifest(fit_of(world, STANDARD, data), data)
        job = deposit.announce(world, alice.caller, seal.envelope(manifest))
        deposit.receive(world, alice.caller, job.id, chunks(data))
    return folder, alice


@pytest.fixture
def folder(template: tuple[Path, Person], tmp_path: Path) -> Path:
    """A dam of the test's own."""
    return Path(shutil.copytree(template[0], tmp_path / "dam"))


def checked(folder: Path) -> list[Any]:
    """The faults that a check of a folder finds, and that what a restart does raises none."""
    with wiring.world(folder, rolled=False) as world:
        return list(operator.perform(world, "check", {}, check=wiring.checker(world))["faults"])


def contents(folder: Path) -> tuple[object, ...]:
    """What a dam tells of itself: its log, its members, its deposits, their visible files."""
    with wiring.world(folder) as world:
        deposit.recover(world)
        return told(world)


def told(world: World) -> tuple[object, ...]:
    """The same, of an open one."""
    with world.store.read() as rows:
        deposits, members = rows.find(Deposit), rows.find(Member)
    files = [file.name for file in world.lake.files(STANDARD)]
    return world.ledger.size, world.ledger.checkpoint(), deposits, members, files


# --- there and back ---------------------------------------------------------------------------------------------------


def test_what_comes_back_is_the_dam_that_went_in(folder: Path, tmp_path: Path) -> None:
    """Log, members, deposits, rejects, share and keys; a check finds nothing, and every file is its owner's alone."""
    with wiring.world(folder) as world:
        before = told(world)
        with world.store.read() as rows:
            rejected = next(job for job in rows.find(Job) if job.facts.get("tally", {}).get("rejected"))
        made = backup.backup(world, tmp_path / "backups", with_keys=True)
    assert (made.entries, made.linked, made.keys) == (before[0], 0, True)
    found, with_keys = wiring.restored(tmp_path / "backups", tmp_path / "again")
    assert with_keys
    assert (found.entries, str(found.path)) == (before[0], made.path)
    assert contents(tmp_path / "again") == before
    assert checked(tmp_path / "again") == []
    rejects = tmp_path / "again" / "spool" / rejected.id / "rejects.parquet"
    assert rejects.read_bytes() == (folder / "spool" / rejected.id / "rejects.parquet").read_bytes()
    for path in [*(tmp_path / "again").rglob("*"), *(tmp_path / "backups").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_bodies_that_came_together_are_copied_and_come_back(folder: Path, tmp_path: Path) -> None:
    """A full pack is a file that two backups share; the one that is filled is copied as the moment has it."""
    batches = [{f"{number:064x}": b"body %d" % number for number in range(at, at + 9)} for at in (0, 9)]
    with wiring.world(folder) as world:
        packs = BodyPacks(folder / "bodies" / "packs", full=1)
        for batch in batches:
            packs.put(batch)
        first = backup.backup(world, tmp_path / "backups")
        second = backup.backup(world, tmp_path / "backups")
        packs.close()
    names = [Path(one.path) / "bodies" / "packs" / "00000001.sqlite" for one in (first, second)]
    assert names[0].stat().st_ino == names[1].stat().st_ino
    assert sorted(path.name for path in names[1].parent.iterdir()) == ["00000001.sqlite", "00000002.sqlite"]
    wiring.restored(tmp_path / "backups", tmp_path / "again", keys=folder / "keys")
    bodies = BodyFiles(tmp_path / "again" / "bodies")
    assert all(bodies.get(id) == data for batch in batches for id, data in batch.items())
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "again" / "bodies").rglob("*"))
    bodies.close()


def test_what_was_not_sealed_is_announced_and_can_be_sent_again(
    folder: Path, tmp_path: Path, template: tuple[Path, Person]
) -> None:
    """Its file is not in the backup; sent again, with the same manifest, it is admitted."""
    alice = template[1]
    with wiring.world(folder) as world:
        backup.backup(world, tmp_path / "backups", with_keys=True)
        with world.store.read() as rows:
            (waiting,) = rows.find(Job, stage=Stage.RECEIVED)  # of the dam itself nothing was changed
    wiring.restored(tmp_path / "backups", tmp_path / "again")
    assert not (tmp_path / "again" / "spool" / waiting.id).exists()
    with wiring.world(tmp_path / "again") as world:
        assert deposit.recover(world) == []
        job = deposit.announce(world, alice.caller, waiting.envelope.encode())
        assert (job.id, job.stage) == (waiting.id, Stage.ANNOUNCED)
        deposit.receive(world, alice.caller, job.id, chunks(b"meter,amount\nC1,1\n"))
        assert deposit.process(world, job.id, lambda *_: None).stage == Stage.COMMITTED
        assert len(world.lake.files(STANDARD)) == 3


def test_a_second_backup_takes_only_the_room_of_what_changed(folder: Path, tmp_path: Path) -> None:
    """Bodies, tiles and tables are links to the first one; never to the dam's own files, which it may erase."""
    into = tmp_path / "backups"
    with wiring.world(folder) as world:
        first = backup.backup(world, into)
        second = backup.backup(world, into)
        bob = Person("Carol").joins(world)
        third = backup.backup(world, into)
        assert bob.id
    assert second.linked > 10
    assert second.files == first.files
    assert third.files == first.files + 2  # the accession and the profile
    one, two = (Path(made.path) for made in (first, second))
    (body,) = list((one / "bodies").glob("*/*.json"))[:1]
    same = two / body.relative_to(one)
    assert body.stat().st_ino == same.stat().st_ino
    assert body.stat().st_ino != (folder / body.relative_to(one)).stat().st_ino
    shutil.rmtree(one)
    _, with_keys = wiring.restored(two, tmp_path / "again", keys=folder / "keys")
    assert with_keys
    assert checked(tmp_path / "again") == []


def test_old_backups_go_when_so_many_newer_ones_are_there(folder: Path, tmp_path: Path) -> None:
    """The newest stay, and each of them is whole."""
    into = tmp_path / "backups"
    with wiring.world(folder) as world:
        made = [backup.backup(world, into).path for _ in range(3)]
        last = backup.backup(world, into, keep=2)
        with pytest.raises(Invalid, match="backup.keep-wrong"):
            backup.backup(world, into, keep=0)
    assert last.dropped == tuple(Path(path).name for path in made[:2])
    assert sorted(path.name for path in into.iterdir() if path.name != ".lock") == sorted(
        Path(path).name for path in (made[2], last.path)
    )
    for path in (made[2], last.path):
        assert backup_files.find(Path(path)).name == served.ORIGIN


def test_no_backup_stays_longer_than_withdrawal_receipts_say(folder: Path, tmp_path: Path) -> None:
    """Each backup drops those that are too old; where none is promised, none is made."""
    into = tmp_path / "backups"
    with wiring.world(folder, {"backup_days": 7}) as world:
        old = backup.backup(replace(world, clock=lambda: START - timedelta(days=8)), into)
        young = backup.backup(replace(world, clock=lambda: START - timedelta(days=6)), into)
        assert young.dropped == ()  # it was not too old then
        now = backup.backup(replace(world, clock=lambda: START), into)
    assert now.dropped == (Path(old.path).name,)
    assert [path.name for path in backup_files._backups(into)] == [Path(young.path).name, Path(now.path).name]
    with wiring.world(folder, {"backup_days": 0}) as world, pytest.raises(Refused, match="backup.none-promised"):
        backup.backup(world, into)


def test_a_file_with_two_names_is_copied_once(template: tuple[Path, Person], folder: Path, tmp_path: Path) -> None:
    """An edition's files are links to the table's, and so they are in a backup."""
    with wiring.world(folder) as world:
        (waiting,) = deposit.recover(world)
        deposit.process(world, waiting, lambda *_: None)
        edition.freeze(world, f"{STANDARD}@2026.11")
        made = backup.backup(world, tmp_path / "backups", with_keys=True)
        files = {path.stem: path.stat().st_ino for path in Path(made.path).glob("reservoirs/*/*/*.parquet")}
        editions = {path.stem: path.stat().st_ino for path in Path(made.path).glob("editions/*/*/*.parquet")}
    assert editions
    assert editions.items() <= files.items()
    wiring.restored(Path(made.path), tmp_path / "again")
    assert checked(tmp_path / "again") == []
    assert template


def test_a_backup_of_another_dam_is_nothing_to_build_on(folder: Path, tmp_path: Path) -> None:
    """Two dams into one folder: each is whole; a damaged one, or one without links, is copied anew."""
    other = tmp_path / "other"
    wiring.init(other, name="other.example/log", jurisdiction="KR")
    into = tmp_path / "backups"
    with wiring.world(other) as world:
        backup.backup(world, into)
    with wiring.world(folder) as world:
        assert backup.backup(world, into).linked == 0
        second = backup.backup(world, into)
        bodies = list(Path(second.path).glob("bodies/*/*.json"))
        for body in bodies:
            body.unlink()
        third = backup.backup(world, into)
        assert third.linked == second.linked - len(bodies)
        (Path(third.path) / MANIFEST).write_text("{")
        assert backup.backup(world, into).linked == third.linked


def test_a_served_dam_is_backed_up_while_members_deposit(
    template: tuple[Path, Person], folder: Path, tmp_path: Path
) -> None:
    """The command goes through the server's socket; what comes back is one moment: sound, and nothing half done."""
    alice, outcomes, stop = template[1], [], threading.Event()

    def deposits(dam: served.Served) -> None:
        with dam.client(alice) as own:
            own.trust()
            number = 0
            while not stop.is_set():
                file = tmp_path / f"{number}.csv"
                file.write_text(f"meter,amount\nD{number},1\n")
                fit = fit_of(dam.world, STANDARD, b"meter,amount\n")
                outcomes.append(own.deposit(file, fit)["stage"])
                number += 1

    with serving(folder) as dam:
        thread = threading.Thread(target=deposits, args=(dam,))
        thread.start()
        made = [served.run("backup", tmp_path / "backups", "--dam", folder, "--with-keys") for _ in range(4)]
        stop.set()
        thread.join()
        size = dam.world.ledger.size
    assert [done.returncode for done in made] == [0] * 4, made
    assert set(outcomes) == {"committed"}
    seen: list[int] = []
    for number, path in enumerate(backup_files._backups(tmp_path / "backups")):
        done = served.run("restore", path, tmp_path / f"again{number}")
        assert done.returncode == 0, done.stderr
        entries, _, deposits_then, _, files = contents(tmp_path / f"again{number}")
        assert len(deposits_then) == len(files)  # type: ignore[arg-type]  # JSON
        assert checked(tmp_path / f"again{number}") == []
        seen.append(int(str(entries)))
    assert seen == sorted(seen)
    assert seen[-1] <= size


def test_a_deposit_between_the_log_and_its_table_comes_back_whole(
    folder: Path, tmp_path: Path, template: tuple[Path, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the log has will be visible: a restored dam is rolled forward as a start would do it."""
    with wiring.world(folder) as world:
        with monkeypatch.context() as patch:
            patch.setattr(type(world.lake), "append", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                template[1].deposits(world, STANDARD, b"meter,amount\nE1,1\n")
        backup.backup(world, tmp_path / "backups", with_keys=True)
    wiring.restored(tmp_path / "backups", tmp_path / "again")
    assert checked(tmp_path / "again") == []
    with wiring.world(tmp_path / "again") as again, again.store.read() as rows:
        last = max(rows.find(Deposit), key=lambda one: one.index)
        assert again.lake.holds(STANDARD, last.id)


# --- what happens meanwhile -------------------------------------------------------------------------------------------


class Meddling:
    """An archive to which something happens between the cut and the copy."""

    def __init__(self, world: World, meddle: Callable[[], object]) -> None:
        """Meddle each time."""
        assert world.archive is not None
        self._own, self._meddle = world.archive, meddle

    def draft(self, into: Path, at: datetime) -> Any:
        """The archive's own draft, which is meddled with before it is kept."""
        meddle, own = self._meddle, self._own.draft(into, at)

        class Draft:
            def __enter__(self) -> Self:
                self.inner = own.__enter__()
                return self

            def __exit__(self, *about: object) -> None:
                own.__exit__(*about)  # type: ignore[arg-type]  # as it came

            def cut(self, chosen: Any) -> None:
                self.inner.cut(chosen)

            def keep(self, *given: Any, **more: Any) -> Any:
                meddle()
                return self.inner.keep(*given, **more)

        return Draft()

    def drop(self, into: Path, keep: int | None, before: datetime) -> Any:
        """The archive's own."""
        return self._own.drop(into, keep, before)


def withdrawn(world: World, person: Person) -> str:
    """Take back and erase the person's newest deposit."""
    with world.store.read() as rows:
        last = max(rows.find(Deposit, contributor=person.id), key=lambda one: one.index)
    facts = {"contributor": person.id, "deposits": [last.id], "replaced_by": None, "reason": "moved"}
    statement = person.states(Kind.WITHDRAWAL, facts)
    id = withdraw.withdraw(world, person.caller, seal.envelope(statement))
    withdraw.purge(world, id)
    return str(last.id)


def test_a_withdrawal_while_it_copies_makes_it_begin_anew(
    template: tuple[Path, Person], folder: Path, tmp_path: Path
) -> None:
    """What comes back is the moment after it, without the withdrawn rows; the copy that was begun is gone."""
    gone: list[str] = []

    def once() -> None:
        if not gone:
            gone.append(withdrawn(world, template[1]))

    with wiring.world(folder) as world:
        meddled = replace(world, archive=Meddling(world, once))
        made = backup.backup(meddled, tmp_path / "backups", with_keys=True)
        after = told(world)
    assert made.entries == after[0]
    assert [path.name for path in (tmp_path / "backups").iterdir() if path.name != ".lock"] == [Path(made.path).name]
    assert not [path for path in Path(made.path).rglob("*") if gone[0] in path.name]
    wiring.restored(tmp_path / "backups", tmp_path / "again")
    assert contents(tmp_path / "again") == after
    assert checked(tmp_path / "again") == []


def test_a_dam_that_changes_each_time_is_told_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    """No endless attempts; a file that is rewritten in its place counts as changed, even at the same length."""
    (path,) = list((folder / "bodies").glob("*/*.json"))[:1]

    def rewritten() -> None:
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data)

    with wiring.world(folder) as world:
        meddled = replace(world, archive=Meddling(world, rewritten))
        with pytest.raises(Unavailable, match="backup.overtaken"):
            backup.backup(meddled, tmp_path / "backups")
    assert [path.name for path in (tmp_path / "backups").iterdir()] == [".lock"]


def test_a_deposit_that_is_sealed_while_it_copies_is_not_in_it(
    template: tuple[Path, Person], folder: Path, tmp_path: Path
) -> None:
    """Neither in the log nor in the table: the moment is the cut's."""
    alice = template[1]
    with wiring.world(folder) as world:
        before = told(world)

        def more() -> None:
            alice.deposits(world, STANDARD, f"meter,amount\nZ{world.ledger.size},1\n".encode())

        made = backup.backup(
            replace(world, archive=Meddling(world, more)),
            tmp_path / "backups",
            with_keys=True,
        )
    wiring.restored(Path(made.path), tmp_path / "again")
    assert contents(tmp_path / "again") == before
    assert checked(tmp_path / "again") == []


def test_a_database_older_than_the_log_is_rolled_forward(
    template: tuple[Path, Person], folder: Path, tmp_path: Path
) -> None:
    """Only the database comes from the backup: members, deposits and receipts since are all there again."""
    with wiring.world(folder) as world:
        made = backup.backup(world, tmp_path / "backups")
        bob = Person("Dora").joins(world)
        job = bob.deposits(world, STANDARD, b"meter,amount\nE1,1\n")
        with world.store.read() as rows:
            outcome = rows.get(Deposit, job.id)
        assert outcome is not None
        receipt = prove.receipt(world, bob.caller, outcome.outcome)
        after = told(world)
    for path in (folder / "state").iterdir():
        path.unlink()
    shutil.copy(Path(made.path) / "state" / "dam.sqlite", folder / "state" / "dam.sqlite")
    assert contents(folder) == after
    assert checked(folder) == []
    with wiring.world(folder) as world:
        assert prove.receipt(world, bob.caller, outcome.outcome)["statement"] == receipt["statement"]
        assert journal.own_job(world, bob.caller, job.id).stage == Stage.COMMITTED
    assert template


def test_two_backups_at_once_and_one_into_the_dam_are_refused(folder: Path, tmp_path: Path) -> None:
    """They would clear each other away; and it would grow by itself. In memory there is nothing to back up."""
    with wiring.world(folder) as world:
        assert world.archive is not None
        with (
            world.archive.draft(tmp_path / "backups", world.clock()),
            pytest.raises(Unavailable, match="backup.under-way"),
        ):
            backup.backup(world, tmp_path / "backups")
        for inside in (folder, folder / "backups"):
            with pytest.raises(Invalid, match="backup.inside"):
                backup.backup(world, inside)
    with pytest.raises(Unavailable, match="backup.no-folder"):
        backup.backup(a_world(tmp_path / "memory"), tmp_path / "backups")


def test_what_a_crash_left_is_cleared_and_is_no_backup(folder: Path, tmp_path: Path) -> None:
    """A folder without a manifest was never finished."""
    into = tmp_path / "backups"
    (into / ".20261122T000000Z.part").mkdir(parents=True)
    (into / "20261122T000000Z").mkdir()
    with pytest.raises(NotFound, match="backup.none"):
        wiring.restored(into, tmp_path / "again")
    with wiring.world(folder) as world:
        made = backup.backup(world, into)
    assert not (into / ".20261122T000000Z.part").exists()
    assert backup_files.find(into).path == Path(made.path)


def test_a_database_that_is_not_there_or_none_is_told(folder: Path, tmp_path: Path) -> None:
    """Kept elsewhere, or damaged: no backup that seems to be one."""
    with wiring.world(folder) as world:
        held = folder / "state" / "dam.sqlite"
        held.rename(folder / "state" / "moved")
        with pytest.raises(Unavailable, match="backup.state-elsewhere"):
            backup.backup(world, tmp_path / "backups")
        held.write_bytes(b"not a database, but long enough to be looked at" * 100)
        with pytest.raises(Unavailable, match="store.broken"):
            backup.backup(world, tmp_path / "backups")
        held.unlink()
        (folder / "state" / "moved").rename(held)


# --- keys -------------------------------------------------------------------------------------------------------------


def test_keys_are_in_it_only_when_asked_for(folder: Path, tmp_path: Path) -> None:
    """Without them no byte of any key; the command says so in both languages, and what is then to be done."""
    for language, word in (("en", "NOT"), ("ko", "않습니다")):
        done = served.run("backup", tmp_path / language, "--dam", folder, DATADAM_LANG=language)
        assert done.returncode == 0, done.stderr
        assert word in done.stdout
    keys = [path.read_text() for path in (folder / "keys").iterdir() if path.name != "held.json"]
    secrets = [json.loads(text)["d"] if text.startswith("{") else text.strip() for text in keys]
    for path in (tmp_path / "en").rglob("*"):
        if path.is_file():
            assert not [one for one in secrets if one.encode() in path.read_bytes()], path
    done = served.run("restore", tmp_path / "en", tmp_path / "again")
    assert done.returncode == 0
    assert "datadam check" in done.stdout.replace("\n", " ")
    assert served.run("status", tmp_path / "again").returncode == 6
    shutil.copytree(folder / "keys", tmp_path / "again" / "keys")
    assert served.run("check", tmp_path / "again").returncode == 0
    done = served.run("backup", tmp_path / "with", "--dam", folder, "--with-keys", "--keep", 1)
    assert "keys.json" in done.stdout
    (kept,) = (tmp_path / "with").rglob(KEYS)
    assert kept.stat().st_mode & 0o777 == 0o600


# --- what is refused --------------------------------------------------------------------------------------------------


def spoilt(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """A manifest that says something else."""

    def do(path: Path) -> None:
        told = json.loads((path / MANIFEST).read_text())
        change(told)
        (path / MANIFEST).write_text(json.dumps(told))

    return do


def first(path: Path, pattern: str) -> Path:
    """A file of a backup that a test may spoil: no longer the one that other backups link to."""
    return min(path.glob(pattern))


def flipped(pattern: str) -> Callable[[Path], None]:
    """One bit of one file is another."""

    def do(path: Path) -> None:
        file = first(path, pattern)
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)

    return do


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    **{
        f"a bit in {pattern}": (flipped(pattern), "backup.file-wrong")
        for pattern in ("bodies/*/*.json", "log/wal", "reservoirs/*/*/*.parquet", "state/dam.sqlite", KEYS)
    },
    "a file gone": (lambda path: first(path, "bodies/*/*.json").unlink(), "backup.file-wrong"),
    "keys gone": (lambda path: (path / KEYS).unlink(), "backup.file-wrong"),
    "keys unnamed": (spoilt(lambda told: told["files"].pop(KEYS)), "backup.file-wrong"),
    "no format": (lambda path: (path / "format.json").unlink(), "folder.not-a-dam"),
    "format unnamed": (spoilt(lambda told: told["files"].pop("format.json")), "backup.file-wrong"),
    "a newer dam": (
        lambda path: (path / "format.json").write_text((path / "format.json").read_text().replace("1", "99")),
        "folder.format-unknown",
    ),
    "a newer backup": (spoilt(lambda told: told.update(v=2)), "backup.format-unknown"),
    "no JSON": (lambda path: (path / MANIFEST).write_text("{"), "json.malformed"),
    "no manifest": (lambda path: (path / MANIFEST).write_text("[]"), "backup.manifest-wrong"),
    "a part missing": (spoilt(lambda told: told.pop("files")), "backup.manifest-wrong"),
    "a size that is none": (
        spoilt(lambda told: told["files"]["log/wal"].update(size="many")),
        "backup.manifest-wrong",
    ),
    **{
        f"the path {name!r}": (
            spoilt(lambda told, name=name: told["files"].update({name: told["files"]["log/wal"]})),  # type: ignore[misc]  # mypy infers no lambda with a default
            "backup.manifest-wrong",
        )
        for name in ("../outside", "/tmp/outside", "log/../../outside", "", "a\0b")  # noqa: S108  (refused)
    },
}


@pytest.fixture(scope="module")
def kept(template: tuple[Path, Person], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup with keys, to be copied."""
    folder = Path(shutil.copytree(template[0], tmp_path_factory.mktemp("kept") / "dam"))
    with wiring.world(folder) as world:
        return Path(backup.backup(world, folder.parent / "backups", with_keys=True).path)


@pytest.mark.parametrize("name", SPOILT)
def test_a_backup_that_is_not_what_it_was_is_not_restored(kept: Path, tmp_path: Path, name: str) -> None:
    """Its code, and nothing of the new folder stays, or anywhere else."""
    spoil, code = SPOILT[name]
    path = Path(shutil.copytree(kept, tmp_path / "backup"))
    spoil(path)
    with pytest.raises(DamError) as refused:
        wiring.restored(path, tmp_path / "again")
    assert refused.value.code == code
    assert not (tmp_path / "again").exists()
    (tmp_path / "empty").mkdir()
    with pytest.raises(DamError):
        wiring.restored(path, tmp_path / "empty")
    assert list((tmp_path / "empty").iterdir()) == []
    assert not (tmp_path / "outside").exists()


def test_a_folder_in_use_is_not_restored_into(kept: Path, folder: Path, tmp_path: Path) -> None:
    """Not one file of it is touched."""
    before = sorted(os.walk(folder))
    with pytest.raises(Invalid, match="folder.not-empty"):
        wiring.restored(kept, folder)
    assert sorted(os.walk(folder)) == before
    with pytest.raises(NotFound, match="backup.none"):
        wiring.restored(tmp_path, tmp_path / "again")
    done = served.run("restore", kept, folder)
    assert done.returncode == 2


def test_a_restored_dam_is_served_and_goes_on(kept: Path, tmp_path: Path, template: tuple[Path, Person]) -> None:
    """A member who pinned its log before believes it, and deposits again."""
    done = served.run("restore", kept, tmp_path / "again")
    assert done.returncode == 0, done.stderr
    with serving(tmp_path / "again") as dam, client.connect(dam.url, key=template[1].key) as own:
        assert own.trust()["size"] >= 1
        file = tmp_path / "more.csv"
        file.write_text("meter,amount\nF1,1\n")
        assert own.deposit(file, fit_of(dam.world, STANDARD, b"meter,amount\n"))["stage"] == "committed"
        assert httpx.get(f"{dam.url}/log/checkpoint").status_code == 200
