"""Withdraw and amend: a contributor takes back what it deposited, and the dam erases it.

1. take     the contributor's signed statement into the log. From here on no share begins that has these rows
2. retract  every share and every twin that holds them is gone, and so are the addresses of the shares' files
3. purge    in the background, within `erase_hours`: editions, tables and their history, spool, journal, manifests; the
            database is written anew. Then one `purge` statement tells what was reached, and what cannot be

Each step can be done again: a crash anywhere is ended by the next start. An amendment is a deposit and a withdrawal
that are logged together, once the new file was admitted; its table commit takes the old one out as the new one comes.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from datadam import seal
from datadam.dam import abroad, deposit, disclose, edition, lineage, notice, pool, quota, release, state, twin
from datadam.dam.abroad import Reached
from datadam.dam.journal import FINAL, own_job
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.disclosure import Model
from datadam.duties import Notice
from datadam.errors import Invalid, NotFound, Refused, Unavailable, Untrusted
from datadam.formats.statements import shaped
from datadam.model import Deposit, Job, Json, Kind, Stage, Statement, Tier, Withdrawal, instant

_TAKEN: Final = "withdrawn "
_UNSCRUBBED: Final = "thrown away, not scrubbed"  # the note of the last deposit so, empty when there is none


# --- 1. take ----------------------------------------------------------------------------------------------------------


def withdraw(world: World, caller: Caller, envelope: bytes) -> str:
    """Take a signed withdrawal: its statement's id. The deposits are served no more when this returns.

    The same deposits again, all withdrawn before, give the withdrawal that there is.
    """
    statement = _own(caller, envelope)
    if statement.body["replaced_by"] is not None:
        raise Invalid("withdrawal.several")
    deposits: list[str] = statement.body["deposits"]
    with world.lock:
        with world.store.read() as rows:
            state.believe(rows, statement)
            held = [rows.get(Withdrawal, id) for id in deposits]
            jobs = [
                job for id in deposits if (job := rows.get(Job, id)) is not None and job.contributor == caller.member
            ]
        if held[0] is not None and all(one is not None and one.contributor == caller.member for one in held):
            return held[0].statement
        _refuse_unready(jobs)
        with world.store.transaction() as rows:
            rows.note(_TAKEN + statement.id, instant(world.clock()))  # before it: what is due must be known
        state.record(world, statement)
    retract(world, statement.id)
    notice.of_withdrawal(world, statement.id)
    return str(statement.id)


def _own(caller: Caller, envelope: bytes) -> Statement:
    statement = shaped(seal.opened(envelope), Kind.WITHDRAWAL)
    if caller.member is None or caller.standard is not None:
        raise Refused("ask.login-needed")
    if statement.body["contributor"] != caller.member:
        raise Untrusted("withdrawal.not-yours", deposit=statement.body["deposits"][0])
    return statement


def _refuse_unready(jobs: Iterable[Job]) -> None:
    """What is under way has to come to its end first; what was never sealed is not withdrawn but discarded."""
    for job in jobs:
        if job.stage not in FINAL:
            raise Unavailable("withdrawal.under-way", deposit=job.id)
        if job.stage == Stage.REFUSED:
            raise Invalid("withdrawal.unsealed", deposit=job.id)


def amend(world: World, caller: Caller, manifest: bytes, withdrawal: bytes) -> Job:
    """Announce a deposit that is to replace another; the withdrawal of that one is logged if the new one is admitted.

    Until then, and if it is refused, nothing changes. The same again gives the deposit that there is.
    """
    told, new = _own(caller, withdrawal), shaped(seal.opened(manifest), Kind.MANIFEST)
    if told.body["replaced_by"] != new.id or len(told.body["deposits"]) != 1:
        raise Invalid("withdrawal.several")
    (old,) = told.body["deposits"]
    with world.lock:
        with world.store.read() as rows:
            state.believe(rows, told)
            there, left, job = rows.get(Deposit, old), rows.get(Withdrawal, old), rows.get(Job, old)
        if there is None or there.contributor != caller.member:
            raise Untrusted("withdrawal.not-yours", deposit=old)
        if there.standard != new.body["standard"]:
            raise Untrusted("withdrawal.other-standard", deposit=old)
        if left is None:
            _refuse_unready([job] if job else [])
        coming = deposit.announce(world, caller, manifest, instead=old)
        if coming.id == old:
            raise Invalid("amendment.same", deposit=old)
        if left is not None and left.replaced_by != coming.id:
            raise Untrusted("withdrawal.repeated", deposit=old)
        if left is None and str(coming.id) == str(new.id) and coming.stage == Stage.ANNOUNCED:
            coming = replace(coming, facts={**coming.facts, "amends": old, "withdrawal": withdrawal.decode()})
            with world.store.transaction() as rows:
                rows.put(coming)
        elif left is None and coming.facts.get("amends") != old:
            raise Refused("amendment.there", deposit=coming.id, old=old)
        return coming


def discard(world: World, caller: Caller, id: str) -> None:
    """Throw a deposit away that was never sealed, with its rejects; nothing of it is in the log.

    The database is written anew later, by `scrub`: it may be large, and who asks often must not keep it busy.
    """
    job = own_job(world, caller, id)
    with world.store.read() as rows:
        if rows.get(Deposit, job.id) is not None:
            raise Refused("deposit.sealed", deposit=job.id)
    with deposit.alone(world, job.id, ""):
        with world.store.transaction() as rows:
            held = rows.get(Job, job.id)
            if held is not None and held.stage not in {Stage.ANNOUNCED, Stage.REFUSED}:
                raise Unavailable("withdrawal.under-way", deposit=job.id)
            if held is not None:
                quota.thrown_away(world, rows, held)
                if held.stage == Stage.REFUSED:  # one that was only announced told no rows, and its place is zeroed
                    rows.note(_UNSCRUBBED, held.id)
        world.spool.clear(job.id)


def scrub(world: World) -> None:
    """Leave nothing in the database of what was thrown away since the last time."""
    with world.store.read() as rows:
        last = rows.noted(_UNSCRUBBED)
    if not last:
        return
    world.store.scrub()
    with world.store.transaction() as rows:
        if rows.noted(_UNSCRUBBED) == last:  # else another came meanwhile
            rows.note(_UNSCRUBBED, "")


# --- 2. retract -------------------------------------------------------------------------------------------------------


def retract(world: World, id: str) -> None:
    """Remove every share that holds rows of a withdrawal; what is to be replaced stays until it can be."""
    for standard, deposits in _by_standard(_ripe(world, id)).items():
        twin.drop(world, standard, deposits)
        release.retract(world, standard, deposits)


def recover(world: World) -> None:
    """After a start, before anybody is served: remove what a crash left of shares with withdrawn rows."""
    for id in pending(world):
        retract(world, id)


def _ripe(world: World, id: str) -> list[Withdrawal]:
    """The deposits of a withdrawal that are not erased yet; none while what replaces them is not in the table."""
    with world.store.read() as rows:
        held = rows.find(Withdrawal, statement=id, purged=None)
        new = rows.get(Deposit, held[0].replaced_by) if held and held[0].replaced_by else None
        left = new is not None and rows.get(Withdrawal, new.id) is not None
    if new is not None and not left:
        table = lineage.table(world, new.standard, new.version)
        if not world.lake.holds(table, new.id):
            return []
    return held


def _by_standard(held: Iterable[Withdrawal]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for one in held:
        found[one.standard].append(one.deposit)
    return dict(found)


# --- 3. purge ---------------------------------------------------------------------------------------------------------


def pending(world: World) -> list[str]:
    """The withdrawals that are not erased yet, in log order."""
    with world.store.read() as rows:
        held = rows.find(Withdrawal, purged=None)
    return list(dict.fromkeys(one.statement for one in sorted(held, key=lambda one: one.index)))


def concerned(world: World, id: str) -> list[tuple[str, str]]:
    """Whose rows of which reservoirs a withdrawal concerns."""
    with world.store.read() as rows:
        return sorted({(one.contributor, one.standard) for one in rows.find(Withdrawal, statement=id)})


def purge(world: World, id: str) -> None:
    """Erase all that this node has of a withdrawal, then log what was reached and what cannot be.

    Done before, or waiting for what replaces it: nothing happens. Whatever stops it is raised, and the same again goes
    on. Nobody may judge a deposit of the same contributor into the same reservoir meanwhile.
    """
    held = _ripe(world, id)
    if not held:
        return
    notice.of_withdrawal(world, id)  # before anything goes: of a replacement nobody was told yet
    editions: list[str] = []
    for standard, deposits in _by_standard(held).items():
        twin.drop(world, standard, deposits)
        release.retract(world, standard, deposits)
        editions += edition.revise(world, standard, deposits)
        for table in lineage.tables(world, standard):
            world.lake.erase(table, deposits)
    for one in held:
        world.spool.clear(one.deposit)
    with world.store.transaction() as rows:
        for one in held:
            if (job := rows.get(Job, one.deposit)) is not None:
                rows.remove(job)
    for one in held:
        world.bodies.erase(one.deposit)  # the manifest: a mapping may hold values that are the same in every row
    world.store.scrub()
    for one, what in remains(world, held):
        raise Unavailable("withdrawal.not-erased", deposit=one.deposit, what=what)
    state.record(world, state.statement(world, Kind.PURGE, _told(world, id, held, editions)))


def remains(world: World, held: Sequence[Withdrawal]) -> list[tuple[Withdrawal, str]]:
    """What is still there of deposits that are to be erased: the name of each thing."""
    found: list[tuple[Withdrawal, str]] = []
    for one in held:
        for table in lineage.tables(world, one.standard):
            found += [(one, path.name) for path in world.lake.traces(table, [one.deposit])]
        found += [(one, "part")] if one.deposit in world.twins.parts(one.standard) else []
        for frozen in edition.of_reservoir(world, one.standard):
            found += [(one, frozen.id)] if one.deposit in world.editions.files(frozen.id) else []
        try:
            world.bodies.get(one.deposit)
            found.append((one, "manifest"))
        except NotFound:
            pass
        with world.store.read() as rows:
            found += [(one, "journal")] if rows.get(Job, one.deposit) else []
    return found


def _told(world: World, id: str, held: Sequence[Withdrawal], editions: Sequence[str]) -> Json:
    with world.store.read() as rows:
        deposits = [found for one in held if (found := rows.get(Deposit, one.deposit)) is not None]
        recipients = {one.member for one in rows.find(Notice, about=id)}
        elsewhere = abroad.beyond(rows, id)
    days = world.settings.backup_days
    until = instant(world.clock() + timedelta(days=days)) if days else None
    standards = {one.standard for one in held}
    tiers = {pool.find(world, one).standard.tier for one in standards}
    return {
        "contributor": held[0].contributor,
        "withdrawal": id,
        "reached": {
            # auditors read this: of rows that only private answers tell of there is no number
            "rows": None if Tier.ANSWERS in tiers else sum(one.admitted for one in deposits),
            "files": sum(len(one.files) for one in deposits),
            "bodies": len(held),
            "journal": len(held),
            "editions": sorted(editions),
        },
        "beyond": {
            "backups_until": until,
            "recipients": len(recipients),
            "strangers": Tier.OPEN in tiers,
            "models": [one.id for one in disclose.of_withdrawal(world, id)],
            **({"abroad": elsewhere} if elsewhere else {}),
        },
    }


# --- asking -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a withdrawal stands: what it took back, by when it is erased, and what the dam said of that."""

    id: str
    index: int
    deposits: tuple[str, ...]
    replaced_by: str | None
    reason: str
    due: str
    purge: Statement | None
    models: tuple[Model, ...]  # of the register, that may have been trained on what was taken back
    abroad: tuple[Reached, ...]  # guests of other dams who were given it, and models in those dams' registers


def own(world: World, caller: Caller) -> list[Standing]:
    """The caller's withdrawals, newest first."""
    if caller.member is None or caller.standard is not None:
        raise Refused("ask.login-needed")
    with world.store.read() as rows:
        held = rows.find(Withdrawal, contributor=caller.member)
    ids = dict.fromkeys(one.statement for one in sorted(held, key=lambda one: -one.index))
    return [_standing(world, [one for one in held if one.statement == id]) for id in ids]


def standing(world: World, caller: Caller, id: str) -> Standing:
    """One of the caller's withdrawals; another's is as unknown as none."""
    for one in own(world, caller):
        if one.id == id:
            return one
    raise NotFound("withdrawal.unknown", withdrawal=id[:64])


def _standing(world: World, held: Sequence[Withdrawal]) -> Standing:
    first = held[0]
    with world.store.read() as rows:
        elsewhere = tuple(abroad.of_withdrawal(rows, first.statement))
    return Standing(
        id=first.statement,
        index=first.index,
        deposits=tuple(one.deposit for one in held),
        replaced_by=first.replaced_by,
        reason=world.ledger.statement(first.statement).body["reason"],
        due=due(world, first),
        purge=world.ledger.statement(first.purge) if first.purge else None,
        models=tuple(disclose.of_withdrawal(world, first.statement)),
        abroad=elsewhere,
    )


def due(world: World, one: Withdrawal) -> str:
    """By when a withdrawal has to be erased: counted from when the dam took it, or else from when it was signed."""
    with world.store.read() as rows:
        taken = rows.noted(_TAKEN + one.statement) or one.issued
    return instant(datetime.fromisoformat(taken) + timedelta(hours=world.settings.erase_hours))
