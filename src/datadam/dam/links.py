"""What a running dam knows of its links to peers beside its tables: who is told, who is heard, which nonces are open.

All of it is forgotten with the process: a nonce that nobody remembers is asked anew, and contact is judged by what was
kept in the tables.
"""

import secrets
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from datadam.errors import Unavailable
from datadam.model import Kind

OPEN: Final = 64  # nonces of one peer that were given out and not used; the oldest is forgotten first
SPARES: Final = 8  # nonces at a time for requests that carry none: a dam asks by several threads
SPARED: Final = timedelta(seconds=1)  # for which such a one is given out again, if nobody used it
BUSY_SECONDS: Final = 5.0  # for which whoever pushes waits while we read the same log
TOLD: Final = frozenset(
    {
        Kind.ORDER,
        Kind.LIFT,
        Kind.EXIT,
        Kind.KEY,
        Kind.RECOVERED,
        Kind.MEMBER_CHANGE,
        Kind.AGREEMENT,
        Kind.AGREEMENT_CHANGE,
        Kind.WITHDRAWAL,
        Kind.PURGE,
        Kind.RELEASE,
        Kind.ROTATION,
        Kind.RETIREMENT,
        Kind.GUEST,
        Kind.PEERING,
        Kind.PEERING_END,
    }
)
"""Kinds of statements that peers are told of at once: those that may bind there."""
SHOWN: Final = frozenset(
    {
        Kind.MEMBER_CHANGE,
        Kind.AGREEMENT,
        Kind.AGREEMENT_CHANGE,
        Kind.WITHDRAWAL,
        Kind.PURGE,
        Kind.RELEASE,
        Kind.NOTICE,
    }
)
"""Kinds of activity that a peer may be shown, where it is the peer's: nobody opens each decision to see that."""
KEPT: Final = 100_000  # of them, whose places are remembered
ABOUT_PEERS: Final = frozenset({Kind.PEERING, Kind.PEERING_END, Kind.PEER_CONTACT, Kind.PEER_FAULT})
"""Kinds after which it is worked out anew when the next peer falls silent."""


@dataclass(slots=True)
class Links:
    """The links of one dam; threads share it."""

    deadline: datetime | None = None  # when the next peer falls silent; None: to be worked out
    judged: datetime | None = None  # when that was worked out: a clock before it was set back
    followers: dict[str, tuple[str, Any]] = field(default_factory=dict)  # peer → as it is kept, and as it was read
    counts: Counter[str] = field(default_factory=Counter)  # requests and answers that were refused, by code
    _given: dict[str, OrderedDict[str, datetime]] = field(default_factory=dict)  # peer → nonce → when it was given out
    _spare: dict[str, list[str]] = field(default_factory=dict)  # peer → nonces for requests that carry none
    _theirs: dict[str, list[str]] = field(default_factory=dict)  # peer → nonces that it gave us
    _reading: dict[str, threading.Lock] = field(default_factory=dict)
    since: int | None = None  # the log index from which on kinds are known
    _kinds: OrderedDict[int, Kind] = field(default_factory=OrderedDict)  # of entries that peers may see
    _paces: dict[str, tuple[float, float]] = field(default_factory=dict)  # requests left, and when that was
    _back: dict[str, threading.Event] = field(default_factory=dict)
    _waking: list[Callable[[], None]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def logged(self, kind: Kind, index: int) -> None:
        """Take note that a statement entered the log; those who push are woken where peers must hear of it."""
        with self._lock:
            self.since = index if self.since is None else self.since
            if kind in SHOWN:
                self._kinds[index] = kind
                if len(self._kinds) > KEPT:
                    self.since = self._kinds.popitem(last=False)[0] + 1
        if kind in ABOUT_PEERS:
            self.deadline = None
        if kind in TOLD:
            self.wake()

    def shown(self, index: int) -> bool | None:
        """Whether an activity entry may be a peer's to see, by its kind; None where it came before we looked."""
        with self._lock:
            if self.since is None or index < self.since:
                return None
            return index in self._kinds

    def wake(self) -> None:
        """Have everybody who waits look for what is to be told."""
        with self._lock:
            waiting = list(self._waking)
        for wake in waiting:
            wake()

    @contextmanager
    def woken(self, wake: Callable[[], None]) -> Iterator[None]:
        """Within this, `wake` is called after each statement that peers are told of."""
        with self._lock:
            self._waking.append(wake)
        try:
            yield
        finally:
            with self._lock:
                self._waking.remove(wake)

    def back(self, peer: str) -> threading.Event:
        """Set whenever that peer was reached, or reached us: who waits to try again need not wait longer."""
        with self._lock:
            return self._back.setdefault(peer, threading.Event())

    # --- nonces -------------------------------------------------------------------------------------------------------

    def give(self, peer: str, now: datetime) -> str:
        """A nonce for the next request of a peer, and when it was given out."""
        nonce = secrets.token_urlsafe(16)
        with self._lock:
            held = self._given.setdefault(peer, OrderedDict())
            held[nonce] = now
            if len(held) > OPEN:
                held.popitem(last=False)
        return nonce

    def spare(self, peer: str, now: datetime) -> str:
        """A nonce for whoever came with none that counts: one of a few, as long as they are young and not used.

        Else somebody who sends again what a peer sent once would push out the nonces that the peer holds.
        """
        with self._lock:
            given = self._given.get(peer, OrderedDict())
            young = {one for one, since in given.items() if timedelta() <= now - since < SPARED}
            held = [one for one in self._spare.get(peer, ()) if one in young]
        held = [*held[1:], held[0]] if len(held) >= SPARES else [*held, self.give(peer, now)]
        with self._lock:
            self._spare[peer] = held
        return held[-1]

    def use(self, peer: str, nonce: str) -> datetime | None:
        """When that nonce was given to that peer; None if it was not, or was used. It is used up now."""
        with self._lock:
            return self._given.get(peer, OrderedDict()).pop(nonce, None)

    def take(self, peer: str) -> str | None:
        """A nonce that a peer gave us and that was not used, if there is one."""
        with self._lock:
            held = self._theirs.get(peer)
            return held.pop() if held else None

    def keep(self, peer: str, nonce: str | None) -> None:
        """Keep a nonce that a peer gave us."""
        if nonce is not None:
            with self._lock:
                held = self._theirs.setdefault(peer, [])
                held.append(nonce[:100])
                del held[:-OPEN]

    # --- one reader of each log ---------------------------------------------------------------------------------------

    @contextmanager
    def reading(self, peer: str, *, patience: float = BUSY_SECONDS) -> Iterator[None]:
        """Within this, nobody else takes of that peer's log; `Unavailable` after so many seconds of waiting."""
        with self._lock:
            lock = self._reading.setdefault(peer, threading.Lock())
        if not lock.acquire(timeout=patience):
            raise Unavailable("peer.busy", peer=peer)
        try:
            yield
        finally:
            lock.release()

    def admits(self, peer: str, per_minute: int, now: float) -> bool:
        """Whether one more request of a peer is within its pace, which refills steadily. `now` is in seconds."""
        with self._lock:
            left, seen = self._paces.get(peer, (float(per_minute), now))
            left = min(float(per_minute), left + (now - seen) * per_minute / 60)
            self._paces[peer] = (left - 1 if left >= 1 else left, now)
            return left >= 1

    def count(self, code: str) -> None:
        """Count one refusal."""
        with self._lock:
            self.counts[code] += 1
