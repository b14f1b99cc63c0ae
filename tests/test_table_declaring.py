"""What a standard may declare of checked tables: every fault has its code, presets only become stricter."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from datadam import evolution
from datadam.formats import codelists, odcs
from datadam.model import CrossRule, Standard, Tier, Type
from datadam.privacy import declaring, tables
from datadam.privacy.tables import Rules, gathered, layout
from datadam.protections import Aggregate, CheckedTable, Gates
from drafts import column, standard
from pools import tables_text

STANDARD = odcs.read(tables_text())


def codes(standard: Standard) -> list[str]:
    """The faults that are found."""
    return [fault.code for fault in tables.faults(standard, codelists.packaged())]


def table(**changes: Any) -> CheckedTable:
    """A table that may be declared, changed."""
    facts = {"name": "t", "aggregate": Aggregate.SUM, "by": ("region",), "column": "energy"}
    return CheckedTable(**{**facts, **changes})


def test_a_contract_says_tables_and_gates_and_is_written_back() -> None:
    """ODCS in and out: names, aggregates, dimensions, gates, months and preset."""
    gates = "{preset: competition-safe, contributors: 6, months: 4}"
    held = odcs.read(tables_text(gates=gates))
    assert held.gates == Gates(preset="competition-safe", contributors=6, months=4)
    assert [(one.name, one.aggregate, one.by, one.column) for one in held.tables] == [
        ("by-place", "sum", ("region", "sector"), "energy"),
        ("plants", "count", ("region", "sector"), None),
    ]
    assert odcs.read(odcs.write(held)) == held
    assert codes(held) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aggregate": Aggregate.MEAN}, "table.aggregate"),
        ({"aggregate": Aggregate.COUNT}, "table.aggregate"),
        ({"column": None}, "table.aggregate"),
        ({"by": ("plant",)}, "table.by-wrong"),
        ({"by": ("region", "region")}, "table.by-wrong"),
        ({"by": ("nowhere",)}, "table.by-wrong"),
        ({"column": "plant"}, "table.column-not-summed"),
        ({"column": "nothing"}, "table.column-not-summed"),
    ],
)
def test_what_cannot_be_a_checked_table(changes: dict[str, Any], code: str) -> None:
    """Each fault by its code."""
    assert code in codes(replace(STANDARD, tables=(table(**changes),)))


def test_sums_in_which_parts_cancel_are_refused() -> None:
    """Without a declared minimum of zero or more, nobody can say who holds most."""
    for least in (None, Decimal(-1)):
        columns = tuple(replace(c, minimum=least) if c.name == "energy" else c for c in STANDARD.columns)
        assert codes(replace(STANDARD, columns=columns)) == ["table.column-not-summed"]


def test_tables_and_their_tier_belong_together() -> None:
    """Tables elsewhere, a tier without tables, two of one name, a grand total alone."""
    assert codes(replace(STANDARD, tier=Tier.AGREEMENT)) == ["table.other-tier"]
    assert codes(replace(STANDARD, tier=Tier.AGREEMENT, tables=())) == []
    assert codes(replace(STANDARD, tables=())) == ["table.none"]
    assert codes(replace(STANDARD, tables=(table(), table()))) == ["table.names-repeated"]
    assert codes(replace(STANDARD, tables=(table(by=()),))) == []


def test_too_many_groups_are_too_many_to_solve_for() -> None:
    """All dimensions together, also where no table has them all."""
    wide = tuple(
        replace(c, values=tuple(f"{c.name}{n}" for n in range(100))) if c.name in {"region", "sector"} else c
        for c in STANDARD.columns
    )
    two = (table(), table(name="u", by=("sector",)))
    assert codes(replace(STANDARD, columns=wide, tables=two)) == ["table.too-large"]


@pytest.mark.parametrize(
    ("gates", "code"),
    [
        (Gates(contributors=2), "table.contributors-few"),
        (Gates(contributors=3, largest=3, largest_share=Decimal("0.9")), "table.largest-all"),
        (Gates(preset="safe"), "table.preset-unknown"),
        (Gates(preset="competition-safe", contributors=4), "table.preset-weaker"),
        (Gates(preset="competition-safe", largest=1, largest_share=Decimal("0.3")), "table.preset-weaker"),
        (Gates(preset="competition-safe", p_percent=Decimal(9)), "table.preset-weaker"),
        (Gates(preset="competition-safe", months=2), "table.preset-weaker"),
    ],
)
def test_gates_that_protect_nobody(gates: Gates, code: str) -> None:
    """Each fault by its code."""
    assert code in codes(replace(STANDARD, gates=gates))


@pytest.mark.parametrize(
    "gates",
    [
        None,
        Gates(contributors=3),
        Gates(preset="competition-safe", months=2),
        Gates(contributors=5, largest=1, largest_share=Decimal("0.25"), p_percent=Decimal(10)),
    ],
)
def test_no_version_tells_more_than_the_last(gates: Gates | None) -> None:
    """Months, presets and what a preset fills in are promises of the lineage."""
    old = replace(STANDARD, gates=Gates(preset="competition-safe"))
    changes = evolution.compare(old, replace(old, gates=gates, version="2.0.0"))
    assert "change.gates-weaker" in [one.code for one in changes]


def test_defaults_are_promises_too() -> None:
    """A lineage that said nothing is held to what that meant; a stricter one is taken."""
    old = replace(STANDARD, gates=None)
    weaker = evolution.compare(old, replace(old, gates=Gates(contributors=4), version="2.0.0"))
    assert "change.gates-weaker" in [one.code for one in weaker]
    stricter = evolution.compare(old, replace(old, gates=Gates(preset="competition-safe"), version="2.0.0"))
    assert "change.gates-weaker" not in [one.code for one in stricter]


def test_a_check_of_a_standard_says_what_its_tables_tell() -> None:
    """Tables, rules in percent, and what a checked table is not."""
    told, rules, never = declaring.explained(STANDARD, codelists.packaged())
    assert told.facts["tables"] == "by-place (energy: region × sector), plants (count: region × sector)"
    assert rules.facts == {
        "contributors": 3,
        "largest": 1,
        "months": 0,
        "share": "60",
        "percent": "10",
    }
    assert never.code == "done.tables-not"


def test_what_gates_leave_out_is_filled_in() -> None:
    """By the preset where one is named, else by the defaults; what is said stands."""
    assert tables.rules(None) == Rules()
    assert tables.rules(Gates(preset="competition-safe")).months == 3
    assert tables.rules(Gates(preset="competition-safe", contributors=7)).contributors == 7
    assert tables.rules(Gates(contributors=3, months=1)) == Rules(contributors=3, months=1)


@pytest.mark.parametrize(
    ("period", "months", "due"),
    [
        ("2026-Q3", 0, "2026-10-01"),
        ("2026-Q3", 3, "2027-01-01"),
        ("2026-11-30", 3, "2027-03-01"),
        ("2026-11-29", 3, "2027-03-02"),  # there is no 30 February: never sooner
        ("2026", 14, "2028-03-01"),
    ],
)
def test_months_are_those_of_the_calendar(period: str, months: int, due: str) -> None:
    """A day that its month does not have is one of the next."""
    standard = replace(STANDARD, gates=Gates(months=months))
    assert tables.due(standard, period).date().isoformat() == due


def test_what_a_standard_says_of_its_columns_is_known_to_who_attacks() -> None:
    """Least and most of a row, and rules between columns that always hold a value."""
    energy = STANDARD.column("energy")
    columns = (*STANDARD.columns, replace(energy, name="peak", required=True, minimum=Decimal(1)))
    columns = tuple(replace(c, required=True) if c.name == "energy" else c for c in columns)
    held = replace(
        STANDARD,
        columns=columns,
        rules=(tables_rule("energy", "<=", "peak"), tables_rule("peak", "!=", "energy")),
        tables=(table(by=()), table(name="u", by=(), column="peak"), table(name="n", by=(), column=None)),
    )
    links = {(link.measure, link.factor, link.other, link.other_factor) for link in tables.layout(held, {}).links}
    assert links == {(1, 1, 0, 1000), (0, 0, 1, 1), (2, 1, 0, 1000), (0, 1, 2, 1), (1, 1, 2, 1)}


def tables_rule(left: str, op: str, right: str) -> CrossRule:
    """A rule between two columns."""
    return CrossRule(id="r", left=left, op=op, right=right)


def test_who_is_weighed_need_not_be_told() -> None:
    """A count is also judged by the quantity that the gates weigh; a layout without counts has none."""
    gates = Gates(contributors=3, measured="energy")
    only = replace(STANDARD, gates=gates, tables=(table(name="n", column=None, aggregate=Aggregate.COUNT),))
    assert tables.layout(only, {"region": ("north",)}).measures == (None, "energy")
    sums = replace(STANDARD, tables=(table(),))
    assert tables.layout(sums, {"region": ("north",)}).measures == ("energy",)
    assert tables.layout(sums, {"region": ("north",)}).links == ()


def test_numbers_are_written_with_all_their_digits() -> None:
    """In the column's own unit, exactly, also where there are more digits than arithmetic keeps by itself."""
    column = replace(STANDARD.column("energy"), type=Type.DECIMAL, scale=2, precision=38)
    for text in ("0.01", "12.50", "9" * 36 + ".99"):
        assert tables.unscaled(column, tables.scaled(column, Decimal(text))) == text
    assert tables.unscaled(None, tables.scaled(None, Decimal(12))) == "12"


def test_a_least_amount_a_row_is_known_where_there_is_no_largest() -> None:
    """What everybody knows of sums and counts: five rows of at least one hold at least five."""
    energy = column("energy", Type.INTEGER, minimum=Decimal(1), required=True)
    sums = CheckedTable(name="s", aggregate=Aggregate.SUM, by=("region",), column="energy")
    counts = CheckedTable(name="n", aggregate=Aggregate.COUNT, by=("region",))
    held = standard(column("id", required=True), column("region", values=("a", "b")), energy, tables=(sums, counts))
    made = layout(held, {"region": ("a", "b")})
    assert [(one.measure, one.factor, one.other, one.other_factor) for one in made.links] == [(0, 1, 1, 1)]


def test_whoever_holds_no_value_adds_none_to_a_sum() -> None:
    """It is among those who have rows, and not among those who have an amount."""
    table = CheckedTable(name="s", aggregate=Aggregate.SUM, by=("region",), column="energy")
    held = standard(column("id"), column("region", values=("a",)), column("energy", Type.INTEGER), tables=(table,))
    found = gathered(layout(held, {"region": ("a",)}), {(0,): {"x": (None,), "y": (2,)}})
    assert found[0,] == ({"y": 2},)
