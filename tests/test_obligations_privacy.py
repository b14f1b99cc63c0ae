"""Rows 13 to 22 of the obligations: a log that nothing breaks, one that something does, and the entry that is named."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from datadam import seal
from datadam.formats import law_files
from datadam.model import Kind, Statement
from datadam.obligations import records
from datadam.obligations.table import Result, Status, row, run
from datadam.obligations.view import look
from datadam.terms import Action, Constraint, Duty, DutyKind, Offer, Operand, Operator, Permission
from logs import HEX, PERSONAL, Book, broken
from signed import an_offer, any_of, permission
from worlds import START, Person, standard_text

_KEY = "        primaryKeyPosition: 1\n        classification: personal\n        customProperties:\n"
_PROPERTY = "          - {vendor: datadam, property: PROPERTY}\n"
PSEUDONYMS = PERSONAL.replace(
    _KEY,
    _KEY
    + _PROPERTY.replace("PROPERTY", "protection, value: unit-id")
    + _PROPERTY.replace("PROPERTY", "domain, value: person"),
)
"""The same, with pseudonyms in place of the persons."""
KEPT = Duty(kind=DutyKind.RETENTION, days=30)
YES = {"allowed": True, "basis": HEX, "reasons": []}


def a_life(
    text: str | None = None, terms: Offer | None = None, person: Person | None = None
) -> tuple[Book, Person, Statement, Statement]:
    """A standard, a member, an offer, and that both signed."""
    book = Book()
    book.publishes(text)
    person = book.joins(person or Person("Firm"))
    offer = book.offers(terms)
    return book, person, offer, book.agrees(person, offer)


def asks(*needed: str, actions: tuple[Action, ...] = (Action.READ,)) -> Offer:
    """An offer for research with retention, and a credential if one is named."""
    terms = [Constraint(operand=Operand.CREDENTIAL, operator=Operator.ALL_OF, value=needed)] if needed else []
    said = (any_of(Operand.PURPOSE, "research", "security"), *terms)
    return an_offer(Permission(actions=actions, constraints=said, duties=(KEPT,)))


# --- 13 ---------------------------------------------------------------------------------------------------------------


def test_purposes_that_all_papers_name_pass() -> None:
    """Row 13: the standard, the offer and the agreement; grants over what tells of nobody may name none."""
    book, person, offer, agreement = a_life()
    book.decides(person, offer, agreement=agreement.id)
    book.reads(person, book.grants(person), purpose=None)
    done = book.audits(13)
    assert (done.status, done.looked) == (Status.PASSED, 2)


@pytest.mark.parametrize(
    ("purpose", "code"),
    [
        (None, "obligation.no-purpose"),
        ("fun", "obligation.purpose-unknown"),
        ("security", "obligation.purpose-not-in"),
    ],
)
def test_a_yes_for_no_purpose_or_another_is_named(purpose: str | None, code: str) -> None:
    """Row 13: a dam that allows what nobody agreed to is found by the papers."""
    book, person, offer, agreement = a_life()
    wrong = book.decides(person, offer, agreement=agreement.id, purpose=purpose, said={**YES, "basis": agreement.id})
    told = broken(book.audits(13))
    assert told[0] == (wrong.id, code)
    assert {id for id, _ in told} == {wrong.id}


def test_purposes_of_papers_that_name_none_are_not_asked() -> None:
    """Row 13: a standard and an offer may name none; then the agreement's alone count."""
    text = standard_text().replace("  - {vendor: datadam, property: purposes, value: [research]}\n", "")
    assert text != standard_text()
    book, person, offer, _ = a_life(text, an_offer(Permission(actions=(Action.READ,))))
    agreement = book.agrees(person, offer, purposes=["security"])
    facts: dict[str, Any] = {"agreement": agreement.id, "agreed_purposes": ["security"]}
    book.decides(person, offer, **facts, purpose="security")
    book.decides(person, offer, **{**facts, "standard": "no.such"}, purpose="security")
    book.reads(person, book.grants(person), purpose="security")
    assert book.audits(13).status is Status.PASSED


def test_a_grant_over_persons_without_a_purpose_is_named() -> None:
    """Row 13: personal data is for something, or it stays."""
    book = Book()
    book.publishes(PERSONAL)
    person = book.joins(Person("Firm"))
    wrong = book.reads(person, book.grants(person), purpose=None)
    assert broken(book.audits(13)) == [(wrong.id, "obligation.no-purpose")]


# --- 14 ---------------------------------------------------------------------------------------------------------------


def test_pseudonyms_for_research_pass() -> None:
    """Row 14: for scientific research; a dam elsewhere is not asked."""
    book, person, offer, agreement = a_life(PSEUDONYMS, asks())
    book.decides(person, offer, agreement=agreement.id, sensitivity=3)
    done = book.audits(14)
    assert (done.status, done.looked) == (Status.PASSED, 1)
    book.home = "US"
    elsewhere = Book(home="US")
    elsewhere.publishes(PERSONAL)
    person = elsewhere.joins(Person("Firm"))
    elsewhere.reads(person, elsewhere.grants(person))
    assert elsewhere.audits(14).status is Status.NOT_YET


def test_pseudonyms_for_business_and_persons_in_the_clear_are_named() -> None:
    """Row 14: security is none of the purposes of the law, and a column about persons must not leave as it is."""
    book, person, offer, agreement = a_life(PSEUDONYMS, asks())
    facts: dict[str, Any] = {"agreement": agreement.id, "agreed_purposes": ["research", "security"]}
    wrong = book.decides(person, offer, **facts, purpose="security")
    assert wrong.body["allowed"]
    assert broken(book.audits(14)) == [(wrong.id, "obligation.purpose-unlawful")]
    book, person, offer, agreement = a_life(PERSONAL, asks())
    clear = book.decides(person, offer, agreement=agreement.id)
    assert broken(book.audits(14)) == [(clear.id, "obligation.in-the-clear")]


@pytest.mark.parametrize(
    ("basis", "expected"), [("consent", Status.NOT_YET), ("pseudonymised-purposes", Status.FAILED)]
)
def test_data_of_persons_on_another_ground_is_not_bound_to_these_purposes(basis: str, expected: Status) -> None:
    """Row 14: what persons agreed to is another article's; what rests on pseudonyms is this one's."""
    parties = "contributor: personal-information-controller, dam: consignee, consumer: third-party-recipient"
    roles = f"[{{class: personal, space: KR, {parties}, basis: {basis}}}]"
    text = PERSONAL.replace("schema:", f"  - {{vendor: datadam, property: legalRoles, value: {roles}}}\nschema:", 1)
    book, person, offer, agreement = a_life(text, asks())
    book.decides(person, offer, agreement=agreement.id)
    assert book.audits(14).status is expected


# --- 15 ---------------------------------------------------------------------------------------------------------------

COMBINE: dict[str, Any] = {"action": "combine", "credentials": ["specialised-institution"]}


def certifies(book: Book, person: Person) -> None:
    """A member is designated to combine."""
    names = {"specialised-institution": "SpecialisedInstitution"}
    book.says(Kind.ISSUER, {"issuer": "https://pipc.example", "title": "PIPC", "names": names, "keys": []})
    facts = {"member": person.id, "name": "specialised-institution", "issuer": "https://pipc.example", "scope": []}
    times = {"begins": "2026-01-01T00:00:00Z", "expires": "2027-01-01T00:00:00Z"}
    book.says(Kind.CREDENTIAL, {**facts, **times, "form": "attested", "kid": None, "evidence": HEX})


def test_combining_on_a_credential_passes_and_without_is_named() -> None:
    """Row 15: the designated institution may; the same yes for who never was is found."""
    terms = asks("specialised-institution", actions=(Action.COMBINE,))
    book, person, offer, agreement = a_life(PSEUDONYMS, terms)
    certifies(book, person)
    book.decides(person, offer, agreement=agreement.id, **COMBINE)
    done = book.audits(15)
    assert (done.status, done.looked) == (Status.PASSED, 1)
    other = book.joins(Person("Other"))
    wrong = book.decides(other, offer, agreement=book.agrees(other, offer).id, **COMBINE)
    assert broken(book.audits(15)) == [(wrong.id, "obligation.combine-uncertified")]


def test_an_offer_that_lets_anybody_combine_persons_is_named() -> None:
    """Row 15: no publication would take it; what was decided under it is found."""
    book, person, offer, agreement = a_life(PSEUDONYMS, asks(actions=(Action.COMBINE,)))
    wrong = book.decides(person, offer, agreement=agreement.id, **COMBINE)
    assert broken(book.audits(15)) == [(wrong.id, "obligation.combine-for-all")]


# --- 16 ---------------------------------------------------------------------------------------------------------------


def test_a_use_that_the_register_can_tell_passes() -> None:
    """Row 16: purpose, items, use, recipient and period are all in the log; one kind of pseudonyms alone was given."""
    book, person, offer, agreement = a_life(PSEUDONYMS, asks())
    book.decides(person, offer, agreement=agreement.id)
    assert book.audits(16).status is Status.PASSED


def test_who_knows_the_persons_and_has_all_of_them_joined_is_named() -> None:
    """Row 16: a designated institution that handed in rows of its own knows whom they are about."""
    person = Person("Firm")
    for named, expected in ((person.id, ["obligation.both-rights"]), ("m-" + "1" * 20, [])):
        property_ = f"  - {{vendor: datadam, property: combining, value: [{named}]}}\nschema:"
        text = PSEUDONYMS.replace("schema:", property_, 1)
        terms = asks("specialised-institution", actions=(Action.READ, Action.COMBINE))
        book, firm, offer, agreement = a_life(text, terms, person)
        certifies(book, firm)
        facts: dict[str, Any] = {"agreement": agreement.id, **COMBINE}
        book.decides(firm, offer, **facts)
        book.deposits(firm)
        book.decides(firm, offer, **{**facts, "action": "read"})
        second = book.decides(firm, offer, **facts)
        assert broken(book.audits(16)) == [(second.id, code) for code in expected]


def test_a_use_without_a_period_or_a_purpose_is_named() -> None:
    """Row 16: terms that name no day on which rows about persons go leave the register without its period."""
    book, person, offer, agreement = a_life(PSEUDONYMS, an_offer(permission()))
    endless = book.decides(person, offer, agreement=agreement.id)
    assert broken(book.audits(16)) == [(endless.id, "obligation.register-lacks")]
    assert book.audits(16).found[0].what.facts["field"] == "period"
    ghost = book.decides(Person("Ghost"), offer, agreement=agreement.id, purpose=None, said=YES)
    fields = [one.what.facts["field"] for one in book.audits(16).found if one.id == ghost.id]
    assert fields == ["purpose", "recipient", "period"]


# --- 17 ---------------------------------------------------------------------------------------------------------------


def test_who_signed_the_clause_passes_and_who_did_not_is_named() -> None:
    """Row 17: the hash in the accession is of a text that has the clause, in the language that was read."""
    book, person, offer, agreement = a_life()
    book.decides(person, offer, agreement=agreement.id)
    assert book.audits(17).status is Status.PASSED
    text = {"version": "0", "language": "en", "digests": {"en": HEX}}
    other = book.joins(Person("Other"), text=text)
    wrong = book.decides(other, offer, agreement=book.agrees(other, offer).id)
    stranger = book.decides(Person("Ghost"), offer)
    code = "obligation.clause-unsigned"
    assert broken(book.audits(17)) == [(wrong.id, code), (stranger.id, code)]


# --- 18 ---------------------------------------------------------------------------------------------------------------


def changes(book: Book, agreement: Statement, state: str) -> Statement:
    """The stewards hold an agreement up, or end it."""
    facts: dict[str, Any] = {
        "agreement": agreement.id,
        "member": agreement.body["member"],
        "state": state,
        "by_member": False,
    }
    return book.says(Kind.AGREEMENT_CHANGE, {**facts, "reason": "r"})


def test_decisions_on_what_stands_pass() -> None:
    """Row 18: an agreement in force, one that was resumed, a grant, and what is open to all."""
    book, person, offer, agreement = a_life()
    changes(book, agreement, "suspended")
    changes(book, agreement, "finalised")
    book.decides(person, offer, agreement=agreement.id)
    book.reads(person, book.grants(person))
    book.decides(person, tier="open")
    done = book.audits(18)
    assert (done.status, done.looked) == (Status.PASSED, 2)


def test_decisions_on_what_was_taken_back_are_named() -> None:
    """Row 18: suspended, ended, replaced, revoked, expired, or never there."""
    book, person, offer, agreement = a_life()
    changes(book, agreement, "suspended")
    held_up = book.decides(person, offer, agreement=agreement.id)
    changes(book, agreement, "ended")
    ended = book.decides(person, offer, agreement=agreement.id)
    new = book.agrees(person, offer)
    newer = book.agrees(person, offer, expires="2026-11-22T08:00:00Z")
    replaced = book.decides(person, offer, agreement=new.id)
    expired = book.decides(person, offer, agreement=newer.id)
    grant = book.grants(person)
    book.says(Kind.REVOCATION, {"grant": grant.id, "member": person.id})
    revoked = book.reads(person, grant)
    never = book.decides(person, offer, agreement="ab" * 32)
    code = "obligation.basis-over"
    assert broken(book.audits(18)) == [
        (held_up.id, code),
        (ended.id, code),
        (replaced.id, code),
        (expired.id, "obligation.basis-expired"),
        (revoked.id, code),
        (never.id, "obligation.basis-unknown"),
    ]


def given_and_withdrawn(book: Book, **more: Any) -> tuple[Statement, Person]:
    """A deposit that somebody was given rows of, and its withdrawal."""
    giver, taker = book.joins(Person("Giver")), book.joins(Person("Taker"))
    manifest, _ = book.deposits(giver)
    for person in (giver, taker):
        book.releases(book.reads(person, book.grants(person)))
    return book.withdraws(giver, manifest, **more), taker


def test_recipients_of_withdrawn_rows_that_heard_of_it_pass() -> None:
    """Row 18: everybody but the contributor itself, by a notice about this withdrawal."""
    book = Book()
    book.publishes()
    withdrawal, taker = given_and_withdrawn(book)
    assert book.audits(18).status is Status.PASSED  # it was just now: the notices are on their way
    later = START + timedelta(days=1)
    book.notices("withdrawal", withdrawal.id, taker.id)
    assert book.audits(18, now=later).status is Status.PASSED


def test_a_withdrawal_of_which_a_recipient_did_not_hear_is_named() -> None:
    """Row 18: an hour later, or once what was withdrawn is erased."""
    book = Book()
    book.publishes()
    withdrawal, taker = given_and_withdrawn(book)
    later = START + timedelta(hours=2)
    assert broken(book.audits(18, now=later)) == [(withdrawal.id, "obligation.not-told")]
    assert book.audits(18, now=later).found[0].what.facts["member"] == taker.id
    book.purges(withdrawal)
    assert broken(book.audits(18)) == [(withdrawal.id, "obligation.not-told")]


def test_who_was_let_have_no_row_of_a_deposit_need_not_hear_of_it() -> None:
    """Row 18: what its contributor kept back from a purpose was in no release for it."""
    book = Book()
    book.publishes()
    giver, taker = book.joins(Person("Giver")), book.joins(Person("Taker"))
    own = {"constraint": [{"leftOperand": "purpose", "operator": "isAnyOf", "rightOperand": ["statistics"]}]}
    kept, _ = book.deposits(giver, own_terms=own)
    given, _ = book.deposits(giver)
    book.releases(book.reads(taker, book.grants(taker)))
    quiet, told = book.withdraws(giver, kept), book.withdraws(giver, given)
    later = START + timedelta(hours=2)
    assert broken(book.audits(18, now=later)) == [(told.id, "obligation.not-told")]
    assert quiet.id != told.id


def test_what_is_being_replaced_is_told_of_when_it_is_gone() -> None:
    """Row 18: rows that a correction replaces are shown until it is there."""
    book = Book()
    book.publishes()
    withdrawal, _ = given_and_withdrawn(book, replaced_by=HEX)
    assert book.audits(18, now=START + timedelta(days=3)).status is Status.PASSED
    book.purges(withdrawal)
    assert [id for id, _ in broken(book.audits(18))] == [withdrawal.id]


# --- 19 ---------------------------------------------------------------------------------------------------------------


def asked_by_a_person(book: Book) -> Statement:
    """A person wants to see its data."""
    text = law_files.packaged()["clocks"]
    version = law_files.read(text).version
    law = book.says(
        Kind.LAW, {"name": "clocks", "version": version, "text": text, "digest": seal.digest(text.encode())}
    )
    facts = {"event": "rights-request", "classes": ["personal"], "persons": 1, "countries": ["KR"]}
    return book.says(Kind.INCIDENT, {**facts, "at": "2026-11-22T08:00:00Z", "what": "access", "law": law.id})


def test_a_request_that_is_open_in_time_or_answered_in_time_passes() -> None:
    """Row 19: ten days, by the clock that the file has."""
    book = Book()
    incident = asked_by_a_person(book)
    assert book.audits(19).status is Status.PASSED
    book.notices("incident", incident.id, None, clock="kr-pipa-35-37", given="2026-11-30T08:00:00Z")
    assert book.audits(19, now=START + timedelta(days=99)).status is Status.PASSED


def test_a_request_that_is_overdue_or_was_answered_late_is_named() -> None:
    """Row 19: one that nobody answered, and one that was answered on the eleventh day."""
    book = Book()
    silent = asked_by_a_person(book)
    late = asked_by_a_person(book)
    book.notices("incident", late.id, None, clock="kr-pipa-35-37", given="2026-12-03T08:00:00Z")
    after = START + timedelta(days=30)
    assert broken(book.audits(19, now=after)) == [(silent.id, "obligation.late"), (late.id, "obligation.late")]


def test_a_request_where_no_clock_runs_is_named() -> None:
    """Row 19: without clocks nobody can say that it was in time."""
    book = Book()
    facts = {"event": "rights-request", "classes": [], "persons": 1, "countries": ["KR"]}
    lost = book.says(Kind.INCIDENT, {**facts, "at": "2026-11-22T08:00:00Z", "what": "access", "law": HEX})
    assert broken(book.audits(19)) == [(lost.id, "obligation.no-clocks")]


# --- 20 ---------------------------------------------------------------------------------------------------------------


def test_what_was_withdrawn_and_erased_in_time_passes() -> None:
    """Row 20: also what still has time, and bodies of shapes that there are."""
    book = Book()
    book.publishes()
    person = book.joins(Person("Giver"))
    manifest, _ = book.deposits(person)
    waiting, _ = book.deposits(person)
    book.purges(book.withdraws(person, manifest))
    book.withdraws(person, waiting)
    done = book.audits(20)
    assert done.status is Status.PASSED
    assert book.view().unseen == 1


def test_what_was_not_erased_or_late_is_named() -> None:
    """Row 20: five days after it was taken back there is its erasure in the log."""
    book = Book()
    book.publishes()
    person = book.joins(Person("Giver"))
    manifest, _ = book.deposits(person)
    withdrawal = book.withdraws(person, manifest)
    book.now = START + timedelta(days=6)
    assert broken(book.audits(20)) == [(withdrawal.id, "obligation.not-erased")]
    book.purges(withdrawal)
    assert broken(book.audits(20)) == [(withdrawal.id, "obligation.erased-late")]


def test_a_manifest_that_is_there_after_its_erasure_or_gone_before_is_named() -> None:
    """Row 20: an erasure that was only said, and a destruction of which nothing is said."""
    book = Book()
    book.publishes()
    person = book.joins(Person("Giver"))
    manifest, _ = book.deposits(person)
    withdrawal = book.withdraws(person, manifest)
    purge = book.purges(withdrawal)
    book.bodies.put(manifest.id, seal.envelope(manifest))
    gone, outcome = book.deposits(person)
    book.bodies.erase(gone.id)
    assert purge.body["withdrawal"] == withdrawal.id
    assert broken(book.audits(20)) == [
        (withdrawal.id, "obligation.manifest-there"),
        (outcome.id, "obligation.destroyed-unsaid"),
    ]


def test_rows_in_a_statement_or_an_entry_are_named() -> None:
    """Row 20: a statement has its fields and no others, and an entry says three things."""
    book = Book()
    book.publishes()
    person = book.joins(Person("Giver"))
    stuffed = book.says(Kind.GRANT, {"member": person.id, "standard": "test.reading", "expires": None, "rows": ["x"]})
    book.log.append([b'{"class":"activity","id":"x","rows":[1,2,3],"v":1}'])
    book.grants(person)
    assert broken(book.audits(20)) == [(stuffed.id, "statement.shape"), ("", "log.entry-malformed")]


# --- 21 ---------------------------------------------------------------------------------------------------------------


def test_records_that_the_log_makes_pass_and_others_are_named() -> None:
    """Row 21: counts of rows, of what was erased and of who was told are the log's own."""
    book = Book()
    book.publishes()
    withdrawal, taker = given_and_withdrawn(book)
    book.notices("withdrawal", withdrawal.id, taker.id)
    book.purges(withdrawal, recipients=1)
    done = book.audits(21)
    assert (done.status, done.looked) == (Status.PASSED, 2)
    hidden = look(
        book.read,
        vkey=book.ledger.vkey,
        bodies=lambda id: None if id in {one.id for one in book.view().of(Kind.NOTICE)} else book.body(id),
        now=START,
    )
    (part,) = run(replace(hidden, whole=False), [row(21)])
    assert part.status is Status.PASSED  # who is told is the auditors' to see
    typed = book.purges(withdrawal, recipients=0, rows=4, bodies=2)
    _, odd = book.deposits(taker, rows=5, files=[{"name": "f", "digest": HEX, "size": 1, "rows": 2}])
    told = [(one.id, one.what.facts["field"]) for one in book.audits(21).found]
    assert told == [
        (typed.id, "rows"),
        (typed.id, "bodies"),
        (typed.id, "recipients"),
        (odd.id, "rows"),
        (odd.id, "files"),
    ]


def test_a_record_that_the_log_made_passes_and_one_that_was_typed_is_named() -> None:
    """Row 21: who had what for what; the same bytes later too, until somebody writes in them."""
    book, person, offer, agreement = a_life(None, asks())
    decision = book.decides(person, offer, agreement=agreement.id)
    book.releases(decision)
    book.decides(person, offer, agreement=agreement.id)
    manifest, _ = book.deposits(person)
    book.purges(book.withdraws(person, manifest))
    made = records.record(book.view())
    told = seal.parse(made)
    (line,) = told["processing"]
    assert (line["recipient"], line["purpose"], line["decisions"], line["releases"]) == (person.id, "research", 2, 1)
    assert (line["items"], line["days"], line["basis"]) == (["amount", "meter"], 30, agreement.id)
    assert told["erased"][0]["rows"] == 3
    book.reads(person, book.grants(person))
    assert held(book, made).status is Status.PASSED
    last = book.view().logged[-1].id
    for typed in (
        seal.canonical({**told, "processing": []}),
        seal.canonical({**told, "size": 10_000}),
        seal.canonical({**told, "size": None}),
        seal.canonical([]),
        b"\xff",
        made + b" ",
    ):
        assert broken(held(book, typed)) == [(last, "obligation.record-other")]


def held(book: Book, told: bytes) -> Result:
    """A record held against the log."""
    (found,) = run(replace(book.view(), records=told), [row(21)])
    return found


# --- 22 ---------------------------------------------------------------------------------------------------------------


def test_what_members_took_and_contributors_signed_passes() -> None:
    """Row 22: no yes is the operator's, and every conversion is the one that was signed."""
    book, person, offer, agreement = a_life()
    book.decides(person, offer, agreement=agreement.id)
    book.deposits(person)
    manifest, _ = book.deposits(person)
    book.purges(book.withdraws(person, manifest))
    done = book.audits(22)
    assert (done.status, done.looked) == (Status.PASSED, 3)


def test_a_yes_to_the_operator_is_named() -> None:
    """Row 22: the policy would say no; the operator that signs itself a yes is found, by its kind or by a role."""
    book, person, offer, agreement = a_life()
    kind = book.decides(person, offer, agreement=agreement.id, kind="operator", said=YES)
    role = book.decides(person, offer, agreement=agreement.id, roles=["consumer", "operator"], said=YES)
    code = "obligation.operator-allowed"
    assert broken(book.audits(22)) == [(kind.id, code), (role.id, code)]


def test_a_conversion_that_nobody_signed_is_named() -> None:
    """Row 22: another mapping than the contributor's, or another file."""
    book, person, *_ = a_life()
    _, fit = book.deposits(person, fit_digest="ef" * 32)
    _, file = book.deposits(person, file_digest="ef" * 32)
    code = "obligation.converted-otherwise"
    assert broken(book.audits(22)) == [(fit.id, code), (file.id, code)]


# --- private answers --------------------------------------------------------------------------------------------------


def test_answers_with_noise_are_no_rows_that_leave() -> None:
    """Rows 14 and 16: who asks a reservoir of private answers gets no column, in the clear or not."""
    text = PERSONAL.replace("value: agreement", "value: answers")
    book, person, offer, agreement = a_life(text, asks(actions=(Action.QUERY,)))
    facts: dict[str, Any] = {"agreement": agreement.id, "action": "query", "tier": "answers"}
    assert book.decides(person, offer, **facts).body["allowed"]
    assert [book.audits(row).status for row in (14, 16)] == [Status.NOT_YET, Status.NOT_YET]
