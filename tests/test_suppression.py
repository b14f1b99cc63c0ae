"""What else must be left out of checked tables: held against a foreign solver's attack and against brute force."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import highspy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datadam.adapters.highs_solver import HighsSolver
from datadam.privacy import suppression
from datadam.privacy.suppression import Attack, left_out
from datadam.privacy.tables import Drawn, Group, Held, Layout, Link, Place, Rules, gathered
from worlds import refused

RULES = Rules(contributors=3, largest=1, share=Fraction(3, 5), percent=Fraction(1, 5))
NEAR = 1e-5  # of a margin


def layout_of(
    *sizes: int, by: Sequence[tuple[int, ...]] | None = None, measures: int = 1, links: tuple[Link, ...] = ()
) -> Layout:
    """Tables over dimensions of these sizes; by all of them, where not said."""
    shapes = by or [tuple(range(len(sizes)))]
    return Layout(
        dimensions=tuple(f"d{place}" for place in range(len(sizes))),
        keys=tuple(tuple(str(key) for key in range(size)) for size in sizes),
        measures=("energy", None)[:measures],
        tables=tuple(
            Drawn(name=f"t{place}{measure}", measure=measure, by=one)
            for place, one in enumerate(shapes)
            for measure in range(measures)
        ),
        rules=RULES,
        links=links,
    )


def unsafe(layout: Layout, held: Held) -> set[Group]:
    """The groups that may not be told by themselves."""
    return {group for group, sums in gathered(layout, held).items() if not all(map(layout.rules.tells, sums))}


def chosen(layout: Layout, held: Held) -> frozenset[Group]:
    """What is left out."""
    return left_out(layout, held, HighsSolver(), {})


def attacked(  # each of these is part of what an attacker sees
    layout: Layout, held: Held, groups: frozenset[Group], target: Group, measure: int = 0, *, knows: str | None = None
) -> tuple[float, float]:
    """Between what a group lies, worked out anew: a variable for what others hold in a place, an equation a group."""
    attack = highspy.Highs()  # type: ignore[no-untyped-call]  # of the library's own
    attack.setOptionValue("output_flag", False)  # noqa: FBT003  (so it is called)
    parts = {place: {n: v for n, v in of.items() if n != knows} for place, of in held.items()}
    x: dict[tuple[Place, int], Any] = {
        (place, at): attack.addVariable(lb=0, ub=highspy.kHighsInf if others else 0)
        for place, others in parts.items()
        for at in range(len(layout.measures))
    }

    def inside(group: Group) -> list[Place]:
        return [place for place in held if all(k in {None, p} for k, p in zip(group, place, strict=True))]

    for table in layout.tables:
        for group in layout.groups(table):
            if inside(group) and group not in groups:
                total = sum(int(v[table.measure] or 0) for place in inside(group) for v in parts[place].values())
                attack.addConstr(attack.qsum([x[place, table.measure] for place in inside(group)]) == total)
    for link in layout.links:
        for place in held:
            attack.addConstr(x[place, link.measure] * link.factor <= x[place, link.other] * link.other_factor)
    known = [held[place][knows][measure] for place in inside(target) if knows is not None and knows in held[place]]
    own, aim = sum(value or 0 for value in known), attack.qsum([x[place, measure] for place in inside(target)])
    attack.minimize(aim)
    least = attack.getObjectiveValue()
    attack.maximize(aim)
    unbounded = attack.getModelStatus() != highspy.HighsModelStatus.kOptimal
    return own + least, float("inf") if unbounded else own + attack.getObjectiveValue()


def refuse_leaks(layout: Layout, held: Held, groups: frozenset[Group]) -> None:
    """Every group that may not be told is in doubt by its margin, both ways, for everybody."""
    sums = gathered(layout, held)
    told = {(table.by, table.measure) for table in layout.tables}
    for group in unsafe(layout, held):
        for measure in range(len(layout.measures)):
            if not any(m == measure and all(k is None or p in by for p, k in enumerate(group)) for by, m in told):
                continue
            parts = sums[group][measure]
            names = {name for of in held.values() for name in of}
            for knows in (None, *sorted(names)):
                margin = layout.rules.margin(parts, knows=knows)
                others = sum(value for name, value in parts.items() if name != knows)
                if not parts.keys() - {knows}:
                    continue  # it is alone there, and knows
                low, high = attacked(layout, held, groups, group, measure, knows=knows)
                total, slack = sum(parts.values()), NEAR * max(1, margin)
                assert low <= total - min(margin, others) + slack, (group, measure, knows)
                assert high >= total + max(margin, 1 - NEAR) - slack, (group, measure, knows)


def of_one(values: Mapping[tuple[int, ...], Mapping[str, int]]) -> Held:
    """What was handed in, of one measure."""
    return {place: {name: (value,) for name, value in parts.items()} for place, parts in values.items()}


FIRMS = ("a", "b", "c", "d")
EVEN = dict.fromkeys(FIRMS, 50)


# --- what may be told by itself ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "tells"),
    [
        ([20, 20, 20, 20], False),  # four equal ones have a quarter each, and are four
        ([20, 20, 20, 20, 20], True),
        ([25, 25, 25, 20, 5], True),
        ([26, 25, 24, 20, 5], False),  # one above a quarter
        ([0, 0, 0, 0, 0], False),  # tells that each had nothing
        ([25, 75, 0, 0, 0], False),  # who hands in nothing hides nobody
        ([], False),
    ],
)
def test_at_least_five_and_none_above_a_quarter(parts: list[int], tells: bool) -> None:
    """The rules where a standard says nothing else."""
    assert Rules().tells({str(at): value for at, value in enumerate(parts)}) is tells


def test_the_second_largest_may_not_work_out_the_largest() -> None:
    """p-percent alone: what the others hold is less than so much of the largest."""
    rules = Rules(contributors=3, share=Fraction(1), percent=Fraction(1, 10))
    assert not rules.tells({"a": 1000, "b": 900, "c": 99})
    assert rules.tells({"a": 1000, "b": 900, "c": 100})


def test_two_of_the_largest_are_weighed_together() -> None:
    """The n-k rule with n of 2."""
    rules = Rules(contributors=3, largest=2, share=Fraction(3, 4), percent=Fraction(1, 100))
    assert rules.tells({"a": 40, "b": 35, "c": 25})
    assert not rules.tells({"a": 41, "b": 35, "c": 24})


def test_firms_of_one_owner_look_like_others() -> None:
    """What cannot be seen, and is said so: five members behind which one owner stands pass for five."""
    assert Rules().tells({f"daughter-{number}": 20 for number in range(5)})


# --- what totals tell -------------------------------------------------------------------------------------------------

SMALL = of_one({(0, 0): {"a": 70, "b": 5}, (0, 1): EVEN, (1, 0): EVEN, (1, 1): EVEN})


def test_totals_give_away_what_is_merely_left_out() -> None:
    """The naive version leaves out what may not be told and no more, and the attack reads it to the unit."""
    layout = layout_of(2, 2)
    naive = frozenset(unsafe(layout, SMALL))
    assert naive == {(0, 0)}
    assert attacked(layout, SMALL, naive, (0, 0)) == pytest.approx((75, 75))
    ours = chosen(layout, SMALL)
    assert ours > naive
    refuse_leaks(layout, SMALL, ours)


def test_one_more_is_not_enough_where_it_is_too_small() -> None:
    """A second group in the row hides nothing if it holds nearly nothing: the interval is as narrow as it."""
    values = {**SMALL, **of_one({(0, 1): {"a": 1, "b": 1, "c": 1}, (1, 1): {"a": 1, "b": 1, "c": 1}})}
    layout = layout_of(2, 2)
    pattern = frozenset({(0, 0), (0, 1), (1, 0), (1, 1)})
    low, high = attacked(layout, values, pattern, (0, 0))
    assert high - low < 2 * layout.rules.margin({"a": 70, "b": 5})
    refuse_leaks(layout, values, chosen(layout, values))


def test_who_is_alone_in_the_other_group_sees_through_it() -> None:
    """Two groups left out in a row, one contributor in each: each knows the other's, unless more is left out."""
    layout = layout_of(1, 3)
    held = of_one({(0, 0): {"a": 40}, (0, 1): {"b": 60}, (0, 2): EVEN})
    for_outsiders = frozenset({(0, 0), (0, 1), (None, 0), (None, 1)})
    low, high = attacked(layout, held, for_outsiders, (0, 0))
    assert high - low > 2 * layout.rules.margin({"a": 40})
    assert attacked(layout, held, for_outsiders, (0, 0), knows="b") == pytest.approx((40, 40))
    refuse_leaks(layout, held, chosen(layout, held))


def test_tables_that_share_a_dimension_are_one() -> None:
    """A group that two tables of one period tell only together."""
    layout = layout_of(2, 2, 2, by=[(0, 1), (1, 2), (0, 2)])
    held = of_one({place: {"a": 70, "b": 5} if place == (0, 0, 0) else EVEN for place in product(range(2), repeat=3)})
    refuse_leaks(layout, held, chosen(layout, held))


def test_a_count_and_what_a_row_holds_at_most_bound_a_sum() -> None:
    """Where a standard says that no row holds more than 100, a told count of three rows bounds what is left out."""
    links = (Link(measure=0, factor=1, other=1, other_factor=100),)
    layout = layout_of(2, 2, measures=2, links=links)
    many = dict.fromkeys(FIRMS, (150, 3))
    held: Held = {(0, 0): {"a": (70, 1), "b": (5, 1)}, (0, 1): many, (1, 0): many, (1, 1): many}
    refuse_leaks(layout, held, chosen(layout, held))


def test_a_group_of_zeros_is_not_read_from_its_total() -> None:
    """That everybody had nothing is told to nobody."""
    layout = layout_of(2, 2)
    held = {**SMALL, (0, 0): dict.fromkeys(FIRMS, (0,))}
    groups = chosen(layout, held)
    assert attacked(layout, held, groups, (0, 0))[1] >= 1
    refuse_leaks(layout, held, groups)


def test_nothing_is_left_out_where_all_may_be_told() -> None:
    """And the same again leaves out the same."""
    layout = layout_of(3, 3)
    held = of_one(dict.fromkeys(product(range(3), repeat=2), EVEN))
    assert chosen(layout, held) == frozenset()
    assert chosen(layout, {}) == frozenset()
    assert chosen(layout_of(2, 2), SMALL) == chosen(layout_of(2, 2), SMALL)


def test_no_group_is_left_out_for_nothing() -> None:
    """Told again, any further group would give something away."""
    layout = layout_of(3, 4)
    held = of_one({p: {"a": 70, "b": 5} if p in {(0, 0), (1, 2)} else EVEN for p in product(range(3), range(4))})
    groups = chosen(layout, held)
    refuse_leaks(layout, held, groups)
    for group in groups - unsafe(layout, held):
        with pytest.raises(AssertionError):
            refuse_leaks(layout, held, groups - {group})


@st.composite
def pools(draw: st.DrawFn) -> tuple[Layout, Held]:
    """Small pools: two or three dimensions, one table or two that share one, few contributors in each place."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=3))
    shapes = draw(st.sampled_from([None, [(0, 1)], [(0, 1), (1,)], [(0,), (1,)], [(0, 1), (1, len(sizes) - 1)]]))
    amounts = st.integers(0, 60)
    held = {}
    for place in product(*map(range, sizes)):
        parts = draw(st.dictionaries(st.sampled_from("abcdef"), amounts, max_size=5))
        if parts:
            held[place] = parts
    by = None if shapes is None else [tuple(sorted(set(one))) for one in shapes]
    return layout_of(*sizes, by=None if by is None else list(dict.fromkeys(by))), of_one(held)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(pool=pools())
def test_whatever_was_handed_in_nobody_works_it_out(pool: tuple[Layout, Held]) -> None:
    """The law of checked tables, judged by a program of its own: outsiders and every contributor stay in doubt."""
    layout, held = pool
    groups = chosen(layout, held)
    assert unsafe(layout, held) <= groups
    refuse_leaks(layout, held, groups)


# --- brute force ------------------------------------------------------------------------------------------------------


def worlds(held: Held, told: Mapping[Group, int], most: int) -> Iterator[dict[tuple[int, ...], int]]:
    """Every table of whole numbers with these told sums."""
    places = sorted(held)
    for values in product(range(most + 1), repeat=len(places)):
        world = dict(zip(places, values, strict=True))
        if all(
            sum(v for p, v in world.items() if all(k in {None, at} for k, at in zip(group, p, strict=True))) == total
            for group, total in told.items()
        ):
            yield world


@settings(max_examples=10, deadline=None)
@given(values=st.lists(st.integers(0, 5), min_size=4, max_size=4), one=st.integers(0, 3))
def test_the_interval_is_what_all_possible_tables_say(values: list[int], one: int) -> None:
    """Two by two, every table tried: the ends that the program finds are the least and the most of them."""
    layout = layout_of(2, 2)
    places = list(product(range(2), repeat=2))
    held = of_one({place: {"a": value, "b": 0} for place, value in zip(places, values, strict=True)})
    groups = frozenset({(0, 0), (0, 1), (1, 0), (1, 1), (None, None)})
    attack = Attack(layout, held, HighsSolver())
    sums = gathered(layout, held)
    told = {group: sum(parts[0].values()) for group, parts in sums.items() if group not in groups}
    found = [world[places[one]] for world in worlds(held, told, most=10)]
    assert attack.interval(places[one], 0, groups) == pytest.approx((min(found), max(found)), abs=1e-4)


# --- what quarters tell -----------------------------------------------------------------------------------------------

FIVE = dict.fromkeys("abcde", 100)


@pytest.mark.parametrize(
    ("now", "before", "withdrawn", "tells"),
    [
        (FIVE, FIVE, 0, True),  # nothing differs
        ({**FIVE, "a": 101}, FIVE, 0, False),  # one moved, and is seen to
        ({**dict.fromkeys("abcde", 130), "f": 100}, FIVE, 0, True),  # a newcomer among many that moved
        ({**dict.fromkeys("abcde", 101), "f": 100}, FIVE, 0, False),  # and one that moved far more than all others
        (dict.fromkeys("bcde", 101), FIVE, 0, False),  # who left is read as well
        (dict.fromkeys("bcde", 130), FIVE, 0, True),
        (dict.fromkeys("abcde", 101), FIVE, 100, False),  # so is who took back what was published
        (dict.fromkeys("abcde", 130), FIVE, 100, True),
        (FIVE, FIVE, 100, False),
        ({**FIVE, "f": 0}, FIVE, 0, True),  # zero is not told by a sum
    ],
)
def test_what_two_quarters_differ_by(now: dict[str, int], before: dict[str, int], withdrawn: int, tells: bool) -> None:
    """As many must differ as must stand behind a group, and newcomers and leavers stay in doubt."""
    assert Rules(share=Fraction(1, 2)).tells_change(now, before, withdrawn) is tells


def test_a_group_that_a_quarter_would_give_away_stays_in_doubt_by_what_moved() -> None:
    """It is left out as if it broke a rule, and its margin is of what differs."""
    layout = layout_of(2, 2)
    held = of_one(dict.fromkeys(product(range(2), repeat=2), EVEN))
    groups = left_out(layout, held, HighsSolver(), {((0, 0), 0): {"new": 100}})
    low, high = attacked(layout, held, groups, (0, 0))
    assert (0, 0) in groups
    assert low <= 200 - 20 + NEAR
    assert high >= 200 + 20 - NEAR


class Helpless:
    """A solver that finds nothing."""

    def program(self, columns: int, rows: Sequence[Mapping[int, float]]) -> "Helpless":
        """Of any size."""
        assert columns >= len(rows)
        return self

    def least(
        self, costs: Sequence[float], lowest: Sequence[float], highest: Sequence[float]
    ) -> Sequence[float] | None:
        """Nothing is between any bounds."""
        assert len(costs) == len(lowest) == len(highest)
        return None


def test_without_evidence_nothing_is_told() -> None:
    """Where the solver fails, there are no tables; an odd ending of the real one is said by its name."""
    refused("table.not-solved", lambda: left_out(layout_of(2, 2), SMALL, Helpless(), {}))
    refused("table.not-solved", lambda: Attack(layout_of(2, 2), SMALL, Helpless()).interval((0, 0), 0, frozenset()))
    program = HighsSolver().program(1, [])
    assert program.least([1.0], [2.0], [1.0]) is None
    refused("table.not-solved", lambda: program.least([-1.0], [0.0], [highspy.kHighsInf]))


def test_telling_again_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing left to spend on it more is left out, and nothing is given away."""
    layout = layout_of(3, 4)
    held = of_one({p: {"a": 70, "b": 5} if p in {(0, 0), (1, 2)} else EVEN for p in product(range(3), range(4))})
    monkeypatch.setattr(suppression, "_RETOLD", 0)
    refuse_leaks(layout, held, chosen(layout, held))
