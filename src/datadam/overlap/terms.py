"""What a round is: its plan, both dams' keys with proofs of possession, the codes that it can tell.

A plan is made before there are keys, and the keys are bound to it; plan and keys together give the round its id, and
every message is bound to that. A round is valid from birth: whoever holds a `Round` need check no proof again.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeVar

from datadam.errors import Invalid, Untrusted
from datadam.model import Json
from datadam.seal import canonical, decode, encode, group, keyed

T = TypeVar("T")

BANDS: Final = 3  # of `essential` in supply.supply-edge: 0, 1 and 2
MAX_TIERS: Final = 6  # each multiplies the bags
MAX_CAP: Final = 100_000  # rows of one bag: 19 MB
MAX_CODES: Final = 65_536  # country x stage x band; each is tried when a code is read, 12 us
MAX_DECOYS: Final = 100
DECOY_SIZES: Final = (2, 3, 4)  # how many alike a group of decoys has
MAX_WORD: Final = 80  # characters of a period, a stage, an origin
NONCE_BYTES: Final = 32
_SUPPLIER: Final = re.compile(r"[A-Z]{2,8}:[0-9A-Z](?:[0-9A-Z:-]{0,37}[0-9A-Z])", re.ASCII)
_PLAN: Final = b"datadam/match/plan/v1"
_ROUND: Final = b"datadam/match/round/v1"
_ITEMS: Final = "datadam/match/items/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of a member's list of suppliers, which stays at home."""

    supplier: str  # register and number, as supply.supply-edge writes it: never a name
    country: str
    stage: str
    essential: int  # how hard it is to replace: 0, 1 or 2

    def __post_init__(self) -> None:
        if not _SUPPLIER.fullmatch(self.supplier):
            raise Invalid("overlap.supplier")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What two dams announce before they have keys for it."""

    standard: str
    period: str
    dams: tuple[str, str]  # their origins, sorted
    caps: tuple[int, ...]  # rows of a bag by tier, a maker's first; each one public
    decoys: int  # see `room`
    countries: tuple[str, ...]  # sorted
    stages: tuple[str, ...]  # sorted

    def __post_init__(self) -> None:
        words = (self.standard, self.period, *self.dams, *self.countries, *self.stages)
        if not all(0 < len(word) <= MAX_WORD for word in words):
            raise Invalid("overlap.plan", why="a word is empty or too long")
        for name, listed in (("dams", self.dams), ("countries", self.countries), ("stages", self.stages)):
            if not listed or tuple(sorted(set(listed))) != listed:
                raise Invalid("overlap.plan", why=f"{name} are not sorted, or one is named twice")
        if not 1 < len(self.caps) <= MAX_TIERS or not all(0 < cap <= MAX_CAP for cap in self.caps):
            raise Invalid("overlap.plan", why=f"2 to {MAX_TIERS} tiers of 1 to {MAX_CAP} rows are needed")
        if not 0 <= self.decoys <= MAX_DECOYS or self.room >= self.caps[0]:
            raise Invalid("overlap.plan", why="the decoys leave a maker's bag no room")
        if len(self.countries) * len(self.stages) * BANDS > MAX_CODES:
            raise Invalid("overlap.plan", why=f"more than {MAX_CODES} codes")

    @property
    def room(self) -> int:
        """Rows of a maker's bag that are kept for decoys, however many are drawn."""
        return 2 * self.decoys * sum(DECOY_SIZES)

    def cap(self, tier: int) -> int:
        """Rows of a bag that is made at a tier."""
        if not 0 <= tier < len(self.caps):
            raise Invalid("overlap.tier", tier=tier, tiers=len(self.caps))
        return self.caps[tier]

    def code(self, item: Item) -> int:
        """The number, from 1 on, of an item's country, stage and band; what the plan does not list is `Invalid`."""
        if item.country not in self.countries or item.stage not in self.stages or item.essential not in range(BANDS):
            raise Invalid("overlap.code", country=item.country, stage=item.stage, essential=item.essential)
        place = self.countries.index(item.country) * len(self.stages) + self.stages.index(item.stage)
        return place * BANDS + item.essential + 1

    def codes(self) -> Iterator[tuple[str, str, int]]:
        """Country, stage and band of each code, the first one's first."""
        return ((where, what, band) for where in self.countries for what in self.stages for band in range(BANDS))

    def to_json(self) -> Json:
        """What `from_json` reads."""
        return {
            "standard": self.standard,
            "period": self.period,
            "dams": list(self.dams),
            "caps": list(self.caps),
            "decoys": self.decoys,
            "countries": list(self.countries),
            "stages": list(self.stages),
        }

    @classmethod
    def from_json(cls, told: object) -> "Plan":
        """Read a plan strictly."""
        fields = {"standard": str, "period": str, "dams": list, "caps": list, "decoys": int}
        found = read_object(told, {**fields, "countries": list, "stages": list})
        dams = read_list(found, "dams", str)
        if len(dams) != 2:  # noqa: PLR2004  (one at a time they open nothing)
            raise Invalid("overlap.plan", why="two dams are needed")
        return cls(
            standard=found["standard"],
            period=found["period"],
            dams=(dams[0], dams[1]),
            caps=tuple(read_list(found, "caps", int)),
            decoys=found["decoys"],
            countries=tuple(read_list(found, "countries", str)),
            stages=tuple(read_list(found, "stages", str)),
        )


def read_object(told: object, fields: Mapping[str, type]) -> Json:
    """A JSON object with exactly these fields, each of its type."""
    if not isinstance(told, dict) or set(told) != set(fields):
        raise Invalid("overlap.plan", why=f"expected the fields {', '.join(fields)}")
    for name, kind in fields.items():
        if type(told[name]) is not kind:
            raise Invalid("overlap.plan", why=f"{name} is of another type")
    return told


def read_list(told: Json, name: str, kind: type[T]) -> list[T]:
    """A field of such an object that is a list of one type; to Python, true is 1, here it is not."""
    if not all(type(one) is kind for one in told[name]):
        raise Invalid("overlap.plan", why=f"{name} holds another type")
    return list(told[name])


# --- keys of the dams -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Secret:
    """What a dam keeps to itself, for one round: to be destroyed when that is over."""

    opening: bytes = field(repr=False)  # its share of the key under which all is encrypted
    raising: bytes = field(repr=False)  # its exponent: without both, nobody can work out the token of an id

    def to_bytes(self) -> bytes:
        """Both, 64 bytes."""
        return self.opening + self.raising

    @classmethod
    def from_bytes(cls, data: bytes) -> "Secret":
        """Read them."""
        return cls(group.scalar(data[: group.BYTES]), group.scalar(data[group.BYTES :]))


def new_secret() -> Secret:
    """Fresh ones."""
    return Secret(group.random_scalar(), group.random_scalar())


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a dam tells of its secret, proved to be its own."""

    dam: str
    opening: bytes
    raising: bytes
    proofs: tuple[bytes, bytes]

    def to_json(self) -> Json:
        """What `Round.of` reads."""
        return {
            "dam": self.dam,
            "opening": encode(self.opening),
            "raising": encode(self.raising),
            "proofs": [encode(proof) for proof in self.proofs],
        }


def part(plan: Plan, dam: str, secret: Secret) -> Json:
    """A dam's part of a round: its public keys, and proofs that it holds what they are made of.

    Without these, the second to speak could choose its key so that it alone opens all (a rogue key).
    """
    keys = (secret.opening, secret.raising)
    first, second = (group.prove_held(_context(plan, dam, name), one) for name, one in zip("ab", keys, strict=True))
    opening, raising = (group.public_of(one) for one in keys)
    return Part(dam=dam, opening=opening, raising=raising, proofs=(first, second)).to_json()


def _context(plan: Plan, dam: str, name: str) -> bytes:
    return canonical({"use": _PLAN.decode(), "plan": plan.to_json(), "dam": dam, "key": name})


def _read_part(plan: Plan, told: object) -> Part:
    found = read_object(told, {"dam": str, "opening": str, "raising": str, "proofs": list})
    told_proofs = read_list(found, "proofs", str)
    if len(told_proofs) != 2:  # noqa: PLR2004  (one a key)
        raise Invalid("overlap.plan", why="two proofs are needed")
    keys = tuple(group.point(decode(found[name])) for name in ("opening", "raising"))
    proofs = [decode(proof) for proof in told_proofs]
    for name, key, proof in zip("ab", keys, proofs, strict=True):
        if not group.is_held(_context(plan, found["dam"], name), key, proof):
            raise Untrusted("overlap.proof", dam=found["dam"])
    return Part(dam=found["dam"], opening=keys[0], raising=keys[1], proofs=(proofs[0], proofs[1]))


# --- the round --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Round:
    """A plan and both dams' parts, whose proofs hold."""

    plan: Plan
    parts: tuple[Part, Part]  # in the order of the plan's dams

    @classmethod
    def of(cls, plan: Plan, parts: Iterable[object]) -> "Round":
        """Put a round together; a part that proves nothing is `Untrusted`."""
        read = sorted((_read_part(plan, told) for told in parts), key=lambda one: one.dam)
        if tuple(one.dam for one in read) != plan.dams:
            raise Invalid("overlap.plan", why="the parts are not those of its dams")
        found = cls(plan, (read[0], read[1]))
        group.point(found.key)  # keys that cancel one another would open all to everybody
        return found

    @cached_property
    def id(self) -> bytes:
        """Its 32 bytes; every message carries them."""
        return keyed(_ROUND, canonical(self.to_json()))

    @cached_property
    def key(self) -> bytes:
        """What everybody encrypts under: only both dams together can decrypt."""
        return group.add(self.parts[0].opening, self.parts[1].opening)

    def number(self, dam: str) -> int:
        """Which of its two dams one is."""
        if dam not in self.plan.dams:
            raise Invalid("overlap.dam", dam=dam[:MAX_WORD])
        return self.plan.dams.index(dam)

    def to_json(self) -> Json:
        """What the statement of a round holds."""
        return {"plan": self.plan.to_json(), "parts": [one.to_json() for one in self.parts]}

    @classmethod
    def from_json(cls, told: object) -> "Round":
        """Read a round strictly, its proofs too."""
        found = read_object(told, {"plan": dict, "parts": list})
        return cls.of(Plan.from_json(found["plan"]), found["parts"])


def commitment(this: Round, items: Iterable[Item], nonce: bytes) -> str:
    """The digest by which a member commits to its list, as hex: it tells nothing without the nonce, and binds with it.

    The same list in another order has the same digest.
    """
    lines = sorted({(one.supplier, one.country, one.stage, one.essential) for one in items})
    return committed(this.id, [list(line) for line in lines], nonce)


def committed(to: bytes, lines: object, nonce: bytes) -> str:
    """The digest of some JSON under a nonce of 32 bytes, bound to a round."""
    if len(nonce) != NONCE_BYTES:
        raise Invalid("overlap.nonce", size=len(nonce), expected=NONCE_BYTES)
    return keyed(nonce, _ITEMS, to, canonical(lines)).hex()
