"""Where the CPU seconds of `deposit.py` go: each part in a process of its own, and each with all that came before it.

The rows of every part but the last go nowhere, so that what a part adds to the one before is what it costs; the last
is the whole deposit. Polars' bare copy stands beside them: it starts, reads and writes, too. What is told as the ratio
is the parts without the rest: a deposit that filters, counts, proves and digests nothing, and refuses no row.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import deposit  # first, as in a dam: it says how memory is kept before Polars loads

# isort: split
import polars as pl

import measure
from datadam.adapters import polars_rules as rules
from datadam.adapters.polars_engine import COMPRESSION
from datadam.adapters.polars_fast import road
from datadam.adapters.polars_read import ROW, open_source
from datadam.adapters.spool_files import SpoolFiles
from datadam.model import Source

_OK: Final = "\x01ok"
_SECRET: Final = bytes(range(32))


def start(_file: Path, _folder: Path) -> None:
    """Python, Polars and our own modules."""


def spool(file: Path, folder: Path) -> None:
    """Take the bytes, hash them, keep them for good."""
    with file.open("rb", buffering=0) as bytes_sent:
        chunks = iter(lambda: bytes_sent.read(deposit.CHUNK), b"")
        SpoolFiles(folder / "spool", max_bytes=2**40).receive("0" * 64, chunks, limit=2**40)


def read(file: Path, _folder: Path) -> None:
    """Parse every field."""
    _pass_by(_rows(file))


def judge(file: Path, _folder: Path) -> None:
    """Cast, convert and judge by every rule of a row."""
    _pass_by(_judged(file))


def ids(file: Path, _folder: Path) -> None:
    """Unit ids and keys."""
    _pass_by(_stored(file))


def write(file: Path, folder: Path) -> None:
    """All rows into one file, packed, for good: nothing filtered, counted or put aside."""
    _stored(file).sink_parquet(
        folder / "stored.parquet", compression=COMPRESSION, statistics=False, sync_on_close="all", engine="streaming"
    )


PARTS: Final[Mapping[str, Callable[[Path, Path], None]]] = {
    part.__name__: part for part in (start, spool, read, judge, ids, write)
}
_AFTER: Final = {"spool": "start", "read": "start", "judge": "read", "ids": "judge", "write": "ids"}


def _rows(file: Path) -> pl.LazyFrame:
    return open_source(Source(path=str(file), format="csv", name=file.name)).rows


def _judged(file: Path) -> pl.LazyFrame:
    fast = road(deposit.plan(deposit.standard()))
    if fast is None:
        message = "the benchmark's plan has no fast road"
        raise SystemExit(message)
    return fast.over(_rows(file), _OK)


def _stored(file: Path) -> pl.LazyFrame:
    plan = deposit.plan(deposit.standard())
    key = rules.key(plan, _SECRET).alias("_key")
    named = _judged(file).with_columns(rules.ids(plan, {"supplier": _SECRET}))
    return named.select(*rules.stored(plan, as_names=True), ROW, key, _OK)


def _pass_by(rows: pl.LazyFrame) -> None:
    """Work out all columns of all rows, and keep none."""
    rows.map_batches(
        lambda some: some.clear(),
        streamable=True,
        predicate_pushdown=False,
        projection_pushdown=False,
        slice_pushdown=False,
    ).collect(engine="streaming")


def main() -> None:
    """Measure all parts in turns, or be one of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--turns", type=int, default=measure.TURNS)
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--file", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="datadam-bench-") as folder:
        if asked.part:
            PARTS[asked.part](asked.file, Path(folder))
            return
        file = Path(folder, "deposit.csv")
        whole = measure.script("deposit.py")
        measure.cost([sys.executable, whole, "--side", "write", "--rows", str(asked.rows), "--file", str(file)])
        sides = {part: [__file__, "--part", part, "--file", str(file)] for part in PARTS}
        sides["deposit"] = [whole, "--side", "deposit", "--file", str(file)]
        sides["bare"] = ["-c", deposit.BARE, str(file), str(Path(folder, "bare.parquet"))]
        found = measure.compare(sides, turns=asked.turns, touch_mb=1_500)
    spent = {side: cost.cpu_s for side, cost in found.items()}
    parts = {part: spent[part] - spent.get(_AFTER.get(part, ""), 0) for part in PARTS}
    floor = sum(parts.values())
    measure.say(
        name="deposit_parts",
        rows=asked.rows,
        ratio=floor / spent["bare"],
        cpu_s=floor,
        peak_mb=found["write"].peak_mb,
        **{f"{part}_s": seconds for part, seconds in parts.items()},
        rest_s=spent["deposit"] - floor,
        deposit_s=spent["deposit"],
        bare_s=spent["bare"],
    )


if __name__ == "__main__":
    main()
