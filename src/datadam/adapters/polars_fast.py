"""The fast road of the embedded engine: nearly every row is shown to hold without trimming, names or 128 bits.

A row takes it when every value is spelled as a careful sender spells it: no blanks around it, codes and unit symbols
to the letter, quantities of few enough digits. What the fast road says of such a row is what the plan says; of all
others it says nothing, and they go to `polars_rules`, which is to the letter. So nothing here decides against a row.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Final

import polars as pl

from datadam.adapters import polars_rules as rules
from datadam.adapters.polars_identifiers import Finder, holds_none
from datadam.adapters.polars_rules import KNOWN, NAMED, TEXT, VALUE
from datadam.model import Type
from datadam.patterns import is_bare
from datadam.plan import MAX_INTEGER_DIGITS, MAX_TEXT, Cell, Check, Factor, Plan, Rule

_ROOM: Final = 2**62  # products stay below it, so that a remainder can be doubled in 64 bits
_MOST_INTEGER: Final = 10**MAX_INTEGER_DIGITS - 1
_DIGITS: Final = 19  # from which on any 64-bit integer fits a decimal
_FIRST_DAY, _LAST_DAY = date(1950, 1, 1), date(2069, 12, 31)
_FEW: Final = 12  # texts that are sooner compared one after the other than looked up
_MIN_WHOLE: Final = 3  # digits before the point below which too few honest quantities would take the fast road
_QUANTITY, _PRODUCT, _QUOTIENT, _UNDER = "\x01fq", "\x01fp", "\x01fk", "\x01fd"


@dataclass(slots=True)
class Road:
    """Columns to add, stage by stage (an expression is worked out anew wherever it stands), and what must hold."""

    stages: list[list[pl.Expr]] = field(default_factory=lambda: [[], [], [], []])
    holds: list[pl.Expr] = field(default_factory=list)

    def over(self, rows: pl.LazyFrame, ok: str) -> pl.LazyFrame:
        """The rows with the plan's intermediate columns, and in `ok` whether all that was judged holds."""
        for stage in self.stages:
            rows = rows.with_columns(stage) if stage else rows
        return rows.with_columns(pl.all_horizontal(self.holds).fill_null(value=False).alias(ok))


def road(plan: Plan, finder: Finder | None = None) -> Road | None:
    """The fast road of a plan, or None for quantities without room in 64 bits and values not in our own forms."""
    if not plan.plain:  # what was declared is read by `polars_rules`
        return None
    found = Road()
    for place, cell in enumerate(plan.cells):
        if not _add(found, place, cell):
            return None
        tests, missing = _present(plan, place, cell), _source(cell).is_null()
        found.holds.append(pl.all_horizontal(~missing, *tests) if cell.required else missing | pl.all_horizontal(tests))
        if _is_looked_at(plan, cell):
            found.holds.append(_source(cell).is_null() | holds_none(_source(cell), cell, finder, bare=True))
    found.holds += [rules.holds_of(plan, rule) for rule in plan.rules if rule.check is Check.CROSS]
    # a row in which nothing was sent is no row: the slow road tells it from one that lacks what is mapped
    found.holds.append(pl.any_horizontal(pl.col(name).is_not_null() for name in plan.sources))
    return found


def _source(cell: Cell) -> pl.Expr:
    if cell.source is None:
        return rules.constant(cell.constant)
    return pl.col(cell.source)


def _add(found: Road, place: int, cell: Cell) -> bool:
    """Add the columns that a cell needs; whether that could be done."""
    source = _source(cell)
    if cell.lookup is not None:
        found.stages[0].append(source.alias(f"{KNOWN}{place}"))
        if rules.is_named(cell):
            found.stages[0].append(rules.named(source, cell).alias(f"{NAMED}{place}"))
        source = pl.col(f"{KNOWN}{place}")
    elif cell.cast.type is Type.TEXT:
        found.stages[0].append(source.alias(f"{TEXT}{place}"))  # it has no blanks around it: see `_present`
    if cell.cast.type is Type.TEXT:
        return True
    if not rules.converts(cell):
        found.stages[1].append(_cast(source, cell).alias(f"{VALUE}{place}"))
        return True
    return _convert(found, place, cell, source)


def _cast(source: pl.Expr, cell: Cell) -> pl.Expr:
    if cell.cast.type is Type.INTEGER:  # of a sign before digits Polars knows one or the other, no third
        return source.cast(pl.Int64, strict=False)
    if cell.cast.type is Type.DATE:  # found among all days as they are spelled: a third of looking and reading
        day = source.cast(_days(), strict=False).to_physical().cast(pl.Int32)
        return (day + (_FIRST_DAY - date(1970, 1, 1)).days).cast(pl.Date)
    return rules.cast(source, cell)


@cache
def _days() -> pl.Enum:
    """Every day of those that most dates are of, in ISO 8601."""
    return pl.Enum(pl.date_range(_FIRST_DAY, _LAST_DAY, eager=True).dt.to_string("%Y-%m-%d"))


def _convert(found: Road, place: int, cell: Cell, source: pl.Expr) -> bool:
    """Unscaled integer times numerator over denominator, half to even, in 64 bits; False where they have no room."""
    digits, factors = _short(cell), _factors(cell)
    if digits is None:
        return False
    _, fraction = digits
    reduced = {name: _reduced(factor, cell.cast.fraction - fraction) for name, factor in factors.items()}
    quantity = source.cast(pl.Decimal(18, fraction), strict=False).to_physical().cast(pl.Int64)
    found.stages[0].append(quantity.alias(f"{_QUANTITY}{place}"))
    found.stages[0].append(_by_unit(cell, {n: f.denominator for n, f in reduced.items()}).alias(f"{_UNDER}{place}"))
    top = _by_unit(cell, {name: factor.numerator for name, factor in reduced.items()})
    found.stages[1].append((pl.col(f"{_QUANTITY}{place}") * top).alias(f"{_PRODUCT}{place}"))
    product, under, quotient = (pl.col(f"{name}{place}") for name in (_PRODUCT, _UNDER, _QUOTIENT))
    found.stages[2].append((product // under).alias(f"{_QUOTIENT}{place}"))
    twice = (product - quotient * under) * 2
    up = (twice > under) | ((twice == under) & ((quotient & 1) == 1))
    rounded = quotient + up.cast(pl.Int64)
    if cell.cast.precision < _DIGITS:  # of what does not have the form, anything may have become: it must still fit
        rounded = pl.when(rounded.abs() < 10**cell.cast.precision).then(rounded)
    if cell.cast.type is Type.DECIMAL:
        rounded = rounded.cast(pl.Int128).reinterpret(dtype=pl.Decimal(cell.cast.precision, cell.cast.scale))
    found.stages[3].append(rounded.alias(f"{VALUE}{place}"))
    return True


def _factors(cell: Cell) -> Mapping[str, Factor]:
    return cell.units.factors if cell.units is not None else {"": cell.factor or Factor(numerator=1, denominator=1)}


def _reduced(factor: Factor, fewer: int) -> Factor:
    """The factor of a quantity that is sent with `fewer` digits after the point."""
    shared = math.gcd(factor.numerator * 10**fewer, factor.denominator)
    return Factor(numerator=factor.numerator * 10**fewer // shared, denominator=factor.denominator // shared)


def _short(cell: Cell) -> tuple[int, int] | None:
    """Digits before and after the point for which 64 bits hold every step and the result has room in its column."""
    fraction = min(cell.cast.fraction, max(cell.cast.scale, _MIN_WHOLE))
    reduced = [_reduced(factor, cell.cast.fraction - fraction) for factor in _factors(cell).values()]
    for whole in range(15, _MIN_WHOLE - 1, -1):
        most = 10 ** (whole + fraction)
        fits = all(most * f.numerator < _ROOM and f.denominator < _ROOM for f in reduced)
        if fits and all(most * f.numerator // f.denominator < 10**cell.cast.precision for f in reduced):
            return whole, fraction
    return None


def _by_unit(cell: Cell, numbers: Mapping[str, int]) -> pl.Expr:
    if cell.units is None or len(set(numbers.values())) == 1:
        return pl.lit(next(iter(numbers.values())), dtype=pl.Int64)
    unit, found = pl.col(cell.units.source), pl.lit(None, dtype=pl.Int64)
    for name, number in numbers.items():
        found = pl.when(unit == name).then(pl.lit(number, dtype=pl.Int64)).otherwise(found)
    return found


def _present(plan: Plan, place: int, cell: Cell) -> list[pl.Expr]:
    """What must hold of a value that is there, and makes it hold for the plan as well."""
    source = _source(cell)
    tests: list[pl.Expr] = []
    if cell.lookup is not None:
        named = pl.col(f"{NAMED}{place}")
        tests.append(named.is_not_null() if rules.is_named(cell) else _among(source, cell.lookup.codes))
    if cell.cast.type is Type.TEXT and cell.lookup is None:
        patterns = [rule.pattern for rule in plan.rules if (rule.column, rule.check) == (cell.column, Check.PATTERN)]
        if not (_is_looked_at(plan, cell) or any(is_bare(pattern or "") for pattern in patterns)):
            length = source.str.len_bytes()
            tests += [length > 0, source.str.strip_chars().str.len_bytes() == length]
    if cell.cast.type is Type.INTEGER and not rules.converts(cell):
        # Polars reads digits with a sign and nothing else as a whole number: only their number is left to judge
        tests.append(pl.col(f"{VALUE}{place}").is_between(-_MOST_INTEGER, _MOST_INTEGER))
    elif cell.cast.type is Type.DATE:
        tests.append(pl.col(f"{VALUE}{place}").is_not_null())
    elif cell.cast.type is not Type.TEXT:
        tests += [source.str.contains(_form(cell)), pl.col(f"{VALUE}{place}").is_not_null()]
    if cell.units is not None:
        tests.append(_among(pl.col(cell.units.source), cell.units.factors))
    for rule in plan.rules:
        if rule.column == cell.column and rule.check in {Check.LENGTH, Check.PATTERN, Check.RANGE}:
            tests.append(_test(plan, place, cell, rule))
    return tests


def _is_looked_at(plan: Plan, cell: Cell) -> bool:
    """Whether identifiers are looked for in a cell, and blanks around its text with them."""
    return plan.bit(Check.IDENTIFIER, cell.column) is not None


def _among(source: pl.Expr, texts: Collection[str]) -> pl.Expr:
    """Whether a text is one of these; null stays null."""
    if not 0 < len(texts) <= _FEW:
        return source.is_in(sorted(texts))
    return pl.any_horizontal(source == text for text in sorted(texts))


def _form(cell: Cell) -> str:
    short = _short(cell) if rules.converts(cell) else None
    if short is None:
        return cell.cast.form or ""
    whole, fraction = short
    return rf"\A[+-]?[0-9]{{1,{whole}}}(?:\.[0-9]{{1,{fraction}}})?\z"


def _test(plan: Plan, place: int, cell: Cell, rule: Rule) -> pl.Expr:
    if rule.check is Check.LENGTH and not rule.minimum and rule.maximum == MAX_TEXT:
        text = pl.col(f"{TEXT}{place}") if cell.lookup is None else _source(cell)
        return text.str.len_bytes() <= MAX_TEXT  # no fewer bytes than characters
    return rules.holds_of(plan, rule)
