"""What ends binds on the very next request: an agreement, an order, under load, with readers at it, over real HTTP."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from datadam import client
from datadam.dam import decide, join, order
from datadam.errors import Refused
from datadam.formats import codelists
from datadam.model import Json, PrivacyClass
from datadam.terms import PURPOSES
from served import STANDARD, Served, published, serving
from signed import agreed, offered
from worlds import GOOD, Person

THE_ASK = {"action": "read", "standard": STANDARD, "purpose": "research", "destination": "KR"}
PLACES = sorted(codelists.packaged()["iso3166-alpha2"].codes)
WAIT = 60  # seconds, if the machine has much else to do
ENOUGH = 6  # answers of each sort before the test goes on


@pytest.fixture
def dam(tmp_path: Path) -> Iterator[Served]:
    """A dam with a standard, an offer and rows."""
    with serving(tmp_path / "dam", member_refusals_per_day=0) as made:
        published(made.world)
        offered(made.world)
        assert made.person("Giver").deposits(made.world, STANDARD, GOOD).stage == "committed"
        yield made


@dataclass
class Load:
    """Threads that ask and read without pause; what was told before the end, and by what began after it."""

    dam: Served
    person: Person
    over: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)
    before: list[bool] = field(default_factory=list)
    after: list[bool] = field(default_factory=list)
    broken: list[BaseException] = field(default_factory=list)

    def asks(self, number: int) -> None:
        """The one ask among others that nobody made before: so that some answers are remembered, and some are new."""
        with self.dam.client(self.person) as theirs:
            for turn in range(10_000):
                asks = [
                    {"action": "train", "standard": STANDARD, "purpose": purpose, "destination": place}
                    for purpose in PURPOSES[number : number + 1]
                    for place in PLACES[20 * turn % len(PLACES) :][:20]
                ]
                if not self._told(partial(self._last, theirs, [*asks, THE_ASK])):
                    return

    def _last(self, theirs: client.Dam, asks: list[Json]) -> bool:
        return bool(theirs.decide_all(asks)[-1]["allowed"])

    def reads(self, _: int) -> None:
        """Rows, through the share, from its address to its files."""
        with self.dam.client(self.person) as theirs:
            while self._told(lambda: self._rows(theirs)):
                pass

    def _rows(self, theirs: client.Dam) -> bool:
        try:
            table = theirs.open(STANDARD).info["table"]
            return any(self.dam.http.get(one["url"]).is_success for one in theirs.files(table, {}))
        except Refused:
            return False

    def _told(self, ask: Callable[[], bool]) -> bool:
        late = self.over.is_set()
        (self.after if late else self.before).append(ask())
        return not self.stop.is_set()

    def run(self, end: Callable[[], int]) -> int:
        """Let it run, end what is to end, let it run on; where that stands in the log."""
        threads = [
            threading.Thread(target=self._guarded, args=(work, n)) for work in (self.asks, self.reads) for n in range(2)
        ]
        for thread in threads:
            thread.start()
        self._wait(self.before)
        index = end()
        self.over.set()
        self._wait(self.after)
        self.stop.set()
        for thread in threads:
            thread.join()
        return index

    def _guarded(self, work: Callable[[int], None], number: int) -> None:
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001  (a thread's end is not seen by itself)
            self.broken.append(error)

    def _wait(self, seen: list[bool]) -> None:
        until = time.monotonic() + WAIT
        while len(seen) < ENOUGH and not self.broken and time.monotonic() < until:
            time.sleep(0.01)


def ends_agreement(dam: Served, person: Person, agreement: str) -> int:
    """By the member itself, over HTTP."""
    with dam.client(person) as mine:
        return int(mine.end_agreement(agreement, reason="done")["index"])


def gives_order(dam: Served, _: Person, __: str) -> int:
    """Nothing of this class goes to this country any more."""
    lowest = str(next(iter(PrivacyClass)))
    return order.suspend(dam.world, [lowest], ["KR"], reason="r", ground="g").index


def suspends_member(dam: Served, person: Person, _: str) -> int:
    """By the operator."""
    return join.suspend(dam.world, person.id, "r")


@pytest.mark.parametrize("ends", [ends_agreement, gives_order, suspends_member])
def test_what_ends_binds_on_the_very_next_request(dam: Served, ends: Callable[[Served, Person, str], int]) -> None:
    """No yes begins after the end was answered, and none stands behind it in the log; before it all were yes."""
    person = dam.person("Asker")
    agreement = agreed(dam.world, person).id
    load = Load(dam, person)
    index = load.run(lambda: ends(dam, person, agreement))
    assert load.broken == []
    assert len(load.before) >= ENOUGH
    assert load.before[:ENOUGH] == [True] * ENOUGH
    assert len(load.after) >= ENOUGH
    assert not any(load.after)
    made = decide.of(dam.world, person.id)
    assert [one.index for one in made if one.allowed and one.index > index] == []
    assert any(one.allowed for one in made)
    assert any(one.index > index for one in made)
