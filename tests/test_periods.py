"""Periods of admission: each instant has one of each length, and it ends where the next begins."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis.strategies import datetimes, just, sampled_from

from datadam.errors import Invalid
from datadam.privacy import periods

# of the last year there is no next one
INSTANTS = datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(9997, 12, 27), timezones=just(UTC))  # noqa: DTZ001  (the zone comes after)


@pytest.mark.parametrize(
    ("length", "name", "first", "after"),
    [
        ("day", "2026-11-22", "2026-11-22", "2026-11-23"),
        ("week", "2026-W47", "2026-11-16", "2026-11-23"),
        ("month", "2026-11", "2026-11-01", "2026-12-01"),
        ("quarter", "2026-Q4", "2026-10-01", "2027-01-01"),
        ("year", "2026", "2026-01-01", "2027-01-01"),
    ],
)
def test_an_instant_has_one_period_of_each_length(length: str, name: str, first: str, after: str) -> None:
    """Its name, its first instant, and the first instant after it."""
    assert periods.of(datetime(2026, 11, 22, 12, tzinfo=UTC), length) == name
    assert periods.start(name) == datetime.fromisoformat(f"{first}T00:00:00Z")
    assert periods.end(name) == datetime.fromisoformat(f"{after}T00:00:00Z")
    assert periods.length_of(name) == length
    assert periods.check(name, length) == name


def test_a_period_is_told_in_utc() -> None:
    """An instant just after midnight in Seoul belongs to the day before."""
    seoul = timezone(timedelta(hours=9))
    assert periods.of(datetime(2026, 1, 1, 8, 59, tzinfo=seoul), "year") == "2025"


def test_a_week_belongs_to_the_year_of_its_thursday() -> None:
    """ISO 8601: the first days of 2027 are of 2026's last week."""
    assert periods.of(datetime(2027, 1, 3, tzinfo=UTC), "week") == "2026-W53"


@pytest.mark.parametrize(
    "name",
    ["", "26", "2026-13", "2026-00", "2026-Q5", "2026-W54", "2027-W53", "2026-W00", "2026-02-30", "0001", "9999",
     "2026-Q1 ", "2026-1", "٢٠٢٦", "2026-11-22T00", "1969-12-31", "-2026"],
)  # fmt: skip
def test_what_names_no_period_is_refused(name: str) -> None:
    """Days that no calendar has, years beyond what can be told, other digits and other forms."""
    with pytest.raises(Invalid, match="private.period-name"):
        periods.end(name)


def test_a_period_of_another_length_is_refused() -> None:
    """A reservoir of quarters knows no month."""
    with pytest.raises(Invalid, match="private.period-unknown"):
        periods.check("2026-11", "quarter")
    with pytest.raises(Invalid, match="private.period-name"):
        periods.check("2026-99", "month")
    with pytest.raises(Invalid, match="private.period-length"):
        periods.of(datetime(2026, 1, 1, tzinfo=UTC), "decade")


@given(instant=INSTANTS, length=sampled_from(periods.LENGTHS))
def test_each_instant_is_in_its_period_and_in_no_other(instant: datetime, length: str) -> None:
    """From the first instant on, and before the next one's."""
    name = periods.of(instant, length)
    assert periods.start(name) <= instant < periods.end(name)
    assert not periods.over(name, instant)
    assert periods.over(name, periods.end(name))
    following = periods.of(periods.end(name), length)
    assert periods.start(following) == periods.end(name)
    assert following > name


@given(instant=INSTANTS, other=INSTANTS)
def test_names_sort_as_periods_do(instant: datetime, other: datetime) -> None:
    """So the order of texts is the order of time."""
    for length in periods.LENGTHS:
        assert periods.of(min(instant, other), length) <= periods.of(max(instant, other), length)
