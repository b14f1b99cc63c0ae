"""Many asks in one request, and many requests at once: each is answered by a statement of its own, in one step."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

import served
from datadam import client, wiring
from datadam.adapters.memory.store import MemoryStore
from datadam.client.deciding import ASKS
from datadam.dam import decide, grant, prove
from datadam.dam.remembered import AT_ONCE
from datadam.errors import Invalid, NotFound, Refused, Unavailable
from datadam.formats import codelists
from datadam.ledger import Ledger
from datadam.model import Allow, Ask, Deny
from datadam.terms import PURPOSES
from served import STANDARD, Served, published, serving
from torture import processes as torture
from torture.faults import Fault
from worlds import Person, a_world

PLACES = sorted(codelists.packaged()["iso3166-alpha2"].codes)


@pytest.fixture(scope="module")
def dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One dam for all tests of this file."""
    with serving(tmp_path_factory.mktemp("many") / "dam", member_refusals_per_day=0) as made:
        published(made.world)
        yield made


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the client's own."""
    monkeypatch.setenv("DATADAM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def wishes(count: int) -> list[dict[str, Any]]:
    """So many asks, each another one."""
    places = [(place, purpose) for purpose in PURPOSES for place in PLACES]
    return [
        {"action": "read", "standard": STANDARD, "purpose": purpose, "destination": place}
        for place, purpose in places[:count]
    ]


def test_a_list_of_asks_is_answered_in_its_order_each_by_its_own_statement(dam: Served) -> None:
    """Yes and no among each other, one of them said twice; asked again, the same statements answer."""
    person = dam.person("Many")
    grant.grant(dam.world, person.id, STANDARD)
    asks = [*wishes(ASKS + 20), {"action": "train", "standard": STANDARD}, wishes(1)[0]]
    size = dam.world.ledger.size
    with client.connect(dam.url, key=person.key) as held:
        told = held.decide_all(asks)
        assert held.decide_all(asks) == told
        assert held.decide_all([]) == []
        one = held.decide("train", STANDARD)
    assert dam.world.ledger.size == size + len(asks) - 1
    assert [item["allowed"] for item in told] == [*[True] * (ASKS + 20), False, True]
    assert told[0]["id"] == told[-1]["id"]
    assert len({item["id"] for item in told}) == len(asks) - 1
    assert one == told[-2]
    assert [reason["code"] for reason in one["reasons"]] == ["ask.grant-reads-only"]
    found = [dam.world.ledger.statement(item["id"]).body["facts"] for item in told]
    assert [body["destination"] for body in found] == [ask.get("destination") for ask in asks]
    receipt = prove.receipt_of(dam.world, dam.world.ledger.statement(told[3]["id"]))
    assert receipt["log"] == dam.world.ledger.vkey


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"action": "read", "standard": "no.such"}, NotFound),
        ({"action": "steal", "standard": STANDARD}, Invalid),
        ({"action": "read", "standard": STANDARD, "member": "m-" + "0" * 20}, Refused),
        ({"action": "read", "standard": STANDARD, "destination": "XX"}, Invalid),
        ({"action": "read"}, Invalid),
        ({"action": 1, "standard": STANDARD}, Invalid),
        ([], Invalid),
        ("read", Invalid),
    ],
)
def test_where_one_ask_cannot_be_read_nothing_is_logged(dam: Served, wrong: Any, error: type[Exception]) -> None:
    """Nobody has to guess which of them were answered."""
    person = dam.person("Wrong")
    size = dam.world.ledger.size
    with client.connect(dam.url, key=person.key) as held, pytest.raises(error):
        held._ask("POST", "/api/decisions", json=[*wishes(3), wrong])
    assert dam.world.ledger.size == size


def test_a_request_carries_so_many_asks_and_no_more(dam: Served) -> None:
    """None, and one too many, are refused; a stranger is, whatever it asks."""
    person = dam.person("Limits")
    with client.connect(dam.url, key=person.key) as held:
        for sent in ([], wishes(AT_ONCE + 1)):
            with pytest.raises(Invalid, match=r"request\.asks-too-many"):
                held._ask("POST", "/api/decisions", json=sent)
    assert httpx.post(f"{dam.url}/api/decisions", json=wishes(2)).status_code == 401


def test_requests_at_once_are_answered_each_to_who_asked(dam: Served) -> None:
    """What is wrong with one request is not the others'; nobody gets another's answer."""
    people = [dam.person(f"Crowd {number}") for number in range(6)]

    def ask(number: int) -> list[tuple[int, Any]]:
        with client.connect(dam.url, key=people[number].key) as held:
            token = held._login()
            sent = [(wishes(30)[number * 5 + i], {"Authorization": f"Bearer {token}"}) for i in range(5)]
            sent.append((wishes(1)[0], {"Authorization": "Bearer wrong"}))
            with httpx.Client(base_url=dam.url) as line:
                found = [line.post("/api/decisions", json=one, headers=shown) for one, shown in sent]
        return [(answer.status_code, answer.json()) for answer in found]

    with ThreadPoolExecutor(len(people)) as pool:
        for number, found in enumerate(pool.map(ask, range(len(people)))):
            assert [status for status, _ in found] == [*[201] * 5, 401]
            assert {body["member"] for _, body in found[:-1]} == {people[number].id}
            places = [dam.world.ledger.statement(body["id"]).body["facts"]["destination"] for _, body in found[:-1]]
            assert places == [one["destination"] for one in wishes(30)[number * 5 : number * 5 + 5]]


def test_what_is_refused_stands_in_its_place_of_a_list_and_alone_is_the_answer(tmp_path: Path) -> None:
    """Also where the list has one ask only."""
    with serving(tmp_path / "dam", member_refusals_per_day=1) as small:
        published(small.world)
        with client.connect(small.url, key=small.person("Few").key) as held:
            told = held.decide_all(wishes(2))
            assert (told[0]["allowed"], told[1]["id"], told[1]["problem"]["code"]) == (False, None, "ask.too-many")
            (again,) = held.decide_all(wishes(2)[1:])
            assert again == told[1]
            with pytest.raises(Refused, match=r"ask\.too-many"):
                held.decide(**wishes(2)[1])


# --- without HTTP -----------------------------------------------------------------------------------------------------


def asks(person: Person, count: int) -> list[Ask]:
    """The same as the dam sees them."""
    return [Ask(member=person.id, **one) for one in wishes(count)]


def test_one_that_is_refused_is_refused_alone(tmp_path: Path) -> None:
    """More noes than a day may have: the first are logged, the others say so, and the yes between them stands."""
    world = a_world(tmp_path, member_refusals_per_day=3)
    published(world)
    person = Person("Noes").joins(world)
    found = decide.decide_all(world, asks(person, 5))
    assert [type(one) for one in found] == [*[tuple] * 3, *[Refused] * 2]
    leave = grant.grant(world, person.id, STANDARD)
    assert all(
        isinstance(one, tuple) and isinstance(one[0], Allow) for one in decide.decide_all(world, asks(person, 5))
    )
    grant.revoke(world, leave)
    assert [type(one) for one in decide.decide_all(world, asks(person, 1))] == [Refused]


def test_more_than_one_batch_are_several_and_all_are_answered(tmp_path: Path) -> None:
    """In batches of a bounded size, between which others may log."""
    world = a_world(tmp_path, member_refusals_per_day=0)
    published(world)
    person = Person("Batches").joins(world)
    size = world.ledger.size
    found = decide.decide_all(world, asks(person, 2 * AT_ONCE + 7))
    assert world.ledger.size == size + 2 * AT_ONCE + 7
    assert all(isinstance(one, tuple) and isinstance(one[0], Deny) for one in found)
    assert prove.check(world, MemoryStore, lambda: None).faults == []


def test_what_cannot_be_logged_is_not_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails: each is told so, nothing is remembered, and afterwards all are answered."""
    world = a_world(tmp_path, member_refusals_per_day=0)
    published(world)
    person = Person("Disk").joins(world)

    def fails(*_: object) -> int:
        raise Unavailable("disk.failed", path="x", why="y")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "append", fails)
        found = decide.decide_all(world, asks(person, 3))
    assert [type(one) for one in found] == [Unavailable] * 3
    size = world.ledger.size
    assert all(isinstance(one, tuple) for one in decide.decide_all(world, asks(person, 3)))
    assert world.ledger.size == size + 3


# --- kill -9 ----------------------------------------------------------------------------------------------------------


def asks_on(url: str, person: Person, told: list[str]) -> None:
    """Ask in batches of twenty, and note the statements that one is told of."""
    with client.connect(url, key=person.key) as held:
        for start in range(0, 200, 20):
            told += [one["id"] for one in held.decide_all(wishes(200)[start : start + 20])]


@pytest.mark.parametrize(
    ("at", "when"), [("BodyFiles.put_all", "after"), ("TileLog.append", "after"), ("TileLog.publish", "before")]
)
def test_a_kill_within_a_batch_loses_and_doubles_nothing_that_was_told(tmp_path: Path, at: str, when: str) -> None:
    """Whoever was told has its statement in the log, once; a batch that was under way is there whole or not at all."""
    folder = served.made(tmp_path / "dam", member_refusals_per_day=0)
    with wiring.world(folder) as world:
        published(world)
        person = Person("Killed").joins(world)
        size = world.ledger.size
    told: list[str] = []
    with torture.serving(folder, faults=[Fault(at=at, when=when, call=3)]) as dam:
        with pytest.raises(Unavailable):
            asks_on(dam.url, person, told)
        assert dam.ended()
    assert len(told) == 40
    with wiring.world(folder) as world:
        assert world.ledger.size in {size + 40, size + 60}
        held_now = [one.id for one in decide.of(world, person.id)]
        assert held_now[:40] == told
        assert len(held_now) == world.ledger.size - size
        assert all(isinstance(one, tuple) for one in decide.decide_all(world, asks(person, 80)))
        assert world.ledger.size - size in {40 + 80, 60 + 80}
        assert wiring.checker(world)().faults == []
