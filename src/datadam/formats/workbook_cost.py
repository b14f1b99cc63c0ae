"""What reading a workbook's parts would cost: each is gone through once, holding nothing, before openpyxl has it.

openpyxl lets go of a row or a shared string at its end and of all else never; an empty cell costs it as much as a full
one, and a cell far to the right all those before it. A few packed bytes can say any number of these.
"""

import zipfile
from collections import Counter
from collections.abc import Callable
from typing import IO, Any, Final
from xml.parsers import expat

from datadam.errors import Invalid
from datadam.formats.packing import cells_allowed

MAX_ROWS: Final = 1_048_576  # of an Excel sheet
WIDEST: Final = 16_384  # columns of an Excel sheet: the last is XFD
MAX_ITEM: Final = 200_000  # elements of one row or shared string: 16,384 cells of a value, a formula and some letters
MAX_OTHERS: Final = 250_000  # elements elsewhere in a part: 65,490 styles are what Excel takes
MAX_HELD: Final = 64 * 1024**2  # bytes without the end of a row or shared string
FREE_STRINGS: Final = 1_000_000  # shared strings that any file may have, and one more for each byte
MAX_OPENED: Final = 4  # times that a part is read at most: no two sheets have the same
_MEDIA: Final = "xl/media/"  # pictures: no XML
_BLOCK: Final = 64 * 1024
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "
_ROW, _CELL, _STRING = f"{_MAIN}row", f"{_MAIN}c", f"{_MAIN}si"


class Guard:
    """Stands before an archive's parts for as long as openpyxl reads them."""

    def __init__(self, archive: zipfile.ZipFile, size: int, name: str) -> None:
        """Begin with a workbook of `size` bytes; from now on `archive` opens no part that costs too much."""
        self._open: Callable[..., IO[bytes]] = archive.open
        self._size, self._name = size, name
        self._opened: Counter[str] = Counter()
        self._cells = 0
        archive.open = self.open  # type: ignore[method-assign, assignment]  # ZipFile.read goes through it as well

    def open(self, part: str | zipfile.ZipInfo, *how: Any, **options: Any) -> IO[bytes]:
        """What `ZipFile.open` gives; `Invalid` where that is too much to read."""
        title = part if isinstance(part, str) else part.filename
        self._opened[title] += 1
        if self._opened[title] == 1:
            self._go_through(title)
        elif self._opened[title] > MAX_OPENED and not title.startswith(_MEDIA):
            raise Invalid("file.excel-broken", name=self._name, why=f"several sheets in {title[:80]}")
        return self._open(part, *how, **options)

    def _go_through(self, title: str) -> None:
        seen = _Part(self._name, cells_allowed(self._size) - self._cells, FREE_STRINGS + self._size)
        with self._open(title) as part:
            try:
                seen.read(part)
            except expat.ExpatError as error:
                if not title.startswith(_MEDIA):
                    raise Invalid("file.excel-broken", name=self._name, why=f"{title[:80]}: {error}") from error
        self._cells += seen.cells


class _Part:
    """Counts what one part says."""

    def __init__(self, name: str, cells: int, strings: int) -> None:
        self._name, self._max_cells, self._max_strings = name, cells, strings
        self.cells = self.strings = self.others = 0
        self._rows = self._depth = self._within = self._in_item = self._column = self._widest = self._since = 0

    def read(self, part: IO[bytes]) -> None:
        """Count it all."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.StartDoctypeDeclHandler = self._doctype
        while block := part.read(_BLOCK):
            self._since += len(block)
            if self._since > MAX_HELD:
                raise Invalid("file.bomb", name=self._name, unpacked=self._since, limit=MAX_HELD)
            parser.Parse(block)

    def _doctype(self, *_: object) -> None:
        raise Invalid("file.excel-broken", name=self._name, why="a document type declaration")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._within:
            self._in_item += 1
            if tag == _CELL:
                self._cell(attributes.get("r"))
            self._hold(self._in_item, MAX_ITEM)
        elif tag in {_ROW, _STRING}:
            self._within, self._in_item, self._column, self._widest = self._depth, 0, 0, 0
            self._rows += tag == _ROW
            self.strings += tag == _STRING
            if self._rows > MAX_ROWS:
                raise Invalid("file.too-many-rows", name=self._name, count=self._rows, limit=MAX_ROWS)
            self._hold(self.strings, self._max_strings)
        else:
            self.others += 1
            self._hold(self.others, MAX_OTHERS)

    def _cell(self, place: str | None) -> None:
        self._column = _column(place) if place else self._column + 1
        if self._column > WIDEST:
            raise Invalid("file.excel-broken", name=self._name, why="a cell beyond the column XFD")
        self._widest = max(self._widest, self._column)

    def _end(self, _: str) -> None:
        if self._within == self._depth:
            self.cells += max(self._widest, self._in_item and 1)
            self._within = self._since = 0
            self._hold(self.cells, max(self._max_cells, 0))
        self._depth -= 1

    def _hold(self, count: int, limit: int) -> None:
        if count > limit:
            raise Invalid("file.too-many-cells", name=self._name, count=count, limit=limit)


def _column(place: str) -> int:
    """The number of a cell's column; what is none is beyond all."""
    column = 0
    for letter in place.replace("$", "").upper():
        if not "A" <= letter <= "Z":
            break
        column = 26 * column + ord(letter) - ord("A") + 1
        if column > WIDEST:
            break
    return column
