"""Schedules of everything that may go wrong between dams, thousands of them: what is promised of peers holds in each.

`SCHEDULES` sets how many are tried for each meeting of dams; `make torture` tries more than CI does.
"""

import logging
import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

import simulated
from datadam import seal
from datadam.dam import join, order, state
from datadam.model import Kind
from simulated import MEETINGS, OWN, SHARED, Dam, Sim

SCHEDULES = int(os.environ.get("SCHEDULES", "300"))
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
        self.sim = Sim()

    def one(self, number: int) -> Dam:
        """Any of the dams."""
        return self.sim.dams[number % len(self.sim.dams)]

    def way(self, number: int) -> tuple[Dam, Dam]:
        """From any dam to any peer of it."""
        ways = self.sim.pairs()
        return ways[number % len(ways)]

    @initialize()
    def begin(self) -> None:
        """Dams that peer, and have just heard each other."""
        self.sim = simulated.begin(self.meeting)

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

    @rule(dam=DAMS)
    def asks(self, dam: int) -> None:
        """Everybody asks one dam for rows."""
        self.sim.ask_all(self.one(dam))

    # --- what dams do by themselves -----------------------------------------------------------------------------------

    @rule()
    def all_look(self) -> None:
        """Every dam asks every peer for what is new."""
        for one, other in self.sim.pairs():
            self.sim.doing(one, partial(one.look, other))

    @rule(way=NUMBERS)
    def looks(self, way: int) -> None:
        """One dam asks another for what is new."""
        one, other = self.way(way)
        self.sim.doing(one, lambda: one.look(other))

    @rule(way=NUMBERS)
    def tells(self, way: int) -> None:
        """One dam shows another what is new."""
        one, other = self.way(way)
        self.sim.doing(one, lambda: one.tell(other))

    # --- what happens to them -----------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 60, simulated.LIMIT // 2, simulated.LIMIT - 1, simulated.LIMIT, 7200]))
    def waits(self, seconds: int) -> None:
        """Time goes by; then everybody asks everywhere."""
        self.sim.now += seconds
        for one in self.sim.dams:
            self.sim.ask_all(one)

    @rule(way=NUMBERS, moods=MOODS)
    def weather(self, way: int, moods: list[str]) -> None:
        """What becomes of the next requests on one way."""
        one, other = self.way(way)
        self.sim.moods[one.name, other.name].extend(moods)

    @rule(way=NUMBERS)
    def cuts(self, way: int) -> None:
        """Nothing goes one way any more."""
        one, other = self.way(way)
        self.sim.cut.add((one.name, other.name))

    @rule()
    def joins(self) -> None:
        """Everything goes every way again."""
        self.sim.cut.clear()

    @rule(pick=NUMBERS, again=st.booleans())
    def delivers(self, pick: int, again: bool) -> None:
        """A request that was held back arrives now; or one that arrived before does so again."""
        parcels = list(self.sim.seen) if again else self.sim.held
        if parcels:
            parcel = parcels[pick % len(parcels)]
            self.sim.doing(self.sim.dam(parcel.source), lambda: self.sim.deliver(parcel))

    @rule(dam=DAMS, lose=st.sampled_from([False, False, False, True]))
    def restarts(self, dam: int, lose: bool) -> None:
        """A dam is started anew; now and then its tables are lost."""
        self.sim.restart(self.one(dam), lose=lose)

    @rule(dam=DAMS, writes=st.integers(0, 8))
    def crashes(self, dam: int, writes: int) -> None:
        """A dam will end in the middle of something."""
        self.one(dam).store.fuse = writes

    # --- a dam that lies ----------------------------------------------------------------------------------------------

    @rule(to=NUMBERS, back=st.sampled_from([0, 0, 1, 3]), again=st.booleans(), orders=st.booleans())
    def forks(self, to: int, back: int, *, again: bool, orders: bool) -> None:
        """A dam shows one peer another log than the rest; only the last dam of a meeting ever does."""
        one = self.sim.dams[-1]
        if one.store.fuse is None:
            twin = one.twins[-1] if one.twins and again else self.sim.equivocate(one, back=back)
            one.faces[one.peers[to % len(one.peers)]] = twin
            if orders:
                order.suspend(twin, ["business"], ["KR"], reason="a reason", ground="a ground")

    @rule(to=NUMBERS)
    def pretends(self, to: int) -> None:
        """A dam pushes its other log."""
        one = self.sim.dams[-1]
        other = one.peers[to % len(one.peers)]
        if other in one.faces:
            self.sim.doing(other, lambda: one.tell(other, one.faces[other]))

    @rule(dam=DAMS, how=st.sampled_from(["altered", "withheld", "foreign", "stale"]), pick=NUMBERS)
    def lies(self, dam: int, how: str, pick: int) -> None:
        """What a dam answers is not what it holds."""
        one, others = self.one(dam), [each for each in self.sim.dams if each is not self.one(dam)]
        said: dict[str, Callable[[], Any]] = {
            "altered": lambda: simulated.altered(pick),
            "withheld": lambda: simulated.withheld(pick),
            "foreign": lambda: simulated.foreign(_order_of(others[pick % len(others)])),
            "stale": simulated.stale,
        }
        one.answers_wrong = said[how]()

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
    tried(meeting, SCHEDULES)
