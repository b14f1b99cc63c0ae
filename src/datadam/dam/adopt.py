"""Adopt: log what of a peer's statements binds here, in the order of its log, a bounded number at a time.

What is believed is kept first, and looked at here: `Followed.looked` says up to where, and `Followed.under` under which
peering. Under other terms other statements bind; so after each peering all that is kept is looked at again, before the
peer counts as heard. What was said of a guest before its last word here is never adopted after it.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from datadam import ledger, peers, seal
from datadam.dam import abroad, peered, state
from datadam.dam.world import World
from datadam.duties import Order
from datadam.errors import Invalid, NotFound, Refused, Untrusted
from datadam.formats import note
from datadam.ledger import DAM
from datadam.model import Class, Key, Kind, Member, Statement
from datadam.peers import Followed, Peer, PeerBody
from datadam.ports import Rows
from datadam.terms import AgreementState

AT_ONCE: Final = 50  # statements that are logged while nobody else can log any
MOST: Final = 1_000  # of one peer that one look adopts; what is left waits for the next, and the peer is not heard
_OF_GUESTS: Final = frozenset({Kind.EXIT, Kind.KEY, Kind.RECOVERED, Kind.MEMBER_CHANGE, Kind.AGREEMENT_CHANGE})
_KEYS: Final = frozenset({str(one) for one in (Kind.MEMBER, Kind.KEY, Kind.RECOVERED)})
_LOG: Final = logging.getLogger(__name__)


def settle(world: World, found: Peer, fresh: Sequence[PeerBody] | None = None) -> int:
    """Look at what is kept of a peer and was not looked at; how many statements bind now that did not.

    `fresh` are the bodies that were kept just now, where nothing else waits. The caller holds the right to read that
    log. After `MOST` adoptions the rest waits: see `waiting`.
    """
    under, left = _left(world, found.id, fresh)
    count = 0
    while left is not None and count < MOST:
        with world.lock:
            adopted = looked = 0
            while looked < len(left) and adopted < AT_ONCE:
                adopted += bind(world, found, left[looked])
                looked += 1
            left, count = left[looked:], count + adopted
            if not left:
                abroad.tell(world, found.id)
            if not _noted(world, found.id, under, left) or not left:
                break
    return count


def waiting(world: World, id: str) -> int:
    """How many bodies of a peer nobody looked at under the peering in force; 0 only where that is done."""
    with world.store.read() as rows:
        held, peer = rows.get(Followed, id), rows.get(Peer, id)
    if held is None or peer is None or peers.is_settled(held, peer):
        return 0
    return max(1, held.pending)


def _left(world: World, id: str, fresh: Sequence[PeerBody] | None) -> tuple[str, list[PeerBody] | None]:
    """The peering in force and the bodies that are to be looked at under it, in log order; None where all were."""
    with world.store.read() as rows:
        held, peer = rows.get(Followed, id), rows.get(Peer, id)
        if held is None or peer is None or peers.is_settled(held, peer):
            return "", None
        begin = peers.looked(held, peer)
        kept: Sequence[PeerBody] = fresh or ()
        if fresh is None:
            kept = [one for kind in sorted(peers.ADOPTED) for one in rows.find(PeerBody, peer=id, kind=str(kind))]
    chosen = [one for one in kept if Kind(one.kind) in peers.ADOPTED and one.place >= begin]
    return peer.statement, sorted(chosen, key=lambda one: one.place)


def _noted(world: World, id: str, under: str, left: Sequence[PeerBody]) -> bool:
    """Keep how far was looked; False where another peering is in force by now, under which all is to be looked at."""
    with world.store.transaction() as rows:
        held, peer = rows.get(Followed, id), rows.get(Peer, id)
        if held is None or peer is None or peer.statement != under:
            return False
        place = left[0].place if left else held.size
        rows.put(replace(held, under=under, looked=place, pending=len(left)))
    return True


def bind(world: World, found: Peer, one: PeerBody) -> bool:
    """Log one statement if it binds here and was not adopted before; the caller holds the lock."""
    if Kind(one.kind) not in peers.ADOPTED:
        return False
    try:
        with world.store.read() as rows:
            now = rows.get(Peer, found.id) or found
            if peered.is_adopted(rows, one.id) or not concerns(rows, now, one):
                return False
            facts = peered.facts(rows, now, one)
        kind = Kind.ADOPTION if seal.opened(one.envelope).clazz is Class.REGISTRY else Kind.CLOSED_ADOPTION
        state.record(world, state.statement(world, kind, facts))
    except (Untrusted, Refused, Invalid, NotFound) as error:  # it binds at home only
        world.links.count(error.code)
        _LOG.warning("statement %s of %s does not bind here: %s", one.id, found.origin, error.code)
        return False
    return True


def of_guest(world: World, found: Peer, member: str) -> int:
    """Adopt how the agreements of a member of that peer stand there, which is about to be a guest's matter here.

    Of each the last word, unless it is that it holds. The caller holds the lock from before the guest entered.
    """
    with world.store.read() as rows:
        kept = rows.find(PeerBody, peer=found.id, kind=str(Kind.AGREEMENT_CHANGE), member=member)
    last: dict[str, PeerBody] = {}
    for one in sorted(kept, key=lambda each: each.place):
        last[str(seal.opened(one.envelope).body["agreement"])] = one
    held_up = [one for one in last.values() if seal.opened(one.envelope).body["state"] != AgreementState.FINALISED]
    return sum(bind(world, found, one) for one in held_up)


# --- what concerns this dam -------------------------------------------------------------------------------------------


def concerns(rows: Rows, found: Peer, one: PeerBody) -> bool:
    """Whether a statement is about anybody or anything that this dam has part in, and news; most of a log is not."""
    kind = Kind(one.kind)
    if kind in _OF_GUESTS:
        return _is_news(rows, found, one)
    match kind:
        case Kind.LIFT:
            order = rows.get(Order, str(seal.opened(one.envelope).body["order"]))
            return order is not None and order.peer == found.id and order.lifted is None
        case Kind.RELEASE:
            ours = rows.get(Member, str(one.member))
            return ours is not None and ours.home is None and seal.opened(one.envelope).body.get("home") is not None
        case Kind.WITHDRAWAL:
            return peers.terms_of(found).covers(one.standard) and one.standard is not None
        case Kind.ROTATION | Kind.RETIREMENT:
            return _is_next(rows, found, seal.opened(one.envelope))
        case _:
            return True


def _is_news(rows: Rows, found: Peer, one: PeerBody) -> bool:
    """Whether home said it of a guest after what holds here: an older word must not undo a later one."""
    guest = rows.get(Member, str(one.member))
    if guest is None or guest.home != found.id or guest.until is not None:
        return False
    statement = seal.opened(one.envelope)
    later = [peered.said(rows, found.id, statement)]
    if statement.kind in {Kind.KEY, Kind.RECOVERED}:
        later += _brought(rows, found, guest)
    return one.place > max(later)


def _brought(rows: Rows, found: Peer, guest: Member) -> Iterator[int]:
    """Where in its home's log the key of a guest came from that counts here."""
    alive = {key.kid for key in rows.find(Key, owner=guest.id, until=None)}
    for one in rows.find(PeerBody, peer=found.id, member=guest.id):
        if one.kind in _KEYS and ledger.brought(seal.opened(one.envelope)) & alive:
            yield one.place


def _is_next(rows: Rows, found: Peer, statement: Statement) -> bool:
    """Whether a rotation leads on from the keys that are known here; of retirements only those of a signing key count.

    Those of a log's key are for who follows the log.
    """
    body = statement.body
    if statement.kind is Kind.RETIREMENT:
        key = rows.get(Key, str(body["key"]))
        return body["use"] == DAM and key is not None and key.until is None
    if body["use"] == DAM:
        return rows.get(Key, seal.thumbprint(seal.public(body["key"]))) is None
    return bool(body["replaces"] == seal.thumbprint(note.read_vkey(found.log)[2]))
