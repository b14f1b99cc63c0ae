"""Terms of a contributor's own for one deposit, or a country's for what its firms deposit: only ever stricter. Pure.

A restriction says what must hold beside the offer before a row of the deposit leaves, in the offer's own words. Of
several all must hold. What is not known of an asker does not hold.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from datadam.model import Json, PrivacyClass
from datadam.terms import Action, Constraint, Operand, Operator

OPERANDS: Final = (
    Operand.PURPOSE,
    Operand.RECIPIENT,
    Operand.JURISDICTION,
    Operand.DESTINATION,
    Operand.SENSITIVITY,
    Operand.MARKING,
    Operand.EXPIRY,
)
"""What a restriction can be about. The others ask what the asker gives in return, which is the offer's to ask."""

_CLASSES: Final = tuple(PrivacyClass)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """What must hold for rows of a deposit to leave, beside the offer."""

    actions: tuple[Action, ...] | None = None  # for which they may; None: all that the offer permits
    constraints: tuple[Constraint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, what for and to where: all that a restriction looks at, beside the time."""

    action: Action
    purpose: str | None
    roles: frozenset[str]  # empty of a stranger
    jurisdiction: str  # empty: not known
    destination: str | None


def looked_at(facts: Json) -> Json:
    """What of a decision's facts restrictions look at."""
    return {
        "purpose": facts.get("purpose"),
        "roles": sorted(facts.get("roles") or ()),
        "jurisdiction": facts.get("jurisdiction") or "",
        "destination": facts.get("destination") or facts.get("agreed_destination"),
        "now": facts.get("now"),
    }


def asker(action: str | Action, looked: Json, jurisdiction: str) -> Asker:
    """Who asked, of what was `looked_at`; the jurisdiction is the member's where the facts had none."""
    return Asker(
        action=Action(action),
        purpose=looked["purpose"],
        roles=frozenset(looked["roles"]),
        jurisdiction=looked["jurisdiction"] or jurisdiction,
        destination=looked["destination"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What of a deposit leaves: columns up to a class, rows up to each of these markings."""

    sensitivity: PrivacyClass = _CLASSES[-1]
    markings: tuple[str, ...] = ()  # sorted


WHOLE: Final = Cut()
"""All of a deposit leaves."""


def cut(restrictions: Iterable[Restriction], asker: Asker, *, now: str) -> Cut | None:
    """What leaves of a deposit under these restrictions; None if nothing does. `now` is an instant in UTC."""
    sensitivity, markings = WHOLE.sensitivity, set[str]()
    for one in restrictions:
        if one.actions is not None and asker.action not in one.actions:
            return None
        for term in one.constraints:
            if term.operand is Operand.SENSITIVITY:
                sensitivity = min(sensitivity, PrivacyClass(str(term.value)), key=_CLASSES.index)
            elif term.operand is Operand.MARKING:
                markings.add(str(term.value))
            elif not _holds(term, asker, now):
                return None
    return Cut(sensitivity=sensitivity, markings=tuple(sorted(markings)))


def _holds(term: Constraint, asker: Asker, now: str) -> bool:
    """Whether a term about the asker or the time holds; one that is about neither does not."""
    if term.operand is Operand.EXPIRY:
        return now < str(term.value)
    known = {
        Operand.PURPOSE: {asker.purpose},
        Operand.RECIPIENT: asker.roles,
        Operand.JURISDICTION: {asker.jurisdiction},
        Operand.DESTINATION: {asker.destination},
    }.get(term.operand, frozenset())
    held = {one for one in known if one}
    named = set(term.value) if isinstance(term.value, tuple) else set()
    if not held:
        return False
    return held.isdisjoint(named) if term.operator is Operator.NONE_OF else not held.isdisjoint(named)


def allowed_markings(order: tuple[str, ...], ceilings: Iterable[str]) -> tuple[str, ...] | None:
    """Which markings leave under all ceilings, of a standard's from the least strict to the strictest.

    None: every row does, whatever its marking or lack of one. A ceiling that is none of the markings lets nothing out,
    and a standard without any has nothing that could be below one.
    """
    ranks = [order.index(one) if one in order else -1 for one in ceilings]
    least = min(ranks, default=None)
    return None if least is None or least == len(order) - 1 >= 0 else order[: least + 1]


# --- as the log tells it ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What a country asks of all that its firms deposit, as it said last."""

    country: str = field(metadata={"key": True})  # the member that acceded for it
    terms: tuple[str, ...]  # restrictions, RFC 8785
    statement: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restricted:
    """A deposit that leaves only under restrictions."""

    deposit: str = field(metadata={"key": True})
    contributor: str
    standard: str
    own: str | None  # its contributor's, as it signed them: RFC 8785
    reserved: tuple[str, ...] = ()  # those of the country under whose accession the contributor stands
    since: int  # log index from which all this is so

    @property
    def terms(self) -> tuple[str, ...]:
        """All of them, each once, in a fixed order."""
        return tuple(sorted({*([self.own] if self.own else []), *self.reserved}))
