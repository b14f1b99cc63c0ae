"""Model cards as YAML, and registered models as CycloneDX ML-BOMs."""

import json
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given
from hypothesis import strategies as st

from cards import CARD, card
from datadam import disclosure, seal, texts
from datadam.disclosure import Card, Commitment, Compute, Origin, Outside, Part
from datadam.errors import Faults, Invalid
from datadam.formats import ml_bom, model_card, model_summary, strict_yaml
from datadam.formats.statements import shaped
from datadam.model import Kind, instant
from worlds import START

HEX = "ab" * 32
MEMBER = "m-" + "0" * 20


# --- cards ------------------------------------------------------------------------------------------------------------


def faults(text: str) -> list[str]:
    """The codes of all that is wrong with a card, with the field of each."""
    with pytest.raises(Faults) as caught:
        model_card.read(text)
    for fault in caught.value.faults:
        assert all(texts.explain(fault, language).what for language in texts.LANGUAGES)
    return [f"{one.code.removeprefix('model.')} {one.facts.get('field', '')}".strip() for one in caught.value.faults]


def test_a_whole_card_is_read() -> None:
    """Every field; what may be left out is empty."""
    read = model_card.read(CARD)
    assert (read.name, read.version, read.compute, read.synthetic) == (
        "iron-forecast",
        "1.0.0",
        Compute.BELOW_1E23,
        False,
    )
    assert read.outside[0].origin is Origin.PUBLIC
    assert read.commitments[0].part is Part.WEIGHTS
    bare = model_card.read(card(outside=None, commitments=None))
    assert (bare.outside, bare.commitments) == ((), ())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": "Iron Forecast"}, ["field-wrong name"]),
        ({"name": "a\nb"}, ["field-wrong name"]),
        ({"version": 1}, ["field-wrong version"]),
        ({"version": None, "purpose": None}, ["field-missing version", "field-missing purpose"]),
        ({"purpose": " "}, ["text-wrong purpose"]),
        ({"purpose": "x" * 2001}, ["text-wrong purpose"]),
        ({"description": "a\x1b[2Jb"}, ["text-wrong description"]),
        ({"description": ["a"]}, ["text-wrong description"]),
        ({"contact": "call us"}, ["field-wrong contact"]),
        ({"contact": "http://firm.example"}, ["field-wrong contact"]),
        ({"limits": []}, ["field-missing limits"]),
        ({"limits": "none"}, ["list-wrong limits"]),
        ({"limits": ["x"] * 101}, ["list-wrong limits"]),
        ({"limits": ["fine", ""]}, ["text-wrong limits[2]"]),
        ({"criteria": [1]}, ["text-wrong criteria[1]"]),
        ({"compute": "much"}, ["word-unknown compute"]),
        ({"synthetic": "no"}, ["word-unknown synthetic"]),
        ({"outside": [{"name": "x", "origin": "found"}]}, ["word-unknown outside[1].origin"]),
        ({"outside": [{"name": "x", "origin": "own"}] * 2}, ["twice outside[2]"]),
        ({"outside": [{"name": "x", "origin": "own", "rows": 3}]}, ["field-unknown outside[1].rows"]),
        ({"outside": [{"name": "x", "origin": "own", "reference": 3}]}, ["text-wrong outside[1].reference"]),
        ({"outside": ["x"]}, ["field-missing outside[1].name", "field-missing outside[1].origin"]),
        ({"outside": {"name": "x"}}, ["list-wrong outside"]),
        ({"commitments": [{"part": "data", "digest": HEX}]}, ["word-unknown commitments[1].part"]),
        ({"commitments": [{"part": "code", "digest": HEX.upper()}]}, ["field-wrong commitments[1].digest"]),
        ({"training": ["cti.indicator"]}, ["field-unknown training"]),
    ],
)
def test_each_fault_of_a_card_is_told_with_its_place(changes: dict[str, object], expected: list[str]) -> None:
    """A training set is none of its fields: nobody says that of itself."""
    assert faults(card(**changes)) == expected


@pytest.mark.parametrize("text", ["", "[]", "- a", "a: [", "name: &x a", "x: " + "[" * 40, '"half": "\\ud800"'])
def test_what_is_no_card_is_refused(text: str) -> None:
    """Other YAML, and none."""
    assert faults(text)


WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40)
CARDS = st.builds(
    Card,
    name=st.from_regex(model_card.NAME, fullmatch=True),
    version=st.from_regex(model_card.VERSION, fullmatch=True),
    purpose=WORDS,
    description=WORDS,
    contact=st.sampled_from(["models@firm.example", "https://firm.example/models"]),
    limits=st.lists(WORDS, min_size=1, max_size=3).map(tuple),
    criteria=st.lists(WORDS, min_size=1, max_size=3).map(tuple),
    compute=st.sampled_from(Compute),
    synthetic=st.booleans(),
    outside=st.lists(
        st.builds(
            Outside,
            name=WORDS,
            origin=st.sampled_from(Origin),
            reference=st.none() | WORDS | st.just("https://data.example/set?a=b"),
        ),
        max_size=3,
        unique_by=lambda one: one.name,
    ).map(tuple),
    commitments=st.lists(
        st.builds(Commitment, part=st.sampled_from(Part), digest=st.just(HEX)),
        max_size=2,
        unique_by=lambda one: one.part,
    ).map(tuple),
)


@given(wanted=CARDS)
def test_a_card_that_was_written_is_read_again(wanted: Card) -> None:
    """Also the way that it takes through a statement."""
    told = json.loads(seal.canonical(disclosure.told(wanted)))
    assert model_card.read(strict_yaml.write(told)) == wanted


@given(text=st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    """It is a card, or its faults are told."""
    with pytest.raises(Invalid):
        model_card.read(text)


# --- bills ------------------------------------------------------------------------------------------------------------

STRICT = JsonStrictValidator(SchemaVersion.V1_7)
"""The official schema of CycloneDX 1.7."""
TAKEN = st.lists(
    st.fixed_dictionaries(
        {
            "standard": st.sampled_from(["cti.indicator", "supply.supply-edge"]),
            "version": st.sampled_from(["1.0.0", "1.1.0"]),
            "edition": st.none() | st.just("2026.11"),
            "share_version": st.integers(0, 3),
            "deposits_digest": st.just(HEX),
            "release": st.just(HEX),
            "decision": st.just(HEX),
            "index": st.integers(0, 99),
        }
    ),
    min_size=1,
    max_size=4,
)


def billed(wanted: Card, training: list[Any], *, replaces: str | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """A model statement's body, and its bill."""
    facts = {"member": MEMBER, "replaces": replaces, "training": training, **disclosure.told(wanted)}
    statement = shaped(seal.state(Kind.MODEL, facts, issued=instant(START), key=seal.new_key()))
    return dict(statement.body), ml_bom.bom(statement.body, id=statement.id, origin="dam.example/log", index=7)


@given(wanted=CARDS, training=TAKEN, replaces=st.none() | st.just(HEX))
def test_every_bill_is_what_cyclonedx_asks_for(wanted: Card, training: list[Any], replaces: str | None) -> None:
    """By the official schema, which takes no field that it does not know; and every reference is one."""
    _, bill = billed(wanted, training, replaces=replaces)
    assert STRICT.validate_str(json.dumps(bill)) is None
    refs = [one["bom-ref"] for one in bill["components"]]
    assert len(refs) == len(set(refs))
    model = bill["metadata"]["component"]
    assert [one["ref"] for one in model["modelCard"]["modelParameters"]["datasets"]] == refs
    assert {one["ref"] for one in bill["dependencies"]} == {model["bom-ref"], *refs}


def test_a_bill_names_every_source_and_every_release() -> None:
    """Reservoirs and editions apart, each with its releases; outside sources with where they are described."""
    one = {
        "standard": "cti.indicator",
        "version": "1.0.0",
        "edition": None,
        "share_version": 0,
        "deposits_digest": HEX,
        "release": HEX,
        "decision": "cd" * 32,
        "index": 4,
    }
    body, bill = billed(model_card.read(CARD), [one, {**one, "version": "1.1.0"}, {**one, "edition": "2026.11"}])
    by_name = {each["name"]: each for each in bill["components"]}
    assert set(by_name) == {"cti.indicator", "cti.indicator@2026.11", "World Bank GDP"}
    assert by_name["cti.indicator"]["version"] == "1.0.0, 1.1.0"
    told = [each["value"] for each in by_name["cti.indicator"]["properties"]]
    assert told[0] == f"{HEX} decision={'cd' * 32} index=4 share=0"
    assert by_name["World Bank GDP"]["externalReferences"][0]["url"].startswith("https://data.worldbank.org/")
    model = bill["metadata"]["component"]
    assert model["supplier"] == {"name": MEMBER, "contact": [{"email": body["contact"]}]}
    assert "hashes" not in model
    assert {each["name"]: each["value"] for each in model["properties"]}["datadam:commitment:weights"].endswith("0a08")
    assert bill == ml_bom.bom(body, id=_id(bill), origin="dam.example/log", index=7)  # the same again


def _id(bill: dict[str, Any]) -> str:
    return next(str(one["value"]) for one in bill["properties"] if one["name"] == "datadam:statement")


@given(wanted=CARDS, training=TAKEN)
def test_a_summary_says_everything_in_each_language(wanted: Card, training: list[Any]) -> None:
    """Every source, every limit and who says so; the same again is the same text, and no code stands for a sentence."""
    body, _ = billed(wanted, training)
    for form in (model_summary.EU, model_summary.KR):
        for language in texts.LANGUAGES:
            told = model_summary.summary(body, id=HEX, index=7, form=form, language=language)
            assert told == model_summary.summary(body, id=HEX, index=7, form=form, language=language)
            assert all(name in told for name in disclosure.sources(body))
            shown = (wanted.purpose, wanted.description, *wanted.limits, *(one.name for one in wanted.outside))
            assert all(one in told for one in shown)
            assert (form == model_summary.EU) or all(one in told for one in wanted.criteria)
            assert "summary." not in told.replace(wanted.purpose, "").replace(wanted.description, "")
            assert told.count("\n3. ") == (form == model_summary.EU)


def test_a_long_word_is_told_whole() -> None:
    """Nothing that a provider disclosed is cut, whatever its length; a line break begins no line of ours."""
    body, _ = billed(model_card.read(card(purpose="x" * 2000, description="a\n3. b")), [])
    told = model_summary.summary(body, id=HEX, index=7, form=model_summary.KR, language="en")
    assert "x" * 2000 in told
    assert "\n3. b" not in told


def test_a_bill_that_is_bent_is_none() -> None:
    """The check can fail: a field that CycloneDX does not know, and a type that it does not have."""
    _, bill = billed(model_card.read(card(contact="https://firm.example/models")), [])
    assert bill["metadata"]["component"]["supplier"]["url"] == ["https://firm.example/models"]
    assert STRICT.validate_str(json.dumps(bill)) is None
    for bent in ({**bill, "more": 1}, {**bill, "components": [{"type": "dataset", "name": "x"}]}):
        assert STRICT.validate_str(json.dumps(bent)) is not None
