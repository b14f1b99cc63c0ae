"""An agreement as a W3C Verifiable Credential 2.0, and the same secured as `application/vc+jwt` (VC-JOSE-COSE §3.1.1).

The credential is made from what both sides have in hand, so each of them makes it anew and compares: what differs in a
letter is not signed. The terms stand in it as a JSON literal, the offer's own ODRL object with the two parties.
"""

from dataclasses import dataclass
from typing import Any, Final

from datadam import seal
from datadam.errors import Untrusted
from datadam.model import Json

CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
VOCABULARY: Final = "urn:datadam:vocab#"
TYPE: Final = "DataDamAgreement"
MEDIA: Final = "application/vc+jwt"
_HEADER: Final = {"alg": seal.ALGORITHM, "cty": "vc", "typ": "vc+jwt"}
_CONTEXTS: Final = (
    CONTEXT,
    {"@vocab": VOCABULARY, "agreement": {"@id": f"{VOCABULARY}agreement", "@type": "@json"}},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Who agrees with whom: the origin of the dam's log, and a member's id."""

    origin: str
    member: str

    @property
    def dam(self) -> str:
        """The dam as a URI."""
        return f"urn:datadam:dam:{self.origin}"

    @property
    def subject(self) -> str:
        """The member as a URI."""
        return f"urn:datadam:member:{self.member}"


def credential(parties: Parties, offer: Json, terms: Json, *, begins: str) -> Json:
    """The credential of an agreement under `offer`, an `offer` statement's body, that holds from the instant `begins`.

    `terms` are offer (its statement), purposes, destination, level, expires and texts, as the `agreement` statement
    has them.
    """
    text: dict[str, Any] = dict(offer["offer"])
    agreement = {
        **text,
        "@type": "Agreement",
        "uid": f"urn:datadam:agreement:{offer['standard']}:{parties.member}:{begins}",
        "assigner": parties.dam,
        "assignee": parties.subject,
        "timestamp": begins,
        "purposes": list(terms["purposes"]),
        "destination": terms["destination"],
    }
    end = {} if terms["expires"] is None else {"validUntil": terms["expires"]}
    return {
        "@context": list(_CONTEXTS),
        "type": ["VerifiableCredential", TYPE],
        "issuer": parties.dam,
        "validFrom": begins,
        **end,
        "credentialSubject": {
            "id": parties.subject,
            "agreement": agreement,
            "offer": {"statement": terms["offer"], "number": offer["number"], "digest": offer["digest"]},
            "texts": dict(terms["texts"]),
            "minSignatureLevel": terms["level"],
            "law": text.get("law", ""),
        },
    }


def secured(claims: Json, key: seal.Jwk) -> str:
    """The credential as a JWT in compact form, signed by its issuer."""
    header = seal.encode(seal.canonical({**_HEADER, "kid": seal.thumbprint(key)}))
    signed = f"{header}.{seal.encode(seal.canonical(claims))}"
    return f"{signed}.{seal.encode(seal.sign_bytes(key, signed.encode()))}"


def opened(token: str, jwk: Json) -> Json:
    """The credential that a compact JWT carries, if it is signed by the key `jwk` and in no other way."""
    parts = token.split(".")
    if len(parts) != len(("header", "payload", "signature")):
        raise Untrusted("credential.malformed")
    header, payload, signature = parts
    if seal.parse(seal.decode(header)) != {**_HEADER, "kid": seal.thumbprint(jwk)}:
        raise Untrusted("credential.header-wrong")
    if not seal.bytes_signed(jwk, f"{header}.{payload}".encode(), seal.decode(signature)):
        raise Untrusted("credential.signature-wrong")
    found: Json = seal.parse(seal.decode(payload))
    return found
