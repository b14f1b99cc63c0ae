"""The same facts from two sources: both in tonnes, though one came in kilotonnes under a Korean header."""

import polars as pl

import datadam

rows = datadam.open("supply.mineral-production").to_polars(filter=[("year", "=", 2024)])
twice = rows.filter(pl.col("contributor").n_unique().over("mineral", "country", "stage") > 1)
found = twice.select("mineral", "stage", "country", "contributor", pl.col("production").alias("tonnes"))
print(f"{len(rows)} facts of 2024; {len(twice)} of them are told by both. The first few:")
for row in found.sort("mineral", "stage", "country", "contributor").head(6).iter_rows():
    print("  ".join(f"{cell}" for cell in row))
