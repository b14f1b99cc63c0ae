"""What may still be spent: rules over what a reservoir's answers have cost so far, in whole micro-rho. Pure.

Each answer is charged in full to every period that it touches, and once to the life of the units in them. A period's
budget is in two parts: the reserve, which the operator's own questions have and nothing else, and the rest, of which no
consumer gets more than its share. Limits are rounded down, so that equal charges meet them exactly or stay below.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from datadam.errors import Refused
from datadam.privacy.sensitivity import micro
from datadam.protections import Budget

STEPS: Final = 10
"""In how many steps it is told what is left: less would let consumers read one another's questions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What answers about one period have cost, in micro-rho."""

    consumers: int = 0  # all of them together, the asker among them
    asker: int = 0
    operator: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A budget in micro-rho."""

    consumers: int  # of a period: what all of them together may spend
    asker: int  # of a period: what one of them may spend
    operator: int  # of a period: the reserve
    life: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What is left, as shares of 1 in coarse steps, rounded down: of the fullest period asked about, and of life."""

    period: Decimal
    asker: Decimal
    life: Decimal


def limits(budget: Budget) -> Limits:
    """What a declared budget comes to; all of it together is never more than what was declared."""
    whole, reserve = micro(budget.period), micro(budget.period * budget.reserve)
    return Limits(
        consumers=whole - reserve,
        asker=min(micro(budget.period * budget.member), whole - reserve),
        operator=reserve,
        life=micro(budget.life),
    )


def refusal(
    budget: Budget, rho: int, spent: Mapping[str, Spent], *, life: int, operator: bool = False
) -> Refused | None:
    """Why `rho` micro-rho more may not be spent on all these periods, of a life that `life` was spent of; None: it may.

    The first reason there is, told of one period; what was spent on it is nobody's rows, so it may be told.
    """
    limit = limits(budget)
    if rho < 1:
        return Refused("private.budget-nothing")
    if life + rho > limit.life:
        return Refused("private.budget-life", left=_share(limit.life, life))
    for period, so_far in sorted(spent.items()):
        if operator and so_far.operator + rho > limit.operator:
            return Refused("private.budget-reserve", period=period, left=_share(limit.operator, so_far.operator))
        if not operator and so_far.consumers + rho > limit.consumers:
            return Refused("private.budget-period", period=period, left=_share(limit.consumers, so_far.consumers))
        if not operator and so_far.asker + rho > limit.asker:
            return Refused("private.budget-member", period=period, left=_share(limit.asker, so_far.asker))
    return None


def left(budget: Budget, spent: Mapping[str, Spent], *, life: int, operator: bool = False) -> Left:
    """What is left once these were spent, as an answer tells it."""
    limit = limits(budget)
    if operator:
        own = min((_share(limit.operator, one.operator) for one in spent.values()), default=Decimal(1))
        return Left(period=own, asker=own, life=_share(limit.life, life))
    return Left(
        period=min((_share(limit.consumers, one.consumers) for one in spent.values()), default=Decimal(1)),
        asker=min((_share(limit.asker, one.asker) for one in spent.values()), default=Decimal(1)),
        life=_share(limit.life, life),
    )


def _share(limit: int, spent: int) -> Decimal:
    """What is left of a limit, in whole steps of it."""
    if limit <= 0:
        return Decimal(0)
    return Decimal(int(Fraction(max(limit - spent, 0) * STEPS, limit))) / STEPS
