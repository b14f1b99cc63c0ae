"""Disputes: what may be disputed, who may do what when, and what holds meanwhile. A pure state machine with clocks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from datadam.errors import Refused
from datadam.model import instant, moment

MAX_OPEN: Final = 5  # disputes of one member that are not over; more would be a way to wear others down
MAX_A_DAY: Final = 10  # disputes that one member raises a day, also if it takes them back
MAX_OUTSIDE: Final = 100  # disputes of outsiders that are not over
MAX_INTERIM: Final = 90  # days for which a measure may hold before anything is decided
MAX_DAYS: Final = 365
SIGNING_DAYS: Final = 7  # within which enough stewards sign a ruling; what is older is drawn up anew


class Subject(StrEnum):
    """What a dispute is against."""

    ROW = "row"  # of a reservoir, by its key; in a deposit, if that is known
    DEPOSIT = "deposit"
    DECISION = "decision"
    STANDARD = "standard"  # a version of it
    OFFER = "offer"


class Measure(StrEnum):
    """What is done about what is disputed."""

    NONE = "none"
    ANNOTATE = "annotate"  # whoever looks at the reservoir, or takes rows of it, is told
    FREEZE = "freeze"  # it does not leave


class Scope(StrEnum):
    """What a measure is about."""

    DEPOSIT = "deposit"
    RESERVOIR = "reservoir"


class Outcome(StrEnum):
    """What was decided."""

    UPHELD = "upheld"
    DISMISSED = "dismissed"
    SETTLED = "settled"


class DisputeState(StrEnum):
    """How far a dispute has come."""

    OPEN = "open"
    ANSWERED = "answered"
    DECIDED = "decided"  # it can be appealed against while there is time
    APPEALED = "appealed"
    FINAL = "final"
    WITHDRAWN = "withdrawn"


class Event(StrEnum):
    """What happens to a dispute."""

    RAISE = "raise"
    ANSWER = "answer"
    MEASURE = "measure"  # an interim measure is granted, changed or lifted
    DECIDE = "decide"
    APPEAL = "appeal"
    WITHDRAW = "withdraw"


class Party(StrEnum):
    """Who causes a step."""

    RAISER = "raiser"
    RESPONDENT = "respondent"  # whose deposit it is
    BENCH = "bench"  # who decides: a quorum of stewards, or the operator


class Bench(StrEnum):
    """Who decided."""

    STEWARDS = "stewards"
    OPERATOR = "operator"


_S, _E, _P = DisputeState, Event, Party
TABLE: Final[Mapping[tuple[DisputeState | None, Event], tuple[frozenset[Party], DisputeState]]] = {
    (None, _E.RAISE): (frozenset({_P.RAISER}), _S.OPEN),
    (_S.OPEN, _E.ANSWER): (frozenset({_P.RESPONDENT}), _S.ANSWERED),
    (_S.OPEN, _E.MEASURE): (frozenset({_P.BENCH}), _S.OPEN),
    (_S.OPEN, _E.DECIDE): (frozenset({_P.BENCH}), _S.DECIDED),
    (_S.OPEN, _E.WITHDRAW): (frozenset({_P.RAISER}), _S.WITHDRAWN),
    (_S.ANSWERED, _E.MEASURE): (frozenset({_P.BENCH}), _S.ANSWERED),
    (_S.ANSWERED, _E.DECIDE): (frozenset({_P.BENCH}), _S.DECIDED),
    (_S.ANSWERED, _E.WITHDRAW): (frozenset({_P.RAISER}), _S.WITHDRAWN),
    (_S.DECIDED, _E.MEASURE): (frozenset({_P.BENCH}), _S.DECIDED),
    (_S.DECIDED, _E.APPEAL): (frozenset({_P.RAISER, _P.RESPONDENT}), _S.APPEALED),
    (_S.APPEALED, _E.MEASURE): (frozenset({_P.BENCH}), _S.APPEALED),
    (_S.APPEALED, _E.DECIDE): (frozenset({_P.BENCH}), _S.FINAL),
    (_S.FINAL, _E.MEASURE): (frozenset({_P.BENCH}), _S.FINAL),
}
"""From where (None: nothing yet) by which event: who may cause it, and where it leads. Nothing else happens.

Once something is decided, a measure can only be lifted: what was wrong may have been mended.
"""

OVER: Final = frozenset({DisputeState.FINAL, DisputeState.WITHDRAWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A dispute, as the log tells it."""

    id: str = field(metadata={"key": True})
    standard: str
    subject: Subject
    deposit: str | None
    row: Mapping[str, str]  # key column → value; empty: not one row
    statement: str | None  # the decision, version or offer
    raiser: str | None  # a member; None: an outsider, through the operator
    respondent: str | None  # whose deposit it is
    reason: str
    asked: Measure
    answer_days: int
    decide_days: int
    appeal_days: int
    issued: str
    index: int
    state: DisputeState
    measure: Measure
    scope: Scope | None = None
    until: str | None = None  # the instant at which the measure ends; None: with the dispute, or by a ruling
    outcome: Outcome | None = None
    decided: str | None = None  # instant
    bench: Bench | None = None  # who decided first


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened to a dispute, as the log tells it."""

    id: str = field(metadata={"key": True})
    dispute: str
    event: Event
    party: Party
    text: str
    issued: str
    index: int


def step(state: DisputeState | None, event: Event, by: Party) -> DisputeState:
    """The state after `event`; `Refused` with what is possible instead, where `by` may not cause it there."""
    who, after = TABLE.get((state, event), (frozenset[Party](), None))
    if after is None or by not in who:
        raise Refused(
            "dispute.step-impossible",
            state=str(state or "–"),
            event=str(event),
            by=str(by),
            possible=possible(state, by),
        )
    return after


def possible(state: DisputeState | None, by: Party) -> tuple[str, ...]:
    """The events that a party may cause in a state."""
    return tuple(str(event) for (at, event), (who, _) in TABLE.items() if at is state and by in who)


def after_days(issued: str, days: int) -> str:
    """The instant so many days after another."""
    return instant(moment(issued) + timedelta(days=days))


def answer_until(one: Dispute) -> str:
    """Until when whose deposit it is may answer before anything is decided."""
    return after_days(one.issued, one.answer_days)


def decide_until(one: Dispute) -> str:
    """By when a dispute is to be decided."""
    return after_days(one.issued, one.decide_days)


def appeal_until(one: Dispute) -> str | None:
    """Until when the first decision can be appealed against; None where there is none.

    Stewards may sign days after it was drawn up, which is the instant that it states: nobody is to lose those.
    """
    late = SIGNING_DAYS if one.bench is Bench.STEWARDS else 0
    return None if one.decided is None else after_days(one.decided, one.appeal_days + late)


def is_over(one: Dispute, *, now: str, appealable: bool = True) -> bool:
    """Whether nothing can happen to it any more."""
    last = appeal_until(one)
    lapsed = one.state is DisputeState.DECIDED and (not appealable or (last is not None and now >= last))
    return one.state in OVER or lapsed


def heard(one: Dispute, *, now: str) -> bool:
    """Whether it may be decided: who has to answer did, or had the time for it."""
    return one.state is not DisputeState.OPEN or one.respondent is None or now >= answer_until(one)


def holds(one: Dispute, *, now: str) -> Measure:
    """The measure that holds now."""
    ended = one.state is DisputeState.WITHDRAWN or (one.until is not None and now >= one.until)
    return Measure.NONE if ended else one.measure


def at_once(subject: Subject, asked: Measure, *, own: bool, member: bool) -> Measure:
    """What holds as soon as a dispute is raised, before anybody decided anything.

    Nobody's data can be held up by raising a dispute but one's own. That a member disputes something is told at once.
    """
    if asked is Measure.FREEZE:
        return Measure.FREEZE if own and subject in {Subject.ROW, Subject.DEPOSIT} else Measure.NONE
    return asked if member else Measure.NONE
