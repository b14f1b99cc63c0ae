"""Run `datacontract test`: an ODCS contract over a CSV file, by its engine of choice (DuckDB).

A column with a type would end the whole test at the first cell that cannot be read, so that columns are text here and
types and ranges are SQL of quality rules. Says all rules, as counts for each: it names no row. Nothing is converted,
hashed or written.
"""

import json
import sys
import time
from pathlib import Path

import duckdb  # noqa: F401  (loaded late otherwise, and counted as work)
import yaml
from datacontract.cli import app
from datacontract.engines import data_contract_test  # noqa: F401  (as above)

IMPORTED = time.process_time()
SQL = {"integer": "BIGINT", "decimal": "DECIMAL(18,3)", "date": "DATE"}


def typed(rule: dict[str, object]) -> dict[str, object]:
    """Type and range: how many cells cannot be read or lie outside; what is empty is neither."""
    cell = f"TRY_CAST({rule['column']} AS {SQL[str(rule['type'])]})"
    holds = f"{cell} IS NOT NULL"
    if "minimum" in rule:
        holds += f" AND {cell} >= {rule['minimum']}"
    if "maximum" in rule:
        holds += f" AND {cell} <= {rule['maximum']}"
    query = f"SELECT COUNT(*) FROM deliveries WHERE {rule['column']} IS NOT NULL AND NOT ({holds})"  # noqa: S608  (our own rules)
    return {"type": "sql", "query": query, "mustBe": 0}


def column(rule: dict[str, object]) -> dict[str, object]:
    """A column's rules as ODCS says them."""
    told: dict[str, object] = {"name": rule["column"], "logicalType": "string", "physicalType": "varchar"}
    quality: list[dict[str, object]] = []
    if rule.get("key"):
        told |= {"required": True, "unique": True}
    if "pattern" in rule:
        told["logicalTypeOptions"] = {"pattern": rule["pattern"]}
    if "values" in rule:
        arguments = {"validValues": rule["values"]}
        quality.append({"type": "library", "metric": "invalidValues", "arguments": arguments, "mustBe": 0})
    if rule["type"] != "text":
        quality.append(typed(rule))
    return told | ({"quality": quality} if quality else {})


rules, file, told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), sys.argv[2], Path(sys.argv[3])
contract, result = told.with_suffix(".yaml"), told.with_suffix(".result.json")
body = {
    "apiVersion": "v3.1.0",
    "kind": "DataContract",
    "id": "deliveries",
    "version": "1.0.0",
    "status": "active",
    "servers": [{"server": "file", "type": "local", "path": file, "format": "csv", "delimiter": ","}],
    "schema": [{"name": "deliveries", "physicalType": "table", "properties": [column(rule) for rule in rules]}],
}
contract.write_text(yaml.safe_dump(body, sort_keys=False), encoding="utf-8")
try:
    app(["test", str(contract), "--output", str(result), "--output-format", "json"])
except SystemExit as ended:
    if ended.code != 1:  # faulty rows were found
        raise
checks = json.loads(result.read_text(encoding="utf-8"))["checks"]
failed = [check["name"] for check in checks if check["result"] != "passed"]
told.write_text(json.dumps({"imported_s": IMPORTED, "failed": failed, "named": 0}), encoding="utf-8")
