"""Authorities for tests, and the certificates that they issue to organisations: good ones, and each kind of bad one."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import NameOID

from worlds import START

DAY: Final = dt.timedelta(days=1)
PEM: Final = serialization.Encoding.PEM
QC: Final = x509.UnrecognizedExtension(
    x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3"), bytes.fromhex("300a3008060604008e460101")
)
ORGANISATION: Final[Mapping[x509.ObjectIdentifier, str]] = {
    NameOID.COUNTRY_NAME: "KR",
    NameOID.ORGANIZATION_NAME: "Hanbit Metals Co., Ltd.",
    NameOID.COMMON_NAME: "Seal of Hanbit",
}


@dataclass
class Holder:
    """A certificate, its key, and those that vouch for it."""

    certificate: x509.Certificate
    key: CertificateIssuerPrivateKeyTypes
    above: tuple[x509.Certificate, ...] = ()

    @property
    def pem(self) -> bytes:
        """The chain, its own first."""
        return b"".join(one.public_bytes(PEM) for one in (self.certificate, *self.above))

    @property
    def secret(self) -> bytes:
        """The private key."""
        return self.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

    @property
    def der(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def authority(self, name: str, **how: Any) -> "Holder":
        """An authority under this one."""
        return issued({NameOID.COMMON_NAME: name}, by=self, ca=True, **how)

    def organisation(self, **how: Any) -> "Holder":
        """An organisation's certificate for its seal."""
        return issued({**ORGANISATION, **how.pop("more", {})}, by=self, **how)


def root(name: str = "Root") -> Holder:
    """An authority that vouches for itself."""
    return issued({NameOID.COMMON_NAME: name}, by=None, ca=True)


def issued(  # noqa: PLR0913  (all that a certificate may have)
    who: Mapping[x509.ObjectIdentifier, str],
    *,
    by: Holder | None,
    ca: bool = False,
    key: Any = None,
    begins: dt.datetime = START - 30 * DAY,
    ends: dt.datetime = START + 300 * DAY,
    usage: Mapping[str, bool] | None = None,
    extension: x509.ExtensionType | None = None,
    critical: bool = False,
) -> Holder:
    """A certificate by an authority, or by itself."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(kind, value) for kind, value in who.items()])
    signer = by.key if by else key
    uses = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    uses |= usage or ({"key_cert_sign": True, "crl_sign": True} if ca else {"content_commitment": True})
    public = signer.public_key()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by.certificate.subject if by else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**uses), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
    )
    if extension is not None:
        made = made.add_extension(extension, critical=critical)
    certificate = made.sign(signer, hashes.SHA256())
    return Holder(certificate, key, (by.certificate, *by.above) if by else ())


def rsa_key(size: int = 2048) -> rsa.RSAPrivateKey:
    """An RSA key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=size)
