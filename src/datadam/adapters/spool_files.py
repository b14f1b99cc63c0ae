"""The spool on disk: one owner-only folder a deposit; what is received is hashed, counted and synced as it comes."""

import errno
import hashlib
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from datadam.adapters import private_files
from datadam.adapters.durable import sync_folder
from datadam.errors import Invalid, Unavailable
from datadam.ports import RECEIVED

_DEPOSIT: Final = re.compile(r"[0-9a-f]{64}")
_FILE: Final = re.compile(r"[a-z]+(\.[a-z]+)?")
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class SpoolFiles:
    """A `ports.Spool` under one root folder, of at most `max_bytes` in all. One process at a time."""

    def __init__(self, root: Path, *, max_bytes: int) -> None:
        """Open the spool at `root`, made if absent; what an interrupted transfer left behind is removed."""
        self._root, self._max = root, max_bytes
        self._lock = threading.Lock()
        self._coming: dict[str, int] = {}  # partial file → bytes counted for it
        with _disk(root):
            private_files.make_folder(root)
            for leftover in root.glob(f"*/.*{private_files.PARTIAL}"):
                leftover.unlink()
        self._settled = self._measure()

    def receive(self, deposit: str, chunks: Iterator[bytes], *, limit: int) -> tuple[Path, str, int]:
        """Write the chunks durably while hashing: path, SHA-256 hex, size in bytes.

        Over `limit` is `Invalid`; a full spool or disk is `Unavailable`. Whatever stops it, nothing stays behind.
        """
        folder = self.folder(deposit)
        partial, path = folder / f".{os.urandom(8).hex()}{private_files.PARTIAL}", folder / RECEIVED
        digest, size = hashlib.sha256(), 0
        try:
            with self._writing(partial) as handle:
                for chunk in chunks:
                    size += len(chunk)
                    if size > limit:
                        raise Invalid("spool.file-too-large", limit=limit)
                    self._count(partial, size)
                    digest.update(chunk)
                    with _disk(self._root):
                        _write_all(handle, chunk)
                with _disk(self._root):
                    os.fsync(handle)
            with _disk(self._root):
                partial.replace(path)
                sync_folder(folder)
        finally:
            with suppress(FileNotFoundError):
                partial.unlink()
            self._settle(partial)
        return path, digest.hexdigest(), size

    def folder(self, deposit: str) -> Path:
        """Give the deposit's work folder, made if absent, owner-only."""
        path = self._path(deposit)
        with _disk(self._root):
            private_files.make_folder(path)
        return path

    def discard(self, deposit: str, name: str) -> None:
        """Remove one file of the work folder; an absent one is fine."""
        if not _FILE.fullmatch(name):
            raise Invalid("spool.name-malformed", name=name[:80])
        path = self._path(deposit) / name
        with _disk(self._root), suppress(FileNotFoundError):
            path.unlink()
        self._settle(None)

    def clear(self, deposit: str) -> None:
        """Remove the work folder and all in it; an absent one is fine."""
        path = self._path(deposit)
        with _disk(self._root), suppress(FileNotFoundError):
            shutil.rmtree(path)
        self._settle(None)

    def _path(self, deposit: str) -> Path:
        if not _DEPOSIT.fullmatch(deposit):
            raise Invalid("spool.deposit-malformed", deposit=deposit[:80])
        return self._root / deposit

    @contextmanager
    def _writing(self, partial: Path) -> Iterator[int]:
        with self._lock:
            self._coming[partial.name] = 0
            self._settled = self._measure()  # work files have come and gone since
        with _disk(self._root):
            handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, private_files.OWNER_FILE)
        try:
            yield handle
        finally:
            os.close(handle)

    def _count(self, partial: Path, size: int) -> None:
        """Take the room for `size` bytes in all of one transfer, or refuse."""
        with self._lock:
            self._coming[partial.name] = size
            if self._settled + sum(self._coming.values()) <= self._max:
                return
            self._settled = self._measure()  # some may have gone meanwhile
            if self._settled + sum(self._coming.values()) > self._max:
                raise Unavailable("spool.full", limit=self._max)

    def _settle(self, partial: Path | None) -> None:
        with self._lock:
            if partial is not None:
                self._coming.pop(partial.name, None)
            self._settled = self._measure()

    def _measure(self) -> int:
        """Bytes in the spool, without the transfers under way, which are counted as they come."""
        return sum(_size(folder, names) for folder, _, names in os.walk(self._root))


def _size(folder: str, names: list[str]) -> int:
    total = 0
    for name in names:
        if not name.endswith(private_files.PARTIAL):
            with suppress(FileNotFoundError):  # others finish and clear while we look
                total += Path(folder, name).lstat().st_size
    return total


def _write_all(handle: int, chunk: bytes) -> None:
    left = memoryview(chunk)
    while left:
        left = left[os.write(handle, left) :]


@contextmanager
def _disk(root: Path) -> Iterator[None]:
    """Tell the disk's own faults as ours."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise Unavailable("spool.disk-full", path=str(root)) from error
        raise Unavailable("spool.broken", path=str(root), why=error.strerror) from error
