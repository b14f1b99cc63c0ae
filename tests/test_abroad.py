"""Who has what across dams: guests, their homes' models, withdrawals; and what home says binds abroad at once."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

import signed
from cards import CARD, card
from datadam import seal
from datadam.adapters.memory.store import MemoryStore
from datadam.dam import (
    abroad,
    agree,
    decide,
    disclose,
    follow,
    guest,
    join,
    login,
    notice,
    prove,
    publish,
    push,
    release,
)
from datadam.dam import withdraw as way_back
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.disclosure import Model
from datadam.duties import Topic
from datadam.model import Ask, Deny, Kind, StandardId
from datadam.obligations.table import row, run
from datadam.peers import PeerRelease
from datadam.terms import Action, AgreementState
from guests import accession_of, signing
from peered_dams import KR, US, Pair, pair
from signed import offered, permission
from trades import seen
from worlds import GOOD, Person, rebuilds, refused, standard_text

STANDARD = "test.reading"
ROWS = range(1, 34)


@pytest.fixture
def dams(tmp_path: Path) -> Pair:
    """Two dams that peer about one reservoir, whose rows may be trained on."""
    return peered(tmp_path, standard_text())


def peered(folder: Path, text: str) -> Pair:
    """The same, under that standard."""
    made = pair(folder, STANDARD)
    for world in made.worlds:
        publish.publish(world, text)
        offered(world, permission(actions=(Action.READ, Action.TRAIN)))
    return made


@pytest.fixture
def giver(dams: Pair) -> Person:
    """Whose rows they are, in Korea."""
    return Person("Seoul Cells").joins(dams.kr)


@pytest.fixture
def visitor(dams: Pair) -> Person:
    """A member of the American dam who is a guest of the Korean one and signed its offer."""
    return visits(dams, "Ohio Motors")


def hears(dams: Pair, world: World) -> None:
    """Follow the other's log to its end; what binds is adopted."""
    follow.look(world, dams.of(world).id)


def visits(dams: Pair, name: str) -> Person:
    """A member of the American dam becomes a guest of the Korean one, and signs to use rows where they are."""
    made = Person(name, jurisdiction="US").joins(dams.us)
    hears(dams, dams.kr)
    draft = guest.draft(dams.kr, home=US, accession=accession_of(dams.us, made))
    guest.enter(dams.kr, seal.envelope(signing(made, draft)))
    agrees(dams.kr, made)
    return made


def agrees(world: World, person: Person) -> str:
    """Sign the offer in force, to use the rows in Korea."""
    draft = agree.draft(world, person.caller, STANDARD, purposes=["research"], destination="KR")
    return agree.accept(world, person.caller, seal.envelope(signed.signing(person, draft))).id


def takes(world: World, person: Person, action: str = "train") -> None:
    """Be given the rows, to train on unless it is said what for."""
    release.open_share(world, replace(person.caller, action=action), STANDARD)


def discloses(world: World, person: Person, text: str = CARD) -> Model:
    """Draft, sign and register a model."""
    body = disclose.draft(world, person.caller, text)
    return disclose.register(world, person.caller, seal.envelope(person.states(Kind.MODEL, body)))


def takes_back(world: World, person: Person, deposit: str) -> str:
    """Withdraw a deposit."""
    facts = {"contributor": person.id, "deposits": [deposit], "replaced_by": None, "reason": "ended"}
    return way_back.withdraw(world, person.caller, seal.envelope(person.states(Kind.WITHDRAWAL, facts)))


def reasons(world: World, person: Person) -> list[str]:
    """Why an ask would be denied now."""
    found = decide.trial(world, Ask(member=person.id, standard=StandardId(STANDARD)))
    return [one.code for one in found.reasons] if isinstance(found, Deny) else []


def sound(dams: Pair) -> None:
    """Both logs hold, folded anew from nothing but themselves, and no obligation is broken by what crossed."""
    for world in dams.worlds:
        assert prove.check(world, MemoryStore, lambda: None).faults == []
        rebuilds(world)
        found = run(seen(world), [row(number) for number in ROWS])
        assert {one.row.number: [(each.index, each.what) for each in one.found] for one in found if one.found} == {}


# --- releases and models ----------------------------------------------------------------------------------------------


def test_home_learns_what_its_member_was_given_abroad(dams: Pair, giver: Person, visitor: Person) -> None:
    """The release in the other log is adopted, once, with what was done with the rows."""
    giver.deposits(dams.kr, STANDARD, GOOD)
    takes(dams.kr, visitor, "read")
    takes(dams.kr, visitor)
    for _ in range(2):
        hears(dams, dams.us)
    with dams.us.store.read() as rows:
        found = sorted(rows.find(PeerRelease, member=visitor.id), key=lambda one: one.place)
    assert [(one.standard, one.action, one.peer) for one in found] == [
        (STANDARD, "read", dams.of(dams.us).id),
        (STANDARD, "train", dams.of(dams.us).id),
    ]
    sound(dams)


def test_a_model_at_home_counts_what_was_taken_abroad(dams: Pair, giver: Person, visitor: Person) -> None:
    """The training set is worked out from both logs; nobody can leave a part of it out, or put anything into it."""
    giver.deposits(dams.kr, STANDARD, GOOD)
    refused("model.nothing-trained", lambda: disclose.draft(dams.us, visitor.caller, CARD))
    takes(dams.kr, visitor)
    hears(dams, dams.us)
    body = disclose.draft(dams.us, visitor.caller, CARD)
    (taken,) = body["elsewhere"]
    assert (taken["peer"], taken["standard"], body["training"]) == (dams.of(dams.us).id, STANDARD, [])
    left_out = {name: value for name, value in body.items() if name != "elsewhere"}
    put_in = {**body, "elsewhere": [taken, {**taken, "release": "0" * 64}]}
    for wrong in (left_out, put_in):
        sent = seal.envelope(visitor.states(Kind.MODEL, wrong))
        refused("model.training-other", partial(disclose.register, dams.us, visitor.caller, sent))
    made = discloses(dams.us, visitor)
    assert (made.releases, made.elsewhere) == ((), (taken["release"],))
    sound(dams)


def test_synthetic_rows_of_a_peer_are_synthetic_at_home(tmp_path: Path) -> None:
    """A card that says otherwise is refused: what the peer's standard says counts."""
    synthetic = "property: synthetic, value: true}\n  - {vendor: datadam, property: tier,"
    dams = peered(tmp_path, standard_text().replace("property: tier,", synthetic))
    Person("Seoul Cells").joins(dams.kr).deposits(dams.kr, STANDARD, GOOD)
    visitor = visits(dams, "Ohio Motors")
    takes(dams.kr, visitor)
    hears(dams, dams.us)
    refused("model.synthetic-wrong", lambda: disclose.draft(dams.us, visitor.caller, CARD))
    assert disclose.draft(dams.us, visitor.caller, card(synthetic=True))["elsewhere"]


def test_a_withdrawal_names_guests_by_their_dams_and_models_in_their_registers(
    dams: Pair, giver: Person, visitor: Person
) -> None:
    """Its contributor sees them, the purge counts them; at their home the member hears of it, with its own model."""
    given = giver.deposits(dams.kr, STANDARD, GOOD)
    late, idle = visits(dams, "Too Late"), visits(dams, "Never Asked")
    takes(dams.kr, visitor)
    hears(dams, dams.us)
    model = discloses(dams.us, visitor)
    hears(dams, dams.kr)
    id = takes_back(dams.kr, giver, given.id)
    takes(dams.kr, late)
    told = way_back.standing(dams.kr, giver.caller, id)
    (there,) = told.abroad
    assert (there.origin, there.guests) == (US, (visitor.id,))
    assert [(one.id, one.name) for one in there.models] == [(model.id, "iron-forecast")]
    way_back.purge(dams.kr, id)
    purge = way_back.standing(dams.kr, giver.caller, id).purge
    assert purge is not None
    assert purge.body["beyond"]["abroad"] == [{"peer": dams.of(dams.kr).id, "recipients": 1, "models": [model.id]}]
    for _ in range(2):
        hears(dams, dams.us)
    (heard,) = notice.own(dams.us, visitor.caller)
    assert (heard.notice.topic, heard.notice.about) == (Topic.WITHDRAWAL, id)
    assert dict(heard.notice.facts) == {
        "dam": KR,
        "standards": STANDARD,
        "models": f"iron-forecast 1.0.0 ({model.id[:12]})",
    }
    assert [one.id for one in abroad.touched(dams.us, id)] == [model.id]
    assert abroad.touched(dams.us, "0" * 64) == []
    assert [notice.own(dams.us, one.caller) for one in (late, idle)] == [[], []]  # they never had those rows
    sound(dams)


def test_nothing_abroad_is_told_where_nothing_went_abroad(dams: Pair, giver: Person, visitor: Person) -> None:
    """A withdrawal of what no guest was given says nothing of other dams, as before there were any."""
    given = giver.deposits(dams.kr, STANDARD, GOOD)
    id = takes_back(dams.kr, giver, given.id)
    way_back.purge(dams.kr, id)
    found = way_back.standing(dams.kr, giver.caller, id)
    assert found.abroad == ()
    assert found.purge is not None
    assert "abroad" not in found.purge.body["beyond"]
    hears(dams, dams.us)
    assert notice.own(dams.us, visitor.caller) == []


# --- what home says ---------------------------------------------------------------------------------------------------


def token_of(dams: Pair, person: Person) -> str:
    """A login at the Korean dam."""
    url = dams.kr.settings.public_url
    now = int(dams.kr.clock().timestamp())
    assertion = seal.login_assertion(person.key, member=person.id, audience=url, now=now)
    return login.login(dams.kr, assertion, audiences=[url]).token


def test_a_suspension_and_an_exit_at_home_bind_abroad_once_they_are_pushed(
    dams: Pair, giver: Person, visitor: Person
) -> None:
    """Pushed, the next ask is denied; lifted, it is allowed; left at home, the token of before is void at once."""
    giver.deposits(dams.kr, STANDARD, GOOD)
    token = token_of(dams, visitor)
    assert reasons(dams.kr, visitor) == []
    join.suspend(dams.us, visitor.id, "late")
    push.tell(dams.us, dams.of(dams.us).id)
    assert reasons(dams.kr, visitor) == ["ask.member-suspended"]
    join.resume(dams.us, visitor.id, "paid")
    push.tell(dams.us, dams.of(dams.us).id)
    assert reasons(dams.kr, visitor) == []
    assert login.caller(dams.kr, token) == Caller(member=visitor.id)
    join.expel(dams.us, visitor.id, "gone")
    push.tell(dams.us, dams.of(dams.us).id)
    refused("login.token-unknown", lambda: login.caller(dams.kr, token))
    refused("login.key-unknown", lambda: token_of(dams, visitor))
    sound(dams)


def test_a_new_key_at_home_ends_the_login_of_the_old_one_abroad(dams: Pair, visitor: Person) -> None:
    """The token is void on the next request, the old key opens nothing, the new one does."""
    token, new = token_of(dams, visitor), seal.new_key()
    facts = {"member": visitor.id, "key": seal.public(new), "replaces": seal.thumbprint(visitor.key)}
    join.rotate(dams.us, seal.envelope(seal.countersign(visitor.states(Kind.KEY, facts), new)))
    push.tell(dams.us, dams.of(dams.us).id)
    refused("login.token-unknown", lambda: login.caller(dams.kr, token))
    refused("login.key-unknown", lambda: token_of(dams, visitor))
    url, now = dams.kr.settings.public_url, int(dams.kr.clock().timestamp())
    assertion = seal.login_assertion(new, member=visitor.id, audience=url, now=now)
    assert login.login(dams.kr, assertion, audiences=[url]).token
    sound(dams)


def test_an_agreement_that_home_ends_is_ended_abroad(dams: Pair, giver: Person, visitor: Person) -> None:
    """Both dams hold agreements of their own about the same standard; the strictest word counts."""
    giver.deposits(dams.kr, STANDARD, GOOD)
    draft = agree.draft(dams.us, visitor.caller, STANDARD, purposes=["research"], destination="US")
    at_home = agree.accept(dams.us, visitor.caller, seal.envelope(signed.signing(visitor, draft))).id
    push.tell(dams.us, dams.of(dams.us).id)
    agree.change(dams.us, at_home, AgreementState.SUSPENDED, "asked")
    push.tell(dams.us, dams.of(dams.us).id)
    assert reasons(dams.kr, visitor) == ["ask.agreement-suspended"]
    agree.change(dams.us, at_home, AgreementState.FINALISED, "answered")
    push.tell(dams.us, dams.of(dams.us).id)
    assert reasons(dams.kr, visitor) == []
    agree.change(dams.us, at_home, AgreementState.ENDED, "over")
    push.tell(dams.us, dams.of(dams.us).id)
    assert reasons(dams.kr, visitor) != []
    sound(dams)
