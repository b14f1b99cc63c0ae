"""Notes of admitted rows: the same whatever morsels they come in, and never a repeated key overlooked."""

import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam.adapters import polars_notes, polars_prefixes
from datadam.adapters.polars_notes import Notes
from datadam.adapters.polars_prefixes import Prefixes
from datadam.adapters.polars_read import ROW
from datadam.model import Column, Feed, Fit, Standard, StandardId, Type
from datadam.plan import Plan
from datadam.planning import compile_plan


def plan() -> Plan:
    """A name and a number; a name is reported once."""
    standard = Standard(
        id=StandardId("test.notes"),
        version="1.0.0",
        titles={},
        descriptions={},
        columns=(
            Column(name="name", type=Type.TEXT, required=True),
            Column(name="size", type=Type.INTEGER),
        ),
        key=("name",),
    )
    feeds = (Feed(column="name", source="name"), Feed(column="size", source="size"))
    return compile_plan(standard, Fit(standard=standard.id, version=standard.version, feeds=feeds), {})


def note(notes: Notes, keys: Sequence[int], sizes: Sequence[int | None], first: int = 0) -> pl.DataFrame:
    """Note rows as they go by, numbered from `first`: a 16-byte key each, of which the first eight bytes are little."""
    rows = pl.DataFrame(
        {
            "name": [None] * len(keys),
            "size": sizes,
            ROW: range(first, first + len(keys)),
            "_key": [key.to_bytes(16, "big") for key in keys],
        },
        schema={"name": pl.String, "size": pl.Int64, ROW: pl.Int64, "_key": pl.Binary},
    )
    noted = notes.note(rows.with_columns(notes.marks))
    assert noted.equals(rows)
    return noted


@given(
    rows=st.lists(st.tuples(st.integers(0, 2**128 - 1), st.none() | st.integers(-9, 9)), max_size=30),
    cut=st.integers(0, 30),
)
def test_notes_do_not_depend_on_the_morsels(rows: list[tuple[int, int | None]], cut: int) -> None:
    """Two morsels or one, in any order: counts, missing values and ends are those of the rows."""
    notes = Notes(plan(), Prefixes(Path()))
    for first, part in ((min(cut, len(rows)), rows[cut:]), (0, rows[:cut])):
        keys, sizes = [key for key, _ in part], [size for _, size in part]
        assert note(notes, keys, sizes, first).height == len(part)
    known = [size for _, size in rows if size is not None]
    assert notes.rows == len(rows)
    assert notes.missing == {"name": len(rows), "size": len(rows) - len(known)}
    assert notes.least == ({"size": min(known)} if known else {})
    assert notes.most == ({"size": max(known)} if known else {})


@given(count=st.integers(1, 200), cuts=st.lists(st.integers(0, 200), max_size=6), order=st.randoms())
def test_the_sample_depends_on_the_rows_alone(count: int, cuts: list[int], order: random.Random) -> None:
    """Whatever the morsels and their order, the same rows are drawn; never more than twice as many as wanted."""
    drawn = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(polars_notes, "SAMPLE", 10)
        for places in ([0, count], sorted({0, count, *(cut for cut in cuts if cut < count)})):
            notes, pieces = Notes(plan(), Prefixes(Path())), list(pairwise(places))
            order.shuffle(pieces)
            for start, end in pieces:
                note(notes, range(start, end), list(range(start, end)), start)
            found = notes.drawn.sort(ROW)
            assert found.columns == [ROW, "size"]
            assert found[ROW].to_list() == found["size"].to_list()
            drawn.append(found[ROW].to_list())
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == count if count <= 20 else 0 < len(drawn[0]) <= 20


def test_a_thread_that_drew_before_the_others_went_a_step_further_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it drew is drawn again by the step that holds now, before it is counted."""
    monkeypatch.setattr(polars_notes, "SAMPLE", 10)
    one_by_one = Notes(plan(), Prefixes(Path()))
    for start in range(0, 100, 20):
        note(one_by_one, range(start, start + 20), [1] * 20, start)
    at_once = Notes(plan(), Prefixes(Path()))
    drawn = polars_notes._drawn

    def meanwhile(rows: pl.DataFrame, step: int) -> pl.DataFrame:
        monkeypatch.setattr(polars_notes, "_drawn", drawn)
        for start in range(20, 100, 20):
            note(at_once, range(start, start + 20), [1] * 20, start)
        return drawn(rows, step)

    monkeypatch.setattr(polars_notes, "_drawn", meanwhile)
    note(at_once, range(20), [1] * 20)
    assert at_once.step == one_by_one.step
    assert at_once.drawn.sort(ROW).equals(one_by_one.drawn.sort(ROW))


@pytest.mark.parametrize("held", [0, 3, 1000])
@given(keys=st.lists(st.integers(0, 40).map(lambda n: n << 64 | n), min_size=1, max_size=30), cut=st.integers(0, 30))
def test_a_repeated_key_is_never_overlooked(
    tmp_path_factory: pytest.TempPathFactory, held: int, keys: list[int], cut: int
) -> None:
    """In memory or spilled into parts, what is called distinct has no key twice; nothing stays on the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(polars_prefixes, "HELD", held)
        folder = tmp_path_factory.mktemp("run") / "keys"
        (folder / "left").mkdir(parents=True)  # by a crash
        notes = Notes(plan(), Prefixes(folder))
        for part in (keys[:cut], keys[cut:]):
            note(notes, part, [None] * len(part))
        assert notes.prefixes.distinct is (len(set(keys)) == len(keys))
        assert bool(notes.prefixes.spills) is (len(keys) > held)
        notes.prefixes.clear()
        assert not folder.exists()


@given(
    starts=st.lists(
        st.sampled_from([0, 1, 2**61, 2**63 - 1, 2**63, 2**64 - 1]) | st.integers(0, 2**64 - 1), max_size=40
    ),
    cuts=st.lists(st.integers(0, 40), max_size=7),
)
def test_prefixes_in_many_files_are_held_against_each_other(
    tmp_path_factory: pytest.TempPathFactory, starts: list[int], cuts: list[int]
) -> None:
    """Whatever range of values they are in, and whichever file the other one is in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(polars_prefixes, "HELD", 0)
        prefixes = Prefixes(tmp_path_factory.mktemp("run") / "keys")
        for begin, end in pairwise(sorted({0, len(starts), *(cut for cut in cuts if cut < len(starts))})):
            prefixes.add(pl.Series(starts[begin:end], dtype=pl.UInt64))
        assert prefixes.distinct is (len(set(starts)) == len(starts))
        prefixes.clear()
