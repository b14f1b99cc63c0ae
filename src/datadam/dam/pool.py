"""Pools: what a share is made of, a reservoir as it stands or an edition of it; which deposits, and where they lie.

A deposit that was withdrawn is shown no more, yet keeps its place in the count of batches: where a batch ends must not
move with what leaves.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Final

from datadam.dam import lineage
from datadam.dam.world import World
from datadam.errors import NotFound
from datadam.model import Attribution, Deposit, DepositId, Edition, Standard, Withdrawal, edition_of
from datadam.ports import Rows

EACH: Final = 1  # contributors in a batch where rows tell who contributed them anyway


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A reservoir, or an edition of it: what its rows are read under."""

    standard: Standard
    edition: Edition | None = None

    @property
    def id(self) -> str:
        """What it is opened by, `reservoir` or `reservoir@name`."""
        return self.edition.id if self.edition else str(self.standard.id)


def find(world: World, id: str) -> Pool:
    """The pool with that id, or `NotFound`.

    An edition has the columns of its own time, and is given out as strictly as its reservoir is now.
    """
    name = edition_of(id)[1] if "@" in id else None
    reservoir = id.partition("@")[0]
    known = lineage.versions(world, reservoir)
    if not known:
        raise NotFound("standard.unknown", standard=id[:200], version="")
    last = known[-1].standard
    if name is None:
        return Pool(standard=last)
    with world.store.read() as rows:
        edition = rows.get(Edition, reservoir, name)
    if edition is None:
        raise NotFound("edition.unknown", edition=id[:200])
    then = next(one.standard for one in known if one.standard.version == edition.version)
    return Pool(standard=replace(then, tier=last.tier, attribution=last.attribution), edition=edition)


def whole_batches(contributors: Sequence[str], least: int) -> int:
    """How many of the first deposits, given by contributor in log order, make whole batches.

    A batch ends with the deposit that brings its `least`-th contributor, so where it ends depends on nothing after it:
    what two snapshots differ by is always the rows of at least that many. Deposits that leave later keep their place
    in the count.
    """
    whole, seen = 0, set[str]()
    for place, contributor in enumerate(contributors, start=1):
        seen.add(contributor)
        if len(seen) >= least:
            whole, seen = place, set()
    return whole


def batch(world: World, standard: Standard) -> int:
    """How many contributors' new rows must come together before a share shows any."""
    return EACH if standard.attribution is Attribution.CONTRIBUTOR else world.settings.batch_contributors


def deposits(world: World, pool: Pool) -> tuple[list[Deposit], dict[str, list[Path]]]:
    """The deposits that a share of the pool may show now, in log order, and the files of all that are in it."""
    if pool.edition is not None:
        return _frozen(world, pool.edition, batch(world, pool.standard))
    least = batch(world, pool.standard)
    with world.store.read() as rows:
        logged = in_order(rows, pool.standard.id)
        gone = {one.deposit: one for one in rows.find(Withdrawal, standard=pool.standard.id)}
    lying = {(file.tag, Path(file.name).name): file.path for file in lineage.files(world, pool.standard.id)}
    there: dict[str, list[Path]] = {}
    for deposit in logged:
        named = [(deposit.tag, str(one["name"])) for one in deposit.files]
        if all(name in lying for name in named):
            there[deposit.id] = [lying[name] for name in named]
    shown = {id: files for id, files in there.items() if not _left(gone.get(DepositId(id)), gone, there)}
    if least == EACH:
        return [deposit for deposit in logged if deposit.id in shown], shown
    # one that is sealed but not yet in the table holds back all after it: a batch is shown whole or not at all
    told = list(takewhile(lambda deposit: deposit.id in there or deposit.id in gone, logged))
    whole = told[: whole_batches([deposit.contributor for deposit in told], least)]
    return [deposit for deposit in whole if deposit.id in shown], shown


def in_order(rows: Rows, standard: str) -> list[Deposit]:
    """Every deposit into a reservoir, in log order, also those that were withdrawn."""
    return sorted(rows.find(Deposit, standard=standard), key=lambda deposit: deposit.index)


def _left(one: Withdrawal | None, gone: Container[str], there: Container[str]) -> bool:
    """Whether a deposit was withdrawn; one that another replaces goes in the moment in which that one comes."""
    return one is not None and (one.replaced_by is None or one.replaced_by in there or one.replaced_by in gone)


def contents(rows: Rows, edition: Edition, *, least: int = EACH) -> list[Deposit]:
    """The deposits that an edition was frozen with, in log order, also those that were withdrawn since."""
    logged = [deposit for deposit in in_order(rows, edition.standard) if deposit.index < edition.upto]
    before = {one.deposit for one in rows.find(Withdrawal, standard=edition.standard) if one.index < edition.upto}
    whole = logged[: whole_batches([deposit.contributor for deposit in logged], max(edition.batch, least))]
    return [deposit for deposit in whole if deposit.id not in before]


def _frozen(world: World, edition: Edition, least: int) -> tuple[list[Deposit], dict[str, list[Path]]]:
    with world.store.read() as rows:
        held = contents(rows, edition, least=least)
        gone = {one.deposit for one in rows.find(Withdrawal, standard=edition.standard)}
    files = {id: [path] for id, path in world.editions.files(edition.id).items() if id not in gone}
    return [deposit for deposit in held if deposit.id in files], files
