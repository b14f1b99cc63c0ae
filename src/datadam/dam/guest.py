"""Guests: members of a peer that take part here. Their home vouches for them; no operator approves them one by one.

1. draft    what a member of a peer would sign: who it is by the peer's log as followed here, and what led to its key
2. enter    the same, signed by the member, is worked out anew, signed by the dam and logged: then it is a member

A guest takes out and proves; it brings nothing in and decides nothing. Its key, its standing and its jurisdiction are
those that it has at home: what home says of them later binds here as soon as this dam hears of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from datadam import peers, seal, texts
from datadam.dam import adopt, state
from datadam.dam.world import World
from datadam.errors import Invalid, NotFound, Refused, Unavailable, Untrusted
from datadam.formats.statements import shaped
from datadam.model import Json, Kind, Member, MemberKind, PrivacyClass, Role, Statement
from datadam.peers import Peer, PeerBody
from datadam.ports import Rows

TEXT_VERSION: Final = "1"
ROLES: Final = frozenset({Role.CONSUMER})
"""What a guest may be on its home's word alone: an auditor reads what is nobody's beyond the peering's scope."""
STANDARD, DIRECTION, CLASS = "standard", "direction", "class"
"""What of a peering's terms may not cover what a guest asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a member of a peer is asked to sign, the text that it reads before, and what it may ask for then."""

    body: Json  # of the `guest` statement, but for what signing adds; the text's language is whose it reads
    texts: Json  # language → the text
    terms: Json  # of the peering


def guest_terms() -> Json:
    """What a guest has to name as read: the text's version and its digest in each language."""
    digests = {language: seal.digest(texts.guest(language).encode()) for language in texts.LANGUAGES}
    return {"version": TEXT_VERSION, "digests": digests}


def draft(world: World, *, home: str, accession: str, roles: Sequence[str] = (Role.CONSUMER,)) -> Draft:
    """What a member of the dam called `home` signs to be a guest here; `accession` is its statement there.

    `Refused`, `NotFound` or `Unavailable` with the reason for which it could not be one now.
    """
    with world.store.read() as rows:
        peer = _home(world, rows, home)
        body = _body(rows, peer, accession, roles)
    read = guest_terms()
    return Draft(
        body={**body, "text": {**read, "language": texts.LANGUAGES[0]}},
        texts={language: texts.guest(language) for language in texts.LANGUAGES},
        terms=seal.parse(peer.terms),
    )


def enter(world: World, envelope: bytes) -> Member:
    """Take a guest's signed statement: countersigned and logged. The same again gives the guest that there is."""
    statement = shaped(seal.opened(envelope), Kind.GUEST)
    body = statement.body
    with world.lock:
        state.catch_up(world)
        with world.store.read() as rows:
            held = rows.get(Member, body["member"])
            if held is not None and held.statement == statement.id:
                return held
            _believe(rows, statement)
            origin = next((one.origin for one in peers.standing(rows.find(Peer)) if one.id == body["home"]), "")
            drafted = _body(rows, _home(world, rows, origin), body["accession"], body["roles"])
        if wrong := sorted(name for name, value in drafted.items() if body[name] != value):
            raise Untrusted("guest.draft-other", fields=", ".join(wrong))
        _check_read(body["text"])
        state.record(world, seal.countersign(statement, world.secrets.private_key("sign")))
        with world.store.read() as rows:
            found, home = rows.get(Member, body["member"]), rows.get(Peer, body["home"])
        if found is not None and home is not None:
            adopt.of_guest(world, home, found.id)
    if found is None:
        raise NotFound("member.unknown", member=body["member"])
    return found


def _believe(rows: Rows, statement: Statement) -> None:
    state.believe(rows, statement, also=state.introduced(statement), by=[statement.body["member"]])


def _check_read(told: Json) -> None:
    terms = guest_terms()
    if (told["version"], told["digests"]) != (terms["version"], terms["digests"]):
        raise Invalid("guest.text-other", version=terms["version"])
    if told["language"] not in terms["digests"]:
        raise Invalid("accession.language-unknown", language=told["language"])


# --- who comes --------------------------------------------------------------------------------------------------------


def _home(world: World, rows: Rows, origin: str) -> Peer:
    """The peer of that name, if it is heard and the peering lets its members take something here."""
    peer = next((one for one in peers.standing(rows.find(Peer)) if one.origin == origin), None)
    if peer is None:
        raise NotFound("guest.home-unknown", dam=origin[:80])
    if not peer.heard:
        raise Unavailable("guest.home-silent", dam=peer.origin)
    terms = peers.terms_of(peer)
    if not (terms.guests and terms.standards and terms.allows(world.settings.name, peer.origin)):
        raise Refused("guest.not-taken", dam=peer.origin)
    return peer


def _body(rows: Rows, peer: Peer, accession: str, roles: Sequence[str]) -> dict[str, object]:
    held = rows.get(PeerBody, peer.id, accession)
    if held is None or held.kind != Kind.MEMBER:
        raise NotFound("guest.accession-unknown", accession=accession[:64], dam=peer.origin)
    told = seal.opened(held.envelope).body
    member = str(told["member"])
    if told["member_kind"] != MemberKind.ORGANISATION:
        raise Refused("guest.country", member=member)
    if not roles or not set(roles) <= ROLES or not set(roles) <= set(told["roles"]):
        raise Refused("guest.role", roles=", ".join(roles), dam=peer.origin)
    if (held_here := rows.get(Member, member)) is not None:
        raise Refused("member.known" if held_here.until is None else "guest.ended", member=member)
    lineage = _lineage(rows, peer, held)
    if _left(rows, peer, member):
        raise Refused("guest.left", member=member, dam=peer.origin)
    if _suspended(rows, peer, member):
        raise Refused("guest.suspended", member=member, dam=peer.origin)
    brings = [one for one in lineage if one.kind in {Kind.MEMBER, Kind.KEY, Kind.RECOVERED}]
    return {
        "member": member,
        "key": dict(seal.public(brings[-1].body["key"])),
        "home": peer.id,
        "accession": accession,
        "jurisdiction": told["jurisdiction"],
        "roles": list(roles),
        "lineage": [seal.parse(seal.envelope(one)) for one in lineage],
    }


def _lineage(rows: Rows, peer: Peer, accession: PeerBody) -> list[Statement]:
    """A member's accession at home, and what led from there to the key that it has now, in the order of that log."""
    member = str(accession.member)
    found = [accession, *_of(rows, peer, Kind.KEY, member)]
    for over in _of(rows, peer, Kind.RECOVERED, member):
        recovery = rows.get(PeerBody, peer.id, str(seal.opened(over.envelope).body["recovery"]))
        if recovery is not None:
            named = set(seal.opened(recovery.envelope).body["operators"])
            operators = rows.find(PeerBody, peer=peer.id, kind=str(Kind.OPERATOR))
            found += [one for one in operators if seal.opened(one.envelope).body["operator"] in named]
            found += [recovery, over]
    once = {one.id: one for one in sorted(found, key=lambda one: one.place)}
    return [seal.opened(one.envelope) for one in once.values()]


def _of(rows: Rows, peer: Peer, kind: Kind, member: str) -> list[PeerBody]:
    return sorted(rows.find(PeerBody, peer=peer.id, kind=str(kind), member=member), key=lambda one: one.place)


def _left(rows: Rows, peer: Peer, member: str) -> bool:
    return bool(_of(rows, peer, Kind.EXIT, member))


def _suspended(rows: Rows, peer: Peer, member: str) -> bool:
    changes = _of(rows, peer, Kind.MEMBER_CHANGE, member)
    return bool(changes) and seal.opened(changes[-1].envelope).body["state"] == "suspended"


# --- what may cross ---------------------------------------------------------------------------------------------------


def crossing(rows: Rows, origin: str, member: Member | None, standard: str, strictest: PrivacyClass) -> tuple[str, ...]:
    """What of its home's peering does not cover what a guest asks of this dam, called `origin`; of all others nothing.

    `strictest` is the strictest class of what would leave.
    """
    peer = rows.get(Peer, member.home) if member is not None and member.home is not None else None
    if peer is None:
        return ()
    return tuple(uncovered(peers.terms_of(peer), standard, strictest, (origin, peer.origin)))


def uncovered(terms: peers.Terms, standard: str, strictest: PrivacyClass, way: tuple[str, str]) -> Iterator[str]:
    """What of the terms does not cover rows of a standard on their way from one dam to members of the other."""
    if not terms.covers(standard):
        yield STANDARD
    if not terms.allows(*way):
        yield DIRECTION
    if not terms.crosses(strictest):
        yield CLASS
