"""Hold the measured coverage against the gates in pyproject.toml: overall, by module, and all of the core."""

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def percent(summary: dict[str, Any]) -> float:
    """Lines and branches that ran, in percent, not rounded up."""
    total = summary["num_statements"] + summary["num_branches"]
    return 100.0 if total == 0 else 100 * (summary["covered_lines"] + summary["covered_branches"]) / total


def main(report: Path) -> int:
    """Print every module below its gate; the number of them."""
    gates = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["datadam"]["coverage"]
    measured = json.loads(report.read_text(encoding="utf-8"))
    below = []
    for path, facts in sorted(measured["files"].items()):
        module = path.split("datadam/", 1)[1].removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        core = module.split(".")[0] in gates["core"]["modules"]
        gate = gates["core"]["percent"] if core else gates["module"]
        if percent(facts["summary"]) < gate:
            lines = [str(line) for line in facts["missing_lines"]]
            jumps = [f"{a}→{b}" for a, b in facts.get("missing_branches", [])]
            missing = ", ".join(lines[:12] + jumps[:12])
            below.append(f"{path}: {percent(facts['summary']):.1f} % of {gate} %; missing {missing}")
    overall = percent(measured["totals"])
    print(f"coverage: {overall:.1f} % of lines and branches")
    if overall < gates["overall"]:
        below.append(f"overall: {overall:.1f} % of {gates['overall']} %")
    print(*below, sep="\n")
    return len(below)


if __name__ == "__main__":
    sys.exit(min(1, main(Path(sys.argv[1]))))
