"""Groups: one suite for both adapters, the quick one held against the slow one, and what a share of groups holds."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datadam.adapters.memory.groups import MemoryGroups
from datadam.adapters.polars_groups import PolarsGroups
from datadam.adapters.polars_share import PolarsShareWriter
from datadam.model import Attribution, Column, Protection, Type
from datadam.ports import GroupOrder, Groups, Measured, ShareOrder, SharePart
from datadam.privacy.grouping import Left, Opening
from datadam.protections import Gates

COLUMNS = (
    Column(name="person", type=Type.TEXT, protection=Protection.UNIT_ID, domain="person"),
    Column(name="region", type=Type.TEXT),
    Column(name="born", type=Type.DATE),
    Column(name="illness", type=Type.TEXT),
    Column(name="cost", type=Type.DECIMAL, precision=12, scale=2),
)
GATES = Gates(units=2, identifying=("region",))
KINDS = {
    "person": pl.Binary(),
    "region": pl.String(),
    "born": pl.Date(),
    "illness": pl.String(),
    "cost": pl.Decimal(12, 2),
    "_deposit": pl.String(),
    "_row": pl.Int64(),
    "_key": pl.Binary(),
}
Row = dict[str, Any]


def part(folder: Path, who: str, rows: Sequence[Row], *, stage: int = 0, sequence: int | None = None) -> SharePart:
    """A stored file of a contributor."""
    number = stage if sequence is None else sequence
    deposit = hashlib.sha256(f"{who} {number} {os.urandom(8).hex()}".encode()).hexdigest()
    full = [
        {
            **dict.fromkeys(KINDS),
            **row,
            "person": None if row.get("person") is None else hashlib.sha256(row["person"].encode()).digest()[:16],
            "cost": None if row.get("cost") is None else Decimal(row["cost"]),
            "_deposit": deposit,
            "_row": at,
            "_key": None if row.get("key") is None else hashlib.sha256(str(row["key"]).encode()).digest()[:16],
        }
        for at, row in enumerate(rows)
    ]
    path = folder / f"{deposit}.parquet"
    pl.DataFrame([{name: row[name] for name in KINDS} for row in full], schema=KINDS).write_parquet(path)
    return SharePart(
        path=path, tag=who, sequence=number, contributor=who, country="KR", own=False, columns=COLUMNS, stage=stage
    )


def order(parts: Sequence[SharePart], gates: Gates = GATES, **more: Any) -> GroupOrder:
    """What is judged."""
    ends = (Opening.SURE,) * (max((one.stage for one in parts), default=0) + 1)
    plain = GroupOrder(gates=gates, unit="contributor", columns=COLUMNS, files=tuple(parts), ends=ends)
    return replace(plain, **more)


@pytest.fixture(params=[PolarsGroups, MemoryGroups])
def groups(request: pytest.FixtureRequest) -> Groups:
    """Each adapter."""
    found: Groups = request.param()
    return found


def in_region(*regions: str | None) -> list[Row]:
    """A row for each."""
    return [{"region": region} for region in regions]


# --- what leaves ------------------------------------------------------------------------------------------------------


def test_a_group_leaves_with_k_contributors_however_many_rows(groups: Groups, tmp_path: Path) -> None:
    """Rows of one are one unit; a missing value is a value like any other."""
    one = part(tmp_path, "a", in_region("N", "N", "S", None))
    other = part(tmp_path, "b", in_region("N", "W", "W", "W", None))
    assert groups.leaving(order([one, other])) == {("N",): 0, (None,): 0}
    assert groups.leaving(order([])) == {}


def test_units_are_persons_where_they_are_protected(groups: Groups, tmp_path: Path) -> None:
    """Two persons of one contributor are two; the same one from two contributors is one; nobody is none."""
    rows = [("p", "N"), ("q", "N"), ("p", "S"), (None, "W"), ("p", "W")]
    first = part(tmp_path, "a", [{"person": person, "region": region} for person, region in rows])
    second = part(tmp_path, "b", [{"person": "p", "region": "S"}])
    assert groups.leaving(order([first, second], unit="person")) == {("N",): 0}


def test_each_row_is_a_unit_where_there_is_no_other(groups: Groups, tmp_path: Path) -> None:
    """As with a sample whose persons nobody knows."""
    assert groups.leaving(order([part(tmp_path, "a", in_region("N", "N", "S"))], unit=None)) == {("N",): 0}


def test_a_group_shows_l_values(groups: Groups, tmp_path: Path) -> None:
    """All ill with the same is told by any of them; who has no value shows none."""
    gates = replace(GATES, sensitive="illness", diversity=2)
    ill = {"N": ("flu", "flu"), "S": ("flu", "gout"), "W": ("flu", None)}
    parts = [
        part(tmp_path, who, [{"region": region, "illness": both[at]} for region, both in ill.items()])
        for at, who in enumerate("ab")
    ]
    assert groups.leaving(order(parts, gates)) == {("S",): 0}


def test_a_contributor_that_outweighs_the_others_keeps_its_group_in(groups: Groups, tmp_path: Path) -> None:
    """n-k and p percent, of rows or of what is measured; below nothing counts as above; nothing weighs nothing."""
    costs = {"N": ("-9.00", "1.00", "1.00"), "S": ("3.00", "3.00", "3.00"), "W": (None, None, None)}
    parts = [
        part(tmp_path, who, [{"region": region, "cost": of[at]} for region, of in costs.items()])
        for at, who in enumerate("abc")
    ]
    half = replace(GATES, largest=1, largest_share=Decimal("0.5"), measured="cost")
    assert groups.leaving(order(parts, half)) == {("S",): 0, ("W",): 0}
    assert groups.leaving(order(parts, replace(GATES, p_percent=Decimal(50), measured="cost"))).keys() == {
        ("S",),
        ("W",),
    }
    assert len(groups.leaving(order(parts, replace(half, measured=None)))) == 3


def test_what_comes_waits_for_k_new_units(groups: Groups, tmp_path: Path) -> None:
    """A stage opens a group for itself; who left since casts doubt, and new ones are not shown alone."""
    stages = [("a", 0), ("b", 0), ("c", 1), ("d", 2), ("e", 3)]
    parts = [part(tmp_path, who, in_region("N"), stage=stage) for who, stage in stages]
    told = [groups.leaving(order(parts[:upto])) for upto in (2, 3, 4, 5)]
    assert told == [{("N",): 0}, {("N",): 0}, {("N",): 2}, {("N",): 2}]
    without = order(parts[1:], left=(Left(came=0, last=0),))
    assert groups.leaving(replace(without, files=without.files[:2], ends=without.ends[:2])) == {}
    assert groups.leaving(without) == {("N",): 2}


def test_what_was_corrected_counts_where_it_is_now(groups: Groups, tmp_path: Path) -> None:
    """A row that a newer one supersedes is no unit of its old group, once the newer one leaves."""
    first = part(tmp_path, "a", [{"region": "N", "key": 1}, {"region": "S", "key": 2}])
    others = [part(tmp_path, who, in_region("N", "S")) for who in "bc"]
    moved = part(tmp_path, "a", [{"region": "S", "key": 1}], sequence=1)
    gates = replace(GATES, units=3)
    assert groups.leaving(order([first, *others], gates, supersede=True)) == {("N",): 0, ("S",): 0}
    assert groups.leaving(order([first, *others, moved], gates, supersede=True)) == {("S",): 0}
    assert groups.leaving(order([first, *others, moved], gates)) == {("N",): 0, ("S",): 0}
    later = replace(moved, stage=1)  # its own group waits for three: the older row stays where it was
    assert groups.leaving(order([first, *others, later], gates, supersede=True)) == {("N",): 0, ("S",): 0}


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "person": st.sampled_from(["p", "q", "r", None]),
            "region": st.sampled_from(["N", "S", None]),
            "born": st.sampled_from([date(2000, 1, 1), date(2001, 1, 1)]),
            "illness": st.sampled_from(["flu", "gout", None]),
            "cost": st.sampled_from(["0.00", "1.50", "-7.25", None]),
        }
    ),
    min_size=1,
    max_size=6,
)
KEYS = st.permutations(range(8))
DEPOSITS = st.lists(st.tuples(st.sampled_from("abc"), ROWS, KEYS), max_size=5)
GATE = st.builds(
    Gates,
    units=st.integers(1, 3) | st.none(),
    identifying=st.sampled_from([("region",), ("region", "born")]),
    sensitive=st.just("illness"),
    diversity=st.sampled_from([None, 1, 2]),
    largest=st.sampled_from([None, 1]),
    largest_share=st.just(Decimal("0.6")),
    p_percent=st.sampled_from([None, Decimal(20)]),
    measured=st.sampled_from([None, "cost"]),
)
ENDS = st.tuples(*[st.sampled_from(Opening)] * 3)
LEFT = st.lists(st.builds(Left, came=st.integers(0, 2), last=st.integers(0, 3)), max_size=2)


@settings(deadline=None, max_examples=60)
@given(DEPOSITS, GATE, st.tuples(LEFT, ENDS), st.sampled_from(["contributor", "person", None]), st.booleans())
def test_both_adapters_say_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    deposits: list[tuple[str, list[Row], list[int]]],
    gates: Gates,
    past: tuple[list[Left], tuple[Opening, ...]],
    unit: str | None,
    supersede: bool,
) -> None:
    """Which groups leave, up to which stage; and what is left of coarser ones."""
    folder = tmp_path_factory.mktemp("rows")
    parts = [
        part(
            folder, who, [{**row, "key": key} for row, key in zip(rows, keys, strict=False)], stage=at // 2, sequence=at
        )
        for at, (who, rows, keys) in enumerate(deposits)
    ]
    one = order(parts, gates, unit=unit, left=tuple(past[0]), ends=past[1], supersede=supersede)
    assert PolarsGroups().leaving(one) == MemoryGroups().leaving(one)
    quick, slow = PolarsGroups().gather(replace(one, supersede=False)), MemoryGroups().gather(one)
    for name in gates.identifying:
        assert sorted(map(str, quick.values(name))) == sorted(map(str, slow.values(name)))
    for coarse in ((), ("region",), gates.identifying):
        told = [
            found.measure(gates, {name: [0] * len(found.values(name)) for name in coarse}) for found in (quick, slow)
        ]
        assert told[0] == told[1]


def test_what_is_gathered_is_measured_in_coarser_form(groups: Groups, tmp_path: Path) -> None:
    """The k and l as they are, and the rows of groups that pass."""
    rows = [("N", "flu"), ("N", "gout"), ("S", "flu"), ("S", "flu"), ("W", "flu")]
    one = part(tmp_path, "a", [{"region": region, "illness": ill} for region, ill in rows])
    gates = replace(GATES, sensitive="illness", diversity=2)
    found = groups.gather(order([one], gates, unit=None))
    assert found.measure(gates, {}) == Measured(rows=5, kept=2, units=1, values=1)
    values = list(found.values("region"))
    south = [0 if region == "N" else 1 for region in values]
    assert found.measure(gates, {"region": south}) == Measured(rows=5, kept=2, units=2, values=1)
    assert found.measure(gates, {"region": [0, 0, 0]}) == Measured(rows=5, kept=5, units=5, values=2)


# --- what a share of them holds ---------------------------------------------------------------------------------------


def shared(tmp_path: Path, parts: Sequence[SharePart], gate: GroupOrder, **more: Any) -> list[tuple[Any, ...]]:
    """The rows of a share, as region and born."""
    into = tmp_path / os.urandom(4).hex()
    into.mkdir()
    plain = ShareOrder(
        columns=COLUMNS,
        attribution=Attribution.NONE,
        attributed=None,
        files=tuple(parts),
        into=into,
        order_key=bytes(32),
        recipient_keys={"person": b"r" * 32},
        own_keys={"person": b"o" * 32},
        gate=gate,
    )
    files = PolarsShareWriter(tmp_path / "shares").write(replace(plain, **more))
    frames = [pl.read_parquet(into / file.name) for file in files]
    assert all(frame.columns == [column.name for column in COLUMNS] for frame in frames if "columns" not in more)
    return sorted((row for frame in frames for row in frame.select("region", "cost").rows()), key=str)


def test_a_share_holds_the_rows_of_groups_that_leave_and_no_others(tmp_path: Path) -> None:
    """Also of a narrowed recipient: groups are those of the whole reservoir, rows those that it may have."""
    one = part(tmp_path, "a", [{"region": region, "cost": "1.00"} for region in ("N", "S", None)])
    other = part(tmp_path, "b", [{"region": region, "cost": "2.00"} for region in ("N", "W", None)])
    late = part(tmp_path, "c", [{"region": "N", "cost": "3.00"}], stage=1)
    gate = order([one, other, late])
    both = [(None, Decimal(1)), (None, Decimal(2)), ("N", Decimal(1)), ("N", Decimal(2))]
    assert set(shared(tmp_path, [one, other, late], gate)) == set(both)
    assert set(shared(tmp_path, [one], gate)) == {(None, Decimal(1)), ("N", Decimal(1))}
    hidden = replace(other, withheld=("region",))
    assert set(shared(tmp_path, [one, hidden], gate)) == {
        (None, Decimal(1)),
        ("N", Decimal(1)),
        (None, Decimal(2)),
    }


def test_a_share_shows_the_newest_row_that_leaves(tmp_path: Path) -> None:
    """A correction that waits for its group leaves the row as it was; one whose group never holds takes it away."""
    first = part(tmp_path, "a", [{"region": "N", "cost": "1.00", "key": 1}])
    others = [part(tmp_path, who, [{"region": "N", "cost": "5.00", "key": 7}]) for who in "bc"]
    waits = part(tmp_path, "a", [{"region": "N", "cost": "2.00", "key": 1}], stage=1)
    parts = [first, *others, waits]
    gate = order(parts, supersede=True)
    assert shared(tmp_path, parts, gate, supersede=True) == [("N", Decimal(1)), ("N", Decimal(5)), ("N", Decimal(5))]
    soon = replace(waits, stage=0, sequence=1)
    parts = [first, *others, soon]
    gate = order(parts, supersede=True)
    assert shared(tmp_path, parts, gate, supersede=True) == [("N", Decimal(2)), ("N", Decimal(5)), ("N", Decimal(5))]
