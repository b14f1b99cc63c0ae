"""A member's step, at home: its own suppliers and the bags that it received become one bag for one customer.

A row is three ciphertexts under the dams' joint key: the id's point, the code's, and a unit, which encrypts the
identity. Whoever passes a row on adds multiples of its unit to the id and makes the unit anew (Golle, Jakobsson, Juels
and Syverson, 2004). A dummy is six random points: its unit encrypts something else, so its id becomes another one in
every hand, and two makers that share a supplier never share its dummies. Without the key nobody can tell a dummy from
a supplier (Decision Diffie-Hellman). A maker's bag is the last: its rows have no unit.
"""

import secrets
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from datadam.errors import Invalid
from datadam.overlap.terms import DECOY_SIZES, Item, Round
from datadam.overlap.wire import (
    PAIR,
    Form,
    Head,
    Spread,
    check_points,
    cut,
    digest,
    expect_size,
    pairs_of,
    read,
    shuffle,
    worked,
    write,
)
from datadam.seal import group

ROW: Final = 3 * PAIR  # id, code, unit
LAST_ROW: Final = 2 * PAIR  # id, code
_TAG: Final = b"datadam/match/id/v1"
_CODE_BYTES: Final = 4


def bag(this: Round, tier: int, items: Iterable[Item], received: Sequence[bytes], *, spread: Spread = map) -> bytes:
    """A bag for one customer, made anew for each: everything that is in it looks fresh.

    `received` are the bags of the next tier that the member's own suppliers handed it; in the deepest tier there are
    none. Where all does not go into the public cap nothing is left out silently: `Invalid` says what there is.
    """
    own = codes_of(this, items)
    cap, room = this.plan.cap(tier), this.plan.room if tier == 0 else 0
    if received and tier + 1 == len(this.plan.caps):
        raise Invalid("overlap.tier", tier=tier + 1, tiers=len(this.plan.caps))
    have = len(own) + sum(this.plan.cap(tier + 1) for _ in received)
    if have + room > cap:
        raise Invalid("overlap.cap", tier=tier, have=have, cap=cap - room)
    if len({digest(one) for one in received}) != len(received):
        raise Invalid("overlap.repeated", tier=tier + 1)
    carried = [row for one in received for row in _opened(this, tier + 1, one)]
    size = ROW if tier else LAST_ROW
    lines = [code.to_bytes(_CODE_BYTES, "big") + id_point(this, supplier) for supplier, code in own.items()]
    rows = cut(worked(spread, partial(_enclosed, this.key, tier), lines), size)
    rows += cut(worked(spread, partial(_carried, this.key, tier), carried), size)
    if tier == 0:
        rows += _decoys(this)
    rows += [b"".join(group.random_point() for _ in range(size // group.BYTES)) for _ in range(cap - len(rows))]
    shuffle(rows)
    return write(Head(form=Form.BAG, round_id=this.id, rows=cap, tier=tier), *rows)


def check_bag(this: Round, tier: int, data: bytes, *, spread: Spread = map) -> None:
    """Refuse what is no bag of that tier of this round: another size than the cap, a point that is none."""
    check_points(spread, _opened(this, tier, data))


def codes_of(this: Round, items: Iterable[Item]) -> dict[str, int]:
    """The code of each supplier; of one with several lines, that of the line that is hardest to replace."""
    found: dict[str, tuple[int, int]] = {}
    for item in items:
        code = this.plan.code(item)
        found[item.supplier] = max(found.get(item.supplier, (-1, 0)), (item.essential, code))
    return {supplier: code for supplier, (_, code) in found.items()}


def id_point(this: Round, supplier: str) -> bytes:
    """The point of a supplier in this round, and in no other."""
    return group.hashed(this.id + supplier.encode(), _TAG)


def _opened(this: Round, tier: int, data: bytes) -> list[bytes]:
    """The rows of a bag of that tier, their points not yet looked at."""
    head, body = read(data, Form.BAG, this.id)
    cap, size = this.plan.cap(tier), ROW if tier else LAST_ROW
    if head != Head(form=Form.BAG, round_id=this.id, rows=cap, tier=tier):
        raise Invalid("overlap.unpadded", tier=head.tier, rows=head.rows, expected=tier, cap=cap)
    expect_size(body, cap * size)
    return cut(body, size)


def _enclosed(key: bytes, tier: int, lines: bytes) -> bytes:
    """Fresh rows for own suppliers: each line is a code and the point of an id."""
    rows = []
    for line in cut(lines, _CODE_BYTES + group.BYTES):
        code, point = int.from_bytes(line[:_CODE_BYTES], "big"), line[_CODE_BYTES:]
        id_pair = group.encrypt(key, point)
        code_pair = group.encrypt(key, group.public_of(code.to_bytes(group.BYTES, "little")))
        rows += [*id_pair, *code_pair, *(group.zero(key) if tier else ())]
    return b"".join(rows)


def _carried(key: bytes, tier: int, rows: bytes) -> bytes:
    """Received rows as nobody can know them again: suppliers are still the same, dummies are others."""
    made = []
    for row in cut(rows, ROW):
        id_pair, code_pair, unit = pairs_of(row)
        # not multiples alone: who made a dummy knows how its two points are related, and would know it again
        fresh = group.rerandomised(key, group.times(group.random_scalar(), unit))
        id_pair = group.plus(id_pair, group.times(group.random_scalar(), fresh))
        made += [*id_pair, *group.rerandomised(key, code_pair), *(fresh if tier else ())]
    return b"".join(made)


def _decoys(this: Round) -> list[bytes]:
    """Rows of made-up ids, some alike: so that what is alike inside one bag tells little of how its maker is supplied.

    A real supplier is alike to itself there when several ways lead to it. How many groups of each size are made up is
    drawn evenly, and nobody is told.
    """
    rows = []
    for size in DECOY_SIZES:
        for _ in range(secrets.randbelow(2 * this.plan.decoys + 1)):
            point = group.random_point()
            rows += [_alone(this.key, point) for _ in range(size)]
    return rows


def _alone(key: bytes, point: bytes) -> bytes:
    return b"".join((*group.encrypt(key, point), group.random_point(), group.random_point()))
