"""What comes in is hashed, bounded and whole, or leaves nothing behind."""

import errno
import hashlib
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from datadam.adapters.memory.spool import MemorySpool
from datadam.adapters.spool_files import SpoolFiles
from datadam.errors import Invalid, Unavailable

A, B = "a" * 64, "b" * 64
LIMIT = 1000


@pytest.fixture(params=["files", "memory"])
def spool(request: pytest.FixtureRequest, tmp_path: Path) -> SpoolFiles:
    """Each spool, with room for 2500 bytes."""
    return SpoolFiles(tmp_path / "spool", max_bytes=2500) if request.param == "files" else MemorySpool(max_bytes=2500)


def left(spool: SpoolFiles, deposit: str) -> list[str]:
    """Names in a deposit's folder."""
    return sorted(each.name for each in spool.folder(deposit).iterdir())


@given(chunks=st.lists(st.binary(max_size=300), max_size=8))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
def test_what_arrives_is_what_was_sent_and_its_digest(spool: SpoolFiles, chunks: list[bytes]) -> None:
    """However it is cut into chunks, empty ones too; the same deposit again takes the place of the first try."""
    whole = b"".join(chunks)
    path, digest, size = spool.receive(A, iter(chunks), limit=2500)
    assert (path.read_bytes(), digest, size) == (whole, hashlib.sha256(whole).hexdigest(), len(whole))
    assert left(spool, A) == ["received"]


def test_a_file_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(spool: SpoolFiles) -> None:
    """Too large is the sender's fault, and nothing of it stays."""
    assert spool.receive(A, iter([b"x" * LIMIT]), limit=LIMIT)[2] == LIMIT
    with pytest.raises(Invalid, match=r"spool\.file-too-large"):
        spool.receive(B, iter([b"x" * LIMIT, b"x"]), limit=LIMIT)
    assert left(spool, B) == []


def test_an_endless_sender_is_stopped_at_the_limit(spool: SpoolFiles) -> None:
    """The rest is not even asked for."""
    asked = 0

    def endless() -> Iterator[bytes]:
        nonlocal asked
        while True:
            asked += 1
            yield b"x" * 100

    with pytest.raises(Invalid, match=r"spool\.file-too-large"):
        spool.receive(A, endless(), limit=LIMIT)
    assert asked == LIMIT // 100 + 1


def test_a_broken_transfer_leaves_nothing_and_an_earlier_file_untouched(spool: SpoolFiles) -> None:
    """The connection drops: the partial file goes, the error is the sender's own."""
    path, _, _ = spool.receive(A, iter([b"first"]), limit=LIMIT)

    def dropped() -> Iterator[bytes]:
        yield b"second"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        spool.receive(A, dropped(), limit=LIMIT)
    assert path.read_bytes() == b"first"
    assert left(spool, A) == ["received"]


def test_all_deposits_together_stay_within_the_spools_room(spool: SpoolFiles) -> None:
    """Full is the dam's trouble, not the sender's; clearing makes room, work files count too."""
    for deposit in (A, B):
        spool.receive(deposit, iter([b"x" * LIMIT]), limit=LIMIT)
    with pytest.raises(Unavailable, match=r"spool\.full"):
        spool.receive("c" * 64, iter([b"x" * 501]), limit=LIMIT)
    spool.receive("c" * 64, iter([b"x" * 500]), limit=LIMIT)
    spool.clear(A)
    (spool.folder(B) / "admitted.parquet").write_bytes(b"x" * 900)
    spool.keep(B, "survey.json", b"{}")  # counts all that lies there
    with pytest.raises(Unavailable, match=r"spool\.full"):
        spool.receive(A, iter([b"x" * 101]), limit=LIMIT)
    (spool.folder(B) / "admitted.parquet").unlink()
    spool.discard(B, "survey.json")
    spool.receive(A, iter([b"x" * LIMIT]), limit=LIMIT)


def test_transfers_at_once_share_the_room(spool: SpoolFiles) -> None:
    """Three of 1000 bytes do not fit into 2500, in whatever order their chunks come; they may all be in the way."""
    start = threading.Barrier(3)

    def send(deposit: str) -> str:
        def slow() -> Iterator[bytes]:
            start.wait(timeout=30)
            for _ in range(10):
                yield b"x" * 100

        try:
            spool.receive(deposit, slow(), limit=LIMIT)
        except Unavailable as full:
            return full.code
        return "taken"

    with ThreadPoolExecutor(3) as pool:
        said = sorted(pool.map(send, (A, B, "c" * 64)))
    assert said.count("taken") <= 2
    assert set(said) <= {"spool.full", "taken"}


@pytest.mark.parametrize("deposit", ["", "a", "A" * 64, "../" + "a" * 61, "a" * 63 + "/", "a" * 64 + "\n", "." * 64])
def test_only_a_deposits_id_names_a_folder(spool: SpoolFiles, deposit: str) -> None:
    """No text from outside becomes a path."""
    for use in (spool.folder, spool.clear, lambda name: spool.receive(name, iter([b""]), limit=1)):
        with pytest.raises(Invalid, match=r"spool\.deposit-malformed"):
            use(deposit)


def test_clearing_removes_all_and_an_absent_folder_is_fine(spool: SpoolFiles) -> None:
    """Subfolders too; other deposits stay."""
    (spool.folder(A) / "share").mkdir()
    (spool.folder(A) / "share" / "x").write_bytes(b"x")
    kept, _, _ = spool.receive(B, iter([b"x"]), limit=1)
    folder = spool.folder(A)
    spool.clear(A)
    spool.clear(A)
    assert not folder.exists()
    assert kept.exists()


def test_everything_is_the_owners_alone(tmp_path: Path) -> None:
    """Folders 0700 and files 0600, whatever the umask says."""
    before = os.umask(0)
    try:
        path, _, _ = SpoolFiles(tmp_path / "spool", max_bytes=10).receive(A, iter([b"x"]), limit=1)
    finally:
        os.umask(before)
    assert [each.stat().st_mode & 0o777 for each in (tmp_path / "spool", path.parent, path)] == [0o700, 0o700, 0o600]


_CUT_OFF = """
import os, signal, sys
from pathlib import Path
from datadam.adapters.spool_files import SpoolFiles
def chunks():
    yield b"x" * 1000
    os.kill(os.getpid(), signal.SIGKILL)
SpoolFiles(Path(sys.argv[1]), max_bytes=10_000).receive("a" * 64, chunks(), limit=5000)
"""


def test_what_a_killed_transfer_left_is_removed_at_the_next_start(tmp_path: Path) -> None:
    """Partial files do not fill the spool for ever; whole ones stay and count."""
    root = tmp_path / "spool"
    SpoolFiles(root, max_bytes=10_000).receive(B, iter([b"x" * 2000]), limit=5000)
    subprocess.run([sys.executable, "-c", _CUT_OFF, str(root)], check=False, timeout=60)
    assert [each.stat().st_size for each in (root / A).iterdir()] == [1000]
    again = SpoolFiles(root, max_bytes=2500)
    assert left(again, A) == []
    assert left(again, B) == ["received"]
    with pytest.raises(Unavailable, match=r"spool\.full"):
        again.receive(A, iter([b"x" * 501]), limit=LIMIT)


_LIMITED = """
import signal, sys
from pathlib import Path
from datadam.adapters.spool_files import SpoolFiles
from datadam.errors import Unavailable
spool = SpoolFiles(Path(sys.argv[1]), max_bytes=10**9)
try:
    spool.receive("a" * 64, iter([b"x" * 100_000] * 100), limit=10**8)
except Unavailable as error:
    print(error.code, len(list(spool.folder("a" * 64).iterdir())))
"""


def test_a_disk_that_refuses_is_unavailable_and_nothing_stays(tmp_path: Path) -> None:
    """The system stops the file at one megabyte: told as the dam's trouble, the partial file is gone."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    said = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(tmp_path / "spool")],
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
        preexec_fn=limit,
    )
    assert said.stdout.split() == ["spool.broken", "0"]


def test_a_full_disk_is_told_as_such() -> None:
    """`/dev/full` says what a full disk says: no space left on device."""
    from datadam.adapters import spool_files

    handle = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(Unavailable) as refusal, spool_files._disk(Path("/dev/full")):
            spool_files._write_all(handle, b"x")
    finally:
        os.close(handle)
    assert refusal.value.code == "spool.disk-full"
    assert isinstance(refusal.value.__cause__, OSError)
    assert refusal.value.__cause__.errno == errno.ENOSPC


def test_a_spool_in_memory_goes_with_its_holder() -> None:
    """Its temporary folder is removed when nobody holds it any longer."""
    spool = MemorySpool()
    path, _, _ = spool.receive(A, iter([b"x"]), limit=1)
    assert path.exists()
    del spool
    assert not path.parent.parent.exists()
