"""Looking a file over as a whole: what is found, what is not, and that nothing is refused for it."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from datadam.adapters import polars_columns, polars_notes, polars_quality
from datadam.adapters.polars_engine import PolarsEngine
from datadam.adapters.polars_quality import PolarsSurveyor
from datadam.dam import quality, report
from datadam.dam.world import World
from datadam.errors import NotFound, Unavailable
from datadam.mapping import fit_digest, fit_to_json
from datadam.model import (
    Coarsening,
    CodeList,
    Column,
    Feed,
    Fit,
    Period,
    Protection,
    Repeat,
    Source,
    Stage,
    Standard,
    StandardId,
    Type,
    Unit,
    Unpivot,
)
from datadam.planning import compile_plan
from datadam.ports import Finding, Outputs, Survey, SurveyOrder
from worlds import GOOD, Person

PLACES = CodeList(
    name="places",
    title="",
    origin="",
    licence="",
    codes=frozenset({"KOR", "JPN", "USA", "CHL", "AUS", "FRA"}),
    aliases={"korea": "KOR", "japan": "JPN"},
)


def output(*, repeat: Repeat = Repeat.SUPERSEDE, key: tuple[str, ...] = ("place", "year")) -> Standard:
    """A standard of yearly output by place."""
    tonne = Unit(symbol="t", numerator=1, synonyms=())
    columns = (
        Column(name="place", type=Type.TEXT, required=True, codes="places"),
        Column(name="year", type=Type.INTEGER, required=True, minimum=Decimal(1900), maximum=Decimal(2100)),
        Column(
            name="tonnes",
            type=Type.DECIMAL,
            precision=20,
            scale=3,
            unit="t",
            units=(tonne, Unit(symbol="kt", numerator=1000)),
        ),
        Column(name="grade", type=Type.INTEGER, minimum=Decimal(0)),
        Column(name="remark", type=Type.TEXT),
    )
    return Standard(
        id=StandardId("test.output"),
        version="1.0.0",
        titles={},
        descriptions={},
        columns=columns,
        key=key,
        repeat=repeat,
        reject_limit=Decimal("0.9"),
    )


def looked(
    folder: Path,
    text: str,
    *,
    standard: Standard | None = None,
    fit: Fit | None = None,
    held: Sequence[Path] = (),
    name: str = "one",
) -> Survey:
    """The survey of a file that was judged by the engine."""
    standard = standard or output()
    header = text.splitlines()[0].split(",")
    if fit is None:
        known = [column.name for column in standard.columns]
        feeds = tuple(Feed(column=name, source=name) for name in header if name in known)
        dropped = tuple(name for name in header if name not in known)
        fit = Fit(standard=standard.id, version="1.0.0", feeds=feeds, dropped=dropped)
    plan = compile_plan(standard, fit, {"places": PLACES})
    path = folder / f"{name}.csv"
    path.write_text(text, encoding="utf-8")
    into = Outputs(
        admitted=folder / f"{name}.parquet",
        rejects=folder / f"{name}-rejects.parquet",
        deposit=name,
        unit_keys={"firm": b"k" * 32},
        key_secret=b"secret-secret",
    )
    tally = PolarsEngine().run(plan, Source(path=str(path), format="csv", name=path.name), into, lambda *_: None)
    order = SurveyOrder(
        standard=standard,
        plan=plan,
        admitted=into.admitted if tally.admitted else None,
        rejects=into.rejects if tally.rejects else None,
        held=held,
    )
    return replace(PolarsSurveyor().survey(order), columns=tally.columns)


def codes(survey: Survey) -> list[str]:
    """What was found, by code."""
    return [finding.reason.code for finding in survey.findings]


def only(survey: Survey) -> Finding:
    """The one finding there is."""
    (finding,) = survey.findings
    return finding


# --- printed totals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["Total", "World total (rounded)", "합계", "計", "  총계 :", "Ｔｏｔａｌ", "TOTAL*"])
def test_a_printed_total_that_the_rows_do_not_give_is_told(tmp_path: Path, word: str) -> None:
    """The row itself is refused (it is no place); what its year's rows give, refused ones too, is added up exactly."""
    rows = "place,year,tonnes\nKOR,2024,100\nJPN,2024,50.5\nXXX,2024,9.5\nKOR,2023,7\n"
    assert codes(looked(tmp_path, f"{rows}{word},2024,160\n")) == []
    finding = only(looked(tmp_path, f"{rows}{word},2024,170\n"))
    assert finding.reason.code == "quality.total-differs"
    facts = {"column": "tonnes", "printed": "170", "sum": "160", "lines": 3}
    assert finding.reason.facts == facts
    assert (finding.rows, finding.count) == ((4,), 1)


def test_a_rounded_total_is_no_difference_and_a_wrong_one_is(tmp_path: Path) -> None:
    """USGS prints 900,000 where the rows give 909,000; 10 % more is no rounding, whatever zeros stand at its end."""
    rows = "place,year,tonnes\nCHL,2024,900000\nJPN,2024,6000\nKOR,2024,3000\n"
    assert codes(looked(tmp_path, f"{rows}Total,2024,900000\n")) == []
    assert codes(looked(tmp_path, f"{rows}Total,2024,1000000\n")) == ["quality.total-differs"]


def test_a_total_over_all_years_counts_all_years(tmp_path: Path) -> None:
    """What a total leaves open is added over; an empty total is none, and grades have no total."""
    rows = "place,year,tonnes,grade\nKOR,2023,1,5\nKOR,2024,2,5\n"
    assert codes(looked(tmp_path, f"{rows}total,,3,1\ntotal,2024,,9\n")) == []
    assert codes(looked(tmp_path, f"{rows}total,,4,10\n")) == ["quality.total-differs"]


def test_a_total_that_was_admitted_as_data_is_told(tmp_path: Path) -> None:
    """Where the place is free text nothing refuses it; its sum is compared all the same."""
    standard = output()
    free = (Column(name="place", type=Type.TEXT, required=True), *standard.columns[1:])
    made = Standard(**{**{f: getattr(standard, f) for f in standard.__slots__}, "columns": free})
    rows = "place,year,tonnes\nBusan,2024,1\nUlsan,2024,2\n"
    assert codes(looked(tmp_path, f"{rows}합계,2024,3\n", standard=made)) == ["quality.total-admitted"]
    found = looked(tmp_path, f"{rows}합계,2024,3.5\n", standard=made)
    assert codes(found) == ["quality.total-admitted", "quality.total-differs"]
    assert codes(looked(tmp_path, "place,year,tonnes\nTotal,2024,3\n", standard=made)) == ["quality.total-admitted"]


@pytest.mark.parametrize(("at", "told"), [((20,), 0), ((39,), 1), ((0, 20), 2)])
def test_of_a_long_file_the_ends_tell_whether_it_has_totals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: tuple[int, ...], told: int
) -> None:
    """Machines write long files, and rarely totals: the middle is searched once an end has one."""
    monkeypatch.setattr(polars_quality, "MOST_ROWS", 10)
    monkeypatch.setattr(polars_quality, "ENDS", 5)
    rows = [f"KOR,{1950 + n},{n + 1},{'Total' if n in at else ''}" for n in range(40)]
    found = looked(tmp_path, "place,year,tonnes,remark\n" + "\n".join(rows) + "\n")
    counts = [one.count for one in found.findings if one.reason.code == "quality.total-admitted"]
    assert counts == ([told] if told else [])


def test_totals_are_compared_in_the_unit_that_each_row_names(tmp_path: Path) -> None:
    """Kilotonnes and tonnes are added as what they are."""
    feeds = (
        Feed(column="place", source="place"),
        Feed(column="year", source="year"),
        Feed(column="tonnes", source="n", unit_source="u"),
    )
    fit = Fit(standard=StandardId("test.output"), version="1.0.0", feeds=feeds)
    rows = "place,year,n,u\nKOR,2024,1,kt\nJPN,2024,500,t\n"
    assert codes(looked(tmp_path, f"{rows}Total,2024,1.5,kt\n", fit=fit)) == []
    assert codes(looked(tmp_path, f"{rows}Total,2024,1.5,t\n", fit=fit)) == ["quality.total-differs"]


# --- a lost time axis -------------------------------------------------------------------------------------------------


def test_a_time_that_the_mapping_leaves_out_is_named(tmp_path: Path) -> None:
    """Every year's row has the same key, because the year was given as one constant and the column dropped."""
    feeds = (
        Feed(column="place", source="place"),
        Feed(column="year", constant="2024"),
        Feed(column="tonnes", source="tonnes"),
    )
    fit = Fit(standard=StandardId("test.output"), version="1.0.0", feeds=feeds, dropped=("기간", "who"))
    years = "".join(f"{place},{year},{year % 7},x\n" for place in ("KOR", "JPN") for year in range(2015, 2025))
    finding = only(looked(tmp_path, f"place,기간,tonnes,who\n{years}FRA,2020,1,x\n", fit=fit))
    assert finding.reason.code == "quality.time-axis-dropped"
    assert finding.reason.facts == {"source": "기간", "key": "place, year"}
    assert (finding.count, finding.rows) == (20, tuple(range(20)))


def test_a_column_that_tells_no_rows_apart_is_no_axis(tmp_path: Path) -> None:
    """A dropped column of years that is the same for both rows of a key is not what was lost."""
    fit = Fit(
        standard=StandardId("test.output"),
        version="1.0.0",
        feeds=(Feed(column="place", source="place"), Feed(column="year", source="year")),
        dropped=("printed",),
    )
    rows = "place,year,printed\nKOR,2024,2025\nKOR,2024,2025\nJPN,2024,2025\nFRA,2024,2025\n"
    assert "quality.time-axis-dropped" not in codes(looked(tmp_path, rows, fit=fit))


def test_an_axis_that_is_not_in_the_file_any_more_shows_in_how_often_keys_come(tmp_path: Path) -> None:
    """Each key exactly three times; a file in which a few keys come twice is only careless."""
    text = "place,year,tonnes\n" + "".join(f"{p},2024,{n}\n" for n in (1, 50, 900) for p in ("KOR", "JPN", "FRA"))
    finding = only(looked(tmp_path, text))
    assert (finding.reason.code, finding.reason.facts["times"], finding.count) == ("quality.axis-lost", 3, 9)
    assert codes(looked(tmp_path, "place,year,tonnes\nKOR,2024,1\nKOR,2024,50\nJPN,2024,1\nFRA,2024,1\n")) == []


def test_rows_that_only_became_alike_lost_no_axis(tmp_path: Path) -> None:
    """Days that fall into one month, and names of one place, are told apart in the file: nothing is missing there."""
    day = Column(
        name="day",
        type=Type.DATE,
        required=True,
        protection=Protection.COARSEN,
        coarsening=Coarsening(period=Period.MONTH),
    )
    whole = output(key=("place", "day"))
    coarse = replace(whole, columns=(*(one for one in whole.columns if one.name != "year"), day))
    days = "".join(f"{p},2024-0{m}-0{d},{m * 10 + d},{d}\n" for p in ("KOR", "JPN") for m in (1, 2) for d in (1, 5, 9))
    found = looked(tmp_path, f"place,day,tonnes,week\n{days}", standard=coarse)
    assert not {"quality.axis-lost", "quality.time-axis-dropped"} & set(codes(found))
    years = "place,year,tonnes,printed\nKOR,2024,1,2019\nKorea,2024,50,2020\nJPN,2024,1,2021\nJapan,2024,9,2022\n"
    assert not {"quality.axis-lost", "quality.time-axis-dropped"} & set(codes(looked(tmp_path, years)))


# --- double reports ---------------------------------------------------------------------------------------------------


def test_rows_that_differ_in_remarks_or_rounding_alone_are_told(tmp_path: Path) -> None:
    """Refused for their key they are anyway; told is that they do not contradict each other."""
    text = "place,year,tonnes,remark\nKOR,2024,1234.5,from exporter\nKOR,2024,1230,from importer\nJPN,2024,1,a\n"
    finding = only(looked(tmp_path, text + "FRA,2024,5,\nFRA,2024,9,\nUSA,2024,1,\nAUS,2024,1,\n"))
    assert (finding.reason.code, finding.rows, finding.count) == ("quality.reported-twice", (0, 1), 2)
    assert finding.reason.facts == {"remarks": "remark"}


def test_where_repeats_are_kept_rows_are_compared_with_one_another(tmp_path: Path) -> None:
    """No key refuses them, so they would be counted twice."""
    kept = output(repeat=Repeat.KEEP)
    text = "place,year,tonnes,remark\nKOR,2024,1234.5,a\nKOR,2024,1230,b\nKOR,2023,1230,b\nJPN,2024,1,a\n"
    assert only(looked(tmp_path, text, standard=kept)).rows == (0, 1)
    assert codes(looked(tmp_path, "place,year,tonnes\nKOR,2024,1\nKOR,2023,1\n", standard=kept)) == []


# --- outliers ---------------------------------------------------------------------------------------------------------

YEARS = "".join(f"KOR,{year},{1000 + year % 5 * 20}\n" for year in range(2014, 2024))


def test_a_value_far_from_its_own_series_is_told(tmp_path: Path) -> None:
    """Kilotonnes among tonnes; a steady series, another place's other size and a short series are none."""
    others = "".join(f"JPN,{year},{5 + year % 3}\n" for year in range(2014, 2024)) + "FRA,2022,1\nFRA,2023,900\n"
    assert codes(looked(tmp_path, f"place,year,tonnes\n{YEARS}{others}KOR,2024,1100\n")) == []
    finding = only(looked(tmp_path, f"place,year,tonnes\n{YEARS}{others}KOR,2024,1.1\n"))
    assert (finding.reason.code, finding.rows, finding.count) == ("quality.outlier", (22,), 1)
    assert finding.reason.facts == {"column": "tonnes", "value": "1.1", "median": "1040", "points": 11}


def test_history_is_what_was_deposited_before(tmp_path: Path) -> None:
    """A lone new row is compared with the same contributor's earlier files, the newest of each key."""
    looked(tmp_path, f"place,year,tonnes\n{YEARS}", name="before")
    held = [tmp_path / "before.parquet"]
    new = "place,year,tonnes\nKOR,2024,1\n"
    assert codes(looked(tmp_path, new)) == []
    assert codes(looked(tmp_path, new, held=held)) == ["quality.outlier"]
    looked(tmp_path, f"place,year,tonnes\n{YEARS.replace('10', '0').replace(',0', ',')}KOR,2013,1\n", name="corrected")
    assert codes(looked(tmp_path, new, held=[tmp_path / "corrected.parquet", *held])) == []


def test_a_correction_is_compared_with_the_rest_not_with_what_it_corrects(tmp_path: Path) -> None:
    """The wrong value that a new row replaces is no part of the series any more."""
    looked(tmp_path, f"place,year,tonnes\n{YEARS}KOR,2024,1\n", name="before")
    fixed = looked(tmp_path, "place,year,tonnes\nKOR,2024,1040\n", held=[tmp_path / "before.parquet"])
    assert codes(fixed) == []


def test_without_a_time_in_the_key_a_series_is_what_was_said_of_the_same_key(tmp_path: Path) -> None:
    """Six reports of one meter, then a thousand times as much; an older file that lacks a column is left out."""
    standard = output(key=("place",))
    held = []
    for number in range(6):
        looked(tmp_path, f"place,year,tonnes\nKOR,2024,{1000 + number}\n", standard=standard, name=f"n{number}")
        held.append(tmp_path / f"n{number}.parquet")
    strange = tmp_path / "strange.parquet"
    pl.read_parquet(held[0]).drop("tonnes").write_parquet(strange)
    new = "place,year,tonnes\nKOR,2024,1000000\nJPN,2024,7\n"
    assert only(looked(tmp_path, new, standard=standard, held=[strange, *held])).rows == (0,)
    assert codes(looked(tmp_path, new, standard=standard)) == []


def test_a_key_of_time_alone_is_one_series(tmp_path: Path) -> None:
    """A country that reports its own production, year by year."""
    standard = output(key=("year",))
    rows = "".join(f"KOR,{year},{100 + year % 3}\n" for year in range(2010, 2020))
    assert only(looked(tmp_path, f"place,year,tonnes\n{rows}KOR,2020,9000\n", standard=standard)).rows == (10,)


def test_what_would_take_too_long_is_not_done_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many rows neither history nor kept repeats are compared."""
    monkeypatch.setattr(polars_quality, "MOST_ROWS", 10)
    finding = only(looked(tmp_path, f"place,year,tonnes\n{YEARS}KOR,2024,1\n"))
    assert finding.reason.code == "quality.history-not-compared"
    assert finding.reason.facts == {"rows": 11, "limit": 10}
    kept = output(repeat=Repeat.KEEP, key=())
    assert codes(looked(tmp_path, f"place,year,tonnes\n{YEARS}{YEARS}", standard=kept)) == []


# --- all of it --------------------------------------------------------------------------------------------------------


def test_a_wide_table_is_looked_over_as_the_long_one_it_means(tmp_path: Path) -> None:
    """Its total row is compared year by year."""
    fit = Fit(
        standard=StandardId("test.output"),
        version="1.0.0",
        feeds=(Feed(column="place", source="place"),),
        unpivot=Unpivot(names_to="year", values_to="tonnes", columns={"Y2023": "2023", "Y2024": "2024"}),
    )
    rows = "place,Y2023,Y2024\nKOR,1,2\nJPN,10,20\n"
    assert codes(looked(tmp_path, f"{rows}Total,11,22\n", fit=fit)) == []
    finding = only(looked(tmp_path, f"{rows}Total,11,30\n", fit=fit))
    assert finding.reason.facts["sum"] == "22"


@limits(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["KOR", "JPN", "Total", "합계", "", "=1+1", "XXX"]),
            st.sampled_from(["2020", "2021", "", "x", "99999"]),
            st.sampled_from(["1", "1000", "", "-5", "1e9", "many", "0.0005"]),
            st.sampled_from(["", "a", "total", "\u202e"]),
        ),
        min_size=1,
        max_size=12,
    ),
    repeat=st.sampled_from(list(Repeat)),
)
def test_any_file_can_be_looked_over(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], repeat: Repeat
) -> None:
    """Whatever was judged is surveyed: rows that are named were in the file, and counts are of those."""
    text = "place,year,tonnes,remark\nFRA,2000,1,\n" + "".join(",".join(row) + "\n" for row in rows)
    survey = looked(tmp_path_factory.mktemp("any"), text, standard=output(repeat=repeat))
    for finding in survey.findings:
        assert all(0 <= row <= len(rows) for row in finding.rows)
        assert len(finding.rows) <= finding.count


def test_a_file_that_cannot_be_looked_over_says_so(tmp_path: Path) -> None:
    """A survey that breaks is `Unavailable`, never a crash of the deposit."""
    order = SurveyOrder(
        standard=output(),
        plan=compile_plan(
            output(key=(), repeat=Repeat.KEEP),
            Fit(
                standard=StandardId("test.output"),
                version="1.0.0",
                feeds=(Feed(column="place", source="p"), Feed(column="year", source="y")),
            ),
            {"places": PLACES},
        ),
        admitted=tmp_path / "absent.parquet",
        rejects=None,
    )
    with pytest.raises(Unavailable, match="quality.not-made"):
        PolarsSurveyor().survey(order)


# --- distributions ----------------------------------------------------------------------------------------------------


def test_every_stored_column_is_described_by_its_kind(tmp_path: Path) -> None:
    """Quantities by ends, mean and bins, lists by values, free texts and hidden columns by what is missing alone."""
    standard = output()
    more = (
        Column(name="day", type=Type.DATE),
        Column(name="at", type=Type.TIMESTAMP),
        Column(name="good", type=Type.BOOLEAN),
        Column(name="hidden", type=Type.TEXT, protection=Protection.MASK),
        Column(name="firm", type=Type.TEXT, protection=Protection.UNIT_ID, domain="firm"),
        Column(name="gone", type=Type.TEXT, protection=Protection.DROP),
    )
    made = Standard(**{**{f: getattr(standard, f) for f in standard.__slots__}, "columns": (*standard.columns, *more)})
    first = date(2024, 1, 1)
    rows = "".join(
        f"{'KOR' if n % 3 else 'Japan'},{1990 + n},{10 ** (n % 6)},{first + timedelta(days=n)},"
        f"2024-01-01T00:00:{n:02}Z,{'yes' if n % 2 else 'no'},secret,ACME,gone\n"
        for n in range(24)
    )
    found = looked(tmp_path, f"place,year,tonnes,day,at,good,hidden,firm,gone\n{rows}", standard=made).columns
    assert list(found) == ["place", "year", "tonnes", "grade", "remark", "day", "at", "good", "hidden", "firm"]
    assert found["place"]["values"] == [{"value": "KOR", "rows": 16}, {"value": "JPN", "rows": 8}]
    assert (found["place"]["kind"], found["place"]["others"]) == ("list", 0)
    assert (found["tonnes"]["minimum"], found["tonnes"]["maximum"]) == ("1.000", "100000.000")
    assert [one["rows"] for one in found["tonnes"]["bins"]] == [4, 0, 4, 0, 4, 0, 0, 4, 0, 4, 0, 4]
    assert found["tonnes"]["bins"][0]["from"] == "1"
    assert found["tonnes"]["mean"] == "18518.5"
    assert sum(one["rows"] for one in found["year"]["bins"]) == 24
    assert found["grade"] == {
        "kind": "quantity",
        "rows": 24,
        "missing": 24,
        "minimum": None,
        "maximum": None,
        "mean": None,
        "bins": [],
    }
    assert (found["day"]["bins"][0]["from"], found["day"]["bins"][-1]["to"]) == ("2024-01-01", "2024-01-24")
    assert found["at"]["bins"][0]["from"] == "2024-01-01T00:00Z"
    assert {one["value"] for one in found["good"]["values"]} == {"true", "false"}
    for name, kind in (("remark", "text"), ("hidden", "mask"), ("firm", "unit-id")):
        assert set(found[name]) == {"kind", "rows", "missing"}
        assert found[name]["kind"] == kind


@limits(max_examples=50, deadline=None)
@given(values=st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=40))
def test_bins_hold_every_value_once(tmp_path_factory: pytest.TempPathFactory, values: list[int]) -> None:
    """Between the ends, whatever their spread; one single value has ends and no bins."""
    text = "place,year,grade\n" + "".join(f"KOR,{1900 + n},{value}\n" for n, value in enumerate(values))
    standard = output()
    plain = Standard(
        **{
            **{f: getattr(standard, f) for f in standard.__slots__},
            "columns": (*standard.columns[:3], Column(name="grade", type=Type.INTEGER), *standard.columns[4:]),
        }
    )
    found = looked(tmp_path_factory.mktemp("bins"), text, standard=plain).columns["grade"]
    assert (found["minimum"], found["maximum"]) == (str(min(values)), str(max(values)))
    assert sum(one["rows"] for one in found["bins"]) == (len(values) if len(set(values)) > 1 else 0)


def test_many_values_of_a_list_are_counted_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The most frequent are told, in an order that two runs share."""
    monkeypatch.setattr(polars_columns, "MOST_VALUES", 2)
    rows = [(place, year) for place in ("KOR", "JPN", "USA", "CHL") for year in range(2000, 2003)]
    random.Random(1).shuffle(rows)
    text = "place,year\n" + "".join(f"{place},{year}\n" for place, year in rows)
    found = looked(tmp_path, text).columns["place"]
    assert found["values"] == [{"value": "CHL", "rows": 3}, {"value": "JPN", "rows": 3}]
    assert found["others"] == 6


def test_no_sum_is_too_large_for_a_report(tmp_path: Path) -> None:
    """A mean of many large decimals refuses no file."""
    standard = output(key=())
    wide = replace(standard.column("tonnes"), precision=38, scale=22, unit=None, units=())
    made = replace(standard, columns=(*standard.columns[:2], wide, *standard.columns[3:]))
    rows = "".join(f"KOR,2000,900000000000000.{n:04}\n" for n in range(4000))
    assert looked(tmp_path, f"place,year,tonnes\n{rows}", standard=made).columns["tonnes"]["mean"] == "9e+14"


def test_many_rows_are_told_by_a_sample_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bins and values count the sample, which is the same each time; ends, mean and counts are of all rows."""
    rows = [f"{'KOR' if n % 4 else 'JPN'},{1900 + n % 200},{n}" for n in range(2000)]
    text = "place,year,tonnes\n" + "\n".join(rows) + "\n"
    whole = looked(tmp_path, text, standard=output(key=())).columns
    assert "sample" not in whole["tonnes"]
    monkeypatch.setattr(polars_notes, "SAMPLE", 150)
    some = looked(tmp_path, text, standard=output(key=())).columns
    assert some == looked(tmp_path, text, standard=output(key=())).columns
    for name in ("minimum", "maximum", "mean", "rows", "missing"):
        assert some["tonnes"][name] == whole["tonnes"][name]
    drawn = some["tonnes"]["sample"]
    assert 150 <= drawn <= 300
    assert sum(one["rows"] for one in some["tonnes"]["bins"]) == drawn == some["place"]["sample"]
    shares = {one["value"]: one["rows"] / drawn for one in some["place"]["values"]}
    assert abs(shares["JPN"] - 0.25) < 0.1
    assert "sample" not in some["remark"]


# --- in the dam -------------------------------------------------------------------------------------------------------

ID = "test.reading"


def seen(world: World, person: Person, id: str) -> report.Overview:
    """What a contributor is told."""
    return report.overview(world, person.caller, id, limit=9)


def test_a_finding_refuses_nothing(world: World) -> None:
    """Six quiet deposits, then one far off: admitted, with a warning that names its row."""
    person = Person("A").joins(world)
    for number in range(6):
        person.deposits(world, ID, f"meter,amount\nA1,{10 + number}\n".encode())
    job = person.deposits(world, ID, b"meter,amount\nB1,1\nA1,999\n")
    assert (job.stage, job.facts["tally"]["rejected"]) == (Stage.COMMITTED, 0)
    survey = seen(world, person, job.id).survey
    assert [(one["code"], one["rows"]) for one in survey["findings"]] == [("quality.outlier", [1])]
    assert survey["columns"]["amount"]["maximum"] == "999"


def test_history_is_the_newest_deposits_only(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, so many are read; refused and unknown files are none of them."""
    monkeypatch.setattr(quality, "HISTORY", 3)
    person = Person("A").joins(world)
    jobs = [person.deposits(world, ID, f"meter,amount\nA1,{number}\n".encode()) for number in range(5)]
    orders: list[SurveyOrder] = []

    def noted(_: object, order: SurveyOrder) -> Survey:
        orders.append(order)
        return Survey()

    monkeypatch.setattr(PolarsSurveyor, "survey", noted)
    person.deposits(world, ID, b"meter,amount\nA1,9\n")
    assert [path.stem for path in orders[0].held] == [job.id for job in reversed(jobs[2:])]


def test_a_survey_that_breaks_stops_no_deposit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its contributor is told that there is none."""

    def broken(_: object, __: object) -> Survey:
        raise Unavailable("quality.not-made", why="SchemaError")

    monkeypatch.setattr(PolarsSurveyor, "survey", broken)
    person = Person("A").joins(world)
    job = person.deposits(world, ID, GOOD)
    assert job.stage == Stage.COMMITTED
    assert [one["code"] for one in seen(world, person, job.id).survey["findings"]] == ["quality.not-made"]


def test_a_deposit_that_was_not_judged_has_an_empty_survey(world: World) -> None:
    """Announced only, or its days are over: nothing to tell, and no fault."""
    person = Person("A").joins(world)
    job = person.deposits(world, ID, GOOD)
    world.spool.clear(job.id)
    assert seen(world, person, job.id).survey == {"findings": [], "columns": {}, "changes": {}}


def test_what_was_done_to_each_column_is_told(world: World) -> None:
    """Renamed, constant and absent columns, as the signed mapping says."""
    person = Person("A").joins(world)
    data = b"Number,amount\nA1,5\n"
    feeds = (Feed(column="meter", source="Number"), Feed(column="amount", source="amount"))
    fit = Fit(standard=StandardId(ID), version="1.0.0", feeds=feeds)
    assert fit_digest(fit)
    assert fit_to_json(fit)
    job = person.deposits(world, ID, data, fit)
    changes = seen(world, person, job.id).survey["changes"]
    assert changes == {"meter": [{"code": "done.renamed", "facts": {"source": "Number"}}], "amount": []}


def test_only_its_contributor_sees_a_survey(world: World) -> None:
    """Another's deposit is as unknown as none; values are in no statement and no table."""
    person, other = Person("A").joins(world), Person("B").joins(world)
    job = person.deposits(world, ID, b"meter,amount\nA91735,917\n")
    with pytest.raises(NotFound, match="deposit.unknown"):
        seen(world, other, job.id)
    assert "A91735" not in str([world.ledger.statement(id).body for _, id in world.ledger.entries()])


@given(
    word=st.sampled_from(polars_quality.TOTALS) | st.just("ｔｏｔａｌ"),
    before=st.sampled_from(["", " ", ": ", "*"]),
    after=st.sampled_from(["", " (t)", "[1]", " ."]),
    case=st.sampled_from([str.lower, str.upper, str.title]),
)
def test_a_total_is_known_however_it_is_written(word: str, before: str, after: str, case: Callable[[str], str]) -> None:
    """In any case, with marks around it: the quick look that spares all other texts the close one overlooks none."""
    assert polars_quality._says_total(before + case(word) + after)


def test_rows_of_one_key_are_one_fact_and_rows_without_a_key_one_each(tmp_path: Path) -> None:
    """Over all files together; no file is no fact."""
    for name, keys in (("a", [b"1", b"2", b"2"]), ("b", [b"2", b"3", None]), ("c", [None])):
        pl.DataFrame({"_key": keys}, schema={"_key": pl.Binary}).write_parquet(tmp_path / f"{name}.parquet")
    paths = sorted(tmp_path.iterdir())
    assert [PolarsSurveyor().keys(paths[:count]) for count in range(4)] == [0, 2, 4, 5]
