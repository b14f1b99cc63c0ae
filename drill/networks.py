"""Fictional supply networks, made from a seed: makers that look diversified, with or without a supplier that all hide.

Knows nothing of data dam: what a plain computation finds here, with all lists in one hand, is what a round of matching
must find without.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final

COUNTRIES: Final = ("AUS", "CAN", "CHL", "CHN", "FIN", "IDN", "JPN", "KOR", "MOZ", "USA")
STAGES: Final = ("anode", "cathode", "cell", "mining", "processing", "refining")
FANS: Final = ((3, 5), (2, 4), (2, 4))  # how many suppliers a maker has, a firm of tier 1, and one further down


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """That somebody buys from a supplier."""

    supplier: str  # register and number
    country: str
    stage: str
    essential: int  # 0, 1 or 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Who buys from whom, down to the last tier that lists anybody."""

    makers: tuple[str, ...]
    tiers: int  # of lists: a maker's own is the first
    suppliers: Mapping[str, tuple[Edge, ...]]  # by customer
    planted: Edge | None
    dependent: tuple[str, ...]  # the makers that all reach what was planted

    def tier(self, number: int) -> tuple[str, ...]:
        """The firms that keep lists so many steps below the makers."""
        firms = set(self.makers)
        for _ in range(number):
            firms = {edge.supplier for firm in firms for edge in self.suppliers.get(firm, ())}
        return tuple(sorted(firm for firm in firms if firm in self.suppliers))

    def reached(self, maker: str) -> set[str]:
        """All that a maker depends on, as far down as there are lists."""
        found: set[str] = set()
        firms = {maker}
        for _ in range(self.tiers):
            firms = {edge.supplier for firm in firms for edge in self.suppliers.get(firm, ())}
            found |= firms
        return found

    def shared(self) -> dict[str, tuple[str, ...]]:
        """Each supplier that several makers depend on, and who: what all lists in one hand would show."""
        makers: dict[str, list[str]] = {}
        for maker in sorted(self.makers):
            for supplier in self.reached(maker):
                makers.setdefault(supplier, []).append(maker)
        return {supplier: tuple(held) for supplier, held in sorted(makers.items()) if len(held) > 1}

    def without(self, firms: set[str]) -> "Network":
        """The same network, of which some firms keep their lists to themselves."""
        kept = {firm: edges for firm, edges in self.suppliers.items() if firm not in firms}
        return Network(
            makers=self.makers, tiers=self.tiers, suppliers=kept, planted=self.planted, dependent=self.dependent
        )


def network(seed: int, *, makers: int = 3, tiers: int = 3, planted: bool = True) -> Network:
    """Makers whose suppliers are all apart, but for one in the last tier, if it is planted, that two or more reach."""
    drawn = random.Random(seed)
    numbers = count(1_000_000)
    offset = drawn.randrange(1_000_000)

    def edge() -> Edge:
        where = drawn.choice(COUNTRIES)
        return Edge(
            supplier=f"BRN:{where[:2]}:{offset + next(numbers)}",
            country=where,
            stage=drawn.choice(STAGES),
            essential=drawn.choice((0, 0, 1, 2)),
        )

    names = tuple(edge().supplier for _ in range(makers))
    suppliers: dict[str, tuple[Edge, ...]] = {}
    last: dict[str, list[str]] = {}
    for maker in names:
        firms = [maker]
        for tier in range(tiers):
            last[maker] = firms
            for firm in firms:
                suppliers[firm] = tuple(edge() for _ in range(drawn.randint(*FANS[min(tier, len(FANS) - 1)])))
            firms = [one.supplier for firm in firms for one in suppliers[firm]]
    if not planted:
        return Network(makers=names, tiers=tiers, suppliers=suppliers, planted=None, dependent=())
    hidden = edge()
    dependent = tuple(sorted(drawn.sample(names, drawn.randint(2, makers))))
    for maker in dependent:
        firm = drawn.choice(last[maker])
        suppliers[firm] = (*suppliers[firm][:-1], hidden)  # in place of another: nobody's list grows by it
    return Network(makers=names, tiers=tiers, suppliers=suppliers, planted=hidden, dependent=dependent)


def some_firms(of: Network, seed: int, share: float) -> set[str]:
    """Firms below the makers that keep lists, each drawn with a chance."""
    drawn = random.Random(seed)
    return {firm for firm in sorted(of.suppliers) if firm not in of.makers and drawn.random() < share}


def caps(tiers: int = 3, room: int = 0) -> tuple[int, ...]:
    """Public sizes of bags, a maker's first, into which each such network goes."""
    sizes = [0] * tiers
    for tier in reversed(range(tiers)):
        fan = FANS[min(tier, len(FANS) - 1)][1]
        sizes[tier] = fan + (fan * sizes[tier + 1] if tier + 1 < tiers else 0)
    return (sizes[0] + room, *sizes[1:])
