"""Files on their way to a dam: what a header shows, what a manifest says of them, and their bytes in pieces."""

import codecs
import csv
import hashlib
import io
import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from datadam.client.answers import library
from datadam.errors import Invalid
from datadam.model import Layout

CHUNK: Final = 1 << 20  # bytes
SAMPLE_ROWS: Final = 20
SEPARATORS: Final = (",", ";", "\t")  # as the dam reads a CSV: the one that its first line uses most


def file_format(path: Path) -> str:
    """`parquet` or `csv`, told by the first bytes, not by the name."""
    try:
        with path.open("rb") as file:
            return "parquet" if file.read(4) == b"PAR1" else "csv"
    except OSError as error:
        raise Invalid("file.unreadable", path=str(path), why=error.strerror or "") from error


def look(path: Path) -> Layout:
    """A file's header and first values, read here: nothing leaves this machine before the mapping is confirmed."""
    return _look_parquet(path) if file_format(path) == "parquet" else _look_csv(path)


def _look_csv(path: Path) -> Layout:
    with path.open("rb") as file:
        head = file.read(CHUNK)
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head, len(head) < CHUNK)
    except UnicodeDecodeError as error:
        raise Invalid("deposit.encoding", name=path.name, offset=error.start) from error
    first, _, rest = text.partition("\n")
    if not first.strip():
        raise Invalid("deposit.file-empty", name=path.name)
    separator = max(SEPARATORS, key=first.count)
    try:
        header = next(csv.reader([first], delimiter=separator, strict=True))
    except (csv.Error, StopIteration) as error:
        raise Invalid("file.header-malformed", name=path.name) from error
    body: list[list[str]] = []
    with suppress(csv.Error):  # a broken row is for the dam's report; what came before it is sample enough
        for row in itertools.islice(csv.reader(io.StringIO(rest), delimiter=separator), SAMPLE_ROWS):
            body += [row] if len(row) == len(header) else []
    samples = tuple(tuple(row[i] for row in body) for i in range(len(header)))
    return Layout(columns=tuple(header), types=("text",) * len(header), samples=samples)


def _look_parquet(path: Path) -> Layout:
    pl = library("polars", "polars")
    try:
        frame = pl.scan_parquet(path, glob=False).head(SAMPLE_ROWS).collect()
    except pl.exceptions.PolarsError as error:
        raise Invalid("deposit.parquet-broken", name=path.name, why=str(error)[:200]) from error
    samples = tuple(tuple("" if value is None else str(value) for value in column) for column in frame.iter_columns())
    return Layout(columns=tuple(frame.columns), types=tuple(str(t) for t in frame.dtypes), samples=samples)


def hashed(path: Path) -> tuple[str, int]:
    """SHA-256 as hex digits, and the size in bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


def chunks(path: Path, sent: Callable[[int], None]) -> Iterator[bytes]:
    """The file in pieces; `sent` is told how many bytes have gone."""
    done = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
            done += len(chunk)
            sent(done)


def shown_name(file: Path) -> str:
    """A file's name as a manifest can hold it: at most 255 characters, and Unicode throughout."""
    return file.name.encode(errors="replace").decode()[:255]
