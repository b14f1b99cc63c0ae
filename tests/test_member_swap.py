"""Comparable members get the same decision: who asks is told apart by attributes, and by nothing else."""

from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from datadam import decisions
from datadam.dam import decide, join, publish
from datadam.model import Ask, Deny, Json, StandardId
from datadam.policy import compile_offer, decide_on
from policies import any_facts, any_offer
from signed import agreed, offered
from worlds import Person, a_world, standard_text

RANDOMS = st.randoms(use_true_random=False)
OTHER = "m-" + "f" * 20
_WHO = frozenset({"member", "agreement"})


def reasons(told: Json) -> list[tuple[str, dict[str, Any]]]:
    """Why not, without whom it was said to."""
    return [
        (one["code"], {name: value for name, value in one["facts"].items() if name not in _WHO})
        for one in told["reasons"]
    ]


@limits(max_examples=200)
@given(draw=RANDOMS)
def test_another_member_with_the_same_attributes_has_the_same_decision(draw: Random) -> None:
    """Whatever the offer and the facts: the member's id and its agreement's decide nothing, and change no reason."""
    about = any_offer(draw)
    policy, asked = compile_offer(about), any_facts(draw, about)
    swapped = replace(
        asked,
        member=OTHER if asked.member is not None else None,
        agreement=OTHER if asked.agreement is not None else None,
    )
    here, there = (decisions.outcome(decide_on(one, policy)) for one in (asked, swapped))
    assert here["allowed"] == there["allowed"]
    assert reasons(here) == reasons(there)
    assert (there["basis"] == OTHER) == (here["basis"] is not None and here["basis"] == asked.agreement)


def test_what_differs_between_two_members_is_an_attribute_that_is_named() -> None:
    """In a dam: two that joined alike are answered alike; suspend one, and the one reason more is its suspension."""
    with TemporaryDirectory() as folder:
        world = a_world(Path(folder))
        publish.publish(world, standard_text())
        one, other = Person("One").joins(world), Person("Other").joins(world)
        offered(world)
        for person in (one, other):
            agreed(world, person)

        def answer(person: Person) -> Json:
            return decisions.outcome(decide.trial(world, Ask(member=person.id, standard=StandardId("test.reading"))))

        assert answer(one)["allowed"]
        assert answer(other)["allowed"]
        join.suspend(world, other.id, "r")
        assert answer(one)["allowed"]
        told = decide.trial(world, Ask(member=other.id, standard=StandardId("test.reading")))
        assert isinstance(told, Deny)
        assert [each.code for each in told.reasons] == ["ask.member-suspended"]
