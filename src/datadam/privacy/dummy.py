"""Rows that are nobody's: drawn from a standard alone, so that whoever will ask can try it out for nothing. Pure.

They have the standard's columns, keys and ranges, and nothing of what was deposited: each value is drawn on its own,
evenly, from a seed that everybody knows. What they show of the world is nothing.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeAlias

from datadam.errors import Invalid
from datadam.model import Standard, Type
from datadam.privacy import answering
from datadam.privacy.answering import Estimate, Tally
from datadam.privacy.question import Question
from datadam.privacy.recipe import Key, Recipe
from datadam.protections import Aggregate

MAX_ROWS: Final = 10_000  # 0.04 CPU s of eight columns
UNIT: Final = "unit"
_EMPTY: Final = 0.05  # of the values that may be missing
_OPEN_KEYS: Final = 20
_ROWS_A_UNIT: Final = 4

Row: TypeAlias = Mapping[str, Key | Decimal]


def rows(standard: Standard, recipe: Recipe, count: int, *, seed: int = 0) -> Iterator[Row]:
    """So many rows; the same arguments give the same ones. `unit` tells whose they are, made up too."""
    if not 0 < count <= MAX_ROWS:
        raise Invalid("private.dummy-rows", rows=count, limit=MAX_ROWS)
    chance = random.Random(f"{standard.id} {standard.version} {seed}")  # noqa: S311  (they are nobody's, and look so)
    units = max(count // _ROWS_A_UNIT, 1)
    held = {*recipe.keys, *recipe.open, *recipe.sums}
    columns = [column for column in standard.columns if column.name in held]
    for _ in range(count):
        row: dict[str, Key | Decimal] = {UNIT: f"dummy-{chance.randrange(units)}"}
        for column in columns:
            name, empty = column.name, not column.required and chance.random() < _EMPTY
            if name in recipe.keys:
                row[name] = chance.choice(recipe.keys[name])
            elif empty:
                row[name] = None
            elif name in recipe.sums:
                clip = recipe.sums[name]
                steps = int((clip.highest - clip.lowest).scaleb(clip.scale))
                row[name] = clip.lowest + Decimal(chance.randint(0, steps)).scaleb(-clip.scale)
            else:
                number = chance.randrange(_OPEN_KEYS)
                row[name] = number if column.type is Type.INTEGER else f"dummy-{number}"
        yield row


def estimates(asked: Question, standard: Standard, recipe: Recipe, given: Iterable[Row]) -> tuple[Estimate, ...]:
    """The answer to a question about such rows, in the shape and with the noise that a real one has."""
    budget = standard.budget
    if budget is None:  # such a question cannot be read
        raise AssertionError(standard.id)
    held, mechanism = list(given), answering.mechanism(asked, recipe, budget)
    chance = random.Random(str(asked))  # noqa: S311  (it hides nobody)

    def noisy(number: int) -> int:
        return number + round(chance.gauss(0, mechanism.scale))

    tallied = answering.tallies(asked, recipe)
    column = answering.open_column(asked, recipe)
    if column is not None:
        found = {str(key): noisy(number) for key, number in _open(tallied[0], recipe, held, column).items()}
        passed = {key: number for key, number in found.items() if number >= (mechanism.threshold or 0)}
        return answering.open_estimates(passed, mechanism.scale)
    exact = answering.vector(asked, recipe, [_tally(one, recipe, held) for one in tallied])
    return answering.estimates(asked, recipe, [noisy(number) for number in exact], mechanism.scale)


def _tally(tally: Tally, recipe: Recipe, held: Sequence[Row]) -> list[int]:
    """A cell for each combination of public keys, of a histogram for each of its bins."""
    bins, sizes = max(len(tally.edges) - 1, 1), [len(recipe.keys[name]) for name in tally.by]
    cells = bins
    for size in sizes:
        cells *= size
    found, units = [0] * cells, [set[Key | Decimal]() for _ in range(cells)]
    for row in held:
        value = _fixed(row, tally.column, recipe)
        if not _counts(row, tally, recipe) or (tally.valued and value is None):
            continue
        place = 0
        for name, size in zip(tally.by, sizes, strict=True):
            place = place * size + _place(recipe, name, row)
        if tally.aggregate is Aggregate.HISTOGRAM:
            if value is None or not tally.edges[0] <= value <= tally.edges[-1]:
                continue
            place = place * bins + next((n for n, edge in enumerate(tally.edges[1:]) if value < edge), bins - 1)
        units[place].add(row[UNIT])
        found[place] += (value or 0) if tally.aggregate is Aggregate.SUM else 1
    return [len(one) for one in units] if tally.aggregate is Aggregate.DISTINCT else found


def _open(tally: Tally, recipe: Recipe, held: Sequence[Row], column: str) -> dict[Key | Decimal, int]:
    found: dict[Key | Decimal, set[object]] = {}
    for number, row in enumerate(held):
        if row[column] is not None and _counts(row, tally, recipe):
            one = row[UNIT] if tally.aggregate is Aggregate.DISTINCT else number
            found.setdefault(row[column], set()).add(one)
    return {key: len(ones) for key, ones in found.items()}


def _counts(row: Row, tally: Tally, recipe: Recipe) -> bool:
    keyed = all(_place(recipe, name, row) in places for name, places in tally.among.items())
    opened = all(str(row[name]) in texts for name, texts in tally.matching.items())
    values = {name: _fixed(row, name, recipe) for name in tally.between}
    within = all(
        (value := values[name]) is not None and low <= value <= high for name, (low, high) in tally.between.items()
    )
    return keyed and opened and within


def _place(recipe: Recipe, name: str, row: Row) -> int:
    return recipe.keys[name].index(row[name])


def _fixed(row: Row, name: str | None, recipe: Recipe) -> int | None:
    value = row.get(name) if name is not None else None
    return int(Fraction(value) * 10 ** recipe.sums[name].scale) if isinstance(value, Decimal) and name else None
