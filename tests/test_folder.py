"""The dam's one folder: made once, opened only in a known format, held by one."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from datadam.adapters.folder import FORMATS, Folder
from datadam.errors import Invalid, NotFound, Unavailable


def test_a_new_folder_has_all_its_parts_and_is_the_owners_alone(tmp_path: Path) -> None:
    """Every part's folder is there at 0700, and a format is written for each part."""
    before = os.umask(0)
    try:
        made = Folder.create(tmp_path / "a" / "dam")
    finally:
        os.umask(before)
    parts = [made.path, made.keys, made.state.parent, made.reservoirs, made.bodies, made.log, made.shares, made.twins]
    assert [part.stat().st_mode & 0o777 for part in parts] == [0o700] * len(parts)
    assert json.loads((made.path / "format.json").read_text()) == {"format": FORMATS}
    assert (made.path / "format.json").stat().st_mode & 0o777 == 0o600
    assert set(FORMATS) == {"folder", "keys", "state", "reservoirs", "bodies", "log", "shares", "editions", "twins"}
    opened = Folder.open(tmp_path / "a" / "dam")
    assert (opened.path, opened.state) == (made.path, made.state)


def test_an_empty_folder_becomes_a_dam_and_is_closed_to_others(tmp_path: Path) -> None:
    """A folder that an operator made beforehand is taken, and its mode put right."""
    (tmp_path / "dam").mkdir(mode=0o755)
    assert Folder.create(tmp_path / "dam").path.stat().st_mode & 0o777 == 0o700


def test_a_folder_with_anything_in_it_is_left_alone(tmp_path: Path) -> None:
    """A stray file, another dam: nothing is touched."""
    (tmp_path / "notes.txt").write_text("mine")
    tmp_path.chmod(0o755)
    with pytest.raises(Invalid, match=r"folder\.not-empty"):
        Folder.create(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["notes.txt"]
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    """No folder can be made there."""
    (tmp_path / "dam").write_text("a file")
    with pytest.raises(Unavailable, match=r"folder\.broken"):
        Folder.create(tmp_path / "dam")


@pytest.mark.parametrize(
    ("formats", "code"),
    [
        ({**FORMATS, "log": 2}, "folder.format-unknown"),
        ({**FORMATS, "log": 0}, "folder.format-unknown"),
        ({**FORMATS, "log": True}, "folder.format-unknown"),
        ({**FORMATS, "log": "1"}, "folder.format-unknown"),
        ({part: version for part, version in FORMATS.items() if part != "keys"}, "folder.format-unknown"),
        ({**FORMATS, "folder": 1}, "folder.format-older"),
        ({**FORMATS, "weather": 1}, "folder.part-unknown"),
        ([], "folder.broken"),
    ],
)
def test_an_unknown_format_is_refused(tmp_path: Path, formats: object, code: str) -> None:
    """Newer, older, missing or more than we know: better no start than a guess."""
    made = Folder.create(tmp_path / "dam")
    (made.path / "format.json").write_text(json.dumps({"format": formats}))
    with pytest.raises(Unavailable) as refusal:
        Folder.open(made.path)
    assert refusal.value.code == code


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b'{"format":{"log":1,"log":2}}'])
def test_a_damaged_format_file_is_told(tmp_path: Path, content: bytes) -> None:
    """Not JSON, not an object, or a key twice."""
    made = Folder.create(tmp_path / "dam")
    (made.path / "format.json").write_bytes(content)
    with pytest.raises(Unavailable, match=r"folder\.broken"):
        Folder.open(made.path)


def test_what_is_no_dam_is_not_found(tmp_path: Path) -> None:
    """No folder, and a folder without a format file; one that cannot be read is broken."""
    with pytest.raises(NotFound, match=r"folder\.missing"):
        Folder.open(tmp_path / "none")
    with pytest.raises(NotFound, match=r"folder\.not-a-dam"):
        Folder.open(tmp_path)
    (tmp_path / "format.json").mkdir()
    with pytest.raises(Unavailable, match=r"folder\.broken"):
        Folder.open(tmp_path)


def test_one_holder_at_a_time_and_the_next_after_it(tmp_path: Path) -> None:
    """The refusal names the holder's process; leaving, also by an error, lets go."""
    made = Folder.create(tmp_path / "dam")

    def fail() -> None:
        with made.lock():
            raise RuntimeError

    with made.lock():
        with pytest.raises(Unavailable) as refusal, Folder.open(made.path).lock():
            pass
        assert (refusal.value.code, refusal.value.facts["holder"]) == ("folder.locked", str(os.getpid()))
    with pytest.raises(RuntimeError):
        fail()
    with made.lock():
        assert (made.path / "lock").stat().st_mode & 0o777 == 0o600


_HOLDER = """
import sys, time
from pathlib import Path
from datadam.adapters.folder import Folder
with Folder.open(Path(sys.argv[1])).lock():
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    """The lock is the system's own: no stale lock after kill -9."""
    made = Folder.create(tmp_path / "dam")
    with subprocess.Popen([sys.executable, "-c", _HOLDER, str(made.path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Unavailable) as refusal, made.lock():
            pass
        assert refusal.value.facts["holder"] == str(holder.pid)
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=30)
    with made.lock():
        pass


def test_a_folder_that_is_gone_cannot_be_held(tmp_path: Path) -> None:
    """Told as the folder's trouble."""
    with pytest.raises(Unavailable, match=r"folder\.broken"), Folder(tmp_path / "none").lock():
        pass


def test_the_operators_socket_lies_in_the_folder_where_its_path_fits(tmp_path: Path) -> None:
    """A server can listen there and a command reach it."""
    with tempfile.TemporaryDirectory(prefix="d") as short:
        made = Folder.create(Path(short) / "dam")
        assert made.socket == made.path / "dam.sock"
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(made.socket))
    deep = Folder.create(tmp_path / ("a" * 60) / ("b" * 60))
    assert deep.socket.parent != deep.path


def test_a_deep_folders_socket_lies_where_only_its_owner_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named after the folder, so that commands find it; refused where somebody else prepared the place."""
    with tempfile.TemporaryDirectory(prefix="d") as short:
        monkeypatch.setattr(tempfile, "tempdir", short)
        deep = Folder.create(tmp_path / ("a" * 60) / ("b" * 60))
        found = deep.socket
        assert found == Folder.open(deep.path).socket
        assert found != Folder.create(tmp_path / ("a" * 60) / ("c" * 60)).socket
        assert found.parent.stat().st_mode & 0o777 == 0o700
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(found))
        found.parent.chmod(0o755)
        with pytest.raises(Unavailable, match=r"folder\.socket-unsafe"):
            _ = deep.socket
        found.unlink()
        found.parent.rmdir()
        found.parent.symlink_to(tmp_path)
        with pytest.raises(Unavailable, match=r"folder\.socket-unsafe"):
            _ = deep.socket
        monkeypatch.setattr(tempfile, "tempdir", str(Path(short) / "none"))
        with pytest.raises(Unavailable, match=r"folder\.broken"):
            _ = deep.socket
