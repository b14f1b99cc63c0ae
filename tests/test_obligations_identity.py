"""Rows 1 to 4 of the obligations: a log that nothing breaks, one that something does, and the entry that is named."""

from datadam import seal
from datadam.model import Kind
from datadam.obligations.table import Status
from datadam.terms import Constraint, Operand, Operator
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


def asking(level: str) -> object:
    """An offer that asks for a level of signature."""
    return an_offer(permission(Constraint(operand=Operand.LEVEL, operator=Operator.AT_LEAST, value=level)))


def test_an_agreement_below_the_level_of_its_offer_is_named() -> None:
    """Row 2: the dam would not countersign it; whoever did anyway is found."""
    book = Book()
    book.publishes()
    person = book.joins(Person("Firm"))
    offer = book.offers(asking("advanced"))  # type: ignore[arg-type]  # an offer
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
