"""A standard is checked whole, says what is enforced, and may only become stricter."""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answers import private
from datadam import texts
from datadam.digits import MAX_SCALE, MAX_WHOLE_DIGITS, sendable_digits
from datadam.errors import DamError
from datadam.model import (
    Attribution,
    Bounds,
    CodeList,
    CrossRule,
    PrivacyClass,
    Protection,
    Repeat,
    Standard,
    StandardId,
    Tier,
    Type,
    Unit,
)
from datadam.patterns import is_bare, pattern_faults
from datadam.plan import BLANKS
from datadam.privacy import declaring
from datadam.privacy.identifier_forms import Kind
from datadam.protections import Gates
from datadam.standard import (
    MAX_RULES,
    check,
    notices,
    plain,
    resolve,
    rule_ids,
)
from drafts import column, standard

CODES = {
    "letters": CodeList(
        name="letters", title="", origin="", licence="", codes=frozenset({"A", "B"}), aliases={"alpha": "A", "a": "A"}
    )
}


def codes_of(faults: tuple[DamError, ...]) -> list[str]:
    """The codes, each of which must have words in both languages."""
    for fault in faults:
        for language in texts.LANGUAGES:
            assert texts.say(fault.code, language, **fault.facts)
    return [fault.code for fault in faults]


ID = column("id", required=True)
KG = Unit(symbol="kg", numerator=1)
SPOILED: list[tuple[str, Standard]] = [
    ("standard.id-malformed", replace(standard(), id=StandardId("../x"))),
    ("standard.version-malformed", replace(standard(), version="1")),
    ("standard.language-missing", replace(standard(), titles={"en": "x"})),
    ("standard.language-missing", replace(standard(), descriptions={"en": "x", "ko": " "})),
    ("standard.language-missing", standard(ID, replace(column("b"), titles={"ko": "나"}))),
    ("standard.column-count", standard(ID, *(column(f"c{n}") for n in range(200)))),
    ("standard.column-name", standard(ID, column("_row"))),
    ("standard.column-repeated", standard(ID, column("b"), column("b"))),
    (
        "standard.synonym-shared",
        standard(ID, column("b", synonyms=("Same Thing",)), column("c", synonyms=("same-thing",))),
    ),
    ("standard.synonym-shared", standard(ID, column("b", synonyms=("ID",)))),
    ("standard.synonyms-wrong", standard(ID, column("b", synonyms=("…",)))),
    ("standard.rules-too-many", standard(ID, *(column(f"c{n}", pattern=r"\Aa\z") for n in range(31)))),
    ("standard.decimal-digits", standard(ID, column("b", Type.DECIMAL, precision=39, scale=0))),
    ("standard.decimal-digits", standard(ID, column("b", Type.DECIMAL, precision=3, scale=4))),
    ("standard.decimal-too-fine", standard(ID, column("b", Type.DECIMAL, precision=38, scale=MAX_SCALE + 1))),
    (
        "standard.unit-too-fine",
        standard(
            ID,
            column(
                "b",
                Type.DECIMAL,
                precision=38,
                scale=20,
                unit="kg",
                units=(KG, Unit(symbol="t", numerator=1000, denominator=1)),
            ),
        ),
    ),
    ("standard.scale-without-decimal", standard(ID, column("b", Type.NUMBER, scale=2))),
    ("standard.range-type", standard(ID, column("b", minimum=Decimal(3)))),
    ("standard.range-type", standard(ID, column("b", Type.INTEGER, minimum=Decimal("0.5")))),
    ("standard.range-type", standard(ID, column("b", Type.NUMBER, maximum=Decimal("NaN")))),
    ("standard.range-type", standard(ID, column("b", Type.DATE, minimum="20260101"))),
    ("standard.range-type", standard(ID, column("b", Type.DATE, minimum="2026-02-30"))),
    ("standard.range-type", standard(ID, column("b", Type.TIMESTAMP, minimum="2026-01-01T00:00:00"))),
    ("standard.range-order", standard(ID, column("b", Type.INTEGER, minimum=Decimal(3), maximum=Decimal(2)))),
    ("standard.range-order", standard(ID, column("b", Type.DATE, minimum="2026-01-02", maximum="2026-01-01"))),
    ("standard.range-digits", standard(ID, column("b", Type.DECIMAL, precision=4, scale=1, maximum=Decimal("0.25")))),
    ("standard.range-digits", standard(ID, column("b", Type.DECIMAL, precision=4, scale=1, maximum=Decimal(1000)))),
    ("standard.text-only", standard(ID, column("b", Type.INTEGER, pattern=r"\Aa\z"))),
    ("standard.text-only", standard(ID, column("b", Type.DATE, max_length=3))),
    ("standard.length-order", standard(ID, column("b", min_length=4, max_length=3))),
    ("standard.length-order", standard(ID, column("b", min_length=-1))),
    ("standard.codes-unknown", standard(ID, column("b", codes="nowhere"))),
    ("standard.codes-and-values", standard(ID, column("b", codes="letters", values=("x",)))),
    ("standard.values-wrong", standard(ID, column("b", values=("x", "x")))),
    ("standard.values-wrong", standard(ID, column("b", values=(" x",)))),
    ("standard.unit-type", standard(ID, column("b", Type.NUMBER, unit="kg"))),
    ("standard.unit-own-missing", standard(ID, column("b", Type.DECIMAL, unit="t", units=(KG,)))),
    ("standard.unit-own-missing", standard(ID, column("b", Type.DECIMAL, units=(KG,)))),
    ("standard.unit-name-shared", standard(ID, column("b", Type.DECIMAL, unit="kg", units=(KG, KG)))),
    (
        "standard.unit-name-shared",
        standard(
            ID,
            column(
                "b",
                Type.DECIMAL,
                unit="kg",
                units=(replace(KG, synonyms=("Kilo",)), Unit(symbol="q", numerator=9, synonyms=("kilo",))),
            ),
        ),
    ),
    (
        "standard.unit-factor",
        standard(ID, column("b", Type.DECIMAL, unit="kg", units=(KG, Unit(symbol="g", numerator=0)))),
    ),
    (
        "standard.unit-factor",
        standard(ID, column("b", Type.DECIMAL, unit="kg", units=(Unit(symbol="kg", numerator=2),))),
    ),
    (
        "standard.unit-factor-broken",
        standard(ID, column("b", Type.INTEGER, unit="kg", units=(KG, Unit(symbol="g", numerator=1, denominator=1000)))),
    ),
    ("standard.protection-type", standard(ID, column("b", Type.INTEGER, protection=Protection.MASK))),
    ("standard.domain-missing", standard(ID, column("b", protection=Protection.UNIT_ID))),
    ("standard.domain-unused", standard(ID, column("b", domain="party"))),
    ("standard.mask-keep", standard(ID, column("b", protection=Protection.MASK, mask_keep=5))),
    ("standard.mask-keep", standard(ID, column("b", mask_keep=1))),
    ("standard.personal-kept", standard(ID, column("b", privacy_class=PrivacyClass.PERSONAL))),
    ("standard.confidential-open", standard(ID, column("b", privacy_class=PrivacyClass.CONFIDENTIAL), tier=Tier.OPEN)),
    ("standard.statistics-unsafe", standard(ID, column("b", safe_statistics=True, protection=Protection.DROP))),
    (
        "standard.statistics-unsafe",
        standard(ID, column("b", safe_statistics=True, privacy_class=PrivacyClass.CONFIDENTIAL)),
    ),
    ("standard.key-missing", standard(key=())),
    ("standard.key-repeated", standard(key=("id", "id"))),
    ("standard.key-unknown", standard(key=("id", "nothing"))),
    ("standard.key-optional", standard(key=("id", "amount"))),
    ("standard.key-not-kept", standard(replace(ID, protection=Protection.DROP))),
    ("standard.key-number", standard(column("n", Type.NUMBER, required=True))),
    ("standard.rule-id", standard(rules=(CrossRule(id="Not this", left="id", op="=", right="amount"),))),
    ("standard.rule-column", standard(rules=(CrossRule(id="r", left="id", op="=", right="nothing"),))),
    ("standard.rule-operator", standard(ID, column("b"), rules=(CrossRule(id="r", left="id", op="~", right="b"),))),
    ("standard.rule-operator", standard(rules=(CrossRule(id="r", left="id", op="=", right="id"),))),
    ("standard.rule-types", standard(rules=(CrossRule(id="r", left="id", op="=", right="amount"),))),
    ("standard.rule-order", standard(ID, column("b"), rules=(CrossRule(id="r", left="id", op="<", right="b"),))),
    ("standard.attribution-tier", standard(tier=Tier.TABLES, attribution=Attribution.COUNTRY)),
    ("standard.purposes-missing", standard(purposes=())),
    ("standard.purpose-malformed", standard(purposes=("Any Thing",))),
    ("standard.term-repeated", standard(terms=("x", "x"))),
    ("standard.steward-malformed", standard(stewards=("the ministry",))),
    ("standard.reject-limit", standard(reject_limit=Decimal(1))),
    ("standard.reject-limit", standard(reject_limit=Decimal("NaN"))),
    ("standard.bounds-unit", standard(bounds=Bounds(unit="nothing"))),
    ("standard.bounds-wrong", standard(bounds=Bounds(unit="contributor", rows=0))),
    ("standard.bounds-wrong", standard(bounds=Bounds(unit="contributor", rows=1, period="decade"))),
    ("standard.bounds-missing", standard(tier=Tier.ANSWERS)),
]


def test_a_clean_standard_has_no_fault() -> None:
    """What every spoiled one below starts from is fine."""
    assert check(standard(), CODES) == ()
    assert check(standard(key=(), repeat=Repeat.KEEP), CODES) == ()
    assert check(standard(ID, column("b", codes="letters"), tier=Tier.OPEN, purposes=()), CODES) == ()


@pytest.mark.parametrize(("code", "spoiled"), SPOILED)
def test_each_wrong_thing_is_found(code: str, spoiled: Standard) -> None:
    """One thing wrong gives its own fault."""
    assert code in codes_of(check(spoiled, CODES))


def test_all_faults_come_at_once() -> None:
    """A draft with five things wrong is answered with all five."""
    bad = standard(column("A"), column("b", codes="x", mask_keep=9), key=("z",), purposes=(), reject_limit=Decimal(2))
    assert set(codes_of(check(bad, CODES))) == {
        "standard.column-name",
        "standard.codes-unknown",
        "standard.mask-keep",
        "standard.key-unknown",
        "standard.purposes-missing",
        "standard.reject-limit",
    }


def test_the_rule_mask_has_room() -> None:
    """62 rules pass, 63 do not: a row's failed rules are one signed 64-bit number."""
    columns = [replace(ID, holds=tuple(Kind)), *(column(f"c{n}", pattern=r"\Aa\z") for n in range(29))]  # 2 + 58 rules
    full = standard(*columns, repeat=Repeat.REFUSE)  # and key.unique, key.repeat
    assert len(rule_ids(full)) == MAX_RULES
    assert check(full, CODES) == ()
    over = standard(*columns[:-1], replace(columns[-1], required=True))
    assert codes_of(check(over, CODES)) == ["standard.rules-too-many"]


# --- patterns ---------------------------------------------------------------------------------------------------------

GOOD = [
    r"\A\z",
    r"\A[!-~]+\z",
    r"\ACVE-[0-9]{4}-[0-9]{4,19}\z",
    r"\A(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}\z",
    r"\A(?:[A-U]|[0-9]{2})\z",
    r"\A[^\]\\]*\z",
    r"\A(a|b|)c?\z",
    r"\A\.\+\*\(\)\[\]\{\}\^\$\|\?\-\/\\\z",
    r"\A가[나-다]{2,}\z",
]
BAD = [
    r"^a$", r"a\z", r"\Aa", r"\Aa$", r"\A^a\z", r"\Aa\\z", r"\A.\z", r"\A\d\z", r"\A\w+\z", r"\A\s\z", r"\A\bx\z",
    r"\A(?=a)a\z", r"\A(?!a)b\z", r"\A(?<=a)b\z", r"\A(?i)a\z", r"\A(?P<n>a)\z", r"\A(a)\1\z", r"\Aa++\z", r"\Aa*?\z",
    r"\A(a+)+\z", r"\A(?:(?:a*)b)*\z", r"\Aa{1001}\z", r"\A(?:a{50}){50}\z", r"\Aa{3,2}\z", r"\Aa{,3}\z", r"\Aa{x}\z",
    r"\A*\z", r"\A(|*)\z", r"\A(a\z", r"\Aa)\z", r"\Aa|b\z", r"\A[a\z", r"\A[]\z", r"\A[[:alpha:]]\z", r"\A[a&&b]\z",
    r"\A[a--b]\z", r"\A[\d]\z", r"\A\p{L}\z", r"\A\x41\z", r"\A\Qa\E\z", r"\A\<a\z", "\\Aa\nb\\z", "\\A[\n]\\z",
    r"\Aa]\z", r"\Aa}\z", r"\A" + "a" * 600 + r"\z", r"\A(?>a)\z", r"\A\Z\z", r"\A[z-a&&a]\z",
]  # fmt: skip


@pytest.mark.parametrize("pattern", GOOD)
def test_patterns_of_the_common_subset_pass(pattern: str) -> None:
    """What RE2, Java and Python read alike is taken, and Python can compile it."""
    assert list(pattern_faults("c", pattern)) == []
    re.compile(pattern.removesuffix(r"\z"))


@pytest.mark.parametrize("pattern", BAD)
def test_patterns_outside_the_common_subset_are_refused(pattern: str) -> None:
    """Shorthands, lookaround, back references, possessive and lazy counts, open ends, slow nests: all refused."""
    assert codes_of(tuple(pattern_faults("c", pattern)))


@settings(max_examples=300)
@given(st.text(alphabet=r"ab-09[](){}|?*+,.\^$:zA&~", max_size=14))
def test_whatever_passes_compiles_and_runs_fast(body: str) -> None:
    """Law: a pattern that passes is one that Python can compile; none crashes the checker."""
    pattern = rf"\A{body}\z"
    if not list(pattern_faults("c", pattern)) and not re.search(r"(.)-(.)", body):
        re.fullmatch(body, "ab" * 20)


@pytest.mark.parametrize(
    ("pattern", "bare"),
    [
        (r"\ASUP-[0-9]{6}\z", True), (r"\A[0-9]{6}\z", True), (r"\A[A-Z]+\z", True), (r"\AA[^0-9]{3}[0-9]{1,}\z", True),
        (r"\Aa\z", True), (r"\A[0-9]*\z", False), (r"\A[0-9]{0,3}\z", False), (r"\Aa?b\z", False), (r"\Aab?\z", False),
        (r"\A[^0-9]{6}\z", False), (r"\A[ \[0-9]{2}\z", False), (r"\A[a ]b\z", False), (r"\Aa[b ]\z", False),
        (r"\A(a|b|)c?\z", False), (r"\Aa|b \z", False), (r"\Aa.b\z", False), (r"\A가[나-다]{2,}\z", False),
    ],
)  # fmt: skip
def test_a_pattern_shows_by_its_ends_that_its_texts_have_no_blanks_around_them(pattern: str, *, bare: bool) -> None:
    """Where it does not show, the texts themselves are looked at."""
    assert is_bare(pattern) is bare


@settings(max_examples=300)
@given(st.data(), st.text(alphabet="ab -09[]{}?*+,\\", max_size=10))
def test_no_text_of_a_bare_pattern_has_blanks_around_it(data: st.DataObject, body: str) -> None:
    """Law: what such a pattern matches is there, and trimming leaves it as it is."""
    for pattern in (rf"\A{body}\z", rf"\Aa{body}b\z", rf"\A[ab]{body}\z"):
        if is_bare(pattern):
            text = data.draw(st.from_regex(pattern[2:-2], fullmatch=True))
            assert text
            assert text.strip(BLANKS) == text


# --- notices ----------------------------------------------------------------------------------------------------------


def told(held: Standard) -> Mapping[str, str]:
    """Term → notice code."""
    return {str(n.facts.get("term", n.facts.get("column"))): n.code for n in notices(held)}


def test_a_term_that_nothing_enforces_is_named_so() -> None:
    """Who signs must be able to tell a promise from a wish."""
    held = standard(
        ID, column("b", protection=Protection.DROP), terms=("Be kind.",), bounds=Bounds(unit="contributor", rows=5)
    )
    found = told(held)
    assert {term for term, code in found.items() if code == "notice.enforced"} == {
        "tier", "attribution", "repeat", "rejectLimit", "protection", "purposes",
    }  # fmt: skip
    assert {t for t, code in found.items() if code == "notice.not-enforced"} == {"bounds", "terms"}
    for notice in notices(held):
        assert "{" not in texts.say(notice.code, "ko", **notice.facts)


@pytest.mark.parametrize("tier", Tier)
def test_every_tier_is_enforced(tier: Tier) -> None:
    """Where no rows are given none are, and what is declared to protect whom they are about is kept to."""
    assert told(standard(tier=tier))["tier"] == "notice.enforced"
    found = told(private())
    assert {found[term] for term in ("bounds", "gates", "budget")} == {"notice.enforced"}
    values = {str(one.facts.get("term")): one.facts.get("value") for one in notices(private())}
    assert values["budget"] == "period 0.5, life 2, delta 0.000001"
    gates = Gates(units=3, identifying=("id", "amount"))
    assert declaring.shown(standard(gates=gates))["gates"] == "units 3, identifying id + amount"


def test_the_other_party_hears_that_it_is_not_protected() -> None:
    """Of two parties in a row one is the privacy unit; the notice names the other."""
    party: dict[str, Any] = {"protection": Protection.UNIT_ID, "domain": "party", "required": True}
    held = standard(column("seller", **party), column("buyer", **party), bounds=Bounds(unit="seller", rows=3))
    assert told(held)["buyer"] == "notice.unit-unprotected"
    assert "seller" not in told(held)


def test_names_are_compared_by_letters_and_digits() -> None:
    """Case, width, blanks and punctuation do not make a name another."""
    assert plain("cveID") == plain("CVE id") == plain("cve_id") == plain("ＣＶＥ－ＩＤ")
    assert plain("생산량 ") == plain("생산 량")
    assert resolve(CODES["letters"], "Alpha") == resolve(CODES["letters"], "a") == resolve(CODES["letters"], "A") == "A"
    assert resolve(CODES["letters"], "C") is None


@given(scale=st.integers(0, 38), numerator=st.integers(1, 10**12), denominator=st.integers(1, 10**12))
def test_what_is_published_can_be_sent(scale: int, numerator: int, denominator: int) -> None:
    """The law: a decimal and its units that are not refused leave room for the digits of a value."""
    unit = Unit(symbol="u", numerator=numerator, denominator=denominator)
    amount = column("b", Type.DECIMAL, precision=38, scale=scale, unit="kg", units=(KG, unit))
    found = check(standard(ID, amount), CODES)
    room = sendable_digits(scale, [Fraction(1), Fraction(numerator, denominator)])
    if not {"standard.decimal-too-fine", "standard.unit-too-fine"} & set(codes_of(found)):
        assert room is not None
        assert room[0] == MAX_WHOLE_DIGITS
    if scale <= MAX_SCALE:
        assert sendable_digits(scale, [Fraction(1)]) is not None
    else:
        assert sendable_digits(scale, [Fraction(1)]) is None
