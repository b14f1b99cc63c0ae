"""See tables that are laid out in breadth: years, minerals or kinds of hashes as columns, quantities in them. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from datadam.evidence import PARTS, mostly_numbers, profiled, there
from datadam.matching import Candidate, is_named
from datadam.model import CodeList, Column, Standard, Type, Unpivot, fold
from datadam.standard import known_as, resolve
from datadam.words import Word, words

_YEAR: Final = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})(?![0-9])")
_SHORT_YEAR: Final = re.compile(r"(?i)(?:\bfy|\bcy|['’])\s?([0-9]{2})(?![0-9])")
_ERAS: Final = {"令和": 2018, "r": 2018, "平成": 1988, "h": 1988, "昭和": 1925, "s": 1925}  # the year before each began
_ERA: Final = re.compile(r"(?i)(令和|平成|昭和|\b[rhs])\s?([0-9]{1,2}|元)(?![0-9])")
_YEAR_WORDS: Final = frozenset({"year", "production", "quantity", "date", "flag", "annual", "volume"})
_MARK: Final = 2  # letters beside a year that may mark the figure
_MOST_YEARS: Final = 9999
_LEAST_YEARS: Final = 1000


def wide(
    standard: Standard, columns: Sequence[Column], candidates: Sequence[Candidate], codes: Mapping[str, CodeList]
) -> Unpivot | None:
    """Columns that are one column laid out in breadth: their headers are years or codes, their values quantities."""
    quantity = _the_quantity(standard)
    if quantity is None or quantity not in columns:
        return None
    measured = quantity.type is not Type.TEXT
    numeric = [c for c in candidates if (mostly_numbers(c.samples) if measured else _shows(quantity, c.samples))]
    best: tuple[int, Column, dict[str, str]] | None = None
    for column in columns:
        if column.name == quantity.name or any(is_named(c.header, column) for c in candidates):
            continue
        found = {c.header: said for c in numeric if (said := _told(c.header, column, quantity, codes)) is not None}
        if len(found) > 1 and len(set(found.values())) == len(found) and (best is None or len(found) > best[0]):
            best = (len(found), column, found)
    if best is None:
        return None
    return Unpivot(names_to=best[1].name, values_to=quantity.name, columns=best[2])


def _the_quantity(standard: Standard) -> Column | None:
    """The one column that measures, else the one whose values show what they are: with several, none can be told."""
    measured = [c for c in standard.columns if c.type in {Type.DECIMAL, Type.NUMBER}]
    shown = [c for c in standard.columns if c.pattern is not None and c.required and c.codes is None]
    found = measured or shown
    return found[0] if len(found) == 1 else None


def _shows(column: Column, samples: Sequence[str]) -> bool:
    present = there(samples)
    return bool(present) and bool(profiled(column, present))


def _told(header: str, column: Column, quantity: Column, codes: Mapping[str, CodeList]) -> str | None:
    """The value of `column` that a header tells, or None."""
    text = unicodedata.normalize("NFKC", header).strip()
    if column.type is Type.INTEGER and column.minimum is not None and column.maximum is not None:
        if not _LEAST_YEARS <= int(column.minimum) <= int(column.maximum) <= _MOST_YEARS:
            return None
        text = _SHORT_YEAR.sub(r" 20\1 ", _ERA.sub(_of_era, text))
        years = _YEAR.findall(text)
        rest = _says_nothing(words(_YEAR.sub(" ", text)))
        return str(years[0]) if len(years) == 1 and rest else None
    listed = codes.get(column.codes) if column.codes is not None else None
    if listed is None and not column.values:
        return None
    parts = (text, *PARTS.split(text))
    bare = (part.replace(name, " ") for part in parts for name in known_as(quantity) if name in part)
    pieces = (*parts, *bare)
    for piece in pieces:
        said = resolve(listed, piece.strip()) if listed is not None else _one_of(piece, column.values)
        if said is not None:
            return said
    return None


def _of_era(found: re.Match[str]) -> str:
    """A year of a Japanese era as one of the common era: 令和3 is 2021, 平成元 is 1989."""
    era, year = found.groups()
    return f" {_ERAS[era.casefold()] + (1 if year == '元' else int(year))} "


def _says_nothing(rest: Sequence[Word]) -> bool:
    """Whether what stands beside a year tells nothing of its own: FY, Y, 년, e for estimated, or output itself."""
    short = (word.meanings == {f"?{word.text}"} and len(word.text) <= _MARK for word in rest)
    return all(not word.meanings or mark or word.meanings & _YEAR_WORDS for word, mark in zip(rest, short, strict=True))


def _one_of(text: str, values: Sequence[str]) -> str | None:
    return next((value for value in values if fold(value) == fold(text)), None)
