"""How a Standard's columns lie in Parquet: the type of each, what a stored file must look like, what is served of it.

Types are named as Delta names them (`string`, `long`, `decimal(18,3)` …), because tables, shares and Delta Sharing's
schemas all speak that.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from datadam.errors import Invalid
from datadam.model import Column, FileFact, Protection, Type

TAG: Final = "_tag"
"""The partition column: its value is in the path and the table log, never inside a file."""

SYSTEM: Final[Mapping[str, str]] = {"_deposit": "string", "_row": "long", "_key": "binary"}
"""Delta types of `ports.SYSTEM_COLUMNS`."""

_PLAIN: Final[Mapping[Type, str]] = {
    Type.TEXT: "string",
    Type.INTEGER: "long",
    Type.NUMBER: "double",
    Type.BOOLEAN: "boolean",
    Type.DATE: "date",
    Type.TIMESTAMP: "timestamp",
}
_IN_POLARS: Final[Mapping[str, pl.DataType]] = {
    "string": pl.String(),
    "long": pl.Int64(),
    "double": pl.Float64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us", "UTC"),
    "binary": pl.Binary(),
}
_DECIMAL: Final = re.compile(r"decimal\(([0-9]+),([0-9]+)\)")


def stored(columns: Iterable[Column]) -> tuple[Column, ...]:
    """The columns that reach the disk at all."""
    return tuple(column for column in columns if column.protection is not Protection.DROP)


def delta_type(column: Column) -> str:
    """The type that a column is stored in; a unit id is 16 bytes."""
    if column.protection is Protection.UNIT_ID:
        return "binary"
    return f"decimal({column.precision},{column.scale})" if column.type is Type.DECIMAL else _PLAIN[column.type]


def polars_type(kind: str) -> pl.DataType:
    """The Polars type of a Delta type that `delta_type` names."""
    if decimal := _DECIMAL.fullmatch(kind):
        return pl.Decimal(int(decimal[1]), int(decimal[2]))
    return _IN_POLARS[kind]


def stored_schema(columns: Iterable[Column]) -> dict[str, str]:
    """Name and type of everything in a stored file, system columns last."""
    return {column.name: delta_type(column) for column in stored(columns)} | dict(SYSTEM)


def lacking(standard: str, held: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    """The wanted columns that a reservoir lacks. One that it has otherwise, or has and is not wanted, is `Invalid`."""
    for name, kind in held.items():
        if (other := wanted.get(name, "-")) != kind:
            raise Invalid("reservoir.column-differs", standard=standard, column=name, held=kind, wanted=other)
    return [name for name in wanted if name not in held]


def check_files(standard: str, files: Sequence[FileFact], schema: Mapping[str, str]) -> None:
    """Refuse files that a table of this schema could not read: delta-rs commits whatever it is told of.

    A column that a file lacks reads as null, so that a deposit judged before a column came still fits; the system
    columns must be there.
    """
    for file in files:
        name = Path(file.path).name
        try:
            held = pl.read_parquet_schema(file.path)
            rows = pl.scan_parquet(file.path).select(pl.len()).collect().item()
            size = Path(file.path).stat().st_size
        except (OSError, pl.exceptions.PolarsError) as error:
            raise Invalid("reservoir.file-unreadable", standard=standard, file=name) from error
        if (rows, size) != (file.rows, file.size):
            raise Invalid("reservoir.file-differs", standard=standard, file=name)
        wrong = [column for column in SYSTEM if column not in held]
        wrong += [
            column for column, kind in held.items() if column not in schema or polars_type(schema[column]) != kind
        ]
        if wrong:
            raise Invalid("reservoir.file-column", standard=standard, file=name, column=wrong[0])


def file_digest(path: Path) -> str | None:
    """SHA-256 of a file, lower-case hex; None when there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
