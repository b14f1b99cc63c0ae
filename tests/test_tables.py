"""Checked tables from deposits to what anybody may read: when, of whose rows, never twice, never too telling."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from datadam import seal
from datadam.adapters.memory.store import MemoryStore
from datadam.adapters.polars_sums import PolarsSums
from datadam.dam import decide, deposit, prove, publish, state, tables, withdraw
from datadam.dam.world import World
from datadam.errors import Unavailable
from datadam.model import Ask, Deny, Kind, StandardId
from datadam.ports import SumOrder
from datadam.privacy.recipe import Key
from datadam.privacy.suppression import Attack
from datadam.privacy.tables import Group, gathered
from datadam.privacy.tables import cells as cells_of
from pools import STANDARD, Reports, a_pool, at, of_firm, report
from worlds import Person, a_world, fit_of, rebuilds, refused, standard_text

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
    return {tuple("*" if is_total else key for _, key, is_total in keys): value for keys, value in cells_of(table)}


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


def test_a_newcomer_is_not_read_from_two_quarters(world: World, people: dict[str, Person]) -> None:
    """Differencing: the others report the same again, so that the difference of two quarters is the newcomer alone.

    A naive dam tells the second quarter too, because six are behind each group, and gives the newcomer away.
    """
    at(world, "2026-08-01")
    report(world, people, evenly(*FIRMS[:5]))
    at(world, "2026-10-02")
    tables.publish_due(world)
    report(world, people, evenly(*FIRMS[:5]), mark="x")
    joined = {"f": {("north", "food"): 150}}
    report(world, people, joined, mark="x")
    at(world, "2027-01-01")
    before = told(world, "2026-Q3")
    standard = publish.current(world, STANDARD)
    layout = tables.layout_of(standard)
    naive = gathered(layout, tables.held_in(world, standard, layout, "2026-Q4"))
    assert sum(naive[0, 0][1].values()) - int(before["north", "food"] or 0) == 150
    tables.publish_due(world)
    after = told(world, "2026-Q4")
    assert [key for key in after if before[key] is not None and after[key] != before[key] and after[key]] == []
    assert after["north", "food"] is None
    assert after["south", "food"] == before["south", "food"]
    low, high = Attack(layout, tables.held_in(world, standard, layout, "2026-Q4"), world.solver).interval(
        (0, 0), 1, frozenset(group for group in naive if after[named(group)] is None)
    )
    assert low <= sum(naive[0, 0][1].values()) - 15
    assert high >= sum(naive[0, 0][1].values()) + 15


def named(group: Group) -> tuple[object, ...]:
    """A group as `told` names it."""
    region, sector = ("north", "south"), ("food", "steel", "wood")
    return ("*" if group[0] is None else region[group[0]], "*" if group[1] is None else sector[group[1]])


def test_what_many_differ_by_is_told(world: World, people: dict[str, Person]) -> None:
    """Where everybody's numbers moved, two quarters tell nothing of one."""
    report(world, people, evenly(*FIRMS))
    at(world, "2026-10-02")
    tables.publish_due(world)
    report(world, people, evenly(*FIRMS, of=120), mark="x")
    at(world, "2027-01-01")
    assert tables.publish_due(world) == 1
    assert None not in told(world, "2026-Q4").values()


def test_what_is_withdrawn_stays_in_what_was_published(world: World, people: dict[str, Person]) -> None:
    """Published numbers are never told anew; a later quarter does not tell who left by differing from them."""
    made = report(world, people, evenly(*FIRMS))
    at(world, "2026-10-02")
    tables.publish_due(world)
    before = told(world, "2026-Q3")
    takes_back(world, people["f"], made["f"])
    assert tables.publish_due(world) == 0
    assert told(world, "2026-Q3") == before
    report(world, people, evenly(*FIRMS[:5]), mark="x")
    at(world, "2027-01-01")
    assert tables.publish_due(world) == 1
    assert set(told(world, "2026-Q4").values()) == {None}
    rebuilds(world)


def takes_back(world: World, person: Person, deposit: str) -> None:
    """Withdraw a deposit, and erase it."""
    facts = {"contributor": person.id, "deposits": [deposit], "replaced_by": None, "reason": "mine"}
    withdraw.purge(world, withdraw.withdraw(world, person.caller, seal.envelope(person.states(Kind.WITHDRAWAL, facts))))


def test_a_period_of_which_nothing_stands_has_no_tables(world: World, people: dict[str, Person]) -> None:
    """What was withdrawn before its period is published is in no table."""
    made = report(world, people, evenly("a"))
    takes_back(world, people["a"], made["a"])
    at(world, "2026-10-02")
    assert tables.waiting(world, STANDARD) == []
    refused("table.nobody", lambda: tables.publish_tables(world, STANDARD, "2026-Q3"))
    refused("table.unknown", lambda: tables.find(world, STANDARD, "2026-Q3"))


def test_only_what_goes_to_everybody_is_in_a_table(world: World, people: dict[str, Person]) -> None:
    """Rows under terms of their own are left out, because anybody reads a table for any purpose."""
    report(world, people, evenly(*FIRMS[:5]))
    data = of_firm("f", evenly("f")["f"])
    manifest = people["f"].manifest(fit_of(world, STANDARD, data), data, own_terms={"action": ["read"]})
    job = deposit.announce(world, people["f"].caller, seal.envelope(manifest))
    deposit.receive(world, people["f"].caller, job.id, iter([data]))
    assert deposit.process(world, job.id, lambda *_: None).stage == "committed"
    at(world, "2026-10-02")
    tables.publish_due(world)
    assert told(world, "2026-Q3", "plants")["*", "*"] == "30"


def test_of_what_was_corrected_within_a_period_only_the_last_counts(tmp_path: Path, people: dict[str, Person]) -> None:
    """Where newer reports supersede, a quarter's table has the newest of that quarter."""
    world = a_pool(tmp_path, repeat="supersede")
    for one in people.values():
        one.joins(world)
    report(world, people, evenly(*FIRMS))
    report(world, people, evenly("a", of=110))
    at(world, "2026-10-02")
    tables.publish_due(world)
    assert told(world, "2026-Q3")["north", "food"] == str(sum(100 + 7 * number for number in range(6)) + 10)
    assert told(world, "2026-Q3", "plants")["north", "food"] == "6"


def test_rows_are_never_given(world: World, people: dict[str, Person]) -> None:
    """A reservoir of the tier tables gives tables and nothing else."""
    report(world, people, evenly(*FIRMS))
    assert isinstance(decide.trial(world, Ask(member=people["a"].id, standard=StandardId(STANDARD))), Deny)


def test_statements_that_tell_other_tables_are_refused(world: World, people: dict[str, Person]) -> None:
    """A second word about a period, other tables than declared, and tables told too early cannot enter the log."""
    report(world, people, evenly(*FIRMS))
    at(world, "2026-10-02")
    tables.publish_due(world)
    facts = dict(tables.body_of(world, tables.find(world, STANDARD, "2026-Q3")))
    for name in ("v", "kind", "salt", "issued"):
        del facts[name]

    def says(**changes: object) -> None:
        state.record(world, state.statement(world, Kind.TABLES, {**facts, **changes}))

    refused("table.repeated", says)
    refused("table.early", lambda: says(period="2026-Q4"))
    refused("table.other", lambda: says(period="2026-Q2", tables=facts["tables"][:1]))
    refused("table.other", lambda: says(period="2026-Q2", tables=[{**one, "values": ["1"]} for one in facts["tables"]]))
    refused("table.repeated", lambda: says(period="2026-Q2", version="9.9.9"))


def test_a_check_finds_numbers_that_are_not_those_of_the_rows(world: World, people: dict[str, Person]) -> None:
    """A dam could sign any table; whoever checks its folder sees that the rows say something else."""
    made = report(world, people, evenly(*FIRMS))
    at(world, "2026-10-02")
    tables.publish_due(world)
    facts = dict(tables.body_of(world, tables.find(world, STANDARD, "2026-Q3")))
    assert list(tables.unlike(world)) == []
    for name in ("v", "kind", "salt", "issued"):
        del facts[name]
    facts["tables"] = [{**one, "values": ["7", *one["values"][1:]]} for one in facts["tables"]]
    state.record(world, state.statement(world, Kind.TABLES, {**facts, "period": "2026-Q2"}))
    assert [(fault.code, fault.facts["period"]) for fault in tables.unlike(world)] == [("table.differs", "2026-Q2")]
    assert "table.differs" in [fault.code for fault in prove.check(world, MemoryStore, lambda: None).faults]
    takes_back(world, people["a"], made["a"])
    assert list(tables.unlike(world)) == []  # the rows are no more what they were: nothing can be said


def test_what_cannot_be_published_now_waits(world: World, people: dict[str, Person]) -> None:
    """A key that the standard lists no more stops its tables, and is not named; a served dam tries again."""
    report(world, people, evenly(*FIRMS))
    at(world, "2026-10-02")
    standard = publish.current(world, STANDARD)
    layout = replace(tables.layout_of(standard), keys=(("south",), ("food", "steel", "wood")))
    error = refused("table.key-unknown", lambda: tables.held_in(world, standard, layout, "2026-Q3"))
    assert "north" not in str(error.facts)
    broken = replace(world, sums=Broken())
    assert refused("table.put-off", lambda: tables.publish_due(broken)).facts == {"why": "table.not-summed"}
    assert tables.publish_due(world) == 1


def test_what_leaves_while_tables_are_worked_out_is_in_none(world: World, people: dict[str, Person]) -> None:
    """A withdrawal that comes in between stops the publication; the next one is without it."""
    made = report(world, people, evenly(*FIRMS))
    at(world, "2026-10-02")

    class Slow(PolarsSums):
        def sums(self, order: SumOrder) -> Mapping[tuple[Key, ...], Mapping[str, tuple[int | None, ...]]]:
            found = super().sums(order)
            takes_back(world, people["f"], made["f"])
            return found

    refused("table.pending", lambda: tables.publish_tables(replace(world, sums=Slow()), STANDARD, "2026-Q3"))
    tables.publish_due(world)
    assert told(world, "2026-Q3", "plants")["*", "*"] == "30"


class Broken:
    """A disk that cannot be read."""

    def sums(self, order: SumOrder) -> Mapping[tuple[Key, ...], Mapping[str, tuple[int | None, ...]]]:
        """Not now."""
        raise Unavailable("table.not-summed", by=order.by)


def test_tables_are_published_of_that_tier_alone(tmp_path: Path) -> None:
    """Other reservoirs have none, and none are due."""
    world = a_world(tmp_path)
    publish.publish(world, standard_text())
    assert tables.waiting(world, "test.reading") == []
    refused("table.other-tier", lambda: tables.publish_tables(world, "test.reading", "2026-Q3"))
    assert tables.every(world) == []


def test_a_preset_waits_for_its_months(tmp_path: Path, people: dict[str, Person]) -> None:
    """Competition-safe tables are older than three months, of five contributors or more, none above a quarter."""
    world = a_pool(tmp_path, gates="{preset: competition-safe}")
    for one in people.values():
        one.joins(world)
    report(world, people, {**evenly(*FIRMS), "f": {("north", "food"): 900}})
    at(world, "2026-12-31")
    refused("table.too-young", lambda: tables.publish_tables(world, STANDARD, "2026-Q3"))
    at(world, "2027-01-01")
    tables.publish_due(world)
    found = told(world, "2026-Q3")
    assert found["north", "food"] is None
    assert found["south", "wood"] is not None
    body = tables.body_of(world, tables.find(world, STANDARD, "2026-Q3"))
    assert body["rules"] == {
        "contributors": 5,
        "largest": 1,
        "largest_share": "0.25",
        "p_percent": "10",
        "months": 3,
    }
    assert body["label"] == "not differentially private"
