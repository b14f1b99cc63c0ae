"""Worlds with checked tables: a small standard of the tier tables, firms that report under it, quarters that pass."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from datadam.dam import publish
from datadam.dam.world import World
from worlds import ANSWERS, Clock, Person, a_world

STANDARD = "test.energy"
GATES = "{contributors: 3, largest: 1, largestShare: 0.6, pPercent: 10}"
TABLES = (
    "[{name: by-place, aggregate: sum, column: energy, by: [region, sector]}, "
    "{name: plants, aggregate: count, by: [region, sector]}]"
)
Reports = Mapping[str, Mapping[tuple[str, str], int]]
"""Firm → (region, sector) → energy."""


def tables_text(
    *, gates: str = GATES, tables: str = TABLES, repeat: str = "keep", period: str = "quarter", version: str = "1.0.0"
) -> str:
    """A standard that publishes checked tables of energy by region and sector."""
    drop = ("{vendor: datadam, property: budget", "{vendor: datadam, property: referenceQuestion", "property: clip")
    lines = [line for line in ANSWERS.splitlines() if not any(one in line for one in drop)]
    text = "\n".join(lines) + "\n"
    told = {
        "value: answers": "value: tables",
        "value: keep}": f"value: {repeat}" + "}",
        "version: 1.0.0": f"version: {version}",
        "{unit: UNIT, rows: ROWS, period: PERIOD}": f"{{unit: contributor, period: {period}}}",
        "{contributors: CONTRIBUTORS}}": gates + "}\n  - {vendor: datadam, property: tables, value: " + tables + "}",
    }
    for old, new in told.items():
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def a_pool(folder: Path, **changes: str) -> World:
    """A dam with that standard, early in the third quarter of 2026."""
    world = a_world(folder)
    at(world, "2026-07-02")
    publish.publish(world, tables_text(**changes))
    return world


def at(world: World, day: str) -> None:
    """Set the clock."""
    assert isinstance(world.clock, Clock)
    world.clock.now = datetime.fromisoformat(day).replace(tzinfo=UTC)


def report(world: World, people: Mapping[str, Person], reports: Reports, *, mark: str = "") -> dict[str, str]:
    """Each firm deposits one file with a plant for each place; the deposits by firm."""
    return {
        firm: people[firm].deposits(world, STANDARD, of_firm(firm, places, mark=mark)).id
        for firm, places in reports.items()
    }


def of_firm(firm: str, places: Mapping[tuple[str, str], int], *, mark: str = "") -> bytes:
    """A firm's file."""
    lines = [
        f"{firm}{mark}{number},{firm},{region},{sector},{energy}"
        for number, ((region, sector), energy) in enumerate(places.items())
    ]
    return "\n".join(["plant,firm,region,sector,energy", *lines, ""]).encode()
