"""The group that matching computes in: ristretto255, hashing into it, ElGamal over it, proofs about it.

Points and scalars are 32 bytes each as RFC 9496 encodes them. There are no points of small order; the identity is a
point like others to the group, and is refused wherever a point comes from outside (`point`). What is said here with
`+` is written so in RFC 9496; papers often write the same group with a product.

The arithmetic is libsodium's, in constant time, by way of rbcl, which the first operation loads, not this file.
"""

import hashlib
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final, Protocol, cast

from datadam.errors import Unavailable, Untrusted

BYTES: Final = 32  # of a point, and of a scalar
IDENTITY: Final = bytes(BYTES)
PROOF_BYTES: Final = 2 * BYTES  # a challenge and a response
TURNED_BYTES: Final = 3 * BYTES  # a challenge and two responses
ORDER: Final = 2**252 + 27742317777372353535851937790883648493  # RFC 9496 §4.4
_WIDE: Final = 64  # bytes that are reduced to a scalar or mapped to a point, so that none is likelier (RFC 9380 §5)
_WEIGHT: Final = 16  # bytes of a weight: a false sum holds with probability 2^-128
_BLOCK: Final = 128  # bytes of a block of SHA-512
_LONGEST_TAG: Final = 255  # RFC 9380 §5.3.1

Pair = tuple[bytes, bytes]
"""An ElGamal ciphertext of M under X: (rG, M + rX)."""


class _Sodium(Protocol):
    """What is used of rbcl, under its own names."""

    def crypto_core_ristretto255_add(self, p: bytes, q: bytes, /) -> bytes: ...
    def crypto_core_ristretto255_sub(self, p: bytes, q: bytes, /) -> bytes: ...
    def crypto_core_ristretto255_from_hash(self, h: bytes, /) -> bytes: ...
    def crypto_core_ristretto255_is_valid_point(self, p: bytes, /) -> bool: ...
    def crypto_core_ristretto255_random(self) -> bytes: ...
    def crypto_core_ristretto255_scalar_add(self, s: bytes, t: bytes, /) -> bytes: ...
    def crypto_core_ristretto255_scalar_invert(self, s: bytes, /) -> bytes: ...
    def crypto_core_ristretto255_scalar_mul(self, s: bytes, t: bytes, /) -> bytes: ...
    def crypto_core_ristretto255_scalar_random(self) -> bytes: ...
    def crypto_core_ristretto255_scalar_reduce(self, s: bytes, /) -> bytes: ...
    def crypto_core_ristretto255_scalar_sub(self, s: bytes, t: bytes, /) -> bytes: ...
    def crypto_scalarmult_ristretto255(self, s: bytes, p: bytes, /) -> bytes: ...
    def crypto_scalarmult_ristretto255_base(self, s: bytes, /) -> bytes: ...


@cache
def _sodium() -> _Sodium:
    """The library, 17 MB. It unpacks libsodium into a temporary file, and leaves that there: we do not."""
    try:
        import rbcl  # noqa: PLC0415  (see above)
    except (ImportError, OSError) as error:  # not there, or temporary files may not be run
        raise Unavailable("overlap.library", library="rbcl", extra="match", why=str(error)[:160]) from error
    with suppress(AttributeError, OSError):
        Path(sys.modules["rbcl._sodium"].lib_path).unlink()
    return cast("_Sodium", rbcl)


# --- points and scalars -----------------------------------------------------------------------------------------------


def point(data: bytes) -> bytes:
    """The same bytes, if they are the one encoding of a point that is not the identity; else `Untrusted`."""
    if len(data) != BYTES or data == IDENTITY or not _sodium().crypto_core_ristretto255_is_valid_point(data):
        raise Untrusted("overlap.point")
    return data


def scalar(data: bytes) -> bytes:
    """The same bytes, if they are the one encoding of a scalar that is not zero; else `Untrusted`."""
    if len(data) != BYTES or not 0 < int.from_bytes(data, "little") < ORDER:
        raise Untrusted("overlap.scalar")
    return data


def random_scalar() -> bytes:
    """A scalar that nobody can guess, never zero."""
    return _sodium().crypto_core_ristretto255_scalar_random()


def random_point() -> bytes:
    """A point whose logarithm nobody knows, its maker neither."""
    return _sodium().crypto_core_ristretto255_random()


def inverse(of: bytes) -> bytes:
    """The scalar that undoes another."""
    return _sodium().crypto_core_ristretto255_scalar_invert(of)


def add(left: bytes, right: bytes) -> bytes:
    """The sum of two points."""
    return _sodium().crypto_core_ristretto255_add(left, right)


def subtract(left: bytes, right: bytes) -> bytes:
    """The difference of two points."""
    return _sodium().crypto_core_ristretto255_sub(left, right)


def multiply(by: bytes, what: bytes) -> bytes:
    """A point so many times. The identity, from which nothing can be told, is `Untrusted`."""
    try:
        return _sodium().crypto_scalarmult_ristretto255(by, what)
    except RuntimeError as error:
        raise Untrusted("overlap.point") from error


def public_of(secret: bytes) -> bytes:
    """The generator so many times: what is told of a secret."""
    return _sodium().crypto_scalarmult_ristretto255_base(secret)


def expand(message: bytes, tag: bytes, size: int = _WIDE) -> bytes:
    """Uniform bytes of a message, for one use: expand_message_xmd with SHA-512 (RFC 9380 §5.3.1)."""
    if not 0 < len(tag) <= _LONGEST_TAG or not 0 < size <= _LONGEST_TAG * _WIDE:
        raise ValueError(tag, size)
    suffix = tag + bytes([len(tag)])
    first = hashlib.sha512(bytes(_BLOCK) + message + size.to_bytes(2, "big") + b"\0" + suffix).digest()
    block = hashlib.sha512(first + b"\1" + suffix).digest()
    blocks = [block]
    for number in range(2, -(-size // _WIDE) + 1):
        mixed = bytes(a ^ b for a, b in zip(first, block, strict=True))
        block = hashlib.sha512(mixed + bytes([number]) + suffix).digest()
        blocks.append(block)
    return b"".join(blocks)[:size]


def hashed(message: bytes, tag: bytes) -> bytes:
    """The point of a message: hash_to_ristretto255 (RFC 9380 appendix B); nobody knows its logarithm."""
    return _sodium().crypto_core_ristretto255_from_hash(expand(message, tag))


# --- ElGamal ----------------------------------------------------------------------------------------------------------


def zero(key: bytes) -> Pair:
    """A fresh encryption of the identity under `key`."""
    fresh = random_scalar()
    return public_of(fresh), multiply(fresh, key)


def plus(left: Pair, right: Pair) -> Pair:
    """A ciphertext of the sum of two plaintexts."""
    return add(left[0], right[0]), add(left[1], right[1])


def times(by: bytes, pair: Pair) -> Pair:
    """A ciphertext of the plaintext so many times."""
    return multiply(by, pair[0]), multiply(by, pair[1])


def encrypt(key: bytes, what: bytes) -> Pair:
    """A fresh encryption of a point under `key`."""
    head, tail = zero(key)
    return head, add(tail, what)


def rerandomised(key: bytes, pair: Pair) -> Pair:
    """Another ciphertext of the same plaintext; without the key, nobody can tell that it is."""
    return plus(pair, zero(key))


# --- proofs: Schnorr's and Chaum and Pedersen's, made without a verifier (Fiat and Shamir) ----------------------------


def _challenge(context: bytes, *points: bytes) -> bytes:
    """A scalar that depends on all that is said; `context` names the use, and its length stands before it."""
    told = len(context).to_bytes(8, "big") + context + b"".join(points)
    return _sodium().crypto_core_ristretto255_scalar_reduce(expand(told, b"datadam/proof/v1"))


def _response(nonce: bytes, challenge: bytes, secret: bytes) -> bytes:
    sodium = _sodium()
    return sodium.crypto_core_ristretto255_scalar_add(
        nonce, sodium.crypto_core_ristretto255_scalar_mul(challenge, secret)
    )


def _undone(response: bytes, base: bytes | None, challenge: bytes, image: bytes) -> bytes:
    """What the prover began with, if the proof holds: response x base - challenge x image."""
    begun = public_of(response) if base is None else multiply(response, base)
    return subtract(begun, multiply(challenge, image))


def prove_held(context: bytes, secret: bytes) -> bytes:
    """A proof that its maker holds the secret of `public_of(secret)` (Schnorr): against keys made of others' keys."""
    nonce = random_scalar()
    challenge = _challenge(context, public_of(secret), public_of(nonce))
    return challenge + _response(nonce, challenge, secret)


def is_held(context: bytes, public: bytes, proof: bytes) -> bool:
    """Whether that proof holds."""
    try:
        challenge, response = _scalars(proof, PROOF_BYTES)
        return _challenge(context, public, _undone(response, None, challenge, public)) == challenge
    except Untrusted:
        return False


def prove_raised(context: bytes, secret: bytes, base: bytes) -> bytes:
    """A proof that `multiply(secret, base)` was made with the secret of `public_of(secret)` (Chaum and Pedersen)."""
    nonce = random_scalar()
    told = (public_of(secret), base, multiply(secret, base))
    challenge = _challenge(context, *told, public_of(nonce), multiply(nonce, base))
    return challenge + _response(nonce, challenge, secret)


def is_raised(context: bytes, public: bytes, base: bytes, image: bytes, proof: bytes) -> bool:
    """Whether that proof holds."""
    try:
        challenge, response = _scalars(proof, PROOF_BYTES)
        begun = _undone(response, None, challenge, public), _undone(response, base, challenge, image)
        return _challenge(context, public, base, image, *begun) == challenge
    except Untrusted:
        return False


def weights(seed: bytes, count: int) -> list[bytes]:
    """Scalars of 128 bits, by which many equations become one; `seed` must depend on all of them."""
    drawn = hashlib.shake_256(b"datadam/weights/v1" + seed).digest(_WEIGHT * count)
    return [drawn[at : at + _WEIGHT] + bytes(BYTES - _WEIGHT) for at in range(0, len(drawn), _WEIGHT)]


def weighted(points: Sequence[bytes], by: Sequence[bytes]) -> bytes:
    """The sum of so many times each of some points; there must be one."""
    return total(multiply(weight, one) for one, weight in zip(points, by, strict=True))


def total(points: Iterable[bytes]) -> bytes:
    """The sum of some points; there must be one."""
    summands = iter(points)
    (found,) = islice(summands, 1)
    for one in summands:
        found = add(found, one)
    return found


def turn(context: bytes, secret: bytes, head: bytes, to: bytes) -> tuple[Pair, bytes]:
    """Give a share of a decryption to one reader only: (sG, s x to - secret x head), and a proof of that form.

    The shares of all holders, added to what they decrypt, are its ciphertext under the key `to`; whoever carries them
    there can read nothing.
    """
    fresh = random_scalar()
    pair = public_of(fresh), subtract(multiply(fresh, to), multiply(secret, head))
    nonces = random_scalar(), random_scalar()
    begun = _turned(nonces, head, to, public_of(nonces[1]))
    challenge = _challenge(context, public_of(secret), head, to, *pair, *begun)
    return pair, challenge + _response(nonces[0], challenge, fresh) + _response(nonces[1], challenge, secret)


def _turned(scalars: Sequence[bytes], head: bytes, to: bytes, public: bytes) -> tuple[bytes, bytes, bytes]:
    return public_of(scalars[0]), subtract(multiply(scalars[0], to), multiply(scalars[1], head)), public


def is_turned(context: bytes, public: bytes, ends: Pair, pair: Pair, proof: bytes) -> bool:
    """Whether that proof holds; `ends` are `head` and `to`."""
    try:
        challenge, *responses = _scalars(proof, TURNED_BYTES)
        first, second, third = _turned(responses, *ends, public_of(responses[1]))
        begun = (
            subtract(first, multiply(challenge, pair[0])),
            subtract(second, multiply(challenge, pair[1])),
            subtract(third, multiply(challenge, public)),
        )
        return _challenge(context, public, *ends, *pair, *begun) == challenge
    except Untrusted:
        return False


def _scalars(proof: bytes, size: int) -> list[bytes]:
    if len(proof) != size:
        raise Untrusted("overlap.scalar")
    return [scalar(proof[at : at + BYTES]) for at in range(0, size, BYTES)]
