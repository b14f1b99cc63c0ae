"""The book of attacks: what each one tried, on a naive version and on ours, and what came of it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Final

from attacks.game import BATCH, bound
from datadam.adapters.opendp_noise import OpenDpNoise
from datadam.privacy.sensitivity import MICRO, Mechanism

NOISE: Final = OpenDpNoise()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an attack: it must win against the naive version, or it shows nothing; and not against ours."""

    naive: str  # what the naive version loses
    ours: str  # what ours shows
    n: int  # tries at each
    won: bool  # whether it got what it wanted of the naive version
    held: bool  # whether ours kept it


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One attack, how often it is tried where time is short, and how often in full."""

    name: str
    naive: str  # what is wrong with the naive version
    run: Callable[[Path, int], Outcome]
    few: int
    many: int


BOOK: Final[dict[str, Attack]] = {}
Run = Callable[[Path, int], Outcome]


def attack(name: str, naive: str, *, few: int, many: int | None = None) -> Callable[[Run], Run]:
    """Enter a function of (empty folder, tries) into the book."""

    def entered(run: Run) -> Run:
        BOOK[name] = Attack(name=name, naive=naive, run=run, few=few, many=few if many is None else many)
        return run

    return entered


# --- guessing which of two pools it was -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One number that an attacker combines: what it exactly is in either pool, its noise, and how it weighs."""

    exact: tuple[int, int]
    mechanism: Mechanism
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Guessed:
    """How many of n guesses were right, and how often the promise lets anybody be right."""

    right: int
    n: int
    allowed: float

    @property
    def broken(self) -> bool:
        """Whether more was guessed than the promise allows; by chance in at most 5e-6 of all games."""
        return bound(self.right, self.n, upper=False) > self.allowed

    def __str__(self) -> str:
        """In percent."""
        return f"{self.right / self.n:.1%} of guesses right, {self.allowed:.1%} allowed"


def guess(asked: Sequence[Asked], tries: int) -> Guessed:
    """Draw so many times of each pool, combine, and guess it by which it is nearer to.

    Two Gaussians d scales apart are told apart with a chance of at most Phi(d/2); d is at most sqrt(2 rho).
    """
    ends = [sum(one.weight * one.exact[pool] for one in asked) for pool in (0, 1)]
    middle, sign = sum(ends) / 2, 1 if ends[1] > ends[0] else -1
    right = 0
    for pool in (0, 1):
        for _ in range(tries // BATCH):
            drawn = [NOISE.gaussian([one.exact[pool]] * BATCH, one.mechanism) for one in asked]
            for told in zip(*drawn, strict=True):
                seen = sum(one.weight * number for one, number in zip(asked, told, strict=True))
                right += (sign * (seen - middle) > 0) is (pool == 1)
    rho = sum(one.mechanism.rho for one in asked) / MICRO
    return Guessed(right=right, n=2 * BATCH * (tries // BATCH), allowed=NormalDist().cdf(math.sqrt(2 * rho) / 2))
