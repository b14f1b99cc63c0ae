"""Take headers apart into words, and words into what they may mean (`thesaurus`). Pure.

Three languages, camelCase, abbreviations, words without blanks between them, and words that are nearly others. What a
word means never makes a mapping certain: it is how `matching` comes to its suggestions.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from datadam.thesaurus import ALONE, READ, TERMS, WEIGHTS, spelt

MAX_HEADER: Final = 200  # characters of a header that are read
FEW: Final = 4  # words from which on unknown ones count less
UNKNOWN: Final = 0.4  # what a word that nobody knows counts, beside 1 for a known one
_UNKNOWN_SIGN: Final = 0.15  # the same for each Korean, Chinese or Japanese character
_STOP_WEIGHT: Final = 0.03
_MOST_WORDS: Final = 4  # of a term of the thesaurus
_MOST_SIGNS: Final = 10
_LONGEST: Final = 16  # letters of a word that is looked for inside of another
_MOST_TYPED: Final = 5  # letters up to which a word that is nearly another is none
_MARKS: Final = {"%": "share", "$": "money", "€": "money", "£": "money", "¥": "money", "₩": "money"}
_PAIR: Final = 2
_ENDS: Final = {"from": "supplier", "to": "customer"}
_LEAST_READ: Final = 4  # Latin letters of a reading within a longer one
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


@lru_cache(4096)
def words(header: str) -> tuple[Word, ...]:
    """A header taken apart: numbering cut off, camelCase and scripts split, the longest known terms first."""
    text = unicodedata.normalize("NFKC", header[:MAX_HEADER])
    text = " ".join(part if part.casefold() in TERMS else _CAMEL.sub(" ", part) for part in _BLANK.split(text))
    text = _NUMBERING.sub(" ", text.casefold(), count=1) if _NUMBERING.match(text.casefold()) else text.casefold()
    text = _REMARK.sub(" ", text).strip() or text
    if text in ALONE and not TERMS.get(text):
        return (_word(text, ALONE[text]),)
    found = _latin(_ends(_LATIN.findall(text.replace("'s", ""))))
    found += [_word(sign, frozenset({meaning})) for sign, meaning in _MARKS.items() if sign in text]
    signs = _SIGNS.findall(spelt(_SPACED.sub("", text)))
    hangul = "".join(run for run in signs if "가" <= run[0] <= "힣")
    others = [run for run in signs if not "가" <= run[0] <= "힣"]
    for run in (hangul, *others):
        found += (_read(run) if _is_kana(run) else []) or _segments(run)
    once = tuple(dict.fromkeys(found))
    spare = min(1.0, FEW / max(1, len(once)))  # a question in full has many words that name nothing
    return tuple(replace(word, weight=word.weight * spare) if unknown(word) else word for word in once)


def _ends(tokens: list[str]) -> list[str]:
    """`from_lei` and `to_lei` are the two ends of a link."""
    pair = len(tokens) == _PAIR and tokens[0] in _ENDS and " ".join(tokens) not in TERMS
    return [_ENDS[tokens[0]], tokens[1]] if pair else tokens


def unknown(word: Word) -> bool:
    """Whether nobody knows what a word means."""
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
            found += (
                _joined(tokens[at])
                or _read(tokens[at])
                or (_clipped(tokens[at]) if len(tokens) == 1 else [_stranger(tokens[at])])
            )
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


def _is_kana(run: str) -> bool:
    return all(_KATAKANA.match(sign) for sign in run) and any(unknown(word) for word in _segments(run))


def _read(run: str) -> list[Word]:
    """The words that kana or Latin letters are read as, the fewest of them; none if anything is left over."""
    if run in READ and len(run) >= _SHORTEST - (not run.isascii()):
        return [_word(run, READ[run])]
    best: list[tuple[str, ...] | None] = [()]
    least = _LEAST_READ if run.isascii() else 1
    for end in range(1, len(run) + 1):
        ways = [
            (*before, run[start:end])
            for start in range(max(0, end - _LONGEST), end)
            if (before := best[start]) is not None
            and end - start >= least
            and (run[start:end] in READ or run[start:end] in TERMS)
        ]
        best.append(min(ways, key=len, default=None))
    return [_word(term, READ.get(term) or TERMS[term]) for term in best[-1] or ()]


def _clipped(token: str) -> list[Word]:
    """A word that is no term, or the two that are clipped and joined in it: `VENDRNAM`."""
    whole = _stranger(token)
    cuts = range(_SHORTEST, len(token) - 1) if unknown(whole) and len(token) <= _LONGEST else ()
    halves = ([_stranger(token[:cut]), _stranger(token[cut:])] for cut in reversed(cuts))
    return next((pair for pair in halves if all(word.meanings and not unknown(word) for word in pair)), [whole])


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


@lru_cache(4096)
def bare_words(header: str) -> tuple[str, ...]:
    """The Latin words of a header as they stand; none, if it is written in other signs as well."""
    text = unicodedata.normalize("NFKC", header[:MAX_HEADER])
    return tuple(_LATIN.findall(_CAMEL.sub(" ", text).casefold())) if text.isascii() else ()


def abbreviates(short: str, word: str) -> bool:
    """Whether a word is shortened so: to its beginning, or to its first letter and consonants after it."""
    if short == word or (len(short) > 1 and word.startswith(short)):
        return True
    if len(short) < _SHORTEST or short[0] != word[:1]:
        return False
    letters = iter(word)
    return not any(letter in "aeiou" for letter in short[1:]) and all(letter in letters for letter in short)


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
        if before and all(unknown(w) and _KATAKANA.match(w.text) for w in (before, word)):
            joined[-1] = _sign(before.text + word.text)
        elif len(word.text) == 1 and at + 1 < len(found) and unknown(found[at + 1]):
            joined.append(_sign(word.text))
        else:
            joined.append(word)
    return joined


def _sign(sign: str) -> Word:
    weight = UNKNOWN if _KATAKANA.match(sign) and len(sign) > 1 else _UNKNOWN_SIGN
    return Word(sign, frozenset({f"?{sign}"}), weight)


@lru_cache(2048)
def of_names(names: tuple[str, ...]) -> tuple[tuple[tuple[Word, ...], ...], Mapping[str, float]]:
    """The words of a column's names, and for each meaning the share of names that have it."""
    found = tuple(words(name) for name in names)
    counts = Counter(meaning for name in found for meaning in {m for word in name for m in word.meanings})
    return found, {meaning: count / len(found) for meaning, count in counts.items()}
