"""What every verb is given: the ports, the ledger and the limits. Made in wiring, or of memory adapters in a test."""

import threading
from dataclasses import dataclass, field

from datadam.ledger import Ledger
from datadam.ports import Bodies, Clock, Engine, Lake, Secrets, ShareWriter, Spool, Store
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
    shares: ShareWriter
    spool: Spool
    secrets: Secrets
    clock: Clock
    lock: threading.RLock = field(default_factory=threading.RLock)  # checks and what they allow are one step
