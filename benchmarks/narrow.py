"""What narrowing costs: a share of part of a reservoir against a plain filtered copy of the same rows, in CPU seconds.

The policy view leaves out one deposit whole, the stricter marked rows of all, and a column of two deposits.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl

from datadam.adapters.polars_share import PolarsShareWriter
from datadam.model import Attribution
from datadam.ports import ShareOrder, SharePart
from share import COLUMNS, ROUNDS

MARKING = "unit"  # three words: two of them leave
LEAVE = ("ore", "copper")
WITHHELD = "note"


def parts(reservoir: Path) -> list[Path]:
    """The stored files that leave: all but the last."""
    return sorted(reservoir.glob("*.parquet"))[:-1]


def plain(reservoir: Path, into: Path) -> None:
    """Scan, filter, write: what anybody would do."""
    chosen = pl.scan_parquet(parts(reservoir)).filter(pl.col(MARKING).is_in(LEAVE))
    chosen.select(column.name for column in COLUMNS).sink_parquet(into / "copy.parquet", compression="zstd")


def narrowed(reservoir: Path, into: Path) -> None:
    """The share of the same rows for one recipient."""
    shares = PolarsShareWriter(into)
    held = [
        SharePart(
            path=path,
            tag=path.stem,
            sequence=place,
            contributor=f"m-{place:020x}",
            country="KR",
            own=place == 0,
            markings=LEAVE,
            withheld=(WITHHELD,) if place in {1, 2} else (),
        )
        for place, path in enumerate(parts(reservoir))
    ]
    order = ShareOrder(
        columns=COLUMNS,
        attribution=Attribution.NONE,
        attributed=None,
        files=tuple(held),
        into=shares.place("bench.share", "*", 0),
        order_key=os.urandom(32),
        recipient_keys={"firm": os.urandom(32)},
        own_keys={"firm": os.urandom(32)},
        marking=MARKING,
    )
    files = shares.write(order)
    expected = pl.scan_parquet(parts(reservoir)).filter(pl.col(MARKING).is_in(LEAVE)).select(pl.len()).collect().item()
    assert sum(file.rows for file in files) == expected


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
    """Fill a reservoir as `share.py` does, run both sides in turn, print the medians."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=2_000_000)
    arguments.add_argument("--rounds", type=int, default=ROUNDS)
    arguments.add_argument("--side", choices=["plain", "narrow"])
    arguments.add_argument("--reservoir", type=Path)
    arguments.add_argument("--into", type=Path)
    chosen = arguments.parse_args()
    if chosen.side is not None:
        {"plain": plain, "narrow": narrowed}[chosen.side](chosen.reservoir, chosen.into)
    else:
        compare(chosen.rows, chosen.rounds)


def compare(rows: int, rounds: int) -> None:
    """Interleave the sides, so that a busy minute hits both."""
    with tempfile.TemporaryDirectory() as reservoir:
        fill = str(Path(__file__).with_name("share.py"))
        filling = [sys.executable, fill, "--side", "fill", "--reservoir", reservoir, "--rows", str(rows)]
        subprocess.run(filling, check=True)
        found: dict[str, list[tuple[float, float]]] = {"plain": [], "narrow": []}
        for _ in range(rounds):
            for side, runs in found.items():
                runs.append(measured(side, Path(reservoir)))
                print(f"{side}: {runs[-1][0]:.2f} CPU s, {runs[-1][1]:.0f} MB", flush=True)
    seconds = {side: statistics.median(run[0] for run in runs) for side, runs in found.items()}
    told = {
        "name": "narrow",
        "rows": rows,
        "ratio": round(seconds["narrow"] / seconds["plain"], 2),
        "cpu_s": round(seconds["narrow"], 2),
        "plain_cpu_s": round(seconds["plain"], 2),
        "peak_mb": round(max(run[1] for run in found["narrow"])),
        "bar": 2.8,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
