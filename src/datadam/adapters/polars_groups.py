"""The Groups port on Polars: rows are gathered by what they share, and gates judge what each group shows.

1. gather   one streaming pass: (identifying values, contributor, stage, unit, sensitive value) → how many rows
2. open     stage by stage, up to which one the rows of each group leave (`grouping.openings`, for all groups at once)
3. hold     what then leaves of a group must pass every gate; the dominance rules see only groups that pass the others

Where rows supersede, only keys that come more than once are held as rows. Whatever is counted is exact.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl

from datadam.adapters.parquet_schema import polars_type, stored_schema
from datadam.adapters.polars_parts import scanned
from datadam.model import Column
from datadam.ports import GroupOrder, Measured, SharePart
from datadam.privacy import grouping
from datadam.privacy.grouping import NEVER, Group, Opening
from datadam.protections import Gates

BUNCH_BYTES: Final = 48 * 2**20  # of stored files read together, as a share does
_FACTS: Final = ("_who", "_stage", "_until", "_key", "_age", "_unit", "_value", "_rows", "_weight")
_ALWAYS: Final = 2**31 - 1  # the stage before which a row that nothing supersedes is superseded
_AGE_ROWS: Final = 2**40  # more rows than any one deposit has
_WHOLE: Final = pl.Decimal(38, 0)

_Marks = np.ndarray[Any, np.dtype[np.int64]]


class PolarsGroups:
    """Judges stored files."""

    def leaving(self, order: GroupOrder) -> Mapping[tuple[Any, ...], int]:
        """The groups of which rows leave, by their identifying values, each with the last stage whose rows do."""
        found = judged(order).filter("_leaves")
        names = list(order.gates.identifying)
        return dict(zip(found.select(names).rows(), found["_upto"].to_list(), strict=True))

    def gather(self, order: GroupOrder) -> "PolarsGathered":
        """All rows by their identifying values, unit and sensitive value; of rows that hold the same, one is kept."""
        return PolarsGathered(_facts(order), order)


class GroupGate:
    """Lets the rows of a share through whose groups leave."""

    def __init__(self, order: GroupOrder) -> None:
        """Judge all groups now."""
        self._names = list(order.gates.identifying)
        self._groups = judged(order)

    def opened(self, rows: pl.LazyFrame, stage: int) -> pl.LazyFrame:
        """The rows of a stage whose groups are open up to it, each with whether its group holds: `_leaves`."""
        open_now = self._groups.filter(pl.col("_upto") >= stage).drop("_upto").lazy()
        return rows.join(open_now, on=self._names, how="inner", nulls_equal=True, maintain_order="none")

    def held(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Of rows that nothing newer supersedes, those whose groups hold."""
        return rows.filter("_leaves")


def judged(order: GroupOrder) -> pl.DataFrame:
    """A row for each group: its identifying values, `_upto` (the last stage whose rows leave), `_leaves`."""
    names = list(order.gates.identifying)
    facts = _facts(order)
    groups = facts.select(names).unique().with_row_index("_group")
    facts = facts.join(groups, on=names, nulls_equal=True).drop(names)
    upto = _opened(facts, order, groups.height)
    groups = groups.with_columns(_upto=pl.Series(upto, dtype=pl.Int64))
    there = _visible(facts.filter(pl.col("_stage") <= pl.Series(upto[facts["_group"].to_numpy()], dtype=pl.Int64)))
    holding = _holding(there, order)
    return groups.with_columns(_leaves=pl.col("_group").is_in(holding.implode())).drop("_group")


# --- 1. gather --------------------------------------------------------------------------------------------------------


def _facts(order: GroupOrder) -> pl.DataFrame:
    """What the rows show: identifying values, `_who`, `_stage`, `_until`, `_unit`, `_value`, `_rows`, `_weight`.

    `_key` and `_age` tell rows whose key came again, of each its own; they are null for all others.
    """
    return pl.concat([rows.collect(engine="streaming") for rows in _bunches(order)])


def _bunches(order: GroupOrder) -> Iterator[pl.LazyFrame]:
    """The facts of some files at a time."""
    who = {one: number for number, one in enumerate(dict.fromkeys(part.contributor for part in order.files))}
    held, size = list[pl.LazyFrame](), 0
    for parts in _together(order):
        for rows in _contributors(order, parts, who[parts[0].contributor]):
            held.append(rows)
        size += sum(part.path.stat().st_size for part in parts)
        if size > BUNCH_BYTES:
            yield pl.concat(held)
            held, size = [], 0
    if held or not order.files:
        yield pl.concat(held or [_told(order, _nothing(order), 0, 0)])


def _together(order: GroupOrder) -> Iterator[list[SharePart]]:
    """The parts that are looked at together: where rows supersede, all of one contributor."""
    found: dict[tuple[str, str], list[SharePart]] = {}
    for part in sorted(order.files, key=lambda part: (part.sequence, str(part.path))):
        found.setdefault((part.contributor, part.tag), []).append(part)
    yield from found.values()


def _contributors(order: GroupOrder, parts: Sequence[SharePart], who: int) -> Iterator[pl.LazyFrame]:
    """The rows of one contributor as they are gathered."""
    if not order.supersede or len(parts) == 1:
        for one, rows in scanned(order.columns, parts):
            yield _told(order, rows, who, one.stage)
        return
    position = {str(part.path): place for place, part in enumerate(parts)}
    age = pl.col("_path").replace_strict(position, return_dtype=pl.Int64) * _AGE_ROWS + pl.col("_row")
    scans = [(one, rows.with_columns(_age=age)) for one, rows in scanned(order.columns, parts, "_path")]
    keyed = pl.concat([rows.select("_key", "_age", _stage=pl.lit(one.stage)) for one, rows in scans])
    repeats = keyed.filter(pl.col("_key").is_not_null()).group_by("_key").len().filter(pl.col("len") > 1)
    again = (  # only keys that come more than once are held in memory
        keyed.join(repeats, on="_key", how="semi")
        .sort("_age")
        .with_columns(_until=pl.col("_stage").shift(-1).over("_key").fill_null(_ALWAYS).cast(pl.Int32))
        .select("_key", "_age", "_until")
        .collect()
    )
    for one, rows in scans:
        joined = rows.join(again.lazy(), on=["_key", "_age"], how="left", maintain_order="none")
        yield _told(order, joined, who, one.stage, again=True)


def _told(order: GroupOrder, rows: pl.LazyFrame, who: int, stage: int, *, again: bool = False) -> pl.LazyFrame:
    """The rows of one contributor and stage that show the same become one fact; `again`: keys may come again."""
    gates = order.gates
    constant = {
        "_who": pl.lit(who, dtype=pl.Int32),
        "_stage": pl.lit(stage, dtype=pl.Int32),
        "_until": pl.lit(_ALWAYS, dtype=pl.Int32),
        "_key": pl.lit(None, dtype=pl.Binary),
        "_age": pl.lit(None, dtype=pl.Int64),
        "_unit": pl.lit(who, dtype=pl.Int32),
        "_value": pl.lit(None, dtype=pl.Boolean),
        "_weight": pl.lit(0, dtype=_WHOLE),
    }
    drawn: dict[str, pl.Expr] = {}
    if again:
        repeated = pl.col("_until").is_not_null()
        drawn["_until"] = pl.col("_until").fill_null(_ALWAYS)
        drawn |= {name: pl.when(repeated).then(pl.col(name)) for name in ("_key", "_age")}
    if order.unit not in {None, "contributor"}:
        drawn["_unit"] = pl.col(str(order.unit))
    if gates.sensitive is not None:
        drawn["_value"] = pl.col(gates.sensitive)
    summed = [pl.len().cast(pl.Int64).alias("_rows")]
    if grouping.weighed(gates):
        constant.pop("_weight")
        summed.append(_weight(order).alias("_weight"))
    same = [*gates.identifying, *(expression.alias(name) for name, expression in drawn.items())]
    columns = [*gates.identifying, *_FACTS]
    return (
        rows.group_by(same)
        .agg(summed)
        .with_columns(*(value.alias(name) for name, value in constant.items() if name not in drawn))
        .select(columns)
    )


def _nothing(order: GroupOrder) -> pl.LazyFrame:
    return pl.LazyFrame(schema={name: polars_type(kind) for name, kind in stored_schema(order.columns).items()})


def _weight(order: GroupOrder) -> pl.Expr:
    """What rows weigh together in the dominance rules: how far from nothing what is measured is, exactly; or one."""
    if order.gates.measured is None:
        return pl.len().cast(_WHOLE)
    column = _column(order, order.gates.measured)
    exact = pl.col(column.name).cast(pl.Decimal(38, column.scale)).fill_null(0)
    return pl.when(exact < 0).then(-exact).otherwise(exact).sum()


def _column(order: GroupOrder, name: str) -> Column:
    return next(column for column in order.columns if column.name == name)


# --- 2. open ----------------------------------------------------------------------------------------------------------


def _opened(facts: pl.DataFrame, order: GroupOrder, groups: int) -> _Marks:
    """`grouping.openings` for all groups at once: the last stage of each."""
    surely = np.full(groups, NEVER, np.int64)
    perhaps = surely.copy()
    for stage, end in enumerate(order.ends):
        if end is Opening.NOT:
            continue
        here = facts.filter((pl.col("_stage") <= stage) & (pl.col("_until") > stage))
        sure = _suffices(here, order, perhaps) if end is Opening.SURE else np.zeros(groups, np.bool_)
        maybe = np.array([grouping.shaken(order.left, after, stage) for after in range(NEVER, stage)])[surely + 1]
        if end is Opening.PERHAPS or grouping.shaken(order.left, NEVER, stage):
            doubted = perhaps > surely if end is Opening.SURE else np.ones(groups, np.bool_)
            maybe |= doubted & _suffices(here, order, surely)
        perhaps[sure | maybe] = stage
        surely[sure] = stage
    return surely


def _suffices(here: pl.DataFrame, order: GroupOrder, after: _Marks) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Of which groups the rows that came after its mark are of enough units and values."""
    new = here.filter(pl.col("_stage") > pl.Series(after[here["_group"].to_numpy()], dtype=pl.Int64))
    counted = _counted(new, order)
    found = np.zeros(len(after), np.bool_)
    found[counted.filter(_enough(order))["_group"].to_numpy()] = True
    return found


def _counted(facts: pl.DataFrame, order: GroupOrder, by: str = "_group") -> pl.DataFrame:
    """`_units` and `_values` of each group that has any fact."""
    if order.unit is None:
        units = facts.group_by(by).agg(_units=pl.col("_rows").sum())
    else:
        once = facts.select(by, "_unit").unique()
        units = once.group_by(by).agg(_units=pl.col("_unit").count())  # a row without a unit is none
    if order.gates.sensitive is None:
        return units.with_columns(_values=pl.lit(0, dtype=pl.UInt32))
    once = facts.select(by, "_value").unique()
    return units.join(once.group_by(by).agg(_values=pl.col("_value").count()), on=by)


def _enough(order: GroupOrder) -> pl.Expr:
    """`grouping.enough`."""
    least = grouping.least_units(order.gates)
    return (pl.col("_units") >= least) & (pl.col("_values") >= (order.gates.diversity or 0))


# --- 3. hold ----------------------------------------------------------------------------------------------------------


def _visible(facts: pl.DataFrame) -> pl.DataFrame:
    """Of rows whose key came again the newest that leaves, of each contributor."""
    again = facts.filter(pl.col("_key").is_not_null())
    newest = again.group_by("_who", "_key").agg(pl.col("_age").max())
    return pl.concat([facts.filter(pl.col("_key").is_null()), again.join(newest, on=["_who", "_key", "_age"])])


def _holding(there: pl.DataFrame, order: GroupOrder) -> pl.Series:
    """The groups that pass every gate."""
    counted = _counted(there, order).filter(_enough(order))
    if not grouping.weighed(order.gates):
        return counted["_group"]
    weights = there.group_by("_group", "_who").agg(pl.col("_weight").sum()).group_by("_group").agg("_weight")
    groups = counted.join(weights, on="_group").select("_group", "_units", "_values", "_weight")
    passing = [
        number
        for number, units, values, weighed in groups.iter_rows()
        if grouping.holds(order.gates, Group(units=units, values=values, weights=tuple(weighed)))
    ]
    return pl.Series(passing, dtype=pl.UInt32)


# --- gathered rows ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Coded:
    """An identifying column by number: its distinct values, and which one each fact holds."""

    values: pl.Series
    numbers: np.ndarray[Any, Any]


class PolarsGathered:
    """Facts whose identifying values are numbered, so that coarser ones are told by numbers alone."""

    def __init__(self, facts: pl.DataFrame, order: GroupOrder) -> None:
        """Look at these facts."""
        self._order, self._facts = order, facts

    @cached_property
    def _columns(self) -> dict[str, _Coded]:
        return {name: _coded(self._facts[name]) for name in self._order.gates.identifying}

    def values(self, column: str) -> Sequence[Any]:
        """The distinct values of an identifying column, in the order of their numbers."""
        return self._columns[column].values.to_list()

    def measure(self, gates: Gates, coarser: Mapping[str, Sequence[int]]) -> Measured:
        """What the gates leave where columns are coarser, and the smallest group."""
        by = ["_group"] if coarser else list(self._order.gates.identifying)
        facts = self._facts.with_columns(_group=pl.Series(self._places(coarser))) if coarser else self._facts
        counted = _sized(facts, self._order, by)
        enough = (pl.col("_units") >= grouping.least_units(gates)) & (pl.col("_values") >= (gates.diversity or 0))
        return Measured(
            rows=int(counted["_rows"].sum()),
            kept=int(counted.filter(enough)["_rows"].sum()),
            units=min(counted["_units"].to_list(), default=0),
            values=min(counted["_values"].to_list(), default=0),
        )

    def _places(self, coarser: Mapping[str, Sequence[int]]) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The group of each fact, where columns are coarser."""
        place = np.zeros(self._facts.height, np.int64)
        for name, column in self._columns.items():
            mapped = np.asarray(coarser.get(name, range(len(column.values))), np.int64)
            place = place * (int(mapped.max(initial=0)) + 1) + mapped[column.numbers]
            place = np.unique(place, return_inverse=True)[1].astype(np.int64)  # so that products stay small
        return place


def _sized(facts: pl.DataFrame, order: GroupOrder, by: Sequence[str]) -> pl.DataFrame:
    """`_units`, `_values` and `_rows` of each group."""
    valued = order.gates.sensitive is not None
    values = pl.col("_value").drop_nulls().n_unique() if valued else pl.lit(0, dtype=pl.UInt32)
    sized = facts.group_by(by).agg(pl.col("_rows").sum(), values.alias("_values"))
    if order.unit is None:
        return sized.with_columns(_units=pl.col("_rows"))
    once = facts.select(*by, "_unit").unique()
    return sized.join(once.group_by(by).agg(_units=pl.col("_unit").count()), on=by, nulls_equal=True)


def _coded(values: pl.Series) -> _Coded:
    once = values.unique(maintain_order=False).rename("value").to_frame().with_row_index("number")
    numbers = (
        values.rename("value").to_frame().join(once, on="value", how="left", nulls_equal=True, maintain_order="left")
    )
    return _Coded(once["value"], numbers["number"].to_numpy())
