"""Keys: made, named by their thumbprint, weak ones refused; raw Ed25519 signatures by them."""

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Protocol, cast

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc.jwk import OKPKey

from datadam.errors import Invalid, Untrusted
from datadam.model import MemberId
from datadam.seal.encoding import canonical, decode, encode

ALGORITHM: Final = "Ed25519"
SIGNATURE_BYTES: Final = 64  # RFC 8032 §5.1.6
KEYS_KEPT: Final = 64  # a dam signs with three; what is forgotten is worked out again
MOST_BELIEVED: Final = 4096  # public keys that are kept in the form in which they are checked with

_WORDS: Final = re.compile(r"[A-Za-z0-9_-]*")
_FIELD: Final = 2**255 - 19
_ORDER_EIGHT: Final = 2707385501144840649318225287225658788936804267575313519463743609750303402022
# y-coordinates of the points of small order: a signature under such a "key" verifies for messages nobody signed
_SMALL_ORDER: Final = frozenset({0, 1, _FIELD - 1, _ORDER_EIGHT, _FIELD - _ORDER_EIGHT})

Jwk = dict[str, str]


def new_key() -> Jwk:
    """A new private Ed25519 key as JWK (RFC 8037), with its thumbprint as `kid`."""
    jwk = cast("Jwk", dict(OKPKey.generate_key(ALGORITHM).as_dict(private=True)))
    return {"kty": jwk["kty"], "crv": jwk["crv"], "x": jwk["x"], "d": jwk["d"], "kid": thumbprint(jwk)}


def thumbprint(jwk: Mapping[str, str]) -> str:
    """The key's RFC 7638 thumbprint, base64url SHA-256."""
    return _thumbprint(*_parts(jwk))


@lru_cache(maxsize=MOST_BELIEVED)
def _thumbprint(kty: str, crv: str, x: str) -> str:
    if _WORDS.fullmatch(crv + kty + x):  # nothing is escaped: this is the canonical form
        return encode(hashlib.sha256(f'{{"crv":"{crv}","kty":"{kty}","x":"{x}"}}'.encode()).digest())
    return encode(hashlib.sha256(canonical({"crv": crv, "kty": kty, "x": x})).digest())


def public(jwk: Mapping[str, str]) -> Jwk:
    """The public part: exactly kty, crv, x. Refuses other kinds of keys and points that anyone can sign for."""
    kty, crv, x = _parts(jwk)
    _raw(kty, crv, x)
    return {"kty": kty, "crv": crv, "x": x}


@lru_cache(maxsize=MOST_BELIEVED)
def _raw(kty: str, crv: str, x: str) -> bytes:
    """The 32 bytes of a public key that is of our kind and not weak."""
    if (kty, crv) != ("OKP", ALGORITHM):
        raise Invalid("key.kind-unknown", kind=f"{kty} {crv}"[:40])
    raw = decode(x)
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if len(raw) != 32 or y >= _FIELD or y in _SMALL_ORDER:  # noqa: PLR2004  (RFC 8032: 32 octets)
        raise Invalid("key.point-weak")
    return raw


def _parts(jwk: Mapping[str, str]) -> tuple[str, str, str]:
    """The three texts that make a public key."""
    kty, crv, x = jwk.get("kty"), jwk.get("crv"), jwk.get("x")
    if isinstance(kty, str) and isinstance(crv, str) and isinstance(x, str):
        return kty, crv, x
    return _member(jwk, "kty"), _member(jwk, "crv"), _member(jwk, "x")  # the one that is none is named


def _member(jwk: Mapping[str, str], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise Invalid("key.malformed", field=name)
    return value


def raw_public(jwk: Mapping[str, str]) -> bytes:
    """The 32 bytes of the public key."""
    return _raw(*_parts(jwk))


def public_from_raw(raw: bytes) -> Jwk:
    """The JWK of 32 public bytes; weak ones are `Invalid`."""
    return public({"kty": "OKP", "crv": ALGORITHM, "x": encode(raw)})


def member_id(jwk: Mapping[str, str]) -> MemberId:
    """The id of the member whose first key this is."""
    return MemberId("m-" + hashlib.sha256(thumbprint(public(jwk)).encode()).hexdigest()[:20])


class Signer(Protocol):
    """What signs with a private key that it does not give away: a token, a card, another program."""

    def sign(self, message: bytes) -> bytes:
        """The raw Ed25519 signature (RFC 8032) of the message; `Unavailable` where there is none to be had."""
        ...


class HeldKey(dict[str, str]):
    """The public JWK of a key whose private part is held elsewhere, and what signs with it."""

    def __init__(self, jwk: Mapping[str, str], signer: Signer) -> None:
        """Take the public part of `jwk` only."""
        super().__init__({**public(jwk), "kid": thumbprint(jwk)})
        self.signer = signer


def public_from_pem(data: bytes) -> Jwk:
    """The JWK of an Ed25519 public key in PEM (RFC 8410); anything else is `Invalid`."""
    try:
        key = serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Invalid("key.malformed", field="PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise Invalid("key.kind-unknown", kind=type(key).__name__[:40])
    return public_from_raw(key.public_bytes_raw())


def operator_id(jwk: Mapping[str, str]) -> str:
    """The id of the operator whose key this is."""
    return "o-" + hashlib.sha256(thumbprint(public(jwk)).encode()).hexdigest()[:20]


def peer_id(jwk: Mapping[str, str]) -> str:
    """The id of the dam whose first statement key this is."""
    return peer_of(thumbprint(public(jwk)))


def peer_of(kid: str) -> str:
    """The id of the dam whose first statement key has this thumbprint."""
    return "p-" + hashlib.sha256(kid.encode()).hexdigest()[:20]


def sign_bytes(jwk: Jwk, message: bytes) -> bytes:
    """The 64-byte Ed25519 signature (RFC 8032) of a message: for signed notes, which are not JWS.

    What a signer gives for a key that is held elsewhere is checked before anybody sees it; else `Untrusted`.
    """
    if isinstance(jwk, HeldKey):
        signature = jwk.signer.sign(message)
        if len(signature) != SIGNATURE_BYTES or not bytes_signed(jwk, message, signature):
            raise Untrusted("signer.wrong", kid=thumbprint(jwk))
        return signature
    return _private(_member(jwk, "d")).sign(message)


@lru_cache(maxsize=KEYS_KEPT)
def _private(d: str) -> Ed25519PrivateKey:
    """The key of that secret; to read it anew takes as long as to sign with it."""
    return Ed25519PrivateKey.from_private_bytes(decode(d))


def bytes_signed(jwk: Mapping[str, str], message: bytes, signature: bytes) -> bool:
    """Whether the signature holds."""
    try:
        _public_key(*_parts(jwk)).verify(signature, message)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=MOST_BELIEVED)
def _public_key(kty: str, crv: str, x: str) -> Ed25519PublicKey:
    """The public key, if it is none that anyone can sign for."""
    return Ed25519PublicKey.from_public_bytes(_raw(kty, crv, x))
