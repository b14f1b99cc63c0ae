"""Rows put aside: all of them, in order, whatever pieces they come in, in memory or on disk; nothing stays behind."""

import random
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam.adapters import polars_aside
from datadam.adapters.polars_aside import Aside
from datadam.adapters.polars_read import ROW
from datadam.errors import Unavailable


def some(start: int, end: int) -> pl.DataFrame:
    """Consecutive rows with a long text each."""
    texts = [f"{number} " + "x" * 50 for number in range(start, end)]
    return pl.DataFrame({ROW: range(start, end), "text": texts}, schema={ROW: pl.Int64, "text": pl.String})


@pytest.mark.parametrize("held", [0, 5_000, 2**20])
@pytest.mark.parametrize("joined", [0, 4_000])
@given(count=st.integers(0, 200), cuts=st.lists(st.integers(0, 200), max_size=8), order=st.randoms())
def test_pieces_come_back_as_the_rows_were(
    tmp_path_factory: pytest.TempPathFactory,
    held: int,
    joined: int,
    count: int,
    cuts: list[int],
    order: random.Random,
) -> None:
    """In the order of the rows, as often as one likes, also in part."""
    pieces = list(pairwise(sorted({0, count, *(cut for cut in cuts if cut < count)})))
    order.shuffle(pieces)
    folder = tmp_path_factory.mktemp("run") / "aside"
    (folder / "left").mkdir(parents=True)  # by a crash
    aside = Aside(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(polars_aside, "HELD", held)
        patch.setattr(polars_aside, "JOINED", joined)
        for start, end in pieces:
            aside.take(some(start, end))
        rows, whole = aside.rows(some(0, 0).schema), some(0, count)
        for _ in range(2):
            assert rows.collect(engine="streaming").equals(whole)
        assert (
            rows.filter(pl.col(ROW) % 3 == 0)
            .select("text")
            .collect()
            .equals(whole.filter(pl.col(ROW) % 3 == 0)[["text"]])
        )
        assert rows.head(7).collect().equals(whole.head(7))
        asked = [*aside.pieces(["text"], pl.col(ROW) > 2, 9, None)]  # what Polars' threads do, where coverage sees it
        assert [text for piece in asked for text in piece["text"]] == whole.head(9).filter(pl.col(ROW) > 2)[
            "text"
        ].to_list()
        assert sum(map(len, aside.pieces(None, None, None, None))) == count
    aside.clear()
    assert not folder.exists()


def test_what_is_kept_is_no_larger_than_what_was_put_aside(tmp_path: Path) -> None:
    """A row does not hold on to the text of all rows around it."""
    aside = Aside(tmp_path / "aside")
    aside.take(some(0, 100_000).filter(pl.col(ROW) == 77))
    assert aside.size < 5_000


def test_a_disk_that_takes_nothing_is_told_as_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dam's own trouble, not the file's."""
    monkeypatch.setattr(polars_aside, "HELD", 0)
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match=r"disk\.failed"):
        Aside(tmp_path / "file" / "aside").take(some(0, 5))
