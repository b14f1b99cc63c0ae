"""Leave out further groups, so that nobody works out from totals what was left out of tables. Pure, but for a solver.

Everything that tables tell is linear: each told group is a sum over the places that it is made of. Who attacks knows
all told groups of all tables of a period at once, that nothing is below zero, what the standard says of its columns,
where nobody is, and, being a contributor, what it handed in itself and where it is alone. What all this leaves possible
of a group is an interval, the two optima of a linear program (Fischetti and Salazar 2001; Hundepool et al. 2012,
chapter 4). A group that may not be told must be in doubt by its margin both ways, for everybody.

For each such group a program looks for another world in which the group is off by its margin and all that is told is
the same, at the least weight of groups that are left out for it in addition (Kelly, Golden and Assad 1992). Such a
world stays possible when more is left out. In the end, groups that no such world needs any more are told again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log1p
from typing import Final, Protocol

from datadam.errors import Unavailable
from datadam.privacy.tables import Group, Held, Layout, Link, Parts, above, gathered

_FAR: Final = 1_000.0  # times a margin: no world needs more, and a program with smaller numbers is solved more exactly
_SLIGHT: Final = 1e-6  # of a margin: what a solver cannot tell from nothing
_MOVED: Final = (
    1e-3  # what it costs to move a place by a margin, beside groups: worlds are no stranger than they must be
)
_RETOLD: Final = 4_000  # programs that are solved at most to tell groups again

World = dict[int, float]
"""How far a possible world is from the true one: column → by how many margins; only where it is."""


class Program(Protocol):
    """A linear program with fixed rows, each of which is zero in all."""

    def least(
        self, costs: Sequence[float], lowest: Sequence[float], highest: Sequence[float]
    ) -> Sequence[float] | None:
        """The columns, between these bounds, that cost least; None where there are none."""
        ...


class Solver(Protocol):
    """Solves linear programs."""

    def program(self, columns: int, rows: Sequence[Mapping[int, float]]) -> Program:
        """A program of so many columns; each row is a sum of columns times factors."""
        ...


@dataclass(frozen=True, slots=True)
class Doubt:
    """By how much a group must stay in doubt, one way, in one measure."""

    group: Group
    measure: int
    up: bool
    margins: Mapping[str | None, int]  # for whom: each contributor that has a part in it, and (None) everybody else

    def margin(self, knows: str | None) -> int:
        """For somebody who knows its own part, if it has one."""
        return self.margins[knows] if knows in self.margins else self.margins[None]


class Attack:
    """All that a period's tables tell, as one program, and what somebody who attacks knows beside it."""

    def __init__(self, layout: Layout, held: Held, solver: Solver) -> None:
        """Number the columns: each place in each measure, and each told group, up and down; each link's slack."""
        self.sums = gathered(layout, held)
        self.told = _told(layout, self.sums)
        self._layout, self._held, self._places = layout, held, sorted(held)
        self._where: dict[str, list[int]] = {}
        for number, place in enumerate(self._places):
            for name in held[place]:
                self._where.setdefault(name, []).append(number)
        measures = range(len(layout.measures))
        self._totals = [[self._others(number, at, None) for number in range(len(self._places))] for at in measures]
        self._units = [max(1.0, sum(totals) / max(1, sum(map(bool, totals)))) for totals in self._totals]
        self._first = 2 * len(self._places) * len(layout.measures)  # column of groups
        self._groups: dict[tuple[Group, int], int] = {}  # each told group's column up; the one down comes after it
        self._slacks: list[tuple[int, Link, int]] = []  # each link's column in each place
        rows = [*self._group_rows(), *self._link_rows()]
        self._columns = self._first + 2 * len(self._groups) + len(self._slacks)
        self._program = solver.program(self._columns, rows)

    def _group_rows(self) -> Iterable[Mapping[int, float]]:
        inside: dict[Group, list[int]] = {}
        for number, place in enumerate(self._places):
            for group in {one for by in {table.by for table in self._layout.tables} for one in above(place, by)}:
                inside.setdefault(group, []).append(number)
        for count, (group, measure) in enumerate(self.told):
            up = self._groups[group, measure] = self._first + 2 * count
            yield {**self._moved(inside[group], measure), up: -1.0, up + 1: 1.0}

    def _link_rows(self) -> Iterable[Mapping[int, float]]:
        first = self._first + 2 * len(self._groups)
        for link in self._layout.links:
            scale = self._scale(link)
            low = link.factor * self._units[link.measure] / scale
            high = link.other_factor * self._units[link.other] / scale
            for number in range(len(self._places)):
                slack = first + len(self._slacks)
                self._slacks.append((slack, link, number))
                larger, smaller = self._moved([number], link.other), self._moved([number], link.measure)
                row = {column: factor * high for column, factor in larger.items()}
                yield {**row, **{column: -factor * low for column, factor in smaller.items()}, slack: -1.0}

    def _column(self, number: int, measure: int) -> int:
        """The column of a place that goes up; the one that goes down comes after it."""
        return 2 * (measure * len(self._places) + number)

    def _moved(self, numbers: Iterable[int], measure: int) -> dict[int, float]:
        ups = [self._column(number, measure) for number in numbers]
        return dict.fromkeys(ups, 1.0) | {up + 1: -1.0 for up in ups}

    def _scale(self, link: Link) -> float:
        return max(link.factor * self._units[link.measure], link.other_factor * self._units[link.other]) or 1.0

    # --- what is known ------------------------------------------------------------------------------------------------

    def _others(self, number: int, measure: int, knows: str | None) -> int:
        """What all but one hold in a place."""
        parts = self._held[self._places[number]]
        return sum(values[measure] or 0 for name, values in parts.items() if name != knows)

    def _slack(self, link: Link, number: int, knows: str | None) -> float:
        """How far what all but one hold in a place is from what a link says is the end."""
        low = self._others(number, link.measure, knows) * link.factor
        high = self._others(number, link.other, knows) * link.other_factor
        return max(0, high - low) / self._scale(link)

    def _is_alone(self, number: int, name: str | None) -> bool:
        return self._held[self._places[number]].keys() == {name}

    def _bounds(self, step: float, knows: str | None) -> tuple[list[float], list[float]]:
        """How far each column may be from the truth, in steps of so many units.

        Where somebody is alone, it knows what is there; where others are too, they hold no less than nothing.
        """
        highest = [0.0] * self._columns
        for at, (totals, unit) in enumerate(zip(self._totals, self._units, strict=True)):
            first = self._column(0, at)
            last = first + 2 * len(totals)
            highest[first:last:2] = [_FAR] * len(totals)
            highest[first + 1 : last : 2] = [min(total / unit / step, _FAR) for total in totals]
        lowest = [0.0] * self._columns
        for column, link, number in self._slacks:
            lowest[column], highest[column] = -min(self._slack(link, number, knows) / step, _FAR), _FAR * _FAR
        for number in self._where.get(knows or "", ()):
            for at, unit in enumerate(self._units):
                up = self._column(number, at)
                highest[up] = 0.0 if self._is_alone(number, knows) else _FAR
                highest[up + 1] = min(self._others(number, at, knows) / unit / step, _FAR)
        return lowest, highest

    # --- other worlds -------------------------------------------------------------------------------------------------

    def world(
        self,
        doubt: Doubt,
        left_out: frozenset[Group],
        knows: str | None,
        weights: Mapping[Group, float] | None = None,
    ) -> World | None:
        """A world in which the group is off by its margin, at the least weight of told groups that are then other.

        Without weights no told group may be other: None where there is no such world.
        """
        lowest, highest = self._bounds(self._step(doubt, knows), knows)
        costs = [_MOVED] * self._first + [0.0] * (self._columns - self._first)
        for (group, _), column in self._groups.items():
            if group in left_out or weights is not None:
                highest[column] = highest[column + 1] = _FAR * _FAR
            if group not in left_out and weights is not None:
                costs[column] = costs[column + 1] = weights[group]
        up = self._groups[doubt.group, doubt.measure]
        lowest[up] = highest[up] = 1.0 if doubt.up else 0.0
        lowest[up + 1] = highest[up + 1] = 0.0 if doubt.up else 1.0
        found = self._program.least(costs, lowest, highest)
        return None if found is None else {at: value for at, value in enumerate(found) if abs(value) > _SLIGHT}

    def _step(self, doubt: Doubt, knows: str | None) -> float:
        return doubt.margin(knows) / self._units[doubt.measure]

    def others_in(self, world: World) -> set[Group]:
        """The groups that are other in a world than in truth."""
        return {
            group
            for (group, _), up in self._groups.items()
            if abs(world.get(up, 0.0) - world.get(up + 1, 0.0)) > _SLIGHT
        }

    def unfooled(self, doubt: Doubt, world: World) -> list[str]:
        """The contributors that rule a world out by what they handed in themselves, also shrunk to the doubt they need.

        What a contributor need not doubt is its own part.
        """
        places = {column // 2 % len(self._places) for column in world if column < self._first}
        found: set[str] = set()
        for number in places:
            ups = [self._column(number, at) for at in range(len(self._units))]
            moves = [world.get(up, 0.0) - world.get(up + 1, 0.0) for up in ups]
            for name in self._held[self._places[number]].keys() - found:
                if any(moves) and doubt.margin(name) and not self._believes(name, number, moves, doubt):
                    found.add(name)
        for column, link, number in self._slacks:
            for name in self._held[self._places[number]].keys() - found if column in world else ():
                least = -world[column] * self._step(doubt, name) if doubt.margin(name) else 0.0
                if least > self._slack(link, number, name) + _SLIGHT:
                    found.add(name)
        return sorted(found)

    def _believes(self, name: str, number: int, moves: Sequence[float], doubt: Doubt) -> bool:
        step = min(self._step(doubt, name), self._step(doubt, None))
        return not self._is_alone(number, name) and all(
            -move * step <= self._others(number, at, name) / self._units[at] + _SLIGHT * step
            for at, move in enumerate(moves)
        )

    def interval(
        self, group: Group, measure: int, left_out: frozenset[Group], *, knows: str | None = None
    ) -> tuple[float, float]:
        """Between what a group lies for whoever sees the tables; `knows` is a contributor, with its own part.

        An end further off than a thousand times the group itself is told as that.
        """
        total = sum(self.sums[group][measure].values())
        unit = max(1.0, float(total))
        lowest, highest = self._bounds(unit / self._units[measure], knows)
        for (other, _), column in self._groups.items():
            highest[column] = highest[column + 1] = _FAR if other in left_out else 0.0
        ends = []
        for sign in (1.0, -1.0):
            costs = [0.0] * self._columns
            up = self._groups[group, measure]
            costs[up], costs[up + 1] = sign, -sign
            found = self._program.least(costs, lowest, highest)
            if found is None:
                raise Unavailable("table.not-solved", status="infeasible")
            ends.append(total + (found[up] - found[up + 1]) * unit)
        return ends[0], ends[1]


def _told(layout: Layout, groups: Iterable[Group]) -> list[tuple[Group, int]]:
    """The groups that stand in a table, in each measure in which they do."""
    shapes = {(table.by, table.measure) for table in layout.tables}
    found = (
        (group, measure)
        for group in sorted(groups, key=_order)
        for by, measure in sorted(shapes)
        if all(key is None or place in by for place, key in enumerate(group))
    )
    return list(dict.fromkeys(found))


def _order(group: Group) -> tuple[int, ...]:
    return tuple(-1 if key is None else key for key in group)


# --- which groups are left out ----------------------------------------------------------------------------------------

Changes = Mapping[tuple[Group, int], Parts]
"""Groups that differ too tellingly from an earlier table, each in a measure: contributor → by how much it differs."""


def left_out(layout: Layout, held: Held, solver: Solver, changed: Changes) -> frozenset[Group]:
    """The groups with somebody in them that no table of the period tells, in any measure."""
    attack = Attack(layout, held, solver)
    unsafe = {group for group, sums in attack.sums.items() if not all(map(layout.rules.tells, sums))} | {
        group for group, _ in changed
    }
    doubts = sorted(_doubts(layout, attack, unsafe, changed), key=lambda one: (-one.margin(None), _order(one.group)))
    chosen = _Chosen(attack, frozenset(unsafe), _weights(attack))
    for doubt in doubts:
        chosen.protect(doubt)
    chosen.tell_again()
    return chosen.groups


def _doubts(layout: Layout, attack: Attack, unsafe: Iterable[Group], changed: Changes) -> Iterable[Doubt]:
    """What must stay in doubt: each unsafe group that stands in a table, down and up, in each of its measures."""
    wanted = set(unsafe)
    for group, measure in attack.told:
        if group not in wanted:
            continue
        parts, moved = attack.sums[group][measure], changed.get((group, measure), {})
        floor = ceil(layout.rules.percent * max(1, _typical(attack, measure)))
        downs, ups = dict[str | None, int](), dict[str | None, int]()
        for who in (None, *parts):
            others = sum(value for name, value in parts.items() if name != who)
            margin = max(layout.rules.margin(parts, knows=who), layout.rules.margin(moved, knows=who))
            downs[who] = min(margin, others)
            ups[who] = (margin or floor) if parts.keys() - {who} else 0
        for up, margins in ((False, downs), (True, ups)):
            if any(margins.values()):
                yield Doubt(group, measure, up, margins)


def _typical(attack: Attack, measure: int) -> int:
    """The mean of all parts of a measure: what a group of nothing but zeros might as well have held."""
    parts = [value for (group, at) in attack.told if at == measure for value in attack.sums[group][measure].values()]
    return sum(parts) // max(1, len(parts))


def _weights(attack: Attack) -> dict[Group, float]:
    """What it costs to leave a group out: it grows slowly with what the group holds, and with what is told by it."""
    return {
        group: (1 + sum(key is None for key in group)) * (1 + log1p(max(sum(parts.values()) for parts in sums)))
        for group, sums in attack.sums.items()
    }


class _Chosen:
    """The groups that are left out so far, and a world for each doubt that shows why that is enough."""

    def __init__(self, attack: Attack, unsafe: frozenset[Group], weights: Mapping[Group, float]) -> None:
        self.groups, self._unsafe = unsafe, unsafe
        self._attack, self._weights = attack, weights
        self._worlds: list[tuple[Doubt, list[World]]] = []

    def protect(self, doubt: Doubt) -> None:
        """Leave out what it takes that everybody has this doubt."""
        worlds = self._evidence(doubt, self.groups, self._weights)
        if worlds is None:  # with everything left out there always is one
            raise Unavailable("table.not-solved", status="infeasible")
        self.groups |= {group for world in worlds for group in self._attack.others_in(world)}
        self._worlds.append((doubt, worlds))

    def tell_again(self) -> None:
        """Tell every group again that no doubt needs; the heaviest first."""
        left = _RETOLD
        for group in sorted(self.groups - self._unsafe, key=lambda group: (-self._weights[group], _order(group))):
            fewer, found = self.groups - {group}, dict[int, list[World]]()
            for number, (doubt, worlds) in enumerate(self._worlds):
                if not any(group in self._attack.others_in(world) for world in worlds):
                    continue
                left -= len(worlds)
                again = self._evidence(doubt, fewer) if left > 0 else None
                if again is None:
                    break
                found[number] = again
            else:
                self.groups = fewer
                for number, worlds in found.items():
                    self._worlds[number] = (self._worlds[number][0], worlds)

    def _evidence(
        self, doubt: Doubt, groups: frozenset[Group], weights: Mapping[Group, float] | None = None
    ) -> list[World] | None:
        """A world for whoever is no contributor, and one for each contributor that sees through that; None without."""
        worlds, knowing = list[World](), list[str | None]([None])
        while knowing:
            who = knowing.pop()
            world = self._attack.world(doubt, groups, who, weights)
            if world is None:
                return None
            worlds.append(world)
            if weights is not None:
                groups |= self._attack.others_in(world)
            if who is None:
                knowing += self._attack.unfooled(doubt, world)
        return worlds
