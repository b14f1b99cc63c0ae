"""Take parsed JSON apart, a level at a time: each thing of its type and size, or a refusal that names its field. Pure.

Nothing here looks deeper than it was asked to, and no refusal repeats a value that is not a short text.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeVar

from datadam.errors import Invalid

MAX_TEXT: Final = 1000  # characters of any text in a question
_NUMBER: Final = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?")
_WIDEST: Final = 10**20

_Word = TypeVar("_Word", bound=StrEnum)


def an_object(sent: object, field: str, known: frozenset[str]) -> Mapping[str, object]:
    """An object of known fields."""
    if not isinstance(sent, Mapping):
        raise Invalid("private.not-an-object", field=field)
    for name in sent:
        if name not in known:
            raise Invalid("private.field-unknown", field=str(name)[:MAX_TEXT], known=sorted(known))
    return sent


def a_list(sent: object, field: str, *, limit: int) -> Sequence[object]:
    """A list of at most so many things."""
    if not isinstance(sent, list | tuple):
        raise Invalid("private.not-a-list", field=field)
    if len(sent) > limit:
        raise Invalid("private.too-many", field=field, limit=limit)
    return sent


def a_text(sent: object, field: str) -> str:
    """A text that is neither empty nor long, and can be written down."""
    if not isinstance(sent, str) or not 0 < len(sent) <= MAX_TEXT or not is_written(sent):
        raise Invalid("private.not-a-text", field=field)
    return sent


def is_written(text: str) -> bool:
    """Whether a text has no half of a surrogate pair in it, which no UTF-8 can hold."""
    return not any("\ud800" <= one <= "\udfff" for one in text)


def a_number(sent: object, field: str) -> Decimal:
    """A number, exactly as it was written: a whole number, or a decimal text; never a float."""
    if isinstance(sent, int) and not isinstance(sent, bool) and abs(sent) < _WIDEST:
        return Decimal(sent)
    if isinstance(sent, str) and _NUMBER.fullmatch(sent):
        return Decimal(sent) or Decimal(0)  # never -0
    raise Invalid("private.not-a-number", field=field)


def one_of(fields: Mapping[str, object], field: str, words: type[_Word]) -> _Word:
    """One of a closed list of words."""
    sent = fields.get(field)
    if isinstance(sent, str) and sent in set(words):
        return words(sent)
    raise Invalid("private.word-unknown", field=field, known=[str(one) for one in words])


def absent(fields: Mapping[str, object], field: str, aggregate: StrEnum) -> None:
    """Nothing, which is what an aggregate that takes no such field has of it."""
    if field in fields:
        raise Invalid("private.field-senseless", field=field, aggregate=str(aggregate))
