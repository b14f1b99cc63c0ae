"""The record of processing, made out of a log and not typed: who was given what, what for, where to, on what basis.

Regulation (EU) 2016/679 (GDPR) art. 30; Decree 29-5 of the Korean Personal Information Protection Act asks for the same
of pseudonyms. Anybody who has the log and the bodies makes the same bytes.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from datadam import seal
from datadam.errors import DamError
from datadam.model import Kind
from datadam.obligations import past
from datadam.obligations.past import Deed
from datadam.obligations.view import View
from datadam.terms import DutyKind


def record(view: View) -> bytes:
    """The record as RFC 8785 JSON: one line for each recipient, reservoir, action, purpose, destination and basis."""
    lines: dict[bytes, dict[str, Any]] = {}
    for one in past.allowed(view):
        told = _line(view, one)
        line = lines.setdefault(
            seal.canonical(told), {**told, "since": one.entry.issued, "decisions": 0, "releases": 0}
        )
        line["decisions"] += 1
    for release in view.of(Kind.RELEASE):
        by = past.deed(view, release.body.get("decision"))
        line = lines.get(seal.canonical(_line(view, by)), {}) if by is not None else {}
        line["releases"] = line.get("releases", 0) + 1
    checkpoint = view.checkpoint
    erased = [
        {"withdrawal": one.body["withdrawal"], "rows": one.body["reached"]["rows"], "at": one.issued}
        for one in view.of(Kind.PURGE)
    ]
    return seal.canonical(
        {
            "log": checkpoint.origin,
            "size": _size(view),
            "home": view.home,
            "processing": [lines[key] for key in sorted(lines)],
            "erased": erased,
        }
    )


def _size(view: View) -> int:
    return len(view.logged) + len(view.unbelieved)


def _line(view: View, one: Deed) -> dict[str, Any]:
    duties = one.permission.duties if one.permission is not None else ()
    agreed = view.find(one.basis)
    return {
        "standard": str(one.entry.body["standard"]),
        "recipient": one.member,
        "jurisdiction": past.jurisdiction(view, one.member),
        "action": str(one.action),
        "purpose": one.purpose,
        "destination": one.destination,
        "transfer_basis": one.facts.get("corridor") or None,
        "basis": one.basis,
        "items": sorted({each.name for each in one.columns}),
        "classes": sorted({str(each.privacy_class) for each in one.columns}),
        "days": max((each.days or 0 for each in duties if each.kind is DutyKind.RETENTION), default=None),
        "until": agreed.body.get("expires") if agreed is not None else None,
    }


def is_of(told: bytes, view: View) -> bool:
    """Whether a record is, to the byte, what the log made of itself when it had as many entries as the record says."""
    try:
        said = seal.parse(told)
        size = said["size"] if isinstance(said, dict) else None
    except (DamError, LookupError):
        return False
    if type(size) is not int or not 0 < size <= _size(view):
        return False
    return record(_then(view, size)) == told


def _then(view: View, size: int) -> View:
    """The log as it was when it had so many entries."""

    def before(entries: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(one for one in entries if one.index < size)

    return replace(view, logged=before(view.logged), unbelieved=before(view.unbelieved))
