"""The verdict on every row, held against a slow and obvious reading of the standard, written here and nowhere else.

The reference knows no plan, no mask and no engine: it takes a Standard's columns as its author reads them, row by row.
(`test_engine_behaviours` holds the engines against each other; this holds them against what was promised.)
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datadam.model import Column, CrossRule, Repeat, Standard, Type
from test_engine_behaviours import ENGINES, Run, csv_source, plan_of, standard_of

Value = str | int | Decimal | bool | date
Row = Mapping[str, str]

WHITE = "".join(map(chr, range(0x3001)))
OUTER = "".join(letter for letter in WHITE if letter.isspace() and letter not in "\x1c\x1d\x1e\x1f")


# --- the reference ----------------------------------------------------------------------------------------------------


def read(column: Column, text: str) -> tuple[Value | None, str | None]:
    """What a present text says, or which rule it breaks by saying nothing."""
    if column.values:
        found = [code for code in column.values if text == code] or [
            code for code in column.values if folded(code) == folded(text)
        ]
        return (found[0], None) if found else (None, "codes")
    if column.type is Type.TEXT:
        return text, None
    value: Value | None = None
    if column.type is Type.INTEGER and re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        value = int(text)
    if column.type is Type.DECIMAL and re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,18})?", text):
        rounded = Decimal(text).quantize(Decimal(1).scaleb(-column.scale), rounding=ROUND_HALF_EVEN)
        value = rounded if abs(rounded) < Decimal(10) ** (column.precision - column.scale) else None
    if column.type is Type.BOOLEAN and text.lower() in {"true", "yes", "1", "false", "no", "0"} and text.isascii():
        value = text.lower() in {"true", "yes", "1"}
    if column.type is Type.DATE and re.fullmatch(r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}", text):
        try:
            value = date.fromisoformat(text)
        except ValueError:
            value = None
    return (value, None) if value is not None else (None, "type")


def folded(text: str) -> str:
    """A name as people mean it: any width, any case."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def broken_by(column: Column, text: str) -> tuple[set[str], Value | None]:
    """The rules that one cell breaks, and its value if it has one."""
    text = text.strip(OUTER)
    if not text:
        return ({"required"} if column.required else set()), None
    value, fault = read(column, text)
    if value is None:
        return {str(fault)}, None
    broken = set()
    if isinstance(value, str):
        least, most = column.min_length or 0, column.max_length
        if len(value) < least or (most is not None and len(value) > most):
            broken.add("length")
        if column.pattern and not re.fullmatch(column.pattern.removeprefix(r"\A").removesuffix(r"\z"), value):
            broken.add("pattern")
    else:
        low, high = limit(column, column.minimum), limit(column, column.maximum)
        if (low is not None and value < low) or (high is not None and value > high):  # type: ignore[operator]  # one type each
            broken.add("range")
    return broken, value


def limit(column: Column, said: Decimal | str | None) -> Value | None:
    """A column's minimum or maximum as one of its values."""
    if said is None:
        return None
    return date.fromisoformat(str(said)) if column.type is Type.DATE else Decimal(said)


OPERATORS = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def verdicts(standard: Standard, rows: Sequence[Row]) -> dict[int, set[str]]:
    """Which rules each row breaks: one row after the other, then the keys of those that broke nothing."""
    found: dict[int, set[str]] = {}
    keys: dict[int, tuple[Value | None, ...]] = {}
    for number, row in enumerate(rows):
        if not any(text.strip(OUTER) for text in row.values()):
            continue  # an empty row is none
        broken, values = set[str](), dict[str, Value | None]()
        for column in standard.columns:
            faults, values[column.name] = broken_by(column, row[column.name])
            broken |= {f"{column.name}.{fault}" for fault in faults}
        for rule in standard.rules:
            left, right = values[rule.left], values[rule.right]
            if left is not None and right is not None and not OPERATORS[rule.op](left, right):
                broken.add(rule.id)
        found[number] = broken
        keys[number] = tuple(values[name] for name in standard.key)
    if standard.key and standard.repeat is not Repeat.KEEP:
        count = Counter(key for number, key in keys.items() if not found[number])
        for number, key in keys.items():
            if not found[number] and count[key] > 1:
                found[number].add("key.unique")
    return found


# --- standards and tables ---------------------------------------------------------------------------------------------

dirt = st.one_of(
    st.sampled_from(
        ["", " ", "\u3000", "0", "1", "-1", "+1", "007", "1.5", "2.5", "0.005", "0.015", "999.995", "1000", "1000.001"]
    ),
    st.sampled_from(["1e3", "1,5", "NaN", "１", "½", "9" * 18, "9" * 19, "123456789012345.5", "-0.5", ".5", "5."]),
    st.sampled_from(["2020-01-01", "2019-12-31", "2020-02-30", "2024-02-29", "0999-01-01", "20200101", "2020-1-1"]),
    st.sampled_from(
        ["true", "FALSE", "Yes", "no", "ja", "kg", "KG", "kor", "KOR", " a ", "ab", "abc", "a\nb", '"', "\x85x"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=5),
)


@st.composite
def any_column(draw: st.DrawFn, name: str) -> Column:
    """A column of a type, with rules that such a column may have."""
    kind = draw(st.sampled_from([Type.TEXT, Type.INTEGER, Type.DECIMAL, Type.BOOLEAN, Type.DATE]))
    required = draw(st.booleans())
    if kind is Type.TEXT:
        return Column(
            name=name,
            type=kind,
            required=required,
            values=draw(st.sampled_from([(), (), ("KOR", "kg", "ab")])),
            pattern=draw(st.sampled_from([None, r"\A[a-z]+\z", r"\A[^0-9]{1,3}\z"])),
            min_length=draw(st.sampled_from([None, 2])),
            max_length=draw(st.sampled_from([None, 3])),
        )
    if kind is Type.DECIMAL:
        return Column(
            name=name,
            type=kind,
            required=required,
            scale=draw(st.integers(0, 3)),
            precision=draw(st.sampled_from([6, 38])),
            minimum=draw(st.sampled_from([None, Decimal(1)])),
            maximum=draw(st.sampled_from([None, Decimal(1000)])),
        )
    limits: dict[Type, tuple[Decimal | str | None, Decimal | str | None]] = {
        Type.INTEGER: (Decimal(0), Decimal(1000)),
        Type.DATE: ("2020-01-01", "2024-12-31"),
        Type.BOOLEAN: (None, None),
    }
    minimum, maximum = limits[kind]
    return Column(
        name=name,
        type=kind,
        required=required,
        minimum=minimum if draw(st.booleans()) else None,
        maximum=maximum if draw(st.booleans()) else None,
    )


@st.composite
def any_case(draw: st.DrawFn) -> tuple[Standard, list[Row]]:
    """A standard and a dirty table for it, in which some rows come twice."""
    columns = [draw(any_column(f"c{number}")) for number in range(draw(st.integers(1, 4)))]
    able = tuple(column.name for column in columns if column.required)[: draw(st.integers(0, 2))]
    pairs = [(a, b) for a in columns for b in columns if a is not b and a.type is b.type in {Type.INTEGER, Type.DATE}]
    rules = tuple(
        CrossRule(id=f"cross{number}", left=a.name, op=draw(st.sampled_from(sorted(OPERATORS))), right=b.name)
        for number, (a, b) in enumerate(pairs[:2])
    )
    repeat = draw(st.sampled_from(list(Repeat))) if able else Repeat.KEEP
    names = [column.name for column in columns]
    rows: list[Row] = draw(st.lists(st.fixed_dictionaries(dict.fromkeys(names, dirt)), min_size=1, max_size=10))
    return standard_of(*columns, key=able, repeat=repeat, rules=rules), rows + rows[: draw(st.integers(0, 3))]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(case=any_case())
def test_every_verdict_is_what_the_standard_says_read_row_by_row(case: tuple[Standard, list[Row]]) -> None:
    """Both engines admit and reject exactly the rows that the reference does, for exactly its reasons."""
    standard, rows = case
    expected = verdicts(standard, rows)
    names = [column.name for column in standard.columns]
    quoted = [",".join('"{}"'.format(row[name].replace('"', '""')) for name in names) for row in rows]
    table = "\n".join([",".join(names), *quoted]) + "\n"
    for engine in ENGINES if expected else ():
        with TemporaryDirectory() as name:
            run = Run(engine, plan_of(standard), csv_source(Path(name), table), Path(name))
            admitted = set(run.value("_row")) if run.tally.admitted else set()
        assert run.broken == {number: broken for number, broken in expected.items() if broken}
        assert admitted == {number for number, broken in expected.items() if not broken}


def test_the_reference_is_no_yes_man() -> None:
    """It says no to what is plainly wrong: else it could agree with anything."""
    standard = standard_of(
        Column(name="a", type=Type.TEXT, required=True, values=("x",)),
        Column(name="b", type=Type.INTEGER),
        repeat=Repeat.REFUSE,
    )
    rows: list[Row] = [{"a": "x", "b": "1"}, {"a": "y", "b": "z"}, {"a": "", "b": "1"}, {"a": " x", "b": ""}]
    assert verdicts(standard, rows) == {
        0: {"key.unique"},
        1: {"a.codes", "b.type"},
        2: {"a.required"},
        3: {"key.unique"},
    }
