"""Rounds over two dams: what both learn, what makers read, and every way in which one is refused or ends."""

from pathlib import Path

import pytest

import matches
from datadam import overlap, seal
from datadam.dam import round, rounding, state  # noqa: A004  (the noun)
from datadam.dam.world import World
from datadam.model import Kind
from datadam.rounds import Message, Payload
from matches import GRAPHITE, SUPPLY, a_maker, a_plan, item
from peers import KR, US, Pair
from worlds import Person, rebuilds, refused

DEEP = item(999)


@pytest.fixture
def made(tmp_path: Path) -> Pair:
    """Two dams that peer about supply links."""
    return matches.two(tmp_path)


def test_a_supplier_three_tiers_down_is_found_and_only_makers_read_what_it_is(made: Pair) -> None:
    """Two makers in two countries share one; the dams see who shares how many, makers read code and count."""
    this = matches.opened(made)
    one, two = a_maker(made.kr, "One", [item(1)]), a_maker(made.us, "Two", [item(2)], jurisdiction="US")
    three = a_maker(made.kr, "Three", [item(3)])
    deep = [overlap.bag(this, 1, [item(10 + at)], [overlap.bag(this, 2, [DEEP], [])]) for at in (0, 1)]
    for maker, received in ((one, deep[:1]), (two, deep[1:]), (three, [])):
        maker.commits(this)
        maker.hands_in(this, received)
    assert matches.run(made, this) == "found"
    reading = (overlap.Reading("CHN", GRAPHITE, 2, 2),)
    assert (one.result(this), two.result(this), three.result(this)) == (reading, reading, ())
    for world in made.worlds:
        body = said(world, this, None)
        assert body["shared"] == [{"makers": sorted([one.id, two.id]), "count": 1}]
        homes = {(one.id, KR), (two.id, US), (three.id, KR)}
        assert {(each["member"], each["dam"]) for each in body["makers"]} == homes
        rebuilds(world)
    assert said(made.kr, this, one.id)["shows"] == 1


def said(world: World, this: overlap.Round, member: str | None) -> dict[str, object]:
    """What a dam's log says of a round, to itself or one maker."""
    for _, id in world.ledger.entries():
        statement = world.ledger.statement(id)
        if statement.kind is Kind.MATCH and statement.body["member"] == member:
            assert statement.body["round"] == this.id.hex()
            return dict(statement.body)
    raise AssertionError
