"""What an evidence bundle proves: every file of it verified again, offline, from the bundle and trusted keys alone.

A bundle proves what its logs say and how they hang together; it does not prove that nothing was left out of it that its
maker was not shown. It is verified in this order:

1. each file is the one that the manifest names, and there is no other;
2. each log is whole: entries, tiles and checkpoint; its key is trusted, or a peering in a trusted dam's log names it;
3. each statement is what its entry says, has its kind's shape and its parties' signatures; all public ones are there;
4. cosignatures and receipts are of these very logs;
5. each decision follows from its facts and its offer; nothing was allowed against an order or while a peer was silent;
6. what came of a round was shown to others only as all its makers signed;
7. what one dam adopted stands in the other's log where the adoption says; both sides of a peering have the same terms;
8. what was withdrawn was purged by whom it was handed to, for whom it belonged to.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import Final

from datadam import audit, decisions, ledger, merkle, peers, policy, seal
from datadam.errors import DamError, NotFound, Untrusted
from datadam.formats import bundle, cosignature, note
from datadam.model import Checkpoint, Json, Kind, Statement
from datadam.obligations import showings, transfer
from datadam.obligations.showings import Shown
from datadam.obligations.view import Logged, View, look

MAX_COSIGNERS: Final = 50
TOLD: Final = frozenset(
    {
        *(Kind.PEERING, Kind.ORDER, Kind.LIFT, Kind.WITHDRAWAL, Kind.PURGE, Kind.MODEL, Kind.SHOWING, Kind.SHOWN),
        *ledger.ADOPTIONS,
    }
)
"""Kinds whose receipts a bundle has, as far as its maker may have them: by these a story is told."""

Read = Callable[[str], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """That somebody saw a log grow up to a size."""

    vkey: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One dam's part of a bundle, verified."""

    name: str  # its folder
    origin: str
    vkey: str
    named_by: str | None  # origin of the dam whose peering named its key; None: it was trusted beforehand
    checkpoint: Checkpoint
    believed: int  # statements
    unseen: int  # entries whose bodies the bundle's maker was not shown, or that were erased
    receipts: int
    allowed: int  # decisions
    denied: int
    cosigned: tuple[Cosigned, ...] = ()  # in the order of the file


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A statement of one dam that another one adopted."""

    kind: Kind
    statement: str
    source: str  # origin
    index: int
    target: str  # origin
    adopted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A withdrawal, and how far it went."""

    origin: str
    statement: str
    index: int
    purged: int | None  # index of the purge; None: there is none yet
    rows: int | None
    recipients: int
    models: int  # at home and at peers
    told: tuple[str, ...]  # origins of the dams that gave notice of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """All that a bundle proves; that it was returned at all says that everything in it held."""

    files: int
    size: int  # bytes
    parts: tuple[Part, ...]
    crossings: tuple[Crossing, ...]
    unheld: int  # adoptions of what the bundle does not have: another dam, or entries that came after it was made
    pending: int  # orders in force that a peer in their scope had not adopted yet
    taken: tuple[Taken, ...]
    shown: tuple[Shown, ...] = ()


class Files:
    """The files of a bundle, each held against the manifest whenever it is read."""

    def __init__(self, paths: Iterable[str], read: Read) -> None:
        """Of a bundle with these paths; `read` gives the bytes of one."""
        self.named = bundle.read_manifest(read(bundle.MANIFEST))
        bundle.same_files(paths, self.named)
        self._read = read
        for path in self.named:
            bundle.checked(read(path), path, self.named)
        self._left = set(self.named)

    def get(self, path: str) -> bytes | None:
        """A file, or None where the bundle has none of that name."""
        if path not in self.named:
            return None
        self._left.discard(path)
        return bundle.checked(self._read(path), path, self.named)

    def all_of(self, dam: str, kind: str) -> Iterator[tuple[str, bytes]]:
        """Every file of a kind of a dam's, with its path."""
        for path in sorted(self.named):
            if bundle.dam_of(path) == (dam, kind):
                yield path, self.get(path) or b""

    def done(self) -> None:
        """Refuse what nothing in the bundle speaks of."""
        if self._left:
            raise Untrusted("bundle.file-stray", path=min(self._left))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Dam:
    """A dam's log, seen and believed."""

    name: str
    vkey: str
    view: View
    entries: tuple[bytes, ...]

    @property
    def origin(self) -> str:
        return self.view.checkpoint.origin

    @cached_property
    def peer(self) -> str:
        """By which other dams' logs name it."""
        return seal.peer_id(self.view.of(Kind.DAM)[0].body["key"])

    @cached_property
    def keys(self) -> frozenset[str]:
        """Every verifier key that its log ever had."""
        begun = str(self.view.of(Kind.DAM)[0].body["log"])
        later = (one.body for one in self.view.of(Kind.ROTATION) if one.body["use"] == ledger.LOG)
        return frozenset({begun, self.vkey, *(note.vkey(self.origin, body["key"]) for body in later)})

    def roots(self, sizes: Collection[int]) -> dict[int, bytes]:
        """The log's root at each of these sizes, as far as it has them."""
        tree, found = merkle.Frontier(), {0: merkle.EMPTY}
        for entry in self.entries[: max(sizes, default=0)]:
            tree.push(merkle.leaf_hash(entry))
            if tree.size in sizes:
                found[tree.size] = tree.root
        return found

    def adoptions(self) -> Iterator[tuple[Logged, Statement]]:
        """What it adopted of other dams: the adoption, and what is adopted."""
        for one in self.view.of(*ledger.ADOPTIONS):
            yield one, ledger.carried(one.statement)[-1]


def verify(
    paths: Sequence[str],
    read: Read,
    *,
    vkeys: Collection[str],
    now: datetime,
    cosigners: Collection[str] = (),
    quorum: int = 0,
) -> Proven:
    """All that a bundle proves to whoever trusts `vkeys`; whatever does not hold is `Untrusted`.

    `read` gives the bytes of one of `paths`, at most `bundle.MAX_FILE` of them. With a `quorum`, each dam's log must be
    cosigned by so many of `cosigners`, verifier keys of witnesses or other dams.
    """
    files = Files(paths, read)
    dams = [_seen(name, files, now) for name in bundle.dams(files.named)]
    if not dams:  # all that follows asks each dam of it: of none, everything would hold
        raise Untrusted("bundle.empty")
    _refuse_doubles(dams)
    named = _trusted(dams, vkeys)
    parts = []
    for dam in dams:
        _derived_held(dam, files)
        _nothing_forbidden(dam)
        parts.append(_part(dam, files, named[dam.origin]))
        _quorate(parts[-1], cosigners, quorum)
    files.done()
    _same_terms(dams)
    crossings, unheld = _crossed(dams)
    return Proven(
        files=len(files.named) + 1,
        size=sum(one.size for one in files.named.values()),
        parts=tuple(parts),
        crossings=tuple(crossings),
        unheld=unheld,
        pending=sum(1 for _ in _pending(dams)),
        taken=tuple(_taken(dams)),
        shown=tuple(one for dam in dams for one in showings.shown(dam.view)),
    )


# --- one dam ----------------------------------------------------------------------------------------------------------


def _seen(name: str, files: Files, now: datetime) -> _Dam:
    def log(path: str) -> bytes:
        data = files.get(f"dams/{name}/log/{path}")
        if data is None:
            raise NotFound("log.path-unknown", path=path)
        return data

    vkey = (files.get(f"dams/{name}/vkey") or b"").decode(errors="replace").removesuffix("\n")
    note.read_vkey(vkey)
    view = look(log, vkey=vkey, bodies=lambda id: files.get(bundle.body_path(name, id)), now=now)
    origin = view.checkpoint.origin
    for one in view.unbelieved:
        if one.fault is not None:
            raise Untrusted("bundle.entry-wrong", origin=origin, index=one.index, why=one.fault.code) from one.fault
        if not one.activity:
            raise Untrusted("bundle.body-missing", origin=origin, index=one.index, id=one.id)
    if not view.of(Kind.DAM):
        raise Untrusted("bundle.log-empty", origin=origin)
    return _Dam(name=name, vkey=vkey, view=view, entries=audit.entries(log, vkey=vkey)[1])


def _refuse_doubles(dams: Sequence[_Dam]) -> None:
    for one, other in pairwise(sorted(dams, key=lambda dam: dam.origin)):
        if one.origin == other.origin or one.peer == other.peer:
            raise Untrusted("bundle.dam-twice", origin=one.origin)


def _trusted(dams: Sequence[_Dam], vkeys: Collection[str]) -> dict[str, str | None]:
    """By whom each dam's log key was named: beforehand, or by a peering in the log of a dam that is trusted."""
    named: dict[str, str | None] = {dam.origin: None for dam in dams if dam.vkey in vkeys}
    while True:
        found = {
            (dam.origin, by.origin)
            for by in dams
            if by.origin in named
            for dam in dams
            if dam.origin not in named and (dam.origin, dam.vkey) in _names(by)
        }
        if not found:
            break
        named |= dict(sorted(found))
    for dam in dams:
        if dam.origin not in named:
            raise Untrusted("bundle.key-unknown", origin=dam.origin, vkey=dam.vkey)
    return named


def _names(by: _Dam) -> set[tuple[str, str]]:
    """Origin and log key of every dam that a dam's log names: in a peering, or as the key that came after it."""
    found = {(str(one.body["origin"]), str(one.body["log"])) for one in by.view.of(Kind.PEERING)}
    origins = {str(one.body["peer"]): str(one.body["origin"]) for one in by.view.of(Kind.PEERING)}
    for one, inner in by.adoptions():
        if inner.kind is Kind.ROTATION and inner.body["use"] == ledger.LOG:
            origin = origins[str(one.body["peer"])]
            found.add((origin, note.vkey(origin, inner.body["key"])))
    return found


def _part(dam: _Dam, files: Files, named_by: str | None) -> Part:
    receipts = [_receipt(dam, path, data) for path, data in files.all_of(dam.name, "receipts")]
    cosigned = _cosigned(dam, files)
    claimed = [*receipts, *(seen for _, seen in cosigned)]
    roots = dam.roots({one.size for one in claimed})
    for one in claimed:
        if roots.get(one.size) != one.root:
            raise Untrusted("bundle.checkpoint-other", origin=dam.origin, size=one.size)
    said = [one.body["allowed"] for one in dam.view.of(Kind.DECISION)]
    return Part(
        name=dam.name,
        origin=dam.origin,
        vkey=dam.vkey,
        named_by=named_by,
        checkpoint=dam.view.checkpoint,
        believed=len(dam.view.logged),
        unseen=dam.view.unseen,
        receipts=len(receipts),
        allowed=sum(said),
        denied=len(said) - sum(said),
        cosigned=tuple(Cosigned(vkey=vkey, size=seen.size) for vkey, seen in cosigned),
    )


def _receipt(dam: _Dam, path: str, data: bytes) -> Checkpoint:
    """The checkpoint under which a receipt proves its statement, by the key that signed the log then."""
    told = seal.parse(data)
    vkey = told.get("log") if isinstance(told, dict) else None
    if vkey not in dam.keys:
        raise Untrusted("receipt.other-log", log=str(vkey)[:120], expected=dam.vkey)
    found = ledger.verify_receipt(data, vkey=str(vkey))
    if path != bundle.receipt_path(dam.name, found.statement.id):
        raise Untrusted("bundle.file-stray", path=path)
    return found.checkpoint


def _cosigned(dam: _Dam, files: Files) -> list[tuple[str, Checkpoint]]:
    """Who cosigned the log, each signature verified, and the checkpoint that each cosigned last."""
    listed = files.get(f"dams/{dam.name}/cosigners")
    if listed is None:
        return []
    keys = listed.decode(errors="replace").splitlines()
    if not 0 < len(keys) <= MAX_COSIGNERS or len(set(keys)) != len(keys):
        raise Untrusted("bundle.cosigners-malformed", origin=dam.origin)
    found = []
    for vkey in keys:
        told = files.get(bundle.cosigned_path(dam.name, vkey))
        if told is None:
            raise Untrusted("bundle.cosigners-malformed", origin=dam.origin)
        cosignature.cosigned(told, vkey)
        found.append((vkey, _signed(told, dam)))
    return found


def _signed(text: bytes, dam: _Dam) -> Checkpoint:
    """The checkpoint of a note that a key of this log signed, the one that it has or a former one."""
    refused: DamError | None = None
    for vkey in (dam.vkey, *sorted(dam.keys - {dam.vkey})):
        try:
            return note.open_checkpoint(text, vkey)
        except DamError as error:
            refused = refused or error
    raise refused or Untrusted("note.unsigned", name=dam.origin)


def _quorate(part: Part, cosigners: Collection[str], quorum: int) -> None:
    """Distinct keys count, whatever they call themselves."""
    keys = {
        seal.thumbprint(note.read_vkey(one.vkey, note.WITNESS_KEY)[2]) for one in part.cosigned if one.vkey in cosigners
    }
    if len(keys) < quorum:
        raise Untrusted("bundle.quorum", origin=part.origin, have=len(keys), quorum=quorum)


# --- decisions --------------------------------------------------------------------------------------------------------


def derived(name: str, view: View) -> dict[str, bytes]:
    """The files that follow from a log: what each decision asked of which policy, for checkers that are not ours.

    Each decision is made again on the way; one that does not follow from its facts is `Untrusted`.
    """
    found: dict[str, bytes] = {}
    for one in view.of(Kind.DECISION):
        offer = view.find(one.body["offer"]) if one.body["offer"] is not None else None
        try:
            decisions.replay(one.body, None if offer is None else offer.body)
        except Untrusted as error:
            raise Untrusted(error.code, **{**error.facts, "statement": one.id}) from error
        if offer is not None:
            facts, made_by = policy.read_facts(one.body["facts"]), _policy(offer.body, one.body["facts"])
            told = {"policy": made_by.digest, "request": policy.request(facts)}
            found[bundle.request_path(name, one.id)] = seal.canonical(told)
            found[bundle.policy_path(name, made_by.digest)] = made_by.text.encode()
            found[bundle.schema_path(name)] = policy.SCHEMA.encode()
    return found


def _policy(offer: Json, facts: Json) -> policy.Policy:
    terms = decisions.policy_of(seal.canonical(offer["offer"]).decode())
    return policy.silenced(terms) if facts.get("silent") else terms


def _derived_held(dam: _Dam, files: Files) -> None:
    for path, data in derived(dam.name, dam.view).items():
        if files.get(path) != data:
            raise Untrusted("bundle.file-other", path=path)


def _nothing_forbidden(dam: _Dam) -> None:
    """Nothing was allowed or released against an order in force, nor in a scope whose peer was silent."""
    broken = next(iter(transfer.obeyed(dam.view).found), None)
    if broken is not None:
        order = str(broken.what.facts["order"])
        raise Untrusted("bundle.order-broken", origin=dam.origin, index=broken.index, order=order)
    for start, end, standards in _silences(dam.view):
        for one in dam.view.of(Kind.DECISION):
            if start < one.index < end and one.body["allowed"] and one.body["standard"] in standards:
                raise Untrusted("bundle.silence-broken", origin=dam.origin, index=one.index)


def _silences(view: View) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """From where to where in a log each scope must not have been served, because its peer was silent or had lied."""
    scopes: dict[str, tuple[str, ...]] = {}
    silent: dict[str, int] = {}
    kinds = (Kind.PEERING, Kind.PEERING_END, Kind.PEER_CONTACT, Kind.PEER_FAULT)
    for one in view.of(*kinds):
        peer = str(one.body["peer"])
        fault = one.kind is Kind.PEER_FAULT and one.body["fault"] in peers.FINAL
        if fault or (one.kind is Kind.PEER_CONTACT and one.body["state"] == "silent"):
            silent.setdefault(peer, one.index)
        elif one.kind is not Kind.PEER_FAULT and peer in silent:
            yield silent.pop(peer), one.index, scopes.get(peer, ())
        if one.kind is Kind.PEERING:
            scopes[peer] = tuple(peers.read_terms(one.body["terms"]).standards)
    for peer, start in silent.items():
        yield start, view.checkpoint.size, scopes.get(peer, ())


# --- between dams -----------------------------------------------------------------------------------------------------


def _same_terms(dams: Sequence[_Dam]) -> None:
    """Where two dams of a bundle peer, both logs have one and the same document of terms."""
    agreed: dict[tuple[str, str], str] = {}
    for dam in dams:
        for one in dam.view.of(Kind.PEERING):  # the last one counts
            agreed[dam.origin, str(one.body["origin"])] = peers.digest(peers.read_terms(one.body["terms"]))
    for (here, there), terms in agreed.items():
        if agreed.get((there, here), terms) != terms:
            raise Untrusted("bundle.terms-differ", origin=here, other=there)


def _crossed(dams: Sequence[_Dam]) -> tuple[list[Crossing], int]:
    """Every adoption, held against the log that it took it from."""
    known, found, unheld = {dam.peer: dam for dam in dams}, list[Crossing](), 0
    for dam in dams:
        for one, inner in dam.adoptions():
            home, index = known.get(str(one.body["peer"])), int(one.body["index"])
            if home is None or index >= len(home.entries):
                unheld += 1
                continue
            if home.entries[index] != note.entry(inner.clazz, inner.id):
                raise Untrusted("bundle.adoption-other", origin=dam.origin, index=one.index, home=home.origin)
            crossing = Crossing(
                kind=inner.kind,
                statement=inner.id,
                source=home.origin,
                index=index,
                target=dam.origin,
                adopted=one.index,
            )
            found.append(crossing)
    return found, unheld


def _pending(dams: Sequence[_Dam]) -> Iterator[tuple[str, str]]:
    """Orders in force at home that a peer in whose scope they fall had not adopted when its log was looked at."""
    for dam in dams:
        lifted = {str(one.body["order"]) for one in dam.view.of(Kind.LIFT)}
        for other in dams:
            since, scope = _scope(other, dam.peer)
            adopted = {inner.id for one, inner in other.adoptions() if one.index > since}
            for one in dam.view.of(Kind.ORDER):
                concerned = bool(scope) and one.body["standard"] in {None, *scope}
                if concerned and one.id not in {*lifted, *adopted}:
                    yield one.id, other.origin


def _scope(dam: _Dam, peer: str) -> tuple[int, tuple[str, ...]]:
    """Since when in its log a dam has its peering with another, and the standards of that; none where none stands."""
    ended = max((one.index for one in dam.view.of(Kind.PEERING_END) if one.body["peer"] == peer), default=-1)
    held = [one for one in dam.view.of(Kind.PEERING) if one.body["peer"] == peer and one.index > ended]
    return (held[-1].index, tuple(peers.read_terms(held[-1].body["terms"]).standards)) if held else (ended, ())


def _taken(dams: Sequence[_Dam]) -> Iterator[Taken]:
    for dam in dams:
        purged = {str(one.body["withdrawal"]): one for one in dam.view.of(Kind.PURGE)}
        for one in dam.view.of(Kind.WITHDRAWAL):
            purge = purged.get(one.id)
            if purge is not None and (purge.index < one.index or purge.body["contributor"] != one.body["contributor"]):
                raise Untrusted("bundle.purge-other", origin=dam.origin, index=purge.index)
            beyond: Json = purge.body["beyond"] if purge is not None else {}
            yield Taken(
                origin=dam.origin,
                statement=one.id,
                index=one.index,
                purged=None if purge is None else purge.index,
                rows=None if purge is None else purge.body["reached"]["rows"],
                recipients=int(beyond.get("recipients", 0)),
                models=sum(len(held.get("models", ())) for held in (beyond, *beyond.get("abroad", ()))),
                told=tuple(sorted(_told(dams, one.id))),
            )


def _told(dams: Iterable[_Dam], id: str) -> set[str]:
    return {dam.origin for dam in dams if any(one.body["about"] == id for one in dam.view.of(Kind.NOTICE))}


# --- making one -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where one dam's part of a bundle comes from."""

    vkey: str
    read: Read  # of the log's static files
    bodies: Callable[[], Callable[[str], bytes | None]]  # begins anew; in the log's order, None where one is not shown
    receipt: Callable[[str], bytes | None]  # of a statement, None where it is not for the bundle's maker
    cosigned: Callable[[], list[str]]  # what others cosigned last, a note each
    cosigners: tuple[str, ...] = ()  # verifier keys that are looked for under these


def gather(name: str, source: Source, now: datetime) -> dict[str, bytes]:
    """One dam's files of a bundle, each verified while it is taken.

    A log that is served grows meanwhile: what is proven under a checkpoint is asked for first, the log itself last.
    """
    found: dict[str, bytes] = {f"dams/{name}/vkey": f"{source.vkey}\n".encode()}
    for one in look(source.read, vkey=source.vkey, bodies=source.bodies(), now=now).of(*TOLD):
        receipt = source.receipt(one.id)
        if receipt is not None:
            found[bundle.receipt_path(name, one.id)] = receipt
    notes = source.cosigned() if source.cosigners else []
    held = {vkey: text for vkey in dict.fromkeys(source.cosigners) for text in notes if _holds(text, vkey)}
    found |= {bundle.cosigned_path(name, vkey): text.encode() for vkey, text in held.items()}
    if held:
        found[f"dams/{name}/cosigners"] = "".join(f"{vkey}\n" for vkey in held).encode()

    def log(path: str) -> bytes:
        place = f"dams/{name}/log/{path}"
        if place not in found:
            found[place] = source.read(path)
        return found[place]

    shown = source.bodies()

    def body(id: str) -> bytes | None:
        data = shown(id)
        if data is not None:
            found[bundle.body_path(name, id)] = data
        return data

    return found | derived(name, look(log, vkey=source.vkey, bodies=body, now=now))


def _holds(text: str, vkey: str) -> bool:
    try:
        cosignature.cosigned(text, vkey)
    except DamError:
        return False
    return True
