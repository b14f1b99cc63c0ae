"""From rows to the vector that is noised: whatever one unit hands in, it moves no farther than was proved."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datadam.adapters.memory.twins import MemoryTwins
from datadam.adapters.polars_twin import PolarsTwins
from datadam.ports import Cells, Twins
from datadam.privacy import answering
from datadam.privacy.question import Condition, Operator, Question
from datadam.protections import Aggregate
from test_twin_behaviours import COUNTRIES, STANDARD, order, recipe, row

PERIODS: Final = ("2026-Q2", "2026-Q3")
RECIPE: Final = recipe()


def ask(aggregate: Aggregate, *where: Condition, **more: Any) -> Question:
    """A question about both quarters."""
    return Question(standard=STANDARD, aggregate=aggregate, where=where, **{"periods": PERIODS, "rho": 50_000, **more})


KOREAN: Final = Condition(column="country", operator=Operator.IN, values=("KR",))
SMALL: Final = Condition(column="count", operator=Operator.AT_MOST, values=(Decimal(2),))
QUESTIONS: Final = [
    ask(Aggregate.COUNT),
    ask(Aggregate.COUNT, SMALL, by=("country", "large")),
    ask(Aggregate.DISTINCT, by=("country",)),
    ask(Aggregate.DISTINCT, KOREAN),
    ask(Aggregate.SUM, column="count", by=("country",)),
    ask(Aggregate.SUM, KOREAN, SMALL, column="count"),
    ask(Aggregate.SUM, column="heat"),
    ask(Aggregate.MEAN, column="count"),
    ask(Aggregate.MEAN, SMALL, column="count", by=("month", "country")),
    ask(Aggregate.HISTOGRAM, column="use", edges=(Decimal(0), Decimal(1), Decimal(100))),
    ask(Aggregate.QUANTILES, column="use", by=("large",), at=(Decimal("0.5"),), edges=(Decimal(0), Decimal(100))),
]

VALUE: Final = st.fixed_dictionaries(
    {
        "country": st.sampled_from([*COUNTRIES, "XX"]),
        "large": st.booleans() | st.none(),
        "city": st.sampled_from(["Busan", "Seoul", None]),
        "count": st.sampled_from([-(2**62), -7, -5, 0, 2, 5, 2**62, None]),
        "use": st.sampled_from([Decimal(0), Decimal("0.999"), Decimal(100), Decimal(99999999), None]),
        "heat": st.sampled_from([float("nan"), float("inf"), float("-inf"), -0.0, 1e308, 0.05, None]),
    }
)
ROWS: Final = st.lists(VALUE, max_size=6)


@pytest.mark.parametrize("make", [MemoryTwins, PolarsTwins])
@given(
    others=st.lists(st.tuples(st.integers(2, 3), VALUE), max_size=6),
    old=st.tuples(ROWS, ROWS),
    new=st.tuples(ROWS, ROWS),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_replacing_all_rows_of_one_unit_moves_no_answer_farther_than_was_proved(
    make: Callable[[Path], Twins],
    others: list[tuple[int, dict[str, Any]]],
    old: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    new: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Firm 1 hands in anything, any number of rows, in two quarters: bounded, merged, tallied as they really are."""
    folder = tmp_path_factory.mktemp("moves")
    before, after = (vectors(make(folder / name), folder, one, others) for name, one in (("old", old), ("new", new)))
    for question, left, right in zip(QUESTIONS, before, after, strict=True):
        proved = answering.moved(question, RECIPE)
        apart = [abs(a - b) for a, b in zip(left, right, strict=True)]
        assert sum(map(bool, apart)) <= proved.l0
        assert sum(apart) <= proved.l1
        assert sum(one * one for one in apart) <= proved.l2_squared
        assert max(apart) <= proved.linf


def test_two_quarters_full_of_rows_reach_what_was_proved(tmp_path: Path) -> None:
    """The bound is no looser than it must be: four Korean rows that become four German ones move a count by √2·4."""
    korean, german = [[{"country": name, "use": Decimal(n)} for n in range(5)] for name in ("KR", "DE")]
    before, after = (
        vectors(PolarsTwins(tmp_path / name), tmp_path, (rows, rows), [])
        for name, rows in (("old", korean), ("new", german))
    )
    place = 1  # a count by country and size
    assert sum((a - b) ** 2 for a, b in zip(before[place], after[place], strict=True)) == 2 * 4**2
    assert answering.moved(QUESTIONS[place], RECIPE).l2_squared == 2 * 4**2


def vectors(
    twins: Twins, folder: Path, mine: tuple[list[dict[str, Any]], ...], others: Sequence[tuple[int, dict[str, Any]]]
) -> list[list[int]]:
    """What noise would be added to, of each question, over two quarters' twins."""
    paths = []
    for period, rows in zip(PERIODS, mine, strict=True):
        deposit = period.lower()
        whole = [*(row(1, **one) for one in rows), *(row(firm, **one) for firm, one in others)]
        twins.bound(order(folder, whole, deposit))
        twins.merge(RECIPE, f"{period}.1", [deposit])
        paths.append(twins.path(STANDARD, f"{period}.1"))
    found = []
    for question in QUESTIONS:
        tallies = [
            Cells(**{field.name: getattr(one, field.name) for field in fields(one)})
            for one in answering.tallies(question, RECIPE)
        ]
        found.append(answering.vector(question, RECIPE, [twins.tally(RECIPE, paths, one) for one in tallies]))
    return found
