"""A large file arrives over as many connections as it takes: nothing told as taken is lost, nothing is mixed."""

import errno
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from datadam import client, seal, wiring
from datadam.adapters import private_files, spool_pieces
from datadam.adapters.memory.spool import MemorySpool
from datadam.adapters.spool_files import SpoolFiles
from datadam.client import upload as sending
from datadam.dam import deposit, upload
from datadam.dam.upload import Piece
from datadam.dam.world import World
from datadam.edges import incoming
from datadam.edges import upload as edge
from datadam.errors import Invalid, NotFound, Refused, Unavailable
from datadam.model import Job, Json, Stage, Token
from served import STANDARD, Served, environment, made, process, published, run, serving
from worlds import Person, chunks, fit_of, forward

A, B = "a" * 64, "b" * 64
ROOM = 2500


def sha(data: bytes) -> str:
    """SHA-256 as hex digits."""
    return hashlib.sha256(data).hexdigest()


# --- on the disk ------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["files", "memory"])
def spool(request: pytest.FixtureRequest, tmp_path: Path) -> SpoolFiles:
    """Each spool, with room for 2500 bytes."""
    return SpoolFiles(tmp_path / "spool", max_bytes=ROOM) if request.param == "files" else MemorySpool(max_bytes=ROOM)


def names(spool: SpoolFiles, id: str) -> list[str]:
    """What lies in a deposit's folder."""
    return sorted(each.name for each in spool.folder(id).iterdir())


@given(
    pieces=st.lists(st.lists(st.binary(max_size=200), max_size=3), min_size=1, max_size=5),
    restarts=st.sets(st.integers(0, 5)),
)
@hypothesis_settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pieces_become_the_file_that_was_sent(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[list[bytes]], restarts: set[int]
) -> None:
    """However it is cut, and whenever the process is another: the same bytes, the same digest, nothing else left."""
    root = tmp_path_factory.mktemp("spool") / "spool"
    spool, sent = SpoolFiles(root, max_bytes=10_000), b""
    for number, piece in enumerate(pieces):
        if number in restarts:
            spool = SpoolFiles(root, max_bytes=10_000)
        assert spool.begun(A) == len(sent)
        sent += b"".join(piece)
        assert spool.append(A, iter(piece), offset=len(sent) - sum(map(len, piece)), limit=10_000) == len(sent)
    path, digest, size = spool.finish(A)
    assert (path.read_bytes(), digest, size) == (sent, sha(sent), len(sent))
    assert names(spool, A) == ["received"]


def test_only_the_next_byte_is_taken(spool: SpoolFiles) -> None:
    """Neither a gap nor an overlap: the refusal says where to go on, and nothing changed."""
    spool.append(A, iter([b"x" * 100]), offset=0, limit=1000)
    for offset in (0, 99, 101, 10**12):
        with pytest.raises(Invalid, match=r"spool\.offset-other") as refusal:
            spool.append(A, iter([b"y"]), offset=offset, limit=1000)
        assert refusal.value.facts == {"offset": offset, "expected": 100}
    assert spool.begun(A) == 100


def broken(*before: bytes) -> Iterator[bytes]:
    """A line that breaks off."""
    yield from before
    raise ConnectionResetError


def test_what_came_before_a_broken_line_stays(spool: SpoolFiles) -> None:
    """The sender's own error comes out, and the next piece goes on."""
    with pytest.raises(ConnectionResetError):
        spool.append(A, broken(b"one", b"two"), offset=0, limit=1000)
    assert spool.begun(A) == 6
    spool.append(A, iter([b"three"]), offset=6, limit=1000)
    assert spool.finish(A)[1] == sha(b"onetwothree")


def test_a_file_longer_than_its_limit_is_stopped_there(spool: SpoolFiles) -> None:
    """A byte too many is refused before it is written."""
    with pytest.raises(Invalid, match=r"spool\.file-too-large"):
        spool.append(A, iter([b"x" * 10, b"x"]), offset=0, limit=10)
    assert spool.begun(A) == 10


def test_pieces_take_room_in_the_spool_until_they_are_cleared(spool: SpoolFiles) -> None:
    """Half a file counts as what it takes, and only once; a full spool keeps what it took."""
    for _ in range(3):
        spool.append(A, iter([b"x" * 500]), offset=spool.begun(A), limit=ROOM)
    with pytest.raises(Unavailable, match=r"spool\.full"):
        spool.receive(B, iter([b"x" * 1001]), limit=ROOM)
    with pytest.raises(Unavailable, match=r"spool\.full"):
        spool.append(A, iter([b"x" * 900, b"x" * 101]), offset=1500, limit=2 * ROOM)
    assert spool.begun(A) == 2400
    spool.append(A, iter([b"x" * 100]), offset=2400, limit=ROOM)
    spool.clear(A)
    spool.receive(B, iter([b"x" * ROOM]), limit=ROOM)


def test_a_restart_counts_what_lies_there(tmp_path: Path) -> None:
    """Half a file of yesterday takes its room today."""
    SpoolFiles(tmp_path, max_bytes=ROOM).append(A, iter([b"x" * 2000]), offset=0, limit=ROOM)
    with pytest.raises(Unavailable, match=r"spool\.full"):
        SpoolFiles(tmp_path, max_bytes=ROOM).receive(B, iter([b"x" * 501]), limit=ROOM)


def test_a_whole_file_takes_the_place_of_pieces(spool: SpoolFiles) -> None:
    """Who sends it in one go after all leaves no halves behind."""
    spool.append(A, iter([b"x" * 2000]), offset=0, limit=ROOM)
    path, _, _ = spool.receive(A, iter([b"y" * ROOM]), limit=ROOM)
    assert path.read_bytes() == b"y" * ROOM
    assert names(spool, A) == ["received"]


def test_a_crash_after_the_last_byte_loses_none(tmp_path: Path) -> None:
    """The file had its name, and nobody wrote down that it was whole: it counts as far as it goes, and may go on."""
    SpoolFiles(tmp_path, max_bytes=ROOM).append(A, iter([b"first"]), offset=0, limit=ROOM)
    SpoolFiles(tmp_path, max_bytes=ROOM).finish(A)
    again = SpoolFiles(tmp_path, max_bytes=ROOM)
    assert again.begun(A) == 5
    assert again.append(A, iter([b"second"]), offset=5, limit=ROOM) == 11
    for _ in range(2):
        assert SpoolFiles(tmp_path, max_bytes=ROOM).finish(A)[1] == sha(b"firstsecond")


@pytest.mark.parametrize("harm", ["changed", "shorter", "mark", "gone"])
def test_a_disk_that_lost_what_was_promised_is_told(tmp_path: Path, harm: str) -> None:
    """Bytes that are other ones, or fewer, or a mark that nobody can read: never a file that only looks whole."""
    SpoolFiles(tmp_path, max_bytes=ROOM).append(A, iter([b"x" * 100]), offset=0, limit=ROOM)
    file, mark = tmp_path / A / spool_pieces.COMING, tmp_path / A / "mark.part"
    match harm:
        case "changed":
            file.write_bytes(b"x" * 50 + b"y" + b"x" * 49)
        case "shorter":
            file.write_bytes(b"x" * 99)
        case "mark":
            mark.write_text("nonsense", encoding="ascii")
        case "gone":
            mark.write_text(f"100 {'0' * 64}\n", encoding="ascii")
    with pytest.raises(Unavailable, match=r"spool\.damaged"):
        SpoolFiles(tmp_path, max_bytes=ROOM).append(A, iter([b"y"]), offset=100, limit=ROOM)


def test_what_was_written_and_not_promised_is_not_counted(tmp_path: Path) -> None:
    """After a power cut bytes beyond the mark may be anything: they go, and the sender sends them again."""
    SpoolFiles(tmp_path, max_bytes=ROOM).append(A, iter([b"x" * 100]), offset=0, limit=ROOM)
    with (tmp_path / A / spool_pieces.COMING).open("ab") as file:
        file.write(b"\0" * 50)
    again = SpoolFiles(tmp_path, max_bytes=ROOM)
    assert again.begun(A) == 100
    again.append(A, iter([b"y"]), offset=100, limit=ROOM)
    assert again.finish(A)[0].read_bytes() == b"x" * 100 + b"y"


def test_a_long_piece_is_promised_on_its_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill costs no more than the last stretch: the mark moves every so many bytes."""
    monkeypatch.setattr(spool_pieces, "SYNC_BYTES", 100)
    spool, seen = SpoolFiles(tmp_path, max_bytes=ROOM), []

    def watched() -> Iterator[bytes]:
        for _ in range(5):
            yield b"x" * 60
            seen.append(spool.begun(A))

    spool.append(A, watched(), offset=0, limit=ROOM)
    assert seen == [0, 120, 120, 240, 240]
    assert spool.begun(A) == 300


def test_a_failed_sync_is_never_promised_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk says once that it lost something: what was sent since the last good sync is sent again."""
    spool = SpoolFiles(tmp_path, max_bytes=ROOM)
    spool.append(A, iter([b"x" * 100]), offset=0, limit=ROOM)
    real, failed = os.fsync, list[int]()

    def fails_once(handle: int) -> None:
        if not failed:
            failed.append(handle)
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(handle)

    monkeypatch.setattr(spool_pieces, "SYNC_BYTES", 50)
    monkeypatch.setattr(os, "fsync", fails_once)
    with pytest.raises(Unavailable, match=r"spool\.broken"):
        spool.append(A, iter([b"y" * 60, b"z" * 60]), offset=100, limit=ROOM)
    assert spool.begun(A) == 100
    spool.append(A, iter([b"y" * 60]), offset=100, limit=ROOM)
    assert spool.finish(A)[1] == sha(b"x" * 100 + b"y" * 60)


def test_a_disk_full_in_the_middle_keeps_whole_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a chunk that fitted is cut off again; the rest goes on when there is room."""
    spool, real = SpoolFiles(tmp_path, max_bytes=ROOM), os.write

    def small(handle: int, data: bytes) -> int:
        if bytes(data[:1]) == b"y":
            if len(data) < 100:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(handle, data[:40])
        return real(handle, data)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", small)
        with pytest.raises(Unavailable, match=r"spool\.disk-full"):
            spool.append(A, iter([b"x" * 10, b"y" * 100]), offset=0, limit=ROOM)
    assert spool.begun(A) == 10
    assert (tmp_path / A / spool_pieces.COMING).stat().st_size == 10
    spool.append(A, iter([b"y" * 100]), offset=10, limit=ROOM)
    assert spool.finish(A)[1] == sha(b"x" * 10 + b"y" * 100)


def test_only_so_many_hashes_are_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins uploads by the thousand fills the disk's room, not the memory; all of them still go on."""
    from datadam.adapters import spool_files

    monkeypatch.setattr(spool_files, "_MAX_HELD", 2)
    spool = SpoolFiles(tmp_path, max_bytes=ROOM)
    ids = [f"{number:064x}" for number in range(4)]
    for id in ids:
        spool.append(id, iter([b"x"]), offset=0, limit=ROOM)
    assert len(spool._held) == 2
    for id in ids:
        spool.append(id, iter([b"y"]), offset=1, limit=ROOM)
        assert spool.finish(id)[1] == sha(b"xy")


def test_pieces_are_the_owners_alone(tmp_path: Path) -> None:
    """Readable by nobody else, whatever the umask says."""
    before = os.umask(0)
    try:
        SpoolFiles(tmp_path / "spool", max_bytes=ROOM).append(A, iter([b"x"]), offset=0, limit=ROOM)
    finally:
        os.umask(before)
    found = {each.name: each.stat().st_mode & 0o777 for each in (tmp_path / "spool" / A).iterdir()}
    assert found == {"coming.part": private_files.OWNER_FILE, "mark.part": private_files.OWNER_FILE}


# --- the verb ---------------------------------------------------------------------------------------------------------

DATA = b"meter,amount\n" + b"".join(b"M%d,%d\n" % (n, n % 1000) for n in range(600))


def announced(world: World, person: Person, data: bytes = DATA, **changes: object) -> Job:
    """A deposit that waits for its file."""
    manifest = person.manifest(fit_of(world, STANDARD, DATA), data, **changes)  # type: ignore[arg-type]  # any field
    return deposit.announce(world, person.caller, seal.envelope(manifest))


def add(world: World, person: Person, id: str, data: bytes, offset: int, *, last: bool = False) -> Job:
    """Append one piece."""
    return upload.append(world, person.caller, id, Piece(offset=offset, last=last), chunks(data))


def test_a_file_in_pieces_is_the_deposit_that_it_is_in_one(world: World) -> None:
    """Judged and committed like any other; what was appended is told between."""
    alice = Person("Alice").joins(world)
    job = announced(world, alice)
    add(world, alice, job.id, DATA[:700], 0)
    told = upload.standing(world, alice.caller, job.id)
    assert (told.offset, told.length, told.complete, told.seconds) == (700, len(DATA), False, 86_400)
    assert add(world, alice, job.id, DATA[700:], 700, last=True).stage == Stage.RECEIVED
    assert deposit.process(world, job.id, lambda *_: None).stage == Stage.COMMITTED
    told = upload.standing(world, alice.caller, job.id)
    assert (told.offset, told.complete) == (len(DATA), True)


def test_nobody_else_sees_or_touches_an_upload(world: World) -> None:
    """Another's is as unknown as none, whatever is asked of it."""
    alice, bob = Person("Alice").joins(world), Person("Bob").joins(world)
    job = announced(world, alice)
    uses: list[Callable[[], object]] = [
        lambda: upload.standing(world, bob.caller, job.id),
        lambda: add(world, bob, job.id, DATA, 0, last=True),
        lambda: upload.cancel(world, bob.caller, job.id),
    ]
    for use in uses:
        with pytest.raises(NotFound, match=r"deposit\.unknown"):
            use()
    assert upload.standing(world, alice.caller, job.id).offset == 0


@pytest.mark.parametrize(
    "piece",
    [
        Piece(offset=0, last=False, size=len(DATA) + 1),
        Piece(offset=0, last=True, size=len(DATA) - 1),
        Piece(offset=10, last=True, size=len(DATA)),
        Piece(offset=0, last=False, length=len(DATA) + 1),
    ],
)
def test_a_piece_that_cannot_fit_is_refused_before_any_of_it_is_taken(world: World, piece: Piece) -> None:
    """Lengths that are not those of the manifest: the announcement stands, and nothing was read."""
    alice = Person("Alice").joins(world)
    job = announced(world, alice)

    def never() -> Iterator[bytes]:
        pytest.fail("was read")
        yield b""

    with pytest.raises(Invalid, match=r"upload\.length-other"):
        upload.append(world, alice.caller, job.id, piece, never())
    assert upload.standing(world, alice.caller, job.id).offset == 0


def test_a_file_that_ends_too_early_is_not_whole(world: World) -> None:
    """Said to be the last piece, and it is not: what came stays, and the rest may follow."""
    alice = Person("Alice").joins(world)
    job = announced(world, alice)
    with pytest.raises(Invalid, match=r"upload\.length-other"):
        add(world, alice, job.id, DATA[:-1], 0, last=True)
    assert add(world, alice, job.id, DATA[-1:], len(DATA) - 1, last=True).stage == Stage.RECEIVED


def test_all_bytes_are_not_the_end_before_the_sender_says_so(world: World) -> None:
    """An empty last piece says it."""
    alice = Person("Alice").joins(world)
    job = announced(world, alice)
    assert add(world, alice, job.id, DATA, 0).stage == Stage.ANNOUNCED
    assert not upload.standing(world, alice.caller, job.id).complete
    assert add(world, alice, job.id, b"", len(DATA), last=True).stage == Stage.RECEIVED


@pytest.mark.parametrize("wrong", ["longer", "other"])
def test_another_file_ends_its_announcement_and_leaves_nothing(world: World, wrong: str) -> None:
    """Longer than announced, or of another digest: gone, and the right one may be announced anew."""
    alice = Person("Alice").joins(world)
    job = announced(world, alice)
    sent = DATA + b"M,1\n" if wrong == "longer" else DATA.replace(b"M1,", b"M2,")
    with pytest.raises(Invalid, match=r"spool\.file-too-large|deposit\.file-other"):
        add(world, alice, job.id, sent, 0, last=True)
    with pytest.raises(NotFound):
        upload.standing(world, alice.caller, job.id)
    assert list(world.spool.folder(job.id).iterdir()) == []
    again = announced(world, alice)
    assert add(world, alice, again.id, DATA, 0, last=True).stage == Stage.RECEIVED


def test_what_is_whole_takes_no_more_and_cannot_be_cancelled(world: World) -> None:
    """Neither a byte nor none; the file waits for its judge."""
    alice = Person("Alice").joins(world)
    job = announced(world, alice)
    add(world, alice, job.id, DATA, 0, last=True)
    for use in (
        lambda: add(world, alice, job.id, b"x", len(DATA)),
        lambda: add(world, alice, job.id, b"", len(DATA), last=True),
        lambda: upload.cancel(world, alice.caller, job.id),
    ):
        with pytest.raises(Invalid, match=r"upload\.completed"):
            use()
    assert deposit.process(world, job.id, lambda *_: None).stage == Stage.COMMITTED


def test_what_nobody_finishes_is_gone_after_a_day(world: World) -> None:
    """Half a file goes with its announcement; one whose bytes come just then does not."""
    alice = Person("Alice").joins(world)
    job = announced(world, alice)
    add(world, alice, job.id, DATA[:500], 0)
    forward(world, hours=23)
    assert deposit.tidy(world) == 0
    assert upload.standing(world, alice.caller, job.id).seconds == 3600
    forward(world, hours=2)
    assert upload.standing(world, alice.caller, job.id).seconds == 0
    with deposit.alone(world, job.id, alice.id):
        assert deposit.tidy(world) == 0
    assert deposit.tidy(world) == 1
    with pytest.raises(NotFound):
        upload.standing(world, alice.caller, job.id)
    assert world.spool.begun(job.id) == 0


def test_a_cancelled_upload_leaves_nothing(world: World) -> None:
    """Neither file nor announcement."""
    alice = Person("Alice").joins(world)
    job = announced(world, alice)
    add(world, alice, job.id, DATA[:500], 0)
    upload.cancel(world, alice.caller, job.id)
    with pytest.raises(NotFound):
        upload.standing(world, alice.caller, job.id)
    assert list(world.spool.folder(job.id).iterdir()) == []


def test_a_member_sends_only_so_many_files_at_once(world: World) -> None:
    """Who begins a ninth waits, like with whole files."""
    alice = Person("Alice").joins(world)
    job = announced(world, alice)
    held = [deposit.alone(world, f"{number:064x}", alice.id) for number in range(deposit.MAX_COMING)]
    for one in held:
        one.__enter__()
    try:
        with pytest.raises(Refused, match=r"deposit\.too-many-coming"):
            add(world, alice, job.id, DATA, 0)
    finally:
        for one in held:
            one.__exit__(None, None, None)


# --- over HTTP --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A served dam with the small test standard."""
    with serving(tmp_path_factory.mktemp("upload") / "dam") as made:
        published(made.world)
        yield made


@pytest.fixture
def alice(dam: Served) -> Person:
    """A contributor of this test's own."""
    return dam.person("Alice")


def at(offset: object, *, last: bool = False) -> dict[str, str]:
    """The headers of a piece."""
    return {
        "Upload-Offset": str(offset),
        "Upload-Complete": f"?{last:d}",
        "Content-Type": "application/partial-upload",
    }


@dataclass
class Sender:
    """One announced file and who sends it."""

    dam: Served
    person: Person
    data: bytes = DATA

    def __post_init__(self) -> None:
        """Announce it."""
        manifest = self.person.manifest(fit_of(self.dam.world, STANDARD, DATA), self.data)
        self.token = self.dam.token(self.person)
        self.id = self.ask("POST", "/api/deposits", content=seal.envelope(manifest)).json()["id"]
        self.path = f"/api/deposits/{self.id}/upload"

    def ask(self, method: str, path: str, **more: object) -> httpx.Response:
        """Any request as this person."""
        return self.dam.ask(method, path, self.token, **more)

    def patch(
        self, data: bytes, offset: object, *, last: bool = False, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Send one piece."""
        return self.ask("PATCH", self.path, content=data, headers={**at(offset, last=last), **(headers or {})})

    def offset(self) -> int:
        """How far it has come."""
        return int(self.ask("HEAD", self.path).headers["Upload-Offset"])

    def end(self) -> str:
        """The stage in which it ends."""
        while (stage := self.ask("GET", f"/api/deposits/{self.id}").json()["stage"]) not in {"committed", "refused"}:
            time.sleep(0.02)
        return str(stage)

    @contextmanager
    def hanging(self, data: bytes, offset: int) -> Iterator[socket.socket]:
        """A connection that announced more than it sends, and waits."""
        with socket.create_connection((self.dam.world.settings.host, self.dam.world.settings.port)) as line:
            head = {**at(offset), "Host": "x", "Authorization": f"Bearer {self.token}", "Content-Length": "1000"}
            lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
            line.sendall(f"PATCH {self.path} HTTP/1.1\r\n{lines}\r\n".encode() + data)
            line.settimeout(30)
            while not any(body._gathered for body, _ in self.dam.app.state.transfers._coming.values()):
                time.sleep(0.01)
            yield line


def test_the_protocol_from_creation_to_the_end(dam: Served, alice: Person) -> None:
    """As the draft's second example has it: create with a part, ask, append, append the last."""
    sender = Sender(dam, alice)
    created = sender.ask(
        "POST", f"/api/deposits/{sender.id}/file", content=DATA[:100], headers={"Upload-Complete": "?0"}
    )
    assert created.status_code == 201
    assert created.headers["Location"] == dam.url + sender.path
    assert re.fullmatch(rf"max-size={len(DATA)}, max-age=86\d\d\d", created.headers["Upload-Limit"])
    told = sender.ask("HEAD", sender.path)
    assert (told.status_code, told.headers["Upload-Offset"], told.headers["Upload-Length"]) == (
        204,
        "100",
        str(len(DATA)),
    )
    assert (told.headers["Upload-Complete"], told.headers["Cache-Control"]) == ("?0", "no-store")
    more = sender.patch(DATA[100:300], 100)
    assert (more.status_code, more.headers["Upload-Complete"], more.headers["Upload-Offset"]) == (204, "?0", "300")
    done = sender.patch(DATA[300:], 300, last=True)
    assert (done.status_code, done.headers["Upload-Complete"]) == (202, "?1")
    assert done.json() == {"id": sender.id, "stage": "received"}
    assert sender.end() == "committed"
    told = sender.ask("HEAD", sender.path)
    assert (told.headers["Upload-Offset"], told.headers["Upload-Complete"]) == (str(len(DATA)), "?1")


def test_a_whole_file_may_be_created_at_once(dam: Served, alice: Person) -> None:
    """`Upload-Complete: ?1` with everything in it: received like any other."""
    sender = Sender(dam, alice)
    answer = sender.ask("POST", f"/api/deposits/{sender.id}/file", content=DATA, headers={"Upload-Complete": "?1"})
    assert (answer.status_code, answer.headers["Upload-Complete"]) == (202, "?1")
    assert sender.end() == "committed"


def test_what_the_server_can_do_is_told_beforehand(dam: Served) -> None:
    """OPTIONS names the media type of pieces and the largest file (draft, Limits)."""
    told = dam.ask("OPTIONS", "/api/deposits/any/file")
    assert told.headers["Accept-Patch"] == "application/partial-upload"
    assert told.headers["Upload-Limit"] == f"max-size={dam.world.settings.max_file_bytes}"


@pytest.mark.parametrize("offset", [0, 99, 101, 10**14])
def test_overlaps_and_gaps_are_conflicts_that_say_where_to_go_on(dam: Served, alice: Person, offset: int) -> None:
    """409, the offset as a header, and the draft's problem type with both offsets."""
    sender = Sender(dam, alice)
    sender.patch(DATA[:100], 0)
    answer = sender.patch(b"x", offset)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (409, "100") if offset < 10**14 else (400, None)
    told = answer.json()
    if offset < 10**14:
        assert told["type"] == "https://iana.org/assignments/http-problem-types#mismatching-upload-offset"
        assert (told["expected-offset"], told["provided-offset"]) == (100, offset)
    assert sender.offset() == 100


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content-Type": "text/csv"}, 415, "upload.type-other"),
        ({"Upload-Offset": "-1"}, 400, "upload.field-missing"),
        ({"Upload-Offset": "1.0"}, 400, "upload.field-missing"),
        ({"Upload-Offset": "9" * 16}, 400, "upload.field-missing"),
        ({"Upload-Offset": '"0"'}, 400, "upload.field-missing"),
        ({"Upload-Offset": "0, 0"}, 400, "upload.field-missing"),
        ({"Upload-Complete": "true"}, 400, "upload.field-missing"),
        ({"Upload-Complete": "?2"}, 400, "upload.field-missing"),
        ({"Upload-Length": "5"}, 400, "upload.length-other"),
    ],
)
def test_headers_that_say_nothing_or_lie_are_refused(
    dam: Served, alice: Person, headers: dict[str, str], status: int, code: str
) -> None:
    """A value that is none of the field's counts as not sent (RFC 9651); nothing is taken."""
    sender = Sender(dam, alice)
    answer = sender.patch(b"meter", 0, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert sender.offset() == 0


def test_parameters_of_a_field_are_no_obstacle(dam: Served, alice: Person) -> None:
    """RFC 9651 allows them to be there."""
    sender = Sender(dam, alice)
    answer = sender.patch(b"meter", 0, headers={"Upload-Offset": "0;a=1", "Upload-Complete": "?0; b"})
    assert answer.status_code == 204


def test_a_file_longer_than_announced_ends_its_upload(dam: Served, alice: Person) -> None:
    """Told beforehand it costs nothing; found out on the way it ends the upload, as the draft wants."""
    sender = Sender(dam, alice)
    answer = sender.patch(DATA + b"M,1\n", 0)
    assert (answer.status_code, answer.json()["code"]) == (400, "upload.length-other")
    assert sender.offset() == 0
    answer = sender.ask("PATCH", sender.path, content=iter([DATA, b"M,1\n"]), headers=at(0))
    assert answer.status_code == 400
    assert answer.json()["type"] == "https://iana.org/assignments/http-problem-types#inconsistent-upload-length"
    assert sender.ask("HEAD", sender.path).status_code == 404


def test_another_file_is_told_as_complete_and_refused(dam: Served, alice: Person) -> None:
    """All of it came, and to send it again would not help: `Upload-Complete: ?1` on the refusal."""
    sender = Sender(dam, alice)
    answer = sender.patch(DATA.replace(b"M1,", b"M2,"), 0, last=True)
    assert (answer.status_code, answer.headers["Upload-Complete"]) == (400, "?1")
    assert answer.json()["code"] == "deposit.file-other"
    assert sender.ask("HEAD", sender.path).status_code == 404


def test_a_complete_upload_takes_no_more(dam: Served, alice: Person) -> None:
    """The draft's problem type, and no cancelling either."""
    sender = Sender(dam, alice)
    sender.patch(DATA, 0, last=True)
    for answer in (sender.patch(b"", len(DATA), last=True), sender.ask("DELETE", sender.path)):
        assert answer.status_code == 400
        assert answer.json()["type"] == "https://iana.org/assignments/http-problem-types#completed-upload"
    assert sender.end() == "committed"


def test_cancelling_ends_the_transfer_under_way(dam: Served, alice: Person) -> None:
    """DELETE while bytes come: both are gone."""
    sender = Sender(dam, alice)
    with sender.hanging(DATA[:100], 0) as line:
        assert sender.ask("DELETE", sender.path).status_code == 204
        assert b" 503 " in line.recv(4096).split(b"\r\n")[0]
    assert sender.ask("HEAD", sender.path).status_code == 404
    assert dam.world.spool.begun(sender.id) == 0


def test_who_comes_back_need_not_wait_for_a_lost_line(dam: Served, alice: Person) -> None:
    """The server still waits on a connection that hangs: asking for the offset ends it and counts what it brought."""
    sender = Sender(dam, alice)
    with sender.hanging(DATA[:100], 0) as line:
        begun = time.monotonic()
        assert sender.offset() == 100
        assert time.monotonic() - begun < edge.WAIT_SECONDS
        assert b" 503 " in line.recv(4096).split(b"\r\n")[0]
    assert sender.patch(DATA[100:], 100, last=True).status_code == 202
    assert sender.end() == "committed"


def test_a_second_piece_ends_the_first(dam: Served, alice: Person) -> None:
    """Two requests at once never mix: the later one is judged by what the earlier one left."""
    sender = Sender(dam, alice)
    with sender.hanging(DATA[:100], 0):
        assert sender.patch(DATA[:200], 0).headers["Upload-Offset"] == "100"
        assert sender.patch(DATA[100:], 100, last=True).status_code == 202
    assert sender.end() == "committed"


def test_a_stranger_ends_nobodys_transfer(dam: Served, alice: Person) -> None:
    """Only the contributor's own requests do."""
    sender, bob = Sender(dam, alice), dam.person("Bob")
    with sender.hanging(DATA[:100], 0):
        for method in ("HEAD", "PATCH", "DELETE"):
            for token in (dam.token(bob), "nonsense", None):
                assert dam.ask(method, sender.path, token, headers=at(0)).status_code in {401, 404}
        assert dam.app.state.transfers._coming
    assert sender.offset() == 100


def test_a_line_that_breaks_keeps_what_came(dam: Served, alice: Person) -> None:
    """The client is gone in the middle of a piece."""
    sender = Sender(dam, alice)
    with sender.hanging(DATA[:100], 0):
        pass
    assert sender.offset() == 100


def test_who_sends_too_slowly_is_cut_off_and_keeps_what_came(
    dam: Served, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte now and then would hold a thread for ever; who comes back goes on."""
    monkeypatch.setattr(incoming, "SILENT_SECONDS", 0.3)
    sender = Sender(dam, alice)
    with sender.hanging(DATA[:100], 0) as line:
        assert b" 503 " in line.recv(4096).split(b"\r\n")[0]
    assert sender.offset() == 100


def test_who_sends_slowly_but_steadily_is_not_cut_off(
    dam: Served, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enough in every stretch of time, if not a whole gathering: it may take as long as it takes."""
    monkeypatch.setattr(incoming, "SILENT_SECONDS", 0.2)
    monkeypatch.setattr(incoming, "LEAST_BYTES", 10)
    sender = Sender(dam, alice)

    def slowly() -> Iterator[bytes]:
        for start in range(0, len(DATA), 200):
            yield DATA[start : start + 200]
            time.sleep(0.05)

    answer = sender.ask("PATCH", sender.path, content=slowly(), headers=at(0, last=True))
    assert answer.status_code == 202, answer.text
    assert sender.end() == "committed"


def test_a_token_that_ends_between_pieces_costs_nothing(dam: Served, alice: Person) -> None:
    """401 and what to do about it; a new login goes on at the same byte. One that ends within a piece ends nothing."""
    sender = Sender(dam, alice)
    with dam.clock.forward(hours=2):
        answer = sender.patch(DATA[:100], 0)
        assert (answer.status_code, answer.json()["code"]) == (401, "login.token-unknown")
    sender.token = dam.token(alice)

    def during() -> Iterator[bytes]:
        yield DATA[:100]
        while (dam.world.settings.folder, sender.id) not in deposit._COMING:
            time.sleep(0.01)
        with dam.clock.forward(hours=2):
            yield DATA[100:200]
            time.sleep(0.2)

    assert sender.ask("PATCH", sender.path, content=during(), headers=at(0)).status_code == 204
    sender.token = dam.token(alice)
    assert sender.offset() == 200


def test_a_check_that_takes_long_is_waited_for_elsewhere(
    dam: Served, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last byte came and the file is being hashed: who asks meanwhile is told to ask again, and ends nothing."""
    monkeypatch.setattr(edge, "WAIT_SECONDS", 0.2)
    sender, go, real = Sender(dam, alice), threading.Event(), type(dam.world.spool).finish

    def slow(spool: SpoolFiles, id: str) -> tuple[Path, str, int]:
        go.wait(30)
        return real(spool, id)

    monkeypatch.setattr(type(dam.world.spool), "finish", slow)
    answers: list[int] = []
    with httpx.Client(timeout=30) as http:
        headers = {**at(0, last=True), "Authorization": f"Bearer {sender.token}"}
        url = dam.url + sender.path
        thread = threading.Thread(
            target=lambda: answers.append(http.patch(url, content=DATA, headers=headers).status_code)
        )
        thread.start()
        while not dam.app.state.transfers._coming:
            time.sleep(0.01)
        time.sleep(0.2)
        assert sender.ask("HEAD", sender.path).status_code == 503
        go.set()
        thread.join()
    assert answers == [202]
    assert sender.end() == "committed"


def test_a_long_reading_after_a_restart_is_done_once(
    dam: Served, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who finds it too long and asks again neither ends it nor begins it anew, and goes on at the same byte."""
    monkeypatch.setattr(edge, "WAIT_SECONDS", 0.2)
    sender, go, readings = Sender(dam, alice), threading.Event(), list[int]()
    sender.patch(DATA[:100], 0)
    dam.world.spool._held.clear()  # type: ignore[attr-defined]  # the spool in memory
    real = spool_pieces.Pieces._read

    def slow(pieces: spool_pieces.Pieces, path: Path, *, checked: bool) -> None:
        readings.append(pieces.size)
        go.wait(30)
        real(pieces, path, checked=checked)

    monkeypatch.setattr(spool_pieces.Pieces, "_read", slow)
    with pytest.raises(httpx.ReadTimeout):
        sender.ask("PATCH", sender.path, content=DATA[100:], headers=at(100, last=True), timeout=0.5)
    assert sender.ask("HEAD", sender.path).status_code == 503
    go.set()
    while (told := sender.ask("HEAD", sender.path)).status_code == 503:
        time.sleep(0.05)
    assert told.headers["Upload-Offset"] == "100"
    assert sender.patch(DATA[100:], 100, last=True).status_code == 202
    assert readings == [100]
    assert sender.end() == "committed"


# --- our client -------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file goes in pieces of 1000 bytes, and nobody waits long."""
    monkeypatch.setenv(sending.FROM_VARIABLE, "0")
    monkeypatch.setattr(sending, "PIECE", 1000)
    monkeypatch.setattr(sending, "FIRST_WAIT", 0.01)


def written(folder: Path, data: bytes = DATA) -> Path:
    """A file to deposit."""
    file = folder / "readings.csv"
    file.write_bytes(data)
    return file


@dataclass
class Line:
    """The requests of a client on their way, where a test may break them."""

    dam: client.Dam
    seen: list[tuple[str, str]]
    trouble: Callable[[str, str, int], Exception | None]

    @classmethod
    def of(cls, dam: client.Dam, trouble: Callable[[str, str, int], Exception | None] = lambda *_: None) -> "Line":
        """Stand in the way of `dam`'s requests; `trouble` is asked method, path and how many came before."""
        line, real = cls(dam, [], trouble), dam._http.request

        def request(method: str, path: str, **more: Any) -> httpx.Response:
            line.seen.append((method, path.rpartition("/")[2]))
            if (error := line.trouble(method, path, len(line.seen))) is not None:
                raise error
            return real(method, path, **more)

        dam._http.request = request  # type: ignore[method-assign,assignment]  # a line that breaks
        return line

    def count(self, method: str) -> int:
        """How many of that method went to an upload."""
        return sum(each == (method, "upload") for each in self.seen)


@pytest.mark.usefixtures("small_pieces")
def test_the_client_sends_in_pieces_and_tells_how_far_it_is(dam: Served, alice: Person, tmp_path: Path) -> None:
    """One question, then piece after piece; progress never goes back and ends with the whole."""
    told: list[int] = []

    def watched(job: Json) -> None:
        if job.get("progress", {}).get("stage") == "send":
            told.append(job["progress"]["done"])

    with dam.client(alice) as mine:
        line = Line.of(mine)
        job = mine.deposit(written(tmp_path), fit_of(dam.world, STANDARD, DATA), progress=watched)
    assert job["stage"] == "committed"
    assert (line.count("HEAD"), line.count("PATCH")) == (1, -(-len(DATA) // 1000))
    assert told == sorted(told)
    assert told[-1] == len(DATA)


def test_a_small_file_goes_in_one_request(dam: Served, alice: Person, tmp_path: Path) -> None:
    """Pieces are for what is large: by default from 16 MiB."""
    with dam.client(alice) as mine:
        line = Line.of(mine)
        assert mine.deposit(written(tmp_path), fit_of(dam.world, STANDARD, DATA))["stage"] == "committed"
    assert ("PUT", "file") in line.seen
    assert not line.count("PATCH")


@pytest.mark.parametrize(
    ("size", "told", "expected"), [(2**24, None, True), (2**24 - 1, None, False), (5, "5", True), (4, "5", False)]
)
def test_from_which_size_a_file_goes_in_pieces(
    monkeypatch: pytest.MonkeyPatch, size: int, told: str | None, expected: object
) -> None:
    """A variable, else 16 MiB."""
    if told is not None:
        monkeypatch.setenv(sending.FROM_VARIABLE, told)
    assert sending.resumable(size) is expected


@pytest.mark.parametrize("told", ["", "-1", "1e9", "many"])
def test_a_size_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    """And told as what it is."""
    monkeypatch.setenv(sending.FROM_VARIABLE, told)
    with pytest.raises(Invalid, match=r"upload\.setting-malformed"):
        sending.resumable(1)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("lost", ["request", "answer"])
def test_the_client_goes_on_after_a_broken_line(dam: Served, alice: Person, tmp_path: Path, lost: str) -> None:
    """Every second piece is lost on its way, or taken and its answer lost: it asks, and goes on from there."""
    with dam.client(alice) as mine:
        broken: list[int] = []
        real = mine._http.request

        def request(method: str, path: str, **more: Any) -> httpx.Response:
            if method != "PATCH" or len(broken) > 2 * len(DATA) // 1000:
                return real(method, path, **more)
            broken.append(1)
            if len(broken) % 2:
                if lost == "answer":
                    real(method, path, **more)
                message = "lost"
                raise httpx.ReadError(message)
            return real(method, path, **more)

        mine._http.request = request  # type: ignore[method-assign,assignment]  # a line that breaks
        assert mine.deposit(written(tmp_path), fit_of(dam.world, STANDARD, DATA))["stage"] == "committed"
    assert len(broken) >= 2


@pytest.mark.usefixtures("small_pieces")
def test_a_login_that_ends_on_the_way_is_renewed(dam: Served, alice: Person, tmp_path: Path) -> None:
    """The dam knows the token no more, before a piece: the next question logs in again."""
    with dam.client(alice) as mine:
        dropped: list[str] = []

        def forgets(method: str, path: str, _: int) -> None:
            if method == "PATCH" and not dropped:
                dropped.append(path)
                with dam.world.store.transaction() as rows:
                    for token in rows.find(Token, member=alice.id):
                        rows.remove(token)

        Line.of(mine, forgets)
        assert mine.deposit(written(tmp_path), fit_of(dam.world, STANDARD, DATA))["stage"] == "committed"
    assert dropped


@pytest.mark.usefixtures("small_pieces")
def test_two_clients_at_once_end_in_one_deposit(dam: Served, alice: Person, tmp_path: Path) -> None:
    """The same command twice at the same time: they end each other's pieces, and the file is whole and once there."""
    data = b"meter,amount\n" + b"".join(b"T%d,%d\n" % (n, n % 1000) for n in range(2000))
    file, found = written(tmp_path, data), []

    def deposit_it() -> None:
        with dam.client(alice) as mine:
            found.append(mine.deposit(file, fit_of(dam.world, STANDARD, data)))

    threads = [threading.Thread(target=deposit_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [job["stage"] for job in found] == ["committed", "committed"]
    assert found[0]["id"] == found[1]["id"]
    assert found[0]["tally"]["rows"] == 2000


@pytest.mark.usefixtures("small_pieces")
def test_a_client_gives_up_where_nothing_moves_and_says_how_to_go_on(
    dam: Served, alice: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its patience: what is there, and that the same command goes on. And so it does."""
    monkeypatch.setattr(sending, "PATIENCE_SECONDS", 0.05)
    fit, file = fit_of(dam.world, STANDARD, DATA), written(tmp_path)

    def dead(method: str, _: str, number: int) -> Exception | None:
        return httpx.ConnectError("dead") if number > 5 and method != "POST" else None

    with dam.client(alice) as mine:
        Line.of(mine, dead)
        with pytest.raises(Unavailable, match=r"upload\.interrupted") as refusal:
            mine.deposit(file, fit)
    assert refusal.value.facts == {"done": 1000, "size": len(DATA)}
    with dam.client(alice) as mine:
        line = Line.of(mine)
        assert mine.deposit(file, fit)["stage"] == "committed"
    assert line.count("PATCH") == -(-(len(DATA) - 1000) // 1000)


@pytest.mark.usefixtures("small_pieces")
def test_a_dam_in_trouble_is_told_as_that(
    dam: Served, alice: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full spool is waited for, and after that said as it is; a damaged one is not even waited for."""
    monkeypatch.setattr(sending, "PATIENCE_SECONDS", 0.05)
    fit, file = fit_of(dam.world, STANDARD, DATA), written(tmp_path)
    with dam.client(alice) as mine:
        monkeypatch.setattr(dam.world.spool, "_max", 10)
        with pytest.raises(Unavailable, match=r"spool\.full"):
            mine.deposit(file, fit)
        monkeypatch.undo()
    monkeypatch.setenv(sending.FROM_VARIABLE, "0")
    with dam.client(alice) as mine:
        id = mine.deposits()[0]["id"]
        upload.append(dam.world, alice.caller, id, Piece(offset=0, last=False), chunks(DATA[:500]))
        dam.world.spool._held.clear()  # type: ignore[attr-defined]  # the spool in memory
        (dam.world.spool.folder(id) / spool_pieces.COMING).write_bytes(b"x" * 500)
        with pytest.raises(Unavailable, match=r"spool\.damaged"):
            mine.deposit(file, fit)
        assert mine.deposit(file, fit)["stage"] == "committed"


@pytest.mark.usefixtures("small_pieces")
def test_a_file_that_shrinks_while_it_is_sent_is_told(dam: Served, alice: Person, tmp_path: Path) -> None:
    """No use in trying again: the file is another one now."""
    file, fit = written(tmp_path), fit_of(dam.world, STANDARD, DATA)

    def shrinks(method: str, *_: object) -> None:
        if method == "PATCH":
            file.write_bytes(DATA[:500])

    with dam.client(alice) as mine:
        Line.of(mine, shrinks)
        with pytest.raises(Invalid, match=r"upload\.file-changed"):
            mine.deposit(file, fit)


class Odd:
    """A dam that answers oddly, as `Line._ask` would have it."""

    def __init__(self, *answers: httpx.Response) -> None:
        """Give these answers, one after another."""
        self._answers = iter(answers)

    def __call__(self, method: str, path: str, **_: object) -> httpx.Response:
        """The next."""
        answer = next(self._answers)
        answer.request = httpx.Request(method, f"http://dam.example{path}")
        return answer


@pytest.mark.parametrize("offset", ["", "x", "-1", "12", "1e1"])
def test_an_offset_that_cannot_be_is_not_believed(tmp_path: Path, offset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the file's end, or no number: never a seek to where nothing is."""
    monkeypatch.setattr(sending, "PATIENCE_SECONDS", -1.0)
    answers = (
        httpx.Response(200, json={"stage": "announced"}),
        httpx.Response(204, headers={"Upload-Offset": offset, "Upload-Complete": "?0"}),
    )
    with pytest.raises(Unavailable, match=r"client\.answer-odd"):
        sending.send(Odd(*answers), A, written(tmp_path, b"0123456789"), 10, lambda _: None)


def test_a_file_that_is_whole_there_is_not_sent(tmp_path: Path) -> None:
    """Told by the deposit's stage, or by the upload itself where it became whole between the two questions."""
    sending.send(Odd(httpx.Response(200, json={"stage": "received"})), A, tmp_path / "none", 10, lambda _: None)
    answers = httpx.Response(200, json={"stage": "announced"}), httpx.Response(204, headers={"Upload-Complete": "?1"})
    sending.send(Odd(*answers), A, tmp_path / "none", 10, lambda _: None)


# --- killed processes -------------------------------------------------------------------------------------------------

ROWS = 300_000

# the client as it is, in small pieces with a pause after each, so that there is time to be killed in
_UNHURRIED = """
import time
from datadam.client import upload
upload.PIECE, whole = 200_000, upload.Sending._append
def unhurried(self, offset):
    taken = whole(self, offset)
    time.sleep(0.1)
    return taken
upload.Sending._append = unhurried
from datadam.cli import main
main()
"""


@dataclass
class Scene:
    """A dam's folder and a contributor's machine, both for processes of their own."""

    folder: Path
    home: Path
    file: Path
    port: int

    @property
    def coming(self) -> list[Path]:
        """The files that come in pieces just now."""
        return list((self.folder / "spool").glob(f"*/{spool_pieces.COMING}"))

    def promised(self) -> int:
        """How much of the one that comes is durable."""
        return spool_pieces.durable(self.coming[0].parent) if self.coming else 0

    def deposit(self, url: str) -> list[str]:
        """The command's words."""
        key = str(self.home / "key.json")
        return ["deposit", str(self.file), "--standard", STANDARD, "--yes", "--url", url, "--key", key]

    @contextmanager
    def unhurried(self, url: str) -> Iterator[subprocess.Popen[str]]:
        """The client in no hurry, in a process of its own; killed at the end if it is still there."""
        words = [sys.executable, "-c", _UNHURRIED, *self.deposit(url)]
        given = environment(DATADAM_HOME=str(self.home), DATADAM_RESUMABLE_BYTES="0")
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        with subprocess.Popen(words, env=given, text=True, **pipes) as started:  # type: ignore[call-overload]  # pipes by name
            try:
                yield started
            finally:
                started.kill()

    def until(self, size: int, started: subprocess.Popen[str]) -> None:
        """Wait until so much is durable."""
        while self.promised() < size:
            if started.poll() is not None:
                pytest.fail(str(started.communicate()))
            time.sleep(0.01)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A dam that keeps what was deposited, and four megabytes to deposit."""
    folder = made(tmp_path / "dam", keep_original=True)
    with wiring.world(folder, {}) as world:
        published(world)
        person = Person("Alice").joins(world)
    home = tmp_path / "home"
    home.mkdir()
    (home / "key.json").write_text(json.dumps(person.key), encoding="ascii")
    lines = "".join(f"M{number:06d},{number % 1000}\n" for number in range(ROWS))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return Scene(folder, home, written(tmp_path, f"meter,amount\n{lines}".encode()), port)


def kept(scene: Scene) -> Path:
    """The one original that the dam kept."""
    (found,) = (scene.folder / "spool").glob("*/received")
    return found


def test_a_killed_client_goes_on_with_the_same_command(scene: Scene) -> None:
    """`kill -9` in the middle: the same command sends the rest, and nothing twice."""
    with process(scene.folder) as dam:
        with scene.unhurried(dam.url) as started:
            scene.until(1_000_000, started)
            started.kill()
            started.wait()
        before, inode = scene.promised(), scene.coming[0].stat().st_ino
        assert 1_000_000 <= before < scene.file.stat().st_size
        done = run(*scene.deposit(dam.url), DATADAM_HOME=str(scene.home), DATADAM_RESUMABLE_BYTES="0")
        assert done.returncode == 0, done.stderr
        assert kept(scene).stat().st_ino == inode  # the very file that was begun
    assert kept(scene).read_bytes() == scene.file.read_bytes()


def test_a_killed_server_goes_on_where_it_promised(scene: Scene) -> None:
    """`kill -9` in the middle and a new start: the client waits, the offset is what was durable, no byte is lost."""
    with process(scene.folder, "--port", scene.port) as dam, scene.unhurried(dam.url) as started:
        scene.until(1_000_000, started)
        dam.ends(signal.SIGKILL)
        before, inode = scene.promised(), scene.coming[0].stat().st_ino
        assert before >= 1_000_000
        with process(scene.folder, "--port", scene.port):
            out, error = started.communicate(timeout=60)
            assert started.returncode == 0, (out, error)
            assert kept(scene).stat().st_ino == inode
    assert kept(scene).read_bytes() == scene.file.read_bytes()
    assert scene.coming == []
