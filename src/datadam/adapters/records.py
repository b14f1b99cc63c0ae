"""How records of model.py become flat rows and come back, the same for every Store."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Final, NewType, TypeAlias, Union, cast, get_args, get_origin, get_type_hints

from datadam.credentials import Credential, Issuer
from datadam.disclosure import Model, Opening
from datadam.disputes import Dispute, Step
from datadam.duties import Declaration, Demand, Incident, LawFile, Notice, Order
from datadam.errors import Invalid
from datadam.governance import Comment, Motion, Proposal
from datadam.model import (
    Application,
    Decided,
    Deposit,
    Deprecation,
    Edition,
    Grant,
    Job,
    Key,
    Member,
    PublishedStandard,
    Recovery,
    Release,
    Share,
    Token,
    Used,
    Withdrawal,
)
from datadam.peers import (
    Adopted,
    Contact,
    Followed,
    HomeAgreement,
    Peer,
    PeerBody,
    PeerFault,
    PeerRelease,
    PeerWithdrawal,
)
from datadam.privacy.accounts import Cap, Charge, Twin
from datadam.privacy.tables import PublishedTables
from datadam.restriction import Reservation, Restricted
from datadam.rounds import Announced, Commitment, Consent, Matched, Message, Payload, Planned, Refusal, Running, Showing
from datadam.terms import Acceptance, Agreement, PublishedOffer

Flat: TypeAlias = str | int | bool | None
"""What a cell holds."""

KINDS: Final[tuple[type, ...]] = (
    Member,
    Key,
    Recovery,
    Application,
    PublishedStandard,
    Deprecation,
    Job,
    Deposit,
    Grant,
    Share,
    Decided,
    Release,
    Token,
    Used,
    Withdrawal,
    Edition,
    PublishedOffer,
    Agreement,
    Acceptance,
    LawFile,
    Order,
    Demand,
    Incident,
    Notice,
    Proposal,
    Comment,
    Motion,
    Dispute,
    Step,
    Declaration,
    Model,
    Reservation,
    Restricted,
    Opening,
    Issuer,
    Credential,
    PublishedTables,
    Twin,
    Charge,
    Cap,
    Peer,
    Contact,
    PeerFault,
    Adopted,
    HomeAgreement,
    PeerRelease,
    PeerWithdrawal,
    Followed,
    PeerBody,
    Announced,
    Commitment,
    Matched,
    Showing,
    Consent,
    Planned,
    Running,
    Message,
    Payload,
    Refusal,
)
"""Every kind of record that a Store keeps."""

_MOST: Final = 2**63 - 1  # what an integer column holds in every database


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """How one field of a record is kept."""

    name: str
    kind: type  # str, int or bool; JSON is kept as text
    nullable: bool
    key: bool
    origin: Any  # the type to read back: a StrEnum, str, int, bool, tuple, frozenset, Mapping
    json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one kind of record is kept."""

    kind: type
    cells: Mapping[str, Cell]

    @property
    def name(self) -> str:
        """The table's name."""
        return self.kind.__name__.lower()

    @property
    def key(self) -> tuple[str, ...]:
        """The fields that identify."""
        return tuple(cell.name for cell in self.cells.values() if cell.key)

    def flat(self, record: object) -> dict[str, Flat]:
        """The record's cells. A value of another type than its field's is `Invalid`."""
        return {name: self.cell(name, getattr(record, name)) for name in self.cells}

    def identity(self, record: object) -> dict[str, Flat]:
        """The cells of the record's key."""
        return {name: self.cell(name, getattr(record, name)) for name in self.key}

    def key_of(self, parts: tuple[str, ...]) -> dict[str, Flat]:
        """The cells of a key that is given by its values in the order of the fields."""
        if len(parts) != len(self.key):
            raise Invalid("store.key-incomplete", kind=self.name, given=len(parts), needed=len(self.key))
        return {name: self.cell(name, part) for name, part in zip(self.key, parts, strict=True)}

    def equals(self, wanted: Mapping[str, object]) -> dict[str, Flat]:
        """The cells to compare with; a field that there is not is `Invalid`."""
        for name in wanted:
            if name not in self.cells:
                raise Invalid("store.field-unknown", kind=self.name, field=name[:60])
        return {name: self.cell(name, value) for name, value in wanted.items()}

    def number(self, name: str) -> str:
        """The field to order by; one that is no number, or may lack, is `Invalid`."""
        cell = self.cells.get(name)
        if cell is None or cell.kind is not int or cell.nullable:
            raise Invalid("store.field-unknown", kind=self.name, field=name[:60])
        return name

    def cell(self, name: str, value: object) -> Flat:
        """One field's value as it is kept."""
        cell = self.cells[name]
        wrong = Invalid("store.value-wrong", kind=self.name, field=name)
        if value is None:
            if cell.nullable:
                return None
            raise wrong
        if cell.json:
            return _dumped(value, cell, wrong)
        if not isinstance(value, cell.kind) or (cell.kind is int and isinstance(value, bool)):
            raise wrong
        if isinstance(value, str):
            return _text(str(value), wrong)
        if isinstance(value, int) and abs(value) > _MOST:
            raise wrong
        return cast("Flat", value)

    def record(self, row: Mapping[str, Flat]) -> object:
        """The record of a row, with the exact types of its fields."""
        return self.kind(**{name: _read(cell, row[name]) for name, cell in self.cells.items()})


def shape_of(kind: type) -> Shape:
    """How that kind is kept; one that no Store keeps is `Invalid`."""
    if kind not in _SHAPES:
        raise Invalid("store.kind-unknown", kind=kind.__name__)
    return _SHAPES[kind]


def note_of(name: str, value: str) -> dict[str, str]:
    """The row of a named text."""
    row = {"name": name, "value": value}
    return {field: _text(text, Invalid("store.value-wrong", kind="note", field=field)) for field, text in row.items()}


def _text(value: str, wrong: Invalid) -> str:
    """Text that every database can hold: no NUL (PostgreSQL), no lone surrogate (UTF-8)."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise wrong from None
    if "\0" in value:
        raise wrong
    return value


def _dumped(value: object, cell: Cell, wrong: Invalid) -> str:
    """A value as JSON text with sorted keys; tuples inside it come back as lists."""
    if not isinstance(value, cell.origin):
        raise wrong
    try:
        if isinstance(value, frozenset):
            value = sorted(value)
        elif isinstance(value, Mapping):
            value = dict(value)
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise wrong from None


def _read(cell: Cell, value: Flat) -> object:
    if value is None:
        return None
    if cell.json:
        found = json.loads(cast("str", value))
        return found if cell.origin is Mapping else cell.origin(found)
    return cell.origin(value)


def _cell(name: str, hint: Any, *, key: bool) -> Cell:  # noqa: ANN401  (a type expression may be anything)
    nullable = False
    if isinstance(hint, UnionType) or get_origin(hint) is Union:
        nullable, (hint,) = NoneType in get_args(hint), [part for part in get_args(hint) if part is not NoneType]
    while isinstance(hint, NewType):
        hint = hint.__supertype__
    origin = get_origin(hint) or hint
    if origin in (str, int, bool) or (isinstance(origin, type) and issubclass(origin, StrEnum)):
        kind = str if issubclass(origin, str) else origin
        return Cell(name=name, kind=kind, nullable=nullable, key=key, origin=origin, json=False)
    if origin in (tuple, frozenset):
        return Cell(name=name, kind=str, nullable=nullable, key=key, origin=origin, json=True)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return Cell(name=name, kind=str, nullable=nullable, key=key, origin=Mapping, json=True)
    message = f"no column can hold {name}: {hint}"
    raise TypeError(message)


def _shape(kind: type) -> Shape:
    hints = get_type_hints(kind)
    cells = [_cell(each.name, hints[each.name], key=bool(each.metadata.get("key"))) for each in fields(kind)]
    return Shape(kind=kind, cells={cell.name: cell for cell in cells})


_SHAPES: Final[Mapping[type, Shape]] = {kind: _shape(kind) for kind in KINDS}
