"""What law asks of a dam: files that a person adopted, orders that bind at once, demands, incidents, who was told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import seal
from datadam.adapters.memory.store import MemoryStore
from datadam.dam import incident, law, notice, order, prove, publish, release, state, withdraw
from datadam.dam.incident import Report
from datadam.dam.login import Caller
from datadam.dam.order import Asked
from datadam.dam.world import World
from datadam.duties import STRICTNESS, Demand, Incident, LawFile, Notice, Order, Topic
from datadam.errors import DamError, Faults, Invalid, NotFound, Refused, Untrusted
from datadam.formats import law_files
from datadam.ledger import verify_receipt
from datadam.model import Entry, Kind, MemberId, PrivacyClass, Role, moment
from worlds import GOOD, Person, a_world, forward, granted, standard_text

NOW = "2026-11-22T09:00:00Z"  # the test clock's
WORDS = {"reason": "a court said so", "ground": "PIPA 28-9"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam in Korea with one standard and no law."""
    made = a_world(tmp_path)
    publish.publish(made, standard_text())
    return made


def adopted(world: World) -> None:
    """Adopt what the package ships."""
    for text in law_files.packaged().values():
        law.adopt(world, text)


def rebuilt(world: World) -> None:
    """The tables, folded anew from the log, say the same."""
    with world.store.read() as rows:
        before = {kind: rows.find(kind) for kind in state.PROJECTED}
    state.rebuild(world)
    with world.store.read() as rows:
        assert {kind: rows.find(kind) for kind in state.PROJECTED} == before


# --- law files --------------------------------------------------------------------------------------------------------


def test_no_law_is_in_use_until_somebody_adopts_it(world: World) -> None:
    """A new dam has no basis for anything that leaves, and knows no clock; at home nothing is needed."""
    assert law.in_use(world, "corridors") is None
    assert law.corridor(world, "DE", PrivacyClass.PUBLIC) is None
    assert law.corridor(world, "KR", PrivacyClass.PERSONAL) == ""
    with pytest.raises(Refused, match="law.none-adopted"):
        law.clocks(world)
    adopted(world)
    assert law.corridor(world, "DE", PrivacyClass.PERSONAL) == "kr-eu-equivalence"
    assert law.corridor(world, "US", PrivacyClass.PERSONAL) is None
    rebuilt(world)


def test_an_adoption_is_public_and_replayable(world: World) -> None:
    """The statement has the text, its digest and its place; a receipt of it stands alone."""
    held = law.adopt(world, law_files.packaged()["corridors"])
    body = prove.body(world, Caller(), held.statement).body
    assert (body["text"], body["digest"]) == (held.text, seal.digest(held.text.encode()))
    receipt = prove.receipt(world, Caller(), held.statement)
    assert verify_receipt(seal.canonical(receipt), vkey=world.ledger.vkey).index == held.index


def test_only_a_newer_version_takes_the_place_of_one(world: World) -> None:
    """The same text again is the same adoption; another of the same or an older version is refused."""
    text = law_files.packaged()["corridors"]
    first = law.adopt(world, text)
    assert law.adopt(world, text) == first
    for version in ("2026.11.22", "2026.11.21.9", "2025.12.31"):
        with pytest.raises(Invalid, match="law.not-newer"):
            law.adopt(world, text.replace("version: 2026.11.22", f"version: {version}") + "# more\n")
    later = law.adopt(world, text.replace("version: 2026.11.22", "version: 2026.11.22.1"))
    assert (law.in_use(world, "corridors"), later.index > first.index) == (later, True)
    assert [law.in_use(world, "corridors", at=index) for index in (first.index, later.index)] == [None, first]


def test_a_faulty_file_is_not_adopted(world: World) -> None:
    """Every fault at once, one that only the day shows among them, and nothing in the log."""
    text = (
        law_files.packaged()["corridors"].replace("2026-11-22", "2026-11-23").replace("effect: allows", "effect: x", 1)
    )
    size = world.ledger.size
    with pytest.raises(Faults, match="law.faulty") as refused:
        law.adopt(world, text)
    assert {fault.code for fault in refused.value.faults} == {"law.field-wrong", "law.checked-later"}
    assert world.ledger.size == size


def test_a_file_that_is_read_no_more_is_no_basis(world: World) -> None:
    """A log may hold what a later linter refuses: the tables are rebuilt, nothing leaves, and home stays home."""
    text = "law: corridors"
    facts = {"name": "corridors", "version": "2026.01.01", "text": text, "digest": seal.digest(text.encode())}
    state.record(world, state.statement(world, Kind.LAW, facts))
    assert law.corridor(world, "DE", PrivacyClass.PUBLIC) is None
    assert law.corridor(world, "KR", PrivacyClass.PUBLIC) == ""
    rebuilt(world)


# --- orders -----------------------------------------------------------------------------------------------------------


def test_an_order_binds_at_once_and_a_lift_restores(world: World) -> None:
    """From its log index on, for its countries and classes; after the lift it is as before."""
    assert order.in_force(world, "personal", "US") == ()
    made = order.suspend(world, ["personal"], ["US", "US"], **WORDS)
    assert order.in_force(world, PrivacyClass.PERSONAL, "US") == (made.id,)
    assert order.in_force(world, "confidential", "US") == ()
    assert order.in_force(world, "personal", "JP") == ()
    assert order.lift(world, made.id, "over") > made.index
    assert order.in_force(world, "personal", "US") == ()
    with pytest.raises(Refused, match="order.lifted"):
        order.lift(world, made.id, "again")
    assert [one.lifted is not None for one in order.orders(world)] == [True]
    rebuilt(world)


def test_an_order_about_one_reservoir_leaves_others(world: World) -> None:
    """Asked without a reservoir, it counts: who does not say what it is about is not let through."""
    publish.publish(world, standard_text().replace("id: test.reading", "id: test.other"))
    made = order.suspend(world, ["public"], ["US"], standard="test.reading", **WORDS)
    assert order.in_force(world, "public", "US", "test.reading") == (made.id,)
    assert order.in_force(world, "public", "US", "test.other") == ()
    assert order.in_force(world, "public", "US") == (made.id,)


def test_a_class_that_is_stopped_stops_stricter_ones(world: World) -> None:
    """A table is asked about by its strictest class, and may have columns of others."""
    made = order.suspend(world, ["confidential", "business"], ["US"], **WORDS)
    assert made.classes == ("business", "confidential")
    stopped = [kind for kind in PrivacyClass if order.in_force(world, kind, "US")]
    assert stopped == ["business", "confidential", "personal"]


WRONG_ORDERS: list[tuple[dict[str, Any], type[DamError], str]] = [
    ({"classes": ["secret"]}, Invalid, "order.class-unknown"),
    ({"destinations": ["Korea"]}, Invalid, "register.country"),
    ({"reason": " "}, Invalid, "order.words-wrong"),
    ({"ground": "x" * 2001}, Invalid, "order.words-wrong"),
    ({"standard": "no.such"}, NotFound, "standard.unknown"),
    ({"classes": []}, Invalid, "statement.shape"),
    ({"destinations": []}, Invalid, "statement.shape"),
]


@pytest.mark.parametrize(("changes", "kind", "code"), WRONG_ORDERS)
def test_a_wrong_order_is_refused_and_not_logged(
    world: World, changes: dict[str, Any], kind: type[DamError], code: str
) -> None:
    """A typo, a country by its name, nothing said: told what is wrong, and the log stays."""
    size = world.ledger.size
    facts: dict[str, Any] = {"classes": ["personal"], "destinations": ["US"], **WORDS, **changes}
    with pytest.raises(kind, match=code):
        order.suspend(world, facts.pop("classes"), facts.pop("destinations"), **facts)
    assert world.ledger.size == size


def test_what_is_no_order_is_not_lifted(world: World) -> None:
    """Neither an unknown id nor, in a forged log, one that was lifted."""
    with pytest.raises(NotFound, match="order.unknown"):
        order.lift(world, "0" * 64, "r")
    with pytest.raises(Untrusted, match="order.lift-wrong"):
        state.record(world, state.statement(world, Kind.LIFT, {"order": "0" * 64, "reason": "r"}))


places = st.sampled_from(["US", "JP", "DE"])
classes = st.sampled_from(list(PrivacyClass))
acts = st.lists(st.tuples(st.sampled_from(["suspend", "lift"]), classes, places), max_size=8)


@given(acts=acts, more=st.tuples(classes, places))
def test_an_order_makes_no_deny_an_allow(
    tmp_path_factory: pytest.TempPathFactory,
    acts: list[tuple[str, PrivacyClass, str]],
    more: tuple[PrivacyClass, str],
) -> None:
    """After any orders and lifts, one order more only adds to what is stopped, and its lift restores what was."""
    world = a_world(tmp_path_factory.getbasetemp() / "orders")
    standing: list[tuple[str, PrivacyClass, str]] = []

    def stopped() -> dict[tuple[PrivacyClass, str], bool]:
        return {(kind, to): bool(order.in_force(world, kind, to)) for kind in PrivacyClass for to in ("US", "JP", "DE")}

    for verb, kind, to in acts:
        if verb == "suspend":
            standing.append((order.suspend(world, [kind], [to], **WORDS).id, kind, to))
        elif standing:
            order.lift(world, standing.pop()[0], "over")
    before = stopped()
    assert before == {
        (kind, to): any(STRICTNESS[of] <= STRICTNESS[kind] and there == to for _, of, there in standing)
        for kind, to in before
    }
    extra = order.suspend(world, [more[0]], [more[1]], **WORDS)
    assert all(now or not was for now, was in zip(stopped().values(), before.values(), strict=True))
    assert stopped()[more]
    order.lift(world, extra.id, "over")
    assert stopped() == before


# --- demands and notices ----------------------------------------------------------------------------------------------


ASKED = {"authority": "A court", "country": "US", "ground": "CLOUD Act", "what": "all rows", "received": NOW}


def test_each_contributor_learns_of_a_demand(world: World) -> None:
    """Those who are named and all who have rows, once each, in one step; nobody else, and auditors see the demand."""
    ann, ben, cleo = (Person(name).joins(world) for name in ("Ann", "Ben", "Cleo"))
    eve = Person("Eve", roles=(Role.AUDITOR,)).joins(world)
    ben.deposits(world, "test.reading", GOOD)
    made = order.demand(world, Asked(**ASKED, answer="refused"), contributors=[ann.id, ben.id], standard="test.reading")
    assert set(made.contributors) == {ann.id, ben.id}
    (told,) = notice.own(world, ben.caller)
    assert (told.notice.topic, told.notice.about, told.issued) == (Topic.DEMAND, made.id, NOW)
    assert told.notice.facts == {**ASKED, "answer": "refused"}
    assert notice.own(world, cleo.caller) == []
    assert prove.body(world, ben.caller, told.notice.id).kind is Kind.NOTICE
    assert prove.body(world, eve.caller, made.id).body["contributors"] == sorted([ann.id, ben.id])
    for caller, id in ((cleo.caller, told.notice.id), (ben.caller, made.id), (Caller(), made.id)):
        with pytest.raises(NotFound, match="statement.unknown"):
            prove.body(world, caller, id)
    assert order.demands(world) == [made]
    rebuilt(world)


def test_who_withdrew_everything_is_not_told_of_the_reservoir(world: World) -> None:
    """There is nothing of theirs to be had."""
    ann = Person("Ann").joins(world)
    job = ann.deposits(world, "test.reading", GOOD)
    take(world, ann, job.id)
    with pytest.raises(Invalid, match="demand.nobody"):
        order.demand(world, Asked(**ASKED), standard="test.reading")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"answer": "maybe"}, "demand.answer-unknown"),
        ({"country": "QQ"}, "register.country"),
        ({"authority": "x" * 201}, "order.words-wrong"),
        ({"received": "2026-11-22T09:00:01Z"}, "incident.future"),
        ({"received": "2026-11-22T09:00:00"}, "text.instant-no-offset"),
        ({"received": "today"}, "text.instant-malformed"),
        ({"received": "0001-01-01T00:00:00+23:00"}, "text.instant-malformed"),
    ],
)
def test_a_wrong_demand_is_refused(world: World, changes: dict[str, str], code: str) -> None:
    """An instant needs its offset and must have been; nothing is logged, nobody is told."""
    ann = Person("Ann").joins(world)
    size = world.ledger.size
    with pytest.raises(Invalid, match=code):
        order.demand(world, Asked(**{**ASKED, **changes}), contributors=[ann.id])
    with pytest.raises(NotFound, match="member.unknown"):
        order.demand(world, Asked(**ASKED), contributors=["m-0"])
    assert (world.ledger.size, notice.own(world, ann.caller)) == (size, [])


def test_notices_are_for_who_is_logged_in(world: World) -> None:
    """Not for strangers, nor for a share profile on somebody's disk."""
    for caller in (Caller(), Caller(member=MemberId("m-" + "0" * 20), standard="test.reading")):
        with pytest.raises(Refused, match="ask.login-needed"):
            notice.own(world, caller)


# --- withdrawals ------------------------------------------------------------------------------------------------------


def take(world: World, person: Person, *deposits: str) -> str:
    """Withdraw."""
    facts = {"contributor": person.id, "deposits": list(deposits), "replaced_by": None, "reason": "ended"}
    return withdraw.withdraw(world, person.caller, seal.envelope(person.states(Kind.WITHDRAWAL, facts)))


def test_every_prior_recipient_of_withdrawn_rows_is_told_once(world: World) -> None:
    """Those who were given the rows; not their contributor, not who came later, and not whose rows they were."""
    ann, ben, cleo, dan = (Person(name).joins(world) for name in ("Ann", "Ben", "Cleo", "Dan"))
    first = ann.deposits(world, "test.reading", GOOD)
    for person in (ann, ben, cleo):
        with granted(world, person, "test.reading"):
            release.open_share(world, person.caller, "test.reading")
    id = take(world, ann, first.id)
    with granted(world, dan, "test.reading"):
        release.open_share(world, dan.caller, "test.reading")
    assert [len(notice.own(world, one.caller)) for one in (ann, ben, cleo, dan)] == [0, 1, 1, 0]
    (told,) = notice.own(world, ben.caller)
    assert (told.notice.about, told.notice.facts) == (id, {"standards": "test.reading"})
    assert ann.id not in seal.canonical(dict(world.ledger.statement(told.notice.id).body)).decode()
    assert notice.of_withdrawal(world, id) == 0
    withdraw.purge(world, id)
    standing = withdraw.standing(world, ann.caller, id)
    assert standing.purge is not None
    with world.store.read() as rows:
        assert standing.purge.body["beyond"]["recipients"] == len(rows.find(Notice, about=id)) == 2
    rebuilt(world)


def test_a_crash_before_the_notices_is_made_good(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The withdrawal is logged, the dam dies: the erasure tells whom it was not told, before it erases."""
    ann, ben = (Person(name).joins(world) for name in ("Ann", "Ben"))
    first = ann.deposits(world, "test.reading", GOOD)
    with granted(world, ben, "test.reading"):
        release.open_share(world, ben.caller, "test.reading")
    with monkeypatch.context() as dying:
        dying.setattr(withdraw, "retract", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            take(world, ann, first.id)
    assert notice.own(world, ben.caller) == []
    withdraw.purge(world, withdraw.pending(world)[0])
    assert len(notice.own(world, ben.caller)) == 1


# --- incidents --------------------------------------------------------------------------------------------------------


def reported(world: World, **changes: Any) -> incident.Standing:
    """A breach that concerns a thousand persons, known since an hour."""
    facts: dict[str, Any] = {
        "event": "breach",
        "classes": ["personal"],
        "persons": 1000,
        "countries": [],
        "at": "2026-11-22T08:00:00Z",
        "what": "a disk was lost",
    }
    return incident.report(world, Report(**{**facts, **changes}))


def test_an_incident_makes_its_notices_due_and_each_is_ticked_off(world: World) -> None:
    """Open until its deadline, then overdue; done when given in time, late when not; the log has both instants."""
    adopted(world)
    found = reported(world, countries=["KR", "FR"])
    assert [(one.clock.id, one.deadline, one.progress) for one in found.owed] == [
        ("eu-gdpr-33", "2026-11-25T08:00:00Z", "open"),
        ("kr-pipa-34", "2026-11-25T08:00:00Z", "open"),
    ]
    done = incident.noticed(world, found.incident.id, "kr-pipa-34", "2026-11-22T17:30:00+09:00")
    assert (done.given, done.progress) == ("2026-11-22T08:30:00Z", "done")
    with pytest.raises(Refused, match="incident.noticed-already"):
        incident.noticed(world, found.incident.id, "kr-pipa-34", NOW)
    forward(world, hours=71)
    assert incident.standing(world, found.incident.id).owed[0].progress == "open"
    forward(world, seconds=1)
    assert [one.progress for one in incident.incidents(world)[0].owed] == ["overdue", "done"]
    late = incident.noticed(world, found.incident.id, "eu-gdpr-33", "2026-11-25T08:00:01Z")
    assert late.progress == "late"
    rebuilt(world)


def test_the_country_of_the_dam_is_meant_where_none_is_named(world: World) -> None:
    """It is in Korea."""
    adopted(world)
    assert reported(world).incident.countries == ("KR",)


def test_a_notice_moves_the_clock_that_starts_at_it(world: World) -> None:
    """The final report is due a month after the notification was given."""
    adopted(world)
    found = reported(world, event="significant-incident", classes=[], countries=["DE"])
    assert found.owed[-1].deadline == "2026-12-25T08:00:00Z"
    incident.noticed(world, found.incident.id, "eu-nis2-23-notification", NOW)
    assert incident.standing(world, found.incident.id).owed[-1].deadline == "2026-12-22T09:00:00Z"


def test_corrected_clocks_reach_what_is_open(world: World) -> None:
    """An incident names the clocks that it was reported under; what is due follows those in use."""
    adopted(world)
    found = reported(world)
    text = law_files.packaged()["clocks"].replace("version: 2026.11.22", "version: 2026.11.23")
    later = law.adopt(world, text.replace("limit: PT72H", "limit: PT48H"))
    again = incident.standing(world, found.incident.id)
    assert again.owed[0].deadline == "2026-11-24T08:00:00Z"
    assert again.incident.law == found.incident.law != later.statement


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"event": "beach"}, "incident.event-unknown"),
        ({"persons": -1}, "incident.persons-wrong"),
        ({"persons": 10**11}, "incident.persons-wrong"),
        ({"classes": ["secret"]}, "order.class-unknown"),
        ({"countries": ["EU"]}, "register.country"),
        ({"at": "2026-11-22T09:00:01Z"}, "incident.future"),
        ({"at": "2026-11-22T18:00:01+09:00"}, "incident.future"),
        ({"at": "2026-11-22T08:00:00"}, "text.instant-no-offset"),
        ({"at": "2026-13-22T08:00:00Z"}, "text.instant-malformed"),
        ({"what": ""}, "order.words-wrong"),
    ],
)
def test_a_wrong_report_is_refused(world: World, changes: dict[str, Any], code: str) -> None:
    """Typos, countries that are none, instants that are still to come: nothing is logged."""
    adopted(world)
    size = world.ledger.size
    with pytest.raises(Invalid, match=code):
        reported(world, **changes)
    assert world.ledger.size == size


def test_without_clocks_an_incident_is_not_taken_for_harmless(world: World) -> None:
    """It is refused with what to do, not logged as one that nothing is due of."""
    with pytest.raises(Refused, match="law.none-adopted"):
        reported(world)


def test_a_notice_is_of_an_incident_and_a_clock_that_runs(world: World) -> None:
    """An unknown incident, a clock of another, an instant before the dam knew or still to come."""
    adopted(world)
    id = reported(world).incident.id
    for args, kind, code in (
        (("0" * 64, "kr-pipa-34", NOW), NotFound, "incident.unknown"),
        ((id, "eu-gdpr-33", NOW), NotFound, "incident.clock-unknown"),
        ((id, "kr-pipa-34", "2026-11-22T07:59:59Z"), Invalid, "incident.noticed-before"),
        ((id, "kr-pipa-34", "2026-11-22T09:00:01Z"), Invalid, "incident.future"),
    ):
        with pytest.raises(kind, match=code):
            incident.noticed(world, *args)


def test_instants_are_of_utc_and_whole_seconds() -> None:
    """Half a day could hang on a guess of the offset."""
    assert moment("2026-11-22T18:00:00.9+09:00").isoformat() == "2026-11-22T09:00:00+00:00"


# --- a log that lies --------------------------------------------------------------------------------------------------

HEX = "0" * 64
NOTICE: dict[str, Any] = {"clock": None, "given": None, "due": None, "facts": {}}


def forged_law(_: World) -> tuple[Kind, dict[str, Any]]:
    """A text that its digest is not of."""
    return Kind.LAW, {"name": "clocks", "version": "2026.01.01", "text": "t", "digest": HEX}


def forged_incident(_: World) -> tuple[Kind, dict[str, Any]]:
    """Under clocks that nobody adopted."""
    facts = {"event": "breach", "classes": [], "persons": 1, "countries": ["KR"], "at": NOW, "what": "w", "law": HEX}
    return Kind.INCIDENT, facts


def notice_of_nothing(world: World) -> tuple[Kind, dict[str, Any]]:
    """Of a withdrawal that there is not."""
    return Kind.NOTICE, {**NOTICE, "topic": "withdrawal", "about": HEX, "member": Person("X").joins(world).id}


def notice_to_nobody(world: World) -> tuple[Kind, dict[str, Any]]:
    """Of a demand, to no member."""
    ann = Person("Ann").joins(world)
    made = order.demand(world, Asked(**ASKED), contributors=[ann.id])
    return Kind.NOTICE, {**NOTICE, "topic": "demand", "about": made.id, "member": None}


def notice_again(world: World) -> tuple[Kind, dict[str, Any]]:
    """Of a demand, to the same member once more."""
    ann = Person("Ann").joins(world)
    made = order.demand(world, Asked(**ASKED), contributors=[ann.id])
    return Kind.NOTICE, {**NOTICE, "topic": "demand", "about": made.id, "member": ann.id}


def notice_of_no_clock(world: World) -> tuple[Kind, dict[str, Any]]:
    """Of an incident, without what it stopped."""
    adopted(world)
    return Kind.NOTICE, {**NOTICE, "topic": "incident", "about": reported(world).incident.id, "member": None}


@pytest.mark.parametrize(
    ("forged", "code"),
    [
        (forged_law, "law.digest-wrong"),
        (forged_incident, "incident.law-unknown"),
        (notice_of_nothing, "notice.wrong"),
        (notice_to_nobody, "notice.wrong"),
        (notice_again, "notice.repeated"),
        (notice_of_no_clock, "notice.wrong"),
    ],
)
def test_what_cannot_be_does_not_enter_the_log(
    world: World, forged: Callable[[World], tuple[Kind, dict[str, Any]]], code: str
) -> None:
    """Signed by the dam or not: a rebuild would not believe it, so it is not appended."""
    kind, facts = forged(world)
    with pytest.raises(Untrusted, match=code):
        state.record(world, state.statement(world, kind, facts))


@pytest.mark.parametrize("kind", [LawFile, Order, Demand, Incident])
def test_a_statement_that_comes_twice_is_not_believed(world: World, kind: type) -> None:
    """A second order of the same id would undo its lift."""
    adopted(world)
    order.suspend(world, ["personal"], ["US"], **WORDS)
    order.demand(world, Asked(**ASKED), contributors=[Person("Ann").joins(world).id])
    reported(world)
    with world.store.read() as rows:
        held: Any = rows.find(kind)[0]
    again = world.ledger.statement(getattr(held, "statement", None) or held.id)
    entry = Entry(index=world.ledger.size, statement=again)
    with MemoryStore().transaction() as rows:
        state.fold_all(world, rows, 0)
        with pytest.raises(Untrusted, match="statement.repeated"):
            state.fold(rows, entry)
