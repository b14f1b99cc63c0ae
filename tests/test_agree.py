"""Offers published, agreements signed, and their life: what both sides signed is in force, and nothing else is."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from datadam import agreement, seal
from datadam.adapters.memory.store import MemoryStore
from datadam.agreement import Signer, Wish
from datadam.dam import agree, deposit, join, journal, login, notice, offer, prove, publish, state, upload
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.duties import Topic
from datadam.errors import DamError, Faults, Invalid, NotFound, Refused, Untrusted
from datadam.formats import credential, odrl
from datadam.ledger import verify_receipt
from datadam.model import Kind, Member
from datadam.terms import (
    PURPOSES,
    Acceptance,
    Action,
    Agreement,
    AgreementState,
    Constraint,
    Duty,
    DutyKind,
    Level,
    Offer,
    Operand,
    Operator,
)
from signed import agreed, an_offer, any_of, drafted, ending, offered, permission, signing
from worlds import GOOD, Person, a_world, chunks, fit_of, forward, standard_text

STANDARD = "test.reading"
NOW = "2026-11-22T09:00:00Z"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam with the small standard."""
    made = a_world(tmp_path)
    publish.publish(made, standard_text().replace("[research]", "[research, statistics]"))
    return made


@pytest.fixture
def kim(world: World) -> Person:
    """A member."""
    return Person("Kim").joins(world)


def until(instant: str) -> Constraint:
    """Only before then."""
    return Constraint(operand=Operand.EXPIRY, operator=Operator.BEFORE, value=instant)


def least(level: str) -> Constraint:
    """A signature of that level at least."""
    return Constraint(operand=Operand.LEVEL, operator=Operator.AT_LEAST, value=level)


def code_of(verb: Callable[[], object]) -> str:
    """The code of the refusal; of the first fault where there are several."""
    with pytest.raises(DamError) as caught:
        verb()
    return caught.value.faults[0].code if isinstance(caught.value, Faults) else caught.value.code


def send(world: World, person: Person, **changes: Any) -> agree.Standing:
    """Sign the draft that there is now, with changes, and send it."""
    draft = drafted(world, person)
    return agree.accept(world, person.caller, seal.envelope(signing(person, draft, **changes)))


# --- offers -----------------------------------------------------------------------------------------------------------


def test_an_offer_is_numbered_logged_and_kept_with_its_texts(world: World) -> None:
    """The number is the dam's, the same terms again are the same offer, each text is what its digest says."""
    first = offered(world)
    assert (first.number, first.standard) == (1, STANDARD)
    assert offered(world) == first
    second = offered(world, permission(notice=30))
    assert second.number == 2
    assert offer.current(world, STANDARD) == second
    assert offer.find(world, STANDARD, 1) == first
    assert offer.newer(world, first) == second
    assert offer.newer(world, second) is None
    assert offer.every(world) == [second]
    assert offer.read_offer(second) == replace(an_offer(permission(notice=30)), number=2)
    written = offer.written(world, second)
    assert {language: seal.digest(text.encode()) for language, text in written.items()} == dict(second.texts)
    assert set(written) == {"en", "ko"}
    statement = world.ledger.statement(second.statement)
    assert seal.digest(seal.canonical(statement.body["offer"])) == second.digest == seal.digest(second.text.encode())


def test_an_offer_with_faults_is_not_published(world: World) -> None:
    """Of its form, of its sense, or about a standard that there is not: told, and nothing is logged."""
    before = world.ledger.size
    assert code_of(lambda: offer.publish(world, "{}")).startswith("offer.")
    over = odrl.write(an_offer(permission(until("2026-11-22T09:00:00Z"))))
    assert code_of(lambda: offer.publish(world, over)) == "offer.expired"
    elsewhere = odrl.write(an_offer(standard="no.such"))
    assert code_of(lambda: offer.publish(world, elsewhere)) == "standard.unknown"
    assert (world.ledger.size, offer.current(world, STANDARD)) == (before, None)
    for ask in (lambda: offer.find(world, STANDARD), lambda: offer.of_statement(world, STANDARD, "0" * 64)):
        assert code_of(ask) == "offer.unknown"
    offered(world)
    assert code_of(lambda: offer.find(world, STANDARD, 7)) == "offer.unknown"


def test_a_text_that_was_changed_on_disk_is_not_shown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is asked to sign what does not have the digest in the log."""
    published = offered(world)
    with monkeypatch.context() as patch:
        patch.setattr(type(world.bodies), "get", lambda *_: b"Sign here.")
        assert code_of(lambda: offer.written(world, published)) == "offer.text-changed"
    world.bodies.erase(published.texts["ko"])
    assert [one.code for one in prove.check(world, MemoryStore, lambda: None).faults] == ["body.unknown"]


# --- what may be signed -----------------------------------------------------------------------------------------------


def wish(*purposes: str, destination: str = "KR", level: Level = Level.SIMPLE) -> Wish:
    """What somebody wants to sign for."""
    return Wish(purposes=purposes or ("research",), destination=destination, level=level)


def codes(terms: Offer, wanted: Wish, now: str = NOW) -> list[str]:
    """The codes of all that stands in the way."""
    return [one.code for one in agreement.faults(terms, wanted, now=now)]


def test_only_what_is_offered_can_be_signed_for() -> None:
    """Purposes, country and level: each that does not fit is told, all at once."""
    both = an_offer(
        permission(any_of(Operand.DESTINATION, "KR", "JP")),
        permission(any_of(Operand.PURPOSE, "statistics"), any_of(Operand.DESTINATION, "US"), least("advanced")),
    )
    assert codes(both, wish("research", level=Level.ADVANCED)) == []
    assert codes(both, wish("research")) == ["agreement.level-too-low"]
    assert codes(both, wish("statistics", level=Level.ADVANCED)) == ["agreement.purpose-not-there"]
    assert codes(both, wish("security", destination="FR", level=Level.QUALIFIED)) == [
        "agreement.destination-not-offered",
        "agreement.purpose-not-offered",
        "agreement.level-unproven",
    ]
    assert codes(an_offer(permission(any_of(Operand.PURPOSE, *PURPOSES))), wish(*PURPOSES, destination="FR")) == []
    anything = replace(permission(), constraints=())
    assert codes(an_offer(anything), wish(*PURPOSES)) == []
    nowhere = Constraint(operand=Operand.DESTINATION, operator=Operator.NONE_OF, value=("KR",))
    assert codes(an_offer(permission(nowhere)), wish()) == ["agreement.destination-not-offered"]
    assert codes(an_offer(permission(nowhere)), wish(destination="JP")) == []


def test_an_offer_ends_with_the_last_of_what_it_allows() -> None:
    """What is over is not offered; what has no end keeps the whole open."""
    early, late = permission(until("2026-12-01T00:00:00Z")), permission(until("2027-01-01T00:00:00Z"))
    assert agreement.ends(an_offer(early, late)) == "2027-01-01T00:00:00Z"
    assert agreement.ends(an_offer(early, permission())) is None
    statistics = permission(any_of(Operand.PURPOSE, "statistics"))
    mixed = an_offer(early, statistics)
    assert codes(mixed, wish(), "2026-11-30T23:59:59Z") == []
    assert codes(mixed, wish(), "2026-12-01T00:00:00Z") == ["agreement.purpose-not-offered"]
    assert codes(an_offer(early), wish(), "2026-12-01T00:00:00Z") == ["agreement.offer-over"]


def test_notice_and_level_are_the_strictest_that_any_permission_says() -> None:
    """Who agrees to all of an offer can rely on the longest notice, and signs as strongly as the strictest wants."""
    strict = permission(least("advanced"), notice=30)
    assert agreement.notice(an_offer(permission(), strict, permission(notice=10))) == 30
    assert agreement.notice(an_offer()) is None
    retention = replace(permission(), duties=(Duty(kind=DutyKind.RETENTION, days=90),))
    assert agreement.notice(an_offer(retention)) is None
    assert agreement.required(an_offer(permission(), strict)) is Level.ADVANCED
    assert agreement.required(an_offer()) is Level.SIMPLE


@pytest.mark.parametrize(
    ("constraint", "meets"),
    [
        (any_of(Operand.RECIPIENT, "consumer", "auditor"), True),
        (any_of(Operand.RECIPIENT, "auditor"), False),
        (Constraint(operand=Operand.RECIPIENT, operator=Operator.NONE_OF, value=("contributor",)), False),
        (any_of(Operand.JURISDICTION, "KR"), True),
        (any_of(Operand.JURISDICTION, "JP"), False),
        (Constraint(operand=Operand.JURISDICTION, operator=Operator.NONE_OF, value=("JP",)), True),
        (Constraint(operand=Operand.CREDENTIAL, operator=Operator.ALL_OF, value=("cbpr",)), False),
        (any_of(Operand.CREDENTIAL, "cbpr"), False),
        (until(NOW), False),
    ],
)
def test_whom_an_offer_is_for(constraint: Constraint, meets: bool) -> None:
    """As far as the log knows the signer: roles, country, credentials."""
    signer = Signer(roles=frozenset({"contributor", "consumer"}), jurisdiction="KR")
    terms = an_offer(permission(constraint))
    assert agreement.is_met_by(terms, signer, now=NOW) is meets
    assert agreement.is_met_by(an_offer(permission(constraint), permission()), signer, now=NOW)


# --- signing ----------------------------------------------------------------------------------------------------------


def test_an_automatic_offer_is_in_force_once_signed(world: World, kim: Person) -> None:
    """One statement with both signatures, whole in the receipt, and the same again is the same agreement."""
    published = offered(world)
    draft = drafted(world, kim)
    assert draft.automatic
    assert draft.texts == offer.written(world, published)
    envelope = seal.envelope(signing(kim, draft))
    told = agree.accept(world, kim.caller, envelope)
    assert (told.state, told.offer, told.purposes, told.destination) == ("finalised", 1, ("research",), "KR")
    size = world.ledger.size
    assert agree.accept(world, kim.caller, envelope) == told
    assert world.ledger.size == size
    stands = agree.standing(world, kim.id, STANDARD)
    assert stands is not None
    assert (stands.id, stands.state, stands.since) == (told.id, AgreementState.FINALISED, told.since)
    assert agree.offer_of(world, stands) == published
    receipt = prove.receipt(world, kim.caller, told.id)
    proven = verify_receipt(seal.canonical(receipt), vkey=world.ledger.vkey)
    assert set(proven.signers.values()) == {kim.id, "dam"}
    assert agree.own(world, kim.caller) == [told]


def test_an_agreement_is_for_its_parties_and_auditors(world: World, kim: Person) -> None:
    """Its body is no business of others; the offer's is everybody's."""
    published, lee = offered(world), Person("Lee").joins(world)
    told = agreed(world, kim)
    audits = Person("Audit", roles=("auditor",)).joins(world)
    assert prove.body(world, kim.caller, told.id).id == prove.body(world, audits.caller, told.id).id == told.id
    assert code_of(lambda: prove.body(world, lee.caller, told.id)) == "statement.unknown"
    assert code_of(lambda: agree.find(world, told.id, member=lee.id)) == "agreement.unknown"
    assert prove.body(world, Caller(), published.statement).kind is Kind.OFFER


def test_the_stewards_sign_or_decline_what_is_not_automatic(world: World, kim: Person) -> None:
    """It waits outside of the log; approved, it enters it; declined, it never can again."""
    offered(world, automatic=False)
    size = world.ledger.size
    envelope = seal.envelope(signing(kim, drafted(world, kim)))
    told = agree.accept(world, kim.caller, envelope)
    assert (told.state, told.since, world.ledger.size) == ("accepted", None, size)
    assert agree.accept(world, kim.caller, envelope) == told
    assert agree.standing(world, kim.id, STANDARD) is None
    index = agree.approve(world, told.id)
    assert agree.approve(world, told.id) == index
    assert agree.find(world, told.id, member=kim.id).state == "finalised"
    assert code_of(lambda: agree.decline(world, told.id, "late")) == "agreement.unknown"

    lee = Person("Lee").joins(world)
    envelope = seal.envelope(signing(lee, drafted(world, lee)))
    other = agree.accept(world, lee.caller, envelope)
    agree.decline(world, other.id, "not for you")
    (declined,) = agree.own(world, lee.caller)
    assert (declined.state, declined.reason) == ("declined", "not for you")
    assert code_of(lambda: agree.accept(world, lee.caller, envelope)) == "agreement.declined"
    assert code_of(lambda: agree.approve(world, other.id)) == "agreement.unknown"
    assert code_of(lambda: agree.decline(world, other.id, "again")) == "agreement.unknown"


def test_what_is_held_up_or_over_is_not_approved_again(world: World, kim: Person) -> None:
    """Approving twice gives the same index; once it is suspended or ended, nobody is told that it was logged."""
    offered(world, automatic=False)
    told = agreed(world, kim)
    index = agree.approve(world, told.id)
    for wanted in (AgreementState.SUSPENDED, AgreementState.ENDED):
        agree.change(world, told.id, wanted, "x")
        size = world.ledger.size
        assert code_of(lambda: agree.approve(world, told.id)) == "agreement.step-impossible"
        assert (world.ledger.size, size > index) == (size, True)


def test_a_later_signature_takes_the_place_of_one_that_waits(world: World, kim: Person) -> None:
    """Nobody can heap up work for the stewards; and who signed may take it back before they did."""
    offered(world, automatic=False)
    first = agreed(world, kim)
    second = agreed(world, kim)
    assert [one.id for one in agree.own(world, kim.caller)] == [second.id]
    assert code_of(lambda: agree.approve(world, first.id)) == "agreement.unknown"
    size = world.ledger.size
    assert agree.end(world, kim.caller, ending(kim, second.id)) is None
    assert (agree.own(world, kim.caller), world.ledger.size) == ([], size)


def test_a_crash_between_log_and_table_leaves_no_second_chance(world: World, kim: Person) -> None:
    """The acceptance that a crash left beside the agreement is no acceptance any more."""
    offered(world, automatic=False)
    told = agreed(world, kim)
    with world.store.read() as rows:
        left = rows.get(Acceptance, told.id)
    agree.approve(world, told.id)
    with world.store.transaction() as rows:
        rows.put(left)  # as before the crash
    assert [one.state for one in agree.every(world)] == ["finalised"]
    assert code_of(lambda: agree.decline(world, told.id, "late")) == "agreement.unknown"
    agree.approve(world, told.id)
    with world.store.read() as rows:
        assert rows.get(Acceptance, told.id) is None


def test_an_offer_for_others_waits_for_the_stewards(world: World, kim: Person) -> None:
    """The automatic rule signs only with whom the log shows to be meant."""
    offered(world, permission(any_of(Operand.JURISDICTION, "JP")))
    assert not drafted(world, kim).automatic
    assert agreed(world, kim).state == "accepted"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"purposes": []}, "agreement.no-purpose"),
        ({"purposes": ["security"]}, "agreement.purpose-not-offered"),
        ({"destination": "QQ"}, "register.country-unknown"),
        ({"level": "strong"}, "agreement.level-unknown"),
        ({"level": "qualified"}, "agreement.level-unproven"),
        ({"purposes": ["security"], "level": "qualified"}, "agreement.purpose-not-offered"),
    ],
)
def test_no_draft_is_made_that_could_not_be_signed(
    world: World, kim: Person, wanted: dict[str, Any], code: str
) -> None:
    """Told before anybody reads a long text."""
    offered(world)
    asked = {"purposes": ["research"], "destination": "KR", **wanted}
    found = code_of(lambda: agree.draft(world, kim.caller, STANDARD, **asked))
    assert found == code or (code.startswith("register.") and found.startswith("register."))


def test_only_members_in_good_standing_draft(world: World, kim: Person) -> None:
    """A stranger, a share profile, one who only contributes, one who is suspended, no offer at all: no draft."""
    assert code_of(lambda: drafted(world, kim)) == "offer.unknown"
    offered(world)
    wanted: dict[str, Any] = {"purposes": ["research"], "destination": "KR"}
    for caller in (Caller(), Caller(member=kim.id, standard=STANDARD)):
        assert code_of(partial(agree.draft, world, caller, STANDARD, **wanted)) == "ask.login-needed"
    gives = Person("Gives", roles=("contributor",)).joins(world)
    assert code_of(lambda: drafted(world, gives)) == "ask.not-consumer"
    join.suspend(world, kim.id, "late fees")
    assert code_of(lambda: drafted(world, kim)) == "member.suspended"


# --- hostile signatures -----------------------------------------------------------------------------------------------


def test_a_body_that_differs_in_anything_is_not_signed_by_the_dam(world: World, kim: Person) -> None:
    """Each field of the body, and each of the credential: changed, it is refused, and nothing is logged."""
    trained = permission(any_of(Operand.PURPOSE, "statistics"), actions=(Action.TRAIN,))
    offered(world, permission(until("2027-01-01T00:00:00Z")), trained)
    offered(world, permission(until("2027-01-01T00:00:00Z")))
    lee = Person("Lee").joins(world)
    size = world.ledger.size
    draft = drafted(world, kim)
    vc = draft.body["credential"]
    subject = vc["credentialSubject"]
    digests = {**draft.body["texts"], "en": "0" * 64}
    changed: list[tuple[dict[str, Any], str]] = [
        ({"member": lee.id}, "agreement.not-yours"),
        ({"standard": "no.such"}, "offer.unknown"),
        ({"offer": offer.find(world, STANDARD, 1).statement}, "agreement.offer-not-current"),
        ({"offer": "0" * 64}, "agreement.offer-not-current"),
        ({"purposes": ["statistics"]}, "agreement.purpose-not-offered"),
        ({"purposes": []}, "statement.shape"),
        ({"purposes": ["mischief"]}, "statement.shape"),
        ({"destination": "QQ"}, "register.jurisdiction-unknown"),
        ({"destination": "JP"}, "agreement.credential-other"),
        ({"level": "advanced"}, "agreement.credential-other"),
        ({"level": "qualified"}, "agreement.level-unproven"),
        ({"expires": None}, "agreement.expires-other"),
        ({"expires": "2999-01-01T00:00:00Z"}, "agreement.expires-other"),
        ({"language": "fr"}, "agreement.language-unknown"),
        ({"texts": digests}, "agreement.text-other"),
        ({"credential": {**vc, "issuer": "urn:datadam:dam:other.example/log"}}, "agreement.other-dam"),
        ({"credential": {**vc, "issuer": {"id": vc["issuer"]}}}, "agreement.other-dam"),
        ({"credential": {**vc, "validFrom": "soon"}}, "agreement.drafted-when"),
        ({"credential": {**vc, "validFrom": "2026-11-22T09:00:00"}}, "agreement.drafted-when"),
        ({"credential": {**vc, "validFrom": "2026-11-22T08:59:00Z"}}, "agreement.credential-other"),
        ({"credential": {**vc, "validUntil": "2999-01-01T00:00:00Z"}}, "agreement.credential-other"),
        ({"credential": {**vc, "more": 1}}, "agreement.credential-other"),
        ({"credential": {**vc, "type": ["VerifiableCredential"]}}, "agreement.credential-other"),
        *(
            ({"credential": {**vc, "credentialSubject": {**subject, name: "x"}}}, "agreement.credential-other")
            for name in subject
        ),
    ]
    for changes, code in changed:
        envelope = seal.envelope(signing(kim, draft, **changes))
        found = code_of(partial(agree.accept, world, kim.caller, envelope))
        assert found == code or (code.startswith("register.") and found.startswith("register.")), changes
    assert agree.every(world) == []
    assert world.ledger.size == size


def test_signatures_are_the_members_own_and_no_others(world: World, kim: Person) -> None:
    """Stripped, forged, one too many, by another key, with `none` or a keyed hash for a method: refused."""
    offered(world)
    lee = Person("Lee").joins(world)
    good = signing(kim, drafted(world, kim))
    protected, signature = good.signatures[0]["protected"], good.signatures[0]["signature"]

    def header(**fields: str) -> str:
        return seal.encode(seal.canonical(fields))

    kid = seal.thumbprint(kim.key)
    hostile = {
        "extra": (seal.countersign(good, lee.key), "signature.parties"),
        "extra by the dam": (seal.countersign(good, seal.new_key()), "signature.key-unknown"),
        "twice": (replace(good, signatures=good.signatures * 2), "signature.repeated"),
        "another's": (signing(kim, drafted(world, kim), key=lee.key), "signature.parties"),
        "nobody's": (signing(kim, drafted(world, kim), key=seal.new_key()), "signature.key-unknown"),
        "forged": (
            replace(good, signatures=({"protected": protected, "signature": seal.encode(b"0" * 64)},)),
            "signature.wrong",
        ),
        "none": (
            replace(good, signatures=({"protected": header(alg="none", kid=kid), "signature": ""},)),
            "signature.algorithm",
        ),
        "keyed": (
            replace(good, signatures=({"protected": header(alg="HS256", kid=kid), "signature": signature},)),
            "signature.algorithm",
        ),
        "stripped": (replace(good, signatures=()), "statement.malformed"),
        "another kind": (lee.states(Kind.EXIT, {"member": lee.id, "reason": "r", "signed_by_member": True}), None),
    }
    for name, (statement, code) in hostile.items():
        envelope = seal.envelope(statement)
        found = code_of(partial(agree.accept, world, kim.caller, envelope))
        assert found == (code or "statement.kind-unexpected"), name
    signed = seal.envelope(good)
    assert code_of(lambda: agree.accept(world, lee.caller, signed)) == "agreement.not-yours"
    assert code_of(lambda: agree.accept(world, Caller(), signed)) == "ask.login-needed"
    assert agree.every(world) == []


def test_a_key_that_was_changed_meanwhile_signs_nothing(world: World, kim: Person) -> None:
    """Neither on arrival nor while it waits: a signature counts where the log takes it up."""
    offered(world, automatic=False)
    draft = drafted(world, kim)
    waits = agreed(world, kim)
    new = seal.new_key()
    facts = {"member": kim.id, "key": seal.public(new), "replaces": seal.thumbprint(kim.key)}
    join.rotate(world, seal.envelope(seal.countersign(kim.states(Kind.KEY, facts), new)))
    envelope = seal.envelope(signing(kim, draft))
    assert code_of(lambda: agree.accept(world, kim.caller, envelope)) == "signature.key-unknown"
    assert code_of(lambda: agree.approve(world, waits.id)) == "signature.key-unknown"
    renewed = seal.envelope(signing(kim, draft, key=new))
    assert agree.accept(world, kim.caller, renewed).state == "accepted"


def test_what_was_signed_for_an_agreement_that_ended_does_not_count_twice(world: World, kim: Person) -> None:
    """A replayed acceptance brings nothing back."""
    offered(world)
    envelope = seal.envelope(signing(kim, drafted(world, kim)))
    told = agree.accept(world, kim.caller, envelope)
    assert agree.end(world, kim.caller, ending(kim, told.id)) is not None
    assert code_of(lambda: agree.accept(world, kim.caller, envelope)) == "agreement.replayed"
    assert agree.standing(world, kim.id, STANDARD) is None
    again = seal.countersign(seal.opened(envelope), world.secrets.private_key("sign"))
    assert code_of(lambda: state.record(world, again)) == "statement.repeated"


def test_a_draft_lasts_a_week_and_is_never_of_the_future(world: World, kim: Person) -> None:
    """What is older, or made by a clock that runs ahead, is asked for anew."""
    offered(world)
    early = seal.envelope(signing(kim, drafted(world, kim)))
    forward(world, days=7)
    later = seal.envelope(signing(kim, drafted(world, kim)))
    forward(world, seconds=1)
    assert code_of(lambda: agree.accept(world, kim.caller, early)) == "agreement.drafted-when"
    forward(world, seconds=-62)
    assert code_of(lambda: agree.accept(world, kim.caller, later)) == "agreement.drafted-when"
    forward(world, seconds=1)
    assert agree.accept(world, kim.caller, later).state == "finalised"


def test_a_newer_offer_or_an_end_of_it_refuses_what_was_drafted_before(world: World, kim: Person) -> None:
    """Also what waits: it is judged again when it is approved."""
    offered(world, permission(until("2026-11-23T00:00:00Z")), automatic=False)
    waits, drawn = agreed(world, kim), seal.envelope(signing(kim, drafted(world, kim)))
    forward(world, days=1)
    assert code_of(lambda: agree.approve(world, waits.id)) == "agreement.offer-over"
    assert code_of(lambda: agree.accept(world, kim.caller, drawn)) == "agreement.offer-over"
    assert code_of(lambda: drafted(world, kim)) == "agreement.offer-over"
    offered(world)
    assert code_of(lambda: agree.approve(world, waits.id)) == "agreement.offer-not-current"


# --- the life of what is in force -------------------------------------------------------------------------------------


def test_the_stewards_hold_up_resume_and_end(world: World, kim: Person) -> None:
    """Each is logged with its reason, and the agreement that stands tells it at once."""
    offered(world)
    told = agreed(world, kim)
    for wanted in (AgreementState.SUSPENDED, AgreementState.FINALISED, AgreementState.SUSPENDED):
        index = agree.change(world, told.id, wanted, f"because of {wanted}")
        stands = agree.standing(world, kim.id, STANDARD)
        assert stands is not None
        assert (stands.state, stands.changed, stands.reason) == (wanted, index, f"because of {wanted}")
        assert code_of(partial(agree.change, world, told.id, wanted, "twice")) == ("agreement.step-impossible")
    agree.change(world, told.id, AgreementState.ENDED, "enough")
    assert agree.standing(world, kim.id, STANDARD) is None
    for wanted in agreement.CHANGES:
        assert code_of(partial(agree.change, world, told.id, wanted, "x")) == "agreement.step-impossible"
    assert code_of(lambda: agree.change(world, "0" * 64, AgreementState.ENDED, "x")) == "agreement.unknown"


def test_what_the_dam_makes_of_an_agreement_its_member_is_told(world: World, kim: Person) -> None:
    """Each suspension, resumption and end by the dam is a notice with its reason, in the log beside it."""
    offered(world)
    told = agreed(world, kim)
    wanted = [AgreementState.SUSPENDED, AgreementState.FINALISED, AgreementState.ENDED]
    for one in wanted:
        index = agree.change(world, told.id, one, f"because {one}")
        assert world.ledger.size == index + 2
    notices = [one.notice for one in reversed(notice.own(world, kim.caller))]
    facts = {"agreement": told.id, "standard": STANDARD}
    assert [one.facts for one in notices] == [{**facts, "state": one, "reason": f"because {one}"} for one in wanted]
    assert [world.ledger.statement(one.about).body["state"] for one in notices] == wanted
    forged = notice.to_member(world, Topic.AGREEMENT, "0" * 64, kim.id, facts)
    with pytest.raises(Untrusted, match=r"notice\.wrong"):
        state.record(world, forged)


def test_a_member_ends_its_own_agreement_and_nothing_more(world: World, kim: Person) -> None:
    """Signed by its key, about its own agreement; it can neither resume nor suspend, and nobody else can end it."""
    offered(world)
    lee = Person("Lee").joins(world)
    told, other = agreed(world, kim), agreed(world, lee)
    tries = {
        ending(kim, told.id, member=lee.id): "agreement.not-yours",
        ending(kim, other.id): "agreement.unknown",
        ending(kim, told.id, by_member=False): "agreement.change-unsigned",
        ending(kim, told.id, state="suspended"): "agreement.step-impossible",
        seal.envelope(seal.countersign(seal.opened(ending(kim, told.id)), lee.key)): "signature.parties",
        seal.envelope(
            lee.states(
                Kind.AGREEMENT_CHANGE,
                {"agreement": told.id, "member": kim.id, "state": "ended", "by_member": True, "reason": "r"},
            )
        ): "signature.parties",
    }
    for envelope, code in tries.items():
        assert code_of(partial(agree.end, world, kim.caller, envelope)) == code
    agree.change(world, told.id, AgreementState.SUSPENDED, "held up")
    assert code_of(lambda: agree.end(world, kim.caller, ending(kim, told.id, state="finalised"))) == (
        "agreement.step-impossible"
    )
    good = ending(kim, told.id)
    index = agree.end(world, kim.caller, good)
    (ended,) = agree.own(world, kim.caller)
    assert (ended.state, ended.changed, ended.reason) == ("ended", index, "done")
    assert code_of(lambda: agree.end(world, kim.caller, good)) == "agreement.step-impossible"
    assert agree.standing(world, lee.id, STANDARD) is not None


@pytest.mark.parametrize("who", ["dam", "member while suspended", "member"])
def test_nobody_signs_around_a_suspension(world: World, kim: Person, who: str) -> None:
    """While one is held up no other takes its place; and what the dam ended, or held up, waits for people next time."""
    offered(world)
    told = agreed(world, kim)
    if who != "member":
        agree.change(world, told.id, AgreementState.SUSPENDED, "held up")
        assert code_of(lambda: agreed(world, kim)) == "agreement.suspended"
    if who == "dam":
        agree.change(world, told.id, AgreementState.ENDED, "enough")
    else:
        agree.end(world, kim.caller, ending(kim, told.id))
    again = agreed(world, kim)
    assert again.state == ("finalised" if who == "member" else "accepted")
    if who != "member":
        agree.approve(world, again.id)
        assert agree.standing(world, kim.id, STANDARD) is not None


def test_a_newer_agreement_takes_the_place_of_the_one_before(world: World, kim: Person) -> None:
    """There is one at most; the earlier one tells which came after it."""
    offered(world, permission(any_of(Operand.PURPOSE, "research", "statistics")))
    first = agreed(world, kim)
    draft = agree.draft(world, kim.caller, STANDARD, purposes=["statistics", "statistics"], destination="JP")
    second = agree.accept(world, kim.caller, seal.envelope(signing(kim, draft)))
    assert (second.purposes, second.destination) == (("statistics",), "JP")
    before, after = agree.own(world, kim.caller)
    assert (before.state, before.reason, before.changed) == ("ended", second.id, second.since)
    assert (first.id, after.id) == (before.id, second.id)
    stands = agree.standing(world, kim.id, STANDARD)
    assert stands is not None
    assert stands.id == second.id


def test_a_newer_offer_ends_agreements_after_their_notice(world: World, kim: Person) -> None:
    """They stand to the last second of it; one that promises none stands until it is ended."""
    offered(world, permission(notice=30))
    lee = Person("Lee").joins(world)
    old = agreed(world, kim)
    assert old.lapses is None
    forward(world, days=10)
    offered(world)  # promises no notice
    agreed(world, lee)
    assert agree.find(world, old.id, member=kim.id).lapses == "2027-01-01T09:00:00Z"
    forward(world, days=30, seconds=-1)
    stands = agree.standing(world, kim.id, STANDARD)
    assert stands is not None
    assert agree.offer_of(world, stands).number == 1
    forward(world, seconds=1)
    assert agree.standing(world, kim.id, STANDARD) is None
    assert code_of(lambda: agree.exported(world, kim.caller, old.id)) == "agreement.not-in-force"
    offered(world, permission(notice=5))
    forward(world, days=1000)
    assert agree.standing(world, lee.id, STANDARD) is not None
    assert agreed(world, kim).offer == 3


def test_an_address_rests_on_an_agreement_only_where_rows_need_one(tmp_path: Path, world: World, kim: Person) -> None:
    """Where there is no offer, or the tier is open, it does not; else it ends with the agreement's own end."""
    agree.refuse_cut_off(world, kim.id, STANDARD)
    offered(world, permission(until("2026-11-23T00:00:00Z")))
    assert code_of(lambda: agree.refuse_cut_off(world, kim.id, STANDARD)) == "agreement.cut-off"
    agreed(world, kim)
    agree.refuse_cut_off(world, kim.id, STANDARD)
    forward(world, hours=15)
    assert code_of(lambda: agree.refuse_cut_off(world, kim.id, STANDARD)) == "agreement.cut-off"
    (tmp_path / "open").mkdir()
    freely = a_world(tmp_path / "open")
    publish.publish(freely, standard_text(tier="open"))
    offered(freely)
    agree.refuse_cut_off(freely, kim.joins(freely).id, STANDARD)


# --- the credential ---------------------------------------------------------------------------------------------------


def test_an_agreement_in_force_is_a_verifiable_credential(world: World, kim: Person) -> None:
    """VC 2.0 as a JWT, signed by the dam, with the terms of both sides; nothing else of it is believed."""
    published = offered(world, permission(until("2027-01-01T00:00:00Z")))
    told = agreed(world, kim)
    token = agree.exported(world, kim.caller, told.id)
    dam = seal.public(world.secrets.private_key("sign"))
    found = credential.opened(token, dam)
    assert found["@context"][0] == "https://www.w3.org/ns/credentials/v2"
    assert found["type"] == ["VerifiableCredential", "DataDamAgreement"]
    assert (found["issuer"], found["validFrom"]) == ("urn:datadam:dam:test.example/log", NOW)
    assert found["validUntil"] == "2027-01-01T00:00:00Z"
    subject = found["credentialSubject"]
    assert subject["id"] == f"urn:datadam:member:{kim.id}"
    assert subject["offer"] == {"statement": published.statement, "number": 1, "digest": published.digest}
    assert (subject["texts"], subject["minSignatureLevel"], subject["law"]) == (dict(published.texts), "simple", "KR")
    terms = subject["agreement"]
    assert (terms["@type"], terms["assigner"], terms["assignee"]) == ("Agreement", found["issuer"], subject["id"])
    assert {"target", "timestamp", "uid", "permission"} <= set(terms)
    assert all("target" not in rule for rule in terms["permission"])
    header = json.loads(seal.decode(token.split(".")[0]))
    assert header == {"alg": "Ed25519", "cty": "vc", "kid": seal.thumbprint(dam), "typ": "vc+jwt"}


def test_a_forged_credential_is_refused(world: World, kim: Person) -> None:
    """Another key, another payload, another method, a part too many: none is opened."""
    offered(world)
    token = agree.exported(world, kim.caller, agreed(world, kim).id)
    dam = seal.public(world.secrets.private_key("sign"))
    header, payload, signature = token.split(".")
    claims = json.loads(seal.decode(payload))
    mallory = seal.new_key()
    forged = {
        f"{header}.{seal.encode(seal.canonical({**claims, 'issuer': 'me'}))}.{signature}": "signature-wrong",
        f"{header}.{payload}": "malformed",
        f"{seal.encode(seal.canonical({'alg': 'none'}))}.{payload}.": "header-wrong",
        credential.secured(claims, mallory): "header-wrong",
        f"{header}.{payload}.{credential.secured(claims, mallory).split('.')[2]}": "signature-wrong",
    }
    for text, code in forged.items():
        assert code_of(partial(credential.opened, text, dam)) == f"credential.{code}"


def test_only_what_is_in_force_is_exported(world: World, kim: Person) -> None:
    """Not what waits, is suspended or has ended; not to others."""
    offered(world, automatic=False)
    told, lee = agreed(world, kim), Person("Lee").joins(world)
    assert code_of(lambda: agree.exported(world, kim.caller, told.id)) == "agreement.not-in-force"
    agree.approve(world, told.id)
    assert agree.exported(world, kim.caller, told.id)
    assert code_of(lambda: agree.exported(world, lee.caller, told.id)) == "agreement.unknown"
    agree.change(world, told.id, AgreementState.SUSPENDED, "held up")
    assert code_of(lambda: agree.exported(world, kim.caller, told.id)) == "agreement.not-in-force"


# --- members ----------------------------------------------------------------------------------------------------------


def test_a_suspended_member_brings_and_takes_nothing(world: World, kim: Person) -> None:
    """No deposit, no file of one announced before, no share profile, no signature; what it has and is stays to see."""
    published = offered(world, automatic=False)
    announced = kim.manifest(fit_of(world, STANDARD, GOOD), GOOD)
    waits = agreed(world, kim)
    deposit.announce(world, kim.caller, seal.envelope(announced))
    signed = seal.envelope(signing(kim, drafted(world, kim)))
    join.suspend(world, kim.id, "late fees")
    later = kim.manifest(fit_of(world, STANDARD, GOOD), GOOD, name="later.csv")
    piece = upload.Piece(offset=0, last=True)
    for verb in (
        lambda: deposit.announce(world, kim.caller, seal.envelope(later)),
        lambda: deposit.receive(world, kim.caller, announced.id, chunks(GOOD)),
        lambda: upload.append(world, kim.caller, announced.id, piece, chunks(GOOD)),
        lambda: login.issue_profile(world, kim.id, STANDARD),
        lambda: drafted(world, kim),
        lambda: agree.accept(world, kim.caller, seal.envelope(signing(kim, draft_of(signed)))),
        lambda: agree.approve(world, waits.id),
    ):
        assert code_of(verb) == "member.suspended"
    assert [str(job.id) for job in journal.own(world, kim.caller)] == [str(announced.id)]
    assert prove.body(world, kim.caller, published.statement).kind is Kind.OFFER
    join.resume(world, kim.id, "paid")
    assert deposit.receive(world, kim.caller, announced.id, chunks(GOOD)).stage == "received"
    agree.approve(world, waits.id)


def draft_of(envelope: bytes) -> agree.Draft:
    """The draft behind something signed."""
    body = seal.opened(envelope).body
    return agree.Draft(
        body={name: body[name] for name in body if name not in {"v", "kind", "salt", "issued"}},
        texts={},
        automatic=False,
    )


def test_a_suspended_auditor_reads_only_its_own(world: World, kim: Person) -> None:
    """Its role opens others' bodies to it; suspended, it does not."""
    offered(world)
    audits = Person("Audit", roles=("auditor",)).joins(world)
    told = agreed(world, kim)
    assert prove.body(world, audits.caller, told.id).kind is Kind.AGREEMENT
    join.suspend(world, audits.id, "inquiry")
    assert code_of(lambda: prove.body(world, audits.caller, told.id)) == "statement.unknown"
    join.resume(world, audits.id, "cleared")
    assert prove.body(world, audits.caller, told.id).kind is Kind.AGREEMENT


def test_a_suspension_is_said_once_and_lifted_once(world: World, kim: Person) -> None:
    """Nothing is logged that changes nothing; who left is neither."""
    assert code_of(lambda: join.resume(world, kim.id, "x")) == "member.not-suspended"
    join.suspend(world, kim.id, "x")
    assert join.known(world, kim.id).suspended
    assert code_of(lambda: join.suspend(world, kim.id, "x")) == "member.suspended-already"
    join.resume(world, kim.id, "x")
    assert not join.known(world, kim.id).suspended
    join.expel(world, kim.id, "x")
    for verb in (join.suspend, join.resume):
        assert code_of(partial(verb, world, kim.id, "x")) == "member.left"
    assert code_of(lambda: join.active(world, kim.id)) == "member.left"
    assert code_of(lambda: join.suspend(world, "m-0", "x")) == "member.unknown"


# --- the log ----------------------------------------------------------------------------------------------------------


VERBS = ("sign", "approve", "suspend", "resume", "end", "stop", "offer", "hold", "lift", "wait")


class Life:
    """One member and one standard, and whatever happens to them; who may not, does not."""

    def __init__(self, world: World, kim: Person) -> None:
        """Nothing was signed yet."""
        self.world, self.kim, self.notices = world, kim, iter(range(1, 1000))

    def does(self, verb: str) -> None:
        """One verb; one that is refused changes nothing."""
        size, world = self.world.ledger.size, self.world
        last = next(iter(reversed(agree.every(world))), None)
        id = last.id if last else "0" * 64
        verbs: dict[str, Callable[[], object]] = {
            "sign": lambda: agreed(world, self.kim),
            "approve": lambda: agree.approve(world, id),
            "suspend": lambda: agree.change(world, id, AgreementState.SUSPENDED, "x"),
            "resume": lambda: agree.change(world, id, AgreementState.FINALISED, "x"),
            "end": lambda: agree.end(world, self.kim.caller, ending(self.kim, id)),
            "stop": lambda: agree.change(world, id, AgreementState.ENDED, "x"),
            "offer": lambda: offered(world, permission(notice=next(self.notices))),
            "hold": lambda: join.suspend(world, self.kim.id, "x"),
            "lift": lambda: join.resume(world, self.kim.id, "x"),
            "wait": lambda: forward(world, days=2),
        }
        try:
            verbs[verb]()
        except (Refused, NotFound, Untrusted):
            assert world.ledger.size == size


@hypothesis_settings(max_examples=40, deadline=None)
@given(verbs=st.lists(st.sampled_from(VERBS), max_size=14))
def test_whatever_happens_one_agreement_stands_at_most(
    tmp_path_factory: pytest.TempPathFactory, verbs: list[str]
) -> None:
    """After any life: one is in force or held up at most, only the dam resumed it, and the log tells the same anew."""
    world = a_world(tmp_path_factory.mktemp("life"))
    publish.publish(world, standard_text())
    offered(world, permission(notice=1))
    kim = Person("Kim").joins(world)
    life = Life(world, kim)
    for verb in verbs:
        before = agree.standing(world, kim.id, STANDARD)
        life.does(verb)
        after = agree.standing(world, kim.id, STANDARD)
        with world.store.read() as rows:
            stand = [one for one in rows.find(Agreement) if one.state in agreement.STANDING]
        assert len(stand) <= 1
        assert after in {None, *stand}
        if before is not None and before.state is AgreementState.SUSPENDED and after is not None:
            assert (after.id, after.state is AgreementState.FINALISED) == (before.id, verb == "resume")
    with world.store.read() as rows:
        told = rows.find(Agreement)
    state.rebuild(world)
    with world.store.read() as rows:
        assert rows.find(Agreement) == told


def test_a_rebuild_tells_the_same(world: World, kim: Person) -> None:
    """Offers, agreements and suspensions are what the log says; a waiting acceptance is kept beside it."""
    offered(world, permission(notice=10))
    lee, moon = Person("Lee").joins(world), Person("Moon").joins(world)
    first = agreed(world, kim)
    agree.change(world, first.id, AgreementState.SUSPENDED, "held up")
    agree.end(world, kim.caller, ending(kim, first.id))
    agreed(world, lee)
    agreed(world, lee)
    join.suspend(world, lee.id, "x")
    agreed(world, kim)  # waits
    offered(world, permission(notice=20))
    agreed(world, moon)

    def told() -> tuple[object, ...]:
        with world.store.read() as rows:
            return (
                *(rows.find(kind) for kind in state.PROJECTED),
                agree.every(world),
                offer.every(world),
                [rows.get(Member, one.id) for one in (kim, lee)],
            )

    before = told()
    state.rebuild(world)
    assert told() == before
    assert prove.check(world, MemoryStore, lambda: None).faults == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"member": "m-" + "0" * 20}, "agreement.member-wrong"),
        ({"offer": "0" * 64}, "agreement.offer-other"),
        ({"texts": {"en": "0" * 64}}, "agreement.offer-other"),
        ({"standard": "no.such"}, "agreement.offer-other"),
    ],
)
def test_the_log_takes_no_agreement_that_nobody_could_have_made(
    world: World, kim: Person, changes: dict[str, Any], code: str
) -> None:
    """Signed by both keys or not: a dam that writes it is found out by whoever folds its log."""
    offered(world)
    statement = seal.countersign(signing(kim, drafted(world, kim), **changes), world.secrets.private_key("sign"))
    found = code_of(lambda: state.record(world, statement))
    assert found == code or (code == "agreement.member-wrong" and found == "signature.parties")


def test_the_log_takes_no_agreement_of_who_is_suspended_or_held_up(world: World, kim: Person) -> None:
    """The same rules hold for whoever writes the log."""
    offered(world)
    statement = seal.countersign(signing(kim, drafted(world, kim)), world.secrets.private_key("sign"))
    told = agreed(world, kim)
    agree.change(world, told.id, AgreementState.SUSPENDED, "held up")
    assert code_of(lambda: state.record(world, statement)) == "agreement.suspended"
    agree.change(world, told.id, AgreementState.FINALISED, "well")
    join.suspend(world, kim.id, "x")
    assert code_of(lambda: state.record(world, statement)) == "agreement.member-wrong"


def test_the_log_takes_no_other_changes(world: World, kim: Person) -> None:
    """Of an agreement that is not there or another's, of a member that is so already, of an offer out of turn."""
    published = offered(world)
    told = agreed(world, kim)

    def says(kind: Kind, **facts: object) -> Callable[[], int]:
        return lambda: state.record(world, state.statement(world, kind, facts))

    change = {"state": "ended", "by_member": False, "reason": "r"}
    assert code_of(says(Kind.AGREEMENT_CHANGE, agreement="0" * 64, member=kim.id, **change)) == "agreement.change-wrong"
    assert (
        code_of(says(Kind.AGREEMENT_CHANGE, agreement=told.id, member="m-" + "0" * 20, **change))
        == "agreement.change-wrong"
    )
    for member, wanted in ((kim.id, "active"), ("m-" + "0" * 20, "suspended")):
        assert code_of(says(Kind.MEMBER_CHANGE, member=member, state=wanted, reason="r")) == "member.change-wrong"
    body = {name: world.ledger.statement(published.statement).body[name] for name in ("standard", "offer", "texts")}
    digest = published.digest
    assert code_of(says(Kind.OFFER, **body, number=1, digest=digest)) == "offer.number-wrong"
    assert code_of(says(Kind.OFFER, **body, number=3, digest=digest)) == "offer.number-wrong"
    assert code_of(says(Kind.OFFER, **body, number=2, digest="0" * 64)) == "offer.digest-wrong"
    assert code_of(says(Kind.OFFER, **{**body, "standard": "no.such"}, number=1, digest=digest)) == "offer.number-wrong"


def test_errors_are_of_the_branch_that_says_what_to_do(world: World, kim: Person) -> None:
    """Refused: may not. Untrusted: a signature or digest does not hold. Invalid: wrong in itself."""
    offered(world)
    with pytest.raises(Refused):
        agree.draft(world, kim.caller, STANDARD, purposes=["security"], destination="KR")
    with pytest.raises(Untrusted):
        send(world, kim, texts={"en": "0" * 64})
    with pytest.raises(Invalid):
        send(world, kim, language="fr")
    with pytest.raises(NotFound):
        agree.find(world, "0" * 64, member=kim.id)
    with world.store.read() as rows:
        assert rows.find(Agreement) == []


# --- versions of the standard -----------------------------------------------------------------------------------------


def next_version(world: World) -> None:
    """Publish a version that breaks what consumers signed for."""
    text = standard_text().replace("version: 1.0.0", "version: 2.0.0").replace("[research]", "[research, statistics]")
    bounds = "  - {vendor: datadam, property: bounds, value: {unit: contributor, rows: 5}}\nschema:\n"
    publish.publish(world, text.replace("schema:\n", bounds, 1))


def test_a_breaking_version_needs_a_new_signature(world: World, kim: Person) -> None:
    """Nobody is bound to a version that they did not sign: agreements of before it lapse, with the notice promised."""
    offered(world, permission(notice=30))
    held = agreed(world, kim)
    next_version(world)
    forward(world, days=29)
    assert agree.standing(world, kim.id, "test.reading") is not None
    (told,) = agree.own(world, kim.caller)
    assert told.lapses == "2026-12-22T09:00:00Z"
    forward(world, days=1)
    assert agree.standing(world, kim.id, "test.reading") is None
    again = agreed(world, kim)
    assert again.id != held.id
    assert agree.own(world, kim.caller)[-1].lapses is None


def test_without_a_notice_it_ends_at_once(world: World, kim: Person) -> None:
    """What promised none ends with the version that breaks it; an editorial one ends nothing."""
    offered(world)
    agreed(world, kim)
    words = standard_text().replace("[research]", "[research, statistics]").replace("of meters", "of all meters")
    publish.publish(world, words.replace("version: 1.0.0", "version: 1.0.1"))
    assert agree.standing(world, kim.id, "test.reading") is not None
    next_version(world)
    assert agree.standing(world, kim.id, "test.reading") is None


def test_a_version_that_allows_less_waits_for_no_notice(world: World, kim: Person) -> None:
    """Who deposits under it was promised that; and an offer that says more is signed no more."""
    text = standard_text().replace("test.reading", "test.other").replace("[research]", "[research, statistics]")
    publish.publish(world, text)
    both = permission(any_of(Operand.PURPOSE, "research", "statistics"), notice=30)
    offer.publish(world, odrl.write(an_offer(both, standard="test.other")))
    agreed(world, kim, "test.other")
    publish.publish(world, text.replace("1.0.0", "2.0.0").replace("[research, statistics]", "[statistics]"))
    assert agree.standing(world, kim.id, "test.other") is None
    with pytest.raises(Refused, match="agreement.offer-outdated"):
        drafted(world, kim, "test.other")
