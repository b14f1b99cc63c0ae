"""The least that must be coarser: minimal nodes of a lattice of generalisations, for a property that only grows.

A node says for each column how many steps of its ladder were climbed. Where a node has the property, all above it have
it; where it has not, none below has (the generalisation property: Samarati 2001; LeFevre, DeWitt and Ramakrishnan
2005, Incognito). So looking at the heights in the order of a binary search settles most nodes without looking at them.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import TypeAlias

from datadam.errors import Invalid

Node: TypeAlias = tuple[int, ...]

MAX_NODES = 20_000  # of a lattice: five columns of six steps are 7,776


def minimal(steps: Sequence[int], holds: Callable[[Node], bool]) -> list[Node]:
    """Every node that has the property while none below it has; `steps` says how far each column can climb.

    `Invalid` for a lattice that is too large.
    """
    size = 1
    for most in steps:
        size *= most + 1
    if size > MAX_NODES:
        raise Invalid("gate.too-many-ways", ways=size, limit=MAX_NODES)
    heights: dict[int, list[Node]] = {}
    for node in product(*(range(most + 1) for most in steps)):
        heights.setdefault(sum(node), []).append(node)
    have, have_not = list[Node](), list[Node]()
    for height in _halving(0, sum(steps)):
        for node in heights[height]:
            if any(map(below(node), have)) or any(map(above(node), have_not)):
                continue
            if holds(node):
                have = [one for one in have if not below(one)(node)] + [node]
            else:
                have_not = [one for one in have_not if not above(one)(node)] + [node]
    return sorted(have, key=lambda node: (sum(node), node))


def below(node: Node) -> Callable[[Node], bool]:
    """Whether another node is climbed no further in any column."""
    return lambda other: all(theirs <= mine for mine, theirs in zip(node, other, strict=True))


def above(node: Node) -> Callable[[Node], bool]:
    """Whether another node is climbed as far in each column."""
    return lambda other: all(theirs >= mine for mine, theirs in zip(node, other, strict=True))


def _halving(least: int, most: int) -> Iterator[int]:
    """All numbers from `least` to `most`, the middle first."""
    waiting = [(least, most)]
    for low, high in waiting:
        if low <= high:
            middle = (low + high) // 2
            yield middle
            waiting += [(low, middle - 1), (middle + 1, high)]
