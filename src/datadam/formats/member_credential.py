"""A credential that somebody else gave a member: a W3C Verifiable Credential 2.0 as `vc+jwt` (VC-JOSE-COSE §3.1.1).

Believed is a signature by a key that the dam recognises, and nothing that the token says of keys: no `jwk`, `jku` or
`x5c` of its own is looked at, and a header that asks for more than we understand is refused.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from datadam import seal
from datadam.errors import DamError, Invalid, Untrusted
from datadam.formats.credential import CONTEXT
from datadam.model import Json, instant, moment

MAX_TOKEN: Final = 64_000  # characters
NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
TYPE: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,99}")
ISSUER: Final = re.compile(r"[a-z][a-z0-9+.-]{1,20}:[!-~]{3,300}")
_ALGORITHMS: Final = (seal.ALGORITHM, "EdDSA")  # RFC 9864, and the name that the same signature had before
_KNOWN: Final = frozenset({"alg", "kid", "typ", "cty", "iss"})  # header fields; an issuer's kid has a form of its own
_TYPES: Final = ("vc+jwt", "application/vc+jwt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """What a token says, under a signature that holds."""

    issuer: str
    subject: str
    types: tuple[str, ...]
    begins: str  # ISO 8601 instant
    expires: str
    kid: str  # thumbprint of the key that signed it
    listed: bool  # it names a status list, which nobody here fetches


def type_of(name: str) -> str:
    """The type that a W3C credential of a name has unless the operator says another: `SpecialisedInstitution`."""
    return "".join(part.capitalize() for part in name.split("-"))


def read(token: str, keys: Iterable[Mapping[str, str]], *, audience: Iterable[str]) -> Presented:
    """What a token says, if one of `keys` signed it and it is for no other than `audience`; times are for the caller.

    `Untrusted` where the signature or its header does not hold, `Invalid` where it is no credential of this form.
    """
    parts = token.strip().split(".")
    if len(parts) != len(("header", "payload", "signature")) or len(token) > MAX_TOKEN:
        raise Untrusted("credential.malformed")
    header, payload, signature = parts
    try:
        _check_header(seal.parse(seal.decode(header)))
        kid = _signer(keys, f"{header}.{payload}".encode(), seal.decode(signature))
        claims = seal.parse(seal.decode(payload))
    except Invalid as error:
        raise Untrusted("credential.malformed") from error
    if not isinstance(claims, dict):
        raise Untrusted("credential.malformed")
    return _presented(claims, kid, frozenset(audience))


def _check_header(header: object) -> None:
    known = isinstance(header, dict) and set(header) <= _KNOWN
    if not known or not isinstance(header, dict):
        raise Untrusted("credential.header-wrong")
    if header.get("alg") not in _ALGORITHMS or header.get("typ") not in _TYPES or header.get("cty", "vc") != "vc":
        raise Untrusted("credential.header-wrong")


def _signer(keys: Iterable[Mapping[str, str]], signed: bytes, signature: bytes) -> str:
    for key in keys:
        if seal.bytes_signed(key, signed, signature):
            return seal.thumbprint(key)
    raise Untrusted("credential.signature-wrong")


def _presented(claims: Json, kid: str, audience: frozenset[str]) -> Presented:
    issuer, subject, types = _id(claims.get("issuer")), _id(claims.get("credentialSubject")), claims.get("type")
    context = claims.get("@context")
    if not isinstance(context, list) or context[:1] != [CONTEXT]:
        raise _wrong("@context")
    if not isinstance(types, list) or "VerifiableCredential" not in types or not all(isinstance(t, str) for t in types):
        raise _wrong("type")
    if issuer is None or claims.get("iss", issuer) != issuer:
        raise _wrong("issuer")
    if subject is None or claims.get("sub", subject) != subject:
        raise _wrong("credentialSubject")
    said = claims.get("aud", [])
    meant = [said] if isinstance(said, str) else said
    if not isinstance(meant, list) or (meant and audience.isdisjoint(one for one in meant if isinstance(one, str))):
        raise Untrusted("credential.other-audience")
    begins = [one for one in (_time(claims, "validFrom"), _seconds(claims, "nbf")) if one is not None]
    ends = [one for one in (_time(claims, "validUntil"), _seconds(claims, "exp")) if one is not None]
    if not ends:
        raise Invalid("credential.endless")
    return Presented(
        issuer=issuer,
        subject=subject,
        types=tuple(types),
        begins=max(begins, default=instant(datetime(1970, 1, 1, tzinfo=UTC))),
        expires=min(ends),
        kid=kid,
        listed="credentialStatus" in claims,
    )


def _id(value: object) -> str | None:
    """The id of an issuer or subject; of several subjects none."""
    found: Any = value.get("id") if isinstance(value, dict) else value
    return found if isinstance(found, str) and found else None


def _time(claims: Json, name: str) -> str | None:
    if name not in claims:
        return None
    try:
        return instant(moment(str(claims[name])))
    except DamError as error:
        raise _wrong(name) from error


def _seconds(claims: Json, name: str) -> str | None:
    """A NumericDate (RFC 7519 §2) as an instant; fractions are cut off."""
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(name)
    try:
        return instant(datetime.fromtimestamp(int(value), UTC))
    except (ValueError, OverflowError, OSError) as error:
        raise _wrong(name) from error


def _wrong(field: str) -> Invalid:
    return Invalid("credential.field-wrong", field=field)
