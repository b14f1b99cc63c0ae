"""Patterns that RE2, Java and Python read alike and in linear time: what of others is refused. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from datadam.errors import DamError, Invalid

MAX_PATTERN: Final = 500  # characters
MAX_REPEATS: Final = 1000  # RE2 refuses larger counted repetitions

_END: Final = re.compile(r"(?<!\\)(?:\\\\)*\\z\Z")  # an even number of backslashes before it are escaped ones
_CLASS_START: Final = re.compile(r"\[\^?")
_COUNTED: Final = re.compile(r"\{([0-9]{1,4})(,([0-9]{0,4}))?\}")
_BARE: Final = r"(?:[0-9A-Za-z_-]|(?<!\\)\[[0-9A-Za-z_-]+\])"  # one character, or a class of them, that is no blank
_BARE_START: Final = re.compile(rf"\\A{_BARE}(?:\+|\{{[1-9]|(?![?*{{]))")
_BARE_END: Final = re.compile(rf"{_BARE}(?:\+|\{{[1-9][0-9]*(?:,[0-9]*)?\}})?\\z\Z")
_LITERAL_ESCAPES: Final = frozenset("\\.+*?()|[]{}^$-/")
_CLASS_OPERATORS: Final = ("&&", "--", "~~", "[")


def pattern_faults(column: str, pattern: str) -> Iterator[DamError]:
    r"""Refuse what RE2, Java and Python do not read alike, or read in more than linear time.

    Taken: `\A…\z` around all; literals; escaped punctuation; classes `[…]`, `[^…]` of characters and ranges; groups
    `(…)`, `(?:…)` with `|`; `?`, `*`, `+`, `{n}`, `{n,}`, `{n,m}`, no unbounded one inside an unbounded one.
    """
    if len(pattern) > MAX_PATTERN:
        yield Invalid("standard.pattern-too-long", column=column, limit=MAX_PATTERN)
        return
    if not pattern.startswith(r"\A") or not _END.search(pattern):
        yield Invalid("standard.pattern-not-anchored", column=column)
        return
    for construct in _foreign(pattern[2:-2]):
        yield Invalid("standard.pattern-construct", column=column, construct=construct)


def is_bare(pattern: str) -> bool:
    r"""Whether no text of a pattern is empty or has blanks around it: true only where its first and last part show it.

    These are a letter, a digit, `_`, `-`, or a class of them, that may not be left out, as in `\ASUP-[0-9]{6}\z`.
    """
    shows = _BARE_START.match(pattern) is not None and _BARE_END.search(pattern) is not None
    return shows and not any(pattern_faults("", pattern))


@dataclass(slots=True)
class _Group:
    """What an open group has seen so far: the widest count and whether anything in it repeats without bound."""

    unbounded: bool = False
    repeats: int = 1

    def take(self, part: "_Group") -> None:
        """Grow by what a part of this group holds."""
        self.unbounded |= part.unbounded
        self.repeats = max(self.repeats, part.repeats)


def _foreign(body: str) -> Iterator[str]:  # noqa: C901, PLR0912  (one branch a construct; splitting hides the grammar)
    """Find the constructs of a pattern's body outside the common subset; ends at the first that it cannot read past."""
    groups: list[_Group] = [_Group()]
    last: _Group | None = None  # what a quantifier would repeat
    at = 0
    while at < len(body):
        character = body[at]
        if character == "(":
            start = at + (3 if body.startswith("(?:", at) else 1)
            if body[start : start + 1] == "?":
                yield body[at : at + 4]
                return
            groups.append(_Group())
            last, at = None, start
        elif character == "|":
            if len(groups) == 1:  # the anchors would hold on one side only
                yield "|"
            last, at = None, at + 1
        elif character in "?*+{":
            count = _quantifier(body, at)
            if last is None or count is None:
                yield body[at : at + 8]
                return
            most, at = count
            if (last.unbounded and most is None) or last.repeats * (most or 1) > MAX_REPEATS:
                yield body[max(0, at - 8) : at]
            groups[-1].take(_Group(unbounded=last.unbounded or most is None, repeats=last.repeats * (most or 1)))
            last = None  # a second quantifier would be lazy or possessive
        elif character == ")":
            if len(groups) == 1:
                yield ")"
                return
            last, at = groups.pop(), at + 1
            groups[-1].take(last)
        else:
            end = _atom_end(body, at)
            if end is None:
                yield body[at : at + (20 if character == "[" else 2 if character == "\\" else 1)]
                return
            last, at = _Group(), end
    if len(groups) > 1:
        yield "("


def _atom_end(body: str, at: int) -> int | None:
    """Where the one-character atom at `at` ends, or None if it is outside the common subset."""
    if body[at] == "[":
        return _class_end(body, at)
    if body[at] == "\\":
        return at + 2 if body[at + 1 : at + 2] in _LITERAL_ESCAPES else None
    return None if body[at] in ".^$]}" or ord(body[at]) < ord(" ") else at + 1


def _quantifier(body: str, at: int) -> tuple[int | None, int] | None:
    """The most repetitions (None: no bound) of the quantifier at `at`, and where it ends; None if it is none."""
    if body[at] == "?":
        return 1, at + 1
    if body[at] in "*+":
        return None, at + 1
    found = _COUNTED.match(body, at)
    if not found:
        return None
    least, comma, most = found.group(1), found.group(2), found.group(3)
    if comma and not most:
        return (None, found.end()) if int(least) <= MAX_REPEATS else None
    top = int(most or least)
    return (top, found.end()) if int(least) <= top <= MAX_REPEATS and top else None


def _class_end(body: str, at: int) -> int | None:
    """Where the character class at `at` ends, or None if it is outside the common subset."""
    opening = _CLASS_START.match(body, at)
    place = opening.end() if opening else at
    first = place
    while place < len(body):
        if body[place] == "]":
            return place + 1 if place > first else None
        if body.startswith(_CLASS_OPERATORS, place) or ord(body[place]) < ord(" "):
            return None
        if body[place] == "\\":
            if body[place + 1 : place + 2] not in _LITERAL_ESCAPES:
                return None
            place += 1
        place += 1
    return None
