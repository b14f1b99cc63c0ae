"""Laws as data: which transfers have a basis, and which clocks run. Rows with a source, a date and a certainty.

Not legal advice. No country and no law is named in code: a file says what it takes to hold, a person adopts it.
`law_files` reads the two kinds of file: *corridors* (from, to, class of data → basis) and *clocks* (event → notice, and
by when).

A corridor row allows or restricts. Allowing rows are read for exactly their classes; a restricting row binds all that
is as strict as the least of its classes, whatever else allows. `needs` says how well a row of a class must have been
checked before it allows. An instrument that is not in force (`valid_from: null`) does neither.
"""

import calendar
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from datadam.duties import STRICTNESS, Incident
from datadam.errors import Invalid
from datadam.model import PrivacyClass

NAMES: Final = ("corridors", "clocks")
"""The kinds of law file."""

_DURATION: Final = re.compile(
    r"P(?=[0-9T])(?:([0-9]{1,3})Y)?(?:([0-9]{1,3})M)?(?:([0-9]{1,3})W)?(?:([0-9]{1,4})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,4})H)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})S)?)?"
)


class Certainty(StrEnum):
    """How a row was checked, the best first."""

    READ = "read"  # in a public text of the law or of its author
    SECONDARY = "secondary"  # in what others say of it
    MEMORY = "memory"  # not checked again


class Effect(StrEnum):
    """What a corridor row does."""

    ALLOWS = "allows"
    RESTRICTS = "restricts"


class Duty(StrEnum):
    """What a clock is for."""

    NOTICE = "notice"
    ANSWER = "answer"
    KEEP = "keep"  # records, for at least so long: no deadline


STARTS: Final = ("awareness", "receipt", "end")
"""What a clock starts at, unless at another clock's notice; to keep records, at the end of what they are about."""

_RANK: Final[Mapping[Certainty, int]] = {one: place for place, one in enumerate(Certainty)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """An ISO 8601 duration: months are of the calendar, all else is of fixed length."""

    text: str
    months: int
    rest: timedelta

    def after(self, start: datetime) -> datetime:
        """The instant so long after `start`, in UTC; a later start never ends earlier.

        Where the month has no such day, it is the last second of its last one (Regulation (EEC) 1182/71 art. 3): the
        last day at the time of day of `start` would let an awareness on the 31st end before one on the 30th.
        """
        start = start.astimezone(UTC)
        years, month = divmod(start.year * 12 + start.month - 1 + self.months, 12)
        last = calendar.monthrange(years, month + 1)[1]
        if start.day > last:
            start = datetime.combine(date(years, month + 1, last), time(23, 59, 59), UTC)
        else:
            start = start.replace(year=years, month=month + 1)
        return start + self.rest


def duration(text: str) -> Duration:
    """Read a duration such as `PT72H` or `P1M`; one of no length or with fractions is `Invalid`."""
    found = _DURATION.fullmatch(text)
    years, months, weeks, days, hours, minutes, seconds = (
        (int(part or 0) for part in found.groups()) if found else [0] * 7
    )
    read = Duration(
        text=text,
        months=years * 12 + months,
        rest=timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds),
    )
    if not (read.months or read.rest):
        raise Invalid("law.duration-wrong", value=text[:40])
    return read


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a row is from, and how it was checked."""

    instrument: str
    article: str
    source: str  # names the official publication
    certainty: Certainty
    checked_on: date | None = None
    checked_by: str | None = None
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corridor:
    """One row: data of these classes, from these countries to those."""

    id: str
    origins: frozenset[str]
    destinations: frozenset[str]
    classes: frozenset[PrivacyClass]
    effect: Effect
    basis: str
    valid_from: date | None  # None: not in force
    valid_to: date | None
    law: Source
    safeguards: tuple[str, ...] = ()
    ground: str = ""  # of a restriction

    def holds(self, home: str, destination: str, day: date) -> bool:
        """Whether the row is about this way, and in force that day."""
        return home in self.origins and destination in self.destinations and self.in_force(day)

    def in_force(self, day: date) -> bool:
        """Whether it counts that day, the first and the last included."""
        started = self.valid_from is not None and self.valid_from <= day
        return started and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """One row: what is due when something happens, to whom, and by when."""

    id: str
    event: str
    duty: Duty
    countries: frozenset[str]  # whose law it is
    classes: frozenset[PrivacyClass]  # empty: whatever the data
    persons: int  # the least number of persons
    starts_at: str  # of STARTS, or the id of the clock whose notice starts it
    limit: Duration
    recipient: str
    applies_from: date | None  # None: not in force
    applies_to: date | None
    law: Source

    def runs(self, incident: Incident, where: Collection[str], day: date) -> bool:
        """Whether the clock runs for an incident in those countries that the dam knew of that day."""
        in_time = self.applies_from is not None and self.applies_from <= day
        return (
            self.duty is not Duty.KEEP
            and self.event == incident.event
            and not self.countries.isdisjoint(where)
            and (not self.classes or not self.classes.isdisjoint(incident.classes))
            and incident.persons >= self.persons
            and in_time
            and (self.applies_to is None or day <= self.applies_to)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Corridors:
    """A file of corridors."""

    version: str
    note: str
    rows: tuple[Corridor, ...]
    needs: Mapping[PrivacyClass, Certainty] = field(default_factory=dict)
    name: str = NAMES[0]

    def row(self, id: str) -> Corridor | None:
        """The row with that id."""
        return next((row for row in self.rows if row.id == id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """A file of clocks."""

    version: str
    note: str
    rows: tuple[Clock, ...]
    events: Mapping[str, str] = field(default_factory=dict)  # event → what it is
    name: str = NAMES[1]


Law: TypeAlias = Corridors | Clocks


# --- asking -----------------------------------------------------------------------------------------------------------


def corridor(home: str, destination: str, data_class: PrivacyClass, day: date, *, law: Corridors | None) -> str | None:
    """The row that is a basis for taking a class of data from `home` to `destination` on a day.

    Empty where it stays at home, which needs none; None where no row allows it, or one restricts it. Of several rows
    that allow, the one that was checked best, then the one that is about the fewest countries.
    """
    if home == destination:
        return ""
    rows = [row for row in law.rows if row.holds(home, destination, day)] if law is not None else []
    if law is None or any(_binds(row, data_class) for row in rows):
        return None
    needed = _RANK[law.needs[data_class]]
    found = [
        row
        for row in rows
        if row.effect is Effect.ALLOWS and data_class in row.classes and _RANK[row.law.certainty] <= needed
    ]
    return min(found, key=_preference).id if found else None


def _binds(row: Corridor, data_class: PrivacyClass) -> bool:
    """Whether a row restricts a class: a table is asked about by its strictest class, and has others too."""
    return row.effect is Effect.RESTRICTS and min(STRICTNESS[one] for one in row.classes) <= STRICTNESS[data_class]


def _preference(row: Corridor) -> tuple[int, int, str]:
    return _RANK[row.law.certainty], len(row.origins) * len(row.destinations), row.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A notice or an answer that is due."""

    clock: Clock
    deadline: datetime


def due(
    incident: Incident, clocks: Clocks, where: Collection[str], given: Mapping[str, datetime] | None = None
) -> tuple[Due, ...]:
    """Every notice that an incident makes due in those countries, the earliest deadline first.

    `given` are the instants of notices that were given, by clock: a clock that starts at another's notice starts when
    that was given, and until then at its deadline. A later awareness never makes a notice due earlier.
    """
    at = datetime.fromisoformat(incident.at).astimezone(UTC)
    running = {clock.id: clock for clock in clocks.rows if clock.runs(incident, where, at.date())}
    known = {clock.id: clock for clock in clocks.rows}

    def deadline(clock: Clock) -> datetime:
        if clock.starts_at in STARTS:
            return clock.limit.after(at)
        before = (given or {}).get(clock.starts_at)
        return clock.limit.after(before if before is not None else deadline(known[clock.starts_at]))

    found = [Due(clock=clock, deadline=deadline(clock)) for clock in running.values()]
    return tuple(sorted(found, key=lambda one: (one.deadline, one.clock.id)))
