"""Compiling a Standard and a Fit: what a plan holds, and every way in which the two do not fit."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import planning
from datadam.errors import Faults
from datadam.model import (
    CodeList,
    Column,
    CrossRule,
    Feed,
    Fit,
    Protection,
    Repeat,
    Standard,
    StandardId,
    Type,
    Unit,
)
from datadam.plan import FIRST_INSTANT, TRUE_FORM, Check, Fault, Plan, key_message, microseconds
from datadam.planning import compile_plan

COUNTRIES = CodeList(
    name="countries",
    title="Countries",
    origin="made up",
    licence="CC0-1.0",
    codes=frozenset({"KOR", "DEU"}),
    aliases={"대한민국": "KOR", "germany": "DEU"},
)
ID = Column(name="id", type=Type.TEXT, required=True)


def standard(*columns: Column, **facts: Any) -> Standard:
    """A standard of `id` and these columns, its key `id`."""
    facts = {"key": ("id",), **facts}
    return Standard(
        id=StandardId("test.things"), version="1.2.3", titles={}, descriptions={}, columns=(ID, *columns), **facts
    )


def compiled(made: Standard, *feeds: Feed, **fit: Any) -> Plan:
    """The plan where every column not named in `feeds` comes from the file's column of its own name."""
    named = {feed.column for feed in feeds}
    rest = tuple(Feed(column=c.name, source=c.name) for c in made.columns if c.name not in named)
    return compile_plan(
        made, Fit(standard=made.id, version=made.version, feeds=(*feeds, *rest), **fit), {"countries": COUNTRIES}
    )


def misfits(made: Standard, *feeds: Feed, **fit: Any) -> set[str]:
    """The codes of all that does not fit."""
    with pytest.raises(Faults) as caught:
        compiled(made, *feeds, **fit)
    assert caught.value.code == "plan.misfit"
    return {fault.code for fault in caught.value.faults}


def test_rules_have_stable_names_in_a_stable_order() -> None:
    """A rule's place is its bit: required, unit, codes, type, range, length, pattern; cross; the key's; identifiers."""
    made = standard(
        Column(name="w", type=Type.DECIMAL, required=True, unit="kg", minimum=Decimal(0)),
        Column(name="c", type=Type.TEXT, codes="countries"),
        Column(name="t", type=Type.TEXT, pattern=r"\A[a-z]+\z", min_length=2),
        rules=(CrossRule(id="t-not-c", left="t", op="!=", right="c"),),
    )
    plan = compiled(made, Feed(column="w", source="Gewicht", unit_source="Einheit"))
    assert [rule.id for rule in plan.rules] == [
        "id.required",
        "id.length",
        "w.required",
        "w.unit",
        "w.type",
        "w.range",
        "c.codes",
        "t.length",
        "t.pattern",
        "t-not-c",
        "key.unique",
        "key.repeat",
        "id.identifier",
    ]
    assert plan.sources == ("id", "Gewicht", "c", "t", "Einheit")
    assert plan.bit(Check.RANGE, "w") == 5
    assert plan.bit(Check.RANGE, "c") is None
    assert [rule.id for rule in plan.broken(0b1001 << 2)] == ["w.required", "w.range"]


def test_repeat_decides_what_is_judged_of_keys() -> None:
    """Refuse looks at this file and earlier ones, supersede at this file, keep at nothing and has no key."""
    found = {repeat: compiled(standard(repeat=repeat)) for repeat in Repeat}
    kinds = {repeat: [r.check for r in plan.rules if r.column is None] for repeat, plan in found.items()}
    assert kinds == {Repeat.REFUSE: [Check.UNIQUE, Check.REPEAT], Repeat.SUPERSEDE: [Check.UNIQUE], Repeat.KEEP: []}
    assert {repeat: plan.key for repeat, plan in found.items()} == {
        Repeat.REFUSE: ("id",),
        Repeat.SUPERSEDE: ("id",),
        Repeat.KEEP: (),
    }


def test_every_misfit_of_a_mapping_is_told_at_once() -> None:
    """One error names all: another version, unknown, doubled, missing and unclear columns, dropped ones in use."""
    made = standard(
        Column(name="a", type=Type.INTEGER, required=True),
        Column(name="b", type=Type.TEXT),
        Column(name="c", type=Type.TEXT),
    )
    fit = Fit(
        standard=made.id,
        version="9.9.9",
        feeds=(
            Feed(column="id", source="x"),
            Feed(column="id", source="y"),
            Feed(column="nobody", source="z"),
            Feed(column="b"),
            Feed(column="c", source="c", constant="c"),
        ),
        dropped=("x",),
    )
    with pytest.raises(Faults) as caught:
        compile_plan(made, fit, {})
    assert sorted(fault.code for fault in caught.value.faults) == [
        "plan.column-missing",
        "plan.column-twice",
        "plan.column-unknown",
        "plan.dropped-used",
        "plan.feed-unclear",
        "plan.feed-unclear",
        "plan.other-standard",
    ]


QUANTITY = Column(name="w", type=Type.DECIMAL, unit="kg", units=(Unit(symbol="t", numerator=1000),))
MISFITS: dict[str, tuple[Standard, tuple[Feed, ...]]] = {
    "plan.key-unknown": (standard(key=("nobody",)), ()),
    "plan.key-unfit": (standard(Column(name="n", type=Type.NUMBER, required=True), key=("n",)), ()),
    "plan.codes-unknown": (standard(Column(name="c", type=Type.TEXT, codes="planets")), ()),
    "plan.protection-not-text": (
        standard(Column(name="n", type=Type.INTEGER, protection=Protection.MASK)),
        (),
    ),
    "plan.domain-missing": (standard(Column(name="u", type=Type.TEXT, protection=Protection.UNIT_ID)), ()),
    "plan.unit-unknown": (standard(QUANTITY), (Feed(column="w", source="w", unit="T"),)),
    "plan.unit-needless": (standard(), (Feed(column="id", source="id", unit="kg"),)),
    "plan.factor": (standard(replace(QUANTITY, units=(Unit(symbol="t", numerator=0),))), ()),
    "plan.digits": (standard(replace(QUANTITY, scale=5, precision=4)), ()),
    "plan.unit-too-fine": (
        standard(replace(QUANTITY, units=(Unit(symbol="x", numerator=3**40, denominator=7),))),
        (Feed(column="w", source="w", unit="x"),),
    ),
    "plan.range-unfit": (standard(Column(name="b", type=Type.BOOLEAN, minimum=Decimal(0))), ()),
    "plan.bound-malformed": (standard(Column(name="d", type=Type.DATE, minimum="yesterday")), ()),
    "plan.operator-unknown": (standard(rules=(CrossRule(id="r", left="id", op="~", right="id"),)), ()),
    "plan.cross-column-unknown": (standard(rules=(CrossRule(id="r", left="id", op="=", right="x"),)), ()),
    "plan.rule-twice": (standard(rules=(CrossRule(id="id.required", left="id", op="=", right="id"),)), ()),
    "plan.too-many-rules": (standard(*(Column(name=f"c{n}", type=Type.DATE) for n in range(60))), ()),
}


@pytest.mark.parametrize("code", MISFITS)
def test_what_no_engine_could_do_exactly_is_refused(code: str) -> None:
    """A standard or mapping that a plan cannot carry out to the letter does not become one."""
    made, feeds = MISFITS[code]
    assert misfits(made, *feeds) == {code}


def test_cross_rules_compare_only_what_compares_exactly() -> None:
    """Types must agree; whole numbers and decimals do as long as 38 digits hold both at one scale."""
    columns = (
        Column(name="d", type=Type.DATE),
        Column(name="n", type=Type.INTEGER),
        Column(name="fine", type=Type.DECIMAL, scale=10, precision=20),
        Column(name="wide", type=Type.DECIMAL, scale=0, precision=38),
    )
    good = CrossRule(id="r", left="n", op="<", right="fine")
    assert compiled(standard(*columns, rules=(good,))).rules[-4].id == "r"
    for left, right in (("d", "n"), ("fine", "wide")):
        made = standard(*columns, rules=(CrossRule(id="r", left=left, op="<", right=right),))
        assert misfits(made) == {"plan.cross-types"}


def test_names_of_codes_are_folded_and_narrowed() -> None:
    """A code list gives its names too; values in place narrow it, and the names with it."""
    wide = compiled(standard(Column(name="c", type=Type.TEXT, codes="countries"))).cell("c").lookup
    narrow = compiled(standard(Column(name="c", type=Type.TEXT, codes="countries", values=("KOR",)))).cell("c").lookup
    assert wide is not None
    assert narrow is not None
    assert [wide.code(text) for text in ("KOR", "대한민국", "GERMANY", "kor", "X")] == [
        "KOR",
        "KOR",
        "DEU",
        "KOR",
        None,
    ]
    assert [narrow.code(text) for text in ("KOR", "Germany", "DEU")] == ["KOR", None, None]


def test_a_header_must_be_the_mappings_own() -> None:
    """Every absent and every unknown column is named."""
    plan = compiled(standard(), Feed(column="id", source="x"), dropped=("y",))
    plan.check_header(["y", "x"])
    plan.check_header(["x"])
    with pytest.raises(Faults) as caught:
        plan.check_header(["y", "z"])
    assert [fault.code for fault in caught.value.faults] == ["deposit.column-absent", "deposit.column-unknown"]


def test_a_fault_shows_what_was_sent() -> None:
    """A fault has the sender's value, a constant if that was wrong, and nothing where nothing was sent."""
    plan = compiled(standard(Column(name="n", type=Type.INTEGER)), Feed(column="n", constant="x"))
    mask = sum(1 << bit for bit, rule in enumerate(plan.rules) if rule.id in {"id.required", "n.type", "key.unique"})
    assert list(plan.faults(7, mask, {"id": ""})) == [
        Fault(row=7, rule="id.required", column="id", source="id", value=None),
        Fault(row=7, rule="n.type", column="n", source=None, value="x"),
        Fault(row=7, rule="key.unique", column=None, source=None, value=None),
    ]


def test_bounds_are_in_what_engines_compare() -> None:
    """Bounds become whole units of the last digit, days or microseconds, rounded inwards."""
    made = standard(
        Column(name="n", type=Type.INTEGER, minimum=Decimal("0.5"), maximum=Decimal("2.5")),
        Column(name="d", type=Type.DECIMAL, scale=2, minimum=Decimal("0.001"), maximum=Decimal("1.999")),
        Column(name="day", type=Type.DATE, minimum="1970-01-02"),
        Column(name="at", type=Type.TIMESTAMP, minimum="1970-01-01T00:00:01+00:00"),
        Column(name="f", type=Type.NUMBER, maximum=Decimal("0.1")),
    )
    found = {r.column: (r.minimum, r.maximum) for r in compiled(made).rules if r.check is Check.RANGE}
    assert found == {
        "n": (1, 2),
        "d": (1, 199),
        "day": (1, None),
        "at": (1_000_000, None),
        "f": (None, Decimal("0.1")),
    }


def test_forms_are_anchored_and_ascii() -> None:
    """Every form is anchored, and written in what RE2 and Java read alike."""
    forms = [TRUE_FORM, *planning._FORMS.values()]
    forms += [c.cast.form for c in compiled(standard(QUANTITY)).cells if c.cast.form]
    assert len(forms) == 7
    for form in forms:
        assert form.startswith(r"\A")
        assert form.endswith(r"\z")
        assert not re.search(r"\\[dwsbDWSB]|[\^$]|\(\?[=!<]", form)


def test_instants_are_counted_in_utc() -> None:
    """A moment without a zone is UTC; one with a zone is carried over."""
    moment = datetime(1970, 1, 1, 9, 0, 0, 5, tzinfo=timezone(timedelta(hours=9)))
    assert microseconds(moment) == 5
    assert microseconds(datetime(1970, 1, 1, 0, 0, 1)) == 1_000_000  # noqa: DTZ001  (that is the point)
    assert microseconds(datetime(1000, 1, 1, tzinfo=UTC)) == FIRST_INSTANT


@given(
    st.integers(0, 18),
    st.integers(18, 38),
    st.integers(1, 10**9),
    st.integers(1, 10**6),
)
def test_128_bits_hold_every_step_of_a_conversion(scale: int, precision: int, top: int, under: int) -> None:
    """The largest text that the form lets in, times the factor, has room, and so has its doubled remainder."""
    column = replace(
        QUANTITY, scale=scale, precision=precision, units=(Unit(symbol="u", numerator=top, denominator=under),)
    )
    try:
        cell = compiled(standard(column), Feed(column="w", source="w", unit="u")).cell("w")
    except Faults as error:
        assert {fault.code for fault in error.faults} == {"plan.unit-too-fine"}  # noqa: PT017  (either is right)
        return
    assert cell.factor is not None
    whole = int(re.findall(r"\{1,([0-9]+)\}", cell.cast.form or "")[0])
    assert 10 ** (whole + cell.cast.fraction) * cell.factor.numerator < 2**127
    assert 2 * cell.factor.denominator < 2**127
    ratio = Fraction(cell.factor.numerator, cell.factor.denominator)
    assert ratio * Fraction(10**cell.cast.fraction, 10**scale) == Fraction(top, under)


texts = st.lists(st.text(alphabet="1:ab\x1f", max_size=5), min_size=2, max_size=2)


@given(texts, texts)
def test_no_two_keys_share_a_message(parts: list[str], other: list[str]) -> None:
    """Keys of the same columns are the same text only if they are the same key."""
    messages = [key_message((text, True) for text in texts) for texts in (parts, other)]
    assert (messages[0] == messages[1]) == (parts == other)
