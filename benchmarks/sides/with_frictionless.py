"""Validate with frictionless: a table schema, each row read and told by itself.

Says all rules. Reads and reports only: nothing is converted, hashed or written.
"""

import json
import sys
import time
from pathlib import Path

from frictionless import Resource, Schema, validate

IMPORTED = time.process_time()
TYPES = {"text": "string", "integer": "integer", "decimal": "number", "date": "date"}


def field(rule: dict[str, object]) -> dict[str, object]:
    """A column's rules as a Table Schema says them."""
    named = {"values": "enum", "pattern": "pattern", "minimum": "minimum", "maximum": "maximum"}
    constraints = {theirs: rule[ours] for ours, theirs in named.items() if ours in rule}
    if rule.get("key"):
        constraints |= {"required": True, "unique": True}
    return {"name": rule["column"], "type": TYPES[str(rule["type"])], "constraints": constraints}


rules, file, told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]), Path(sys.argv[3])
schema = Schema.from_descriptor({"fields": [field(rule) for rule in rules]})
report = validate(Resource(path=file.name, basepath=str(file.parent), schema=schema), limit_errors=10**9)
errors = report.flatten(["rowNumber", "fieldName"])
rows = len({row for row, _ in errors if row is not None})
told.write_text(json.dumps({"imported_s": IMPORTED, "faulty": rows, "named": rows}), encoding="utf-8")
