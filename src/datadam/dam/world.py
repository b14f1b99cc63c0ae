"""What every verb is given: the ports, the ledger and the limits. Made in wiring, or of memory adapters in a test."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from datadam.dam.links import Links
from datadam.dam.remembered import Remembered
from datadam.ledger import Ledger
from datadam.ports import (
    Archive,
    Bodies,
    Clock,
    Editions,
    Engine,
    Groups,
    Lake,
    Noise,
    PeerLink,
    Secrets,
    ShareWriter,
    Spool,
    Store,
    Sums,
    Surveyor,
    TrustList,
    Twins,
    Witness,
)
from datadam.privacy.suppression import Solver
from datadam.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The world as one dam sees it."""

    settings: Settings
    ledger: Ledger
    bodies: Bodies
    store: Store
    lake: Lake
    engine: Engine
    surveyor: Surveyor
    shares: ShareWriter
    editions: Editions
    groups: Groups
    sums: Sums
    solver: Solver
    twins: Twins
    noise: Noise
    spool: Spool
    secrets: Secrets
    clock: Clock
    witnesses: Sequence[Witness] = ()
    trust: TrustList | None = None  # None: no certificate proves anything here
    archive: Archive | None = None  # None where there is no folder to keep
    peers: PeerLink | None = None  # None where no other dam can be reached
    links: Links = field(default_factory=Links)
    decisions: Remembered = field(default_factory=Remembered)
    matching: threading.Lock = field(default_factory=threading.Lock)  # one round at a time is worked on
    lock: threading.RLock = field(default_factory=threading.RLock)  # checks and what they allow are one step
