"""Backup: a copy of the whole dam as it stood at one moment, made while it is served.

1. cut    while nothing can be logged: the database, the log's tail and the names of all files that belong to it. That
          is what a crash at this moment would leave, and a start makes a sound dam of that
2. copy   the files: none of them changes once it is there. Where one is gone meanwhile, as after a withdrawal, the
          backup begins anew, so that it never holds half of a moment
3. tell   a manifest with every file's digest, written last: without one it is no backup

A deposit that was not sealed is announced in it, no more: its file is the contributor's to send again. Keys go in only
when they are asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from datadam.dam.journal import FINAL
from datadam.dam.world import World
from datadam.errors import Invalid, Refused, Unavailable
from datadam.model import Deposit, Job, Share, Stage, instant
from datadam.ports import Chosen, Rows

STEP: Final = 64 * 1024 * 1024  # bytes in which a backup's size is told: what somebody's rows took does not show in it
ATTEMPTS: Final = 5  # withdrawals are rare: one that comes each time means that the disk is too slow for the dam


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A backup that was made."""

    path: str
    entries: int  # of the log
    files: int
    bytes: int  # at most, in whole `STEP`s
    linked: int  # files that were the same in the backup before, and take no room
    keys: bool
    dropped: tuple[str, ...]  # older backups that were removed


def backup(world: World, into: Path, *, with_keys: bool = False, keep: int | None = None) -> Kept:
    """Make a backup in the folder `into`, beside earlier ones; of all of them the newest `keep` stay.

    None stays longer than `backup_days`, which withdrawal receipts promise; where that is 0, none is made (`Refused`).
    `Unavailable` (`backup.overtaken`) when the dam changes faster than it can be copied.
    """
    if world.archive is None:
        raise Unavailable("backup.no-folder")
    if keep is not None and keep < 1:
        raise Invalid("backup.keep-wrong", keep=keep)
    if not world.settings.backup_days:
        raise Refused("backup.none-promised")
    oldest = world.clock() - timedelta(days=world.settings.backup_days)
    for left in range(ATTEMPTS, 0, -1):
        try:
            with world.archive.draft(into, world.clock()) as draft:
                with world.lock:
                    entries = world.ledger.size
                    draft.cut(_chosen(world))
                facts = {"name": world.settings.name, "made": instant(world.clock()), "entries": entries}
                made = draft.keep(settle, facts, with_keys=with_keys)
            dropped = world.archive.drop(into, keep, oldest)
            return Kept(
                path=str(made.path),
                entries=entries,
                files=made.files,
                bytes=-(-made.bytes // STEP) * STEP,
                linked=made.linked,
                keys=with_keys,
                dropped=tuple(dropped),
            )
        except Unavailable as error:
            if error.code != "backup.overtaken" or left == 1:
                raise
    raise AssertionError  # the last attempt returns or raises


def settle(rows: Rows) -> None:
    """Put the journal right in the copy: what was received and not sealed is announced again."""
    for job in rows.find(Job):
        if job.stage not in FINAL and rows.get(Deposit, job.id) is None:
            facts = {name: value for name, value in job.facts.items() if name not in {"tally", "tries"}}
            rows.put(replace(job, stage=Stage.ANNOUNCED, facts=facts, fault=None))


def _chosen(world: World) -> Chosen:
    """What of the folder belongs to this moment, where that is not everything that lies there."""
    with world.store.read() as rows:
        deposits = frozenset(str(one.id) for one in rows.find(Deposit))
        ended = frozenset(str(one.id) for one in rows.find(Job) if one.stage in FINAL)
        shares = rows.find(Share)
    return Chosen(deposits=deposits, ended=ended, shares=frozenset(_share_files(world, shares)))


def _share_files(world: World, shares: list[Share]) -> Iterator[Path]:
    for share in shares:
        for file in share.files:
            yield world.shares.path(share.standard, share.recipient, share.version, file["name"])
