"""Accuse: what a peer did that it must not, in our log with what shows it, where its own signatures prove it.

Whatever else does not hold is counted and told in a log line: it may have been spoilt on its way, and who accuses
wrongly closes a scope for nothing.
"""

import logging
from collections.abc import Mapping
from typing import Final

from datadam import merkle, peers, seal
from datadam.dam import reception, state
from datadam.dam.world import World
from datadam.errors import DamError, Invalid, NotFound, Refused, Unavailable, Untrusted
from datadam.federation import Batch, Follower
from datadam.formats import note
from datadam.model import Kind
from datadam.peers import FaultKind, Followed, Peer, PeerFault

CONSISTENCY: Final = "/api/log/consistency"
MOST_FAULTS: Final = 20  # of one peering that are logged, beside the final ones: nobody fills our log by lying
MAX_EVIDENCE: Final = 100_000  # characters of one piece
_ON_THE_WAY: Final = frozenset({"peer.root-other", "note.signature-wrong", "note.unsigned", "note.malformed"})
_LOG: Final = logging.getLogger(__name__)


def unproven(world: World, found: Peer, held: Followed, batch: Batch, error: DamError, token: str) -> DamError:
    """Count what did not hold; where the peer's own signatures prove it, our log says so.

    `token` is the request that the batch was pushed with, if it was. A checkpoint carries a signature. What stands in
    an answer may have been spoilt on its way; a push was signed as a whole.
    """
    evidence = {"code": error.code, "checkpoint": held.checkpoint, "shown": batch.checkpoint}
    if error.code == "checkpoint.smaller":  # an older message, late: what a log was is no fault
        return Refused("peer.other-size", size=held.size)
    if error.code == "checkpoint.forked" or (error.code == "peer.root-other" and _forked(world, found, held, batch)):
        fault = Untrusted("peer.forked", peer=found.origin, size=held.size)
        return faulted(world, found, fault, FaultKind.FORKED, evidence)
    if not token or not isinstance(error, Untrusted) or error.code in _ON_THE_WAY:
        return faulted(world, found, error, None, evidence)
    wrong = next((one for one in batch.bodies if _is(one, error.facts.get("statement"))), "")
    kind = FaultKind.UNSIGNED if error.code.startswith(("signature.", "key.")) else FaultKind.ALTERED
    return faulted(world, found, error, kind, {**evidence, "envelope": wrong, "request": token})


def _is(envelope: str, id: object) -> bool:
    try:
        return seal.opened(envelope).id == id
    except DamError:
        return False


def _forked(world: World, found: Peer, held: Followed, batch: Batch) -> bool:
    """Whether a log cannot show that it extends what was followed: the batch may only have been spoilt on its way."""
    root = Follower.read(held.follower).root if held.follower else merkle.EMPTY
    try:
        shown = note.open_checkpoint(batch.checkpoint, found.log)
        told = reception.public(world, found.url, f"{CONSISTENCY}?old={held.size}&new={shown.size}")
        path = [seal.decode(one) for one in told["proof"]]
        merkle.verify_consistency(held.size, shown.size, path, root, shown.root)
    except (Unavailable, Invalid, LookupError, TypeError, AttributeError):
        return False  # not proven: it stays unbelieved, and is asked again
    except (Untrusted, NotFound, Refused) as error:
        return error.code == "proof.consistency-wrong"
    return False


def faulted(
    world: World, found: Peer, error: DamError, kind: FaultKind | None, evidence: Mapping[str, str]
) -> DamError:
    """The error, counted, and told in a log line; of a kind that is proven it is logged too, for everybody to see."""
    world.links.count(error.code)
    _LOG.warning("peer %s: %s", found.origin, error.code)
    if kind is None:
        return error
    said = {name: text[:MAX_EVIDENCE] for name, text in evidence.items() if text}
    with world.lock:
        with world.store.read() as rows:
            known = rows.find(PeerFault, peer=found.id)
            now = rows.get(Peer, found.id)
        again = any((one.fault, one.evidence.get("code")) == (kind, said.get("code")) for one in known)
        room = kind in peers.FINAL or len(known) < MOST_FAULTS
        if now is not None and now.stands and now.distrusted is None and room and not again:
            facts = {"peer": found.id, "fault": str(kind), "evidence": said}
            state.record(world, state.statement(world, Kind.PEER_FAULT, facts))
    return error
