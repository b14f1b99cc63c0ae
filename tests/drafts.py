"""Columns and standards that are clean as they are, for tests that change or spoil one thing about them."""

from dataclasses import replace
from typing import Any

from datadam.model import Column, LegalRoles, PrivacyClass, Standard, StandardId, Type

BOTH = {"en": "Some words", "ko": "어떤 말"}
_KR = LegalRoles(
    data_class=PrivacyClass.PERSONAL,
    space="KR",
    contributor="personal-information-controller",
    dam="consignee",
    consumer="third-party-recipient",
    basis="consent",
)
_EU = replace(_KR, space="EU", contributor="controller", dam="processor", consumer="recipient")
_US = replace(_KR, space="US", contributor="business", dam="service-provider", consumer="none", basis="none")
ROLES_OF_PERSONS = (_KR, _EU, _US)
"""What the parties are in each law, where a standard has data about persons."""


def column(name: str, type: Type = Type.TEXT, **more: Any) -> Column:  # noqa: A002  (as the field is called)
    """A clean column, whose title says no more than its name; a text that nothing else bounds is short."""
    bounded = {"codes", "values", "pattern", "max_length", "protection", "free_text"} & more.keys()
    short = {"max_length": 60} if type is Type.TEXT and not bounded else {}
    words = {"titles": {"en": name, "ko": f"{name} 열"}, "descriptions": BOTH}
    return Column(name=name, type=type, **{**words, **short, **more})


def standard(*columns: Column, **more: Any) -> Standard:
    """A clean standard, keyed by its first column."""
    held = columns or (column("id", required=True), column("amount", Type.DECIMAL, precision=20, scale=3))
    words: dict[str, Any] = {"titles": BOTH, "descriptions": BOTH, "version": "1.0.0", "purposes": ("research",)}
    return Standard(id=StandardId("test.thing"), columns=held, **{"key": (held[0].name,), **words, **more})
