"""The words of the obligations, from data files: one file a section, each row in every language. No law is code here.

`rows/<section>.toml` has the rows of a section in the order of their numbers. Of each it says where it is from and how
certain that is, what software must do, what is checked, and what a check cannot see.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Final

from datadam.formats.law import Certainty
from datadam.model import Json
from datadam.texts import LANGUAGES

SECTIONS: Final = ("identity", "transfer", "privacy", "disclosure", "continuity", "further")
"""Each a file of words and a module of checks, in the order of the rows' numbers."""

_PARTS: Final = frozenset({"number", "source", "title", "must", "checked", "rest", "foreign", "where", "terms"})
_LACKABLE: Final = frozenset({"rest", "foreign", "where", "terms"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where an obligation is from."""

    law: str
    article: str  # empty where the whole of it is meant
    certainty: Certainty


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What is said of one obligation; texts are by language."""

    number: int
    section: str
    sources: tuple[Source, ...]
    title: Mapping[str, str]
    must: Mapping[str, str]  # what software must do
    checked: Mapping[str, str]  # what the check looks at; of a declared row, what somebody has to declare
    rest: Mapping[str, str] = field(default_factory=dict)  # what no check sees, and somebody answers for
    foreign: str = ""  # the tool of somebody else that verifies the same
    where: frozenset[str] = frozenset()  # home jurisdictions of dams that it is about; none: of all
    terms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # words of the law that its check goes by


@cache
def wordings() -> tuple[Wording, ...]:
    """The words of every row, in the order of the files."""
    return tuple(_wording(section, told) for section in SECTIONS for told in _file(section))


def terms(number: int, name: str) -> tuple[str, ...]:
    """The words of the law that a row's check goes by."""
    return next(one.terms[name] for one in wordings() if one.number == number)


def _file(section: str) -> list[dict[str, Any]]:
    file = resources.files(__package__) / "rows" / f"{section}.toml"
    found: list[dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))["row"]
    return found


def _wording(section: str, told: Json) -> Wording:
    wrong = (set(told) - _PARTS) | (_PARTS - _LACKABLE - set(told))
    if wrong:
        message = f"row {told.get('number')}: {sorted(wrong)}"
        raise ValueError(message)
    return Wording(
        number=told["number"],
        section=section,
        sources=tuple(
            Source(law=one["law"], article=one["article"], certainty=Certainty(one["certainty"]))
            for one in told["source"]
        ),
        title=_said(told["title"]),
        must=_said(told["must"]),
        checked=_said(told["checked"]),
        rest=_said(told["rest"]) if "rest" in told else {},
        foreign=told.get("foreign", ""),
        where=frozenset(told.get("where", ())),
        terms={name: tuple(words) for name, words in told.get("terms", {}).items()},
    )


def _said(told: Mapping[str, str]) -> Mapping[str, str]:
    if set(told) != set(LANGUAGES):
        message = f"words in {sorted(told)}"
        raise ValueError(message)
    return told
