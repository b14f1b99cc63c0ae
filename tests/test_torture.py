"""Torture: a dam that is killed, starved, misled and restored must keep what it acknowledged, once, and nothing else.

The experiments and what they look at are in `torture/`; `make torture` runs them longer and writes docs/torture.md.
"""

import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import polars as pl
import pytest

import served
from datadam import client
from datadam.adapters.polars_engine import PolarsEngine
from datadam.dam import deposit
from torture import campaign
from torture.depositors import House
from torture.faults import Fault
from torture.processes import NotStarted, serving

SEED = 20261122
pytestmark = pytest.mark.usefixtures("home")


# --- kill -9 ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_forty_kills_at_random_times_lose_and_double_nothing(tmp_path: Path) -> None:
    """Three members deposit without pause; after each kill the dam starts, goes on, and a check finds nothing."""
    found = campaign.random_kills(tmp_path / "dam", kills=40, seed=SEED)
    assert (found.n, found.faults) == (40, [])
    assert found.acknowledged > 10  # else the kills hit a dam that did nothing


@pytest.mark.slow
def test_a_kill_at_every_stage_boundary_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Before and after each step from the file's arrival to its removal."""
    found = campaign.kills_at(tmp_path / "dam", campaign.PORTS, name="between two stages", seed=SEED)
    assert (found.n, found.faults) == (len(campaign.PORTS), [])


def test_a_deposit_that_ends_the_dam_each_time_does_not_keep_it_down(tmp_path: Path) -> None:
    """A file that kills its judge, as bombs in a library do, is refused after a few starts; others are taken again."""
    house = House.built(tmp_path / "dam", members=1, seed=SEED, plain=True)
    (member,) = house.members
    member.refusals = {"deposit.tries-spent"}
    for starts in range(20):
        with suppress(NotStarted), serving(house.folder, faults=[Fault(at="PolarsEngine.run", call=0)]) as dam:
            member.work(dam.url, new=not starts)
            if not member.open():
                break
    assert (starts, list(member.told.values())) == (deposit.MAX_TRIES, ["refused"])
    with serving(house.folder) as dam:
        member.work(dam.url, new=1)
        assert house.faults(dam.url) == []
        assert list(member.told.values()) == ["refused", "committed"]
        dam.stop()
    assert house.residue() == []


def test_a_panic_of_a_library_ends_in_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Polars panics, which is no `Exception`: the contributor is told, and nothing of the deposit stays."""
    house = House.built(tmp_path / "dam", members=1, seed=SEED, plain=True)
    (member,) = house.members
    member.refusals = {"deposit.broke"}

    def panics(*_: object) -> None:
        raise pl.exceptions.PanicException

    with served.serving(house.folder) as dam:
        with monkeypatch.context() as patch:
            patch.setattr(PolarsEngine, "run", panics)
            member.work(dam.url, new=1)
        member.work(dam.url, new=1)
        assert list(member.told.values()) == ["refused", "committed"]
        assert house.faults(dam.url) == []
    assert house.residue() == []


# --- failing disks ----------------------------------------------------------------------------------------------------


def test_a_full_disk_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """A real file system without room: told as such, and once there is room the same deposits are taken."""
    try:
        found = campaign.full_disks(tmp_path / "dam", rounds=6, seed=SEED)
    except PermissionError:
        pytest.skip("only root may mount a small file system")
    assert found.faults == []
    assert found.n > 1


@pytest.mark.slow
def test_a_disk_that_fails_once_at_any_call_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Each sync, write, rename, removal and new folder of a deposit fails once; the dam goes on, and starts anew."""
    found = campaign.errors_at(tmp_path / "dam", list(campaign.errors())[::3], seed=SEED)
    assert found.faults == []
    assert found.n > 10  # so many of the calls were met, and told as a failure


# --- members ----------------------------------------------------------------------------------------------------------


def test_eight_depositors_at_once_are_all_served(tmp_path: Path) -> None:
    """Every deposit of every one of them is there once, whole."""
    found = campaign.crowd(tmp_path / "dam", depositors=8, each=2, seed=SEED)
    assert (found.n, found.faults) == (16, [])


def test_a_retry_after_a_lost_answer_is_the_same_deposit(tmp_path: Path) -> None:
    """Whichever answer was lost: the same manifest again gives the deposit, and the receipt, that there is."""
    found = campaign.lost_answers(tmp_path / "dam", deposits=3, seed=SEED)
    assert found.faults == []
    assert found.n > 3


# --- folders that are not as they were left ---------------------------------------------------------------------------


def test_a_folder_that_cannot_be_written_is_told_and_comes_back_whole(tmp_path: Path) -> None:
    """Read-only at its start, after a kill amid work: a plain word and no dam; writable again, it goes on."""
    try:
        with campaign.small_disk(tmp_path / "disk", 64) as disk:
            house = House.built(disk / "dam", members=1, seed=SEED, plain=True)
            (member,) = house.members
            with serving(house.folder, faults=[Fault(at="DeltaLake.append")]) as dam:
                member.work(dam.url, new=1)
            remounted(disk, "ro")
            with pytest.raises(NotStarted) as told, serving(house.folder, said=tmp_path / "said"):
                pass
            assert "ead-only" in str(told.value)
            assert "Traceback" not in str(told.value)
            remounted(disk, "rw")
            with serving(house.folder) as dam:
                member.work(dam.url, new=1)
                assert house.faults(dam.url) == []
                dam.stop()
            assert house.residue() == []
            assert list(member.told.values()) == ["committed"] * 2
    except PermissionError:
        pytest.skip("only root may mount a small file system")


def remounted(disk: Path, how: str) -> None:
    """Mount a file system anew, read-only (`ro`) or not (`rw`)."""
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


@pytest.mark.parametrize("days", [-4000, -1, 1, 400])
def test_a_clock_that_jumps_changes_no_deposit(tmp_path: Path, days: int) -> None:
    """Years back or a year on, in the midst of things: receipts stand, deposits go on, a check finds nothing."""
    house = House.built(tmp_path / "dam", members=1, seed=SEED, plain=True)
    (member,) = house.members
    with served.serving(house.folder) as dam:
        member.work(dam.url, new=1)
        began = member.prepare()
        with dam.clock.forward(days=days), wiring_clock(days):
            member.work(dam.url, new=1)
            assert house.operated("tidy") is not None
            assert house.faults(dam.url) == []
        member.work(dam.url, new=1)
        assert house.faults(dam.url) == []
    assert (member.told[began.id], set(member.told.values())) == ("committed", {"committed"})
    assert house.residue() == []


@contextmanager
def wiring_clock(days: int) -> Iterator[None]:
    """The member's own clock goes with the dam's: else its logins would be told as too old, which is another story."""
    real = time.time
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datadam.client.line.time.time", lambda: real() + days * 86_400)
        yield


@pytest.mark.parametrize("copied", range(4))
def test_a_database_from_before_is_rolled_forward(tmp_path: Path, copied: int) -> None:
    """Restored from before any deposit, from amid them, from the last: the log knows more, and is believed."""
    house = House.built(tmp_path / "dam", members=1, seed=SEED, plain=True)
    (member,) = house.members
    state, copy = house.folder / "state", tmp_path / "copy"
    for round_ in range(4):
        if round_ == copied:
            shutil.copytree(state, copy)
        with serving(house.folder) as dam:
            member.work(dam.url, new=1)
            dam.stop()
    shutil.rmtree(state)
    shutil.copytree(copy, state)
    with serving(house.folder) as dam:
        assert house.faults(dam.url) == []
        for one in member.handed:
            with client.connect(dam.url, key=member.person.key) as line:
                member.hand_in(line, one)  # the same manifests give the same receipts
        member.work(dam.url, new=1)
        assert house.faults(dam.url) == []
        dam.stop()
    assert house.residue() == []


def test_a_torn_end_of_the_log_is_repaired_or_refused_never_silently(tmp_path: Path) -> None:
    """What no checkpoint covers may be cut off; what one covers must be there, or the dam says so and starts not."""
    house = House.built(tmp_path / "dam", members=1, seed=SEED, plain=True)
    (member,) = house.members
    with serving(house.folder) as dam:
        member.work(dam.url, new=2)
        dam.stop()
    wal = house.folder / "log" / "wal"
    whole = wal.read_bytes()
    refused, mended = 0, 0
    for name, torn in {
        "grown by nothing": whole + b"\0\0",
        "grown by chance": whole + random.Random(SEED).randbytes(77),
        "half a batch": whole + whole[40:90],
        "a byte short": whole[:-1],
        "a batch short": whole[:-80],
        "a byte wrong": whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:],
        "empty": b"",
    }.items():
        wal.write_bytes(torn)
        told = ""
        try:
            with serving(house.folder) as dam:
                assert house.faults(dam.url) == [], name
                dam.stop()
        except NotStarted as error:
            told = str(error)
        mended, refused = mended + (not told), refused + bool(told)
        assert told or wal.read_bytes() == whole, name
        assert "Traceback" not in told
    assert (mended, refused) == (3, 4)
    wal.write_bytes(whole)
    with serving(house.folder) as dam:
        member.work(dam.url, new=1)
        assert house.faults(dam.url) == []
        dam.stop()
    assert house.residue() == []
