"""Codes of what is shared: handed by both dams to the makers that signed, readable to nobody on the way.

A dam's share of a decryption is turned to the maker's own key for the round. Codes are raised like ids, and counted in
the generator times both exponents: whatever else somebody puts in a code's place, its reader cannot try ids on. A maker
is handed the code that another maker's bag gave: its own it could have chosen, one for each id that it wants to probe,
and would know which were hit.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from datadam.errors import Invalid, Untrusted
from datadam.model import Json
from datadam.overlap.dams import Found, Shared, Step
from datadam.overlap.terms import Plan, Round, Secret
from datadam.overlap.wire import HEADER, PAIR, Form, Head, cut, expect_size, pairs_of, read, write
from datadam.seal import canonical, decode, encode, group

_ROW: Final = 1 + 2 * PAIR + group.TURNED_BYTES  # makers, the code's ciphertext, this dam's share of it, a proof
_MOST_MAKERS: Final = 255
_READER: Final = "datadam/match/reader/v1"
_TURNED: Final = b"datadam/match/turned/v1"


@dataclass(frozen=True, slots=True, order=True)
class Reading:
    """What a maker learns of one supplier that others depend on too."""

    country: str
    stage: str
    essential: int  # -1, and no country and stage, where the plan has no such code
    makers: int  # that depend on it, this one included


def new_reader() -> bytes:
    """A maker's secret for one round; it stays at home."""
    return group.random_scalar()


def reader(this: Round, maker: str, secret: bytes) -> Json:
    """What a maker tells of its secret, proved to be its own; it belongs into what the maker signs."""
    return {
        "key": encode(group.public_of(secret)),
        "proof": encode(group.prove_held(_reader_context(this, maker), secret)),
    }


def check_reader(this: Round, maker: str, told: object) -> bytes:
    """The key to hand codes to; one that is not proven is `Untrusted`."""
    if not isinstance(told, dict) or set(told) != {"key", "proof"}:
        raise Invalid("overlap.malformed", why="key, proof")
    if not all(isinstance(value, str) for value in told.values()):
        raise Invalid("overlap.malformed", why="key, proof")
    key = group.point(decode(told["key"]))
    if not group.is_held(_reader_context(this, maker), key, decode(told["proof"])):
        raise Untrusted("overlap.proof", dam=maker)
    return key


def _reader_context(this: Round, maker: str) -> bytes:
    return canonical({"use": _READER, "round": this.id.hex(), "maker": maker})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """To whom codes are handed."""

    maker: str
    key: bytes


def handed(this: Round, dam: str, secret: Secret, to: Reader, found: Found, finals: Mapping[str, bytes]) -> bytes:
    """One dam's message to a maker that signed: its shares of the codes of what the maker shares with others."""
    number = this.number(dam)
    mine = found.of(to.maker)
    head = Head(form=Form.HANDED, round_id=this.id, rows=len(mine), dam=number)
    steps = {maker: Step.read(this, Form.LAST, data) for maker, data in finals.items()}
    (base, *others) = {step.base for step in steps.values()}
    if others:
        raise Untrusted("overlap.before")
    rows = []
    for place, one in enumerate(mine):
        other = _other(one, to.maker)
        _, code = steps[other].of(one.rows[other])
        told = bytes([min(len(one.rows), _MOST_MAKERS)]) + b"".join(code)
        pair, proof = group.turn(_context(this, number, place, base + told), secret.opening, code[0], to.key)
        rows.append(told + b"".join(pair) + proof)
    return write(head, to.key, base, *rows)


def _other(one: Shared, maker: str) -> str:
    """Whose code a maker is handed: both dams choose the same, and nobody can choose it beforehand."""
    others = sorted(set(one.rows) - {maker})
    return others[int.from_bytes(one.token[:8], "little") % len(others)]


def _context(this: Round, number: int, place: int, told: bytes) -> bytes:
    return _TURNED + this.id + bytes([number]) + place.to_bytes(4, "big") + told


def readings(this: Round, secret: bytes, both: Sequence[bytes]) -> tuple[Reading, ...]:
    """What a maker learns from what both dams handed it; what is not proven, or differs, is `Untrusted`."""
    if len(both) != len(this.parts):
        raise Invalid("overlap.malformed", why="the messages of both dams are needed")
    key = group.public_of(secret)
    lines = [list(_read(this, number, key, data)) for number, data in enumerate(both)]
    if [line[0] for line in lines[0]] != [line[0] for line in lines[1]]:
        raise Untrusted("overlap.before")
    points, makers = [], []
    for (told, first), (_, second) in zip(*lines, strict=True):
        head, tail = group.plus(first, second)
        tail = group.add(tail, told[-group.BYTES :])
        points.append(group.subtract(tail, group.multiply(secret, head)))
        makers.append(told[group.BYTES])
    named = _named(this.plan, both[0][HEADER.size + group.BYTES :][: group.BYTES], set(points))
    return tuple(
        sorted(Reading(*named.get(point, ("", "", -1)), count) for point, count in zip(points, makers, strict=True))
    )


def _read(this: Round, number: int, key: bytes, data: bytes) -> Iterator[tuple[bytes, group.Pair]]:
    head, body = read(data, Form.HANDED, this.id)
    if head != Head(form=Form.HANDED, round_id=this.id, rows=head.rows, dam=number):
        raise Invalid("overlap.malformed", why="codes of another dam")
    expect_size(body, 2 * group.BYTES + head.rows * _ROW)
    if body[: group.BYTES] != key:
        raise Untrusted("overlap.reader")
    base = group.point(body[group.BYTES : 2 * group.BYTES])
    for place, row in enumerate(cut(body[2 * group.BYTES :], _ROW)):
        told, proof = row[: 1 + PAIR], row[-group.TURNED_BYTES :]
        code, pair = pairs_of(row[1 : 1 + 2 * PAIR])
        part = this.parts[number]
        if not group.is_turned(_context(this, number, place, base + told), part.opening, (code[0], key), pair, proof):
            raise Untrusted("overlap.proof", dam=part.dam)
        yield base + told, pair


def _named(plan: Plan, base: bytes, points: set[bytes]) -> dict[bytes, tuple[str, str, int]]:
    """Which codes some points are, counted in the generator times both exponents: the table is walked, and not kept."""
    found: dict[bytes, tuple[str, str, int]] = {}
    point = base
    for code in plan.codes():
        if point in points:
            found[point] = code
        if len(found) == len(points):
            break
        point = group.add(point, base)
    return found
