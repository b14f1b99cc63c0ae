"""Follow: read a peer's log, believe of it only what is proven, adopt what binds here; and show a peer ours.

Push and pull carry the same batch. What was believed is kept before what binds is adopted, and adopted before the peer
counts as heard: so after silence nothing in scope is served that the peer has stopped meanwhile. A batch that does not
hold changes nothing; where what is wrong with it is proven by the peer's own signatures, our log says so, with those.
"""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, cast

from datadam import merkle, peers, seal
from datadam.between import check_greeting, sign_greeting
from datadam.dam import accuse, adopt, contact, peer, proposals, reception, rotate
from datadam.dam.links import SHOWN
from datadam.dam.reception import Other, Request
from datadam.dam.world import World
from datadam.errors import DamError, Invalid, NotFound, Refused, Unavailable, Untrusted
from datadam.federation import Batch, Follower, Shown, Source, stretch
from datadam.formats import cosignature, note
from datadam.ledger import LOG
from datadam.model import Checkpoint, Class, Json, Key, Kind, Member, Statement, StatementId, Withdrawal
from datadam.peers import FaultKind, Followed, Peer, PeerBody
from datadam.ports import Rows
from datadam.terms import Agreement

GREETING: Final = "/api/federation/greeting"
BATCH: Final = "/api/federation/batch"
COSIGNATURE: Final = "/api/federation/cosignature"
SIZE: Final = "/api/federation/size"
_DIGITS: Final = 19  # of a size
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What came of asking a peer for what is new."""

    peer: str  # its origin
    size: int
    taken: int  # entries that were new
    adopted: int  # statements that bind here now
    waiting: int = 0  # bodies that are kept and wait to be looked at: until then it is not heard


# --- pull -------------------------------------------------------------------------------------------------------------


def look(world: World, id: str) -> Looked:
    """Ask a peer how large its log is, take all up to there, adopt what binds; then it counts as heard.

    What binds may be more than one look adopts: then the rest waits for the next one.
    """
    found = _believed(world, id)
    with world.links.reading(found.id):
        adopted = adopt.settle(world, found)
        began, nonce = world.clock(), secrets.token_urlsafe(16)
        before = _followed(world, found)
        told = reception.ask(world, reception.of_peer(world, found), "POST", GREETING, {"nonce": nonce})
        count = 0
        try:
            greeted = _greeted(world, found, told, nonce)
        except Untrusted as error:
            if error.code != "peer.key-unknown":
                raise
            count, bound = _pull(world, found, None)  # it may have another key by now, to which its log leads
            adopted += bound
            greeted = _greeted(world, found, told, nonce)
        proof = Proof(greeting=greeted, token=str(told.get("greeting")))
        _compare(world, found, before, proof)
        while _followed(world, found).size < greeted.size and adopted < adopt.MOST:
            more, bound = _pull(world, found, proof)
            count, adopted = count + more, adopted + bound
            if not more:
                raise Unavailable("peer.unreachable", url=found.url, why="shorter than it says")
        held, left = _followed(world, found), adopt.waiting(world, found.id)
        if held.size >= greeted.size and not left:
            contact.heard(world, found.id, began)
        else:
            _LOG.warning("%s: %d adopted, %d statements wait for the next look", found.origin, adopted, left)
    return Looked(peer=found.origin, size=held.size, taken=count, adopted=adopted, waiting=left)


def _believed(world: World, id: str) -> Peer:
    """A peer under a peering that is in force, and of which nothing final is known."""
    found = peer.find(world, id)
    if not found.stands:
        raise Refused("peer.ended", peer=found.origin, index=found.until)
    if found.distrusted is not None:
        raise Untrusted("peer.distrusted", peer=found.origin, statement=found.distrusted)
    return found


def _greeted(world: World, found: Peer, told: Json, nonce: str) -> Checkpoint:
    other = reception.of_peer(world, found)
    return check_greeting(
        str(told.get("greeting")), origin=found.origin, to=world.settings.name, nonce=nonce, keys=other.keys
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A greeting that holds, and as it was signed."""

    greeting: Checkpoint
    token: str


def _compare(world: World, found: Peer, before: Followed, proof: Proof) -> None:
    """Refuse a greeting that contradicts the log as it was followed before: smaller, or another root of one size.

    Nobody else took of it since we asked, so a log that is smaller now was rolled back.
    """
    size, evidence = proof.greeting.size, {"greeting": proof.token, "checkpoint": before.checkpoint}
    if size < before.size:
        fault = Untrusted("peer.rolled-back", peer=found.origin, size=size, expected=before.size)
        raise accuse.faulted(world, found, fault, FaultKind.ROLLED_BACK, evidence)
    if size == before.size and size and proof.greeting.root != _follower(world, found, before).root:
        fault = Untrusted("peer.forked", peer=found.origin, size=size)
        raise accuse.faulted(world, found, fault, FaultKind.FORKED, evidence)


def _pull(world: World, found: Peer, proof: Proof | None) -> tuple[int, int]:
    """Take the next batch: how many entries it had, and how many statements of them bind here now."""
    held = _followed(world, found)
    other = reception.of_peer(world, found)
    told = reception.ask_raw(world, other, "GET", f"{BATCH}?old={held.size}")
    line, count, adopted = _take(world, found, Batch.read(told), proof)
    if count:
        _return(world, other, line)
    return count, adopted


def _return(world: World, other: Other, line: str) -> None:
    """Give a peer our cosignature of its checkpoint; where it cannot be given now, the next one will do."""
    try:
        reception.ask(world, other, "POST", COSIGNATURE, {"note": line})
    except DamError as error:
        _LOG.info("cosignature not taken by %s: %s", other.origin, error.code)


# --- take -------------------------------------------------------------------------------------------------------------


def _take(
    world: World, found: Peer, batch: Batch, proof: Proof | None = None, *, token: str = ""
) -> tuple[str, int, int]:
    """Believe a batch, keep it, adopt what binds: the note that we cosigned, new entries, adopted statements.

    The caller holds the right to read that log. `proof` is a greeting whose root the entries must lead to,
    `token` the request that the batch was pushed with: only what came under its signature is held against a peer.
    """
    held = _followed(world, found)
    follower = _follower(world, found, held)
    try:
        after, shown = follower.take(batch)
    except (Untrusted, Invalid) as error:
        raise accuse.unproven(world, found, held, batch, error, token) from error
    if proof is not None:
        _refuse_other_root(world, found, follower, batch, proof)
    bodies = [_body(found, one) for one in shown]
    cosigned = _cosigned(world, batch.checkpoint) if after.size == _size_of(batch) else held.cosigned or ""
    text = after.write()
    with world.lock:
        with world.store.transaction() as rows:
            if bodies:
                rows.put_all(bodies)
            kept, now = rows.get(Followed, found.id) or held, rows.get(Peer, found.id) or found
            taken = replace(
                kept,
                follower=text,
                checkpoint=batch.checkpoint,
                size=after.size,
                cosigned=cosigned or None,
                pending=kept.pending + len(bodies),
            )
            rows.put(taken)
        world.links.followers[found.id] = (text, after)
    adopted = adopt.settle(world, found, bodies if peers.is_settled(kept, now) else None)
    return cosigned, after.size - held.size, adopted


def _size_of(batch: Batch) -> int:
    return note.unsigned_checkpoint(batch.checkpoint).size


def _refuse_other_root(world: World, found: Peer, follower: Follower, batch: Batch, proof: Proof) -> None:
    """Where a batch leads past the size of a greeting: the root at that size must be the one that was signed."""
    if not follower.size <= proof.greeting.size <= batch.end:
        return
    tree = follower.tree.copy()
    for clazz, id in batch.entries[: proof.greeting.size - follower.size]:
        tree.push(merkle.leaf_hash(note.entry(clazz, id)))
    if tree.root != proof.greeting.root:
        evidence = {"greeting": proof.token, "shown": batch.checkpoint}
        fault = Untrusted("peer.forked", peer=found.origin, size=tree.size)
        raise accuse.faulted(world, found, fault, FaultKind.FORKED, evidence)


def _body(found: Peer, one: Shown) -> PeerBody:
    standard, member = peers.named(one.statement.body)
    return PeerBody(
        peer=found.id,
        id=one.statement.id,
        place=one.index,
        kind=str(one.statement.kind),
        envelope=one.envelope,
        standard=standard or one.standard,
        member=member,
    )


def _cosigned(world: World, checkpoint: str) -> str:
    """The peer's checkpoint under our cosignature: of it this is the largest tree that we have seen."""
    line = cosignature.cosign(
        checkpoint,
        proposals.cosigner_name(world),
        world.secrets.private_key("cosign"),
        now=int(world.clock().timestamp()),
    )
    return checkpoint + line


# --- state ------------------------------------------------------------------------------------------------------------


def _followed(world: World, found: Peer) -> Followed:
    with world.store.read() as rows:
        return rows.get(Followed, found.id) or Followed(peer=found.id, follower="", checkpoint="", size=0)


def _follower(world: World, found: Peer, held: Followed) -> Follower:
    """The follower as it was kept; it is read once."""
    text, follower = world.links.followers.get(found.id, ("", None))
    if follower is not None and text == held.follower:
        return cast("Follower", follower)
    if held.follower:
        return Follower.read(held.follower)
    return Follower.begin(peer=found.id, origin=found.origin, vkey=found.log)


# --- what a peer may see ----------------------------------------------------------------------------------------------


def batch_for(world: World, found: Peer, old: int) -> Batch:
    """What a peer is shown of our log after its first `old` entries, as much as one batch holds.

    Every registry body, and of activity what falls in the scope of the peering: see `_is_theirs`.
    """
    with world.store.read() as rows:
        own = rotate.succession(world) if len(rows.find(Key, owner=LOG)) > 1 else []
        source = Source(
            origin=world.settings.name,
            checkpoint=world.ledger.checkpoint(),
            entries=world.ledger.entries,
            shown=partial(_shown, world, rows, found),
            proof=world.ledger.consistency,
            steps=lambda: own,
        )
        return stretch(source, old)


def _shown(
    world: World, rows: Rows, found: Peer, index: int, clazz: Class, id: StatementId
) -> tuple[str, str | None] | None:
    """An entry's envelope if that peer may see it, and the standard that it is about where it does not say so."""
    if clazz is Class.REGISTRY:
        return world.bodies.get(id).decode(), None
    if world.links.shown(index) is False:
        return None
    try:
        statement = world.ledger.statement(id)
    except NotFound:  # erased on purpose
        return None
    if statement.kind not in SHOWN:
        return None
    theirs, standard = _is_theirs(rows, found, statement)
    return (seal.envelope(statement).decode(), standard) if theirs else None


def _is_theirs(rows: Rows, found: Peer, statement: Statement) -> tuple[bool, str | None]:
    """Whether a statement is a peer's to see, and the standard that it is about where it does not say so itself.

    - of deposits under standards in scope: that they were withdrawn, and erased;
    - where the terms take guests: suspensions of our own members, and their agreements under standards in scope,
      because what ends here ends there; nothing of another peer's guests;
    - of the peer's own members who are guests here: their suspensions, agreements, releases and notices.
    """
    terms, body, kind = peers.terms_of(found), statement.body, statement.kind
    if kind in {Kind.WITHDRAWAL, Kind.PURGE}:
        held = rows.find(Withdrawal, statement=statement.id if kind is Kind.WITHDRAWAL else body["withdrawal"])
        standard = next((one.standard for one in held), None)
        return found.stands and standard is not None and terms.covers(standard), standard
    member = rows.get(Member, str(body.get("member")))
    if member is None or not (terms.guests and found.stands):
        return False, None
    about: str | None = None  # of what is about no standard
    if kind is Kind.AGREEMENT_CHANGE:
        agreed = rows.get(Agreement, str(body["agreement"]))
        about = agreed.standard if agreed is not None else ""
    elif kind in {Kind.AGREEMENT, Kind.RELEASE}:
        about = str(body.get("standard"))
    homes = {found.id} if kind in {Kind.RELEASE, Kind.NOTICE} else {None, found.id}
    return member.home in homes and terms.covers(about), None


# --- what a peer asks -------------------------------------------------------------------------------------------------


def _asker(request: Request) -> Peer:
    """The peer that asks; a dam without a peering in force has nothing to ask here."""
    if request.other.peer is None:
        raise NotFound("peer.no-peering")
    return request.other.peer


def greeting(world: World, request: Request) -> Json:
    """How large our log is, signed with the nonce of whoever asks."""
    found, nonce = _asker(request), request.read().get("nonce")
    if not isinstance(nonce, str):
        raise Invalid("peer.nonce-malformed")
    now = note.unsigned_checkpoint(world.ledger.checkpoint())
    key = world.secrets.private_key("sign")
    return {"greeting": sign_greeting(now, to=found.origin, nonce=nonce, key=key)}


def shown(world: World, request: Request) -> bytes:
    """A batch of our log, from where the peer has it."""
    found, old = _asker(request), request.query.get("old", "")
    if not (old.isascii() and old.isdecimal() and len(old) < _DIGITS):
        raise Invalid("request.malformed", expected="old")
    return batch_for(world, found, int(old)).write()


def size(world: World, request: Request) -> Json:
    """How far we followed the log of the peer that asks."""
    return {"size": _followed(world, _asker(request)).size}


def taken(world: World, request: Request) -> Json:
    """Take what a peer pushes; it is heard, if it says that this is all and none of it waits.

    Again, or out of order, is `Refused`.
    """
    found = _believed(world, _asker(request).id)
    batch = Batch.read(request.body)
    with world.links.reading(found.id):
        adopt.settle(world, found)
        if batch.old != _followed(world, found).size:
            raise Refused("peer.other-size", size=_followed(world, found).size)
        line, count, _ = _take(world, found, batch, token=request.token)
        told_all = request.query.get("complete") == "1" and batch.end == _size_of(batch)
        if told_all and not adopt.waiting(world, found.id):
            contact.heard(world, found.id, request.since)
    return {"size": batch.end, "note": line if count else None}


def cosignature_taken(world: World, request: Request) -> Json:
    """Take a peer's cosignature of our own checkpoint."""
    found = _asker(request)
    return {"size": cosigned_by(world, found, {"note": request.read().get("note")})}


ROUTES: Final[Mapping[tuple[str, str], reception.Route]] = {
    ("POST", GREETING): greeting,
    ("GET", BATCH): shown,
    ("POST", BATCH): taken,
    ("GET", SIZE): size,
    ("POST", COSIGNATURE): cosignature_taken,
}
"""What a peer may ask, by method and path."""


# --- push -------------------------------------------------------------------------------------------------------------


def seen_by(world: World, found: Peer) -> int:
    """How much of our log a peer says that it has."""
    told = reception.ask(world, reception.of_peer(world, found), "GET", SIZE).get("size")
    if type(told) is not int or told < 0:
        raise Unavailable("peer.unreachable", url=found.url, why="size")
    return told


def send(world: World, found: Peer, batch: Batch) -> Json:
    """Push a batch; `Refused` (`peer.other-size`) with the size that the peer has."""
    complete = "?complete=1" if batch.end == _size_of(batch) else ""
    return reception.ask(world, reception.of_peer(world, found), "POST", BATCH + complete, batch.write())


def cosigned_by(world: World, found: Peer, told: Json) -> int:
    """Keep the cosignature of our checkpoint that a peer gave; the size of that checkpoint, 0 where it gave none.

    It must be of our log, under our own signature, and by the key that the peer named when we peered.
    """
    text, vkey = told.get("note"), peer.cosigner_of(world, found.id)
    if text is None or vkey is None:
        return 0
    if not isinstance(text, str):
        raise Invalid("request.malformed", expected="note")
    cosignature.cosigned(text, vkey)
    own = note.open_checkpoint(text, world.ledger.vkey)
    with world.store.transaction() as rows:
        held = rows.get(Followed, found.id)
        before = note.unsigned_checkpoint(held.cosignature).size if held and held.cosignature else 0
        if held is not None and own.size >= before:
            rows.put(replace(held, cosignature=text))
    return own.size
