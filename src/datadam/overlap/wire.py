"""Messages of a round as bytes: a header of 48, rows of one size, a proof. Nothing is read but whole and exact.

    magic 8 | form 1 | tier 1 | dam 1 | zero 1 | rows 4 | round id 32 | body

What a message's size tells is told by its header's first sixteen bytes and the round: how many suppliers are behind it
changes none.
"""

import hashlib
import secrets
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from datadam.errors import Invalid, Untrusted
from datadam.seal import group

MAGIC: Final = b"ddmatch\x01"
HEADER: Final = struct.Struct(">8sBBBxI32s")
NOBODY: Final = 255  # in place of a dam, where a member wrote
DIGEST_BYTES: Final = 32
PIECE: Final = 256  # rows that are worked on at once: some 50 ms
PAIR: Final = 2 * group.BYTES

Spread = Callable[[Callable[[bytes], Any], Iterable[bytes]], Iterable[Any]]
"""Anything like `map`: that of a pool of processes spreads the work over all cores."""


class Form(IntEnum):
    """What a message is."""

    BAG = 1  # a member's, for one customer, or a maker's, for its dam
    FIRST = 2  # a maker's bag, shuffled by its own dam
    SECOND = 3  # that, shuffled and raised by the other dam
    LAST = 4  # that, raised by the maker's own dam, in place
    SHARES = 5  # one dam's shares of the decryption of a LAST
    HANDED = 6  # one dam's shares of some codes, for one maker
    ASKED = 7  # of two parties: what one asks
    ANSWERED = 8  # of two parties: what the other answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What stands before the rows."""

    form: Form
    round_id: bytes
    rows: int
    tier: int = 0
    dam: int = NOBODY


def write(head: Head, *body: bytes) -> bytes:
    """A message."""
    return HEADER.pack(MAGIC, head.form, head.tier, head.dam, head.rows, head.round_id) + b"".join(body)


def read(data: bytes, form: Form, round_id: bytes) -> tuple[Head, bytes]:
    """A message's head and body; of another form or round it is refused, whatever it says."""
    if len(data) < HEADER.size or data[: len(MAGIC)] != MAGIC:
        raise Invalid("overlap.malformed", why="no message of a round")
    _, told, tier, dam, rows, of = HEADER.unpack_from(data)
    if told != form:
        raise Invalid("overlap.malformed", why=f"form {told} in place of {form}")
    head = Head(form=form, round_id=of, rows=rows, tier=tier, dam=dam)
    if data[: HEADER.size] != write(head):
        raise Invalid("overlap.malformed", why="the header")
    if of != round_id:
        raise Untrusted("overlap.round")
    return head, data[HEADER.size :]


def form_of(data: bytes) -> int:
    """What a message says that it is; not yet believed."""
    return data[len(MAGIC)] if len(data) > len(MAGIC) else 0


def expect_size(body: bytes, size: int) -> None:
    """Refuse a body that is not exactly so long."""
    if len(body) != size:
        raise Invalid("overlap.malformed", why=f"{len(body)} bytes in place of {size}")


def digest(data: bytes) -> bytes:
    """SHA-256 of a message."""
    return hashlib.sha256(data).digest()


def cut(body: bytes, size: int) -> list[bytes]:
    """A body's rows."""
    return [body[at : at + size] for at in range(0, len(body), size)]


def points_of(row: bytes) -> list[bytes]:
    """The points of some bytes, each checked."""
    return [group.point(one) for one in cut(row, group.BYTES)]


def pairs_of(row: bytes) -> list[group.Pair]:
    """The ciphertexts of some bytes, each point checked."""
    points = points_of(row)
    return list(zip(points[::2], points[1::2], strict=True))


def pieces(rows: Sequence[bytes]) -> Iterator[bytes]:
    """Rows of one size, put together for work on many at once."""
    return (b"".join(rows[at : at + PIECE]) for at in range(0, len(rows), PIECE))


def worked(spread: Spread, work: Callable[[bytes], bytes], rows: Sequence[bytes]) -> bytes:
    """What `work` makes of the rows, in their order; it is given many at once and returns as many."""
    return b"".join(spread(work, pieces(rows)))


def check_points(spread: Spread, rows: Sequence[bytes]) -> None:
    """Refuse rows in which something is no point, or the identity."""
    worked(spread, _checked, rows)


def _checked(rows: bytes) -> bytes:
    points_of(rows)
    return b""


def shuffle(rows: list[bytes]) -> None:
    """Put rows in an order that nobody can guess, in place."""
    secrets.SystemRandom().shuffle(rows)
