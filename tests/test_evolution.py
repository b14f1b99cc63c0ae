"""A lineage lives: what a version changes for whom, which number it needs, and how the rows before it are read."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datadam import texts
from datadam.adapters.polars_steps import drawn
from datadam.errors import DamError
from datadam.evolution import CONSUMERS, CONTRIBUTORS, Effect, Step, compare, passage, step, successor_faults
from datadam.model import (
    Attribution,
    CodeList,
    Column,
    CrossRule,
    Migration,
    Move,
    PrivacyClass,
    Protection,
    Repeat,
    Standard,
    StandardId,
    Tier,
    Type,
    Unit,
)

BOTH = {"en": "Some words", "ko": "어떤 말"}
KG = Unit(symbol="kg", numerator=1)
CODES = {
    "letters": CodeList(name="letters", title="", origin="", licence="", codes=frozenset({"A", "B"}), aliases={}),
    "others": CodeList(name="others", title="", origin="", licence="", codes=frozenset({"X", "Y", "Z"}), aliases={}),
}


def column(name: str, type: Type = Type.TEXT, **more: Any) -> Column:  # noqa: A002, ANN401  (as the field is called)
    """A clean column, but for what a test changes."""
    return Column(name=name, type=type, titles=BOTH, descriptions=BOTH, **more)


def standard(*columns: Column, version: str = "1.0.0", **more: Any) -> Standard:  # noqa: ANN401
    """A clean standard, keyed by its first column, but for what a test changes."""
    given_: dict[str, Any] = {"key": (columns[0].name,), "purposes": ("research",), **more}
    return Standard(
        id=StandardId("test.thing"), version=version, titles=BOTH, descriptions=BOTH, columns=columns, **given_
    )


def codes_of(faults: tuple[DamError, ...]) -> list[str]:
    """The codes, each of which must have words in both languages."""
    for fault in faults:
        for language in texts.LANGUAGES:
            told = texts.explain(fault, language)
            assert "{" not in told.what + told.remedy
            assert told.remedy
    return [fault.code for fault in faults]


ID = column("id", required=True)

# --- compare ----------------------------------------------------------------------------------------------------------

BASE = standard(
    ID,
    column("amount", Type.DECIMAL, precision=20, scale=3, minimum=Decimal(0), unit="kg", units=(KG,)),
    column("kind", values=("a", "b")),
    column("note", max_length=10),
    rules=(CrossRule(id="r", left="kind", op="!=", right="note"),),
)


def with_column(which: str, **changes: Any) -> Standard:  # noqa: ANN401
    """BASE with one column changed."""
    return replace(BASE, columns=tuple(replace(c, **changes) if c.name == which else c for c in BASE.columns))


CHANGES: list[tuple[Standard, Effect]] = [
    (replace(BASE, titles={**BOTH, "en": "Other"}), Effect.EDITORIAL),
    (with_column("note", synonyms=("remark",)), Effect.EDITORIAL),
    (replace(BASE, columns=(*BASE.columns, column("extra"))), Effect.COMPATIBLE),
    (replace(BASE, rules=()), Effect.COMPATIBLE),
    (replace(BASE, reject_limit=Decimal("0.1")), Effect.COMPATIBLE),
    (with_column("note", max_length=20), Effect.COMPATIBLE),
    (with_column("amount", minimum=Decimal(-1)), Effect.COMPATIBLE),
    (with_column("amount", minimum=None), Effect.COMPATIBLE),
    (with_column("kind", values=("a", "b", "c")), Effect.COMPATIBLE),
    (with_column("amount", units=(KG, Unit(symbol="t", numerator=1000))), Effect.COMPATIBLE),
    (with_column("note", safe_statistics=True), Effect.COMPATIBLE),
    (replace(BASE, columns=BASE.columns[:-1]), Effect.BREAKING),
    (replace(BASE, columns=(*BASE.columns, column("extra", required=True))), Effect.BREAKING),
    (with_column("note", name="remark"), Effect.BREAKING),
    (with_column("note", max_length=5), Effect.BREAKING),
    (with_column("note", min_length=1), Effect.BREAKING),
    (with_column("amount", maximum=Decimal(9)), Effect.BREAKING),
    (with_column("amount", minimum=Decimal(1)), Effect.BREAKING),
    (with_column("amount", scale=2), Effect.BREAKING),
    (with_column("amount", type=Type.NUMBER, scale=0), Effect.BREAKING),
    (with_column("amount", units=(replace(KG, symbol="Kg"),)), Effect.BREAKING),
    (with_column("kind", values=("a",)), Effect.BREAKING),
    (with_column("note", values=("x",)), Effect.BREAKING),
    (with_column("note", required=True), Effect.BREAKING),
    (with_column("note", protection=Protection.DROP), Effect.BREAKING),
    (with_column("note", privacy_class=PrivacyClass.PUBLIC), Effect.BREAKING),
    (with_column("note", pattern=r"\Aa\z"), Effect.BREAKING),
    (replace(BASE, rules=(CrossRule(id="r", left="kind", op="=", right="note"),)), Effect.BREAKING),
    (replace(BASE, purposes=("research", "selling")), Effect.REFUSED),
    (replace(BASE, repeat=Repeat.KEEP), Effect.BREAKING),
    (replace(BASE, reject_limit=Decimal("0.01")), Effect.BREAKING),
    (replace(BASE, tier=Tier.ANSWERS), Effect.BREAKING),
    (replace(BASE, tier=Tier.OPEN), Effect.REFUSED),
    (replace(BASE, attribution=Attribution.COUNTRY), Effect.REFUSED),
    (replace(BASE, synthetic=True), Effect.REFUSED),
]


@pytest.mark.parametrize(("new", "effect"), CHANGES)
def test_each_change_has_its_effect_and_asks_its_version(new: Standard, effect: Effect) -> None:
    """Words ask for a patch, widening for a minor, breaking for a major; a loosened promise is always refused."""
    changes = compare(BASE, new)
    assert max(change.effect for change in changes) is effect
    for change in changes:
        assert "{" not in texts.say(change.code, "ko", **change.facts)
    enough = {Effect.EDITORIAL: "1.0.1", Effect.COMPATIBLE: "1.1.0", Effect.BREAKING: "2.0.0", Effect.REFUSED: "2.0.0"}
    short = {Effect.EDITORIAL: "1.0.0", Effect.COMPATIBLE: "1.0.1", Effect.BREAKING: "1.9.9", Effect.REFUSED: "1.9.9"}
    assert bool(successor_faults(BASE, replace(new, version=enough[effect]))) is (effect is Effect.REFUSED)
    assert "standard.version-too-small" in codes_of(successor_faults(BASE, replace(new, version=short[effect])))


def test_attribution_may_become_less_telling() -> None:
    """From contributor to none is allowed: it only hides more."""
    shown = replace(BASE, attribution=Attribution.CONTRIBUTOR)
    assert [change.effect for change in compare(shown, BASE)] == [Effect.BREAKING]


def test_nothing_changed_means_no_change_and_another_id_is_another_lineage() -> None:
    """Comparing with itself is empty; a standard cannot follow another's."""
    assert compare(BASE, BASE) == ()
    assert codes_of(successor_faults(BASE, replace(BASE, id=StandardId("other.thing")))) == ["standard.successor-id"]
