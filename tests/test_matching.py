"""The matcher: names and values together find the column that is meant, and nothing is taken on trust."""

import sys
from pathlib import Path

import pytest

from datadam import matching
from datadam.matching import Candidate, name_score
from datadam.proposing import suggest
from strangers import CODES, EDGE, IOC, KEV, MINE, first, layout

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))


def test_what_else_a_header_says_speaks_against() -> None:
    """Capacity is not production, a name is not a number, a stranger's word counts less than a known one."""
    production, supplier = MINE.column("production"), EDGE.column("supplier_id")
    assert name_score("생산량", production) == 1 > name_score("생산능력", production)
    assert name_score("supplier number", supplier) > name_score("supplier name", supplier)
    assert name_score("production qxzv", production) > name_score("production capacity", production)
    assert name_score("qxzv", production) == 0


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("firstseen", "first_seen"),  # joined
        ("FRSTSEEN", "first_seen"),  # clipped and joined
        ("fs", "first_seen"),  # initials
        ("Confidance", "confidence"),  # mistyped
        ("信頼度(必須)", "confidence"),  # what a form says of its field
        ("신뢰도 (예: 80)", "confidence"),  # an example
        ("ハッシュ", "value"),
    ],
)
def test_headers_are_read_as_they_are_typed(header: str, column: str) -> None:
    """Joined, clipped, mistyped, shortened to initials or with remarks: of all columns the meant one is the likest."""
    assert max(IOC.columns, key=lambda c: name_score(header, c)).name == column
    assert name_score(header, IOC.column(column)) > 0.5


def test_a_header_that_is_about_something_else_is_no_column() -> None:
    """The version of a product is no product, whatever the values are; a name of the column is."""
    product = KEV.column("product")
    assert name_score("product version", product) < 0.4 < name_score("product family", product)
    assert matching.holds_other("product version", product)
    assert not matching.holds_other("affected product", product)


def test_whose_column_it_is_the_neighbours_say() -> None:
    """A country beside the supplier's number is the supplier's, the one beside ours is ours."""
    lei = ("LEI:000000CA5BA87C93D472",)
    found = first(EDGE, layout(**{"Our LEI": lei, "Place": ("KOR",), "Vendor LEI": lei, "Nation": ("JPN",)}))
    assert found["Nation"] == "supplier_country"
    assert matching.roles(["Vendor", "Country", "x", "y", "Country", "Buyer"]) == [
        "supplier", "supplier", "supplier", None, None, "customer",
    ]  # fmt: skip


def test_codes_of_one_list_are_no_other_columns() -> None:
    """A plain `Type` whose values are stages is the stage, although `type` is nearer to another column's name."""
    found = first(MINE, layout(Country=("Chile", "Peru"), Type=("mining", "refining")))
    assert found["Type"] == "stage"
    assert first(KEV, layout(Vuln=("CVE-2024-3400", "CVE-2021-44228"))) == {"Vuln": "cve_id"}


def test_huge_layouts_are_assigned_best_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the best assignment would cost too much, the best pair comes first; the answer has the same shape."""
    columns = [EDGE.column("supplier_country"), EDGE.column("customer_country")]
    seen = [Candidate(header="seller nation", samples=()), Candidate(header="buyer nation", samples=())]
    best, _ = matching.match(columns, seen, CODES)
    monkeypatch.setattr(matching, "MAX_STEPS", 0)
    greedy, possible = matching.match(columns, seen, CODES)
    assert {(m.header, m.column) for m in greedy} == {(m.header, m.column) for m in best}
    assert len(possible) >= len(greedy) == 2


@pytest.mark.parametrize(("which", "layouts"), [("first", 114), ("second", 104)])
def test_of_foreign_layouts_no_column_is_wrong_unasked(which: str, layouts: int) -> None:
    """Foreign layouts in three languages: nothing is accepted wrong, and nearly all is found."""
    import matching as benchmark

    score, _ = benchmark.run(benchmark.ours, which)
    assert (score.layouts, score.accepted_wrong) == (layouts, 0)
    assert score.right >= 0.97 * score.columns
    assert score.accepted > 0


def test_a_party_alone_names_no_column() -> None:
    """The supplier's name is not its country, and other suppliers are not a supplier."""
    country, alternates = EDGE.column("supplier_country"), EDGE.column("qualified_alternates")
    assert name_score("조달처 이름", country) < matching.SUGGEST < name_score("조달처 국적", country)
    assert name_score("upstream entity", alternates) < matching.SUGGEST


def test_of_a_place_it_must_be_said_whose_it_is() -> None:
    """A country in a list of addresses is the address's; behind the victim it is the victim's."""
    found = first(
        IOC, layout(Type=("ipv4", "ipv4"), Value=("198.51.100.7", "198.51.100.8"), geo_country=("JPN", "USA"))
    )
    assert "geo_country" not in found
    found = first(IOC, layout(victim_industry=("K64", "O84"), nation=("JPN", "USA")))
    assert found["nation"] == "victim_country"
    assert "asn_country" not in first(IOC, layout(victim_industry=("K64", "O84"), asn_country=("JPN", "USA")))


def test_where_goods_come_from_is_never_the_buyers_place() -> None:
    """Beside the supplier's country the country of origin is nobody's; alone it is the supplier's."""
    values = ("CHN", "DEU")
    assert first(EDGE, layout(**{"Vendor nation": values, "원산지": values})) == {"Vendor nation": "supplier_country"}
    assert first(EDGE, layout(원산지=values)) == {"원산지": "supplier_country"}


def test_last_years_figure_is_another_figure() -> None:
    """Of two shares the one of this year is meant, and of two outputs the whole one."""
    shares = {"올해 조달비중(%)": ("35", "70"), "전년 조달비중(%)": ("30", "72")}
    assert first(EDGE, layout(**shares)) == {"올해 조달비중(%)": "share_band"}
    output = {"Attributable production, kt": ("187.4", "8.4"), "Total production (100% basis), kt": ("312.4", "16.7")}
    assert first(MINE, layout(**output)) == {"Total production (100% basis), kt": "production"}


def test_a_unit_may_be_all_that_a_header_says() -> None:
    """A sum in tonnes is the quantity in a table of production; reserves in tonnes are not."""
    assert first(MINE, layout(**{"計（t）": ("66.1", "478")})) == {"計（t）": "production"}
    assert first(MINE, layout(**{"埋蔵（t）": ("66.1", "478")})) == {}


def test_what_is_shortened_is_found_by_the_columns_own_names() -> None:
    """`Prod` is a product where there are products, and production where that is."""
    assert first(KEV, layout(Prod=("Exchange Server", "Confluence"))) == {"Prod": "product"}
    assert first(MINE, layout(Prod=("5330", "2450"))) == {"Prod": "production"}
    assert matching.shortened("a very long header", KEV.column("product")) == 0


def test_the_only_date_left_is_the_only_required_date() -> None:
    """With one column of dates for one required date it is asked about; with two it is not."""
    links = {"Vendor LEI": ("000000CA5BA87C93D472",), "Zzz": ("2024-03-31",)}
    assert first(EDGE, layout(**links))["Zzz"] == "as_of"
    assert "Zzz" not in first(EDGE, layout(**links, Qqq=("2024-03-31",)))
    assert "Last change" not in first(
        EDGE, layout(**{"Vendor LEI": links["Vendor LEI"], "Last change": ("2024-03-31",)})
    )


def test_words_of_values_find_a_column_under_a_header_that_leaves_it_open() -> None:
    """Remarks that say how figures came about are their status; the name of a firm is none, whatever it says."""
    assert first(MINE, layout(備考=("", "速報値", "推計値"))) == {"備考": "status"}
    assert first(IOC, layout(備考=("ハニーポットA", "サンドボックス"))) == {"備考": "source_method"}
    assert first(MINE, layout(担当者=("速報値担当", "推計値担当"))) == {}


def test_of_two_names_of_one_column_the_nearer_is_proposed() -> None:
    """`vulnerabilityName` is nearer to the vulnerability than a synonym is; both are asked about."""
    found = suggest(KEV, layout(shortDescription=("a", "b"), vulnerabilityName=("c", "d")), CODES)
    assert [(p.feed.source, p.others) for p in found.asked] == [("vulnerabilityName", ("shortDescription",))]
