"""What may still be spent: rules over what a reservoir's answers have cost so far, in whole micro-rho. Pure.

Each answer is charged in full to every period that it touches, and once to the life of the units in them. The budget of
either is in two parts: the reserve, which the operator's own questions have and nothing else, and the rest, of which no
consumer gets more than its share; else one of them could spend all periods of a life at once. Limits are rounded down,
so that equal charges meet them exactly or stay below.
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
    """What answers about one period, or in a whole life, have cost, in micro-rho."""

    consumers: int = 0  # all of them together, the asker among them
    asker: int = 0
    operator: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The budget of a period, or of a life, in micro-rho."""

    whole: int
    consumers: int  # what all of them together may spend
    asker: int  # what one of them may spend
    operator: int  # the reserve


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What is left to an asker, as shares of 1 in coarse steps, rounded down.

    Of the fullest period that was asked about: what all have, and what is its own. Of life the smaller of the two.
    """

    period: Decimal
    asker: Decimal
    life: Decimal


def limits(budget: Budget, declared: Decimal) -> Limits:
    """What a declared rho, the budget's `period` or its `life`, comes to; its parts are never more than the whole."""
    whole, reserve = micro(declared), micro(declared * budget.reserve)
    return Limits(
        whole=whole,
        consumers=whole - reserve,
        asker=min(micro(declared * budget.member), whole - reserve),
        operator=reserve,
    )


def refusal(
    budget: Budget, rho: int, spent: Mapping[str, Spent], *, life: Spent, operator: bool = False
) -> Refused | None:
    """Why `rho` micro-rho more may not be spent on all these periods, of a life that `life` was spent of; None: it may.

    The first reason there is, told of one period; what was spent on it is nobody's rows, so it may be told.
    """
    if rho < 1:
        return Refused("private.budget-nothing")
    limit = limits(budget, budget.life)
    if operator and life.operator + rho > limit.operator:
        return Refused("private.budget-life-reserve", left=_share(limit.operator, life.operator))
    if not operator and life.consumers + rho > limit.consumers:
        return Refused("private.budget-life", left=_share(limit.consumers, life.consumers))
    if not operator and life.asker + rho > limit.asker:
        return Refused("private.budget-life-member", left=_share(limit.asker, life.asker))
    limit = limits(budget, budget.period)
    for period, so_far in sorted(spent.items()):
        if operator and so_far.operator + rho > limit.operator:
            return Refused("private.budget-reserve", period=period, left=_share(limit.operator, so_far.operator))
        if not operator and so_far.consumers + rho > limit.consumers:
            return Refused("private.budget-period", period=period, left=_share(limit.consumers, so_far.consumers))
        if not operator and so_far.asker + rho > limit.asker:
            return Refused("private.budget-member", period=period, left=_share(limit.asker, so_far.asker))
    return None


def left(budget: Budget, spent: Mapping[str, Spent], *, life: Spent, operator: bool = False) -> Left:
    """What is left once these were spent, as an answer tells it."""
    limit, whole = limits(budget, budget.period), limits(budget, budget.life)
    if operator:
        own = min((_share(limit.operator, one.operator) for one in spent.values()), default=Decimal(1))
        return Left(period=own, asker=own, life=_share(whole.operator, life.operator))
    return Left(
        period=min((_share(limit.consumers, one.consumers) for one in spent.values()), default=Decimal(1)),
        asker=min((_share(limit.asker, one.asker) for one in spent.values()), default=Decimal(1)),
        life=min(_share(whole.consumers, life.consumers), _share(whole.asker, life.asker)),
    )


def _share(limit: int, spent: int) -> Decimal:
    """What is left of a limit, in whole steps of it."""
    if limit <= 0:
        return Decimal(0)
    return Decimal(int(Fraction(max(limit - spent, 0) * STEPS, limit))) / STEPS
