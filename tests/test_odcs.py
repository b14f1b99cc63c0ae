"""Contracts are read strictly, every fault at once, and written so that they read back the same."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from datadam import texts
from datadam.errors import Faults, Invalid
from datadam.formats import codelists, odcs, odcs_faults, strict_yaml
from datadam.model import (
    Attribution,
    Bounds,
    Coarsening,
    Column,
    CrossRule,
    Period,
    PrivacyClass,
    Protection,
    Repeat,
    Standard,
    StandardId,
    Tier,
    Type,
    Unit,
)
from datadam.protections import Aggregate, Budget, CheckedTable, Clip, FreeText, Gates, ReferenceQuestion
from datadam.standard import check

KEV = codelists.packaged_standard("cti.exploited-vulnerability")
VERSION = next(line for line in KEV.splitlines() if line.startswith("version: "))

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)
names = st.from_regex(r"[a-z][a-z0-9_]{0,15}", fullmatch=True)
ids = st.from_regex(r"[a-z][a-z0-9-]{0,15}", fullmatch=True)
numbers = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20)
languages = st.fixed_dictionaries({"en": words, "ko": words}, optional={"fr": words, "pt-BR": words})
units = st.builds(
    Unit,
    symbol=words,
    numerator=st.integers(-5, 10**12),
    denominator=st.integers(1, 10**12),
    synonyms=st.lists(words, max_size=3).map(tuple),
)


coarsenings = st.one_of(
    st.sampled_from(Period).map(lambda period: Coarsening(period=period)),
    st.decimals(-9, 10**9, places=3).map(lambda width: Coarsening(width=width)),
    st.lists(st.decimals(-9, 9, places=3), min_size=1, max_size=3).map(lambda them: Coarsening(edges=tuple(them))),
    ids.map(lambda name: Coarsening(codes=name)),
    st.dictionaries(ids, ids, min_size=1, max_size=3).map(lambda groups: Coarsening(groups=groups)),
)


shares = st.decimals(0, 1, places=4)
counts = st.none() | st.integers(1, 99)
several = st.lists(names, max_size=3).map(tuple)
gates = st.builds(
    Gates,
    contributors=st.integers(1, 99),
    units=counts,
    identifying=several,
    sensitive=st.none() | names,
    diversity=counts,
    largest=counts,
    largest_share=st.none() | shares,
    p_percent=st.none() | numbers,
    measured=st.none() | names,
)
budgets = st.builds(Budget, period=numbers, life=numbers, delta=numbers, member=shares, reserve=shares)
summed = st.sampled_from([Aggregate.COUNT, Aggregate.SUM])
references = st.builds(
    ReferenceQuestion,
    aggregate=summed,
    units=st.integers(1, 10**9),
    column=st.none() | names,
    typical=st.none() | numbers,
    by=several,
    matching=shares,
)
tables = st.builds(CheckedTable, name=ids, aggregate=summed, by=several, column=st.none() | names)
clips = st.builds(Clip, lowest=numbers, highest=numbers, scale=st.integers(0, 9))


@st.composite
def columns(draw: st.DrawFn) -> Column:
    """Any column that a contract can carry; sense is not asked for."""
    kind = draw(st.sampled_from(Type))
    text, decimal = kind is Type.TEXT, kind is Type.DECIMAL
    bounds: st.SearchStrategy[Decimal | str | None] = st.none()
    if kind in {Type.INTEGER, Type.DECIMAL, Type.NUMBER}:
        bounds = st.none() | numbers
    elif kind is Type.DATE:
        bounds = st.none() | st.dates(min_value=date(1, 1, 1)).map(str)
    elif kind is Type.TIMESTAMP:
        bounds = st.none() | st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)
    return Column(
        name=draw(names),
        type=kind,
        required=draw(st.booleans()),
        titles=draw(languages),
        descriptions=draw(languages),
        synonyms=tuple(draw(st.lists(words, max_size=4))),
        scale=draw(st.integers(0, 9)) if decimal else 0,
        precision=draw(st.integers(10, 38)) if decimal else 38,
        unit=draw(st.none() | words),
        units=tuple(draw(st.lists(units, max_size=2))),
        minimum=draw(bounds),
        maximum=draw(bounds),
        min_length=draw(st.none() | st.integers(0, 9)) if text else None,
        max_length=draw(st.none() | st.integers(9, 99)) if text else None,
        pattern=draw(st.none() | words) if text else None,
        codes=draw(st.none() | ids),
        values=tuple(draw(st.lists(words, max_size=3, unique=True))),
        protection=draw(st.sampled_from(Protection)),
        privacy_class=draw(st.sampled_from(PrivacyClass)),
        domain=draw(st.none() | ids),
        mask_keep=draw(st.integers(0, 4)),
        coarsening=draw(st.none() | coarsenings),
        safe_statistics=draw(st.booleans()),
        clip=draw(st.none() | clips),
        free_text=draw(st.none() | st.sampled_from(FreeText)),
    )


@st.composite
def standards(draw: st.DrawFn) -> Standard:
    """Any standard that a contract can carry."""
    held = draw(st.lists(columns(), min_size=1, max_size=4, unique_by=lambda column: column.name))
    rule = st.builds(CrossRule, id=ids, left=names, op=st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), right=names)
    return Standard(
        id=StandardId(f"{draw(ids)}.{draw(ids)}"),
        version="1.2.3",
        titles=draw(languages),
        descriptions=draw(languages),
        columns=tuple(held),
        key=tuple(draw(st.permutations([c.name for c in held]))[: draw(st.integers(0, len(held)))]),
        repeat=draw(st.sampled_from(Repeat)),
        rules=tuple(draw(st.lists(rule, max_size=2))),
        tier=draw(st.sampled_from(Tier)),
        attribution=draw(st.sampled_from(Attribution)),
        purposes=tuple(draw(st.lists(ids, max_size=3))),
        terms=tuple(draw(st.lists(words, max_size=2))),
        stewards=tuple(draw(st.lists(words, max_size=2))),
        bounds=Bounds(
            unit=draw(names), rows=draw(st.none() | st.integers(1, 99)), period=draw(st.none() | st.just("year"))
        ),
        reject_limit=draw(st.decimals(0, Decimal("0.99"), places=4)),
        synthetic=draw(st.booleans()),
        gates=draw(st.none() | gates),
        budget=draw(st.none() | budgets),
        reference=draw(st.none() | references),
        tables=tuple(draw(st.lists(tables, max_size=2))),
    )


def faults_of(text: str) -> list[tuple[str, dict[str, object]]]:
    """Codes and facts of everything wrong with a contract; each must have words."""
    with pytest.raises(Faults) as caught:
        odcs.read(text)
    for fault in caught.value.faults:
        for language in texts.LANGUAGES:
            assert texts.say(fault.code, language, **fault.facts)
    return [(fault.code, fault.facts) for fault in caught.value.faults]


@settings(max_examples=60, deadline=None)
@given(standards())
def test_what_is_written_reads_back_the_same(standard: Standard) -> None:
    """The law of the codec: nothing of a standard is lost or changed in its contract."""
    assert odcs.read(odcs.write(standard)) == standard


@settings(max_examples=60, deadline=None)
@given(standards())
def test_an_ordinary_yaml_reader_finds_the_same_texts(standard: Standard) -> None:
    """Other tools read our contracts too: YAML 1.1 readers must not see dates or booleans where texts stand."""
    found = yaml.safe_load(odcs.write(standard))
    assert found["name"] == standard.titles["en"]
    assert [p["name"] for p in found["schema"][0]["properties"]] == [c.name for c in standard.columns]
    assert [p["businessName"] for p in found["schema"][0]["properties"]] == [c.titles["en"] for c in standard.columns]


def test_every_fault_is_told_at_once() -> None:
    """Six things wrong in six places of a file: one answer with all six, and what the sixth makes of its neighbour."""
    spoiled = (
        KEV.replace("kind: DataContract", "kind: Contract")
        .replace("value: open", "value: opne")
        .replace("property: attribution", "property: atribution")
        .replace("classification: public", "clasification: public", 1)
        .replace("classification: public", "classification: secret", 1)
        .replace("logicalType: date", "logicalType: array", 1)
    )
    found = faults_of(spoiled)
    assert {(code, str(facts.get("path"))) for code, facts in found} == {
        ("odcs.value-not-allowed", "kind"),
        ("odcs.value-not-allowed", "customProperties[tier].value"),
        ("odcs.term-unknown", "customProperties[atribution]"),
        ("odcs.field-unknown", "schema[cti_exploited_vulnerability].properties[cve_id]"),
        ("odcs.value-not-allowed", "schema[cti_exploited_vulnerability].properties[vendor].classification"),
        ("odcs.value-not-allowed", "schema[cti_exploited_vulnerability].properties[date_added].logicalType"),
        ("odcs.field-unknown", "schema[cti_exploited_vulnerability].properties[date_added].logicalTypeOptions"),
    }


@pytest.mark.parametrize(
    ("old", "new", "code", "path"),
    [
        ("id: cti.exploited-vulnerability", "id: ../../etc", "odcs.value-malformed", "id"),
        (VERSION, "version: '1.0'", "odcs.value-malformed", "version"),
        (VERSION, "version: 1.0", "odcs.type-wrong", "version"),
        ("apiVersion: v3.2.0", "apiVersion: v3.1.0", "odcs.value-not-allowed", "apiVersion"),
        ("name: Known exploited vulnerabilities", "title: x", "odcs.field-missing", "/"),
        ("status: active", "colour: red", "odcs.field-unknown", "/"),
        (
            "status: active",
            "servers: [{server: a, type: local, path: /etc, format: csv}]",
            "odcs.not-obeyed",
            "servers",
        ),
        ("value: 0.05", "value: '0.05'", "odcs.type-wrong", "customProperties[rejectLimit].value"),
        (
            "value: supersede}",
            "value: supersede}\n  - {property: x, value: 1}",
            "odcs.vendor-missing",
            "customProperties[x]",
        ),
        (
            "property: tier, value: open",
            "property: repeat, value: keep",
            "odcs.term-repeated",
            "customProperties[repeat]",
        ),
        (
            "required: true",
            "required: maybe",
            "odcs.type-wrong",
            "schema[cti_exploited_vulnerability].properties[cve_id].required",
        ),
        (
            "primaryKeyPosition: 1",
            "primaryKeyPosition: 2",
            "odcs.key-position",
            "schema[cti_exploited_vulnerability].properties",
        ),
        (
            "primaryKey: true",
            "unique: true",
            "odcs.key-position",
            "schema[cti_exploited_vulnerability].properties[cve_id]",
        ),
        (
            "primaryKey: true",
            "primaryKey: true\n        quality: [{metric: rowCount, mustBe: 3}]",
            "odcs.not-obeyed",
            "schema[cti_exploited_vulnerability].properties[cve_id].quality",
        ),
        (
            "property: safeStatistics, value: true",
            "property: decimal, value: {precision: 9, scale: 2}",
            "odcs.decimal-not-number",
            "schema[cti_exploited_vulnerability].properties[date_added]",
        ),
        (
            "enum: [{value: Known}",
            "enum: [{value: 1}",
            "odcs.type-wrong",
            "schema[cti_exploited_vulnerability].properties[ransomware_use].enum[0].value",
        ),
        (
            "{minimum: '1999-01-01'}",
            "{exclusiveMinimum: '1999-01-01'}",
            "odcs.not-obeyed",
            "schema[cti_exploited_vulnerability].properties[date_added].logicalTypeOptions.exclusiveMinimum",
        ),
        (
            "physicalType: table",
            "customProperties: [{vendor: datadam, property: tier, value: open}]",
            "odcs.term-unknown",
            "schema[cti_exploited_vulnerability].customProperties[tier]",
        ),
    ],
)
def test_a_fault_says_where_it_is(old: str, new: str, code: str, path: str) -> None:
    """One wrong thing gives its code and the path to it, with columns by name."""
    assert old in KEV
    assert (code, path) in [(c, f.get("path")) for c, f in faults_of(KEV.replace(old, new, 1))]


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "text", "5", "{}", "schema: 3", "schema: [3]", "schema: [{properties: 3}]"]
)
def test_what_is_no_contract_is_refused_not_crashed_on(text: str) -> None:
    """Whatever shape the YAML has, the answer is a list of faults."""
    assert faults_of(text)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_spoiled_node_gives_faults_or_a_standard(data: st.DataObject) -> None:
    """Hostile: put any value at any place of a good contract; the reader answers, it never crashes."""
    contract = strict_yaml.read(KEV)
    here, place = contract, data.draw(st.sampled_from(sorted(contract)))
    junk: st.SearchStrategy[object] = st.sampled_from(
        [None, True, 3, Decimal("1.5"), "x", [], {}, ["x"], [3], [[]], {"a": 1}, [{"property": 3}]]
    )
    for _ in range(data.draw(st.integers(0, 7))):
        inner = here[place]
        if isinstance(inner, dict) and inner:
            here, place = inner, data.draw(st.sampled_from(sorted(inner)))
        elif isinstance(inner, list) and inner:
            here, place = inner, data.draw(st.integers(0, len(inner) - 1))
    here[place] = data.draw(junk)
    try:
        assert isinstance(odcs.read(strict_yaml.write(contract)), Standard)
    except Faults as refusal:
        found = refusal
    else:
        return
    assert found.faults


def test_fields_for_people_are_named_as_unread() -> None:
    """Tags and a team are fine, and `carried` says that nothing acts on them."""
    more = KEV.replace("status: active", "status: active\ntags: [cti]\nteam: {name: us}")
    more = more.replace("businessName: Vendor", "businessName: Vendor\n        examples: [Acme]")
    assert odcs.read(more) == odcs.read(KEV)
    table = "schema[cti_exploited_vulnerability]"
    assert set(odcs.carried(more)) == {"tags", "team", f"{table}.properties[vendor].examples"}
    assert odcs.carried(KEV) == ()


def test_other_vendors_terms_are_let_be() -> None:
    """ODCS 3.2: tools must keep unknown vendors; what they say changes nothing here."""
    more = KEV.replace("customProperties:", "customProperties:\n  - {vendor: soda, property: tier, value: 7}", 1)
    assert odcs.read(more) == odcs.read(KEV)


# --- strict YAML ------------------------------------------------------------------------------------------------------

BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (BOMB, "yaml.alias"),
        ("a: &x 1", "yaml.alias"),
        ("a: !!python/object/apply:os.system [ls]", "yaml.tag"),
        ("a: !!int '3'", "yaml.tag"),
        ("a: 1\na: 2", "yaml.key-repeated"),
        ("<<: {a: 1}", "yaml.key-not-text"),
        ("? [a]\n: 1", "yaml.key-not-text"),
        ("a: [", "yaml.malformed"),
        ("a: b: c", "yaml.malformed"),
        ("a: 1\n---\nb: 2", "yaml.malformed"),
        ("a: \x00", "yaml.malformed"),
        ("a: " + "9" * 51, "yaml.number-too-long"),
        ("a: 1e999", "yaml.number-too-long"),
        ("[" * 30 + "]" * 30, "yaml.too-deep"),
        ("[" * 100_000, "yaml.too-deep"),
        ("a: " + "x" * strict_yaml.MAX_BYTES, "yaml.too-large"),
    ],
)
def test_hostile_yaml_is_refused_early(text: str, code: str) -> None:
    """Tags, bombs, doubled keys, depth and size end in one clear error with its line."""
    with pytest.raises(Invalid) as caught:
        strict_yaml.read(text)
    assert caught.value.code == code
    assert texts.say(code, "ko", **caught.value.facts)


def test_plain_words_mean_what_they_say() -> None:
    """Norway is not false, a date is not a date object, an octal is a text, a decimal is exact."""
    text = "[no, on, 2026-01-01, 0o17, 017, 1_000, 0.1, 12, -3, 1e3, true, null, ~, '5', 12:30]"
    expected = [
        "no",
        "on",
        "2026-01-01",
        "0o17",
        "017",
        "1_000",
        Decimal("0.1"),
        12,
        -3,
        Decimal(1000),
        True,
        None,
        None,
    ]
    assert strict_yaml.read(text) == [*expected, "5", "12:30"]


scalars = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | numbers | st.text(max_size=40)


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4), max_leaves=12
    )
)
def test_yaml_values_come_back(value: object) -> None:
    """Write then read is the identity on plain values that YAML can carry."""
    text = strict_yaml.write(value)
    assert strict_yaml.read(text) == value


def test_the_standard_in_the_docs_is_clean() -> None:
    """Whoever copies the example from docs/write-a-standard.md starts without a fault."""
    guide = (Path(__file__).parent.parent / "docs" / "write-a-standard.md").read_text(encoding="utf-8")
    example = guide.split("```yaml\n")[1].split("```")[0]
    assert check(odcs.read(example), codelists.packaged()) == ()


def test_the_docs_name_every_term() -> None:
    """Each term of our closed schema stands in the guide."""
    guide = (Path(__file__).parent.parent / "docs" / "write-a-standard.md").read_text(encoding="utf-8")
    definitions = odcs_faults.schema("datadam-1.schema.json")["$defs"]
    for part in ("contract", "column"):
        assert [term for term in definitions[part]["properties"] if f"`{term}`" not in guide] == []
