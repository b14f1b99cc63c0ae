"""JSON Schemas as plain functions: a quick yes for what surely has a shape. Whether a no is one, `jsonschema` decides.

Only what our own schemas say is understood (draft 2020-12); a schema with another word in it gives no quick yes at all.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

Check: TypeAlias = Callable[[object], bool]

_REMARKS: Final = frozenset({"$schema", "title"})


def compiled(schema: Mapping[str, Any]) -> Check:
    """A function that says True only of values that are valid under `schema`."""
    try:
        return _compiled(schema)
    except (LookupError, TypeError):
        return _never


def _never(_: object) -> bool:
    return False


def _always(_: object) -> bool:
    return True


def _compiled(schema: Mapping[str, Any]) -> Check:
    """As `compiled`; `LookupError` or `TypeError` for a word that is not understood."""
    said = set(schema) - _REMARKS
    for word, make in _ALONE.items():
        if said == {word}:
            return make(schema[word])
    make, words = _TYPES[schema["type"]]
    if not said <= words | {"type"}:
        raise LookupError(said)
    return make(schema)


def _any_of(schemas: list[Mapping[str, Any]]) -> Check:
    checks = tuple(map(_compiled, schemas))
    return lambda value: any(check(value) for check in checks)


def _const(wanted: object) -> Check:
    kind = str if isinstance(wanted, str) else type(wanted)  # to Python, though not to JSON, true is 1
    return lambda value: type(value) is kind and value == wanted


def _enum(words: list[object]) -> Check:
    if not all(isinstance(word, str) for word in words):
        raise LookupError(words)
    known = frozenset(str(word) for word in words)
    return lambda value: isinstance(value, str) and value in known


def _string(schema: Mapping[str, Any]) -> Check:
    least, most = schema.get("minLength", 0), schema.get("maxLength", float("inf"))
    if "pattern" not in schema:
        return lambda value: isinstance(value, str) and least <= len(value) <= most
    found = re.compile(schema["pattern"]).search
    if not {"minLength", "maxLength"} & schema.keys():
        return lambda value: isinstance(value, str) and found(value) is not None
    return lambda value: isinstance(value, str) and least <= len(value) <= most and found(value) is not None


def _integer(schema: Mapping[str, Any]) -> Check:
    least, most = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))
    return lambda value: type(value) is int and least <= value <= most


def _boolean(_: Mapping[str, Any]) -> Check:
    return lambda value: type(value) is bool


def _null(_: Mapping[str, Any]) -> Check:
    return lambda value: value is None


def _array(schema: Mapping[str, Any]) -> Check:
    least, most = schema.get("minItems", 0), schema.get("maxItems", float("inf"))
    item = _compiled(schema["items"])
    unique = schema.get("uniqueItems", False)

    def check(value: object) -> bool:
        return (
            type(value) is list
            and least <= len(value) <= most
            and all(map(item, value))
            and (not unique or (all(type(one) is str for one in value) and len(set(value)) == len(value)))
        )

    return check


def _object(schema: Mapping[str, Any]) -> Check:
    known = {name: _compiled(held) for name, held in schema.get("properties", {}).items()}
    required = frozenset(schema.get("required", ()))
    least, most = schema.get("minProperties", 0), schema.get("maxProperties", float("inf"))
    others = schema.get("additionalProperties", True)
    other = _compiled(others) if isinstance(others, Mapping) else _always if others else _never

    def check(value: object) -> bool:
        if type(value) is not dict or not least <= len(value) <= most or not required <= value.keys():
            return False
        for name, one in value.items():  # noqa: SIM110  (a generator would take twice as long)
            if not known.get(name, other)(one):
                return False
        return True

    return check


_ALONE: Final[Mapping[str, Callable[[Any], Check]]] = {"anyOf": _any_of, "const": _const, "enum": _enum}
_TYPES: Final[Mapping[str, tuple[Callable[[Mapping[str, Any]], Check], frozenset[str]]]] = {
    "string": (_string, frozenset({"minLength", "maxLength", "pattern"})),
    "integer": (_integer, frozenset({"minimum", "maximum"})),
    "boolean": (_boolean, frozenset()),
    "null": (_null, frozenset()),
    "array": (_array, frozenset({"items", "minItems", "maxItems", "uniqueItems"})),
    "object": (
        _object,
        frozenset({"properties", "required", "additionalProperties", "minProperties", "maxProperties"}),
    ),
}
