"""What every log does, in memory and on disk; and what the one on disk does about crashes and meddling."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datadam import merkle, seal
from datadam.adapters import tile_log
from datadam.adapters.memory.log import MemoryLog
from datadam.adapters.tile_log import TileLog
from datadam.audit import audit
from datadam.errors import DamError, Invalid, NotFound, Unavailable, Untrusted
from datadam.formats import note, tiles
from datadam.model import Checkpoint, Class, StatementId
from datadam.ports import Log

NAME: Final = "dam.example/log"
KEY: Final = seal.new_key()


@pytest.fixture(params=["memory", "tiles"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    """Each log there is, empty."""
    if request.param == "memory":
        yield MemoryLog()
        return
    made = TileLog(tmp_path / "log")
    yield made
    made.close()


def numbered(start: int, end: int) -> list[bytes]:
    """Entries that tell their own index."""
    return [b"entry %d" % i for i in range(start, end)]


def signed(log: Log) -> str:
    """A checkpoint of the log as it is."""
    return note.sign_checkpoint(Checkpoint(origin=NAME, size=log.size, root=log.root), NAME, KEY)


def grow(log: Log, count: int, *, batch: int = 100) -> None:
    """Append numbered entries and publish a checkpoint after each batch."""
    end = log.size + count
    for start in range(log.size, end, batch):
        log.append(numbered(start, min(start + batch, end)))
        log.publish(signed(log))


# --- every log --------------------------------------------------------------------------------------------------------


def test_an_empty_log_has_the_empty_root_and_no_checkpoint(log: Log) -> None:
    """Nothing is there, and nothing is claimed."""
    assert (log.size, log.root, list(log.entries())) == (0, merkle.EMPTY, [])
    with pytest.raises(NotFound, match=r"log\.checkpoint-missing"):
        log.checkpoint()


@pytest.mark.parametrize("sizes", [[1], [255], [256], [257], [1, 255, 1], [511, 2], [100] * 7, [65_537]])
def test_entries_come_back_in_order_under_the_right_root(log: Log, sizes: list[int]) -> None:
    """Around the edges of tiles and bundles, in batches of all sizes."""
    total = 0
    for size in sizes:
        assert log.append(numbered(total, total + size)) == total
        total += size
        assert log.size == total
        assert log.root == merkle.Frontier(map(merkle.leaf_hash, numbered(0, total))).root
    assert list(log.entries()) == numbered(0, total)
    for index in {0, total // 2, total - 1}:
        assert log.entry(index) == b"entry %d" % index
        assert log.leaf_hash(index) == merkle.leaf_hash(b"entry %d" % index)
        assert list(log.entries(index)) == numbered(index, total)
    assert list(log.entries(total)) == list(log.entries(total + 5)) == []


def test_proofs_of_any_size_verify(log: Log) -> None:
    """Inclusion and consistency for sizes around tile edges, also for trees that the log has outgrown."""
    roots: dict[int, bytes] = {0: log.root}
    for size in (1, 2, 3, 200, 255, 256, 257, 511, 512, 513, 700):
        log.append(numbered(log.size, size))
        roots[size] = log.root
    for new, root in roots.items():
        for index in {0, 1, 254, 255, 256, new // 2, new - 1} & set(range(new)):
            merkle.verify_inclusion(log.leaf_hash(index), index, new, log.inclusion(index, new), root)
        for old, old_root in roots.items():
            if old <= new:
                merkle.verify_consistency(old, new, log.consistency(old, new), old_root, root)


def test_what_is_not_there_is_not_found(log: Log) -> None:
    """No entry, no hash, no proof beyond the end or before the beginning."""
    log.append([b"only"])
    for index in (-1, 1):
        with pytest.raises(NotFound, match=r"log\.entry-unknown"):
            log.entry(index)
        with pytest.raises(NotFound, match=r"log\.entry-unknown"):
            log.leaf_hash(index)
    with pytest.raises(Invalid, match=r"proof\.range"):
        log.inclusion(1, 2)
    with pytest.raises(Invalid, match=r"proof\.range"):
        log.consistency(1, 2)


@pytest.mark.parametrize("batch", [[], [b""], [b"ok", b""], [b"x" * 65_536], [b"ok", b"x" * 65_536]])
def test_a_batch_that_cannot_be_kept_changes_nothing(log: Log, batch: list[bytes]) -> None:
    """Empty batches, empty entries and entries whose length does not fit two bytes."""
    log.append([b"before"])
    with pytest.raises(Invalid):
        log.append(batch)
    assert (log.size, list(log.entries())) == (1, [b"before"])


def test_the_longest_entry_fits(log: Log) -> None:
    """65,535 bytes are kept, in a full bundle too."""
    entries = [b"x" * 65_535] * 257
    log.append(entries)
    assert (log.entry(0), log.entry(256)) == (entries[0], entries[256])


def test_the_published_checkpoint_is_that_of_the_whole_log(log: Log) -> None:
    """A note about another tree is refused; the last good one stays."""
    grow(log, 3)
    held = log.checkpoint()
    assert note.open_checkpoint(held, note.vkey(NAME, KEY)).size == 3
    log.append([b"later"])
    for size, root in ((3, log.root), (4, merkle.EMPTY)):
        with pytest.raises(Invalid, match=r"log\.checkpoint-differs"):
            log.publish(note.sign_checkpoint(Checkpoint(origin=NAME, size=size, root=root), NAME, KEY))
    assert log.checkpoint() == held


def test_readers_and_writer_do_not_disturb_one_another(log: Log) -> None:
    """While one thread appends, others read and prove; every answer is right for the size it was asked for."""
    faults: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                size = log.size
                if size:
                    index = size - 1
                    assert log.entry(index) == b"entry %d" % index
                    log.inclusion(index // 2, size)
                    assert len(list(log.entries(max(size - 300, 0)))) >= min(size, 300)
        except BaseException as fault:  # noqa: BLE001  (a thread must tell the test what it met)
            faults.append(fault)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for start in range(0, 3000, 50):
        log.append(numbered(start, start + 50))
    done.set()
    for reader in readers:
        reader.join()
    assert not faults


@settings(max_examples=25)
@given(st.lists(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=200), max_size=6), st.data())
def test_the_log_on_disk_is_the_one_in_memory(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[bytes]], data: st.DataObject
) -> None:
    """Any batches, reopened at any point: the same entries, roots and proofs."""
    folder = tmp_path_factory.mktemp("log")
    reference, log = MemoryLog(), TileLog(folder)
    for batch in batches:
        assert log.append(batch) == reference.append(batch)
        if data.draw(st.booleans()):
            log.publish(signed(log))
        if data.draw(st.booleans()):
            log.close()
            log = TileLog(folder)
        assert (log.size, log.root) == (reference.size, reference.root)
    assert list(log.entries()) == list(reference.entries())
    if log.size:
        index = data.draw(st.integers(0, log.size - 1))
        size = data.draw(st.integers(index + 1, log.size))
        assert log.inclusion(index, size) == reference.inclusion(index, size)
        assert log.consistency(index, size) == reference.consistency(index, size)
    log.close()


# --- on disk ----------------------------------------------------------------------------------------------------------


def reopened(log: TileLog, folder: Path) -> TileLog:
    """The log as a restart finds it."""
    log.close()
    return TileLog(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a log lies."""
    return tmp_path / "log"


@pytest.fixture
def small_wal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the wal begin anew often."""
    monkeypatch.setattr(tile_log, "WAL_LIMIT", 2000)


def test_the_files_are_those_of_the_specification_and_nothing_else(folder: Path) -> None:
    """Full tiles, the partial ones of the checkpoint, bundles; outgrown partial tiles are gone."""
    log = TileLog(folder)
    grow(log, 256)
    grow(log, 44, batch=44)
    log.close()
    found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert found == {
        "format",
        "wal",
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    }
    assert (folder / "tile/0/000").stat().st_size == 8192
    assert (folder / "tile/1/000.p/1").read_bytes() == merkle.Frontier(map(merkle.leaf_hash, numbered(0, 256))).root
    assert (folder / "format").read_text() == "datadam-log 1\n"


@pytest.mark.usefixtures("small_wal")
def test_a_tile_once_written_never_changes(folder: Path) -> None:
    """Every path that a reader ever saw holds the same bytes for as long as it is there."""
    log, seen = TileLog(folder), dict[Path, str]()
    for _ in range(60):
        grow(log, 37)
        for path in (folder / "tile").rglob("*"):
            if path.is_file():
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                assert seen.setdefault(path, digest) == digest
    log.close()
    assert len(seen) > 60


@pytest.mark.usefixtures("small_wal")
@pytest.mark.parametrize("count", [0, 1, 255, 256, 300, 1000])
def test_a_restart_finds_everything(folder: Path, count: int) -> None:
    """Entries, root, checkpoint; and it goes on from there."""
    log = TileLog(folder)
    grow(log, count)
    root, checkpoint = log.root, log.checkpoint() if count else None
    log = reopened(log, folder)
    assert (log.size, log.root) == (count, root)
    assert list(log.entries()) == numbered(0, count)
    assert checkpoint is None or log.checkpoint() == checkpoint
    grow(log, 300)
    assert log.root == merkle.Frontier(map(merkle.leaf_hash, numbered(0, count + 300))).root
    log.close()


@pytest.mark.usefixtures("small_wal")
def test_the_wal_stays_small(folder: Path) -> None:
    """What full tiles hold is not kept twice for ever; nor is the wal begun anew for each large entry."""
    log = TileLog(folder)
    for _ in range(40):
        log.append(numbered(log.size, log.size + 100))
        assert (folder / "wal").stat().st_size < 2000 + 100 * 20 + 256 * 20
    inodes = set()
    for _ in range(200):
        log.append([b"x" * 1000])
        inodes.add((folder / "wal").stat().st_ino)
    assert len(inodes) < 20
    log = reopened(log, folder)
    assert log.size == 4200
    log.close()


def test_entries_that_no_checkpoint_covers_are_not_lost(folder: Path) -> None:
    """`append` alone is durable: a restart rolls it forward and shows readers the tiles."""
    log = TileLog(folder)
    grow(log, 10)
    log.append(numbered(10, 300))
    shutil.rmtree(folder / "tile")  # as after a power cut, when names of tiles were not on the disk yet
    log = reopened(log, folder)
    assert list(log.entries()) == numbered(0, 300)
    assert (folder / "tile/0/000").stat().st_size == 8192
    assert (folder / "tile/entries/001.p/44").is_file()
    log.close()


@pytest.mark.parametrize(
    "garbage", [b"\0", b"\0" * 5000, b"\x00\x05ent", b"\xff\xff" + b"x" * 100, b"\0\1a\0\0" + b"r" * 32]
)
def test_a_torn_tail_is_cut(folder: Path, garbage: bytes) -> None:
    """What a crash left behind the last whole batch was never acknowledged; the log goes on without it."""
    log = TileLog(folder)
    grow(log, 300)
    with (folder / "wal").open("ab") as wal:
        wal.write(garbage)
    log = reopened(log, folder)
    assert list(log.entries()) == numbered(0, 300)
    grow(log, 10)
    log = reopened(log, folder)
    assert list(log.entries()) == numbered(0, 310)
    log.close()


def test_any_prefix_of_the_wal_restarts_with_whole_batches(folder: Path, tmp_path: Path) -> None:
    """A power cut at any byte of the last batch: all of it or nothing of it."""
    log = TileLog(folder)
    log.append(numbered(0, 4))
    kept = (folder / "wal").stat().st_size
    log.append(numbered(4, 6))
    log.close()
    whole = (folder / "wal").read_bytes()
    for cut in range(kept, len(whole) + 1):
        copy = tmp_path / f"copy{cut}"
        shutil.copytree(folder, copy)
        (copy / "wal").write_bytes(whole[:cut])
        again = TileLog(copy)
        assert again.size == (6 if cut == len(whole) else 4)
        again.close()


def test_a_wal_that_is_shorter_than_the_checkpoint_is_refused(folder: Path) -> None:
    """Entries that were shown to the world cannot be cut as if they had been torn."""
    log = TileLog(folder)
    grow(log, 3, batch=1)
    log.close()
    wal = folder / "wal"
    wal.write_bytes(wal.read_bytes()[:-1])
    before = wal.read_bytes()
    with pytest.raises(Untrusted, match=r"log\.entries-lost"):
        TileLog(folder)
    assert wal.read_bytes() == before, "evidence stays"


def test_a_log_under_another_history_s_checkpoint_does_not_open(folder: Path) -> None:
    """Files that agree with one another, but not with what was shown to the world."""
    log = TileLog(folder)
    grow(log, 300)
    log.close()
    other = Checkpoint(origin=NAME, size=299, root=merkle.leaf_hash(b"other"))
    (folder / "checkpoint").write_text(note.sign_checkpoint(other, NAME, KEY))
    with pytest.raises(Untrusted, match=r"log\.root-wrong"):
        TileLog(folder)


@pytest.mark.usefixtures("small_wal")
@pytest.mark.parametrize(
    "name", ["tile/entries/000", "tile/entries/002", "tile/0/000", "tile/0/001", "tile/1/000", "wal", "checkpoint"]
)
def test_a_meddled_log_does_not_open(folder: Path, name: str) -> None:
    """One flipped bit in any file that the log stands on is found at the start."""
    log = TileLog(folder)
    grow(log, 256 * 256 + 700 if name == "tile/1/000" else 900, batch=5000)
    log.close()
    path = folder / name
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(data)
    with pytest.raises(Untrusted):
        TileLog(folder)


LONG: Final = 2 * 65_536 + 300  # two full tiles of tiles and something over


def real(start: int, end: int) -> list[bytes]:
    """Entries as a dam has them."""
    return [note.entry(Class.ACTIVITY, StatementId(f"{number:064x}")) for number in range(start, end)]


@pytest.fixture(scope="module")
def long_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log that was published whole."""
    folder = tmp_path_factory.mktemp("long") / "log"
    log = TileLog(folder)
    for start in range(0, LONG, 16_384):
        log.append(real(start, min(LONG, start + 16_384)))
    checkpoint = Checkpoint(origin=NAME, size=log.size, root=log.root)
    log.publish(note.sign_checkpoint(checkpoint, NAME, KEY))
    log.close()
    return folder


def test_a_long_log_is_taken_up_by_its_tiles_and_goes_on(
    long_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a start does not hash again it knows all the same: root, proofs and what is appended are those of all."""
    monkeypatch.setattr(tile_log, "RECENT", 0)
    monkeypatch.setattr(tile_log, "WAL_LIMIT", 1)
    folder = Path(shutil.copytree(long_log, tmp_path / "log"))
    log, whole = TileLog(folder), MemoryLog()
    whole.append(real(0, LONG))
    for upto in (LONG, 2 * 65_536 + 65_000, 3 * 65_536 + 3):
        if upto > log.size:
            added = real(log.size, upto)
            log.append(added)
            whole.append(added)
        assert (log.size, log.root) == (whole.size, whole.root)
        for index in (0, 65_535, 65_536, 131_071, upto - 1):
            assert log.inclusion(index, upto) == whole.inclusion(index, upto)
        log = reopened(log, folder)
    log.close()


@pytest.mark.parametrize(
    ("name", "at_start"), [("tile/1/000", True), ("tile/entries/000", False), ("tile/0/000", False)]
)
def test_a_long_log_s_old_tiles_are_held_against_the_root(
    long_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, at_start: bool
) -> None:
    """The tiles of tiles at each start, their leaves and entries by an audit."""
    monkeypatch.setattr(tile_log, "RECENT", 0)
    folder = Path(shutil.copytree(long_log, tmp_path / "log"))
    data = bytearray((folder / name).read_bytes())
    data[20] ^= 1
    (folder / name).write_bytes(data)
    if at_start:
        with pytest.raises(Untrusted, match=r"log\.root-wrong"):
            TileLog(folder)
    else:
        TileLog(folder).close()
        with pytest.raises(Untrusted, match=r"log\.(root-wrong|file-wrong|entry-malformed)"):
            audit(lambda name: (folder / name).read_bytes(), vkey=note.vkey(NAME, KEY), bodies=None)


@pytest.mark.usefixtures("small_wal")
@pytest.mark.parametrize("name", ["tile/entries/000", "wal", "format"])
def test_a_log_with_a_missing_file_does_not_open(folder: Path, name: str) -> None:
    """Nothing is begun anew over what is left of a log."""
    log = TileLog(folder)
    grow(log, 600)
    log.close()
    (folder / name).unlink()
    with pytest.raises(Untrusted, match=r"log\.file-missing"):
        TileLog(folder)


def test_a_lost_format_does_not_make_an_unpublished_log_empty(folder: Path) -> None:
    """Entries in the wal alone are a log too."""
    log = TileLog(folder)
    log.append([b"only in the wal"])
    log.close()
    (folder / "format").unlink()
    with pytest.raises(Untrusted, match=r"log\.file-missing"):
        TileLog(folder)


def test_half_a_beginning_is_begun_again(folder: Path) -> None:
    """A crash before the format was written left nothing that counts."""
    TileLog(folder).close()
    (folder / "format").unlink()
    (folder / "tmp" / "left").write_bytes(b"half a file")
    log = TileLog(folder)
    grow(log, 1)
    log.close()
    assert list((folder / "tmp").iterdir()) == []


def test_an_unknown_format_is_refused(folder: Path) -> None:
    """A log of a later version is not touched."""
    TileLog(folder).close()
    (folder / "format").write_text("datadam-log 2\n")
    with pytest.raises(Unavailable, match=r"disk\.format-unknown"):
        TileLog(folder)


def test_a_header_that_makes_no_sense_is_refused(folder: Path) -> None:
    """A wal that is cut short, or begins inside a tile."""
    TileLog(folder).close()
    for header in (b"short", (7).to_bytes(8, "big") + bytes(32)):
        (folder / "wal").write_bytes(header)
        with pytest.raises(Untrusted, match=r"log\.file-malformed"):
            TileLog(folder)
    (folder / "wal").write_bytes((0).to_bytes(8, "big") + bytes(32))
    with pytest.raises(Untrusted, match=r"log\.root-wrong"):
        TileLog(folder)


def test_tiles_that_vanish_while_the_dam_runs_are_told(folder: Path) -> None:
    """A read finds the damage instead of giving something else."""
    log = TileLog(folder)
    grow(log, 600)
    (folder / "tile/0/000").write_bytes(b"short")
    with pytest.raises(Untrusted, match=r"log\.file-malformed"):
        log.inclusion(0, 600)
    (folder / "tile/entries/001").unlink()
    with pytest.raises(Untrusted, match=r"log\.file-missing"):
        list(log.entries())
    (folder / "checkpoint").write_bytes(b"\xff")
    with pytest.raises(Untrusted, match=r"log\.file-malformed"):
        log.checkpoint()
    log.close()


def test_a_proof_reads_a_few_tiles_of_a_large_log(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proofs in a log of 70,000 entries, which has 275 tiles, read fewer than ten, and no entry."""
    log = TileLog(folder)
    log.append(numbered(0, 70_000))
    read: list[str] = []
    really = log._read

    def watched(name: str) -> bytes:
        read.append(name)
        return really(name)

    monkeypatch.setattr(log, "_read", watched)
    log.inclusion(12_345, 69_999)
    log.consistency(12_345, 69_999)
    assert 0 < len(set(read)) < 10
    assert not [name for name in read if "entries" in name]
    log.close()


def test_a_failing_disk_stops_the_log_until_it_is_opened_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failed fsync nobody knows what is on the disk: no later append may be acknowledged on top of it."""
    log = TileLog(folder)
    grow(log, 5)

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fail)
        with pytest.raises(Unavailable, match=r"disk\.failed"):
            log.append([b"entry 5"])
    with pytest.raises(Unavailable, match=r"log\.stopped"):
        log.append([b"entry 5"])
    assert log.size == 5
    log = reopened(log, folder)
    assert list(log.entries())[:5] == numbered(0, 5)
    log.append(numbered(log.size, log.size + 1))
    log.close()


def test_a_closed_log_takes_nothing(folder: Path) -> None:
    """Closing twice is fine; appending afterwards is not."""
    log = TileLog(folder)
    log.close()
    log.close()
    with pytest.raises(Unavailable, match=r"log\.stopped"):
        log.append([b"x"])


def test_the_folder_is_its_owners(folder: Path) -> None:
    """Nobody else on the machine reads or writes the log's files."""
    log = TileLog(folder)
    grow(log, 300)
    log.close()
    assert all(p.stat().st_mode & 0o077 == 0 for p in [folder, *folder.rglob("*")])


APPENDER: Final = """
import sys
from pathlib import Path
from datadam import seal
from datadam.adapters import tile_log
from datadam.formats import note
from datadam.model import Checkpoint, Class, StatementId
tile_log.WAL_LIMIT = 3000
key = seal.new_key()
log = tile_log.TileLog(Path(sys.argv[1]))
while True:
    log.append([b"entry %d" % i for i in range(log.size, log.size + 41)])
    print(log.size, flush=True)
    log.publish(note.sign_checkpoint(Checkpoint(origin="x", size=log.size, root=log.root), "x", key))
"""


@pytest.mark.parametrize("lines", [1, 3, 17, 60, 61, 90])
def test_what_was_acknowledged_survives_kill_nine(folder: Path, lines: int) -> None:
    """A process that appends is killed, three times over: a restart has every entry that it said it had."""
    acknowledged = 0
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", APPENDER, str(folder)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            for _, line in zip(range(lines), child.stdout, strict=False):
                acknowledged = int(line)
            child.send_signal(signal.SIGKILL)
            for line in child.stdout:
                acknowledged = int(line) if line.endswith("\n") else acknowledged
        log = TileLog(folder)
        assert log.size >= acknowledged > 0
        assert list(log.entries()) == numbered(0, log.size)
        assert log.size % 41 == 0, "a batch is there whole or not at all"
        published = note.unsigned_checkpoint(log.checkpoint()) if (folder / "checkpoint").exists() else None
        assert published is None or published.size <= log.size
        log.close()


# --- what a log is made of --------------------------------------------------------------------------------------------


@given(st.binary(max_size=400))
def test_no_wal_makes_a_start_stumble(tmp_path_factory: pytest.TempPathFactory, tail: bytes) -> None:
    """Whatever stands in the file, a start ends with the empty log, with whole batches, or in one of our own errors."""
    folder = tmp_path_factory.mktemp("log")
    TileLog(folder).close()
    with (folder / "wal").open("ab") as wal:
        wal.write(tail)
    outcome = attempt(lambda: TileLog(folder))
    assert outcome is None or outcome.size == 0
    if outcome:
        outcome.close()


def attempt(open_log: Callable[[], TileLog]) -> TileLog | None:
    """The log, or None where it was refused in our own words."""
    try:
        return open_log()
    except DamError:
        return None


def test_sizes_say_which_tiles_there_are() -> None:
    """The full ones in order, then the partial one; none for an empty level."""
    assert list(tiles.widths(0, 600)) == [(0, 256), (1, 256), (2, 88)]
    assert list(tiles.widths(1, 600)) == [(0, 2)]
    assert list(tiles.widths(2, 600)) == []
    assert list(tiles.widths(0, 512)) == [(0, 256), (1, 256)]
    assert [tiles.levels(n) for n in (0, 1, 255, 256, 65_535, 65_536)] == [0, 1, 1, 2, 2, 3]
