"""The third set of foreign layouts is well formed: what a matcher is judged by must itself be right.

How well a matcher does on it is for `benchmarks/matching.py` to measure; no score fails here.
"""

import ipaddress
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from test_layouts_second import ADDRESS, KEYS, NAME, RESERVED, headers
from test_layouts_set import MEANINGS

HERE = Path(__file__).parent / "layouts_third"
FAMILIES: dict[str, dict[str, Any]] = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(HERE.glob("*.yaml"))
}
LAYOUTS: list[dict[str, Any]] = [layout for family in FAMILIES.values() for layout in family["layouts"]]
each_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=[layout["id"] for layout in LAYOUTS])


def test_a_family_is_named_after_its_file_and_tells_its_origin() -> None:
    """Each file holds one family, says that nothing real was copied, and has layouts."""
    for name, family in FAMILIES.items():
        assert set(family) == {"family", "origin", "layouts"}
        assert family["family"] == name
        assert "no real file was copied" in family["origin"]
        assert family["layouts"]


def test_the_set_is_wide_enough() -> None:
    """100 layouts in 25 families, 24 of each standard, about 40, 35 and 25 % a language, no id twice."""
    per_standard = Counter(layout["standard"] for layout in LAYOUTS)
    per_language = Counter(layout["language"] for layout in LAYOUTS)
    assert len(LAYOUTS) >= 100
    assert len(FAMILIES) >= 25
    assert set(per_standard) == set(MEANINGS)
    assert min(per_standard.values()) >= 24
    for language, part in (("en", 0.40), ("ko", 0.35), ("ja", 0.25)):
        assert part - 0.06 < per_language[language] / len(LAYOUTS) < part + 0.06
    assert set(per_language) == {"en", "ko", "ja", "mixed"}
    assert len({layout["id"] for layout in LAYOUTS}) == len(LAYOUTS)


def test_the_readme_counts_what_is_there() -> None:
    """The README names each family, standard and language with its true number."""
    text = (HERE / "README.md").read_text(encoding="utf-8")
    counts = Counter(layout["standard"] for layout in LAYOUTS) + Counter(layout["language"] for layout in LAYOUTS)
    counts += Counter({name: len(family["layouts"]) for name, family in FAMILIES.items()})
    for name, number in counts.items():
        assert f"| `{name}` | {number} |" in text
    assert f"{len(LAYOUTS)} layouts in {len(FAMILIES)} families" in text
    columns = [column for layout in LAYOUTS for column in layout["columns"]]
    foreign = sum(column["means"] == "none" for column in columns)
    ambiguous = sum(len(layout["ambiguous"]) for layout in LAYOUTS)
    assert f"Of {len(columns)} columns, {foreign} mean `none`; {ambiguous} headers are ambiguous" in text


@each_layout
def test_a_layout_has_the_shape(layout: dict[str, Any]) -> None:
    """5 to 20 columns with different headers, 2 to 7 of them foreign, 5 to 20 values each, all rows whole."""
    assert set(layout) == KEYS
    assert 5 <= len(layout["columns"]) <= 20
    assert len(set(headers(layout))) == len(layout["columns"])
    assert 2 <= sum(column["means"] == "none" for column in layout["columns"]) <= 7
    assert len({len(column["values"]) for column in layout["columns"]}) == 1
    for column in layout["columns"]:
        assert set(column) == {"header", "values", "means", "unit"}
        assert 5 <= len(column["values"]) <= 20
        assert all(isinstance(value, str) for value in column["values"])
        assert any(column["values"]) or column["means"] == "none"


@each_layout
def test_a_column_means_a_column_of_the_standard_or_none(layout: dict[str, Any]) -> None:
    """Each meaning is known, and only the columns of a wide table share one."""
    wide = layout["wide"] or {"names_to": None, "values_to": None, "columns": []}
    known = MEANINGS[layout["standard"]]
    assert all(column["means"] in [*known, "none"] for column in layout["columns"])
    alone = [column["means"] for column in layout["columns"] if column["header"] not in wide["columns"]]
    meanings = [means for means in alone if means != "none"]
    assert len(set(meanings)) == len(meanings) > 0
    if layout["wide"]:
        assert set(wide) == {"names_to", "values_to", "columns"}
        assert {wide["names_to"], wide["values_to"]} <= set(known) - set(meanings)
        assert len(wide["columns"]) > 1
        assert set(wide["columns"]) <= set(headers(layout))
        spread = {column["means"] for column in layout["columns"] if column["header"] in wide["columns"]}
        assert spread == {wide["values_to"]}


@each_layout
def test_a_unit_can_be_seen_in_the_layout(layout: dict[str, Any]) -> None:
    """A unit stands in the header or in the values; the column that names units row by row is foreign."""
    if layout["unit_column"]:
        assert {column["header"]: column["means"] for column in layout["columns"]}[layout["unit_column"]] == "none"
    for column in layout["columns"]:
        if column["unit"] is not None:
            assert any(column["unit"] in text for text in [column["header"], *column["values"]])


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
