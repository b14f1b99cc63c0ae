"""How far one unit can move what noise is added to, and how much noise that takes: proved here, nowhere else. Pure.

Neighbours are two pools that differ in the rows of one unit, *replaced* by any others; presence is public here, so
nobody is added or removed. Of each unit at most `rows` rows of a period count, so at most n = rows × periods are
exchanged for at most n others; a filter lets through fewer of either. A row falls into one cell, or into none.

All bounds are exact integers, the squares of L2 among them; scales are floats rounded up, losses exact fractions.
Sources: Bun and Steinke 2016 (rho-zCDP), Canonne, Kamath and Steinke 2020 (discrete Gaussian: its loss, its tail, its
epsilon), both on arXiv: 1605.02065 and 2004.00010.
"""

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, assert_never

from datadam.errors import Invalid
from datadam.protections import Aggregate, Clip

MICRO: Final = 1_000_000
"""Micro-rho in a rho: every budget and charge is an integer of them."""

MOST: Final = 2**62
"""What an exact integer may be at most; noise is added in 64 bits, and must not be cut off there."""

LARGEST_SCALE: Final = 2.0**55  # 2^62 and 2^63 are 128 such scales apart: noise leaves 64 bits once in e^8192
_SLACK: Final = Fraction(2**48 + 1, 2**48)  # scales are so much larger: the float of L2 and OpenDP's sums round up too
_TAIL: Final = 2.0**-51  # finer than this OpenDP does not tell a tail
_TOLD_UP: Final = 1 + 1e-9  # epsilon is told so much larger: sums of floats are within it
_STEPS: Final = 200  # of the search for the best order alpha; any alpha gives a true epsilon


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """How far two neighbours' exact integers lie apart at most: in how many places, in sum, in square, in one place."""

    l0: int
    l1: int
    l2_squared: int
    linf: int

    @property
    def l2(self) -> float:
        """L2 as a float, rounded up."""
        root = math.isqrt(self.l2_squared)
        return _rounded_up(Fraction(root)) if root * root == self.l2_squared else _root_up(Fraction(self.l2_squared))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """Discrete Gaussian noise for one release; where keys are open also a threshold, below which one is not told."""

    sensitivity: Sensitivity
    rho: int  # micro-rho that is charged; what is really lost is no more
    scale: float
    threshold: int | None = None
    delta: Fraction = Fraction(0)  # at most so likely a key shows that only one unit holds


# --- bounds -----------------------------------------------------------------------------------------------------------


def of(
    aggregate: Aggregate, *, rows: int, periods: int = 1, cells: int | None = None, clip: Clip | None = None
) -> Sensitivity:
    """How far one unit moves an aggregate over so many cells (None: as many as there may be); of sums, within a clip.

    Of a mean it is that of sum and count together, as `mean_weight` combines them.
    """
    n = rows * periods
    one = cells == 1
    touched = 2 * n if cells is None else min(2 * n, cells)  # n rows leave at most n cells, n others come into n more
    match aggregate:
        case Aggregate.COUNT | Aggregate.HISTOGRAM | Aggregate.QUANTILES:
            # A unit's counts are c >= 0 with sum <= n. |c - c'| in one cell is at most n. Over several, c·c' >= 0, so
            # |c - c'|² <= |c|² + |c'|² <= 2n²; reached by n rows in one cell against n in another.
            return Sensitivity(l0=touched, l1=n if one else 2 * n, l2_squared=n * n if one else 2 * n * n, linf=n)
        case Aggregate.DISTINCT:
            # A unit adds 1 to each of at most n cells, over all periods together: each difference is -1, 0 or 1.
            return Sensitivity(l0=touched, l1=touched, l2_squared=touched, linf=1)
        case Aggregate.SUM:
            return _of_sums(n, touched, one=one, clip=_needed(clip))
        case Aggregate.MEAN:
            return _of_means(n, cells, clip=_needed(clip))
        case _:
            assert_never(aggregate)


def _of_sums(n: int, touched: int, *, one: bool, clip: Clip) -> Sensitivity:
    # A row adds a value of [lo, hi] to one cell, or nothing: it may be absent, or hold none. With up = max(hi, 0) and
    # down = max(-lo, 0), a unit's sums lie in the convex hull of 0 and all n·up·e_k and -n·down·e_k. A norm of x - y is
    # convex in both, and so largest at two of these corners: in one cell n(up + down) apart, in two cells n·up or
    # n·down each.
    lowest, highest = ends(clip)
    up, down = max(highest, 0), max(-lowest, 0)
    across, largest = n * (up + down), n * max(up, down)
    if one:
        return Sensitivity(l0=touched, l1=across, l2_squared=across * across, linf=across)
    return Sensitivity(l0=touched, l1=2 * largest, l2_squared=max(across * across, 2 * largest * largest), linf=across)


def _of_means(n: int, cells: int | None, *, clip: Clip) -> Sensitivity:
    # A row adds (d, w) to one cell's pair (centred sum, weighted count): d = 2·value - (lo + hi) is in [-span, span],
    # w is `mean_weight`. The corners of what a unit can add are 0 and n·(±span, w) in each cell: in one cell 2n·span
    # apart, or n·sqrt(span² + w²) from nothing; in two cells n·sqrt(2(span² + w²)). w lets none exceed the first.
    span, w = _span(clip), mean_weight(clip, cells)
    one = cells == 1
    return Sensitivity(
        l0=4 * n if cells is None else min(4 * n, 2 * cells),
        l1=n * max(2 * span, span + w) if one else 2 * n * (span + w),
        l2_squared=4 * n * n * span * span,
        linf=max(2 * n * span, n * w),
    )


def ends(clip: Clip) -> tuple[int, int]:
    """Both ends of a clip in fixed point, rounded outward."""
    unit = Decimal(10) ** clip.scale
    return math.floor(Fraction(clip.lowest) * Fraction(unit)), math.ceil(Fraction(clip.highest) * Fraction(unit))


def mean_weight(clip: Clip, cells: int | None) -> int:
    """What a row's count weighs beside its centred sum, so that one vector of both costs what the sum alone would."""
    span = _span(clip)
    return math.isqrt(3 * span * span) if cells == 1 else span


def _span(clip: Clip) -> int:
    """Twice the farthest that a value is from the middle of its clip."""
    lowest, highest = ends(clip)
    return max(highest - lowest, 1)


def _needed(clip: Clip | None) -> Clip:
    if clip is None:
        raise Invalid("private.no-clip")
    return clip


# --- noise ------------------------------------------------------------------------------------------------------------


def gaussian(sensitivity: Sensitivity, rho: int) -> Mechanism:
    """The noise whose cost is at most `rho` micro-rho; `Invalid` where that would be too much noise to draw."""
    scale = scale_for(sensitivity, rho)
    if scale > LARGEST_SCALE:
        raise Invalid("private.noise-too-large", rho=said(rho))
    return Mechanism(sensitivity=sensitivity, rho=rho, scale=scale)


def thresholded(sensitivity: Sensitivity, rho: int, delta: Fraction) -> Mechanism:
    """The same for keys that nobody knows: one that only one unit holds is told with a probability of at most `delta`.

    A unit shows at most L0 such keys, each with a value of at most Linf. Noise reaches m with at most the probability
    that a continuous Gaussian reaches m - 1 (Canonne, Kamath and Steinke 2020, Proposition 25).
    """
    mechanism = gaussian(sensitivity, rho)
    a_key = float(delta / sensitivity.l0) * (1 - 1e-9) - _TAIL
    if a_key <= 0:
        raise Invalid("private.rho-too-small-for-keys", rho=said(rho))
    reach = 1
    while _beyond((reach - 1) / mechanism.scale) > a_key:
        reach += max(1, int(mechanism.scale / 1024))
    return Mechanism(
        sensitivity=sensitivity,
        rho=rho,
        scale=mechanism.scale,
        threshold=sensitivity.linf + reach,
        delta=delta,
    )


def scale_for(sensitivity: Sensitivity, rho: int) -> float:
    """The scale of a discrete Gaussian that costs at most `rho` micro-rho, rounded up: sigma² >= L2² / 2rho."""
    if rho < 1:
        raise Invalid("private.rho-range", least=said(1))
    return _root_up(Fraction(sensitivity.l2_squared * MICRO, 2 * rho) * _SLACK * _SLACK)


def _root_up(square: Fraction) -> float:
    """The least float, or one or two above it, whose square is not less."""
    root = math.isqrt(square.numerator * square.denominator << 128)  # of a fraction: isqrt(n·d·2^128) / (d·2^64)
    up = _rounded_up(Fraction(root + 1, square.denominator << 64))
    below = math.nextafter(up, 0)
    return below if Fraction(below) ** 2 >= square else up


def _rounded_up(number: Fraction) -> float:
    near = float(number)
    return near if Fraction(near) >= number else math.nextafter(near, math.inf)


def _beyond(deviations: float) -> float:
    """How likely a Gaussian is so many standard deviations above its mean, or more."""
    return math.erfc(deviations / math.sqrt(2)) / 2


# --- loss -------------------------------------------------------------------------------------------------------------


def micro(rho: Decimal) -> int:
    """A budget in whole micro-rho, rounded down."""
    return math.floor(Fraction(rho) * MICRO)


def said(rho: int) -> str:
    """Micro-rho as a rho: `0.05`."""
    return f"{(Decimal(rho) / MICRO).normalize():f}"


def epsilon_of(rho: int | Fraction, delta: Fraction) -> float:
    """An epsilon that rho-zCDP (micro-rho where an integer, else rho) implies at that delta, rounded up.

    Canonne, Kamath and Steinke 2020, on converting concentrated to approximate privacy: for every alpha > 1
    epsilon = alpha·rho + (ln(1/delta) + (alpha - 1)·ln(1 - 1/alpha) - ln alpha) / (alpha - 1).
    """
    loss = float(Fraction(rho, MICRO) if isinstance(rho, int) else rho)
    if loss <= 0:
        return 0.0
    told = math.log(1 / delta)

    def at(log_above_one: float) -> float:
        above = math.exp(log_above_one)
        alpha = 1 + above
        return alpha * loss + (told - above * math.log1p(1 / above) - math.log(alpha)) / above

    low, high = -20.0, 40.0
    for _ in range(_STEPS):
        third = (high - low) / 3
        low, high = (low, high - third) if at(low + third) < at(high - third) else (low + third, high)
    return max(at((low + high) / 2), 0.0) * _TOLD_UP


def rho_for(epsilon: Decimal, delta: Fraction) -> int:
    """The largest whole micro-rho that implies no more than that epsilon at that delta; 0 where none does."""
    low, high = 0, max(1, micro(epsilon * epsilon) + micro(epsilon) + MICRO)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if epsilon_of(middle, delta) <= float(epsilon) else (low, middle - 1)
    return low
