"""The ShareWriter port on Polars: served files that tell nothing of who contributed which row.

1. scan    all parts, in one stream: superseded rows fall out, unit ids become the recipient's, the attribution comes
2. rank    each row gets 64 bits of SHAKE-256 under the order key: of its deposit and row number, so of nothing in it
3. spill   rows are sorted by rank in runs; what does not fit goes to disk: memory is bounded, whatever the share's size
4. merge   one stretch of ranks after the other is read from all runs; files are cut so that their row counts differ by
           one at most

A row's place, its file and its neighbours are then those of a random shuffle to everybody without the order key.
Parquet statistics are off; Delta statistics are worked out anew from the shuffled rows, of columns flagged safe only;
names are random, times are equal.
"""

import hashlib
import math
import os
import re
import secrets
import shutil
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import polars_hash as ph

from datadam.adapters.durable import sync_file, sync_folder
from datadam.adapters.parquet_schema import delta_type, file_digest, polars_type, stored, stored_schema
from datadam.adapters.polars_groups import GroupGate
from datadam.adapters.polars_parts import scanned
from datadam.errors import NotFound, Unavailable
from datadam.model import Attribution, Column, Json, Protection, shared_id
from datadam.ports import ShareFile, ShareOrder, SharePart

RUN_ROWS: Final = 500_000  # rows sorted at once before they are spilled: about 75 MB at 12 columns
SCAN_BYTES: Final = 48 * 2**20  # of stored files read together; more of them only take more memory
HELD_BYTES: Final = 256 * 2**20  # of runs that stay in memory: a share of some million rows needs no spill
STRETCH_ROWS: Final = 250_000  # rows merged at once; few, because buffers over 8 MB go back to the system each time
SPILL_BATCH: Final = 8_192  # rows that a spilled run is read by
CELLS: Final = 4_096  # equal parts of the ranks, of which each run remembers where they begin
RANK_BLOCK: Final = 8_192  # ranks drawn from one SHAKE-256 stream; a batch seldom begins where a block does
BATCH_ROWS: Final = 16_384  # rows that come from the scan at once
ZSTD_LEVEL: Final = 1  # a third less CPU than level 3, and not larger: shuffled rows have little left to find
ROW_GROUP: Final = (
    500_000  # rows; fewer and longer dictionaries than Polars' own choice, and what a reader holds at once
)
SERVED_ID: Final = 32  # hex digits: the first 128 bits of an HMAC-SHA-256
MAX_STATISTIC: Final = 64  # characters of a text that may stand as minimum or maximum
MADE: Final = 0  # the modification time of every served file, Unix seconds: a real one would tell shares apart

_AGE_ROWS: Final = 2**40  # more rows than any one deposit has
_NAME: Final = re.compile(r"[0-9a-f]{32}\.parquet")
_RECIPIENT: Final = re.compile(r"(m-[0-9a-f]{20}|\*)(~[0-9a-f]{16})?")


class PolarsShareWriter:
    """Writes shares, and keeps them under `root` by standard, recipient and version."""

    def __init__(self, root: Path) -> None:
        """Keep shares under `root`, which is made on first use."""
        self._root = root

    # --- folders ------------------------------------------------------------------------------------------------------

    def place(self, standard: str, recipient: str, version: int) -> Path:
        """An empty folder for that version; what a crash left in it is removed."""
        folder = self._folder(standard, recipient) / str(version)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        return folder

    def path(self, standard: str, recipient: str, version: int, name: str) -> Path:
        """A served file, or `NotFound`."""
        path = self._folder(standard, recipient) / str(int(version)) / name
        if not _NAME.fullmatch(name) or not path.is_file():
            raise NotFound("share.file-unknown", name=name[:80])
        return path

    def digest(self, standard: str, recipient: str, version: int, name: str) -> str | None:
        """SHA-256 of a served file as it lies there now; None when it is gone."""
        return file_digest(self._folder(standard, recipient) / str(int(version)) / name)

    def clear(self, standard: str, recipient: str, keep: Collection[int], *, upto: int | None = None) -> None:
        """Remove every version, up to that one where it is given, but those to keep."""
        folder = self._folder(standard, recipient)
        for old in folder.iterdir() if folder.is_dir() else ():
            named = int(old.name) if old.name.isdecimal() else -1
            if named not in keep and (upto is None or named <= upto):
                shutil.rmtree(old, ignore_errors=True)

    def erase(self, standard: str, keep: Mapping[str, Collection[int]]) -> int:
        """Remove all that was ever written of a standard's shares but what each recipient keeps; how many versions."""
        kept = {self._folder(standard, who) / str(one) for who, versions in keep.items() for one in versions}
        gone = [path for path in (self._root / shared_id(standard)).glob("*/*") if path not in kept]
        try:
            for path in gone:
                shutil.rmtree(path)
                sync_folder(path.parent)
        except OSError as error:
            raise Unavailable("share.not-erased", standard=standard, why=error.strerror or str(error)) from error
        return len(gone)

    def _folder(self, standard: str, recipient: str) -> Path:
        if not _RECIPIENT.fullmatch(recipient):
            raise NotFound("share.file-unknown", name=recipient[:80])
        return self._root / shared_id(standard) / recipient.replace("*", "all")

    # --- writing ------------------------------------------------------------------------------------------------------

    def schema(self, columns: Sequence[Column], attributed: str | None) -> tuple[Json, ...]:
        """What the files hold: {name, type, nullable}."""
        kinds = {c.name: "string" if c.protection is Protection.UNIT_ID else delta_type(c) for c in stored(columns)}
        if attributed is not None:
            kinds[attributed] = "string"
        return tuple({"name": name, "type": kind, "nullable": True} for name, kind in kinds.items())

    def write(self, order: ShareOrder) -> list[ShareFile]:
        """Write the share into `order.into`; no rows are no files."""
        spill = order.into / "spill"
        spill.mkdir(mode=0o700)
        try:
            runs = _kept(_runs(order), spill)
            sizes = _sizes(sum(run.rows for run in runs), order.rows_per_file)
            files = [_write_file(order, rows) for rows in _cut(_merged(runs), sizes)]
        except (pl.exceptions.PolarsError, OSError) as error:
            raise Unavailable("share.not-written", why=str(error)[:200]) from error
        finally:
            shutil.rmtree(spill, ignore_errors=True)
        sync_folder(order.into)
        return files


# --- 1. scan ----------------------------------------------------------------------------------------------------------


def _alike(order: ShareOrder) -> Iterator[tuple[SharePart, list[SharePart]]]:
    """The parts that are served alike, oldest first, and one of them to tell for all."""
    groups: defaultdict[tuple[object, ...], list[SharePart]] = defaultdict(list)
    for part in sorted(order.files, key=lambda part: (part.sequence, str(part.path))):
        alike = (part.tag if order.supersede else "", _told(order, part), part.own, *sorted(part.apart.items()))
        groups[alike].append(part)
    for parts in groups.values():
        yield parts[0], parts


def _told(order: ShareOrder, part: SharePart) -> str:
    """What the rows of a part say about who contributed them."""
    if order.attributed is None:
        return ""
    return part.country if order.attribution is Attribution.COUNTRY else part.contributor


def _scan(
    order: ShareOrder, gate: GroupGate | None, parts: Sequence[SharePart], path_column: str | None = None
) -> pl.LazyFrame:
    """All rows of the parts that leave, under the order's columns; one that came after a part was stored is null there.

    What is marked too strictly, or of a stage whose rows of its group do not leave yet, is left out before anything
    else: no row that leaves is superseded by one that does not.
    """
    found = []
    for one, rows in scanned(order.columns, parts, path_column):
        if order.marking is not None and one.markings is not None:
            rows = rows.filter(pl.col(order.marking).is_in(one.markings))  # noqa: PLW2901  (null is in no list)
        found.append(rows if gate is None else gate.opened(rows, one.stage))
    return found[0] if len(found) == 1 else pl.concat(found)


def _newest(
    order: ShareOrder, gate: GroupGate | None, parts: Sequence[SharePart]
) -> Iterator[tuple[SharePart, pl.LazyFrame]]:
    """The rows that no newer row of the same key supersedes, and a part that they are cut like.

    From a few files at a time: a scan reads all at once.
    """
    if not order.supersede or len(parts) == 1:
        yield from ((some[0], _scan(order, gate, some)) for some in _few(parts))
        return
    position = {str(part.path): place for place, part in enumerate(parts)}
    age = pl.col("_path").replace_strict(position, return_dtype=pl.Int64) * _AGE_ROWS + pl.col("_row")
    # only keys that come more than once are held in memory
    repeats = (
        _scan(order, gate, parts, "_path")
        .filter(pl.col("_key").is_not_null())
        .group_by("_key")
        .agg(_newest=age.max(), _times=pl.len())
        .filter(pl.col("_times") > 1)
        .select("_key", "_newest")
        .collect(engine="streaming")
    )
    for some in _few(parts):
        aged = _scan(order, gate, some, "_path").with_columns(_age=age)
        joined = aged.join(repeats.lazy(), on="_key", how="left", maintain_order="none")
        yield some[0], joined.filter(pl.col("_newest").is_null() | (pl.col("_newest") == pl.col("_age")))


def _few(parts: Sequence[SharePart]) -> Iterator[list[SharePart]]:
    """The parts with the same columns empty, each in order, together up to `SCAN_BYTES`."""
    groups: defaultdict[tuple[str, ...], list[SharePart]] = defaultdict(list)
    for part in parts:
        groups[part.withheld].append(part)
    for alike in groups.values():
        some, size = list[SharePart](), 0
        for part in alike:
            held = part.path.stat().st_size
            if some and size + held > SCAN_BYTES:
                yield some
                some, size = [], 0
            some.append(part)
            size += held
        yield some


def _served(order: ShareOrder, one: SharePart, rows: pl.LazyFrame) -> pl.LazyFrame:
    """What the recipient gets of rows that are served alike, and `_rank`, the place of each."""
    keys = order.own_keys if one.own else order.recipient_keys
    columns = [
        _withheld_column(column) if column.name in one.withheld else _served_column(column, keys, one.apart)
        for column in stored(order.columns)
    ]
    if order.attributed is not None:
        columns.append(pl.lit(_told(order, one), dtype=pl.String()).alias(order.attributed))
    rank = pl.struct("_deposit", "_row").map_batches(
        lambda places: _ranks(order.order_key, places), return_dtype=pl.UInt64, is_elementwise=True
    )
    return rows.select(*columns, rank.alias("_rank"))


def _served_column(column: Column, keys: Mapping[str, bytes], apart: Mapping[str, bytes]) -> pl.Expr:
    """The column as served: an internal unit id never leaves, its HMAC under the recipient's key of the domain does.

    Where the part has a key of its own for the column, it is under that. The HMAC is of the id's 32 hex digits under
    the key's 64 hex digits, because polars-hash takes text only.
    """
    if column.protection is not Protection.UNIT_ID:
        return pl.col(column.name)
    digits = ph.CryptographicHashingNameSpace(pl.col(column.name).bin.encode("hex"))
    key = apart.get(column.name) or keys[column.domain or ""]
    return digits.hmac_sha256(key=key.hex()).str.slice(0, SERVED_ID).alias(column.name)


def _withheld_column(column: Column) -> pl.Expr:
    """Nothing, in the type that the column is served in."""
    unit = column.protection is Protection.UNIT_ID
    kind = pl.String() if unit else polars_type(stored_schema([column])[column.name])
    return pl.lit(None, dtype=kind).alias(column.name)


# --- 2. rank ----------------------------------------------------------------------------------------------------------


def _ranks(key: bytes, places: pl.Series) -> pl.Series:
    """64 pseudo-random bits for each (deposit, row): the row's word of SHAKE-256 (FIPS 202) of key, deposit and block.

    A sponge keyed by a prefix of fixed length is a pseudo-random function; one stream ranks 8,192 rows at the price of
    its 64 kB.
    """
    deposits, rows = places.struct.field("_deposit"), places.struct.field("_row").to_numpy()
    ranks = np.empty(len(rows), np.uint64)
    if len(rows) and (deposits == deposits[0]).all():
        _rank_deposit(key, deposits[0], rows, ranks, np.arange(len(rows)))
    else:
        for deposit in deposits.unique():
            chosen = (deposits == deposit).to_numpy().nonzero()[0]
            _rank_deposit(key, deposit, rows, ranks, chosen)
    return pl.Series(ranks)


def _rank_deposit(
    key: bytes, deposit: str, rows: np.ndarray[Any, Any], ranks: np.ndarray[Any, Any], chosen: np.ndarray[Any, Any]
) -> None:
    blocks, words = np.divmod(rows[chosen], RANK_BLOCK)
    for block in np.unique(blocks):
        seed = key + deposit.encode() + int(block).to_bytes(8, "big")
        stream = np.frombuffer(hashlib.shake_256(seed).digest(8 * RANK_BLOCK), "<u8")
        here = blocks == block
        ranks[chosen[here]] = stream[words[here]]


# --- 3. spill ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Run:
    """Rows sorted by rank, in memory or on disk."""

    source: pl.LazyFrame
    rows: int
    cells: np.ndarray[Any, Any]  # where each of the `CELLS` parts begins, and the end


def _runs(order: ShareOrder) -> Iterator[pl.DataFrame]:
    """All rows that are served, some hundred thousand at a time, in any order."""
    held: list[pl.DataFrame] = []
    gate = None if order.gate is None else GroupGate(order.gate)
    newest = (found for _, parts in _alike(order) for found in _newest(order, gate, parts))
    for rows in (_served(order, one, few if gate is None else gate.held(few)) for one, few in newest):
        for batch in rows.collect_batches(chunk_size=BATCH_ROWS, maintain_order=False, engine="streaming"):
            held.append(batch)
            if sum(batch.height for batch in held) >= RUN_ROWS:
                yield pl.concat(held)
                held.clear()
    if held:
        yield pl.concat(held)


def _kept(runs: Iterator[pl.DataFrame], spill: Path) -> list[_Run]:
    """The runs sorted by rank: the first in memory, what is over `HELD_BYTES` on disk."""
    kept, held = list[_Run](), 0
    for number, unsorted in enumerate(runs):
        run = unsorted.sort("_rank")
        begins = np.arange(CELLS, dtype=np.uint64) * np.uint64(2**64 // CELLS)
        cells = np.append(np.searchsorted(run["_rank"].to_numpy(), begins), run.height)
        held += int(run.estimated_size())
        kept.append(_Run(run.lazy() if held <= HELD_BYTES else _spilled(run, spill / str(number)), run.height, cells))
    return kept


def _spilled(run: pl.DataFrame, path: Path) -> pl.LazyFrame:
    # the older layout: short texts take a third of what 16-byte views do, and the kernel has less to copy
    run.write_ipc(path, record_batch_size=SPILL_BATCH, compat_level=pl.CompatLevel.oldest())
    return pl.scan_ipc(path)


# --- 4. merge ---------------------------------------------------------------------------------------------------------


def _merged(runs: Sequence[_Run]) -> Iterator[pl.DataFrame]:
    """All rows in rank order, a stretch at a time."""
    rows = sum(run.rows for run in runs)
    count = min(CELLS, -(-rows // STRETCH_ROWS))
    for number in range(count):
        first, last = number * CELLS // count, (number + 1) * CELLS // count
        pieces = [run.source.slice(int(run.cells[first]), int(run.cells[last] - run.cells[first])) for run in runs]
        yield pl.concat(pieces).collect(engine="in-memory").sort("_rank").drop("_rank")


def _sizes(rows: int, most: int) -> list[int]:
    """As few files of at most `most` rows as there can be, as equal as can be: a short last file would be a mark."""
    if not rows:
        return []
    files = -(-rows // most)
    each, over = divmod(rows, files)
    return [each + (number < over) for number in range(files)]


def _cut(stretches: Iterator[pl.DataFrame], sizes: Sequence[int]) -> Iterator[pl.DataFrame]:
    """The rows, in order, in files of these sizes."""
    carried = pl.DataFrame()
    for size in sizes:
        while carried.height < size:
            rows = next(stretches)
            carried = pl.concat([carried, rows]) if carried.height else rows
        yield carried.head(size)
        carried = carried.slice(size)


def _write_file(order: ShareOrder, rows: pl.DataFrame) -> ShareFile:
    path = order.into / f"{secrets.token_hex(16)}.parquet"
    rows.write_parquet(
        path, compression="zstd", compression_level=ZSTD_LEVEL, statistics=False, row_group_size=ROW_GROUP
    )
    sync_file(path)
    os.utime(path, (MADE, MADE))
    return ShareFile(
        name=path.name,
        digest=file_digest(path) or "",
        size=path.stat().st_size,
        rows=rows.height,
        statistics=_statistics(order.columns, rows),
    )


def _statistics(columns: Sequence[Column], rows: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Delta statistics of the safe columns; a bound that JSON cannot carry exactly is left out."""
    found: dict[str, dict[str, Any]] = {"minValues": {}, "maxValues": {}, "nullCount": {}}
    for column in stored(columns):
        if column.safe_statistics and column.protection is Protection.KEEP:
            values = rows[column.name]
            found["nullCount"][column.name] = values.null_count()
            for kind, bound in (("minValues", _bound(values.min())), ("maxValues", _bound(values.max()))):
                if bound is not None:
                    found[kind][column.name] = bound
    return found


def _bound(value: object) -> object:
    """A minimum or maximum as Delta writes it in JSON, or None. Delta keeps no bounds of booleans."""
    bound: object = None
    match value:
        case datetime():
            bound = value.isoformat(timespec="microseconds").replace("+00:00", "Z")
        case date():
            bound = value.isoformat()
        case Decimal() if Decimal(repr(float(value))) == value:
            bound = float(value)
        case str() if len(value) <= MAX_STATISTIC:
            bound = value
        case float() if math.isfinite(value):
            bound = value
        case int() if not isinstance(value, bool) and abs(value) < 2**53:  # RFC 8785 carries no more
            bound = value
    return bound
