"""The Groups port row by row in Python: slow, plain, and what the quick one is held against in tests."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import polars as pl

from datadam.ports import GroupOrder, Measured
from datadam.privacy import grouping
from datadam.privacy.grouping import Group
from datadam.protections import Gates

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """A stored row as the gates see it."""

    group: Key
    contributor: str
    stage: int
    unit: Any
    value: Any
    weight: Decimal
    key: bytes | None
    age: tuple[int, str, int]

    def supersedes(self, other: "_Row") -> bool:
        """Whether the other is an earlier report of the same."""
        same = self.key is not None and (self.contributor, self.key) == (other.contributor, other.key)
        return same and self.age > other.age


class MemoryGroups:
    """Judges stored files, a row at a time."""

    def leaving(self, order: GroupOrder) -> Mapping[Key, int]:
        """The groups of which rows leave, each with the last stage whose rows do."""
        rows = list(_rows(order))
        groups = defaultdict(list)
        for row in rows:
            groups[row.group].append(row)
        upto = {
            group: grouping.last(grouping.openings(order.ends, partial(_suffices, order, rows, members), order.left))
            for group, members in groups.items()
        }
        there = [row for row in rows if row.stage <= upto[row.group]]
        newest = [row for row in there if not (order.supersede and any(one.supersedes(row) for one in there))]
        found = {}
        for group, stage in upto.items():
            members = [row for row in newest if row.group == group]
            weights: defaultdict[str, Decimal] = defaultdict(Decimal)
            for row in members:
                weights[row.contributor] += row.weight
            if grouping.holds(order.gates, _group(members, tuple(weights.values()))):
                found[group] = stage
        return found

    def gather(self, order: GroupOrder) -> "MemoryGathered":
        """All rows, as they are."""
        return MemoryGathered(list(_rows(order)), order.gates.identifying)


def _suffices(order: GroupOrder, rows: Sequence[_Row], members: Sequence[_Row], after: int, upto: int) -> bool:
    by_then = [row for row in rows if row.stage <= upto]
    new = [
        row
        for row in members
        if after < row.stage <= upto and not (order.supersede and any(one.supersedes(row) for one in by_then))
    ]
    group = _group(new)
    return grouping.enough(order.gates, units=group.units, values=group.values)


def _group(rows: Sequence[_Row], weights: tuple[Decimal, ...] = ()) -> Group:
    units = {row.unit for row in rows} - {None}
    return Group(units=len(units), values=len({row.value for row in rows} - {None}), weights=weights)


def _rows(order: GroupOrder) -> Iterator[_Row]:
    gates = order.gates
    for part in order.files:
        for number, row in enumerate(pl.read_parquet(part.path).iter_rows(named=True)):
            unit = part.contributor if order.unit == "contributor" else row[order.unit] if order.unit else object()
            measured = 1 if gates.measured is None else row[gates.measured] or 0
            yield _Row(
                group=tuple(row.get(name) for name in gates.identifying),
                contributor=part.contributor,
                stage=part.stage,
                unit=(part.path, number) if order.unit is None else unit,
                value=row[gates.sensitive] if gates.sensitive else None,
                weight=abs(Decimal(str(measured))),
                key=row["_key"],
                age=(part.sequence, str(part.path), row["_row"]),
            )


class MemoryGathered:
    """Rows that are gone through anew each time."""

    def __init__(self, rows: Sequence[_Row], names: Sequence[str]) -> None:
        """Number the values of each column."""
        self._rows, self._names = rows, names
        self._values = {name: list({row.group[at]: None for row in rows}) for at, name in enumerate(names)}

    def values(self, column: str) -> Sequence[Any]:
        """The distinct values of a column, in the order in which they came."""
        return self._values[column]

    def measure(self, gates: Gates, coarser: Mapping[str, Sequence[int]]) -> Measured:
        """What the gates leave where columns are coarser."""
        groups: defaultdict[Key, list[_Row]] = defaultdict(list)
        for row in self._rows:
            numbers = [self._values[name].index(value) for name, value in zip(self._names, row.group, strict=True)]
            named = zip(self._names, numbers, strict=True)
            groups[tuple(coarser[name][at] if name in coarser else at for name, at in named)].append(row)
        found = [(_group(rows), len(rows)) for rows in groups.values()]
        return Measured(
            rows=len(self._rows),
            kept=sum(n for one, n in found if grouping.enough(gates, units=one.units, values=one.values)),
            units=min((one.units for one, _ in found), default=0),
            values=min((one.values for one, _ in found), default=0),
        )
