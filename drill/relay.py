"""The wire between two dams, which can be cut: what members send goes on, what dams say to one another does not.

Both dams are reached through a relay of their own. Cutting it drops every connection over which one dam speaks to the
other, as a broken cable between two countries would; a country's own members reach their dam as before.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Self

BETWEEN_DAMS: Final = b" /api/federation/"
HEAD: Final = 4096  # bytes in which the first line of a request stands
PIECE: Final = 1 << 16
PATIENCE: Final = 120  # seconds without a word after which a connection is given up


class Relay:
    """Listens at a port of this machine and passes on to another one."""

    def __init__(self, target: int) -> None:
        """Pass on to the port `target`; `port` is our own."""
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._lock = threading.Lock()
        self._cut = False
        self.passed = 0  # bytes that dams said to one another here
        self._between: set[socket.socket] = set()

    def __enter__(self) -> Self:
        """Begin to listen."""
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take nothing more."""
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """From now on no dam is heard here."""
        with self._lock:
            self._cut = True
            between = list(self._between)
        for one in between:
            _shut(one)

    def join(self) -> None:
        """Let dams be heard again."""
        with self._lock:
            self._cut = False

    def _listen(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(near,), daemon=True).start()

    def _pass_on(self, near: socket.socket) -> None:
        near.settimeout(PATIENCE)
        with near, suppress(OSError):
            head = near.recv(HEAD)
            between = BETWEEN_DAMS in head.partition(b"\r\n")[0]
            if not head or (between and not self._heard(near)):
                return
            count = self._counted if between else _uncounted
            with socket.create_connection(("127.0.0.1", self._target), timeout=PATIENCE) as far:
                count(len(head))
                far.sendall(head)
                back = threading.Thread(target=_copy, args=(far, near, count), daemon=True)
                back.start()
                _copy(near, far, count)
                back.join()
        with self._lock:
            self._between.discard(near)

    def _heard(self, near: socket.socket) -> bool:
        with self._lock:
            if not self._cut:
                self._between.add(near)
            return not self._cut

    def _counted(self, size: int) -> None:
        with self._lock:
            self.passed += size


def _uncounted(_: int) -> None:
    """What members say is not counted."""


def _copy(source: socket.socket, into: socket.socket, count: Callable[[int], None]) -> None:
    with suppress(OSError):
        while piece := source.recv(PIECE):
            count(len(piece))
            into.sendall(piece)
    _shut(into, socket.SHUT_WR)  # an answer may still be on its way against it


def _shut(one: socket.socket, how: int = socket.SHUT_RDWR) -> None:
    with suppress(OSError):
        one.shutdown(how)
