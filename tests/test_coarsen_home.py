"""Coarse values through a whole dam: prepared at home or not the same is stored, and nothing finer stays anywhere."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import Phase, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from datadam import client
from datadam.dam import deposit, publish, release
from datadam.errors import DamError, Faults
from datadam.formats import codelists, fits, odcs
from datadam.model import (
    Attribution,
    Coarsening,
    Column,
    CrossRule,
    Feed,
    Fit,
    Period,
    PrivacyClass,
    Protection,
    Repeat,
    Stage,
    Standard,
    StandardId,
    Type,
    Unit,
)
from datadam.planning import compile_plan
from datadam.prepare import Prepared, as_prepared, changes, prepared_fit
from drafts import BOTH, column
from homes import at_home, handed_in, hold_the_law, stored
from served import run, serving
from worlds import Person, a_world, granted

ID = StandardId("test.shipments")
COARSE = Protection.COARSEN
MONTH = Coarsening(period=Period.MONTH)
SIDES = {"red": "WARM", "yellow": "WARM", "blue": "COLD"}


def coarse(name: str, kind: Type, how: Coarsening, **more: object) -> Column:
    """A column that is coarsened."""
    return column(name, kind, protection=COARSE, coarsening=how, **more)


STANDARD = Standard(
    id=ID,
    version="1.0.0",
    titles=BOTH,
    descriptions=BOTH,
    columns=(
        column(
            "firm", required=True, protection=Protection.UNIT_ID, domain="firm", privacy_class=PrivacyClass.CONFIDENTIAL
        ),
        coarse("sent", Type.DATE, MONTH, required=True, minimum="2019-01-10"),
        coarse("came", Type.DATE, MONTH),
        coarse("land", Type.TEXT, Coarsening(codes="m49-region"), codes="iso3166-alpha3", required=True),
        coarse("colour", Type.TEXT, Coarsening(groups=SIDES), values=tuple(SIDES), min_length=3, max_length=6),
        coarse(
            "mass",
            Type.DECIMAL,
            Coarsening(width=Decimal(500)),
            minimum=Decimal(-250),
            precision=15,
            scale=2,
            unit="kg",
            units=(Unit(symbol="kg", numerator=1), Unit(symbol="t", numerator=1000)),
        ),
        coarse("grade", Type.NUMBER, Coarsening(edges=(Decimal(0), Decimal("0.5"))), minimum=Decimal(0)),
        coarse("at", Type.TIMESTAMP, Coarsening(period=Period.DAY)),
    ),
    key=("firm", "sent", "land"),
    repeat=Repeat.SUPERSEDE,
    rules=(
        CrossRule(id="in-order", left="sent", op="<=", right="came"),
        CrossRule(id="not-at-once", left="sent", op="!=", right="came"),
    ),
    purposes=("research",),
    attribution=Attribution.CONTRIBUTOR,  # so that one deposit is served without two more
    reject_limit=Decimal("0.5"),
)
NAMES = [one.name for one in STANDARD.columns]
FIT = Fit(
    standard=ID,
    version="1.0.0",
    feeds=tuple(Feed(column=name, source=name, unit="t" if name == "mass" else None) for name in NAMES),
)
HEADER = ",".join(NAMES) + "\n"
ROWS = (
    "FIRM-ONE,2019-03-17,2019-04-18,South Korea,yellow,73.51925,0.7319,2021-08-09T13:14:15+09:00\n"
    "FIRM-ONE,2019-01-10,,DEU,blue,-0.1,0.1234,\n"
)
REJECTED = "FIRM-TWO,2019-07-19,2019-06-20,ISL,red,88.81234,0.5678,\n"
FINE = (
    "2019-03-17", "2019, 3, 17", "2019-04-18", "2019, 4, 18", "2019-01-10", "2019, 1, 10", "South Korea", "'KOR'",
    '"KOR"', "'DEU'", '"DEU"', "'yellow'", "73519.25", "73.51925", "7351925", "0.7319", "0.1234", "13:14:15",
    "04:14:15",
)  # fmt: skip
"""How the values of the file, and what units and time zones make of them, would stand in a file, raw or decoded."""
REFUSED = ("2019-07-19", "2019-06-20", "88.81234", "0.5678")
DECLARED = {"2019-01-10"}  # the standard's own minimum: it stands in the log as part of the standard


def prepared(folder: Path, text: str) -> Prepared:
    """Prepare a file of shipments."""
    return at_home(STANDARD, FIT, folder, text)


# --- at home ----------------------------------------------------------------------------------------------------------


def test_what_is_prepared_is_already_coarse(tmp_path: Path) -> None:
    """Months, regions, bands in the standard's unit; the report says so, and which rules nobody else can judge."""
    done = prepared(tmp_path, HEADER + ROWS + REJECTED)
    text = (tmp_path / "prepared.csv").read_text(encoding="utf-8")
    assert text == HEADER + (
        "FIRM-ONE,2019-03-01,2019-04-01,142,WARM,73500.00,0.5,2021-08-09T00:00:00.000000Z\n"
        "FIRM-ONE,2019-01-01,,150,COLD,-500.00,0.0,\n"
    )
    assert done.coarse == tuple(NAMES[1:])
    assert done.raw == ("firm",)
    assert done.unjudged == ("colour.length", "not-at-once")
    assert {fault.rule for fault in done.found} == {"in-order"}
    said = {name: reasons[-1].code for name, reasons in done.changes.items()}
    assert {code for name, code in said.items() if name != "firm"} == {
        f"done.coarsened-{how}" for how in ("month", "codes", "map", "width", "edges", "day")
    }


def test_the_dam_judges_what_coarse_values_still_show() -> None:
    """All rules but those that were judged at home, and the same protections."""
    again = compile_plan(as_prepared(STANDARD), prepared_fit(STANDARD, FIT), codelists.packaged())
    whole = compile_plan(STANDARD, FIT, codelists.packaged())
    assert {rule.id for rule in whole.rules} - {rule.id for rule in again.rules} == {"colour.length", "not-at-once"}
    assert [cell.protection for cell in again.cells] == [cell.protection for cell in whole.cells]
    said = changes(as_prepared(STANDARD), again, prepared_fit(STANDARD, FIT))
    assert said["land"][-1].code == "done.coarsened-codes"


def test_to_prepare_what_is_prepared_changes_nothing(tmp_path: Path) -> None:
    """The law of preparing twice, through the files themselves."""
    first = prepared(tmp_path, HEADER + ROWS)
    text = (tmp_path / "prepared.csv").read_text(encoding="utf-8")
    second = at_home(as_prepared(STANDARD), first.fit, tmp_path, text, into="again.csv")
    assert second.report.tally.rejected == 0
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "prepared.csv").read_bytes()


# --- in the dam -------------------------------------------------------------------------------------------------------


@limits(max_examples=12, deadline=None, phases=[Phase.generate])  # to shrink a file, a dam a try, would take minutes
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["A", "B"]),
            st.dates(date(2019, 1, 5), date(2020, 12, 31)).map(str),
            st.just("") | st.dates(date(2019, 1, 5), date(2020, 12, 31)).map(str),
            st.sampled_from(["KOR", "france", "ATA", "x"]),
            st.sampled_from(["", *SIDES]),
            st.just("") | st.decimals(-1, 10**6, places=5).map(lambda number: f"{number:f}"),
            st.just("") | st.floats(-0.1, 1e9, allow_nan=False).map(repr),
            st.sampled_from(["", "2024-02-29T23:59:59.123456-05:00", "1000-01-01T00:00:00Z"]),
        ),
        min_size=1,
        max_size=6,
    ),
    into=st.sampled_from(["prepared.csv", "prepared.parquet"]),
)
def test_prepared_or_not_the_same_is_stored(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], into: str
) -> None:
    """For any file, row by row and to the byte, keys too: what is coarse already is accepted and stays as it is."""
    text = HEADER + "".join(",".join(row) + "\n" for row in rows)
    hold_the_law(STANDARD, FIT, tmp_path_factory.mktemp("law"), text, into=into)


def test_a_dam_coarsens_again_whatever_it_is_told(tmp_path: Path) -> None:
    """Who signs `prepared` over a raw file gets nothing finer stored; a country where a region should be is refused."""
    world = a_world(tmp_path / "dam")
    publish.publish(world, odcs.write(STANDARD))
    person = Person("A").joins(world)
    fit = Fit(
        standard=ID, version="1.0.0", feeds=tuple(Feed(column=name, source=name) for name in NAMES if name != "came")
    )
    lines = ["firm,sent,land,colour,mass,grade,at"]
    lines += [
        "F,2019-03-17,142,COLD,73519.25,0.7,2019-03-17T13:14:15Z",
        "F,2019-03-18,KOR,WARM,1,0.1,",
        "F,2019-05-18,142,red,1,0.1,",
    ]
    job = handed_in(world, person, fit, ("\n".join(lines) + "\n").encode())
    assert (job.stage, job.facts["tally"]["faults"]) == (Stage.REFUSED, {"land.codes": 1, "colour.codes": 1})
    job = handed_in(world, person, fit, ("\n".join(lines[:2]) + "\n").encode())
    (row,) = stored(world, job).drop("firm", "_key").iter_rows(named=True)
    assert (row["sent"], row["land"], row["colour"]) == (date(2019, 3, 1), "142", "COLD")
    assert (row["mass"], row["grade"], row["at"].isoformat()) == (Decimal("73500.00"), 0.5, "2019-03-17T00:00:00+00:00")


def test_a_newer_report_of_the_same_month_takes_its_place(tmp_path: Path) -> None:
    """`supersede` follows the coarse key: another day of the month, another country of the region."""
    world = a_world(tmp_path / "dam")
    publish.publish(world, odcs.write(STANDARD))
    person = Person("A").joins(world)
    keys = []
    for day, land in (("2019-03-17", "KOR"), ("2019-03-02", "Japan"), ("2019-04-02", "Japan")):
        job = person.deposits(world, ID, f"{HEADER}F,{day},,{land},,,,\n".encode(), FIT)
        assert job.stage == Stage.COMMITTED
        keys.append(stored(world, job)["_key"].item())
    assert keys[0] == keys[1] != keys[2]


# --- what lies in the folder ------------------------------------------------------------------------------------------


def places_of(folder: Path, marks: tuple[str, ...]) -> dict[str, list[str]]:
    """In which files of a folder which of these texts stand, raw or decoded; not those that the standard declares."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            parts = [data.decode("utf-8", "replace")]
            parts += [str(pl.read_parquet(path).to_dicts())] if data[:4] == b"PAR1" else []
            seen = [mark for mark in marks if mark not in DECLARED and any(mark in part for part in parts)]
            if seen:
                found[str(path.relative_to(folder))] = seen
    return found


@pytest.mark.parametrize("local", [True, False], ids=["prepared at home", "as it is"])
def test_nothing_finer_is_anywhere_in_the_dam(local: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a real server, table, statistics, share, database and log: every file is read, Parquet decoded as well.

    Of a file deposited as it is, refused rows lie in its work folder until their days are over, as the guide says.
    """
    monkeypatch.setenv("DATADAM_HOME", str(tmp_path / "home"))
    text = HEADER + ROWS + REJECTED
    done = prepared(tmp_path, text)
    assert len(places_of(tmp_path, FINE)["mine.csv"]) == 7  # the search does find them
    with serving(tmp_path / "dam") as dam:
        publish.publish(dam.world, odcs.write(STANDARD))
        person = dam.person("Firm")
        line = client.connect(dam.url, key=person.key)
        if local:
            job = line.deposit(tmp_path / "prepared.csv", done.fit, prepared=True)
        else:
            job = line.deposit(tmp_path / "mine.csv", FIT)
        line.close()
        with granted(dam.world, person, ID):
            assert release.open_share(dam.world, person.caller, ID).files
        assert (job["stage"], job["tally"]["admitted"]) == ("committed", 2)
        stands = places_of(dam.folder, ("2019, 3, 1)", "73500", "'WARM'"))
        assert {"reservoirs", "shares"} <= {name.split("/")[0] for name, marks in stands.items() if len(marks) == 3}
        assert places_of(dam.folder, FINE) == {}
        left = {name.split("/")[0] for name in places_of(dam.folder, REFUSED)}
        assert left == (set() if local else {"spool"})
        with dam.clock.forward(days=dam.world.settings.rejects_days + 1):
            deposit.tidy(dam.world)
        assert places_of(dam.folder, REFUSED) == {}


def test_a_report_of_coarse_columns_tells_nothing_finer(tmp_path: Path) -> None:
    """How columns are distributed is told of what is stored; lower edges have no mean."""
    done = prepared(tmp_path, HEADER + ROWS)
    columns = done.survey.columns
    assert (columns["sent"]["kind"], columns["sent"]["missing"]) == ("time", 0)
    assert columns["sent"]["maximum"] == "2019-03-01"
    assert (columns["mass"]["minimum"], columns["mass"]["maximum"]) == ("-500.00", "73500.00")
    assert "mean" not in columns["mass"]
    assert [(one["value"], one["rows"]) for one in columns["land"]["values"]] == [("142", 1), ("150", 1)]
    told = str(done.survey)
    assert [mark for mark in FINE if mark in told] == []


# --- on the command line ----------------------------------------------------------------------------------------------


def test_the_command_line_says_what_is_coarse(tmp_path: Path) -> None:
    """`standard check` names each way, `prepare` what travels coarse and which rules only this machine can judge."""
    standard, mapping = tmp_path / "standard.yaml", tmp_path / "mapping.yaml"
    standard.write_text(odcs.write(STANDARD), encoding="utf-8")
    mapping.write_text(fits.write(FIT), encoding="utf-8")
    (tmp_path / "mine.csv").write_text(HEADER + ROWS, encoding="utf-8")
    home = {"DATADAM_HOME": str(tmp_path / "home"), "COLUMNS": "200"}
    checked = run("standard", "check", standard, **home)
    assert "sent: only the month is stored, by its first day" in checked.stdout
    assert "mass: only the band is stored, by its lower edge; each is 500 kg wide" in checked.stdout
    assert "grade: coarsen edges 0, 0.5," in checked.stdout
    words = ("--standard", standard, "--mapping", mapping, "--into", tmp_path / "prepared.csv")
    done = run("prepare", tmp_path / "mine.csv", *words, "--html", tmp_path / "report.html", **home)
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stdout.split())
    assert "Columns that travel only as coarse as the standard stores them: sent, came, land," in told
    assert "colour.length, not-at-once" in told
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "only its group in m49-region is stored" in page
    assert "colour.length, not-at-once" in page
    assert [mark for mark in FINE if mark in page and mark not in DECLARED] == []


def test_deposit_local_leaves_nothing_finer(tmp_path: Path) -> None:
    """The command itself, over a real server: what it sends is coarse, and what the dam has of it."""
    (tmp_path / "mapping.yaml").write_text(fits.write(FIT), encoding="utf-8")
    (tmp_path / "mine.csv").write_text(HEADER + ROWS + REJECTED, encoding="utf-8")
    with serving(tmp_path / "dam") as dam:
        publish.publish(dam.world, odcs.write(STANDARD))
        key = client.write_private(tmp_path / "key", dam.person("Firm").key)
        words = ("--standard", ID, "--mapping", tmp_path / "mapping.yaml", "--local", "--url", dam.url, "--key", key)
        done = run("deposit", tmp_path / "mine.csv", *words, DATADAM_HOME=str(tmp_path / "home"))
        assert done.returncode == 0, done.stderr
        assert len(dam.world.lake.files(ID)) == 1
        shown = run("show", ID, "--url", dam.url, "--key", key, DATADAM_HOME=str(tmp_path / "home"))
        assert "land: only its group in m49-region is stored" in shown.stdout  # whoever takes rows out is told, too
        assert {one["name"] for one in dam.ask("GET", f"/api/reservoirs/{ID}").json()["columns"] if one["coarse"]} == {
            *NAMES[1:]
        }
        assert places_of(dam.folder, (*FINE, *REFUSED)) == {}


# --- a later version --------------------------------------------------------------------------------------------------


def test_rows_of_a_finer_version_are_served_as_coarse_as_the_newest(tmp_path: Path) -> None:
    """Both versions' rows in one share, none finer than a month; no finer version may follow while there are rows."""
    fine = replace(
        STANDARD,
        columns=(column("id", required=True), column("day", Type.DATE), column("land", codes="iso3166-alpha3")),
        key=("id",),
        rules=(),
    )
    month = column("day", Type.DATE, protection=COARSE, coarsening=MONTH)
    region = column("land", codes="iso3166-alpha3", protection=COARSE, coarsening=Coarsening(codes="m49-region"))
    newer = replace(fine, version="2.0.0", columns=(fine.columns[0], month, region))
    world = a_world(tmp_path)
    publish.publish(world, odcs.write(fine))
    person = Person("A").joins(world)
    assert person.deposits(world, ID, b"id,day,land\na,2019-03-17,KOR\n").stage == Stage.COMMITTED
    with pytest.raises(DamError, match="standard.breaking"):
        publish.publish(world, odcs.write(replace(newer, version="1.1.0")))
    publish.publish(world, odcs.write(newer))
    assert person.deposits(world, ID, b"id,day,land\nb,2019-04-18,South Africa\n").stage == Stage.COMMITTED
    with granted(world, person, ID):
        share = release.open_share(world, person.caller, ID)
    paths = [world.shares.path(ID, share.recipient, share.version, str(file["name"])) for file in share.files]
    rows = pl.concat(pl.read_parquet(path).select("id", "day", "land") for path in paths).sort("id")
    assert rows.rows() == [("a", date(2019, 3, 1), "142"), ("b", date(2019, 4, 1), "002")]
    with pytest.raises(Faults) as refusal:
        publish.publish(world, odcs.write(replace(fine, version="3.0.0")))
    assert "migration.protection" in [fault.code for fault in refusal.value.faults]
