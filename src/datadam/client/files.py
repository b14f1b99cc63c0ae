"""Files on their way to a dam: how they are read, what a manifest says of them, and their bytes in pieces."""

import csv
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Final

from datadam import readings
from datadam.client.answers import library
from datadam.errors import Invalid
from datadam.formats import opening, packing
from datadam.formats.dialects import Declared
from datadam.model import Layout, Reading, Source

CHUNK: Final = 1 << 20  # bytes
SAMPLE_ROWS: Final = 20
FOUND: Final = Declared()  # nothing: all is to be found


def look(path: Path, declared: Declared = FOUND) -> Layout:
    """How a file is read, its header and first values; nothing leaves this machine before the mapping is confirmed.

    All of the file is looked at once. What its bytes do not prove is `Invalid` with the question that settles it.
    """
    try:
        seen = path.stat()
        return _looked(path, (seen.st_mtime_ns, seen.st_size), declared)
    except OSError as error:
        raise Invalid("file.unreadable", path=str(path), why=error.strerror or "") from error


def source(path: Path, declared: Declared = FOUND, reading: Reading | None = None) -> Source:
    """The file as an engine on this machine reads it, in the way given, else in the one that is found."""
    reading = reading or look(path, declared).reading or Reading()
    return Source(path=str(path), format=reading.format, name=path.name, reading=reading)


def count_values(path: Path, declared: Declared, columns: Sequence[str]) -> dict[str, dict[str, int]]:
    """What `readings` counts over all values of these columns, without any library: of a plain CSV; else nothing.

    A row that is broken is left out: it is for the report, and proves nothing.
    """
    layout = look(path, declared)
    reading = layout.reading or Reading()
    if reading.format != "csv" or reading.compression is not None:
        return {}
    places = {name: layout.columns.index(name) for name in columns}
    counts = {name: readings.count(()) for name in columns}
    # the first fault ends the count: it is for the report
    with path.open(encoding=reading.encoding, errors="replace", newline="") as file, suppress(csv.Error):
        rows = (
            csv.reader(file, delimiter=reading.separator, quotechar=reading.quote)
            if reading.quote
            else csv.reader(file, delimiter=reading.separator, quoting=csv.QUOTE_NONE)
        )
        for number, row in enumerate(rows, 1):
            if number > reading.header_row and len(row) == len(layout.columns):
                for name, place in places.items():
                    readings.count((row[place],), counts[name])
    return counts


@lru_cache(maxsize=4)
def _looked(path: Path, _: tuple[int, int], declared: Declared) -> Layout:
    """One look at a file as it is now: a command asks more than once."""

    def opener() -> AbstractContextManager[BinaryIO]:
        return path.open("rb")

    layout = opening.find(opener, path.name, declared)
    reading = layout.reading or Reading()
    if reading.format not in opening.BINARY:
        return layout
    if reading.compression is None:
        return _look_typed(path, reading, path.name)
    with tempfile.NamedTemporaryFile(suffix=f".{reading.format}") as copy, opener() as file:
        with packing.unpacked(file, reading.compression, path.name) as inner:
            shutil.copyfileobj(inner, copy, CHUNK)
        copy.flush()
        return _look_typed(Path(copy.name), reading, path.name)


def _look_typed(path: Path, reading: Reading, name: str) -> Layout:
    pl = library("polars", "polars")
    try:
        frame = _frame(pl, path, reading.format)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:  # it may panic
        code = "deposit.parquet-broken" if reading.format == "parquet" else "file.arrow-broken"
        raise Invalid(code, name=name, why=str(error)[:200]) from error
    samples = tuple(tuple("" if value is None else str(value) for value in column) for column in frame.iter_columns())
    types = tuple(str(kind) for kind in frame.dtypes)
    return Layout(columns=tuple(frame.columns), types=types, samples=samples, reading=replace(reading))


def _frame(pl: Any, path: Path, format: str) -> Any:  # noqa: ANN401  (polars, where it is installed)
    """The first rows of a file of typed columns."""
    if format == "parquet":
        return pl.scan_parquet(path, glob=False).head(SAMPLE_ROWS).collect()
    with path.open("rb") as file:
        streamed = file.read(6) != b"ARROW1"
    if streamed:
        return pl.read_ipc_stream(path, n_rows=SAMPLE_ROWS)
    return pl.scan_ipc(path, glob=False).head(SAMPLE_ROWS).collect()


def file_facts(path: Path, digest: str, size: int, reading: Reading) -> dict[str, Any]:
    """What a manifest says of a file."""
    told = opening.reading_to_json(reading)
    return {
        "name": shown_name(path), "format": reading.format, "reading": told, "digest": digest, "size": size,
    }  # fmt: skip


def hashed(path: Path) -> tuple[str, int]:
    """SHA-256 as hex digits, and the size in bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


def chunks(path: Path, size: int, sent: Callable[[int], None]) -> Iterator[bytes]:
    """The first `size` bytes of the file in pieces; `sent` is told how many have gone. `Invalid` if it has fewer."""
    done = 0
    with path.open("rb") as file:
        while done < size:
            chunk = file.read(min(CHUNK, size - done))
            if not chunk:  # somebody writes to it: what was signed is there no more
                raise Invalid("file.changed", name=path.name)
            yield chunk
            done += len(chunk)
            sent(done)


def shown_name(file: Path) -> str:
    """A file's name as a manifest can hold it: at most 255 characters, and Unicode throughout."""
    return file.name.encode(errors="replace").decode()[:255]
