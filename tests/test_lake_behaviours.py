"""What every Lake does, Delta and memory alike; then what only a table on disk must stand."""

import hashlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError

from datadam.adapters.delta_lake import DeltaLake
from datadam.adapters.memory.lake import MemoryLake
from datadam.errors import Invalid, NotFound, Unavailable
from datadam.model import Column, FileFact, Protection, Type
from datadam.ports import Lake

STANDARD = "supply.ore"
COLUMNS = (
    Column(name="site", type=Type.TEXT, protection=Protection.UNIT_ID, domain="firm"),
    Column(name="tonnes", type=Type.DECIMAL, precision=18, scale=3, safe_statistics=True),
    Column(name="contact", type=Type.TEXT, protection=Protection.DROP),
)
DEPOSIT = hashlib.sha256(b"one").hexdigest()
OTHER = hashlib.sha256(b"two").hexdigest()


@pytest.fixture(params=[DeltaLake, MemoryLake])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    """Each Lake there is, over an empty folder."""
    make: Callable[[Path], Lake] = request.param
    return make(tmp_path / "reservoirs")


def rows(deposit: str, count: int = 3) -> pl.DataFrame:
    """Stored rows as an engine writes them."""
    return pl.DataFrame(
        {
            "site": [bytes([n]) * 16 for n in range(count)],
            "tonnes": [Decimal(n).scaleb(-3) for n in range(count)],
            "_deposit": [deposit] * count,
            "_row": list(range(count)),
            "_key": [bytes([n]) * 16 for n in range(count)],
        },
        schema_overrides={"tonnes": pl.Decimal(18, 3)},
    )


def write(path: Path, frame: pl.DataFrame) -> FileFact:
    """Write a file as an engine does, and say what it is."""
    frame.write_parquet(path)
    data = path.read_bytes()
    return FileFact(path=str(path), digest=hashlib.sha256(data).hexdigest(), size=len(data), rows=frame.height)


def placed(lake: Lake, tag: str = "t1", deposit: str = DEPOSIT, frame: pl.DataFrame | None = None) -> FileFact:
    """Write a deposit where the lake wants it."""
    return write(lake.place(STANDARD, tag, deposit), rows(deposit) if frame is None else frame)


def test_a_deposit_is_visible_from_its_append_on_and_not_before(lake: Lake) -> None:
    """A file that was only placed is nobody's to read."""
    lake.create(STANDARD, COLUMNS)
    fact = placed(lake)
    assert lake.files(STANDARD) == []
    assert not lake.holds(STANDARD, DEPOSIT)
    lake.append(STANDARD, "t1", DEPOSIT, [fact])
    assert lake.holds(STANDARD, DEPOSIT)
    (file,) = lake.files(STANDARD)
    assert (file.tag, file.size, file.path) == ("t1", fact.size, Path(fact.path))
    assert file.path.name == Path(file.name).name
    assert lake.digest(file.path) == fact.digest
    file.path.unlink()
    assert lake.digest(file.path) is None


def test_the_same_deposit_twice_is_there_once(lake: Lake) -> None:
    """A retry after an answer that got lost changes nothing."""
    lake.create(STANDARD, COLUMNS)
    fact = placed(lake)
    first = lake.append(STANDARD, "t1", DEPOSIT, [fact])
    assert lake.append(STANDARD, "t1", DEPOSIT, [fact]) == first
    assert len(lake.files(STANDARD)) == 1


def test_a_place_is_the_same_for_the_same_deposit_and_no_other(lake: Lake) -> None:
    """A restart finds what was written before the crash."""
    places = {lake.place(STANDARD, tag, deposit) for tag in ("t1", "t2") for deposit in (DEPOSIT, OTHER)}
    assert len(places) == 4
    assert lake.place(STANDARD, "t1", DEPOSIT) in places


def test_a_crash_between_place_and_append_rolls_forward_or_is_forgotten(lake: Lake) -> None:
    """What lies in place can be appended later, or removed; forgetting never takes what is visible."""
    lake.create(STANDARD, COLUMNS)
    fact, lost = placed(lake), placed(lake, deposit=OTHER)
    lake.append(STANDARD, "t1", DEPOSIT, [fact])
    lake.forget(STANDARD, "t1", OTHER)
    lake.forget(STANDARD, "t1", OTHER)
    lake.forget(STANDARD, "t1", DEPOSIT)
    assert not Path(lost.path).exists()
    assert Path(fact.path).exists()


def test_a_column_that_comes_later_reads_as_null_in_what_was_there(lake: Lake) -> None:
    """The standard grows; earlier deposits stay, and one judged before the change still fits."""
    lake.create(STANDARD, COLUMNS)
    early, late = placed(lake), placed(lake, deposit=OTHER)
    lake.append(STANDARD, "t1", DEPOSIT, [early])
    wider = (*COLUMNS, Column(name="grade", type=Type.NUMBER))
    lake.create(STANDARD, wider)
    lake.create(STANDARD, wider)
    lake.append(STANDARD, "t1", OTHER, [late])
    new = hashlib.sha256(b"three").hexdigest()
    lake.append(STANDARD, "t2", new, [placed(lake, "t2", new, rows(new).with_columns(grade=pl.lit(0.5)))])
    assert len(lake.files(STANDARD)) == 3


@pytest.mark.parametrize(
    "columns",
    [
        COLUMNS[:1],
        (COLUMNS[0], Column(name="tonnes", type=Type.DECIMAL, precision=18, scale=2)),
        (Column(name="site", type=Type.TEXT), COLUMNS[1]),
    ],
    ids=["gone", "other scale", "no longer protected"],
)
def test_a_reservoir_takes_no_other_change_of_columns(lake: Lake, columns: tuple[Column, ...]) -> None:
    """A column that vanishes or changes its type is refused, and the table stays as it was."""
    lake.create(STANDARD, COLUMNS)
    with pytest.raises(Invalid, match=r"reservoir\.column-differs"):
        lake.create(STANDARD, columns)
    lake.append(STANDARD, "t1", DEPOSIT, [placed(lake)])


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (rows(DEPOSIT).with_columns(pl.col("tonnes").cast(pl.Float64)), "reservoir.file-column"),
        (rows(DEPOSIT).with_columns(contact=pl.lit("a@example.org")), "reservoir.file-column"),
        (rows(DEPOSIT).with_columns(_tag=pl.lit("t1")), "reservoir.file-column"),
        (rows(DEPOSIT).drop("_row"), "reservoir.file-column"),
    ],
    ids=["type", "dropped column", "tag inside", "no row numbers"],
)
def test_a_file_that_does_not_fit_the_table_is_refused(lake: Lake, frame: pl.DataFrame, code: str) -> None:
    """delta-rs would commit it and every later reader would fail: we look first."""
    lake.create(STANDARD, COLUMNS)
    with pytest.raises(Invalid) as refusal:
        lake.append(STANDARD, "t1", DEPOSIT, [placed(lake, frame=frame)])
    assert refusal.value.code == code
    assert not lake.holds(STANDARD, DEPOSIT)


def test_a_file_that_is_cut_short_changed_or_elsewhere_is_refused(lake: Lake, tmp_path: Path) -> None:
    """What is committed is what the engine reported, where the table looks for it."""
    lake.create(STANDARD, COLUMNS)
    fact = placed(lake)
    data = Path(fact.path).read_bytes()
    Path(fact.path).write_bytes(data[:-9])
    with pytest.raises(Invalid, match=r"reservoir\.file-unreadable"):
        lake.append(STANDARD, "t1", DEPOSIT, [fact])
    placed(lake, frame=rows(DEPOSIT, 4))
    with pytest.raises(Invalid, match=r"reservoir\.file-differs"):
        lake.append(STANDARD, "t1", DEPOSIT, [fact])
    stray = write(tmp_path / "stray.parquet", rows(DEPOSIT))
    with pytest.raises(Invalid, match=r"reservoir\.file-elsewhere"):
        lake.append(STANDARD, "t1", DEPOSIT, [stray])
    with pytest.raises(Invalid, match=r"reservoir\.file-elsewhere"):
        lake.append(STANDARD, "t2", DEPOSIT, [placed(lake)])


@pytest.mark.parametrize("name", ["", "..", "a/b", "a'b", "a=b", ".hidden", "ü", "x" * 129])
def test_no_name_leaves_the_tables_folder(lake: Lake, name: str) -> None:
    """Tags and deposits are folder names and log values: letters, digits and hyphens only."""
    for tag, deposit in ((name, DEPOSIT), ("t1", name)):
        with pytest.raises(Invalid, match=r"reservoir\.name-unsafe"):
            lake.place(STANDARD, tag, deposit)
    with pytest.raises(Invalid, match=r"standard\.id-malformed"):
        lake.place(f"../{STANDARD}", "t1", DEPOSIT)


def test_an_unknown_reservoir_has_nothing_and_takes_nothing(lake: Lake) -> None:
    """Only a published standard's reservoir can be written."""
    assert lake.files(STANDARD) == []
    assert not lake.holds(STANDARD, DEPOSIT)
    with pytest.raises(NotFound, match=r"reservoir\.unknown"):
        lake.append(STANDARD, "t1", DEPOSIT, [placed(lake)])


# --- Delta only -------------------------------------------------------------------------------------------------------


def test_a_table_that_was_made_for_these_columns_is_not_opened_to_see_that(tmp_path: Path) -> None:
    """A dam that only starts, and takes files in, does without the library of tables; other columns are looked at."""
    DeltaLake(tmp_path).create(STANDARD, COLUMNS)
    code = (
        "import sys; sys.path.insert(0, sys.argv[2]); from pathlib import Path; from test_lake_behaviours import *\n"
        "sys.modules['deltalake'] = None\n"
        "DeltaLake(Path(sys.argv[1])).create(STANDARD, COLUMNS)\n"
        "try: DeltaLake(Path(sys.argv[1])).create(STANDARD, COLUMNS[1:])\n"
        "except ImportError: print('opened')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path, Path(__file__).parent], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("opened\n", "")


APPENDER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from datadam.adapters.delta_lake import DeltaLake
    from datadam.model import FileFact
    root, standard, start = sys.argv[1:4]
    lake = DeltaLake(Path(root))
    while not Path(start).exists():
        pass
    for line in sys.argv[4:]:
        tag, deposit, path, size, rows = line.split("|")
        lake.append(standard, tag, deposit, [FileFact(path=path, digest="", size=int(size), rows=int(rows))])
    """,
)


def test_two_processes_that_append_the_same_deposits_append_each_once(tmp_path: Path) -> None:
    """A restart races with the process that it took for dead: 12 deposits, 12 commits."""
    root, start = tmp_path / "reservoirs", tmp_path / "start"
    lake = DeltaLake(root)
    lake.create(STANDARD, COLUMNS)
    work = []
    for number in range(12):
        deposit = hashlib.sha256(bytes([number])).hexdigest()
        fact = placed(lake, f"t{number % 3}", deposit)
        work.append(f"t{number % 3}|{deposit}|{fact.path}|{fact.size}|{fact.rows}")
    command = [sys.executable, "-c", APPENDER, str(root), STANDARD, str(start), *work]
    writers = [subprocess.Popen(command) for _ in range(2)]
    start.touch()
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert len(lake.files(STANDARD)) == 12
    table = DeltaTable(root / STANDARD)
    assert table.version() == 12
    assert pl.scan_delta(str(root / STANDARD)).select(pl.len()).collect().item() == 36


def test_another_reader_sees_the_rows_and_the_log_tells_no_values(tmp_path: Path) -> None:
    """Polars reads the table; its log names no text, no time of deposit, and keeps no change feed."""
    lake = DeltaLake(tmp_path)
    lake.create(STANDARD, COLUMNS)
    lake.append(STANDARD, "t1", DEPOSIT, [placed(lake)])
    read = pl.scan_delta(str(tmp_path / STANDARD)).collect().drop("_tag")
    assert read.equals(rows(DEPOSIT).select(read.columns))
    log = b"".join(path.read_bytes() for path in sorted((tmp_path / STANDARD / "_delta_log").glob("*.json")))
    assert b"minValues" not in log
    assert b'"modificationTime":0' in log
    configuration = DeltaTable(tmp_path / STANDARD).metadata().configuration
    assert configuration["delta.enableChangeDataFeed"] == "false"
    assert configuration["delta.dataSkippingStatsColumns"] == "_row,tonnes"
    assert "delta.setTransactionRetentionDuration" in configuration


def test_a_table_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """A broken log is no acknowledged deposit."""
    lake = DeltaLake(tmp_path)
    lake.create(STANDARD, COLUMNS)
    fact = placed(lake)
    log = tmp_path / STANDARD / "_delta_log"
    for entry in log.glob("*.json"):
        os.truncate(entry, 5)
    with pytest.raises(Unavailable, match=r"reservoir\.unreadable"):
        lake.append(STANDARD, "t1", DEPOSIT, [fact])


class _Moved(DeltaError):
    """What delta-rs raises when the log was trimmed under it."""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CommitFailedError("a concurrent transaction"), "reservoir.contended"),
        (FileNotFoundError("gone"), "reservoir.contended"),
        (_Moved("Kernel error: File not found: _delta_log/00.json"), "reservoir.contended"),
        (_Moved("No space left on device"), "reservoir.commit-failed"),
    ],
    ids=["lost race", "gone", "trimmed", "full disk"],
)
def test_a_commit_in_doubt_is_looked_at_again_and_then_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    """What may pass is tried again, within bounds; what cannot is said at once. Nothing becomes visible."""
    tries = []

    def fail(*_: object, **__: object) -> None:
        tries.append(1)
        raise error

    lake = DeltaLake(tmp_path)
    lake.create(STANDARD, COLUMNS)
    fact = placed(lake)
    with monkeypatch.context() as patch:
        patch.setattr(DeltaTable, "create_write_transaction", fail)
        with pytest.raises(Unavailable) as refusal:
            lake.append(STANDARD, "t1", DEPOSIT, [fact])
    assert (refusal.value.code, len(tries)) == (code, 20 if code == "reservoir.contended" else 1)
    assert not lake.holds(STANDARD, DEPOSIT)
    lake.append(STANDARD, "t1", DEPOSIT, [fact])


def test_a_commit_that_landed_in_spite_of_its_error_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """delta-rs failed after the log entry was written: the second look finds it."""
    commit = DeltaTable.create_write_transaction

    def land_and_fail(*given: Any, **named: Any) -> None:
        commit(*given, **named)
        message = "Kernel error: File not found"
        raise _Moved(message)

    lake = DeltaLake(tmp_path)
    lake.create(STANDARD, COLUMNS)
    fact = placed(lake)
    monkeypatch.setattr(DeltaTable, "create_write_transaction", land_and_fail)
    assert lake.append(STANDARD, "t1", DEPOSIT, [fact]) == 1
    assert len(lake.files(STANDARD)) == 1
