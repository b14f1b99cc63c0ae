"""From a question to the integers that noise is added to, and from the noisy ones to values with intervals. Pure.

What is tallied is laid out as one vector, so that one mechanism, with one proof, protects a whole answer. All that is
done after the noise rests on noisy integers alone, so it tells no more than they do. Intervals hold what the bounded
rows truly come to with a probability of 95 % or more, each by itself; what bounding left out they do not know. Counts
may be negative and are left so: cut off at zero, they would be too large on average.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from itertools import pairwise, product
from math import prod
from typing import Final

from datadam import seal
from datadam.errors import Invalid
from datadam.model import Json
from datadam.privacy import sensitivity
from datadam.privacy.question import Operator, Question
from datadam.privacy.recipe import Key, Recipe
from datadam.privacy.sensitivity import Mechanism, Sensitivity, ends, mean_weight, micro
from datadam.protections import Aggregate, Budget, Clip

_TWO_SIDED: Final = 1.9599639845400550  # a Gaussian is farther from its mean, either way, once in 20; rounded up
_EACH_OF_TWO: Final = 2.2414027276049480  # once in 40, so that two of them hold together
_MISSED: Final = 0.05
_MEAN_DIGITS: Final = 3  # more than its column has
MAX_SIZE: Final = 2_900_000
"""Bytes of an answer's values as JSON: with the question, signed and in base64, they stay below `seal.MAX_ENVELOPE`."""
MOST_OPEN: Final = 10_000
"""Open keys of one answer; of more that pass the threshold it has those with the largest noisy values."""

_VALUE_BYTES: Final = 120  # of a value and both ends of its interval, with their names
_BIN_BYTES: Final = 60
_AT_BYTES: Final = 20
_BINNED: Final = frozenset({Aggregate.QUANTILES, Aggregate.HISTOGRAM})
_WIDE: Final = Context(prec=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What of the twins is tallied, in the recipe's own integers: field by field a `ports.Cells`."""

    aggregate: Aggregate
    by: tuple[str, ...] = ()
    column: str | None = None
    among: Mapping[str, frozenset[int]] = field(default_factory=dict)
    matching: Mapping[str, frozenset[str]] = field(default_factory=dict)
    between: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    edges: tuple[int, ...] = ()
    valued: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One value of an answer; None where the noise leaves nothing to be told but the interval."""

    keys: tuple[Key, ...]  # of the columns that were asked by
    value: Decimal | None
    low: Decimal  # the interval's ends
    high: Decimal
    at: Decimal | None = None  # which quantile
    bin: tuple[Decimal, Decimal] | None = None  # of a histogram


# --- before the noise -------------------------------------------------------------------------------------------------


def open_column(question: Question, recipe: Recipe) -> str | None:
    """The open column that a question goes by; its keys are told above a threshold only."""
    return next((name for name in question.by if name in recipe.open), None)


def tallies(question: Question, recipe: Recipe) -> tuple[Tally, ...]:
    """What is tallied, in the order that `vector` takes it: one thing, of a mean the sum and the count."""
    clips = recipe.sums
    among = {
        one.column: frozenset(recipe.keys[one.column].index(value) for value in one.values)
        for one in question.where
        if one.column in recipe.keys
    }
    matching = {
        one.column: frozenset(str(value) for value in one.values) for one in question.where if one.column in recipe.open
    }
    between = {name: _between(question, name, clips[name]) for name in clips if _is_bounded(question, name)}
    binned, column = question.aggregate in _BINNED, question.column
    edges = tuple(_fixed(edge, clips[column]) for edge in question.edges) if binned and column is not None else ()
    whole = Tally(
        aggregate=Aggregate.HISTOGRAM if binned else question.aggregate,
        by=tuple(name for name in question.by if name in recipe.keys),
        column=column,
        among=among,
        matching=matching,
        between=between,
        edges=edges,
    )
    if question.aggregate is not Aggregate.MEAN:
        return (whole,)
    return replace(whole, aggregate=Aggregate.SUM), replace(whole, aggregate=Aggregate.COUNT, valued=True)


def vector(question: Question, recipe: Recipe, tallied: Sequence[Sequence[int]]) -> list[int]:
    """The integers that noise is added to, of what was tallied: only cells that a condition leaves anything of.

    Of a mean the sums twice, centred on the middle of the clip, then the counts as often as `mean_weight` says.
    """
    bins = max(len(question.edges) - 1, 1)
    places = [cell * bins + step for cell in _live(question, recipe) for step in range(bins)]
    if question.aggregate is not Aggregate.MEAN:
        return [tallied[0][place] for place in places]
    clip = _clip(question, recipe)
    middle, weight = sum(ends(clip)), mean_weight(clip, len(places))
    sums, counts = tallied
    return [2 * sums[at] - middle * counts[at] for at in places] + [weight * counts[at] for at in places]


def moved(question: Question, recipe: Recipe) -> Sensitivity:
    """How far one unit moves that vector, or what stands under open keys."""
    cells = None
    if open_column(question, recipe) is None:
        cells = len(_live(question, recipe)) * max(len(question.edges) - 1, 1)
    return sensitivity.of(
        question.aggregate,
        rows=recipe.rows,
        periods=len(question.periods),
        cells=cells,
        clip=_clip(question, recipe) if question.column is not None else None,
    )


def mechanism(question: Question, recipe: Recipe, budget: Budget) -> Mechanism:
    """The noise that a question's rho buys; `Invalid` where it would be too much, for the question alone."""
    far = moved(question, recipe)
    if open_column(question, recipe) is None:
        return sensitivity.gaussian(far, question.rho)
    return sensitivity.thresholded(far, question.rho, key_delta(budget, question.rho))


def key_delta(budget: Budget, rho: int) -> Fraction:
    """How likely an answer by open keys may show one that a single unit holds: its part of half the budget's delta.

    Parts go by what answers cost, so that those of a whole life come to no more than that half.
    """
    return Fraction(budget.delta) * rho / (2 * micro(budget.life))


def _live(question: Question, recipe: Recipe) -> list[int]:
    """The cells, by their places among all combinations of keys, that hold what the conditions leave; in order."""
    left = _left(question, recipe)
    found = []
    for places in product(*left.values()):
        cell = 0
        for name, place in zip(left, places, strict=True):
            cell = cell * len(recipe.keys[name]) + place
        found.append(cell)
    return found


def _left(question: Question, recipe: Recipe) -> dict[str, list[int]]:
    """Of each column with public keys that is asked by: the places of those that the conditions leave."""
    listed = {one.column: set(one.values) for one in question.where if one.operator is Operator.IN}
    return {
        name: [at for at, key in enumerate(recipe.keys[name]) if name not in listed or key in listed[name]]
        for name in question.by
        if name in recipe.keys
    }


def values(question: Question, recipe: Recipe) -> int:
    """How many values an answer has; where keys are open, the most that it can have."""
    if open_column(question, recipe) is not None:
        return MOST_OPEN
    bins = len(question.edges) - 1 if question.aggregate is Aggregate.HISTOGRAM else 1
    return prod(len(places) for places in _left(question, recipe).values()) * bins * max(len(question.at), 1)


def check_size(question: Question, recipe: Recipe) -> None:
    """Refuse a question whose answer no statement could hold: for its keys, which are public."""
    count = values(question, recipe)
    each = _VALUE_BYTES + (_BIN_BYTES if question.edges else 0) + (_AT_BYTES if question.at else 0)
    for name, places in _left(question, recipe).items():
        each += sum(len(seal.canonical([recipe.keys[name][place]])) for place in places) // len(places) + 1
    if count * each > MAX_SIZE:
        raise Invalid("private.answer-too-large", values=count)


def _is_bounded(question: Question, name: str) -> bool:
    return any(one.column == name for one in question.where)


def _between(question: Question, name: str, clip: Clip) -> tuple[int, int]:
    """Between which fixed-point integers a column's values are let through."""
    low, high = ends(clip)
    for one in question.where:
        if one.column == name and isinstance(end := one.values[0], Decimal):
            low, high = (_fixed(end, clip), high) if one.operator is Operator.AT_LEAST else (low, _fixed(end, clip))
    return low, high


def _clip(question: Question, recipe: Recipe) -> Clip:
    """Between what the asked column's values count, once the conditions are held."""
    name = question.column or ""
    clip = recipe.sums[name]
    low, high = _between(question, name, clip)
    return Clip(lowest=_number(low, clip), highest=_number(high, clip), scale=clip.scale)


def _fixed(number: Decimal, clip: Clip) -> int:
    return int(Fraction(number) * 10**clip.scale)


def _number(fixed: int, clip: Clip) -> Decimal:
    return Decimal(fixed).scaleb(-clip.scale, _WIDE)


# --- after the noise --------------------------------------------------------------------------------------------------


def half_width(scale: float) -> int:
    """How far from the noisy integer the true one is at most, with a probability of 95 % or more.

    Canonne, Kamath and Steinke 2020, Proposition 25: noise of m or more is no likelier than a Gaussian's m - 1 or more.
    """
    return math.ceil(_TWO_SIDED * scale)


def accuracy(question: Question, recipe: Recipe, budget: Budget) -> Decimal:
    """The half width of the intervals of a count, distinct, sum or histogram, in its own unit; no data are needed.

    Of a mean that of the sum and of quantiles that of each bin, on which theirs rest.
    """
    scale = mechanism(question, recipe, budget).scale
    match question.aggregate:
        case Aggregate.SUM:
            return _number(half_width(scale), recipe.sums[question.column or ""])
        case Aggregate.MEAN:  # noise is added to twice the sum
            return _number(half_width(scale / 2), recipe.sums[question.column or ""])
        case _:
            return Decimal(half_width(scale))


def estimates(question: Question, recipe: Recipe, noisy: Sequence[int], scale: float) -> tuple[Estimate, ...]:
    """An answer's values, in the order of cells, of the noisy vector."""
    cells = list(_keys_of_cells(question, recipe))
    match question.aggregate:
        case Aggregate.MEAN:
            return tuple(_means(cells, noisy, scale, _clip(question, recipe)))
        case Aggregate.QUANTILES:
            return tuple(_quantiles(question, cells, noisy, scale, recipe.sums[question.column or ""]))
        case Aggregate.HISTOGRAM:
            half, bins = half_width(scale), tuple(pairwise(question.edges))
            places = ((keys, one) for keys in cells for one in bins)
            return tuple(
                Estimate(keys=keys, value=Decimal(n), low=Decimal(n - half), high=Decimal(n + half), bin=one)
                for (keys, one), n in zip(places, noisy, strict=True)
            )
        case _:
            clip = (
                recipe.sums[question.column] if question.column is not None else Clip(lowest=Decimal(0), highest=_ONE)
            )
            return tuple(
                _counted(keys, number, half_width(scale), clip) for keys, number in zip(cells, noisy, strict=True)
            )


def open_estimates(noisy: Mapping[str, int], scale: float) -> tuple[Estimate, ...]:
    """The values under open keys that passed the threshold, by key; of very many the largest noisy ones."""
    clip, room, kept = Clip(lowest=Decimal(0), highest=_ONE), MAX_SIZE, []
    for key in sorted(noisy, key=lambda one: (-noisy[one], one))[:MOST_OPEN]:
        room -= len(seal.canonical(key)) + _VALUE_BYTES
        if room < 0:
            break
        kept.append(key)
    return tuple(_counted((key,), noisy[key], half_width(scale), clip) for key in sorted(kept))


def said(estimate: Estimate) -> Json:
    """An estimate as JSON; numbers are decimal texts."""
    found: dict[str, object] = {
        "keys": list(estimate.keys),
        "at": None if estimate.at is None else f"{estimate.at:f}",
        "bin": None if estimate.bin is None else [f"{edge:f}" for edge in estimate.bin],
        "value": None if estimate.value is None else f"{estimate.value:f}",
        "low": f"{estimate.low:f}",
        "high": f"{estimate.high:f}",
    }
    return {name: value for name, value in found.items() if name == "value" or value is not None}


_ONE: Final = Decimal(1)


def _keys_of_cells(question: Question, recipe: Recipe) -> Iterator[tuple[Key, ...]]:
    sizes = [recipe.keys[name] for name in question.by]
    every = list(product(*sizes))
    return (every[cell] for cell in _live(question, recipe))


def _counted(keys: tuple[Key, ...], noisy: int, half: int, clip: Clip) -> Estimate:
    return Estimate(
        keys=keys,
        value=_number(noisy, clip),
        low=_number(noisy - half, clip),
        high=_number(noisy + half, clip),
    )


def _means(cells: Sequence[tuple[Key, ...]], noisy: Sequence[int], scale: float, clip: Clip) -> Iterator[Estimate]:
    """Means as noisy centred sum by noisy count; the interval holds wherever both of them are within theirs."""
    low, high = ends(clip)
    weight, far = mean_weight(clip, len(cells)), math.ceil(_EACH_OF_TWO * scale)

    def told(ratio: Fraction, rounding: str) -> Decimal:
        mean = min(max((low + high + ratio) / 2, Fraction(low)), Fraction(high)) / 10**clip.scale
        return _rounded(mean, clip.scale + _MEAN_DIGITS, rounding)

    for place, keys in enumerate(cells):
        total, count = noisy[place], noisy[len(cells) + place]
        value = told(Fraction(total * weight, count), ROUND_HALF_EVEN) if count > 0 else None
        ends_of = (_number(low, clip), _number(high, clip))
        if count > far:
            fewest, most = Fraction(count - far, weight), Fraction(count + far, weight)
            least, largest = total - far, total + far
            ends_of = (
                told(least / (most if least >= 0 else fewest), ROUND_FLOOR),
                told(largest / (fewest if largest >= 0 else most), ROUND_CEILING),
            )
        yield Estimate(keys=keys, value=value, low=ends_of[0], high=ends_of[1])


def _quantiles(
    question: Question, cells: Sequence[tuple[Key, ...]], noisy: Sequence[int], scale: float, clip: Clip
) -> Iterator[Estimate]:
    """Quantiles read off a noisy histogram: any number of them for what it cost."""
    bins = len(question.edges) - 1
    for place, keys in enumerate(cells):
        counts = noisy[place * bins : (place + 1) * bins]
        for at in question.at:
            lead = _lead(counts, Fraction(at))
            value, low, high = _quantile(Fraction(at), question.edges, lead, scale, digits=clip.scale)
            yield Estimate(keys=keys, value=value, low=low, high=high, at=at)


def _lead(counts: Sequence[int], at: Fraction) -> list[Fraction]:
    """At each edge, by how many rows those below it are more than the quantile's share of all; true ones never fall."""
    total, below, found = sum(counts), 0, [-at * sum(counts)]
    for count in counts:
        below += count
        found.append(below - at * total)
    return found


def _quantile(
    at: Fraction, edges: Sequence[Decimal], lead: Sequence[Fraction], scale: float, *, digits: int
) -> tuple[Decimal | None, Decimal, Decimal]:
    """A quantile with its interval.

    It lies below an edge where the true lead there is 0 or more, else not below it. A lead's noise is a weighted sum of
    discrete Gaussians, which are sub-Gaussian (Canonne, Kamath and Steinke 2020): beyond `far` it is, one
    way, with probability 0.05 divided by the inner edges; so all edges are judged rightly 19 times of 20.
    """
    bins, share = len(edges) - 1, float(at)
    low, high = edges[0], edges[-1]
    for place in range(1, bins):
        spread = scale * math.sqrt((1 - share) ** 2 * place + share**2 * (bins - place))
        far = Fraction(spread * math.sqrt(2 * math.log((bins - 1) / _MISSED)) * (1 + 1e-9))
        if lead[place] + far < 0:
            low = max(low, edges[place])
        elif lead[place] - far >= 0:
            high = min(high, edges[place])
    low, high = min(low, high), max(low, high)
    if lead[-1] <= 0:
        return None, low, high
    return min(max(_rounded(_crossing(edges, lead), digits, ROUND_HALF_EVEN), low), high), low, high


def _crossing(edges: Sequence[Decimal], lead: Sequence[Fraction]) -> Fraction:
    """Where a lead, made to rise, passes 0: half-way between its highest so far and its lowest from there on."""
    highest, lowest = list(lead), list(lead)
    for place in range(1, len(lead)):
        highest[place] = max(highest[place], highest[place - 1])
    for place in reversed(range(len(lead) - 1)):
        lowest[place] = min(lowest[place], lowest[place + 1])
    rising = [(above + below) / 2 for above, below in zip(highest, lowest, strict=True)]
    first = next(place for place, one in enumerate(rising) if one >= 0)
    before, after = rising[first - 1], rising[first]
    begin, end = Fraction(edges[first - 1]), Fraction(edges[first])
    return begin + (end - begin) * (-before / (after - before))


def _rounded(number: Fraction, digits: int, rounding: str) -> Decimal:
    scaled = number * 10**digits
    whole = {
        ROUND_FLOOR: math.floor(scaled),
        ROUND_CEILING: math.ceil(scaled),
        ROUND_HALF_EVEN: round(scaled),
    }[rounding]
    return Decimal(whole).scaleb(-digits, _WIDE)
