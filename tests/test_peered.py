"""What our own log says of peers: believed a second time, from our log alone, and nothing that no peering covers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from datadam import ledger, peers, seal
from datadam.adapters.memory.store import MemoryStore
from datadam.dam import decide, grant, join, order, peered, prove, publish, rotate, state
from datadam.dam.world import World
from datadam.duties import Order
from datadam.errors import DamError, Invalid, NotFound, Refused, Untrusted
from datadam.ledger import KeyRing
from datadam.model import (
    Allow,
    Ask,
    Class,
    Deny,
    Key,
    Kind,
    Member,
    StandardId,
    Statement,
    instant,
)
from datadam.peers import Adopted, Contact, Followed, HomeAgreement, Peer, PeerBody, PeerFault, PeerWithdrawal
from datadam.terms import Agreement, AgreementState
from peerings import (
    HERE,
    THERE,
    adoption,
    embedded,
    guest,
    guest_facts,
    logged,
    peer_of,
    peering,
    peering_facts,
    terms,
    two,
)
from peerings import peered as peering_dams
from signed import agreed, offered
from worlds import GOOD, START, Person, forward, standard_text

READING = StandardId("test.reading")
ORDER: dict[str, Any] = {
    "classes": ["business"],
    "destinations": ["JP"],
    "standard": None,
    "reason": "r",
    "ground": "g",
}


@pytest.fixture
def dams(tmp_path: Path) -> tuple[World, World]:
    """Two dams that peer about readings."""
    here, there = peering_dams(tmp_path)
    for world in (here, there):
        publish.publish(world, standard_text())
    with here.store.transaction() as rows:
        (one,) = rows.find(Peer)
        looked: Any = {"contact": instant(START), "under": one.statement, "looked": 0}
        rows.put(Followed(peer=one.id, follower="", checkpoint="", size=0, **looked))
    return here, there


@pytest.fixture
def here(dams: tuple[World, World]) -> Iterator[World]:
    """The one in Korea; whatever happened, its log alone bears out its tables, and its keys."""
    world = dams[0]
    yield world
    with world.store.read() as rows:
        before = {kind: rows.find(kind) for kind in state.PROJECTED}
    state.rebuild(world)
    with world.store.read() as rows:
        assert {kind: rows.find(kind) for kind in state.PROJECTED} == before
        alive = {key.kid for key in rows.find(Key, until=None)}
    ring = walked(world)
    assert {kid for kid in ring.keys if kid not in ring.retired} == alive
    for index in range(world.ledger.size):
        world.ledger.receipt(index)  # verifies itself, offline


@pytest.fixture
def there(dams: tuple[World, World]) -> World:
    """The one in Japan."""
    return dams[1]


def walked(world: World) -> KeyRing:
    """Every statement judged as an auditor does, with nothing but the log's key."""
    ring = KeyRing(world.settings.name, world.ledger.vkey)
    for index, (_, id) in enumerate(world.ledger.entries()):
        ring.admit(world.ledger.statement(id), index)
    ring.stands()
    return ring


def records(world: World, kind: type[Any], **equals: object) -> list[Any]:
    """What the tables hold."""
    with world.store.read() as rows:
        return rows.find(kind, **equals)


def refused(world: World, *statements: Statement) -> str:
    """The code with which statements are refused; an auditor refuses the log that has them, or has nothing to judge."""
    with pytest.raises(DamError) as caught:
        state.record(world, *statements)
    return caught.value.code


def adopts(here: World, there: World, inner: Statement, **changes: object) -> Statement:
    """Take over a statement of the other dam."""
    made = adoption(here, there, inner, **changes)
    state.record(here, made)
    return made


def asks(world: World, person: Person | None = None) -> list[str]:
    """What stands in the way of reading."""
    member = None if person is None else person.id
    answer, _ = decide.decide(world, Ask(member=member, standard=READING))
    return [one.code for one in answer.reasons] if isinstance(answer, Deny) else []


# --- peerings ---------------------------------------------------------------------------------------------------------


def test_a_peering_tells_who_and_what(here: World, there: World) -> None:
    """With the terms to the byte, and the other's key as one of the log."""
    (one,) = records(here, Peer)
    assert (one.id, one.origin, one.jurisdiction, one.log) == (peer_of(there), THERE, "JP", there.ledger.vkey)
    assert one.digest == peers.digest(peers.read_terms(terms()))
    assert one.stands
    assert one.heard
    (key,) = records(here, Key, owner=one.id)
    assert key.kid == one.key == seal.thumbprint(there.secrets.private_key("sign"))


def test_a_peering_is_renewed_with_other_terms_only(here: World, there: World) -> None:
    """The same once more is nothing new; other terms take the place of those before."""
    assert refused(here, peering(here, there)) == "peer.repeated"
    state.record(here, peering(here, there, terms=terms(contact_seconds=60)))
    (one,) = records(here, Peer)
    assert peers.terms_of(one).contact_seconds == 60


def test_a_peering_is_signed_by_the_key_that_it_names(here: World, there: World) -> None:
    """By nobody else of the other dam, and not by ours alone."""
    alone = state.statement(here, Kind.PEERING, peering_facts(there, terms=terms(contact_seconds=60)))
    assert refused(here, alone) == "signature.parties"
    other = seal.countersign(alone, seal.new_key())
    assert refused(here, other) == "signature.key-unknown"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"peer": "p-" + "0" * 20}, "peer.lineage-wrong"),
        ({"jurisdiction": "US"}, "peer.lineage-wrong"),
        ({"origin": HERE}, "dam.other-log"),
        ({"terms": terms(contact_seconds=1)}, "peer.terms-wrong"),
        ({"terms": terms(between=[{"origin": THERE, "jurisdiction": "JP"}, {"origin": "x", "jurisdiction": "KR"}],
                         directions=[{"from": THERE, "to": "x"}])}, "peer.terms-others"),
        ({"terms": terms(between=[{"origin": "i", "jurisdiction": "JP"}, {"origin": HERE, "jurisdiction": "KR"}],
                         directions=[{"from": "i", "to": HERE}])}, "peer.terms-others"),
    ],
    ids=range(6),
)  # fmt: skip
def test_a_peering_that_does_not_fit_its_dams_is_refused(
    here: World, there: World, change: dict[str, Any], code: str
) -> None:
    """Another id, country or name than entry 0 says, terms of somebody else's, or terms that are none."""
    assert refused(here, peering(here, there, **{"url": "https://new.example", **change})) == code


def test_a_peering_leads_from_the_first_entry_of_the_other_log(here: World, there: World) -> None:
    """A lineage that begins elsewhere, has other statements in it, or leads to another key or log, is none."""
    facts = peering_facts(there, terms=terms(contact_seconds=60))
    accession = Person("A", jurisdiction="JP").joins(there)
    more = [*facts["lineage"], guest_facts(there, accession)["lineage"][0]]
    vkey = here.ledger.vkey
    for change in ({"lineage": more}, {"log": vkey}, {"lineage": [embedded(logged(there, Kind.ORDER, ORDER))]}):
        assert refused(here, peering(here, there, **{**facts, **change})).startswith(("peer.lineage", "signature."))


def test_no_dam_peers_with_itself(here: World) -> None:
    """Not under another name either: its keys are known."""
    assert refused(here, peering(here, here, url="https://x.example")) == "peer.oneself"


def test_otherdams_of_one_name_or_address_are_not_both_peers(here: World, there: World, tmp_path: Path) -> None:
    """The second one is refused until the peering with the first has ended."""
    _, other = two(tmp_path / "others")
    assert refused(here, peering(here, other)) == "peer.name-taken"
    logged(here, Kind.PEERING_END, {"peer": peer_of(there), "reason": "r"})
    state.record(here, peering(here, other))
    assert [one.stands for one in records(here, Peer, origin=THERE)].count(True) == 1


def test_a_key_that_no_rotation_led_to_is_refused(here: World, there: World) -> None:
    """A lineage that forks before the key that we know is a stolen former key's."""
    old = there.secrets.private_key("sign")
    at_first = peering_facts(there, terms=terms(contact_seconds=60))
    adopts(here, there, rotates(there))
    thief = seal.new_key()
    facts = {"use": "dam", "key": seal.public(thief), "replaces": seal.thumbprint(old), "reason": "r"}
    stolen = seal.countersign(seal.state(Kind.ROTATION, facts, issued=instant(START), key=old), thief)
    forked = {**at_first, "key": seal.public(thief), "lineage": [*at_first["lineage"], embedded(stolen)]}
    made = seal.countersign(state.statement(here, Kind.PEERING, forked), thief)
    assert refused(here, made) == "peer.key-changed"
    with pytest.raises(Untrusted, match=r"peer\.key-changed"):
        walked(here).admit(made, here.ledger.size)


def test_a_member_is_no_dam(here: World, tmp_path: Path) -> None:
    """A key that the log knows as somebody else's is not taken as that of a peer."""
    _, other = two(tmp_path / "others")
    Person("A", key=other.secrets.private_key("sign")).joins(here)
    made = peering(here, other, url="https://other.example", origin=THERE)
    with pytest.raises(Untrusted, match=r"key\.repeated"):
        walked(here).admit(made, here.ledger.size)
    assert refused(here, made) == "key.repeated"


def test_what_leads_on_is_known_when_peering_anew(here: World, there: World) -> None:
    """A rotation that came while no peering was in force stands in the next one's lineage."""
    logged(here, Kind.PEERING_END, {"peer": peer_of(there), "reason": "r"})
    rotates(there)
    state.record(here, peering(here, there))
    (one,) = records(here, Peer)
    assert one.key == seal.thumbprint(there.secrets.private_key("sign"))
    assert len(records(here, Key, owner=one.id)) == 2


def rotates(world: World) -> Statement:
    """The dam's next statement key."""
    return world.ledger.statement(world.ledger.entry(rotate.rotate(world, "dam", "yearly"))[1])


# --- contact and faults -----------------------------------------------------------------------------------------------


def contact(world: World, there: World, state_: str) -> Statement:
    """What a dam logs of its contact with the other."""
    facts = {"peer": peer_of(there), "state": state_, "since": instant(START)}
    return state.statement(world, Kind.PEER_CONTACT, facts)


def test_nothing_in_scope_leaves_while_a_peer_is_silent(here: World, there: World) -> None:
    """Its asker is told which peering; what is not in scope leaves; heard again, it leaves as before."""
    one = Person("A").joins(here)
    grant.grant(here, one.id, READING)
    other = standard_text().replace("test.reading", "test.other")
    publish.publish(here, other)
    grant.grant(here, one.id, "test.other")
    assert asks(here, one) == []
    state.record(here, contact(here, there, "silent"))
    answer, _ = decide.decide(here, Ask(member=one.id, standard=READING))
    assert isinstance(answer, Deny)
    (peer,) = records(here, Peer)
    assert [(why.code, why.facts) for why in answer.reasons] == [
        ("ask.peer-silent", {"standard": READING, "silent": [peer.statement]})
    ]
    elsewhere, _ = decide.decide(here, Ask(member=one.id, standard=StandardId("test.other")))
    assert isinstance(elsewhere, Allow)
    assert refused(here, contact(here, there, "silent")) == "peer.contact-wrong"
    state.record(here, contact(here, there, "heard"))
    assert asks(here, one) == []
    assert [each.silent for each in sorted(records(here, Contact), key=lambda each: each.index)] == [True, False]
    assert prove.check(here, MemoryStore, lambda: None).faults == []


def test_no_answer_is_remembered_beyond_the_agreed_limit(here: World) -> None:
    """An hour after the last contact it is decided anew, whatever was logged since."""
    one = Person("A").joins(here)
    grant.grant(here, one.id, READING)
    asks(here, one)
    held = here.decisions.recall(Ask(member=one.id, standard=READING))
    assert held is not None
    with here.store.read() as rows:
        (deadline,) = peered.deadlines(rows, READING)
        assert peered.deadlines(rows, "test.other") == ()
    assert held.until == deadline == instant(START.replace(hour=10))


@pytest.mark.parametrize("fault", list(peers.FaultKind), ids=str)
def test_a_fault_is_kept_with_its_evidence(here: World, there: World, fault: peers.FaultKind) -> None:
    """After a fork or a rollback nothing more is believed, and the scope is closed, until the peering is made anew."""
    facts = {"peer": peer_of(there), "fault": str(fault), "evidence": {"first": "a note"}}
    made = logged(here, Kind.PEER_FAULT, facts)
    (kept,) = records(here, PeerFault)
    assert (kept.id, kept.evidence) == (made.id, {"first": "a note"})
    (peer,) = records(here, Peer)
    final = fault in peers.FINAL
    assert (peer.distrusted is None, peer.heard) == (not final, not final)
    ordered = logged(there, Kind.ORDER, ORDER)
    if not final:
        adopts(here, there, ordered)
        return
    logged(here, Kind.PEER_FAULT, facts)
    assert refused(here, adoption(here, there, ordered)) == "peer.none"
    with here.store.read() as rows:
        assert peered.silent(rows, READING) == (peer.statement,)
    logged(here, Kind.PEERING_END, {"peer": peer.id, "reason": "r"})
    state.record(here, peering(here, there))
    adopts(here, there, ordered)


@pytest.mark.parametrize("kind", [Kind.PEERING_END, Kind.PEER_CONTACT, Kind.PEER_FAULT])
def test_of_nobody_who_is_no_peer_is_anything_said(here: World, kind: Kind) -> None:
    """Neither of a stranger nor of one whose peering ended."""
    facts: dict[Kind, dict[str, Any]] = {
        Kind.PEERING_END: {"reason": "r"},
        Kind.PEER_CONTACT: {"state": "silent", "since": instant(START)},
        Kind.PEER_FAULT: {"fault": "scope", "evidence": {}},
    }
    stranger = {"peer": "p-" + "0" * 20, **facts[kind]}
    assert refused(here, state.statement(here, kind, stranger)) == "peer.none"
    (peer,) = records(here, Peer)
    logged(here, Kind.PEERING_END, {"peer": peer.id, "reason": "r"})
    assert refused(here, state.statement(here, kind, {**facts[kind], "peer": peer.id})) == "peer.none"


# --- orders -----------------------------------------------------------------------------------------------------------


def test_an_order_of_a_peer_binds_as_one_of_ours(here: World, there: World) -> None:
    """With its article, in the scope only; its dam alone lifts it."""
    one = Person("A").joins(here)
    grant.grant(here, one.id, READING)
    ordered = logged(there, Kind.ORDER, {**ORDER, "destinations": ["KR"]})
    adopts(here, there, ordered)
    (held,) = records(here, Order)
    assert (held.id, held.peer, held.scope, held.reason) == (ordered.id, peer_of(there), ("test.reading",), "r")
    assert asks(here, one) == ["ask.order"]
    assert order.in_force(here, "confidential", "KR") == (ordered.id,)
    assert order.in_force(here, "confidential", "KR", "test.other") == ()
    with pytest.raises(Refused, match=r"order\.of-peer"):
        order.lift(here, ordered.id, "over")
    ours = state.statement(here, Kind.LIFT, {"order": ordered.id, "reason": "r"})
    assert refused(here, ours) == "order.lift-wrong"
    adopts(here, there, logged(there, Kind.LIFT, {"order": ordered.id, "reason": "r"}))
    assert asks(here, one) == []
    (adopted, lifted) = sorted(records(here, Adopted), key=lambda each: each.index)
    assert (adopted.kind, adopted.place, lifted.kind) == ("order", there.ledger.index_of(ordered.id), "lift")
    assert prove.check(here, MemoryStore, lambda: None).faults == []


def test_what_is_adopted_stands_whole_and_once(here: World, there: World) -> None:
    """Another id, another statement, one that the peer did not sign, the same one again: none of them binds."""
    ordered = logged(there, Kind.ORDER, {**ORDER, "standard": READING})
    other = logged(there, Kind.ORDER, ORDER)
    assert refused(here, adoption(here, there, ordered, envelope=embedded(other))) == "adoption.other"
    strange = seal.state(Kind.ORDER, ORDER, issued=instant(START), key=seal.new_key())
    assert refused(here, adoption(here, there, strange)) == "signature.key-unknown"
    ours = state.statement(here, Kind.ORDER, ORDER)
    assert refused(here, adoption(here, there, ours)) == "signature.key-unknown"
    assert refused(here, adoption(here, there, ordered, standard=None)) == "adoption.other"
    odd = seal.state(Kind.ORDER, {"classes": []}, issued=instant(START), key=there.secrets.private_key("sign"))
    assert refused(here, adoption(here, there, odd)) == "statement.shape"
    adopts(here, there, ordered)
    assert refused(here, adoption(here, there, ordered)) == "statement.repeated"
    lift = logged(there, Kind.LIFT, {"order": ordered.id, "reason": "r"})
    adopts(here, there, lift)
    assert refused(here, adoption(here, there, lift)) == "statement.repeated"


def test_no_order_of_ours_is_lifted_by_a_peer(here: World, there: World) -> None:
    """Nor one of a third dam."""
    ours = order.suspend(here, ["business"], ["JP"], reason="r", ground="g")
    with pytest.raises(Untrusted):
        logged(there, Kind.LIFT, {"order": ours.id, "reason": "r"})
    lift = state.statement(there, Kind.LIFT, {"order": ours.id, "reason": "r"})
    assert refused(here, adoption(here, there, lift)) == "order.lift-wrong"


@pytest.mark.parametrize(
    "change",
    [{"standard": "test.other"}, {"classes": ["personal"]}],
    ids=["another reservoir", "a class that never crosses"],
)
def test_an_order_beyond_the_scope_binds_at_home_only(here: World, there: World, change: dict[str, Any]) -> None:
    """Whatever the peer's dam may order there."""
    publish.publish(there, standard_text().replace("test.reading", "test.other"))
    ordered = logged(there, Kind.ORDER, {**ORDER, **change})
    assert refused(here, adoption(here, there, ordered)) == "adoption.scope"


def test_kinds_that_bind_nobody_elsewhere_are_not_adopted(here: World, there: World) -> None:
    """A grant, a standard; and what is not for everybody is not adopted for everybody to read."""
    one = Person("A", jurisdiction="JP").joins(there)
    given = logged(there, Kind.GRANT, {"member": one.id, "standard": READING, "expires": None})
    assert refused(here, adoption(here, there, given)) == "adoption.scope"
    published = there.ledger.statement(there.ledger.entry(2)[1])
    assert published.kind is Kind.STANDARD
    assert refused(here, adoption(here, there, published)) == "adoption.scope"
    state.record(here, guest(here, there, one))
    held = logged(there, Kind.MEMBER_CHANGE, {"member": one.id, "state": "suspended", "reason": "r"})
    closed = adoption(here, there, held)
    facts = {name: closed.body[name] for name in ("peer", "statement", "index", "standard", "envelope", "via")}
    assert refused(here, state.statement(here, Kind.ADOPTION, facts)) == "adoption.scope"


def test_an_ended_peering_takes_its_orders_with_it(here: World, there: World) -> None:
    """Nobody could lift them any more; and nothing but a rotation is adopted afterwards."""
    adopts(here, there, logged(there, Kind.ORDER, ORDER))
    logged(here, Kind.PEERING_END, {"peer": peer_of(there), "reason": "r"})
    assert order.in_force(here, "personal", "JP") == ()
    assert refused(here, adoption(here, there, logged(there, Kind.ORDER, ORDER))) == "adoption.scope"
    adopts(here, there, rotates(there))


def test_a_peers_next_keys_are_known_by_what_its_former_ones_signed(here: World, there: World) -> None:
    """Before the rotation is adopted, what the next key signs is not believed; afterwards it is; its log's likewise."""
    former = there.secrets.private_key("sign")
    rotation = rotates(there)
    ordered = logged(there, Kind.ORDER, ORDER)
    forward(there, days=31)
    retired = there.ledger.statement(there.ledger.entry(rotate.retire(there, "dam", "yearly"))[1])
    late = logged(there, Kind.ORDER, ORDER)
    assert refused(here, adoption(here, there, late)) == "signature.key-unknown"
    adopts(here, there, rotation)
    adopts(here, there, ordered)
    adopts(here, there, late)
    adopts(here, there, retired)
    (peer,) = records(here, Peer)
    assert [key.kid for key in records(here, Key, owner=peer.id, until=None)] == [peer.key]
    early = seal.state(Kind.ORDER, ORDER, issued=instant(START), key=former)
    adopts(here, there, early)  # while it counted, the follower saw it in the log: terms may have widened since
    index = rotate.rotate(there, "log", "yearly")
    adopts(here, there, there.ledger.statement(there.ledger.entry(index)[1]))
    forward(there, days=31)
    over = there.ledger.statement(there.ledger.entry(rotate.retire(there, "log", "yearly"))[1])
    assert refused(here, adoption(here, there, over)) == "adoption.scope"
    index = rotate.rotate(there, "log", "yearly")
    adopts(here, there, there.ledger.statement(there.ledger.entry(index)[1]))
    (peer,) = records(here, Peer)
    assert peer.log == there.ledger.vkey


# --- guests -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def kim(here: World, there: World) -> Person:
    """A member of the dam in Japan and a guest of the one in Korea."""
    one = Person("Kim", jurisdiction="JP").joins(there)
    state.record(here, guest(here, there, one))
    return one


def standing(world: World, person: Person) -> Member:
    """A member as the tables have it."""
    (found,) = records(world, Member, id=person.id)
    assert isinstance(found, Member)
    return found


def test_a_guest_is_a_member_whose_name_stays_at_home(here: World, there: World, kim: Person) -> None:
    """With the jurisdiction that its accession says, and no more roles than guests may have."""
    held = standing(here, kim)
    assert (held.home, held.jurisdiction, held.profile) == (peer_of(there), "JP", None)
    assert held.roles == {"consumer"}
    grant.grant(here, kim.id, READING)
    assert asks(here, kim) != ["ask.no-grant"]
    assert refused(here, guest(here, there, kim)) == "key.repeated"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"jurisdiction": "US"}, "guest.lineage-wrong"),
        ({"accession": "ab" * 32}, "guest.lineage-wrong"),
        ({"home": "p-" + "0" * 20}, "guest.home-wrong"),
        ({"roles": ["contributor"]}, "statement.shape"),
        ({"lineage": []}, "statement.shape"),
    ],
    ids=str,
)
def test_a_guest_is_what_its_home_says(here: World, there: World, change: dict[str, Any], code: str) -> None:
    """Neither another country, nor another accession, nor from a dam that is no peer."""
    one = Person("A", jurisdiction="JP").joins(there)
    assert refused(here, guest(here, there, one, **change)) == code


def test_nobody_is_a_guest_by_somebody_elses_accession(here: World, there: World) -> None:
    """The key that signs is led to by the accession that stands beside it, or by nothing."""
    one, thief = Person("A", jurisdiction="JP").joins(there), Person("B", jurisdiction="JP")
    stolen = guest(here, there, one, key=seal.public(thief.key))
    assert refused(here, stolen).startswith("signature.")
    facts = guest_facts(there, one, key=seal.public(thief.key))
    made = seal.state(Kind.GUEST, facts, issued=instant(START), key=thief.key)
    made = seal.countersign(made, here.secrets.private_key("sign"))
    assert refused(here, made) == "guest.lineage-wrong"
    with pytest.raises(Untrusted, match=r"guest\.lineage-wrong"):
        walked(here).admit(made, here.ledger.size)
    other = {**facts, "lineage": [embedded(logged(there, Kind.ORDER, ORDER))]}
    odd = seal.countersign(
        seal.state(Kind.GUEST, other, issued=instant(START), key=thief.key), here.secrets.private_key("sign")
    )
    assert refused(here, odd) == "adoption.other"


def test_a_guest_comes_with_the_key_that_counts_at_home(here: World, there: World) -> None:
    """Not with one that was replaced there."""
    one = Person("A", jurisdiction="JP").joins(there)
    accession = guest_facts(there, one)
    new = seal.new_key()
    rotation = next_key(there, one, new)
    old = guest(here, there, one, lineage=[*accession["lineage"], embedded(rotation)])
    assert refused(here, old) == "guest.lineage-wrong"
    facts = {**accession, "key": seal.public(new), "lineage": [*accession["lineage"], embedded(rotation)]}
    made = seal.countersign(
        seal.state(Kind.GUEST, facts, issued=instant(START), key=new), here.secrets.private_key("sign")
    )
    state.record(here, made)
    assert [key.kid for key in records(here, Key, owner=one.id)] == [seal.thumbprint(new)]


def next_key(world: World, person: Person, new: seal.Jwk) -> Statement:
    """A member's next key, in its dam's log."""
    facts = {"member": person.id, "key": seal.public(new), "replaces": seal.thumbprint(person.key)}
    made = seal.countersign(seal.state(Kind.KEY, facts, issued=instant(START), key=person.key), new)
    state.record(world, made)
    return made


def test_guests_are_taken_where_the_terms_say_so_and_home_is_heard(tmp_path: Path) -> None:
    """Else nobody could tell that a guest was suspended at home."""
    closed, there = peering_dams(tmp_path / "closed", guests=False)
    one = Person("A", jurisdiction="JP").joins(there)
    assert refused(closed, guest(closed, there, one)) == "guest.home-wrong"
    quiet, there = peering_dams(tmp_path / "quiet")
    one = Person("A", jurisdiction="JP").joins(there)
    state.record(quiet, contact(quiet, there, "silent"))
    assert refused(quiet, guest(quiet, there, one)) == "guest.home-wrong"
    state.record(quiet, contact(quiet, there, "heard"))
    state.record(quiet, guest(quiet, there, one))


def test_a_guest_leaves_with_its_membership_at_home(here: World, there: World, kim: Person) -> None:
    """Its keys sign nothing any more; and so it is when the peering ends."""
    lee = Person("Lee", jurisdiction="JP").joins(there)
    state.record(here, guest(here, there, lee))
    exit_ = logged(there, Kind.EXIT, {"member": kim.id, "reason": "r", "signed_by_member": True}, kim.key)
    adopts(here, there, exit_)
    assert standing(here, kim).until is not None
    assert records(here, Key, owner=kim.id, until=None) == []
    logged(here, Kind.PEERING_END, {"peer": peer_of(there), "reason": "r"})
    assert standing(here, lee).until is not None


def test_a_guests_next_key_counts_here_when_it_does_at_home(here: World, there: World, kim: Person) -> None:
    """And the former one no more."""
    new = seal.new_key()
    adopts(here, there, next_key(there, kim, new))
    assert [key.kid for key in records(here, Key, owner=kim.id, until=None)] == [seal.thumbprint(new)]
    again = seal.new_key()
    person = Person("Kim", jurisdiction="JP", key=new)
    facts = {"member": kim.id, "key": seal.public(again), "replaces": seal.thumbprint(new)}
    made = seal.countersign(seal.state(Kind.KEY, facts, issued=instant(START), key=person.key), again)
    state.record(there, made)
    adopts(here, there, made)
    assert [key.kid for key in records(here, Key, owner=kim.id, until=None)] == [seal.thumbprint(again)]


def test_of_our_own_members_no_peer_says_anything(here: World, there: World) -> None:
    """One who is a member of both dams has keys in both; each dam's word is for its own."""
    one = Person("Both").joins(here)
    one.joins(there)
    held = logged(there, Kind.MEMBER_CHANGE, {"member": one.id, "state": "suspended", "reason": "r"})
    assert refused(here, adoption(here, there, held)) == "adoption.scope"
    exit_ = logged(there, Kind.EXIT, {"member": one.id, "reason": "r", "signed_by_member": False})
    assert refused(here, adoption(here, there, exit_)) == "adoption.scope"
    assert refused(here, guest(here, there, one)) == "key.repeated"
    new, other = seal.new_key(), Person("Both too").joins(here)
    other.joins(there)
    lineage = [*guest_facts(there, other)["lineage"], embedded(next_key(there, other, new))]
    facts = guest_facts(there, other, key=seal.public(new), lineage=lineage)
    made = seal.state(Kind.GUEST, facts, issued=instant(START), key=new)
    made = seal.countersign(made, here.secrets.private_key("sign"))
    assert refused(here, made) == "member.id-wrong"
    with pytest.raises(Untrusted, match=r"member\.id-wrong"):
        walked(here).admit(made, here.ledger.size)


def test_the_strictest_of_otherdams_holds(here: World, there: World, kim: Person) -> None:
    """A lift at home lifts only what home did, and one here only what we did."""

    def at_home(wanted: str) -> None:
        facts = {"member": kim.id, "state": wanted, "reason": "r"}
        adopts(here, there, logged(there, Kind.MEMBER_CHANGE, facts))

    at_home("suspended")
    assert (standing(here, kim).suspended, standing(here, kim).suspended_here) == (True, False)
    join.suspend(here, kim.id, "ours")
    at_home("active")
    assert (standing(here, kim).suspended, standing(here, kim).suspended_here) == (True, True)
    with pytest.raises(Refused, match=r"member\.suspended-already"):
        join.suspend(here, kim.id, "ours")
    at_home("suspended")
    join.resume(here, kim.id, "ours")
    assert standing(here, kim).suspended
    with pytest.raises(Refused, match=r"member\.not-suspended"):
        join.resume(here, kim.id, "ours")
    at_home("active")
    assert not standing(here, kim).suspended
    again = state.statement(there, Kind.MEMBER_CHANGE, {"member": kim.id, "state": "active", "reason": "r"})
    assert refused(here, adoption(here, there, again)) == "member.change-wrong"


# --- what leads to the keys, and what is about a standard -------------------------------------------------------------


def shows(here: World, there: World) -> None:
    """Every body of the other log is kept here, as following keeps them."""
    with here.store.transaction() as rows:
        for place, (_, id) in enumerate(there.ledger.entries()):
            statement = there.ledger.statement(id)
            rows.put(
                PeerBody(
                    peer=peer_of(there),
                    id=id,
                    place=place,
                    kind=str(statement.kind),
                    envelope=seal.envelope(statement).decode(),
                    standard="test.reading" if statement.kind is Kind.WITHDRAWAL else None,
                    member=peers.named(statement.body)[1],
                )
            )


def took_over(here: World, there: World, inner: Statement) -> Statement:
    """Adopt a statement with all that leads to it, found among what is kept."""
    shows(here, there)
    with here.store.read() as rows:
        (peer,) = rows.find(Peer)
        kept = rows.get(PeerBody, peer.id, inner.id)
        assert kept is not None
        facts = peered.facts(rows, peer, kept)
    kind = Kind.ADOPTION if inner.clazz is Class.REGISTRY else Kind.CLOSED_ADOPTION
    return logged(here, kind, facts)


def withdrawn(there: World, person: Person) -> Statement:
    """Somebody's deposit at home, and that it was taken back."""
    given = person.deposits(there, READING, GOOD).id
    facts = {"contributor": person.id, "deposits": [given], "replaced_by": None, "reason": "r"}
    made = seal.state(Kind.WITHDRAWAL, facts, issued=instant(START), key=person.key)
    state.record(there, made)
    return made


def changes(there: World, agreement: str, person: Person, wanted: str, *signers: seal.Jwk) -> Statement:
    """What home says of an agreement."""
    facts = {"agreement": agreement, "member": person.id, "state": wanted, "by_member": bool(signers), "reason": "r"}
    return logged(there, Kind.AGREEMENT_CHANGE, facts, *signers)


def test_a_guests_key_is_recovered_here_as_at_home(here: World, there: World, kim: Person) -> None:
    """On the word of two operators of its home, all of which stands beside it; then only the new key counts."""
    operators = [seal.new_key(), seal.new_key()]
    ids = [seal.operator_id(key) for key in operators]
    for id, key in zip(ids, operators, strict=True):
        logged(there, Kind.OPERATOR, {"operator": id, "key": seal.public(key)}, key)
    new = seal.new_key()
    facts = {"member": kim.id, "key": seal.public(new), "operators": ids, "proof": "ab" * 32, "until": instant(START)}
    begun = seal.state(Kind.RECOVERY, facts, issued=instant(START), key=new)
    for key in operators:
        begun = seal.countersign(begun, key)
    state.record(there, begun)
    ended = {"recovery": begun.id, "member": kim.id, "key": seal.public(new)}
    done = logged(there, Kind.RECOVERED, ended)
    bare = adoption(here, there, done)
    assert refused(here, bare) == "recovery.wrong"
    made = took_over(here, there, done)
    assert len(made.body["via"]) == 3
    assert [key.kid for key in records(here, Key, owner=kim.id, until=None)] == [seal.thumbprint(new)]


def test_a_withdrawal_in_scope_is_known_here(here: World, there: World) -> None:
    """Its contributor is no guest: its accession and keys at home stand beside it."""
    one = Person("A", jurisdiction="JP").joins(there)
    made = withdrawn(there, one)
    assert refused(here, adoption(here, there, made, standard="test.reading")) == "signature.key-unknown"
    took = took_over(here, there, made)
    (held,) = records(here, PeerWithdrawal)
    assert (held.id, held.standard, held.contributor) == (made.id, "test.reading", one.id)
    assert held.statement == took.id
    (adopted,) = records(here, Adopted)
    assert (adopted.member, adopted.standard) == (one.id, "test.reading")


def test_what_was_not_shown_leads_nowhere(here: World, there: World, kim: Person) -> None:
    """An agreement-change about an agreement whose statement the peer kept back is not adopted."""
    offered(there)
    held = agreed(there, kim).id
    change = changes(there, held, kim, "suspended")
    shows(here, there)
    with here.store.transaction() as rows:
        (peer,) = rows.find(Peer)
        gone, kept = rows.get(PeerBody, peer.id, held), rows.get(PeerBody, peer.id, change.id)
        assert gone is not None
        assert kept is not None
        rows.remove(gone)
        with pytest.raises(NotFound, match=r"peer\.body-unknown"):
            peered.facts(rows, peer, kept)


@pytest.mark.parametrize("ours", [False, True], ids=["home alone", "both"])
def test_what_home_says_of_a_guests_agreement_holds_for_the_one_here(
    here: World, there: World, kim: Person, *, ours: bool
) -> None:
    """Suspended there it is suspended here, until whoever suspended it took that back; ended there it is over."""
    for world in (here, there):
        offered(world)
    at_home, held = agreed(there, kim).id, agreed(here, kim).id

    def now() -> AgreementState:
        (found,) = [one for one in records(here, Agreement) if one.id == held]
        return AgreementState(found.state)

    def we_say(wanted: str) -> None:
        facts = {"agreement": held, "member": kim.id, "state": wanted, "by_member": False, "reason": "r"}
        state.record(here, state.statement(here, Kind.AGREEMENT_CHANGE, facts))

    assert now() is AgreementState.FINALISED
    took_over(here, there, changes(there, at_home, kim, "suspended"))
    assert now() is AgreementState.SUSPENDED
    assert [one.state for one in records(here, HomeAgreement)] == ["suspended"]
    with here.store.read() as rows:
        assert peered.held_at_home(rows, standing(here, kim), READING)
        assert not peered.held_at_home(rows, standing(here, kim), "test.other")
    if ours:
        we_say("suspended")
        with pytest.raises(Untrusted, match=r"agreement\.change-wrong"):
            we_say("suspended")
    took_over(here, there, changes(there, at_home, kim, "finalised"))
    assert now() is (AgreementState.SUSPENDED if ours else AgreementState.FINALISED)
    if ours:
        we_say("finalised")
        assert now() is AgreementState.FINALISED
    took_over(here, there, changes(there, at_home, kim, "ended", kim.key))
    assert now() is AgreementState.ENDED


def test_no_agreement_is_concluded_here_that_home_holds_up(here: World, there: World, kim: Person) -> None:
    """The guest would get here what it may not have there."""
    for world in (here, there):
        offered(world)
    at_home = agreed(there, kim).id
    took_over(here, there, changes(there, at_home, kim, "suspended"))
    with pytest.raises(Untrusted, match=r"agreement\.suspended-at-home"):
        agreed(here, kim)
    took_over(here, there, changes(there, at_home, kim, "finalised"))
    agreed(here, kim)


def test_a_change_is_about_the_agreement_that_stands_beside_it(here: World, there: World, kim: Person) -> None:
    """Without that nobody could tell which standard it is about; and what a peer says of the standard is not enough."""
    offered(there)
    at_home = agreed(there, kim).id
    change = changes(there, at_home, kim, "suspended")
    assert refused(here, adoption(here, there, change)) == "adoption.scope"
    assert refused(here, adoption(here, there, change, standard=READING)) == "adoption.other"
    beside = [embedded(there.ledger.statement(at_home))]
    assert refused(here, adoption(here, there, change, standard="test.other", via=beside)) == "adoption.scope"
    odd = [embedded(logged(there, Kind.ORDER, ORDER))]
    assert refused(here, adoption(here, there, change, standard=READING, via=odd)) == "adoption.other"


def test_what_a_statement_carries_is_bounded(here: World, there: World) -> None:
    """Whoever reads a log judges all of it."""
    made = adoption(here, there, logged(there, Kind.ORDER, ORDER))
    wrong: list[object] = [{}, [made.body["envelope"]] * 65]
    for via in wrong:
        odd = state.statement(here, Kind.ADOPTION, {**made.body, "via": via})
        with pytest.raises(Invalid, match=r"statement\.malformed"):
            ledger.carried(odd)
    stranger = state.statement(here, Kind.ADOPTION, {**made.body, "peer": "p-" + "0" * 20})
    assert refused(here, stranger) == "peer.none"
    with pytest.raises(Untrusted, match=r"peer\.unknown"):
        walked(here).admit(stranger, here.ledger.size)
