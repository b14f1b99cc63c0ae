"""What every Engine does, row for row: the same admitted values, the same masks, the same refusals."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datadam.adapters import polars_engine, polars_read
from datadam.adapters.memory.engine import MemoryEngine
from datadam.adapters.polars_engine import PolarsEngine
from datadam.adapters.polars_notes import plain
from datadam.errors import Faults, Invalid
from datadam.model import (
    Coarsening,
    Column,
    CrossRule,
    Feed,
    Fit,
    Period,
    Protection,
    Repeat,
    Source,
    Standard,
    StandardId,
    Tally,
    Type,
    Unit,
)
from datadam.plan import BLANKS, Plan
from datadam.planning import compile_plan
from datadam.ports import Engine, Outputs

ENGINES: list[Engine] = [PolarsEngine(), MemoryEngine()]
UNIT_KEY, KEY_SECRET = bytes(range(32)), bytes(range(200, 232))
POUND = Unit(symbol="lb", numerator=45_359_237, denominator=10**8, synonyms=("pounds", "파운드"))
TONNE = Unit(symbol="t", numerator=1_000)

every_engine = pytest.mark.parametrize("engine", ENGINES, ids=["polars", "memory"])


def silent(_stage: str, _done: int, _total: int | None) -> None:
    """A progress that nobody watches."""


def standard_of(*columns: Column, **facts: Any) -> Standard:
    """A standard of these columns; the first is its key unless said otherwise."""
    facts = {"key": (columns[0].name,), "repeat": Repeat.KEEP, **facts}
    return Standard(id=StandardId("test.things"), version="1.0.0", titles={}, descriptions={}, columns=columns, **facts)


def plan_of(standard: Standard, **feeds: str | Feed) -> Plan:
    """A plan in which every column comes from the file's column of its own name, unless `feeds` says otherwise."""
    made = {column.name: Feed(column=column.name, source=column.name) for column in standard.columns}
    made |= {n: f if isinstance(f, Feed) else Feed(column=n, source=f) for n, f in feeds.items()}
    return compile_plan(standard, Fit(standard=standard.id, version="1.0.0", feeds=tuple(made.values())), {})


class Run:
    """One run over a file: its tally, and what it wrote, as plain rows."""

    def __init__(self, engine: Engine, plan: Plan, source: Source, folder: Path, held: tuple[Path, ...] = ()) -> None:
        """Run, and read back what was written."""
        self.into = Outputs(
            admitted=folder / "admitted.parquet",
            rejects=folder / "rejects.parquet",
            deposit="d" * 64,
            unit_keys={"firms": UNIT_KEY},
            key_secret=KEY_SECRET,
            held=held,
        )
        self.tally: Tally = engine.run(plan, source, self.into, silent)
        self.admitted = pl.read_parquet(self.into.admitted) if self.tally.files else pl.DataFrame()
        self.rejects = pl.read_parquet(self.into.rejects) if self.tally.rejects else pl.DataFrame()
        self.broken: dict[int, set[str]] = {
            record["_row"]: {rule.id for rule in plan.broken(record["_failed"])}
            for record in self.rejects.iter_rows(named=True)
        }
        self.sent = [
            {name: text or None for name, text in record.items()} for record in self.rejects.iter_rows(named=True)
        ]

    def value(self, column: str) -> list[Any]:
        """The admitted values of one column."""
        return self.admitted[column].to_list()


def ends_told(run: Run) -> dict[str, dict[str, Any]]:
    """Column → how many values are missing, and the ends where any are told."""
    ends = ("missing", "minimum", "maximum")
    return {name: {end: found[end] for end in ends if end in found} for name, found in run.tally.columns.items()}


def csv_source(folder: Path, text: str | bytes, name: str = "data.csv") -> Source:
    """The text as a CSV file."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Source(path=str(path), format="csv", name=name)


def refusal(engine: Engine, source: Source, plan: Plan | None = None) -> Invalid:
    """What an engine says to a file that it will not read; nothing may stay behind."""
    folder = Path(source.path).parent
    plan = plan or plan_of(standard_of(Column(name="a", type=Type.TEXT)), a="a")
    with pytest.raises(Invalid) as caught:
        Run(engine, replace(plan, dropped=("b", "c")), source, folder)
    assert not (folder / "admitted.parquet").exists()
    assert not (folder / "rejects.parquet").exists()
    return caught.value


# --- one rule at a time -----------------------------------------------------------------------------------------------

LEXICAL: Mapping[Type, tuple[dict[str, Any], list[str]]] = {
    Type.INTEGER: (
        {"12": 12, "+1": 1, "-0": 0, "007": 7, " 12 ": 12, "999999999999999999": 999_999_999_999_999_999},
        ["1e3", "12.0", "1_000", "0x1F", "１２", "1 2", "9999999999999999999", "--1", "NaN", "1,000", "½"],
    ),
    Type.DECIMAL: (
        {"1.5": Decimal("1.50"), "-0.005": Decimal("0.00"), "0.015": Decimal("0.02"), "+2": Decimal("2.00")},
        [".5", "5.", "1e2", "1,5", "NaN", "Infinity", "1234567890123456", "1.1234567890123456789"],
    ),
    Type.NUMBER: (
        {"1.5": 1.5, "1e3": 1000.0, "-2E-3": -0.002, "+7": 7.0},
        ["1d", "5f", "NaN", "Infinity", "1e999", ".5", "0x1p3"],
    ),
    Type.BOOLEAN: (
        {"true": True, "FALSE": False, "Yes": True, "no": False, "1": True, "0": False},
        ["y", "2", "wahr", "t", "TRUE!"],
    ),
    Type.DATE: (
        {"2026-02-03": date(2026, 2, 3), "2024-02-29": date(2024, 2, 29), "\u30002026-02-03": date(2026, 2, 3)},
        ["2026-02-30", "2023-02-29", "2026-2-3", "2026", "2026-02-03T00:00:00", "0999-01-01", "20260203"],
    ),
    Type.TIMESTAMP: (
        {
            "2026-02-03T04:05:06Z": datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC),
            "2026-02-03 04:05:06.5": datetime(2026, 2, 3, 4, 5, 6, 500_000, tzinfo=UTC),
            "2026-02-03T04:05:06.000001+09:00": datetime(2026, 2, 2, 19, 5, 6, 1, tzinfo=UTC),
            "1969-12-31T23:59:59-00:30": datetime(1970, 1, 1, 0, 29, 59, tzinfo=UTC),
        },
        ["2026-02-03", "2026-02-30T00:00:00", "2026-02-03T24:00:00", "2026-02-03T04:05", "9999-12-31T23:59:59-01:00"],
    ),
}


@every_engine
@pytest.mark.parametrize("kind", LEXICAL, ids=str)
def test_a_value_has_the_form_of_its_type_or_breaks_it(engine: Engine, kind: Type, tmp_path: Path) -> None:
    """Each type takes exactly the spellings that are written down, and reads them as the same value in every engine."""
    good, bad = LEXICAL[kind]
    plan = plan_of(standard_of(Column(name="v", type=kind, scale=2, precision=17)))
    cells = [f'"{text}"' for text in [*good, *bad]]
    run = Run(engine, plan, csv_source(tmp_path, "v\n" + "\n".join(cells) + "\n"), tmp_path)
    assert run.value("v") == list(good.values())
    assert run.broken == {row: {"v.type"} for row in range(len(good), len(good) + len(bad))}


@every_engine
def test_days_of_any_year_are_days(engine: Engine, tmp_path: Path) -> None:
    """Most are of this century and the last; few of others among them are read as well, what is no day is none."""
    plan = plan_of(standard_of(Column(name="v", type=Type.DATE)))
    rare = ["1000-01-01", "1900-02-28", "1949-12-31", "1950-01-01", "2069-12-31", "2070-01-01", "9999-12-31"]
    none = ["1900-02-29", "2070-02-29", "2000-13-01", "02020-1-05", "2020- 1-05", "2020-1-005"]
    texts = [*["2026-02-03"] * 100, *rare, *none]
    run = Run(engine, plan, csv_source(tmp_path, "v\n" + "\n".join(texts) + "\n"), tmp_path)
    assert run.value("v") == [date.fromisoformat(text) for text in texts[: -len(none)]]
    assert run.broken == {row: {"v.type"} for row in range(len(texts) - len(none), len(texts))}


@every_engine
def test_outer_blanks_are_cut_off_and_nothing_else_is(engine: Engine, tmp_path: Path) -> None:
    """Every character of Unicode's White_Space counts as a blank; a zero-width space or a separator sign does not."""
    plan = plan_of(standard_of(Column(name="v", type=Type.TEXT)))
    texts = [f"{blank}x{blank}y{blank}" for blank in BLANKS] + ["\u200bx", "\x1fx", "\ufeffx"]
    body = "".join('"{}"\n'.format(text.replace('"', '""')) for text in texts)
    run = Run(engine, plan, csv_source(tmp_path, "v\n" + body), tmp_path)
    assert run.value("v") == [f"x{blank}y" for blank in BLANKS] + ["\u200bx", "\x1fx", "\ufeffx"]


@every_engine
@pytest.mark.parametrize("pattern", [None, r"\A[a-z]+\z"], ids=["looked-at", "patterned"])
def test_blanks_around_few_of_many_texts_are_cut_off_too(engine: Engine, pattern: str | None, tmp_path: Path) -> None:
    """Texts with nothing around them need no cutting, and may be seen to need none in one look with all others."""
    columns = (Column(name="v", type=Type.TEXT, pattern=pattern), Column(name="w", type=Type.INTEGER))
    plan = plan_of(standard_of(*columns))
    texts = [*["plain"] * 200, *(text for blank in BLANKS for text in (f"{blank}x", f"x{blank}", blank))]
    run = Run(engine, plan, csv_source(tmp_path, "v,w\n" + "".join(f'"{text}",1\n' for text in texts)), tmp_path)
    assert run.value("v") == ["plain"] * 200 + ["x", "x", None] * len(BLANKS)


@every_engine
@pytest.mark.parametrize("last", ["b", " b", None], ids=["as-sent", "trimmed", "refused"])
def test_codes_are_texts_to_whoever_reads_them(engine: Engine, last: str | None, tmp_path: Path) -> None:
    """However an engine holds a closed list: no file says anything but text of it, short or long, whole or merged."""
    many = tuple(f"c{number}" for number in range(300))
    columns = (Column(name="v", type=Type.TEXT, values=("a", "b")), Column(name="w", type=Type.TEXT, values=many))
    rows = [*[("a", "c7")] * 50, *[("", "c299")] * 50, (last or "c", "c0")]
    text = "v,w\n" + "".join(f"{v},{w}\n" for v, w in rows)
    run = Run(engine, plan_of(standard_of(*columns)), csv_source(tmp_path, text), tmp_path)
    assert run.admitted.schema.to_python().items() >= {"v": str, "w": str, "_deposit": str}.items()
    kinds = {field.name: field.type for field in pq.read_schema(run.into.admitted)}
    assert {kinds["v"], kinds["w"], kinds["_deposit"]} == {pa.large_string()}
    assert run.value("v") == ["a"] * 50 + [None] * 50 + ["b"] * (last is not None)
    assert run.value("w") == ["c7"] * 50 + ["c299"] * 50 + ["c0"] * (last is not None)


@every_engine
def test_missing_is_missing_however_it_is_written(engine: Engine, tmp_path: Path) -> None:
    """An absent field, an empty one, `""` and blanks break `required` and no other rule; optional ones are null."""
    columns = (
        Column(name="a", type=Type.TEXT),
        Column(name="need", type=Type.INTEGER, required=True, minimum=Decimal(5)),
        Column(name="may", type=Type.DATE),
    )
    text = 'a,need,may\nx\nx,,\nx,"",""\nx,  ,\t\nx,7,\n'
    run = Run(engine, plan_of(standard_of(*columns)), csv_source(tmp_path, text), tmp_path)
    assert run.broken == {row: {"need.required"} for row in range(4)}
    assert (run.value("need"), run.value("may")) == ([7], [None])


@every_engine
@pytest.mark.parametrize(
    "said",
    [
        {},
        {"pattern": r"\A[a-z]\z"},
        {"values": ("a", "b")},
        {"max_length": 9},
        {"type": Type.DATE},
        {"type": Type.NUMBER},
    ],
    ids=["any", "patterned", "listed", "short", "date", "number"],
)
def test_what_is_required_is_missed_in_few_of_many_rows(engine: Engine, said: dict[str, Any], tmp_path: Path) -> None:
    """Nothing that is judged of a value stands in for its being there, also where no file can hold an empty text."""
    kind = said.get("type", Type.TEXT)
    there = {Type.DATE: "2026-02-03", Type.NUMBER: "1.5"}.get(kind, "a")
    plan = plan_of(standard_of(Column(name="v", required=True, **{"type": kind, **said}), Column(name="w", type=kind)))
    pl.DataFrame({"v": [*[there] * 50, None, ""], "w": [there] * 52}).write_parquet(tmp_path / "rows.parquet")
    source = Source(path=str(tmp_path / "rows.parquet"), format="parquet", name="rows.parquet")
    run = Run(engine, plan, source, tmp_path)
    assert run.broken == {50: {"v.required"}, 51: {"v.required"}}


@every_engine
def test_blank_rows_are_no_rows_but_keep_their_numbers(engine: Engine, tmp_path: Path) -> None:
    """A trailing line of separators is not a fault, and the rows after a blank one are still found by their number."""
    for required in (False, True):
        plan = plan_of(
            standard_of(Column(name="a", type=Type.TEXT, required=required), Column(name="b", type=Type.INTEGER))
        )
        source = csv_source(tmp_path, "a,b\nx,1\n\n , \ny,no\n,\n\n")
        run = Run(engine, plan, source, tmp_path)
        assert (run.tally.rows, run.tally.admitted, run.tally.rejected) == (2, 1, 1)
        assert run.broken == {3: {"b.type"}}


@every_engine
def test_blank_rows_are_no_rows_where_what_is_required_is_said_once(engine: Engine, tmp_path: Path) -> None:
    """What the sender says for the whole file makes no row of a blank one, however many rows are in order."""
    standard = standard_of(
        Column(name="year", type=Type.INTEGER, required=True),
        Column(name="v", type=Type.INTEGER),
        Column(name="w", type=Type.TEXT),
        key=(),
    )
    plan = plan_of(standard, year=Feed(column="year", constant="2026"))
    source = csv_source(tmp_path, "v,w\n1,x\n,\n , \n\nno,x\n" + "2,x\n" * 20)
    run = Run(engine, plan, source, tmp_path)
    assert (run.tally.rows, run.tally.admitted) == (22, 21)
    assert run.broken == {4: {"v.type"}}


@every_engine
def test_codes_and_their_names_become_codes(engine: Engine, tmp_path: Path) -> None:
    """A code is known exactly or by another case or width; two codes that differ only so are not guessed between."""
    columns = (Column(name="v", type=Type.TEXT, values=("KOR", "Deu", "mg", "Mg")),)
    text = "v\nKOR\nkor\nＫＯＲ\nDEU\nmg\nMg\nMG\nNarnia\n"
    run = Run(engine, plan_of(standard_of(*columns)), csv_source(tmp_path, text), tmp_path)
    assert run.value("v") == ["KOR", "KOR", "KOR", "Deu", "mg", "Mg"]
    assert run.broken == {6: {"v.codes"}, 7: {"v.codes"}}


@every_engine
def test_ranges_lengths_and_patterns_include_their_ends(engine: Engine, tmp_path: Path) -> None:
    """Bounds are inclusive and exact: a decimal's is compared in whole units of its last digit."""
    columns = (
        Column(name="n", type=Type.INTEGER, minimum=Decimal(-1), maximum=Decimal("1e15")),
        Column(name="d", type=Type.DECIMAL, scale=2, minimum=Decimal("0.015"), maximum=Decimal("9.999")),
        Column(name="t", type=Type.TEXT, min_length=2, max_length=3, pattern=r"\A[가-힣a-z]+\z"),
        Column(name="day", type=Type.DATE, minimum="2020-01-01", maximum="2020-12-31"),
        Column(name="f", type=Type.NUMBER, minimum=Decimal("0.1")),
        Column(name="at", type=Type.TIMESTAMP, minimum="2020-01-01T00:00:00Z"),
    )
    rows = [
        "-1,0.02,가나,2020-01-01,0.1,2020-01-01T09:00:00+09:00",
        "1000000000000000,9.99,abc,2020-12-31,1,2020-01-01T00:00:00",
        "-2,0.01,가,2019-12-31,0.0999,2020-01-01T08:59:59+09:00",
        "1000000000000001,10.00,abcd,2021-01-01,-1,2019-12-31T23:59:59.999999Z",
        "0,1,a1,2020-02-02,1,2020-02-02T00:00:00Z",
    ]
    text = "n,d,t,day,f,at\n" + "\n".join(rows) + "\n"
    run = Run(engine, plan_of(standard_of(*columns)), csv_source(tmp_path, text), tmp_path)
    everything = {"n.range", "d.range", "t.length", "day.range", "f.range", "at.range"}
    assert run.broken == {2: everything, 3: everything, 4: {"t.pattern"}}


@every_engine
def test_quantities_convert_exactly_row_by_row(engine: Engine, tmp_path: Path) -> None:
    """Units are named by symbol to the letter or by synonym; half goes to even; an unknown unit breaks only `unit`."""
    column = Column(name="w", type=Type.DECIMAL, scale=3, precision=12, unit="kg", units=(POUND, TONNE))
    rows = {
        "1.0005,kg": "1.000",
        "1.0015,kg": "1.002",
        "-1.0005,kg": "-1.000",
        "1,lb": "0.454",
        "2.5, Pounds ": "1.134",
        "3,파운드": "1.361",
        "0.0000005,t": "0.000",
        "999999999.9994999,kg": "999999999.999",
    }
    bad = {
        "999999999.9995,kg": "w.type",
        "1000000,t": "w.type",
        "1,KG": "w.unit",
        "1,": "w.unit",
        "x,lb": "w.type",
    }
    text = "w,u\n" + "".join(f"{row}\n" for row in [*rows, *bad])
    plan = plan_of(standard_of(column), w=Feed(column="w", source="w", unit_source="u"))
    run = Run(engine, plan, csv_source(tmp_path, text), tmp_path)
    assert run.value("w") == [Decimal(value) for value in rows.values()]
    assert run.broken == {len(rows) + n: {rule} for n, rule in enumerate(bad.values())}
    assert run.admitted.schema["w"] == pl.Decimal(12, 3)


@every_engine
def test_a_whole_column_may_have_one_unit(engine: Engine, tmp_path: Path) -> None:
    """A unit named in the mapping converts every row; whole numbers too, which then may arrive with a point."""
    columns = (
        Column(name="w", type=Type.DECIMAL, scale=1, unit="kg", units=(TONNE,)),
        Column(name="n", type=Type.INTEGER, unit="kg", units=(TONNE,)),
    )
    feeds = {name: Feed(column=name, source=name, unit="t") for name in ("w", "n")}
    run = Run(
        engine,
        plan_of(standard_of(*columns), **feeds),
        csv_source(tmp_path, "w,n\n0.00125,0.0025\n2,1.5\n-0.00015,-0.0015\n"),
        tmp_path,
    )
    assert run.value("w") == [Decimal("1.2"), Decimal("2000.0"), Decimal("-0.2")]
    assert run.value("n") == [2, 1500, -2]


@every_engine
def test_constants_stand_for_a_whole_column(engine: Engine, tmp_path: Path) -> None:
    """A constant is judged like any value; a column that the file does not have is null throughout."""
    columns = (
        Column(name="a", type=Type.TEXT),
        Column(name="year", type=Type.INTEGER, required=True),
        Column(name="none", type=Type.DATE),
    )
    standard = standard_of(*columns)
    feeds = (Feed(column="a", source="a"), Feed(column="year", constant=" 2026 "))
    plan = compile_plan(standard, Fit(standard=standard.id, version="1.0.0", feeds=feeds), {})
    run = Run(engine, plan, csv_source(tmp_path, "a\nx\ny\n"), tmp_path)
    assert (run.value("year"), run.value("none")) == ([2026, 2026], [None, None])


@every_engine
def test_cross_rules_compare_exactly_where_both_are_there(engine: Engine, tmp_path: Path) -> None:
    """`left op right` over one row; a missing or broken side is not judged."""
    columns = (
        Column(name="a", type=Type.DECIMAL, scale=3, precision=20),
        Column(name="b", type=Type.INTEGER),
        Column(name="c", type=Type.DATE),
        Column(name="d", type=Type.DATE),
    )
    rules = (
        CrossRule(id="a-below-b", left="a", op="<", right="b"),
        CrossRule(id="c-not-d", left="c", op="!=", right="d"),
    )
    text = "a,b,c,d\n0.999,1,2020-01-01,2020-01-02\n1.000,1,,\n,1,2020-01-01,2020-01-01\n2,x,2020-01-01,\n"
    run = Run(engine, plan_of(standard_of(*columns, rules=rules)), csv_source(tmp_path, text), tmp_path)
    assert run.broken == {1: {"a-below-b"}, 2: {"c-not-d"}, 3: {"b.type"}}


# --- protections and keys ---------------------------------------------------------------------------------------------


@every_engine
def test_protected_values_are_never_stored(engine: Engine, tmp_path: Path) -> None:
    """Unit ids are the first 128 bits of the keyed hash of the trimmed text, masks keep their tail, drops are gone."""
    columns = (
        Column(name="firm", type=Type.TEXT, protection=Protection.UNIT_ID, domain="firms"),
        Column(name="phone", type=Type.TEXT, protection=Protection.MASK, mask_keep=2),
        Column(name="name", type=Type.TEXT, protection=Protection.MASK),
        Column(name="secret", type=Type.TEXT, protection=Protection.DROP, min_length=3),
    )
    text = "firm,phone,name,secret\n Acme ,010-77,김하나,abc\n,7,,abc\nBetter,1,x,ab\n"
    run = Run(engine, plan_of(standard_of(*columns)), csv_source(tmp_path, text), tmp_path)
    expected = hmac.digest(UNIT_KEY.hex().encode(), b"Acme", "sha256")[:16]
    assert run.value("firm") == [expected, None]
    assert run.value("phone") == ["****77", "7"]
    assert run.value("name") == ["***", None]
    assert run.admitted.columns == ["firm", "phone", "name", "_deposit", "_row", "_key"]
    assert run.broken == {2: {"secret.length"}}
    assert b"abc" not in run.into.admitted.read_bytes()


@every_engine
def test_a_key_that_repeats_fails_on_every_row_that_has_it(engine: Engine, tmp_path: Path) -> None:
    """Keys are compared by value, not by spelling, and only among rows that broke nothing else."""
    columns = (
        Column(name="k", type=Type.INTEGER, required=True),
        Column(name="t", type=Type.TEXT, required=True),
        Column(name="v", type=Type.INTEGER),
    )
    standard = standard_of(*columns, key=("k", "t"), repeat=Repeat.SUPERSEDE)
    text = "k,t,v\n1,a,1\n01, a,2\n+1,a,x\n2,a,1\n2,b,1\n2,b,no\n3,a,\n"
    run = Run(engine, plan_of(standard), csv_source(tmp_path, text), tmp_path)
    assert run.broken == {0: {"key.unique"}, 1: {"key.unique"}, 2: {"v.type"}, 5: {"v.type"}}
    assert run.value("_row") == [3, 4, 6]
    assert run.tally.faults == {"v.type": 2, "key.unique": 2}


@every_engine
def test_a_key_that_was_admitted_before_is_refused_where_the_standard_says_so(engine: Engine, tmp_path: Path) -> None:
    """`refuse` looks at the contributor's own earlier files; `supersede` and `keep` do not."""
    for repeat, again in ((Repeat.REFUSE, {"key.repeat"}), (Repeat.SUPERSEDE, set()), (Repeat.KEEP, set())):
        folder = tmp_path / repeat
        (folder / "first").mkdir(parents=True)
        standard = standard_of(Column(name="k", type=Type.TEXT, required=True), repeat=repeat)
        source = csv_source(folder, "k\nx\ny\n")
        first = Run(engine, plan_of(standard), source, folder / "first")
        second_source = csv_source(folder, "k\ny\nz\nz\n", "second.csv")
        second = Run(engine, plan_of(standard), second_source, folder, held=(first.into.admitted,))
        twice: set[str] = set() if repeat is Repeat.KEEP else {"key.unique"}
        found = {0: again, 1: twice, 2: twice}
        assert second.broken == {row: rules for row, rules in found.items() if rules}
        assert all((key is None) == (repeat is Repeat.KEEP) for key in first.value("_key"))


def test_key_columns_are_joined_without_confusion(tmp_path: Path) -> None:
    """No two lists of texts share a key, whatever separators the texts hold; both engines make the same keys."""
    columns = (Column(name="a", type=Type.TEXT, required=True), Column(name="b", type=Type.TEXT, required=True))
    standard = standard_of(*columns, key=("a", "b"), repeat=Repeat.REFUSE)
    text = 'a,b\nx,1:y\n"x\x1f3:1","y"\n1,2\n12,3\n1,23\n'
    runs = [Run(engine, plan_of(standard), csv_source(tmp_path, text), tmp_path) for engine in ENGINES]
    assert runs[0].value("_key") == runs[1].value("_key")
    assert len(set(runs[0].value("_key"))) == 5


# --- outputs ----------------------------------------------------------------------------------------------------------


@every_engine
def test_outputs_say_what_they_are(engine: Engine, tmp_path: Path) -> None:
    """Digests, sizes and counts are those of the files."""
    columns = (
        Column(name="day", type=Type.DATE),
        Column(name="price", type=Type.DECIMAL, scale=2),
        Column(name="note", type=Type.TEXT),
    )
    text = "day,price,note\n2020-01-02,1.5,secret-note\n2020-01-01,,\n,x,\n"
    run = Run(engine, plan_of(standard_of(*columns)), csv_source(tmp_path, text), tmp_path)
    for fact, path in ((run.tally.files[0], run.into.admitted), (run.tally.rejects, run.into.rejects)):
        assert fact is not None
        assert fact.path == str(path)
        assert (fact.digest, fact.size) == (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size)
    assert (run.tally.files[0].rows, run.tally.rows, run.tally.rejected) == (2, 3, 1)
    assert run.admitted.schema["_row"] == pl.Int64


def test_what_is_told_of_columns_is_what_their_admitted_rows_say(tmp_path: Path) -> None:
    """Missing values of each; ends, as text, of quantities and times only: a free text's would tell a value."""
    columns = (
        Column(name="day", type=Type.DATE),
        Column(name="price", type=Type.DECIMAL, scale=2),
        Column(name="note", type=Type.TEXT),
    )
    text = "day,price,note\n2020-01-02,1.5,secret-note\n2020-01-01,,\n,x,\n"
    run = Run(PolarsEngine(), plan_of(standard_of(*columns)), csv_source(tmp_path, text), tmp_path)
    assert ends_told(run) == {
        "day": {"missing": 0, "minimum": "2020-01-01", "maximum": "2020-01-02"},
        "price": {"missing": 1, "minimum": "1.50", "maximum": "1.50"},
        "note": {"missing": 1},
    }


@every_engine
def test_all_or_nothing_admitted_leaves_one_file(engine: Engine, tmp_path: Path) -> None:
    """No empty file is written for a side that has no rows."""
    plan = plan_of(standard_of(Column(name="v", type=Type.INTEGER)))
    good = Run(engine, plan, csv_source(tmp_path, "v\n1\n"), tmp_path)
    assert (good.tally.rejects, good.into.rejects.exists()) == (None, False)
    bad = Run(engine, plan, csv_source(tmp_path, "v\nx\n"), tmp_path)
    assert (bad.tally.files, bad.into.admitted.exists()) == ((), False)


@every_engine
def test_faults_name_row_column_rule_and_value(engine: Engine, tmp_path: Path) -> None:
    """Each fault says where it is in the sender's own words; a unit's points at the unit's column."""
    column = Column(name="w", type=Type.DECIMAL, scale=1, required=True, unit="kg")
    plan = plan_of(standard_of(column), w=Feed(column="w", source="Gewicht", unit_source="Einheit"))
    run = Run(engine, plan, csv_source(tmp_path, "Gewicht,Einheit\nviel,kg\n1,Pfund\n ,kg\n"), tmp_path)
    found = [(f.row, f.rule, f.column, f.source, f.value) for f in engine.faults(plan, run.into.rejects, 9)]
    assert found == [
        (0, "w.type", "w", "Gewicht", "viel"),
        (1, "w.unit", "w", "Einheit", "Pfund"),
        (2, "w.required", "w", "Gewicht", " "),
    ]
    assert len(engine.faults(plan, run.into.rejects, 2)) == 2


@every_engine
def test_rejects_go_back_in_the_senders_own_layout(engine: Engine, tmp_path: Path) -> None:
    """The returned CSV has the sender's columns, order and values, and one more that says why."""
    columns = (Column(name="n", type=Type.INTEGER), Column(name="d", type=Type.DATE))
    plan = plan_of(standard_of(*columns), n="reason", d="=Tag")
    text = '=Tag,reason\n2020-01-01,1\n"=cmd|\'x\'!A1","eins, ""zwei"""\n'
    run = Run(engine, plan, csv_source(tmp_path, text), tmp_path)
    into = tmp_path / "back.csv"
    fact = engine.return_rejects(plan, run.into.rejects, into, {"n.type": "keine Zahl", "d.type": "kein Tag"})
    assert into.read_text() == '=Tag,reason,reason_\n=cmd|\'x\'!A1,"eins, ""zwei""",keine Zahl; kein Tag\n'
    assert (fact.rows, fact.digest) == (1, hashlib.sha256(into.read_bytes()).hexdigest())


@every_engine
def test_progress_may_stop_the_work(engine: Engine, tmp_path: Path) -> None:
    """What progress raises comes out as it is, and no half-written output stays."""

    class StopNow(Exception):
        pass

    def stop(_stage: str, _done: int, _total: int | None) -> None:
        raise StopNow

    plan = plan_of(standard_of(Column(name="v", type=Type.INTEGER)))
    into = Outputs(
        admitted=tmp_path / "a.parquet", rejects=tmp_path / "r.parquet", deposit="d", unit_keys={}, key_secret=b"k"
    )
    with pytest.raises(StopNow):
        engine.run(plan, csv_source(tmp_path, "v\n1\nx\n"), into, stop)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.csv"]


# --- files ------------------------------------------------------------------------------------------------------------


@every_engine
def test_separators_byte_order_marks_and_line_ends_are_found_out(engine: Engine, tmp_path: Path) -> None:
    """Comma, semicolon and tab, with or without a byte order mark, LF or CRLF: the same rows."""
    plan = plan_of(standard_of(Column(name="a", type=Type.TEXT), Column(name="b", type=Type.INTEGER)))
    for separator in ",;\t":
        for mark in ("", "\ufeff"):
            for end in ("\n", "\r\n"):
                text = mark + end.join([f"a{separator}b", f'"x{separator}{end}y"{separator}1', f"z{separator}2"])
                source = csv_source(tmp_path, text)
                assert engine.look(source).columns == ("a", "b")
                run = Run(engine, plan, source, tmp_path)
                assert (run.value("a"), run.value("b")) == ([f"x{separator}{end}y", "z"], [1, 2])


@every_engine
def test_a_look_shows_header_types_and_values(engine: Engine, tmp_path: Path) -> None:
    """A layout has the header as it is written and a few values of each column."""
    layout = engine.look(csv_source(tmp_path, "생산량 (kt),b\n1,\n2,x\n3,y\n"), samples=2)
    assert layout.columns == ("생산량 (kt)", "b")
    assert layout.samples == (("1", "2"), ("x",))
    assert layout.types == ("text", "text")


HOSTILE: Mapping[str, tuple[bytes, str, dict[str, object]]] = {
    "empty": (b"", "file.empty", {}),
    "blank": (b"\n\n", "file.empty", {}),
    "header-only": (b"a,b\n", "file.header-only", {}),
    "blank-rows": (b"a,b\n,\n  ,\n", "file.header-only", {}),
    "twice": (b"a,b,a\n1,2,3\n", "file.header-twice", {"column": "a"}),
    "nameless": (b"a,,c\n1,2,3\n", "file.header-blank", {"place": 2}),
    "ours": (b"a,_row\n1,2\n", "file.header-name", {"column": "_row"}),
    "latin1": (b"a,b\nx,y\nx,\xe9\n", "file.encoding", {"offset": 10, "line": 3}),
    "latin1-header": (b"a,b\xe9\nx,y\n", "file.encoding", {"offset": 3, "line": 1}),
    "utf16": ("a,b\n1,2\n".encode("utf-16"), "file.nul", {}),
    "nul": (b"a,b\n1,\x00\n", "file.nul", {"offset": 6}),
    "wide": (b"a,b\n1,2\n1,2,3\n", "file.row-too-wide", {"row": 1, "fields": 3, "columns": 2}),
    "open-quote": (b'a,b\n1,2\n"1,2\n3,4\n', "file.row-malformed", {"row": 1}),
    "mid-quote": (b'a,b\n"1"x,2\n', "file.row-malformed", {"row": 0}),
    "gzip": (b"\x1f\x8b\x08abc", "file.compressed", {}),
    "zlib": (b"x\x5eabc", "file.compressed", {}),
    "old-mac": (b"a,b\r1,2\r3,4\r", "file.header-malformed", {}),
    "columns": (",".join(f"c{n}" for n in range(1001)).encode() + b"\n1\n", "file.too-many-columns", {"count": 1001}),
    "endless": (b"a,b\n1," + b"x" * (2 * polars_read.MAX_LINE + 1) + b"\n", "file.line-too-long", {}),
    "endless-header": (b"a" * (polars_read.MAX_LINE + 1), "file.line-too-long", {"offset": 0}),
}


@every_engine
@pytest.mark.parametrize("case", HOSTILE)
def test_a_file_that_cannot_be_read_is_refused_with_its_place(engine: Engine, case: str, tmp_path: Path) -> None:
    """Each kind of bad file has a code of its own and says where; nothing is written."""
    data, code, facts = HOSTILE[case]
    plan = plan_of(standard_of(Column(name="a", type=Type.TEXT)))
    error = refusal(engine, csv_source(tmp_path, data), plan)
    assert error.code == code
    assert facts.items() <= error.facts.items()


@every_engine
def test_columns_are_exactly_those_of_the_mapping(engine: Engine, tmp_path: Path) -> None:
    """A column that is neither mapped nor dropped, or mapped and absent, is named, all of them at once."""
    plan = plan_of(standard_of(Column(name="a", type=Type.TEXT), Column(name="z", type=Type.TEXT)))
    error = refusal(engine, csv_source(tmp_path, "a,b,x,y\n1,2,3,4\n"), plan)
    assert isinstance(error, Faults)
    assert [(fault.code, fault.facts["column"]) for fault in error.faults] == [
        ("deposit.column-absent", "z"),
        ("deposit.column-unknown", "x"),
        ("deposit.column-unknown", "y"),
    ]


@every_engine
def test_an_unknown_format_is_refused(engine: Engine, tmp_path: Path) -> None:
    """What is in no list of formats is not tried."""
    source = replace(csv_source(tmp_path, "a\n1\n"), format="sas7bdat")
    assert refusal(engine, source).code == "file.format-unknown"


# --- Parquet ----------------------------------------------------------------------------------------------------------


def parquet_source(folder: Path, frame: pl.DataFrame) -> Source:
    """The frame as a Parquet file."""
    path = folder / "data.parquet"
    frame.write_parquet(path)
    return Source(path=str(path), format="parquet", name="data.parquet")


@every_engine
def test_parquet_is_judged_as_the_text_that_it_stands_for(engine: Engine, tmp_path: Path) -> None:
    """Typed columns keep every digit: small doubles, nanoseconds' microseconds, zones, categories, booleans."""
    seoul = datetime(2026, 2, 3, 4, 5, 6, 7, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "n": pl.Series([1, None], dtype=pl.UInt8),
            "d": pl.Series([1e-7, 1e16], dtype=pl.Float64),
            "f": pl.Series([0.1, 2.5], dtype=pl.Float32),
            "b": [True, False],
            "day": [date(2026, 2, 3), None],
            "at": pl.Series([seoul, None]).dt.convert_time_zone("Asia/Seoul"),
            "c": pl.Series(["KOR", "DEU"], dtype=pl.Categorical),
        }
    )
    columns = (
        Column(name="n", type=Type.INTEGER),
        Column(name="d", type=Type.DECIMAL, scale=7),
        Column(name="f", type=Type.DECIMAL, scale=2),
        Column(name="b", type=Type.BOOLEAN),
        Column(name="day", type=Type.DATE),
        Column(name="at", type=Type.TIMESTAMP),
        Column(name="c", type=Type.TEXT),
    )
    source = parquet_source(tmp_path, frame)
    run = Run(engine, plan_of(standard_of(*columns)), source, tmp_path)
    assert run.admitted.row(0)[:7] == (
        1,
        Decimal("0.0000001"),
        Decimal("0.10"),
        True,
        date(2026, 2, 3),
        seoul,
        "KOR",
    )
    assert run.broken == {1: {"d.type"}}  # seventeen digits before the point
    assert run.sent[0]["d"] == "10000000000000000"
    assert engine.look(source).types[0] == "uint8"


@every_engine
def test_broken_nested_and_bloated_parquet_is_refused(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut-off files, columns that hold lists, no rows, and files that unpack to more than their size warrants."""
    frame = pl.DataFrame({"a": ["x" * 50] * 10_000, "b": list(range(10_000))})
    whole = Path(parquet_source(tmp_path, frame).path).read_bytes()
    source = parquet_source(tmp_path, frame)
    for cut in (0, 3, len(whole) // 2, len(whole) - 1):
        Path(source.path).write_bytes(whole[:cut])
        assert refusal(engine, source).code == ("file.parquet-broken" if cut else "file.empty")
    middle = len(whole) // 4
    Path(source.path).write_bytes(whole[:4] + bytes(middle) + whole[4 + middle :])
    assert refusal(engine, source).code == "file.parquet-broken"
    nested = parquet_source(tmp_path, pl.DataFrame({"a": [[1, 2]]}))
    assert refusal(engine, nested).code == "file.column-nested"
    assert refusal(engine, parquet_source(tmp_path, frame.head(0))).code == "file.header-only"
    monkeypatch.setattr(polars_read, "MAX_ROW_GROUP", 1_000)
    assert refusal(engine, parquet_source(tmp_path, frame)).code == "file.bomb-groups"
    monkeypatch.setattr(polars_read, "MAX_ROWS", 9_999)
    assert refusal(engine, parquet_source(tmp_path, frame)).code == "file.too-many-rows"


def test_rejects_beyond_the_limit_are_counted_but_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first rejects by row are kept, every one is counted, those of repeated keys too."""
    monkeypatch.setattr(polars_engine, "MAX_REJECTS", 3)
    columns = (Column(name="k", type=Type.INTEGER, required=True),)
    plan = plan_of(standard_of(*columns, repeat=Repeat.REFUSE))
    run = Run(PolarsEngine(), plan, csv_source(tmp_path, "k\nx\n1\n1\ny\nz\n2\n"), tmp_path)
    assert (run.tally.rejected, run.tally.faults) == (5, {"k.type": 3, "key.unique": 2})
    assert run.broken == {0: {"k.type"}, 1: {"key.unique"}, 2: {"key.unique"}}


# --- laws -------------------------------------------------------------------------------------------------------------

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
digits = st.from_regex(r"\A[+-]?[0-9]{1,15}(\.[0-9]{1,18})?\Z")


@quick
@given(
    texts=st.lists(digits, min_size=1, max_size=30),
    scale=st.integers(0, 12),
    precision=st.integers(12, 38),
    unit=st.sampled_from(["kg", "lb", "t"]),
)
def test_conversion_is_exact(texts: list[str], scale: int, precision: int, unit: str) -> None:
    """Every converted quantity is what exact fractions give, rounded half to even, or a fault if it has no room."""
    column = Column(name="w", type=Type.DECIMAL, scale=scale, precision=precision, unit="kg", units=(POUND, TONNE))
    plan = plan_of(standard_of(column), w=Feed(column="w", source="w", unit_source="u"))
    ratio = {"kg": Fraction(1), "lb": Fraction(45_359_237, 10**8), "t": Fraction(1000)}[unit]
    fraction = plan.cells[0].cast.fraction
    with TemporaryDirectory() as name:
        folder = Path(name)
        source = csv_source(folder, "w,u\n" + "".join(f"{text},{unit}\n" for text in texts))
        run = Run(PolarsEngine(), plan, source, folder)
        found = dict(zip(run.value("_row"), run.value("w"), strict=True)) if run.tally.admitted else {}
    for row, text in enumerate(texts):
        exact = round(Fraction(Decimal(text)) * ratio * 10**scale)
        fits = len(text.partition(".")[2]) <= fraction and abs(exact) < 10**precision
        assert (row in found) == fits
        if fits:
            assert Fraction(found[row]) * 10**scale == exact


@quick
@given(texts=st.lists(digits, min_size=1, max_size=30), scale=st.integers(0, 18), precision=st.integers(18, 38))
def test_rounding_without_a_unit_is_python_decimals_own(texts: list[str], scale: int, precision: int) -> None:
    """A plain decimal is rounded exactly as `decimal` does with ROUND_HALF_EVEN, and never cut short."""
    plan = plan_of(standard_of(Column(name="w", type=Type.DECIMAL, scale=scale, precision=precision)))
    with TemporaryDirectory() as name, localcontext() as context:
        context.prec = 60
        folder = Path(name)
        run = Run(PolarsEngine(), plan, csv_source(folder, "w\n" + "\n".join(texts) + "\n"), folder)
        found = dict(zip(run.value("_row"), run.value("w"), strict=True)) if run.tally.admitted else {}
        for row, text in enumerate(texts):
            expected = Decimal(text).quantize(Decimal(1).scaleb(-scale), rounding=ROUND_HALF_EVEN)
            fits = abs(expected) < Decimal(10) ** (precision - scale)
            assert (row in found) == fits
            if fits:
                assert found[row] == expected


dirt = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "1",
            "01",
            "+1",
            "-1",
            "1.5",
            "2.50",
            "1e3",
            "NaN",
            "kg",
            "lb",
            "T",
            "KOR",
            "kor",
            "2020-01-01",
            "2020-02-30",
            "2020-01-01T00:00:00Z",
            "2020-01-01 23:59:60",
            "true",
            "No",
            "a\nb",
            'q"q',
            "x,y",
            "가나다",
            "１",
            "9" * 18,
            "9" * 19,
            "0." + "3" * 18,
            "-0",
            "\u3000x",
            "x\u200b",
            "ß",
            "SS",
            "İ",
            "ﬁ",
        ]
    ),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=6),
)
kinds = st.sampled_from(list(Type))


@st.composite
def any_column(draw: st.DrawFn, name: str) -> Column:
    """A column of any type with any rules that fit it."""
    kind = draw(kinds)
    column = Column(name=name, type=kind, required=draw(st.booleans()))
    if kind is Type.TEXT:
        values = draw(st.sampled_from([(), (), ("KOR", "kg", "가나다"), ("ss", "fi", "x")]))
        coarse = Coarsening(groups={code: ("EAST", code)[n % 2] for n, code in enumerate(values)}) if values else None
        able = [p for p in Protection if p is not Protection.COARSEN or coarse is not None]
        protection = draw(st.sampled_from(able))
        return replace(
            column,
            values=values,
            coarsening=coarse if protection is Protection.COARSEN else None,
            pattern=draw(st.sampled_from([None, r"\A[a-zA-Z]+\z", r"\A.{1,3}\z"])),
            min_length=draw(st.sampled_from([None, 2])),
            max_length=draw(st.sampled_from([None, 3])),
            protection=protection,
            domain="firms",
            mask_keep=draw(st.integers(0, 3)),
        )
    if kind in {Type.INTEGER, Type.DECIMAL}:
        scale = draw(st.integers(0, 4)) if kind is Type.DECIMAL else 0
        units = draw(st.booleans())
        precision = draw(st.integers(7, 38))
        whole = st.sampled_from([Coarsening(width=Decimal(3)), Coarsening(edges=(Decimal(-7), Decimal(0), Decimal(2)))])
        coarse = draw(st.none() | whole)
        return replace(
            column,
            scale=scale,
            precision=precision,
            protection=Protection.KEEP if coarse is None else Protection.COARSEN,
            coarsening=coarse,
            minimum=draw(st.sampled_from([None, Decimal("0.5")] if coarse is None else [Decimal(-6), Decimal("0.5")])),
            maximum=draw(st.sampled_from([None, Decimal(1000)])),
            unit="kg" if units else None,
            units=(POUND, TONNE) if units else (),
        )
    if kind is Type.NUMBER:
        coarse = draw(st.sampled_from([None, Coarsening(edges=(Decimal("-0.1"), Decimal(0), Decimal("1.5")))]))
        least = [None, Decimal("1.5")] if coarse is None else [Decimal("-0.1")]
        protection = Protection.KEEP if coarse is None else Protection.COARSEN
        return replace(column, minimum=draw(st.sampled_from(least)), coarsening=coarse, protection=protection)
    if kind in {Type.DATE, Type.TIMESTAMP} and draw(st.booleans()):
        period = draw(st.sampled_from(list(Period)[kind is Type.DATE :]))
        column = replace(column, protection=Protection.COARSEN, coarsening=Coarsening(period=period))
    if kind is Type.DATE:
        return replace(column, maximum=draw(st.sampled_from([None, "2020-01-01"])))
    return column


@st.composite
def any_deposit(draw: st.DrawFn) -> tuple[Plan, list[list[str]]]:
    """A plan and the dirty cells of a file for it: one column for each of the standard, and one of units."""
    columns = [draw(any_column(f"c{n}")) for n in range(draw(st.integers(1, 4)))]
    able = [column.name for column in columns if column.required and column.type is not Type.NUMBER]
    key = tuple(able[: draw(st.integers(0, 2))])
    repeat = draw(st.sampled_from(list(Repeat))) if key else Repeat.KEEP
    same = [(a, b) for a in columns for b in columns if a is not b and a.type is b.type is not Type.DECIMAL]
    rules = tuple(
        CrossRule(
            id=f"cross{n}", left=a.name, op=draw(st.sampled_from(["<", "<=", ">", ">=", "=", "!="])), right=b.name
        )
        for n, (a, b) in enumerate(same[:2])
    )
    feeds = {
        column.name: Feed(column=column.name, source=column.name, unit_source="unit")
        for column in columns
        if column.unit and draw(st.booleans())
    }
    plan = plan_of(standard_of(*columns, key=key, repeat=repeat, rules=rules), **feeds)
    if "unit" not in plan.sources:
        plan = replace(plan, dropped=("unit",))
    rows = draw(st.lists(st.lists(dirt, min_size=len(columns) + 1, max_size=len(columns) + 1), min_size=1, max_size=12))
    return plan, rows + rows[: draw(st.integers(0, 2))]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(deposit=any_deposit())
def test_every_engine_gives_the_same_rows_and_masks(deposit: tuple[Plan, list[list[str]]]) -> None:
    """The law of the port: whatever the standard, the mapping and the dirt, both engines agree row for row."""
    plan, rows = deposit
    header = ",".join([*(cell.column for cell in plan.cells), "unit"])
    lines = [",".join('"{}"'.format(text.replace('"', '""')) for text in row) for row in rows]
    with TemporaryDirectory() as name:
        folder = Path(name)
        source = csv_source(folder, "\n".join([header, *lines]) + "\n")
        found: list[Any] = []
        for engine in ENGINES:
            try:
                run = Run(engine, plan, source, folder)
            except Invalid as error:
                found.append((error.code, error.facts))
                continue
            for column, told in ends_told(run).items():  # the reference engine tells none
                values = run.admitted[column]
                ends = {"minimum": plain(values.min()), "maximum": plain(values.max())} if "minimum" in told else {}
                assert told == {"missing": values.null_count(), **ends}
            facts = (run.tally.rows, run.tally.admitted, run.tally.rejected, run.tally.faults)
            found.append((facts, run.admitted.schema, run.admitted.rows(), run.broken, run.sent))
    assert found[0] == found[1]
