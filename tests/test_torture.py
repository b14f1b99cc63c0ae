"""Torture: a dam that is killed, starved, misled and restored must keep what it acknowledged, once, and nothing else.

The experiments and what they look at are in `torture/`; `make torture` runs them longer and writes docs/torture.md.
"""

from contextlib import suppress
from pathlib import Path

import polars as pl
import pytest

import served
from datadam.adapters.polars_engine import PolarsEngine
from datadam.dam import deposit
from torture import campaign
from torture.depositors import House
from torture.faults import Fault
from torture.processes import NotStarted, serving

SEED = 20261122


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of one's own."""
    monkeypatch.setenv("DATADAM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


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
    found = campaign.kills_at(tmp_path / "dam", campaign.PORTS, seed=SEED)
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


@pytest.mark.slow
def test_a_disk_that_fails_once_at_any_call_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Each sync, write, rename, removal and new folder of a deposit fails once; the dam goes on, and starts anew."""
    found = campaign.errors_at(tmp_path / "dam", list(campaign.errors())[::3], seed=SEED)
    assert found.faults == []
    assert found.n > 10  # so many of the calls were met, and told as a failure
