"""Lineages: a standard's versions, the table of each, how old rows are read, until when a version is deposited under.

Rows whose stored form differs cannot lie in one table, so a version that changes it begins a new one: `<id>`, then
`<id>_2` and so on. Which version lies where follows from the log alone.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from datadam import evolution, migration
from datadam.dam import state
from datadam.dam.world import World
from datadam.errors import DamError, Invalid, NotFound
from datadam.formats import codelists, odcs
from datadam.model import Column, Deposit, Deprecation, Job, Kind, PublishedStandard, Stage, Standard, Withdrawal, day
from datadam.ports import LakeFile

_OVER: Final = frozenset({Stage.COMMITTED, Stage.REFUSED, Stage.WITHDRAWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a lineage and the table that its rows lie in."""

    standard: Standard
    table: str
    index: int  # of its publication in the log
    text: str  # its contract, to the byte


def versions(world: World, id: str) -> tuple[Version, ...]:
    """Every version of a standard, oldest first; none if there is no such standard."""
    with world.store.read() as rows:
        published = sorted(rows.find(PublishedStandard, id=id), key=lambda one: one.index)
    placed = _placed(tuple(one.text for one in published))
    return tuple(
        Version(standard=standard, table=table, index=one.index, text=one.text)
        for (standard, table), one in zip(placed, published, strict=True)
    )


@lru_cache(maxsize=256)  # YAML and its schema take a fifth of a second, and every deposit asks twice
def contract(text: str) -> Standard:
    """The standard that a published contract says."""
    return odcs.read(text)


@lru_cache(maxsize=256)  # long code lists take milliseconds
def _placed(texts: tuple[str, ...]) -> tuple[tuple[Standard, str], ...]:
    """The standards of successive contracts, each with its table."""
    found: list[tuple[Standard, str]] = []
    number = 1
    for text in texts:
        standard = contract(text)
        if found and not migration.step(found[-1][0], standard, codelists.packaged()).still:
            number += 1
        found.append((standard, str(standard.id) if number == 1 else f"{standard.id}_{number}"))
    return tuple(found)


def table(world: World, id: str, version: str) -> str:
    """The table that rows of one version lie in."""
    for one in versions(world, id):
        if one.standard.version == version:
            return one.table
    raise NotFound("standard.unknown", standard=id[:200], version=version[:40])


def tables(world: World, id: str) -> list[str]:
    """Every table of a standard, oldest first."""
    return list(dict.fromkeys(one.table for one in versions(world, id)))


def files(world: World, id: str) -> list[LakeFile]:
    """The visible files of a standard, in all its tables."""
    return [file for one in tables(world, id) for file in world.lake.files(one)]


def passage(world: World, id: str, version: str, *, under: str | None = None) -> tuple[migration.Step, ...]:
    """How rows of one version are read under a later one, the last if none is named.

    Nothing where they are read as they lie.
    """
    known = versions(world, id)
    places = {one.standard.version: place for place, one in enumerate(known)}
    start, end = places.get(version), places.get(under) if under else len(known) - 1
    if start is None or end is None:
        raise NotFound("standard.unknown", standard=id[:200], version=version[:40])
    return _steps(tuple(one.text for one in known[start : end + 1]))


@lru_cache(maxsize=256)
def _steps(texts: tuple[str, ...]) -> tuple[migration.Step, ...]:
    steps = migration.passage([standard for standard, _ in _placed(texts)], codelists.packaged())
    return () if all(one.still for one in steps) else steps


@dataclass(frozen=True, slots=True)
class View:
    """How the files of one version are read under the last: as they lie where there are no steps."""

    columns: tuple[Column, ...]
    steps: tuple[migration.Step, ...]


def view(world: World, id: str, version: str, *, under: str | None = None) -> View:
    """The columns that lie in files of a version, and the steps to a later version's, the last if none is named."""
    steps = passage(world, id, version, under=under)
    return View(columns(world, id, version) if steps else (), steps)


def columns(world: World, id: str, version: str) -> tuple[Column, ...]:
    """The columns of a version."""
    return next(one.standard.columns for one in versions(world, id) if one.standard.version == version)


def broken(world: World, id: str, since: int) -> tuple[Standard, str] | None:
    """The first version after a log index that breaks what consumers signed for, and when it was published."""
    known = versions(world, id)
    for old, new in pairwise(known):
        if new.index > since and _breaks(old.text, new.text):
            statement = world.ledger.entry(new.index)[1]
            return new.standard, str(world.ledger.statement(statement).body["issued"])
    return None


@lru_cache(maxsize=256)
def _breaks(old: str, new: str) -> bool:
    changes = evolution.compare(contract(old), contract(new))
    return any(one.effect is evolution.Effect.BREAKING and evolution.CONSUMERS in one.breaks for one in changes)


def unread(world: World, new: Standard) -> list[DamError]:
    """Why rows that are there, or on their way, could not be read under a new version."""
    known = [one.standard for one in versions(world, new.id)]
    with world.store.read() as rows:
        gone = {one.deposit for one in rows.find(Withdrawal, standard=new.id)}
        held = {one.version for one in rows.find(Deposit, standard=new.id) if one.id not in gone}
        held |= {one.version for one in rows.find(Job, standard=new.id) if one.stage not in _OVER}
    found: dict[str, DamError] = {}
    for place, old in enumerate(known):
        if old.version in held:
            for one in migration.passage([*known[place:], new], codelists.packaged()):
                found |= {f"{fault.code} {fault.facts}": fault for fault in one.faults}
    return list(found.values())


# --- what a member signed ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """The newest version that a contributor signed, by a manifest that was sealed, and what came after it."""

    version: str
    last: str
    until: str | None  # the day until which it may deposit under it
    accepted: bool  # whether it may today
    changes: tuple[evolution.Change, ...]


def signed(world: World, member: str, id: str) -> Signed | None:
    """What a member signed of a standard; None if it never deposited under it."""
    with world.store.read() as rows:
        theirs = {one.version for one in rows.find(Deposit, contributor=member, standard=id)}
    known = [one.standard for one in versions(world, id)]
    newest = next((one for one in reversed(known) if one.version in theirs), None)
    if newest is None:
        return None
    end = until(world, id, newest.version)
    last = known[-1]
    return Signed(
        version=newest.version,
        last=last.version,
        until=end,
        accepted=_open(world, end) and not any(one.faults for one in passage(world, id, newest.version)),
        changes=() if newest is last else evolution.compare(newest, last),
    )


def may_deposit(world: World, member: str, id: str, version: str) -> None:
    """Refuse a deposit under a version that is over, or is not the last and was never signed by the member."""
    known = [one.standard.version for one in versions(world, id)]
    if not known:
        raise NotFound("standard.unknown", standard=id[:200], version=version[:40])
    end = until(world, id, version)
    if not _open(world, end):
        if version == known[-1]:
            raise Invalid("deposit.standard-ended", standard=id, version=version, until=end)
        raise Invalid("deposit.version-ended", standard=id, version=version, until=end, last=known[-1])
    if version == known[-1]:
        return
    with world.store.read() as rows:
        theirs = bool(rows.find(Deposit, contributor=member, standard=id, version=version))
    if not theirs or any(one.faults for one in passage(world, id, version)):
        raise Invalid("deposit.version-old", standard=id, version=version, last=known[-1])


def until(world: World, id: str, version: str) -> str | None:
    """The last day of a version, if it was declared."""
    with world.store.read() as rows:
        found = rows.get(Deprecation, id, version)
    return None if found is None else found.until


def _open(world: World, end: str | None) -> bool:
    return end is None or world.clock().date() <= day(end)


# --- deprecate --------------------------------------------------------------------------------------------------------


def deprecate(world: World, id: str, version: str, end: str) -> int:
    """Declare the last day on which deposits under a version are taken; the log index.

    The day may be put off, never brought forward: members rely on it.
    """
    table(world, id, version)
    last = day(end)
    if last < world.clock().date():
        raise Invalid("deprecation.past", until=last.isoformat())
    held = until(world, id, version)
    if held is not None and last <= day(held):
        raise Invalid("deprecation.earlier", standard=id, version=version, held=held, until=last.isoformat())
    facts = {"standard": id, "version": version, "until": last.isoformat()}
    return state.record(world, state.statement(world, Kind.DEPRECATION, facts))
