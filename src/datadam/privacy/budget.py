"""What may still be spent: rules over what a reservoir's answers have cost so far, in whole micro-rho. Pure.

Each answer is charged in full to every period that it touches, and once to the life of the units in them. The budget of
either is in two parts: the reserve, which the operator's own questions have and nothing else, and the rest, of which no
consumer gets more than its share; else one of them could spend all periods of a life at once. Limits are rounded down,
so that equal charges meet them exactly or stay below.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

from datadam.errors import Refused
from datadam.privacy.sensitivity import micro
from datadam.protections import Budget

STEPS: Final = 10
"""In how many steps it is told what is left: less would let consumers read one another's questions."""

_OF_LIFE: Final[Mapping[str, str]] = {
    "consumers": "private.budget-life",
    "asker": "private.budget-life-member",
    "operator": "private.budget-life-reserve",
}
_OF_PERIOD: Final[Mapping[str, str]] = {
    "consumers": "private.budget-period",
    "asker": "private.budget-member",
    "operator": "private.budget-reserve",
}


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
    life_limit = _room(limits(budget, budget.life), life)
    if part := _full(life_limit, life, rho, operator=operator):
        return Refused(_OF_LIFE[part], left=_share(getattr(life_limit, part), getattr(life, part)))
    for period, so_far in sorted(spent.items()):
        limit = _room(limits(budget, budget.period), so_far)
        if part := _full(limit, so_far, rho, operator=operator):
            left = _share(getattr(limit, part), getattr(so_far, part))
            return Refused(_OF_PERIOD[part], period=period, left=left)
    return None


def _room(limit: Limits, spent: Spent) -> Limits:
    """The same, where an earlier version divided it otherwise: neither part has what the other has spent already."""
    consumers = min(limit.consumers, limit.whole - spent.operator)
    return replace(
        limit,
        consumers=consumers,
        asker=min(limit.asker, consumers),
        operator=min(limit.operator, limit.whole - spent.consumers),
    )


def _full(limit: Limits, spent: Spent, rho: int, *, operator: bool) -> str | None:
    """The part of a budget that has no room for so much more."""
    parts = ("operator",) if operator else ("consumers", "asker")
    return next((part for part in parts if getattr(spent, part) + rho > getattr(limit, part)), None)


def left(budget: Budget, spent: Mapping[str, Spent], *, life: Spent, operator: bool = False) -> Left:
    """What is left once these were spent, as an answer tells it."""
    period, whole = limits(budget, budget.period), _room(limits(budget, budget.life), life)
    room = [(_room(period, one), one) for one in spent.values()]
    if operator:
        own = min((_share(limit.operator, one.operator) for limit, one in room), default=Decimal(1))
        return Left(period=own, asker=own, life=_share(whole.operator, life.operator))
    return Left(
        period=min((_share(limit.consumers, one.consumers) for limit, one in room), default=Decimal(1)),
        asker=min((_share(limit.asker, one.asker) for limit, one in room), default=Decimal(1)),
        life=min(_share(whole.consumers, life.consumers), _share(whole.asker, life.asker)),
    )


def _share(limit: int, spent: int) -> Decimal:
    """What is left of a limit, in whole steps of it."""
    if limit <= 0:
        return Decimal(0)
    return Decimal(int(Fraction(max(limit - spent, 0) * STEPS, limit))) / STEPS
