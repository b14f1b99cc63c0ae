"""The dams' steps: mix each maker's bag, decrypt tokens together, see which lie in several bags.

A bag goes to its own dam, to the other, and back: both shuffle it and make its ciphertexts anew; then each raises all
to its own exponent, in place. What both decrypt together is H(id) times both exponents: equal for equal ids, and to one
dam alone no more than a random point. Raising comes after the last shuffle, and each dam makes sure that what it
decrypts is what it raised itself: else it would decrypt whatever the other likes. Raising and decrypting are proven;
that nothing was swapped while it was shuffled is not (docs/match.md).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from datadam.errors import Invalid, Untrusted
from datadam.overlap.bags import check_bag
from datadam.overlap.terms import Round, Secret
from datadam.overlap.wire import (
    DIGEST_BYTES,
    HEADER,
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
from datadam.seal import group, keyed, same

_ROW: Final = 2 * PAIR  # id, code
_LINKS: Final = 2 * DIGEST_BYTES  # of the maker's bag, and of the message before
_TAG_BYTES: Final = 32  # by which a dam knows its own message again; it tells others nothing
_RAISED: Final = b"datadam/match/raised/v1"
_OPENED: Final = b"datadam/match/opened/v1"
_OWN: Final = "datadam/match/own/v1"
_SIZES: Final = {Form.FIRST: _ROW, Form.SECOND: 2 * _ROW, Form.LAST: _ROW}  # of a row


# --- mixing -----------------------------------------------------------------------------------------------------------


def mix(this: Round, dam: str, secret: Secret, before: bytes, *, spread: Spread = map) -> bytes:
    """The next step of a maker's bag: of the bag a FIRST, of that the other dam's SECOND, of that the LAST.

    What comes from the other dam is checked first.
    """
    number = this.number(dam)
    if form_of(before) == Form.BAG:
        check_bag(this, 0, before, spread=spread)
        rows = _shuffled(this, cut(before[HEADER.size :], _ROW), spread)
        return write(_head(this, Form.FIRST, number), digest(before) * 2, *rows)
    if form_of(before) == Form.FIRST:
        step = Step.read(this, Form.FIRST, before)
        check_points(spread, step.rows)
        rows = _shuffled(this, step.rows, spread)
    else:
        step = Step.read(this, Form.SECOND, before)
        _check_second(this, step, spread)
        rows = step.raised()
    if step.dam == number:
        raise Invalid("overlap.dam", dam=dam)
    raised = cut(worked(spread, partial(_times, secret.raising), rows), _ROW)
    links = step.source + digest(before)
    if step.form == Form.FIRST:
        body = [links, *(row + made for row, made in zip(rows, raised, strict=True))]
        head, more = _head(this, Form.SECOND, number), None
    else:
        more = this.parts[1 - number].raising
        body = [links, group.multiply(secret.raising, more), *raised]
        head = _head(this, Form.LAST, number)
    seed = digest(write(head, *body))
    data = write(head, *body, group.prove_raised(_RAISED + seed, secret.raising, _weighted(seed, rows, spread, more)))
    return data + _tag(this, secret, data)


def check_mixed(this: Round, data: bytes, before: bytes, *, spread: Spread = map) -> None:
    """Refuse a step that was not made of `before`, or not raised as its dam's public exponent says."""
    form = next((one for one in _SIZES if one == form_of(data)), Form.FIRST)
    step = Step.read(this, form, data)
    if form == Form.LAST:
        _check_last(this, step, Step.read(this, Form.SECOND, before), before, spread)
        return
    source = digest(before) if form == Form.FIRST else Step.read(this, Form.FIRST, before).source
    if (step.before, step.source) != (digest(before), source):
        raise Untrusted("overlap.before")
    if form == Form.SECOND:
        _check_second(this, step, spread)
    else:
        check_points(spread, step.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A FIRST, SECOND or LAST, taken apart."""

    form: Form
    dam: int
    source: bytes  # digest of the maker's bag
    before: bytes  # digest of what it was made of
    base: bytes  # of a LAST: the generator times both exponents, in which codes are counted
    rows: list[bytes]
    seed: bytes
    proof: bytes
    tag: bytes

    @classmethod
    def read(cls, this: Round, form: Form, data: bytes) -> "Step":
        """Take it apart; neither points nor proof are looked at yet."""
        head, body = read(data, form, this.id)
        cap = this.plan.cap(0)
        if head.dam not in (0, 1) or head != _head(this, form, head.dam):
            raise Invalid("overlap.unpadded", tier=head.tier, rows=head.rows, expected=0, cap=cap)
        begin = _LINKS + (group.BYTES if form == Form.LAST else 0)
        end = begin + cap * _SIZES[form]
        ends = (end, end, end) if form == Form.FIRST else (end, end + group.PROOF_BYTES, end + _PROVEN)
        expect_size(body, ends[2])
        return cls(
            form=form,
            dam=head.dam,
            source=body[:DIGEST_BYTES],
            before=body[DIGEST_BYTES:_LINKS],
            base=body[_LINKS:begin],
            rows=cut(body[begin:end], _SIZES[form]),
            seed=digest(data[: HEADER.size + end]),
            proof=body[ends[0] : ends[1]],
            tag=body[ends[1] :],
        )

    def raised(self) -> list[bytes]:
        """Ids and codes as its dam raised them."""
        return [row[-_ROW:] for row in self.rows]

    def of(self, row: int) -> tuple[group.Pair, group.Pair]:
        """The ciphertexts of a raised id and of its code."""
        parts = cut(self.rows[row][-_ROW:], group.BYTES)
        return (parts[0], parts[1]), (parts[2], parts[3])

    def heads(self) -> list[bytes]:
        """What shares of decryption are made of, for the ids."""
        return [row[-_ROW : group.BYTES - _ROW] for row in self.rows]


_PROVEN: Final = group.PROOF_BYTES + _TAG_BYTES


def _head(this: Round, form: Form, number: int) -> Head:
    return Head(form=form, round_id=this.id, rows=this.plan.cap(0), dam=number)


def _tag(this: Round, secret: Secret, data: bytes) -> bytes:
    return keyed(secret.to_bytes(), _OWN, this.id, digest(data))


def _is_own(this: Round, secret: Secret, step: Step, data: bytes) -> bool:
    return same(step.tag, _tag(this, secret, data[:-_TAG_BYTES]))


def _check_second(this: Round, step: Step, spread: Spread) -> None:
    check_points(spread, step.rows)
    _check_raised(this, step, [row[:_ROW] for row in step.rows], spread)


def _check_last(this: Round, last: Step, second: Step, before: bytes, spread: Spread) -> None:
    """Against the SECOND that it was made of, which has been checked, or is one's own."""
    if (last.before, last.source) != (digest(before), second.source) or last.dam == second.dam:
        raise Untrusted("overlap.before")
    group.point(last.base)
    check_points(spread, last.rows)
    _check_raised(this, last, second.raised(), spread)


def _check_raised(this: Round, step: Step, befores: Sequence[bytes], spread: Spread) -> None:
    part = this.parts[step.dam]
    more = this.parts[1 - step.dam].raising if step.form == Form.LAST else None
    before = _weighted(step.seed, befores, spread, more)
    after = _weighted(step.seed, step.raised(), spread, step.base or None)
    if not group.is_raised(_RAISED + step.seed, part.raising, before, after, step.proof):
        raise Untrusted("overlap.proof", dam=part.dam)


def _shuffled(this: Round, rows: Sequence[bytes], spread: Spread) -> list[bytes]:
    made = cut(worked(spread, partial(_anew, this.key), rows), _ROW)
    shuffle(made)
    return made


def _anew(key: bytes, rows: bytes) -> bytes:
    pairs = ((pair[: group.BYTES], pair[group.BYTES :]) for pair in cut(rows, PAIR))
    return b"".join(part for pair in pairs for part in group.rerandomised(key, pair))


def _times(by: bytes, points: bytes) -> bytes:
    return b"".join(group.multiply(by, one) for one in cut(points, group.BYTES))


def _weighted(seed: bytes, rows: Sequence[bytes], spread: Spread, more: bytes | None = None) -> bytes:
    """One point for all points of the rows, by weights of a seed that depends on each of them; `more` counts once."""
    size = len(rows[0]) // group.BYTES
    weights = cut(b"".join(group.weights(seed, len(rows) * size)), len(rows[0]))
    taken = [row + by for row, by in zip(rows, weights, strict=True)]
    found = group.total(spread(partial(_weighed, len(rows[0])), pieces(taken)))
    return found if more is None else group.add(found, more)


def _weighed(size: int, rows: bytes) -> bytes:
    taken = cut(rows, 2 * size)
    points = [one for row in taken for one in cut(row[:size], group.BYTES)]
    return group.weighted(points, [one for row in taken for one in cut(row[size:], group.BYTES)])


# --- decrypting tokens together ---------------------------------------------------------------------------------------


def shares(this: Round, dam: str, secret: Secret, last: bytes, before: bytes, *, spread: Spread = map) -> bytes:
    """A dam's shares of the decryption of the ids of one bag, proven; `before` is the SECOND that `last` was made of.

    One of the two this dam must have made itself: what it decrypts has its own exponent in it. To be given only when
    all bags of the round have come so far: else the last bag could be chosen by what is known of the others.
    """
    number = this.number(dam)
    final, second = Step.read(this, Form.LAST, last), Step.read(this, Form.SECOND, before)
    own, data = (final, last) if final.dam == number else (second, before)
    if own.dam != number or not _is_own(this, secret, own, data):
        raise Untrusted("overlap.before")
    if own is second:
        _check_last(this, final, second, before, spread)
    heads = final.heads()
    body = worked(spread, partial(_times, secret.opening), heads)
    head = _head(this, Form.SHARES, number)
    seed = digest(write(head, digest(last), body))
    proof = group.prove_raised(_OPENED + seed, secret.opening, _weighted(seed, heads, spread))
    return write(head, digest(last), body, proof)


def tokens(this: Round, last: bytes, both: Sequence[bytes], *, spread: Spread = map) -> tuple[bytes, ...]:
    """What both dams' shares of one bag decrypt to, row by row; shares that are not proven are `Untrusted`."""
    final = Step.read(this, Form.LAST, last)
    if len(both) != len(this.parts):
        raise Invalid("overlap.malformed", why="shares of both dams are needed")
    given = [_read_shares(this, number, digest(last), one, final.heads(), spread) for number, one in enumerate(both)]
    tails = [final.of(row)[0][1] for row in range(len(final.rows))]
    lines = [b"".join(line) for line in zip(tails, *given, strict=True)]
    return tuple(cut(worked(spread, _token, lines), group.BYTES))


def _read_shares(this: Round, number: int, of: bytes, data: bytes, heads: list[bytes], spread: Spread) -> list[bytes]:
    head, body = read(data, Form.SHARES, this.id)
    if head != _head(this, Form.SHARES, number):
        raise Invalid("overlap.malformed", why="shares of another dam or number")
    expect_size(body, DIGEST_BYTES + len(heads) * group.BYTES + group.PROOF_BYTES)
    if body[:DIGEST_BYTES] != of:
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
    rows: Mapping[str, int]  # maker, and a row of its LAST


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
