"""Private questions: what means the same is the same question, and what cannot be asked is told for what it is."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis.strategies import (
    DrawFn,
    booleans,
    composite,
    dictionaries,
    floats,
    integers,
    lists,
    none,
    permutations,
    recursive,
    sampled_from,
    text,
)

from answers import CODES, FIRM, INDUSTRY, MONTH, USE, private
from datadam import seal, texts
from datadam.errors import DamError, Invalid
from datadam.model import Bounds, Column, Tier, Type
from datadam.privacy import question as asking
from datadam.privacy import reading, recipes
from datadam.privacy.question import Condition, Operator, Question, read, told
from datadam.protections import Aggregate, Budget, Clip
from drafts import column

SHIFT: Final = column("shift", Type.INTEGER, required=True, minimum=Decimal(1), maximum=Decimal(3))
NIGHT: Final = column("night", Type.BOOLEAN)
BRAND: Final = column("brand")  # nobody knows its keys
BATCH: Final = column("batch", Type.INTEGER)
BUILT: Final = column("built", Type.DATE)
COST: Final = column("cost", Type.INTEGER, clip=Clip(lowest=Decimal(-50), highest=Decimal(50)))
COLUMNS: Final[tuple[Column, ...]] = (FIRM, MONTH, INDUSTRY, USE, SHIFT, NIGHT, BRAND, BATCH, BUILT, COST)
STANDARD: Final = private(*COLUMNS)
RECIPE: Final = recipes.recipe(STANDARD, CODES)
COUNT: Final = {"aggregate": "count", "periods": ["2026-Q3"], "rho": "0.05"}


def ask(**more: Any) -> Question:
    """A count, unless it is said otherwise."""
    return read({**COUNT, **more}, STANDARD, RECIPE)


def where(*conditions: tuple[str, str, list[Any]]) -> list[dict[str, Any]]:
    """Conditions as JSON."""
    return [{"column": name, "operator": operator, "values": values} for name, operator, values in conditions]


def filtered(*conditions: tuple[str, str, list[Any]], **more: Any) -> tuple[Condition, ...]:
    """What a question's conditions are read as."""
    return ask(where=where(*conditions), **more).where


# --- the same question ------------------------------------------------------------------------------------------------


def test_a_question_of_everything_is_read() -> None:
    """Mean by two columns, of some keys and a range, over two periods: in the standard's order, and in fixed point."""
    found = ask(
        standard="test.thing",
        aggregate="mean",
        column="use",
        by=["shift", "industry"],
        where=where(("use", ">=", ["1.23"]), ("industry", "in", ["steel", "food"])),
        periods=["2026-Q3", "2025-Q4"],
    )
    assert found == Question(
        standard="test.thing",
        aggregate=Aggregate.MEAN,
        column="use",
        by=("industry", "shift"),
        where=(
            Condition(column="industry", operator=Operator.IN, values=("food", "steel")),
            Condition(column="use", operator=Operator.AT_LEAST, values=(Decimal("1.3"),)),
        ),
        periods=("2025-Q4", "2026-Q3"),
        rho=50_000,
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"by": ["industry", "shift"]}, {"by": ["shift", "industry", "shift"]}),
        ({"rho": "0.05"}, {"rho": "0.050000"}),
        ({"periods": ["2026-Q1", "2026-Q2"]}, {"periods": ["2026-Q2", "2026-Q1", "2026-Q2"]}),
        ({}, {"where": where(("industry", "in", ["food", "steel", "glass", "paper", None]))}),
        ({}, {"where": where(("shift", ">=", [1]))}),
        ({}, {"where": where(("month", ">=", ["0001-01-01T00:00:00+23:59"]))}),
        ({}, {"where": [], "by": []}),
        ({"where": where(("shift", "in", [2, 3]))}, {"where": where(("shift", ">=", ["1.5"]))}),
        (
            {"where": where(("month", "in", ["2026-11-01", "2026-12-01"]))},
            {"where": where(("month", ">=", ["2026-10-31"]), ("month", "<=", ["2026-12-01T00:00:00Z"]))},
        ),
        (
            {"where": where(("industry", "in", ["food"]))},
            {"where": where(("industry", "in", ["food", "food", "steel"]), ("industry", "in", ["glass", "food"]))},
        ),
        (
            {"where": where(("use", ">=", ["5"]), ("use", "<=", [7]))},
            {"where": where(("use", "<=", ["9"]), ("use", ">=", ["4.9"]), ("use", ">=", [5]), ("use", "<=", ["7"]))},
        ),
        ({"where": where(("use", "<=", ["7"]))}, {"where": where(("use", ">=", [-3]), ("use", "<=", ["7.04"]))}),
        ({"where": where(("use", ">=", ["7"]))}, {"where": where(("use", ">=", ["6.95"]), ("use", "<=", ["1000"]))}),
        ({"where": where(("use", ">=", [0]))}, {"where": where(("use", "<=", [100]))}),
        (
            {"aggregate": "sum", "column": "use"},
            {"aggregate": "sum", "column": "use", "where": where(("use", ">=", ["-0"]))},
        ),
        ({"where": where(("brand", "in", ["b", "a"]))}, {"where": where(("brand", "in", ["a", "b", "a"]))}),
        ({"where": where(("batch", "in", [7]))}, {"where": where(("batch", "in", ["007", "7.0"]))}),
        ({"where": where(("built", "in", ["2026-01-02"]))}, {"where": where(("built", "in", ["20260102"]))}),
        (
            {"aggregate": "quantiles", "column": "cost", "at": ["0.5"], "edges": [0]},
            {"aggregate": "quantiles", "column": "cost", "at": ["0.50", "0.5"], "edges": ["-50", "0.0", 50]},
        ),
        (
            {"aggregate": "histogram", "column": "cost"},
            {"aggregate": "histogram", "column": "cost", "edges": list(range(-50, 51, 2))},
        ),
    ],
)  # fmt: skip
def test_two_that_mean_the_same_are_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Same question, same bytes: what is stored for one is the answer to the other."""
    assert ask(**one) == ask(**other)
    assert asking.canonical(ask(**one)) == asking.canonical(ask(**other))
    assert asking.digest(ask(**one)) == asking.digest(ask(**other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"rho": "0.06"}),
        ({}, {"periods": ["2026-Q2"]}),
        ({}, {"aggregate": "distinct"}),
        ({}, {"where": where(("industry", "in", ["food", "steel", "glass", "paper"]))}),  # not rows that hold nothing
        ({}, {"where": where(("use", ">=", [0]))}),  # only rows that hold a value
        ({"where": where(("use", ">=", ["5"]))}, {"where": where(("use", ">=", ["5.1"]))}),
        ({"where": where(("night", "in", [True]))}, {"where": where(("night", "in", [None]))}),
    ],
)  # fmt: skip
def test_two_that_mean_different_things_are_different(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Rows without a value are what the whole range leaves out."""
    assert ask(**one) != ask(**other)
    assert asking.digest(ask(**one)) != asking.digest(ask(**other))


def test_keys_are_of_their_own_type() -> None:
    """True is not 1, and neither is the text."""
    assert filtered(("night", "in", [True]))[0].values == (True,)
    for value in (1, "true", 1.0, [True], {"a": 1}):
        with pytest.raises(Invalid, match="private.key-unknown"):
            filtered(("night", "in", [value]))
    with pytest.raises(Invalid, match="private.key-unknown"):
        filtered(("shift", "in", [True]))
    assert filtered(("night", "in", [None]))[0].values == (None,)


def test_a_budget_may_be_told_as_epsilon() -> None:
    """It is the most rho that this epsilon allows at the standard's delta; the question itself is in rho."""
    assert ask(rho="0.024355") == read(
        {**{k: v for k, v in COUNT.items() if k != "rho"}, "epsilon": "1"}, STANDARD, RECIPE
    )


def test_bands_and_months_are_asked_for_by_range() -> None:
    """Where public keys have an order, a range names those that lie in it."""
    assert [c.values for c in filtered(("month", "<=", ["2026-02-15"]))] == [("2026-01-01", "2026-02-01")]
    assert filtered(("shift", "<=", [1]))[0].values == (1,)


@composite
def sent(draw: DrawFn) -> dict[str, Any]:
    """A question in any order, with repetitions."""
    found: dict[str, Any] = {"aggregate": draw(sampled_from(list(Aggregate))), "rho": f"0.{draw(integers(1, 9))}"[:3]}
    found["periods"] = draw(lists(sampled_from(["2026-Q1", "2026-Q2", "2025-Q4"]), min_size=1))
    found["by"] = draw(lists(sampled_from(["industry", "shift", "night"]), max_size=4))
    if found["aggregate"] not in {Aggregate.COUNT, Aggregate.DISTINCT}:
        found["column"] = draw(sampled_from(["use", "cost"]))
    if found["aggregate"] is Aggregate.QUANTILES:
        found["at"] = [f"0.{n}" for n in draw(lists(integers(1, 99), min_size=1, max_size=5))]
    keys = draw(lists(sampled_from(["food", "steel", None]), min_size=1))
    some: list[tuple[str, str, list[Any]]] = [
        ("industry", "in", keys),
        ("use", ">=", [draw(integers(-5, 90))]),
        ("shift", "<=", [draw(integers(1, 9))]),
    ]
    found["where"] = where(*draw(permutations(some))[: draw(integers(0, 3))])
    found["rho"] = f"0.{draw(integers(1, 5))}"
    if draw(booleans()):
        found["standard"] = "test.thing"
    return found


@given(told_so=sent())
def test_what_is_written_reads_back_the_same(told_so: dict[str, Any]) -> None:
    """Canonical JSON is a question that is read as itself, through its bytes; its fields in reverse say the same."""
    found = read(told_so, STANDARD, RECIPE)
    assert read(seal.parse(asking.canonical(found)), STANDARD, RECIPE) == found
    assert told(read(told(found), STANDARD, RECIPE)) == told(found)
    turned = {name: told_so[name] for name in reversed(told_so)}
    assert read({**turned, "where": told_so["where"][::-1], "by": told_so["by"][::-1]}, STANDARD, RECIPE) == found


# --- what cannot be asked ---------------------------------------------------------------------------------------------


NESTED: Final = json.loads("[" * 900 + "]" * 900)
BAD: Final[dict[str, tuple[dict[Any, Any], str]]] = {
    "an unknown aggregate": ({"aggregate": "median"}, "private.word-unknown"),
    "no aggregate": ({"aggregate": None}, "private.word-unknown"),
    "an aggregate that is a list": ({"aggregate": ["count"]}, "private.word-unknown"),
    "SQL": ({"sql": "select 1"}, "private.field-unknown"),
    "a field that is no text": ({1: 2}, "private.field-unknown"),
    "another standard": ({"standard": "other.thing"}, "private.other-standard"),
    "a standard that is no text": ({"standard": 7}, "private.other-standard"),
    "a column of a count": ({"column": "use"}, "private.field-senseless"),
    "no column of a sum": ({"aggregate": "sum"}, "private.not-a-text"),
    "a sum of a key": ({"aggregate": "sum", "column": "industry"}, "private.not-summable"),
    "a sum of a column that is not": ({"aggregate": "sum", "column": "nothing"}, "private.not-summable"),
    "by the protected unit": ({"by": ["firm"]}, "private.not-groupable"),
    "by a quantity": ({"by": ["use"]}, "private.not-groupable"),
    "by a column that is not": ({"by": ["nothing"]}, "private.not-groupable"),
    "by a number": ({"by": [7]}, "private.not-a-text"),
    "by a text": ({"by": "industry"}, "private.not-a-list"),
    "by an open column and another": ({"by": ["brand", "shift"]}, "private.open-alone"),
    "a sum by an open column": ({"aggregate": "sum", "column": "use", "by": ["brand"]}, "private.open-alone"),
    "by a thousand": ({"by": ["industry"] * 1000}, "private.too-many"),
    "a thousand conditions": ({"where": where(("shift", "in", [1])) * 1000}, "private.too-many"),
    "seventeen conditions": ({"where": where(("shift", "in", [1])) * 17}, "private.too-many"),
    "a condition that is a text": ({"where": ["shift = 1"]}, "private.not-an-object"),
    "conditions that are an object": ({"where": {"column": "shift"}}, "private.not-a-list"),
    "a condition with more": ({"where": [{"column": "shift", "or": []}]}, "private.field-unknown"),
    "a condition on nothing": ({"where": [{"operator": "in", "values": [1]}]}, "private.not-a-text"),
    "an unknown operator": ({"where": where(("shift", "like", ["%"]))}, "private.word-unknown"),
    "a condition without values": ({"where": [{"column": "shift", "operator": "in"}]}, "private.not-a-list"),
    "a condition on a column that is not": ({"where": where(("nothing", "in", [1]))}, "private.column-unknown"),
    "a condition on the protected unit": ({"where": where(("firm", "in", ["x"]))}, "private.column-unknown"),
    "a key that is not": ({"where": where(("industry", "in", ["wood"]))}, "private.key-unknown"),
    "a key deep below": ({"where": where(("industry", "in", [NESTED]))}, "private.key-unknown"),
    "a range of words": ({"where": where(("industry", ">=", ["food"]))}, "private.operator-wrong"),
    "a range of truths": ({"where": where(("night", ">=", [True]))}, "private.operator-wrong"),
    "quantities one by one": ({"where": where(("use", "in", ["1"]))}, "private.operator-wrong"),
    "a range of open keys": ({"where": where(("brand", "<=", ["m"]))}, "private.operator-wrong"),
    "two ends in one": ({"where": where(("use", ">=", ["1", "2"]))}, "private.value-single"),
    "no end": ({"where": where(("shift", ">=", []))}, "private.value-single"),
    "no day": ({"where": where(("month", ">=", ["2026-02-30"]))}, "private.not-a-date"),
    "a day beyond the calendar": ({"where": where(("month", ">=", ["10000-01-01"]))}, "private.not-a-date"),
    "a number for a day": ({"where": where(("month", ">=", [2026]))}, "private.not-a-text"),
    "not a number": ({"where": where(("use", ">=", ["NaN"]))}, "private.not-a-number"),
    "a float that is none": ({"where": where(("use", ">=", [float("nan")]))}, "private.not-a-number"),
    "infinity": ({"where": where(("use", "<=", ["Infinity"]))}, "private.not-a-number"),
    "nothing as an end": ({"where": where(("use", "<=", [None]))}, "private.not-a-number"),
    "a huge number": ({"where": where(("use", "<=", [10**400]))}, "private.not-a-number"),
    "an exponent": ({"where": where(("use", "<=", ["1e3"]))}, "private.not-a-number"),
    "other digits": ({"where": where(("use", "<=", ["٣"]))}, "private.not-a-number"),
    "a filter that selects nobody": ({"where": where(("industry", "in", []))}, "private.condition-empty"),
    "filters that exclude each other": (
        {"where": where(("industry", "in", ["food"]), ("industry", "in", ["steel"]))},
        "private.condition-empty",
    ),
    "a range that ends before it begins": (
        {"where": where(("use", ">=", ["5"]), ("use", "<=", ["4"]))},
        "private.condition-empty",
    ),
    "a range beyond the clip": ({"where": where(("use", ">=", ["100.1"]))}, "private.condition-empty"),
    "a range between two steps": (
        {"where": where(("use", ">=", ["5.01"]), ("use", "<=", ["5.09"]))},
        "private.condition-empty",
    ),
    "shifts that never are": ({"where": where(("shift", ">=", [4]))}, "private.condition-empty"),
    "no open key": ({"where": where(("brand", "in", []))}, "private.condition-empty"),
    "open keys that exclude each other": (
        {"where": where(("brand", "in", ["a"]), ("brand", "in", ["b"]))},
        "private.condition-empty",
    ),
    "too many open keys": ({"where": where(("brand", "in", ["x"] * 1001))}, "private.too-many"),
    "far too many keys": ({"where": where(("shift", "in", [1] * 10_001))}, "private.too-many"),
    "an open key that is nothing": ({"where": where(("brand", "in", [None]))}, "private.not-a-text"),
    "an open key too long": ({"where": where(("brand", "in", ["x" * 1001]))}, "private.not-a-text"),
    "half a letter": ({"where": where(("brand", "in", ["\ud800"]))}, "private.not-a-text"),
    "a fraction of a batch": ({"where": where(("batch", "in", ["7.5"]))}, "private.number-digits"),
    "no built day": ({"where": where(("built", "in", ["soon"]))}, "private.not-a-date"),
    "quantiles of a count": ({"at": ["0.5"]}, "private.field-senseless"),
    "quantiles without any": ({"aggregate": "quantiles", "column": "use", "at": []}, "private.empty"),
    "quantiles that are not said": ({"aggregate": "quantiles", "column": "use"}, "private.not-a-list"),
    "a quantile of 1": ({"aggregate": "quantiles", "column": "use", "at": ["1"]}, "private.at-range"),
    "a negative quantile": ({"aggregate": "quantiles", "column": "use", "at": ["-0.5"]}, "private.at-range"),
    "21 quantiles": (
        {"aggregate": "quantiles", "column": "use", "at": [f"0.{n}" for n in range(10, 31)]},
        "private.too-many",
    ),
    "edges of a sum": ({"aggregate": "sum", "column": "use", "edges": ["1", "2"]}, "private.field-senseless"),
    "one edge": ({"aggregate": "histogram", "column": "use", "edges": ["1", "1.0"]}, "private.edges-few"),
    "edges outside": ({"aggregate": "histogram", "column": "use", "edges": ["-1", "5"]}, "private.edge-outside"),
    "edges too fine": ({"aggregate": "histogram", "column": "use", "edges": ["0.05", "5"]}, "private.number-digits"),
    "201 edges": ({"aggregate": "histogram", "column": "use", "edges": list(range(201))}, "private.too-many"),
    "no period": ({"periods": []}, "private.empty"),
    "periods that are none": ({"periods": ["2026"]}, "private.period-unknown"),
    "an extreme period": ({"periods": ["9999-Q4"]}, "private.period-name"),
    "a period that is a number": ({"periods": [2026]}, "private.not-a-text"),
    "no periods": ({"periods": None}, "private.not-a-list"),
    "401 periods": ({"periods": ["2026-Q1"] * 401}, "private.too-many"),
    "no rho": ({"rho": "0"}, "private.rho-range"),
    "a negative rho": ({"rho": "-0.05"}, "private.rho-range"),
    "negative nothing": ({"rho": "-0.0"}, "private.rho-range"),
    "a rho to twelve digits": ({"rho": "0.050000000001"}, "private.number-digits"),
    "more than a period's rho": ({"rho": "0.500001"}, "private.rho-too-large"),
    "a rho that is not said": ({"rho": None}, "private.not-a-number"),
    "a rho that is a float": ({"rho": 0.05}, "private.not-a-number"),
    "a rho that is true": ({"rho": True}, "private.not-a-number"),
    "rho and epsilon": ({"epsilon": "1"}, "private.cost-once"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_asked_is_refused_for_what_it_is(name: str) -> None:
    """Each says what is wrong, in both languages, from the question and the standard alone."""
    more, code = BAD[name]
    with pytest.raises(Invalid, match=code) as refused:
        read({**COUNT, **more}, STANDARD, RECIPE)
    for lang in texts.LANGUAGES:
        said = texts.explain(refused.value, lang).what
        assert "{" not in said
        assert "–" not in said  # no fact is missing


@pytest.mark.parametrize("whole", [None, 7, "count", [COUNT], NESTED, True])
def test_a_question_is_an_object(whole: object) -> None:
    """Anything else is refused before anything is looked at, however deep it goes."""
    with pytest.raises(Invalid, match="private.not-an-object"):
        read(whole, STANDARD, RECIPE)


@pytest.mark.parametrize(
    ("epsilon", "code"),
    [
        ("1.234567890123", "private.number-digits"),
        ("0", "private.rho-range"),
        ("-1", "private.rho-range"),
        ("0.000001", "private.rho-range"),
        ("30", "private.rho-too-large"),
        (1.5, "private.not-a-number"),
    ],
)
def test_an_epsilon_is_judged_as_a_rho_is(epsilon: object, code: str) -> None:
    """Twelve digits are refused, and what buys no micro-rho."""
    with pytest.raises(Invalid, match=code):
        read({"aggregate": "count", "periods": ["2026-Q3"], "epsilon": epsilon}, STANDARD, RECIPE)


def test_a_question_says_what_it_may_cost() -> None:
    """Nothing is spent unasked."""
    with pytest.raises(Invalid, match="private.cost-once"):
        read({"aggregate": "count", "periods": ["2026-Q3"]}, STANDARD, RECIPE)


def test_a_huge_key_set_is_refused() -> None:
    """More than 100,000 cells are not answered, and not noised either."""
    wide = column("wide", Type.INTEGER, required=True, minimum=Decimal(0), maximum=Decimal(999))
    wider = column("wider", Type.INTEGER, required=True, minimum=Decimal(0), maximum=Decimal(100))
    standard = private(*COLUMNS, wide, wider)
    recipe = recipes.recipe(standard, CODES)
    with pytest.raises(Invalid, match="private.cells-too-many") as refused:
        read({**COUNT, "by": ["wide", "wider"]}, standard, recipe)
    assert refused.value.facts["cells"] == 101_000
    assert read({**COUNT, "by": ["wide", "night"]}, standard, recipe).by == ("night", "wide")


def test_six_columns_are_too_many_to_go_by() -> None:
    """Five are not."""
    more = tuple(column(f"c{n}", values=("a", "b")) for n in range(6))
    standard = private(*COLUMNS, *more)
    recipe = recipes.recipe(standard, CODES)
    assert len(read({**COUNT, "by": [c.name for c in more[:5]]}, standard, recipe).by) == 5
    with pytest.raises(Invalid, match="private.too-many"):
        read({**COUNT, "by": [c.name for c in more]}, standard, recipe)


def test_only_a_reservoir_of_answers_is_asked() -> None:
    """One without a budget, or without periods, gives none."""
    for without in (
        replace(STANDARD, budget=None),
        replace(STANDARD, bounds=Bounds(unit="firm", rows=24)),
        replace(STANDARD, tier=Tier.AGREEMENT),
    ):
        with pytest.raises(Invalid, match="private.no-answers"):
            read(COUNT, without, RECIPE)


def test_a_distinct_by_an_open_column_is_read() -> None:
    """Alone, with conditions on others and on itself."""
    found = ask(aggregate="distinct", by=["brand"], where=where(("brand", "in", ["a"]), ("shift", "in", [1])))
    assert found.by == ("brand",)
    assert [one.column for one in found.where] == ["brand", "shift"]


ANYTHING: Final = recursive(
    none()
    | booleans()
    | integers()
    | floats()
    | text(max_size=5)
    | sampled_from(["use", "industry", "in", ">=", "0.5"]),
    lambda part: lists(part, max_size=4) | dictionaries(text(max_size=5), part, max_size=4),
    max_leaves=12,
)
PLACES: Final = ["standard", "aggregate", "column", "by", "where", "at", "edges", "periods", "rho", "epsilon", "else"]


@given(base=sent(), field=sampled_from(PLACES), value=ANYTHING, inside=sampled_from(["column", "operator", "values"]))
@settings(max_examples=120)
def test_no_json_does_more_than_be_refused(base: dict[str, Any], field: str, value: Any, inside: str) -> None:
    """Anything at all in any place is a question or `Invalid`, never another error; what is read reads back."""
    conditions = [{"column": "use", "operator": ">=", "values": [1], inside: value}]
    for told_so in ({**base, field: value}, {**base, "where": conditions}, value):
        found = asked_or_refused(told_so)
        if isinstance(found, Invalid):
            assert found.code.startswith("private.")
            assert texts.explain(found).what
        else:
            assert read(told(found), STANDARD, RECIPE) == found


def asked_or_refused(told_so: object) -> Question | Invalid:
    """What becomes of JSON that was sent."""
    try:
        return read(told_so, STANDARD, RECIPE)
    except Invalid as refused:
        return refused


def test_a_question_that_no_answer_could_repeat_is_refused() -> None:
    """Its canonical bytes stand in every answer to it."""
    long = [f"{n:04}" * 100 for n in range(500)]
    with pytest.raises(Invalid, match="private.question-too-large"):
        filtered(("brand", "in", long))
    assert len(filtered(("brand", "in", long[:200]))[0].values) == 200


def test_numbers_are_read_exactly() -> None:
    """Whole numbers and decimal texts only; nothing is negative nothing."""
    assert reading.a_number("-0.0", "x").as_tuple().sign == 0
    assert reading.a_number(-7, "x") == -7
    assert reading.a_number("12345678901234567890.5", "x") == Decimal("12345678901234567890.5")
    budget = Budget(period=Decimal("0.000003"), life=Decimal(1))
    assert read({**COUNT, "rho": "0.000003"}, replace(STANDARD, budget=budget), RECIPE).rho == 3


def test_refusals_repeat_nothing_that_could_hurt() -> None:
    """Half a letter, a kilobyte, a deep list: what is shown is short, and can be written."""
    for value in ("\ud800", "x" * 10**6, NESTED, "\x1b[31m"):
        with pytest.raises(DamError) as refused:
            filtered(("industry", "in", [value]))
        said = texts.explain(refused.value).what
        assert len(said) < 300
        assert said.encode()
