"""Two standards side by side: what agrees, converts or conflicts, and never more than the two declare."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import cli, client, texts
from datadam.alignment import Alignment, Finding, Verdict, align
from datadam.cli.evolving import news
from datadam.dam import lineage, publish
from datadam.edges.terminal import Terminal
from datadam.formats import codelists, odcs
from datadam.model import (
    Attribution,
    CodeList,
    Column,
    CrossRule,
    PrivacyClass,
    Protection,
    Repeat,
    Tier,
    Type,
    Unit,
)
from drafts import column, standard
from served import STANDARD, Served, serving
from worlds import standard_text

ALPHA2 = CodeList(
    name="two",
    title="",
    origin="",
    licence="",
    codes=frozenset({"KR", "DE", "01"}),
    aliases={"kr": "KR", "korea": "KR", "de": "DE", "germany": "DE", "01": "01", "one": "01"},
)
ALPHA3 = CodeList(
    name="three",
    title="",
    origin="",
    licence="",
    codes=frozenset({"KOR", "DEU", "01"}),
    aliases={"kor": "KOR", "korea": "KOR", "deu": "DEU", "germany": "DEU", "01": "01", "first": "01"},
)
CODES = {"two": ALPHA2, "three": ALPHA3}
T = Unit(symbol="t", numerator=1, synonyms=("tonne",))
KG_OF_T = Unit(symbol="kg", numerator=1, denominator=1000)


def aligned(left: Column, right: Column) -> dict[str, Finding]:
    """What is found of one pair of columns, by aspect; each has words in both languages."""
    (pair,) = align(standard(left), standard(right), CODES).pairs
    spoken(pair.findings)
    return {one.aspect: one for one in pair.findings}


def spoken(findings: tuple[Finding, ...]) -> None:
    """Every finding can be said."""
    for one in findings:
        for language in texts.LANGUAGES:
            told = texts.say(one.code, language, **one.facts)
            assert told != one.code
            assert "{" not in told


# --- which columns ----------------------------------------------------------------------------------------------------


def matched(found: Alignment) -> list[tuple[str, str, str]]:
    """The pairs without what was found of them."""
    return [(pair.left, pair.right, pair.by) for pair in found.pairs]


def test_columns_meet_by_name_then_title_then_synonym() -> None:
    """Letters and digits only; a closer match goes first; what is left over is named."""
    left = standard(
        column("cve_id"),
        column("a", titles={"ko": "생산량"}),
        column("b", synonyms=("Site number",)),
        column("c", titles={"en": "other"}),
    )
    right = standard(
        column("cveid"),
        column("x", titles={"ko": "생산 량"}),
        column("site_number"),
        column("other_thing"),
        column("d"),
    )
    found = align(left, right, CODES)
    assert matched(found) == [("cve_id", "cveid", "name"), ("a", "x", "title"), ("b", "site_number", "synonym")]
    assert (found.only_left, found.only_right) == (("c",), ("other_thing", "d"))
    assert (found.unsure, found.alike) == ((), ())


def test_names_that_lead_to_several_columns_are_for_a_person() -> None:
    """One left column that may be either of two, and two that may both be one."""
    left = standard(
        column("date", synonyms=("start", "end")), column("p", synonyms=("size",)), column("q", synonyms=("big",))
    )
    right = standard(column("start"), column("end"), column("volume", synonyms=("size", "big")))
    found = align(left, right, CODES)
    assert matched(found) == []
    assert found.unsure == (("date", ("end", "start")), ("p", ("volume",)), ("q", ("volume",)))


def test_a_shared_dimension_alone_is_no_match() -> None:
    """It is told as perhaps, with the factor; where nothing connects the units nothing is said."""
    left = standard(
        column(
            "out",
            Type.DECIMAL,
            unit="kt",
            units=(Unit(symbol="kt", numerator=1), Unit(symbol="t", numerator=1, denominator=1000)),
        )
    )
    right = standard(column("made", Type.DECIMAL, unit="t", units=(T,)), column("long", Type.DECIMAL, unit="m"))
    found = align(left, right, CODES)
    assert found.pairs == ()
    assert found.alike == (("out", "made", {"numerator": 1000, "denominator": 1}),)


# --- one pair ---------------------------------------------------------------------------------------------------------

KEPT = Protection.KEEP
CASES: list[tuple[Column, Column, str, Verdict, str]] = [
    (column("a"), column("a"), "type", Verdict.AGREE, "align.same"),
    (column("a", Type.INTEGER), column("a", Type.DECIMAL, scale=2), "type", Verdict.CONVERT, "align.type-converts"),
    (column("a", Type.DECIMAL, scale=0), column("a", Type.INTEGER), "type", Verdict.CONVERT, "align.type-converts"),
    (column("a", Type.DECIMAL, scale=2), column("a", Type.INTEGER), "type", Verdict.CONFLICT, "align.type"),
    (column("a", Type.DATE), column("a"), "type", Verdict.CONVERT, "align.type-converts"),
    (column("a", Type.DATE), column("a", Type.TIMESTAMP), "type", Verdict.CONFLICT, "align.type"),
    (column("a", Type.DECIMAL, scale=2), column("a", Type.NUMBER), "type", Verdict.CONVERT, "align.type-nearest"),
    (
        column("a", Type.INTEGER, minimum=Decimal(0), maximum=Decimal(9)),
        column("a", Type.NUMBER),
        "type",
        Verdict.CONVERT,
        "align.type-converts",
    ),
    (
        column("a", Type.DECIMAL, unit="kg"),
        column("a", Type.DECIMAL, unit="kg"),
        "unit",
        Verdict.AGREE,
        "align.same",
    ),
    (
        column("a", Type.DECIMAL, scale=0, unit="kg"),
        column("a", Type.DECIMAL, scale=3, unit="t", units=(T, KG_OF_T)),
        "unit",
        Verdict.CONVERT,
        "align.unit-converts",
    ),
    (
        column("a", Type.DECIMAL, scale=1, unit="kg"),
        column("a", Type.DECIMAL, scale=3, unit="t", units=(T, KG_OF_T)),
        "unit",
        Verdict.CONVERT,
        "align.unit-rounds",
    ),
    (
        column("a", Type.DECIMAL, unit="metric", units=(Unit(symbol="metric", numerator=1, synonyms=("Tonne",)),)),
        column("a", Type.DECIMAL, unit="t", units=(T,)),
        "unit",
        Verdict.CONVERT,
        "align.unit-converts",
    ),
    (
        column("a", Type.DECIMAL, unit="kg"),
        column("a", Type.DECIMAL),
        "unit",
        Verdict.CONFLICT,
        "align.unit-undeclared",
    ),
    (
        column("a", Type.DECIMAL, unit="mW"),
        column("a", Type.DECIMAL, unit="MW"),
        "unit",
        Verdict.CONFLICT,
        "align.unit-unconnected",
    ),
    (
        column(
            "a",
            Type.DECIMAL,
            unit="ton",
            units=(Unit(symbol="ton", numerator=1), Unit(symbol="kg", numerator=1, denominator=907)),
        ),
        column("a", Type.DECIMAL, unit="t", units=(T, KG_OF_T, Unit(symbol="ton", numerator=1))),
        "unit",
        Verdict.CONFLICT,
        "align.units-disagree",
    ),
    (column("a", values=("x",)), column("a"), "values", Verdict.AGREE, "align.values-open"),
    (column("a"), column("a", values=("x",)), "values", Verdict.CONFLICT, "align.values-unbounded"),
    (column("a", codes="two"), column("a", codes="two"), "values", Verdict.AGREE, "align.same"),
    (column("a", values=("x",)), column("a", values=("y", "x")), "values", Verdict.AGREE, "align.same"),
    (column("a", values=("x", "z")), column("a", values=("x",)), "values", Verdict.CONFLICT, "align.values-lost"),
    (column("a", values=("Korea", "KOR")), column("a", codes="three"), "values", Verdict.CONVERT, "align.values-merge"),
    (column("a", values=("Korea",)), column("a", codes="three"), "values", Verdict.CONVERT, "align.values-convert"),
    (
        column("a", codes="two"),
        column("a", values=("KR", "Germany", "one")),
        "values",
        Verdict.CONVERT,
        "align.values-convert",
    ),
    (column("a", protection=Protection.DROP), column("a"), "protection", Verdict.CONFLICT, "align.protection"),
    (column("a"), column("a", protection=Protection.MASK), "protection", Verdict.CONVERT, "align.protect"),
    (
        column("a", protection=Protection.MASK, mask_keep=4),
        column("a", protection=Protection.MASK, mask_keep=2),
        "protection",
        Verdict.CONVERT,
        "align.protect",
    ),
    (
        column("a", protection=Protection.MASK, mask_keep=2),
        column("a", protection=Protection.MASK, mask_keep=4),
        "protection",
        Verdict.CONFLICT,
        "align.protection",
    ),
    (
        column("a", protection=Protection.UNIT_ID, domain="firm"),
        column("a", protection=Protection.UNIT_ID, domain="firm"),
        "protection",
        Verdict.AGREE,
        "align.same-domain",
    ),
    (column("a"), column("a", privacy_class=PrivacyClass.PERSONAL), "class", Verdict.AGREE, "align.class-stricter"),
    (column("a"), column("a", privacy_class=PrivacyClass.PUBLIC), "class", Verdict.CONFLICT, "align.class"),
    (column("a"), column("a", required=True), "required", Verdict.CONFLICT, "align.required"),
    (column("a", required=True), column("a"), "required", Verdict.AGREE, "align.same"),
]


@pytest.mark.parametrize(("left", "right", "aspect", "verdict", "code"), CASES)
def test_each_aspect_of_a_pair(left: Column, right: Column, aspect: str, verdict: Verdict, code: str) -> None:
    """Agrees, converts or conflicts, and says so in both languages."""
    found = aligned(left, right)[aspect]
    assert (found.verdict, found.code) == (verdict, code)


def test_codes_of_two_lists_meet_by_a_name_that_both_give() -> None:
    """`01` stands in both and is not the same thing: nothing says so."""
    found = aligned(column("a", codes="two"), column("a", codes="three"))["values"]
    assert (found.verdict, found.how) == (Verdict.CONFLICT, {"codes": {"DE": "DEU", "KR": "KOR"}, "lost": ["01"]})
    shipped = codelists.packaged()
    pair = standard(column("a", codes="iso3166-alpha2")), standard(column("a", codes="iso3166-alpha3"))
    (country,) = [one for one in align(*pair, shipped).pairs[0].findings if one.aspect == "values"]
    assert country.how["codes"]["KR"] == "KOR"
    assert len(country.how["codes"]) + len(country.how.get("lost", ())) == len(shipped["iso3166-alpha2"].codes)


LIMITS: list[tuple[Column, Column, str]] = [
    (column("a"), column("a", max_length=3), "maxLength"),
    (column("a", max_length=4), column("a", max_length=3, min_length=1), "maxLength, minLength"),
    (column("a"), column("a", pattern=r"\Aa\z"), "pattern"),
    (column("a", Type.INTEGER), column("a", Type.INTEGER, minimum=Decimal(0)), "minimum"),
    (
        column("a", Type.INTEGER, minimum=Decimal(0), maximum=Decimal(9)),
        column("a", Type.INTEGER, minimum=Decimal(1), maximum=Decimal(8)),
        "minimum, maximum",
    ),
    (column("a", Type.DATE, maximum="2027-01-01"), column("a", Type.DATE, maximum="2026-01-01"), "maximum"),
    (column("a", Type.DATE, maximum="2026-01-01"), column("a", maximum="2026-01-01"), "maxLength, maximum"),
    (column("a", Type.DECIMAL, precision=9), column("a", Type.DECIMAL, precision=8), "digits"),
    (column("a", Type.DECIMAL, precision=20), column("a", Type.INTEGER), "digits"),
    (
        column("a", Type.DECIMAL, unit="t", minimum=Decimal(0), maximum=Decimal(2)),
        column(
            "a",
            Type.DECIMAL,
            unit="kg",
            units=(Unit(symbol="kg", numerator=1), Unit(symbol="t", numerator=1000)),
            maximum=Decimal(1999),
        ),
        "maximum",
    ),
]


@pytest.mark.parametrize(("left", "right", "limits"), LIMITS)
def test_a_narrower_limit_is_a_conflict(left: Column, right: Column, limits: str) -> None:
    """In the right one's own unit; the limits are named."""
    found = aligned(left, right)["limits"]
    assert (found.verdict, found.facts["limits"]) == (Verdict.CONFLICT, limits)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (column("a", values=("x",)), column("a", values=("x",), max_length=1, pattern=r"\Ax\z")),
        (column("a", max_length=3, pattern=r"\Aa\z"), column("a", max_length=3, pattern=r"\Aa\z")),
        (column("a", Type.DATE, minimum="2026-01-02"), column("a", Type.DATE, minimum="2026-01-01")),
        (
            column("a", Type.DECIMAL, unit="t", minimum=Decimal(0), maximum=Decimal(2)),
            column(
                "a",
                Type.DECIMAL,
                unit="kg",
                units=(Unit(symbol="t", numerator=1000),),
                minimum=Decimal(0),
                maximum=Decimal(2000),
            ),
        ),
    ],
)
def test_limits_that_hold_are_not_mentioned(left: Column, right: Column) -> None:
    """As wide or wider."""
    assert "limits" not in aligned(left, right)


@given(a=st.integers(1, 10**6), b=st.integers(1, 10**6), c=st.integers(1, 10**6), d=st.integers(1, 10**6))
def test_units_connect_through_a_third_that_both_know(a: int, b: int, c: int, d: int) -> None:
    """The law: one left unit times its factor is the right one, as exact fractions; and back is the inverse."""
    left = column(
        "a", Type.DECIMAL, unit="x", units=(Unit(symbol="x", numerator=1), Unit(symbol="z", numerator=a, denominator=b))
    )
    right = column(
        "a", Type.DECIMAL, unit="y", units=(Unit(symbol="y", numerator=1), Unit(symbol="z", numerator=c, denominator=d))
    )
    there, back = aligned(left, right)["unit"].how, aligned(right, left)["unit"].how
    factor = Fraction(there["numerator"], there["denominator"])
    assert Fraction(a, b) * factor == Fraction(c, d)
    assert factor * Fraction(back["numerator"], back["denominator"]) == 1


# --- the contracts ----------------------------------------------------------------------------------------------------


def test_terms_may_only_become_stricter_on_the_way() -> None:
    """Tier, attribution and purposes; then key, repeat, rules and required columns."""
    id_, a, b = column("id", required=True), column("a"), column("b")
    left = standard(id_, a, b, tier=Tier.AGREEMENT, attribution=Attribution.COUNTRY)
    right = standard(
        id_,
        a,
        b,
        column("must", required=True),
        key=("id", "a"),
        tier=Tier.OPEN,
        attribution=Attribution.CONTRIBUTOR,
        purposes=("research", "selling"),
        repeat=Repeat.KEEP,
        rules=(CrossRule(id="r", left="a", op="!=", right="b"),),
    )
    found = align(left, right, CODES).terms
    spoken(found)
    assert {one.aspect: one.verdict for one in found} == dict.fromkeys(
        ("tier", "attribution", "purposes", "key", "repeat", "columns", "rules"), Verdict.CONFLICT
    )
    back = align(right, left, CODES).terms
    spoken(back)
    assert [one.aspect for one in back if one.verdict is Verdict.CONFLICT] == ["key", "repeat"]
    same = align(right, right, CODES)
    assert {one.verdict for one in same.terms} == {Verdict.AGREE}
    anything = standard(id_, purposes=(), tier=Tier.OPEN)
    assert align(anything, left, CODES).terms[2].verdict is Verdict.AGREE
    assert align(left, anything, CODES).terms[2].verdict is Verdict.CONFLICT


def test_every_packaged_standard_agrees_with_itself() -> None:
    """Each column by name, nothing left over, no conflict."""
    for text in codelists.packaged_standards().values():
        one = odcs.read(text)
        found = align(one, one, codelists.packaged())
        assert matched(found) == [(c.name, c.name, "name") for c in one.columns]
        assert {pair.verdict for pair in found.pairs} == {Verdict.AGREE}
        assert {term.verdict for term in found.terms} == {Verdict.AGREE}


# --- on the command line ----------------------------------------------------------------------------------------------

Run = Callable[..., str]


@pytest.fixture(scope="module")
def dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A dam that is served."""
    with serving(tmp_path_factory.mktemp("align") / "dam") as made:
        yield made


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`datadam …` on an empty machine: what it prints, refusals too; the exit code must be as told."""
    monkeypatch.setenv("DATADAM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATADAM_LANG", "en")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def ran(*words: object, code: int = 0) -> str:
        monkeypatch.setattr("sys.argv", ["datadam", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, error = capsys.readouterr()
        assert int(ended.value.code or 0) == code, (out, error)
        return out + error

    return ran


def test_align_prints_a_table_and_json(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of packaged ids and of files; in the person's language."""
    other = (
        standard_text().replace("name: amount", "name: reading").replace("businessName: Amount", "businessName: amount")
    )
    Path("a.yaml").write_text(standard_text(), encoding="utf-8")
    Path("b.yaml").write_text(other.replace("maximum: 1000", "maximum: 10"), encoding="utf-8")
    shown = run("standard", "align", "a.yaml", "b.yaml")
    assert "1 column agrees, 0 convert, 1 conflicts" in shown
    assert "reading is narrower: maximum" in shown
    told = json.loads(run("standard", "align", "a.yaml", "b.yaml", "--json"))
    assert [(one["left"], one["right"], one["by"], one["verdict"]) for one in told["columns"]] == [
        ("meter", "meter", "name", "agree"),
        ("amount", "reading", "title", "conflict"),
    ]
    wide = run("standard", "align", "supply.mineral-production", "supply.supply-edge")
    assert "Only in supply.supply-edge" in wide
    monkeypatch.setenv("DATADAM_LANG", "ko")
    assert "변환" in run("standard", "align", "a.yaml", "b.yaml")
    for name, text in (("p.yaml", "t"), ("q.yaml", "kg")):
        unit = f"""
          - {{vendor: datadam, property: unit, value: {text}}}
          - {{vendor: datadam, property: units, value: [{{symbol: {text}, numerator: 1}}, {{symbol: g, numerator: 1}}]}}
          - {{vendor: datadam, property: titles, value: {{ko: {text}}}}}"""
        held = (
            standard_text()
            .replace("name: amount", f"name: {text}")
            .replace("businessName: Amount", f"businessName: {text}")
        )
        held = held.replace("\n          - {vendor: datadam, property: titles, value: {ko: 값}}", unit)
        twice = held.replace("businessName: Meter", f"businessName: Meter\n        synonyms: [{{synonym: {text} x}}]")
        Path(name).write_text(twice, encoding="utf-8")
    assert "단위는 환산되지만" in run("standard", "align", "p.yaml", "q.yaml")


def test_check_against_tells_changes_the_next_version_and_what_becomes_of_rows(run: Run, dam: Served) -> None:
    """Against a file, and against what a dam published; a number too small is refused with the right one."""
    Path("old.yaml").write_text(standard_text(), encoding="utf-8")
    wider = standard_text().replace("1.0.0", "1.1.0").replace("maximum: 1000", "maximum: 2000")
    Path("new.yaml").write_text(wider, encoding="utf-8")
    shown = run("standard", "check", "new.yaml", "--against", "old.yaml")
    assert "compatible" in shown
    assert "Rows of 1.0.0 stay readable under 1.1.0." in shown
    Path("small.yaml").write_text(wider.replace("1.1.0", "1.0.1"), encoding="utf-8")
    assert "Use at least 1.1.0." in run("standard", "check", "small.yaml", "--against", "old.yaml", code=2)
    broken = standard_text().replace("1.0.0", "2.0.0").replace("name: amount", "name: total")
    Path("broken.yaml").write_text(broken, encoding="utf-8")
    shown = run("standard", "check", "broken.yaml", "--against", "old.yaml")
    assert "contributors, consumers" in shown
    assert "total is required, and rows that are there may have no value for it." in shown
    publish.publish(dam.world, standard_text())
    assert "compatible" in run("standard", "check", "new.yaml", "--against", STANDARD, "--url", dam.url)
    unchanged = standard_text().replace("1.0.0", "1.0.1")
    Path("same.yaml").write_text(unchanged, encoding="utf-8")
    assert "Least version after 1.0.0: 1.0.1." in run("standard", "check", "same.yaml", "--against", "old.yaml")


def test_a_contributor_is_told_what_came_after_its_version(
    run: Run, dam: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the list and at the reservoir, until the version's last day; others hear nothing of it."""
    publish.publish(dam.world, standard_text())
    firm, other = dam.person("Firm"), dam.person("Other")
    keys = {who.name: client.write_private(Path(f"{who.name}.key"), who.key) for who in (firm, other)}
    mine, theirs = (("--url", dam.url, "--key", keys[name]) for name in ("Firm", "Other"))
    Path("good.csv").write_text("meter,amount\nA1,1\n", encoding="utf-8")
    run("deposit", "good.csv", "--standard", STANDARD, "--yes", *mine)
    assert "is out" not in run("ls", *mine)
    publish.publish(dam.world, standard_text().replace("1.0.0", "1.1.0").replace("maximum: 1000", "maximum: 2000"))
    for words in (("ls",), ("show", STANDARD)):
        told = run(*words, *mine)
        assert f"{STANDARD}: version 1.1.0 is out; you signed 1.0.0." in told
        assert "Deposits under version 1.0.0 are still taken." in told
        assert "is out" not in run(*words, *theirs)
    assert "amount: its range or length changes." in run("show", STANDARD, *mine)
    with dam.client(firm) as line:
        (reservoir,) = [one for one in line.reservoirs() if one["id"] == STANDARD]
    assert reservoir["signed"]["changes"][0]["what"] == "amount: its range or length changes."
    today = dam.clock().date().isoformat()
    lineage.deprecate(dam.world, STANDARD, "1.0.0", today)
    assert f"Deposits under version 1.0.0 are taken until {today}." in run("ls", *mine)
    assert today in run("standard", "versions", STANDARD, "--url", dam.url)
    Path("more.csv").write_text("meter,amount\nA2,1\n", encoding="utf-8")
    run("map", "more.csv", "--standard", STANDARD, "--version", "1.0.0", *mine)
    run("deposit", "more.csv", "--standard", STANDARD, "--version", "1.0.0", "--yes", *mine)
    refused = run("deposit", "good.csv", "--standard", STANDARD, "--version", "1.0.0", "--yes", *theirs, code=2)
    assert "1.1.0" in refused
    with dam.clock.forward(days=2):
        told = dam.ask("GET", f"/api/reservoirs/{STANDARD}", dam.token(firm)).json()["signed"]
    assert told["accepted"] is False
    news(Terminal("en"), STANDARD, told)
    assert "Deposits under version 1.0.0 are no longer taken." in capsys.readouterr().out
    news(Terminal("en"), STANDARD, {**told, "version": told["last"], "until": None})
    assert not capsys.readouterr().out
