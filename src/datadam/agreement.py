"""The life of an agreement: a pure state machine; and what of an offer a member may sign.

Until `FINALISED` it is the contract negotiation of the Dataspace Protocol 2025-1 (§ "Contract Negotiation Protocol"):
the consumer is the member, the provider the dam for its stewards, and DSP's FINALIZED and TERMINATED are `FINALISED`
and `ENDED` here. There DSP ends; suspension, resumption and the end of what is in force are what comes after.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from datadam.errors import DamError, Refused
from datadam.terms import (
    CHANGED,
    LEVELS,
    PURPOSES,
    AgreementState,
    Constraint,
    DutyKind,
    Level,
    Offer,
    Operand,
    Operator,
    Permission,
)


class Party(StrEnum):
    """Who causes a step, in DSP's sense."""

    CONSUMER = "consumer"  # the member
    PROVIDER = "provider"  # the dam, for the standard's stewards


class Event(StrEnum):
    """What happens to an agreement; each of the first six is a message of DSP."""

    REQUEST = "request"
    OFFER = "offer"
    ACCEPT = "accept"
    AGREE = "agree"
    VERIFY = "verify"
    FINALISE = "finalise"
    SUSPEND = "suspend"
    RESUME = "resume"
    END = "end"


_EITHER: Final = frozenset(Party)
_CONSUMER: Final = frozenset({Party.CONSUMER})
_PROVIDER: Final = frozenset({Party.PROVIDER})
_S, _E = AgreementState, Event

TABLE: Final[Mapping[tuple[AgreementState | None, Event], tuple[frozenset[Party], AgreementState]]] = {
    (None, _E.REQUEST): (_CONSUMER, _S.REQUESTED),
    (None, _E.OFFER): (_PROVIDER, _S.OFFERED),
    (_S.REQUESTED, _E.OFFER): (_PROVIDER, _S.OFFERED),
    (_S.REQUESTED, _E.AGREE): (_PROVIDER, _S.AGREED),
    (_S.REQUESTED, _E.END): (_EITHER, _S.ENDED),
    (_S.OFFERED, _E.REQUEST): (_CONSUMER, _S.REQUESTED),
    (_S.OFFERED, _E.ACCEPT): (_CONSUMER, _S.ACCEPTED),
    (_S.OFFERED, _E.END): (_EITHER, _S.ENDED),
    (_S.ACCEPTED, _E.AGREE): (_PROVIDER, _S.AGREED),
    (_S.ACCEPTED, _E.END): (_EITHER, _S.ENDED),
    (_S.AGREED, _E.VERIFY): (_CONSUMER, _S.VERIFIED),
    (_S.AGREED, _E.END): (_EITHER, _S.ENDED),
    (_S.VERIFIED, _E.FINALISE): (_PROVIDER, _S.FINALISED),
    (_S.VERIFIED, _E.END): (_EITHER, _S.ENDED),
    (_S.FINALISED, _E.SUSPEND): (_PROVIDER, _S.SUSPENDED),
    (_S.FINALISED, _E.END): (_EITHER, _S.ENDED),
    (_S.SUSPENDED, _E.RESUME): (_PROVIDER, _S.FINALISED),
    (_S.SUSPENDED, _E.END): (_EITHER, _S.ENDED),
}
"""From where (None: nothing yet) by which event: who may cause it, and where it leads. Nothing else happens."""

STANDING: Final = frozenset({AgreementState.FINALISED, AgreementState.SUSPENDED})
"""States of what both signed and neither ended: in force, or held up."""

CHANGES: Final[Mapping[AgreementState, Event]] = dict(zip(CHANGED, (_E.SUSPEND, _E.RESUME, _E.END), strict=True))
"""What an `agreement-change` statement that names a state means."""


def step(state: AgreementState | None, event: Event, by: Party) -> AgreementState:
    """The state after `event`; `Refused` with what is possible instead, where `by` may not cause it there."""
    who, after = TABLE.get((state, event), (frozenset[Party](), None))
    if after is None or by not in who:
        raise Refused(
            "agreement.step-impossible",
            state=str(state or "–"),
            event=str(event),
            by=str(by),
            possible=possible(state, by),
        )
    return after


def possible(state: AgreementState | None, by: Party) -> tuple[str, ...]:
    """The events that a party may cause in a state."""
    return tuple(str(event) for (at, event), (who, _) in TABLE.items() if at is state and by in who)


def concluded() -> AgreementState:
    """Where an agreement is whose one statement both parties signed and the log has.

    The member signed the very bytes that the dam signed, so nothing is left for it to verify in them: it answered for
    that step when it signed, and the entry in the log is the last one.
    """
    state: AgreementState | None = None
    for event, by in (
        (Event.REQUEST, Party.CONSUMER),
        (Event.OFFER, Party.PROVIDER),
        (Event.ACCEPT, Party.CONSUMER),
        (Event.AGREE, Party.PROVIDER),
        (Event.VERIFY, Party.CONSUMER),
    ):
        state = step(state, event, by)
    return step(state, Event.FINALISE, Party.PROVIDER)


# --- what may be signed -----------------------------------------------------------------------------------------------


PROVABLE: Final = Level.ADVANCED
"""The strongest level that a dam can take a member's word for: it sees no qualified certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """What the log knows of who wants to sign."""

    roles: frozenset[str]
    jurisdiction: str  # ISO 3166-1 alpha-2
    credentials: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What of an offer a member wants to sign for."""

    purposes: tuple[str, ...]
    destination: str  # ISO 3166-1 alpha-2
    level: Level


def faults(offer: Offer, wish: Wish, *, now: str) -> list[DamError]:
    """Everything for which nobody could sign this offer so; none if it may be signed. `now` is an ISO 8601 instant."""
    alive = [one for one in offer.permissions if not _is_over(one, now)]
    if not alive:
        return [Refused("agreement.offer-over", standard=offer.standard, number=offer.number)]
    found: list[DamError] = []
    there = [one for one in alive if _holds(one, Operand.DESTINATION, {wish.destination})]
    offered = _purposes(alive)
    if not there:
        found.append(Refused("agreement.destination-not-offered", destination=wish.destination))
    if unknown := [one for one in wish.purposes if one not in offered]:
        found.append(Refused("agreement.purpose-not-offered", purposes=unknown, offered=sorted(offered)))
    elif there and (elsewhere := [one for one in wish.purposes if one not in _purposes(there)]):
        found.append(Refused("agreement.purpose-not-there", purposes=elsewhere, destination=wish.destination))
    least = required(offer)
    if LEVELS.index(wish.level) < LEVELS.index(least):
        found.append(Refused("agreement.level-too-low", level=str(wish.level), least=str(least)))
    if LEVELS.index(wish.level) > LEVELS.index(PROVABLE):
        found.append(Refused("agreement.level-unproven", level=str(wish.level), provable=str(PROVABLE)))
    return found


def required(offer: Offer) -> Level:
    """The level of signature that the strictest permission of an offer asks for."""
    asked = [Level(str(one.value)) for one in _each(offer, Operand.LEVEL)]
    return max(asked, key=LEVELS.index, default=Level.SIMPLE)


def ends(offer: Offer) -> str | None:
    """The instant from which an offer allows nothing any more; None if something has no end."""
    over = [_of(one, Operand.EXPIRY) for one in offer.permissions]
    return max((str(one.value) for one in over if one), default=None) if all(over) else None


def notice(offer: Offer) -> int | None:
    """How many days an offer binds after a newer one came: the longest notice that a permission of it promises."""
    days = [duty.days for one in offer.permissions for duty in one.duties if duty.kind is DutyKind.NOTICE and duty.days]
    return max(days, default=None)


def is_met_by(offer: Offer, signer: Signer, *, now: str) -> bool:
    """Whether at least one permission is for such a signer, as far as the log knows it."""
    return any(
        _holds(one, Operand.RECIPIENT, signer.roles)
        and _holds(one, Operand.JURISDICTION, {signer.jurisdiction})
        and _holds(one, Operand.CREDENTIAL, signer.credentials)
        for one in offer.permissions
        if not _is_over(one, now)
    )


def _each(offer: Offer, operand: Operand) -> list[Constraint]:
    return [one for permission in offer.permissions if (one := _of(permission, operand)) is not None]


def _of(permission: Permission, operand: Operand) -> Constraint | None:
    return next((one for one in permission.constraints if one.operand is operand), None)


def _is_over(permission: Permission, now: str) -> bool:
    end = _of(permission, Operand.EXPIRY)
    return end is not None and str(end.value) <= now


def _purposes(permissions: Iterable[Permission]) -> frozenset[str]:
    """The purposes that at least one of the permissions is for; one that names none is for all."""
    said = [_of(one, Operand.PURPOSE) for one in permissions]
    return frozenset(name for one in said for name in (_names(one) if one else PURPOSES))


def _holds(permission: Permission, operand: Operand, held: Collection[str]) -> bool:
    said = _of(permission, operand)
    if said is None:
        return True
    names = set(_names(said))
    match said.operator:
        case Operator.ANY_OF:
            return not names.isdisjoint(held)
        case Operator.NONE_OF:
            return names.isdisjoint(held)
        case _:
            return names <= set(held)


def _names(said: Constraint) -> tuple[str, ...]:
    return said.value if isinstance(said.value, tuple) else (str(said.value),)
