"""A file of our own beside the one that is read, for as long as anybody reads it: gone with the last who holds it."""

import errno
import io
import os
import secrets
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from datadam.adapters import private_files
from datadam.errors import Unavailable
from datadam.model import Room

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_CLOSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_PIECE: Final = 256 * 1024  # bytes that are written, and counted, at once


class Beside:
    """A new, empty, owner-only file near `path`; what a crash leaves of it goes with the spool's other leftovers."""

    def __init__(self, path: Path, room: Room | None = None) -> None:
        """Make it in the same folder, or where temporary files go if that folder may not be written."""
        self._room = room
        self.path = path.parent / f".{secrets.token_hex(8)}{private_files.PARTIAL}"
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, private_files.OWNER_FILE)
        except OSError as error:
            if error.errno not in _CLOSED:
                raise
            handle, name = tempfile.mkstemp(suffix=private_files.PARTIAL)
            self.path = Path(name)
        os.close(handle)
        self.remove = weakref.finalize(self, _remove, self.path, room)

    def opened(self) -> io.BufferedWriter:
        """The file to write to; it takes the room for each piece before it is written."""
        return io.BufferedWriter(_Counted(self.path, self._room), _PIECE)


class _Counted(io.FileIO):
    """A file that asks before it grows."""

    def __init__(self, path: Path, room: Room | None) -> None:
        super().__init__(path, "wb")
        self._path, self._room, self._size = path, room, 0

    def write(self, data: Any, /) -> int:  # noqa: ANN401  (any buffer, for which Python 3.11 has no name)
        self._size += memoryview(data).nbytes
        if self._room is not None:
            self._room(self._path.name, self._size)
        return super().write(data)


def _remove(path: Path, room: Room | None) -> None:
    with suppress(OSError):  # gone with its folder, or cleared with it
        path.unlink()
    if room is not None:
        room(path.name, 0)


@contextmanager
def kept(made: Beside | None) -> Iterator[None]:
    """Within this it is found out whether what was made is any good; else it goes at once."""
    try:
        yield
    except BaseException:  # however it ends, a copy that is no good goes
        if made is not None:
            made.remove()
        raise


@contextmanager
def filling(path: Path, room: Room | None = None) -> Iterator[Beside]:
    """A file to be written within this; a full disk is told as what it is, and nothing stays."""
    try:
        made = Beside(path, room)
        with kept(made):
            yield made
    except OSError as error:
        if error.errno in _FULL:
            raise Unavailable("spool.disk-full", path=str(path.parent)) from error
        raise Unavailable("spool.broken", path=str(path.parent), why=error.strerror or "") from error
