"""The Store's tables in a database of PostgreSQL that is the dam's own.

- Whoever writes locks the one row of `datadam`, and reads there who holds the database. A dam that opened it later is
  the holder; the earlier one writes no more, whatever it believes.
- A dam that is open also holds an advisory lock, so that no second one opens the database by mistake.
- What would let an acknowledged commit be lost (`fsync` off, a standby, `synchronous_commit` off) is refused or mended.
- No statistics are kept of any column: they would be copies of values, and a withdrawal could not reach them.
"""

import secrets
import ssl
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    Connection,
    Engine,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor, ExceptionContext
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError

from datadam.adapters import sql_tables
from datadam.adapters.sql_tables import FORMAT, METADATA, NOTES, complete
from datadam.errors import Unavailable
from datadam.settings import is_loopback

MIN_VERSION: Final = 15  # the oldest that its makers still mend, and the one that we test with
HELD_SECONDS: float = 5  # longest wait for a dam that is just ending
SCRUB_SECONDS: float = 3  # longest wait for a table that is being read: meanwhile new readers wait behind it
ANSWER_SECONDS: Final = 300  # longest wait for an answer of the server, so that nothing hangs for ever

_LOCK: Final = 0x64616D  # of a dam that is open: "dam", in advisory locks of two numbers
_PORT: Final = 5432
_BUSY: Final = frozenset({"40001", "40P01", "55P03"})  # serialisation failure, deadlock, lock not available
# connection lost, authorisation refused, no such database, too many clients, shut down
_UNREACHABLE: Final = ("08", "28", "3D", "53", "57P")
_GONE: Final = ("08", "57P")  # the connection is of no more use
# Others than `off` are durable here, and some elsewhere too. A dam whose machine died is to be noticed within a minute.
_PREPARE: Final = """
    SELECT set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), false),
           set_config('tcp_keepalives_idle', '30', false),
           set_config('tcp_keepalives_interval', '10', false),
           set_config('tcp_keepalives_count', '3', false)"""
# A new index counts every row version that it points to; the table's own figure leaves the deleted ones out.
_INDEXED: Final = """
    SELECT reltuples::bigint FROM pg_class JOIN pg_index ON indexrelid = oid WHERE indisprimary AND indrelid ="""
_MAY_END_LOG: Final = """
    SELECT pg_has_role('pg_checkpoint', 'USAGE') AND has_function_privilege('pg_switch_wal()', 'EXECUTE')"""

_HOLDER: Final = Table(
    "datadam", MetaData(), Column("format", BigInteger, nullable=False), Column("holder", Text, nullable=False)
)


class PostgresBase:
    """A `sql_tables.Base` in PostgreSQL, over a Unix socket, loopback, or TLS with a certificate that is checked."""

    def __init__(self, url: str, *, password: str = "", ca: Path | None = None) -> None:
        """Name the database by a checked URL (`settings.store`); `ca` is the authority that its server is known by."""
        self._place = url
        self._public = url  # what faults say: once the dam is open, strangers read them
        self._holder = secrets.token_hex(16)
        self._guard: Connection | None = None
        try:
            target, arguments = _target(make_url(url), ca)
        except OSError as error:
            raise Unavailable("store.unreachable", path=url, why=str(error)[:200]) from error
        try:
            self._engine = create_engine(target.set(password=password or None), max_overflow=-1, connect_args=arguments)
        except ModuleNotFoundError as error:
            raise Unavailable("store.driver-missing") from error
        event.listen(self._engine, "do_connect", _connect)
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "checkout", partial(_look, self._engine.dialect))
        event.listen(self._engine, "handle_error", _notice_gone)

    @property
    def engine(self) -> Engine:
        """Where connections come from."""
        return self._engine

    @property
    def place(self) -> str:
        """The database's URL, which has no password in it."""
        return self._place

    def open(self) -> None:
        """Hold the database alone; make the tables that there are not. What cannot keep our promises is refused."""
        self._guard = self._outside()
        self._refuse_unfit(self._guard)
        self._hold(self._guard)
        with self._engine.connect() as connection, connection.begin():
            found = _tables(connection)
            if not found:
                _HOLDER.create(connection)
                connection.execute(_HOLDER.insert().values(format=FORMAT, holder=""))
            known = connection.execute(select(_HOLDER.c.format)).scalar() if not found or "datadam" in found else None
            if known != FORMAT:
                raise Unavailable("store.format-unknown", path=self._place, found=known, known=FORMAT)
            complete(connection)
            _forgo_statistics(connection, found)
            connection.execute(_HOLDER.update().values(holder=self._holder))
        self._public = "PostgreSQL"

    def begin(self, connection: Connection, *, writes: bool) -> None:
        """Begin. A reader's snapshot is taken at its first read; a writer waits for the last one, then sees all of it.

        A writer reads what is committed, statement by statement: since no other writes, that is one state.
        """
        if not writes:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            return
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE")
        if connection.execute(select(_HOLDER.c.holder).with_for_update()).scalar() != self._holder:
            raise Unavailable("store.taken", path=self._public)

    def scrub(self) -> None:
        """Write every table and index into new files, and let the old ones go; then those of its log, if we may.

        What others still see, PostgreSQL keeps: then it is `Unavailable`. All of our own readers have read `note`,
        and so the first table waits for them. Its log goes by segments: this one is ended, and a checkpoint lets go
        of all before (see docs/operate-postgres.md for what it takes that they are removed).
        """
        with self._outside() as connection:
            _wait_at_most(connection, SCRUB_SECONDS)
            try:
                _scrub(connection)
            finally:
                connection.invalidate()  # not back into the pool with this patience

    def fault(self, error: Exception) -> Unavailable:
        """A lock that others hold, a server that is not there, or something broken."""
        code, why = _told(getattr(error, "orig", error))
        if code in _BUSY:
            return Unavailable("store.busy", seconds=sql_tables.BUSY_SECONDS)
        if code and not code.startswith(_UNREACHABLE):
            return Unavailable("store.broken", path=self._public, why=why)
        if self._public != self._place and not code:  # the driver's own words have the server's address in them
            why = "no connection"
        return Unavailable("store.unreachable", path=self._public, why=why)

    def close(self) -> None:
        """Let go of every connection, and of the database."""
        guard, self._guard = self._guard, None
        if guard is not None:
            guard.invalidate()  # not back into the pool: the lock must go
            guard.close()
        self._engine.dispose()

    def _outside(self) -> Connection:
        """A connection outside of any transaction."""
        connection = self._engine.connect()
        connection.connection.rollback()  # the pool's look whether it is alive may have begun one
        return connection.execution_options(isolation_level="AUTOCOMMIT")

    def _hold(self, connection: Connection) -> None:
        """Have the database for as long as this connection lasts; one that was killed has let go in a moment."""
        _wait_at_most(connection, HELD_SECONDS)
        try:
            connection.execute(select(func.pg_advisory_lock(_LOCK, func.hashtext(func.current_schema()))))
        except DBAPIError as error:
            if _told(error.orig)[0] in _BUSY:
                raise Unavailable("store.held", path=self._place) from error
            raise

    def _refuse_unfit(self, connection: Connection) -> None:
        """Refuse a server that cannot keep what a Store promises, and a schema that cannot be written to."""
        asked = ("server_version_num", "server_encoding", "fsync", "full_page_writes")
        version, encoding, *durable = [
            connection.execute(select(func.current_setting(name))).scalar_one() for name in asked
        ]
        if int(version) < MIN_VERSION * 10_000:
            raise Unavailable("store.version-old", path=self._place, found=int(version) // 10_000, known=MIN_VERSION)
        facts = dict(zip(asked[2:], durable, strict=True))
        standby = "on" if connection.execute(select(func.pg_is_in_recovery())).scalar_one() else "off"
        wrong = [f"{name} = {value}" for name, value in facts.items() if value != "on"]
        wrong += [f"server_encoding = {encoding}"] if encoding != "UTF8" else []
        wrong += [f"in_recovery = {standby}"] if standby == "on" else []
        if wrong:
            raise Unavailable("store.unfit", path=self._place, what=", ".join(wrong))


def _target(url: URL, ca: Path | None) -> tuple[URL, dict[str, Any]]:
    """Where to connect, and how. Nothing crosses a network in clear, or to a server that is not the one it says."""
    arguments: dict[str, Any] = {"timeout": ANSWER_SECONDS, "application_name": "datadam", "ssl_context": False}
    folder = url.query.get("host")
    if folder is not None:
        arguments["unix_sock"] = f"{folder}/.s.PGSQL.{url.port or _PORT}"
        url = url.set(host=None, port=None)
    elif ca is not None or not is_loopback(url.host or ""):
        arguments["ssl_context"] = ssl.create_default_context(cafile=ca)
    return url.set(drivername="postgresql+pg8000", query={}), arguments


def _connect(dialect: Dialect, _record: object, positional: list[Any], named: dict[str, Any]) -> DBAPIConnection:
    """Connect; a certificate that does not hold is a fault of the database's, as the driver's own are."""
    try:
        return dialect.connect(*positional, **named)
    except OSError as error:
        raise dialect.loaded_dbapi.InterfaceError(str(error)) from error


def _prepare(connection: DBAPIConnection, _record: object) -> None:
    cursor: DBAPICursor = connection.cursor()
    cursor.execute(f"{_PREPARE}, set_config('lock_timeout', '{int(sql_tables.BUSY_SECONDS * 1000):d}', false)")
    cursor.close()
    connection.commit()


def _look(dialect: Dialect, connection: DBAPIConnection, _record: object, _proxy: object) -> None:
    """Look whether a connection out of the pool is alive; else it makes another one.

    As `pool_pre_ping` does, which takes only the driver's own faults for a connection that is gone.
    """
    try:
        dialect.do_ping(connection)
    except (OSError, dialect.loaded_dbapi.Error) as error:
        raise DisconnectionError from error


def _notice_gone(context: ExceptionContext) -> None:
    """A server that shuts down says so in an answer of its own kind, which the driver takes for any other.

    One that broke off may be told by the system itself: the driver lets the first reset of an answer through as it is.
    """
    if isinstance(context.original_exception, OSError):
        context.is_disconnect = True
        raise InterfaceError(None, None, context.original_exception)
    code, _ = _told(context.original_exception)
    if code.startswith(_GONE):
        context.is_disconnect = True


def _told(error: BaseException | None) -> tuple[str, str]:
    """SQLSTATE and message of a driver's error; details are left out, because they may hold values."""
    fields = error.args[0] if error and error.args and isinstance(error.args[0], dict) else {}
    return fields.get("C", ""), str(fields.get("M", error))[:200]


def _tables(connection: Connection) -> set[str]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    return set(connection.exec_driver_sql(query).scalars())


def _wait_at_most(connection: Connection, seconds: float) -> None:
    """For a lock, in this session from now on."""
    connection.exec_driver_sql(f"SET lock_timeout = {int(seconds * 1000):d}")


def _scrub(connection: Connection) -> None:
    tables = [NOTES, *(table for table in METADATA.sorted_tables if table is not NOTES)]
    quoted = connection.dialect.identifier_preparer.format_table
    for table in tables:
        connection.exec_driver_sql(f"VACUUM (FULL) {quoted(table)}")
    for table in tables:
        live = connection.execute(select(func.count()).select_from(table)).scalar_one()
        written = connection.exec_driver_sql(f"{_INDEXED} '{quoted(table)}'::regclass").scalar_one()
        if written > live:  # rows that are deleted, and that some snapshot still sees
            raise Unavailable("store.busy", seconds=SCRUB_SECONDS)
    if connection.exec_driver_sql(_MAY_END_LOG).scalar_one():
        connection.exec_driver_sql("SELECT pg_switch_wal()")
        connection.exec_driver_sql("CHECKPOINT")


def _forgo_statistics(connection: Connection, before: set[str]) -> None:
    """Have none kept of the columns of new tables; every query of ours goes by a key or an index, or wants all."""
    quote = connection.dialect.identifier_preparer
    for table in METADATA.sorted_tables:
        if table.name not in before:
            actions = ", ".join(f"ALTER COLUMN {quote.format_column(one)} SET STATISTICS 0" for one in table.columns)
            connection.exec_driver_sql(f"ALTER TABLE {quote.format_table(table)} {actions}")
