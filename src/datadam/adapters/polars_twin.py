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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from datadam.adapters import twin_files as files
from datadam.adapters.polars_twin_rows import Kept, Sieve
from datadam.adapters.twin_files import KEY, OPEN, RANK, SUM, UNIT, TwinFiles
from datadam.model import FileFact
from datadam.ports import Cells, PartOrder
from datadam.privacy import sensitivity
from datadam.privacy.recipe import Recipe
from datadam.protections import Aggregate

HELD_ROWS: Final = 8_000_000  # candidates in memory at once: about 600 MB at six columns
COUNTED_ROWS: Final = 500_000  # of a file, above which its units' rows are counted first
BATCH_ROWS: Final = 125_000  # rows ranked at once: more would not stay in the processor's cache
ROW_GROUP: Final = 250_000  # rows
COUNTED_CELLS: Final = 65_536  # above which rows are grouped by their cells: counting goes over all, batch by batch
COMPRESSION: Final = "none"  # places of keys are packed by their dictionaries; of the rest little would become smaller

_SPARE: Final = (
    5.0  # deviations by which a cut lets more rows through than may count: one unit in a million falls short
)
_MORE: Final = 8  # rows that it lets through besides, where N is small
_WORTH: Final = 0.25  # share of a file's rows that cuts must spare before it pays to look up each row's
_WORD: Final = 2**64
_HALF: Final = 32  # bits
_MOST_BITS: Final = 22  # of slots that cuts are looked up in: 32 MB
_WORD_BITS: Final = np.uint64(64)
_RANK_BITS: Final = np.uint64(30)  # of a rank, in one integer with as many of its unit as are left
_OF_RANK: Final = np.uint64(2**30 - 1)
_COUNTED: Final = frozenset({Aggregate.COUNT, Aggregate.HISTOGRAM})
_PLACE, _CELL, _WHOLE = "_place", "_cell", "_whole"
_SMALLEST, _FARTHEST = -(2**63), 2**63 - 1  # no fixed-point integer is either

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
    ) -> None:
        """Keep parts and twins under `root`; hold so many candidates, count what is larger, rank so many at once.

        Rows of more than so many `cells` are grouped, not counted by their places.
        """
        super().__init__(root)
        self._held, self._counted, self._batch, self._cells = held, counted, batch, cells

    def bound(self, order: PartOrder) -> FileFact:
        """Make a deposit's part, durable; the same order again makes the same part."""
        with files.disk(order.admitted):
            rows = files.admitted(order)
            kept, total = Kept(order, rows.collect_schema()), _count(rows)
            rows = rows.select(kept.columns)
            counts = _Counts.of(rows, kept) if total > self._counted else None

        def pieces() -> Iterator[pl.DataFrame]:
            for within in _ranges(total if counts is None else counts.expected, self._held):
                own = counts.within(within) if counts is not None and counts.spares else None
                yield self._bounded(rows.filter(_is_within(within, kept.unit)), kept, own)

        return self.keep_part(order.recipe, order.deposit, lambda into, told: _write(pieces(), into, told))

    def merge(self, recipe: Recipe, name: str, deposits: Sequence[str]) -> FileFact:
        """Merge parts, given in the order of the log, into the twin `name`, durable."""
        parts = _scanned([self.part(recipe, deposit) for deposit in deposits], recipe).with_row_index(_PLACE)

        def pieces() -> Iterator[pl.DataFrame]:
            for within in _ranges(_count(parts), self._held):
                batches = self._batches(parts.filter(_is_within(within, pl.concat_arr(UNIT))))
                yield self._smallest(batches, recipe).drop(*RANK, _PLACE)

        return self.keep_twin(recipe, name, deposits, lambda into, told: _write(pieces(), into, told))

    def tally(self, recipe: Recipe, twins: Sequence[Path], cells: Cells) -> Sequence[int]:
        """Exact integers over all twins together, one a cell, or a bin of each."""
        count = math.prod(len(recipe.keys[name]) for name in cells.by)
        kind = pl.UInt32() if count < 2**32 else pl.Int64()
        cell = pl.lit(0, dtype=kind)
        for name in cells.by:
            cell = cell * pl.lit(len(recipe.keys[name]), dtype=kind) + pl.col(f"{KEY}{name}").cast(kind)
        if cells.aggregate is Aggregate.HISTOGRAM:
            bins = len(cells.edges) - 1
            cell, count = cell.cast(pl.Int64) * bins + _bin(f"{SUM}{cells.column}", cells.edges), count * bins
        if cells.aggregate in _COUNTED and count <= self._cells:
            return self._by_place(recipe, twins, cells, cell, count)
        totals = [0] * count
        for place, *parts in self._asked(recipe, twins, cells, cell).iter_rows():
            totals[place] = sum(part << (_HALF * at) for at, part in enumerate(parts))
        return totals

    def _by_place(
        self, recipe: Recipe, twins: Sequence[Path], cells: Cells, cell: pl.Expr, count: int
    ) -> Sequence[int]:
        """How many rows each cell has: counted by their places, which takes half of what grouping by them does."""
        files.check_recipe(recipe, twins)
        totals = np.zeros(count, dtype=np.int64)
        with files.disk(self.root):
            rows = _scanned(twins, recipe, ranks=False).filter(*_conditions(recipe, cells))
            places = rows.with_columns(cell.alias(_CELL)).select(_CELL).drop_nulls()
            for batch in places.collect_batches(engine="streaming", maintain_order=False):
                totals += np.bincount(batch[_CELL].to_numpy(), minlength=count)
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
                    value, ends = pl.col(f"{SUM}{cells.column}"), files.ends(recipe, cells.column or "")
                    fits = max(map(abs, ends)) * _count(rows) < sensitivity.MOST
                    parts = [value] if fits else [value & (2**_HALF - 1), value // 2**_HALF]
                    found = counting.group_by(_CELL).agg(part.sum().alias(str(at)) for at, part in enumerate(parts))
                case _:
                    found = counting.group_by(_CELL).len()
            return found.collect(engine="streaming")

    def _bounded(self, rows: pl.LazyFrame, kept: Kept, counts: "_Counts | None") -> pl.DataFrame:
        """Of each unit among the rows those that count, ordered; to know their numbers spares most of the work."""
        recipe = kept.recipe
        if counts is None:
            return self._smallest(map(kept.of, self._batches(rows)), recipe)
        sieve = counts.sieve()
        found = self._smallest((kept.of(batch, sieve) for batch in self._batches(rows)), recipe)
        enough = found.group_by(UNIT).len().filter(pl.col("len") >= recipe.rows)
        short = counts.of_many.join(enough, on=UNIT, how="anti").select(UNIT)
        if short.is_empty():
            return found
        again = (kept.of(batch).join(short, on=UNIT, how="semi") for batch in self._batches(rows))
        return self._smallest([found.join(short, on=UNIT, how="anti"), *again], recipe)

    def _batches(self, rows: pl.LazyFrame) -> Iterator[pl.DataFrame]:
        yield rows.head(0).collect()  # where nothing follows, at least columns do
        yield from rows.collect_batches(chunk_size=self._batch, engine="streaming")

    def _smallest(self, batches: Iterable[pl.DataFrame], recipe: Recipe) -> pl.DataFrame:
        """Of each unit the rows with the smallest ranks; no more are held than twice those, or what may be held."""
        held: list[pl.DataFrame] = []
        count, most = 0, self._held
        for batch in batches:
            held.append(batch)
            count += batch.height
            if count > most:
                held = [smallest(pl.concat(held, rechunk=True), recipe)]
                count = held[0].height
                most = max(self._held, 2 * count)
        return smallest(pl.concat(held, rechunk=True), recipe)


# --- which rows count -------------------------------------------------------------------------------------------------


def smallest(rows: pl.DataFrame, recipe: Recipe) -> pl.DataFrame:
    """Of each unit the rows with the smallest ranks, ordered; where newer ones supersede, one of each rank."""
    order, starts = _order(rows, recipe)
    if recipe.supersede:
        backwards = order[::-1]  # of equal ones the last comes first
        order = backwards[_differs([rows[name].to_numpy()[backwards] for name in (*UNIT, *RANK)])][::-1]
        starts = _differs([rows[name].to_numpy()[order] for name in UNIT])
    at = np.arange(order.size, dtype=np.int32)
    first = np.maximum.accumulate(np.where(starts, at, 0), dtype=np.int32)
    return rows[order[at - first < recipe.rows]]


def _order(rows: pl.DataFrame, recipe: Recipe) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Places of rows by unit and rank, and which of them begin a unit; equal ones by content, or by age where known.

    To sort by the first bits of either in one integer takes a quarter of the time. What that leaves unclear lies
    together, and is sorted again in full: rows that are equal so far, and all rows of units that begin alike.
    """
    unit, rank = (rows[names[0]].to_numpy() for names in (UNIT, RANK))
    begins = (unit & ~_OF_RANK) | (rank >> (_WORD_BITS - _RANK_BITS))
    order = np.argsort(begins)
    begins = begins[order]
    starts = _differs([rows[name].to_numpy()[order] for name in UNIT])
    tied, alike = ~_differs([begins]), ~_differs([begins & ~_OF_RANK])
    mixed = alike & starts
    if not (tied | mixed).any():
        return order, starts
    run = np.cumsum(~alike) - 1
    of_many = np.zeros(run[-1] + 1, dtype=np.bool_)
    of_many[run[mixed]] = True
    joined = np.where(of_many[run], alike, tied)  # to the row before it
    unclear = (joined | np.append(joined[1:], np.False_)).nonzero()[0]
    content = [name for name in rows.columns if name not in {*UNIT, *RANK, _PLACE}]
    last = [_PLACE] if recipe.supersede and _PLACE in rows.columns else content
    some = rows[order[unclear]].select(pl.arg_sort_by(*UNIT, *RANK, *last, nulls_last=False)).to_series().to_numpy()
    order[unclear] = order[unclear][some]
    return order, _differs([rows[name].to_numpy()[order] for name in UNIT])


def _differs(columns: Sequence[NDArray[np.uint64]]) -> NDArray[np.bool_]:
    """Whether a row differs from the one before it in any of the columns; the first does."""
    found = np.ones(columns[0].size, dtype=np.bool_)
    for at, column in enumerate(columns):
        unlike = column[1:] != column[:-1]
        found[1:] = (found[1:] | unlike) if at else unlike
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    """How many rows units have."""

    of_few: pl.DataFrame  # by unit: those all of whose rows are looked at
    of_many: pl.DataFrame  # by unit: those of whose rows so few can count that a cut spares most
    through: float  # rows that a cut lets through, of each unit that has more

    @classmethod
    def of(cls, rows: pl.LazyFrame, kept: Kept) -> "_Counts":
        """Count each unit's rows."""
        whole, word = pl.col(_WHOLE), pl.lit(_WORD, dtype=pl.UInt128)
        units = rows.select(kept.whole_unit.alias(_WHOLE)).drop_nulls().group_by(_WHOLE).len()
        halves = [(whole % word).cast(pl.UInt64).alias(UNIT[0]), (whole // word).cast(pl.UInt64).alias(UNIT[1])]
        counted = units.select(*halves, "len").collect(engine="streaming")
        most = kept.recipe.rows
        through = most + _SPARE * math.sqrt(most) + _MORE
        many = pl.col("len") > through
        return cls(of_few=counted.filter(~many), of_many=counted.filter(many), through=through)

    @property
    def expected(self) -> int:
        """Rows that come through."""
        return _sum(self.of_few) + math.ceil(self.through * self.of_many.height)

    @property
    def spares(self) -> bool:
        """Whether cuts spare enough to look each row's up."""
        return self.expected < (1 - _WORTH) * (_sum(self.of_few) + _sum(self.of_many))

    def within(self, within: Within) -> "_Counts":
        """Those of a range's units."""
        of = _is_within(within, pl.concat_arr(UNIT))
        return replace(self, of_few=self.of_few.filter(of), of_many=self.of_many.filter(of))

    def sieve(self) -> Sieve:
        """Stops ranks beyond their unit's cut. Units share slots of a table, and the farthest cut of a slot holds."""
        bits = min(max((8 * (self.of_few.height + self.of_many.height)).bit_length(), 8), _MOST_BITS)
        shift = np.uint64(64 - bits)
        slots = np.zeros(2**bits, dtype=np.uint64)
        shares = np.minimum(self.through / self.of_many["len"].to_numpy() * float(_WORD), float(_WORD - 2**11))
        np.maximum.at(slots, self.of_many[UNIT[0]].to_numpy() >> shift, shares.astype(np.uint64))
        slots[self.of_few[UNIT[0]].to_numpy() >> shift] = _WORD - 1
        return lambda units, ranks: ranks[:, 0] <= slots[units[:, 0] >> shift]


def _sum(counts: pl.DataFrame) -> int:
    return int(counts["len"].cast(pl.Int64).sum())


def _ranges(rows: int, held: int) -> Iterator[Within]:
    """All units in so many ranges that each has about as many rows as may be held."""
    count = max(1, math.ceil(rows / held))
    for at in range(count):
        yield _WORD * at // count, _WORD * (at + 1) // count


def _is_within(within: Within, unit: pl.Expr) -> pl.Expr:
    first, end = within
    if (first, end) == (0, _WORD):
        return pl.lit(value=True)
    return unit.arr.get(0).is_between(pl.lit(first, dtype=pl.UInt64), pl.lit(end - 1, dtype=pl.UInt64))


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


def _count(rows: pl.LazyFrame) -> int:
    return int(rows.select(pl.len()).collect(engine="streaming").item())


def _write(pieces: Iterator[pl.DataFrame], into: Path, told: Mapping[str, str]) -> int:
    """Write pieces one after the other; how many rows. One thread writes, so that equal rows make equal bytes."""
    first = next(pieces)
    schema = first.to_arrow().schema.with_metadata(dict(told))
    grouped = [name for name in first.columns if not name.startswith((SUM, RANK[0][:5]))]
    count = 0
    import pyarrow.parquet as pq  # noqa: PLC0415  (28 MB, that a dam without private answers does without)

    with pq.ParquetWriter(
        into, schema, compression=COMPRESSION, use_dictionary=grouped, write_statistics=False
    ) as file:
        for piece in (first, *pieces):
            file.write_table(piece.to_arrow().cast(schema), row_group_size=ROW_GROUP)
            count += piece.height
    return count
