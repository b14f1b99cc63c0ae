"""Models that members disclose: what its provider says of one, and what the dam computes of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

from datadam.model import Deposit, Edition, Json, Release, Withdrawal


class Compute(StrEnum):
    """How much computing went into training, in floating-point operations: the lines that laws draw."""

    BELOW_1E23 = "below-1e23"
    FROM_1E23 = "from-1e23"  # a general-purpose model, in the Commission's guidelines on EU AI Act art. 51 to 55
    FROM_1E25 = "from-1e25"  # systemic risk is presumed: EU AI Act art. 51(2)
    FROM_1E26 = "from-1e26"  # Korea AI Basic Act art. 32, Decree art. 24


class Origin(StrEnum):
    """Where data came from that no dam gave, much as the Commission's template under EU AI Act art. 53(1)(d) asks."""

    PUBLIC = "public"  # datasets that anybody can fetch
    LICENSED = "licensed"
    COLLECTED = "collected"  # from websites, by the provider or for it
    USERS = "users"  # of the provider's services
    OWN = "own"
    SYNTHETIC = "synthetic"


class Part(StrEnum):
    """What of a model is never demanded: its provider commits itself to the bytes."""

    CODE = "code"
    WEIGHTS = "weights"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """A source of training data that is no reservoir of this dam."""

    name: str
    origin: Origin
    reference: str | None = None  # where it is described


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """A promise of bytes: SHA-256 over a salt of 32 bytes and then the bytes. It tells nothing of them."""

    part: Part
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a provider says of a model: facts for everybody, and nothing of how it is made."""

    name: str
    version: str
    purpose: str
    description: str
    contact: str  # an address of mail or the web, of an office and not of a person
    limits: tuple[str, ...]
    criteria: tuple[str, ...]  # what chiefly decides its results
    compute: Compute
    synthetic: bool  # whether synthetic data is among what it was trained on
    outside: tuple[Outside, ...] = ()
    commitments: tuple[Commitment, ...] = ()


def told(card: Card) -> dict[str, Any]:
    """A card as JSON, in a statement's words."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(card).items()}


def training(releases: list[Release]) -> list[dict[str, Any]]:
    """The training set that a member's releases come to, in the order of the log: each that was taken to train on.

    All of them: the dam sees what was taken to train on, not what went into which model. So it is never too small.
    """
    return [
        {
            "standard": one.standard.partition("@")[0],
            "version": one.version,
            "edition": one.standard.partition("@")[2] or None,
            "share_version": one.share_version,
            "deposits_digest": one.deposits_digest,
            "release": one.id,
            "decision": one.decision,
            "index": one.index,
        }
        for one in sorted(releases, key=lambda one: one.index)
        if one.action == TRAIN
    ]


def taken_there(told: Json, *, peer: str, release: str, index: int) -> dict[str, Any]:
    """What a release at a peer, to one of our members, is in a training set; `index` is its place in that log."""
    names = ("standard", "version", "edition", "share_version", "deposits_digest", "decision")
    return {"peer": peer, **{name: told.get(name) for name in names}, "release": release, "index": index}


TRAIN: Final = "train"
"""Of `terms.Action`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model in the register, as the log tells it: one version of it."""

    id: str = field(metadata={"key": True})  # the model statement
    member: str  # its provider
    name: str
    version: str
    replaces: str | None  # the statement of the version before
    releases: tuple[str, ...]  # its training set
    index: int
    elsewhere: tuple[str, ...] = ()  # releases at peers that are in it too

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.name} {self.version}"


MOST_OPENED: Final = 64 * 2**20
"""Bytes that a dam takes of an opened part; what is larger, provider and authority hand over between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """That a part of a model was opened on a demand, as the log tells it; the bytes lie under `digest`."""

    id: str = field(metadata={"key": True})  # the opening statement
    member: str  # the model's provider
    model: str
    demand: str
    part: Part
    digest: str  # the commitment
    size: int  # bytes without the salt
    index: int


def sources(body: Json) -> Mapping[str, list[Json]]:
    """A model statement's training set by what was taken: `reservoir` or `reservoir@edition` → its releases.

    What was taken at a peer stands with the peer's id behind it.
    """
    found: dict[str, list[Json]] = {}
    for one in (*body["training"], *body.get("elsewhere", ())):
        id = f"{one['standard']}@{one['edition']}" if one["edition"] else str(one["standard"])
        id = f"{id} ({one['peer']})" if "peer" in one else id
        found.setdefault(id, []).append(one)
    return found


def may_hold(release: Release, deposit: Deposit, left: Withdrawal | None, frozen: Edition | None) -> bool:
    """Whether rows of a deposit may have been in a release: never no if they were, sometimes yes if they were not.

    A release holds what its reservoir showed then, an edition what was there when it was frozen. Where rows do not tell
    their contributor, some of that was still held back; and what another deposit replaced was shown until that came.
    """
    reservoir, mark, _ = release.standard.partition("@")
    came = release.index if frozen is None else min(frozen.upto, release.index)
    if deposit.standard != reservoir or bool(mark) is not (frozen is not None) or deposit.index >= came:
        return False
    if left is None:
        return True
    if left.replaced_by is not None:
        return left.purged is None or release.index < left.purged
    return release.index < left.index
