"""Run every benchmark here and write the table in docs/benchmarks.md.

A benchmark is a script beside this one that takes `--rows N` where size matters and prints one JSON object as its last
line: `name`, then `ratio`, `rate` or `share` (of what could be had), `cpu_s`, `peak_mb`, and the `bar` that it is held
against, if it has one; or why it was `skipped`. A script that ends with another status than 0 fails the run, after all
have been run.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
TABLE = ROOT / "docs" / "benchmarks.md"
NOT_ONE: Final = {"run", "measure"}  # this file, and what the benchmarks share
FEW: Final = 3  # turns where the size is bounded, too
LIMIT: Final = 3600  # seconds that one benchmark may take
SHOWN: Final = ("polars", "polars-hash", "deltalake", "cryptography")


def benchmarks() -> list[Path]:
    """Every benchmark, by name."""
    return sorted(path for path in HERE.glob("*.py") if path.stem not in NOT_ONE and not path.stem.startswith("_"))


def run(path: Path, rows: int | None) -> dict[str, Any]:
    """What a benchmark printed last, with the command that was run; `failed` says why there is nothing."""
    text = path.read_text(encoding="utf-8")
    bounds = {} if rows is None else {"--rows": rows, "--turns": FEW}
    taken = [word for name, bound in bounds.items() if f'"{name}"' in text for word in (name, str(bound))]
    command = ["python", f"benchmarks/{path.name}", *taken]
    told: dict[str, Any] = {"name": path.stem, "command": " ".join(command)}
    print(f"· {told['command']}", flush=True)
    try:
        done = subprocess.run(
            [sys.executable, *command[1:]], cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        return told | {"failed": f"took more than {LIMIT} s"}
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    print(lines[-1] if lines else "(nothing)", flush=True)
    try:
        told |= json.loads(lines[-1]) if lines else {"failed": "printed nothing"}
    except ValueError:
        told["failed"] = "its last line is not JSON"
    return told if done.returncode == 0 else told | {"failed": f"ended with status {done.returncode}"}


def machine() -> str:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in SHOWN)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GiB of memory, "
        f"{platform.system()}, Python {platform.python_version()}, {versions}."
    )


def page(results: list[dict[str, Any]], rows: int | None) -> str:
    """The table, as Markdown."""
    head = "| benchmark | result | bar | CPU s | peak MB | more | command |\n|---|--:|--:|--:|--:|---|---|"
    lines = [_line(result) for result in results]
    opening = (
        "<!-- Made by benchmarks/run.py; `make bench` writes it anew. -->\n# Benchmarks\n\n"
        "CPU seconds of all processes, user and system; medians of interleaved runs. A ratio is against the plainest "
        "program that does the same reading and writing, a rate is per second. "
        "What each measures stands at the top of its script.\n\n"
    )
    bounded = (
        "" if rows is None else f"**Bounded to {rows:,} rows**: bars are for the sizes of a run without `ROWS`.\n\n"
    )
    return f"{opening}{bounded}Measured {machine()}\n\n{head}\n" + "\n".join(lines) + "\n"


def _line(result: dict[str, Any]) -> str:
    told = {"name", "command", "ratio", "rate", "share", "bar", "cpu_s", "peak_mb", "failed", "skipped"}
    if "failed" in result:
        value = f"**failed**: {result['failed']}"
    elif "skipped" in result:
        value = f"not run: {result['skipped']}"
    elif "share" in result:
        value = f"{result['share']:.0%}"
    elif "ratio" in result:
        value = f"{result['ratio']:.2f} ×"
    else:
        value = f"{result['rate']:,.0f} /s" if "rate" in result else ""
    more = ", ".join(f"{name} {_short(found)}" for name, found in result.items() if name not in told)
    cells = [result["name"], value, *(_short(result.get(name, "")) for name in ("bar", "cpu_s", "peak_mb")), more]
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + f" | `{result['command']}` |"


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def main() -> int:
    """Run all; how many failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, help="bound the size and the turns of every benchmark that has them")
    parser.add_argument("--into", type=Path, default=TABLE, help="where the table goes")
    given = parser.parse_args()
    results = [run(path, given.rows) for path in benchmarks()]
    given.into.parent.mkdir(parents=True, exist_ok=True)
    given.into.write_text(page(results, given.rows), encoding="utf-8")
    return sum("failed" in result for result in results)


if __name__ == "__main__":
    sys.exit(min(1, main()))
