"""Accounts of private answers: every charge counts against each period that its rows can be in."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from datadam.privacy import accounts, periods
from datadam.privacy.accounts import Charge
from datadam.protections import Budget

BUDGET = Budget(period=Decimal("0.5"), life=Decimal(1))
MONTHS = [f"2026-{month:02}" for month in range(1, 13)]
NAMES = ["2026", "2026-Q1", "2026-Q2", "2026-Q4", *MONTHS, "2026-02-14", "2026-W07", "2027"]


def charge(*named: str, rho: int = 1, member: str | None = "m-1") -> Charge:
    """A charge to these periods."""
    return Charge(
        id=f"{named} {rho} {member}",
        standard="test.energy",
        member=member,
        periods=named,
        twins=tuple(f"{one}.1" for one in named),
        question="q",
        rho=rho,
        issued="2027-01-01T00:00:00Z",
        index=0,
    )


def test_an_answer_costs_each_of_its_periods_all_and_the_life_once() -> None:
    """Whoever asked; the asker's own and the operator's are told apart."""
    held = [charge("2026-01", "2026-02", rho=5), charge("2026-02", rho=7, member=None), charge("2026-02", member="m-2")]
    spent = accounts.spent(held, ["2026-01", "2026-02", "2026-03"], "m-1")
    told = {name: (one.consumers, one.asker, one.operator) for name, one in spent.items()}
    assert told == {"2026-01": (5, 5, 0), "2026-02": (6, 5, 7), "2026-03": (0, 0, 0)}
    life = accounts.life(held, "m-1")
    assert (life.consumers, life.asker, life.operator) == (6, 5, 7)


@given(st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_periods_overlap_as_their_days_do(one: str, other: str) -> None:
    """Of whatever length each is, and either way round."""
    starts, ends = (max(map(periods.start, (one, other))), min(map(periods.end, (one, other))))
    assert accounts.overlap(one, other) is accounts.overlap(other, one) is (starts < ends)


def test_a_lineage_that_is_asked_by_another_length_has_no_new_budget() -> None:
    """What was spent on a quarter is spent on its months, and what was spent on months on their quarter."""
    quarter = charge("2026-Q1", rho=400_000, member=None)
    assert accounts.spent([quarter], ["2026-02"], None)["2026-02"].operator == 400_000
    months = [charge(month, rho=100_000, member=f"m-{month}") for month in MONTHS[:3]]
    assert accounts.refusal(BUDGET, months, charge("2026-Q1", rho=100_000)) is None
    refused = accounts.refusal(BUDGET, [*months, months[0]], charge("2026-Q1", rho=100_000))
    assert refused is not None
    assert refused.code == "private.budget-period"
    assert accounts.refusal(BUDGET, [*months, months[0]], charge("2026-04", rho=100_000)) is None
