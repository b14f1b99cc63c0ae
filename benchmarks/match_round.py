"""What a round of matching costs: three makers, 2,000 ciphertexts for each maker and tier, three tiers; how it grows.

All members and both dams on this machine, over all its cores: lists become bags, bags of bags become makers' bags, both
dams mix, prove, check, open, and hand codes on. `--rows` is the ciphertexts for each maker and tier.
"""

import argparse
import os
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from typing import Any

import measure
from datadam import overlap

DAMS = ("kr.example/log", "us.example/log")
FAN = 10  # suppliers with lists of their own that a maker has, and each of those
DECOYS = 4
BAR = 60  # seconds, on two cores
ROWS = 2000
MOST = 20_000  # rows a tier; a larger number was meant for rows of data
BOUNDED = FAN**2  # is measured then


def plan_of(rows: int) -> overlap.Plan:
    """Caps into which so many rows of each of three tiers go."""
    deep = rows // FAN**2
    middle = rows // FAN + FAN * deep
    return overlap.Plan(
        standard="supply.supply-edge",
        period="2026-Q4",
        dams=DAMS,
        caps=(rows + FAN * middle + 18 * DECOYS, middle, deep),
        decoys=DECOYS,
        countries=("AUS", "CAN", "CHN", "JPN", "KOR", "USA"),
        stages=("mining", "processing", "refining"),
    )


def items(numbers: Iterator[int], many: int, *, shared: bool) -> list[overlap.Item]:
    """A list of suppliers that nobody else has, but for the one that all hide."""
    names = [f"BRN:KR:{next(numbers):010d}" for _ in range(many)]
    if shared:
        names[-1] = "BRN:CN:9999999999"
    return [overlap.Item(supplier=name, country="CHN", stage="processing", essential=2) for name in names]


def played(makers: int, rows: int) -> dict[str, Any]:
    """One round: elapsed and CPU seconds by whose work it is, and bytes."""
    plan = plan_of(rows)
    secrets = [overlap.new_secret() for _ in DAMS]
    this = overlap.Round.of(plan, [overlap.part(plan, *one) for one in zip(DAMS, secrets, strict=True)])
    numbers, files, between = count(), 0, 0
    marks = [marked()]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        spread = pool.map
        bags: dict[str, bytes] = {}
        for maker in map(str, range(makers)):
            middle = []
            for firm in range(FAN):
                jobs = [(this, 2, items(numbers, plan.caps[2], shared=firm == place == 0), ()) for place in range(FAN)]
                deep = list(pool.map(overlap.bag, *zip(*jobs, strict=True)))
                own = items(numbers, plan.caps[1] - FAN * plan.caps[2], shared=False)
                middle.append(overlap.bag(this, 1, own, deep, spread=spread))
                files += sum(map(len, deep)) + len(middle[-1])
            bags[maker] = overlap.bag(this, 0, items(numbers, rows, shared=False), middle, spread=spread)
            files += len(bags[maker])
        marks.append(marked())
        seconds: dict[str, bytes] = {}
        finals: dict[str, bytes] = {}
        tokens = {}
        for maker, bag in bags.items():
            first = overlap.mix(this, DAMS[0], secrets[0], bag, spread=spread)
            seconds[maker] = overlap.mix(this, DAMS[1], secrets[1], first, spread=spread)
            finals[maker] = overlap.mix(this, DAMS[0], secrets[0], seconds[maker], spread=spread)
            between += len(first) + len(seconds[maker]) + len(finals[maker])
        for maker, final in finals.items():
            both = [
                overlap.shares(this, dam, secret, final, seconds[maker], spread=spread)
                for dam, secret in zip(DAMS, secrets, strict=True)
            ]
            between += sum(map(len, both))
            for _ in DAMS:  # each works them out for itself
                tokens[maker] = overlap.tokens(this, final, both, spread=spread)
        found = overlap.found(tokens)
        assert found.counts() == {tuple(sorted(bags)): 1}
        for maker in bags:
            kept = overlap.new_reader()
            to = overlap.Reader(maker=maker, key=overlap.check_reader(this, maker, overlap.reader(this, maker, kept)))
            both = [
                overlap.handed(this, dam, secret, to, found, finals) for dam, secret in zip(DAMS, secrets, strict=True)
            ]
            assert [one.makers for one in overlap.readings(this, kept, both)] == [makers]
    marks.append(marked())
    (began, used, _), (ended, spent, peak) = marks[0], marks[-1]
    return {
        "wall_s": ended - began,
        "cpu_s": spent - used,
        "members_wall_s": marks[1][0] - marks[0][0],
        "peak_mb": peak,
        "mb_in_files": files / 1e6,
        "mb_between_dams": between / 1e6,
        "rows_of_a_maker": plan.caps[0],
    }


def marked() -> tuple[float, float, float]:
    """Elapsed seconds, CPU seconds of this process and of children that have ended, the largest resident size in MB."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(one.ru_utime + one.ru_stime for one in used)
    return time.perf_counter(), cpu, max(one.ru_maxrss for one in used) / 1024


def measured(rows: int) -> dict[str, Any]:
    """The whole round, and smaller ones beside it."""
    rows = max(FAN**2, rows // FAN**2 * FAN**2)
    steps = sorted({max(FAN**2, rows // part // FAN**2 * FAN**2) for part in (20, 4, 2)} - {rows})
    few = steps[0] if steps else rows
    grown = {f"cpu_s_3_makers_{many}_rows": told(3, many)["cpu_s"] for many in steps}
    grown |= {f"cpu_s_{makers}_makers_{few}_rows": told(makers, few)["cpu_s"] for makers in (2, 4, 6)}
    return {"rows": rows, "bar_wall_s": BAR, **told(3, rows), **grown}


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="ciphertexts for each maker and tier")
    asked = parser.parse_args().rows
    measure.say(name="match_round", **measured(asked if asked <= MOST else BOUNDED))


def told(makers: int, rows: int) -> dict[str, Any]:
    """One round, printed."""
    facts = played(makers, rows)
    print(f"{makers} makers, {rows} rows a tier: {facts['wall_s']:.1f} s, {facts['cpu_s']:.1f} CPU s")
    return facts


if __name__ == "__main__":
    main()
