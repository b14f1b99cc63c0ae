"""A decision: yes only without a doubt, a no with every reason in words, facts of others as one; and what is kept."""

import json
import re
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import cedarpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import seal, texts
from datadam.errors import Invalid, kept
from datadam.model import Allow, Decision, Deny, Reason, Role
from datadam.policy import (
    COLLAPSED,
    OPERATOR,
    OTHERS,
    UNDECIDABLE,
    Facts,
    Policy,
    Rule,
    compile_offer,
    decide_on,
    engine,
    for_asker,
    read_facts,
    silenced,
    write_facts,
)
from datadam.policy.cedar import permit
from datadam.policy.facts import seconds
from datadam.terms import Action, AgreementState, Force, Operand, Operator, Prohibition
from policies import HERE, INSTANTS, NOBODY, any_facts, any_offer, facts, offer, stranger, term

RANDOMS = st.randoms(use_true_random=False)
PLAIN = compile_offer(offer())


def codes(decision: Decision) -> list[str]:
    """The reasons of a no; none of a yes."""
    return [one.code for one in decision.reasons] if isinstance(decision, Deny) else []


def fits(operand: Operand, operator: Operator, value: Any, days: int | None = None) -> Policy:
    """The policy of an offer that permits reading under one condition."""
    return compile_offer(offer(term(operand, operator, value, days)))


# --- every reason, and the one thing that makes it go away ------------------------------------------------------------

ANY, NONE, ALL = Operator.ANY_OF, Operator.NONE_OF, Operator.ALL_OF
NO_TRAINING = compile_offer(
    offer(actions=(Action.READ, Action.TRAIN), prohibitions=(Prohibition(actions=(Action.TRAIN,)),))
)
NOT_TO_US = compile_offer(
    offer(prohibitions=(Prohibition(actions=(Action.READ,), constraints=(term(Operand.DESTINATION, ANY, ("US",)),)),))
)
IN_KR = {"destination": None, "agreed_destination": "KR"}

CASES: dict[str, tuple[Policy, dict[str, Any], dict[str, Any]]] = {
    # code: the policy, what is wrong, what would make it an allow
    "ask.operator": (PLAIN, {"kind": OPERATOR}, {"kind": "organisation"}),
    "ask.member-left": (PLAIN, {"left": True}, {"left": False}),
    "ask.member-suspended": (PLAIN, {"suspended": True}, {"suspended": False}),
    "ask.not-consumer": (PLAIN, {"roles": frozenset({Role.CONTRIBUTOR})}, {"roles": frozenset({Role.CONSUMER})}),
    "ask.no-agreement": (PLAIN, NOBODY, {name: getattr(facts(), name) for name in NOBODY}),
    "ask.agreement-pending": (PLAIN, {"state": "agreed"}, {"state": "finalised"}),
    "ask.agreement-suspended": (PLAIN, {"state": "suspended"}, {"state": "finalised"}),
    "ask.agreement-ended": (PLAIN, {"state": "ended"}, {"state": "finalised"}),
    "ask.agreement-expired": (PLAIN, {"agreement_expires": INSTANTS[1]}, {"agreement_expires": INSTANTS[2]}),
    "ask.offer-not-current": (PLAIN, {"offer_current": False}, {"offer_current": True}),
    "ask.no-purpose": (PLAIN, {"purpose": None}, {"purpose": "security"}),
    "ask.purpose-not-agreed": (PLAIN, {"purpose": "research"}, {"purpose": "security"}),
    "ask.destination-not-agreed": (PLAIN, {"destination": "US"}, {"destination": "KR"}),
    "ask.no-corridor": (PLAIN, {"corridor": None}, {"corridor": "corridor-1"}),
    "ask.order": (PLAIN, {"ordered": ("order-1",)}, {"ordered": ()}),
    "ask.frozen": (PLAIN, {"frozen": ("dispute-1",)}, {"frozen": ()}),
    "ask.peer-silent": (silenced(PLAIN), {"silent": ("peering-1",)}, {"silent": ()}),
    "ask.tier-without-rows": (PLAIN, {"tier": "tables"}, {"tier": "agreement"}),
    "ask.not-permitted": (PLAIN, {"action": Action.TRAIN}, {"action": Action.READ}),
    "ask.prohibited": (NO_TRAINING, {"action": Action.TRAIN}, {"action": Action.READ}),
    "ask.prohibited-where": (NOT_TO_US, {"agreed_destination": "US"}, {"agreed_destination": "KR"}),
    "ask.purpose-not-allowed": (
        fits(Operand.PURPOSE, ANY, ("research",)),
        {},
        {"purpose": "research", "agreed_purposes": frozenset({"research"})},
    ),
    "ask.role-needed": (
        fits(Operand.RECIPIENT, ANY, ("contributor",)),
        {},
        {"roles": frozenset({Role.CONSUMER, Role.CONTRIBUTOR})},
    ),
    "ask.role-excluded": (
        fits(Operand.RECIPIENT, NONE, ("auditor",)),
        {"roles": frozenset({Role.CONSUMER, Role.AUDITOR})},
        {"roles": frozenset({Role.CONSUMER})},
    ),
    "ask.jurisdiction-not-allowed": (fits(Operand.JURISDICTION, ANY, ("JP",)), {}, {"jurisdiction": "JP"}),
    "ask.jurisdiction-excluded": (fits(Operand.JURISDICTION, NONE, ("KR",)), {}, {"jurisdiction": "JP"}),
    "ask.destination-not-allowed": (fits(Operand.DESTINATION, ANY, ("JP",)), IN_KR, {"agreed_destination": "JP"}),
    "ask.destination-excluded": (fits(Operand.DESTINATION, NONE, ("KR",)), IN_KR, {"agreed_destination": "JP"}),
    "ask.too-sensitive": (
        fits(Operand.SENSITIVITY, Operator.AT_MOST, "business"),
        {"sensitivity": 2},
        {"sensitivity": 1},
    ),
    "ask.reciprocity": (fits(Operand.RECIPROCITY, Operator.AT_LEAST, 100, 30), {"live_rows": 99}, {"live_rows": 100}),
    "ask.level-too-low": (fits(Operand.LEVEL, Operator.AT_LEAST, "qualified"), {}, {"agreed_level": "qualified"}),
    "ask.credentials-needed": (
        fits(Operand.CREDENTIAL, ALL, ("a", "b")),
        {"credentials": frozenset({"a"})},
        {"credentials": frozenset({"a", "b"})},
    ),
    "ask.credential-needed": (
        fits(Operand.CREDENTIAL, ANY, ("a", "b")),
        {},
        {"credentials": frozenset({"b"})},
    ),
    "ask.offer-expired": (fits(Operand.EXPIRY, Operator.BEFORE, INSTANTS[1]), {}, {"now": INSTANTS[0]}),
}


EVEN_OPEN = {
    "ask.operator",
    "ask.order",
    "ask.frozen",
    "ask.peer-silent",
    "ask.tier-without-rows",
    "ask.no-agreement",
}


@pytest.mark.parametrize("code", CASES)
def test_each_reason_stands_alone_and_goes_when_it_is_mended(code: str) -> None:
    """One thing wrong is one reason; mended, the answer is a yes on the agreement."""
    policy, wrong, right = CASES[code]
    assert codes(decide_on(facts(**wrong), policy)) == [code]
    mended = facts(**{**wrong, **right})
    assert decide_on(mended, policy) == Allow(basis=str(mended.agreement))


def test_a_stranger_is_told_what_joining_would_need() -> None:
    """Nothing is known of it: it must join, agree, and say what for."""
    assert codes(decide_on(stranger(), PLAIN)) == ["ask.no-agreement", "ask.no-purpose", "ask.stranger"]


def test_every_reason_is_told_at_once_in_the_order_of_the_rules() -> None:
    """Mended together, not one after the other."""
    wrong = facts(left=True, suspended=True, state="ended", corridor=None, ordered=("o",), purpose="research")
    decision = decide_on(wrong, fits(Operand.PURPOSE, ANY, ("security",)))
    assert codes(decision) == [
        "ask.agreement-ended",
        "ask.member-left",
        "ask.member-suspended",
        "ask.no-corridor",
        "ask.order",
        "ask.purpose-not-agreed",
        "ask.purpose-not-allowed",
    ]


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_reason_is_a_whole_sentence_with_a_way_out(language: str) -> None:
    """No sentence has a hole, each says what to do, and names the facts that it was given."""
    told = [reason for policy, wrong, _ in CASES.values() for reason in _reasons(decide_on(facts(**wrong), policy))]
    told += _reasons(decide_on(stranger(), PLAIN)) + _reasons(decide_on(facts(standard="x.y"), PLAIN))
    told += for_asker([Reason("ask.member-suspended")], HERE)
    assert {one.code for one in told} == {*CASES, "ask.stranger", UNDECIDABLE, OTHERS}
    for reason in told:
        wanted = [texts.placeholders(sentence) for sentence in texts.template(reason.code, language).values()]
        assert len(wanted) == 2, reason.code
        assert frozenset().union(*wanted) <= set(reason.facts), reason.code
        assert json.loads(json.dumps(kept(reason)))["facts"] == dict(reason.facts), "facts are JSON as they are"


def test_the_page_names_every_reason() -> None:
    """docs/deciding.md lists the rules that there are, and no others."""
    page = (Path(__file__).parents[1] / "docs" / "deciding.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(ask\.[a-z-]+)`", page)) == {*CASES, "ask.stranger", UNDECIDABLE, OTHERS}


def _reasons(decision: Decision) -> list[Reason]:
    assert isinstance(decision, Deny)
    return list(decision.reasons)


def test_a_reason_names_its_rule_its_law_and_the_terms() -> None:
    """Who wants to check needs no more than that."""
    (reason,) = _reasons(decide_on(facts(live_rows=7), CASES["ask.reciprocity"][0]))
    assert reason.facts == {
        "standard": HERE,
        "action": "read",
        "rule": "term/read/reciprocity",
        "law": "offer 1, permission read",
        "terms": ["100"],
        "days": 30,
        "live_rows": 7,
    }
    (reason,) = _reasons(decide_on(facts(sensitivity=3), CASES["ask.too-sensitive"][0]))
    assert (reason.facts["sensitivity"], reason.facts["terms"]) == ("personal", ["business"])


def test_what_is_not_known_counts_as_what_is_prohibited() -> None:
    """A stranger that reads an open reservoir says no destination: a prohibition of some holds it all the same."""
    policy = CASES["ask.prohibited-where"][0]
    assert codes(decide_on(stranger(tier="open"), policy)) == ["ask.prohibited-where"]
    assert decide_on(stranger(tier="open", destination="JP"), policy) == Allow(basis="open")


@pytest.mark.parametrize("state", AgreementState)
def test_only_a_finalised_agreement_is_in_force(state: AgreementState) -> None:
    """Each other state of its life is a no, and says which."""
    told = {"finalised": [], "suspended": ["ask.agreement-suspended"], "ended": ["ask.agreement-ended"]}
    assert codes(decide_on(facts(state=state), PLAIN)) == told.get(state, ["ask.agreement-pending"])


def test_nothing_that_binds_members_alone_binds_reading_what_is_open() -> None:
    """A stranger could read it: so no term, no suspension and no end of an agreement stands in a member's way there."""
    terms = [policy for code, (policy, _, _) in CASES.items() if "prohibited" not in code]
    wrong: dict[str, Any] = {}
    for code, (_, one, _) in CASES.items():
        wrong |= one if code not in EVEN_OPEN else {}
    asked = facts(**{**wrong, "tier": "open", "action": Action.READ})
    assert {str(decide_on(asked, policy)) for policy in terms} == {str(Allow(basis="open"))}
    for code in ("ask.operator", "ask.order", "ask.frozen"):
        assert codes(decide_on(replace(asked, **CASES[code][1]), PLAIN)) == [code]
    only_training = compile_offer(offer(actions=(Action.TRAIN,)))
    assert decide_on(asked, only_training) == Allow(basis="open")
    assert "ask.agreement-ended" in codes(decide_on(replace(asked, action=Action.TRAIN), only_training))


def test_answers_may_be_queried_and_nothing_else() -> None:
    """The tier of answers gives out none of its rows; the tier of tables not even answers."""
    policy = compile_offer(offer(actions=tuple(Action)))
    for action in Action:
        decision = decide_on(facts(tier="answers", action=action), policy)
        assert isinstance(decision, Allow) == (action is Action.QUERY)
        assert codes(decide_on(facts(tier="tables", action=action), policy)) == ["ask.tier-without-rows"]


def test_a_moment_ends_where_it_says() -> None:
    """At the very second of its end an agreement is over, wherever its clock stands; a fraction later too."""
    for now, over in (
        ("2026-11-21T23:59:59Z", False),
        ("2026-11-22T00:00:00Z", True),
        ("2026-11-22T08:59:59+09:00", False),
        ("2026-11-22T09:00:00+09:00", True),
        ("2026-11-22T00:00:00.5Z", True),
    ):
        decision = decide_on(facts(agreement_expires=INSTANTS[1], now=now), PLAIN)
        assert codes(decision) == (["ask.agreement-expired"] if over else []), now
    assert seconds("1969-12-31T23:59:59.9Z") == -1


# --- whatever cannot be worked out is a no ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"standard": "test.other"},
        {"member": None},
        {"member": ""},
        {"known": False},
        {"known": False, "member": None, "left": True, **NOBODY},
        {"known": False, "member": None, "suspended": True, **NOBODY},
        {"agreement": None},
        {"agreement": ""},
        {"state": None},
        {"state": "signed"},
        {"agreed_level": None},
        {"agreed_level": "strong"},
        {"agreed_destination": None},
        {"agreed_destination": ""},
        {**NOBODY, "agreed_purposes": frozenset({"security"})},
        {**NOBODY, "agreement_expires": INSTANTS[2]},
        {"tier": "secret"},
        {"action": "steal"},
        {"sensitivity": 4},
        {"sensitivity": -1},
        {"sensitivity": "public"},
        {"sensitivity": True},
        {"live_rows": "many"},
        {"live_rows": 2**63},
        {"live_rows": float("nan")},
        {"known": 1},
        {"left": None},
        {"roles": None},
        {"roles": frozenset({1})},
        {"kind": None},
        {"kind": "\ud800"},
        {"purpose": 5},
        {"corridor": 5},
        {"ordered": None},
        {"ordered": (5,)},
        {"now": "now"},
        {"now": "2026-11-22T00:00:00"},
        {"now": None},
        {"agreement_expires": "never"},
    ],
    ids=str,
)
def test_facts_that_make_no_sense_are_a_no(wrong: dict[str, Any]) -> None:
    """Half a member, half an agreement, words of nobody's, wrong kinds: undecidable, whatever else they would allow."""
    assert codes(decide_on(facts(**wrong), PLAIN)) == [UNDECIDABLE]


@given(
    draw=RANDOMS, value=st.none() | st.text(max_size=3) | st.integers() | st.booleans() | st.lists(st.text(max_size=3))
)
def test_nonsense_in_any_one_fact_allows_nothing_that_was_not(draw: Random, value: Any) -> None:
    """Nothing is raised, whatever a fact holds; and a yes still rests on the agreement, or on reading what is open."""
    name = draw.choice(list(Facts.__slots__))
    asked = replace(facts(), **{name: value})
    match decide_on(asked, PLAIN):
        case Allow(basis="open"):
            assert asked.tier == "open"
        case Allow(basis=basis):
            assert basis == asked.agreement
        case Deny(reasons):
            assert reasons


def made(text: str, **rules: Rule) -> Policy:
    """A policy that no offer gave."""
    return Policy(standard=HERE, text=text, digest=seal.digest(text.encode()), rules=rules)


BROAD = permit(HERE, "offer 1")
RULE = Rule(code="ask.operator", law="x", force=Force.ENFORCED)


@pytest.mark.parametrize(
    ("policy", "asked"),
    [
        (made("", one=RULE), facts()),  # nothing permits, and nothing says why not
        (made("this is no Cedar", one=RULE), facts()),
        (
            made(BROAD),
            stranger(),
        ),  # a yes on no agreement
        (made(BROAD), facts(left=True)),
        (made(BROAD), facts(suspended=True)),
        (made(BROAD), facts(state="ended")),
        (made(BROAD + "permit (principal, action, resource);"), facts()),  # a yes of a rule without a name
        (made(BROAD + "forbid (principal, action, resource);", one=RULE), facts()),  # a no that nobody can explain
        (made(BROAD + '@id("two") forbid (principal, action, resource);', one=RULE), facts()),
        (
            made(BROAD + '@id("one") forbid (principal, action, resource) when { context.purpose == "x" };', one=RULE),
            facts(purpose=None),
        ),
        (made(BROAD + '@id("one") forbid (principal, action, resource) when { context.live };', one=RULE), facts()),
        (
            made(BROAD + '@id("one") forbid (principal, action, resource) when { context.rows + 1 > 0 };', one=RULE),
            facts(live_rows=2**63 - 1),
        ),
    ],
)
def test_a_broken_policy_says_no(policy: Policy, asked: Facts) -> None:
    """Cedar skips a rule that fails to run, and answers yes: here it is a no, as is all without a ground."""
    assert codes(decide_on(asked, policy)) == [UNDECIDABLE]


@pytest.mark.parametrize("error", [RuntimeError("x"), ValueError("x"), KeyError("x"), RecursionError("x")])
def test_an_engine_that_fails_says_no(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Whatever goes wrong beneath does not come out as a yes, nor as a crash."""

    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(cedarpy, "is_authorized", fail)
    decision = decide_on(facts(), PLAIN)
    assert codes(decision) == [UNDECIDABLE]
    assert _reasons(decision)[0].facts["why"] == type(error).__name__


@pytest.mark.parametrize(
    "answer",
    [
        engine.Answer(allowed=True, denied=False, rules=("permit",), errors=("a rule was skipped",)),
        engine.Answer(allowed=True, denied=False, rules=(), errors=()),
        engine.Answer(allowed=False, denied=False, rules=("permit",), errors=()),
        engine.Answer(allowed=False, denied=True, rules=(), errors=()),
        engine.Answer(allowed=False, denied=True, rules=("operator", "unheard-of"), errors=()),
    ],
)
def test_an_answer_with_a_doubt_is_a_no(monkeypatch: pytest.MonkeyPatch, answer: engine.Answer) -> None:
    """A yes beside an error, a yes or no without its rule, and Cedar's third answer."""
    monkeypatch.setattr(engine, "ask", lambda *_: answer)
    assert codes(decide_on(facts(), PLAIN)) == [UNDECIDABLE]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"standard": "test.other", "left": True}, "standard"),
        ({"member": None, "left": True}, "member"),
        ({"sensitivity": 4, "left": True}, "sensitivity"),
        ({"agreed_level": None, "left": True}, "agreement"),
        ({"tier": "secret", "left": True}, "ValueError"),
        ({"known": 1, "left": True}, "evaluation"),
    ],
)
def test_facts_that_make_no_sense_give_no_other_reason(wrong: dict[str, Any], why: str) -> None:
    """What fails beside is not told: it may be about somebody else. The operator learns of what kind the fault is."""
    (reason,) = _reasons(decide_on(facts(**wrong), PLAIN))
    assert (reason.code, reason.facts["why"]) == (UNDECIDABLE, why)


# --- what the asker may see -------------------------------------------------------------------------------------------


@given(draw=RANDOMS)
def test_facts_of_others_are_one_reason_to_the_asker(draw: Random) -> None:
    """Which of them, how many and about whom: none of it shows; the asker's own reasons stay, in their order."""
    about = any_offer(draw)
    decision = decide_on(any_facts(draw, about), compile_offer(about))
    if isinstance(decision, Allow):
        return
    shown = for_asker(decision.reasons, HERE)
    own = tuple(one for one in decision.reasons if one.code not in COLLAPSED)
    assert shown[: len(own)] == own
    assert len(shown) - len(own) == (len(own) < len(decision.reasons))
    assert all(one == Reason(OTHERS, {"standard": HERE}) for one in shown[len(own) :])


def test_the_asker_cannot_tell_one_fact_of_others_from_another() -> None:
    """The member suspended, its agreement, or both: the same answer to the byte."""
    hidden: list[dict[str, Any]] = [
        {"suspended": True},
        {"state": "suspended"},
        {"suspended": True, "state": "suspended"},
    ]
    shown = {str(for_asker(_reasons(decide_on(facts(**one), PLAIN)), HERE)) for one in hidden}
    assert shown == {str((Reason(OTHERS, {"standard": HERE}),))}
    assert for_asker([], HERE) == ()


# --- facts as JSON ----------------------------------------------------------------------------------------------------


@given(draw=RANDOMS)
def test_a_decision_is_made_again_from_its_logged_facts(draw: Random) -> None:
    """Written as canonical JSON, read back elsewhere: the same facts, the same answer."""
    about = any_offer(draw)
    asked = any_facts(draw, about)
    told = json.loads(seal.canonical(write_facts(asked)))
    assert read_facts(told) == asked
    assert decide_on(read_facts(told), compile_offer(about)) == decide_on(asked, compile_offer(about))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"more": 1}, "more"),
        ({"action": "steal"}, "action"),
        ({"action": []}, "action"),
        ({"roles": "consumer"}, "roles"),
        ({"roles": [1]}, "roles"),
        ({"ordered": None}, "ordered"),
        ({"sensitivity": True}, "sensitivity"),
        ({"sensitivity": "1"}, "sensitivity"),
        ({"known": 1}, "known"),
        ({"tier": None}, "tier"),
        ({"now": 5}, "now"),
        ({"purpose": 5}, "purpose"),
    ],
)
def test_half_of_the_facts_are_none(change: dict[str, Any], field: str) -> None:
    """A field too many, or of another kind, is refused by name; so is one too few."""
    with pytest.raises(Invalid, match="policy.facts-malformed") as refused:
        read_facts({**write_facts(facts()), **change})
    assert refused.value.facts["field"] == [field]
    told = write_facts(facts())
    del told["known"]
    with pytest.raises(Invalid, match="policy.facts-malformed"):
        read_facts(told)
