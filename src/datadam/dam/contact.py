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


def settle(world: World) -> None:
    """Log that peers fell silent, if any did; between two deadlines it looks at the clock and no further."""
    deadline = world.links.deadline
    if deadline is not None and world.clock() < deadline:
        return
    with world.lock:
        soonest = NEVER
        for peer, last in _waiting(world):
            due = last + timedelta(seconds=peers.terms_of(peer).contact_seconds)
            if world.clock() < due:
                soonest = min(soonest, due)
            else:
                facts = {"peer": peer.id, "state": "silent", "since": instant(last)}
                state.record(world, state.statement(world, Kind.PEER_CONTACT, facts))
        world.links.deadline = soonest


def _waiting(world: World) -> list[tuple[Peer, datetime]]:
    """The peers that count as heard, and when they last were; whose contact is not known any more was never heard."""
    with world.store.read() as rows:
        found = [one for one in peers.standing(rows.find(Peer)) if one.heard]
        held = {one.id: rows.get(Followed, one.id) for one in found}
    never = datetime(1970, 1, 1, tzinfo=UTC)
    return [(one, moment(kept.contact) if (kept := held[one.id]) and kept.contact else never) for one in found]


def heard(world: World, id: str, at: datetime) -> None:
    """A peer was heard, and all that its log had at that time is adopted: its scope is served from here on.

    `at` is when the nonce that it signed was given out.
    """
    with world.lock:
        with world.store.transaction() as rows:
            peer, followed = rows.get(Peer, id), rows.get(Followed, id)
            if peer is None or followed is None or (followed.contact is not None and moment(followed.contact) > at):
                return
            rows.put(replace(followed, contact=instant(at)))
        late = at + timedelta(seconds=peers.terms_of(peer).contact_seconds) <= world.clock()
        if peer.stands and peer.silent is not None and not late:
            facts = {"peer": id, "state": "heard", "since": instant(at)}
            state.record(world, state.statement(world, Kind.PEER_CONTACT, facts))
        world.links.deadline = None
        world.decisions.changed()  # answers that were remembered until the old deadline hold longer now
