"""How coarse columns must be for gates: the lattice search, the ladders of columns, and what is proposed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import coarsening
from datadam.errors import Invalid
from datadam.formats import codelists
from datadam.model import Coarsening, Column, Period, Protection, Type
from datadam.privacy import ladders, lattice

CODES = codelists.packaged()

STEPS = st.lists(st.integers(0, 3), min_size=1, max_size=3)


@given(STEPS, st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), max_size=4))
def test_exactly_the_minimal_nodes_are_found(steps: list[int], tops: list[list[int]]) -> None:
    """For any property that only grows: as looking at every node tells."""
    least = [top[: len(steps)] for top in tops]

    def holds(node: lattice.Node) -> bool:
        return any(all(mine >= need for mine, need in zip(node, one, strict=True)) for one in least)

    having = [node for node in product(*(range(most + 1) for most in steps)) if holds(node)]
    expected = [node for node in having if not any(lattice.below(node)(one) for one in having if one != node)]
    assert lattice.minimal(steps, holds) == sorted(expected, key=lambda node: (sum(node), node))


def test_few_nodes_are_looked_at() -> None:
    """Of 1,296 nodes, a small share: what lies above one that holds, or below one that does not, is settled."""
    looked = []

    def holds(node: lattice.Node) -> bool:
        looked.append(node)
        return sum(node) >= 8

    found = lattice.minimal([5, 5, 5, 5], holds)
    assert {sum(node) for node in found} == {8}
    assert len(looked) < 1_296 / 3
    assert len(set(looked)) == len(looked)


def test_a_lattice_that_is_too_large_is_refused() -> None:
    """Before anything is looked at."""
    with pytest.raises(Invalid, match=r"gate\.too-many-ways"):
        lattice.minimal([9] * 5, lambda _: True)


# --- ladders ----------------------------------------------------------------------------------------------------------


def said(column: Column, values: list[Any]) -> list[str]:
    """The steps of a column, in words."""
    return [step.said for step in ladders.ladder(column, values, CODES)]


def test_a_ladder_climbs_in_steps_that_nest() -> None:
    """Periods, bands of whole ones, lists above; what is coarse already goes on from there; the last is without."""
    born, seen = Column(name="born", type=Type.DATE), Column(name="seen", type=Type.TIMESTAMP)
    assert said(born, []) == ["", "month", "quarter", "year", "drop"]
    assert said(seen, []) == ["", "day", "month", "quarter", "year", "drop"]
    by_month = replace(born, protection=Protection.COARSEN, coarsening=Coarsening(period=Period.MONTH))
    assert said(by_month, []) == ["", "quarter", "year", "drop"]
    age = Column(name="age", type=Type.INTEGER, minimum=Decimal(0))
    assert said(age, [*range(100)]) == ["", "width 5", "width 10", "width 50", "drop"]
    wide = replace(age, protection=Protection.COARSEN, coarsening=Coarsening(width=Decimal(10)))
    assert said(wide, [*range(0, 1000, 10)]) == ["", "width 50", "width 100", "width 500", "drop"]
    edged = Coarsening(edges=tuple(Decimal(edge) for edge in (0, 10, 20, 50, 100)))
    banded = replace(age, protection=Protection.COARSEN, coarsening=edged)
    assert said(banded, [*range(9)]) == ["", "edges 0, 20, 100", "edges 0, 100", "drop"]
    price = Column(name="price", type=Type.DECIMAL, precision=9, scale=2, minimum=Decimal(0))
    assert said(price, [Decimal("0.10"), None, Decimal("1.00")])[1] == "width 0.05"
    free = replace(age, minimum=None)  # whose bands would have no lowest
    assert said(free, [1, 99]) == ["", "drop"]
    country = Column(name="country", type=Type.TEXT, codes="iso3166-alpha2")
    assert said(country, []) == ["", "m49-subregion", "m49-region", "drop"]
    assert said(Column(name="person", type=Type.TEXT, protection=Protection.UNIT_ID, domain="p"), []) == ["", "drop"]


def test_values_become_what_the_step_says() -> None:
    """Numbered alike where they become the same; missing values stay apart, until the column goes."""
    born = Column(name="born", type=Type.DATE)
    days = [date(2001, 1, 5), date(2001, 2, 5), date(2001, 1, 9), None]
    steps = ladders.ladder(born, days, CODES)
    assert [ladders.numbers(step, days, CODES) for step in (steps[0], steps[1], steps[-1])] == [
        [0, 1, 2, 3],
        [0, 1, 0, 2],
        [0, 0, 0, 0],
    ]
    instants = [datetime(2001, 1, day, hour, tzinfo=UTC) for day, hour in ((5, 1), (5, 2), (6, 1))]
    seen = ladders.ladder(Column(name="seen", type=Type.TIMESTAMP), instants, CODES)
    assert ladders.numbers(seen[1], instants, CODES) == [0, 0, 1]
    age = ladders.ladder(Column(name="age", type=Type.INTEGER, minimum=Decimal(0)), [*range(100)], CODES)
    assert ladders.numbers(age[2], [3, 9, 10, 95], CODES) == [0, 0, 1, 2]


def test_codes_climb_from_where_they_are_stored() -> None:
    """A country by its subregion and region; a subregion that is stored already by its region."""
    country = Column(name="country", type=Type.TEXT, codes="iso3166-alpha2")
    steps = ladders.ladder(country, [], CODES)
    assert ladders.numbers(steps[2], ["KR", "JP", "DE"], CODES) == [0, 0, 1]
    stored = replace(country, protection=Protection.COARSEN, coarsening=Coarsening(codes="m49-subregion"))
    (region,) = [step for step in ladders.ladder(stored, [], CODES) if step.said == "m49-region"]
    groups = coarsening.groups_of(stored, CODES)
    assert ladders.numbers(region, [groups["KR"], groups["IN"], groups["DE"], "?"], CODES) == [0, 0, 1, 2]


def test_what_is_proposed_is_least_and_says_what_is_lost() -> None:
    """Either column may climb; what climbs less of its ladder comes first, with the rows that it still leaves out."""
    rows = [("KR", 30), ("JP", 31), ("DE", 30), ("FR", 33)]
    columns = {
        "country": Column(name="country", type=Type.TEXT, codes="iso3166-alpha2"),
        "age": Column(name="age", type=Type.INTEGER, minimum=Decimal(0)),
    }
    values: dict[str, list[Any]] = {
        name: list(dict.fromkeys(row[at] for row in rows)) for at, name in enumerate(columns)
    }
    found = {name: ladders.ladder(column, values[name], CODES) for name, column in columns.items()}

    def measure(coarser: Mapping[str, Sequence[int]]) -> tuple[int, int]:
        groups = Counter(
            tuple(
                coarser[name][values[name].index(value)] if name in coarser else value
                for name, value in zip(columns, row, strict=True)
            )
            for row in rows
        )
        return len(rows), sum(count for count in groups.values() if count >= 2)

    told = ladders.propose(found, values.__getitem__, measure, CODES, Fraction(0))
    assert [dict(one.said) for one in told] == [{"country": "m49-subregion", "age": "drop"}]
    assert told[0].suppressed == 0
    some = ladders.propose(found, values.__getitem__, measure, CODES, Fraction(1, 2))
    assert [(dict(one.said), one.suppressed) for one in some] == [
        ({"country": "drop"}, Fraction(1, 2)),
        ({"country": "m49-subregion", "age": "drop"}, Fraction(0)),
    ]
    assert ladders.propose(found, values.__getitem__, lambda _: (0, 0), CODES, Fraction(0))[0].said == {}
