"""What the values of a source column say for or against a standard's column: codes, patterns, forms, ranges. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from datadam.model import CodeList, Column, Type, fold
from datadam.standard import known_as, resolve
from datadam.value_words import CLOSED, SAID, spoken
from datadam.words import of_names

NO_CODES: Final = 0.05
SOME_CODES: Final = 0.3  # what values say that are no codes of the list: numbers, and other words
NUMBERED: Final = 0.25  # what numbers of files say that stand where names are asked for
NEUTRAL: Final = 0.55  # values that say nothing
IN_WORDS: Final = 0.95  # what values tell that are written as such values are, but are no codes
MANY_NAMES: Final = 7  # names a code from which on a long list knows all there are, so that other values are none
FEW_CODES: Final = 13  # of a list whose codes others number
LONG: Final = 100  # codes
ENOUGH: Final = 0.8  # share of values that must have a form
CORE: Final = 0.3  # share of a column's names that have a meaning, from which on it is what the column is about
_SHORTEST_CODE: Final = 4  # digits

_NUMBER: Final = re.compile(r"[+-]?[0-9][0-9.,'\s]*\s*(?:%|[^\W\d_]{1,12}(?:/[^\W\d_])?)?")
_DATE: Final = re.compile(  # loosely: whether a date is meant, not which
    r"'?(?:[0-9]{2,4}|(?:令和|平成|昭和|[RHS])\s?[0-9元]{1,2})\s?[-/.年년]\s?(?:1[0-2]|0?[1-9])"
    r"(?:\s?[-/.月월]\s?[0-9]{0,4})?(?:[日일末말.].{0,12}|[T ].*)?"
    r"|(?:19|20)[0-9]{2}\s?[년年]度?(?:\s?[0-9]{1,2}[월月])?\s?[말末]"  # 2023년 말
    r"|(?:1[0-2]|0?[1-9])\s?[월月]\s?(?:[0-9]{1,2}\s?[일日]|[말末初초中중]旬?)?|(?:1[0-2]|0?[1-9])/(?:[12][0-9]|3[01]|0?[1-9])"
    r"|[0-9]{1,2}[-/. ](?:[0-9]{1,2}|[A-Za-z]{3,9})[-/., ]+[0-9]{2,4}(?:[T ].*)?"
    r"|(?:19|20)[0-9]{6}(?:[0-9]{6})?|1[0-9]{9}(?:[0-9]{3})?"  # compact, or seconds since 1970
    r"|[A-Za-z]{3,9} [0-9]{1,2},? [0-9]{4}.*|(?:[JFMASOND][a-z]{2,8})[-\s'’]+(?:20)?[0-9]{2}"
    r"|(?:20)?[0-9]{2}[-\s/]?[QqHh][1-4]|[QqHh][1-4][-\s/']*(?:20)?[0-9]{2}"  # quarters and halves
)
_EXCEL: Final = re.compile(r"[1-9][0-9]{4}(?:\.0+)?")  # the days since 1927, as a sheet counts them
_FILED: Final = re.compile(r"(?=(?:[^0-9]*[0-9]){3})[A-Za-z]{1,8}[-_/#][0-9][-_/0-9A-Za-z]*")  # ICSA-24-102: no name
_CODELIKE: Final = re.compile(r"(?=.*[0-9])[0-9A-Za-z:.\-/ ]{2,45}")
_EMPTY: Final = frozenset({"", "-", "–", "—", "n/a", "na", "none", "null", "unknown", "不明", "미상", "없음", "なし"})
_WITHHELD: Final = frozenset({"x", "w", "..", "...", "…", "*", "**", "***", "c", "nd", "秘匿", "非公表", "비공개"})
"""What stands for a number that may not be told."""
_YES_NO: Final = (
    frozenset({"1", "y", "yes", "true", "t", "o", "○", "예", "있음", "유", "有", "あり", "有り", "はい"}),
    frozenset({"0", "n", "no", "false", "f", "x", "×", "아니오", "없음", "무", "無", "なし", "無し", "いいえ"}),
)
_AMOUNT: Final = re.compile(r"([0-9][0-9,]*(?:\.[0-9]+)?)\s*([kKmMbB억万億만천千백百]?)(?![A-Za-z0-9])")
_THOUSANDS: Final = {"": 1, "k": 1e3, "K": 1e3, "m": 1e6, "M": 1e6, "b": 1e9, "B": 1e9} | {
    "백": 1e2, "百": 1e2, "천": 1e3, "千": 1e3, "만": 1e4, "万": 1e4, "억": 1e8, "億": 1e8,
}  # fmt: skip
_UNDER: Final = re.compile(r"\b(?:under|below|less|up to)\b|[<≤]", re.IGNORECASE)
_OVER: Final = re.compile(r"\b(?:over|above|more)\b|[>≥+]", re.IGNORECASE)
_ALL: Final = 100.0  # per cent
_BOUNDS: Final = 2
_MONEY: Final = 1000.0  # a yearly value of less is rather something else
_PADDED: Final = 6  # digits with zeros before them, from which on they number things and count nothing
_SHORT_WORD: Final = 2  # letters
_SHORT_VALUE: Final = 6
_SMALL: Final = 0.7
_MONEY_SIGNS: Final = ("$", "€", "¥", "円", "원", "달러", "ドル", "USD", "usd", "EUR", "KRW", "JPY")
PARTS: Final = re.compile(r"[/()（）\[\]]|\s-\s")


def there(samples: Sequence[str]) -> list[str]:
    """The values that say anything: neither empty nor a sign for nothing."""
    return [value for text in samples if fold(value := text.strip()) not in _EMPTY]


def values_speak(  # noqa: PLR0911  (one kind of column, one line)
    column: Column, samples: Sequence[str], codes: Mapping[str, CodeList]
) -> float | None:
    """From 0 (they cannot be it) over 0.5 (they might) to 1 (they are codes of its list, or have its pattern)."""
    present = there(samples)
    if not present:
        return None
    total = len(present)
    listed = codes.get(column.codes) if column.codes is not None else None
    if listed is not None or column.values:
        return _by_list(column, present, listed)
    if column.pattern is not None:
        return _by_pattern(column.pattern, present)
    numeric = sum(_NUMBER.fullmatch(value) is not None for value in present) / total
    dated = sum(_DATE.fullmatch(value) is not None for value in present) / total
    match column.type:
        case Type.INTEGER | Type.DECIMAL | Type.NUMBER:
            return _by_range(column, present) if numeric else NEUTRAL * in_words(column, present) or 0.2
        case Type.DATE | Type.TIMESTAMP:
            serial = sum(_EXCEL.fullmatch(value) is not None for value in present) / total
            return max(0.85 * dated, 0.4 * serial)
        case Type.BOOLEAN:
            return None
        case Type.TEXT:
            said = in_words(column, present)
            if all(_FILED.fullmatch(value) for value in present):
                return NUMBERED
            return IN_WORDS if said == 1 else NO_CODES if dated == 1 else 0.3 if numeric == 1 else 0.55


def _by_list(column: Column, present: Sequence[str], listed: CodeList | None) -> float:
    """How far values are codes of the column's list, or are written as such values are."""
    known = sum(_is_code(value, listed, column) for value in present) / len(present)
    if len(column.values) == len(_YES_NO) and all(fold(value) in _YES_NO[0] | _YES_NO[1] for value in present):
        return max(known, NEUTRAL)
    bands = [band for value in column.values if (band := _band(value)) is not None]
    if bands and len(bands) == len(column.values):
        return max(known, _by_bands(bands, present))
    known = max(known, IN_WORDS * in_words(column, present))
    if listed is not None and len(listed.aliases) >= MANY_NAMES * len(listed.codes) and len(listed.codes) >= LONG:
        return known or NO_CODES
    if known or all(len(value) == 1 for value in present):
        few = len(_YES_NO) < len(column.values or (listed.codes if listed is not None else ())) <= FEW_CODES
        return known or (NO_CODES if _plain(present) and not few else SOME_CODES)
    return NO_CODES if _plain(present) or _is_closed(column) else SOME_CODES


def in_words(column: Column, present: Sequence[str]) -> float:
    """Share of the values that are written as values of what the column means are, codes or not."""
    _, core = of_names(known_as(column))
    return max((spoken(meaning, present) for meaning in SAID if core.get(meaning, 0.0) >= CORE), default=0.0)


def _is_closed(column: Column) -> bool:
    """Whether nearly all ways of writing this column's values are known, so that other values are none."""
    _, core = of_names(known_as(column))
    return any(core.get(meaning, 0.0) >= CORE for meaning in CLOSED)


def _band(text: str) -> tuple[float, float] | None:
    """The bounds of a band like `10-25%`, `100k-1M`, `over 100M`; None for what is no band."""
    amounts = [float(digits) * _THOUSANDS[unit] for digits, unit in _AMOUNT.findall(text)]
    match amounts:
        case [low, high] if low < high:
            return low, high
        case [one] if _UNDER.search(text):
            return 0.0, one
        case [one] if _OVER.search(text):
            return one, float("inf")
        case _:
            return None


def _by_bands(bands: Sequence[tuple[float, float]], present: Sequence[str]) -> float:
    """How far values look like amounts, or bands of amounts, of the size that these bands are of."""
    top = max(high for _, high in bands)
    share = top == _ALL  # of a hundred: a fraction is one too
    fits = 0.0
    for value in present:
        amounts = [float(digits.replace(",", "")) * _THOUSANDS.get(unit, 1) for digits, unit in _AMOUNT.findall(value)]
        marked = "%" in value or "割" in value
        if not amounts or len(amounts) > _BOUNDS + 1 or (marked and not share):
            continue
        plainly = max(amounts) <= top if share else max(amounts) >= _MONEY or any(s in value for s in _MONEY_SIGNS)
        fits += 1.0 if plainly else 0.0 if share else _SMALL  # in millions, perhaps
    found = fits / len(present)
    return NEUTRAL * found if found else NO_CODES


def _plain(present: Sequence[str]) -> bool:
    """Whether all are whole numbers of one or two digits or dates: of a list of codes they would be some."""
    return all(_DATE.fullmatch(value) or value.isdigit() for value in present)


def telling(column: Column, present: Sequence[str]) -> bool:
    """Whether values that are codes or have the pattern could hardly be so by chance."""
    return any(len(value) > 1 and not (value.isdigit() and len(value) < _SHORTEST_CODE) for value in present) and (
        column.codes is not None
        or bool(column.values)
        or column.pattern is not None
        or (column.type is Type.TEXT and in_words(column, present) == 1)
    )


def _is_code(value: str, listed: CodeList | None, column: Column) -> bool:
    return any(
        resolve(listed, part) is not None if listed is not None else fold(part) in map(fold, column.values)
        for part in (value, *(_pieces(value) if any(map(str.isalpha, value)) and "://" not in value else ()))
    )


def _pieces(value: str) -> list[str]:
    """The parts of a value that may be codes for themselves; those of dates, shares and addresses are none.

    A word of two letters is one only beside little else: the AG of a firm is no Antigua.
    """
    words_of = [word for word in value.split(" ") if len(word) > _SHORT_WORD or len(value) <= _SHORT_VALUE]
    return [part for piece in (*PARTS.split(value), *words_of) if (part := piece.strip())]


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
        padded = column.type is Type.INTEGER and digits.startswith("00") and len(digits) > _PADDED
        inside += low <= number <= high and not padded
    told = [value for value in present if value.casefold() not in _WITHHELD]
    return 0.75 * inside / max(1, len(told))


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
        r"(?:[0-9A-Z]{18}[0-9]{2}|[0-9]{3}-[0-9]{2}-[0-9]{5}|[0-9]{9}|(?!000)[0-9]{10,13}|"
        r"[A-Z]{0,2}(?!000)[0-9][0-9A-Z .-]{7,13})"
    ),
}
"""Meanings that values show by their form alone."""
_INITIAL: Final = re.compile(r"[A-Za-z]\.[A-Za-z]+")  # t.osei is a person


def profiled(column: Column, present: Sequence[str]) -> bool | None:
    """Whether the values have the form of what the column means; None where no form is known for that."""
    listed = column.codes is not None or bool(column.values)
    _, core = of_names(known_as(column))
    for meaning, form in _PROFILES.items():
        if core.get(meaning, 0.0) >= CORE and (column.pattern is not None or (listed and meaning == "hs")):
            formed = sum(form.fullmatch(value) is not None for value in present) >= ENOUGH * len(present)
            return formed and not all(_INITIAL.fullmatch(value) or _DATE.fullmatch(value) for value in present)
    return None


def mostly_numbers(samples: Sequence[str]) -> bool:
    """Whether more than half of the values are numbers, with or without a unit."""
    present = there(samples)
    return bool(present) and sum(_NUMBER.fullmatch(value) is not None for value in present) * 2 > len(present)
