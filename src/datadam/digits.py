"""How many digits a quantity may have, and where the range of a column ends. Pure."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final

from datadam.model import Type

MAX_PRECISION: Final = 38  # digits of a DECIMAL in Arrow, Parquet and Spark
MAX_WHOLE_DIGITS: Final = 15  # of a quantity as it is sent, before the point
MAX_FRACTION_DIGITS: Final = 18  # of a quantity as it is sent, after the point: every digit of a printed double
MIN_FRACTION_DIGITS: Final = 6  # a factor that leaves room for fewer is refused
MAX_SCALE: Final = 22  # beyond it 128 bits have no room for the digits before the point

_QUANTITIES: Final = frozenset({Type.INTEGER, Type.DECIMAL, Type.NUMBER})
_ROOM: Final = 2**126  # products stay below it, so that a remainder can be doubled in 128 bits


def sendable_digits(scale: int, factors: Iterable[Fraction]) -> tuple[int, int] | None:
    """How many digits before and after the point a quantity may be sent with; None where there is no room for any.

    `scale` digits behind the point are stored, after the value was multiplied by one of `factors`; 128 bits hold every
    step of that.
    """
    wanted = list(factors)
    whole = max(1, min(MAX_WHOLE_DIGITS, MAX_PRECISION - max(scale, MIN_FRACTION_DIGITS)))
    for fraction in range(max(MAX_FRACTION_DIGITS, scale), MIN_FRACTION_DIGITS - 1, -1):
        steps = [factor * Fraction(10**scale, 10**fraction) for factor in wanted]
        fits = all(10 ** (whole + fraction) * s.numerator < _ROOM and s.denominator < _ROOM for s in steps)
        if fits and whole + fraction <= MAX_PRECISION:
            return whole, fraction
    return None


def bound(kind: Type, value: Decimal | str) -> Decimal | date | None:
    """A range's end as something that compares, or None if it is no value of this type."""
    if kind in _QUANTITIES and isinstance(value, Decimal) and value.is_finite():
        whole = kind is not Type.INTEGER or value == value.to_integral_value()
        return value if whole else None
    try:
        if kind is Type.DATE and isinstance(value, str):
            return date.fromisoformat(value) if len(value) == len("2026-01-01") else None
        if kind is Type.TIMESTAMP and isinstance(value, str):
            return datetime.fromisoformat(value) if value.endswith("Z") else None
    except ValueError:
        pass
    return None
