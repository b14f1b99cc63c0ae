"""Quotas: which one, how much is left, when it begins anew; and never a word about anybody else."""

from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from datadam import seal
from datadam.dam import deposit, journal, publish, quota, upload, withdraw
from datadam.dam.upload import Piece
from datadam.dam.world import World
from datadam.errors import Invalid, Refused
from datadam.model import Job, Kind, Stage, instant
from served import STANDARD
from worlds import Person, a_world, fit_of, forward, standard_text


def opened(folder: Path, **limits: int) -> tuple[World, Person, Person]:
    """A dam with quotas and two members."""
    world = a_world(folder, **limits)
    publish.publish(world, standard_text())
    return world, Person("Alice").joins(world), Person("Bob").joins(world)


def file(n: int) -> bytes:
    """A file of two rows."""
    return b"meter,amount\nA%03d,1\nB%03d,2\n" % (n, n)


def test_without_a_setting_there_is_no_quota(tmp_path: Path) -> None:
    """Nothing is counted, nothing is told."""
    world, alice, _ = opened(tmp_path)
    for n in range(3):
        assert alice.deposits(world, STANDARD, file(n)).stage == Stage.COMMITTED
    assert quota.told(world, alice.id) == []


SIZE = len(file(0))
CASES = {
    "quota.deposits-day": ({"member_deposits_per_day": 2}, {"limit": 2, "left": 0, "more": 1}),
    "quota.bytes-day": ({"member_bytes_per_day": 2 * SIZE + 5}, {"limit": 2 * SIZE + 5, "left": 5, "more": SIZE}),
    "quota.rows-day": ({"member_rows_per_day": 4}, {"limit": 4, "left": 0, "more": 1}),
    "quota.bytes-all": ({"member_bytes": 2 * SIZE}, {"limit": 2 * SIZE, "left": 0, "more": SIZE}),
    "quota.rows-all": ({"member_rows": 4}, {"limit": 4, "left": 0, "more": 1}),
}


@pytest.mark.parametrize("code", CASES)
def test_a_refusal_says_which_quota_how_much_is_left_and_when_it_begins_anew(tmp_path: Path, code: str) -> None:
    """Two deposits pass, the third does not; another member's deposits have nothing to do with it."""
    limits, facts = CASES[code]
    world, alice, bob = opened(tmp_path, **limits)
    for n in range(2):
        assert alice.deposits(world, STANDARD, file(n)).stage == Stage.COMMITTED
    before = quota.told(world, alice.id)
    with pytest.raises(Refused, match=code) as refused:
        alice.deposits(world, STANDARD, file(2))
    resets = {"resets": "2026-11-23T00:00:00Z"} if code.endswith("-day") else {}
    assert refused.value.facts == {**facts, **resets}
    for n in range(2):
        assert bob.deposits(world, STANDARD, file(n)).stage == Stage.COMMITTED
    assert quota.told(world, alice.id) == before
    (told,) = before
    assert told["used"] == told["limit"] - facts["left"]
    assert told["resets"] == (resets.get("resets"))
    forward(world, days=1)
    if code.endswith("-day"):
        assert quota.told(world, alice.id)[0]["used"] == 0
        assert alice.deposits(world, STANDARD, file(2)).stage == Stage.COMMITTED
    else:
        with pytest.raises(Refused, match=code):
            alice.deposits(world, STANDARD, file(2))


def test_how_many_rows_there_are_shows_when_they_are_judged(tmp_path: Path) -> None:
    """One row is left and the file has two: refused like any refusal, and nothing of it is kept."""
    for limits, code in (({"member_rows_per_day": 3}, "quota.rows-day"), ({"member_rows": 3}, "quota.rows-all")):
        world, alice, _ = opened(tmp_path / code, **limits)
        assert alice.deposits(world, STANDARD, file(0)).stage == Stage.COMMITTED
        job = alice.deposits(world, STANDARD, file(1))
        assert (job.stage, (job.fault or {})["code"]) == (Stage.REFUSED, code)
        assert len(world.lake.files(STANDARD)) == 1
        assert quota.usage(world, alice.id).rows == 2


def test_the_same_deposit_again_counts_once_and_is_never_refused(tmp_path: Path) -> None:
    """A retry after a lost answer is no second deposit, though the quota is used up."""
    world, alice, _ = opened(tmp_path, member_deposits_per_day=1)
    manifest = seal.envelope(alice.manifest(fit_of(world, STANDARD, file(0)), file(0)))
    first = deposit.announce(world, alice.caller, manifest)
    assert deposit.announce(world, alice.caller, manifest).id == first.id
    assert quota.usage(world, alice.id).deposits_per_day == 1


def test_a_refused_deposit_counts_for_its_day_and_not_in_all(tmp_path: Path) -> None:
    """It was work, and nothing of it is kept."""
    world, alice, _ = opened(tmp_path, member_deposits_per_day=5, member_bytes=10**6)
    assert alice.deposits(world, STANDARD, b"meter,amount\nA,few\n").stage == Stage.REFUSED
    used = quota.usage(world, alice.id)
    assert (used.deposits_per_day, used.rows_per_day, used.bytes, used.rows) == (1, 1, 0, 0)


def withdrawn(world: World, person: Person, job: Job) -> None:
    """Take a deposit back, and have it erased."""
    facts = {"contributor": person.id, "deposits": [job.id], "replaced_by": None, "reason": "moved"}
    id = withdraw.withdraw(world, person.caller, seal.envelope(person.states(Kind.WITHDRAWAL, facts)))
    withdraw.purge(world, id)


def test_a_withdrawal_makes_room_but_not_for_the_same_day(tmp_path: Path) -> None:
    """What is kept counts in all; to deposit and withdraw by turns does not get round the day's quota."""
    world, alice, _ = opened(tmp_path, member_bytes=SIZE, member_rows=2, member_deposits_per_day=2)
    withdrawn(world, alice, alice.deposits(world, STANDARD, file(0)))
    used = quota.usage(world, alice.id)
    assert (used.bytes, used.rows, used.deposits_per_day) == (0, 0, 1)
    assert used.bytes_per_day > 0
    assert alice.deposits(world, STANDARD, file(1)).stage == Stage.COMMITTED
    with pytest.raises(Refused, match="quota.deposits-day"):
        alice.deposits(world, STANDARD, file(2))


def announced(world: World, person: Person, n: int) -> Job:
    """A deposit whose file has not come."""
    manifest = person.manifest(fit_of(world, STANDARD, file(n)), file(n))
    return deposit.announce(world, person.caller, seal.envelope(manifest))


def test_what_was_thrown_away_counts_for_its_day(tmp_path: Path) -> None:
    """Refused and discarded, announced and discarded, cancelled, or another file sent: it was work all the same."""
    world, alice, bob = opened(tmp_path, member_deposits_per_day=4, member_bytes=10**6)
    refused = alice.deposits(world, STANDARD, b"meter,amount\nA,x\nB,y\n")
    assert refused.stage == Stage.REFUSED
    before = quota.usage(world, alice.id)
    withdraw.discard(world, alice.caller, refused.id)
    assert quota.usage(world, alice.id) == before
    withdraw.discard(world, alice.caller, announced(world, alice, 1).id)
    upload.cancel(world, alice.caller, announced(world, alice, 2).id)
    job = announced(world, alice, 3)
    with pytest.raises(Invalid, match=r"deposit\.file-other"):
        upload.append(world, alice.caller, job.id, Piece(offset=0, last=True), iter([b"x" * SIZE]))
    assert journal.own(world, alice.caller) == []
    used = quota.usage(world, alice.id)
    assert (used.deposits_per_day, used.rows_per_day, used.bytes, used.rows) == (4, 2, 0, 0)
    assert used.bytes_per_day == before.bytes_per_day + 3 * SIZE
    assert quota.usage(world, bob.id) == quota.Used()
    with pytest.raises(Refused, match=r"quota\.deposits-day"):
        announced(world, alice, 4)
    forward(world, days=1)
    assert quota.usage(world, alice.id) == quota.Used()


def test_what_is_thrown_away_on_a_later_day_counts_for_none(tmp_path: Path) -> None:
    """Its own day is over, and today's quota has nothing to do with it."""
    world, alice, _ = opened(tmp_path, member_deposits_per_day=4)
    job, other = announced(world, alice, 1), announced(world, alice, 2)
    upload.cancel(world, alice.caller, other.id)
    forward(world, hours=20)
    upload.cancel(world, alice.caller, job.id)
    assert quota.usage(world, alice.id) == quota.Used()
    upload.cancel(world, alice.caller, announced(world, alice, 3).id)
    assert quota.usage(world, alice.id).deposits_per_day == 1


def half(world: World, person: Person, n: int, size: int = SIZE - 1) -> Job:
    """A deposit of whose file so many bytes came."""
    job = announced(world, person, n)
    return upload.append(world, person.caller, job.id, Piece(offset=0, last=False), iter([file(n)[:size]]))


def test_a_member_takes_its_share_of_the_spool_and_no_more(tmp_path: Path) -> None:
    """Half-sent files count as far as they came, received ones whole; another member's room is its own."""
    world, alice, bob = opened(tmp_path, max_file_bytes=2 * SIZE, max_spool_bytes=12 * SIZE)
    assert quota.spool_share(world) == 3 * SIZE
    first = half(world, alice, 0)
    half(world, alice, 1)
    received = announced(world, alice, 2)
    deposit.receive(world, alice.caller, received.id, iter([file(2)]))
    job = announced(world, alice, 3)
    for send in (
        partial(deposit.receive, world, alice.caller, job.id),
        partial(upload.append, world, alice.caller, job.id, Piece(offset=0, last=True)),
    ):
        with pytest.raises(Refused, match=r"spool\.share-taken") as refused:
            send(iter([file(3)]))
        assert refused.value.facts == {"limit": 3 * SIZE, "taken": 3 * SIZE - 2, "more": SIZE}
    assert bob.deposits(world, STANDARD, file(4)).stage == Stage.COMMITTED
    rest = Piece(offset=SIZE - 1, last=True)
    assert upload.append(world, alice.caller, first.id, rest, iter([file(0)[-1:]])).stage == Stage.RECEIVED
    for one in (first, received):
        deposit.process(world, one.id, lambda *_: None)
    assert deposit.receive(world, alice.caller, job.id, iter([file(3)])).stage == Stage.RECEIVED


def test_files_that_come_at_once_count_as_if_they_were_whole(tmp_path: Path) -> None:
    """Else eight that begin together would each find room."""
    world, alice, _ = opened(tmp_path, max_file_bytes=SIZE, max_spool_bytes=8 * SIZE)
    jobs = [announced(world, alice, n) for n in range(3)]
    with (
        quota.in_the_spool(world, jobs[0]),
        quota.in_the_spool(world, jobs[1]),
        pytest.raises(Refused, match=r"spool\.share-taken"),
    ):
        deposit.receive(world, alice.caller, jobs[2].id, iter([file(2)]))
    assert deposit.receive(world, alice.caller, jobs[2].id, iter([file(2)])).stage == Stage.RECEIVED


def test_the_largest_file_has_room_in_a_small_spool(tmp_path: Path) -> None:
    """A share is never less than one file, or none of that size could ever be sent."""
    world, alice, _ = opened(tmp_path, max_file_bytes=SIZE, max_spool_bytes=SIZE)
    assert alice.deposits(world, STANDARD, file(0)).stage == Stage.COMMITTED


def test_a_database_made_anew_counts_the_same(tmp_path: Path) -> None:
    """The journal is gone, the log says it all."""
    world, alice, _ = opened(tmp_path, member_bytes=10**6)
    for n in range(2):
        alice.deposits(world, STANDARD, file(n))
    before = quota.usage(world, alice.id)
    with world.store.transaction() as rows:
        for job in rows.find(Job):
            rows.remove(job)
    assert quota.usage(world, alice.id) == before
    forward(world, days=1)
    used = quota.usage(world, alice.id)
    assert (used.deposits_per_day, used.bytes, used.rows) == (0, 2 * SIZE, 4)


@hypothesis_settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mine=st.lists(st.booleans(), max_size=5), limit=st.integers(1, 4))
def test_nobodys_quota_depends_on_anybody_else(
    tmp_path_factory: pytest.TempPathFactory, mine: list[bool], limit: int
) -> None:
    """The law: whatever others send between, a member is refused exactly when its own deposits say so."""
    world, alice, bob = opened(tmp_path_factory.mktemp("quota"), member_deposits_per_day=limit)
    sent = {alice.id: 0, bob.id: 0}
    for n, own in enumerate(mine * 2):
        person = alice if own else bob
        manifest = seal.envelope(person.manifest(fit_of(world, STANDARD, file(n)), file(n)))
        if sent[person.id] < limit:
            deposit.announce(world, person.caller, manifest)
            sent[person.id] += 1
        else:
            with pytest.raises(Refused, match="quota.deposits-day"):
                deposit.announce(world, person.caller, manifest)
    assert instant(world.clock()).startswith("2026-11-22")
