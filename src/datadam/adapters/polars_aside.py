"""Rows that are taken out of a stream as it goes by, few beside those that go on: packed in memory, then on disk.

A second output of the same stream would be another way, but then Polars holds what the slower output has not taken yet:
of a Parquet file of 50 million rows that was 13 GB. Pieces come from several threads, each of consecutive rows; they
are given back in the order of the rows, one at a time.
"""

import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final

import polars as pl
from polars.io.plugins import register_io_source

from datadam.adapters.durable import disk
from datadam.adapters.polars_pieces import asked
from datadam.adapters.polars_read import ROW

HELD: Final = 64 * 2**20  # bytes in memory before all of it goes to disk
JOINED: Final = 4 * 2**20  # bytes that are given back at once


@dataclass(slots=True)
class Aside:
    """Rows of one kind that were taken out."""

    folder: Path  # for what does not stay in memory; made when it is needed, and nobody else's
    held: dict[int, bytes] = field(default_factory=dict)  # first row of a piece → the piece
    size: int = 0  # of those in memory
    spilled: list[int] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def take(self, rows: pl.DataFrame) -> None:
        """Keep consecutive rows; several threads may come at once. `Unavailable` where the disk does not take them."""
        if rows.is_empty():
            return
        packed = io.BytesIO()
        rows.write_ipc_stream(packed)  # a copy: the rows themselves would hold on to the text of all around them
        with self.lock:
            self.held[rows[ROW][0]] = packed.getvalue()
            self.size += packed.tell()
            if self.size > HELD:
                self._spill()

    def rows(self, schema: pl.Schema) -> pl.LazyFrame:
        """All of them in order, to be read as often as one likes."""
        return register_io_source(self.pieces, schema=schema, is_pure=True)

    def pieces(
        self, with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _batch: int | None
    ) -> Iterator[pl.DataFrame]:
        """Some of them after the other, of them what Polars asks for."""
        return asked(self._joined(), with_columns, predicate, n_rows)

    def clear(self) -> None:
        """Forget them all."""
        self.held, self.size, self.spilled = {}, 0, []
        shutil.rmtree(self.folder, ignore_errors=True)

    def _joined(self) -> Iterator[pl.DataFrame]:
        """Pieces that lie side by side as one: they are small, and what is done with each costs more than its rows."""
        some: list[pl.DataFrame] = []
        size = 0
        for first in sorted({*self.held, *self.spilled}):
            data = self.held[first] if first in self.held else self._place(first).read_bytes()
            some.append(pl.read_ipc_stream(data))
            size += len(data)
            if size >= JOINED:
                yield pl.concat(some, rechunk=True)
                some, size = [], 0
        if some:
            yield pl.concat(some, rechunk=True)

    def _spill(self) -> None:
        with disk(self.folder):
            if not self.spilled:
                shutil.rmtree(self.folder, ignore_errors=True)  # a crash may have left some
                self.folder.mkdir(mode=0o700)
            for first, data in self.held.items():
                self._place(first).write_bytes(data)
        self.spilled += self.held
        self.held, self.size = {}, 0

    def _place(self, first: int) -> Path:
        return self.folder / f"{first}.arrows"
