"""A distinguishing game: from many answers about one of two neighbouring pools, guess which one it was.

Whoever plays knows everything but the noise. Before any draw it fixes one event, the one that would show best that the
noise is half of what was promised; then it draws n answers of each pool and holds the promise
P(S|D) <= e^epsilon P(S|D') + delta against exact (Clopper and Pearson 1934) bounds of both probabilities. It is
broken where even the bounds that speak for it break it: by chance alone in at most twice FALSE of all games.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist
from typing import Final

from datadam.privacy.sensitivity import Mechanism, epsilon_of

FALSE: Final = 5e-6  # of each of the two bounds
BATCH: Final = 500  # answers that are drawn at once: every place of a vector has noise of its own
DELTA: Final = Fraction(1, 100)
"""At which the promise is held: any delta has its epsilon, and what is so likely is seen in thousands of draws."""

Draw = Callable[[Sequence[int], Mechanism], Sequence[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of a game."""

    promised: float  # epsilon, at DELTA
    seen: float  # epsilon that the draws prove to be lost at least, at DELTA
    draws: int  # of each pool

    @property
    def broken(self) -> bool:
        """Whether more is lost than was promised."""
        return self.seen > self.promised


def play(one: Sequence[int], other: Sequence[int], mechanism: Mechanism, draw: Draw, *, draws: int) -> Played:
    """Play about two vectors of exact integers, with the noise that `draw` adds for that mechanism to each place."""
    promised = epsilon_of(mechanism.rho, DELTA)
    apart = [a - b for a, b in zip(one, other, strict=True)]
    far = math.sqrt(sum(x * x for x in apart))
    edge = promised / (4 * far / mechanism.scale)
    hits = [0, 0]
    for place, exact in enumerate((one, other)):
        for _ in range(draws // BATCH):
            told = draw(list(exact) * BATCH, mechanism)
            for at in range(0, len(told), len(exact)):
                answer = told[at : at + len(exact)]
                along = sum(x * (t - (a + b) / 2) for x, t, a, b in zip(apart, answer, one, other, strict=True))
                hits[place] += along / (far * mechanism.scale) > edge
    likely, unlikely = bound(hits[0], draws, upper=False), bound(hits[1], draws, upper=True)
    gap = likely - float(DELTA)
    return Played(promised=promised, seen=math.log(gap / unlikely) if gap > 0 else 0.0, draws=draws)


def bound(hits: int, draws: int, *, upper: bool) -> float:
    """One end of the exact interval of a probability, wrong in at most FALSE of all cases."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        # the upper end is where so few hits are just FALSE likely, the lower where so many are
        tail = below(hits, draws, middle) if upper else 1 - below(hits - 1, draws, middle)
        if (tail > FALSE) is upper:
            low = middle
        else:
            high = middle
    return high if upper else low


def below(hits: int, draws: int, chance: float) -> float:
    """How likely no more than so many of all draws hit."""
    if hits < 0 or chance >= 1:
        return 0.0 if hits < draws else 1.0
    if chance <= 0:
        return 1.0
    logs = (
        math.lgamma(draws + 1) - math.lgamma(k + 1) - math.lgamma(draws - k + 1)
        + k * math.log(chance) + (draws - k) * math.log1p(-chance)
        for k in range(hits + 1)
    )  # fmt: skip
    return min(1.0, math.fsum(map(math.exp, logs)))


def power(mu: float, promised: float, draws: int) -> float:
    """How likely half the promised noise is caught, whose pools would be mu scales apart: by normal approximation.

    In its own, smaller scale they are 2·mu apart; there the loss is as promised at promised / 2mu from the middle.
    """
    normal = NormalDist()
    p, q = (normal.cdf(-promised / (2 * mu) + sign * mu) for sign in (1, -1))
    lost, allowed = p - float(DELTA), math.exp(promised) * q
    worst = normal.inv_cdf(1 - FALSE)  # as far as the bounds are from what is seen
    reach = worst * (math.sqrt(p * (1 - p) / draws) + math.exp(promised) * math.sqrt(q * (1 - q) / draws))
    spread = math.hypot(math.sqrt(p * (1 - p) / draws), math.exp(promised) * math.sqrt(q * (1 - q) / draws))
    return normal.cdf((lost - allowed - reach) / spread)
