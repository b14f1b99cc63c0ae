"""What a Parquet file's texts come to is counted before anything is made of them."""

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datadam.adapters import polars_read, read_amounts
from datadam.adapters.read_amounts import Amounts, Swollen
from datadam.errors import Invalid
from datadam.model import Source

ROWS = pl.Series([0, 1, 2, 3])
LONG = pl.Series(["A" * 1_000] * 4)


def named(
    folder: Path, rows: int, size: int, *, columns: int = 1, categories: bool = False, group: int = 10**6
) -> Path:
    """A Parquet file whose every row names the one value of a dictionary, in each column."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["A" * size]))
    table = pa.table({f"c{at}": column for at in range(columns)})
    path = folder / "named.parquet"
    pq.write_table(table, path, compression="zstd", store_schema=categories, row_group_size=group)
    return path


def read(path: Path) -> pl.DataFrame:
    """Its rows, as an engine gets them."""
    source = Source(path=str(path), format="parquet", name="named.parquet")
    try:
        return polars_read.open_source(source).rows.collect(engine="streaming")
    except polars_read.UNREADABLE as error:
        raise polars_read.refuse(source, error) from error


def refusal(path: Path) -> Invalid:
    """How the file is refused."""
    with pytest.raises(Invalid) as caught:
        read(path)
    return caught.value


@pytest.mark.parametrize("categories", [False, True], ids=["texts", "categories"])
@pytest.mark.parametrize("group", [10**6, 10], ids=["one-group", "many-groups"])
def test_rows_that_name_one_large_value_are_refused_by_what_they_come_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, categories: bool, group: int
) -> None:
    """However the value is kept and however the rows are grouped; the refusal has both numbers."""
    path = named(tmp_path, 4_000, 10_000, categories=categories, group=group)
    assert read(path)["c0"].str.len_bytes().sum() == 40_000_000
    monkeypatch.setattr(polars_read, "MAX_TEXT", 10_000_000)
    error = refusal(path)
    assert (error.code, error.facts["limit"]) == ("file.bomb-texts", 10_000_000)
    assert 10_000_000 < int(str(error.facts["unpacked"])) <= 40_000_000


def test_columns_of_the_same_rows_are_added_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else twenty columns would come to twenty times as much; and a file that is just below its limit is read."""
    monkeypatch.setattr(polars_read, "MAX_TEXT", 3_999_999)
    assert refusal(named(tmp_path, 1_000, 1_000, columns=4)).code == "file.bomb-texts"
    monkeypatch.setattr(polars_read, "MAX_TEXT", 4_000_000)
    assert read(named(tmp_path, 1_000, 1_000, columns=4)).shape == (1_000, 5)


def test_rows_far_apart_are_held_to_the_size_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few at a time are still too many where they would fill the disk."""
    monkeypatch.setattr(read_amounts, "ROWS", 100)
    monkeypatch.setattr(polars_read, "MAX_UNPACKED", 0)
    monkeypatch.setattr(polars_read, "MAX_ROW_GROUP", 4_000_000)
    monkeypatch.setattr(polars_read, "MAX_TEXT", 1_000_000)
    assert read(named(tmp_path, 4_000, 1_000, group=100)).height == 4_000
    assert refusal(named(tmp_path, 4_001, 1_000, group=100)).code == "file.bomb-groups"


def test_a_single_text_may_be_as_long_as_a_line_of_a_csv(tmp_path: Path) -> None:
    """Longer ones are refused, wherever they stand: also alone among short ones."""
    assert read(named(tmp_path, 2, read_amounts.MAX_CELL)).height == 2
    path = tmp_path / "long.parquet"
    pl.DataFrame({"a": ["x"] * 9_999 + ["A" * (read_amounts.MAX_CELL + 1)]}).write_parquet(path)
    error = refusal(path)
    assert (error.code, error.facts["size"]) == ("file.cell-too-long", read_amounts.MAX_CELL + 1)


def test_short_texts_are_never_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column that says the same in every row is honest, and packs to nothing."""
    monkeypatch.setattr(polars_read, "MAX_TEXT", 1)
    assert read(named(tmp_path, 100_000, read_amounts.SHORT)).height == 100_000


def test_a_piece_is_counted_once_however_often_it_is_read() -> None:
    """A file is gone over several times; a null holds nothing; what is over is told with its numbers."""
    amounts = Amounts(limit=10_000, near=7_999)
    for _ in range(3):
        amounts.add("a", LONG, ROWS)
    amounts.add("b", pl.Series([None, "A" * 3_999, None, None], dtype=pl.String), ROWS)
    with pytest.raises(Swollen) as caught:
        amounts.add("b", LONG.cast(pl.Categorical), ROWS)
    error = caught.value.told("x")
    assert (error.code, error.facts["unpacked"], error.facts["limit"]) == ("file.bomb-texts", 8_000, 7_999)
    amounts = Amounts(limit=7_999)
    amounts.add("a", LONG, ROWS)
    with pytest.raises(Swollen) as caught:
        amounts.add("a", LONG, ROWS + read_amounts.ROWS)
    assert caught.value.told("x").code == "file.bomb-groups"
    amounts.add("c", pl.Series([], dtype=pl.String), pl.Series([], dtype=pl.Int64))


def test_a_text_of_no_length_is_none_as_in_a_csv(tmp_path: Path) -> None:
    """So that what a careless writer left empty is missing, and nothing else is touched."""
    path = tmp_path / "named.parquet"
    pq.write_table(pa.table({"a": ["", "x", None, " "], "b": ["y"] * 4, "c": pa.array([1, 2, None, 4])}), path)
    found = read(path).to_dict(as_series=False)
    assert (found["a"], found["b"], found["c"]) == ([None, "x", None, " "], ["y"] * 4, ["1", "2", None, "4"])
