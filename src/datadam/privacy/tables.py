"""Checked tables: what they are made of, which of their groups may be told by themselves, what differences tell. Pure.

A *group* is one place in a table: a key in each of its dimensions, or all keys of one. It may be told if enough
contributors are behind it, none of them is too much of it, and the second largest cannot work out the largest: the
threshold, (n, k) and p-percent rules of Hundepool et al., Statistical Disclosure Control (2012), chapter 4. All of them
count distinct contributors, never rows, and a contributor that handed in nothing but zeros counts for its zeros.
What two periods' tables differ by in a group must be made by as many, and must not tell what a newcomer handed in.

None of this is differential privacy: what is told is exact, and protects against the attacks that are named here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import ceil, prod
from typing import Final, TypeAlias

from datadam.errors import DamError, Invalid
from datadam.model import CodeList, Column, Json, Protection, Reason, Standard, Tier, Type
from datadam.privacy import periods
from datadam.privacy.recipe import Key
from datadam.privacy.recipes import public_keys
from datadam.protections import Aggregate, CheckedTable, Gates

LEAST_CONTRIBUTORS: Final = 3  # of two, each knows the other
_MONTHS: Final = 12  # in a year
MOST_GROUPS: Final = 3_000  # of all dimensions together: what is solved for secondary suppression grows with it

LABEL: Final = "not differentially private"
"""Stands in every form in which a checked table leaves."""

Group: TypeAlias = tuple[int | None, ...]
"""The place of a key in each dimension of a layout; None: all keys."""
Place: TypeAlias = tuple[int, ...]
"""A group in all dimensions: rows are of exactly one."""
Parts: TypeAlias = Mapping[str, int]
"""Contributor → what it handed in, in a measure's own integers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When a group may be told by itself; as it stands here, where a standard says nothing else."""

    contributors: int = 5  # distinct ones
    largest: int = 1
    share: Fraction = Fraction(1, 4)  # that so many of the largest hold at most
    percent: Fraction = Fraction(1, 10)  # of the largest: in doubt for the second largest; a share of 1
    months: int = 0  # that pass between the end of a period and its tables

    def tells(self, parts: Parts) -> bool:
        """Whether a group made of these parts may be told: zeros alone may not, they tell each one's zero."""
        values = sorted(parts.values(), reverse=True)
        total = sum(values)
        if len(values) < self.contributors or not total:
            return False
        few = sum(values[: self.largest]) <= self.share * total
        return few and total - values[0] - values[1] >= self.percent * values[0]

    def tells_change(self, now: Parts, before: Parts, withdrawn: int = 0) -> bool:
        """Whether what a group differs by from an earlier one may be told.

        `withdrawn` is what of the earlier one was taken back since: it counts as one contributor's.
        """
        changed = changes(now, before, withdrawn)
        if not changed:
            return True
        if len(changed) < self.contributors:
            return False
        whole = [name for name in changed if (name in now) is not (name in before) or name == _WITHDRAWN]
        for name in whole:  # the difference of somebody who was in both is not what it handed in
            others = sorted((amount for other, amount in changed.items() if other != name), reverse=True)
            if sum(others[1:]) < self.percent * changed[name]:
                return False
        return True

    def margin(self, parts: Parts, *, knows: str | None = None) -> int:
        """How far from the truth a suppressed group must stay in doubt, both ways, for somebody who `knows` its own.

        So much of the largest other contribution as p-percent says: also for who knew all parts of the group but that.
        """
        others = [value for name, value in parts.items() if name != knows]
        return ceil(self.percent * max(others, default=0))


_WITHDRAWN: Final = ""  # no contributor is called so


def changes(now: Parts, before: Parts, withdrawn: int = 0) -> dict[str, int]:
    """By how much what each contributor handed in differs, where it does: nothing and zero do not, in a sum."""
    found = {name: abs(now.get(name, 0) - before.get(name, 0)) for name in sorted({*now, *before})}
    return {name: value for name, value in (*found.items(), (_WITHDRAWN, abs(withdrawn))) if value}


def rules(gates: Gates | None) -> Rules:
    """The rules that a standard's gates declare for its tables; what they leave out is as their preset has it."""
    gates = gates or Gates()
    base = PRESETS.get(gates.preset or "", Rules())
    return Rules(
        contributors=base.contributors if gates.contributors is None else gates.contributors,
        largest=base.largest if gates.largest is None else gates.largest,
        share=base.share if gates.largest_share is None else Fraction(gates.largest_share),
        percent=base.percent if gates.p_percent is None else Fraction(gates.p_percent) / 100,
        months=base.months if gates.months is None else gates.months,
    )


COMPETITION_SAFE: Final = "competition-safe"
PRESETS: Final[Mapping[str, Rules]] = {
    # at least five, none above a quarter (so four equal ones fail), older than three months, aggregates only: the
    # safety zone of Statement 6 of the US agencies' Statements of 1996 (withdrawn in 2023), which others copied
    COMPETITION_SAFE: Rules(contributors=5, largest=1, share=Fraction(1, 4), percent=Fraction(1, 10), months=3),
}


# --- what tables are made of ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One declared table in a layout."""

    name: str
    measure: int  # place in the layout's measures
    by: tuple[int, ...]  # places of its dimensions


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What everybody knows of two measures of any rows: `factor` of one is at most so much as `other_factor` of other.

    Of whole numbers, in the measures' own integers.
    """

    measure: int
    factor: int
    other: int
    other_factor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """All tables of a standard together: they share rows, so they are checked as one."""

    dimensions: tuple[str, ...]
    keys: tuple[tuple[Key, ...], ...]  # of each dimension
    measures: tuple[str | None, ...]  # the column that is summed; None: rows are counted
    tables: tuple[Drawn, ...]
    rules: Rules
    links: tuple[Link, ...] = ()

    def groups(self, table: Drawn) -> Iterator[Group]:
        """Every group of a table; of each dimension all keys in order, then their total; the last runs fastest."""
        choices = [(*range(len(self.keys[place])), None) for place in table.by]
        for chosen in product(*choices):
            at = dict(zip(table.by, chosen, strict=True))
            yield tuple(at.get(place) for place in range(len(self.dimensions)))


def layout(standard: Standard, keys: Mapping[str, Sequence[Key]]) -> Layout:
    """The tables that a standard declares; `keys` are the public keys of each column that they are by."""
    used = {name for table in standard.tables for name in table.by}
    dimensions = tuple(column.name for column in standard.columns if column.name in used)
    weighed = {table.column for table in standard.tables}
    if standard.gates is not None and standard.gates.measured is not None:
        weighed.add(standard.gates.measured)
    measures = (None, *(column.name for column in standard.columns if column.name in weighed))
    measures = measures if None in weighed else measures[1:]
    return Layout(
        dimensions=dimensions,
        keys=tuple(tuple(keys[name]) for name in dimensions),
        measures=measures,
        tables=tuple(
            Drawn(
                name=table.name,
                measure=measures.index(table.column),
                by=tuple(sorted(dimensions.index(name) for name in table.by)),
            )
            for table in standard.tables
        ),
        rules=rules(standard.gates),
        links=tuple(_links(standard, measures)),
    )


def _links(standard: Standard, measures: Sequence[str | None]) -> Iterator[Link]:
    """What a standard itself says of sums: between how much each row holds, and which of two columns is the larger."""
    columns = {name: standard.column(name) for name in measures if name is not None}
    rows = measures.index(None) if None in measures else None
    for name, column in columns.items():
        place = measures.index(name)
        if rows is None:
            continue
        if column.maximum is not None:
            yield Link(measure=place, factor=1, other=rows, other_factor=scaled(column, Decimal(column.maximum)))
        if column.minimum is not None and column.required:
            yield Link(measure=rows, factor=scaled(column, Decimal(column.minimum)), other=place, other_factor=1)
    for rule in standard.rules:
        low, high = (rule.left, rule.right) if rule.op in {"<", "<="} else (rule.right, rule.left)
        both = low in columns and high in columns and columns[low].required and columns[high].required
        if both and rule.op in {"<", "<=", ">", ">="}:
            shared = max(columns[low].scale, columns[high].scale)
            yield Link(
                measure=measures.index(low),
                factor=10 ** (shared - columns[low].scale),
                other=measures.index(high),
                other_factor=10 ** (shared - columns[high].scale),
            )


def _digits(column: Column | None) -> int:
    return column.scale if column is not None and column.type is Type.DECIMAL else 0


def scaled(column: Column | None, value: Decimal) -> int:
    """A quantity as the whole number that it is summed as: so many units of the column's last digit."""
    return int(Fraction(value) * 10 ** _digits(column))  # decimal arithmetic rounds at 28 digits


def unscaled(column: Column | None, value: int) -> str:
    """A sum as people write it: in the column's own unit, with all its digits behind the point."""
    scale = _digits(column)
    digits = f"{value:0{scale + 1}d}"
    return f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTables:
    """The checked tables of one period, as the log tells them."""

    standard: str = field(metadata={"key": True})
    period: str = field(metadata={"key": True})
    version: str  # of the standard, that declared them
    statement: str
    index: int


def due(standard: Standard, period: str) -> datetime:
    """The first instant at which a period's tables may be told: it is over, and as old as the standard's gates say."""
    end = periods.end(period)
    late = end.month - 1 + rules(standard.gates).months
    first = end.replace(year=end.year + late // _MONTHS, month=late % _MONTHS + 1, day=1)
    return first + timedelta(days=end.day - 1)  # a day that its month does not have is one of the next


Held: TypeAlias = Mapping[Place, Mapping[str, Sequence[int | None]]]
"""What was handed in: place → contributor → one integer a measure; None where it has rows and none holds a value."""


def gathered(layout: Layout, held: Held) -> dict[Group, tuple[dict[str, int], ...]]:
    """Each group of any table that has somebody in it: contributor → its sum, a measure each."""
    shapes = sorted({table.by for table in layout.tables})
    found: dict[Group, tuple[dict[str, int], ...]] = {}
    for place, parts in held.items():
        for group in dict.fromkeys(group for by in shapes for group in above(place, by)):
            sums = found.setdefault(group, tuple({} for _ in layout.measures))
            for name, values in parts.items():
                for of, value in zip(sums, values, strict=True):
                    if value is not None:
                        of[name] = of.get(name, 0) + value
    return found


def above(place: Place, by: Sequence[int]) -> Iterator[Group]:
    """Every group by these dimensions that a place is in."""
    for chosen in product(*((place[at], None) for at in by)):
        at = dict(zip(by, chosen, strict=True))
        yield tuple(at.get(dimension) for dimension in range(len(place)))


def cells(table: Json) -> Iterator[tuple[list[tuple[str, Key, bool]], str | None]]:
    """Each group of a published table, in order: its keys (column, key, whether it is all of them), and its value."""
    choices = [
        [*((one["column"], key, False) for key in one["keys"]), (one["column"], None, True)] for one in table["by"]
    ]
    yield from zip(map(list, product(*choices)), table["values"], strict=True)


def explained(standard: Standard) -> tuple[Reason, ...]:
    """What a clean standard's tables tell and keep, as far as it alone says."""
    held = rules(standard.gates)
    told = [
        f"{table.name} ({table.column or table.aggregate}{': ' if table.by else ''}{' × '.join(table.by)})"
        for table in standard.tables
    ]
    limits = {"contributors": held.contributors, "largest": held.largest, "months": held.months}
    shares = {"share": decimal(held.share * 100), "percent": decimal(held.percent * 100)}
    return (
        Reason("done.tables-told", {"tables": ", ".join(told), "period": standard.bounds.period or ""}),
        Reason("done.tables-rules", {**limits, **shares}),
        Reason("done.tables-not", {}),
    )


def decimal(share: Fraction) -> str:
    """A share as people write it."""
    return f"{(Decimal(share.numerator) / share.denominator).normalize():f}"


# --- what may be declared ---------------------------------------------------------------------------------------------


def faults(standard: Standard, codes: Mapping[str, CodeList]) -> Iterator[DamError]:
    """Everything that is wrong with a standard's tables and the gates that they are published by."""
    if standard.tier is not Tier.TABLES:
        if standard.tables:
            yield Invalid("table.other-tier", tier=str(standard.tier))
        return
    if not standard.tables:
        yield Invalid("table.none")
    names = [table.name for table in standard.tables]
    yield from (
        Invalid("table.names-repeated", table=name) for name in sorted({n for n in names if names.count(n) > 1})
    )
    for table in standard.tables:
        yield from _table_faults(standard, table, codes)
    if (fault := size_fault(standard, codes)) is not None:
        yield fault
    yield from _gate_faults(standard.gates or Gates())


def size_fault(standard: Standard, codes: Mapping[str, CodeList]) -> DamError | None:
    """Too many groups: all dimensions of a standard's tables together are solved for at once."""
    used = {name for table in standard.tables for name in table.by}
    keys = [public_keys(column, codes) or () for column in standard.columns if column.name in used]
    groups = prod(map(len, keys))
    return Invalid("table.too-large", groups=groups, most=MOST_GROUPS) if groups > MOST_GROUPS else None


def _table_faults(standard: Standard, table: CheckedTable, codes: Mapping[str, CodeList]) -> Iterator[DamError]:
    columns = {column.name: column for column in standard.columns}
    if table.aggregate not in {Aggregate.COUNT, Aggregate.SUM} or (table.aggregate is Aggregate.SUM) is not bool(
        table.column
    ):
        yield Invalid("table.aggregate", table=table.name, aggregate=str(table.aggregate))
    for name in table.by:
        if name not in columns or table.by.count(name) > 1 or public_keys(columns[name], codes) is None:
            yield Invalid("table.by-wrong", table=table.name, column=name)
    if table.column and (table.column not in columns or not _is_summed(columns[table.column])):
        yield Invalid("table.column-not-summed", table=table.name, column=table.column)


def _is_summed(column: Column) -> bool:
    """Exact, and never below zero: who holds most of a sum is not to be said where parts cancel."""
    exact = column.type in {Type.INTEGER, Type.DECIMAL} and column.protection is Protection.KEEP
    return exact and isinstance(column.minimum, Decimal) and column.minimum >= 0


def _gate_faults(gates: Gates) -> Iterator[DamError]:
    held = rules(gates)
    if held.contributors < LEAST_CONTRIBUTORS:
        yield Invalid("table.contributors-few", contributors=held.contributors, least=LEAST_CONTRIBUTORS)
    if held.largest >= held.contributors:
        yield Invalid("table.largest-all", largest=held.largest, contributors=held.contributors)
    yield from _preset_faults(gates)


def _preset_faults(gates: Gates) -> Iterator[DamError]:
    """A standard that names a preset may only be stricter than it."""
    if gates.preset is None:
        return
    asked, held = PRESETS.get(gates.preset), rules(gates)
    if asked is None:
        yield Invalid("table.preset-unknown", preset=gates.preset[:40], known=", ".join(PRESETS))
        return
    weaker = held.contributors < asked.contributors or held.share > asked.share or held.percent < asked.percent
    if weaker or held.largest < asked.largest or held.months < asked.months:
        yield Invalid("table.preset-weaker", preset=gates.preset)
