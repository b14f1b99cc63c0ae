"""Schedules of everything that may go wrong between dams, thousands of them: what is promised of peers holds in each.

`SCHEDULES` sets how many are tried of two dams, and with it how many of more; `make torture` tries more than CI does.
"""

import logging
import os
import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import simulated
from datadam import merkle, seal
from datadam.dam import accuse, adopt, contact, follow, join, order, peered, state
from datadam.dam.remembered import Remembered
from datadam.dam.world import World
from datadam.model import Checkpoint, Json, Kind
from datadam.peers import Peer
from simulated import MEETINGS, OWN, SHARED, Change, Dam, Sim

SCHEDULES = int(os.environ.get("SCHEDULES", "150"))
LESS = {"two": 1, "three, each with each": 2, "four in a ring": 3, "five, one amid": 3}  # dams cost what they cost
STEPS = 24
DAMS = st.integers(0, 9)
NUMBERS = st.integers(0, 999)
MOODS = st.lists(st.sampled_from(["fine", "lost", "held", "deaf", "twice"]), min_size=1, max_size=6)


class Schedule(RuleBasedStateMachine):
    """What may happen to dams that peer, in any order."""

    meeting = "two"

    def __init__(self) -> None:
        """Nothing has happened yet."""
        super().__init__()
        self.sim, self.liar = Sim(), False

    def one(self, number: int) -> Dam:
        """Any of the dams."""
        return self.sim.dams[number % len(self.sim.dams)]

    def way(self, number: int) -> tuple[Dam, Dam]:
        """From any dam to any peer of it."""
        ways = self.sim.pairs()
        return ways[number % len(ways)]

    @initialize(liar=st.booleans())
    def begin(self, *, liar: bool) -> None:
        """Dams that peer, and have just heard each other; in half of the schedules one will show two logs."""
        self.sim, self.liar = simulated.begin(self.meeting), liar

    # --- what operators and members do --------------------------------------------------------------------------------

    def told(self, one: Dam, *, told: bool) -> None:
        """Each peer is told at once what was just logged, where the dam had the time to."""
        for other in one.peers if told else ():
            self.sim.doing(one, partial(one.tell, other))

    @rule(dam=DAMS, standard=st.sampled_from([None, SHARED, OWN]), told=st.booleans())
    def orders(self, dam: int, standard: str | None, *, told: bool) -> None:
        """An operator stops a class of data."""
        one = self.one(dam)
        lands = sorted({each.world.settings.jurisdiction for each in self.sim.dams})
        why = {"reason": "a reason", "ground": "a ground"}
        self.sim.doing(one, lambda: order.suspend(one.world, ["business"], lands, standard=standard, **why))
        self.told(one, told=told)

    @rule(dam=DAMS, pick=NUMBERS, told=st.booleans())
    def lifts(self, dam: int, pick: int, *, told: bool) -> None:
        """An operator lifts an order of its own."""
        one = self.one(dam)
        if held := one.orders():
            self.sim.doing(one, lambda: order.lift(one.world, held[pick % len(held)].id, "it is over"))
            self.told(one, told=told)

    @rule(dam=DAMS, told=st.booleans())
    def stops(self, dam: int, *, told: bool) -> None:
        """A member is suspended at home, or that is lifted."""
        one = self.one(dam)
        do = join.resume if one.stops(one.member.id) else join.suspend
        self.sim.doing(one, lambda: do(one.world, one.member.id, "a reason"))
        self.told(one, told=told)

    @rule(dam=DAMS)
    def withdraws(self, dam: int) -> None:
        """A contributor takes a deposit back."""
        one = self.one(dam)
        if one.deposits:
            facts = {"contributor": one.contributor.id, "deposits": [one.deposits[0]], "replaced_by": None}
            said = one.contributor.states(Kind.WITHDRAWAL, {**facts, "reason": "a reason"})
            one.deposits = one.deposits[1:]
            self.sim.doing(one, lambda: state.record(one.world, said))

    # --- what dams do by themselves -----------------------------------------------------------------------------------

    @rule()
    def all_look(self) -> None:
        """Every dam asks every peer for what is new."""
        for one, other in self.sim.pairs():
            self.sim.doing(one, partial(one.look, other))

    @rule(way=NUMBERS, moods=st.one_of(st.none(), MOODS))
    def looks(self, way: int, moods: list[str] | None) -> None:
        """One dam asks another for what is new, as far as it gets; then everybody asks that dam."""
        one, other = self.way(way)
        self.sim.moods[one.name, other.name].extend(moods or ())
        self.sim.doing(one, lambda: one.look(other))
        self.sim.ask_all(one)

    @rule(way=NUMBERS, moods=st.one_of(st.none(), MOODS))
    def tells(self, way: int, moods: list[str] | None) -> None:
        """One dam shows another what is new, as far as it gets; then everybody asks that other one."""
        one, other = self.way(way)
        self.sim.moods[one.name, other.name].extend(moods or ())
        self.sim.doing(one, lambda: one.tell(other))
        self.sim.ask_all(other)

    # --- what happens to them -----------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 60, simulated.LIMIT // 2, simulated.LIMIT - 1, simulated.LIMIT, 7200]))
    def waits(self, seconds: int) -> None:
        """Time goes by; then everybody asks everywhere."""
        self.sim.now += seconds
        for one in self.sim.dams:
            self.sim.ask_all(one)

    @rule(way=NUMBERS, cut=st.sampled_from([True, True, False]))
    def cuts(self, way: int, *, cut: bool) -> None:
        """Nothing goes one way any more; or everything goes every way again."""
        if cut:
            one, other = self.way(way)
            self.sim.cut.add((one.name, other.name))
        else:
            self.sim.cut.clear()

    @rule(pick=NUMBERS, again=st.booleans())
    def delivers(self, pick: int, again: bool) -> None:
        """A request that was held back arrives now; or one that arrived before does so again."""
        parcels = list(self.sim.seen) if again else self.sim.held
        if parcels:
            parcel = parcels[pick % len(parcels)]
            self.sim.doing(self.sim.dam(parcel.source), lambda: self.sim.deliver(parcel))

    @rule(dam=DAMS, writes=st.one_of(st.none(), st.integers(0, 8)), lose=st.sampled_from([False, False, True]))
    def ends(self, dam: int, writes: int | None, *, lose: bool) -> None:
        """A dam will end amid something, after so many writes; or it starts anew, now and then without its tables."""
        if writes is None:
            self.sim.restart(self.one(dam), lose=lose)
        else:
            self.one(dam).store.fuse = writes

    # --- a dam that lies ----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.liar)
    @rule(to=NUMBERS, back=st.sampled_from([0, 0, 1, 3]), again=st.booleans(), orders=st.booleans())
    def forks(self, to: int, back: int, *, again: bool, orders: bool) -> None:
        """A dam shows one peer another log than the rest; only the last dam of a meeting ever does."""
        one = self.sim.dams[-1]
        if one.store.fuse is None:
            twin = one.twins[-1] if one.twins and again else self.sim.equivocate(one, back=back)
            one.faces[one.peers[to % len(one.peers)]] = twin
            if orders:
                order.suspend(twin, ["business"], ["KR"], reason="a reason", ground="a ground")

    @precondition(lambda self: self.liar)
    @rule(to=NUMBERS)
    def pretends(self, to: int) -> None:
        """A dam pushes its other log."""
        one = self.sim.dams[-1]
        other = one.peers[to % len(one.peers)]
        if other in one.faces:
            self.sim.doing(other, lambda: one.tell(other, one.faces[other]))

    def lie(self, one: Dam, how: str, pick: int) -> Change:
        """What a dam may change in what it says of its log."""
        if how == "withheld":
            self.sim.withholds.add(one)
        if how == "foreign":
            others = [each for each in self.sim.dams if each is not one]
            return simulated.foreign(_order_of(others[pick % len(others)]))
        return simulated.altered(pick) if how == "altered" else simulated.withheld(pick)

    @rule(dam=DAMS, how=st.sampled_from(["altered", "withheld", "foreign", "stale"]), pick=NUMBERS)
    def lies(self, dam: int, how: str, pick: int) -> None:
        """What a dam answers is not what it holds."""
        one = self.one(dam)
        one.answers_wrong = simulated.stale() if how == "stale" else simulated.retold(self.lie(one, how, pick))

    @rule(way=NUMBERS, how=st.sampled_from(["altered", "withheld", "foreign"]), pick=NUMBERS)
    def signs_wrong(self, way: int, how: str, pick: int) -> None:
        """What a dam pushes is not what it holds."""
        one, other = self.way(way)
        self.sim.doing(one, lambda: self.sim.push(one, other, self.lie(one, how, pick)))

    @rule()
    def repents(self) -> None:
        """Nobody lies any more."""
        for one in self.sim.dams:
            one.answers_wrong = None
            one.faces.clear()

    @invariant()
    def holds(self) -> None:
        """Nothing unproven is believed, nobody is accused who did nothing, nothing acknowledged is lost."""
        self.sim.check()

    def teardown(self) -> None:
        """In the end everything gets through, and every dam knows and does what it should."""
        if self.sim.dams:
            self.sim.settle()


def _order_of(one: Dam) -> str:
    """An order that a dam signed, for its own log."""
    facts = {"classes": ["business"], "destinations": ["KR"], "standard": None, "reason": "r", "ground": "g"}
    return seal.envelope(state.statement(one.world, Kind.ORDER, facts)).decode()


def tried(meeting: str, schedules: int, *, steps: int = STEPS, shrink: bool = True) -> None:
    """Try so many schedules of one meeting; the first that breaks what is promised is told, as short as it can be."""
    phases = [Phase.explicit, Phase.generate, *([Phase.shrink] if shrink else [])]
    how = settings(
        max_examples=schedules,
        stateful_step_count=steps,
        deadline=None,
        derandomize="SEED" not in os.environ,
        database=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    run_state_machine_as_test(type("Schedule", (Schedule,), {"meeting": meeting}), settings=how)


@pytest.fixture(autouse=True)
def _still() -> Iterator[None]:
    """What goes wrong on purpose needs no words."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("meeting", list(MEETINGS))
def test_what_is_promised_of_peers_holds_whatever_happens(meeting: str) -> None:
    """Nothing unproven believed, no order missed, no yes after too long a silence, nothing lost; all agree after."""
    tried(meeting, SCHEDULES // LESS[meeting])


# --- that it can fail -------------------------------------------------------------------------------------------------


def _no_silence(patch: pytest.MonkeyPatch) -> None:
    """Nobody is silent, however long it was not heard."""
    patch.setattr(contact, "settle", lambda _world: None)


def _no_root(patch: pytest.MonkeyPatch) -> None:
    """A stretch of a log is believed whatever root its entries lead to."""
    patch.setattr(merkle, "verify_consistency", lambda *_: None)


def _no_digest(patch: pytest.MonkeyPatch) -> None:
    """What a peer shows is adopted with a place that was not looked up."""
    real = follow._body
    patch.setattr(follow, "_body", lambda found, one: replace(real(found, one), place=one.index + 1))


def _nothing_adopted(patch: pytest.MonkeyPatch) -> None:
    """A peer is heard, and what it said binds nobody."""
    patch.setattr(adopt, "bind", lambda *_: False)


def _no_lifts(patch: pytest.MonkeyPatch) -> None:
    """An order of a peer's is never lifted here."""
    real = adopt.concerns
    patch.setattr(adopt, "concerns", lambda rows, found, one: one.kind != Kind.LIFT and real(rows, found, one))


def _heard_at_once(patch: pytest.MonkeyPatch) -> None:
    """Whoever answers is heard, before what it answered was taken."""
    real = follow._greeted

    def greeted(world: World, found: Peer, told: Json, nonce: str) -> Checkpoint:
        contact.heard(world, found.id, world.clock())
        return real(world, found, told, nonce)

    patch.setattr(follow, "_greeted", greeted)


def _pushes_are_fresh(patch: pytest.MonkeyPatch) -> None:
    """A push counts as heard when it arrives, however old its nonce is."""
    real = contact.heard
    patch.setattr(contact, "heard", lambda world, id, _at: real(world, id, world.clock()))


def _accused(patch: pytest.MonkeyPatch) -> None:
    """What did not hold was a fork, whoever spoilt it."""
    patch.setattr(accuse, "_forked", lambda *_: True)


def _remembered(patch: pytest.MonkeyPatch) -> None:
    """An answer holds for good, whoever fell silent meanwhile."""
    patch.setattr(peered, "deadlines", lambda *_: ())
    patch.setattr(Remembered, "logged", lambda *_: None)
    patch.setattr(Remembered, "changed", lambda *_: None)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (_no_silence, "was not heard for"),
        (_no_root, "which d. never logged|believes nothing of|follows another"),
        (_no_digest, "which d. never logged"),
        (_nothing_adopted, "an order of|suspended it"),
        (_accused, "accuses|believes nothing of"),
        (_remembered, "its own order|was not heard|is suspended"),
    ],
)
def test_a_dam_without_one_of_its_rules_is_caught(
    broken: Callable[[pytest.MonkeyPatch], None], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the schedules reach what each rule is there for."""
    simulated.begun("two")
    broken(monkeypatch)
    with pytest.raises((AssertionError, ExceptionGroup)) as caught:
        tried("two", 400, shrink=False)
    assert re.search(told, "".join(traceback.format_exception(caught.value)))


def _late_push(sim: Sim) -> None:
    """A push is held back for longer than a dam may serve unheard, and arrives after all."""
    one, other = sim.dams
    order.suspend(one.world, ["business"], ["KR"], standard=OWN, reason="a reason", ground="a ground")
    sim.note(one)
    fine = 0
    while not any(parcel.method == "POST" for parcel in sim.held):
        sim.moods[one.name, other.name].extend(["fine"] * fine + ["held"])
        one.tell(other)
        fine += 1
    sim.now += simulated.LIMIT + 1
    for parcel in sim.held:
        sim.deliver(parcel)
    sim.ask_all(other)


def _half_look(sim: Sim) -> None:
    """After a long silence a dam asks its peer, who has ordered something meanwhile, and hears only the greeting."""
    other, one = sim.dams
    order.suspend(other.world, ["business"], ["KR"], reason="a reason", ground="a ground")
    sim.note(other)
    sim.now += simulated.LIMIT + 1
    for fine in range(3):
        sim.moods[one.name, other.name].extend(["fine"] * fine + ["lost"] * 4)
        one.look(other)
        sim.moods.clear()
        sim.ask_all(one)


def _lifted(sim: Sim) -> None:
    """An order of a peer's comes and goes."""
    one, other = sim.dams
    held = order.suspend(one.world, ["business"], ["KR"], reason="a reason", ground="a ground")
    other.look(one)
    order.lift(one.world, held.id, "it is over")
    sim.settle()


@pytest.mark.parametrize(
    ("happens", "broken"),
    [
        pytest.param(_late_push, _pushes_are_fresh, id="a push is as old as its nonce"),
        pytest.param(_lifted, _no_lifts, id="what a peer lifts binds no more"),
        pytest.param(_half_look, _heard_at_once, id="what binds is adopted before a peer is heard"),
    ],
)
def test_a_rule_that_few_schedules_need_holds_in_the_one_that_does(
    happens: Callable[[Sim], None], broken: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the rule all is well; without it that is seen."""
    happens(simulated.begin("two"))
    broken(monkeypatch)
    with pytest.raises(AssertionError, match=r"was not heard|an order of|Deny"):
        happens(simulated.begin("two"))
