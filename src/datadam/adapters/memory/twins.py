"""The Twins port a row at a time in Python: slow, and the plain reference for what a twin holds and a tally counts.

A row's *rank* is a keyed hash of its unit and of its own key as the engine wrote it, under a key of its contributor's:
AES-256 in CBC-MAC (Bellare, Kilian and Rogaway 1994). A row without a key is told by its content instead, by such a MAC
over 8 bytes for each place and integer and 16 bytes of HMAC for each open text.
"""

import hmac
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import polars as pl

from datadam import seal
from datadam.adapters import twin_files as files
from datadam.adapters.twin_files import BLOCK, KEY, NOTHING, OPEN, SUM, TwinFiles
from datadam.model import FileFact
from datadam.ports import Cells, PartOrder
from datadam.privacy.recipe import Key, Recipe
from datadam.protections import Aggregate, Clip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """What of one row may ever count."""

    unit: bytes
    rank: tuple[int, int]
    places: Mapping[str, int]
    sums: Mapping[str, int | None]
    texts: Mapping[str, str | None]

    @property
    def order(self) -> tuple[Any, ...]:
        """By unit, rank, and where these are equal by content: nothing before anything."""
        content: list[tuple[bool, Any]] = [(True, place) for place in self.places.values()]
        content += [(value is not None, value or 0) for value in self.sums.values()]
        content += [(text is not None, text or "") for text in self.texts.values()]
        return (_halves(self.unit), self.rank, tuple(content))


class MemoryTwins(TwinFiles):
    """A `ports.Twins` that holds all rows in Python."""

    def bound(self, order: PartOrder) -> FileFact:
        """Make a deposit's part, durable; the same order again makes the same part."""
        part = _bounded([list(_kept(order))], order.recipe)
        return self.keep_part(order.recipe, order.deposit, lambda into, told: _write(part, order.recipe, into, told))

    def merge(self, recipe: Recipe, name: str, deposits: Sequence[str]) -> FileFact:
        """Merge parts, given in the order of the log, into the twin `name`, durable."""
        twin = _bounded([_read(self.part(recipe, deposit), recipe) for deposit in deposits], recipe)

        def write(into: Path, told: dict[str, str]) -> int:
            return _write(twin, recipe, into, told, ranks=False)

        return self.keep_twin(recipe, name, deposits, write)

    def tally(self, recipe: Recipe, twins: Sequence[Path], cells: Cells) -> Sequence[int]:
        """Exact integers over all twins together, one a cell, or a bin of each."""
        files.check_recipe(recipe, twins)
        bins = len(cells.edges) - 1 if cells.aggregate is Aggregate.HISTOGRAM else 1
        places = [range(len(recipe.keys[name])) for name in cells.by]
        index = {places: cell for cell, places in enumerate(product(*places))}
        totals, units = [0] * (len(index) * bins), defaultdict[int, set[bytes]](set)
        for row in _counting(recipe, twins, cells):
            cell = index[tuple(row.places[name] for name in cells.by)]
            value = row.sums[cells.column] if cells.column is not None else None
            match cells.aggregate:
                case Aggregate.SUM:
                    totals[cell] += value or 0
                case Aggregate.DISTINCT:
                    units[cell].add(row.unit)
                case Aggregate.HISTOGRAM:
                    if value is not None and (place := _bin(value, cells.edges)) is not None:
                        totals[cell * bins + place] += 1
                case _:
                    totals[cell] += 1
        return [len(units[cell]) for cell in range(len(totals))] if cells.aggregate is Aggregate.DISTINCT else totals

    def tally_open(self, recipe: Recipe, twins: Sequence[Path], cells: Cells, column: str) -> Mapping[str, int]:
        """The same for a count or distinct by one open column alone: its texts with what each has."""
        files.check_recipe(recipe, twins)
        found = [(text, row.unit) for row in _counting(recipe, twins, cells) if (text := row.texts[column]) is not None]
        return Counter(text for text, _ in (set(found) if cells.aggregate is Aggregate.DISTINCT else found))


def _counting(recipe: Recipe, twins: Sequence[Path], cells: Cells) -> Iterator[_Row]:
    """The rows that all conditions hold for."""
    for row in (row for path in twins for row in _read(path, recipe)):
        listed = all(row.places[name] in places for name, places in cells.among.items())
        named = all(row.texts[name] in texts for name, texts in cells.matching.items())
        values = ((row.sums[name], low, high) for name, (low, high) in cells.between.items())
        within = all(value is not None and low <= value <= high for value, low, high in values)
        if listed and named and within and not (cells.valued and row.sums[cells.column or ""] is None):
            yield row


def _bin(value: int, edges: Sequence[int]) -> int | None:
    """Which bin a value falls in: from its first edge, up to the next; the last has its end as well."""
    if value == edges[-1]:
        return len(edges) - 2
    return next((place for place, (low, high) in enumerate(pairwise(edges)) if low <= value < high), None)


# --- which rows may count ---------------------------------------------------------------------------------------------


def _bounded(lists: Sequence[list[_Row]], recipe: Recipe) -> list[_Row]:
    """Of each unit the rows with the smallest ranks, from lists of which later ones are newer."""
    if recipe.supersede:
        newest = {(row.unit, row.rank): row for rows in lists for row in sorted(rows, key=lambda row: row.order)}
        lists = [list(newest.values())]
    by_unit = defaultdict[bytes, list[_Row]](list)
    for row in sorted((row for rows in lists for row in rows), key=lambda row: row.order):
        by_unit[row.unit].append(row)
    return [row for rows in by_unit.values() for row in rows[: recipe.rows]]


def _kept(order: PartOrder) -> Iterator[_Row]:
    """Rows in the form that is kept; those of no unit and those with a key that is not public fall out."""
    recipe, rows = order.recipe, files.admitted(order).collect()
    tag = files.tag_unit(order.secret, order.tag)
    between = {name: files.ends(recipe, name) for name in recipe.sums}
    for row in rows.iter_rows(named=True):
        unit = tag if recipe.unit == "contributor" else row.get(recipe.unit)
        kinds = {name: rows.schema.get(name, pl.Null()) for name in recipe.keys}
        found = {name: _place(row.get(name), keys, kinds[name]) for name, keys in recipe.keys.items()}
        places = {name: place for name, place in found.items() if place is not None}
        if not isinstance(unit, bytes) or len(unit) != BLOCK or len(places) < len(found):
            continue
        sums = {name: fixed(row.get(name), clip, between[name]) for name, clip in recipe.sums.items()}
        texts = {name: _text(row.get(name)) for name in recipe.open}
        kept = _Row(unit=unit, rank=(0, 0), places=places, sums=sums, texts=texts)
        yield replace(kept, rank=_rank(order, kept, row.get("_key")))


def _text(value: object) -> str | None:
    """An open key as a text: whole numbers and days too; of anything else nothing."""
    return str(value) if isinstance(value, str | int | date) and not isinstance(value, bool | datetime) else None


def _place(value: object, keys: Sequence[Key], kind: pl.DataType) -> int | None:
    """The place of a value's key; that of None where nothing is, and where something is that is not public."""
    found = (place for place, key in enumerate(keys) if value is not None and files.held(key, kind) == value)
    return next(found, keys.index(None) if None in keys else None)


def fixed(value: Any, clip: Clip, between: tuple[int, int]) -> int | None:  # noqa: ANN401  (whatever a column may hold)
    """A value in fixed point, half to even, within both ends; None for what is no finite number."""
    match value:
        case float() if math.isfinite(value):  # clipped first, so that nothing overflows; then as doubles multiply
            near = min(max(value, float(clip.lowest)), float(clip.highest))
            found = round(near * float(10**clip.scale))
        case int() | Decimal() if not isinstance(value, bool):
            found = round(Fraction(value) * 10**clip.scale)
        case _:
            return None
    return min(max(found, between[0]), between[1])


# --- ranks ------------------------------------------------------------------------------------------------------------


def _rank(order: PartOrder, row: _Row, key: bytes | None) -> tuple[int, int]:
    """By the row's own key, or where it has none by its content."""
    by, told = ("content", _content(order, row)) if key is None else ("key", key)
    return _halves(_chained(files.rank_key(order.secret, order.tag, by), [row.unit, told]))


def _content(order: PartOrder, row: _Row) -> bytes:
    recipe = order.recipe
    numbers = [row.places[name] for name in sorted(recipe.keys)]
    numbers += [NOTHING if (value := row.sums[name]) is None else value for name in sorted(recipe.sums)]
    packed = b"".join(number.to_bytes(8, "little", signed=True) for number in numbers)
    blocks = [row.unit, *(packed[at : at + BLOCK].ljust(BLOCK, b"\0") for at in range(0, len(packed), BLOCK))]
    secret = files.text_secret(order.secret).hex().encode()
    for name in sorted(recipe.open):
        text = row.texts[name]
        blocks.append(bytes(BLOCK) if text is None else hmac.digest(secret, text.encode(), "sha256")[:BLOCK])
    return _chained(files.content_key(order.secret, len(blocks)), blocks)


def _chained(key: bytes, blocks: Sequence[bytes]) -> bytes:
    state = bytes(BLOCK)
    for block in blocks:
        mixed = bytes(a ^ b for a, b in zip(state, block, strict=True))
        state = seal.keyed_permutation(key, mixed)
    return state


def _halves(block: bytes) -> tuple[int, int]:
    return int.from_bytes(block[:8], "little"), int.from_bytes(block[8:], "little")


# --- what is written --------------------------------------------------------------------------------------------------


def _write(rows: Sequence[_Row], recipe: Recipe, into: Path, told: dict[str, str], *, ranks: bool = True) -> int:
    columns: dict[str, list[Any]] = {}
    for at, name in enumerate(files.UNIT):
        columns[name] = [_halves(row.unit)[at] for row in rows]
    columns |= {f"{KEY}{name}": [row.places[name] for row in rows] for name in recipe.keys}
    columns |= {f"{SUM}{name}": [row.sums[name] for row in rows] for name in recipe.sums}
    columns |= {f"{OPEN}{name}": [row.texts[name] for row in rows] for name in recipe.open}
    for at, name in enumerate(files.RANK if ranks else ()):
        columns[name] = [row.rank[at] for row in rows]
    schema = {name: kind for name, kind in files.schema(recipe).items() if name in columns}
    pl.DataFrame(columns, schema=schema).write_parquet(into, metadata=told)
    return len(rows)


def _read(path: Path, recipe: Recipe) -> list[_Row]:
    """The rows of a part, or of a twin, whose ranks are told no more."""
    rows = pl.read_parquet(path, glob=False).iter_rows(named=True)
    return [
        _Row(
            unit=b"".join(row[name].to_bytes(8, "little") for name in files.UNIT),
            rank=(row.get(files.RANK[0], 0), row.get(files.RANK[1], 0)),
            places={name: row[f"{KEY}{name}"] for name in recipe.keys},
            sums={name: row[f"{SUM}{name}"] for name in recipe.sums},
            texts={name: row[f"{OPEN}{name}"] for name in recipe.open},
        )
        for row in rows
    ]
