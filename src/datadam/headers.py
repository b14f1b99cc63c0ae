"""A source column as others head it: name and unit told apart, and how far its values could be a column's. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from datadam import readings
from datadam.model import CodeList, Column, Layout, Standard, Type, fold
from datadam.standard import bears, plain, resolve
from datadam.words import words

ENOUGH: Final = 0.5  # share of sample values that must fit, else a matching name is asked about
MAX_HEADER: Final = 200  # characters; a longer header is no name

UNIT_HEADERS: Final = frozenset(
    map(plain, ("unit", "units", "uom", "unit of measure", "measure", "단위", "単位", "unité", "unidad"))
)

_PARTS: Final = re.compile(r"[/|()\[\]（）［］\n]+")
_SCRIPTS: Final = re.compile(r"[가-힣][가-힣\s]*|[々一-鿿぀-ヿー]+|[^가-힣々一-鿿぀-ヿー]+")
_BRACKETED: Final = re.compile(r"(.+?)\s*[(\[（［]([^()\[\]（）［］]+)[)\]）］]\s*")
_SEPARATOR: Final = re.compile(r"[\s,/|:_–-]+(?:in\s+)?")
# What a physical type may feed without a question; a name that is not here says nothing.
_PHYSICAL: Final[tuple[tuple[str, frozenset[Type]], ...]] = (
    ("bool", frozenset({Type.BOOLEAN})),
    ("timestamp", frozenset({Type.TIMESTAMP, Type.DATE})),
    ("datetime", frozenset({Type.TIMESTAMP, Type.DATE})),
    ("date", frozenset({Type.TIMESTAMP, Type.DATE})),
    ("int", frozenset({Type.INTEGER, Type.DECIMAL, Type.NUMBER, Type.TEXT})),
    ("float", frozenset({Type.DECIMAL, Type.NUMBER})),
    ("double", frozenset({Type.DECIMAL, Type.NUMBER})),
    ("decimal", frozenset({Type.DECIMAL, Type.NUMBER, Type.INTEGER})),
)
_FORMS: Final[Mapping[Type, re.Pattern[str]]] = {
    Type.INTEGER: re.compile(r"[+-]?[0-9]+"),
    Type.DECIMAL: re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"),
    Type.NUMBER: re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"),
    Type.BOOLEAN: re.compile(r"true|false|0|1|yes|no", re.IGNORECASE),
    Type.DATE: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]00:00:00(\.0+)?Z?)?"),
    Type.TIMESTAMP: re.compile(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
    ),
}


@dataclass(frozen=True, slots=True)
class Header:
    """A source column, its header taken apart."""

    text: str
    base: str  # without its unit
    unit: str | None
    samples: tuple[str, ...]
    physical: str = "text"
    role: str | None = None  # whose column it is, by itself or by its neighbours


def header_of(layout: Layout, number: int, standard: Standard) -> Header:
    """Split a unit off, but only if it stands in brackets or is one that the standard knows."""
    text = layout.columns[number]
    physical = layout.types[number] if number < len(layout.types) else "text"
    whole = Header(text, text if len(text) <= MAX_HEADER else "", None, _samples(layout, number), physical.lower())
    if claimants(whole, standard):  # `essential (0-2)` is a name, not a unit
        return whole
    bracketed = _BRACKETED.fullmatch(whole.base)
    if bracketed:
        return replace(whole, base=bracketed.group(1), unit=bracketed.group(2).strip())
    for found in _SEPARATOR.finditer(whole.base):
        rest = text[found.end() :]
        if found.start() and any(column.units and unit_named(column, rest) for column in standard.columns):
            return replace(whole, base=text[: found.start()], unit=rest)
    return whole


def _samples(layout: Layout, number: int) -> tuple[str, ...]:
    held = layout.samples[number] if number < len(layout.samples) else ()
    return tuple(text for text in (value.strip() for value in held) if text)


def unit_named(column: Column, text: str) -> str | None:
    """The symbol of the column's unit that `text` means, or None. Symbols count to the letter: a Mg is not a mg."""
    for unit in column.units:
        if text.strip() == unit.symbol or fold(text) in map(fold, unit.synonyms):
            return unit.symbol
    return column.unit if column.unit is not None and text.strip() == column.unit else None


def claimants(header: Header, standard: Standard) -> list[Column]:
    """The columns that a header names: as a whole, or in two languages with both of its parts."""
    keys = [plain(header.base)]
    found = _known(keys[0], standard)
    for split in (_PARTS.split, _SCRIPTS.findall):
        keys = [key for part in split(header.base) if (key := plain(part))]
        if not found and len(keys) > 1:
            each = [_known(key, standard) for key in keys]
            found = [column for column in each[0] if all(column in others for others in each)]
    return found


def _known(key: str, standard: Standard) -> list[Column]:
    return [column for column in standard.columns if key and bears(column, key)]


def unit_columns(headers: list[Header], standard: Standard, codes: Mapping[str, CodeList]) -> list[str]:
    """The columns that name units row by row; where several say so, those whose values are units that we know."""
    named = [h for h in headers if _names_units(h) and not claimants(h, standard)]
    named = [h for h in named if not any(code_share(c, h, codes) == 1 for c in standard.columns if h.samples)]
    known = [h for h in named if h.samples and any(are_units(c, h) for c in standard.columns if c.units)]
    return [h.text for h in (known if len(named) > 1 and known else named)]


def _names_units(header: Header) -> bool:
    """Whether a header says that its column holds units, in one language or in two."""
    said = [word for word in words(header.text) if word.meanings]
    return plain(header.text) in UNIT_HEADERS or (bool(said) and all(w.meanings == {"measure-unit"} for w in said))


def are_units(column: Column, header: Header) -> bool:
    """Whether every sample is a unit that the column takes."""
    return all(unit_named(column, value) is not None for value in header.samples)


def feeds(header: Header, column: Column) -> bool:
    """Whether a column of this physical type (Parquet's; CSV is all text) may feed the standard column unasked."""
    for word, kinds in _PHYSICAL:
        if word in header.physical:
            return column.type in kinds
    return True


def share(column: Column, header: Header, codes: Mapping[str, CodeList]) -> float | None:
    """Share of the sample values that the column could take; None if there are no samples."""
    if not header.samples:
        return None
    return sum(_takes(column, value, codes) for value in header.samples) / len(header.samples)


def code_share(column: Column, header: Header, codes: Mapping[str, CodeList]) -> float:
    """Share of values that are codes as they stand: a column of codes is a better source than one of names."""
    listed = codes[column.codes].codes if column.codes is not None and column.codes in codes else frozenset[str]()
    return sum(value in listed for value in header.samples) / max(1, len(header.samples))


def _takes(column: Column, value: str, codes: Mapping[str, CodeList]) -> bool:
    if column.type in _FORMS:
        return _FORMS[column.type].fullmatch(value) is not None and _in_bounds(column, value)
    listed = codes.get(column.codes) if column.codes is not None else None
    return (
        (listed is None or resolve(listed, value) is not None)
        and (not column.values or fold(value) in map(fold, column.values))
        and (column.min_length is None or len(value) >= column.min_length)
        and (column.max_length is None or len(value) <= column.max_length)
        and (column.pattern is None or listed is not None or _has_pattern(column.pattern, value))
    )


def _in_bounds(column: Column, value: str) -> bool:
    """Whether a plain number is one that the column takes; texts and dates are not weighed here."""
    if column.type not in {Type.INTEGER, Type.DECIMAL, Type.NUMBER}:
        return True
    low, high = column.minimum, column.maximum
    return (low is None or Decimal(value) >= Decimal(str(low))) and (
        high is None or Decimal(value) <= Decimal(str(high))
    )


def _has_pattern(pattern: str, value: str) -> bool:
    """Whether a checked pattern holds; Python before 3.14 lacks its end anchor, and `fullmatch` needs neither."""
    return re.fullmatch(pattern.removeprefix(r"\A").removesuffix(r"\z"), value) is not None


def looks_right(column: Column, sources: Iterable[str], headers: Mapping[str, Header]) -> bool:
    """Whether most samples are numbers or dates, however they are written."""
    found = readings.count(value for source in sources for value in headers[source].samples)
    like = found["date" if column.type in {Type.DATE, Type.TIMESTAMP} else "number"]
    possible = all(feeds(headers[source], column) for source in sources)
    return possible and bool(like) and like >= ENOUGH * found[readings.PRESENT]


def beyond(column: Column, sources: Iterable[str], headers: Mapping[str, Header]) -> bool:
    """Whether plain numbers lie out of the column's bounds: in another unit, say, or of something else."""
    values = (value for source in sources for value in headers[source].samples)
    return any(_FORMS[column.type].fullmatch(value) and not _in_bounds(column, value) for value in values)
