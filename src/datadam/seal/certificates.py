"""X.509 certificates: what the holder of one signed, if they lead to a root that is believed."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from datadam.errors import Invalid, Untrusted
from datadam.model import instant
from datadam.seal.encoding import canonical, decode, digest, encode, parse

CERTIFIED: Final = ("RS256", "PS256", "ES256")  # for certificates only: those that there are have no Ed25519 keys yet
MAX_CERTIFIED: Final = 32 * 1024  # characters of a JWS with its certificates
MAX_CHAIN: Final = 5  # certificates in one
MIN_RSA: Final = 2048  # bits

_COORDINATE: Final = 32  # bytes of each half of an ES256 signature (RFC 7518 §3.4)
_QC_STATEMENTS: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3")
_QC_COMPLIANCE: Final = bytes.fromhex("06060400 8e460101")  # id-etsi-qcs-QcCompliance, 0.4.0.1862.1.1, as DER


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
