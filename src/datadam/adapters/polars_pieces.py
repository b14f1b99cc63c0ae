"""Pieces of a stream: given to Polars as it asks for them, sifted where they are, and several of a reader's as one.

Polars reads a CSV in pieces of 2 MB. What is done with a piece, whatever its size, takes as long as judging some 3,000
rows; so rows that much is done with come in pieces of several.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import polars as pl
from polars.io.plugins import register_io_source

TOGETHER: Final = 4  # of a reader's pieces; a bound of their bytes, as each of them has one


def asked(
    pieces: Iterable[pl.DataFrame], with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None
) -> Iterator[pl.DataFrame]:
    """Of pieces that come one after the other, what Polars asks a source of rows for."""
    left = n_rows
    for whole in pieces:
        piece = whole if left is None else whole.head(left)
        left = None if left is None else left - len(piece)
        piece = piece if predicate is None else piece.filter(predicate)
        yield piece if with_columns is None else piece.select(with_columns)


def sifted(rows: pl.DataFrame, mask: pl.Series) -> pl.DataFrame:
    """The rows for which the mask holds.

    Column by column, by whoever asks: of pieces of a stream that is half of what handing them to other threads costs.
    """
    return pl.DataFrame([column.filter(mask) for column in rows])


def larger(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The same rows in the same order, in fewer and larger pieces."""

    def pieces(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _batch: int | None
    ) -> Iterator[pl.DataFrame]:
        return asked(joined(rows), with_columns, predicate, n_rows)

    return register_io_source(pieces, schema=rows.collect_schema(), is_pure=True)


def joined(rows: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """Rows in their order, several of the pieces they come in as one."""
    some: list[pl.DataFrame] = []
    for piece in rows.collect_batches(engine="streaming"):
        some.append(piece)
        if len(some) == TOGETHER:
            yield pl.concat(some)
            some = []
    if some:
        yield pl.concat(some)
