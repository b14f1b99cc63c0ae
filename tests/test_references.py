"""References: a value must stand in another reservoir, as far as its contributor may read there, and no further."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datadam.dam import grant, journal, publish, references, report
from datadam.dam.world import World
from datadam.errors import Faults
from datadam.formats import odcs
from datadam.model import Column, Job, Protection, Reference, Standard, StandardId, Tier, Type
from datadam.protections import Aggregate, CheckedTable
from worlds import Person, a_world, forward, standard_text

HERE, THERE = StandardId("test.usage"), StandardId("test.reading")


def usage(**changes: object) -> Standard:
    """A standard whose meters must be known to the readings."""
    reading = odcs.read(standard_text())
    reference = Reference(reservoir=THERE, column="meter")
    meter = replace(reading.columns[0], **{"reference": reference, **changes})  # type: ignore[arg-type]  # any field
    return replace(reading, id=HERE, columns=(meter, *reading.columns[1:]))


def dam(folder: Path, *, tier: str = "open", attribution: str = "contributor") -> World:
    """A dam with both standards, whose shares are made anew each hour."""
    world = a_world(folder)
    publish.publish(world, standard_text(tier=tier, attribution=attribution))
    publish.publish(world, odcs.write(usage()))
    return world


def told(world: World, person: Person, job: Job) -> tuple[list[str | None], list[str]]:
    """The values that were refused for their reference, and what was found of the file."""
    seen = report.overview(world, person.caller, job.id, limit=9)
    return [f.value for f in seen.found if f.rule == "meter.codes"], [f["code"] for f in seen.survey["findings"]]


FILE = b"meter,amount\nA1,1\nZ9,2\na2,3\n"


def test_a_value_that_stands_nowhere_is_refused_and_says_where_it_should(tmp_path: Path) -> None:
    """Like a code of no list; another spelling of a known one is that one."""
    world = dam(tmp_path)
    one, other = Person("A").joins(world), Person("B").joins(world)
    other.deposits(world, THERE, b"meter,amount\nA1,1\nA2,1\n")
    job = one.deposits(world, HERE, FILE)
    assert told(world, one, job) == (["Z9"], [])
    (fault,) = report.overview(world, one.caller, job.id, limit=9).found
    assert fault.reason.facts["codes"] == "test.reading.meter"
    assert journal.sealed(world, job.id).admitted == 2


def test_only_what_the_contributor_may_read_counts(tmp_path: Path) -> None:
    """Without leave nothing is compared, and it is told so; with it, and after it ended, the same file otherwise."""
    world = dam(tmp_path, tier="agreement")
    one, other = Person("A").joins(world), Person("B").joins(world)
    other.deposits(world, THERE, b"meter,amount\nA1,1\nA2,1\n")
    before = one.deposits(world, HERE, FILE)
    assert told(world, one, before) == ([], ["quality.reference-unread"])
    leave = grant.grant(world, one.id, THERE)
    during = one.deposits(world, HERE, FILE + b"Z8,1\n")
    assert told(world, one, during) == (["Z9", "Z8"], [])
    grant.revoke(world, leave)
    # what was judged is told as it was judged, whatever may be read now
    assert told(world, one, during) == (["Z9", "Z8"], [])
    assert told(world, one, before) == ([], ["quality.reference-unread"])


def test_rows_that_no_share_shows_yet_are_not_there(tmp_path: Path) -> None:
    """Else a reference would tell of rows an hour, or a batch, before anybody may see them."""
    world = dam(tmp_path, attribution="none")
    people = [Person(name).joins(world) for name in "ABCD"]
    for person in people[:2]:
        person.deposits(world, THERE, b"meter,amount\nA1,1\nA2,1\n")
    assert told(world, people[3], people[3].deposits(world, HERE, FILE))[0] == ["A1", "Z9", "a2"]
    people[2].deposits(world, THERE, b"meter,amount\nA1,1\nA2,1\n")
    assert told(world, people[3], people[3].deposits(world, HERE, FILE + b"Z8,1\n"))[0] == ["A1", "Z9", "a2", "Z8"]
    forward(world, hours=2)
    assert told(world, people[3], people[3].deposits(world, HERE, FILE + b"Z7,1\n"))[0] == ["Z9", "Z7"]


def test_too_many_values_are_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is said."""
    monkeypatch.setattr(references, "MOST_VALUES", 1)
    world = dam(tmp_path)
    person = Person("A").joins(world)
    person.deposits(world, THERE, b"meter,amount\nA1,1\nA2,1\n")
    assert told(world, person, person.deposits(world, HERE, FILE)) == ([], ["quality.reference-too-large"])


def test_an_empty_reservoir_holds_no_value(tmp_path: Path) -> None:
    """Nothing stands there, so nothing holds; nobody is told that it could not be compared."""
    world = dam(tmp_path)
    person = Person("A").joins(world)
    assert told(world, person, person.deposits(world, HERE, FILE)) == (["A1", "Z9", "a2"], [])


def test_a_reference_goes_through_a_contract_and_back() -> None:
    """`reference: {reservoir, column}` among the column's own terms."""
    text = odcs.write(usage())
    assert "reservoir: test.reading" in text
    assert odcs.read(text) == usage()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"codes": "iso3166-alpha3"}, "standard.reference-unfit"),
        ({"values": ("a",)}, "standard.reference-unfit"),
        ({"reference": Reference(reservoir=StandardId("no.such"), column="meter")}, "standard.reference-unknown"),
        ({"reference": Reference(reservoir=THERE, column="none")}, "standard.reference-unknown"),
        ({"reference": Reference(reservoir=THERE, column="amount")}, "standard.reference-unreadable"),
    ],
)
def test_a_reference_that_cannot_be_judged_is_not_published(tmp_path: Path, changes: dict[str, Any], code: str) -> None:
    """It needs a text column beside no other list, and one that is there to be read."""
    world = a_world(tmp_path)
    publish.publish(world, standard_text())
    with pytest.raises(Faults) as refused:
        publish.publish(world, odcs.write(usage(**changes)))
    assert code in {fault.code for fault in refused.value.faults}


@pytest.mark.parametrize("changes", [{"tier": Tier.TABLES}, {"protection": Protection.MASK}])
def test_rows_that_nobody_may_read_are_referred_to_by_nobody(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Tables and answers have no rows; a masked value tells nothing."""
    world = a_world(tmp_path)
    there = odcs.read(standard_text(attribution="none"))
    words = {"en": "label", "ko": "이름"}
    masked = {name: value for name, value in changes.items() if name != "tier"}
    label = Column(name="label", type=Type.TEXT, titles=words, descriptions=words, max_length=60, **masked)
    tier = changes.get("tier", Tier.AGREEMENT)
    of_tables: dict[str, Any] = {}
    if tier is Tier.TABLES:
        table = CheckedTable(name="all", aggregate=Aggregate.COUNT, by=())
        of_tables = {"bounds": replace(there.bounds, period="quarter"), "tables": (table,)}
    publish.publish(world, odcs.write(replace(there, tier=tier, columns=(*there.columns, label), **of_tables)))
    draft = usage(reference=Reference(reservoir=THERE, column="label"))
    with pytest.raises(Faults) as refused:
        publish.publish(world, odcs.write(draft))
    assert {fault.code for fault in refused.value.faults} == {"standard.reference-unreadable"}
