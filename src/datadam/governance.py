"""Who decides over a standard, and how: proposals that stewards sign, and what members say of them. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from datadam.model import PublishedStandard, Standard, instant

OPEN_DAYS: Final = 30  # after its notice, in which a proposal can be published; then it lapses
MAX_NOTICE: Final = 365  # days that a proposer may give
MAX_A_DAY: Final = 5  # proposals of one steward for one standard: each stays in the log, with its whole text
MAX_COMMENTS: Final = 3  # of one member on one proposal


class About(StrEnum):
    """What is proposed."""

    STANDARD = "standard"  # its first version, or the next
    OFFER = "offer"


class ProposalState(StrEnum):
    """How a proposal stands."""

    NOTICE = "notice"  # its notice runs; it can be signed and commented on
    DUE = "due"  # the notice is over: with enough signatures it is published
    PUBLISHED = "published"
    REPLACED = "replaced"  # its proposer proposed something else instead
    OVERTAKEN = "overtaken"  # what it would take the place of is no longer in force
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stewards:
    """Who decides what comes next of a standard, and how many of them it takes."""

    members: tuple[str, ...]
    quorum: int
    notice_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A version or an offer that waits for its notice and for stewards' signatures, as the log tells it."""

    id: str = field(metadata={"key": True})
    standard: str
    about: About
    digest: str  # of the content: what the stewards sign
    replaces: str | None  # the statement that was in force, and must be still; None: there was none
    stewards: tuple[str, ...]
    quorum: int
    by: str | None  # the steward who proposed it; None: the operator
    comments: str  # where others than members may send theirs
    issued: str
    effective: str  # the instant before which it is not published
    lapses: str  # the instant from which it is published no more
    index: int
    approved: int | None = None  # log index
    published: int | None = None  # log index
    replaced: int | None = None  # log index


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What a member says of a proposal."""

    id: str = field(metadata={"key": True})
    proposal: str
    member: str
    text: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """A statement that waits for stewards' signatures; those that came so far are in its envelope."""

    id: str = field(metadata={"key": True})  # of the statement
    about: str  # the proposal, or the dispute
    standard: str
    envelope: str
    by: str | None = None  # who drew it up
    made: str | None = None  # instant


def told(one: Stewards) -> dict[str, int]:
    """How many must sign, as refusals say it."""
    return {"quorum": one.quorum, "stewards": len(one.members)}


def stewards_of(published: PublishedStandard | None) -> Stewards | None:
    """Who decides what follows a version in force; None: the operator."""
    if published is None or published.quorum is None:
        return None
    return Stewards(
        members=tuple(published.stewards or ()), quorum=published.quorum, notice_days=published.notice_days or 0
    )


def electorate(last: PublishedStandard | None, new: Standard) -> Stewards | None:
    """Who must sign a version: the stewards of the one in force; where it has none, those whom the new one names."""
    held = stewards_of(last)
    if held is not None or new.quorum is None:
        return held
    return Stewards(members=new.stewards, quorum=new.quorum, notice_days=0)  # nobody was promised a notice yet


def clocked(issued: datetime, days: int) -> tuple[str, str]:
    """From when until when a proposal with so many days of notice can be published."""
    effective = issued + timedelta(days=days)
    return instant(effective), instant(effective + timedelta(days=OPEN_DAYS))


def state(one: Proposal, *, last: str | None, now: str) -> ProposalState:
    """How a proposal stands; `last` is the statement in force that it would take the place of."""
    if one.published is not None:
        return ProposalState.PUBLISHED
    if one.replaced is not None:
        return ProposalState.REPLACED
    if one.replaces != last:
        return ProposalState.OVERTAKEN
    if now >= one.lapses:
        return ProposalState.LAPSED
    return ProposalState.DUE if now >= one.effective else ProposalState.NOTICE


LIVE: Final = frozenset({ProposalState.NOTICE, ProposalState.DUE})
"""States in which a proposal can be signed and commented on."""


def enough(signed: Collection[str], stewards: Collection[str], quorum: int) -> bool:
    """Whether so many different stewards signed as it takes."""
    return len(set(signed) & set(stewards)) >= quorum
