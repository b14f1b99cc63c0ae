"""Coarse values: what a standard may ask, what is stored, and that nothing finer is."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datadam import texts
from datadam.adapters import polars_engine, polars_rules
from datadam.adapters.polars_engine import PolarsEngine
from datadam.adapters.polars_steps import drawn
from datadam.alignment import align
from datadam.coarsening import again, coarse_bound, coarse_day, groups_of, level, lower_edge, nests, said, shown
from datadam.errors import Faults, Invalid
from datadam.evolution import Effect, compare
from datadam.formats import codelists, odcs
from datadam.migration import passage, step
from datadam.model import (
    Coarsening,
    CodeList,
    Column,
    CrossRule,
    Feed,
    Fit,
    Migration,
    Move,
    Period,
    PrivacyClass,
    Protection,
    Repeat,
    Type,
    Unit,
)
from datadam.plan import Cast, Check, Coarse, Plan, Rule
from datadam.planning import compile_plan
from datadam.ports import Engine
from datadam.prepare import as_prepared, asked, changes
from datadam.standard import check, notices
from drafts import column, standard
from test_engine_behaviours import Run, csv_source, every_engine, plan_of
from test_standard import codes_of

COARSE = Protection.COARSEN
ID = column("id", required=True)
KG, TONNE = Unit(symbol="kg", numerator=1), Unit(symbol="t", numerator=1000)
CODES = codelists.packaged()


def coarse(name: str, kind: Type, how: Coarsening, **more: Any) -> Column:
    """A column that is coarsened."""
    return column(name, kind, protection=COARSE, coarsening=how, **more)


def edges(*numbers: str) -> Coarsening:
    """Bands of one's own."""
    return Coarsening(edges=tuple(map(Decimal, numbers)))


MONTH, YEAR = Coarsening(period=Period.MONTH), Coarsening(period=Period.YEAR)
TEN = Coarsening(width=Decimal(10))
EAST = {"KOR": "EAST", "JPN": "EAST", "DEU": "WEST", "WEST": "WEST"}

# --- what is stored ---------------------------------------------------------------------------------------------------

ZERO, BOTTOM = Decimal(0), Decimal(-1000)
STORED: Mapping[str, tuple[Column, dict[str, Any]]] = {
    "month": (
        coarse("v", Type.DATE, MONTH),
        {"2026-11-22": date(2026, 11, 1), "2024-02-29": date(2024, 2, 1), "1000-01-31": date(1000, 1, 1), "": None},
    ),
    "quarter": (
        coarse("v", Type.DATE, Coarsening(period=Period.QUARTER)),
        {"2026-12-31": date(2026, 10, 1), "1969-03-31": date(1969, 1, 1), "2026-04-01": date(2026, 4, 1)},
    ),
    "year": (coarse("v", Type.DATE, YEAR), {"9999-12-31": date(9999, 1, 1), "1969-12-31": date(1969, 1, 1)}),
    "day of an instant, in UTC": (
        coarse("v", Type.TIMESTAMP, Coarsening(period=Period.DAY)),
        {
            "2026-11-22T00:30:00+09:00": datetime(2026, 11, 21, tzinfo=UTC),
            "1969-12-31T23:59:59.999999Z": datetime(1969, 12, 31, tzinfo=UTC),
        },
    ),
    "month of an instant": (
        coarse("v", Type.TIMESTAMP, MONTH),
        {
            "1000-01-31T00:00:00Z": datetime(1000, 1, 1, tzinfo=UTC),
            "2026-02-28 23:59:59": datetime(2026, 2, 1, tzinfo=UTC),
        },
    ),
    "bands of whole numbers": (
        coarse("v", Type.INTEGER, TEN, minimum=BOTTOM),
        {
            "0": 0,
            "9": 0,
            "10": 10,
            "-1": -10,
            "-10": -10,
            "-11": -20,
            "": None,
            "999999999999999999": 999999999999999990,
        },
    ),
    "bands of decimals": (
        coarse("v", Type.DECIMAL, Coarsening(width=Decimal("0.25")), minimum=BOTTOM, precision=12, scale=2),
        {"0.24": Decimal("0.00"), "0.25": Decimal("0.25"), "-0.01": Decimal("-0.25"), "7.999": Decimal("8.00")},
    ),
    "bands of long decimals": (
        coarse("v", Type.DECIMAL, Coarsening(width=Decimal("0.3")), minimum=BOTTOM, precision=38, scale=18),
        {
            "1.000000000000000001": Decimal("0.9"),
            "-0.000000000000000001": Decimal("-0.3"),
            "999999999999999": Decimal(999999999999999),
        },
    ),
    "bands between edges": (
        coarse("v", Type.DECIMAL, edges("-5", "0", "10.5", "100"), minimum=Decimal(-5), precision=20, scale=1),
        {
            "-5": Decimal("-5.0"),
            "-0.1": Decimal("-5.0"),
            "0": Decimal("0.0"),
            "10.4": Decimal("0.0"),
            "1000000": Decimal("100.0"),
        },
    ),
    "whole numbers between edges": (
        coarse("v", Type.INTEGER, edges("0", "3", "1000000000000"), minimum=ZERO),
        {"2": 0, "3": 3, "999999999999": 3, "1000000000000": 1000000000000},
    ),
    "doubles between edges": (
        coarse("v", Type.NUMBER, edges("-0.1", "0", "0.1"), minimum=Decimal("-0.1")),
        {"-0.1": -0.1, "-1e-300": -0.1, "0.09999999999999999": 0.0, "0.1": 0.1, "1e300": 0.1},
    ),
    "groups of values": (
        coarse("v", Type.TEXT, Coarsening(groups=EAST), values=tuple(EAST)),
        {"KOR": "EAST", "jpn": "EAST", " DEU ": "WEST", "WEST": "WEST", "": None},
    ),
    "regions of countries": (
        coarse("v", Type.TEXT, Coarsening(codes="m49-region"), codes="iso3166-alpha3"),
        {"KOR": "142", "South Korea": "142", "독일": "150", "ATA": "010", "TWN": "142"},
    ),
    "subregions of countries": (
        coarse("v", Type.TEXT, Coarsening(codes="m49-subregion"), codes="iso3166-alpha2"),
        {"KR": "030", "BR": "419"},
    ),
    "headings of goods": (
        coarse("v", Type.TEXT, Coarsening(codes="hs2022-2"), codes="hs2022-6"),
        {"010121": "01", "8542.31": "85"},
    ),
}


def plan_for(*columns: Column, **more: Any) -> Plan:
    """A plan in which every column comes from the file's column of its own name."""
    held = standard(*columns, **more)
    feeds = tuple(Feed(column=one.name, source=one.name) for one in columns)
    return compile_plan(held, Fit(standard=held.id, version=held.version, feeds=feeds), CODES)


@every_engine
@pytest.mark.parametrize("most", [0, 2], ids=["fast", "to the letter"])
@pytest.mark.parametrize("case", STORED)
def test_only_the_coarse_value_is_stored(
    engine: Engine, case: str, most: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the column's own type, on both roads of the engine; what is missing stays missing."""
    monkeypatch.setattr(polars_engine, "_MOST", most)
    held, values = STORED[case]
    assert check(standard(ID, held), CODES) == ()
    text = "id,v\n" + "".join(f'{n},"{sent}"\n' for n, sent in enumerate(values))
    run = Run(engine, plan_for(ID, held), csv_source(tmp_path, text), tmp_path)
    assert run.value("v") == list(values.values())
    assert run.broken == {}
    assert run.admitted["v"].null_count() == list(values).count("")


@every_engine
def test_rules_are_judged_on_what_was_sent(engine: Engine, tmp_path: Path) -> None:
    """Ranges, cross rules and units first; only then is the value coarsened, in the column's own unit."""
    columns = (
        ID,
        coarse("start", Type.DATE, MONTH, minimum="2026-01-10"),
        coarse("end", Type.DATE, MONTH),
        coarse(
            "mass", Type.DECIMAL, TEN, minimum=Decimal(5), maximum=Decimal(5000), scale=1, unit="kg", units=(KG, TONNE)
        ),
    )
    rule = CrossRule(id="in-order", left="start", op="<", right="end")
    held = standard(*columns, rules=(rule,))
    feeds = (
        *(Feed(column=name, source=name) for name in ("id", "start", "end")),
        Feed(column="mass", source="mass", unit_source="unit"),
    )
    plan = compile_plan(held, Fit(standard=held.id, version=held.version, feeds=feeds), CODES)
    rows = [
        "a,2026-01-10,2026-01-11,5,kg",
        "b,2026-01-09,2026-02-01,4.9,kg",
        "c,2026-03-02,2026-03-02,5.1,t",
        "d,,,2.5,t",
    ]
    text = "id,start,end,mass,unit\n" + "\n".join(rows) + "\n"
    run = Run(engine, plan, csv_source(tmp_path, text), tmp_path)
    assert run.broken == {1: {"start.range", "mass.range"}, 2: {"in-order", "mass.range"}}
    assert run.value("start") == run.value("end") == [date(2026, 1, 1), None]
    assert run.value("mass") == [Decimal("0.0"), Decimal("2500.0")]


@every_engine
def test_a_key_tells_rows_apart_as_far_as_its_coarse_values_do(engine: Engine, tmp_path: Path) -> None:
    """Two days of one month are one fact; the hash is that of a file that had the months to begin with."""
    fine = (
        coarse("day", Type.DATE, MONTH, required=True),
        coarse("place", Type.TEXT, Coarsening(groups=EAST), values=tuple(EAST), required=True),
        coarse("size", Type.DECIMAL, TEN, required=True, minimum=ZERO, scale=2),
    )
    months = (
        column("day", Type.DATE, required=True),
        column("place", required=True),
        column("size", Type.DECIMAL, required=True, scale=2),
    )
    key: dict[str, Any] = {"key": ("day", "place", "size"), "repeat": Repeat.REFUSE}
    sent = "day,place,size\n2026-11-22,KOR,12.5\n2026-11-01,JPN,19.99\n2026-11-22,DEU,12.5\n"
    run = Run(engine, plan_for(*fine, **key), csv_source(tmp_path, sent), tmp_path)
    assert run.broken == {0: {"key.unique"}, 1: {"key.unique"}}
    plain = "day,place,size\n2026-11-01,WEST,10\n"
    assert Run(engine, plan_for(*months, **key), csv_source(tmp_path, plain), tmp_path).value("_key") == run.value(
        "_key"
    )


@pytest.mark.parametrize(
    ("one", "told"),
    [
        *(
            (coarse("k", Type.DATE, Coarsening(period=period)), told)
            for period, told in zip(Period, ("YYYY-MM-DD", "YYYY-MM", "YYYY-Q", "YYYY"), strict=True)
        ),
        (coarse("k", Type.DECIMAL, Coarsening(width=Decimal("2.5")), unit="kt", units=()), "0, 2.5, 5.0, … kt"),
        (coarse("k", Type.INTEGER, Coarsening(edges=(Decimal(0), Decimal(10)))), "0, 10"),
        (coarse("k", Type.TEXT, Coarsening(codes="m49-region"), codes="iso3166-alpha3"), "m49-region"),
        (coarse("k", Type.TEXT, Coarsening(groups={"KOR": "EAST", "DEU": "WEST", "FRA": "WEST"})), "EAST, WEST"),
    ],
)
def test_rows_that_became_alike_are_told_so_with_the_level(one: Column, told: str) -> None:
    """Two days of one month are not the same day: which column did it, and how coarse it is; both for either rule."""
    for repeat, check_ in ((Repeat.SUPERSEDE, Check.UNIQUE), (Repeat.REFUSE, Check.REPEAT)):
        with_key = standard(ID, replace(one, required=True), key=("id", "k"), repeat=repeat)
        reason = asked(with_key, Rule(id=f"key.{check_}", check=check_))
        assert (reason.code, reason.facts["column"]) == (f"rule.{check_}-coarse", "id, k")
        assert reason.facts["coarse"] == f"k: {told}"
        for language in texts.LANGUAGES:
            assert f"k: {told}" in texts.say(reason.code, language, **reason.facts)
        plain = replace(with_key, columns=(ID, column("k", required=True)))
        assert asked(plain, Rule(id=f"key.{check_}", check=check_)).code == f"rule.{check_}"


def test_a_column_that_is_not_coarsened_has_no_level() -> None:
    """There is nothing to say of it."""
    assert level(ID) == ""


@every_engine
def test_nothing_finer_stands_in_what_is_written(engine: Engine, tmp_path: Path) -> None:
    """Read raw and decoded: the admitted file has no day, number or code that was sent, and no statistic of one."""
    columns = (
        ID,
        coarse("day", Type.DATE, MONTH),
        coarse("size", Type.INTEGER, Coarsening(width=Decimal(100_000)), minimum=ZERO),
        coarse("land", Type.TEXT, Coarsening(codes="m49-region"), codes="iso3166-alpha3"),
    )
    text = "id,day,size,land\na,2026-11-22,1234567,KOR\nb,2026-11-23,7654321,JPN\n"
    run = Run(engine, plan_for(*columns), csv_source(tmp_path, text), tmp_path)
    raw = run.into.admitted.read_bytes()
    decoded = str(pl.read_parquet(run.into.admitted).to_dicts()) + str(run.tally)
    assert "datetime.date(2026, 11, 1)" in decoded
    for number in (1234567, 7654321, (date(2026, 11, 22) - date(1970, 1, 1)).days):
        assert number.to_bytes(4, "little") not in raw
    for mark in ("1234567", "7654321", "KOR", "JPN", "11, 22", "2026-11-22"):
        assert mark not in decoded
        assert mark.encode() not in raw


# --- laws -------------------------------------------------------------------------------------------------------------

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
HUNDREDTHS = st.decimals(-1000, 10**9, places=2)
BANDS = st.one_of(
    st.integers(2, 10**6).map(lambda n: Coarsening(width=Decimal(n).scaleb(-2))),
    st.lists(HUNDREDTHS, max_size=20, unique=True).map(
        lambda found: Coarsening(edges=tuple(sorted({*found, Decimal(-1000)})))
    ),
)


def through(engine: Engine, held: Column, sent: list[str]) -> list[Any]:
    """What an engine stores of these values; every one must hold."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        text = "v\n" + "".join(f'"{one}"\n' for one in sent)
        run = Run(engine, plan_of(replace(standard(held), repeat=Repeat.KEEP)), csv_source(folder, text), folder)
        assert run.broken == {}
        return run.value("v")


@quick
@given(sent=st.lists(HUNDREDTHS, min_size=1, max_size=20), how=BANDS, precision=st.sampled_from([18, 30]))
def test_bands_are_those_of_exact_arithmetic(sent: list[Decimal], how: Coarsening, precision: int) -> None:
    """Coarsened as `Decimal` says it, in order, no value larger, and a second time without a change."""
    held = coarse("v", Type.DECIMAL, how, minimum=Decimal(-1000), precision=precision, scale=2, required=True)
    found = through(PolarsEngine(), held, [f"{one:f}" for one in sent])
    if how.width is not None:
        assert all(0 <= one - low < how.width and low % how.width == 0 for one, low in zip(sent, found, strict=True))
    else:
        assert found == [max(edge for edge in how.edges if edge <= one) for one in sent]
    assert found == [lower_edge(how, one) for one in sent]
    assert sorted(found) == [low for _, low in sorted(zip(sent, found, strict=True))]
    again_ = replace(held, minimum=coarse_bound(held, held.minimum))
    assert through(PolarsEngine(), again_, [f"{one:f}" for one in found]) == found


@quick
@given(sent=st.lists(st.dates(date(1000, 1, 1)), min_size=1, max_size=20), period=st.sampled_from(list(Period)[1:]))
def test_periods_are_those_of_the_calendar(sent: list[date], period: Period) -> None:
    """Each day's period begins with the first of a month, in order; coarsened again it stays."""
    held = coarse("v", Type.DATE, Coarsening(period=period), required=True)
    found = through(PolarsEngine(), held, [str(day) for day in sent])
    assert found == [coarse_day(period, day) for day in sent]
    months = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}[period]
    for day, first in zip(sent, found, strict=True):
        passed = (day.year - first.year) * 12 + day.month - first.month
        assert (first.day, (first.month - 1) % months) == (1, 0)
        assert 0 <= passed < months
    assert sorted(found) == [first for _, first in sorted(zip(sent, found, strict=True))]
    assert through(PolarsEngine(), held, [str(day) for day in found]) == found


def test_the_expression_by_itself() -> None:
    """As the streaming engine calls it, in threads that are not traced: every way, missing values too."""
    cases = [
        (pl.Series([date(2026, 11, 22), None]), Type.DATE, Coarse(period=Period.YEAR), [date(2026, 1, 1), None]),
        (pl.Series([-1, None]), Type.INTEGER, Coarse(width=10), [-10, None]),
        (pl.Series([5, None]), Type.INTEGER, Coarse(edges=(0, 7)), [0, None]),
        (pl.Series([0.5, None]), Type.NUMBER, Coarse(edges=(Decimal("0.1"), Decimal(1))), [0.1, None]),
        (pl.Series(["a", None]), Type.TEXT, Coarse(groups={"a": "b"}), ["b", None]),
    ]
    for values, kind, how, wanted in cases:
        frame = values.alias("v").to_frame()
        assert frame.select(polars_rules.coarsened(pl.col("v"), Cast(type=kind), how)).to_series().to_list() == wanted
    for precision in (18, 38):
        frame = pl.DataFrame({"v": pl.Series(["-0.1", "12.9", None], dtype=pl.String).cast(pl.Decimal(precision, 1))})
        cast = Cast(type=Type.DECIMAL, precision=precision, scale=1)
        kept = frame.select(polars_rules.coarsened(pl.col("v"), cast, Coarse(width=50)))["v"]
        assert kept.to_list() == [Decimal("-5.0"), Decimal("10.0"), None]
        assert kept.dtype == pl.Decimal(precision, 1)


# --- what a standard may ask ------------------------------------------------------------------------------------------

LETTERS = CodeList(
    name="letters",
    title="",
    origin="",
    licence="",
    codes=frozenset("ABC"),
    aliases={},
    above="sounds",
    parents={"A": "vowel", "B": "other"},
)
SOUNDS = replace(LETTERS, name="sounds", codes=frozenset({"vowel", "other"}), above=None, parents={})
OUR = {"letters": LETTERS, "sounds": SOUNDS}
SPOILED: list[tuple[str, Column]] = [
    ("standard.coarsen-missing", column("b", protection=COARSE)),
    *(
        (
            "standard.coarsen-protection",
            column("b", protection=one, coarsening=Coarsening(codes="sounds"), codes="letters"),
        )
        for one in Protection
        if one is not COARSE
    ),
    ("standard.coarsen-unclear", coarse("b", Type.DATE, Coarsening())),
    ("standard.coarsen-unclear", coarse("b", Type.DATE, replace(MONTH, width=Decimal(2)))),
    ("standard.coarsen-type", coarse("b", Type.INTEGER, MONTH)),
    ("standard.coarsen-type", coarse("b", Type.DATE, Coarsening(period=Period.DAY))),
    ("standard.coarsen-type", coarse("b", Type.NUMBER, TEN, minimum=ZERO)),
    ("standard.coarsen-type", coarse("b", Type.DATE, TEN)),
    ("standard.coarsen-type", coarse("b", Type.BOOLEAN, edges("0", "1"))),
    ("standard.coarsen-type", coarse("b", Type.TEXT, MONTH)),
    ("standard.coarsen-type", coarse("b", Type.TEXT, Coarsening(groups={"A": "x"}))),
    ("standard.coarsen-type", coarse("b", Type.INTEGER, Coarsening(codes="sounds"))),
    *(
        ("standard.coarsen-width", coarse("b", Type.DECIMAL, Coarsening(width=Decimal(wide)), minimum=ZERO, scale=1))
        for wide in ("0", "-1", "0.05", "0.1", "NaN", "Infinity", "1e40")
    ),
    ("standard.coarsen-width", coarse("b", Type.INTEGER, Coarsening(width=Decimal(1)), minimum=ZERO)),
    *(
        ("standard.coarsen-edges", coarse("b", Type.DECIMAL, edges(*wrong), minimum=ZERO, scale=1))
        for wrong in (("1", "0"), ("0", "0"), ("0", "0.05"), ("0", "NaN"), ("0", "1e40"), map(str, range(101)))
    ),
    ("standard.coarsen-edges", coarse("b", Type.NUMBER, edges("0", "1e999"), minimum=ZERO)),
    ("standard.coarsen-minimum", coarse("b", Type.INTEGER, TEN)),
    ("standard.coarsen-minimum", coarse("b", Type.INTEGER, edges("1", "2"), minimum=ZERO)),
    (
        "standard.coarsen-minimum",
        coarse("b", Type.DECIMAL, Coarsening(width=Decimal(5)), minimum=Decimal(-9), precision=1),
    ),
    ("standard.coarsen-minimum", coarse("b", Type.INTEGER, TEN, minimum=Decimal("NaN"))),
    ("standard.coarsen-list-unknown", coarse("b", Type.TEXT, Coarsening(codes="nowhere"), codes="letters")),
    ("standard.coarsen-no-parents", coarse("b", Type.TEXT, Coarsening(codes="letters"), codes="sounds")),
    ("standard.coarsen-no-parents", coarse("b", Type.TEXT, Coarsening(codes="letters"), values=("A",))),
    ("standard.coarsen-code-left", coarse("b", Type.TEXT, Coarsening(codes="sounds"), codes="letters")),
    ("standard.coarsen-code-left", coarse("b", Type.TEXT, Coarsening(groups={"A": "x"}), values=("A", "B"))),
    ("standard.coarsen-code-unknown", coarse("b", Type.TEXT, Coarsening(groups={"A": "x", "Z": "x"}), values=("A",))),
    (
        "standard.coarsen-group-is-code",
        coarse("b", Type.TEXT, Coarsening(groups={"A": "B", "B": "C"}), values=("A", "B")),
    ),
    ("standard.statistics-unsafe", coarse("b", Type.DATE, MONTH, safe_statistics=True)),
]


@pytest.mark.parametrize(("code", "held"), SPOILED)
def test_a_coarsening_that_contradicts_its_column_is_told(code: str, held: Column) -> None:
    """Each contradiction has a code of its own, with words in both languages."""
    assert code in codes_of(check(standard(ID, held), OUR))


def test_an_unknown_list_is_told_once() -> None:
    """A column of a list that is not there is no fault of its coarsening."""
    held = coarse("b", Type.TEXT, Coarsening(codes="sounds"), codes="nowhere")
    assert codes_of(check(standard(ID, held), OUR)) == ["standard.codes-unknown"]
    assert codes_of(check(standard(ID, replace(held, coarsening=Coarsening(groups={"A": "x"}))), OUR)) == [
        "standard.codes-unknown"
    ]


def test_every_contradiction_is_told_at_once() -> None:
    """Three columns, four faults."""
    wrong = standard(
        ID,
        column("a", protection=Protection.MASK, coarsening=MONTH),
        coarse("b", Type.INTEGER, edges("3", "1")),
        coarse("c", Type.TEXT, Coarsening(groups={"A": "x", "Z": "x"}), values=("A", "B")),
    )
    found = [code for code in codes_of(check(wrong, OUR)) if "coarsen" in code]
    assert found == [
        "standard.coarsen-protection",
        "standard.coarsen-type",
        "standard.coarsen-edges",
        "standard.coarsen-code-unknown",
        "standard.coarsen-code-left",
    ]


def test_a_plan_is_made_of_no_such_column() -> None:
    """Whoever compiles an unchecked standard is refused."""
    with pytest.raises(Faults) as refusal:
        plan_for(ID, coarse("b", Type.INTEGER, TEN))
    assert [fault.code for fault in refusal.value.faults] == ["standard.coarsen-minimum"]


def test_personal_data_may_be_kept_coarse() -> None:
    """A year of birth is no day of birth; and a confidential quantity may be open as its band."""
    born = coarse("born", Type.DATE, YEAR, privacy_class=PrivacyClass.PERSONAL)
    turnover = coarse("turnover", Type.INTEGER, TEN, minimum=ZERO, privacy_class=PrivacyClass.CONFIDENTIAL)
    assert {fault.code for fault in check(standard(ID, born, turnover), CODES)} == {"standard.roles-missing"}
    assert check(standard(ID, turnover), CODES) == ()


WAYS = [held for held, _ in STORED.values()]


@pytest.mark.parametrize("held", WAYS, ids=list(STORED))
def test_a_contract_carries_it(held: Column) -> None:
    """Written as ODCS and read back the same, and named among what is enforced."""
    wanted = standard(ID, replace(held, name="held"))
    assert odcs.read(odcs.write(wanted)) == wanted
    told = {str(notice.facts["term"]): str(notice.facts["value"]) for notice in notices(wanted)}
    assert told["protection"] == f"held: coarsen {shown(held)}"
    assert shown(held)


@pytest.mark.parametrize(
    "term",
    [
        "{}",
        "{period: week}",
        "{period: month, width: 3}",
        "{width: wide}",
        "{edges: []}",
        "{map: {A: ' x'}}",
        "{step: 1}",
    ],
)
def test_a_contract_with_another_coarsening_is_refused(term: str) -> None:
    """The schema of our terms is closed."""
    text = odcs.write(standard(ID, coarse("day", Type.DATE, MONTH)))
    start = text.index("- property: coarsen")
    end = text.index("vendor: datadam", start)
    with pytest.raises(Faults) as refusal:
        odcs.read(text[:start] + f"- property: coarsen\n      value: {term}\n      " + text[end:])
    assert {fault.code.split(".")[0] for fault in refusal.value.faults} == {"odcs"}


@pytest.mark.parametrize("held", WAYS, ids=list(STORED))
def test_the_report_says_what_was_coarsened(held: Column) -> None:
    """In words of both languages, with the bands and the list."""
    plan = plan_for(ID, held)
    named = standard(ID, held)
    fit = Fit(standard=named.id, version=plan.version, feeds=(Feed(column="v", source="v"),))
    reason = changes(named, plan, fit)["v"][-1]
    assert reason == said(held)
    assert reason.code.startswith("done.coarsened-")
    for language in texts.LANGUAGES:
        sentence = texts.say(reason.code, language, **reason.facts)
        assert "{" not in sentence
    assert said(ID) is None
    assert shown(ID) == ""


def test_the_packaged_lists_place_every_code() -> None:
    """Every country is of a subregion, every subregion of a region; every kind of goods of a heading and a chapter."""
    for name, codes in CODES.items():
        if codes.above is not None:
            assert codes.parents.keys() == codes.codes, name
            assert set(codes.parents.values()) == CODES[codes.above].codes, name
    assert {name for name, codes in CODES.items() if codes.above} == {
        "iso3166-alpha2",
        "iso3166-alpha3",
        "m49-subregion",
        "hs2022-4",
        "hs2022-6",
    }
    by_region = groups_of(WAYS[12], CODES)
    assert {by_region[code] for code in ("KOR", "JPN", "CHN", "IND")} == {"142"}
    assert (len(set(by_region.values())), by_region["USA"], by_region["ZAF"], by_region["AUS"]) == (
        6,
        "019",
        "002",
        "009",
    )
    assert CODES["m49-region"].aliases["아시아"] == "142"


@pytest.mark.parametrize("head", ["# above: x\n", "", "# above: x\n# title: t\n"])
def test_a_list_above_and_parents_come_together(head: str) -> None:
    """One without the other is told; both are read, and a parent is no name."""
    base = "# title: t\n# origin: o\n# licence: l\n"
    wrong = "code,en\nA,a\n" if head else "code,parent\nA,x\n"
    with pytest.raises(Faults) as refusal:
        codelists.load("l", head + base + wrong)
    assert "codelist.above-without-parent" in [fault.code for fault in refusal.value.faults]
    found = codelists.load("l", base + "# above: x\ncode,parent,en\nA,up,a name\nB,,b\n")
    assert (found.above, dict(found.parents)) == ("x", {"A": "up"})
    assert dict(found.aliases) == {"a": "A", "a name": "A", "b": "B"}


# --- what is judged again ---------------------------------------------------------------------------------------------


def test_of_coarse_values_is_judged_what_they_still_show() -> None:
    """The least band, the groups, and the order of two columns that are coarsened alike; nothing else of them."""
    columns = (
        ID,
        coarse("start", Type.DATE, MONTH, minimum="2026-01-10", maximum="2026-12-05"),
        coarse("end", Type.DATE, MONTH),
        coarse("other", Type.DATE, YEAR),
        coarse("at", Type.TIMESTAMP, Coarsening(period=Period.DAY), minimum="2026-01-10T09:30:00Z"),
        coarse("size", Type.DECIMAL, TEN, minimum=Decimal("-0.5"), scale=1),
        coarse("land", Type.TEXT, Coarsening(codes="m49-region"), codes="iso3166-alpha3", pattern=r"\A[A-Z]{3}\z"),
        coarse("side", Type.TEXT, Coarsening(groups=EAST), values=tuple(EAST), min_length=3, max_length=4),
    )
    ops = {"<=": "start-le", "<": "start-lt", ">=": "start-ge", "=": "start-eq", "!=": "start-ne"}
    rules = [CrossRule(id=name, left="start", op=op, right="end") for op, name in ops.items()]
    rules += [CrossRule(id="years", left="start", op="<=", right="other")]
    found = as_prepared(standard(*columns, rules=tuple(rules)))
    assert [rule.id for rule in found.rules] == ["start-le", "start-ge", "start-eq"]
    assert [found.column(name).minimum for name in ("start", "end", "at", "size")] == [
        "2026-01-01",
        None,
        "2026-01-10T00:00:00Z",
        Decimal(-10),
    ]
    assert found.column("start").maximum == "2026-12-05"
    assert (found.column("land").codes, found.column("land").pattern) == ("m49-region", None)
    assert found.column("side").values == ("EAST", "WEST")
    assert found.column("side").max_length is None
    assert check(found, CODES) == ()
    assert as_prepared(found) == found  # to prepare what is prepared changes nothing


# --- how a lineage lives on -------------------------------------------------------------------------------------------

HALF = Coarsening(groups={"KOR": "x", "JPN": "x", "DEU": "x", "WEST": "x"})
PAIRS: list[tuple[Coarsening, Coarsening, bool]] = [
    (MONTH, YEAR, True),
    (YEAR, MONTH, False),
    (MONTH, TEN, False),
    (TEN, Coarsening(width=Decimal(20)), True),
    (TEN, Coarsening(width=Decimal(15)), False),
    (TEN, edges("0", "30"), True),
    (TEN, edges("0", "35"), False),
    (edges("0", "5", "9"), edges("0", "9"), True),
    (edges("0", "5", "9"), edges("-1", "9"), True),
    (edges("0", "5", "9"), edges("5", "9"), False),
    (edges("0", "5", "9"), edges("0", "6"), False),
    (edges("0", "5"), TEN, False),
    (Coarsening(groups=EAST), HALF, True),
    (HALF, Coarsening(groups=EAST), False),
    (Coarsening(codes="m49-subregion"), Coarsening(codes="m49-region"), False),  # only the lists know
    (Coarsening(codes="m49-region"), Coarsening(codes="m49-region"), True),
]


@pytest.mark.parametrize(("old", "new", "nested"), PAIRS)
def test_coarser_is_told_from_otherwise(old: Coarsening, new: Coarsening, nested: bool) -> None:
    """Either needs a major version; whoever deposits feels only what may tell more than before."""
    assert nests(old, new) is nested
    before, after = (standard(ID, coarse("b", Type.TEXT, how)) for how in (old, new))
    found = compare(before, after)
    if old == new:
        assert found == ()
        return
    (change,) = found
    assert (change.code, change.effect) == ("change.coarser" if nested else "change.finer", Effect.BREAKING)
    assert ("contributors" in change.breaks) is not nested
    for language in texts.LANGUAGES:
        assert "{" not in texts.say(change.code, language, **change.facts)


@given(values=st.lists(st.integers(-50, 50)), least=st.integers(-60, -51), one=st.integers(1, 9), two=st.integers(1, 9))
def test_what_nests_can_be_done_one_after_the_other(values: list[int], least: int, one: int, two: int) -> None:
    """The law of `nests`: coarsened twice is coarsened once, the second way."""
    ways = [Coarsening(width=Decimal(one)), Coarsening(width=Decimal(two)), Coarsening(width=Decimal(one * two))]
    ways += [edges(str(least - one), "-7", "0", str(two)), edges(str(least), "0"), edges(str(least - one), "0")]
    for old in ways:
        for new in ways:
            if nests(old, new):
                for value in map(Decimal, values):
                    assert lower_edge(new, lower_edge(old, value) or ZERO) == lower_edge(new, value)


def read_as(old: Column, new: Column, values: list[Any], *moves: Move) -> list[Any]:
    """Rows of an old version as the new one reads them, or the faults that forbid it."""
    before = standard(ID, old)
    after = replace(standard(ID, new), version="2.0.0", migration=Migration(after="1.0.0", moves=moves))
    found = step(before, after, CODES)
    if found.faults:
        raise Faults("migration", list(found.faults))
    one = next(one for one in found.drawn if one.column.name == new.name)
    assert one.still is (old == new)
    assert one.source is not None
    frame = pl.DataFrame({one.source.name: values})
    if old.type is Type.DECIMAL:
        frame = frame.cast(pl.Decimal(old.precision, old.scale))
    return frame.select(drawn(one))[new.name].to_list()


AMOUNT = column(
    "v", Type.DECIMAL, minimum=ZERO, maximum=Decimal(10**6), precision=12, scale=1, unit="t", units=(TONNE,)
)
LAND = column("v", codes="iso3166-alpha3")


def test_old_rows_are_read_as_coarse_as_the_new_version_says() -> None:
    """Kept values and coarser ones of coarse ones; after a conversion in the new unit, after new codes by these."""
    day = date(2026, 11, 22)
    assert read_as(column("v", Type.DATE), coarse("v", Type.DATE, MONTH), [day, None]) == [date(2026, 11, 1), None]
    assert read_as(coarse("v", Type.DATE, MONTH), coarse("v", Type.DATE, YEAR), [day]) == [date(2026, 1, 1)]
    assert read_as(AMOUNT, replace(AMOUNT, protection=COARSE, coarsening=TEN), [Decimal("19.9")]) == [Decimal("10.0")]
    in_kg = replace(
        AMOUNT, unit="kg", units=(KG, TONNE), maximum=Decimal(10**9), coarsening=Coarsening(width=Decimal(500))
    )
    assert read_as(AMOUNT, replace(in_kg, protection=COARSE), [Decimal("1.7")]) == [Decimal("1500.0")]
    region = replace(LAND, protection=COARSE, coarsening=Coarsening(codes="m49-region"))
    nearer = replace(region, coarsening=Coarsening(codes="m49-subregion"))
    assert read_as(LAND, region, ["KOR", None]) == ["142", None]
    assert read_as(nearer, region, ["030", "419"]) == ["142", "019"]
    sides = coarse("v", Type.TEXT, Coarsening(groups=EAST), values=tuple(EAST))
    named = column("v", values=("kor", "DEU"))
    assert read_as(named, sides, ["kor", "DEU"], Move(column="v", codes={"kor": "KOR"})) == ["EAST", "WEST"]
    assert read_as(region, region, ["142"]) == ["142"]


BAND = replace(AMOUNT, protection=COARSE, coarsening=TEN)
NEVER: list[tuple[str, Column, Column]] = [
    ("migration.protection", coarse("v", Type.DATE, YEAR), coarse("v", Type.DATE, MONTH)),
    ("migration.protection", coarse("v", Type.DATE, YEAR), column("v", Type.DATE)),
    ("migration.protection", column("v", protection=Protection.MASK), coarse("v", Type.TEXT, HALF, values=tuple(EAST))),
    ("migration.protection", BAND, replace(BAND, coarsening=Coarsening(width=Decimal(15)))),
    ("migration.protection", BAND, replace(BAND, unit="kg", units=(KG, TONNE), maximum=Decimal(10**9))),
    ("migration.coarse-open", replace(AMOUNT, minimum=None), BAND),
    ("migration.coarse-open", replace(AMOUNT, minimum=Decimal(-1)), replace(BAND, coarsening=edges("0", "5"))),
    ("migration.coarse-open", column("v", values=("KOR", "FRA")), coarse("v", Type.TEXT, HALF, values=tuple(EAST))),
    ("migration.coarse-open", column("v"), coarse("v", Type.TEXT, HALF, values=tuple(EAST))),
    (
        "migration.coarse-open",
        coarse("v", Type.TEXT, HALF, values=tuple(EAST)),
        coarse("v", Type.TEXT, Coarsening(groups=EAST), values=tuple(EAST)),
    ),
]


@pytest.mark.parametrize(("code", "old", "new"), NEVER)
def test_what_is_coarse_never_becomes_finer(code: str, old: Column, new: Column) -> None:
    """Nor are old rows put into bands that may not hold them."""
    with pytest.raises(Faults) as refusal:
        read_as(old, new, [])
    assert code in codes_of(refusal.value.faults)


def test_a_coarser_key_is_another_key() -> None:
    """Its hash was made of the finer values."""
    old = standard(column("day", Type.DATE, required=True), key=("day",), repeat=Repeat.SUPERSEDE)
    new = replace(standard(coarse("day", Type.DATE, MONTH, required=True), key=("day",)), version="2.0.0")
    assert "migration.key" in codes_of(step(old, replace(new, repeat=Repeat.SUPERSEDE), CODES).faults)


def test_steps_follow_one_another() -> None:
    """A day, then its month, then its year: the second step reads what the first one left."""
    versions = [
        replace(standard(ID, held), version=f"{number}.0.0")
        for number, held in enumerate(
            (column("v", Type.DATE), coarse("v", Type.DATE, MONTH), coarse("v", Type.DATE, YEAR)), start=1
        )
    ]
    frame = pl.DataFrame({"v": [date(2026, 11, 22)]})
    for one in passage(versions, CODES):
        assert one.faults == ()
        frame = frame.select(drawn(next(each for each in one.drawn if each.column.name == "v")))
    assert frame["v"].to_list() == [date(2026, 1, 1)]


def test_groups_of_groups() -> None:
    """A group that is split between two, or whose code has none, has no group."""
    assert again(EAST, HALF.groups) == {"EAST": "x", "WEST": "x"}
    assert again(HALF.groups, EAST) is None
    assert again({"A": "x"}, {}) is None


def test_two_standards_convert_where_one_is_coarser() -> None:
    """Kept or finer values can be handed in under a coarser standard, never the other way."""
    kept, month, year = column("day", Type.DATE), coarse("day", Type.DATE, MONTH), coarse("day", Type.DATE, YEAR)
    told = {}
    for left, right in ((kept, month), (month, month), (month, year), (year, month), (month, kept)):
        (pair,) = align(standard(left, key=()), standard(right, key=()), CODES).pairs
        finding = next(one for one in pair.findings if one.aspect == "protection")
        told[(shown(left), shown(right))] = str(finding.verdict), finding.how.get("coarsen")
    assert told == {
        ("", "month"): ("convert", "month"),
        ("month", "month"): ("agree", None),
        ("month", "year"): ("convert", "year"),
        ("year", "month"): ("conflict", None),
        ("month", ""): ("conflict", None),
    }


def test_a_bound_below_all_bands_stays() -> None:
    """Of a draft that nobody checked yet; and what is not coarsened has its own."""
    assert coarse_bound(coarse("v", Type.INTEGER, edges("5")), ZERO) == ZERO
    assert coarse_bound(column("v", Type.INTEGER), ZERO) == ZERO
    assert coarse_day(Period.DAY, date(2026, 1, 2)) == date(2026, 1, 2)
    with pytest.raises(Invalid):
        standard(ID).column("none")
