"""The distinguishing game as an attack: ours, and beside it the same mechanism with half the noise."""

import math
from pathlib import Path
from typing import Final

from attacks.book import NOISE, Outcome, attack
from attacks.game import play, power
from attacks.pools import BUDGET, RECIPE, exact
from attacks.test_attack_game import DRAWS, QUESTIONS, RHO, halved
from datadam.privacy import answering
from datadam.privacy.question import Question
from test_twin_behaviours import STANDARD, row

QUICK: Final = ("count",)


@attack("distinguishing game", "half the noise that it promises", few=DRAWS, many=40_000)
def distinguished(folder: Path, tries: int) -> Outcome:
    """Which of two neighbours, as far apart as can be, at a whole period's budget: over every kind of question."""
    ours, caught, promised = [], [], 0.0
    for name in QUICK if tries <= DRAWS else sorted(QUESTIONS):
        told, *neighbours = QUESTIONS[name]
        question = Question(standard=STANDARD, periods=("2026-Q3",), rho=RHO, **told)
        mine = ([row(1, city=f"city {n}", **values) for n, values in enumerate(rows)] for rows in neighbours)
        one, other = (exact(folder, question, [*rows, row(2), row(3, country="DE")]) for rows in mine)
        mechanism = answering.mechanism(question, RECIPE, BUDGET)
        ours.append(play(one, other, mechanism, NOISE.gaussian, draws=tries))
        caught.append(play(one, other, mechanism, halved, draws=tries))
        promised = ours[-1].promised
    least, most = min(found.seen for found in caught), max(found.seen for found in ours)
    sure = min(math.floor(power(1.0, promised, tries) * 1000), 999) / 1000
    return Outcome(
        naive=f"caught: epsilon {least:.2f} proved, where {promised:.2f} is promised",
        ours=f"epsilon {most:.2f} proved; half the noise is caught with a power of over {sure}",
        n=2 * tries * len(ours),
        won=all(found.broken for found in caught) and sure > 0.99,
        held=not any(found.broken for found in ours),
    )
