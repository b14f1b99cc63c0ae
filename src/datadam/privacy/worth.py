"""What a budget of private answers is worth: how often it answers a standard's reference question well enough. Pure.

An answer is *useful* if its 95 % interval reaches at most 10 % of the true answer of a typical cell to either side,
and the pool is as large as the standard says, each unit with all the rows that may count, evenly over the cells. With m
rows in a cell, each of value t, and normal noise of scale sigma that is 1.96 sigma <= 0.1·m·t, and rho = L2² / 2sigma²
is what it costs, for neighbours that differ in what one unit's rows are (`sensitivity`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Final

from datadam.model import CodeList, Standard
from datadam.privacy import sensitivity
from datadam.privacy.recipes import public_keys
from datadam.protections import Aggregate

LEAST_ANSWERS: Final = 10  # of a period: what gives fewer is better published as checked tables
PRECISION: Final = Fraction(1, 10)  # of the true answer
DEVIATIONS: Final = Fraction(196, 100)  # of a normal distribution, that 95 % of it lie within


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What a budget buys of answers to the reference question."""

    cells: int
    rho: Fraction  # that one useful answer costs
    period: Fraction  # answers of one period
    life: Fraction  # answers over the lineage's life
    member: Fraction  # answers of a period that one consumer may have
    reserve: Fraction  # of them, those that are for the operator alone

    @property
    def enough(self) -> bool:
        """Whether a reservoir may be of the tier of answers."""
        return self.period >= LEAST_ANSWERS


def cells_of(by: tuple[str, ...], standard: Standard, codes: Mapping[str, CodeList]) -> int | None:
    """How many cells all combinations of columns' public keys are; None where one has none."""
    known = [public_keys(column, codes) for column in standard.columns if column.name in by]
    return None if len(known) != len(by) or None in known else prod(len(keys or ()) for keys in known)


def worth(standard: Standard, codes: Mapping[str, CodeList]) -> Worth | None:
    """What a standard's budget is worth; None where budget, reference question or bounds are not there or not right."""
    question, budget, rows = standard.reference, standard.budget, standard.bounds.rows
    if question is None or budget is None or rows is None or rows < 1:
        return None
    cells = cells_of(question.by, standard, codes)
    clip = next((column.clip for column in standard.columns if column.name == question.column), None)
    summed = question.aggregate is Aggregate.SUM
    if not cells or question.aggregate not in {Aggregate.COUNT, Aggregate.SUM} or (summed and clip is None):
        return None
    value = Fraction(question.typical or 0) * 10**clip.scale if summed and clip is not None else Fraction(1)
    true = Fraction(question.units) * rows * Fraction(question.matching) * abs(value) / cells
    if not true:
        return None
    moved = sensitivity.of(question.aggregate, rows=rows, cells=cells, clip=clip if summed else None)
    rho = moved.l2_squared * DEVIATIONS**2 / (2 * (PRECISION * true) ** 2)
    return Worth(
        cells=cells,
        rho=rho,
        period=Fraction(budget.period) / rho,
        life=Fraction(budget.life) / rho,
        member=Fraction(budget.period) * Fraction(budget.member) / rho,
        reserve=Fraction(budget.period) * Fraction(budget.reserve) / rho,
    )


def shown(answers: Fraction) -> str:
    """A number of answers as people read it: `26`, `3.3`, `0.5`, `0.04`; never more than there are from 10 on."""
    if answers >= LEAST_ANSWERS:
        return f"{int(answers):,}"
    digits = 1
    while answers and round(answers, digits) == 0:
        digits += 1
    rounded = min(round(answers, digits), LEAST_ANSWERS - Fraction(1, 10))  # what is less than ten looks so
    return f"{float(rounded):.{digits}f}"
