"""Reports of indicators for tests: about names that are reserved for examples, at times around one moment."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from datadam.domains.cyber.reports import TLP, Report

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
VALUE = "login.bad.example"


def report(contributor: str = "m-1", *, days: float = 10, last: float | None = 4, **more: object) -> Report:
    """A report of `VALUE`: first seen so many days ago, last seen so many."""
    given: dict[str, object] = {
        "contributor": contributor,
        "country": "KR",
        "type": "domain",
        "value": VALUE,
        "first_seen": NOW - timedelta(days=days),
        "last_seen": None if last is None else NOW - timedelta(days=last),
        "confidence": 80,
        "tlp": "green",
        **more,
    }
    return Report(**given)  # type: ignore[arg-type]  # any field of a report


minutes = st.integers(0, 60).map(lambda past: NOW - timedelta(days=9) - timedelta(minutes=past))

reports = st.builds(
    Report,
    contributor=st.sampled_from([f"m-{n}" for n in range(6)]),
    country=st.sampled_from(["KR", "US", "JP", ""]),
    type=st.sampled_from(["domain", "ipv4"]),
    value=st.sampled_from(["198.51.100.7", "bad.example", "BAD.example."]),
    first_seen=st.none() | minutes,
    last_seen=st.none()
    | st.datetimes(NOW.replace(tzinfo=None) - timedelta(days=8), NOW.replace(tzinfo=None)).map(
        lambda one: one.replace(tzinfo=UTC)
    ),
    valid_until=st.none() | st.sampled_from([NOW - timedelta(days=1), NOW + timedelta(days=30)]),
    confidence=st.none() | st.integers(0, 100),
    tlp=st.none() | st.sampled_from([*TLP, "red"]),
    pap=st.none() | st.sampled_from(["clear", "amber", "red"]),
    method=st.none() | st.sampled_from(["sandbox", "feed"]),
    upstream=st.none() | st.sampled_from(["Report 7", "report 7", "feed-x"]),
    dam=st.sampled_from(["one", "two"]),
)
"""Reports that are often alike, and often wrong in some way."""


def indicator_rows(now: datetime, seen: list[tuple[str, float]], *, tlp: str = "green", upstream: str = "") -> bytes:
    """A CSV of domains, each first and last seen so many days before `now`."""
    lines = ["type,value,first_seen,last_seen,confidence,tlp,upstream"]
    for value, days in seen:
        moment = (now - timedelta(days=days)).isoformat(timespec="seconds").replace("+00:00", "Z")
        lines.append(f"domain,{value},{moment},{moment},80,{tlp},{upstream}")
    return ("\n".join(lines) + "\n").encode()
