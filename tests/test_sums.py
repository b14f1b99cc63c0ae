"""The Sums port: exact sums by group and contributor, of whatever rows lie there, against plain arithmetic."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datadam.adapters.parquet_schema import polars_type, stored_schema
from datadam.adapters.polars_sums import PolarsSums
from datadam.formats import checked_table
from datadam.migration import Drawn, Step
from datadam.model import Coarsening, Column, Period, Type
from datadam.ports import SumOrder, SumPart
from worlds import refused

COLUMNS = (
    Column(name="place", type=Type.TEXT, values=("n", "s")),
    Column(name="energy", type=Type.DECIMAL, precision=38, scale=2, minimum=Decimal(0)),
    Column(name="plants", type=Type.INTEGER),
)
HUGE = Decimal("9" * 36 + ".99")


def stored(path: Path, rows: list[dict[str, Any]], columns: tuple[Column, ...] = COLUMNS) -> Path:
    """A stored file."""
    schema = {name: polars_type(kind) for name, kind in stored_schema(columns).items()}
    whole = [{"_deposit": path.stem, "_row": place, "_key": None, **row} for place, row in enumerate(rows)]
    pl.DataFrame(whole, schema=schema).write_parquet(path)
    return path


def order(*parts: SumPart, by: tuple[str, ...] = ("place",), supersede: bool = False) -> SumOrder:
    """Sum energy and plants, and count."""
    return SumOrder(columns=COLUMNS, by=by, measures=("energy", None, "plants"), parts=parts, supersede=supersede)


@settings(max_examples=15, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["n", "s", None]),
            st.sampled_from("ab"),
            st.one_of(st.none(), st.sampled_from([HUGE, Decimal("0.01")]), st.decimals(0, 10**9, places=2)),
            st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
        ),
        max_size=20,
    )
)
def test_sums_are_exact(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, str, Any, Any]]) -> None:
    """No sum overflows, none is rounded, and none of nothing is zero."""
    folder, wanted = tmp_path_factory.mktemp("sums"), dict[tuple[Any], dict[str, list[Any]]]()
    for place, who, energy, plants in rows:
        sums = wanted.setdefault((place,), {}).setdefault(who, [None, 0, None])
        sums[1] += 1
        if energy is not None:
            sums[0] = (sums[0] or 0) + int(Fraction(energy) * 100)
        if plants is not None:
            sums[2] = (sums[2] or 0) + plants
    parts = [
        SumPart(
            path=stored(
                folder / f"{who}.parquet",
                [{"place": p, "energy": e, "plants": n} for p, w, e, n in rows if w == who],
            ),
            contributor=who,
            sequence=number,
        )
        for number, who in enumerate("ab")
    ]
    found = PolarsSums().sums(order(*parts))
    assert found == {place: {who: tuple(sums) for who, sums in of.items()} for place, of in wanted.items()}


def test_only_the_newest_of_each_key_counts_where_it_supersedes(tmp_path: Path) -> None:
    """By contributor and key: what another contributor reports under the same key is another fact."""
    first = stored(tmp_path / "1.parquet", [{"place": "n", "energy": Decimal(1), "_key": b"k"}, {"place": "n"}])
    second = stored(
        tmp_path / "2.parquet",
        [{"place": "n", "energy": Decimal(2), "_key": b"k"}, {"place": "s", "energy": Decimal(3), "_key": b"k"}],
    )
    third = stored(tmp_path / "3.parquet", [{"place": "n", "energy": Decimal(9), "_key": b"k"}])
    parts = [
        SumPart(path=path, contributor=who, sequence=number)
        for number, (path, who) in enumerate([(first, "a"), (second, "a"), (third, "b")])
    ]
    found = PolarsSums().sums(order(*parts, supersede=True))
    assert found == {("n",): {"a": (None, 1, None), "b": (900, 1, None)}, ("s",): {"a": (300, 1, None)}}


def test_rows_of_an_older_version_are_summed_as_the_last_reads_them(tmp_path: Path) -> None:
    """In the units that the column has now; a column that came later is empty in them."""
    before = (COLUMNS[0], Column(name="kilo", type=Type.INTEGER))
    path = stored(tmp_path / "1.parquet", [{"place": "n", "kilo": 5}], before)
    drawn = (
        Drawn(column=COLUMNS[0], source=COLUMNS[0]),
        Drawn(column=COLUMNS[1], source=before[1], multiplier=100_000),
        Drawn(column=COLUMNS[2], source=None),
    )
    step = Step(drawn=drawn, faults=(), still=False)
    part = SumPart(path=path, contributor="a", sequence=1, columns=before, steps=(step,))
    assert PolarsSums().sums(order(part)) == {("n",): {"a": (500_000, 1, None)}}


def test_keys_are_named_as_the_standard_lists_them(tmp_path: Path) -> None:
    """Days, instants, bands, numbers and truth values."""
    columns = (
        Column(name="day", type=Type.DATE),
        Column(name="at", type=Type.TIMESTAMP, coarsening=Coarsening(period=Period.DAY)),
        Column(name="band", type=Type.DECIMAL, precision=9, scale=2),
        Column(name="half", type=Type.NUMBER),
        Column(name="size", type=Type.INTEGER),
        Column(name="open", type=Type.BOOLEAN),
    )
    row = {
        "day": date(2026, 11, 1),
        "at": datetime(2026, 11, 1, tzinfo=UTC),
        "band": Decimal("12.50"),
        "half": 12.5,
        "size": 3,
        "open": True,
    }
    path = stored(tmp_path / "1.parquet", [row], columns)
    part = SumPart(path=path, contributor="a", sequence=1)
    asked = SumOrder(columns=columns, by=tuple(row), measures=(None,), parts=(part,))
    assert PolarsSums().sums(asked) == {("2026-11-01", "2026-11-01T00:00:00Z", "12.50", "12.5", 3, True): {"a": (1,)}}


def test_a_total_alone_needs_no_dimension(tmp_path: Path) -> None:
    """By nothing there is one group."""
    path = stored(tmp_path / "1.parquet", [{"place": "n", "plants": 1}, {"place": "s", "plants": 2}])
    found = PolarsSums().sums(order(SumPart(path=path, contributor="a", sequence=1), by=()))
    assert found == {(): {"a": (None, 2, 3)}}
    assert PolarsSums().sums(order()) == {}


def test_a_file_that_is_gone_is_said_so_without_its_name(tmp_path: Path) -> None:
    """Nothing of rows or paths stands in the refusal."""
    part = SumPart(path=tmp_path / "gone.parquet", contributor="a", sequence=1)
    error = refused("table.not-summed", lambda: PolarsSums().sums(order(part)))
    assert error.facts == {}


def test_csv_names_what_it_is_not_in_every_line() -> None:
    """Totals are `*`, what is not told is empty, and no cell is worked out by a spreadsheet."""
    table = {
        "name": "t",
        "aggregate": "sum",
        "column": "energy",
        "unit": "MWh",
        "by": [{"column": "place", "keys": ["=1+1", None, True]}],
        "values": ["1.50", None, "2.00", "9.00"],
    }
    body = {"standard": "test.energy", "period": "2026-Q3", "tables": [table]}
    assert checked_table.write(body, checked_table.named(body, "t")).splitlines() == [
        "period,place,sum_energy,unit,privacy",
        "2026-Q3,'=1+1,1.50,MWh,not differentially private",
        "2026-Q3,,,MWh,not differentially private",
        "2026-Q3,true,2.00,MWh,not differentially private",
        "2026-Q3,*,9.00,MWh,not differentially private",
    ]
    refused("table.name-unknown", lambda: checked_table.named(body, "u"))
