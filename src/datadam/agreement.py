"""The life of an agreement: a pure state machine.

Until `FINALISED` it is the contract negotiation of the Dataspace Protocol 2025-1 (§ "Contract Negotiation Protocol"):
the consumer is the member, the provider the dam for its stewards, and DSP's FINALIZED and TERMINATED are `FINALISED`
and `ENDED` here. There DSP ends; suspension, resumption and the end of what is in force are what comes after.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from datadam.errors import Refused
from datadam.terms import CHANGED, AgreementState


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
