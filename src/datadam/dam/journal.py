"""The journal of deposits: each as its contributor may see it, and what its manifest says that it is judged by."""

import math
from collections.abc import Mapping
from typing import Final

from datadam import seal
from datadam.dam import lineage, publish, references
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import NotFound, Refused
from datadam.formats import codelists
from datadam.mapping import fit_from_json
from datadam.model import CodeList, Deposit, Fit, Job, Json, Stage, Standard, Withdrawal
from datadam.plan import Plan
from datadam.planning import compile_plan
from datadam.prepare import as_prepared

FINAL: Final = frozenset({Stage.COMMITTED, Stage.REFUSED, Stage.WITHDRAWN})
UNDER_WAY: Final = tuple(stage for stage in Stage if stage not in FINAL)


def own_job(world: World, caller: Caller, id: str) -> Job:
    """The caller's own deposit; another's is as unknown as none."""
    with world.store.read() as rows:
        job = rows.get(Job, id)
        sealed = rows.get(Deposit, id)
        gone = rows.get(Withdrawal, id)
    if sealed is not None and (job is None or gone is not None):
        job = job_of(world, sealed)
    if job is None or caller.member is None or caller.standard is not None or job.contributor != caller.member:
        raise NotFound("deposit.unknown", deposit=id[:64])
    return job


def own(world: World, caller: Caller) -> list[Job]:
    """The caller's deposits, newest first, from the log and from the journal; of one second, those under way first."""
    if caller.member is None or caller.standard is not None:
        raise Refused("ask.login-needed")
    with world.store.read() as rows:
        jobs = {job.id: job for job in rows.find(Job, contributor=caller.member)}
        sealed = rows.find(Deposit, contributor=caller.member)
        gone = {one.deposit for one in rows.find(Withdrawal, contributor=caller.member)}
    anew = {one.id: job_of(world, one) for one in sealed if one.id not in jobs or one.id in gone}
    found = {**jobs, **anew}.values()
    places = {one.id: one.index for one in sealed}  # a second holds many, and lists must not change their order
    return sorted(found, key=lambda job: (job.received, places.get(job.id, math.inf), job.id), reverse=True)


def fits(world: World, caller: Caller, standard: str) -> list[Json]:
    """The caller's own confirmed fits for a standard, newest first, each once."""
    found: dict[str, Json] = {}
    for job in own(world, caller):
        if job.standard == standard and job.stage not in {Stage.ANNOUNCED, Stage.WITHDRAWN}:
            body = seal.opened(job.envelope).body
            found.setdefault(body["fit_digest"], body["fit"])
    return list(found.values())


def sealed(world: World, id: str) -> Deposit:
    """A deposit as the log has it."""
    with world.store.read() as rows:
        found = rows.get(Deposit, id)
    if found is None:
        raise NotFound("deposit.unknown", deposit=id[:64])
    return found


def job_of(world: World, deposit: Deposit) -> Job:
    """The job of a sealed deposit, or one made from the log where a rebuild left none, or where it was withdrawn."""
    with world.store.read() as rows:
        held, gone = rows.get(Job, deposit.id), rows.get(Withdrawal, deposit.id)
    if held is not None and gone is None:
        return held
    return Job(
        id=deposit.id,
        contributor=deposit.contributor,
        standard=deposit.standard,
        version=deposit.version,
        envelope="" if gone else seal.envelope(world.ledger.statement(deposit.id)).decode(),
        stage=Stage.WITHDRAWN if gone else Stage.COMMITTED,
        received="",
    )


# --- what it is judged by ---------------------------------------------------------------------------------------------


def plan_of(world: World, job: Job) -> Plan:
    """The Plan of a deposit: its standard's version and its own fit."""
    standard = standard_of(world, job)
    lists = references.unfilled(standard, job.facts.get("references", []))
    return compiled(standard, job, lists)


def compiled(standard: Standard, job: Job, lists: Mapping[str, CodeList]) -> Plan:
    """The Plan with the lists of the references that are judged."""
    codes = {**codelists.packaged(), **{one.name: one for one in lists.values()}}
    return compile_plan(references.bound(standard, lists), fit_of(job), codes)


def standard_of(world: World, job: Job) -> Standard:
    """The standard as a deposit is judged by it: of a file prepared at home, what can be judged of that."""
    standard = lineage.contract(publish.published(world, job.standard, job.version).text)
    return as_prepared(standard) if is_prepared(job) else standard


def fit_of(job: Job) -> Fit:
    """The mapping that the contributor signed."""
    return fit_from_json(seal.opened(job.envelope).body["fit"])


def is_prepared(job: Job) -> bool:
    """Whether the contributor signed that it prepared the file on its own machine."""
    return bool(job.envelope) and "prepared" in seal.opened(job.envelope).body
