"""Roles in law: said in each law's own words for personal data, or refused; shown wherever somebody signs."""

from dataclasses import replace
from pathlib import Path

import pytest

from datadam import evolution, legal_roles, standard, texts
from datadam.dam import publish
from datadam.errors import Faults
from datadam.evolution import Effect
from datadam.formats import codelists, legal_text, odcs, offer_text
from datadam.formats.law import Certainty
from datadam.legal_roles import BASES, PARTIES, ROLES, Space
from datadam.model import LegalRoles, PrivacyClass, Protection, Standard
from drafts import ROLES_OF_PERSONS, column
from drafts import standard as a_standard
from signed import an_offer
from test_combine import a_text
from worlds import a_world

PERSON = column("name", privacy_class=PrivacyClass.PERSONAL, protection=Protection.UNIT_ID, domain="people")
INSTITUTION = "m-" + "0" * 20
KR, EU, US = ROLES_OF_PERSONS
WHOLE = a_standard(column("id", required=True), PERSON, legal_roles=ROLES_OF_PERSONS)


def faults(one: Standard) -> list[str]:
    """The codes of everything that is wrong."""
    return [fault.code for fault in standard.check(one, codelists.packaged())]


def test_personal_data_without_roles_in_each_law_is_refused() -> None:
    """A fault a law, all at once; other data needs none, and may say them."""
    assert faults(WHOLE) == []
    assert faults(replace(WHOLE, legal_roles=())) == ["standard.roles-missing"] * 3
    assert faults(replace(WHOLE, legal_roles=(EU,))) == ["standard.roles-missing"] * 2
    plain = a_standard(column("id", required=True))
    assert faults(plain) == []
    assert faults(replace(plain, legal_roles=(replace(KR, data_class=PrivacyClass.BUSINESS, dam="none"),))) == []


WRONG = [
    ((KR, KR, EU, US), ["standard.roles-repeated"]),
    ((replace(KR, dam="processor"), EU, US), ["standard.role-unknown"]),
    ((KR, replace(EU, contributor="consignee", basis="art-6"), US), ["standard.role-unknown"] * 2),
    ((KR, EU, replace(US, consumer="controller")), ["standard.role-unknown"]),
    ((replace(KR, consumer="none"), replace(EU, basis="none"), US), ["standard.role-none"] * 2),
    ((KR, EU, US, replace(US, space="XX")), ["standard.space-unknown"]),
]


@pytest.mark.parametrize(("rows", "codes"), WRONG)
def test_words_of_another_law_are_refused(rows: tuple[LegalRoles, ...], codes: list[str]) -> None:
    """A consignee is Korean, a processor is not; where a law is about all personal data, nobody is nothing."""
    assert faults(replace(WHOLE, legal_roles=rows)) == codes


def test_who_may_combine_is_a_member_and_has_something_to_combine() -> None:
    """Ids of members, each once, and a column that tells persons apart."""
    assert faults(replace(WHOLE, combining=(INSTITUTION,))) == []
    assert faults(replace(WHOLE, combining=("agency",))) == ["standard.combining-malformed"]
    assert faults(replace(WHOLE, combining=(INSTITUTION, INSTITUTION))) == ["standard.term-repeated"]
    plain = a_standard(column("id", required=True), combining=(INSTITUTION,))
    assert faults(plain) == ["standard.combining-needless"]


def test_a_contract_carries_them_to_the_letter() -> None:
    """Written and read again they are the same; a missing or odd field is a fault of form."""
    whole = replace(WHOLE, combining=(INSTITUTION,))
    assert odcs.read(odcs.write(whole)) == whole
    text = a_text(INSTITUTION)
    for old, new, code in (
        ("basis: research", "ground: research", "odcs.field-missing"),
        ("space: EU", "space: DE", "odcs.value-not-allowed"),
        ("{class: personal, space: EU", "{class: secret, space: EU", "odcs.value-not-allowed"),
    ):
        assert old in text
        with pytest.raises(Faults) as refused:
            odcs.read(text.replace(old, new))
        assert code in {fault.code for fault in refused.value.faults}


def test_a_dam_publishes_no_personal_data_without_them(tmp_path: Path) -> None:
    """Refused with every law that is missing; nothing is logged."""
    world = a_world(tmp_path)
    bare = odcs.write(replace(odcs.read(a_text()), legal_roles=()))
    size = world.ledger.size
    with pytest.raises(Faults) as refused:
        publish.publish(world, bare)
    assert [fault.code for fault in refused.value.faults] == ["standard.roles-missing"] * 3
    assert world.ledger.size == size
    assert publish.publish(world, a_text())[0].legal_roles


def test_a_standard_that_was_published_without_them_is_still_read() -> None:
    """Reading is no judging; adding them is compatible, changing or dropping one is not."""
    bare = replace(WHOLE, legal_roles=())
    assert odcs.read(odcs.write(bare)) == bare
    added = evolution.compare(bare, replace(WHOLE, version="1.1.0"))
    assert [(one.code, one.effect) for one in added] == [("change.legal-roles-added", Effect.COMPATIBLE)] * 3
    for rows in ((KR, EU), (KR, EU, replace(US, dam="contractor"))):
        (change,) = evolution.compare(WHOLE, replace(WHOLE, version="2.0.0", legal_roles=rows))
        assert (change.code, change.effect) == ("change.legal-roles", Effect.BREAKING)
    (named,) = evolution.compare(WHOLE, replace(WHOLE, version="2.0.0", combining=(INSTITUTION,)))
    assert named.effect is Effect.BREAKING


@pytest.mark.parametrize("language", offer_text.LANGUAGES)
def test_what_is_signed_says_them_and_where_they_are_from(language: str) -> None:
    """In the offer's text: each law, the roles in its words, the article, how that was checked, who declared it."""
    offer = an_offer()
    one = replace(odcs.read(a_text()), id=offer.standard)
    plain = offer_text.text(offer, replace(one, legal_roles=(), columns=one.columns[1:]), language)
    told = offer_text.text(offer, one, language)
    assert legal_text.heading(language) not in plain
    section = told[told.index(legal_text.heading(language)) :]
    words = texts.offer(language)["legal"]
    for space, basis in (("KR", "combination"), ("EU", "research"), ("US", "limited-data-set")):
        assert words["spaces"][space] in section
        assert words["bases"][space][basis] in section
        assert BASES[Space(space)][basis].law in section
    assert words["certainty"]["memory"] in section
    assert words["note"] in section
    assert INSTITUTION not in section
    joined = offer_text.text(offer, replace(one, combining=(INSTITUTION,)), language)
    assert INSTITUTION in joined


@pytest.mark.parametrize("language", offer_text.LANGUAGES)
def test_every_word_has_a_name_in_each_language(language: str) -> None:
    """And each says where it is from and how well that was checked."""
    listed = list(legal_text.vocabulary(language))
    assert len(listed) == sum(len(known) for of in (ROLES, BASES) for known in of.values())
    assert all(all(row) for row in listed)
    words = texts.offer(language)["legal"]
    for kind, of in (("roles", ROLES), ("bases", BASES)):
        assert {space: set(words[kind][space]) for space in words[kind]} == {str(s): set(k) for s, k in of.items()}
        marks = {cited.certainty for known in of.values() for cited in known.values()}
        assert marks <= {str(one) for one in Certainty}


def test_notices_say_who_answers_for_them() -> None:
    """`standard check` names each row as declared, and who may combine as enforced."""
    found = standard.notices(replace(WHOLE, combining=(INSTITUTION,)))
    declared = [one.facts for one in found if one.code == "notice.declared"]
    assert [one["space"] for one in declared] == ["KR", "EU", "US"]
    assert declared[0]["dam"] == "consignee (PIPA art. 26)"
    assert all(set(PARTIES) < set(one) for one in declared)
    assert ("combining", INSTITUTION) in {(one.facts.get("term"), one.facts.get("value")) for one in found}
    assert set(legal_roles.GENERAL) < set(Space)
