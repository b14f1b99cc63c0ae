"""Ladders: how a column could be coarser, step by step, up to leaving it out; and which steps gates would need. Pure.

Each step is coarser than the one before and can be done to what that one leaves (`coarsening.nests`), so that a row's
group only grows. What is proposed is a steward's to decide: it says what is lost, never what is worth it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeAlias

from datadam import coarsening
from datadam.model import Coarsening, CodeList, Column, Period, Protection, Type
from datadam.privacy import lattice

MAX_STEPS: Final = 6  # of one ladder, before leaving out
MAX_BANDS: Final = 100  # that a first step leaves of a quantity: more would join nobody with anybody
MOST: Final = 10  # proposals that are made

Codes: TypeAlias = Mapping[str, CodeList]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a column's ladder."""

    column: Column  # as it would be declared
    said: str  # in a contract's own words; nothing for the column as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Coarser columns with which gates hold, none of which could be finer."""

    steps: tuple[int, ...]  # climbed, of each identifying column
    said: Mapping[str, str]  # column → how coarse; those that stay are left out
    suppressed: Fraction  # the share of rows whose groups still do not hold


def propose(
    ladders: Mapping[str, Sequence[Step]],
    values: Callable[[str], Sequence[Any]],
    measure: Callable[[Mapping[str, Sequence[int]]], tuple[int, int]],
    codes: Codes,
    most: Fraction,
) -> tuple[Proposal, ...]:
    """The least coarse columns with which at most a share `most` of rows is suppressed, those that climb least first.

    `values` gives a column's values; `measure` says of coarser ones, numbered, how many rows there are and are kept.
    """
    names = list(ladders)
    numbered = {name: [numbers(step, values(name), codes) for step in steps] for name, steps in ladders.items()}
    told: dict[lattice.Node, Fraction] = {}

    def holds(node: lattice.Node) -> bool:
        rows, kept = measure({name: numbered[name][at] for name, at in zip(names, node, strict=True) if at})
        told[node] = Fraction(rows - kept, rows) if rows else Fraction(0)
        return told[node] <= most

    found = lattice.minimal([len(ladders[name]) - 1 for name in names], holds)
    proposals = [
        Proposal(
            steps=node,
            said={name: ladders[name][at].said for name, at in zip(names, node, strict=True) if at},
            suppressed=told[node],
        )
        for node in found
    ]
    tops = [max(len(ladders[name]) - 1, 1) for name in names]

    def climbed(one: Proposal) -> tuple[Fraction, Fraction]:
        """How much is lost: of each ladder the share that is climbed, then the rows."""
        return sum((Fraction(at, top) for at, top in zip(one.steps, tops, strict=True)), Fraction(0)), one.suppressed

    return tuple(sorted(proposals, key=climbed)[:MOST])


# --- ladders ----------------------------------------------------------------------------------------------------------


def ladder(column: Column, values: Sequence[Any], codes: Codes) -> tuple[Step, ...]:
    """The steps of a column: as it is, each coarser form that it could have, and last without it."""
    steps = [Step(column=column, said="")]
    if column.protection in {Protection.KEEP, Protection.COARSEN}:
        forms = (
            replace(column, protection=Protection.COARSEN, coarsening=how) for how in _forms(column, values, codes)
        )
        steps += [
            Step(column=form, said=coarsening.shown(form)) for form in forms if not [*coarsening.faults(form, codes)]
        ]
    dropped = replace(column, protection=Protection.DROP, coarsening=None)
    return (*steps[: MAX_STEPS + 1], Step(column=dropped, said=str(Protection.DROP)))


def _forms(column: Column, values: Sequence[Any], codes: Codes) -> list[Coarsening]:
    now = column.coarsening
    if column.type in {Type.DATE, Type.TIMESTAMP}:
        found = [Coarsening(period=period) for period in (Period.DAY, Period.MONTH, Period.QUARTER, Period.YEAR)]
    elif column.type in {Type.INTEGER, Type.DECIMAL}:
        found = _bands(column, [Fraction(one) for one in values if one is not None])
    else:
        below = column.codes if now is None else now.codes  # groups of its own are in no list
        return [Coarsening(codes=name) for name in _above(below, codes)]
    return [how for how in found if now is None or (how != now and coarsening.nests(now, how))]


def _bands(column: Column, values: Sequence[Fraction]) -> list[Coarsening]:
    """Bands of 5, 10, 50, 100 … of what the column is told in now: each is whole ones of the one before."""
    span = max(values, default=Fraction(0)) - min(values, default=Fraction(0))
    now = column.coarsening
    if now is not None and now.edges:
        last = list(now.edges)
        halves = []
        while len(last) > 2:  # noqa: PLR2004  (two bands are the fewest)
            last = last[::2]
            halves.append(Coarsening(edges=tuple(last)))
        return halves
    unit = now.width if now is not None and now.width is not None else Decimal(1).scaleb(-column.scale)
    widths = [unit * 5 ** (place % 2) * Decimal(10) ** (place // 2) for place in range(1, 60)]
    apt = [one for one in widths if span / MAX_BANDS <= Fraction(one) <= span]
    return [Coarsening(width=one.normalize() + 0) for one in apt[:MAX_STEPS]]


def _above(name: str | None, codes: Codes) -> list[str]:
    """The lists that a list's codes are grouped in, the finest first."""
    found: list[str] = []
    while name is not None and name in codes and (name := codes[name].above) is not None and name not in found:
        found.append(name)
    return found


# --- values -----------------------------------------------------------------------------------------------------------


def numbers(step: Step, values: Sequence[Any], codes: Codes) -> list[int]:
    """For each stored value the number of what it becomes; equal ones become the same."""
    become = [_becomes(step.column, value, codes) for value in values]
    places = {one: number for number, one in enumerate(dict.fromkeys(become))}
    return [places[one] for one in become]


def _becomes(column: Column, value: Any, codes: Codes) -> Any:  # noqa: ANN401  (whatever a column holds)
    how = column.coarsening
    if column.protection is Protection.DROP or value is None or how is None:
        return None if column.protection is Protection.DROP else value
    if isinstance(value, date):
        day = value.date() if isinstance(value, datetime) else value
        return day if how.period is None else coarsening.coarse_day(how.period, day)
    if isinstance(value, str):
        return _group(column, value, codes)
    return coarsening.lower_edge(how, Decimal(value))


def _group(column: Column, value: str, codes: Codes) -> str:
    """The group of a code, or of the group that it is stored as already."""
    found = coarsening.groups_of(column, codes)
    for stored in _above(column.codes, codes):
        finer = coarsening.groups_of(replace(column, coarsening=Coarsening(codes=stored)), codes)
        found |= coarsening.again(finer, found) or {}
    return found.get(value, value)
