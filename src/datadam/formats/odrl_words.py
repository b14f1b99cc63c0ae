"""The words of our profile of ODRL 2.2: those that are ours, and the variants of clauses."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from datadam.model import PrivacyClass, Role
from datadam.terms import FORCE, LEVELS, PURPOSES, DutyKind, Force, Operand, Operator

PROFILE: Final = "urn:datadam:odrl:1"
_FIRST: Final = (
    *("train", "combine", "export", "query"),
    *("jurisdiction", "sensitivity", "reciprocity", "signatureLevel", "credential", "noticePeriod"),
    *("minimumAge", "automatic", "law"),
)
_SECOND: Final = (*_FIRST, "marking")
OURS: Final = (*_SECOND, "version")
"""Words of this profile that ODRL has not, or has otherwise."""


def _context(words: Iterable[str]) -> list[Any]:
    return [
        "http://www.w3.org/ns/odrl.jsonld",
        {
            "datadam": f"{PROFILE}:",
            **{word: f"datadam:{word}" for word in words},
            "clauses": {"@id": "datadam:clauses", "@type": "@json"},
        },
    ]


CONTEXT: Final[list[Any]] = _context(OURS)
"""The same in every offer, so that no file can give a word another meaning."""
EARLIER: Final = (_context(_FIRST), _context(_SECOND))
"""What stands in offers that were published before words came to it; no word changed its meaning."""

CURRENCIES: Final = ("EUR", "JPY", "KRW", "SGD", "USD")
"""ISO 4217 codes that an amount may be in: those that the templates have a name for."""

VARIANTS: Final[Mapping[str, tuple[str, ...]]] = {
    "warranty": ("none", "as-described"),
    "liability": ("none-beyond-law", "capped-fees", "capped-amount"),
    "ip-in": ("retained", "not-asserted"),
    "ip-out": ("free-results", "shared-results"),
    "trained-models": ("keep", "retrain", "delete"),
    "security": ("baseline", "managed"),
    "forum": ("home-court", "defendant-court", "arbitration"),
    "exit": ("keep", "delete", "return"),
}
"""The variants of each clause; `capped-amount` is written with its amount: `capped-amount:100000:EUR`."""

DPV: Final[Mapping[str, str]] = {
    "research": "ScientificResearch",
    "product-development": "ResearchAndDevelopment",
    "service-provision": "ServiceProvision",
    "security": "EnforceSecurity",
    "fraud-prevention": "FraudPreventionAndDetection",
    "quality-improvement": "ImproveExistingProductsAndServices",
    "regulatory-compliance": "LegalCompliance",
}
"""Purposes that the W3C Data Privacy Vocabulary 2.0 has, by its name (https://w3id.org/dpv#…)."""

IN_PROHIBITIONS: Final = (Operand.PURPOSE, Operand.RECIPIENT, Operand.JURISDICTION, Operand.DESTINATION)
"""What a prohibition may be narrowed by; its other operands would read as their own opposite."""

DUTY_PERIODS: Final[Mapping[DutyKind, tuple[str, Operator]]] = {
    DutyKind.RETENTION: ("elapsedTime", Operator.AT_MOST),
    DutyKind.NOTICE: ("noticePeriod", Operator.AT_LEAST),
}
"""How a duty says its days."""

WORDS: Final[Mapping[Operand, tuple[str, ...]]] = {
    Operand.PURPOSE: PURPOSES,
    Operand.RECIPIENT: tuple(Role),
    Operand.SENSITIVITY: tuple(PrivacyClass),
    Operand.LEVEL: LEVELS,
}
"""What the operands with a closed list are compared with; ranks stand lowest first."""

_AMOUNT: Final = re.compile(r"capped-amount:([1-9][0-9]{0,14}):([A-Z]{3})")


def capped(variant: object) -> tuple[int, str] | None:
    """The amount and currency of a liability clause that names one."""
    found = _AMOUNT.fullmatch(variant) if isinstance(variant, str) else None
    return None if found is None else (int(found[1]), found[2])


def totals() -> dict[Force, int]:
    """How many terms of the whole vocabulary each force holds."""
    return {force: sum(held is force for held in FORCE.values()) for force in Force}
