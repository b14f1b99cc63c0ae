"""Count and sum by OpenDP's own Polars path: rows of each firm are bounded within the query, every time.

Its neighbours are with and without a firm. To replace one is to do both, so that a quarter of the rho is the same
promise (Bun and Steinke 2016, Proposition 1.9: rho grows with the square of the distance).
"""

import importlib
import json
import statistics
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import polars as pl

COUNTRIES = ("AT", "BE", "DE", "ES", "FR", "IT", "JP", "KR", "NL", "US")
SECTORS = tuple(f"sector-{n}" for n in range(10))
KEPT, MOST, TIMES = 24, 1_000_000, 3
RHO = 0.05 / 4

dp: Any = importlib.import_module("opendp.prelude")  # as it is in an environment of its own, with its Polars
dp.enable_features("contrib", "honest-but-curious")
warnings.simplefilter("ignore", FutureWarning)
file, told = sys.argv[1], Path(sys.argv[2])
keys = pl.LazyFrame({"country": [c for c in COUNTRIES for _ in SECTORS], "sector": SECTORS * len(COUNTRIES)})
context = dp.Context.compositor(
    data=pl.scan_parquet(file),
    privacy_unit=dp.unit_of(contributions=1, identifier=pl.col("firm")),
    privacy_loss=dp.loss_of(rho=RHO * TIMES),
    split_evenly_over=TIMES,
    margins=[dp.polars.Margin(max_length=100_000_000)],
)
costs = []
for _ in range(TIMES):
    begun = time.process_time()
    query = context.query().truncate_per_group(KEPT).group_by("country", "sector")
    value: Any = pl.col("value")
    asked = query.agg(dp.len(), value.dp.sum((0, MOST))).with_keys(keys)
    found = asked.release().collect().sort("country", "sector")
    costs.append(time.process_time() - begun)
told.write_text(
    json.dumps({"answer": statistics.median(costs), "noisy": found["len"].cast(pl.Int64).to_list()}), encoding="utf-8"
)
