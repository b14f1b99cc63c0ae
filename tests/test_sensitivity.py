"""How far one unit moves an answer: the formulas against every pair of tiny neighbours, and the noise that it takes."""

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import combinations_with_replacement, product
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis.strategies import DrawFn, composite, integers, lists, none, one_of, sampled_from, tuples

from datadam.errors import Invalid
from datadam.privacy import sensitivity
from datadam.privacy.sensitivity import LARGEST_SCALE, MICRO, Mechanism, Sensitivity, epsilon_of, rho_for, said
from datadam.protections import Aggregate, Clip

Row = tuple[int, int | None]
"""A row of one unit: its cell, and its fixed-point value or none."""

CLIPS: Final = [(0, 3), (2, 3), (-2, 3), (-3, -1), (-1, 1), (0, 0)]
SUMMED: Final = [Aggregate.SUM, Aggregate.MEAN]
COUNTED: Final = [Aggregate.COUNT, Aggregate.HISTOGRAM, Aggregate.QUANTILES, Aggregate.DISTINCT]


def clip(low: int, high: int, scale: int = 0) -> Clip:
    """A clip between two integers."""
    return Clip(lowest=Decimal(low), highest=Decimal(high), scale=scale)


def added(aggregate: Aggregate, rows: Sequence[Row], cells: int, between: Clip | None) -> tuple[int, ...]:
    """What one unit's rows add to the vector that noise is added to: worked out a row at a time."""
    counts, sums, valued = [0] * cells, [0] * cells, [0] * cells
    for cell, value in rows:
        counts[cell] += 1
        if value is not None:
            sums[cell] += value
            valued[cell] += 1
    if aggregate is Aggregate.DISTINCT:
        return tuple(min(count, 1) for count in counts)
    if aggregate is Aggregate.SUM:
        return tuple(sums)
    if aggregate is Aggregate.MEAN:
        assert between is not None
        middle, weight = sum(sensitivity.ends(between)), sensitivity.mean_weight(between, cells)
        centred = (2 * total - middle * count for total, count in zip(sums, valued, strict=True))
        return (*centred, *(weight * count for count in valued))
    return tuple(counts)


def observed(vectors: Sequence[tuple[int, ...]]) -> Sensitivity:
    """The largest differences of any two of them."""
    l0 = l1 = l2 = linf = 0
    for left in vectors:
        for right in vectors:
            apart = [abs(a - b) for a, b in zip(left, right, strict=True)]
            l0, l1 = max(l0, sum(map(bool, apart))), max(l1, sum(apart))
            l2, linf = max(l2, sum(one * one for one in apart)), max(linf, *apart)
    return Sensitivity(l0=l0, l1=l1, l2_squared=l2, linf=linf)


def every_unit(rows: int, periods: int, cells: int, values: Sequence[int | None]) -> Iterator[tuple[Row, ...]]:
    """All that one unit can have in twins of so many periods: up to `rows` rows of each."""
    kinds = list(product(range(cells), values))
    of_one = [some for size in range(rows + 1) for some in combinations_with_replacement(kinds, size)]
    return (tuple(row for part in parts for row in part) for parts in product(of_one, repeat=periods))


SIZES: Final = [(rows, periods, cells) for rows in (1, 2, 3) for periods in (1, 2) for cells in (1, 2, 3)]


@pytest.mark.parametrize(("rows", "periods", "cells"), SIZES)
@pytest.mark.parametrize("aggregate", COUNTED)
def test_counts_move_exactly_as_far_as_was_proved(aggregate: Aggregate, rows: int, periods: int, cells: int) -> None:
    """Over all neighbours of up to three rows, three cells and two periods: no norm is larger, each is reached."""
    units = {added(aggregate, one, cells, None) for one in every_unit(rows, periods, cells, [None])}
    assert observed(list(units)) == sensitivity.of(aggregate, rows=rows, periods=periods, cells=cells)


@pytest.mark.parametrize(("rows", "periods", "cells"), [size for size in SIZES if math.prod(size) <= 6 or size[1] == 1])
@pytest.mark.parametrize("between", CLIPS)
@pytest.mark.parametrize("aggregate", SUMMED)
def test_sums_and_means_move_no_farther_than_was_proved(
    aggregate: Aggregate, between: tuple[int, int], rows: int, periods: int, cells: int
) -> None:
    """The same with all values of a clip (of many rows its ends) and with none: never more, and L2 just as much."""
    limits = clip(*between)
    values = [None, *(range(between[0], between[1] + 1) if rows * cells <= 6 else sorted({*between}))]
    units = {added(aggregate, one, cells, limits) for one in every_unit(rows, periods, cells, values)}
    found = observed(list(units))
    proved = sensitivity.of(aggregate, rows=rows, periods=periods, cells=cells, clip=limits)
    assert found.l0 <= proved.l0
    assert found.l1 <= proved.l1
    assert found.l2_squared <= proved.l2_squared
    assert found.linf <= proved.linf
    if between != (0, 0):  # a clip that leaves one value is taken for one that leaves two
        assert found.l2_squared == proved.l2_squared
        assert found.linf == proved.linf
    if aggregate is Aggregate.SUM:
        assert found.l1 == proved.l1


@composite
def units_of(draw: DrawFn) -> tuple[int, int, Clip, list[Row], list[Row]]:
    """Rows and periods, cells, a clip, and what one unit has in two neighbouring pools."""
    n, cells = draw(integers(1, 12)), draw(integers(1, 5))
    low = draw(integers(-(10**6), 10**6))
    high = low + draw(integers(1, 10**6))
    row = tuples(integers(0, cells - 1), one_of(none(), integers(low, high)))
    return n, cells, clip(low, high), draw(lists(row, max_size=n)), draw(lists(row, max_size=n))


@given(case=units_of(), aggregate=sampled_from([*COUNTED, *SUMMED]))
def test_no_neighbour_is_farther_away_than_was_proved(
    case: tuple[int, int, Clip, list[Row], list[Row]], aggregate: Aggregate
) -> None:
    """Larger units over more cells, with values of any sign: each norm stays within its bound."""
    n, cells, limits, old, new = case
    proved = sensitivity.of(aggregate, rows=n, cells=cells, clip=limits)
    found = observed([added(aggregate, old, cells, limits), added(aggregate, new, cells, limits)])
    assert found.l0 <= proved.l0
    assert found.l1 <= proved.l1
    assert found.l2_squared <= proved.l2_squared
    assert found.linf <= proved.linf
    unknown = sensitivity.of(aggregate, rows=n, clip=limits)  # as many cells as there may be
    assert unknown.l2_squared >= proved.l2_squared or cells == 1


def test_the_table_of_formulas() -> None:
    """24 rows of a unit, values up to 100,000 hundredths: the figures that the documents give."""
    money = Clip(lowest=Decimal(0), highest=Decimal(1000), scale=2)
    assert sensitivity.of(Aggregate.COUNT, rows=24) == Sensitivity(l0=48, l1=48, l2_squared=2 * 24**2, linf=24)
    assert sensitivity.of(Aggregate.COUNT, rows=24, cells=1) == Sensitivity(l0=1, l1=24, l2_squared=24**2, linf=24)
    assert sensitivity.of(Aggregate.DISTINCT, rows=24) == Sensitivity(l0=48, l1=48, l2_squared=48, linf=1)
    assert sensitivity.of(Aggregate.DISTINCT, rows=24, cells=1).l2_squared == 1
    summed = sensitivity.of(Aggregate.SUM, rows=24, clip=money)
    assert summed == Sensitivity(l0=48, l1=4_800_000, l2_squared=2 * 2_400_000**2, linf=2_400_000)
    assert sensitivity.of(Aggregate.SUM, rows=24, periods=2, clip=money).l2_squared == 4 * summed.l2_squared
    assert sensitivity.of(Aggregate.MEAN, rows=24, clip=money).l0 == 96


def test_a_sum_needs_a_clip() -> None:
    """Nothing bounds what a unit adds to a sum that is not clipped."""
    for aggregate in SUMMED:
        with pytest.raises(Invalid, match="private.no-clip"):
            sensitivity.of(aggregate, rows=1)


def test_ends_that_fixed_point_cannot_hold_are_rounded_outward() -> None:
    """What a unit adds is never more than was reckoned with."""
    assert sensitivity.ends(Clip(lowest=Decimal("-0.15"), highest=Decimal("0.15"), scale=1)) == (-2, 2)


# --- noise ------------------------------------------------------------------------------------------------------------


@given(square=integers(1, 2**80), rho=integers(1, 10 * MICRO))
def test_a_scale_never_costs_more_than_is_charged(square: int, rho: int) -> None:
    """The exact cost of the float that is taken, as a fraction, is at most the charge, and hardly less."""
    moved = Sensitivity(l0=1, l1=1, l2_squared=square, linf=1)
    scale = sensitivity.scale_for(moved, rho)
    paid = Fraction(rho, MICRO)
    cost = Fraction(square) / (2 * Fraction(scale) ** 2)  # L2² / 2sigma²
    assert paid * (1 - Fraction(1, 2**44)) < cost <= paid
    assert Fraction(moved.l2) ** 2 >= square


@given(root=integers(0, 2**70))
def test_l2_is_rounded_up(root: int) -> None:
    """Also where it is a whole number that no float holds."""
    square = Sensitivity(l0=1, l1=1, l2_squared=root * root, linf=1)
    assert root <= Fraction(square.l2) <= root * (1 + Fraction(1, 2**50))


def test_the_scale_of_the_textbook() -> None:
    """Sigma is L2 / sqrt(2 rho): 24 rows in one cell at rho 0.05 take 75.89."""
    moved = sensitivity.of(Aggregate.COUNT, rows=24, cells=1)
    assert sensitivity.gaussian(moved, 50_000).scale == pytest.approx(24 / math.sqrt(0.1), rel=1e-12)


def test_nothing_can_be_asked_for_nothing() -> None:
    """No rho, or less than that, buys no scale."""
    moved = sensitivity.of(Aggregate.COUNT, rows=24)
    for rho in (0, -1):
        with pytest.raises(Invalid, match="private.rho-range"):
            sensitivity.scale_for(moved, rho)


def test_noise_that_no_number_could_hold_is_refused_beforehand() -> None:
    """A sum of huge values for a micro-rho: refused for the question alone."""
    huge = sensitivity.of(Aggregate.SUM, rows=1000, clip=clip(0, 10**12))
    with pytest.raises(Invalid, match="private.noise-too-large"):
        sensitivity.gaussian(huge, 1)
    assert sensitivity.gaussian(huge, MICRO).scale <= LARGEST_SCALE


@given(rows=integers(1, 1000), rho=integers(1000, MICRO), zeros=integers(6, 9))
@settings(max_examples=40)
def test_a_threshold_hides_what_one_unit_holds(rows: int, rho: int, zeros: int) -> None:
    """The keys that a unit alone holds pass it with at most delta, by the tail of the noise itself, summed exactly."""
    delta = Fraction(1, 10**zeros)
    moved = sensitivity.of(Aggregate.DISTINCT, rows=rows)
    found = sensitivity.thresholded(moved, rho, delta)
    assert found.threshold is not None
    assert moved.l0 * tail(found.scale, found.threshold - moved.linf) <= delta
    assert found.threshold <= moved.linf + 1 + 9 * found.scale + 9  # no more than a delta so small needs


def tail(scale: float, least: int) -> float:
    """How likely a discrete Gaussian is `least` or more: its weights, summed one by one; for large scales its bound."""
    if scale > 300:
        return math.erfc((least - 1) / scale / math.sqrt(2)) / 2
    reach = int(40 * scale) + 40
    weights = [math.exp(-(k * k) / (2 * scale * scale)) for k in range(reach)]
    return math.fsum(weights[least:]) / (2 * math.fsum(weights) - 1)


def test_a_threshold_needs_some_rho() -> None:
    """A delta finer than the tail of any float is refused for the question alone."""
    moved = sensitivity.of(Aggregate.DISTINCT, rows=1000)
    with pytest.raises(Invalid, match="private.rho-too-small-for-keys"):
        sensitivity.thresholded(moved, 50_000, Fraction(1, 10**14))


def test_counts_by_open_keys_stand_higher() -> None:
    """One unit's rows may all have one key: the threshold is above all of them."""
    moved = sensitivity.of(Aggregate.COUNT, rows=24)
    found = sensitivity.thresholded(moved, 50_000, Fraction(1, 10**8))
    assert found.threshold is not None
    assert found.threshold > 24 + 5 * found.scale
    assert found == Mechanism(
        sensitivity=moved, rho=50_000, scale=found.scale, threshold=found.threshold, delta=Fraction(1, 10**8)
    )


# --- loss -------------------------------------------------------------------------------------------------------------


def test_epsilon_is_that_of_the_papers() -> None:
    """A rho of 0.05 at delta 1e-6 is epsilon 1.4715 (OpenDP prints 1.47148), and nothing costs nothing."""
    assert epsilon_of(50_000, Fraction(1, 10**6)) == pytest.approx(1.4716, abs=2e-4)
    assert epsilon_of(Fraction(1, 20), Fraction(1, 10**6)) == epsilon_of(50_000, Fraction(1, 10**6))
    assert epsilon_of(0, Fraction(1, 10**6)) == 0


@given(rho=integers(1, 10 * MICRO), more=integers(1, MICRO), zeros=integers(2, 12))
def test_epsilon_is_never_less_than_that_of_the_gaussian_itself(rho: int, more: int, zeros: int) -> None:
    """Balle and Wang 2018 tell what delta a Gaussian needs at an epsilon: ours is enough; more rho is more epsilon."""
    delta, loss = Fraction(1, 10**zeros), rho / MICRO
    epsilon, root = epsilon_of(rho, delta), math.sqrt(2 * loss)

    def normal(at: float) -> float:
        return math.erfc(-at / math.sqrt(2)) / 2

    needed = normal(root / 2 - epsilon / root) - math.exp(epsilon) * normal(-root / 2 - epsilon / root)
    assert needed <= float(delta)
    assert epsilon <= epsilon_of(rho + more, delta)
    assert epsilon <= loss + 2 * math.sqrt(loss * math.log(1 / delta)) + 1e-6  # Bun and Steinke 2016, Proposition 1.3


@given(millis=integers(0, 20_000), zeros=integers(2, 9))
@settings(max_examples=40)
def test_an_epsilon_buys_the_most_rho_that_it_allows(millis: int, zeros: int) -> None:
    """One micro-rho more would be beyond it."""
    epsilon, delta = Decimal(millis) / 1000, Fraction(1, 10**zeros)
    rho = rho_for(epsilon, delta)
    assert epsilon_of(rho, delta) <= float(epsilon)
    assert epsilon_of(rho + 1, delta) > float(epsilon)


def test_rho_is_told_as_people_write_it() -> None:
    """Whole micro-rho to decimal and back; budgets are rounded down."""
    assert [said(rho) for rho in (50_000, 1, 2_000_000, 10_000_000, 0)] == ["0.05", "0.000001", "2", "10", "0"]
    assert sensitivity.micro(Decimal("0.1234567")) == 123_456
