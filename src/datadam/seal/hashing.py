"""Keyed hashes, and comparing without telling by time."""

import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES256


def keyed(key: bytes, *parts: str | bytes) -> bytes:
    """HMAC-SHA-256 (RFC 2104) over the parts, each preceded by its length so that no two lists collide."""
    message = b"".join(len(p).to_bytes(8, "big") + p for p in (q.encode() if isinstance(q, str) else q for q in parts))
    return hmac.digest(key, message, "sha256")


def keyed_permutation(key: bytes, blocks: bytes | memoryview) -> bytes:
    """AES-256 (FIPS 197) of each 16 bytes alone: what keyed hashes of very many short rows are built of.

    Never to hide anything with: equal blocks stay equal.
    """
    return Cipher(AES256(key), modes.ECB()).encryptor().update(blocks)  # noqa: S305  (see above)


def keyed_permutation_into(key: bytes, blocks: memoryview, into: memoryview) -> None:
    """The same, into room for one block more than there are, which the cipher asks for; it may be used again."""
    Cipher(AES256(key), modes.ECB()).encryptor().update_into(blocks, into)  # noqa: S305  (see above)


def same(left: str | bytes, right: str | bytes) -> bool:
    """Compare without telling by time where they differ."""
    a, b = (x.encode() if isinstance(x, str) else x for x in (left, right))
    return hmac.compare_digest(a, b)
