"""Contact with peers: whoever was not heard for longer than agreed is silent, and its scope is served no more.

`settle` is asked before each answer, so that no loop in the background is trusted with it. Time is our own clock's,
from when a nonce was given out that the peer signed: what another clock says has no effect, and an answer that was held
back is no younger than its nonce.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from datadam import peers
from datadam.dam import state
from datadam.dam.world import World
from datadam.model import Kind, instant, moment
from datadam.peers import Followed, Peer

NEVER: Final = datetime.max.replace(tzinfo=UTC)
SLACK: Final = timedelta(seconds=5)
"""By how much our clock may have been set back since: a contact that is further ahead of it is none."""


def settle(world: World) -> None:
    """Log that peers fell silent, if any did; between two deadlines it looks at the clock and no further."""
    now, deadline, judged = world.clock(), world.links.deadline, world.links.judged
    if deadline is not None and judged is not None and judged <= now < deadline:
        return
    with world.lock:
        soonest = NEVER
        for peer, last in _waiting(world, now):
            due = (last or now) + timedelta(seconds=peers.terms_of(peer).contact_seconds)
            if last is not None and now < due:
                soonest = min(soonest, due)
            else:
                facts = {"peer": peer.id, "state": "silent", "since": instant(last or now)}
                state.record(world, state.statement(world, Kind.PEER_CONTACT, facts))
        world.links.deadline, world.links.judged = soonest, now


def _waiting(world: World, now: datetime) -> list[tuple[Peer, datetime | None]]:
    """The peers that count as heard, and when they last were, None: never."""
    with world.store.read() as rows:
        found = [one for one in peers.standing(rows.find(Peer)) if one.heard]
        return [(one, _last(rows.get(Followed, one.id), one, now)) for one in found]


def _last(followed: Followed | None, peer: Peer, now: datetime) -> datetime | None:
    """When a peer was last heard under the peering in force.

    Never, where its log was not read under that peering, where it is not known any more, and where it lies ahead: the
    clock was wrong then, and nobody knows how long ago that was.
    """
    if followed is None or followed.contact is None or followed.under != peer.statement:
        return None
    last = moment(followed.contact)
    return last if last <= now + SLACK else None


def heard(world: World, id: str, at: datetime) -> None:
    """A peer was heard, and all that its log had at that time is adopted: its scope is served from here on.

    `at` is when the nonce that it signed was given out. Nothing comes of it while anything that is kept was not looked
    at under the peering in force.
    """
    with world.lock:
        with world.store.transaction() as rows:
            peer, followed = rows.get(Peer, id), rows.get(Followed, id)
            if peer is None or followed is None or not peers.is_settled(followed, peer):
                return
            if (last := _last(followed, peer, world.clock())) is not None and last > at:
                return
            rows.put(replace(followed, contact=instant(at)))
        late = at + timedelta(seconds=peers.terms_of(peer).contact_seconds) <= world.clock()
        if peer.stands and peer.silent is not None and not late:
            facts = {"peer": id, "state": "heard", "since": instant(at)}
            state.record(world, state.statement(world, Kind.PEER_CONTACT, facts))
        world.links.deadline = None
        world.decisions.changed()  # answers that were remembered until the old deadline hold longer now
