"""ODCS 3.2 data contracts as YAML ↔ `model.Standard`, with every fault at once.

Its form is judged by `odcs_faults`, its sense by `standard.check`. What ODCS says that only informs (tags, team,
price …) is left alone and named by `carried`.

| model.Standard | ODCS 3.2 |
|---|---|
| id, version, titles.en, descriptions.en | id, version, name, description.purpose |
| columns, key | schema[0].properties[]; primaryKey, primaryKeyPosition |
| titles.en, descriptions.en, synonyms of a column | businessName, description, synonyms[].synonym |
| type | logicalType; DECIMAL is `number` with our `decimal` |
| minimum, maximum, min_length, max_length, pattern | logicalTypeOptions |
| values, privacy_class, required | enum[].value, classification, required |
| all else | customProperties, vendor `datadam` |
"""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Final

from datadam.errors import Faults, Invalid
from datadam.formats import odcs_faults, strict_yaml
from datadam.formats.odcs_faults import API_VERSION, TYPES, VENDOR, Path, dicts, shown, terms_of
from datadam.model import (
    Attribution,
    Bounds,
    Coarsening,
    Column,
    CrossRule,
    Json,
    LegalRoles,
    Migration,
    Move,
    Period,
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
from datadam.protections import Aggregate, Budget, CheckedTable, Clip, FreeText, Gates, ReferenceQuestion

MAX_FAULTS: Final = 200  # more than this and the file is something else
_LOGICAL: Final[Mapping[Type, str]] = {kind: name for name, kind in TYPES.items()} | {Type.DECIMAL: "number"}
_COLUMN_READ: Final = frozenset(
    {
        "name",
        "logicalType",
        "logicalTypeOptions",
        "required",
        "primaryKey",
        "primaryKeyPosition",
        "classification",
        "description",
        "businessName",
        "synonyms",
        "enum",
        "customProperties",
    }
)
_TABLE_READ: Final = frozenset(("name", "logicalType", "physicalType", "properties", "customProperties"))
_ROOT_READ: Final = frozenset(
    {
        "apiVersion",
        "kind",
        "id",
        "version",
        "name",
        "status",
        "description",
        "schema",
        "customProperties",
    }
)

# --- reading ----------------------------------------------------------------------------------------------------------


def read(text: str) -> Standard:
    """Read a contract. `Faults` carries everything that is wrong with its form; its sense is for `standard.check`."""
    contract = strict_yaml.read(text)
    if not isinstance(contract, dict):
        raise Faults("odcs.faults", [Invalid("odcs.not-contract")])
    faults = list(odcs_faults.faults(contract))
    if faults:
        raise Faults("odcs.faults", faults[:MAX_FAULTS])
    return _standard(contract)


def carried(text: str) -> tuple[str, ...]:
    """Paths of the ODCS fields that stand in a contract for people only: no dam reads or enforces them."""
    contract = strict_yaml.read(text)
    found: list[Path] = [(name,) for name in contract if name not in _ROOT_READ]
    for number, table in dicts(contract, "schema"):
        found += [("schema", number, name) for name in table if name not in _TABLE_READ]
        for place, column in dicts(table, "properties"):
            found += [("schema", number, "properties", place, name) for name in column if name not in _COLUMN_READ]
    return tuple(shown(path, contract) for path in found)


# --- from a contract that holds ---------------------------------------------------------------------------------------


def _languages(english: Any, others: Mapping[str, str] | None) -> dict[str, str]:  # noqa: ANN401  (a node of YAML)
    return ({"en": english} if isinstance(english, str) else {}) | dict(others or {})


def _standard(contract: Json) -> Standard:
    ours, properties = terms_of(contract), contract["schema"][0]["properties"]
    keyed = [p for p in properties if p.get("primaryKey")]
    keyed.sort(key=lambda p: p.get("primaryKeyPosition", -1))
    bounds = ours.get("bounds", {"unit": "contributor"})
    return Standard(
        id=StandardId(contract["id"]),
        version=contract["version"],
        titles=_languages(contract["name"], ours.get("titles")),
        descriptions=_languages(contract["description"].get("purpose"), ours.get("descriptions")),
        columns=tuple(_column(p) for p in properties),
        key=tuple(p["name"] for p in keyed),
        repeat=Repeat(ours.get("repeat", Repeat.REFUSE)),
        rules=tuple(CrossRule(**rule) for rule in ours.get("rules", ())),
        tier=Tier(ours.get("tier", Tier.AGREEMENT)),
        attribution=Attribution(ours.get("attribution", Attribution.NONE)),
        purposes=tuple(ours.get("purposes", ())),
        terms=tuple(ours.get("terms", ())),
        stewards=tuple(ours.get("stewards", ())),
        quorum=ours.get("quorum"),
        notice_days=ours.get("noticeDays", 0),
        bounds=Bounds(unit=bounds["unit"], rows=bounds.get("rows"), period=bounds.get("period")),
        reject_limit=Decimal(ours.get("rejectLimit", "0.05")),
        synthetic=ours.get("synthetic", False),
        migration=_migration(ours["migration"]) if "migration" in ours else None,
        legal_roles=tuple(_legal_roles(one) for one in ours.get("legalRoles", ())),
        combining=tuple(ours.get("combining", ())),
        gates=_gates(ours["gates"]) if "gates" in ours else None,
        budget=Budget(**{name: Decimal(value) for name, value in ours["budget"].items()}) if "budget" in ours else None,
        reference=_reference(ours["referenceQuestion"]) if "referenceQuestion" in ours else None,
        tables=tuple(_table(one) for one in ours.get("tables", ())),
    )


def _gates(found: Json) -> Gates:
    return Gates(
        contributors=found.get("contributors"),
        units=found.get("units"),
        identifying=tuple(found.get("identifying", ())),
        sensitive=found.get("sensitive"),
        diversity=found.get("diversity"),
        largest=found.get("largest"),
        largest_share=_number(found.get("largestShare")),
        p_percent=_number(found.get("pPercent")),
        measured=found.get("measured"),
        months=found.get("months"),
        preset=found.get("preset"),
    )


def _reference(found: Json) -> ReferenceQuestion:
    return ReferenceQuestion(
        aggregate=Aggregate(found["aggregate"]),
        units=found["units"],
        column=found.get("column"),
        typical=_number(found.get("typical")),
        by=tuple(found.get("by", ())),
        matching=Decimal(found.get("matching", 1)),
    )


def _table(found: Json) -> CheckedTable:
    return CheckedTable(
        name=found["name"],
        aggregate=Aggregate(found["aggregate"]),
        by=tuple(found.get("by", ())),
        column=found.get("column"),
    )


def _clip(found: Json) -> Clip:
    return Clip(lowest=Decimal(found["lowest"]), highest=Decimal(found["highest"]), scale=found.get("scale", 0))


def _number(found: int | Decimal | None) -> Decimal | None:
    return None if found is None else Decimal(found)


def _legal_roles(found: Json) -> LegalRoles:
    return LegalRoles(
        data_class=PrivacyClass(found["class"]),
        **{name: found[name] for name in ("space", "contributor", "dam", "consumer", "basis")},
    )


def _migration(found: Json) -> Migration:
    return Migration(
        after=found["after"],
        moves=tuple(
            Move(
                column=one["column"],
                source=one.get("from"),
                constant=one.get("constant"),
                numerator=one.get("numerator"),
                denominator=one.get("denominator", 1),
                codes=dict(one.get("codes", {})),
            )
            for one in found["columns"]
        ),
    )


def _column(found: Json) -> Column:
    ours, options = terms_of(found), found.get("logicalTypeOptions", {})
    kind = Type.DECIMAL if "decimal" in ours else TYPES[found["logicalType"]]
    digits = ours.get("decimal", {"precision": 38, "scale": 0})
    return Column(
        name=found["name"],
        type=kind,
        required=found.get("required", False),
        titles=_languages(found.get("businessName"), ours.get("titles")),
        descriptions=_languages(found.get("description"), ours.get("descriptions")),
        synonyms=tuple(item["synonym"] for item in found.get("synonyms", ())),
        scale=digits["scale"],
        precision=digits["precision"],
        unit=ours.get("unit"),
        units=tuple(_unit(unit) for unit in ours.get("units", ())),
        minimum=_bound(options.get("minimum")),
        maximum=_bound(options.get("maximum")),
        min_length=options.get("minLength"),
        max_length=options.get("maxLength"),
        pattern=options.get("pattern"),
        codes=ours.get("codes"),
        reference=Reference(**ours["reference"]) if "reference" in ours else None,
        values=tuple(item["value"] for item in found.get("enum", ())),
        protection=Protection(ours.get("protection", Protection.KEEP)),
        privacy_class=PrivacyClass(found.get("classification", PrivacyClass.BUSINESS)),
        domain=ours.get("domain"),
        mask_keep=ours.get("maskKeep", 0),
        coarsening=_coarsening(ours["coarsen"]) if "coarsen" in ours else None,
        safe_statistics=ours.get("safeStatistics", False),
        markings=tuple(ours.get("markings", ())),
        clip=_clip(ours["clip"]) if "clip" in ours else None,
        free_text=FreeText(ours["freeText"]) if "freeText" in ours else None,
        holds=tuple(ours.get("holds", ())),
    )


def _unit(found: Json) -> Unit:
    synonyms = tuple(found.get("synonyms", ()))
    denominator = found.get("denominator", 1)
    return Unit(symbol=found["symbol"], numerator=found["numerator"], denominator=denominator, synonyms=synonyms)


def _coarsening(found: Json) -> Coarsening:
    return Coarsening(
        period=Period(found["period"]) if "period" in found else None,
        width=Decimal(found["width"]) if "width" in found else None,
        edges=tuple(Decimal(edge) for edge in found.get("edges", ())),
        codes=found.get("codes"),
        groups=dict(found.get("map", {})),
    )


def _bound(value: str | int | Decimal | None) -> Decimal | str | None:
    return value if value is None or isinstance(value, str) else Decimal(value)


# --- writing ----------------------------------------------------------------------------------------------------------


def write(standard: Standard) -> str:
    """The contract of a standard that `standard.check` finds clean; `read` gives the same standard back."""
    contract = {
        "apiVersion": API_VERSION,
        "kind": "DataContract",
        "id": str(standard.id),
        "version": standard.version,
        "name": standard.titles.get("en"),
        "status": "active",
        "description": _present({"purpose": standard.descriptions.get("en")}),
        "customProperties": _custom(_contract_terms(standard)),
        "schema": [
            {
                "name": standard.id.replace(".", "_").replace("-", "_"),
                "logicalType": "object",
                "physicalType": "table",
                "properties": [_property(column, standard.key) for column in standard.columns],
            }
        ],
    }
    return strict_yaml.write(_present(contract))


def _contract_terms(standard: Standard) -> dict[str, Any]:
    bounds = standard.bounds
    return {
        "titles": _others(standard.titles),
        "descriptions": _others(standard.descriptions),
        "tier": str(standard.tier),
        "attribution": str(standard.attribution),
        "repeat": str(standard.repeat),
        "purposes": list(standard.purposes),
        "terms": list(standard.terms),
        "stewards": list(standard.stewards),
        "quorum": standard.quorum,
        "noticeDays": standard.notice_days or None,
        "bounds": _present({"unit": bounds.unit, "rows": bounds.rows, "period": bounds.period}),
        "rejectLimit": standard.reject_limit,
        "rules": [{"id": rule.id, "left": rule.left, "op": rule.op, "right": rule.right} for rule in standard.rules],
        "synthetic": standard.synthetic or None,
        "migration": None if standard.migration is None else _migration_terms(standard.migration),
        "legalRoles": [_legal_terms(one) for one in standard.legal_roles],
        "combining": list(standard.combining),
        "gates": None if standard.gates is None else _gate_terms(standard.gates),
        "budget": None if standard.budget is None else asdict(standard.budget),
        "referenceQuestion": None if standard.reference is None else _question_terms(standard.reference),
        "tables": [_question_terms(one) for one in standard.tables],
    }


def _gate_terms(gates: Gates) -> dict[str, Any]:
    told = asdict(gates)
    renamed = {"largestShare": told.pop("largest_share"), "pPercent": told.pop("p_percent")}
    return _present({**told, "identifying": list(gates.identifying), **renamed})


def _question_terms(question: ReferenceQuestion | CheckedTable) -> dict[str, Any]:
    return _present({**asdict(question), "aggregate": str(question.aggregate), "by": list(question.by)})


def _legal_terms(one: LegalRoles) -> dict[str, Any]:
    told = asdict(one)
    return {"class": str(told.pop("data_class")), **told}


def _migration_terms(migration: Migration) -> dict[str, Any]:
    moves = [
        {
            "column": move.column,
            "from": move.source,
            "constant": move.constant,
            "numerator": move.numerator,
            "denominator": move.denominator if move.denominator != 1 else None,
            "codes": dict(move.codes),
        }
        for move in migration.moves
    ]
    return {"after": migration.after, "columns": [_present(move) for move in moves]}


def _property(column: Column, key: tuple[str, ...]) -> dict[str, Any]:
    options = {
        "minimum": column.minimum,
        "maximum": column.maximum,
        "minLength": column.min_length,
        "maxLength": column.max_length,
        "pattern": column.pattern,
    }
    return _present(
        {
            "name": column.name,
            "businessName": column.titles.get("en"),
            "logicalType": _LOGICAL[column.type],
            "logicalTypeOptions": _present(options),
            "required": column.required or None,
            "primaryKey": column.name in key or None,
            "primaryKeyPosition": key.index(column.name) + 1 if column.name in key else None,
            "classification": str(column.privacy_class),
            "description": column.descriptions.get("en"),
            "synonyms": [{"synonym": word} for word in column.synonyms],
            "enum": [{"value": value} for value in column.values],
            "customProperties": _custom(_column_terms(column)),
        }
    )


def _column_terms(column: Column) -> dict[str, Any]:
    decimal = column.type is Type.DECIMAL
    return {
        "titles": _others(column.titles),
        "descriptions": _others(column.descriptions),
        "decimal": {"precision": column.precision, "scale": column.scale} if decimal else None,
        "unit": column.unit,
        "units": [_unit_terms(unit) for unit in column.units],
        "codes": column.codes,
        "reference": asdict(column.reference) if column.reference else None,
        "protection": None if column.protection is Protection.KEEP else str(column.protection),
        "domain": column.domain,
        "maskKeep": column.mask_keep or None,
        "coarsen": None if column.coarsening is None else _coarsening_terms(column.coarsening),
        "safeStatistics": column.safe_statistics or None,
        "markings": list(column.markings),
        "clip": None if column.clip is None else asdict(column.clip),
        "freeText": None if column.free_text is None else str(column.free_text),
        "holds": list(column.holds),
    }


def _coarsening_terms(how: Coarsening) -> dict[str, Any]:
    return _present(
        {
            "period": None if how.period is None else str(how.period),
            "width": how.width,
            "edges": list(how.edges),
            "codes": how.codes,
            "map": dict(how.groups),
        }
    )


def _unit_terms(unit: Unit) -> dict[str, Any]:
    synonyms = list(unit.synonyms)
    return _present(
        {"symbol": unit.symbol, "numerator": unit.numerator, "denominator": unit.denominator, "synonyms": synonyms}
    )


def _custom(terms: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"property": name, "value": value, "vendor": VENDOR} for name, value in _present(terms).items()]


def _others(texts: Mapping[str, str]) -> dict[str, str]:
    return {language: text for language, text in texts.items() if language != "en"}


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is not there."""
    return {name: value for name, value in values.items() if value is not None and value not in ([], {}, ())}
