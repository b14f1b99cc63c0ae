"""Rows 31 to 36 of the obligations: a log that nothing breaks, one that something does, and the entry that is named."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from datadam import seal
from datadam.formats import law_files
from datadam.model import Kind, Statement, instant
from datadam.obligations.table import Result, Status, row, run
from logs import HEX, Book, broken
from trades import ID, hands_in, to_train, withdraws
from worlds import START, Person, answers_text, standard_text

CLOCK = "kr-pipa-34"  # within 72 hours


# --- 31 ---------------------------------------------------------------------------------------------------------------


def law(book: Book, version: str = "2026.11.22", **changes: str) -> Statement:
    """The clocks that the package ships, in use, with something of their text other."""
    text = law_files.packaged()["clocks"].replace("version: 2026.11.22", f"version: {version}")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    facts = {"name": "clocks", "version": version, "text": text, "digest": seal.digest(text.encode())}
    return book.says(Kind.LAW, facts)


def incident(book: Book, clocks: Statement, **changes: object) -> Statement:
    """A breach of many persons' data in Korea, known since the start."""
    facts = {"event": "breach", "classes": ["personal"], "persons": 1200, "countries": ["KR"], "what": "w"}
    return book.says(Kind.INCIDENT, {**facts, "at": instant(START), "law": clocks.id, **changes})


def noticed(book: Book, of: Statement, hours: int, **changes: object) -> Statement:
    """A notice so many hours after it was known."""
    facts: dict[str, object] = {"topic": "incident", "about": of.id, "member": None, "clock": CLOCK}
    facts |= {"given": instant(START + timedelta(hours=hours)), "due": instant(START + timedelta(hours=72))}
    return book.says(Kind.NOTICE, {**facts, "facts": {"recipient": "r"}, **changes})


def test_notices_in_time_pass() -> None:
    """Row 31: given within the clock; not yet given while there is time; nothing due at all."""
    book = Book()
    clocks = law(book)
    noticed(book, incident(book, clocks), 71)
    incident(book, clocks)
    incident(book, clocks, persons=1)
    done = book.audits(31, now=START + timedelta(hours=72))
    assert (done.status, done.looked) == (Status.PASSED, 4)


def test_notices_that_are_late_or_missing_are_named() -> None:
    """Row 31: the late notice by its own entry, the missing one by its incident's."""
    book = Book()
    clocks = law(book)
    late = noticed(book, incident(book, clocks), 73)
    silent = incident(book, clocks)
    assert broken(book.audits(31, now=START + timedelta(hours=73))) == [
        (late.id, "obligation.notice-late"),
        (silent.id, "obligation.notice-overdue"),
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"due": instant(START)}, "obligation.deadline-other"),
        ({"clock": "eu-gdpr-33"}, "obligation.clock-unknown"),
        ({"about": HEX}, "obligation.incident-unknown"),
        ({"given": instant(START - timedelta(hours=1))}, "obligation.notice-before"),
    ],
)
def test_notices_of_nothing_are_named(changes: dict[str, Any], code: str) -> None:
    """Row 31: a deadline that no clock makes, a clock that did not run, no incident, before anybody knew."""
    book = Book()
    wrong = noticed(book, incident(book, law(book)), 1, **changes)
    assert broken(book.audits(31)) == [(wrong.id, code)]


def test_an_incident_before_any_clocks_is_named() -> None:
    """Row 31: nobody could tell what was due."""
    book = Book()
    blind = incident(book, book.view().logged[0].statement)
    assert broken(book.audits(31)) == [(blind.id, "obligation.clocks-none")]
    early = noticed(book, blind, 1)
    assert (early.id, "obligation.incident-unknown") in broken(book.audits(31))


def test_what_was_in_time_stays_so_and_what_is_open_follows_the_newer_clock() -> None:
    """Row 31: a stricter clock that is adopted later is for what is still open."""
    book = Book()
    clocks = law(book)
    noticed(book, incident(book, clocks), 71)
    open_one = incident(book, clocks)
    law(book, "2026.11.23", PT72H="PT48H")
    assert broken(book.audits(31, now=START + timedelta(hours=60))) == [(open_one.id, "obligation.notice-overdue")]


# --- 33 ---------------------------------------------------------------------------------------------------------------


def test_described_data_pass() -> None:
    """Row 33: words in both languages, purposes, a quality of each deposit."""
    book = Book()
    book.publishes(standard_text().replace("rejectLimit, value: 0.5", "rejectLimit, value: 0.4"))
    hands_in(book, book.joins(Person("Giver")))
    done = book.audits(33)
    assert (done.status, done.looked) == (Status.PASSED, 2)


def test_undescribed_data_are_named() -> None:
    """Row 33: no words in one language, no restriction by standard or offer, codes that nobody knows, no standard."""
    book = Book()
    text = standard_text()
    mute = publishes(book, text.replace("value: {ko: 계량기 번호입니다.}", "value: {ko: ' '}"))
    free = publishes(book, text.replace("value: [research]", "value: []").replace(ID, "test.other"))
    coded = "          - {vendor: datadam, property: codes, value: secret-list}\n      - name: amount"
    private = publishes(book, text.replace("      - name: amount", coded, 1).replace("1.0.0", "1.0.2"))
    garbled = publishes(book, "no standard")
    found = book.audits(33).found
    assert [(one.id, one.what.facts.get("fields")) for one in found] == [
        (mute.id, "meter.ko"),
        (free.id, "purposes"),
        (private.id, "meter.codes"),
        (garbled.id, None),
    ]


def publishes(book: Book, text: str) -> Statement:
    """Any text as a standard."""
    id = ID if ID in text else "test.other"
    facts = {"standard": id, "version": "1.0.0", "text": text, "digest": seal.digest(text.encode())}
    return book.says(Kind.STANDARD, facts)


def test_an_offer_says_what_data_may_be_used_for() -> None:
    """Row 33: where a standard has no purposes, its offer has."""
    book = Book()
    publishes(book, standard_text().replace("value: [research]", "value: []"))
    assert book.audits(33).status is Status.FAILED
    book.offers()
    assert book.audits(33).status is Status.PASSED


def test_what_is_open_to_all_need_not_say_what_for() -> None:
    """Row 33: its tier says it."""
    book = Book()
    text = standard_text().replace("value: [research]", "value: []")
    publishes(book, text.replace("property: tier, value: agreement", "property: tier, value: open"))
    assert book.audits(33).status is Status.PASSED


def test_deposits_without_a_quality_are_named() -> None:
    """Row 33: rows refused by no rule, more of them than the standard admits, of no standard."""
    book = Book()
    book.publishes()
    giver = book.joins(Person("Giver"))
    untold = hands_in(book, giver, faults={})
    poor = hands_in(book, giver, admitted=1, rejected=2)
    strange = hands_in(book, giver, version="7.0.0")
    assert broken(book.audits(33)) == [
        (untold.id, "obligation.quality-untold"),
        (poor.id, "obligation.quality-below"),
        (strange.id, "obligation.standard-unknown"),
    ]


# --- 34 ---------------------------------------------------------------------------------------------------------------


def agreed() -> tuple[Book, Person, Statement, Statement]:
    """A member with an agreement."""
    book = Book()
    book.publishes()
    firm = book.joins(Person("Firm"))
    offer = book.offers(to_train())
    return book, firm, offer, book.agrees(firm, offer)


def test_decisions_by_terms_that_can_be_had_pass() -> None:
    """Row 34: by an earlier offer after a newer one, and while an agreement was in force."""
    book, firm, offer, agreement = agreed()
    book.decides(firm, offer, agreement=agreement.id)
    changes(book, firm, agreement, "suspended")
    book.decides(firm, offer, agreement=agreement.id, state="suspended")
    changes(book, firm, agreement, "finalised")
    book.offers()
    book.decides(firm, offer, agreement=agreement.id)
    done = book.audits(34)
    assert (done.status, done.looked) == (Status.PASSED, 2)


def changes(book: Book, firm: Person, agreement: Statement, state: str) -> Statement:
    """The dam holds an agreement up, or lets it go on."""
    facts = {"agreement": agreement.id, "member": firm.id, "state": state, "by_member": False, "reason": "r"}
    return book.says(Kind.AGREEMENT_CHANGE, facts)


def test_decisions_that_nobody_can_make_again_are_named() -> None:
    """Row 34: under terms that are gone or came later, by another policy, after a stop, on a revoked grant."""
    book, firm, offer, agreement = agreed()
    lost = book.decides(firm, offer, agreement=agreement.id, said={"offer": HEX})
    other = book.decides(firm, offer, agreement=agreement.id, said={"policy": HEX})
    stop = changes(book, firm, agreement, "ended")
    late = book.decides(firm, offer, agreement=agreement.id)
    grant = book.says(Kind.GRANT, {"member": firm.id, "standard": ID, "expires": None})
    on_grant = {"grants": [{"id": grant.id, "since": grant.body["issued"], "expires": None}]}
    book.decides(firm, **on_grant)  # type: ignore[arg-type]  # facts
    book.says(Kind.REVOCATION, {"grant": grant.id, "member": firm.id})
    revoked = book.decides(firm, **on_grant)  # type: ignore[arg-type]  # facts
    found = book.audits(34)
    assert broken(found) == [
        (lost.id, "obligation.offer-unreadable"),
        (other.id, "decision.not-so"),
        (late.id, "obligation.basis-stopped"),
        (revoked.id, "obligation.basis-stopped"),
    ]
    assert found.found[2].what.facts["by"] == stop.id


# --- 35 ---------------------------------------------------------------------------------------------------------------


def a_public_book(tier: str = "open") -> tuple[Book, Person, Statement]:
    """An open reservoir."""
    book = Book()
    text = standard_text(tier=tier)
    made = book.says(
        Kind.STANDARD, {"standard": ID, "version": "1.0.0", "text": text, "digest": seal.digest(text.encode())}
    )
    return book, book.joins(Person("Firm")), made


def test_what_is_open_and_given_passes() -> None:
    """Row 35: an order is the one thing that may close it; a reservoir that is not open is another matter."""
    book, firm, _ = a_public_book()
    book.decides(firm, tier="open")
    order = book.says(
        Kind.ORDER, {"classes": ["business"], "destinations": ["US"], "standard": None, "reason": "r", "ground": "g"}
    )
    book.decides(firm, tier="open", destination="US", ordered=[order.id])
    done = book.audits(35)
    assert (done.status, done.looked) == (Status.PASSED, 2)
    closed, other, _ = a_public_book("agreement")
    closed.decides(other)
    assert closed.audits(35).status is Status.NOT_YET


def test_what_is_open_and_refused_is_named() -> None:
    """Row 35: for want of a grant, say; and what a stranger met who asked just now."""
    book, firm, made = a_public_book()
    wrong = book.decides(firm)
    assert broken(book.audits(35)) == [(wrong.id, "obligation.open-refused")]
    assert asked(book, {ID: ""}).looked == 2
    met = asked(book, {ID: "ask.stranger", "no.such": "ask.stranger"})
    assert (made.id, "obligation.open-refused") in broken(met)
    assert met.looked == 2


def asked(book: Book, met: dict[str, str]) -> Result:
    """How the row stands where the auditor asked as a stranger."""
    (found,) = run(replace(book.view(), strangers=met), [row(35)])
    return found


# --- 36 ---------------------------------------------------------------------------------------------------------------


def test_a_log_that_is_whole_passes() -> None:
    """Row 36: bodies that were withdrawn or erased are gone for a logged reason."""
    book = Book()
    book.publishes()
    giver = book.joins(Person("Giver"))
    withdraws(book, giver, hands_in(book, giver).body["manifest"])
    erased = book.says(Kind.DECLINE, {"application": HEX, "member": giver.id, "reason": "r"})
    book.bodies.erase(erased.id)
    (gap,) = book.audits(36).found
    assert (gap.id, gap.what.code) == (erased.id, "obligation.body-missing")
    book.says(Kind.ERASURE, {"body": erased.id, "member": giver.id, "reason": "asked"})
    done = book.audits(36)
    assert done.status is Status.PASSED
    assert done.looked == len(book.view().logged)


def test_what_is_for_contributors_alone_need_not_be_shown() -> None:
    """Row 36: over HTTP no auditor sees what was handed in to a reservoir of private answers; in the folder it does."""
    book = Book()
    person = book.joins(Person("Firm"))
    gone = book.says(Kind.DECLINE, {"application": HEX, "member": person.id, "reason": "r"})
    book.bodies.erase(gone.id)
    served = replace(book.view(), served=True)
    assert broken(run(served, [row(36)])[0]) == [(gone.id, "obligation.body-missing")]
    book.publishes(answers_text())
    assert run(replace(book.view(), served=True), [row(36)])[0].found == ()
    assert broken(book.audits(36)) == [(gone.id, "obligation.body-missing")]


def test_a_log_that_another_dam_would_refuse_is_named() -> None:
    """Row 36: a body that is missing, and a statement that its parties did not sign."""
    book = Book()
    person = book.joins(Person("Firm"))
    gone = book.says(Kind.DECLINE, {"application": HEX, "member": person.id, "reason": "r"})
    forged = book.says(Kind.KEY, {"member": person.id, "key": seal.public(seal.new_key()), "replaces": "x" * 43})
    book.bodies.erase(gone.id)
    assert broken(book.audits(36)) == [(gone.id, "obligation.body-missing"), (forged.id, "signature.parties")]
    (partly,) = run(replace(book.view(), whole=False), [row(36)])
    assert [one.id for one in partly.found] == [forged.id]
