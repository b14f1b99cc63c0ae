"""How many rows units have, and so which rows cannot count: of n rows only those with ranks below some share of all.

A cut lets a few more rows through than may count: of a unit whose ranks are as chance has them, enough come through but
for one unit in millions. Of which too few did is seen afterwards, and that unit is looked at again without a cut.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from datadam.adapters.polars_twin_rows import WHOLE, Sieve, Words
from datadam.adapters.twin_files import UNIT

_SPARE: Final = 5.0  # deviations by which more rows come through than may count
_MORE: Final = 8  # rows that come through besides, where N is small
_WORTH: Final = 0.25  # share of a file's rows that cuts must spare before it pays to look up each row's
_CUT_BITS: Final = 32  # of a rank, which a cut is compared with
_WIDE: Final = 16  # slots for each unit: few share one
_LEAST_BITS: Final = 8
_MOST_BITS: Final = 22  # of slots that cuts are looked up in: 16 MB
_LEN: Final = "len"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many rows units have, each unit once."""

    of_few: pl.DataFrame  # by unit: those all of whose rows are looked at
    of_many: pl.DataFrame  # by unit: those of whose rows so few can count that a cut spares most
    most: int  # rows of a unit that may count

    @classmethod
    def of(cls, units: pl.LazyFrame, most: int) -> "Counts":
        """Count rows by their units, one column of integers of 128 bits, null where they are nobody's."""
        whole, word = pl.col(WHOLE), pl.lit(2**64, dtype=pl.UInt128)
        halves = [(whole % word).cast(pl.UInt64).alias(UNIT[0]), (whole // word).cast(pl.UInt64).alias(UNIT[1])]
        counted = units.group_by(WHOLE).len().collect(engine="streaming").drop_nulls(WHOLE).select(*halves, _LEN)
        many = pl.col(_LEN) > _through(counted[_LEN].to_numpy(), most)
        return cls(of_few=counted.filter(~many), of_many=counted.filter(many), most=most)

    @property
    def expected(self) -> int:
        """Rows that come through."""
        return _sum(self.of_few) + int(np.ceil(_through(self.of_many[_LEN].to_numpy(), self.most)).sum())

    @property
    def spares(self) -> bool:
        """Whether cuts spare enough to look each row's up."""
        return self.expected < (1 - _WORTH) * (_sum(self.of_few) + _sum(self.of_many))

    def where(self, of: pl.Expr) -> "Counts":
        """Those of some units."""
        return Counts(of_few=self.of_few.filter(of), of_many=self.of_many.filter(of), most=self.most)

    def sieve(self) -> Sieve:
        """Stops ranks beyond their unit's cut. Units share slots of a table, and the farthest cut of a slot holds."""
        units = self.of_few.height + self.of_many.height
        bits = min(max((_WIDE * units).bit_length(), _LEAST_BITS), _MOST_BITS)
        shift, every = np.uint64(64 - bits), 2**_CUT_BITS - 1
        counts = self.of_many[_LEN].to_numpy()
        shares = np.minimum(_through(counts, self.most) / counts * 2.0**_CUT_BITS, every)
        cuts = np.zeros(2**bits, dtype=np.uint32)
        np.maximum.at(cuts, _slots(self.of_many[UNIT[0]].to_numpy(), shift), shares.astype(np.uint32))
        cuts[_slots(self.of_few[UNIT[0]].to_numpy(), shift)] = every

        def passes(units: Words, ranks: Words) -> NDArray[np.bool_]:
            found: NDArray[np.bool_] = _first_halves(ranks) <= cuts.take(_slots(units[:, 0], shift))
            return found

        return passes


def _slots(firsts: NDArray[np.uint64], shift: np.uint64) -> NDArray[np.int64]:
    return (firsts >> shift).view(np.int64)


def _first_halves(ranks: Words) -> NDArray[np.uint32]:
    """The larger half of the first integer of each, as it lies."""
    return ranks.view(np.dtype("<u4")).reshape(-1, 4)[:, 1]


def _through(counts: NDArray[np.uint32], most: int) -> NDArray[np.float64]:
    """Rows that come through of units with so many; who has little more than may count cannot fall short by much."""
    share = 1 - most / np.maximum(counts, most)
    found: NDArray[np.float64] = most + _SPARE * np.sqrt(most * share) + _MORE * share
    return found


def _sum(counts: pl.DataFrame) -> int:
    return int(counts[_LEN].cast(pl.Int64).sum())
