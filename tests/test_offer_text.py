"""The text of an offer: every term with its label, in both languages the same terms, and bytes that can be signed."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import drafts
from datadam import texts
from datadam.errors import NotFound
from datadam.formats import codelists, countries, odcs, odrl, odrl_judge, offer_text, strict_yaml
from datadam.formats.odrl_words import CURRENCIES, VARIANTS, capped
from datadam.model import PrivacyClass, Role
from datadam.terms import (
    FORCE,
    LEVELS,
    OPERATORS,
    PURPOSES,
    Action,
    Constraint,
    Duty,
    DutyKind,
    Force,
    Offer,
    Operand,
    Operator,
    Permission,
    Prohibition,
)
from machines import Machine, a_machine
from offers import OFFER, offers

STANDARD = drafts.standard()
BOTH = st.sampled_from(offer_text.LANGUAGES)


def leaves(words: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every sentence with the names that lead to it."""
    if isinstance(words, dict):
        for name, part in words.items():
            yield from leaves(part, (*path, name))
    else:
        yield path, words


# --- templates --------------------------------------------------------------------------------------------------------


def test_both_languages_have_the_same_terms_and_places() -> None:
    """Each sentence of one is in the other, and asks for the same facts."""
    english, korean = (dict(leaves(texts.offer(language))) for language in offer_text.LANGUAGES)
    assert set(english) == set(korean)
    for path, sentence in english.items():
        if isinstance(sentence, str):
            assert texts.placeholders(sentence) == texts.placeholders(korean[path]), path
            assert "{" not in re.sub(r"\{[a-z]+\}", "", sentence + korean[path]), path
        else:
            assert len(sentence) == len(korean[path]) == 12, path


@pytest.mark.parametrize("language", offer_text.LANGUAGES)
def test_every_word_has_its_template_and_no_template_is_left_over(language: str) -> None:
    """Terms with a name and a why; a sentence for each operator and each variant; all values by name, all different."""
    words = texts.offer(language)
    assert set(words["terms"]) == set(map(str, FORCE))
    for term, sentences in words["terms"].items():
        said = set(sentences) - {"name", "why"}
        assert {"name", "why"} <= set(sentences), term
        if term in set(Operand):
            expected = set(map(str, OPERATORS[Operand(term)]))
            assert said == (expected | {"gteq-at-once"} if term == Operand.RECIPROCITY else expected), term
        elif term in VARIANTS:
            assert said == set(VARIANTS[term]), term
        else:
            assert said == ({"yes", "no"} if term == "automatic" else {"text"}), term
        assert len({sentences[key] for key in said}) == len(said), term
    lists = [
        ("purposes", PURPOSES),
        ("roles", Role),
        ("classes", PrivacyClass),
        ("levels", LEVELS),
        ("currencies", CURRENCIES),
        ("labels", Force),
    ]
    for name, known in lists:
        assert set(words[name]) == set(map(str, known)), name
        assert len(set(words[name].values())) == len(words[name]), name
    assert len({words["terms"][term]["name"] for term in words["terms"]}) == len(words["terms"])


def test_the_korean_is_polite_and_korean() -> None:
    """합니다체 throughout; what is a list item is a noun phrase; no English word but names."""
    for path, sentence in leaves(texts.offer("ko")):
        if path[0] == "terms" and path[2] != "name":
            phrases = {(str(action), "text") for action in Action if action is not Action.DERIVE}
            said = re.sub(r": \{[a-z]+\}$", "", sentence)  # before what it lists
            assert said.rstrip(".").endswith("는 일" if path[1:] in phrases else "니다"), path
            latin = set(re.findall(r"[A-Za-z]+", re.sub(r"\{[a-z]+\}", "", sentence)))
            assert latin <= {"UNCITRAL", "ISO", "IEC", "current"}, path


@pytest.mark.parametrize("language", offer_text.LANGUAGES)
def test_every_country_has_a_name_of_its_own(language: str) -> None:
    """No abbreviation, and never the name of two."""
    codes = sorted(codelists.packaged()["iso3166-alpha2"].codes)
    names = [countries.name(code, language) for code in codes]
    assert len(set(names)) == len(codes) == 249
    assert not set(names) & set(codes)
    assert countries.name("XX", language) == "XX"
    assert countries.name("US", "en") == "United States of America"


# --- the text ---------------------------------------------------------------------------------------------------------


def terms_of(offer: Offer) -> list[str]:
    """Every term that an offer says, as often as it says it."""
    rules: list[Permission | Prohibition] = [*offer.permissions, *offer.prohibitions]
    return [
        *(str(action) for rule in rules for action in rule.actions),
        *(str(one.operand) for rule in rules for one in rule.constraints),
        *(str(duty.kind) for rule in offer.permissions for duty in rule.duties),
        *offer.clauses,
        "automatic",
        "law",
    ]


def readable(operand: Operand, value: Any, language: str) -> list[str]:
    """How one value must be readable."""
    words = texts.offer(language)
    if isinstance(value, int):
        return [f"{value:,}"]
    if operand in {Operand.JURISDICTION, Operand.DESTINATION}:
        return [countries.name(value, language), f"({value})"]
    if operand is Operand.EXPIRY:
        return [value[11:19], str(int(value[:4]))]
    named = {**words["purposes"], **words["roles"], **words["classes"], **words["levels"]}
    return [value if operand in {Operand.CREDENTIAL, Operand.MARKING, Operand.VERSION} else named[value]]


def values_of(offer: Offer, language: str) -> Iterator[str]:
    """What must be readable in the text of an offer's values."""
    words = texts.offer(language)
    rules: list[Permission | Prohibition] = [*offer.permissions, *offer.prohibitions]
    for rule in rules:
        for one in rule.constraints:
            for value in one.value if isinstance(one.value, tuple) else (one.value,):
                yield from readable(one.operand, value, language)
    for permission in offer.permissions:
        for days in [duty.days for duty in permission.duties] + [one.days for one in permission.constraints]:
            if days is not None:
                yield f"{days:,}"
    if (amount := capped(offer.clauses["liability"])) is not None:
        yield f"{amount[0]:,}"
        yield words["currencies"][amount[1]]


@given(offer=offers(), language=BOTH)
def test_every_term_stands_in_the_text_with_its_label(offer: Offer, language: str) -> None:
    """None is left out, in either language: each with its name before it and what makes it hold behind it."""
    text = offer_text.text(offer, STANDARD, language)
    lines = text.splitlines()
    for term in set(terms := terms_of(offer)):
        before = f"{offer_text.name(term, language)}: "
        behind = f"[{offer_text.label(FORCE[term], language)}]"
        found = [line for line in lines if f" {before}" in line and line.endswith(behind)]
        assert len(found) >= terms.count(term), term
    for value in values_of(offer, language):
        assert value in text
    assert "{" not in text
    assert str(offer.number) in text
    assert text.endswith("\n")


@given(offer=offers(), language=BOTH)
def test_equal_offers_have_equal_bytes(offer: Offer, language: str) -> None:
    """Whoever makes the text again gets the digest that was signed, from the JSON too."""
    again = odrl.read(odrl.write(offer))
    assert offer_text.text(again, STANDARD, language).encode() == offer_text.text(offer, STANDARD, language).encode()


@given(one=offers(), other=offers(), language=BOTH)
def test_different_offers_have_different_texts(one: Offer, other: Offer, language: str) -> None:
    """Nobody signs two offers with one signature."""
    assume(one != other)
    assert offer_text.text(one, STANDARD, language) != offer_text.text(other, STANDARD, language)


READ = Permission(actions=(Action.READ,))


def rule(*constraints: Constraint, duties: tuple[Duty, ...] = ()) -> Offer:
    """The offer with another permission."""
    return replace(OFFER, permissions=(replace(READ, constraints=constraints, duties=duties),))


def of(operand: Operand, operator: Operator, value: Any, days: int | None = None) -> Constraint:
    """A constraint."""
    return Constraint(operand=operand, operator=operator, value=value, days=days)


APART = [
    OFFER,
    replace(OFFER, number=2),
    replace(OFFER, automatic=True),
    replace(OFFER, law="KP"),
    rule(),
    replace(OFFER, permissions=(replace(READ, actions=(Action.READ, Action.QUERY)),)),
    replace(OFFER, permissions=(READ, replace(READ, actions=(Action.QUERY,)))),
    rule(of(Operand.CREDENTIAL, Operator.ALL_OF, ("a", "b"))),
    rule(of(Operand.CREDENTIAL, Operator.ANY_OF, ("a", "b"))),
    rule(of(Operand.CREDENTIAL, Operator.ANY_OF, ("b", "a"))),
    rule(of(Operand.DESTINATION, Operator.ANY_OF, ("KR",))),
    rule(of(Operand.JURISDICTION, Operator.ANY_OF, ("KR",))),
    rule(of(Operand.JURISDICTION, Operator.NONE_OF, ("KR",))),
    *(rule(of(Operand.RECIPROCITY, Operator.AT_LEAST, 1, days)) for days in (None, 1, 11)),
    rule(of(Operand.RECIPROCITY, Operator.AT_LEAST, 11, 1)),
    *(rule(of(Operand.EXPIRY, Operator.BEFORE, f"2027-01-{day}T00:00:00Z")) for day in ("01", "02", "11")),
    rule(of(Operand.EXPIRY, Operator.BEFORE, "2027-01-01T00:00:01Z")),
    *(rule(duties=(Duty(kind=DutyKind.RETENTION, days=days),)) for days in (None, 1, 11, 111)),
    rule(duties=(Duty(kind=DutyKind.NOTICE, days=1),)),
    *(
        replace(OFFER, clauses={**OFFER.clauses, name: variant})
        for name, variants in VARIANTS.items()
        for variant in variants[1:]
        if variant != "capped-amount"
    ),
    *(
        replace(OFFER, clauses={**OFFER.clauses, "liability": f"capped-amount:{cap}"})
        for cap in ("1:EUR", "1:USD", "11:EUR")
    ),
]


@pytest.mark.parametrize("language", offer_text.LANGUAGES)
def test_one_term_apart_is_another_text(language: str) -> None:
    """The smallest differences there are."""
    assert len({offer_text.text(offer, STANDARD, language) for offer in APART}) == len(APART)


def test_clauses_in_another_order_are_the_same_offer() -> None:
    """What is a mapping has no order."""
    turned = replace(OFFER, clauses=dict(reversed(list(OFFER.clauses.items()))))
    assert offer_text.text(turned, STANDARD, "en") == offer_text.text(OFFER, STANDARD, "en")


def test_no_fact_can_write_a_line_of_its_own() -> None:
    """A title with line ends, control characters or our own placeholders stays one line, and says nothing of ours."""
    odd = replace(STANDARD, titles={"en": "A\n7. B [enforced by the Dam]\x1b[31m\u202e {law}", "ko": "가"})
    whole, plain = (offer_text.text(OFFER, standard, "en").splitlines() for standard in (odd, STANDARD))
    assert len(whole) == len(plain)
    assert [line for line, other in zip(whole, plain, strict=True) if line != other] == [whole[1]]
    assert whole[1].startswith("A 7. B [enforced by the Dam][31m {law}. Offer 1.")


def test_a_title_that_is_missing_is_the_english_one_or_the_id() -> None:
    """A standard of an older form may lack a language."""
    assert "Some words" in offer_text.text(OFFER, replace(STANDARD, titles={"en": "Some words"}), "ko")
    assert "test.thing. 제안" in offer_text.text(OFFER, replace(STANDARD, titles={}), "ko")


def test_a_language_that_there_is_not_is_refused() -> None:
    """Nobody signs in a language that was put in place of theirs."""
    for asked in ("fr", "", "EN"):
        with pytest.raises(NotFound, match=r"offer\.language"):
            offer_text.text(OFFER, STANDARD, asked)


# SHA-256 of what the packaged offers' parties would sign. A change of a template changes what was promised: raise
# `frame.version` in both languages with it, then write the new digests here.
SIGNED = {
    ("cti.exploited-vulnerability", "en"): "263b400c850f6f32e5e2900222bf7e3bd62d0c26bcf8588029ee2f8af91e3625",
    ("cti.exploited-vulnerability", "ko"): "eae9e0117a5dc8807cd77431554740b380340be0a5b59253d5a64c48cb32912b",
    ("cti.indicator", "en"): "e2e30f7e9988991f957817eb2184cd6562c77146ec3c64bcbd61da63e6ad0ba2",
    ("cti.indicator", "ko"): "a62fe5074a1fc31584d05e2e8b7f49e95baff715098ad87b05cf5fa4e3a84d5b",
    ("industry.plant-energy", "en"): "207205534ab470ddd79e26bafb432959d1966f7c6b7ed3a315e9c46a60230cf2",
    ("industry.plant-energy", "ko"): "bbd8de197a2457459a0251205b3ef0d31656b30f62d9ed463c3c1ceeb65fb6d5",
    ("supply.mineral-production", "en"): "6f9c7647c4aab916caa7944af704c2d6d3129c160f7715b030a8baef47f611f2",
    ("supply.mineral-production", "ko"): "9ab1533dc39551c3a9f3528e0564109f68b7f1883f238545e6d6167d86022b3e",
    ("supply.supply-edge", "en"): "d5647a2c2ca9dcc4628a024d4094dd907658012c351d74dfdd6375835e8283f5",
    ("supply.supply-edge", "ko"): "aa488e435373538eb2dd5a10d27f11391cd8c52dc0827202caa59341f9c14aab",
}


@pytest.mark.parametrize(("standard", "language"), SIGNED)
def test_the_bytes_that_are_signed_do_not_change_by_accident(standard: str, language: str) -> None:
    """What was signed under one version of the templates is made again by it, byte for byte."""
    offer = odrl.read(odrl.packaged()[standard])
    text = offer_text.text(offer, odcs.read(codelists.packaged_standard(standard)), language)
    assert hashlib.sha256(text.encode()).hexdigest() == SIGNED[standard, language]
    assert texts.offer(language)["frame"]["version"] == "1"


def test_the_packaged_offers_are_all_pinned() -> None:
    """In every language."""
    assert set(SIGNED) == {(standard, language) for standard in odrl.packaged() for language in offer_text.LANGUAGES}


# --- on the command line ----------------------------------------------------------------------------------------------


@pytest.fixture
def machine(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    """Somebody's computer."""
    return a_machine(tmp_path, monkeypatch, capsys)


def test_the_vocabulary_is_listed_and_counted(machine: Machine) -> None:
    """`terms words` names every term with its force, `terms count` adds them up: both from the same table."""
    listed = machine("terms", "words").out
    for term, force in FORCE.items():
        assert re.search(rf"^{term} +.*{re.escape(offer_text.label(force, 'en'))}", listed, re.MULTILINE), term
    assert "ScientificResearch" in listed
    assert all(variant in listed for variants in VARIANTS.values() for variant in variants)
    assert "댐이 집행" in machine("terms", "words", "--language", "ko").out
    machine("terms", "words", "--language", "fr", code=4)
    counted = json.loads(machine("terms", "count", "--json").out)
    assert counted.pop("terms") == len(FORCE)
    assert counted == {str(force): list(FORCE.values()).count(force) for force in Force}
    told = machine("terms", "count").out
    assert [int(number) for number in re.findall(r"[0-9]+", told)] == [len(FORCE), *counted.values()]


def test_an_offer_is_checked_and_written_out(machine: Machine) -> None:
    """From JSON, from YAML, or as packaged; with the standard named, or the packaged one of its id."""
    assert "Nothing is wrong" in machine("offer", "check", "cti.indicator").out
    packaged = odrl.packaged()["cti.indicator"]
    Path("offer.json").write_text(packaged, encoding="utf-8")
    held = {name: part for name, part in json.loads(packaged).items() if name not in odrl_judge.FIXED}
    Path("offer.YAML").write_text(strict_yaml.write(held), encoding="utf-8")
    text = machine("offer", "text", "cti.indicator", "--language", "ko").out
    for file in ("offer.json", "offer.YAML"):
        machine("offer", "check", file)
        assert machine("offer", "text", file, "--language", "ko").out == text
    assert text == offer_text.text(odrl.read(packaged), odcs.read(codelists.packaged_standard("cti.indicator")), "ko")
    Path("own.yaml").write_text(codelists.packaged_standard("supply.supply-edge"), encoding="utf-8")
    wrong = machine("offer", "check", "offer.json", "--standard", "own.yaml", code=2).error
    assert "not about supply.supply-edge" in wrong
    assert "does not allow security" in wrong
    assert machine("offer", "check", "offer.json", "--standard", "supply.supply-edge", code=2).error == wrong
    machine("offer", "text", "offer.json", "--language", "fr", code=4)
    Path("offer.json").write_text(packaged.replace("cti.indicator", "no.such"), encoding="utf-8")
    machine("offer", "check", "offer.json", code=4)
    machine("offer", "check", "none.json", code=2)


def test_a_purpose_that_no_offer_knows_is_told_while_the_standard_is_written(machine: Machine) -> None:
    """Later would be too late: a lineage takes no further purposes."""
    text = codelists.packaged_standard("cti.indicator")
    Path("known.yaml").write_text(text, encoding="utf-8")
    Path("odd.yaml").write_text(text.replace("[security, research", "[defence, research"), encoding="utf-8")
    assert "No offer can permit" not in machine("standard", "check", "known.yaml").out
    assert machine("standard", "check", "odd.yaml").out.count("No offer can permit the purpose defence") == 1


# --- the page ---------------------------------------------------------------------------------------------------------

PAGE = (Path(__file__).parents[1] / "docs" / "offers.md").read_text(encoding="utf-8")


def test_the_offer_on_the_page_is_one() -> None:
    """It can be copied: read, checked, written out."""
    example = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0]
    offer = odrl.from_yaml(example)
    assert odrl.check(offer, odcs.read(codelists.packaged_standard("cti.indicator"))) == []


def test_the_page_names_every_term_with_its_label() -> None:
    """The table of forces, of operands, of purposes and of variants say what the code says."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")
    ]
    forces = {str(force): force for force in Force}
    told = {term: forces[row[1]] for row in rows if row[1] in forces for term in re.findall(r"`([\w-]+)`", row[0])}
    clauses = {str(term): FORCE[term] for term in VARIANTS}
    assert {**told, **clauses} == {str(term): force for term, force in FORCE.items()}
    assert set(clauses.values()) == {Force.LEGAL}
    operators = {row[0]: set(re.findall(r"`(\w+)`", row[1])) for row in rows if len(row) == 4}
    for operand, known in OPERATORS.items():
        assert operators[f"`{operand}`"] == set(map(str, known))
    variants = {row[0]: row[1] for row in rows if len(row) == 2}
    for clause, known_variants in VARIANTS.items():
        assert all(f"`{one}" in variants[f"`{clause}`"] for one in known_variants), clause
    assert all(f"`{purpose}`" in PAGE for purpose in PURPOSES)
