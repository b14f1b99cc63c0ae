"""Depositing: sealed and visible exactly once, or nothing happened; and nobody learns of anybody else's rows."""

import io
import itertools
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from datadam import seal, texts, wiring
from datadam.adapters.memory.store import MemoryStore
from datadam.dam import deposit, found, join, journal, prove, publish, report, state
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import DamError, Invalid, NotFound, Refused, Unavailable, Untrusted, revived
from datadam.ledger import Ledger, verify_receipt
from datadam.model import Deposit, Fit, Job, Kind, Reason, Stage, Statement, Tally
from datadam.ports import RECEIVED
from worlds import GOOD, START, Person, a_world, chunks, fit_of, forward, standard_text

ID = "test.reading"
MIXED = b"meter,amount\nA1,5\nA2,many\nA3,1001\n,7\nA5,9\nA6,10\nA7,11\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam with one standard."""
    return dam(tmp_path)


def dam(folder: Path, *, repeat: str = "supersede", **settings: object) -> World:
    """A dam with one standard."""
    made = a_world(folder, **settings)
    publish.publish(made, standard_text(repeat=repeat))
    return made


def announced(world: World, person: Person, data: bytes = GOOD, **changes: Any) -> Job:
    """A manifest that waits for its file."""
    fit = changes.pop("fit", None) or fit_of(world, ID, GOOD)
    return deposit.announce(world, person.caller, seal.envelope(person.manifest(fit, data, **changes)))


def received(world: World, person: Person, data: bytes = GOOD, **changes: Any) -> Job:
    """A file in the spool."""
    job = announced(world, person, data, **changes)
    return deposit.receive(world, person.caller, job.id, chunks(data))


def quiet(*_: object) -> None:
    """No progress."""


def spooled(world: World, id: str) -> list[str]:
    """What lies in a deposit's work folder."""
    return sorted(path.name for path in world.spool.folder(id).iterdir())


def stored(world: World) -> list[Path]:
    """Every data file under the reservoirs, visible or not."""
    return sorted((world.settings.folder / "reservoirs").rglob("*.parquet"))


def visible(world: World) -> list[str]:
    """The deposits whose rows the table shows."""
    return [file.path.stem for file in world.lake.files(ID)]


def sealed(world: World) -> list[str]:
    """The deposits that the log has."""
    bodies = [world.ledger.statement(id) for _, id in world.ledger.entries()]
    return [body.body["manifest"] for body in bodies if body.kind is Kind.OUTCOME]


def facts_of(statement: Statement) -> dict[str, Any]:
    """What a statement adds to its envelope."""
    return {name: value for name, value in statement.body.items() if name not in {"v", "kind", "salt", "issued"}}


# --- the way of a deposit ---------------------------------------------------------------------------------------------


def test_a_deposit_is_sealed_then_visible_and_its_receipt_holds(world: World) -> None:
    """Rows in the table, manifest and outcome in the log, the file gone, a receipt that needs no dam."""
    person = Person("A").joins(world)
    job = person.deposits(world, ID, GOOD)
    assert (job.stage, job.fault) == (Stage.COMMITTED, None)
    assert visible(world) == sealed(world) == [job.id]
    assert RECEIVED not in spooled(world, job.id)
    outcome = journal.sealed(world, job.id)
    assert (outcome.admitted, outcome.rejected, outcome.contributor) == (3, 0, person.id)
    for id, signers in ((job.id, {person.id}), (outcome.outcome, {"dam"})):
        receipt = seal.canonical(prove.receipt(world, person.caller, id))
        assert set(verify_receipt(receipt, vkey=world.ledger.vkey).signers.values()) == signers
    assert not prove.check(world, MemoryStore, quiet).faults


def test_stages_are_told_in_order(world: World) -> None:
    """Judge, then seal, then commit."""
    told: list[str] = []
    job = received(world, Person("A").joins(world))
    deposit.process(world, job.id, lambda stage, _done, _of: told.append(stage))
    assert list(dict.fromkeys(told)) == ["judge", "unique", "digest", "seal", "commit"]


def test_the_same_manifest_again_is_the_same_deposit(world: World) -> None:
    """At every stage; and the same file deposited the same way gives the deposit there is, with its receipt."""
    person = Person("A").joins(world)
    envelope = seal.envelope(person.manifest(fit_of(world, ID, GOOD), GOOD))
    first = deposit.announce(world, person.caller, envelope)
    assert deposit.announce(world, person.caller, envelope) == first
    deposit.receive(world, person.caller, first.id, chunks(GOOD))
    assert deposit.receive(world, person.caller, first.id, chunks(b"other")).stage == Stage.RECEIVED
    done = deposit.process(world, first.id, quiet)
    assert deposit.process(world, first.id, quiet) == done
    receipt = prove.receipt(world, person.caller, first.id)
    assert deposit.announce(world, person.caller, envelope) == done
    assert announced(world, person) == done
    assert prove.receipt(world, person.caller, first.id) == receipt
    assert sealed(world) == [first.id]


def test_a_client_that_signs_anew_means_the_same_deposit(tmp_path: Path) -> None:
    """Its answer was lost, or it asks in eight threads at once: one file is one deposit, also if repeats are kept."""
    world = dam(tmp_path, repeat="keep")
    person, other = Person("A").joins(world), Person("B").joins(world)
    found: list[Job] = []
    threads = [threading.Thread(target=lambda: found.append(announced(world, person))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (id,) = {job.id for job in found}
    assert announced(world, other).id != id
    deposit.receive(world, person.caller, id, chunks(GOOD))
    assert announced(world, person).stage == Stage.RECEIVED
    assert deposit.process(world, id, quiet).stage == Stage.COMMITTED
    assert announced(world, person).id == id
    assert announced(world, person, name="other.csv").id == id
    assert sealed(world) == [id]


def test_a_deposit_that_only_the_log_remembers_is_found(world: World) -> None:
    """After the journal is lost, the same file is still the same deposit, for its contributor alone."""
    person, other = Person("A").joins(world), Person("B").joins(world)
    job = person.deposits(world, ID, MIXED)
    with world.store.transaction() as rows:
        rows.remove(job)
    for again in (announced(world, person, MIXED), journal.own_job(world, person.caller, job.id)):
        assert (again.id, again.stage) == (job.id, Stage.COMMITTED)
    assert [one.id for one in journal.own(world, person.caller)] == [job.id]
    assert report.faults(world, person.caller, job.id, limit=5)[1] == []
    with pytest.raises(NotFound, match="deposit.unknown"):
        journal.own_job(world, other.caller, job.id)


def test_a_fit_is_remembered_once_the_file_came(world: World) -> None:
    """The contributor's own, each once, of this standard."""
    person, other = Person("A").joins(world), Person("B").joins(world)
    announced(world, person, b"meter,amount\nZ,1\n")
    assert journal.fits(world, person.caller, ID) == []
    person.deposits(world, ID, GOOD)
    person.deposits(world, ID, MIXED)
    assert len(journal.fits(world, person.caller, ID)) == 1
    assert journal.fits(world, person.caller, "test.other") == []
    assert journal.fits(world, other.caller, ID) == []


def test_own_deposits_come_newest_first(world: World) -> None:
    """By when they were announced."""
    person = Person("A").joins(world)
    first = person.deposits(world, ID, GOOD)
    forward(world, minutes=1)
    second = announced(world, person, MIXED)
    assert [job.id for job in journal.own(world, person.caller)] == [second.id, first.id]
    with pytest.raises(Refused, match="ask.login-needed"):
        journal.own(world, Caller())


def test_own_deposits_of_one_second_keep_one_order(world: World) -> None:
    """The log's, behind what is not in it yet; and the same from the log alone."""
    person = Person("A").joins(world)
    data = [f"meter,amount\nS{number},1\n".encode() for number in range(12)]
    jobs = [person.deposits(world, ID, one) for one in data[:8]]
    waiting = sorted((announced(world, person, one).id for one in data[8:]), reverse=True)
    expected = [*waiting, *(job.id for job in reversed(jobs))]
    assert len({job.received for job in journal.own(world, person.caller)}) == 1
    assert [job.id for job in journal.own(world, person.caller)] == expected
    with world.store.transaction() as rows:
        for job in jobs:
            rows.remove(job)
    assert [job.id for job in journal.own(world, person.caller)] == expected


# --- who may announce what --------------------------------------------------------------------------------------------


def refused(world: World, person: Person, envelope: bytes, caller: Caller | None = None) -> str:
    """The code with which an announcement is refused; nothing stays of it."""
    with world.store.read() as rows:
        before = rows.find(Job)
    with pytest.raises(DamError) as caught:
        deposit.announce(world, caller or person.caller, envelope)
    with world.store.read() as rows:
        assert rows.find(Job) == before
    for lang in texts.LANGUAGES:
        assert texts.explain(caught.value, lang).what
    return caught.value.code


def test_only_members_who_contribute_may_announce(world: World) -> None:
    """Strangers, unknown members, consumers, those who left, share profiles, and everybody under another's name."""
    person, other = Person("A").joins(world), Person("B").joins(world)
    consumer = Person("C", roles=("consumer",)).joins(world)
    gone = Person("D").joins(world)
    join.expel(world, gone.id, "rules")
    fit = fit_of(world, ID, GOOD)

    def by(one: Person) -> bytes:
        return seal.envelope(one.manifest(fit, GOOD))

    assert refused(world, person, by(person), Caller()) == "ask.login-needed"
    assert refused(world, person, by(person), Caller(member=person.id, standard=ID)) == "ask.login-needed"
    assert refused(world, Person("X"), by(Person("X"))) == "member.unknown"
    assert refused(world, consumer, by(consumer)) == "deposit.not-contributor"
    assert refused(world, gone, by(gone)) == "member.left"
    assert refused(world, other, by(person)) == "deposit.not-yours"


def test_a_manifest_is_signed_by_its_contributor_and_nobody_else(world: World) -> None:
    """Stripped, of another key, with one more, of other words, altered: all refused."""
    person, other = Person("A").joins(world), Person("B").joins(world)
    fit = fit_of(world, ID, GOOD)
    good = person.manifest(fit, GOOD)
    theirs = other.manifest(fit, GOOD, contributor=person.id)
    altered = replace(person.manifest(fit, MIXED), signatures=good.signatures)
    assert refused(world, person, seal.envelope(replace(good, signatures=()))) == "statement.malformed"
    assert refused(world, person, seal.envelope(theirs)) == "signature.parties"
    assert refused(world, person, seal.envelope(seal.countersign(good, other.key))) == "signature.parties"
    assert refused(world, person, seal.envelope(altered)) == "signature.wrong"
    assert refused(world, person, seal.envelope(person.states(Kind.EXIT, {}))) == "statement.kind-unexpected"
    assert refused(world, person, b"{}") == "statement.malformed"
    assert refused(world, person, b"\xff") == "json.malformed"


def test_a_manifest_names_what_there_is(world: World) -> None:
    """Standard, version, mapping and size are looked at before a byte of the file comes."""
    person = Person("A").joins(world)
    fit = fit_of(world, ID, GOOD)
    limit = world.settings.max_file_bytes

    def told(**changes: Any) -> str:
        return refused(world, person, seal.envelope(person.manifest(fit, GOOD, **changes)))

    def of_size(size: int) -> dict[str, object]:
        return {"name": "f", "format": "csv", "digest": "0" * 64, "size": size}

    assert told(standard="test.nothing") == "standard.unknown"
    assert told(version="1.0.1") == "deposit.version-old"
    assert told(fit_digest="0" * 64) == "deposit.fit-other"
    odd = {**facts_of(person.manifest(fit, GOOD)), "fit": {}}
    assert refused(world, person, seal.envelope(person.states(Kind.MANIFEST, odd))) == "mapping.fit-malformed"
    assert told(standard="test.reading.") == "statement.shape"
    assert told(file=of_size(limit + 1)) == "deposit.file-too-large"
    assert told(file=of_size(0)) == "deposit.file-empty"
    assert told(file={**of_size(1), "name": ""}) == "statement.shape"
    assert told(file={**of_size(1), "format": "sas7bdat"}) == "statement.shape"
    assert told(file={**of_size(1), "reading": {"separator": "x"}}) == "file.reading-odd"
    assert told(file={**of_size(1), "reading": {"encoding": ["cp949"]}}) == "file.reading-odd"
    assert told(file={**of_size(1), "reading": {"macro": 1}}) == "file.reading-odd"
    other = Fit(standard=fit.standard, version="0.9.0", feeds=fit.feeds)
    assert refused(world, person, seal.envelope(person.manifest(other, GOOD, version="1.0.0"))) == "deposit.fit-other"
    feeds = Fit(standard=fit.standard, version=fit.version, feeds=fit.feeds[:1])
    assert refused(world, person, seal.envelope(person.manifest(feeds, GOOD))).startswith(("mapping.", "plan.", "fit."))
    publish.publish(world, standard_text().replace("1.0.0", "1.0.1").replace("Readings of", "More readings of"))
    assert told() == "deposit.version-old"


def test_what_a_manifest_claims_of_its_time_counts_for_nothing(world: World) -> None:
    """A clock that is a century off is no reason to refuse: the log's order counts."""
    person = Person("A").joins(world)
    facts = facts_of(person.manifest(fit_of(world, ID, GOOD), GOOD))
    late = seal.state(Kind.MANIFEST, facts, issued="2126-11-22T09:00:00Z", key=person.key)
    job = deposit.announce(world, person.caller, seal.envelope(late))
    assert job.received == "2026-11-22T09:00:00Z"


def test_announcements_without_files_are_limited_and_dropped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One member cannot fill the journal; after a day what never came is forgotten."""
    monkeypatch.setattr(deposit, "MAX_ANNOUNCED", 2)
    person, other = Person("A").joins(world), Person("B").joins(world)
    jobs = [announced(world, person, b"meter,amount\nA%d,1\n" % n) for n in range(2)]
    with pytest.raises(Refused, match="deposit.too-many-announced"):
        announced(world, person, b"meter,amount\nB,1\n")
    announced(world, other)
    forward(world, hours=deposit.ANNOUNCED_HOURS)
    assert deposit.tidy(world) == 0
    forward(world, seconds=1)
    assert deposit.tidy(world) == 3
    with pytest.raises(NotFound, match="deposit.unknown"):
        journal.own_job(world, person.caller, jobs[0].id)


# --- the file ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        (GOOD + b"A4,1\n", "spool.file-too-large"),
        (GOOD[:-1], "deposit.file-other"),
        (b"", "deposit.file-other"),
        (GOOD.replace(b"5", b"6"), "deposit.file-other"),
    ],
)
def test_a_file_that_is_not_the_manifests_leaves_nothing(world: World, sent: bytes, wanted: str) -> None:
    """Longer, shorter, none, or as long but other; the right one may still come."""
    person = Person("A").joins(world)
    job = announced(world, person)
    with pytest.raises(Invalid, match=wanted):
        deposit.receive(world, person.caller, job.id, chunks(sent))
    assert spooled(world, job.id) == []
    assert journal.own_job(world, person.caller, job.id).stage == Stage.ANNOUNCED
    assert deposit.receive(world, person.caller, job.id, chunks(GOOD)).stage == Stage.RECEIVED


def test_a_transfer_that_breaks_off_leaves_nothing(world: World) -> None:
    """The connection fails in the middle; the same deposit may be sent again."""
    person = Person("A").joins(world)
    job = announced(world, person)

    def broken() -> Iterator[bytes]:
        yield GOOD[:10]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        deposit.receive(world, person.caller, job.id, broken())
    assert spooled(world, job.id) == []
    assert deposit.receive(world, person.caller, job.id, chunks(GOOD)).stage == Stage.RECEIVED


def test_no_second_transfer_can_swap_what_the_first_brought(world: World) -> None:
    """Else other bytes could be judged than those that matched the manifest."""
    person = Person("A").joins(world)
    job = announced(world, person)
    other = GOOD.replace(b"5", b"6")

    def slow() -> Iterator[bytes]:
        yield GOOD[:10]
        with pytest.raises(Unavailable, match="deposit.busy"):
            deposit.receive(world, person.caller, job.id, chunks(other))
        forward(world, days=2)
        assert deposit.tidy(world) == 0  # it is late, but it is coming
        yield GOOD[10:]

    assert deposit.receive(world, person.caller, job.id, slow()).stage == Stage.RECEIVED
    assert deposit.receive(world, person.caller, job.id, chunks(other)).stage == Stage.RECEIVED
    assert world.spool.folder(job.id).joinpath(RECEIVED).read_bytes() == GOOD
    assert deposit.tidy(world) == 0
    assert deposit.process(world, job.id, quiet).stage == Stage.COMMITTED


def test_one_members_slow_files_leave_room_for_others(world: World) -> None:
    """There are only so many transfers at once: without a limit one member could hold all of them for days."""
    person, other = Person("A").joins(world), Person("B").joins(world)
    files = [GOOD + f"X{number},1\n".encode() for number in range(deposit.MAX_COMING + 1)]
    jobs = [announced(world, person, data) for data in files]

    def slow(place: int) -> Iterator[bytes]:
        """The file in two parts, all the later ones between them."""
        yield files[place][:10]
        receive = partial(deposit.receive, world, person.caller, jobs[place + 1].id)
        if place + 1 < deposit.MAX_COMING:
            assert receive(slow(place + 1)).stage == Stage.RECEIVED
        else:
            with pytest.raises(Refused, match="deposit.too-many-coming"):
                receive(chunks(files[-1]))
            theirs = announced(world, other)
            assert deposit.receive(world, other.caller, theirs.id, chunks(GOOD)).stage == Stage.RECEIVED
        yield files[place][10:]

    assert deposit.receive(world, person.caller, jobs[0].id, slow(0)).stage == Stage.RECEIVED
    assert deposit.receive(world, person.caller, jobs[-1].id, chunks(files[-1])).stage == Stage.RECEIVED


def test_tidying_takes_nothing_that_came_meanwhile(world: World) -> None:
    """Between the look and the removal the file may have come."""
    person = Person("A").joins(world)
    job = announced(world, person)
    deposit.receive(world, person.caller, job.id, chunks(GOOD))
    assert not deposit._drop_announced(world, job)
    assert journal.own_job(world, person.caller, job.id).stage == Stage.RECEIVED


def parquet(**columns: list[object]) -> bytes:
    """A Parquet file."""
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


BAD_FILES = [
    (b"meter,amount,owner\nA1,1,me\n", "deposit.columns"),
    (b"meter\nA1\n", "deposit.columns"),
    (b"meter,meter\nA1,2\n", "file.header-twice"),
    (b"meter,amount\n", "file.header-only"),
    (b"\n\n\n", "file.empty"),
    (b"meter,amount\nA1,\xff\xfe\n", "file.encoding"),
    ("meter,amount\nA1,5\n".encode("utf-16"), "file."),
    (b"meter,amount\nA1,1,2,3\n", "file.row-too-wide"),
    (b'meter,amount\n"A1,1\n', "file.row-malformed"),
    (b"\x00\x01\x02\x03", "file.nul"),
    (b"meter,amount\nA1,many\nA2,none\nA3,1\n", "deposit.too-many-rejects"),
    (b"meter,amount\n" + b"A1,1\n" * 3, "deposit.too-many-rejects"),
]


@pytest.mark.parametrize(("data", "wanted"), BAD_FILES)
def test_a_bad_file_is_refused_with_its_reason_and_leaves_no_row(world: World, data: bytes, wanted: str) -> None:
    """What is wrong is kept and told in both languages; no row in any table, nothing in the log, no original."""
    person = Person("A").joins(world)
    size = world.ledger.size
    job = deposit.process(world, received(world, person, data).id, quiet)
    assert job.stage == Stage.REFUSED
    assert job.fault is not None
    assert str(job.fault["code"]).startswith(wanted)
    for lang in texts.LANGUAGES:
        told = texts.explain(revived(job.fault), lang)
        assert told.what
        assert told.remedy
    assert (world.ledger.size, stored(world), visible(world)) == (size, [], [])
    assert RECEIVED not in spooled(world, job.id)
    assert deposit.announce(world, person.caller, job.envelope.encode()) == job
    with pytest.raises(NotFound):
        journal.sealed(world, job.id)


def test_a_deposit_without_one_good_row_is_refused(world: World) -> None:
    """Also if some day a standard lets every row be rejected."""
    job = Person("A").joins(world).deposits(world, ID, GOOD)
    lenient = replace(journal.plan_of(world, job), reject_limit=Decimal(1))
    with pytest.raises(Refused, match="deposit.nothing-admitted"):
        deposit._gate(lenient, Tally(rows=2, admitted=0, rejected=2, faults={}, files=(), rejects=None))


@pytest.mark.parametrize("cut", [4, 40, -8, -1])
def test_a_truncated_parquet_file_is_refused(world: World, cut: int) -> None:
    """Wherever it is cut."""
    person = Person("A").joins(world)
    data = parquet(meter=["A1", "A2"], amount=[1, 2])[:cut]
    file = {"name": "f.parquet", "format": "parquet", "digest": seal.digest(data), "size": len(data)}
    job = deposit.process(world, received(world, person, data, file=file).id, quiet)
    assert (job.stage, str((job.fault or {})["code"]).split(".")[0]) == (Stage.REFUSED, "file")
    assert stored(world) == []


def test_a_parquet_file_is_taken_like_a_csv(world: World) -> None:
    """The same rules, row for row."""
    person = Person("A").joins(world)
    data = parquet(meter=["A1", "A2", None], amount=[1, 2, 3])
    file = {"name": "f.parquet", "format": "parquet", "digest": seal.digest(data), "size": len(data)}
    job = deposit.process(world, received(world, person, data, file=file).id, quiet)
    assert (job.stage, job.facts["tally"]["admitted"], job.facts["tally"]["rejected"]) == (Stage.COMMITTED, 2, 1)


@pytest.mark.parametrize(
    "name",
    ["../../../../tmp/evil.csv", "/etc/passwd", "a\x00b", "..", ".", "CON", "a\u202e.csv", "x" * 255, "%2e%2e%2f"],
)
def test_a_name_leads_nowhere(tmp_path: Path, name: str) -> None:
    """The sender's name of a file is shown, never used as a path."""
    world = dam(tmp_path / "dam")
    person = Person("A").joins(world)
    job = received(world, person, name=name)
    assert spooled(world, job.id) == [RECEIVED]
    assert deposit.process(world, job.id, quiet).stage == Stage.COMMITTED
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dam"]
    bad = deposit.process(world, received(world, person, b"meter,amount\n", name=name).id, quiet)
    told = texts.explain(revived(bad.fault or {}), "ko").what
    assert all(letter.isprintable() for letter in told)


# --- the report, for nobody else's eyes -------------------------------------------------------------------------------


def test_the_report_names_row_column_rule_value_and_what_is_asked(world: World) -> None:
    """Each fault of each refused row; the file of rejects has the sender's own layout and a reason."""
    person = Person("A").joins(world)
    job = person.deposits(world, ID, MIXED)
    assert (job.stage, job.facts["tally"]["rejected"]) == (Stage.COMMITTED, 3)
    _, faults = report.faults(world, person.caller, job.id, limit=10)
    assert [(one.row, one.column, one.rule, one.value) for one in faults] == [
        (1, "amount", "amount.type", "many"),
        (2, "amount", "amount.range", "1001"),
        (3, "meter", "meter.required", None),
    ]
    assert faults[1].reason.facts["maximum"] == "1000"
    assert len(report.faults(world, person.caller, job.id, limit=1)[1]) == 1
    for lang in texts.LANGUAGES:
        lines = report.rejects(world, person.caller, job.id, spoken(lang)).read_text().splitlines()
        assert [line.split(",")[:2] for line in lines[:3]] == [["meter", "amount"], ["A2", "many"], ["A3", "1001"]]
        assert lines[0].endswith(",reason")


def spoken(lang: str) -> Callable[[Reason], str]:
    """How an edge puts a reason into words."""
    return lambda reason: texts.say(reason.code, lang, **reason.facts)


def test_the_key_rule_speaks_of_all_key_columns(world: World) -> None:
    """A rule without a column of its own names the key."""
    person = Person("A").joins(world)
    job = person.deposits(world, ID, b"meter,amount\nA,1\nA,2\nB,3\nC,4\nD,5\n")
    _, faults = report.faults(world, person.caller, job.id, limit=10)
    assert {(one.rule, one.reason.facts["column"]) for one in faults} == {("key.unique", "meter")}


def test_anothers_deposit_is_as_unknown_as_none(world: World) -> None:
    """Job, report, rejects, file: the same refusal with the same facts but the id, also for auditors and strangers."""
    person, other = Person("A").joins(world), Person("B").joins(world)
    auditor = Person("C", roles=("auditor",)).joins(world)
    job, none = person.deposits(world, ID, MIXED), "0" * 64
    verbs: list[Callable[[Caller, str], object]] = [
        lambda caller, id: journal.own_job(world, caller, id),
        lambda caller, id: report.faults(world, caller, id, limit=1),
        lambda caller, id: report.rejects(world, caller, id, str),
        lambda caller, id: deposit.receive(world, caller, id, chunks(MIXED)),
    ]
    for caller, verb in itertools.product((other.caller, auditor.caller, Caller()), verbs):
        told = []
        for id in (job.id, none):
            with pytest.raises(NotFound) as caught:
                verb(caller, id)
            told.append((caught.value.code, {name: v for name, v in caught.value.facts.items() if v != id}))
        assert told[0] == told[1] == ("deposit.unknown", {})
    for caller in (other.caller, Caller()):
        for id in (job.id, journal.sealed(world, job.id).outcome, none):
            with pytest.raises(NotFound, match="statement.unknown"):
                prove.receipt(world, caller, id)
    assert prove.receipt(world, auditor.caller, job.id)["index"]


def test_rejects_in_two_languages_at_once_do_not_mix(world: World) -> None:
    """The file that one colleague is being sent must not turn into the other's while it is on its way."""
    person = Person("A").joins(world)
    job = person.deposits(world, ID, MIXED)
    paths = {
        lang: report.rejects(world, person.caller, job.id, spoken(lang), language=lang) for lang in texts.LANGUAGES
    }
    words = {lang: path.read_text(encoding="utf-8") for lang, path in paths.items()}
    for lang, text in words.items():
        again = report.rejects(world, person.caller, job.id, spoken(lang), language=lang)
        assert again.read_text(encoding="utf-8") == text
    assert len(set(words.values())) == len(texts.LANGUAGES)
    forward(world, days=world.settings.rejects_days + 1)
    deposit.tidy(world)
    assert spooled(world, job.id) == []


def test_rejects_go_after_their_days(world: World) -> None:
    """Until then they can be fetched; after that they are gone from the disk, and the counts stay."""
    person = Person("A").joins(world)
    job = person.deposits(world, ID, MIXED)
    report.rejects(world, person.caller, job.id, str)
    forward(world, days=world.settings.rejects_days)
    assert deposit.tidy(world) == 0
    assert spooled(world, job.id) == ["rejects.en", "rejects.parquet", "survey.json"]
    forward(world, seconds=1)
    assert deposit.tidy(world) == 1
    assert deposit.tidy(world) == 0
    assert spooled(world, job.id) == []
    with pytest.raises(NotFound, match="deposit.no-rejects"):
        report.rejects(world, person.caller, job.id, str)
    again, faults = report.faults(world, person.caller, job.id, limit=9)
    assert (faults, again.facts["tally"]["rejected"]) == ([], 3)
    assert visible(world) == [job.id]


def test_there_are_no_rejects_of_a_clean_deposit(world: World) -> None:
    """Nothing to fetch is not found."""
    person = Person("A").joins(world)
    job = person.deposits(world, ID, GOOD)
    with pytest.raises(NotFound, match="deposit.no-rejects"):
        report.rejects(world, person.caller, job.id, str)


def test_the_original_is_kept_where_settings_say_so(tmp_path: Path) -> None:
    """Also when the rejects' days are over; but never of a deposit that was refused."""
    world = dam(tmp_path, keep_original=True, rejects_days=1)
    person = Person("A").joins(world)
    job = person.deposits(world, ID, MIXED)
    assert RECEIVED in spooled(world, job.id)
    forward(world, days=2)
    assert deposit.tidy(world) == 1
    assert spooled(world, job.id) == [RECEIVED]
    refused_one = person.deposits(world, ID, b"meter,amount\nA,x\n", fit_of(world, ID, GOOD))
    assert spooled(world, refused_one.id) == ["rejects.parquet", "survey.json"]


# --- repeats and others -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("repeat", "admitted"), [("refuse", 1), ("supersede", 2), ("keep", 3)])
def test_a_fact_reported_again_is_refused_superseded_or_kept(tmp_path: Path, repeat: str, admitted: int) -> None:
    """As the standard says; within one file a key may come twice only where repeats are kept."""
    world = dam(tmp_path, repeat=repeat)
    person = Person("A").joins(world)
    person.deposits(world, ID, GOOD)
    second = person.deposits(world, ID, b"meter,amount\nA1,6\nN1,1\n")
    assert second.facts["tally"]["admitted"] == min(admitted, 2)
    third = person.deposits(world, ID, b"meter,amount\nX1,6\nX1,6\nX2,1\nX3,1\n")
    assert third.facts["tally"]["admitted"] == (4 if repeat == "keep" else 2)


def test_another_contributors_keys_are_nobodys_business(tmp_path: Path) -> None:
    """With repeats refused, two firms may report the same meter, and neither learns it."""
    world = dam(tmp_path, repeat="refuse")
    one, other = Person("A").joins(world), Person("B").joins(world)
    one.deposits(world, ID, GOOD)
    job = other.deposits(world, ID, GOOD)
    assert (job.stage, job.facts["tally"]["rejected"]) == (Stage.COMMITTED, 0)
    assert len({journal.sealed(world, id).tag for id in visible(world)}) == 2


ROWS = st.lists(
    st.tuples(st.sampled_from("ABCDE"), st.sampled_from(["1", "2", "x", "", "1001"])), min_size=1, max_size=6
)


def a_file(rows: list[tuple[str, str]]) -> bytes:
    """A CSV of those rows."""
    return b"meter,amount\n" + "".join(f"{meter},{amount}\n" for meter, amount in rows).encode()


@limits(max_examples=12)
@given(
    mine=st.lists(ROWS, min_size=1, max_size=2),
    theirs=st.lists(ROWS, max_size=2),
    repeat=st.sampled_from(["refuse", "keep"]),
)
def test_a_verdict_depends_on_nobody_elses_rows(
    mine: list[list[tuple[str, str]]], theirs: list[list[tuple[str, str]]], repeat: str
) -> None:
    """Two dams that differ in what others deposited tell a contributor the same, to the byte."""
    one, other = Person("A"), Person("B")
    files = [a_file(rows) for rows in mine]
    manifests: list[bytes] = []

    def feedback(folder: Path, before: list[list[tuple[str, str]]]) -> list[object]:
        world = dam(folder, repeat=repeat)
        for person in (one, other):
            person.joins(world)
        for rows in before:
            other.deposits(world, ID, a_file(rows))
        told: list[object] = []
        for place, data in enumerate(files):
            if place == len(manifests):
                manifests.append(seal.envelope(one.manifest(fit_of(world, ID, GOOD), data)))
            job = deposit.announce(world, one.caller, manifests[place])
            deposit.receive(world, one.caller, job.id, chunks(data))
            job = deposit.process(world, job.id, quiet)
            _, faults = report.faults(world, one.caller, job.id, limit=99)
            tally = {name: value for name, value in job.facts["tally"].items() if name != "files"}
            back = report.rejects(world, one.caller, job.id, str).read_bytes() if faults else b""
            told.append((job.id, job.stage, job.fault, tally, faults, back))
        return told

    with TemporaryDirectory() as alone, TemporaryDirectory() as crowded:
        assert feedback(Path(alone), []) == feedback(Path(crowded), theirs)


def test_a_contributor_has_one_opaque_tag_in_a_reservoir(world: World) -> None:
    """The same for all its deposits, found again from the log or from the journal; it tells nothing of the member."""
    person, other = Person("A").joins(world), Person("B").joins(world)
    first = deposit.process(world, received(world, person, b"meter,amount\nA,x\n").id, quiet)
    assert first.stage == Stage.REFUSED
    second, third = person.deposits(world, ID, GOOD), person.deposits(world, ID, MIXED)
    with world.store.transaction() as rows:
        for job in (first, second, third):
            rows.remove(job)
    fourth = person.deposits(world, ID, b"meter,amount\nQ,1\n")
    tags = {str(job.facts["tag"]) for job in (first, second, third, fourth)}
    assert len(tags) == 1
    assert other.deposits(world, ID, GOOD).facts["tag"] not in tags
    assert not any(part in person.id for part in tags)


def test_first_deposits_at_once_find_one_tag(world: World) -> None:
    """Two threads, one contributor, one partition."""
    person = Person("A").joins(world)
    jobs = [received(world, person, b"meter,amount\nM%d,1\n" % n) for n in range(4)]
    threads = [threading.Thread(target=deposit.process, args=(world, job.id, quiet)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with world.store.read() as rows:
        assert len({held.tag for held in rows.find(Deposit)}) == 1
    assert sorted(visible(world)) == sorted(sealed(world)) == sorted(job.id for job in jobs)


# --- what the world does meanwhile ------------------------------------------------------------------------------------


def test_a_key_that_is_replaced_before_the_seal_seals_nothing(world: World) -> None:
    """A signature counts where it is included: the deposit is refused, and can be signed anew."""
    person = Person("A").joins(world)
    job = received(world, person)
    new = seal.new_key()
    facts = {"member": person.id, "key": seal.public(new), "replaces": seal.thumbprint(person.key)}
    join.rotate(world, seal.envelope(seal.countersign(person.states(Kind.KEY, facts), new)))
    done = deposit.process(world, job.id, quiet)
    assert (done.stage, (done.fault or {})["code"]) == (Stage.REFUSED, "signature.key-unknown")
    assert (stored(world), sealed(world)) == ([], [])


def test_who_leaves_before_the_seal_deposits_nothing(world: World) -> None:
    """An expelled member's file ends with the membership."""
    person = Person("A").joins(world)
    job = received(world, person)
    join.expel(world, person.id, "rules")
    assert deposit.process(world, job.id, quiet).stage == Stage.REFUSED
    assert (stored(world), sealed(world)) == ([], [])


def test_an_unknown_deposit_cannot_be_worked_on(world: World) -> None:
    """Neither judged nor refused nor looked up."""
    with pytest.raises(NotFound, match="deposit.unknown"):
        deposit.process(world, "0" * 64, quiet)
    with pytest.raises(NotFound, match="deposit.unknown"):
        deposit.refuse(world, "0" * 64, Invalid("file.empty"))
    with pytest.raises(NotFound, match="deposit.unknown"):
        journal.sealed(world, "0" * 64)
    assert deposit.give_up(world, "0" * 64, Invalid("file.empty")) is None


def test_a_deposit_without_its_file_is_not_processed(world: World) -> None:
    """It stays announced."""
    job = announced(world, Person("A").joins(world))
    assert deposit.process(world, job.id, quiet) == job


def test_a_sealed_deposit_is_never_refused(world: World) -> None:
    """Not by a late fault of any kind: its rows stay."""
    job = Person("A").joins(world).deposits(world, ID, GOOD)
    assert deposit.refuse(world, job.id, Invalid("file.empty")) == job
    assert deposit.give_up(world, job.id, Invalid("file.empty")) == job
    assert stored(world)


def test_a_journal_that_says_sealed_without_the_log_is_not_believed(world: World) -> None:
    """Nothing becomes visible that the log does not have."""
    person = Person("A").joins(world)
    job = received(world, person)
    with pytest.raises(Untrusted, match="deposit.sealed-unlogged"):
        deposit._commit(world, replace(job, stage=Stage.SEALED))
    assert visible(world) == []


# --- crashes ----------------------------------------------------------------------------------------------------------


class Crash(BaseException):
    """The process ends here."""


class Wire:
    """Ends the process at the `at`-th seam: before and after each call that changes the world."""

    def __init__(self, at: int) -> None:
        """Count from 1."""
        self.at, self.passed = at, 0

    def tick(self) -> None:
        """One seam."""
        self.passed += 1
        if self.passed == self.at:
            raise Crash


CHANGES = {"receive", "discard", "clear", "run", "append", "forget", "put", "put_all", "publish"}


class Wired:
    """A port with a seam before and after each change."""

    def __init__(self, port: object, wire: Wire) -> None:
        """Stand before `port`."""
        self._port, self._wire = port, wire

    def __getattr__(self, name: str) -> Any:
        """The port's own, with seams."""
        found = getattr(self._port, name)
        if name == "transaction":
            return self._transaction
        if name not in CHANGES:
            return found

        def called(*args: object, **more: object) -> object:
            self._wire.tick()
            done = found(*args, **more)
            self._wire.tick()
            return done

        return called

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        self._wire.tick()
        with getattr(self._port, "transaction")() as rows:  # noqa: B009  (typed as an object)
            yield rows
            self._wire.tick()
        self._wire.tick()


def wired(world: World, wire: Wire) -> World:
    """The same dam with seams in it."""

    def with_seams(port: object) -> Any:
        return Wired(port, wire)

    key = world.secrets.private_key("log")
    log, bodies = with_seams(world.ledger._log), with_seams(world.bodies)
    return replace(
        world,
        ledger=Ledger(log, bodies, key=key, origin=world.settings.name),
        bodies=bodies,
        **{name: with_seams(getattr(world, name)) for name in ("store", "lake", "engine", "spool")},
    )


def restarted(world: World) -> World:
    """A new process over what the old one left: roll forward, recover, take up what was received."""
    key = world.secrets.private_key("log")
    ledger = Ledger(world.ledger._log, world.bodies, key=key, origin=world.settings.name)
    new = replace(world, ledger=ledger, lock=threading.RLock())
    found.found(new)
    state.catch_up(new)
    for id in deposit.recover(new):
        deposit.process(new, id, quiet)
    return new


def deposited(world: World, person: Person, envelope: bytes, data: bytes) -> Job:
    """What a client does, and does again after it lost the connection."""
    job = deposit.announce(world, person.caller, envelope)
    if job.stage == Stage.ANNOUNCED:
        deposit.receive(world, person.caller, job.id, chunks(data))
    return deposit.process(world, job.id, quiet)


@pytest.mark.parametrize(
    ("data", "repeat"), [(MIXED, "refuse"), (b"meter,amount\nA,x\n", "keep")], ids=["admitted", "refused"]
)
def test_a_crash_at_any_seam_ends_sealed_and_visible_once_or_in_nothing(
    tmp_path: Path, data: bytes, repeat: str
) -> None:
    """Before and after each change of any port; then a retry with the same manifest gives the same receipt."""
    ends = set()
    for at in itertools.count(1):
        world = dam(tmp_path / str(at), repeat=repeat)
        person = Person("A").joins(world)
        envelope = seal.envelope(person.manifest(fit_of(world, ID, GOOD), data))
        wire = Wire(at)
        try:
            deposited(wired(world, wire), person, envelope, data)
        except Crash:
            assert set(visible(world)) <= set(sealed(world))  # never visible without a log entry
        else:
            break
        world = restarted(world)
        assert visible(world) == sealed(world)
        ends.add(len(visible(world)))
        before = [seal.canonical(prove.receipt(world, person.caller, id)) for id in visible(world)]
        done = deposited(world, person, envelope, data)
        if data == MIXED:
            assert (done.stage, visible(world), sealed(world)) == (Stage.COMMITTED, [done.id], [done.id])
            receipt = seal.canonical(prove.receipt(world, person.caller, done.id))
            assert before in ([], [receipt])
            assert str(verify_receipt(receipt, vkey=world.ledger.vkey).statement.id) == done.id
            assert len(report.faults(world, person.caller, done.id, limit=9)[1]) == 3
        else:
            assert (done.stage, visible(world), sealed(world)) == (Stage.REFUSED, [], [])
            assert stored(world) == []
        assert RECEIVED not in spooled(world, done.id)
        assert not prove.check(world, MemoryStore, quiet).faults
    assert at > 20  # that many seams were torn
    assert ends == ({0, 1} if data == MIXED else {0})


def test_a_disk_that_fails_at_the_seal_takes_no_rows_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log may have the entries although it says that it failed: only the next start can tell."""
    person = Person("A").joins(world)
    job = received(world, person)
    append = world.ledger._log.append

    def durable_but_told_broken(entries: list[bytes]) -> int:
        append(entries)
        raise Unavailable("log.stopped", path="log")

    with monkeypatch.context() as patch:
        patch.setattr(world.ledger._log, "append", durable_but_told_broken)
        patch.setattr(world.ledger, "index_of", lambda _: None)
        with pytest.raises(Unavailable):
            deposit.process(world, job.id, quiet)
        assert deposit.give_up(world, job.id, Unavailable("deposit.broke")) is not None
    again = restarted(world)
    assert visible(again) == sealed(again) == [job.id]
    assert journal.own_job(again, person.caller, job.id).stage == Stage.COMMITTED


def test_a_disk_that_fails_before_the_seal_loses_nothing_either(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the log has nothing, the next start judges again."""
    person = Person("A").joins(world)
    job = received(world, person)
    with monkeypatch.context() as patch:

        def full(_: object) -> None:
            raise Unavailable("log.stopped", path="log")

        patch.setattr(world.ledger._log, "append", full)
        with pytest.raises(Unavailable):
            deposit.process(world, job.id, quiet)
    assert (visible(world), sealed(world)) == ([], [])
    again = restarted(world)
    assert visible(again) == sealed(again) == [job.id]


def test_processing_what_is_sealed_already_only_makes_it_visible(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows must not be judged anew: the outcome names the bytes that were written."""
    person = Person("A").joins(world)
    job = received(world, person)
    with monkeypatch.context() as patch:
        patch.setattr(deposit, "_commit", lambda *_: (_ for _ in ()).throw(Unavailable("reservoir.contended")))
        with pytest.raises(Unavailable):
            deposit.process(world, job.id, quiet)
        patch.setattr(world.engine.__class__, "run", lambda *_: pytest.fail("judged twice"))
    assert visible(world) == []
    assert deposit.process(world, job.id, quiet).stage == Stage.COMMITTED
    assert visible(world) == sealed(world) == [job.id]


def test_a_journal_that_was_lost_is_made_good_from_the_log(world: World) -> None:
    """A sealed deposit whose job is gone becomes visible all the same; done twice it changes nothing."""
    person = Person("A").joins(world)
    job = received(world, person)
    with pytest.raises(Crash):
        deposit.process(wired(world, Wire(10**6)), job.id, _crash_at("commit"))
    with world.store.transaction() as rows:
        rows.remove(job)
    assert (visible(world), sealed(world)) == ([], [job.id])
    assert visible(restarted(world)) == [job.id]
    assert visible(restarted(world)) == [job.id]


def _crash_at(wanted: str) -> Callable[[str, int, int | None], None]:
    def told(stage: str, _done: int, _of: int | None) -> None:
        if stage == wanted:
            raise Crash

    return told


def test_a_standard_that_a_crash_left_without_a_reservoir_gets_one(tmp_path: Path) -> None:
    """Logged is published: a start makes what is missing, and so does publishing the same text again."""
    for mend in (restarted, lambda world: publish.publish(world, standard_text())):
        world = a_world(tmp_path / str(id(mend)))
        wire = Wire(10**6)
        broken = replace(world, lake=_Unmakeable(world.lake, wire))
        with pytest.raises(Crash):
            publish.publish(broken, standard_text())
        mend(world)
        assert Person("A").joins(world).deposits(world, ID, GOOD).stage == Stage.COMMITTED


class _Unmakeable(Wired):
    """A lake whose process ends before it makes a table."""

    def create(self, *_: object) -> None:
        """End."""
        raise Crash


KILLED = """\
import os, signal, sys
from pathlib import Path
from datadam import wiring
from datadam.adapters.body_files import BodyFiles
from datadam.adapters.delta_lake import DeltaLake
from datadam.adapters.polars_engine import PolarsEngine
from datadam.adapters.tile_log import TileLog
from datadam.dam import deposit

folder, name, when = sys.argv[1:4]
owner, method = name.split(".")
owner = {"Bodies": BodyFiles, "Lake": DeltaLake, "Engine": PolarsEngine, "Log": TileLog}[owner]
real = getattr(owner, method)

def torn(*args, **more):
    if when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    done = real(*args, **more)
    os.kill(os.getpid(), signal.SIGKILL)
    return done

with wiring.world(Path(folder)) as world:
    setattr(owner, method, torn)
    with world.store.read() as rows:
        (job,) = rows.find(deposit.Job, stage="received")
    deposit.process(world, job.id, lambda *_: None)
"""


@pytest.mark.parametrize(
    ("where", "when"),
    [
        ("Engine.run", "after"),
        ("Bodies.put_all", "after"),
        ("Log.append", "after"),
        ("Log.publish", "after"),
        ("Lake.append", "before"),
        ("Lake.append", "after"),
    ],
)
def test_a_killed_process_leaves_a_dam_that_ends_what_it_began(tmp_path: Path, where: str, when: str) -> None:
    """`kill -9` of a real process on a real folder: log tiles, body files, SQLite, Delta."""
    folder = tmp_path / "dam"
    wiring.init(folder, name="test.example/log", jurisdiction="KR")
    person = Person("A")
    with wiring.world(folder) as world:
        publish.publish(world, standard_text())
        person.joins(world)
        job = received(world, person)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), where, when],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with wiring.world(folder) as world:
        assert set(visible(world)) <= set(sealed(world))
        for id in deposit.recover(world):
            deposit.process(world, id, quiet)
        assert visible(world) == sealed(world) == [job.id]
        again = deposit.announce(world, person.caller, job.envelope.encode())
        assert again.stage == Stage.COMMITTED
        receipt = seal.canonical(prove.receipt(world, person.caller, job.id))
        assert verify_receipt(receipt, vkey=world.ledger.vkey).statement.body["issued"] == START.strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        )
        assert wiring.checker(world)().faults == []
