"""Score how well foreign headers and values speak for a standard's columns, and assign them one to one. Pure.

A header and a column's names are taken apart into words and words into meanings (`thesaurus`); two names are alike as
far as their meanings cover one another. Values then speak for or against: codes of the column's list, its pattern, the
form of its type. What comes out is a suggestion with its reason; whether it needs an answer `mapping` decides, and by
exact names alone.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from datadam.model import CodeList, Column, Standard, Type, Unpivot, fold
from datadam.standard import bears, known_as, plain, resolve
from datadam.thesaurus import AMBIGUOUS, TERMS, WEIGHTS

SUGGEST: Final = 0.37  # score from which on a column is suggested
SUGGEST_REQUIRED: Final = 0.35  # the same for a column that must be there
SURE: Final = 0.1  # what a pair gains that just may be suggested: two doubtful pairs do not outweigh a sure one
LEAST_NAMED: Final = 0.37  # the least score of a column's very name over values that speak against it
MAX_HEADER: Final = 200  # characters of a header that are read
MAX_STEPS: Final = 2_000_000  # of the best assignment, which takes a square of columns; beyond, the best pairs first
FEW: Final = 4  # words from which on unknown ones count less
NO_CODES, SOME_CODES = 0.05, 0.3  # what values say that are no codes of the list: numbers, and other words
NEUTRAL: Final = 0.55  # values that say nothing
FLOOR: Final = 0.3  # what is left of a name that all values speak against
ENOUGH: Final = 0.8  # share of values that must have a form
SHOWN: Final = 0.95  # values whose form is that of the column's meaning
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
CORE: Final = 0.3  # share of a column's names that have a meaning, from which on it is what the column is about
STRAY: Final = 0.4  # what is left of a likeness that rests on none of these
BONUS: Final = 0.45  # what values add that are codes or have the pattern, whatever the header says
_SHORTEST_CODE: Final = 4  # digits
UNKNOWN: Final = 0.4  # what a word that nobody knows counts, beside 1 for a known one
_UNKNOWN_SIGN: Final = 0.15  # the same for each Korean, Chinese or Japanese character
_STOP_WEIGHT: Final = 0.03
_MOST_WORDS: Final = 4  # of a term of the thesaurus
_MOST_SIGNS: Final = 10
_LONGEST: Final = 16  # letters of a word that is looked for inside of another
_MOST_TYPED: Final = 5  # letters up to which a word that is nearly another is none
TYPED: Final = 0.88  # similarity from which on a longer word is another one mistyped
_SHORTEST: Final = 3  # letters of an abbreviation that is looked for as the beginning of a word

_NUMBERING: Final = re.compile(
    r"\s*(?:[(\[]\s*(?:[0-9]{1,3}|[a-z]|[ivx]{1,4})\s*[)\]]|(?:[0-9]{1,2}|[a-z])\s*[.):](?![0-9])|q[0-9]{1,2}\b[.:)]?"
    r"|[①-⑳]|項目?\s*[0-9]{1,2}\s*|line\s+[0-9]{1,3}\s*[.:)]?|field\s+[0-9]{1,3}\s*[.:)]?)\s*"
)
_REMARK: Final = re.compile(  # what a form says of its fields, and examples
    r"[(\[<【*]\s*(?:required|mandatory|optional|must|if (?:known|any)|(?:필수|선택)(?: ?입력)?|必須(?:項目)?|任意)"
    r"\s*[)\]>】*]?|[(\[,;]?\s*(?:\be\.\s?g\.|\bex\.|\bfor example\b|예\s?[:)]|例\s?:|例えば).*"
    r"|[*※†‡#]+"
)
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BLANK: Final = re.compile(r"[\s_./()-]+")
_LATIN: Final = re.compile(r"[a-zà-öø-ÿ]+[0-9]*|[0-9]+")
_SIGNS: Final = re.compile(r"[가-힣]+|[々〆一-鿿぀-ヿー]+")
_SPACED: Final = re.compile(r"(?<=[々〆一-鿿぀-ヿー])\s+(?=[々〆一-鿿぀-ヿー])")  # 数　量, as forms set it
_KATAKANA: Final = re.compile(r"[ァ-ヺー]")
_VOWELS: Final = re.compile(r"(?<=.)[aeiou]")
_TWICE: Final = re.compile(r"(.)\1+")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a header: as it stands, what it may mean, how much it tells."""

    text: str
    meanings: frozenset[str]
    weight: float


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


# --- words ------------------------------------------------------------------------------------------------------------


@lru_cache(4096)
def words(header: str) -> tuple[Word, ...]:
    """A header taken apart: numbering cut off, camelCase and scripts split, the longest known terms first."""
    text = unicodedata.normalize("NFKC", header[:MAX_HEADER])
    text = " ".join(part if part.casefold() in TERMS else _CAMEL.sub(" ", part) for part in _BLANK.split(text))
    text = _NUMBERING.sub(" ", text.casefold(), count=1) if _NUMBERING.match(text.casefold()) else text.casefold()
    text = _REMARK.sub(" ", text).strip() or text
    found = _latin(_LATIN.findall(text.replace("'s", "")))
    signs = _SIGNS.findall(_SPACED.sub("", text))
    hangul = "".join(run for run in signs if "가" <= run[0] <= "힣")
    others = [run for run in signs if not "가" <= run[0] <= "힣"]
    for run in (hangul, *others):
        found += _segments(run)
    once = tuple(dict.fromkeys(found))
    spare = min(1.0, FEW / max(1, len(once)))  # a question in full has many words that name nothing
    return tuple(replace(word, weight=word.weight * spare) if _unknown(word) else word for word in once)


def _unknown(word: Word) -> bool:
    return any(meaning.startswith("?") for meaning in word.meanings)


def _word(text: str, meanings: frozenset[str]) -> Word:
    weight = max((WEIGHTS.get(meaning, 1.0) for meaning in meanings), default=_STOP_WEIGHT)
    return Word(text, meanings, weight)


def _latin(tokens: Sequence[str]) -> list[Word]:
    found: list[Word] = []
    at = 0
    while at < len(tokens):
        for length in range(min(_MOST_WORDS, len(tokens) - at), 0, -1):
            term = " ".join(tokens[at : at + length])
            if term in TERMS:
                found.append(_word(term, TERMS[term]))
                at += length
                break
        else:
            found += _joined(tokens[at]) or (_clipped(tokens[at]) if len(tokens) == 1 else [_stranger(tokens[at])])
            at += 1
    return found


def _joined(token: str) -> list[Word]:
    """The known words of which one without blanks is made, the fewest of them: `firstseen`, `SUPPLIERCOUNTRY`."""
    best: list[tuple[str, ...] | None] = [()]
    for end in range(1, len(token) + 1):
        ways = [
            (*before, token[start:end])
            for start in range(max(0, end - _LONGEST), end)
            if (before := best[start]) is not None and token[start:end] in _PIECES
        ]
        best.append(min(ways, key=len, default=None))
    return [_word(term, TERMS[term]) for term in best[-1] or ()]


def _clipped(token: str) -> list[Word]:
    """A word that is no term, or the two that are clipped and joined in it: `VENDRNAM`."""
    whole = _stranger(token)
    cuts = range(_SHORTEST, len(token) - 1) if _unknown(whole) and len(token) <= _LONGEST else ()
    halves = ([_stranger(token[:cut]), _stranger(token[cut:])] for cut in reversed(cuts))
    return next((pair for pair in halves if all(word.meanings and not _unknown(word) for word in pair)), [whole])


@lru_cache(4096)
def _stranger(token: str) -> Word:
    """A word that is no term: another form of one, its beginning, its consonants, or one mistyped; else unknown."""
    if token.isdigit():
        return Word(token, frozenset(), _STOP_WEIGHT)
    bare = token.rstrip("0123456789")
    for form in (
        bare,
        bare.removesuffix("s"),
        bare.removesuffix("es"),
        bare.removesuffix("ed"),
        bare.removesuffix("ing"),
        bare + "e",
    ):
        if form in TERMS:
            return Word(token, TERMS[form], _word(form, TERMS[form]).weight)
    if _SHORTEST <= len(bare) <= _LONGEST:
        bones = _bones(bare)
        alike = [term for term, its in _BONES.items() if term.startswith(bare) or its == bones]
        alike = alike or [term for term, its in _BONES.items() if len(bones) > _SHORTEST and its.startswith(bones)]
        if not alike and len(bare) > _MOST_TYPED:
            alike = get_close_matches(bare, [term for term in _BONES if term[0] == bare[0]], 1, TYPED)
        meanings = frozenset(meaning for term in alike for meaning in TERMS[term])
        if len(meanings) in {1, 2}:
            return Word(token, meanings, 0.9 * _word(token, meanings).weight)
    return Word(token, frozenset({f"?{token}"}), UNKNOWN if len(bare) > 1 else _STOP_WEIGHT)


def _bones(word: str) -> str:
    """A word without vowels and doubled letters, as it is abbreviated: supplier is splr."""
    return _TWICE.sub(r"\1", _VOWELS.sub("", word))


_PIECES: Final = frozenset(
    t
    for t in TERMS
    if t.isascii() and " " not in t and (len(t) > _SHORTEST or t in {"id", "cve", "cwe", "ioc", "tlp", "due"})
)
_BONES: Final = {t: _bones(t) for t in TERMS if t.isascii() and " " not in t and len(t) > _SHORTEST}


def _segments(run: str) -> list[Word]:
    """Signs without blanks between words: the split that leaves the fewest unknown, then the fewest words."""
    best: list[tuple[int, int, tuple[Word, ...]]] = [(0, 0, ())]
    for end in range(1, len(run) + 1):
        unknown, count, before = best[end - 1]
        options = [(unknown + 1, count + 1, (*before, _sign(run[end - 1])))]
        for start in range(max(0, end - _MOST_SIGNS), end):
            term = run[start:end]
            if term in TERMS:
                unknown, count, before = best[start]
                options.append((unknown, count + 1, (*before, _word(term, TERMS[term]))))
        best.append(min(options, key=lambda option: option[:2]))
    return _foreign(best[-1][2])


def _foreign(found: Sequence[Word]) -> list[Word]:
    """Join unknown katakana to one word; a single sign before an unknown one is likelier a part of that than a word."""
    joined: list[Word] = []
    for at, word in enumerate(found):
        before = joined[-1] if joined else None
        if before and all(_unknown(w) and _KATAKANA.match(w.text) for w in (before, word)):
            joined[-1] = _sign(before.text + word.text)
        elif len(word.text) == 1 and at + 1 < len(found) and _unknown(found[at + 1]):
            joined.append(_sign(word.text))
        else:
            joined.append(word)
    return joined


def _sign(sign: str) -> Word:
    weight = UNKNOWN if _KATAKANA.match(sign) and len(sign) > 1 else _UNKNOWN_SIGN
    return Word(sign, frozenset({f"?{sign}"}), weight)


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
    names, core = _names(known_as(column))
    if _is_initials(plain(header), column):
        return INITIALS
    if not any(meaning in core for word in said for meaning in word.meanings):
        return float(_is_named(header, column))
    best = max((likeness(said, name) for name in names), default=0.0)
    if _is_named(header, column):
        return 1.0
    own = max((core.get(meaning, 0.0) for word in said for meaning in word.meanings), default=0.0)
    return best * (STRAY + (1 - STRAY) * min(1.0, own / CORE)) * (OTHER if holds_other(header, column) else 1.0)


def _is_named(header: str, column: Column) -> bool:
    return bears(column, plain(header))


def vague(column: Column, candidate: Candidate, codes: Mapping[str, CodeList]) -> bool:
    """Whether a synonym tells little, as `title` does, or as often means something else, and no value settles it."""
    said = [word for word in words(candidate.header) if word.meanings and not _unknown(word)]
    told = values_speak(column, candidate.samples, codes)
    settled = told is None or (told >= ENOUGH and telling(column, candidate.samples))
    named = plain(candidate.header) == plain(column.name)
    if not settled and profiled(column, candidate.samples) is False:
        return True
    return not settled and not named and bool(said) and all(w.weight <= VAGUE or w.text in AMBIGUOUS for w in said)


def holds_other(header: str, column: Column) -> bool:
    """Whether a header is about something that none of the column's names speaks of."""
    _, core = _names(known_as(column))
    return not _is_named(header, column) and any(word.meanings <= HEADS - core.keys() for word in _last(header))


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


@lru_cache(2048)
def _names(names: tuple[str, ...]) -> tuple[tuple[tuple[Word, ...], ...], Mapping[str, float]]:
    """The words of a column's names, and for each meaning the share of names that have it."""
    found = tuple(words(name) for name in names)
    counts = Counter(meaning for name in found for meaning in {m for word in name for m in word.meanings})
    return found, {meaning: count / len(found) for meaning, count in counts.items()}


# --- values -----------------------------------------------------------------------------------------------------------

_NUMBER: Final = re.compile(r"[+-]?[0-9][0-9.,'\s]*\s*(?:%|[^\W\d_]{1,12}(?:/[^\W\d_])?)?")
_DATE: Final = re.compile(  # loosely: whether a date is meant, not which
    r"'?(?:[0-9]{2,4}|(?:令和|平成|昭和|[RHS])\s?[0-9元]{1,2})\s?[-/.年년]\s?[0-9]{1,2}"
    r"(?:\s?[-/.月월]\s?[0-9]{0,4})?(?:[日일末말.].{0,12}|[T ].*)?"
    r"|[0-9]{1,2}[-/. ](?:[0-9]{1,2}|[A-Za-z]{3,9})[-/., ]+[0-9]{2,4}(?:[T ].*)?"
    r"|(?:19|20)[0-9]{6}(?:[0-9]{6})?|1[0-9]{9}(?:[0-9]{3})?"  # compact, or seconds since 1970
    r"|[A-Za-z]{3,9} [0-9]{1,2},? [0-9]{4}.*"
)
_EXCEL: Final = re.compile(r"[1-9][0-9]{4}(?:\.0+)?")  # the days since 1927, as a sheet counts them
_CODELIKE: Final = re.compile(r"(?=.*[0-9])[0-9A-Za-z:.\-/ ]{2,45}")
_EMPTY: Final = frozenset({"", "-", "–", "—", "n/a", "na", "none", "null", "unknown", "不明", "미상", "없음", "なし"})
_YES_NO: Final = (
    frozenset({"1", "y", "yes", "true", "t", "o", "○", "예", "있음", "유", "有", "あり", "有り", "はい"}),
    frozenset({"0", "n", "no", "false", "f", "x", "×", "아니오", "없음", "무", "無", "なし", "無し", "いいえ"}),
)
_PARTS: Final = re.compile(r"[/()（）\[\]]|\s-\s")


def values_speak(  # noqa: PLR0911  (one kind of column, one line)
    column: Column, samples: Sequence[str], codes: Mapping[str, CodeList]
) -> float | None:
    """From 0 (they cannot be it) over 0.5 (they might) to 1 (they are codes of its list, or have its pattern)."""
    present = [value for text in samples if fold(value := text.strip()) not in _EMPTY]
    if not present:
        return None
    total = len(present)
    listed = codes.get(column.codes) if column.codes is not None else None
    if listed is not None or column.values:
        known = sum(_is_code(value, listed, column) for value in present) / total
        if len(column.values) == len(_YES_NO) and all(fold(value) in _YES_NO[0] | _YES_NO[1] for value in present):
            return max(known, NEUTRAL)
        banded = any(character.isdigit() for value in column.values for character in value)
        return known or (NO_CODES if _plain(present) and not banded else SOME_CODES)
    if column.pattern is not None:
        return _by_pattern(column.pattern, present)
    numeric = sum(_NUMBER.fullmatch(value) is not None for value in present) / total
    dated = sum(_DATE.fullmatch(value) is not None for value in present) / total
    match column.type:
        case Type.INTEGER | Type.DECIMAL | Type.NUMBER:
            return _by_range(column, present) if numeric else 0.2
        case Type.DATE | Type.TIMESTAMP:
            serial = sum(_EXCEL.fullmatch(value) is not None for value in present) / total
            return max(0.85 * dated, 0.4 * serial)
        case Type.BOOLEAN:
            return None
        case Type.TEXT:
            return 0.2 if dated == 1 else 0.3 if numeric == 1 else 0.55


def _plain(present: Sequence[str]) -> bool:
    """Whether all are whole numbers of one or two digits or dates: of a list of codes they would be some."""
    return all(_DATE.fullmatch(value) or value.isdigit() for value in present)


def telling(column: Column, present: Sequence[str]) -> bool:
    """Whether values that are codes or have the pattern could hardly be so by chance."""
    return any(len(value) > 1 and not (value.isdigit() and len(value) < _SHORTEST_CODE) for value in present) and (
        column.codes is not None or bool(column.values) or column.pattern is not None
    )


def _is_code(value: str, listed: CodeList | None, column: Column) -> bool:
    return any(
        resolve(listed, part) is not None if listed is not None else fold(part) in map(fold, column.values)
        for part in (value, *(_pieces(value) if any(map(str.isalpha, value)) and "://" not in value else ()))
    )


def _pieces(value: str) -> list[str]:
    """The parts of a value that may be codes for themselves; those of dates, shares and addresses are none."""
    return [part for piece in (*_PARTS.split(value), *value.split(" ")) if (part := piece.strip())]


def _by_pattern(pattern: str, present: Sequence[str]) -> float:
    body = re.compile(pattern.removeprefix(r"\A").removesuffix(r"\z"))
    share = sum(body.fullmatch(value) is not None for value in present) / len(present)
    if share:
        telling = body.fullmatch("abc") is None  # else nearly every word has this pattern
        return share if telling else 0.55
    if body.fullmatch("abc") is not None:
        return 0.4
    like = sum(_CODELIKE.fullmatch(value) is not None for value in present)
    return 0.5 if like == len(present) else 0.3 if like * 2 >= len(present) else 0.0  # names of firms are no numbers


def _by_range(column: Column, present: Sequence[str]) -> float:
    """Numbers within the column's bounds; bounds that are narrow tell more."""
    inside = 0
    for value in present:
        digits = re.sub(r"[^0-9.\-]", "", value.replace(",", ""))
        try:
            number = float(digits)
        except ValueError:
            continue
        low = float(column.minimum) if column.minimum is not None else number
        high = float(column.maximum) if column.maximum is not None else number
        inside += low <= number <= high
    return 0.75 * inside / len(present)


_PROFILES: Final[Mapping[str, re.Pattern[str]]] = {
    "indicator": re.compile(  # addresses, names of hosts, hashes, also defanged
        r"(?i)(?:hxxps?|https?|ftp)\S+|(?:[0-9]{1,3}(?:\[?\.\]?|\(\.\))){3}[0-9]{1,3}(?:[:/][0-9]+)?|[0-9a-f]{32}|[0-9a-f]{40}"
        r"|[0-9a-f]{64}|(?:[a-z0-9_-]+(?:\[\.\]|\[dot\]|\(\.\)|\.))+(?:[a-z]{2,}|xn--[a-z0-9]+)(?:/\S*)?|[0-9a-f:]*:[0-9a-f:]*:[0-9a-f:./]+"
    ),
    "hs": re.compile(r"[0-9]{4}\.?[0-9]{2}(?:[.\s-]?[0-9]{2,4})*"),
    "cve": re.compile(r"CVE-[0-9]{4}-[0-9]{4,}"),
    "cwe": re.compile(r"(?:CWE-[0-9]+[,;/ ]*)+"),
    "technique": re.compile(r"T[0-9]{4}(?:\.[0-9]{3})?.*"),
    "id": re.compile(  # of firms: LEI, tax and register numbers, with or without their register
        r"(?:[A-Z]{2,5}[: -]?)*"
        r"(?:[0-9A-Z]{18}[0-9]{2}|[0-9]{3}-[0-9]{2}-[0-9]{5}|(?!000)[0-9]{9,13}|"
        r"[A-Z]{0,2}(?!000)[0-9][0-9A-Z .-]{7,13})"
    ),
}
"""Meanings that values show by their form alone."""
_INITIAL: Final = re.compile(r"[A-Za-z]\.[A-Za-z]+")  # t.osei is a person


def profiled(column: Column, present: Sequence[str]) -> bool | None:
    """Whether the values have the form of what the column means; None where no form is known for that."""
    listed = column.codes is not None or bool(column.values)
    _, core = _names(known_as(column))
    for meaning, form in _PROFILES.items():
        if core.get(meaning, 0.0) >= CORE and (column.pattern is not None or (listed and meaning == "hs")):
            formed = sum(form.fullmatch(value) is not None for value in present) >= ENOUGH * len(present)
            return formed and not all(_INITIAL.fullmatch(value) for value in present)
    return None


# --- scores and assignment --------------------------------------------------------------------------------------------


def score(column: Column, candidate: Candidate, codes: Mapping[str, CodeList]) -> Match:
    """How well one source column speaks for one standard column."""
    name = name_score(candidate.header, column, candidate.role)
    values = values_speak(column, candidate.samples, codes)
    present = [value for text in candidate.samples if fold(value := text.strip()) not in _EMPTY]
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
        present = [value for value in candidate.samples if fold(value.strip()) not in _EMPTY]
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


def assign(gains: Sequence[Sequence[float]]) -> list[tuple[int, int]]:  # noqa: C901  (one algorithm, as published)
    """(row, column) pairs, each used once, with the largest sum of gains; a gain of 0 is no pair.

    The Hungarian method by shortest augmenting paths (Kuhn 1955, Munkres 1957; potentials as in Jonker & Volgenant
    1987), over the costs `-gain`, with a column of its own for each row that nothing fits.
    """
    if not gains or not gains[0]:
        return []
    rows, real = len(gains), len(gains[0])
    columns = real + rows
    free = float("inf")
    row_price, column_price = [0.0] * (rows + 1), [0.0] * (columns + 1)
    owner, way = [0] * (columns + 1), [0] * (columns + 1)
    for row in range(1, rows + 1):
        owner[0], at = row, 0
        least, seen = [free] * (columns + 1), [False] * (columns + 1)
        while True:
            seen[at] = True
            here, step, following = owner[at], free, 0
            for column in range(1, columns + 1):
                if seen[column]:
                    continue
                cost = -gains[here - 1][column - 1] if column <= real else 0.0
                reduced = cost - row_price[here] - column_price[column]
                if reduced < least[column]:
                    least[column], way[column] = reduced, at
                if least[column] < step:
                    step, following = least[column], column
            for column in range(columns + 1):
                if seen[column]:
                    row_price[owner[column]] += step
                    column_price[column] -= step
                else:
                    least[column] -= step
            at = following
            if owner[at] == 0:
                break
        while at:
            owner[at] = owner[way[at]]
            at = way[at]
    found = [(owner[column] - 1, column - 1) for column in range(1, real + 1) if owner[column]]
    return sorted((row, column) for row, column in found if gains[row][column] > 0)


# --- wide tables ------------------------------------------------------------------------------------------------------

_YEAR: Final = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})(?![0-9])")
_SHORT_YEAR: Final = re.compile(r"(?i)(?:\bfy|\bcy|['’])\s?([0-9]{2})(?![0-9])")
_ERAS: Final = {"令和": 2018, "r": 2018, "平成": 1988, "h": 1988, "昭和": 1925, "s": 1925}  # the year before each began
_ERA: Final = re.compile(r"(?i)(令和|平成|昭和|\b[rhs])\s?([0-9]{1,2}|元)(?![0-9])")
_YEAR_WORDS: Final = frozenset({"year", "production", "quantity", "date"})
_MARK: Final = 2  # letters beside a year that may mark the figure
_MOST_YEARS: Final = 9999
_LEAST_YEARS: Final = 1000


def wide(
    standard: Standard, columns: Sequence[Column], candidates: Sequence[Candidate], codes: Mapping[str, CodeList]
) -> Unpivot | None:
    """Columns that are one column laid out in breadth: their headers are years or codes, their values quantities."""
    quantity = _the_quantity(standard)
    if quantity is None or quantity not in columns:
        return None
    measured = quantity.type is not Type.TEXT
    numeric = [c for c in candidates if (_mostly_numbers(c.samples) if measured else _shows(quantity, c.samples))]
    best: tuple[int, Column, dict[str, str]] | None = None
    for column in columns:
        if column.name == quantity.name or any(_is_named(c.header, column) for c in candidates):
            continue
        found = {c.header: said for c in numeric if (said := _told(c.header, column, quantity, codes)) is not None}
        if len(found) > 1 and len(set(found.values())) == len(found) and (best is None or len(found) > best[0]):
            best = (len(found), column, found)
    if best is None:
        return None
    return Unpivot(names_to=best[1].name, values_to=quantity.name, columns=best[2])


def _the_quantity(standard: Standard) -> Column | None:
    """The one column that measures, else the one whose values show what they are: with several, none can be told."""
    measured = [c for c in standard.columns if c.type in {Type.DECIMAL, Type.NUMBER}]
    shown = [c for c in standard.columns if c.pattern is not None and c.required and c.codes is None]
    found = measured or shown
    return found[0] if len(found) == 1 else None


def _shows(column: Column, samples: Sequence[str]) -> bool:
    present = [value for text in samples if fold(value := text.strip()) not in _EMPTY]
    return bool(present) and bool(profiled(column, present))


def _mostly_numbers(samples: Sequence[str]) -> bool:
    present = [value for text in samples if fold(value := text.strip()) not in _EMPTY]
    return bool(present) and sum(_NUMBER.fullmatch(value) is not None for value in present) * 2 > len(present)


def _told(header: str, column: Column, quantity: Column, codes: Mapping[str, CodeList]) -> str | None:
    """The value of `column` that a header tells, or None."""
    text = unicodedata.normalize("NFKC", header).strip()
    if column.type is Type.INTEGER and column.minimum is not None and column.maximum is not None:
        if not _LEAST_YEARS <= int(column.minimum) <= int(column.maximum) <= _MOST_YEARS:
            return None
        text = _SHORT_YEAR.sub(r" 20\1 ", _ERA.sub(_of_era, text))
        years = _YEAR.findall(text)
        rest = _says_nothing(words(_YEAR.sub(" ", text)))
        return str(years[0]) if len(years) == 1 and rest else None
    listed = codes.get(column.codes) if column.codes is not None else None
    if listed is None and not column.values:
        return None
    pieces = (text, *_PARTS.split(text), *(text.replace(name, " ") for name in known_as(quantity) if name in text))
    for piece in pieces:
        said = resolve(listed, piece.strip()) if listed is not None else _one_of(piece, column.values)
        if said is not None:
            return said
    return None


def _of_era(found: re.Match[str]) -> str:
    """A year of a Japanese era as one of the common era: 令和3 is 2021, 平成元 is 1989."""
    era, year = found.groups()
    return f" {_ERAS[era.casefold()] + (1 if year == '元' else int(year))} "


def _says_nothing(rest: Sequence[Word]) -> bool:
    """Whether what stands beside a year tells nothing of its own: FY, Y, 년, e for estimated, or output itself."""
    short = (word.meanings == {f"?{word.text}"} and len(word.text) <= _MARK for word in rest)
    return all(not word.meanings or mark or word.meanings & _YEAR_WORDS for word, mark in zip(rest, short, strict=True))


def _one_of(text: str, values: Sequence[str]) -> str | None:
    return next((value for value in values if fold(value) == fold(text)), None)
