"""Torture a dam for a while and write what was seen: `run.py --kills 300 --seed 20261122 --into docs/torture.md`."""

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "scripts")]

from torture import cable, campaign, dams  # noqa: E402  (they lie where the path was just set)
from torture.campaign import Outcome  # noqa: E402  (the same)

STAGES, CALLS = "kill -9 between two stages", "kill -9 at a system call"
BEGIN, END = "<!-- made by make torture: begin -->", "<!-- made by make torture: end -->"


def outcomes(kills: int, seed: int) -> list[Callable[[Path], Outcome]]:
    """Every experiment, to be given a folder of its own; a short course leaves places out."""
    step = max(1, 60 // kills)
    return [
        lambda folder: campaign.random_kills(folder, kills=kills, seed=seed),
        lambda folder: campaign.kills_at(folder, campaign.PORTS[::step], name=STAGES, seed=seed),
        lambda folder: campaign.kills_at(folder, list(campaign.system_calls())[::step], name=CALLS, seed=seed + 1),
        lambda folder: campaign.errors_at(folder, list(campaign.errors())[::step], seed=seed),
        lambda folder: campaign.crowd(folder, depositors=8, each=max(3, kills // 30), seed=seed),
        lambda folder: campaign.lost_answers(folder, deposits=max(3, kills // 30), seed=seed),
        lambda folder: campaign.full_disks(folder, rounds=max(2, kills // 15), seed=seed),
        lambda folder: dams.bad_cable(folder, rounds=max(len(dams.MOODS) + 1, kills // 6), seed=seed),
    ]


def table(found: list[Outcome]) -> str:
    """What was seen, a row an experiment."""
    lines = ["| what went wrong, on purpose | n | acknowledged | lost, doubled or wrong | seed | seconds |"]
    lines += ["|---|--:|--:|--:|--:|--:|"]
    lines += [
        f"| {one.name} | {one.n} | {one.acknowledged} | {len(one.faults)} | {one.seed} | {one.seconds:.0f} |"
        for one in found
    ]
    return "\n".join(lines)


def main() -> int:
    """Run everything; the number of experiments that found something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=300, help="kills at random times; the rest grows with them")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--into", type=Path, help="a page with a place for the table")
    given = parser.parse_args()
    logging.disable()  # what goes wrong on purpose needs no words
    found = []
    with tempfile.TemporaryDirectory() as name:
        os.environ["DATADAM_HOME"] = str(Path(name, "home"))
        experiments = outcomes(given.kills, given.seed)
        if (why := cable.why_not()) is not None:
            sys.stdout.write(f"{dams.NAME}: left out, {why}\n")
            experiments.pop()
        for number, experiment in enumerate(experiments):
            one = experiment(Path(name, str(number)))
            found.append(one)
            sys.stdout.write(f"{one.name}: n = {one.n}, wrong: {one.faults or 0}\n")
            sys.stdout.flush()
    if given.into and not given.into.exists():
        given.into.parent.mkdir(parents=True, exist_ok=True)
        given.into.write_text(f"{table(found)}\n", encoding="utf-8")
    elif given.into:
        page = given.into.read_text(encoding="utf-8")
        before, after = page[: page.index(BEGIN)], page[page.index(END) :]
        given.into.write_text(f"{before}{BEGIN}\n{table(found)}\n{after}", encoding="utf-8")
    else:
        sys.stdout.write(table(found) + "\n")
    return sum(bool(one.faults) for one in found)


if __name__ == "__main__":
    sys.exit(main())
