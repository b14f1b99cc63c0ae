r"""A Plan: what a file is judged and converted by, an engine-neutral tree of casts, rules, conversions and protections.

What every engine has to do with a Plan, to the letter:

1. A field is text as it was sent. Outer blanks (`BLANKS`) are cut off; what is empty then, or absent, is *missing*.
   A row in which every field is missing is no row: it keeps its number and is not counted.
2. `lookup` turns a code or one of its names into the code; a text that is neither breaks `codes`, and nothing else
   is judged about that value. Length and pattern are judged on the text that results.
3. The text must have the `form` of its cast; only then is it cast. No form, no such day, a number too large: `type`.
   Where the contributor declared how numbers or dates are written (`Cast.number`, `Cast.dates`), full-width digits and
   signs are made ASCII first, `form` is that way of writing, and `readings` says what a text of it is in ISO's or ours.
4. A quantity is its unscaled integer times `numerator` over `denominator`, rounded half to even; more digits than the
   column has: `type`. A unit that is missing or unknown beside a present value breaks `unit`, and of that value
   nothing but its form is judged.
5. A missing value breaks `required` or nothing. Range and cross rules are judged only on values that could be cast.
6. A row fails closed: whatever cannot be said to hold is broken. Bit b of a row's mask is `rules[b]`.
7. Where a wide table is made long (`Plan.unpivot`), each row is one row for each of the wide columns that holds
   anything in it: the others of them are empty there, `UNFOLDED_NAME` is what the header says, `UNFOLDED_VALUE` the
   value, and its number is the wide row's times the number of wide columns plus that column's place.
8. `key.unique` and `key.repeat` are judged last, among the rows that broke nothing else.
9. All rules of a row are judged on its values as they were sent and converted. Only then are they protected; `_key`
   and everything that is written are of the protected values. `Coarse` says what a coarse value is.
10. `identifier` is broken by a present text in which `privacy.identifiers.find` finds a kind that the cell is looked
    through for (`Cell.sought`), whatever else it broke. Of a cell that is redacted no row is refused: what was found is
    replaced when values are protected.

Forms and patterns stay in what RE2 and Java's regular expressions share: anchored `\A...\z`, `[0-9]` and never `\d`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from datadam.errors import DamError, Faults, Invalid
from datadam.model import (
    DateForm,
    NumberForm,
    Period,
    Protection,
    Repeat,
    Type,
    Unpivot,
    fold,
)
from datadam.privacy.identifiers import kinds_in
from datadam.protections import FreeText

BLANKS: Final = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029"
    "\u202f\u205f\u3000"
)
"""Unicode's White_Space, which is what a spreadsheet user in Seoul or Berlin does not see around a value."""
UNFOLDED_NAME, UNFOLDED_VALUE = "\x02name", "\x02value"
"""Source columns of the two cells that a wide table's columns become; no header can name them."""
MAX_TEXT: Final = 32_768  # characters of a text that the standard does not bound
MAX_INTEGER_DIGITS: Final = 18  # any such number fits 64 bits
TRUE_FORM: Final = r"\A(?:[Tt][Rr][Uu][Ee]|[Yy][Ee][Ss]|1)\z"
FIRST_INSTANT: Final = -30_610_224_000_000_000  # 1000-01-01T00:00:00Z in microseconds from 1970
LAST_INSTANT: Final = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999Z; an offset may not carry past either


class Check(StrEnum):
    """What kind of rule it is."""

    REQUIRED = "required"
    UNIT = "unit"
    CODES = "codes"
    TYPE = "type"
    RANGE = "range"
    LENGTH = "length"
    PATTERN = "pattern"
    CROSS = "cross"
    UNIQUE = "unique"
    REPEAT = "repeat"
    IDENTIFIER = "identifier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that must hold of a row. Its place in `Plan.rules` is its bit in the mask."""

    id: str
    check: Check
    column: str | None = None  # of the standard; None for the key
    minimum: int | Decimal | None = None  # RANGE, in the cell's own measure (`measure`); LENGTH in characters
    maximum: int | Decimal | None = None
    pattern: str | None = None
    other: str | None = None  # CROSS: column, op, other
    op: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """The unscaled integer of a value as sent, times numerator over denominator, is that of the value as stored."""

    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Into which type a text is read, and the lexical form that it must have first."""

    type: Type
    form: str | None = None  # None: any text
    precision: int = 0  # decimals: digits in all, stored
    scale: int = 0  # decimals: digits after the point, stored
    fraction: int = 0  # quantities: digits after the point that the form lets in
    number: NumberForm | None = None  # as the form has it; None: as `readings.CANONICAL`, nothing is narrowed
    dates: DateForm | None = None  # None: ISO 8601

    @property
    def declared(self) -> bool:
        """Whether the contributor said how the values are written."""
        return self.number is not None or self.dates is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A closed list: codes as they are, and names (folded) that stand for one of them."""

    name: str
    codes: frozenset[str]
    names: Mapping[str, str] = field(default_factory=dict)

    def code(self, text: str) -> str | None:
        """The code that a trimmed text means, or None."""
        return text if text in self.codes else self.names.get(fold(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """The units that a quantity may name row by row; `names.code` gives the key into `factors`."""

    source: str
    names: Lookup
    factors: Mapping[str, Factor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coarse:
    """What is stored in place of a value; exactly one is given. Numbers are in the cell's own measure (`measure`).

    The first day or instant (UTC) of the period; the largest multiple of the width that is not above the value, also
    of a negative one; the largest edge that is not above the value; the group of the code. None is missing for a value
    that broke no rule.
    """

    period: Period | None = None
    width: int | None = None
    edges: tuple[int | Decimal, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """How one standard column's value comes about, and how it is kept."""

    column: str
    source: str | None  # the file's column; None: a constant, or missing throughout
    constant: str | None
    required: bool
    lookup: Lookup | None
    cast: Cast
    factor: Factor | None  # the whole column's; None where rows name their units, or nothing is to be converted
    units: Units | None
    protection: Protection
    domain: str | None
    mask_keep: int
    coarse: Coarse | None
    sought: tuple[str, ...] = ()  # kinds of identifiers that may not stand in it
    free_text: FreeText | None = None

    @property
    def redacted(self) -> bool:
        """Whether what is found is replaced instead of refused."""
        return bool(self.sought) and self.free_text is FreeText.REDACT

    @property
    def stored(self) -> bool:
        """Whether the value is kept at all."""
        return self.protection is not Protection.DROP

    @property
    def told(self) -> bool:
        """Whether a report may tell how the stored values are distributed."""
        return self.protection in {Protection.KEEP, Protection.COARSEN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that an engine needs to judge and convert a file; it holds no key and no path."""

    standard: str
    version: str
    cells: tuple[Cell, ...]  # in the standard's order
    rules: tuple[Rule, ...]
    key: tuple[str, ...]  # columns whose values make `_key`; none where the standard repeats freely
    repeat: Repeat
    dropped: tuple[str, ...]  # columns of the file that its sender left out
    reject_limit: Decimal
    unpivot: Unpivot | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The file's columns that are read, each once."""
        named = [cell.source for cell in self.cells] + [cell.units.source for cell in self.cells if cell.units]
        wide = () if self.unpivot is None else tuple(self.unpivot.columns)
        own = {None, UNFOLDED_NAME, UNFOLDED_VALUE}
        return tuple(dict.fromkeys(name for name in (*named, *wide) if name not in own and name is not None))

    @property
    def plain(self) -> bool:
        """Whether rows are as they were sent and values as every standard writes them."""
        return self.unpivot is None and not any(cell.cast.declared for cell in self.cells)

    @property
    def stored(self) -> tuple[Cell, ...]:
        """The cells whose values are kept."""
        return tuple(cell for cell in self.cells if cell.stored)

    def cell(self, column: str) -> Cell:
        """The cell of a standard column."""
        return next(cell for cell in self.cells if cell.column == column)

    def bit(self, check: Check, column: str | None = None) -> int | None:
        """The bit of the first such rule, or None where the plan has none."""
        return next((b for b, rule in enumerate(self.rules) if (rule.check, rule.column) == (check, column)), None)

    def broken(self, mask: int) -> tuple[Rule, ...]:
        """The rules that a mask of failed rules names."""
        return tuple(rule for bit, rule in enumerate(self.rules) if mask >> bit & 1)

    def faults(self, row: int, mask: int, sent: Mapping[str, str | None]) -> Iterator["Fault"]:
        """What a rejected row, as it was sent, broke: a fault for each rule that its mask names."""
        for rule in self.broken(mask):
            if rule.column is None:
                yield Fault(row=row, rule=rule.id, column=None, source=None, value=None)
                continue
            cell = self.cell(rule.column)
            source = cell.units.source if cell.units and rule.check is Check.UNIT else cell.source
            said = None
            if self.unpivot is not None and source in {UNFOLDED_NAME, UNFOLDED_VALUE}:
                said = self.unpivot.columns if source == UNFOLDED_NAME else None
                source = next((name for name in self.unpivot.columns if sent[name]), next(iter(self.unpivot.columns)))
            value = cell.constant if source is None else sent[source] if said is None else said[source]
            fault = Fault(row=row, rule=rule.id, column=rule.column, source=source, value=value or None)
            yield fault if rule.check is not Check.IDENTIFIER else _unsaid(fault, cell)

    def check_header(self, header: Iterable[str]) -> None:
        """Refuse a file whose columns are not exactly those that were mapped or dropped by name."""
        present = set(header)
        faults: list[DamError] = [
            Invalid("deposit.column-absent", column=name) for name in self.sources if name not in present
        ]
        expected = {*self.sources, *self.dropped}
        faults += [Invalid("deposit.column-unknown", column=name) for name in header if name not in expected]
        if faults:
            raise Faults("deposit.columns", faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One value of one row that broke one rule. `value` is as it was sent, None where nothing was."""

    row: int  # from 0 in the file as sent; a CSV's header is not counted
    rule: str
    column: str | None  # of the standard; None for the key
    source: str | None  # the file's column, where there is one
    value: str | None
    kinds: tuple[str, ...] = ()  # of identifiers that were found; then `value` is not told


def _unsaid(fault: Fault, cell: Cell) -> Fault:
    """A fault that names what was found, and does not repeat it."""
    return replace(fault, value=None, kinds=kinds_in(fault.value or "", cell.sought))


# --- what all engines work out alike ----------------------------------------------------------------------------------


def microseconds(moment: datetime) -> int:
    """Microseconds from 1970 in UTC, exact; a moment without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def key_message(texts: Iterable[tuple[str, bool]]) -> str:
    r"""The text that `_key` is the hash of, from (canonical text of a key column, is it free text).

    Canonical: text as stored (an internal unit id in hex), integers and unscaled decimals in digits, days and
    microseconds from 1970 in digits, `true` and `false`. One column: that text. More: joined by U+001F, free texts
    preceded by their length in UTF-8 bytes and a colon, so that no two keys share a text.
    """
    parts = list(texts)
    if len(parts) == 1:
        return parts[0][0]
    return "\x1f".join(f"{len(text.encode())}:{text}" if free else text for text, free in parts)
