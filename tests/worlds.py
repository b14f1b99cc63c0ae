"""Whole dams for tests: of memory adapters with the real engines, and the people who use them."""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from datadam import seal, texts
from datadam.adapters.delta_lake import DeltaLake
from datadam.adapters.edition_files import EditionFiles
from datadam.adapters.highs_solver import HighsSolver
from datadam.adapters.memory.bodies import MemoryBodies
from datadam.adapters.memory.log import MemoryLog
from datadam.adapters.memory.secrets import MemorySecrets
from datadam.adapters.memory.spool import MemorySpool
from datadam.adapters.memory.store import MemoryStore
from datadam.adapters.memory.twins import MemoryTwins
from datadam.adapters.opendp_noise import OpenDpNoise
from datadam.adapters.polars_engine import PolarsEngine
from datadam.adapters.polars_groups import PolarsGroups
from datadam.adapters.polars_quality import PolarsSurveyor
from datadam.adapters.polars_share import PolarsShareWriter
from datadam.adapters.polars_sums import PolarsSums
from datadam.confirming import confirm
from datadam.dam import deposit, found, grant, join, publish, state
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import DamError
from datadam.formats import codelists
from datadam.ledger import Ledger
from datadam.mapping import fit_digest, fit_to_json
from datadam.model import Fit, Job, Kind, Layout, MemberId, Statement, instant
from datadam.proposing import suggest
from datadam.settings import Settings

START = datetime(2026, 11, 22, 9, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        """Begin at `START`."""
        self.now = START

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def forward(self, **by: float) -> None:
        """Move on, by `timedelta`'s words."""
        self.now += timedelta(**by)


def a_world(folder: Path, **settings: object) -> World:
    """A founded dam whose state is in memory and whose files lie under `folder`."""
    secrets, bodies = MemorySecrets(), MemoryBodies()
    told: dict[str, Any] = {"name": "test.example/log", "jurisdiction": "KR", **settings}
    chosen = Settings(folder=folder, **told)
    world = World(
        settings=chosen,
        ledger=Ledger(MemoryLog(), bodies, key=secrets.private_key("log"), origin=chosen.name),
        bodies=bodies,
        store=MemoryStore(),
        lake=DeltaLake(folder / "reservoirs"),
        engine=PolarsEngine(),
        surveyor=PolarsSurveyor(),
        shares=PolarsShareWriter(folder / "shares"),
        editions=EditionFiles(folder / "editions"),
        groups=PolarsGroups(),
        sums=PolarsSums(),
        solver=HighsSolver(),
        twins=MemoryTwins(folder / "twins"),
        noise=OpenDpNoise(),
        spool=MemorySpool(),
        secrets=secrets,
        clock=Clock(),
    )
    found.found(world)
    return world


def forward(world: World, **by: float) -> None:
    """Move a test world's clock on."""
    clock = world.clock
    assert isinstance(clock, Clock)
    clock.forward(**by)


@dataclass
class Person:
    """A firm, body or country with a key of its own."""

    name: str
    jurisdiction: str = "KR"
    roles: tuple[str, ...] = ("contributor", "consumer")
    key: seal.Jwk = field(default_factory=seal.new_key)

    @property
    def id(self) -> MemberId:
        """The member id that follows from the first key."""
        return seal.member_id(self.key)

    @property
    def caller(self) -> Caller:
        """The person, logged in."""
        return Caller(member=self.id)

    def profile(self, **more: object) -> bytes:
        """A profile body."""
        return seal.canonical({"salt": seal.salt(), "legal_name": self.name, "numbers": {}, **more})

    def accession(self, profile: bytes, **changes: object) -> Statement:
        """The signed accession."""
        terms = join.accession_terms()
        body = {
            "member": self.id,
            "member_kind": "organisation",
            "key": seal.public(self.key),
            "jurisdiction": self.jurisdiction,
            "roles": list(self.roles),
            "under": None,
            "profile": seal.digest(profile),
            "text": {"version": terms["version"], "language": texts.LANGUAGES[0], "digests": terms["digests"]},
            "authority": None,
            "effective": None,
            "reservations": [],
        }
        return self.states(Kind.MEMBER, {**body, **changes})

    def states(self, kind: Kind, facts: Mapping[str, object]) -> Statement:
        """Any statement, signed by this person."""
        return seal.state(kind, facts, issued=instant(START), key=self.key)

    def joins(self, world: World, **changes: object) -> "Person":
        """Apply and be approved."""
        profile = self.profile()
        applied = join.apply(world, seal.envelope(self.accession(profile, **changes)), profile)
        join.approve(world, applied.id)
        return self

    def manifest(self, fit: Fit, data: bytes, *, name: str = "file.csv", **changes: object) -> Statement:
        """The signed manifest of a file."""
        file = {"name": name, "format": "csv", "digest": seal.digest(data), "size": len(data)}
        facts: dict[str, object] = {
            "contributor": self.id,
            "standard": fit.standard,
            "version": fit.version,
            "fit": fit_to_json(fit),
            "fit_digest": fit_digest(fit),
            "file": file,
            "terms": [],
        }
        return self.states(Kind.MANIFEST, {**facts, **changes})

    def deposits(self, world: World, standard: str, data: bytes, fit: Fit | None = None) -> Job:
        """Deposit a CSV from announcement to its end."""
        manifest = self.manifest(fit or fit_of(world, standard, data), data)
        job = deposit.announce(world, self.caller, seal.envelope(manifest))
        deposit.receive(world, self.caller, job.id, chunks(data))
        return deposit.process(world, job.id, lambda *_: None)


def chunks(data: bytes, size: int = 1000) -> Iterator[bytes]:
    """The data in pieces, as a connection brings it."""
    stream = io.BytesIO(data)
    while piece := stream.read(size):
        yield piece


def fit_of(world: World, standard: str, data: bytes) -> Fit:
    """The fit of a CSV whose header needs no question."""
    named = publish.current(world, standard)
    header = data.decode().splitlines()[0].split(",")
    layout = Layout(columns=tuple(header), types=("text",) * len(header), samples=((),) * len(header))
    return confirm(suggest(named, layout, codelists.packaged()), named, layout)


STANDARD = """\
apiVersion: v3.2.0
kind: DataContract
id: test.reading
version: 1.0.0
name: Readings
status: active
description: {purpose: Readings of meters.}
customProperties:
  - {vendor: datadam, property: titles, value: {ko: 검침}}
  - {vendor: datadam, property: descriptions, value: {ko: 계량기를 읽은 값입니다.}}
  - {vendor: datadam, property: tier, value: TIER}
  - {vendor: datadam, property: attribution, value: ATTRIBUTION}
  - {vendor: datadam, property: repeat, value: REPEAT}
  - {vendor: datadam, property: rejectLimit, value: 0.5}
  - {vendor: datadam, property: purposes, value: [research]}
schema:
  - name: test_reading
    logicalType: object
    physicalType: table
    properties:
      - name: meter
        businessName: Meter
        description: Number of the meter.
        logicalType: string
        logicalTypeOptions: {maxLength: 20}
        required: true
        primaryKey: true
        primaryKeyPosition: 1
        classification: business
        customProperties:
          - {vendor: datadam, property: titles, value: {ko: 계량기}}
          - {vendor: datadam, property: descriptions, value: {ko: 계량기 번호입니다.}}
      - name: amount
        businessName: Amount
        description: What was read.
        logicalType: integer
        logicalTypeOptions: {minimum: 0, maximum: 1000}
        required: true
        classification: business
        customProperties:
          - {vendor: datadam, property: titles, value: {ko: 값}}
          - {vendor: datadam, property: descriptions, value: {ko: 읽은 값입니다.}}
"""


def standard_text(*, tier: str = "agreement", attribution: str = "contributor", repeat: str = "supersede") -> str:
    """A small standard with two columns, `meter` (the key) and `amount`."""
    return STANDARD.replace("TIER", tier).replace("ATTRIBUTION", attribution).replace("REPEAT", repeat)


ANSWERS = """\
apiVersion: v3.2.0
kind: DataContract
id: test.energy
version: 1.0.0
name: Energy
status: active
description: {purpose: Energy that plants use.}
customProperties:
  - {vendor: datadam, property: titles, value: {ko: 에너지}}
  - {vendor: datadam, property: descriptions, value: {ko: 사업장이 쓰는 에너지입니다.}}
  - {vendor: datadam, property: tier, value: answers}
  - {vendor: datadam, property: attribution, value: none}
  - {vendor: datadam, property: repeat, value: keep}
  - {vendor: datadam, property: rejectLimit, value: 0.5}
  - {vendor: datadam, property: purposes, value: [research, statistics]}
  - {vendor: datadam, property: bounds, value: {unit: UNIT, rows: ROWS, period: PERIOD}}
  - {vendor: datadam, property: gates, value: {contributors: CONTRIBUTORS}}
  - {vendor: datadam, property: budget, value: {period: 0.5, life: 1}}
  - {vendor: datadam, property: referenceQuestion, value: {aggregate: count, units: 10000}}
schema:
  - name: test_energy
    logicalType: object
    physicalType: table
    properties:
      - name: plant
        businessName: Plant
        description: Number of the plant.
        logicalType: string
        logicalTypeOptions: {maxLength: 20}
        required: true
        primaryKey: true
        primaryKeyPosition: 1
        classification: business
        customProperties:
          - {vendor: datadam, property: titles, value: {ko: 사업장}}
          - {vendor: datadam, property: descriptions, value: {ko: 사업장 번호입니다.}}
      - name: firm
        businessName: Firm
        description: Who runs the plant.
        logicalType: string
        logicalTypeOptions: {maxLength: 20}
        required: true
        primaryKey: true
        primaryKeyPosition: 2
        classification: confidential
        customProperties:
          - {vendor: datadam, property: titles, value: {ko: 기업}}
          - {vendor: datadam, property: descriptions, value: {ko: 사업장을 운영하는 기업입니다.}}
          - {vendor: datadam, property: protection, value: unit-id}
          - {vendor: datadam, property: domain, value: firm}
      - name: region
        businessName: Region
        description: Where the plant is.
        logicalType: string
        required: true
        classification: business
        enum: [{value: north}, {value: south}]
        customProperties:
          - {vendor: datadam, property: titles, value: {ko: 지역}}
          - {vendor: datadam, property: descriptions, value: {ko: 사업장이 있는 지역입니다.}}
      - name: sector
        businessName: Sector
        description: What the plant makes.
        logicalType: string
        required: true
        classification: business
        enum: [{value: food}, {value: steel}, {value: wood}]
        customProperties:
          - {vendor: datadam, property: titles, value: {ko: 업종}}
          - {vendor: datadam, property: descriptions, value: {ko: 사업장이 만드는 것입니다.}}
      - name: energy
        businessName: Energy
        description: What the plant used.
        logicalType: integer
        logicalTypeOptions: {minimum: 0, maximum: 1000}
        classification: confidential
        customProperties:
          - {vendor: datadam, property: titles, value: {ko: 사용량}}
          - {vendor: datadam, property: descriptions, value: {ko: 사업장이 쓴 양입니다.}}
          - {vendor: datadam, property: clip, value: {lowest: 0, highest: 100}}
"""


def answers_text(*, unit: str = "firm", rows: int = 4, period: str = "quarter", contributors: int = 2) -> str:
    """A standard whose reservoir gives private answers only; its unit is the firm, or the contributor."""
    text = ANSWERS.replace("UNIT", unit).replace("ROWS", str(rows)).replace("PERIOD", period)
    return text.replace("CONTRIBUTORS", str(contributors))


def energy(firms: int, *, first: int = 0, plants: int = 3) -> bytes:
    """A file of that standard: so many firms, from that number on, each with some plants."""
    lines = ["plant,firm,region,sector,energy"]
    for firm in range(first, first + firms):
        for plant in range(plants):
            place, makes = ("north", "south")[(firm + plant) % 2], ("food", "steel", "wood")[(firm + 2 * plant) % 3]
            lines.append(f"P{firm}-{plant},F{firm},{place},{makes},{(7 * firm + 13 * plant) % 120}")
    return "\n".join([*lines, ""]).encode()


GOOD = b"meter,amount\nA1,5\nA2,7\nA3,1000\n"


@contextmanager
def granted(world: World, person: Person, standard: str) -> Iterator[str]:
    """Within this, the person may take the standard's rows."""
    id = grant.grant(world, person.id, standard)
    yield id
    grant.revoke(world, id)


def refused(code: str, do: Callable[[], object]) -> DamError:
    """It is refused with that code."""
    with pytest.raises(DamError) as caught:
        do()
    assert caught.value.code == code
    return caught.value


def rebuilds(world: World, scratch: MemoryStore | None = None, start: int = 0) -> None:
    """The log, folded anew, says what the tables say; `scratch` may have the entries before `start` already."""
    scratch = scratch or MemoryStore()
    with scratch.transaction() as rows:
        state.fold_all(world, rows, start)
    with scratch.read() as told, world.store.read() as held:
        for kind in state.PROJECTED:
            assert told.find(kind) == held.find(kind), kind
