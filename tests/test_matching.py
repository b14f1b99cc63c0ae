"""The matcher: words become meanings, values speak, columns are assigned one to one, and nothing is taken on trust."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import evidence, matching
from datadam.adapters.memory.engine import MemoryEngine
from datadam.adapters.polars_profile import PolarsProfiler
from datadam.assignment import assign
from datadam.confirming import accepted, confirm, declare
from datadam.errors import Faults, Invalid
from datadam.evidence import values_speak
from datadam.formats import codelists, fits, odcs
from datadam.mapping import difference, fit_faults, fit_from_json, fit_to_json
from datadam.matching import Candidate, likeness, name_score
from datadam.model import Column, DateForm, Feed, Fit, Layout, NumberForm, Standard, Type, Unpivot, number_form
from datadam.proposing import Doubt, Suggestion, Why, suggest, to_prove
from datadam.readings import count
from datadam.words import words
from test_engine_behaviours import csv_source

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

CODES = codelists.packaged()
KEV = odcs.read(codelists.packaged_standard("cti.exploited-vulnerability"))
IOC = odcs.read(codelists.packaged_standard("cti.indicator"))
MINE = odcs.read(codelists.packaged_standard("supply.mineral-production"))
EDGE = odcs.read(codelists.packaged_standard("supply.supply-edge"))


def layout(**columns: tuple[str, ...]) -> Layout:
    """A layout of text columns with these samples."""
    return Layout(columns=tuple(columns), types=("text",) * len(columns), samples=tuple(columns.values()))


def first(standard: Standard, found: Layout) -> dict[str, str | None]:
    """Header → the column that is suggested first."""
    suggestion = suggest(standard, found, CODES)
    return {str(p.feed.source): p.feed.column for p in (*suggestion.certain, *suggestion.asked)}


def proposal(found: Suggestion, column: str) -> tuple[Feed, tuple[Doubt, ...], tuple[str, ...]]:
    """What is proposed for a column, its doubts and its options."""
    (one,) = [p for p in (*found.certain, *found.asked) if p.feed.column == column]
    return one.feed, one.doubts, one.options


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("협력사 국적", "seller's country"),
        ("供給者の国", "Supplier country"),
        ("SPLR_CTRY", "supplier country"),
        ("supplierCountry", "공급자 국가"),
        ("3. Supplier country", "supplier_country"),
        ("공급국 Supplier country", "供給国"),
    ],
)
def test_headers_of_one_meaning_are_alike_in_every_language(left: str, right: str) -> None:
    """Words are compared by what they mean, whatever the script, the case or the numbering."""
    assert likeness(words(left), words(right)) > 0.9


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


def test_unknown_loanwords_are_one_word() -> None:
    """Katakana that nobody knows stays whole, and a single sign before an unknown one is none of the known words."""
    assert [word.text for word in words("ヌヌネノ値")] == ["ヌヌネノ", "値"]
    assert words("数　量") == words("数量")
    assert not any("year" in word.meanings for word in words("해꿹"))


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


@given(st.text(max_size=300))
def test_any_header_can_be_taken_apart(header: str) -> None:
    """No text breaks the splitter, and likeness stays between 0 and 1."""
    said = words(header)
    assert all(word.weight > 0 for word in said)
    assert 0 <= likeness(said, words("supplier country")) <= 1
    assert 0 <= likeness(said, said) <= 1 + 1e-9


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("standard", "column", "for_it", "against"),
    [
        (MINE, "country", ("CHL", "Peru"), ("Chuquicamata", "Escondida")),
        (MINE, "country", ("日本", "チリ"), ("1", "2")),
        (MINE, "year", ("2019", "2020"), ("19", "x")),
        (KEV, "cve_id", ("CVE-2024-3400",), ("R-310",)),
        (KEV, "date_added", ("2024/3/5", "令和6年3月5日"), ("high", "low")),
        (EDGE, "supplier_id", ("LEI:000000CA5BA87C93D472",), ("Example Stahl", "Example Film")),
        (KEV, "product", ("Confluence",), ("2024-01-01",)),
    ],
)
def test_values_speak_for_and_against(
    standard: Standard, column: str, for_it: tuple[str, ...], against: tuple[str, ...]
) -> None:
    """Codes, patterns, forms and ranges tell columns apart; empty columns tell nothing."""
    one = standard.column(column)
    good, bad = values_speak(one, for_it, CODES), values_speak(one, against, CODES)
    assert good is not None
    assert bad is not None
    assert good > bad
    assert values_speak(one, ("", "-", "n/a"), CODES) is None


def test_values_alone_make_a_question_and_no_more() -> None:
    """Addresses under a header that says nothing are proposed as indicators, and asked about."""
    found = suggest(IOC, layout(zzz=("198.51.100.7", "hxxp://bad[.]example[.]com/x"), qqq=("a", "b")), CODES)
    assert [(p.feed.source, p.why) for p in found.asked if p.feed.column == "value"] == [("zzz", Why.VALUES)]
    held = matching.score(IOC.column("value"), Candidate(header="zzz", samples=("198.51.100.7",)), CODES)
    assert held.score > 0.3
    found = suggest(MINE, layout(zzz=("Chile", "Peru", "CHN")), CODES)
    assert [(p.feed.column, p.why, p.certain) for p in found.asked] == [("country", Why.VALUES, False)]


def test_codes_of_one_list_are_no_other_columns() -> None:
    """A plain `Type` whose values are stages is the stage, although `type` is nearer to another column's name."""
    found = first(MINE, layout(Country=("Chile", "Peru"), Type=("mining", "refining")))
    assert found["Type"] == "stage"
    assert first(KEV, layout(Vuln=("CVE-2024-3400", "CVE-2021-44228"))) == {"Vuln": "cve_id"}


def test_parts_of_dates_and_addresses_are_no_codes() -> None:
    """What stands between slashes is a code only where words stand: `10/10` and an address name no sector."""
    sector = IOC.column("victim_sector")
    for value in ("10/10", "2024/05/10 01:02", "https://example.com/c/1"):
        assert values_speak(sector, (value,), CODES) == evidence.NO_CODES or not evidence.telling(sector, ("x",))
        assert (values_speak(sector, (value,), CODES) or 0) <= evidence.SOME_CODES


def test_yes_and_no_may_stand_for_two_values() -> None:
    """A column of two values is not refused for being written as yes and no, or as 0 and 1."""
    ransomware = KEV.column("ransomware_use")
    assert values_speak(ransomware, ("Y", "N"), CODES) == values_speak(ransomware, ("有", "無"), CODES) == 0.55
    assert values_speak(ransomware, ("7", "8"), CODES) == evidence.NO_CODES


# --- assignment -------------------------------------------------------------------------------------------------------


@given(
    st.integers(1, 5).flatmap(
        lambda width: st.lists(st.lists(st.integers(0, 9), min_size=width, max_size=width), min_size=1, max_size=4)
    )
)
def test_the_assignment_is_the_best_there_is(grid: list[list[int]]) -> None:
    """Against trying every way: no pairs of rows and columns gain more, each used once, none for nothing."""
    chosen = assign(grid)
    assert len({row for row, _ in chosen}) == len(chosen) == len({at for _, at in chosen})
    assert all(grid[row][at] > 0 for row, at in chosen)
    width = len(grid[0])
    places = [*range(width), *[-1] * len(grid)]
    best = max(
        sum(grid[row][at] for row, at in enumerate(way) if at >= 0) for way in set(permutations(places, len(grid)))
    )
    assert sum(grid[row][at] for row, at in chosen) == best


def test_nothing_to_assign_is_nothing() -> None:
    """No rows, no columns: no pairs."""
    assert assign([]) == assign([[]]) == []


def test_huge_layouts_are_assigned_best_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the best assignment would cost too much, the best pair comes first; the answer has the same shape."""
    columns = [EDGE.column("supplier_country"), EDGE.column("customer_country")]
    seen = [Candidate(header="seller nation", samples=()), Candidate(header="buyer nation", samples=())]
    best, _ = matching.match(columns, seen, CODES)
    monkeypatch.setattr(matching, "MAX_STEPS", 0)
    greedy, possible = matching.match(columns, seen, CODES)
    assert {(m.header, m.column) for m in greedy} == {(m.header, m.column) for m in best}
    assert len(possible) >= len(greedy) == 2


# --- suggestions ------------------------------------------------------------------------------------------------------


def test_the_longer_name_wins_where_the_plain_one_means_something_else() -> None:
    """A column called `status` that holds no code of the list gives way to the one that does."""
    found = first(MINE, layout(status=("Operating", "Closed", "Idle"), figure_status=("estimated", "reported", "W")))
    assert found == {"figure_status": "status"}


def test_a_name_without_a_margin_is_a_question() -> None:
    """A header that is a name is not taken while another comes as near."""
    rival = layout(**{"Country": ("Chile",), "country of production!": ("Peru",)})
    found = suggest(MINE, rival, CODES)
    assert not found.certain
    assert Doubt.SEVERAL in found.asked[0].doubts


@pytest.mark.parametrize(
    ("standard", "header", "values"),
    [
        (KEV, "Title", ("SQL injection",)),  # of what?
        (KEV, "登録日", ("2024-03-05",)),  # perhaps of the record
        (IOC, "Group", ("APT28",)),  # perhaps of users
        (KEV, "Developer", ("Example Software",)),  # perhaps not who sells it
    ],
)
def test_a_name_that_may_mean_something_else_is_a_question(
    standard: Standard, header: str, values: tuple[str, ...]
) -> None:
    """Names that tell little, and names that as often mean something else, are proposed and asked about."""
    found = suggest(standard, layout(**{header: values}), CODES)
    assert not found.certain
    assert [(p.feed.source, p.doubts[0]) for p in found.asked] == [(header, Doubt.VAGUE)]


def test_numbers_out_of_bounds_are_a_question() -> None:
    """A class from 1 to 5 is not the one from 0 to 2, whatever it is called."""
    assert suggest(EDGE, layout(Essential=("0", "2", "1")), CODES).certain
    assert not suggest(EDGE, layout(Essential=("3", "5", "4")), CODES).certain


def test_a_column_of_other_units_is_a_question() -> None:
    """A lead time beside a column that says weeks is not taken as days."""
    times = {"Lead time": ("4", "12"), "Unit": ("d", "days")}
    assert suggest(EDGE, layout(**times), CODES).certain
    found = suggest(EDGE, layout(**{**times, "Unit": ("wk", "wk")}), CODES)
    assert Doubt.UNIT_MISSING in proposal(found, "lead_time_days")[1]


def test_a_header_in_two_languages_is_certain_if_both_parts_are_names() -> None:
    """`국가/Country` is; `국가(IP)` and `Country/Region` are not."""
    values = ("Chile", "Peru")
    assert [p.feed.source for p in suggest(MINE, layout(**{"국가/Country": values}), CODES).certain] == ["국가/Country"]
    assert [p.feed.source for p in suggest(MINE, layout(**{"국가 Country": values}), CODES).certain] == ["국가 Country"]
    assert not suggest(MINE, layout(**{"국가(IP)": values}), CODES).certain
    assert not suggest(MINE, layout(**{"Country/Region": values}), CODES).certain


# --- numbers and dates ------------------------------------------------------------------------------------------------

SHEET = {
    "Country": ("CHL",), "Mineral": ("copper",), "Stage": ("mine",), "Year": ("2020",),
}  # fmt: skip


def with_production(*values: str, whole: bool = True) -> Suggestion:
    """A suggestion for a sheet with these quantities, all of them counted or only sampled."""
    sheet = layout(**SHEET, **{"Production (t)": values})
    profile = {name: count(samples) for name, samples in zip(sheet.columns, sheet.samples, strict=True)}
    return suggest(MINE, sheet, CODES, profile if whole else None)


def test_what_all_values_prove_is_declared_unasked() -> None:
    """One telling value settles the column, and the mapping says how it is read."""
    feed, doubts, _ = proposal(with_production("1.234,56", "7"), "production")
    assert (feed.number, doubts) == (number_form("1.234,5"), ())
    feed, doubts, _ = proposal(with_production("1234.5"), "production")
    assert (feed.number, doubts) == (None, ())


def test_samples_alone_prove_nothing() -> None:
    """Where only the first values were seen, the form is proposed and asked about."""
    feed, doubts, _ = proposal(with_production("1.234,56", whole=False), "production")
    assert (feed.number, doubts) == (number_form("1.234,5"), (Doubt.READING,))


def test_what_is_ambiguous_is_refused_with_the_question_that_settles_it() -> None:
    """`1,234` alone is a thousand or one and a bit: a yes to all does not answer it, a declared form does."""
    found = with_production("1,234")
    assert proposal(found, "production")[1:] == ((Doubt.NUMBERS,), ("1,234.5", "1234,5"))
    assert accepted(found) == ()
    sheet = layout(**SHEET, **{"Production (t)": ("1,234",)})
    with pytest.raises(Faults) as caught:
        confirm(found, MINE, sheet)
    (fault, *_) = caught.value.faults
    assert (fault.code, fault.facts["options"]) == ("mapping.numbers-ambiguous", "1,234.5 | 1234,5")
    settled = declare(found, {"production": NumberForm(group=",")})
    assert {f.column: f.number for f in confirm(settled, MINE, sheet).feeds}["production"] == NumberForm(group=",")


def test_ambiguous_dates_are_refused_too() -> None:
    """`03/04/2024` alone has no order, and a serial number no system."""
    for values, options in ((("03/04/2024",), ("dmy", "mdy")), (("45356",), ("excel-1900", "excel-1904"))):
        sheet = layout(**{"CVE": ("CVE-2024-3400",), "Vendor": ("A",), "Product": ("B",), "Date added": values})
        profile = {name: count(samples) for name, samples in zip(sheet.columns, sheet.samples, strict=True)}
        found = suggest(KEV, sheet, CODES, profile)
        feed, doubts, told = proposal(found, "date_added")
        assert (feed.dates, told) == (None, options)
        assert Doubt.DATES in doubts
        with pytest.raises(Faults) as caught:
            confirm(found, KEV, sheet)
        assert "mapping.dates-ambiguous" in {fault.code for fault in caught.value.faults}
        settled = declare(found, {"date_added": DateForm(options[0])})
        assert proposal(settled, "date_added")[0].dates == DateForm(options[0])


def test_only_what_can_be_read_in_several_ways_is_looked_through() -> None:
    """Quantities and dates are profiled, codes and texts are not."""
    found = with_production("5")
    assert set(to_prove(found, MINE)) == {"Year", "Production (t)"}
    with pytest.raises(Invalid, match="mapping.column-missing"):
        declare(found, {"nothing": DateForm.DMY})


@pytest.mark.parametrize("profiler", [PolarsProfiler(), MemoryEngine()], ids=["polars", "memory"])
def test_a_profile_counts_every_value(profiler: PolarsProfiler | MemoryEngine, tmp_path: Path) -> None:
    """What engines count natively is what `readings.count` counts one by one; the last row counts like the first."""
    values = ["1,234"] * 50 + [
        "１２",
        "",
        " 1.234,56 ",
        "03/04/2024",
        "令和6年3月5日",
        "2024-03-05 1:02",
        "x",
        "1'234.5",
    ]
    text = "a,b\n" + "".join(f'"{value}",1\n' for value in values)
    found = profiler.profile(csv_source(tmp_path, text), ["a", "zzz"])
    assert {name: dict(counts) for name, counts in found.items()} == {"a": count(values)}
    assert profiler.profile(csv_source(tmp_path, text), ["zzz"]) == {}


# --- wide tables ------------------------------------------------------------------------------------------------------

WIDE = layout(
    **{"국가": ("칠레", "페루"), "광종": ("구리", "구리"), "공정": ("정련", "정련"), "2018년": ("1,089.5", "5"),
       "2019년": ("7", "8"), "2020년": ("9", "-"), "단위": ("천톤", "천톤"), "증감률(%)": ("-2.7", "3")}
)  # fmt: skip


def test_years_as_columns_are_seen_and_asked_about() -> None:
    """The headers become years, the unit column goes with the values, a change in per cent is none of them."""
    found = suggest(MINE, WIDE, CODES)
    assert found.unpivot == Unpivot(
        names_to="year", values_to="production", columns={"2018년": "2018", "2019년": "2019", "2020년": "2020"}
    )
    feed, doubts, _ = proposal(found, "production")
    assert (feed.source, feed.unit_source) == (None, "단위")
    assert Doubt.NOT_EXACT in doubts
    assert found.unused == ("증감률(%)",)
    fit = confirm(found, MINE, WIDE, answers=accepted(found), dropped=found.unused)
    assert fit.unpivot == found.unpivot
    assert fit_from_json(fit_to_json(fit)) == fits.read(fits.write(fit)) == fit


def test_kinds_of_hashes_may_be_columns() -> None:
    """`MD5` and `SHA256` as headers are kinds of indicators, their values the indicators; one alone is no series."""
    found = suggest(IOC, layout(MD5=("d" * 32,), SHA256=("a1" * 32,), family=("emotet",)), CODES)
    assert found.unpivot is not None
    assert (found.unpivot.names_to, found.unpivot.values_to) == ("type", "value")
    assert set(found.unpivot.columns) == {"MD5", "SHA256"}
    assert not any(p.certain for p in found.asked)
    assert suggest(IOC, layout(MD5=("d" * 32,), SHA256=("none so far",)), CODES).unpivot is None


@pytest.mark.parametrize(
    ("headers", "names_to", "told"),
    [
        (("リチウム", "コバルト", "ウラン"), "mineral", ["lithium", "cobalt", "uranium"]),
        (("광산 생산량", "제련 생산량", "정련 생산량"), "stage", ["mining", "primary", "refining"]),
        (("FY2020", "FY2021", "2022e"), "year", ["2020", "2021", "2022"]),
        (("平成30年度", "令和元年", "R3"), "year", ["2018", "2019", "2021"]),
        (("FY20", "'21", "CY 22"), "year", ["2020", "2021", "2022"]),
    ],
)
def test_minerals_and_stages_may_be_columns_too(headers: tuple[str, ...], names_to: str, told: list[str]) -> None:
    """Any code list can lie in breadth; a total and a note beside it do not belong."""
    rest = {"mineral": "鉱種", "stage": "段階", "year": "年"}
    values = {"mineral": ("銅", "銅"), "stage": ("採掘", "採掘"), "year": ("2022", "2022")}
    columns = {"国名": ("中国", "ロシア"), **{rest[c]: values[c] for c in rest if c != names_to}}
    columns |= dict.fromkeys(headers, ("19,000", "-")) | {"合計": ("22,900", "5"), "脚注": ("", "")}
    found = suggest(MINE, layout(**columns), CODES).unpivot
    assert found is not None
    assert (found.names_to, found.values_to, list(found.columns.values())) == (names_to, "production", told)


def test_no_table_is_wide_without_reason() -> None:
    """One year is no series, two that say the same are none, and a standard with no one quantity has no wide tables."""
    assert suggest(MINE, layout(**{"2019": ("1",)}), CODES).unpivot is None
    assert suggest(MINE, layout(**{"2019": ("1",), "2019년": ("2",)}), CODES).unpivot is None
    assert suggest(MINE, layout(**{"2019": ("a",), "2020": ("b",)}), CODES).unpivot is None
    assert suggest(KEV, layout(**{"2019": ("1",), "2020": ("2",)}), CODES).unpivot is None
    two = replace(MINE, columns=(*MINE.columns, Column(name="other", type=Type.DECIMAL, precision=9)))
    assert suggest(two, layout(**{"2019": ("1",), "2020": ("2",)}), CODES).unpivot is None


def faults_of(fit: Fit) -> list[str]:
    """The codes of what is wrong with a fit for the wide table."""
    return [fault.code for fault in fit_faults(fit, MINE, WIDE)]


def test_a_wrong_unpivot_is_told() -> None:
    """Unknown columns, the same column twice, nothing to fold, and a source beside it."""
    suggestion = suggest(MINE, WIDE, CODES)
    fit = confirm(suggestion, MINE, WIDE, answers=accepted(suggestion), dropped=suggestion.unused)
    assert faults_of(fit) == []
    held = fit.unpivot
    assert held is not None
    assert "mapping.column-unknown" in faults_of(replace(fit, unpivot=replace(held, names_to="yeer")))
    assert "mapping.unpivot-empty" in faults_of(replace(fit, unpivot=replace(held, names_to="production")))
    assert "mapping.unpivot-empty" in faults_of(replace(fit, unpivot=replace(held, columns={})))
    assert "mapping.source-unknown" in faults_of(replace(fit, unpivot=replace(held, columns={"1999": "1999"})))
    both = tuple(replace(f, constant="1") if f.column == "production" else f for f in fit.feeds)
    assert "mapping.unpivot-twice" in faults_of(replace(fit, feeds=both))
    bare = tuple(f for f in fit.feeds if f.column != "production")
    assert "mapping.unit-missing" in faults_of(replace(fit, feeds=bare))
    spelled = tuple(replace(f, dates=DateForm.DMY) if f.column == "mineral" else f for f in fit.feeds)
    assert "plan.reading-needless" in faults_of(replace(fit, feeds=spelled))


@pytest.mark.parametrize(
    "broken",
    [
        {"unpivot": None},
        {"unpivot": {"names_to": "a", "values_to": "b"}},
        {"unpivot": {"names_to": "a", "values_to": "b", "columns": ["x"]}},
        {"unpivot": {"names_to": "a", "values_to": "b", "columns": {"x": 1}}},
        {"feeds": {"year": {"source": "x", "number": "1;5"}}},
        {"feeds": {"year": {"source": "x", "dates": "soon"}}},
    ],
)
def test_a_malformed_reading_or_unpivot_is_refused(broken: Mapping[str, object]) -> None:
    """A mapping is read strictly."""
    good = {"v": 1, "standard": "a.b", "version": "1.0.0", "feeds": {}, "dropped": []}
    assert fit_from_json(good).unpivot is None
    with pytest.raises(Invalid, match=r"mapping\.(fit-malformed|number-form|date-form)"):
        fit_from_json({**good, **broken})


# --- remembered -------------------------------------------------------------------------------------------------------


def test_a_changed_layout_is_shown_as_a_difference_and_keeps_what_was_confirmed() -> None:
    """New and vanished columns are named; what was confirmed of the others stands, readings included."""
    sheet = layout(**SHEET, **{"Production (t)": ("1,234",)})
    settled = declare(with_production("1,234"), {"production": NumberForm(group=",")})
    fit = confirm(settled, MINE, sheet)
    later = layout(**{**SHEET, "Production (t)": ("1,234",), "Remarks": ("a",)})
    later = replace(later, columns=tuple("Land" if name == "Country" else name for name in later.columns))
    found = difference(fit, later)
    assert (found.added, found.gone) == (("Land", "Remarks"), ("Country",))
    suggestion = suggest(MINE, later, CODES, None, fit)
    feed, doubts, _ = proposal(suggestion, "production")
    assert (feed.number, doubts) == (NumberForm(group=","), ())
    assert {p.feed.column for p in suggestion.certain if p.why is Why.REMEMBERED} == {
        "mineral", "stage", "year", "production",
    }  # fmt: skip
    assert difference(fit, sheet) == difference(fit, replace(sheet, columns=tuple(reversed(sheet.columns))))


# --- the foreign layouts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("which", "layouts"), [("first", 114), ("second", 104)])
def test_of_foreign_layouts_no_column_is_wrong_unasked(which: str, layouts: int) -> None:
    """Foreign layouts in three languages: nothing is accepted wrong, and nearly all is found."""
    import matching as benchmark

    score, _ = benchmark.run(benchmark.ours, which)
    assert (score.layouts, score.accepted_wrong) == (layouts, 0)
    assert score.right >= 0.97 * score.columns
    assert score.accepted > 0
