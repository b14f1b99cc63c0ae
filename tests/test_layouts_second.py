"""The second set of foreign layouts is well formed: what a matcher is judged by must itself be right."""

import ipaddress
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from test_layouts_set import MEANINGS

HERE = Path(__file__).parent / "layouts_second"
FILES = sorted(HERE.glob("*.yaml"))
KEYS = {"id", "language", "standard", "columns", "unit_column", "wide", "ambiguous", "note"}
RESERVED = [ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "10.0.0.0/8")]
ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
NAME = re.compile(r"\b(?:[a-z0-9-]+\.)+(?:com|net|org|info|biz|io|jp|kr|cn|ru|de|uk)\b", re.IGNORECASE)


def families() -> list[dict[str, Any]]:
    """Every file of the set."""
    return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in FILES]


LAYOUTS: list[dict[str, Any]] = [layout for family in families() for layout in family["layouts"]]
each_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=[layout["id"] for layout in LAYOUTS])


def headers(layout: dict[str, Any]) -> list[str]:
    """The headers of a layout, in file order."""
    return [column["header"] for column in layout["columns"]]


def test_a_family_is_named_after_its_file_and_tells_its_origin() -> None:
    """Each file holds one family, says that nothing real was copied, and has layouts."""
    for path, family in zip(FILES, families(), strict=True):
        assert set(family) == {"family", "origin", "layouts"}
        assert family["family"] == path.stem
        assert "no real file was copied" in family["origin"]
        assert family["layouts"]


def test_the_set_is_wide_enough() -> None:
    """At least 14 families, 12 layouts of each standard, no language in the minority, no id twice."""
    per_standard = Counter(layout["standard"] for layout in LAYOUTS)
    per_language = Counter(layout["language"] for layout in LAYOUTS)
    assert len(FILES) >= 14
    assert set(per_standard) == set(MEANINGS)
    assert min(per_standard.values()) >= 12
    assert set(per_language) == {"en", "ko", "ja", "mixed"}
    assert min(per_language[language] for language in ("en", "ko", "ja")) >= len(LAYOUTS) / 4
    assert len({layout["id"] for layout in LAYOUTS}) == len(LAYOUTS)


def test_the_readme_counts_what_is_there() -> None:
    """The README's table names each family, standard and language with its true number."""
    text = (HERE / "README.md").read_text(encoding="utf-8")
    counts = Counter(layout["standard"] for layout in LAYOUTS) + Counter(layout["language"] for layout in LAYOUTS)
    counts += Counter({family["family"]: len(family["layouts"]) for family in families()})
    for name, number in counts.items():
        assert f"| `{name}` | {number} |" in text
    assert f"{len(LAYOUTS)} layouts in {len(FILES)} families" in text


@each_layout
def test_a_layout_has_the_shape(layout: dict[str, Any]) -> None:
    """5 to 20 columns with different headers, 2 to 6 of them foreign, 3 to 6 values each, all rows whole."""
    assert set(layout) == KEYS
    assert 5 <= len(layout["columns"]) <= 20
    assert len(set(headers(layout))) == len(layout["columns"])
    assert 2 <= sum(column["means"] == "none" for column in layout["columns"]) <= 6
    assert len({len(column["values"]) for column in layout["columns"]}) == 1
    for column in layout["columns"]:
        assert set(column) == {"header", "values", "means", "unit"}
        assert 3 <= len(column["values"]) <= 6
        assert all(isinstance(value, str) for value in column["values"])
        assert any(column["values"])


@each_layout
def test_a_column_means_a_column_of_the_standard_or_none(layout: dict[str, Any]) -> None:
    """Each meaning is known, and only the columns of a wide table share one."""
    wide = layout["wide"] or {"columns": []}
    known = MEANINGS[layout["standard"]]
    assert all(column["means"] in [*known, "none"] for column in layout["columns"])
    meanings = Counter(c["means"] for c in layout["columns"] if c["header"] not in wide["columns"])
    del meanings["none"]
    assert set(meanings.values()) == {1}
    if layout["wide"]:
        assert set(wide) == {"names_to", "values_to", "columns"}
        assert {wide["names_to"], wide["values_to"]} <= set(known) - set(meanings)
        assert set(wide["columns"]) <= set(headers(layout))
        spread = {c["means"] for c in layout["columns"] if c["header"] in wide["columns"]}
        assert spread == {wide["values_to"]}


@each_layout
def test_a_unit_can_be_seen_in_the_layout(layout: dict[str, Any]) -> None:
    """A unit stands in the header, in the values or in the unit column; the unit column is foreign."""
    by_header = {column["header"]: column for column in layout["columns"]}
    named = by_header[layout["unit_column"]] if layout["unit_column"] else {"means": "none", "values": []}
    assert named["means"] == "none"
    for column in layout["columns"]:
        if column["unit"] is not None:
            assert any(column["unit"] in text for text in [column["header"], *column["values"], *named["values"]])


@each_layout
def test_what_is_ambiguous_is_there_and_explained(layout: dict[str, Any]) -> None:
    """An ambiguous header is one of the layout's, and the note says why."""
    assert set(layout["ambiguous"]) <= set(headers(layout))
    assert layout["note"] or not layout["ambiguous"]


@each_layout
def test_no_value_points_at_a_real_host(layout: dict[str, Any]) -> None:
    """Addresses are those set aside for documentation or private nets, names are under example."""
    for value in (value for column in layout["columns"] for value in column["values"]):
        plain = value.replace("[.]", ".")
        for address in ADDRESS.findall(plain):
            assert any(ipaddress.ip_address(address) in net for net in RESERVED)
        for name in NAME.findall(plain):
            assert name.split(".")[-2] == "example"
