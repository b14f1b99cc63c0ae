"""The distinguishing game over every kind of private answer, as it is really tallied and noised; and its power."""

from collections.abc import Sequence
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from attacks.game import DELTA, FALSE, bound, play, power
from datadam.adapters.opendp_noise import OpenDpNoise
from datadam.adapters.polars_twin import PolarsTwins
from datadam.errors import Refused
from datadam.ports import Cells
from datadam.privacy import answering
from datadam.privacy.question import Question
from datadam.privacy.sensitivity import Mechanism, epsilon_of
from datadam.protections import Aggregate, Budget
from test_twin_behaviours import STANDARD, order, recipe, row

RHO: Final = 500_000  # a whole period's budget in one answer: what a budget promises at most
DRAWS: Final = 10_000
RECIPE: Final = recipe()
BUDGET: Final = Budget(period=Decimal("0.5"), life=Decimal("0.5"))
NOISE: Final = OpenDpNoise()

# one firm hands in the two rows that move this answer farthest, or those that move it as far the other way
Rows = tuple[dict[str, Any], dict[str, Any]]
QUESTIONS: Final[dict[str, tuple[dict[str, Any], Rows, Rows]]] = {
    "count": ({"aggregate": Aggregate.COUNT, "by": ("country",)}, ({"country": "KR"},) * 2, ({"country": "DE"},) * 2),
    "distinct": (
        {"aggregate": Aggregate.DISTINCT, "by": ("country",)},
        ({"country": "KR"}, {"country": "DE"}),
        ({"country": None},) * 2,
    ),
    "sum": ({"aggregate": Aggregate.SUM, "column": "count"}, ({"count": 2**62},) * 2, ({"count": -(2**62)},) * 2),
    "mean": ({"aggregate": Aggregate.MEAN, "column": "heat"}, ({"heat": 1e308},) * 2, ({"heat": -1e308},) * 2),
    "histogram": (
        {"aggregate": Aggregate.HISTOGRAM, "column": "use", "edges": (Decimal(0), Decimal(50), Decimal(100))},
        ({"use": Decimal(1)},) * 2,
        ({"use": Decimal(99)},) * 2,
    ),
}


def exact(folder: Path, question: Question, mine: Sequence[dict[str, Any]]) -> list[int]:
    """What noise is added to: the firm's rows and those of two others, bounded, merged and tallied."""
    twins = PolarsTwins(folder / "twins")
    twins.bound(order(folder, [*mine, row(2), row(3, country="DE")]))
    twins.merge(RECIPE, "2026-Q3.1", ["d1"])
    tallied = [
        twins.tally(
            RECIPE,
            [twins.path(STANDARD, "2026-Q3.1")],
            Cells(**{field.name: getattr(one, field.name) for field in fields(one)}),
        )
        for one in answering.tallies(question, RECIPE)
    ]
    return answering.vector(question, RECIPE, tallied)


@pytest.fixture(params=sorted(QUESTIONS))
def pools(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[list[int], list[int], Mechanism]:
    """Two neighbours as far apart as they can be, and the noise that is promised between them."""
    told, one, other = QUESTIONS[request.param]
    question = Question(standard=STANDARD, periods=("2026-Q3",), rho=RHO, **told)
    vectors = []
    for name, rows in (("one", one), ("other", other)):
        (tmp_path / name).mkdir()
        vectors.append(
            exact(tmp_path / name, question, [row(1, city=f"city {n}", **values) for n, values in enumerate(rows)])
        )
    mechanism = answering.mechanism(question, RECIPE, BUDGET)
    assert sum((a - b) ** 2 for a, b in zip(*vectors, strict=True)) == mechanism.sensitivity.l2_squared
    return vectors[0], vectors[1], mechanism


def halved(values: Sequence[int], mechanism: Mechanism) -> Sequence[int]:
    """A mechanism that draws half the noise that it promises."""
    return NOISE.gaussian(values, replace(mechanism, rho=4 * mechanism.rho, scale=mechanism.scale / 2))


def test_no_more_is_lost_than_was_promised(pools: tuple[list[int], list[int], Mechanism]) -> None:
    """Ten thousand answers about either pool: the promise stands; and half the noise is caught with the same draws."""
    one, other, mechanism = pools
    told = play(one, other, mechanism, NOISE.gaussian, draws=DRAWS)
    assert not told.broken
    caught = play(one, other, mechanism, halved, draws=DRAWS)
    assert caught.broken
    assert caught.seen > told.promised > told.seen


def test_the_game_has_the_power_that_is_told() -> None:
    """By arithmetic: a false alarm in a hundred thousand games at most, half the noise missed once in a hundred."""
    promised = epsilon_of(RHO, DELTA)
    assert 2 * FALSE <= 1e-5
    assert power(1.0, promised, DRAWS) > 0.99
    assert power(1.0, promised, DRAWS // 20) < 0.5


def test_the_bounds_are_those_of_clopper_and_pearson() -> None:
    """By hand: of n draws without a hit the upper end is 1 - FALSE^(1/n), the lower 0; with all hits the reverse."""
    for draws in (1, 10, 1000):
        end = 1 - FALSE ** (1 / draws)
        assert bound(0, draws, upper=True) == pytest.approx(end, rel=1e-6)
        assert bound(draws, draws, upper=False) == pytest.approx(1 - end, rel=1e-6)
        assert bound(0, draws, upper=False) == pytest.approx(0, abs=1e-12)
        assert bound(draws, draws, upper=True) == pytest.approx(1)


def test_noise_that_costs_more_than_is_charged_is_not_even_drawn(
    pools: tuple[list[int], list[int], Mechanism],
) -> None:
    """The library's own proof stands between a wrong scale and an answer."""
    one, _, mechanism = pools
    with pytest.raises(Refused, match=r"private\.rho-exceeded"):
        NOISE.gaussian(one, replace(mechanism, scale=mechanism.scale / 2))
