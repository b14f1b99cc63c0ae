"""Budgets of private answers: exact integers that many equal charges meet, and nobody goes beyond."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis.strategies import booleans, integers, lists, sampled_from, tuples

from datadam.errors import Refused
from datadam.privacy.budget import Left, Limits, Spent, left, limits, refusal
from datadam.protections import Budget

BUDGET = Budget(period=Decimal("0.5"), life=Decimal(2))


def test_a_period_is_the_reserve_and_what_consumers_share() -> None:
    """0.5 rho with a reserve of a tenth and shares of a quarter: 0.45, 0.125 and 0.05, in whole micro-rho."""
    assert limits(BUDGET, BUDGET.period) == Limits(whole=500_000, consumers=450_000, asker=125_000, operator=50_000)
    assert limits(BUDGET, BUDGET.life) == Limits(whole=2_000_000, consumers=1_800_000, asker=500_000, operator=200_000)


def test_a_share_is_never_more_than_what_all_consumers_have() -> None:
    """A consumer that may spend all leaves the reserve alone."""
    told = limits(Budget(period=Decimal(1), life=Decimal(1), member=Decimal(1), reserve=Decimal("0.4")), Decimal(1))
    assert told.asker == told.consumers == 600_000


def test_many_equal_charges_meet_the_budget_exactly() -> None:
    """Ten charges of a tenth fit where a sum of floats refuses the tenth; the eleventh does not."""
    budget = Budget(period=Decimal("0.5"), life=Decimal(5), member=Decimal(1), reserve=Decimal(0))
    spent = 0
    for _ in range(10):
        so_far = Spent(consumers=spent, asker=spent)
        assert refusal(budget, 50_000, {"2026": so_far}, life=so_far) is None
        spent += 50_000
    so_far = Spent(consumers=spent, asker=spent)
    refused = refusal(budget, 1, {"2026": so_far}, life=so_far)
    assert refused is not None
    assert refused.code == "private.budget-period"


@pytest.mark.parametrize(
    ("rho", "spent", "life", "operator", "code"),
    [
        (0, Spent(), Spent(), False, "private.budget-nothing"),
        (-1, Spent(), Spent(), True, "private.budget-nothing"),
        (1, Spent(), Spent(consumers=1_800_000), False, "private.budget-life"),
        (1, Spent(), Spent(consumers=500_000, asker=500_000), False, "private.budget-life-member"),
        (1, Spent(), Spent(operator=200_000), True, "private.budget-life-reserve"),
        (1, Spent(consumers=450_000), Spent(), False, "private.budget-period"),
        (1, Spent(asker=125_000), Spent(), False, "private.budget-member"),
        (1, Spent(operator=50_000), Spent(), True, "private.budget-reserve"),
    ],
)
def test_what_goes_beyond_a_budget_is_refused_by_name(
    rho: int,
    spent: Spent,
    life: Spent,
    operator: bool,
    code: str,
) -> None:
    """One micro-rho too many is refused, and it is said of which limit."""
    refused = refusal(BUDGET, rho, {"2026-Q3": spent}, life=life, operator=operator)
    assert isinstance(refused, Refused)
    assert refused.code == code


def test_what_others_hold_does_not_keep_the_operator_from_its_reserve() -> None:
    """Consumers that spent all of theirs leave the reserve whole; the operator's questions leave theirs whole."""
    theirs, own = Spent(consumers=450_000), Spent(operator=50_000)
    assert refusal(BUDGET, 50_000, {"2026": theirs}, life=Spent(consumers=1_800_000), operator=True) is None
    assert refusal(BUDGET, 125_000, {"2026": own}, life=Spent(operator=200_000)) is None


def test_the_fullest_of_several_periods_decides() -> None:
    """A question over two periods is charged in full to each: the one that has too little left is named."""
    refused = refusal(BUDGET, 10, {"2026-Q1": Spent(), "2026-Q2": Spent(consumers=449_995)}, life=Spent())
    assert refused is not None
    assert (refused.code, refused.facts["period"]) == ("private.budget-period", "2026-Q2")


def test_what_is_left_is_told_in_tenths_rounded_down() -> None:
    """Nobody reads another's small question off what is left; nothing left is told as nothing."""
    spent = {"2026-Q1": Spent(consumers=45_001, asker=1, operator=25_000), "2026-Q2": Spent()}
    life = Spent(consumers=1, asker=1, operator=100_000)
    assert left(BUDGET, spent, life=life) == Left(period=Decimal("0.8"), asker=Decimal("0.9"), life=Decimal("0.9"))
    own = left(BUDGET, spent, life=life, operator=True)
    assert (own.period, own.life) == (Decimal("0.5"), Decimal("0.5"))
    full = Spent(consumers=1_800_000, asker=1)
    assert left(BUDGET, {}, life=full) == Left(period=Decimal(1), asker=Decimal(1), life=Decimal(0))
    mine = Spent(consumers=500_000, asker=500_000)
    assert left(BUDGET, {}, life=mine).life == 0
    none = Budget(period=Decimal(1), life=Decimal(1), reserve=Decimal(0))
    assert left(none, {"2026": Spent()}, life=Spent(), operator=True).period == 0


@given(
    asks=lists(tuples(sampled_from("abc"), integers(1, 200_000), booleans()), max_size=60),
)
def test_no_order_of_questions_spends_more_than_was_declared(asks: list[tuple[str, int, bool]]) -> None:
    """Whoever asks, in whichever order: no limit is passed, and all together stay within the declared budget."""
    by: dict[str, int] = {}
    operator = 0
    for who, rho, is_operator in asks:
        spent = Spent(consumers=sum(by.values()), asker=0 if is_operator else by.get(who, 0), operator=operator)
        if refusal(BUDGET, rho, {"2026": spent}, life=spent, operator=is_operator) is None:
            if is_operator:
                operator += rho
            else:
                by[who] = by.get(who, 0) + rho
    limit = limits(BUDGET, BUDGET.period)
    assert sum(by.values()) <= limit.consumers
    assert all(one <= limit.asker for one in by.values())
    assert operator <= limit.operator
    assert operator + sum(by.values()) <= limit.whole


def test_another_division_in_a_later_version_makes_the_whole_no_larger() -> None:
    """What consumers had is not there again when most of the budget becomes a reserve, and the other way round."""
    after = Budget(period=Decimal("0.5"), life=Decimal("0.5"), member=Decimal(1), reserve=Decimal("0.6"))
    had = Spent(consumers=450_000, asker=450_000)
    assert refusal(after, 50_000, {"2026": had}, life=had, operator=True) is None
    refused = refusal(after, 50_001, {"2026": had}, life=had, operator=True)
    assert refused is not None
    assert (refused.code, refused.facts["left"]) == ("private.budget-life-reserve", Decimal(1))
    assert left(after, {"2026": replace(had, operator=50_000)}, life=had, operator=True).period == 0
    before = replace(after, reserve=Decimal("0.1"), life=Decimal(5))
    used = Spent(operator=300_000)
    assert refusal(before, 200_000, {"2026": used}, life=used) is None
    refused = refusal(before, 200_001, {"2026": used}, life=used)
    assert refused is not None
    assert refused.code == "private.budget-period"


@given(lists(tuples(integers(1, 400_000), booleans(), sampled_from(["0", "0.1", "0.5", "1"])), max_size=30))
def test_no_order_of_divisions_spends_more_than_was_declared(asks: list[tuple[int, bool, str]]) -> None:
    """However often versions divide it otherwise."""
    spent = Spent()
    for rho, operator, reserve in asks:
        budget = Budget(period=Decimal("0.5"), life=Decimal(2), member=Decimal(1), reserve=Decimal(reserve))
        if refusal(budget, rho, {"2026": spent}, life=spent, operator=operator) is None:
            more = (
                {"operator": spent.operator + rho}
                if operator
                else dict.fromkeys(("consumers", "asker"), spent.consumers + rho)
            )
            spent = replace(spent, **more)
    assert spent.consumers + spent.operator <= 500_000
