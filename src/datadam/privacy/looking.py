"""Which columns are looked at for identifiers, and what a standard has to say of free text. Pure.

A column is looked at where its values are stored as they were sent and anything may stand in them. Not looked at is
what is dropped, masked or replaced by a unit id, what is taken from a closed list, what has a pattern that leaves no
room for an identifier, and the kinds that the column is declared to hold (`holds`).
"""

from collections.abc import Iterator
from typing import Final

from datadam.errors import DamError, Invalid
from datadam.model import Column, Protection, Standard, Type
from datadam.privacy.identifier_forms import Kind
from datadam.privacy.pattern_room import kinds_with_room
from datadam.protections import FreeText

MAX_SHORT: Final = 200  # characters: a name, a title, an address fit; longer texts are sentences, and tell of people


def sought(column: Column) -> tuple[str, ...]:
    """The kinds of identifiers that are looked for in a column; none where it is not looked at."""
    listed = column.codes is not None or bool(column.values)
    if column.type is not Type.TEXT or column.protection is not Protection.KEEP or listed:
        return ()
    room = frozenset(map(str, Kind)) if column.pattern is None else kinds_with_room(column.pattern)
    return tuple(str(kind) for kind in Kind if kind in room and kind not in column.holds)


def refuses(column: Column) -> bool:
    """Whether a row is refused for what is found in a column; where it is redacted, no row is."""
    return bool(sought(column)) and column.free_text is not FreeText.REDACT


def is_free(column: Column) -> bool:
    """Whether a column takes running text: stored as it was sent, of no list or pattern, and long or without limit."""
    told = column.codes is None and not column.values and column.pattern is None
    kept = column.type is Type.TEXT and column.protection is Protection.KEEP
    return kept and told and (column.max_length is None or column.max_length > MAX_SHORT)


def faults(column: Column, standard: Standard) -> Iterator[DamError]:
    """What is wrong with what a column says of free text and of identifiers that it holds."""
    if is_free(column) and column.free_text is None:
        yield Invalid("protection.free-text-undeclared", column=column.name, limit=MAX_SHORT)
    if column.free_text is FreeText.REDACT and column.name in standard.key:
        yield Invalid("protection.free-text-key", column=column.name)
    if column.holds and (column.type is not Type.TEXT or column.protection is not Protection.KEEP):
        yield Invalid("protection.holds-unkept", column=column.name)
    if unknown := [kind for kind in column.holds if kind not in set(Kind)]:
        yield Invalid("protection.holds-unknown", column=column.name, kinds=unknown, known=list(map(str, Kind)))
