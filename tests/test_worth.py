"""What a budget is worth is arithmetic that anybody can do again, and below ten answers there is no such tier."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answers import CODES, COUNT, FIRM, INDUSTRY, MONTH, SUM, private, with_column
from datadam.model import Bounds, Column, Standard
from datadam.privacy.worth import Worth, cells_of, shown, worth
from datadam.protections import Aggregate, Budget, Gates
from datadam.standard import check
from drafts import column


def of(units: int, cells: int, **more: object) -> Worth:
    """The worth of rho 0.5 for a count over so many cells, of so many units with 24 rows each."""
    by = column("cell", values=tuple(f"c{n}" for n in range(cells)), required=True)
    held: Standard = private(FIRM, by, budget=Budget(period=Decimal("0.5"), life=Decimal("0.5")))
    asked = replace(COUNT, units=units, by=("cell",) if cells > 1 else ())
    found = worth(replace(held, **{"reference": asked, **more}), CODES)  # type: ignore[arg-type]  # fields of a standard
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("units", "cells", "answers"),
    [(100, 1, "26"), (1_000, 20, "3.3"), (2_000, 20, "13"), (2_000, 100, "0.5"), (5_000, 100, "3.3")],
)
def test_the_published_figures(units: int, cells: int, answers: str) -> None:
    """Replace-one neighbours, rho 0.5, 24 rows, every unit full: as many answers within 10 % as is said of them."""
    found = of(units, cells)
    assert (found.cells, shown(found.period), found.life) == (cells, answers, found.period)
    assert found.enough is (found.period >= 10)


def test_what_a_useful_answer_costs_is_what_its_interval_needs() -> None:
    """By hand: 2,400 rows counted to ±240 in 95 of 100 cases is sigma 122.4, and rho is 24² / (2·122.4²)."""
    sigma = Fraction(240) / Fraction(196, 100)
    assert of(100, 1).rho == Fraction(24**2) / (2 * sigma**2)


def test_rows_a_unit_may_have_change_nothing_for_counts() -> None:
    """More rows a unit are more to count and more to hide, in the same measure."""
    assert of(2_000, 20, bounds=Bounds(unit="firm", rows=7, period="year")) == of(2_000, 20)


@given(st.integers(1, 10**6), st.integers(1, 500), st.integers(1, 100))
def test_more_units_and_fewer_cells_are_worth_more(units: int, cells: int, more: int) -> None:
    """Laws: it grows with the square of the pool, and a filter that lets half through costs three quarters of it."""
    few, many = of(units, cells), of(units * (more + 1), cells)
    assert many.period == few.period * (more + 1) ** 2
    assert of(units, cells + more).period <= few.period
    halved = replace(COUNT, units=units, matching=Decimal("0.5"), by=())
    assert of(units, 1, reference=halved).period == of(units, 1).period / 4


def test_a_sum_is_weighed_by_what_a_row_typically_holds() -> None:
    """A clip of twice the typical value costs four times as much as counting would."""
    counted, summed = (worth(private(reference=one), CODES) for one in (replace(SUM, aggregate=Aggregate.COUNT), SUM))
    assert counted is not None
    assert summed is not None
    assert summed.rho == 4 * counted.rho


def test_the_shares_of_one_consumer_and_of_the_operator() -> None:
    """A quarter of a period's answers for one consumer, a tenth for the operator, where nothing else is said."""
    found = of(2_000, 20)
    assert (found.member, found.reserve) == (found.period / 4, found.period / 10)


@pytest.mark.parametrize(
    "held",
    [
        private(reference=None),
        private(budget=None),
        private(bounds=Bounds(unit="firm", period="year")),
        private(reference=replace(COUNT, by=("nothing",))),
        private(reference=replace(COUNT, aggregate=Aggregate.MEAN)),
        private(reference=replace(SUM, column="industry")),
        private(reference=replace(SUM, typical=Decimal(0))),
    ],
)
def test_what_is_not_declared_is_worth_nothing_that_could_be_told(held: Standard) -> None:
    """Without budget, bounds or a question over known cells no number is made up."""
    assert worth(held, CODES) is None


def test_the_tier_is_refused_below_ten_answers() -> None:
    """The same question: 1,000 firms are enough for five cells, 300 are not, and the fault says what they would get."""
    assert check(private(), CODES) == ()
    (fault,) = check(private(reference=replace(COUNT, units=300)), CODES)
    assert (fault.code, fault.facts["answers"], fault.facts["cells"]) == ("protection.answers-too-few", "4.7", 5)


def test_cells_are_the_product_of_public_keys() -> None:
    """Four industries or none, twelve months; a column that has no public keys makes no cells."""
    assert cells_of(("industry", "month"), private(), CODES) == 60
    assert cells_of((), private(), CODES) == 1
    assert cells_of(("use",), private(), CODES) is None
    assert cells_of(("industry", "industry"), private(), CODES) is None


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        (Fraction(0), "0.0"),
        (Fraction(1, 10**4), "0.0001"),
        (Fraction(9), "9.0"),
        (Fraction(1999, 100), "19"),
        (Fraction(12345), "12,345"),
    ],
)
def test_answers_are_told_as_people_read_them(answers: Fraction, text: str) -> None:
    """Whole ones, rounded down, from ten on; below that a digit behind the point, or as many as show one."""
    assert shown(answers) == text


def test_the_base_of_these_tests_is_what_it_says() -> None:
    """Columns that tests build on are there, and a changed one is changed."""
    assert with_column("industry", required=True).column("industry").required
    assert [c.name for c in private().columns] == ["firm", "month", "industry", "use"]
    assert isinstance(MONTH, Column)
    assert isinstance(INDUSTRY, Column)
    assert Gates(contributors=3) == private().gates


def test_no_two_units_share_a_key() -> None:
    """Else whether a row of one is taken would hang on what the other reports."""
    held = private()
    assert FIRM.name in held.key
    found = {fault.code for fault in check(replace(held, key=(MONTH.name,)), CODES)}
    assert "protection.key-without-unit" in found
