"""Checked tables from deposits to what anybody may read: when, of whose rows, never twice, never too telling."""

from pathlib import Path

import pytest

from datadam.dam import tables
from datadam.dam.world import World
from pools import STANDARD, Reports, a_pool, at, report
from worlds import Person, rebuilds, refused

FIRMS = ("a", "b", "c", "d", "e", "f")


def evenly(*firms: str, of: int = 100) -> Reports:
    """Reports that are all told: every firm about as large as the others, in every place."""
    places = [(region, sector) for region in ("north", "south") for sector in ("food", "steel", "wood")]
    return {
        firm: {place: of + 7 * number + 3 * at for at, place in enumerate(places)} for number, firm in enumerate(firms)
    }


@pytest.fixture
def people() -> dict[str, Person]:
    """Firms by name."""
    return {name: Person(name) for name in FIRMS}


@pytest.fixture
def world(tmp_path: Path, people: dict[str, Person]) -> World:
    """A dam with a tables standard that the firms joined."""
    world = a_pool(tmp_path)
    for one in people.values():
        one.joins(world)
    return world


def told(world: World, period: str, name: str = "by-place") -> dict[tuple[object, ...], str | None]:
    """A published table: keys (a total is `*`) and value."""
    body = tables.body_of(world, tables.find(world, STANDARD, period))
    table = next(one for one in body["tables"] if one["name"] == name)
    return {tuple("*" if is_total else key for _, key, is_total in keys): value for keys, value in tables.cells(table)}


def test_a_period_is_published_when_it_is_over_and_only_once(world: World, people: dict[str, Person]) -> None:
    """Before its end it is too young; afterwards there is one statement, whoever asks again."""
    report(world, people, evenly(*FIRMS))
    refused("table.too-young", lambda: tables.publish_tables(world, STANDARD, "2026-Q3"))
    assert tables.publish_due(world) == 0
    at(world, "2026-10-01")
    assert tables.waiting(world, STANDARD) == ["2026-Q3"]
    assert tables.publish_due(world) == 1
    assert tables.publish_due(world) == 0
    first = tables.find(world, STANDARD, "2026-Q3")
    assert tables.publish_tables(world, STANDARD, "2026-Q3") == first
    found = told(world, "2026-Q3")
    assert found["north", "food"] == str(sum(100 + 7 * number for number in range(6)))
    assert found["*", "*"] == str(sum(int(v or 0) for k, v in found.items() if "*" not in k))
    assert told(world, "2026-Q3", "plants")["*", "*"] == "36"
    rebuilds(world)
