"""Rows from JSON: one object a line, or one array of flat objects; numbers keep the text that they were written in.

Everything is read front to back: one object of at most `MAX_OBJECT` letters is held at a time.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from datadam.errors import Invalid

MAX_OBJECT: Final = 1024 * 1024  # letters of one object
FOLLOWED: Final = "something follows its end"
_TWICE: Final = "a name twice"
_DEEP: Final = "nested too deeply"
_CUT: Final = 12  # letters before the end of a piece at which a broken value may be a whole one that goes on
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_UNSENDABLE: Final = re.compile("[\x00\ud800-\udfff]")  # no text can hold the ones, no column the others

Cells: TypeAlias = Mapping[str, str | None]


class _Number(str):
    """The text of a number, apart from strings."""

    __slots__ = ()


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(_TWICE)
    return found


def _no_constant(text: str) -> Any:  # noqa: ANN401  (raises)
    raise ValueError(text)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=_Number, parse_int=_Number, parse_constant=_no_constant
)


class Scanner:
    """Reads JSON values one after the other from a text that comes in pieces."""

    def __init__(self, texts: Iterable[str], name: str) -> None:
        """Begin at the start of `texts`."""
        self._texts, self._name = iter(texts), name
        self._held, self._at, self._before = "", 0, 0

    def peek(self) -> str:
        """The next letter that is no blank; empty at the end."""
        while True:
            self._at = _SPACE.match(self._held, self._at).end()  # type: ignore[union-attr]  # matches nothing, too
            if self._at < len(self._held) or not self._more():
                return self._held[self._at : self._at + 1]

    def take(self, letter: str) -> bool:
        """Step over `letter` if it is next."""
        if self.peek() != letter:
            return False
        self._at += 1
        return True

    def expect(self, letter: str) -> None:
        """Step over `letter`, or the file is broken here."""
        if not self.take(letter):
            wanted = f"{letter} expected"
            raise self.broken(wanted)

    def value(self) -> Any:  # noqa: ANN401  (any JSON)
        """The next value, whole."""
        self.peek()
        while True:
            try:
                found, end = _DECODER.raw_decode(self._held, self._at)
            except RecursionError as error:
                raise self.broken(_DEEP) from error
            except ValueError as error:
                if not self._cut(error) or not self._more():
                    raise self.broken(str(error)[:100]) from error
                continue
            if end == len(self._held) and isinstance(found, _Number) and self._more():
                continue  # a number may go on in the next piece
            self._at = end
            return found

    def _cut(self, error: ValueError) -> bool:
        """Whether a value may only have been cut off where the piece ends."""
        if not isinstance(error, json.JSONDecodeError):
            return False
        return error.msg.startswith("Unterminated string") or error.pos > len(self._held) - _CUT

    def _more(self) -> bool:
        """Take one more piece, after letting go of what was read; False at the end."""
        self._before += self._at
        self._held, self._at = self._held[self._at :], 0
        if len(self._held) > MAX_OBJECT:
            raise Invalid("file.json-too-large", name=self._name, offset=self._before, limit=MAX_OBJECT)
        piece = next(self._texts, "")
        self._held += piece
        return bool(piece)

    def broken(self, why: str) -> Invalid:
        """What is wrong at this place."""
        return Invalid("file.json-broken", name=self._name, offset=self._before + self._at, why=why)


def in_array(texts: Iterable[str], name: str) -> Iterator[Cells]:
    """Each object of one array, as the texts of its values."""
    scanner = Scanner(texts, name)
    scanner.expect("[")
    for row, found in enumerate(elements(scanner)):
        yield cells(found, row, name)
    if scanner.peek():
        raise scanner.broken(FOLLOWED)


def elements(scanner: Scanner) -> Iterator[Any]:
    """The values of an array whose bracket was just passed."""
    if scanner.take("]"):
        return
    while True:
        yield scanner.value()
        if scanner.take("]"):
            return
        scanner.expect(",")


def in_lines(texts: Iterable[str], name: str) -> Iterator[Cells]:
    """The object on each line, as the texts of its values; blank lines say nothing."""
    row = 0
    for number, line in enumerate(_lines(texts, name), 1):
        if not line.strip():
            continue
        try:
            found = _DECODER.decode(line)
        except (ValueError, RecursionError) as error:
            why = _DEEP if isinstance(error, RecursionError) else str(error)[:100]
            raise Invalid("file.jsonl-broken", name=name, line=number, why=why) from error
        yield cells(found, row, name)
        row += 1


def _lines(texts: Iterable[str], name: str) -> Iterator[str]:
    rest = ""
    for text in texts:
        *whole, rest = (rest + text).split("\n")
        yield from whole
        if len(rest) > MAX_OBJECT:
            raise Invalid("file.json-too-large", name=name, offset=0, limit=MAX_OBJECT)
    if rest:
        yield rest


def cells(found: object, row: int, name: str) -> Cells:
    """A flat object as texts: numbers as written, true and false by name, null as nothing."""
    if not isinstance(found, dict):
        raise Invalid("file.json-shape", name=name, row=row)
    told: dict[str, str | None] = {}
    for key, value in found.items():
        if isinstance(value, dict | list):
            raise Invalid("file.json-nested", name=name, row=row, column=key[:60])
        text = None if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        if _UNSENDABLE.search(key) or (text and _UNSENDABLE.search(text)):
            raise Invalid("file.json-letter", name=name, row=row, column=key[:60].encode(errors="replace").decode())
        told[key] = text
    return told
