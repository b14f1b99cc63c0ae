"""Recipes: public keys are told by the standard alone, and cover all that an admitted row can hold."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answers import CODES, FIRM, INDUSTRY, MONTH, USE, private
from datadam import coarsening
from datadam.model import Bounds, Coarsening, Column, Period, Protection, Repeat, Type
from datadam.privacy import recipes
from datadam.privacy.recipe import Key
from datadam.privacy.recipes import public_keys
from datadam.protections import FreeText
from drafts import column

COARSE = Protection.COARSEN


def number(kind: Type = Type.INTEGER, **more: Any) -> Column:
    """A required quantity."""
    return column("n", kind, required=True, **more)


def ends(lowest: object, highest: object) -> dict[str, Any]:
    """The ends of a range."""
    kinds = (str, type(None))
    told = [end if isinstance(end, kinds) else Decimal(str(end)) for end in (lowest, highest)]
    return {"minimum": told[0], "maximum": told[1]}


def banded(kind: Type = Type.INTEGER, *, lowest: object = 0, highest: object = None, **how: Any) -> Column:
    """A quantity of which only the band is kept."""
    more = {"precision": 10, "scale": 2} if kind is Type.DECIMAL else {}
    return number(kind, protection=COARSE, coarsening=Coarsening(**how), **ends(lowest, highest), **more)


def dated(period: Period | None, lowest: str | None, highest: str | None, kind: Type = Type.DATE) -> Column:
    """A day or an instant, kept as coarse as that."""
    how = {"protection": COARSE, "coarsening": Coarsening(period=period)} if period is not None else {}
    return number(kind, **how, **ends(lowest, highest))


REGION = Coarsening(codes="m49-region")
EDGES = tuple(map(Decimal, ("0", "10", "50")))
KEYS: list[tuple[Column, tuple[Key, ...] | None]] = [
    (column("b", Type.BOOLEAN, required=True), (False, True)),
    (column("b", Type.BOOLEAN), (False, True, None)),
    (column("t", values=("b", "a")), ("b", "a", None)),
    (column("t", codes="mineral-stage", required=True), tuple(sorted(CODES["mineral-stage"].codes))),
    (column("t", codes="nowhere"), None),
    (column("t"), None),
    (
        column("t", values=("a", "b"), protection=COARSE, coarsening=Coarsening(groups={"a": "Z", "b": "Y"})),
        ("Y", "Z", None),
    ),
    (
        column("t", codes="iso3166-alpha2", protection=COARSE, coarsening=REGION, required=True),
        tuple(sorted(CODES["m49-region"].codes)),
    ),
    (column("t", values=("a",), protection=COARSE, coarsening=Coarsening(codes="m49-region")), None),
    (column("t", values=("a",), protection=Protection.DROP), None),
    (column("t", values=("a",), protection=Protection.MASK), None),
    (column("t", values=("a",), protection=Protection.UNIT_ID, domain="d"), None),
    (dated(Period.QUARTER, "2026-02-03", "2026-07-01"), ("2026-01-01", "2026-04-01", "2026-07-01")),
    (dated(Period.YEAR, "2025-12-31", "2026-01-01"), ("2025-01-01", "2026-01-01")),
    (dated(Period.MONTH, "9999-11-30", "9999-12-31"), ("9999-11-01", "9999-12-01")),
    (dated(None, "2026-02-28", "2026-03-01"), ("2026-02-28", "2026-03-01")),
    (dated(None, "9999-12-31", "9999-12-31"), ("9999-12-31",)),
    (dated(None, "2020-01-01", "2026-03-01"), None),
    (dated(None, "2026-01-01", None), None),
    (dated(None, "soon", "2026-01-01"), None),
    (
        dated(Period.DAY, "2026-01-01T05:00:00Z", "2026-01-02T23:00:00Z", Type.TIMESTAMP),
        ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
    ),
    (dated(None, "2026-01-01T05:00:00Z", "2026-01-01T06:00:00Z", Type.TIMESTAMP), None),
    (number(**ends(-1, 2)), (-1, 0, 1, 2)),
    (number(**ends(0, 999)), tuple(range(1000))),
    (number(**ends(0, 1000)), None),
    (number(**ends(0, None)), None),
    (number(**ends("NaN", 3)), None),
    (number(Type.DECIMAL, precision=9, scale=2, **ends(0, 5)), None),
    (banded(edges=EDGES), (0, 10, 50)),
    (banded(edges=EDGES, lowest=12, highest=49), (10,)),
    (banded(edges=EDGES, lowest=-1), None),
    (banded(width=Decimal(10), lowest=-5, highest=19), (-10, 0, 10)),
    (banded(width=Decimal(10), lowest=-5), None),
    (banded(width=Decimal(0), highest=9), None),
    (banded(width=Decimal("NaN"), highest=9), None),
    (banded(width=Decimal(2), highest=10**9), None),
    (banded(Type.DECIMAL, width=Decimal("2.5"), highest=5), ("0.00", "2.50", "5.00")),
    (banded(Type.NUMBER, edges=(Decimal(0), Decimal("12.5"))), ("0.0", "12.5")),
    (banded(edges=EDGES, lowest=None), None),
]


@pytest.mark.parametrize(("held", "keys"), KEYS)
def test_the_public_keys_of_a_column(held: Column, keys: tuple[Key, ...] | None) -> None:
    """Lists, booleans, periods, bands and small ranges have some, the last of an optional column None; others none."""
    assert public_keys(held, CODES) == keys


def test_a_list_that_is_too_long_has_no_public_keys() -> None:
    """Ten thousand keys at most."""
    full = column("t", values=tuple(map(str, range(recipes.MAX_KEYS))), required=True)
    assert len(public_keys(full, CODES) or ()) == recipes.MAX_KEYS
    assert public_keys(replace(full, values=(*full.values, "x")), CODES) is None


@given(st.dates(), st.dates(), st.sampled_from([Period.MONTH, Period.QUARTER, Period.YEAR]), st.data())
def test_every_day_within_the_range_has_its_key(one: date, two: date, period: Period, data: st.DataObject) -> None:
    """The law of periods: what a day is stored as is one of the keys, wherever in the range it lies."""
    low, high = sorted((one, two))
    day = data.draw(st.dates(low, high))
    keys = public_keys(dated(period, low.isoformat(), high.isoformat()), CODES)
    if keys is not None:  # ten thousand months are the most
        assert coarsening.coarse_day(period, day).isoformat() in keys
        assert list(keys) == sorted(set(map(str, keys)))


@given(st.integers(-500, 500), st.integers(0, 500), st.integers(2, 50), st.data())
def test_every_number_within_the_range_has_its_band(low: int, more: int, width: int, data: st.DataObject) -> None:
    """The law of bands: the same."""
    held = banded(width=Decimal(width), lowest=low, highest=low + more)
    value = data.draw(st.integers(low, low + more))
    edge = coarsening.lower_edge(Coarsening(width=Decimal(width)), Decimal(value))
    assert edge is not None
    assert int(edge) in (public_keys(held, CODES) or ())


def test_a_recipe_keeps_what_may_be_asked_about() -> None:
    """Keys, open keys and sums, in the standard's order; never what is dropped, an internal id, or written freely."""
    more = (
        column("note", max_length=900, free_text=FreeText.REDACT),
        column("gone", values=("a",), protection=Protection.DROP),
        column("plant", pattern=r"\A[A-Z]{3}\z"),
        column("partner", protection=Protection.UNIT_ID, domain="firm"),
        column("price", Type.DECIMAL, precision=9, scale=2),
        column("at", Type.TIMESTAMP),
        column("code", Type.INTEGER),
    )
    held = private(FIRM, MONTH, INDUSTRY, USE, *more)
    made = recipes.recipe(held, CODES)
    assert (made.standard, made.unit, made.rows, made.supersede) == ("test.thing", "firm", 24, True)
    assert made.hashed == ("firm", "month") == held.key
    assert list(made.keys) == ["month", "industry"]
    assert made.open == ("plant", "code")
    assert made.sums == {"use": USE.clip}
    kept = recipes.recipe(replace(held, repeat=Repeat.KEEP, key=()), CODES)
    assert (kept.hashed, kept.supersede) == (("month", "industry", "use", "plant", "code"), False)
    assert recipes.recipe(replace(held, bounds=Bounds(unit="firm")), CODES).rows == 0
