"""One catalogue: the reservoirs that this dam holds together with its peers, part by part, and what may cross.

What is told of a peer's part rests on what this dam followed of the peer's log; nobody is asked. Whether a part is
given its own dam decides when it is asked: here stands what is known to be in the way, so that nothing is silently
missing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from datadam import decisions, peers, seal
from datadam.conversion import conversion
from datadam.dam import guest, lineage, offer, release
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.duties import STRICTNESS
from datadam.errors import Invalid, NotFound
from datadam.formats import codelists, odrl
from datadam.model import Column, Json, Kind, Member, MemberId, PrivacyClass, Reason, Standard, Tier
from datadam.peers import Peer, PeerBody
from datadam.ports import Rows
from datadam.terms import Action, Offer

_WITH_ROWS: Final = frozenset({Tier.OPEN, Tier.AGREEMENT})
SAME, ALIGNED, DIFFERS, ALONE = "same", "aligned", "differs", "alone"
"""How a part is read under this dam's version; `alone` where this dam has no such standard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one dam holds of a reservoir, as this dam knows it."""

    origin: str
    url: str
    log: str  # the verifier key of its log
    here: bool
    standard: Standard  # the version in force there
    digest: str  # of its text
    versions: tuple[str, ...]  # oldest first
    offer: tuple[int, str] | None  # number and digest of the one in force; None where grants decide
    reading: str
    guest: bool | None  # whether the caller is a guest there, as far as this dam heard; None: not a member here
    reasons: tuple[Reason, ...]  # what is in the caller's way


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One reservoir over several dams, this dam's part first."""

    id: str
    parts: tuple[Part, ...]

    @property
    def first(self) -> Part:
        """Under whose version it is read: this dam's, if it has a part."""
        return self.parts[0]


def held(world: World, caller: Caller) -> list[Held]:
    """Every reservoir in the scope of a peering in force, by its id."""
    with world.store.read() as rows:
        standing = peers.standing(rows.find(Peer))
    scopes = {str(id) for one in standing for id in peers.terms_of(one).standards}
    found = (_held(world, caller, standing, id) for id in sorted(scopes) if caller.standard in {None, id})
    return [one for one in found if one.parts]


def find(world: World, caller: Caller, id: str) -> Held:
    """One of them, or `NotFound`."""
    for one in held(world, caller):
        if one.id == id:
            return one
    raise NotFound("catalogue.none", standard=id[:200])


def _held(world: World, caller: Caller, standing: list[Peer], id: str) -> Held:
    ours = lineage.versions(world, id)
    parts = [_ours(world, caller, ours)] if ours else []
    for peer in standing:
        if peers.terms_of(peer).covers(id):
            with world.store.read() as rows:
                parts += _theirs(world, rows, caller, peer, (id, ours))
    return Held(id=id, parts=tuple(parts))


# --- ours -------------------------------------------------------------------------------------------------------------


def _ours(world: World, caller: Caller, ours: tuple[lineage.Version, ...]) -> Part:
    last = ours[-1]
    found = next(one for one in release.reservoirs(world, caller) if one.standard.id == last.standard.id)
    current = offer.current(world, last.standard.id)
    return Part(
        origin=world.settings.name,
        url=world.settings.public_url,
        log=world.ledger.vkey,
        here=True,
        standard=last.standard,
        digest=seal.digest(last.text.encode()),
        versions=tuple(one.standard.version for one in ours),
        offer=(current.number, current.digest) if current is not None else None,
        reading=SAME,
        guest=None,
        reasons=found.reasons,
    )


# --- a peer's ---------------------------------------------------------------------------------------------------------


def _theirs(
    world: World, rows: Rows, caller: Caller, peer: Peer, about: tuple[str, tuple[lineage.Version, ...]]
) -> Iterator[Part]:
    id, ours = about
    told = _last_of(rows, peer, Kind.STANDARD, id)
    if not told:
        return
    text = str(told[-1]["text"])
    standard = lineage.contract(text)
    offers = _last_of(rows, peer, Kind.OFFER, id)
    terms = odrl.read(seal.canonical(offers[-1]["offer"]).decode()) if offers else None
    reading, wrong = _reading(standard, ours)
    member = rows.get(Member, caller.member) if caller.member is not None and caller.standard is None else None
    is_guest = None if member is None else _is_guest(rows, peer, member.id)
    yield Part(
        origin=peer.origin,
        url=peer.url,
        log=peer.log,
        here=False,
        standard=standard,
        digest=seal.digest(text.encode()),
        versions=tuple(str(one["version"]) for one in told),
        offer=(int(offers[-1]["number"]), str(offers[-1]["digest"])) if offers else None,
        reading=reading,
        guest=is_guest,
        reasons=(*wrong, *_hindrances(world, peer, member, standard, terms, is_guest=is_guest)),
    )


def _last_of(rows: Rows, peer: Peer, kind: Kind, standard: str) -> list[Json]:
    """The bodies of a kind that a peer logged about a standard, in the order of its log."""
    found = sorted(rows.find(PeerBody, peer=peer.id, kind=str(kind), standard=standard), key=lambda one: one.place)
    return [_body(one.envelope) for one in found]


@lru_cache(maxsize=512)
def _body(envelope: str) -> Json:
    return seal.opened(envelope).body


def _reading(standard: Standard, ours: tuple[lineage.Version, ...]) -> tuple[str, tuple[Reason, ...]]:
    """How a peer's version is read under ours; what differs is named and not read."""
    if not ours:
        return ALONE, ()
    try:
        steps = _conversion(standard, tuple(one.text for one in ours))
    except Invalid as error:
        return DIFFERS, (Reason(error.code, dict(error.facts)),)
    return (ALIGNED if steps else SAME), ()


def _conversion(theirs: Standard, texts: tuple[str, ...]) -> tuple[Any, ...]:
    return conversion(theirs, [lineage.contract(text) for text in texts], codelists.packaged())


def _is_guest(rows: Rows, peer: Peer, member: MemberId) -> bool:
    entered = rows.find(PeerBody, peer=peer.id, kind=str(Kind.GUEST), member=member)
    left = rows.find(PeerBody, peer=peer.id, kind=str(Kind.EXIT), member=member)
    return bool(entered) and not left


def _hindrances(
    world: World, peer: Peer, member: Member | None, standard: Standard, terms: Offer | None, *, is_guest: bool | None
) -> Iterator[Reason]:
    """What is known here to be in the caller's way to a peer's part."""
    facts = {"dam": peer.origin, "standard": str(standard.id)}
    if peer.distrusted is not None:
        yield Reason("catalogue.distrusted", {"dam": peer.origin})
    if standard.tier not in _WITH_ROWS:
        yield Reason("catalogue.no-rows", {**facts, "tier": str(standard.tier)})
    if standard.tier not in _WITH_ROWS or standard.tier is Tier.OPEN:  # strangers may read it: no terms are needed
        return
    if member is None or member.until is not None:
        yield Reason("catalogue.stranger", facts)
        return
    if member.home == peer.id:  # there it is a member, and this dam's word is not needed
        return
    if member.home is not None:
        yield Reason("catalogue.not-vouched", {"dam": peer.origin})
        return
    agreed = peers.terms_of(peer)
    if not agreed.guests:
        yield Reason("catalogue.no-guests", {"dam": peer.origin, "url": peer.url})
    way = (peer.origin, world.settings.name)
    for what in guest.uncovered(agreed, standard.id, _strictest(standard.columns, terms), way):
        yield Reason(f"catalogue.{what}", facts)
    if not is_guest:
        yield Reason("catalogue.not-guest", {"dam": peer.origin, "url": peer.url})


def _strictest(columns: tuple[Column, ...], terms: Offer | None) -> PrivacyClass:
    """The strictest class of what an offer lets out to be read."""
    leaving = (column.privacy_class for column in columns if decisions.leaves(column, terms, Action.READ))
    return max(leaving, key=STRICTNESS.__getitem__, default=decisions.CLASSES[0])
