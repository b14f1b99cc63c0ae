"""Rounds of matching as records: what is announced, who committed to what, what was handed in and what came of it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Course(StrEnum):
    """How far a round is."""

    OPEN = "open"
    FOUND = "found"  # over: both dams know what is shared
    ENDED = "ended"  # over, without a result


class Role(StrEnum):
    """As what a member commits to its list."""

    SUPPLIER = "supplier"
    MAKER = "maker"  # hands a bag to its dam, and signs for what comes of it
    ASKER = "asker"  # of two parties
    HOLDER = "holder"


IN_ROUNDS: Final = frozenset({Role.SUPPLIER, Role.MAKER})
TERMS: Final = ("country-stage-band-count", "not-passed-on", "nobody-looked-for")
"""What is agreed when makers show others what came of a round: what is shown, that it stays there, that no firm behind
it is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A round that this dam announced together with a peer; of a standard and a period there is one."""

    id: str = field(metadata={"key": True})  # of `overlap.Round`, hex
    statement: str
    peer: str
    standard: str
    period: str
    closes: str  # instant until which lists are committed to and bags handed in
    text: str  # JSON of the `overlap.Round`
    state: Course
    reason: str | None  # code, where it ended without a result
    outcome: str | None  # the statement that says so
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """That a member takes part with one list and no other."""

    id: str = field(metadata={"key": True})  # statement id
    round: str  # or the id of an `overlap.Pair`
    member: str
    role: Role
    digest: str
    reader: str | None  # JSON: the key that a maker reads codes with; None: it signed for no result
    pair: str | None  # JSON of an `overlap.Pair`
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What came of a round for one maker that signed for it."""

    round: str = field(metadata={"key": True})
    member: str = field(metadata={"key": True})
    statement: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """A member asks the makers of a round to show it what came of it: the terms that it signed."""

    id: str = field(metadata={"key": True})  # of its statement
    round: str
    member: str
    purpose: str
    until: str  # instant
    reader: str  # JSON of the public key that is sealed for
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A maker's signature under such terms."""

    showing: str = field(metadata={"key": True})
    member: str = field(metadata={"key": True})
    statement: str
    sheet: str  # digest of what it sealed
    index: int


# --- not projected: what waits or works -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A round that one of two operators has agreed to, by the digest of its terms."""

    digest: str = field(metadata={"key": True})
    peer: str
    terms: str  # JSON: plan, closes
    own: str | None = None  # JSON of our part, once our operator agreed
    other: str | None = None  # and of the peer's


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A round whose bags are mixed: whose there are."""

    round: str = field(metadata={"key": True})
    mine: str | None = None  # JSON: ids of own makers, fixed when our operator runs it
    theirs: str | None = None  # JSON: maker → reader, as the peer said and its makers signed
    told: bool = False  # the peer knows which are ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a round that is held here; its bytes lie in a `Payload`."""

    round: str = field(metadata={"key": True})
    maker: str = field(metadata={"key": True})  # empty: about all of them
    step: str = field(metadata={"key": True})
    digest: str
    sent: bool = False  # the peer has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The bytes of a message, base64."""

    round: str = field(metadata={"key": True})
    maker: str = field(metadata={"key": True})
    step: str = field(metadata={"key": True})
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What of a round was refused to whom, and how often: for the operator."""

    round: str = field(metadata={"key": True})
    member: str = field(metadata={"key": True})
    code: str = field(metadata={"key": True})
    count: int
    last: str  # instant
