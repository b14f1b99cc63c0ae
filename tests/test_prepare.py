"""Preparing a file: the report that the dam and a contributor's laptop both give."""

from decimal import Decimal
from pathlib import Path

import pytest

from datadam.adapters.memory.engine import MemoryEngine
from datadam.adapters.polars_engine import PolarsEngine
from datadam.model import Column, Feed, Fit, Repeat, Source, Standard, StandardId, Type
from datadam.planning import compile_plan
from datadam.ports import Engine, Outputs
from datadam.prepare import FIRST_FAULTS, Report, prepare


def reported(engine: Engine, folder: Path, text: str, limit: str = "0.5") -> Report:
    """The report on a file of ids and numbers."""
    columns = (Column(name="id", type=Type.TEXT, required=True), Column(name="n", type=Type.INTEGER))
    standard = Standard(
        id=StandardId("test.things"),
        version="1.0.0",
        titles={},
        descriptions={},
        columns=columns,
        key=("id",),
        repeat=Repeat.SUPERSEDE,
        reject_limit=Decimal(limit),
    )
    feeds = tuple(Feed(column=column.name, source=column.name) for column in columns)
    plan = compile_plan(standard, Fit(standard=standard.id, version="1.0.0", feeds=feeds), {})
    path = folder / "data.csv"
    path.write_text(text)
    into = Outputs(
        admitted=folder / "a.parquet", rejects=folder / "r.parquet", deposit="d", unit_keys={}, key_secret=b"k"
    )
    source = Source(path=str(path), format="csv", name="data.csv")
    return prepare(engine, plan, source, into, lambda _stage, _done, _total: None)


@pytest.mark.parametrize("engine", [PolarsEngine(), MemoryEngine()], ids=["polars", "memory"])
def test_a_report_counts_by_rule_and_lists_the_first_faults(engine: Engine, tmp_path: Path) -> None:
    """What a contributor is told is the same whoever runs it."""
    found = reported(engine, tmp_path, "id,n\na,1\nb,x\n,y\nc,1\nc,2\nd,3\n")
    assert found.tally.faults == {"id.required": 1, "n.type": 2, "key.unique": 2}
    assert [(fault.row, fault.rule) for fault in found.faults] == [
        (1, "n.type"),
        (2, "id.required"),
        (2, "n.type"),
        (3, "key.unique"),
        (4, "key.unique"),
    ]
    assert (found.tally.rejected, found.limit, found.within) == (4, Decimal("0.5"), False)


def test_the_limit_is_held_exactly(tmp_path: Path) -> None:
    """A share at the limit is within it, one row more is not, and a file without a good row never is."""
    engine = MemoryEngine()
    assert reported(engine, tmp_path, "id,n\na,1\nb,x\n", "0.5").within
    assert not reported(engine, tmp_path, "id,n\na,1\nb,x\nc,x\n", "0.5").within
    assert not reported(engine, tmp_path, "id,n\nb,x\n", "1").within
    assert reported(engine, tmp_path, "id,n\na,1\n", "0").within


def test_only_the_first_faults_are_listed(tmp_path: Path) -> None:
    """A file full of faults gives a short report; the counts are of all."""
    rows = "".join(f"{n},x\n" for n in range(FIRST_FAULTS + 50))
    found = reported(PolarsEngine(), tmp_path, f"id,n\n{rows}")
    assert (len(found.faults), found.tally.faults["n.type"]) == (FIRST_FAULTS, FIRST_FAULTS + 50)
