"""JSON, JSON Lines, STIX and Excel as a Parquet file of texts beside what was sent, a few thousand rows at a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from datadam.adapters.read_beside import Beside, filling
from datadam.errors import Invalid
from datadam.formats import opening
from datadam.formats.packing import Opener
from datadam.model import Reading, Room

BATCH_ROWS: Final = 10_000  # held at once
BATCH_LETTERS: Final = 16 * 1024 * 1024


def as_parquet(
    path: Path, reading: Reading, name: str, row: str, room: Room | None = None
) -> tuple[Beside, tuple[str, ...], int]:
    """Write the rows as texts, their numbers in the column `row`: the file, its columns, and how many rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with (
        filling(path, room) as made,
        made.opened() as out,
        opening.table(_opener(path), reading, name) as table,
    ):
        _check(table.columns, row, name)
        schema = pa.schema([(row, pa.int64()), *((column, pa.large_string()) for column in table.columns)])
        count = 0
        with pq.ParquetWriter(out, schema, compression="zstd") as writer:
            for batch in _batches(table.rows):
                columns: list[Any] = [[number for number, _ in batch]]
                columns += [[cells[at] for _, cells in batch] for at in range(len(table.columns))]
                writer.write_table(pa.table(columns, schema=schema))
                count += len(batch)
    return made, table.columns, count


def _opener(path: Path) -> Opener:
    @contextmanager
    def opened() -> Iterator[BinaryIO]:
        with path.open("rb") as file:
            yield file

    return opened


def _check(columns: Sequence[str], row: str, name: str) -> None:
    """Parquet cannot hold a column twice, nor one that is called as ours; the header's own check says the rest."""
    if len(set(columns)) != len(columns) or row in columns or not columns:
        twice = next((column for column in columns if columns.count(column) > 1 or column == row), "")
        if not columns:
            raise Invalid("file.header-only", name=name)
        code = "file.header-twice" if columns.count(twice) > 1 else "file.header-name"
        raise Invalid(code, name=name, column=twice[:60], place=columns.index(twice) + 1)


def _batches(
    rows: Iterator[tuple[int, Sequence[str | None]]],
) -> Iterator[list[tuple[int, Sequence[str | None]]]]:
    held: list[tuple[int, Sequence[str | None]]] = []
    letters = 0
    for number, cells in rows:
        held.append((number, cells))
        letters += sum(map(len, filter(None, cells)))
        if len(held) >= BATCH_ROWS or letters >= BATCH_LETTERS:
            yield held
            held, letters = [], 0
    if held:
        yield held
