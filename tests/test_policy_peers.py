"""While a peer is silent a policy has one rule more; at all other times it is to the byte what it always was."""

import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import decisions, policy
from datadam.errors import Invalid, Untrusted
from datadam.formats import odrl
from datadam.model import Allow, Deny, Reason
from datadam.policy import compile_offer, confined, decide_on, read_facts, silenced, write_facts
from datadam.terms import Action
from policies import any_facts, any_offer, facts, offer
from signed import an_offer

PLAIN = compile_offer(offer())
SILENT = silenced(PLAIN)


def test_everybody_is_refused_while_a_peer_is_silent() -> None:
    """With the peering as the ground; also who only reads what is open."""
    asked = facts(silent=("peering-1",))
    decision = decide_on(asked, SILENT)
    assert isinstance(decision, Deny)
    (reason,) = decision.reasons
    assert (reason.code, reason.facts["law"], reason.facts["silent"]) == ("ask.peer-silent", "peering", ["peering-1"])
    reading = replace(asked, tier="open", action=Action.READ)
    assert [one.code for one in getattr(decide_on(reading, SILENT), "reasons", ())] == ["ask.peer-silent"]
    assert isinstance(decide_on(facts(), SILENT), Allow)


def test_the_fact_without_its_rule_is_a_no() -> None:
    """Whoever judges it by the policy of before comes to no yes."""
    decision = decide_on(facts(silent=("peering-1",)), PLAIN)
    assert isinstance(decision, Deny)
    assert [one.code for one in decision.reasons] == [policy.UNDECIDABLE]


@given(draw=st.randoms(use_true_random=False))
def test_the_rule_adds_its_own_reason_and_changes_no_other(draw: Random) -> None:
    """Of any ask about any offer."""
    about = any_offer(draw)
    asked, terms = replace(any_facts(draw, about), silent=()), compile_offer(about)
    before = decide_on(asked, terms)
    assert decide_on(asked, silenced(terms)) == before
    after = decide_on(replace(asked, silent=("peering-1",)), silenced(terms))
    assert isinstance(after, Deny)
    told = {reason.code for reason in before.reasons} if isinstance(before, Deny) else set()
    if policy.UNDECIDABLE not in told:
        assert {reason.code for reason in after.reasons} == {*told, "ask.peer-silent"}


@pytest.mark.parametrize("what", ["class", "direction", "standard"])
def test_what_a_peering_does_not_cover_is_a_reason_of_its_own_and_not_for_what_is_open(what: str) -> None:
    """A guest is denied by the peering; where strangers may read, it may too; without the rule nobody says yes."""
    asked = facts(crossing=(what,))
    decision = decide_on(asked, confined(PLAIN))
    assert isinstance(decision, Deny)
    (reason,) = decision.reasons
    assert (reason.code, reason.facts["law"]) == (f"ask.peer-{what}", "peering")
    reading = replace(asked, tier="open", action=Action.READ)
    assert isinstance(decide_on(reading, confined(PLAIN)), Allow)
    assert isinstance(decide_on(facts(), confined(PLAIN)), Allow)
    unruled = decide_on(asked, PLAIN)
    assert isinstance(unruled, Deny)
    assert [one.code for one in unruled.reasons] == [policy.UNDECIDABLE]
    both = decide_on(facts(crossing=(what,), silent=("peering-1",)), confined(silenced(PLAIN)))
    assert {one.code for one in getattr(both, "reasons", ())} == {f"ask.peer-{what}", "ask.peer-silent"}


def test_the_fact_is_told_only_where_there_is_one() -> None:
    """So decisions of before say nothing of it, and nothing is told in two ways."""
    assert "silent" not in write_facts(facts())
    told = write_facts(facts(silent=("peering-1",)))
    assert told["silent"] == ["peering-1"]
    assert read_facts(told).silent == ("peering-1",)
    for odd in ([], None, "peering-1", [1]):
        with pytest.raises(Invalid, match=r"policy\.facts-malformed"):
            read_facts({**told, "silent": odd})


def judged(silent: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A decision as it is logged, and the offer's body."""
    text = odrl.write(an_offer())
    research = {"purpose": "research", "agreed_purposes": frozenset({"research"})}
    told = write_facts(facts(silent=silent, standard="test.reading", **research))
    body = decisions.told(told, decisions.judge(told, decisions.policy_of(text)), "ab" * 32)
    return dict(body), {"offer": json.loads(text)}


def test_a_decision_of_before_comes_out_as_it_did_and_one_of_now_names_its_policy() -> None:
    """The digest without silence is that of the offer alone; with it, of the text that has the rule."""
    before, about = judged(())
    assert before["policy"] == decisions.policy_of(odrl.write(an_offer())).digest
    assert isinstance(decisions.replay(before, about), Allow)
    now, _ = judged(("peering-1",))
    assert now["policy"] == silenced(decisions.policy_of(odrl.write(an_offer()))).digest != before["policy"]
    assert isinstance(decisions.replay(now, about), Deny)
    with pytest.raises(Untrusted, match=r"decision\.not-so"):
        decisions.replay({**now, "facts": before["facts"]}, about)
    with pytest.raises(Untrusted, match=r"decision\.not-so"):
        decisions.replay({**now, "policy": before["policy"]}, about)


def test_grants_are_stopped_in_the_same_words() -> None:
    """Where a standard has no offer; also where it is open."""
    told: dict[str, Any] = {
        "member": "m-1",
        "standard": "test.reading",
        "destination": None,
        "action": "read",
        "tier": "agreement",
        "known": True,
        "left": False,
        "suspended": False,
        "roles": ["consumer"],
        "grants": [{"id": "g", "since": 1, "expires": None}],
        "now": "2026-11-22T09:00:00Z",
    }
    why = Reason("ask.peer-silent", {"standard": "test.reading", "silent": ["peering-1"]})
    assert decisions.judge(told, None).decision == Allow(basis="g")
    assert decisions.judge({**told, "silent": ["peering-1"]}, None).decision == Deny((why,))
    assert decisions.judge({**told, "tier": "open", "silent": ["peering-1"]}, None).decision == Deny((why,))
