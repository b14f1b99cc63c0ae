"""Gates over groups of rows: how many units and values a group must show, and whether one contributor shines through.

A group is all rows that hold the same values in the identifying columns (an equivalence class of quasi-identifiers).

- k       a group has at least k privacy units (Sweeney 2002), counted in units and never in rows
- l       it shows at least l values of the sensitive column (Machanavajjhala et al. 2007, distinct l-diversity); a row
          that holds none shows none
- n-k     its n largest contributors hold at most a share of it (Hundepool et al. 2012, §4.2)
- p %     its second largest contributor, who knows what is its own, may not know the largest's value more closely than
          to p percent (ibid.)

None of this is differential privacy: who knows k − 1 members of a group knows the last one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final, TypeAlias

from datadam.protections import Gates

Weight: TypeAlias = int | Decimal | Fraction

NEVER: Final = -1
"""The stage before the first one: of a group of which no rows leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What the gates look at of one group of rows."""

    units: int  # distinct privacy units
    values: int = 0  # distinct ones of the sensitive column
    weights: tuple[Weight, ...] = ()  # of each contributor, in any order: its rows, or the sum of what is measured


class Opening(StrEnum):
    """Whether something was let out at the end of a stage."""

    SURE = "sure"
    PERHAPS = "perhaps"  # nobody knows any more
    NOT = "not"


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A deposit whose rows are not there any more, by stages: when it came, and the last whose end it saw."""

    came: int
    last: int


def by_groups(gates: Gates | None) -> bool:
    """Whether rows leave by their groups at all."""
    return gates is not None and bool(gates.identifying)


def weighed(gates: Gates) -> bool:
    """Whether the weights of contributors are looked at."""
    return gates.largest is not None or gates.p_percent is not None


def enough(gates: Gates, *, units: int, values: int) -> bool:
    """Whether so many units and values are enough; with more of either they stay so."""
    return units >= least_units(gates) and values >= (gates.diversity or 0)


def least_units(gates: Gates) -> int:
    """K; a group without any unit never leaves."""
    return max(gates.units or 1, 1)


def holds(gates: Gates, group: Group) -> bool:
    """Whether a group passes every gate that is declared."""
    return (
        enough(gates, units=group.units, values=group.values)
        and not dominated(group.weights, gates.largest, gates.largest_share)
        and not guessable(group.weights, gates.p_percent)
    )


def dominated(weights: Sequence[Weight], largest: int | None, share: Decimal | None) -> bool:
    """Whether the `largest` largest weights are more than `share` of all; nothing declared is never broken."""
    if largest is None or share is None:
        return False
    exact = sorted((Fraction(one) for one in weights), reverse=True)
    return sum(exact[:largest]) > Fraction(share) * sum(exact)


def guessable(weights: Sequence[Weight], p_percent: Decimal | None) -> bool:
    """Whether the second largest, taking its own off the total, knows the largest to less than `p_percent` of it."""
    if p_percent is None:
        return False
    exact = [*sorted((Fraction(one) for one in weights), reverse=True), Fraction(0), Fraction(0)]
    return 100 * sum(exact[2:]) < Fraction(p_percent) * exact[0]


# --- from snapshot to snapshot ----------------------------------------------------------------------------------------


def openings(
    ends: Sequence[Opening], suffices: Callable[[int, int], bool], left: Sequence[Left]
) -> tuple[Opening, ...]:
    """Of each stage, whether what came up to its end was let out there: so that each time enough that is new leaves.

    `ends` says whether anything could be let out at a stage's end at all. `suffices(after, upto)` says whether what
    came after the one stage and up to the other is enough, of what is there today and was not superseded by then; with
    more of it, it stays so.

    What somebody withdrew is gone, and nobody knows any more which groups it was in; it may have let out what would
    not be let out without it. So two marks are kept: what came up to the first is out, up to the second it perhaps was.
    Only what came after the second counts as new: it is new then against every earlier snapshot, and enough. What was
    withdrawn by a stage's end was known then, and casts no doubt on what was shown from there on.
    """
    surely = perhaps = NEVER
    found: list[Opening] = []
    for stage, end in enumerate(ends):
        found.append(Opening.NOT)
        doubted = end is Opening.PERHAPS or (perhaps > surely and shaken(left, NEVER, stage))
        if end is Opening.SURE and suffices(perhaps, stage):
            surely = perhaps = stage
            found[-1] = Opening.SURE
        elif end is not Opening.NOT and (shaken(left, surely, stage) or (doubted and suffices(surely, stage))):
            perhaps = stage
            found[-1] = Opening.PERHAPS
    return tuple(found)


def last(found: Sequence[Opening]) -> int:
    """The last stage up to whose end everything is out."""
    return max((stage for stage, one in enumerate(found) if one is Opening.SURE), default=NEVER)


def shaken(left: Sequence[Left], after: int, upto: int) -> bool:
    """Whether a deposit that came after the one stage, and was there at the other's end, is there no more."""
    return any(after < one.came <= upto <= one.last for one in left)
