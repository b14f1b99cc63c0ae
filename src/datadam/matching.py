"""Score how well foreign headers and values speak for a standard's columns, and assign them one to one. Pure.

A header and a column's names are taken apart into words and words into meanings (`thesaurus`); two names are alike as
far as their meanings cover one another. Values then speak for or against: codes of the column's list, its pattern, the
form of its type. What comes out is a suggestion with its reason; whether it needs an answer `mapping` decides, and by
exact names alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from datadam.assignment import assign
from datadam.evidence import CORE, ENOUGH, NEUTRAL, profiled, telling, there, values_speak
from datadam.model import CodeList, Column
from datadam.standard import bears, known_as, plain
from datadam.thesaurus import AMBIGUOUS, TERMS
from datadam.words import Word, of_names, unknown, words

SUGGEST: Final = 0.37  # score from which on a column is suggested
SUGGEST_REQUIRED: Final = 0.35  # the same for a column that must be there
SURE: Final = 0.1  # what a pair gains that just may be suggested: two doubtful pairs do not outweigh a sure one
LEAST_NAMED: Final = 0.37  # the least score of a column's very name over values that speak against it
MAX_STEPS: Final = 2_000_000  # of the best assignment, which takes a square of columns; beyond, the best pairs first
SHOWN: Final = 0.95  # values whose form is that of the column's meaning
FLOOR: Final = 0.3  # what is left of a name that all values speak against
ROLES: Final = frozenset({"supplier", "customer"})  # meanings that tell apart columns which are alike otherwise
HEADS: Final = frozenset(
    {
        "quantity",
        "money",
        "price",
        "score",
        "severity",
        "version",
        "person",
        "department",
        "ticket",
        "part-number",
        "count",
    }
    | {
        "growth",
        "rank",
        "remark",
        "file",
        "action",
        "address",
        "row-number",
        "tax",
        "language",
        "measure-unit",
        "grade",
    }
    | {"updated", "created", "published", "completed", "planned", "reason", "rule", "status", "type"}
)  # meanings that say what a column holds, whatever it is of: the version of a product is no product
OTHER: Final = 0.6  # what is left of a likeness to a column that holds something else
NEAR: Final = 2  # columns before one that say whose it is, if it does not
IMPLIED: Final = 0.7  # weight of a word that only the neighbours say
INITIALS: Final = 0.7  # likeness of first letters
OTHERWISE: Final = 0.3  # values that have another form than what the column means
VAGUE: Final = 0.8  # weight up to which a word says too little to stand for a column without a question
STRAY: Final = 0.4  # what is left of a likeness that rests on none of these
BONUS: Final = 0.45  # what values add that are codes or have the pattern, whatever the header says


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A source column as the matcher sees it."""

    header: str
    samples: tuple[str, ...]
    role: str | None = None  # the party that its neighbours speak of


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One assignment: a header, a column, how sure, and what spoke for it."""

    header: str
    column: str
    score: float
    name: float  # likeness of the names, 0 to 1
    values: float | None  # share of the values that the column could take; None where they tell nothing


# --- names ------------------------------------------------------------------------------------------------------------


def likeness(header: Sequence[Word], name: Sequence[Word]) -> float:
    """How far two names cover each other's meanings, 0 to 1: the harmonic mean of both shares."""
    if not header or not name:
        return 0.0
    said = {meaning for word in header for meaning in word.meanings}
    meant = {meaning for word in name for meaning in word.meanings}
    covered = sum(word.weight for word in header if word.meanings & meant)
    reached = sum(word.weight for word in name if word.meanings & said)
    precision = covered / sum(word.weight for word in header)
    recall = reached / sum(word.weight for word in name)
    return 0.0 if precision + recall == 0 else 2 * precision * recall / (precision + recall)


def name_score(header: str, column: Column, role: str | None = None) -> float:
    """How alike a header and the likest of a column's names are; meanings that few of its names have count less.

    `role` is whose column this is by its neighbours, where the header itself does not say.
    """
    said = words(header)
    if role is not None and role_of(column.name) is not None and role_of(header) is None:
        said = (*said, Word("", frozenset({role}), IMPLIED))
    names, core = of_names(known_as(column))
    if _is_initials(plain(header), column):
        return INITIALS
    if not any(meaning in core for word in said for meaning in word.meanings):
        return float(is_named(header, column))
    best = max((likeness(said, name) for name in names), default=0.0)
    if is_named(header, column):
        return 1.0
    own = max((core.get(meaning, 0.0) for word in said for meaning in word.meanings), default=0.0)
    return best * (STRAY + (1 - STRAY) * min(1.0, own / CORE)) * (OTHER if holds_other(header, column) else 1.0)


def is_named(header: str, column: Column) -> bool:
    """Whether a header is one of the column's names, case, width, blanks and punctuation aside."""
    return bears(column, plain(header))


def vague(column: Column, candidate: Candidate, codes: Mapping[str, CodeList]) -> bool:
    """Whether a synonym tells little, as `title` does, or as often means something else, and no value settles it."""
    said = [word for word in words(candidate.header) if word.meanings and not unknown(word)]
    told = values_speak(column, candidate.samples, codes)
    settled = told is None or (told >= ENOUGH and telling(column, candidate.samples))
    named = plain(candidate.header) == plain(column.name)
    if not settled and profiled(column, candidate.samples) is False:
        return True
    return not settled and not named and bool(said) and all(w.weight <= VAGUE or w.text in AMBIGUOUS for w in said)


def holds_other(header: str, column: Column) -> bool:
    """Whether a header is about something that none of the column's names speaks of."""
    _, core = of_names(known_as(column))
    return not is_named(header, column) and any(word.meanings <= HEADS - core.keys() for word in _last(header))


def _last(header: str) -> list[Word]:
    """The last telling word of each script: what a header is about in English, Korean and Japanese alike."""
    telling = [word for word in words(header) if word.meanings]
    return list({word.text.isascii(): word for word in telling}.values())


def _is_initials(short: str, column: Column) -> bool:
    """Whether a header is the first letters of the column's own name: `fs` is first seen."""
    return len(short) > 1 and short not in TERMS and short == "".join(part[:1] for part in column.name.split("_"))


def role_of(name: str) -> str | None:
    """The one party that a name speaks of, or None."""
    found = {meaning for word in words(name) for meaning in word.meanings & ROLES}
    return found.pop() if len(found) == 1 else None


def roles(headers: Sequence[str]) -> list[str | None]:
    """For each header the party that it, or the nearest of the few columns before it, speaks of."""
    own = [role_of(header) for header in headers]
    near = [[role for role in reversed(own[max(0, at - NEAR) : at + 1]) if role is not None] for at in range(len(own))]
    return [found[0] if found else None for found in near]


# --- scores -----------------------------------------------------------------------------------------------------------


def score(column: Column, candidate: Candidate, codes: Mapping[str, CodeList]) -> Match:
    """How well one source column speaks for one standard column."""
    name = name_score(candidate.header, column, candidate.role)
    values = values_speak(column, candidate.samples, codes)
    present = there(candidate.samples)
    shown = profiled(column, present) if present else None
    if shown is not None and values is not None:
        values = max(values, SHOWN) if shown else min(values, OTHERWISE)
    spoken = NEUTRAL if values is None else min(values, NEUTRAL)
    total = name * (FLOOR + (1 - FLOOR) * spoken / NEUTRAL)
    spoken_for = values is not None and values > NEUTRAL and (shown or telling(column, present))
    if spoken_for and values is not None and (values == 1 or not holds_other(candidate.header, column)):
        total += (1 - total) * BONUS * (values - NEUTRAL) / (1 - NEUTRAL)
    return Match(header=candidate.header, column=column.name, score=min(1.0, total), name=name, values=values)


def match(
    columns: Sequence[Column], candidates: Sequence[Candidate], codes: Mapping[str, CodeList]
) -> tuple[list[Match], list[Match]]:
    """The best one-to-one assignment of source columns to these columns, and every pair that might have been."""
    pairs = [[score(column, candidate, codes) for candidate in candidates] for column in columns]
    for at, candidate in enumerate(candidates):
        present = there(candidate.samples)
        told = [telling(c, present) and row[at].values == 1 for c, row in zip(columns, pairs, strict=True)]
        for row in pairs if any(told) else ():  # codes of one list, or of one pattern, are no other column's
            spoken = row[at].values
            if spoken is not None and spoken <= NEUTRAL:
                row[at] = replace(row[at], score=row[at].score * OTHER)
    least = [SUGGEST_REQUIRED if column.required else SUGGEST for column in columns]
    gains = [[m.score - least[at] + SURE if m.score >= least[at] else 0.0 for m in row] for at, row in enumerate(pairs)]
    possible = [pairs[row][at] for row, line in enumerate(gains) for at, gain in enumerate(line) if gain]
    if len(columns) ** 2 * (len(columns) + len(candidates)) > MAX_STEPS:
        return _greedy(possible), possible
    return [pairs[row][at] for row, at in assign(gains)], possible


def _greedy(possible: Sequence[Match]) -> list[Match]:
    found: list[Match] = []
    columns, headers = set[str](), set[str]()
    for one in sorted(possible, key=lambda m: (-m.score, m.column, m.header)):
        if one.column not in columns and one.header not in headers:
            columns.add(one.column)
            headers.add(one.header)
            found.append(one)
    return found
