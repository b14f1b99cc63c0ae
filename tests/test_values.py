"""Numbers and dates as others write them: converted where declared or proven by all values, else asked about."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import readings
from datadam.errors import Faults, Invalid
from datadam.model import (
    Column,
    DateForm,
    Feed,
    Fit,
    NumberForm,
    Protection,
    Standard,
    Type,
    Unit,
    Unpivot,
    number_form,
)
from datadam.model import date_form as named
from datadam.plan import Plan
from datadam.planning import compile_plan
from datadam.ports import Engine
from datadam.readings import NUMBER_FORMS, Open, Proven, canonical_number, count, dates, number_body, numbers
from test_engine_behaviours import Run, csv_source, every_engine, plan_of, standard_of

D = DateForm


def judged(engine: Engine, kind: Type, feed: Feed, texts: Iterable[str], folder: Path, **facts: Any) -> Run:
    """A run over one column of these texts."""
    plan = plan_of(standard_of(Column(name="v", type=kind, **facts)), v=feed)
    return Run(engine, plan, csv_source(folder, "v\n" + "".join(f'"{text}"\n' for text in texts)), folder)


# --- declared ---------------------------------------------------------------------------------------------------------

NUMBERS: list[tuple[str, dict[str, str], list[str]]] = [
    (
        "1.234,5",
        {"1.234,56": "1234.56", "-1.234.567": "-1234567", "12,5": "12.5", "7": "7", "１．２３４，５": "1234.5"},
        ["1234.5", "1,234.5", "1.23,4", "1.2345", "1.234.5", "12345.678", "0.123", ",5", "1 234"],
    ),
    (
        "1,234.5",
        {"1,234.56": "1234.56", "+1,234,567": "1234567", "1234.5": "1234.5", "－１，０００": "-1000", "−5": "-5"},
        ["1.234,5", "12,34", "1,23", "0,123", "1,234,56", "1,,234", ",123", "1 234"],
    ),
    (
        "1 234,5",
        {"1 234,5": "1234.5", "1\u00a0234\u00a0567": "1234567", "1\u202f234,25": "1234.25", "9": "9"},
        ["1.234", "1  234", "12 34", "1,234,5"],
    ),
    ("1'234.5", {"1'234.5": "1234.5", "1’234’567.25": "1234567.25"}, ["1,234", "1'23"]),
    ("1234,5", {"1234,5": "1234.5", "1,234": "1.234"}, ["1234.5", "1.234,5"]),
    ("1234.5", {"１２３": "123", "1.5": "1.5"}, ["1,5", "1 000"]),
]


@every_engine
@pytest.mark.parametrize(("example", "good", "bad"), NUMBERS, ids=[one[0] for one in NUMBERS])
def test_a_declared_number_form_reads_exactly_its_own_numbers(
    engine: Engine, example: str, good: dict[str, str], bad: list[str], tmp_path: Path
) -> None:
    """What has the declared form is its number in every engine, and what has another form is refused, never bent."""
    feed = Feed(column="v", source="v", number=number_form(example))
    run = judged(engine, Type.DECIMAL, feed, [*good, *bad], tmp_path, scale=3, precision=20)
    assert run.value("v") == [Decimal(text) for text in good.values()]
    assert run.broken == {row: {"v.type"} for row in range(len(good), len(good) + len(bad))}
    assert [one["v"] for one in run.sent] == bad


@every_engine
def test_whole_numbers_and_doubles_take_a_declared_form_too(engine: Engine, tmp_path: Path) -> None:
    """A whole number has no decimal sign in any form; a double keeps its exponent."""
    feed = Feed(column="v", source="v", number=number_form("1.234,5"))
    run = judged(engine, Type.INTEGER, feed, ["1.234", "-12", "1,5", "1234"], tmp_path)
    assert (run.value("v"), run.broken) == ([1234, -12, 1234], {2: {"v.type"}})
    run = judged(engine, Type.NUMBER, feed, ["1.234,5", "1,5e-3", "1.5"], tmp_path)
    assert (run.value("v"), run.broken) == ([1234.5, 0.0015], {2: {"v.type"}})


@every_engine
def test_a_declared_form_and_a_unit_go_together(engine: Engine, tmp_path: Path) -> None:
    """`1.234,5` thousand tonnes are 1234500 tonnes."""
    units = (Unit(symbol="t", numerator=1), Unit(symbol="kt", numerator=1000))
    feed = Feed(column="v", source="v", unit="kt", number=number_form("1.234,5"))
    run = judged(engine, Type.DECIMAL, feed, ["1.234,5"], tmp_path, scale=3, precision=20, unit="t", units=units)
    assert run.value("v") == [Decimal("1234500.000")]


DAYS: list[tuple[DateForm, dict[str, date], list[str]]] = [
    (
        D.YMD,
        {
            "2024/3/5": date(2024, 3, 5),
            "2024.03.05": date(2024, 3, 5),
            "2024. 3. 5.": date(2024, 3, 5),
            "2024년 3월 5일": date(2024, 3, 5),
            "2024年3月5日": date(2024, 3, 5),
            "２０２４年３月５日": date(2024, 3, 5),
            "令和6年3月5日": date(2024, 3, 5),
            "令和元年5月1日": date(2019, 5, 1),
            "R6.3.5": date(2024, 3, 5),
            "昭和64年1月7日": date(1989, 1, 7),
            "平成31年4月30日": date(2019, 4, 30),
            "20240305": date(2024, 3, 5),
            "2024-03-05": date(2024, 3, 5),
        },
        ["05/03/2024", "2024/13/05", "2024/02/30", "2024-3/5", "24/3/5", "45356", "2024-03", "20241305", "Q6.3.5"],
    ),
    (
        D.DMY,
        {"5/3/2024": date(2024, 3, 5), "05.03.2024": date(2024, 3, 5), "31-12-2024": date(2024, 12, 31)},
        ["2024-03-05", "12/31/2024", "30/02/2024", "5/3/24", "5.3/2024"],
    ),
    (D.MDY, {"3/5/2024": date(2024, 3, 5), "12-31-2024": date(2024, 12, 31)}, ["31/12/2024", "02/30/2024"]),
    (
        D.EXCEL_1900,
        {"1": date(1900, 1, 1), "59": date(1900, 2, 28), "61": date(1900, 3, 1), "45356": date(2024, 3, 5),
         "45356.0": date(2024, 3, 5), "2958465": date(9999, 12, 31)},
        ["60", "0", "-1", "2958466", "45356.5", "2024-03-05"],
    ),
    (D.EXCEL_1904, {"1": date(1904, 1, 2), "43894": date(2024, 3, 5), "2957003": date(9999, 12, 31)}, ["2957004"]),
]  # fmt: skip


@every_engine
@pytest.mark.parametrize(("form", "good", "bad"), DAYS, ids=[str(one[0]) for one in DAYS])
def test_a_declared_date_form_reads_exactly_its_own_days(
    engine: Engine, form: DateForm, good: dict[str, date], bad: list[str], tmp_path: Path
) -> None:
    """Order, era and serial system are as declared; what is no such day is refused."""
    run = judged(engine, Type.DATE, Feed(column="v", source="v", dates=form), [*good, *bad], tmp_path)
    assert run.value("v") == list(good.values())
    assert run.broken == {row: {"v.type"} for row in range(len(good), len(good) + len(bad))}


@every_engine
def test_instants_take_a_declared_order_too(engine: Engine, tmp_path: Path) -> None:
    """The day is in the declared order, the time needs no seconds, the offset counts."""
    good = {
        "5.3.2024 9:05": datetime(2024, 3, 5, 9, 5, tzinfo=UTC),
        "05/03/2024 09:05:06.25": datetime(2024, 3, 5, 9, 5, 6, 250_000, tzinfo=UTC),
        "05/03/2024T09:05+09:00": datetime(2024, 3, 5, 0, 5, tzinfo=UTC),
    }
    bad = ["05/03/2024", "2024-03-05 09:05", "05/03/2024 24:00", "45356"]
    run = judged(engine, Type.TIMESTAMP, Feed(column="v", source="v", dates=D.DMY), [*good, *bad], tmp_path)
    assert run.value("v") == list(good.values())
    assert set(run.broken) == {3, 4, 5, 6}
    korean = Feed(column="v", source="v", dates=D.YMD)
    run = judged(engine, Type.TIMESTAMP, korean, ["2024년 3월 5일 9:05", "2024. 3. 5. 9:05Z"], tmp_path)
    assert run.value("v") == [datetime(2024, 3, 5, 9, 5, tzinfo=UTC)] * 2


def test_a_reading_is_declared_only_for_what_it_reads() -> None:
    """Texts, codes, whole dates and instants have no number form, numbers no date form, instants no serials."""
    wrong = [
        (Column(name="v", type=Type.TEXT), Feed(column="v", source="v", number=NumberForm())),
        (Column(name="v", type=Type.INTEGER), Feed(column="v", source="v", dates=D.DMY)),
        (Column(name="v", type=Type.TIMESTAMP), Feed(column="v", source="v", dates=D.EXCEL_1900)),
        (Column(name="v", type=Type.DATE), Feed(column="v", source="v", number=NumberForm())),
    ]
    for column, feed in wrong:
        with pytest.raises(Faults) as caught:
            plan_of(standard_of(column), v=feed)
        assert [fault.code for fault in caught.value.faults] == ["plan.reading-needless"]


def test_forms_are_written_by_example() -> None:
    """A number form is its example, and what is none is refused; so is an order that nobody knows."""
    assert {number_form(form.example) for form in NUMBER_FORMS} == set(NUMBER_FORMS)
    for text in ("", "1,234,5", "1.234.5", "12345", "1;234.5", "1234.56", "x"):
        with pytest.raises(Invalid, match="mapping.number-form"):
            number_form(text)
    assert named("dmy") is D.DMY
    with pytest.raises(Invalid, match="mapping.date-form"):
        named("ydm")


# --- proven -----------------------------------------------------------------------------------------------------------

PROOFS: list[tuple[list[str], str | None]] = [
    (["1.234,56"], "1.234,5"),
    (["1,234", "1,234,567"], "1,234.5"),
    (["1,234", "12,5"], "1234,5"),
    (["1 234", "5,5"], "1 234,5"),
    (["1'234"], "1'234.5"),
    (["1.5", "20"], None),
    (["0.125", "1.234"], None),
    (["1,234.5", "W", "-", "n/a"], "1,234.5"),
    (["１２"], "1234.5"),
    (["1234"], None),
    ([], None),
    (["n/a"], None),
]


@pytest.mark.parametrize(("values", "form"), PROOFS)
def test_one_telling_value_proves_a_whole_column(values: list[str], form: str | None) -> None:
    """Whatever only one form can read settles the form of the column; what is no number proves nothing."""
    found = numbers(count(values))
    assert found == Proven(form=None if form is None else number_form(form))


@pytest.mark.parametrize(
    ("values", "options", "mixed"),
    [
        (["1,234"], ("1,234.5", "1234,5"), False),
        (["1.234", "5"], ("1.234,5", "1234.5"), False),
        (["1,234.5", "1.234,5"], ("1,234.5", "1.234,5"), True),
    ],
)
def test_what_proves_nothing_is_asked_with_its_options(
    values: list[str], options: tuple[str, ...], *, mixed: bool
) -> None:
    """A thousand or one and a bit: the question names the two forms that settle it."""
    assert numbers(count(values)) == Open(options=options, mixed=mixed)


DATE_PROOFS: list[tuple[list[str], Proven | Open]] = [
    (["13/02/2024", "03/04/2024"], Proven(form=D.DMY)),
    (["02/13/2024", "03/04/2024"], Proven(form=D.MDY)),
    (["05/05/2024"], Proven(form=D.DMY)),
    (["03/04/2024"], Open(options=("dmy", "mdy"))),
    (["2024/3/5", "-"], Proven(form=D.YMD)),
    (["2024-03-05"], Proven(form=None)),
    (["２０２４-０３-０５"], Proven(form=D.YMD)),
    (["令和6年3月5日"], Proven(form=D.YMD)),
    (["45356", "45357"], Open(options=("excel-1900", "excel-1904"))),
    (["2024-03-05", "05/03/2024"], Open(options=("ymd", "dmy", "mdy"), mixed=True)),
    (["2024-03-05", "2024-03-06", "05/03/2024"], Proven(form=None)),
    (["2024/3/5", "2024/3/6", "05/03/2024"], Proven(form=D.YMD)),
    (["soon"], Proven(form=None)),
    (["45356", "soon"], Proven(form=None)),
]


@pytest.mark.parametrize(("values", "found"), DATE_PROOFS)
def test_dates_are_proven_or_asked(values: list[str], found: Proven | Open) -> None:
    """`13/02/2024` proves the order of its column; `03/04/2024` and serial numbers are asked about."""
    assert dates(count(values)) == found


@given(
    values=st.lists(st.decimals(min_value=-(10**8), max_value=10**8, places=2), min_size=1, max_size=8),
    form=st.sampled_from(NUMBER_FORMS),
    grouped=st.booleans(),
)
def test_no_proof_ever_misreads(values: list[Decimal], form: NumberForm, grouped: bool) -> None:
    """The law: whatever form the sender used, what is proven reads each value as the sender meant it."""
    sent = []
    for value in values:
        text = f"{value:,.2f}" if grouped else f"{value:.2f}"
        sent.append(text.replace(",", "\0").replace(".", form.decimal).replace("\0", form.group))
    match numbers(count(sent)):
        case Proven(form=found):
            read = found if isinstance(found, NumberForm) else NumberForm()
            assert [Decimal(canonical_number(text, read)) for text in sent] == values
        case Open(options=options):
            assert form.example in options or not form.group


@given(
    days=st.lists(st.dates(date(1900, 1, 1), date(2100, 1, 1)), min_size=1, max_size=6),
    order=st.sampled_from(readings.ORDERS),
)
def test_no_proof_of_dates_ever_misreads(days: list[date], order: DateForm) -> None:
    """The law for dates: a proven order gives each day as the sender meant it."""
    shape = {D.YMD: "%Y/%m/%d", D.DMY: "%d/%m/%Y", D.MDY: "%m/%d/%Y"}[order]
    sent = [day.strftime(shape) for day in days]
    match dates(count(sent)):
        case Proven(form=DateForm() as found):
            assert [readings.canonical_date(text, found) for text in sent] == [day.isoformat() for day in days]
        case Open(options=options):
            assert str(order) in options
        case other:
            pytest.fail(f"{other}")


def test_serials_are_what_excel_says_they_are() -> None:
    """Excel's documentation: 39448 is 1 January 2008 in the 1900 system, and the 1904 system is 1462 days behind."""
    assert readings.canonical_date("39448", D.EXCEL_1900) == "2008-01-01"
    assert readings.canonical_date(str(39448 - 1462), D.EXCEL_1904) == "2008-01-01"
    assert readings.canonical_date("366", D.EXCEL_1904) == (date(1904, 1, 1) + timedelta(days=366)).isoformat()


def test_a_form_never_lets_in_more_digits_than_it_says() -> None:
    """Groups do not stretch the limit on digits."""
    import re

    body = re.compile(number_body(number_form("1,234.5"), whole=6, fraction=0) + r"\Z")
    assert [bool(body.match(text)) for text in ("123,456", "1,234,567", "123456", "1234567")] == [True, False] * 2


# --- wide tables ------------------------------------------------------------------------------------------------------

OUTPUT = standard_of(
    Column(name="country", type=Type.TEXT, required=True),
    Column(name="year", type=Type.INTEGER, required=True, minimum=Decimal(1900)),
    Column(name="tonnes", type=Type.DECIMAL, precision=12, scale=1, minimum=Decimal(0)),
    key=("country", "year"),
)
YEARS = Unpivot(names_to="year", values_to="tonnes", columns={"2020년": "2020", "2021": "2021", "old": "1066"})


def wide_plan(standard: Standard = OUTPUT, unpivot: Unpivot = YEARS, **feeds: Feed) -> Plan:
    """A plan for a wide table of countries by years."""
    made = {"country": Feed(column="country", source="land"), **feeds}
    fit = Fit(standard=standard.id, version="1.0.0", feeds=tuple(made.values()), dropped=("note",), unpivot=unpivot)
    return compile_plan(standard, fit, {})


@every_engine
def test_a_wide_table_becomes_a_row_for_each_value(engine: Engine, tmp_path: Path) -> None:
    """Headers become values, empty cells become nothing, and a rejected one goes back in the wide layout, alone."""
    text = "land,2020년,2021,note,old\nKOR,1.5,,x,\nCHN,2,-3,y, \n,4,,,\nJPN,,,z,\nDEU,,,,7\n"
    run = Run(engine, wide_plan(), csv_source(tmp_path, text), tmp_path)
    assert run.value("country") == ["KOR", "CHN"]
    assert run.value("year") == [2020, 2020]
    assert run.value("tonnes") == [Decimal("1.5"), Decimal("2.0")]
    assert run.value("_row") == [0, 3]
    assert run.broken == {4: {"tonnes.range"}, 6: {"country.required"}, 14: {"year.range"}}
    assert {name: run.sent[0][name] for name in ("land", "2020년", "2021", "note", "old")} == {
        "land": "CHN",
        "2020년": None,
        "2021": "-3",
        "note": "y",
        "old": None,
    }
    assert (run.tally.rows, run.tally.admitted, run.tally.rejected) == (5, 2, 3)
    faults = engine.faults(wide_plan(), run.into.rejects, 10)
    assert [(f.row, f.column, f.source, f.value) for f in faults] == [
        (4, "tonnes", "2021", "-3"),
        (6, "country", "land", None),
        (14, "year", "old", "1066"),
    ]


@every_engine
def test_a_key_is_unique_over_the_long_rows(engine: Engine, tmp_path: Path) -> None:
    """Two wide rows of one country repeat the key only in years that both fill."""
    from datadam.model import Repeat

    standard = standard_of(*OUTPUT.columns, key=("country", "year"), repeat=Repeat.SUPERSEDE)
    text = "land,2020년,2021,note,old\nKOR,1,2,,\nKOR,3,,,\n"
    run = Run(engine, wide_plan(standard), csv_source(tmp_path, text), tmp_path)
    assert run.value("year") == [2021]
    assert run.broken == {0: {"key.unique"}, 3: {"key.unique"}}


@every_engine
def test_what_a_wide_table_holds_may_be_declared(engine: Engine, tmp_path: Path) -> None:
    """The two columns of an unpivot take units and readings like any other."""
    feed = Feed(column="tonnes", number=number_form("1.234,5"))
    text = 'land,2020년,2021,note,old\nKOR,"1.234,5",,,\n'
    run = Run(engine, wide_plan(tonnes=feed), csv_source(tmp_path, text), tmp_path)
    assert run.value("tonnes") == [Decimal("1234.5")]


def test_a_plan_that_reads_as_declared_is_not_plain() -> None:
    """What needs the slow road says so; nothing else does."""
    assert not wide_plan().plain
    column = Column(name="v", type=Type.DATE, protection=Protection.KEEP)
    assert not plan_of(standard_of(column), v=Feed(column="v", source="v", dates=D.DMY)).plain
    assert plan_of(standard_of(column)).plain
