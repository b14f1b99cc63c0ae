"""Notes taken of admitted rows as they go by to be written, so that nothing is read back.

Counts, ends and means are of all rows; values stay of a sample only, which is all of them while they are few. Whether a
row is in it hangs on its number alone, so that the same file gives the same sample however its rows come.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from threading import Lock
from typing import Any, Final

import polars as pl

from datadam.adapters.polars_pieces import sifted
from datadam.adapters.polars_prefixes import Prefixes, start
from datadam.adapters.polars_read import ROW
from datadam.model import Type
from datadam.plan import Cell, Plan

SAMPLE: Final = 100_000  # rows: the share of a value is then told to 0.4 percentage points, 99 times of 100
QUANTITIES: Final = frozenset({Type.INTEGER, Type.DECIMAL, Type.NUMBER})
_SUMMED: Final = 18  # digits of decimals of which no file has so many that 38 had no room for their sum
_DRAW, _START = "\x01d", "\x01b"  # a row's draw for the sample; its key's first bytes
TIMES: Final = frozenset({Type.DATE, Type.TIMESTAMP})


@dataclass(slots=True)
class Notes:
    """What is known of the admitted rows of one run.

    More outputs of the one pass would be another way to learn it, but Polars then reads the file once for each.
    """

    plan: Plan
    prefixes: Prefixes  # of each `_key`
    rows: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    least: dict[str, Any] = field(default_factory=dict)  # of quantities and times
    most: dict[str, Any] = field(default_factory=dict)
    sums: dict[str, float] = field(default_factory=dict)  # of quantities
    sample: list[pl.DataFrame] = field(default_factory=list)  # `_row` and the columns that are measured or listed
    held: int = 0  # rows in it
    step: int = 1  # a power of two: one row of so many is in the sample
    lock: Lock = field(default_factory=Lock)

    def of(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """The same rows, noted as they go by."""
        return rows.with_columns(self.marks).map_batches(self.note, schema=rows.collect_schema(), streamable=True)

    @property
    def marks(self) -> list[pl.Expr]:
        """Columns that `note` needs beside those that are stored: worked out in the stream, at a tenth of the cost."""
        draw = pl.col(ROW).hash().alias(_DRAW)
        return [draw, start(pl.col("_key")).alias(_START)] if self.plan.key else [draw]

    def note(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Note some rows that are marked, and give them on without their marks; several threads may come at once."""
        told = [cell.column for cell in measured(self.plan)]
        least, most = ({name: end(rows[name]) for name in told} for end in (pl.Series.min, pl.Series.max))
        sums = {cell.column: _sum(rows[cell.column]) for cell in measured(self.plan, QUANTITIES)}
        step = self.step
        some = _small(_drawn(rows[[_DRAW, ROW, *(cell.column for cell in shown(self.plan))]], step))
        with self.lock:
            self.rows += len(rows)
            self.missing.update({cell.column: rows[cell.column].null_count() for cell in self.plan.stored})
            if self.plan.key:
                self.prefixes.add(rows[_START])
            _choose(min, self.least, least)
            _choose(max, self.most, most)
            self.sums = {name: self.sums.get(name, 0.0) + one for name, one in sums.items()}
            self._keep(some if step == self.step else _drawn(some, self.step))  # another thread went a step further
        return rows[[name for name in rows.columns if name not in {_DRAW, _START}]]

    def _keep(self, some: pl.DataFrame) -> None:
        self.sample.append(some)
        self.held += len(some)
        while self.held > 2 * SAMPLE:
            self.step *= 2
            self.sample = [_drawn(pl.concat(self.sample), self.step)]
            self.held = len(self.sample[0])

    @property
    def drawn(self) -> pl.DataFrame:
        """The sample of the rows that were noted, once there are any: nearly `SAMPLE` or more, or all."""
        return pl.concat(self.sample).drop(_DRAW)


def measured(plan: Plan, kinds: frozenset[Type] = QUANTITIES | TIMES) -> list[Cell]:
    """The cells whose values are told by how they spread."""
    return [cell for cell in plan.stored if cell.told and cell.cast.type in kinds]


def listed(plan: Plan) -> list[Cell]:
    """The cells whose values are told one by one: of closed lists."""
    return [cell for cell in plan.stored if cell.told and (cell.lookup is not None or cell.cast.type is Type.BOOLEAN)]


def shown(plan: Plan) -> list[Cell]:
    """Both, in the standard's order."""
    both = {cell.column for cell in (*measured(plan), *listed(plan))}
    return [cell for cell in plan.stored if cell.column in both]


def _drawn(rows: pl.DataFrame, step: int) -> pl.DataFrame:
    return rows if step == 1 else sifted(rows, rows[_DRAW] & (step - 1) == 0)


def _small(rows: pl.DataFrame) -> pl.DataFrame:
    """The same with texts as categories: a long text would hold on to the whole buffer that it was cut from."""
    return rows.with_columns(pl.col(pl.String).cast(pl.Categorical))


def _sum(values: pl.Series) -> float:
    """As a double: many large ones have a sum that no integer or decimal column holds, and a mean refuses no file."""
    if isinstance(values.dtype, pl.Decimal) and values.dtype.precision <= _SUMMED:
        return float(values.sum())
    return float(values.cast(pl.Float64).sum())


def _choose(choice: Callable[[Any, Any], Any], held: dict[str, Any], found: dict[str, Any]) -> None:
    for name, value in found.items():
        if value is not None:
            held[name] = choice(held[name], value) if name in held else value


def plain(value: object) -> str | None:
    """A value as its canonical text, for a report or a statement."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case date():
            return value.isoformat()
        case _:
            return str(value)
