"""Audit a whole log: every file hashed again, every body judged, against one signed checkpoint. Needs no dam."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from datadam import merkle, seal
from datadam.errors import NotFound, Untrusted
from datadam.formats import note, tiles
from datadam.ledger import KeyRing
from datadam.model import Checkpoint, Class, StatementId


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an audit of the whole log looked at; that it returned at all says that everything held."""

    checkpoint: Checkpoint
    entries: int
    files: int  # tiles and bundles
    bodies: int = 0  # statements whose digest, class, signatures and parties were checked
    absent: int = 0  # bodies that were erased or not shown to the auditor
    unjudged: int = 0  # statements shown, but signed by a key whose own statement was not


def audit(
    read: Callable[[str], bytes],
    *,
    vkey: str,
    bodies: Callable[[str], bytes | None] | None,
    pinned: Checkpoint | None = None,
) -> Audit:
    """Hash a whole log again, file by file, against its signed checkpoint; `Untrusted` says what is wrong and where.

    `read` gives the file of a C2SP path (`checkpoint`, `tile/0/000`, `tile/entries/000.p/5`) or raises `NotFound`.
    `bodies`, if given, gives a statement's envelope, or None where it was erased or is not for the auditor's eyes:
    those that are there must be what their entries say, and be signed by exactly their parties with keys in force at
    their place. The log must begin with what was `pinned`.
    """
    checkpoint = _opened(read, vkey, pinned)
    walk = _Walk(read, checkpoint.size, pinned)
    judge = _Judge(KeyRing(checkpoint.origin, vkey), bodies)
    for index, data in enumerate(walk.entries()):
        judge.look(index, *note.read_entry(data, index=index))
    if walk.root != checkpoint.root:
        raise Untrusted("log.root-wrong", size=checkpoint.size)
    if judge.bodies and not judge.blind:
        judge.ring.stands()
    return Audit(
        checkpoint=checkpoint,
        entries=checkpoint.size,
        files=walk.files,
        bodies=judge.bodies,
        absent=judge.absent,
        unjudged=judge.unjudged,
    )


def entries(
    read: Callable[[str], bytes], *, vkey: str, pinned: Checkpoint | None = None
) -> tuple[Checkpoint, tuple[bytes, ...]]:
    """Every entry as it is, unjudged, of a log whose files hold together under its checkpoint; else `Untrusted`."""
    checkpoint = _opened(read, vkey, pinned)
    walk = _Walk(read, checkpoint.size, pinned)
    found = tuple(walk.entries())
    if walk.root != checkpoint.root:
        raise Untrusted("log.root-wrong", size=checkpoint.size)
    return checkpoint, found


def _opened(read: Callable[[str], bytes], vkey: str, pinned: Checkpoint | None) -> Checkpoint:
    checkpoint = note.open_checkpoint(_present(read, tiles.CHECKPOINT), vkey)
    if pinned is not None and (pinned.origin != checkpoint.origin or pinned.size > checkpoint.size):
        raise Untrusted("checkpoint.smaller", size=checkpoint.size, expected=pinned.size)
    return checkpoint


def _present(read: Callable[[str], bytes], path: str) -> bytes:
    try:
        return read(path)
    except NotFound:
        raise Untrusted("log.file-missing", path=path) from None


class _Walk:
    """A walk over all files of a log: gives its entries, while every hash tile is compared with what they hash to."""

    def __init__(self, read: Callable[[str], bytes], size: int, pinned: Checkpoint | None) -> None:
        self.files = 0
        self._read, self._size, self._pinned = read, size, pinned
        self._frontier = merkle.Frontier()
        self._tails: list[list[bytes]] = [[] for _ in range(tiles.levels(size))]

    @property
    def root(self) -> bytes:
        return self._frontier.root

    def entries(self) -> Iterator[bytes]:
        self._look_back()
        for number, width in tiles.widths(0, self._size):
            name, data, held = self._file(tiles.ENTRIES, number, width)
            for entry in tiles.unbundled(data, held, where=name)[:width]:
                leaf = merkle.leaf_hash(entry)
                self._frontier.push(leaf)
                self._look_back()
                self._tails[0].append(leaf)
                yield entry
            self._compare(0, number, width)
        for level in range(1, len(self._tails)):
            if self._tails[level]:
                self._compare(level, (self._size >> tiles.HEIGHT * level) // tiles.WIDTH, len(self._tails[level]))

    def _look_back(self) -> None:
        """At the size that was pinned, the root must be what it was."""
        if self._pinned and self._pinned.size == self._frontier.size and self._pinned.root != self._frontier.root:
            raise Untrusted("checkpoint.forked", size=self._pinned.size)

    def _compare(self, level: int, number: int, width: int) -> None:
        """Compare a tile with the hashes that were computed for it; a full one counts as one hash a level up."""
        name, data, _ = self._file(level, number, width)
        tail = self._tails[level]
        expected = b"".join(tail)
        if data[: len(expected)] != expected or (
            len(data) != len(expected) and name == tiles.path(level, number, width)
        ):
            raise Untrusted("log.file-wrong", path=name)
        if width == tiles.WIDTH:
            self._tails[level] = []
            above = self._tails[level + 1]
            above.append(merkle.Frontier(tail).root)
            if len(above) == tiles.WIDTH:
                self._compare(level + 1, number // tiles.WIDTH, tiles.WIDTH)

    def _file(self, level: int | str, number: int, width: int) -> tuple[str, bytes, int]:
        """Name, bytes and width of a file; where a partial one is gone, the full one that outgrew it serves."""
        self.files += 1
        name = tiles.path(level, number, width)
        try:
            return name, self._read(name), width
        except NotFound:
            if width == tiles.WIDTH:
                raise Untrusted("log.file-missing", path=name) from None
        full = tiles.path(level, number)
        try:
            return full, self._read(full), tiles.WIDTH
        except NotFound:
            raise Untrusted("log.file-missing", path=name) from None


@dataclass(slots=True)
class _Judge:
    """Judges the bodies that an auditor is shown, in log order."""

    ring: KeyRing
    read: Callable[[str], bytes | None] | None
    bodies: int = 0
    absent: int = 0
    unjudged: int = 0
    blind: bool = False  # a registry body is absent: it may have introduced or retired a key

    def look(self, index: int, clazz: Class, id: StatementId) -> None:
        if self.read is None:
            return
        try:
            data = self.read(id)
        except NotFound:
            data = None
        if data is None:
            self.absent += 1
            self.blind |= clazz is Class.REGISTRY
            return
        statement = seal.opened(data)
        if statement.id != id:
            raise Untrusted("body.digest-wrong", id=id)
        if statement.clazz is not clazz:
            raise Untrusted("log.class-wrong", index=index, statement=id)
        if self.blind and not self.ring.knows(statement):
            self.unjudged += 1
            return
        self.ring.admit(statement, index)
        self.bodies += 1
