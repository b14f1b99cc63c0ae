"""A log in memory: what the `Log` port means, without a disk; every complete subtree's hash is kept in plain lists."""

import threading
from collections.abc import Iterator, Sequence

from datadam import merkle
from datadam.errors import Invalid, NotFound
from datadam.formats.note import unsigned_checkpoint
from datadam.formats.tiles import MAX_ENTRY


class MemoryLog:
    """The `Log` port over lists."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._entries: list[bytes] = []
        self._levels: list[list[bytes]] = [[]]  # level → hashes of complete subtrees of 2**level leaves
        self._checkpoint: str | None = None
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Number of entries."""
        return len(self._entries)

    @property
    def root(self) -> bytes:
        """Root hash of all entries, 32 bytes."""
        return merkle.root(self.size, self._subtree)

    @property
    def stopped(self) -> bool:
        """Never: there is no disk to fail."""
        return False

    def append(self, entries: Sequence[bytes]) -> int:
        """Add `entries`; the index of the first."""
        refuse_entries(entries)
        with self._lock:
            first = self.size
            for entry in entries:
                self._grow(0, merkle.leaf_hash(entry))
                self._entries.append(entry)
            return first

    def _grow(self, level: int, hash: bytes) -> None:
        if level == len(self._levels):
            self._levels.append([])
        row = self._levels[level]
        row.append(hash)
        if len(row) % 2 == 0:
            self._grow(level + 1, merkle.node_hash(row[-2], row[-1]))

    def _subtree(self, level: int, number: int) -> bytes:
        return self._levels[level][number]

    def entry(self, index: int) -> bytes:
        """The entry at `index`, or `NotFound`."""
        refuse_index(index, self.size)
        return self._entries[index]

    def leaf_hash(self, index: int) -> bytes:
        """The leaf hash at `index`, or `NotFound`."""
        refuse_index(index, self.size)
        return self._levels[0][index]

    def entries(self, start: int = 0) -> Iterator[bytes]:
        """Every entry from `start` on, in order."""
        return iter(self._entries[max(start, 0) :])

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """The audit path of `index` in the tree of the first `size` entries."""
        refuse_size(size, self.size)
        return merkle.inclusion(index, size, self._subtree)

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """The proof that the first `new` entries extend the first `old`."""
        refuse_size(new, self.size)
        return merkle.consistency(old, new, self._subtree)

    def publish(self, checkpoint: str) -> None:
        """Make the signed checkpoint visible; one of another tree is `Invalid`."""
        refuse_checkpoint(checkpoint, self.size, self.root)
        self._checkpoint = checkpoint

    def checkpoint(self) -> str:
        """The last published checkpoint note, or `NotFound`."""
        if self._checkpoint is None:
            raise NotFound("log.checkpoint-missing")
        return self._checkpoint


# --- what every log refuses -------------------------------------------------------------------------------------------


def refuse_entries(entries: Sequence[bytes]) -> None:
    """Refuse a batch without entries, and entries that no bundle can hold."""
    if not entries:
        raise Invalid("log.batch-empty")
    for entry in entries:
        if not 1 <= len(entry) <= MAX_ENTRY:
            raise Invalid("log.entry-size", size=len(entry), limit=MAX_ENTRY)


def refuse_index(index: int, size: int) -> None:
    """Refuse an index that has no entry."""
    if not 0 <= index < size:
        raise NotFound("log.entry-unknown", index=index, size=size)


def refuse_size(size: int, held: int) -> None:
    """Refuse to prove anything about entries that are not there."""
    if size > held:
        raise Invalid("proof.range", index=size, size=held)


def refuse_checkpoint(note: str, size: int, root: bytes) -> None:
    """Refuse to show a checkpoint of anything but the whole log."""
    checkpoint = unsigned_checkpoint(note)
    if (checkpoint.size, checkpoint.root) != (size, root):
        raise Invalid("log.checkpoint-differs", size=checkpoint.size, expected=size)
