"""A file that comes in by a request: gathered into larger pieces, and broken off when it falls below a least pace."""

from collections.abc import Iterator
from typing import Final

import anyio
import anyio.from_thread
from fastapi import Request

from datadam.errors import Unavailable

GATHERED: Final = 2**20  # bytes handed to the writing thread at once; the network brings them in small pieces
SILENT_SECONDS: Final = 60.0
LEAST_BYTES: Final = 64 * 1024  # in so many seconds; who sends slower must come back, and holds no thread meanwhile


class Body:
    """A request's body, gathered into larger pieces, that may be broken off from outside."""

    def __init__(self, request: Request) -> None:
        """Nothing is read before it is asked for."""
        self._receive = request.receive
        self._broken = self._over = False
        self._scope: anyio.CancelScope | None = None
        self._gathered = bytearray()

    def break_off(self) -> None:
        """Read no more; what has come is still handed over."""
        self._broken = True
        if self._scope is not None:
            self._scope.cancel()

    def chunks(self) -> Iterator[bytes]:
        """The pieces, in a thread; `Unavailable` after the last that came, if it broke off."""
        while chunk := anyio.from_thread.run(self._gather):
            yield chunk

    async def _gather(self) -> bytes:
        gathered = self._gathered = bytearray()
        with anyio.move_on_after(SILENT_SECONDS) as self._scope:
            while not (self._over or self._broken) and len(gathered) < GATHERED:
                message = await self._receive()
                gathered += message.get("body", b"")
                if message["type"] == "http.disconnect":
                    self._broken = True
                self._over = not message.get("more_body", False)
        if self._scope.cancelled_caught and len(gathered) < LEAST_BYTES:
            self._broken = True
        if self._broken and not gathered:
            raise Unavailable("deposit.transfer-broken")
        return bytes(gathered)
