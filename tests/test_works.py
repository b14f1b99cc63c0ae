"""Deposits in the background: each comes to its end, in turn, and progress is told."""

import threading
import time
from pathlib import Path

import pytest

from datadam.dam import deposit, journal, publish, withdraw, works
from datadam.dam.works import Works
from datadam.dam.world import World
from datadam.errors import Unavailable
from datadam.model import Job, Stage
from datadam.ports import Progress
from worlds import GOOD, Person, a_world, chunks, fit_of, standard_text

ID = "test.reading"
PATIENCE = 20.0  # seconds after which a background deposit is taken to hang


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam with one standard and two workers."""
    made = a_world(tmp_path, workers=2)
    publish.publish(made, standard_text(repeat="refuse"))
    return made


def received(world: World, person: Person, data: bytes = GOOD) -> Job:
    """A file in the spool."""
    from datadam import seal

    manifest = person.manifest(fit_of(world, ID, GOOD), data)
    job = deposit.announce(world, person.caller, seal.envelope(manifest))
    return deposit.receive(world, person.caller, job.id, chunks(data))


def ended(world: World, person: Person, id: str) -> Job:
    """The deposit once it is at its end."""
    before = time.monotonic()
    while (job := journal.own_job(world, person.caller, id)).stage not in journal.FINAL:
        assert time.monotonic() < before + PATIENCE
        time.sleep(0.01)
    return job


def test_a_submitted_deposit_comes_to_its_end(world: World) -> None:
    """And tells how far it came; submitted twice it is one."""
    person = Person("A").joins(world)
    job = received(world, person)
    hands = Works(world)
    assert hands.progress(job.id) is None
    hands.submit(job)
    hands.submit(job)
    assert ended(world, person, job.id).stage == Stage.COMMITTED
    hands.stop()
    told = hands.progress(job.id)
    assert told is not None
    assert told[0] == "commit"
    hands.submit(received(world, person, b"meter,amount\nZ,1\n"))  # too late: it waits for the next start


def test_deposits_of_one_contributor_judge_each_others_keys(world: World) -> None:
    """Handed in at once, with two workers, the same key is still admitted once."""
    person, other = Person("A").joins(world), Person("B").joins(world)
    jobs = [received(world, person, b"meter,amount\nA1,%d\nB%d,1\n" % (n, n)) for n in range(4)]
    theirs = received(world, other)
    hands = Works(world)
    hands.resume([*jobs, theirs])
    done = [ended(world, person, job.id) for job in jobs]
    assert sorted(job.facts["tally"]["rejected"] for job in done) == [0, 1, 1, 1]
    assert ended(world, other, theirs.id).facts["tally"]["rejected"] == 0
    hands.stop()


def test_a_fault_of_ours_is_an_answer_not_a_wait(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """What nobody foresaw ends the deposit with a reason; the file was taken away by hand here."""
    person = Person("A").joins(world)
    job = received(world, person)
    world.spool.clear(job.id)
    hands = Works(world)
    hands.submit(job)
    done = ended(world, person, job.id)
    assert (done.stage, (done.fault or {})["code"]) == (Stage.REFUSED, "deposit.broke")
    assert "broke off" in caplog.text
    hands.stop()


def test_what_the_log_may_have_is_left_for_the_next_start(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A log that fails at the seal says nothing certain: neither refused nor lost."""
    person = Person("A").joins(world)
    job = received(world, person)
    with monkeypatch.context() as patch:

        def broken(_: object) -> int:
            raise Unavailable("log.stopped", path="log")

        patch.setattr(world.ledger._log, "append", broken)
        hands = Works(world)
        hands.submit(job)
        hands._pool.shutdown(wait=True)
    assert "broke off" in caplog.text
    assert journal.own_job(world, person.caller, job.id).stage == Stage.JUDGED
    assert deposit.recover(world) == [job.id]
    assert deposit.process(world, job.id, lambda *_: None).stage == Stage.COMMITTED


def test_stopping_breaks_off_and_the_next_start_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long deposit does not hold up the stop; it stays where it is."""
    person = Person("A").joins(world)
    jobs = [received(world, person), received(world, person, b"meter,amount\nZ,1\n")]
    begun, go_on = threading.Event(), threading.Event()
    real = deposit.process

    def slow(world: World, id: str, progress: Progress) -> Job:
        begun.set()
        assert go_on.wait(PATIENCE)
        return real(world, id, progress)

    monkeypatch.setattr(deposit, "process", slow)
    hands = Works(world)
    hands.resume(jobs)
    assert begun.wait(PATIENCE)
    stopper = threading.Thread(target=hands.stop)
    stopper.start()
    while not hands._stopping.is_set():
        time.sleep(0.01)
    go_on.set()
    stopper.join(PATIENCE)
    monkeypatch.undo()
    again = Works(world)
    with world.store.read() as rows:
        waiting = [held for id in deposit.recover(world) if (held := rows.get(Job, id)) is not None]
    assert {job.id for job in waiting} == {job.id for job in jobs}
    again.resume(waiting)
    assert {ended(world, person, job.id).stage for job in jobs} == {Stage.COMMITTED}
    again.stop()


def test_told_progress_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is forgotten; the journal still knows it."""
    monkeypatch.setattr(works, "MAX_REMEMBERED", 2)
    hands = Works(world)
    for id in "abc":
        hands._tell(id, "judge", 1, None)
    assert (hands.progress("a"), hands.progress("c")) == (None, ("judge", 1, None))
    hands.stop()
    with pytest.raises(works._Stopped):
        hands._tell("d", "judge", 1, None)


def test_a_deposit_that_hangs_keeps_nobody_elses_erasure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what concerns its own contributor and reservoir waits for it, and is erased once it is through."""
    monkeypatch.setattr(works, "TURN", 0.01)
    asked = [("first", ("stuck", ID)), ("second", ("free", ID))]
    erased: list[str] = []
    gone = {"first": threading.Event(), "second": threading.Event()}

    def purge(_: World, id: str) -> None:
        erased.append(id)
        gone[id].set()

    monkeypatch.setattr(withdraw, "pending", lambda _: [id for id, _ in asked if id not in erased])
    monkeypatch.setattr(withdraw, "concerned", lambda _, wanted: [pair for id, pair in asked if id == wanted])
    monkeypatch.setattr(withdraw, "purge", purge)
    hands = Works(world)
    with hands._turns.setdefault(("stuck", ID), threading.Lock()):
        hands.erase()
        assert gone["second"].wait(PATIENCE)
        assert erased == ["second"]
    assert gone["first"].wait(PATIENCE)
    with hands._turns[("stuck", ID)]:  # and a stop does not wait for it
        erased.clear()
        hands.erase()
        before = time.monotonic()
        hands.stop()
    assert time.monotonic() < before + PATIENCE


def test_the_eraser_scrubs_what_was_thrown_away(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Once, and again after a failure, which keeps no withdrawal waiting."""
    person = Person("A").joins(world)
    withdraw.discard(world, person.caller, person.deposits(world, ID, b"meter,amount\nZ,x\n").id)
    scrubbed, looked = [], []

    def scrub(_: object) -> None:
        scrubbed.append(1)
        if len(scrubbed) == 1:
            raise Unavailable("store.busy", seconds=1)

    def pending(_: World) -> list[str]:
        looked.append(1)
        return []

    monkeypatch.setattr(type(world.store), "scrub", scrub)
    monkeypatch.setattr(withdraw, "pending", pending)
    hands = Works(world)
    for times in (1, 2, 3):
        hands.erase()
        before = time.monotonic()
        while len(looked) < times:
            assert time.monotonic() < before + PATIENCE
            time.sleep(0.01)
    hands.stop()
    assert len(scrubbed) == 2
    assert "not scrubbed yet" in caplog.text
