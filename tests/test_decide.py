"""Decisions: logged before anything moves, once while nothing changes, and made again by anybody from their body."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import decisions
from datadam.adapters.memory.store import MemoryStore
from datadam.dam import decide, grant, join, prove, release, remembered, state
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import NotFound, Refused, Unavailable, Untrusted
from datadam.model import Allow, Ask, Decided, Deny, Json, Kind, Release, Role, StandardId, Tier
from worlds import GOOD, Person, forward, granted

ID = StandardId("test.reading")


def ask_of(person: Person, **facts: Any) -> Ask:
    """A member's wish to read."""
    return Ask(member=person.id, standard=ID, **facts)


def kinds(world: World, start: int = 0) -> list[Kind]:
    """What the log says, in order."""
    return [world.ledger.statement(id).kind for _, id in world.ledger.entries(start)]


def bodies(world: World) -> list[Json]:
    """Every decision in the log."""
    found = (world.ledger.statement(id) for _, id in world.ledger.entries())
    return [one.body for one in found if one.kind is Kind.DECISION]


def test_a_yes_is_in_the_log_before_rows_move_and_the_release_names_it(world: World) -> None:
    """First the decision, then what was given out on it."""
    person = Person("A").joins(world)
    with granted(world, person, ID):
        start = world.ledger.size
        release.open_share(world, person.caller, ID)
        assert kinds(world, start) == [Kind.DECISION, Kind.RELEASE]
        (decided,) = decide.of(world, person.id, standard=ID)
        assert (decided.allowed, decided.action, decided.index) == (True, "read", start)
        released = world.ledger.statement(world.ledger.entry(start + 1)[1])
        assert released.body["decision"] == decided.id


def test_a_no_is_in_the_log_too_with_every_reason(world: World) -> None:
    """Each rule that failed, not the first one."""
    person = Person("A", roles=("contributor",)).joins(world)
    with pytest.raises(Refused):
        release.open_share(world, person.caller, ID)
    (body,) = bodies(world)
    assert [one["code"] for one in body["reasons"]] == ["ask.not-consumer", "ask.no-grant"]
    assert (body["member"], body["allowed"], body["basis"]) == (person.id, False, None)


def test_who_asks_again_is_answered_by_the_same_statement(world: World) -> None:
    """However often, and also after something else was logged; not in another process."""
    person, other = Person("A").joins(world), Person("B").joins(world)
    with granted(world, person, ID):
        first = decide.decide(world, ask_of(person))
        assert isinstance(first[0], Allow)
        assert [decide.decide(world, ask_of(person)) for _ in range(3)] == [first] * 3
        with granted(world, other, ID):  # which nothing of the first one's rests on
            assert decide.decide(world, ask_of(person)) == first
            assert decide.decide(world, ask_of(other))[1] != first[1]
    assert len(bodies(world)) == 2
    assert world.decisions.counts == {"allowed": 2, "repeated": 4}


def test_what_changes_a_decision_binds_on_the_very_next_ask(world: World) -> None:
    """A grant that was revoked, one that ended by itself, a member that left."""
    person = Person("A").joins(world)
    with granted(world, person, ID):
        assert isinstance(decide.decide(world, ask_of(person))[0], Allow)
    assert isinstance(decide.decide(world, ask_of(person))[0], Deny)
    grant.grant(world, person.id, ID, expires="2026-11-22T10:00:00")
    assert isinstance(decide.decide(world, ask_of(person))[0], Allow)
    forward(world, hours=1)
    assert isinstance(decide.decide(world, ask_of(person))[0], Deny)
    with granted(world, person, ID):
        assert isinstance(decide.decide(world, ask_of(person))[0], Allow)
        join.expel(world, person.id, "rules")
        assert isinstance(decide.decide(world, ask_of(person))[0], Deny)


def test_what_the_log_took_and_the_tables_did_not_binds_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails between the two: no answer from before holds, and none is given until the tables follow."""
    person = Person("A").joins(world)
    ask, whole, left = ask_of(person), world.store.transaction, iter([True])  # the rehearsal's

    def failing() -> Any:
        if next(left, False):
            return whole()
        raise Unavailable("store.busy", seconds=1)

    with granted(world, person, ID):
        assert isinstance(decide.decide(world, ask)[0], Allow)
        size = world.ledger.size
        with monkeypatch.context() as patch:
            patch.setattr(world.store, "transaction", failing)
            with pytest.raises(Unavailable):
                join.suspend(world, person.id, "inquiry")
            assert world.ledger.size == size + 1
            with pytest.raises(Unavailable):
                decide.decide(world, ask)
        assert isinstance(decide.decide(world, ask)[0], Deny)
        assert prove.check(world, MemoryStore, lambda: None).faults == []


def test_a_decision_is_remembered_for_a_day_at_most(world: World) -> None:
    """Laws and leaves begin and end with days; each decision says by its facts on which one it was made."""
    person = Person("A").joins(world)
    with granted(world, person, ID):
        first = decide.decide(world, ask_of(person))
        forward(world, hours=25)
        again = decide.decide(world, ask_of(person))
        assert again[0] == first[0]
        assert len(bodies(world)) == 2
        assert decide.decide(world, ask_of(person)) == again


def test_another_purpose_or_place_is_another_decision(world: World) -> None:
    """What was asked is part of what was answered."""
    person = Person("A").joins(world)
    with granted(world, person, ID):
        asked = [ask_of(person), ask_of(person, purpose="research"), ask_of(person, destination="JP")]
        assert len({decide.decide(world, one)[1] for one in asked}) == 3
    assert [body["facts"]["purpose"] for body in bodies(world)] == [None, "research", None]


def test_a_grant_is_leave_to_read_and_nothing_else(world: World) -> None:
    """Training, combining and exporting need an agreement."""
    person = Person("A").joins(world)
    with granted(world, person, ID):
        for action in ("train", "combine", "export", "derive", "query"):
            answer, _ = decide.decide(world, ask_of(person, action=action))
            assert isinstance(answer, Deny)
            assert [one.code for one in answer.reasons] == ["ask.grant-reads-only"]


def test_strangers_are_counted_and_not_logged(world: World) -> None:
    """Who has no key could fill the log."""
    size = world.ledger.size
    for _ in range(3):
        with pytest.raises(Refused, match="ask.stranger"):
            release.open_share(world, Caller(), ID)
    assert world.ledger.size == size
    assert world.decisions.counts == {"stranger-denied": 3}


def test_trying_out_logs_nothing(world: World) -> None:
    """Lists say what one may do; nothing moves by it."""
    person = Person("A").joins(world)
    size = world.ledger.size
    assert isinstance(decide.trial(world, ask_of(person)), Deny)
    assert [one.allowed for one in release.reservoirs(world, person.caller)] == [False]
    assert world.ledger.size == size


def test_a_decision_is_found_by_whom_it_is_about_and_by_auditors(world: World) -> None:
    """For all others there is none."""
    person, other = Person("A").joins(world), Person("B").joins(world)
    auditor = Person("C", roles=("auditor",)).joins(world)
    _, id = decide.decide(world, ask_of(person))
    assert id is not None
    assert decide.found(world, person.id, id).statement.id == id
    assert decide.found(world, auditor.id, id).statement.id == id
    for member, wrong in ((other.id, id), (person.id, "0" * 64), ("m-" + "0" * 20, id)):
        with pytest.raises(NotFound, match="decision.unknown"):
            decide.found(world, member, wrong)
    assert decide.of(world, other.id) == []


def test_decisions_survive_a_rebuild(world: World) -> None:
    """They are what the log says."""
    person = Person("A").joins(world)
    decide.decide(world, ask_of(person))
    before = decide.of(world, person.id)
    state.rebuild(world)
    assert decide.of(world, person.id) == before
    with world.store.read() as rows:
        assert rows.find(Decided, member=person.id) == before


def test_no_more_is_remembered_than_there_is_room_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was asked for longest ago goes; it is decided, and logged, anew."""
    monkeypatch.setattr(remembered, "MOST", 2)
    person = Person("A").joins(world)
    asks = [ask_of(person, purpose=purpose) for purpose in ("research", "statistics", "security")]
    first = [decide.decide(world, one)[1] for one in asks]
    assert decide.decide(world, asks[2])[1] == first[2]
    assert decide.decide(world, asks[0])[1] != first[0]
    assert len(world.decisions.answers) == 2


def test_many_who_ask_at_once_get_one_statement(world: World) -> None:
    """Threads of one server."""
    person = Person("A").joins(world)
    with granted(world, person, ID):
        found: list[str | None] = []
        together = threading.Barrier(8)

        def asks() -> None:
            together.wait()
            found.append(decide.decide(world, ask_of(person))[1])

        threads = [threading.Thread(target=asks) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(found)) == 1
    assert len(bodies(world)) == 1


def test_nothing_is_allowed_after_what_forbids_it_in_the_log(world: World) -> None:
    """While others ask without pause, a revocation stands in the log before every no and after every yes."""
    person = Person("A").joins(world)
    one = person.deposits(world, ID, GOOD)
    assert one is not None
    ended, stop = [], threading.Event()

    def asks() -> None:
        while not stop.is_set():
            decide.decide(world, ask_of(person))

    thread = threading.Thread(target=asks)
    thread.start()
    try:
        for _ in range(20):
            leave = grant.grant(world, person.id, ID)
            while not isinstance(decide.decide(world, ask_of(person))[0], Allow):
                pass
            ended.append(grant.revoke(world, leave))
            assert isinstance(decide.decide(world, ask_of(person))[0], Deny)
    finally:
        stop.set()
        thread.join()
    allowed, standing = 0, False
    for _, id in world.ledger.entries():
        statement = world.ledger.statement(id)
        standing = standing or statement.kind is Kind.GRANT
        standing = standing and statement.kind is not Kind.REVOCATION
        if statement.kind is Kind.DECISION and statement.body["allowed"]:
            allowed += 1
            assert standing
    assert allowed >= 20
    with world.store.read() as rows:
        assert not rows.find(Release)


# --- made again by anybody --------------------------------------------------------------------------------------------

FACTS = st.fixed_dictionaries(
    {
        "member": st.none() | st.just("m-" + "1" * 20),
        "standard": st.just(str(ID)),
        "purpose": st.none() | st.just("research"),
        "action": st.sampled_from(["read", "train"]),
        "destination": st.none() | st.just("JP"),
        "tier": st.sampled_from([str(tier) for tier in Tier]),
        "known": st.booleans(),
        "left": st.booleans(),
        "suspended": st.booleans(),
        "roles": st.lists(st.sampled_from([str(role) for role in Role]), unique=True).map(sorted),
        "grants": st.lists(
            st.fixed_dictionaries(
                {
                    "id": st.sampled_from(["a" * 64, "b" * 64]),
                    "since": st.integers(1, 9),
                    "expires": st.none() | st.sampled_from(["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"]),
                }
            ),
            max_size=3,
        ),
        "ordered": st.just([]) | st.just(["c" * 64]),
        "now": st.just("2026-11-22T09:00:00Z"),
    }
)


@given(FACTS)
def test_a_decision_follows_from_its_facts(facts: Json) -> None:
    """Made again from its body it is the same; an obvious reference says the same of yes and no."""
    body = decisions.told(facts, decisions.judge(facts, None), None)
    again = decisions.replay(body, None)
    assert decisions.outcome(again) == {name: body[name] for name in ("allowed", "basis", "reasons")}
    stands = any(one["expires"] is None or one["expires"] > facts["now"] for one in facts["grants"])
    may = (
        facts["known"]
        and not facts["left"]
        and not facts["suspended"]
        and "consumer" in facts["roles"]
        and facts["action"] == "read"
    )
    given_out = facts["tier"] == "open" or (facts["tier"] == "agreement" and may and stands)
    assert body["allowed"] is (given_out and not facts["ordered"])
    assert bool(body["reasons"]) is not body["allowed"]


@pytest.mark.parametrize(
    "change",
    [
        lambda body: {**body, "allowed": not body["allowed"]},
        lambda body: {**body, "basis": "f" * 64},
        lambda body: {**body, "reasons": body["reasons"][1:]},
        lambda body: {**body, "policy": "f" * 64},
        lambda body: {**body, "member": "m-" + "2" * 20},
        lambda body: {**body, "standard": "test.other"},
        lambda body: {**body, "facts": {**body["facts"], "roles": ["consumer"]}},
    ],
)
def test_a_decision_that_does_not_follow_from_its_facts_is_found_out(
    world: World, change: Callable[[Json], Json]
) -> None:
    """Whatever was bent: the answer, its basis, a reason left out, the policy, whom it is about."""
    person = Person("A", roles=("contributor",)).joins(world)
    decide.decide(world, ask_of(person))
    (body,) = bodies(world)
    decisions.replay(body, None)
    with pytest.raises(Untrusted, match="decision.not-so"):
        decisions.replay(change(body), None)


def test_a_check_makes_every_decision_again(world: World) -> None:
    """What the dam's own key signed, against the facts: an invented yes is found, odd facts are no excuse."""
    person = Person("A", roles=("contributor",)).joins(world)
    decide.decide(world, ask_of(person))
    (body,) = bodies(world)
    assert prove.check(world, MemoryStore, lambda: None).faults == []
    said = {name: body[name] for name in body if name not in {"v", "kind", "salt", "issued"}}
    for lie in ({**said, "allowed": True, "basis": "open", "reasons": []}, {**said, "facts": {"action": "read"}}):
        state.record(world, state.statement(world, Kind.DECISION, lie))
    faults = prove.check(world, MemoryStore, lambda: None).faults
    assert {one.code for one in faults} == {"decision.not-so"}
    assert len({one.facts["statement"] for one in faults}) == 2
