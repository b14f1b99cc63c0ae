"""What an answer costs and claims, in one sentence: whose rows, of when, how surely, and what is left out. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction
from typing import Final

from datadam import texts
from datadam.model import Protection, Standard
from datadam.privacy.answering import key_delta, open_column
from datadam.privacy.question import Question
from datadam.privacy.recipe import Recipe
from datadam.privacy.sensitivity import epsilon_of, said

RELATION: Final = "replace-one-unit"
"""The neighbour relation of every claim: all rows of one unit, in all periods asked, are replaced by any others."""

_CONTRIBUTOR: Final = "contributor"
_LISTED: Final = 4  # periods that a sentence names one by one
_EPSILON_DIGITS: Final = Context(prec=5, rounding=ROUND_CEILING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one answer costs each unit whose rows may be in it."""

    rho: int  # micro-rho, as it is charged
    epsilon: Decimal  # at `delta`, rounded up
    delta: Decimal


def cost(question: Question, standard: Standard, recipe: Recipe) -> Cost:
    """The cost of a question's answer; where keys are open, delta also holds what the threshold may let through."""
    budget = standard.budget
    if budget is None:  # a question of such a standard cannot be read
        return Cost(rho=question.rho, epsilon=Decimal("Infinity"), delta=Decimal(0))
    lets_through = key_delta(budget, question.rho) if open_column(question, recipe) is not None else Fraction(0)
    epsilon = epsilon_of(question.rho, Fraction(budget.delta) - lets_through)
    return Cost(rho=question.rho, epsilon=_EPSILON_DIGITS.create_decimal_from_float(epsilon), delta=budget.delta)


def facts(question: Question, standard: Standard, paid: Cost) -> Mapping[str, object]:
    """What a claim rests on, as JSON: `sentence` puts these very facts into words."""
    unit = standard.bounds.unit
    return {
        "unit": unit,
        "relation": RELATION,
        "periods": list(question.periods),
        "rows": standard.bounds.rows,
        "rho": said(paid.rho),
        "epsilon": f"{paid.epsilon:f}",
        "delta": f"{paid.delta:f}",
        "unprotected": list(unprotected(standard)),
        "public": ["presence", "deposit-times", "admission"],
    }


def unprotected(standard: Standard) -> tuple[str, ...]:
    """Which other parties that rows name are not protected, by column; first the contributor where units are others."""
    unit = standard.bounds.unit
    if unit == _CONTRIBUTOR:
        return tuple(column.name for column in standard.columns if column.protection is Protection.UNIT_ID)
    others = (c.name for c in standard.columns if c.protection is Protection.UNIT_ID and c.name != unit)
    return (_CONTRIBUTOR, *others)


def sentence(question: Question, standard: Standard, paid: Cost, lang: str) -> str:
    """The claim in one sentence, in a language of ours."""
    told = facts(question, standard, paid)
    named = {column.name: column.titles.get(lang) or column.name for column in standard.columns}
    named[_CONTRIBUTOR] = texts.say("ui.claim-contributor", lang)
    others = unprotected(standard)
    claimed = {
        "unit": texts.clean(named[standard.bounds.unit]),
        "periods": _periods(question.periods),
        "rows": str(told["rows"]),
        "rho": str(told["rho"]),
        "epsilon": str(told["epsilon"]),
        "delta": str(told["delta"]),
        "others": ", ".join(texts.clean(named[name]) for name in others),
    }
    code = "ui.claim-others" if others else "ui.claim"
    return texts.fill(texts.template(code, lang)["say"], lang, claimed)


def _periods(periods: Sequence[str]) -> str:
    if len(periods) <= _LISTED:
        return ", ".join(periods)
    return f"{periods[0]} … {periods[-1]} ({len(periods)})"
