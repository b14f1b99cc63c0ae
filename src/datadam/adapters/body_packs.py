"""Many small bodies together: files of SQLite, filled one after the other, from which each can be erased for good.

    packs/00000001.sqlite    full: it changes only where something is erased from it
    packs/00000002.sqlite    the one that is being filled, with its write-ahead log beside it

A file of its own costs a body two waits for the disk and four kilobytes; here a batch has one wait, however many there
are in it. What is erased is overwritten with zeros, and no write-ahead log keeps it.
"""

import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from datadam.adapters import durable, private_files
from datadam.errors import Unavailable

FORMAT: Final = 1
SUFFIX: Final = ".sqlite"
FULL: Final = 256 * 1024 * 1024  # bytes; what a backup copies anew each time is smaller, and a search has few to open
ASKED: Final = 500  # ids looked for by one query
BUSY_SECONDS: Final = 30  # for a backup that reads while something is erased


class BodyPacks:
    """The packs in one folder. Whoever writes has seen to it that nobody else does."""

    def __init__(self, folder: Path, *, full: int = FULL) -> None:
        """Open the packs that there are."""
        self._folder, self._full = folder, full
        self._packs = [_Pack(path) for path in sorted(folder.glob(f"*{SUFFIX}"))]

    def put(self, bodies: Mapping[str, bytes]) -> None:
        """Keep all or none of them, durably; none is held."""
        if not self._packs or (self._packs[-1].size >= self._full and self._packs[-1].finish()):
            self._begin()
        self._packs[-1].put(bodies)

    def _begin(self) -> None:
        private_files.make_folder(self._folder)
        path = self._folder / f"{len(self._packs) + 1:08}{SUFFIX}"
        private_files.write(path, b"")  # with the right mode from birth; SQLite gives its side files the same
        self._packs.append(_Pack(path))

    def get(self, id: str) -> bytes | None:
        """The body, if it is here."""
        return next(iter(self.held([id]).values()), None)

    def held(self, ids: Collection[str]) -> dict[str, bytes]:
        """Those of these bodies that are here."""
        wanted, found = list(ids), dict[str, bytes]()
        for pack in reversed(self._packs):
            for start in range(0, len(wanted), ASKED):
                found |= pack.held(wanted[start : start + ASKED])
        return found

    def erase(self, id: str) -> None:
        """Leave nothing of a body; an absent one is fine, and what was stopped half-way is done to its end."""
        for pack in self._packs:
            if pack.behind or pack.held([id]):
                pack.erase(id)

    def ids(self) -> Iterator[str]:
        """Every id here."""
        for pack in self._packs:
            yield from pack.ids()

    def close(self) -> None:
        """Let go of the files; nothing is lost without it."""
        for pack in self._packs:
            pack.close()


class _Pack:
    """One file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._opened: sqlite3.Connection | None = None

    @property
    def size(self) -> int:
        """Bytes, with what its write-ahead log still holds."""
        with self._connected() as connection:
            query = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
            return int(connection.execute(query).fetchone()[0])

    @property
    def behind(self) -> bool:
        """Whether its write-ahead log has something: it may be a body that is erased in the newest state alone."""
        log = self._path.with_name(f"{self._path.name}-wal")
        return log.exists() and log.stat().st_size > 0

    def put(self, bodies: Mapping[str, bytes]) -> None:
        with self._connected() as connection:
            connection.execute("PRAGMA journal_mode = WAL")  # of one that was being filled, it is so already
            connection.execute("BEGIN IMMEDIATE")
            try:
                kept = [(bytes.fromhex(id), data) for id, data in bodies.items()]
                connection.executemany("INSERT INTO body (id, data) VALUES (?, ?)", kept)
                connection.execute("COMMIT")
            except BaseException:  # however it ends, nothing of it is kept
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def held(self, ids: Collection[str]) -> dict[str, bytes]:
        marks = ", ".join("?" * len(ids))
        with self._connected() as connection:
            query = f"SELECT id, data FROM body WHERE id IN ({marks})"
            return {id.hex(): data for id, data in connection.execute(query, [bytes.fromhex(one) for one in ids])}

    def erase(self, id: str) -> None:
        with self._connected() as connection:
            connection.execute("DELETE FROM body WHERE id = ?", (bytes.fromhex(id),))
            _empty(connection)

    def ids(self) -> list[str]:
        with self._connected() as connection:
            return [id.hex() for (id,) in connection.execute("SELECT id FROM body ORDER BY id")]

    def finish(self) -> bool:
        """Leave one file, and nothing beside it; not done while somebody reads it, as a backup does."""
        with self._connected() as connection, suppress(Unavailable, sqlite3.OperationalError):
            _empty(connection)
            connection.execute("PRAGMA journal_mode = DELETE")
            return True
        return False

    def close(self) -> None:
        with self._lock:
            if self._opened is not None:
                self._opened.close()
            self._opened = None

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """The connection, for one thread at a time; what SQLite says is told as ours."""
        with self._lock, durable.disk(self._path):
            try:
                if self._opened is None:
                    self._opened = _opened(self._path)
                yield self._opened
            except sqlite3.Error as error:
                raise Unavailable("disk.failed", path=str(self._path), why=str(error)[:200]) from error


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = FULL")  # a write-ahead log's NORMAL may lose the last commits
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten with zeros
        connection.execute("PRAGMA trusted_schema = OFF")
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if found == 0 and tables == 0:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE body (id BLOB PRIMARY KEY, data BLOB NOT NULL)")
            connection.execute(f"PRAGMA user_version = {FORMAT:d}")
            connection.execute("COMMIT")
        elif found != FORMAT:
            raise Unavailable("disk.format-unknown", path=str(path), found=str(found), expected=str(FORMAT))
    except BaseException:  # whoever asked for it never gets it, so it is closed here
        connection.close()
        raise
    return connection


def _empty(connection: sqlite3.Connection) -> None:
    """Bring everything from the write-ahead log into the file itself; a full one has none."""
    busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:  # somebody reads an older state
        raise Unavailable("store.busy", seconds=BUSY_SECONDS)


# --- for backups ------------------------------------------------------------------------------------------------------


def growing(folder: Path) -> Path | None:
    """The pack that is being filled: what a backup has to copy as one state, and not as a file."""
    return max(folder.glob(f"*{SUFFIX}"), default=None)


def copy(source: Path, target: Path) -> None:
    """Copy the pack that is being filled as one moment has it, into a file with nothing beside it."""
    try:
        with (
            closing(sqlite3.connect(source, timeout=BUSY_SECONDS)) as held,
            closing(sqlite3.connect(target, isolation_level=None)) as copied,
        ):
            held.backup(copied)
            copied.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise Unavailable("disk.failed", path=str(source), why=str(error)[:200]) from error
