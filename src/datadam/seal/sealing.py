"""Sealing: bytes that one holder of a key may read and whoever carries them may not (JWE, RFC 7516)."""

from collections.abc import Mapping
from typing import Final, cast

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from datadam.errors import Invalid, Untrusted
from datadam.seal.encoding import decode
from datadam.seal.keys import Jwk

CURVE: Final = "X25519"
MAX_SEALED: Final = 1 << 20  # characters
_BYTES: Final = 32
_WAY: Final = {"alg": "ECDH-ES", "enc": "A256GCM"}  # RFC 7518 §4.6 over X25519 (RFC 8037), §5.3


def new_reading_key() -> Jwk:
    """A new private X25519 key as JWK (RFC 8037); it reads, and signs nothing."""
    jwk = cast("Jwk", dict(OKPKey.generate_key(CURVE).as_dict(private=True)))
    return {name: jwk[name] for name in ("kty", "crv", "x", "d")}


def reading_key(jwk: Mapping[str, object]) -> Jwk:
    """The public part of such a key; anything else is `Invalid`."""
    kty, crv, x = (jwk.get(name) for name in ("kty", "crv", "x"))
    if (kty, crv) != ("OKP", CURVE) or not isinstance(x, str):
        raise Invalid("key.kind-unknown", kind=f"{kty} {crv}"[:40])
    if len(decode(x)) != _BYTES or not any(decode(x)):
        raise Invalid("key.point-weak")
    return {"kty": "OKP", "crv": CURVE, "x": x}


def sealed(data: bytes, jwk: Mapping[str, object]) -> str:
    """The bytes for the holder of a reading key alone, as compact JWE: each time others, and longer by a fixed sum."""
    try:
        return jwe.encrypt_compact(dict(_WAY), data, OKPKey.import_key(dict(reading_key(jwk))))
    except ValueError as error:  # a point of small order: the secret would be everybody's
        raise Invalid("key.point-weak") from error


def unsealed(text: str, key: Jwk) -> bytes:
    """What was sealed for a key; anything that is not just that is `Untrusted`."""
    if len(text) > MAX_SEALED:
        raise Untrusted("sealed.wrong")
    try:
        found = jwe.decrypt_compact(text, OKPKey.import_key(dict(key)), algorithms=list(_WAY.values()))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Untrusted("sealed.wrong") from error
    return cast("bytes", found.plaintext)
