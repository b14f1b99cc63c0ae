"""What an answer would be like, told without any data: how many values, how near to the truth, and what it costs. Pure.

The noise of an answer depends on the question and the standard alone, so anybody may know it beforehand, for nothing.
"""

from dataclasses import dataclass
from decimal import Decimal

from datadam.model import Json, Standard
from datadam.privacy import answering, claim
from datadam.privacy.question import Question
from datadam.privacy.recipe import Recipe
from datadam.privacy.sensitivity import micro, said
from datadam.protections import Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """An answer as far as it is known before anybody looks at a row."""

    cells: int | None  # values; None where keys are not known beforehand
    half_width: Decimal  # of each 95 % interval, in the asked unit; of a mean of its sum, of quantiles of each bin
    threshold: int | None  # below which an open key is not told
    paid: claim.Cost
    share: Decimal  # of what one consumer may spend of a period


def preview(asked: Question, standard: Standard, recipe: Recipe) -> Preview:
    """What an answer to a question would be like; `Invalid` where its rho would take too much noise to draw."""
    budget = standard.budget
    if budget is None:  # such a question cannot be read
        raise AssertionError(standard.id)
    opened = answering.open_column(asked, recipe) is not None
    return Preview(
        cells=None if opened else answering.values(asked, recipe),
        half_width=answering.accuracy(asked, recipe, budget),
        threshold=answering.mechanism(asked, recipe, budget).threshold,
        paid=claim.cost(asked, standard, recipe),
        share=Decimal(asked.rho) / max(micro(budget.period * budget.member), 1),
    )


def told(found: Preview) -> Json:
    """A preview as JSON; numbers are decimal texts."""
    return {
        "cells": found.cells,
        "half_width": f"{found.half_width:f}",
        "threshold": found.threshold,
        "rho": said(found.paid.rho),
        "epsilon": f"{found.paid.epsilon:f}",
        "delta": f"{found.paid.delta:f}",
        "share_of_yours": f"{found.share:.4f}",
    }


def usual(budget: Budget) -> int:
    """The micro-rho that a question costs where nothing is said: a tenth of what one consumer may spend of a period."""
    return max(micro(budget.period * budget.member) // 10, 1)
