"""Decide who may take what out: gather the facts, ask the policy, log the answer before anything moves.

A member's answer, a no too, is a statement in the log; asked again, the same statement answers while all it rests on is
the same. Strangers are counted, not logged: who has no key could fill a log with refusals.
"""

from datetime import UTC, datetime, timedelta

from datadam import decisions
from datadam.dam import publish, state
from datadam.dam.remembered import Answer
from datadam.dam.world import World
from datadam.decisions import Judged
from datadam.errors import NotFound
from datadam.model import Allow, Ask, Decided, Decision, Entry, Grant, Json, Kind, Member, Role, Statement, instant


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


# --- looking back -----------------------------------------------------------------------------------------------------


def found(world: World, member: str, id: str) -> Entry:
    """A decision as it was logged, for whom it is about and for auditors; to all others there is none."""
    with world.store.read() as rows:
        decided, reader = rows.get(Decided, id), rows.get(Member, member)
    theirs = decided is not None and decided.member == member
    if decided is None or reader is None or not (theirs or Role.AUDITOR in reader.roles):
        raise NotFound("decision.unknown", decision=id[:64])
    return Entry(index=decided.index, statement=world.ledger.statement(id))


def of(world: World, member: str, *, standard: str | None = None) -> list[Decided]:
    """A member's decisions, in the order of the log."""
    equals = {"member": member} | ({"standard": standard} if standard is not None else {})
    with world.store.read() as rows:
        return sorted(rows.find(Decided, **equals), key=lambda one: one.index)
