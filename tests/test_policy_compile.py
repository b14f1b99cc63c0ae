"""An offer becomes Cedar: the same bytes from the same offer, nothing but data from whatever it names, never a bomb."""

import json
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from typing import Any, TypeVar

import cedarpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import decisions, seal
from datadam.errors import Invalid, Unavailable
from datadam.formats import odcs, odrl, odrl_judge, odrl_words
from datadam.model import Allow, Deny, StandardId, Tier
from datadam.policy import (
    MAX_TERMS,
    MAX_TEXT,
    MAX_VALUES,
    PERMIT,
    SCHEMA,
    compile_offer,
    decide_on,
    engine,
    read_facts,
    write_facts,
)
from datadam.terms import FORCE, Action, Constraint, Force, Offer, Operand, Operator, Permission, Prohibition
from offers import offers
from policies import COUNTRIES, any_offer, facts, offer, stranger, term

Part = TypeVar("Part", Permission, Prohibition)

ANY, NONE = Operator.ANY_OF, Operator.NONE_OF
HOSTILE = (
    'US"] || true || ["',
    'US"); permit (principal, action, resource); //',
    "line\nbreak\r\n",
    "back\\slash\\",
    'quote"',
    "\x00\x01\x7f",
    "\u202e\u2028\ufeff",
    "데이터댐 🇰🇷",
    "e\u0301 é",
    "\\u{22}",
    "*",
    "${x} {{y}} %s",
    "'; DROP TABLE",
)


def annotations(text: str) -> list[dict[str, str]]:
    """What stands beside each policy, as Cedar reads it."""
    found: dict[str, Any] = json.loads(cedarpy.policies_to_json_str(text))
    assert not found["templates"]
    return [found["staticPolicies"][f"policy{number}"]["annotations"] for number in range(len(found["staticPolicies"]))]


def literals(node: Any) -> Iterator[str]:
    """Every string that Cedar compares with, wherever it stands."""
    if isinstance(node, dict):
        if isinstance(node.get("Value"), str):
            yield node["Value"]
        for inner in node.values():
            yield from literals(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from literals(inner)


# --- the text ---------------------------------------------------------------------------------------------------------


@given(draw=st.randoms(use_true_random=False))
def test_the_same_offer_gives_the_same_bytes_however_it_is_said(draw: random.Random) -> None:
    """The order of permissions, conditions, names and prohibitions means nothing, so the text does not show it."""
    one = any_offer(draw)
    other = replace(
        one,
        permissions=tuple(mixed(permission, draw) for permission in draw.sample(one.permissions, len(one.permissions))),
        prohibitions=tuple(mixed(no, draw) for no in draw.sample(one.prohibitions, len(one.prohibitions))),
    )
    here, there = compile_offer(one), compile_offer(other)
    assert (here.text, here.digest, here.instants) == (there.text, there.digest, there.instants)
    assert here.rules == there.rules
    assert here.digest == seal.digest(here.text.encode())


def mixed(part: Part, draw: random.Random) -> Part:
    """The same, said in another order, and with names said twice."""
    said = [twice(one, draw) for one in draw.sample(part.constraints, len(part.constraints))]
    return replace(part, actions=tuple(draw.sample(part.actions, len(part.actions))), constraints=tuple(said))


def twice(one: Constraint, draw: random.Random) -> Constraint:
    """A term with its names in another order, and one of them again."""
    if not isinstance(one.value, tuple):
        return one
    return replace(one, value=(*draw.sample(one.value, len(one.value)), one.value[0]))


@given(draw=st.randoms(use_true_random=False))
def test_every_rule_says_what_it_is(draw: random.Random) -> None:
    """One permit, then forbids by id, each with its code, law and force; Cedar reads the very rules that we explain."""
    policy = compile_offer(any_offer(draw))
    first, *others = annotations(policy.text)
    assert first["id"] == PERMIT
    assert first["schema"] == seal.digest(SCHEMA.encode())
    assert [one["id"] for one in others] == sorted(policy.rules) == list(policy.rules)
    for one in others:
        rule = policy.rules[one["id"]]
        assert (one["code"], one["law"], one["force"]) == (rule.code, rule.law, rule.force)
        assert rule.law
    assert policy.text.count("permit (") == 1
    assert policy.text.count("forbid (") == len(others)


def test_two_offers_that_differ_are_two_policies() -> None:
    """One name more, one day later, one action less: another digest."""
    base = offer(
        term(Operand.PURPOSE, ANY, ("security",)), term(Operand.EXPIRY, Operator.BEFORE, "2027-01-01T00:00:00Z")
    )
    others = (
        replace(base, number=2),
        replace(base, standard=StandardId("test.other")),
        offer(term(Operand.PURPOSE, ANY, ("research", "security")), *base.permissions[0].constraints[1:]),
        offer(base.permissions[0].constraints[0], term(Operand.EXPIRY, Operator.BEFORE, "2027-01-02T00:00:00Z")),
        offer(*base.permissions[0].constraints, actions=(Action.READ, Action.TRAIN)),
        offer(*base.permissions[0].constraints, prohibitions=(Prohibition(actions=(Action.EXPORT,)),)),
    )
    assert len({compile_offer(one).digest for one in (base, *others)}) == len(others) + 1


def test_forces_are_those_that_the_offer_is_published_with() -> None:
    """A term has one label, whether it is read in the offer or in the reason of a no."""
    said = {Operand.PURPOSE: ("research",), Operand.RECIPIENT: ("consumer",), Operand.DESTINATION: ("KR",)}
    rules = compile_offer(offer(*(term(operand, ANY, values) for operand, values in said.items()))).rules
    found = {operand: next(rule.force for id, rule in rules.items() if id.endswith(f"/{operand}")) for operand in said}
    assert found == {operand: FORCE[operand] for operand in said}
    assert set(found.values()) == {Force.ENFORCED, Force.ATTESTED}


# --- names are data ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_cannot_become_cedar(name: str) -> None:
    """Quotes, breaks, escapes and other scripts stay one string of one rule; nobody passes who is not of that name."""
    honest = compile_offer(offer(term(Operand.JURISDICTION, ANY, ("KR",))))
    policy = compile_offer(offer(term(Operand.JURISDICTION, ANY, (name,))))
    assert list(policy.rules) == list(honest.rules)
    assert isinstance(decide_on(facts(jurisdiction="KR"), policy), Deny)
    assert isinstance(decide_on(facts(jurisdiction=name), policy), Allow)


@given(name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=MAX_TEXT))
def test_cedar_reads_a_name_back_as_it_is(name: str) -> None:
    """Any text, in a set, an annotation and the reservoir's own id, comes back to the character."""
    about = replace(offer(term(Operand.CREDENTIAL, Operator.ALL_OF, (name,))), standard=StandardId(name))
    policy = compile_offer(about)
    parsed = json.loads(cedarpy.policies_to_json_str(policy.text))["staticPolicies"]
    assert len(parsed) == len(policy.rules) + 1
    assert name in set(literals([one["conditions"] for one in parsed.values()]))
    assert parsed["policy0"]["resource"]["entity"]["id"] == name
    assert f"credential isAllOf {name}" in [one.get("term") for one in annotations(policy.text)]
    assert isinstance(decide_on(facts(standard=name, credentials=frozenset({name})), policy), Allow)


def test_half_a_character_is_refused() -> None:
    """A lone surrogate is no text: neither Cedar nor UTF-8 has it."""
    for about in (
        offer(term(Operand.JURISDICTION, ANY, ("K\ud800R",))),
        replace(offer(), standard=StandardId("\udfff")),
    ):
        with pytest.raises(Invalid, match="policy.text-malformed"):
            compile_offer(about)


@given(about=offers())
def test_every_offer_that_can_be_said_is_a_policy(about: Offer) -> None:
    """What `formats.odrl` reads compiles, and comes back from its JSON to the same policy."""
    assert compile_offer(odrl.read(odrl.write(about))).digest == compile_offer(about).digest


def test_a_policy_has_room_for_the_largest_offer() -> None:
    """What one bound allows the other does not refuse."""
    most = len(Action) * (1 + len(Operand)) + odrl_judge.MAX_PROHIBITIONS * (1 + len(odrl_words.IN_PROHIBITIONS))
    assert most <= MAX_TERMS
    assert odrl_judge.MAX_VALUES <= MAX_VALUES


@pytest.mark.parametrize("id", odrl.packaged())
def test_the_packaged_offers_are_policies(id: str) -> None:
    """Each compiles; under those of open standards strangers go on reading, under all others they never do."""
    text = (resources.files("datadam") / "standards" / f"{id}.yaml").read_text(encoding="utf-8")
    standard, policy = odcs.read(text), compile_offer(odrl.read(odrl.packaged()[id]))
    decision = decide_on(stranger(standard=standard.id, tier=standard.tier), policy)
    assert (decision == Allow(basis="open")) == (standard.tier is Tier.OPEN)


# --- what no policy can hold ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        term(Operand.PURPOSE, NONE, ("security",)),  # "all but" would let in what nobody thought of
        term(Operand.SENSITIVITY, Operator.AT_LEAST, "public"),
        term(Operand.SENSITIVITY, Operator.AT_MOST, "secret"),
        term(Operand.SENSITIVITY, Operator.AT_MOST, 2),
        term(Operand.SENSITIVITY, Operator.AT_MOST, ["public"]),
        term(Operand.LEVEL, Operator.AT_LEAST, "strong"),
        term(Operand.RECIPROCITY, Operator.AT_LEAST, -1),
        term(Operand.RECIPROCITY, Operator.AT_LEAST, True),  # noqa: FBT003  (JSON's, which Python takes for 1)
        term(Operand.RECIPROCITY, Operator.AT_LEAST, "5"),
        term(Operand.RECIPROCITY, Operator.AT_LEAST, 2**53),
        term(Operand.EXPIRY, Operator.BEFORE, "2027-01-01T00:00:00"),  # where?
        term(Operand.EXPIRY, Operator.BEFORE, "next year"),
        term(Operand.EXPIRY, Operator.BEFORE, 1_800_000_000),
        term(Operand.EXPIRY, Operator.BEFORE, None),
        term(Operand.JURISDICTION, ANY, ()),
        term(Operand.JURISDICTION, ANY, "KR"),
        term(Operand.JURISDICTION, ANY, ("x" * (MAX_TEXT + 1),)),
        term(Operand.JURISDICTION, ANY, tuple(map(str, range(MAX_VALUES + 1)))),
    ],
)
def test_a_term_that_the_profile_cannot_say_is_refused(wrong: Constraint) -> None:
    """Wrong operators, kinds, empty and endless lists: no policy, rather than one that means something else."""
    with pytest.raises(Invalid, match="policy.term-unsayable"):
        compile_offer(offer(wrong))


@pytest.mark.parametrize(
    "opposite",
    [
        term(Operand.LEVEL, Operator.AT_LEAST, "advanced"),
        term(Operand.CREDENTIAL, ANY, ("audited",)),
        term(Operand.EXPIRY, Operator.BEFORE, "2027-01-01T00:00:00Z"),
    ],
)
def test_a_prohibition_is_not_narrowed_by_what_would_turn_it_around(opposite: Constraint) -> None:
    """To prohibit who has a strong signature is not what anybody means."""
    with pytest.raises(Invalid, match="policy.term-unsayable"):
        compile_offer(offer(prohibitions=(Prohibition(actions=(Action.EXPORT,), constraints=(opposite,)),)))
    assert opposite.operand not in odrl_words.IN_PROHIBITIONS


def test_one_rule_says_an_operand_once_and_one_offer_an_action_once() -> None:
    """Nobody could tell which of two holds."""
    twice = (term(Operand.PURPOSE, ANY, ("security",)), term(Operand.PURPOSE, ANY, ("research",)))
    with pytest.raises(Invalid, match="policy.term-repeated"):
        compile_offer(offer(*twice))
    with pytest.raises(Invalid, match="policy.term-repeated"):
        compile_offer(offer(prohibitions=(Prohibition(actions=(Action.READ,), constraints=twice),)))
    both = (Permission(actions=(Action.READ, Action.TRAIN)), Permission(actions=(Action.TRAIN,)))
    with pytest.raises(Invalid, match="policy.action-repeated") as refused:
        compile_offer(replace(offer(), permissions=both))
    assert refused.value.facts["action"] == [Action.TRAIN]


class Counted(tuple[Any, ...]):
    """A tuple that counts how many of its members anybody looked at."""

    __slots__ = ()
    seen = 0

    def __iter__(self) -> Iterator[Any]:
        for one in super().__iter__():
            Counted.seen += 1
            yield one


@pytest.mark.parametrize("where", ["constraints", "permissions", "prohibitions"])
def test_a_policy_bomb_is_refused_before_it_is_looked_at(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """Ten thousand terms: refused after a look at no more of them than a policy may hold, and Cedar is not asked."""
    monkeypatch.setattr(engine, "fault", lambda _text: pytest.fail("Cedar was asked"))
    monkeypatch.setattr(Counted, "seen", 0)
    constraints = Counted(term(Operand.JURISDICTION, ANY, COUNTRIES) for _ in range(10_000))
    bomb = {
        "constraints": replace(offer(), permissions=(Permission(actions=(), constraints=constraints),)),
        "permissions": replace(offer(), permissions=Counted(Permission(actions=()) for _ in range(10_000))),
        "prohibitions": replace(offer(), prohibitions=Counted(Prohibition(actions=()) for _ in range(10_000))),
    }[where]
    with pytest.raises(Invalid, match="policy.too-large"):
        compile_offer(bomb)
    assert Counted.seen <= MAX_TERMS + 1


def test_the_largest_offer_is_a_policy() -> None:
    """As many terms as may be, each with as many names as may be."""
    names = tuple(f"{number:03}" for number in range(MAX_VALUES))
    full = term(Operand.DESTINATION, NONE, names)
    room = MAX_TERMS - 1 - 1
    about = offer(full, prohibitions=tuple(Prohibition(actions=(Action.TRAIN,)) for _ in range(room)))
    assert isinstance(decide_on(facts(), compile_offer(about)), Allow)
    with pytest.raises(Invalid, match="policy.too-large"):
        compile_offer(replace(about, prohibitions=(*about.prohibitions, Prohibition(actions=(Action.TRAIN,)))))


@pytest.mark.slow
def test_ten_thousand_policies_are_compiled_and_each_decides() -> None:
    """As many offers as no dam has: each is a policy of its own, and only some of them stay parsed."""
    engine._parsed.cache_clear()
    digests = set()
    for number in range(10_000):
        about = replace(offer(term(Operand.PURPOSE, ANY, ("security",))), standard=StandardId(f"test.s{number}"))
        policy = compile_offer(about)
        digests.add(policy.digest)
        if number % 5 == 0:
            assert isinstance(decide_on(facts(standard=about.standard), policy), Allow)
    assert len(digests) == 10_000
    assert engine._parsed.cache_info().currsize <= engine._POLICIES


# --- Cedar itself -----------------------------------------------------------------------------------------------------


def test_a_policy_that_cedar_would_not_prove_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that touches what may be absent is skipped by Cedar, which would be a yes: its validator catches that."""
    monkeypatch.setattr("datadam.policy.compiling._AGREED", "")
    with pytest.raises(Invalid, match="policy.not-valid") as refused:
        compile_offer(offer())
    assert "unable to guarantee safety" in refused.value.facts["why"]  # type: ignore[operator]  # a text


def test_without_cedar_nothing_is_compiled_or_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    """The light client has none: it says what to install, blames no decision that it cannot check, and says no."""
    policy, asked = compile_offer(offer()), facts()
    about = odrl.read(odrl.packaged()["cti.indicator"])
    terms = compile_offer(about)
    case = write_facts(replace(asked, standard=about.standard))
    body = decisions.told(case, decisions.judge(case, terms), "offer-1")
    logged = {"offer": json.loads(odrl.write(about))}
    assert decisions.replay(body, logged) == decide_on(read_facts(case), terms)
    decisions.policy_of.cache_clear()
    monkeypatch.setitem(sys.modules, "cedarpy", None)
    with pytest.raises(Unavailable, match="policy.engine-missing"):
        compile_offer(offer())
    with pytest.raises(Unavailable, match="policy.engine-missing"):
        decisions.replay(body, logged)
    assert isinstance(decide_on(asked, policy), Deny)
