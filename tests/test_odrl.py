"""Offers in ODRL: what the profile can say comes back the same, and all else is refused, every fault at once."""

import json
import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import drafts
from datadam import seal, texts
from datadam.errors import DamError, Faults, kept
from datadam.formats import codelists, odcs, odrl, odrl_judge, odrl_words, strict_yaml
from datadam.model import PrivacyClass, Protection, Standard, Tier
from datadam.terms import (
    FORCE,
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
from offers import CLAUSES, OFFER, offers

TEXT = odrl.write(OFFER)
NOW = "2026-11-22T12:00:00Z"


def faults_of(read: Callable[[str], Offer], text: str) -> list[tuple[str, object]]:
    """Code and path of everything that is wrong, each of which can be told in every language."""
    with pytest.raises(Faults) as caught:
        read(text)
    assert caught.value.code == "offer.faulty"
    told(caught.value.faults)
    return [(fault.code, fault.facts.get("path")) for fault in caught.value.faults]


def told(faults: tuple[DamError, ...] | list[DamError]) -> None:
    """Each fault has its sentences in each language, with every place filled in."""
    for fault in faults:
        for language in texts.LANGUAGES:
            explained = texts.explain(fault, language)
            asked = texts.placeholders("".join(texts.template(fault.code, language).values()))
            assert explained.what
            assert asked <= set(fault.facts), fault


def spoiled(change: Callable[[Any], object]) -> str:
    """The text of the offer after somebody changed it."""
    held = json.loads(TEXT)
    change(held)
    return json.dumps(held)


def put(*path: Any, to: Any) -> Callable[[Any], None]:
    """Sets the member at `path`."""

    def change(held: Any) -> None:
        *before, last = path
        for step in before:
            held = held[step]
        held[last] = to

    return change


# --- there and back ---------------------------------------------------------------------------------------------------


@given(offer=offers())
def test_what_is_written_is_read_back(offer: Offer) -> None:
    """Every offer that can be said: the same offer, and the same bytes again, from JSON however it is laid out."""
    text = odrl.write(offer)
    assert odrl.read(text) == offer
    assert odrl.read(text.encode()) == offer
    loose = json.dumps(json.loads(text), indent=3, ensure_ascii=True)
    assert odrl.write(odrl.read(loose)) == text == seal.canonical(json.loads(text)).decode()


@given(offer=offers())
def test_yaml_says_the_same(offer: Offer) -> None:
    """The friendly form: nothing that is the same in every offer, periods and instants as plain words."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return value["@value"] if "@value" in value else {name: plain(part) for name, part in value.items()}
        return [plain(part) for part in value] if isinstance(value, list) else value

    held = json.loads(odrl.write(offer))
    short = {name: plain(part) for name, part in held.items() if name not in {*odrl_judge.FIXED, "assigner"}}
    assert odrl.from_yaml(strict_yaml.write(short)) == offer
    assert odrl.from_yaml(strict_yaml.write(held)) == offer


@settings(max_examples=300)
@given(offer=offers(), seed=st.integers(0, 2**32))
def test_one_member_more_or_less_anywhere_is_refused(offer: Offer, seed: int) -> None:
    """The profile is closed: no object takes a member that it has not, none that must be there may be missing."""
    chance = random.Random(seed)
    held = json.loads(odrl.write(offer))
    places: list[dict[str, Any]] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            places.append(value)
        for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(part)

    walk(held)
    place = chance.choice(places)
    optional = {"constraint", "duty", "prohibition", "minimumAge"}
    name = chance.choice(["extra", "@id", "refinement", "Action", *(set(place) - optional)])
    if name in place:
        del place[name]
    else:
        place[name] = chance.choice(["use", 1, {}, [], None])
    assume(held.get("@context") not in odrl_words.EARLIER)  # what offers had before a word came to it
    with pytest.raises(Faults):
        odrl.read(json.dumps(held))


def test_an_offer_of_before_a_word_came_is_still_read() -> None:
    """What was published and signed is read as long as there is a dam: its context had fewer words."""
    for context in odrl_words.EARLIER:
        assert odrl.read(json.dumps({**json.loads(TEXT), "@context": context})) == OFFER


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300)
@given(
    offer=offers(),
    odd=JSON | st.sampled_from(["\ud800", 10**30, -0.0, "urn:datadam:offer:a.b:1"]),
    seed=st.integers(0, 2**32),
)
def test_anything_anywhere_is_read_or_refused_in_words(offer: Offer, odd: Any, seed: int) -> None:
    """Whatever stands in the place of whatever: an offer that is written back the same, or faults that can be told."""
    chance = random.Random(seed)
    held = json.loads(odrl.write(offer))
    here: Any = held
    while True:
        key = chance.choice(list(here)) if isinstance(here, dict) else chance.randrange(len(here))
        if not here[key] or not isinstance(here[key], dict | list) or chance.random() < 0.2:
            break
        here = here[key]
    here[key] = odd
    for read, text in ((odrl.read, json.dumps(held)), (odrl.from_yaml, json.dumps(held, ensure_ascii=False))):
        found, refused = tried(read, text)
        told(refused)
        kept_as = json.dumps([kept(fault) for fault in refused], ensure_ascii=False)
        assert kept_as.encode()
        assert bool(refused) is (found is None)
        assert found is None or odrl.read(odrl.write(found)) == found


@pytest.mark.parametrize("name", ["target", "uid"])
def test_a_name_that_is_null_is_refused_in_words(name: str) -> None:
    """What is there and is nothing is no name; it is not missing either."""
    found, refused = tried(odrl.read, json.dumps({**json.loads(TEXT), name: None}))
    assert found is None
    assert "offer.urn" in [fault.code for fault in refused]


def tried(read: Callable[[str], Offer], text: str) -> tuple[Offer | None, tuple[DamError, ...]]:
    """What is read, or the faults."""
    try:
        return read(text), ()
    except Faults as error:
        return None, error.faults


def test_the_words_are_those_of_odrl() -> None:
    """An ODRL reader elsewhere finds its own words, and our context for the rest; nothing hangs on a fetch from us."""
    held = json.loads(TEXT)
    assert held["@context"][0] == "http://www.w3.org/ns/odrl.jsonld"
    ours = held["@context"][1]
    assert all(value.startswith("datadam:") for name, value in ours.items() if name not in {"datadam", "clauses"})
    of_odrl = {"read", "derive", "purpose", "recipient", "spatial", "dateTime"}
    said = {str(word) for word in (*Action, *Operand)}
    assert said - of_odrl <= set(ours)
    assert not of_odrl & set(ours)
    assert held["conflict"] == "prohibit"  # ODRL's own default would void the whole offer


# --- faults -----------------------------------------------------------------------------------------------------------

PERMISSION = "$.permission[0]"
PURPOSE = ("permission", 0, "constraint", 0)
ONE = {"leftOperand": "reciprocity", "operator": "gteq", "rightOperand": 1}
PERIOD = {"leftOperand": "elapsedTime", "operator": "lteq", "rightOperand": {"@type": "xsd:duration", "@value": "P1D"}}

SPOILED: list[tuple[str, str, Callable[[Any], object]]] = [
    ("offer.fixed", "$.@context", put("@context", to=["http://www.w3.org/ns/odrl.jsonld"])),
    ("offer.fixed", "$.@type", put("@type", to="Agreement")),
    ("offer.fixed", "$.profile", put("profile", to="urn:datadam:odrl:2")),
    ("offer.fixed", "$.conflict", put("conflict", to="perm")),
    ("offer.urn", "$.target", put("target", to="urn:datadam:standard:Thing")),
    ("offer.urn", "$.target", put("target", to="urn:datadam:standard:...")),
    ("offer.urn", "$.target", put("target", to=7)),
    ("offer.urn", "$.uid", put("uid", to="urn:datadam:offer:other.thing:1")),
    ("offer.urn", "$.uid", put("uid", to="urn:datadam:offer:test.thing:0")),
    ("offer.urn", "$.uid", put("uid", to="urn:datadam:offer:test.thing:1\n")),
    ("offer.urn", "$.assigner", put("assigner", to="urn:datadam:stewards:other.thing")),
    ("offer.type", "$.automatic", put("automatic", to=1)),
    ("offer.country", "$.law", put("law", to="Korea")),
    ("offer.country", "$.law", put("law", to="XX")),
    ("offer.type", "$.law", put("law", to=["KR"])),
    ("offer.field-near", "$", put("permissions", to=[])),
    ("offer.field-unknown", "$", put("inheritFrom", to="x")),
    ("offer.field-unknown", "$", put("obligation", to=[])),
    ("offer.type", "$.permission", put("permission", to={})),
    ("offer.empty", "$.permission", put("permission", to=[])),
    ("offer.type", PERMISSION, put("permission", 0, to="read")),
    ("offer.empty", f"{PERMISSION}.action", put("permission", 0, "action", to=[])),
    ("offer.type", f"{PERMISSION}.action", put("permission", 0, "action", to="read")),
    ("offer.type", f"{PERMISSION}.action[0]", put("permission", 0, "action", to=[7])),
    ("offer.value-unknown", f"{PERMISSION}.action[0]", put("permission", 0, "action", to=["use"])),
    ("offer.value-near", f"{PERMISSION}.action[1]", put("permission", 0, "action", 1, to="trian")),
    ("offer.repeated", f"{PERMISSION}.action[1]", put("permission", 0, "action", to=["read", "read"])),
    ("offer.too-many", f"{PERMISSION}.action", put("permission", 0, "action", to=["read"] * 7)),
    ("offer.too-many", "$.permission", put("permission", to=[{}] * 7)),
    ("offer.too-many", "$.prohibition", put("prohibition", to=[{"action": ["read"]}] * 51)),
    ("offer.empty", "$.prohibition", put("prohibition", to=[])),
    ("offer.field-unknown", "$.prohibition[0]", put("prohibition", to=[{"action": ["read"], "duty": []}])),
    (
        "offer.value-unknown",  # a prohibition of what is at most so sensitive would forbid the harmless
        "$.prohibition[0].constraint[0].leftOperand",
        put("prohibition", to=[{"action": ["read"], "constraint": [{**ONE, "leftOperand": "sensitivity"}]}]),
    ),
    (
        "offer.action-twice",
        "$.permission[1].action",
        lambda held: held["permission"].append({"action": ["query", "read"]}),
    ),
    (
        "offer.operand-twice",
        f"{PERMISSION}.constraint[1]",
        lambda held: held["permission"][0]["constraint"].append(deepcopy(held["permission"][0]["constraint"][0])),
    ),
    ("offer.empty", f"{PERMISSION}.constraint", put("permission", 0, "constraint", to=[])),
    ("offer.value-near", f"{PERMISSION}.constraint[0].leftOperand", put(*PURPOSE, "leftOperand", to="purposes")),
    ("offer.value-near", f"{PERMISSION}.constraint[0].operator", put(*PURPOSE, "operator", to="isNoneOf")),
    ("offer.value-unknown", f"{PERMISSION}.constraint[0].operator", put(*PURPOSE, "operator", to="eq")),
    ("offer.type", f"{PERMISSION}.constraint[0].rightOperand", put(*PURPOSE, "rightOperand", to="research")),
    ("offer.empty", f"{PERMISSION}.constraint[0].rightOperand", put(*PURPOSE, "rightOperand", to=[])),
    (
        "offer.value-near",
        f"{PERMISSION}.constraint[0].rightOperand[0]",
        put(*PURPOSE, "rightOperand", to=["reserch"]),
    ),
    (
        "offer.value-near",
        f"{PERMISSION}.constraint[0].rightOperand[0]",
        put(*PURPOSE, "rightOperand", to=["fraud_prevention"]),
    ),
    ("offer.age", f"{PERMISSION}.constraint[0].minimumAge", put(*PURPOSE, "minimumAge", to=PERIOD["rightOperand"])),
    ("offer.type", f"{PERMISSION}.constraint[0].rightOperand", put(*PURPOSE, to={**ONE, "rightOperand": True})),
    ("offer.type", f"{PERMISSION}.constraint[0].rightOperand", put(*PURPOSE, to={**ONE, "rightOperand": 1.0})),
    ("offer.type", f"{PERMISSION}.constraint[0].rightOperand", put(*PURPOSE, to={**ONE, "rightOperand": "1"})),
    ("offer.range", f"{PERMISSION}.constraint[0].rightOperand", put(*PURPOSE, to={**ONE, "rightOperand": 0})),
    ("offer.range", f"{PERMISSION}.constraint[0].rightOperand", put(*PURPOSE, to={**ONE, "rightOperand": 10**400})),
    ("offer.typed", f"{PERMISSION}.constraint[0].minimumAge", put(*PURPOSE, to={**ONE, "minimumAge": "P30D"})),
    (
        "offer.range",
        f"{PERMISSION}.constraint[0].minimumAge",
        put(*PURPOSE, to={**ONE, "minimumAge": {"@type": "xsd:duration", "@value": "P3651D"}}),
    ),
    *(
        (
            "offer.typed",
            f"{PERMISSION}.constraint[0].rightOperand",
            put(*PURPOSE, to={"leftOperand": "dateTime", "operator": "lt", "rightOperand": value}),
        )
        for value in (
            "2027-01-01T00:00:00Z",
            {"@type": "xsd:date", "@value": "2027-01-01T00:00:00Z"},
            {"@type": "xsd:dateTime", "@value": "2027-01-01"},
            {"@type": "xsd:dateTime", "@value": "2027-02-30T00:00:00Z"},
            {"@type": "xsd:dateTime", "@value": "2027-01-01T24:00:01Z"},
            {"@type": "xsd:dateTime", "@value": "２０２７-01-01T00:00:00Z"},
            {"@type": "xsd:dateTime", "@value": "2027-01-01T00:00:00+09:00"},
            {"@type": "xsd:dateTime", "@value": 7},
        )
    ),
    (
        "offer.country",
        f"{PERMISSION}.constraint[0].rightOperand[1]",
        put(*PURPOSE, to={"leftOperand": "spatial", "operator": "isAnyOf", "rightOperand": ["KR", "kr"]}),
    ),
    (
        "offer.credential",
        f"{PERMISSION}.constraint[0].rightOperand[0]",
        put(*PURPOSE, to={"leftOperand": "credential", "operator": "isAllOf", "rightOperand": ["A [legal only]"]}),
    ),
    (
        "offer.value-near",
        f"{PERMISSION}.constraint[0].rightOperand",
        put(*PURPOSE, to={"leftOperand": "sensitivity", "operator": "lteq", "rightOperand": "Confidential"}),
    ),
    (
        "offer.repeated",
        f"{PERMISSION}.duty[2]",
        lambda held: held["permission"][0]["duty"].append({"action": "attribute"}),
    ),
    ("offer.value-unknown", f"{PERMISSION}.duty[0].action", put("permission", 0, "duty", 0, "action", to="pay")),
    (
        "offer.duty-period",
        f"{PERMISSION}.duty[1].constraint",
        put("permission", 0, "duty", 1, "constraint", to=[PERIOD]),
    ),
    ("offer.field-missing", f"{PERMISSION}.duty[1]", put("permission", 0, "duty", 1, to={"action": "inform"})),
    (
        "offer.value-unknown",
        f"{PERMISSION}.duty[0].constraint[0].leftOperand",
        put("permission", 0, "duty", 0, "constraint", 0, "leftOperand", to="purpose"),
    ),
    (
        "offer.too-many",
        f"{PERMISSION}.duty[0].constraint",
        put("permission", 0, "duty", 0, "constraint", to=[PERIOD] * 2),
    ),
    ("offer.field-missing", "$.clauses", lambda held: held["clauses"].pop("exit")),
    ("offer.field-near", "$.clauses", put("clauses", "warrenty", to="none")),
    ("offer.value-near", "$.clauses.exit", put("clauses", "exit", to="deleted")),
    ("offer.type", "$.clauses.exit", put("clauses", "exit", to=None)),
    ("offer.amount", "$.clauses.liability", put("clauses", "liability", to="capped-amount")),
    ("offer.value-unknown", "$.clauses.liability", put("clauses", "liability", to="capped-amount:100:XBT")),
    ("offer.value-near", "$.clauses.liability", put("clauses", "liability", to="capped-amount:0:EUR")),
    ("offer.value-unknown", "$.clauses.exit", put("clauses", "exit", to="capped-amount:1:EUR")),
]


@pytest.mark.parametrize(("code", "path", "change"), SPOILED)
def test_each_fault_is_told_with_its_place(code: str, path: str, change: Callable[[Any], object]) -> None:
    """What is wrong, where, and what to do, in every language."""
    assert (code, path) in faults_of(odrl.read, spoiled(change))


def test_all_faults_are_told_at_once() -> None:
    """Nobody mends one to meet the next: changes in different places are all named together."""
    held = json.loads(TEXT)
    held["law"], held["automatic"] = "Korea", "no"
    held["clauses"]["exit"] = "x"
    held["permission"][0]["constraint"][0]["rightOperand"] = ["reserch", "security", "moon"]
    found = faults_of(odrl.read, json.dumps(held))
    assert sorted(code for code, _ in found) == [
        "offer.country",
        "offer.type",
        "offer.value-near",
        "offer.value-unknown",
        "offer.value-unknown",
    ]


def test_a_purpose_that_is_none_is_told_the_nearest() -> None:
    """As a person types it."""
    for typed, meant in [("Research", "research"), ("product development", "product-development")]:
        with pytest.raises(Faults) as caught:
            odrl.read(spoiled(put(*PURPOSE, "rightOperand", to=[typed])))
        assert [fault.facts["near"] for fault in caught.value.faults] == [meant]


@pytest.mark.parametrize("key", ["аction", "action\u200b", "ａｃｔｉｏｎ", "Action", "action "])
def test_a_word_that_only_looks_like_ours_is_none(key: str) -> None:
    """Cyrillic, full-width and invisible letters; where they cannot be seen they are told by their numbers."""

    def change(held: Any) -> None:
        held["permission"][0][key] = held["permission"][0].pop("action")

    with pytest.raises(Faults) as caught:
        odrl.read(spoiled(change))
    codes = {fault.code for fault in caught.value.faults}
    assert "offer.field-missing" in codes
    shown = next(str(fault.facts["value"]) for fault in caught.value.faults if fault.code.startswith("offer.field-"))
    assert key.isascii() or "\\u" in shown


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "json.malformed"),
        ("[]", "offer.type"),
        ("null", "offer.type"),
        ('{"law": NaN}', "json.malformed"),
        ('{"law": "KR", "law": "US"}', "json.malformed"),
        ("[" * 60_000, "json.malformed"),
        ('{"a":' * 9_000 + "1" + "}" * 9_000, "json.malformed"),
        ('{"law": ' + "9" * 60_000 + "}", "json.malformed"),
        (" " * (64 * 1024 + 1), "offer.too-large"),
    ],
)
def test_what_is_no_offer_at_all_is_refused(text: str, code: str) -> None:
    """Empty, no object, no number, a key twice, too deep, too large."""
    assert code in [found for found, _ in faults_of(odrl.read, text)]


@pytest.mark.parametrize("text", [b"\xff\xfe{}", b"\xef\xbb\xbf{}", TEXT.encode("utf-16")])
def test_bytes_that_are_no_text_are_refused(text: bytes) -> None:
    """JSON is UTF-8 (RFC 8259 §8.1)."""
    with pytest.raises(Faults):
        odrl.read(text)


def test_a_bomb_of_faults_costs_no_more_than_a_page_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many members are wrong: as many faults as anybody reads, and words are compared that often only."""
    compared: list[str] = []

    def near(*compare: Any, **_more: Any) -> list[str]:
        compared.append(compare[0])
        return []

    monkeypatch.setattr(odrl_judge, "get_close_matches", near)
    bomb = {f"x{number}": 0 for number in range(5_000)}
    with pytest.raises(Faults) as caught:
        odrl.read(json.dumps(bomb))
    assert len(caught.value.faults) == len(compared) == odrl_judge.MAX_FAULTS


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: [1", "yaml.malformed"),
        ("law: KR\nlaw: US", "yaml.key-repeated"),
        ("a: &x 1\nb: *x", "yaml.alias"),
        ("- 1", "offer.type"),
        ("law: KR", "offer.field-missing"),
        ("target: urn:datadam:standard:test.thing", "offer.field-missing"),
        ("#" * (64 * 1024 + 1), "offer.too-large"),
    ],
)
def test_yaml_is_judged_as_strictly(text: str, code: str) -> None:
    """One meaning, every fault, the same bounds."""
    assert code in [found for found, _ in faults_of(odrl.from_yaml, text)]


# --- sense ------------------------------------------------------------------------------------------------------------


def allowing(*actions: Action, **more: Any) -> Offer:
    """An offer with one permission."""
    return replace(OFFER, permissions=(Permission(actions=actions or (Action.READ,), **more),))


def of(operand: Operand, value: Any, operator: Operator = Operator.ANY_OF) -> Constraint:
    """A constraint."""
    return Constraint(operand=operand, operator=operator, value=value)


RESEARCH = of(Operand.PURPOSE, ("research",))
CONSUMER = of(Operand.RECIPIENT, ("consumer",))
OPEN = drafts.standard(tier=Tier.OPEN, purposes=())
NAME = drafts.column("name", privacy_class=PrivacyClass.PERSONAL, protection=Protection.UNIT_ID, domain="people")
PERSONAL = drafts.standard(drafts.column("id", required=True), NAME)
ANSWERS = drafts.standard(tier=Tier.ANSWERS)
SECRET = drafts.standard(
    drafts.column("id", privacy_class=PrivacyClass.CONFIDENTIAL),
    drafts.column("seen", privacy_class=PrivacyClass.PUBLIC, protection=Protection.DROP),
)


def forbidding(permitted: tuple[Constraint, ...], forbidden: tuple[Constraint, ...]) -> Offer:
    """READ, under some constraints, and forbidden under others."""
    against = (Prohibition(actions=(Action.READ,), constraints=forbidden),)
    return replace(allowing(constraints=permitted), prohibitions=against)


SENSELESS: list[tuple[str, Offer, Standard]] = [
    (
        "offer.other-standard",
        replace(OFFER, standard=odrl.read(TEXT.replace("test.thing", "a.b")).standard),
        drafts.standard(),
    ),
    ("offer.empty", replace(OFFER, permissions=()), drafts.standard()),
    ("offer.empty", allowing(constraints=(of(Operand.PURPOSE, ()),)), OPEN),
    ("offer.empty", replace(OFFER, permissions=(Permission(actions=()),)), OPEN),
    (
        "offer.nobody",
        allowing(constraints=(of(Operand.RECIPIENT, ("auditor", "consumer", "contributor"), Operator.NONE_OF),)),
        OPEN,
    ),
    ("offer.purpose-missing", allowing(), drafts.standard()),
    ("offer.purpose-personal", allowing(), replace(PERSONAL, tier=Tier.OPEN, purposes=())),
    ("offer.purpose-beyond", allowing(constraints=(of(Operand.PURPOSE, ("research", "security")),)), drafts.standard()),
    ("offer.tier", allowing(Action.QUERY, Action.READ, constraints=(RESEARCH,)), ANSWERS),
    ("offer.tier", allowing(Action.EXPORT, constraints=(RESEARCH,)), replace(ANSWERS, tier=Tier.TABLES)),
    (
        "offer.nothing-left",
        allowing(constraints=(RESEARCH, of(Operand.SENSITIVITY, "business", Operator.AT_MOST))),
        SECRET,
    ),
    ("offer.combine-credential", allowing(Action.COMBINE, constraints=(RESEARCH,)), PERSONAL),
    (
        "offer.level-unproven",
        allowing(constraints=(of(Operand.LEVEL, "qualified", Operator.AT_LEAST),)),
        OPEN,
    ),
    ("offer.expired", allowing(constraints=(of(Operand.EXPIRY, NOW, Operator.BEFORE),)), OPEN),
    ("offer.contradiction", forbidding((), ()), OPEN),
    ("offer.contradiction", forbidding((RESEARCH,), ()), OPEN),
    ("offer.contradiction", forbidding((RESEARCH,), (of(Operand.PURPOSE, ("security", "research")),)), OPEN),
    (
        "offer.contradiction",
        forbidding(
            (of(Operand.JURISDICTION, ("KR",)), CONSUMER),
            (of(Operand.JURISDICTION, ("US",), Operator.NONE_OF), CONSUMER),
        ),
        OPEN,
    ),
    (
        "offer.contradiction",
        forbidding(
            (of(Operand.DESTINATION, ("US",), Operator.NONE_OF),), (of(Operand.DESTINATION, ("US",), Operator.NONE_OF),)
        ),
        OPEN,
    ),
]


@pytest.mark.parametrize(("code", "offer", "standard"), SENSELESS)
def test_an_offer_that_makes_no_sense_is_told_so(code: str, offer: Offer, standard: Standard) -> None:
    """For the standard that it is about, and in itself."""
    found = odrl.check(offer, standard, now=NOW)
    told(found)
    assert {fault.code for fault in found} == {code}


SENSIBLE: list[tuple[Offer, Standard]] = [
    (allowing(constraints=(of(Operand.LEVEL, "advanced", Operator.AT_LEAST),)), OPEN),
    (OFFER, drafts.standard()),
    (allowing(), OPEN),
    (allowing(Action.QUERY, constraints=(RESEARCH,)), ANSWERS),
    (allowing(constraints=(RESEARCH, of(Operand.SENSITIVITY, "confidential", Operator.AT_MOST))), SECRET),
    (allowing(Action.COMBINE, constraints=(RESEARCH, of(Operand.CREDENTIAL, ("x",), Operator.ALL_OF))), PERSONAL),
    (allowing(constraints=(of(Operand.EXPIRY, "2026-11-22T12:00:01Z", Operator.BEFORE),)), OPEN),
    (forbidding((), (RESEARCH,)), OPEN),
    (forbidding((of(Operand.PURPOSE, ("research", "security")),), (RESEARCH,)), OPEN),
    (forbidding((CONSUMER,), (of(Operand.RECIPIENT, ("auditor",), Operator.NONE_OF),)), OPEN),  # may be both
    (forbidding((of(Operand.DESTINATION, ("US",), Operator.NONE_OF),), (of(Operand.DESTINATION, ("KR",)),)), OPEN),
    (replace(allowing(), prohibitions=(Prohibition(actions=(Action.EXPORT,)),)), OPEN),
]


@pytest.mark.parametrize(("offer", "standard"), SENSIBLE)
def test_an_offer_that_makes_sense_is_left_alone(offer: Offer, standard: Standard) -> None:
    """What narrows is no contradiction."""
    assert odrl.check(offer, standard, now=NOW) == []


def test_expiry_is_judged_only_by_a_clock() -> None:
    """Pure: without an instant nothing has expired."""
    assert odrl.check(allowing(constraints=(of(Operand.EXPIRY, NOW, Operator.BEFORE),)), OPEN) == []


def test_all_that_makes_no_sense_is_told_at_once() -> None:
    """Of every permission and prohibition, with its path."""
    bad = replace(
        OFFER,
        permissions=(
            Permission(actions=(Action.READ,)),
            Permission(actions=(Action.COMBINE,), constraints=(RESEARCH,)),
        ),
        prohibitions=(Prohibition(actions=(Action.COMBINE,)),),
    )
    assert [(fault.code, fault.facts["path"]) for fault in odrl.check(bad, PERSONAL)] == [
        ("offer.purpose-missing", "$.permission[0]"),
        ("offer.combine-credential", "$.permission[1]"),
        ("offer.contradiction", "$.prohibition[0]"),
    ]


# --- what we ship -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("standard", codelists.packaged_standards())
def test_each_packaged_standard_comes_with_an_offer(standard: str) -> None:
    """Whole, and fit for it."""
    offer = odrl.read(odrl.packaged()[standard])
    assert offer.number == 1
    assert odrl.check(offer, odcs.read(codelists.packaged_standard(standard)), now=NOW) == []


def test_no_offer_is_packaged_without_its_standard() -> None:
    """One each."""
    assert set(odrl.packaged()) == set(codelists.packaged_standards())


def test_every_term_has_one_force_and_the_totals_are_theirs() -> None:
    """Actions, operands, duties, clauses, and how and under what law it is signed; no word stands for two."""
    terms = [*Action, *Operand, *DutyKind, *CLAUSES, "automatic", "law"]
    assert len({str(term) for term in terms}) == len(terms)
    assert sorted(map(str, FORCE)) == sorted(map(str, terms))
    totals = odrl_words.totals()
    assert sum(totals.values()) == len(terms)
    for force in Force:
        assert totals[force] == len([term for term in terms if FORCE[term] is force]) > 0


def test_purposes_of_the_data_privacy_vocabulary_are_ours() -> None:
    """Each pair is one purpose, and one of theirs."""
    assert set(odrl_words.DPV) < set(PURPOSES)
    assert len(set(odrl_words.DPV.values())) == len(odrl_words.DPV)


def test_a_duty_that_has_no_days_is_written_without() -> None:
    """As a draft in code may have it; nobody reads it back."""
    text = odrl.write(allowing(duties=(Duty(kind=DutyKind.RETENTION),)))
    with pytest.raises(Faults, match=r"offer\.faulty"):
        odrl.read(text)
