"""The Sums port on Polars: exact sums of stored rows by groups and contributors, in one streaming pass.

Decimals are summed as the whole numbers that they are stored as, in two halves of 18 digits, so that no sum of any
number of rows overflows. Nothing that rows hold can make it fail.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import polars as pl

from datadam.adapters.parquet_schema import polars_type, stored_schema
from datadam.adapters.polars_steps import drawn
from datadam.errors import Unavailable
from datadam.ports import SYSTEM_COLUMNS, SumOrder, SumPart
from datadam.privacy.recipe import Key

_HALF: Final = 10**18  # half of the digits of the longest decimal
_AGE_ROWS: Final = 2**40  # more rows than any one deposit has


class PolarsSums:
    """Sums rows of stored files."""

    def sums(self, order: SumOrder) -> Mapping[tuple[Key, ...], Mapping[str, tuple[int | None, ...]]]:
        """Each group with rows: contributor → one integer a measure; `Unavailable` where a file is not to be read."""
        if not order.parts:
            return {}
        try:
            rows = _summed(order).collect(engine="streaming")
        except (pl.exceptions.PolarsError, OSError) as error:
            raise Unavailable("table.not-summed") from error
        found: dict[tuple[Key, ...], dict[str, tuple[int | None, ...]]] = {}
        for row in rows.iter_rows(named=True):
            group = tuple(_key(row[f"by{place}"]) for place in range(len(order.by)))
            values = tuple(_value(row, place) for place in range(len(order.measures)))
            found.setdefault(group, {})[row["_contributor"]] = values
        return found


def _summed(order: SumOrder) -> pl.LazyFrame:
    rows = pl.concat([_read(order, parts) for parts in _alike(order.parts)])
    if order.supersede:
        newest = rows.group_by("_contributor", "_key").agg(_newest=pl.col("_age").max())
        aged = rows.join(newest, on=["_contributor", "_key"], how="left", nulls_equal=True, maintain_order="none")
        rows = aged.filter(pl.col("_key").is_null() | (pl.col("_age") == pl.col("_newest")))
    keys = [f"by{place}" for place in range(len(order.by))]
    return rows.group_by(*keys, "_contributor").agg(
        one for place, name in enumerate(order.measures) for one in _measure(place, name)
    )


def _alike(parts: Sequence[SumPart]) -> list[list[SumPart]]:
    """The parts that are read alike; versions are few, and columns have no hash."""
    found: list[list[SumPart]] = []
    for part in parts:
        for some in found:
            if (some[0].columns, some[0].steps) == (part.columns, part.steps):
                some.append(part)
                break
        else:
            found.append([part])
    return found


def _read(order: SumOrder, parts: Sequence[SumPart]) -> pl.LazyFrame:
    """What is needed of rows of one version, under the order's columns."""
    columns = parts[0].columns or order.columns
    rows = pl.scan_parquet(
        [part.path for part in parts],
        schema={name: polars_type(kind) for name, kind in stored_schema(columns).items()},
        missing_columns="insert",
        hive_partitioning=False,
        glob=False,
        include_file_paths="_path",
    )
    for step in parts[0].steps:
        rows = rows.select(*(drawn(one) for one in step.drawn), *SYSTEM_COLUMNS, "_path")
    whose = {str(part.path): part.contributor for part in parts}
    when = {str(part.path): part.sequence for part in parts}
    keys = [pl.col(name).alias(f"by{place}") for place, name in enumerate(order.by)]
    sums = [pl.col(name).alias(f"of{place}") for place, name in enumerate(order.measures) if name is not None]
    age = pl.col("_path").replace_strict(when, return_dtype=pl.Int64) * _AGE_ROWS + pl.col("_row")
    contributor = pl.col("_path").replace_strict(whose, return_dtype=pl.String)
    return rows.select(*keys, *sums, "_key", age.alias("_age"), contributor.alias("_contributor"))


def _measure(place: int, name: str | None) -> list[pl.Expr]:
    if name is None:
        return [pl.len().alias(f"count{place}")]
    whole = pl.col(f"of{place}").to_physical().cast(pl.Int128)
    return [
        pl.col(f"of{place}").count().alias(f"count{place}"),
        (whole // _HALF).sum().alias(f"high{place}"),
        (whole % _HALF).sum().alias(f"low{place}"),
    ]


def _value(row: Mapping[str, Any], place: int) -> int | None:
    count = int(row[f"count{place}"])
    if f"high{place}" not in row:
        return count
    return int(row[f"high{place}"]) * _HALF + int(row[f"low{place}"]) if count else None


def _key(value: object) -> Key:
    """A group's key as `privacy.recipes` names it."""
    match value:
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case float():
            return repr(value)
        case bool() | int() | str() | None:
            return value
    raise TypeError(type(value))  # no stored key is anything else
