"""The Store in an SQL database: a file of SQLite, or PostgreSQL.

- One writer at a time: a lock in this process, the database's own against others.
- A read begins with a snapshot and keeps it to its end.
- What the two databases do in their own ways is in `sqlite_base` and `postgres_base`.
"""

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import Connection, Delete, Integer, Select, bindparam, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from datadam.adapters import sql_tables
from datadam.adapters.durable import disk, sync_folder
from datadam.adapters.records import Flat, note_of, shape_of
from datadam.adapters.sql_tables import METADATA, NOTES, TABLES, Base
from datadam.adapters.sqlite_base import SqliteBase
from datadam.errors import Invalid, Unavailable
from datadam.ports import Record, Rows

_PIECE: Final = 1000  # records that are moved at once
_QUERIES: Final = 500  # that are kept ready; the verbs have some dozens


class SqlStore:
    """A `ports.Store` in a database."""

    def __init__(self, where: Path | Base) -> None:
        """Open the store there, or make an empty one; a path is a file of SQLite. What is not ours is `Unavailable`."""
        self._turn = threading.Lock()
        self._writer: int | None = None  # the thread whose turn it is
        self._base = SqliteBase(where) if isinstance(where, Path) else where
        try:
            with self._guarded():
                self._base.open()
        except Unavailable:
            self._base.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """Write: durable when the block ends, undone when it raises. One inside another is `Invalid`."""
        with self._alone(), self._begun(writes=True) as connection:
            yield _SqlRows(connection, writes=True)

    @contextmanager
    def read(self) -> Iterator[Rows]:
        """Read one consistent state; whoever writes meanwhile is neither seen nor held up."""
        with self._begun(writes=False) as connection:
            rows = _SqlRows(connection, writes=False)
            rows.noted("")  # databases take their snapshot at the first read
            yield rows

    def scrub(self) -> None:
        """Leave nothing of what was deleted: all is written anew. `Unavailable` while somebody reads an older state."""
        with self._alone(), self._guarded():
            self._base.scrub()

    def move_in(self, path: Path) -> None:
        """Take over every record of the SQLite file at `path`, and remove it. Where there are any here: `Unavailable`.

        All of them are here for good before the file goes; of two that hold something, nobody can say which is right.
        """
        other = SqlStore(path)
        try:
            with self._alone(), self._begun(writes=True) as into, other._begun(writes=False) as source:
                if any(into.execute(select(table).limit(1)).first() is not None for table in METADATA.sorted_tables):
                    raise Unavailable("store.two-states", path=str(path), place=self._base.place)
                _copy(source, into)
        finally:
            other.close()
        with disk(path):
            for each in (path, *path.parent.glob(f"{path.name}-*")):  # what a crash left beside it, too
                each.unlink()
            sync_folder(path.parent)

    def copy_into(self, path: Path) -> None:
        """Write every record, as one moment has them, into a new SQLite file at `path`."""
        other = SqlStore(path)
        try:
            with self._begun(writes=False) as source, other._alone(), other._begun(writes=True) as into:
                _copy(source, into)
        finally:
            other.close()

    def close(self) -> None:
        """Let go of every connection."""
        self._base.close()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Have the turn to write in this process."""
        if self._writer == threading.get_ident():
            raise Invalid("store.transaction-nested")
        if not self._turn.acquire(timeout=sql_tables.BUSY_SECONDS):
            raise Unavailable("store.busy", seconds=sql_tables.BUSY_SECONDS)
        try:
            self._writer = threading.get_ident()
            yield
        finally:
            self._writer = None
            self._turn.release()

    @contextmanager
    def _begun(self, *, writes: bool) -> Iterator[Connection]:
        with self._guarded(), self._base.engine.connect() as connection, connection.begin():
            self._base.begin(connection, writes=writes)
            yield connection

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Tell the database's own faults as ours."""
        try:
            yield
        except PoolTimeoutError as error:
            raise Unavailable("store.busy", seconds=sql_tables.BUSY_SECONDS) from error
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise self._base.fault(error) from error


def _copy(source: Connection, into: Connection) -> None:
    for table in METADATA.sorted_tables:
        for piece in source.execute(select(table)).mappings().partitions(_PIECE):
            into.execute(table.insert(), [dict(row) for row in piece])


class _SqlRows:
    """The records, within one transaction."""

    def __init__(self, connection: Connection, *, writes: bool) -> None:
        self._connection, self._writes = connection, writes

    def put(self, record: object) -> None:
        """Insert, or replace the record with the same key."""
        self.put_all([record])

    def put_all(self, records: Sequence[object]) -> None:
        """The same for many records of one kind, of which no two have one key."""
        if not records:
            return
        kind = type(records[0])
        shape = shape_of(kind)
        rows = [shape.flat(record) for record in records]
        self._may_write()
        self._connection.execute(_removal(shape.kind), [{f"_{name}": row[name] for name in shape.key} for row in rows])
        self._connection.execute(TABLES[kind].insert(), rows)

    def get(self, kind: type[Record], *key: str) -> Record | None:
        """The record with that key, or None."""
        found = self._select(kind, shape_of(kind).key_of(key))
        return found[0] if found else None

    def find(self, kind: type[Record], /, **equals: object) -> list[Record]:
        """All records whose fields equal, ordered by key."""
        return self._select(kind, shape_of(kind).equals(equals))

    def newest(self, kind: type[Record], by: str, most: int, /, **equals: object) -> list[Record]:
        """At most so many records whose fields equal, greatest of the number field `by` first."""
        shape = shape_of(kind)
        return self._select(kind, shape.equals(equals), by=shape.number(by), most=most)

    def remove(self, record: object) -> None:
        """Delete the record with that key; an absent one is fine."""
        shape = shape_of(type(record))
        where = shape.identity(record)
        self._may_write()
        self._connection.execute(_removal(shape.kind), {f"_{name}": value for name, value in where.items()})

    def note(self, name: str, value: str) -> None:
        """Keep a named text."""
        row = note_of(name, value)
        self._may_write()
        self._connection.execute(_UNNOTE, {"_name": row["name"]})
        self._connection.execute(NOTES.insert(), row)

    def noted(self, name: str) -> str | None:
        """The text kept under `name`, or None."""
        return cast("str | None", self._connection.execute(_NOTED, {"_name": name}).scalar())

    def _select(
        self, kind: type[Record], where: Mapping[str, Flat], *, by: str | None = None, most: int = 0
    ) -> list[Record]:
        shape = shape_of(kind)
        query = _selection(shape.kind, tuple((name, value is None) for name, value in where.items()), by)
        given = {f"_{name}": value for name, value in where.items() if value is not None}
        rows = self._connection.execute(query, given | ({} if by is None else {"_most": most})).mappings()
        return [cast("Record", shape.record(cast("Mapping[str, Flat]", row))) for row in rows]

    def _may_write(self) -> None:
        if not self._writes:
            raise Invalid("store.read-only")


# Statements are made once: to build one takes as long as to run it. Values are named `_field`, as no field is.


@cache
def _removal(kind: type) -> Delete:
    table = TABLES[kind]
    return table.delete().where(*(table.c[name] == bindparam(f"_{name}") for name in shape_of(kind).key))


@lru_cache(maxsize=_QUERIES)
def _selection(kind: type, where: tuple[tuple[str, bool], ...], by: str | None) -> Select[Any]:
    """What finds records by some fields, each null or given; by key, or at most `_most` from the greatest `by` down."""
    table = TABLES[kind]
    query = select(table).where(
        *(table.c[name].is_(None) if null else table.c[name] == bindparam(f"_{name}") for name, null in where)
    )
    if by is not None:
        query = query.order_by(table.c[by].desc()).limit(bindparam("_most", type_=Integer()))
    return query.order_by(*(table.c[name] for name in shape_of(kind).key))


_UNNOTE: Final = NOTES.delete().where(NOTES.c.name == bindparam("_name"))
_NOTED: Final = select(NOTES.c.value).where(NOTES.c.name == bindparam("_name"))
