"""RFC 8785 bytes, digests, JWS, keyed hashes: the only file that knows keys.

- A statement's payload is RFC 8785 JSON with a 128-bit random salt; its id is the payload's SHA-256.
- Every signature is a JWS (RFC 7515, general JSON serialisation) with `alg` `Ed25519` (RFC 9864) and `kid` the key's
  RFC 7638 thumbprint.
- `verify` answers *who* signed; whether they are the parties that had to sign is for `expect`. An envelope from which
  one of two signatures was stripped still verifies: only the comparison with the expected parties refuses it.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, Protocol, cast

import rfc8785
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from datadam.errors import Invalid, Untrusted
from datadam.model import Json, Kind, MemberId, Statement, StatementId, instant

ALGORITHM: Final = "Ed25519"
SIGNATURE_BYTES: Final = 64  # RFC 8032 §5.1.6
SALT_BYTES: Final = 16  # makes guessing a body from its public id useless
MAX_ENVELOPE: Final = 4 * 1024 * 1024  # bytes; a standard with many columns is the largest honest one
CERTIFIED: Final = ("RS256", "PS256", "ES256")  # for certificates only: those that there are have no Ed25519 keys yet
MAX_CERTIFIED: Final = 32 * 1024  # characters of a JWS with its certificates
MAX_CHAIN: Final = 5  # certificates in one
MIN_RSA: Final = 2048  # bits
MAX_SIGNATURES: Final = 8  # parties to one statement; each costs a verification
MAX_LOGIN_SECONDS: Final = 300  # RFC 7523 §3: an assertion lives briefly
CLOCK_SKEW: Final = 60  # seconds that two honest clocks may differ
VERSION: Final = 1  # of the statement envelope
_KEYS_KEPT: Final = 64  # a dam signs with three, and believes many; what is forgotten is worked out again

_MOST_EXACT: Final = 2**53 - 1  # the largest integer that every reader of JSON holds exactly (RFC 8785 §3.2.2.3)
_MOST_PLAIN: Final = 1_000_000  # values in one another
_PLAIN: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False)

_COORDINATE: Final = 32  # bytes of each half of an ES256 signature (RFC 7518 §3.4)
_QC_STATEMENTS: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3")
_QC_COMPLIANCE: Final = bytes.fromhex("06060400 8e460101")  # id-etsi-qcs-QcCompliance, 0.4.0.1862.1.1, as DER

_FIELD: Final = 2**255 - 19
_ORDER_EIGHT: Final = 2707385501144840649318225287225658788936804267575313519463743609750303402022
# y-coordinates of the points of small order: a signature under such a "key" verifies for messages nobody signed
_SMALL_ORDER: Final = frozenset({0, 1, _FIELD - 1, _ORDER_EIGHT, _FIELD - _ORDER_EIGHT})

Jwk = dict[str, str]


class _Statements(jws.JWSRegistry):
    """Which signatures are checked: joserfc's own limit of a payload is smaller than what we open."""

    max_payload_length = MAX_ENVELOPE


_STATEMENTS: Final = _Statements(algorithms=[ALGORITHM])


# --- bytes ------------------------------------------------------------------------------------------------------------


def canonical(value: object) -> bytes:
    """The RFC 8785 bytes of a JSON value; what JSON cannot carry exactly (NaN, integers over 2^53 - 1) is `Invalid`."""
    try:
        return _PLAIN.encode(value).encode() if _is_plain(value) else rfc8785.dumps(cast("Any", value))
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise Invalid("json.not-canonical", why=str(error)[:200]) from error


def _is_plain(value: object) -> bool:
    """Whether Python's own encoder writes a value as RFC 8785 does, at a fifth of the cost.

    So it does but for fractions, large integers, and keys that UTF-16 may sort in another way; those go the long way,
    and so does what is as large as only endless things are.
    """
    rest: list[object] = [value]
    for _ in range(_MOST_PLAIN):
        if not rest:
            return True
        one = rest.pop()
        kind = type(one)
        if kind is dict:
            held = cast("dict[str, object]", one)
            try:
                if not "".join(held).isascii():
                    return False
            except TypeError:  # a key that is no text
                return False
            rest.extend(held.values())
        elif kind is list or kind is tuple:
            rest.extend(cast("list[object]", one))
        elif not (isinstance(one, str) or one is None or kind is bool or (kind is int and _exact(cast("int", one)))):
            return False
    return False


def _exact(number: int) -> bool:
    return -_MOST_EXACT <= number <= _MOST_EXACT


def parse(data: bytes | str) -> Any:  # noqa: ANN401  (JSON may be any value)
    """Read JSON strictly: a repeated key, NaN or bad UTF-8 is `Invalid`, not a silent choice."""
    try:
        text = data if isinstance(data, str) else data.decode()
        return json.loads(text, object_pairs_hook=_no_repeats, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Invalid("json.malformed", why=str(error)[:200]) from error


def _no_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a key occurs twice in one object"
        raise ValueError(message)
    return found


def _no_constant(name: str) -> None:
    message = f"{name} is not JSON"
    raise ValueError(message)


def digest(data: bytes) -> str:
    """SHA-256 as lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def encode(data: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Read base64url without padding; any other spelling of the same bytes is `Invalid`."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise Invalid("text.base64-malformed", value=text[:40]) from error
    if encode(data) != text:
        raise Invalid("text.base64-malformed", value=text[:40])
    return data


def salt() -> str:
    """128 random bits, base64url."""
    return encode(secrets.token_bytes(SALT_BYTES))


# --- keys -------------------------------------------------------------------------------------------------------------


def new_key() -> Jwk:
    """A new private Ed25519 key as JWK (RFC 8037), with its thumbprint as `kid`."""
    jwk = cast("Jwk", dict(OKPKey.generate_key(ALGORITHM).as_dict(private=True)))
    return {"kty": jwk["kty"], "crv": jwk["crv"], "x": jwk["x"], "d": jwk["d"], "kid": thumbprint(jwk)}


def thumbprint(jwk: Mapping[str, str]) -> str:
    """The key's RFC 7638 thumbprint, base64url SHA-256."""
    return _thumbprint(*(_member(jwk, name) for name in ("crv", "kty", "x")))


@lru_cache(maxsize=_KEYS_KEPT)
def _thumbprint(crv: str, kty: str, x: str) -> str:
    return encode(hashlib.sha256(canonical({"crv": crv, "kty": kty, "x": x})).digest())


def public(jwk: Mapping[str, str]) -> Jwk:
    """The public part: exactly kty, crv, x. Refuses other kinds of keys and points that anyone can sign for."""
    found = {name: _member(jwk, name) for name in ("kty", "crv", "x")}
    if (found["kty"], found["crv"]) != ("OKP", ALGORITHM):
        raise Invalid("key.kind-unknown", kind=f"{found['kty']} {found['crv']}"[:40])
    raw = decode(found["x"])
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if len(raw) != 32 or y >= _FIELD or y in _SMALL_ORDER:  # noqa: PLR2004  (RFC 8032: 32 octets)
        raise Invalid("key.point-weak")
    return found


def _member(jwk: Mapping[str, str], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise Invalid("key.malformed", field=name)
    return value


def raw_public(jwk: Mapping[str, str]) -> bytes:
    """The 32 bytes of the public key."""
    return decode(public(jwk)["x"])


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


@lru_cache(maxsize=_KEYS_KEPT)
def _private(d: str) -> Ed25519PrivateKey:
    """The key of that secret; to read it anew takes as long as to sign with it."""
    return Ed25519PrivateKey.from_private_bytes(decode(d))


def bytes_signed(jwk: Mapping[str, str], message: bytes, signature: bytes) -> bool:
    """Whether the signature holds."""
    try:
        Ed25519PublicKey.from_public_bytes(raw_public(jwk)).verify(signature, message)
    except InvalidSignature:
        return False
    return True


# --- statements -------------------------------------------------------------------------------------------------------


def state(kind: Kind, facts: Json, *, issued: str, key: Jwk) -> Statement:
    """Make and sign a statement of `kind` with `facts`; `issued` is what the signer says the time is."""
    body = {**facts, "v": VERSION, "kind": str(kind), "salt": salt(), "issued": issued}
    payload = canonical(body)
    unsigned = Statement(id=StatementId(digest(payload)), kind=kind, body=body, payload=payload, signatures=())
    return countersign(unsigned, key)


def countersign(statement: Statement, key: Jwk) -> Statement:
    """The same statement with one more signature."""
    protected = _protected(thumbprint(key))
    signature = sign_bytes(key, f"{protected}.{encode(statement.payload)}".encode())
    added = {"protected": protected, "signature": encode(signature)}
    return Statement(
        id=statement.id,
        kind=statement.kind,
        body=statement.body,
        payload=statement.payload,
        signatures=(*statement.signatures, added),
    )


@lru_cache(maxsize=_KEYS_KEPT)
def _protected(kid: str) -> str:
    """The protected header of every signature by one key."""
    return encode(canonical({"alg": ALGORITHM, "kid": kid}))


def envelope(statement: Statement) -> bytes:
    """The statement as JWS general JSON serialisation (RFC 7515 §7.2.1), itself canonical."""
    return canonical({"payload": encode(statement.payload), "signatures": [dict(s) for s in statement.signatures]})


def opened(data: bytes | str) -> Statement:
    """Read an envelope without believing it yet. Anything but one canonical payload of a known kind is `Invalid`."""
    if len(data) > MAX_ENVELOPE:
        raise Invalid("statement.too-large", size=len(data), limit=MAX_ENVELOPE)
    text, signatures = _parts(parse(data))
    payload = decode(text)
    body = parse(payload)
    if not isinstance(body, dict) or canonical(body) != payload:
        raise Invalid("statement.not-canonical")
    kind_known = isinstance(body.get("kind"), str) and body["kind"] in set(Kind)
    if type(body.get("v")) is not int or body["v"] != VERSION or not kind_known:  # to Python, true is 1
        raise Invalid("statement.kind-unknown", kind=str(body.get("kind"))[:40])
    for name in ("salt", "issued"):
        if not isinstance(body.get(name), str):
            raise Invalid("statement.malformed", field=name)
    if len(decode(body["salt"])) != SALT_BYTES:
        raise Invalid("statement.malformed", field="salt")
    return Statement(
        id=StatementId(digest(payload)),
        kind=Kind(body["kind"]),
        body=body,
        payload=payload,
        signatures=tuple(dict(s) for s in signatures),
    )


def _parts(outer: object) -> tuple[str, list[dict[str, str]]]:
    if not isinstance(outer, dict) or set(outer) != {"payload", "signatures"}:
        raise Invalid("statement.malformed", field="payload, signatures")
    payload, signatures = outer["payload"], outer["signatures"]
    if not isinstance(payload, str):
        raise Invalid("statement.malformed", field="payload")
    if not isinstance(signatures, list) or not 1 <= len(signatures) <= MAX_SIGNATURES:
        raise Invalid("statement.malformed", field="signatures")
    if not all(_is_signature(signature) for signature in signatures):
        raise Invalid("statement.malformed", field="signatures")
    return payload, signatures


def _is_signature(value: object) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"protected", "signature"}
        and all(isinstance(part, str) for part in value.values())
    )


def kids(statement: Statement) -> tuple[str, ...]:
    """The keys that the signatures name; not yet believed."""
    return tuple(_kid(signature["protected"]) for signature in statement.signatures)


@lru_cache(maxsize=_KEYS_KEPT)
def _kid(protected: str) -> str:
    header = parse(decode(protected))
    if not isinstance(header, dict) or set(header) != {"alg", "kid"} or not isinstance(header["kid"], str):
        raise Invalid("statement.malformed", field="protected")
    if header["alg"] != ALGORITHM:
        raise Untrusted("signature.algorithm", algorithm=str(header["alg"])[:20])
    return header["kid"]


def verify(statement: Statement, keys: Mapping[str, Mapping[str, str]]) -> frozenset[str]:
    """The kids whose signatures hold. A signature that does not, a key twice or a key not in `keys` is `Untrusted`.

    `keys` are the public JWKs, by kid, that were in force where the statement was included in the log.
    """
    named = kids(statement)
    for kid in named:
        if kid not in keys or thumbprint(keys[kid]) != kid:
            raise Untrusted("signature.key-unknown", kid=kid[:60], statement=statement.id)
    if len(set(named)) != len(named):
        raise Untrusted("signature.repeated", statement=statement.id)
    ring = KeySet([OKPKey.import_key({**public(keys[kid]), "kid": kid}) for kid in named])
    outer: Any = {"payload": encode(statement.payload), "signatures": [dict(s) for s in statement.signatures]}
    try:
        held = jws.deserialize_json(outer, ring, registry=_STATEMENTS)
    except (JoseError, ValueError) as error:
        raise Untrusted("signature.wrong", statement=statement.id) from error
    if held.payload != statement.payload or digest(statement.payload) != statement.id:
        raise Untrusted("signature.wrong", statement=statement.id)
    return frozenset(named)


def expect(
    signed: Collection[str],
    owners: Mapping[str, str],
    parties: Iterable[str],
    *,
    statement: str,
    quorum: tuple[Collection[str], int] = ((), 0),
) -> None:
    """Refuse unless exactly the `parties` signed, and of those whom `quorum` names at least so many as it says.

    `owners` says whose key each kid is: who signs with two keys is one.
    """
    have, need, (named, least) = {owners[kid] for kid in signed}, set(parties), quorum
    missing, surplus = sorted(need - have), sorted(have - need - set(named))
    if missing or surplus:
        raise Untrusted("signature.parties", statement=statement, missing=missing, surplus=surplus)
    if len(have & set(named)) < least:
        raise Untrusted("signature.quorum", statement=statement, signed=len(have & set(named)), needed=least)


# --- certificates -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """What the holder of an X.509 certificate signed, and what the certificate says of it."""

    payload: bytes
    organisation: str | None
    identifier: str | None  # organizationIdentifier (ETSI EN 319 412-1 §5.1.4)
    country: str | None
    issuer: str  # RFC 4514
    serial: str
    until: str  # ISO 8601 instant of its end
    root: str  # SHA-256 of the root that it was traced to, as DER
    algorithm: str
    qualified: bool  # whether it says of itself that it is qualified (ETSI EN 319 412-5); nobody asked its issuer


def read_roots(pem: bytes) -> list[bytes]:
    """The certificates of a PEM file, as DER; what cannot be read, or has none, is `Invalid`."""
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise Invalid("certificate.malformed", why=str(error)[:80]) from error
    return [one.public_bytes(serialization.Encoding.DER) for one in found]


def certify(payload: bytes, chain: bytes, algorithm: str, sign: Callable[[bytes], bytes]) -> str:
    """The compact JWS of `payload` with its signer's certificates, PEM, its own first; `sign` gives the raw signature.

    A signature that does not hold under the first certificate is `Untrusted`.
    """
    certificates = read_roots(chain)
    header = {"alg": algorithm, "x5c": [base64.b64encode(one).decode() for one in certificates]}
    signed = f"{encode(canonical(header))}.{encode(payload)}"
    signature = sign(signed.encode())
    _check_signature(x509.load_der_x509_certificate(certificates[0]), algorithm, signed.encode(), signature)
    return f"{signed}.{encode(signature)}"


def pem_signer(pem: bytes, algorithm: str) -> Callable[[bytes], bytes]:
    """What signs with a private key in an open PEM file, by an algorithm of `CERTIFIED`."""
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Invalid("key.malformed", field="PEM") from error
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1) and algorithm == "ES256":
        held = key

        def sign(message: bytes) -> bytes:
            r, s = decode_dss_signature(held.sign(message, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(_COORDINATE, "big") + s.to_bytes(_COORDINATE, "big")

        return sign
    if isinstance(key, rsa.RSAPrivateKey) and algorithm in {"RS256", "PS256"}:
        return lambda message: key.sign(message, _rsa_padding(algorithm), hashes.SHA256())
    raise Invalid("certificate.algorithm", algorithm=algorithm[:20])


def certified(token: str, roots: Sequence[bytes], *, now: datetime, signed: Callable[[bytes], datetime]) -> Certified:
    """What a JWS with an `x5c` chain (RFC 7515 §4.1.6) says, if the chain leads to one of `roots` (DER).

    The certificate must have been valid at the time that `signed` reads from the payload, and be valid at `now`; it
    must be no authority's, and its key must be for signatures, not for a host. Whether it was revoked is not asked.
    """
    if len(token) > MAX_CERTIFIED or token.count(".") != 2:  # noqa: PLR2004  (three parts)
        raise Invalid("certificate.malformed", why="compact JWS")
    head, body, tail = token.split(".")
    header = parse(decode(head))
    if not isinstance(header, dict) or not {"alg", "x5c"} <= set(header) <= {"alg", "x5c", "typ"}:
        raise Invalid("certificate.malformed", why="header")
    algorithm = header["alg"]
    if algorithm not in CERTIFIED:
        raise Untrusted("certificate.algorithm", algorithm=str(algorithm)[:20])
    chain = _chain_of(header["x5c"])
    payload = decode(body)
    _check_signature(chain[0], algorithm, f"{head}.{body}".encode(), decode(tail))
    _check_order(chain)
    anchors = [x509.load_der_x509_certificate(one) for one in roots]
    for time in (signed(payload), now):
        path = _traced(chain, anchors, time)
    subject = chain[0].subject
    return Certified(
        payload=payload,
        organisation=_named(subject, NameOID.ORGANIZATION_NAME),
        identifier=_named(subject, NameOID.ORGANIZATION_IDENTIFIER),
        country=_named(subject, NameOID.COUNTRY_NAME),
        issuer=chain[0].issuer.rfc4514_string(),
        serial=f"{chain[0].serial_number:x}",
        until=instant(chain[0].not_valid_after_utc),
        root=digest(path[-1].public_bytes(serialization.Encoding.DER)),
        algorithm=algorithm,
        qualified=_says_qualified(chain[0]),
    )


def _chain_of(told: object) -> list[x509.Certificate]:
    if not isinstance(told, list) or not 0 < len(told) <= MAX_CHAIN or not all(isinstance(one, str) for one in told):
        raise Invalid("certificate.malformed", why="x5c")
    try:
        return [x509.load_der_x509_certificate(base64.b64decode(one, validate=True)) for one in told]
    except ValueError as error:
        raise Invalid("certificate.malformed", why=str(error)[:80]) from error


def _check_signature(certificate: x509.Certificate, algorithm: str, message: bytes, signature: bytes) -> None:
    """Refuse a signature that is not by the certificate's key, of the kind and size that the algorithm takes."""
    try:
        key = certificate.public_key()
        if isinstance(key, ec.EllipticCurvePublicKey) and algorithm == "ES256":
            if not isinstance(key.curve, ec.SECP256R1) or len(signature) != 2 * _COORDINATE:
                raise Untrusted("certificate.key-weak", kind=key.curve.name)
            r, s = (int.from_bytes(half, "big") for half in (signature[:_COORDINATE], signature[_COORDINATE:]))
            key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey) and algorithm in {"RS256", "PS256"}:
            if key.key_size < MIN_RSA:
                raise Untrusted("certificate.key-weak", kind=f"RSA {key.key_size}")
            key.verify(signature, message, _rsa_padding(algorithm), hashes.SHA256())
        else:
            raise Untrusted("certificate.key-weak", kind=f"{type(key).__name__} {algorithm}")
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
        raise Untrusted("certificate.signature-wrong") from error


def _rsa_padding(algorithm: str) -> padding.AsymmetricPadding:
    """RFC 7518 §3.3 and §3.5: for PS256 the salt is as long as the hash."""
    if algorithm == "RS256":
        return padding.PKCS1v15()
    return padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)


def _check_order(chain: Sequence[x509.Certificate]) -> None:
    """RFC 7515 §4.1.6: each certificate is vouched for by the next one."""
    for one, above in pairwise(chain):
        try:
            one.verify_directly_issued_by(above)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
            raise Untrusted("certificate.order") from error


def _traced(
    chain: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate], time: datetime
) -> list[x509.Certificate]:
    """The path from a certificate to a root that was valid at a time (RFC 5280 §6)."""
    if not anchors:
        raise Untrusted("certificate.untrusted", why="no root")
    try:
        policy = verification.PolicyBuilder().store(verification.Store(list(anchors))).time(time.replace(tzinfo=None))
        checks = policy.max_chain_depth(MAX_CHAIN).extension_policies(
            ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(), ee_policy=_ENTITY
        )
        return _unbound(checks.build_client_verifier().verify(chain[0], list(chain[1:])).chain)
    except (verification.VerificationError, ValueError) as error:
        raise Untrusted("certificate.untrusted", why=str(error)[:160]) from error


def _signs(_: object, __: x509.Certificate, usage: x509.KeyUsage) -> None:
    if not (usage.digital_signature or usage.content_commitment) or usage.key_cert_sign:
        message = "its key is not for signatures"
        raise ValueError(message)


def _no_authority(_: object, __: x509.Certificate, constraints: x509.BasicConstraints | None) -> None:
    if constraints is not None and constraints.ca:
        message = "it is an authority's"
        raise ValueError(message)


def _for_documents(_: object, __: x509.Certificate, purposes: x509.ExtendedKeyUsage | None) -> None:
    """Of a key that is for hosts, code or times alone, its holder may be whoever runs the organisation's machines."""
    said = set() if purposes is None else {one.dotted_string for one in purposes}
    if said and (said.isdisjoint(_PURPOSES) or ExtendedKeyUsageOID.SERVER_AUTH.dotted_string in said):
        message = "its key is for other purposes"
        raise ValueError(message)


def _unbound(path: list[x509.Certificate]) -> list[x509.Certificate]:
    """A path without authorities that may name some organisations only: which ones, the verifier does not compare."""
    limits = [one.value for authority in path[1:] for one in authority.extensions if one.oid == _LIMITS]
    named = [one for limit in limits for one in (*(limit.permitted_subtrees or ()), *(limit.excluded_subtrees or ()))]
    if any(isinstance(one, x509.DirectoryName) for one in named):
        message = "an authority is bound to some organisations"
        raise ValueError(message)
    return path


_LIMITS: Final = ExtensionOID.NAME_CONSTRAINTS
# Certificates for seals name no host, and seldom a purpose.
_PURPOSES: Final = {
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE.dotted_string,
    ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string,
    ExtendedKeyUsageOID.EMAIL_PROTECTION.dotted_string,
    "1.3.6.1.5.5.7.3.36",  # signing documents (RFC 9336)
    "1.3.6.1.4.1.311.10.3.12",  # the same, of Microsoft
    "1.2.840.113583.1.1.5",  # the same, of Adobe
}
_ENTITY: Final = (
    verification.ExtensionPolicy.permit_all()
    .require_present(x509.KeyUsage, verification.Criticality.AGNOSTIC, _signs)
    .may_be_present(x509.BasicConstraints, verification.Criticality.AGNOSTIC, _no_authority)
    .may_be_present(x509.ExtendedKeyUsage, verification.Criticality.AGNOSTIC, _for_documents)
)


def _named(name: x509.Name, oid: x509.ObjectIdentifier) -> str | None:
    """The one value that a name has of a kind; of several, none is it."""
    found = [str(one.value) for one in name.get_attributes_for_oid(oid)]
    return found[0] if len(found) == 1 else None


def _says_qualified(certificate: x509.Certificate) -> bool:
    try:
        told = certificate.extensions.get_extension_for_oid(_QC_STATEMENTS).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return isinstance(told, x509.UnrecognizedExtension) and _QC_COMPLIANCE in told.value


# --- logins -----------------------------------------------------------------------------------------------------------


def login_assertion(key: Jwk, *, member: str, audience: str, now: int) -> str:
    """A one-time `private_key_jwt` (RFC 7523 §3) by which `member` logs in at `audience`; `now` in Unix seconds."""
    header = {"alg": ALGORITHM, "kid": thumbprint(key), "typ": "JWT"}
    lifetime = MAX_LOGIN_SECONDS - 2 * CLOCK_SKEW
    claims = {"iss": member, "sub": member, "aud": audience, "iat": now, "exp": now + lifetime, "jti": salt()}
    signed = f"{encode(canonical(header))}.{encode(canonical(claims))}"
    return f"{signed}.{encode(sign_bytes(key, signed.encode()))}"


def assertion_kid(assertion: str) -> str:
    """The key that a login assertion names; not yet believed."""
    header = parse(decode(assertion.partition(".")[0]))
    kid = header.get("kid") if isinstance(header, dict) else None
    if not isinstance(kid, str):
        raise Untrusted("login.assertion-malformed")
    return kid


def read_assertion(assertion: str, jwk: Mapping[str, str], *, audience: str, now: int) -> Json:
    """The claims of a login assertion that holds: signed by `jwk`, for `audience`, alive at `now`, brief, one-time."""
    try:
        key = OKPKey.import_key({**public(jwk), "kid": thumbprint(jwk)})
        token = jwt.decode(assertion, key, algorithms=[ALGORITHM])
    except (JoseError, ValueError) as error:
        raise Untrusted("login.assertion-malformed") from error
    claims: Json = token.claims
    texts = all(isinstance(claims.get(name), str) for name in ("iss", "sub", "jti"))
    times = all(isinstance(claims.get(name), int) for name in ("iat", "exp")) and isinstance(claims.get("nbf", 0), int)
    if not texts or not times or claims["iss"] != claims["sub"]:
        raise Untrusted("login.assertion-malformed")
    audiences = claims.get("aud")
    if audience not in (audiences if isinstance(audiences, list) else [audiences]):
        raise Untrusted("login.audience", expected=audience)
    begins = max(claims["iat"], claims.get("nbf", 0))
    if begins > now + CLOCK_SKEW:
        raise Untrusted("login.clock", seconds=begins - now)
    if claims["exp"] <= now - CLOCK_SKEW:
        raise Untrusted("login.expired", seconds=now - claims["exp"])
    if not 0 < claims["exp"] - claims["iat"] <= MAX_LOGIN_SECONDS:
        raise Untrusted("login.too-long", limit=MAX_LOGIN_SECONDS)
    return claims


def new_token() -> str:
    """256 random bits to hand out as a bearer token."""
    return encode(secrets.token_bytes(32))


# --- keyed hashes -----------------------------------------------------------------------------------------------------


def keyed(key: bytes, *parts: str | bytes) -> bytes:
    """HMAC-SHA-256 (RFC 2104) over the parts, each preceded by its length so that no two lists collide."""
    message = b"".join(len(p).to_bytes(8, "big") + p for p in (q.encode() if isinstance(q, str) else q for q in parts))
    return hmac.digest(key, message, "sha256")


def keyed_permutation(key: bytes, blocks: bytes | memoryview) -> bytes:
    """AES-256 (FIPS 197) of each 16 bytes alone: what keyed hashes of very many short rows are built of.

    Never to hide anything with: equal blocks stay equal.
    """
    return Cipher(AES256(key), modes.ECB()).encryptor().update(blocks)  # noqa: S305  (see above)


def same(left: str | bytes, right: str | bytes) -> bool:
    """Compare without telling by time where they differ."""
    a, b = (x.encode() if isinstance(x, str) else x for x in (left, right))
    return hmac.compare_digest(a, b)
