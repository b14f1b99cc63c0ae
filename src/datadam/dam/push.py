"""Push: tell each peer at once what may bind there, and ask each again and again for what is new.

Two threads for each peer, while a dam is served: a peer that is away, or slow, costs nothing but its own. What could
not be told is told again after a while that grows, with jitter; the peer asks by itself when it is back.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from datadam.dam import follow, peer
from datadam.dam.world import World
from datadam.errors import DamError, Refused, Untrusted

FIRST_SECONDS: Final = 5.0  # for which a start waits until peers were heard; one that is away does not hold it up
AGAIN: Final = (0.5, 60.0)  # seconds after which telling is tried again: after the first failure, and at most
MOST_WAIT: Final = 300.0  # seconds between two tries to ask a peer that does not answer
JITTER: Final = 0.5  # of each wait, more or less: peers that fell out together do not come back in step
LINGER: Final = 5.0  # seconds that the end of a dam waits for requests under way
_LOG: Final = logging.getLogger(__name__)


@contextmanager
def couriers(world: World, *, patience: float = FIRST_SECONDS) -> Iterator[None]:
    """Within this, peers are told and asked; it begins when each was asked once, or after so many seconds."""
    held = _Couriers(world)
    with world.links.woken(held.wake):
        held.start(patience)
        try:
            yield
        finally:
            held.stop()


class _Couriers:
    """One courier for each peering in force, those that come later too."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._changed, self._stop = threading.Event(), threading.Event()
        self._held: dict[str, _Courier] = {}
        self._lock = threading.Lock()
        self._watch = threading.Thread(target=self._watching, name="peers", daemon=True)

    def start(self, patience: float) -> None:
        """Ask every peer once, at the same time."""
        for error in peer.settle_handshakes(self._world):
            _LOG.warning("peering under way: %s", error.code)
        self._see()
        until = time.monotonic() + patience
        for one in list(self._held.values()):
            one.asked.wait(max(0.0, until - time.monotonic()))
        self._watch.start()

    def wake(self) -> None:
        """Something was logged that peers are told of."""
        self._changed.set()
        with self._lock:
            for one in self._held.values():
                one.wake()

    def stop(self) -> None:
        """End; what is under way is waited for, though not for long."""
        self._stop.set()
        self._changed.set()
        with self._lock:
            held = list(self._held.values())
        for one in held:
            one.stop()
        until = time.monotonic() + LINGER
        for thread in [self._watch, *(thread for one in held for thread in one.threads)]:
            thread.join(max(0.0, until - time.monotonic()))

    def _watching(self) -> None:
        while not self._stop.is_set():
            self._changed.wait(self._world.settings.peer_pull_seconds)
            self._changed.clear()
            if not self._stop.is_set():
                _quietly(self._world, "peerings under way", lambda: [*peer.settle_handshakes(self._world)])
                _quietly(self._world, "peers", self._see)

    def _see(self) -> None:
        """See that each peering in force has its courier."""
        standing = {one.id for one in peer.every(self._world) if one.stands}
        with self._lock:
            for id in standing - self._held.keys():
                self._held[id] = _Courier(self._world, id)
                self._held[id].start()
            for id in [id for id, one in self._held.items() if one.ended]:
                del self._held[id]


class _Courier:
    """Tells one peer, and asks it, each in a thread of its own."""

    def __init__(self, world: World, id: str) -> None:
        self._world, self._id = world, id
        self._told, self._stop = threading.Event(), threading.Event()
        self._back = world.links.back(id)
        self.asked = threading.Event()  # for the first time, whatever came of it
        self.threads = [
            threading.Thread(target=self._telling, name=f"tell {id}", daemon=True),
            threading.Thread(target=self._asking, name=f"ask {id}", daemon=True),
        ]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    @property
    def ended(self) -> bool:
        """Whether it has nothing to do any more."""
        return self._stop.is_set()

    def wake(self) -> None:
        self._told.set()

    def stop(self) -> None:
        self._stop.set()
        self._told.set()
        self._back.set()

    def _telling(self) -> None:
        failed = 0
        self._told.set()  # what was logged while nobody ran
        while not self._stop.is_set():
            self._told.wait()
            self._told.clear()
            if self._stop.is_set():
                return
            if _quietly(self._world, self._id, lambda: tell(self._world, self._id)):
                failed = 0
                if not peer.find(self._world, self._id).stands:  # the last that it is told
                    self._stop.set()
            else:
                failed += 1
                self._back.clear()
                self._back.wait(_jittered(min(AGAIN[0] * 2 ** min(failed - 1, 20), AGAIN[1])))
                self._told.set()

    def _asking(self) -> None:
        failed = 0
        while not self._stop.is_set():
            done = _quietly(self._world, self._id, lambda: follow.look(self._world, self._id))
            self.asked.set()
            if done:
                self._back.set()
            failed = 0 if done else failed + 1
            pause = self._world.settings.peer_pull_seconds
            self._stop.wait(_jittered(min(pause * 2 ** min(failed, 20), max(pause, MOST_WAIT))))


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  (nothing secret hangs on it)


def _quietly(world: World, what: str, do: Callable[[], object]) -> bool:
    """Do it; whatever goes wrong with a peer is counted and told in a log line, and stops nothing else."""
    try:
        do()
    except DamError as error:
        world.links.count(error.code)
        _LOG.warning("%s: %s", what, error.code)
        return False
    except Exception:  # noqa: BLE001  (a thread that ended would tell nobody anything any more)
        _LOG.exception("%s", what)
        return False
    return True


def tell(world: World, id: str) -> int:
    """Show a peer all of our log that it has not seen; how many entries it has now.

    `Untrusted` (`peer.ahead`) where it has seen more than we hold: then this dam was restored from an older backup.
    """
    found = peer.find(world, id)
    seen = follow.seen_by(world, found)
    if seen > world.ledger.size:
        raise Untrusted("peer.ahead", peer=found.origin, seen=seen, size=world.ledger.size)
    while seen < (size := world.ledger.size):
        batch = follow.batch_for(world, found, seen)
        try:
            told = follow.send(world, found, batch)
        except Refused as error:
            if error.code != "peer.other-size":
                raise
            before, seen = seen, int(str(error.facts["size"]))
            if seen == before or seen > size:
                raise
            continue
        follow.cosigned_by(world, found, told)
        seen = batch.end
    return seen
