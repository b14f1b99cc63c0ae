"""Twins: of each unit the few rows that private answers are drawn from; a part a deposit, a twin a period.

1. bound   a deposit's part, after its gate and before its seal; what a crash left of an unsealed one, a start drops
2. merge   when its period is over, for the first question about it: the parts of all deposits of it that stand
3. drop    parts, and every twin that they were in, as soon as their deposit leaves; the next question has the next twin

The log tells a twin by keyed digests of whose parts it is and of its file, so that nothing in it can be guessed from
rows, or rows from it. A part that is missing is made again from the admitted file.
"""

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from datadam import seal
from datadam.dam import cap, lineage, narrow, pool, publish, state
from datadam.dam.narrow import Narrowing, Piece
from datadam.dam.world import World
from datadam.errors import NotFound, Unavailable
from datadam.formats import codelists
from datadam.model import Deposit, Job, Json, Kind, Member, Standard, Tier, Withdrawal, instant
from datadam.ports import PartOrder
from datadam.privacy import periods, recipes
from datadam.privacy.accounts import Twin
from datadam.privacy.recipe import Recipe
from datadam.restriction import Asker
from datadam.terms import Action

_MADE_BY: Final = "twins "  # the note that says by what a standard's parts were made
WAITERS: Final = 16  # questions that wait while one is answered; each holds a thread of the server
_STRIPES: Final = tuple(threading.RLock() for _ in range(16))  # what is asked is not dropped meanwhile
_ROOM: Final = tuple(threading.BoundedSemaphore(WAITERS + 1) for _ in _STRIPES)


@contextmanager
def alone(world: World, standard: str) -> Iterator[None]:
    """Within this, nobody else makes, drops or asks twins of a standard. Never taken by who holds the dam's lock."""
    with _STRIPES[_stripe(world, standard)]:
        yield


@contextmanager
def in_turn(world: World, standard: str) -> Iterator[None]:
    """The same for a question; `Unavailable` to more than `WAITERS` at once, who would keep the server from others."""
    room = _ROOM[_stripe(world, standard)]
    if not room.acquire(blocking=False):
        raise Unavailable("private.busy", standard=standard)
    try:
        with alone(world, standard):
            yield
    finally:
        room.release()


def _stripe(world: World, standard: str) -> int:
    return hash((world.settings.folder, standard)) % len(_STRIPES)


def recipe_of(standard: Standard) -> Recipe:
    """How rows of a standard become its twin."""
    return recipes.recipe(standard, codelists.packaged())


# --- 1. bound ---------------------------------------------------------------------------------------------------------


def bound(world: World, deposit: Job | Deposit, tag: str) -> None:
    """Make the part of a deposit whose admitted rows are written; nothing where its reservoir gives no answers."""
    standard = publish.current(world, deposit.standard)
    if standard.tier is Tier.ANSWERS and _readable(world, standard, deposit.version):
        with alone(world, deposit.standard):
            last = publish.current(world, deposit.standard)
            _settle(world, last)
            _bound(world, recipe_of(last), deposit, tag)


def _bound(world: World, recipe: Recipe, deposit: Job | Deposit, tag: str) -> None:
    table = lineage.table(world, deposit.standard, deposit.version)
    order = PartOrder(
        recipe=recipe,
        secret=seal.keyed(_secret(world, deposit.standard), "rows"),
        admitted=world.lake.place(table, tag, deposit.id),
        tag=tag,
        deposit=deposit.id,
        steps=lineage.passage(world, deposit.standard, deposit.version),
    )
    world.twins.bound(order)


def _settle(world: World, standard: Standard) -> None:
    """Drop the parts that were made by another recipe, or as another version read the rows. The caller is `alone`."""
    now, name = _made_by(world, standard), f"{_MADE_BY}{standard.id}"
    with world.store.read() as rows:
        before = rows.noted(name)
    if before != now:
        world.twins.drop(str(standard.id), world.twins.parts(str(standard.id)))
        with world.store.transaction() as rows:
            rows.note(name, now)


def _made_by(world: World, standard: Standard) -> str:
    """What twins are made by: the recipe, and the table whose rows it is read from, which follows from the log."""
    table = lineage.table(world, str(standard.id), standard.version)
    return seal.digest(seal.canonical([table, _told(recipe_of(standard))]))


def _readable(world: World, standard: Standard, version: str) -> bool:
    """Whether the last version reads rows of an earlier one; `publish` sees to it as long as there are any."""
    try:
        return not any(one.faults for one in lineage.passage(world, str(standard.id), version))
    except NotFound:  # no such version
        return False


def _secret(world: World, standard: str) -> bytes:
    return seal.keyed(world.secrets.secret("rows"), "twin", standard)


# --- 2. merge ---------------------------------------------------------------------------------------------------------


def standing(world: World, standard: Standard, period: str, narrowing: Narrowing) -> list[Deposit]:
    """The deposits of a period that its twin is made of for whoever is let in so, in the order of the log.

    Left out is what was taken back or is held up by a dispute, what its contributor's cap keeps out, what is under
    terms that do not let all of it out, and what the last version cannot read.
    """
    with world.store.read() as rows:
        gone = {one.deposit for one in rows.find(Withdrawal, standard=str(standard.id))}
        logged = [one for one in pool.in_order(rows, str(standard.id)) if one.id not in gone]
    readable = {one for one in {held.version for held in logged} if _readable(world, standard, one)}
    disputed, capped = pool.disputed_deposits(world, str(standard.id)), cap.left_out(world, standard, period)
    return [
        one
        for one in logged
        if one.id not in disputed
        and one.contributor not in capped
        and narrowing.piece(one.id) == Piece()
        and cap.period_of(world, standard, one) == period
        and one.version in readable
    ]


def plain(world: World, standard: Standard) -> Narrowing:
    """What of a reservoir is let out to whoever asks for no purpose and has no part in anything: the operator."""
    home = world.settings.jurisdiction
    asker = Asker(action=Action.QUERY, purpose=None, roles=frozenset(), jurisdiction=home, destination=home)
    with world.store.read() as rows:
        return narrow.narrowing(rows, standard, standard.columns, (), asker, now=instant(world.clock()))


def least(standard: Standard) -> int:
    """How many contributors open a period."""
    said = standard.gates.contributors if standard.gates is not None else None
    return max(said or 1, 1)


def contributors(world: World, deposits: Sequence[Deposit]) -> int:
    """How many members in good standing, each of which the dam accepted by name, stand behind deposits."""
    with world.store.read() as rows:
        held = (rows.get(Member, one) for one in {one.contributor for one in deposits})
        return sum(one is not None and not one.suspended for one in held)


def current(world: World, standard: Standard, period: str, deposits: Sequence[Deposit]) -> Twin:
    """The twin of a period that is made of these deposits and of no others: the one there is, or the next.

    `Unavailable`, whatever is the matter with it, and nothing of that is told. The caller holds `alone`.
    """
    recipe = recipe_of(standard)
    facts: dict[str, str] = {
        "recipe": _made_by(world, standard),
        "deposits": seal.keyed(_secret(world, str(standard.id)), "deposits", *(one.id for one in deposits)).hex(),
    }
    with world.store.read() as rows:
        alike = rows.find(Twin, standard=str(standard.id), period=period, **facts)
        number = len(rows.find(Twin, standard=str(standard.id), period=period)) + 1
    try:
        _settle(world, standard)
        for twin in alike:
            if intact(world, twin):
                return twin
        for twin in alike:  # its file went with a disk, or with a backup
            if _merged(world, recipe, twin.name, deposits) == twin.commitment:
                return twin
        name = f"{period}.{number}"
        facts |= {"standard": str(standard.id), "version": standard.version, "period": period, "name": name}
        facts["commitment"] = _merged(world, recipe, name, deposits)
        statement = state.statement(world, Kind.TWIN, facts)
        index = state.record(world, statement)
    except Exception as error:  # what is wrong with rows must not be told
        raise Unavailable("private.not-ready", standard=standard.id, period=period) from error
    return Twin(statement=statement.id, index=index, **facts)


def _merged(world: World, recipe: Recipe, name: str, deposits: Sequence[Deposit]) -> str:
    """Merge the parts, and make first what is missing of them; the keyed digest of the file."""
    there = world.twins.parts(recipe.standard, recipe)
    for one in deposits:
        if one.id not in there:
            _bound(world, recipe, one, one.tag)
    made = world.twins.merge(recipe, name, [one.id for one in deposits])
    return commitment(world, recipe.standard, name, made.digest)


def commitment(world: World, standard: str, name: str, digest: str) -> str:
    """How the log tells a twin's file: by its SHA-256 under a key, which nobody can guess rows by.

    With the twin's name: of two that are alike nobody sees it, and so that what came or left changed nothing.
    """
    return seal.keyed(_secret(world, standard), "commitment", name, digest).hex()


def intact(world: World, twin: Twin) -> bool:
    """Whether a twin's file is there, and is the one that the log tells of."""
    digest = world.twins.digest(twin.standard, twin.name)
    return digest is not None and seal.same(commitment(world, twin.standard, twin.name, digest), twin.commitment)


def path(world: World, twin: Twin) -> Path:
    """Where a twin lies."""
    return world.twins.path(twin.standard, twin.name)


def _told(recipe: Recipe) -> Json:
    """A recipe as JSON."""
    sums = {name: [str(one.lowest), str(one.highest), one.scale] for name, one in recipe.sums.items()}
    return {
        "standard": recipe.standard,
        "unit": recipe.unit,
        "rows": recipe.rows,
        "hashed": list(recipe.hashed),
        "supersede": recipe.supersede,
        "keys": {name: list(keys) for name, keys in recipe.keys.items()},
        "open": list(recipe.open),
        "sums": sums,
    }


# --- 3. drop ----------------------------------------------------------------------------------------------------------


def drop(world: World, standard: str, deposits: Collection[str]) -> None:
    """Destroy the parts of deposits, and every twin that they were in."""
    with alone(world, standard):
        world.twins.drop(standard, deposits)


def recover(world: World) -> None:
    """After a start: drop the parts of what was never sealed, or was taken back, or is of another recipe."""
    for published in publish.all_published(world):
        standard = publish.parsed(published.text)
        if standard.tier is not Tier.ANSWERS:
            continue
        with world.store.read() as rows:
            gone = {str(one.deposit) for one in rows.find(Withdrawal, standard=published.id)}
            sealed = {str(one.id) for one in rows.find(Deposit, standard=published.id)}
        with alone(world, published.id):
            _settle(world, standard)
            held = world.twins.parts(published.id)
            known = world.twins.parts(published.id, recipe_of(standard))
            world.twins.drop(published.id, held - (known & (sealed - gone)))


def prepare(world: World) -> int:
    """Make parts and twins that are missing, so that no question waits and tells of them by its time; how many.

    Twins of periods that are over and open, of all that is under no terms of its own.
    """
    made = 0
    for published in publish.all_published(world):
        standard = publish.parsed(published.text)
        if standard.tier is Tier.ANSWERS:
            made += _parts(world, standard) + _twins(world, standard)
    return made


def _parts(world: World, standard: Standard) -> int:
    recipe, made = recipe_of(standard), 0
    with world.store.read() as rows:
        gone = {one.deposit for one in rows.find(Withdrawal, standard=str(standard.id))}
        deposits = [one for one in rows.find(Deposit, standard=str(standard.id)) if one.id not in gone]
    with alone(world, standard.id):
        _settle(world, standard)
        held = world.twins.parts(recipe.standard, recipe)  # once for all: it opens every part
    for one in (one for one in deposits if one.id not in held):
        with alone(world, standard.id):
            _settle(world, standard)
            if one.id not in world.twins.parts(recipe.standard, recipe) and _readable(world, standard, one.version):
                _bound(world, recipe, one, one.tag)
                made += 1
    return made


def _twins(world: World, standard: Standard) -> int:
    with world.store.read() as rows:
        before = len(rows.find(Twin, standard=str(standard.id)))
        named = {cap.period_of(world, standard, one) for one in rows.find(Deposit, standard=str(standard.id))}
    for period in sorted(named):
        with alone(world, standard.id):
            deposits = standing(world, standard, period, plain(world, standard))
            if periods.over(period, world.clock()) and contributors(world, deposits) >= least(standard):
                current(world, standard, period, deposits)
    with world.store.read() as rows:
        return len(rows.find(Twin, standard=str(standard.id))) - before
