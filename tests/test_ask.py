"""Private answers: who may ask about what, what it costs, and that nothing else is ever told."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from datadam import seal
from datadam.adapters.memory.store import MemoryStore
from datadam.dam import ask, charge, decide, grant, offer, prove, publish, release, state, withdraw
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import DamError, Faults, NotFound, Refused
from datadam.formats import odrl
from datadam.ledger import verify_receipt
from datadam.model import Ask, Deposit, Kind, StandardId
from datadam.ports import Cells
from datadam.privacy.accounts import Charge
from datadam.privacy.recipe import Recipe
from datadam.terms import Action, Constraint, Operand, Operator
from signed import agreed, an_offer, any_of, permission
from test_twin import restarted
from worlds import Person, a_world, answers_text, energy, forward, granted, rebuilds, refused

ENERGY = "test.energy"
COUNT: dict[str, Any] = {"standard": ENERGY, "aggregate": "count", "periods": ["2026-Q4"], "rho": "0.05"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam with a reservoir of private answers."""
    made = a_world(tmp_path)
    publish.publish(made, answers_text())
    return made


@pytest.fixture
def scene(world: World) -> tuple[World, Person, Person, Person]:
    """Two contributors of 60 firms in the last quarter of 2026, which is over, and a consumer who may ask."""
    one, two = Person("One").joins(world), Person("Two").joins(world)
    asker = Person("Asker", roles=("consumer",)).joins(world)
    assert one.deposits(world, ENERGY, energy(30)).stage == "committed"
    assert two.deposits(world, ENERGY, energy(30, first=30)).stage == "committed"
    grant.grant(world, asker.id, ENERGY)
    forward(world, days=60)
    return world, one, two, asker


def charges(world: World) -> list[Charge]:
    """Every charge to the reservoir."""
    return charge.of(world, ENERGY)


def withdrawn(world: World, person: Person, deposit: str) -> str:
    """The person takes a deposit back."""
    facts = {"contributor": person.id, "deposits": [deposit], "replaced_by": None, "reason": "r"}
    return withdraw.withdraw(world, person.caller, seal.envelope(person.states(Kind.WITHDRAWAL, facts)))


# --- an answer --------------------------------------------------------------------------------------------------------


def test_an_answer_is_near_the_truth_and_says_how_near(scene: tuple[World, Person, Person, Person]) -> None:
    """Each cell has a value in its interval; what it cost, of whose rows, and what is claimed is signed."""
    world, _, _, asker = scene
    found = ask.answer(world, asker.caller, {**COUNT, "by": ["region", "sector"]})
    body, cells = found.body, found.body["result"]["estimates"]
    assert [one["keys"] for one in cells] == [[a, b] for a in ("north", "south") for b in ("food", "steel", "wood")]
    assert all(Decimal(one["low"]) <= Decimal(one["value"]) <= Decimal(one["high"]) for one in cells)
    assert abs(sum(int(one["value"]) for one in cells) - 180) < 1000  # noise of scale 18: 22 deviations of the sum
    assert (body["rho"], body["delta"], found.stored) == (50_000, "0.000001", False)
    assert set(body["claim"]) == {"en", "ko"}
    assert [one["twin"] for one in body["twins"]] == ["2026-Q4.1"]
    assert found.left.period == Decimal("0.8")
    assert verify_receipt(seal.canonical(found.receipt), vkey=world.ledger.vkey).statement.id == found.statement.id


@pytest.mark.parametrize(
    "question",
    [
        {"aggregate": "sum", "column": "energy"},
        {"aggregate": "mean", "column": "energy", "by": ["region"]},
        {"aggregate": "distinct", "by": ["sector"]},
        {"aggregate": "quantiles", "column": "energy", "at": ["0.5", "0.9"]},
        {"aggregate": "histogram", "column": "energy", "edges": ["0", "50", "100"]},
        {"aggregate": "count", "by": ["plant"]},
        {"aggregate": "count", "where": [{"column": "region", "operator": "in", "values": ["north"]}]},
    ],
)
def test_every_kind_of_question_is_answered(
    scene: tuple[World, Person, Person, Person], question: Mapping[str, Any]
) -> None:
    """Over public keys each has all of its cells; over open ones only keys above the threshold, here none."""
    world, _, _, asker = scene
    found = ask.answer(world, asker.caller, {"standard": ENERGY, "periods": ["2026-Q4"], "rho": "0.01", **question})
    expected = {"sum": 1, "mean": 2, "distinct": 3, "quantiles": 2, "histogram": 2, "count": 1}[question["aggregate"]]
    estimates = found.body["result"]["estimates"]
    assert len(estimates) == (0 if question.get("by") == ["plant"] else expected)
    assert len(charges(world)) == 1


def test_the_log_comes_to_the_same_tables(scene: tuple[World, Person, Person, Person]) -> None:
    """Twins, charges and answers are a projection like all else, and a check finds nothing wrong."""
    world, one, _, asker = scene
    ask.answer(world, asker.caller, COUNT)
    withdrawn(world, one, _deposit(world, one))
    rebuilds(world)
    assert prove.check(world, MemoryStore, lambda: None).faults == []


def _deposit(world: World, person: Person) -> str:
    with world.store.read() as rows:
        (found,) = rows.find(Deposit, contributor=person.id)
    return str(found.id)


# --- the same question ------------------------------------------------------------------------------------------------


def test_the_same_question_has_the_same_answer_for_nothing_whoever_asks(
    scene: tuple[World, Person, Person, Person],
) -> None:
    """However it is written, and by whichever member: the same bytes, one charge."""
    world, one, _, asker = scene
    where = [{"column": "sector", "operator": "in", "values": ["wood", "food"]}]
    first = ask.answer(world, asker.caller, {**COUNT, "where": where})
    same = [{"column": "sector", "operator": "in", "values": ["food", "wood", "food"]}]
    again = ask.answer(world, asker.caller, {**COUNT, "where": same, "rho": "0.050"})
    with granted(world, one, ENERGY):
        others = ask.answer(world, one.caller, {**COUNT, "where": where})
    assert {seal.envelope(found.statement) for found in (first, again, others)} == {seal.envelope(first.statement)}
    assert [found.stored for found in (first, again, others)] == [False, True, True]
    assert len(charges(world)) == 1
    assert others.left.asker == 1  # nothing of it was that member's spending


def test_an_erased_answer_is_drawn_and_charged_anew(scene: tuple[World, Person, Person, Person]) -> None:
    """Nobody can tell what it was."""
    world, _, _, asker = scene
    first = ask.answer(world, asker.caller, COUNT)
    world.bodies.erase(first.statement.id)
    again = ask.answer(world, asker.caller, COUNT)
    assert not again.stored
    assert len(charges(world)) == 2


# --- refused before the charge ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"standard": None}, "private.not-a-text"),
        ({"standard": "test.none"}, "standard.unknown"),
        ({"periods": ["2027-Q1"]}, "private.period-running"),
        ({"periods": ["2026-Q3"]}, "private.period-closed"),
        ({"periods": ["2026-11"]}, "private.period-unknown"),
        ({"by": ["firm"]}, "private.not-groupable"),
        ({"rho": "0"}, "private.rho-range"),
        ({"aggregate": "list"}, "private.word-unknown"),
    ],
)
def test_what_the_question_gets_wrong_is_told_and_costs_nothing(
    scene: tuple[World, Person, Person, Person], change: Mapping[str, Any], code: str
) -> None:
    """Precisely, since no row was looked at."""
    world, _, _, asker = scene
    refused(code, lambda: ask.answer(world, asker.caller, {**COUNT, **change}))
    refused("private.not-a-text", lambda: ask.answer(world, asker.caller, "count"))
    assert charges(world) == []


def test_only_whoever_may_ask_is_answered(scene: tuple[World, Person, Person, Person]) -> None:
    """Not a stranger, not a share profile, not a member without a leave; and the no is in the log."""
    world, one, _, asker = scene
    for caller in (Caller(), Caller(member=asker.id, standard=ENERGY)):
        refused("ask.login-needed", partial(ask.answer, world, caller, COUNT))
    size = world.ledger.size
    refused("ask.no-grant", lambda: ask.answer(world, one.caller, COUNT))
    assert world.ledger.size == size + 1
    assert charges(world) == []


@pytest.mark.parametrize("tier", ["answers", "tables"])
@pytest.mark.parametrize("action", ["read", "train", "combine", "export", "derive"])
def test_no_row_leaves_such_a_reservoir_whoever_asks(world: World, tier: str, action: str) -> None:
    """A grant lets ask; it lets nobody take rows, nor ask where only tables are given."""
    text = answers_text().replace(ENERGY, "test.other").replace("value: answers", f"value: {tier}")
    facts = {"standard": "test.other", "version": "1.0.0", "text": text, "digest": seal.digest(text.encode())}
    state.record(world, state.statement(world, Kind.STANDARD, facts))
    one = Person("One").joins(world)
    grant.grant(world, one.id, "test.other")
    asks = [Ask(member=one.id, standard=StandardId("test.other"), action=each) for each in (action, "query")]
    no, query = (decide.decide(world, each)[0] for each in asks)
    assert [reason.code for reason in no.reasons] == ["ask.tier-without-rows"]  # type: ignore[union-attr]  # a no
    assert hasattr(query, "basis") is (tier == "answers")


def test_a_reservoir_of_another_tier_is_not_asked(scene: tuple[World, Person, Person, Person]) -> None:
    """No exact rows beside noised answers."""
    world, _, _, asker = scene
    text = answers_text().replace(ENERGY, "test.other").replace("value: answers", "value: agreement")
    facts = {"standard": "test.other", "version": "1.0.0", "text": text, "digest": seal.digest(text.encode())}
    state.record(world, state.statement(world, Kind.STANDARD, facts))
    refused("private.no-answers", lambda: ask.answer(world, asker.caller, {**COUNT, "standard": "test.other"}))


def test_a_period_opens_with_enough_contributors_and_closes_when_one_leaves(
    scene: tuple[World, Person, Person, Person],
) -> None:
    """Who contributes is public; a suspended member does not count."""
    world, one, two, asker = scene
    ask.answer(world, asker.caller, COUNT)
    change = {"member": one.id, "state": "suspended", "reason": "r"}
    state.record(world, state.statement(world, Kind.MEMBER_CHANGE, change))
    refused("private.period-closed", lambda: ask.answer(world, asker.caller, COUNT))
    state.record(world, state.statement(world, Kind.MEMBER_CHANGE, {**change, "state": "active"}))
    assert ask.answer(world, asker.caller, COUNT).stored
    withdrawn(world, two, _deposit(world, two))
    refused("private.period-closed", lambda: ask.answer(world, asker.caller, COUNT))


# --- the budget -------------------------------------------------------------------------------------------------------


def test_a_member_spends_its_share_and_no_more(scene: tuple[World, Person, Person, Person]) -> None:
    """A quarter of a period's half rho, to the last micro-rho; the operator's reserve is its own."""
    world, one, _, asker = scene
    for number in range(25):
        where = [{"column": "energy", "operator": ">=", "values": [str(number + 1)]}]
        ask.answer(world, asker.caller, {**COUNT, "rho": "0.005", "where": where})
    refused("private.budget-member", lambda: ask.answer(world, asker.caller, {**COUNT, "rho": "0.000001"}))
    with granted(world, one, ENERGY):
        assert not ask.answer(world, one.caller, {**COUNT, "rho": "0.000001"}).stored
    own = ask.answer_operator(world, COUNT)
    assert charges(world)[-1].member is None
    assert own.left.period == 0
    refused("private.budget-reserve", lambda: ask.answer_operator(world, {**COUNT, "rho": "0.000002"}))
    rebuilds(world)


def test_many_at_once_never_spend_more_than_there_is(scene: tuple[World, Person, Person, Person]) -> None:
    """Threads of several members ask different questions; what was charged stays within every limit."""
    world, one, two, asker = scene
    for person in (one, two):
        grant.grant(world, person.id, ENERGY)
    wrong: list[BaseException] = []

    def spend(person: Person, start: int) -> None:
        for number in range(start, start + 4):
            where = [{"column": "energy", "operator": ">=", "values": [str(number)]}]
            try:
                ask.answer(world, person.caller, {**COUNT, "rho": "0.06", "where": where})
            except Refused as error:
                if not error.code.startswith("private.budget-"):
                    wrong.append(error)

    people = [asker, one, two, asker]
    threads = [threading.Thread(target=spend, args=(who, 1 + 10 * n)) for n, who in enumerate(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    by = {who.id: sum(one.rho for one in charges(world) if one.member == who.id) for who in people}
    assert by == dict.fromkeys(by, 120_000)  # of at most 125,000 each


def test_a_charge_beyond_the_budget_cannot_enter_the_log(scene: tuple[World, Person, Person, Person]) -> None:
    """Not by any road: whoever folds the log refuses it, as an answer without a charge, or at another cost."""
    world, _, _, asker = scene
    given = ask.answer(world, asker.caller, COUNT)
    (held,) = charges(world)
    body = world.ledger.statement(held.id).body
    told = {name: body[name] for name in body if name not in {"v", "kind", "salt", "issued"}}
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"rho": 300_000}, "private.over-budget"),
        ({"member": None, "rho": 60_000}, "private.over-budget"),
        ({"member": "m-" + "0" * 20}, "private.charge-wrong"),
        ({"periods": ["2026-Q3"]}, "private.charge-wrong"),
        ({"twins": ["2026-Q4.2"]}, "private.charge-wrong"),
    ]
    for change, code in wrong:
        made = state.statement(world, Kind.CHARGE, {**told, **change})
        refused(code, partial(state.record, world, made))
    answer = {name: given.body[name] for name in given.body if name not in {"v", "kind", "salt", "issued"}}
    uncharged = state.statement(world, Kind.ANSWER, answer)
    refused("private.answer-uncharged", lambda: state.record(world, uncharged))
    state.record(world, state.statement(world, Kind.CHARGE, told))
    late = charges(world)[-1]
    for change in ({"rho": 1}, {"question": {**answer["question"], "by": ["region"]}}, {"standard": "test.other"}):
        other = state.statement(world, Kind.ANSWER, {**answer, "charge": late.id, **change})
        refused("private.answer-other", partial(state.record, world, other))
    commitment = [{**one, "commitment": "0" * 64} for one in answer["twins"]]
    other = state.statement(world, Kind.ANSWER, {**answer, "charge": late.id, "twins": commitment})
    refused("private.answer-other", lambda: state.record(world, other))


# --- after the charge -------------------------------------------------------------------------------------------------


class Broken:
    """Twins whose rows cannot be read, and say whose they are."""

    def __init__(self, world: World) -> None:
        """All else is as it was."""
        self._twins = world.twins

    def __getattr__(self, name: str) -> Any:
        """As it was."""
        return getattr(self._twins, name)

    def tally(self, recipe: Recipe, twins: Sequence[Path], cells: Cells) -> Sequence[int]:
        """Raise with a value of somebody's."""
        message = f"could not convert 'F17' {recipe.standard} {twins} {cells}"
        raise ValueError(message)


def test_whatever_happens_after_the_charge_there_is_one_refusal_and_nothing_back(
    scene: tuple[World, Person, Person, Person],
) -> None:
    """It names nothing and has no cause; the charge stays without an answer, and the next question pays again."""
    world, _, _, asker = scene
    broken = replace(world, twins=Broken(world))
    error = refused("private.no-answer", lambda: ask.answer(broken, asker.caller, COUNT))
    assert (error.facts, error.__cause__, error.__suppress_context__) == ({}, None, True)
    assert [one.answer for one in charges(world)] == [None]
    found = ask.answer(world, asker.caller, COUNT)
    assert not found.stored
    assert [one.answer for one in charges(world)] == [None, found.statement.id]


def test_the_charge_is_in_the_log_before_any_twin_is_read(scene: tuple[World, Person, Person, Person]) -> None:
    """Whoever reads sees it there."""
    world, _, _, asker = scene
    seen: list[int] = []

    class Watching(Broken):
        def tally(self, recipe: Recipe, twins: Sequence[Path], cells: Cells) -> Sequence[int]:
            seen.append(len(charges(world)))
            assert world.ledger.statement(charges(world)[-1].id).kind is Kind.CHARGE
            return self._twins.tally(recipe, twins, cells)

    ask.answer(replace(world, twins=Watching(world)), asker.caller, COUNT)
    assert seen == [1]


class Crash(BaseException):
    """The process ends here."""


def test_a_crash_between_charge_and_answer_leaves_the_charge(scene: tuple[World, Person, Person, Person]) -> None:
    """After a restart it is there without an answer, and the same question is drawn and charged anew."""
    world, _, _, asker = scene

    class Crashing(Broken):
        def tally(self, *_: object) -> Sequence[int]:
            raise Crash

    with pytest.raises(Crash):
        ask.answer(replace(world, twins=Crashing(world)), asker.caller, COUNT)
    again = restarted(world)
    assert [one.answer for one in charges(again)] == [None]
    assert not ask.answer(again, asker.caller, COUNT).stored
    assert sum(one.rho for one in charges(again)) == 100_000
    rebuilds(again)


def test_a_store_rolled_back_from_a_backup_brings_no_budget_back(scene: tuple[World, Person, Person, Person]) -> None:
    """The log knows what was spent; the tables catch up with it before anything is answered."""
    world, _, _, asker = scene
    assert isinstance(world.store, MemoryStore)
    before = world.store._state
    ask.answer(world, asker.caller, {**COUNT, "rho": "0.1"})
    world.store._state = before
    again = restarted(world)
    assert [one.rho for one in charges(again)] == [100_000]
    refused("private.budget-member", lambda: ask.answer(again, asker.caller, COUNT))
    world.store._state = before  # also where nobody started anew
    refused("private.budget-member", lambda: ask.answer(world, asker.caller, COUNT))


# --- terms and reading ------------------------------------------------------------------------------------------------


def offers(world: World, *constraints: Constraint, actions: tuple[Action, ...] = (Action.QUERY,)) -> None:
    """Publish an offer of the reservoir, for research."""
    said = permission(any_of(Operand.PURPOSE, "research"), *constraints, actions=actions)
    offer.publish(world, odrl.write(an_offer(said, standard=ENERGY)))


def test_an_agreement_lets_ask_for_its_purpose_and_lets_take_nothing(tmp_path: Path) -> None:
    """Action query, decided by Cedar and logged; the charge names the decision."""
    world = a_world(tmp_path)
    publish.publish(world, answers_text(contributors=1))
    offers(world)
    one, asker = Person("One").joins(world), Person("Asker", roles=("consumer",)).joins(world)
    one.deposits(world, ENERGY, energy(30))
    agreed(world, asker, ENERGY)
    forward(world, days=60)
    ask.answer(world, asker.caller, COUNT, purpose="research")
    (held,) = charges(world)
    decision = world.ledger.statement(world.ledger.statement(held.id).body["decision"]).body
    assert (decision["allowed"], decision["facts"]["action"]) == (True, "query")
    refused("ask.denied", lambda: ask.answer(world, asker.caller, COUNT, purpose="statistics"))
    with pytest.raises(DamError):
        release.open_share(world, asker.caller, ENERGY)
    assert prove.check(world, MemoryStore, lambda: None).faults == []


def test_columns_that_the_offer_does_not_let_out_are_not_asked_about(tmp_path: Path) -> None:
    """Neither summed nor filtered by; what is left may be."""
    world = a_world(tmp_path)
    publish.publish(world, answers_text(contributors=1))
    offers(world, Constraint(operand=Operand.SENSITIVITY, operator=Operator.AT_MOST, value="business"))
    one, asker = Person("One").joins(world), Person("Asker", roles=("consumer",)).joins(world)
    one.deposits(world, ENERGY, energy(30))
    agreed(world, asker, ENERGY)
    forward(world, days=60)
    ask.answer(world, asker.caller, {**COUNT, "by": ["region"]})
    above = [{"column": "energy", "operator": ">=", "values": ["5"]}]
    changes: list[dict[str, Any]] = [{"aggregate": "sum", "column": "energy"}, {"where": above}]
    for change in changes:
        error = refused("private.column-closed", partial(ask.answer, world, asker.caller, COUNT | change))
        assert error.facts["column"] == "energy"


@pytest.mark.parametrize(
    ("code", "terms"),
    [
        ("offer.tier", {"actions": (Action.READ,)}),
        (
            "offer.reciprocity-answers",
            {"constraints": (Constraint(operand=Operand.RECIPROCITY, operator=Operator.AT_LEAST, value=5, days=1),)},
        ),
    ],
)
def test_an_offer_of_answers_gives_no_rows_and_counts_none(
    world: World, code: str, terms: Mapping[str, tuple[Any, ...]]
) -> None:
    """A decision would tell whoever reads it how many rows somebody has."""
    with pytest.raises(Faults) as caught:
        offers(world, *terms.get("constraints", ()), actions=terms.get("actions", (Action.QUERY,)))
    assert [fault.code for fault in caught.value.faults] == [code]


def test_an_answer_is_read_by_who_paid_for_it_and_by_auditors(scene: tuple[World, Person, Person, Person]) -> None:
    """What was handed in is read by its contributor alone, auditors or not."""
    world, one, two, asker = scene
    auditor = Person("Auditor", roles=("auditor",)).joins(world)
    given = ask.answer(world, asker.caller, COUNT)
    (held,) = charges(world)
    with world.store.read() as rows:
        (handed_in,) = rows.find(Deposit, contributor=one.id)
    for id, readers in [
        (given.statement.id, {asker.id, auditor.id}),
        (held.id, {asker.id, auditor.id}),
        (handed_in.outcome, {one.id}),
        (str(handed_in.id), {one.id}),
    ]:
        seen = {who.id for who in (one, two, asker, auditor) if reads(world, who, id)}
        assert seen == readers


def reads(world: World, who: Person, id: str) -> bool:
    """Whether somebody reads a statement's body."""
    try:
        return prove.body(world, who.caller, id).id == id
    except NotFound:
        return False


def test_terms_that_name_editions_alone_let_nobody_ask(tmp_path: Path) -> None:
    """Answers are of the reservoir as it stands."""
    world = a_world(tmp_path)
    publish.publish(world, answers_text(contributors=1))
    offers(world, any_of(Operand.VERSION, "2026.11"))
    one, asker = Person("One").joins(world), Person("Asker", roles=("consumer",)).joins(world)
    one.deposits(world, ENERGY, energy(3))
    agreed(world, asker, ENERGY)
    forward(world, days=60)
    refused("ask.version-not-offered", lambda: ask.answer(world, asker.caller, COUNT))
    assert charges(world) == []


def test_a_charge_where_no_answers_are_given_cannot_enter_the_log(world: World) -> None:
    """Nor one of a standard that declares no budget."""
    text = answers_text().replace(ENERGY, "test.other").replace("value: answers", "value: agreement")
    named = {"standard": "test.other", "version": "1.0.0"}
    published = {**named, "text": text, "digest": seal.digest(text.encode())}
    keyed = dict.fromkeys(("recipe", "deposits", "commitment"), "ab" * 32)
    made = {**named, "period": "2026-Q4", "name": "2026-Q4.1", **keyed}
    state.record(world, state.statement(world, Kind.STANDARD, published), state.statement(world, Kind.TWIN, made))
    facts = {**named, "member": None, "decision": None, "periods": ["2026-Q4"], "twins": ["2026-Q4.1"]}
    told = state.statement(world, Kind.CHARGE, {**facts, "question": "ab" * 32, "rho": 1})
    refused("private.charge-wrong", lambda: state.record(world, told))
    bare = replace(publish.current(world, ENERGY), budget=None)
    refused("private.no-answers", lambda: charge.left(world, bare, ["2026-Q4"], member=None))
