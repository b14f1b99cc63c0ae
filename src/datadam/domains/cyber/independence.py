"""Which reports of one indicator stand on their own: the strongest of them, no two alike. Pure.

Two reports are alike if one contributor made both, if both were taken from the same upstream, or if they were first
seen within minutes of one another. What counts is the set of reports, no two alike, that is worth most together. So a
copy adds nothing, and no row that is added, whatever it is like, can make less of those that were there: it only adds
sets to choose from. Groups linked by chains would not do: a row that is like two others would make one of them.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import log1p
from typing import Final, NamedTuple

COPY: Final = timedelta(minutes=10)
"""Feeds that take from one another ask every few minutes. Two who saw it by themselves within ten minutes are counted
once, which is the lesser mistake."""
MOST: Final = (
    256  # reports of one value that are compared, the strongest; so many that are not alike are at the ceiling
)
STEPS: Final = 20_000  # choices that are tried for one value before the best found so far will do


class Node(NamedTuple):
    """A report as far as likeness goes. They compare in the order in which the earlier of two equal ones is taken."""

    begun: datetime
    contributor: str
    upstream: str  # folded; empty: none
    place: int  # of the report among those that were given
    weight: float  # in (0, 1)


def independent(nodes: Sequence[Node]) -> list[Node]:
    """The nodes of the strongest set in which no two are alike, earliest first."""
    held = sorted(sorted(nodes, key=lambda one: (-one.weight, one))[:MOST])
    near = _alike(held)
    alive = _undominated(held, near)
    gains = [-log1p(-one.weight) for one in held]
    chosen = _Search(gains, near).best(alive)[1]
    return [one for place, one in enumerate(held) if chosen >> place & 1]


def _alike(held: Sequence[Node]) -> list[int]:
    """For each node the others like it, as bits."""
    by: defaultdict[tuple[str, str], int] = defaultdict(int)
    for place, one in enumerate(held):
        by["contributor", one.contributor] |= 1 << place
        by["upstream", one.upstream] |= 1 << place
    near, low, high = [], 0, 0
    for place, one in enumerate(held):
        while one.begun - held[low].begun > COPY:
            low += 1
        while high < len(held) and held[high].begun - one.begun <= COPY:
            high += 1
        like = by["contributor", one.contributor] | ((1 << high) - (1 << low))
        near.append((like | (by["upstream", one.upstream] if one.upstream else 0)) & ~(1 << place))
    return near


def _undominated(held: Sequence[Node], near: Sequence[int]) -> int:
    """All nodes but those in whose place another, no weaker and like no others, will always do."""
    alive = (1 << len(held)) - 1
    for place in sorted(range(len(held)), key=lambda at: (-held[at].weight, at)):
        if not alive >> place & 1:
            continue
        own, rest = (near[place] | 1 << place) & alive, near[place] & alive
        while rest:
            other = (rest & -rest).bit_length() - 1
            rest &= rest - 1
            weaker = (held[other].weight, -other) < (held[place].weight, -place)
            if weaker and own & ~(near[other] | 1 << other) == 0:
                alive &= ~(1 << other)
    return alive


class _Search:
    """The heaviest set of nodes of a graph without an edge between them: exact, until the steps are used up."""

    def __init__(self, gains: Sequence[float], near: Sequence[int]) -> None:
        self._gains, self._near, self._steps = gains, near, STEPS

    def best(self, among: int) -> tuple[float, int]:
        """Its worth and its nodes, among these."""
        gain, chosen = 0.0, 0
        while among:
            part = self._part(among)
            among &= ~part
            worth, which = self._heaviest(part)
            gain, chosen = gain + worth, chosen | which
        return gain, chosen

    def _part(self, among: int) -> int:
        """Those that hang together with the first."""
        part = front = among & -among
        while front:
            place = front.bit_length() - 1
            found = self._near[place] & among & ~part
            part, front = part | found, (front | found) & ~(1 << place)
        return part

    def _heaviest(self, part: int) -> tuple[float, int]:
        places = [place for place in range(part.bit_length()) if part >> place & 1]
        if len(places) == 1:
            return self._gains[places[0]], part
        if self._steps <= 0:
            return self._quick(places)
        self._steps -= 1
        at = max(places, key=lambda place: ((self._near[place] & part).bit_count(), -place))
        with_it = self.best(part & ~(self._near[at] | 1 << at))
        with_it = (with_it[0] + self._gains[at], with_it[1] | 1 << at)
        without = self.best(part & ~(1 << at))
        return with_it if with_it[0] > without[0] else without

    def _quick(self, places: Sequence[int]) -> tuple[float, int]:
        gain, chosen = 0.0, 0
        for place in sorted(places, key=lambda at: (-self._gains[at], at)):
            if not self._near[place] & chosen:
                gain, chosen = gain + self._gains[place], chosen | 1 << place
        return gain, chosen
