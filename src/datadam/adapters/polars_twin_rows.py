"""Admitted rows in the form that twins keep: places of keys, fixed-point integers, and a rank by which some count.

Ranks are those of `adapters.memory.twins`, of all rows of a batch at once. No value makes anything here fail.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final, Protocol, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from datadam import seal
from datadam.adapters import twin_files as files
from datadam.adapters.polars_ids import UnitIds
from datadam.adapters.twin_files import BLOCK, KEY, NOTHING, OPEN, RANK, SUM, UNIT
from datadam.ports import PartOrder
from datadam.privacy.recipe import Key
from datadam.protections import Clip

Words: TypeAlias = NDArray[np.uint64]
"""A row of 16 bytes for each row: two little-endian integers."""

_WORD: Final = np.dtype("<u8")
_SIGNED: Final = np.dtype("<i8")
_PAIR: Final = pl.Array(pl.UInt64, 2)
WHOLE: Final = "_whole"  # a unit as one integer
_UNIT, _KEY = "_unit", "_key"
_LARGEST: Final = 10**38 - 1  # of any decimal, in its own last digit
_NARROW: Final = 2**62  # what lies within it can be told in 64 bits, also twice as far


class Sieve(Protocol):
    """Says of many rows at once, by unit and rank, which ones may count at all."""

    def __call__(self, units: Words, ranks: Words, /) -> NDArray[np.bool_]:
        """A flag for each row."""
        ...


class Kept:
    """What becomes of a deposit's rows."""

    def __init__(self, order: PartOrder, schema: pl.Schema) -> None:
        """Take rows of that schema; a clip that does not fit is `Invalid`."""
        self._secret = order.secret
        self.recipe: Final = order.recipe
        recipe = order.recipe
        self._texts = UnitIds(files.text_secret(order.secret))
        self._rank_keys = {by: files.rank_key(order.secret, order.tag, by) for by in ("key", "content")}
        tag = pl.lit(files.tag_unit(order.secret, order.tag))
        unit = tag if recipe.unit == "contributor" else _or_nothing(recipe.unit, pl.Binary(), schema)
        self.unit: Final = _pair(unit).alias(_UNIT)
        """Who a row is of, as two integers; null where it is nobody's."""
        self._chained = _Chain()
        self.whole_unit: Final = unit.bin.reinterpret(dtype=pl.UInt128, endianness="little").alias(WHOLE)
        """The same as one, of which the first is the smaller half."""
        self._key = _pair(_or_nothing(_KEY, pl.Binary(), schema)).alias(_KEY)
        ends = {name: files.ends(recipe, name) for name in recipe.sums}
        drawn = {f"{KEY}{name}": _place(name, keys, schema) for name, keys in recipe.keys.items()}
        drawn |= {f"{SUM}{name}": _fixed(name, clip, ends[name], schema) for name, clip in recipe.sums.items()}
        self._drawn = drawn | {f"{OPEN}{name}": _as_text(name, schema) for name in recipe.open}
        of = {*recipe.keys, *recipe.sums, *recipe.open}
        self._from = [name for name in schema if name in of] or [_UNIT]
        self.columns: Final = [name for name in schema if name in {*of, recipe.unit, _KEY}] or [next(iter(schema))]
        """Which columns are read."""

    def of(self, rows: pl.DataFrame, sieve: Sieve | None = None) -> pl.DataFrame:
        """Those of the rows that may count, as a part has them. What a sieve stops costs no more than its rank."""
        rows = rows.with_columns(self.unit, self._key)
        if rows[_UNIT].null_count():
            rows = rows.filter(pl.col(_UNIT).is_not_null())
        none = rows[_KEY].is_null()
        if not none.any():
            return self._by_key(rows, sieve)
        return pl.concat([self._by_key(rows.filter(~none), sieve), self._by_content(rows.filter(none), sieve)])

    def _by_key(self, rows: pl.DataFrame, sieve: Sieve | None) -> pl.DataFrame:
        units = words(rows[_UNIT])
        ranks = self._chained(self._rank_keys["key"], [units, words(rows[_KEY])])
        rows = rows.select(self._from)
        if sieve is not None:
            rows, units, ranks = _sifted(sieve, rows, units, ranks)
        return self._whole(self._draw(rows), units, ranks)

    def _by_content(self, rows: pl.DataFrame, sieve: Sieve | None) -> pl.DataFrame:
        units, drawn = words(rows[_UNIT]), self._draw(rows)
        ranks = self._chained(self._rank_keys["content"], [units, self._content(drawn, units)])
        if sieve is not None:
            drawn, units, ranks = _sifted(sieve, drawn, units, ranks)
        return self._whole(drawn, units, ranks)

    def _draw(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(**self._drawn).drop(rows.columns)

    def _whole(self, drawn: pl.DataFrame, units: Words, ranks: Words) -> pl.DataFrame:
        """What was drawn with its units and ranks, but for rows with a key that is not public."""
        added = [*_named(UNIT, units), *_named(RANK, ranks)]
        public = [f"{KEY}{name}" for name in self.recipe.keys]
        found = pl.DataFrame(added).hstack(drawn) if drawn.width else pl.DataFrame(added)
        found = found.select(files.schema(self.recipe).keys())
        return found.drop_nulls(public) if public else found

    def _content(self, rows: pl.DataFrame, units: Words) -> Words:
        recipe = self.recipe
        numbers = [rows[f"{KEY}{name}"].cast(pl.Int64).fill_null(NOTHING) for name in sorted(recipe.keys)]
        numbers += [rows[f"{SUM}{name}"].fill_null(NOTHING) for name in sorted(recipe.sums)]
        blocks = [units]
        for at in range(0, len(numbers), 2):
            block = np.zeros((rows.height, 2), dtype=_WORD)
            for half, series in enumerate(numbers[at : at + 2]):
                block[:, half] = series.to_numpy().astype(_SIGNED, copy=False).view(_WORD)
            blocks.append(block)
        texts = (self._texts(rows[f"{OPEN}{name}"]).fill_null(bytes(BLOCK)) for name in sorted(recipe.open))
        blocks += [words(_paired(hashed)) for hashed in texts]
        return self._chained(files.content_key(self._secret, len(blocks)), blocks).copy()


def words(pairs: pl.Series) -> Words:
    """A column of pairs, none of them null, as rows of two integers."""
    return pairs.to_numpy().astype(_WORD, copy=False).reshape(-1, 2)


def _sifted(sieve: Sieve, rows: pl.DataFrame, units: Words, ranks: Words) -> tuple[pl.DataFrame, Words, Words]:
    """What comes through; pairs are taken by their places, which is quicker than by flags."""
    passing = sieve(units, ranks)
    places = passing.nonzero()[0]
    return rows.filter(passing), units.take(places, axis=0), ranks.take(places, axis=0)


class _Chain:
    """CBC-MAC of many rows at once, worked out in room that is kept: asking for new costs more than hashes do."""

    def __init__(self) -> None:
        self._room = [np.empty((1, 2), dtype=_WORD) for _ in range(2)]

    def __call__(self, key: bytes, blocks: Sequence[Words]) -> Words:
        """The MAC of each row over its blocks; it stands until the next ones are worked out."""
        count = len(blocks[0])
        if count >= len(self._room[0]):
            self._room = [np.empty((count + 1, 2), dtype=_WORD) for _ in self._room]
        state, into = blocks[0], self._room[0]
        for at, block in enumerate(blocks):
            if at:
                np.bitwise_xor(state, block, out=state)
            into = self._room[at % 2]
            seal.keyed_permutation_into(key, _bytes(state), _bytes(into[: count + 1]))
            state = into[:count]
        return state


def _bytes(blocks: Words) -> memoryview:
    return np.ascontiguousarray(blocks).reshape(-1).view(np.uint8).data


def _named(names: Sequence[str], pairs: Words) -> list[pl.Series]:
    return [pl.Series(name, pairs[:, at].copy()) for at, name in enumerate(names)]


# --- columns ----------------------------------------------------------------------------------------------------------


def _or_nothing(name: str, kind: pl.DataType, schema: pl.Schema) -> pl.Expr:
    """A column, or nothing in every row where a file lacks it or has something else there."""
    return pl.col(name) if schema.get(name) == kind else pl.lit(None, dtype=kind)


def _as_text(name: str, schema: pl.Schema) -> pl.Expr:
    """A column of texts, of whole numbers, or of days as `2026-11-01`; nothing where a file has something else."""
    if schema.get(name) in {pl.Int64(), pl.Date()}:
        return pl.col(name).cast(pl.String)
    return _or_nothing(name, pl.String(), schema)


def _pair(value: pl.Expr) -> pl.Expr:
    """16 bytes as two integers; null where there are not 16."""
    return value.bin.reinterpret(dtype=_PAIR, endianness="little")


def _paired(values: pl.Series) -> pl.Series:
    return values.to_frame("of").select(_pair(pl.col("of"))).to_series()


def _place(name: str, keys: tuple[Key, ...], schema: pl.Schema) -> pl.Expr:
    """The place of a value's key; that of None where nothing is, and where something is that is not public."""
    kind, place = schema.get(name, pl.Null()), files.place_type(len(keys))
    nothing = keys.index(None) if None in keys else None
    listed = {value: at for at, key in reversed([*enumerate(keys)]) if (value := files.held(key, kind)) is not None}
    if not listed:
        return pl.lit(nothing, dtype=place)
    if isinstance(kind, pl.String) and sorted(listed.values()) == [*range(len(listed))]:
        among = pl.Enum(sorted(listed, key=listed.__getitem__))  # found in half the time that any values are
        found = pl.col(name).cast(among, strict=False).to_physical().cast(place)
        return found if nothing is None else found.fill_null(nothing)
    old = pl.Series(list(listed), dtype=kind)
    unlisted = pl.lit(nothing, dtype=place)
    return pl.col(name).replace_strict(old, list(listed.values()), default=unlisted, return_dtype=place)


# --- fixed point ------------------------------------------------------------------------------------------------------


def _fixed(name: str, clip: Clip, ends: tuple[int, int], schema: pl.Schema) -> pl.Expr:
    """A column in fixed point, half to even, within both ends; null where there is no finite number."""
    match schema.get(name):
        case pl.Int64():
            near = pl.col(name).clip(*_around(clip, 0, 2**63 - 1))
            found = near * 10**clip.scale
        case pl.Decimal(scale=scale):
            found = _of_decimal(pl.col(name).to_physical(), clip, scale or 0)
        case pl.Float64():
            finite = pl.when(pl.col(name).is_finite()).then(pl.col(name))
            near = finite.clip(float(clip.lowest), float(clip.highest))
            found = (near * float(10**clip.scale)).round(0).cast(pl.Int64)
        case _:
            return pl.lit(None, dtype=pl.Int64)
    clipped: pl.Expr = found.clip(*ends).cast(pl.Int64)
    return clipped


def _of_decimal(unscaled: pl.Expr, clip: Clip, scale: int) -> pl.Expr:
    low, high = _around(clip, scale, _LARGEST)
    kind = pl.Int64() if -_NARROW < low <= high < _NARROW else pl.Int128()
    near = unscaled.clip(pl.lit(low, dtype=pl.Int128), pl.lit(high, dtype=pl.Int128)).cast(kind)
    if clip.scale >= scale:
        return near * pl.lit(10 ** (clip.scale - scale), dtype=kind)
    step = pl.lit(10 ** (scale - clip.scale), dtype=kind)
    below = near // step
    rest = near - below * step
    odd = below - (below // 2) * 2 == 1
    return below + ((rest > step - rest) | ((rest == step - rest) & odd)).cast(kind)


def _around(clip: Clip, scale: int, largest: int) -> tuple[int, int]:
    """A clip in steps of so many digits after the point, not narrower than it is, nor beyond what there can be."""
    low, high = math.floor(Fraction(clip.lowest) * 10**scale), math.ceil(Fraction(clip.highest) * 10**scale)
    return min(max(low, -largest), largest), min(max(high, -largest), largest)
