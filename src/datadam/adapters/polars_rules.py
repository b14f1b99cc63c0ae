"""Render a Plan as Polars expressions: texts, lookups, casts, conversions, rules, protections and keys."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final

import polars as pl
import polars_hash as ph

from datadam import readings
from datadam.adapters.polars_identifiers import Finder, holds_none, without
from datadam.adapters.polars_ids import UnitIds
from datadam.model import DateForm, NumberForm, Period, Protection, Type
from datadam.plan import (
    BLANKS,
    FIRST_INSTANT,
    LAST_INSTANT,
    TRUE_FORM,
    Cast,
    Cell,
    Check,
    Coarse,
    Factor,
    Lookup,
    Plan,
    Rule,
)

SEED_BYTES: Final = 8  # of a secret, for XXH3
_REMEMBERED: Final = 100_000  # distinct texts whose meaning a lookup keeps
_MOST_NAMED: Final = 255  # codes of a list whose values are held as numbers
_MICROSECOND: Final = 1_000_000

# Names of intermediate columns, by place of the cell: source columns carry the sender's names and must not meet them.
TEXT, KNOWN, VALUE, NAMED = "\x01t", "\x01k", "\x01v", "\x01n"
_UNIT, _QUANTITY, _ID, _COARSE = "\x01u", "\x01q", "\x01i", "\x01c"
_PRODUCT, _UNDER, _QUOTIENT = "\x01p", "\x01d", "\x01w"


def texts(plan: Plan) -> list[pl.Expr]:
    """Stage 1: every field that the plan reads, trimmed; missing is null."""
    found = []
    for place, cell in enumerate(plan.cells):
        text = _trimmed(cell.source, cell.constant)
        if cell.cast.declared:
            text = text.str.replace_many(list(readings.WIDE), list(readings.WIDE.values()))
        found.append(text.alias(f"{TEXT}{place}"))
        if cell.units is not None:
            found.append(_trimmed(cell.units.source, None).alias(f"{_UNIT}{place}"))
    return found


def _trimmed(source: str | None, value: str | None) -> pl.Expr:
    if source is None:
        return constant(value)
    text = pl.col(source).str.strip_chars()
    return pl.when(text.str.len_bytes() > 0).then(text)


def constant(text: str | None) -> pl.Expr:
    """One value for the whole file, trimmed; null where it is empty."""
    return pl.lit((text or "").strip(BLANKS) or None, dtype=pl.String)


def lookups(plan: Plan) -> list[pl.Expr]:
    """Stage 2: texts of closed lists become their codes; what is in none is null."""
    found = []
    for place, cell in enumerate(plan.cells):
        if cell.lookup is not None:
            found.append(_coded(f"{TEXT}{place}", cell.lookup).alias(f"{KNOWN}{place}"))
        if cell.units is not None:
            found.append(_coded(f"{_UNIT}{place}", cell.units.names).alias(f"{_UNIT}{place}"))
    return found


def _coded(name: str, lookup: Lookup) -> pl.Expr:
    """Codes as they are, natively; what is none of them is looked up among the names, once a distinct text."""
    meaning = lru_cache(_REMEMBERED)(lookup.code)

    def named(columns: Sequence[pl.Series]) -> pl.Series:
        texts, codes = columns
        if texts.null_count() == codes.null_count():
            return codes
        asked = texts.filter(codes.is_null() & texts.is_not_null()).unique().to_list()
        found = {text: code for text in asked if (code := meaning(text)) is not None}
        if not found:
            return codes
        others = texts.replace_strict(list(found), list(found.values()), default=None, return_dtype=pl.String)
        return codes.zip_with(codes.is_not_null(), others)

    text = pl.col(name)
    known = pl.when(text.is_in(sorted(lookup.codes))).then(text)
    return pl.map_batches([text, known], named, return_dtype=pl.String, is_elementwise=True)


def _known(place: int, cell: Cell) -> pl.Expr:
    return pl.col(f"{KNOWN if cell.lookup is not None else TEXT}{place}")


# --- casts ------------------------------------------------------------------------------------------------------------


def quantities(plan: Plan) -> list[pl.Expr]:
    """Stage 3: what is to be converted, as its unscaled integer in 128 bits."""
    return [
        _formed(place, cell)
        .cast(pl.Decimal(38, cell.cast.fraction), strict=False)
        .to_physical()
        .alias(f"{_QUANTITY}{place}")
        for place, cell in enumerate(plan.cells)
        if converts(cell)
    ]


def products(plan: Plan) -> list[pl.Expr]:
    """Stage 4: what is to be converted times its numerator, and its denominator."""
    found = []
    for place, cell in enumerate(plan.cells):
        if converts(cell):
            top, under = _factor(place, cell)
            found += [
                (pl.col(f"{_QUANTITY}{place}") * top).alias(f"{_PRODUCT}{place}"),
                under.alias(f"{_UNDER}{place}"),
            ]
    return found


def quotients(plan: Plan) -> list[pl.Expr]:
    """Stage 5: divided, by itself because it is dear and needed more than once."""
    return [
        (pl.col(f"{_PRODUCT}{place}") // pl.col(f"{_UNDER}{place}")).alias(f"{_QUOTIENT}{place}")
        for place, cell in enumerate(plan.cells)
        if converts(cell)
    ]


def converts(cell: Cell) -> bool:
    """Whether a cast alone will not do: rounding to a scale Polars does itself, half to even."""
    if cell.units is not None:
        return True
    return cell.factor is not None and (cell.cast.type is Type.INTEGER or not _rescales(cell))


def _rescales(cell: Cell) -> bool:
    factor, form = cell.factor, cell.cast
    return factor is not None and factor.numerator * 10**form.fraction == factor.denominator * 10**form.scale


def _formed(place: int, cell: Cell) -> pl.Expr:
    """The text where it has its cast's form, written as every standard writes it; else null."""
    text = _known(place, cell)
    formed = text if cell.cast.form is None else pl.when(text.str.contains(cell.cast.form)).then(text)
    if cell.cast.number is not None:
        return _numbered(formed, cell.cast.number)
    if cell.cast.dates is not None:
        return _dated(formed, cell.cast.dates, instant=cell.cast.type is Type.TIMESTAMP)
    return formed


def _numbered(text: pl.Expr, form: NumberForm) -> pl.Expr:
    """Numbers of a declared form with a decimal point and no groups."""
    between = readings.group_pattern(form)
    plain = text.str.replace_all(between, "") if between else text
    return plain.str.replace(form.decimal, ".", literal=True)


def _dated(text: pl.Expr, form: DateForm, *, instant: bool) -> pl.Expr:
    """Dates or instants of a declared form in ISO 8601; null where a serial number is no day."""
    if form in {DateForm.EXCEL_1900, DateForm.EXCEL_1904}:
        return _serial(text.str.extract(r"\A([0-9]+)").cast(pl.Int64), form)
    if not instant:
        return _iso(text, form)
    clock = text.str.extract(readings.CLOCK_AT_END)
    hour, minute = clock.str.extract(r"\A([0-9]+)").str.zfill(2), clock.str.extract(r"\A[0-9]+(:[0-9]{2})")
    second = clock.str.extract(r"\A[0-9]+:[0-9]{2}(:.*)").fill_null(":00")
    zone = text.str.extract(readings.CLOCK_AT_END, 2).fill_null("")
    day = _iso(text.str.replace(readings.CLOCK_AT_END, ""), form)
    return pl.concat_str(day, pl.lit("T"), hour, minute, second, zone)


def _iso(day: pl.Expr, form: DateForm) -> pl.Expr:
    """A day's runs of digits by the declared order, its Japanese era added."""
    runs = day.str.replace("元", "1", literal=True).str.extract_all("[0-9]+")
    first = runs.list.get(0, null_on_oob=True)
    compact = runs.list.len() == 1
    places = {DateForm.YMD: (0, 1, 2), DateForm.DMY: (2, 1, 0), DateForm.MDY: (2, 0, 1)}[form]
    cut = (first.str.head(4), first.str.slice(4, 2), first.str.slice(6))
    year, month, number = (
        pl.when(compact).then(cut[at]).otherwise(runs.list.get(place, null_on_oob=True)).cast(pl.Int64)
        for at, place in enumerate(places)
    )
    if form is DateForm.YMD:
        era = day.str.extract(rf"\A({'|'.join(readings.ERAS)})")
        years = era.replace_strict(list(readings.ERAS), list(readings.ERAS.values()), default=0, return_dtype=pl.Int64)
        year = year + years.fill_null(0)
    padded = [part.cast(pl.String).str.zfill(width) for part, width in ((year, 4), (month, 2), (number, 2))]
    return pl.concat_str(padded, separator="-")


def _serial(number: pl.Expr, form: DateForm) -> pl.Expr:
    """Excel's serial numbers as days, in ISO 8601."""
    if form is DateForm.EXCEL_1904:
        first, real, days = readings.FIRST_1904, number <= readings.LAST_1904, number
    else:
        real = (number != readings.LEAP_BUG) & (number <= readings.LAST_1900)
        first, days = readings.FIRST_1900, number - (number > readings.LEAP_BUG).cast(pl.Int64)
    day = pl.when(real).then(days + (first - date(1970, 1, 1)).days)
    return day.cast(pl.Int32).cast(pl.Date).dt.to_string("%Y-%m-%d")


def values(plan: Plan) -> list[pl.Expr]:
    """Stage 6: every cell's value in its type; null where it has none, whatever the reason."""
    return [
        (_converted(place, cell) if converts(cell) else cast(_formed(place, cell), cell)).alias(f"{VALUE}{place}")
        for place, cell in enumerate(plan.cells)
        if cell.cast.type is not Type.TEXT
    ]


def names(plan: Plan) -> list[pl.Expr]:
    """Beside them, codes that are stored as they are: as numbers in their list, which cost nothing to write."""
    return [
        named(_known(place, cell), cell).alias(f"{NAMED}{place}")
        for place, cell in enumerate(plan.cells)
        if is_named(cell)
    ]


def is_named(cell: Cell) -> bool:
    """Whether a cell's values are held in `NAMED`, too."""
    kept = cell.cast.type is Type.TEXT and cell.protection is Protection.KEEP
    return kept and cell.lookup is not None and 0 < len(cell.lookup.codes) <= _MOST_NAMED


def named(text: pl.Expr, cell: Cell) -> pl.Expr:
    """Codes of the cell's list; null where a text is none of them."""
    return text.cast(pl.Enum(sorted(cell.lookup.codes if cell.lookup is not None else ())), strict=False)


def _value(place: int, cell: Cell) -> pl.Expr:
    return _known(place, cell) if cell.cast.type is Type.TEXT else pl.col(f"{VALUE}{place}")


def cast(text: pl.Expr, cell: Cell) -> pl.Expr:  # noqa: PLR0911  (one type, one line)
    """A text of the cell's form as its value; null where there is no such value. Other texts may become anything."""
    match cell.cast.type:
        case Type.INTEGER:  # Polars reads `+1` as no integer
            return text.str.strip_prefix("+").cast(pl.Int64, strict=False)
        case Type.DECIMAL:
            return text.cast(pl.Decimal(cell.cast.precision, cell.cast.scale), strict=False)
        case Type.NUMBER:
            number = text.cast(pl.Float64, strict=False)
            return pl.when(number.is_finite()).then(number)
        case Type.BOOLEAN:
            return text.str.contains(TRUE_FORM)
        case Type.DATE:
            return text.str.to_date("%Y-%m-%d", strict=False, cache=False)
        case Type.TIMESTAMP:
            return _instant(text)
        case Type.TEXT:
            return text


def _instant(text: pl.Expr) -> pl.Expr:
    """Microseconds from 1970: the day, the time, the offset, each by its own place in the guarded form."""
    day = text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False, cache=False).cast(pl.Int64) * 86_400

    def number(part: pl.Expr) -> pl.Expr:
        return part.cast(pl.Int64, strict=False)

    clock = number(text.str.slice(11, 2)) * 3600 + number(text.str.slice(14, 2)) * 60 + number(text.str.slice(17, 2))
    fraction = number(text.str.extract(r"\.([0-9]+)").fill_null("0").str.pad_end(6, "0"))
    offset = text.str.extract(r"([+-][0-9]{2}:[0-9]{2})\z")
    minutes = number(offset.str.slice(1, 2)) * 60 + number(offset.str.slice(4, 2))
    shift = pl.when(offset.str.starts_with("-")).then(-minutes).otherwise(minutes).fill_null(0) * 60
    moment = (day + clock - shift) * _MICROSECOND + fraction
    return pl.when(moment.is_between(FIRST_INSTANT, LAST_INSTANT)).then(moment).cast(pl.Datetime("us", "UTC"))


def _factor(place: int, cell: Cell) -> tuple[pl.Expr, pl.Expr]:
    if cell.units is None:
        factor = cell.factor or Factor(numerator=1, denominator=1)
        return _whole(factor.numerator), _whole(factor.denominator)
    unit, factors = pl.col(f"{_UNIT}{place}"), cell.units.factors
    top = _by_unit(unit, {name: factor.numerator for name, factor in factors.items()})
    return top, _by_unit(unit, {name: factor.denominator for name, factor in factors.items()})


def _converted(place: int, cell: Cell) -> pl.Expr:
    """Unscaled integer times numerator over denominator, rounded half to even, null where it has too many digits."""
    product, under, quotient = (pl.col(f"{name}{place}") for name in (_PRODUCT, _UNDER, _QUOTIENT))
    twice = (product - quotient * under) * 2
    up = (twice > under) | ((twice == under) & (quotient % 2 != 0))
    rounded = quotient + up.cast(pl.Int128)
    limit = 10**cell.cast.precision
    fits = pl.when((rounded < _whole(limit)) & (rounded > _whole(-limit))).then(rounded)
    if cell.cast.type is Type.INTEGER:
        return fits.cast(pl.Int64, strict=False)
    return fits.reinterpret(dtype=pl.Decimal(cell.cast.precision, cell.cast.scale))


def _whole(number: int) -> pl.Expr:
    return pl.lit(str(number)).cast(pl.Int128)  # a literal beyond 64 bits has no other way in


def _by_unit(unit: pl.Expr, numbers: Mapping[str, int]) -> pl.Expr:
    if len(set(numbers.values())) == 1:
        return pl.when(unit.is_not_null()).then(_whole(next(iter(numbers.values()))))
    found = pl.lit(None, dtype=pl.Int128)
    for name, number in numbers.items():
        found = pl.when(unit == name).then(_whole(number)).otherwise(found)
    return found


# --- rules ------------------------------------------------------------------------------------------------------------


def holds(plan: Plan, finder: Finder | None = None) -> list[pl.Expr | None]:
    """For each rule whether it holds, true or false and never null; None for those judged over the whole file."""
    return [None if rule.column is None else holds_of(plan, rule, finder).fill_null(value=False) for rule in plan.rules]


def holds_of(plan: Plan, rule: Rule, finder: Finder | None = None) -> pl.Expr:
    """Whether one rule of a column holds; null only where a value it needs is."""
    places = {cell.column: place for place, cell in enumerate(plan.cells)}
    if rule.check is Check.IDENTIFIER:
        place = places[rule.column or ""]
        text = _known(place, plan.cells[place])
        return text.is_null() | holds_none(text, plan.cells[place], finder)
    return _holds(plan, places, rule)


def _holds(plan: Plan, places: Mapping[str, int], rule: Rule) -> pl.Expr:  # noqa: PLR0911  (one check, one line)
    place = places[rule.column or ""]
    cell = plan.cells[place]
    text, known, value = pl.col(f"{TEXT}{place}"), _known(place, cell), _value(place, cell)
    match rule.check:
        case Check.REQUIRED:
            return text.is_not_null()
        case Check.CODES:
            return text.is_null() | known.is_not_null()
        case Check.UNIT:
            return text.is_null() | pl.col(f"{_UNIT}{place}").is_not_null()
        case Check.TYPE if cell.units is not None:
            unit, quantity = pl.col(f"{_UNIT}{place}"), pl.col(f"{_QUANTITY}{place}")
            return known.is_null() | (quantity.is_not_null() & (unit.is_null() | value.is_not_null()))
        case Check.TYPE:
            return known.is_null() | value.is_not_null()
        case Check.RANGE:
            return value.is_null() | _between(_measured(value, cell), rule, cell)
        case Check.LENGTH:
            return known.is_null() | _between(known.str.len_chars(), rule, None)
        case Check.PATTERN:
            return known.is_null() | known.str.contains(rule.pattern or "")
        case _:
            return _crosses(plan, places, rule)


def _measured(value: pl.Expr, cell: Cell) -> pl.Expr:
    """The number that a bound is compared with: unscaled, in days or in microseconds."""
    match cell.cast.type:
        case Type.DECIMAL | Type.DATE | Type.TIMESTAMP:
            return value.to_physical()
        case _:
            return value


def _between(measure: pl.Expr, rule: Rule, cell: Cell | None) -> pl.Expr:
    def bound(number: object) -> pl.Expr:
        if cell is not None and cell.cast.type is Type.NUMBER:
            return pl.lit(float(str(number)))
        return _whole(int(str(number))) if abs(int(str(number))) >= 2**31 else pl.lit(int(str(number)))

    tests = []
    if rule.minimum is not None:
        tests.append(measure >= bound(rule.minimum))
    if rule.maximum is not None:
        tests.append(measure <= bound(rule.maximum))
    return pl.all_horizontal(tests) if tests else pl.lit(value=True)


def _crosses(plan: Plan, places: Mapping[str, int], rule: Rule) -> pl.Expr:
    sides = [places[rule.column or ""], places[rule.other or ""]]
    left, right = (_value(place, plan.cells[place]) for place in sides)
    casts = [plan.cells[place].cast for place in sides]
    if any(cast.type is Type.DECIMAL for cast in casts):
        scale = max(cast.scale for cast in casts)
        left, right = (
            _scaled(side, cast.type, cast.scale, scale) for side, cast in zip((left, right), casts, strict=True)
        )
    compared = {
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
        "=": left == right,
        "!=": left != right,
    }[rule.op or "="]
    return left.is_null() | right.is_null() | compared


def _scaled(side: pl.Expr, kind: Type, scale: int, wanted: int) -> pl.Expr:
    physical = side.to_physical() if kind is Type.DECIMAL else side.cast(pl.Int128)
    return physical if scale == wanted else physical * _whole(10 ** (wanted - scale))


def mask(tests: Iterable[pl.Expr | None]) -> pl.Expr:
    """Bit b is set where test b does not hold."""
    bits = [
        pl.when(test).then(pl.lit(0, dtype=pl.Int64)).otherwise(pl.lit(1 << bit, dtype=pl.Int64))
        for bit, test in enumerate(tests)
        if test is not None
    ]
    return pl.sum_horizontal(bits) if bits else pl.lit(0, dtype=pl.Int64)


# --- what is stored ---------------------------------------------------------------------------------------------------


def ids(plan: Plan, unit_keys: Mapping[str, bytes]) -> list[pl.Expr]:
    """The last stage: internal unit ids and coarse values, for what is stored and for what keys are made of."""
    coarse = [
        coarsened(_value(place, cell), cell.cast, cell.coarse).alias(f"{_COARSE}{place}")
        for place, cell in enumerate(plan.cells)
        if cell.coarse is not None
    ]
    return coarse + [
        _value(place, cell)
        .map_batches(UnitIds(unit_keys[cell.domain or ""]), return_dtype=pl.Binary, is_elementwise=True)
        .alias(f"{_ID}{place}")
        for place, cell in enumerate(plan.cells)
        if cell.protection is Protection.UNIT_ID
    ]


_STEPS: Final = {Period.DAY: "1d", Period.MONTH: "1mo", Period.QUARTER: "1q", Period.YEAR: "1y"}
_SHORT: Final = 18  # digits that fit 64 bits, which cost a tenth of 128


def coarsened(value: pl.Expr, cast: Cast, how: Coarse) -> pl.Expr:
    """What a value that broke no rule is stored as; null stays null. Of a cast only the type and digits count."""
    if how.period is not None:
        return value.dt.truncate(_STEPS[how.period])
    if how.groups:
        groups = how.groups
        return value.replace_strict(list(groups), list(groups.values()), default=None, return_dtype=pl.String)
    if cast.type is not Type.DECIMAL:
        return _band(value, how, pl.Float64() if cast.type is Type.NUMBER else pl.Int64())
    wide = pl.Int64() if cast.precision <= _SHORT else pl.Int128()
    lower = _band(value.to_physical().cast(wide), how, wide)
    return lower.cast(pl.Int128).reinterpret(dtype=pl.Decimal(cast.precision, cast.scale))


def _band(number: pl.Expr, how: Coarse, kind: pl.DataType) -> pl.Expr:
    """The lower edge of a number's band."""
    if how.width is not None:
        width = _literal(how.width, kind)
        return number // width * width  # Polars divides toward minus infinity
    edges = [_literal(edge, kind) for edge in how.edges]
    return pl.max_horizontal(pl.when(number >= edge).then(edge) for edge in edges)


def _literal(number: object, kind: pl.DataType) -> pl.Expr:
    return pl.lit(float(str(number)), dtype=kind) if kind.is_float() else pl.lit(str(number)).cast(kind)


def stored(plan: Plan, finder: Finder | None = None, *, as_names: bool = False) -> list[pl.Expr]:
    """The stored columns, protected as the plan says; `as_names` takes from `names` what is there."""
    return [
        (pl.col(f"{NAMED}{place}") if as_names and is_named(cell) else _protected(place, cell, finder)).alias(
            cell.column
        )
        for place, cell in enumerate(plan.cells)
        if cell.stored
    ]


def _protected(place: int, cell: Cell, finder: Finder | None) -> pl.Expr:
    value = _value(place, cell)
    if cell.redacted:
        return without(value, cell, finder)
    match cell.protection:
        case Protection.UNIT_ID:
            return pl.col(f"{_ID}{place}")
        case Protection.COARSEN:
            return pl.col(f"{_COARSE}{place}")
        case Protection.MASK:
            if cell.mask_keep == 0:
                return value.str.replace_all(r"(?s).", "*")
            hidden = value.str.head(-cell.mask_keep).str.replace_all(r"(?s).", "*")
            return pl.concat_str(hidden, value.str.tail(cell.mask_keep))
        case _:
            return value


def key(plan: Plan, secret: bytes) -> pl.Expr:
    """`_key`: XXH3-128 of `plan.key_message` over the key columns as they are stored; null where the plan has no key.

    The seed is secret, and a contributor's keys are compared with its own alone: whoever made two keys collide would
    have its own rows refused. So the hash need not resist more than chance.
    """
    if not plan.key:
        return pl.lit(None, dtype=pl.Binary)
    places = {cell.column: place for place, cell in enumerate(plan.cells)}
    parts = [_key_text(places[name], plan.cell(name)) for name in plan.key]
    joined = [
        pl.concat_str(text.str.len_bytes().cast(pl.String), pl.lit(":"), text) if free else text for text, free in parts
    ]
    message = parts[0][0] if len(parts) == 1 else pl.concat_str(joined, separator="\x1f")
    seed = int.from_bytes(secret[:SEED_BYTES], "big")
    return ph.NonCryptographicHashingNameSpace(message).xxh3_128(seed=seed, return_binary=True, byte_order="big")


def _key_text(place: int, cell: Cell) -> tuple[pl.Expr, bool]:
    if cell.protection is Protection.UNIT_ID:
        return pl.col(f"{_ID}{place}").bin.encode("hex"), True
    value = _value(place, cell) if cell.coarse is None else pl.col(f"{_COARSE}{place}")
    match cell.cast.type:
        case Type.TEXT:
            return value, True
        case Type.DECIMAL | Type.DATE | Type.TIMESTAMP:
            return value.to_physical().cast(pl.String), False
        case _:
            return value.cast(pl.String), False
