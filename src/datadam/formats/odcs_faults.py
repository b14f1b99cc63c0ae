"""What is wrong with the form of an ODCS 3.2 data contract: by its official schema, by ours, and by what is not obeyed.

A contract is judged by the official JSON Schema of the Open Data Contract Standard 3.2.0 (Bitol, Apache-2.0), then our
own terms, the `customProperties` of vendor `datadam`, by a closed schema (`standards/schemas/datadam-1.schema.json`).
What ODCS can say and a dam would have to obey but does not (SQL checks, partitions, nested columns …) is a fault, never
silently ignored.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final, cast

from jsonschema import Draft201909Validator
from jsonschema.exceptions import ValidationError

from datadam.errors import DamError, Invalid
from datadam.model import Json, PrivacyClass, Type, standard_id, version_of

VENDOR: Final = "datadam"
API_VERSION: Final = "v3.2.0"
_MAX_SHOWN: Final = 80  # characters of a wrong value in a fault

TYPES: Final[Mapping[str, Type]] = {
    "string": Type.TEXT,
    "integer": Type.INTEGER,
    "number": Type.NUMBER,
    "boolean": Type.BOOLEAN,
    "date": Type.DATE,
    "timestamp": Type.TIMESTAMP,
}
_OPTIONS: Final = frozenset({"minimum", "maximum", "minLength", "maxLength", "pattern", "timezone"})
# These would have to be obeyed, and are not: to accept them would be a promise that nobody keeps.
_OBEYED: Final = frozenset(
    {
        "quality",
        "relationships",
        "unique",
        "partitioned",
        "partitionKeyPosition",
        "encryptedName",
        "transformLogic",
        "transformSourceObjects",
        "items",
        "properties",
        "mapKey",
        "mapValue",
        "physicalType",
        "physicalName",
    }
)

Path = tuple[str | int, ...]


def faults(contract: Json) -> Iterator[DamError]:
    """Everything that is wrong with a contract's form; what a dam says itself comes last, and once."""
    ours = list(_form_faults(contract))
    told = {(fault.code, fault.facts.get("path"), fault.facts.get("field")) for fault in ours}
    theirs = _schema_faults(contract, _odcs(), (), contract)
    yield from (f for f in theirs if (f.code, f.facts.get("path"), f.facts.get("field")) not in told)
    yield from ours


@cache
def schema(name: str) -> Mapping[str, Any]:
    """One of the packaged JSON Schemas."""
    text = (resources.files("datadam") / "standards" / "schemas" / name).read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


@cache
def _odcs() -> Draft201909Validator:
    return Draft201909Validator(schema("odcs-3.2.0.schema.json"))


def _schema_faults(value: Any, validator: Draft201909Validator, at: Path, whole: Any) -> Iterator[DamError]:  # noqa: ANN401  (a node of YAML)
    """What a JSON Schema says of `value`, in our codes. `at` is where `value` lies in the contract `whole`."""
    seen: set[tuple[str, str]] = set()
    for error in sorted(validator.iter_errors(value), key=lambda e: [str(part) for part in e.absolute_path]):
        for fault in _said(error, at, whole):
            mark = (fault.code, str(fault.facts))
            if mark not in seen:
                seen.add(mark)
                yield fault


def _said(error: ValidationError, at: Path, whole: Any) -> Iterator[DamError]:  # noqa: ANN401  (a node of YAML)
    """Say one schema error in our own words: the library's prose is English only."""
    path = shown((*at, *error.absolute_path), whole)
    rule, wanted = str(error.validator), cast("Any", error.validator_value)
    instance = cast("Any", error.instance)
    if rule == "required":
        for name in wanted:
            if name not in instance:
                yield Invalid("odcs.field-missing", path=path, field=name)
    elif rule in {"additionalProperties", "unevaluatedProperties"}:
        told = cast("Json", error.schema)
        known = set(told.get("properties", ())) if rule == "additionalProperties" else _known_fields()
        for name in instance:
            if name not in known:
                yield Invalid("odcs.field-unknown", path=path, field=_short(name))
    elif rule == "type":
        expected = wanted if isinstance(wanted, str) else ", ".join(wanted)
        yield Invalid("odcs.type-wrong", path=path, expected=expected)
    elif rule in {"enum", "const"}:
        allowed = ", ".join(map(str, wanted if rule == "enum" else [wanted]))
        yield Invalid("odcs.value-not-allowed", path=path, value=_short(instance), allowed=allowed)
    else:
        yield Invalid("odcs.value-malformed", path=path, value=_short(instance), rule=f"{rule} {_short(wanted)}")


@cache
def _known_fields() -> frozenset[str]:
    """Every field that ODCS knows of a table or column: its schema's own list is spread over several parts."""
    parts = schema("odcs-3.2.0.schema.json")["$defs"]
    names = ("SchemaElement", "SchemaObject", "SchemaBaseProperty", "SchemaProperty", "SchemaItemProperty")
    found = {name for part in names for name in parts[part].get("properties", ())}
    for part in names:
        for branch in parts[part].get("allOf", ()):
            found |= set(branch.get("then", {}).get("properties", ()))
    return frozenset(found)


def _form_faults(contract: Json) -> Iterator[DamError]:
    """What a dam needs beyond the official schema. Looks past whatever that schema already refuses."""
    for name in ("name", "description", "schema"):
        if name not in contract:
            yield Invalid("odcs.field-missing", path="/", field=name)
    if contract.get("apiVersion", API_VERSION) != API_VERSION:
        value = _short(contract["apiVersion"])
        yield Invalid("odcs.value-not-allowed", path="apiVersion", value=value, allowed=API_VERSION)
    if "servers" in contract:
        yield Invalid("odcs.not-obeyed", path="servers")
    for reader, field in ((standard_id, "id"), (version_of, "version")):
        if isinstance(contract.get(field), str):
            try:
                reader(contract[field])
            except Invalid as error:
                yield Invalid("odcs.value-malformed", path=field, value=_short(contract[field]), rule=error.code)
    yield from _custom_faults(contract, (), "contract", contract)
    tables = dicts(contract, "schema")
    if isinstance(contract.get("schema"), list) and len(contract["schema"]) != 1:
        yield Invalid("odcs.one-table", count=len(contract["schema"]))
    for number, table in tables:
        yield from _table_faults(table, ("schema", number), contract)


def _table_faults(table: Json, at: Path, contract: Json) -> Iterator[DamError]:
    for name in ("quality", "relationships", "physicalName"):
        if name in table:
            yield Invalid("odcs.not-obeyed", path=shown((*at, name), contract))
    yield from _custom_faults(table, at, None, contract)
    columns = dicts(table, "properties")
    if not columns:
        yield Invalid("odcs.field-missing", path=shown(at, contract), field="properties")
    positions: list[object] = []
    for number, column in columns:
        place: Path = (*at, "properties", number)
        yield from _column_faults(column, place, contract)
        if column.get("primaryKey") is True:
            positions.append(column.get("primaryKeyPosition", -1))
        elif "primaryKeyPosition" in column:
            yield Invalid("odcs.key-position", path=shown(place, contract))
    unnumbered = all(position == -1 for position in positions)
    if not unnumbered and set(positions) != set(range(1, len(positions) + 1)):
        yield Invalid("odcs.key-position", path=shown((*at, "properties"), contract))


def _column_faults(column: Json, at: Path, contract: Json) -> Iterator[DamError]:
    logical = column.get("logicalType")
    if not isinstance(logical, str) or logical not in TYPES:
        place, allowed = shown((*at, "logicalType"), contract), ", ".join(sorted(TYPES))
        yield Invalid("odcs.value-not-allowed", path=place, value=_short(logical), allowed=allowed)
    for name in sorted(_OBEYED & set(column)):
        yield Invalid("odcs.not-obeyed", path=shown((*at, name), contract))
    options = column.get("logicalTypeOptions")
    for name, value in sorted(options.items()) if isinstance(options, dict) else ():
        if name not in _OPTIONS or (name == "timezone" and value is False):
            yield Invalid("odcs.not-obeyed", path=shown((*at, "logicalTypeOptions", name), contract))
    classes = [str(name) for name in PrivacyClass]
    if column.get("classification", PrivacyClass.BUSINESS) not in classes:
        place, value = shown((*at, "classification"), contract), _short(column["classification"])
        yield Invalid("odcs.value-not-allowed", path=place, value=value, allowed=", ".join(classes))
    for number, item in dicts(column, "enum"):
        if "value" in item and not isinstance(item["value"], str):
            yield Invalid("odcs.type-wrong", path=shown((*at, "enum", number, "value"), contract), expected="string")
    yield from _custom_faults(column, at, "column", contract)
    if "decimal" in terms_of(column) and logical != "number":
        yield Invalid("odcs.decimal-not-number", path=shown(at, contract))


def _custom_faults(holder: Json, at: Path, part: str | None, contract: Json) -> Iterator[DamError]:
    """Find faults of one holder's custom properties; `part` is our schema of them (None: none of ours belong here)."""
    definitions = schema("datadam-1.schema.json")["$defs"]
    terms: Json = definitions[part]["properties"] if part else {}
    seen: set[str] = set()
    for number, item in dicts(holder, "customProperties"):
        place: Path = (*at, "customProperties", number)
        name = item.get("property")
        if "vendor" not in item:
            yield Invalid("odcs.vendor-missing", path=shown(place, contract))
        if not _is_ours(item) or not isinstance(name, str) or "value" not in item:
            continue  # another vendor's, or refused by the official schema
        if name not in terms:
            yield Invalid("odcs.term-unknown", path=shown(place, contract), term=_short(name))
            continue
        if name in seen:
            yield Invalid("odcs.term-repeated", path=shown(place, contract), term=name)
        seen.add(name)
        yield from _schema_faults(item["value"], _term_validator(part or "", name), (*place, "value"), contract)


@cache
def _term_validator(part: str, name: str) -> Draft201909Validator:
    definitions = schema("datadam-1.schema.json")["$defs"]
    return Draft201909Validator({"$defs": definitions, **definitions[part]["properties"][name]})


def dicts(holder: Json, field: str) -> list[tuple[int, Json]]:
    """Number and content of each object in a list; what has another shape is for the schema to refuse."""
    items = holder.get(field)
    return [(n, item) for n, item in enumerate(items) if isinstance(item, dict)] if isinstance(items, list) else []


def _is_ours(item: Json) -> bool:
    return item.get("vendor") == VENDOR


def shown(path: Path, contract: Any) -> str:  # noqa: ANN401  (a node of YAML)
    """Write a path as people do, with the names of columns and terms in place of their numbers."""
    text, here = "", contract
    for part in path:
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            here = None
        if isinstance(part, int):
            named = here.get("name", here.get("property")) if isinstance(here, dict) else None
            text += f"[{named if isinstance(named, str) else part}]"
        else:
            text += f".{part}" if text else part
    return text or "/"


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"


def terms_of(holder: Json) -> dict[str, Any]:
    """Our own terms of a contract, table or column, by name."""
    items = (item for _, item in dicts(holder, "customProperties") if _is_ours(item))
    return {str(item.get("property")): item.get("value") for item in items}
