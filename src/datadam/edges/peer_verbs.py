"""The operator's verbs about peers: look at another dam, offer and conclude a peering, end it, ask for what is new."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from datadam import peers
from datadam.dam import follow, peer, proposals
from datadam.dam.world import World
from datadam.errors import Invalid
from datadam.model import Json, PrivacyClass


def read_terms(text: str) -> Json:
    """Terms as an operator wrote them, TOML; lists are put in their order, what is not said is as in every peering."""
    try:
        told = tomllib.loads(text)
    except ValueError as error:
        raise Invalid("peer.terms-malformed", why=str(error)[:200]) from error
    plain: dict[str, Any] = {"v": peers.VERSION, "residency": peers.ROWS_STAY, "corridors": [], **told}
    for name, key in _ORDERS.items():
        if isinstance(plain.get(name), list):
            try:
                plain[name] = sorted(plain[name], key=key)
            except (KeyError, TypeError, ValueError):  # what is wrong with it is told by whoever judges it
                continue
    return plain


_CLASSES: Final = [str(one) for one in PrivacyClass]
_ORDERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "between": lambda one: one["origin"],
    "standards": lambda one: one,
    "classes": _CLASSES.index,
    "directions": lambda one: (one["from"], one["to"]),
    "corridors": lambda one: (one["from"], one["to"]),
}


def _look(world: World, url: str) -> Json:
    found = peer.look(world, url)
    own = proposals.identity(proposals.own(world))
    digest = peers.digest(peers.read_terms(found.terms)) if found.terms is not None else None
    shown = {"state": found.state, "terms": found.terms, "digest": digest, "draft": peer.draft(world, found.other)}
    return {**shown, "other": _identity(found.other), "own": _identity(own)}


def _identity(one: proposals.Identity) -> Json:
    told = asdict(one)
    return {name: told[name] for name in ("id", "origin", "title", "url", "jurisdiction", "log", "cosigner")}


def _add(world: World, url: str, terms: str | None, key: str | None, digest: str | None) -> Json:
    said = read_terms(terms) if terms is not None else None
    return peer.add(world, url, terms=said, key=key, digest=digest)


def _peers(world: World) -> Json:
    under_way = [
        {"id": one.other.id, "origin": one.other.origin, "url": one.other.url, "concluding": one.concluding}
        for one in proposals.held(world)
    ]
    return {**peer.public(world), "offers": under_way, "refused": dict(world.links.counts)}


def _peer(world: World, id: str) -> Json:
    found = peer.find(world, id)
    shown = next(one for one in peer.public(world)["items"] if one["id"] == found.id)
    return {**shown, "contacts": [asdict(one) for one in peer.contacts(world, found.id)]}


def _end(world: World, id: str, reason: str) -> Json:
    return {"index": peer.end(world, id, reason)}


def _pull(world: World, id: str | None) -> Json:
    chosen = [peer.find(world, id)] if id is not None else [one for one in peer.every(world) if one.stands]
    return {"items": [asdict(follow.look(world, one.id)) for one in chosen]}


VERBS: Final[Mapping[str, tuple[tuple[str, ...], Callable[..., Json]]]] = {
    "look-peer": (("url",), _look),
    "add-peer": (("url", "terms?", "key?", "digest?"), _add),
    "peers": ((), _peers),
    "peer": (("id",), _peer),
    "end-peer": (("id", "reason"), _end),
    "pull-peers": (("id?",), _pull),
}
