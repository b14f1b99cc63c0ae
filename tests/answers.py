"""A standard of the tier of answers that is clean as it is, for tests that change or spoil one thing about it."""

from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from datadam.formats import codelists
from datadam.model import Bounds, Coarsening, Column, Period, Protection, Repeat, Standard, Tier, Type
from datadam.protections import Aggregate, Budget, Clip, Gates, ReferenceQuestion
from drafts import column, standard

CODES: Final = codelists.packaged()
FIRM: Final = column("firm", protection=Protection.UNIT_ID, domain="firm", required=True)
MONTH: Final = column(
    "month",
    Type.DATE,
    required=True,
    minimum="2026-01-01",
    maximum="2026-12-31",
    protection=Protection.COARSEN,
    coarsening=Coarsening(period=Period.MONTH),
)
INDUSTRY: Final = column("industry", values=("food", "steel", "glass", "paper"))
USE: Final = column(
    "use",
    Type.DECIMAL,
    precision=12,
    scale=3,
    minimum=Decimal(0),
    maximum=Decimal(1000),
    clip=Clip(lowest=Decimal(0), highest=Decimal(100), scale=1),
)
COUNT: Final = ReferenceQuestion(aggregate=Aggregate.COUNT, units=1000, by=("industry",))
SUM: Final = ReferenceQuestion(aggregate=Aggregate.SUM, units=2000, column="use", typical=Decimal(50), by=("industry",))


def private(*columns: Column, **more: Any) -> Standard:
    """A clean standard whose rows are given to nobody: of each firm 24 rows a quarter count in answers."""
    held = columns or (FIRM, MONTH, INDUSTRY, USE)
    terms: dict[str, Any] = {
        "key": tuple(c.name for c in held if c.required),
        "repeat": Repeat.SUPERSEDE,
        "tier": Tier.ANSWERS,
        "bounds": Bounds(unit="firm", rows=24, period="quarter"),
        "gates": Gates(contributors=3),
        "budget": Budget(period=Decimal("0.5"), life=Decimal(2)),
        "reference": COUNT,
    }
    return standard(*held, **{**terms, **more})


def with_column(name: str, **changes: Any) -> Standard:
    """The same with one column changed."""
    base = private()
    return private(*(replace(c, **changes) if c.name == name else c for c in base.columns), key=base.key)
