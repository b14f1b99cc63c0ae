"""Rows in fewer and larger pieces: all of them, in order, in part where Polars asks for a part."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam.adapters.polars_pieces import TOGETHER, asked, joined, larger
from datadam.adapters.polars_read import ROW

LINE = 1_000  # bytes
MANY = 12_000  # lines: six of the reader's pieces


def lying(folder: Path, count: int = MANY, broken: int | None = None) -> Path:
    """A file of long lines; with a line that is no UTF-8."""
    path = folder / "rows.csv"
    lines = [b"%d,%s" % (number, b"x" * LINE) for number in range(count)]
    if broken is not None:
        lines[broken] = b"%d,\xff" % broken
    path.write_bytes(b"\n".join([b"nr,text", *lines, b""]))
    return path


def scanned(path: Path) -> pl.LazyFrame:
    """As a deposit's CSV is."""
    return pl.scan_csv(path, infer_schema=False, row_index_name=ROW)


def rows_seen(rows: pl.LazyFrame) -> list[int]:
    """Of each piece that one sees, how many rows it has."""
    seen: list[int] = []

    def see(numbers: pl.Series) -> pl.Series:
        seen.append(len(numbers))
        return numbers

    watched = pl.col(ROW).map_batches(see, return_dtype=pl.UInt32, is_elementwise=True)
    rows.with_columns(watched).select(pl.len(), pl.col(ROW).max()).collect(engine="streaming")
    return seen


@pytest.mark.parametrize("count", [0, 1, MANY])
def test_the_same_rows_come_in_the_same_order(tmp_path: Path, count: int) -> None:
    """All of them, as often as one likes; also of a file that has none."""
    rows = scanned(lying(tmp_path, count))
    whole, many = rows.collect(), larger(rows)
    assert many.collect_schema() == rows.collect_schema()
    for _ in range(2):
        assert many.collect(engine="streaming").equals(whole)
    assert pl.concat([whole.clear(), *joined(rows)]).equals(whole)


def test_they_come_in_fewer_pieces(tmp_path: Path) -> None:
    """Several of the reader's as one, and no more than so many."""
    rows = scanned(lying(tmp_path))
    before, after = rows_seen(rows), rows_seen(larger(rows))
    assert sum(before) == sum(after) == MANY
    assert len(after) < len(before)
    assert max(after) <= TOGETHER * max(before)


@given(
    cuts=st.lists(st.integers(0, 30), max_size=8),
    rest=st.integers(0, 9),
    most=st.none() | st.integers(0, 40),
    some=st.booleans(),
)
def test_what_is_asked_for_is_what_comes(cuts: list[int], rest: int, most: int | None, *, some: bool) -> None:
    """Rows up to a number, of them those that a condition lets through, of them some columns: as Polars wants it."""
    whole = pl.DataFrame({ROW: range(sum(cuts)), "text": [f"t{number}" for number in range(sum(cuts))]})
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(whole.slice(at, cut))
        at += cut
    wanted = whole if most is None else whole.head(most)
    columns, condition = (["text"], pl.col(ROW) % 10 >= rest) if some else (None, None)
    wanted = wanted.filter(condition).select("text") if condition is not None else wanted
    assert pl.concat([wanted.clear(), *asked(pieces, columns, condition, most)]).equals(wanted)


def test_a_part_of_them_is_the_same_part(tmp_path: Path) -> None:
    """Columns, conditions and first rows go down to where the rows come from, and mean the same there."""
    rows = scanned(lying(tmp_path))

    def parts(rows: pl.LazyFrame) -> list[pl.DataFrame]:
        asked = (
            rows.head(7),
            rows.filter(pl.col("nr") == "11999").select(ROW),
            rows.head(9_000).filter(pl.col(ROW) >= 8_998).select("nr"),
        )
        return [part.collect(engine="streaming") for part in asked]

    for ours, theirs in zip(parts(larger(rows)), parts(rows), strict=True):
        assert len(ours)
        assert ours.equals(theirs)


@pytest.mark.parametrize("broken", [0, 3, MANY - 1])
def test_what_cannot_be_read_is_the_same_error(tmp_path: Path, broken: int) -> None:
    """In the first piece and in a later one: never fewer rows, never something else."""
    rows = scanned(lying(tmp_path, broken=broken))
    with pytest.raises(pl.exceptions.ComputeError) as before:
        rows.collect(engine="streaming")
    with pytest.raises(pl.exceptions.ComputeError) as after:
        larger(rows).collect(engine="streaming")
    assert str(before.value).splitlines()[0] in str(after.value)


def test_whoever_stops_early_hinders_nobody(tmp_path: Path) -> None:
    """The next one begins anew, and has all."""
    rows = scanned(lying(tmp_path))
    for _ in range(20):
        assert next(joined(rows))[ROW][0] == 0
    assert sum(map(len, joined(rows))) == MANY
