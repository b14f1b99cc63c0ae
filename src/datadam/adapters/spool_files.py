"""The spool on disk: one owner-only folder a deposit; what is received is hashed, counted and synced as it comes."""

import errno
import hashlib
import os
import re
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from datadam.adapters import private_files, spool_pieces
from datadam.adapters.durable import sync_folder
from datadam.adapters.spool_pieces import Pieces
from datadam.errors import Invalid, Unavailable
from datadam.ports import RECEIVED

_DEPOSIT: Final = re.compile(r"[0-9a-f]{64}")
_FILE: Final = re.compile(r"[a-z]+(\.[a-z]+)?")
_MAX_HELD: Final = 1000  # files in pieces whose hash is kept between two of them; the others' bytes are read again
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class SpoolFiles:
    """A `ports.Spool` under one root folder, of at most `max_bytes` in all. One process at a time."""

    def __init__(self, root: Path, *, max_bytes: int) -> None:
        """Open the spool at `root`, made if absent; what an interrupted transfer left behind is removed."""
        self._root, self._max = root, max_bytes
        self._lock = threading.Lock()
        self._coming: dict[str, int] = {}  # partial file, or deposit that comes in pieces → bytes counted for it
        self._held: OrderedDict[str, Pieces] = OrderedDict()
        with _disk(root):
            private_files.make_folder(root)
            for leftover in root.glob(f"*/.*{private_files.PARTIAL}"):
                leftover.unlink()
            for begun in root.glob(f"*/{spool_pieces.COMING}"):
                self._coming[begun.parent.name] = begun.stat().st_size
        self._sizes: dict[str, int] = {}  # deposit → bytes in its work folder, without what is counted as it comes
        self._measure_all()

    def receive(self, deposit: str, chunks: Iterator[bytes], *, limit: int) -> tuple[Path, str, int]:
        """Write the chunks durably while hashing: path, SHA-256 hex, size in bytes.

        Over `limit` is `Invalid`; a full spool or disk is `Unavailable`. Whatever stops it, nothing stays behind.
        """
        folder = self.folder(deposit)
        partial, path = folder / f".{os.urandom(8).hex()}{private_files.PARTIAL}", folder / RECEIVED
        digest, size = hashlib.sha256(), 0
        self._forget(deposit)
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
            try:
                with _disk(self._root), suppress(FileNotFoundError):
                    partial.unlink()
            finally:  # else the room of a file that cannot be removed would be counted twice
                self._settle(deposit, partial.name)
        return path, digest.hexdigest(), size

    def begun(self, deposit: str) -> int:
        """How many bytes of a file that comes in pieces are there for good."""
        with _disk(self._root):
            return spool_pieces.durable(self._path(deposit))

    def append(self, deposit: str, chunks: Iterator[bytes], *, offset: int, limit: int) -> int:
        """Write the chunks durably after the first `offset` bytes: how many there are then.

        Another `offset` than what is there, or over `limit` in all, is `Invalid`; a full spool or disk, or one that
        lost what it had, is `Unavailable`. Whatever stops it, what came before is kept.
        """
        begun = self.begun(deposit)
        if offset != begun:
            raise Invalid("spool.offset-other", offset=offset, expected=begun)
        pieces = self._pieces(deposit)
        with _disk(self._root):
            pieces.open()
        try:
            for chunk in chunks:
                if pieces.size + len(chunk) > limit:
                    raise Invalid("spool.file-too-large", limit=limit)
                self._count(Path(deposit), pieces.size + len(chunk))
                with _disk(self._root):
                    pieces.write(chunk)
        finally:
            with _disk(self._root):
                pieces.close()
            self._hold(deposit, pieces)
        return pieces.size

    def finish(self, deposit: str) -> tuple[Path, str, int]:
        """Call what came in pieces the deposit's file: path, SHA-256 hex, size in bytes."""
        pieces = self._pieces(deposit)
        with _disk(self._root):
            finished = pieces.finish()
        self._settle(deposit, deposit)
        return finished

    def beside(self, deposit: str, file: str, size: int) -> None:
        """Take room for `size` bytes in all of what is unpacked beside the deposit's file into `file`; 0 gives it back.

        What is too large for the whole spool is `Invalid`, what is too large for now is `Unavailable`.
        """
        if not size:
            self._coming.pop(file, None)  # without the lock: it may be given back amid anything
            return
        if self._sizes.get(deposit, 0) + size > self._max:
            raise Invalid("spool.unpacked-too-large", limit=self._max)
        self._count(Path(file), size)

    def folder(self, deposit: str) -> Path:
        """Give the deposit's work folder, made if absent, owner-only."""
        path = self._path(deposit)
        with _disk(self._root):
            private_files.make_folder(path)
        return path

    def keep(self, deposit: str, name: str, data: bytes) -> None:
        """Write one small file of the work folder whole and durably, or replace it."""
        path = self._file(deposit, name)
        self.folder(deposit)
        with _disk(self._root):
            private_files.write(path, data)
        self._settle(deposit)

    def kept(self, deposit: str, name: str) -> bytes | None:
        """What `keep` wrote, or None."""
        path = self._file(deposit, name)
        with _disk(self._root):
            try:
                return path.read_bytes()
            except FileNotFoundError:
                return None

    def discard(self, deposit: str, name: str) -> None:
        """Remove one file of the work folder; an absent one is fine."""
        path = self._file(deposit, name)
        with _disk(self._root), suppress(FileNotFoundError):
            path.unlink()
        self._settle(deposit)

    def clear(self, deposit: str) -> None:
        """Remove the work folder and all in it; an absent one is fine."""
        path = self._path(deposit)
        with _disk(self._root), suppress(FileNotFoundError):
            shutil.rmtree(path)
        self._forget(deposit)

    def _file(self, deposit: str, name: str) -> Path:
        if not _FILE.fullmatch(name):
            raise Invalid("spool.name-malformed", name=name[:80])
        return self._path(deposit) / name

    def _path(self, deposit: str) -> Path:
        if not _DEPOSIT.fullmatch(deposit):
            raise Invalid("spool.deposit-malformed", deposit=deposit[:80])
        return self._root / deposit

    def _pieces(self, deposit: str) -> Pieces:
        """What came of a file, with its hash: as it was left, else read again."""
        with self._lock:
            held = self._held.pop(deposit, None)
        folder = self.folder(deposit)
        with _disk(self._root):
            return held or Pieces(folder)

    def _hold(self, deposit: str, pieces: Pieces) -> None:
        with self._lock:
            self._coming[deposit] = pieces.size
            if pieces.sound:
                self._held[deposit] = pieces
            if len(self._held) > _MAX_HELD:
                self._held.popitem(last=False)

    def _forget(self, deposit: str) -> None:
        """Remove what came in pieces, and count it no more."""
        with self._lock:
            self._held.pop(deposit, None)
        with _disk(self._root):
            spool_pieces.forget(self._path(deposit))
        self._settle(deposit, deposit)

    @contextmanager
    def _writing(self, partial: Path) -> Iterator[int]:
        with self._lock:
            self._coming[partial.name] = 0
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
            self._measure_all()  # some may have gone meanwhile
            if self._settled + sum(self._coming.values()) > self._max:
                raise Unavailable("spool.full", limit=self._max)

    def _settle(self, deposit: str, coming: str | None = None) -> None:
        """Measure one work folder again, and count no more what was `coming`."""
        with self._lock:
            if coming is not None:
                self._coming.pop(coming, None)
            before, now = self._sizes.pop(deposit, 0), _size(self._root / deposit)
            self._settled += now - before
            if now:
                self._sizes[deposit] = now

    def _measure_all(self) -> None:
        with os.scandir(self._root) as found:
            folders = [Path(entry.path) for entry in found if entry.is_dir(follow_symlinks=False)]
        self._sizes = {folder.name: _size(folder) for folder in folders}
        self._settled = sum(self._sizes.values())


def _size(folder: Path) -> int:
    """Bytes in a work folder, without the transfers under way, which are counted as they come."""
    total = 0
    for inner, _, names in os.walk(folder):
        for name in names:
            if not name.endswith(private_files.PARTIAL):
                with suppress(FileNotFoundError):  # others finish and clear while we look
                    total += Path(inner, name).lstat().st_size
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
