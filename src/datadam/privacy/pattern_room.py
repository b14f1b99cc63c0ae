r"""Whether a column's pattern leaves room for an identifier: where it leaves none, none is looked for. Pure.

Pattern and forms are both regular, so the question has an exact answer: the two automata are walked together, and there
is room where both can end together. Check digits are left out, and more than `_MOST` repetitions count as any number:
both only ever find room where there is none, never the other way round.

The grammar is that of `patterns.pattern_faults`, with `(?i:…)`, which only our own forms use.
"""

import re
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final

from datadam.privacy.identifier_forms import BEGINS, ENDS, FORMS, GAP, Form, Gate
from datadam.privacy.identifiers import folded

_MOST: Final = 40  # repetitions told apart; identifiers are shorter
_LETTERS: Final = [chr(code) for code in range(0x20, 0x7F)]
_OTHERS: Final = "가힣é本ア"  # stand for all that no identifier is made of
_WIDE: Final = [chr(ord(letter) + 0xFEE0) for letter in _LETTERS[1:]]  # an identifier may be written in these, too
_FOLDED: Final = (*_WIDE, "\u3000", "\u2010", "\u2013", "\u00a0")
_PLACES: Final = {sign: 1 << place for place, sign in enumerate((*_LETTERS, *_OTHERS))}
_ANYTHING: Final = "(?:[^~]|~)*"
_BEFORE: Final = f"(?:{_ANYTHING}[^0-9A-Za-z])?"
_BEHIND: Final = f"(?:[^0-9A-Za-z]{_ANYTHING})?"
_COUNT: Final = re.compile(r"\{([0-9]+)(,?)([0-9]*)\}")
_BOUNDS: Final = {"?": (0, 1), "*": (0, None), "+": (1, None)}


@dataclass(slots=True)
class _Automaton:
    """Thompson's construction: numbered states with steps on nothing and steps on one of a set of signs (a bit set)."""

    free: list[list[int]] = field(default_factory=list)
    steps: list[tuple[int, int] | None] = field(default_factory=list)

    def state(self) -> int:
        """One more state."""
        self.free.append([])
        self.steps.append(None)
        return len(self.free) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """How letters of a pattern are read."""

    wide: bool
    any_case: bool = False


_Part = tuple[str, object]


def leaves_room(pattern: str, form: Form) -> bool:
    r"""Whether a text that has the pattern, anchored as `\A…\z`, may hold the form."""
    left = f"{_ANYTHING}{form.before}{GAP}" if form.before else _BEFORE
    return _meet(pattern, f"{left}(?:{form.body}){_BEHIND}")


def _passes(pattern: str, gate: Gate) -> bool:
    """Whether a text that has the pattern may pass a gate, as whatever has one of the gate's forms does."""
    body = gate.removeprefix(BEGINS).removesuffix(ENDS)
    left, right = _BEFORE if gate.startswith(BEGINS) else _ANYTHING, _BEHIND if gate.endswith(ENDS) else _ANYTHING
    return _meet(pattern, f"{left}(?:{body}){right}")


def _meet(pattern: str, body: str) -> bool:
    r"""Whether one text has both: a pattern, anchored as `\A…\z`, and a body of our own."""
    one, start, end = _of(pattern[2:-2], wide=True)
    other, begin, finish = _of(body, wide=False)
    first = [(a, b) for a in _closed(one, start) for b in _closed(other, begin)]
    seen, open_ = set(first), first
    while open_:
        here, there = open_.pop()
        if here == end and there == finish:
            return True
        mine, theirs = one.steps[here], other.steps[there]
        if mine is None or theirs is None or not mine[0] & theirs[0]:
            continue
        for pair in ((a, b) for a in _closed(one, mine[1]) for b in _closed(other, theirs[1])):
            if pair not in seen:
                seen.add(pair)
                open_.append(pair)
    return False


@cache
def kinds_with_room(pattern: str) -> frozenset[str]:
    """The kinds that a text of this pattern may hold."""
    open_ = {gate for gate in Gate if _passes(pattern, gate)}
    return frozenset(str(form.kind) for form in FORMS if form.gate in open_ and leaves_room(pattern, form))


def _closed(automaton: _Automaton, state: int) -> set[int]:
    """The states that are reached from one without a sign."""
    found, open_ = {state}, [state]
    while open_:
        for after in automaton.free[open_.pop()]:
            if after not in found:
                found.add(after)
                open_.append(after)
    return found


# --- reading ----------------------------------------------------------------------------------------------------------


@cache
def _of(body: str, *, wide: bool) -> tuple[_Automaton, int, int]:
    """The automaton of a pattern's body; `wide`: its texts are folded before they are looked at."""
    automaton = _Automaton()
    part, _ = _alternatives(body, 0, _Reading(wide=wide))
    start, end = _built(automaton, part)
    return automaton, start, end


def _alternatives(body: str, at: int, how: "_Reading") -> tuple[_Part, int]:
    ways: list[_Part] = []
    parts: list[_Part] = []
    while at < len(body) and body[at] != ")":
        if body[at] == "|":
            ways.append(("all", parts))
            parts, at = [], at + 1
            continue
        part, at = _atom(body, at, how)
        least, most, at = _counted(body, at)
        parts.append(part if (least, most) == (1, 1) else ("count", (part, least, most)))
    ways.append(("all", parts))
    return ("any", ways), at


def _atom(body: str, at: int, how: "_Reading") -> tuple[_Part, int]:
    if body[at] == "(":
        head = next((head for head in ("(?:", "(?i:", "(") if body.startswith(head, at)), "(")
        part, at = _alternatives(body, at + len(head), replace(how, any_case=True) if head == "(?i:" else how)
        return part, at + 1
    end = _end_of_class(body, at) if body[at] == "[" else at + 2 if body[at] == "\\" else at + 1
    return ("sign", _signs(body[at:end], how)), end


def _end_of_class(body: str, at: int) -> int:
    place = at + 2 if body[at + 1] == "^" else at + 1
    while body[place] != "]":
        place += 2 if body[place] == "\\" else 1
    return place + 1


@cache
def _signs(text: str, how: "_Reading") -> int:
    """The signs that a class, an escape or a letter stands for, folded."""
    told = text if text.startswith(("[", "\\")) else re.escape(text)
    pattern = re.compile(told, re.IGNORECASE if how.any_case else 0)
    found = 0
    for sign in (*_PLACES, *_FOLDED) if how.wide else _PLACES:
        if pattern.fullmatch(sign):
            found |= _PLACES[folded(sign)]
    return found or _PLACES["é"]


def _counted(body: str, at: int) -> tuple[int, int | None, int]:
    """Least and most repetitions (None: any number) behind an atom, and where they end."""
    if body[at : at + 1] in {"?", "*", "+"}:
        least, most = _BOUNDS[body[at]]
        return least, most, at + 1
    told = _COUNT.match(body, at)
    if told is None:
        return 1, 1, at
    least = min(int(told[1]), _MOST)
    last = int(told[3]) if told[3] else None if told[2] else int(told[1])
    return least, None if last is None or last > _MOST else last, told.end()


# --- building ---------------------------------------------------------------------------------------------------------


def _built(automaton: _Automaton, part: _Part) -> tuple[int, int]:
    """Add a part; its first and its last state."""
    name, inner = part
    start = automaton.state()
    if name == "sign":
        end = automaton.state()
        automaton.steps[start] = (int(str(inner)), end)
        return start, end
    if name == "all":
        end = start
        for one in inner:  # type: ignore[attr-defined]  # a list of parts
            first, last = _built(automaton, one)
            automaton.free[end].append(first)
            end = last
        return start, end
    if name == "any":
        end = automaton.state()
        for one in inner:  # type: ignore[attr-defined]  # a list of parts
            first, last = _built(automaton, one)
            automaton.free[start].append(first)
            automaton.free[last].append(end)
        return start, end
    return _repeated(automaton, start, inner)  # type: ignore[arg-type]  # part, least, most


def _repeated(automaton: _Automaton, start: int, counted: tuple[_Part, int, int | None]) -> tuple[int, int]:
    part, least, most = counted
    end = start
    for _ in range(least):
        first, last = _built(automaton, part)
        automaton.free[end].append(first)
        end = last
    if most is None:
        first, last = _built(automaton, part)
        automaton.free[end].append(first)
        automaton.free[last].append(end)
        return start, end
    done = automaton.state()
    for _ in range(most - least):
        automaton.free[end].append(done)
        first, last = _built(automaton, part)
        automaton.free[end].append(first)
        end = last
    automaton.free[end].append(done)
    return start, done
