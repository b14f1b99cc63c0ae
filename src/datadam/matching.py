"""Score how well foreign headers and values speak for a standard's columns, and assign them one to one. Pure.

A header and a column's names are taken apart into words and words into meanings (`thesaurus`); two names are alike as
far as their meanings cover one another. Values then speak for or against: codes of the column's list, its pattern, the
form of its type. What comes out is a suggestion with its reason; whether it needs an answer `proposing` decides, and by
exact names alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from datadam.assignment import assign
from datadam.evidence import CORE, ENOUGH, NEUTRAL, in_words, profiled, telling, there, values_speak
from datadam.headers import unit_named
from datadam.model import CodeList, Column, Type
from datadam.standard import bears, known_as, plain
from datadam.thesaurus import AMBIGUOUS, TERMS
from datadam.words import Word, abbreviates, bare_words, of_names, unknown, words

SUGGEST: Final = 0.37  # score from which on a column is suggested
SUGGEST_REQUIRED: Final = 0.35  # the same for a column that must be there
SURE: Final = 0.1  # what a pair gains that just may be suggested: two doubtful pairs do not outweigh a sure one
LEAST_NAMED: Final = 0.37  # the least score of a column's very name over values that speak against it
MAX_STEPS: Final = 2_000_000  # of the best assignment, which takes a square of columns; beyond, the best pairs first
SHOWN: Final = 0.95  # values whose form is that of the column's meaning
FLOOR: Final = 0.3  # what is left of a name that all values speak against
ROLES: Final = frozenset(
    {"supplier", "customer", "victim"}
)  # meanings that tell apart columns which are alike otherwise
OPPOSITES: Final = frozenset({"supplier", "customer"})  # who is the one is not the other
SIDES: Final = {"origin": "supplier", "sector": "victim"}
PLACES: Final = frozenset({"country"})  # meanings that everything has, so that it must be said whose it is
PARTIES: Final = ROLES | {"maker", "company"}  # meanings that say whose a column is, and nothing of what it holds
ELSEWHERE: Final = frozenset(
    {"reserves", "exports", "imports", "capacity", "sales", "consumption", "price", "growth", "rank", "previous"}
    | {"planned", "transport", "warranty", "world", "ownership", "tax"}
)  # meanings that make a figure another one wherever they stand in its name
EARLIER: Final = frozenset({"previous"})  # the same for every column
MEASURED: Final = frozenset({Type.DECIMAL, Type.NUMBER})
OPEN: Final = frozenset(
    {"remark", "type", "value", "title", "status", "flag", "use", "tags", "source"}
)  # may hold anything
BESIDE: Final = frozenset({"total", "annual", "year", "quantity", "volume", "flag", "status", "measure-unit", "date"})
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
UNIT_SAYS: Final = 0.5  # likeness of a header that says little, but whose unit only this column takes
SHORTENED: Final = 0.6  # likeness of a header that may be short for a name
LONGEST_SHORT: Final = 10  # letters of what is short for a name
OWN: Final = 0.1  # share of a column's names from which on what they speak of is the column's own
OTHER: Final = 0.6  # what is left of a likeness to a column that holds something else
MANY: Final = 2  # units that a column takes, from which on a unit tells columns apart
NEAR: Final = 2  # columns before one that say whose it is, if it does not
IMPLIED: Final = 0.7  # weight of a word that only the neighbours say
INITIALS: Final = 0.7  # likeness of first letters
OTHERWISE: Final = 0.3  # values that have another form than what the column means
VAGUE: Final = 0.8  # weight up to which a word says too little to stand for a column without a question
PARTY: Final = 0.5  # what is left of a likeness that rests on whose column it is alone
OPPOSITE: Final = 0.4  # of one to a column of another party than the header names
BARE: Final = frozenset({"code", "id", "name", "origin", "company", "part-number"})  # what may be said of any place
ORIGIN: Final = 0.9  # of one to a party's country of a header that says where goods come from
UNSAID: Final = 0.3  # of one to a place of which nobody says whose it is
STRANGER: Final = 0.8  # of one to a column of another party than the neighbours speak of
WHOLLY: Final = 0.8  # share of a column's names that speak of one party, from which on the column is that party's
MAIN: Final = 0.85  # share of a column's names that have a meaning, from which on the column is about that
ASIDE: Final = 0.5  # what is left of a likeness to such a column that speaks of a party only
STRAY: Final = 0.4  # what is left of a likeness that rests on none of these
BONUS: Final = 0.45  # what values add that are codes or have the pattern, whatever the header says


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A source column as the matcher sees it."""

    header: str
    samples: tuple[str, ...]
    role: str | None = None  # the party that its neighbours speak of
    unit: str | None = None  # as its header writes it


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
    if said.isdisjoint(meant):
        return 0.0
    covered = sum(word.weight for word in header if word.meanings & meant)
    reached = sum(word.weight for word in name if word.meanings & said)
    precision = covered / sum(word.weight for word in header)
    recall = reached / sum(word.weight for word in name)
    return 2 * precision * recall / (precision + recall)


def name_score(header: str, column: Column, role: str | None = None) -> float:
    """How alike a header and the likest of a column's names are; meanings that few of its names have count less.

    `role` is whose column this is by its neighbours, where the header itself does not say.
    """
    said = words(header)
    party, own_role = party_of(column), role_of(header)
    if role is not None and party is not None and own_role is None:
        said = (*said, Word("", frozenset({role}), IMPLIED))
    names, core = of_names(known_as(column))
    if _is_initials(plain(header), column):
        return INITIALS
    if not any(meaning in core for word in said for meaning in word.meanings):
        return float(is_named(header, column)) or shortened(header, column)
    best = max((likeness(said, name) for name in names), default=0.0)
    if is_named(header, column):
        return 1.0
    aside = party is not None or bool({meaning for meaning, share in core.items() if share >= MAIN} - PARTIES)
    heads = core.keys() - PARTIES if aside else core.keys()
    own = max((core[meaning] for word in said for meaning in word.meanings & heads), default=0.0)
    if party is not None:
        best *= 1.0 if own else PARTY
        other, near = {own_role} & OPPOSITES, {role} & OPPOSITES
        against = party in OPPOSITES and party not in other
        best *= OPPOSITE if against and other else STRANGER if role not in {None, party} and near else 1.0
        best *= 1.0 if says_whose(header, column, role) else UNSAID
        best *= ORIGIN if any("origin" in word.meanings for word in said) else 1.0
    elif aside and own < OWN:
        best *= ASIDE
    return best * (STRAY + (1 - STRAY) * min(1.0, own / CORE)) * (OTHER if holds_other(header, column) else 1.0)


def nearness(header: str, column: Column) -> float:
    """How alike a header is to what the column itself is called, its synonyms aside."""
    return max(likeness(words(header), words(name)) for name in (column.name, *column.titles.values()))


def shortened(header: str, column: Column) -> float:
    """Likeness of a header whose words are the beginnings or the consonants of words of one of the column's names."""
    said = bare_words(header)
    if not said or sum(map(len, said)) > LONGEST_SHORT:
        return 0.0
    return max((SHORTENED * _covers(said, bare_words(name)) for name in known_as(column)), default=0.0)


def _covers(said: Sequence[str], name: Sequence[str]) -> float:
    """Share of a name's words that these, each of them, are short for; 0 if one of these is short for none."""
    left = list(name)
    for short in said:
        whole = next((at for at, word in enumerate(left) if abbreviates(short, word)), None)
        if whole is None:
            return 0.0
        del left[: whole + 1]
    return len(said) / len(name)


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
    if is_named(header, column):
        return False
    own = {meaning for meaning, share in core.items() if share >= OWN}
    others = (ELSEWHERE if column.type in MEASURED else EARLIER) - own
    elsewhere = any(word.meanings and word.meanings <= others for word in words(header))
    return elsewhere or any(word.meanings <= HEADS - own for word in _last(header))


def says_unit(column: Column, candidate: Candidate) -> bool:
    """Whether all that a header says is its unit, and that is one which a column of several units takes."""
    if candidate.unit is None or len(column.units) < MANY or unit_named(column, candidate.unit) is None:
        return False
    _, core = of_names(known_as(column))
    about = [word for word in words(candidate.header) if word.meanings and not unknown(word)]
    return all(word.meanings & (core.keys() | BESIDE) and not word.meanings <= ELSEWHERE for word in about)


def _last(header: str) -> list[Word]:
    """The last telling word of each script: what a header is about in English, Korean and Japanese alike."""
    telling = [word for word in words(header) if word.meanings]
    return list({word.text.isascii(): word for word in telling}.values())


def _is_initials(short: str, column: Column) -> bool:
    """Whether a header is the first letters of the column's own name: `fs` is first seen."""
    return len(short) > 1 and short not in TERMS and short == "".join(part[:1] for part in column.name.split("_"))


def says_whose(header: str, column: Column, role: str | None) -> bool:
    """Whether a header, or its neighbours, say whose place a column holds; of no other column it must be said."""
    party, (_, core) = party_of(column), of_names(known_as(column))
    if party is None or not any(core.get(place, 0.0) >= WHOLLY for place in PLACES):
        return True
    said = [word for word in words(header) if word.meanings and not unknown(word)]
    if party == role_of(header) or any(party in word.meanings for word in said):
        return True
    return party == role and all(
        word.meanings & (core.keys() | BARE) for word in said if word.meanings and not unknown(word)
    )


def party_of(column: Column) -> str | None:
    """Whose column this is: the one party that nearly all of its names speak of, or None."""
    _, core = of_names(known_as(column))
    found = [role for role in ROLES if core.get(role, 0.0) >= WHOLLY]
    return found[0] if len(found) == 1 else None


def role_of(name: str) -> str | None:
    """The one party that a name speaks of, or None; where goods come from is never their buyer's place."""
    said = {meaning for word in words(name) for meaning in word.meanings}
    found = said & ROLES or {role for meaning, role in SIDES.items() if meaning in said}
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
    name = max(name, UNIT_SAYS) if says_unit(column, candidate) else name
    values = values_speak(column, candidate.samples, codes)
    present = there(candidate.samples)
    shown = profiled(column, present) if present else None
    if shown is not None and values is not None:
        values = max(values, SHOWN) if shown else min(values, OTHERWISE)
    spoken = NEUTRAL if values is None else min(values, NEUTRAL)
    total = name * (FLOOR + (1 - FLOOR) * spoken / NEUTRAL)
    spoken_for = values is not None and values > NEUTRAL and (shown or telling(column, present))
    if not says_whose(candidate.header, column, candidate.role):
        spoken_for = False
    elsewhere = holds_other(candidate.header, column)
    if values is not None and values < 1 and not shown and in_words(column, present) == 1:
        spoken_for = len(present) > 1 and _may_hold_words(candidate.header, column)
        elsewhere = False
    if spoken_for and values is not None and (values == 1 or not elsewhere):
        total += (1 - total) * BONUS * (values - NEUTRAL) / (1 - NEUTRAL)
    return Match(header=candidate.header, column=column.name, score=min(1.0, total), name=name, values=values)


def _may_hold_words(header: str, column: Column) -> bool:
    """Whether a header leaves open that it holds such values: it tells of the column, of remarks, or of nothing."""
    _, core = of_names(known_as(column))
    about = [word for word in words(header) if word.meanings and not unknown(word) and word.weight > VAGUE]
    return all(word.meanings & (core.keys() | OPEN) for word in about)


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
    found = [pairs[row][at] for row, at in assign(gains)]
    return [*found, *remaining(columns, candidates, pairs, found)], possible


def remaining(
    columns: Sequence[Column], candidates: Sequence[Candidate], pairs: Sequence[Sequence[Match]], found: Sequence[Match]
) -> list[Match]:
    """The one source column of its form that is left, for the one required column of that kind that is left.

    Of several columns of one list's codes the first gets it: a buyer's own list says where suppliers are, and no more.
    """
    filled, used = {m.column for m in found}, {m.header for m in found}
    open_rows = [row for row, c in enumerate(columns) if c.name not in filled and (c.required or c.type in MEASURED)]
    left: list[Match] = []
    for row in open_rows:
        column = columns[row]
        alike = [other for other in open_rows if _kind(columns[other]) == _kind(column)]
        if _kind(column) is None or (column.codes is None and len(alike) > 1) or row != alike[0]:
            continue
        fits = [
            at
            for at, c in enumerate(candidates)
            if c.header not in used
            and unit_named(column, c.header) is None
            and (pairs[row][at].values or 0) > NEUTRAL
            and role_of(c.header) in {None, party_of(column)}
            and not any("origin" in word.meanings for word in words(c.header))
            and not holds_other(c.header, column)
            and not holds_none(c.header, columns)
        ]
        if len(fits) == 1:
            left.append(replace(pairs[row][fits[0]], score=SUGGEST))
    return left


def _kind(column: Column) -> str | None:
    """Columns of one kind are filled by values of one form: dates, quantities, or codes of one list."""
    dated = column.type in {Type.DATE, Type.TIMESTAMP}
    return column.codes or ("date" if dated else "quantity" if column.type in MEASURED else None)


def holds_none(header: str, columns: Sequence[Column]) -> bool:
    """Whether a header tells of something, and that is nothing that any of these columns is about."""
    known = {meaning for column in columns for meaning in of_names(known_as(column))[1]}
    about = [w for w in words(header) if w.meanings and not unknown(w) and w.weight > VAGUE]
    return any(not word.meanings & known for word in about)


def _greedy(possible: Sequence[Match]) -> list[Match]:
    found: list[Match] = []
    columns, headers = set[str](), set[str]()
    for one in sorted(possible, key=lambda m: (-m.score, m.column, m.header)):
        if one.column not in columns and one.header not in headers:
            columns.add(one.column)
            headers.add(one.header)
            found.append(one)
    return found
