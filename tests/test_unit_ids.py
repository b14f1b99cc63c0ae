"""Internal unit ids within a stream: each the HMAC of its text, whether it was worked out now or remembered."""

import hmac
import random
from concurrent.futures import ThreadPoolExecutor

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from datadam.adapters.polars_ids import UnitIds

SECRET = bytes(range(32))


def expected(text: str | None) -> bytes | None:
    """The first 128 bits of HMAC-SHA-256 under the secret's hex digits, by the standard library."""
    return None if text is None else hmac.digest(SECRET.hex().encode(), text.encode(), "sha256")[:16]


def series(texts: list[str | None]) -> pl.Series:
    """A column of a stream's morsel."""
    return pl.Series("unit", texts, dtype=pl.String)


@given(
    morsels=st.lists(st.lists(st.none() | st.text(max_size=3), max_size=12), max_size=8),
    places=st.sampled_from([2, 8, 1024]),
    learned=st.integers(1, 20),
)
def test_every_text_has_its_own_id_in_whatever_morsel_it_comes(
    morsels: list[list[str | None]], places: int, learned: int
) -> None:
    """Remembered or worked out, in any order, with gaps, however many want one place: the id is the keyed hash."""
    ids = UnitIds(SECRET, places=places, learned=learned)
    for texts in morsels:
        found = ids(series(texts))
        assert found.name == "unit"
        assert found.to_list() == [expected(text) for text in texts]


class Counted(UnitIds):
    """Counts the texts that are hashed."""

    hashed = 0

    def _hashed(self, texts: pl.Series) -> pl.Series:
        self.hashed += len(texts)
        return super()._hashed(texts)


def test_a_text_that_recurs_is_hashed_once_and_remembered() -> None:
    """Hashing is most of what an id costs: of ten thousand texts of twenty units, few are hashed."""
    ids = Counted(SECRET, learned=100)
    for _ in range(100):
        ids(series([f"u{number % 20}" for number in range(100)]))
    assert ids.hashed == 100


def test_texts_that_do_not_recur_are_not_remembered() -> None:
    """Remembering them would be in vain: it is given up after some tries, and no id changes for it."""
    ids = UnitIds(SECRET, learned=100)
    for start in range(0, 400, 100):
        assert (ids._known is None) == (start == 0)
        texts: list[str | None] = [f"u{number}" for number in range(start, start + 100)]
        assert ids(series(texts)).to_list() == [expected(text) for text in texts]
    assert ids._known is None
    assert ids(series([None, "u1"])).to_list() == [None, expected("u1")]


def test_units_of_whom_each_comes_a_few_times_are_remembered() -> None:
    """Among the first texts of many units hardly one recurs; that says nothing yet."""
    ids = Counted(SECRET, learned=100)
    drawn = random.Random(7)  # the same draws whenever it runs
    for _ in range(100):
        ids(series([f"u{drawn.randrange(500)}" for _ in range(50)]))
    assert ids.hashed < 1_000


class Overtaken(Counted):
    """While it hashes the unit `slow`, another thread's morsel is hashed and learned."""

    quick: tuple[str | None, ...] = ()

    def _hashed(self, texts: pl.Series) -> pl.Series:
        if self.quick and "slow" in texts:
            others, self.quick = [*self.quick], ()
            self(series(others))
        return super()._hashed(texts)


def test_what_was_hashed_while_others_were_learned_is_learned_too() -> None:
    """A thread that comes late with its hashes has not made them in vain, and none is remembered twice."""
    ids = Overtaken(SECRET, learned=4)
    ids.quick = tuple(f"u{number}" for number in range(6))
    late: list[str | None] = ["slow", "u1", "a", "b", "c"]
    assert ids(series(late)).to_list() == [expected(text) for text in late]
    before = ids.hashed
    assert ids(series([*late, "u5"])).to_list() == [expected(text) for text in (*late, "u5")]
    assert ids.hashed == before
    assert ids._known is not None
    assert ids._known.texts.drop_nulls().is_unique().all()


def test_a_thread_that_comes_late_does_not_make_units_look_as_if_they_did_not_recur() -> None:
    """What it met counts with what of it was not known, or remembering would be given up for good."""
    ids = Overtaken(SECRET, learned=100)
    known: list[str | None] = [f"u{number}" for number in range(350)]
    ids(series(known))
    ids.quick = (*known, *(f"v{number}" for number in range(100)))
    ids(series([*known, "slow", *(f"w{number}" for number in range(90))]))
    ids(series([*known[:5], *(f"x{number}" for number in range(20))]))
    assert ids._learns


def test_more_units_than_there_are_places_for_do_not_take_more_memory() -> None:
    """What is remembered begins anew once it takes half the places; no id changes for it."""
    ids = UnitIds(SECRET, places=64, learned=16)
    for start in range(200):
        texts: list[str | None] = [f"u{(start * 7 + number) % 300}" for number in range(30)]
        assert ids(series(texts)).to_list() == [expected(text) for text in texts]
        assert ids._known is None or len(ids._known.texts) <= 64 // 2 + 1 + 16 + 30


def test_threads_share_what_is_remembered() -> None:
    """Morsels of one stream come from several threads at once."""
    ids = UnitIds(SECRET, places=256, learned=300)
    morsels: list[list[str | None]] = [[f"u{(start * 37 + n) % 500}" for n in range(200)] for start in range(40)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda texts: ids(series(texts)).to_list(), morsels))
    assert found == [[expected(text) for text in texts] for texts in morsels]
