"""Naive versions: small, honest, and wrong in one way each, so that an attack on them succeeds. Nobody uses them."""

import hashlib
import hmac
import math
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
Where = Callable[[Row], bool]


def everything(_: Row) -> bool:
    """No filter."""
    return True


# --- answers ----------------------------------------------------------------------------------------------------------


class SmallestSet:
    """Exact answers, but none about fewer rows than `least`; with `complement` none about all but so few either."""

    def __init__(self, rows: Sequence[Row], least: int = 5, *, complement: bool = False) -> None:
        """Of these rows."""
        self.rows, self.least = rows, least
        self.most = len(rows) - (least if complement else 0)

    def count(self, where: Where = everything) -> int | None:
        """How many, or None."""
        found = sum(map(where, self.rows))
        return found if self.least <= found <= self.most else None

    def sum(self, column: str, where: Where = everything) -> int | None:
        """Their sum, or None."""
        return None if self.count(where) is None else sum(one[column] for one in self.rows if where(one))


def fresh_noise(exact: int, scale: float, draws: random.Random) -> int:
    """Enough noise, drawn anew at each question, and nothing charged."""
    return exact + round(draws.gauss(0, scale))


def float_laplace(exact: float, scale: float, uniform: float) -> float:
    """Textbook Laplace noise in doubles (Mironov 2012): which doubles can come out depends on the exact value."""
    half = uniform - 0.5
    return exact - scale * math.copysign(math.log(1 - 2 * abs(half)), half)


def grouped(rows: Iterable[Row], by: str) -> dict[Any, int]:
    """Counts of the keys that there are: a key that is missing tells that nobody has it."""
    return Counter(one[by] for one in rows)


def known_enough(rows: Sequence[Row], column: str, least: int) -> int | None:
    """An exact sum as soon as so many accounts stand behind it, whoever they are."""
    return sum(one[column] for one in rows) if len({one["firm"] for one in rows}) >= least else None


# --- rows that count --------------------------------------------------------------------------------------------------


def by_row_number(rows: Sequence[Row], most: int) -> list[Row]:
    """Of each firm so many rows, by a hash of where in the file they stand."""
    numbered = sorted(enumerate(rows), key=lambda one: hashlib.sha256(str(one[0]).encode()).digest())
    return _first(((row["firm"], row) for _, row in numbered), most)


def by_an_expression(rows: Sequence[Row], unit: Callable[[Row], object], most: int) -> list[Row]:
    """Of each *unit* so many rows, where whoever asks says what a unit is."""
    return _first(((unit(row), row) for row in rows), most)


def _first(rows: Iterable[tuple[object, Row]], most: int) -> list[Row]:
    kept: dict[object, list[Row]] = defaultdict(list)
    for unit, row in rows:
        if len(kept[unit]) < most:
            kept[unit].append(row)
    return [row for unit in kept.values() for row in unit]


def clipped(value: float, lowest: float, highest: float) -> float:
    """Clip by comparing: a NaN compares with nothing, and comes through."""
    if value < lowest:
        return lowest
    return highest if value > highest else value  # noqa: FURB136  (min would do the same by luck of its order)


def in_64_bits(values: Iterable[int]) -> int:
    """A sum that raises where 64 bits end, as a database does: that it raised is told."""
    total = 0
    for value in values:
        total += value
        if not -(2**63) <= total < 2**63:
            message = f"integer overflow at {value}"
            raise OverflowError(message)
    return total


# --- budgets ----------------------------------------------------------------------------------------------------------


class CheckThenSpend:
    """A budget that is looked at and then written; between the two another may look."""

    def __init__(self, limit: int, pause: Callable[[], object]) -> None:
        """`pause` is what happens in between."""
        self.limit, self.spent, self.pause = limit, 0, pause

    def take(self, cost: int) -> bool:
        """Whether there was enough."""
        if self.spent + cost > self.limit:
            return False
        self.pause()
        self.spent += cost
        return True


class PerAnalyst:
    """Each analyst has a budget; together they have as many as they are."""

    def __init__(self, limit: int) -> None:
        """Each has so much."""
        self.limit, self.spent, self.lock = limit, Counter[str](), threading.Lock()

    def take(self, who: str, cost: int) -> bool:
        """Whether this analyst has enough."""
        with self.lock:
            if self.spent[who] + cost > self.limit:
                return False
            self.spent[who] += cost
            return True


class PaidAfterwards:
    """Charges when the answer is there: what fails, and tells something by failing, costs nothing."""

    def __init__(self) -> None:
        """Nothing is spent."""
        self.spent = 0

    def ask(self, work: Callable[[], int], cost: int) -> int:
        """The answer, charged; an error passes up with whatever it says."""
        told = work()
        self.spent += cost
        return told


# --- deposits and pseudonyms ------------------------------------------------------------------------------------------


class OneKeyOnce:
    """A dam that refuses rows whose key anybody handed in before, and says so."""

    def __init__(self) -> None:
        """With nothing in it."""
        self.keys: set[str] = set()

    def deposit(self, keys: Iterable[str]) -> list[str]:
        """The keys that were refused."""
        fresh, again = list[str](), list[str]()
        for key in keys:
            (again if key in self.keys else fresh).append(key)
        self.keys.update(fresh)
        return again


def plain_hash(number: str) -> str:
    """A pseudonym without a key."""
    return hashlib.sha256(number.encode()).hexdigest()[:32]


def one_key(number: str, key: bytes) -> str:
    """A pseudonym under one key for everybody, own rows included."""
    return hmac.digest(key, number.encode(), "sha256").hex()[:32]


class AgainstThePool:
    """A dam that warns of values far above what everybody else reported."""

    def __init__(self, pool: Sequence[int]) -> None:
        """With these in it."""
        self.pool = pool

    def outlier(self, value: int) -> bool:
        """Whether it is above all that are there."""
        return value > max(self.pool)
