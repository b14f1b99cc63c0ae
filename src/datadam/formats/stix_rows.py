"""Rows of indicators from a STIX 2.1 bundle: one a value of each simple pattern, in the columns of `cti.indicator`.

A simple pattern compares one kind of value with `=`, or several joined by OR: `[domain-name:value = 'x.example']`.
Any other indicator becomes one row that no standard takes: its `type` says why, its `value` is the whole pattern.
Objects that are no indicators tell no row. The strictest TLP marking of an indicator counts, TLP 1 and TLP 2.
Specification: STIX 2.1 (OASIS), 4.7 indicator, 7.2.1.4 TLP, 9 patterns.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from datadam.errors import Invalid
from datadam.formats.json_rows import FOLLOWED, Cells, Scanner, elements

COLUMNS: Final = ("type", "value", "valid_until", "confidence", "tlp", "kill_chain")
MAX_VALUES: Final = 1000  # of one pattern
MAX_PATTERN: Final = 1000  # letters shown of one that is refused
_KINDS: Final[Mapping[str, str]] = {
    "domain-name:value": "domain",
    "ipv4-addr:value": "ipv4",
    "ipv6-addr:value": "ipv6",
    "url:value": "url",
    "file:hashes.md5": "md5",
    "file:hashes.sha-1": "sha1",
    "file:hashes.sha-256": "sha256",
}
_TLP: Final[Mapping[str, str]] = {
    "94868c89-83c2-464b-929b-a1a8aa3c8487": "clear",
    "613f2e26-407d-48c7-9eca-b8e91df99dc9": "clear",  # TLP 1: white
    "bab4a63c-aed9-4cf5-a766-dfca5abac2bb": "green",
    "34098fce-860f-48ae-8e50-ebd3cc5e41da": "green",
    "55d920b0-5e8b-4f79-9ee9-91f868d9b421": "amber",
    "f88d31f6-486f-44da-b317-01333bde0b82": "amber",
    "939a9414-2ddd-4d32-a0cd-375ea402b003": "amber+strict",
    "e828b379-4e03-4974-9ac4-e53a884c97c1": "red",
    "5e57c739-391a-4eb3-b6be-7d15ca92d5ed": "red",
}
_STRICTNESS: Final = ("clear", "green", "amber", "amber+strict", "red")
_CHAIN: Final = "lockheed-martin-cyber-kill-chain"
_UNREAD: Final = "not a simple pattern"
_PROPERTY: Final = "other property"
_COMPARISON: Final = "other comparison"
_MANY: Final = "too many values"
_LANGUAGE: Final = "not a STIX pattern"
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\['\\])*')|(?P<sign>[\[\]=()]|!=|[<>]=?)"
    r"|(?P<word>[A-Za-z][A-Za-z0-9_-]*(?::[A-Za-z0-9_.'\-]+)?))"
)


def rows(texts: Iterable[str], name: str) -> Iterator[Cells]:
    """The rows of a bundle, read front to back."""
    for found in _objects(Scanner(texts, name)):
        if isinstance(found, dict) and found.get("type") == "indicator":
            yield from _rows(found)


def is_bundle(texts: Iterable[str]) -> bool:
    """Whether a text begins as a bundle, or as a TAXII envelope: an object with `objects`, which no flat row has."""
    scanner = Scanner(texts, "")
    try:
        scanner.expect("{")
        while True:
            key = scanner.value()
            scanner.expect(":")
            if key == "objects":
                return scanner.peek() == "["
            if key == "type" and scanner.value() == "bundle":
                return True
            if key != "type":
                scanner.value()
            scanner.expect(",")
    except Invalid:
        return False


def _objects(scanner: Scanner) -> Iterator[Any]:
    """Each object of a bundle, wherever its list stands in it."""
    scanner.expect("{")
    if scanner.take("}"):
        return
    while True:
        key = scanner.value()
        scanner.expect(":")
        if key == "objects":
            scanner.expect("[")
            yield from elements(scanner)
        else:
            scanner.value()
        if scanner.take("}"):
            break
        scanner.expect(",")
    if scanner.peek():
        raise scanner.broken(FOLLOWED)


def _rows(indicator: Mapping[str, Any]) -> Iterator[Cells]:
    pattern = indicator.get("pattern")
    shared = {
        "valid_until": _text(indicator.get("valid_until")),
        "confidence": _text(indicator.get("confidence")),
        "tlp": _tlp(indicator.get("object_marking_refs")),
        "kill_chain": _phase(indicator.get("kill_chain_phases")),
    }
    try:
        if indicator.get("revoked") is True:
            raise _NotSimple("revoked")
        if not isinstance(pattern, str) or indicator.get("pattern_type", "stix") != "stix":
            raise _NotSimple(_LANGUAGE)
        found = list(values(pattern))
    except _NotSimple as reason:
        found = [(str(reason), str(pattern)[:MAX_PATTERN])]
    for kind, value in found:
        yield {"type": kind, "value": _text(value), **shared}


class _NotSimple(Exception):
    """Why a pattern is not read: at most twenty letters, so that it fits where the kind would stand."""


def values(pattern: str) -> Iterator[tuple[str, str]]:
    """The kind and value of each comparison of a simple pattern."""
    tokens = list(_tokens(pattern))
    place, inside, count = 0, False, 0
    while place < len(tokens):
        if not inside:
            inside = _expect(tokens, place, "[")
            place += 1
        path, sign, text = (*tokens[place : place + 3], "", "", "")[:3]
        if ":" not in path:
            raise _NotSimple(_UNREAD)
        kind = _KINDS.get(path.replace("'", "").casefold())
        if kind is None:
            raise _NotSimple(_PROPERTY)
        if sign != "=" or not text.startswith("'"):
            raise _NotSimple(_COMPARISON)
        value = re.sub(r"\\(['\\])", r"\1", text[1:-1])
        yield ("cidr" if kind in {"ipv4", "ipv6"} and "/" in value else kind), value
        count, place = count + 1, place + 3
        if count > MAX_VALUES:
            raise _NotSimple(_MANY)
        place, inside = _joined(tokens, place)


def _joined(tokens: list[str], place: int) -> tuple[int, bool]:
    """Step over what may stand between two comparisons: `OR`, `] OR [`, or the end; whether we are still inside."""
    inside = True
    if tokens[place : place + 1] == ["]"]:
        place, inside = place + 1, False
        if place == len(tokens):
            return place, inside
    word = tokens[place] if place < len(tokens) else ""
    if word.upper() != "OR":
        joined = f"pattern with {word[:8].upper()}" if word.isalpha() else _UNREAD
        raise _NotSimple(joined)
    if place + 1 == len(tokens):
        raise _NotSimple(_UNREAD)
    return place + 1, inside


def _expect(tokens: list[str], place: int, token: str) -> bool:
    if tokens[place] != token:
        raise _NotSimple(_UNREAD)
    return True


def _tokens(pattern: str) -> Iterator[str]:
    place, end = 0, len(pattern.rstrip())
    while place < end:
        found = _TOKEN.match(pattern, place)
        if found is None:
            raise _NotSimple(_UNREAD)
        yield found[found.lastgroup or 0]
        place = found.end()


def _tlp(marks: object) -> str | None:
    ids = [str(mark).rpartition("--")[2] for mark in marks] if isinstance(marks, list) else []
    return max((_TLP[id] for id in ids if id in _TLP), key=_STRICTNESS.index, default=None)


def _phase(phases: object) -> str | None:
    for phase in phases if isinstance(phases, list) else []:
        if isinstance(phase, dict) and phase.get("kill_chain_name") == _CHAIN:
            return _text(phase.get("phase_name"))
    return None


def _text(value: object) -> str | None:
    """A text or number as it was written; anything else says nothing."""
    if not isinstance(value, str) or not value:
        return None
    return value.replace("\0", "\ufffd").encode(errors="replace").decode()
