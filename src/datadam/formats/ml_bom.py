"""A registered model as a CycloneDX 1.7 ML-BOM: one component for the model, with its card, one for each data source.

Made of the statement alone, so that everybody makes the same of it. What CycloneDX has no field for is a property under
`datadam:`. A commitment is no `hash` of a file: it is salted, and would be taken for one.
"""

import uuid
from typing import Any, Final

from datadam import disclosure
from datadam.model import Json

MEDIA: Final = "application/vnd.cyclonedx+json; version=1.7"
_MODEL: Final = "model"
_OURS: Final = "datadam"


def bom(body: Json, *, id: str, origin: str, index: int) -> dict[str, Any]:
    """The bill of a model statement's body; `origin` names the log that has it, at `index`."""
    reservoirs = [_reservoir(name, releases) for name, releases in disclosure.sources(body).items()]
    outside = [_outside(one, place) for place, one in enumerate(body["outside"], 1)]
    refs = [str(one["bom-ref"]) for one in (*reservoirs, *outside)]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'urn:datadam:model:{id}')}",
        "version": 1,
        "metadata": {"timestamp": body["issued"], "component": _model(body, id, refs)},
        "components": [*reservoirs, *outside],
        "dependencies": [{"ref": _MODEL, "dependsOn": refs}, *({"ref": ref} for ref in refs)],
        "compositions": [
            {"aggregate": "complete", "assemblies": [str(one["bom-ref"]) for one in reservoirs]},
            {"aggregate": "unknown", "assemblies": [_MODEL]},
        ],
        "properties": _properties({"log": origin, "log-index": str(index), "statement": id}),
    }


def _model(body: Json, id: str, refs: list[str]) -> dict[str, Any]:
    mail = "@" in body["contact"] and not body["contact"].startswith("https://")
    address = f"mailto:{body['contact']}" if mail else body["contact"]
    supplier = {"name": body["member"], **({"contact": [{"email": body["contact"]}]} if mail else {"url": [address]})}
    facts = {
        **{f"commitment:{one['part']}": f"sha-256 {one['digest']}" for one in body["commitments"]},
        "compute": body["compute"],
        "replaces": body["replaces"],
        "synthetic-data": str(body["synthetic"]).lower(),
    }
    return {
        "type": "machine-learning-model",
        "bom-ref": _MODEL,
        "supplier": supplier,
        "name": body["name"],
        "version": body["version"],
        "description": body["description"],
        "externalReferences": [
            {"type": "support", "url": address},
            {"type": "attestation", "url": f"urn:datadam:statement:{id}", "comment": "signed by provider and dam"},
        ],
        "modelCard": {
            "modelParameters": {"datasets": [{"ref": ref} for ref in refs]},
            "considerations": {"useCases": [body["purpose"]], "technicalLimitations": list(body["limits"])},
            "properties": [{"name": f"{_OURS}:criterion", "value": one} for one in body["criteria"]],
        },
        "properties": _properties(facts),
    }


def _reservoir(name: str, releases: list[Json]) -> dict[str, Any]:
    """What was taken of one reservoir or edition; each release by its statement, decision and place in the log."""
    versions = list(dict.fromkeys(str(one["version"]) for one in releases))
    facts = [
        ("release", f"{one['release']} decision={one['decision']} index={one['index']} share={one['share_version']}")
        for one in releases
    ]
    digests = [("deposits-digest", str(one["deposits_digest"])) for one in releases]
    return {
        "type": "data",
        "bom-ref": f"reservoir:{name}",
        "name": name,
        "version": ", ".join(versions),
        "data": [{"type": "dataset", "name": name}],
        "properties": [{"name": f"{_OURS}:{key}", "value": value} for key, value in (*facts, *digests)],
    }


def _outside(one: Json, place: int) -> dict[str, Any]:
    reference = one["reference"]
    is_address = reference is not None and reference.startswith("https://") and not any(map(str.isspace, reference))
    return {
        "type": "data",
        "bom-ref": f"outside:{place}",
        "name": one["name"],
        "data": [{"type": "dataset", "name": one["name"]}],
        **({"externalReferences": [{"type": "documentation", "url": reference}]} if is_address else {}),
        "properties": _properties({"origin": one["origin"], "reference": None if is_address else reference}),
    }


def _properties(facts: dict[str, str | None]) -> list[dict[str, str]]:
    return [{"name": f"{_OURS}:{name}", "value": value} for name, value in facts.items() if value is not None]
