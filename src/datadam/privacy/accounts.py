"""Accounts of private answers, as the log tells them: twins, charges, answers, caps; and what was spent. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from datadam.errors import Refused
from datadam.privacy import budget, periods
from datadam.privacy.budget import Spent
from datadam.protections import Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """A period's bounded twin as it stood when it was first asked about, or anew after a deposit left."""

    standard: str = field(metadata={"key": True})
    name: str = field(metadata={"key": True})  # `2026-Q3.1`
    period: str
    version: str  # of the standard, whose recipe it was made by
    recipe: str  # digest of that
    deposits: str  # keyed digest: of whose parts it is
    commitment: str  # keyed digest of the file's digest
    statement: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What an answer costs, taken before any twin is read and never given back."""

    id: str = field(metadata={"key": True})  # statement id
    standard: str
    member: str | None  # None: the operator's own question, on the reserve
    periods: tuple[str, ...]  # each is charged in full
    twins: tuple[str, ...]
    question: str  # digest of the canonical question
    rho: int  # micro-rho
    issued: str  # ISO 8601 instant
    index: int
    answer: str | None = None  # its statement; None: under way, or lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """What a contributor lets be spent on its rows over their life, as it said at one time."""

    id: str = field(metadata={"key": True})  # statement id
    member: str
    standard: str
    rho: int | None  # micro-rho; None: no cap of its own any more
    issued: str
    index: int


def life(charges: Iterable[Charge], member: str | None) -> Spent:
    """What was spent of the units' life: each answer counts once, however many periods it touches."""
    return _total(charges, member)


def spent(charges: Iterable[Charge], about: Iterable[str], member: str | None) -> dict[str, Spent]:
    """What was spent on each of these periods: by all consumers, by one of them, and by the operator."""
    held = list(charges)
    found = {}
    for period in about:
        here = [one for one in held if any(overlap(period, other) for other in one.periods)]
        found[period] = _total(here, member)
    return found


def _total(charges: Iterable[Charge], member: str | None) -> Spent:
    held = list(charges)
    return Spent(
        consumers=sum(one.rho for one in held if one.member is not None),
        asker=sum(one.rho for one in held if one.member is not None and one.member == member),
        operator=sum(one.rho for one in held if one.member is None),
    )


@lru_cache(maxsize=10_000)  # every charge there ever was is looked at for each new one
def overlap(one: str, other: str) -> bool:
    """Whether rows can count in both periods: a lineage may have been asked about by months once, and by quarters."""
    if one == other:
        return True
    if periods.length_of(one) == periods.length_of(other):
        return False
    return periods.start(one) < periods.end(other) and periods.start(other) < periods.end(one)


def refusal(said: Budget, charges: Iterable[Charge], new: Charge) -> Refused | None:
    """Why a budget does not hold a new charge after these; None where it does."""
    held = list(charges)
    so_far = spent(held, new.periods, new.member)
    return budget.refusal(said, new.rho, so_far, life=life(held, new.member), operator=new.member is None)
