"""Decide who may take what out: gather the facts, ask the policy, log the answer before anything moves.

A member's answer, a no too, is a statement in the log; asked again, the same statement answers while all it rests on is
the same. Strangers are counted, not logged: who has no key could fill a log with refusals.
"""

from datetime import UTC, datetime, timedelta

from datadam import decisions
from datadam.dam import publish, state
from datadam.dam.login import Caller
from datadam.dam.remembered import Answer
from datadam.dam.world import World
from datadam.decisions import Judged
from datadam.errors import Invalid, NotFound, Refused
from datadam.formats import countries
from datadam.model import (
    Allow,
    Ask,
    Decided,
    Decision,
    Entry,
    Grant,
    Json,
    Kind,
    Member,
    MemberId,
    Role,
    Statement,
    StandardId,
    instant,
)
from datadam.terms import PURPOSES, Action


def decide(world: World, ask: Ask) -> tuple[Decision, str | None]:
    """Allow `ask`, or say everything that stands in the way; and the id of the statement that says so.

    A stranger's answer has none.
    """
    if ask.member is None:
        decision = trial(world, ask)
        world.decisions.count("stranger-allowed" if isinstance(decision, Allow) else "stranger-denied")
        return decision, None
    held = world.decisions.recall(ask)
    if held is not None and held.generation == world.decisions.generation and instant(world.clock()) < held.until:
        world.decisions.count("repeated")
        return held.decision, held.id
    with world.lock:  # what is looked at and what is logged of it are one step: nothing is taken back in between
        generation, held = world.decisions.generation, world.decisions.recall(ask)  # another may have asked meanwhile
        facts = _facts(world, ask)
        until = _until(facts, world.clock())
        lasting = {name: value for name, value in facts.items() if name != "now"}
        if held is not None and held.facts == lasting and facts["now"] < held.until:
            world.decisions.still(ask, held, generation=generation, until=until)
            world.decisions.count("repeated")
            return held.decision, held.id
        judged = decisions.judge(facts)
        statement = _statement(world, facts, judged)
        state.record(world, statement)
        world.decisions.count("allowed" if isinstance(judged.decision, Allow) else "denied")
        world.decisions.keep(
            ask,
            Answer(decision=judged.decision, id=statement.id, facts=lasting, until=until, generation=generation),
        )
        return judged.decision, statement.id


def wish(purpose: str | None, destination: str | None) -> tuple[str | None, str | None]:
    """What for and to where, as somebody sent it; `Invalid` unless both are words that there are."""
    if purpose and purpose not in PURPOSES:
        raise Invalid("ask.purpose-unknown", purpose=purpose[:60], purposes=", ".join(PURPOSES))
    return purpose or None, countries.assigned(destination) if destination else None


def trial(world: World, ask: Ask) -> Decision:
    """What the answer would be now; nothing is logged, because nothing moves."""
    return decisions.judge(_facts(world, ask)).decision


def _facts(world: World, ask: Ask) -> Json:
    """All that the decision rests on."""
    standard = publish.current(world, ask.standard)
    with world.store.read() as rows:
        member = rows.get(Member, ask.member) if ask.member is not None else None
        grants = rows.find(Grant, member=ask.member, standard=standard.id) if ask.member is not None else []
    return decisions.granted(ask, standard, member, grants, world.clock())


def _until(facts: Json, now: datetime) -> str:
    """The next instant at which the answer can change although nothing is logged: days pass, and leaves end."""
    tomorrow = instant((now + timedelta(days=1)).astimezone(UTC).replace(hour=0, minute=0, second=0))
    ends = [str(one["expires"]) for one in facts["grants"] if one["expires"] and one["expires"] > facts["now"]]
    return min([tomorrow, *ends])


def _statement(world: World, facts: Json, judged: Judged) -> Statement:
    return state.statement(world, Kind.DECISION, decisions.told(facts, judged, None))


# --- asking what would be -------------------------------------------------------------------------------------------


def about(world: World, caller: Caller, member: str | None) -> MemberId:
    """Whom a trial may be about: oneself, or for an auditor anybody that there is; else `Refused`."""
    if caller.member is None:
        raise Refused("ask.login-needed")
    if member in {None, caller.member}:
        return caller.member
    if not _audits(world, caller.member):
        raise Refused("ask.not-yours")
    with world.store.read() as rows:
        known = rows.get(Member, str(member))
    if known is None:
        raise NotFound("member.unknown", member=str(member)[:40])
    return known.id


def wished(world: World, sent: Json) -> Ask:
    """An ask as JSON: `{member, action, standard, purpose, destination}`; the last two may be absent or null."""
    action = str(sent["action"])
    if action not in list(Action):
        raise Invalid("ask.action-unknown", action=action[:40], actions=", ".join(Action))
    standard = StandardId(publish.published(world, str(sent["standard"])).id)
    purpose, destination = wish(sent.get("purpose"), sent.get("destination"))
    member = MemberId(sent["member"])
    return Ask(member=member, standard=standard, action=action, purpose=purpose, destination=destination)


def everybody(world: World, caller: Caller, sent: Json) -> list[tuple[Member, Decision]]:
    """Who could get this and who not, and why: every member by its id, for auditors only."""
    if caller.member is None or not _audits(world, caller.member):
        raise Refused("ask.not-yours")
    with world.store.read() as rows:
        members = [one for one in rows.find(Member) if one.until is None]
    return [(one, trial(world, wished(world, {**sent, "member": one.id}))) for one in members]


def _audits(world: World, member: str) -> bool:
    with world.store.read() as rows:
        held = rows.get(Member, member)
    return held is not None and held.until is None and Role.AUDITOR in held.roles


# --- looking back -----------------------------------------------------------------------------------------------------


def found(world: World, member: str, id: str) -> Entry:
    """A decision as it was logged, for whom it is about and for auditors; to all others there is none."""
    with world.store.read() as rows:
        decided = rows.get(Decided, id)
    if decided is None or not (decided.member == member or _audits(world, member)):
        raise NotFound("decision.unknown", decision=id[:64])
    return Entry(index=decided.index, statement=world.ledger.statement(id))


def of(world: World, member: str, *, standard: str | None = None) -> list[Decided]:
    """A member's decisions, in the order of the log."""
    equals = {"member": member} | ({"standard": standard} if standard is not None else {})
    with world.store.read() as rows:
        return sorted(rows.find(Decided, **equals), key=lambda one: one.index)
