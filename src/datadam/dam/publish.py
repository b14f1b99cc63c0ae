"""Publish a standard: read it, check it against its last version, sign it, log it, make its reservoir."""

from collections.abc import Iterator
from functools import lru_cache

from datadam import evolution, governance, seal
from datadam import standard as rules
from datadam.dam import governed, lineage, state
from datadam.dam.world import World
from datadam.errors import DamError, Faults, Invalid, NotFound, Refused
from datadam.formats import codelists, odcs
from datadam.model import Json, Kind, Member, Protection, PublishedStandard, Standard, Statement, Tier, Type


def read(text: str) -> Standard:
    """The Standard that an ODCS text holds, if nothing is wrong with it; else `Faults` with all that is."""
    standard = odcs.read(text)
    faults = rules.check(standard, codelists.packaged())
    if faults:
        raise Faults("standard.faulty", faults, standard=standard.id)
    return standard


def publish(world: World, text: str) -> tuple[Standard, int]:
    """Sign and log a standard; the standard and its log index. The same text again is the same publication."""
    standard = read(text)
    with world.lock:
        last = _last(world, standard.id)
        if last is not None and last.text == text:
            _make_tables(world, standard.id)  # a crash may have come before it
            return standard, last.index
        facts = content(world, standard, text)
        if (deciding := governance.electorate(last, standard)) is not None:
            raise Refused("standard.stewards-decide", standard=standard.id, **governance.told(deciding))
        index = state.record(world, state.statement(world, Kind.STANDARD, facts))
        _make_tables(world, standard.id)
        return standard, index


def content(world: World, standard: Standard, text: str) -> Json:
    """What a statement would say that publishes a version now; `Faults` with all for which it cannot be."""
    last = _last(world, standard.id)
    if last is not None:
        _check_successor(world, odcs.read(last.text), standard)
    if wrong := [*_reference_faults(world, standard), *_steward_faults(world, standard)]:
        raise Faults("standard.faulty", wrong, standard=standard.id)
    return {"standard": standard.id, "version": standard.version, "text": text, "digest": seal.digest(text.encode())}


def enact(world: World, approval: Statement, facts: Json) -> int:
    """Log a version together with the stewards' approval of it, and make its table; its log index."""
    text = str(facts["text"])
    content(world, read(text), text)  # something may have come since it was proposed
    index = state.record(world, approval, state.statement(world, Kind.STANDARD, facts)) + 1
    _make_tables(world, str(facts["standard"]))
    return index


def restore(world: World) -> None:
    """After a start: make the reservoirs whose standards were logged just before a crash."""
    for one in all_published(world):
        _make_tables(world, one.id)


def _make_tables(world: World, id: str) -> None:
    """Each table of a standard, with the columns of the last version whose rows lie in it."""
    for table, columns in {one.table: one.standard.columns for one in lineage.versions(world, id)}.items():
        world.lake.create(table, columns)


def _check_successor(world: World, old: Standard, new: Standard) -> None:
    faults = [*evolution.successor_faults(old, new), *lineage.unread(world, new)]
    if faults:
        raise Faults("standard.breaking", faults, standard=new.id, last=old.version)


def _reference_faults(world: World, standard: Standard) -> Iterator[DamError]:
    """What a draft's references get wrong: they need a text column, in the clear, of rows that can be read."""
    for column in standard.columns:
        if column.reference is None:
            continue
        facts = {"column": column.name, "reference": column.reference.name}
        try:
            other = current(world, column.reference.reservoir)
            named = other.column(column.reference.column)
        except (NotFound, Invalid):
            yield Invalid("standard.reference-unknown", **facts)
            continue
        readable = other.tier in {Tier.OPEN, Tier.AGREEMENT} and other.id != standard.id
        if not readable or named.type is not Type.TEXT or named.protection is not Protection.KEEP:
            yield Invalid("standard.reference-unreadable", **facts)


def _steward_faults(world: World, standard: Standard) -> Iterator[DamError]:
    """Stewards who are to decide are members, and enough of them can sign; some may have left since they were named."""
    if standard.quorum is None:
        return
    with world.store.read() as rows:
        known = {one: held for one in standard.stewards if (held := rows.get(Member, one)) is not None}
        strangers = [one for one in standard.stewards if one not in known or known[one].home is not None]
        able = len(governed.fit(rows, standard.stewards))
    yield from (Invalid("standard.steward-unknown", steward=one) for one in strangers)
    if not strangers and able < standard.quorum:
        yield Invalid("standard.stewards-too-few", able=able, quorum=standard.quorum)


def _last(world: World, id: str) -> PublishedStandard | None:
    with world.store.read() as rows:
        return max(rows.find(PublishedStandard, id=id), key=lambda held: held.index, default=None)


def published(world: World, id: str, version: str | None = None) -> PublishedStandard:
    """A published standard: the version named, or the last one."""
    if version is None:
        found = _last(world, id)
    else:
        with world.store.read() as rows:
            found = rows.get(PublishedStandard, id, version)
    if found is None:
        raise NotFound("standard.unknown", standard=id[:200], version=version or "")
    return found


def current(world: World, id: str) -> Standard:
    """The Standard in force under an id."""
    return parsed(published(world, id).text)


@lru_cache(maxsize=256)
def parsed(text: str) -> Standard:
    """The Standard of a text that was published: YAML takes milliseconds, and every request needs it."""
    return odcs.read(text)


def all_published(world: World) -> list[PublishedStandard]:
    """The last version of every standard, by id."""
    with world.store.read() as rows:
        held = rows.find(PublishedStandard)
    last = {one.id: one for one in sorted(held, key=lambda one: one.index)}
    return [last[id] for id in sorted(last)]
