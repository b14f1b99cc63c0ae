"""Stewards decide what comes next of their standard: k of n signatures, after a notice, counted at their log index."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from datadam import seal
from datadam.adapters.memory.store import MemoryStore
from datadam.dam import decide, grant, join, offer, prove, publish, state, steward
from datadam.dam.steward import Standing
from datadam.dam.world import World
from datadam.errors import Faults
from datadam.formats import odrl
from datadam.governance import About, Motion, ProposalState
from datadam.ledger import quorum, verify_receipt
from datadam.model import Key, Kind, StandardId, Statement, instant
from datadam.ports import Rows
from datadam.terms import Constraint, Operand, Operator
from signed import an_offer, permission
from worlds import START, Person, a_world, forward, rebuilds, refused, standard_text

SOON = "2026-12-01T00:00:00Z"


def governed_text(people: Iterable[Person], *, quorum: int = 2, days: int = 14, version: str = "1.0.0") -> str:
    """The small standard, with stewards."""
    named = ", ".join(one.id for one in people)
    said = (
        f"  - {{vendor: datadam, property: stewards, value: [{named}]}}\n"
        f"  - {{vendor: datadam, property: quorum, value: {quorum}}}\n"
        f"  - {{vendor: datadam, property: noticeDays, value: {days}}}\n"
    )
    return standard_text().replace("schema:\n", f"{said}schema:\n", 1).replace("version: 1.0.0", f"version: {version}")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam."""
    return a_world(tmp_path)


@pytest.fixture
def people(world: World) -> list[Person]:
    """Three members."""
    return [Person(name).joins(world) for name in ("kim", "lee", "park")]


def propose(world: World, text: str, *, by: Person | None = None, **more: int) -> Standing:
    """Propose a version."""
    caller = by.caller if by else None
    return steward.propose(world, caller, About.STANDARD, text, comments="https://example.org/talk", **more)


def signs(world: World, person: Person, id: str, *, key: seal.Jwk | None = None) -> Standing:
    """Sign what the dam hands out for a proposal."""
    shown = seal.opened(steward.motion(world, person.caller, id))
    return steward.sign(world, person.caller, seal.envelope(alone(shown, key or person.key)))


def alone(statement: Statement, key: seal.Jwk) -> Statement:
    """A statement with one signature."""
    return seal.countersign(replace(statement, signatures=()), key)


@pytest.fixture
def founded(world: World, people: list[Person]) -> list[Person]:
    """The standard is there, with three stewards of whom two must sign."""
    one = propose(world, governed_text(people), days=0)
    for person in people[:2]:
        signs(world, person, one.proposal.id)
    steward.enact(world, one.proposal.id)
    return people


def waiting(rows: Rows, id: str) -> Motion:
    """What waits for signatures."""
    found = steward.waiting(rows, id)
    assert found is not None
    return found


def test_the_first_version_with_stewards_is_signed_by_them(world: World, people: list[Person]) -> None:
    """The operator cannot name people as stewards who did not agree to it; with their signatures it is published."""
    refused("standard.stewards-decide", lambda: publish.publish(world, governed_text(people)))
    one = propose(world, governed_text(people), days=0)
    assert one.state is ProposalState.DUE
    refused("proposal.unsigned-by-enough", lambda: steward.enact(world, one.proposal.id))
    signs(world, people[0], one.proposal.id)
    refused("proposal.unsigned-by-enough", lambda: steward.enact(world, one.proposal.id))
    signs(world, people[1], one.proposal.id)
    index = steward.enact(world, one.proposal.id)
    assert publish.published(world, "test.reading").index == index == steward.enact(world, one.proposal.id)
    approval = world.ledger.statement(world.ledger.entry(index - 1)[1])
    assert approval.kind is Kind.APPROVAL
    assert len(approval.signatures) == 3
    rebuilds(world)


def test_a_steward_may_ask_who_could_get_the_rows(world: World, founded: list[Person]) -> None:
    """Of its own standard, while it is a member in good standing; whoever is none may ask for itself alone."""
    eve, sent = Person("eve").joins(world), {"action": "read", "standard": "test.reading"}
    publish.publish(world, standard_text().replace("test.reading", "test.other"))
    assert {one.id for one, _ in decide.everybody(world, founded[0].caller, sent)} == {eve.id, *(p.id for p in founded)}
    assert decide.about(world, founded[0].caller, eve.id, "test.reading") == eve.id
    for person, standard in ((eve, "test.reading"), (founded[0], "test.other"), (founded[0], "test.none")):
        refused("ask.not-yours", partial(decide.everybody, world, person.caller, {**sent, "standard": standard}))
        refused("ask.not-yours", partial(decide.about, world, person.caller, founded[1].id, standard))
    join.suspend(world, founded[0].id, "r")
    refused("ask.not-yours", lambda: decide.everybody(world, founded[0].caller, sent))


def test_a_version_waits_for_its_notice_and_lapses(world: World, founded: list[Person]) -> None:
    """Signatures alone do not shorten the notice; thirty days after it nothing is published any more."""
    text = governed_text(founded, version="1.0.1").replace("Readings of meters.", "Readings of all meters.")
    one = propose(world, text)
    for person in founded:
        signs(world, person, one.proposal.id)
    refused("proposal.early", lambda: steward.enact(world, one.proposal.id))
    assert steward.enact_due(world) == []
    forward(world, days=14)
    again = propose(world, text, by=founded[2])
    assert steward.enact_due(world) == [(one.proposal.id, None)]
    assert publish.current(world, "test.reading").version == "1.0.1"
    assert steward.find(world, again.proposal.id).state is ProposalState.OVERTAKEN
    refused("proposal.over", lambda: signs(world, founded[0], again.proposal.id))
    late = propose(world, text.replace("1.0.1", "1.0.2"))
    forward(world, days=44)
    assert steward.find(world, late.proposal.id).state is ProposalState.LAPSED
    refused("proposal.over", lambda: steward.enact(world, late.proposal.id))
    rebuilds(world)


def test_the_stewards_of_the_version_in_force_decide_about_stewards_too(world: World, founded: list[Person]) -> None:
    """New stewards named by a version have no say in it; the old ones have none after it."""
    new = [Person(name).joins(world) for name in ("choi", "jung")]
    one = propose(world, governed_text(new, version="2.0.0"))
    refused("proposal.not-steward", lambda: signs(world, new[0], one.proposal.id))
    for person in founded[1:]:
        signs(world, person, one.proposal.id)
    forward(world, days=14)
    steward.enact(world, one.proposal.id)
    assert publish.published(world, "test.reading").stewards == tuple(person.id for person in new)
    refused("proposal.not-steward", lambda: propose(world, governed_text(new, version="3.0.0"), by=founded[0]))
    rebuilds(world)


def test_offers_are_the_stewards_too(world: World, founded: list[Person]) -> None:
    """The operator publishes none; what the stewards signed is published word for word, and its text is kept."""
    text = odrl.write(an_offer(permission()))
    refused("offer.stewards-decide", lambda: offer.publish(world, text))
    one = steward.propose(world, founded[0].caller, About.OFFER, text, comments="talk@example.org")
    for person in founded[:2]:
        signs(world, person, one.proposal.id)
    forward(world, days=14)
    steward.enact(world, one.proposal.id)
    found = offer.find(world, "test.reading")
    assert (found.number, seal.digest(found.text.encode())) == (1, found.digest)
    assert set(offer.written(world, found)) == {"en", "ko"}
    rebuilds(world)


def test_one_key_twice_is_one_steward(world: World, founded: list[Person]) -> None:
    """Whoever signs again signs instead; the same signature twice in one envelope is no two."""
    one = propose(world, governed_text(founded, version="2.0.0", quorum=3), days=14)
    shown = seal.opened(steward.motion(world, founded[0].caller, one.proposal.id))
    mine = alone(shown, founded[0].key)
    double = replace(mine, signatures=mine.signatures * 2)
    refused("signature.repeated", lambda: steward.sign(world, founded[0].caller, seal.envelope(double)))
    for _ in range(2):
        assert signs(world, founded[0], one.proposal.id).signed == (founded[0].id,)
    forward(world, days=14)
    refused("proposal.unsigned-by-enough", lambda: steward.enact(world, one.proposal.id))


def test_forged_stripped_and_replayed_signatures_count_for_nothing(world: World, founded: list[Person]) -> None:
    """A signature by another key, of other bytes, of another proposal or in another's name is refused."""
    kim, lee, _ = founded
    one = propose(world, governed_text(founded, version="2.0.0"))
    other = propose(world, governed_text(founded, version="3.0.0"), by=lee)
    shown = seal.opened(steward.motion(world, kim.caller, one.proposal.id))
    forged = alone(shown, seal.new_key())
    refused("signature.key-unknown", lambda: steward.sign(world, kim.caller, seal.envelope(forged)))
    named = replace(forged, signatures=({**alone(shown, kim.key).signatures[0], "signature": "AA" * 43},))
    refused("signature.wrong", lambda: steward.sign(world, kim.caller, seal.envelope(named)))
    bare = seal.canonical({"payload": seal.encode(shown.payload), "signatures": []})
    refused("statement.malformed", lambda: steward.sign(world, kim.caller, bare))
    by_lee = seal.envelope(alone(shown, lee.key))
    refused("signature.parties", lambda: steward.sign(world, kim.caller, by_lee))
    steward.sign(world, lee.caller, by_lee)
    of_other = seal.opened(steward.motion(world, kim.caller, other.proposal.id))
    moved = replace(of_other, signatures=alone(shown, lee.key).signatures)
    refused("signature.wrong", lambda: steward.sign(world, lee.caller, seal.envelope(moved)))
    own = lee.states(Kind.APPROVAL, {**_facts(shown), "proposal": other.proposal.id})
    refused("proposal.other", lambda: steward.sign(world, lee.caller, seal.envelope(own)))
    assert steward.find(world, other.proposal.id).signed == ()


def _facts(statement: Statement) -> dict[str, object]:
    return {name: value for name, value in statement.body.items() if name not in {"v", "kind", "salt", "issued"}}


def test_a_key_that_was_changed_since_signed_for_nothing(world: World, founded: list[Person]) -> None:
    """A signature counts where the log has it: who changed its key signs again."""
    kim, lee, _ = founded
    one = propose(world, governed_text(founded, version="2.0.0"))
    for person in (kim, lee):
        signs(world, person, one.proposal.id)
    fresh = seal.new_key()
    facts = {"member": kim.id, "key": seal.public(fresh), "replaces": seal.thumbprint(kim.key)}
    state.record(world, seal.countersign(kim.states(Kind.KEY, facts), fresh))
    assert steward.find(world, one.proposal.id).signed == (lee.id,)
    forward(world, days=14)
    refused("proposal.unsigned-by-enough", lambda: steward.enact(world, one.proposal.id))
    signs(world, kim, one.proposal.id, key=fresh)
    steward.enact(world, one.proposal.id)
    rebuilds(world)


def test_who_left_or_is_suspended_does_not_count(world: World, founded: list[Person]) -> None:
    """Neither at publication nor in the log; where too few are left nothing is proposed, and the reason is told."""
    kim, lee, park = founded
    one = propose(world, governed_text(founded, version="2.0.0"))
    for person in (kim, lee):
        signs(world, person, one.proposal.id)
    forward(world, days=14)
    join.suspend(world, kim.id, "why")
    refused("proposal.unsigned-by-enough", lambda: steward.enact(world, one.proposal.id))
    refused("member.suspended", lambda: signs(world, kim, one.proposal.id))
    with world.store.read() as rows:
        motion = seal.opened(waiting(rows, one.proposal.id).envelope)
    refused("signature.quorum", lambda: state.rehearse(world, motion))
    join.expel(world, lee.id, "why")
    assert steward.find(world, one.proposal.id).stuck
    told = refused("proposal.stewards-gone", lambda: propose(world, governed_text([park], quorum=1, version="3.0.0")))
    assert told.facts["able"] == 1
    join.resume(world, kim.id, "over")
    signs(world, park, one.proposal.id)
    steward.enact(world, one.proposal.id)
    rebuilds(world)


def test_a_signature_is_taken_back_while_nothing_is_decided(world: World, founded: list[Person]) -> None:
    """Who reads a comment may think better of it."""
    kim, lee, _ = founded
    one = propose(world, governed_text(founded, version="2.0.0"))
    signs(world, kim, one.proposal.id)
    assert steward.take_back(world, kim.caller, one.proposal.id).signed == ()
    refused("proposal.unsigned", lambda: steward.take_back(world, lee.caller, one.proposal.id))


def test_members_comment_a_few_times_and_nobody_in_their_name(world: World, founded: list[Person]) -> None:
    """Each has three words on one proposal; they are public, and signed."""
    one = propose(world, governed_text(founded, version="2.0.0"))
    choi = Person("choi").joins(world)

    def says(text: str, person: Person = choi) -> bytes:
        facts = {"proposal": one.proposal.id, "member": person.id, "text": text}
        return seal.envelope(person.states(Kind.COMMENT, facts))

    first = says("no")
    assert steward.comment(world, choi.caller, first) == steward.comment(world, choi.caller, first)
    for text in ("really", "no"):
        steward.comment(world, choi.caller, says(text))
    refused("proposal.comments-enough", lambda: steward.comment(world, choi.caller, says("again")))
    refused("proposal.not-yours", lambda: steward.comment(world, choi.caller, says("yes", founded[0])))
    assert [said.text for said in steward.comments(world, one.proposal.id)] == ["no", "really", "no"]
    rebuilds(world)


def test_nobody_makes_themselves_steward(world: World, people: list[Person]) -> None:
    """A member could else found standards, or take over one that the operator publishes: only the operator proposes."""
    mine = governed_text(people[:1], quorum=1)
    refused("proposal.first-by-operator", lambda: propose(world, mine, by=people[0]))
    publish.publish(world, standard_text())
    taken = governed_text(people[:1], quorum=1, version="2.0.0")
    refused("proposal.first-by-operator", lambda: propose(world, taken, by=people[0]))
    body = _facts(world.ledger.statement(propose(world, taken).proposal.id))
    forged = state.statement(world, Kind.PROPOSAL, {**body, "by": people[0].id})
    refused("proposal.wrong", lambda: state.record(world, forged))


def test_a_steward_proposes_a_few_times_a_day(world: World, founded: list[Person]) -> None:
    """Each proposal stays in the log with its whole text."""
    texts = [governed_text(founded, version=f"{number}.0.0") for number in range(2, 8)]
    for text in texts[:5]:
        propose(world, text, by=founded[0])
    refused("proposal.too-many", lambda: propose(world, texts[5], by=founded[0]))
    forward(world, days=1)
    propose(world, texts[5], by=founded[0])


def test_an_offer_that_former_stewards_were_to_sign_is_overtaken(world: World, founded: list[Person]) -> None:
    """Whoever decides now decides about it anew."""
    text = odrl.write(an_offer(permission()))
    waits = steward.propose(world, founded[0].caller, About.OFFER, text, comments="talk@example.org")
    one = propose(world, governed_text(founded[:2], version="2.0.0"))
    for person in founded[:2]:
        signs(world, person, waits.proposal.id)
        signs(world, person, one.proposal.id)
    forward(world, days=14)
    steward.enact(world, one.proposal.id)
    assert steward.find(world, waits.proposal.id).state is ProposalState.OVERTAKEN
    assert steward.enact_due(world) == []
    refused("proposal.over", lambda: steward.enact(world, waits.proposal.id))
    assert set(steward.texts(world, waits.proposal.id)) == {"en", "ko"}


def test_the_operator_gives_nothing_out_in_the_stewards_place(world: World, founded: list[Person]) -> None:
    """A grant would be an offer without their signatures."""
    refused("grant.stewards-decide", lambda: grant.grant(world, founded[0].id, "test.reading"))
    facts = {"member": founded[0].id, "standard": "test.reading", "expires": None}
    refused("grant.others-decide", lambda: state.record(world, state.statement(world, Kind.GRANT, facts)))


def test_what_stands_in_the_way_of_one_does_not_hold_up_the_others(world: World, founded: list[Person]) -> None:
    """The clocked step tells what it could not publish, and goes on."""
    text = odrl.write(an_offer(permission(Constraint(operand=Operand.EXPIRY, operator=Operator.BEFORE, value=SOON))))
    waits = steward.propose(world, founded[0].caller, About.OFFER, text, comments="talk@example.org")
    one = propose(world, governed_text(founded, version="1.0.1").replace("of meters", "of all meters"))
    for person in founded[:2]:
        signs(world, person, waits.proposal.id)
        signs(world, person, one.proposal.id)
    forward(world, days=14)
    (first, error), second = steward.enact_due(world)
    assert (first, error and error.code, second) == (waits.proposal.id, "offer.faulty", (one.proposal.id, None))


def test_a_proposer_has_one_proposal_at_a_time(world: World, founded: list[Person]) -> None:
    """A second one takes the first one's place; those of others stay, so that nobody can crowd them out."""
    first = propose(world, governed_text(founded, version="2.0.0"), by=founded[0])
    other = propose(world, governed_text(founded, version="2.0.0"), by=founded[1])
    propose(world, governed_text(founded, version="3.0.0"), by=founded[0])
    assert steward.find(world, first.proposal.id).state is ProposalState.REPLACED
    assert steward.find(world, other.proposal.id).state is ProposalState.NOTICE
    rebuilds(world)


def test_what_is_proposed_must_be_fit_to_be_published(world: World, founded: list[Person]) -> None:
    """A faulty version, a stranger as steward, a notice that is too short: refused before anybody signs."""
    stranger = Person("nobody")
    with pytest.raises(Faults) as caught:
        propose(world, governed_text([*founded, stranger], version="2.0.0"))
    assert [fault.code for fault in caught.value.faults] == ["standard.steward-unknown"]
    refused("standard.breaking", lambda: propose(world, governed_text(founded[:2], version="1.0.1")))
    refused("proposal.notice-wrong", lambda: propose(world, governed_text(founded, version="2.0.0"), days=13))
    refused(
        "proposal.comments-wrong",
        lambda: steward.propose(world, None, About.STANDARD, governed_text(founded, version="2.0.0"), comments=" "),
    )
    refused(
        "proposal.not-steward",
        lambda: propose(world, governed_text(founded, version="2.0.0"), by=Person("choi").joins(world)),
    )
    publish.publish(world, standard_text().replace("test.reading", "test.other"))
    refused(
        "proposal.no-stewards",
        lambda: propose(world, standard_text().replace("test.reading", "test.other").replace("1.0.0", "1.0.1")),
    )


def test_an_approval_is_proven_offline(world: World, founded: list[Person]) -> None:
    """Its receipt has the stewards' keys, and verifies with the log's key alone; with a signature less it does not."""
    published_at = publish.published(world, "test.reading").index
    approval = world.ledger.statement(world.ledger.entry(published_at - 1)[1])
    receipt = dict(prove.receipt_of(world, approval))
    proven = verify_receipt(seal.canonical(receipt), vkey=world.ledger.vkey)
    assert {*proven.signers.values()} == {"dam", founded[0].id, founded[1].id}
    told = dict(receipt["statement"])
    for number, code in enumerate(("signature.quorum", "signature.quorum", "signature.parties")):
        kept = [one for place, one in enumerate(told["signatures"]) if place != number]
        lacking = seal.canonical({**receipt, "statement": {**told, "signatures": kept}})
        refused(code, partial(verify_receipt, lacking, vkey=world.ledger.vkey))
    assert prove.check(world, MemoryStore, lambda: None).faults == []


@pytest.mark.parametrize(
    "changes", [{"stewards": "m-0"}, {"stewards": [5]}, {"stewards": ["dam"]}, {"quorum": 0}, {"quorum": True}], ids=str
)
def test_who_may_sign_is_named_rightly(founded: list[Person], changes: dict[str, object]) -> None:
    """Offline there is no schema: a body that does not say who decides is no approval, nor is one of nobody."""
    facts = {"standard": "test.reading", "stewards": [founded[0].id], "quorum": 1, **changes}
    refused("statement.malformed", lambda: quorum(founded[0].states(Kind.APPROVAL, facts)))


# --- what the log itself refuses --------------------------------------------------------------------------------------


def published(world: World, text: str, **more: str) -> Statement:
    """A version that the dam publishes by itself."""
    standard = publish.read(text)
    facts = {"standard": standard.id, "version": standard.version, "text": text, "digest": seal.digest(text.encode())}
    return state.statement(world, Kind.STANDARD, {**facts, **more})


def test_the_log_refuses_a_version_without_its_stewards(world: World, founded: list[Person]) -> None:
    """Whoever holds the dam's key alone cannot publish: without a proposal, with an unsigned one, early, or altered."""
    text = governed_text(founded, version="2.0.0", quorum=1)
    refused("proposal.missing", lambda: state.record(world, published(world, text)))
    one = propose(world, text)
    refused("proposal.other", lambda: state.record(world, published(world, text, proposal=one.proposal.id)))
    for person in founded[:2]:
        signs(world, person, one.proposal.id)
    with world.store.read() as rows:
        motion = seal.opened(waiting(rows, one.proposal.id).envelope)
    early = published(world, text, proposal=one.proposal.id)
    refused("proposal.other", lambda: state.record(world, motion, early))
    forward(world, days=14)
    other = published(world, text + "# one byte more\n", proposal=one.proposal.id)
    refused("proposal.other", lambda: state.record(world, motion, other))
    stripped = replace(motion, signatures=motion.signatures[:2])
    duly = published(world, text, proposal=one.proposal.id)
    refused("signature.quorum", lambda: state.record(world, stripped, duly))
    without_dam = replace(motion, signatures=motion.signatures[1:])
    refused("signature.parties", lambda: state.record(world, without_dam, duly))
    state.record(world, motion, duly)
    refused("proposal.missing", lambda: state.record(world, published(world, text.replace("2.0.0", "3.0.0"))))
    refused("statement.repeated", lambda: state.record(world, motion))
    rebuilds(world)


def test_the_log_refuses_proposals_that_put_words_into_others_mouths(world: World, founded: list[Person]) -> None:
    """Fewer stewards, a smaller quorum, a shorter notice, a content that is not its digest's, no proposer of theirs."""
    one = propose(world, governed_text(founded, version="2.0.0"))
    body = _facts(world.ledger.statement(one.proposal.id))
    soon = instant(START)
    for changes in (
        {"stewards": [founded[0].id]},
        {"quorum": 1},
        {"effective": soon},
        {"lapses": body["effective"]},
        {"digest": "ab" * 32},
        {"replaces": None},
        {"by": Person("choi").joins(world).id},
        {"standard": "test.other"},
        {"content": {"standard": "test.reading", "digest": "ab" * 32}},
    ):
        wrong = state.statement(world, Kind.PROPOSAL, {**body, **changes})
        refused("proposal.wrong", lambda wrong=wrong: state.record(world, wrong))  # type: ignore[misc]  # bound now


def test_what_the_tables_lost_is_handed_out_anew(world: World, founded: list[Person]) -> None:
    """Motions are not in the log: after a rebuild the stewards sign again."""
    one = propose(world, governed_text(founded, version="2.0.0"))
    signs(world, founded[0], one.proposal.id)
    with world.store.transaction() as rows:
        rows.remove(waiting(rows, one.proposal.id))
    assert steward.find(world, one.proposal.id).signed == ()
    for person in founded[:2]:
        signs(world, person, one.proposal.id)
    forward(world, days=14)
    steward.enact(world, one.proposal.id)
    with world.store.read() as rows:
        assert rows.find(Key, owner=founded[0].id)


def test_the_log_takes_proposals_approvals_and_comments_once(world: World, founded: list[Person]) -> None:
    """An approval of something else, a comment on nothing, and each of them a second time are refused."""
    one = propose(world, governed_text(founded, version="2.0.0"))
    logged = world.ledger.statement(one.proposal.id)
    refused("statement.repeated", lambda: state.record(world, logged))
    with world.store.read() as rows:
        motion = seal.opened(waiting(rows, one.proposal.id).envelope)
    for changes in ({"proposal": "ab" * 32}, {"digest": "ab" * 32}, {"quorum": 1}):
        wrong = state.statement(world, Kind.APPROVAL, {**_facts(motion), **changes})
        for person in founded:
            wrong = seal.countersign(wrong, person.key)
        refused("proposal.other", partial(state.record, world, wrong))
    said = {"proposal": one.proposal.id, "member": founded[0].id, "text": "no"}
    comment = founded[0].states(Kind.COMMENT, said)
    state.record(world, comment)
    refused("statement.repeated", lambda: state.record(world, comment))
    nowhere = founded[0].states(Kind.COMMENT, {**said, "proposal": "ab" * 32})
    refused("proposal.other", lambda: state.record(world, nowhere))
    refused("proposal.unknown", lambda: steward.find(world, "ab" * 32))
    profile = replace(founded[0].caller, standard=StandardId("test.reading"))
    refused("ask.login-needed", lambda: steward.motion(world, profile, one.proposal.id))


def test_a_version_without_stewards_names_no_proposal(world: World) -> None:
    """What is the operator's is published by the operator, and by nothing that only looks like a decision of others."""
    refused("proposal.missing", lambda: state.record(world, published(world, standard_text(), proposal="ab" * 32)))
