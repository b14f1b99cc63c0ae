"""Validate with Great Expectations on pandas: an expectation for each rule, complete results with every failing row.

A range is asked of a number, so that columns with one are read beside their text first. Says all rules; a row that
breaks several is told once for each. Nothing is converted, hashed or written.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # it would tell others of each run

import great_expectations as gx
import pandas as pd
from great_expectations import expectations as gxe

IMPORTED = time.process_time()
PATTERNS = {"integer": r"^[+-]?[0-9]+$", "decimal": r"^[+-]?[0-9]+(\.[0-9]+)?$"}

rules, file, told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), sys.argv[2], Path(sys.argv[3])
table = pd.read_csv(file, dtype=str, keep_default_na=False, na_values=[""])
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
suite = gx.ExpectationSuite(name="rules")
for rule in rules:
    name = rule["column"]
    if rule.get("key"):
        suite.add_expectation(gxe.ExpectColumnValuesToNotBeNull(column=name))
        suite.add_expectation(gxe.ExpectColumnValuesToBeUnique(column=name))
    if "values" in rule:
        suite.add_expectation(gxe.ExpectColumnValuesToBeInSet(column=name, value_set=rule["values"]))
    if "pattern" in rule or rule["type"] in PATTERNS:
        pattern = rule.get("pattern") or PATTERNS[rule["type"]]
        suite.add_expectation(gxe.ExpectColumnValuesToMatchRegex(column=name, regex=pattern))
    if rule["type"] == "date":
        suite.add_expectation(gxe.ExpectColumnValuesToMatchStrftimeFormat(column=name, strftime_format="%Y-%m-%d"))
    if "minimum" in rule:
        number = f"{name}_number"
        table[number] = pd.to_numeric(table[name], errors="coerce")
        least, most = rule["minimum"], rule.get("maximum")
        suite.add_expectation(gxe.ExpectColumnValuesToBeBetween(column=number, min_value=least, max_value=most))
batch = (
    context.data_sources.add_pandas("pandas").add_dataframe_asset("file").add_batch_definition_whole_dataframe("all")
)
found = batch.get_batch({"dataframe": table}).validate(suite, result_format={"result_format": "COMPLETE"})
rows = len({row for one in found.results for row in one.result.get("unexpected_index_list") or []})
told.write_text(json.dumps({"imported_s": IMPORTED, "faulty": rows, "named": rows}), encoding="utf-8")
