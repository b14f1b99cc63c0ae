"""Report: all that a deposit's contributor, and nobody else, is told of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from datadam import texts
from datadam.dam import journal, quality
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import NotFound
from datadam.model import Job, Json, Reason, Standard
from datadam.prepare import Found, asked, found

REJECTS: Final = "rejects.parquet"
RETURNED: Final = tuple(f"rejects.{language}" for language in texts.LANGUAGES)  # CSV; one may be sent while another is


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A deposit as its contributor sees it."""

    job: Job
    standard: Standard
    found: list[Found]  # the first faults of its rows
    survey: Json  # `{findings, columns, changes}`


def overview(world: World, caller: Caller, id: str, *, limit: int) -> Overview:
    """Look a deposit up: another's is as unknown as none."""
    job, broken = faults(world, caller, id, limit=limit)
    return Overview(job=job, standard=journal.standard_of(world, job), found=broken, survey=quality.kept(world, job))


def faults(world: World, caller: Caller, id: str, *, limit: int) -> tuple[Job, list[Found]]:
    """A deposit with the first `limit` faults of its rows."""
    job = journal.own_job(world, caller, id)
    if not _has_rejects(job):
        return job, []
    plan, standard = journal.plan_of(world, job), journal.standard_of(world, job)
    return job, found(standard, plan, world.engine.faults(plan, world.spool.folder(job.id) / REJECTS, limit))


def rejects(
    world: World, caller: Caller, id: str, sentence: Callable[[Reason], str], *, language: str = texts.LANGUAGES[0]
) -> Path:
    """The refused rows as a CSV in the contributor's own layout, each with its reasons; nobody else may ask.

    `sentence` puts a reason into words of `language`, one of `texts.LANGUAGES`: each language has a file of its own.
    """
    job = journal.own_job(world, caller, id)
    if not _has_rejects(job):
        raise NotFound("deposit.no-rejects", deposit=job.id)
    plan, standard = journal.plan_of(world, job), journal.standard_of(world, job)
    folder = world.spool.folder(job.id)
    into = folder / RETURNED[texts.LANGUAGES.index(language)]
    world.engine.return_rejects(
        plan, folder / REJECTS, into, {rule.id: sentence(asked(standard, rule)) for rule in plan.rules}
    )
    return into


def _has_rejects(job: Job) -> bool:
    return bool(job.facts.get("tally", {}).get("rejected")) and not job.facts.get("rejects_gone")
