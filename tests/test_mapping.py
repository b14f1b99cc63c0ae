"""Mapping asks wherever it is not certain, and what is certain is right."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datadam import readings, texts
from datadam.confirming import accepted, confirm, measure
from datadam.errors import Faults, Invalid
from datadam.formats import codelists, fits, odcs
from datadam.mapping import carried, checked, fit_digest, fit_from_json, fit_to_json
from datadam.model import Feed, Fit, Layout, Standard, StandardId
from datadam.proposing import Doubt, Suggestion, suggest
from datadam.standard import known_as, plain

CODES = codelists.packaged()
KEV = odcs.read(codelists.packaged_standard("cti.exploited-vulnerability"))
IOC = odcs.read(codelists.packaged_standard("cti.indicator"))
MINE = odcs.read(codelists.packaged_standard("supply.mineral-production"))
EDGE = odcs.read(codelists.packaged_standard("supply.supply-edge"))


def layout(*columns: str, samples: Mapping[str, tuple[str, ...]] | None = None, types: str = "text") -> Layout:
    """A layout with samples for some columns."""
    held = samples or {}
    return Layout(columns=columns, types=(types,) * len(columns), samples=tuple(held.get(c, ()) for c in columns))


def certain(found: Suggestion) -> dict[str, str | None]:
    """Standard column → source column of everything that needs no answer."""
    return {p.feed.column: p.feed.source for p in found.certain}


def asked(found: Suggestion) -> dict[str, tuple[str | None, tuple[Doubt, ...]]]:
    """Standard column → source column and doubts of every question; each has words."""
    for proposal in found.asked:
        for reason in proposal.reasons:
            for language in texts.LANGUAGES:
                assert "{" not in texts.say(reason.code, language, **reason.facts)
    return {p.feed.column: (p.feed.source, p.doubts) for p in found.asked}


def codes_of(error: Faults) -> list[str]:
    """The codes of every fault; each has words."""
    for fault in error.faults:
        assert "{" not in texts.say(fault.code, "ko", **fault.facts)
    return [fault.code for fault in error.faults]


# --- headers of strangers ---------------------------------------------------------------------------------------------

NO_DOUBT: tuple[Doubt, ...] = ()
FOREIGN: list[tuple[Standard, tuple[str, ...], dict[str, str]]] = [
    (KEV, ("cve_id", "vendor", "product", "date_added"), {"cve_id": "cve_id", "date_added": "date_added"}),
    (KEV, ("CVE Number", "Manufacturer", "Product Name", "Added"), {"cve_id": "CVE Number", "vendor": "Manufacturer"}),
    (KEV, ("CVE-ID", "VENDOR", "PRODUCT", "Date Added", "Due-Date"), {"cve_id": "CVE-ID", "due_date": "Due-Date"}),
    (KEV, ("CVE 번호", "제조사", "제품명", "등재일", "조치 기한"), {"cve_id": "CVE 번호", "due_date": "조치 기한"}),
    (KEV, ("취약점 번호", "공급사", "제품", "추가일", "랜섬웨어"), {"vendor": "공급사", "ransomware_use": "랜섬웨어"}),
    (KEV, ("Affected Product", "Listed on", "Fix by", "CVE", "vendor or project"), {"due_date": "Fix by"}),
    (IOC, ("indicator type", "observable", "TLP Marking"), {"type": "indicator type", "value": "observable"}),
    (IOC, ("Kind", "IOC", "TLP", "First Seen", "Last Seen"), {"type": "Kind", "first_seen": "First Seen"}),
    (IOC, ("유형", "지표", "TLP", "최초 탐지", "만료일"), {"type": "유형", "valid_until": "만료일"}),
    (
        IOC,
        ("지표종류", "침해지표", "배포 등급", "신뢰도"),
        {"value": "침해지표", "tlp": "배포 등급", "confidence": "신뢰도"},
    ),
    (
        IOC,
        ("category", "IOC value", "sharing level", "threat actor", "TTP"),
        {"actor": "threat actor", "technique": "TTP"},
    ),
    (MINE, ("Country", "Commodity", "Stage", "Year", "Production (t)"), {"production": "Production (t)"}),
    (MINE, ("ISO Code", "metal", "step", "production year", "output (kt)"), {"production": "output (kt)"}),
    (
        MINE,
        ("Producing Country", "Raw Material", "Processing Stage", "Year", "Quantity [kg]"),
        {"production": "Quantity [kg]"},
    ),
    (MINE, ("국가명", "광종", "단계", "년도", "생산량（톤）"), {"country": "국가명", "production": "생산량（톤）"}),
    (MINE, ("나라", "품목", "공정 단계", "기준연도", "물량, 천톤"), {"country": "나라", "production": "물량, 천톤"}),
    (MINE, ("pays", "mineral", "stage", "année", "tonnage (tonnes)"), {"country": "pays", "year": "année"}),
    (MINE, ("país", "mineral", "stage", "año", "volume in kg"), {"country": "país", "production": "volume in kg"}),
    (MINE, ("country", "mineral", "stage", "year", "production_kt"), {"production": "production_kt"}),
    (
        EDGE,
        ("Supplier", "Buyer", "HS", "Share", "Criticality", "Date"),
        {"supplier_id": "Supplier", "customer_id": "Buyer"},
    ),
    (
        EDGE,
        ("vendor id", "buyer id", "tariff code", "second sources"),
        {"hs6": "tariff code", "supplier_id": "vendor id"},
    ),
    (
        EDGE,
        ("공급자", "고객", "HS부호", "구매 비중", "필수 여부", "기준일"),
        {"supplier_id": "공급자", "essential": "필수 여부"},
    ),
    (EDGE, ("공급업체 번호", "구매자 번호", "품목번호", "리드타임", "재고일수"), {"lead_time_days": "리드타임"}),
]


@pytest.mark.parametrize(("standard", "headers", "expected"), FOREIGN)
def test_foreign_headers_find_their_columns(
    standard: Standard, headers: tuple[str, ...], expected: dict[str, str]
) -> None:
    """Names, titles and synonyms in English, Korean and others are certain, units in the header split off."""
    found = suggest(standard, layout(*headers), CODES)
    assert expected.items() <= certain(found).items()
    assert not found.asked
    assert not found.unused


WRONG: list[tuple[Standard, str, str]] = [
    (KEV, "CVE description", "cve_id"),
    (KEV, "date updated", "date_added"),
    (KEV, "vendor phone", "vendor"),
    (KEV, "products", "product"),
    (IOC, "value at risk", "value"),
    (IOC, "types", "type"),
    (IOC, "last seen by", "last_seen"),
    (MINE, "production capacity", "production"),
    (MINE, "production (lb)", "production"),
    (MINE, "production (MT)", "production"),
    (MINE, "production (USD)", "production"),
    (MINE, "production (ton)", "production"),
    (MINE, "country of destination", "country"),
    (MINE, "생산능력", "production"),
    (MINE, "수출국가", "country"),
    (EDGE, "supplier name", "supplier_id"),
    (EDGE, "customers", "customer_id"),
    (EDGE, "share (2019)", "share_band"),
    (EDGE, "lead time (weeks)", "lead_time_days"),
]


@pytest.mark.parametrize(("standard", "header", "lookalike"), WRONG)
def test_a_lookalike_is_never_taken_without_asking(standard: Standard, header: str, lookalike: str) -> None:
    """A header that only resembles, or names another unit, is a question or nothing; it never maps by itself."""
    found = suggest(standard, layout(header), CODES)
    assert not found.certain
    assert asked(found).get(lookalike, (header, NO_DOUBT))[0] == header


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=25), st.sampled_from([KEV, IOC, MINE, EDGE]))
def test_certain_means_that_the_name_is_one_of_the_columns(header: str, standard: Standard) -> None:
    """The law of certainty, over any header at all: what maps unasked bears a name that the standard lists."""
    for proposal in suggest(standard, layout(header), CODES).certain:
        column = standard.column(proposal.feed.column)
        listed = {plain(name) for name in known_as(column)}
        assert plain(header) in listed or proposal.feed.unit is not None


def test_values_can_speak_against_a_name() -> None:
    """A column called `country` full of port names is asked about."""
    found = suggest(MINE, layout("country", samples={"country": ("Rotterdam", "Busan", "Santos")}), CODES)
    assert asked(found) == {"country": ("country", (Doubt.VALUES,))}


def test_values_alone_are_worth_a_question() -> None:
    """A header that says nothing, over values that are all CVE numbers: a question, not an answer."""
    samples = {"x1": ("CVE-2024-1234", "CVE-2024-1235", "CVE-2025-0001")}
    found = suggest(KEV, layout("x1", samples=samples), CODES)
    assert asked(found) == {"cve_id": ("x1", (Doubt.NOT_EXACT,))}
    assert not found.certain


def test_two_columns_of_one_meaning_are_asked_about() -> None:
    """Country by name and by code: the code is proposed, the other named, nothing taken."""
    samples = {"country": ("Chile", "Burma"), "iso3": ("CHL", "MMR")}
    found = suggest(MINE, layout("country", "iso3", samples=samples), CODES)
    assert asked(found) == {"country": ("iso3", (Doubt.SEVERAL,))}
    assert found.asked[0].others == ("country",)


def test_a_missing_unit_is_asked_about() -> None:
    """Figures without a unit anywhere: tonnes are proposed, never assumed."""
    found = suggest(MINE, layout("production", samples={"production": ("5", "7")}), CODES)
    assert asked(found) == {"production": ("production", (Doubt.UNIT_MISSING,))}


def test_a_column_of_units_gives_the_unit_row_by_row() -> None:
    """USGS names a unit in each row; one that is no unit of the column makes it a question again."""
    good = suggest(MINE, layout("production", "unit", samples={"unit": ("kg Ga", "t REO", "kt")}), CODES)
    assert good.certain[0].feed == Feed(column="production", source="production", unit_source="unit")
    assert not good.unused
    bad = suggest(MINE, layout("production", "unit", samples={"unit": ("barrels",)}), CODES)
    assert asked(bad) == {"production": ("production", (Doubt.UNIT_MISSING,))}
    assert bad.unused == ("unit",)


def test_a_unit_as_header_is_a_question() -> None:
    """A column headed `kt` may well be the production: ask."""
    found = suggest(MINE, layout("kt", samples={"kt": ("12.5", "3")}), CODES)
    assert asked(found) == {"production": ("kt", (Doubt.NOT_EXACT,))}
    assert found.asked[0].feed.unit == "kt"


@pytest.mark.parametrize("physical", ["bool", "date32[day]", "timestamp[us]", "double"])
def test_a_physical_type_that_cannot_be_is_asked_about(physical: str) -> None:
    """A Parquet column called `year` that holds dates or doubles is not taken for an integer unasked."""
    assert asked(suggest(MINE, layout("year", types=physical), CODES)) == {"year": ("year", (Doubt.VALUES,))}
    assert certain(suggest(MINE, layout("year", types="int32"), CODES)) == {"year": "year"}


def test_what_is_missing_and_what_is_unused_is_said() -> None:
    """Required columns without a source, and source columns without a use."""
    found = suggest(KEV, layout("cveID", "internal remark", samples={"internal remark": ("a", "b")}), CODES)
    assert found.missing == ("vendor", "product", "date_added")
    assert found.unused == ("internal remark",)


def test_a_hostile_header_costs_nothing() -> None:
    """A megabyte of blanks and brackets, and a thousand columns, are answered in seconds of CPU."""
    start = time.thread_time()
    assert not suggest(EDGE, layout(" " * 500_000 + "(" * 500_000), CODES).certain
    wide = suggest(EDGE, layout(*(f"supplier nr {number}" for number in range(1000))), CODES)
    assert not wide.certain
    assert time.thread_time() - start < 10


# --- confirm ----------------------------------------------------------------------------------------------------------

USGS = layout(
    "commodity", "unit", "stage", "country", "iso3", "year", "production",
    samples={"unit": ("t",), "country": ("Chile",), "iso3": ("CHL",)},
)  # fmt: skip


def confirmed() -> Fit:
    """A fit of USGS's layout, with its one question answered."""
    found = suggest(MINE, USGS, CODES)
    return confirm(found, MINE, USGS, answers=accepted(found), dropped=["country"])


@pytest.mark.parametrize("value", ["1,234", "12345", "-5"])
def test_a_number_that_will_be_refused_is_no_reason_to_lose_its_column(value: str) -> None:
    """Out of bounds, or in a form that has to be proved: a column of that very name is asked about, never dropped."""
    found = suggest(EDGE, layout("supplier_id", "days_of_supply", samples={"days_of_supply": (value,)}), CODES)
    assert "days_of_supply" in {p.feed.column for p in found.asked}


def test_numbers_of_too_many_digits_are_no_question() -> None:
    """Nothing could be answered: each row is refused on its own, and the others are taken."""
    counted = readings.count(["1" * 38, "2" * 38])
    assert readings.numbers(counted) == readings.Proven(form=None)
    mixed = readings.numbers(readings.count(["1" * 38, "2"], counted))
    assert isinstance(mixed, readings.Open)
    assert mixed.options


def test_a_question_must_be_answered() -> None:
    """No answer, no fit; and every source column is mapped or dropped by name."""
    found = suggest(MINE, USGS, CODES)
    with pytest.raises(Faults) as caught:
        confirm(found, MINE, USGS)
    assert codes_of(caught.value) == ["mapping.not-answered", "mapping.source-left-over"]
    assert caught.value.faults[1].facts["source"] == "country"
    assert {f.source for f in confirmed().feeds} == {"commodity", "stage", "iso3", "year", "production"}


def test_a_question_may_be_declined_unless_the_column_is_required() -> None:
    """Declining an optional column is fine; a required one needs a source or a constant."""
    held = layout("cveID", "vendor", "product", "dateAdded", "vulnerability names")
    found = suggest(KEV, held, CODES)
    assert "vulnerability" in asked(found)
    fit = confirm(found, KEV, held, declined=["vulnerability"], dropped=["vulnerability names"])
    assert "vulnerability" not in {feed.column for feed in fit.feeds}
    with pytest.raises(Faults) as caught:
        confirm(found, KEV, held, declined=["vulnerability", "vendor"], dropped=["vulnerability names", "vendor"])
    assert codes_of(caught.value) == ["mapping.column-missing"]


def test_a_constant_may_stand_for_a_column() -> None:
    """A file of one year has no year column: the contributor says it."""
    held = layout("country", "mineral", "stage", "production (t)")
    found = suggest(MINE, held, CODES)
    fit = confirm(found, MINE, held, answers=[Feed(column="year", constant="2024")])
    assert Feed(column="year", constant="2024") in fit.feeds


def test_a_yes_never_settles_an_unknown_unit() -> None:
    """`accepted` agrees to what is proposed; pounds stay a question until somebody names a unit that is taken."""
    held = layout("country", "mineral", "stage", "year", "production (lb)")
    found = suggest(MINE, held, CODES)
    with pytest.raises(Faults) as caught:
        confirm(found, MINE, held, answers=accepted(found))
    (question,) = caught.value.faults
    assert (question.code, question.facts["known"]) == ("mapping.unit-asked", "t, kt, kg, g")


def test_a_unit_that_is_said_settles_its_question_and_no_other() -> None:
    """In place of one that nobody knows or the header names; a unit that is not taken stays a fault, as does a typo."""
    held = layout("country", "mineral", "stage", "year", "production (lb)")
    found = measure(suggest(MINE, held, CODES), {"production": "kt"})
    fit = confirm(found, MINE, held, answers=accepted(found))
    assert {feed.unit for feed in fit.feeds if feed.column == "production"} == {"kt"}
    held = layout("country", "mineral", "stage", "year", "production (t)")
    fit = confirm(measure(suggest(MINE, held, CODES), {"production": "kg"}), MINE, held)
    assert {feed.unit for feed in fit.feeds if feed.column == "production"} == {"kg"}
    with pytest.raises(Faults) as caught:
        confirm(measure(suggest(MINE, held, CODES), {"production": "lb"}), MINE, held)
    assert codes_of(caught.value) == ["mapping.unit-unknown"]
    with pytest.raises(Invalid, match=r"mapping\.column-missing"):
        measure(suggest(MINE, held, CODES), {"prodution": "kg"})


def test_a_wide_table_and_its_unit_are_two_questions() -> None:
    """Each is put by itself; that its columns are mapped to nothing yet is no fault of their own."""
    held = layout("country", "mineral", "stage", "2020", "2021", samples={"2020": ("1",), "2021": ("2",)})
    with pytest.raises(Faults) as caught:
        confirm(suggest(MINE, held, CODES), MINE, held)
    assert codes_of(caught.value) == ["mapping.wide-asked", "mapping.unit-asked"]


def spoil(fit: Fit, **changes: object) -> Fit:
    """The fit with its first feed changed."""
    return replace(fit, feeds=(replace(fit.feeds[0], **changes), *fit.feeds[1:]))  # type: ignore[arg-type]  # any field


@pytest.mark.parametrize(
    ("version", "carries"),
    [("1.0.1", True), ("1.3.0", True), ("1.10.0", True), ("2.0.0", False), ("0.9.0", False), ("1.0.0", False)],
)
def test_a_fit_is_carried_to_versions_that_mean_the_same(version: str, carries: bool) -> None:
    """Later ones under the same first number; from a newer one, or to one that breaks, it is asked anew."""
    fit = replace(confirmed(), version="1.0.0")
    newer = replace(MINE, version=version)
    assert carried(fit, newer) == (replace(fit, version=version) if carries else fit)
    other = replace(newer, id=StandardId("cti.indicator"))
    assert carried(fit, other) == fit


SPOILED: list[tuple[str, Fit]] = [
    ("mapping.other-standard", replace(confirmed(), version="9.9.9")),
    ("mapping.other-standard", replace(confirmed(), standard=StandardId("cti.indicator"))),
    ("mapping.column-unknown", spoil(confirmed(), column="nothing")),
    ("mapping.column-twice", replace(confirmed(), feeds=(*confirmed().feeds, confirmed().feeds[0]))),
    ("mapping.source-twice", spoil(confirmed(), source="stage")),
    ("mapping.source-unknown", spoil(confirmed(), source="nowhere")),
    ("mapping.source-or-constant", spoil(confirmed(), constant="x")),
    ("mapping.source-or-constant", spoil(confirmed(), source=None)),
    ("mapping.unit-unused", spoil(confirmed(), unit_source="unit")),
    ("mapping.unit-unknown", spoil(confirmed(), unit="kg")),
    ("mapping.unit-twice", spoil(confirmed(), unit="kg", unit_source="unit")),
    ("mapping.column-missing", replace(confirmed(), feeds=confirmed().feeds[1:])),
    ("mapping.source-left-over", replace(confirmed(), dropped=())),
    ("mapping.dropped-unknown", replace(confirmed(), dropped=("country", "nothing"))),
    ("mapping.dropped-used", replace(confirmed(), dropped=("country", "year"))),
    (
        "mapping.unit-missing",
        replace(
            confirmed(),
            feeds=tuple(replace(f, unit_source=None) for f in confirmed().feeds),
            dropped=("country", "unit"),
        ),
    ),
]


@pytest.mark.parametrize(("code", "fit"), SPOILED)
def test_a_fit_that_does_not_fit_is_refused(code: str, fit: Fit) -> None:
    """Each wrong thing gives its own fault; the good one passes."""
    assert checked(confirmed(), MINE, USGS) == confirmed()
    with pytest.raises(Faults) as caught:
        checked(fit, MINE, USGS)
    assert code in codes_of(caught.value)


# --- remember ---------------------------------------------------------------------------------------------------------

parts = st.text(max_size=20)
feeds = st.builds(
    Feed,
    column=parts,
    source=st.none() | parts,
    constant=st.none() | parts,
    unit=st.none() | parts,
    unit_source=st.none() | parts,
)
any_fit = st.builds(
    Fit,
    standard=st.just(MINE.id),
    version=parts,
    feeds=st.lists(feeds, max_size=4, unique_by=lambda feed: feed.column).map(tuple),
    dropped=st.lists(parts, max_size=3).map(tuple),
)


@settings(max_examples=100, deadline=None)
@given(any_fit)
def test_a_fit_comes_back_from_json_and_yaml(fit: Fit) -> None:
    """Nothing of a confirmed mapping is lost, whatever the headers are called."""
    assert fit_from_json(json.loads(json.dumps(fit_to_json(fit)))) == fit
    assert fits.read(fits.write(fit)) == fit


def test_the_digest_does_not_hang_on_order() -> None:
    """The same mapping has the same digest however it was listed; any other has another."""
    fit = confirmed()
    turned = replace(fit, feeds=tuple(reversed(fit.feeds)))
    assert fit_digest(turned) == fit_digest(fit) != fit_digest(spoil(fit, source="country"))


@pytest.mark.parametrize(
    "found",
    [
        None, [], {}, "x",
        {**fit_to_json(confirmed()), "v": 2},
        {**fit_to_json(confirmed()), "v": True},
        {**fit_to_json(confirmed()), "more": 1},
        {**fit_to_json(confirmed()), "feeds": []},
        {**fit_to_json(confirmed()), "feeds": {"a": {"sauce": "b"}}},
        {**fit_to_json(confirmed()), "feeds": {"a": {"source": 3}}},
        {**fit_to_json(confirmed()), "feeds": {"a": "b"}},
        {**fit_to_json(confirmed()), "dropped": [3]},
        {**fit_to_json(confirmed()), "dropped": "country"},
        {**fit_to_json(confirmed()), "version": 1},
        {**fit_to_json(confirmed()), "standard": "../x"},
    ],
)  # fmt: skip
def test_a_malformed_fit_is_refused(found: object) -> None:
    """Strict: no unknown field, no wrong type, no other version."""
    with pytest.raises(Invalid):
        fit_from_json(found)


def test_a_draft_is_no_answer_until_its_questions_are_gone() -> None:
    """The YAML draft carries `confirm` at every question; with that line deleted it is a fit."""
    text = fits.draft(suggest(MINE, USGS, CODES))
    with pytest.raises(Invalid) as caught:
        fits.read(text)
    assert (caught.value.code, caught.value.facts["columns"]) == ("mapping.draft-open", "country")
    lines = text.splitlines()
    at = next(n for n, line in enumerate(lines) if line.strip().startswith("confirm"))
    answered = "\n".join(lines[:at] + lines[at + 2 :])
    assert fit_digest(checked(fits.read(answered), MINE, USGS)) == fit_digest(confirmed())


def test_no_fit_text_crashes_the_reader(tmp_path: Path) -> None:
    """A fit file is a person's: whatever it holds, the answer is a coded refusal."""
    for number, text in enumerate(("", "feeds: 3", "- a", "feeds: {a: [confirm]}", "{v: 1, feeds: {a: {confirm: 1}}}")):
        (tmp_path / f"{number}.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(Invalid):
            fits.read((tmp_path / f"{number}.yaml").read_text(encoding="utf-8"))
