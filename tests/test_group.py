"""The group that matching computes in: RFC 9496, 9380 and 9497 by their vectors, a second implementation, proofs."""

import builtins
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ge25519 import ge25519_cached, ge25519_p3
from hypothesis import given, settings
from hypothesis.strategies import binary, integers, lists

from datadam.errors import Unavailable, Untrusted
from datadam.seal import group

# RFC 9496 appendix A.1, from 1 on
MULTIPLES = [
    "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
    "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
    "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
    "da80862773358b466ffadfe0b3293ab3d9fd53c5ea6c955358f568322daf6a57",
    "e882b131016b52c1d3337080187cf768423efccbb517bb495ab812c4160ff44e",
    "f64746d3c92b13050ed8d80236a7f0007c3b3f962f5ba793d19a601ebb1df403",
    "44f53520926ec81fbd5a387845beb7df85a96a24ece18738bdcfa6a7822a176d",
    "903293d8f2287ebe10e2374dc1a53e0bc887e592699f02d077d5263cdd55601c",
    "02622ace8f7303a31cafc63f8fc48fdc16e1c8c8d234b2f0d6685282a9076031",
    "20706fd788b2720a1ed2a5dad4952b01f413bcf0e7564de8cdc816689e2db95f",
    "bce83f8ba5dd2fa572864c24ba1810f9522bc6004afe95877ac73241cafdab42",
    "e4549ee16b9aa03099ca208c67adafcafa4c3f3e4e5303de6026e3ca8ff84460",
    "aa52e000df2e16f55fb1032fc33bc42742dad6bd5a8fc0be0167436c5948501f",
    "46376b80f409b29dc2b5f6f0c52591990896e5716f41477cd30085ab7f10301e",
    "e0c418f7c8d9c4cdd7395b93ea124f3ad99021bb681dfc3302a9d99a2e53e64e",
]

UNIFORM = {  # appendix A.3
    "5d1be09e3d0c82fc538112490e35701979d99e06ca3e2b5b54bffe8b4dc772c1"
    "4d98b696a1bbfb5ca32c436cc61c16563790306c79eaca7705668b47dffe5bb6": (
        "3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46"
    ),
    "f116b34b8f17ceb56e8732a60d913dd10cce47a6d53bee9204be8b44f6678b27"
    "0102a56902e2488c46120e9276cfe54638286b9e4b3cdb470b542d46c2068d38": (
        "f26e5b6f7d362d2d2a94c5d0e7602cb4773c95a2e5c31a64f133189fa76ed61b"
    ),
    "8422e1bbdaab52938b81fd602effb6f89110e1e57208ad12d9ad767e2e25510c"
    "27140775f9337088b982d83d7fcf0b2fa1edffe51952cbe7365e95c86eaf325c": (
        "006ccd2a9e6867e6a2c5cea83d3302cc9de128dd2a9a57dd8ee7b9d7ffe02826"
    ),
}

# appendix A.2: beyond the field, and negative
WRONG = [
    "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


def scalar(number: int) -> bytes:
    """The scalar of a number."""
    return number.to_bytes(32, "little")


def test_multiples_of_the_generator_are_those_of_the_rfc() -> None:
    """RFC 9496 appendix A.1, by multiplying and by adding."""
    assert [group.public_of(scalar(number)).hex() for number in range(1, 16)] == MULTIPLES
    generator = bytes.fromhex(MULTIPLES[0])
    assert group.total([generator] * 15).hex() == MULTIPLES[14]
    assert group.subtract(bytes.fromhex(MULTIPLES[14]), bytes.fromhex(MULTIPLES[10])).hex() == MULTIPLES[3]


@pytest.mark.parametrize(("data", "expected"), UNIFORM.items(), ids=range(len(UNIFORM)))
def test_uniform_bytes_become_the_points_of_the_rfc(data: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9496 appendix A.3."""
    monkeypatch.setattr(group, "expand", lambda message, _: message)
    assert group.hashed(bytes.fromhex(data), b"").hex() == expected


@pytest.mark.parametrize("encoding", [*WRONG, "00" * 32, "e2f2", "", MULTIPLES[0] + "00"])
def test_what_is_no_point_is_refused(encoding: str) -> None:
    """RFC 9496 appendix A.2; the identity, another length."""
    with pytest.raises(Untrusted, match="overlap.point"):
        group.point(bytes.fromhex(encoding))


def test_a_point_is_handed_back() -> None:
    """So that reading and checking are one."""
    assert group.point(bytes.fromhex(MULTIPLES[3])).hex() == MULTIPLES[3]


@pytest.mark.parametrize("number", [0, group.ORDER, group.ORDER + 1, 2**256 - 1])
def test_scalars_have_one_encoding_and_are_not_zero(number: int) -> None:
    """A zero would make everything the identity; a second encoding would make a proof another one."""
    with pytest.raises(Untrusted, match="overlap.scalar"):
        group.scalar(scalar(number))
    with pytest.raises(Untrusted, match="overlap.scalar"):
        group.scalar(b"\1")
    assert group.scalar(scalar(group.ORDER - 1)) == scalar(group.ORDER - 1)


def test_nothing_is_multiplied_into_the_identity() -> None:
    """What libsodium refuses is `Untrusted`, whichever of the two was wrong."""
    with pytest.raises(Untrusted, match="overlap.point"):
        group.multiply(scalar(2), group.IDENTITY)
    with pytest.raises(Untrusted, match="overlap.point"):
        group.multiply(scalar(group.ORDER), bytes.fromhex(MULTIPLES[0]))


EXPANDED = {  # RFC 9380 appendix K.3: SHA-512, 32 and 128 bytes
    (b"", 32): "6b9a7312411d92f921c6f68ca0b6380730a1a4d982c507211a90964c394179ba",
    (b"abc", 32): "0da749f12fbe5483eb066a5f595055679b976e93abe9be6f0f6318bce7aca8dc",
}


@pytest.mark.parametrize("case", EXPANDED, ids=["empty", "abc"])
def test_messages_are_expanded_as_the_rfc_does(case: tuple[bytes, int]) -> None:
    """RFC 9380 §5.3.1 and appendix K.3."""
    tag = b"QUUX-V01-CS02-with-expander-SHA512-256"
    assert group.expand(case[0], tag, case[1]).hex() == EXPANDED[case]


def test_a_long_expansion_is_that_of_the_rfc_too() -> None:
    """Its second block rests on the first one."""
    tag = b"QUUX-V01-CS02-with-expander-SHA512-256"
    expected = (
        "41b037d1734a5f8df225dd8c7de38f851efdb45c372887be655212d07251b921"
        "b052b62eaed99b46f72f2ef4cc96bfaf254ebbbec091e1a3b9e4fb5e5b619d2e"
        "0c5414800a1d882b62bb5cd1778f098b8eb6cb399d5d9d18f5d5842cf5d13d7e"
        "b00a7cff859b605da678b318bd0e65ebff70bec88c753b159a805d2c89c55961"
    )
    assert group.expand(b"", tag, 128).hex() == expected


@pytest.mark.parametrize(("tag", "size"), [(b"", 64), (b"t" * 256, 64), (b"t", 0), (b"t", 255 * 64 + 1)])
def test_no_expansion_without_a_tag_or_too_long_a_one(tag: bytes, size: int) -> None:
    """RFC 9380 §3.1 and §5.3.1: a fault of the program, so no error of ours."""
    with pytest.raises(ValueError, match="t|64"):
        group.expand(b"", tag, size)


BLINDED = {  # RFC 9497 appendix A.1.1: input, blinded element
    "00": "609a0ae68c15a3cf6903766461307e5c8bb2f95e7e6550e1ffa2dc99e412803c",
    "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a": "da27ef466870f5f15296299850aa088629945a17d1f5b7f5ff043f76b3c06418",
}


@pytest.mark.parametrize("message", BLINDED)
def test_hashing_into_the_group_is_that_of_oprf(message: str) -> None:
    """RFC 9497 hashes as we do, with its own tag, and multiplies by a blind."""
    blind = bytes.fromhex("64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706")
    point = group.hashed(bytes.fromhex(message), b"HashToGroup-OPRFV1-\x00-ristretto255-SHA512")
    assert group.multiply(blind, point).hex() == BLINDED[message]


@settings(max_examples=12, deadline=None)
@given(message=binary(max_size=40), number=integers(1, group.ORDER - 1))
def test_another_implementation_computes_the_same(message: bytes, number: int) -> None:
    """`ge25519`, in plain Python: hashing, multiples, sums."""
    uniform = group.expand(message, b"test")
    other = ge25519_p3.from_bytes_ristretto255(ge25519_p3.from_hash_ristretto255(uniform))
    point = group.hashed(message, b"test")
    assert point == other.to_bytes_ristretto255()
    multiple = other.scalar_mult(scalar(number))
    assert group.multiply(scalar(number), point) == multiple.to_bytes_ristretto255()
    total = ge25519_p3.from_p1p1(ge25519_cached_sum(multiple, other))
    assert group.add(group.multiply(scalar(number), point), point) == total.to_bytes_ristretto255()


def ge25519_cached_sum(left: Any, right: Any) -> Any:
    """The sum of two of its points, in its own coordinates."""
    from ge25519 import ge25519_p1p1

    return ge25519_p1p1.add(left, ge25519_cached.from_p3(right))


@settings(max_examples=20, deadline=None)
@given(numbers=lists(integers(1, group.ORDER - 1), min_size=1, max_size=5))
def test_what_is_encrypted_is_decrypted_by_both_shares_and_by_no_one(numbers: list[int]) -> None:
    """Two of two: after rerandomising and multiplying too."""
    shares = group.random_scalar(), group.random_scalar()
    key = group.add(*(group.public_of(share) for share in shares))
    for number in numbers:
        point = group.hashed(scalar(number), b"test")
        pair = group.times(scalar(number), group.rerandomised(key, group.encrypt(key, point)))
        opened = [group.multiply(share, pair[0]) for share in shares]
        once = group.subtract(pair[1], opened[0])
        assert group.subtract(once, opened[1]) == group.multiply(scalar(number), point)
        assert once != group.multiply(scalar(number), point)
        assert group.inverse(group.inverse(scalar(number))) == scalar(number)


CONTEXT = b"a round, a dam"


def held() -> tuple[Callable[[bytes, bytes], bool], bytes, bytes]:
    """A proof of possession: what checks it under a context, its image, itself."""
    secret = group.random_scalar()
    public = group.public_of(secret)
    return (lambda context, proof: group.is_held(context, public, proof)), public, group.prove_held(CONTEXT, secret)


def raised() -> tuple[Callable[[bytes, bytes], bool], bytes, bytes]:
    """A proof of a multiple."""
    secret, base = group.random_scalar(), group.random_point()
    public, image = group.public_of(secret), group.multiply(secret, base)
    proof = group.prove_raised(CONTEXT, secret, base)
    return (lambda context, proof: group.is_raised(context, public, base, image, proof)), image, proof


def turned() -> tuple[Callable[[bytes, bytes], bool], bytes, bytes]:
    """A proof of a share that was turned to a reader."""
    secret, ends = group.random_scalar(), (group.random_point(), group.random_point())
    pair, proof = group.turn(CONTEXT, secret, *ends)
    return (
        (lambda context, proof: group.is_turned(context, group.public_of(secret), ends, pair, proof)),
        pair[1],
        proof,
    )


@pytest.mark.parametrize("make", [held, raised, turned])
def test_a_proof_holds_as_it_is_and_in_no_other_way(make: Callable[[], Any]) -> None:
    """Another context, any byte changed, a shorter or longer one, zeros: nothing holds."""
    check, _, proof = make()
    assert check(CONTEXT, proof)
    assert not check(b"another round", proof)
    for at in range(0, len(proof), 5):
        assert not check(CONTEXT, proof[:at] + bytes([proof[at] ^ 1]) + proof[at + 1 :])
    for wrong in (proof[:-1], proof + b"\0", bytes(len(proof)), b"\xff" * len(proof), b""):
        assert not check(CONTEXT, wrong)


def test_a_proof_says_nothing_of_another_secret() -> None:
    """A multiple by one secret is not proven by another, nor is a key."""
    secret, other, base = group.random_scalar(), group.random_scalar(), group.random_point()
    public = group.public_of(secret)
    assert not group.is_held(CONTEXT, public, group.prove_held(CONTEXT, other))
    assert not group.is_raised(
        CONTEXT, public, base, group.multiply(other, base), group.prove_raised(CONTEXT, other, base)
    )
    assert not group.is_raised(
        CONTEXT, public, base, group.multiply(other, base), group.prove_raised(CONTEXT, secret, base)
    )
    ends = group.random_point(), group.random_point()
    pair, proof = group.turn(CONTEXT, other, *ends)
    assert not group.is_turned(CONTEXT, public, ends, pair, proof)


def test_a_key_made_of_anothers_cannot_be_proven() -> None:
    """The rogue key X' = R - X would open alone what is encrypted under X + X': nobody knows its logarithm."""
    victim, own = group.public_of(group.random_scalar()), group.random_scalar()
    rogue = group.subtract(group.public_of(own), victim)
    assert group.add(victim, rogue) == group.public_of(own)
    assert not group.is_held(CONTEXT, rogue, group.prove_held(CONTEXT, own))


def test_a_share_turned_to_a_reader_is_read_by_it_alone() -> None:
    """Both dams' shares, carried by anybody, open a ciphertext for who holds the reader's secret."""
    secrets = group.random_scalar(), group.random_scalar()
    key = group.add(*(group.public_of(one) for one in secrets))
    reader, point = group.random_scalar(), group.random_point()
    head, tail = group.encrypt(key, point)
    given = [group.turn(CONTEXT, one, head, group.public_of(reader))[0] for one in secrets]
    both = group.plus(*given)
    opened = group.add(both[1], tail)
    assert group.subtract(opened, group.multiply(reader, both[0])) == point
    assert group.subtract(opened, group.multiply(secrets[0], both[0])) != point


def test_a_weighted_sum_shows_that_one_of_many_is_wrong() -> None:
    """Also where two are wrong so that a plain sum would not show it."""
    secret = group.random_scalar()
    befores = [group.random_point() for _ in range(4)]
    afters = [group.multiply(secret, one) for one in befores]
    weights = group.weights(b"seed", 4)
    base = group.weighted(befores, weights)
    assert group.weighted(afters, weights) == group.multiply(secret, base)
    swapped = [afters[1], afters[0], *afters[2:]]
    assert group.total(swapped) == group.multiply(secret, group.total(befores))
    assert group.weighted(swapped, weights) != group.multiply(secret, base)
    assert group.weights(b"other", 4) != weights
    assert len({*weights}) == 4


def test_a_library_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has no extra `match` hears what to install."""
    really = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "rbcl":
            raise ImportError(name)
        return really(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    group._sodium.cache_clear()
    with pytest.raises(Unavailable, match="overlap.library"):
        group.random_point()
    monkeypatch.undo()
    assert group.point(group.random_point())


def test_the_librarys_file_is_not_left_behind() -> None:
    """Rbcl unpacks libsodium at each start, and would leave 2.8 MB there."""
    group.random_point()
    assert not Path(sys.modules["rbcl._sodium"].lib_path).exists()
