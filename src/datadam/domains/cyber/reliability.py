"""How far a contributor's reports are believed: a Beta prior, moved by what others found out about them. Pure.

A vote is one member's finding about one report of another: the indicator was hit and the hit was real, or it was a
false alarm. Without votes the prior stands, and whoever explains a score says so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

PRIOR_HITS: Final = 2
PRIOR_FALSE: Final = 1
"""The prior is worth three votes, two of them hits: a member answers for its rows, and feeds disappoint (Li et al.:
Reading the Tea Leaves, USENIX Security 2019). Three real votes weigh as much as it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What a member found out about another's report."""

    by: str
    contributor: str
    type: str
    value: str
    hit: bool  # else a false alarm


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """The mean of a contributor's Beta distribution, and the votes that moved it."""

    hits: int = 0
    false: int = 0

    @property
    def value(self) -> float:
        """In (0, 1)."""
        return (PRIOR_HITS + self.hits) / (PRIOR_HITS + PRIOR_FALSE + self.hits + self.false)


PRIOR: Final = Reliability()


def learned(votes: Iterable[Vote]) -> Mapping[str, Reliability]:
    """Reliability by contributor, of those who were voted on.

    One voter counts once for each report; who said both said a false alarm. Nobody votes on its own reports.
    """
    found: dict[tuple[str, str, str, str], bool] = {}
    for vote in votes:
        if vote.by != vote.contributor:
            which = (vote.contributor, vote.by, vote.type, vote.value)
            found[which] = found.get(which, True) and vote.hit
    counts: dict[str, list[int]] = {}
    for (contributor, *_), hit in found.items():
        counts.setdefault(contributor, [0, 0])[not hit] += 1
    return {who: Reliability(hits=hits, false=false) for who, (hits, false) in sorted(counts.items())}
