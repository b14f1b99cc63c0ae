"""Random offers and askers, the same from the same seed: some of them fit, most fail in a few ways."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any, Final

from datadam.model import PrivacyClass, Role, StandardId, Tier
from datadam.policy import OPERATOR, Facts
from datadam.terms import (
    LEVELS,
    OPERATORS,
    Action,
    AgreementState,
    Constraint,
    Offer,
    Operand,
    Operator,
    Permission,
    Prohibition,
)

HERE: Final = StandardId("test.reading")
PURPOSES: Final = ("security", "research", "statistics")
COUNTRIES: Final = ("KR", "US", "JP")
CREDENTIALS: Final = ("specialised-institution", "audited")
INSTANTS: Final = ("2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z")
NARROWS: Final = (Operand.PURPOSE, Operand.RECIPIENT, Operand.JURISDICTION, Operand.DESTINATION)
NAMES: Final[dict[Operand, tuple[str, ...]]] = {
    Operand.PURPOSE: PURPOSES,
    Operand.RECIPIENT: tuple(Role),
    Operand.JURISDICTION: COUNTRIES,
    Operand.DESTINATION: COUNTRIES,
    Operand.CREDENTIAL: CREDENTIALS,
    Operand.VERSION: ("current", "first", "2026.11"),
}


def facts(**changes: Any) -> Facts:
    """A member of Korea that reads for security under an agreement that stands; what is said otherwise is so."""
    plain = Facts(
        action=Action.READ,
        standard=HERE,
        purpose="security",
        destination=None,
        member="m-" + "a" * 20,
        known=True,
        left=False,
        suspended=False,
        kind="organisation",
        roles=frozenset({Role.CONSUMER}),
        jurisdiction="KR",
        credentials=frozenset(),
        agreement="agreement-1",
        state=AgreementState.FINALISED,
        agreed_purposes=frozenset({"security"}),
        agreed_destination="KR",
        agreed_level="advanced",
        agreement_expires=None,
        offer_current=True,
        tier=Tier.AGREEMENT,
        home="KR",
        sensitivity=1,
        live_rows=0,
        corridor="",
        ordered=(),
        frozen=(),
        crossing=(),
        silent=(),
        now=INSTANTS[1],
    )
    return replace(plain, **changes)


NOBODY: Final[dict[str, Any]] = {
    "agreement": None,
    "state": None,
    "agreed_purposes": frozenset(),
    "agreed_destination": None,
    "agreed_level": None,
    "agreement_expires": None,
}
"""What is so where nothing was signed."""


def stranger(**changes: Any) -> Facts:
    """Somebody whom the log does not know."""
    unknown: dict[str, Any] = {"member": None, "known": False, "kind": "", "roles": frozenset(), "jurisdiction": ""}
    return facts(**{**NOBODY, **unknown, "purpose": None, **changes})


def term(operand: Operand, operator: Operator, value: Any, days: int | None = None) -> Constraint:
    """What must hold, in one line."""
    return Constraint(operand=operand, operator=operator, value=value, days=days)


def offer(
    *constraints: Constraint, actions: tuple[Action, ...] = (Action.READ,), prohibitions: tuple[Prohibition, ...] = ()
) -> Offer:
    """An offer with one permission."""
    permissions = (Permission(actions=actions, constraints=constraints),)
    return Offer(standard=HERE, number=1, permissions=permissions, prohibitions=prohibitions)


# --- random ones ------------------------------------------------------------------------------------------------------


def some(draw: Random, names: tuple[str, ...], least: int = 1) -> tuple[str, ...]:
    """A few of the names, in any order."""
    return tuple(draw.sample(names, draw.randint(least, len(names))))


def any_constraint(draw: Random, operand: Operand) -> Constraint:
    """A term that the profile can say."""
    operator = draw.choice(OPERATORS[operand])
    match operand:
        case Operand.SENSITIVITY:
            return term(operand, operator, draw.choice(tuple(PrivacyClass)))
        case Operand.LEVEL:
            return term(operand, operator, draw.choice(LEVELS))
        case Operand.RECIPROCITY:
            return term(operand, operator, draw.randint(0, 3), days=draw.randint(0, 90))
        case Operand.MARKING:
            return term(operand, operator, draw.choice(("green", "amber")))
        case Operand.EXPIRY:
            return term(operand, operator, draw.choice(INSTANTS))
        case _:
            return term(operand, operator, some(draw, NAMES[operand]))


def any_offer(draw: Random) -> Offer:
    """Up to three permissions and three prohibitions."""
    actions = draw.sample(list(Action), draw.randint(1, len(Action)))
    cuts = sorted(draw.sample(range(1, len(actions) + 1), min(len(actions), draw.randint(1, 3))))
    permissions = tuple(
        Permission(
            actions=tuple(actions[start:end]),
            constraints=tuple(any_constraint(draw, one) for one in draw.sample(list(Operand), draw.randint(0, 5))),
        )
        for start, end in zip([0, *cuts], cuts, strict=False)
    )
    prohibitions = tuple(any_prohibition(draw) for _ in range(draw.choice((0, 0, 1, 3))))
    return Offer(standard=HERE, number=draw.randint(1, 9), permissions=permissions, prohibitions=prohibitions)


def any_prohibition(draw: Random) -> Prohibition:
    """A no to some actions, mostly narrowed."""
    return Prohibition(
        actions=tuple(draw.sample(list(Action), draw.randint(1, 2))),
        constraints=tuple(any_constraint(draw, one) for one in draw.sample(NARROWS, draw.choice((0, 1, 1, 2)))),
    )


def any_facts(draw: Random, about: Offer) -> Facts:
    """An asker that fits what one permission asks for as far as one can, spoilt in up to three ways."""
    permission = draw.choice(about.permissions)
    found = facts(
        action=draw.choice(permission.actions),
        sensitivity=0,
        live_rows=3,
        agreed_level="qualified",
        credentials=frozenset(CREDENTIALS),
        now=INSTANTS[0],
    )
    for one in permission.constraints:
        found = replace(found, **_fitting(one))
    for _ in range(draw.choice((0, 0, 1, 1, 2, 3))):
        found = replace(found, **draw.choice(SPOILT)(draw))
    return found


def _fitting(one: Constraint) -> dict[str, Any]:
    """Facts under which a term about names holds, where there are some."""
    listed = one.value if isinstance(one.value, tuple) else ()
    left = [name for name in NAMES.get(one.operand, ()) if (name in listed) == (one.operator is not Operator.NONE_OF)]
    match one.operand:
        case Operand.PURPOSE:
            return {"purpose": left[0], "agreed_purposes": frozenset(left)}
        case Operand.RECIPIENT:
            return {"roles": frozenset({Role.CONSUMER, *left}) - (frozenset(NAMES[one.operand]) - frozenset(left))}
        case Operand.JURISDICTION if left:
            return {"jurisdiction": left[0]}
        case Operand.DESTINATION if left:
            return {"agreed_destination": left[0]}
        case _:
            return {}


SPOILT: Final[tuple[Callable[[Random], dict[str, Any]], ...]] = (
    lambda draw: {"action": draw.choice(list(Action))},
    lambda draw: {"purpose": draw.choice((None, *PURPOSES))},
    lambda draw: {"destination": draw.choice((None, *COUNTRIES))},
    lambda _draw: {"member": None, "known": False, "left": False, "suspended": False, **NOBODY},
    lambda _draw: {**NOBODY},
    lambda _draw: {"left": True, "known": True, "member": "m-gone"},
    lambda _draw: {"suspended": True, "known": True, "member": "m-bad"},
    lambda draw: {"kind": draw.choice(("organisation", "country", OPERATOR))},
    lambda draw: {"roles": frozenset(some(draw, (*Role, OPERATOR), 0))},
    lambda draw: {"jurisdiction": draw.choice(("", *COUNTRIES))},
    lambda draw: {"credentials": frozenset(some(draw, CREDENTIALS, 0))},
    lambda draw: {**facts_of_agreement(draw), "known": True, "member": "m-other"},
    lambda draw: {"tier": draw.choice(tuple(Tier))},
    lambda draw: {"tier": Tier.OPEN, "action": draw.choice((Action.READ, Action.READ, Action.TRAIN))},
    lambda draw: {"sensitivity": draw.randrange(4)},
    lambda draw: {"live_rows": draw.randint(0, 3)},
    lambda draw: {"corridor": draw.choice((None, "", "corridor-1"))},
    lambda draw: {"frozen": draw.choice(((), ("dispute-1",)))},
    lambda draw: {"ordered": draw.choice(((), ("order-1",), ("order-1", "order-2")))},
    lambda draw: {"now": draw.choice(INSTANTS)},
)
"""Ways in which an ask goes wrong, or only differs."""


def facts_of_agreement(draw: Random) -> dict[str, Any]:
    """An agreement in any state."""
    return {
        "agreement": "agreement-2",
        "state": draw.choice(tuple(AgreementState)),
        "agreed_purposes": frozenset(some(draw, PURPOSES)),
        "agreed_destination": draw.choice(COUNTRIES),
        "agreed_level": draw.choice(LEVELS),
        "agreement_expires": draw.choice((None, *INSTANTS)),
        "offer_current": draw.random() < 0.7,
    }
