"""How many log entries a second become durable in batches: write-ahead, fsync, tiles, and a signed checkpoint each.

Then the log is opened as a start of the dam does, in a process of its own, and proofs are made of entries anywhere in
it. Nothing is kept in memory between two proofs: each reads its tiles, which the system holds since the start.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from datadam import merkle, seal
from datadam.adapters.body_files import BodyFiles
from datadam.adapters.tile_log import TileLog
from datadam.formats import note
from datadam.ledger import Ledger
from datadam.model import Checkpoint, Class, Kind, StatementId

BATCH = 256  # entries; what arrives together is made durable together
BAR = 5000  # a second
BAR_START_S = 1.0
BAR_PROOF_MS = 1.0
PROOFS = 2000
ORIGIN = "bench.example/log"
KEY = seal.new_key()
WHOLE = 10_000  # statements at most for the second figure, which signs and keeps a body for each


def entries_only(folder: Path, rows: int) -> tuple[float, float]:
    """Append entries and publish a checkpoint after every batch: wall and CPU seconds."""
    ids = [StatementId(f"{number:064x}") for number in range(rows)]
    wall, cpu = time.perf_counter(), time.process_time()
    log = TileLog(folder)
    for start in range(0, rows, BATCH):
        log.append([note.entry(Class.ACTIVITY, id) for id in ids[start : start + BATCH]])
        checkpoint = Checkpoint(origin=ORIGIN, size=log.size, root=log.root)
        log.publish(note.sign_checkpoint(checkpoint, ORIGIN, KEY))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    log.close()
    return wall, cpu


def whole_statements(folder: Path, rows: int) -> float:
    """Append signed statements with their bodies, as the ledger does, already signed: wall seconds."""
    statements = [seal.state(Kind.RELEASE, {"n": n}, issued="2026-11-22T00:00:00Z", key=KEY) for n in range(rows)]
    log = TileLog(folder / "log")
    ledger = Ledger(log, BodyFiles(folder / "bodies"), key=KEY, origin=ORIGIN)
    wall = time.perf_counter()
    for start in range(0, rows, BATCH):
        ledger.append(statements[start : start + BATCH])
    wall = time.perf_counter() - wall
    log.close()
    return wall


def opened(folder: Path) -> None:
    """Open the log and prove entries of it, each checked: seconds of the start, milliseconds of a proof."""
    begun = time.perf_counter()
    log = TileLog(folder)
    start = time.perf_counter() - begun
    proofs: list[float] = []
    draw = random.Random(0)
    for _ in range(PROOFS):
        index = draw.randrange(log.size)
        begun = time.perf_counter()
        path = log.inclusion(index, log.size)
        proofs.append((time.perf_counter() - begun) * 1000)
        merkle.verify_inclusion(log.leaf_hash(index), index, log.size, path, log.root)
    told = {
        "start_s": start,
        "proof_ms": statistics.median(proofs),
        "proof_p99_ms": statistics.quantiles(proofs, n=100)[-1],
    }
    print(json.dumps({"size": log.size, **{name: round(fact, 3) for name, fact in told.items()}}))
    log.close()


def main() -> None:
    """Measure both, read the log back, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="entries to append")
    parser.add_argument("--open", type=Path, help="open this log and prove entries of it")
    asked = parser.parse_args()
    if asked.open:
        opened(asked.open)
        return
    rows = asked.rows
    with tempfile.TemporaryDirectory() as temporary:
        wall, cpu = entries_only(Path(temporary) / "log", rows)
        print(f"{rows} entries in batches of {BATCH}: {wall:.2f} s, {cpu:.2f} CPU s, {rows / wall:.0f} a second")
        again = [sys.executable, __file__, "--open", str(Path(temporary) / "log")]
        told = json.loads(subprocess.run(again, check=True, stdout=subprocess.PIPE).stdout)
        assert told.pop("size") == rows
        print(f"a start: {told['start_s']:.2f} s; a proof: {told['proof_ms']:.2f} ms")
        some = min(rows, WHOLE)
        whole = whole_statements(Path(temporary) / "house", some)
        print(f"{some} statements with their bodies: {some / whole:.0f} a second")
    figures = {
        "name": "log",
        "rate": round(rows / wall),
        "bar": BAR,
        "cpu_s": round(cpu, 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "rows": rows,
        "rate_with_bodies": round(some / whole),
        **told,
        "bar_start_s": BAR_START_S,
        "bar_proof_ms": BAR_PROOF_MS,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
