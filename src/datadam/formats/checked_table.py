"""A checked table as CSV: a line a group, told ones and others alike; what it is not stands in each of them."""

import csv
import io
from typing import Final

from datadam.errors import NotFound
from datadam.model import Json
from datadam.privacy.recipe import Key
from datadam.privacy.tables import LABEL, cells

TOTAL: Final = "*"
"""Stands for all keys of a column; where rows held no value, nothing stands."""


def named(body: Json, name: str) -> Json:
    """One of the tables of a published period, or `NotFound`."""
    for table in body["tables"]:
        if table["name"] == name:
            found: Json = table
            return found
    known = ", ".join(one["name"] for one in body["tables"])
    raise NotFound("table.name-unknown", standard=body["standard"], period=body["period"], table=name[:80], known=known)


def write(body: Json, table: Json) -> str:
    """The table as CSV: its columns, the value (nothing where the group is not told), unit, and the label."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    value = f"sum_{table['column']}" if table["column"] else "count"
    lines.writerow(["period", *(one["column"] for one in table["by"]), value, "unit", "privacy"])
    for keys, told in cells(table):
        shown = [TOTAL if is_total else _shown(key) for _, key, is_total in keys]
        lines.writerow([body["period"], *shown, told or "", table["unit"] or "", LABEL])
    return out.getvalue()


def _shown(key: Key) -> str:
    match key:
        case None:
            return ""
        case bool():
            return str(key).lower()
        case str() if key[:1] in {"=", "+", "-", "@"}:  # a spreadsheet would work it out
            return f"'{key}"
        case _:
            return str(key)
