"""A file of our own beside the one that is read, for as long as anybody reads it: gone with the last who holds it."""

import errno
import os
import secrets
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from datadam.adapters import private_files
from datadam.errors import Unavailable

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_CLOSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class Beside:
    """A new, empty, owner-only file near `path`; what a crash leaves of it goes with the spool's other leftovers."""

    def __init__(self, path: Path) -> None:
        """Make it in the same folder, or where temporary files go if that folder may not be written."""
        self.path = path.parent / f".{secrets.token_hex(8)}{private_files.PARTIAL}"
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, private_files.OWNER_FILE)
        except OSError as error:
            if error.errno not in _CLOSED:
                raise
            handle, name = tempfile.mkstemp(suffix=private_files.PARTIAL)
            self.path = Path(name)
        os.close(handle)
        self.remove = weakref.finalize(self, _remove, self.path)


def _remove(path: Path) -> None:
    with suppress(OSError):  # gone with its folder, or cleared with it
        path.unlink()


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
def filling(path: Path) -> Iterator[Beside]:
    """A file to be written within this; a full disk is told as what it is, and nothing stays."""
    try:
        made = Beside(path)
        with kept(made):
            yield made
    except OSError as error:
        if error.errno in _FULL:
            raise Unavailable("spool.disk-full", path=str(path.parent)) from error
        raise Unavailable("spool.broken", path=str(path.parent), why=error.strerror or "") from error
