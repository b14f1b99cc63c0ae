"""Follow another dam's log: take it stretch by stretch, and believe nothing of it that is not proven. Pure.

A `Batch` is a stretch of a log as it goes over the wire, pushed or pulled: its entries, a signed checkpoint that covers
them, the bodies that the reader may see. A `Follower` is all that has to be remembered to judge the next one: the
complete subtrees of what was taken, and the keys that its statements introduced.

What `Follower.take` gives is proven as a full audit of the log from its first entry on would prove it:

1. the stretch begins where the last one ended, and leads to a root that the log's key signed, or that a consistency
   proof leads on from; so every entry is included, and nothing that was taken before was changed;
2. every body is the one whose digest an entry names, of the class that the entry says, and has the shape of its kind;
3. every registry body is there, so no key entered or ended unseen;
4. every statement is signed by exactly its parties, with keys in force at its place.

If any of it does not hold nothing is taken, and the follower is what it was.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from datadam import merkle, seal, succession
from datadam.errors import DamError, Invalid, Refused, Untrusted
from datadam.formats import note
from datadam.formats.statements import shaped
from datadam.ledger import Home, KeyRing, Pending
from datadam.model import Checkpoint, Class, Json, Statement, StatementId, standard_id

MAX_ENTRIES: Final = 4096  # of a batch
MAX_BATCH: Final = 8 * 1024 * 1024  # bytes of a batch
MAX_STEPS: Final = 16  # rotations of a log's key that one batch leads through
VERSION: Final = 1
_ROOM: Final = 512 * 1024  # bytes of a batch that are kept for all but entries and bodies
_ENTRY: Final = 69  # bytes of an entry in a batch, with its quotation marks and comma
_CLASSES: Final[Mapping[str, Class]] = {"r": Class.REGISTRY, "a": Class.ACTIVITY}
_LETTERS: Final = {clazz: letter for letter, clazz in _CLASSES.items()}
_ID: Final = 64  # letters of a statement's id
_ENTRY_TEXT: Final = re.compile(f"[{''.join(_CLASSES)}][0-9a-f]{{{_ID}}}")

Named = tuple[Class, StatementId]
"""What an entry says of a statement."""


# --- on the wire ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A stretch of a log: what one dam shows another of it."""

    origin: str
    old: int  # index of the first entry
    entries: tuple[Named, ...]
    checkpoint: str  # a signed note of a size not below the end of the stretch
    proof: tuple[bytes, ...] = ()  # that the log of that size begins with the stretch's end; empty where it is the end
    bodies: tuple[str, ...] = ()  # envelopes: of all registry entries, and of those others that the reader may see
    about: Mapping[str, str] = field(default_factory=dict)  # statement → standard, where the statement does not name it
    steps: tuple[Json, ...] = ()  # receipts of rotations of the log's key, for whoever trusts a former one

    @property
    def end(self) -> int:
        """The size of the log that the stretch leads to."""
        return self.old + len(self.entries)

    def write(self) -> bytes:
        """The batch as it is sent: JSON."""
        told = {
            "v": VERSION,
            "origin": self.origin,
            "old": self.old,
            "entries": [_LETTERS[clazz] + id for clazz, id in self.entries],
            "checkpoint": self.checkpoint,
            "proof": [note.base64_of(hash) for hash in self.proof],
            "bodies": list(self.bodies),
            "about": dict(self.about),
            "steps": list(self.steps),
        }
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def read(cls, data: bytes) -> "Batch":
        """A batch as it was sent, believed by nobody yet; of another shape, or beyond a bound, it is `Invalid`."""
        if len(data) > MAX_BATCH:
            raise Invalid("peer.batch-too-large", size=len(data), limit=MAX_BATCH)
        told = seal.parse(data)
        if not isinstance(told, dict) or set(told) != set(_CHECKS):
            raise Invalid("peer.batch-malformed", field="(top)")
        fault = next((name for name in _CHECKS if not _CHECKS[name](told[name])), None)
        if fault is not None:
            raise Invalid("peer.batch-malformed", field=fault)
        proof = tuple(hash for text in told["proof"] if (hash := note.unbase64(text)) is not None)
        return cls(
            origin=told["origin"],
            old=told["old"],
            entries=tuple((_CLASSES[text[0]], StatementId(text[1:])) for text in told["entries"]),
            checkpoint=told["checkpoint"],
            proof=proof,
            bodies=tuple(told["bodies"]),
            about=told["about"],
            steps=tuple(told["steps"]),
        )


def _is_entry(value: object) -> bool:
    return isinstance(value, str) and _ENTRY_TEXT.fullmatch(value) is not None


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and note.unbase64(value) is not None


def _is_standard(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(standard_id(value))
    except Invalid:
        return False


_CHECKS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "v": lambda value: type(value) is int and value == VERSION,
    "origin": lambda value: isinstance(value, str) and note.is_name(value),
    "old": lambda value: type(value) is int and 0 <= value <= note.MAX_SIZE,
    "entries": lambda value: _are(value, MAX_ENTRIES, _is_entry),
    "checkpoint": lambda value: isinstance(value, str) and len(value) <= note.MAX_NOTE,
    "proof": lambda value: _are(value, merkle.MAX_PROOF, _is_hash),
    "bodies": lambda value: _are(value, MAX_ENTRIES, lambda one: isinstance(one, str)),
    "about": lambda value: isinstance(value, dict) and _are(list(value.values()), MAX_ENTRIES, _is_standard),
    "steps": lambda value: _are(value, MAX_STEPS, lambda one: isinstance(one, dict)),
}
"""Whether a field of a batch has its shape; what it says is for `Follower.take`."""


def _are(values: object, most: int, fits: Callable[[object], bool]) -> bool:
    return isinstance(values, list) and len(values) <= most and all(map(fits, values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A dam's own log, as far as a batch is made of it: what its ledger and its rules say."""

    origin: str
    checkpoint: str  # the last signed note
    entries: Callable[[int], Iterable[Named]]  # from an index on
    shown: Callable[[int, Class, StatementId], tuple[str, str | None] | None]  # envelope, and standard if it needs one
    proof: Callable[[int, int], Sequence[bytes]]  # RFC 6962 consistency
    steps: Callable[[], Sequence[Json]] = tuple  # receipts of the log's rotations


def stretch(source: Source, old: int) -> Batch:
    """What to send to whoever has the first `old` entries: as much as one batch holds. Beyond the end is `Refused`.

    `source.shown` is asked once for each entry; of a registry entry it has to give the body.
    """
    size = note.unsigned_checkpoint(source.checkpoint).size
    if old > size:
        raise Refused("peer.other-size", size=size)
    entries: list[Named] = []
    bodies: list[str] = []
    about: dict[str, str] = {}
    room = MAX_BATCH - _ROOM
    for index, (clazz, id) in enumerate(source.entries(old), start=old):
        if index >= size or len(entries) == MAX_ENTRIES:
            break
        found = source.shown(index, clazz, id)
        room -= _ENTRY + (_sent(found[0]) if found else 0)
        if room < 0 and entries:
            break
        entries.append((clazz, id))
        if found is not None:
            bodies.append(found[0])
            if found[1] is not None:
                about[id] = found[1]
    end = old + len(entries)
    return Batch(
        origin=source.origin,
        old=old,
        entries=tuple(entries),
        checkpoint=source.checkpoint,
        proof=tuple(source.proof(end, size)) if 0 < end < size else (),
        bodies=tuple(bodies),
        about=about,
        steps=tuple(source.steps()),
    )


def _sent(envelope: str) -> int:
    """Bytes that an envelope takes in a batch: its quotation marks are escaped."""
    return len(envelope) + envelope.count('"') + 160


# --- what to believe --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A statement of another dam's log: proven to stand there, and signed by its parties."""

    index: int
    statement: Statement
    envelope: str
    standard: str | None = None  # that its dam says it is about, where it does not say so itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """A log as far as it was followed. `take` gives the next one, and changes none."""

    peer: str  # the id that follows from the key in the log's entry 0
    origin: str
    vkey: str  # that is trusted to sign its checkpoints
    tree: merkle.Frontier = field(default_factory=merkle.Frontier)
    ring: KeyRing

    @classmethod
    def begin(cls, *, peer: str, origin: str, vkey: str) -> "Follower":
        """Before the first entry of a log, with the key that its two operators compared."""
        return cls(peer=peer, origin=origin, vkey=vkey, ring=KeyRing(origin, vkey))

    @property
    def size(self) -> int:
        """How many entries were taken."""
        return self.tree.size

    @property
    def root(self) -> bytes:
        """The root of the log at that size."""
        return self.tree.root

    def take(self, batch: Batch) -> tuple["Follower", tuple[Shown, ...]]:
        """The follower after a stretch, and every statement that was shown of it, in log order.

        `Refused` (`peer.other-size`) where the stretch does not begin where this one ends; `Untrusted` or `Invalid`
        where anything about it does not hold. The codes that tell of another history: `checkpoint.smaller`,
        `checkpoint.forked`, `peer.root-other`.
        """
        if batch.origin != self.origin:
            raise Untrusted("checkpoint.other-origin", origin=batch.origin[:80], expected=self.origin)
        vkey, checkpoint = self.opened(batch.checkpoint, batch.steps)
        self._refuse_other(checkpoint)
        if batch.old != self.size:
            raise Refused("peer.other-size", size=self.size)
        tree = self._grown(batch, checkpoint)
        shown = _placed(batch)
        ring = self.ring.copy()
        ring.log = vkey
        for one in shown:
            ring.admit(one.statement, one.index)
            if one.index == 0 and seal.peer_id(one.statement.body["key"]) != self.peer:
                raise Untrusted("peer.key-changed", peer=self.peer)
        if 0 < tree.size == checkpoint.size:
            ring.stands()
        return replace(self, vkey=vkey, tree=tree, ring=ring), shown

    def opened(self, checkpoint: str, steps: Sequence[Json] = ()) -> tuple[str, Checkpoint]:
        """A note's checkpoint and the verifier key that signed it: the trusted one, or one that it led to."""
        name, id, _ = note.read_vkey(self.vkey)
        vkey = self.vkey
        if steps and id not in note.key_ids(checkpoint, name):
            vkey, _ = succession.follow(steps, vkey=self.vkey)
        return vkey, note.open_checkpoint(checkpoint, vkey)

    def _refuse_other(self, checkpoint: Checkpoint) -> None:
        """Whether a signed checkpoint by itself shows another history than what was taken."""
        if checkpoint.size < self.size:
            raise Untrusted("checkpoint.smaller", size=checkpoint.size, expected=self.size)
        if checkpoint.size == self.size and checkpoint.root != self.root:
            raise Untrusted("checkpoint.forked", size=self.size)

    def _grown(self, batch: Batch, checkpoint: Checkpoint) -> merkle.Frontier:
        """The tree with the stretch's entries, if the checkpoint's root has it at its beginning."""
        if batch.end > checkpoint.size:
            raise Untrusted("peer.batch-beyond", size=checkpoint.size, end=batch.end)
        tree = self.tree.copy()
        for clazz, id in batch.entries:
            tree.push(merkle.leaf_hash(note.entry(clazz, id)))
        try:
            merkle.verify_consistency(tree.size, checkpoint.size, batch.proof, tree.root, checkpoint.root)
        except Untrusted as error:
            raise Untrusted("peer.root-other", origin=self.origin, size=checkpoint.size) from error
        return tree

    def write(self) -> str:
        """The follower as JSON text that can be kept."""
        ring = self.ring
        told = {
            "v": VERSION,
            "peer": self.peer,
            "origin": self.origin,
            "vkey": self.vkey,
            "size": self.size,
            "peaks": [note.base64_of(hash) for hash in self.tree.peaks],
            "keys": {kid: [ring.owners[kid], jwk["x"]] for kid, jwk in ring.keys.items()},
            "retired": sorted(ring.retired),
            "newest": ring.newest,
            "logs": ring.logs,
            "pending": {id: [one.jwk["x"], one.member, one.until] for id, one in ring.pending.items()},
            "homes": {peer: [one.origin, one.log, one.key] for peer, one in ring.homes.items()},
            "guests": ring.guests,
        }
        return json.dumps(told, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> "Follower":
        """A follower that was kept; anything else is `Untrusted`: then the log is followed from its beginning."""
        try:
            return _kept(cls, seal.parse(text))
        except (DamError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise Untrusted("peer.follower-malformed") from error


def _kept(cls: type[Follower], told: Json) -> Follower:
    if told["v"] != VERSION:
        raise ValueError(told["v"])
    jwks = {kid: _jwk(x) for kid, (_, x) in told["keys"].items()}
    ring = KeyRing(
        told["origin"],
        told["vkey"],
        keys=jwks,
        owners={kid: owner for kid, (owner, _) in told["keys"].items()},
        retired=set(told["retired"]),
        newest=dict(told["newest"]),
        logs=list(told["logs"]),
        homes={peer: Home(origin=origin, log=log, key=key) for peer, (origin, log, key) in told["homes"].items()},
        guests=dict(told["guests"]),
    )
    for id, (x, member, until) in told["pending"].items():
        jwk = _jwk(x)
        ring.pending[id] = Pending(kid=seal.thumbprint(jwk), jwk=jwk, member=member, until=until)
    peaks = [hash for one in told["peaks"] if (hash := note.unbase64(one)) is not None]
    tree = merkle.Frontier.of(told["size"], peaks)
    return cls(peer=told["peer"], origin=told["origin"], vkey=told["vkey"], tree=tree, ring=ring)


def _jwk(x: str) -> seal.Jwk:
    return seal.public({"kty": "OKP", "crv": seal.ALGORITHM, "x": x})


def _placed(batch: Batch) -> tuple[Shown, ...]:
    """Each body at the place of the entry that names it, in log order; one too many, or too few, is `Untrusted`."""
    places: dict[str, int] = {}
    for at, (_, id) in enumerate(batch.entries):
        if places.setdefault(id, at) != at:
            raise Untrusted("statement.repeated", statement=id)
    found: dict[int, Shown] = {}
    for body in batch.bodies:
        statement = seal.opened(body)
        at = places.get(statement.id, -1)
        if at < 0 or at in found:
            raise Untrusted("peer.body-other", statement=statement.id)
        if statement.clazz is not batch.entries[at][0]:
            raise Untrusted("log.class-wrong", index=batch.old + at, statement=statement.id)
        found[at] = Shown(
            index=batch.old + at,
            statement=shaped(statement),
            envelope=body,
            standard=batch.about.get(statement.id),
        )
    for at, (clazz, id) in enumerate(batch.entries):
        if clazz is Class.REGISTRY and at not in found:
            raise Untrusted("peer.body-missing", index=batch.old + at, statement=id)
    if not batch.about.keys() <= {one.statement.id for one in found.values()}:
        raise Untrusted("peer.body-other", statement=min(batch.about.keys())[:_ID])
    return tuple(found[at] for at in sorted(found))
