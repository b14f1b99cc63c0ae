"""Who else could deliver: countries of a mineral's stages by how much they produce, from open reservoirs of two dams.

Typed by whoever wants to know: `python alternatives.py URL KEY MINERAL COUNTRY`. It needs no agreement, because the
reservoir is open; it is read from the dam at URL and from all that peer with it. Writes `alternatives.json`.
"""

import json
import sys
from pathlib import Path

import polars as pl

import datadam

BANDS = (("large", 100_000), ("middle", 10_000), ("small", 0))  # tonnes a year, at least


def main(url: str, key: str, mineral: str, but: str) -> None:
    """Print and write the countries of each stage but one, by band, in the last year that was not projected."""
    with datadam.connect(url, key=key) as dam:
        opened = dam.open("supply.mineral-production@all")
        frame = opened.to_polars()
    dams = sorted(frame["_dam"].unique().to_list())
    frame = frame.filter(pl.col("mineral").is_in([mineral, f"natural-{mineral}"]), pl.col("production") > 0)
    found: dict[str, object] = {"dams": dams, "missing": [one.origin for one in getattr(opened, "missing", ())]}
    for stage in ("refining", "mining"):
        rows = frame.filter((pl.col("stage") == stage) & (pl.col("status") != "projected"))
        year = max(rows["year"].to_list())
        rows = rows.filter((pl.col("year") == year) & (pl.col("country") != but))
        rows = rows.sort("production", "country", descending=[True, False])
        held: dict[str, list[str]] = {name: [] for name, _ in BANDS}
        for country, tonnes in rows.select("country", pl.col("production").cast(float)).iter_rows():
            band = next(name for name, least in BANDS if tonnes >= least)
            if country not in held[band]:
                held[band].append(country)
        found[stage] = {"year": year, "bands": held}
        told = "  ".join(f"{name}: {' '.join(countries) or '–'}" for name, countries in held.items())
        print(f"{stage} {year}  {told}")
    Path("alternatives.json").write_text(json.dumps(found), encoding="utf-8")
    print(f"Read from: {', '.join(dams)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
