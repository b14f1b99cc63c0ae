"""How a CSV is written, and where its table begins and ends: what its own rows prove; what they do not is asked.

A header below a title is taken where the rows above it are short, it is the first full row, every cell of it is a name
of its own and below at least one stand numbers or dates (nine in ten: others are faults). Rows at the end are left out
where they are notes (`* Source: …`), or where the first cell says *total* and the row's numbers are the sums of what
stands above.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from typing import Any, Final, TypeAlias

from datadam.errors import Invalid
from datadam.model import fold

SEPARATORS: Final = (",", ";", "\t", "|")
QUOTES: Final = ('"', "'")
HEAD_ROWS: Final = 200  # that a header is found by
TAIL_ROWS: Final = 40  # at the end that may be looked at: no table has a longer footer
TOTALS: Final = frozenset(
    (
        "total", "totals", "grand total", "sum", "subtotal", "world total", "합계", "총계", "총합", "총합계",
        "계", "소계",
        "合計", "総計", "計", "小計", "总计", "合计", "summe", "gesamt", "total général", "somme", "totale",
    )
)  # fmt: skip
_NOTE: Final = re.compile(
    r"\A(?:[*※†‡§]|\[?\(?[0-9]{1,2}[\])]\s|(?:sources?|notes?|출처|자료|자료원|주|비고|注|注記|資料|出典|備考|quelle|fuente)"
    r"\s*[):：\]])",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,3}(?:[ ,.' ][0-9]{3})*(?:[.,][0-9]+)?%?|[+-]?[0-9]+(?:[.,][0-9]+)?%?")
_DATE: Final = re.compile(r"[0-9]{4}[-/.년年 ]+[0-9]{1,2}.*|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}.*")
_YEAR: Final = re.compile(r"(?:18|19|20|21)[0-9]{2}")
_PLAIN: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")

Rows: TypeAlias = Sequence[tuple[int, Sequence[str | None]]]
"""Rows of a table, each with the line or sheet row that it begins at, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What the sender says of a file; None is to be found."""

    format: str | None = None
    encoding: str | None = None
    separator: str | None = None
    quote: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    first_row: int | None = None
    last_row: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a CSV is written, and in which line its header stands."""

    separator: str
    quote: str
    header_row: int


@dataclass(frozen=True, slots=True)
class _Grid:
    """A head as one pair of signs divides it."""

    separator: str
    quote: str
    rows: Rows
    header: int | None  # line
    width: int

    @property
    def fits(self) -> bool:
        """Whether it is a table: some columns, no row wider than the header, most just as wide."""
        below = [len(cells) for line, cells in self.rows if line > (self.header or 0) and filled(cells)]
        return (
            self.header is not None
            and self.width > 1
            and max(below, default=0) <= self.width
            and 2 * below.count(self.width) > len(below)
        )


def find_dialect(head: str, name: str, *, declared: Declared, cut: bool) -> Dialect:
    """Find how a CSV that begins with `head` is written; what was declared stays, what is left unclear is `Invalid`.

    `cut`: the head is not the whole file, and may end within a quoted value.
    """
    marks = QUOTES if declared.quote is None else (declared.quote,)
    found = None
    for mark in marks if "'" in head else marks[:1]:
        found = _by_signs(head, mark, name, declared, cut=cut)
        if found is not None:
            break
    if found is None:
        found = _by_first_line(head, marks[0], name, declared, cut=cut)
    if declared.quote is None and "'" in head:
        return _by_quote(head, found, name, cut=cut)
    return found


def _by_signs(head: str, quote: str, name: str, declared: Declared, *, cut: bool) -> Dialect | None:
    """The one separator that makes a table of it; None if none does, a question if several do."""
    asked = (declared.separator,) if declared.separator else SEPARATORS
    grids = [grid for sign in asked if (grid := _grid(head, sign, quote, declared.header_row, cut=cut))]
    fitting = [grid for grid in grids if grid.fits]
    if not fitting:
        return None
    best = max(grid.width for grid in fitting)
    chosen = [grid for grid in fitting if grid.width == best]
    apart = {grid.separator for grid in chosen}
    line = _line(head, chosen[0].header or 1)
    apart |= {sign for sign in asked if line.count(sign) > max(map(line.count, apart))}
    if len(apart) > 1:
        shown = ", ".join(map(_spelled, sorted(apart)))
        raise Invalid("file.separator-unclear", name=name, choices=shown, first=_spelled(min(apart)))
    return Dialect(separator=chosen[0].separator, quote=quote, header_row=chosen[0].header or 1)


def _line(head: str, number: int) -> str:
    return next(islice(lines_of(head), number - 1, None), "")


def _spelled(separator: str) -> str:
    return "tab" if separator == "\t" else separator


def _by_quote(head: str, found: Dialect, name: str, *, cut: bool) -> Dialect:
    """Which quotation mark it has: single ones where they alone can be read, or stand around every name."""
    double = _grid(head, found.separator, '"', found.header_row, cut=cut)
    single = _grid(head, found.separator, "'", found.header_row, cut=cut)
    if single is None or (double is not None and double.rows == single.rows):
        return replace(found, quote='"')
    if double is not None:
        names = [cell or "" for _, cells in double.rows[:1] for cell in cells]
        if not all(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in names):
            if single.width != double.width or (single.width > 1 and not single.fits):
                return replace(found, quote='"')
            raise Invalid("file.quote-unclear", name=name)
    return replace(found, quote="'")


def _by_first_line(head: str, quote: str, name: str, declared: Declared, *, cut: bool) -> Dialect:
    """No separator makes a table of it: one column, or a file whose faults the judging will name row by row."""
    asked = (declared.separator,) if declared.separator else SEPARATORS
    grids = [grid for sign in asked if (grid := _grid(head, sign, quote, declared.header_row, cut=cut))]
    for grid in grids:
        alike = sum(1 for _, cells in grid.rows if len(cells) == grid.width)
        if grid.header is None and grid.width > 1 and alike > max(1, (len(grid.rows) - 1) // 2):
            raise header_unclear(grid.rows, name)
    line = declared.header_row or next((grid.header for grid in grids if grid.header), 1)
    return Dialect(separator=max(asked, key=_line(head, line).count), quote=quote, header_row=line)


def _grid(head: str, separator: str, quote: str, header_row: int | None, *, cut: bool) -> _Grid | None:
    rows: list[tuple[int, list[str]]] = []
    skipped = (header_row or 1) - 1
    try:
        for line, cells in csv_rows(islice(lines_of(head), skipped, None), separator, quote):
            rows.append((line + skipped, cells))
            if len(rows) == HEAD_ROWS:
                break
    except csv.Error as error:
        if not (cut and "unexpected end" in str(error)):
            return None
    if header_row is not None:
        return _Grid(separator, quote, rows, header_row, len(rows[0][1]) if rows else 0)
    header, width = find_header(rows)
    return _Grid(separator, quote, rows, header, width)


def lines_of(text: str) -> Iterator[str]:
    """Split at line feeds only: a form feed or U+2028 inside a value ends no line."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def signs(separator: str, quote: str) -> dict[str, Any]:
    """A dialect as the `csv` module takes it."""
    if quote:
        return {"delimiter": separator, "quotechar": quote}
    return {"delimiter": separator, "quotechar": None, "quoting": csv.QUOTE_NONE}


def csv_rows(lines: Iterable[str], separator: str, quote: str) -> Iterator[tuple[int, list[str]]]:
    """The records of a CSV, each with the line that it begins at, from 1; strict: `csv.Error` where it is broken."""
    reader = csv.reader(lines, strict=True, **signs(separator, quote))
    line = 1
    for cells in reader:
        yield line, cells
        line = reader.line_num + 1


# --- headers ----------------------------------------------------------------------------------------------------------


def filled(cells: Sequence[str | None]) -> int:
    """How many cells say something."""
    return sum(1 for cell in cells if cell and cell.strip())


def find_header(rows: Rows) -> tuple[int | None, int]:
    """The line of the header, None where no row proves to be it; and how many columns the table has."""
    used = [(line, cells) for line, cells in rows if filled(cells)]
    if not used:
        return None, 0
    counts = Counter(len(cells) for _, cells in used if filled(cells) > 1)
    width = max(counts, key=lambda size: (counts[size], -size), default=1)
    first, first_cells = used[0]
    if width == 1 or 2 * filled(first_cells) > width or len(used) == 1:
        return first, len(first_cells) if filled(first_cells) > 1 else width
    for place, (line, cells) in enumerate(used):
        if 2 * filled(cells) <= width:
            continue
        apart = width > 2 or len(first_cells) == width or line > used[place - 1][0] + 1  # noqa: PLR2004  (beyond a key and its value)
        return (line if apart and _is_header(cells, used[place + 1 :], width) else None), width
    return None, width


def _is_header(cells: Sequence[str | None], below: Rows, width: int) -> bool:
    names = [(cell or "").strip() for cell in cells]
    if len(names) != width or not all(names) or len(set(names)) != width:
        return False
    if any(_NUMBER.fullmatch(name) and not _YEAR.fullmatch(name) for name in names):
        return False
    return any(
        _of_values(names[place], [row[place] for _, row in below if len(row) == width]) for place in range(width)
    )


def _of_values(name: str, cells: Iterable[str | None]) -> bool:
    """Whether what stands below a name are numbers or dates, as the name is not; one in ten may be a fault."""
    texts = [cell.strip() for cell in cells if cell and cell.strip()]
    return bool(texts) and not _value(name) and sum(map(_value, texts)) * 10 >= len(texts) * 9


def _value(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text) or _DATE.fullmatch(text))


def header_unclear(rows: Rows, name: str) -> Invalid:
    """The question which row is the header, with the first rows that might be."""
    full = [(line, cells) for line, cells in rows if filled(cells) > 1][:3] or list(rows[:3])
    shown = "; ".join(f"{line}: {' | '.join((cell or '').strip()[:20] for cell in cells[:5])}" for line, cells in full)
    return Invalid("file.header-unclear", name=name, choices=shown, row=full[0][0] if full else 1)


def may_end(line: str, separator: str) -> bool:
    """Whether a line looks as one below a table does; only then is it worth reading all of the file."""
    first = next((cell for part in line.split(separator) if (cell := part.strip().strip("\"'"))), "")
    return bool(_NOTE.match(first)) or fold(first).rstrip(": ") in TOTALS


# --- footers ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Footer:
    """Looks for the end of a table while its rows go by, and holds no more than the last of them."""

    name: str
    header: Sequence[str | None]
    _sums: list[tuple[Decimal, bool] | None]
    _held: list[tuple[int, Sequence[str | None]]]

    def __init__(self, name: str, header: Sequence[str | None]) -> None:
        """Begin below `header`."""
        self.name, self.header = name, header
        self._sums = [(Decimal(0), False)] * len(header)
        self._held = []

    def take(self, line: int, cells: Sequence[str | None]) -> None:
        """See one row."""
        if not filled(cells):
            return
        self._held.append((line, cells))
        if len(self._held) > TAIL_ROWS:
            self._add(self._held.pop(0)[1])

    def _add(self, cells: Sequence[str | None]) -> None:
        for place, cell in enumerate(cells[: len(self._sums)]):
            known = self._sums[place]
            if known is None or not cell or not cell.strip():
                continue
            number = _number(cell)
            self._sums[place] = None if number is None else (known[0] + number, True)

    def last_row(self) -> int | None:
        """The last line of data, None if nothing stands below it; `Invalid` where that is unclear."""
        rows, below = list(self._held), None
        while len(rows) > 1 and len(self.header) > 1 and filled(rows[-1][1]) == 1 and _NOTE.match(_first(rows[-1][1])):
            below = rows.pop()[0] - 1
        if len(rows) < 2 or fold(_first(rows[-1][1])).rstrip(": ") not in TOTALS:  # noqa: PLR2004  (a row and its total)
            return below
        line, cells = rows[-1]
        for _, above in rows[:-1]:
            self._add(above)
        if not self._holds(cells):
            raise Invalid("file.footer-unclear", name=self.name, row=line, label=_first(cells)[:20], before=line - 1)
        return line - 1

    def _holds(self, cells: Sequence[str | None]) -> bool:
        """Whether every number of a total is the sum of its column; other words than the label make it none."""
        place = next(at for at, cell in enumerate(cells) if cell and cell.strip())
        summed = 0
        for at, cell in enumerate(cells):
            if at == place or not cell or not cell.strip():
                continue
            known = self._sums[at] if at < len(self._sums) else None
            number = _number(cell)
            if known is None or not known[1] or number != known[0]:
                return False
            summed += 1
        return summed > 0


def _first(cells: Sequence[str | None]) -> str:
    return next(cell.strip() for cell in cells if cell and cell.strip())


def _number(text: str) -> Decimal | None:
    """A number with a decimal point and perhaps commas between thousands; other ways prove no sum."""
    plain = text.strip()
    if "," in plain and re.fullmatch(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?", plain):
        plain = plain.replace(",", "")
    return Decimal(plain) if len(plain) < 40 and _PLAIN.fullmatch(plain) else None  # noqa: PLR2004  (more is no amount)
