"""How each stored column of admitted rows is distributed: counted in two passes whose memory does not grow with rows.

For each column `{kind, rows, missing}`, and by its kind: `minimum`, `maximum`, `mean` and `bins` of quantities and
times (`{from, to, rows}`, of equal width, or of equal ratio where the values span three orders of magnitude), `values`
of closed lists and booleans (`{value, rows}`, the most frequent first, and `others`, the rows of all the rest). Of
masked columns, ids and free texts nothing but how many are missing. Every number but a count is a text.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import polars as pl

from datadam.adapters.polars_notes import plain
from datadam.model import Json, Protection, Type
from datadam.plan import Cell, Plan

BINS: Final = 12
MOST_VALUES: Final = 12  # of a closed list, told one by one
WIDE: Final = 1000  # greatest over least: beyond it bins of equal width show one bar
QUANTITIES: Final = frozenset({Type.INTEGER, Type.DECIMAL, Type.NUMBER})
TIMES: Final = frozenset({Type.DATE, Type.TIMESTAMP})


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where the bins of one column lie, in its physical measure."""

    column: str
    low: float
    high: float
    log: bool

    def place(self, value: pl.Expr) -> pl.Expr:
        """The bin of a value."""
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        measure = value.log() if self.log else value
        return ((measure - low) / (high - low) * BINS).floor().clip(0, BINS - 1)

    def edges(self) -> list[float]:
        """Where the bins begin, and the end of the last."""
        steps = [step / BINS for step in range(BINS + 1)]
        if self.log:
            return [self.low * (self.high / self.low) ** step for step in steps]
        return [self.low + (self.high - self.low) * step for step in steps]


def distributions(plan: Plan, rows: pl.LazyFrame) -> dict[str, Json]:
    """Every stored column's distribution, in the standard's order."""
    cells = [cell for cell in plan.stored if cell.protection is Protection.KEEP]
    measured = [cell for cell in cells if cell.cast.type in QUANTITIES | TIMES]
    listed = [cell for cell in cells if cell.lookup is not None or cell.cast.type is Type.BOOLEAN]
    first = rows.select(
        pl.len().alias("rows"),
        *(pl.col(cell.column).null_count().alias(f"{cell.column} missing") for cell in plan.stored),
        *(pl.col(cell.column).min().alias(f"{cell.column} least") for cell in measured),
        *(pl.col(cell.column).max().alias(f"{cell.column} most") for cell in measured),
        *(_measure(cell).mean().alias(f"{cell.column} mean") for cell in measured if cell.cast.type in QUANTITIES),
    )
    counts = [rows.group_by(pl.col(cell.column)).len("rows") for cell in listed]
    told, *lists = pl.collect_all([first, *counts], engine="streaming")
    facts = told.row(0, named=True)
    found: dict[str, Json] = {}
    for cell in plan.stored:
        found[cell.column] = {
            "kind": _kind(cell),
            "rows": facts["rows"],
            "missing": facts[f"{cell.column} missing"],
        }
    for cell, counted in zip(listed, lists, strict=True):
        found[cell.column] = {**found[cell.column], **_values(cell, counted)}
    binned = _bins(rows, [(cell, _ends(cell, facts)) for cell in measured])
    for cell in measured:
        ends = {
            "minimum": plain(facts[f"{cell.column} least"]),
            "maximum": plain(facts[f"{cell.column} most"]),
            **({"mean": _short(facts[f"{cell.column} mean"])} if cell.cast.type in QUANTITIES else {}),
        }
        found[cell.column] = {**found[cell.column], **ends, "bins": binned.get(cell.column, [])}
    return found


def _kind(cell: Cell) -> str:
    if cell.protection is not Protection.KEEP:
        return str(cell.protection)
    if cell.lookup is not None or cell.cast.type is Type.BOOLEAN:
        return "list"
    return "quantity" if cell.cast.type in QUANTITIES else "time" if cell.cast.type in TIMES else "text"


def _measure(cell: Cell) -> pl.Expr:
    """A value as a double: days or microseconds from 1970 of times, whatever the unit of quantities."""
    value = pl.col(cell.column)
    return (value.to_physical() if cell.cast.type in TIMES else value).cast(pl.Float64)


def _ends(cell: Cell, facts: Mapping[str, Any]) -> tuple[float, float] | None:
    least, most = facts[f"{cell.column} least"], facts[f"{cell.column} most"]
    if least is None:
        return None
    return _physical(least), _physical(most)


def _physical(value: Any) -> float:  # noqa: ANN401  (any value that a measured column may hold)
    match value:
        case datetime():
            return (value - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)
        case date():
            return float((value - date(1970, 1, 1)).days)
        case _:
            return float(value)


def _values(cell: Cell, counted: pl.DataFrame) -> Json:
    present = counted.drop_nulls().sort("rows", cell.column, descending=[True, False])
    values = [{"value": plain(value), "rows": rows} for value, rows in present.head(MOST_VALUES).iter_rows()]
    return {"values": values, "others": int(present["rows"].slice(MOST_VALUES).sum())}


def _bins(rows: pl.LazyFrame, ends: Sequence[tuple[Cell, tuple[float, float] | None]]) -> dict[str, list[Json]]:
    axes = {
        cell.column: (cell, _Axis(cell.column, low, high, cell.cast.type in QUANTITIES and 0 < low * WIDE <= high))
        for cell, span in ends
        if span is not None
        for low, high in [span]
        if low < high
    }
    if not axes:
        return {}
    places = [axis.place(_measure(cell)).alias(name) for name, (cell, axis) in axes.items()]
    sums = [(pl.col(name) == place).sum().alias(f"{name} {place}") for name in axes for place in range(BINS)]
    counts = rows.select(places).select(sums).collect(engine="streaming").row(0, named=True)
    return {
        name: [
            {"from": _edge(cell, start), "to": _edge(cell, end), "rows": counts[f"{name} {place}"]}
            for place, (start, end) in enumerate(zip(axis.edges(), axis.edges()[1:], strict=False))
        ]
        for name, (cell, axis) in axes.items()
    }


def _edge(cell: Cell, edge: float) -> str:
    if cell.cast.type is Type.DATE:
        return str(date(1970, 1, 1) + timedelta(days=round(edge)))
    if cell.cast.type is Type.TIMESTAMP:
        return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=edge):%Y-%m-%dT%H:%MZ}"
    return _short(edge) or ""


def _short(number: float | None) -> str | None:
    """A derived number to six digits: it was never sent, and need not look as if it had been."""
    return None if number is None else f"{number:.6g}"
