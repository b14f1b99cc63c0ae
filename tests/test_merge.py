"""Two numbered files as one: every row of both, in order, whatever lies in which."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam.adapters import polars_merge
from datadam.adapters.polars_merge import Merged
from datadam.adapters.polars_read import ROW


def lying(path: Path, numbers: list[int]) -> Path:
    """A file with these rows."""
    schema = {ROW: pl.Int64, "text": pl.String}
    pl.DataFrame({ROW: numbers, "text": [f"t{number}" for number in numbers]}, schema=schema).write_parquet(path)
    return path


@given(sides=st.lists(st.booleans(), max_size=60), piece=st.integers(1, 9))
def test_every_row_comes_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, sides: list[bool], piece: int
) -> None:
    """Also where one side has none, or ends long before the other; as often as one likes, and in part."""
    folder = tmp_path_factory.mktemp("merge")
    first = lying(folder / "a", [number for number, side in enumerate(sides) if side])
    second = lying(folder / "b", [number for number, side in enumerate(sides) if not side])
    whole = pl.read_parquet(lying(folder / "c", [*range(len(sides))]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(polars_merge, "PIECE", piece)
        merged = Merged(first, second)
        for _ in range(2):
            assert merged.rows().collect(engine="streaming").equals(whole)
        assert (
            merged.rows()
            .filter(pl.col(ROW) % 3 == 0)
            .select("text")
            .collect()
            .equals(whole.filter(pl.col(ROW) % 3 == 0)[["text"]])
        )
        pieces = [*merged.pieces(None, None, None, None)]  # what Polars' threads do, where coverage sees it
        assert pl.concat([whole.clear(), *pieces]).equals(whole)
        asked = [*merged.pieces(["text"], pl.col(ROW) > 2, 9, None)]
        found = [text for one in asked for text in one["text"]]
        assert found == [f"t{number}" for number in range(3, min(9, len(sides)))]
