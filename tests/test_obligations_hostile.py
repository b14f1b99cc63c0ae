"""Logs that were made to trip an audit: every statement of a shape that is allowed, and no sense in any of them."""

from typing import Any

import pytest

from datadam import seal
from datadam.model import Kind
from datadam.obligations.table import rows, run
from logs import HEX, Book
from test_statements import FACTS
from trades import ID, declares, discloses, hands_in, purges, takes, to_train, withdraws
from worlds import Person, standard_text

NEVER = "2026-99-99T99:99:99Z"  # has the shape of an instant
EDGE = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")


def a_book() -> tuple[Book, Person]:
    """A reservoir whose every obligation is declared, and who takes of it."""
    book = Book()
    book.publishes()
    firm = book.joins(Person("Firm"))
    for number in range(37, 44):
        declares(book, number, countries=["JP"], days=36_500)
    declares(book, 41, standard=None)
    return book, firm


def logs(book: Book, kind: Kind, facts: dict[str, Any], *signers: seal.Jwk, issued: str) -> None:
    """A statement that says that it was signed at any time."""
    made = seal.state(kind, facts, issued=issued, key=(signers or (book.key,))[0])
    for key in signers[1:]:
        made = seal.countersign(made, key)
    book.puts(made)


@pytest.mark.parametrize("when", [NEVER, *EDGE])
def test_times_that_never_were_end_no_audit(when: str) -> None:
    """Of incidents, notices, releases, decisions and deposits; before and after every calendar."""
    book, firm = a_book()
    law = FACTS[Kind.LAW]
    book.says(Kind.LAW, law)
    hands_in(book, book.joins(Person("Other")))
    hands_in(book, firm)
    facts: dict[str, Any] = {**FACTS[Kind.INCIDENT], "at": when, "persons": 10**6, "countries": ["KR", "DE"]}
    incident = book.says(Kind.INCIDENT, facts)
    notice = {**FACTS[Kind.NOTICE], "about": incident.id, "member": None, "given": when, "due": when}
    book.says(Kind.NOTICE, notice)
    book.says(Kind.NOTICE, {**notice, "clock": None, "given": None})
    for kind in (Kind.RELEASE, Kind.DECISION, Kind.GRANT, Kind.OUTCOME, Kind.WITHDRAWAL, Kind.DEMAND, Kind.PURGE):
        facts = {name: firm.id if name in {"member", "contributor"} else one for name, one in FACTS[kind].items()}
        logs(book, kind, facts, firm.key if kind is Kind.WITHDRAWAL else book.key, issued=when)
    results = run(book.view())
    assert len(results) == len(rows())
    named = {one.what.code for result in results for one in result.found}
    assert ("obligation.senseless" in named) or when == EDGE[1]


ODD: list[dict[str, Any]] = [
    {"action": "read"},
    {"action": "read", "roles": 5, "now": None, "purpose": ["x"], "destination": {"a": 1}},
    {"action": "train", "roles": ["a", 1], "now": 5, "jurisdiction": 7, "agreed_purposes": "x", "corridor": []},
    {"action": ["read"], "member": 5, "standard": None},
    {"action": {"a": 1}},
]


@pytest.mark.parametrize("facts", ODD)
def test_facts_of_another_shape_end_no_audit(facts: dict[str, Any]) -> None:
    """A dam may sign a decision about anything; whoever replays it is told."""
    book, firm = a_book()
    offer = book.offers(to_train())
    hands_in(book, firm, own_terms={"constraint": [{"leftOperand": "jurisdiction", "operator": "isAnyOf"}]})
    terms = {"constraint": [{"leftOperand": "jurisdiction", "operator": "isAnyOf", "rightOperand": ["KR"]}]}
    hands_in(book, book.joins(Person("Other")), own_terms=terms)
    body = {"member": firm.id, "standard": ID, "allowed": True, "basis": "x", "reasons": [], "policy": HEX}
    for held in (offer.id, None, HEX):
        decision = book.says(Kind.DECISION, {**body, "facts": facts, "offer": held})
        takes(book, firm, decision)
        book.says(Kind.DECISION, {**body, "facts": facts, "offer": held, "allowed": False, "basis": None})
    discloses(book, firm)
    assert len(run(book.view())) == len(rows())


@pytest.mark.parametrize("place", [None, 0, 1, 2, 5])
def test_statements_that_name_one_another_wrongly_end_no_audit(place: int | None) -> None:
    """Each kind, about ids that are there and are something else, and about ids that are not there."""
    book, firm = a_book()
    some = [one.id for one in book.view().logged]
    id = HEX if place is None else some[place]
    book.publishes(standard_text().replace("logicalType: string", "logicalType: nonsense").replace("1.0.0", "1.0.9"))
    hands_in(book, firm, signs={"fit": {"dropped": [1, "a", None]}})
    purges(book, withdraws(book, firm, *some[:2]), *some)
    for kind, facts in FACTS.items():
        named = {name: id if one == "ab" * 32 else one for name, one in facts.items()}
        own = {name: firm.id for name in ("member", "contributor", "subject") if named.get(name)}
        for signers in ((book.key,), (firm.key,), (firm.key, book.key)):
            book.says(kind, {**named, **own}, *signers)
    assert len(run(book.view())) == len(rows())
