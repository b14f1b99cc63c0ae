"""k and l of a million rows: the Groups port beside pycanon, which has to say the same of the same file.

`make peers` makes an environment for pycanon, which pins numpy, pandas and scipy; without one it is left out. Each side
runs in a process of its own, in turns. Of pycanon only the two functions are counted, over a table that is in memory
already; of ours all from the stored file on: reading, gathering, k and l together. Either does a thousand rows before,
uncounted, because what a process starts once a dam has long started. `by_firm_s` is what it costs ours to
count distinct firms instead of rows, which is what gates do, and which nobody beside us does.

`share` is what gates cost when a share is made of the same rows, in two stages with every gate declared: judging all
groups alone, the share with that, and the share without gates.

    python benchmarks/groups.py                      1,000,000 rows, 5 turns
    python benchmarks/groups.py --rows 100000
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import datadam.adapters  # noqa: F401  (first, as in a dam: it says how memory is kept before Polars loads)

# isort: split
import numpy as np
import polars as pl

import measure
from datadam.adapters.polars_groups import PolarsGroups, judged
from datadam.adapters.polars_share import PolarsShareWriter
from datadam.model import Attribution, Column, Protection, Type
from datadam.ports import GroupOrder, ShareOrder, SharePart
from datadam.privacy.grouping import Opening
from datadam.protections import Gates

HERE: Final = Path(__file__).resolve().parent
PYCANON: Final = HERE.parent / ".venv-peers" / "pycanon" / "bin" / "python"
IDENTIFYING: Final = ("country", "sector", "age")
SENSITIVE: Final = "illness"
BAR: Final = 20
COLUMNS: Final = (
    Column(name="country", type=Type.TEXT),
    Column(name="sector", type=Type.TEXT),
    Column(name="age", type=Type.INTEGER),
    Column(name="illness", type=Type.TEXT),
    Column(name="firm", type=Type.TEXT, protection=Protection.UNIT_ID, domain="firm"),
)


def generate(rows: int, into: Path) -> None:
    """Synthetic rows, seeded, as they are stored: skewed, so that small groups are small."""
    rng = np.random.default_rng(20261122)
    country = np.minimum(rng.geometric(0.15, rows), 20)
    frame = pl.DataFrame(
        {
            "country": [f"C{number:02}" for number in country],
            "sector": [f"S{number}" for number in rng.integers(0, 5, rows)],
            "age": rng.integers(3, 9, rows) * 10,
            "illness": [f"I{number}" for number in np.minimum(rng.geometric(0.4, rows), 12)],
            "firm": [int(one).to_bytes(16, "big") for one in rng.integers(0, max(rows // 10, 1), rows)],
        }
    ).with_columns(
        _deposit=pl.lit("0" * 64), _row=pl.int_range(pl.len(), dtype=pl.Int64), _key=pl.lit(None, dtype=pl.Binary())
    )
    frame.write_parquet(into)


def order(file: Path, unit: str | None, gates: Gates, stages: int = 1) -> GroupOrder:
    """The rows to judge; over several stages the same file comes in each."""
    parts = tuple(
        SharePart(
            path=file,
            tag=f"{stage}",
            sequence=stage,
            contributor=f"{stage}",
            country="KR",
            own=False,
            columns=COLUMNS,
            stage=stage,
        )
        for stage in range(stages)
    )
    return GroupOrder(gates=gates, unit=unit, columns=COLUMNS, files=parts, ends=(Opening.SURE,) * stages)


def ours(file: Path) -> dict[str, Any]:
    """The k and l of a stored file, in rows and in firms, and what each cost."""
    gates = Gates(identifying=IDENTIFYING, sensitive=SENSITIVE, units=2, diversity=2)
    told: dict[str, Any] = {}
    warm = file.with_name("warm.parquet")
    generate(1_000, warm)
    PolarsGroups().gather(order(warm, None, gates)).measure(gates, {})
    for name, unit in (("rows", None), ("firms", "firm")):
        begun = time.process_time()
        found = PolarsGroups().gather(order(file, unit, gates)).measure(gates, {})
        told |= {f"{name}_s": time.process_time() - begun, f"k_{name}": found.units, "l": found.values}
    return told


def share(file: Path, folder: Path) -> dict[str, Any]:
    """A share of two stages with every gate, and how much of it is judging."""
    gates = Gates(
        identifying=IDENTIFYING,
        sensitive=SENSITIVE,
        units=5,
        diversity=2,
        largest=1,
        largest_share=Decimal("0.9"),
    )
    gate = order(file, "firm", gates, 2)
    begun = time.process_time()
    judged(gate)
    middle = time.process_time()
    writer = PolarsShareWriter(folder)
    plain = {
        "columns": COLUMNS,
        "attribution": Attribution.NONE,
        "attributed": None,
        "files": gate.files,
        "order_key": bytes(32),
        "recipient_keys": {"firm": bytes(32)},
        "own_keys": {"firm": bytes(32)},
    }
    writer.write(ShareOrder(**plain, into=writer.place("a.b", "*", 0), gate=gate))  # type: ignore[arg-type]  # fields
    gated = time.process_time()
    writer.write(ShareOrder(**plain, into=writer.place("a.b", "*", 1)))  # type: ignore[arg-type]  # fields
    return {"judging_s": middle - begun, "gated_share_s": gated - middle, "plain_share_s": time.process_time() - gated}


def side(command: Sequence[str]) -> dict[str, Any]:
    """What a side prints as its last line."""
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--side", choices=["ours", "share"])
    parser.add_argument("--file", type=Path)
    given = parser.parse_args()
    if given.side == "ours":
        print(json.dumps(ours(given.file)))
        return
    if given.side == "share":
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(share(given.file, Path(folder))))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.parquet"
        generate(given.rows, file)
        sides = {name: [sys.executable, __file__, "--side", name, "--file", str(file)] for name in ("ours", "share")}
        if PYCANON.exists():
            sides["pycanon"] = [str(PYCANON), str(HERE / "sides" / "with_pycanon.py"), str(file)]
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in sides}
        for turn in range(given.turns):
            for name, command in sides.items():
                found[name].append(side(command))
                print(f"{name} {turn + 1}/{given.turns}: {found[name][-1]}", flush=True)
    middle = {
        name: {fact: statistics.median(one[fact] for one in told) for fact in told[0]} for name, told in found.items()
    }
    facts: dict[str, Any] = {
        "name": "groups",
        "cpu_s": middle["ours"]["rows_s"],
        "rows": given.rows,
        "k": middle["ours"]["k_rows"],
        "l": middle["ours"]["l"],
        "k_firms": middle["ours"]["k_firms"],
        "ours_s": middle["ours"]["rows_s"],
        "by_firm_s": middle["ours"]["firms_s"],
        **middle["share"],
    }
    if "pycanon" in middle:
        peer = middle["pycanon"]
        assert (peer["k"], peer["l"]) == (facts["k"], facts["l"]), (peer, facts)
        facts |= {"pycanon_s": peer["k_s"] + peer["l_s"], "times": (peer["k_s"] + peer["l_s"]) / facts["ours_s"]}
        facts["bar"] = BAR
    measure.say(**facts)


if __name__ == "__main__":
    main()
