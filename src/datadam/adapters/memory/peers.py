"""The way between dams that live in one process: whoever is asked answers in the caller's own thread."""

import threading
from collections.abc import Callable

from datadam.errors import Unavailable
from datadam.ports import PeerAnswer

Answers = Callable[[str, str, str | None, bytes], PeerAnswer]
"""What a dam answers to method, path, token and body."""


class MemoryPeerLink:
    """A `ports.PeerLink` between the dams that `listen` on it; threads may share it."""

    def __init__(self) -> None:
        """Nobody can be reached yet."""
        self._dams: dict[str, Answers] = {}
        self._cut: set[str] = set()
        self._lock = threading.Lock()

    def listen(self, url: str, answers: Answers) -> None:
        """Answer what is sent to `url` from now on."""
        with self._lock:
            self._dams[url.rstrip("/")] = answers

    def cut(self, url: str) -> None:
        """Let nobody reach `url`, until it is `joined` again."""
        with self._lock:
            self._cut.add(url.rstrip("/"))

    def join(self, url: str) -> None:
        """Let `url` be reached again."""
        with self._lock:
            self._cut.discard(url.rstrip("/"))

    def send(self, url: str, method: str, path: str, *, token: str | None = None, body: bytes = b"") -> PeerAnswer:
        """One request and its answer; see `ports.PeerLink`."""
        at = url.rstrip("/")
        with self._lock:
            answers = None if at in self._cut else self._dams.get(at)
        if answers is None:
            raise Unavailable("peer.unreachable", url=url[:120], why="cut off")
        return answers(method, path, token, body)
