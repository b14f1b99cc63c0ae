"""The Store in an SQL database: SQLite with a write-ahead log, durable at every commit.

- One writer at a time: a lock in this process, `BEGIN IMMEDIATE` against others.
- A read begins with a snapshot and keeps it to its end.
- Tables are made from the records of model.py; `PRAGMA user_version` holds the format, and an unknown one is refused.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    create_engine,
    event,
    select,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.types import TypeEngine

from datadam.adapters.durable import sync_folder
from datadam.adapters.records import KINDS, Flat, Shape, note_of, shape_of
from datadam.errors import Invalid, Unavailable
from datadam.model import Deposit, Grant, Job, Key, Release, Token, Withdrawal
from datadam.ports import Record, Rows

FORMAT: Final = 1  # of the tables; a change of model.py's records is a new one
BUSY_SECONDS: Final = 30  # longest wait for another writer before the caller is told to come back

_OWNER_ONLY: Final = 0o600
_TYPES: Final[Mapping[type, type[TypeEngine[Any]]]] = {str: String, int: Integer, bool: Boolean}
_SOUGHT: Final[Mapping[type, tuple[str, ...]]] = {  # fields by which the verbs look for many records
    Key: ("owner",),
    Job: ("stage", "contributor"),
    Deposit: ("standard", "contributor"),
    Grant: ("member",),
    Release: ("member",),
    Token: ("member",),
    Withdrawal: ("standard", "contributor", "statement"),
}


def _table(shape: Shape, metadata: MetaData) -> Table:
    columns = [
        Column(cell.name, _TYPES[cell.kind], nullable=cell.nullable, primary_key=cell.key)
        for cell in shape.cells.values()
    ]
    indexes = [Index(f"{shape.name}_by_{name}", name) for name in _SOUGHT.get(shape.kind, ())]
    return Table(shape.name, metadata, *columns, *indexes)


_METADATA: Final = MetaData()
_TABLES: Final = {kind: _table(shape_of(kind), _METADATA) for kind in KINDS}
_NOTES: Final = Table(
    "note", _METADATA, Column("name", String, primary_key=True), Column("value", String, nullable=False)
)


class SqlStore:
    """A `ports.Store` in one SQLite file, which only the dam's own user may read."""

    def __init__(self, path: Path) -> None:
        """Open the store at `path`, or make an empty one. A file that is not ours is `Unavailable`."""
        self._path = path
        self._turn = threading.Lock()
        self._writer: int | None = None  # the thread whose turn it is
        _own(path)
        self._engine = create_engine(
            f"sqlite+pysqlite:///{path}", max_overflow=-1, connect_args={"timeout": BUSY_SECONDS}
        )
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        try:
            with _guarded(path):
                _check_format(self._engine, path)
        except Unavailable:
            self._engine.dispose()
            raise

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """Write: durable when the block ends, undone when it raises. One inside another is `Invalid`."""
        if self._writer == threading.get_ident():
            raise Invalid("store.transaction-nested")
        if not self._turn.acquire(timeout=BUSY_SECONDS):
            raise Unavailable("store.busy", seconds=BUSY_SECONDS)
        try:
            self._writer = threading.get_ident()
            with (
                _guarded(self._path),
                self._engine.connect().execution_options(writes=True) as connection,
                connection.begin(),
            ):
                yield _SqlRows(connection, writes=True)
        finally:
            self._writer = None
            self._turn.release()

    @contextmanager
    def read(self) -> Iterator[Rows]:
        """Read one consistent state; whoever writes meanwhile is neither seen nor held up."""
        with _guarded(self._path), self._engine.connect() as connection, connection.begin():
            rows = _SqlRows(connection, writes=False)
            rows.noted("")  # SQLite takes its snapshot at the first read
            yield rows

    def scrub(self) -> None:
        """Leave nothing of what was deleted: every page is written anew, and the write-ahead log is emptied."""
        if self._writer == threading.get_ident():
            raise Invalid("store.transaction-nested")
        if not self._turn.acquire(timeout=BUSY_SECONDS):
            raise Unavailable("store.busy", seconds=BUSY_SECONDS)
        try:
            with _guarded(self._path), self._engine.connect() as connection:
                raw = connection.connection.driver_connection
                cast("sqlite3.Connection", raw).execute("VACUUM")  # outside of any transaction
                busy, *_ = cast("sqlite3.Connection", raw).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if busy:  # somebody still reads an older state: the log has to stay for now
                    raise Unavailable("store.busy", seconds=BUSY_SECONDS)
        finally:
            self._turn.release()

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()


class _SqlRows:
    """The records, within one transaction."""

    def __init__(self, connection: Connection, *, writes: bool) -> None:
        self._connection, self._writes = connection, writes

    def put(self, record: object) -> None:
        """Insert, or replace the record with the same key."""
        row = shape_of(type(record)).flat(record)
        self.remove(record)
        self._connection.execute(_TABLES[type(record)].insert().values(row))

    def get(self, kind: type[Record], *key: str) -> Record | None:
        """The record with that key, or None."""
        found = self._select(kind, shape_of(kind).key_of(key))
        return found[0] if found else None

    def find(self, kind: type[Record], /, **equals: object) -> list[Record]:
        """All records whose fields equal, ordered by key."""
        return self._select(kind, shape_of(kind).equals(equals))

    def remove(self, record: object) -> None:
        """Delete the record with that key; an absent one is fine."""
        where = shape_of(type(record)).identity(record)
        self._may_write()
        table = _TABLES[type(record)]
        self._connection.execute(table.delete().where(_all_equal(table, where)))

    def note(self, name: str, value: str) -> None:
        """Keep a named text."""
        row = note_of(name, value)
        self._may_write()
        self._connection.execute(_NOTES.delete().where(_NOTES.c.name == name))
        self._connection.execute(_NOTES.insert().values(row))

    def noted(self, name: str) -> str | None:
        """The text kept under `name`, or None."""
        query = select(_NOTES.c.value).where(_NOTES.c.name == name)
        return cast("str | None", self._connection.execute(query).scalar())

    def _select(self, kind: type[Record], where: Mapping[str, Flat]) -> list[Record]:
        shape, table = shape_of(kind), _TABLES[kind]
        query = select(table).where(_all_equal(table, where)).order_by(*(table.c[name] for name in shape.key))
        rows = self._connection.execute(query).mappings()
        return [cast("Record", shape.record(cast("Mapping[str, Flat]", row))) for row in rows]

    def _may_write(self) -> None:
        if not self._writes:
            raise Invalid("store.read-only")


def _all_equal(table: Table, where: Mapping[str, Flat]) -> ColumnElement[bool]:
    columns = table.c
    return and_(
        True,  # noqa: FBT003  (SQLAlchemy's neutral element)
        *(columns[name].is_(None) if value is None else columns[name] == value for name, value in where.items()),
    )


# --- SQLite -----------------------------------------------------------------------------------------------------------


def _own(path: Path) -> None:
    """Make the file if there is none, readable by its owner only; SQLite gives its side files the same mode."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
        try:
            os.fchmod(handle, _OWNER_ONLY)
        finally:
            os.close(handle)
        sync_folder(path.parent)  # else the file itself may be gone after a power cut, whatever was synced into it
    except OSError as error:
        raise Unavailable("store.broken", path=str(path), why=error.strerror) from error


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves (`_begin`); pysqlite's own way has no snapshots
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # WAL's NORMAL may lose the last commits in a power cut
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten with zeros


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _check_format(engine: Engine, path: Path) -> None:
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar_one()
        if found == 0 and tables == 0:
            _METADATA.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {FORMAT:d}")
        elif found != FORMAT:
            raise Unavailable("store.format-unknown", path=str(path), found=found, known=FORMAT)
        else:
            _METADATA.create_all(connection)  # kinds of records that came later


@contextmanager
def _guarded(path: Path) -> Iterator[None]:
    """Tell the database's own faults as ours."""
    try:
        yield
    except PoolTimeoutError as error:
        raise Unavailable("store.busy", seconds=BUSY_SECONDS) from error
    except (SQLAlchemyError, sqlite3.Error) as error:
        why = str(getattr(error, "orig", error))[:200]
        if "locked" in why:
            raise Unavailable("store.busy", seconds=BUSY_SECONDS) from error
        raise Unavailable("store.broken", path=str(path), why=why) from error
