r"""Compile a Standard and a Fit into a Plan: an engine-neutral tree of casts, rules, conversions and protections.

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

Forms and patterns stay in what RE2 and Java's regular expressions share: anchored `\A...\z`, `[0-9]` and never `\d`.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from datadam import coarsening, readings
from datadam.errors import DamError, Faults, Invalid
from datadam.model import (
    CodeList,
    Column,
    CrossRule,
    DateForm,
    Feed,
    Fit,
    NumberForm,
    Period,
    Protection,
    Repeat,
    Standard,
    Type,
    Unpivot,
    fold,
)
from datadam.standard import sendable_digits

BLANKS: Final = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029"
    "\u202f\u205f\u3000"
)
"""Unicode's White_Space, which is what a spreadsheet user in Seoul or Berlin does not see around a value."""
UNFOLDED_NAME, UNFOLDED_VALUE = "\x02name", "\x02value"
"""Source columns of the two cells that a wide table's columns become; no header can name them."""
MAX_RULES: Final = 62  # bits of a signed 64-bit mask that every engine keeps positive
MAX_TEXT: Final = 32_768  # characters of a text that the standard does not bound
MAX_INTEGER_DIGITS: Final = 18  # any such number fits 64 bits
MAX_DIGITS: Final = 38  # of a decimal in Parquet, Spark and Polars

INTEGER_FORM: Final = rf"\A[+-]?[0-9]{{1,{MAX_INTEGER_DIGITS}}}\z"
NUMBER_FORM: Final = r"\A[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?\z"
BOOLEAN_FORM: Final = r"\A(?:[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|[01])\z"
TRUE_FORM: Final = r"\A(?:[Tt][Rr][Uu][Ee]|[Yy][Ee][Ss]|1)\z"
_DAY: Final = r"[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
DATE_FORM: Final = rf"\A{_DAY}\z"
TIMESTAMP_FORM: Final = (
    rf"\A{_DAY}[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{{1,6}})?"
    r"(?:[Zz]|[+-](?:0[0-9]|1[0-8]):[0-5][0-9])?\z"
)
"""Date, time, up to six digits of a second; no offset means UTC."""
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
            yield Fault(row=row, rule=rule.id, column=rule.column, source=source, value=value or None)

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


# --- compile ----------------------------------------------------------------------------------------------------------


def compile_plan(standard: Standard, fit: Fit, codes: Mapping[str, CodeList]) -> Plan:
    """Turn a checked Standard and a confirmed Fit into a Plan, or raise `Faults` with everything that does not fit."""
    faults = list(_misfits(standard, fit))
    feeds = {feed.column: feed for feed in unfolded(fit)}
    cells: list[Cell] = []
    rules: list[Rule] = []
    for column in standard.columns:
        try:
            cell = _cell(column, feeds.get(column.name), codes)
            cells.append(cell)
            rules += _column_rules(column, cell)
        except Invalid as error:
            faults.append(error)
    if not faults:
        by_name = {cell.column: cell for cell in cells}
        for cross in standard.rules:
            try:
                rules.append(_cross(cross, by_name))
            except Invalid as error:
                faults.append(error)
    keyed = standard.repeat is not Repeat.KEEP and bool(standard.key)
    if keyed:
        rules.append(Rule(id="key.unique", check=Check.UNIQUE))
        if standard.repeat is Repeat.REFUSE:
            rules.append(Rule(id="key.repeat", check=Check.REPEAT))
    faults += [Invalid("plan.rule-twice", rule=id) for id, n in Counter(r.id for r in rules).items() if n > 1]
    if len(rules) > MAX_RULES:
        faults.append(Invalid("plan.too-many-rules", count=len(rules), limit=MAX_RULES))
    if faults:
        raise Faults("plan.misfit", faults, standard=standard.id)
    return Plan(
        standard=standard.id,
        version=standard.version,
        cells=tuple(cells),
        rules=tuple(rules),
        key=standard.key if keyed else (),
        repeat=standard.repeat,
        dropped=fit.dropped,
        reject_limit=standard.reject_limit,
        unpivot=fit.unpivot,
    )


def unfolded(fit: Fit) -> Iterator[Feed]:
    """The feeds of a fit, with sources for the two columns that a wide table's columns become."""
    wide: dict[str, str] = {}
    if fit.unpivot is not None:
        wide = {fit.unpivot.names_to: UNFOLDED_NAME, fit.unpivot.values_to: UNFOLDED_VALUE}
    for feed in fit.feeds:
        source = wide.pop(feed.column, None)
        whence = feed.source is None and feed.constant is None
        yield replace(feed, source=source) if source is not None and whence else feed
    for column, source in wide.items():
        yield Feed(column=column, source=source)


def _misfits(standard: Standard, fit: Fit) -> Iterable[DamError]:
    if (fit.standard, fit.version) != (standard.id, standard.version):
        yield Invalid(
            "plan.other-standard", expected=f"{standard.id} {standard.version}", found=f"{fit.standard} {fit.version}"
        )
    names = {column.name: column for column in standard.columns}
    for name, count in Counter(feed.column for feed in fit.feeds).items():
        if name not in names:
            yield Invalid("plan.column-unknown", column=name, standard=standard.id)
        if count > 1:
            yield Invalid("plan.column-twice", column=name)
    feeds = tuple(unfolded(fit))
    fed = {feed.column for feed in feeds}
    yield from (
        Invalid("plan.column-missing", column=column.name)
        for column in standard.columns
        if column.required and column.name not in fed
    )
    used = {feed.source for feed in feeds} | {feed.unit_source for feed in feeds}
    used |= set() if fit.unpivot is None else set(fit.unpivot.columns)
    yield from (Invalid("plan.dropped-used", column=name) for name in fit.dropped if name in used)
    if standard.repeat is Repeat.KEEP:
        return
    for name in standard.key:
        if name not in names:
            yield Invalid("plan.key-unknown", column=name)
        elif not names[name].required or names[name].type is Type.NUMBER:
            yield Invalid("plan.key-unfit", column=name)


def _cell(column: Column, feed: Feed | None, codes: Mapping[str, CodeList]) -> Cell:
    if feed is not None and (feed.source is None) == (feed.constant is None):
        raise Invalid("plan.feed-unclear", column=column.name)
    if column.protection in {Protection.MASK, Protection.UNIT_ID} and column.type is not Type.TEXT:
        raise Invalid("plan.protection-not-text", column=column.name, protection=str(column.protection))
    if column.protection is Protection.UNIT_ID and not column.domain:
        raise Invalid("plan.domain-missing", column=column.name)
    for fault in coarsening.faults(column, codes):
        raise fault
    cast, factor, units = _quantity(column, feed)
    return Cell(
        column=column.name,
        source=feed.source if feed else None,
        constant=feed.constant if feed else None,
        required=column.required,
        lookup=_lookup(column, codes),
        cast=cast,
        factor=factor,
        units=units,
        protection=column.protection,
        domain=column.domain,
        mask_keep=column.mask_keep,
        coarse=coarse(column, codes),
    )


def coarse(column: Column, codes: Mapping[str, CodeList]) -> Coarse | None:
    """A column's coarsening as engines need it, without the lists and units that it was said by."""
    how = column.coarsening
    if how is None:
        return None
    edges = tuple(measure for edge in how.edges if (measure := _measure(column, edge, up=True)) is not None)
    width = None if how.width is None else int(_measure(column, how.width, up=True) or 0)
    return Coarse(period=how.period, width=width, edges=edges, groups=coarsening.groups_of(column, codes))


def _lookup(column: Column, codes: Mapping[str, CodeList]) -> Lookup | None:
    if column.codes is not None:
        if column.codes not in codes:
            raise Invalid("plan.codes-unknown", column=column.name, codes=column.codes)
        listed = codes[column.codes]
        known, aliases = listed.codes, listed.aliases
        if column.values:  # a list given in place narrows the named one
            known = known & frozenset(column.values)
            aliases = {name: code for name, code in aliases.items() if code in known}
        return Lookup(name=column.codes, codes=known, names={**_folded(known), **aliases})
    if column.values:
        return Lookup(name=column.name, codes=frozenset(column.values), names=_folded(column.values))
    return None


def _folded(codes: Iterable[str]) -> dict[str, str]:
    """Codes by their folded spelling, without those that only case or width tells apart."""
    spellings = sorted(set(codes))
    counts = Counter(fold(code) for code in spellings)
    return {fold(code): code for code in spellings if counts[fold(code)] == 1}


# --- quantities -------------------------------------------------------------------------------------------------------


_FORMS: Final = {
    Type.INTEGER: INTEGER_FORM,
    Type.NUMBER: NUMBER_FORM,
    Type.BOOLEAN: BOOLEAN_FORM,
    Type.DATE: DATE_FORM,
    Type.TIMESTAMP: TIMESTAMP_FORM,
}


def _quantity(column: Column, feed: Feed | None) -> tuple[Cast, Factor | None, Units | None]:
    """The cast of a column and, for a quantity, what its values are multiplied by."""
    ratios = _ratios(column)
    named = feed is not None and (feed.unit is not None or feed.unit_source is not None)
    if named and (column.unit is None or column.type not in {Type.INTEGER, Type.DECIMAL}):
        raise Invalid("plan.unit-needless", column=column.name)
    by_row = feed.unit_source if feed else None
    symbol = None if by_row or not named or feed is None else _symbol(column, feed.unit or "")
    wanted = ratios if by_row else {symbol or "": ratios[symbol] if symbol else Fraction(1)}
    number, dates = _declared(column, feed)
    if column.type is not Type.DECIMAL and all(ratio == 1 for ratio in wanted.values()) and not by_row:
        form = _FORMS.get(column.type)
        if dates is not None:
            form = readings.date_form(dates, instant=column.type is Type.TIMESTAMP)
        elif number is not None and column.type is Type.INTEGER:
            form = rf"\A[+-]?{readings.number_body(number, whole=MAX_INTEGER_DIGITS, fraction=0)}\z"
        elif number is not None:
            form = rf"\A[+-]?{readings.number_body(number, whole=40, fraction=40)}(?:[eE][+-]?[0-9]{{1,3}})?\z"
        return Cast(type=column.type, form=form, number=number, dates=dates), None, None
    scale, precision = (column.scale, column.precision) if column.type is Type.DECIMAL else (0, MAX_INTEGER_DIGITS)
    if not 0 <= scale <= precision <= MAX_DIGITS or precision == 0:
        raise Invalid("plan.digits", column=column.name, precision=precision, scale=scale)
    digits = sendable_digits(scale, wanted.values())
    if digits is None:
        raise Invalid("plan.unit-too-fine", column=column.name)
    whole, fraction = digits
    form = rf"\A[+-]?{readings.number_body(number or readings.CANONICAL, whole=whole, fraction=fraction)}\z"
    cast = Cast(type=column.type, form=form, precision=precision, scale=scale, fraction=fraction, number=number)
    factors = {name: _factor(ratio, scale, fraction) for name, ratio in wanted.items()}
    if by_row is None:
        return cast, factors[symbol or ""], None
    return cast, None, Units(source=by_row, names=_unit_names(column), factors=factors)


def _declared(column: Column, feed: Feed | None) -> tuple[NumberForm | None, DateForm | None]:
    """How the contributor says that the values are written; only what the column is can be."""
    if feed is None:
        return None, None
    quantity = column.type in {Type.INTEGER, Type.DECIMAL, Type.NUMBER}
    serial = feed.dates in {DateForm.EXCEL_1900, DateForm.EXCEL_1904}
    dated = column.type is Type.DATE or (column.type is Type.TIMESTAMP and not serial)
    listed = column.codes is not None or bool(column.values)
    if (feed.number is not None and (not quantity or listed)) or (feed.dates is not None and (not dated or listed)):
        raise Invalid("plan.reading-needless", column=column.name, type=str(column.type))
    return feed.number, feed.dates


def _ratios(column: Column) -> dict[str, Fraction]:
    """Units by symbol: one of it is how many of the column's own unit."""
    ratios = {column.unit: Fraction(1)} if column.unit else {}
    for unit in column.units:
        if unit.numerator <= 0 or unit.denominator <= 0:
            raise Invalid("plan.factor", column=column.name, unit=unit.symbol)
        ratios[unit.symbol] = Fraction(unit.numerator, unit.denominator)
    return ratios


def _unit_names(column: Column) -> Lookup:
    """Symbols count to the letter (a Mg is not a mg); their synonyms are compared folded."""
    synonyms = {fold(name): unit.symbol for unit in column.units for name in unit.synonyms}
    return Lookup(name=column.name, codes=frozenset(_ratios(column)), names=synonyms)


def _symbol(column: Column, unit: str) -> str:
    symbol = _unit_names(column).code(unit)
    if symbol is None:
        raise Invalid("plan.unit-unknown", column=column.name, unit=unit)
    return symbol


def _factor(ratio: Fraction, scale: int, fraction: int) -> Factor:
    exact = ratio * Fraction(10**scale, 10**fraction)
    return Factor(numerator=exact.numerator, denominator=exact.denominator)


# --- rules ------------------------------------------------------------------------------------------------------------


def _column_rules(column: Column, cell: Cell) -> Iterable[Rule]:
    name = column.name
    if cell.required:
        yield Rule(id=f"{name}.required", check=Check.REQUIRED, column=name)
    if cell.source is None and cell.constant is None:
        return
    if cell.units is not None:
        yield Rule(id=f"{name}.unit", check=Check.UNIT, column=name)
    if cell.lookup is not None:
        yield Rule(id=f"{name}.codes", check=Check.CODES, column=name)
    if column.type is not Type.TEXT:
        yield Rule(id=f"{name}.type", check=Check.TYPE, column=name)
    if column.minimum is not None or column.maximum is not None:
        low, high = _measure(column, column.minimum, up=True), _measure(column, column.maximum, up=False)
        yield Rule(id=f"{name}.range", check=Check.RANGE, column=name, minimum=low, maximum=high)
    if column.type is Type.TEXT and (cell.lookup is None or column.min_length or column.max_length is not None):
        most = MAX_TEXT if column.max_length is None else column.max_length
        yield Rule(id=f"{name}.length", check=Check.LENGTH, column=name, minimum=column.min_length, maximum=most)
    if column.pattern is not None:
        yield Rule(id=f"{name}.pattern", check=Check.PATTERN, column=name, pattern=column.pattern)


def _measure(column: Column, bound: Decimal | str | None, *, up: bool) -> int | Decimal | None:
    """A bound in what engines compare: the unscaled integer, days or microseconds from 1970; a double's as Decimal."""
    if bound is None:
        return None
    toward = math.ceil if up else math.floor
    try:
        match column.type:
            case Type.INTEGER:
                return toward(Decimal(bound))
            case Type.DECIMAL:
                return int(toward(Fraction(Decimal(bound)) * 10**column.scale))
            case Type.NUMBER:
                return Decimal(bound)
            case Type.DATE:
                return (date.fromisoformat(str(bound)) - date(1970, 1, 1)).days
            case Type.TIMESTAMP:
                return microseconds(datetime.fromisoformat(str(bound)))
            case Type.TEXT | Type.BOOLEAN:
                raise Invalid("plan.range-unfit", column=column.name)
    except (ArithmeticError, ValueError) as error:
        raise Invalid("plan.bound-malformed", column=column.name, bound=str(bound)[:40]) from error


def microseconds(moment: datetime) -> int:
    """Microseconds from 1970 in UTC, exact; a moment without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


_OPERATORS: Final = frozenset({"<", "<=", ">", ">=", "=", "!="})


def _cross(cross: CrossRule, cells: Mapping[str, Cell]) -> Rule:
    if cross.op not in _OPERATORS:
        raise Invalid("plan.operator-unknown", rule=cross.id, op=cross.op)
    for name in (cross.left, cross.right):
        if name not in cells:
            raise Invalid("plan.cross-column-unknown", rule=cross.id, column=name)
    left, right = cells[cross.left].cast, cells[cross.right].cast
    exact = {Type.INTEGER, Type.DECIMAL}
    if left.type is not right.type and not {left.type, right.type} <= exact:
        raise Invalid("plan.cross-types", rule=cross.id, left=str(left.type), right=str(right.type))
    scale = max(left.scale, right.scale)
    if any((side.precision or MAX_INTEGER_DIGITS) - side.scale + scale > MAX_DIGITS for side in (left, right)):
        raise Invalid("plan.cross-types", rule=cross.id, left=str(left.type), right=str(right.type))
    return Rule(id=cross.id, check=Check.CROSS, column=cross.left, other=cross.right, op=cross.op)


# --- keys -------------------------------------------------------------------------------------------------------------


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
