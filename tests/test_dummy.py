"""Previews and dummy rows: what an answer would be like, known to everybody before any row is read."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answers import CODES, FIRM, INDUSTRY, MONTH, USE, private
from datadam.errors import Invalid
from datadam.model import Standard, Type
from datadam.privacy import answering, dummy, previewing, question, recipes
from datadam.privacy.question import Question
from drafts import column

HELD = private(FIRM, MONTH, INDUSTRY, USE, column("plant", pattern=r"\A[A-Z]{3}\z"), column("code", Type.INTEGER))
RECIPE = recipes.recipe(HELD, CODES)
ROWS = list(dummy.rows(HELD, RECIPE, 400))


def asked(aggregate: str = "count", **more: Any) -> Question:
    """A question."""
    sent = {"aggregate": aggregate, "periods": ["2026-Q1"], "rho": "0.05", **more}
    return question.read(sent, HELD, RECIPE)


QUESTIONS: list[Mapping[str, Any]] = [
    {},
    {"by": ["industry", "month"]},
    {"aggregate": "distinct", "by": ["industry"]},
    {"aggregate": "sum", "column": "use", "by": ["industry"]},
    {"aggregate": "mean", "column": "use"},
    {"aggregate": "quantiles", "column": "use", "at": ["0.25", "0.5"]},
    {"aggregate": "histogram", "column": "use", "edges": ["20", "40", "60"], "by": ["industry"]},
    {"where": [{"column": "industry", "operator": "in", "values": ["food", None]}]},
    {"where": [{"column": "use", "operator": ">=", "values": ["50"]}]},
    {"where": [{"column": "plant", "operator": "in", "values": ["dummy-1"]}]},
    {"by": ["plant"]},
    {"aggregate": "distinct", "by": ["code"]},
]


@pytest.mark.parametrize("more", QUESTIONS)
def test_a_preview_has_the_shape_and_the_noise_of_the_answer(more: Mapping[str, Any]) -> None:
    """As many values as are foretold, each with an interval as wide as that; of open keys nobody knows how many."""
    one = asked(**more)
    found = previewing.preview(one, HELD, RECIPE)
    made = dummy.estimates(one, HELD, RECIPE, ROWS)
    opened = answering.open_column(one, RECIPE) is not None
    assert (found.cells is None, found.threshold is None) == (opened, not opened)
    if found.cells is not None and "where" not in more:
        assert len(made) == found.cells
    if one.aggregate not in {"mean", "quantiles"}:
        assert {e.high - e.value for e in made if e.value is not None} <= {found.half_width}
    assert found.paid.rho == 50_000
    assert found.share == Decimal("0.4")
    assert previewing.told(found)["share_of_yours"] == "0.4000"


def test_dummy_answers_are_near_the_dummy_truth() -> None:
    """By much rho the noise is small: counts, sums and distinct units of the rows that were drawn."""
    rich = replace(HELD, budget=replace(HELD.budget, period=Decimal(10), life=Decimal(10)))  # type: ignore[type-var]  # it has one
    many = list(dummy.rows(rich, RECIPE, 10_000, seed=5))

    def value(aggregate: str, **more: Any) -> Decimal:
        sent = {"aggregate": aggregate, "periods": ["2026-Q1"], "rho": "9", **more}
        (found,) = dummy.estimates(question.read(sent, rich, RECIPE), rich, RECIPE, many)
        assert found.value is not None
        return found.value

    total = sum((Decimal(str(row["use"])) for row in many if row["use"] is not None), Decimal(0))
    assert abs(value("count") - 10_000) < 100
    assert abs(value("sum", column="use") - total) < 10_000
    assert abs(value("distinct") - len({row["unit"] for row in many})) < 100
    assert abs(value("mean", column="use") - total / 10_000) < 5


def test_open_keys_are_told_above_the_threshold_only() -> None:
    """Twenty keys of a thousand rows each pass; of twenty rows each none does."""
    one = asked(by=["plant"])
    many = [{**row, "plant": f"dummy-{place % 20}", "unit": str(place)} for place, row in enumerate(ROWS * 50)]
    assert len(dummy.estimates(one, HELD, RECIPE, many)) == 20
    assert dummy.estimates(one, HELD, RECIPE, ROWS[:20]) == ()


@settings(max_examples=30)
@given(st.integers(1, 300), st.integers(0, 2**31))
def test_every_value_is_one_that_a_row_could_hold(count: int, seed: int) -> None:
    """The law of dummy rows: keys of the lists, sums within the clip at its scale, units of nobody."""
    made = list(dummy.rows(HELD, RECIPE, count, seed=seed))
    assert len(made) == count
    for row in made:
        assert all(row[name] in keys for name, keys in RECIPE.keys.items())
        assert set(row) == {"unit", *RECIPE.keys, *RECIPE.open, *RECIPE.sums}
        use = row["use"]
        assert use is None or (isinstance(use, Decimal) and 0 <= use <= 100 and use * 10 == int(use * 10))


@pytest.mark.parametrize("count", [0, -1, dummy.MAX_ROWS + 1])
def test_no_more_rows_than_a_page_bears(count: int) -> None:
    """None, fewer than none and a flood are refused."""
    with pytest.raises(Invalid, match=r"private\.dummy-rows"):
        list(dummy.rows(HELD, RECIPE, count))


def test_what_has_no_budget_has_neither() -> None:
    """Nobody reads a question of such a standard, so this is a fault of ours."""
    without: Standard = replace(HELD, budget=None)
    with pytest.raises(AssertionError):
        previewing.preview(asked(), without, RECIPE)
    with pytest.raises(AssertionError):
        dummy.estimates(asked(), without, RECIPE, ROWS)


def test_the_usual_cost_lets_a_consumer_ask_ten_times() -> None:
    """A tenth of its share of a period."""
    assert HELD.budget is not None
    assert previewing.usual(HELD.budget) == 12_500
