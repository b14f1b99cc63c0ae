"""What a decision says in the log, and how anybody makes it again: its facts, the terms, every reason.

A decision is worked out from its logged facts and the offer that they name, and from nothing else. So whoever holds
the two comes to the same answer, or has found a fault.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from datadam.errors import Untrusted
from datadam.model import Allow, Ask, Decision, Deny, Grant, Json, Member, Reason, Role, Standard, Tier, instant
from datadam.terms import Action

GRANTS: Final = "grants"
"""In a decision's place for a policy's digest: that grants decided, because the standard has no offer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A decision, and the policy that it was made by: the digest of its text, or `GRANTS`."""

    decision: Decision
    policy: str


def granted(ask: Ask, standard: Standard, member: Member | None, grants: Iterable[Grant], now: datetime) -> Json:
    """The facts where a standard has no offer: what the asker is, and which of its grants stand."""
    return {
        **asdict(ask),
        "tier": str(standard.tier),
        "known": member is not None and member.id == ask.member,
        "left": member is not None and member.until is not None,
        "roles": sorted(member.roles) if member is not None else [],
        "grants": [
            {"id": one.id, "since": one.since, "expires": one.expires}
            for one in sorted(grants, key=lambda one: one.since)
            if (one.member, one.standard, one.until) == (ask.member, ask.standard, None)
        ],
        "now": instant(now),
    }


def judge(facts: Json) -> Judged:
    """Decide from facts alone."""
    return Judged(decision=_by_grants(facts), policy=GRANTS)


def _by_grants(facts: Json) -> Decision:
    standard, tier = {"standard": facts["standard"]}, facts["tier"]
    if tier == Tier.OPEN:
        return Allow(basis="open")
    if tier != Tier.AGREEMENT:
        return Deny((Reason("ask.tier-without-rows", {**standard, "tier": tier}),))
    if not facts["known"]:
        return Deny((Reason("ask.stranger", standard),))
    standing = [one for one in facts["grants"] if one["expires"] is None or facts["now"] < one["expires"]]
    member = {"member": facts["member"]}
    reasons = []
    if facts["left"]:
        reasons.append(Reason("ask.member-left", member))
    if Role.CONSUMER not in facts["roles"]:
        reasons.append(Reason("ask.not-consumer", member))
    if not standing:
        reasons.append(Reason("ask.no-grant", standard))
    elif facts["action"] != Action.READ:
        reasons.append(Reason("ask.grant-reads-only", {**standard, "action": facts["action"]}))
    return Deny(tuple(reasons)) if reasons else Allow(basis=standing[-1]["id"])


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


def replay(body: Json) -> Decision:
    """Make a logged decision again: the same, or `Untrusted`."""
    facts = body["facts"]
    judged = judge(facts)
    said: Mapping[str, object] = {name: body[name] for name in ("allowed", "basis", "reasons", "policy")}
    found: Mapping[str, object] = {**outcome(judged.decision), "policy": judged.policy}
    wrong = sorted(name for name in found if found[name] != said[name])
    wrong += [name for name in ("member", "standard") if facts[name] != body[name]]
    if wrong:
        raise Untrusted("decision.not-so", fields=", ".join(wrong))
    return judged.decision
