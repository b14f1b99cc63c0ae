"""What of a peer's log binds here, and when: under whichever peering, before and after, however much there is of it."""

from datetime import timedelta
from pathlib import Path

import pytest

from datadam import peers, seal
from datadam.dam import adopt, agree, contact, decide, follow, grant, guest, order, peer, publish
from datadam.dam.links import OPEN, SPARED, SPARES, Links
from datadam.dam.world import World
from datadam.model import Allow, Ask, StandardId
from datadam.peers import Followed
from datadam.terms import AgreementState
from guests import drafted, signing
from peered_dams import KR, US, Pair, hear, pair, terms, two
from signed import agreed, offered
from worlds import START, Person, forward, rebuilds, refused, standard_text

READING, OTHER = StandardId("test.reading"), StandardId("test.other")
JAPAN = {"classes": ["business"], "destinations": ["JP"], "reason": "A reason.", "ground": "An act, art. 1"}


@pytest.fixture
def dams(tmp_path: Path) -> Pair:
    """Two dams that peer about readings and have heard each other."""
    return pair(tmp_path)


def reader(world: World, *standards: StandardId) -> Person:
    """A member that may take rows of these standards."""
    person = Person("Reader", jurisdiction=world.settings.jurisdiction).joins(world)
    for one in standards or (READING,):
        publish.publish(world, standard_text().replace(READING, one))
        grant.grant(world, person.id, one)
    return person


def reasons(world: World, person: Person, standard: StandardId = READING) -> list[str]:
    """Why rows would not leave for Japan; nothing where they do."""
    decision, _ = decide.decide(world, Ask(member=person.id, standard=standard, purpose="research", destination="JP"))
    return [] if isinstance(decision, Allow) else [one.code for one in decision.reasons]


def look(dams: Pair, world: World) -> follow.Looked:
    """Look at the other's log."""
    return follow.look(world, dams.of(world).id)


def peers_anew(dams: Pair, *standards: str, **changes: object) -> None:
    """Sign other terms, on both sides; nobody has looked since."""
    dams.forward(seconds=5)
    peer.add(dams.kr, dams.us.settings.public_url, terms=terms(*standards, **changes))
    assert peer.add(dams.us, dams.kr.settings.public_url)["state"] == "peered"


# --- one peering after another ----------------------------------------------------------------------------------------


def test_an_order_binds_again_under_the_next_peering(dams: Pair) -> None:
    """It lapses with the peering, and nothing leaves under the next one before it was adopted again."""
    person = reader(dams.us)
    made = order.suspend(dams.kr, **JAPAN)  # type: ignore[arg-type]
    look(dams, dams.us)
    assert reasons(dams.us, person) == ["ask.order"]
    for world in dams.worlds:
        peer.end(world, dams.of(world).id, "over")
    assert reasons(dams.us, person) == []
    peers_anew(dams)
    assert reasons(dams.us, person) == ["ask.peer-silent"]
    look(dams, dams.us)
    assert reasons(dams.us, person) == ["ask.order"]
    assert look(dams, dams.us).adopted == 0
    order.lift(dams.kr, made.id, "over")
    look(dams, dams.us)
    assert reasons(dams.us, person) == []
    peers_anew(dams, contact_seconds=1800)
    hear(dams)
    assert reasons(dams.us, person) == []  # what its dam lifted does not come back
    for world in dams.worlds:
        rebuilds(world)


def test_an_order_that_was_lifted_between_two_peerings_does_not_bind_under_the_second(dams: Pair) -> None:
    """Both are read in the order of the log, before the peer counts as heard."""
    person = reader(dams.us)
    made = order.suspend(dams.kr, **JAPAN)  # type: ignore[arg-type]
    look(dams, dams.us)
    for world in dams.worlds:
        peer.end(world, dams.of(world).id, "over")
    order.lift(dams.kr, made.id, "over")
    peers_anew(dams)
    hear(dams)
    assert reasons(dams.us, person) == []
    rebuilds(dams.us)


def test_other_terms_are_about_other_orders(dams: Pair) -> None:
    """What was out of scope is adopted when it falls into it, and what falls out of it binds no more."""
    person = reader(dams.us, READING, OTHER)
    publish.publish(dams.kr, standard_text().replace(READING, OTHER))
    order.suspend(dams.kr, standard=OTHER, **JAPAN)  # type: ignore[arg-type]
    look(dams, dams.us)
    assert (reasons(dams.us, person), reasons(dams.us, person, OTHER)) == ([], [])
    peers_anew(dams, READING, OTHER)
    assert reasons(dams.us, person, OTHER) == ["ask.peer-silent"]
    look(dams, dams.us)
    assert (reasons(dams.us, person), reasons(dams.us, person, OTHER)) == ([], ["ask.order"])
    peers_anew(dams, READING)
    look(dams, dams.us)
    assert (reasons(dams.us, person), reasons(dams.us, person, OTHER)) == ([], [])
    rebuilds(dams.us)


def test_an_order_about_everything_reaches_as_far_as_the_terms_in_force(dams: Pair) -> None:
    """Of a scope that grows, all is closed; of one that shrinks, the rest is open."""
    person = reader(dams.us, READING, OTHER)
    order.suspend(dams.kr, **JAPAN)  # type: ignore[arg-type]
    look(dams, dams.us)
    assert (reasons(dams.us, person), reasons(dams.us, person, OTHER)) == (["ask.order"], [])
    peers_anew(dams, READING, OTHER)
    look(dams, dams.us)
    assert (reasons(dams.us, person), reasons(dams.us, person, OTHER)) == (["ask.order"], ["ask.order"])
    peers_anew(dams, OTHER)
    look(dams, dams.us)
    assert (reasons(dams.us, person), reasons(dams.us, person, OTHER)) == ([], ["ask.order"])
    rebuilds(dams.us)


# --- contact ----------------------------------------------------------------------------------------------------------


def test_a_peer_that_signed_is_not_heard_before_its_log_was_looked_at(tmp_path: Path) -> None:
    """What it had ordered before the two peered binds from the first row on."""
    dams = two(tmp_path)
    person = reader(dams.us)
    order.suspend(dams.kr, **JAPAN)  # type: ignore[arg-type]
    peer.add(dams.kr, dams.us.settings.public_url, terms=terms())
    peer.add(dams.us, dams.kr.settings.public_url)
    assert reasons(dams.us, person) == ["ask.peer-silent"]
    look(dams, dams.us)
    assert reasons(dams.us, person) == ["ask.order"]


def test_a_contact_that_lies_ahead_is_none(dams: Pair) -> None:
    """A clock that ran ahead and was set back must not keep a scope open for as long as it was wrong."""
    person = reader(dams.us)
    forward(dams.us, days=30)
    look(dams, dams.us)
    assert reasons(dams.us, person) == []
    forward(dams.us, days=-30)
    assert reasons(dams.us, person) == ["ask.peer-silent"]
    look(dams, dams.us)
    assert reasons(dams.us, person) == []
    forward(dams.us, hours=2)
    assert reasons(dams.us, person) == ["ask.peer-silent"]


def test_what_a_peer_sent_once_does_not_push_its_nonces_out() -> None:
    """Whoever sends it again gets the same few for a while; the peer keeps those that it has, and finds unused ones."""
    links = Links()
    held = [links.give("p", START) for _ in range(OPEN // 2)]
    spare = {links.spare("p", START + timedelta(milliseconds=at)) for at in range(900)}
    assert len(spare) == SPARES
    later = links.spare("p", START + SPARED)
    assert later not in spare
    assert links.use("p", later) == START + SPARED
    assert links.spare("p", START + SPARED) != later
    assert all(links.use("p", one) for one in (*held, *spare))
    assert links.use("p", held[0]) is None


# --- guests -----------------------------------------------------------------------------------------------------------


def enters(dams: Pair, person: Person) -> None:
    """Be a guest in Korea, whose dam has looked at the other's log."""
    look(dams, dams.kr)
    guest.enter(dams.kr, seal.envelope(signing(person, drafted(dams, dams.kr, person))))


@pytest.mark.parametrize("state", [AgreementState.SUSPENDED, AgreementState.ENDED])
def test_how_a_guests_agreements_stand_at_home_is_known_when_it_enters(dams: Pair, state: AgreementState) -> None:
    """One that home holds up is not concluded here; after one that home ended, a person decides, and no rule."""
    for world in dams.worlds:
        publish.publish(world, standard_text())
        offered(world)
    person = Person("Ohio Motors", jurisdiction="US").joins(dams.us)
    id = agreed(dams.us, person).id
    agree.change(dams.us, id, state, "A reason.")
    enters(dams, person)
    if state is AgreementState.SUSPENDED:
        refused("agreement.suspended-at-home", lambda: agreed(dams.kr, person))
        agree.change(dams.us, id, AgreementState.FINALISED, "Over.")
        look(dams, dams.kr)
    then = agreed(dams.kr, person).state
    assert then == (AgreementState.FINALISED if state is AgreementState.SUSPENDED else AgreementState.ACCEPTED)
    rebuilds(dams.kr)


def test_an_older_word_about_a_guest_never_undoes_a_later_one(dams: Pair) -> None:
    """After other terms all that is kept is looked at again: what was taken back since stays taken back."""
    publish.publish(dams.kr, standard_text())
    person = Person("Ohio Motors", jurisdiction="US").joins(dams.us)
    enters(dams, person)
    size = dams.kr.ledger.size
    peers_anew(dams, contact_seconds=1800)
    assert look(dams, dams.kr).adopted == 0
    assert dams.kr.ledger.size >= size
    rebuilds(dams.kr)


# --- how much at a time -----------------------------------------------------------------------------------------------


def test_one_look_adopts_so_many_and_the_peer_is_heard_after_the_last(
    dams: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is given back in between; what waits is told; nothing in scope leaves before all of it binds."""
    monkeypatch.setattr(adopt, "MOST", 3)
    monkeypatch.setattr(adopt, "AT_ONCE", 2)
    person = reader(dams.us)
    made = [order.suspend(dams.kr, **JAPAN) for _ in range(7)]  # type: ignore[arg-type]
    dams.forward(hours=2)
    found = look(dams, dams.us)
    assert (found.adopted, found.waiting) == (4, 3)
    assert "ask.peer-silent" in reasons(dams.us, person)
    assert [one["waiting"] for one in peer.public(dams.us)["items"]] == [3]
    found = look(dams, dams.us)
    assert (found.adopted, found.waiting) == (3, 0)
    assert reasons(dams.us, person) == ["ask.order"]
    assert len(order.orders(dams.us)) == len(made)
    rebuilds(dams.us)


def test_nothing_is_heard_of_a_peer_that_is_none_any_more(dams: Pair) -> None:
    """A look that was under way while the peering ended leaves no contact behind."""
    id = dams.of(dams.us).id
    with dams.us.store.read() as rows:
        before = rows.get(Followed, id)
    peer.end(dams.us, id, "over")
    contact.heard(dams.us, "p-" + "0" * 20, START)
    assert adopt.waiting(dams.us, "p-" + "0" * 20) == 0
    with dams.us.store.read() as rows:
        assert rows.get(Followed, id) == before
    assert before is not None
    assert peers.is_settled(before, dams.of(dams.us))
    assert dams.of(dams.us).origin == KR != US
