"""What every Lake does when deposits leave, Delta and memory alike; then what only a table on disk must stand."""

import hashlib
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datadam.adapters import delta_lake
from datadam.adapters.delta_lake import DeltaLake
from datadam.adapters.memory.lake import MemoryLake
from datadam.errors import Invalid, NotFound, Unavailable
from datadam.ports import Lake
from test_lake_behaviours import COLUMNS, DEPOSIT, OTHER, STANDARD, placed, rows

THIRD = hashlib.sha256(b"three").hexdigest()
LAKES: tuple[Callable[[Path], Lake], ...] = (DeltaLake, MemoryLake)


@pytest.fixture(params=LAKES)
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    """Each Lake there is, with a reservoir that has nothing in it."""
    make: Callable[[Path], Lake] = request.param
    made = make(tmp_path / "reservoirs")
    made.create(STANDARD, COLUMNS)
    return made


def shown(lake: Lake) -> set[str]:
    """The deposits that are visible."""
    return {file.path.stem for file in lake.files(STANDARD)}


def test_what_is_erased_leaves_no_file_and_the_others_stay(lake: Lake) -> None:
    """The file is gone from the table and from its folder; the same again changes nothing."""
    for tag, deposit in (("t1", DEPOSIT), ("t1", OTHER), ("t2", THIRD)):
        lake.append(STANDARD, tag, deposit, [placed(lake, tag, deposit)])
    for _ in range(2):
        lake.erase(STANDARD, [OTHER, THIRD])
        assert shown(lake) == {DEPOSIT}
        assert lake.traces(STANDARD, [OTHER, THIRD]) == []
    assert lake.traces(STANDARD, [DEPOSIT]) == [file.path for file in lake.files(STANDARD)]
    assert lake.holds(STANDARD, OTHER)
    assert lake.append(STANDARD, "t1", OTHER, [placed(lake, "t1", OTHER)]) >= 0
    assert shown(lake) == {DEPOSIT}


def test_what_was_only_written_is_erased_too(lake: Lake) -> None:
    """Also what lies beside a deposit's file, under its name; what others are writing is left alone."""
    fact, others = placed(lake), placed(lake, "t1", OTHER)
    beside = Path(fact.path).with_suffix(".fresh.parquet")
    beside.write_bytes(b"x")
    assert lake.traces(STANDARD, [DEPOSIT]) == sorted([Path(fact.path), beside])
    lake.erase(STANDARD, [DEPOSIT])
    assert lake.traces(STANDARD, [DEPOSIT]) == []
    lake.append(STANDARD, "t1", OTHER, [others])
    assert shown(lake) == {OTHER}


def test_a_replacement_comes_as_the_old_one_goes(lake: Lake) -> None:
    """One commit: whoever looks sees either; the old file lies there until it is erased."""
    lake.append(STANDARD, "t1", DEPOSIT, [placed(lake)])
    version = lake.replace(STANDARD, "t1", OTHER, [placed(lake, "t1", OTHER)], gone=[DEPOSIT])
    assert lake.replace(STANDARD, "t1", OTHER, [placed(lake, "t1", OTHER)], gone=[DEPOSIT]) == version
    assert shown(lake) == {OTHER}
    assert len(lake.traces(STANDARD, [DEPOSIT])) == 1
    assert lake.holds(STANDARD, DEPOSIT)
    assert lake.holds(STANDARD, OTHER)
    lake.erase(STANDARD, [DEPOSIT])
    assert shown(lake) == {OTHER}


def test_a_replacement_that_does_not_fit_changes_nothing(lake: Lake) -> None:
    """A file of other columns is refused, and the old one stays."""
    lake.append(STANDARD, "t1", DEPOSIT, [placed(lake)])
    wrong = placed(lake, "t1", OTHER, rows(OTHER).with_columns(more=pl.lit(1)))
    with pytest.raises(Invalid, match=r"reservoir\.file-column"):
        lake.replace(STANDARD, "t1", OTHER, [wrong], gone=[DEPOSIT])
    assert shown(lake) == {DEPOSIT}


def test_names_that_leave_the_folder_are_refused(lake: Lake) -> None:
    """A deposit's id is a file's name."""
    for deposit in ("..", "a/b", ""):
        with pytest.raises(Invalid, match=r"reservoir\.name-unsafe"):
            lake.traces(STANDARD, [deposit])


@pytest.mark.parametrize("make", LAKES)
def test_an_unknown_reservoir_is_none(make: Callable[[Path], Lake], tmp_path: Path) -> None:
    """There is nothing to erase or to replace in it, and it says so."""
    lake = make(tmp_path)
    with pytest.raises(NotFound, match=r"reservoir\.unknown"):
        lake.erase(STANDARD, [DEPOSIT])
    with pytest.raises(NotFound, match=r"reservoir\.unknown"):
        lake.replace(STANDARD, "t1", DEPOSIT, [], gone=[])


steps = st.lists(st.tuples(st.sampled_from(["append", "erase", "replace"]), st.integers(0, 4)), max_size=12)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=steps)
def test_both_lakes_show_the_same_after_any_steps(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    """The law: Delta is the dictionary of the reference, whatever comes and goes."""
    seen = []
    for make in LAKES:
        lake = make(tmp_path_factory.mktemp("lake"))
        lake.create(STANDARD, COLUMNS)
        for number, (step, which) in enumerate(steps):
            deposit = hashlib.sha256(bytes([which])).hexdigest()
            new = hashlib.sha256(f"new {number}".encode()).hexdigest()
            if step == "append":
                lake.append(STANDARD, "t1", deposit, [placed(lake, "t1", deposit)])
            elif step == "erase":
                lake.erase(STANDARD, [deposit])
            else:
                lake.replace(STANDARD, "t1", new, [placed(lake, "t1", new)], gone=[deposit])
        seen.append(shown(lake))
    assert seen[0] == seen[1]


# --- Delta only -------------------------------------------------------------------------------------------------------


def log_of(root: Path) -> bytes:
    """Every byte of the table's log, checkpoints decoded."""
    folder = root / STANDARD / "_delta_log"
    plain = b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
    return plain + b"".join(str(pl.read_parquet(path).to_dicts()).encode() for path in folder.glob("*.parquet"))


def test_the_tables_history_does_not_name_what_left(tmp_path: Path) -> None:
    """No entry, no checkpoint names the file; foreign readers see the rest; the table takes more, and more leaves."""
    lake = DeltaLake(tmp_path)
    lake.create(STANDARD, COLUMNS)
    for deposit in (DEPOSIT, OTHER):
        lake.append(STANDARD, "t1", deposit, [placed(lake, "t1", deposit)])
    assert f"{DEPOSIT}.parquet".encode() in log_of(tmp_path)
    lake.erase(STANDARD, [DEPOSIT])
    assert f"{DEPOSIT}.parquet".encode() not in log_of(tmp_path)
    assert f"{OTHER}.parquet".encode() in log_of(tmp_path)
    assert len(list((tmp_path / STANDARD / "_delta_log").glob("*.checkpoint.parquet"))) == 1
    configuration = DeltaTable(tmp_path / STANDARD).metadata().configuration
    assert configuration["delta.logRetentionDuration"] == "interval 30 days"
    assert pl.scan_delta(str(tmp_path / STANDARD)).select(pl.len()).collect().item() == 3
    lake.append(STANDARD, "t2", THIRD, [placed(lake, "t2", THIRD)])
    lake.erase(STANDARD, [OTHER, THIRD])
    assert lake.files(STANDARD) == []
    assert not list((tmp_path / STANDARD).glob("_tag=*"))
    again = DeltaLake(tmp_path)
    assert [again.holds(STANDARD, one) for one in (DEPOSIT, OTHER, THIRD)] == [True] * 3


def test_a_replacement_is_one_entry_of_the_log(tmp_path: Path) -> None:
    """Add, remove and transaction stand in one file, and delta-rs reads it as we meant it."""
    lake = DeltaLake(tmp_path)
    lake.create(STANDARD, COLUMNS)
    lake.append(STANDARD, "t1", DEPOSIT, [placed(lake)])
    lake.replace(STANDARD, "t1", OTHER, [placed(lake, "t1", OTHER)], gone=[DEPOSIT])
    entry = (tmp_path / STANDARD / "_delta_log" / f"{2:020}.json").read_text().splitlines()
    assert [next(iter(json.loads(line))) for line in entry] == ["commitInfo", "txn", "add", "remove"]
    read = pl.scan_delta(str(tmp_path / STANDARD)).collect()
    assert read["_deposit"].unique().to_list() == [OTHER]


def test_another_writer_may_take_the_version_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost race is looked at and tried again; one that is always lost is given up, and nothing is half done."""
    lake = DeltaLake(tmp_path)
    lake.create(STANDARD, COLUMNS)
    lake.append(STANDARD, "t1", DEPOSIT, [placed(lake)])
    fact, lost = placed(lake, "t1", OTHER), placed(lake, "t1", THIRD)
    write, races = delta_lake._write_entry, list[int]()

    def raced(log: Path, version: int, actions: Any) -> None:
        if not races:
            races.append(version)
            DeltaLake(tmp_path).append(STANDARD, "t1", THIRD, [lost])
        write(log, version, actions)

    with monkeypatch.context() as patch:
        patch.setattr(delta_lake, "_write_entry", raced)
        lake.replace(STANDARD, "t1", OTHER, [fact], gone=[DEPOSIT])
    assert shown(lake) == {OTHER, THIRD}
    new = hashlib.sha256(b"four").hexdigest()
    monkeypatch.setattr(delta_lake, "_write_entry", lambda *_: None)
    for broken in (
        lambda: lake.replace(STANDARD, "t1", new, [placed(lake, "t1", new)], gone=[OTHER]),
        lambda: lake.erase(STANDARD, [OTHER]),
    ):
        with pytest.raises(Unavailable, match=r"reservoir\.contended"):
            broken()
    assert shown(lake) == {OTHER, THIRD}
    assert len(lake.traces(STANDARD, [OTHER])) == 1


def test_an_erasure_that_broke_off_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped at any step it says so, and the next one ends it: nothing is named, and the retention is as before."""
    lake = DeltaLake(tmp_path)
    lake.create(STANDARD, COLUMNS)
    for deposit in (DEPOSIT, OTHER):
        lake.append(STANDARD, "t1", deposit, [placed(lake, "t1", deposit)])

    def fail(*_: object, **__: object) -> None:
        message = "broken"
        raise DeltaError(message)

    for step in ("create_checkpoint", "cleanup_metadata"):
        with monkeypatch.context() as patch:
            patch.setattr(DeltaTable, step, fail)
            with pytest.raises(Unavailable, match=r"reservoir\.not-erased"):
                lake.erase(STANDARD, [DEPOSIT])
    with monkeypatch.context() as patch:
        patch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(Unavailable, match=r"reservoir\.commit-failed"):
            lake.erase(STANDARD, [OTHER])
    (tmp_path / STANDARD / "_delta_log" / ".left.tmp").write_bytes(DEPOSIT.encode())
    lake.erase(STANDARD, [DEPOSIT])
    assert f"{DEPOSIT}.parquet".encode() not in log_of(tmp_path)
    assert not list((tmp_path / STANDARD / "_delta_log").glob(".*.tmp"))
    assert DeltaTable(tmp_path / STANDARD).metadata().configuration["delta.logRetentionDuration"] == "interval 30 days"
    assert shown(lake) == {OTHER}


def test_who_writes_and_reads_meanwhile_loses_nothing(tmp_path: Path) -> None:
    """3 writers of 15 deposits each, one reader, and an erasure after each fifth: acknowledged is what is there."""
    lake = DeltaLake(tmp_path)
    lake.create(STANDARD, COLUMNS)
    acknowledged, wrong, ended = list[str](), list[BaseException](), threading.Event()

    def write(tag: str) -> None:
        for number in range(15):
            deposit = hashlib.sha256(f"{tag} {number}".encode()).hexdigest()
            lake.append(STANDARD, tag, deposit, [placed(lake, tag, deposit)])
            acknowledged.append(deposit)

    def read(_: str) -> None:
        while not ended.is_set():
            lake.files(STANDARD)
            lake.holds(STANDARD, DEPOSIT)

    def told(work: Callable[[str], None], tag: str) -> None:
        try:
            work(tag)
        except BaseException as error:  # noqa: BLE001  (a thread must tell the test what it met)
            wrong.append(error)

    writers = [threading.Thread(target=told, args=(write, f"t{number}")) for number in range(3)]
    threads = [*writers, threading.Thread(target=told, args=(read, ""))]
    _each(threads, threading.Thread.start)
    erased = set[str]()
    while any(writer.is_alive() for writer in writers):
        if len(acknowledged) >= 5 * (len(erased) + 1):
            erased.add(acknowledged[len(erased)])
            lake.erase(STANDARD, [acknowledged[len(erased) - 1]])
    ended.set()
    _each(threads, threading.Thread.join)
    assert wrong == []
    assert len(acknowledged) == 45
    assert len(erased) >= 3
    assert shown(lake) == set(acknowledged) - erased
    assert pl.scan_delta(str(tmp_path / STANDARD)).select(pl.len()).collect().item() == 3 * (45 - len(erased))


def _each(threads: list[threading.Thread], does: Callable[[threading.Thread], None]) -> None:
    for thread in threads:
        does(thread)
