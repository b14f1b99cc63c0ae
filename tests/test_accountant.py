"""An accountant that shares no code with us agrees with what answers cost: Google's dp-accounting."""

import json
import math
import os
import subprocess
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from datadam.privacy import sensitivity
from datadam.privacy.sensitivity import epsilon_of, mean_weight
from datadam.protections import Aggregate, Clip

ACCOUNTANT: Final = Path(os.environ.get("DATADAM_ACCOUNTANT", Path(__file__).parents[1] / ".venv-accountant"))
SCRIPT: Final = Path(__file__).parent / "foreign" / "account.py"
DELTA: Final = Fraction(1, 10**6)
RHO: Final = 50_000
ROWS: Final = 24
LIMITS: Final = Clip(lowest=Decimal(-2), highest=Decimal(10))


class Release(NamedTuple):
    """A release: what it is of, over how many cells, and how far apart two neighbours are that are farthest."""

    aggregate: Aggregate
    cells: int
    shifts: list[int]
    periods: int = 1


WEIGHT: Final = mean_weight(LIMITS, 2)
RELEASES: Final = [
    Release(Aggregate.COUNT, 1, [ROWS]),
    Release(Aggregate.COUNT, 20, [ROWS, ROWS]),
    Release(Aggregate.COUNT, 20, [2 * ROWS, 2 * ROWS], 2),
    Release(Aggregate.HISTOGRAM, 50, [ROWS, ROWS]),
    Release(Aggregate.DISTINCT, 1, [1]),
    Release(Aggregate.DISTINCT, 100, [1] * 48),
    Release(Aggregate.SUM, 1, [12 * ROWS]),
    Release(Aggregate.SUM, 20, [10 * ROWS, 10 * ROWS]),
    Release(Aggregate.MEAN, 2, [12 * ROWS, WEIGHT * ROWS, 12 * ROWS, WEIGHT * ROWS]),
    Release(Aggregate.MEAN, 1, [2 * 12 * ROWS]),
]


def told(releases: list[dict[str, object]]) -> list[dict[str, float]]:
    """What the accountant says of releases; in CI it has to be there."""
    python = ACCOUNTANT / "bin" / "python"
    if not python.exists():
        assert not os.environ.get("CI"), "dp-accounting has to be there: make foreign"
        pytest.skip(f"no dp-accounting in {ACCOUNTANT}: make foreign installs it")
    done = subprocess.run(
        [python, "-W", "ignore", SCRIPT], input=json.dumps(releases), capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[dict[str, float]] = json.loads(done.stdout)
    return found


def test_an_independent_accountant_finds_no_answer_dearer_than_we_say() -> None:
    """Of each aggregate, at the neighbours that are farthest apart: its epsilon is at most ours, and not far below.

    The neighbours reach the L2 that was proved, so no sensitivity is too large either. With half the noise the
    accountant finds more than we would say: the test can fail.
    """
    asked: list[dict[str, object]] = []
    for one in RELEASES:
        clip = LIMITS if one.aggregate in {Aggregate.SUM, Aggregate.MEAN} else None
        moved = sensitivity.of(one.aggregate, rows=ROWS, periods=one.periods, cells=one.cells, clip=clip)
        assert sum(shift * shift for shift in one.shifts) == moved.l2_squared
        scale = sensitivity.gaussian(moved, RHO).scale
        asked += [
            {"scale": scale, "shifts": one.shifts, "delta": float(DELTA)},
            {"scale": scale / 2, "shifts": one.shifts, "delta": float(DELTA)},
        ]
    ours, found = epsilon_of(RHO, DELTA), told(asked)
    for whole, half in zip(found[::2], found[1::2], strict=True):
        assert whole["exact"] <= ours
        assert whole["exact"] > ours * 0.9
        assert ours <= whole["rdp"] + 1e-3
        assert half["exact"] > ours * 1.5


def test_ten_answers_are_one_of_ten_times_the_cost() -> None:
    """Charges add up: the accountant's epsilon of ten releases together is at most ours of their sum."""
    moved = sensitivity.of(Aggregate.COUNT, rows=ROWS, cells=1)
    scale = sensitivity.gaussian(moved, RHO).scale
    (found,) = told([{"scale": scale, "shifts": [ROWS] * 10, "delta": float(DELTA)}])
    assert found["exact"] <= epsilon_of(10 * RHO, DELTA)
    assert found["exact"] > epsilon_of(10 * RHO, DELTA) * 0.9
    assert math.isclose(found["rdp"], epsilon_of(10 * RHO, DELTA), rel_tol=1e-3)
