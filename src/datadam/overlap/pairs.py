"""Two parties: "how large is our overlap", "which of these are known to you" (Diffie-Hellman private set intersection).

The asker raises the points of its values to an exponent of its own, the holder raises what it gets, and its own values,
to another; the asker takes its own exponent off and compares. Both lists are padded to public caps. Where only the size
is asked, the holder shuffles what it gives back (Agrawal, Evfimievski and Srikant, 2003; De Cristofaro, Gasti and
Tsudik, 2012). The holder learns nothing; a made-up value is a probe, so caps, commitments and one run per period hold
here too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Final

from datadam.errors import Invalid, Untrusted
from datadam.model import Json
from datadam.overlap.terms import MAX_CAP, MAX_WORD, committed, read_list, read_object
from datadam.overlap.wire import (
    Form,
    Head,
    Spread,
    check_points,
    cut,
    digest,
    expect_size,
    read,
    shuffle,
    worked,
    write,
)
from datadam.seal import canonical, decode, encode, group, keyed, parse

SIZE: Final = "size"
MEMBERS: Final = "members"
_PAIR: Final = b"datadam/match/pair/v1"
_TAG: Final = b"datadam/match/value/v1"
_RAISED: Final = b"datadam/match/answered/v1"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Who asks whom what, about what, in which period, and how much at most."""

    asker: str
    holder: str
    about: str
    period: str
    what: str  # SIZE or MEMBERS
    asks: int  # values of the asker, at most; so many rows are sent
    holds: int  # values of the holder, at most

    def __post_init__(self) -> None:
        words = (self.asker, self.holder, self.about, self.period)
        if not all(0 < len(word) <= MAX_WORD for word in words):
            raise Invalid("overlap.plan", why="a word is empty or too long")
        if self.what not in {SIZE, MEMBERS} or self.asker == self.holder:
            raise Invalid("overlap.plan", why=f"two parties, and {SIZE} or {MEMBERS}, are needed")
        if not all(type(cap) is int and 0 < cap <= MAX_CAP for cap in (self.asks, self.holds)):
            raise Invalid("overlap.plan", why=f"caps of 1 to {MAX_CAP} rows are needed")

    @cached_property
    def id(self) -> bytes:
        """Its 32 bytes; both messages carry them."""
        return keyed(_PAIR, canonical(self.to_json()))

    def to_json(self) -> Json:
        """What `from_json` reads."""
        return {
            "asker": self.asker,
            "holder": self.holder,
            "about": self.about,
            "period": self.period,
            "what": self.what,
            "asks": self.asks,
            "holds": self.holds,
        }

    @classmethod
    def from_json(cls, told: object) -> "Pair":
        """Read it strictly."""
        words = dict.fromkeys(("asker", "holder", "about", "period", "what"), str)
        return cls(**read_object(told, {**words, "asks": int, "holds": int}))


@dataclass(frozen=True, slots=True)
class Asked:
    """What the asker keeps until the answer is there."""

    secret: bytes = field(repr=False)
    values: tuple[str, ...] = field(repr=False)  # the row of each; empty: a row that stands for nothing
    message: bytes = field(repr=False)

    def to_bytes(self) -> bytes:
        """All of it, the secret too."""
        told = {"secret": encode(self.secret), "values": list(self.values), "message": encode(self.message)}
        return canonical(told)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Asked":
        """Read it."""
        told = read_object(parse(data), {"secret": str, "values": list, "message": str})
        return cls(group.scalar(decode(told["secret"])), tuple(read_list(told, "values", str)), decode(told["message"]))


def pair_commitment(pair: Pair, values: Iterable[str], nonce: bytes) -> str:
    """The digest by which either party commits to its list, as hex; as `commitment` does for a round."""
    return committed(pair.id, sorted(set(values)), nonce)


def ask(pair: Pair, values: Iterable[str], *, spread: Spread = map) -> tuple[Asked, bytes]:
    """What to keep and what to send; more values than the cap are `Invalid`."""
    points = _points(pair, values, pair.asks)
    secret = group.random_scalar()
    names = [value.encode() for value in points] + [b""] * (pair.asks - len(points))
    shuffle(names)
    filled = [points.get(name.decode()) or group.random_point() for name in names]
    body = worked(spread, partial(_times, secret), filled)
    message = write(Head(form=Form.ASKED, round_id=pair.id, rows=pair.asks), body)
    return Asked(secret, tuple(name.decode() for name in names), message), message


def answer(pair: Pair, values: Iterable[str], message: bytes, *, spread: Spread = map) -> bytes:
    """The holder's answer, of one size whatever it holds.

    Where members are asked it is proven that all rows were raised alike; where only the size is, they are shuffled,
    and nothing is proven.
    """
    points = _points(pair, values, pair.holds)
    head, body = read(message, Form.ASKED, pair.id)
    asked = _rows(head, Head(form=Form.ASKED, round_id=pair.id, rows=pair.asks), body, spread)
    secret = group.random_scalar()
    given = cut(worked(spread, partial(_times, secret), asked), group.BYTES)
    held = [*points.values(), *(group.random_point() for _ in range(pair.holds - len(points)))]
    held = cut(worked(spread, partial(_times, secret), held), group.BYTES)
    shuffle(held)
    public = group.public_of(secret)
    if pair.what == SIZE:
        shuffle(given)
        proof = group.prove_held(_RAISED + pair.id + digest(message), secret)
    else:
        seed = digest(message + public + b"".join(given))
        proof = group.prove_raised(_RAISED + seed, secret, _sum(seed, asked))
    head = Head(form=Form.ANSWERED, round_id=pair.id, rows=pair.asks + pair.holds)
    return write(head, *given, *held, public, proof)


def overlap_size(pair: Pair, asked: Asked, answered: bytes, *, spread: Spread = map) -> int:
    """How many values both have, from the answer to a message that asked for that."""
    return sum(_known(pair, SIZE, asked, answered, spread))


def known(pair: Pair, asked: Asked, answered: bytes, *, spread: Spread = map) -> tuple[str, ...]:
    """Which of the asker's values the holder has, from the answer to a message that asked for that."""
    hits = _known(pair, MEMBERS, asked, answered, spread)
    return tuple(sorted(value for value, hit in zip(asked.values, hits, strict=True) if hit and value))


def _known(pair: Pair, what: str, asked: Asked, answered: bytes, spread: Spread) -> list[bool]:
    """Of each row that came back, whether the holder has it."""
    if pair.what != what:
        raise Invalid("overlap.plan", why=f"{pair.what} was asked")
    head, body = read(answered, Form.ANSWERED, pair.id)
    end = (pair.asks + pair.holds) * group.BYTES
    expect_size(body, end + group.BYTES + group.PROOF_BYTES)
    rows = _rows(head, Head(form=Form.ANSWERED, round_id=pair.id, rows=pair.asks + pair.holds), body[:end], spread)
    given, held = rows[: pair.asks], set(rows[pair.asks :])
    public, proof = group.point(body[end : end + group.BYTES]), body[end + group.BYTES :]
    if what == SIZE:
        holds = group.is_held(_RAISED + pair.id + digest(asked.message), public, proof)
    else:
        seed = digest(asked.message + public + b"".join(given))
        sent = cut(asked.message[-pair.asks * group.BYTES :], group.BYTES)
        sums = _sum(seed, sent), _sum(seed, given)
        holds = group.is_raised(_RAISED + seed, public, *sums, proof)
    if not holds:
        raise Untrusted("overlap.proof", dam=pair.holder)
    bare = worked(spread, partial(_times, group.inverse(asked.secret)), given)
    return [row in held for row in cut(bare, group.BYTES)]


def _points(pair: Pair, values: Iterable[str], cap: int) -> dict[str, bytes]:
    """The point of each value in this run, and in no other."""
    distinct = set(values)
    if len(distinct) > cap:
        raise Invalid("overlap.cap", tier=0, have=len(distinct), cap=cap)
    if "" in distinct:
        raise Invalid("overlap.malformed", why="an empty value")
    return {value: group.hashed(pair.id + value.encode(), _TAG) for value in distinct}


def _rows(head: Head, expected: Head, body: bytes, spread: Spread) -> list[bytes]:
    """The points of a message that has exactly so many."""
    if head != expected:
        raise Invalid("overlap.unpadded", tier=head.tier, rows=head.rows, expected=0, cap=expected.rows)
    expect_size(body, expected.rows * group.BYTES)
    rows = cut(body, group.BYTES)
    check_points(spread, rows)
    return rows


def _times(by: bytes, rows: bytes) -> bytes:
    return b"".join(group.multiply(by, one) for one in cut(rows, group.BYTES))


def _sum(seed: bytes, rows: Sequence[bytes]) -> bytes:
    return group.weighted(rows, group.weights(seed, len(rows)))
