"""The Twins port on Polars: bounded at a deposit's own size, merged at that of the parts, asked in one lazy group-by.

1. count   of large files, how many rows each unit has: of many rows only those can count whose ranks are below a cut
           that lets through a few more than may
2. keep    a row's columns become places of keys and fixed-point integers, then its rank is worked out
3. choose  rows are held until there are too many, then each unit's smallest ranks alone; a unit of which too few came
           through (its rows repeat one another) is looked at again without a cut
4. write   ordered by unit and rank, so that threads, morsels and the file's own order leave no trace

Units are done in ranges of their ids, one range after the other: memory is bounded by the rows held at once, whatever
the file's size.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from datadam.adapters import twin_files as files
from datadam.adapters.polars_twin_cuts import Counts
from datadam.adapters.polars_twin_order import PLACE, smallest
from datadam.adapters.polars_twin_rows import Kept
from datadam.adapters.twin_files import KEY, OPEN, RANK, SUM, UNIT, TwinFiles
from datadam.model import FileFact
from datadam.ports import Cells, PartOrder
from datadam.privacy import sensitivity
from datadam.privacy.recipe import Recipe
from datadam.protections import Aggregate

HELD_ROWS: Final = 8_000_000  # candidates in memory at once: about 600 MB at six columns
COUNTED_ROWS: Final = 500_000  # of a file, above which its units' rows are counted first
BATCH_ROWS: Final = 250_000  # rows ranked at once: of fewer, what a batch costs tells; more take more memory
SPAN_ROWS: Final = (
    1_000_000  # rows read before more are asked for: else as many again would wait, in memory of their own
)
ROW_GROUP: Final = 250_000  # rows
COUNTED_CELLS: Final = 65_536  # above which rows are grouped by their cells: counting goes over all, batch by batch
COMPRESSION: Final = "none"  # places of keys are packed by their dictionaries; of the rest little would become smaller

_WORD: Final = 2**64
_HALF: Final = 32  # bits
_FLOAT: Final = 2**53  # up to which sums of whole numbers are exact in floats
_CELL, _VALUE = "_cell", "_value"
_SMALLEST, _FARTHEST = -(2**63), 2**63 - 1  # no fixed-point integer is either

EVERY_UNIT: Final = pl.lit(value=True)
EVERY_ROW: Final[Sequence[files.Span]] = ((0, None),)

Within: TypeAlias = tuple[int, int]
"""A range of units, by the first integer of their ids: from the one to before the other."""


class PolarsTwins(TwinFiles):
    """A `ports.Twins` in bounded memory."""

    def __init__(
        self,
        root: Path,
        *,
        held: int = HELD_ROWS,
        counted: int = COUNTED_ROWS,
        batch: int = BATCH_ROWS,
        cells: int = COUNTED_CELLS,
        span: int = SPAN_ROWS,
    ) -> None:
        """Keep parts and twins under `root`; hold so many candidates, count what is larger, rank so many at once.

        Rows of more than so many `cells` are grouped, not counted by their places. Files are read by spans of rows.
        """
        super().__init__(root)
        self._held, self._counted, self._batch, self._cells, self._span = held, counted, batch, cells, span

    def bound(self, order: PartOrder) -> FileFact:
        """Make a deposit's part, durable; the same order again makes the same part."""
        with files.disk(order.admitted):
            rows = files.admitted(order)
            kept, spans = Kept(order, rows.collect_schema()), files.spans(order.admitted, self._span)
            rows, total = rows.select(kept.columns), sum(count or 0 for _, count in spans)
            counts = Counts.of(rows.select(kept.whole_unit), order.recipe.rows) if total > self._counted else None

        def pieces() -> Iterator[pl.DataFrame]:
            for within in _ranges(total if counts is None else counts.expected, self._held):
                own = counts.where(_is_within(within, pl.col(UNIT[0]))) if counts and counts.spares else None
                read = partial(self._batches, rows, spans, _is_within(within, kept.unit.arr.get(0)))
                yield self._bounded(read, kept, own)

        return self.keep_part(order.recipe, order.deposit, lambda into, told: _write(pieces(), into, told))

    def merge(self, recipe: Recipe, name: str, deposits: Sequence[str]) -> FileFact:
        """Merge parts, given in the order of the log, into the twin `name`, durable."""
        parts = _scanned([self.part(recipe, deposit) for deposit in deposits], recipe).with_row_index(PLACE)

        def pieces() -> Iterator[pl.DataFrame]:
            if len(deposits) == 1:  # it is bounded, and in order
                yield from (batch.drop(*RANK, PLACE) for batch in self._batches(parts))
                return
            for within in _ranges(_count(parts), self._held):
                batches = self._batches(parts, of=_is_within(within, pl.col(UNIT[0])))
                yield self._smallest(batches, recipe).drop(*RANK, PLACE)

        return self.keep_twin(recipe, name, deposits, lambda into, told: _write(pieces(), into, told))

    def tally(self, recipe: Recipe, twins: Sequence[Path], cells: Cells) -> Sequence[int]:
        """Exact integers over all twins together, one a cell, or a bin of each."""
        count = math.prod(len(recipe.keys[name]) for name in cells.by)
        kind = files.place_type(count + 1) if count < 2**32 else pl.Int64()
        cell = pl.lit(0, dtype=kind)
        for name in cells.by:
            cell = cell * pl.lit(len(recipe.keys[name]), dtype=kind) + pl.col(f"{KEY}{name}").cast(kind)
        if cells.aggregate is Aggregate.HISTOGRAM:
            bins = len(cells.edges) - 1
            cell, count = cell.cast(pl.Int64) * bins + _bin(f"{SUM}{cells.column}", cells.edges), count * bins
        files.check_recipe(recipe, twins)
        with files.disk(self.root):
            if count <= self._cells and self._by_places(recipe, twins, cells):
                return self._placed(recipe, twins, cells, cell, count)
            totals = [0] * count
            for place, *parts in self._asked(recipe, twins, cells, cell).iter_rows():
                totals[place] = sum(part << (_HALF * at) for at, part in enumerate(parts))
            return totals

    def _by_places(self, recipe: Recipe, twins: Sequence[Path], cells: Cells) -> bool:
        """Whether rows can be told by the places of their cells alone: sums where floats are exact."""
        if cells.aggregate is Aggregate.SUM:
            return _farthest(recipe, twins, cells) <= _FLOAT
        return cells.aggregate is not Aggregate.DISTINCT

    def _placed(self, recipe: Recipe, twins: Sequence[Path], cells: Cells, cell: pl.Expr, count: int) -> Sequence[int]:
        """How many rows each cell has, or what they sum up to: by its place, in half of what grouping takes."""
        totals = np.zeros(count, dtype=np.int64)
        summed = cells.aggregate is Aggregate.SUM
        value = [pl.col(f"{SUM}{cells.column}").fill_null(0).alias(_VALUE)] if summed else []
        rows = _scanned(twins, recipe, ranks=False).filter(*_conditions(recipe, cells))
        placed = rows.with_columns(cell.alias(_CELL), *value).select(_CELL, *([_VALUE] if summed else []))
        for batch in placed.drop_nulls(_CELL).collect_batches(engine="streaming", maintain_order=False):
            weights = batch[_VALUE].to_numpy() if summed else None
            found = np.bincount(batch[_CELL].to_numpy(), weights=weights, minlength=count)
            totals += found.astype(np.int64, copy=False)
        return list(map(int, totals))

    def tally_open(self, recipe: Recipe, twins: Sequence[Path], cells: Cells, column: str) -> Mapping[str, int]:
        """The same for a count or distinct by one open column alone: its texts with what each has."""
        return dict(self._asked(recipe, twins, cells, pl.col(f"{OPEN}{column}")).iter_rows())

    def _asked(self, recipe: Recipe, twins: Sequence[Path], cells: Cells, cell: pl.Expr) -> pl.DataFrame:
        """What each cell has that has anything; a sum in two halves where it might not fit 64 bits."""
        files.check_recipe(recipe, twins)
        with files.disk(self.root):
            rows = _scanned(twins, recipe, ranks=False)
            counting = rows.filter(*_conditions(recipe, cells)).with_columns(cell.alias(_CELL)).drop_nulls(_CELL)
            match cells.aggregate:
                case Aggregate.DISTINCT:
                    found = counting.select(_CELL, *UNIT).unique().group_by(_CELL).len()
                case Aggregate.SUM:
                    value = pl.col(f"{SUM}{cells.column}")
                    fits = _farthest(recipe, twins, cells) < sensitivity.MOST
                    parts = [value] if fits else [value & (2**_HALF - 1), value // 2**_HALF]
                    found = counting.group_by(_CELL).agg(part.sum().alias(str(at)) for at, part in enumerate(parts))
                case _:
                    found = counting.group_by(_CELL).len()
            return found.collect(engine="streaming")

    def _bounded(self, read: Callable[[], Iterator[pl.DataFrame]], kept: Kept, counts: Counts | None) -> pl.DataFrame:
        """Of each unit among the rows those that count, ordered; to know their numbers spares most of the work."""
        recipe = kept.recipe
        if counts is None:
            return self._smallest(map(kept.of, read()), recipe)
        sieve = counts.sieve()
        found = self._smallest((kept.of(batch, sieve) for batch in read()), recipe)
        enough = found.group_by(UNIT).len().filter(pl.col("len") >= recipe.rows)
        short = counts.of_many.join(enough, on=UNIT, how="anti").select(UNIT)
        if short.is_empty():
            return found
        again = (kept.of(batch).join(short, on=UNIT, how="semi") for batch in read())
        return self._smallest([found.join(short, on=UNIT, how="anti"), *again], recipe)

    def _batches(
        self, rows: pl.LazyFrame, spans: Sequence[files.Span] = EVERY_ROW, of: pl.Expr = EVERY_UNIT
    ) -> Iterator[pl.DataFrame]:
        """Rows of spans, of some units, batch by batch."""
        yield rows.head(0).collect()  # where nothing follows, at least columns do
        for first, count in spans:
            yield from rows.slice(first, count).filter(of).collect_batches(chunk_size=self._batch, engine="streaming")

    def _smallest(self, batches: Iterable[pl.DataFrame], recipe: Recipe) -> pl.DataFrame:
        """Of each unit the rows with the smallest ranks; no more are held than twice those, or what may be held."""
        held: list[pl.DataFrame] = []
        count, most = 0, self._held
        for batch in batches:
            held.append(batch)
            count += batch.height
            if count > most:
                held = [smallest(pl.concat(held), recipe)]
                count = held[0].height
                most = max(self._held, 2 * count)
        return smallest(pl.concat(held), recipe)


# --- ranges of units --------------------------------------------------------------------------------------------------


def _ranges(rows: int, held: int) -> Iterator[Within]:
    """All units in so many ranges that each has about as many rows as may be held."""
    count = max(1, math.ceil(rows / held))
    for at in range(count):
        yield _WORD * at // count, _WORD * (at + 1) // count


def _is_within(within: Within, unit: pl.Expr) -> pl.Expr:
    """Of a unit's first integer, whether it is in a range."""
    first, end = within
    if (first, end) == (0, _WORD):
        return EVERY_UNIT
    return unit.is_between(pl.lit(first, dtype=pl.UInt64), pl.lit(end - 1, dtype=pl.UInt64))


# --- what is asked ----------------------------------------------------------------------------------------------------


def _conditions(recipe: Recipe, cells: Cells) -> Iterator[pl.Expr]:
    yield pl.lit(value=True)
    for name, places in cells.among.items():
        place, kind = pl.col(f"{KEY}{name}"), files.place_type(len(recipe.keys[name]))
        if len(places) == 1:
            yield place == pl.lit(next(iter(places)), dtype=kind)
        else:
            yield place.is_in(pl.Series(sorted(places), dtype=kind).implode())
    for name, texts in cells.matching.items():
        yield pl.col(f"{OPEN}{name}").is_in(pl.Series(sorted(texts), dtype=pl.String).implode())
    for name, ends in cells.between.items():
        yield pl.col(f"{SUM}{name}").is_between(_in_words(ends[0]), _in_words(ends[1]))
    if cells.valued:
        yield pl.col(f"{SUM}{cells.column}").is_not_null()


def _in_words(number: int) -> int:
    """A number that may be of any size as one of 64 bits, which compares alike with every value that there is."""
    return min(max(number, _SMALLEST), _FARTHEST)


def _bin(column: str, edges: Sequence[int]) -> pl.Expr:
    """Which bin a value falls in: from its first edge to before the next, the last with its end; null where in none."""
    ends = [_in_words(edge) for edge in edges]
    value, width = pl.col(column), ends[1] - ends[0]
    inside = pl.when(value.is_between(ends[0], ends[-1])).then(value)
    if ends == [ends[0] + width * at for at in range(len(ends))] and ends[0] > -sensitivity.MOST:
        return ((inside - ends[0]) // width).clip(upper_bound=len(ends) - 2)
    inner = np.array(ends[1:-1], dtype=np.int64)
    return inside.map_batches(lambda values: reached(values, inner), return_dtype=pl.Int64, is_elementwise=True)


def reached(values: pl.Series, edges: NDArray[np.int64]) -> pl.Series:
    """How many of the edges each value has reached; null where there is none."""
    found = np.searchsorted(edges, values.fill_null(0).to_numpy(), side="right")
    return pl.Series(values.name, found, dtype=pl.Int64).set(values.is_null(), None)


# --- files ------------------------------------------------------------------------------------------------------------


def _scanned(paths: Sequence[Path], recipe: Recipe, *, ranks: bool = True) -> pl.LazyFrame:
    """The rows of files in their order; of none, none."""
    if paths:
        return pl.scan_parquet([*paths], glob=False)
    schema = files.schema(recipe)
    return pl.LazyFrame(schema={name: kind for name, kind in schema.items() if ranks or name not in RANK})


def _farthest(recipe: Recipe, twins: Sequence[Path], cells: Cells) -> int:
    """How far from 0 the sum of a column may be over all rows."""
    return max(map(abs, files.ends(recipe, cells.column or ""))) * _count(_scanned(twins, recipe, ranks=False))


def _count(rows: pl.LazyFrame) -> int:
    return int(rows.select(pl.len()).collect(engine="streaming").item())


def _write(pieces: Iterator[pl.DataFrame], into: Path, told: Mapping[str, str]) -> int:
    """Write pieces one after the other; how many rows. One thread writes, so that equal rows make equal bytes."""
    groups = _grouped(pieces)
    first = next(groups)
    schema = first.to_arrow().schema.with_metadata(dict(told))
    grouped = [name for name in first.columns if not name.startswith((SUM, RANK[0][:5]))]
    count = 0
    import pyarrow.parquet as pq  # noqa: PLC0415  (28 MB, that a dam without private answers does without)

    with pq.ParquetWriter(
        into, schema, compression=COMPRESSION, use_dictionary=grouped, write_statistics=False
    ) as file:
        for group in chain([first], groups):
            file.write_table(group.to_arrow().cast(schema), row_group_size=ROW_GROUP)
            count += group.height
    return count


def _grouped(pieces: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Pieces in groups of rows that have one size, so that how much was held at once leaves no trace either."""
    rest = next(pieces)
    for piece in pieces:
        whole = rest.height // ROW_GROUP * ROW_GROUP
        if whole:
            yield rest[:whole]
        rest = pl.concat([rest[whole:], piece], rechunk=True)
    yield rest
