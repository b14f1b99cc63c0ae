"""Files of indicators: what is in them for whom, and that no value, whatever it is, breaks out of its place."""

import ipaddress
import json
import warnings
from datetime import datetime, timedelta

import pytest
import stix2  # type: ignore[import-untyped]  # ships no types
from hypothesis import given
from hypothesis import strategies as st

from datadam.domains.cyber import blocklist, stix_bundle, suricata, written
from datadam.domains.cyber.corroboration import Assessed, Corroboration, assess
from datadam.domains.cyber.exploited import Exploited, Use, exposure
from datadam.domains.cyber.reports import HASHES, Audience, Left, Report, normal, unfit
from datadam.domains.cyber.written import Choice, Format
from datadam.formats import stix_rows
from datadam.model import instant
from rules import content, options, read
from sightings import NOW, report

ALL = Choice()
VALUES = {
    "domain": "login.bad.example",
    "ipv4": "198.51.100.7",
    "ipv6": "2001:db8::7",
    "cidr": "203.0.113.0/24",
    "ipv4_port": "198.51.100.8:8443",
    "url": "http://bad.example:8080/gate.php?a='b';\"c|d\\",
    "md5": "d" * 32,
    "sha1": "e" * 40,
    "sha256": "f" * 64,
    "ja3": "a" * 32,
    "asn": "AS64500",
    "cve": "CVE-2026-0001",
    "url_path": "/gate.php",
}


def assessed(*held: Report, audience: Audience = Audience.OWN) -> Assessed:
    """What reports are worth now."""
    return assess(held, now=NOW, audience=audience)


ONE_OF_EACH = [report("a", type=kind, value=value, last=1) for kind, value in VALUES.items()]


# --- what is in a file ------------------------------------------------------------------------------------------------


def test_a_blocklist_has_one_value_a_line() -> None:
    """Kinds together, the header says for whom and what is not there; a list for one tool has its kind only."""
    found = blocklist.write(assessed(*ONE_OF_EACH, report("b", tlp=None)), ALL)
    lines = found.text.splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        VALUES[kind] for kind in ("cidr", "domain", "ipv4", "ipv6", "md5", "sha1", "sha256", "url")
    ]
    assert lines[0] == f"# data dam blocklist, as of {instant(NOW)}, for own: 8"
    assert lines[1] == "# left out: kind 5, unmarked 1"
    assert (found.count, found.left) == (8, {Left.KIND: 5, Left.UNMARKED: 1})
    hashes = blocklist.write(assessed(*ONE_OF_EACH), Choice(kinds=HASHES))
    assert hashes.count == 3


@pytest.mark.parametrize("format", Format)
def test_the_best_so_many_above_a_score(format: Format) -> None:
    """What is decayed is never in; what is below the score or over the number is counted."""
    held = [
        report("a", value="a.example", last=1, confidence=100),
        report("a", value="b.example", last=2, confidence=100),
        report("a", value="c.example", last=3, confidence=100),
        report("a", value="d.example", last=9, confidence=90),
        report("a", value="old.example", days=200, last=100),
        report("a", value="over.example", last=1, valid_until=NOW),
    ]
    write = {"blocklist": blocklist.write, "suricata": suricata.write, "stix": stix_bundle.write}[format]
    found = write(assessed(*held), Choice(least=50, most=2))
    assert found.left == {Left.BEYOND: 1, Left.DECAYED: 1, Left.EXPIRED: 1, Left.LOW: 1}
    assert found.count == 2
    assert "a.example" in found.text
    assert "c.example" not in found.text


@pytest.mark.parametrize("format", Format)
@pytest.mark.parametrize(
    ("audience", "marks"),
    [
        (Audience.OWN, {"clear", "green", "amber", "strict"}),
        (Audience.CLIENTS, {"clear", "green", "amber"}),
        (Audience.COMMUNITY, {"clear", "green"}),
        (Audience.PUBLIC, {"clear"}),
    ],
)
def test_a_file_is_for_an_audience(format: Format, audience: Audience, marks: set[str]) -> None:
    """Rows whose marking does not go so far are not in it; RED and no marking are in none."""
    tlps = {"clear": "clear", "green": "green", "amber": "amber", "strict": "amber+strict", "red": "red", "none": None}
    held = [report("a", value=f"{name}.example", tlp=tlp, last=0) for name, tlp in tlps.items()]
    write = {"blocklist": blocklist.write, "suricata": suricata.write, "stix": stix_bundle.write}[format]
    found = write(assessed(*held, audience=audience), ALL)
    assert {name for name in tlps if f"{name}.example" in found.text} == marks
    assert found.left[Left.UNMARKED] == 2
    assert ("unmarked" in found.text) == (audience is Audience.OWN)  # not even that there were any
    assert found.left.get(Left.MARKING, 0) == 4 - len(marks)


def test_an_indicator_rests_on_the_rows_that_its_audience_may_see() -> None:
    """Three saw it and two may not be told: for the public it is one, with one's score."""
    held = [report("a", tlp="clear", days=9), report("b", tlp="green", days=7), report("c", tlp="amber", days=5)]
    scores = [assessed(*held, audience=one).values[0].contributors for one in Audience]
    assert scores == [3, 3, 2, 1]
    assert assessed(*held, audience=Audience.PUBLIC).values == assessed(held[0]).values


def test_what_may_be_done_with_a_row_is_kept() -> None:
    """PAP:AMBER is looked for and never blocked, PAP:RED is for no network, an offline bundle has both."""
    held = [report("a", value=f"{pap}.example", pap=pap, last=0) for pap in ("clear", "green", "amber", "red")]
    counts = {format: len(assess(held, now=NOW, paps=paps).values) for format, paps in written.PAPS.items()}
    assert counts == {Format.BLOCKLIST: 2, Format.SURICATA: 3, Format.STIX: 4}


# --- Suricata ---------------------------------------------------------------------------------------------------------


def test_rules_say_what_to_look_for() -> None:
    """A name and all below it in three protocols, addresses, a port, a URL in clear, a fingerprint."""
    found = suricata.write(assessed(*ONE_OF_EACH), ALL)
    told = read(found.text)
    looks = [(one["protocol"], one["to"], one["port"], one["looks"]) for one in told]
    name = b".login.bad.example"
    for protocol, buffer in (("dns", "dns.query"), ("tls", "tls.sni"), ("http", "http.host")):
        assert (protocol, "any", "any", {buffer: name}) in looks
    asked = VALUES["url"].removeprefix("http://bad.example:8080").encode()
    assert ("http", "any", "8080", {"http.host": b"bad.example", "http.uri.raw": asked}) in looks
    assert ("tcp", "198.51.100.8", "8443", {}) in looks
    for address in ("198.51.100.7/32", "2001:db8::7/128", "203.0.113.0/24"):
        assert ("ip", address, "any", {}) in looks
    assert ("tls", "any", "any", {"ja3.hash": b"a" * 32}) in looks
    assert (found.count, len(told)) == (7, 9)
    assert found.left == {Left.KIND: 6}
    assert "1 organisation - 1 country - last seen 1 day ago - decayed to 48" in found.text
    assert "datadam_score 48" in found.text


def test_a_url_asks_for_what_is_sent() -> None:
    """Without a path it is `/`, what stands behind `#` never leaves; encrypted paths are seen by nobody."""
    urls = ["http://a.example", "http://b.example/x#y", "http://c.example?q", "https://d.example/x"]
    found = suricata.write(assessed(*(report("a", type="url", value=url, last=0) for url in urls)), ALL)
    asked = {one["looks"]["http.host"]: one["looks"]["http.uri.raw"] for one in read(found.text)}  # type: ignore[index]  # a dict
    assert asked == {b"a.example": b"/", b"b.example": b"/x", b"c.example": b"/?q"}
    assert found.left == {Left.KIND: 1}


def sids(*values: str) -> dict[str, object]:
    """The first id of each value."""
    rules = read(suricata.write(assessed(*(report("a", value=value, last=0) for value in values)), ALL).text)
    return {str(one["msg"]).split()[-1].strip('"'): one["sid"] for one in reversed(rules)}


def test_a_value_keeps_its_ids() -> None:
    """Whatever else is in the file; in a range of our own."""
    alone, among = sids("b.example"), sids("a.example", "b.example", "c.example")
    assert among["b[.]example"] == alone["b[.]example"]
    assert all(suricata.FIRST <= int(str(sid)) < suricata.FIRST + 4 * suricata.VALUES for sid in among.values())
    assert suricata.FIRST + 4 * suricata.VALUES < 2**31


def test_two_values_of_one_place_have_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """The later in the alphabet takes the next that is free."""
    monkeypatch.setattr("datadam.domains.cyber.suricata.seal.digest", lambda _: "fffffff0")
    found = sids("a.example", "b.example")
    last = suricata.FIRST + 4 * (suricata.VALUES - 1)
    assert found == {"a[.]example": str(last), "b[.]example": str(suricata.FIRST)}


HOSTILE = st.text(
    st.sampled_from(list("ab.:/|;\"'\\()#\n\r\t -_%$!,é\u2028\x00")) | st.characters(codec="utf-8"), max_size=60
)


@given(st.sampled_from(sorted(VALUES)), HOSTILE, st.booleans())
def test_no_value_breaks_out_of_a_file(kind: str, evil: str, within: bool) -> None:
    """In each format, whatever it is: it stands there as itself or is left out as malformed."""
    value = VALUES[kind] + evil if within else evil
    found = assessed(report("a", type=kind, value=value, last=0))
    (one,) = found.values
    rules = suricata.write(found, ALL)
    assert len(read(rules.text)) == {"domain": 3}.get(kind, 1) * rules.count
    lines = blocklist.write(found, ALL)
    assert [line for line in lines.text.split("\n") if line and not line.startswith("#")] == [one.value] * lines.count
    bundle = json.loads(stix_bundle.write(found, ALL).text)
    for pattern in (each["pattern"] for each in bundle["objects"] if each["type"] == "indicator"):
        if kind not in {"ipv4_port", "asn"}:
            ((_, back),) = stix_rows.values(pattern)
            assert back == one.value
    assert bool(rules.count or lines.count) <= (unfit(kind, normal(kind, value)) is None)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("ipv6", "2001:db8::7%eth0"),
        ("ipv6", "2001:db8::7%\nexample.com"),
        ("ipv6", "2001:db8::7%1\npass ip any any -> any any (sid:1;)\n"),
        ("ipv6", '2001:db8::7%,any](msg:"x";sid:1;)'),
        ("cidr", "2001:db8::%\nexample.com/64"),
    ],
)
def test_an_address_with_a_zone_is_no_address(kind: str, value: str) -> None:
    """A zone (RFC 4007 §11) names a link of one machine and may be any text: lines and rules of whoever wrote it."""
    assert unfit(kind, normal(kind, value)) is Left.MALFORMED
    found = assessed(report("a", type=kind, value=value, last=0))
    for writer in (blocklist.write, suricata.write, stix_bundle.write):
        written_so = writer(found, ALL)
        assert (written_so.count, written_so.left) == (0, {Left.MALFORMED: 1})


@given(HOSTILE.filter(bool))
def test_no_text_breaks_out_of_a_content_or_a_pattern(evil: str) -> None:
    """The two places that hold values: what is read back is what was put in, and nothing follows it."""
    text = suricata.content(evil)
    assert content(f'"{text}"') == evil.encode()
    assert options(f'content:"{text}";') == [("content", f'"{text}"')]
    assert list(stix_rows.values(f"[domain-name:value = {stix_bundle.literal(evil)}]")) == [("domain", evil)]


# --- STIX -------------------------------------------------------------------------------------------------------------


def bundle_of(found: Assessed) -> list[dict[str, object]]:
    """The objects of a bundle that `stix2` took without a custom property; it parses patterns too."""
    text = stix_bundle.write(found, ALL).text
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of stix2's own
        parsed = stix2.parse(text, allow_custom=False)
    assert len(parsed.objects) == len(json.loads(text)["objects"])
    return list(json.loads(text)["objects"])


def test_stix2_reads_every_object() -> None:
    """Of every kind and marking, with TLP 2.0 as OASIS spells it, and each reference in the bundle."""
    marks = [report("a", value=f"{tlp.replace('+', '-')}.example", tlp=tlp, last=0) for tlp in stix_bundle.MARKINGS]
    objects = bundle_of(assessed(*ONE_OF_EACH, *marks))
    ids = [str(one["id"]) for one in objects]
    assert len(set(ids)) == len(ids)
    indicators = [one for one in objects if one["type"] == "indicator"]
    assert len(indicators) == len(written.KINDS[Format.STIX]) + 4
    for one in indicators:
        assert set(one["object_marking_refs"]) <= set(ids)  # type: ignore[call-overload]  # a list
        assert one["created_by_ref"] in ids
        assert one["valid_from"] < one["valid_until"]  # type: ignore[operator]  # one spelling of time
    names = {str(one["id"])[-36:]: one["name"] for one in objects if one["type"] == "marking-definition"}
    assert names == {
        "94868c89-83c2-464b-929b-a1a8aa3c8487": "TLP:CLEAR",
        "bab4a63c-aed9-4cf5-a766-dfca5abac2bb": "TLP:GREEN",
        "55d920b0-5e8b-4f79-9ee9-91f868d9b421": "TLP:AMBER",
        "939a9414-2ddd-4d32-a0cd-375ea402b003": "TLP:AMBER+STRICT",
    }


def test_a_bundle_is_read_back_by_our_own_import() -> None:
    """Kind, value, marking and confidence: what one dam writes another takes."""
    held = [
        report("a", type=kind, value=VALUES[kind], tlp="amber+strict", last=0) for kind in ("domain", "url", "sha1")
    ]
    rows = list(stix_rows.rows([stix_bundle.write(assessed(*held), ALL).text], "bundle.json"))
    assert {(row["type"], row["value"], row["tlp"], row["confidence"]) for row in rows} == {
        (kind, VALUES[kind], "amber+strict", "53") for kind in ("domain", "url", "sha1")
    }


def test_an_indicator_keeps_its_id_and_a_bundle_is_the_same_twice() -> None:
    """Whoever writes it and whenever: the id is of the kind and value alone."""
    one, again = assessed(report("a")), assessed(report("b", days=30, last=2))
    assert stix_bundle.write(one, ALL).text == stix_bundle.write(assessed(report("a")), ALL).text
    ids = [{str(each["id"]) for each in bundle_of(found) if each["type"] == "indicator"} for found in (one, again)]
    assert ids[0] == ids[1]


def test_a_bundle_ends_when_the_score_does() -> None:
    """`valid_until` is when it falls below its threshold, and always after `valid_from`."""
    (first,) = [each for each in bundle_of(assessed(report("a", days=4))) if each["type"] == "indicator"]
    until = datetime.fromisoformat(str(first["valid_until"]))
    assert timedelta(days=10) < until - NOW < timedelta(days=40)
    edge = assessed(report("a", days=0, last=0, confidence=45))
    assert edge.values[0].score == 30
    assert len(bundle_of(edge)) == 4


# --- suppliers and exploited software ---------------------------------------------------------------------------------

KEV = [
    Exploited(cve_id="CVE-2026-0001", vendor="Fictional Soft ", product="Planner", date_added=NOW.date()),
    Exploited(cve_id="CVE-2026-0002", vendor="FICTIONAL SOFT", product="Gate"),
    Exploited(cve_id="CVE-2026-0003", vendor="Other Works", product="Planner"),
]


def test_suppliers_are_named_by_the_vendors_of_their_software() -> None:
    """Of one product where one is named; folded, whole, never by likeness; what is not known is said."""
    found = exposure(
        KEV,
        [
            Use(supplier="graphite-1", vendor="fictional soft"),
            Use(supplier="graphite-1", vendor="Fictional Soft", product="planner"),
            Use(supplier="cathode-2", vendor="Fictional Soft", product="Gate"),
            Use(supplier="foil-3", vendor="Fictional Software"),
            Use(supplier="foil-3", vendor="Other Works", product="Gate"),
        ],
    )
    assert {one.supplier: [each.cve_id for each in one.by] for one in found.touched} == {
        "graphite-1": ["CVE-2026-0001", "CVE-2026-0002"],
        "cathode-2": ["CVE-2026-0002"],
    }
    assert found.unknown == ("Fictional Software", "Other Works Gate")


@given(st.lists(st.builds(Use, supplier=st.sampled_from("abc"), vendor=st.text(max_size=20))))
def test_nobody_is_touched_by_a_name_that_is_not_in_the_catalogue(uses: list[Use]) -> None:
    """Whatever names there are."""
    touched = {one.supplier for one in exposure(KEV, uses).touched}
    known = {"fictional soft", "other works"}
    assert touched == {use.supplier for use in uses if " ".join(use.vendor.casefold().split()) in known}


def test_every_kind_of_the_standard_has_a_place_or_is_named() -> None:
    """No kind is in no list without being counted, and an address is one of Python's own."""
    for kind, value in VALUES.items():
        found = assessed(report("a", type=kind, value=value, last=0))
        for write, format in (
            (blocklist.write, Format.BLOCKLIST),
            (suricata.write, Format.SURICATA),
            (stix_bundle.write, Format.STIX),
        ):
            out = write(found, ALL)
            assert out.count == (kind in written.KINDS[format])
            assert out.left == ({} if out.count else {Left.KIND: 1})
    assert ipaddress.ip_address(VALUES["ipv6"]).version == 6
    assert isinstance(assessed(*ONE_OF_EACH).values[0], Corroboration)
