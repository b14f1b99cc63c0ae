"""Open a contributor's file as rows of text; refuse what cannot be read and say where it is wrong.

A plain CSV or Parquet file is read where it lies. Any other is opened *into* one of these two beside it, which goes
when nobody holds what was opened any longer; `read_text`, `read_records` and `read_arrow` write it.
"""

import codecs
import csv
from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from io import BufferedReader
from pathlib import Path
from typing import Final

import polars as pl

from datadam.adapters import read_arrow, read_pages, read_records, read_text
from datadam.adapters.read_amounts import MAX_TEXT, Amounts, Swollen
from datadam.adapters.read_beside import Beside, kept
from datadam.errors import Invalid
from datadam.formats.dialects import SEPARATORS, lines_of, signs
from datadam.formats.packing import compression_of, packed_strangely
from datadam.model import Reading, Source

ROW: Final = "_row"
FAILED: Final = "_failed"
UNREADABLE: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException)  # a footer that lies makes Polars panic
MAX_COLUMNS: Final = 1_000  # a header beyond it is a mistake or an attack
MAX_LINE: Final = 1024 * 1024  # bytes between two line ends; about what a reader holds at once (up to twice it passes)
MAX_ROWS: Final = 2**31 - 1  # of a Parquet file, as it says itself
MAX_ROW_GROUP: Final = 2 * 1024**3  # bytes, unpacked: a reader holds one at a time
MAX_GROUP_CELLS: Final = 2**27  # of a row group: 16 bytes each are held, whatever few bytes stand for them
MAX_UNPACKED: Final = 200  # times the file's own size, beyond a row group's worth; honest files stay below 50
_HEAD: Final = 128 * 1024  # bytes from the start that `Opened.head` is read from
_HEAD_ROWS: Final = 2_000  # the same for Parquet
_HEAD_TEXT: Final = 64 * 1024**2  # bytes of text in them: beyond it, they tell less than they cost
_BOM: Final = codecs.BOM_UTF8
_GUESSED: Final = SEPARATORS[:3]  # where a manifest does not say which


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A file that can be read: its columns, their physical types, and its rows as text with their numbers in `_row`."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: pl.LazyFrame
    head: pl.LazyFrame  # some of the first rows, read at little cost; it may fail where the file is broken
    count: int | None  # rows, where the file says
    separator: str  # of a CSV
    quote: str = '"'
    csv: Path | None = None  # where its text lies, as UTF-8 with the header first
    kept: object = None  # what goes when this does


def open_source(source: Source) -> Opened:
    """Open `source`, checking all that can be checked without reading its rows one by one; `Invalid` says where."""
    path, name, reading, room = Path(source.path), source.name, source.reading, source.room
    if path.stat().st_size == 0:
        raise Invalid("file.empty", name=name)
    match source.format:
        case "csv":
            return _open_text(source)
        case "parquet" | "arrow":
            inner = read_text.unpacked(path, reading, name, room) if reading and reading.compression else None
            if source.format == "arrow":
                with kept(inner):
                    inner = read_arrow.as_parquet(inner.path if inner else path, name, room)
            with kept(inner):
                return _open_parquet(inner.path if inner else path, name, inner)
        case "json" | "jsonl" | "stix" | "xlsx":
            return _open_records(source, reading or Reading(format=source.format))
        case other:
            raise Invalid("file.format-unknown", name=name, format=other[:20])


def refuse(source: Source, error: Exception) -> Invalid:
    """What was wrong with a file that a reader gave up on: found by reading it again, slowly."""
    if isinstance(error, Swollen):
        return error.told(source.name)
    if source.format != "csv":
        return Invalid("file.parquet-broken", name=source.name, why=_first_line(error))
    try:
        text = _text(source)
        found = _diagnose(text.path, source.name, source.reading)
    except Invalid as told:
        return told
    return found or Invalid("file.csv-broken", name=source.name, why=_first_line(error))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


# --- CSV --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Text:
    """Where a CSV's own text lies, and what goes when this does."""

    path: Path
    kept: Beside | None = None


def _text(source: Source) -> _Text:
    path, reading = Path(source.path), source.reading
    if reading is None or read_text.is_plain(reading):
        return _Text(path)
    made = (read_text.joined if reading.parts else read_text.as_utf8)(path, reading, source.name, source.room)
    return _Text(made.path, made)


def _open_text(source: Source) -> Opened:
    name, reading, text = source.name, source.reading, _text(source)
    path = text.path
    with kept(text.kept), path.open("rb") as file:
        columns, separator = _header(file, name, reading)
        file.seek(0)
        _survey(file, name)
    with path.open("rb") as file:
        start = file.read(_HEAD)
    start = start[: start.rfind(b"\n") + 1] or start
    quote = reading.quote if reading else '"'
    return Opened(
        columns=columns,
        types=("text",) * len(columns),
        rows=_scan(path, columns, separator, quote),
        head=_scan(start, columns, separator, quote),
        count=None,
        separator=separator,
        quote=quote,
        csv=path,
        kept=text.kept,
    )


def _scan(source: Path | bytes, columns: tuple[str, ...], separator: str, quote: str) -> pl.LazyFrame:
    scanned = pl.scan_csv(
        source,
        separator=separator,
        quote_char=quote or None,
        schema=dict.fromkeys(columns, pl.String),
        row_index_name=ROW,
        null_values=[""],  # `""` says as little as nothing: both are missing
        glob=False,
    )
    return scanned.with_columns(pl.col(ROW).cast(pl.Int64))


def _header(file: BufferedReader, name: str, reading: Reading | None) -> tuple[tuple[str, ...], str]:
    """The header's names, and the separator that was declared or that it uses most."""
    start = file.read(MAX_LINE)
    if compression_of(start) or packed_strangely(start):
        raise Invalid("file.compressed", name=name)
    if b"\0" in start:
        raise Invalid("file.nul", name=name, offset=start.index(b"\0"))
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(start, len(start) < MAX_LINE)
    except UnicodeDecodeError as error:
        raise _bad_encoding(name, start, error.start) from error
    lines = lines_of(text)
    first = next(lines, "")
    if not first.strip():
        raise Invalid("file.empty", name=name)
    if len(first) == len(text) == MAX_LINE:
        raise Invalid("file.line-too-long", name=name, offset=0, limit=MAX_LINE)
    separator = reading.separator if reading else max(_GUESSED, key=first.count)
    try:
        columns = tuple(next(csv.reader([first], strict=True, **signs(separator, reading.quote if reading else '"'))))
    except (csv.Error, StopIteration) as error:
        raise Invalid("file.header-malformed", name=name) from error
    check_header(columns, name)
    if not any(line.strip() for line in lines):
        raise Invalid("file.header-only", name=name)
    return columns, separator


def check_header(columns: tuple[str, ...], name: str) -> None:
    """Refuse a header that names no column, one twice, none at a place, or one of ours."""
    if len(columns) > MAX_COLUMNS:
        raise Invalid("file.too-many-columns", name=name, count=len(columns), limit=MAX_COLUMNS)
    for place, column in enumerate(columns, 1):
        if not column.strip():
            raise Invalid("file.header-blank", name=name, place=place)
        if column in {ROW, FAILED} or any(ord(letter) < ord(" ") for letter in column):
            raise Invalid("file.header-name", name=name, column=column[:60], place=place)
    twice = [column for column, count in Counter(columns).items() if count > 1]
    if twice:
        raise Invalid("file.header-twice", name=name, column=twice[0][:60])


def _survey(file: BufferedReader, name: str) -> None:
    """Refuse NUL bytes and endless lines: one cheap look at every byte, before a parser holds a line in memory."""
    block = bytearray(MAX_LINE)
    view, offset = memoryview(block), 0
    while size := file.readinto(block):
        if (at := block.find(0, 0, size)) >= 0:
            raise Invalid("file.nul", name=name, offset=offset + at)
        if size == MAX_LINE and block.find(b"\n", 0, size) < 0:
            raise Invalid("file.line-too-long", name=name, offset=offset, limit=MAX_LINE)
        offset += size
    view.release()


def _bad_encoding(name: str, before: bytes, offset: int, base: int = 0, line: int = 1) -> Invalid:
    return Invalid("file.encoding", name=name, offset=base + offset, line=line + before[:offset].count(b"\n"))


def _diagnose(path: Path, name: str, reading: Reading | None) -> Invalid | None:
    """Read a CSV row by row to find what a fast reader could not take."""
    offset = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return _bad_encoding(name, line, error.start, base=offset, line=number)
            offset += len(line)
    with path.open("rb") as file:
        columns, separator = _header(file, name, reading)
    read = signs(separator, reading.quote if reading else '"')
    row = -1
    with path.open(encoding="utf-8-sig", newline="\n") as text:
        try:
            for row, fields in enumerate(csv.reader(text, strict=True, **read), -1):
                if len(fields) > len(columns):
                    return Invalid("file.row-too-wide", name=name, row=row, fields=len(fields), columns=len(columns))
        except csv.Error as error:
            return Invalid("file.row-malformed", name=name, row=row + 1, why=str(error)[:100])
    return None


# --- what is opened into Parquet --------------------------------------------------------------------------------------


def _open_records(source: Source, reading: Reading) -> Opened:
    """JSON, JSON Lines, STIX, Excel."""
    path, name, inner = Path(source.path), source.name, None
    if reading.format == "xlsx" and reading.compression:  # a workbook is read at any place, so unpack it first
        inner, reading = read_text.unpacked(path, reading, name, source.room), replace(reading, compression=None)
    with kept(inner):
        made, columns, count = read_records.as_parquet(inner.path if inner else path, reading, name, ROW, source.room)
    with kept(made):
        check_header(columns, name)
        if not count:
            raise Invalid("file.header-only", name=name)
    rows = pl.scan_parquet(made.path, glob=False, hive_partitioning=False).select(ROW, *columns)
    return Opened(
        columns=columns,
        types=("text",) * len(columns),
        rows=rows,
        head=rows.head(_HEAD_ROWS),
        count=count,
        separator=",",
        kept=made,
    )


# --- Parquet ----------------------------------------------------------------------------------------------------------


def _open_parquet(path: Path, name: str, beside: Beside | None) -> Opened:
    import pyarrow as pa  # noqa: PLC0415  (as slow to load as all else here, and a CSV does without)
    import pyarrow.parquet as pq  # noqa: PLC0415  (the same)

    try:
        with pq.ParquetFile(path) as file:
            metadata = file.metadata
            groups = [metadata.row_group(at).total_byte_size for at in range(metadata.num_row_groups)]
            rows, columns = metadata.num_rows, tuple(file.schema_arrow.names)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Invalid("file.parquet-broken", name=name, why=_first_line(error)) from error
    check_header(columns, name)
    if rows == 0:
        raise Invalid("file.header-only", name=name)
    if rows > MAX_ROWS or rows < 0:
        raise Invalid("file.too-many-rows", name=name, count=rows, limit=MAX_ROWS)
    longest = max((metadata.row_group(at).num_rows for at in range(metadata.num_row_groups)), default=0)
    if longest * len(columns) > MAX_GROUP_CELLS:
        raise Invalid("file.group-too-long", name=name, count=longest, limit=MAX_GROUP_CELLS // len(columns))
    allowed = MAX_ROW_GROUP + MAX_UNPACKED * path.stat().st_size
    for sizes in (groups, read_pages.claims(path, metadata, name)):  # what the footer says, and what the pages do
        unpacked = 0
        for size in sizes:
            unpacked += size
            if not 0 <= size <= MAX_ROW_GROUP or unpacked > allowed:
                raise Invalid("file.bomb-groups", name=name, unpacked=unpacked, limit=allowed)
    try:
        scanned = pl.scan_parquet(path, row_index_name=ROW, glob=False, hive_partitioning=False)
        schema = dict(scanned.collect_schema())
    except (*UNREADABLE, OSError) as error:
        raise Invalid("file.parquet-broken", name=name, why=_first_line(error)) from error
    schema.pop(ROW)

    def read(near: int) -> pl.LazyFrame:
        amounts = Amounts(allowed, near)
        texts = [_as_text(column, kind, name, amounts) for column, kind in schema.items()]
        return scanned.select(pl.col(ROW).cast(pl.Int64), *texts)

    return Opened(
        columns=tuple(schema),
        types=tuple(str(kind).lower() for kind in schema.values()),
        rows=read(MAX_TEXT),
        head=read(_HEAD_TEXT).head(_HEAD_ROWS),
        count=rows,
        separator=",",
        kept=beside,
    )


def _as_text(column: str, kind: pl.DataType, name: str, amounts: Amounts) -> pl.Expr:
    """A Parquet column as the text that a careful CSV would hold."""
    value = pl.col(column)
    if isinstance(kind, (pl.String, pl.Categorical, pl.Enum)):
        return amounts.counted(column, kind, ROW).cast(pl.String)
    if kind.is_integer() or isinstance(kind, (pl.Decimal, pl.Null, pl.Boolean)):
        return value.cast(pl.String)
    if kind.is_float():
        return value.cast(pl.String).map_batches(_plain, return_dtype=pl.String, is_elementwise=True)
    if kind == pl.Date:
        return value.dt.to_string("%Y-%m-%d")
    if isinstance(kind, pl.Datetime):
        instants = value.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if kind.time_zone else value
        return instants.dt.to_string("%Y-%m-%dT%H:%M:%S%.f")
    raise Invalid("file.column-nested", name=name, column=column[:60], type=str(kind)[:60])


def _plain(texts: pl.Series) -> pl.Series:
    """Write doubles out in full: `1e-7` is 0.0000001, exactly the digits that were printed."""
    powers = texts.filter(texts.str.contains(r"\A-?[0-9.]+e[+-]?[0-9]+\z").fill_null(value=False)).unique().to_list()
    if not powers:
        return texts
    return texts.replace({text: format(Decimal(text), "f") for text in powers})
