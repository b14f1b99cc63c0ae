"""What a share costs: its files for a recipient against a plain filtered copy of the same reservoir, in CPU seconds."""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

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
    shares = PolarsShareWriter(into)
    parts = [
        SharePart(path=path, tag=path.stem, sequence=place, contributor=f"m-{place:020x}", country="KR", own=place == 0)
        for place, path in enumerate(sorted(reservoir.glob("*.parquet")))
    ]
    order = ShareOrder(
        columns=COLUMNS,
        attribution=Attribution.NONE,
        attributed=None,
        files=tuple(parts),
        into=shares.place("bench.share", "*", 0),
        order_key=os.urandom(32),
        recipient_keys={"firm": os.urandom(32)},
        own_keys={"firm": os.urandom(32)},
    )
    files = shares.write(order)
    assert (
        sum(file.rows for file in files) == pl.scan_parquet(reservoir / "*.parquet").select(pl.len()).collect().item()
    )


def measured(side: str, reservoir: Path) -> tuple[float, float]:
    """CPU seconds (user and system, children too) and peak MB of one side in a process of its own."""
    with tempfile.TemporaryDirectory() as into:
        process = subprocess.Popen(
            [sys.executable, __file__, "--side", side, "--reservoir", str(reservoir), "--into", into]
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, side
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Fill a reservoir, run both sides in turn, print the medians."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=2_000_000)
    arguments.add_argument("--rounds", type=int, default=ROUNDS)
    arguments.add_argument("--side", choices=["fill", "plain", "share"])
    arguments.add_argument("--reservoir", type=Path)
    arguments.add_argument("--into", type=Path)
    chosen = arguments.parse_args()
    if chosen.side == "fill":
        fill(chosen.reservoir, chosen.rows)
    elif chosen.side is not None:
        {"plain": plain, "share": share}[chosen.side](chosen.reservoir, chosen.into)
    else:
        compare(chosen.rows, chosen.rounds)


def compare(rows: int, rounds: int) -> None:
    """Interleave the sides, so that a busy minute hits both."""
    with tempfile.TemporaryDirectory() as reservoir:
        filling = [sys.executable, __file__, "--side", "fill", "--reservoir", reservoir, "--rows", str(rows)]
        subprocess.run(filling, check=True)
        found: dict[str, list[tuple[float, float]]] = {"plain": [], "share": []}
        for _ in range(rounds):
            for side, runs in found.items():
                runs.append(measured(side, Path(reservoir)))
                print(f"{side}: {runs[-1][0]:.2f} CPU s, {runs[-1][1]:.0f} MB", flush=True)
    seconds = {side: statistics.median(run[0] for run in runs) for side, runs in found.items()}
    told = {
        "name": "share",
        "rows": rows,
        "ratio": round(seconds["share"] / seconds["plain"], 2),
        "cpu_s": round(seconds["share"], 2),
        "plain_cpu_s": round(seconds["plain"], 2),
        "peak_mb": round(max(run[1] for run in found["share"])),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
