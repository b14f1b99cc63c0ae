"""Charge: what a private answer costs is in the log before any twin is read, and is never given back.

Who asks first gets it: the look at what is left and the charge are one step. A charge whose answer never came, after a
crash or because something was wrong with the rows, stays a charge; it shows by having no answer.
"""

from collections.abc import Sequence

from datadam.dam import charged, state
from datadam.dam.world import World
from datadam.errors import Invalid
from datadam.model import Kind, Standard
from datadam.privacy import accounts, budget, question
from datadam.privacy.accounts import Charge, Twin
from datadam.privacy.budget import Left
from datadam.privacy.question import Question
from datadam.protections import Budget


def take(
    world: World,
    standard: Standard,
    asked: Question,
    twins: Sequence[Twin],
    *,
    member: str | None,
    decision: str | None,
) -> Charge:
    """Charge a question to each of its periods and to the units' life; `Refused` where too little is left.

    `member` None is the operator, whose questions are on the reserve. `decision` is the statement that allows it.
    """
    facts = {
        "standard": str(standard.id),
        "version": standard.version,
        "member": member,
        "decision": decision,
        "periods": list(asked.periods),
        "twins": [one.name for one in twins],
        "question": question.digest(asked),
        "rho": asked.rho,
    }
    with world.lock:
        state.catch_up(world)
        with world.store.read() as rows:
            held = rows.find(Charge, standard=str(standard.id))
        spent = accounts.spent(held, asked.periods, member)
        refused = budget.refusal(
            budget_of(standard), asked.rho, spent, life=accounts.life(held, member), operator=member is None
        )
        if refused is not None:
            raise refused
        statement = state.statement(world, Kind.CHARGE, facts)
        return charged.read(state.record(world, statement), statement.id, statement.body)


def left(world: World, standard: Standard, periods: Sequence[str], *, member: str | None) -> Left:
    """What is left to a member, or to the operator, of these periods and of the units' life: in coarse steps."""
    with world.store.read() as rows:
        held = rows.find(Charge, standard=str(standard.id))
    spent = accounts.spent(held, periods, member)
    return budget.left(budget_of(standard), spent, life=accounts.life(held, member), operator=member is None)


def of(world: World, standard: str) -> list[Charge]:
    """Every charge to a reservoir, in the order of the log."""
    with world.store.read() as rows:
        return sorted(rows.find(Charge, standard=standard), key=lambda one: one.index)


def budget_of(standard: Standard) -> Budget:
    """The declared budget of a standard that gives answers; of another it is `Invalid`."""
    if standard.budget is None:
        raise Invalid("private.no-answers", standard=str(standard.id))
    return standard.budget
