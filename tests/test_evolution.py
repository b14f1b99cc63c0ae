"""A lineage lives: what a version changes for whom, which number it needs, and how the rows before it are read."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answers import SUM, private
from answers import with_column as with_private
from datadam import texts
from datadam.adapters.polars_steps import drawn
from datadam.errors import DamError
from datadam.evolution import CONSUMERS, CONTRIBUTORS, Effect, compare, successor_faults, weaker
from datadam.migration import Step, passage, step
from datadam.model import (
    Attribution,
    CodeList,
    Column,
    CrossRule,
    Migration,
    Move,
    PrivacyClass,
    Protection,
    Reference,
    Repeat,
    Standard,
    StandardId,
    Tier,
    Type,
    Unit,
)
from datadam.protections import Budget, Clip, FreeText, Gates
from drafts import BOTH, column, standard

KG = Unit(symbol="kg", numerator=1)
CODES = {
    "letters": CodeList(name="letters", title="", origin="", licence="", codes=frozenset({"A", "B"}), aliases={}),
    "others": CodeList(name="others", title="", origin="", licence="", codes=frozenset({"X", "Y", "Z"}), aliases={}),
}


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


def with_column(which: str, **changes: Any) -> Standard:
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
    (with_column("note", markings=("green", "red")), Effect.COMPATIBLE),
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
    (with_column("note", reference=Reference(reservoir=StandardId("test.other"), column="id")), Effect.BREAKING),
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
    said = "standard.version-not-higher" if effect is Effect.EDITORIAL else "standard.version-too-small"
    assert said in codes_of(successor_faults(BASE, replace(new, version=short[effect])))


def test_attribution_may_become_less_telling() -> None:
    """From contributor to none is allowed: it only hides more."""
    shown = replace(BASE, attribution=Attribution.CONTRIBUTOR)
    assert [change.effect for change in compare(shown, BASE)] == [Effect.BREAKING]


def test_markings_that_somebody_went_by_do_not_change_quietly() -> None:
    """Another order of them lets other rows out."""
    marked = with_column("note", markings=("green", "red"))
    for other in ((), ("red", "green")):
        (change,) = compare(marked, with_column("note", markings=other))
        assert (change.effect, change.facts["term"]) == (Effect.BREAKING, "markings")


@pytest.mark.parametrize(
    ("old", "new", "effect", "breaks"),
    [
        ({}, {"free_text": FreeText.QUARANTINE}, Effect.COMPATIBLE, ()),  # rows are refused without a word, too
        ({}, {"free_text": FreeText.REDACT}, Effect.BREAKING, (CONSUMERS,)),
        ({"free_text": FreeText.REDACT}, {}, Effect.BREAKING, (CONTRIBUTORS, CONSUMERS)),
        ({}, {"holds": ("ip",)}, Effect.COMPATIBLE, ()),
        ({"holds": ("ip", "email")}, {"holds": ("ip",)}, Effect.BREAKING, (CONTRIBUTORS,)),
    ],
)
def test_looking_for_more_or_otherwise_is_told(
    old: dict[str, Any], new: dict[str, Any], effect: Effect, breaks: tuple[str, ...]
) -> None:
    """To hold more kinds breaks nobody; to redact shows other texts, and to stop it refuses rows that were taken."""
    (change,) = compare(with_column("note", **old), with_column("note", **new))
    assert (change.effect, change.breaks) == (effect, breaks)
    assert texts.say(change.code, "ko", **change.facts)


def test_nothing_changed_means_no_change_and_another_id_is_another_lineage() -> None:
    """Comparing with itself is empty; a standard cannot follow another's."""
    assert compare(BASE, BASE) == ()
    assert codes_of(successor_faults(BASE, replace(BASE, id=StandardId("other.thing")))) == ["standard.successor-id"]


def test_a_change_tells_whom_it_may_break() -> None:
    """A new required column breaks who deposits, one that may be empty now who reads; a renamed one both."""
    new = standard(
        ID,
        column("amount", Type.DECIMAL, precision=20, scale=3, minimum=Decimal(0), unit="kg", units=(KG,)),
        column("kind", values=("a", "b", "c")),
        column("remark", max_length=10),
        column("extra", required=True),
        rules=(CrossRule(id="r", left="kind", op="!=", right="remark"),),
        version="2.0.0",
        migration=Migration(after="1.0.0", moves=(Move(column="remark", source="note"),)),
    )
    told = {
        (change.code, str(change.facts.get("column", change.facts.get("new", "")))): change
        for change in compare(BASE, new)
    }
    assert told["change.column-added", "extra"].breaks == (CONTRIBUTORS,)
    assert told["change.column-renamed", "remark"].breaks == (CONTRIBUTORS, CONSUMERS)
    assert told["change.values", "kind"].breaks == ()
    assert ("change.column-removed", "note") not in told
    loose = replace(BASE, columns=(replace(ID, required=False), *BASE.columns[1:]))
    assert [change.breaks for change in compare(BASE, loose)] == [(CONSUMERS,)]


@pytest.mark.parametrize(
    ("move", "breaks"),
    [
        (Move(column="kind", codes={"a": "b", "b": "a"}), True),
        (Move(column="kind", codes={"a": "a"}), False),
        (Move(column="note", source="note"), False),
        (Move(column="count", numerator=1000), True),
        (Move(column="count", numerator=7, denominator=7), False),
    ],
)
def test_values_that_mean_something_else_are_a_major_change(move: Move, breaks: bool) -> None:
    """Also where columns, types and lists look the same: who reads `a` as `a` would be wrong from then on."""
    old = standard(ID, column("kind", values=("a", "b")), column("note"), column("count", Type.INTEGER))
    new = replace(old, version="1.0.1", migration=Migration(after="1.0.0", moves=(move,)))
    assert [change.code for change in compare(old, new)] == (["change.converted"] if breaks else [])
    assert bool(successor_faults(old, new)) is breaks
    assert compare(old, replace(new, migration=Migration(after="0.9.0", moves=(move,)))) == ()


# --- read what lies there ---------------------------------------------------------------------------------------------

AMOUNT = column("amount", Type.DECIMAL, precision=9, scale=3, unit="kg")


def after(*columns: Column, moves: tuple[Move, ...] = (), old: Standard, **more: Any) -> Step:
    """How rows of `old` are read under a version with these columns beside the id."""
    new = standard(ID, *columns, version="2.0.0", migration=Migration(after=old.version, moves=moves), **more)
    return step(old, new, CODES)


OLD = standard(
    ID,
    AMOUNT,
    column("count", Type.INTEGER, minimum=Decimal(0), maximum=Decimal(1000)),
    column("kind", values=("a", "b")),
    column("letter", codes="letters"),
    column("free"),
    column("firm", protection=Protection.UNIT_ID, domain="firm"),
    column("phone", protection=Protection.MASK, mask_keep=2),
    column("lost", protection=Protection.DROP),
    column("day", Type.DATE),
)
LOSSY: list[tuple[str, Column, Move | None]] = [
    ("migration.source-unknown", column("b"), Move(column="b", source="none")),
    ("migration.source-unknown", column("b"), Move(column="b", source="lost")),
    ("migration.column-unknown", column("b"), Move(column="c", source="free")),
    ("migration.value-missing", column("b", required=True), None),
    ("migration.value-missing", column("free", required=True), None),
    ("migration.value-missing", column("lost", required=True), None),
    ("migration.constant-over", column("free"), Move(column="free", constant="x")),
    ("migration.constant-wrong", column("b", values=("y",)), Move(column="b", constant="x")),
    ("migration.constant-wrong", column("b", Type.INTEGER), Move(column="b", constant="0.5")),
    ("migration.constant-wrong", column("b", Type.INTEGER), Move(column="b", constant="many")),
    ("migration.constant-wrong", column("b", Type.INTEGER), Move(column="b", constant=str(2**63))),
    ("migration.constant-wrong", column("b", Type.DECIMAL, precision=3, scale=1), Move(column="b", constant="0.25")),
    ("migration.constant-wrong", column("b", Type.NUMBER), Move(column="b", constant="NaN")),
    ("migration.constant-wrong", column("b", Type.DATE), Move(column="b", constant="2026-02-30")),
    ("migration.constant-wrong", column("b", Type.BOOLEAN), Move(column="b", constant="yes")),
    (
        "migration.constant-wrong",
        column("b", protection=Protection.UNIT_ID, domain="d"),
        Move(column="b", constant="x"),
    ),
    ("migration.type", column("free", Type.INTEGER), None),
    ("migration.type", column("day", Type.TIMESTAMP), None),
    ("migration.type", column("amount", Type.NUMBER, unit="kg"), None),
    ("migration.type", column("amount", unit="kg"), None),
    ("migration.unit", replace(AMOUNT, unit="t"), None),
    ("migration.unit", replace(AMOUNT, unit="kg"), Move(column="amount", numerator=1000)),
    (
        "migration.unit",
        replace(AMOUNT, unit="g", units=(Unit(symbol="kg", numerator=1000),)),
        Move(column="amount", numerator=100),
    ),
    ("migration.not-exact", replace(AMOUNT, precision=8), None),
    ("migration.not-exact", replace(AMOUNT, scale=2), None),
    ("migration.not-exact", replace(AMOUNT, unit="t"), Move(column="amount", numerator=1, denominator=1000)),
    ("migration.not-exact", replace(AMOUNT, type=Type.INTEGER, scale=0), None),
    ("migration.not-exact", replace(AMOUNT, unit="g"), Move(column="amount", numerator=1000)),
    ("migration.not-exact", column("day", Type.DATE), Move(column="day", numerator=2)),
    ("migration.protection", column("free", protection=Protection.UNIT_ID, domain="firm"), None),
    ("migration.protection", column("firm", protection=Protection.UNIT_ID, domain="other"), None),
    ("migration.protection", column("firm"), None),
    ("migration.protection", column("phone", protection=Protection.MASK, mask_keep=3), None),
    ("migration.codes-open", column("free", values=("x",)), None),
    ("migration.codes-open", column("free"), Move(column="free", codes={"x": "y"})),
    ("migration.code-unknown", column("kind", values=("a", "b")), Move(column="kind", codes={"z": "a"})),
    ("migration.codes-merged", column("kind", values=("a",)), Move(column="kind", codes={"b": "a"})),
    ("migration.codes-lost", column("kind", values=("a", "c")), None),
    ("migration.codes-lost", column("letter", codes="others"), Move(column="letter", codes={"A": "X"})),
]


@pytest.mark.parametrize(("code", "new", "move"), LOSSY)
def test_what_could_lose_or_invent_a_value_is_refused(code: str, new: Column, move: Move | None) -> None:
    """Each with what to do about it, in both languages."""
    found = after(new, moves=(move,) if move else (), old=OLD)
    assert code in codes_of(found.faults)
    assert not found.still


def test_the_key_keeps_its_values_and_its_hash() -> None:
    """It may be renamed; another key, another order, another spelling of its values or of repeat may not come."""
    old = standard(ID, column("b", Type.INTEGER, required=True), key=("id", "b"), repeat=Repeat.SUPERSEDE)
    for changes in (
        {"key": ("id",)},
        {"key": ("b", "id")},
        {"repeat": Repeat.REFUSE},
        {"repeat": Repeat.KEEP},
        {"columns": (ID, column("b", Type.DECIMAL, precision=30, scale=2, required=True))},
        {"columns": (ID, column("c", Type.INTEGER, required=True)), "key": ("id", "c")},
    ):
        faults = codes_of(step(old, replace(old, version="2.0.0", **changes), CODES).faults)
        assert {"migration.key", "migration.repeat"} & set(faults), changes
    renamed = replace(
        old,
        version="2.0.0",
        columns=(ID, column("c", Type.INTEGER, required=True)),
        key=("id", "c"),
        migration=Migration(after="1.0.0", moves=(Move(column="c", source="b"),)),
    )
    assert not step(old, renamed, CODES).faults
    assert "change.term" not in [change.code for change in compare(old, renamed)]
    free = replace(old, repeat=Repeat.KEEP)
    assert not step(free, replace(free, version="2.0.0", key=("b",)), CODES).faults
    refusing = replace(old, repeat=Repeat.REFUSE)
    assert not step(refusing, replace(old, version="2.0.0"), CODES).faults


def frame(old: Standard, rows: Mapping[str, list[Any]]) -> pl.DataFrame:
    """Rows as they lie in a file of `old`."""
    kinds: dict[Type, pl.DataType] = {
        Type.TEXT: pl.String(),
        Type.INTEGER: pl.Int64(),
        Type.NUMBER: pl.Float64(),
        Type.BOOLEAN: pl.Boolean(),
        Type.DATE: pl.Date(),
    }
    schema = {
        c.name: pl.Decimal(c.precision, c.scale) if c.type is Type.DECIMAL else kinds[c.type]
        for c in old.columns
        if c.name in rows
    }
    return pl.DataFrame(rows, schema=schema)


def read(old: Standard, found: Step, rows: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """The rows as they are read under the newer version, on the same expressions as a share is written with."""
    assert not codes_of(found.faults)
    drawn_from = {one.source.name for one in found.drawn if one.source is not None}
    missing = {name: [None] * len(next(iter(rows.values()))) for name in drawn_from - rows.keys()}
    return (
        frame(old, {**rows, **missing})
        .lazy()
        .select(*(drawn(one) for one in found.drawn))
        .collect()
        .to_dict(as_series=False)
    )


def test_every_kind_of_move_reads_old_rows_exactly() -> None:
    """Renamed, rescaled, in another unit, widened, coded anew, constant, absent, masked: value by value."""
    plain = standard(*[c for c in OLD.columns if c.protection is Protection.KEEP], version="1.0.0")
    found = after(
        column("mass", Type.DECIMAL, precision=13, scale=4, unit="g", units=(Unit(symbol="kg", numerator=1000),)),
        column("count", Type.NUMBER),
        column("kind", values=("A", "b")),
        column("letter", codes="others"),
        column("free", protection=Protection.MASK, mask_keep=1),
        column("day"),
        column("method", values=("unknown", "known"), required=True),
        column("share", Type.DECIMAL, precision=5, scale=3),
        column("since", Type.DATE),
        column("seen", Type.TIMESTAMP),
        column("rate", Type.NUMBER),
        column("whole", Type.INTEGER),
        column("sure", Type.BOOLEAN),
        column("later"),
        moves=(
            Move(column="mass", source="amount"),
            Move(column="kind", codes={"a": "A"}),
            Move(column="letter", codes={"A": "X", "B": "Y"}),
            Move(column="method", constant="unknown"),
            Move(column="share", constant="0.125"),
            Move(column="since", constant="2026-01-02"),
            Move(column="seen", constant="2026-01-02T03:04:05Z"),
            Move(column="rate", constant="0.5"),
            Move(column="whole", constant="-3"),
            Move(column="sure", constant="true"),
        ),
        old=plain,
    )
    from datetime import UTC, date, datetime

    rows = read(
        plain,
        found,
        {
            "id": ["1", "2"],
            "amount": [Decimal("1.234"), None],
            "count": [1000, None],
            "kind": ["a", "b"],
            "letter": ["A", None],
            "free": ["abc", None],
            "day": [date(2026, 11, 22), None],
        },
    )
    assert rows == {
        "id": ["1", "2"],
        "mass": [Decimal("1234.0000"), None],
        "count": [1000.0, None],
        "kind": ["A", "b"],
        "letter": ["X", None],
        "free": ["**c", None],
        "day": ["2026-11-22", None],
        "method": ["unknown"] * 2,
        "share": [Decimal("0.125")] * 2,
        "since": [date(2026, 1, 2)] * 2,
        "seen": [datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)] * 2,
        "rate": [0.5] * 2,
        "whole": [-3] * 2,
        "sure": [True] * 2,
        "later": [None] * 2,
    }
    assert not found.still


def test_a_mask_may_only_show_less() -> None:
    """What was masked to two characters can be shown with one or none."""
    for keep, told in ((1, "***4"), (0, "****")):
        found = after(column("phone", protection=Protection.MASK, mask_keep=keep), old=OLD)
        assert found.faults == ()
        (one,) = [one for one in found.drawn if one.column.name == "phone"]
        assert pl.DataFrame({"phone": ["**34"]}).select(drawn(one))["phone"].to_list() == [told]


def test_words_and_wider_limits_leave_rows_in_their_table() -> None:
    """The same stored form: an optional column more, more values, more range. A column gone or renamed is another."""
    optional = column("extra", Type.DATE)
    still = replace(OLD, version="1.1.0", columns=(*OLD.columns, optional))
    assert step(OLD, still, CODES).still
    assert step(OLD, replace(still, tier=Tier.ANSWERS), CODES).still
    assert not step(OLD, replace(OLD, version="2.0.0", columns=OLD.columns[:-1]), CODES).still
    assert not after(*OLD.columns[2:], replace(AMOUNT, scale=4, precision=10), old=OLD).still


@pytest.mark.parametrize(("new", "effect"), CHANGES)
def test_a_minor_version_needs_no_migration(new: Standard, effect: Effect) -> None:
    """What compare calls words or compatible leaves every row where it lies, under every reader."""
    found = step(BASE, replace(new, version="1.1.0"), CODES)
    if effect < Effect.BREAKING:
        assert found.still
        assert not found.faults


def test_limits_of_old_rows_travel_along() -> None:
    """A tighter range of a later version says nothing of rows before it: no step may rely on it."""
    first = standard(ID, column("n", Type.INTEGER, minimum=Decimal(0), maximum=Decimal(10**15)))
    second = replace(
        first, version="2.0.0", columns=(ID, column("n", Type.INTEGER, minimum=Decimal(0), maximum=Decimal(10)))
    )
    third = replace(first, version="3.0.0", columns=(ID, column("n", Type.DECIMAL, precision=5, scale=1)))
    assert not any(one.faults for one in passage((second, third), CODES))
    one, other = passage((first, second, third), CODES)
    assert one.still
    assert codes_of(other.faults) == ["migration.not-exact"]


@settings(deadline=None)
@given(
    unscaled=st.lists(st.integers(-(10**9) + 1, 10**9 - 1), min_size=1, max_size=20),
    scale=st.integers(0, 9),
    more=st.integers(-4, 9),
    numerator=st.integers(1, 10**6),
    denominator=st.integers(1, 1000),
)
def test_a_conversion_is_exact_or_refused(
    unscaled: list[int], scale: int, more: int, numerator: int, denominator: int
) -> None:
    """The law: what is let through equals the fraction, to the last digit, for every value that can be there."""
    from fractions import Fraction

    old = standard(ID, column("n", Type.DECIMAL, precision=9, scale=scale))
    new = column("n", Type.DECIMAL, precision=38, scale=max(0, scale + more))
    found = after(new, moves=(Move(column="n", numerator=numerator, denominator=denominator),), old=old)
    values = [Decimal(n).scaleb(-scale) for n in unscaled]
    expected = [Fraction(value) * numerator / denominator for value in values]
    if found.faults:
        lost = Fraction(numerator * 10**new.scale, denominator * 10**scale).denominator != 1
        most = (10**9 - 1) * Fraction(numerator * 10**new.scale, denominator * 10**scale)
        assert lost or most > 10**38 - 1
        return
    rows = read(old, found, {"id": ["x"] * len(values), "n": values})
    assert [Fraction(value) for value in rows["n"]] == expected


def test_each_term_of_the_contract_is_told_by_its_name() -> None:
    """Key, repeat, terms, stewards, bounds, fewer purposes; a standard that names no purpose allows all."""
    for changes, term in (
        ({"key": ("id", "note")}, "key"),
        ({"repeat": Repeat.SUPERSEDE}, "repeat"),
        ({"terms": ("Be kind.",)}, "terms"),
        ({"stewards": ("m-" + "0" * 20,)}, "stewards"),
        ({"bounds": replace(BASE.bounds, rows=3)}, "bounds"),
    ):
        (change,) = compare(BASE, replace(BASE, **changes))
        assert (change.effect, change.facts) == (Effect.BREAKING, {"term": term})
    two = replace(BASE, purposes=("research", "warning"))
    (fewer,) = compare(two, BASE)
    assert (fewer.effect, fewer.breaks) == (Effect.BREAKING, (CONSUMERS,))
    anything = replace(BASE, purposes=(), tier=Tier.OPEN)
    assert [change.effect for change in compare(anything, replace(two, tier=Tier.OPEN))] == [Effect.BREAKING]
    (all_,) = compare(replace(two, tier=Tier.OPEN), anything)
    assert (all_.effect, all_.facts) == (Effect.REFUSED, {"purposes": "*"})


@pytest.mark.parametrize(("numerator", "denominator", "digits"), [(1, 8, 6), (1, 5, 6), (3, 1, 7), (1, 1, 7)])
def test_limits_are_carried_in_the_new_unit(numerator: int, denominator: int, digits: int) -> None:
    """What a later step may rely on: at most 1001 / 8 is 125.125, six digits and not one less."""
    first = standard(ID, column("n", Type.INTEGER, minimum=Decimal(0), maximum=Decimal(1001)))
    move = Move(column="n", numerator=numerator, denominator=denominator)
    second = standard(
        ID,
        column("n", Type.DECIMAL, precision=30, scale=3),
        version="2.0.0",
        migration=Migration(after="1.0.0", moves=(move,)),
    )
    for precision in (digits, digits - 1):
        third = standard(ID, column("n", Type.DECIMAL, precision=precision, scale=3), version="3.0.0")
        one, other = passage((first, second, third), CODES)
        assert one.faults == ()
        assert bool(other.faults) is (precision < digits)


# --- protections ------------------------------------------------------------------------------------------------------

GATES = Gates(
    contributors=5,
    units=10,
    identifying=("kind", "note"),
    sensitive="id",
    diversity=3,
    largest=1,
    largest_share=Decimal("0.25"),
    p_percent=Decimal(10),
    measured="amount",
)


def effect_of(old: Standard, new: Standard, code: str) -> Effect:
    """The effect of the one change with that code."""
    (change,) = [change for change in compare(old, new) if change.code == code]
    for language in texts.LANGUAGES:
        assert "{" not in texts.say(change.code, language, **change.facts)
    return change.effect


@pytest.mark.parametrize(
    "changes",
    [
        {"contributors": 4},
        {"contributors": None},
        {"units": 9},
        {"diversity": 2},
        {"largest": None},
        {"largest_share": Decimal("0.5")},
        {"largest_share": None},
        {"p_percent": Decimal(9)},
        {"identifying": ("kind",)},
        {"sensitive": "kind"},
        {"measured": None},
    ],
)
def test_no_gate_ever_keeps_less_back(changes: dict[str, Any]) -> None:
    """Rows were given behind the gates that were: each one that is lowered, or taken away, is refused."""
    old = replace(BASE, gates=GATES)
    assert effect_of(old, replace(old, gates=replace(GATES, **changes)), "change.gates-weaker") is Effect.REFUSED
    assert effect_of(old, replace(old, gates=None), "change.gates-weaker") is Effect.REFUSED


@pytest.mark.parametrize(
    "changes",
    [
        {"contributors": 6},
        {"units": 11, "diversity": 4},
        {"largest": 2},
        {"largest_share": Decimal("0.2"), "p_percent": Decimal(20)},
        {"identifying": ("kind", "note", "amount")},
    ],
)
def test_a_stricter_gate_is_a_breaking_change(changes: dict[str, Any]) -> None:
    """Contributors lose nothing by it; who read the rows may find fewer."""
    old = replace(BASE, gates=GATES)
    (change,) = compare(old, replace(old, gates=replace(GATES, **changes)))
    assert (change.effect, change.facts, change.breaks) == (Effect.BREAKING, {"term": "gates"}, (CONSUMERS,))
    assert effect_of(BASE, old, "change.term") is Effect.BREAKING


def test_a_gate_that_weighed_nothing_may_weigh_something_else() -> None:
    """What is measured matters where somebody is weighed by it."""
    plain = Gates(units=3, identifying=("kind",))
    assert not weaker(plain, replace(plain, measured="amount"))
    assert weaker(replace(plain, p_percent=Decimal(5)), replace(plain, p_percent=Decimal(5), measured="amount"))


@pytest.mark.parametrize(
    ("changes", "raised"),
    [
        ({"period": Decimal("0.6")}, True),
        ({"life": Decimal(3)}, True),
        ({"delta": Decimal("0.00001")}, True),
        ({"period": Decimal("0.4"), "life": Decimal(1)}, False),
        ({"member": Decimal("0.5")}, False),
    ],
)
def test_a_budget_is_never_raised(*, changes: dict[str, Any], raised: bool) -> None:
    """Rows were given under the smaller one; a smaller one, or other shares of it, are for consumers to bear."""
    old = private()
    new = private(budget=replace(Budget(period=Decimal("0.5"), life=Decimal(2)), **changes))
    if raised:
        assert effect_of(old, new, "change.budget-raised") is Effect.REFUSED
    assert effect_of(old, new, "change.term") is Effect.BREAKING


def test_exact_tables_and_noise_are_never_of_one_lineage() -> None:
    """From tables to answers is refused, though it is stricter; and back, as everything looser is."""
    tables = private(tier=Tier.TABLES, budget=None, reference=None)
    assert effect_of(tables, private(), "change.tables-and-answers") is Effect.REFUSED
    assert effect_of(private(), tables, "change.tier-loosened") is Effect.REFUSED
    assert effect_of(private(tier=Tier.AGREEMENT, budget=None, reference=None), private(), "change.tier")


def test_what_was_spent_stays_of_the_same_units_and_days() -> None:
    """Another unit, or periods that share days with those before, would let spent budget return."""
    for changes in ({"unit": "contributor"}, {"period": "month"}):
        new = private(bounds=replace(private().bounds, **changes))  # type: ignore[arg-type]  # two of its texts
        assert effect_of(private(), new, "change.bounds-other") is Effect.REFUSED
        agreed = [replace(one, tier=Tier.AGREEMENT) for one in (private(), new)]
        assert "change.bounds-other" not in [change.code for change in compare(*agreed)]


def test_whatever_the_twin_is_made_by_is_told_as_such() -> None:
    """Rows, clip, key: answers mean something else from then on. A wider range may mean more keys. Words do not."""
    use = private().column("use")
    wider = with_private("use", clip=Clip(lowest=Decimal(0), highest=Decimal(200), scale=1))
    for new in (private(bounds=replace(private().bounds, rows=12)), wider, with_private("month", maximum="2027-12-31")):
        assert effect_of(private(), new, "change.twin") is Effect.BREAKING
    assert effect_of(private(), wider, "change.clip") is Effect.COMPATIBLE
    assert [c.code for c in compare(private(), with_private("use", synonyms=("consumption",)))] == ["change.words"]
    assert use.clip is not None


def test_another_reference_question_breaks_nobody() -> None:
    """It is what the budget's worth is told by, and nothing else."""
    assert effect_of(private(), private(reference=SUM), "change.reference") is Effect.COMPATIBLE
