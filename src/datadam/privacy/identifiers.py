r"""What identifies a person or a firm, found in text by its form and its check digits. Pure; nothing here reads a file.

Engines ask for any gate first (`identifier_forms.Gate`) and look closer only where there is one. Text is folded before,
character by character, so that places in it stay what they are.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from datadam.privacy.identifier_forms import FORMS, GAP, Form, Gate, Kind

MAX_LOOKED_AT: Final = 1_000_000  # characters of one text; no column takes as many
_NEAR: Final = 24  # characters before an identifier that may say what it is


@dataclass(frozen=True, slots=True)
class Hit:
    """Where in a text something stands, and of what kind it is."""

    kind: str
    start: int
    end: int


def folded(text: str) -> str:
    """Full-width letters, digits and signs as ASCII, all dashes and blanks as one: of the same length."""
    return text if text.isascii() else text.translate(_FOLDS)


def find(text: str, kinds: Collection[str] = frozenset(Kind)) -> tuple[Hit, ...]:
    """Every identifier of these kinds in a text, in its order; none lies within another."""
    plain = folded(text[:MAX_LOOKED_AT])
    open_gates = {gate for gate, pattern in _GATES.items() if pattern.search(plain)}
    found: list[Hit] = []
    for form in FORMS:
        for start, end in _bodies(form, plain) if form.gate in open_gates else ():
            if all(end <= other.start or other.end <= start for other in found):
                found.append(Hit(form.kind, start, end))
    return tuple(sorted((one for one in found if one.kind in kinds), key=lambda one: one.start))


def _bodies(form: Form, plain: str) -> Iterator[tuple[int, int]]:
    for match in _compiled(form).finditer(plain):
        start, end = match.span("body")
        if form.holds(match["body"], plain[max(0, start - _NEAR) : start]):
            yield start, end


def kinds_in(text: str, kinds: Collection[str] = frozenset(Kind)) -> tuple[str, ...]:
    """Which of these kinds a text holds, each once."""
    return tuple(dict.fromkeys(one.kind for one in find(text, kinds)))


def redacted(text: str, found: Iterable[Hit]) -> str:
    """The text with the name of its kind in place of each thing found: `call [phone]`; of two that meet, one name."""
    parts: list[str] = []
    done = 0
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if one.start >= done:
            parts += (text[done : one.start], f"[{one.kind}]")
        done = max(done, one.end)
    return "".join((*parts, text[done:]))


# --- one form ---------------------------------------------------------------------------------------------------------

# No letter or digit beside it, nor more of a longer number.
_LEFT: Final = r"(?<![0-9A-Za-z])(?<![0-9][.-])"
_RIGHT: Final = r"(?![0-9A-Za-z])(?![.-][0-9A-Za-z])"


@cache
def _compiled(form: Form) -> re.Pattern[str]:
    before = f"(?<![A-Za-z]){form.before}{GAP}" if form.before else ""
    left, right = (r"(?<![0-9] )", r"(?! [0-9])") if form.alone else ("", "")
    return re.compile(f"{before}{_LEFT}{left}(?P<body>{form.body}){_RIGHT}{right}")


_GATES: Final = {gate: re.compile(gate) for gate in Gate}


def confirmed(form: Form, plain: str) -> bool:
    """Whether a folded text holds what a form says, checks and all."""
    return next(_bodies(form, plain), None) is not None


# --- folding ----------------------------------------------------------------------------------------------------------

_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
_BLANKS: Final = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_FOLDS: Final = {
    **{ord(wide): chr(ord(wide) - 0xFEE0) for wide in map(chr, range(0xFF01, 0xFF5F))},  # Unicode, Halfwidth Forms
    **dict.fromkeys(map(ord, _DASHES), "-"),
    **dict.fromkeys(map(ord, _BLANKS), " "),
}
_SIGNS: Final = "\uff05\uff07-\uff09\uff0b\uff0d-\uff1a\uff1c\uff1e\uff20-\uff3b\uff3d\uff3f\uff41-\uff5b\uff5d"
FOLDABLE: Final = f"[{_SIGNS}{_DASHES}{_BLANKS}]"
"""Characters that may stand in a form only after folding: a text without them is as it is."""
