"""What a log says of a matter by a place in it: members, standards, offers, laws, orders, and what was decided.

Everything is read off the statements themselves, not off the facts that a dam names in its decisions: an auditor
believes neither its tables nor its word. What cannot be read is not there.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from datadam import credentials as held_credentials
from datadam import decisions, seal
from datadam.credentials import Credential, Form, Issuer
from datadam.duties import STRICTNESS, Order
from datadam.errors import DamError
from datadam.formats import law_files, odcs, odrl
from datadam.formats.law import NAMES, Clocks, Corridors, Law
from datadam.ledger import ADOPTIONS, carried
from datadam.model import Column, Json, Kind, PrivacyClass, Protection, Reason, Standard, Tier
from datadam.obligations.checking import Checked, checked
from datadam.obligations.view import Logged, View
from datadam.terms import Action, Constraint, Offer, Operand, Permission

_KEPT: Final = 4  # views whose past is kept at hand; an audit looks at one


# --- members ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A member's time in the log."""

    body: Json  # of its accession
    joined: int
    left: int | None = None
    held_up: tuple[tuple[int, int | None], ...] = ()  # from which index to which it was suspended

    def stood(self, index: int) -> bool:
        """Whether it was a member in good standing there."""
        here = self.joined < index and (self.left is None or index <= self.left)
        return here and not any(start < index and (end is None or index <= end) for start, end in self.held_up)


@lru_cache(maxsize=_KEPT)
def members(view: View) -> dict[str, Membership]:
    """Every member there ever was, by id; guests too, about whom their home's word that was adopted counts as well."""
    found: dict[str, Membership] = {}
    stops: dict[tuple[str, str], int] = {}  # member and whose word it is → since where that holds it up
    for index, kind, body, by in _said_of_members(view):
        if kind is Kind.PEERING_END:
            gone = {id: one for id, one in found.items() if one.body.get("home") == body["peer"] and one.left is None}
            found |= {id: replace(one, left=index) for id, one in gone.items()}
            continue
        id = str(body["member"])
        held = found.get(id)
        if kind in {Kind.MEMBER, Kind.GUEST}:
            found.setdefault(id, Membership(body=body, joined=index))
        elif held is not None and kind is Kind.EXIT:
            found[id] = replace(held, left=index)
        elif held is not None and body["state"] == "suspended":
            stops[id, by] = index
            found[id] = replace(held, held_up=(*held.held_up, (index, None)))
        elif held is not None and (since := stops.pop((id, by), None)) is not None:
            rest = tuple(one for one in held.held_up if one != (since, None))
            found[id] = replace(held, held_up=(*rest, (since, index)))
    return found


def _said_of_members(view: View) -> Iterator[tuple[int, Kind, Json, str]]:
    """What the log says of members, in its order: index, kind, body, and whose word it is."""
    own = (Kind.MEMBER, Kind.GUEST, Kind.EXIT, Kind.MEMBER_CHANGE, Kind.PEERING_END)
    for one in view.of(*own, *ADOPTIONS):
        if one.kind not in ADOPTIONS:
            yield one.index, one.kind, one.body, ""
        elif (inner := carried(one.statement)[-1]).kind in {Kind.EXIT, Kind.MEMBER_CHANGE}:
            yield one.index, inner.kind, inner.body, str(one.body["peer"])


def jurisdiction(view: View, member: str) -> str | None:
    """Whose law a member is under; None of one that there is not."""
    held = members(view).get(member)
    return str(held.body["jurisdiction"]) if held is not None else None


# --- standards and offers ---------------------------------------------------------------------------------------------


def standard(view: View, id: str, index: int) -> Standard | None:
    """The version of a standard that was published last before a place in the log."""
    return next((read_standard(one) for one in reversed(standards(view, id)) if one.index < index), None)


def version(view: View, id: str, version: str, index: int) -> Standard | None:
    """One version of a standard, if it was published before a place in the log."""
    held = (one for one in standards(view, id) if one.body["version"] == version and one.index < index)
    return next(map(read_standard, held), None)


@lru_cache(maxsize=1024)
def standards(view: View, id: str) -> tuple[Logged, ...]:
    """Every publication of a standard."""
    return tuple(one for one in view.of(Kind.STANDARD) if one.body["standard"] == id)


def read_standard(one: Logged) -> Standard | None:
    """The standard that a statement published; None where its text cannot be read."""
    return _standard(str(one.body["text"]))


@lru_cache(maxsize=256)
def _standard(text: str) -> Standard | None:
    try:
        return odcs.read(text)
    except DamError:
        return None


def offer(view: View, id: str | None) -> Offer | None:
    """The terms that an offer's statement published; None where there is no such, or it cannot be read."""
    one = view.find(id) if id is not None else None
    return _offer(seal.canonical(one.body["offer"]).decode()) if one is not None and one.kind is Kind.OFFER else None


@lru_cache(maxsize=256)
def _offer(text: str) -> Offer | None:
    try:
        return odrl.read(text)
    except DamError:
        return None


# --- law --------------------------------------------------------------------------------------------------------------


def corridors(view: View, index: int) -> Corridors | None:
    """The corridors that were in use for what the log has at a place."""
    found = _law(view, NAMES[0], index)
    return found if isinstance(found, Corridors) else None


def clocks(view: View, index: int) -> Clocks | None:
    """The clocks that were in use for what the log has at a place."""
    found = _law(view, NAMES[1], index)
    return found if isinstance(found, Clocks) else None


def _law(view: View, name: str, index: int) -> Law | None:
    held = [one for one in view.of(Kind.LAW) if one.body["name"] == name and one.index < index]
    return read_law(held[-1]) if held else None


def read_law(one: Logged) -> Law | None:
    """The law file that a statement adopted; None where it has a fault."""
    try:
        return law_files.read(str(one.body["text"]))
    except DamError:
        return None


@lru_cache(maxsize=_KEPT)
def orders(view: View) -> tuple[Order, ...]:
    """Every order, also those of other dams that were adopted, and where it was lifted, if it was."""
    told = [(one.index, one.statement, one.body) for one in view.of(Kind.ORDER, Kind.LIFT)]
    told += [(one.index, carried(one.statement)[-1], one.body) for one in view.of(Kind.ADOPTION)]
    told.sort(key=lambda one: one[0])
    lifted = {one.body["order"]: index for index, one, _ in reversed(told) if one.kind is Kind.LIFT}
    ended = [(one.index, one.body["peer"]) for one in view.of(Kind.PEERING, Kind.PEERING_END)]
    return tuple(
        Order(
            id=one.id,
            classes=tuple(one.body["classes"]),
            destinations=tuple(one.body["destinations"]),
            standard=one.body["standard"],
            reason=one.body["reason"],
            ground=one.body["ground"],
            index=index,
            lifted=min(
                (at for at in (lifted.get(one.id), _first(ended, said.get("peer"), index)) if at is not None),
                default=None,
            ),
            peer=said.get("peer"),
            scope=_scope(view, str(said["peer"]), index) if "peer" in said and one.body["standard"] is None else None,
        )
        for index, one, said in told
        if one.kind is Kind.ORDER
    )


def _first(ended: Iterable[tuple[int, str]], peer: str | None, index: int) -> int | None:
    """Where the peering with a dam ended after a place, or other terms began: its orders bind no more from there on."""
    return next((at for at, whose in ended if whose == peer and at > index), None)


def _scope(view: View, peer: str, index: int) -> tuple[str, ...]:
    """The standards that the peering with a dam is about, at a place in the log."""
    held = [one for one in view.of(Kind.PEERING) if one.body["peer"] == peer and one.index < index]
    return tuple(str(one) for one in held[-1].body["terms"]["standards"]) if held else ()


# --- credentials ------------------------------------------------------------------------------------------------------


def credentials(view: View, member: str, standard: str, index: int, now: str) -> frozenset[str]:
    """The names of the credentials that a member held at a place in the log and a time, for a standard."""
    gone = {str(one.body["credential"]) for one in view.of(Kind.CREDENTIAL_END) if one.index < index}
    given = (one for one in view.of(Kind.CREDENTIAL) if one.index < index and one.body["member"] == member)
    mine = [_credential(one) for one in given if one.id not in gone]
    issuers = {str(one.body["issuer"]): _issuer(one) for one in view.of(Kind.ISSUER) if one.index < index}
    return held_credentials.held(mine, issuers, standard=standard, now=now)[0]


def _credential(one: Logged) -> Credential:
    return Credential(
        id=one.id,
        scope=tuple(one.body["scope"]),
        form=Form(one.body["form"]),
        index=one.index,
        **{name: one.body[name] for name in ("member", "name", "issuer", "begins", "expires", "kid", "evidence")},
    )


def _issuer(one: Logged) -> Issuer:
    keys = tuple({**key, "kid": seal.thumbprint(key)} for key in one.body["keys"])
    return Issuer(
        id=one.body["issuer"],
        title=one.body["title"],
        names=one.body["names"],
        keys=keys,
        statement=one.id,
        index=one.index,
    )


# --- decisions --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """A logged decision, as far as it can be read without its policy."""

    entry: Logged
    allowed: bool
    action: Action
    purpose: str | None
    destination: str | None  # None: it was not said, and nothing was agreed on it
    offer: Offer | None  # None: grants decided, or the offer cannot be read
    standard: Standard | None  # as it was published by then
    columns: tuple[Column, ...]  # that leave with a yes; where grants decided, of every version by then

    @property
    def facts(self) -> Json:
        """The facts that the dam named."""
        found: Json = self.entry.body["facts"]
        return found

    @property
    def member(self) -> str:
        """Who asked."""
        return str(self.entry.body["member"])

    @property
    def basis(self) -> str | None:
        """On what a yes rests."""
        found: str | None = self.entry.body["basis"]
        return found

    @property
    def permission(self) -> Permission | None:
        """What of the offer allows what was asked; None where grants decided, or nothing does."""
        return self.offer.permission(self.action) if self.offer is not None else None

    def term(self, operand: Operand) -> Constraint | None:
        """What the offer says of a matter for what was asked."""
        said = self.permission.constraints if self.permission is not None else ()
        return next((one for one in said if one.operand is operand), None)

    @property
    def strictest(self) -> PrivacyClass:
        """The strictest class of any column that leaves."""
        return max((one.privacy_class for one in self.columns), key=STRICTNESS.__getitem__, default=PrivacyClass.PUBLIC)

    @property
    def rows(self) -> bool:
        """Whether rows leave with a yes; of a reservoir of private answers none do, whatever its columns are."""
        answers = self.standard is not None and self.standard.tier is Tier.ANSWERS
        return not (answers and self.action is Action.QUERY)

    @property
    def personal(self) -> bool:
        """Whether anything leaves that tells of a natural person."""
        return self.strictest is PrivacyClass.PERSONAL


@lru_cache(maxsize=_KEPT)
def deeds(view: View) -> tuple[Deed, ...]:
    """Every decision, in log order; one whose facts name no action is left to who replays it."""
    return tuple(found for one in view.of(Kind.DECISION) if (found := _deed(view, one)) is not None)


def allowed(view: View) -> tuple[Deed, ...]:
    """Every decision that was a yes."""
    return tuple(one for one in deeds(view) if one.allowed)


def deed(view: View, id: object) -> Deed | None:
    """The decision of that id."""
    return _deeds_by_id(view).get(str(id))


@lru_cache(maxsize=_KEPT)
def _deeds_by_id(view: View) -> dict[str, Deed]:
    return {one.entry.id: one for one in deeds(view)}


def _deed(view: View, one: Logged) -> Deed | None:
    facts, terms = one.body["facts"], offer(view, one.body["offer"])
    if facts.get("action") not in tuple(Action):
        return None
    action, id = Action(facts["action"]), one.body["standard"]
    held = standard(view, id, one.index)
    stood = (
        [held] if terms is not None else [read_standard(each) for each in standards(view, id) if each.index < one.index]
    )
    destination = facts.get("destination") or facts.get("agreed_destination")
    shown = [each for of in stood if of is not None for each in of.columns if each.protection is not Protection.DROP]
    return Deed(
        entry=one,
        allowed=one.body["allowed"],
        action=action,
        purpose=str(facts["purpose"]) if facts.get("purpose") else None,
        destination=str(destination) if destination else None,
        offer=terms,
        standard=held,
        columns=tuple(each for each in shown if decisions.leaves(each, terms, action)),
    )


def asked_credentials(one: Deed) -> frozenset[str]:
    """The credentials that the offer asks for before it allows this."""
    said = one.term(Operand.CREDENTIAL)
    return frozenset(said.value) if said is not None and isinstance(said.value, tuple) else frozenset()


def checked_deeds(looked: Iterable[Deed], broken: Callable[[Deed], Iterable[Reason]]) -> Checked:
    """Look at each of these decisions: all reasons why it breaks the obligation."""
    known = {one.entry.id: one for one in looked}
    return checked([one.entry for one in known.values()], lambda one: broken(known[one.id]))
