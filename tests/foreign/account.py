"""What Google's dp-accounting says of releases of ours; run in its own environment (`make foreign`).

Reads a JSON list of `{"scale", "shifts", "delta"}` from standard input: the scale of the discrete Gaussian noise, by
how much two neighbours differ in each place, and delta. Prints, for each, `{"exact", "rdp"}`: the epsilon of the
privacy loss distribution of that very noise at those very shifts, and that of its accountant by Rényi divergences.
"""

import json
import math
import sys
from functools import reduce
from typing import Any

import dp_accounting
from dp_accounting import rdp
from dp_accounting.pld import privacy_loss_distribution as pld

STEP = 1e-4  # to which privacy losses are rounded, upward


def exact(scale: float, shifts: list[int], delta: float) -> float:
    """Epsilon of all places together."""
    parts = [
        pld.from_discrete_gaussian_mechanism(
            scale, sensitivity=shift, value_discretization_interval=STEP, pessimistic_estimate=True
        )
        for shift in shifts
    ]
    whole: Any = reduce(lambda one, other: one.compose(other), parts)
    return float(whole.get_epsilon_for_delta(delta))


def renyi(scale: float, shifts: list[int], delta: float) -> float:
    """Epsilon of a continuous Gaussian with the same ratio of scale to L2."""
    accountant = rdp.RdpAccountant()
    accountant.compose(dp_accounting.GaussianDpEvent(scale / math.sqrt(sum(shift * shift for shift in shifts))))
    return float(accountant.get_epsilon(delta))


if __name__ == "__main__":
    told = [{"exact": exact(**release), "rdp": renyi(**release)} for release in json.load(sys.stdin)]
    print(json.dumps(told))  # noqa: T201  (its answer)
