"""The dams' steps: mix each maker's bag, decrypt tokens together, see which lie in several bags, hand codes on.

Each dam in turn shuffles a bag, makes its ciphertexts anew, and raises the ids to its own exponent. What both decrypt
together is H(id) times both exponents: equal for equal ids, and to one dam alone no more than a random point. Raising
and decrypting are proven; that nothing was swapped while it was shuffled is not (docs/match.md).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from datadam.errors import Invalid, Untrusted
from datadam.overlap.bags import LAST_ROW, check_bag
from datadam.overlap.terms import Round, Secret
from datadam.overlap.wire import (
    DIGEST_BYTES,
    PAIR,
    Form,
    Head,
    Spread,
    check_points,
    cut,
    digest,
    expect_size,
    form_of,
    pieces,
    read,
    shuffle,
    worked,
    write,
)
from datadam.seal import group

_MIXED_ROW: Final = 3 * PAIR  # id, code, id raised
_LINKS: Final = 2 * DIGEST_BYTES  # of the maker's bag, and of the message before
_RAISED: Final = b"datadam/match/raised/v1"
_OPENED: Final = b"datadam/match/opened/v1"


# --- mixing -----------------------------------------------------------------------------------------------------------


def mix(this: Round, dam: str, secret: Secret, before: bytes, *, spread: Spread = map) -> bytes:
    """A maker's bag, or the other dam's first mix of it, as one that only both dams could lead back to its rows.

    What comes from the other dam is checked first.
    """
    number = this.number(dam)
    if form_of(before) == Form.BAG:
        check_bag(this, 0, before, spread=spread)
        form, source, rows = Form.FIRST, digest(before), cut(before[-this.plan.cap(0) * LAST_ROW :], LAST_ROW)
    else:
        first = Mixed.read(this, Form.FIRST, before)
        if first.dam == number:
            raise Invalid("overlap.dam", dam=dam)
        first.check(this, spread)
        form, source, rows = Form.LAST, first.source, first.passed_on()
    rows = cut(worked(spread, partial(_anew, this.key), rows), LAST_ROW)
    shuffle(rows)
    body = worked(spread, partial(_raised, secret.raising), rows)
    head = Head(form=form, round_id=this.id, rows=len(rows), dam=number)
    links = source + digest(before)
    seed = digest(write(head, links, body))
    befores = _weighted(seed, [row[:PAIR] for row in cut(body, _MIXED_ROW)], spread)
    return write(head, links, body, group.prove_raised(_RAISED + seed, secret.raising, befores))


def check_mixed(this: Round, data: bytes, before: bytes, *, spread: Spread = map) -> None:
    """Refuse a mix that was not raised as its dam's public exponent says, or was not made of `before`."""
    form = Form.LAST if form_of(data) == Form.LAST else Form.FIRST
    mixed = Mixed.read(this, form, data)
    source = digest(before) if form == Form.FIRST else Mixed.read(this, Form.FIRST, before).source
    if (mixed.before, mixed.source) != (digest(before), source):
        raise Untrusted("overlap.before")
    mixed.check(this, spread)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixed:
    """A mix, read."""

    dam: int
    source: bytes  # digest of the maker's bag
    before: bytes  # digest of what it was made of
    rows: list[bytes]
    seed: bytes
    proof: bytes

    @classmethod
    def read(cls, this: Round, form: Form, data: bytes) -> "Mixed":
        """Take it apart; neither points nor proof are looked at yet."""
        head, body = read(data, form, this.id)
        cap = this.plan.cap(0)
        if head.dam not in (0, 1) or head != Head(form=form, round_id=this.id, rows=cap, dam=head.dam):
            raise Invalid("overlap.unpadded", tier=head.tier, rows=head.rows, expected=0, cap=cap)
        expect_size(body, _LINKS + cap * _MIXED_ROW + group.PROOF_BYTES)
        return cls(
            dam=head.dam,
            source=body[:DIGEST_BYTES],
            before=body[DIGEST_BYTES:_LINKS],
            rows=cut(body[_LINKS : -group.PROOF_BYTES], _MIXED_ROW),
            seed=digest(data[: -group.PROOF_BYTES]),
            proof=body[-group.PROOF_BYTES :],
        )

    def check(self, this: Round, spread: Spread) -> None:
        """Refuse points that are none, and a proof that does not hold."""
        check_points(spread, self.rows)
        before = _weighted(self.seed, [row[:PAIR] for row in self.rows], spread)
        after = _weighted(self.seed, [row[-PAIR:] for row in self.rows], spread)
        part = this.parts[self.dam]
        if not group.is_raised(_RAISED + self.seed, part.raising, before, after, self.proof):
            raise Untrusted("overlap.proof", dam=part.dam)

    def passed_on(self) -> list[bytes]:
        """Rows for the other dam: raised ids, and codes."""
        return [row[-PAIR:] + row[PAIR : 2 * PAIR] for row in self.rows]


def _anew(key: bytes, rows: bytes) -> bytes:
    return b"".join(
        part for row in cut(rows, PAIR) for part in group.rerandomised(key, (row[: group.BYTES], row[group.BYTES :]))
    )


def _raised(by: bytes, rows: bytes) -> bytes:
    """Each row, and its id raised."""
    found = []
    for row in cut(rows, LAST_ROW):
        found += [row, *group.times(by, (row[: group.BYTES], row[group.BYTES : PAIR]))]
    return b"".join(found)


def _weighted(seed: bytes, rows: Sequence[bytes], spread: Spread) -> bytes:
    """One point for all points of the rows, by weights of a seed that depends on every one of them."""
    size = len(rows[0]) // group.BYTES
    weights = b"".join(group.weights(seed, len(rows) * size))
    taken = [row + by for row, by in zip(rows, cut(weights, len(rows[0])), strict=True)]
    return group.total(spread(partial(_weighed, len(rows[0])), pieces(taken)))


def _weighed(size: int, rows: bytes) -> bytes:
    taken = cut(rows, 2 * size)
    points = [one for row in taken for one in cut(row[:size], group.BYTES)]
    return group.weighted(points, [one for row in taken for one in cut(row[size:], group.BYTES)])


# --- decrypting tokens together ---------------------------------------------------------------------------------------


def shares(this: Round, dam: str, secret: Secret, final: bytes, *, spread: Spread = map) -> bytes:
    """A dam's shares of the decryption of the ids of one bag that both have mixed, proven.

    A final mix that the other dam made is checked first. To be given only when the final mixes of all bags are there:
    else the last bag could be chosen by what is known of the others.
    """
    number = this.number(dam)
    mixed = Mixed.read(this, Form.LAST, final)
    if mixed.dam != number:
        mixed.check(this, spread)
    heads = [row[2 * PAIR : 2 * PAIR + group.BYTES] for row in mixed.rows]
    body = worked(spread, partial(_opened, secret.opening), heads)
    head = Head(form=Form.SHARES, round_id=this.id, rows=len(heads), dam=number)
    seed = digest(write(head, digest(final), body))
    return write(
        head,
        digest(final),
        body,
        group.prove_raised(_OPENED + seed, secret.opening, _weighted(seed, heads, spread)),
    )


def _opened(by: bytes, heads: bytes) -> bytes:
    return b"".join(group.multiply(by, one) for one in cut(heads, group.BYTES))


def tokens(this: Round, final: bytes, both: Sequence[bytes], *, spread: Spread = map) -> tuple[bytes, ...]:
    """What both dams' shares of one bag decrypt to, row by row; shares that are not proven are `Untrusted`."""
    mixed = Mixed.read(this, Form.LAST, final)
    heads = [row[2 * PAIR : 2 * PAIR + group.BYTES] for row in mixed.rows]
    given = [_read_shares(this, number, final, one, heads, spread) for number, one in enumerate(both)]
    if len(given) != len(this.parts):
        raise Invalid("overlap.malformed", why="shares of both dams are needed")
    tails = [row[-group.BYTES :] for row in mixed.rows]
    lines = [b"".join(line) for line in zip(tails, *given, strict=True)]
    return tuple(cut(worked(spread, _token, lines), group.BYTES))


def _read_shares(
    this: Round, number: int, final: bytes, data: bytes, heads: list[bytes], spread: Spread
) -> list[bytes]:
    head, body = read(data, Form.SHARES, this.id)
    if head != Head(form=Form.SHARES, round_id=this.id, rows=len(heads), dam=number):
        raise Invalid("overlap.malformed", why="shares of another dam or number")
    expect_size(body, DIGEST_BYTES + len(heads) * group.BYTES + group.PROOF_BYTES)
    if body[:DIGEST_BYTES] != digest(final):
        raise Untrusted("overlap.before")
    found = cut(body[DIGEST_BYTES : -group.PROOF_BYTES], group.BYTES)
    check_points(spread, found)
    seed = digest(data[: -group.PROOF_BYTES])
    before, after = _weighted(seed, heads, spread), _weighted(seed, found, spread)
    part, proof = this.parts[number], body[-group.PROOF_BYTES :]
    if not group.is_raised(_OPENED + seed, part.opening, before, after, proof):
        raise Untrusted("overlap.proof", dam=part.dam)
    return found


def _token(lines: bytes) -> bytes:
    found = []
    for line in cut(lines, 3 * group.BYTES):
        tail, first, second = cut(line, group.BYTES)
        found.append(group.subtract(group.subtract(tail, first), second))
    return b"".join(found)


# --- what lies in several bags ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A token that lies in the bags of at least two makers."""

    token: bytes
    rows: Mapping[str, int]  # maker, and a row of its final mix


@dataclass(frozen=True, slots=True)
class Found:
    """All that the dams learn of a round beside who took part."""

    shared: tuple[Shared, ...]

    def counts(self) -> dict[tuple[str, ...], int]:
        """How many suppliers are shared by exactly these makers."""
        found: dict[tuple[str, ...], int] = {}
        for one in self.shared:
            makers = tuple(sorted(one.rows))
            found[makers] = found.get(makers, 0) + 1
        return dict(sorted(found.items()))

    def of(self, maker: str) -> tuple[Shared, ...]:
        """Those that lie in one maker's bag."""
        return tuple(one for one in self.shared if maker in one.rows)


def found(bags: Mapping[str, Iterable[bytes]]) -> Found:
    """Which tokens lie in the bags of several makers; how often in one of them tells nothing here.

    A row that somebody made of the identity has the identity as its token, and matches nobody's.
    """
    rows: dict[bytes, dict[str, int]] = {}
    for maker, seen in bags.items():
        for row, token in enumerate(seen):
            if token != group.IDENTITY:
                rows.setdefault(token, {}).setdefault(maker, row)
    return Found(tuple(Shared(token=token, rows=held) for token, held in sorted(rows.items()) if len(held) > 1))
