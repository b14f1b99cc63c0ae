"""Decisions under offers: who agreed gets what was agreed to, on the very next ask, and nothing else leaves."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import decisions, seal
from datadam.adapters.memory.store import MemoryStore
from datadam.dam import agree, decide, grant, offer, order, prove, publish, release, state, withdraw
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import Refused, Untrusted
from datadam.model import Allow, Ask, Column, Deny, Deposit, Json, Kind, PrivacyClass, StandardId, Type
from datadam.policy import Policy
from datadam.terms import Action, AgreementState, Constraint, Operand, Operator
from signed import agreed, an_offer, ending, offered, permission
from worlds import GOOD, Person, a_world, forward, standard_text

ID = StandardId("test.reading")
AMOUNT = "logicalTypeOptions: {minimum: 0, maximum: 1000}\n        required: true\n        classification: "


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam with one standard whose amounts are confidential."""
    made = a_world(tmp_path)
    text = standard_text()
    assert f"{AMOUNT}business" in text
    publish.publish(made, text.replace(f"{AMOUNT}business", f"{AMOUNT}confidential"))
    return made


def answer(world: World, person: Person, **facts: object) -> list[str]:
    """The codes of what stands in a member's way; none is a yes."""
    ask = replace(Ask(member=person.id, standard=ID), **facts)  # type: ignore[arg-type]  # any field
    decision, _ = decide.decide(world, ask)
    return [one.code for one in decision.reasons] if isinstance(decision, Deny) else []


def served(world: World, person: Person) -> pl.DataFrame:
    """All rows that a member gets, with every column that lies in the files."""
    share = release.open_share(world, person.caller, ID)
    paths = [world.shares.path(share.standard, share.recipient, share.version, str(f["name"])) for f in share.files]
    return pl.read_parquet(paths, glob=False)


def last_body(world: World) -> Json:
    """The last decision in the log."""
    found = [world.ledger.statement(id) for _, id in world.ledger.entries()]
    return next(one.body for one in reversed(found) if one.kind is Kind.DECISION)


def test_who_agreed_gets_rows_and_who_did_not_is_told_why(world: World) -> None:
    """The yes rests on the agreement, by the offer that it is under; a grant counts no more."""
    one, other = Person("A").joins(world), Person("B").joins(world)
    one.deposits(world, ID, GOOD)
    published = offered(world)
    grant.grant(world, other.id, ID)
    assert "ask.no-agreement" in answer(world, other)
    held = agreed(world, one)
    assert len(served(world, one)) == 3
    body = last_body(world)
    assert (body["basis"], body["offer"]) == (held.id, published.statement)
    with pytest.raises(Refused):
        served(world, other)
    assert prove.check(world, MemoryStore, lambda: None).faults == []


def test_ending_suspending_and_resuming_bind_on_the_very_next_ask(world: World) -> None:
    """Whoever does it."""
    person = Person("A").joins(world)
    offered(world)
    held = agreed(world, person)
    assert answer(world, person) == []
    agree.change(world, held.id, AgreementState.SUSPENDED, "late fees")
    assert answer(world, person) == ["ask.agreement-suspended"]
    agree.change(world, held.id, AgreementState.FINALISED, "paid")
    assert answer(world, person) == []
    agree.end(world, person.caller, ending(person, held.id))
    assert "ask.no-agreement" in answer(world, person)


def test_only_what_was_agreed_is_allowed(world: World) -> None:
    """Another purpose, another action, another country without a basis in law: each is a reason of its own."""
    person = Person("A").joins(world)
    offered(world)
    agreed(world, person)
    assert answer(world, person, purpose="research") == []
    assert answer(world, person, purpose="security") != []
    assert answer(world, person, action="train") != []
    assert "ask.no-corridor" in answer(world, person, destination="US")


def test_an_order_stops_a_class_on_its_way_and_a_lift_lets_it_go(world: World) -> None:
    """From its place in the log on; home included, if the order names it."""
    person = Person("A").joins(world)
    offered(world)
    agreed(world, person)
    assert answer(world, person) == []
    order.suspend(world, [PrivacyClass.CONFIDENTIAL], [person.jurisdiction], reason="r", ground="g")
    assert answer(world, person) == ["ask.order"]
    with pytest.raises(Refused) as caught:
        release.open_share(world, person.caller, ID)
    assert caught.value.code == "ask.order"
    (standing,) = order.orders(world)
    order.lift(world, standing.id, "over")
    assert answer(world, person) == []


def test_columns_above_the_ceiling_do_not_leave_by_any_way(world: World) -> None:
    """Not in the rows, not in the schema, not as a hidden column of a file; who may have all still gets all."""
    one, other = Person("A").joins(world), Person("B").joins(world)
    one.deposits(world, ID, GOOD)
    ceiling = Constraint(operand=Operand.SENSITIVITY, operator=Operator.AT_MOST, value="business")
    offered(world, permission(ceiling, notice=30))
    agreed(world, other)
    rows = served(world, other)
    assert "amount" not in rows.columns
    assert rows["meter"].sort().to_list() == ["A1", "A2", "A3"]
    share = release.open_share(world, other.caller, ID)
    assert "amount" not in {name["name"] for name in share.schema}
    for file in share.files:
        path = world.shares.path(share.standard, share.recipient, share.version, str(file["name"]))
        assert b"amount" not in path.read_bytes()
    offered(world, permission(notice=30))
    agreed(world, one)
    assert served(world, one)["amount"].sort().to_list() == [5, 7, 1000]
    assert "amount" not in served(world, other).columns  # under the offer that it signed, until the notice is over
    withdraw_all(world, one)
    assert [release.open_share(world, who.caller, ID).rows for who in (one, other)] == [0, 0]


def withdraw_all(world: World, person: Person) -> None:
    """Take every deposit of a person back."""
    with world.store.read() as rows:
        held = [str(one.id) for one in rows.find(Deposit, contributor=person.id)]
    facts = {"contributor": person.id, "deposits": held, "replaced_by": None, "reason": "r"}
    withdraw.withdraw(world, person.caller, seal.envelope(person.states(Kind.WITHDRAWAL, facts)))


def test_reciprocity_counts_live_rows_of_some_age_and_a_withdrawal_drops_it_at_once(world: World) -> None:
    """Four facts for a week are asked for; the same fact reported again is a near-copy, and counts once."""
    person = Person("A").joins(world)
    own = Constraint(operand=Operand.RECIPROCITY, operator=Operator.AT_LEAST, value=4, days=7)
    offered(world, permission(own))
    agreed(world, person)
    assert answer(world, person) == ["ask.reciprocity"]
    person.deposits(world, ID, GOOD)
    person.deposits(world, ID, GOOD.replace(b"5", b"6"))
    assert answer(world, person) == ["ask.reciprocity"]
    forward(world, days=8)
    assert answer(world, person) == ["ask.reciprocity"]
    person.deposits(world, ID, b"meter,amount\nB1,5\n")
    assert answer(world, person) == ["ask.reciprocity"]
    forward(world, days=8)
    assert answer(world, person) == []
    withdraw_all(world, person)
    assert answer(world, person) == ["ask.reciprocity"]


def test_strangers_get_nothing_of_what_has_an_offer(world: World) -> None:
    """And are told that an agreement is needed."""
    offered(world)
    with pytest.raises(Refused):
        release.open_share(world, Caller(), ID)


def test_a_decision_by_an_offer_is_made_again_by_that_offer_alone(world: World) -> None:
    """Another offer, none, or changed facts: not so."""
    person = Person("A").joins(world)
    published = offered(world)
    agreed(world, person)
    assert answer(world, person) == []
    body, offer = last_body(world), world.ledger.statement(published.statement).body
    assert isinstance(decisions.replay(body, offer), Allow)
    wrong = [
        (body, None),
        (body, {**offer, "offer": {**offer["offer"], "uid": "urn:other"}}),
        ({**body, "offer": None}, None),
        ({**body, "facts": {**body["facts"], "state": "suspended"}}, offer),
        ({**body, "facts": {**body["facts"], "agreed_purposes": ["security"]}}, offer),
    ]
    for told, terms in wrong:
        with pytest.raises(Untrusted, match="decision.not-so"):
            decisions.replay(told, terms)


def test_decisions_by_offers_survive_a_rebuild(world: World) -> None:
    """The tables are what the log says; the same ask has the same answer."""
    person = Person("A").joins(world)
    offered(world)
    agreed(world, person)
    assert answer(world, person) == []
    state.rebuild(world)
    assert answer(world, person) == []
    assert prove.check(world, MemoryStore, lambda: None).faults == []


@given(
    classes=st.lists(st.sampled_from(["business", "confidential", "personal"]), min_size=1, max_size=4),
    ceiling=st.sampled_from(["business", "confidential", "personal"]),
)
def test_no_column_stricter_than_its_ceiling_is_among_those_that_leave(classes: list[str], ceiling: str) -> None:
    """Whatever the standard's columns are; and all others do leave."""
    offer = an_offer(permission(Constraint(operand=Operand.SENSITIVITY, operator=Operator.AT_MOST, value=ceiling)))
    columns = [Column(name=f"c{n}", type=Type.TEXT, privacy_class=PrivacyClass(one)) for n, one in enumerate(classes)]
    found = [one for one in columns if decisions.leaves(one, offer, Action.READ)]
    strict = ["public", "business", "confidential", "personal"]
    assert found == [one for one in columns if strict.index(one.privacy_class) <= strict.index(ceiling)]


@pytest.mark.parametrize(
    "lie",
    [
        {"ordered": []},
        {"frozen": ["ab" * 32]},
        {"suspended": True},
        {"left": True},
        {"roles": ["consumer"]},
        {"agreement": "0" * 64},
        {"agreed_purposes": ["research", "security"]},
        {"agreement_expires": "2030-01-01T00:00:00Z"},
        {"sensitivity": 0},
        {"corridor": "any"},
        {"tier": "open"},
        {"now": "2026-11-21T09:00:00Z"},
        {"member": "m-" + "0" * 20},
    ],
    ids=str,
)
def test_a_check_holds_the_facts_of_a_decision_against_the_log(world: World, lie: dict[str, object]) -> None:
    """A dam that signs other facts than its own log bears out, and decides rightly by those, is found out."""
    person = Person("A").joins(world)
    offered(world)
    agreed(world, person)
    one = order.suspend(world, [PrivacyClass.CONFIDENTIAL], [person.jurisdiction], reason="r", ground="g")
    assert answer(world, person) == ["ask.order"]
    body = last_body(world)
    facts = {**body["facts"], **lie}
    if "ordered" not in lie:
        order.lift(world, one.id, "over")
        facts["ordered"] = []
        honest = {**body["facts"], "ordered": []}
        told = decisions.told(honest, decisions.judge(honest, policy_of(world)), body["offer"])
        state.record(world, state.statement(world, Kind.DECISION, told))
        assert prove.check(world, MemoryStore, lambda: None).faults == []
    told = decisions.told(facts, decisions.judge(facts, policy_of(world)), body["offer"])
    state.record(world, state.statement(world, Kind.DECISION, {**told, "member": person.id}))
    faults = prove.check(world, MemoryStore, lambda: None).faults
    assert {fault.code for fault in faults} == {"decision.not-so"}


def policy_of(world: World) -> Policy:
    """The compiled terms of the offer in force."""
    published = offer.current(world, ID)
    assert published is not None
    return decisions.policy_of(published.text)


def test_who_signs_anew_is_given_rows_on_the_new_agreement(world: World) -> None:
    """The same files, another basis: another release in the log."""
    person = Person("A").joins(world)
    person.deposits(world, ID, GOOD)
    offered(world)
    first = agreed(world, person)
    release.open_share(world, person.caller, ID)
    agree.end(world, person.caller, ending(person, first.id))
    forward(world, seconds=1)
    second = agreed(world, person)
    release.open_share(world, person.caller, ID)
    release.open_share(world, person.caller, ID)
    found = [world.ledger.statement(id) for _, id in world.ledger.entries()]
    assert [one.body["basis"] for one in found if one.kind is Kind.RELEASE] == [first.id, second.id]
