"""The tables of the Store in SQL, made from the records of model.py, and what each database does in its own way."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    inspect,
)
from sqlalchemy.types import TypeEngine

from datadam.adapters.records import KINDS, Shape, shape_of
from datadam.credentials import Credential
from datadam.disclosure import Model, Opening
from datadam.disputes import Dispute, Step
from datadam.duties import LawFile, Notice, Order
from datadam.errors import Unavailable
from datadam.governance import Comment, Motion, Proposal
from datadam.model import Decided, Deposit, Grant, Job, Key, Member, Recovery, Release, Token, Withdrawal
from datadam.peers import Adopted, Contact, HomeAgreement, PeerBody, PeerFault, PeerRelease, PeerWithdrawal
from datadam.privacy.accounts import Cap, Charge, Twin
from datadam.restriction import Restricted
from datadam.rounds import Commitment, Consent, Message, Refusal, Showing
from datadam.terms import Agreement

FORMAT: Final = 1  # of the tables; a change of their records that `complete` does not make is a new one
BUSY_SECONDS: float = 30  # longest wait for another writer before the caller is told to come back

# PostgreSQL's integers have 32 bits, and its texts are ordered by a language unless they are told not to be.
_TYPES: Final[Mapping[type, TypeEngine[Any]]] = {
    str: String().with_variant(Text(collation="C"), "postgresql"),
    int: Integer().with_variant(BigInteger(), "postgresql"),
    bool: Boolean(),
}
_SOUGHT: Final[Mapping[type, tuple[str, ...]]] = {  # fields by which the verbs look for many records
    Member: ("home",),
    Key: ("owner",),
    Recovery: ("member",),
    Job: ("stage", "contributor"),
    Deposit: ("standard", "contributor"),
    Grant: ("member",),
    Release: ("member",),
    Decided: ("member",),
    Token: ("member",),
    Withdrawal: ("standard", "contributor", "statement"),
    LawFile: ("name",),
    Order: ("lifted",),
    Notice: ("member", "about"),
    Agreement: ("member", "standard"),
    Proposal: ("standard",),
    Comment: ("proposal",),
    Motion: ("about",),
    Dispute: ("standard",),
    Step: ("dispute",),
    Model: ("member",),
    Restricted: ("standard", "contributor"),
    Opening: ("model",),
    Credential: ("member",),
    Twin: ("standard",),
    Charge: ("standard",),
    Cap: ("standard",),
    Contact: ("peer",),
    PeerFault: ("peer",),
    Adopted: ("peer",),
    HomeAgreement: ("member",),
    PeerRelease: ("member", "standard"),
    PeerWithdrawal: ("standard",),
    PeerBody: ("peer", "kind", "member"),
    Commitment: ("round", "member"),
    Showing: ("round",),
    Consent: ("showing",),
    Message: ("round",),
    Refusal: ("round",),
}


def _table(shape: Shape, metadata: MetaData) -> Table:
    columns = [
        Column(cell.name, _TYPES[cell.kind], nullable=cell.nullable, primary_key=cell.key)
        for cell in shape.cells.values()
    ]
    indexes = [Index(f"{shape.name}_by_{name}", name) for name in _SOUGHT.get(shape.kind, ())]
    return Table(shape.name, metadata, *columns, *indexes)


METADATA: Final = MetaData()
TABLES: Final = {kind: _table(shape_of(kind), METADATA) for kind in KINDS}
NOTES: Final = Table(
    "note",
    METADATA,
    Column("name", _TYPES[str], primary_key=True),
    Column("value", _TYPES[str], nullable=False),
)


def complete(connection: Connection) -> None:
    """Make the tables and columns that came later than the database.

    A truth value was false before there was one, and what may be absent was.
    """
    METADATA.create_all(connection)
    there = inspect(connection)
    for table in METADATA.sorted_tables:
        known = {column["name"] for column in there.get_columns(table.name)}
        for column in table.columns:
            if column.name not in known and isinstance(column.type, Boolean):
                added = f"ALTER TABLE {table.name} ADD COLUMN {column.name} BOOLEAN NOT NULL DEFAULT FALSE"
                connection.exec_driver_sql(added)
            elif column.name not in known and column.nullable:
                held = column.type.compile(dialect=connection.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {held}")


class Base(Protocol):
    """A database that keeps the tables: all that one does in another way than the next."""

    @property
    def engine(self) -> Engine:
        """Where connections come from."""
        ...

    @property
    def place(self) -> str:
        """Where it is, as people are told; never with a password."""
        ...

    def open(self) -> None:
        """Make the tables that there are not; tables of an unknown format are `Unavailable`."""
        ...

    def begin(self, connection: Connection, *, writes: bool) -> None:
        """Begin a transaction: one state from the first read on, and alone where it writes."""
        ...

    def scrub(self) -> None:
        """Write everything anew, so that nothing stays of what was deleted. Nobody of ours writes meanwhile."""
        ...

    def fault(self, error: Exception) -> Unavailable:
        """The database's own fault as ours."""
        ...

    def close(self) -> None:
        """Let go of every connection."""
        ...
