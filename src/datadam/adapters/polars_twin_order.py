"""Rows of twins by unit and rank, and which are the first so many of their unit.

Sorting goes by first bits: as many of them as one integer holds beside a row's place, which is sorted as plain integers
are, several at once, and takes a fifth of what sorting places by keys does. What that leaves unclear is told apart.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from datadam.adapters.twin_files import RANK, UNIT
from datadam.privacy.recipe import Recipe

PLACE: Final = "_place"  # of a row in the log's order, in what is to be merged
_BITS: Final = 64

Integers: TypeAlias = NDArray[np.uint64]
Places: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]


def smallest(rows: pl.DataFrame, recipe: Recipe) -> pl.DataFrame:
    """Of each unit the rows with the smallest ranks, ordered; where newer ones supersede, one of each rank.

    Rows may lie in many pieces: a column at a time is joined, for all at once would take as much memory again.
    """
    order, starts = _order(rows, recipe)
    if recipe.supersede:
        backwards = order[::-1]  # of equal ones the last comes first
        order = backwards[differs([rows[name].to_numpy()[backwards] for name in (*UNIT, *RANK)])][::-1]
        starts = differs([rows[name].to_numpy()[order] for name in UNIT])
    begins = starts.nonzero()[0]
    kept = np.minimum(np.diff(begins, append=order.size), recipe.rows)
    before = np.cumsum(kept) - kept
    found = pl.Series(order[np.arange(kept.sum()) + np.repeat(begins - before, kept)]).cast(pl.get_index_type())
    return pl.DataFrame([column.rechunk().gather(found) for column in rows])


def by_first_bits(keys: Integers) -> tuple[Integers, Places]:
    """First bits of integers, sorted, the others 0, and the places of the integers in that order."""
    others = np.uint64(2 ** _place_bits(keys.size) - 1)
    both = keys & ~others
    both |= np.arange(keys.size, dtype=np.uint64)
    both.sort()
    places = (both & others).view(np.int64)
    both &= ~others
    return both, places


def differs(columns: Sequence[Integers]) -> Flags:
    """Whether a row differs from the one before it in any of the columns; the first does."""
    found = np.ones(columns[0].size, dtype=np.bool_)
    for at, column in enumerate(columns):
        unlike = column[1:] != column[:-1]
        found[1:] = (found[1:] | unlike) if at else unlike
    return found


def _place_bits(count: int) -> int:
    return max(count - 1, 1).bit_length()


def _order(rows: pl.DataFrame, recipe: Recipe) -> tuple[Places, Flags]:
    """Places of rows by unit and rank, and which of them begin a unit; equal ones by content, or by age where known.

    Sorted by the first bits of either. What that leaves unclear lies together, and is sorted again in full: rows that
    are equal so far, and all rows of units that begin alike.
    """
    of_unit = (_BITS - _place_bits(rows.height)) // 2 + 1  # bits; a few more, for alike units cost more than ranks
    rest = np.uint64(_BITS - of_unit)
    keys = rows[UNIT[0]].to_numpy() >> rest << rest
    keys |= rows[RANK[0]].to_numpy() >> np.uint64(of_unit)
    begins, order = by_first_bits(keys)
    starts = differs([rows[name].to_numpy()[order] for name in UNIT])
    tied, alike = ~differs([begins]), ~differs([begins >> rest])
    mixed = alike & starts
    if not (tied | mixed).any():
        return order, starts
    run = np.cumsum(~alike, dtype=np.int32) - 1
    of_many = np.zeros(run[-1] + 1, dtype=np.bool_)
    of_many[run[mixed]] = True
    joined = np.where(of_many[run], alike, tied)  # to the row before it
    unclear = (joined | np.append(joined[1:], np.False_)).nonzero()[0]
    content = [name for name in rows.columns if name not in {*UNIT, *RANK, PLACE}]
    last = [PLACE] if recipe.supersede and PLACE in rows.columns else content
    some = rows[order[unclear]].select(pl.arg_sort_by(*UNIT, *RANK, *last, nulls_last=False)).to_series().to_numpy()
    order[unclear] = order[unclear][some]
    starts[unclear] = _starts_at(unclear, order, [rows[name].to_numpy() for name in UNIT])
    return order, starts


def _starts_at(places: Places, order: Places, columns: Sequence[Integers]) -> Flags:
    """Whether the rows at these places of an order differ from those before them; the first of all does."""
    found: Flags = places == 0
    for column in columns:
        found |= column[order[places]] != column[order[places - 1]]
    return found
