"""Ask: a private answer, drawn from the bounded twins of periods that are over, charged before anything is read.

1. read     the question against the standard alone, into one canonical form
2. decide   whether the asker may ask for this purpose, logged before anything moves
3. open     its periods are over, and enough members in good standing handed something in: both are public
4. recall   the same question about the same twins has its answer already, which costs nothing more
5. charge   in the log, within the budget; from here on there is one refusal for whatever happens, and nothing back
6. answer   exact integers of the twins, noise, a signed statement with its claim; then a receipt

Whatever is refused before the charge is refused for the question, the standard, public presence or the budget.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from datadam import decisions, texts
from datadam.dam import charge, decide, order, prove, publish, state, twin
from datadam.dam.login import Caller
from datadam.dam.narrow import Narrowing
from datadam.dam.world import World
from datadam.errors import Invalid, NotFound, Refused
from datadam.formats.statements import shaped
from datadam.model import Ask, Deny, Deposit, Json, Kind, Standard, Statement, Tier, instant
from datadam.ports import Cells
from datadam.privacy import answering, claim, periods, question, reading
from datadam.privacy.accounts import Charge, Twin
from datadam.privacy.budget import STEPS, Left
from datadam.privacy.question import Question
from datadam.privacy.recipe import Recipe
from datadam.privacy.sensitivity import Mechanism
from datadam.terms import CURRENT, Action

NO_ANSWER: Final = "private.no-answer"
"""The one refusal from the charge on, whatever happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A private answer as its asker gets it: the signed statement, and what is left now."""

    statement: Statement
    index: int
    stored: bool  # it was given before, and cost nothing this time
    left: Left
    receipt: Json

    @property
    def body(self) -> Json:
        """What the dam signed: question, result, claim, cost, twins."""
        return self.statement.body


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question that somebody may ask."""

    standard: Standard
    recipe: Recipe
    question: Question
    narrowing: Narrowing
    member: str | None  # None: the operator
    decision: str | None


def answer(world: World, caller: Caller, sent: object, *, purpose: str | None = None) -> Answer:
    """Answer a member's question, as JSON (`privacy.question`); the same one about the same rows is answered the same.

    `Invalid` or `Refused` with what is wrong where no row was looked at; afterwards always `private.no-answer`.
    """
    if caller.member is None or caller.standard is not None:
        raise Refused("ask.login-needed")
    standard, recipe, asked = read(world, sent)
    ask = Ask(
        member=caller.member,
        standard=standard.id,
        purpose=purpose or caller.purpose,
        action=Action.QUERY,
        destination=caller.destination,
    )
    decision, decided = decide.decide(world, ask)
    told = decisions.for_asker(decision, standard.id)
    if isinstance(told, Deny):
        raise order.refusal(world, told.reasons)
    narrowing = decide.narrowed(world, ask, standard)
    if not narrowing.lets_out(None):
        raise Refused(
            "ask.version-not-offered",
            standard=standard.id,
            version=CURRENT,
            versions=", ".join(narrowing.versions or ()),
        )
    return _answer(world, _Asked(standard, recipe, asked, narrowing, member=caller.member, decision=decided))


def answer_operator(world: World, sent: object) -> Answer:
    """Answer the operator's own question, on the reserve; of rows under terms of their own it learns nothing."""
    standard, recipe, asked = read(world, sent)
    narrowing = twin.plain(world, standard)
    return _answer(world, _Asked(standard, recipe, asked, narrowing, member=None, decision=None))


# --- 1. read ----------------------------------------------------------------------------------------------------------


def read(world: World, sent: object) -> tuple[Standard, Recipe, Question]:
    """A question from JSON, with the standard that it names and the recipe of its twins; else `Invalid`."""
    named = sent.get("standard") if isinstance(sent, dict) else None
    standard = publish.current(world, reading.a_text(named, "standard"))
    if standard.tier is not Tier.ANSWERS:
        raise Invalid("private.no-answers", standard=standard.id)
    recipe = twin.recipe_of(standard)
    asked = question.read(sent, standard, recipe)
    answering.check_size(asked, recipe)
    return standard, recipe, asked


# --- 3. to 6. ---------------------------------------------------------------------------------------------------------


def _answer(world: World, of: _Asked) -> Answer:
    mechanism = answering.mechanism(of.question, of.recipe, charge.budget_of(of.standard))
    _refuse_closed(of)
    running = [one for one in of.question.periods if not periods.over(one, world.clock())]
    if running:
        raise Refused("private.period-running", period=running[0], end=instant(periods.end(running[0])))
    with twin.in_turn(world, str(of.standard.id)):
        state.catch_up(world)  # else tables that came from a backup would not know what was spent
        taken: Charge | None = None
        while taken is None:
            deposits = _open(world, of)
            twins = [twin.current(world, of.standard, period, found) for period, found in deposits.items()]
            held = _stored(world, of, twins)
            if held is not None:
                return _handed(world, of, held, stored=True)
            with world.lock:  # what was taken back before the charge is in no answer after it
                if _open(world, of) == deposits:
                    taken = charge.take(world, of.standard, of.question, twins, member=of.member, decision=of.decision)
        try:
            told = _drawn(world, of, taken, twins, mechanism)
        except Exception:  # noqa: BLE001  (whatever it was, it may be about rows: nobody is told)
            raise Refused(NO_ANSWER) from None
    return _handed(world, of, told, stored=False)


def _refuse_closed(of: _Asked) -> None:
    """Refuse a question about columns that the asker's terms do not let out."""
    named = {of.question.column, *of.question.by, *(one.column for one in of.question.where)} - {None}
    closed = sorted(str(one) for one in named - {column.name for column in of.narrowing.columns})
    if closed:
        raise Refused("private.column-closed", standard=of.standard.id, column=closed[0])


def _open(world: World, of: _Asked) -> dict[str, list[Deposit]]:
    """What each period's twin is made of; enough contributors stand behind each, which is public, else it is closed."""
    found = {}
    for period in of.question.periods:
        found[period] = twin.standing(world, of.standard, period, of.narrowing)
        least = twin.least(of.standard)
        if twin.contributors(world, found[period]) < least:
            raise Refused("private.period-closed", standard=of.standard.id, period=period, least=least)
    return found


def _stored(world: World, of: _Asked, twins: Sequence[Twin]) -> Statement | None:
    """The answer that was given to the same question about the same twins, unless its body was erased."""
    alike = (question.digest(of.question), tuple(one.name for one in twins))
    for one in reversed(charge.of(world, str(of.standard.id))):
        if (one.question, one.twins) == alike and one.answer is not None:
            try:
                return world.ledger.statement(one.answer)
            except NotFound:
                continue
    return None


def _drawn(world: World, of: _Asked, taken: Charge, twins: Sequence[Twin], mechanism: Mechanism) -> Statement:
    """The answer itself, in the log."""
    estimates = _estimates(world, of, [twin.path(world, one) for one in twins], mechanism)
    paid = claim.cost(of.question, of.standard, of.recipe)
    left = charge.left(world, of.standard, of.question.periods, member=of.member)
    facts = {
        "standard": str(of.standard.id),
        "version": of.standard.version,
        "charge": taken.id,
        "question": question.told(of.question),
        "twins": [{"twin": one.name, "commitment": one.commitment} for one in twins],
        "rho": taken.rho,
        "epsilon": f"{paid.epsilon:f}",
        "delta": f"{paid.delta:f}",
        "result": {
            "by": list(of.question.by),
            "estimates": [answering.said(one) for one in estimates],
            "noise": {"distribution": "discrete-gaussian", "scale": repr(mechanism.scale)},
            "threshold": mechanism.threshold,
        },
        "claim": {lang: claim.sentence(of.question, of.standard, paid, lang) for lang in texts.LANGUAGES},
        "left": {"period": _tenths(left.period), "life": _tenths(left.life)},
    }
    made = shaped(state.statement(world, Kind.ANSWER, facts))
    state.record(world, made)
    return made


def _estimates(world: World, of: _Asked, paths: Sequence[Path], mechanism: Mechanism) -> tuple[answering.Estimate, ...]:
    """The values of an answer: exact integers, noise, and what follows from the noisy integers alone."""
    tallies = [Cells(**_fields(one)) for one in answering.tallies(of.question, of.recipe)]
    column = answering.open_column(of.question, of.recipe)
    if column is not None:
        under = world.twins.tally_open(of.recipe, paths, tallies[0], column)
        return answering.open_estimates(world.noise.thresholded(under, mechanism), mechanism.scale)
    exact = [world.twins.tally(of.recipe, paths, one) for one in tallies]
    noisy = world.noise.gaussian(answering.vector(of.question, of.recipe, exact), mechanism)
    return answering.estimates(of.question, of.recipe, noisy, mechanism.scale)


def _fields(tally: answering.Tally) -> dict[str, Any]:
    return {field.name: getattr(tally, field.name) for field in fields(tally)}


def _tenths(share: Decimal) -> int:
    return int(share * STEPS)


def _handed(world: World, of: _Asked, told: Statement, *, stored: bool) -> Answer:
    return Answer(
        statement=told,
        index=prove.index_of(world, told),
        stored=stored,
        left=charge.left(world, of.standard, of.question.periods, member=of.member),
        receipt=prove.receipt_of(world, told),
    )
