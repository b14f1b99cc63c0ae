"""Stages: deposits by the period in which they were sealed, and at the end of which periods they were let out.

Where a standard's gates wait for contributors, or judge rows by groups, nothing of the running period leaves, and no
period whose end had too few contributors that are new; it waits for the next. What was withdrawn counts for nobody, and
what it perhaps let out is in doubt (`grouping.openings`). So what any two snapshots differ by is of enough of them.
"""

from bisect import bisect_right
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from datadam.dam.world import World
from datadam.errors import NotFound
from datadam.model import Deposit, DepositId, Standard, Tier, Withdrawal, moment
from datadam.privacy import grouping, periods
from datadam.privacy.grouping import Left, Opening

PERIOD: Final = "day"  # where rows are judged by groups, and the standard names no longer period
_ROWS: Final = frozenset({Tier.OPEN, Tier.AGREEMENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """Deposits of periods that are over, and which of these periods let them out."""

    deposits: tuple[Deposit, ...] = ()  # that stand, in log order
    stage: Mapping[str, int]  # deposit → its stage
    ends: tuple[Opening, ...] = ()  # of each stage
    left: tuple[Left, ...] = ()

    def out(self, deposit: str) -> bool:
        """Whether a deposit leaves."""
        return deposit in self.stage and self.stage[deposit] <= grouping.last(self.ends)


def gated(standard: Standard) -> bool:
    """Whether rows of a reservoir leave by periods at all."""
    gates = standard.gates
    waits = gates is not None and (gates.contributors is not None or grouping.by_groups(gates))
    return waits and standard.tier in _ROWS


def length(standard: Standard) -> str:
    """How long a period is."""
    return standard.bounds.period or PERIOD


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How a reservoir opens."""

    length: str  # of its periods
    least: int  # contributors that stand, with something in a period that no earlier one let out
    now: datetime


def staged(
    world: World, door: Door, logged: Sequence[Deposit], gone: Mapping[DepositId, Withdrawal], away: Container[str]
) -> Staged:
    """Put deposits, given in log order, into their periods, and open these; those `away` come back some day."""
    sealed = _sealed(world, logged)
    names = [periods.of(moment(one), door.length) for one in sealed]
    over = [name for name in dict.fromkeys(names) if periods.over(name, door.now)]
    place = {name: number for number, name in enumerate(over)}
    stage: dict[str, int] = {one.id: place[name] for one, name in zip(logged, names, strict=True) if name in place}
    closed = [periods.end(name) for name in over]
    left = []
    for one in logged:
        if one.id in stage and one.id in away:
            left.append(Left(came=stage[one.id], last=len(over)))
        elif one.id in stage and one.id in gone:
            seen = bisect_right(closed, _by(world, gone[one.id], logged, sealed)) - 1
            left.append(Left(came=stage[one.id], last=seen))
    standing = tuple(one for one in logged if one.id in stage and one.id not in gone and one.id not in away)

    def suffices(after: int, upto: int) -> bool:
        return len({one.contributor for one in standing if after < stage[one.id] <= upto}) >= door.least

    ends = grouping.openings([Opening.SURE] * len(over), suffices, left)
    return Staged(deposits=standing, stage=stage, ends=ends, left=tuple(dict.fromkeys(left)))


def _sealed(world: World, logged: Iterable[Deposit]) -> list[str]:
    """When each deposit was sealed, never earlier than the one before; of one whose outcome is erased, as that one."""
    found: list[str] = []
    for one in logged:
        try:
            when = told(world, one.outcome)
        except NotFound:
            when = ""
        found.append(max(when, found[-1] if found else "1970-01-01T00:00:00Z"))
    return found


def told(world: World, statement: str) -> str:
    """When the dam signed a statement of its own; in the log that stays as it is."""
    return world.decisions.sealed_at(statement, lambda: str(world.ledger.statement(statement).body["issued"]))


def _by(world: World, one: Withdrawal, logged: Sequence[Deposit], sealed: Sequence[str]) -> datetime:
    """By when a deposit was gone at the latest: the log tells the order, and the dam's own statements the time."""
    after = [when for deposit, when in zip(logged, sealed, strict=True) if deposit.index > one.index][:1]
    if one.purge is not None:
        after.append(told(world, one.purge))
    return moment(min(after)) if after else world.clock()
