"""Decide over facts and a policy: yes only where Cedar says yes without a doubt; a no has every rule that failed.

Whatever cannot be worked out (an error, an answer that is none, a rule that nobody can explain) is a no.
"""

from collections.abc import Iterable
from typing import Any, Final

from datadam.model import Allow, Decision, Deny, Json, PrivacyClass, Reason, Tier
from datadam.policy import engine
from datadam.policy.cedar import PERMIT
from datadam.policy.compiling import Policy
from datadam.policy.facts import Facts, seconds
from datadam.terms import LEVELS, Action, AgreementState, Level

OPEN: Final = "open"
"""The basis of reading an open reservoir."""
UNDECIDABLE: Final = "ask.undecidable"
OTHERS: Final = "ask.others-facts"
COLLAPSED: Final = frozenset({"ask.agreement-suspended", "ask.member-suspended"})
"""What rests on what others did: who suspended whom, and why, is for stewards and auditors. Orders are public."""

_CLASSES: Final = tuple(PrivacyClass)
_TOLD: Final[dict[str, tuple[str, ...]]] = {
    "ask.member-left": ("member",),
    "ask.member-suspended": ("member",),
    "ask.not-consumer": ("member",),
    "ask.agreement-pending": ("agreement", "state"),
    "ask.agreement-suspended": ("agreement",),
    "ask.agreement-ended": ("agreement",),
    "ask.agreement-expired": ("agreement", "agreement_expires"),
    "ask.offer-not-current": ("agreement",),
    "ask.purpose-not-agreed": ("agreement", "purpose", "agreed_purposes"),
    "ask.destination-not-agreed": ("agreement", "destination", "agreed_destination"),
    "ask.tier-without-rows": ("tier",),
    "ask.no-corridor": ("home", "destination"),
    "ask.order": ("ordered", "destination"),
    "ask.frozen": ("frozen",),
    "ask.peer-silent": ("silent",),
    "ask.purpose-not-allowed": ("purpose",),
    "ask.role-needed": ("roles",),
    "ask.role-excluded": ("roles",),
    "ask.jurisdiction-not-allowed": ("jurisdiction",),
    "ask.jurisdiction-excluded": ("jurisdiction",),
    "ask.destination-not-allowed": ("destination",),
    "ask.destination-excluded": ("destination",),
    "ask.too-sensitive": ("sensitivity",),
    "ask.reciprocity": ("live_rows",),
    "ask.level-too-low": ("agreed_level",),
    "ask.credentials-needed": ("credentials",),
    "ask.credential-needed": ("credentials",),
}
"""Which of the asker's own facts a reason tells beside the public terms; all others tell none."""


def decide_on(facts: Facts, policy: Policy) -> Decision:
    """Allow on the agreement (or on an open tier), or deny with every rule that failed, sorted by its id."""
    try:
        return _decided(facts, policy)
    except Exception as error:  # noqa: BLE001  (whatever goes wrong here, it must not come out as a yes)
        return _undecidable(facts, type(error).__name__)


def _decided(facts: Facts, policy: Policy) -> Decision:
    fault = _incoherent(facts, policy)
    if fault:
        return _undecidable(facts, fault)
    answer = engine.ask(request(facts), policy.text)
    if answer.errors:
        return _undecidable(facts, "evaluation")
    basis = _basis(facts)
    if answer.allowed and answer.rules == (PERMIT,) and basis is not None:
        return Allow(basis=basis)
    if answer.denied and answer.rules and all(one in policy.rules for one in answer.rules):
        return Deny(tuple(_reason(one, facts, policy) for one in answer.rules))
    return _undecidable(facts, "rules")


def _incoherent(facts: Facts, policy: Policy) -> str | None:
    """What is wrong with facts that cannot all be true; Cedar would look at some of them only."""
    unruled = (f"peer-{one}" for one in _foreign(facts) if f"peer-{one}" not in policy.rules)
    if other := "standard" if facts.standard != policy.standard else next(unruled, None):
        return other
    if facts.known and not facts.member:
        return "member"
    if not facts.known and (facts.left or facts.suspended or facts.agreement is not None):
        return "member"
    if facts.sensitivity not in range(len(_CLASSES)):
        return "sensitivity"
    agreed = (facts.state, facts.agreed_destination, facts.agreed_level)
    if facts.agreement is None:
        return "agreement" if any(agreed) or facts.agreed_purposes or facts.agreement_expires else None
    return None if facts.agreement and all(agreed) else "agreement"


def _foreign(facts: Facts) -> tuple[str, ...]:
    """What peers and peerings stop of this: each has a rule of its own, which a policy has only where it is needed."""
    return (*(("silent",) if facts.silent else ()), *facts.crossing)


def _basis(facts: Facts) -> str | None:
    """On what a yes rests; None if on nothing, whatever the rules said."""
    if facts.tier == Tier.OPEN and facts.action is Action.READ:
        return OPEN
    stands = facts.known and not facts.left and not facts.suspended and facts.state == AgreementState.FINALISED
    return facts.agreement if stands else None


def request(facts: Facts) -> dict[str, Any]:
    """The question in Cedar's form, all facts in its context; `ValueError` for a word that is none of ours."""
    context: dict[str, Any] = {
        "credentials": sorted(facts.credentials),
        "home": facts.home,
        "kind": facts.kind,
        "known": facts.known,
        "left": facts.left,
        "now": seconds(facts.now),
        "orders": list(facts.ordered),
        "frozen": list(facts.frozen),
        "roles": sorted(facts.roles),
        "rows": facts.live_rows,
        "sensitivity": facts.sensitivity,
        "suspended": facts.suspended,
        "tier": str(Tier(facts.tier)),
    }
    destination = facts.destination or facts.agreed_destination
    may_lack = {"purpose": facts.purpose, "destination": destination, "jurisdiction": facts.jurisdiction}
    context |= {name: value for name, value in may_lack.items() if value}
    if facts.corridor is not None:
        context["corridor"] = facts.corridor
    if facts.agreement is not None:
        context["agreement"] = _agreement(facts)
    context |= {name: list(told) for name in ("crossing", "silent") if (told := getattr(facts, name))}
    return {
        "principal": {"type": "Member", "id": facts.member or ""},
        "action": {"type": "Action", "id": str(Action(facts.action))},
        "resource": {"type": "Reservoir", "id": facts.standard},
        "context": context,
    }


def _agreement(facts: Facts) -> Json:
    found: dict[str, Any] = {
        "current": facts.offer_current,
        "destination": facts.agreed_destination,
        "level": LEVELS.index(Level(str(facts.agreed_level))),
        "purposes": sorted(facts.agreed_purposes),
        "state": str(AgreementState(str(facts.state))),
    }
    if facts.agreement_expires is not None:
        found["expires"] = seconds(facts.agreement_expires)
    return found


# --- reasons ----------------------------------------------------------------------------------------------------------


def _reason(id: str, facts: Facts, policy: Policy) -> Reason:
    """A rule that failed: its id and law, the ask, the public terms, and what of the asker's own it looked at."""
    rule = policy.rules[id]
    told: dict[str, Any] = {"standard": facts.standard, "action": str(facts.action), "rule": id, "law": rule.law}
    told |= rule.facts
    for name in _TOLD.get(rule.code, ()):
        told[name] = _shown(name, facts)
    return Reason(rule.code, told)


def _shown(name: str, facts: Facts) -> object:
    if name == "sensitivity":
        return str(_CLASSES[facts.sensitivity])
    if name == "destination":
        return facts.destination or facts.agreed_destination
    value: object = getattr(facts, name)
    return sorted(value) if isinstance(value, frozenset) else list(value) if isinstance(value, tuple) else value


def _undecidable(facts: Facts, why: str) -> Deny:
    return Deny((Reason(UNDECIDABLE, {"standard": facts.standard, "why": why}),))


def for_asker(reasons: Iterable[Reason], standard: str) -> tuple[Reason, ...]:
    """Reasons of what was asked of a standard, as the asker may see them; stewards and auditors see them whole.

    All that rest on facts of others are one, which tells neither which nor how many.
    """
    found = list(reasons)
    own = [one for one in found if one.code not in COLLAPSED]
    if len(own) < len(found):
        own.append(Reason(OTHERS, {"standard": standard}))
    return tuple(own)
