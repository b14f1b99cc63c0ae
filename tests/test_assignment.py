"""Rows and columns are paired one to one for the largest gain there is."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from datadam.assignment import assign


@given(
    st.integers(1, 5).flatmap(
        lambda width: st.lists(st.lists(st.integers(0, 9), min_size=width, max_size=width), min_size=1, max_size=4)
    )
)
def test_the_assignment_is_the_best_there_is(grid: list[list[int]]) -> None:
    """Against trying every way: no pairs of rows and columns gain more, each used once, none for nothing."""
    chosen = assign(grid)
    assert len({row for row, _ in chosen}) == len(chosen) == len({at for _, at in chosen})
    assert all(grid[row][at] > 0 for row, at in chosen)
    width = len(grid[0])
    places = [*range(width), *[-1] * len(grid)]
    best = max(
        sum(grid[row][at] for row, at in enumerate(way) if at >= 0) for way in set(permutations(places, len(grid)))
    )
    assert sum(grid[row][at] for row, at in chosen) == best


def test_nothing_to_assign_is_nothing() -> None:
    """No rows, no columns: no pairs."""
    assert assign([]) == assign([[]]) == []
