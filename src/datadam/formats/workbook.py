"""Rows from an Excel workbook (.xlsx, .xlsm): values as last computed; no formula, macro or link is run or fetched.

Numbers are Excel's doubles in their shortest exact writing, dates ISO 8601 where the cell is formatted as one.
"""

import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time
from decimal import Decimal
from typing import Any, BinaryIO, Final

from datadam.errors import DamError, Invalid, Unavailable
from datadam.formats.packing import allowance
from datadam.formats.workbook_cost import MAX_ROWS, Guard

MAX_CELL: Final = 32_767  # letters, as Excel has it
MAX_STRINGS: Final = 256 * 1024**2  # bytes of the shared strings, which are held in memory
MAX_MEMBERS: Final = 10_000
OLD: Final = b"\xd0\xcf\x11\xe0"  # the container of .xls, and of a workbook that is locked by a password


def is_workbook(file: BinaryIO) -> bool:
    """Whether a zip is a workbook."""
    try:
        with zipfile.ZipFile(file) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):  # broken, or packed by other means
        return False


def sheets(file: BinaryIO, name: str) -> list[str]:
    """The names of the sheets that a person sees and that hold anything."""
    with _opened(file, name) as book:
        shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        return [sheet.title for sheet in shown if next(_cells(sheet, name), None) is not None]


def rows(file: BinaryIO, sheet: str | None, name: str) -> Iterator[tuple[int, list[str | None]]]:
    """Every row of a sheet that says anything, with its number as Excel shows it."""
    with _opened(file, name) as book:
        if sheet not in book.sheetnames:
            raise Invalid(
                "file.sheet-unknown", name=name, sheet=str(sheet)[:40], known=", ".join(book.sheetnames)[:400]
            )
        found = book[sheet]
        if not hasattr(found, "iter_rows"):
            raise Invalid(
                "file.sheet-unknown", name=name, sheet=str(sheet)[:40], known=", ".join(book.sheetnames)[:400]
            )
        limit, letters = allowance(_size(file)), 0
        for number, cells in _cells(found, name):
            letters += sum(map(len, filter(None, cells)))  # one shared string may stand in every cell
            if letters > limit:
                raise Invalid("file.bomb", name=name, unpacked=letters, limit=limit)
            yield number, cells


def _cells(sheet: Any, name: str) -> Iterator[tuple[int, list[str | None]]]:  # noqa: ANN401  (openpyxl's)
    sheet.reset_dimensions()  # what the file says of its own size may be wrong
    for number, row in enumerate(sheet.iter_rows(), 1):
        if number > MAX_ROWS:
            raise Invalid("file.too-many-rows", name=name, count=number, limit=MAX_ROWS)
        cells = [_text(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            if max(len(cell or "") for cell in cells) > MAX_CELL:
                raise Invalid("file.excel-broken", name=name, why=f"row {number}: a cell over {MAX_CELL} characters")
            yield number, cells


def _text(cell: Any) -> str | None:  # noqa: ANN401  (openpyxl's)
    match cell.value:
        case None | str() as value:
            return value
        case bool() as value:
            return str(value).lower()
        case float() as value:
            return format(Decimal(repr(value)), "f").removesuffix(".0")
        case datetime() as value:
            timed = any(letter in (cell.number_format or "").lower() for letter in "hs")
            return value.isoformat() if timed or value.time() != time() else value.date().isoformat()
        case value:
            return str(value)  # times and lengths of time as well


@contextmanager
def _opened(file: BinaryIO, name: str) -> Iterator[Any]:
    """The workbook; whatever its parts trip over is `Invalid`."""
    try:
        from openpyxl.reader.excel import ExcelReader  # noqa: PLC0415  (only where a file needs it)
    except ImportError as error:  # the light client has none
        raise Unavailable("client.library-missing", library="openpyxl", extra="files") from error
    warnings.filterwarnings("ignore", module=r"openpyxl\..*")  # of decoration that it does not keep
    _check(file, name)
    try:
        reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False, keep_vba=False)
        Guard(reader.archive, _size(file), name)
        reader.read()
        book = reader.wb
        try:
            yield book
        finally:
            book.close()
    except (DamError, GeneratorExit):
        raise
    except Exception as error:  # a hostile file makes a parser raise anything
        why = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise Invalid("file.excel-broken", name=name, why=why or type(error).__name__) from error


def _size(file: BinaryIO) -> int:
    """Bytes of a file; where it is read goes on from where it was."""
    at = file.tell()
    size = file.seek(0, io.SEEK_END)
    file.seek(at)
    return size


def _check(file: BinaryIO, name: str) -> None:
    """Refuse a workbook that unpacks to too much, or that declares entities: before any of it is parsed."""
    size = _size(file)
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            unpacked, limit = sum(one.file_size for one in members), allowance(size)
            strings = sum(one.file_size for one in members if one.filename.endswith("sharedStrings.xml"))
            if unpacked > limit or strings > MAX_STRINGS or len(members) > MAX_MEMBERS:
                raise Invalid("file.bomb", name=name, unpacked=unpacked, limit=min(limit, MAX_STRINGS))
            for one in members:
                if one.filename.endswith((".xml", ".rels")):
                    with archive.open(one) as part:
                        if b"<!DOCTYPE" in part.read(1024):  # OOXML has none (ECMA-376 part 2)
                            raise Invalid("file.excel-broken", name=name, why="a document type declaration")
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError, EOFError) as error:
        raise Invalid("file.excel-broken", name=name, why=str(error)[:200] or type(error).__name__) from error
    file.seek(0)
