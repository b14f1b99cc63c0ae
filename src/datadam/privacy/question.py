"""The closed grammar of private questions: a small typed tree, read from JSON, checked, canonical. Pure.

There is no SQL, no expression and no join; what is not in here cannot be asked.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from datadam.privacy.recipe import Key
from datadam.protections import Aggregate


class Operator(StrEnum):
    """How a condition compares; a row without a value holds no condition but `in` with null."""

    IN = "in"
    AT_LEAST = ">="
    AT_MOST = "<="


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition on one declared column; a question's conditions all hold for each row that counts."""

    column: str
    operator: Operator
    values: tuple[Key | Decimal, ...]  # ascending; exactly one, but of `in`


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One private question in canonical form: two that mean the same are equal."""

    standard: str
    aggregate: Aggregate
    column: str | None = None  # of sum, mean, quantiles and histogram
    by: tuple[str, ...] = ()  # in the standard's order of columns
    where: tuple[Condition, ...] = ()  # ordered by column, then operator
    at: tuple[Decimal, ...] = ()  # of quantiles: which, ascending, between 0 and 1
    edges: tuple[Decimal, ...] = ()  # of histogram and quantiles: where bins begin, ascending; the last edge ends
    periods: tuple[str, ...] = ()  # of admission, ascending: `2026-Q3`
    rho: int = 0  # what it may cost, in micro-rho
