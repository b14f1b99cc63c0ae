"""Attacks that want to read one firm's rows out of answers: by differences, by bits, by keys that only it has."""

import math
import random
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

from attacks import naive
from attacks.book import NOISE, Asked, Outcome, attack, guess
from attacks.game import BATCH, bound
from attacks.pools import BUDGET, RECIPE, exact
from datadam.adapters.polars_twin import PolarsTwins
from datadam.ports import Cells
from datadam.privacy import answering
from datadam.privacy.question import Condition, Operator, Question
from datadam.privacy.sensitivity import Mechanism
from datadam.protections import Aggregate
from test_twin_behaviours import STANDARD, order, row

FULL: Final = 500_000  # the budget of a period, in micro-rho
ELSEWHERE: Final = Condition(column="country", operator=Operator.IN, values=("DE",))
KOREAN: Final = Condition(column="country", operator=Operator.IN, values=("KR",))
SMALL: Final = Condition(column="large", operator=Operator.IN, values=(False,))
EXACTLY: Final = "the target's value, exactly"
YES, NO = 10, -10  # what the target's two rows may say together: the ends of the clip
Rows = Sequence[dict[str, Any]]


def _question(**told: Any) -> Question:
    plain: dict[str, Any] = {"standard": STANDARD, "periods": ("2026-Q3",), "aggregate": Aggregate.SUM}
    return Question(**(plain | {"column": "count", "rho": FULL} | told))


def _pools(*others: dict[str, Any]) -> tuple[Rows, Rows]:
    """The target, the only large Korean firm, says one thing or the other; all else is the same."""
    rest = [row(firm, country="DE", count=firm % 4) for firm in range(2, 40)]
    yes, no = (
        [*(row(1, country="KR", city=city, count=said // 2) for city in ("Busan", "Seoul")), *rest, *others]
        for said in (YES, NO)
    )
    return yes, no


def _asked(folder: Path, question: Question, weight: int, pools: tuple[Rows, Rows]) -> Asked:
    """A question to either pool, as it is really bounded, merged and tallied."""
    told = [exact(folder, question, rows)[0] for rows in pools]
    return Asked(exact=(told[0], told[1]), mechanism=answering.mechanism(question, RECIPE, BUDGET), weight=weight)


@attack("differencing", "exact sums over five rows or more", few=1000, many=40_000)
def differencing(folder: Path, tries: int) -> Outcome:
    """A sum of all, less a sum of all but the target: half the budget on each."""
    pools = _pools()
    read = []
    for rows in pools:
        plain = naive.SmallestSet(rows)
        read.append(told(plain.sum("count")) - told(plain.sum("count", lambda one: one["country"] != "KR")))
    half = FULL // 2
    asked = [
        _asked(folder, _question(rho=half), 1, pools),
        _asked(folder, _question(rho=half, where=(ELSEWHERE,)), -1, pools),
    ]
    found = guess(asked, tries)
    return Outcome(naive=EXACTLY, ours=str(found), n=found.n, won=read == [YES, NO], held=not found.broken)


@attack("tracker", "exact sums of no set below five rows, nor of all but so few", few=1000, many=40_000)
def tracker(folder: Path, tries: int) -> Outcome:
    """The large Korean one may not be asked of: all Korean ones may, and all small ones (Denning 1979)."""
    pools = _pools(*(row(firm, country="KR", large=False, count=2) for firm in range(60, 70)))
    read = []
    for rows in pools:
        plain = naive.SmallestSet(rows, complement=True)
        assert plain.sum("count", lambda one: one["country"] == "KR" and one["large"]) is None
        korean = plain.sum("count", lambda one: one["country"] == "KR")
        small = plain.sum("count", lambda one: one["country"] == "KR" and not one["large"])
        read.append(told(korean) - told(small))
    half = FULL // 2
    asked = [
        _asked(folder, _question(rho=half, where=(KOREAN,)), 1, pools),
        _asked(folder, _question(rho=half, where=(KOREAN, SMALL)), -1, pools),
    ]
    found = guess(asked, tries)
    return Outcome(naive=EXACTLY, ours=str(found), n=found.n, won=read == [YES, NO], held=not found.broken)


def told(number: int | None) -> int:
    """A number that was told."""
    assert number is not None
    return number


@attack("k-1 known members", "an exact sum as soon as five firms stand behind it", few=1000, many=40_000)
def known(folder: Path, tries: int) -> Outcome:
    """Whoever knows, or is, all others takes their rows off."""
    pools = _pools()
    rest = sum(one["count"] for one in pools[0][2:])
    read = [told(naive.known_enough(rows, "count", 5)) - rest for rows in pools]
    found = guess([_asked(folder, _question(), 1, pools)], tries)
    return Outcome(naive=EXACTLY, ours=str(found), n=found.n, won=read == [YES, NO], held=not found.broken)


@attack("before and after one withdrawal", "a whole budget for each snapshot", few=1000, many=40_000)
def snapshots(folder: Path, tries: int) -> Outcome:
    """The same question before the target leaves and after it: there is one budget for both."""
    pools, half = _pools(), _question(rho=FULL // 2)
    rest = exact(folder, half, pools[0][2:])[0]
    after = Asked(exact=(rest, rest), mechanism=answering.mechanism(half, RECIPE, BUDGET), weight=-1)
    found = guess([_asked(folder, half, 1, pools), after], tries)
    # ten snapshots while the target is there, each at a whole budget, against what one budget would allow
    whole = guess([_asked(folder, _question(), 1, pools)] * 10, min(tries, 1000))
    return Outcome(
        naive=f"{whole.right / whole.n:.1%} of guesses right after ten snapshots",
        ours=str(found),
        n=found.n,
        won=replace(whole, allowed=found.allowed).broken,
        held=not found.broken,
    )


@attack("float least-significant bit", "textbook Laplace noise in doubles", few=400, many=20_000)
def least_bits(folder: Path, tries: int) -> Outcome:
    """Of 0 and 1 rule one out, where no draw of the noise could have led from it to the very double that was told."""
    draws, decided = random.Random(1), 0
    for n in range(tries):
        real = float(n % 2)
        told = naive.float_laplace(real, 1.0, draws.getrandbits(53) * 2.0**-53)
        could = [value for value in (0.0, 1.0) if _reached(told, value)]
        decided += could == [real]
    question = _question(column="heat", aggregate=Aggregate.SUM)
    ours = _asked(folder, question, 1, _pools())
    ends = [set(NOISE.gaussian([one] * tries, ours.mechanism)) for one in ours.exact]
    whole = all(isinstance(number, int) for end in ends for number in end)
    # each integer is reached from each other: no bit below the last digit that is told
    step = min(b - a for a, b in zip(sorted(ends[0]), sorted(ends[0])[1:], strict=False))
    return Outcome(
        naive=f"{decided / tries:.0%} of answers decide it for sure",
        ours="only integers, and noise may be any integer",
        n=tries,
        won=decided > tries / 4,
        held=whole and step >= 1,
    )


def _reached(told: float, value: float) -> bool:
    """Whether a draw near the one that would be due leads from the value to what was told, to the bit."""
    distance = value - told
    uniform = 0.5 + math.copysign((1 - math.exp(-abs(distance))) / 2, distance)
    near = round(uniform * 2**53)
    return any(
        naive.float_laplace(value, 1.0, at * 2.0**-53) == told for at in range(max(near - 8, 1), min(near + 9, 2**53))
    )


@attack("keys that only the target holds", "each key with noise, if it is 1 or more", few=20_000, many=400_000)
def open_keys(folder: Path, tries: int) -> Outcome:
    """The distinguishing game over open keys: that a city is told at all would betray who alone is there."""
    question = _question(aggregate=Aggregate.DISTINCT, column=None, by=("city",))
    mechanism = answering.mechanism(question, RECIPE, BUDGET)
    held = [_cities(folder, question, rows) for rows in ([row(1, city="Sejong"), row(2)], [row(1), row(2)])]
    assert held == [{"Sejong": 1, "Busan": 1}, {"Busan": 2}]
    seen = _keys_told(held[0]["Sejong"], mechanism, tries)
    bare = sum(number >= 1 for number in NOISE.gaussian([held[0]["Sejong"]] * BATCH, mechanism))
    delta = float(mechanism.delta)
    return Outcome(
        naive=f"the city is told {bare} times in {BATCH}",
        ours=f"told {seen} times; delta {delta:.0e} allows it {delta * tries:.2g} times",
        n=tries,
        won=bound(bare, BATCH, upper=False) > 0.1 > delta,
        held=bound(seen, tries, upper=False) <= delta,
    )


def _cities(folder: Path, question: Question, rows: Rows) -> dict[str, int]:
    """How many units each open key has, before noise."""
    place = Path(mkdtemp(dir=folder))
    twins = PolarsTwins(place / "twins")
    twins.bound(order(place, rows))
    twins.merge(RECIPE, "2026-Q3.1", ["d1"])
    (tally,) = answering.tallies(question, RECIPE)
    cells = Cells(**{field.name: getattr(tally, field.name) for field in fields(tally)})
    return dict(twins.tally_open(RECIPE, [twins.path(STANDARD, "2026-Q3.1")], cells, "city"))


def _keys_told(value: int, mechanism: Mechanism, tries: int) -> int:
    """How often a key with that value is told: so many keys at once, each with its own noise."""
    told = 0
    for _ in range(tries // BATCH):
        told += len(NOISE.thresholded({str(n): value for n in range(BATCH)}, mechanism))
    return told
