"""The first bytes of keys, by which nearly every file is proved to repeat none: in memory while few, then on disk.

Memory stays flat however many rows come: `HELD` prefixes at a time are spilled in order, and of all files one range of
values after the other is looked at. Of 16 random bytes two different keys share the first 8 in one of 2 · 10^19 pairs;
who finds such a pair looks at the whole keys.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from datadam.adapters.durable import disk

HELD: Final = 4_000_000  # prefixes in memory: 32 MB, and as much again while they are looked at
_BYTES: Final = 8
_END: Final = 2 ** (8 * _BYTES)


@dataclass(slots=True)
class Prefixes:
    """The prefixes of one run's keys. Whoever adds has to be alone."""

    folder: Path  # made when it is needed; nobody else's
    held: list[pl.Series] = field(default_factory=list)
    count: int = 0  # of those held
    spills: int = 0

    def add(self, starts: pl.Series) -> None:
        """Take the `start` of each row's key."""
        self.held.append(starts)
        self.count += len(starts)
        if self.count > HELD:
            self._spill()

    @property
    def distinct(self) -> bool:
        """Whether no two of them are equal."""
        if not self.spills:
            return _distinct(self.held)
        if self.held:
            self._spill()
        with disk(self.folder):
            return self._are_distinct()

    def clear(self) -> None:
        """Forget them all."""
        self.held, self.count, self.spills = [], 0, 0
        shutil.rmtree(self.folder, ignore_errors=True)

    def _spill(self) -> None:
        import numpy as np  # noqa: PLC0415  (0.1 s to load, that fewer keys do without)

        with disk(self.folder):
            if not self.spills:
                shutil.rmtree(self.folder, ignore_errors=True)  # a crash may have left some
                self.folder.mkdir(mode=0o700)
            np.save(self.folder / f"{self.spills}.npy", np.sort(pl.concat(self.held).to_numpy()))
        self.held, self.count = [], 0
        self.spills += 1

    def _are_distinct(self) -> bool:
        """The same of those on the disk: as many ranges of values as there are files, each of about `HELD`."""
        import numpy as np  # noqa: PLC0415  (as above)

        files = [np.load(self.folder / f"{number}.npy", mmap_mode="r") for number in range(self.spills)]
        ends = np.array([_END * part // self.spills for part in range(1, self.spills)], dtype=np.uint64)
        cut = [np.split(file, np.searchsorted(file, ends)) for file in files]
        for pieces in zip(*cut, strict=True):
            values = np.concatenate(pieces)
            values.sort()
            if (values[1:] == values[:-1]).any():
                return False
        return True


def start(key: pl.Expr) -> pl.Expr:
    """The prefix of a binary key of 8 bytes or more, as an unsigned number."""
    return key.bin.head(_BYTES).bin.reinterpret(dtype=pl.UInt64)


def _distinct(starts: Sequence[pl.Series]) -> bool:
    whole = pl.concat(starts) if starts else pl.Series(dtype=pl.UInt64)
    return whole.n_unique() == len(whole)
