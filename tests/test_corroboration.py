"""What reports of one indicator are worth together: laws of the score, and what counts as independent."""

import itertools
import random
from dataclasses import replace
from datetime import timedelta
from math import prod

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from datadam.domains.cyber import decay, independence
from datadam.domains.cyber.corroboration import Assessed, Corroboration, assess, corroborated
from datadam.domains.cyber.independence import Node
from datadam.domains.cyber.reliability import PRIOR, Reliability, Vote, learned
from datadam.domains.cyber.reports import TLP, Audience, Left, Report, defanged, left, normal, unfit
from sightings import NOW, VALUE, report, reports


def scores(held: list[Report], **more: object) -> dict[tuple[str, str], int]:
    """The score of each indicator."""
    return {one.key: one.score for one in assess(held, now=NOW, **more).values}  # type: ignore[arg-type]  # any option


def one(*held: Report, **more: object) -> Corroboration:
    """What is known of the only indicator."""
    (found,) = assess(held, now=NOW, **more).values  # type: ignore[arg-type]  # any option
    return found


# --- as the notes say it ----------------------------------------------------------------------------------------------


def test_a_score_is_told_in_one_sentence() -> None:
    """Three who saw it by themselves, in two countries, four days ago; in both languages."""
    found = one(report("a", days=10), report("b", days=8, country="US"), report("c", days=6, confidence=50))
    assert (found.contributors, found.countries, found.base) == (3, 2, 85)
    assert found.explained(NOW) == "3 organisations, 2 countries, last seen 4 days ago, decayed to 70"
    assert found.explained(NOW, "ko") == "기관 3곳, 국가 2개국, 4일 전 마지막 관측, 감쇠 후 점수 70점"
    alone = one(report("a", last=1, country=""))
    assert alone.explained(NOW) == "1 organisation, countries not known, last seen 1 day ago, decayed to 48"


def test_the_score_is_what_the_formulas_say() -> None:
    """Noisy-or of reliability and confidence, then MISP's polynomial: worked out by hand here."""
    found = one(report("a", days=10, confidence=90), report("b", days=8, confidence=60), report("c", days=6))
    base = 100 * (1 - (1 - 2 / 3 * 0.9) * (1 - 2 / 3 * 0.6) * (1 - 2 / 3 * 0.8))
    assert found.base == round(base)
    assert found.score == round(base * (1 - (4 / 120) ** 0.5))
    assert one(report("a", confidence=None)).base == round(100 * 2 / 3 * 0.5)


@pytest.mark.parametrize(
    ("what", "count"),
    [
        ({"days": 10}, 1),  # at the same time
        ({"days": 10 - 9 / 1440}, 1),  # nine minutes later
        ({"days": 10 + 9 / 1440}, 1),  # nine minutes earlier
        ({"days": 10 - 11 / 1440}, 2),
        ({"days": 5}, 2),
        ({"days": 5, "upstream": "CERT bulletin 7"}, 1),
        ({"days": 5, "upstream": " cert  BULLETIN 7"}, 1),  # the same, otherwise spelt
        ({"days": 5, "upstream": "CERT bulletin 8"}, 2),
        ({"days": 5, "contributor": "a", "dam": "other"}, 1),  # a member of two dams
        ({"days": 5, "value": "Login.BAD.example."}, 2),  # the same name, otherwise spelt
    ],
    ids=["same-time", "later", "earlier", "late", "days", "upstream", "folded", "other", "two-dams", "spelling"],
)
def test_what_counts_once(what: dict[str, object], count: int) -> None:
    """The same contributor, the same upstream, or a copy within minutes."""
    given = {"contributor": "b", **what}
    found = one(report("a", days=10, upstream="CERT bulletin 7", dam="one"), report(**given))  # type: ignore[arg-type]  # any field
    assert (found.contributors, found.reports) == (count, 2)


def test_a_report_like_two_others_does_not_make_one_of_them() -> None:
    """Nobody lowers a score by bringing a row that is like several."""
    two = [report("a", days=10), report("b", days=10 - 15 / 1440)]
    between = report("c", days=10 - 8 / 1440)
    assert one(*two).contributors == one(*two, between).contributors == 2
    linked = [report("a", days=10, upstream="x"), report("b", days=8)]
    assert one(*linked, report("c", days=8, upstream="x", confidence=10)).base == one(*linked).base


# --- laws -------------------------------------------------------------------------------------------------------------


@given(st.lists(reports, max_size=12), reports)
def test_a_row_more_never_lowers_a_score_and_one_less_never_raises_it(held: list[Report], more: Report) -> None:
    """Whatever the row is like: so a retraction lowers or keeps."""
    before, after = scores(held), scores([*held, more])
    assert all(after[key] >= score for key, score in before.items())


@given(st.lists(reports, max_size=12))
def test_no_score_is_above_100_or_below_0(held: list[Report]) -> None:
    """Nor is any base, and none is above its base."""
    for found in assess(held, now=NOW).values:
        assert 0 <= found.score <= found.base <= 100
        assert found.contributors >= 1
        assert found.contributors <= len({each.contributor for each in held})


@given(st.lists(reports, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_rows_tells_nothing(held: list[Report], shuffle: random.Random) -> None:
    """The same facts at the same time are the same numbers, to the last."""
    mixed = list(held)
    shuffle.shuffle(mixed)
    assert assess(held, now=NOW) == assess(mixed, now=NOW)


@given(st.integers(1, 8), st.integers(1, 100))
def test_one_more_who_saw_it_independently_raises_the_base(count: int, confidence: int) -> None:
    """Strictly, until it is told as 100; and the number of those who did by one."""
    held = [report(f"m-{n}", days=20 - n, confidence=30) for n in range(count)]
    before, after = one(*held), one(*held, report("new", days=5, confidence=confidence))
    assert after.contributors == before.contributors + 1
    assert after.base > before.base or before.base == 100 or (100 - before.base) * confidence * 2 / 300 < 1


@given(st.lists(reports.filter(lambda each: each.contributor != "m-0"), max_size=8), st.booleans(), st.booleans())
def test_a_copy_changes_nothing(others: list[Report], elsewhere: bool, unattributed: bool) -> None:
    """The same facts under another name, or in another dam: the base, the score and the count stay."""
    held = {each.contributor: each for each in others}  # one row a contributor, as the reservoir has it
    original = report("m-0", type="domain", value="bad.example", days=9, upstream=None if unattributed else "bulletin")
    copy = replace(original, dam="elsewhere") if elsewhere else replace(original, contributor="copier")
    before, after = assess([*held.values(), original], now=NOW), assess([*held.values(), original, copy], now=NOW)
    told = [(each.key, each.contributors, each.base, each.score) for each in before.values]
    assert told == [(each.key, each.contributors, each.base, each.score) for each in after.values]


@given(st.floats(0, 200), st.floats(0, 200))
def test_a_sighting_restarts_the_clock(first: float, again: float) -> None:
    """Seen again, by anybody, it is worth what one last seen then is; never less than before."""
    assume(again < first)
    before = one(report("a", days=first + 1, last=first))
    after = one(report("a", days=first + 1, last=again))
    assert before.base == after.base
    assert after.score >= before.score
    assert one(report("a", days=first + 1, last=0)).score == before.base


@given(st.lists(reports, max_size=8), st.integers(0, 200))
def test_time_alone_only_lowers(held: list[Report], days: int) -> None:
    """As long as nobody sees it again."""
    later = {found.key: found.score for found in assess(held, now=NOW + timedelta(days=days)).values}
    assert all(score <= scores(held)[key] for key, score in later.items())


nodes = st.lists(
    st.builds(
        Node,
        begun=st.integers(0, 40).map(lambda past: NOW - timedelta(minutes=past)),
        contributor=st.sampled_from("abcde"),
        upstream=st.sampled_from(["", "", "x", "y"]),
        place=st.just(0),
        weight=st.sampled_from([0.1, 0.2, 0.5, 0.9]),
    ),
    max_size=9,
).map(lambda held: [each._replace(place=place) for place, each in enumerate(held)])


def alike(left: Node, right: Node) -> bool:
    """Plainly."""
    same = left.contributor == right.contributor or (left.upstream != "" and left.upstream == right.upstream)
    return same or abs(left.begun - right.begun) <= independence.COPY


def worth(some: list[Node]) -> float:
    """The noisy-or of a set."""
    return 1 - prod(1 - each.weight for each in some)


@given(nodes)
@example([])
def test_the_independent_reports_are_the_strongest_of_all_sets(held: list[Node]) -> None:
    """Against every subset, tried one by one."""
    found = independence.independent(held)
    assert not any(alike(*pair) for pair in itertools.combinations(found, 2))
    best = max(
        worth(list(some))
        for size in range(len(held) + 1)
        for some in itertools.combinations(held, size)
        if not any(alike(*pair) for pair in itertools.combinations(some, 2))
    )
    assert worth(found) == pytest.approx(best)


def test_thousands_of_reports_of_one_value_are_weighed_in_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of one, a chain in time, and a tangle; where the steps are used up the best that was found counts."""
    copies = [Node(NOW - timedelta(days=n), f"c{n}", "x", n, 0.5) for n in range(5000)]
    assert len(independence.independent(copies)) == 1
    chain = [Node(NOW + timedelta(minutes=8 * n), f"c{n}", "", n, 0.3) for n in range(2000)]
    assert len(independence.independent(chain)) == independence.MOST / 2
    dice = random.Random(7)
    tangle = [
        Node(NOW + timedelta(minutes=dice.randrange(900)), f"c{dice.randrange(70)}", f"u{dice.randrange(60)}", n, 0.3)
        for n in range(250)
    ]
    monkeypatch.setattr(independence, "STEPS", 50)
    found = independence.independent(tangle)
    assert found == independence.independent(tangle)
    assert len(found) > 10
    assert not any(alike(*pair) for pair in itertools.combinations(found, 2))


# --- reliability ------------------------------------------------------------------------------------------------------


def vote(by: str, *, hit: bool, contributor: str = "a", value: str = VALUE) -> Vote:
    """A finding about a report."""
    return Vote(by=by, contributor=contributor, type="domain", value=value, hit=hit)


def test_votes_move_the_prior() -> None:
    """Hits up, false alarms down; whoever was not voted on stays where the prior is."""
    votes = [vote("x", hit=True), vote("y", hit=True), vote("x", hit=False, contributor="b")]
    found = learned(votes)
    assert found == {"a": Reliability(hits=2, false=0), "b": Reliability(hits=0, false=1)}
    assert found["b"].value < PRIOR.value < found["a"].value
    both = [report("a", days=9), report("b", days=5)]
    plain, judged = one(*both), one(*both, reliabilities=found)
    assert "prior" in plain.believed()
    assert "2 of 2" in judged.believed()
    assert "평가" in judged.believed("ko")


def test_nobody_votes_on_itself_or_twice() -> None:
    """And who said both said a false alarm, in whatever order."""
    assert learned([vote("a", hit=True)]) == {}
    assert learned([vote("x", hit=True)] * 9)["a"] == Reliability(hits=1)
    for order in itertools.permutations([vote("x", hit=True), vote("x", hit=False)]):
        assert learned(order)["a"] == Reliability(false=1)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_reliability_is_never_certain(hits: int, false: int) -> None:
    """So no single report is worth 100, and none nothing."""
    assert 0 < Reliability(hits=hits, false=false).value < 1


# --- time -------------------------------------------------------------------------------------------------------------


def test_decay_is_the_polynomial_of_misp() -> None:
    """At its ends, and half way at the quarter of the lifetime, for a speed of 2."""
    assert decay.faded(80, 0, decay.NETWORK) == 80
    assert decay.faded(80, 30, decay.NETWORK) == pytest.approx(40)
    assert decay.faded(80, 120, decay.NETWORK) == decay.faded(80, 10**6, decay.NETWORK) == 0
    assert decay.model("sha256").lifetime > decay.model("domain").lifetime
    assert decay.model("a kind of tomorrow") is decay.NETWORK


@given(st.integers(31, 100), st.sampled_from(["domain", "md5"]))
def test_it_ends_when_it_falls_below_its_threshold(base: int, kind: str) -> None:
    """A little earlier it does not, a little later it does."""
    by = decay.model(kind)
    end = decay.ends(base, NOW, by)
    age = decay.days(NOW, end)
    assert decay.faded(base, age * 0.999, by) >= by.threshold - 1e-6
    assert decay.faded(base, age * 1.001 + 0.001, by) < by.threshold
    assert decay.ends(by.threshold, NOW, by) == NOW


def test_a_value_ends_with_its_last_row() -> None:
    """Where all say until when; else as it fades."""
    soon, later = NOW + timedelta(days=1), NOW + timedelta(days=2)
    both = one(report("a", days=9, valid_until=soon), report("b", valid_until=later, days=5))
    assert both.until == later
    open_ended = one(report("a", days=9, valid_until=soon), report("b", days=5))
    assert open_ended.until > later


# --- what counts at all -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ({"tlp": None}, Left.UNMARKED),
        ({"tlp": "red"}, Left.UNMARKED),
        ({"tlp": "GREEN"}, Left.UNMARKED),
        ({"tlp": "amber"}, Left.MARKING),
        ({"valid_until": NOW}, Left.EXPIRED),
        ({"first_seen": None, "last": None}, Left.UNDATED),
        ({"days": -1, "last": -1}, Left.UNDATED),
        ({"confidence": 0}, Left.UNSURE),
        ({"pap": "amber"}, Left.PAP),
        ({"days": -1}, None),
        ({"last": -1}, None),
        ({"last": None}, None),
        ({"pap": "green"}, None),
    ],
)
def test_why_a_row_does_not_count(what: dict[str, object], why: Left | None) -> None:
    """Each reason by itself; a sighting that is said to lie in the future was none yet."""
    paps = frozenset({"clear", "green"})
    held = report("a", **what)  # type: ignore[arg-type]  # any field
    assert left(held, Audience.COMMUNITY, NOW, paps) is why
    assert assess([held], now=NOW, audience=Audience.COMMUNITY, paps=paps).left == ({why: 1} if why else {})


@given(st.lists(reports, max_size=12), st.sampled_from(Audience))
def test_what_an_audience_may_not_see_changes_nothing_for_it(held: list[Report], audience: Audience) -> None:
    """A score for the public is that of a reservoir without the rows that the public may not have."""
    allowed = {"own": TLP, "clients": TLP[:3], "community": TLP[:2], "public": TLP[:1]}[audience]
    fewer = [each for each in held if each.tlp in allowed]
    assert assess(held, now=NOW, audience=audience).values == assess(fewer, now=NOW, audience=audience).values
    assert all(each.tlp in allowed for each in assess(held, now=NOW, audience=audience).values)


def test_a_sighting_in_the_future_keeps_nothing_alive() -> None:
    """Somebody who says `last seen in 2099` is taken by when it was first seen."""
    assert one(report("a", days=200, last=-26_000)).score == 0


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value", "same"),
    [
        ("domain", " Bad.EXAMPLE. ", "bad.example"),
        ("sha1", "A" * 40, "a" * 40),
        ("ipv6", "2001:DB8:0:0::1", "2001:db8::1"),
        ("ipv4", "198.51.100.7", "198.51.100.7"),
        ("cidr", "198.51.100.7/24", "198.51.100.0/24"),
        ("ipv4", "not one", "not one"),
        ("url", "HTTP://Bad.Example/A?B", "http://bad.example/A?B"),
        ("url", "no url", "no url"),
        ("asn", "as064500", "AS64500"),
        ("cve", "CVE-2026-1", "CVE-2026-1"),
    ],
)
def test_one_spelling(kind: str, value: str, same: str) -> None:
    """And spelling it once more changes nothing."""
    assert normal(kind, value) == same == normal(kind, same)


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        ("domain", "bad.example", None),
        ("domain", "localhost", Left.MALFORMED),
        ("domain", "1.2.3.4", Left.MALFORMED),
        ("domain", "bad.example\nbank.example", Left.MALFORMED),
        ("domain", "-bad.example", Left.MALFORMED),
        ("domain", "co.kr", Left.SPECIAL),
        ("domain", "bank.co.kr", None),
        ("domain", "duckdns.org", Left.SPECIAL),
        ("domain", "bad.duckdns.org", None),
        ("domain", "xn--55qx5d.cn", Left.SPECIAL),
        ("domain", "printer.local", Left.SPECIAL),
        ("domain", "1.0.0.127.in-addr.arpa", Left.SPECIAL),
        ("url", "http://duckdns.org/x", None),
        ("ipv4", "198.51.100.7", None),
        ("ipv4", "10.1.2.3", Left.SPECIAL),
        ("ipv4", "127.0.0.1", Left.SPECIAL),
        ("ipv4", "2001:db8::1", Left.MALFORMED),
        ("ipv4", "198.51.100.0/24", Left.MALFORMED),
        ("ipv4", "999.1.1.1", Left.MALFORMED),
        ("ipv6", "2001:db8::1", None),
        ("ipv6", "fe80::1", Left.SPECIAL),
        ("ipv6", "fe80::1%eth0", Left.SPECIAL),
        ("cidr", "198.51.100.0/24", None),
        ("cidr", "0.0.0.0/0", Left.SPECIAL),
        ("cidr", "52.0.0.0/8", Left.SPECIAL),
        ("ipv4_port", "198.51.100.7:443", None),
        ("ipv4_port", "198.51.100.7:70000", Left.MALFORMED),
        ("ipv4_port", "198.51.100.7", Left.MALFORMED),
        ("ipv4_port", "192.168.1.1:80", Left.SPECIAL),
        ("url", "http://bad.example/x", None),
        ("url", "http://198.51.100.7:8080/x", None),
        ("url", "http://192.168.0.1/", Left.SPECIAL),
        ("url", "http://bad.example:99999/", Left.MALFORMED),
        ("url", "http://bank.example@bad.example/", Left.MALFORMED),
        ("url", "javascript:alert(1)", Left.MALFORMED),
        ("sha256", "a" * 64, None),
        ("sha256", "a" * 63, Left.MALFORMED),
        ("md5", "x" * 32, Left.MALFORMED),
        ("asn", "AS64500", None),
        ("asn", "AS1; drop", Left.MALFORMED),
        ("url_path", "/gate.php", None),
        ("url_path", "/gate php", Left.MALFORMED),
    ],
)
def test_what_can_be_acted_on(kind: str, value: str, why: Left | None) -> None:
    """Nothing that is no value of its kind, and nothing whose blocking blocks oneself or half the world."""
    assert unfit(kind, value) is why


@given(st.text())
def test_a_shown_value_is_no_address(value: str) -> None:
    """Whatever it was: no point between letters, no scheme that something would follow."""
    shown = defanged(value)
    assert "://" not in shown.replace("[://]", "")
    assert defanged("http://bad.example/a.b") == "hxxp[://]bad[.]example/a[.]b"
    assert defanged("a" * 32) == "a" * 32


def test_only_indicators_of_their_own_are_told_together() -> None:
    """One value of two kinds is two, and they come by score."""
    found: Assessed = assess([report("a", last=50), report("b", type="url", value="http://bad.example/")], now=NOW)
    assert [each.type for each in found.values] == ["url", "domain"]
    assert corroborated([report("a")], now=NOW, reliabilities={}).reports == 1
