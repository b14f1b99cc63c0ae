"""Caps: what a contributor sees of the spending on its rows, and how it bounds it."""

from pathlib import Path
from typing import Any

import pytest

from datadam import seal
from datadam.dam import ask, cap, publish, state
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.model import Kind, Statement, instant
from datadam.privacy.accounts import Cap
from worlds import Person, a_world, answers_text, energy, forward, rebuilds, refused, standard_text

ENERGY = "test.energy"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam with a reservoir of private answers by the month, asked by the operator on a reserve of 0.05 rho."""
    made = a_world(tmp_path)
    publish.publish(made, answers_text(period="month", contributors=1))
    return made


def says(world: World, person: Person, rho: int | None, **changes: Any) -> Statement:
    """A cap, signed now."""
    facts = {"member": person.id, "standard": ENERGY, "rho": rho, **changes}
    return seal.state(Kind.CAP, facts, issued=instant(world.clock()), key=person.key)


def caps(world: World, person: Person, rho: int | None, **changes: Any) -> int:
    """The person caps what is spent on its rows."""
    return cap.take(world, person.caller, seal.envelope(says(world, person, rho, **changes)))


def asks(world: World, *periods: str, rho: str = "0.01") -> list[str]:
    """The operator asks; the twins that it was answered from."""
    sent = {"standard": ENERGY, "aggregate": "count", "periods": list(periods), "rho": rho}
    return [one["twin"] for one in ask.answer_operator(world, sent).body["twins"]]


def rows_of(world: World, person: Person, period: str) -> bool:
    """Whether the person's rows are in twins of a period now."""
    return person.id not in cap.left_out(world, publish.current(world, ENERGY), period)


def test_a_contributor_sees_what_was_spent_on_its_rows_and_nothing_else(world: World) -> None:
    """By the period in which it handed something in; not what the answers were, nor who asked."""
    one, two = Person("One").joins(world), Person("Two").joins(world)
    one.deposits(world, ENERGY, energy(3))
    forward(world, days=30)
    two.deposits(world, ENERGY, energy(3, first=3))
    forward(world, days=30)
    asks(world, "2026-11", rho="0.01")
    asks(world, "2026-11", "2026-12", rho="0.02")
    assert cap.spent(world, one.caller) == [
        cap.Spent(standard=ENERGY, periods={"2026-11": 30_000}, life=30_000, allowed=1_000_000, cap=None, left_out=())
    ]
    (seen,) = cap.spent(world, two.caller)
    assert (seen.periods, seen.life) == ({"2026-12": 20_000}, 20_000)
    refused("ask.login-needed", lambda: cap.spent(world, Caller()))
    assert cap.spent(world, Person("Three").joins(world).caller) == []


def test_a_cap_that_is_reached_leaves_rows_out_of_the_next_period(world: World) -> None:
    """Not of the running one, in which they were handed in before, and not of what was asked about already."""
    one, two = Person("One").joins(world), Person("Two").joins(world)
    one.deposits(world, ENERGY, energy(3))
    two.deposits(world, ENERGY, energy(3, first=10))
    caps(world, one, 15_000)
    forward(world, days=30)  # 22 December
    one.deposits(world, ENERGY, energy(3, first=20))
    two.deposits(world, ENERGY, energy(3, first=30))
    asks(world, "2026-11", rho="0.01")
    assert asks(world, "2026-11", rho="0.006") == ["2026-11.1"]  # now 0.016 were spent
    forward(world, days=31)  # 22 January
    one.deposits(world, ENERGY, energy(3, first=40))
    two.deposits(world, ENERGY, energy(3, first=50))
    forward(world, days=31)
    assert [rows_of(world, one, period) for period in ("2026-11", "2026-12", "2027-01", "2027-02")] == [
        True,
        True,
        False,
        False,
    ]
    assert rows_of(world, two, "2027-01")
    asks(world, "2027-01", rho="0.01")
    (seen,) = cap.spent(world, one.caller)
    assert (seen.cap, seen.life, seen.left_out) == (15_000, 16_000, ("2027-01",))
    rebuilds(world)


def test_a_cap_can_be_raised_and_taken_back(world: World) -> None:
    """The last word before a period begins is what binds in it."""
    one = Person("One").joins(world)
    one.deposits(world, ENERGY, energy(3))
    caps(world, one, 0)
    assert rows_of(world, one, "2026-11")
    assert not rows_of(world, one, "2026-12")
    forward(world, days=30)
    assert not rows_of(world, one, "2026-12")
    caps(world, one, None)
    assert not rows_of(world, one, "2026-12")  # it had begun
    assert rows_of(world, one, "2027-01")


def test_a_period_of_which_all_rows_are_left_out_is_closed(world: World) -> None:
    """As if nobody had handed anything in."""
    one = Person("One").joins(world)
    caps(world, one, 0)
    forward(world, days=30)
    one.deposits(world, ENERGY, energy(3))
    forward(world, days=30)
    refused("private.period-closed", lambda: asks(world, "2026-12"))


def test_only_its_own_rows_does_a_member_cap(world: World) -> None:
    """Signed by it, lately, about a reservoir of answers; the same again is the same."""
    one, two = Person("One").joins(world), Person("Two").joins(world)
    publish.publish(world, standard_text())
    told = says(world, one, 5)
    index = cap.take(world, one.caller, seal.envelope(told))
    assert cap.take(world, one.caller, seal.envelope(told)) == index
    refused("private.cap-not-yours", lambda: cap.take(world, two.caller, seal.envelope(told)))
    refused("ask.login-needed", lambda: cap.take(world, Caller(), seal.envelope(told)))
    refused("private.no-answers", lambda: caps(world, one, 5, standard="test.reading"))
    refused("standard.unknown", lambda: caps(world, one, 5, standard="test.none"))
    forged = seal.state(
        Kind.CAP, {"member": one.id, "standard": ENERGY, "rho": 1}, issued=instant(world.clock()), key=two.key
    )
    refused("signature.parties", lambda: cap.take(world, one.caller, seal.envelope(forged)))
    old = says(world, one, 6)
    forward(world, days=2)
    refused("private.cap-not-fresh", lambda: cap.take(world, one.caller, seal.envelope(old)))
    with world.store.read() as rows:
        assert [held.rho for held in rows.find(Cap)] == [5]
    refused("private.cap-wrong", lambda: state.record(world, told))
    rebuilds(world)
