"""What a provider says of a model, as YAML: read with every fault at once. What is unknown is refused, not dropped."""

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

from datadam.disclosure import Card, Commitment, Compute, Origin, Outside, Part
from datadam.errors import DamError, Faults, Invalid
from datadam.formats import strict_yaml

MAX_TEXT: Final = 2000  # characters of a sentence
MAX_NAME: Final = 100
MAX_ITEMS: Final = 100  # of a list
FIELDS: Final = (
    "name",
    "version",
    "purpose",
    "description",
    "contact",
    "limits",
    "criteria",
    "compute",
    "synthetic",
    "outside",
    "commitments",
)

NAME: Final = re.compile(r"[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?")
VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,39}")
_CONTACT: Final = re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\"]{1,190}\.[^\s@<>\"]{2,60}|https://[^\s<>\"]{3,400}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_Word = TypeVar("_Word", bound=StrEnum)
_Made = TypeVar("_Made")


def read(text: str) -> Card:
    """The card that a file holds, or `Faults` with all that is wrong with it."""
    try:
        sent = strict_yaml.read(text)
    except Invalid as error:
        raise Faults("model.faulty", [error]) from error
    if not isinstance(sent, dict):
        raise Faults("model.faulty", [Invalid("model.no-card", fields=", ".join(FIELDS))])
    cells = _Cells(sent, FIELDS, "")
    card = Card(
        name=cells.matching("name", NAME, "iron-forecast"),
        version=cells.matching("version", VERSION, "1.0.0"),
        purpose=cells.text("purpose"),
        description=cells.text("description"),
        contact=cells.matching("contact", _CONTACT, "models@firm.example"),
        limits=cells.texts("limits"),
        criteria=cells.texts("criteria"),
        compute=cells.word("compute", Compute),
        synthetic=cells.truth("synthetic"),
        outside=cells.items("outside", _outside, key=lambda one: one.name),
        commitments=cells.items("commitments", _commitment, key=lambda one: str(one.part)),
    )
    if cells.faults:
        raise Faults("model.faulty", cells.faults)
    return card


class _Cells:
    """The fields of a mapping, taken one by one; what is wrong with any is collected, and stands in for its value."""

    def __init__(self, sent: Mapping[str, Any], known: Collection[str], place: str) -> None:
        """Take fields from `sent`; those that there are not are faults already. `place` says where it stands."""
        self._sent, self._place = sent, place
        self.faults: list[DamError] = []
        for name in sent:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1) or list(known)
                self.faults.append(Invalid("model.field-unknown", field=self._at(name), near=", ".join(near)))

    def _at(self, name: str) -> str:
        return f"{self._place}{name}"[:120]

    def _told(self, name: str) -> Any:  # noqa: ANN401  (YAML may be any value)
        value = self._sent.get(name)
        if value is None:
            self.faults.append(Invalid("model.field-missing", field=self._at(name)))
        return value

    def text(self, name: str, *, most: int = MAX_TEXT) -> str:
        return self._sentence(self._told(name), self._at(name), most)

    def _sentence(self, value: object, place: str, most: int) -> str:
        if value is None:  # told already
            return ""
        if not isinstance(value, str) or not value.strip() or len(value) > most or not _is_plain(value):
            self.faults.append(Invalid("model.text-wrong", field=place, most=most))
            return ""
        return value.strip()

    def maybe(self, name: str) -> str | None:
        value = self._sent.get(name)
        return None if value is None else self._sentence(value, self._at(name), MAX_TEXT)

    def matching(self, name: str, pattern: re.Pattern[str], example: str) -> str:
        value = self._told(name)
        if value is not None and not (isinstance(value, str) and pattern.fullmatch(value) and _is_plain(value)):
            shown = str(value)[:60]
            self.faults.append(Invalid("model.field-wrong", field=self._at(name), value=shown, example=example))
        return str(value)

    def texts(self, name: str) -> tuple[str, ...]:
        listed = self._list(name, self._told(name))
        if self._sent.get(name) == []:
            self.faults.append(Invalid("model.field-missing", field=self._at(name)))
        return tuple(self._sentence(one, f"{self._at(name)}[{place}]", MAX_TEXT) for place, one in enumerate(listed, 1))

    def _list(self, name: str, value: object) -> list[Any]:
        if value is not None and not (isinstance(value, list) and len(value) <= MAX_ITEMS):
            self.faults.append(Invalid("model.list-wrong", field=self._at(name), most=MAX_ITEMS))
            return []
        return [] if value is None else [one if one is not None else "" for one in value]

    def word(self, name: str, words: type[_Word]) -> _Word:
        value = self._told(name)
        if value is not None and value not in list(words):
            known = ", ".join(words)
            self.faults.append(Invalid("model.word-unknown", field=self._at(name), value=str(value)[:60], known=known))
        return words(value) if value in list(words) else next(iter(words))

    def truth(self, name: str) -> bool:
        value = self._told(name)
        if value is not None and not isinstance(value, bool):
            self.faults.append(
                Invalid("model.word-unknown", field=self._at(name), value=str(value)[:60], known="true, false")
            )
        return value is True

    def items(self, name: str, make: Callable[["_Cells"], _Made], *, key: Callable[[_Made], str]) -> tuple[_Made, ...]:
        """A list of mappings, none twice by its key; absent, it is empty."""
        found: dict[str, _Made] = {}
        for place, one in enumerate(self._list(name, self._sent.get(name)), 1):
            at = f"{self._at(name)}[{place}]"
            cells = _Cells(one if isinstance(one, dict) else {}, _ITEMS[name], f"{at}.")
            made = make(cells)
            self.faults += cells.faults
            if not cells.faults and key(made) in found:
                self.faults.append(Invalid("model.twice", field=at, value=key(made)[:60]))
            found[key(made)] = made
        return tuple(found.values())


_ITEMS: Final[Mapping[str, tuple[str, ...]]] = {
    "outside": ("name", "origin", "reference"),
    "commitments": ("part", "digest"),
}


def _outside(cells: _Cells) -> Outside:
    return Outside(
        name=cells.text("name", most=MAX_NAME),
        origin=cells.word("origin", Origin),
        reference=cells.maybe("reference"),
    )


def _commitment(cells: _Cells) -> Commitment:
    return Commitment(part=cells.word("part", Part), digest=cells.matching("digest", _DIGEST, "9f86d081…"))


def _is_plain(text: str) -> bool:
    """Whether a text can be shown and stored everywhere: no controls but line breaks, no half of a pair."""
    return all(letter.isprintable() or letter == "\n" for letter in text)
