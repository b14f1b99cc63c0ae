"""What every Twins does, Polars and memory alike; and the laws that private answers rest on."""

import math
import os
import pickle
import random
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from datadam.adapters import polars_twin, polars_twin_order
from datadam.adapters.memory.twins import MemoryTwins
from datadam.adapters.polars_twin import PolarsTwins
from datadam.errors import Invalid, NotFound, Unavailable
from datadam.ports import Cells, PartOrder, Twins
from datadam.privacy.recipe import Recipe
from datadam.protections import Aggregate, Clip

STANDARD = "energy.use"
SECRET = bytes(range(32))
TYPES: dict[str, Any] = {
    "firm": pl.Binary(),
    "country": pl.String(),
    "month": pl.Date(),
    "large": pl.Boolean(),
    "city": pl.String(),
    "use": pl.Decimal(18, 3),
    "count": pl.Int64(),
    "heat": pl.Float64(),
    "_deposit": pl.String(),
    "_row": pl.Int64(),
    "_key": pl.Binary(),
}
COUNTRIES = ("DE", "KR", None)


def straitened(root: Path) -> Twins:
    """Polars with room for next to nothing: files are counted, cut, ranged, looked at in batches, cells grouped."""
    return PolarsTwins(root, held=4, counted=1, batch=3, cells=2)


ADAPTERS: list[Callable[[Path], Twins]] = [MemoryTwins, PolarsTwins, straitened]
QUIET = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=ADAPTERS)
def twins(request: pytest.FixtureRequest, tmp_path: Path) -> Twins:
    """Each Twins there is, over an empty folder."""
    make: Callable[[Path], Twins] = request.param
    return make(tmp_path / "twins")


def recipe(**changes: Any) -> Recipe:
    """Two rows of each firm; counts by country, month and size, sums of use, count and heat."""
    told: dict[str, Any] = {
        "standard": STANDARD,
        "unit": "firm",
        "rows": 2,
        "hashed": ("country", "month", "large", "city", "use", "count", "heat"),
        "supersede": False,
        "keys": {"country": COUNTRIES, "month": ("2026-01-01", "2026-02-01"), "large": (False, True)},
        "open": ("city",),
        "sums": {
            "use": Clip(lowest=Decimal(0), highest=Decimal(100), scale=2),
            "count": Clip(lowest=Decimal(-5), highest=Decimal(5)),
            "heat": Clip(lowest=Decimal(-10), highest=Decimal(10), scale=1),
        },
    }
    return Recipe(**(told | changes))


def row(firm: int | None = 1, **values: Any) -> dict[str, Any]:
    """A row of a firm."""
    told = {"country": "KR", "month": date(2026, 1, 1), "large": True, "city": "Busan"}
    told |= {"use": Decimal("1.5"), "count": 1, "heat": 0.5, "_key": None}
    return told | {"firm": None if firm is None else bytes([firm]) * 16} | values


def numbered(count: int, firm: int = 1) -> list[dict[str, Any]]:
    """Different rows of one firm."""
    return [row(firm, use=Decimal(n) / 100, city=f"city {n}") for n in range(count)]


def order(folder: Path, rows: Sequence[dict[str, Any]], deposit: str = "d1", **told: Any) -> PartOrder:
    """A deposit of these rows, as an engine writes it."""
    admitted = folder / f"{deposit}.parquet"
    full = [{**one, "_deposit": deposit, "_row": at} for at, one in enumerate(rows)]
    pl.DataFrame(full, schema=told.pop("types", TYPES)).write_parquet(admitted)
    said: dict[str, Any] = {"recipe": recipe(), "secret": SECRET, "tag": "t1"} | told
    return PartOrder(admitted=admitted, deposit=deposit, **said)


def made(twins: Twins, folder: Path, *deposits: Sequence[dict[str, Any]], **told: Any) -> tuple[Recipe, list[Path]]:
    """A twin of deposits in the order of the log: the recipe, and where the twin lies."""
    by = told.pop("recipe", recipe())
    tags = told.pop("tags", ["t1"] * len(deposits))
    for at, (rows, tag) in enumerate(zip(deposits, tags, strict=True)):
        twins.bound(order(folder, rows, f"d{at}", recipe=by, tag=tag, **told))
    twins.merge(by, "2026-Q3.1", [f"d{at}" for at in range(len(deposits))])
    return by, [twins.path(STANDARD, "2026-Q3.1")]


def total(twins: Twins, by: Recipe, paths: list[Path], aggregate: Aggregate, **cells: Any) -> int:
    """The one cell of a question without keys."""
    (found,) = twins.tally(by, paths, Cells(aggregate=aggregate, **cells))
    return found


def everything(path: Path) -> list[tuple[Any, ...]]:
    """Every row of a part or twin, for comparing."""
    frame = pl.read_parquet(path, glob=False)
    return frame.select(sorted(frame.columns)).rows()


# --- who counts, and how much -----------------------------------------------------------------------------------------


def test_of_each_unit_so_many_rows_count_and_no_more(twins: Twins, tmp_path: Path) -> None:
    """Three firms hand in 5, 2 and 1 rows; two of each may count."""
    by, paths = made(twins, tmp_path, [*numbered(5, 1), *numbered(2, 2), *numbered(1, 3)])
    assert total(twins, by, paths, Aggregate.COUNT) == 5
    assert total(twins, by, paths, Aggregate.DISTINCT) == 3


def test_where_the_contributor_is_the_unit_each_contributor_is_one(twins: Twins, tmp_path: Path) -> None:
    """A tag stands for its contributor whatever the rows hold."""
    rows = [numbered(3, 1), numbered(3, 2), numbered(1, 3)]
    by, paths = made(twins, tmp_path, *rows, recipe=recipe(unit="contributor"), tags=["a", "a", "b"])
    assert total(twins, by, paths, Aggregate.COUNT) == 3
    assert total(twins, by, paths, Aggregate.DISTINCT) == 2


def test_rows_of_no_unit_do_not_count(twins: Twins, tmp_path: Path) -> None:
    """A null unit is nobody's: together such rows would be a unit of many."""
    by, paths = made(twins, tmp_path, [row(None), row(1)])
    assert total(twins, by, paths, Aggregate.COUNT) == 1


def test_equal_rows_are_interchangeable_and_each_counts(twins: Twins, tmp_path: Path) -> None:
    """Which of ten equal rows are kept cannot be told, and is not."""
    by, paths = made(twins, tmp_path, [row() for _ in range(10)])
    assert total(twins, by, paths, Aggregate.COUNT) == 2


def test_another_secret_chooses_other_rows(twins: Twins, tmp_path: Path) -> None:
    """Nobody without it can tell which rows count."""
    chosen = []
    for secret in (bytes(32), SECRET):
        by, paths = made(twins, tmp_path, numbered(100), secret=secret)
        chosen.append(twins.tally_open(by, paths, Cells(aggregate=Aggregate.COUNT), "city"))
    assert chosen[0] != chosen[1]


def test_units_with_equal_rows_keep_different_ones(twins: Twins, tmp_path: Path) -> None:
    """The unit is hashed with its rows: else the same content would be kept, or lost, in every unit at once."""
    rows = [one for firm in range(40) for one in numbered(8, firm)]
    by, paths = made(twins, tmp_path, rows)
    found = twins.tally_open(by, paths, Cells(aggregate=Aggregate.COUNT), "city")
    assert sum(found.values()) == 80
    assert len(found) == 8
    assert max(found.values()) < 25


def test_rows_with_keys_of_their_own_are_chosen_one_by_one(twins: Twins, tmp_path: Path) -> None:
    """Of rows that count alike a unit keeps some, not all or none: else each unit would stand for a single cell."""
    rows = [row(n // 20, large=n % 2 == 0, _key=n.to_bytes(16, "big")) for n in range(20, 620)]
    by, paths = made(twins, tmp_path, rows)
    asked = Cells(aggregate=Aggregate.DISTINCT, by=("large",))
    assert total(twins, by, paths, Aggregate.DISTINCT) == 30
    assert sum(twins.tally(by, paths, asked)) > 35


# --- cells ------------------------------------------------------------------------------------------------------------


def test_cells_are_all_combinations_of_public_keys_whoever_is_in_them(twins: Twins, tmp_path: Path) -> None:
    """Zeros are told like numbers, in an order that no row decides: the last column runs fastest."""
    rows = [row(1), row(2, country="DE", large=False), row(3, country=None), row(3, country=None)]
    by, paths = made(twins, tmp_path, rows)
    asked = Cells(aggregate=Aggregate.COUNT, by=("country", "large"))
    assert list(twins.tally(by, paths, asked)) == [1, 0, 0, 1, 0, 2]


def test_no_twin_and_no_row_give_zeros(twins: Twins, tmp_path: Path) -> None:
    """A pool that is empty answers like any other."""
    by, paths = made(twins, tmp_path, [row(None)])
    for aggregate in (Aggregate.COUNT, Aggregate.DISTINCT):
        assert list(twins.tally(by, paths, Cells(aggregate=aggregate, by=("large",)))) == [0, 0]
        assert list(twins.tally(by, [], Cells(aggregate=aggregate, by=("large",)))) == [0, 0]
        assert dict(twins.tally_open(by, [], Cells(aggregate=aggregate), "city")) == {}
    assert list(twins.tally(by, paths, Cells(aggregate=Aggregate.SUM, column="use"))) == [0]
    bins = Cells(aggregate=Aggregate.HISTOGRAM, column="use", edges=(0, 1, 2), by=("large",))
    assert list(twins.tally(by, paths, bins)) == [0, 0, 0, 0]


def test_conditions_all_hold_for_each_row_that_counts(twins: Twins, tmp_path: Path) -> None:
    """Keys by their places, open texts as they are, values between two ends that both count."""
    rows = [row(1, use=Decimal(1)), row(2, use=Decimal(2)), row(3, use=Decimal(3), city="Ulm"), row(4, use=None)]
    by, paths = made(twins, tmp_path, rows)
    asked: list[tuple[dict[str, Any], int]] = [
        ({"between": {"use": (100, 200)}}, 2),
        ({"between": {"use": (100, 300)}, "matching": {"city": frozenset({"Ulm", "Bonn"})}}, 1),
        ({"among": {"country": frozenset({1, 2})}}, 4),
        ({"among": {"country": frozenset({0})}}, 0),
        ({"among": {"country": frozenset()}}, 0),
        ({"matching": {"city": frozenset()}}, 0),
        ({"valued": True, "column": "use"}, 3),
    ]
    for conditions, count in asked:
        assert total(twins, by, paths, Aggregate.COUNT, **conditions) == count, conditions


def test_a_histogram_has_its_bins_within_each_cell(twins: Twins, tmp_path: Path) -> None:
    """A bin begins at its edge and ends before the next, the last with its end; what lies in none is left out."""
    uses = [0, 1, 5, 9, 10, 99, None]
    rows = [row(n, use=None if use is None else Decimal(use) / 100, large=n % 2 == 0) for n, use in enumerate(uses)]
    by, paths = made(twins, tmp_path, rows)
    asked = Cells(aggregate=Aggregate.HISTOGRAM, column="use", edges=(0, 1, 5, 10), by=("large",))
    assert list(twins.tally(by, paths, asked)) == [0, 1, 1, 1, 0, 2]


def test_open_keys_are_also_whole_numbers_and_days(twins: Twins, tmp_path: Path) -> None:
    """As a question names them: `7` and `2026-01-02`; what else a file may have there is no key."""
    types = {**TYPES, "city": pl.Int64(), "month": pl.Date()}
    rows = [row(n, city=n % 2 - 1, month=date(2026, 1, 2)) for n in range(3)] + [row(3, city=None)]
    keys = {name: found for name, found in recipe().keys.items() if name != "month"}
    by, paths = made(twins, tmp_path, rows, recipe=recipe(keys=keys, open=("city", "month")), types=types)
    assert dict(twins.tally_open(by, paths, Cells(aggregate=Aggregate.COUNT), "city")) == {"-1": 2, "0": 1}
    asked = Cells(aggregate=Aggregate.COUNT, matching={"city": frozenset({"0", "-1"})})
    assert dict(twins.tally_open(by, paths, asked, "month")) == {"2026-01-02": 3}


def test_open_keys_are_counted_in_rows_or_in_units(twins: Twins, tmp_path: Path) -> None:
    """What has no text has no key."""
    rows = [row(1, city="Ulm"), row(1, city="Ulm"), row(2, city="Ulm"), row(3, city=None), row(4, city="")]
    by, paths = made(twins, tmp_path, rows)
    assert dict(twins.tally_open(by, paths, Cells(aggregate=Aggregate.COUNT), "city")) == {"Ulm": 3, "": 1}
    assert dict(twins.tally_open(by, paths, Cells(aggregate=Aggregate.DISTINCT), "city")) == {"Ulm": 2, "": 1}
    asked = Cells(aggregate=Aggregate.COUNT, between={"use": (150, 150)}, among={"large": frozenset({1})})
    assert dict(twins.tally_open(by, paths, asked, "city")) == {"Ulm": 3, "": 1}


def test_a_unit_in_two_periods_counts_twice_in_rows_and_once_in_units(twins: Twins, tmp_path: Path) -> None:
    """What sums and counts of two periods may move grows with their number; distinct units stay distinct."""
    by = recipe()
    for deposit, name in (("d1", "2026-Q3.1"), ("d2", "2026-Q4.1")):
        twins.bound(order(tmp_path, numbered(3), deposit))
        twins.merge(by, name, [deposit])
    paths = [twins.path(STANDARD, name) for name in ("2026-Q3.1", "2026-Q4.1")]
    assert total(twins, by, paths, Aggregate.COUNT) == 4
    assert total(twins, by, paths, Aggregate.DISTINCT) == 1


# --- values -----------------------------------------------------------------------------------------------------------

FAR = 2**63 - 1


@pytest.mark.parametrize(
    ("column", "value", "counted"),
    [
        ("use", Decimal("1.005"), 100), ("use", Decimal("1.015"), 102), ("use", Decimal("0.005"), 0),
        ("use", Decimal(-3), 0), ("use", Decimal("999999999999999.999"), 10_000), ("use", None, None),
        ("count", 3, 3), ("count", FAR, 5), ("count", -FAR - 1, -5), ("count", None, None),
        ("heat", 0.25, 2), ("heat", 0.35, 4), ("heat", -0.0, 0), ("heat", 1e308, 100), ("heat", -1e308, -100),
        ("heat", 5e-324, 0), ("heat", float("inf"), None), ("heat", float("-inf"), None), ("heat", float("nan"), None),
    ],
)  # fmt: skip
def test_whatever_a_value_is_it_counts_within_its_clip(
    twins: Twins, tmp_path: Path, column: str, value: Any, counted: int | None
) -> None:
    """Half to even at the declared digit, then cut off at the clip; what is no finite number is no value."""
    by, paths = made(twins, tmp_path, [row(**{column: value})])
    assert total(twins, by, paths, Aggregate.SUM, column=column) == (counted or 0)
    assert total(twins, by, paths, Aggregate.COUNT, column=column, valued=True) == (counted is not None)


def test_zeros_of_both_signs_and_kinds_of_nothing_are_one(twins: Twins, tmp_path: Path) -> None:
    """-0.0 is 0.0 and each NaN is no value: no bit of a double tells rows apart that count alike."""
    ranks = set()
    for at, pair in enumerate([(0.0, -0.0), (float("nan"), None)]):
        fact = twins.bound(order(tmp_path, [row(heat=heat) for heat in pair], f"d{at}"))
        ranks.add(tuple(everything(Path(fact.path))))
        assert len(set(everything(Path(fact.path)))) == 1
    assert len(ranks) == 2


@pytest.mark.parametrize("scale", [0, 3, 15])
def test_sums_at_the_edge_of_what_fits_are_exact(twins: Twins, tmp_path: Path, scale: int) -> None:
    """Integers close to 2^62 are added without wrapping round."""
    most = Decimal(2**62 - 1).scaleb(-scale)
    by = recipe(rows=8, sums={"count": Clip(lowest=-most, highest=most, scale=scale)})
    by, paths = made(twins, tmp_path, [row(count=FAR) for _ in range(8)], recipe=by)
    assert total(twins, by, paths, Aggregate.SUM, column="count") == 8 * (2**62 - 1)
    assert list(twins.tally(by, paths, Cells(aggregate=Aggregate.SUM, column="count", by=("large",))))[1] > 2**64


@pytest.mark.parametrize(
    "clip",
    [
        Clip(lowest=Decimal(0), highest=Decimal(2**62)),
        Clip(lowest=Decimal(-(2**62)), highest=Decimal(0)),
        Clip(lowest=Decimal(1), highest=Decimal(0)),
        Clip(lowest=Decimal(0), highest=Decimal(0), scale=19),
        Clip(lowest=Decimal(0), highest=Decimal(10), scale=-1),
    ],
)
def test_a_clip_that_does_not_fit_is_refused_before_any_row_is_seen(twins: Twins, tmp_path: Path, clip: Clip) -> None:
    """It is a fault of the standard, never of a row."""
    with pytest.raises(Invalid) as refused:
        twins.bound(order(tmp_path, [], recipe=recipe(sums={"count": clip})))
    assert refused.value.code == "twin.clip-unfit"


def test_a_decimal_of_many_digits_is_rounded_once(twins: Twins, tmp_path: Path) -> None:
    """38 digits, 30 of them after the point, to two: never through a double, never twice."""
    types = TYPES | {"use": pl.Decimal(38, 30)}
    values = ["0.124999999999999999999999999999", "0.125", "0.125000000000000000000000000001", "12345678.9", "-0.015"]
    by = recipe(rows=9, sums={"use": Clip(lowest=Decimal(-1), highest=Decimal(10**6), scale=2)})
    for at, (value, counted) in enumerate(zip(values, [12, 12, 13, 10**8, -2], strict=True)):
        twins.bound(order(tmp_path, [row(use=Decimal(value))], f"d{at}", recipe=by, types=types))
        twins.merge(by, f"{at}.1", [f"d{at}"])
        assert total(twins, by, [twins.path(STANDARD, f"{at}.1")], Aggregate.SUM, column="use") == counted


# --- keys -------------------------------------------------------------------------------------------------------------


def test_keys_are_found_in_columns_of_every_type(twins: Twins, tmp_path: Path) -> None:
    """Texts, whole numbers, yes and no, days, instants, bands of decimals and of doubles; what is no key finds none."""
    moment = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    cases: list[tuple[Any, Any, tuple[Any, ...]]] = [
        (pl.String(), "b", ("a", "b")),
        (pl.Int64(), 7, (5, 7)),
        (pl.Boolean(), True, (False, True)),
        (pl.Date(), date(2026, 3, 1), ("2026-02-01", "2026-03-01")),
        (pl.Datetime("us", "UTC"), moment, ("2026-03-01T00:00:00Z", "2026-03-01T09:30:00Z")),
        (pl.Datetime("us", "UTC"), moment, ("2026-03-01", "2026-03-01T18:30:00+09:00")),
        (pl.Decimal(18, 3), Decimal("0.5"), ("0", "0.5")),
        (pl.Float64(), 0.5, ("0", "0.5")),
        (pl.String(), "x", ("a", None)),
        (pl.Date(), date(2026, 3, 1), ("no day", None)),
        (pl.Decimal(18, 3), Decimal("0.5"), ("no number", None)),
        (pl.Int64(), 1, (True, None)),
        (pl.Boolean(), True, (1, None)),
    ]
    for at, (kind, value, keys) in enumerate(cases):
        by = recipe(keys={"country": keys})
        types = TYPES | {"country": kind}
        twins.bound(order(tmp_path, [row(country=value)], f"d{at}", recipe=by, types=types))
        twins.merge(by, f"{at}.1", [f"d{at}"])
        asked = Cells(aggregate=Aggregate.COUNT, by=("country",))
        assert list(twins.tally(by, [twins.path(STANDARD, f"{at}.1")], asked)) == [0, 1], (kind, keys)


def test_what_has_no_public_key_takes_the_place_of_nothing_or_falls_out(twins: Twins, tmp_path: Path) -> None:
    """A code that was struck off the list is no error and no cell of its own, and takes no other row's place."""
    rows = [row(1, country="XX"), row(1, country=None), row(1, country="KR"), row(1, country="KR")]
    asked = Cells(aggregate=Aggregate.COUNT, by=("country",))
    by, paths = made(twins, tmp_path, rows, recipe=recipe(rows=9))
    assert list(twins.tally(by, paths, asked)) == [0, 2, 2]
    by, paths = made(twins, tmp_path, rows, recipe=recipe(keys={"country": ("DE", "KR")}))
    assert list(twins.tally(by, paths, asked)) == [0, 2]


def test_a_column_that_a_file_lacks_holds_nothing(twins: Twins, tmp_path: Path) -> None:
    """A deposit from before a column came is bounded like one that left it empty."""
    older = {name: kind for name, kind in TYPES.items() if name not in {"country", "use", "city", "large"}}
    rows = [{name: value for name, value in row().items() if name in older}]
    by = recipe(keys={"country": COUNTRIES})
    by, paths = made(twins, tmp_path, rows, recipe=by, types=older)
    assert list(twins.tally(by, paths, Cells(aggregate=Aggregate.COUNT, by=("country",)))) == [0, 0, 1]
    assert total(twins, by, paths, Aggregate.COUNT, column="use", valued=True) == 0
    assert dict(twins.tally_open(by, paths, Cells(aggregate=Aggregate.COUNT), "city")) == {}


def test_more_keys_than_fit_a_byte_have_places(twins: Twins, tmp_path: Path) -> None:
    """300 and 70,000 keys, the last of each."""
    for count in (300, 70_000):
        by = recipe(keys={"country": tuple(f"c{n}" for n in range(count))})
        by, paths = made(twins, tmp_path, [row(country=f"c{count - 1}")], recipe=by)
        assert list(twins.tally(by, paths, Cells(aggregate=Aggregate.COUNT, by=("country",)))) == [
            *[0] * (count - 1),
            1,
        ]


# --- newer reports ----------------------------------------------------------------------------------------------------


def test_a_newer_report_takes_the_very_place_of_the_older(twins: Twins, tmp_path: Path) -> None:
    """Where rows supersede, corrections move no other row in or out: the place hangs on the key alone."""
    by = recipe(supersede=True, hashed=("city",))
    first = [{**one, "_key": bytes([at]) * 16} for at, one in enumerate(numbered(6))]
    by, paths = made(twins, tmp_path, first, recipe=by)
    cities = dict(twins.tally_open(by, paths, Cells(aggregate=Aggregate.COUNT), "city"))
    second = [{**one, "use": Decimal(50), "city": f"{one['city']}, mended"} for one in first]
    by, paths = made(twins, tmp_path, first, second, recipe=by)
    assert dict(twins.tally_open(by, paths, Cells(aggregate=Aggregate.COUNT), "city")) == {
        f"{city}, mended": count for city, count in cities.items()
    }
    assert total(twins, by, paths, Aggregate.SUM, column="use") == 2 * 5000


def test_equal_keys_of_two_contributors_or_two_units_are_two_rows(twins: Twins, tmp_path: Path) -> None:
    """Nobody's report can push out another's: what a unit adds hangs on its own rows alone."""
    by, key = recipe(supersede=True, rows=9), bytes(16)
    one, two = [row(1, _key=key)], [row(2, _key=key)]
    by, paths = made(twins, tmp_path, one, one, two, recipe=by, tags=["a", "b", "a"])
    assert total(twins, by, paths, Aggregate.COUNT) == 3


def test_a_row_without_a_key_is_told_by_its_content(twins: Twins, tmp_path: Path) -> None:
    """Nothing supersedes it but its equal."""
    by = recipe(supersede=True, rows=9)
    by, paths = made(twins, tmp_path, numbered(3), numbered(4), recipe=by)
    assert total(twins, by, paths, Aggregate.COUNT) == 4


def test_of_equal_keys_in_one_deposit_content_decides(twins: Twins, tmp_path: Path) -> None:
    """A deposit has a key once; if it had it twice, the place in the file would still not matter."""
    by = recipe(supersede=True)
    rows = [row(use=Decimal(n), heat=heat, city=city, _key=bytes(16)) for n, heat, city in
            ((1, 1.0, "a"), (2, None, None), (2, 1.0, None), (2, 1.0, "b"), (2, 1.0, "a"))]  # fmt: skip
    found = set()
    for at in range(6):
        random.Random(at).shuffle(rows)
        fact = twins.bound(order(tmp_path, rows, f"d{at}", recipe=by))
        found.add(tuple(everything(Path(fact.path))))
    assert len(found) == 1


# --- files ------------------------------------------------------------------------------------------------------------


def test_the_same_order_makes_the_same_part_byte_for_byte(twins: Twins, tmp_path: Path) -> None:
    """Made again after a crash, and out of shuffled rows, a part is what it was, and so is a twin."""
    rows = [one for firm in range(9) for one in numbered(5, firm)]
    facts = []
    for at in range(3):
        random.Random(at).shuffle(rows)
        fact = twins.bound(order(tmp_path, rows))
        facts.append((fact, twins.merge(recipe(), "2026-Q3.1", ["d1"])))
    assert facts[0] == facts[1] == facts[2]
    assert facts[0][0].rows == 18
    assert Path(facts[0][0].path).stat().st_size == facts[0][0].size


def test_the_parts_that_are_held_are_told(twins: Twins, tmp_path: Path) -> None:
    """All of them, or those that the recipe made."""
    assert twins.parts(STANDARD) == frozenset()
    twins.bound(order(tmp_path, [row()], "d1"))
    twins.bound(order(tmp_path, [row()], "d2", recipe=recipe(rows=3)))
    assert twins.parts(STANDARD) == {"d1", "d2"}
    assert twins.parts(STANDARD, recipe()) == {"d1"}


def test_a_part_that_goes_takes_every_twin_of_it_along(twins: Twins, tmp_path: Path) -> None:
    """What was withdrawn stands in no twin a moment longer; other twins stay."""
    by = recipe()
    for deposit in ("d1", "d2", "d3"):
        twins.bound(order(tmp_path, [row()], deposit))
    twins.merge(by, "2026-Q3.1", ["d1", "d2"])
    twins.merge(by, "2026-Q4.1", ["d3"])
    twins.drop(STANDARD, ["d2", "d9"])
    assert twins.parts(STANDARD) == {"d1", "d3"}
    with pytest.raises(NotFound) as gone:
        twins.path(STANDARD, "2026-Q3.1")
    assert gone.value.code == "twin.unknown"
    assert twins.path(STANDARD, "2026-Q4.1").is_file()
    with pytest.raises(NotFound) as missing:
        twins.merge(by, "2026-Q3.2", ["d1", "d2"])
    assert missing.value.code == "twin.part-unknown"
    twins.merge(by, "2026-Q3.2", ["d1"])
    twins.drop(STANDARD, ["d2"])
    twins.drop("nothing.here", ["d2"])


def test_what_another_recipe_made_is_neither_merged_nor_asked(twins: Twins, tmp_path: Path) -> None:
    """Its integers mean something else."""
    _, paths = made(twins, tmp_path, [row()])
    other = recipe(rows=3)
    with pytest.raises(NotFound):
        twins.merge(other, "2026-Q3.2", ["d0"])
    with pytest.raises(Unavailable) as differs:
        twins.tally(other, paths, Cells(aggregate=Aggregate.COUNT))
    assert differs.value.code == "twin.recipe-differs"
    with pytest.raises(Unavailable):
        twins.tally_open(other, paths, Cells(aggregate=Aggregate.COUNT), "city")


def test_nobody_else_may_read_parts_and_twins(twins: Twins, tmp_path: Path) -> None:
    """They hold rows: files for their owner, in folders for their owner."""
    made(twins, tmp_path, [row()])
    root = tmp_path / "twins"
    found = [root, *root.rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in found if path.is_dir()} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in found if path.is_file()} == {0o600}
    assert sum(path.is_file() for path in found) == 3


@pytest.mark.parametrize("name", ["../x.1", "a/b.1", "", "2026-Q3", "2026-Q3.x", ".1"])
def test_names_are_no_paths(twins: Twins, tmp_path: Path, name: str) -> None:
    """A twin's name and a deposit's id are parts of file names."""
    with pytest.raises(Invalid):
        twins.merge(recipe(), name, [])
    with pytest.raises(Invalid):
        twins.path(STANDARD, name)
    with pytest.raises(Invalid):
        twins.drop(STANDARD, [f"{name}/"])
    assert not (tmp_path / "twins").exists()


def test_what_cannot_be_read_is_told_as_unavailable(twins: Twins, tmp_path: Path) -> None:
    """A broken file is the operator's trouble, and no row of it is shown."""
    by, paths = made(twins, tmp_path, [row()])
    (tmp_path / "twins" / STANDARD / "parts" / "d0.parquet").write_bytes(b"secret rows")
    paths[0].write_bytes(b"secret rows")
    for attempt in (lambda: twins.merge(by, "2026-Q3.2", ["d0"]), lambda: twins.parts(STANDARD, by),
                    lambda: twins.tally(by, paths, Cells(aggregate=Aggregate.COUNT))):  # fmt: skip
        with pytest.raises(Unavailable) as broken:
            attempt()
        assert broken.value.code == "twin.disk"
        assert "secret" not in str(broken.value.facts)


def test_what_a_crash_left_is_made_anew_or_dropped(twins: Twins, tmp_path: Path) -> None:
    """Half a file is nobody's part, and goes with its deposit."""
    by, _ = made(twins, tmp_path, [row()])
    folder = tmp_path / "twins" / STANDARD
    for left in (folder / "parts" / ".d0.parquet.part", folder / "twins" / ".2026-Q3.1.parquet.part"):
        left.write_bytes(b"half")
    assert twins.parts(STANDARD) == {"d0"}
    twins.merge(by, "2026-Q3.1", ["d0"])
    twins.drop(STANDARD, ["d0"])
    assert [path for path in folder.rglob("*") if path.is_file()] == []


# --- laws -------------------------------------------------------------------------------------------------------------

any_row = st.builds(
    row,
    firm=st.sampled_from([None, 1, 2, 3]),
    country=st.sampled_from(["KR", "DE", "XX", None]),
    large=st.booleans(),
    city=st.sampled_from(["Busan", "", None]),
    use=st.sampled_from([None, *map(Decimal, ("0", "1.005", "99.999", "-1"))]),
    count=st.none() | st.integers(-(2**63), 2**63 - 1),
    heat=st.none() | st.floats(),
    _key=st.sampled_from([None, *(bytes([n]) * 16 for n in range(4))]),
)
deposits = st.lists(st.lists(any_row, max_size=9), min_size=1, max_size=4)


def fresh(twins: Twins, folder: Path) -> Twins:
    """The same kind over a folder of its own: hypothesis calls a test many times with one fixture."""
    return type(twins)(folder / uuid4().hex)  # type: ignore[call-arg]  # each takes its root


@QUIET
@given(deposits=deposits, gone=st.integers(0, 3), rows=st.integers(1, 4), unit=st.sampled_from(["firm", "contributor"]))
def test_merging_is_bounding_anew_also_after_withdrawals(
    twins: Twins, tmp_path: Path, deposits: list[list[dict[str, Any]]], gone: int, rows: int, unit: str
) -> None:
    """The twin of what is left is the same bytes as if all rows that are left had come in one deposit."""
    twins, by = fresh(twins, tmp_path), recipe(rows=rows, unit=unit)
    for at, one in enumerate(deposits):
        twins.bound(order(tmp_path, one, f"d{at}", recipe=by))
    twins.merge(by, "2026-Q3.1", [f"d{at}" for at in range(len(deposits))])
    twins.drop(STANDARD, [f"d{gone}"])
    left = [at for at in range(len(deposits)) if at != gone]
    merged = twins.merge(by, "2026-Q3.2", [f"d{at}" for at in left])
    twins.bound(order(tmp_path, [one for at in left for one in deposits[at]], "all", recipe=by))
    anew = twins.merge(by, "2026-Q3.3", ["all"])
    assert (merged.digest, merged.rows) == (anew.digest, anew.rows)


@QUIET
@given(deposits=deposits, rows=st.integers(1, 4), lost=st.integers(0, 3))
def test_of_superseding_reports_the_newest_that_are_left_count(
    twins: Twins, tmp_path: Path, deposits: list[list[dict[str, Any]]], rows: int, lost: int
) -> None:
    """Keys come once a deposit. The twin is that of each key's newest row in its unit, also after one withdrawal."""
    twins, by = fresh(twins, tmp_path), recipe(rows=rows, supersede=True)
    once = [list({one["_key"]: one for one in rows if one["_key"]}.values()) for rows in deposits]
    for at, one in enumerate(once):
        twins.bound(order(tmp_path, one, f"d{at}", recipe=by))
    left = [at for at in range(len(once)) if at != lost]
    merged = twins.merge(by, "2026-Q3.1", [f"d{at}" for at in left])
    public = [one for at in left for one in once[at]]  # each row's country has a place: that of nothing, if no other
    newest = {(one["firm"], one["_key"]): one for one in public}
    twins.bound(order(tmp_path, list(newest.values()), "all", recipe=by))
    anew = twins.merge(by, "2026-Q3.2", ["all"])
    assert (merged.digest, merged.rows) == (anew.digest, anew.rows)


@QUIET
@given(others=st.lists(any_row, max_size=9), before=st.lists(any_row, max_size=5), after=st.lists(any_row, max_size=5))
def test_what_a_unit_adds_hangs_on_its_own_rows_alone(
    twins: Twins,
    tmp_path: Path,
    others: list[dict[str, Any]],
    before: list[dict[str, Any]],
    after: list[dict[str, Any]],
) -> None:
    """Replace all rows of one unit, wherever they stand: of the others the same rows count, to the last."""
    twins, by, mine = fresh(twins, tmp_path), recipe(), bytes([1]) * 16
    kept = [one for one in others if one["firm"] not in {mine, None}]
    found = []
    for at, rows in enumerate((before, after)):
        owned = [{**one, "firm": mine} for one in rows]
        twins.bound(order(tmp_path, [*owned[:2], *kept, *owned[2:]], f"d{at}", recipe=by))
        twins.merge(by, f"{at}.1", [f"d{at}"])
        frame = pl.read_parquet(twins.path(STANDARD, f"{at}.1"))
        of_mine = frame["_unit.high"] == int.from_bytes(mine[:8], "little")
        assert of_mine.sum() <= by.rows
        found.append(frame.filter(~of_mine).rows())
    assert found[0] == found[1]


@QUIET
@given(rows=st.lists(any_row, max_size=12), seed=st.integers(0, 9))
def test_tallies_are_what_the_rows_say(twins: Twins, tmp_path: Path, rows: list[dict[str, Any]], seed: int) -> None:
    """With a bound that nobody reaches, every cell is what counting by hand gives, whatever the order of the rows."""
    twins, by = fresh(twins, tmp_path), recipe(rows=50)
    random.Random(seed).shuffle(rows)
    by, paths = made(twins, tmp_path, rows, recipe=by)
    counted = [one for one in rows if one["firm"] is not None]
    code = {"DE": 0, "KR": 1}
    cells = list(product(range(3), range(2)))
    place = [(code.get(one["country"], 2), int(one["large"])) for one in counted]
    own = {name: [clipped(name, one[name]) for one in counted] for name in ("use", "count", "heat")}
    by_cell = Cells(aggregate=Aggregate.COUNT, by=("country", "large"))
    assert list(twins.tally(by, paths, by_cell)) == [place.count(cell) for cell in cells]
    for name, values in own.items():
        asked = Cells(aggregate=Aggregate.SUM, column=name, by=("country", "large"))
        sums = [sum(v or 0 for v, p in zip(values, place, strict=True) if p == cell) for cell in cells]
        assert list(twins.tally(by, paths, asked)) == sums
    firms = {(cell, one["firm"]) for cell, one in zip(place, counted, strict=True)}
    distinct = Counter(cell for cell, _ in firms)
    asked = Cells(aggregate=Aggregate.DISTINCT, by=("country", "large"))
    assert list(twins.tally(by, paths, asked)) == [distinct[cell] for cell in cells]
    among = Cells(aggregate=Aggregate.COUNT, among={"country": frozenset({0, 2})}, between={"use": (1, 9_999)})
    within = [p[0] != 1 and v is not None and 1 <= v <= 9_999 for p, v in zip(place, own["use"], strict=True)]
    assert list(twins.tally(by, paths, among)) == [sum(within)]


def clipped(name: str, value: Any) -> int | None:
    """A value in fixed point, worked out for these clips alone."""
    low, high, scale = {"use": (0, 100, 2), "count": (-5, 5, 0), "heat": (-10, 10, 1)}[name]
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return round(Fraction(min(max(value, low), high) * 10**scale))


# --- the two against each other ---------------------------------------------------------------------------------------


@QUIET
@given(rows=st.lists(any_row, max_size=20), supersede=st.booleans(), unit=st.sampled_from(["firm", "contributor"]))
def test_polars_chooses_what_the_reference_chooses_by_the_same_ranks(
    tmp_path: Path, rows: list[dict[str, Any]], supersede: bool, unit: str
) -> None:
    """Part and twin are equal in every row and integer, however little room there is."""
    by, found = recipe(supersede=supersede, unit=unit), []
    folder = tmp_path / uuid4().hex
    folder.mkdir()
    one = order(folder, rows, recipe=by)
    for place, make in enumerate(ADAPTERS):
        twins = make(folder / str(place))
        part = twins.bound(one)
        twin = twins.merge(by, "2026-Q3.1", ["d1"])
        found.append((pl.read_parquet(part.path), pl.read_parquet(twin.path)))
    for others in found[1:]:
        for mine, theirs in zip(found[0], others, strict=True):
            assert_frame_equal(mine, theirs)


@pytest.mark.parametrize("n", [1, 3])
def test_units_with_many_rows_are_cut_without_a_trace(tmp_path: Path, n: int) -> None:
    """Most of their rows are stopped by their rank; a unit whose rows are all alike is looked at again, whole."""
    rows = [{**one, "_key": os.urandom(16)} for firm in range(8) for one in numbered(150, firm)]
    rows += [row(firm, use=None) for firm in range(100, 120) for _ in range(90)]
    rows += [row(firm) for firm in range(200, 210)]
    one = order(tmp_path, rows, recipe=recipe(rows=n))
    straits = PolarsTwins(tmp_path / "c", held=400, counted=1, batch=100)
    every: list[Twins] = [MemoryTwins(tmp_path / "a"), PolarsTwins(tmp_path / "b", counted=1), straits]
    found = [pl.read_parquet(twins.bound(one).path) for twins in every]
    assert found[0].height == 28 * n + 10
    assert_frame_equal(found[1], found[0])
    assert_frame_equal(found[2], found[0])


# --- only of Polars ---------------------------------------------------------------------------------------------------

_NEAR = st.sampled_from([0, 1, 2**29, 2**30, 2**30 + 1, 2**63, 2**63 + 1, 2**64 - 1])


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(st.tuples(_NEAR, _NEAR, _NEAR, _NEAR, st.none() | st.integers(0, 2)), max_size=12),
    n=st.integers(1, 3),
)
def test_units_and_ranks_that_begin_alike_are_told_apart(rows: list[tuple[Any, ...]], n: int) -> None:
    """Rows are sorted by the first bits of both at first; what that leaves unclear is sorted in full."""
    names = ["_unit.high", "_unit.low", "_rank.high", "_rank.low", "sum.use"]
    types = dict(zip(names, [*[pl.UInt64()] * 4, pl.Int64()], strict=True))
    found = polars_twin_order.smallest(pl.DataFrame(rows, schema=types, orient="row"), recipe(rows=n)).rows()
    wanted: list[tuple[Any, ...]] = []
    counted = Counter[tuple[int, int]]()
    for one in sorted(rows, key=lambda one: (*one[:4], one[4] is not None, one[4] or 0)):
        counted[one[0], one[1]] += 1
        wanted += [one] if counted[one[0], one[1]] <= n else []
    assert found == wanted


@given(values=st.lists(st.none() | st.integers(-5, 15)), edges=st.lists(st.integers(-3, 12), min_size=1, unique=True))
def test_bins_of_any_width_are_found(values: list[int | None], edges: list[int]) -> None:
    """How many edges a value has reached; what is null stays so."""
    edges = sorted(edges)
    found = polars_twin.reached(pl.Series("v", values, dtype=pl.Int64), np.array(edges, dtype=np.int64))
    assert found.to_list() == [None if v is None else sum(edge <= v for edge in edges) for v in values]


def test_edges_and_conditions_may_lie_beyond_every_value(twins: Twins, tmp_path: Path) -> None:
    """Numbers of a question are of any size: what no value reaches is an empty bin, and no error."""
    far = 2**70
    by, paths = made(twins, tmp_path, [row(use=Decimal(2)), row(2, use=Decimal(100))])
    for edges in ((-far, 0, 300, far), (-far, 0, far)):
        asked = Cells(aggregate=Aggregate.HISTOGRAM, column="use", edges=edges)
        assert list(twins.tally(by, paths, asked)) == ([0, 1, 1] if len(edges) == 4 else [0, 2])
    for ends, count in (((-far, far), 2), ((far, far), 0), ((-far, -far), 0), ((200, far), 2)):
        assert total(twins, by, paths, Aggregate.COUNT, between={"use": ends}) == count


def test_threads_leave_no_trace(tmp_path: Path) -> None:
    """One of them and eight make the same bytes of a file that comes in many morsels."""
    rows = [one for firm in range(250) for one in numbered(12, firm)]
    random.Random(1).shuffle(rows)
    made_by = []
    one = order(tmp_path, rows)
    told = tmp_path / "order.pickle"
    told.write_bytes(pickle.dumps(one))
    for threads in (1, 8):
        root = tmp_path / str(threads)
        code = f"""
            import pickle, pathlib
            from datadam.adapters.polars_twin import PolarsTwins
            order = pickle.loads(pathlib.Path({str(told)!r}).read_bytes())
            twins = PolarsTwins(pathlib.Path({str(root)!r}), held=1000, counted=100, batch=300)
            print(twins.bound(order).digest, twins.merge(order.recipe, "2026.1", ["d1"]).digest)
        """
        environ = os.environ | {"POLARS_MAX_THREADS": str(threads)}
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)], env=environ, capture_output=True, text=True, check=True
        )
        made_by.append(done.stdout)
    assert len(set(made_by)) == 1
