"""Guests: their home vouches for them, the peering says what crosses, and they bring nothing in."""

import json
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

import peered_dams as two_dams
import signed
from datadam import decisions, recovery, seal, texts
from datadam.dam import agree, decide, grant, guest, join, login, peer, publish, recover, release, state
from datadam.dam.login import Caller
from datadam.dam.steward import propose
from datadam.dam.world import World
from datadam.governance import About
from datadam.model import Allow, Ask, Deny, Key, Kind, Member, Release, Role, StandardId, instant
from guests import accession_of, drafted, enters, followed, signing
from peered_dams import KR, US, Pair, pair
from signed import offered
from worlds import GOOD, START, Person, rebuilds, refused, standard_text

STANDARD = "test.reading"


@pytest.fixture
def dams(tmp_path: Path) -> Pair:
    """Two dams that peer about one reservoir, which has rows in Korea."""
    made = pair(tmp_path, STANDARD)
    for world in made.worlds:
        publish.publish(world, standard_text())
    Person("Seoul Cells").joins(made.kr).deposits(made.kr, STANDARD, GOOD)
    return made


def american(dams: Pair, name: str = "Ohio Motors", **changes: object) -> Person:
    """A member of the American dam."""
    return Person(name, jurisdiction="US", **changes).joins(dams.us)  # type: ignore[arg-type]  # any field


def agrees(world: World, person: Person) -> None:
    """Sign the offer in force, to use the rows where they are: no corridor is needed for that."""
    draft = agree.draft(world, person.caller, STANDARD, purposes=["research"], destination="KR")
    agree.accept(world, person.caller, seal.envelope(signed.signing(person, draft)))


def reasons(world: World, person: Person, standard: str = STANDARD) -> list[str]:
    """Why an ask would be denied now; nothing where it would not."""
    found = decide.trial(world, Ask(member=person.id, standard=StandardId(standard)))
    return [one.code for one in found.reasons] if isinstance(found, Deny) else []


# --- entering ---------------------------------------------------------------------------------------------------------


def test_a_member_of_a_peer_takes_out_what_it_agrees_to_and_nobody_approves_it(dams: Pair) -> None:
    """Draft, sign, enter; then it signs the offer, asks, is given the rows and has a receipt, as any member does."""
    person = american(dams)
    offered(dams.kr)
    held = enters(dams, dams.kr, person)
    assert (held.id, held.home, held.jurisdiction, held.roles) == (
        person.id,
        dams.of(dams.kr).id,
        "US",
        frozenset({Role.CONSUMER}),
    )
    assert (held.under, held.profile) == (None, None)
    to_us = signed.signing(person, signed.drafted(dams.kr, person))
    agree.accept(dams.kr, person.caller, seal.envelope(to_us))
    refused("ask.no-corridor", lambda: release.open_share(dams.kr, person.caller, STANDARD))  # the law holds for guests
    agrees(dams.kr, person)
    assert release.open_share(dams.kr, person.caller, STANDARD).rows == 3
    with dams.kr.store.read() as rows:
        (given,) = rows.find(Release, member=person.id)
    assert dams.kr.ledger.statement(given.id).body["home"] == held.home
    rebuilds(dams.kr)


def test_the_same_statement_again_is_the_same_guest(dams: Pair) -> None:
    """A client that did not hear the answer may send it again; another statement by the same member is refused."""
    person = american(dams)
    followed(dams, dams.kr)
    draft = drafted(dams, dams.kr, person)
    sent = seal.envelope(signing(person, draft))
    first = guest.enter(dams.kr, sent)
    size = dams.kr.ledger.size
    assert guest.enter(dams.kr, sent) == first
    assert dams.kr.ledger.size == size
    refused("member.known", lambda: guest.enter(dams.kr, seal.envelope(signing(person, draft))))
    refused("member.known", lambda: drafted(dams, dams.kr, person))


def test_a_guest_reads_what_it_signs_in_both_languages(dams: Pair) -> None:
    """The draft has the text and the terms of the peering; another text, or an unknown language, is refused."""
    person = american(dams)
    followed(dams, dams.kr)
    draft = drafted(dams, dams.kr, person)
    assert set(draft.texts) == set(texts.LANGUAGES)
    assert draft.terms["standards"] == [STANDARD]
    for language, text in draft.texts.items():
        assert seal.digest(text.encode()) == draft.body["text"]["digests"][language]
    told = dict(draft.body["text"])
    for wrong, code in (
        ({**told, "version": "0"}, "guest.text-other"),
        ({**told, "digests": {"en": "0" * 64, "ko": "0" * 64}}, "guest.text-other"),
        ({**told, "language": "fr"}, "accession.language-unknown"),
    ):
        sent = seal.envelope(signing(person, draft, text=wrong))
        refused(code, partial(guest.enter, dams.kr, sent))
    refused("member.unknown", lambda: join.known(dams.kr, person.id))


@pytest.mark.parametrize(
    "changes",
    [
        {"jurisdiction": "KR"},
        {"roles": ["auditor"]},
        {"accession": "0" * 64},
        {"home": "p-" + "0" * 20},
        {"lineage": "others"},
    ],
    ids=["jurisdiction", "roles", "accession", "home", "lineage"],
)
def test_what_differs_from_the_draft_is_refused(dams: Pair, changes: Mapping[str, object]) -> None:
    """Whoever changes what this dam knows of it by its home's log is no guest, and nothing is logged."""
    person, other = american(dams), american(dams, "Texas Steel")
    followed(dams, dams.kr)
    draft, size = drafted(dams, dams.kr, person), dams.kr.ledger.size
    if changes.get("lineage") == "others":
        changes = {"lineage": drafted(dams, dams.kr, other).body["lineage"]}
    sent = seal.envelope(signing(person, draft, by=None, **changes))
    codes = {"guest.draft-other", "guest.role", "guest.accession-unknown", "guest.home-unknown"}
    with pytest.raises(Exception) as caught:  # noqa: PT011  (which of them, the next line says)
        guest.enter(dams.kr, sent)
    assert getattr(caught.value, "code", "") in codes
    assert dams.kr.ledger.size == size


def test_only_the_holder_of_the_key_at_home_enters(dams: Pair) -> None:
    """Signed by somebody else, or under a key that home does not know for this member: refused."""
    person, thief = american(dams), Person("Thief", jurisdiction="US")
    followed(dams, dams.kr)
    draft = drafted(dams, dams.kr, person)
    refused("signature.key-unknown", lambda: guest.enter(dams.kr, seal.envelope(signing(thief, draft))))
    swapped = seal.envelope(signing(thief, draft, key=seal.public(thief.key)))
    refused("guest.draft-other", lambda: guest.enter(dams.kr, swapped))


def test_a_member_that_changed_its_key_at_home_enters_with_the_new_one(dams: Pair) -> None:
    """What led from its accession to the key stands in the statement; the former key opens nothing here."""
    person = american(dams)
    new = seal.new_key()
    facts = {"member": person.id, "key": seal.public(new), "replaces": seal.thumbprint(person.key)}
    join.rotate(dams.us, seal.envelope(seal.countersign(person.states(Kind.KEY, facts), new)))
    followed(dams, dams.kr)
    draft = drafted(dams, dams.kr, person)
    assert len(draft.body["lineage"]) == 2
    refused("signature.key-unknown", lambda: guest.enter(dams.kr, seal.envelope(signing(person, draft))))
    assert guest.enter(dams.kr, seal.envelope(signing(person, draft, by=new))).id == person.id
    with dams.kr.store.read() as rows:
        assert [one.kid for one in rows.find(Key, owner=person.id, until=None)] == [seal.thumbprint(new)]
    rebuilds(dams.kr)


def test_a_member_that_lost_its_key_at_home_enters_with_the_recovered_one(dams: Pair) -> None:
    """The operators who vouched, the recovery and its end stand in the statement, in the order of that log."""
    person, new, operators = american(dams), seal.new_key(), [seal.new_key(), seal.new_key()]
    for key in operators:
        recover.add_operator(dams.us, seal.envelope(recovery.introduced(key, issued=instant(START))))
    named, until = [seal.operator_id(key) for key in operators], instant(START + timedelta(days=30))
    profile = {"legal_name": person.name, "numbers": {}}
    drafted_there = recovery.draft(person.id, new, named, profile, until=until, issued=instant(START))
    for key in operators:
        drafted_there = recovery.vouched(json.dumps(drafted_there), key)
    told, proof = recovery.read(json.dumps(drafted_there))
    id = recover.begin(dams.us, seal.envelope(told), proof)[0]
    dams.forward(days=30)
    recover.finish(dams.us, id)
    followed(dams, dams.kr)
    draft = drafted(dams, dams.kr, person)
    kinds = [seal.opened(seal.canonical(one)).kind for one in draft.body["lineage"]]
    assert kinds == [Kind.MEMBER, Kind.OPERATOR, Kind.OPERATOR, Kind.RECOVERY, Kind.RECOVERED]
    assert guest.enter(dams.kr, seal.envelope(signing(person, draft, by=new))).id == person.id
    rebuilds(dams.kr)


# --- who is no guest --------------------------------------------------------------------------------------------------


def test_home_must_be_a_peer_that_is_heard_and_whose_members_may_take_something(tmp_path: Path) -> None:
    """No peering, a silent peer, terms without guests, terms in the other direction only: each with its reason."""
    made = two_dams.two(tmp_path)
    person = american(made)
    accession = accession_of(made.us, person)
    refused("guest.home-unknown", lambda: guest.draft(made.kr, home=US, accession=accession))
    narrower: tuple[dict[str, object], ...] = ({"guests": False}, {"directions": [{"from": US, "to": KR}]})
    for number, changes in enumerate(narrower):
        other = two_dams.two(tmp_path / str(number))
        peer.add(other.kr, other.us.settings.public_url, terms=two_dams.terms(STANDARD, **changes))
        peer.add(other.us, other.kr.settings.public_url)
        refused("guest.not-taken", partial(guest.draft, other.kr, home=US, accession="0" * 64))
    whole = pair(tmp_path / "silent")
    silent = {"peer": whole.of(whole.kr).id, "state": "silent", "since": "2026-11-22T09:00:00Z"}
    state.record(whole.kr, state.statement(whole.kr, Kind.PEER_CONTACT, silent))
    refused("guest.home-silent", lambda: guest.draft(whole.kr, home=US, accession="0" * 64))


def test_who_does_not_stand_at_home_is_no_guest(dams: Pair) -> None:
    """Unknown there yet, suspended, left, a country, an auditor: each with its reason; lifted again, it may enter."""
    person = american(dams)
    refused("guest.accession-unknown", lambda: drafted(dams, dams.kr, person))
    join.suspend(dams.us, person.id, "late")
    followed(dams, dams.kr)
    refused("guest.suspended", lambda: drafted(dams, dams.kr, person))
    join.resume(dams.us, person.id, "paid")
    followed(dams, dams.kr)
    accession = accession_of(dams.us, person)
    for roles in ((Role.AUDITOR,), (Role.CONSUMER, Role.CONTRIBUTOR), ()):
        refused("guest.role", partial(guest.draft, dams.kr, home=US, accession=accession, roles=roles))
    gives = american(dams, "Only Gives", roles=("contributor",))
    land = Person("Land", jurisdiction="JP", roles=())
    facts = {"member_kind": "country", "authority": "Ministry", "effective": "2026-01-01", "roles": []}
    land.joins(dams.us, **facts)
    followed(dams, dams.kr)
    refused("guest.role", lambda: drafted(dams, dams.kr, gives))
    refused("guest.country", lambda: drafted(dams, dams.kr, land))
    join.expel(dams.us, person.id, "gone")
    followed(dams, dams.kr)
    refused("guest.left", lambda: drafted(dams, dams.kr, person))


def test_whose_part_here_is_over_is_told_so_and_not_to_connect(dams: Pair) -> None:
    """Its key does not come back: after an end here, and after one of the peering."""
    one, other = american(dams), american(dams, "Other")
    followed(dams, dams.kr)
    for person in (one, other):
        enters(dams, dams.kr, person)
    join.expel(dams.kr, one.id, "gone")
    refused("guest.ended", lambda: drafted(dams, dams.kr, one))
    refused("member.known", lambda: drafted(dams, dams.kr, other))


def test_a_member_of_this_dam_is_no_guest_of_it_and_a_guest_is_no_applicant(dams: Pair) -> None:
    """One key stands for one member: whoever is known by it already is told so."""
    person = american(dams)
    both = american(dams, "Both").joins(dams.kr)
    followed(dams, dams.kr)
    refused("member.known", lambda: drafted(dams, dams.kr, both))
    enters(dams, dams.kr, person)
    profile = person.profile()
    refused("member.known", lambda: join.apply(dams.kr, seal.envelope(person.accession(profile)), profile))


# --- what a guest does not do -----------------------------------------------------------------------------------------


def test_a_guest_deposits_nothing_and_decides_nothing(dams: Pair) -> None:
    """It has no role to deposit, no seat among stewards, and no key of its own here."""
    person = american(dams)
    enters(dams, dams.kr, person)
    refused("deposit.not-contributor", lambda: person.deposits(dams.kr, STANDARD, GOOD))
    steward = standard_text().replace(
        "schema:\n",
        f"  - {{vendor: datadam, property: stewards, value: [{person.id}]}}\n"
        "  - {vendor: datadam, property: quorum, value: 1}\nschema:\n",
        1,
    )
    named = steward.replace("version: 1.0.0", "version: 2.0.0")
    found = refused("standard.faulty", lambda: propose(dams.kr, None, About.STANDARD, named, comments="x@example.org"))
    assert "standard.steward-unknown" in [one.code for one in getattr(found, "faults", ())]
    new = seal.new_key()
    facts = {"member": person.id, "key": seal.public(new), "replaces": seal.thumbprint(person.key)}
    change = seal.envelope(seal.countersign(person.states(Kind.KEY, facts), new))
    refused("guest.key-at-home", lambda: join.rotate(dams.kr, change))
    assert join.country_of(dams.kr, "US", at="2026-11-22") is None


def test_the_operator_holds_up_and_ends_a_guest_as_any_member(dams: Pair) -> None:
    """Suspended it is denied, resumed it is not, expelled its token is void on the next request; at home it stays."""
    person = american(dams)
    enters(dams, dams.kr, person)
    grant.grant(dams.kr, person.id, STANDARD)
    url = dams.kr.settings.public_url
    now = int(dams.kr.clock().timestamp())
    assertion = seal.login_assertion(person.key, member=person.id, audience=url, now=now)
    token = login.login(dams.kr, assertion, audiences=[url]).token
    assert login.caller(dams.kr, token) == Caller(member=person.id)
    assert reasons(dams.kr, person) == []
    join.suspend(dams.kr, person.id, "asked")
    assert reasons(dams.kr, person) == ["ask.member-suspended"]
    join.resume(dams.kr, person.id, "answered")
    assert reasons(dams.kr, person) == []
    join.expel(dams.kr, person.id, "over")
    refused("login.token-unknown", lambda: login.caller(dams.kr, token))
    assert join.active(dams.us, person.id).home is None
    rebuilds(dams.kr)


# --- what crosses -----------------------------------------------------------------------------------------------------


def other_text() -> str:
    """A standard beside the one that the peering is about."""
    return standard_text().replace("id: test.reading", "id: test.other").replace("test_reading", "test_other")


@pytest.mark.parametrize("by", ["grant", "offer"])
def test_a_guest_gets_what_the_peering_covers_and_nothing_else(tmp_path: Path, by: str) -> None:
    """Another standard, a stricter class: denied whatever was signed; each is made again from its facts."""
    for number, (changes, standard, told) in enumerate(
        (
            ({}, "test.other", "standard"),
            ({"classes": ["public"]}, STANDARD, "class"),
        )
    ):
        made = two_dams.two(tmp_path / f"{by}{number}")
        peer.add(made.kr, made.us.settings.public_url, terms=two_dams.terms(STANDARD, **changes))
        peer.add(made.us, made.kr.settings.public_url)
        two_dams.hear(made)
        publish.publish(made.kr, standard_text() if standard == STANDARD else other_text())
        person, native = american(made), Person("Busan").joins(made.kr)
        enters(made, made.kr, person)
        if by == "grant":
            for one in (person, native):
                grant.grant(made.kr, one.id, standard)
        elif standard == STANDARD:
            offered(made.kr)
            for one in (person, native):
                agrees(made.kr, one)
        else:
            continue
        assert reasons(made.kr, native, standard) == []
        assert reasons(made.kr, person, standard) == [f"ask.peer-{told}"]
        ask = Ask(member=person.id, standard=StandardId(standard))
        decision, id = decide.decide(made.kr, ask)
        assert isinstance(decision, Deny)
        body = made.kr.ledger.statement(str(id)).body
        assert body["facts"]["crossing"] == [told]
        offer = made.kr.ledger.statement(body["offer"]).body if body["offer"] else None
        assert decisions.replay(body, offer) == decision
        with made.kr.store.read() as rows:
            assert decide.unlike(made.kr, rows, body) == []
        lies = {**body, "facts": {name: one for name, one in body["facts"].items() if name != "crossing"}}
        refused("decision.not-so", partial(decisions.replay, lies, offer))
        rebuilds(made.kr)


def test_terms_that_are_renewed_bind_on_the_next_ask(dams: Pair) -> None:
    """A peering that is made anew without this direction denies a guest who had a yes a moment ago."""
    person = american(dams)
    enters(dams, dams.kr, person)
    grant.grant(dams.kr, person.id, STANDARD)
    ask = Ask(member=person.id, standard=StandardId(STANDARD))
    assert isinstance(decide.decide(dams.kr, ask)[0], Allow)
    held = dams.kr.ledger.statement(dams.of(dams.kr).statement).body
    names = ("peer", "key", "log", "origin", "url", "jurisdiction", "lineage")
    facts = {name: held[name] for name in names}
    facts |= {"terms": two_dams.terms(STANDARD, directions=[{"from": US, "to": KR}])}
    renewed = state.statement(dams.kr, Kind.PEERING, facts)
    state.record(dams.kr, seal.countersign(renewed, dams.us.secrets.private_key("sign")))
    assert reasons(dams.kr, person, STANDARD) == ["ask.peer-silent", "ask.peer-direction"]  # until its log is looked at
    two_dams.hear(dams)
    assert reasons(dams.kr, person, STANDARD) == ["ask.peer-direction"]


def test_where_strangers_may_read_a_guest_may_too(tmp_path: Path) -> None:
    """The peering narrows what is for members; what is open to all is open to guests."""
    made = pair(tmp_path, "test.other")
    publish.publish(made.kr, standard_text(tier="open"))
    person = american(made)
    enters(made, made.kr, person)
    assert reasons(made.kr, person) == []


def test_a_guest_goes_when_the_peering_ends(dams: Pair) -> None:
    """Nobody vouches for it any more: it has left, and its login with it."""
    person = american(dams)
    enters(dams, dams.kr, person)
    grant.grant(dams.kr, person.id, STANDARD)
    peer.end(dams.kr, US, "over")
    assert "ask.member-left" in reasons(dams.kr, person)
    with dams.kr.store.read() as rows:
        held = rows.get(Member, person.id)
    assert held is not None
    assert held.until is not None
