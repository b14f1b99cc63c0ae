"""Internal unit ids within a stream: each the HMAC of its text, whether it was worked out now or remembered."""

import hmac
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam.adapters import polars_ids
from datadam.adapters.polars_ids import UnitIds

SECRET = bytes(range(32))


def expected(text: str | None) -> bytes | None:
    """The first 128 bits of HMAC-SHA-256 under the secret's hex digits, by the standard library."""
    return None if text is None else hmac.digest(SECRET.hex().encode(), text.encode(), "sha256")[:16]


def series(texts: list[str | None]) -> pl.Series:
    """A column of a stream's morsel."""
    return pl.Series("unit", texts, dtype=pl.String)


@given(morsels=st.lists(st.lists(st.none() | st.text(max_size=6), max_size=12), max_size=6))
def test_every_text_has_its_own_id_in_whatever_morsel_it_comes(morsels: list[list[str | None]]) -> None:
    """Remembered or worked out, in any order, with or without gaps: the id is the keyed hash of the text."""
    ids = UnitIds(SECRET)
    for texts in morsels:
        found = ids(series(texts))
        assert found.name == "unit"
        assert found.to_list() == [expected(text) for text in texts]


@pytest.mark.parametrize("distinct", [3, 400])
def test_texts_that_do_not_recur_are_not_remembered(distinct: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether units recur changes what is remembered, and no id."""
    monkeypatch.setattr(polars_ids, "_TRIED", 100)
    ids = UnitIds(SECRET)
    for start in range(0, 400, 100):
        texts: list[str | None] = [f"u{number % distinct}" for number in range(start, start + 100)]
        assert ids(series(texts)).to_list() == [expected(text) for text in texts]
    assert ids._remembers is (distinct == 3)
    assert ids(series([None, "u1"])).to_list() == [None, expected("u1")]


def test_threads_share_what_is_remembered() -> None:
    """Morsels of one stream come from several threads at once."""
    ids = UnitIds(SECRET)
    morsels: list[list[str | None]] = [[f"u{(start * 37 + n) % 500}" for n in range(200)] for start in range(40)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda texts: ids(series(texts)).to_list(), morsels))
    assert found == [[expected(text) for text in texts] for texts in morsels]


def test_a_code_that_came_to_mean_another_text_gives_no_wrong_id() -> None:
    """Polars forgets codes with the last column that has them: then ids are worked out anew, not mixed up."""
    ids = UnitIds(SECRET)
    assert ids(series(["a", "b"])).to_list() == [expected("a"), expected("b")]
    ids._held = pl.Series(dtype=pl.String)
    assert ids(series(["c", "a"])).to_list() == [expected("c"), expected("a")]
    assert ids(series(["b", None])).to_list() == [expected("b"), None]
