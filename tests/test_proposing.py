"""What is proposed for a file of a stranger: what is certain, what is asked, and what numbers and dates prove."""

from dataclasses import replace
from pathlib import Path

import pytest

from datadam import matching
from datadam.adapters.memory.engine import MemoryEngine
from datadam.adapters.polars_profile import PolarsProfiler
from datadam.confirming import accepted, confirm, declare
from datadam.errors import Faults, Invalid
from datadam.mapping import difference
from datadam.matching import Candidate
from datadam.model import DateForm, NumberForm, Standard, number_form
from datadam.proposing import Doubt, Suggestion, Why, suggest, to_prove
from datadam.readings import count
from strangers import CODES, EDGE, IOC, KEV, MINE, first, layout, proposal
from test_engine_behaviours import csv_source


def test_values_alone_make_a_question_and_no_more() -> None:
    """Addresses under a header that says nothing are proposed as indicators, and asked about."""
    found = suggest(IOC, layout(zzz=("198.51.100.7", "hxxp://bad[.]example[.]com/x"), qqq=("a", "b")), CODES)
    assert [(p.feed.source, p.why) for p in found.asked if p.feed.column == "value"] == [("zzz", Why.VALUES)]
    held = matching.score(IOC.column("value"), Candidate(header="zzz", samples=("198.51.100.7",)), CODES)
    assert held.score > 0.3
    found = suggest(MINE, layout(zzz=("Chile", "Peru", "CHN")), CODES)
    assert [(p.feed.column, p.why, p.certain) for p in found.asked] == [("country", Why.VALUES, False)]


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
