"""What of Cedar our policies are made of: the schema, one permit, forbids, and strings that can only be data.

Cedar skips a `forbid` that cannot be evaluated, which would be a yes. Hence: no condition touches what may be absent
without asking first (Cedar's validator proves it before a policy is used), and `deciding` takes any error for a no.
Facts are all in the request's context, because Cedar lets an unknown principal pass where no rule asks for it.
"""

import string
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from datadam import seal
from datadam.errors import Invalid
from datadam.model import Json
from datadam.terms import Action, Force

_PLAIN: Final = frozenset(string.ascii_letters + string.digits + " !#$%&()*+,-./:;<=>?@[]^_{|}~")

PERMIT: Final = "permit"
"""The id of the one rule that allows."""

SCHEMA: Final = """\
entity Member;
entity Reservoir;
type Agreement = {
  current: Bool,
  destination: String,
  expires?: Long,
  level: Long,
  purposes: Set<String>,
  state: String,
};
type Facts = {
  agreement?: Agreement,
  corridor?: String,
  credentials: Set<String>,
  crossing?: Set<String>,
  destination?: String,
  frozen: Set<String>,
  home: String,
  jurisdiction?: String,
  kind: String,
  known: Bool,
  left: Bool,
  now: Long,
  orders: Set<String>,
  purpose?: String,
  roles: Set<String>,
  rows: Long,
  sensitivity: Long,
  silent?: Set<String>,
  suspended: Bool,
  tier: String,
};
action "combine", "derive", "export", "query", "read", "train" appliesTo {
  principal: [Member],
  resource: [Reservoir],
  context: Facts,
};
"""
"""What Cedar may be asked, in its own words; instants are seconds since 1970, levels and classes are ranks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A forbid as it is explained: the code of its sentence, on what it rests, and who makes it hold."""

    code: str
    law: str
    force: Force
    facts: Json = field(default_factory=dict)  # the public terms that its sentence names


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbid:
    """A rule and the Cedar that makes it hold; `when`, `unless` are Cedar already, all else is data."""

    id: str
    rule: Rule
    when: str
    actions: tuple[Action, ...] = ()  # none: all of them
    unless: str | None = None
    term: str | None = None  # in ODRL's words


def permit(standard: str, law: str) -> str:
    """The one rule that allows: everything in one reservoir, to everybody, unless something forbids it."""
    notes = annotated({"id": PERMIT, "law": law, "schema": seal.digest(SCHEMA.encode())})
    return f"{notes}permit (principal, action, resource == Reservoir::{quoted(standard)});\n"


def rendered(one: Forbid) -> str:
    """A forbid as Cedar, in one fixed layout."""
    notes = {"id": one.id, "code": one.rule.code, "law": one.rule.law, "force": str(one.rule.force)}
    if one.term:
        notes["term"] = one.term
    named = ", ".join(f'Action::"{action}"' for action in one.actions)
    head = f"action in [{named}]" if named else "action"
    tail = f"\nunless {{ {one.unless} }}" if one.unless else ""
    return f"{annotated(notes)}forbid (principal, {head}, resource)\nwhen {{ {one.when} }}{tail};\n"


def annotated(notes: Mapping[str, str]) -> str:
    """Annotations, which Cedar carries and does not read."""
    return "".join(f"@{name}({quoted(value)})\n" for name, value in notes.items())


def strings(names: Iterable[str]) -> str:
    """A set of strings."""
    return f"[{', '.join(map(quoted, names))}]"


def quoted(text: str) -> str:
    """A Cedar string that is `text` and nothing but data: what is no plain character is written by its number."""
    if any(unicodedata.category(letter) == "Cs" for letter in text):
        raise Invalid("policy.text-malformed", text=text.encode("ascii", "replace").decode()[:80])
    return '"' + "".join(letter if letter in _PLAIN else f"\\u{{{ord(letter):x}}}" for letter in text) + '"'
