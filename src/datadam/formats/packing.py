"""Unpack a file that came as gzip, zstd or a zip of one member: a bounded stream, whatever the file claims."""

import contextlib
import io
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final, TypeAlias, cast

from datadam.errors import Invalid, Unavailable

Opener: TypeAlias = Callable[[], contextlib.AbstractContextManager[BinaryIO]]
"""Opens a file anew, from its first byte."""

GZIP: Final = "gzip"
ZSTD: Final = "zstd"
ZIP: Final = "zip"
COMPRESSIONS: Final = (GZIP, ZSTD, ZIP)
FREE: Final = 64 * 1024**2  # bytes that any file may unpack to: a small file may well be mostly zeros
RATIO: Final = 100  # and so many times its own size: CSV that people write packs to a fifth, logs to a twentieth
MOST: Final = 64 * 1024**3  # and no file beyond this
FREE_CELLS: Final = 10_000_000  # cells that any file of records may hold, empty ones and those left out as well
CELLS_PER_BYTE: Final = 20  # and so many more for each byte: a JSON value packed by `RATIO` is about as small
_WINDOW_LOG: Final = 27  # zstd: 128 MiB, what its own command line takes without being told
_MAGIC: Final = {b"\x1f\x8b": GZIP, b"\x28\xb5\x2f\xfd": ZSTD, b"PK\x03\x04": ZIP, b"PK\x05\x06": ZIP}
_OTHERS: Final = (b"BZh", b"\xfd7zXZ\x00", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07")
_ZLIB: Final = (b"x\x01", b"x\x5e", b"x\x9c", b"x\xda")
_LITTER: Final = ("__MACOSX/",)  # that a Mac's archiver adds
_BLOCK: Final = 1024 * 1024
_KEPT: Final = 64 * 1024**2  # bytes that are unpacked in memory


def compression_of(start: bytes) -> str | None:
    """How a file that begins so is packed; None: it is not, or in a way that is not read."""
    return next((name for magic, name in _MAGIC.items() if start.startswith(magic)), None)


def packed_strangely(start: bytes) -> bool:
    """Whether a file that begins so is packed in a way that is not read here."""
    return start.startswith((*_OTHERS, *_ZLIB))


def allowance(size: int) -> int:
    """Bytes that a file of `size` bytes may unpack to."""
    return min(FREE + RATIO * size, MOST)


def cells_allowed(size: int) -> int:
    """Cells that a file of `size` bytes may hold: an empty one costs a reader as much as a full one."""
    return FREE_CELLS + CELLS_PER_BYTE * size


@contextlib.contextmanager
def unpacked(file: BinaryIO, compression: str | None, name: str) -> Iterator[BinaryIO]:
    """The bytes inside `file`, to be read once from front to back.

    A file that does not hold what it should, or more than `allowance`, is `Invalid` as soon as that is seen.
    """
    if compression is None:
        yield file
        return
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    with contextlib.ExitStack() as stack:
        try:
            inner = stack.enter_context(_inner(file, compression, name))
        # what zipfile and the decompressors raise of a file that is broken, encrypted or packed by other means
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError) as error:
            raise _broken(name, compression, error) from error
        yield cast("BinaryIO", io.BufferedReader(_Bounded(inner, compression, name, allowance(size)), _BLOCK))


@contextlib.contextmanager
def members(file: BinaryIO, count: int, name: str) -> Iterator[Iterator[BinaryIO]]:
    """Each of the `count` files of a zip, in its order, bounded all together; their names are never used."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            held = archive.infolist()
            if len(held) != count or any(one.is_dir() for one in held):
                raise Invalid("file.zip-members", name=name, count=len(held))
            if any(one.flag_bits & 1 for one in held):
                raise Invalid("file.locked", name=name)
            yield _each(archive, held, allowance(size), name)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError) as error:
        raise _broken(name, ZIP, error) from error


def _each(archive: zipfile.ZipFile, held: list[zipfile.ZipInfo], limit: int, name: str) -> Iterator[BinaryIO]:
    for one in held:
        with archive.open(one) as inner:
            bounded = _Bounded(cast("BinaryIO", inner), ZIP, name, limit)
            yield cast("BinaryIO", io.BufferedReader(bounded, _BLOCK))
            limit -= bounded.taken


@contextlib.contextmanager
def whole(opener: Opener) -> Iterator[BinaryIO]:
    """A file that can be read at any place: what a stream gives is kept, in memory or beside, until the end."""
    with opener() as file:
        if not isinstance(file, io.BufferedReader) or not isinstance(file.raw, _Bounded):
            yield file
            return
        with tempfile.SpooledTemporaryFile(max_size=_KEPT) as copy:
            shutil.copyfileobj(file, copy, _BLOCK)
            copy.seek(0)
            yield cast("BinaryIO", copy)


@contextlib.contextmanager
def _inner(file: BinaryIO, compression: str, name: str) -> Iterator[BinaryIO]:
    match compression:
        case "gzip":
            import gzip  # noqa: PLC0415  (only where a file needs it)

            with gzip.GzipFile(fileobj=file) as inner:
                yield cast("BinaryIO", inner)
        case "zstd":
            zstd = _zstd()
            options = {zstd.DecompressionParameter.window_log_max: _WINDOW_LOG}
            with zstd.ZstdFile(file, options=options) as inner:
                yield inner
        case "zip":
            with zipfile.ZipFile(file) as archive, archive.open(_only(archive, name)) as inner:
                yield cast("BinaryIO", inner)
        case other:
            raise Invalid("file.format-unknown", name=name, format=other[:20])


def _only(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """The one file in an archive. Its name is never used for anything."""
    members = [one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith(_LITTER)]
    if len(members) != 1:
        raise Invalid("file.zip-members", name=name, count=len(members))
    if members[0].flag_bits & 1:
        raise Invalid("file.locked", name=name)
    return members[0]


def _zstd() -> Any:  # noqa: ANN401  (a module that lies elsewhere on some versions)
    """The standard library's module (Python 3.14), or its backport."""
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415  (only where a file needs it)
        else:
            from backports import zstd  # noqa: PLC0415  (the same)
    except ImportError as error:  # the light client has none
        raise Unavailable("client.library-missing", library="backports.zstd", extra="files") from error
    return zstd


class _Bounded(io.RawIOBase):
    """Reads on until more has come than may; what the unpacker trips over is `Invalid`."""

    def __init__(self, inner: BinaryIO, compression: str, name: str, limit: int) -> None:
        super().__init__()
        self._inner, self._compression, self._name, self._limit = inner, compression, name, limit
        self.taken = 0  # bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))
        try:
            block = self._inner.read(len(view))
        except Invalid:
            raise
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, _zstd_error()) as error:
            raise _broken(self._name, self._compression, error) from error
        self.taken += len(block)
        if self.taken > self._limit:
            raise Invalid("file.bomb", name=self._name, unpacked=self.taken, limit=self._limit)
        view[: len(block)] = block
        return len(block)


def _zstd_error() -> type[Exception]:
    try:
        error: type[Exception] = _zstd().ZstdError
    except Unavailable:  # then no zstd is being read
        return EOFError
    return error


def _broken(name: str, compression: str, error: Exception) -> Invalid:
    why = (str(error).splitlines() or [type(error).__name__])[0][:200]
    return Invalid("file.packed-broken", name=name, compression=compression, why=why)
