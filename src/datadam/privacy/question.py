"""The closed grammar of private questions: a small typed tree, read from JSON, checked, canonical. Pure.

There is no SQL, no expression and no join; what is not in here cannot be asked. Everything that is refused here is
refused for the question and the standard alone: no row has been looked at, and nothing is charged. Numbers are decimal
texts (`"0.05"`) or whole numbers, never floats, so that a question is the same wherever it was written down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import prod
from typing import Final

from datadam import seal
from datadam.errors import Invalid
from datadam.model import Json, Standard, Tier
from datadam.privacy import conditions, periods, reading
from datadam.privacy.recipe import Key, Recipe
from datadam.privacy.sensitivity import ends, micro, rho_for, said
from datadam.protections import Aggregate, Budget, Clip

MAX_CELLS: Final = 100_000  # of an answer; noise for them takes about 1.5 CPU s
MAX_BY: Final = 5
MAX_CONDITIONS: Final = 16
MAX_EDGES: Final = 200
MAX_QUANTILES: Final = 20
MAX_SIZE: Final = 131_072  # bytes of the canonical question, which stands in the answer
MAX_PERIODS: Final = 400  # a year of days, and a month
BINS: Final = 50
"""Into how many equal bins a clip is divided where a question names no edges."""

_COST_DIGITS: Final = 6  # a micro-rho, or a millionth of an epsilon
_FIELDS: Final = frozenset(
    {"standard", "aggregate", "column", "by", "where", "at", "edges", "periods", "rho", "epsilon"}
)
_COLUMN: Final = frozenset({Aggregate.SUM, Aggregate.MEAN, Aggregate.QUANTILES, Aggregate.HISTOGRAM})
_BINNED: Final = frozenset({Aggregate.QUANTILES, Aggregate.HISTOGRAM})
_KEYED_OPENLY: Final = frozenset({Aggregate.COUNT, Aggregate.DISTINCT})


class Operator(StrEnum):
    """How a condition compares; a row without a value holds no condition but `in` with null."""

    IN = "in"
    AT_LEAST = ">="
    AT_MOST = "<="


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition on one declared column; a question's conditions all hold for each row that counts."""

    column: str
    operator: Operator
    values: tuple[Key | Decimal, ...]  # ascending; exactly one, but of `in`


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One private question in canonical form: two that mean the same are equal."""

    standard: str
    aggregate: Aggregate
    column: str | None = None  # of sum, mean, quantiles and histogram
    by: tuple[str, ...] = ()  # in the standard's order of columns
    where: tuple[Condition, ...] = ()  # ordered by column, then operator
    at: tuple[Decimal, ...] = ()  # of quantiles: which, ascending, between 0 and 1
    edges: tuple[Decimal, ...] = ()  # of histogram and quantiles: where bins begin, ascending; the last edge ends
    periods: tuple[str, ...] = ()  # of admission, ascending: `2026-Q3`
    rho: int = 0  # what it may cost, in micro-rho


# --- write ------------------------------------------------------------------------------------------------------------


def told(question: Question) -> Json:
    """A question as JSON, which `read` reads back: what is empty is left out."""
    found: dict[str, object] = {
        "standard": question.standard,
        "aggregate": str(question.aggregate),
        "column": question.column,
        "by": list(question.by),
        "where": [
            {"column": one.column, "operator": str(one.operator), "values": [_plain(value) for value in one.values]}
            for one in question.where
        ],
        "at": [_plain(one) for one in question.at],
        "edges": [_plain(one) for one in question.edges],
        "periods": list(question.periods),
        "rho": said(question.rho),
    }
    return {name: value for name, value in found.items() if value is not None and value != []}


def canonical(question: Question) -> bytes:
    """The RFC 8785 bytes of a question: the same for any two that mean the same."""
    return seal.canonical(told(question))


def digest(question: Question) -> str:
    """The SHA-256 of the canonical bytes."""
    return seal.digest(canonical(question))


def _plain(value: Key | Decimal) -> Key:
    return f"{value:f}" if isinstance(value, Decimal) else value


# --- read -------------------------------------------------------------------------------------------------------------


def read(sent: object, standard: Standard, recipe: Recipe) -> Question:
    """A question from parsed JSON, in canonical form; the first thing that is wrong with it is `Invalid`."""
    fields = reading.an_object(sent, "question", _FIELDS)
    budget, length = standard.budget, standard.bounds.period
    if standard.tier is not Tier.ANSWERS or budget is None or length is None:
        raise Invalid("private.no-answers", standard=str(standard.id))
    if fields.get("standard", recipe.standard) != recipe.standard:
        raise Invalid("private.other-standard", standard=recipe.standard)
    aggregate = reading.one_of(fields, "aggregate", Aggregate)
    column = _column(fields, aggregate, recipe)
    by = _by(fields, aggregate, standard, recipe)
    clip = recipe.sums[column] if column is not None else None
    edges = _edges(fields, aggregate, clip)
    _check_cells(by, edges, recipe)
    found = Question(
        standard=recipe.standard,
        aggregate=aggregate,
        column=column,
        by=by,
        where=_where(fields, standard, recipe, column),
        at=_at(fields, aggregate),
        edges=edges,
        periods=_periods(fields, length),
        rho=_rho(fields, budget),
    )
    if len(canonical(found)) > MAX_SIZE:
        raise Invalid("private.question-too-large", limit=MAX_SIZE)
    return found


def _column(fields: Mapping[str, object], aggregate: Aggregate, recipe: Recipe) -> str | None:
    if aggregate not in _COLUMN:
        reading.absent(fields, "column", aggregate)
        return None
    column = reading.a_text(fields.get("column"), "column")
    if column not in recipe.sums:
        raise Invalid("private.not-summable", column=column, columns=sorted(recipe.sums))
    return column


def _by(fields: Mapping[str, object], aggregate: Aggregate, standard: Standard, recipe: Recipe) -> tuple[str, ...]:
    names = {
        reading.a_text(one, "by")
        for one in reading.a_list(fields.get("by", []), "by", limit=len(standard.columns) + MAX_BY)
    }
    for name in sorted(names):
        if name not in recipe.keys and name not in recipe.open:
            raise Invalid("private.not-groupable", column=name, columns=sorted({*recipe.keys, *recipe.open}))
    if len(names) > MAX_BY:
        raise Invalid("private.too-many", field="by", limit=MAX_BY)
    opened = sorted(names & set(recipe.open))
    if opened and (len(names) > 1 or aggregate not in _KEYED_OPENLY):
        raise Invalid("private.open-alone", column=opened[0])
    return tuple(column.name for column in standard.columns if column.name in names)


def _where(
    fields: Mapping[str, object], standard: Standard, recipe: Recipe, column: str | None
) -> tuple[Condition, ...]:
    given: list[conditions.Given] = []
    for place, one in enumerate(reading.a_list(fields.get("where", []), "where", limit=MAX_CONDITIONS), 1):
        at = f"where {place}"
        parts = reading.an_object(one, at, frozenset({"column", "operator", "values"}))
        given.append(
            conditions.Given(
                column=reading.a_text(parts.get("column"), f"{at}, column"),
                operator=str(reading.one_of(parts, "operator", Operator)),
                values=tuple(reading.a_list(parts.get("values"), f"{at}, values", limit=conditions.MAX_KEYS)),
            )
        )
    return tuple(
        Condition(column=name, operator=Operator(operator), values=values)
        for name, operator, values in conditions.folded(given, standard, recipe, counted=column)
    )


def _at(fields: Mapping[str, object], aggregate: Aggregate) -> tuple[Decimal, ...]:
    if aggregate is not Aggregate.QUANTILES:
        reading.absent(fields, "at", aggregate)
        return ()
    found = _numbers(fields.get("at"), "at", limit=MAX_QUANTILES)
    if not found:
        raise Invalid("private.empty", field="at")
    if not all(0 < one < 1 for one in found):
        raise Invalid("private.at-range")
    return found


def _edges(fields: Mapping[str, object], aggregate: Aggregate, clip: Clip | None) -> tuple[Decimal, ...]:
    if aggregate not in _BINNED or clip is None:
        reading.absent(fields, "edges", aggregate)
        return ()
    low, high = ends(clip)
    if "edges" not in fields:
        found = {low + (high - low) * step // BINS for step in range(BINS + 1)}
    else:
        found = {_fixed(one, clip) for one in _numbers(fields["edges"], "edges", limit=MAX_EDGES)}
    if not all(low <= one <= high for one in found):
        raise Invalid("private.edge-outside", lowest=f"{clip.lowest:f}", highest=f"{clip.highest:f}")
    if aggregate is Aggregate.QUANTILES:
        found |= {low, high}  # every value is in a bin
    if len(found) < 2:  # noqa: PLR2004  (a bin has two ends)
        raise Invalid("private.edges-few")
    return tuple(conditions.unfixed(one, clip) for one in sorted(found))


def _fixed(edge: Decimal, clip: Clip) -> int:
    found = Fraction(edge) * 10**clip.scale
    if found.denominator != 1:
        raise Invalid("private.number-digits", field="edges", digits=clip.scale)
    return int(found)


def _periods(fields: Mapping[str, object], length: str) -> tuple[str, ...]:
    sent = reading.a_list(fields.get("periods"), "periods", limit=MAX_PERIODS)
    if not sent:
        raise Invalid("private.empty", field="periods")
    return tuple(sorted({periods.check(reading.a_text(one, "periods"), length) for one in sent}))


def _rho(fields: Mapping[str, object], budget: Budget) -> int:
    if ("rho" in fields) == ("epsilon" in fields):
        raise Invalid("private.cost-once")
    field = "rho" if "rho" in fields else "epsilon"
    cost = reading.a_number(fields[field], field)
    if cost != cost.quantize(Decimal(1).scaleb(-_COST_DIGITS)):
        raise Invalid("private.number-digits", field=field, digits=_COST_DIGITS)
    most = micro(budget.period)
    if cost <= 0:
        raise Invalid("private.rho-range", least=said(1))
    rho = micro(cost) if field == "rho" else rho_for(cost, Fraction(budget.delta))
    if rho < 1:
        raise Invalid("private.rho-range", least=said(1))
    if rho > most:
        raise Invalid("private.rho-too-large", most=said(most))
    return rho


def _numbers(sent: object, field: str, *, limit: int) -> tuple[Decimal, ...]:
    """Numbers, each once, ascending; ones that are equal are written the same."""
    return tuple(sorted({reading.a_number(one, field).normalize() for one in reading.a_list(sent, field, limit=limit)}))


def _check_cells(by: Sequence[str], edges: Sequence[Decimal], recipe: Recipe) -> None:
    """Refuse a tally of too many cells: of public keys alone, for an open column tells none."""
    cells = prod(len(recipe.keys[name]) for name in by if name in recipe.keys) * max(len(edges) - 1, 1)
    if cells > MAX_CELLS:
        raise Invalid("private.cells-too-many", cells=cells, limit=MAX_CELLS)
