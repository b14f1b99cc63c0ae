"""Evidence bundles of two dams in memory that peer: a small story, gathered as anybody gathers it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from datadam import bundled, seal
from datadam.adapters.memory.log import MemoryLog
from datadam.bundled import Proven, Source
from datadam.dam import decide, follow, offer, order, prove, publish, withdraw
from datadam.dam.world import World
from datadam.errors import DamError, NotFound
from datadam.formats import bundle, cosignature, odrl, tiles
from datadam.model import Allow, Ask, Kind, StandardId, Statement
from logs import files as log_files
from peered_dams import KR, pair
from signed import agreed, an_offer
from worlds import START, Person, standard_text

ID = StandardId("test.reading")
WITNESS = "witness.example/w1"
NOW = START


def ask(world: World, person: Person) -> bool:
    """Whether a person may read for research at home; logged either way."""
    wish = Ask(member=person.id, standard=ID, action="read", purpose="research", destination=person.jurisdiction)
    return isinstance(decide.decide(world, wish)[0], Allow)


@dataclass
class Story:
    """Two dams that peer; an order that crosses, is lifted, and a deposit that is taken back."""

    here: World
    there: World
    witness: seal.Jwk

    @property
    def vkey(self) -> str:
        """The verifier key of the witness."""
        return cosignature.vkey(WITNESS, self.witness)

    def source(self, world: World) -> Source:
        """As a member who may see everything gets it."""
        return Source(
            vkey=world.ledger.vkey,
            read=reader(world),
            bodies=lambda: lambda id: body(world, id),
            receipt=lambda id: seal.canonical(prove.receipt_of(world, world.ledger.statement(id))),
            cosigned=lambda: [cosigned(world, self.witness)],
            cosigners=(self.vkey,),
        )

    def files(self) -> dict[str, bytes]:
        """All files of the bundle but its manifest."""
        return {
            **bundled.gather("kr", self.source(self.here), NOW),
            **bundled.gather("us", self.source(self.there), NOW),
        }


def told(folder: Path, *, taken: bool = True) -> Story:
    """The story up to its end, or without the deposit that is taken back."""
    made = pair(folder)
    here, there = made.kr, made.us
    story = Story(here=here, there=there, witness=seal.new_key())
    firms = {}
    for world, land in ((here, "KR"), (there, "US")):
        publish.publish(world, standard_text())
        offer.publish(world, odrl.write(an_offer()))
        firms[land] = Person(f"Firm {land}", jurisdiction=land).joins(world)
        agreed(world, firms[land])
        assert ask(world, firms[land])
    stop = order.suspend(here, ["business"], ["US", "KR"], standard=ID, reason="A reason.", ground="An act, art. 1")
    follow.look(there, KR)
    assert not ask(here, firms["KR"])
    assert not ask(there, firms["US"])
    order.lift(here, stop.id, "Over.")
    follow.look(there, KR)
    assert ask(there, firms["US"])
    if taken:
        _taken_back(story, firms["KR"])
    return story


def _taken_back(story: Story, firm: Person) -> None:
    here = story.here
    job = firm.deposits(here, ID, b"meter,amount\nA,1\nB,2\n")
    facts = {"contributor": firm.id, "deposits": [job.id], "replaced_by": None, "reason": "Taken back."}
    withdrawal = firm.states(Kind.WITHDRAWAL, facts)
    withdraw.purge(here, withdraw.withdraw(here, firm.caller, seal.envelope(withdrawal)))
    follow.look(story.there, KR)


def statements(world: World) -> list[Statement]:
    """All that a log has bodies of."""
    return [seal.opened(data) for _, id in world.ledger.entries() if (data := body(world, id)) is not None]


def body(world: World, id: str) -> bytes | None:
    """A body, or nothing."""
    try:
        return world.bodies.get(id)
    except DamError:
        return None


def reader(world: World) -> Callable[[str], bytes]:
    """Gives the files of a log in memory."""

    def read(path: str) -> bytes:
        if path == tiles.CHECKPOINT:
            return world.ledger.checkpoint().encode()
        held = world.ledger._log
        assert isinstance(held, MemoryLog)
        found = log_files(list(held.entries(0))).get(path)
        if found is None:
            raise NotFound("log.path-unknown", path=path)
        return found

    return read


def cosigned(world: World, key: seal.Jwk) -> str:
    """The checkpoint with a witness's line."""
    text = world.ledger.checkpoint()
    return text + cosignature.cosign(text, WITNESS, key, now=1_800_000_000)


def whole(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The same with the manifest of it."""
    held = {path: bundle.Held(size=len(data), sha256=seal.digest(data)) for path, data in files.items()}
    return {**files, bundle.MANIFEST: bundle.write_manifest(held)}


def verified(files: Mapping[str, bytes], *vkeys: str, now: datetime = NOW, **more: object) -> Proven:
    """What a bundle of these files proves, its manifest among them."""
    return bundled.verify(list(files), files.__getitem__, vkeys=vkeys, now=now, **more)  # type: ignore[arg-type]
