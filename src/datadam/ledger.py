"""The ledger: append statements to the log, sign its root, prove what stands in it, and check such proofs.

- A body is durable before its entry, an entry before the checkpoint that covers it.
- An entry tells a statement's class and id and nothing else; the statement itself lies in the bodies.
- A receipt needs no dam to check it. Its one trust anchor is the log's verifier key, which the checker already has.
- A signature counts by the keys in force at the log index of its statement, never by the time that it claims.
- A key enters by a statement that it signed itself: the dam's is entry 0; a member's or an operator's first one is
  signed by the dam too; a later one is signed by the key that it replaces, the log's by the dam's as well.
- A member that lost its key has the next one on the word of two operators, and only when the dam has logged, after the
  day that they named, that nobody objected with the old key.
- Another dam's key enters with the lineage that leads to it from that dam's own entry 0. What that dam says of its
  members' keys counts for those who are guests here, each by an adoption that carries the statement itself.
- Until the dam retires the key before, both of its own count. The log's may change while its name may not: a receipt
  tells every rotation of it, also what came after its statement.
- Exactly a statement's parties sign it: one signature too few and one too many are refused alike. Where stewards
  decide, at least so many of those whom the statement names sign it too.
- A checkpoint once believed is never unbelieved: a smaller or a forked one is refused.

A receipt shows what was included; that no *other* entry had retired a key by then is for an audit, which sees them all.
"""

import base64
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from datadam import merkle, seal
from datadam.errors import Invalid, NotFound, Untrusted
from datadam.formats import note
from datadam.model import Checkpoint, Class, Json, Kind, Statement, StatementId
from datadam.ports import Bodies, Log

DAM: Final = "dam"
"""The owner of the keys that the dam signs statements with."""
LOG: Final = "log"
"""The owner of the keys that sign the log's checkpoints."""
RECEIPT_VERSION: Final = 1
MAX_RECEIPT: Final = 4 * seal.MAX_ENVELOPE  # bytes; a standard's statement, base64, with room for its keys
MAX_KEYS: Final = 64  # key statements in a receipt; a member that rotates yearly needs fewer in a lifetime
OPERATORS: Final = 2  # that a recovery takes: one alone could take over an account

_BRINGS: Final = frozenset(
    {Kind.DAM, Kind.MEMBER, Kind.KEY, Kind.ROTATION, Kind.OPERATOR, Kind.RECOVERED, Kind.PEERING, Kind.GUEST}
)
ADOPTIONS: Final = frozenset({Kind.ADOPTION, Kind.CLOSED_ADOPTION})
"""Kinds that carry a statement of another dam's."""
_KEY_KINDS: Final = _BRINGS | {Kind.RECOVERY, Kind.ADOPTION}
_LINEAGE: Final = frozenset({Kind.DAM, Kind.ROTATION})
_VIA: Final = frozenset({Kind.MEMBER, Kind.KEY, Kind.OPERATOR, Kind.RECOVERY, Kind.RECOVERED, Kind.AGREEMENT})
_HOME_BRINGS: Final = frozenset({Kind.KEY, Kind.ROTATION, Kind.RECOVERED})
WRONG: Final[Mapping[Kind, str]] = {Kind.KEY: "key.rotation-wrong", Kind.RECOVERY: "recovery.signers-wrong"}
"""What it is called when the wrong keys signed; of the dam's own keys it is `key.succession-wrong`."""
_BY_STEWARDS: Final = frozenset({Kind.APPROVAL, Kind.RULING})
_PROVEN: Final = frozenset({"statement", "index", "proof"})
_RECEIPT: Final = _PROVEN | {"v", "keys", "checkpoint", "log"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a receipt proves: the statement, where the log has it, and who signed it."""

    statement: Statement
    index: int
    signers: Mapping[str, str]  # kid → owner: a member id, or `dam`
    checkpoint: Checkpoint
    logs: tuple[str, ...] = ()  # the log's verifier keys, in the order in which they came


# --- parties and keys -------------------------------------------------------------------------------------------------


def parties(statement: Statement) -> frozenset[str]:
    """Who must have signed: member ids and `dam`. A body that does not name them is `Invalid`."""
    kind, body = statement.kind, statement.body
    match kind:
        case Kind.MEMBER | Kind.AGREEMENT | Kind.MODEL | Kind.OPENING | Kind.RESERVATION | Kind.GUEST | Kind.PEERING:
            return frozenset({_text(statement, "peer" if kind is Kind.PEERING else "member"), DAM})
        case Kind.KEY | Kind.OBJECTION | Kind.COMMENT | Kind.CAP | Kind.COMMITMENT | Kind.SHOWING | Kind.CONSENT:
            return frozenset({_text(statement, "member")})
        case Kind.OPERATOR | Kind.ROTATION | Kind.RECOVERY:
            return _parties_to_keys(statement)
        case Kind.EXIT | Kind.AGREEMENT_CHANGE | Kind.DECLARATION | Kind.DISPUTE | Kind.DISPUTE_STEP if _is_members(
            kind, body
        ):
            return frozenset({_text(statement, "member"), DAM})
        case Kind.MANIFEST | Kind.WITHDRAWAL:
            return frozenset({_text(statement, "contributor")})
        case _:
            return frozenset({DAM})


def _is_members(kind: Kind, body: Json) -> bool:
    """Whether a statement that the dam may make alone is one that a member made with it."""
    if kind in {Kind.DECLARATION, Kind.DISPUTE, Kind.DISPUTE_STEP}:
        return body.get("member") is not None
    return body.get("signed_by_member" if kind is Kind.EXIT else "by_member") is True


def _parties_to_keys(statement: Statement) -> frozenset[str]:
    if statement.kind is Kind.OPERATOR:
        return frozenset({_text(statement, "operator"), DAM})
    if statement.kind is Kind.RECOVERY:
        return frozenset({_text(statement, "member"), *_operators(statement)})
    return frozenset({DAM, LOG} if statement.body.get("use") == LOG else {DAM})


def quorum(statement: Statement) -> tuple[frozenset[str], int]:
    """Who may have signed beside the parties, and how many of them must have; nobody, of most kinds."""
    operators = statement.kind is Kind.RULING and statement.body.get("stewards") == []
    if statement.kind not in _BY_STEWARDS or operators:
        return frozenset(), 0
    named, least = statement.body.get("stewards"), statement.body.get("quorum")
    if not isinstance(named, list) or not all(isinstance(one, str) and one not in {DAM, LOG} for one in named):
        raise Invalid("statement.malformed", field="stewards")
    if type(least) is not int or least < 1:
        raise Invalid("statement.malformed", field="quorum")
    return frozenset(named), least


def _text(statement: Statement, name: str) -> str:
    value = statement.body.get(name)
    if not isinstance(value, str) or value in {DAM, LOG}:
        raise Invalid("statement.malformed", field=name)
    return value


def _operators(statement: Statement) -> frozenset[str]:
    """The two operators that a recovery rests on; a member is none, nor is the dam."""
    named = statement.body.get("operators")
    if not isinstance(named, list) or not all(isinstance(one, str) and one.startswith("o-") for one in named):
        raise Invalid("statement.malformed", field="operators")
    if len(named) != OPERATORS or len(set(named)) != OPERATORS:
        raise Invalid("statement.malformed", field="operators")
    return frozenset(named)


def owner_of(statement: Statement) -> str:
    """Whose key it is that a statement brings in."""
    match statement.kind:
        case Kind.DAM:
            return DAM
        case Kind.ROTATION:
            return LOG if statement.body.get("use") == LOG else DAM
        case Kind.OPERATOR:
            return str(statement.body.get("operator"))
        case Kind.PEERING:
            return str(statement.body.get("peer"))
        case _:
            return str(statement.body.get("member"))


def signed_duly(statement: Statement, owners: Mapping[str, str]) -> bool:
    """Whether the right keys of the right parties signed what changes keys. `owners` has who signed: kid → owner.

    A next key is signed by the one that it replaces, a recovery by the new key alone for its member, a retirement by
    no key that it retires.
    """
    body, signed = statement.body, set(owners)
    match statement.kind:
        case Kind.KEY:
            return signed == {_kid_in(statement), str(body.get("replaces"))}
        case Kind.ROTATION:
            mine = {kid for kid in signed if owners[kid] == owner_of(statement)}
            return mine == {_kid_in(statement), str(body.get("replaces"))}
        case Kind.RECOVERY:
            return {kid for kid in signed if owners[kid] == body["member"]} == {_kid_in(statement)}
        case Kind.PEERING | Kind.GUEST:
            return {kid for kid in signed if owners[kid] == owner_of(statement)} == {_kid_in(statement)}
        case Kind.RETIREMENT:
            return body.get("key") not in signed
        case _:
            return True


def brought(statement: Statement) -> frozenset[str]:
    """The kids of the keys that count from a statement on."""
    if statement.kind is Kind.PEERING:
        return frozenset(_kid_in(one) for one in carried(statement))
    if statement.kind is Kind.ADOPTION:
        inner = carried(statement)[-1]
        return frozenset({_kid_in(inner)}) if inner.kind in _HOME_BRINGS else frozenset()
    if statement.kind not in _BRINGS:
        return frozenset()
    logs = {seal.thumbprint(note.read_vkey(str(statement.body.get("log")))[2])} if statement.kind is Kind.DAM else set()
    return frozenset({_kid_in(statement), *logs})


def _carried_kids(statement: Statement) -> frozenset[str]:
    """The keys that what a statement carries rests on, and does not bring with it."""
    if statement.kind is Kind.PEERING or statement.kind not in ADOPTIONS | {Kind.GUEST}:
        return frozenset()
    held = carried(statement)
    own = {_kid_in(one) for one in held if one.kind in _KEY_KINDS}
    return frozenset(kid for one in held for kid in seal.kids(one)) - own


def _kid_in(statement: Statement) -> str:
    return seal.thumbprint(statement.body["key"])


# --- what other dams signed -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Another dam as this log knows it: what its statements are judged by."""

    origin: str
    log: str  # vkey
    key: str  # the kid of its newest statement key


def carried(statement: Statement) -> tuple[Statement, ...]:
    """Another dam's statements that one of ours carries, as they stand in it: lineage, what leads on, what is adopted.

    They are opened and not yet believed.
    """
    body = statement.body
    within: list[object] = []
    for name in ("lineage", "via"):
        held = body.get(name, [])
        if not isinstance(held, list) or len(held) > MAX_KEYS:
            raise Invalid("statement.malformed", field=name)
        within += held
    if statement.kind in ADOPTIONS:
        within.append(body.get("envelope"))
    return tuple(seal.opened(seal.canonical(one)) for one in within)


def lineage(statement: Statement) -> "KeyRing":
    """The keys of the dam that a peering is with, led from its entry 0 to those that it names; else `Untrusted`."""
    body, held = statement.body, carried(statement)
    ring = KeyRing(str(body.get("origin")), str(body.get("log")))
    for at, one in enumerate(held):
        if one.kind not in _LINEAGE:
            raise Untrusted("peer.lineage-wrong", peer=owner_of(statement), statement=statement.id)
        ring.admit(one, at)
    first = next(iter(ring.keys), None)
    named = (ring.newest.get(DAM), ring.logs[-1:], None if first is None else seal.peer_of(first))
    same = bool(held) and held[0].body.get("jurisdiction") == body.get("jurisdiction")
    if named != (_kid_in(statement), [body.get("log")], body.get("peer")) or not same:
        raise Untrusted("peer.lineage-wrong", peer=owner_of(statement), statement=statement.id)
    return ring


def home_ring(home: Home, peer: str, keys: Mapping[str, tuple[str, Mapping[str, str]]]) -> "KeyRing":
    """The keys by which another dam's statements are judged: its own, and those of its members that are guests here.

    `keys` are kid → owner and public key, as our log has them.
    """
    jwk = note.read_vkey(home.log)[2]
    kid = seal.thumbprint(jwk)
    held = {one: dict(key) for one, (_, key) in keys.items()} | {kid: jwk}
    owners = {one: DAM if owner == peer else owner for one, (owner, _) in keys.items()} | {kid: LOG}
    newest = {DAM: home.key, LOG: kid}
    return KeyRing(home.origin, home.log, keys=held, owners=owners, newest=newest, logs=[home.log])


def admitted(ring: "KeyRing", statement: Statement) -> tuple[Statement, ...]:
    """What a statement of ours carries of another dam's, each believed by that dam's `ring`, in order; else raises."""
    held = carried(statement)
    last = len(held) - 1 if statement.kind in ADOPTIONS else len(held)
    for at, one in enumerate(held):
        if at < last and one.kind not in _VIA:
            raise Untrusted("adoption.other", statement=statement.id)
        ring.admit(one, at + 1)  # entry 0 is of the lineage
    if statement.kind in ADOPTIONS:
        body, inner = statement.body, held[-1]
        if inner.id != body.get("statement"):
            raise Untrusted("adoption.other", statement=statement.id)
    return held


def guest_key(ring: "KeyRing", statement: Statement) -> seal.Jwk:
    """The key of a guest, if the accession and what followed it at home lead to it; else `Untrusted`."""
    body, held = statement.body, admitted(ring, statement)
    jwk = seal.public(body["key"])
    kid = seal.thumbprint(jwk)
    first = held[0] if held else None
    told = first is not None and (first.kind, first.id, first.body.get("member"), first.body.get("jurisdiction"))
    stands = ring.owners.get(kid) == body.get("member") and kid not in ring.retired
    if told != (Kind.MEMBER, body.get("accession"), body.get("member"), body.get("jurisdiction")) or not stands:
        raise Untrusted("guest.lineage-wrong", member=str(body.get("member"))[:40], statement=statement.id)
    return jwk


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A key that two operators vouch for and that does not count yet."""

    kid: str
    jwk: seal.Jwk
    member: str
    until: str  # the instant before which the old key may object


@dataclass(slots=True)
class KeyRing:
    """The public keys that statements introduced so far, whose they are, and which still count."""

    origin: str
    log: str  # vkey that the checker trusts
    keys: dict[str, seal.Jwk] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)
    newest: dict[str, str] = field(default_factory=dict)  # `dam` and `log`: the kid that came last
    logs: list[str] = field(default_factory=list)  # the log's verifier keys, in the order in which they came
    pending: dict[str, Pending] = field(default_factory=dict)  # by the recovery's id
    homes: dict[str, Home] = field(default_factory=dict)  # other dams, by their ids
    guests: dict[str, str] = field(default_factory=dict)  # member → the dam that it is a member of

    def copy(self) -> "KeyRing":
        """The same keys, to grow apart."""
        held = {name: getattr(self, name) for name in ("keys", "owners", "newest", "pending", "homes", "guests")}
        return KeyRing(
            self.origin,
            self.log,
            retired=set(self.retired),
            logs=list(self.logs),
            **{name: dict(value) for name, value in held.items()},
        )

    def admit(self, statement: Statement, index: int) -> Mapping[str, str]:
        """Believe a statement at its log index: its signers as kid → owner. What it says of keys counts from now on."""
        new = self._introduced(statement, index)
        named = [kid for kid in seal.kids(statement) if kid in self.keys and kid not in self.retired]
        owners = {kid: self.owners[kid] for kid in named} | dict.fromkeys(new, owner_of(statement))
        signed = seal.verify(statement, {kid: self.keys[kid] for kid in named} | new)
        seal.expect(signed, owners, parties(statement), statement=statement.id, quorum=quorum(statement))
        for kid in new:
            if kid not in signed and statement.kind is not Kind.PEERING:  # its lineage has former ones too
                raise Untrusted("signature.key-unproven", statement=statement.id)
        if not signed_duly(statement, {kid: owners[kid] for kid in signed}) or not self._follows(statement):
            code = WRONG.get(statement.kind, "key.succession-wrong")
            raise Untrusted(code, member=owner_of(statement), statement=statement.id)
        if statement.kind in ADOPTIONS:
            self._adopt(statement)
        else:
            self._take(statement, new)
            self._retire(statement)
        return {kid: owners[kid] for kid in sorted(signed)}

    def knows(self, statement: Statement) -> bool:
        """Whether every key that signed a statement is known here, or comes with it."""
        own = {_kid_in(statement)} if statement.kind is Kind.RECOVERY else brought(statement)
        return set(seal.kids(statement)) <= {*self.keys, *own}

    def stands(self) -> None:
        """Refuse a log whose own statements do not lead to the key that the checker trusts, or lead on from it."""
        if self.log not in self.logs:
            raise Untrusted("dam.other-log", origin=self.origin[:80])
        if seal.thumbprint(note.read_vkey(self.log)[2]) in self.retired:  # what it signs now is no checkpoint of it
            raise Untrusted("key.succession-wrong", member=LOG)

    def _introduced(self, statement: Statement, index: int) -> dict[str, seal.Jwk]:
        """The key that a statement brings in and signs, if its kind does; one that was seen before is refused."""
        if statement.kind not in _KEY_KINDS or statement.kind in ADOPTIONS:
            return {}
        if not isinstance(statement.body.get("key"), dict):
            raise Invalid("statement.malformed", field="key")
        jwk = seal.public(statement.body["key"])
        kid = seal.thumbprint(jwk)
        if statement.kind is Kind.RECOVERED:
            self._refuse_early(statement, kid)
            return {}
        if statement.kind is Kind.PEERING:
            return self._peered(statement)
        if kid in self.keys or any(kid == one.kid for one in self.pending.values()):
            raise Untrusted("key.repeated", kid=kid, statement=statement.id)
        self._refuse_misnamed(statement, jwk, index)
        return {kid: jwk}

    def _refuse_misnamed(self, statement: Statement, jwk: seal.Jwk, index: int) -> None:
        """Whose key it is follows from itself, or from what led to it; the first entry alone is the dam's."""
        if statement.kind is Kind.DAM:
            if index != 0:
                raise Untrusted("dam.not-first", index=index)
            if statement.body.get("origin") != self.origin:
                raise Untrusted("dam.other-log", origin=str(statement.body.get("origin"))[:80])
        if statement.kind is Kind.MEMBER and statement.body.get("member") != seal.member_id(jwk):
            raise Untrusted("member.id-wrong", member=str(statement.body.get("member"))[:40])
        if statement.kind is Kind.OPERATOR and statement.body.get("operator") != seal.operator_id(jwk):
            raise Untrusted("operator.id-wrong", operator=str(statement.body.get("operator"))[:40])
        if statement.kind is Kind.GUEST:
            if statement.body.get("member") in self.owners.values():  # of it no other dam says anything
                raise Untrusted("member.id-wrong", member=str(statement.body["member"])[:40])
            guest_key(self._home(str(statement.body.get("home"))), statement)

    def _peered(self, statement: Statement) -> dict[str, seal.Jwk]:
        """The keys of another dam that its lineage leads through, those that are not known yet."""
        ring, peer = lineage(statement), owner_of(statement)
        mine = {kid: ring.keys[kid] for kid, owner in ring.owners.items() if owner == DAM}
        held = self.homes.get(peer)
        if held is not None and held.key not in mine:
            raise Untrusted("peer.key-changed", peer=peer)
        for kid in mine:
            if self.owners.get(kid, peer) != peer:
                raise Untrusted("key.repeated", kid=kid, statement=statement.id)
        return {kid: jwk for kid, jwk in mine.items() if kid not in self.keys}

    def _home(self, peer: str) -> "KeyRing":
        """The ring of another dam, with the keys of those who are members here too."""
        home = self.homes.get(peer)
        if home is None:
            raise Untrusted("peer.unknown", peer=peer[:40])
        keys = {
            kid: (owner, self.keys[kid])
            for kid, owner in self.owners.items()
            if owner == peer or (self.guests.get(owner) == peer and kid not in self.retired)
        }
        return home_ring(home, peer, keys)

    def _adopt(self, statement: Statement) -> None:
        """What another dam says of its keys, and of those of its members who are guests here, counts from now on."""
        peer = str(statement.body.get("peer"))
        ring = self._home(peer)
        inner = admitted(ring, statement)[-1]
        if inner.kind is Kind.ROTATION:
            self.homes[peer] = replace(self.homes[peer], log=ring.logs[-1], key=ring.newest[DAM])
        for kid in brought(statement):  # what stands beside it may bring others, which count for this alone
            owner = peer if owner_of(inner) == DAM else owner_of(inner)  # a peer's log key signs nothing here
            if kid not in self.keys and (owner == peer or self.guests.get(owner) == peer):
                self.keys[kid], self.owners[kid] = ring.keys[kid], owner
        self.retired |= {kid for kid in ring.retired if kid in self.owners}

    def _refuse_early(self, statement: Statement, kid: str) -> None:
        """A recovery ends well only if it was begun, was not objected to, is about this key, and waited long enough."""
        begun = self.pending.get(str(statement.body.get("recovery")))
        same = begun is not None and (begun.kid, begun.member) == (kid, statement.body.get("member"))
        if begun is None or not same or str(statement.body["issued"]) < begun.until:
            raise Untrusted("recovery.wrong", recovery=str(statement.body.get("recovery"))[:64], statement=statement.id)

    def _follows(self, statement: Statement) -> bool:
        """Whether the dam's next key replaces the last one of its use, and none but a former one is retired."""
        body, owner = statement.body, owner_of(statement)
        if statement.kind is Kind.ROTATION:
            return body.get("replaces") == self.newest.get(owner)
        if statement.kind is Kind.RETIREMENT and body.get("key") in self.owners:
            kid = str(body["key"])
            return self.owners[kid] in self.newest and kid not in {*self.newest.values(), *self.retired}
        return True

    def _take(self, statement: Statement, new: Mapping[str, seal.Jwk]) -> None:
        """Keep what a statement brought in."""
        body, owner = statement.body, owner_of(statement)
        if statement.kind is Kind.RECOVERY:
            for kid, jwk in new.items():
                self.pending[statement.id] = Pending(kid=kid, jwk=jwk, member=owner, until=str(body.get("until")))
            return
        self.keys |= new
        self.owners |= dict.fromkeys(new, owner)
        if statement.kind is Kind.PEERING:
            self.homes[owner] = Home(origin=str(body["origin"]), log=str(body["log"]), key=_kid_in(statement))
        if statement.kind is Kind.GUEST:
            self.guests[owner] = str(body["home"])
        if statement.kind is Kind.DAM:
            vkey = str(body.get("log"))
            jwk = note.read_vkey(vkey)[2]
            kid = seal.thumbprint(jwk)
            self.keys.setdefault(kid, jwk)
            self.owners.setdefault(kid, LOG)
            self.newest[LOG] = kid
            self.logs.append(vkey)
        if statement.kind is Kind.ROTATION and owner == LOG:
            self.logs += [note.vkey(self.origin, jwk) for jwk in new.values()]
        if statement.kind in {Kind.DAM, Kind.ROTATION}:
            self.newest |= dict.fromkeys([owner], *new)

    def _retire(self, statement: Statement) -> None:
        body = statement.body
        if statement.kind is Kind.KEY:
            self.retired.add(body["replaces"])
        if statement.kind is Kind.RETIREMENT:
            self.retired.add(str(body.get("key")))
        if statement.kind is Kind.OBJECTION:
            found = self.pending.get(str(body.get("recovery")))
            if found is not None and found.member == body["member"]:
                del self.pending[str(body["recovery"])]
        if statement.kind in {Kind.EXIT, Kind.RECOVERED, Kind.OPERATOR_EXIT}:
            gone = body.get("operator" if statement.kind is Kind.OPERATOR_EXIT else "member")
            self.retired |= {kid for kid, owner in self.owners.items() if owner == gone and owner not in {DAM, LOG}}
        if statement.kind is Kind.PEERING_END:  # its guests leave with it
            gone = {member for member, home in self.guests.items() if home == body.get("peer")}
            self.retired |= {kid for kid, owner in self.owners.items() if owner in gone}
        if statement.kind is Kind.EXIT:
            self.pending = {id: one for id, one in self.pending.items() if one.member != body.get("member")}
        if statement.kind is Kind.RECOVERED:
            begun = self.pending.pop(str(body["recovery"]))
            self.keys[begun.kid], self.owners[begun.kid] = begun.jwk, begun.member


# --- the ledger -------------------------------------------------------------------------------------------------------


class Ledger:
    """Statements in, receipts out; holds the log's key. Threads may share it."""

    def __init__(self, log: Log, bodies: Bodies, *, key: seal.Jwk, origin: str, also: Sequence[seal.Jwk] = ()) -> None:
        """Take up the log; a checkpoint that another key signed or the log does not extend is `Untrusted`.

        It signs with the first of `key` and `also` that signed the last checkpoint, until `use` says otherwise: a crash
        may have come in the middle of a rotation. Entries that became durable without a checkpoint get one now.
        """
        self._log, self._bodies, self._origin = log, bodies, origin
        self._lock = threading.RLock()
        self._places: dict[bytes, int] = {}  # statement id → index of its first entry
        self._placed = 0  # how many entries `_places` knows of
        self._bringers: dict[str, int] = {}  # kid → index of the statement from which on it counts
        self._rotations: list[int] = []  # of the log's key
        self._searched = 0  # how many entries these know of
        self._keys, last = _taken_up(log, origin, (key, *also))
        self.vkey = note.vkey(origin, self._keys[0])
        if last is not None:
            if last.size > log.size:
                raise Untrusted("log.entries-lost", size=log.size, expected=last.size)
            merkle.verify_consistency(last.size, log.size, log.consistency(last.size, log.size), last.root, log.root)
        if last is None or last.size < log.size:
            self._publish()

    @property
    def size(self) -> int:
        """Number of entries."""
        return self._log.size

    @property
    def stopped(self) -> bool:
        """Whether the log takes nothing more until the dam is started anew."""
        return self._log.stopped

    def append(self, statements: Sequence[Statement]) -> int:
        """Make statements part of the log, in order: bodies, then one batch of entries, then a signed checkpoint.

        Gives the index of the first. Who may say what is for the caller to have checked.
        """
        entries = [note.entry(statement.clazz, statement.id) for statement in statements]
        with self._lock:
            self._bodies.put_all([(statement.id, seal.envelope(statement)) for statement in statements])
            first = self._log.append(entries)
            self._publish()
            return first

    def _publish(self) -> None:
        checkpoint = Checkpoint(origin=self._origin, size=self._log.size, root=self._log.root)
        text, *more = (note.sign_checkpoint(checkpoint, self._origin, key) for key in self._keys)
        self._log.publish(text + "".join(one.rpartition("\n\n")[2] for one in more))

    def use(self, keys: Sequence[seal.Jwk]) -> None:
        """Sign checkpoints with these keys of the log from now on, the newest first, also the one that is there."""
        with self._lock:
            if [seal.thumbprint(key) for key in keys] != [seal.thumbprint(key) for key in self._keys]:
                self._keys = tuple(keys)
                self._publish()
                self.vkey = note.vkey(self._origin, keys[0])

    def checkpoint(self) -> str:
        """The last signed checkpoint, as a note."""
        return self._log.checkpoint()

    def statement(self, id: str) -> Statement:
        """The statement with that id, digest checked; `NotFound` when it was erased or never was."""
        statement = seal.opened(self._bodies.get(id))
        if statement.id != id:
            raise Untrusted("body.digest-wrong", id=id)
        return statement

    def entry(self, index: int) -> tuple[Class, StatementId]:
        """Class and id of the statement at `index`, or `NotFound`."""
        return note.read_entry(self._log.entry(index), index=index)

    def entries(self, start: int = 0) -> Iterator[tuple[Class, StatementId]]:
        """Class and id of every entry from `start` on, in order."""
        for index, data in enumerate(self._log.entries(start), start=start):
            yield note.read_entry(data, index=index)

    def index_of(self, id: str) -> int | None:
        """Where the log first has that statement, or None. The first call reads the whole log, others what is new."""
        try:
            wanted = bytes.fromhex(id)
        except ValueError:
            return None
        with self._lock:
            for _, found in self.entries(self._placed):
                self._places.setdefault(bytes.fromhex(found), self._placed)
                self._placed += 1
            return self._places.get(wanted)

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """The proof that the log of size `new` extends that of size `old` (RFC 6962 §2.1.2)."""
        return self._log.consistency(old, new)

    def receipt(self, index: int, signers: Sequence[int] = (), *, under: tuple[str, str] | None = None) -> Json:
        """All that offline verification of the statement at `index` needs, as JSON.

        `signers` are the indices of the statements that introduced its signers' keys. What is missing there, the dam's
        own statement and the keys that those keys replaced, is looked for in the log. What does not verify stays.
        `under` is another checkpoint than the last and the verifier key that signed it.
        """
        published, vkey = under or (self._log.checkpoint(), self.vkey)
        size = note.open_checkpoint(published, vkey).size
        if not 0 <= index < size:
            raise NotFound("log.entry-unknown", index=index, size=size)
        statement = self._at(index)
        chain = self._chain(index, statement, signers, size, vkey)
        receipt = {
            "v": RECEIPT_VERSION,
            **self._proven(index, statement, size),
            "keys": [self._proven(i, key, size) for i, key in sorted(chain.items())],
            "checkpoint": published,
            "log": vkey,
        }
        verify_receipt(seal.canonical(receipt), vkey=vkey)
        return receipt

    def _at(self, index: int) -> Statement:
        return self.statement(self.entry(index)[1])

    def _proven(self, index: int, statement: Statement, size: int) -> dict[str, object]:
        proof = [base64.b64encode(hash).decode() for hash in self._log.inclusion(index, size)]
        return {"statement": seal.parse(seal.envelope(statement)), "index": index, "proof": proof}

    def _chain(
        self, index: int, statement: Statement, signers: Sequence[int], size: int, vkey: str
    ) -> dict[int, Statement]:
        """Every statement that introduced a key which its signatures, or theirs, rest on; and the log's rotations."""
        chain = {i: self._at(i) for i in {0, *signers, *self._successions(size, vkey)} if 0 <= i < size}
        chain = {i: one for i, one in chain.items() if i < index or (i > index and one.kind is Kind.ROTATION)}
        while True:
            rest = [statement, *chain.values()]
            begun = {self.index_of(str(s.body["recovery"])) for s in rest if s.kind is Kind.RECOVERED}
            missing = {kid for s in rest for kid in {*seal.kids(s), *_carried_kids(s)}}.difference(
                *(brought(s) for s in rest), *({_kid_in(s)} for s in rest if s.kind is Kind.RECOVERY)
            )
            wanted = {self._bringer(kid) for kid in missing} | begun
            found = {i: self._at(i) for i in wanted if i is not None and i < size and i != index and i not in chain}
            if not found:
                return chain
            chain |= found

    def _successions(self, size: int, vkey: str) -> list[int]:
        """Where the log's key was rotated, up to a size; the log is searched only if it was."""
        if vkey == self.vkey and self._at(0).body.get("log") == vkey:
            return []
        self._search()
        return [i for i in self._rotations if i < size]

    def _bringer(self, kid: str) -> int | None:
        self._search()
        return self._bringers.get(kid)

    def _search(self) -> None:
        """Look for statements of keys in what came since the last search."""
        with self._lock:
            for _ in range(self.size - self._searched):
                clazz, id = self.entry(self._searched)
                if clazz is Class.REGISTRY:
                    statement = self.statement(id)
                    for kid in brought(statement):
                        self._bringers.setdefault(kid, self._searched)
                    if statement.kind is Kind.ROTATION and owner_of(statement) == LOG:
                        self._rotations.append(self._searched)
                self._searched += 1


def _taken_up(log: Log, origin: str, keys: Sequence[seal.Jwk]) -> tuple[tuple[seal.Jwk, ...], Checkpoint | None]:
    """The key that signed the log's last checkpoint, and that checkpoint, if there is one."""
    try:
        published = log.checkpoint()
    except NotFound:
        return (keys[0],), None
    refused: Untrusted | None = None
    for key in keys:
        try:
            return (key,), note.open_checkpoint(published, note.vkey(origin, key))
        except Untrusted as error:
            refused = refused or error
    raise refused or Untrusted("note.unsigned", name=origin)


# --- receipts ---------------------------------------------------------------------------------------------------------


def verify_receipt(data: bytes | str, *, vkey: str) -> Verified:
    """Check a receipt offline against the log key that the caller trusts; whatever does not hold is `Untrusted`.

    (1) The receipt has the closed shape, within its limits, and names the trusted log.
    (2) The checkpoint is signed by that log's key.
    (3) The key statements come in log order, each before the statement itself, the dam's own first; after it come only
        rotations of the dam's own keys, by which the log came from its first key to the trusted one.
    (4) Each of them, and then the statement, is included in the log under the checkpoint, with its own class.
    (5) Each is signed by exactly its parties, with keys that stand in the statements before it and were not replaced.
    """
    receipt = _shaped_receipt(data)  # (1)
    try:
        checkpoint = note.open_checkpoint(receipt["checkpoint"], vkey)  # (2)
    except Untrusted as error:
        if receipt["log"] == vkey:
            raise
        raise Untrusted("receipt.other-log", log=receipt["log"][:120], expected=vkey) from error
    ring = KeyRing(checkpoint.origin, vkey)
    at = sum(key["index"] <= receipt["index"] for key in receipt["keys"])
    for later in receipt["keys"][at:]:
        if seal.opened(seal.canonical(later["statement"])).kind is not Kind.ROTATION:  # (3)
            raise Untrusted("receipt.key-order", index=later["index"])
    last = -1
    signers: Mapping[str, str] = {}
    for proven in [*receipt["keys"][:at], receipt, *receipt["keys"][at:]]:
        index = proven["index"]
        one = seal.opened(seal.canonical(proven["statement"]))
        if index <= last or (proven is not receipt and one.kind not in _KEY_KINDS):  # (3)
            raise Untrusted("receipt.key-order", index=index)
        last = index
        leaf = merkle.leaf_hash(note.entry(one.clazz, one.id))
        merkle.verify_inclusion(leaf, index, checkpoint.size, _hashes(proven["proof"]), checkpoint.root)  # (4)
        signed = ring.admit(one, index)  # (5)
        if proven is receipt:
            statement, signers = one, signed
    ring.stands()
    if receipt["log"] not in ring.logs:
        raise Untrusted("receipt.other-log", log=receipt["log"][:120], expected=vkey)
    return Verified(
        statement=statement, index=receipt["index"], signers=signers, checkpoint=checkpoint, logs=tuple(ring.logs)
    )


def _shaped_receipt(data: bytes | str) -> Json:
    if len(data) > MAX_RECEIPT:
        raise Invalid("receipt.too-large", size=len(data), limit=MAX_RECEIPT)
    receipt: Json = seal.parse(data)
    if not isinstance(receipt, dict) or type(receipt.get("v")) is not int or receipt["v"] != RECEIPT_VERSION:
        raise Invalid("receipt.malformed", field="v")
    if set(receipt) != _RECEIPT:
        raise Invalid("receipt.malformed", field=", ".join(sorted(set(receipt) ^ _RECEIPT))[:200])
    for name in ("checkpoint", "log"):
        if not isinstance(receipt[name], str):
            raise Invalid("receipt.malformed", field=name)
    if not isinstance(receipt["keys"], list) or len(receipt["keys"]) > MAX_KEYS:
        raise Invalid("receipt.malformed", field="keys")
    for key in receipt["keys"]:
        if not isinstance(key, dict) or set(key) != _PROVEN:
            raise Invalid("receipt.malformed", field="keys")
        _refuse_unplaced(key)
    _refuse_unplaced(receipt)
    return receipt


def _refuse_unplaced(proven: Json) -> None:
    if type(proven["index"]) is not int:  # a JSON true is an int to Python, but no place
        raise Invalid("receipt.malformed", field="index")
    if not isinstance(proven["proof"], list):
        raise Invalid("receipt.malformed", field="proof")


def _hashes(proof: Sequence[object]) -> list[bytes]:
    """The hashes of a proof, standard base64; `Invalid` unless each is spelt canonically."""
    if len(proof) > merkle.MAX_PROOF:
        raise Invalid("receipt.malformed", field="proof")
    hashes = []
    for text in proof:
        hash = note.unbase64(text) if isinstance(text, str) else None
        if hash is None:
            raise Invalid("receipt.malformed", field="proof")
        hashes.append(hash)
    return hashes


# --- the pinned client ------------------------------------------------------------------------------------------------


def believe(
    text: str | bytes, *, vkey: str, pinned: Checkpoint | None, proof: Callable[[int, int], Sequence[bytes]]
) -> Checkpoint:
    """The checkpoint of a note, if it is signed and extends the one that was `pinned`; else `Untrusted`.

    `proof` gives the consistency proof between two sizes; it is only asked where there is something to show.
    """
    checkpoint = note.open_checkpoint(text, vkey)
    if pinned is None:
        return checkpoint
    if pinned.origin != checkpoint.origin:
        raise Untrusted("checkpoint.other-origin", origin=checkpoint.origin, expected=pinned.origin)
    if checkpoint.size < pinned.size:
        raise Untrusted("checkpoint.smaller", size=checkpoint.size, expected=pinned.size)
    if checkpoint.size == pinned.size and checkpoint.root != pinned.root:
        raise Untrusted("checkpoint.forked", size=checkpoint.size)
    path = proof(pinned.size, checkpoint.size) if 0 < pinned.size < checkpoint.size else ()
    merkle.verify_consistency(pinned.size, checkpoint.size, path, pinned.root, checkpoint.root)
    return checkpoint
