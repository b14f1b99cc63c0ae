"""The life of an agreement: DSP's negotiation and what comes after it, every step of it and no other."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam.agreement import CHANGES, STANDING, TABLE, Event, Party, concluded, possible, step
from datadam.errors import Refused
from datadam.terms import AgreementState

C, P = Party.CONSUMER, Party.PROVIDER
# Dataspace Protocol 2025-1, § "Contract Negotiation Protocol": from, message, who sends it, to; its prose lets either
# side terminate in every state that is not terminal
DSP = [
    (None, "ContractRequestMessage", C, "REQUESTED"),
    (None, "ContractOfferMessage", P, "OFFERED"),
    ("REQUESTED", "ContractOfferMessage", P, "OFFERED"),
    ("REQUESTED", "ContractAgreementMessage", P, "AGREED"),
    ("REQUESTED", "ContractNegotiationTerminationMessage", C, "TERMINATED"),
    ("REQUESTED", "ContractNegotiationTerminationMessage", P, "TERMINATED"),
    ("OFFERED", "ContractRequestMessage", C, "REQUESTED"),
    ("OFFERED", "ContractNegotiationEventMessage:ACCEPTED", C, "ACCEPTED"),
    ("OFFERED", "ContractNegotiationTerminationMessage", C, "TERMINATED"),
    ("OFFERED", "ContractNegotiationTerminationMessage", P, "TERMINATED"),
    ("ACCEPTED", "ContractAgreementMessage", P, "AGREED"),
    ("ACCEPTED", "ContractNegotiationTerminationMessage", C, "TERMINATED"),
    ("ACCEPTED", "ContractNegotiationTerminationMessage", P, "TERMINATED"),
    ("AGREED", "ContractAgreementVerificationMessage", C, "VERIFIED"),
    ("AGREED", "ContractNegotiationTerminationMessage", C, "TERMINATED"),
    ("AGREED", "ContractNegotiationTerminationMessage", P, "TERMINATED"),
    ("VERIFIED", "ContractNegotiationEventMessage:FINALIZED", P, "FINALIZED"),
    ("VERIFIED", "ContractNegotiationTerminationMessage", C, "TERMINATED"),
    ("VERIFIED", "ContractNegotiationTerminationMessage", P, "TERMINATED"),
]
MESSAGES = {
    "ContractRequestMessage": Event.REQUEST,
    "ContractOfferMessage": Event.OFFER,
    "ContractNegotiationEventMessage:ACCEPTED": Event.ACCEPT,
    "ContractAgreementMessage": Event.AGREE,
    "ContractAgreementVerificationMessage": Event.VERIFY,
    "ContractNegotiationEventMessage:FINALIZED": Event.FINALISE,
    "ContractNegotiationTerminationMessage": Event.END,
}
STATES: dict[str | None, AgreementState | None] = {
    None: None,
    **{name: AgreementState(name.lower()) for name in ("REQUESTED", "OFFERED", "ACCEPTED", "AGREED", "VERIFIED")},
    "FINALIZED": AgreementState.FINALISED,
    "TERMINATED": AgreementState.ENDED,
}
AFTER = {
    (AgreementState.FINALISED, Event.SUSPEND, P): AgreementState.SUSPENDED,
    (AgreementState.SUSPENDED, Event.RESUME, P): AgreementState.FINALISED,
    **{(state, Event.END, by): AgreementState.ENDED for state in STANDING for by in Party},
}
LEGAL = {(STATES[at], MESSAGES[message], by): STATES[to] for at, message, by, to in DSP} | AFTER
EVERY = list(product([None, *AgreementState], Event, Party))


@pytest.mark.parametrize(("at", "message", "by", "to"), DSP)
def test_each_transition_of_the_dataspace_protocol_is_a_step(at: str | None, message: str, by: Party, to: str) -> None:
    """A negotiation of DSP 2025-1 runs here unchanged."""
    assert step(STATES[at], MESSAGES[message], by) is STATES[to]


@pytest.mark.parametrize(("state", "event", "by"), EVERY)
def test_what_is_no_step_is_refused_with_what_is(state: AgreementState | None, event: Event, by: Party) -> None:
    """Of all triples of state, event and party, exactly DSP's and ours after it lead anywhere."""
    if (state, event, by) in LEGAL:
        assert step(state, event, by) is LEGAL[state, event, by]
        return
    with pytest.raises(Refused, match=r"agreement\.step-impossible") as caught:
        step(state, event, by)
    can = {str(each) for (at, each, who) in LEGAL if (at, who) == (state, by)}
    assert set(caught.value.facts["possible"]) == can  # type: ignore[call-overload]  # a tuple


def test_what_ended_stays_ended() -> None:
    """Nothing can be done to it by anybody; all else can be ended by either side."""
    assert possible(AgreementState.ENDED, C) == possible(AgreementState.ENDED, P) == ()
    for state in set(AgreementState) - {AgreementState.ENDED}:
        for by in Party:
            assert "end" in possible(state, by)


def test_both_signatures_and_the_log_put_an_agreement_in_force() -> None:
    """One statement with two signatures has gone through every step of a negotiation."""
    assert concluded() is AgreementState.FINALISED
    assert {TABLE[at, event][1] for at, event in TABLE if event is CHANGES[AgreementState.FINALISED]} == {
        AgreementState.FINALISED
    }


@given(st.lists(st.tuples(st.sampled_from(Event), st.sampled_from(Party)), max_size=30))
def test_nobody_gets_into_force_alone(events: list[tuple[Event, Party]]) -> None:
    """Whatever is tried in whatever order: in force is only what both acted on, and only the provider resumes."""
    state: AgreementState | None = None
    acted: set[Party] = set()
    for event, by in events:
        before = state
        try:
            state = step(state, event, by)
        except Refused:
            continue
        acted.add(by)
        if state in STANDING:
            assert acted == set(Party)
        if before is AgreementState.SUSPENDED and state is AgreementState.FINALISED:
            assert by is P
