"""Notes taken of admitted rows as they go by to be written, so that nothing is read back: statistics, key prefixes."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from threading import Lock
from typing import Any, Final

import polars as pl

from datadam.model import Json
from datadam.plan import Plan

_PREFIX: Final = 8  # bytes of a key that tell nearly all apart
_AT_ONCE: Final = 2_000_000  # keys that are compared with each other at once


@dataclass(slots=True)
class Notes:
    """What is known of the admitted rows of one run.

    More outputs of the one pass would be another way to learn it, but Polars then reads the file once for each.
    """

    plan: Plan
    rows: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    least: dict[str, Any] = field(default_factory=dict)  # of columns that are safe to tell
    most: dict[str, Any] = field(default_factory=dict)
    starts: list[pl.Series] = field(default_factory=list)  # the first 8 bytes of each `_key`
    lock: Lock = field(default_factory=Lock)

    def of(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """The same rows, noted as they go by."""
        return rows.map_batches(self.note, schema=rows.collect_schema(), streamable=True)

    def note(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Note some rows, and give them on; several threads may come at once."""
        safe = [cell.column for cell in self.plan.stored if cell.safe]
        least, most = ({name: end(rows[name]) for name in safe} for end in (pl.Series.min, pl.Series.max))
        starts = [rows["_key"].bin.head(_PREFIX).bin.reinterpret(dtype=pl.UInt64)] if self.plan.key else []
        with self.lock:
            self.rows += len(rows)
            self.missing.update({cell.column: rows[cell.column].null_count() for cell in self.plan.stored})
            self.starts += starts
            _choose(min, self.least, least)
            _choose(max, self.most, most)
        return rows

    @property
    def distinct(self) -> bool:
        """Whether it is plain that no two rows have one key; False where it has to be looked at."""
        parts = 1 << (self.rows // _AT_ONCE).bit_length()  # looked at part by part: memory for one is enough
        for part in range(parts):
            starts = pl.concat(
                [pl.Series(dtype=pl.UInt64), *(some.filter(some & (parts - 1) == part) for some in self.starts)]
            )
            if starts.n_unique() != len(starts):
                return False
        return True

    def statistics(self) -> dict[str, Json]:
        """Missing values of each stored column, and minimum and maximum of those that may be told, as text."""
        found: dict[str, Json] = {}
        for cell in self.plan.stored:
            name = cell.column
            ends = {"minimum": plain(self.least.get(name)), "maximum": plain(self.most.get(name))} if cell.safe else {}
            found[name] = {"missing": self.missing[name], **ends}
        return found


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
