"""Fold a question's conditions into one form: of each column the keys, or the range, that all of them leave. Pure.

What leaves everything is no condition; what leaves nothing is refused, for nothing could be learnt by it. A condition
on a summed column compares the value as it counts, within its clip and in fixed point; rows without one hold none.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final

from datadam.errors import Invalid
from datadam.model import Column, Standard, Type
from datadam.privacy import reading
from datadam.privacy.recipe import Key, Recipe
from datadam.privacy.sensitivity import ends
from datadam.protections import Clip

MAX_KEYS: Final = 10_000  # of one condition: as many as a column can have that are public
MAX_TEXTS: Final = 1_000  # of one condition on an open column

_IN, _AT_LEAST, _AT_MOST = "in", ">=", "<="
_NUMERIC: Final = frozenset({Type.INTEGER, Type.DECIMAL, Type.NUMBER})

Folded = tuple[str, str, tuple[Key | Decimal, ...]]
"""A column, an operator, and its values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A condition as it was sent, its values not looked at yet."""

    column: str
    operator: str
    values: tuple[object, ...]


def folded(
    given: Iterable[Given], standard: Standard, recipe: Recipe, *, counted: str | None = None
) -> Iterator[Folded]:
    """The conditions that say the same, each column's once, ordered; `counted` is the column that is summed."""
    by_column: dict[str, list[Given]] = {}
    for one in given:
        by_column.setdefault(one.column, []).append(one)
    for name, those in sorted(by_column.items()):
        if name in recipe.keys:
            yield from _keys(name, those, standard.column(name), recipe.keys[name])
        elif name in recipe.sums:
            yield from _range(name, those, recipe.sums[name], counted=name == counted)
        elif name in recipe.open:
            yield _texts(name, those, standard.column(name))
        else:
            raise Invalid(
                "private.column-unknown", column=name, columns=sorted({*recipe.keys, *recipe.sums, *recipe.open})
            )


def unfixed(value: int, clip: Clip) -> Decimal:
    """A fixed-point integer as the number that it stands for, without zeros at its end."""
    return Decimal(value).scaleb(-clip.scale).normalize() or Decimal(0)


# --- public keys ------------------------------------------------------------------------------------------------------


def _keys(name: str, given: Sequence[Given], column: Column, keys: Sequence[Key]) -> Iterator[Folded]:
    left = set(range(len(keys)))
    for one in given:
        left &= _listed(one, keys) if one.operator == _IN else _between(one, column, keys)
    if not left:
        raise Invalid("private.condition-empty", column=name)
    if len(left) < len(keys):
        yield name, _IN, tuple(keys[place] for place in sorted(left))


def _listed(given: Given, keys: Sequence[Key]) -> set[int]:
    places = {(type(key), key): place for place, key in enumerate(keys)}  # True is not 1 here
    found: set[int] = set()
    for value in given.values:
        place = places.get((type(value), value)) if value is None or isinstance(value, str | int) else None
        if place is None:
            raise Invalid("private.key-unknown", column=given.column, key=_shown(value))
        found.add(place)
    return found


def _between(given: Given, column: Column, keys: Sequence[Key]) -> set[int]:
    order = _order(column)
    if order is None:
        raise Invalid("private.operator-wrong", column=given.column, operator=given.operator)
    end = order(_single(given), given.column)
    upward = given.operator == _AT_LEAST
    return {
        place
        for place, key in enumerate(keys)
        if key is not None and (order(key, given.column) >= end if upward else order(key, given.column) <= end)
    }


def _order(column: Column) -> Callable[[object, str], Fraction] | None:
    """Where a column's values stand on a line; None where they have no order."""
    if column.type in _NUMERIC:
        return lambda value, field: Fraction(reading.a_number(value, field))
    if column.type in {Type.DATE, Type.TIMESTAMP}:
        return _instant
    return None


def _instant(value: object, field: str) -> Fraction:
    """A day, or an instant with its zone, in microseconds of the calendar, exactly."""
    text = reading.a_text(value, field)
    try:
        found = datetime.fromisoformat(text)
        when = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        since = when - datetime(1, 1, 1, tzinfo=UTC)
    except ValueError:
        raise Invalid("private.not-a-date", field=field) from None
    return Fraction(since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds)


def _single(given: Given) -> object:
    if len(given.values) != 1:
        raise Invalid("private.value-single", column=given.column, operator=given.operator)
    return given.values[0]


def _shown(value: object) -> str:
    return str(value)[:100] if value is None or isinstance(value, str | bool) else type(value).__name__


# --- summed columns ---------------------------------------------------------------------------------------------------


def _range(name: str, given: Sequence[Given], clip: Clip, *, counted: bool) -> Iterator[Folded]:
    lowest, highest = ends(clip)
    low, high = lowest, highest
    for one in given:
        if one.operator == _IN:
            raise Invalid("private.operator-wrong", column=name, operator=one.operator)
        value = Fraction(reading.a_number(_single(one), name)) * 10**clip.scale
        if one.operator == _AT_LEAST:
            low = max(low, math.ceil(value))
        else:
            high = min(high, math.floor(value))
    if low > high:
        raise Invalid("private.condition-empty", column=name)
    whole = low == lowest and high == highest
    if high < highest:
        yield name, _AT_MOST, (unfixed(high, clip),)
    if low > lowest or (whole and not counted):  # the whole range still leaves out rows that hold no value
        yield name, _AT_LEAST, (unfixed(low, clip),)


# --- open columns -----------------------------------------------------------------------------------------------------


def _texts(name: str, given: Sequence[Given], column: Column) -> Folded:
    left: set[str] | None = None
    for one in given:
        if one.operator != _IN:
            raise Invalid("private.operator-wrong", column=name, operator=one.operator)
        if len(one.values) > MAX_TEXTS:
            raise Invalid("private.too-many", field=name, limit=MAX_TEXTS)
        found = {_text(value, column) for value in one.values}
        left = found if left is None else left & found
    if not left:
        raise Invalid("private.condition-empty", column=name)
    return name, _IN, tuple(sorted(left))


def _text(value: object, column: Column) -> str:
    """A value of an open column as the text that rows hold."""
    if column.type is Type.INTEGER:
        number = reading.a_number(value, column.name)
        if number != number.to_integral_value():
            raise Invalid("private.number-digits", field=column.name, digits=0)
        return str(int(number))
    text = reading.a_text(value, column.name)
    if column.type is Type.DATE:
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise Invalid("private.not-a-date", field=column.name) from None
    return text
