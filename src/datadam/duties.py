"""What law asks of a dam: the law files in use, orders, demands, incidents and notices, as frozen dataclasses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from datadam.model import PrivacyClass

STRICTNESS: Final[Mapping[PrivacyClass, int]] = {one: place for place, one in enumerate(PrivacyClass)}
"""How strict a class of data is, from 0. What is said of a class of a table holds for its strictest one."""


ROWS: Final = 43
"""How many obligations `datadam audit` looks at; each has a number from 1 on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LawFile:
    """A law file that the operator adopted: in use from `index` on, until the next of the same name."""

    statement: str = field(metadata={"key": True})
    name: str  # corridors or clocks
    version: str
    text: str
    digest: str  # SHA-256 of the text
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """No rows of these classes, or of stricter ones, go to these countries from `index` on, until it is lifted."""

    id: str = field(metadata={"key": True})  # the order statement
    classes: tuple[str, ...]  # of PrivacyClass
    destinations: tuple[str, ...]  # ISO 3166-1 alpha-2
    standard: str | None  # of one reservoir; None: of all
    reason: str
    ground: str  # the law or decision that it rests on
    index: int
    lifted: int | None = None  # log index
    peer: str | None = None  # whose it is, where another dam's order was adopted
    scope: tuple[str, ...] | None = None  # of a peer's order about all reservoirs: those that the peering is about


class Answer(StrEnum):
    """What a government that demanded data was answered."""

    PENDING = "pending"
    REFUSED = "refused"
    COMPLIED = "complied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A government's demand for data, and whose data it concerns; each of them has a notice."""

    id: str = field(metadata={"key": True})
    authority: str
    country: str  # ISO 3166-1 alpha-2 of the authority
    ground: str
    what: str
    received: str  # ISO 8601 instant
    contributors: tuple[str, ...]
    answer: Answer
    index: int
    model: str | None = None  # whose code or weights it is for: they may be opened to it


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that clocks run for: a breach, a rights request; never with personal data in its words."""

    id: str = field(metadata={"key": True})
    event: str  # of those that the clocks name
    classes: tuple[str, ...]  # of PrivacyClass: the data that it concerns
    persons: int
    countries: tuple[str, ...]  # whose law looks at it: ISO 3166-1 alpha-2
    at: str  # ISO 8601 instant at which the dam knew of it
    what: str
    law: str  # the statement that adopted the clocks
    index: int


class Topic(StrEnum):
    """What a notice is about."""

    DEMAND = "demand"
    WITHDRAWAL = "withdrawal"
    INCIDENT = "incident"
    DISPUTE = "dispute"  # that it was raised, and each thing that happened to it
    AGREEMENT = "agreement"  # that the dam suspended, resumed or ended it


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """That somebody was told: a member of what concerns it, an authority of an incident."""

    id: str = field(metadata={"key": True})
    topic: Topic
    about: str  # the statement
    member: str | None  # whom; None: the recipient that the clock names
    clock: str | None  # of an incident: which clock it stopped
    given: str | None  # when, of an incident: ISO 8601 instant
    due: str | None  # by when it was due
    facts: Mapping[str, str]
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a named person answers for where no machine can see it. It is that person's word, and proves no more."""

    id: str = field(metadata={"key": True})
    row: int  # of the obligations, from 1 on
    member: str | None  # whose person it is; None: the dam's
    standard: str | None  # the reservoir that it is about
    subject: str | None  # the member that it is about
    applies: bool  # whether what the row is about is the case there
    countries: tuple[str, ...]  # ISO 3166-1 alpha-2; what they mean, the row says
    days: int | None
    words: str
    person: str  # SHA-256 of the erasable body with the person's name and office
    until: str  # ISO 8601 date, that day included
    index: int
