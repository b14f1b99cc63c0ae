"""Decide who may take what out. Denies unless the tier is open or a grant stands.

Grants are the plain leave that agreements will replace: `decide` keeps its shape (facts in, one Decision with every
reason out), so that what stands behind it can change without the verbs noticing.
"""

from collections.abc import Iterable
from datetime import datetime

from datadam.model import Allow, Ask, Decision, Deny, Grant, Member, Reason, Role, Standard, Tier, instant


def decide(ask: Ask, standard: Standard, member: Member | None, grants: Iterable[Grant], *, now: datetime) -> Decision:
    """Allow `ask`, or say everything that stands in the way.

    `member` is the asker as the log has it (None: a stranger), `grants` may be anybody's: only the asker's own count.
    """
    if standard.tier is Tier.OPEN:
        return Allow(basis="open")
    if standard.tier is not Tier.AGREEMENT:
        return Deny((Reason("ask.tier-without-rows", {"standard": standard.id, "tier": str(standard.tier)}),))
    if ask.member is None or member is None or member.id != ask.member:
        return Deny((Reason("ask.stranger", {"standard": standard.id}),))
    standing = [
        grant
        for grant in grants
        if (grant.member, grant.standard) == (ask.member, ask.standard)
        and grant.until is None
        and (grant.expires is None or instant(now) < grant.expires)
    ]
    reasons = []
    if member.until is not None:
        reasons.append(Reason("ask.member-left", {"member": member.id}))
    if Role.CONSUMER not in member.roles:
        reasons.append(Reason("ask.not-consumer", {"member": member.id}))
    if not standing:
        reasons.append(Reason("ask.no-grant", {"standard": standard.id}))
    return Deny(tuple(reasons)) if reasons else Allow(basis=max(standing, key=lambda grant: grant.since).id)
