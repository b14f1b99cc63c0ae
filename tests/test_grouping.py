"""The gates over groups, by themselves: k, l, n-k, p percent, and what two snapshots may differ by."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam.privacy import grouping
from datadam.privacy.grouping import NEVER, Group, Left, Opening
from datadam.protections import Gates


@pytest.mark.parametrize(
    ("units", "values", "held"), [(3, 2, True), (2, 2, False), (3, 1, False), (0, 0, False), (50, 9, True)]
)
def test_a_group_needs_k_units_and_l_values(units: int, values: int, held: bool) -> None:
    """Both, each from its own number on."""
    gates = Gates(units=3, diversity=2, identifying=("region",), sensitive="illness")
    assert grouping.holds(gates, Group(units=units, values=values)) is held


def test_a_group_without_a_unit_never_holds() -> None:
    """Rows of nobody are behind no gate, also where only others are declared."""
    gates = Gates(identifying=("region",), largest=1, largest_share=Decimal(1))
    assert not grouping.holds(gates, Group(units=0))
    assert grouping.holds(gates, Group(units=1, weights=(1,)))


@pytest.mark.parametrize(
    ("weights", "broken"),
    [((25, 25, 25, 25), False), ((26, 25, 25, 24), True), ((1,), True), ((), False), ((0, 0), False)],
)
def test_the_largest_hold_at_most_their_share(weights: tuple[int, ...], broken: bool) -> None:
    """n-k with n = 1 and a quarter: exactly a quarter still holds, a hair more does not."""
    assert grouping.dominated(weights, 1, Decimal("0.25")) is broken
    assert not grouping.dominated(weights, None, Decimal("0.25"))
    assert not grouping.dominated(weights, 1, None)


@pytest.mark.parametrize(
    ("weights", "broken"),
    [((100, 50, 10), False), ((100, 50, 9), True), ((100, 1), True), ((100,), True), ((), False), ((0, 0, 0), False)],
)
def test_the_second_largest_cannot_guess_the_largest(weights: tuple[int, ...], broken: bool) -> None:
    """To 10 percent: what the others hold together must be at least a tenth of the largest."""
    assert grouping.guessable(weights, Decimal(10)) is broken
    assert not grouping.guessable(weights, None)
    gates = Gates(identifying=("region",), p_percent=Decimal(10))
    assert grouping.holds(gates, Group(units=3, weights=weights)) is not broken


def test_what_is_looked_at_is_what_is_declared() -> None:
    """Groups where there are identifying columns, weights where a rule weighs."""
    assert not grouping.by_groups(None)
    assert not grouping.by_groups(Gates(contributors=5))
    assert grouping.by_groups(Gates(units=3, identifying=("region",)))
    assert not grouping.weighed(Gates(units=3))
    assert grouping.weighed(Gates(p_percent=Decimal(10)))
    assert grouping.weighed(Gates(largest=2, largest_share=Decimal("0.6")))


# --- snapshots --------------------------------------------------------------------------------------------------------


def counted(rows: Sequence[tuple[int, int]], k: int) -> Callable[[int, int], bool]:
    """Whether the (stage, unit) rows after one stage and up to another are of k units."""
    return lambda after, upto: len({unit for stage, unit in rows if after < stage <= upto}) >= k


def shown(stages: int, suffices: Callable[[int, int], bool], left: Sequence[Left]) -> int:
    """The last stage whose rows are out, where every stage may let some out."""
    return grouping.last(grouping.openings([Opening.SURE] * stages, suffices, left))


def test_a_group_opens_with_k_and_grows_by_k() -> None:
    """Two units wait for a third; the fourth and fifth wait for a sixth, however long."""
    rows = [(0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (5, 6)]
    assert [shown(stages, counted(rows, 3), ()) for stages in range(7)] == [NEVER, -1, 1, 1, 1, 1, 5]


def test_one_that_was_withdrawn_does_not_let_a_newcomer_stand_alone() -> None:
    """A, B and C left at once; C withdraws; D comes: whoever holds the first copy would see D alone."""
    rows = [(0, 1), (0, 2), (1, 4)]
    assert shown(2, counted(rows, 3), ()) == 1  # as if C had never come
    assert shown(2, counted(rows, 3), (Left(came=0, last=0),)) == NEVER
    assert shown(4, counted([*rows, (2, 5), (3, 6)], 3), (Left(came=0, last=0),)) == 3
    assert shown(2, counted(rows, 3), (Left(came=0, last=-1),)) == 1  # it left before it was ever shown


def test_nothing_is_let_out_at_an_end_that_lets_nothing_out() -> None:
    """Enough waits for the next end that does; one that perhaps did is counted for and against."""
    rows = [(0, 1), (0, 2), (1, 3), (2, 4), (2, 5)]
    ends = (Opening.NOT, Opening.PERHAPS, Opening.SURE)
    assert grouping.openings(ends, counted(rows, 2), ()) == (Opening.NOT, Opening.PERHAPS, Opening.SURE)
    assert grouping.openings(ends, counted(rows, 3), ()) == (Opening.NOT, Opening.PERHAPS, Opening.NOT)
    assert grouping.openings(ends, counted(rows, 4), ()) == (Opening.NOT, Opening.NOT, Opening.SURE)


Deposit = tuple[int, int, int, bool]  # stage, unit, the stage in which it is withdrawn, whether it is of the group


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 9), st.booleans()), max_size=14),
    st.integers(1, 3),
)
def test_no_snapshot_shows_fewer_than_k_newcomers(deposits: list[Deposit], k: int) -> None:
    """Against each earlier snapshot, whatever was withdrawn in between: nobody new, or k new units at least."""
    gone = [(came, max(came, when)) for came, _, when, _ in deposits]
    before: list[set[int]] = []
    for now in range(10):  # the snapshot after stage `now` ended, with what was withdrawn by its end gone
        there = [
            number
            for number, (came, when) in enumerate(gone)
            if came <= now and (when > now or deposits[number][2] > 6)
        ]
        left = [
            Left(came=came, last=when - 1)
            for number, (came, when) in enumerate(gone)
            if came <= now and number not in there
        ]
        rows = [(deposits[number][0], deposits[number][1]) for number in there if deposits[number][3]]
        upto = shown(now + 1, counted(rows, k), left)
        shows = {number for number in there if deposits[number][3] and deposits[number][0] <= upto}
        for earlier in before:
            new = {deposits[number][1] for number in shows - earlier}
            assert not new or len(new) >= k
        before.append(shows)


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 9), st.booleans()), min_size=4, max_size=14
    ),
    st.integers(1, 3),
    st.integers(1, 3),
)
def test_nor_does_one_of_a_group_where_the_pool_opens_for_itself(deposits: list[Deposit], k: int, least: int) -> None:
    """The pool opens with `least` new contributors, a group within it with k: each time at least so many are new."""
    before: list[set[int]] = []
    before_pool: list[set[int]] = []
    for now in range(10):
        there = [n for n, (came, _, when, _) in enumerate(deposits) if came <= now and (max(came, when) > now)]
        left = [
            Left(came=came, last=max(came, when) - 1)
            for n, (came, _, when, _) in enumerate(deposits)
            if came <= now and n not in there
        ]
        pool = [(deposits[n][0], deposits[n][1]) for n in there]
        rows = [(deposits[n][0], deposits[n][1]) for n in there if deposits[n][3]]
        ends = grouping.openings([Opening.SURE] * (now + 1), counted(pool, least), left)
        upto = grouping.last(grouping.openings(ends, counted(rows, k), left))
        shows = {n for n in there if deposits[n][3] and deposits[n][0] <= upto}
        shows_pool = {n for n in there if deposits[n][0] <= grouping.last(ends)}
        assert shows <= shows_pool
        for earlier, needed, now_shown in [
            *((one, k, shows) for one in before),
            *((one, least, shows_pool) for one in before_pool),
        ]:
            new = {deposits[n][1] for n in now_shown - earlier}
            assert not new or len(new) >= needed
        before.append(shows)
        before_pool.append(shows_pool)
