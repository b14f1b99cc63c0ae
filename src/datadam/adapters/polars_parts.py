"""Stored files of several versions, read under one version's columns: what shares are made of and groups judged by."""

from collections.abc import Iterator, Sequence

import polars as pl

from datadam.adapters.parquet_schema import polars_type, stored_schema
from datadam.adapters.polars_steps import drawn
from datadam.model import Column
from datadam.ports import SYSTEM_COLUMNS, SharePart


def scanned(
    columns: Sequence[Column], parts: Sequence[SharePart], path_column: str | None = None
) -> Iterator[tuple[SharePart, pl.LazyFrame]]:
    """All rows of the parts that are read alike under these columns, and one of those parts.

    A column that came after a part was stored is null there. Parts of different markings or stages come apart.
    """
    kept = [*SYSTEM_COLUMNS, *([path_column] if path_column else [])]
    for some in _alike(parts):
        rows = _stored(some[0].columns or columns, some, path_column)
        for step in some[0].steps:
            rows = rows.select(*(drawn(one) for one in step.drawn), *kept)
        yield some[0], rows


def _alike(parts: Sequence[SharePart]) -> list[list[SharePart]]:
    """The parts that are read alike; versions are few, and their parts come mixed."""
    found: list[list[SharePart]] = []
    for part in parts:
        alike = (part.columns, part.steps, part.markings, part.stage)
        for some in found:
            if (some[0].columns, some[0].steps, some[0].markings, some[0].stage) == alike:
                some.append(part)
                break
        else:
            found.append([part])
    return found


def _stored(columns: Sequence[Column], parts: Sequence[SharePart], path_column: str | None) -> pl.LazyFrame:
    schema = {name: polars_type(kind) for name, kind in stored_schema(columns).items()}
    return pl.scan_parquet(
        [part.path for part in parts],
        schema=schema,
        missing_columns="insert",
        hive_partitioning=False,
        glob=False,
        low_memory=True,
        include_file_paths=path_column,
    )
