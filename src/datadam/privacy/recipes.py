"""Make the recipe of a Standard's bounded twin: the public keys of its columns, what is summed, what is hashed. Pure.

A public key set is told by the standard alone (code lists, enums, booleans, periods and bands between declared ends,
small whole numbers), so that an answer over it has a cell for each key and tells nothing by which cells there are. Keys
are what rows hold: texts and whole numbers as they are; dates as `2026-11-01`, instants as `2026-11-01T00:00:00Z`;
edges of bands as whole numbers where the column is of whole numbers, else as the text that the stored type has (`12.50`
of a decimal with two digits behind the point, `12.5` of a double).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from itertools import islice
from typing import Final

from datadam import coarsening
from datadam.model import CodeList, Column, Period, Protection, Repeat, Standard, Type
from datadam.privacy.recipe import Key, Recipe

MAX_KEYS: Final = 10_000  # of one column: HS 2022 has 5,613 goods; a finer set leaves a cell to nearly every row
MAX_SMALL: Final = 1_000  # days or whole numbers that nothing groups
_MONTHS: Final[Mapping[Period, int]] = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}
_OPEN: Final = frozenset({Type.TEXT, Type.INTEGER, Type.DATE})  # exact quantities and instants are fingerprints
_MONTHS_A_YEAR: Final = 12


def recipe(standard: Standard, codes: Mapping[str, CodeList]) -> Recipe:
    """The recipe of a standard of the tier of answers, which `standard.check` finds clean."""
    keys: dict[str, tuple[Key, ...]] = {}
    opened: list[str] = []
    sums = {column.name: column.clip for column in standard.columns if column.clip is not None}
    for column in standard.columns:
        if column.name in sums or not _asked_about(column, standard):
            continue
        if (known := public_keys(column, codes)) is not None:
            keys[column.name] = known
        elif column.type in _OPEN:
            opened.append(column.name)
    supersede = standard.repeat is Repeat.SUPERSEDE
    held = {*keys, *opened, *sums}
    kept = tuple(column.name for column in standard.columns if column.name in held)
    return Recipe(
        standard=str(standard.id),
        unit=standard.bounds.unit,
        rows=standard.bounds.rows or 0,
        hashed=standard.key if supersede else kept,
        supersede=supersede,
        keys=keys,
        open=tuple(opened),
        sums=sums,
    )


def _asked_about(column: Column, standard: Standard) -> bool:
    """Whether a question may name a column: never what is not stored, an internal id, or what people wrote freely."""
    stored = column.protection not in {Protection.DROP, Protection.UNIT_ID}
    return stored and column.free_text is None and column.name != standard.bounds.unit


def public_keys(column: Column, codes: Mapping[str, CodeList]) -> tuple[Key, ...] | None:
    """The public keys of a column in order, None the last of one that may be empty; None where they are not known."""
    if column.protection in {Protection.DROP, Protection.UNIT_ID, Protection.MASK}:
        return None
    found = list(islice(_keys(column, codes), MAX_KEYS + 1))
    if not found or len(found) > MAX_KEYS:
        return None
    return (*found, *(() if column.required else (None,)))


def _keys(column: Column, codes: Mapping[str, CodeList]) -> Iterator[Key]:
    """What a column can hold, where the standard alone tells it; nothing where it does not."""
    if column.type is Type.BOOLEAN:
        yield from (False, True)
    elif column.type is Type.TEXT:
        yield from _words(column, codes)
    elif column.type in {Type.DATE, Type.TIMESTAMP}:
        yield from _times(column)
    elif column.coarsening is not None:
        yield from map(_stored(column), _bands(column))
    elif column.type is Type.INTEGER:
        yield from _small(column)


def _words(column: Column, codes: Mapping[str, CodeList]) -> Iterator[Key]:
    if groups := coarsening.groups_of(column, codes):
        yield from sorted(set(groups.values()))
    elif column.coarsening is not None:
        return  # by a list that is not known
    elif column.codes is not None:
        yield from sorted(codes[column.codes].codes) if column.codes in codes else ()
    else:
        yield from column.values


def _times(column: Column) -> Iterator[Key]:
    """The periods, or the days, between the declared ends."""
    ends = (_day(column.minimum), _day(column.maximum))
    if ends[0] is None or ends[1] is None:
        return
    how, last = column.coarsening.period if column.coarsening is not None else None, ends[1]
    if how is None and (column.type is Type.TIMESTAMP or (last - ends[0]).days >= MAX_SMALL):
        return
    here, suffix = coarsening.coarse_day(how or Period.DAY, ends[0]), "" if column.type is Type.DATE else "T00:00:00Z"
    while here <= last:
        yield f"{here.isoformat()}{suffix}"
        try:
            here = _next(here, how)
        except (OverflowError, ValueError):  # there is no day after the last one
            return


def _next(day: date, period: Period | None) -> date:
    if period is None or period is Period.DAY:
        return day + timedelta(days=1)
    months = day.month - 1 + _MONTHS[period]
    return date(day.year + months // _MONTHS_A_YEAR, months % _MONTHS_A_YEAR + 1, 1)


def _day(end: Decimal | str | None) -> date | None:
    try:
        return None if end is None else datetime.fromisoformat(str(end)).replace(tzinfo=UTC).date()
    except ValueError:  # a fault of its own
        return None


def _bands(column: Column) -> Iterator[Decimal]:
    """The lower edges of the bands that values between the declared ends can be of."""
    how, least, most = column.coarsening, column.minimum, column.maximum
    if how is None or not isinstance(least, Decimal) or not least.is_finite():
        return
    if how.width is not None and not (how.width.is_finite() and how.width > 0):  # a fault of its own
        return
    first = coarsening.lower_edge(how, least)
    top = most if isinstance(most, Decimal) and most.is_finite() else None
    if first is None:
        return
    if how.edges:
        yield from (edge for edge in how.edges if edge >= first and (top is None or edge <= top))
    elif how.width is not None and top is not None and top - first <= how.width * MAX_KEYS:
        steps = ((top - first) / how.width).to_integral_value(ROUND_CEILING)
        edges = (first + how.width * step for step in range(int(steps) + 1))
        yield from (edge for edge in edges if edge <= top)


def _stored(column: Column) -> Callable[[Decimal], Key]:
    """How the lower edge of a band is told."""
    if column.type is Type.INTEGER:
        return int
    if column.type is Type.DECIMAL:
        return lambda edge: f"{edge:.{column.scale}f}"
    return lambda edge: repr(float(edge))


def _small(column: Column) -> Iterator[Key]:
    least, most = column.minimum, column.maximum
    if not (isinstance(least, Decimal) and isinstance(most, Decimal) and least.is_finite() and most.is_finite()):
        return
    if most - least < MAX_SMALL:
        yield from range(int(least), int(most) + 1)
