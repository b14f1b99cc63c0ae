"""What a Standard declares to protect whom its rows are about: clips, gates, budgets, questions, tables. Only nouns.

The protected unit, how many of its rows count and in which period are `model.Bounds`. A *period* is that of admission:
what was sealed in a quarter is asked about as that quarter's, and opens when it is over.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Aggregate(StrEnum):
    """What a private question works out of a cell's rows."""

    COUNT = "count"  # rows
    DISTINCT = "distinct"  # privacy units
    SUM = "sum"
    MEAN = "mean"
    QUANTILES = "quantiles"
    HISTOGRAM = "histogram"


class FreeText(StrEnum):
    """What becomes of an admitted text in which something personal was found."""

    QUARANTINE = "quarantine"  # its row is a reject, which only its contributor sees
    REDACT = "redact"  # what was found is replaced by the name of its kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """Between what a value counts in sums, and how finely: fixed point of `scale` decimal digits after the point."""

    lowest: Decimal
    highest: Decimal
    scale: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """What a release must hold; one that it does not is suppressed without a word."""

    contributors: int | None = None  # distinct verified contributors, before a period opens; of a group, in tables
    units: int | None = None  # k: distinct privacy units behind each combination of `identifying`
    identifying: tuple[str, ...] = ()  # quasi-identifiers: columns that together may single somebody out
    sensitive: str | None = None  # the column of which each such combination must show `diversity` values
    diversity: int | None = None  # l
    largest: int | None = None  # n of the n-k rule: the n largest contributors of a group hold at most `largest_share`
    largest_share: Decimal | None = None  # k of it, as a share of 1
    p_percent: Decimal | None = None  # the second largest may not know the largest's value more closely than this
    measured: str | None = None  # the quantity that the dominance rules weigh; None: rows
    months: int | None = None  # that pass between the end of a period and its checked tables
    preset: str | None = None  # rules of `privacy.tables.PRESETS` that these fill in, and are no weaker than


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much may be learnt of one unit, in rho of zero-concentrated differential privacy (Bun and Steinke 2016)."""

    period: Decimal  # rho, of each (unit, period); shared by all who ask
    life: Decimal  # rho, of a unit over all periods of the lineage
    delta: Decimal = Decimal("0.000001")  # at which epsilon is told
    member: Decimal = Decimal("0.25")  # the largest share of a period's budget that one consumer may spend
    reserve: Decimal = Decimal("0.1")  # the share of it that only the operator's own questions may spend


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceQuestion:
    """The question that the worth of a budget is told by: a 95 % interval within 10 % of a cell's true answer."""

    aggregate: Aggregate  # count or sum
    units: int  # privacy units in the pool, each with all the rows that may count
    column: str | None = None  # of a sum
    typical: Decimal | None = None  # of a sum: what a row holds on average
    by: tuple[str, ...] = ()  # its cells are all combinations of these columns' public keys
    matching: Decimal = Decimal(1)  # the share of rows that its filter lets through


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedTable:
    """A table fixed in advance, published once a period, checked and not differentially private."""

    name: str
    aggregate: Aggregate  # count or sum
    by: tuple[str, ...]
    column: str | None = None  # of a sum
