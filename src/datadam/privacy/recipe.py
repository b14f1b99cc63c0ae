"""A recipe: how rows become the bounded twin that private answers are drawn from. Pure; made of a Standard alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from datadam.protections import Clip

Key: TypeAlias = str | int | bool | None
"""One public key of a column, as rows hold it (dates as ISO 8601 texts); None is that of rows that hold nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Which columns a twin keeps, in which form, and how many rows of a unit; any change of it makes another twin."""

    standard: str
    unit: str  # `contributor`, or a unit-id column
    rows: int  # N: of each unit the rows with the N smallest keyed hashes
    hashed: tuple[str, ...]  # what is hashed: the key where newer reports supersede, else every column that is kept
    supersede: bool  # of equal (contributor, hashed) only the newest row counts
    keys: Mapping[str, tuple[Key, ...]]  # column → its public keys in order; stored is the place in this list
    open: tuple[str, ...]  # columns whose keys nobody knows beforehand, stored as they are
    sums: Mapping[str, Clip]  # column → its clip; stored is the fixed-point integer, and whether there was a value
