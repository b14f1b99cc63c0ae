"""Gates over rows: when a reservoir is open, and which groups of its rows leave; what they would leave in coarser form.

No gate over a pool answers who deposits. A reservoir that waits for contributors says how many it waits for and how
many there are, because presence is public. Groups that do not hold are left out when a share is made, without a word:
nothing that the recipient gets tells that there were any. They are judged over all of the reservoir, whatever of it a
recipient may have; so no two recipients can tell a small group by what the one has and the other has not.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from datadam.dam import lineage, pool, stage
from datadam.dam.narrow import Narrowing
from datadam.dam.pool import Pool
from datadam.dam.stage import Staged
from datadam.dam.world import World
from datadam.errors import Refused
from datadam.formats import codelists
from datadam.model import CodeList, Deposit, Share, instant
from datadam.ports import GroupOrder, Groups, Rows, SharePart
from datadam.privacy import grouping, ladders, periods
from datadam.privacy.ladders import Proposal
from datadam.restriction import Restricted

_RESTS: Final = "rests on "  # the note that says by which deposits' rows the groups of a share were judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the groups of a pool's rows are judged by, whoever asks."""

    order: GroupOrder
    staged: Staged
    deposits: tuple[str, ...]  # whose rows are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How a reservoir that waits for contributors stands; all of it is public."""

    needed: int  # distinct verified contributors
    there: int  # of them, in what no period let out yet
    open: bool  # whether any period let rows out
    ends: str  # when the running period is over


def public(world: World, of: Pool) -> Waiting | None:
    """How a pool stands for everybody: deposits that are kept from some are as if there were none.

    None where its rows wait for nobody.
    """
    if not stage.gated(of.standard):
        return None
    with world.store.read() as rows:
        under = {one.deposit: one.terms for one in rows.find(Restricted, standard=str(of.standard.id)) if one.terms}
    cuts = dict.fromkeys(under.values())
    return waiting(world, of, Narrowing(standard=of.standard, columns=of.standard.columns, under=under, cuts=cuts))


def waiting(world: World, of: Pool, narrowing: Narrowing) -> Waiting:
    """How a gated pool stands, by the deposits that are let out to whoever asks."""
    staged, _ = pool.staging(world, of, narrowing)
    with world.store.read() as rows:
        logged = pool.in_order(rows, str(of.standard.id))
    let_out = [one for one in logged if narrowing.piece(one.id) is not None]
    running = {one.contributor for one in let_out if one.id not in staged.stage}
    there = {one.contributor for one in staged.deposits if not staged.out(one.id)} | running
    name = periods.of(world.clock(), stage.length(of.standard))
    return Waiting(
        needed=pool.batch(world, of.standard),
        there=len(there),
        open=grouping.last(staged.ends) != grouping.NEVER,
        ends=instant(periods.end(name)),
    )


def refuse_shut(world: World, of: Pool, narrowing: Narrowing) -> None:
    """Refuse rows of a reservoir that waits for contributors and has not opened yet."""
    if stage.gated(of.standard) and not (now := waiting(world, of, narrowing)).open:
        facts = {"standard": of.standard.id, "needed": now.needed, "contributors": now.there, "ends": now.ends}
        raise Refused("gate.not-open", **facts)


# --- groups -----------------------------------------------------------------------------------------------------------


def judged(world: World, of: Pool) -> Judged | None:
    """What the groups of a pool's rows are judged by; None where rows do not leave by groups."""
    gates = of.standard.gates
    if gates is None or not stage.gated(of.standard) or not grouping.by_groups(gates):
        return None
    staged, files = pool.staging(world, of)
    there = [one for one in staged.deposits if one.id in files]
    order = GroupOrder(
        gates=gates,
        unit=of.standard.bounds.unit,
        columns=of.standard.columns,
        files=tuple(part for one in there for part in _parts(world, of, one, staged, files[one.id])),
        ends=staged.ends,
        left=staged.left,
        supersede=pool.supersedes(of.standard),
    )
    return Judged(order=order, staged=staged, deposits=tuple(one.id for one in there))


def _parts(world: World, of: Pool, one: Deposit, staged: Staged, files: Collection[Path]) -> list[SharePart]:
    view = lineage.view(world, of.standard.id, one.version, under=of.standard.version)
    return [
        SharePart(
            path=path,
            tag=one.tag,
            sequence=one.index,
            contributor=one.contributor,
            country="",
            own=False,
            columns=view.columns or of.standard.columns,
            steps=view.steps,
            stage=staged.stage[one.id],
        )
        for path in files
    ]


def suggest(world: World, id: str, most: Fraction) -> tuple[Proposal, ...]:
    """How coarse identifying columns would have to be for groups to hold, with at most a share `most` suppressed.

    It rests on all rows of the periods that are over, so only the operator may ask, who holds them anyway; and nobody
    where no rows are given: there a number of them would be an answer.
    """
    of = pool.find(world, id)
    by = judged(world, of)
    if by is None:
        raise Refused("gate.no-groups", standard=of.standard.id)
    return proposals(world.groups, by.order, codelists.packaged(), most)


def proposals(groups: Groups, order: GroupOrder, codes: Mapping[str, CodeList], most: Fraction) -> tuple[Proposal, ...]:
    """The same for any rows that are stored as a standard says."""
    gathered = groups.gather(order)
    columns = {column.name: column for column in order.columns}
    found = {
        name: ladders.ladder(columns[name], gathered.values(name), codes)
        for name in order.gates.identifying
        if name in columns
    }

    def measure(coarser: Mapping[str, Sequence[int]]) -> tuple[int, int]:
        told = gathered.measure(order.gates, coarser)
        return told.rows, told.kept

    return ladders.propose(found, gathered.values, measure, codes, most)


# --- shares that rest on groups ---------------------------------------------------------------------------------------


def note(rows: Rows, share: Share, by: Judged | None) -> None:
    """Keep by whose rows the groups of a share were judged; of shares that do not rest on any, nothing."""
    name = _RESTS + f"{share.standard} {share.recipient}"
    if by is not None or rows.noted(name) is not None:
        rows.note(name, json.dumps([] if by is None else by.deposits))


def rested(rows: Rows, share: Share) -> frozenset[str]:
    """The deposits by whose rows the groups of a share were judged."""
    return frozenset(json.loads(rows.noted(_RESTS + f"{share.standard} {share.recipient}") or "[]"))


def current(world: World, of: Pool, share: Share) -> tuple[bool, bool]:
    """Whether a share's groups are still judged by all that they were judged by, and by nothing else."""
    if not stage.gated(of.standard):
        return True, True
    by = judged(world, of)
    with world.store.read() as rows:
        then = rested(rows, share)
    now = frozenset() if by is None else frozenset(by.deposits)
    return then <= now, then == now
