"""Peerings that are under way: what this dam offered another, or is about to conclude, kept until both logs have it.

A note in the Store, not a table: nothing of it binds, and it is gone when the peering stands.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from datadam import ledger, seal
from datadam.dam.world import World
from datadam.errors import Invalid, Unavailable, Untrusted
from datadam.formats import cosignature, note
from datadam.ledger import DAM, LOG
from datadam.model import Json, Key, Kind, Statement

MOST: Final = 100  # peerings under way at once
MAX_TITLE: Final = 200  # characters
_NOTE: Final = "peerings under way"
_TOLD: Final = frozenset({"origin", "title", "url", "jurisdiction", "log", "cosigner", "lineage"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a dam says that it is, once its lineage has led to its keys. Whose dam that is, an operator must compare."""

    id: str
    origin: str
    title: str
    url: str
    jurisdiction: str
    log: str  # the verifier key of its log
    cosigner: str  # and of its cosignatures
    key: Json  # its newest statement key
    lineage: Sequence[Json]  # envelopes

    @property
    def facts(self) -> Json:
        """What a peering with it says of it."""
        told = {"peer": self.id, "key": dict(self.key), "log": self.log, "origin": self.origin, "url": self.url}
        return {**told, "jurisdiction": self.jurisdiction, "lineage": [dict(one) for one in self.lineage]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One peering under way, seen from here."""

    other: Identity
    terms: Json
    ours: str  # envelope of the peering for our own log, as far as it is signed
    theirs: str  # and of the one for the other's
    concluding: bool = False  # both are signed by us: as soon as the other has its own, ours is logged


def own(world: World) -> Json:
    """What this dam tells everybody of itself: enough for another to offer it a peering."""
    with world.store.read() as rows:
        keys = [key for owner in (DAM, LOG) for key in rows.find(Key, owner=owner)]
    statements = {key.statement: key.since for key in keys}
    ordered = sorted(statements, key=lambda id: statements[id])
    settings = world.settings
    return {
        "origin": settings.name,
        "title": settings.title,
        "url": settings.public_url,
        "jurisdiction": settings.jurisdiction,
        "log": world.ledger.vkey,
        "cosigner": cosigner(world),
        "lineage": [seal.parse(seal.envelope(world.ledger.statement(id))) for id in ordered],
    }


def cosigner(world: World) -> str:
    """The verifier key of this dam's cosignatures: a key of its own, under a name of its own."""
    return cosignature.vkey(cosigner_name(world), world.secrets.private_key("cosign"))


def cosigner_name(world: World) -> str:
    """The name under which this dam cosigns."""
    return f"{world.settings.name}/cosign"


def identity(told: Json) -> Identity:
    """Who a dam says that it is, if its lineage leads there; else `Untrusted`, or `Unavailable` where it is no dam."""
    texts = _TOLD - {"lineage"}
    shaped = set(told) >= _TOLD and all(isinstance(told[name], str) for name in texts)
    if not shaped or not isinstance(told["lineage"], list) or not told["lineage"]:
        raise Unavailable("peer.no-dam")
    note.read_vkey(told["cosigner"], note.WITNESS_KEY)
    last = [seal.opened(seal.canonical(one)) for one in told["lineage"][: ledger.MAX_KEYS]]
    keys = [one.body.get("key") for one in last if one.kind is Kind.DAM or one.body.get("use") == DAM]
    if not keys or not isinstance(keys[0], dict) or not isinstance(keys[-1], dict):
        raise Untrusted("peer.lineage-wrong", peer=told["origin"][:80], statement=last[0].id)
    found = Identity(
        id=seal.peer_id(keys[0]),
        origin=told["origin"],
        title=told["title"][:MAX_TITLE],
        url=told["url"].rstrip("/"),
        jurisdiction=told["jurisdiction"],
        log=told["log"],
        cosigner=told["cosigner"],
        key=seal.public(keys[-1]),
        lineage=told["lineage"],
    )
    ledger.lineage(Statement(id=last[0].id, kind=Kind.PEERING, body=found.facts, payload=b"", signatures=()))
    return found


# --- the note ---------------------------------------------------------------------------------------------------------


def held(world: World) -> list[Proposal]:
    """Every peering under way."""
    with world.store.read() as rows:
        text = rows.noted(_NOTE)
    found = seal.parse(text) if text else []
    return [Proposal(**{**one, "other": Identity(**one["other"])}) for one in found]


def with_dam(world: World, id: str) -> Proposal | None:
    """The peering under way with that dam, if there is one."""
    return next((one for one in held(world) if one.other.id == id), None)


def keep(world: World, proposal: Proposal) -> None:
    """Keep a peering under way, in place of the one before with the same dam; durable before it returns."""
    with world.lock:
        rest = [one for one in held(world) if one.other.id != proposal.other.id]
        if len(rest) >= MOST:
            raise Invalid("peer.too-many", limit=MOST)
        _write(world, [*rest, proposal])


def drop(world: World, id: str) -> bool:
    """Forget a peering under way; whether there was one."""
    with world.lock:
        found = held(world)
        rest = [one for one in found if one.other.id != id]
        if len(rest) != len(found):
            _write(world, rest)
        return len(rest) != len(found)


def _write(world: World, found: Sequence[Proposal]) -> None:
    with world.store.transaction() as rows:
        rows.note(_NOTE, seal.canonical([asdict(one) for one in found]).decode())
