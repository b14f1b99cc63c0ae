"""What a share costs: its files for a recipient against a plain filtered copy of the same reservoir, in CPU seconds."""

import argparse
import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import measure
from datadam.adapters.parquet_schema import stored_schema
from datadam.adapters.polars_share import PolarsShareWriter
from datadam.model import Attribution, Column, Protection, Type
from datadam.ports import ShareOrder, SharePart

ROUNDS = 3
PARTS = 8  # deposits, each of another contributor
SUPPLIERS = 200_000
WORDS = ("ore", "copper", "cobalt", "nickel", "north", "south", "port", "site", "mixed", "fine", "raw", "alpha", "beta")
COLUMNS = (
    Column(name="record_id", type=Type.TEXT),
    Column(name="supplier", type=Type.TEXT, protection=Protection.UNIT_ID, domain="firm"),
    Column(name="day", type=Type.DATE, safe_statistics=True),
    Column(name="country", type=Type.TEXT, safe_statistics=True),
    Column(name="hs", type=Type.TEXT),
    Column(name="material", type=Type.TEXT),
    Column(name="quantity", type=Type.INTEGER, safe_statistics=True),
    Column(name="weight", type=Type.DECIMAL, precision=18, scale=3),
    Column(name="price", type=Type.DECIMAL, precision=18, scale=2),
    Column(name="unit", type=Type.TEXT),
    Column(name="grade", type=Type.NUMBER),
    Column(name="note", type=Type.TEXT),
)


def fill(folder: Path, rows: int) -> None:
    """Write a reservoir of `rows` rows in `PARTS` stored files."""
    rng = np.random.default_rng(1)
    words = pl.Series(WORDS)
    firms = pl.Series([hashlib.sha256(number.to_bytes(4, "big")).digest()[:16] for number in range(SUPPLIERS)])

    def word(count: int, kinds: int = len(WORDS)) -> pl.Series:
        return words.gather(rng.integers(0, kinds, count))

    for part in range(PARTS):
        count = rows // PARTS + (part < rows % PARTS)
        number = pl.Series(np.arange(count)) + part * rows
        frame = pl.DataFrame(
            {
                "record_id": "R" + number.cast(pl.String).str.zfill(9),
                "supplier": firms.gather(rng.integers(0, SUPPLIERS, count)),
                "day": pl.Series(rng.integers(18_000, 20_000, count)).cast(pl.Int32).cast(pl.Date),
                "country": word(count).str.slice(0, 3).str.to_uppercase(),
                "hs": pl.Series(rng.integers(0, 5_000, count)).cast(pl.String).str.zfill(6),
                "material": word(count),
                "quantity": rng.integers(1, 100_000, count),
                "weight": pl.Series(rng.integers(1, 10_000_000, count)).cast(pl.Decimal(18, 3)),
                "price": pl.Series(rng.integers(1, 1_000_000, count)).cast(pl.Decimal(18, 2)),
                "unit": word(count, 3),
                "grade": rng.random(count),
                "note": word(count) + " " + word(count) + " " + word(count),
                "_deposit": pl.Series([hashlib.sha256(bytes([part])).hexdigest()]).new_from_index(0, count),
                "_row": np.arange(count),
            }
        ).with_columns(_key=pl.lit(None, pl.Binary()))
        assert frame.columns == list(stored_schema(COLUMNS))
        frame.write_parquet(folder / f"{part}.parquet", statistics=False)


def plain(reservoir: Path, into: Path) -> None:
    """Scan, filter, write: what anybody would do."""
    chosen = pl.scan_parquet(reservoir / "*.parquet").filter(pl.col("quantity") > 0)
    chosen.select(column.name for column in COLUMNS).sink_parquet(into / "copy.parquet", compression="zstd")


def share(reservoir: Path, into: Path) -> None:
    """The share of the same rows for one recipient."""
    rows = written(sorted(reservoir.glob("*.parquet")), into)
    assert rows == pl.scan_parquet(reservoir / "*.parquet").select(pl.len()).collect().item()


def written(paths: Sequence[Path], into: Path, part: Mapping[int, Any] | None = None, **order: Any) -> int:
    """Write the share of stored files for one recipient, with more said of some `part`s and of the order; its rows."""
    shares, more = PolarsShareWriter(into), part or {}
    parts = [
        SharePart(
            path=path,
            tag=path.stem,
            sequence=place,
            contributor=f"m-{place:020x}",
            country="KR",
            own=place == 0,
            **more.get(place, {}),
        )
        for place, path in enumerate(paths)
    ]
    files = shares.write(
        ShareOrder(
            columns=COLUMNS,
            attribution=Attribution.NONE,
            attributed=None,
            files=tuple(parts),
            into=shares.place("bench.share", "*", 0),
            order_key=os.urandom(32),
            recipient_keys={"firm": os.urandom(32)},
            own_keys={"firm": os.urandom(32)},
            **order,
        )
    )
    return sum(file.rows for file in files)


def run(script: str, name: str, sides: Mapping[str, Callable[[Path, Path], None]], **told: Any) -> None:
    """Fill a reservoir, run the sides in turn, `plain` among them, and print the medians; or be one of them."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, default=2_000_000)
    arguments.add_argument("--rounds", type=int, default=ROUNDS)
    arguments.add_argument("--side", choices=sides)
    arguments.add_argument("--reservoir", type=Path)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if chosen.side is not None:
            sides[chosen.side](chosen.reservoir, Path(folder))
            return
        fill(Path(folder), chosen.rows)
        found = measure.compare(
            {side: [script, "--side", side, "--reservoir", folder] for side in sides}, turns=chosen.rounds
        )
    measure.say(
        name=name,
        rows=chosen.rows,
        ratio=found[name].cpu_s / found["plain"].cpu_s,
        cpu_s=found[name].cpu_s,
        plain_cpu_s=found["plain"].cpu_s,
        peak_mb=found[name].peak_mb,
        **told,
    )


if __name__ == "__main__":
    run(__file__, "share", {"plain": plain, "share": share}, bar=2.8)
