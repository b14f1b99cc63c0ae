"""RFC 8785 bytes, digests, JWS, keyed hashes: the only part that knows keys.

- A statement's payload is RFC 8785 JSON with a 128-bit random salt; its id is the payload's SHA-256.
- Every signature is a JWS (RFC 7515, general JSON serialisation) with `alg` `Ed25519` (RFC 9864) and `kid` the key's
  RFC 7638 thumbprint.
- `verify` answers *who* signed; whether they are the parties that had to sign is for `expect`. An envelope from which
  one of two signatures was stripped still verifies: only the comparison with the expected parties refuses it.
- `group`, the arithmetic of matching, is not loaded with the rest: `from datadam.seal import group`.
"""

from datadam.seal.certificates import (
    CERTIFIED,
    MAX_CERTIFIED,
    MAX_CHAIN,
    MIN_RSA,
    Certified,
    certified,
    certify,
    pem_signer,
    read_roots,
)
from datadam.seal.encoding import (
    SALT_BYTES,
    canonical,
    decode,
    digest,
    encode,
    new_token,
    parse,
    salt,
)
from datadam.seal.hashing import (
    keyed,
    keyed_permutation,
    same,
)
from datadam.seal.keys import (
    ALGORITHM,
    SIGNATURE_BYTES,
    HeldKey,
    Jwk,
    Signer,
    bytes_signed,
    member_id,
    new_key,
    operator_id,
    peer_id,
    peer_of,
    public,
    public_from_pem,
    public_from_raw,
    raw_public,
    sign_bytes,
    thumbprint,
)
from datadam.seal.logins import (
    CLOCK_SKEW,
    MAX_LOGIN_SECONDS,
    assertion_kid,
    login_assertion,
    read_assertion,
)
from datadam.seal.statements import (
    MAX_ENVELOPE,
    MAX_SIGNATURES,
    VERSION,
    countersign,
    envelope,
    expect,
    kids,
    opened,
    state,
    verify,
)

__all__ = [
    "ALGORITHM",
    "CERTIFIED",
    "CLOCK_SKEW",
    "MAX_CERTIFIED",
    "MAX_CHAIN",
    "MAX_ENVELOPE",
    "MAX_LOGIN_SECONDS",
    "MAX_SIGNATURES",
    "MIN_RSA",
    "SALT_BYTES",
    "SIGNATURE_BYTES",
    "VERSION",
    "Certified",
    "HeldKey",
    "Jwk",
    "Signer",
    "assertion_kid",
    "bytes_signed",
    "canonical",
    "certified",
    "certify",
    "countersign",
    "decode",
    "digest",
    "encode",
    "envelope",
    "expect",
    "keyed",
    "keyed_permutation",
    "kids",
    "login_assertion",
    "member_id",
    "new_key",
    "new_token",
    "opened",
    "operator_id",
    "parse",
    "peer_id",
    "peer_of",
    "pem_signer",
    "public",
    "public_from_pem",
    "public_from_raw",
    "raw_public",
    "read_assertion",
    "read_roots",
    "salt",
    "same",
    "sign_bytes",
    "state",
    "thumbprint",
    "verify",
]
