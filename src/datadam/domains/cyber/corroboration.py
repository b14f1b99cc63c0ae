"""What reports of one indicator are worth together, told in one sentence. Pure; `client.scoring` does the same faster.

base = 100 · (1 - Π (1 - r·c/100)) over the independent reports, r the reliability of the contributor, c its confidence;
score = base as it has faded since anybody saw it last. Computed when it is read, from rows that never change: a row
that is withdrawn is not there any more, and one that was superseded is not either.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import floor, prod
from typing import Final

from datadam import texts
from datadam.domains.cyber import decay, independence
from datadam.domains.cyber.independence import Node
from datadam.domains.cyber.reliability import PRIOR, Reliability
from datadam.domains.cyber.reports import TLP, Audience, Left, Report, left
from datadam.model import fold

UNSAID: Final = 50
"""Confidence of a report that names none: the middle of STIX 2.1's scale (Appendix A: Medium)."""

SURE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Corroboration:
    """What is known of one indicator, by rows that may be known."""

    type: str
    value: str
    contributors: int  # independent ones
    countries: int  # of these, as far as theirs are known
    methods: tuple[str, ...]  # of these, sorted
    reports: int  # that counted or were like one that did
    first_seen: datetime
    last_seen: datetime
    valid_until: datetime | None  # the last day of any row; None where one has none
    base: int  # 0 to 100, before it fades
    score: int  # 0 to 100, now
    tlp: str  # the strictest of its rows
    learned: int  # of the contributors counted: whose reliability rests on votes

    @property
    def key(self) -> tuple[str, str]:
        """Kind and value."""
        return self.type, self.value

    @property
    def decayed(self) -> bool:
        """Whether it is below its kind's threshold."""
        return self.score < decay.model(self.type).threshold

    @property
    def until(self) -> datetime:
        """When it decays or its last row expires, if nobody sees it again."""
        fades = decay.ends(self.base, self.last_seen, decay.model(self.type))
        return fades if self.valid_until is None else min(fades, self.valid_until)

    def explained(self, now: datetime, lang: str = "en") -> str:
        """The score in one sentence: 3 organisations, 2 countries, last seen 4 days ago, decayed to 61."""
        code = "ui.indicator-score" if self.countries else "ui.indicator-score-nowhere"
        told = {"contributors": self.contributors, "countries": self.countries, "score": self.score}
        return texts.say(code, lang, days=int(decay.days(self.last_seen, now)), **told)

    def believed(self, lang: str = "en") -> str:
        """What the reliability of its contributors rests on, in one sentence."""
        if not self.learned:
            return texts.say("ui.indicator-prior", lang)
        return texts.say("ui.indicator-learned", lang, learned=self.learned, contributors=self.contributors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """Indicators with what they are worth, and what was left out and why."""

    now: datetime
    audience: Audience
    values: tuple[Corroboration, ...]  # by score, the highest first, then by kind and value
    left: Mapping[Left, int] = field(default_factory=dict)  # rows and values


def assess(
    reports: Iterable[Report],
    *,
    now: datetime,
    audience: Audience = Audience.OWN,
    reliabilities: Mapping[str, Reliability] | None = None,
    paps: frozenset[str] | None = None,
) -> Assessed:
    """What the reports that may be known are worth, by indicator; in whatever order they come."""
    counts: Counter[Left] = Counter()
    held: defaultdict[tuple[str, str], list[Report]] = defaultdict(list)
    for report in reports:
        if why := left(report, audience, now, paps):
            counts[why] += 1
        else:
            held[report.key].append(report)
    found = (corroborated(some, now=now, reliabilities=reliabilities or {}) for some in held.values())
    values = tuple(sorted(found, key=order))
    return Assessed(now=now, audience=audience, values=values, left=dict(sorted(counts.items())))


def order(one: Corroboration) -> tuple[int, str, str]:
    """The order in which indicators are told."""
    return -one.score, one.type, one.value


def weight(report: Report, reliabilities: Mapping[str, Reliability]) -> float:
    """How much one report is worth by itself, in (0, 1): who says that it is surer than sure is sure."""
    confidence = UNSAID if report.confidence is None else min(report.confidence, SURE)
    return reliabilities.get(report.contributor, PRIOR).value * confidence / 100


def corroborated(
    reports: Sequence[Report], *, now: datetime, reliabilities: Mapping[str, Reliability]
) -> Corroboration:
    """What reports of one indicator are worth together; `left` found nothing against any of them."""
    held = sorted(reports, key=_spelling)
    weights = [weight(one, reliabilities) for one in held]
    nodes = [
        Node(one.begun(now) or now, one.contributor, fold(one.upstream or ""), place, weights[place])
        for place, one in enumerate(held)
    ]
    chosen = [held[node.place] for node in independence.independent(nodes)]
    base = 100 * (1 - prod(sorted(1 - weight(one, reliabilities) for one in chosen)))
    last = max(one.seen(now) or now for one in held)
    ends = [one.valid_until for one in held if one.valid_until is not None]
    kind, value = held[0].key
    return Corroboration(
        type=kind,
        value=value,
        contributors=len(chosen),
        countries=len({one.country for one in chosen if one.country}),
        methods=tuple(sorted({one.method for one in chosen if one.method})),
        reports=len(held),
        first_seen=min(node.begun for node in nodes),
        last_seen=last,
        valid_until=max(ends) if len(ends) == len(held) else None,
        base=rounded(base),
        score=rounded(decay.faded(base, decay.days(last, now), decay.model(kind))),
        tlp=max((one.tlp for one in held if one.tlp in TLP), key=TLP.index),
        learned=len({one.contributor for one in chosen if one.contributor in reliabilities}),
    )


def rounded(score: float) -> int:
    """A score as it is told: the nearest whole number, and a half upwards, which every engine can do alike."""
    return min(floor(score + 0.5), 100)


def _spelling(report: Report) -> tuple[str, ...]:
    """An order that does not depend on how the rows came."""
    said = (report.contributor, report.dam, report.upstream, report.method, report.country, report.confidence)
    times = (one.isoformat() if one else "" for one in (report.first_seen, report.last_seen, report.valid_until))
    return (*map(str, said), *times, str(report.tlp), str(report.pap))
