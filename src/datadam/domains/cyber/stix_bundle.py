"""A STIX 2.1 bundle of indicators: deterministic ids, TLP 2.0 markings, patterns that a value cannot break. Pure.

Specification: STIX 2.1 (OASIS): 3.2 common properties, 4.5 identity, 4.7 indicator, 4.10 note, 7.2.1 TLP, 9 patterns.
Ids by UUIDv5 (RFC 9562) in a namespace of ours, times with milliseconds, TLP 2.0 as OASIS gives it as an extension.
"""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from datadam import seal
from datadam.domains.cyber.corroboration import Assessed, Corroboration
from datadam.domains.cyber.reports import defanged
from datadam.domains.cyber.written import Choice, Format, Written, chosen, told
from datadam.model import Json

NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:datadam:stix:1")
BEGAN: Final = "2026-01-01T00:00:00.000Z"  # `created` of the identity, which is always the same
MARKED: Final = "2022-10-01T00:00:00.000Z"
EXTENSION: Final = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
MARKINGS: Final[Mapping[str, str]] = {
    "clear": "94868c89-83c2-464b-929b-a1a8aa3c8487",
    "green": "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "amber": "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "amber+strict": "939a9414-2ddd-4d32-a0cd-375ea402b003",
}
_PATTERNS: Final[Mapping[str, Callable[[str], str]]] = {
    "domain": lambda value: f"[domain-name:value = {literal(value)}]",
    "url": lambda value: f"[url:value = {literal(value)}]",
    "ipv4": lambda value: f"[ipv4-addr:value = {literal(value)}]",
    "ipv6": lambda value: f"[ipv6-addr:value = {literal(value)}]",
    "cidr": lambda value: f"[{'ipv6' if ':' in value else 'ipv4'}-addr:value = {literal(value)}]",
    "ipv4_port": lambda value: _port(*value.split(":")),
    "md5": lambda value: f"[file:hashes.MD5 = {literal(value)}]",
    "sha1": lambda value: f"[file:hashes.'SHA-1' = {literal(value)}]",
    "sha256": lambda value: f"[file:hashes.'SHA-256' = {literal(value)}]",
    "asn": lambda value: f"[autonomous-system:number = {int(value.upper().removeprefix('AS'))}]",
}


def write(assessed: Assessed, choice: Choice) -> Written:
    """The bundle, as RFC 8785 writes it, and what is not in it."""
    kept, counts = chosen(assessed, Format.STIX, choice)
    objects = [_identity(), *(_marking(name) for name in MARKINGS if any(one.tlp == name for one in kept))]
    objects += [_note(assessed, told(counts, assessed.audience)), *(_indicator(one, assessed.now) for one in kept)]
    listed = seal.digest(seal.canonical(objects))
    bundle = {"type": "bundle", "id": _id("bundle", listed), "objects": objects}
    return Written(
        format=Format.STIX,
        text=seal.canonical(bundle).decode() + "\n",
        count=len(kept),
        audience=assessed.audience,
        now=assessed.now,
        left=counts,
    )


def literal(value: str) -> str:
    """A text as a pattern takes it, whatever is in it (STIX 2.1 §9.5, string constants)."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _port(host: str, port: str) -> str:
    return (
        f"[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = {literal(host)} "
        f"AND network-traffic:dst_port = {int(port)}]"
    )


def _indicator(one: Corroboration, now: datetime) -> Json:
    until = max(one.until, now + timedelta(seconds=1))  # after `valid_from`, also where it is at its threshold
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": _id("indicator", f"{one.type} {one.value}"),
        "created_by_ref": _identity()["id"],
        "created": _time(one.first_seen),
        "modified": _time(now),
        "name": f"{one.type} {defanged(one.value)}",
        "description": f"{one.explained(now)}. {one.believed()}",
        "indicator_types": ["malicious-activity"],
        "pattern": _PATTERNS[one.type](one.value),
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": _time(one.first_seen),
        "valid_until": _time(until),
        "confidence": one.score,
        "object_marking_refs": [f"marking-definition--{MARKINGS[one.tlp]}"],
    }


def _identity() -> Json:
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": _id("identity", "data dam"),
        "created": BEGAN,
        "modified": BEGAN,
        "name": "data dam",
        "description": "Scores of indicators that several organisations reported.",
        "identity_class": "system",
    }


def _note(assessed: Assessed, left: str) -> Json:
    now, content = _time(assessed.now), f"For {assessed.audience}. Left out of this bundle: {left}."
    return {
        "type": "note",
        "spec_version": "2.1",
        "id": _id("note", f"{now} {content}"),
        "created_by_ref": _identity()["id"],
        "created": now,
        "modified": now,
        "content": content,
        "object_refs": [_identity()["id"]],
    }


def _marking(name: str) -> Json:
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": f"marking-definition--{MARKINGS[name]}",
        "created": MARKED,
        "name": f"TLP:{name.upper()}",
        "extensions": {EXTENSION: {"extension_type": "property-extension", "tlp_2_0": name}},
    }


def _id(kind: str, name: str) -> str:
    return f"{kind}--{uuid.uuid5(NAMESPACE, f'{kind} {name}')}"


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
