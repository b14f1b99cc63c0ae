"""Laws as data: a file means one thing or is refused with every fault; no row, no basis; deadlines by the calendar."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from datadam.duties import STRICTNESS, Incident
from datadam.errors import Faults, Invalid
from datadam.formats import codelists, strict_yaml
from datadam.formats.law import Certainty, Clocks, Corridors, Duty, corridor, due, duration
from datadam.formats.law_files import MAX_ROWS, lint, packaged, read
from datadam.model import PrivacyClass

DAY = date(2026, 11, 22)
PERSONAL, BUSINESS = PrivacyClass.PERSONAL, PrivacyClass.BUSINESS


def corridors_of(text: str) -> Corridors:
    """A file of corridors, read."""
    found = read(text)
    assert isinstance(found, Corridors)
    return found


def clocks_of(text: str) -> Clocks:
    """A file of clocks, read."""
    found = read(text)
    assert isinstance(found, Clocks)
    return found


CORRIDORS, CLOCKS = corridors_of(packaged()["corridors"]), clocks_of(packaged()["clocks"])


def a_row(**changes: object) -> dict[str, object]:
    """A corridor row without a fault; a change to None takes a field out."""
    row: dict[str, object] = {
        "id": "kr-us",
        "from": "KR",
        "to": "US",
        "data_class": ["personal"],
        "effect": "allows",
        "basis": "consent",
        "instrument": "An act",
        "article": "1",
        "valid_from": "2026-01-01",
        "source": "The gazette",
        "certainty": "read",
        "checked_on": "2026-11-01",
        "checked_by": "somebody",
        **changes,
    }
    return {name: value for name, value in row.items() if value is not None}


def signed(**changes: object) -> dict[str, object]:
    """A corridor row that is not in force."""
    return {**a_row(**changes), "valid_from": None}


def a_clock(**changes: object) -> dict[str, object]:
    """A clock row without a fault; a change to None takes a field out."""
    row: dict[str, object] = {
        "id": "one",
        "event": "breach",
        "duty": "notice",
        "where": "EU",
        "starts_at": "awareness",
        "limit": "PT72H",
        "recipient": "an authority",
        "instrument": "An act",
        "article": "1",
        "applies_from": "2026-01-01",
        "source": "The gazette",
        "certainty": "memory",
        **changes,
    }
    return {name: value for name, value in row.items() if value is not None}


GROUPS = {"EU": ["DE", "FR"], "NORTH": ["DK", "DE"]}
NEEDS = {"public": "memory", "business": "memory", "confidential": "memory", "personal": "read"}


def corridor_file(*rows: object, **head: object) -> str:
    """A file of these rows."""
    told = {"law": "corridors", "version": "2026.11.22", "note": "n", "needs": NEEDS, "groups": GROUPS}
    return strict_yaml.write({**told, "rows": list(rows), **head})


def clock_file(*rows: object, **head: object) -> str:
    """A file of these clocks."""
    told = {"law": "clocks", "version": "2026.11.22", "note": "n", "events": {"breach": "b"}, "groups": GROUPS}
    return strict_yaml.write({**told, "rows": list(rows), **head})


def codes(text: str) -> list[str]:
    """What is wrong with a file."""
    return [fault.code for fault in lint(text, today=DAY)]


# --- what the package ships -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["corridors", "clocks"])
def test_what_is_shipped_has_no_fault_and_says_what_it_is_not(name: str) -> None:
    """Both files pass their own linter, and say in the file that they are no legal advice."""
    text = packaged()[name]
    assert lint(text, today=DAY) == []
    assert "NOT LEGAL ADVICE" in text
    assert "Not legal advice" in read(text).note


def test_what_is_not_in_force_allows_nothing() -> None:
    """The EU-Korea agreement was signed; until a day is known from which it is in force, its row does nothing."""
    row = CORRIDORS.row("eu-kr-dta")
    assert row is not None
    assert not any(row.in_force(date(year, 1, 1)) for year in (2026, 2030, 9999))


@pytest.mark.parametrize(
    ("home", "to", "kind", "basis"),
    [
        ("KR", "DE", PERSONAL, "kr-eu-equivalence"),
        ("DE", "KR", PERSONAL, "eu-kr-adequacy"),
        ("DE", "FR", PERSONAL, "eu-eu-free-movement"),
        ("KR", "US", PERSONAL, None),
        ("JP", "DE", PERSONAL, None),  # noted from memory, and personal data need more
        ("KR", "US", BUSINESS, "any-any-default"),
        ("KR", "SG", BUSINESS, "depa-4-3"),
        ("SG", "DE", PERSONAL, None),  # a trade agreement is no basis for personal data
        ("KR", "KR", PERSONAL, ""),
    ],
)
def test_seeded_ways(home: str, to: str, kind: PrivacyClass, basis: str | None) -> None:
    """Data that are not personal go by default, personal data by a row that somebody checked."""
    assert corridor(home, to, kind, DAY, law=CORRIDORS) == basis


def test_equivalence_begins_on_its_day() -> None:
    """The first day counts, the one before does not."""
    first = date(2025, 9, 16)
    assert corridor("KR", "DE", PERSONAL, first, law=CORRIDORS) == "kr-eu-equivalence"
    assert corridor("KR", "DE", PERSONAL, first - timedelta(days=1), law=CORRIDORS) is None


# --- corridors --------------------------------------------------------------------------------------------------------


def test_without_a_law_nothing_leaves() -> None:
    """No file is no basis, for whatever data; home is home."""
    assert corridor("KR", "US", PrivacyClass.PUBLIC, DAY, law=None) is None
    assert corridor("KR", "KR", PERSONAL, DAY, law=None) == ""


def test_a_row_ends_after_its_last_day() -> None:
    """`valid_to` is the last day that counts."""
    law = corridors_of(corridor_file(a_row(valid_to="2026-06-30")))
    assert corridor("KR", "US", PERSONAL, date(2026, 6, 30), law=law) == "kr-us"
    assert corridor("KR", "US", PERSONAL, date(2026, 7, 1), law=law) is None


def test_a_restriction_beats_what_allows_and_binds_what_is_stricter() -> None:
    """Business data are restricted: so is a table whose strictest column is confidential, and no public one."""
    any_to_any = a_row(id="all", **{"from": "any", "to": "any"}, data_class=["public", "business", "confidential"])
    no = a_row(id="no", data_class=["business"], effect="restricts", ground="security", certainty="read")
    law = corridors_of(corridor_file(any_to_any, no))
    found = {kind: corridor("KR", "US", kind, DAY, law=law) for kind in PrivacyClass}
    assert found == {"public": "all", "business": None, "confidential": None, "personal": None}
    assert corridor("KR", "JP", BUSINESS, DAY, law=law) == "all"


def test_the_row_that_was_checked_best_is_named() -> None:
    """Then the one about the fewest countries."""
    memory = {"certainty": "memory", "checked_on": None, "checked_by": None, "data_class": ["business"]}
    wide = a_row(id="wide", **{**memory, "from": "any", "to": "any"})
    near = a_row(id="near", **memory)
    best = a_row(id="best", data_class=["business"], **{"from": "any", "to": "any"})
    assert corridor("KR", "US", BUSINESS, DAY, law=corridors_of(corridor_file(wide, near))) == "near"
    assert corridor("KR", "US", BUSINESS, DAY, law=corridors_of(corridor_file(wide, near, best))) == "best"


def test_a_class_goes_only_by_rows_that_were_checked_well_enough() -> None:
    """`needs` is data: the same row allows where the file asks for less."""
    row = a_row(certainty="secondary")
    assert corridor("KR", "US", PERSONAL, DAY, law=corridors_of(corridor_file(row))) is None
    eased = corridors_of(corridor_file(row, needs={**NEEDS, "personal": "secondary"}))
    assert corridor("KR", "US", PERSONAL, DAY, law=eased) == "kr-us"


some_place = st.sampled_from(["KR", "US", "JP", "DE", "FR", "SG"])
some_rows = st.lists(
    st.builds(
        lambda home, to, kinds, effect, start: a_row(
            **{"from": home, "to": to},
            data_class=sorted(map(str, kinds)),
            effect=effect,
            valid_from=start.isoformat(),
            ground="g" if effect == "restricts" else None,
        ),
        st.one_of(some_place, st.sampled_from(["any", "EU", "NORTH"])),
        st.one_of(some_place, st.sampled_from(["any", "EU", "NORTH"])),
        st.sets(st.sampled_from(list(PrivacyClass)), min_size=1),
        st.sampled_from(["allows", "restricts"]),
        st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    ),
    min_size=1,
    max_size=6,
)


def covers(told: object, code: str) -> bool:
    """Whether a row's word for countries means this one."""
    return told in ("any", code) or code in GROUPS.get(str(told), [])


@given(rows=some_rows, home=some_place, to=some_place, kind=st.sampled_from(list(PrivacyClass)), day=st.dates())
def test_a_basis_is_a_row_that_says_so(
    rows: list[dict[str, Any]], home: str, to: str, kind: PrivacyClass, day: date
) -> None:
    """Judged row by row in the plainest way: an allowing row for the class, no restriction of it or of a laxer one."""
    text = corridor_file(*({**row, "id": f"r-{place}"} for place, row in enumerate(rows)))
    assert set(codes(text)) <= {"law.rows-contradict"}
    if codes(text):
        return
    here = [
        row
        for row in rows
        if covers(row["from"], home) and covers(row["to"], to) and date.fromisoformat(row["valid_from"]) <= day
    ]
    no = any(
        r["effect"] == "restricts" and min(STRICTNESS[c] for c in r["data_class"]) <= STRICTNESS[kind] for r in here
    )
    yes = any(row["effect"] == "allows" and kind in row["data_class"] for row in here)
    found = corridor(home, to, kind, day, law=corridors_of(text))
    assert (found is not None) == (home == to or (yes and not no))


# --- the linter -------------------------------------------------------------------------------------------------------

CIRCLE = (a_clock(id="two", starts_at="three"), a_clock(id="three", starts_at="two"))
FAULTS: list[tuple[str, str, Callable[[], str]]] = [
    ("no yaml", "yaml.malformed", lambda: "a: ["),
    ("huge", "yaml.too-large", lambda: "# " + "x" * 2_000_000),
    ("an alias bomb", "yaml.alias", lambda: "a: &a [1]\nb: *a\n"),
    ("a list", "law.name-wrong", lambda: "- law"),
    ("no kind", "law.name-wrong", lambda: "law: rules"),
    ("no rows", "law.rows-missing", corridor_file),
    ("rows are a text", "law.rows-missing", lambda: corridor_file(rows="all")),
    ("many rows", "law.rows-many", lambda: corridor_file(*([a_row()] * (MAX_ROWS + 1)))),
    ("a head field", "law.field-unknown", lambda: corridor_file(a_row(), versoin="x")),
    ("a version", "law.field-wrong", lambda: corridor_file(a_row(), version="1")),
    ("no note", "law.field-missing", lambda: corridor_file(a_row(), note=None)),
    ("groups", "law.groups-wrong", lambda: corridor_file(a_row(), groups=["EU"])),
    ("a group like a country", "law.group-name", lambda: corridor_file(a_row(), groups={"US": ["DE"]})),
    ("a group like any", "law.group-name", lambda: corridor_file(a_row(), groups={"any": ["DE"]})),
    ("a country twice", "law.group-repeats", lambda: corridor_file(a_row(), groups={"EU": ["DE", "DE"]})),
    ("a group of none", "law.country-unknown", lambda: corridor_file(a_row(), groups={"EU": []})),
    ("no needs", "law.needs-wrong", lambda: corridor_file(a_row(), needs=None)),
    ("needs of one", "law.needs-wrong", lambda: corridor_file(a_row(), needs={"personal": "read"})),
    ("needs too much", "law.needs-wrong", lambda: corridor_file(a_row(), needs={**NEEDS, "public": "sure"})),
    ("a row is a text", "law.row-wrong", lambda: corridor_file("all")),
    ("a typo in a field", "law.field-unknown", lambda: corridor_file(a_row(data_clas=["personal"]))),
    ("an id", "law.field-wrong", lambda: corridor_file(a_row(id="KR → US"))),
    ("no id", "law.field-missing", lambda: corridor_file(a_row(id=None))),
    ("two of one id", "law.id-repeated", lambda: corridor_file(a_row(), a_row())),
    ("an article that is a number", "law.field-wrong", lambda: corridor_file(a_row(article=45))),
    ("a country", "law.country-unknown", lambda: corridor_file(a_row(to="Korea"))),
    ("a group that is none", "law.country-unknown", lambda: corridor_file(a_row(to=["EUR"]))),
    ("no country", "law.field-missing", lambda: corridor_file(a_row(to=None))),
    ("countries that are numbers", "law.field-wrong", lambda: corridor_file(a_row(to=[1]))),
    ("an empty list of countries", "law.field-wrong", lambda: corridor_file(a_row(to=[]))),
    ("a class", "law.field-wrong", lambda: corridor_file(a_row(data_class=["secret"]))),
    ("no class", "law.field-missing", lambda: corridor_file(a_row(data_class=None))),
    ("an effect", "law.field-wrong", lambda: corridor_file(a_row(effect="permits"))),
    ("a day", "law.field-wrong", lambda: corridor_file(a_row(valid_from="2026-02-30"))),
    ("a day in another form", "law.field-wrong", lambda: corridor_file(a_row(valid_from="20260101"))),
    ("no first day", "law.field-missing", lambda: corridor_file(a_row(valid_from=None))),
    ("days reversed", "law.dates-reversed", lambda: corridor_file(a_row(valid_to="2025-12-31"))),
    ("an end of what is not in force", "law.dates-reversed", lambda: corridor_file(signed(valid_to="2027-01-01"))),
    ("read by nobody", "law.unchecked", lambda: corridor_file(a_row(checked_by=None))),
    ("memory that was checked", "law.unchecked", lambda: corridor_file(a_row(certainty="memory"))),
    ("a certainty", "law.field-wrong", lambda: corridor_file(a_row(certainty="sure"))),
    ("checked tomorrow", "law.checked-later", lambda: corridor_file(a_row(checked_on="2026-11-23"))),
    ("no ground", "law.field-missing", lambda: corridor_file(a_row(effect="restricts"))),
    ("a ground to allow", "law.ground-unneeded", lambda: corridor_file(a_row(ground="g"))),
    ("safeguards", "law.field-wrong", lambda: corridor_file(a_row(safeguards="all"))),
    ("a long text", "law.field-wrong", lambda: corridor_file(a_row(instrument="x" * 1001))),
    (
        "yes and no",
        "law.rows-contradict",
        lambda: corridor_file(a_row(), a_row(id="no", effect="restricts", ground="g")),
    ),
    (
        "yes within no",
        "law.rows-contradict",
        lambda: corridor_file(a_row(), a_row(id="no", effect="restricts", ground="g", to=["US", "JP"])),
    ),
    ("no events", "law.events-wrong", lambda: clock_file(a_clock(), events={})),
    ("events that are texts", "law.events-wrong", lambda: clock_file(a_clock(), events={"Breach!": "b"})),
    ("an event", "law.field-wrong", lambda: clock_file(a_clock(event="beach"))),
    ("a duty", "law.field-wrong", lambda: clock_file(a_clock(duty="tell"))),
    ("a limit", "law.field-wrong", lambda: clock_file(a_clock(limit="72 hours"))),
    ("a limit that is a number", "law.field-wrong", lambda: clock_file(a_clock(limit=72))),
    ("no limit", "law.field-missing", lambda: clock_file(a_clock(limit=None))),
    ("persons", "law.field-wrong", lambda: clock_file(a_clock(persons=-1))),
    ("a start", "law.start-unknown", lambda: clock_file(a_clock(starts_at="dawn"))),
    ("a start at itself", "law.start-unknown", lambda: clock_file(a_clock(starts_at="one"))),
    ("a start of both", "law.start-unknown", lambda: clock_file(a_clock(), *CIRCLE)),
    ("a field of the other kind", "law.field-unknown", lambda: clock_file(a_clock(effect="allows"))),
]  # fmt: skip


@pytest.mark.parametrize(("code", "text"), [one[1:] for one in FAULTS], ids=[one[0] for one in FAULTS])
def test_each_fault_is_found(code: str, text: Callable[[], str]) -> None:
    """Each is told by its own code, and the file is not read."""
    assert code in codes(text())
    if code != "law.checked-later":  # only who knows the day can see that
        with pytest.raises(Faults, match="law.faulty"):
            read(text())


def test_every_fault_is_told_at_once() -> None:
    """Whoever mends a file does not do it one by one; each fault names its row and its field."""
    bad = a_row(id="bad", to="Korea", effect="permits", data_class=["secret"], valid_from="soon")
    found = lint(corridor_file(a_row(), bad, "all", version="1"), today=DAY)
    assert [(fault.code, fault.facts.get("row"), fault.facts.get("field")) for fault in found] == [
        ("law.field-wrong", "–", "version"),
        ("law.field-wrong", "bad", "effect"),
        ("law.field-wrong", "bad", "valid_from"),
        ("law.country-unknown", "bad", None),
        ("law.field-wrong", "bad", "data_class"),
        ("law.row-wrong", "#3", None),
    ]


def test_what_is_near_is_told() -> None:
    """A typo is answered with what was probably meant: a field, a group, a country's code by its name."""
    found = lint(corridor_file(a_row(data_clas=["x"], to=["EUU", "Japan"])))
    assert [fault.facts["near"] for fault in found] == ["data_class", "EU", "JP"]


def test_an_exception_is_no_contradiction() -> None:
    """A restriction within what is allowed, on other days, for other data or other ways, stands beside it."""
    wide = a_row(id="wide", **{"from": "any"}, to="any")
    no = {"effect": "restricts", "ground": "g"}
    assert codes(corridor_file(wide, a_row(id="no", **no))) == []
    assert codes(corridor_file(a_row(valid_to="2026-06-30"), a_row(id="no", valid_from="2026-07-01", **no))) == []
    assert codes(corridor_file(a_row(), a_row(id="no", data_class=["business"], **no))) == []
    assert codes(corridor_file(a_row(), a_row(id="no", to="JP", **no))) == []
    assert codes(corridor_file(a_row(), signed(id="no", **no))) == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=12),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
        max_leaves=12,
    ),
    st.sampled_from(sorted(a_row() | a_clock() | dict.fromkeys(("law", "rows", "groups", "needs", "events", "note")))),
)
def test_whatever_a_field_holds_is_read_or_a_fault(value: object, name: str) -> None:
    """Nothing that YAML can say makes the reader fall over."""
    for text in (corridor_file(a_row() | {name: value}), clock_file(a_clock() | {name: value})):
        lint(text, today=DAY)
    for text in (corridor_file(a_row(), **{name: value}), clock_file(a_clock(), **{name: value})):
        lint(text, today=DAY)


def test_any_is_every_country() -> None:
    """The codes of ISO 3166-1, no others."""
    law = corridors_of(corridor_file(a_row(to="any")))
    assert law.rows[0].destinations == codelists.packaged()["iso3166-alpha2"].codes
    assert law.row("kr-us") == law.rows[0]
    assert law.row("us-kr") is None


# --- durations and deadlines ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("PT72H", "2026-03-28T23:30:00+00:00", "2026-03-31T23:30:00+00:00"),
        ("P1M", "2026-01-28T10:00:00+00:00", "2026-02-28T10:00:00+00:00"),
        ("P1M", "2026-01-31T10:00:00+00:00", "2026-02-28T23:59:59+00:00"),
        ("P1M", "2024-01-30T10:00:00+00:00", "2024-02-29T23:59:59+00:00"),
        ("P1M", "2026-12-31T10:00:00+00:00", "2027-01-31T10:00:00+00:00"),
        ("P1Y", "2024-02-29T10:00:00+00:00", "2025-02-28T23:59:59+00:00"),
        ("P1Y2M3W4DT5H6M7S", "2026-01-01T00:00:00+00:00", "2027-03-26T05:06:07+00:00"),
        ("P2D", "2026-11-22T09:00:00+09:00", "2026-11-24T00:00:00+00:00"),
    ],
)
def test_durations_are_of_the_calendar(text: str, start: str, end: str) -> None:
    """Months end on their day, or at the end of the last one that there is; hours and days have their length."""
    assert duration(text).after(datetime.fromisoformat(start)) == datetime.fromisoformat(end)


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1DT", "P0D", "PT0S", "1D", "P1.5D", "P-1D", "P1H", "PT1D", "p1d", "P99999D"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    """Nothing, a fraction, a sign, a unit on the wrong side."""
    with pytest.raises(Invalid, match="law.duration-wrong"):
        duration(text)


instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  (zones are given beside)
durations = st.sampled_from(["PT72H", "P1M", "P15D", "P1Y", "P11M", "P2M3D", "P1MT5H", "PT24H"])


@given(durations, instants, instants)
@example("P1M", datetime(2026, 1, 30, 23, tzinfo=UTC), datetime(2026, 1, 31, 10, tzinfo=UTC))
def test_who_knows_later_is_never_due_earlier(text: str, one: datetime, other: datetime) -> None:
    """Of two instants the earlier one gives the earlier deadline, over every end of a month, and after itself."""
    first, second = sorted((one, other))
    limit = duration(text)
    assert first < limit.after(first) <= limit.after(second)


def an_incident(**changes: Any) -> Incident:
    """A breach of personal data of many."""
    facts: dict[str, Any] = {
        "id": "0" * 64,
        "event": "breach",
        "classes": ("personal",),
        "persons": 1000,
        "countries": ("KR",),
        "at": "2026-11-22T00:00:00Z",
        "what": "w",
        "law": "0" * 64,
        "index": 1,
    }
    return Incident(**{**facts, **changes})


def due_ids(incident: Incident, *where: str) -> list[str]:
    """The clocks that run, in the order of their deadlines."""
    return [one.clock.id for one in due(incident, CLOCKS, where)]


def test_one_incident_makes_every_notice_due() -> None:
    """In two jurisdictions both authorities are to be told; fewer persons, other data or another country are not."""
    assert due_ids(an_incident(), "KR", "DE") == ["eu-gdpr-33", "kr-pipa-34"]
    assert due_ids(an_incident(persons=999), "KR", "DE") == ["eu-gdpr-33"]
    assert due_ids(an_incident(classes=("business",)), "KR", "DE") == []
    assert due_ids(an_incident(), "US") == []
    assert due_ids(an_incident(event="significant-incident", classes=()), "FR") == [
        "eu-nis2-23-warning",
        "eu-nis2-23-notification",
        "eu-nis2-23-final",
    ]


def test_a_clock_counts_from_the_day_on_which_it_applies() -> None:
    """Alteration was no breach before the amendment; what is kept is no deadline; AI incidents are not yet due."""
    assert due_ids(an_incident(event="alteration", at="2026-08-31T23:59:59Z"), "KR") == []
    assert due_ids(an_incident(event="alteration", at="2026-09-01T00:00:00Z"), "KR") == ["kr-pipa-34-alteration"]
    assert due_ids(an_incident(event="pseudonymised-use"), "KR") == []
    assert any(row.duty is Duty.KEEP for row in CLOCKS.rows)
    assert due_ids(an_incident(event="ai-death"), "DE") == []
    ended = clocks_of(clock_file(a_clock(applies_to="2026-06-30"), a_clock(id="two", applies_from="2026-07-01")))
    assert [one.clock.id for one in due(an_incident(at="2026-06-30T12:00:00Z"), ended, ["DE"])] == ["one"]
    assert [one.clock.id for one in due(an_incident(at="2026-07-01T12:00:00Z"), ended, ["DE"])] == ["two"]


def test_a_notice_starts_the_next_clock() -> None:
    """The final report is counted from the notification: from its deadline, or from when it was given."""
    incident = an_incident(event="significant-incident", at="2026-01-28T00:00:00Z")
    final = due(incident, CLOCKS, ["DE"])[-1]
    assert final.deadline == datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)  # 31 January and a month
    given = {"eu-nis2-23-notification": datetime(2026, 1, 28, 6, tzinfo=UTC)}
    assert due(incident, CLOCKS, ["DE"], given)[-1].deadline == datetime(2026, 2, 28, 6, tzinfo=UTC)


@given(instants, instants, st.sampled_from(sorted(CLOCKS.events)))
def test_deadlines_are_monotone_in_awareness(one: datetime, other: datetime, event: str) -> None:
    """Of every clock that runs for both, the later awareness has no earlier deadline, chains of clocks too."""
    first, second = (
        {
            found.clock.id: found.deadline
            for found in due(an_incident(event=event, at=at.isoformat()), CLOCKS, ["KR", "DE"])
        }
        for at in sorted((one, other))
    )
    assert all(first[id] <= second[id] for id in set(first) & set(second))


def test_certainties_are_ranked() -> None:
    """What was read is better than what others say, and that better than memory."""
    assert list(Certainty) == ["read", "secondary", "memory"]
