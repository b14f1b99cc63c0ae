"""Rows 37 to 43 of the obligations: what a person declared, what the log does with it, and the entry that is named."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from datadam import seal
from datadam.errors import NotFound
from datadam.formats import person
from datadam.model import Kind, Statement
from datadam.obligations import declared
from datadam.obligations.table import Status
from datadam.terms import Action, Constraint, Operand, Operator, Prohibition
from logs import HEX, Book, broken
from signed import an_offer, any_of, permission
from trades import ID, declares, hands_in, takes
from worlds import START, Person, standard_text


@dataclass
class Pool:
    """A reservoir, a firm of the dam's country and one of another."""

    book: Book
    home: Person
    abroad: Person

    def gets(self, person: Person, **facts: object) -> Statement:
        """A yes on a grant."""
        grants = [{"id": HEX, "since": 0, "expires": None}]
        made = self.book.decides(person, **{"grants": grants, "destination": person.jurisdiction, **facts})  # type: ignore[arg-type]  # facts
        assert made.body["allowed"]
        return made


@pytest.fixture
def pool() -> Pool:
    """Nothing is declared."""
    book = Book()
    book.publishes()
    return Pool(book, book.joins(Person("Home")), book.joins(Person("Abroad", jurisdiction="JP")))


def test_where_nothing_is_declared_nothing_is_said(pool: Pool) -> None:
    """Rows 37 to 43: no program knows what a reservoir holds; that it is not the case binds nothing either."""
    hands_in(pool.book, pool.home)
    takes(pool.book, pool.home, pool.gets(pool.abroad))
    declares(pool.book, 37, applies=False)
    takes(pool.book, pool.home, pool.gets(pool.abroad))
    for number in range(37, 44):
        done = pool.book.audits(number)
        assert (done.status, done.found) == (Status.NOT_YET, ())
    assert len(pool.book.audits(37).declared) == 1


# --- 37, 38 -----------------------------------------------------------------------------------------------------------


def test_what_is_controlled_and_stays_or_has_leave_passes(pool: Pool) -> None:
    """Rows 37 and 38: at home, and to a country that the declaration names; what went before it is not looked at."""
    pool.gets(pool.abroad)
    for number in (37, 38):
        declares(pool.book, number, countries=["JP"])
    pool.gets(pool.home)
    pool.gets(pool.abroad)
    assert [(done.status, done.looked) for done in map(pool.book.audits, (37, 38))] == [(Status.PASSED, 3)] * 2


def test_what_is_controlled_and_leaves_is_named(pool: Pool) -> None:
    """Rows 37 and 38: to a country without leave, to where nobody said; of a technology, to a firm from there too."""
    for number in (37, 38):
        declares(pool.book, number)
    away, unsaid = pool.gets(pool.abroad), pool.gets(pool.home, destination=None)
    inside = pool.gets(pool.abroad, destination="KR")
    assert broken(pool.book.audits(37)) == [
        (away.id, "obligation.left-without-leave"),
        (unsaid.id, "obligation.destination-unsaid"),
    ]
    assert broken(pool.book.audits(38)) == [
        (away.id, "obligation.left-without-leave"),
        (away.id, "obligation.recipient-foreign"),
        (unsaid.id, "obligation.destination-unsaid"),
        (inside.id, "obligation.recipient-foreign"),
    ]


def test_rows_that_leave_on_an_older_yes_are_named(pool: Pool) -> None:
    """Rows 37, 38, 40, 41 and 42: else one yes of before the word would let everything out for ever after it."""
    hands_in(pool.book, pool.home)
    yes = pool.gets(pool.abroad)
    takes(pool.book, pool.abroad, yes)
    for number, countries in ((37, []), (38, []), (40, ["JP"]), (42, [])):
        declares(pool.book, number, countries=countries)
    vets(pool, pool.abroad, applies=True)
    late = takes(pool.book, pool.abroad, yes)
    for number in (37, 38, 40, 41, 42):
        assert {one.id for one in pool.book.audits(number).found} == {late.id}, number


def test_a_word_binds_until_the_next_and_is_renewed(pool: Pool) -> None:
    """Rows 37 to 43: after its last day nobody answers for it; the same party's next word takes its place."""
    declares(pool.book, 37, countries=["JP"], until="2026-11-23")
    pool.book.now = START + timedelta(days=1)
    pool.gets(pool.abroad)
    pool.book.now = START + timedelta(days=2)
    late = pool.gets(pool.home)
    assert broken(pool.book.audits(37)) == [(late.id, "obligation.declaration-over")]
    declares(pool.book, 37, applies=False)
    pool.gets(pool.abroad, destination="US")
    assert [one.id for one in pool.book.audits(37).found] == [late.id]


def test_a_member_binds_nobody_and_a_steward_does(pool: Pool) -> None:
    """Rows 37 to 43: else one member could make another's taking wrong."""
    declares(pool.book, 37, pool.home)
    pool.gets(pool.abroad)
    assert pool.book.audits(37).status is Status.NOT_YET
    steward = f"  - {{vendor: datadam, property: stewards, value: [{pool.home.id}]}}\nschema:"
    pool.book.publishes(standard_text().replace("schema:", steward).replace("version: 1.0.0", "version: 1.0.1"))
    wrong = pool.gets(pool.abroad)
    assert broken(pool.book.audits(37)) == [(wrong.id, "obligation.left-without-leave")]


def test_what_is_controlled_and_open_to_everybody_is_named(pool: Pool) -> None:
    """Rows 37, 38 and 40: strangers are from anywhere."""
    words = [declares(pool.book, number, countries=["US"]) for number in (37, 38, 40)]
    assert [pool.book.audits(number).status for number in (37, 38, 40)] == [Status.PASSED] * 3
    pool.book.publishes(standard_text(tier="open").replace("version: 1.0.0", "version: 1.0.1"))
    for number, word in zip((37, 38, 40), words, strict=True):
        assert broken(pool.book.audits(number)) == [(word.id, "obligation.open-though-declared")]
        declares(pool.book, number, applies=False)
        assert pool.book.audits(number).found == ()


def test_core_technology_is_koreas(pool: Pool) -> None:
    """Row 38: it is about dams in Korea alone, and for whom the log does not know it finds as well."""
    declares(pool.book, 38)
    ghost = pool.gets(Person("Ghost"))
    assert broken(pool.book.audits(38)) == [(ghost.id, "obligation.recipient-foreign")]
    book = Book(home="SG")
    book.publishes()
    declares(book, 38)
    assert book.audits(38).status is Status.NOT_YET


# --- 39 ---------------------------------------------------------------------------------------------------------------


def test_old_rows_and_own_rows_pass(pool: Pool) -> None:
    """Row 39: what competitors get is as old as was declared, or their own; who sells nothing is no competitor."""
    declares(pool.book, 39, days=90)
    hands_in(pool.book, pool.home)
    pool.book.now = START + timedelta(days=90)
    hands_in(pool.book, pool.abroad)
    takes(pool.book, pool.abroad, pool.gets(pool.abroad))
    takes(pool.book, buyer := pool.book.joins(Person("Buyer")), pool.gets(buyer))
    done = pool.book.audits(39)
    assert (done.status, done.looked) == (Status.PASSED, 1)


def test_young_rows_of_competitors_are_named(pool: Pool) -> None:
    """Row 39: a day too young; of any age, where no age was declared."""
    declares(pool.book, 39, days=90)
    hands_in(pool.book, pool.home)
    hands_in(pool.book, pool.abroad)
    pool.book.now = START + timedelta(days=89)
    young = takes(pool.book, pool.abroad, pool.gets(pool.abroad))
    assert broken(pool.book.audits(39)) == [(young.id, "obligation.competitors-rows")]
    declares(pool.book, 39)
    pool.book.now = START + timedelta(days=300)
    old = takes(pool.book, pool.abroad, pool.gets(pool.abroad))
    assert [one.id for one in pool.book.audits(39).found] == [young.id, old.id]
    assert pool.book.audits(39).found[1].who == pool.abroad.id


def test_rows_that_their_contributor_keeps_from_a_competitor_are_not_given(pool: Pool) -> None:
    """Row 39: by terms of its own for the deposit, or by a reservation of its country, while these stand."""
    book = pool.book
    declares(book, 39)
    land = book.joins(Person("Land"), member_kind="country", profile=None)
    firm = book.joins(Person("Firm"), under=land.id)
    home_only = {"constraint": [{"leftOperand": "jurisdiction", "operator": "isAnyOf", "rightOperand": ["KR"]}]}
    hands_in(book, pool.home, own_terms=home_only)
    hands_in(book, pool.abroad)
    takes(book, pool.abroad, pool.gets(pool.abroad))
    assert book.audits(39).found == ()
    hands_in(book, firm)
    given = takes(book, pool.abroad, pool.gets(pool.abroad))
    book.says(Kind.RESERVATION, {"member": land.id, "restrictions": [home_only]}, land.key, book.key)
    takes(book, pool.abroad, pool.gets(pool.abroad))
    assert broken(book.audits(39)) == [(given.id, "obligation.competitors-rows")]
    hands_in(book, pool.home, own_terms={"constraint": [{"leftOperand": "weather"}]})
    strange = takes(book, pool.abroad, pool.gets(pool.abroad))
    assert [one.id for one in book.audits(39).found] == [given.id, strange.id]


def test_tables_tell_competitors_of_nobody(pool: Pool) -> None:
    """Row 39: on the tiers of tables and answers no rows leave."""
    declares(pool.book, 39)
    pool.book.publishes(standard_text(tier="tables").replace("version: 1.0.0", "version: 2.0.0"))
    hands_in(pool.book, pool.home)
    hands_in(pool.book, pool.abroad)
    takes(pool.book, pool.abroad, None, version="2.0.0")
    done = pool.book.audits(39)
    assert (done.status, done.looked) == (Status.PASSED, 1)


# --- 40 ---------------------------------------------------------------------------------------------------------------


def bars(*countries: str, operator: Operator = Operator.NONE_OF) -> Constraint:
    """Where nothing is taken; or where alone."""
    return Constraint(operand=Operand.DESTINATION, operator=operator, value=countries)


def test_bulk_data_that_contracts_keep_from_countries_of_concern_pass(pool: Pool) -> None:
    """Row 40: by what is permitted, either way of saying it, or by what is prohibited."""
    declares(pool.book, 40, countries=["CN", "RU"])
    pool.gets(pool.abroad)
    prohibited = Prohibition(actions=(Action.READ,), constraints=(any_of(Operand.DESTINATION, "CN", "RU"),))
    for offer in (
        an_offer(permission(bars("CN", "RU", "IR"))),
        an_offer(permission(bars("KR", "JP", operator=Operator.ANY_OF))),
        replace(an_offer(), prohibitions=(prohibited,)),
    ):
        pool.book.agrees(pool.abroad, pool.book.offers(offer))
    done = pool.book.audits(40)
    assert (done.status, done.looked) == (Status.PASSED, 5)


def test_bulk_data_on_their_way_to_countries_of_concern_are_named(pool: Pool) -> None:
    """Row 40: to the country, to a member from it, and under terms that leave a way there open."""
    declares(pool.book, 40, countries=["JP", "RU"])
    there, from_there = pool.gets(pool.home, destination="RU"), pool.gets(pool.abroad, destination="KR")
    half = Prohibition(
        actions=(Action.READ,), constraints=(any_of(Operand.DESTINATION, "JP"), any_of(Operand.PURPOSE, "research"))
    )
    loose = [
        pool.book.agrees(pool.home, pool.book.offers(offer))
        for offer in (
            an_offer(),
            an_offer(permission(bars("RU"))),
            an_offer(permission(bars("JP", "RU")), permission(actions=(Action.TRAIN,))),
            replace(an_offer(permission(bars("RU"))), prohibitions=(half,)),
        )
    ]
    lost = pool.book.agrees(pool.home, pool.book.offers(), offer=HEX)
    assert broken(pool.book.audits(40)) == [
        (there.id, "obligation.country-of-concern"),
        (from_there.id, "obligation.country-of-concern"),
        *((one.id, "obligation.onward-open") for one in (*loose, lost)),
    ]


# --- 41 ---------------------------------------------------------------------------------------------------------------


def vets(pool: Pool, person: Person | None, **changes: Any) -> Statement:
    """The dam says that it vets; or of whom it vetted, that nothing was found."""
    facts: dict[str, Any] = {"standard": None, "subject": person.id if person else None, "applies": person is None}
    return declares(pool.book, 41, **{**facts, **changes})


def test_vetted_members_pass(pool: Pool) -> None:
    """Row 41: once the dam says that it vets, each yes is for a member whom it vetted before."""
    pool.gets(pool.abroad)
    vets(pool, None)
    vets(pool, pool.home)
    pool.gets(pool.home)
    done = pool.book.audits(41)
    assert (done.status, done.looked) == (Status.PASSED, 1)


def test_listed_and_unvetted_members_are_named(pool: Pool) -> None:
    """Row 41: who is listed gets nothing; a vetting that is over is none; a member's own word is none either."""
    vets(pool, pool.home, until="2026-11-22")
    listed = pool.book.joins(Person("Listed"))
    word = vets(pool, listed, applies=True)
    wrong = pool.gets(listed)
    pool.gets(pool.abroad)
    vets(pool, None)
    declares(pool.book, 41, pool.abroad, standard=None, subject=pool.abroad.id, applies=False)
    unvetted = pool.gets(pool.abroad)
    pool.book.now = START + timedelta(days=1)
    late = pool.gets(pool.home)
    found = pool.book.audits(41)
    assert broken(found) == [
        (wrong.id, "obligation.member-listed"),
        (unvetted.id, "obligation.member-unvetted"),
        (late.id, "obligation.declaration-over"),
    ]
    assert found.found[0].what.facts["declaration"] == word.id


# --- 42 ---------------------------------------------------------------------------------------------------------------


def test_threats_that_go_out_for_security_pass(pool: Pool) -> None:
    """Row 42: for security, and no column that tells of persons as it came."""
    declares(pool.book, 42)
    pool.gets(pool.abroad, purpose="security")
    done = pool.book.audits(42)
    assert (done.status, done.looked) == (Status.PASSED, 1)


def test_threats_that_go_out_for_something_else_are_named(pool: Pool) -> None:
    """Row 42: for research, for nothing that was said, or with names in them."""
    declares(pool.book, 42)
    other, unsaid = pool.gets(pool.home, purpose="research"), pool.gets(pool.home, purpose=None)
    text = standard_text().replace("classification: business", "classification: personal", 1)
    pool.book.publishes(text.replace("version: 1.0.0", "version: 1.0.1"))
    named = pool.gets(pool.home, purpose="security")
    assert broken(pool.book.audits(42)) == [
        (other.id, "obligation.purpose-unprotected"),
        (unsaid.id, "obligation.purpose-unprotected"),
        (named.id, "obligation.persons-kept"),
    ]


# --- 43 ---------------------------------------------------------------------------------------------------------------


def test_who_declared_a_right_hands_in(pool: Pool) -> None:
    """Row 43: what came before the dam's word is not looked at; after it, the contributor's own word stands behind."""
    hands_in(pool.book, pool.abroad)
    declares(pool.book, 43)
    declares(pool.book, 43, pool.home)
    hands_in(pool.book, pool.home)
    done = pool.book.audits(43)
    assert (done.status, done.looked) == (Status.PASSED, 1)


def test_who_declared_no_right_is_named(pool: Pool) -> None:
    """Row 43: without a word, with one that is taken back, or one that is over."""
    declares(pool.book, 43)
    silent = hands_in(pool.book, pool.abroad)
    declares(pool.book, 43, pool.abroad, applies=False)
    denied = hands_in(pool.book, pool.abroad)
    declares(pool.book, 43, pool.home, until="2026-11-22")
    pool.book.now = START + timedelta(days=1)
    late = hands_in(pool.book, pool.home)
    assert broken(pool.book.audits(43)) == [
        (silent.id, "obligation.right-undeclared"),
        (denied.id, "obligation.right-undeclared"),
        (late.id, "obligation.declaration-over"),
    ]
    assert pool.book.audits(43).found[0].who == pool.abroad.id


def test_each_word_is_about_its_own_standard(pool: Pool) -> None:
    """Rows 37 to 43: about another reservoir it binds nothing here."""
    pool.book.publishes(standard_text().replace(ID, "test.other"))
    declares(pool.book, 37, standard="test.other")
    pool.gets(pool.abroad)
    assert pool.book.audits(37).found == ()
    assert pool.book.view().of(Kind.DECLARATION)[0].body["standard"] == "test.other"


# --- who declares -----------------------------------------------------------------------------------------------------


def test_who_declares_is_named_where_the_body_is_there_and_is_the_one(pool: Pool) -> None:
    """A body that is another, that names nobody, or that is gone names nobody."""
    book, bodies = pool.book, dict[str, bytes]()
    good, other = person.write("Kim Minji", "Counsel"), person.write("Eve", "Counsel")
    for row, body in enumerate((good, b"{}", other, b"gone"), start=37):
        id = seal.digest(body)
        declares(book, row, person=id)
        bodies[id] = good if body is other else body
    del bodies[seal.digest(b"gone")]
    view = book.view()
    found = declared.persons(view, bodies.get)
    assert found == {seal.digest(good): {"name": "Kim Minji", "office": "Counsel"}}
    first, second = (declared.told(replace(view, persons=found), one) for one in view.of(Kind.DECLARATION)[:2])
    assert (first.code, first.facts["name"]) == ("obligation.declared-by", "Kim Minji")
    assert second.code == "obligation.declared"

    def nothing(id: str) -> bytes | None:
        raise NotFound("statement.unknown", statement=id)

    assert declared.persons(view, nothing) == {}
