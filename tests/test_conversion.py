"""Another dam's version read under ours: exact or refused, and drawn by the light client as the engine draws it."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import texts
from datadam.adapters import polars_steps
from datadam.client.federated import draw
from datadam.conversion import conversion
from datadam.errors import Invalid
from datadam.migration import Drawn
from datadam.model import (
    CodeList,
    Column,
    Migration,
    Move,
    Protection,
    Repeat,
    Standard,
    Tier,
    Type,
    Unit,
)
from drafts import column, standard

ID = column("id", required=True)
KG = Unit(symbol="kg", numerator=1)
T_OF_KG = Unit(symbol="t", numerator=1000)
MASS: dict[str, Any] = {
    "type": Type.DECIMAL,
    "precision": 18,
    "scale": 3,
    "minimum": Decimal(0),
    "maximum": Decimal(10**9),
}
CODES = {
    "two": CodeList(
        name="two",
        title="",
        origin="",
        licence="",
        codes=frozenset({"KR", "DE"}),
        aliases={"kr": "KR", "korea": "KR", "de": "DE", "germany": "DE"},
    ),
    "three": CodeList(
        name="three",
        title="",
        origin="",
        licence="",
        codes=frozenset({"KOR", "DEU"}),
        aliases={"kor": "KOR", "korea": "KOR", "deu": "DEU", "germany": "DEU"},
    ),
}
FRAME = pl.DataFrame({"id": ["a", "b"], "n": [1, None]})


def theirs(*columns: Column, version: str = "1.1.0", **more: Any) -> Standard:
    """The other dam's version."""
    return standard(ID, *columns, version=version, **more)


def read(frame: pl.DataFrame, steps: Sequence[Sequence[Drawn]], columns: Sequence[str]) -> pl.DataFrame:
    """Rows as the client draws them; held, step by step, against how the engine does."""
    lazy, other = frame.lazy(), frame
    for step in steps:
        rest = [name for name in other.columns if name not in columns]
        lazy = draw(pl, lazy, step, columns)
        drawn = [one for one in step if one.source is None or one.source.name in other.columns]
        other = other.select(*map(polars_steps.drawn, drawn), *rest)
    found = lazy.collect()
    assert found.equals(other)
    assert found.schema == other.schema
    return found


def refuses(one: Standard, lineage: Sequence[Standard]) -> str:
    """It differs, and why; said in both languages."""
    with pytest.raises(Invalid) as caught:
        conversion(one, lineage, CODES)
    assert caught.value.code == "peer.standard-differs"
    for language in texts.LANGUAGES:
        assert "{" not in texts.explain(caught.value, language).what
    return str(caught.value.facts["why"])


def test_the_same_contract_needs_no_step_whoever_may_read_it() -> None:
    """Equal, or other in its tier, its purposes and its optional columns only: rows come as they are."""
    ours = theirs(column("n", Type.INTEGER))
    assert conversion(ours, [ours], CODES) == ()
    assert conversion(replace(ours, version="1.0.1", tier=Tier.OPEN, purposes=("x",)), [ours], CODES) == ()


def test_a_number_that_names_two_contracts_is_never_read() -> None:
    """Under one version both dams said something else: one of them is not what was signed for."""
    ours = theirs(column("n", Type.INTEGER))
    assert (
        refuses(replace(ours, columns=(ID, column("n", Type.NUMBER))), [ours])
        == "version 1.1.0 says something else there"
    )
    earlier = replace(ours, version="1.0.0")
    assert refuses(replace(earlier, rules=(), purposes=("x",)), [earlier, ours]).startswith("version 1.0.0")


def test_an_earlier_version_of_ours_is_read_by_our_own_migrations() -> None:
    """What was renamed, converted and made constant between our versions is so for rows of a dam that lags behind."""
    first = theirs(column("n", Type.INTEGER, minimum=Decimal(0), maximum=Decimal(1000)), version="1.0.0")
    moves = (Move(column="count", source="n"), Move(column="method", constant="unknown"))
    count = column("count", Type.DECIMAL, precision=10, scale=1)
    method = column("method", required=True)
    second = replace(
        first, version="2.0.0", columns=(ID, count, method), migration=Migration(after="1.0.0", moves=moves)
    )
    third = replace(second, version="2.1.0", columns=(*second.columns, column("more", Type.DATE)), migration=None)
    steps = conversion(first, [first, second, third], CODES)
    found = read(FRAME.with_columns(country=pl.lit("KR")), steps, ["id", "n", "count", "method", "more"])
    assert found.to_dict(as_series=False) == {
        "id": ["a", "b"],
        "count": [Decimal("1.0"), None],
        "method": ["unknown"] * 2,
        "more": [None, None],
        "country": ["KR"] * 2,
    }


def test_units_codes_names_and_digits_that_are_declared_are_converted() -> None:
    """Tonnes to kilograms, one code list to another by names that both give, a column known by a synonym."""
    ours = standard(
        ID,
        column("mass", unit="kg", units=(KG, T_OF_KG), **MASS),
        column("land", codes="three"),
        column("n", Type.DECIMAL, precision=20, scale=2, minimum=Decimal(0), maximum=Decimal(10**6)),
        column("late", Type.TIMESTAMP),
    )
    other = theirs(
        column(
            "weight",
            unit="t",
            units=(Unit(symbol="t", numerator=1),),
            synonyms=("mass",),
            **{**MASS, "maximum": Decimal(10**6)},
        ),
        column("land", codes="two"),
        column("n", Type.INTEGER, minimum=Decimal(0), maximum=Decimal(10**6)),
        column("own", Type.DATE),
    )
    steps = conversion(other, [ours], CODES)
    frame = pl.DataFrame(
        {
            "id": ["a", "b"],
            "weight": [Decimal("1.250"), None],
            "land": ["KR", "DE"],
            "n": [7, None],
            "own": [None, None],
        },
        schema_overrides={"weight": pl.Decimal(18, 3), "own": pl.Date},
    )
    found = read(frame, steps, ["id", "weight", "land", "n", "own"])
    assert found.to_dict(as_series=False) == {
        "id": ["a", "b"],
        "mass": [Decimal("1250.000"), None],
        "land": ["KOR", "DEU"],
        "n": [Decimal("7.00"), None],
        "late": [None, None],
    }
    narrowed = read(frame.drop("weight"), steps, ["id", "land", "n", "own"])  # an offer left a column out
    assert "mass" not in narrowed.columns


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (column("n", Type.NUMBER), column("n", Type.INTEGER), "type"),
        (column("n", Type.INTEGER), column("n", max_length=None), "n: not exact"),
        (column("n", unit="t", **MASS), column("n", unit="kg", **MASS), "unit"),
        (column("n", codes="two"), column("n", values=("KR",)), "values"),
        (column("n"), column("n", protection=Protection.MASK, mask_keep=1), "protection"),
        (column("n", protection=Protection.UNIT_ID, domain="a"), column("n"), "protection"),
        (column("n"), column("n", required=True), "required"),
        (column("n", max_length=80), column("n", max_length=60), "limits"),
    ],
    ids=["double", "text", "unit", "codes", "mask", "unit-id", "required", "limits"],
)
def test_what_would_be_lost_or_guessed_is_named_and_not_read(one: Column, other: Column, why: str) -> None:
    """Each pair that is in conflict, rounds, merges, or needs protecting again."""
    assert why in refuses(theirs(one), [standard(ID, other)])


def test_keys_rows_and_names_that_lead_to_several_are_not_read() -> None:
    """Another key, another way to repeat a fact, a required column that is not there, a name of two columns."""
    ours = standard(ID, column("n", Type.INTEGER))
    assert refuses(replace(ours, version="1.1.0", key=("n",)), [ours]) == "key"
    assert refuses(replace(ours, version="1.1.0", repeat=Repeat.KEEP), [ours]) == "repeat"
    assert refuses(theirs(), [standard(ID, column("n", required=True))]) == "columns"
    two = standard(ID, column("n", synonyms=("x",)), column("m", synonyms=("x",)))
    assert refuses(theirs(column("x")), [two]).startswith("x: ")


@given(values=st.lists(st.none() | st.integers(0, 10**6), min_size=1, max_size=20))
def test_converted_amounts_are_the_same_amounts(values: list[int | None]) -> None:
    """The law of it: a tonne is a thousand kilograms, to the last digit."""
    ours = standard(ID, column("mass", unit="kg", units=(KG, T_OF_KG), **MASS))
    there: dict[str, Any] = {**MASS, "maximum": Decimal(10**6)}
    other = theirs(column("mass", unit="t", units=(Unit(symbol="t", numerator=1),), **there))
    steps = conversion(other, [ours], CODES)
    told = [None if one is None else Decimal(one) for one in values]
    frame = pl.DataFrame({"id": ["a"] * len(told), "mass": pl.Series(told, dtype=pl.Decimal(18, 3))})
    found = read(frame, steps, ["id", "mass"])["mass"].to_list()
    assert found == [None if one is None else one * 1000 for one in told]
