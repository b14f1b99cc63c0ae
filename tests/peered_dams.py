"""Two dams that peer, for tests: in memory, each reached by the other through a link that can be cut."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from datadam.adapters.memory.peers import MemoryPeerLink
from datadam.dam import federate, follow, peer
from datadam.dam.world import World
from datadam.model import Json
from datadam.peers import Peer
from worlds import a_world, forward

KR, US = "kr.example/log", "us.example/log"


@dataclass
class Pair:
    """Two dams, KR and US, and the link between them."""

    kr: World
    us: World
    link: MemoryPeerLink

    @property
    def worlds(self) -> tuple[World, World]:
        """Both."""
        return self.kr, self.us

    def other(self, world: World) -> World:
        """The one that this one peers with."""
        return self.us if world is self.kr else self.kr

    def of(self, world: World) -> Peer:
        """What `world` knows of its peer."""
        return peer.find(world, self.other(world).settings.name)

    def cut(self, world: World) -> None:
        """Let nobody reach `world`."""
        self.link.cut(world.settings.public_url)

    def join(self, world: World) -> None:
        """Let it be reached again."""
        self.link.join(world.settings.public_url)

    def forward(self, **by: float) -> None:
        """Move both clocks on."""
        for world in self.worlds:
            forward(world, **by)


def two(folder: Path, **settings: object) -> Pair:
    """Two dams that can reach each other and know nothing of each other yet."""
    link = MemoryPeerLink()
    kr = a_world(folder / "kr", name=KR, jurisdiction="KR", url="https://kr.example", **settings)
    us = a_world(folder / "us", name=US, jurisdiction="US", url="https://us.example", **settings)
    kr, us = (replace(one, peers=link) for one in (kr, us))
    for one in (kr, us):
        link.listen(one.settings.public_url, partial(federate.answer, one))
    return Pair(kr, us, link)


def terms(*standards: str, **changes: object) -> Json:
    """Terms between the two: those standards, business data and what is milder, an hour without contact."""
    return {
        "v": 1,
        "between": [{"origin": KR, "jurisdiction": "KR"}, {"origin": US, "jurisdiction": "US"}],
        "standards": sorted(standards or ("test.reading",)),
        "classes": ["public", "business"],
        "directions": [{"from": KR, "to": US}, {"from": US, "to": KR}],
        "residency": "rows-stay",
        "corridors": [],
        "contact_seconds": 3600,
        "guests": True,
        **changes,
    }


def pair(folder: Path, *standards: str, **settings: object) -> Pair:
    """Two dams that peer about these standards (`test.reading` if none is named), and have heard each other."""
    made = two(folder, **settings)
    peer.add(made.kr, made.us.settings.public_url, terms=terms(*standards))
    assert peer.add(made.us, made.kr.settings.public_url)["state"] == "peered"
    hear(made)
    return made


def hear(made: Pair) -> None:
    """Let each look at the log of the other."""
    for one in made.worlds:
        follow.look(one, made.of(one).id)
