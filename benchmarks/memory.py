"""Memory of a deposit of a Parquet file, and of one with a tenth of its rows: a ratio near 1 is memory flat in rows.

The rows, the rules and the work are those of `deposit.py`; both files have row groups of `GROUP` rows. Uniqueness stays
exact without every key in memory: the first 8 bytes of each key's digest are spilled into files by their last bits, and
looked at part by part; where two are equal, the whole keys are. Each side, and the writing of each file, is a process
of its own. Half a million rows are a few row groups, which memory does grow with: the bar is for the full size.

With two outputs of the pass 5 M rows took 2.2 GB and 50 M took 13.2 GB (2026-11-22). With one (decision 31), and late
rows merged a piece at a time, 5 M took 1.3 GB and 50 M 1.9 GB: below the 2 GB, but not yet flat. What still grew was
memory that the allocator kept for later; since it keeps it for ten seconds (decision 13), 50 M take 1.5 GB.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import datadam.adapters  # noqa: F401  (first, as in a dam: it says how memory is kept before Polars loads)

# isort: split
import pyarrow.parquet as pq

import deposit
import measure
import upload
from datadam.adapters.polars_engine import PolarsEngine
from datadam.adapters.polars_quality import PolarsSurveyor
from datadam.adapters.spool_files import SpoolFiles
from datadam.model import Source
from datadam.ports import Outputs, SurveyOrder

FULL = 50_000_000
SMALLER = 10  # times
GROUP = 125_000  # rows of a row group
BAR_RATIO = 1.25
BAR_PEAK_MB = 2_000


def write_file(path: Path, rows: int) -> None:
    """Write the file that `deposit.write_file` would write, as Parquet: every column is text."""
    writer = None
    for start in range(0, rows, deposit.ROWS_AT_ONCE):
        chunk = deposit._chunk(start, min(deposit.ROWS_AT_ONCE, rows - start)).to_arrow()  # noqa: SLF001  (50 million rows of CSV would take 6 GB of disk on the way)
        writer = writer or pq.ParquetWriter(path, chunk.schema, compression="zstd")
        writer.write_table(chunk, row_group_size=GROUP)
    if writer:
        writer.close()


def take(path: Path, into: Path) -> None:
    """Intake to judged and looked over, as in `deposit.py`; the last line says what memory each step reached."""
    steps: dict[str, float] = {"imported": upload.peak_mb()}
    begun = time.perf_counter()
    id = "0" * 64
    with path.open("rb", buffering=0) as file:
        spool = SpoolFiles(into / "spool", max_bytes=2**40)
        spooled, _, _ = spool.receive(id, iter(lambda: file.read(deposit.CHUNK), b""), limit=2**40)
    steps["spooled"] = upload.peak_mb()
    outputs = Outputs(
        admitted=into / "admitted.parquet",
        rejects=into / "rejects.parquet",
        deposit=id,
        unit_keys={"supplier": bytes(range(32))},
        key_secret=bytes(range(32, 64)),
    )
    standard = deposit.standard()
    plan = deposit.plan(standard)
    source = Source(path=str(spooled), format="parquet", name=path.name)
    tally = PolarsEngine().run(plan, source, outputs, lambda *_: None)
    steps["judged"] = upload.peak_mb()
    order = SurveyOrder(standard=standard, plan=plan, admitted=outputs.admitted, rejects=outputs.rejects)
    PolarsSurveyor().survey(order)
    steps["surveyed"] = upload.peak_mb()
    assert tally.admitted > tally.rows * 0.9
    print(json.dumps({"rows": tally.rows, "peak_mb": {name: round(mb) for name, mb in steps.items()}}))
    print(f"{time.perf_counter() - begun:.1f} s, {tally.admitted} admitted")


def cost(rows: int, folder: Path) -> measure.Cost:
    """What a deposit of so many rows takes; the files are gone afterwards."""
    file = folder / f"{rows}.parquet"
    itself = [sys.executable, __file__, "--rows", str(rows), "--file", str(file), "--side"]
    measure.cost([*itself, "write"])
    print(f"{rows} rows, {file.stat().st_size / 1e6:.0f} MB", flush=True)
    found = measure.cost([*itself, "deposit"])
    file.unlink()
    return found


def main() -> None:
    """Measure both sizes, or be one side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=FULL, help="rows of the larger file")
    parser.add_argument("--side", choices=["write", "deposit"])
    parser.add_argument("--file", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="datadam-bench-") as name:
        if asked.side:
            if asked.side == "write":
                write_file(asked.file, asked.rows)
            else:
                take(asked.file, Path(name))
            return
        small = cost(max(1, asked.rows // SMALLER), Path(name))
        large = cost(asked.rows, Path(name))
    measure.say(
        name="memory",
        ratio=large.peak_mb / small.peak_mb,
        **({"bar": BAR_RATIO, "bar_peak_mb": BAR_PEAK_MB} if asked.rows >= FULL else {}),
        cpu_s=large.cpu_s,
        peak_mb=large.peak_mb,
        rows=asked.rows,
        smaller_peak_mb=small.peak_mb,
        smaller_cpu_s=small.cpu_s,
        wall_s=large.wall_s,
    )


if __name__ == "__main__":
    main()
