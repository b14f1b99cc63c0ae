"""The dam's one folder: what lies where, in which format, and who holds it now.

- `format.json` is written last when a folder is made and read first when it is opened: each part's format version; an
  unknown one is refused rather than guessed at.
- Whoever writes holds the exclusive lock. It is the operating system's own (flock): a killed holder holds nothing.
"""

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from datadam import seal
from datadam.adapters import private_files
from datadam.adapters.durable import sync_folder
from datadam.errors import Invalid, NotFound, Unavailable

FORMATS: Final = {
    "folder": 3,
    "keys": 1,
    "state": 1,
    "reservoirs": 1,
    "bodies": 2,
    "log": 1,
    "shares": 1,
    "editions": 1,
    "twins": 1,
}
"""The format version of each part that this version of data dam reads and writes."""
OLDEST: Final = {"folder": 1, "bodies": 1}
"""The oldest version of a part that can be upgraded, where it is not the present one: see `upgrades`."""

FORMAT_FILE: Final = "format.json"
_SOCKET: Final = "dam.sock"
_MAX_SOCKET: Final = 100  # bytes; Linux allows 107 in a Unix socket's address, macOS 103
_MAX_PID: Final = 20  # digits of any process id


class Folder:
    """A dam's folder that is there and whose formats are known."""

    def __init__(self, path: Path) -> None:
        """Name the places in the folder at `path`; `create` and `open` look at it first."""
        self.path: Final = path.absolute()
        self.settings: Final = self.path / "settings.toml"
        self.keys: Final = self.path / "keys"
        self.state: Final = self.path / "state" / "dam.sqlite"
        self.reservoirs: Final = self.path / "reservoirs"
        self.bodies: Final = self.path / "bodies"
        self.log: Final = self.path / "log"
        self.shares: Final = self.path / "shares"
        self.editions: Final = self.path / "editions"
        self.twins: Final = self.path / "twins"
        self.spool: Final = self.path / "spool"
        self.parts: Final = (
            self.state.parent, self.reservoirs, self.bodies, self.log, self.shares, self.editions, self.twins,
            self.spool,
        )  # fmt: skip
        """Every folder in it but that of the keys."""

    @classmethod
    def create(cls, path: Path) -> "Folder":
        """Make a new dam's folder at `path`. One that has anything in it is `Invalid`, and is not touched."""
        folder = cls(path)
        try:
            folder.path.mkdir(mode=private_files.OWNER_FOLDER, parents=True, exist_ok=True)
            if any(folder.path.iterdir()):
                raise Invalid("folder.not-empty", path=str(path))
            folder.path.chmod(private_files.OWNER_FOLDER)
            for part in (folder.keys, *folder.parts):
                private_files.make_folder(part)
            private_files.write(folder.path / FORMAT_FILE, json.dumps({"format": FORMATS}, indent=1).encode() + b"\n")
            sync_folder(folder.path.parent)
        except OSError as error:
            raise Unavailable("folder.broken", path=str(path), why=error.strerror) from error
        return folder

    @classmethod
    def open(cls, path: Path) -> "Folder":
        """Open a dam's folder. One in a format that is not known here, older or newer, is `Unavailable`."""
        folder = cls(path)
        for part, found in _formats(folder.path).items():
            if part in OLDEST and type(found) is int and OLDEST[part] <= found < FORMATS[part]:
                raise Unavailable("folder.format-older", path=str(path), part=part, found=found, known=FORMATS[part])
            if part not in FORMATS:
                raise Unavailable("folder.part-unknown", path=str(path), part=part[:40])
            if found != FORMATS[part] or isinstance(found, bool):
                raise Unavailable("folder.format-unknown", part=part, found=str(found)[:40], known=FORMATS[part])
        return folder

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder alone. `Unavailable` with the holder's process id where somebody does already."""
        try:
            handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, private_files.OWNER_FILE)
        except OSError as error:
            raise Unavailable("folder.broken", path=str(self.path), why=error.strerror) from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(handle, _MAX_PID, 0).decode("ascii", "replace").strip() or "?"
                raise Unavailable("folder.locked", path=str(self.path), holder=holder) from None
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
            yield
            os.ftruncate(handle, 0)
        finally:
            os.close(handle)  # lets go of the lock; the file stays, or two could hold two files of one name

    @property
    def socket(self) -> Path:
        """Where the running server listens for the operator.

        In the folder; where its path is too long for a Unix socket, in an owner-only folder made in the system's
        temporary one, and named after the dam's folder so that the operator's commands find it.
        """
        inside = self.path / _SOCKET
        if len(os.fsencode(inside)) <= _MAX_SOCKET:
            return inside
        named = hashlib.sha256(os.fsencode(self.path.resolve())).hexdigest()[:16]
        outside = Path(tempfile.gettempdir()) / f"datadam-{os.geteuid()}-{named}"
        try:
            private_files.make_folder(outside)
            found = outside.lstat()
        except OSError as error:
            raise Unavailable("folder.broken", path=str(outside), why=error.strerror) from error
        # Anybody may write in the temporary folder: what lies there under our name need not be ours.
        if not outside.is_dir() or outside.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise Unavailable("folder.socket-unsafe", path=str(outside))
        return outside / _SOCKET


def _formats(path: Path) -> dict[str, Any]:
    """The format version of every part of the folder, known ones that it lacks with None."""
    if not path.is_dir():
        raise NotFound("folder.missing", path=str(path))
    try:
        written = seal.parse((path / FORMAT_FILE).read_bytes())
    except FileNotFoundError:
        raise NotFound("folder.not-a-dam", path=str(path)) from None
    except OSError as error:
        raise Unavailable("folder.broken", path=str(path), why=error.strerror) from error
    except Invalid as error:
        raise Unavailable("folder.broken", path=str(path), why=FORMAT_FILE) from error
    found = written.get("format") if isinstance(written, dict) else None
    if not isinstance(found, dict):
        raise Unavailable("folder.broken", path=str(path), why=FORMAT_FILE)
    return {**dict.fromkeys(FORMATS), **found}
