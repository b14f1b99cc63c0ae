"""What checked tables cost: how much of a pool they leave untold, and how long it takes to see to it, twice.

The pool is that of `scripts/make_plant_energy.py` (synthetic), every firm a contributor of its own: energy by country,
industry, and both, with every total. *Told* is the share of groups with somebody in them that are told, and the share
of all energy that the told ones of the finest groups hold. *Later* is the quarter after it, which is compared with it:
every firm reports again, some stop and some begin. With `--rows` pools stay below so many rows.
"""

import argparse
import json
import resource
import sys
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

from datadam.adapters.highs_solver import HighsSolver
from datadam.privacy import suppression, tables
from datadam.privacy.tables import PRESETS, Drawn, Held, Layout, Place, Rules
from make_plant_energy import COUNTRIES, INDUSTRIES, rows

FIRMS: Final = (20, 50, 100, 200, 500, 1_000, 5_000)
CHURN: Final = 0.05  # of the firms that leave after a quarter, and as many come
RULES: Final = {
    "competition-safe": PRESETS[tables.COMPETITION_SAFE],
    "at least 3, none above 60 %": Rules(contributors=3, share=Fraction(3, 5)),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a quarter's tables tell."""

    groups: int
    unsafe: int
    further: int
    told: float  # of the groups
    volume: float  # of the energy, in told groups by both
    cpu: float


def quarters(firms: int) -> tuple[Held, Held]:
    """Two quarters of a pool, in tenths of a megawatt hour."""
    spare = round(firms * CHURN)
    found: tuple[dict[Place, dict[str, list[int | None]]], ...] = ({}, {})
    countries = list(COUNTRIES[0])
    for number, row in enumerate(rows(firms + spare, 6)):
        firm, _, _, country, industry, _, energy, _ = row
        quarter, at = number % 6 // 3, int(str(firm)[-5:])
        if (quarter == 0 and at >= firms) or (quarter == 1 and at < spare):
            continue
        place = (countries.index(str(country)), INDUSTRIES.index(str(industry)))
        held = found[quarter].setdefault(place, {}).setdefault(str(firm), [0])
        held[0] = (held[0] or 0) + round(float(str(energy)) * 10)
    return found[0], found[1]


def layout_of(rules: Rules) -> Layout:
    """Energy by country and industry."""
    return Layout(
        dimensions=("country", "industry"),
        keys=(tuple(COUNTRIES[0]), INDUSTRIES),
        measures=("energy",),
        tables=(Drawn(name="energy", measure=0, by=(0, 1)),),
        rules=rules,
    )


def cost(layout: Layout, held: Held, changed: suppression.Changes) -> tuple[Cost, frozenset[tables.Group]]:
    """Work a quarter out."""
    start = time.process_time()
    left_out = suppression.left_out(layout, held, HighsSolver(), changed)
    cpu = time.process_time() - start
    sums = {group: of[0] for group, of in tables.gathered(layout, held).items()}
    unsafe = {group for group, parts in sums.items() if not layout.rules.tells(parts)} | {group for group, _ in changed}
    finest = {group: sum(parts.values()) for group, parts in sums.items() if None not in group}
    told = sum(value for group, value in finest.items() if group not in left_out)
    made = Cost(
        groups=len(sums),
        unsafe=len(unsafe),
        further=len(left_out) - len(unsafe),
        told=1 - len(left_out) / len(sums),
        volume=told / sum(finest.values()),
        cpu=cpu,
    )
    return made, left_out


def changes(layout: Layout, now: Held, before: Held, left_out: frozenset[tables.Group]) -> suppression.Changes:
    """The groups that the quarter before would give away."""
    old, found = tables.gathered(layout, before), {}
    for group, (parts,) in tables.gathered(layout, now).items():
        if group in old and group not in left_out and not layout.rules.tells_change(parts, old[group][0]):
            found[group, 0] = tables.changes(parts, old[group][0])
    return found


def main() -> None:
    """Print a line for each pool and rule."""
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--rows", type=int, default=10**9)
    most = reading.parse_args().rows
    print("| rules | firms | groups | untold | and further | told | of energy | CPU s | later: told | of energy |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    last, cpu = 0.0, 0.0
    for name, rules in RULES.items():
        for firms in FIRMS:
            if firms * 10 > most:
                continue
            layout, (first, second) = layout_of(rules), quarters(firms)
            one, left_out = cost(layout, first, {})
            two, _ = cost(layout, second, changes(layout, second, first, left_out))
            last, cpu = (one.volume, cpu + one.cpu + two.cpu) if rules.months else (last, cpu + one.cpu + two.cpu)
            print(
                f"| {name} | {firms:,} | {one.groups} | {one.unsafe} | {one.further} | {one.told:.0%} | "
                f"{one.volume:.0%} | {one.cpu:.2f} | {two.told:.0%} | {two.volume:.0%} |"
            )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {"name": "checked_tables", "share": round(last, 3), "cpu_s": round(cpu, 2), "peak_mb": round(peak, 1)}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
