"""Scores over frames: the same as the reference says, to the last number, for whatever rows."""

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam.client.scoring import Scores, Terms, scored
from datadam.domains.cyber.corroboration import Assessed, assess
from datadam.domains.cyber.reliability import Reliability
from datadam.domains.cyber.reports import Audience, Left, Report
from sightings import NOW, report, reports

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "contributor": pl.String, "country": pl.String, "type": pl.String, "value": pl.String,
    "first_seen": pl.Datetime("us", "UTC"), "last_seen": pl.Datetime("us", "UTC"),
    "valid_until": pl.Datetime("us", "UTC"), "confidence": pl.Int32, "tlp": pl.String, "pap": pl.String,
    "source_method": pl.String, "upstream": pl.String, "_dam": pl.String,
}  # fmt: skip
KNOWN = {"m-1": Reliability(hits=5), "m-2": Reliability(hits=1, false=4)}


def frame(held: list[Report]) -> pl.DataFrame:
    """Reports as rows that were released."""
    names = {"source_method": "method", "_dam": "dam"}
    return pl.DataFrame(
        [{name: getattr(one, names.get(name, name)) for name in SCHEMA} for one in held], schema=SCHEMA, orient="row"
    )


def all_of(found: Assessed) -> dict[tuple[str, str], tuple[object, ...]]:
    """Every number of every indicator that has not decayed."""
    shown = ("contributors", "countries", "methods", "reports", "first_seen", "last_seen", "valid_until")
    return {
        one.key: (*(getattr(one, name) for name in (*shown, "base", "score", "tlp", "learned")),)
        for one in found.values
        if not one.decayed
    }


def same(found: Scores, reference: Assessed) -> None:
    """Both say the same, also of what was left out."""
    told = found.assessed()
    assert all_of(told) == all_of(reference)
    assert [one.key for one in told.values] == [one.key for one in reference.values if not one.decayed]
    gone = sum(one.decayed for one in reference.values)
    assert dict(told.left) == {**reference.left, **({Left.DECAYED: gone} if gone else {})}


others = st.builds(
    lambda one, spelt, past: one.__class__(
        **{
            **{name: getattr(one, name) for name in one.__slots__},
            "type": spelt[0],
            "value": spelt[1],
            "last_seen": one.last_seen and one.last_seen - timedelta(days=past),
        }
    ),
    reports,
    st.sampled_from(
        [
            ("url", "HTTP://Bad.Example/A"), ("url", "http://bad.example/A"), ("url", "odd"), ("ipv6", "2001:DB8::0:1"),
            ("ipv6", "2001:db8::1"), ("ipv4", "198.051.100.7"), ("ipv4", " 198.51.100.7"), ("cidr", "198.51.100.9/24"),
            ("cidr", "198.51.100.0/24"), ("asn", "64500"), ("asn", "AS64500"), ("sha1", "AB" * 20), ("sha1", "ab" * 20),
            ("cve", "CVE-2026-1"), ("ja3", "AA" * 16),
        ]
    ),
    st.integers(0, 300),
)  # fmt: skip


@given(
    st.lists(reports | others, max_size=14),
    st.sampled_from(Audience),
    st.booleans(),
    st.sampled_from([None, frozenset({"clear"})]),
)
def test_columns_and_reference_say_the_same(
    held: list[Report], audience: Audience, voted: bool, paps: frozenset[str] | None
) -> None:
    """For rows that are alike, wrong, oddly spelt; of several frames or one."""
    known = KNOWN if voted else {}
    reference = assess(held, now=NOW, audience=audience, reliabilities=known, paps=paps)
    terms = Terms(now=NOW, audience=audience, reliabilities=known, paps=paps)
    same(scored([frame(held)], terms), reference)
    same(scored([frame(held[:5]), frame(held[5:])], terms), reference)


@pytest.mark.parametrize("confidence", [-1000, -1, 101, 150, 1000, 2**31 - 1])
@pytest.mark.parametrize("apart", [0, 2])
def test_a_confidence_that_is_none_makes_nobody_elses_report_less(confidence: int, apart: int) -> None:
    """A dam that judges by other rules, or by none, can send any number: it counts as 0 to 100, alike or not."""
    honest = report("m-7")
    odd = report("m-8", days=10 + apart, confidence=confidence)
    bound = report("m-8", days=10 + apart, confidence=min(max(confidence, 0), 100))
    terms = Terms(now=NOW)
    found = scored([frame([honest, odd])], terms)
    same(found, assess([honest, odd], now=NOW))
    same(found, assess([honest, bound], now=NOW))
    assert found.frame["base"][0] >= scored([frame([honest])], terms).frame["base"][0]


def test_rows_that_no_rule_would_admit_are_left_out_and_the_others_count() -> None:
    """Without kind or value, or of a time that no calendar has: as a dam may send them that judges nothing."""
    held = frame([report("m-7")])
    odd = [
        held.with_columns(pl.lit(None, pl.String).alias("type")),
        held.with_columns(pl.lit(None, pl.String).alias("value")),
        held.with_columns(pl.lit(None, pl.String).alias("value"), pl.lit("ipv6").alias("type")),
        held.with_columns(pl.lit("bad.example").alias("confidence")),
        held.with_columns(pl.lit("soon").alias("first_seen"), pl.lit("later").alias("valid_until")),
    ]
    for name in ("first_seen", "last_seen", "valid_until"):
        for moment in (-(2**62), 2**62):
            far = pl.lit(moment, pl.Int64).cast(pl.Datetime("us", "UTC")).alias(name)
            odd.append(held.with_columns(far, pl.lit("m-8").alias("contributor")))
    alone = scored([held], Terms(now=NOW)).assessed()
    for one in odd:
        found = scored([held, one], Terms(now=NOW)).assessed()
        assert [each.key for each in found.values] == [each.key for each in alone.values]
        assert found.values[0].score >= alone.values[0].score
        assert found.left in ({}, {Left.MALFORMED: 1}, {Left.EXPIRED: 1})


def test_a_hundred_thousand_rows_say_the_same() -> None:
    """As a reservoir has them: most values with one report, some with several, some copied."""
    held = []
    for number in range(20_000):
        for who in range(1 + number % 7 % 3 + (number % 100 == 0) * 3):
            days = 100 * ((number * 7919 + who * 104_729) % 1000) / 1000
            minutes = (who * 7) / 1440 if number % 5 == 0 else who
            held.append(
                report(
                    f"m-{(number + who) % 50}",
                    country=("KR", "US", "")[who % 3],
                    value=f"host-{number}.example",
                    days=days + minutes + 1,
                    last=days,
                    confidence=(number * 31 + who) % 101 or None,
                    upstream="bulletin" if number % 11 == 0 else None,
                )
            )
    same(scored([frame(held)], Terms(now=NOW, reliabilities=KNOWN)), assess(held, now=NOW, reliabilities=KNOWN))


def test_a_frame_need_not_have_every_column() -> None:
    """What is not there is not known: without who contributed, two rows are not two who say so."""
    rows = pl.DataFrame(
        {
            "type": ["domain"] * 2,
            "value": ["a.example"] * 2,
            "tlp": ["green"] * 2,
            "confidence": [90, 90],
            "first_seen": [NOW.replace(tzinfo=None) - timedelta(days=days) for days in (3, 5)],
        }
    )
    (one,) = scored([rows], Terms(now=NOW)).assessed().values
    assert (one.contributors, one.countries, one.reports) == (1, 0, 2)
    assert scored([], Terms(now=NOW)).assessed().values == ()
    assert scored([rows.drop("tlp")], Terms(now=NOW)).assessed().left == {Left.UNMARKED: 2}


@pytest.mark.parametrize(
    ("names", "told", "expected"),
    [
        ({"contributor": ["m-a", "m-b"]}, {"m-a": "KR", "m-b": "US"}, (2, 2)),
        ({"contributor": ["m-a", "m-b"]}, {"m-a": "KR"}, (2, 1)),
        ({"contributor": ["m-a", "m-b"]}, {}, (2, 0)),
        ({"contributor": ["m-a", None]}, {}, (2, 0)),
        ({"contributor": ["m-a", "m-b"], "country": ["KR", "KR"]}, {"m-b": "US"}, (2, 1)),
        ({"pseudonym": ["KR-0011", "US-2233"]}, {}, (2, 2)),
        ({"contributor": ["m-a", None], "pseudonym": [None, "US-2233"]}, {"m-a": "KR"}, (2, 2)),
        ({"country": ["KR", "US"]}, {}, (2, 2)),
        ({"country": ["KR", "KR"]}, {}, (1, 1)),
        ({"dam_contributor": ["m-a", "m-a"]}, {}, (1, 0)),
    ],
)
def test_who_contributed_is_as_the_standard_tells_it(
    names: dict[str, list[str | None]], told: dict[str, str], expected: tuple[int, int]
) -> None:
    """By name with the countries of the registry, by pseudonym with its country, or by country alone."""
    rows = pl.DataFrame(
        {
            "type": ["domain"] * 2,
            "value": ["a.example"] * 2,
            "tlp": ["green"] * 2,
            "confidence": [90, 90],
            "first_seen": [NOW - timedelta(days=days) for days in (3, 5)],
            **names,
        }
    )
    (one,) = scored([rows], Terms(now=NOW, countries=told)).assessed().values
    assert (one.contributors, one.countries) == expected
