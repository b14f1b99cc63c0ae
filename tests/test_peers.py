"""Peers: two operators agree, each dam follows the other's log, what binds crosses; silence and lies fail closed."""

import base64
import json
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import peerings
from datadam import between, federation, peers, seal
from datadam.adapters.memory.bodies import MemoryBodies
from datadam.adapters.memory.log import MemoryLog
from datadam.adapters.memory.store import MemoryStore
from datadam.dam import (
    accuse,
    adopt,
    contact,
    decide,
    federate,
    follow,
    grant,
    join,
    order,
    peer,
    proposals,
    publish,
    push,
    reception,
    rotate,
    state,
)
from datadam.dam import withdraw as withdrawals
from datadam.dam.world import World
from datadam.errors import DamError, Refused, Unavailable, Untrusted
from datadam.formats import cosignature, note
from datadam.ledger import Ledger
from datadam.model import Allow, Ask, Class, Kind, Member, StandardId, instant
from datadam.peers import FaultKind, Followed, PeerFault, PeerWithdrawal
from datadam.ports import PeerAnswer
from peered_dams import KR, US, Pair, pair, terms, two
from worlds import GOOD, START, Person, a_world, forward, rebuilds, refused, standard_text

STANDARD = "test.reading"


@pytest.fixture
def dams(tmp_path: Path) -> Pair:
    """Two dams that peer about one standard and have heard each other."""
    return pair(tmp_path)


def ask_of(person: Person, destination: str = "JP") -> Ask:
    """An ask for rows of the standard, to be taken to a country."""
    return Ask(member=person.id, standard=StandardId(STANDARD), purpose="research", destination=destination)


def reader(world: World) -> Person:
    """A member that may take the standard's rows at home."""
    publish.publish(world, standard_text())
    person = Person("reader", jurisdiction=world.settings.jurisdiction).joins(world)
    grant.grant(world, person.id, STANDARD)
    return person


def reasons(world: World, ask: Ask) -> set[str]:
    """Why an ask is denied; nothing where it is allowed."""
    decision, _ = decide.decide(world, ask)
    return set() if isinstance(decision, Allow) else {reason.code for reason in decision.reasons}


def faults(world: World) -> list[PeerFault]:
    """What is logged of the peer's faults."""
    with world.store.read() as rows:
        return rows.find(PeerFault)


def followed(dams: Pair, world: World) -> Followed:
    """How far a dam followed its peer's log."""
    with world.store.read() as rows:
        return rows.get(Followed, dams.of(world).id) or Followed(peer="", follower="", checkpoint="", size=0)


# --- two operators ----------------------------------------------------------------------------------------------------


def test_each_operator_says_add_once_and_both_logs_have_the_same_terms(tmp_path: Path) -> None:
    """The first dam keeps an offer; the second finds it, signs, and then both have a peering under one document."""
    dams = two(tmp_path)
    offered = peer.add(dams.kr, dams.us.settings.public_url, terms=terms())
    assert offered["state"] == "offered"
    assert not peer.every(dams.kr)
    seen = peer.look(dams.us, dams.kr.settings.public_url)
    assert (seen.state, seen.terms) == ("waiting", terms())
    done = peer.add(dams.us, dams.kr.settings.public_url)
    assert done["state"] == "peered"
    ours, theirs = dams.of(dams.kr), dams.of(dams.us)
    assert ours.terms == theirs.terms == peers.canonical(peers.read_terms(terms())).decode()
    assert (ours.origin, theirs.origin) == (US, KR)
    assert not proposals.held(dams.kr)
    assert not proposals.held(dams.us)
    for world in dams.worlds:
        rebuilds(world)


def test_said_again_it_changes_nothing(dams: Pair) -> None:
    """Both may say it again and again."""
    sizes = [world.ledger.size for world in dams.worlds]
    for world in dams.worlds:
        told = peer.add(world, dams.other(world).settings.public_url, terms=terms())
        assert told["state"] == "peered"
    assert [world.ledger.size for world in dams.worlds] == sizes


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_a_crash_in_the_middle_is_mended(tmp_path: Path, lost: str) -> None:
    """Whether the conclusion never came, or its answer was lost: later both logs have it, once."""
    dams = two(tmp_path)
    peer.add(dams.kr, dams.us.settings.public_url, terms=terms())
    asked = _losing(dams, peer.CONCLUSION, lost)
    refused("peer.unreachable", lambda: peer.add(dams.us, dams.kr.settings.public_url))
    assert not peer.every(dams.us)
    assert len(peer.every(dams.kr)) == (lost == "answer")
    assert peer.look(dams.us, dams.kr.settings.public_url).state == "concluding"
    asked.clear()
    assert peer.settle_handshakes(dams.us) == []
    for world in dams.worlds:
        assert dams.of(world).stands
        kinds = [world.ledger.statement(id).kind for _, id in world.ledger.entries()]
        assert kinds.count(Kind.PEERING) == 1


def _losing(dams: Pair, path: str, lost: str) -> list[str]:
    """Lose requests for a path at KR, or the answers to them, while the list is not empty."""
    losing = [path]

    def answers(method: str, asked: str, token: str | None, body: bytes) -> PeerAnswer:
        gone = asked.partition("?")[0] in losing and token is not None
        if gone and lost == "request":
            raise Unavailable("peer.unreachable", url="", why="lost")
        answer = federate.answer(dams.kr, method, asked, token, body)
        if gone and answer.status == 200:
            raise Unavailable("peer.unreachable", url="", why="lost")
        return answer

    dams.link.listen(dams.kr.settings.public_url, answers)
    return losing


def test_both_may_offer_the_same_terms(tmp_path: Path) -> None:
    """Who comes second signs the other's offer; its own is forgotten."""
    dams = two(tmp_path)
    for world in dams.worlds:
        dams.cut(dams.other(world))
        refused("peer.unreachable", lambda world=world: peer.add(world, dams.other(world).settings.public_url))  # type: ignore[misc]
        dams.join(dams.other(world))
    peer.add(dams.kr, dams.us.settings.public_url, terms=terms())
    assert peer.add(dams.kr, dams.us.settings.public_url)["state"] == "offered"
    assert peer.add(dams.us, dams.kr.settings.public_url, terms=terms())["state"] == "peered"


def test_other_terms_than_were_shown_or_offered_are_refused(tmp_path: Path) -> None:
    """The second operator signs what it saw, or nothing."""
    dams = two(tmp_path)
    peer.add(dams.kr, dams.us.settings.public_url, terms=terms())
    url = dams.kr.settings.public_url
    refused("peer.terms-differ", lambda: peer.add(dams.us, url, terms=terms(contact_seconds=60)))
    refused("peer.terms-differ", lambda: peer.add(dams.us, url, digest="0" * 64))
    refused("peer.terms-differ", lambda: peer.add(dams.kr, dams.us.settings.public_url, terms=terms(guests=False)))
    assert not peer.every(dams.us)


def test_another_key_than_the_operator_was_told_is_refused(tmp_path: Path) -> None:
    """Whoever answers at the address must hold the key that was told by telephone."""
    dams = two(tmp_path)
    wrong = dams.kr.ledger.vkey
    refused("peer.key-other", lambda: peer.add(dams.kr, dams.us.settings.public_url, terms=terms(), key=wrong))
    right = dams.us.ledger.vkey
    assert peer.add(dams.kr, dams.us.settings.public_url, terms=terms(), key=right)["state"] == "offered"


def test_no_dam_peers_with_itself_or_under_terms_of_others(tmp_path: Path) -> None:
    """Its own address; terms between two other dams; no terms at all."""
    dams = two(tmp_path)
    refused("peer.oneself", lambda: peer.add(dams.kr, dams.kr.settings.public_url, terms=terms()))
    others = terms(
        between=[{"origin": "a.example/log", "jurisdiction": "KR"}, {"origin": US, "jurisdiction": "US"}],
        directions=[{"from": "a.example/log", "to": US}],
    )
    refused("peer.terms-others", lambda: peer.add(dams.kr, dams.us.settings.public_url, terms=others))
    refused("peer.terms-needed", lambda: peer.add(dams.kr, dams.us.settings.public_url))


def test_a_second_dam_of_a_peers_name_or_address_is_refused(dams: Pair, tmp_path: Path) -> None:
    """Two peers with one name: whoever came second is told so, and nothing is signed."""
    double = a_world(tmp_path / "double", name=US, jurisdiction="US", url="https://double.example")
    dams.link.listen(double.settings.public_url, lambda *asked: federate.answer(double, *asked))
    refused("peer.name-taken", lambda: peer.add(dams.kr, double.settings.public_url, terms=terms()))
    dams.link.listen(dams.us.settings.public_url, lambda *asked: federate.answer(double, *asked))
    refused("peer.name-taken", lambda: peer.look(dams.kr, dams.us.settings.public_url))


def test_what_answers_like_no_dam_is_told_as_that(dams: Pair) -> None:
    """Nonsense, a page, an identity that lacks a part, a lineage that leads elsewhere."""
    told = dict(proposals.own(dams.us))
    stranger = proposals.own(dams.kr)["lineage"]
    for code, body in (
        ("peer.unreachable", b"<html>"),
        ("peer.no-dam", b"{}"),
        ("peer.no-dam", seal.canonical({**told, "lineage": []})),
        ("peer.lineage-wrong", seal.canonical({**told, "lineage": stranger})),
    ):
        dams.link.listen("https://odd.example", lambda *_, body=body: PeerAnswer(status=200, body=body))
        if code == "peer.lineage-wrong":
            with pytest.raises(DamError):
                peer.look(dams.kr, "https://odd.example")
        else:
            refused(code, lambda: peer.look(dams.kr, "https://odd.example"))


def test_an_offer_can_be_taken_back_and_a_peering_ended(tmp_path: Path) -> None:
    """Before the other signed nothing is logged of it; afterwards its end is."""
    dams = two(tmp_path)
    peer.add(dams.kr, dams.us.settings.public_url, terms=terms())
    id = proposals.held(dams.kr)[0].other.id
    assert peer.end(dams.kr, id, "a mistake") is None
    refused("peer.terms-needed", lambda: peer.add(dams.us, dams.kr.settings.public_url))
    peer.add(dams.kr, dams.us.settings.public_url, terms=terms())
    peer.add(dams.us, dams.kr.settings.public_url)
    refused("order.words-wrong", lambda: peer.end(dams.kr, id, " "))
    assert peer.end(dams.kr, id, "over") == dams.kr.ledger.size - 1
    refused("peer.ended", lambda: peer.end(dams.kr, id, "again"))
    refused("peer.unknown", lambda: peer.end(dams.kr, "p-" + "0" * 20, "nobody"))
    assert peer.standing_of(dams.of(dams.kr)) == "ended"
    refused("peer.ended", lambda: follow.look(dams.kr, id))
    refused("peer.not-there", lambda: follow.look(dams.us, dams.of(dams.us).id))  # nobody there is its peer any more


def test_an_offer_is_made_anew_where_the_other_dam_has_another_key_by_now(tmp_path: Path) -> None:
    """A rotation between offer and signature: the first operator says it again, then the second signs."""
    dams = two(tmp_path)
    peer.add(dams.kr, dams.us.settings.public_url, terms=terms())
    rotate.rotate(dams.us, "dam", "yearly")
    refused("peer.terms-needed", lambda: peer.add(dams.us, dams.kr.settings.public_url))  # its new key is unknown there
    assert peer.add(dams.kr, dams.us.settings.public_url)["state"] == "offered"
    assert peer.add(dams.us, dams.kr.settings.public_url)["state"] == "peered"
    assert follow.look(dams.kr, dams.of(dams.kr).id).taken


def test_an_offer_that_says_something_else_of_the_two_is_not_signed(tmp_path: Path) -> None:
    """The statement for our own log must be about the dam that offers, the other one about us."""
    dams = two(tmp_path)
    peer.add(dams.kr, dams.us.settings.public_url, terms=terms())
    (held,) = proposals.held(dams.kr)
    proposals.keep(dams.kr, replace(held, theirs=held.ours))
    refused("peer.offer-other", lambda: peer.add(dams.us, dams.kr.settings.public_url))
    assert not peer.every(dams.us)


def test_terms_are_renewed_as_they_were_agreed(dams: Pair) -> None:
    """One offers others while the peering stands; until the other signs them, those of before hold."""
    urls = {world.settings.name: world.settings.public_url for world in dams.worlds}
    assert peer.add(dams.kr, urls[US], terms=terms(contact_seconds=60))["state"] == "offered"
    assert dams.of(dams.kr).digest == peers.digest(peers.read_terms(terms()))
    assert peer.look(dams.us, urls[KR]).terms == terms(contact_seconds=60)
    assert peer.add(dams.us, urls[KR])["state"] == "peered"
    for world in dams.worlds:
        assert peers.terms_of(dams.of(world)).contact_seconds == 60
        assert peer.add(world, urls[dams.other(world).settings.name])["state"] == "peered"
        rebuilds(world)


# --- requests ---------------------------------------------------------------------------------------------------------


def request(dams: Pair, **changes: object) -> tuple[str, between.Asked]:
    """A request of US to KR for its greeting, with a nonce that KR gave out; and its token."""
    world = dams.kr
    nonce = world.links.give(dams.of(world).id, world.clock())
    body = seal.canonical({"nonce": "n"})
    told = {"source": US, "target": KR, "method": "POST", "path": follow.GREETING, "body": body, "nonce": nonce}
    asked = between.Asked(**{**told, **changes})  # type: ignore[arg-type]
    return between.sign_request(asked, dams.us.secrets.private_key("sign")), asked


def answered(dams: Pair, token: str | None, asked: between.Asked) -> PeerAnswer:
    """What KR answers to it."""
    return federate.answer(dams.kr, asked.method, asked.path, token, asked.body)


def code_of(answer: PeerAnswer) -> str:
    """The code of a refusal."""
    return str(json.loads(answer.body)["code"])


def test_a_request_counts_once(dams: Pair) -> None:
    """Sent again, the nonce is used up; the answer has the next one."""
    token, asked = request(dams)
    first = answered(dams, token, asked)
    assert first.status == 200
    assert first.nonce
    again = answered(dams, token, asked)
    assert (again.status, code_of(again)) == (401, "peer.nonce-unknown")
    assert again.nonce not in {None, first.nonce}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"target": "third.example/log"}, "peer.request-other"),
        ({"method": "GET"}, "peer.request-other"),
        ({"path": follow.BATCH}, "peer.request-other"),
        ({"body": b"{}"}, "peer.request-other"),
        ({"source": "third.example/log"}, "peer.key-unknown"),
    ],
)
def test_a_request_that_was_signed_for_something_else_is_refused(
    dams: Pair, changes: dict[str, object], code: str
) -> None:
    """Another dam's, another method, path or body, another name: and the nonce is not used up by it."""
    token, _ = request(dams, **changes)
    _, asked = request(dams)
    answer = answered(dams, token, asked)
    assert (answer.status, code_of(answer), answer.nonce) == (401, code, None)
    assert dams.kr.links.counts[code] == 1


def test_strangers_and_odd_tokens_learn_nothing(dams: Pair, caplog: pytest.LogCaptureFixture) -> None:
    """No token, nonsense, a key that no peer has, a signature that does not hold: 401 without a nonce; it is told."""
    token, asked = request(dams)
    stranger = between.sign_request(asked, seal.new_key())
    head, body, tail = token.split(".")
    other = f"{head}.{body}.{base64.urlsafe_b64encode(bytes(64)).decode().rstrip('=')}"
    with caplog.at_level(logging.WARNING):
        for shown in (
            None,
            "",
            "a.b",
            "a.b.c",
            "x" * 5000,
            stranger,
            other,
            f"{head}.{head}.{tail}",
            f"{body}.{body}.{tail}",
        ):
            answer = answered(dams, shown, asked)
            assert (answer.status, answer.nonce) == (401, None)
    assert "peer.key-unknown" in caplog.text
    assert "peer.signature-wrong" in caplog.text


def test_a_flood_of_one_peer_is_paced_and_a_large_body_refused(dams: Pair) -> None:
    """Its bucket refills steadily; beyond it the answer is 429."""
    id = dams.of(dams.kr).id
    assert all(dams.kr.links.admits("p-", 3, 0.0) for _ in range(3))
    assert not dams.kr.links.admits("p-", 3, 0.0)
    assert dams.kr.links.admits("p-", 3, 60.0)
    token, asked = request(dams)
    dams.kr.links._paces[id] = (0.0, float("inf"))
    answer = answered(dams, token, asked)
    assert (answer.status, code_of(answer)) == (429, "request.too-often")
    large = reception.answer(
        dams.kr, federate.ROUTES, "POST", follow.BATCH, token=token, body=bytes(reception.MAX_ASKED + 1)
    )
    assert (large.status, code_of(large)) == (401, "request.too-large")


def test_paths_that_are_none_and_bodies_that_are_none_are_told_as_that(dams: Pair) -> None:
    """What a peer may ask is a closed list; each refusal is its code."""
    other = reception.of_peer(dams.us, dams.of(dams.us))
    refused("peer.not-there", lambda: reception.ask(dams.us, other, "POST", "/api/federation/nothing", {}))
    for method, path, body, said in (
        ("POST", follow.GREETING, b"[]", "request.malformed"),
        ("POST", follow.GREETING, b"{}", "peer.nonce-malformed"),
        ("POST", follow.GREETING, seal.canonical({"nonce": "x" * 101}), "peer.nonce-malformed"),
        ("GET", follow.BATCH + "?old=x", b"", "request.malformed"),
        ("GET", follow.BATCH, b"", "request.malformed"),
        ("POST", follow.BATCH, b"{}", "peer.batch-malformed"),
        ("POST", follow.BATCH, b"[" * 100_000, "json.malformed"),
        ("POST", follow.COSIGNATURE, seal.canonical({"note": 1}), "request.malformed"),
        ("POST", peer.CONCLUSION, b"{}", "statement.malformed"),
    ):
        error = refused("peer.refused", lambda m=method, p=path, b=body: reception.ask(dams.us, other, m, p, b))  # type: ignore[misc]
        assert error.facts["said"] == said
    beyond = refused("peer.other-size", lambda: reception.ask(dams.us, other, "GET", follow.BATCH + "?old=999"))
    assert beyond.facts["size"] == dams.kr.ledger.size


def test_a_dam_without_a_link_reaches_nobody(tmp_path: Path) -> None:
    """Where no link is wired nothing is sent."""
    world = a_world(tmp_path)
    refused("peer.unreachable", lambda: peer.look(world, "https://kr.example"))
    other = reception.Other(id="p-", origin="x", url="https://kr.example", keys={})
    refused("peer.unreachable", lambda: reception.ask(world, other, "GET", follow.SIZE))


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (429, b'{"code":"request.too-often"}', "peer.unreachable"),
        (500, b"{}", "peer.unreachable"),
        (200, b"[]", "peer.unreachable"),
        (409, b'{"code":"x","facts":{"size":"1"}}', "peer.refused"),
        (403, b'{"code":"x"}', "peer.refused"),
        (404, b"{}", "peer.not-there"),
    ],
)
def test_whatever_a_peer_answers_is_one_of_ours(dams: Pair, status: int, body: bytes, code: str) -> None:
    """Its status and its code are told; nothing of it is believed."""
    dams.link.listen(dams.us.settings.public_url, lambda *_: PeerAnswer(status=status, body=body))
    refused(code, lambda: follow.look(dams.kr, dams.of(dams.kr).id))


# --- what crosses -----------------------------------------------------------------------------------------------------


def test_an_order_binds_in_both_dams_and_its_lift_frees_both(dams: Pair) -> None:
    """Pushed, it denies the next request there with the order's own reason; lifted, it does not."""
    person = reader(dams.us)
    assert reasons(dams.us, ask_of(person)) == set()
    made = order.suspend(dams.kr, ["business"], ["JP"], standard=None, reason="stop", ground="Act 1 article 2")
    push.tell(dams.kr, dams.of(dams.kr).id)
    assert reasons(dams.us, ask_of(person)) == {"ask.order"}
    assert reasons(dams.us, ask_of(person, "US")) == set()
    order.lift(dams.kr, made.id, "over")
    push.tell(dams.kr, dams.of(dams.kr).id)
    assert reasons(dams.us, ask_of(person)) == set()
    rebuilds(dams.us)


def test_an_order_out_of_scope_binds_at_home_only(dams: Pair) -> None:
    """For a standard that the peering is not about: it is not adopted, it is counted, and nothing else stops."""
    publish.publish(
        dams.kr, standard_text().replace("test.reading", "test.other").replace("test_reading", "test_other")
    )
    order.suspend(dams.kr, ["business"], ["JP"], standard="test.other", reason="stop", ground="Act 1")
    order.suspend(dams.kr, ["personal"], ["JP"], reason="stop", ground="Act 1")
    looked = follow.look(dams.us, dams.of(dams.us).id)
    assert looked.adopted == 0
    assert order.orders(dams.us) == []
    assert dams.us.links.counts["adoption.scope"] == 2
    assert dams.of(dams.us).heard


def test_only_what_was_taken_in_order_is_taken_and_a_replayed_push_changes_nothing(dams: Pair) -> None:
    """A batch from elsewhere is answered with the size to begin at; the same batch again too."""
    kr, us = dams.of(dams.kr), dams.of(dams.us)
    follow.look(dams.us, us.id)
    order.suspend(dams.kr, ["business"], ["JP"], reason="stop", ground="Act 1")
    batch = follow.batch_for(dams.kr, kr, followed(dams, dams.us).size)
    assert follow.send(dams.kr, kr, batch)["size"] == dams.kr.ledger.size
    size = dams.us.ledger.size
    for old in (0, batch.old):
        told = refused("peer.other-size", lambda old=old: follow.send(dams.kr, kr, follow.batch_for(dams.kr, kr, old)))  # type: ignore[misc]
        assert told.facts["size"] == dams.kr.ledger.size
    assert dams.us.ledger.size == size
    assert len(order.orders(dams.us)) == 1


def _altered(batch: federation.Batch, change: str) -> bytes:
    told = json.loads(batch.write())
    match change:
        case "signature":
            outer = json.loads(told["bodies"][-1])
            outer["signatures"][0]["signature"] = seal.encode(bytes(64))
            told["bodies"][-1] = seal.canonical(outer).decode()
        case "no body":
            told["bodies"] = told["bodies"][:-1]
        case "payload":
            outer = json.loads(told["bodies"][-1])
            body = {**seal.parse(seal.decode(outer["payload"])), "reason": "another"}
            outer["payload"] = seal.encode(seal.canonical(body))
            told["bodies"][-1] = seal.canonical(outer).decode()
        case "entry":
            told["entries"][-1] = told["entries"][-1][:-1] + ("0" if told["entries"][-1][-1] != "0" else "1")
        case "order":
            told["entries"].reverse()
        case "root":
            lines = told["checkpoint"].split("\n")
            lines[2] = note.base64_of(bytes(32))
            told["checkpoint"] = "\n".join(lines)
        case "deep":
            told["bodies"][-1] = "[" * 200_000
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize("change", ["signature", "no body", "payload", "entry", "order", "root", "deep"])
def test_an_altered_batch_changes_nothing(dams: Pair, change: str) -> None:
    """One body, entry or root that is another, too few, too deep: refused, counted, nothing of it is served.

    What the peer signed as it was is told to everybody, once; what may have been spoilt on its way is not.
    """
    kr, us = dams.of(dams.kr), dams.of(dams.us)
    follow.look(dams.us, us.id)
    reader(dams.kr)
    order.suspend(dams.kr, ["business"], ["JP"], reason="stop", ground="Act 1")
    data = _altered(follow.batch_for(dams.kr, kr, followed(dams, dams.us).size), change)
    before, size = followed(dams, dams.us), dams.us.ledger.size
    other = reception.of_peer(dams.kr, kr)
    dams.link.listen(KR_URL, _with_consistency(dams.kr))
    with pytest.raises(DamError):
        follow._take(dams.us, us, federation.Batch.read(data))
    assert not faults(dams.us)
    for _ in range(2):
        counted = dams.us.links.counts.total()
        with pytest.raises((Refused, Unavailable)):
            reception.ask(dams.kr, other, "POST", follow.BATCH, data)
        assert dams.us.links.counts.total() > counted
    assert followed(dams, dams.us) == before
    shown = {"signature": [FaultKind.UNSIGNED], "no body": [FaultKind.ALTERED], "payload": [FaultKind.ALTERED]}
    assert [one.fault for one in faults(dams.us)] == shown.get(change, [])
    assert dams.us.ledger.size == size + len(faults(dams.us))
    assert dams.of(dams.us).heard
    assert follow.look(dams.us, us.id).adopted == 1  # and the right one is taken after it


def test_a_peer_is_shown_nothing_that_is_not_its_own_to_see(dams: Pair) -> None:
    """Deposits, decisions, grants, releases to members here: entries alone. Withdrawals only in scope."""
    person = reader(dams.kr)
    other_text = standard_text().replace("test.reading", "test.other").replace("test_reading", "test_other")
    publish.publish(dams.kr, other_text)
    deposits = {one: person.deposits(dams.kr, one, GOOD).id for one in (STANDARD, "test.other")}
    decide.decide(dams.kr, ask_of(person))
    for id in deposits.values():
        told = person.states(
            Kind.WITHDRAWAL, {"contributor": person.id, "deposits": [id], "replaced_by": None, "reason": "over"}
        )
        withdrawals.withdraw(dams.kr, person.caller, seal.envelope(told))
    join.suspend(dams.kr, person.id, "a while")
    batch = follow.batch_for(dams.kr, dams.of(dams.kr), 0)
    shown = [seal.opened(body) for body in batch.bodies]
    activity = [one for one in shown if one.clazz is not Class.REGISTRY]
    assert {one.kind for one in activity} <= {Kind.WITHDRAWAL, Kind.PURGE, Kind.MEMBER_CHANGE}
    assert [one.body["deposits"] for one in activity if one.kind is Kind.WITHDRAWAL] == [[deposits[STANDARD]]]
    assert set(batch.about.values()) == {STANDARD}
    assert any(one.kind is Kind.MEMBER_CHANGE for one in activity)
    # the same, from the bodies alone, as after a restart
    dams.kr.links.since = None
    assert follow.batch_for(dams.kr, dams.of(dams.kr), 0).bodies == batch.bodies
    ended = replace(dams.of(dams.kr), until=1)
    assert {seal.opened(one).clazz for one in follow.batch_for(dams.kr, ended, 0).bodies} == {Class.REGISTRY}


def test_what_is_said_of_a_guest_is_its_homes_to_see_and_no_other_peers(dams: Pair) -> None:
    """Suspended here, its home is shown that; a third dam is not, nor is anybody where no guests are taken."""
    person = Person("guest", jurisdiction="US").joins(dams.us)
    follow.look(dams.kr, dams.of(dams.kr).id)
    state.record(dams.kr, peerings.guest(dams.kr, dams.us, person))
    join.suspend(dams.kr, person.id, "a while")
    home = dams.of(dams.kr)

    def shown(to: peers.Peer) -> set[Kind]:
        return {seal.opened(one).kind for one in follow.batch_for(dams.kr, to, 0).bodies}

    assert Kind.MEMBER_CHANGE in shown(home)
    assert Kind.MEMBER_CHANGE not in shown(replace(home, id="p-" + "0" * 20))
    none = peers.canonical(peers.read_terms(terms(guests=False))).decode()
    assert Kind.MEMBER_CHANGE not in shown(replace(home, terms=none))
    assert {Kind.GUEST, Kind.PEERING} <= shown(replace(home, terms=none))  # what everybody may read


def test_a_suspension_at_home_binds_where_the_member_is_a_guest(dams: Pair) -> None:
    """Pushed; and so does that it was taken back, and that the member left."""
    person = Person("guest", jurisdiction="US").joins(dams.us)
    follow.look(dams.kr, dams.of(dams.kr).id)
    state.record(dams.kr, peerings.guest(dams.kr, dams.us, person))
    found = []
    for change in (join.suspend, join.resume, join.expel):
        change(dams.us, person.id, "said at home")
        push.tell(dams.us, dams.of(dams.us).id)
        with dams.kr.store.read() as rows:
            guest = rows.get(Member, person.id)
        assert guest is not None
        found.append((guest.suspended, guest.until is not None))
    assert found == [(True, False), (False, False), (False, True)]
    rebuilds(dams.kr)


def test_a_withdrawal_in_scope_is_known_to_the_peer(dams: Pair) -> None:
    """Its standard comes with it, and the peer's tables name its deposits."""
    person = reader(dams.kr)
    deposit = person.deposits(dams.kr, STANDARD, GOOD).id
    told = person.states(
        Kind.WITHDRAWAL, {"contributor": person.id, "deposits": [deposit], "replaced_by": None, "reason": "over"}
    )
    withdrawals.withdraw(dams.kr, person.caller, seal.envelope(told))
    push.tell(dams.kr, dams.of(dams.kr).id)
    with dams.us.store.read() as rows:
        (found,) = rows.find(PeerWithdrawal)
    assert (found.standard, found.deposits) == (STANDARD, (deposit,))
    rebuilds(dams.us)


def test_a_rotation_of_the_peers_keys_is_followed(dams: Pair) -> None:
    """Its statement key and its log's: what it signs with the next ones is believed, because its log leads there."""
    follow.look(dams.us, dams.of(dams.us).id)
    for use in ("dam", "log"):
        rotate.rotate(dams.kr, use, "yearly")
        rotate.retire(dams.kr, use, "done", now=True)
    order.suspend(dams.kr, ["business"], ["JP"], reason="stop", ground="Act 1")
    follow.look(dams.us, dams.of(dams.us).id)
    assert len(order.orders(dams.us)) == 1
    assert dams.of(dams.us).log == dams.kr.ledger.vkey
    order.suspend(dams.kr, ["business"], ["CN"], reason="stop", ground="Act 1")
    push.tell(dams.kr, dams.of(dams.kr).id)
    assert len(order.orders(dams.us)) == 2
    rebuilds(dams.us)


def test_what_a_crash_left_unadopted_is_adopted_by_the_next_look(dams: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bodies were kept and believed, nothing was logged of them yet."""
    us = dams.of(dams.us)
    follow.look(dams.us, us.id)
    order.suspend(dams.kr, ["business"], ["JP"], reason="stop", ground="Act 1")

    def crash(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(adopt, "bind", crash)
        with pytest.raises(KeyboardInterrupt):
            follow.look(dams.us, us.id)
    assert adopt.waiting(dams.us, us.id)
    assert order.orders(dams.us) == []
    follow.look(dams.us, us.id)
    assert len(order.orders(dams.us)) == 1
    assert not adopt.waiting(dams.us, us.id)
    dams.us.links.followers.clear()  # as after a restart: it is read from the store
    reader(dams.kr)
    assert follow.look(dams.us, us.id).taken


# --- contact ----------------------------------------------------------------------------------------------------------


def test_a_peer_that_is_not_heard_closes_its_scope_and_nothing_else(dams: Pair) -> None:
    """Older than agreed: every ask in scope is denied, from the first one on, remembered answers too; then it opens."""
    person = reader(dams.us)
    follow.look(dams.us, dams.of(dams.us).id)
    assert reasons(dams.us, ask_of(person)) == set()
    dams.cut(dams.kr)
    forward(dams.us, seconds=3599)
    refused("peer.unreachable", lambda: follow.look(dams.us, dams.of(dams.us).id))
    assert reasons(dams.us, ask_of(person)) == set()
    forward(dams.us, seconds=1)
    assert reasons(dams.us, ask_of(person)) == {"ask.peer-silent"}
    assert peer.standing_of(dams.of(dams.us)) == "silent"
    size = dams.us.ledger.size
    contact.settle(dams.us)
    assert dams.us.ledger.size == size  # said once
    dams.join(dams.kr)
    follow.look(dams.us, dams.of(dams.us).id)
    assert reasons(dams.us, ask_of(person)) == set()
    assert [one.silent for one in peer.contacts(dams.us, dams.of(dams.us).id)] == [True, False]
    rebuilds(dams.us)


def test_all_that_was_missed_is_adopted_before_the_peer_counts_as_heard(dams: Pair) -> None:
    """Cut off, an order is lifted and another issued: the log has both before `heard`, nothing stale is served."""
    person = reader(dams.us)
    first = order.suspend(dams.kr, ["business"], ["CN"], reason="stop", ground="Act 1")
    follow.look(dams.us, dams.of(dams.us).id)
    dams.cut(dams.kr)
    order.lift(dams.kr, first.id, "over")
    order.suspend(dams.kr, ["business"], ["JP"], reason="stop", ground="Act 2")
    forward(dams.us, hours=2)
    assert reasons(dams.us, ask_of(person)) == {"ask.peer-silent"}
    dams.join(dams.kr)
    follow.look(dams.us, dams.of(dams.us).id)
    kinds = [dams.us.ledger.statement(id).kind for _, id in dams.us.ledger.entries()][-3:]
    assert kinds == [Kind.ADOPTION, Kind.ADOPTION, Kind.PEER_CONTACT]
    assert reasons(dams.us, ask_of(person)) == {"ask.order"}
    assert reasons(dams.us, ask_of(person, "CN")) == set()


@pytest.mark.parametrize("hours", [-30, 30])
def test_a_peers_clock_has_no_effect(dams: Pair, hours: int) -> None:
    """A day before or behind: it is heard, what it orders binds, and it falls silent by our clock alone."""
    person = reader(dams.us)
    forward(dams.kr, hours=hours)
    order.suspend(dams.kr, ["business"], ["JP"], reason="stop", ground="Act 1")
    follow.look(dams.us, dams.of(dams.us).id)
    assert reasons(dams.us, ask_of(person)) == {"ask.order"}
    assert followed(dams, dams.us).contact == instant(START)
    forward(dams.us, seconds=3600)
    assert reasons(dams.us, ask_of(person)) == {"ask.order", "ask.peer-silent"}


def test_a_push_is_contact_from_when_its_nonce_was_given_out(dams: Pair) -> None:
    """A held back push is no younger than its nonce; one that is not complete, or of before, is no contact."""
    kr = dams.of(dams.kr)
    follow.look(dams.us, dams.of(dams.us).id)
    forward(dams.us, seconds=100)
    order.suspend(dams.kr, ["business"], ["JP"], reason="stop", ground="Act 1")
    push.tell(dams.kr, kr.id)  # asks for the size first: its nonce is of now
    assert followed(dams, dams.us).contact == instant(START + timedelta(seconds=100))
    forward(dams.us, seconds=100)
    order.suspend(dams.kr, ["business"], ["CN"], reason="stop", ground="Act 1")
    batch = follow.batch_for(dams.kr, kr, followed(dams, dams.us).size)
    follow.send(dams.kr, kr, batch)  # with the nonce of the last answer
    assert followed(dams, dams.us).contact == instant(START + timedelta(seconds=100))


def test_contact_that_is_not_known_any_more_is_silence(dams: Pair) -> None:
    """Whoever lost what was kept beside the log serves nothing in scope until the peer is heard."""
    person = reader(dams.us)
    with dams.us.store.transaction() as rows:
        rows.remove(followed(dams, dams.us))
    dams.us.links.deadline = None
    assert reasons(dams.us, ask_of(person)) == {"ask.peer-silent"}
    follow.look(dams.us, dams.of(dams.us).id)
    assert reasons(dams.us, ask_of(person)) == set()


# --- lies -------------------------------------------------------------------------------------------------------------


def lying(dams: Pair, *, entries: int) -> World:
    """KR with another history: of its log as it was only so many entries, and then others."""
    kr = dams.kr
    log, bodies = MemoryLog(), MemoryBodies()
    ledger = Ledger(log, bodies, key=kr.secrets.private_key("log"), origin=KR)
    other = replace(kr, ledger=ledger, bodies=bodies, store=MemoryStore(), links=type(kr.links)())
    kept = [kr.ledger.statement(id) for _, id in kr.ledger.entries()][:entries]
    state.record(other, *kept)
    dams.link.listen(kr.settings.public_url, lambda *asked: federate.answer(other, *asked))
    return other


def _extended(dams: Pair) -> None:
    reader(dams.kr)
    follow.look(dams.us, dams.of(dams.us).id)


def test_a_rollback_is_shown_to_everybody_within_one_pull(dams: Pair) -> None:
    """A smaller log under a fresh nonce: logged with the greeting and the checkpoint of before; its scope closes."""
    person = reader(dams.us)
    _extended(dams)
    lying(dams, entries=2)
    refused("peer.rolled-back", lambda: follow.look(dams.us, dams.of(dams.us).id))
    (fault,) = faults(dams.us)
    assert fault.fault is FaultKind.ROLLED_BACK
    keys = reception.of_peer(dams.us, dams.of(dams.us)).keys
    claims = json.loads(seal.decode(fault.evidence["greeting"].split(".")[1]))
    between.check_greeting(fault.evidence["greeting"], origin=KR, to=US, nonce=claims["nonce"], keys=keys)
    before = note.open_checkpoint(fault.evidence["checkpoint"], dams.kr.ledger.vkey)
    assert claims["size"] < before.size
    (shown,) = peer.public(dams.us)["items"]
    assert (shown["state"], shown["faults"][0]["fault"]) == ("distrusted", "rolled-back")
    assert reasons(dams.us, ask_of(person)) == {"ask.peer-silent"}
    refused("peer.distrusted", lambda: follow.look(dams.us, dams.of(dams.us).id))
    rebuilds(dams.us)


@pytest.mark.parametrize("more", [0, 1])
def test_a_fork_is_shown_to_everybody_within_one_pull(dams: Pair, more: int) -> None:
    """Another history of the same size, or of a larger one: both notes are in our log, nothing more is believed."""
    _extended(dams)
    size = followed(dams, dams.us).size
    other = lying(dams, entries=2)
    while other.ledger.size < size + more:
        order.suspend(other, ["business"], ["JP"], reason="another story", ground="Act 9")
    dams.link.listen(other.settings.public_url, _with_consistency(other))
    refused("peer.forked", lambda: follow.look(dams.us, dams.of(dams.us).id))
    (fault,) = faults(dams.us)
    assert fault.fault is FaultKind.FORKED
    assert order.orders(dams.us) == []
    refused("peer.distrusted", lambda: follow.look(dams.us, dams.of(dams.us).id))


def _with_consistency(world: World) -> Callable[..., PeerAnswer]:
    """A dam that answers everybody who asks for a proof of consistency, as a served one does."""

    def answers(method: str, path: str, token: str | None, body: bytes) -> PeerAnswer:
        plain, _, query = path.partition("?")
        if plain == accuse.CONSISTENCY:
            old, new = (int(part.partition("=")[2]) for part in query.split("&"))
            proof = [seal.encode(one) for one in world.ledger.consistency(old, new)]
            return PeerAnswer(status=200, body=seal.canonical({"proof": proof}))
        return federate.answer(world, method, path, token, body)

    return answers


def test_a_batch_that_was_spoilt_on_its_way_is_no_fork(dams: Pair) -> None:
    """Where the log can show that it extends what was followed, nobody is accused."""
    _extended(dams)
    dams.link.listen(KR_URL, _with_consistency(dams.kr))
    order.suspend(dams.kr, ["business"], ["JP"], reason="stop", ground="Act 1")
    batch = follow.batch_for(dams.kr, dams.of(dams.kr), followed(dams, dams.us).size)
    held = followed(dams, dams.us)
    spoilt = federation.Batch.read(_altered(batch, "entry"))
    refused("peer.root-other", lambda: follow._take(dams.us, dams.of(dams.us), spoilt))
    assert followed(dams, dams.us) == held
    assert not faults(dams.us)


KR_URL = "https://kr.example"


def test_a_statement_that_its_parties_did_not_sign_is_shown_with_its_envelope(dams: Pair) -> None:
    """An order by somebody without standing, put into a log by whoever runs it: evidence, and no order."""
    _extended(dams)
    anybody = seal.new_key()
    forged = seal.state(
        Kind.ORDER,
        {"classes": ["business"], "destinations": ["JP"], "standard": None, "reason": "x", "ground": "y"},
        issued=instant(START),
        key=anybody,
    )
    dams.kr.ledger.append([forged])
    for _ in range(2):
        refused("peer.refused", lambda: push.tell(dams.kr, dams.of(dams.kr).id))
        with pytest.raises(Untrusted):
            follow.look(dams.us, dams.of(dams.us).id)
    (fault,) = faults(dams.us)  # said once
    assert fault.fault is FaultKind.UNSIGNED
    assert seal.opened(fault.evidence["envelope"]).id == forged.id
    assert between.named(fault.evidence["request"])[1] == KR
    assert order.orders(dams.us) == []
    forward(dams.us, hours=1)
    person = reader(dams.us)
    assert reasons(dams.us, ask_of(person)) == {"ask.peer-silent"}  # what comes after it cannot be known


def test_a_greeting_of_another_or_of_before_is_no_contact(dams: Pair) -> None:
    """Somebody in the middle who answers with what was signed once does not keep a scope open."""
    follow.look(dams.us, dams.of(dams.us).id)
    caught: list[PeerAnswer] = []

    def replaying(method: str, path: str, token: str | None, body: bytes) -> PeerAnswer:
        answer = federate.answer(dams.kr, method, path, token, body)
        if path == follow.GREETING and answer.status == 200:
            caught.append(answer)
            return caught[0]
        return answer

    dams.link.listen(KR_URL, replaying)
    follow.look(dams.us, dams.of(dams.us).id)
    at = followed(dams, dams.us).contact
    forward(dams.us, seconds=60)
    refused("peer.greeting-other", lambda: follow.look(dams.us, dams.of(dams.us).id))
    assert followed(dams, dams.us).contact == at


@pytest.mark.parametrize("field", ["size", "root", "nonce"])
def test_a_greeting_is_read_strictly(field: str) -> None:
    """Sizes that are none, roots that are none, nonces that are none."""
    key = seal.new_key()
    keys = {seal.thumbprint(key): key}
    claims = {"origin": KR, "to": US, "nonce": "n", "size": 1, "root": note.base64_of(bytes(32))}
    odd = {"size": True, "root": "AA==", "nonce": "m"}
    token = between._signed(between.GREETING, {**claims, field: odd[field]}, key)
    refused("peer.greeting-other", lambda: between.check_greeting(token, origin=KR, to=US, nonce="n", keys=keys))
    good = between._signed(between.GREETING, claims, key)
    assert between.check_greeting(good, origin=KR, to=US, nonce="n", keys=keys).size == 1


# --- cosignatures -----------------------------------------------------------------------------------------------------


def test_each_cosigns_the_others_checkpoints(dams: Pair) -> None:
    """After a pull and after a push the peer's cosignature is kept: by its own key, under our newest checkpoint."""
    follow.look(dams.us, dams.of(dams.us).id)
    reader(dams.kr)
    push.tell(dams.kr, dams.of(dams.kr).id)
    held = followed(dams, dams.kr).cosignature
    assert held is not None
    vkey = proposals.cosigner(dams.us)
    seen, _ = cosignature.cosigned(held, vkey)
    assert seen.size == dams.kr.ledger.size
    assert note.open_checkpoint(held, dams.kr.ledger.vkey) == seen


def test_a_cosignature_of_something_else_is_not_kept(dams: Pair) -> None:
    """By another key, or under a checkpoint that is none of ours."""
    follow.look(dams.us, dams.of(dams.us).id)
    held = followed(dams, dams.kr).cosignature
    other = reception.of_peer(dams.us, dams.of(dams.us))
    theirs = dams.us.ledger.checkpoint()
    line = cosignature.cosign(theirs, proposals.cosigner_name(dams.us), dams.us.secrets.private_key("cosign"), now=9)
    for text in (dams.kr.ledger.checkpoint(), theirs + line):
        refused(
            "peer.refused",
            lambda text=text: reception.ask(dams.us, other, "POST", follow.COSIGNATURE, {"note": text}),  # type: ignore[misc]
        )
    assert followed(dams, dams.kr).cosignature == held
    assert follow.cosigned_by(dams.kr, dams.of(dams.kr), {"note": None}) == 0


# --- couriers ---------------------------------------------------------------------------------------------------------


def test_while_a_dam_is_served_peers_are_told_by_themselves(dams: Pair) -> None:
    """An order binds in the other dam although nobody asks for it; the end of a peering is told too."""
    with push.couriers(dams.kr), push.couriers(dams.us):
        made = order.suspend(dams.kr, ["business"], ["JP"], reason="stop", ground="Act 1")
        assert _until(lambda: [one.id for one in order.orders(dams.us)] == [made.id])
        peer.end(dams.kr, dams.of(dams.kr).id, "over")
        assert _until(lambda: followed(dams, dams.us).size == dams.kr.ledger.size)


def _until(holds: Callable[[], bool], tries: int = 600) -> bool:
    """Whether something comes to hold soon; each look gives other threads their turn."""
    for _ in range(tries):
        if holds():
            return True
        time.sleep(0.02)
    return False


def test_a_peer_that_is_away_holds_nobody_up_and_is_told_when_it_is_back(dams: Pair) -> None:
    """Couriers start and end; what was logged meanwhile is told."""
    dams.cut(dams.us)
    with push.couriers(dams.kr, patience=0.1):
        made = order.suspend(dams.kr, ["business"], ["JP"], reason="stop", ground="Act 1")
        assert _until(lambda: dams.kr.links.counts["peer.unreachable"] > 1)
        dams.join(dams.us)
        assert _until(lambda: [one.id for one in order.orders(dams.us)] == [made.id])


def test_a_dam_that_was_restored_from_before_learns_it_from_its_peer(dams: Pair) -> None:
    """Whoever has seen more of our log than we hold is not told anything."""
    _extended(dams)
    other = lying(dams, entries=2)
    refused("peer.ahead", lambda: push.tell(other, dams.of(dams.kr).id))


def test_a_thread_that_breaks_is_told_and_goes_on(dams: Pair, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever it was, nothing else stops."""
    with caplog.at_level(logging.ERROR):
        assert not push._quietly(dams.kr, "x", lambda: 1 // 0)
    assert "ZeroDivisionError" in caplog.text
