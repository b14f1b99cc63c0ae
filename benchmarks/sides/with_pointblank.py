"""Validate with pointblank on Polars: one step for each rule, every failing row extracted.

Types and ranges are expressions over the column, as it has no step for text that must be readable. Says all rules; its
extracts are lists of rows for each rule. Nothing is converted, hashed or written.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pointblank as pb
import polars as pl

IMPORTED = time.process_time()


def typed(rule: dict[str, Any]) -> pl.Expr:
    """Type and range: what cannot be read fails, what is empty does not."""
    cell = pl.col(str(rule["column"]))
    if rule["type"] == "date":
        value = cell.str.to_date("%Y-%m-%d", strict=False)
    else:
        value = cell.cast(pl.Int64 if rule["type"] == "integer" else pl.Decimal(18, 3), strict=False)
    holds = value.is_not_null()
    if "minimum" in rule:
        holds &= value >= rule["minimum"]
    if "maximum" in rule:
        holds &= value <= rule["maximum"]
    return cell.is_null() | holds.fill_null(value=False)


rules, file, told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), sys.argv[2], Path(sys.argv[3])
table = pl.read_csv(file, infer_schema=False, null_values=[""])
steps = pb.Validate(table)
for rule in rules:
    name = str(rule["column"])
    if rule.get("key"):
        steps = steps.col_vals_not_null(name).rows_distinct(name)
    if "values" in rule:
        steps = steps.col_vals_in_set(name, rule["values"])
    if "pattern" in rule:
        steps = steps.col_vals_regex(name, rule["pattern"], na_pass=True)
    if rule["type"] != "text":
        steps = steps.col_vals_expr(typed(rule))
extracts = steps.interrogate(extract_limit=len(table)).get_data_extracts()
rows = pl.concat(rows["_row_num_"].cast(pl.UInt32) for rows in extracts.values() if rows is not None).n_unique()
told.write_text(json.dumps({"imported_s": IMPORTED, "faulty": rows, "named": rows}), encoding="utf-8")
