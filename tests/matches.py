"""Rounds over two dams, for tests: peered worlds, a plan, makers with a reading key, and turns until it is over."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datadam import overlap, seal
from datadam.dam import follow, publish, round, rounding  # noqa: A004  (the noun)
from datadam.dam.world import World
from datadam.model import Json, Kind, Statement, instant
from datadam.overlap import Item
from peered_dams import KR, US, Pair, pair
from worlds import Person, standard_text

STANDARD = "test.reading"  # any one will do, and it is read in no time
CLOSES = "2026-12-01T00:00:00Z"
GRAPHITE = "380110"
CELLS = "850760"


def a_plan(**changes: Any) -> Json:
    """A small plan of three tiers."""
    told: dict[str, Any] = {
        "standard": STANDARD,
        "period": "2026-Q4",
        "dams": (KR, US),
        "caps": (16, 6, 3),
        "decoys": 0,
        "countries": ("CHN", "KOR", "USA"),
        "stages": (GRAPHITE, CELLS),
        **changes,
    }
    return overlap.Plan(**told).to_json()


def item(number: int, *, country: str = "CHN", stage: str = GRAPHITE, essential: int = 2) -> Item:
    """A line of a list: a Korean business number that is made up."""
    return Item(supplier=f"BRN:KR:{number:010d}", country=country, stage=stage, essential=essential)


def two(folder: Path, *standards: str) -> Pair:
    """Two dams that peer."""
    made = pair(folder, *standards)
    for world in made.worlds:
        publish.publish(world, standard_text())
    return made


def opened(made: Pair, **changes: Any) -> overlap.Round:
    """A round that both operators agreed to."""
    plan = a_plan(**changes)
    assert round.open_round(made.kr, US, plan, CLOSES)["state"] == "offered"
    found = round.open_round(made.us, KR, plan, CLOSES)
    assert found["state"] == "open"
    return round.of(round.find(made.kr, found["round"]))


@dataclass
class Maker:
    """A member with a list, that signs for what comes of it."""

    person: Person
    world: World
    items: Sequence[Item]
    nonce: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    secret: bytes = field(default_factory=overlap.new_reader)

    @property
    def id(self) -> str:
        """Its member id."""
        return str(self.person.id)

    def commitment(self, this: overlap.Round, **changes: object) -> Statement:
        """Its signed commitment."""
        facts = {
            "member": self.id,
            "round": this.id.hex(),
            "role": "maker",
            "digest": overlap.commitment(this, self.items, self.nonce),
            "reader": overlap.reader(this, self.id, self.secret),
            "pair": None,
            **changes,
        }
        return seal.state(Kind.COMMITMENT, facts, issued=instant(self.world.clock()), key=self.person.key)

    def commits(self, this: overlap.Round, **changes: object) -> int:
        """Send it."""
        return round.commit(self.world, self.person.caller, seal.envelope(self.commitment(this, **changes)))

    def hands_in(self, this: overlap.Round, received: Sequence[bytes] = ()) -> bytes:
        """Make its bag and hand it in."""
        made = overlap.bag(this, 0, self.items, received)
        round.hand_in(self.world, self.person.caller, this.id.hex(), made)
        return made

    def result(self, this: overlap.Round) -> tuple[overlap.Reading, ...]:
        """What it reads of the result."""
        told = round.result(self.world, self.person.caller, this.id.hex())
        first, second = (base64.b64decode(one) for one in told["handed"])
        return overlap.readings(this, self.secret, (first, second))


def a_maker(world: World, name: str, items: Sequence[Item], *, jurisdiction: str = "KR") -> Maker:
    """A new member."""
    return Maker(person=Person(name, jurisdiction=jurisdiction).joins(world), world=world, items=items)


def know(made: Pair) -> None:
    """Each dam reads the other's log: who joined."""
    for world in made.worlds:
        follow.look(world, made.of(world).id)


def run(made: Pair, this: overlap.Round, *, turns: int = 8) -> str:
    """Both operators run it; the state that it ends in."""
    know(made)
    for world in made.worlds:
        if round.find(world, this.id.hex()).state == "open":
            rounding.run(world, this.id.hex())
    for _ in range(turns):
        for world in made.worlds:
            rounding.advance_all(world)
    states = {str(round.find(world, this.id.hex()).state) for world in made.worlds}
    assert len(states) == 1, states
    return states.pop()
