"""A quick yes is said only of what the full validator takes too, and of every statement as it should be."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam.formats.shapes import compiled
from datadam.formats.statements import schema
from datadam.model import Kind
from test_statements import FACTS, stated

SCHEMAS: list[dict[str, Any]] = [
    {"type": "string", "pattern": "^a+$(?!\n)", "minLength": 1, "maxLength": 3},
    {"type": "integer", "minimum": 0, "maximum": 5},
    {"type": "boolean"},
    {"type": "null"},
    {"const": True},
    {"const": 1},
    {"const": "a"},
    {"enum": ["a", "b"]},
    {"anyOf": [{"type": "string"}, {"type": "null"}]},
    {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 1, "maxItems": 2, "uniqueItems": True},
    {"type": "array", "items": {"type": "integer"}, "uniqueItems": True},
    {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False},
    {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1, "maxProperties": 2},
    {"type": "object", "required": ["a"]},
]
NOT_UNDERSTOOD: list[dict[str, Any]] = [
    {"type": "number"},
    {"type": ["string", "null"]},
    {"type": "string", "format": "date"},
    {"enum": [1, 2]},
    {"type": "array"},
    {"anyOf": [{"type": "string"}], "not": {"const": "a"}},
]
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 7) | st.floats() | st.sampled_from(["", "a", "b", "aa", "a\n", "aaaa"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(SCHEMAS), anything)
def test_a_quick_yes_is_a_yes(shape: dict[str, Any], value: object) -> None:
    """Whatever the value: nothing passes that would be refused."""
    if compiled(shape)(value):
        jsonschema.Draft202012Validator(shape).validate(value)


FITTING: list[object] = [
    "aa", 5, True, None, True, 1, "a", "b", None, ["b", "a"], [], {"a": 1}, {"b": "a"}, {"a": 1, "b": 2},
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(SCHEMAS)))
def test_what_has_a_shape_is_seen_quickly(number: int) -> None:
    """The quick way says yes at all."""
    assert compiled(SCHEMAS[number])(FITTING[number])


@pytest.mark.parametrize("shape", NOT_UNDERSTOOD)
def test_of_a_schema_that_is_not_understood_there_is_no_quick_yes(shape: dict[str, Any]) -> None:
    """A word that was overlooked could let something pass."""
    assert not any(map(compiled(shape), (None, True, 1, "a", [], {})))


@pytest.mark.parametrize("kind", [Kind.DECISION, Kind.MANIFEST, Kind.OUTCOME, Kind.RELEASE, Kind.WITHDRAWAL])
def test_what_comes_by_the_thousand_is_seen_quickly(kind: Kind) -> None:
    """Their schemas have no word that is not understood."""
    assert compiled(schema(kind))(stated(kind, FACTS[kind]).body)
