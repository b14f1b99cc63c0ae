"""Offers for tests: one to spoil, and every other that can be said."""

from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from datadam import registers
from datadam.formats.odrl_words import CURRENCIES, DUTY_PERIODS, IN_PROHIBITIONS, VARIANTS
from datadam.model import PrivacyClass, Role, StandardId
from datadam.terms import (
    LEVELS,
    OPERATORS,
    PURPOSES,
    Action,
    Constraint,
    Duty,
    DutyKind,
    Offer,
    Operand,
    Operator,
    Permission,
    Prohibition,
)

CLAUSES = {name: variants[0] for name, variants in VARIANTS.items()}
"""The first variant of each clause."""

OFFER = Offer(
    standard=StandardId("test.thing"),
    number=1,
    permissions=(
        Permission(
            actions=(Action.READ, Action.TRAIN),
            constraints=(Constraint(operand=Operand.PURPOSE, operator=Operator.ANY_OF, value=("research",)),),
            duties=(Duty(kind=DutyKind.RETENTION, days=30), Duty(kind=DutyKind.ATTRIBUTION)),
        ),
    ),
    clauses=CLAUSES,
    law="KR",
)
"""Whole, and fit for `drafts.standard()`."""

_COUNTRIES = sorted(registers._COUNTRIES)


def _some(words: Any) -> Any:
    return st.lists(st.sampled_from(sorted(words)), min_size=1, max_size=4, unique=True).map(tuple)


_VALUES: dict[Operand, Any] = {
    Operand.PURPOSE: _some(PURPOSES),
    Operand.RECIPIENT: _some(map(str, Role)),
    Operand.JURISDICTION: _some(_COUNTRIES),
    Operand.DESTINATION: _some(_COUNTRIES),
    Operand.SENSITIVITY: st.sampled_from([str(one) for one in PrivacyClass]),
    Operand.RECIPROCITY: st.integers(1, 1_000_000_000),
    Operand.LEVEL: st.sampled_from([str(one) for one in LEVELS]),
    Operand.CREDENTIAL: st.lists(
        st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True), min_size=1, max_size=3, unique=True
    ).map(tuple),
    Operand.VERSION: _some(["current", "2026.11", "first"]),
    Operand.MARKING: st.from_regex(r"[A-Za-z0-9][A-Za-z0-9:+._-]{0,39}", fullmatch=True),
    Operand.EXPIRY: st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")),
}
_PERIODS = st.integers(1, 3650)


@st.composite
def constraints(draw: st.DrawFn, operands: tuple[Operand, ...] = tuple(Operand)) -> tuple[Constraint, ...]:
    """Each operand once at most."""
    found = []
    for operand in draw(st.lists(st.sampled_from(operands), max_size=4, unique=True)):
        age = draw(st.none() | _PERIODS) if operand is Operand.RECIPROCITY else None
        operator = draw(st.sampled_from(OPERATORS[operand]))
        found.append(Constraint(operand=operand, operator=operator, value=draw(_VALUES[operand]), days=age))
    return tuple(found)


@st.composite
def duties(draw: st.DrawFn) -> tuple[Duty, ...]:
    """Each kind once at most, with days where it has some."""
    kinds = draw(st.lists(st.sampled_from(DutyKind), max_size=4, unique=True))
    return tuple(Duty(kind=kind, days=draw(_PERIODS) if kind in DUTY_PERIODS else None) for kind in kinds)


@st.composite
def clauses(draw: st.DrawFn) -> dict[str, str]:
    """A variant of each."""
    found = {name: draw(st.sampled_from(variants)) for name, variants in VARIANTS.items()}
    if found["liability"] == "capped-amount":
        amount, currency = draw(st.integers(1, 10**15 - 1)), draw(st.sampled_from(CURRENCIES))
        found["liability"] = f"capped-amount:{amount}:{currency}"
    return found


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    """Any offer that the profile can say; what it says may make no sense."""
    actions = draw(st.lists(st.sampled_from(Action), min_size=1, unique=True))
    cuts = sorted({0, len(actions), *draw(st.lists(st.integers(0, len(actions)), max_size=2))})
    groups = [tuple(actions[start:end]) for start, end in pairwise(cuts)]
    forbidden = st.builds(
        Prohibition,
        actions=st.lists(st.sampled_from(Action), min_size=1, max_size=3, unique=True).map(tuple),
        constraints=constraints(IN_PROHIBITIONS),
    )
    return Offer(
        standard=draw(st.sampled_from([StandardId("test.thing"), StandardId("a.b.c")])),
        number=draw(st.integers(1, 99_999)),
        permissions=tuple(
            Permission(actions=group, constraints=draw(constraints()), duties=draw(duties())) for group in groups
        ),
        prohibitions=tuple(draw(st.lists(forbidden, max_size=3))),
        clauses=draw(clauses()),
        automatic=draw(st.booleans()),
        law=draw(st.sampled_from(_COUNTRIES)),
    )
