"""Statement bodies in memory: what the `Bodies` port means, without a disk."""

import threading
from collections.abc import Iterator, Sequence

from datadam.adapters.body_files import checked_id
from datadam.errors import NotFound, Untrusted


class MemoryBodies:
    """The `Bodies` port over a dictionary."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._held: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def put(self, id: str, data: bytes) -> None:
        """Keep `data` under `id`; the same again is fine, other data under a held id is `Untrusted`."""
        self.put_all([(id, data)])

    def put_all(self, items: Sequence[tuple[str, bytes]]) -> None:
        """Keep all, or none if any of them is refused."""
        with self._lock:
            wanted: dict[str, bytes] = {}
            for id, data in items:
                if wanted.setdefault(checked_id(id), data) != data or self._held.get(id, data) != data:
                    raise Untrusted("body.differs", id=id)
            self._held |= wanted

    def get(self, id: str) -> bytes:
        """The bytes kept under `id`, or `NotFound`."""
        try:
            return self._held[checked_id(id)]
        except KeyError:
            raise NotFound("body.unknown", id=id) from None

    def erase(self, id: str) -> None:
        """Remove the body for good; an absent one is fine."""
        self._held.pop(checked_id(id), None)

    def ids(self) -> Iterator[str]:
        """Every id held, in any order."""
        return iter(list(self._held))
