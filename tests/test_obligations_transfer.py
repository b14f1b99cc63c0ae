"""Rows 7 to 12 of the obligations: a log that nothing breaks, one that something does, and the entry that is named."""

from datetime import timedelta
from typing import Any

import pytest

from datadam import decisions, seal
from datadam.errors import Invalid, Unavailable
from datadam.formats import law_files
from datadam.model import Kind, Statement
from datadam.obligations.table import Status
from datadam.terms import Operand
from logs import HEX, PERSONAL, Book, broken
from signed import an_offer, any_of, permission
from worlds import START, Person


def a_life(home: str = "KR", where: str = "KR") -> tuple[Book, Person, Statement, Statement]:
    """A member that agreed, the offer, and what it agreed to."""
    book = Book(home=home)
    book.publishes()
    person = book.joins(Person("Firm", jurisdiction=where))
    offer = book.offers()
    return book, person, offer, book.agrees(person, offer)


def adopts(book: Book, text: str | None = None, name: str = "corridors") -> Statement:
    """A law file comes into use."""
    text = text or law_files.packaged()[name]
    version = law_files.read(law_files.packaged()[name]).version
    return book.says(Kind.LAW, {"name": name, "version": version, "text": text, "digest": seal.digest(text.encode())})


def orders(book: Book, **changes: Any) -> Statement:
    """Business data does not go to the US any more."""
    facts = {"classes": ["business"], "destinations": ["US"], "standard": None, "reason": "r", "ground": "Act 1"}
    return book.says(Kind.ORDER, {**facts, **changes})


# --- 7 ----------------------------------------------------------------------------------------------------------------


def test_a_refused_transfer_with_its_ground_in_the_log_passes() -> None:
    """Row 7: no corridor in the file in use, an order in force, or what was agreed is a ground."""
    book, person, offer, agreement = a_life()
    adopts(book)
    order = orders(book)
    book.decides(person, offer, destination="US", agreed_destination="US", corridor=None, agreement=agreement.id)
    book.decides(person, offer, destination="US", agreement=agreement.id, ordered=[order.id])
    book.decides(person, destination="US", ordered=[order.id])
    done = book.audits(7)
    assert (done.status, done.looked) == (Status.PASSED, 3)


def test_a_no_for_want_of_a_corridor_needs_a_file_in_use() -> None:
    """Row 7: where nobody adopted a law, nobody can say on what ground data may not leave."""
    book, person, offer, agreement = a_life()
    facts: dict[str, Any] = {
        "destination": "US",
        "agreed_destination": "US",
        "corridor": None,
        "agreement": agreement.id,
    }
    early = book.decides(person, offer, **facts)
    adopts(book)
    book.decides(person, offer, **facts)
    assert broken(book.audits(7)) == [(early.id, "obligation.no-ground")]


def test_a_no_under_an_order_that_was_lifted_or_never_was_is_named() -> None:
    """Row 7: an order is a ground from its place in the log to its end."""
    book, person, *_ = a_life()
    order = orders(book)
    book.says(Kind.LIFT, {"order": order.id, "reason": "r"})
    late = book.decides(person, destination="US", ordered=[order.id])
    never = book.decides(person, destination="US", ordered=[HEX])
    assert [id for id, _ in broken(book.audits(7))] == [late.id, never.id]


def test_a_no_by_an_agreement_that_is_not_there_is_named() -> None:
    """Row 7: terms that are not in the log are no ground."""
    book, person, offer, _ = a_life()
    lost = book.decides(person, offer, destination="US", agreed_destination="KR", corridor="x", agreement="ab" * 32)
    assert broken(book.audits(7)) == [(lost.id, "obligation.no-ground")]


def test_a_no_by_the_offer_is_grounded_in_it() -> None:
    """Row 7: destinations that the offer leaves out; the offer is in the log."""
    book, person, *_ = a_life()
    offer = book.offers(an_offer(permission(any_of(Operand.DESTINATION, "KR"))))
    agreement = book.agrees(person, offer, destination="US")
    facts: dict[str, Any] = {
        "destination": "US",
        "agreed_destination": "US",
        "corridor": "any",
        "agreement": agreement.id,
    }
    refused = book.decides(person, offer, **facts)
    assert [one["code"] for one in refused.body["reasons"]] == ["ask.destination-not-allowed"]
    assert book.audits(7).status is Status.PASSED


# --- 8 ----------------------------------------------------------------------------------------------------------------


def test_rules_with_their_grounds_pass() -> None:
    """Row 8: orders, law files and reservations that say why."""
    book, person, offer, _ = a_life()
    orders(book)
    adopts(book)
    book.joins(Person("Land"), member_kind="country", profile=None, reservations=["Rows of banks stay."])
    book.decides(person, offer)
    done = book.audits(8)
    assert (done.status, done.looked) == (Status.PASSED, 4)


def test_rules_without_a_ground_are_named() -> None:
    """Row 8: a ground without a word in it, a file with faults, a reservation that says nothing."""
    book, *_ = a_life()
    order = orders(book, ground=" - ")
    law = adopts(book, "law: corridors\n")
    land = book.joins(Person("Land"), member_kind="country", profile=None, reservations=["..."])
    told = broken(book.audits(8))
    assert told[0] == (order.id, "obligation.rule-groundless")
    assert told[1] == (law.id, "obligation.law-unreadable")
    assert book.audits(8).found[2].who == land.id


def test_a_restriction_of_a_law_file_that_says_nothing_is_named() -> None:
    """Row 8: a dash is no ground."""
    book = Book()
    text = law_files.packaged()["corridors"]
    row = "  - {id: x, from: KR, to: US, data_class: [business], effect: restricts, basis: b, instrument: Act,"
    row += " article: a, valid_from: 2026-01-01, valid_to: null, source: s, certainty: memory, ground: GROUND}\n"
    adopts(book, text.rstrip() + "\n" + row.replace("GROUND", "National security"))
    assert book.audits(8).status is Status.PASSED
    silent = adopts(book, text.rstrip() + "\n" + row.replace("GROUND", "--"))
    assert broken(book.audits(8)) == [(silent.id, "obligation.rule-groundless")]


def reserves(book: Book, country: Person, operand: str = "spatial") -> Statement:
    """A country says where its firms' data may go, in words that a machine reads."""
    term = {"leftOperand": operand, "operator": "isAnyOf", "rightOperand": ["KR"]}
    return book.says(
        Kind.RESERVATION, {"member": country.id, "restrictions": [{"constraint": [term]}]}, country.key, book.key
    )


def test_what_a_country_reserves_about_places_needs_its_ground() -> None:
    """Row 8: in the words of its accession, or declared by a person of the country; a purpose needs none."""
    book = Book()
    spoke = book.joins(Person("A"), member_kind="country", profile=None, reservations=["Act 1, for statistics."])
    silent = book.joins(Person("B"), member_kind="country", profile=None)
    reserves(book, spoke)
    reserves(book, silent, "purpose")
    assert book.audits(8).status is Status.PASSED
    unsaid = reserves(book, silent)
    assert broken(book.audits(8)) == [(unsaid.id, "obligation.rule-groundless")]
    facts: dict[str, Any] = {
        "row": 8,
        "standard": None,
        "subject": None,
        "applies": True,
        "countries": [],
        "days": None,
    }
    facts |= {"member": silent.id, "words": "Act 2", "person": HEX, "until": "2027-01-01"}
    book.says(Kind.DECLARATION, facts, silent.key, book.key)
    assert book.audits(8).status is Status.PASSED
    assert book.audits(8, now=START + timedelta(days=99)).status is Status.FAILED


def test_a_decision_that_places_data_elsewhere_is_named() -> None:
    """Row 8: data sits where the dam's first statement says."""
    book, person, offer, _ = a_life()
    moved = book.decides(person, offer, home="US")
    assert broken(book.audits(8)) == [(moved.id, "obligation.home-other")]


# --- 9 ----------------------------------------------------------------------------------------------------------------


def abroad(agreement: Statement, **changes: Any) -> dict[str, Any]:
    """Facts of an ask to take rows to Germany."""
    place: dict[str, Any] = {"destination": "DE", "agreed_destination": "DE", "agreement": agreement.id}
    return {**place, **changes}


def the_row() -> str:
    """The row of the packaged corridors for data that is not personal."""
    law = law_files.read(law_files.packaged()["corridors"])
    return next(row.id for row in law.rows if "SZ" in getattr(row, "destinations", ()))


def test_a_transfer_on_a_row_in_use_passes() -> None:
    """Row 9: the row is in the file that was in use there, and holds that day."""
    book, person, offer, agreement = a_life()
    adopts(book)
    book.decides(person, offer, **abroad(agreement, corridor=the_row()))
    done = book.audits(9)
    assert (done.status, done.looked) == (Status.PASSED, 1)


def test_a_transfer_before_its_law_or_on_no_row_is_named() -> None:
    """Row 9: what was adopted later is no basis, nor is a row that there is not."""
    book, person, offer, agreement = a_life()
    early = book.decides(person, offer, **abroad(agreement, corridor=the_row()))
    adopts(book)
    wrong = book.decides(person, offer, **abroad(agreement, corridor="no-such-row"))
    assert broken(book.audits(9)) == [
        (early.id, "obligation.basis-wrong"),
        (early.id, "obligation.no-basis"),
        (wrong.id, "obligation.basis-wrong"),
    ]


def test_personal_data_on_a_grant_to_a_member_abroad_is_named() -> None:
    """Row 9: where nothing is said, rows go to where their recipient is; grants know no corridor."""
    book = Book()
    book.publishes(PERSONAL)
    person = book.joins(Person("Firm", jurisdiction="SZ"))
    adopts(book)
    taken = book.decides(person, grants=[{"id": HEX, "since": 1, "expires": None}])
    assert taken.body["allowed"]
    assert broken(book.audits(9)) == [(taken.id, "obligation.no-basis")]


def test_what_stays_at_home_or_is_open_needs_no_basis() -> None:
    """Row 9: nothing is looked at where nothing crosses a border."""
    book, person, offer, _ = a_life()
    book.decides(person, offer)
    book.decides(book.joins(Person("Elsewhere", jurisdiction="US")), tier="open")
    assert book.audits(9).status is Status.NOT_YET


# --- 10 ---------------------------------------------------------------------------------------------------------------


def test_what_an_order_does_not_stop_passes() -> None:
    """Row 10: another country, a less strict class, another standard, before it and after its end."""
    book, person, offer, agreement = a_life()
    facts: dict[str, Any] = {
        "agreement": agreement.id,
        "destination": "US",
        "agreed_destination": "US",
        "corridor": "any",
    }
    book.decides(person, offer, **facts)
    orders(book, classes=["personal"])
    orders(book, destinations=["JP"])
    orders(book, standard="other.standard")
    book.decides(person, offer, **facts)
    order = orders(book)
    book.says(Kind.LIFT, {"order": order.id, "reason": "r"})
    book.decides(person, offer, **facts)
    done = book.audits(10)
    assert (done.status, done.looked) == (Status.PASSED, 2)
    assert Book().audits(10).status is Status.NOT_YET


def test_what_was_allowed_or_released_against_an_order_is_named() -> None:
    """Row 10: also a release on a decision from before it, and an ask that does not say where rows go."""
    book, person, offer, agreement = a_life()
    facts: dict[str, Any] = {
        "agreement": agreement.id,
        "destination": "US",
        "agreed_destination": "US",
        "corridor": "any",
    }
    before = book.decides(person, offer, **facts)
    orders(book)
    after = book.decides(person, offer, **facts)
    anywhere = book.decides(person, grants=[{"id": HEX, "since": 1, "expires": None}])
    release = book.releases(before)
    assert [id for id, _ in broken(book.audits(10))] == [after.id, anywhere.id, release.id]


# --- 11 ---------------------------------------------------------------------------------------------------------------


def demanded(book: Book, *members: str) -> Statement:
    """A government wants data of these."""
    facts = {"authority": "A", "country": "US", "ground": "g", "what": "w", "received": "2026-11-22T08:00:00Z"}
    return book.says(Kind.DEMAND, {**facts, "contributors": list(members), "answer": "pending"})


def test_demands_of_which_everybody_heard_pass_and_others_are_named() -> None:
    """Row 11: each contributor has a notice about this demand; one about another demand is none."""
    book, person, *_ = a_life()
    other = book.joins(Person("Other"))
    told = demanded(book, person.id)
    book.notices("demand", told.id, person.id)
    assert book.audits(11).status is Status.PASSED
    silent = demanded(book, person.id, other.id)
    book.notices("demand", silent.id, person.id)
    book.notices("withdrawal", silent.id, other.id)
    assert broken(book.audits(11)) == [(silent.id, "obligation.not-told")]
    assert book.audits(11).found[0].what.facts["member"] == other.id


# --- 12 ---------------------------------------------------------------------------------------------------------------


def test_a_release_on_its_decision_passes() -> None:
    """Row 12: the decision came before, allowed this, and its policy is what its offer gives; grants have none."""
    book, person, offer, agreement = a_life()
    book.releases(book.decides(person, offer, agreement=agreement.id))
    book.releases(book.decides(person, grants=[{"id": HEX, "since": 1, "expires": None}]))
    done = book.audits(12)
    assert (done.status, done.looked) == (Status.PASSED, 2)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"decision": HEX}, "obligation.release-undecided"),
        ({"decision": None}, "obligation.release-undecided"),
        ({"basis": "open"}, "obligation.release-other"),
        ({"standard": "other.standard"}, "obligation.release-other"),
    ],
)
def test_a_release_on_no_decision_or_another_is_named(changes: dict[str, Any], code: str) -> None:
    """Row 12: data that left under nobody knows which terms."""
    book, person, offer, agreement = a_life()
    release = book.releases(book.decides(person, offer, agreement=agreement.id), **changes)
    assert broken(book.audits(12)) == [(release.id, code)]


def test_a_release_on_a_no_or_under_another_policy_is_named() -> None:
    """Row 12: a refusal releases nothing, and a policy that the offer does not give is not its terms."""
    book, person, offer, agreement = a_life()
    no = book.releases(book.decides(person, offer, agreement=agreement.id, suspended=True), basis=HEX)
    other = book.releases(book.decides(person, offer, agreement=agreement.id, said={"policy": "ef" * 32}))
    lost = book.releases(book.decides(person, offer, agreement=agreement.id, said={"offer": HEX}))
    assert broken(book.audits(12)) == [
        (no.id, "obligation.release-other"),
        (other.id, "obligation.policy-other"),
        (lost.id, "obligation.policy-other"),
    ]


def test_a_policy_that_compiles_no_more_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 12: an offer that cannot be read gives none; that nothing here compiles policies is no fault of a log."""
    book, person, offer, agreement = a_life()
    release = book.releases(book.decides(person, offer, agreement=agreement.id))
    assert book.audits(12).status is Status.PASSED

    def broken_engine(_: str) -> None:
        raise Unavailable("policy.engine-missing", library="cedarpy", extra="decide")

    def unreadable(_: str) -> None:
        raise Invalid("policy.too-large", standard="x", count=1, most=0)

    monkeypatch.setattr(decisions, "policy_of", unreadable)
    assert broken(book.audits(12)) == [(release.id, "obligation.policy-other")]
    assert book.audits(6).status is Status.FAILED
    monkeypatch.setattr(decisions, "policy_of", broken_engine)
    for number in (6, 12):
        with pytest.raises(Unavailable):
            book.audits(number)
