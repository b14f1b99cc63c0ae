"""Upload: an announced file in pieces, over as many connections as it takes. What was told as taken stays taken.

The manifest says how long the file is and what its SHA-256 is; a piece says where it begins. Only the next byte is
taken, so that two senders cannot mix, and a sender that lost our answer asks how far it has come. A file that turns out
to be another one, or longer than was announced, ends its announcement: a new one begins anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from datadam import seal
from datadam.dam import deposit, join, journal, quota
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import DamError, Invalid
from datadam.model import Job, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a file has come."""

    offset: int  # bytes that are durable
    length: int  # bytes in all
    complete: bool
    seconds: int  # until the announcement is forgotten


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What a sender says of a piece before it comes."""

    offset: int
    last: bool  # the file ends with it
    size: int | None = None
    length: int | None = None  # of the whole file


def standing(world: World, caller: Caller, id: str) -> Standing:
    """How far the caller's own file has come; another's is as unknown as none."""
    job = journal.own_job(world, caller, id)
    length = _length(job)
    if job.stage != Stage.ANNOUNCED:
        return Standing(offset=length, length=length, complete=True, seconds=0)
    forgotten = datetime.fromisoformat(job.received) + timedelta(hours=deposit.ANNOUNCED_HOURS)
    seconds = max(0, int((forgotten - world.clock()).total_seconds()))
    return Standing(offset=world.spool.begun(job.id), length=length, complete=False, seconds=seconds)


def append(world: World, caller: Caller, id: str, piece: Piece, chunks: Iterator[bytes]) -> Job:
    """Take one more piece of an announced file; with the last one it must be the file that the manifest names."""
    contributor = join.active(world, journal.own_job(world, caller, id).contributor).id
    with deposit.alone(world, id, contributor):
        job = journal.own_job(world, caller, id)
        if job.stage != Stage.ANNOUNCED:
            raise Invalid("upload.completed", deposit=job.id)
        length = _length(job)
        _check(piece, length)
        with quota.in_the_spool(world, job):
            try:
                offset = world.spool.append(job.id, chunks, offset=piece.offset, limit=length)
                if not piece.last:
                    return job
                if offset != length:
                    raise Invalid("upload.length-other", length=offset, announced=length)
                _, digest, size = world.spool.finish(job.id)
                return deposit.received(world, job, digest, size)
            except DamError as error:
                if error.code in {"spool.file-too-large", "spool.damaged", "deposit.file-other"}:
                    _drop(world, job)
                raise


def cancel(world: World, caller: Caller, id: str) -> None:
    """Forget the caller's own announcement and what came of its file; one that is whole is past that."""
    contributor = journal.own_job(world, caller, id).contributor
    with deposit.alone(world, id, contributor):
        job = journal.own_job(world, caller, id)
        if job.stage != Stage.ANNOUNCED:
            raise Invalid("upload.completed", deposit=job.id)
        _drop(world, job)


def _length(job: Job) -> int:
    return int(seal.opened(job.envelope).body["file"]["size"])


def _check(piece: Piece, length: int) -> None:
    """Refuse what cannot fit before any of it is taken."""
    if piece.length is not None and piece.length != length:
        raise Invalid("upload.length-other", length=piece.length, announced=length)
    if piece.size is None:
        return
    end = piece.offset + piece.size
    if end > length or (piece.last and end != length):
        raise Invalid("upload.length-other", length=end, announced=length)


def _drop(world: World, job: Job) -> None:
    with world.store.transaction() as rows:
        quota.thrown_away(world, rows, job)
    world.spool.clear(job.id)
