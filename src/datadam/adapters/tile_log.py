"""A log as static files (C2SP tlog-tiles) that any web server can serve and foreign tools verify.

    format                       what this folder is
    wal                          the newest entries, durable before `append` returns
    checkpoint                   the last signed root
    tile/<L>/<N>[.p/<W>]         hashes of complete subtrees
    tile/entries/<N>[.p/<W>]     the entries

- An entry is durable in `wal` first. Each batch there ends with a zero length and the root of the log after it: a batch
  whose root does not come out was torn by a crash, was never acknowledged, and is cut at the next start.
- A full tile is on the disk before it has its name, and never changes. A partial tile is only for readers: a start
  makes it anew from `wal`. `wal` begins anew when it has grown, with the entries that no full tile holds.
- The checkpoint is replaced only after everything that it covers is durable and readable.
- A start hashes the newest entries again, holds older ones against the root by the tiles above theirs, and refuses
  (`Untrusted`) a log that is not what it was. What was changed in older leaves an audit finds (`datadam check`).

One process writes; who that is, is settled elsewhere. Threads may read while one appends.
"""

import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from datadam import merkle
from datadam.adapters import durable
from datadam.adapters.memory.log import refuse_checkpoint, refuse_entries, refuse_index, refuse_size
from datadam.errors import NotFound, Unavailable, Untrusted
from datadam.formats.note import unsigned_checkpoint
from datadam.formats.tiles import CHECKPOINT, ENTRIES, HEIGHT, WIDTH, bundled, path, unbundled
from datadam.merkle import HASH_BYTES, Frontier

FORMAT: Final = "datadam-log 1"
WAL: Final = "wal"
WAL_LIMIT: Final = 4 * 1024 * 1024  # bytes; beyond it the file begins anew: what a start reads twice stays small

RECENT: Final = 4 * WIDTH * WIDTH
"""Entries that a start hashes again, and those of no full tile of tiles: a second's work, however long the log is."""

NODES: Final = 64  # tiles above the leaves whose inner hashes are remembered: 2 MB; they tell of 4 million entries

_HEADER: Final = 8 + HASH_BYTES  # size and root of what lies in full tiles already
_END: Final = b"\0\0"  # where the length of an entry would stand; no entry is empty


class TileLog:
    """The `Log` port over a folder of tiles."""

    def __init__(self, folder: Path) -> None:
        """Open the log in `folder`, or begin one where there is none.

        Hashes the newest `RECENT` entries again, holds all older ones against the root by the hashes of their tiles,
        and mends what a crash left; a log that is not what it was is `Untrusted`. `audit` hashes everything.
        """
        self._folder = folder
        self._lock = threading.RLock()
        self._frontier = Frontier()
        self._tails: list[list[bytes]] = [[]]  # tile level → hashes of its partial tile
        self._bundle: list[bytes] = []  # entries that no full bundle holds yet
        self._unsynced: set[Path] = set()  # folders with new names
        self._outgrown: list[Path] = []  # partial tiles whose full one exists
        self._nodes: dict[tuple[int, int], list[list[bytes]]] = {}  # of full tiles, which never change
        self._broken = False
        self._renew_at = WAL_LIMIT
        with durable.disk(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._aside = durable.clean_aside(folder)
            if not durable.check_format(folder, FORMAT):
                self._begin()
            self._recover()
            self._wal: int | None = os.open(folder / WAL, os.O_WRONLY | os.O_APPEND)

    def close(self) -> None:
        """Let go of the files; nothing is lost without it."""
        with self._lock:
            if self._wal is not None:
                os.close(self._wal)
            self._wal = None

    # --- reading ------------------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Number of durable entries."""
        return self._frontier.size

    @property
    def root(self) -> bytes:
        """Root hash of all entries, 32 bytes."""
        return self._frontier.root

    @property
    def stopped(self) -> bool:
        """Whether it takes nothing more until it is opened anew."""
        return self._broken or self._wal is None

    def entry(self, index: int) -> bytes:
        """The entry at `index`, or `NotFound`."""
        refuse_index(index, self.size)
        return self._entries_of(index // WIDTH)[index % WIDTH]

    def leaf_hash(self, index: int) -> bytes:
        """The leaf hash at `index`, or `NotFound`."""
        refuse_index(index, self.size)
        return self._subtree(0, index)

    def entries(self, start: int = 0) -> Iterator[bytes]:
        """Every entry from `start` on, in order; those that arrive meanwhile are not among them."""
        at, end = max(start, 0), self.size
        while at < end:
            number = at // WIDTH
            yield from self._entries_of(number)[at % WIDTH : end - number * WIDTH]
            at = (number + 1) * WIDTH

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """The audit path of `index` in the tree of the first `size` entries; reads a few tiles."""
        refuse_size(size, self.size)
        return merkle.inclusion(index, size, self._subtree)

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """The proof that the first `new` entries extend the first `old`; reads a few tiles."""
        refuse_size(new, self.size)
        return merkle.consistency(old, new, self._subtree)

    def checkpoint(self) -> str:
        """The last published checkpoint note, or `NotFound`."""
        with durable.disk(self._folder):
            try:
                return (self._folder / CHECKPOINT).read_text(encoding="utf-8")
            except FileNotFoundError:
                raise NotFound("log.checkpoint-missing") from None
            except UnicodeError:
                raise Untrusted("log.file-malformed", path=CHECKPOINT) from None

    def _entries_of(self, number: int) -> list[bytes]:
        with self._lock:
            if number == self.size // WIDTH:
                return list(self._bundle)
        name = path(ENTRIES, number)
        return unbundled(self._read(name), WIDTH, where=name)

    def _subtree(self, level: int, number: int) -> bytes:
        """The hash of a complete subtree, from the one tile that holds its parts."""
        tile_level, inner = divmod(level, HEIGHT)
        first, count = number << inner, 1 << inner
        tile, at = divmod(first, WIDTH)
        with self._lock:
            if tile == (self.size >> (HEIGHT * tile_level)) // WIDTH:
                return Frontier(self._tails[tile_level][at : at + count]).root
        if tile_level == 0:  # one of very many
            return Frontier(self._hashes(0, tile)[at : at + count]).root
        return self._inside(tile_level, tile)[inner][at >> inner]

    def _inside(self, level: int, number: int) -> list[list[bytes]]:
        """The hashes of a full tile, and of all subtrees in it by their level; those of the last few are remembered."""
        found = self._nodes.pop((level, number), None)
        if found is None:
            found = [self._hashes(level, number)]
            while len(found[-1]) > 1:
                below = found[-1]
                found.append([merkle.node_hash(*pair) for pair in zip(below[::2], below[1::2], strict=True)])
        self._nodes[level, number] = found
        if len(self._nodes) > NODES:
            with suppress(KeyError, StopIteration, RuntimeError):  # another may just be there
                del self._nodes[next(iter(self._nodes))]
        return found

    def _hashes(self, level: int, number: int) -> list[bytes]:
        """The hashes of a full tile."""
        name = path(level, number)
        data = self._read(name)
        if len(data) != WIDTH * HASH_BYTES:
            raise Untrusted("log.file-malformed", path=name)
        return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]

    def _read(self, name: str) -> bytes:
        with durable.disk(self._folder / name):
            try:
                return (self._folder / name).read_bytes()
            except FileNotFoundError:
                raise Untrusted("log.file-missing", path=name) from None

    # --- writing ------------------------------------------------------------------------------------------------------

    def append(self, entries: Sequence[bytes]) -> int:
        """Make `entries` durable in one batch; the index of the first.

        After a failure of the disk the log takes nothing more until it is opened anew, which finds out what is there.
        """
        refuse_entries(entries)
        with self._lock, durable.disk(self._folder):
            if self.stopped or self._wal is None:
                raise Unavailable("log.stopped", path=str(self._folder))
            first = self.size
            leaves = [merkle.leaf_hash(entry) for entry in entries]
            grown = self._frontier.copy()
            for leaf in leaves:
                grown.push(leaf)
            record = bundled(entries) + _END + grown.root
            self._broken = True  # until all of it is done
            durable.write_all(self._wal, record)
            os.fsync(self._wal)
            self._take(entries, leaves)
            self._frontier = grown
            if os.fstat(self._wal).st_size > self._renew_at:
                self._wal = self._renew_wal(self._wal)
            self._broken = False
            return first

    def publish(self, checkpoint: str) -> None:
        """Make the signed checkpoint visible, after everything that it covers; one of another tree is `Invalid`."""
        with self._lock, durable.disk(self._folder):
            refuse_checkpoint(checkpoint, self.size, self.root)
            self._show_partial()
            durable.write(self._folder / CHECKPOINT, checkpoint.encode(), aside=self._aside)
            for folder in self._outgrown:  # readers of an older checkpoint find the full tile instead
                shutil.rmtree(folder, ignore_errors=True)
            self._outgrown.clear()

    def _take(self, entries: Sequence[bytes], leaves: Sequence[bytes]) -> None:
        """Put entries that are durable, and follow the `_frontier`, into bundles and tiles."""
        for index, (entry, leaf) in enumerate(zip(entries, leaves, strict=True), start=self._frontier.size):
            self._bundle.append(entry)
            if len(self._bundle) == WIDTH:
                self._keep(path(ENTRIES, index // WIDTH), bundled(self._bundle))
                self._bundle = []
            self._take_hash(0, index, leaf)

    def _take_hash(self, level: int, number: int, hash: bytes) -> None:
        while level >= len(self._tails):
            self._tails.append([])
        tail = self._tails[level]
        tail.append(hash)
        if len(tail) == WIDTH:
            self._keep(path(level, number // WIDTH), b"".join(tail))
            self._tails[level] = []
            self._take_hash(level + 1, number // WIDTH, Frontier(tail).root)

    def _keep(self, name: str, data: bytes) -> None:
        """Write a full tile once; one that stands there already must be the same."""
        target = self._folder / name
        if target.exists():
            if target.read_bytes() != data:
                raise Untrusted("log.file-wrong", path=name)
        else:
            self._make_folder(target.parent)
            durable.write(target, data, aside=self._aside)
        partial = target.with_name(f"{target.name}.p")
        if partial.exists():
            self._outgrown.append(partial)

    def _show_partial(self) -> None:
        """Write the partial tiles of the log as it is now, for readers; not synced, a start makes them anew."""
        shown = [(path(ENTRIES, self.size // WIDTH, len(self._bundle)), bundled(self._bundle))] if self._bundle else []
        for level, tail in enumerate(self._tails):
            if tail:
                number = (self.size >> (HEIGHT * level)) // WIDTH
                shown.append((path(level, number, len(tail)), b"".join(tail)))
        for name, data in shown:
            target = self._folder / name
            if not target.exists() or target.read_bytes() != data:
                self._make_folder(target.parent)
                durable.write(target, data, aside=self._aside, sync=False)

    def _make_folder(self, folder: Path) -> None:
        """Make a folder, and those above it, for a new name in it; all are to be synced."""
        self._unsynced.add(folder)
        if not folder.exists():
            self._make_folder(folder.parent)
            folder.mkdir(mode=0o700)

    # --- starting -----------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Make an empty log; `format` comes last, so that half a beginning is none."""
        wal = self._folder / WAL
        used = wal.exists() and wal.stat().st_size > _HEADER
        if used or any((self._folder / name).exists() for name in ("tile", CHECKPOINT)):
            raise Untrusted("log.file-missing", path=durable.FORMAT)
        self._write_wal(0, merkle.EMPTY, b"")
        durable.write(self._folder / durable.FORMAT, f"{FORMAT}\n".encode(), aside=self._aside)
        durable.sync_folder(self._folder)

    def _write_wal(self, size: int, root: bytes, batches: bytes) -> None:
        durable.write(self._folder / WAL, size.to_bytes(8, "big") + root + batches, aside=self._aside)
        durable.sync_folder(self._folder)

    def _renew_wal(self, old: int) -> int:
        """Begin the file anew with what no full tile holds, once all names of full tiles are on the disk.

        Takes the old file's handle and gives the new one's.
        """
        for folder in sorted(self._unsynced):
            if folder.exists():
                durable.sync_folder(folder)
        self._unsynced.clear()
        base = self.size - len(self._bundle)
        batch = bundled(self._bundle) + _END + self.root if self._bundle else b""
        self._write_wal(base, merkle.root(base, self._subtree), batch)
        self._renew_at = max(WAL_LIMIT, 2 * len(batch))  # large entries must not make it begin anew each time
        new = os.open(self._folder / WAL, os.O_WRONLY | os.O_APPEND)
        os.close(old)
        return new

    def _recover(self) -> None:
        """Take tiles up again, roll forward what only `wal` has, cut what was torn, compare with the checkpoint."""
        data = self._read(WAL)
        base, root = int.from_bytes(data[:8], "big"), data[8:_HEADER]
        if len(data) < _HEADER or base % WIDTH:
            raise Untrusted("log.file-malformed", path=WAL)
        old = max(0, base - RECENT) // WIDTH**2 * WIDTH
        self._take_up(old)
        for number in range(old, base // WIDTH):
            self._replay_tile(number)
        if self.root != root:
            raise Untrusted("log.root-wrong", size=base)
        at = _HEADER
        for entries, after, end in _batches(data, at):
            grown = self._frontier.copy()
            for entry in entries:
                grown.push(merkle.leaf_hash(entry))
            if grown.root != after:
                break
            self._replay(entries)
            at = end
        self._compare_checkpoint()
        if at < len(data):
            self._cut_wal(at)
        self._show_partial()

    def _take_up(self, tiles: int) -> None:
        """Begin with so many tiles of leaves, a multiple of `WIDTH`, as the tiles above them tell of them."""
        count, level = tiles, 1
        while count:
            first = count - count % WIDTH
            self._tails.append([Frontier(self._hashes(level - 1, number)).root for number in range(first, count)])
            count, level = count // WIDTH, level + 1
        for level in reversed(range(1, len(self._tails))):
            for hash in self._tails[level]:
                self._frontier.push(hash, level=HEIGHT * level)

    def _replay_tile(self, number: int) -> None:
        """Hash a full tile's entries again."""
        name = path(ENTRIES, number)
        leaves = [merkle.leaf_hash(entry) for entry in unbundled(self._read(name), WIDTH, where=name)]
        self._keep(path(0, number), b"".join(leaves))
        root = Frontier(leaves).root
        self._take_hash(1, number, root)
        self._frontier.push(root, level=HEIGHT)

    def _replay(self, entries: Sequence[bytes]) -> None:
        leaves = [merkle.leaf_hash(entry) for entry in entries]
        self._take(entries, leaves)
        for leaf in leaves:
            self._frontier.push(leaf)

    def _cut_wal(self, size: int) -> None:
        handle = os.open(self._folder / WAL, os.O_WRONLY)
        try:
            os.ftruncate(handle, size)
            os.fsync(handle)
        finally:
            os.close(handle)

    def _compare_checkpoint(self) -> None:
        """What was published must still be the beginning of the log."""
        try:
            checkpoint = unsigned_checkpoint(self.checkpoint())
        except NotFound:
            return
        if checkpoint.size > self.size:
            raise Untrusted("log.entries-lost", size=self.size, expected=checkpoint.size)
        if merkle.root(checkpoint.size, self._subtree) != checkpoint.root:
            raise Untrusted("log.root-wrong", size=checkpoint.size)


def _batches(data: bytes, at: int) -> Iterator[tuple[list[bytes], bytes, int]]:
    """(entries, root after them, where the batch ends) of every batch in a `wal` that is whole, from offset `at`."""
    entries: list[bytes] = []
    while at + 2 <= len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        at += 2
        if length:
            entries.append(data[at : at + length])
            at += length
        else:
            at += HASH_BYTES
            if at > len(data) or not entries:
                return
            yield entries, data[at - HASH_BYTES : at], at
            entries = []
