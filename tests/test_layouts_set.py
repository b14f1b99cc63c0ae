"""The set of foreign layouts is whole: its shape, its meanings and its counts."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parent / "layouts"
MEANINGS = {
    "cti.exploited-vulnerability": {
        "cve_id",
        "vendor",
        "product",
        "vulnerability",
        "date_added",
        "due_date",
        "ransomware_use",
        "cwes",
    },
    "cti.indicator": {
        "type",
        "value",
        "first_seen",
        "last_seen",
        "valid_until",
        "confidence",
        "tlp",
        "pap",
        "malware",
        "actor",
        "technique",
        "kill_chain",
        "source_method",
        "victim_sector",
        "victim_country",
        "licence",
    },
    "supply.mineral-production": {"country", "mineral", "stage", "year", "production", "status"},
    "supply.supply-edge": {
        "supplier_id",
        "supplier_country",
        "customer_id",
        "customer_country",
        "hs6",
        "share_band",
        "volume_band",
        "essential",
        "qualified_alternates",
        "lead_time_days",
        "days_of_supply",
        "as_of",
    },
}
FILES = sorted(FOLDER.glob("*.yaml"))
FAMILIES: list[dict[str, Any]] = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in FILES]
LAYOUTS: list[dict[str, Any]] = [layout for family in FAMILIES for layout in family["layouts"]]
each = pytest.mark.parametrize("layout", LAYOUTS, ids=[layout["id"] for layout in LAYOUTS])


def headers(layout: dict[str, Any]) -> list[str]:
    """Return the headers of a layout in the order of the file."""
    return [column["header"] for column in layout["columns"]]


def test_families() -> None:
    """There are at least sixteen families; each bears the name of its file and says where it comes from."""
    assert len(FAMILIES) >= 16
    for path, family in zip(FILES, FAMILIES, strict=True):
        assert set(family) == {"family", "origin", "layouts"}
        assert family["family"] == path.stem
        assert family["origin"].startswith("written for this project")
        assert family["layouts"]


def test_counts() -> None:
    """At least eighteen layouts a standard, and English, Korean and Japanese in about equal parts."""
    ids = Counter(layout["id"] for layout in LAYOUTS)
    assert [name for name, times in ids.items() if times > 1] == []
    assert len(LAYOUTS) >= 72
    standards = Counter(layout["standard"] for layout in LAYOUTS)
    assert set(standards) == set(MEANINGS)
    assert min(standards.values()) >= 18
    languages = Counter(layout["language"] for layout in LAYOUTS)
    assert set(languages) == {"en", "ko", "ja", "mixed"}
    three = [languages[code] for code in ("en", "ko", "ja")]
    assert min(three) >= 20
    assert max(three) - min(three) <= 6


@each
def test_shape(layout: dict[str, Any]) -> None:
    """A layout has its fields, five to twenty columns with different headers, and rows of one length."""
    assert set(layout) == {
        "id",
        "language",
        "standard",
        "columns",
        "unit_column",
        "wide",
        "ambiguous",
        "note",
    }
    assert 5 <= len(layout["columns"]) <= 20
    assert len(set(headers(layout))) == len(layout["columns"])
    assert len({len(column["values"]) for column in layout["columns"]}) == 1
    for column in layout["columns"]:
        assert set(column) == {"header", "values", "means", "unit"}
        assert column["header"]
        assert 3 <= len(column["values"]) <= 6
        assert all(isinstance(value, str) for value in column["values"])
        assert any(column["values"])


@each
def test_meanings(layout: dict[str, Any]) -> None:
    """Every meaning is a column of the standard or none, and outside wide tables no meaning comes twice."""
    known = MEANINGS[layout["standard"]]
    wide = layout["wide"]["columns"] if layout["wide"] else []
    means = [column["means"] for column in layout["columns"] if column["header"] not in wide]
    assert set(means) <= known | {"none"}
    twice = [name for name, times in Counter(means).items() if times > 1 and name != "none"]
    assert twice == []
    assert 2 <= means.count("none") <= 6


@each
def test_wide(layout: dict[str, Any]) -> None:
    """A wide table names columns it has, which all hold the one meaning that no other column has."""
    wide = layout["wide"]
    if wide is None:
        return
    assert set(wide) == {"names_to", "values_to", "columns"}
    assert len(wide["columns"]) >= 2
    assert set(wide["columns"]) <= set(headers(layout))
    inside = {column["means"] for column in layout["columns"] if column["header"] in wide["columns"]}
    outside = {column["means"] for column in layout["columns"] if column["header"] not in wide["columns"]}
    assert inside == {wide["values_to"]}
    assert {wide["names_to"], wide["values_to"]} <= MEANINGS[layout["standard"]]
    assert not {wide["names_to"], wide["values_to"]} & outside


@each
def test_units(layout: dict[str, Any]) -> None:
    """A unit is written as header or values show it, and a column of units means nothing of its own."""
    for column in layout["columns"]:
        if column["unit"] is not None:
            assert column["unit"] in "\n".join([column["header"], *column["values"]])
    if layout["unit_column"] is not None:
        means = {column["header"]: column["means"] for column in layout["columns"]}
        assert means[layout["unit_column"]] == "none"


@each
def test_ambiguous(layout: dict[str, Any]) -> None:
    """What an expert would have to ask about is a header of the layout, and the note says why."""
    assert set(layout["ambiguous"]) <= set(headers(layout))
    if layout["ambiguous"]:
        assert layout["note"]
