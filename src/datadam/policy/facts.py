"""All that a decision may know: one flat set of facts, and its JSON form in a logged decision."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from datadam.errors import Invalid
from datadam.model import Json
from datadam.terms import Action

OPERATOR: Final = "operator"
"""The `kind` of who keeps the dam: no member's, and never let through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Who asks for what, what was agreed, and what holds today. No field has a default: a forgotten fact is no fact."""

    # the ask
    action: Action
    standard: str
    purpose: str | None
    destination: str | None  # None: where the agreement says
    # the asker
    member: str | None  # None: a stranger
    known: bool  # the log has that member
    left: bool
    suspended: bool
    kind: str  # of MemberKind, or OPERATOR; empty of a stranger
    roles: frozenset[str]
    jurisdiction: str  # ISO 3166-1 alpha-2; empty: not known
    credentials: frozenset[str]
    # what was agreed
    agreement: str | None  # its id
    state: str | None  # of AgreementState
    agreed_purposes: frozenset[str]
    agreed_destination: str | None
    agreed_level: str | None  # of Level
    agreement_expires: str | None  # instant
    offer_current: bool  # the agreement is under the offer in force, or under an earlier one that still binds
    # what holds today
    tier: str  # of Tier
    home: str  # the dam's jurisdiction
    sensitivity: int  # rank in PrivacyClass of the strictest class of any column that would leave
    live_rows: int  # the asker's own, as old as the offer says
    corridor: str | None  # the row that is a basis for home → destination; empty: none is needed; None: there is none
    ordered: tuple[str, ...]  # ids of orders in force against this data class to this destination
    frozen: tuple[str, ...]  # ids of disputes for which nothing of the reservoir leaves
    crossing: tuple[str, ...]  # of a guest: what of a peering does not cover this; told only where there is any
    silent: tuple[str, ...]  # peerings whose other dam was not heard for longer than agreed; told only where there are
    now: str  # instant


_SETS: Final = frozenset({"roles", "credentials", "agreed_purposes"})
_LISTS: Final = frozenset({"ordered", "frozen", "crossing", "silent"})
_BOOLEANS: Final = frozenset({"known", "left", "suspended", "offer_current"})
_NUMBERS: Final = frozenset({"sensitivity", "live_rows"})
_MAY_LACK: Final = frozenset(
    {
        "purpose",
        "destination",
        "member",
        "agreement",
        "state",
        "agreed_destination",
        "agreed_level",
        "agreement_expires",
        "corridor",
    }
)
_NAMES: Final = tuple(field.name for field in fields(Facts))
_WHERE_SOME: Final = frozenset({"crossing", "silent"})
"""Facts that are told only where there are some: decisions of before there could be any say nothing of them."""


def write_facts(facts: Facts) -> dict[str, Any]:
    """Facts as JSON that can be signed: sets are sorted lists, all else stays as it is."""
    told = {name: value for name in _NAMES if (value := getattr(facts, name)) or name not in _WHERE_SOME}
    return {name: _listed(value) if isinstance(value, frozenset | tuple) else value for name, value in told.items()}


def _listed(values: frozenset[str] | tuple[str, ...]) -> list[str]:
    return sorted(values) if isinstance(values, frozenset) else list(values)


def read_facts(told: Json) -> Facts:
    """Facts as `write_facts` wrote them; anything else is `Invalid`, so that nothing is replayed on half of them."""
    untold: dict[str, list[str]] = {name: [] for name in _WHERE_SOME - set(told)}
    if set(told) | set(untold) != set(_NAMES) or not all(told.get(name, True) for name in _WHERE_SOME):
        raise Invalid("policy.facts-malformed", field=sorted(set(told) ^ (set(_NAMES) - set(untold))))
    told = {**told, **untold}
    for name in _NAMES:
        if not _fits(name, told[name]):
            raise Invalid("policy.facts-malformed", field=[name])
    sets = {name: frozenset(told[name]) for name in _SETS}
    lists = {name: tuple(told[name]) for name in _LISTS}
    return Facts(**{**told, **sets, **lists, "action": Action(told["action"])})


def _fits(name: str, value: object) -> bool:
    if name == "action":
        return value in tuple(Action)
    if name in _SETS or name in _LISTS:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if name in _NUMBERS:
        return type(value) is int  # a bool is none here
    return (
        isinstance(value, bool)
        if name in _BOOLEANS
        else isinstance(value, str) or (value is None and name in _MAY_LACK)
    )


@lru_cache(maxsize=4096)
def seconds(instant: str) -> int:
    """Seconds since 1970 of an ISO 8601 instant with its offset; `ValueError` if it is none.

    Fractions are cut off: at worst something ends within the second in which it ends.
    """
    moment = datetime.fromisoformat(instant)
    if moment.tzinfo is None:
        message = "an instant without its offset is not one"
        raise ValueError(message)
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() // 1)
