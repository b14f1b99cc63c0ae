"""What scoring indicators costs: rows like a reservoir's, scored in columns, and by the reference beside it.

Made with a seed: most values with one report, a tenth with two to six, a part of which are copies of one another or
quote one upstream. Then the files that tools read. CPU seconds of this process and all its threads.
"""

import argparse
import json
import random
import resource
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import polars as pl

from datadam.client.indicators import of_frames
from datadam.client.scoring import Terms, scored
from datadam.domains.cyber.corroboration import assess
from datadam.domains.cyber.reports import Report

NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)
COUNTRIES: Final = ("KR", "US", "JP", "DE")
ALONE: Final = 0.9  # of the values have one report
COPIED: Final = 0.3  # of the others have reports that are alike
REFERENCE: Final = 100_000  # rows that the reference is given


def rows(count: int, seed: int = 7) -> pl.DataFrame:
    """So many rows over two dams."""
    dice = random.Random(seed)
    held: list[dict[str, Any]] = []
    value = 0
    while len(held) < count:
        value += 1
        several = 1 if dice.random() < ALONE else dice.randint(2, 6)
        copied = dice.random() < COPIED
        first = dice.random() * 150
        for _ in range(several):
            who = dice.randrange(200)
            begun = NOW - timedelta(days=first + 1 if copied else dice.random() * 150 + 1)
            kind = ("domain", "domain", "ipv4", "sha256")[value % 4]
            text = {
                "domain": f"host-{value}.example",
                "ipv4": f"240.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}",
            }  # class E: nobody's
            held.append(
                {
                    "contributor": f"m-{who:020x}",
                    "type": kind,
                    "value": text.get(kind, f"{value:064x}"),
                    "first_seen": begun,
                    "last_seen": min(begun + timedelta(days=dice.random() * 30), NOW),
                    "confidence": dice.randint(20, 95),
                    "tlp": dice.choice(("clear", "green", "green", "amber")),
                    "upstream": "bulletin 7" if copied and dice.random() < COPIED else None,
                    "source_method": dice.choice(("sandbox", "feed", None)),
                    "_dam": f"dam-{who % 2}",
                }
            )
    return pl.DataFrame(held[:count], schema_overrides={"upstream": pl.String, "source_method": pl.String})


def cpu() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Score, write, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    frame = rows(parser.parse_args().rows)
    countries = {f"m-{who:020x}": COUNTRIES[who % 4] for who in range(200)}
    told: dict[str, object] = {}

    def spent(work: Callable[[], Any]) -> tuple[float, Any]:
        before = cpu()
        found = work()
        return round(cpu() - before, 2), found

    used, scores = spent(lambda: scored([frame], Terms(now=NOW, countries=countries)))
    held = of_frames([frame], countries=countries)
    for format in ("blocklist", "suricata", "stix"):
        told[f"{format}_top_10000_cpu_s"], _ = spent(partial(held.write, format, now=NOW, top=10_000))
    few, names = frame.head(REFERENCE), {"source_method": "method", "_dam": "dam"}
    reports = [
        Report(**{names.get(name, name): value for name, value in row.items()}) for row in few.iter_rows(named=True)
    ]
    told["reference_cpu_s"], _ = spent(lambda: assess(reports, now=NOW))
    told |= {"reference_rows": few.height, "values": scores.frame.height, "decayed": int(scores.frame["decayed"].sum())}
    peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    sizes = {"rows": frame.height, "rate": round(frame.height / used), "cpu_s": used, "peak_mb": peak}
    print(json.dumps({"name": "indicators", **sizes, **told}))


if __name__ == "__main__":
    main()
