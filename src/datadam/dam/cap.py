"""Cap: how much a contributor lets be spent on its rows over their life, and what was spent on them.

A cap binds from the next period on: one that begins once as much was spent has none of the contributor's rows. What was
handed in before was handed in under the standard's own budget, and is asked about within that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from datadam import seal
from datadam.dam import join, publish, state
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import Invalid, Refused, Untrusted
from datadam.formats.statements import shaped
from datadam.model import Deposit, Kind, PublishedStandard, Standard, Tier, instant, moment
from datadam.privacy import periods
from datadam.privacy.accounts import Cap, Charge
from datadam.privacy.budget import limits

MAX_AGE: Final = timedelta(days=1)  # between signing and sending: from when on a cap binds must not be made up later


def take(world: World, caller: Caller, envelope: bytes) -> int:
    """Log a contributor's cap on what is spent on its rows of a standard; the log index. The same again is the same."""
    statement = shaped(seal.opened(envelope), Kind.CAP)
    if caller.member is None or caller.standard is not None:
        raise Refused("ask.login-needed")
    if statement.body["member"] != caller.member:
        raise Untrusted("private.cap-not-yours", member=statement.body["member"])
    join.active(world, caller.member)
    if publish.current(world, statement.body["standard"]).tier is not Tier.ANSWERS:
        raise Invalid("private.no-answers", standard=statement.body["standard"])
    now, issued = world.clock(), moment(statement.body["issued"])
    if not -timedelta(seconds=seal.CLOCK_SKEW) <= now - issued <= MAX_AGE:
        raise Untrusted("private.cap-not-fresh", signed=statement.body["issued"])
    with world.lock:
        with world.store.read() as rows:
            state.believe(rows, statement)
            held = rows.get(Cap, statement.id)
        return held.index if held is not None else state.record(world, statement)


def left_out(world: World, standard: Standard, period: str) -> frozenset[str]:
    """The contributors whose caps were reached before a period began: it has none of their rows."""
    with world.store.read() as rows:
        caps = rows.find(Cap, standard=str(standard.id))
    if not caps:
        return frozenset()
    book = _book(world, standard)
    return frozenset(one for one in {cap.member for cap in caps} if book.left_out(one, period))


@dataclass(slots=True)
class _Book:
    """What was spent on whose rows, as far as it bears on who is left out of what."""

    caps: Sequence[Cap]  # in the order of the log
    charges: Sequence[Charge]
    came: dict[str, set[str]]  # contributor → periods in which it handed something in
    known: dict[tuple[str, str], bool]

    def left_out(self, member: str, period: str) -> bool:
        """Whether a contributor's rows are in no twin of a period."""
        if (member, period) not in self.known:
            begins = instant(periods.start(period))
            caps = [one for one in self.caps if one.member == member and one.issued < begins]
            most = caps[-1].rho if caps else None
            # only earlier periods were charged by then, so that this comes to an end
            before = (one for one in self.charges if one.issued < begins)
            self.known[member, period] = most is not None and self.spent(member, before) >= most
        return self.known[member, period]

    def spent(self, member: str, charges: Iterable[Charge]) -> int:
        """Micro-rho of those charges that touched rows of a contributor."""
        return sum(one.rho for one in charges if any(self.has(member, period) for period in one.periods))

    def has(self, member: str, period: str) -> bool:
        """Whether twins of a period may have rows of a contributor."""
        return period in self.came.get(member, ()) and not self.left_out(member, period)


def _book(world: World, standard: Standard) -> _Book:
    with world.store.read() as rows:
        caps = sorted(rows.find(Cap, standard=str(standard.id)), key=lambda one: one.index)
        charges = rows.find(Charge, standard=str(standard.id))
        deposits = rows.find(Deposit, standard=str(standard.id))
    came: dict[str, set[str]] = {}
    for one in deposits:
        came.setdefault(one.contributor, set()).add(period_of(world, standard, one))
    return _Book(caps=caps, charges=charges, came=came, known={})


def period_of(world: World, standard: Standard, deposit: Deposit) -> str:
    """The period that a deposit counts in: the one in which it was sealed."""
    sealed = world.decisions.sealed_at(
        deposit.outcome, lambda: str(world.ledger.statement(deposit.outcome).body["issued"])
    )
    return periods.of(moment(sealed), str(standard.bounds.period))


# --- asking -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What was spent on one contributor's rows of a reservoir, in micro-rho; it tells nothing of the answers."""

    standard: str
    periods: dict[str, int]  # by the period in which it handed rows in
    life: int
    allowed: int  # what the standard allows over their life
    cap: int | None  # its own
    left_out: tuple[str, ...]  # periods that its own cap kept its rows out of


def spent(world: World, caller: Caller) -> list[Spent]:
    """What was spent on the caller's rows of each reservoir of private answers that it deposited in, by id."""
    if caller.member is None or caller.standard is not None:
        raise Refused("ask.login-needed")
    with world.store.read() as rows:
        mine = {str(one.standard) for one in rows.find(Deposit, contributor=caller.member)}
        mine |= {one.standard for one in rows.find(Cap, member=caller.member)}
        known = {one.id for one in rows.find(PublishedStandard)}
    named = (publish.current(world, id) for id in sorted(mine & known))
    return [_spent(world, standard, caller.member) for standard in named if standard.tier is Tier.ANSWERS]


def _spent(world: World, standard: Standard, member: str) -> Spent:
    book = _book(world, standard)
    caps = [one for one in book.caps if one.member == member]
    came = sorted(book.came.get(member, ()))
    kept = [period for period in came if not book.left_out(member, period)]
    return Spent(
        standard=str(standard.id),
        periods={period: sum(one.rho for one in book.charges if period in one.periods) for period in kept},
        life=book.spent(member, book.charges),
        allowed=limits(standard.budget, standard.budget.life).whole if standard.budget is not None else 0,
        cap=caps[-1].rho if caps else None,
        left_out=tuple(period for period in came if period not in kept),
    )
