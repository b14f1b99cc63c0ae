"""Calendar periods of admission, by name: `2026-11-22`, `2026-W47`, `2026-11`, `2026-Q4`, `2026`; all in UTC. Pure.

A period ends where the next begins. Names of one length sort as their periods do.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

from datadam.errors import Invalid

LENGTHS: Final = ("day", "week", "month", "quarter", "year")
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 9998  # the next one's first instant can still be told

_NAME: Final = re.compile(
    r"(?P<year>[0-9]{4})(?:-W(?P<week>[0-9]{2})|-Q(?P<quarter>[1-4])|-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?)?"
)


def of(instant: datetime, length: str) -> str:
    """The name of the period of that length which an instant, with its time zone, falls into."""
    day = instant.astimezone(UTC).date()
    if length == "week":
        year, week, _ = day.isocalendar()  # ISO 8601: the year of its Thursday
        return f"{year:04}-W{week:02}"
    names = {
        "day": f"{day.year:04}-{day.month:02}-{day.day:02}",
        "month": f"{day.year:04}-{day.month:02}",
        "quarter": f"{day.year:04}-Q{(day.month + 2) // 3}",
        "year": f"{day.year:04}",
    }
    if length not in names:
        raise Invalid("private.period-length", length=length, lengths=LENGTHS)
    return names[length]


def check(name: str, length: str) -> str:
    """The name, if there is such a period of that length; else `Invalid`."""
    if length_of(name) != length:
        raise Invalid("private.period-unknown", period=name, length=length)
    _first_day(name)
    return name


def length_of(name: str) -> str:
    """How long the period of that name is: one of `LENGTHS`; `Invalid` where there is none of that name."""
    found = _read(name)
    return next((length for length in ("day", "week", "quarter", "month") if found[length] is not None), "year")


def start(name: str) -> datetime:
    """The first instant of a period."""
    return _midnight(_first_day(name))


def end(name: str) -> datetime:
    """The first instant after a period, which is the first of the next one."""
    first = _first_day(name)
    match length_of(name):
        case "day":
            return _midnight(first + timedelta(days=1))
        case "week":
            return _midnight(first + timedelta(weeks=1))
        case length:
            months = {"month": 1, "quarter": 3, "year": 12}[length]
            return _midnight(
                date(first.year + (first.month - 1 + months) // 12, (first.month - 1 + months) % 12 + 1, 1)
            )


def over(name: str, now: datetime) -> bool:
    """Whether nothing more can be sealed in that period."""
    return end(name) <= now


def _read(name: str) -> re.Match[str]:
    found = _NAME.fullmatch(name)
    if found is None or not FIRST_YEAR <= int(found["year"]) <= LAST_YEAR:
        raise Invalid("private.period-name", period=name)
    return found


def _first_day(name: str) -> date:
    found = _read(name)
    year, month = int(found["year"]), int(found["month"] or 3 * int(found["quarter"] or 1) - 2)
    try:
        if found["week"] is not None:
            return date.fromisocalendar(year, int(found["week"]), 1)
        return date(year, month, int(found["day"] or 1))
    except ValueError:
        raise Invalid("private.period-name", period=name) from None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
