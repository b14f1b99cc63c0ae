"""Coarsen values: days to their month, quantities to their band, codes to a group of theirs. Pure.

What is stored is always a value of the column's own type that stands for all of its kind: the first day or instant of a
period, the lower edge of a band, the code of a group. So it sorts, joins and is read like any other value, no value
becomes larger (which keeps `<=` between equally coarse ones), and to coarsen it again changes nothing.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final

from datadam.errors import DamError, Invalid
from datadam.model import Coarsening, CodeList, Column, Period, Protection, Reason, Type

MAX_EDGES: Final = 100  # of bands; a finer division is a width
_SHOWN: Final = 10  # codes named in a fault
_NEST: Final = (Period.DAY, Period.MONTH, Period.QUARTER, Period.YEAR)  # each is whole ones of the one before
_MONTHS: Final[Mapping[Period, int]] = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}
_TYPES: Final[Mapping[str, frozenset[Type]]] = {
    "period": frozenset({Type.DATE, Type.TIMESTAMP}),
    "width": frozenset({Type.INTEGER, Type.DECIMAL}),  # a double's multiples are not where one would look for them
    "edges": frozenset({Type.INTEGER, Type.DECIMAL, Type.NUMBER}),
    "codes": frozenset({Type.TEXT}),
    "map": frozenset({Type.TEXT}),
}


def ways(coarsening: Coarsening) -> tuple[str, ...]:
    """By what it coarsens, in the words of a contract; one where it is right."""
    said = {
        "period": coarsening.period is not None,
        "width": coarsening.width is not None,
        "edges": bool(coarsening.edges),
        "codes": coarsening.codes is not None,
        "map": bool(coarsening.groups),
    }
    return tuple(way for way, there in said.items() if there)


def shown(column: Column) -> str:
    """How a column is coarsened, in a contract's own words: `month`, `width 10 t`, `edges 0, 10, 50`, a code list."""
    how = column.coarsening
    if how is None:
        return ""
    if how.period is not None:
        return str(how.period)
    if how.width is not None:
        return f"width {_width(how.width, column)}"
    if how.edges:
        return f"edges {_listed(how, column)}"
    return how.codes or f"map {len(set(how.groups.values()))}"


def _width(width: Decimal, column: Column) -> str:
    return f"{width:f} {column.unit or ''}".rstrip()


def _listed(how: Coarsening, column: Column) -> str:
    return f"{', '.join(f'{edge:f}' for edge in how.edges)} {column.unit or ''}".rstrip()


def said(column: Column) -> Reason | None:
    """What is done to a column's values, as a reason that `texts` puts into words; None where nothing is."""
    how = column.coarsening
    if how is None:
        return None
    if how.period is not None:
        return Reason(f"done.coarsened-{how.period}")
    if how.width is not None:
        return Reason("done.coarsened-width", {"width": _width(how.width, column)})
    if how.edges:
        return Reason("done.coarsened-edges", {"edges": _listed(how, column)})
    if how.codes is not None:
        return Reason("done.coarsened-codes", {"codes": how.codes})
    return Reason("done.coarsened-map", {"count": len(set(how.groups.values()))})


def level(column: Column) -> str:
    """How coarse a column's values are stored, in no language: `YYYY-MM`, `0, 10, 20, … kt`, a list's name, groups."""
    how = column.coarsening
    if how is None:
        return ""
    if how.period is not None:
        return _LEVELS[how.period]
    if how.width is not None:
        return f"0, {how.width:f}, {2 * how.width:f}, … {column.unit or ''}".rstrip()
    if how.edges:
        return _listed(how, column)
    return how.codes or ", ".join(sorted(set(how.groups.values())))


_LEVELS: Final[Mapping[Period, str]] = {
    Period.DAY: "YYYY-MM-DD",
    Period.MONTH: "YYYY-MM",
    Period.QUARTER: "YYYY-Q",
    Period.YEAR: "YYYY",
}


# --- check ------------------------------------------------------------------------------------------------------------


def faults(column: Column, codes: Mapping[str, CodeList]) -> Iterator[DamError]:
    """Find everything that contradicts a column's coarsening, or keeps it from being done twice to the same effect."""
    name, how = column.name, column.coarsening
    if how is None:
        if column.protection is Protection.COARSEN:
            yield Invalid("standard.coarsen-missing", column=name)
        return
    if column.protection is not Protection.COARSEN:
        yield Invalid("standard.coarsen-protection", column=name, protection=str(column.protection))
    found = ways(how)
    if len(found) != 1:
        yield Invalid("standard.coarsen-unclear", column=name, ways=", ".join(_TYPES))
        return
    listed = column.codes is not None or bool(column.values)
    if column.type not in _TYPES[found[0]] or (column.type is Type.TEXT and not listed):
        yield Invalid("standard.coarsen-type", column=name, way=found[0], type=str(column.type))
    elif how.period is Period.DAY and column.type is Type.DATE:
        yield Invalid("standard.coarsen-type", column=name, way=str(how.period), type=str(column.type))
    elif column.type is Type.TEXT:
        yield from _group_faults(column, how, codes)
    elif how.period is None:
        yield from _band_faults(column, how)


def _band_faults(column: Column, how: Coarsening) -> Iterator[DamError]:
    if how.width is not None and not (_is_value(column, how.width) and _steps(column, how.width) > 1):
        yield Invalid("standard.coarsen-width", column=column.name, width=str(how.width)[:40])
        return
    ascending = all(_is_value(column, e) for e in how.edges) and all(low < high for low, high in pairwise(how.edges))
    if not ascending or len(how.edges) > MAX_EDGES:
        yield Invalid("standard.coarsen-edges", column=column.name, limit=MAX_EDGES)
        return
    least = column.minimum
    # what may be below all bands would have none, and a band that begins below all values could not be stored
    bottom = lower_edge(how, least) if isinstance(least, Decimal) and least.is_finite() else None
    if bottom is None or not _is_value(column, bottom):
        yield Invalid("standard.coarsen-minimum", column=column.name)


def _steps(column: Column, number: Decimal) -> Fraction:
    """A number in units of the column's last digit."""
    return Fraction(number) * Fraction(10) ** (column.scale if column.type is Type.DECIMAL else 0)


def _is_value(column: Column, number: Decimal) -> bool:
    if not number.is_finite():
        return False
    if column.type is Type.NUMBER:
        return Decimal(float(number)).is_finite()
    digits = column.precision if column.type is Type.DECIMAL else 18  # of an integer: as many as a dam takes
    unscaled = _steps(column, number)
    return unscaled.denominator == 1 and abs(unscaled) < 10**digits


def _group_faults(column: Column, how: Coarsening, codes: Mapping[str, CodeList]) -> Iterator[DamError]:
    name, fine = column.name, _listed_codes(column, codes)
    if fine is None:
        return  # an unknown list is a fault of its own
    if how.codes is not None:
        if how.codes not in codes:
            yield Invalid("standard.coarsen-list-unknown", column=name, codes=how.codes)
            return
        if column.codes is None or how.codes not in _above(column.codes, codes):
            yield Invalid("standard.coarsen-no-parents", column=name, codes=column.codes or name, wanted=how.codes)
            return
    groups = groups_of(column, codes)
    if foreign := sorted(groups.keys() - fine):
        yield Invalid("standard.coarsen-code-unknown", column=name, codes=_first(foreign))
    if left := sorted(fine - groups.keys()):
        yield Invalid("standard.coarsen-code-left", column=name, codes=_first(left))
    if moved := sorted(group for group in set(groups.values()) if groups.get(group, group) != group):
        yield Invalid("standard.coarsen-group-is-code", column=name, codes=_first(moved))


def _first(codes: list[str]) -> str:
    return ", ".join(codes[:_SHOWN]) + (", …" if len(codes) > _SHOWN else "")


def _listed_codes(column: Column, codes: Mapping[str, CodeList]) -> frozenset[str] | None:
    if column.codes is None:
        return frozenset(column.values)
    return codes[column.codes].codes if column.codes in codes else None


def _above(name: str, codes: Mapping[str, CodeList]) -> tuple[str, ...]:
    """A list and those that its codes are grouped in, the finest first."""
    found = [name]
    while (above := codes[found[-1]].above) is not None and above in codes and above not in found:
        found.append(above)
    return tuple(found)


def groups_of(column: Column, codes: Mapping[str, CodeList]) -> dict[str, str]:
    """Which group each code of a column is stored as; empty where it is not coarsened by groups."""
    how = column.coarsening
    if how is None or how.codes is None or column.codes is None:
        return {} if how is None else dict(how.groups)
    lists = _above(column.codes, codes)
    found = {code: code for code in codes[column.codes].codes}
    for name in lists[: lists.index(how.codes)] if how.codes in lists else ():
        found = {code: codes[name].parents[at] for code, at in found.items() if at in codes[name].parents}
    return found


# --- values -----------------------------------------------------------------------------------------------------------


def lower_edge(how: Coarsening, number: Decimal) -> Decimal | None:
    """The lower edge of a number's band; None for one below all of them."""
    if how.width is not None:
        whole = Fraction(number) // Fraction(how.width)  # toward minus infinity: -5 is of the band from -10 to 0
        return _exactly(whole * Fraction(how.width))
    return max((edge for edge in how.edges if edge <= number), default=None)


def _exactly(number: Fraction) -> Decimal:
    """A fraction whose denominator has no factors but 2 and 5, in all its digits."""
    digits = 0
    while number.denominator != 1:
        number, digits = number * 10, digits + 1
    return Decimal((int(number < 0), tuple(map(int, str(abs(number.numerator)))), -digits))


def coarse_day(period: Period, day: date) -> date:
    """The first day of a day's period."""
    if period is Period.DAY:
        return day
    months = _MONTHS[period]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def coarse_bound(column: Column, bound: Decimal | str | None) -> Decimal | str | None:
    """What an end of a column's range is stored as: no stored value is less than the least one's."""
    how = column.coarsening
    if how is None or bound is None:
        return bound
    if how.period is None:
        edge = lower_edge(how, Decimal(bound))
        return bound if edge is None else edge
    if column.type is Type.DATE:
        return coarse_day(how.period, date.fromisoformat(str(bound))).isoformat()
    moment = datetime.fromisoformat(str(bound)).astimezone(UTC)
    return f"{coarse_day(how.period, moment.date()).isoformat()}T00:00:00Z"


# --- two coarsenings --------------------------------------------------------------------------------------------------


def nests(old: Coarsening, new: Coarsening) -> bool:
    """Whether `new` can be done to what `old` left as well as to the values themselves, as far as the two tell."""
    if old == new:
        return True
    if old.period is not None and new.period is not None:
        return _NEST.index(old.period) <= _NEST.index(new.period)
    if new.width is not None:
        return old.width is not None and Fraction(new.width) % Fraction(old.width) == 0
    if old.width is not None and new.edges:
        return all(Fraction(edge) % Fraction(old.width) == 0 for edge in new.edges)
    if old.edges and new.edges:
        return new.edges[0] <= old.edges[0] and set(new.edges[1:]) <= set(old.edges)
    return bool(old.groups and new.groups) and again(old.groups, new.groups) is not None


def again(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str] | None:
    """The new group of each old one; None where codes of one old group are in several new ones, or in none."""
    found: dict[str, str] = {}
    for code, group in old.items():
        if code not in new or found.setdefault(group, new[code]) != new[code]:
            return None
    return found
