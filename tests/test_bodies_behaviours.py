"""What every store of bodies does, in memory and on disk."""

import hashlib
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam.adapters import body_packs
from datadam.adapters.body_files import BodyFiles
from datadam.adapters.body_packs import BodyPacks
from datadam.adapters.memory.bodies import MemoryBodies
from datadam.errors import Invalid, NotFound, Unavailable, Untrusted
from datadam.ports import Bodies

A: Final = "aa" * 32
B: Final = "bb" * 32


@pytest.fixture(params=["memory", "files"])
def bodies(request: pytest.FixtureRequest, tmp_path: Path) -> Bodies:
    """Each store of bodies there is, empty."""
    return MemoryBodies() if request.param == "memory" else BodyFiles(tmp_path / "bodies")


def numbered(count: int) -> list[tuple[str, bytes]]:
    """So many bodies under their digests."""
    data = [b"body %d" % i for i in range(count)]
    return [(hashlib.sha256(d).hexdigest(), d) for d in data]


# --- every store ------------------------------------------------------------------------------------------------------


def test_a_body_comes_back_as_it_was(bodies: Bodies) -> None:
    """Bytes in, the same bytes out; empty ones too."""
    bodies.put(A, b'{"a":1}')
    bodies.put(B, b"")
    assert (bodies.get(A), bodies.get(B)) == (b'{"a":1}', b"")
    assert sorted(bodies.ids()) == [A, B]


def test_the_same_body_may_come_again_but_no_other(bodies: Bodies) -> None:
    """A retry is fine; another body under a held id is an attack or damage, and changes nothing."""
    bodies.put(A, b"one")
    bodies.put(A, b"one")
    with pytest.raises(Untrusted, match=r"body\.differs"):
        bodies.put(A, b"two")
    assert bodies.get(A) == b"one"


@pytest.mark.parametrize("batch", [[(B, b"b"), (A, b"other")], [(B, b"b"), (B, b"other")], [(B, b"b"), ("..", b"x")]])
def test_a_batch_is_kept_whole_or_refused_whole(bodies: Bodies, batch: list[tuple[str, bytes]]) -> None:
    """One wrong body among right ones: none of them is kept."""
    bodies.put(A, b"one")
    with pytest.raises((Untrusted, Invalid)):
        bodies.put_all(batch)
    assert list(bodies.ids()) == [A]


def test_a_batch_may_hold_a_body_twice_or_be_empty(bodies: Bodies) -> None:
    """Two statements may share a profile."""
    bodies.put_all([])
    bodies.put_all([(A, b"one"), (A, b"one"), *numbered(300)])
    assert len(list(bodies.ids())) == 301
    assert all(bodies.get(id) == data for id, data in numbered(300))


def test_an_erased_body_is_gone(bodies: Bodies) -> None:
    """Gone for good, also from the list; to erase it again is fine; another may take the place."""
    bodies.put_all([(A, b"one"), (B, b"two")])
    bodies.erase(A)
    bodies.erase(A)
    with pytest.raises(NotFound, match=r"body\.unknown"):
        bodies.get(A)
    assert list(bodies.ids()) == [B]
    bodies.put(A, b"three")
    assert bodies.get(A) == b"three"


WRONG: Final = [
    "",
    "aa",
    "AA" * 32,
    "aa" * 32 + "\n",
    "aa" * 33,
    "../" + "a" * 61,
    "/etc/passwd",
    "a" * 63 + "/",
    "a" * 63 + "\0",
    "\N{ARABIC-INDIC DIGIT ONE}" * 64,
    "tmp",
    "format",
]


@pytest.mark.parametrize("id", WRONG)
def test_an_id_that_could_be_a_path_is_refused(bodies: Bodies, id: str) -> None:
    """Only 64 lower-case hex digits name a body: no other spelling, no way out of the folder."""
    for attack in (lambda: bodies.put(id, b"x"), lambda: bodies.get(id), lambda: bodies.erase(id)):
        with pytest.raises(Invalid, match=r"body\.id-malformed"):
            attack()


@given(st.text(max_size=80))
def test_no_text_is_an_id_by_accident(text: str) -> None:
    """Whatever is asked for, an empty store answers in our own words."""
    with pytest.raises((Invalid, NotFound)):
        MemoryBodies().get(text)


def test_threads_may_put_at_once(bodies: Bodies) -> None:
    """Two writers of the same body agree; of different bodies under one id, one loses."""
    refused: list[str] = []

    def put(text: bytes) -> None:
        for id, data in numbered(20):
            bodies.put(id, data)
        try:
            bodies.put(A, text)
        except Untrusted as error:
            refused.append(error.code)

    threads = [threading.Thread(target=put, args=(b"%d" % i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["body.differs"] * 3
    assert len(list(bodies.ids())) == 21


# --- on disk ----------------------------------------------------------------------------------------------------------


def test_bodies_lie_where_the_layout_says_for_their_owner_alone(tmp_path: Path) -> None:
    """`ab/<id>.json`, a format, and nothing that others may read."""
    folder = tmp_path / "bodies"
    bodies = BodyFiles(folder)
    bodies.put_all([(A, b"one"), (B, b"two")])
    found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert found == {f"aa/{A}.json", f"bb/{B}.json", "format"}
    assert all(p.stat().st_mode & 0o077 == 0 for p in [folder, *folder.rglob("*")])


def test_a_restart_finds_bodies_and_clears_what_was_half_written(tmp_path: Path) -> None:
    """What a crash left aside is not a body."""
    BodyFiles(tmp_path).put(A, b"one")
    (tmp_path / "tmp" / "left").write_bytes(b"hal")
    bodies = BodyFiles(tmp_path)
    assert (list(bodies.ids()), bodies.get(A)) == ([A], b"one")
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_file_that_is_no_body_is_told(tmp_path: Path) -> None:
    """Somebody put a file among the bodies: listing says so instead of passing it on."""
    bodies = BodyFiles(tmp_path)
    bodies.put(A, b"one")
    (tmp_path / "aa" / "notes.txt").write_text("hello")
    with pytest.raises(Invalid, match=r"body\.id-malformed"):
        list(bodies.ids())


def test_an_unknown_format_of_bodies_is_refused(tmp_path: Path) -> None:
    """A folder of a later version is not touched."""
    (tmp_path / "format").write_text("datadam-bodies 3\n")
    with pytest.raises(Unavailable, match=r"disk\.format-unknown"):
        BodyFiles(tmp_path)


def test_a_failing_disk_is_told_and_keeps_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that could not be synced is not there."""
    bodies = BodyFiles(tmp_path)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fail)
        for batch in ([(A, b"one")], [(A, b"one"), (B, b"two")]):
            with pytest.raises(Unavailable, match=r"disk\.failed"):
                bodies.put_all(batch)
    assert list(bodies.ids()) == []
    bodies.put_all([(A, b"one"), (B, b"two")])
    assert bodies.get(B) == b"two"


PUTTER: Final = """
import hashlib, itertools, sys
from pathlib import Path
from datadam.adapters.body_files import BodyFiles
bodies = BodyFiles(Path(sys.argv[1]))
for i in itertools.count():
    data = [b"%d %d" % (i, j) * 500 for j in range(5)]
    items = [(hashlib.sha256(d).hexdigest(), d) for d in data]
    bodies.put_all(items)
    print(*[id for id, _ in items], flush=True)
"""


def test_acknowledged_bodies_survive_kill_nine_whole(tmp_path: Path) -> None:
    """Every body that was acknowledged is there, and none that is there is torn."""
    acknowledged: list[str] = []
    with subprocess.Popen([sys.executable, "-c", PUTTER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for _, line in zip(range(40), child.stdout, strict=False):
            acknowledged += line.split()
        child.send_signal(signal.SIGKILL)
    bodies = BodyFiles(tmp_path)
    held = list(bodies.ids())
    assert set(acknowledged) <= set(held)
    assert all(hashlib.sha256(bodies.get(id)).hexdigest() == id for id in held)


# --- those that come together -----------------------------------------------------------------------------------------


def everything(folder: Path) -> bytes:
    """Every byte of every file below a folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_a_batch_lies_in_one_file_and_each_of_it_can_be_erased(tmp_path: Path) -> None:
    """What was erased is nowhere any more, neither in the file nor beside it; its neighbours are as they were."""
    bodies = BodyFiles(tmp_path)
    batch = [(id, data + b" of one batch" * 50) for id, data in numbered(300)]
    bodies.put_all(batch)
    assert not list(tmp_path.rglob("*.json"))
    (gone, secret), *rest = batch
    assert secret in everything(tmp_path)
    bodies.erase(gone)
    bodies.erase(gone)
    assert secret not in everything(tmp_path)
    assert all(bodies.get(id) == data for id, data in rest)
    assert sorted(bodies.ids()) == sorted(id for id, _ in rest)
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.rglob("*"))
    bodies.close()
    bodies.close()
    again = BodyFiles(tmp_path)
    assert sorted(again.ids()) == sorted(id for id, _ in rest)
    with pytest.raises(NotFound, match=r"body\.unknown"):
        again.get(gone)


def test_a_body_is_held_once_however_it_came(tmp_path: Path) -> None:
    """Alone first and in a batch later, or the other way round: the same is fine, another is refused."""
    bodies = BodyFiles(tmp_path)
    batch = numbered(9)
    bodies.put(*batch[0])
    bodies.put_all(batch)
    bodies.put(*batch[5])
    assert sorted(bodies.ids()) == sorted(id for id, _ in batch)
    for attack in ([(batch[7][0], b"other")], [*numbered(20)[9:], (batch[7][0], b"other")]):
        with pytest.raises(Untrusted, match=r"body\.differs"):
            bodies.put_all(attack)
    assert sorted(bodies.ids()) == sorted(id for id, _ in batch)


def test_a_full_pack_is_left_for_the_next(tmp_path: Path) -> None:
    """One after the other; all are found, and of a full one too something can be erased, for good."""
    packs = BodyPacks(tmp_path / "packs", full=20_000)
    kept = {id: data * 300 for id, data in numbered(40)}
    for item in kept.items():
        packs.put(dict([item]))
    names = sorted(path.name for path in (tmp_path / "packs").iterdir())
    assert names[:2] == ["00000001.sqlite", "00000002.sqlite"]
    assert not [name for name in names if name.startswith("00000001.sqlite-")]
    assert packs.held(kept) == kept
    first, data = next(iter(kept.items()))
    packs.erase(first)
    assert packs.get(first) is None
    assert data not in everything(tmp_path)
    packs.close()
    again = BodyPacks(tmp_path / "packs", full=20_000)
    assert set(again.ids()) == set(kept) - {first}
    again.put({"ff" * 32: b"new"})
    assert again.get("ff" * 32) == b"new"
    again.close()


def test_a_pack_that_is_read_is_filled_further(tmp_path: Path) -> None:
    """A full one cannot be closed while a backup reads it: it gets larger, and nobody waits."""
    packs = BodyPacks(tmp_path / "packs", full=1)
    packs.put(dict(numbered(1)))
    (path,) = (tmp_path / "packs").glob("*.sqlite")
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        assert reader.execute("SELECT count(*) FROM body").fetchone() == (1,)
        packs.put(dict(numbered(2)[1:]))
    packs.put(dict(numbered(3)[2:]))
    assert len(list((tmp_path / "packs").glob("*.sqlite"))) == 2
    assert packs.held([id for id, _ in numbered(3)]) == dict(numbered(3))
    packs.close()


def test_a_pack_of_an_unknown_format_or_none_is_told(tmp_path: Path) -> None:
    """A later version's, and a file that is none: nothing is guessed at."""
    bodies = BodyFiles(tmp_path)
    bodies.put_all(numbered(9))
    bodies.close()
    (path,) = (tmp_path / "packs").glob("*.sqlite")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(Unavailable, match=r"disk\.format-unknown"):
        list(BodyFiles(tmp_path).ids())
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(Unavailable, match=r"disk\.failed"):
        BodyFiles(tmp_path).get(A)
    with pytest.raises(Unavailable, match=r"disk\.failed"):
        body_packs.copy(path, tmp_path / "copy")


def test_a_batch_that_the_disk_does_not_take_is_not_there(tmp_path: Path) -> None:
    """A full disk in the middle of a batch: all of it is undone, and the next goes through."""
    bodies = BodyFiles(tmp_path)
    bodies.put_all(numbered(9))
    big = [(id, data * 5000) for id, data in numbered(40)[20:]]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(Unavailable, match=r"disk\.failed"):
            bodies.put_all(big)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert sorted(bodies.ids()) == sorted(id for id, _ in numbered(9))
    bodies.put_all(big)
    assert bodies.get(big[3][0]) == big[3][1]


def test_an_erasure_that_had_to_wait_is_done_when_it_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The body is gone for whoever asks by then, and its bytes are not: the second time they go."""
    monkeypatch.setattr(body_packs, "BUSY_SECONDS", 0)
    packs = BodyPacks(tmp_path / "packs")
    kept = {id: data * 300 for id, data in numbered(9)}
    packs.put(kept)
    first, data = next(iter(kept.items()))
    (path,) = (tmp_path / "packs").glob("*.sqlite")
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM body").fetchone() == (9,)
        with pytest.raises(Unavailable, match=r"store\.busy"):
            packs.erase(first)
        reader.execute("COMMIT")
        assert packs.get(first) is None
        assert data in everything(tmp_path)
        packs.erase(first)
        assert data not in everything(tmp_path)
    packs.close()


def test_nothing_is_erased_while_somebody_may_still_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader of an older state keeps the write-ahead log: whoever erases is told, and does it again."""
    monkeypatch.setattr(body_packs, "BUSY_SECONDS", 0)
    bodies = BodyFiles(tmp_path)
    batch = numbered(9)
    bodies.put_all(batch)
    (path,) = (tmp_path / "packs").glob("*.sqlite")
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM body").fetchone() == (9,)
        with pytest.raises(Unavailable, match=r"store\.busy"):
            bodies.erase(batch[0][0])
        reader.execute("COMMIT")
    bodies.erase(batch[0][0])
    assert batch[0][0] not in bodies.ids()
