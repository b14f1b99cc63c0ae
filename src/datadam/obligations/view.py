"""A whole log as a check sees it: each statement that is believed, with who signed it, and each one that is not.

The files of the log must hold together under its checkpoint, or there is nothing to check. What stands in it may be
wrong in every way, and is looked at all the same: that is what checks are for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from datadam import seal
from datadam.audit import entries
from datadam.errors import DamError, NotFound, Untrusted
from datadam.formats import note
from datadam.formats.statements import shaped
from datadam.ledger import KeyRing
from datadam.model import Checkpoint, Class, Json, Kind, Statement, StatementId


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A statement that is believed: of a known shape, signed by exactly its parties with keys in force at its place."""

    index: int
    statement: Statement
    signers: Mapping[str, str]  # kid → owner: a member id, or `dam`

    @property
    def id(self) -> StatementId:
        """The statement's id."""
        return self.statement.id

    @property
    def kind(self) -> Kind:
        """What it is a statement of."""
        return self.statement.kind

    @property
    def body(self) -> Json:
        """What it says."""
        return self.statement.body

    @property
    def issued(self) -> str:
        """When its signers say that it was signed."""
        return str(self.statement.body["issued"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbelieved:
    """An entry that tells nothing that can be believed: its body was not shown or is gone, or something is wrong."""

    index: int
    id: str  # empty where the entry itself is none
    statement: Statement | None = None  # as it is there; None: not shown, gone, or not even a statement
    fault: DamError | None = None  # None: not shown, or signed by a key whose own statement was not shown
    activity: bool = False  # one that was not shown, of the class whose bodies are not for everybody


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A key as the log tells it."""

    owner: str  # member id, or `dam`
    since: int  # log index of the statement that introduced it
    until: int | None = None  # log index of the statement that retired it; that one may still be signed by it


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """A log, entry by entry, at a time."""

    checkpoint: Checkpoint
    now: datetime  # of the auditor's clock
    logged: tuple[Logged, ...]  # in log order
    unbelieved: tuple[Unbelieved, ...]
    keys: Mapping[str, Held]  # by kid
    whole: bool = True  # whether all bodies that there are were shown
    served: bool = False  # by the dam, which shows nobody else what contributors handed in to private answers
    records: bytes | None = None  # a record of processing that the auditor was handed: row 21 makes it again
    strangers: Mapping[str, str] = field(default_factory=dict)  # open reservoirs that one asked for → code of a refusal
    persons: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # who declares, by the digest of the body
    opened: Mapping[str, int] = field(default_factory=dict)  # by opening: bytes at hand, -1 if they are other ones

    def of(self, *kinds: Kind) -> tuple[Logged, ...]:
        """The believed statements of these kinds, in log order."""
        if len(kinds) == 1:
            return self._by_kind.get(kinds[0], ())
        return tuple(one for one in self.logged if one.kind in kinds)

    def find(self, id: object) -> Logged | None:
        """The believed statement with that id."""
        return self._by_id.get(str(id))

    @property
    def unseen(self) -> int:
        """How many entries nothing is known of: their bodies were erased, or not shown to this auditor."""
        return sum(one.fault is None for one in self.unbelieved)

    @cached_property
    def home(self) -> str:
        """The dam's jurisdiction, as its first statement says; empty where that was not shown."""
        return next((str(one.body["jurisdiction"]) for one in self.of(Kind.DAM)), "")

    @cached_property
    def _by_kind(self) -> Mapping[Kind, tuple[Logged, ...]]:
        found: dict[Kind, list[Logged]] = {}
        for one in self.logged:
            found.setdefault(one.kind, []).append(one)
        return {kind: tuple(held) for kind, held in found.items()}

    @cached_property
    def _by_id(self) -> Mapping[str, Logged]:
        found: dict[str, Logged] = {}
        for one in self.logged:
            found.setdefault(one.id, one)
        return found


def look(
    read: Callable[[str], bytes],
    *,
    vkey: str,
    bodies: Callable[[str], bytes | None],
    now: datetime,
    pinned: Checkpoint | None = None,
) -> View:
    """The log whose files `read` gives, seen with the bodies that `bodies` shows, None where one is not to be had.

    `bodies` is asked in the log's order, once for each entry. `Untrusted` where the files do not hold together.
    """
    checkpoint, found = entries(read, vkey=vkey, pinned=pinned)
    eye = _Eye(KeyRing(checkpoint.origin, vkey), bodies)
    for index, data in enumerate(found):
        eye.see(index, data)
    eye.look_back()
    return View(
        checkpoint=checkpoint,
        now=now,
        logged=tuple(eye.logged),
        unbelieved=tuple(eye.unbelieved),
        keys=eye.keys,
    )


class _Eye:
    """Sees entries one by one, and learns keys as the log tells them."""

    def __init__(self, ring: KeyRing, bodies: Callable[[str], bytes | None]) -> None:
        self.logged: list[Logged] = []
        self.unbelieved: list[Unbelieved] = []
        self.keys: dict[str, Held] = {}
        self._ring, self._bodies = ring, bodies
        self._blind = False  # a registry body was not shown: it may have introduced or retired a key

    def see(self, index: int, data: bytes) -> None:
        """One entry."""
        try:
            clazz, id = note.read_entry(data, index=index)
        except DamError as fault:
            self._bodies("")  # it is asked once for each entry, whatever that is
            self.unbelieved.append(Unbelieved(index=index, id="", fault=fault))
            return
        statement: Statement | None = None
        try:
            shown = self._shown(id)
            if shown is None:
                self._blind |= clazz is Class.REGISTRY
                self.unbelieved.append(Unbelieved(index=index, id=id, activity=clazz is Class.ACTIVITY))
                return
            statement = seal.opened(shown)
            signers = self._believed(index, id, clazz, statement)
        except DamError as fault:
            self.unbelieved.append(Unbelieved(index=index, id=id, statement=statement, fault=fault))
            return
        if signers is None:
            self.unbelieved.append(Unbelieved(index=index, id=id, statement=statement))
        else:
            self.logged.append(Logged(index=index, statement=statement, signers=signers))

    def look_back(self) -> None:
        """Believe no first statement that does not lead to the key which signs this log."""
        if not self.logged or self.logged[0].kind is not Kind.DAM:
            return
        try:
            self._ring.stands()
        except DamError as fault:
            first = self.logged.pop(0)
            self.unbelieved.insert(0, Unbelieved(index=0, id=first.id, statement=first.statement, fault=fault))

    def _shown(self, id: str) -> bytes | None:
        try:
            return self._bodies(id)
        except NotFound:
            return None

    def _believed(self, index: int, id: str, clazz: Class, statement: Statement) -> Mapping[str, str] | None:
        """Who signed; None where that cannot be judged, because the key's own statement was not shown."""
        if statement.id != id:
            raise Untrusted("body.digest-wrong", id=id)
        if statement.clazz is not clazz:
            raise Untrusted("log.class-wrong", index=index, statement=id)
        if self._blind and not self._ring.knows(statement):
            return None
        shaped(statement)
        signers = self._ring.admit(statement, index)
        for kid in set(self._ring.keys) - set(self.keys):
            self.keys[kid] = Held(owner=self._ring.owners[kid], since=index)
        for kid in self._ring.retired & set(self.keys):
            if self.keys[kid].until is None:
                self.keys[kid] = Held(owner=self.keys[kid].owner, since=self.keys[kid].since, until=index)
        return signers
