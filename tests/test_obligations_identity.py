"""Rows 1 to 6 of the obligations: a log that nothing breaks, one that something does, and the entry that is named."""

from typing import Any

import pytest

from datadam import seal
from datadam.model import Kind, Statement
from datadam.obligations import past
from datadam.obligations.past import members
from datadam.obligations.table import Status
from datadam.terms import Constraint, Offer, Operand, Operator
from logs import HEX, Book, broken
from signed import an_offer, permission
from worlds import Person


def a_life() -> tuple[Book, Person]:
    """A standard, an offer, a member that agreed."""
    book = Book()
    book.publishes()
    person = book.joins(Person("Firm"))
    book.agrees(person, book.offers())
    return book, person


def test_signatures_of_all_parties_pass() -> None:
    """Row 1: nothing in a log breaks it whose statements are all signed by whom they are about."""
    book, _ = a_life()
    done = book.audits(1)
    assert (done.status, done.looked) == (Status.PASSED, 5)


def test_an_agreement_that_one_party_did_not_sign_is_named() -> None:
    """Row 1: one signature of two is none."""
    book, person = a_life()
    whole = book.view().of(Kind.AGREEMENT)[0]
    alone = book.says(Kind.AGREEMENT, {k: v for k, v in whole.body.items() if k not in {"v", "kind", "salt", "issued"}})
    assert broken(book.audits(1)) == [(alone.id, "signature.parties")]
    assert book.audits(1).found[0].who == person.id


def test_a_signature_over_other_bytes_is_named() -> None:
    """Row 1: a signature that does not hold is not passed over, and its entry is still named by its own id."""
    book, person = a_life()
    good = book.drafts(
        Kind.KEY, {"member": person.id, "key": seal.public(seal.new_key()), "replaces": "x" * 43}, person.key
    )
    other = book.drafts(
        Kind.KEY, {"member": person.id, "key": seal.public(seal.new_key()), "replaces": "y" * 43}, person.key
    )
    forged = seal.opened(
        seal.canonical({"payload": seal.encode(good.payload), "signatures": [dict(s) for s in other.signatures]})
    )
    book.puts(forged)
    assert broken(book.audits(1)) == [(forged.id, "signature.wrong")]


def asking(level: str) -> Offer:
    """An offer that asks for a level of signature."""
    return an_offer(permission(Constraint(operand=Operand.LEVEL, operator=Operator.AT_LEAST, value=level)))


def test_an_agreement_below_the_level_of_its_offer_is_named() -> None:
    """Row 2: the dam would not countersign it; whoever did anyway is found."""
    book = Book()
    book.publishes()
    person = book.joins(Person("Firm"))
    offer = book.offers(asking("advanced"))
    book.agrees(person, offer, level="advanced")
    assert book.audits(2).status is Status.PASSED
    low = book.agrees(person, offer, level="simple")
    assert broken(book.audits(2)) == [(low.id, "obligation.level-low")]


def test_a_level_that_nobody_can_tell_is_named() -> None:
    """Row 2: no certificate is seen here, so nothing here is qualified."""
    book, person = a_life()
    claimed = book.agrees(person, book.offers(), level="qualified")
    assert broken(book.audits(2)) == [(claimed.id, "obligation.level-unproven")]


def test_an_agreement_under_no_offer_is_named() -> None:
    """Row 2: terms that are not in the log ask for nothing that anybody could check."""
    book, person = a_life()
    lost = book.agrees(person, book.offers(), offer=HEX)
    assert broken(book.audits(2)) == [(lost.id, "obligation.offer-unreadable")]


def test_who_signed_follows_from_the_log_alone() -> None:
    """Row 3: a key that was rotated in time is known, and so is its owner; one that nobody introduced is named."""
    book, person = a_life()
    new = seal.new_key()
    facts = {"member": person.id, "key": seal.public(new), "replaces": seal.thumbprint(person.key)}
    book.says(Kind.KEY, facts, person.key, new)
    assert book.audits(3).status is Status.PASSED
    left = {"member": person.id, "reason": "moved", "signed_by_member": True}
    late = book.says(Kind.EXIT, left, person.key, book.key)
    assert broken(book.audits(3)) == [(late.id, "signature.key-unknown")]


def test_a_nameless_organisation_is_named() -> None:
    """Row 3: a country is known by its code; an organisation that says nothing of itself is nobody."""
    book = Book()
    book.joins(Person("Land"), member_kind="country", profile=None)
    assert book.audits(3).status is Status.PASSED
    nobody = book.joins(Person("Nobody"), profile=None)
    assert [found.who for found in book.audits(3).found] == [nobody.id]
    assert broken(book.audits(3))[0][1] == "obligation.member-nameless"


def test_an_agreement_of_no_member_in_good_standing_is_named() -> None:
    """Row 4: a member that is suspended agrees to nothing; after that it may again."""
    book, person = a_life()
    offer = book.offers()
    assert book.audits(4).status is Status.PASSED
    book.says(Kind.MEMBER_CHANGE, {"member": person.id, "state": "suspended", "reason": "r"})
    during = book.agrees(person, offer)
    book.says(Kind.MEMBER_CHANGE, {"member": person.id, "state": "active", "reason": "r"})
    book.agrees(person, offer)
    book.says(Kind.EXIT, {"member": person.id, "reason": "r", "signed_by_member": False})
    assert broken(book.audits(4)) == [(during.id, "obligation.member-not-standing")]


def test_a_member_without_the_role_is_named() -> None:
    """Row 4: who joined to contribute agrees to take nothing out."""
    book, _ = a_life()
    giver = book.joins(Person("Giver", roles=("contributor",)))
    wrong = book.agrees(giver, book.offers())
    assert broken(book.audits(4)) == [(wrong.id, "obligation.member-role")]


def test_a_decision_about_a_stranger_or_other_attributes_is_named() -> None:
    """Row 4: who takes is a member, and is named in the decision as it joined."""
    book, person = a_life()
    offer = book.view().of(Kind.OFFER)[0].statement
    book.decides(person, offer)
    assert book.audits(4).status is Status.PASSED
    ghost = book.decides(Person("Ghost"), offer)
    other = book.decides(person, offer, jurisdiction="US")
    assert broken(book.audits(4)) == [
        (ghost.id, "obligation.member-unknown"),
        (other.id, "obligation.register-differs"),
    ]


def test_what_is_open_to_everybody_needs_no_membership() -> None:
    """Row 4: whoever left may read what strangers may."""
    book, person = a_life()
    book.says(Kind.EXIT, {"member": person.id, "reason": "r", "signed_by_member": False})
    book.decides(person, tier="open")
    assert book.audits(4).status is Status.PASSED


def test_what_changes_nobody_or_nothing_changes_nothing() -> None:
    """Row 4: an exit or a suspension of who is no member, or the end of no suspension, leaves members as they were."""
    book, person = a_life()
    ghost = Person("Ghost").id
    book.says(Kind.EXIT, {"member": ghost, "reason": "r", "signed_by_member": False})
    book.says(Kind.MEMBER_CHANGE, {"member": ghost, "state": "suspended", "reason": "r"})
    book.says(Kind.MEMBER_CHANGE, {"member": person.id, "state": "active", "reason": "r"})
    book.agrees(person, book.view().of(Kind.OFFER)[0].statement)
    assert book.audits(4).status is Status.PASSED
    assert list(members(book.view())) == [person.id]


def test_what_cannot_be_read_is_not_there() -> None:
    """A standard or an offer with faults says nothing: what was decided on it is looked at without it."""
    book, person = a_life()
    text = "nonsense: ["
    book.says(
        Kind.STANDARD,
        {"standard": "test.reading", "version": "2.0.0", "text": text, "digest": seal.digest(text.encode())},
    )
    body = {"@type": "Offer", "permission": [], "target": "x", "uid": "x"}
    facts = {"standard": "test.reading", "number": 2, "offer": body, "digest": HEX, "texts": {"en": HEX}}
    bad = book.says(Kind.OFFER, facts)
    book.decides(person, said={"facts": {"action": "fly"}})
    view = book.view()
    assert past.deeds(view) == ()
    assert past.standard(view, "test.reading", 99) is None
    assert past.standard(view, "no.such", 99) is None
    assert past.offer(view, bad.id) is None
    wrong = book.agrees(person, bad)
    assert broken(book.audits(2)) == [(wrong.id, "obligation.offer-unreadable")]


# --- certificates -----------------------------------------------------------------------------------------------------


def certified(book: Book, person: Person, **changes: object) -> Statement:
    """A credential that the operator attests, of an issuer that is recognised."""
    names = {"specialised-institution": "SpecialisedInstitution"}
    book.says(Kind.ISSUER, {"issuer": "https://pipc.example", "title": "PIPC", "names": names, "keys": []})
    facts: dict[str, object] = {
        "member": person.id,
        "name": "specialised-institution",
        "issuer": "https://pipc.example",
        "scope": [],
        "begins": "2026-01-01T00:00:00Z",
        "expires": "2027-01-01T00:00:00Z",
        "form": "attested",
        "kid": None,
        "evidence": HEX,
    }
    return book.says(Kind.CREDENTIAL, {**facts, **changes})


def needing() -> Offer:
    """An offer that asks for a credential."""
    needed = Constraint(operand=Operand.CREDENTIAL, operator=Operator.ALL_OF, value=("specialised-institution",))
    return an_offer(permission(needed))


HELD: dict[str, Any] = {"credentials": ["specialised-institution"]}


def test_a_decision_on_a_credential_that_is_held_passes() -> None:
    """Row 5: it was given before, is not over, and its issuer is recognised."""
    book, person = a_life()
    certified(book, person)
    book.decides(person, book.offers(needing()), **HELD)
    done = book.audits(5)
    assert (done.status, done.looked) == (Status.PASSED, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"expires": "2026-11-22T00:00:00Z"},
        {"begins": "2026-12-01T00:00:00Z"},
        {"scope": ["other.standard"]},
        {"issuer": "https://nobody.example"},
        {"name": "other-name"},
    ],
)
def test_a_decision_on_a_credential_that_did_not_count_is_named(changes: dict[str, object]) -> None:
    """Row 5: expired, not begun, for another standard, of an issuer whom nobody recognises, or another one."""
    book, person = a_life()
    certified(book, person, **changes)
    wrong = book.decides(person, book.offers(needing()), **HELD)
    assert broken(book.audits(5)) == [(wrong.id, "obligation.credential-not-held")]


def test_a_decision_on_a_credential_that_was_ended_is_named() -> None:
    """Row 5: it counts from its place in the log to its end."""
    book, person = a_life()
    offer = book.offers(needing())
    early = book.decides(person, offer, **HELD)
    held = certified(book, person)
    book.decides(person, offer, **HELD)
    book.says(Kind.CREDENTIAL_END, {"credential": held.id, "member": person.id, "reason": "r"})
    late = book.decides(person, offer, **HELD)
    assert [id for id, _ in broken(book.audits(5))] == [early.id, late.id]


def test_a_yes_without_the_credential_that_is_asked_for_is_named() -> None:
    """Row 5: the policy would say no; a dam that says yes is found."""
    book, person = a_life()
    wrong = book.decides(person, book.offers(needing()), said={"allowed": True, "basis": HEX, "reasons": []})
    assert broken(book.audits(5)) == [(wrong.id, "obligation.credential-not-shown")]


# --- equal treatment --------------------------------------------------------------------------------------------------


def test_comparable_members_have_the_same_decision() -> None:
    """Row 6: every decision that follows from attributes is the same for anybody else with them."""
    book, person = a_life()
    offer = book.view().of(Kind.OFFER)[0].statement
    book.decides(person, offer)
    book.decides(person, offer, suspended=True)
    book.decides(person)
    done = book.audits(6)
    assert (done.status, done.looked) == (Status.PASSED, 3)


def test_a_decision_by_name_is_named() -> None:
    """Row 6: one member is refused what its attributes allow, another is allowed what they refuse."""
    book, person = a_life()
    offer = book.view().of(Kind.OFFER)[0].statement
    reason = {"code": "ask.stranger", "facts": {}}
    refused = book.decides(person, offer, said={"allowed": False, "basis": None, "reasons": [reason]})
    favoured = book.decides(person, offer, purpose="security", said={"allowed": True, "basis": HEX, "reasons": []})
    lost = book.decides(person, offer, said={"offer": HEX})
    odd = book.decides(person, offer, said={"facts": {"action": "read"}})
    assert [id for id, _ in broken(book.audits(6))] == [refused.id, favoured.id, lost.id, odd.id]
