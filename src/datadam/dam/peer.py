"""Peers: offer another dam a peering, conclude what one offered, end it, and say how it stands.

Each operator says `peer add` once. The first keeps an offer, half signed, for the other dam alone; the second finds it
there, sees the terms, and signs. Then the first dam logs its peering, after it the second: a crash in between is mended
by saying it again, or by itself. Nothing is believed of another dam but what its lineage leads to, and nobody but an
operator can know whether that is the right dam: hence the fingerprints.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Final

from datadam import peers, seal
from datadam.dam import proposals, reception, state
from datadam.dam.proposals import Identity, Proposal
from datadam.dam.reception import Other, Request
from datadam.dam.world import World
from datadam.errors import DamError, Invalid, NotFound, Refused, Untrusted
from datadam.model import Json, Kind
from datadam.peers import Contact, Followed, Peer, PeerFault, Terms

IDENTITY: Final = "/api/federation/identity"
OFFER: Final = "/api/federation/offer"
CONCLUSION: Final = "/api/federation/conclusion"
MAX_REASON: Final = 2000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Another dam, as its operator's colleague here should see it before anything is signed."""

    other: Identity
    state: str  # new, offered (by us), waiting (for us), concluding, peered
    terms: Json | None  # that wait for us, or that we offered
    proposal: Proposal | None = None  # what waits for us


# --- what an operator does --------------------------------------------------------------------------------------------


def look(world: World, url: str) -> Look:
    """Who the dam at `url` says that it is, and whether a peering waits there, or here. Signs and keeps nothing."""
    other = proposals.identity(reception.public(world, url, IDENTITY))
    _refuse_wrong(world, other)
    held, mine = _standing(world, other.id), proposals.with_dam(world, other.id)
    if mine is not None and mine.concluding:
        return Look(other=other, state="concluding", terms=mine.terms)
    theirs = _waiting(world, other)
    stands = held is not None and held.url == other.url
    now = peers.write_terms(peers.terms_of(held)) if held is not None else None
    if theirs is not None and not (stands and theirs.terms == now):
        return Look(other=other, state="waiting", terms=theirs.terms, proposal=theirs)
    if mine is not None:
        return Look(other=other, state="offered", terms=mine.terms)
    return Look(other=other, state="peered" if stands else "new", terms=now if stands else None)


def add(
    world: World, url: str, *, terms: Json | None = None, key: str | None = None, digest: str | None = None
) -> Json:
    """Offer the dam at `url` a peering, or conclude what it offered; said again, it goes on where it stopped.

    `key` is the verifier key of its log that the operator was told elsewhere, `digest` that of the terms that the
    operator was shown: another one is refused. Tells `state`: offered, concluding or peered.
    """
    with world.links.reading("handshake"):
        found = look(world, url)
        if key is not None and found.other.log != key:
            raise Untrusted("peer.key-other", told=found.other.log, expected=key[:200])
        wanted = peers.read_terms(terms) if terms is not None else None
        renews = found.state == "peered" and wanted is not None and peers.write_terms(wanted) != found.terms
        for chosen in (peers.digest(wanted) if wanted else None, digest):
            if (
                found.terms is not None
                and not renews
                and chosen not in {None, peers.digest(peers.read_terms(found.terms))}
            ):
                raise Refused("peer.terms-differ", origin=found.other.origin)
        match found.state:
            case "waiting" if found.proposal is not None:
                proposals.keep(world, _signed(world, found.proposal))
                _conclude(world, found.other.id)
            case "concluding":
                _conclude(world, found.other.id)
            case "offered" if (mine := proposals.with_dam(world, found.other.id)) and mine.other != found.other:
                proposals.keep(world, _offer(world, found.other, peers.read_terms(mine.terms)))  # it has other keys now
            case "new" | "peered" if renews or found.state == "new":
                if wanted is None:
                    raise Refused("peer.terms-needed", origin=found.other.origin)
                proposals.keep(world, _offer(world, found.other, wanted))
        return told(world, found.other)


def told(world: World, other: Identity) -> Json:
    """How it stands between this dam and another."""
    peer, mine = _standing(world, other.id), proposals.with_dam(world, other.id)
    standing = "peered" if mine is None else "concluding" if mine.concluding else "offered"
    return {"id": other.id, "origin": other.origin, "state": standing, "index": peer.since if peer else None}


def settle_handshakes(world: World) -> list[DamError]:
    """Go on with every peering that was signed here and that the other dam may not have logged; why not, if not."""
    faults: list[DamError] = []
    for one in proposals.held(world):
        if one.concluding:
            try:
                with world.links.reading("handshake"):
                    _conclude(world, one.other.id)
            except DamError as error:
                faults.append(error)
    return faults


def end(world: World, id: str, reason: str) -> int | None:
    """End a peering, or take back an offer of one (then there is no log index)."""
    said = reason.strip()
    if not 0 < len(said) <= MAX_REASON:
        raise Invalid("order.words-wrong", field="reason", limit=MAX_REASON)
    with world.lock:
        dropped = proposals.drop(world, id)
        if _standing(world, id) is None and dropped:
            return None
        peer = find(world, id)
        if not peer.stands:
            raise Refused("peer.ended", peer=peer.origin, index=peer.until)
        return state.record(world, state.statement(world, Kind.PEERING_END, {"peer": peer.id, "reason": said}))


def find(world: World, id: str) -> Peer:
    """A peer by its id or by the origin of its log, the last peering with it; ended ones too."""
    with world.store.read() as rows:
        found = rows.get(Peer, id) or next(iter(rows.find(Peer, origin=id)), None)
    if found is None:
        raise NotFound("peer.unknown", peer=id[:80])
    return found


def every(world: World) -> list[Peer]:
    """Every dam that this one ever peered with, in log order."""
    with world.store.read() as rows:
        return sorted(rows.find(Peer), key=lambda one: one.since)


def public(world: World) -> Json:
    """What everybody may know: this dam's own keys, and each peer with its terms, last contact and faults."""
    with world.store.read() as rows:
        held = sorted(rows.find(Peer), key=lambda one: one.since)
        found = [_shown(one, rows.get(Followed, one.id), rows.find(PeerFault, peer=one.id)) for one in held]
    own = proposals.own(world)
    return {"self": {name: own[name] for name in ("origin", "log", "cosigner")}, "items": found}


def _shown(peer: Peer, followed: Followed | None, faults: list[PeerFault]) -> dict[str, object]:
    terms = peers.terms_of(peer)
    return {
        **{name: getattr(peer, name) for name in ("id", "origin", "url", "jurisdiction", "log", "statement")},
        **{name: getattr(peer, name) for name in ("since", "until", "reason", "silent")},
        "terms": {"digest": peer.digest, **peers.write_terms(terms)},
        "followed": followed.size if followed else 0,
        "checkpoint": followed.checkpoint if followed else None,
        "contact": followed.contact if followed else None,
        "waiting": followed.pending if followed else 0,
        "state": standing_of(peer),
        "faults": [asdict(one) for one in sorted(faults, key=lambda one: one.index)],
    }


def standing_of(peer: Peer) -> str:
    """A word for how a peering stands: ended, distrusted, silent or heard."""
    if not peer.stands:
        return "ended"
    if peer.distrusted is not None:
        return "distrusted"
    return "silent" if peer.silent is not None else "heard"


def contacts(world: World, id: str) -> list[Contact]:
    """Each time that a peer fell silent or was heard again, in log order."""
    with world.store.read() as rows:
        return sorted(rows.find(Contact, peer=id), key=lambda one: one.index)


def draft(world: World, other: Identity) -> Json:
    """Terms to begin with: nothing but what is public crosses, in both directions, and an hour without contact."""
    sides = sorted(
        [
            {"origin": world.settings.name, "jurisdiction": world.settings.jurisdiction},
            {"origin": other.origin, "jurisdiction": other.jurisdiction},
        ],
        key=lambda one: one["origin"],
    )
    one, two = (side["origin"] for side in sides)
    return {
        "v": peers.VERSION,
        "between": sides,
        "standards": [],
        "classes": ["public"],
        "directions": [{"from": one, "to": two}, {"from": two, "to": one}],
        "residency": peers.ROWS_STAY,
        "corridors": [],
        "contact_seconds": 3600,
        "guests": True,
    }


# --- what another dam asks --------------------------------------------------------------------------------------------


def offered(world: World, request: Request) -> Json:
    """The offer that waits here for the dam that asks; `NotFound` where there is none."""
    mine = proposals.with_dam(world, request.other.id)
    if mine is None or mine.concluding:
        raise NotFound("peer.no-offer")
    return {"terms": mine.terms, "peering": seal.parse(mine.theirs), "mirror": seal.parse(mine.ours)}


def concluded(world: World, request: Request) -> Json:
    """Log the peering that was offered here, now that the other dam signed it; again is fine."""
    statement = seal.opened(seal.canonical(request.read().get("peering")))
    with world.lock:
        index = world.ledger.index_of(statement.id)
        if index is None:
            mine = proposals.with_dam(world, request.other.id)
            if mine is None or seal.opened(mine.ours).id != statement.id:
                raise NotFound("peer.no-offer")
            index = state.record(world, statement)
        if (mine := proposals.with_dam(world, request.other.id)) and seal.opened(mine.ours).id == statement.id:
            _know(world, mine.other)  # again after a crash that came in between
            proposals.drop(world, request.other.id)
        return {"index": index}


# --- the handshake ----------------------------------------------------------------------------------------------------


def _refuse_wrong(world: World, other: Identity) -> None:
    """Oneself, a name that another peer has, a key that is not the one that this peer had."""
    own = proposals.identity(proposals.own(world))
    if other.id == own.id or other.origin == own.origin or other.log == own.log:
        raise Invalid("peer.oneself", origin=other.origin[:80])
    for peer in every(world):
        if peer.stands and peer.id != other.id and (peer.origin == other.origin or peer.url == other.url):
            raise Untrusted("peer.name-taken", origin=other.origin[:80], peer=peer.id)
        if peer.id == other.id and seal.thumbprint(other.key) not in _kids(world, peer, other):
            raise Untrusted("peer.key-changed", peer=peer.id)


def _kids(world: World, peer: Peer, other: Identity) -> set[str]:
    """The keys of a dam that was a peer before: those that we know, and what its lineage leads on to from the last."""
    known = set(reception.of_peer(world, peer).keys)
    led = {seal.thumbprint(one["key"]) for one in _bodies(other) if isinstance(one.get("key"), dict)}
    return known | (led if known & led else set())


def _bodies(other: Identity) -> list[Json]:
    return [seal.opened(seal.canonical(one)).body for one in other.lineage]


def _standing(world: World, id: str) -> Peer | None:
    with world.store.read() as rows:
        peer = rows.get(Peer, id)
    return peer if peer is not None and peer.stands else None


def _waiting(world: World, other: Identity) -> Proposal | None:
    """What the other dam offers us, half signed, if it says what it must; None where it offers nothing."""
    known = Other(id=other.id, origin=other.origin, url=other.url, keys={seal.thumbprint(other.key): other.key})
    try:
        told = reception.ask(world, known, "GET", OFFER)
    except (NotFound, Refused):  # it knows of no offer to us, or does not know us at all
        return None
    ours, theirs = (seal.opened(seal.canonical(told.get(name))) for name in ("peering", "mirror"))
    terms = peers.read_terms(told.get("terms"))
    mine = proposals.identity(proposals.own(world))
    for one, about in ((ours, other), (theirs, mine)):
        plain = {name: value for name, value in one.body.items() if name in about.facts}
        same = seal.canonical(plain) == seal.canonical(about.facts)
        if one.kind is not Kind.PEERING or not same or one.body.get("terms") != peers.write_terms(terms):
            raise Untrusted("peer.offer-other", origin=other.origin[:80])
        seal.verify(one, known.keys)
    _refuse_others(terms, mine, other)
    return Proposal(
        other=other,
        terms=peers.write_terms(terms),
        ours=seal.envelope(ours).decode(),
        theirs=seal.envelope(theirs).decode(),
    )


def _refuse_others(terms: Terms, mine: Identity, other: Identity) -> None:
    sides = {(one.origin, one.jurisdiction) for one in terms.between}
    if sides != {(mine.origin, mine.jurisdiction), (other.origin, other.jurisdiction)}:
        raise Invalid("peer.terms-others", origin=other.origin[:80])


def _offer(world: World, other: Identity, terms: Terms) -> Proposal:
    """Both statements, signed by us."""
    mine = proposals.identity(proposals.own(world))
    _refuse_others(terms, mine, other)
    said = peers.write_terms(terms)

    def signed(about: Identity) -> str:
        statement = state.statement(world, Kind.PEERING, {**about.facts, "terms": said})
        return seal.envelope(statement).decode()

    return Proposal(other=other, terms=said, ours=signed(other), theirs=signed(mine))


def _signed(world: World, waiting: Proposal) -> Proposal:
    """What waited for us, signed, and tried against our own log: what it would refuse is refused before."""
    key = world.secrets.private_key("sign")
    ours, theirs = (seal.countersign(seal.opened(one), key) for one in (waiting.ours, waiting.theirs))
    state.rehearse(world, ours)
    return replace(waiting, concluding=True, ours=seal.envelope(ours).decode(), theirs=seal.envelope(theirs).decode())


def _conclude(world: World, id: str) -> None:
    """Have the other dam log its peering, then log ours. What it refuses for good is forgotten here."""
    mine = proposals.with_dam(world, id)
    if mine is None or not mine.concluding:
        return
    try:
        reception.ask(world, reception.of_offer(mine), "POST", CONCLUSION, {"peering": seal.parse(mine.theirs)})
    except (NotFound, Refused):
        if _logged(world, mine) is None:
            proposals.drop(world, id)
        raise
    with world.lock:
        if _logged(world, mine) is None:
            state.record(world, seal.opened(mine.ours))
        _know(world, mine.other)
        proposals.drop(world, id)


def _logged(world: World, mine: Proposal) -> int | None:
    return world.ledger.index_of(seal.opened(mine.ours).id)


def _know(world: World, other: Identity) -> None:
    """Begin to follow the other dam. It is not heard yet: signed terms say nothing of its log."""
    with world.store.transaction() as rows:
        if rows.get(Followed, other.id) is None:
            rows.put(Followed(peer=other.id, follower="", checkpoint="", size=0))
        rows.note(COSIGNER + other.id, other.cosigner)
    world.links.deadline = None


COSIGNER: Final = "cosigner of "
"""Begins the note with the verifier key of a peer's cosignatures."""


def cosigner_of(world: World, id: str) -> str | None:
    """The verifier key of a peer's cosignatures, as its handshake told it."""
    with world.store.read() as rows:
        return rows.noted(COSIGNER + id)


ROUTES: Final[Mapping[tuple[str, str], reception.Route]] = {
    ("GET", OFFER): offered,
    ("POST", CONCLUSION): concluded,
}
"""What other dams may ask, by method and path."""
