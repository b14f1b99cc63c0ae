"""What passes between two dams, signed: requests with a nonce of whoever is asked, greetings with one of whoever asks.

No clock is compared with another's: a request counts once because its nonce does, and whoever is asked gave that out. A
greeting says how large a log was when a nonce of ours was signed, so it cannot be older than the nonce. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from datadam import merkle, seal
from datadam.errors import Invalid, Untrusted
from datadam.formats import note
from datadam.model import Checkpoint, Json

REQUEST: Final = "datadam-request+jws"
GREETING: Final = "datadam-greeting+jws"
"""What a signature is for (RFC 7515 §4.1.9): one for a request is none for a greeting, nor for a statement."""
MAX_TOKEN: Final = 4096  # characters
MAX_NONCE: Final = 100  # characters

_REQUEST: Final = frozenset({"from", "to", "method", "path", "digest", "nonce"})
_GREETING: Final = frozenset({"origin", "to", "nonce", "size", "root"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request from one dam to another, as both see it."""

    source: str  # origin of the dam that asks
    target: str  # and of the one that is asked
    method: str
    path: str  # with its query
    body: bytes = b""
    nonce: str  # that the dam which is asked gave out

    @property
    def claims(self) -> Json:
        """What is signed of it."""
        return {
            "from": self.source,
            "to": self.target,
            "method": self.method,
            "path": self.path,
            "digest": seal.digest(self.body),
            "nonce": self.nonce,
        }


def sign_request(asked: Asked, key: seal.Jwk) -> str:
    """The request's token: a compact JWS (RFC 7515 §7.1) by the asking dam's statement key."""
    return _signed(REQUEST, asked.claims, key)


def named(token: str) -> tuple[str, str]:
    """Whose request a token says that it is: the key and the origin, believed by nobody yet."""
    header, claims, _, _ = _parted(token, REQUEST, _REQUEST)
    return header["kid"], claims["from"]


def check_request(token: str, asked: Mapping[str, object], keys: Mapping[str, Mapping[str, str]]) -> str:
    """The nonce of a request that one of `keys` (by kid) signed; else `Untrusted`.

    `asked` are the claims that whoever is asked knows of itself: to, method, path, digest. Whether the nonce was given
    out is for the caller.
    """
    claims = _believed(token, REQUEST, _REQUEST, keys)
    for name, value in asked.items():
        if claims[name] != value:
            raise Untrusted("peer.request-other", field=name)
    return str(claims["nonce"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """How large a dam's log was when it signed a nonce."""

    checkpoint: Checkpoint
    nonce: str


def sign_greeting(checkpoint: Checkpoint, *, to: str, nonce: str, key: seal.Jwk) -> str:
    """The answer to a nonce, for the dam `to` alone."""
    if not 0 < len(nonce) <= MAX_NONCE:
        raise Invalid("peer.nonce-malformed")
    root = note.base64_of(checkpoint.root)
    claims = {"origin": checkpoint.origin, "to": to, "nonce": nonce, "size": checkpoint.size, "root": root}
    return _signed(GREETING, claims, key)


def check_greeting(
    token: str, *, origin: str, to: str, nonce: str, keys: Mapping[str, Mapping[str, str]]
) -> Checkpoint:
    """The size and root that the dam `origin` signed with our nonce; anything else is `Untrusted`."""
    claims = _believed(token, GREETING, _GREETING, keys)
    for name, value in (("origin", origin), ("to", to), ("nonce", nonce)):
        if claims[name] != value:
            raise Untrusted("peer.greeting-other", field=name)
    root = note.unbase64(claims["root"]) if isinstance(claims["root"], str) else None
    if type(claims["size"]) is not int or not 0 <= claims["size"] <= note.MAX_SIZE:
        raise Untrusted("peer.greeting-other", field="size")
    if root is None or len(root) != merkle.HASH_BYTES:
        raise Untrusted("peer.greeting-other", field="root")
    return Checkpoint(origin=origin, size=claims["size"], root=root)


# --- compact JWS ------------------------------------------------------------------------------------------------------


def _signed(kind: str, claims: Json, key: seal.Jwk) -> str:
    header = {"alg": seal.ALGORITHM, "kid": seal.thumbprint(key), "typ": kind}
    signed = f"{seal.encode(seal.canonical(header))}.{seal.encode(seal.canonical(claims))}"
    return f"{signed}.{seal.encode(seal.sign_bytes(key, signed.encode()))}"


def _parted(token: str, kind: str, fields: frozenset[str]) -> tuple[Json, Json, bytes, bytes]:
    """Header, claims, what was signed and the signature; `Untrusted` unless it has exactly the shape of its kind."""
    try:
        if len(token) > MAX_TOKEN:
            raise Invalid("json.malformed", why="too long")
        head, body, tail = token.split(".")
        header, claims, signature = seal.parse(seal.decode(head)), seal.parse(seal.decode(body)), seal.decode(tail)
    except (Invalid, ValueError) as error:
        raise Untrusted("peer.token-malformed") from error
    shaped = isinstance(header, dict) and set(header) == {"alg", "kid", "typ"} and isinstance(header["kid"], str)
    if not shaped or (header["alg"], header["typ"]) != (seal.ALGORITHM, kind):
        raise Untrusted("peer.token-malformed")
    if not isinstance(claims, dict) or set(claims) != fields or not _texts(claims):
        raise Untrusted("peer.token-malformed")
    return header, claims, f"{head}.{body}".encode(), signature


def _texts(claims: Json) -> bool:
    """Whether every claim but a size is a text."""
    return all(isinstance(value, str) for name, value in claims.items() if name != "size")


def _believed(token: str, kind: str, fields: frozenset[str], keys: Mapping[str, Mapping[str, str]]) -> Json:
    header, claims, signed, signature = _parted(token, kind, fields)
    jwk = keys.get(header["kid"])
    if jwk is None:
        raise Untrusted("peer.key-unknown", kid=header["kid"][:60])
    if len(signature) != seal.SIGNATURE_BYTES or not seal.bytes_signed(jwk, signed, signature):
        raise Untrusted("peer.signature-wrong", kid=header["kid"][:60])
    return claims
