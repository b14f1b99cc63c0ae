"""A deposit beside what others do with the same file and rules: frictionless, Great Expectations, and so on.

`make peers` makes an environment for each of them; without one it is left out. Each runs in a process of its own, in
turns, reading the file of `deposit.py` by rules written once, here, and has to find as many faulty rows as we do.

Ours does more than is asked of them: `deposit` is all of `deposit.py` (stored bytes, hashes, conversion, unit ids,
Parquet). `judge` is our reading and judging alone, with faulty rows and unique keys but nothing kept of the others.
`bare` only copies the file to Parquet, by Polars alone: the floor under both. `over_NAME` is the deposit's rows a CPU
second over theirs, all imports counted; with `work` none is counted; with `judging` it is the judge's, with `floor` the
bare copy's. What each cannot say stands at the top of its script in `sides/`.
"""

import argparse
import ast
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import datadam.adapters  # noqa: F401  (first, as in a dam: it says how memory is kept before Polars loads)

# isort: split
import polars as pl

import deposit
import measure
from datadam.adapters import polars_rules as rules
from datadam.adapters.polars_engine import PolarsEngine
from datadam.adapters.polars_fast import road
from datadam.adapters.polars_prefixes import Prefixes
from datadam.adapters.polars_read import open_source
from datadam.model import Column, Source
from datadam.ports import Outputs

IMPORTED = time.process_time()
HERE: Final = Path(__file__).resolve().parent
PLACES: Final = HERE.parent / ".venv-peers"
SLOW: Final = ("datacontract", "frictionless", "great-expectations")
FAST: Final = ("pandera", "pointblank")
BAR_SLOW = 10
BAR_FAST = 1.3
SECRET = bytes(32)


def said(column: Column, *, key: bool) -> dict[str, Any]:
    """A column's rules, for anybody: patterns as Python and RE2 both read them."""
    rule: dict[str, Any] = {"column": column.name, "type": str(column.type)}
    if key:
        rule["key"] = True
    if column.pattern:
        rule["pattern"] = column.pattern.replace(r"\A", "^").replace(r"\z", "$")
    if column.values:
        rule["values"] = list(column.values)
    bounds = {"minimum": column.minimum, "maximum": column.maximum}
    return rule | {name: int(bound) for name, bound in bounds.items() if bound is not None}


def all_said() -> list[dict[str, Any]]:
    """The rules of `deposit.standard`, and the units that it converts from."""
    standard = deposit.standard()
    found: list[dict[str, Any]] = []
    for column in standard.columns:  # in the file's order, which some hold rules to
        found.append(said(column, key=column.name in standard.key))
        if column.units:
            found.append({"column": "unit", "type": "text", "values": ["kg", *(unit.symbol for unit in column.units)]})
    return found


def judge(file: Path, told: Path, folder: Path) -> None:
    """Judge alone: the fast road for nearly all rows, the plan to the letter for the others; keys by their hashes."""
    plan = deposit.plan(deposit.standard())
    fast, opened = road(plan), open_source(Source(path=str(file), format="csv", name=file.name))
    assert fast is not None
    keys, others = Prefixes(folder / "keys"), folder / "others.parquet"
    judged = fast.over(opened.rows, "ok")
    kept = judged.filter("ok").select(rules.key(plan, SECRET).alias("key"))
    left = judged.filter(~pl.col("ok")).select(*opened.columns).sink_parquet(others, compression="snappy", lazy=True)
    found, _ = pl.collect_all([kept, left], engine="streaming")
    outputs = Outputs(
        admitted=folder / "late.parquet",
        rejects=folder / "rejects.parquet",
        deposit="0" * 64,
        unit_keys={"supplier": SECRET},
        key_secret=SECRET,
    )
    source = Source(path=str(others), format="parquet", name=others.name)
    tally = PolarsEngine().run(plan, source, outputs, lambda *_: None)
    keys.add(found["key"])
    if tally.admitted:
        keys.add(pl.read_parquet(outputs.admitted, columns=["_key"])["_key"])
    assert keys.distinct
    faulty = tally.rejects.rows if tally.rejects else 0
    told.write_text(json.dumps({"imported_s": IMPORTED, "faulty": tally.rejected, "named": faulty}), encoding="utf-8")


def faulty(file: Path) -> int:
    """How many rows a deposit refuses."""
    command = [sys.executable, str(HERE / "deposit.py"), "--side", "deposit", "--file", str(file)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    tally = ast.literal_eval(done.stdout.splitlines()[-1])
    return int(tally["rows"] - tally["admitted"])


def command(name: str, file: Path, told: Path) -> list[str]:
    """How a side is run."""
    if name == "deposit":
        return [sys.executable, str(HERE / "deposit.py"), "--side", "deposit", "--file", str(file)]
    if name == "bare":
        return [sys.executable, "-c", deposit.BARE, str(file), str(told.with_name("bare.parquet"))]
    if name == "judge":
        return [sys.executable, __file__, "--side", "judge", "--file", str(file), "--told", str(told)]
    side = HERE / "sides" / f"with_{name.replace('-', '_')}.py"
    return [str(PLACES / name / "bin" / "python"), str(side), str(told.with_name("rules.json")), str(file), str(told)]


def compare(names: Sequence[str], file: Path, turns: int) -> dict[str, tuple[float, float]]:
    """CPU seconds of each side on the file and of its imports, medians of turns; all must find as many faulty rows."""
    wanted, told = faulty(file), file.with_name("told.json")
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for turn in range(turns):
        for name in names:
            cost = measure.cost(command(name, file, told))
            facts = {} if name in {"bare", "deposit"} else json.loads(told.read_text(encoding="utf-8"))
            assert facts.get("faulty", wanted) == wanted, (name, facts, wanted)
            imported = facts.get("imported_s", 0.0)
            spent[name].append((cost.cpu_s, imported))
            print(f"{name} {turn + 1}/{turns}: {cost.cpu_s:.2f} CPU s, {imported:.2f} of it imports", flush=True)
    return {
        name: (statistics.median(whole for whole, _ in found), statistics.median(imported for _, imported in found))
        for name, found in spent.items()
    }


def ratios(found: dict[str, tuple[float, float]]) -> dict[str, float]:
    """How many times the rows a CPU second ours does of what each peer does."""
    told: dict[str, float] = {}
    loaded = found["judge"][1]  # a deposit imports the same
    for name, (whole, imported) in found.items():
        if name in {"bare", "deposit", "judge"}:
            continue
        told[f"floor_over_{name}"] = whole / found["bare"][0]
        for ours, prefix in (("deposit", ""), ("judge", "judging_")):
            mine = found[ours][0]
            told[f"{prefix}over_{name}"] = whole / mine
            told[f"{prefix}work_over_{name}"] = (whole - imported) / (mine - loaded)
    return told


def main() -> None:
    """Run what is there, in turns, or be our judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000, help="rows of the file that all of them judge")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--side", choices=["judge"])
    parser.add_argument("--file", type=Path)
    parser.add_argument("--told", type=Path)
    asked = parser.parse_args()
    if not any(PLACES.glob("*/.ready")) and not asked.side:
        print("nothing to compare with: `make peers` installs what this needs")
        measure.say(name="peers", skipped="make peers was not run")
        return
    with tempfile.TemporaryDirectory(prefix="datadam-bench-") as temporary:
        folder = Path(temporary)
        if asked.side:
            judge(asked.file, asked.told, folder)
            return
        (folder / "rules.json").write_text(json.dumps(all_said()), encoding="utf-8")
        there = [name for name in (*SLOW, *FAST) if (PLACES / name / ".ready").exists()]
        file = folder / f"{asked.rows}.csv"
        deposit.write_file(file, asked.rows)
        found = compare(["bare", "deposit", "judge", *there], file, asked.turns)
    rates = {name: round(asked.rows / whole) for name, (whole, _) in found.items()}
    measure.say(
        name="peers",
        rate=rates["deposit"],
        rows=asked.rows,
        bar_slow=BAR_SLOW,
        bar_fast=BAR_FAST,
        cpu_s=asked.rows / rates["deposit"],
        **ratios(found),
        **{f"rate_{name}": rate for name, rate in rates.items() if name != "deposit"},
    )


if __name__ == "__main__":
    main()
