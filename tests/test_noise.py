"""The noise that is drawn: OpenDP's own map confirms its cost, and what comes out is a discrete Gaussian of its scale.

Draws cannot be seeded. Bounds are so wide that an honest mechanism fails any of them in fewer than a millionth of runs.
"""

import math
import statistics
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis.strategies import integers, sampled_from
from opendp.combinators import make_zCDP_to_approxDP
from opendp.domains import atom_domain, vector_domain
from opendp.measurements import make_gaussian
from opendp.metrics import l2_distance
from opendp.mod import binary_search_param, enable_features

from datadam.adapters.opendp_noise import OpenDpNoise, _unbroken
from datadam.errors import Refused
from datadam.privacy import sensitivity
from datadam.privacy.sensitivity import LARGEST_SCALE, MICRO, MOST, Mechanism, epsilon_of
from datadam.protections import Aggregate, Clip

enable_features("contrib")  # asked by itself here, before our adapter loads it

NOISE: Final = OpenDpNoise()
VECTOR: Final = (vector_domain(atom_domain(T="i64")), l2_distance(T="f64"))
SURELY: Final = 6.0  # deviations of a normal distribution: beyond it once in 500 million


def counted(rho: int = 50_000, rows: int = 24) -> Mechanism:
    """The noise of a total count."""
    return sensitivity.gaussian(sensitivity.of(Aggregate.COUNT, rows=rows, cells=1), rho)


def keyed(rho: int = 50_000) -> Mechanism:
    """The noise of distinct units by an open column."""
    return sensitivity.thresholded(sensitivity.of(Aggregate.DISTINCT, rows=24), rho, Fraction(1, 10**8))


# --- what it costs ----------------------------------------------------------------------------------------------------


@given(aggregate=sampled_from([Aggregate.COUNT, Aggregate.DISTINCT]), rows=integers(1, 10_000), rho=integers(1, MICRO))
@settings(max_examples=60)
def test_opendp_agrees_that_no_more_is_spent_than_charged(aggregate: Aggregate, rows: int, rho: int) -> None:
    """Its map of our scale is at most the charge, and its own search finds the same scale."""
    mechanism = sensitivity.gaussian(sensitivity.of(aggregate, rows=rows), rho)
    far = mechanism.sensitivity.l2
    proved = make_gaussian(*VECTOR, scale=mechanism.scale).map(far)  # type: ignore[no-untyped-call]  # of OpenDP's own
    assert Fraction(proved) <= Fraction(rho, MICRO)
    searched = binary_search_param(
        lambda scale: make_gaussian(*VECTOR, scale=scale), d_in=far, d_out=rho / MICRO, T=float
    )
    assert mechanism.scale == pytest.approx(searched, rel=1e-12)


@pytest.mark.parametrize("rho", [1, 50, 19_200, 50_000, 500_000, 5_000_000])
@pytest.mark.parametrize("zeros", [4, 6, 9])
def test_epsilon_is_that_of_opendp(rho: int, zeros: int) -> None:
    """Never less, and no more than a thousandth above it."""
    mechanism = counted(rho)
    approximate = make_zCDP_to_approxDP(make_gaussian(*VECTOR, scale=mechanism.scale))
    proved = approximate.map(mechanism.sensitivity.l2).epsilon(10.0**-zeros)  # type: ignore[no-untyped-call]  # of OpenDP's own
    ours = epsilon_of(rho, Fraction(1, 10**zeros))
    assert proved <= ours <= proved * 1.001 + 1e-6


def test_a_scale_that_costs_more_than_was_charged_is_refused() -> None:
    """Half the noise, or a charge that is a micro-rho short: nothing is drawn."""
    mechanism = counted()
    for wrong in (replace(mechanism, scale=mechanism.scale / 2), replace(mechanism, rho=mechanism.rho - 1)):
        with pytest.raises(Refused, match="private.rho-exceeded"):
            NOISE.gaussian([1], wrong)
        with pytest.raises(Refused, match="private.rho-exceeded"):
            NOISE.thresholded({"a": 1}, replace(wrong, threshold=10**6, delta=Fraction(1, 100)))


def test_a_threshold_that_lets_through_more_than_was_charged_is_refused() -> None:
    """A lower one, a smaller delta, none at all, or more keys than can be counted."""
    mechanism = keyed()
    assert mechanism.threshold is not None
    for wrong in (
        replace(mechanism, threshold=mechanism.threshold - 20),
        replace(mechanism, delta=Fraction(1, 10**15)),
        replace(mechanism, sensitivity=replace(mechanism.sensitivity, l0=2**33)),
    ):
        with pytest.raises(Refused, match="private.delta-exceeded"):
            NOISE.thresholded({"a": 1000}, wrong)
    with pytest.raises(Refused, match="private.no-threshold"):
        NOISE.thresholded({"a": 1000}, counted())


@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf, LARGEST_SCALE * 2])
def test_no_noise_is_drawn_at_a_scale_that_is_none(scale: float) -> None:
    """Zero noise least of all."""
    with pytest.raises(Refused, match="private.noise-too-large"):
        NOISE.gaussian([1], replace(counted(), scale=scale))
    with pytest.raises(Refused, match="private.noise-too-large"):
        NOISE.thresholded({"a": 1}, replace(keyed(), scale=scale))


# --- what comes out ---------------------------------------------------------------------------------------------------


def test_nothing_in_nothing_out() -> None:
    """No cells, no keys."""
    assert list(NOISE.gaussian([], counted())) == []
    assert NOISE.thresholded({}, keyed()) == {}


@pytest.mark.parametrize("scale", [1.5, 24.0, 7.5e6])
def test_what_is_drawn_is_a_discrete_gaussian_of_its_scale(scale: float) -> None:
    """Mean, variance, sign, tails and shape of 20,000 draws, each wherever it surely is; half the noise would fail."""
    draws = 20_000
    moved = counted().sensitivity
    rho = math.ceil(Fraction(moved.l2_squared * MICRO) / (2 * Fraction(scale) ** 2) * (1 + Fraction(1, 10**9)))
    noisy = NOISE.gaussian([1000] * draws, Mechanism(sensitivity=moved, rho=rho, scale=scale))
    noise = [value - 1000 for value in noisy]
    assert abs(statistics.fmean(noise)) < SURELY * scale / math.sqrt(draws)
    variance = statistics.fmean(one * one for one in noise)
    assert abs(variance / scale**2 - 1) < SURELY * math.sqrt(2 / draws) * 1.1
    assert abs(sum(one > 0 for one in noise) - sum(one < 0 for one in noise)) < SURELY * math.sqrt(draws)
    for bound in (0.5, 1, 2, 3):
        inside = sum(abs(one) <= int(bound * scale) for one in noise) / draws
        wanted = mass(scale, int(bound * scale))
        assert abs(inside - wanted) < SURELY * math.sqrt(wanted * (1 - wanted) / draws) + 1e-9


def mass(scale: float, within: int) -> float:
    """How likely a discrete Gaussian is at most so far from 0: summed, or for large scales its continuous twin's."""
    if scale > 1000:
        return math.erf((within + 0.5) / scale / math.sqrt(2))
    reach = int(40 * scale)
    weights = [math.exp(-(k * k) / (2 * scale * scale)) for k in range(reach)]
    return (2 * math.fsum(weights[: within + 1]) - 1) / (2 * math.fsum(weights) - 1)


def test_cells_get_noise_of_their_own() -> None:
    """Neighbouring draws are not of one another, and two releases differ."""
    mechanism, draws = counted(), 20_000
    noise = NOISE.gaussian([0] * draws, mechanism)
    together = statistics.fmean(a * b for a, b in pairwise(noise)) / mechanism.scale**2
    assert abs(together) < SURELY / math.sqrt(draws) * 1.1
    assert noise != NOISE.gaussian([0] * draws, mechanism)


def test_values_beyond_what_can_be_told_are_moved_and_not_refused() -> None:
    """A refusal would tell of them: 2^70 is answered as 2^62 is, and stays within 64 bits."""
    mechanism = replace(counted(), scale=LARGEST_SCALE)
    for value, near in ((2**70, MOST), (-(2**70), -MOST), (MOST, MOST)):
        noisy = NOISE.gaussian([value], mechanism)[0]
        assert abs(noisy - near) < 40 * LARGEST_SCALE
        assert NOISE.thresholded({"a": 2**70}, replace(keyed(), threshold=10**6)).keys() == {"a"}


def test_an_answer_at_the_end_of_64_bits_is_none() -> None:
    """There the library would have cut noise off, and the interval would be a lie."""
    assert _unbroken([2**63 - 2, 5]) == [2**63 - 2, 5]
    for end in (2**63 - 1, -(2**63)):
        with pytest.raises(Refused, match="private.noise-cut"):
            _unbroken([5, end])


def test_keys_that_begin_alike_before_a_nul_stay_apart() -> None:
    """One unit that holds such a key would else move what stands under another by all that this has."""
    mechanism = replace(keyed(), threshold=1000)
    values = {"a": 50_000, "a\0b": 100_000, "a\0c": 10**6, "\0": 2000, "": 10**7}
    told = NOISE.thresholded(values, mechanism)
    assert [*told] == sorted(values)
    assert all(abs(told[key] - value) < 50 * mechanism.scale for key, value in values.items())


def test_a_key_that_one_unit_holds_is_not_told() -> None:
    """Of 1,000 keys with one unit each none passes, and all that 300 units hold do; in the order of their names."""
    alone = {f"alone {n}": 1 for n in range(1_000)}
    told = NOISE.thresholded({**alone, "나": 300, "b": 300, "a": 300}, keyed())
    assert list(told) == ["a", "b", "나"]


def test_a_sum_in_fixed_point_is_noised_in_its_last_digit() -> None:
    """Noise is of whole units of the last digit, and all that is needed is in the sensitivity."""
    money = Clip(lowest=Decimal(0), highest=Decimal(1000), scale=2)
    mechanism = sensitivity.gaussian(sensitivity.of(Aggregate.SUM, rows=24, cells=1, clip=money), 50_000)
    assert mechanism.scale == pytest.approx(7_589_466.38, rel=1e-8)
    noisy = NOISE.gaussian([10**9] * 1000, mechanism)
    assert len({value % 100 for value in noisy}) > 50  # the last two digits carry noise too
