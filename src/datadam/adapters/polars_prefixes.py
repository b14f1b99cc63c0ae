"""The first bytes of keys, by which nearly every file is proved to repeat none: in memory while few, then on disk.

Memory stays flat however many rows come: beyond `HELD` prefixes they are spilled into `PARTS` files by their last bits,
and each part is looked at by itself. Equal keys lie in one part. Of 16 random bytes two different keys share the first
8 in one of 2 · 10^19 pairs; who finds such a pair looks at the whole keys.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from datadam.adapters.durable import disk

HELD: Final = 4_000_000  # prefixes in memory: 32 MB, and as much again while they are looked at
PARTS: Final = 64  # a power of two: a billion rows are then 16 million a part
_BYTES: Final = 8


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
        parts = (self.folder.glob(f"{part}-*.arrow") for part in range(PARTS))
        return all(_distinct([pl.read_ipc(path)["start"] for path in paths]) for paths in parts)

    def clear(self) -> None:
        """Forget them all."""
        self.held, self.count, self.spills = [], 0, 0
        shutil.rmtree(self.folder, ignore_errors=True)

    def _spill(self) -> None:
        with disk(self.folder):
            if not self.spills:
                shutil.rmtree(self.folder, ignore_errors=True)  # a crash may have left some
                self.folder.mkdir(mode=0o700)
            self._write()
        self.held, self.count = [], 0
        self.spills += 1

    def _write(self) -> None:
        starts = pl.concat(self.held).alias("start")
        parts = pl.DataFrame({"start": starts, "part": starts & (PARTS - 1)}).partition_by("part", as_dict=True)
        for (part,), rows in parts.items():
            rows.select("start").write_ipc(self.folder / f"{part}-{self.spills}.arrow")


def start(key: pl.Expr) -> pl.Expr:
    """The prefix of a binary key of 8 bytes or more, as an unsigned number."""
    return key.bin.head(_BYTES).bin.reinterpret(dtype=pl.UInt64)


def _distinct(starts: Sequence[pl.Series]) -> bool:
    whole = pl.concat(starts) if starts else pl.Series(dtype=pl.UInt64)
    return whole.n_unique() == len(whole)
