"""Compile a Standard and a Fit into a Plan: what the steward asks and what the contributor sends, in one tree. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

from datadam import coarsening, readings
from datadam.digits import sendable_digits
from datadam.errors import DamError, Faults, Invalid
from datadam.model import (
    CodeList,
    Column,
    CrossRule,
    DateForm,
    Feed,
    Fit,
    NumberForm,
    Protection,
    Repeat,
    Standard,
    Type,
    fold,
)
from datadam.plan import (
    MAX_INTEGER_DIGITS,
    MAX_TEXT,
    UNFOLDED_NAME,
    UNFOLDED_VALUE,
    Cast,
    Cell,
    Check,
    Coarse,
    Factor,
    Lookup,
    Plan,
    Rule,
    Units,
    microseconds,
)
from datadam.privacy import looking

MAX_RULES: Final = 62  # bits of a signed 64-bit mask that every engine keeps positive
MOST_KEPT: Final = 20_000  # codes of a list that is kept folded; what others deposited may be longer
MAX_DIGITS: Final = 38  # of a decimal in Parquet, Spark and Polars
_OPERATORS: Final = frozenset({"<", "<=", ">", ">=", "=", "!="})
_DAY: Final = r"[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_FORMS: Final = {
    Type.INTEGER: rf"\A[+-]?[0-9]{{1,{MAX_INTEGER_DIGITS}}}\z",
    Type.NUMBER: r"\A[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?\z",
    Type.BOOLEAN: r"\A(?:[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|[01])\z",
    Type.DATE: rf"\A{_DAY}\z",
    Type.TIMESTAMP: (  # up to six digits of a second; no offset means UTC
        rf"\A{_DAY}[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{{1,6}})?"
        r"(?:[Zz]|[+-](?:0[0-9]|1[0-8]):[0-5][0-9])?\z"
    ),
}


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
    rules += [
        Rule(id=f"{column.name}.identifier", check=Check.IDENTIFIER, column=column.name)
        for column in standard.columns
        if column.name in feeds and looking.refuses(column)
    ]
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
        sought=looking.sought(column),
        free_text=column.free_text,
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
    listed = frozenset(codes)
    return dict(_kept_folded(listed)) if len(listed) <= MOST_KEPT else _newly_folded(listed)


@lru_cache(maxsize=64)
def _kept_folded(codes: frozenset[str]) -> dict[str, str]:
    """The same, worked out once: packaged lists come with every deposit."""
    return _newly_folded(codes)


def _newly_folded(codes: frozenset[str]) -> dict[str, str]:
    spellings = sorted(codes)
    counts = Counter(fold(code) for code in spellings)
    return {fold(code): code for code in spellings if counts[fold(code)] == 1}


# --- quantities -------------------------------------------------------------------------------------------------------


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
