"""Deposit: announce, receive, judge, gate, seal, commit, answer. Each stage is durable before the next begins.

1. announce  the contributor's signed manifest; nothing is processed before it
2. receive   the file into the spool, hashed on the way; it must be the file that the manifest names
3. judge     one run of the Plan: admitted rows into the table's folder (not yet visible), rejects into the spool
4. gate      the share of rejected rows against the standard's limit; where answers are given, the part for their twin
5. seal      manifest and outcome into the log. From here on it WILL be visible
6. commit    the table takes the admitted file: look, commit, look again
7. answer    receipt, report, rejects; the original is deleted unless settings say otherwise

After a crash anywhere, `recover` leaves "sealed and visible" or "nothing happened"; a retry with the same manifest
gives the same receipt. A verdict depends on the depositor's own rows and on public code lists alone.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final

from datadam import seal
from datadam.dam import join, journal, lineage, publish, quality, quota, references, report, state, twin
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import DamError, Faults, Invalid, NotFound, Refused, Unavailable, Untrusted, kept
from datadam.formats import codelists, opening, own_terms
from datadam.formats.statements import shaped
from datadam.mapping import fit_digest, fit_from_json
from datadam.model import (
    Deposit,
    DepositId,
    FileFact,
    Job,
    Json,
    Kind,
    Reading,
    Role,
    Source,
    Stage,
    Statement,
    Tally,
    Withdrawal,
    instant,
)
from datadam.plan import Check, Plan
from datadam.planning import compile_plan
from datadam.ports import RECEIVED, Outputs, Progress, Survey
from datadam.prepare import as_prepared, changes

MAX_TRIES: Final = 5  # times that a deposit is judged where each ended the dam: one file must not keep it down for good
MAX_ANNOUNCED: Final = 100  # deposits of one member that wait for their file; each costs a row and a folder
MAX_COMING: Final = 8  # files of one member that come in at once: who sends slowly must not take everybody's room
ANNOUNCED_HOURS: Final = 24  # an announcement whose file never came is dropped after this
_COMING: Final[dict[tuple[Path, str], str]] = {}  # dam and deposit whose file is being received or tidied away → whose


def announce(world: World, caller: Caller, envelope: bytes, *, instead: str | None = None) -> Job:
    """Take a manifest. The same one again, or the same file deposited the same way, gives the deposit there is.

    `instead` names the deposit that this one is to replace: only then may the same file come under other terms.
    """
    statement = shaped(seal.opened(envelope), Kind.MANIFEST)
    body = statement.body
    member = _contributor(world, caller)
    if body["contributor"] != member:
        raise Untrusted("deposit.not-yours", contributor=body["contributor"])
    with world.lock:  # two announcements of one file at once are one deposit
        there = _there_is(world, statement, instead)
        if there is not None:
            return there
        _check_manifest(world, body)
        quota.announced(world, member, body["file"]["size"])
        job = Job(
            id=DepositId(statement.id),
            contributor=member,
            standard=body["standard"],
            version=body["version"],
            envelope=envelope.decode(),
            stage=Stage.ANNOUNCED,
            received=instant(world.clock()),
        )
        with world.store.transaction() as rows:
            if len(rows.find(Job, contributor=member, stage=Stage.ANNOUNCED)) >= MAX_ANNOUNCED:
                raise Refused("deposit.too-many-announced", limit=MAX_ANNOUNCED)
            rows.put(job)
        return job


def _there_is(world: World, statement: Statement, instead: str | None) -> Job | None:
    """The deposit that a manifest means, if there is one already."""
    body = statement.body
    with world.store.read() as rows:
        state.believe(rows, statement)
        held = rows.get(Job, statement.id)
        there = rows.get(Deposit, statement.id)
        alike = rows.find(
            Deposit,
            contributor=body["contributor"],
            standard=body["standard"],
            version=body["version"],
            file_digest=body["file"]["digest"],
            fit_digest=body["fit_digest"],
        )
        same = [one for one in alike if rows.get(Withdrawal, one.id) is None]  # what was taken back may come anew
        going = [rows.find(Job, contributor=body["contributor"], stage=stage) for stage in journal.UNDER_WAY]
    if there is not None:
        return journal.job_of(world, there)
    if held is not None:
        return held
    for job in chain(*going):  # a client that lost our answer signs anew, and means the same deposit
        if _meant(seal.opened(job.envelope).body) == _meant(body):
            return job
    told = {one.id: world.ledger.statement(one.id).body for one in same}
    read_so = [one for one in same if _read_as(told[one.id]) == _read_as(body)]
    under = [one for one in read_so if _own_terms(told[one.id]) == _own_terms(body)]
    if not under and (others := [one for one in read_so if one.id != instead]):
        raise Refused("restriction.deposited-otherwise", deposit=others[-1].id)
    return journal.job_of(world, under[-1]) if under else None


def _own_terms(manifest: Json) -> str | None:
    """The terms of their own that a contributor put on a deposit, in one spelling."""
    return own_terms.kept(manifest["own_terms"]) if "own_terms" in manifest else None


def _read_as(manifest: Json) -> Json:
    """How a manifest's file is read: the same bytes read otherwise are other rows."""
    found: Json = manifest["file"].get("reading", {})
    return found


def _meant(manifest: Json) -> Json:
    """What a manifest says, without what each signing makes anew."""
    return {name: value for name, value in manifest.items() if name not in {"salt", "issued"}}


def _contributor(world: World, caller: Caller) -> str:
    if caller.member is None or caller.standard is not None:
        raise Refused("ask.login-needed")
    member = join.active(world, caller.member)
    if Role.CONTRIBUTOR not in member.roles:
        raise Refused("deposit.not-contributor", member=member.id)
    return member.id


def _check_manifest(world: World, body: Json) -> None:
    lineage.may_deposit(world, body["contributor"], body["standard"], body["version"])
    named = publish.published(world, body["standard"], body["version"])
    fit = fit_from_json(body["fit"])
    if fit_digest(fit) != body["fit_digest"] or (fit.standard, fit.version) != (named.id, named.version):
        raise Invalid("deposit.fit-other", standard=named.id)
    standard = lineage.contract(named.text)
    compile_plan(as_prepared(standard) if "prepared" in body else standard, fit, codelists.packaged())
    if "own_terms" in body:
        held = own_terms.read(body["own_terms"])
        if faults := own_terms.check(held, standard, now=instant(world.clock())):
            raise Faults("restriction.faulty", faults)
    _reading(body["file"])
    size = body["file"]["size"]
    if size > world.settings.max_file_bytes:
        raise Invalid("deposit.file-too-large", size=size, limit=world.settings.max_file_bytes)
    if not size:
        raise Invalid("deposit.file-empty", name=body["file"]["name"])


def receive(world: World, caller: Caller, id: str, chunks: Iterator[bytes]) -> Job:
    """Spool the announced file. One that is not what the manifest says is `Invalid`, and nothing of it stays."""
    contributor = join.active(world, journal.own_job(world, caller, id).contributor).id
    with alone(world, id, contributor):  # else a second transfer could bring other bytes than were found right
        job = journal.own_job(world, caller, id)
        if job.stage != Stage.ANNOUNCED:
            return job
        told = seal.opened(job.envelope).body["file"]
        with quota.in_the_spool(world, job):
            try:
                _, digest, size = world.spool.receive(
                    job.id, chunks, limit=min(told["size"], world.settings.max_file_bytes)
                )
                _check_received(job, digest, size)
            except BaseException:  # however it ends, half a file is none
                world.spool.clear(job.id)
                raise
            return _moved(world, job, Stage.RECEIVED)  # once this is durable, the file must stay


def received(world: World, job: Job, digest: str, size: int) -> Job:
    """Move an announced deposit on whose file is in the spool; `Invalid` if it is not what the manifest says."""
    _check_received(job, digest, size)
    return _moved(world, job, Stage.RECEIVED)


def _check_received(job: Job, digest: str, size: int) -> None:
    told = seal.opened(job.envelope).body["file"]
    if (digest, size) != (told["digest"], told["size"]):
        raise Invalid("deposit.file-other", name=told["name"], size=size, expected=told["size"])


@contextmanager
def alone(world: World, id: str, contributor: str) -> Iterator[None]:
    """Within this, nobody else receives or tidies that deposit; `Unavailable` if somebody does already.

    `Refused` to a contributor with too many files under way.
    """
    place = (world.settings.folder, id)
    with world.lock:
        if place in _COMING:
            raise Unavailable("deposit.busy", deposit=id)
        theirs = [dam for (dam, _), whose in _COMING.items() if (dam, whose) == (world.settings.folder, contributor)]
        if len(theirs) >= MAX_COMING:
            raise Refused("deposit.too-many-coming", limit=MAX_COMING)
        _COMING[place] = contributor
    try:
        yield
    finally:
        with world.lock:
            del _COMING[place]


def _moved(world: World, job: Job, stage: Stage, **changes: object) -> Job:
    moved = replace(job, stage=stage, **changes)  # type: ignore[arg-type]  # `replace` cannot know the fields
    with world.store.transaction() as rows:
        rows.put(moved)
    return moved


def process(world: World, id: str, progress: Progress) -> Job:
    """Take a received deposit to its end: committed, or refused with the reason kept in `fault`."""
    with world.store.read() as rows:
        job, held, gone = rows.get(Job, id), rows.get(Deposit, id), rows.get(Withdrawal, id)
    if job is None:
        raise NotFound("deposit.unknown", deposit=id[:64])
    if held is not None and gone is None and job.stage not in journal.FINAL:
        return _commit(world, job)  # a crash came after the seal: its rows must not be judged anew
    if gone is not None or job.stage not in {Stage.RECEIVED, Stage.JUDGED}:
        return job
    if job.fault is not None:  # a crash came while it was being refused
        return _end_refused(world, job)
    try:
        job, tally, plan = _judge(world, job, progress)
        _gate(plan, tally)
        quota.judged(world, job, tally)
        twin.bound(world, job, str(job.facts["tag"]))
    except DamError as error:
        if error.code.startswith(("store.", "twin.")):  # it was away for a moment: no fault of the file's
            raise
        return refuse(world, job.id, error)
    progress("seal", 0, None)
    job = _seal(world, job, tally)
    if job.stage in journal.FINAL:
        return job
    progress("commit", 0, None)
    return _commit(world, job)


def give_up(world: World, id: str, error: DamError) -> Job | None:
    """End a deposit that broke off while it was judged; one that the log may have is left for the next start."""
    with world.store.read() as rows:
        job = rows.get(Job, id)
    return refuse(world, id, error) if job is not None and job.stage == Stage.RECEIVED else job


def _judge(world: World, job: Job, progress: Progress) -> tuple[Job, Tally, Plan]:
    manifest = seal.opened(job.envelope)
    standard = journal.standard_of(world, job)
    readable = references.read(world, job.contributor, standard)
    plan = journal.compiled(standard, job, readable.lists)
    with world.lock:  # two first deposits at once must find one tag
        tag = _tag(world, job)
        begun = {**_amending(job), "tag": tag}
        job = _moved(world, job, Stage.RECEIVED, facts={**begun, "tries": _tries(job)})
    folder = world.spool.folder(job.id)
    into = Outputs(
        admitted=world.lake.place(lineage.table(world, job.standard, job.version), tag, job.id),
        rejects=folder / report.REJECTS,
        deposit=job.id,
        unit_keys={domain: world.secrets.secret(f"unit-{domain}") for domain in _domains(plan)},
        key_secret=seal.keyed(world.secrets.secret("rows"), job.standard),
        held=_held(world, job, tag) if plan.bit(Check.REPEAT) is not None else (),
    )
    told = manifest.body["file"]
    source = Source(
        path=str(folder / RECEIVED),
        format=told["format"],
        name=told["name"],
        reading=_reading(told),
        room=partial(world.spool.beside, job.id),
    )
    try:
        tally = world.engine.run(plan, source, into, progress)
    except Exception:  # told, or stopped in order: only a try that ended the dam counts
        _moved(world, job, Stage.RECEIVED, facts=begun)
        raise
    order = quality.order(world, job, (standard, plan), into, tally)
    seen = Survey(findings=readable.unread, columns=tally.columns)
    quality.look_over(world, job, order, seen, changes(standard, plan, journal.fit_of(job)))
    facts = {**_amending(job), "tag": tag, "tally": _tally_facts(tally), "references": sorted(readable.lists)}
    return _moved(world, job, Stage.JUDGED, facts=facts), tally, plan


def _tries(job: Job) -> int:
    """Which try this is to judge a deposit; one too many is `Unavailable`."""
    tries = int(job.facts.get("tries", 0)) + 1
    if tries > MAX_TRIES:
        raise Unavailable("deposit.tries-spent", tries=MAX_TRIES)
    return tries


def _reading(told: Json) -> Reading | None:
    """How the contributor signed that the file is read; None where an older client says nothing of it."""
    return opening.reading_from_json(told["format"], told["reading"]) if "reading" in told else None


def _amending(job: Job) -> Json:
    """Which deposit this one is to replace, and the signed withdrawal of that: what `withdraw.amend` left here."""
    return {name: job.facts[name] for name in ("amends", "withdrawal") if name in job.facts}


def _held(world: World, job: Job, tag: str) -> list[Path]:
    """The contributor's own visible files: without those that it took back, or that this deposit is to replace."""
    with world.store.read() as rows:
        gone = {str(one.deposit) for one in rows.find(Withdrawal, contributor=job.contributor, standard=job.standard)}
    gone.add(str(job.facts.get("amends")))
    return [file.path for file in lineage.files(world, job.standard) if file.tag == tag and file.path.stem not in gone]


def _domains(plan: Plan) -> list[str]:
    """The pseudonym domains that a plan needs keys of."""
    return sorted({cell.domain for cell in plan.cells if cell.domain is not None})


def _tally_facts(tally: Tally) -> Json:
    """Counts only: the store never holds rows or values."""
    return {
        "rows": tally.rows,
        "admitted": tally.admitted,
        "rejected": tally.rejected,
        "faults": dict(tally.faults),
        "files": [asdict(file) for file in tally.files],
    }


def _tag(world: World, job: Job) -> str:
    """The contributor's opaque partition in this reservoir: random, the same for all its deposits there."""
    with world.store.read() as rows:
        for deposit in rows.newest(Deposit, "index", 1, contributor=job.contributor, standard=job.standard):
            return deposit.tag
        for other in rows.find(Job, contributor=job.contributor, standard=job.standard):
            if "tag" in other.facts:
                return str(other.facts["tag"])
    return secrets.token_hex(8)


def _gate(plan: Plan, tally: Tally) -> None:
    """Refuse a deposit with more rejects than its standard allows, or without a single good row."""
    if tally.rejected > plan.reject_limit * tally.rows:
        raise Refused(
            "deposit.too-many-rejects", rejected=tally.rejected, rows=tally.rows, limit=f"{plan.reject_limit:.1%}"
        )
    if not tally.admitted:
        raise Refused("deposit.nothing-admitted", rows=tally.rows)


def _seal(world: World, job: Job, tally: Tally) -> Job:
    """Log manifest and outcome. What the tables would not believe (a key that was replaced meanwhile) is refused.

    Whatever else goes wrong comes out as it is and leaves the deposit judged: the log may have it, and only the next
    start can tell.
    """
    manifest = seal.opened(job.envelope)
    table = [{"name": Path(f.path).name, "digest": f.digest, "size": f.size, "rows": f.rows} for f in tally.files]
    facts = {
        "manifest": job.id,
        "contributor": job.contributor,
        "standard": job.standard,
        "version": job.version,
        "file_digest": manifest.body["file"]["digest"],
        "fit_digest": manifest.body["fit_digest"],
        "rows": tally.rows,
        "admitted": tally.admitted,
        "rejected": tally.rejected,
        "faults": dict(tally.faults),
        "tag": job.facts["tag"],
        "files": table,
        **({"own_terms": manifest.body["own_terms"]} if "own_terms" in manifest.body else {}),
    }
    outcome = state.statement(world, Kind.OUTCOME, facts)
    told = [manifest, outcome]
    if "withdrawal" in job.facts:  # of what this deposit replaces: both are logged, or neither
        told.append(seal.opened(str(job.facts["withdrawal"])))
    with world.lock:
        try:
            state.rehearse(world, *told)
        except DamError as error:
            return refuse(world, job.id, error)
        state.record(world, *told)
    return _moved(world, job, Stage.SEALED)


def _commit(world: World, job: Job) -> Job:
    with world.store.read() as rows:
        deposit = rows.get(Deposit, job.id)
    if deposit is None:
        raise Untrusted("deposit.sealed-unlogged", deposit=job.id)
    commit(world, deposit)
    if not world.settings.keep_original:
        world.spool.discard(job.id, RECEIVED)
    return _moved(world, job, Stage.COMMITTED)


def commit(world: World, deposit: Deposit) -> None:
    """Make a sealed deposit visible, once; what it replaces leaves the table in the same commit.

    Where another version's table holds that, no share has both: see `pool.deposits`.
    """
    with world.store.read() as rows:
        old = rows.find(Withdrawal, contributor=deposit.contributor, replaced_by=deposit.id)
    table = lineage.table(world, deposit.standard, deposit.version)
    place = world.lake.place(table, deposit.tag, deposit.id)
    files = [FileFact(path=str(place), digest=f["digest"], size=f["size"], rows=f["rows"]) for f in deposit.files]
    if old:
        gone = {one.deposit for one in old}
        world.lake.replace(table, deposit.tag, deposit.id, files, gone=gone)
    else:
        world.lake.append(table, deposit.tag, deposit.id, files)


def refuse(world: World, id: str, error: DamError) -> Job:
    """End a refused deposit: no row of it stays in the table's folder; its rejects stay for its contributor."""
    with world.store.read() as rows:
        job, held = rows.get(Job, id), rows.get(Deposit, id)
    if job is None:
        raise NotFound("deposit.unknown", deposit=id[:64])
    if held is not None:
        return job
    # the reason first: after a crash the file may be gone, and could not tell it again
    return _end_refused(world, _moved(world, job, Stage(job.stage), fault=kept(error)))


def _end_refused(world: World, job: Job) -> Job:
    if "tag" in job.facts:
        twin.drop(world, job.standard, [job.id])
        world.lake.forget(lineage.table(world, job.standard, job.version), str(job.facts["tag"]), job.id)
    world.spool.discard(job.id, RECEIVED)
    return _moved(world, job, Stage.REFUSED)


def recover(world: World) -> list[str]:
    """After a start: make every sealed deposit visible; the ids of received ones, which are to be processed again."""
    publish.restore(world)
    twin.recover(world)
    with world.store.read() as rows:
        jobs = rows.find(Job)
        gone = {one.deposit for one in rows.find(Withdrawal)}
        deposits = {deposit.id: deposit for deposit in rows.find(Deposit) if deposit.id not in gone}
    again: list[str] = []
    for job in jobs:
        if job.id in deposits and job.stage not in journal.FINAL:
            _commit(world, job)
        elif job.stage in {Stage.RECEIVED, Stage.JUDGED} and job.id not in gone:
            again.append(job.id)
    told = {job.id for job in jobs}
    for deposit in deposits.values():
        table = lineage.table(world, deposit.standard, deposit.version)
        if deposit.id not in told and not world.lake.holds(table, deposit.id):
            commit(world, deposit)
    return again


def tidy(world: World) -> int:
    """Remove rejects past their days and announcements whose file never came; how many deposits that touched."""
    now = world.clock()
    rejects_before = instant(now - timedelta(days=world.settings.rejects_days))
    announced_before = instant(now - timedelta(hours=ANNOUNCED_HOURS))
    touched = 0
    with world.store.read() as rows:
        jobs = rows.find(Job)
    for job in jobs:
        if job.stage in journal.FINAL and job.received < rejects_before and not job.facts.get("rejects_gone"):
            _drop_rejects(world, job)
            touched += 1
        elif job.stage == Stage.ANNOUNCED and job.received < announced_before:
            touched += _drop_announced(world, job)
    return touched


def _drop_rejects(world: World, job: Job) -> None:
    if world.settings.keep_original:
        for name in (report.REJECTS, *report.RETURNED, quality.SURVEY):
            world.spool.discard(job.id, name)
    else:
        world.spool.clear(job.id)
    _moved(world, job, Stage(job.stage), facts={**job.facts, "rejects_gone": True})


def _drop_announced(world: World, job: Job) -> bool:
    """Forget an announcement, unless its file came after all, or is coming."""
    try:
        with alone(world, job.id, ""):
            with world.store.transaction() as rows:
                if rows.get(Job, job.id) != job:
                    return False
                rows.remove(job)
            world.spool.clear(job.id)
            return True
    except Unavailable:
        return False
