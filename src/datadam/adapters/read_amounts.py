"""How much text a Parquet file's rows hold, counted as they are read, before anything makes a copy of it.

A dictionary holds a value once, however many rows name it, and Polars keeps it so until something works on the texts:
then a few hundred bytes can come to terabytes. What a row holds is known from its length alone, which costs nothing.
"""

from collections import Counter
from collections.abc import Sequence
from threading import Lock
from typing import Final

import polars as pl

from datadam.errors import Invalid

SHORT: Final = 256  # bytes a value, on average: columns below it are not counted, for it is the rows that are many then
ROWS: Final = 2**17  # about what Polars gathers before it writes
MAX_TEXT: Final = 2**30  # bytes of text in so many rows in a row: what works on them holds about twice that
MAX_CELL: Final = 2**20  # bytes of one text; a line of a CSV has no more, and what works on longer ones takes minutes
_NUMBERS: Final = "{} {} {}"


class Swollen(pl.exceptions.ComputeError):
    """Too much text: in how many rows (0: in all), bytes, bytes allowed. Polars keeps no more of it than its text."""

    def told(self, name: str) -> Invalid:
        """The same as a refusal of the file `name`."""
        rows, unpacked, limit = (int(number) for number in str(self).split()[:3])
        if rows == 1:
            return Invalid("file.cell-too-long", name=name, size=unpacked, limit=limit)
        if rows:
            return Invalid("file.bomb-texts", name=name, rows=rows, unpacked=unpacked, limit=limit)
        return Invalid("file.bomb-groups", name=name, unpacked=unpacked, limit=limit)


class Amounts:
    """What the texts of one file come to, in any rows that are held together and in all."""

    def __init__(self, limit: int, near: int = MAX_TEXT) -> None:
        """Allow `limit` bytes in all, and `near` in `ROWS` rows."""
        self._limit, self._most_near = limit, near
        self._held: dict[tuple[int, str], int] = {}  # first row of a piece, column → bytes; the same in every pass
        self._near: Counter[int] = Counter()  # the same by rows that are held together
        self._all = 0
        self._lock = Lock()

    def counted(self, column: str, kind: pl.DataType, row: str) -> pl.Expr:
        """The column, counted as it goes by; `row` numbers the rows. Too much raises `Swollen`.

        A text of no length is none, as in a CSV.
        """

        def see(parts: Sequence[pl.Series]) -> pl.Series:
            self.add(column, *parts)
            texts = parts[0]
            empty = texts.str.len_bytes() == 0 if kind == pl.String else None
            return texts if empty is None or not empty.any() else texts.set(empty, None)

        return pl.map_batches([pl.col(column), pl.col(row)], see, return_dtype=kind, is_elementwise=True).alias(column)

    def add(self, column: str, texts: pl.Series, rows: pl.Series) -> None:
        """Count a piece of a column: texts, or names of categories."""
        lengths = texts.str.len_bytes() if texts.dtype == pl.String else texts.cat.len_bytes()
        size, longest = int(lengths.sum()), int(lengths.max() or 0)  # type: ignore[arg-type]  # numbers
        if longest > MAX_CELL:
            raise Swollen(_NUMBERS.format(1, longest, MAX_CELL))
        if size <= SHORT * len(texts):
            return
        first = int(rows[0])
        with self._lock:
            more = size - self._held.get((first, column), 0)
            self._held[first, column] = size
            self._near[first // ROWS] += more
            self._all += more
            near = self._near[first // ROWS]
        for within, held, most in ((ROWS, near, self._most_near), (0, self._all, self._limit)):
            if held > most:
                raise Swollen(_NUMBERS.format(within, held, most))
