"""Wide tables made long within a stream: a row for each of the wide columns that holds anything."""

from dataclasses import replace
from typing import Final

import polars as pl

from datadam.adapters.polars_read import ROW, Opened
from datadam.plan import UNFOLDED_NAME, UNFOLDED_VALUE, Plan

_PLACE: Final = "\x02place"


def unfold(plan: Plan, opened: Opened) -> Opened:
    """The file's rows as the plan judges them (`plan`, step 7); the same file where nothing is wide."""
    if plan.unpivot is None:
        return opened
    return replace(opened, rows=_long(plan, opened.rows), head=_long(plan, opened.head), count=None)


def _long(plan: Plan, rows: pl.LazyFrame) -> pl.LazyFrame:
    columns = {} if plan.unpivot is None else plan.unpivot.columns
    place, names = pl.col(_PLACE), list(columns)
    long = rows.with_columns(pl.concat_list([pl.lit(at, dtype=pl.Int64) for at in range(len(names))]).alias(_PLACE))
    alone = [pl.when(place == at).then(pl.col(name)).alias(name) for at, name in enumerate(names)]
    said = place.replace_strict(list(range(len(names))), list(columns.values()), return_dtype=pl.String)
    long = long.explode(_PLACE).with_columns(alone)
    return (
        long.with_columns(
            (pl.col(ROW) * len(names) + place).alias(ROW),
            said.alias(UNFOLDED_NAME),
            pl.coalesce(names).alias(UNFOLDED_VALUE),
        )
        .filter(pl.col(UNFOLDED_VALUE).str.strip_chars().str.len_bytes() > 0)
        .drop(_PLACE)
    )
