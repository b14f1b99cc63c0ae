"""Pools: what a share is made of, a reservoir as it stands or an edition of it; which deposits, and where they lie.

A deposit that was withdrawn is shown no more. One that left before its batch was whole does not count for it, else the
batch would show fewer contributors than it promises; one that left later keeps its place, else the batch would move.
"""

import heapq
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Final

from datadam.dam import disputed, lineage, stage
from datadam.dam.narrow import Narrowing
from datadam.dam.stage import Staged
from datadam.dam.world import World
from datadam.duties import STRICTNESS
from datadam.errors import NotFound
from datadam.model import (
    Attribution,
    Column,
    Deposit,
    DepositId,
    Edition,
    Repeat,
    Standard,
    Withdrawal,
    edition_of,
    instant,
    moment,
)
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
    strict = _stricter(then.columns, last.columns)
    now = {"tier": last.tier, "attribution": last.attribution, "gates": last.gates, "bounds": last.bounds}
    return Pool(standard=replace(then, **now, columns=strict), edition=edition)  # type: ignore[arg-type]  # fields of it


def _stricter(then: Sequence[Column], now: Sequence[Column]) -> tuple[Column, ...]:
    """Columns as they were, each in the stricter of the class that it had and the one that it has.

    A class may be lowered because its values became coarser: those of then did not.
    """
    classes = {column.name: column.privacy_class for column in now}
    return tuple(
        replace(
            one,
            privacy_class=max(one.privacy_class, classes.get(one.name, one.privacy_class), key=STRICTNESS.__getitem__),
        )
        for one in then
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A deposit in the count of batches: whose it is, and the log indexes at which it came and left."""

    contributor: str
    came: int
    left: int | None = None


def whole_batches(stays: Iterable[Stay], least: int) -> int:
    """How many of the first deposits, given in log order, make whole batches.

    A batch ends with the deposit at which `least` contributors have one in it that they did not withdraw by then. So
    where it ends depends on nothing after it, and what two snapshots differ by is the rows of at least that many.
    """
    whole = 0
    there: Counter[str] = Counter()  # in the batch that is not whole yet: each contributor's deposits
    leaving: list[tuple[int, str]] = []  # a heap: which of them leave, and when
    for place, stay in enumerate(stays, start=1):
        while leaving and leaving[0][0] < stay.came:
            _, contributor = heapq.heappop(leaving)
            there[contributor] -= 1
            if not there[contributor]:
                del there[contributor]
        there[stay.contributor] += 1
        if stay.left is not None:
            heapq.heappush(leaving, (stay.left, stay.contributor))
        if len(there) >= least:
            whole = place
            there.clear()
            leaving.clear()
    return whole


def _stays(logged: Iterable[Deposit], gone: Mapping[DepositId, Withdrawal]) -> Iterable[Stay]:
    for deposit in logged:
        left = gone[deposit.id].index if deposit.id in gone else None
        yield Stay(contributor=deposit.contributor, came=deposit.index, left=left)


def supersedes(standard: Standard) -> bool:
    """Whether of rows that report the same only the newest counts."""
    return standard.repeat is Repeat.SUPERSEDE


def batch(world: World, standard: Standard) -> int:
    """How many contributors' new rows must come together before a share shows any."""
    waits = standard.gates.contributors if stage.gated(standard) and standard.gates is not None else None
    least = EACH if standard.attribution is Attribution.CONTRIBUTOR else world.settings.batch_contributors
    return max(least, waits or EACH)


def deposits(
    world: World, pool: Pool, narrowing: Narrowing | None = None
) -> tuple[list[Deposit], dict[str, list[Path]]]:
    """The deposits that a share of the pool may show now, in log order, and the files of all that are in it.

    What leaves nothing under the narrowing is as if it had never come: it is in no batch, and holds back none.
    """
    if stage.gated(pool.standard):
        return _opened(world, pool, narrowing)
    if pool.edition is not None:
        return _frozen(world, pool.edition, batch(world, pool.standard), narrowing)
    least = batch(world, pool.standard)
    with world.store.read() as rows:
        logged = _let_out(in_order(rows, pool.standard.id), narrowing)
        gone = {one.deposit: one for one in rows.find(Withdrawal, standard=pool.standard.id)}
    there = _lying(world, pool, logged)
    frozen = disputed_deposits(world, pool.standard.id)
    shown = _visible(there, gone, frozen)
    if least == EACH:
        return [deposit for deposit in logged if deposit.id in shown], shown
    # one that is sealed but not yet in the table holds back all after it: a batch is shown whole or not at all
    told = list(takewhile(lambda deposit: deposit.id in there or deposit.id in gone, logged))
    whole = told[: whole_batches(_stays(told, gone), least)]
    return [deposit for deposit in whole if deposit.id in shown], shown


def _lying(world: World, pool: Pool, logged: Iterable[Deposit]) -> dict[str, list[Path]]:
    """The files of the deposits all of whose files are in the table."""
    lying = {(file.tag, Path(file.name).name): file.path for file in lineage.files(world, pool.standard.id)}
    named = ((one.id, [(one.tag, str(file["name"])) for file in one.files]) for one in logged)
    return {id: [lying[name] for name in names] for id, names in named if all(name in lying for name in names)}


def _visible(
    there: Mapping[str, list[Path]], gone: Mapping[DepositId, Withdrawal], frozen: Container[str]
) -> dict[str, list[Path]]:
    return {
        id: files for id, files in there.items() if id not in frozen and not _left(gone.get(DepositId(id)), gone, there)
    }


def staging(world: World, pool: Pool, narrowing: Narrowing | None = None) -> tuple[Staged, dict[str, list[Path]]]:
    """In which periods the deposits of a gated pool came, of those let out; and the files that the table has of them.

    Of an edition's deposits too: what was frozen may be fewer rows, and groups are those of all.
    """
    upto = None if pool.edition is None else pool.edition.upto
    with world.store.read() as rows:
        logged = _let_out(in_order(rows, pool.standard.id), narrowing)
        gone = {one.deposit: one for one in rows.find(Withdrawal, standard=pool.standard.id)}
    there = _lying(world, pool, logged)
    # one that is sealed but not yet in the table holds back all after it, as it would a batch
    told = list(takewhile(lambda one: one.id in there or one.id in gone, logged))
    told = [one for one in told if upto is None or one.index < upto]
    away = disputed_deposits(world, pool.standard.id)
    now = world.clock() if pool.edition is None else _frozen_at(world, pool.edition)
    least = batch(world, pool.standard)
    if pool.edition is not None:
        least = max(least, pool.edition.batch)
    door = stage.Door(length=stage.length(pool.standard), least=least, now=now)
    return stage.staged(world, door, told, gone, away), _visible(there, gone, away)


def _frozen_at(world: World, edition: Edition) -> datetime:
    """When an edition was frozen; what took rows from it since let nothing into it."""
    statement, before = edition.statement, edition.replaces
    while before is not None:
        statement, before = before, world.ledger.statement(before).body["replaces"]
    return moment(stage.told(world, statement))


def _opened(world: World, pool: Pool, narrowing: Narrowing | None) -> tuple[list[Deposit], dict[str, list[Path]]]:
    """The deposits of a gated pool in the periods that opened, and the files of all that are visible."""
    staged, visible = staging(world, pool, narrowing)
    if pool.edition is not None:
        lying = world.editions.files(pool.edition.id)
        visible = {id: [lying[id]] for id in visible if id in lying}
    return [one for one in staged.deposits if one.id in visible and staged.out(one.id)], visible


def _let_out(logged: list[Deposit], narrowing: Narrowing | None) -> list[Deposit]:
    return [one for one in logged if narrowing is None or narrowing.piece(one.id) is not None]


def looked_at(world: World, pool: Pool, narrowing: Narrowing) -> Narrowing:
    """The narrowing with the deposits of which no row leaves for its marking: each is as if it had never come.

    Where rows are read through a migration their markings are known only as they leave: there it counts as if some did.
    """
    if not narrowing.by_marking:
        return narrowing
    files: dict[str, list[Path]] = {}
    if pool.edition is not None:
        files = {id: [path] for id, path in world.editions.files(pool.edition.id).items()}
    else:
        for file in lineage.files(world, pool.standard.id):
            files.setdefault(file.path.stem, []).append(file.path)
    with world.store.read() as rows:
        found = rows.find(Deposit, standard=pool.standard.id)
    limited = [one for one in found if (piece := narrowing.piece(one.id)) is not None and piece.markings is not None]
    bare = (one.id for one in limited if one.id in files and not _marked(world, narrowing, one, files[one.id]))
    return replace(narrowing, bare=frozenset(bare), quiet=frozenset(one.id for one in limited if one.id not in files))


def _marked(world: World, narrowing: Narrowing, deposit: Deposit, files: Sequence[Path]) -> bool:
    """Whether a deposit has any row whose marking leaves."""
    piece, name, standard = narrowing.piece(deposit.id), narrowing.marking, narrowing.standard
    if piece is None or piece.markings is None or name is None:
        return piece is not None
    if lineage.view(world, standard.id, deposit.version, under=standard.version).steps:
        return True
    if all(column.name != name for column in lineage.columns(world, standard.id, deposit.version)):
        return False
    look = world.surveyor.values
    return any(not world.decisions.marked(path, name, look).isdisjoint(piece.markings) for path in files)


def disputed_deposits(world: World, standard: str) -> frozenset[str]:
    """The deposits that a dispute holds up; they keep their places in batches, because their rows are only away."""
    with world.store.read() as rows:
        return disputed.held(rows, standard, now=instant(world.clock())).deposits


def in_order(rows: Rows, standard: str) -> list[Deposit]:
    """Every deposit into a reservoir, in log order, also those that were withdrawn."""
    return sorted(rows.find(Deposit, standard=standard), key=lambda deposit: deposit.index)


def _left(one: Withdrawal | None, gone: Container[str], there: Container[str]) -> bool:
    """Whether a deposit was withdrawn; one that another replaces goes in the moment in which that one comes."""
    return one is not None and (one.replaced_by is None or one.replaced_by in there or one.replaced_by in gone)


def kept(rows: Rows, edition: Edition) -> list[Deposit]:
    """The deposits that an edition was frozen with, in log order, also those that were withdrawn since.

    All that were there: which of them make whole batches is another thing for each asker.
    """
    before = {one.deposit for one in rows.find(Withdrawal, standard=edition.standard) if one.index < edition.upto}
    logged = in_order(rows, edition.standard)
    return [one for one in logged if one.index < edition.upto and one.id not in before]


def contents(rows: Rows, edition: Edition, *, least: int = EACH, narrowing: Narrowing | None = None) -> list[Deposit]:
    """The deposits of an edition that a share of it may show, in log order, also those that were withdrawn since."""
    before_it = [deposit for deposit in in_order(rows, edition.standard) if deposit.index < edition.upto]
    logged = _let_out(before_it, narrowing)
    left = rows.find(Withdrawal, standard=edition.standard)
    before = {one.deposit: one for one in left if one.index < edition.upto}
    whole = logged[: whole_batches(_stays(logged, before), max(edition.batch, least))]
    return [deposit for deposit in whole if deposit.id not in before]


def _frozen(
    world: World, edition: Edition, least: int, narrowing: Narrowing | None
) -> tuple[list[Deposit], dict[str, list[Path]]]:
    with world.store.read() as rows:
        held = contents(rows, edition, least=least, narrowing=narrowing)
        gone = {str(one.deposit) for one in rows.find(Withdrawal, standard=edition.standard)}
    gone |= disputed_deposits(world, edition.standard)
    files = {id: [path] for id, path in world.editions.files(edition.id).items() if id not in gone}
    return [deposit for deposit in held if deposit.id in files], files
