"""How each stored column of admitted rows is distributed, from the notes that were taken of them.

For each column `{kind, rows, missing}`, and by its kind: `minimum`, `maximum`, `mean` and `bins` of quantities and
times (`{from, to, rows}`, of equal width, or of equal ratio where the values span three orders of magnitude), `values`
of closed lists and booleans (`{value, rows}`, the most frequent first, and `others`, the rows of all the rest). Of
coarse columns this is of their coarse values, and without a mean; of masked columns, ids and free texts nothing is told
but how many are missing. Every number but a count is a text. Where the rows
are many, bins and values count a sample of them, and `sample` says how many rows that has; all else is of all rows.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import polars as pl

from datadam.adapters.polars_notes import QUANTITIES, TIMES, Notes, listed, measured, plain
from datadam.model import Json, Type
from datadam.plan import Cell

BINS: Final = 12
MOST_VALUES: Final = 12  # of a closed list, told one by one
WIDE: Final = 1000  # greatest over least: beyond it bins of equal width show one bar


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where the bins of one column lie: days or microseconds from 1970 of times, whatever the unit of quantities."""

    low: float
    high: float
    log: bool

    def place(self, value: pl.Series) -> pl.Series:
        """The bin of each value."""
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        measure = value.log() if self.log else value
        return ((measure - low) / (high - low) * BINS).floor().clip(0, BINS - 1)

    def edges(self) -> list[float]:
        """Where the bins begin, and the end of the last."""
        steps = [step / BINS for step in range(BINS + 1)]
        if self.log:
            return [self.low * (self.high / self.low) ** step for step in steps]
        return [self.low + (self.high - self.low) * step for step in steps]


def distributions(notes: Notes) -> Mapping[str, Json]:
    """Every stored column's distribution, in the standard's order; none where no row was noted."""
    if not notes.rows:
        return {}
    drawn = notes.drawn
    found: dict[str, dict[str, Any]] = {
        cell.column: {"kind": _kind(cell), "rows": notes.rows, "missing": notes.missing[cell.column]}
        for cell in notes.plan.stored
    }
    for cell in listed(notes.plan):
        found[cell.column].update(_values(drawn[cell.column]))
    for cell in measured(notes.plan):
        found[cell.column].update(_spread(cell, notes, drawn))
    if len(drawn) < notes.rows:
        for cell in (*listed(notes.plan), *measured(notes.plan)):
            found[cell.column]["sample"] = len(drawn)
    return found


def _kind(cell: Cell) -> str:
    if not cell.told:
        return str(cell.protection)
    if cell.lookup is not None or cell.cast.type is Type.BOOLEAN:
        return "list"
    return "quantity" if cell.cast.type in QUANTITIES else "time" if cell.cast.type in TIMES else "text"


def _spread(cell: Cell, notes: Notes, drawn: pl.DataFrame) -> Json:
    """Ends, mean and bins of a quantity or a time."""
    name = cell.column
    least, most = notes.least.get(name), notes.most.get(name)
    found: dict[str, Any] = {"minimum": plain(least), "maximum": plain(most)}
    if cell.cast.type in QUANTITIES and cell.coarse is None:  # lower edges have no mean that says anything
        known = notes.rows - notes.missing[name]
        found["mean"] = _short(notes.sums[name] / known) if known else None
    if cell.coarse is not None:  # each of its values is a whole band or period already
        return {**found, **_values(drawn[name])}
    return {**found, "bins": [] if least is None else _bins(cell, (_physical(least), _physical(most)), drawn[name])}


def _physical(value: Any) -> float:  # noqa: ANN401  (any value that a measured column may hold)
    match value:
        case datetime():
            return (value - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)
        case date():
            return float((value - date(1970, 1, 1)).days)
        case _:
            return float(value)


def _values(drawn: pl.Series) -> Json:
    text = drawn.cast(pl.String) if isinstance(drawn.dtype, pl.Categorical | pl.Enum) else drawn
    counted = text.drop_nulls().value_counts(name="rows").sort("rows", drawn.name, descending=[True, False])
    values = [{"value": plain(value), "rows": rows} for value, rows in counted.head(MOST_VALUES).iter_rows()]
    return {"values": values, "others": int(counted["rows"].slice(MOST_VALUES).sum())}


def _bins(cell: Cell, ends: tuple[float, float], drawn: pl.Series) -> list[Json]:
    low, high = ends
    if low == high:
        return []
    axis = _Axis(low, high, log=cell.cast.type in QUANTITIES and 0 < low * WIDE <= high)
    value = (drawn.to_physical() if cell.cast.type in TIMES else drawn).drop_nulls().cast(pl.Float64)
    placed = dict(axis.place(value).cast(pl.Int64).value_counts().iter_rows())
    edges = axis.edges()
    return [
        {"from": _edge(cell, start), "to": _edge(cell, end), "rows": placed.get(place, 0)}
        for place, (start, end) in enumerate(pairwise(edges))
    ]


def _edge(cell: Cell, edge: float) -> str:
    if cell.cast.type is Type.DATE:
        return str(date(1970, 1, 1) + timedelta(days=round(edge)))
    if cell.cast.type is Type.TIMESTAMP:
        return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=edge):%Y-%m-%dT%H:%MZ}"
    return _short(edge) or ""


def _short(number: float | None) -> str | None:
    """A derived number to six digits: it was never sent, and need not look as if it had been."""
    return None if number is None else f"{number:.6g}"
