"""How an indicator's worth fades since it was last seen: MISP's polynomial model. Pure.

score(t) = base · (1 - (t / lifetime)^(1 / speed)), 0 from the lifetime on; t is days since the last sighting. Nothing
is stored: whoever reads the same facts at the same time gets the same number.
Source: Mokaddem, Wagener, Dulaunoy, Iklody: Taxonomy driven indicator scoring in MISP (arXiv 1902.03914), eq. 4;
parameters: MISP/misp-decaying-models, models/nids-simple-model.json, version 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

SECONDS_A_DAY: Final = 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Decay:
    """How fast a kind of indicator fades."""

    lifetime: float  # days until nothing is left (τ)
    speed: float  # δ: the larger, the more is gone soon
    threshold: int  # below this it is decayed
    source: str  # where the three numbers are from


NETWORK: Final = Decay(
    lifetime=120, speed=2, threshold=30, source="MISP NIDS Simple Decaying Model, version 2 (lifetime 120, speed 2)"
)
"""Names, addresses and URLs change hands."""
CONTENT: Final = Decay(
    lifetime=365, speed=0.3, threshold=30, source="data dam: the form of MISP's fast model (speed 0.3), over a year"
)
"""What a digest names stays what it is; only its use ends. MISP publishes no model for these kinds."""
MODELS: Final[Mapping[str, Decay]] = dict.fromkeys(("md5", "sha1", "sha256", "ja3", "cve"), CONTENT)


def model(kind: str) -> Decay:
    """The model of a kind of indicator."""
    return MODELS.get(kind, NETWORK)


def days(last: datetime, now: datetime) -> float:
    """Days since it was last seen."""
    return max((now - last).total_seconds() / SECONDS_A_DAY, 0.0)


def faded(base: float, age: float, by: Decay) -> float:
    """What is left of `base` after `age` days."""
    return base * (1 - (age / by.lifetime) ** (1 / by.speed)) if age < by.lifetime else 0.0


def ends(base: float, last: datetime, by: Decay) -> datetime:
    """When the score falls below the model's threshold, if nobody sees it again."""
    left = 1 - by.threshold / base if base > by.threshold else 0.0
    return last + timedelta(days=by.lifetime * left**by.speed)
