"""What every file of indicators has in common: which of them are in it, and what was left out and why. Pure."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from datadam.domains.cyber.corroboration import Assessed, Corroboration, order
from datadam.domains.cyber.reports import ADDRESSES, HASHES, HOSTS, Audience, Left, unfit


class Format(StrEnum):
    """What indicators are written as."""

    BLOCKLIST = "blocklist"
    SURICATA = "suricata"
    STIX = "stix"


KINDS: Final[Mapping[Format, frozenset[str]]] = {
    Format.BLOCKLIST: (HOSTS | ADDRESSES | HASHES | {"url"}) - {"ipv4_port"},
    Format.SURICATA: HOSTS | ADDRESSES | {"url", "ja3"},
    Format.STIX: HOSTS | ADDRESSES | HASHES | {"url", "asn"},
}
"""The kinds that each format has words for. A list of addresses to block has none for one port of one."""
PAPS: Final[Mapping[Format, frozenset[str] | None]] = {
    Format.BLOCKLIST: frozenset({"clear", "green"}),
    Format.SURICATA: frozenset({"clear", "green", "amber"}),
    Format.STIX: None,
}
"""Under which PAP a row may be used so: blocking is an action that the attacker sees, and needs GREEN; PAP:RED is not
for the network at all. A bundle carries no action."""
UNTOLD: Final = frozenset({Left.MARKING, Left.UNMARKED, Left.PAP})
MOST: Final = 1_000_000  # indicators in one file


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What of the indicators is wanted."""

    least: int = 0  # score; what has decayed is never in
    most: int | None = None  # the best so many
    kinds: Collection[str] | None = None  # None: all that the format has words for


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file of indicators, and what is not in it."""

    format: Format
    text: str
    count: int  # of indicators in it
    audience: Audience
    now: datetime
    left: Mapping[Left, int]  # rows and values that are not in it


def chosen(assessed: Assessed, format: Format, choice: Choice) -> tuple[list[Corroboration], dict[Left, int]]:
    """The indicators for a file, the best first, and how many rows and values are not, by reason."""
    counts = Counter(assessed.left)
    wanted = KINDS[format] if choice.kinds is None else KINDS[format] & frozenset(choice.kinds)
    kept: list[Corroboration] = []
    most = MOST if choice.most is None else min(choice.most, MOST)
    for one in sorted(assessed.values, key=order):
        why = _why_not(one, wanted, choice.least, format) or (Left.BEYOND if len(kept) >= most else None)
        if why is None:
            kept.append(one)
        else:
            counts[why] += 1
    return kept, dict(sorted(counts.items()))


def _why_not(one: Corroboration, wanted: Collection[str], least: int, format: Format) -> Left | None:
    hidden = format is Format.SURICATA and one.type == "url" and one.value.startswith("https:")  # nobody sees its path
    if one.decayed:
        return Left.DECAYED
    if hidden or one.type not in wanted:
        return Left.KIND
    return Left.LOW if one.score < least else unfit(one.type, one.value)


def told(left: Mapping[Left, int], audience: Audience) -> str:
    """What was left out, in one line for machines and people: `decayed 3, low 12`.

    That there are rows which may not go as far is for the organisation itself, and stands in no file for others.
    """
    shown = left if audience is Audience.OWN else {why: n for why, n in left.items() if why not in UNTOLD}
    return ", ".join(f"{why} {count}" for why, count in sorted(shown.items())) or "nothing"
