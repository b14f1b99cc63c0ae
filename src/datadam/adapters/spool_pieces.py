"""A file that comes in pieces, on the disk: what was told as taken is there after a power cut, and is what was sent.

Beside the bytes lies a mark: how many of them are synced, and their SHA-256. The bytes are synced first, then the mark
is replaced, so that it never promises more than there is. hashlib cannot keep a half-done hash on a disk: a new process
reads again what is marked, which also shows whether the disk still has it.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from datadam.adapters import private_files
from datadam.adapters.durable import sync_folder
from datadam.errors import Unavailable
from datadam.ports import RECEIVED

COMING: Final = f"coming{private_files.PARTIAL}"
SYNC_BYTES: Final = 32 * 2**20  # how much a kill can cost that was sent and not yet told as taken
_MARK: Final = f"mark{private_files.PARTIAL}"
_READ: Final = 2**20  # bytes at once


def durable(folder: Path) -> int:
    """How many bytes of a deposit's file are there for good."""
    if (folder / COMING).exists():
        return _marked(folder)[0]
    try:
        return (folder / RECEIVED).stat().st_size  # it was whole, and a crash came before anybody said so
    except FileNotFoundError:
        return 0


def forget(folder: Path) -> None:
    """Remove what came in pieces."""
    for name in (COMING, _MARK):
        with suppress(FileNotFoundError):
            (folder / name).unlink()


class Pieces:
    """The bytes of one file that are there, with their hash under way; OSError comes out as it is.

    Not `sound` any more: what was written last may be lost, and only the disk can tell what there is.
    """

    def __init__(self, folder: Path) -> None:
        """Take up what lies in `folder`, reading it again; `Unavailable` if it is not what was marked."""
        self._folder, self._handle, self._hash = folder, -1, hashlib.sha256()
        self.size, self.sound = durable(folder), True
        whole = not (folder / COMING).exists() and (folder / RECEIVED).exists()
        self._read(folder / (RECEIVED if whole else COMING), checked=not whole)
        self._synced = self.size
        if whole:  # the mark first: until the file has its name again, it counts as it is
            self._mark()
            (folder / RECEIVED).replace(folder / COMING)
            sync_folder(folder)

    def _read(self, path: Path, *, checked: bool) -> None:
        left = self.size
        with suppress(FileNotFoundError), path.open("rb") as file:
            while left and (piece := file.read(min(left, _READ))):
                self._hash.update(piece)
                left -= len(piece)
        if left or (checked and self._hash.hexdigest() != _marked(self._folder)[1]):
            raise Unavailable("spool.damaged", deposit=self._folder.name)

    def open(self) -> None:
        """Open for more; what lies beyond the mark was told to nobody, and goes."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        self._handle = os.open(self._folder / COMING, flags, private_files.OWNER_FILE)
        os.ftruncate(self._handle, self.size)
        os.lseek(self._handle, self.size, os.SEEK_SET)

    def close(self) -> None:
        """Make durable what was written, and close."""
        try:
            if self.sound:
                self.settle()
        finally:
            os.close(self._handle)
            self._handle = -1

    def write(self, piece: bytes) -> None:
        """Write all of it after what is there."""
        left = memoryview(piece)
        while left:
            left = left[os.write(self._handle, left) :]
        self._hash.update(piece)
        self.size += len(piece)
        if self.size - self._synced >= SYNC_BYTES:
            self.settle()

    def settle(self) -> None:
        """Make all that was written durable, and mark it. Half a piece, which a full disk left, goes."""
        self.sound = False  # a disk that failed to sync says so once: asked again, it would promise what it lost
        os.ftruncate(self._handle, self.size)
        os.fsync(self._handle)
        self._mark()
        self._synced, self.sound = self.size, True

    def finish(self) -> tuple[Path, str, int]:
        """Give the file its name: path, SHA-256 hex, size in bytes."""
        path = self._folder / RECEIVED
        (self._folder / COMING).replace(path)
        sync_folder(self._folder)
        forget(self._folder)
        return path, self._hash.hexdigest(), self.size

    def _mark(self) -> None:
        private_files.write(self._folder / _MARK, f"{self.size} {self._hash.hexdigest()}\n".encode())


def _marked(folder: Path) -> tuple[int, str]:
    """Bytes promised, and their SHA-256."""
    try:
        size, digest = (folder / _MARK).read_text(encoding="ascii").split()
        return int(size), digest
    except FileNotFoundError:
        return 0, hashlib.sha256().hexdigest()
    except ValueError as error:
        raise Unavailable("spool.damaged", deposit=folder.name) from error
