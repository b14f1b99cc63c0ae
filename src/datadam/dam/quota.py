"""Quotas: how much one member may deposit, a day and in all. They depend on its own deposits and nobody else's.

A day is UTC's. What was announced counts for its day however it ended, because it was work, also when its journal was
thrown away; in all counts what is kept, so a withdrawal makes room. The same deposit announced again counts once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from datadam import seal
from datadam.dam.world import World
from datadam.errors import NotFound, Refused
from datadam.model import Deposit, Job, Json, Stage, Tally, Withdrawal, instant
from datadam.ports import Rows

SPOOL_PARTS: Final = 4  # a member may take one of so many parts of the spool
_UNDER_WAY: Final = (Stage.RECEIVED, Stage.JUDGED, Stage.SEALED)
_COMING: Final[set[tuple[Path, str]]] = set()  # dam and deposit whose file is coming in, which counts whole
_ENDED: Final = frozenset({Stage.REFUSED, Stage.WITHDRAWN})
_THROWN: Final = "thrown away "  # the note of a member: what it threw away of one day's deposits


@dataclass(slots=True)
class Used:
    """What one member has used of its quotas."""

    deposits_per_day: int = 0
    bytes_per_day: int = 0
    rows_per_day: int = 0
    bytes: int = 0
    rows: int = 0


def announced(world: World, member: str, size: int) -> None:
    """Refuse a deposit of so many bytes that would be more than its member's quotas, by the first that it would break.

    The caller holds the world's lock, so that two at once count each other.
    """
    if not any(limits(world).values()):
        return
    used = usage(world, member)
    _refuse(world, "deposits_per_day", used.deposits_per_day, 1)
    _refuse(world, "bytes_per_day", used.bytes_per_day, size)
    _refuse(world, "rows_per_day", used.rows_per_day, 1)  # one at least: how many there are shows later
    _refuse(world, "bytes", used.bytes, size)
    _refuse(world, "rows", used.rows, 1)


def judged(world: World, job: Job, tally: Tally) -> None:
    """Refuse a judged deposit whose rows are more than its member has left."""
    if not (world.settings.member_rows_per_day or world.settings.member_rows):
        return
    used = usage(world, job.contributor, without=job.id)
    _refuse(world, "rows_per_day", used.rows_per_day, tally.rows)
    _refuse(world, "rows", used.rows, tally.admitted)


def thrown_away(world: World, rows: Rows, job: Job) -> None:
    """Remove a job that is to be forgotten, in the caller's transaction; for its day's quotas it counts on."""
    day = _today(world)
    if job.received.startswith(day):
        used = _thrown(rows, job.contributor, day)
        _count_day(used, job)
        noted = {"day": day, "deposits": used.deposits_per_day, "bytes": used.bytes_per_day, "rows": used.rows_per_day}
        rows.note(_THROWN + job.contributor, seal.canonical(noted).decode())
    rows.remove(job)


@contextmanager
def in_the_spool(world: World, job: Job) -> Iterator[None]:
    """Within this an announced file has its room; `Refused` where its member's share of the spool is taken.

    What comes in counts as if it were whole, what came in part as far as it came, and what is not at its end yet.
    """
    place, limit = (world.settings.folder, str(job.id)), spool_share(world)
    with world.lock:  # two at once count each other
        taken = _in_the_spool(world, job)
        if taken + _size(job) > limit:
            raise Refused("spool.share-taken", limit=limit, taken=taken, more=_size(job))
        _COMING.add(place)
    try:
        yield
    finally:
        with world.lock:
            _COMING.discard(place)


def spool_share(world: World) -> int:
    """How many bytes of the spool one member may take; always enough for one file."""
    return max(world.settings.max_spool_bytes // SPOOL_PARTS, world.settings.max_file_bytes)


def _in_the_spool(world: World, but: Job) -> int:
    """What a member's files under way take of the spool, without one."""
    with world.store.read() as rows:
        waiting = rows.find(Job, contributor=but.contributor, stage=Stage.ANNOUNCED)
        held = [job for stage in _UNDER_WAY for job in rows.find(Job, contributor=but.contributor, stage=stage)]
    folder = world.settings.folder
    coming = [job for job in waiting if job.id != but.id and (folder, str(job.id)) in _COMING]
    begun = [job for job in waiting if job.id != but.id and (folder, str(job.id)) not in _COMING]
    return sum(_size(job) for job in held + coming) + sum(world.spool.begun(job.id) for job in begun)


def limits(world: World) -> dict[str, int]:
    """The quotas of every member by name; 0 is none."""
    names = ("deposits_per_day", "bytes_per_day", "rows_per_day", "bytes", "rows")
    return {name: getattr(world.settings, f"member_{name}") for name in names}


def told(world: World, member: str) -> list[Json]:
    """The quotas that there are, with what the member has used of each, and when it begins anew."""
    found = {name: limit for name, limit in limits(world).items() if limit}
    used = usage(world, member) if found else Used()
    resets = instant(_midnight(world))
    return [
        {
            "quota": name,
            "limit": limit,
            "used": getattr(used, name),
            "resets": resets if name.endswith("_day") else None,
        }
        for name, limit in found.items()
    ]


def _refuse(world: World, name: str, used: int, more: int) -> None:
    limit = limits(world)[name]
    if not limit or used + more <= limit:
        return
    facts = {"limit": limit, "left": max(limit - used, 0), "more": more}
    match name:
        case "deposits_per_day":
            raise Refused("quota.deposits-day", **facts, resets=instant(_midnight(world)))
        case "bytes_per_day":
            raise Refused("quota.bytes-day", **facts, resets=instant(_midnight(world)))
        case "rows_per_day":
            raise Refused("quota.rows-day", **facts, resets=instant(_midnight(world)))
        case "bytes":
            raise Refused("quota.bytes-all", **facts)
        case _:
            raise Refused("quota.rows-all", **facts)


def _midnight(world: World) -> datetime:
    """When the next day begins."""
    today = world.clock().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1)


def _today(world: World) -> str:
    return instant(_midnight(world) - timedelta(days=1))[:10]


# --- counting ---------------------------------------------------------------------------------------------------------


def usage(world: World, member: str, *, without: str = "") -> Used:
    """What a member has used, not counting the deposit `without`."""
    today = _today(world)
    with world.store.read() as rows:
        used = _thrown(rows, member, today)
        jobs = {str(job.id): job for job in rows.find(Job, contributor=member) if job.id != without}
        deposits = [one for one in rows.find(Deposit, contributor=member) if one.id != without]
        gone = _gone(rows, member)
    for job in jobs.values():
        if job.received.startswith(today):
            _count_day(used, job)
        if job.stage not in _ENDED and job.id not in gone:
            used.bytes += _size(job)
            used.rows += _told_rows(job, "admitted")
    for deposit in deposits:
        if deposit.id not in jobs:  # its journal is gone, as with a database that was made anew
            _count_logged(world, used, deposit, today=today, gone=deposit.id in gone)
    return used


def _thrown(rows: Rows, member: str, day: str) -> Used:
    """What a member threw away of a day's deposits."""
    noted = seal.parse((rows.noted(_THROWN + member) or "{}").encode())
    if noted.get("day") != day:
        return Used()
    return Used(deposits_per_day=noted["deposits"], bytes_per_day=noted["bytes"], rows_per_day=noted["rows"])


def _count_day(used: Used, job: Job) -> None:
    used.deposits_per_day += 1
    used.bytes_per_day += _size(job)
    used.rows_per_day += _told_rows(job, "rows")


def _told_rows(job: Job, name: str) -> int:
    return int((job.facts.get("tally") or {}).get(name, 0))


def _count_logged(world: World, used: Used, deposit: Deposit, *, today: str, gone: bool) -> None:
    """Count a deposit by what the log says of it."""
    size = _logged_size(world, deposit)
    if str(world.ledger.statement(deposit.outcome).body["issued"]).startswith(today):
        used.deposits_per_day += 1
        used.bytes_per_day += size
        used.rows_per_day += deposit.admitted + deposit.rejected
    if not gone:
        used.bytes += size
        used.rows += deposit.admitted


def _gone(rows: Rows, member: str) -> frozenset[str]:
    return frozenset(str(one.deposit) for one in rows.find(Withdrawal, contributor=member))


def _size(job: Job) -> int:
    return int(seal.opened(job.envelope).body["file"]["size"]) if job.envelope else 0


def _logged_size(world: World, deposit: Deposit) -> int:
    """The size of the file as its manifest tells it; of one that was erased, the size of what was stored of it."""
    try:
        return int(world.ledger.statement(deposit.id).body["file"]["size"])
    except NotFound:
        return sum(_stored(deposit))


def _stored(deposit: Deposit) -> Iterator[int]:
    for file in deposit.files:
        yield int(file["size"])
