"""Make up energy use of plants, as `industry.plant-energy` takes it: `make_plant_energy.py [FIRMS] [MONTHS] [FILE]`.

Everything is invented: firms by a seeded generator, each with an id that begins with `BRN:ZZ:SYN`, a country that no
register has. The same arguments give the same bytes. Without arguments it writes the sample that the repository ships
(300 firms, three months); an association's pool is 5,000 firms. Use is log-normal between plants (median 600 MWh a
month, sigma 1.1), a little seasonal, and a plant's months are alike.
"""

import csv
import random
import sys
from collections.abc import Iterator
from datetime import date
from math import cos, pi
from pathlib import Path
from typing import Final

SAMPLE: Final = Path(__file__).resolve().parent.parent / "demo" / "data" / "plant_energy_synthetic.csv"
SEED: Final = 20261122
FIRST: Final = date(2026, 7, 1)
HEADER: Final = ("firm", "plant", "month", "country", "industry", "employees", "energy (MWh)", "electricity (MWh)")
INDUSTRIES: Final = (
    "food", "textiles", "wood-paper", "chemicals", "plastics",
    "minerals", "metals", "electronics", "machinery", "other",
)  # fmt: skip
PLANTS: Final = ((1, 2, 3, 5), (50, 40, 7, 3))  # how many a firm has, and how often of 100
COUNTRIES: Final = (("KR", "VN", "JP", "DE", "US"), (80, 8, 5, 4, 3))
MEDIAN: Final = 600.0  # MWh a month
SIGMA: Final = 1.1


def rows(firms: int, months: int) -> Iterator[tuple[object, ...]]:
    """A row for each plant and month, firm by firm."""
    for firm in range(firms):
        chance = random.Random(f"{SEED} {firm}")  # so that a larger pool begins with the smaller one
        industry = chance.choice(INDUSTRIES)
        for plant in range(chance.choices(*PLANTS)[0]):
            country, base = chance.choices(*COUNTRIES)[0], MEDIAN * chance.lognormvariate(0, SIGMA)
            share, people = chance.uniform(0.2, 0.9), max(1, round(base / 12 * chance.lognormvariate(0, 0.4)))
            for number in range(months):
                month = FIRST.month - 1 + number
                day = date(FIRST.year + month // 12, month % 12 + 1, 1)
                season = 1 + 0.1 * cos(2 * pi * (day.month - 1) / 12)
                energy = base * season * chance.lognormvariate(0, 0.08)
                told = (f"{energy:.1f}", f"{float(f'{energy:.1f}') * share:.1f}")
                yield (f"BRN:ZZ:SYN{firm:05d}", f"P{plant + 1}", day.isoformat(), country, industry, people, *told)


def main() -> None:
    """Write the file."""
    firms, months = (int(text) for text in (*sys.argv[1:3], *("300", "3")[len(sys.argv[1:3]) :]))
    path = Path(sys.argv[3]) if len(sys.argv) > 3 else SAMPLE
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows(firms, months))


if __name__ == "__main__":
    main()
