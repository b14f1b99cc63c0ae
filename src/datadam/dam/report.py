"""Report: all that a deposit's contributor, and nobody else, is told of it."""

from dataclasses import dataclass

from datadam.dam import deposit, quality
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.model import Job, Json, Standard
from datadam.prepare import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A deposit as its contributor sees it."""

    job: Job
    standard: Standard
    found: list[Found]  # the first faults of its rows
    survey: Json  # `{findings, columns, changes}`


def overview(world: World, caller: Caller, id: str, *, limit: int) -> Overview:
    """Look a deposit up: another's is as unknown as none."""
    job, found = deposit.report(world, caller, id, limit=limit)
    return Overview(job=job, standard=deposit.standard_of(world, job), found=found, survey=quality.kept(world, job))
