"""From questions to values: the vector that is noised, what one unit moves of it, and intervals that hold."""

import math
from collections.abc import Sequence
from dataclasses import fields, replace
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis.strategies import DrawFn, composite, integers, lists, none, one_of, sampled_from

from answers import CODES, private
from datadam import seal
from datadam.adapters.opendp_noise import OpenDpNoise
from datadam.errors import Invalid
from datadam.model import Standard, Type
from datadam.ports import Cells
from datadam.privacy import answering, recipes
from datadam.privacy.answering import Estimate, Tally, estimates
from datadam.privacy.question import Question, read
from datadam.privacy.recipe import Recipe
from datadam.privacy.sensitivity import MICRO, epsilon_of
from datadam.protections import Aggregate, Clip
from drafts import column
from test_question import COLUMNS, RECIPE, STANDARD, where

Row = tuple[tuple[int, ...], int | None]
"""A row: the places of its keys in `PLACES`, and the fixed-point value of `use`."""

PLACES: Final = ("industry", "shift")
NOISE: Final = OpenDpNoise()
SURELY: Final = 6.0


def ask(aggregate: str, standard: Standard = STANDARD, recipe: Recipe = RECIPE, **more: Any) -> Question:
    """A question about one quarter."""
    needs: dict[str, Any] = {} if aggregate in {"count", "distinct"} else {"column": "use"}
    return read({"aggregate": aggregate, "periods": ["2026-Q3"], "rho": "0.05", **needs, **more}, standard, recipe)


def tallied(tally: Tally, units: Sequence[Sequence[Row]], recipe: Recipe = RECIPE) -> list[int]:
    """What a twin of these units' rows has in each cell, worked out a row at a time."""
    keys = [range(len(recipe.keys[name])) for name in tally.by]
    bins = max(len(tally.edges) - 1, 1)
    found = {places: [0] * bins for places in product(*keys)}
    for rows in units:
        seen = set()
        for places, value in rows:
            at = dict(zip(PLACES, places, strict=True))
            if any(at[name] not in some for name, some in tally.among.items()):
                continue
            low, high = tally.between.get("use", (-math.inf, math.inf))
            if "use" in tally.between and (value is None or not low <= value <= high):
                continue
            cell = tuple(at[name] for name in tally.by)
            if tally.aggregate is Aggregate.SUM:
                found[cell][0] += value or 0
            elif tally.aggregate is Aggregate.HISTOGRAM and value is not None:
                inside = [n for n, e in enumerate(tally.edges[:-1]) if e <= value < tally.edges[n + 1]]
                last = [bins - 1] if value == tally.edges[-1] else []
                for place in inside + last:
                    found[cell][place] += 1
            elif tally.aggregate is Aggregate.DISTINCT:
                found[cell][0] += cell not in seen
            elif tally.aggregate is Aggregate.COUNT:
                found[cell][0] += value is not None or not tally.valued
            seen.add(cell)
    return [count for cell in found.values() for count in cell]


def exact(question: Question, units: Sequence[Sequence[Row]], recipe: Recipe = RECIPE) -> list[int]:
    """The vector that noise would be added to."""
    return answering.vector(question, recipe, [tallied(t, units, recipe) for t in answering.tallies(question, recipe)])


# --- before the noise -------------------------------------------------------------------------------------------------


def test_a_tally_is_what_the_twins_are_asked() -> None:
    """Field by field, so that a question is passed on as it is."""
    assert [one.name for one in fields(Tally)] == [one.name for one in fields(Cells)]


def test_a_question_becomes_integers_of_its_recipe() -> None:
    """Keys by their places, ranges and edges in fixed point, open keys as texts."""
    conditions = where(("industry", "in", ["steel", None]), ("use", "<=", ["7.5"]), ("brand", "in", ["b", "a"]))
    assert answering.tallies(ask("histogram", by=["shift"], where=conditions, edges=["0", "2.5", "10"]), RECIPE) == (
        Tally(
            aggregate=Aggregate.HISTOGRAM,
            by=("shift",),
            column="use",
            among={"industry": frozenset({1, 4})},
            matching={"brand": frozenset({"a", "b"})},
            between={"use": (0, 75)},
            edges=(0, 25, 100),
        ),
    )
    assert answering.tallies(ask("mean"), RECIPE) == (
        Tally(aggregate=Aggregate.SUM, column="use"),
        Tally(aggregate=Aggregate.COUNT, column="use", valued=True),
    )
    opened = ask("distinct", by=["brand"])
    assert answering.open_column(opened, RECIPE) == "brand"
    assert answering.tallies(opened, RECIPE) == (Tally(aggregate=Aggregate.DISTINCT),)
    assert answering.open_column(ask("count", by=["shift"]), RECIPE) is None


def test_cells_that_a_condition_empties_are_not_noised() -> None:
    """They hold nothing whatever the rows are, so nothing is told of them, and one that is left moves less."""
    question = ask("count", by=["industry", "shift"], where=where(("industry", "in", ["steel"]), ("shift", "<=", [2])))
    rows: list[Row] = [((1, 0), None), ((1, 1), None), ((1, 1), 5), ((0, 0), None)]
    assert exact(question, [rows]) == [1, 2]
    found = estimates(question, RECIPE, [1, 2], 1.0)
    assert [one.keys for one in found] == [("steel", 1), ("steel", 2)]
    single = ask("count", by=["industry"], where=where(("industry", "in", ["steel"])))
    assert answering.moved(single, RECIPE).l2_squared == 24**2
    assert answering.moved(ask("count", by=["industry"]), RECIPE).l2_squared == 2 * 24**2


def test_a_range_on_what_is_summed_takes_less_noise() -> None:
    """Values that are let through are no larger than the range says: a tenth of the clip, a tenth of the noise."""
    whole, tenth = ask("sum"), ask("sum", where=where(("use", "<=", [10])))
    scales = [answering.mechanism(one, RECIPE, budget()).scale for one in (whole, tenth)]
    assert scales[0] == pytest.approx(10 * scales[1])
    mean = ask("mean", where=where(("use", ">=", [90])))
    assert answering.moved(mean, RECIPE).l2_squared == 4 * 24**2 * 100**2


def budget() -> Any:
    """The standard's budget."""
    return STANDARD.budget


def test_two_periods_take_twice_the_noise() -> None:
    """A unit has rows in both."""
    one, two = ask("count"), ask("count", periods=["2026-Q2", "2026-Q3"])
    assert answering.mechanism(two, RECIPE, budget()).scale == pytest.approx(
        2 * answering.mechanism(one, RECIPE, budget()).scale
    )


def test_what_open_keys_may_let_through_is_half_a_life_s_delta() -> None:
    """However the lifetime budget is spent, the parts of delta add up to no more than half of the declared one."""
    told = answering.mechanism(ask("distinct", by=["brand"]), RECIPE, budget())
    assert told.threshold is not None
    assert told.delta == Fraction(budget().delta) * 50_000 / (2 * 2 * MICRO)
    assert told.delta * (2 * MICRO // 50_000) == Fraction(budget().delta) / 2
    with pytest.raises(Invalid, match="private.rho-too-small-for-keys"):
        answering.mechanism(ask("distinct", by=["brand"], rho="0.000001"), RECIPE, replace(budget(), life=Decimal(500)))


@composite
def unit(draw: DrawFn) -> list[Row]:
    """What one unit has in a twin: at most 24 rows, values within the clip."""
    places = [integers(0, len(RECIPE.keys[name]) - 1) for name in PLACES]
    row = [*places, one_of(none(), integers(0, 1000))]
    made = lists(integers(0, 2**30), max_size=24)
    return [(tuple(draw(p) for p in row[:2]), draw(row[2])) for _ in draw(made)]  # type: ignore[misc]  # a row has three


QUESTIONS: Final = [
    ask("count"),
    ask("count", by=["industry", "shift"], where=where(("use", ">=", ["1"]))),
    ask("distinct", by=["industry"]),
    ask("sum", by=["shift"]),
    ask("sum", where=where(("shift", "in", [1]), ("use", ">=", ["20"]), ("use", "<=", ["60"]))),
    ask("mean"),
    ask("mean", by=["shift"], where=where(("use", "<=", ["33.3"]))),
    ask("histogram", by=["shift"], edges=["10", "20", "99.5"]),
    ask("quantiles", at=["0.5"], edges=["50"]),
    ask("quantiles", at=["0.5"], edges=[]),
]


@given(old=unit(), new=unit(), question=sampled_from(QUESTIONS))
@settings(max_examples=150)
def test_no_unit_moves_an_answer_farther_than_its_noise_reckons_with(
    old: list[Row], new: list[Row], question: Question
) -> None:
    """From the question over the tally to the vector: what replacing one unit's rows changes is within the bounds."""
    proved = answering.moved(question, RECIPE)
    apart = [abs(a - b) for a, b in zip(exact(question, [old]), exact(question, [new]), strict=True)]
    assert sum(map(bool, apart)) <= proved.l0
    assert sum(apart) <= proved.l1
    assert sum(one * one for one in apart) <= proved.l2_squared
    assert max(apart) <= proved.linf


# --- after the noise --------------------------------------------------------------------------------------------------


def test_the_half_width_holds_19_times_of_20_by_the_weights_themselves() -> None:
    """For scales from a twentieth to three hundred: the exact probability beyond it is at most 0.05."""
    for step in range(1, 600):
        scale = step * step / 1200 + 0.05
        reach = int(40 * scale) + 40
        weights = [math.exp(-(k * k) / (2 * scale * scale)) for k in range(reach)]
        beyond = 2 * math.fsum(weights[answering.half_width(scale) + 1 :]) / (2 * math.fsum(weights) - 1)
        assert beyond <= 0.05


KEYS: Final = 1000
WIDE: Final = private(
    *(c for c in COLUMNS if c.name in {"firm", "use"}),
    column("place", Type.INTEGER, required=True, minimum=Decimal(0), maximum=Decimal(KEYS - 1)),
    key=("firm",),
)
WIDE_RECIPE: Final = recipes.recipe(WIDE, CODES)


def drawn(aggregate: str, cell: Sequence[int], **more: Any) -> tuple[Question, tuple[Estimate, ...]]:
    """A question by a thousand cells that all hold the same, answered with real noise."""
    question = ask(aggregate, WIDE, WIDE_RECIPE, by=["place"], rho="0.4", **more)
    mechanism = answering.mechanism(question, WIDE_RECIPE, budget())
    vector = [one for one in cell for _ in range(KEYS)] if aggregate == "mean" else list(cell) * KEYS
    return question, estimates(question, WIDE_RECIPE, NOISE.gaussian(vector, mechanism), mechanism.scale)


def missed(found: Sequence[Estimate], true: Decimal) -> int:
    """How many intervals do not hold what is true."""
    return sum(not one.low <= true <= one.high for one in found)


ALLOWED: Final = KEYS * 0.05 + SURELY * math.sqrt(KEYS * 0.05 * 0.95)


def test_intervals_of_counts_and_sums_hold() -> None:
    """At most one in twenty misses; and about that many do, so they are no wider than they need be."""
    _, counts = drawn("count", [5000])
    assert 5 <= missed(counts, Decimal(5000)) <= ALLOWED
    _, sums = drawn("sum", [123_456])
    assert 5 <= missed(sums, Decimal("12345.6")) <= ALLOWED
    _, histogram = drawn("histogram", [5000, 0], edges=[0, 50, 100])
    assert len(histogram) == 2 * KEYS
    assert [one.bin for one in histogram[:2]] == [(Decimal(0), Decimal(50)), (Decimal(50), Decimal(100))]
    assert missed(histogram[0::2], Decimal(5000)) <= ALLOWED
    assert missed(histogram[1::2], Decimal(0)) <= ALLOWED
    assert any(one.value is not None and one.value < 0 for one in histogram)  # left as it is


@pytest.mark.parametrize(("rows", "mean"), [(5000, "62.5"), (5000, "0"), (5000, "100"), (100, "30"), (2, "50")])
def test_intervals_of_means_hold(rows: int, mean: str) -> None:
    """Also at the ends of the clip, and where a cell has so few rows that nothing can be told but the clip itself."""
    total = int(Decimal(mean) * 10 * rows)
    weight = 1000  # of use: its clip is from 0 to 1000 tenths, over many cells
    _, found = drawn("mean", [2 * total - 1000 * rows, weight * rows])
    assert missed(found, Decimal(mean)) <= ALLOWED
    assert all(0 <= one.low <= one.high <= 100 for one in found)
    assert all(one.value is None or one.low <= one.value <= one.high for one in found)
    if rows == 5000:
        assert max(one.high - one.low for one in found) < 8
    if rows == 2:
        assert any(one.value is None for one in found)
        assert any(one.low == 0 and one.high == 100 for one in found)


@pytest.mark.parametrize("at", ["0.05", "0.5", "0.9"])
def test_intervals_of_quantiles_hold(at: str) -> None:
    """Of uniform values in twenty bins: the true quantile is inside, and most of the clip is not."""
    edges = list(range(0, 101, 5))
    _, found = drawn("quantiles", [1000] * 20, edges=edges, at=[at])
    assert missed(found, Decimal(at) * 100) <= ALLOWED
    widths = [one.high - one.low for one in found]
    assert max(widths) <= 40
    assert all(one.value is not None and one.low <= one.value <= one.high for one in found)
    off = sum(abs((one.value or 0) - Decimal(at) * 100) for one in found) / KEYS
    assert off < 3


def test_quantiles_of_nobody_are_not_told() -> None:
    """Where the noise leaves no rows there is no value, but the interval is still the whole clip."""
    _, found = drawn("quantiles", [0] * 3, edges=[0, 25, 50, 100], at=["0.5"])
    assert any(one.value is None for one in found)
    assert missed(found, Decimal(37)) <= ALLOWED


def test_quantiles_without_noise_are_where_they_are() -> None:
    """Several of them from one histogram, in order, each interpolated within its bin."""
    question = ask("quantiles", at=["0.25", "0.5", "0.75"], edges=["25", "50", "75"])
    found = estimates(question, RECIPE, [100, 300, 100, 100], 1e-9)
    assert [one.at for one in found] == [Decimal("0.25"), Decimal("0.5"), Decimal("0.75")]
    assert [one.value for one in found] == [Decimal("29.2"), Decimal("41.7"), Decimal("62.5")]
    assert [one.low for one in found] == [25, 25, 50]
    assert [one.high for one in found] == [50, 50, 75]


@given(
    counts=lists(integers(-50, 200), min_size=4, max_size=4), permille=integers(1, 999), scale=sampled_from([0.1, 5.0])
)
def test_any_noisy_histogram_has_quantiles_within_the_clip(counts: list[int], permille: int, scale: float) -> None:
    """Whatever noise did: no error, the value within its interval, and the interval within the clip."""
    question = ask("quantiles", at=[f"{permille / 1000:.3f}"], edges=["25", "50", "75"])
    (found,) = estimates(question, RECIPE, counts, scale)
    assert 0 <= found.low <= found.high <= 100
    assert (found.value is None) == (sum(counts) <= 0)
    assert found.value is None or found.low <= found.value <= found.high


@given(total=integers(-(10**6), 10**6), count=integers(-(10**6), 10**6), scale=sampled_from([0.5, 100.0, 10.0**5]))
def test_any_noisy_mean_is_within_the_clip(total: int, count: int, scale: float) -> None:
    """Whatever noise did: the value within its interval, the interval within the clip."""
    (found,) = estimates(ask("mean"), RECIPE, [total, count], scale)
    assert 0 <= found.low <= found.high <= 100
    assert found.value is None or found.low <= found.value <= found.high


def test_a_sum_is_told_in_its_own_unit() -> None:
    """Fixed point becomes decimal again, to its last digit, also for the largest sums there are."""
    (found,) = estimates(ask("sum"), RECIPE, [2**62 + 7], 10.0)
    assert found == Estimate(
        keys=(), value=Decimal("461168601842738791.1"), low=Decimal("461168601842738789.1"),
        high=Decimal("461168601842738793.1"),
    )  # fmt: skip


def test_keys_above_the_threshold_are_told_by_name() -> None:
    """With the same intervals as any count."""
    found = answering.open_estimates({"b": 300, "a": 200}, 10.0)
    assert [one.keys for one in found] == [("a",), ("b",)]
    assert [found[0].value, found[0].low, found[0].high] == [200, 180, 220]


def test_of_very_many_open_keys_the_largest_are_told() -> None:
    """As many as a signed statement holds, chosen by their noisy values alone, and told by key."""
    found = answering.open_estimates({f"{n:05}": n for n in range(10_500)}, 10.0)
    assert [one.keys for one in found] == [(f"{n:05}",) for n in range(500, 10_500)]
    long = answering.open_estimates({f"{n:06}" * 100: 7 for n in range(10_000)}, 10.0)
    assert 1000 < len(long) < 10_000
    assert long[0].keys == ("000000" * 100,)
    assert len(seal.canonical([answering.said(one) for one in long])) <= answering.MAX_SIZE


@pytest.mark.parametrize(
    ("question", "count"),
    [
        (ask("count"), 1),
        (ask("mean", by=["industry", "shift"]), 15),
        (ask("count", by=["industry", "shift"], where=where(("shift", "<=", [2]))), 10),
        (ask("histogram", by=["shift"], edges=[0, 5, 10]), 6),
        (ask("quantiles", by=["shift"], at=["0.5", "0.9"]), 6),
        (ask("distinct", by=["brand"]), answering.MOST_OPEN),
    ],
)  # fmt: skip
def test_how_many_values_an_answer_has_is_known_beforehand(question: Question, count: int) -> None:
    """And what it takes as JSON is no more than was reckoned with."""
    assert answering.values(question, RECIPE) == count
    answering.check_size(question, RECIPE)
    if answering.open_column(question, RECIPE) is None:
        noisy = [-(2**63) + 1] * len(exact(question, []))
        assert len(estimates(question, RECIPE, noisy, 1.0)) == count


def test_an_answer_that_no_statement_holds_is_not_charged_for() -> None:
    """Its size hangs on public keys, so it is refused for the question, before anything is spent."""
    wide = replace(RECIPE, keys={**RECIPE.keys, "industry": tuple(f"{n:04}" * 20 for n in range(5000))})
    few = ask("count", by=["industry", "shift"])
    with pytest.raises(Invalid, match="private.answer-too-large"):
        answering.check_size(few, wide)
    fewer = replace(few, by=("industry",))
    answering.check_size(fewer, wide)
    found = estimates(fewer, wide, [-(2**63) + 1] * 5000, 1.0)
    assert len(seal.canonical([answering.said(one) for one in found])) <= answering.MAX_SIZE


@pytest.mark.parametrize(
    ("question", "half"),
    [
        (ask("count"), 149),
        (ask("count", by=["industry"]), 211),
        (ask("distinct"), 7),
        (ask("sum"), Decimal("14875.1")),
        (ask("mean"), Decimal("14875.1")),
        (ask("quantiles", at=["0.5"]), 211),
    ],
)  # fmt: skip
def test_how_exact_an_answer_will_be_is_told_beforehand(question: Question, half: Decimal) -> None:
    """From the question and the standard alone: 1.96 sigma, rounded up, of 24 rows at rho 0.05."""
    assert answering.accuracy(question, RECIPE, budget()) == half


def test_an_answer_is_json_that_can_be_signed() -> None:
    """Numbers as decimal texts; what was not told is null."""
    question = ask("mean", by=["industry"])
    found = [answering.said(one) for one in estimates(question, RECIPE, [5, 0, 0, 0, 0, -5, 0, 0, 0, 0], 1.0)]
    assert found[0] == {"keys": ["food"], "value": None, "low": "0.0", "high": "100.0"}
    assert seal.parse(seal.canonical(found)) == found
    histogram = ask("histogram", edges=[0, 100], by=["shift"])
    assert answering.said(estimates(histogram, RECIPE, [7, 8, 9], 1.0)[2]) == {
        "keys": [3], "value": "9", "low": "7", "high": "11", "bin": ["0", "100"],
    }  # fmt: skip
    (quantile,) = estimates(ask("quantiles", at=["0.5"], edges=["50"]), RECIPE, [10, 10], 0.01)
    assert answering.said(quantile)["at"] == "0.5"


def test_epsilon_of_all_answers_of_a_life_is_that_of_their_rho() -> None:
    """Forty answers at 0.05 rho are one at 2 rho: budgets add, epsilons do not."""
    delta = Fraction(1, 10**6)
    assert epsilon_of(2 * MICRO, delta) < 40 * epsilon_of(50_000, delta)


def test_a_clip_that_is_not_whole_is_reckoned_outward() -> None:
    """A mean's weight is of the span that its rows can have."""
    rough = replace(RECIPE, sums={"use": Clip(lowest=Decimal("0.05"), highest=Decimal("0.25"), scale=1)})
    assert answering.moved(ask("mean"), rough).l2_squared == 4 * 24**2 * 3**2
