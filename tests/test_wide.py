"""Tables laid out in breadth are seen, asked about, and described without fault."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from datadam.confirming import accepted, confirm
from datadam.errors import Invalid
from datadam.formats import fits
from datadam.mapping import fit_faults, fit_from_json, fit_to_json
from datadam.model import Column, DateForm, Fit, Type, Unpivot
from datadam.proposing import Doubt, suggest
from strangers import CODES, IOC, KEV, MINE, layout, proposal

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


def test_symbols_of_elements_are_minerals() -> None:
    """Cu, Pb and Zn as headers over quantities are one column of minerals."""
    rest = {"Country": ("Chile", "Peru"), "Stage": ("mining", "mining"), "Year": ("2021", "2022")}
    found = suggest(MINE, layout(**rest, Cu=("5", "6"), Pb=("7", "8"), Zn=("9", "1")), CODES).unpivot
    assert found is not None
    assert (found.names_to, list(found.columns.values())) == ("mineral", ["copper", "lead", "zinc"])


def test_an_estimate_of_a_year_is_that_year() -> None:
    """`PROD_EST_2023` stands beside `PROD_2022`; reserves of a year do not."""
    rest = {"Country": ("Chile", "Peru"), "Mineral": ("copper", "copper"), "Stage": ("mining", "mining")}
    columns = {"PROD_2022": ("5", "6"), "PROD_EST_2023": ("7", "8"), "RESERVES_2023": ("9", "1")}
    found = suggest(MINE, layout(**rest, **columns), CODES).unpivot
    assert found is not None
    assert found.columns == {"PROD_2022": "2022", "PROD_EST_2023": "2023"}
