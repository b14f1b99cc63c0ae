"""A reservoir through its versions: old rows are read under the new one, members are bound to what they signed."""

from pathlib import Path

import polars as pl
import pytest

from datadam import seal
from datadam.adapters.memory.store import MemoryStore
from datadam.confirming import confirm
from datadam.dam import deposit, lineage, prove, publish, release, state, withdraw
from datadam.dam.world import World
from datadam.errors import DamError, Faults, Invalid, NotFound, Untrusted
from datadam.formats import codelists
from datadam.model import Deprecation, Fit, Kind, Layout, Stage, Type
from datadam.proposing import suggest
from worlds import GOOD, START, Person, a_world, forward, granted, standard_text

ID = "test.reading"
RENAMED = """\
  - vendor: datadam
    property: migration
    value: {after: 1.0.0, columns: [{column: total, from: amount, numerator: 1000}]}
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam with the small standard."""
    found = a_world(tmp_path, share_refresh_seconds=0)
    publish.publish(found, standard_text())
    return found


def second(number: str = "2.0.0", *, migration: str = RENAMED, **terms: str) -> str:
    """The small standard with its amount renamed and in thousandths."""
    text = standard_text(**terms).replace("1.0.0", number).replace("name: amount", "name: total")
    return text.replace("maximum: 1000", "maximum: 1000000").replace("schema:\n", f"{migration}schema:\n")


def fit(world: World, version: str, data: bytes) -> Fit:
    """The mapping of a CSV to one version."""
    named = next(one.standard for one in lineage.versions(world, ID) if one.standard.version == version)
    header = tuple(data.decode().splitlines()[0].split(","))
    layout = Layout(columns=header, types=("text",) * len(header), samples=((),) * len(header))
    return confirm(suggest(named, layout, codelists.packaged()), named, layout)


def served(world: World, person: Person) -> pl.DataFrame:
    """All rows that a member is given, in one order."""
    share = release.open_share(world, person.caller, ID)
    paths = [release.file(world, ID, share.recipient, share.version, one["name"]) for one in share.files]
    rows = pl.concat([pl.read_parquet(path) for path in paths])
    return rows.sort(rows.columns)


def well(world: World) -> None:
    """Nothing is wrong with the folder, and the log alone gives the same tables."""
    assert not prove.check(world, MemoryStore, lambda: None).faults
    state.rebuild(world)
    assert not prove.check(world, MemoryStore, lambda: None).faults


def test_old_rows_are_read_under_the_new_version(world: World) -> None:
    """Renamed and in another unit, to the digit, beside new ones; stored files stay as they were signed."""
    firm, other = Person("A").joins(world), Person("B").joins(world)
    firm.deposits(world, ID, GOOD)
    with granted(world, other, ID):
        assert served(world, other)["amount"].to_list() == [5, 7, 1000]
        publish.publish(world, second())
        old = served(world, other)
        assert old.columns == ["meter", "total", "contributor"]
        assert old["total"].to_list() == [5000, 7000, 1_000_000]
        assert other.deposits(world, ID, b"meter,total\nA1,5\n").stage == Stage.COMMITTED
        told = served(world, other).select("meter", "total", "contributor").rows()
        assert sorted(told) == sorted(
            [("A1", 5000, firm.id), ("A2", 7000, firm.id), ("A3", 1_000_000, firm.id), ("A1", 5, other.id)]
        )
    assert lineage.tables(world, ID) == [ID, f"{ID}_2"]
    assert [len(world.lake.files(table)) for table in lineage.tables(world, ID)] == [1, 1]
    well(world)


def test_a_newer_row_supersedes_an_older_version_s(world: World) -> None:
    """The key's hash is of the same values, whatever the columns are called."""
    firm = Person("A").joins(world)
    firm.deposits(world, ID, GOOD)
    publish.publish(world, second())
    firm.deposits(world, ID, b"meter,total\nA1,1\nA9,2\n")
    firm.deposits(world, ID, b"meter,amount\nA9,3\n", fit(world, "1.0.0", b"meter,amount\n"))
    with granted(world, firm, ID):
        rows = served(world, firm)
    assert rows.select("meter", "total").rows() == [("A1", 1), ("A2", 7000), ("A3", 1_000_000), ("A9", 3000)]
    well(world)


def test_a_repeat_is_refused_across_versions(tmp_path: Path) -> None:
    """Where nothing may come twice, it may not come again under another version either."""
    world = a_world(tmp_path)
    publish.publish(world, standard_text(repeat="refuse"))
    firm = Person("A").joins(world)
    firm.deposits(world, ID, GOOD)
    publish.publish(world, second(repeat="refuse"))
    job = firm.deposits(world, ID, b"meter,total\nA1,5\nA8,5\nA9,5\n")
    assert job.facts["tally"]["faults"] == {"key.repeat": 1}
    well(world)


def test_three_versions_in_a_row(world: World) -> None:
    """Steps go one after the other; words only in between change nothing."""
    firm = Person("A").joins(world)
    firm.deposits(world, ID, GOOD)
    publish.publish(world, second())
    firm.deposits(world, ID, b"meter,total\nA4,4\n")
    publish.publish(world, second("2.0.1", migration="").replace("What was read.", "What was read off it."))
    third = second("3.0.0", migration=RENAMED.replace("after: 1.0.0", "after: 2.0.1").replace("1000", "10"))
    third = third.replace("column: total, from: amount", "column: total").replace("maximum: 1000000", "maximum: 9")
    publish.publish(world, third)
    assert lineage.tables(world, ID) == [ID, f"{ID}_2", f"{ID}_3"]
    assert lineage.table(world, ID, "2.0.1") == f"{ID}_2"
    with granted(world, firm, ID):
        assert served(world, firm).select("meter", "total").rows() == [
            ("A1", 50_000),
            ("A2", 70_000),
            ("A3", 10_000_000),
            ("A4", 40),
        ]
    well(world)


def test_an_amendment_may_move_to_the_new_version(world: World) -> None:
    """The old rows leave their table, the new ones lie in theirs, and nobody is ever served both."""
    firm = Person("A").joins(world)
    old = firm.deposits(world, ID, GOOD)
    publish.publish(world, second())
    data = b"meter,total\nA1,9\n"
    manifest = firm.manifest(fit(world, "2.0.0", data), data)
    facts = {"contributor": firm.id, "deposits": [old.id], "replaced_by": manifest.id, "reason": "a better file"}
    told = firm.states(Kind.WITHDRAWAL, facts)
    job = withdraw.amend(world, firm.caller, seal.envelope(manifest), seal.envelope(told))
    deposit.receive(world, firm.caller, job.id, iter((data,)))
    with granted(world, firm, ID):
        assert served(world, firm)["total"].to_list() == [5000, 7000, 1_000_000]
        deposit.process(world, job.id, lambda *_: None)
        assert served(world, firm)["total"].to_list() == [9]
    withdraw.purge(world, told.id)
    assert [len(world.lake.files(table)) for table in lineage.tables(world, ID)] == [0, 1]
    well(world)


def test_rows_that_were_withdrawn_hold_no_version_up(world: World) -> None:
    """What is served no more need not be readable."""
    firm = Person("A").joins(world)
    old = firm.deposits(world, ID, GOOD)
    with pytest.raises(Faults, match="standard.breaking"):
        publish.publish(world, second(migration=""))
    facts = {"contributor": firm.id, "deposits": [old.id], "replaced_by": None, "reason": "an error"}
    withdraw.withdraw(world, firm.caller, seal.envelope(firm.states(Kind.WITHDRAWAL, facts)))
    publish.publish(world, second(migration=""))
    with granted(world, firm, ID):
        share = release.open_share(world, firm.caller, ID)
    assert (share.rows, [one["name"] for one in share.schema]) == (0, ["meter", "total", "contributor"])
    well(world)


def test_what_rows_on_their_way_could_not_follow_is_refused(world: World) -> None:
    """Also while the first deposit is only under way; with nothing there at all a version may break."""
    firm = Person("A").joins(world)
    data = b"meter,amount\nA1,5\n"
    job = deposit.announce(world, firm.caller, seal.envelope(firm.manifest(fit(world, "1.0.0", data), data)))
    with pytest.raises(Faults, match="standard.breaking") as caught:
        publish.publish(world, second(migration=""))
    assert [fault.code for fault in caught.value.faults] == ["migration.value-missing"]
    forward(world, hours=deposit.ANNOUNCED_HOURS + 1)
    assert deposit.tidy(world) == 1
    publish.publish(world, second(migration=""))
    with pytest.raises(NotFound, match="deposit.unknown"):
        deposit.receive(world, firm.caller, job.id, iter((data,)))
    well(world)


def test_who_signed_a_version_may_go_on_under_it(world: World) -> None:
    """A newcomer may not; nor anybody under a version that never was."""
    firm, newcomer = Person("A").joins(world), Person("B").joins(world)
    firm.deposits(world, ID, GOOD)
    publish.publish(world, second())
    more = b"meter,amount\nA7,1\n"
    assert firm.deposits(world, ID, more, fit(world, "1.0.0", more)).stage == Stage.COMMITTED
    with pytest.raises(Invalid, match="deposit.version-old"):
        newcomer.deposits(world, ID, more, fit(world, "1.0.0", more))
    for id, number, code in ((ID, "0.9.0", "deposit.version-old"), ("test.other", "1.0.0", "standard.unknown")):
        with pytest.raises(DamError, match=code):
            lineage.may_deposit(world, firm.id, id, number)
    with pytest.raises(NotFound, match="standard.unknown"):
        lineage.table(world, ID, "0.9.0")
    for version, under in (("0.9.0", None), ("1.0.0", "0.9.0")):
        with pytest.raises(NotFound, match="standard.unknown"):
            lineage.passage(world, ID, version, under=under)


def test_a_member_hears_what_it_signed_and_what_came_after(world: World) -> None:
    """Nothing before its first deposit, nothing to do while it is up to date, then every change and its last day."""
    firm = Person("A").joins(world)
    assert lineage.signed(world, firm.id, ID) is None
    firm.deposits(world, ID, GOOD)
    now = lineage.signed(world, firm.id, ID)
    assert now is not None
    assert (now.version, now.last, now.until, now.accepted, now.changes) == ("1.0.0", "1.0.0", None, True, ())
    publish.publish(world, second())
    lineage.deprecate(world, ID, "1.0.0", "2026-12-31")
    told = lineage.signed(world, firm.id, ID)
    assert told is not None
    assert (told.version, told.last, told.until, told.accepted) == ("1.0.0", "2.0.0", "2026-12-31", True)
    assert [change.code for change in told.changes] == ["change.column-renamed", "change.limits", "change.converted"]
    forward(world, days=60)
    late = lineage.signed(world, firm.id, ID)
    assert late is not None
    assert not late.accepted
    firm.deposits(world, ID, b"meter,total\nA1,5\n")
    assert lineage.signed(world, firm.id, ID) == lineage.Signed(
        version="2.0.0", last="2.0.0", until=None, accepted=True, changes=()
    )


def test_a_version_ends_on_its_day(world: World) -> None:
    """On the day itself deposits are taken, on the next none; the rows stay served."""
    firm = Person("A").joins(world)
    firm.deposits(world, ID, GOOD)
    publish.publish(world, second())
    last = START.date().isoformat()
    index = lineage.deprecate(world, ID, "1.0.0", last)
    _, id = next(iter(world.ledger.entries(index)))
    assert world.ledger.statement(id).kind is Kind.DEPRECATION
    more = b"meter,amount\nA7,1\n"
    firm.deposits(world, ID, more, fit(world, "1.0.0", more))
    forward(world, days=1)
    late = b"meter,amount\nA8,1\n"
    with pytest.raises(Invalid, match="deposit.version-ended") as caught:
        firm.deposits(world, ID, late, fit(world, "1.0.0", late))
    assert caught.value.facts == {"standard": ID, "version": "1.0.0", "until": last, "last": "2.0.0"}
    with granted(world, firm, ID):
        assert served(world, firm).height == 4
    well(world)


def test_a_standard_that_ended_takes_nothing_more(world: World) -> None:
    """The last version may end too: then nobody deposits, and no other version is recommended."""
    firm = Person("A").joins(world)
    firm.deposits(world, ID, GOOD)
    lineage.deprecate(world, ID, "1.0.0", START.date().isoformat())
    forward(world, days=1)
    with pytest.raises(Invalid, match="deposit.standard-ended"):
        firm.deposits(world, ID, b"meter,amount\nA8,1\n")
    with granted(world, firm, ID):
        assert served(world, firm).height == 3


def test_a_last_day_may_be_put_off_never_brought_forward(world: World) -> None:
    """Members rely on it; a day that is over or no day at all is refused, and the log takes no other word."""
    for version, day, code in (
        ("1.0.0", "2026-11-21", "deprecation.past"),
        ("1.0.0", "soon", "text.date-malformed"),
        ("9.0.0", "2026-12-31", "standard.unknown"),
    ):
        with pytest.raises(DamError, match=code):
            lineage.deprecate(world, ID, version, day)
    lineage.deprecate(world, ID, "1.0.0", "2026-12-31")
    for day in ("2026-12-31", "2026-12-01"):
        with pytest.raises(Invalid, match="deprecation.earlier"):
            lineage.deprecate(world, ID, "1.0.0", day)
    lineage.deprecate(world, ID, "1.0.0", "2027-01-31")
    assert lineage.until(world, ID, "1.0.0") == "2027-01-31"
    for version, day in (("1.0.0", "2026-12-31"), ("9.0.0", "2028-01-01")):
        facts = {"standard": ID, "version": version, "until": day}
        with pytest.raises(Untrusted, match="deprecation.wrong"):
            state.record(world, state.statement(world, Kind.DEPRECATION, facts))
    with world.store.read() as rows:
        assert len(rows.find(Deprecation)) == 1
    well(world)


def test_a_purpose_is_never_added_to_rows_that_were_given_for_others(world: World) -> None:
    """A lineage may only become stricter."""
    with pytest.raises(Faults, match="standard.breaking") as caught:
        publish.publish(world, second().replace("[research]", "[research, selling]"))
    assert [fault.code for fault in caught.value.faults] == ["change.purposes-added"]


def test_a_start_makes_the_tables_of_every_version(world: World) -> None:
    """What a crash after the log left undone is done again, twice is once."""
    publish.publish(world, second())
    publish.restore(world)
    publish.restore(world)
    assert [one.table for one in lineage.versions(world, ID)] == [ID, f"{ID}_2"]
    assert lineage.versions(world, ID)[1].standard.column("total").type is Type.INTEGER
    assert lineage.files(world, ID) == []
    assert lineage.versions(world, "test.none") == ()
