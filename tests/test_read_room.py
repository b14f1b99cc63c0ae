"""What is unpacked beside a deposit's file counts as what the spool holds: it is bounded, and goes with a refusal."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from datadam import client, seal
from datadam.adapters import polars_read
from datadam.adapters.spool_files import SpoolFiles
from datadam.client import folders
from datadam.client.files import file_facts, hashed
from datadam.dam import deposit, publish
from datadam.errors import Invalid, Unavailable
from datadam.model import Source, Stage
from worlds import Person, a_world, chunks, fit_of, standard_text

A, B = "a" * 64, "b" * 64
ROWS = 20_000
CSV = b"meter,amount\n" + b"".join(b"M%d,%d\n" % (row, row) for row in range(ROWS))
FRAME = pl.read_csv(CSV)
LEAST = 100_000  # bytes that each of these unpacks to


def packed_parquet(path: Path) -> None:
    """Parquet within gzip."""
    FRAME.write_parquet(path, compression="uncompressed")
    path.write_bytes(gzip.compress(path.read_bytes()))


def packed_workbook(path: Path) -> None:
    """Excel within gzip."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["meter", "amount"])
    for row in range(ROWS):
        sheet.append([f"M{row}", row])
    book.save(path)
    path.write_bytes(gzip.compress(path.read_bytes()))


FILES: dict[str, Callable[[Path], object]] = {
    "a.csv.gz": lambda path: path.write_bytes(gzip.compress(CSV)),
    "a.csv": lambda path: path.write_bytes(b"\xff\xfe" + CSV.decode().encode("utf-16-le")),
    "a.parquet.gz": packed_parquet,
    "a.arrow": lambda path: FRAME.write_ipc(path, compression="zstd"),
    "a.jsonl": lambda path: path.write_text("".join(f"{json.dumps(row)}\n" for row in FRAME.iter_rows(named=True))),
    "a.xlsx.gz": packed_workbook,
}


@pytest.fixture(params=list(FILES))
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    """A file that is unpacked beside itself, in each of the ways there are."""
    path = tmp_path / request.param
    FILES[request.param](path)
    found = client.look(path).reading
    assert found is not None
    return Source(path=str(path), format=found.format, name=path.name, reading=found)


def with_room(source: Source, spool: SpoolFiles) -> Source:
    """The same in a spool."""
    return Source(
        path=source.path, format=source.format, name=source.name, reading=source.reading, room=partial(spool.beside, A)
    )


def beside(source: Source) -> list[Path]:
    """Files of ours beside it."""
    return list(Path(source.path).parent.glob(".*.part"))


def test_what_is_unpacked_takes_its_room_and_gives_it_back(source: Source, tmp_path: Path) -> None:
    """As many bytes as lie there, for as long as they lie there: then others find no room, and afterwards all of it."""
    spool = SpoolFiles(tmp_path / "spool", max_bytes=4_000_000)
    opened = polars_read.open_source(with_room(source, spool))
    size = sum(path.stat().st_size for path in beside(source))
    assert size > LEAST
    with pytest.raises(Unavailable, match=r"spool\.full"):
        spool.receive(B, iter([b"x" * (4_000_000 - size + 1)]), limit=10**9)
    spool.receive(B, iter([b"x" * (4_000_000 - size)]), limit=10**9)
    spool.clear(B)
    del opened
    assert not beside(source)
    spool.receive(B, iter([b"x" * 4_000_000]), limit=10**9)


def test_what_finds_no_room_is_refused_and_leaves_nothing(source: Source, tmp_path: Path) -> None:
    """Too large for the whole spool will not help again; too large for what others leave of it will."""
    spool = SpoolFiles(tmp_path / "spool", max_bytes=LEAST)
    with pytest.raises(Invalid, match=r"spool\.unpacked-too-large"):
        polars_read.open_source(with_room(source, spool))
    assert not beside(source)
    spool = SpoolFiles(tmp_path / "other", max_bytes=4_000_000)
    spool.receive(B, iter([b"x" * (4_000_000 - LEAST)]), limit=10**9)
    with pytest.raises(Unavailable, match=r"spool\.full"):
        polars_read.open_source(with_room(source, spool))
    assert not beside(source)
    spool.receive(A, iter([b"x" * LEAST]), limit=10**9)


def test_a_folder_takes_room_for_all_of_its_files(tmp_path: Path) -> None:
    """They are joined into one text beside what was sent."""
    (tmp_path / "all").mkdir()
    for name in ("a.csv", "b.csv"):
        (tmp_path / "all" / name).write_bytes(CSV)
    with folders.as_one(tmp_path / "all") as (sent, _, reading):
        source = Source(path=str(sent), format="csv", name="all.zip", reading=reading)
        with pytest.raises(Invalid, match=r"spool\.unpacked-too-large"):
            polars_read.open_source(with_room(source, SpoolFiles(tmp_path / "spool", max_bytes=len(CSV))))
        spool = SpoolFiles(tmp_path / "spool", max_bytes=2 * len(CSV))
        assert polars_read.open_source(with_room(source, spool)).rows.collect().height == 2 * ROWS


def test_a_small_file_cannot_fill_a_spool_with_what_it_unpacks_to(tmp_path: Path) -> None:
    """A quarter of a megabyte that becomes 70 MB is refused clearly, in a spool of 20 MB that is empty after it."""
    spool = SpoolFiles(tmp_path / "spool", max_bytes=20_000_000)
    world = replace(a_world(tmp_path), spool=spool)
    publish.publish(world, standard_text(repeat="keep"))
    person = Person("A").joins(world)
    data = gzip.compress(b"meter,amount\n" + b"A1,5\n" * 14_000_000)
    assert len(data) < 300_000
    path = tmp_path / "a.csv.gz"
    path.write_bytes(data)
    reading = client.look(path).reading
    fit = fit_of(world, "test.reading", b"meter,amount\nA,1\n")
    assert reading is not None
    manifest = person.manifest(fit, data, file=file_facts(path, *hashed(path), reading))
    job = deposit.announce(world, person.caller, seal.envelope(manifest))
    deposit.receive(world, person.caller, job.id, chunks(data, 65536))
    job = deposit.process(world, job.id, lambda *_: None)
    assert (job.stage, dict(job.fault or {})["code"]) == (Stage.REFUSED, "spool.unpacked-too-large")
    assert [path.name for path in spool.folder(job.id).iterdir()] == []
