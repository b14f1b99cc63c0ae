"""What a decision says in the log, and how anybody makes it again: its facts, the terms, every reason.

A decision is worked out from its logged facts and the offer that they name, and from nothing else. So whoever holds
the two comes to the same answer, or has found a fault.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from datadam import policy, seal
from datadam.errors import DamError, Unavailable, Untrusted
from datadam.formats import odrl
from datadam.model import (
    Allow,
    Ask,
    Column,
    Decision,
    Deny,
    Grant,
    Json,
    Member,
    PrivacyClass,
    Reason,
    Role,
    Standard,
    Tier,
    instant,
)
from datadam.policy import Policy
from datadam.terms import Action, Offer, Operand

GRANTS: Final = "grants"
"""In a decision's place for a policy's digest: that grants decided, because the standard has no offer."""

CLASSES: Final = tuple(PrivacyClass)
"""Least strict first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A decision, and the policy that it was made by: the digest of its text, or `GRANTS`."""

    decision: Decision
    policy: str


def granted(
    ask: Ask,
    standard: Standard,
    member: Member | None,
    grants: Iterable[Grant],
    now: datetime,
    *,
    ordered: Sequence[str] = (),
) -> Json:
    """The facts where a standard has no offer: what the asker is, which of its grants stand, which orders bind."""
    return {
        **asdict(ask),
        "tier": str(standard.tier),
        "known": member is not None and member.id == ask.member,
        "left": member is not None and member.until is not None,
        "suspended": member is not None and member.suspended,
        "roles": sorted(member.roles) if member is not None else [],
        "grants": [
            {"id": one.id, "since": one.since, "expires": one.expires}
            for one in sorted(grants, key=lambda one: one.since)
            if (one.member, one.standard, one.until) == (ask.member, ask.standard, None)
        ],
        "ordered": list(ordered),
        "now": instant(now),
        **({"answers": True} if standard.tier is Tier.ANSWERS and ask.action == Action.QUERY else {}),
    }


def judge(facts: Json, terms: Policy | None) -> Judged:
    """Decide from facts alone: by the terms of an offer if there are any, else by grants."""
    if terms is None:
        return Judged(decision=_by_grants(facts), policy=GRANTS)
    asked = policy.read_facts(facts)
    if asked.silent:
        terms = policy.silenced(terms)
    if asked.crossing:
        terms = policy.confined(terms)
    return Judged(decision=policy.decide_on(asked, terms), policy=terms.digest)


@lru_cache(maxsize=256)
def policy_of(offer: str) -> Policy:
    """The compiled terms of an offer's ODRL text."""
    return policy.compile_offer(odrl.read(offer))


def leaves(column: Column, offer: Offer | None, action: Action) -> bool:
    """Whether a column is among those that an offer lets out: none stricter than its ceiling for the action is."""
    return CLASSES.index(column.privacy_class) <= ceiling(offer, action)


def ceiling(offer: Offer | None, action: Action) -> int:
    """The rank of the strictest class that an offer lets out for an action; beyond all where it says nothing of it."""
    permission = offer.permission(action) if offer is not None else None
    ceilings = [
        CLASSES.index(PrivacyClass(str(one.value)))
        for one in (permission.constraints if permission else ())
        if one.operand is Operand.SENSITIVITY
    ]
    return min(ceilings, default=len(CLASSES))


def ceilings(offer: Offer | None, action: Action) -> tuple[str, ...]:
    """The strictest marking of rows that an offer lets out for an action; none where it says nothing of them."""
    permission = offer.permission(action) if offer is not None else None
    terms = permission.constraints if permission else ()
    return tuple(str(one.value) for one in terms if one.operand is Operand.MARKING)


def versions(offer: Offer | None, action: Action) -> tuple[str, ...] | None:
    """The editions that an offer lets out for an action, and `CURRENT`; None where it says nothing of them."""
    permission = offer.permission(action) if offer is not None else None
    for one in permission.constraints if permission else ():
        if one.operand is Operand.VERSION and isinstance(one.value, tuple):
            return one.value
    return None


def for_asker(decision: Decision, standard: str) -> Decision:
    """A decision about rows of a standard, as whom it is about may see it."""
    return Deny(policy.for_asker(decision.reasons, standard)) if isinstance(decision, Deny) else decision


def private(body: Json) -> bool:
    """Whether a logged decision rests on facts of others than whom it is about: then auditors alone read it whole."""
    return any(one["code"] in policy.COLLAPSED for one in body["reasons"])


def _by_grants(facts: Json) -> Decision:
    standard, tier = {"standard": facts["standard"]}, facts["tier"]
    ordered = tuple(_even_open(facts))
    if tier == Tier.OPEN:
        return Deny(ordered) if ordered else Allow(basis="open")
    answers = tier == Tier.ANSWERS and facts.get("answers") is True  # logs of before there were any say nothing of it
    if tier != Tier.AGREEMENT and not answers:
        return Deny((Reason("ask.tier-without-rows", {**standard, "tier": tier}),))
    if not facts["known"]:
        return Deny((Reason("ask.stranger", standard),))
    standing = [one for one in facts["grants"] if one["expires"] is None or facts["now"] < one["expires"]]
    member = {"member": facts["member"]}
    reasons = [*ordered, *(Reason(f"ask.peer-{one}", standard) for one in facts.get("crossing", []))]
    if facts["left"]:
        reasons.append(Reason("ask.member-left", member))
    if facts["suspended"]:
        reasons.append(Reason("ask.member-suspended", member))
    if Role.CONSUMER not in facts["roles"]:
        reasons.append(Reason("ask.not-consumer", member))
    if not standing:
        reasons.append(Reason("ask.no-grant", standard))
    elif facts["action"] != (Action.QUERY if answers else Action.READ):
        reasons.append(Reason("ask.grant-reads-only", {**standard, "action": facts["action"]}))
    return Deny(tuple(reasons)) if reasons else Allow(basis=standing[-1]["id"])


def _even_open(facts: Json) -> Iterator[Reason]:
    """What stops everybody. Logs that are older than such a fact have none."""
    standard = {"standard": facts["standard"]}
    if ordered := facts.get("ordered", []):
        yield Reason("ask.order", {**standard, "destination": facts["destination"], "ordered": ordered})
    if frozen := facts.get("frozen", []):
        yield Reason("ask.frozen", {**standard, "frozen": frozen})
    if silent := facts.get("silent", []):
        yield Reason("ask.peer-silent", {**standard, "silent": silent})


# --- in the log -------------------------------------------------------------------------------------------------------


def told(facts: Json, judged: Judged, offer: str | None) -> Json:
    """What a `decision` statement says; `offer` is the id of the offer's statement."""
    return {
        "member": facts["member"],
        "standard": facts["standard"],
        "facts": dict(facts),
        "offer": offer,
        "policy": judged.policy,
        **outcome(judged.decision),
    }


def outcome(decision: Decision) -> Json:
    """A decision as JSON: whether it is a yes, its basis, every reason against it."""
    reasons = decision.reasons if isinstance(decision, Deny) else ()
    return {
        "allowed": isinstance(decision, Allow),
        "basis": decision.basis if isinstance(decision, Allow) else None,
        "reasons": [{"code": one.code, "facts": dict(one.facts)} for one in reasons],
    }


def replay(body: Json, offer: Json | None) -> Decision:
    """Make a logged decision again: the same, or `Untrusted`. `offer` is the body of the statement that it names."""
    facts, text = body["facts"], None
    if body["offer"] is not None and offer is not None:
        text = seal.canonical(offer["offer"]).decode()
    if (text is None) is not (body["offer"] is None):
        raise Untrusted("decision.not-so", fields="offer")
    try:
        judged = judge(facts, policy_of(text) if text is not None else None)
    except Unavailable:  # nothing is wrong with the decision: what it is made with is not installed here
        raise
    except (DamError, LookupError, TypeError, ValueError) as error:  # facts of another shape lead nowhere
        raise Untrusted("decision.not-so", fields="facts") from error
    said: Mapping[str, object] = {name: body[name] for name in ("allowed", "basis", "reasons", "policy")}
    found: Mapping[str, object] = {**outcome(judged.decision), "policy": judged.policy}
    wrong = sorted(name for name in found if found[name] != said[name])
    wrong += [name for name in ("member", "standard") if facts[name] != body[name]]
    if wrong:
        raise Untrusted("decision.not-so", fields=", ".join(wrong))
    return judged.decision
