"""The Store's tables in one SQLite file: a write-ahead log, durable at every commit, for its owner's eyes only.

- `BEGIN IMMEDIATE` keeps other processes from writing.
- `PRAGMA user_version` holds the format, and an unknown one is refused.
"""

import os
import sqlite3
from pathlib import Path
from typing import Final, cast

from sqlalchemy import Connection, Engine, create_engine, event

from datadam.adapters import sql_tables
from datadam.adapters.durable import sync_folder
from datadam.adapters.sql_tables import FORMAT, METADATA, complete
from datadam.errors import Unavailable

_OWNER_ONLY: Final = 0o600


class SqliteBase:
    """A `sql_tables.Base` in one file."""

    def __init__(self, path: Path) -> None:
        """Name the file, and make an empty one where there is none."""
        self._path = path
        _own(path)
        self._engine = create_engine(
            f"sqlite+pysqlite:///{path}", max_overflow=-1, connect_args={"timeout": sql_tables.BUSY_SECONDS}
        )
        event.listen(self._engine, "connect", _prepare)

    @property
    def engine(self) -> Engine:
        """Where connections come from."""
        return self._engine

    @property
    def place(self) -> str:
        """The file's path."""
        return str(self._path)

    def open(self) -> None:
        """Make the tables that there are not; a file that is not ours is `Unavailable`."""
        with self._engine.connect() as connection, connection.begin():
            self.begin(connection, writes=True)
            found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar_one()
            if found == 0 and tables == 0:
                METADATA.create_all(connection)
                connection.exec_driver_sql(f"PRAGMA user_version = {FORMAT:d}")
            elif found != FORMAT:
                raise Unavailable("store.format-unknown", path=self.place, found=found, known=FORMAT)
            else:
                complete(connection)

    def begin(self, connection: Connection, *, writes: bool) -> None:
        """Begin; SQLite takes its snapshot at the first read."""
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    def scrub(self) -> None:
        """Write every page anew, and empty the write-ahead log; `Unavailable` while an older state is read."""
        with self._engine.connect() as connection:
            raw = cast("sqlite3.Connection", connection.connection.driver_connection)
            raw.execute("VACUUM")  # outside of any transaction
            busy, *_ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy:  # somebody still reads an older state: the log has to stay for now
                raise Unavailable("store.busy", seconds=sql_tables.BUSY_SECONDS)

    def fault(self, error: Exception) -> Unavailable:
        """A lock that others hold, or a broken file."""
        why = str(getattr(error, "orig", error))[:200]
        if "locked" in why:
            return Unavailable("store.busy", seconds=sql_tables.BUSY_SECONDS)
        return Unavailable("store.broken", path=self.place, why=why)

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()


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
    connection.isolation_level = None  # we begin transactions ourselves (`begin`); pysqlite's own way has no snapshots
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # WAL's NORMAL may lose the last commits in a power cut
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten with zeros
