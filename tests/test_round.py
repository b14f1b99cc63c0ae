"""Rounds over two dams: what both learn, what makers read, and every way in which one is refused or ends."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import matches
from datadam import overlap, seal
from datadam.client import rounds
from datadam.dam import peer, publish, reception, round, rounding, state  # noqa: A004  (the noun)
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import DamError, Refused
from datadam.model import Json, Kind, Member
from datadam.rounds import Announced, Course, Message, Payload, Planned, Running
from matches import CLOSES, GRAPHITE, STANDARD, Maker, a_maker, a_plan, item
from peered_dams import KR, US, Pair
from worlds import Person, rebuilds, refused, standard_text

DEEP = item(999)


@pytest.fixture
def made(tmp_path: Path) -> Pair:
    """Two dams that peer about supply links."""
    return matches.two(tmp_path)


def three(made: Pair, this: overlap.Round) -> list[Maker]:
    """Three makers that handed their bags in; the first two depend on one supplier, through different ones."""
    makers = [
        a_maker(made.kr, "One", [item(1)]),
        a_maker(made.us, "Two", [item(2)], jurisdiction="US"),
        a_maker(made.kr, "Three", [item(3)]),
    ]
    deep = [overlap.bag(this, 1, [item(10 + at)], [overlap.bag(this, 2, [DEEP], [])]) for at in (0, 1)]
    for maker, received in zip(makers, (deep[:1], deep[1:], []), strict=True):
        maker.commits(this)
        maker.hands_in(this, received)
    return makers


def said(world: World, this: overlap.Round, member: str | None) -> dict[str, Any]:
    """What a dam's log says of a round, to itself or to one maker."""
    for _, id in world.ledger.entries():
        statement = world.ledger.statement(id)
        if statement.kind is Kind.MATCH and statement.body["member"] == member:
            assert statement.body["round"] == this.id.hex()
            return dict(statement.body)
    raise AssertionError


def noted(world: World, this: overlap.Round) -> list[tuple[str, str, int]]:
    """What the operator sees that was refused of a round."""
    seen = round.insight(world, round.find(world, this.id.hex()))
    return [(one.member, one.code, one.count) for one in seen.refusals]


# --- what comes of one ------------------------------------------------------------------------------------------------


def test_a_supplier_three_tiers_down_is_found_and_only_makers_read_what_it_is(made: Pair) -> None:
    """Two makers in two countries share one; the dams see who shares how many, makers read code and count."""
    this = matches.opened(made)
    one, two, other = three(made, this)
    assert matches.run(made, this) == "found"
    reading = (overlap.Reading("CHN", GRAPHITE, 2, 2),)
    assert (one.result(this), two.result(this), other.result(this)) == (reading, reading, ())
    for world in made.worlds:
        body = said(world, this, None)
        assert body["shared"] == [{"makers": sorted([one.id, two.id]), "count": 1}]
        homes = {(one.id, KR), (two.id, US), (other.id, KR)}
        assert {(each["member"], each["dam"]) for each in body["makers"]} == homes
        assert round.learned(world, round.find(world, this.id.hex())) == {
            name: body[name] for name in ("makers", "shared")
        }
        rebuilds(world)
    assert said(made.kr, this, one.id)["shows"] == 1
    refused("round.not-signed", lambda: round.result(made.us, one.person.caller, this.id.hex()))


def test_keys_and_bags_are_gone_when_it_is_over(made: Pair) -> None:
    """All that is left are the messages that makers still fetch; the secret of the plan would be another one now."""
    this = matches.opened(made)
    before = [round.secret(world, round.find(world, this.id.hex())) for world in made.worlds]
    one, two, other = three(made, this)
    matches.run(made, this)
    for world, secret, mine in zip(made.worlds, before, ({one.id, other.id}, {two.id}), strict=True):
        with world.store.read() as rows:
            left = rows.find(Payload, round=this.id.hex())
            assert {item.maker for item in left} == mine
            assert {item.step for item in left} == {"handed-0", "handed-1"}
            assert not rows.find(Running)
            assert not rows.find(Planned)
        assert round.secret(world, round.find(world, this.id.hex())).to_bytes() != secret.to_bytes()
    rounding.close(made.kr, this.id.hex(), "done with")
    refused("round.no-result", lambda: round.result(made.kr, one.person.caller, this.id.hex()))
    assert two.result(this)


def test_what_a_maker_shows_is_checked_without_any_dam(made: Pair) -> None:
    """Receipt, both dams' proofs and the key of this one result; a byte changed and it does not hold."""
    this = matches.opened(made)
    one, *_ = three(made, this)
    matches.run(made, this)
    told = round.result(made.kr, one.person.caller, this.id.hex())
    shown: dict[str, Any] = {"v": 1, "round": this.to_json(), "receipt": told["receipt"], "handed": told["handed"]}
    shown["reader"] = seal.encode(one.secret)
    body, readings = rounds.check_shown(shown, made.kr.ledger.vkey)
    assert (body["member"], [reading.makers for reading in readings]) == (one.id, [2])
    other = {**shown, "handed": told["handed"][::-1]}
    refused("client.answer-other", lambda: rounds.check_shown(other, made.kr.ledger.vkey))
    refused("match.result-malformed", lambda: rounds.check_shown({}, made.kr.ledger.vkey))
    with pytest.raises(DamError):
        rounds.check_shown(shown, made.us.ledger.vkey)


# --- crashes and cuts -------------------------------------------------------------------------------------------------


class Crash(Exception):
    """Stops a dam in the middle of a step."""


@pytest.mark.parametrize("at", range(0, 24, 3))
def test_a_crash_in_the_middle_goes_on_where_it_was(made: Pair, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Whatever message was kept or sent when one dam stopped: the result is that of a round without a crash."""
    this = matches.opened(made)
    one, two, _ = three(made, this)
    matches.know(made)
    count = iter(range(1000))
    kept, asked = round.keep, reception.ask

    def keep(*told: Any) -> None:
        kept(*told)
        if next(count) == at:
            raise Crash

    def ask(*told: Any) -> Json:
        answered = asked(*told)
        if next(count) == at:
            raise Crash
        return answered

    with monkeypatch.context() as patched:
        patched.setattr(round, "keep", keep)
        patched.setattr(reception, "ask", ask)
        for world in (*made.worlds, *made.worlds):
            try:
                rounding.run(world, this.id.hex())
            except (Crash, Refused):
                continue
    assert matches.run(made, this) == "found"
    assert one.result(this) == two.result(this) != ()


def test_a_dam_that_is_away_is_waited_for(made: Pair) -> None:
    """Nothing is lost while the link is cut, and nothing ends."""
    this = matches.opened(made)
    one, *_ = three(made, this)
    matches.know(made)
    made.cut(made.us)
    rounding.run(made.kr, this.id.hex())
    assert rounding.advance_all(made.kr) == 1
    assert round.told(made.kr, round.find(made.kr, this.id.hex()))["state"] == "running"
    made.join(made.us)
    assert matches.run(made, this) == "found"
    assert one.result(this)


def test_a_dam_that_stopped_after_the_log_knew_still_destroys_what_it_held(made: Pair) -> None:
    """The log's word comes first, then the bytes go; a crash between is mended by the next turn."""
    this = matches.opened(made)
    three(made, this)
    told: Json = {"round": this.id.hex(), "member": None, "state": "ended", "reason": "r", "makers": []}
    facts = {**told, "shared": [], "handed": [], "shows": 0, "commitment": None}
    with made.kr.store.transaction() as rows:
        rows.put(Running(round=this.id.hex(), mine="[]"))
    state.record(made.kr, state.statement(made.kr, Kind.MATCH, facts))
    assert rounding.advance_all(made.kr) == 1
    assert rounding.advance_all(made.kr) == 0
    with made.kr.store.read() as rows:
        assert not rows.find(Payload, round=this.id.hex())


def test_two_threads_do_not_work_on_one_round(made: Pair) -> None:
    """Who finds it taken leaves it to the other."""
    this = matches.opened(made)
    three(made, this)
    with made.kr.matching:
        rounding.run(made.kr, this.id.hex())
    with made.kr.store.read() as rows:
        assert not rows.find(Message, round=this.id.hex(), step="first")


# --- rounds that end without a result ---------------------------------------------------------------------------------


def test_one_maker_alone_shares_nothing_and_both_logs_say_so(made: Pair) -> None:
    """The round ends with its reason; suppliers and makers get nothing."""
    this = matches.opened(made)
    maker = a_maker(made.kr, "One", [item(1)])
    maker.commits(this)
    maker.hands_in(this)
    assert matches.run(made, this) == "ended"
    assert {said(world, this, None)["reason"] for world in made.worlds} <= {"round.too-few", "peer: round.too-few"}
    refused("round.no-result", lambda: maker.result(this))
    for world in made.worlds:
        rebuilds(world)


def test_an_operator_ends_a_round_in_both_dams(made: Pair) -> None:
    """With its words, and nothing is taken any more."""
    this = matches.opened(made)
    maker = a_maker(made.kr, "One", [item(1)])
    refused("order.words-wrong", lambda: rounding.close(made.kr, this.id.hex(), " "))
    assert rounding.close(made.kr, this.id.hex(), "a mistake")["reason"] == "a mistake"
    assert round.find(made.us, this.id.hex()).reason == "peer: a mistake"
    refused("round.over", lambda: maker.commits(this))
    refused("round.over", lambda: rounding.run(made.us, this.id.hex()))


@pytest.mark.parametrize("step", ["first", "second", "last", "shares-1"])
def test_a_message_that_proves_nothing_ends_the_round(made: Pair, step: str) -> None:
    """A byte changed by the other dam on its way is never worked with: both logs say why there is no result."""
    this = matches.opened(made)
    three(made, this)
    matches.know(made)
    kept = round.keep

    def keep(rows: Any, id: str, maker: str, name: str, data: bytes) -> None:
        kept(rows, id, maker, name, data[:200] + bytes(32) + data[232:] if name == step else data)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(round, "keep", keep)
        assert matches.run(made, this) == "ended"
    reasons = {str(said(world, this, None)["reason"]) for world in made.worlds}
    assert any("overlap." in reason for reason in reasons)


# --- announcing -------------------------------------------------------------------------------------------------------


def test_both_operators_say_the_same_plan_once_each_and_again_as_often_as_they_like(made: Pair) -> None:
    """One round is announced in both logs, with the same keys and the same id."""
    this = matches.opened(made)
    again = [round.open_round(world, other, a_plan(), CLOSES) for world, other in ((made.kr, US), (made.us, KR))]
    assert {one["round"] for one in again} == {this.id.hex()}
    assert [len(round.every(world)) for world in made.worlds] == [1, 1]
    assert round.of(round.find(made.us, this.id.hex())) == this


@pytest.mark.parametrize(
    ("code", "changes", "closes"),
    [
        ("round.repeated", {"caps": (18, 6, 3)}, CLOSES),
        ("round.repeated", {}, "2026-12-02T00:00:00Z"),
        ("round.dams-wrong", {"dams": ("a.example/log", US), "period": "2027-Q1"}, CLOSES),
        ("round.cap-too-large", {"caps": (30_001, 6, 3), "period": "2027-Q1"}, CLOSES),
        ("round.closes-wrong", {"period": "2027-Q1"}, "2026-01-01T00:00:00Z"),
        ("round.closes-wrong", {"period": "2027-Q1"}, "soon"),
        ("standard.unknown", {"standard": "no.such", "period": "2027-Q1"}, CLOSES),
        ("round.out-of-scope", {"standard": "test.other", "period": "2027-Q1"}, CLOSES),
    ],
)
def test_a_plan_that_is_no_round_of_both_is_refused(
    made: Pair, code: str, changes: dict[str, Any], closes: str
) -> None:
    """One a period, of these two dams, small enough to be passed on, in scope, before its time is over."""
    matches.opened(made)
    publish.publish(made.kr, standard_text().replace("id: test.reading", "id: test.other"))
    refused(code, lambda: round.open_round(made.kr, US, a_plan(**changes), closes))


def test_a_dam_that_is_no_peer_any_more_has_no_round(made: Pair) -> None:
    """After its end nothing is agreed."""
    peer.end(made.kr, made.of(made.kr).id, "over")
    refused("round.no-peer", lambda: round.open_round(made.kr, US, a_plan(), CLOSES))


def test_a_dam_whose_log_has_no_such_round_takes_no_message_of_it(made: Pair) -> None:
    """What a peer says of rounds that are not, of other steps and other makers, or anew in other words."""
    this = matches.opened(made)
    one, two, _ = three(made, this)
    other = reception.of_peer(made.kr, made.of(made.kr))

    def told(path: str, body: Json | bytes) -> str:
        with pytest.raises(DamError) as caught:
            reception.ask(made.kr, other, "POST", path, body)
        return str(caught.value.facts.get("said"))

    id = this.id.hex()
    assert told(rounding.STEP + f"?round={'0' * 64}&maker={one.id}&step=first", b"x") == "round.unknown"
    assert told(rounding.STEP + f"?round={id}&maker={one.id}&step=first", b"x") == "round.step-unexpected"
    assert told(rounding.MAKERS, {"round": id, "makers": 1}) == "request.malformed"
    stated = [seal.parse(seal.envelope(maker.commitment(this))) for maker in (one, two)]
    assert told(rounding.MAKERS, {"round": id, "makers": stated[:1]}) == "round.maker-unknown"
    matches.know(made)
    unsigned = seal.parse(seal.envelope(one.commitment(this, reader=None)))
    assert told(rounding.MAKERS, {"round": id, "makers": [unsigned]}) == "round.maker-wrong"
    stranger = Person("Stranger")
    forged = seal.state(Kind.COMMITMENT, dict(facts(one, this)), issued="2026-11-22T09:00:00Z", key=stranger.key)
    assert told(rounding.MAKERS, {"round": id, "makers": [seal.parse(seal.envelope(forged))]}) == "round.maker-unknown"
    assert reception.ask(made.kr, other, "POST", rounding.MAKERS, {"round": id, "makers": stated[:1]}) == {}
    assert told(rounding.MAKERS, {"round": id, "makers": []}) == "round.message-other"
    assert reception.ask(made.kr, other, "POST", rounding.STEP + f"?round={id}&maker={one.id}&step=first", b"x") == {}
    assert told(rounding.STEP + f"?round={id}&maker={one.id}&step=first", b"y") == "round.message-other"


def facts(maker: Maker, this: overlap.Round) -> dict[str, Any]:
    """What a maker's commitment says."""
    return {
        name: value
        for name, value in maker.commitment(this).body.items()
        if name not in {"v", "kind", "salt", "issued"}
    }


# --- members ----------------------------------------------------------------------------------------------------------


def test_a_bag_comes_once_from_a_maker_that_committed_and_signed(made: Pair) -> None:
    """Uncommitted, a supplier, unsigned, another bag, of another tier or round: refused, and kept for the operator."""
    this = matches.opened(made)
    id = this.id.hex()
    none, supplier, unsigned, maker = (
        a_maker(made.kr, name, [item(at)]) for at, name in enumerate(("None", "Supplier", "Unsigned", "Maker"))
    )
    supplier.commits(this, role="supplier", reader=None)
    unsigned.commits(this, reader=None)
    assert maker.commits(this) == made.kr.ledger.size - 1
    for one, code in ((none, "round.not-committed"), (supplier, "round.not-committed"), (unsigned, "round.not-signed")):
        refused(code, lambda one=one: one.hands_in(this))  # type: ignore[misc]
    first = overlap.bag(this, 0, maker.items, [])
    elsewhere = matches.opened(made, period="2027-Q1")
    hand = made.kr, maker.person.caller, id
    refused("overlap.round", lambda: round.hand_in(*hand, overlap.bag(elsewhere, 0, maker.items, [])))
    refused("overlap.unpadded", lambda: round.hand_in(*hand, overlap.bag(this, 1, maker.items, [])))
    refused("overlap.malformed", lambda: round.hand_in(*hand, first[:-1]))
    assert round.hand_in(*hand, first) == round.hand_in(*hand, first)
    refused("round.handed-in", lambda: maker.hands_in(this))
    codes = {(member, code) for member, code, _ in noted(made.kr, this)}
    assert {(none.id, "round.not-committed"), (unsigned.id, "round.not-signed"), (maker.id, "round.handed-in")} <= codes
    refused("round.unknown", lambda: round.hand_in(made.kr, maker.person.caller, "0" * 64, first))
    refused("ask.login-needed", lambda: round.hand_in(made.kr, Caller(), id, first))
    refused("round.not-signed", lambda: round.result(made.kr, none.person.caller, id))


def test_a_member_commits_once_as_itself_and_just_now(made: Pair) -> None:
    """One list a round: the same statement again is the same; another list, another's and an old one are refused."""
    this = matches.opened(made)
    one, two = (a_maker(made.kr, name, [item(at)]) for at, name in enumerate(("One", "Two")))
    first = seal.envelope(one.commitment(this))
    assert round.commit(made.kr, one.person.caller, first) == round.commit(made.kr, one.person.caller, first)
    assert round.committed(made.kr, one.person.caller, first)["statement"] == seal.opened(first).id
    refused("round.committed", lambda: one.commits(this))
    refused("round.not-yours", lambda: round.commit(made.kr, two.person.caller, first))
    stolen = overlap.reader(this, one.id, one.secret)
    refused("overlap.proof", lambda: two.commits(this, reader=stolen))
    old = seal.state(Kind.COMMITMENT, facts(two, this), issued="2026-01-01T00:00:00Z", key=two.person.key)
    refused("round.not-fresh", lambda: round.commit(made.kr, two.person.caller, seal.envelope(old)))
    refused("round.commitment-wrong", lambda: two.commits(this, role="supplier"))
    refused("round.commitment-wrong", lambda: two.commits(this, role="asker", reader=None))
    made.forward(days=30)
    refused("round.closed", lambda: two.commits(this))


def test_a_guest_takes_part_at_home(made: Pair) -> None:
    """Its list is committed to where it is a member."""
    this = matches.opened(made)
    maker = a_maker(made.kr, "One", [item(1)])
    with made.kr.store.transaction() as rows:
        member = rows.get(Member, maker.id)
        assert member is not None
        rows.put(replace(member, home=made.of(made.kr).id))
    refused("round.guest", lambda: maker.commits(this))


def test_refusals_are_kept_within_bounds(made: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is refused a thousand times fills nothing."""
    this = matches.opened(made)
    one, two = (a_maker(made.kr, name, [item(at)]) for at, name in enumerate(("One", "Two")))
    monkeypatch.setattr(round, "MAX_REFUSALS", 1)
    for maker in (one, one, two):
        refused("round.not-committed", lambda maker=maker: maker.hands_in(this))  # type: ignore[misc]
    assert noted(made.kr, this) == [(one.id, "round.not-committed", 2)]


def test_a_million_made_up_ids_go_into_no_bag_and_no_list(made: Pair) -> None:
    """They are over the public cap at home, and what is made without asking is no bag to anybody."""
    this = matches.opened(made)
    maker = a_maker(made.kr, "One", [item(1)])
    maker.commits(this)
    many = (item(number) for number in range(1_000_000))
    refused("match.list-size", lambda: rounds.SupplierList.of(many))
    refused("overlap.cap", lambda: overlap.bag(this, 0, (item(number) for number in range(17)), []))
    fake = overlap.bag(this, 0, [item(1)], [])
    refused("overlap.malformed", lambda: round.hand_in(made.kr, maker.person.caller, this.id.hex(), fake * 4_000))


# --- two members ------------------------------------------------------------------------------------------------------


def test_of_two_members_there_is_one_run_a_subject_and_period(made: Pair) -> None:
    """Other caps make no other run, and nobody commits in another's place."""
    one, two = (Person(name).joins(made.kr) for name in ("One", "Two"))

    def commits(by: Person, role: str, **changes: Any) -> int:
        told: dict[str, Any] = {"asker": one.id, "holder": two.id, "about": STANDARD, "period": "2026-Q4"}
        pair = overlap.Pair(**{**told, "what": "size", "asks": 5, "holds": 9, **changes})
        body = {"member": by.id, "round": pair.id.hex(), "role": role, "digest": "0" * 64, "reader": None}
        statement = seal.state(
            Kind.COMMITMENT, {**body, "pair": pair.to_json()}, issued="2026-11-22T09:00:00Z", key=by.key
        )
        return round.commit(made.kr, by.caller, seal.envelope(statement))

    assert commits(one, "asker") < commits(two, "holder")
    refused("round.committed", lambda: commits(one, "asker", asks=6))
    refused("round.committed", lambda: commits(two, "holder", what="members"))
    refused("round.commitment-wrong", lambda: commits(two, "asker", period="2027-Q1"))
    assert commits(one, "asker", period="2027-Q1")
    rebuilds(made.kr)


# --- the log ----------------------------------------------------------------------------------------------------------


def test_the_tables_take_no_result_that_nobody_signed_for(made: Pair) -> None:
    """Twice, before the dam's own, of an unknown round, or for a maker that did not sign."""
    this = matches.opened(made)
    one, *_ = three(made, this)
    matches.run(made, this)
    body = {name: said(made.kr, this, one.id)[name] for name in MATCH}
    wrong: tuple[dict[str, Any], ...] = (
        {},
        {"member": None},
        {"round": "0" * 64},
        {"commitment": None},
        {"member": "m-" + "0" * 20},
    )
    for changes in wrong:
        statement = state.statement(made.kr, Kind.MATCH, {**body, **changes})
        refused("round.match-wrong", lambda statement=statement: state.record(made.kr, statement))  # type: ignore[misc]
    with made.kr.store.read() as rows:
        announced = rows.get(Announced, this.id.hex())
    assert announced is not None
    assert announced.state is Course.FOUND


MATCH = ("round", "member", "state", "reason", "makers", "shared", "handed", "shows", "commitment")
