"""Reception: requests between dams, both ends. Each is signed, each nonce counts once, each dam has its own pace.

A request that is not known to be another dam's learns nothing: neither whether there is a peering, nor a nonce. What is
refused is counted, and told in the log lines, by its code.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

from datadam import seal
from datadam.between import Asked, check_request, named, sign_request
from datadam.dam import proposals
from datadam.dam.world import World
from datadam.errors import DamError, Invalid, NotFound, Refused, Unavailable, Untrusted, kept
from datadam.model import Json, Key
from datadam.peers import Peer
from datadam.ports import PeerAnswer

PREFIX: Final = "/api/federation/"
PER_MINUTE: Final = 1_200  # requests of one dam: twenty a second, pushes among them
MAX_ASKED: Final = 8 * 1024 * 1024  # bytes of a request
AGAIN: Final = 2  # tries: the first nonce may be one of before the other's restart
_LOG: Final = logging.getLogger(__name__)
_STATUS: Final[tuple[tuple[type[DamError], int], ...]] = (
    (Refused, 403),
    (NotFound, 404),
    (Unavailable, 503),
    (Untrusted, 400),
    (Invalid, 400),
)
_UNAUTHORISED: Final = 401
_CONFLICT: Final = 409
_TOO_OFTEN: Final = 429
_OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another dam as a request needs it: where it is, and by which keys it is known."""

    id: str
    origin: str
    url: str
    keys: Mapping[str, Mapping[str, str]]  # its statement keys, by kid
    peer: Peer | None = None  # None: no peering is in force


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request of another dam, believed to be its own."""

    other: Other
    since: datetime  # when the nonce that it carries was given out: it cannot have been signed before
    query: Mapping[str, str]
    body: bytes
    token: str = ""  # as it was signed

    def read(self) -> Json:
        """The body as a JSON object."""
        told = seal.parse(self.body)
        if not isinstance(told, dict):
            raise Invalid("request.malformed", expected="{}")
        return told


Route = Callable[[World, Request], Json | bytes]


# --- asked ------------------------------------------------------------------------------------------------------------


def answer(
    world: World, routes: Mapping[tuple[str, str], Route], method: str, path: str, *, token: str | None, body: bytes
) -> PeerAnswer:
    """Answer a request of another dam; what stands in the way is told by its code alone."""
    try:
        other, asked = _asker(world, method, path, token=token, body=body)
    except DamError as error:
        return _refused(world, error, _UNAUTHORISED)
    world.links.back(other.id).set()
    since = world.links.use(other.id, asked)
    if since is None:
        spare = world.links.spare(other.id, world.clock())
        return _refused(world, Untrusted("peer.nonce-unknown"), _UNAUTHORISED, spare)
    fresh = world.links.give(other.id, world.clock())
    if not _pace(world, other.id):
        return _refused(world, Refused("request.too-often"), _TOO_OFTEN, fresh)
    plain, _, query = path.partition("?")
    try:
        route = routes.get((method, plain))
        if route is None:
            raise NotFound("request.path-unknown", path=plain[:100])
        told = route(
            world, Request(other=other, since=since, query=dict(parse_qsl(query)), body=body, token=token or "")
        )
    except DamError as error:
        status = (
            _CONFLICT
            if error.code == "peer.other-size"
            else next(at for kind, at in _STATUS if isinstance(error, kind))
        )
        return _refused(world, error, status, fresh)
    return PeerAnswer(status=_OK, body=told if isinstance(told, bytes) else seal.canonical(told), nonce=fresh)


def _asker(world: World, method: str, path: str, *, token: str | None, body: bytes) -> tuple[Other, str]:
    """Whose request it is, and its nonce, whether that holds or not."""
    if token is None:
        raise Untrusted("peer.token-malformed")
    if len(body) > MAX_ASKED:
        raise Invalid("request.too-large", limit=MAX_ASKED)
    kid, origin = named(token)
    other = known(world, kid)
    if other is None or other.origin != origin:
        raise Untrusted("peer.key-unknown", kid=kid[:60])
    claims = {"to": world.settings.name, "method": method, "path": path, "digest": seal.digest(body)}
    return other, check_request(token, claims, other.keys)


def known(world: World, kid: str) -> Other | None:
    """The dam whose statement key this is: a peer's, or one's to which a peering was offered here."""
    with world.store.read() as rows:
        key = rows.get(Key, kid)
        peer = rows.get(Peer, key.owner) if key is not None and key.until is None else None
    if peer is not None:
        return of_peer(world, peer)
    return next((one for one in map(of_offer, proposals.held(world)) if kid in one.keys), None)


def of_peer(world: World, peer: Peer) -> Other:
    """A peer as a request needs it."""
    with world.store.read() as rows:
        keys = {key.kid: key.jwk for key in rows.find(Key, owner=peer.id, until=None)}
    return Other(id=peer.id, origin=peer.origin, url=peer.url, keys=keys, peer=peer if peer.stands else None)


def of_offer(offer: proposals.Proposal) -> Other:
    """A dam that was offered a peering, as a request needs it."""
    about = offer.other
    return Other(id=about.id, origin=about.origin, url=about.url, keys={seal.thumbprint(about.key): about.key})


def _refused(world: World, error: DamError, status: int, nonce: str | None = None) -> PeerAnswer:
    if error.code != "peer.nonce-unknown":  # else every restart would look like an attack
        world.links.count(error.code)
        _LOG.warning("request of another dam refused: %s", error.code)
    return PeerAnswer(status=status, body=seal.canonical(kept(error)), nonce=nonce)


def _pace(world: World, peer: str) -> bool:
    return world.links.admits(peer, PER_MINUTE, time.monotonic())


# --- asking -----------------------------------------------------------------------------------------------------------


def ask(world: World, other: Other, method: str, path: str, body: Json | bytes | None = None) -> Json:
    """Ask another dam; its answer, a JSON object, is believed by nobody yet.

    `Refused` with its code where it refuses, for another size with that size; `NotFound` where it knows of no such
    thing; `Unavailable` where it does not answer.
    """
    return _read(other, _sent(world, other, method, path, body))


def ask_raw(world: World, other: Other, method: str, path: str) -> bytes:
    """The same for an answer that is read by somebody else."""
    told = _sent(world, other, method, path, None)
    return told.body if told.status == _OK else seal.canonical(_read(other, told))


def _sent(world: World, other: Other, method: str, path: str, body: Json | bytes | None) -> PeerAnswer:
    if world.peers is None:
        raise Unavailable("peer.unreachable", url=other.url, why="no link")
    data = body if isinstance(body, bytes) else b"" if body is None else seal.canonical(body)
    for _ in range(AGAIN):
        nonce = world.links.take(other.id) or "none"
        asked = Asked(source=world.settings.name, target=other.origin, method=method, path=path, body=data, nonce=nonce)
        token = sign_request(asked, world.secrets.private_key("sign"))
        told = world.peers.send(other.url, method, path, token=token, body=data)
        world.links.keep(other.id, told.nonce)
        if told.status != _UNAUTHORISED or told.nonce is None:
            break
    return told


def _read(other: Other, told: PeerAnswer) -> Json:
    try:
        found = seal.parse(told.body)
    except Invalid:
        found = None
    if not isinstance(found, dict):
        raise Unavailable("peer.unreachable", url=other.url, why=str(told.status))
    code = str(found.get("code"))[:60]
    match told.status:
        case 200:
            return found
        case 404:
            raise NotFound("peer.not-there", peer=other.origin, said=code)
        case 409 if isinstance(found.get("facts"), dict) and type(found["facts"].get("size")) is int:
            raise Refused("peer.other-size", size=found["facts"]["size"])
        case 400 | 401 | 403 | 409:
            raise Refused("peer.refused", peer=other.origin, said=code)
        case _:
            raise Unavailable("peer.unreachable", url=other.url, why=f"{told.status} {code}")


def public(world: World, url: str, path: str) -> Json:
    """What a dam tells everybody; believed by nobody yet."""
    if world.peers is None:
        raise Unavailable("peer.unreachable", url=url[:120], why="no link")
    told = world.peers.send(url, "GET", path)
    return _read(Other(id="", origin=url[:120], url=url, keys={}), told)
