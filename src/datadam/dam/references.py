"""References: the values of another reservoir's column, as far as a contributor may read it, as a closed list.

A standard's column may say `reference: {reservoir, column}`. Then a row whose value does not stand in that column is
refused, as one is whose value stands in no code list. What is compared is the share that this contributor could fetch
at that moment, made and logged like any other: never the table, which holds rows that nobody may read yet. Where the
contributor may not read the reservoir nothing is compared, and it is told so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from datadam.dam import release
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import NotFound, Refused, Unavailable
from datadam.model import CodeList, Column, MemberId, Protection, Reason, Reference, Standard
from datadam.ports import Finding

MOST_VALUES: Final = 1_000_000  # of one referenced column; beyond it nothing is compared


@dataclass(frozen=True, slots=True)
class Read:
    """What could be read: a list for each column that can be judged, and a finding for each that cannot."""

    lists: Mapping[str, CodeList] = field(default_factory=dict)  # column of the standard → what may stand in it
    unread: tuple[Finding, ...] = ()


def read(world: World, contributor: str, standard: Standard) -> Read:
    """The lists that this contributor's values are compared with now."""
    lists: dict[str, CodeList] = {}
    unread: list[Finding] = []
    for column in standard.columns:
        if column.reference is None or column.protection is Protection.DROP:
            continue
        facts = {"column": column.name, "reference": column.reference.name}
        try:
            values = _values(world, contributor, column.reference)
        except (Refused, NotFound, Unavailable):
            unread.append(Finding(reason=Reason("quality.reference-unread", facts)))
            continue
        if len(values) > MOST_VALUES:
            unread.append(Finding(reason=Reason("quality.reference-too-large", facts)))
        else:
            lists[column.name] = _named(column.reference, values)
    return Read(lists, tuple(unread))


def _values(world: World, contributor: str, reference: Reference) -> frozenset[str]:
    share = release.open_share(world, Caller(member=MemberId(contributor)), reference.reservoir)
    if share.schema and reference.column not in {str(one["name"]) for one in share.schema}:
        raise Refused("ask.column-not-yours", column=reference.name)
    paths = [
        world.shares.path(share.standard, share.recipient, share.version, str(file["name"])) for file in share.files
    ]
    return world.surveyor.values(paths, reference.column, MOST_VALUES + 1)


def _named(reference: Reference, values: frozenset[str]) -> CodeList:
    return CodeList(name=reference.name, title="", origin="", licence="", codes=values, aliases={})


def bound(standard: Standard, judged: Mapping[str, CodeList]) -> Standard:
    """The standard with the lists of the references that are judged in the place of code lists."""
    return replace(standard, columns=tuple(_bound(column, judged) for column in standard.columns))


def _bound(column: Column, judged: Mapping[str, CodeList]) -> Column:
    return replace(column, codes=judged[column.name].name) if column.name in judged else column


def unfilled(standard: Standard, columns: list[str]) -> dict[str, CodeList]:
    """The lists of a deposit that was judged already, without their values: its rules are told, not judged again."""
    return {
        column.name: _named(column.reference, frozenset())
        for column in standard.columns
        if column.name in columns and column.reference is not None
    }
