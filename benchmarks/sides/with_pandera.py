"""Validate with pandera on Polars: a schema with a check for each rule, all failures told.

Its own types would end a column's checks at the first cell that cannot be read, so that types are checks here, as the
manual says for Polars: expressions over the column. Says all rules. Nothing is converted, hashed or written.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandera.polars as pa
import polars as pl

IMPORTED = time.process_time()


def read(rule: dict[str, Any], cell: pl.Expr) -> pl.Expr:
    """The cell as its type, null where it cannot be read."""
    if rule["type"] == "date":
        return cell.str.to_date("%Y-%m-%d", strict=False)
    return cell.cast(pl.Int64 if rule["type"] == "integer" else pl.Decimal(18, 3), strict=False)


def typed(rule: dict[str, Any]) -> Callable[[pa.PolarsData], pl.LazyFrame]:
    """A check of type and range: what cannot be read fails, what is empty does not."""

    def check(data: pa.PolarsData) -> pl.LazyFrame:
        cell = pl.col(data.key)
        value = read(rule, cell)
        holds = value.is_not_null()
        if "minimum" in rule:
            holds &= value >= rule["minimum"]
        if "maximum" in rule:
            holds &= value <= rule["maximum"]
        judged: pl.LazyFrame = data.lazyframe.select(cell.is_null() | holds.fill_null(value=False))
        return judged

    return check


def column(rule: dict[str, Any]) -> pa.Column:
    """A column's rules as pandera says them."""
    checks = []
    if "values" in rule:
        checks.append(pa.Check.isin(rule["values"]))
    if "pattern" in rule:
        checks.append(pa.Check.str_matches(rule["pattern"]))
    if rule["type"] != "text":
        checks.append(pa.Check(typed(rule)))
    return pa.Column(pl.String, checks, nullable=not rule.get("key"), unique=bool(rule.get("key")))


rules, file, told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), sys.argv[2], Path(sys.argv[3])
schema = pa.DataFrameSchema({str(rule["column"]): column(rule) for rule in rules})
rows = 0
try:
    schema.validate(pl.read_csv(file, infer_schema=False, null_values=[""]), lazy=True)
except pa.errors.SchemaErrors as failed:
    rows = failed.failure_cases["index"].n_unique()
told.write_text(json.dumps({"imported_s": IMPORTED, "faulty": rows, "named": rows}), encoding="utf-8")
