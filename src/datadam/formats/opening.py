"""How a file opens: its `Reading`, found from its bytes or declared, and the rows that the same Reading gives anywhere.

Where it is sent from, `find` looks at all of the file once; what it finds is shown and signed. At the dam `table` and
`text_lines` obey what was signed, to the letter, and fail where the bytes are not so.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import Any, BinaryIO, Final, TypeVar

from datadam.errors import Invalid
from datadam.formats import dialects, encodings, json_rows, packing, stix_rows, workbook
from datadam.formats.dialects import Declared
from datadam.formats.packing import Opener
from datadam.model import FORMATS, Json, Layout, Reading

MAX_COLUMNS: Final = 1_000  # of JSON objects and sheets; a CSV's header has the same limit
MAX_ROW: Final = 10**12  # that a reading may name
MAX_PARTS: Final = 1_000  # files of a folder: each is named in a signed manifest
HEAD: Final = 256 * 1024  # letters that a dialect is found by
SAMPLE_ROWS: Final = 20
_MAX_NAME: Final = 255  # letters of a sheet's name: Excel writes 31 at most, others more
BINARY: Final = frozenset({"parquet", "arrow"})
RECORDS: Final = frozenset({"json", "jsonl", "stix", "xlsx"})
_ARROW: Final = (b"ARROW1", b"\xff\xff\xff\xff")  # a file, a stream
_DEFAULT: Final = Reading()
_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns, and rows of their texts with the row's number from 0 below the header."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[int, Sequence[str | None]]]


# --- readings as JSON -------------------------------------------------------------------------------------------------


def reading_to_json(reading: Reading) -> Json:
    """What of a reading is not as it is anyway; the format stands beside it."""
    told = {one.name: getattr(reading, one.name) for one in fields(Reading) if one.name != "format"}
    told["parts"] = [list(part) for part in reading.parts] or ()
    return {name: value for name, value in told.items() if value != getattr(_DEFAULT, name)}


def reading_from_json(format: str, told: Mapping[str, Any]) -> Reading:
    """The reading that `reading_to_json` told of; one that can mean nothing is `Invalid`."""
    known = {one.name for one in fields(Reading)} - {"format"}
    if not set(told) <= known:
        raise Invalid("file.reading-odd", what=", ".join(sorted(set(told) - known))[:80])
    reading = replace(_DEFAULT, format=format, **{**told, "parts": _parts(told.get("parts", []))})
    odd = [name for name, holds in _CHECKS.items() if not holds(getattr(reading, name))]
    if odd:
        raise Invalid("file.reading-odd", what=", ".join(odd))
    return reading


def _parts(told: object) -> tuple[tuple[Any, ...], ...]:
    whole = isinstance(told, list) and all(isinstance(part, list) for part in told)
    return tuple(map(tuple, told)) if whole and isinstance(told, list) else ((),)  # which is no part


def _is_part(value: Sequence[object]) -> bool:
    return len(value) == 2 and isinstance(value[0], str) and type(value[1]) is int and value[1] >= 0  # noqa: PLR2004  (name, rows)


def _is_row(value: object) -> bool:
    return type(value) is int and 0 < value <= MAX_ROW


_CHECKS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "format": lambda value: value in FORMATS,
    "compression": lambda value: value is None or value in packing.COMPRESSIONS,
    "encoding": lambda value: value in encodings.ENCODINGS,
    "separator": lambda value: value in dialects.SEPARATORS,
    "quote": lambda value: value in (*dialects.QUOTES, ""),
    "newline": lambda value: value in ("\n", "\r"),
    "sheet": lambda value: value is None or (isinstance(value, str) and 0 < len(value) <= _MAX_NAME),
    "header_row": _is_row,
    "first_row": lambda value: value is None or _is_row(value),
    "last_row": lambda value: value is None or _is_row(value),
    "parts": lambda value: len(value) <= MAX_PARTS and all(map(_is_part, value)),
}


# --- rows under a reading ---------------------------------------------------------------------------------------------


@contextmanager
def text_of(opener: Opener, reading: Reading, name: str) -> Iterator[Iterator[tuple[int, str]]]:
    """The unpacked, decoded text of a file in pieces, each with its byte offset in what was unpacked."""
    with opener() as file, packing.unpacked(file, reading.compression, name) as inner:
        yield encodings.decoded(inner, reading.encoding, name)


@contextmanager
def parts_of(opener: Opener, reading: Reading, name: str) -> Iterator[Iterator[Iterator[tuple[int, str]]]]:
    """The text of each file of a packed folder, one after the other, as `text_of` gives it."""
    with opener() as file, packing.members(file, len(reading.parts), name) as inner:
        yield (encodings.decoded(one, reading.encoding, name) for one in inner)


@contextmanager
def table(opener: Opener, reading: Reading, name: str) -> Iterator[Table]:
    """The rows of JSON, STIX or a workbook. A packed workbook's opener gives it unpacked."""
    if reading.format == "xlsx":
        with opener() as file:
            found = _sheet(file, reading, name)
            limit = packing.cells_allowed(file.seek(0, io.SEEK_END))
            yield Table(found.columns, _counted(found.rows, len(found.columns), limit, name))
        return
    limit = packing.cells_allowed(_size(opener))
    if reading.format == "stix":
        columns: tuple[str, ...] = stix_rows.COLUMNS
    else:
        with text_of(opener, reading, name) as texts:
            objects = _objects((text for _, text in texts), reading.format, name)
            columns = _columns((one for _, one in _counted(enumerate(objects), 1, limit, name)), name)
    with text_of(opener, reading, name) as texts:
        objects = _objects((text for _, text in texts), reading.format, name)
        rows = ((row, [one.get(column) for column in columns]) for row, one in enumerate(objects))
        yield Table(columns, _counted(rows, len(columns), limit, name))


def _size(opener: Opener) -> int:
    """Bytes of a file as it is sent; of one that is unpacked already, where it is sent from, any."""
    with opener() as file:
        return file.seek(0, io.SEEK_END) if file.seekable() else packing.MOST


def _counted(rows: Iterable[tuple[int, _Row]], width: int, limit: int, name: str) -> Iterator[tuple[int, _Row]]:
    """The same rows, as long as they have not too many cells: a row that says nothing has as many as any."""
    count = 0
    for row in rows:
        count += max(width, 1)
        if count > limit:
            raise Invalid("file.too-many-cells", name=name, count=count, limit=limit)
        yield row


def _objects(texts: Iterable[str], format: str, name: str) -> Iterator[json_rows.Cells]:
    read = {"json": json_rows.in_array, "jsonl": json_rows.in_lines, "stix": stix_rows.rows}[format]
    return read(texts, name)


def _columns(objects: Iterable[json_rows.Cells], name: str) -> tuple[str, ...]:
    """Every name that any object has, in order of appearance."""
    found: dict[str, None] = {}
    for one in objects:
        if not one.keys() <= found.keys():
            found.update(dict.fromkeys(one))
            if len(found) > MAX_COLUMNS:
                raise Invalid("file.too-many-columns", name=name, count=len(found), limit=MAX_COLUMNS)
    return tuple(found)


def _sheet(file: BinaryIO, reading: Reading, name: str) -> Table:
    rows = workbook.rows(file, reading.sheet, name)
    header = next((cells for number, cells in rows if number == reading.header_row), None)
    if header is None:
        raise Invalid("file.header-malformed", name=name)
    columns = tuple((cell or "").strip() for cell in header)
    if len(columns) > MAX_COLUMNS:
        raise Invalid("file.too-many-columns", name=name, count=len(columns), limit=MAX_COLUMNS)
    return Table(columns, _below(rows, reading, len(columns), name))


def _below(
    rows: Iterable[tuple[int, list[str | None]]], reading: Reading, width: int, name: str
) -> Iterator[tuple[int, Sequence[str | None]]]:
    first = reading.first_row or reading.header_row + 1
    for number, cells in rows:
        if number < first:
            continue
        if reading.last_row is not None and number > reading.last_row:
            return
        row = number - reading.header_row - 1
        if len(cells) > width:
            raise Invalid("file.row-too-wide", name=name, row=row, fields=len(cells), columns=width)
        yield row, cells + [None] * (width - len(cells))


# --- finding ----------------------------------------------------------------------------------------------------------


def kind_of(start: bytes) -> str | None:
    """The format that a file's first bytes name; None: it may be text."""
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(_ARROW):
        return "arrow"
    return "old-excel" if start.startswith(workbook.OLD) else None


def find(opener: Opener, name: str, declared: Declared) -> Layout:
    """How a file is read, its columns and first values; `Invalid` with the question where its bytes do not prove it.

    For Parquet and Arrow the layout has no columns: a data frame library tells them.
    """
    compression, inner = _packing(opener, name)
    with inner() as file:
        start = file.read(4096)
    kind = kind_of(start)
    if kind == "old-excel":
        raise Invalid("file.excel-old", name=name)
    if packing.packed_strangely(start) or (compression and packing.compression_of(start) not in {None, packing.ZIP}):
        raise Invalid("file.compressed", name=name)
    if kind in BINARY:
        return _plain_layout(Reading(format=str(kind), compression=compression), (), [])
    if packing.compression_of(start) == packing.ZIP:
        return _find_sheet(inner, name, replace(_DEFAULT, format="xlsx", compression=compression), declared)
    return _find_text(inner, name, replace(_DEFAULT, compression=compression), declared)


def _packing(opener: Opener, name: str) -> tuple[str | None, Opener]:
    """How a file is packed, and an opener of what is inside. A workbook is a zip, but is not packed."""
    with opener() as file:
        start = file.read(16)
        compression = packing.compression_of(start)
        if compression == packing.ZIP and workbook.is_workbook(file):
            compression = None
    if compression is None:
        return None, opener

    @contextmanager
    def inner() -> Iterator[BinaryIO]:
        with opener() as file, packing.unpacked(file, compression, name) as content:
            yield content

    return compression, inner


def _plain_layout(reading: Reading, columns: Sequence[str], body: Sequence[Sequence[str | None]]) -> Layout:
    samples = tuple(tuple(row[at] or "" for row in body if at < len(row)) for at in range(len(columns)))
    return Layout(columns=tuple(columns), types=("text",) * len(columns), samples=samples, reading=reading)


def _find_text(opener: Opener, name: str, reading: Reading, declared: Declared) -> Layout:
    encoding = declared.encoding or encodings.find_encoding(opener, name)
    reading = replace(reading, encoding=encoding)
    unpacked = replace(reading, compression=None)
    with text_of(opener, unpacked, name) as texts:
        head = _start(text for _, text in texts)
    if not head.strip():
        raise Invalid("file.empty", name=name)
    format = declared.format or _text_format(head)
    if format == "csv":
        return _find_csv(opener, name, reading, declared, head)
    reading = replace(reading, format=format)
    with table(opener, replace(unpacked, format=format), name) as found:
        body = [cells for _, cells in islice(found.rows, SAMPLE_ROWS)]
    return _plain_layout(reading, found.columns, body)


def _start(texts: Iterable[str]) -> str:
    head = ""
    for text in texts:
        head += text
        if len(head) >= HEAD:
            break
    return head[:HEAD]


def _text_format(head: str) -> str:
    begin = head.lstrip()
    match begin[:1], begin[1:].lstrip()[:1]:
        case "[", "{" | "[" | "]":
            return "json"
        case "{", '"':
            return "stix" if stix_rows.is_bundle([begin]) else "jsonl"
        case _:
            return "csv"


def _find_csv(opener: Opener, name: str, reading: Reading, declared: Declared, head: str) -> Layout:
    newline = "\r" if "\n" not in head and "\r" in head.rstrip("\r") else "\n"
    reading = replace(reading, newline=newline)
    cut = len(head) >= HEAD
    if newline == "\r":
        head = head.replace("\r", "\n")
    if cut:
        head = head[: head.rfind("\n") + 1] or head
    found = dialects.find_dialect(head, name, declared=declared, cut=cut)
    reading = replace(
        reading,
        separator=found.separator,
        quote=found.quote,
        header_row=found.header_row,
        first_row=declared.first_row,
        last_row=declared.last_row,
    )
    lines = islice(dialects.lines_of(head), found.header_row - 1, None)
    body: list[list[str]] = []
    try:
        for _, cells in islice(dialects.csv_rows(lines, found.separator, found.quote), SAMPLE_ROWS * 2):
            body.append(cells)
    except csv.Error as error:
        if not body:
            raise Invalid("file.header-malformed", name=name) from error
    if declared.last_row is None and len(body[0]) > 1:
        reading = replace(reading, last_row=_csv_end(opener, name, reading, body[0]))
    data = [cells for cells in body[1:] if len(cells) == len(body[0])][:SAMPLE_ROWS]
    return _plain_layout(reading, body[0], data)


def _csv_end(opener: Opener, name: str, reading: Reading, header: Sequence[str]) -> int | None:
    """The last line of data, where a footer follows: told by the last lines, proven by all."""
    unpacked = replace(reading, compression=None)
    with text_of(opener, unpacked, name) as texts:
        tail = ""
        for _, text in texts:
            tail = (tail + text)[-HEAD:]
    last = tail.replace("\r", "\n").rstrip().rsplit("\n", dialects.TAIL_ROWS)[1:]
    if not any(dialects.may_end(line, reading.separator) for line in last):
        return None
    footer = dialects.Footer(name, header)
    try:
        with text_of(opener, unpacked, name) as texts:
            lines = lines_in((text for _, text in texts), reading.newline)
            for line, cells in dialects.csv_rows(lines, reading.separator, reading.quote):
                if line > reading.header_row:
                    footer.take(line, cells)
    except csv.Error:
        return None  # for the report, which will say where
    return footer.last_row()


def lines_in(texts: Iterable[str], newline: str) -> Iterator[str]:
    """The lines of a text that comes in pieces, each with a line feed at its end."""
    rest = ""
    for text in texts:
        *whole, rest = (rest + text).split(newline)
        yield from (f"{line}\n" for line in whole)
        if len(rest) > MAX_LINE:
            yield rest
            rest = ""
    if rest:
        yield rest


def table_lines(texts: Iterable[str], reading: Reading) -> Iterator[str]:
    """The header's line and those of the data."""
    first = reading.first_row or reading.header_row + 1
    for number, line in enumerate(lines_in(texts, reading.newline), 1):
        if reading.last_row is not None and number > reading.last_row:
            return
        if number == reading.header_row or number >= first:
            yield line


def picked(opener: Opener, reading: Reading, name: str) -> Iterator[str]:
    """The lines of the table in a file: the header's first."""
    with text_of(opener, reading, name) as texts:
        yield from table_lines((text for _, text in texts), reading)


MAX_LINE: Final = 4 * 1024 * 1024  # letters held while a line end is sought here; what a dam takes is checked there


def _find_sheet(opener: Opener, name: str, reading: Reading, declared: Declared) -> Layout:
    with packing.whole(opener) as file:
        sheet = declared.sheet or _one_sheet(file, name)
        head = list(islice(workbook.rows(file, sheet, name), dialects.HEAD_ROWS))
        if not head:
            raise Invalid("file.empty", name=name)
        header = declared.header_row or dialects.find_header(head)[0]
        if header is None:
            raise dialects.header_unclear(head, name)
        reading = replace(
            reading, sheet=sheet, header_row=header, first_row=declared.first_row, last_row=declared.last_row
        )
        found = _sheet(file, reading, name)
        if declared.last_row is None and len(found.columns) > 1:
            footer = dialects.Footer(name, found.columns)
            for row, cells in found.rows:
                footer.take(row + header + 1, cells)
            reading = replace(reading, last_row=footer.last_row())
            found = _sheet(file, reading, name)
        body = [cells for _, cells in islice(found.rows, SAMPLE_ROWS)]
    return _plain_layout(reading, found.columns, body)


def _one_sheet(file: BinaryIO, name: str) -> str:
    held = workbook.sheets(file, name)
    if not held:
        raise Invalid("file.empty", name=name)
    if len(held) > 1:
        raise Invalid("file.sheet-unclear", name=name, sheets=", ".join(held)[:400], first=held[0])
    return held[0]
