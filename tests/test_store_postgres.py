"""The Store in PostgreSQL: what a server can do to it, what stays in its files, and a whole dam upon it."""

import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pytest
from sqlalchemy.dialects import registry
from sqlalchemy.engine import Dialect

from certificates import certificate
from datadam import seal, wiring
from datadam.adapters import postgres_base
from datadam.adapters.memory.store import MemoryStore
from datadam.adapters.polars_engine import PolarsEngine
from datadam.adapters.postgres_base import PostgresBase
from datadam.adapters.records import KINDS
from datadam.adapters.sql_store import SqlStore
from datadam.adapters.sql_tables import FORMAT, METADATA
from datadam.dam import backup, deposit, journal
from datadam.dam import found as found_dam
from datadam.dam.works import Works
from datadam.dam.world import World
from datadam.edges import operator
from datadam.errors import Invalid, Unavailable
from datadam.model import Application, Deposit, Job, Member, Source, Stage, Tally, Token, Used
from datadam.plan import Plan
from datadam.ports import Outputs, Progress, Rows
from postgres import ROLE, Cluster, cluster, name_of
from served import STANDARD, made, published, run, serving
from worlds import GOOD, Person, a_world, chunks, fit_of
from writer import hold_whole, writing


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A PostgreSQL of our own, set up as docs/operate-postgres.md says."""
    with cluster(wal_recycle="off") as running:
        yield running


@pytest.fixture
def url(server: Cluster) -> str:
    """An empty database."""
    return server.database()


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for another is told soon."""
    monkeypatch.setattr("datadam.adapters.sql_tables.BUSY_SECONDS", 0.3)
    monkeypatch.setattr("datadam.adapters.postgres_base.HELD_SECONDS", 1)
    monkeypatch.setattr("datadam.adapters.postgres_base.SCRUB_SECONDS", 0.3)


def used(name: str, expires: str = "2026-01-01T00:00:00Z") -> Used:
    """A small record."""
    return Used(id=name, expires=expires)


OPEN = ExitStack()
NAME = ".s.PGSQL.5432"  # of a server's socket


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    """Close every store that a test opened."""
    with OPEN:
        yield


def opened(url: str, **more: Any) -> SqlStore:
    """The store in that database, until the test ends or closes it."""
    store = SqlStore(PostgresBase(url, **more))
    OPEN.callback(store.close)
    return store


def put(store: SqlStore, *names: str) -> None:
    """Write a few records."""
    with store.transaction() as rows:
        for name in names:
            rows.put(used(name))


def names_in(store: SqlStore) -> list[str]:
    """Which were written."""
    with store.read() as rows:
        return [each.id for each in rows.find(Used)]


# --- what it opens ----------------------------------------------------------------------------------------------------


def test_every_kind_of_record_has_its_table_and_no_column_has_statistics(server: Cluster, url: str) -> None:
    """A kind that came later gets its table at the next start. Statistics would be copies of values."""
    opened(url).close()
    server.sql("DROP TABLE withdrawal", database=name_of(url))
    store = opened(url)
    put(store, *(f"{number:03}" for number in range(200)))
    tables = server.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", database=name_of(url)).split()
    assert set(tables) == {kind.__name__.lower() for kind in KINDS} | {"note", "datadam"}
    server.sql("ANALYZE", database=name_of(url))
    kept = "SELECT count(*) FROM pg_stats WHERE schemaname = 'public'"
    assert server.sql(f"{kept} AND tablename <> 'datadam'", database=name_of(url)) == "0"
    store.close()


@pytest.mark.parametrize(
    "spoilt",
    ["UPDATE datadam SET format = 99", "DELETE FROM datadam", "DROP TABLE datadam", "DROP TABLE datadam, note"],
)
def test_an_unknown_format_is_refused(server: Cluster, url: str, spoilt: str) -> None:
    """A newer dam's state, or somebody else's database, is left alone."""
    opened(url).close()
    assert server.sql("SELECT format FROM datadam", database=name_of(url)) == str(FORMAT)
    server.sql(spoilt, database=name_of(url))
    count = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    before = server.sql(count, database=name_of(url))
    with pytest.raises(Unavailable, match=r"store\.format-unknown"):
        opened(url)
    assert server.sql(count, database=name_of(url)) == before


@pytest.mark.parametrize(
    ("settings", "what"),
    [({"fsync": "off"}, "fsync = off"), ({"full_page_writes": "off"}, "full_page_writes = off")],
)
def test_a_server_that_may_lose_what_it_acknowledged_is_refused(
    server: Cluster, url: str, settings: dict[str, Any], what: str
) -> None:
    """A power cut would cost commits, or the whole database."""
    server.stop()
    server.start(**settings)
    try:
        with pytest.raises(Unavailable) as refusal:
            opened(url)
    finally:
        server.stop()
        server.start()
    assert (refusal.value.code, refusal.value.facts["what"]) == ("store.unfit", what)


def test_a_database_in_another_encoding_and_an_old_server_are_refused(
    server: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Latin-1 cannot hold Korean; what its makers mend no more is not built upon."""
    latin = server.database(options="TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    with pytest.raises(Unavailable) as refusal:
        opened(latin)
    assert (refusal.value.code, refusal.value.facts["what"]) == ("store.unfit", "server_encoding = LATIN1")
    monkeypatch.setattr(postgres_base, "MIN_VERSION", 99)
    with pytest.raises(Unavailable, match=r"store\.version-old"):
        opened(server.database())


def test_a_commit_is_durable_although_the_role_was_set_to_be_quick(server: Cluster, url: str) -> None:
    """`synchronous_commit = off` is turned on; what promises more than this server is left as it is."""

    def told() -> object:
        store = opened(url)
        with store._base.engine.connect() as connection:
            found = connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
        store.close()
        return found

    database = name_of(url)
    for chosen, expected in {"off": "on", "local": "local", "remote_apply": "remote_apply"}.items():
        server.sql(f"ALTER DATABASE {database} SET synchronous_commit = {chosen}")
        assert told() == expected


# --- who may reach it -------------------------------------------------------------------------------------------------


def test_what_is_not_there_is_told_with_its_address(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server, no such database, no driver, no certificate authority: all told as what they are."""
    with pytest.raises(Unavailable, match=r"store\.unreachable"):
        opened(f"postgresql://dam@/dam?host={tmp_path}")
    with pytest.raises(Unavailable, match=r"store\.unreachable"):
        opened(url.replace("/dam", "/nodam", 1))
    with pytest.raises(Unavailable, match=r"store\.unreachable"):
        opened("postgresql://dam@localhost:1/dam", ca=tmp_path / "none.pem")
    monkeypatch.setitem(sys.modules, "pg8000", None)
    with pytest.raises(Unavailable, match=r"store\.driver-missing"):
        opened(url)


def test_a_password_is_asked_for_and_is_never_told(server: Cluster) -> None:
    """SCRAM: right opens, wrong does not, and neither is in what is told."""
    url = server.database().replace(f"{ROLE}@", "locked@")
    server.sql("CREATE ROLE locked LOGIN PASSWORD 'hunter2'")
    server.sql(f"ALTER DATABASE {name_of(url)} OWNER TO locked")
    rules = server.data / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text(f"local all locked scram-sha-256\n{before}")
    server.sql("SELECT pg_reload_conf()")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:  # it reads its rules anew in its own time
        try:
            opened(url, password="wrong!").close()
        except Unavailable as error:
            refused = error
            break
    assert refused.code == "store.unreachable"
    assert not re.search(r"wrong!|hunter2", str(refused.facts))
    store = opened(url, password="hunter2")
    put(store, "a")
    assert names_in(store) == ["a"]
    store.close()


def test_over_a_network_the_server_must_show_a_certificate_that_holds(server: Cluster, tmp_path: Path) -> None:
    """The right authority opens it; another, or a server without TLS, does not."""
    name = name_of(server.database())
    cert, key = certificate(server.folder, "right")
    other, _ = certificate(tmp_path, "other")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server.stop(signal.SIGINT)
    server.owned(key)
    url = f"postgresql://{ROLE}@127.0.0.1:{port}/{name}"
    try:
        server.start(port=port, listen_addresses="127.0.0.1", ssl="on", ssl_cert_file=str(cert), ssl_key_file=str(key))
        store = opened(url, ca=cert)
        put(store, "a")
        with store._base.engine.connect() as connection:
            seen = "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            assert connection.exec_driver_sql(seen).scalar_one().startswith("TLSv1.")
        store.close()
        with pytest.raises(Unavailable, match=r"store\.unreachable") as refusal:
            opened(url, ca=other)
        assert "certificate verify failed" in str(refusal.value.facts["why"])
        server.stop(signal.SIGINT)
        server.start(port=port, listen_addresses="127.0.0.1")
        with pytest.raises(Unavailable, match=r"store\.unreachable"):
            opened(url, ca=cert)
        opened(url).close()  # on this machine alone it may be plain
    finally:
        server.stop(signal.SIGINT)
        server.start()


# --- one writer -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("patience")
def test_a_second_dam_cannot_open_the_database_and_can_when_the_first_is_gone(url: str) -> None:
    """Two folders that name one database: the second is told, the first goes on."""
    first = opened(url)
    with pytest.raises(Unavailable, match=r"store\.held"):
        opened(url)
    put(first, "a")
    first.close()
    second = opened(url)
    assert names_in(second) == ["a"]
    second.close()


def test_a_dam_that_lost_the_database_to_another_writes_no_more(server: Cluster, url: str) -> None:
    """Its hold went with a broken connection, and another took it: the fence is in the database itself."""
    first = opened(url)
    put(first, "a")
    held = "locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    server.sql(f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE {held}", database=name_of(url))  # noqa: S608  (our own words)
    put(first, "b")  # nobody else came: it is still the holder
    second = opened(url)
    with pytest.raises(Unavailable, match=r"store\.taken"):
        put(first, "c")
    assert names_in(first) == ["a", "b"]
    put(second, "d")
    assert names_in(second) == ["a", "b", "d"]
    first.close()
    second.close()


@pytest.mark.usefixtures("patience")
def test_a_row_that_somebody_else_has_locked_is_waited_for_then_told(server: Cluster, url: str) -> None:
    """An operator's own session is no hang and no crash; reading goes on."""
    store = opened(url)
    put(store, "a")
    with sql_session(server, url, "BEGIN; LOCK TABLE datadam;") as other:
        with pytest.raises(Unavailable, match=r"store\.busy"):
            put(store, "b")
        assert names_in(store) == ["a"]
        ask(other, "ROLLBACK;")
    put(store, "b")
    assert names_in(store) == ["a", "b"]
    store.close()


def test_it_goes_on_by_itself_when_the_server_is_back(server: Cluster, url: str) -> None:
    """A server that crashed: unreachable meanwhile, then all that was acknowledged is there, and writing goes on."""
    store = opened(url)
    put(store, "a", "b")
    server.stop()
    with pytest.raises(Unavailable, match=r"store\.unreachable"):
        put(store, "c")
    with pytest.raises(Unavailable, match=r"store\.unreachable"):
        names_in(store)
    server.start()
    assert names_in(store) == ["a", "b"]
    put(store, "c")
    store.close()
    store = opened(url)
    assert names_in(store) == ["a", "b", "c"]
    store.close()


class Wire:
    """Between a store and its server; once cut, it answers the next question by a reset, as a server's crash may."""

    def __init__(self, folder: Path, to: Path) -> None:
        """Listen in a folder for whoever would talk to the server whose socket is in another."""
        self._to, self._cut = str(to / NAME), threading.Event()
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(folder / NAME))
        self._listening.listen()
        threading.Thread(target=self._take, daemon=True).start()

    def cut(self) -> None:
        """Reset every connection as soon as something comes over it."""
        self._cut.set()

    def mend(self) -> None:
        """Pass everything on again, over new connections."""
        self._cut.clear()

    def close(self) -> None:
        """Take no more."""
        self._listening.close()

    def _take(self) -> None:
        with suppress(OSError):  # closed
            while True:
                threading.Thread(target=self._carry, args=(self._listening.accept()[0],), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near, socket.socket(socket.AF_UNIX) as far, suppress(OSError):
            far.connect(self._to)
            other = {near: far, far: near}
            while True:
                for one in select.select([near, far], [], [])[0]:
                    if self._cut.is_set():
                        return  # with what came unread, which the other side sees as a reset
                    if not (piece := one.recv(65536)):
                        return
                    other[one].sendall(piece)


@pytest.mark.parametrize("moment", ["read", "write", "begin"])
def test_a_connection_that_is_reset_is_a_database_out_of_reach(server: Cluster, url: str, moment: str) -> None:
    """The driver lets some resets through as the system told them; whoever asks hears the same as ever."""
    with tempfile.TemporaryDirectory(prefix="wire-") as folder:
        wire = Wire(Path(folder), server.folder)
        OPEN.callback(wire.close)
        store = opened(url.replace(str(server.folder), folder))
        put(store, "a")
        with pytest.raises(Unavailable, match=r"store\.unreachable"):
            lost(store, wire, moment)
        wire.mend()
        put(store, "b")
        assert names_in(store) == ["a", "b"]


def lost(store: SqlStore, wire: Wire, moment: str) -> None:
    """Use the store, while the wire is cut at that moment."""
    if moment == "begin":
        wire.cut()
    with store.transaction() if moment == "write" else store.read() as rows:
        rows.find(Used)
        wire.cut()
        if moment == "write":
            rows.put(used("lost"))
        rows.find(Used)


def test_a_fault_of_the_database_is_told_and_undoes_all(server: Cluster, url: str) -> None:
    """A table that somebody dropped: told as broken, without values; nothing of the transaction stays."""
    store = opened(url)
    server.sql("DROP TABLE application", database=name_of(url))
    waiting = Application(id="a", envelope="annconstant", profile="p", received="r")

    def both() -> None:
        with store.transaction() as rows:
            rows.put(used("a"))
            rows.put(waiting)

    with pytest.raises(Unavailable, match=r"store\.broken") as refusal:
        both()
    assert "annconstant" not in str(refusal.value.facts)
    assert names_in(store) == []
    store.close()


@pytest.mark.parametrize("killed", ["writer", "server"])
def test_kill_9_loses_nothing_acknowledged_and_leaves_nothing_half_done(server: Cluster, url: str, killed: str) -> None:
    """The dam is killed, or the server crashes, in the midst of writing: what was acknowledged is there, and whole."""
    with writing(url) as writer:
        assert writer.stdout is not None
        acknowledged = -1
        for line in writer.stdout:
            acknowledged = int(line)
            if acknowledged == 30:
                if killed == "writer":
                    writer.kill()
                else:
                    server.stop()
        assert writer.wait(timeout=30) != 0
    if killed == "server":
        server.start()
    store = opened(url)
    hold_whole(store, acknowledged)
    store.close()


# --- what stays in its files ------------------------------------------------------------------------------------------

MARK = "annconstant" * 20


class Session:
    """A session of somebody else's."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        """Over psql's own pipes."""
        self.process = process

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=20)
        self.process.stdout.close()


def sql_session(server: Cluster, url: str, first: str) -> Session:
    """Begin one, and say something."""
    words = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--host", str(server.folder)]
    process = subprocess.Popen(
        [str(server.programs / words[0]), *words[1:], "--username=postgres", f"--dbname={name_of(url)}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    made = Session(process)
    ask(made, first)
    return made


def ask(session: Session, command: str) -> None:
    """Say something, and wait until it is done."""
    assert session.process.stdin is not None
    assert session.process.stdout is not None
    session.process.stdin.write(f"{command}\nSELECT 'said';\n")
    session.process.stdin.flush()
    for line in session.process.stdout:
        if line.strip() == "said":
            return


def written_and_removed(store: SqlStore) -> None:
    """Fifty jobs that hold the mark, each removed again; one that does not, kept."""
    jobs = [
        Job(id=f"{n:064}", contributor="m", standard="s", version="1", envelope=MARK, stage="committed", received="")  # type: ignore[arg-type]  # a plain id
        for n in range(50)
    ]
    with store.transaction() as rows:
        for job in jobs:
            rows.put(job)
    with store.transaction() as rows:
        for job in jobs:
            rows.remove(job)
        rows.put(used("kept"))


def traces(server: Cluster) -> list[str]:
    """The files of the whole cluster that hold the mark, its log included."""
    found = [path for path in server.data.rglob("*") if path.is_file() and MARK.encode() in path.read_bytes()]
    return sorted({path.relative_to(server.data).parts[0] for path in found})


def test_nothing_of_what_was_deleted_stays_in_any_file_of_the_server(server: Cluster, url: str) -> None:
    """Tables, their indexes and its log, where the dam may end the log; without that, the log keeps it for a while."""
    store = opened(url)
    written_and_removed(store)
    server.sql("CHECKPOINT")
    assert traces(server) == ["base", "pg_wal"]
    store.scrub()
    assert traces(server) == ["pg_wal"]
    server.sql(f"GRANT pg_checkpoint TO {ROLE}")
    server.sql(f"GRANT EXECUTE ON FUNCTION pg_switch_wal() TO {ROLE}", database=name_of(url))
    try:
        store.scrub()
        assert traces(server) == []
    finally:
        server.sql(f"REVOKE pg_checkpoint FROM {ROLE}")
    with store.transaction() as rows:
        assert rows.find(Used) == [used("kept")]
        with pytest.raises(Invalid, match=r"store\.transaction-nested"):
            store.scrub()
    store.close()


@pytest.mark.usefixtures("patience")
def test_whoever_still_sees_what_was_deleted_makes_the_scrub_wait(server: Cluster, url: str) -> None:
    """Our own readers by a lock; somebody else's snapshot, as a dump has one, by counting what was written."""
    store = opened(url)
    put(store, "a")
    with store.read() as rows:
        with pytest.raises(Unavailable, match=r"store\.busy"):
            store.scrub()
        assert rows.find(Used) == [used("a")]
    with store.transaction() as rows:
        rows.put(used("gone", MARK))
    with sql_session(server, url, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1;") as other:
        with store.transaction() as rows:
            rows.remove(used("gone"))
        with pytest.raises(Unavailable, match=r"store\.busy"):
            store.scrub()
        ask(other, "ROLLBACK;")
    store.scrub()
    server.sql("CHECKPOINT")
    assert "base" not in traces(server)
    store.close()


# --- a dam upon it ----------------------------------------------------------------------------------------------------


def checked(folder: Path, **facts: str) -> dict[str, Any]:
    """What `datadam check` says."""
    with wiring.world(folder) as world:
        return dict(operator.perform(world, "check", facts, check=wiring.checker(world)))


def test_a_dam_lives_in_postgres_and_comes_back_from_its_log_alone(server: Cluster, url: str, tmp_path: Path) -> None:
    """Made, served, deposited into over HTTP, checked; then its database is lost, and the log makes it anew."""
    folder = made(tmp_path / "dam", store=url)
    with serving(folder) as dam:
        published(dam.world)
        person = dam.person("Alice")
        with dam.client(person) as member:
            file = tmp_path / "good.csv"
            file.write_bytes(GOOD)
            sent = member.deposit(file, fit_of(dam.world, STANDARD, GOOD))
            assert sent["stage"] == "committed"
        backup.backup(dam.world, tmp_path / "backups", with_keys=True)
        with dam.world.store.read() as rows:
            held = rows.find(Deposit)
    assert not (folder / "state" / "dam.sqlite").exists()
    assert checked(folder)["faults"] == []
    empty = server.database()
    settings = folder / "settings.toml"
    settings.write_text(settings.read_text().replace(url, empty))
    found = checked(folder, rebuild="yes")
    assert (found["faults"], found["rebuilt"]) == ([], found["entries"])
    with wiring.world(folder) as world, world.store.read() as rows:
        assert rows.find(Deposit) == held
        assert rows.find(Job) == []  # reports, and what was not sealed, were in the lost database alone


def test_a_database_is_one_dam_s(url: str, tmp_path: Path) -> None:
    """Another dam, whose log may well be as long, is refused before it reads or rebuilds anything."""
    folder = made(tmp_path / "dam", store=url)
    before = checked(folder)
    wiring.init(tmp_path / "other", name="other.example/log", jurisdiction="KR")
    settings = tmp_path / "other" / "settings.toml"
    (tmp_path / "other" / "state" / "dam.sqlite").unlink()
    settings.write_text(f'{settings.read_text()}\nstore = "{url}"\n')
    for rebuild in ({}, {"rebuild": "yes"}):
        with pytest.raises(Unavailable, match=r"state\.others"):
            checked(tmp_path / "other", **rebuild)
    assert checked(folder) == before


def test_a_backup_comes_back_into_an_empty_database_and_into_no_other(
    server: Cluster, url: str, tmp_path: Path
) -> None:
    """The state is in the backup as a file, which moves into the database that the restored dam names."""
    folder = made(tmp_path / "dam", store=url)
    with wiring.world(folder) as world:
        published(world)
        person = Person("Alice").joins(world)
        person.deposits(world, STANDARD, GOOD)
        backup.backup(world, tmp_path / "backups", with_keys=True)
        with world.store.read() as rows:
            held = [rows.find(kind) for kind in (Deposit, Job, Member)]
    again = tmp_path / "again"
    said = run("restore", tmp_path / "backups", again)
    assert (said.returncode, "empty database" in said.stdout) == (0, True), said
    with pytest.raises(Unavailable, match=r"store\.two-states"):
        checked(again)
    settings = again / "settings.toml"
    settings.write_text(settings.read_text().replace(url, server.database()))
    assert checked(again)["faults"] == []
    assert not (again / "state" / "dam.sqlite").exists()
    with wiring.world(again) as world, world.store.read() as rows:
        assert [rows.find(kind) for kind in (Deposit, Job, Member)] == held


def test_a_served_dam_says_so_while_its_database_is_away_and_goes_on_after(
    server: Cluster, url: str, tmp_path: Path
) -> None:
    """503 with the code, for whoever has to know and for members; nobody has to start it again."""
    with serving(made(tmp_path / "dam", store=url)) as dam:
        published(dam.world)
        server.stop()
        try:
            health, catalogue = dam.ask("GET", "/healthz"), dam.ask("GET", "/api/standards")
        finally:
            server.start()
        assert (health.status_code, health.json()["why"]) == (503, ["store.unreachable"])
        assert (catalogue.status_code, catalogue.json()["code"]) == (503, "store.unreachable")
        assert "postgresql://" not in catalogue.text
        assert dam.ask("GET", "/healthz").status_code == 200
        assert dam.person("Bob").deposits(dam.world, STANDARD, GOOD).stage == Stage.COMMITTED


def test_what_is_done_every_hour_outlives_a_database_that_is_away(
    server: Cluster, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tidying is put off to the next time; the dam does not end with it."""
    monkeypatch.setattr("datadam.edges.app.TIDY_SECONDS", 0.05)
    with serving(made(tmp_path / "dam", store=url)) as dam:
        token = dam.token(dam.person("Alice"))
        server.stop()
        time.sleep(1)
        server.start()
        assert dam.ask("GET", "/healthz").status_code == 200
        assert dam.ask("GET", "/api/deposits", token).status_code == 200
        with dam.clock.forward(days=1):  # logins are over, and it is tidying that forgets them
            deadline = time.monotonic() + 20
            while tokens(dam.world) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert not tokens(dam.world)


def tokens(world: World) -> list[Token]:
    """The logins that a dam knows."""
    with world.store.read() as rows:
        return rows.find(Token)


class Interrupted(PolarsEngine):
    """The engine; while it judges for the first time, the database goes away, and is back after a while."""

    def __init__(self, server: Cluster, seconds: float) -> None:
        """Stop that server, and start it again so much later."""
        super().__init__()
        self.server, self.back = server, threading.Timer(seconds, server.start)

    def run(self, plan: Plan, source: Source, into: Outputs, progress: Progress) -> Tally:
        """Judge every row; afterwards there is no database to tell it to."""
        tally = super().run(plan, source, into, progress)
        if not self.back.is_alive() and not self.back.finished.is_set():
            self.server.stop()
            self.back.start()
        return tally


def test_a_deposit_under_way_waits_for_the_database_and_is_not_refused(
    server: Cluster, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody sends a file again because a database was restarted, and nobody has to restart the dam."""
    monkeypatch.setattr("datadam.dam.works.AWAY", 0.2)
    folder = made(tmp_path / "dam", store=url)
    with wiring.world(folder) as plain:
        engine = Interrupted(server, 1.5)
        world = replace(plain, engine=engine)
        published(world)
        person = Person("Alice").joins(world)
        manifest = person.manifest(fit_of(world, STANDARD, GOOD), GOOD)
        job = deposit.announce(world, person.caller, seal.envelope(manifest))
        hands = Works(world)
        hands.submit(deposit.receive(world, person.caller, job.id, chunks(GOOD)))
        time.sleep(1)
        engine.back.join()
        deadline = time.monotonic() + 20
        while (found := journal.own_job(world, person.caller, job.id)).stage not in journal.FINAL:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        hands.stop()
        assert (found.stage, found.fault) == (Stage.COMMITTED, None)
        assert "waits: store.unreachable" in caplog.text


class Unsteady(MemoryStore):
    """A Store that fails once, at the first write after it was told to."""

    fails = False

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """Write, or fail this once."""
        if self.fails:
            self.fails = False
            raise Unavailable("store.unreachable", path="PostgreSQL", why="no connection")
        with super().transaction() as rows:
            yield rows


class Unsettling(PolarsEngine):
    """The engine; when it has judged, its store fails."""

    store: Unsteady

    def run(self, plan: Plan, source: Source, into: Outputs, progress: Progress) -> Tally:
        """Judge every row."""
        tally = super().run(plan, source, into, progress)
        self.store.fails = True
        return tally


def test_a_connection_lost_for_a_moment_is_no_fault_of_a_deposits(tmp_path: Path) -> None:
    """It is not refused, although it could be by then: the same deposit is judged again."""
    engine, store = Unsettling(), Unsteady()
    world = replace(a_world(tmp_path), engine=engine, store=store)
    found_dam.found(world)
    published(world)
    person = Person("Alice").joins(world)
    engine.store = store
    with pytest.raises(Unavailable, match=r"store\.unreachable"):
        person.deposits(world, STANDARD, GOOD)
    with store.read() as rows:
        (job,) = rows.find(Job)
    assert (job.stage, job.fault) == (Stage.RECEIVED, None)
    world = replace(world, engine=PolarsEngine())
    assert deposit.process(world, job.id, lambda *_: None).stage == Stage.COMMITTED


def filled(folder: Path) -> dict[type, list[Any]]:
    """A dam in SQLite with a member, a deposit and an application that waits; all its records."""
    with wiring.world(made(folder)) as world:
        published(world)
        assert Person("Alice").joins(world).deposits(world, STANDARD, GOOD).stage == Stage.COMMITTED
        with world.store.transaction() as rows:
            rows.put(Application(id="waits", envelope="e", profile="p", received="r"))
        with world.store.read() as rows:
            return {kind: rows.find(kind) for kind in KINDS}


def test_what_the_folder_had_moves_into_the_database_whole(url: str, tmp_path: Path) -> None:
    """Set `store` and start: every record is there, also those that are not in the log; the file is gone."""
    folder = tmp_path / "dam"
    before = filled(folder)
    assert before[Member]
    assert before[Job]
    with (folder / "settings.toml").open("a") as settings:
        settings.write(f'store = "{url}"\n')
    with wiring.world(folder) as world, world.store.read() as rows:
        assert {kind: rows.find(kind) for kind in KINDS} == before
    assert list((folder / "state").iterdir()) == []
    assert checked(folder)["faults"] == []


def test_of_two_states_neither_is_overwritten(url: str, tmp_path: Path) -> None:
    """A database that holds something, and a folder that does too: nothing is moved, nothing is lost."""
    folder = tmp_path / "dam"
    before = filled(folder)
    store = opened(url)
    put(store, "other")
    store.close()
    settings = folder / "settings.toml"
    text = settings.read_text()
    settings.write_text(f'{text}store = "{url}"\n')
    with pytest.raises(Unavailable, match=r"store\.two-states"), wiring.world(folder):
        pass
    settings.write_text(text)
    with wiring.world(folder) as world, world.store.read() as rows:
        assert {kind: rows.find(kind) for kind in KINDS} == before
    store = opened(url)
    assert names_in(store) == ["other"]
    with store.read() as rows:
        assert not any(rows.find(kind) for kind in KINDS if kind is not Used)
    store.close()


def test_every_text_is_ordered_by_code_point_and_no_number_is_short() -> None:
    """The columns that PostgreSQL makes of ours: a language's order, or 32 bits, would differ from SQLite."""
    dialect: Dialect = registry.load("postgresql.pg8000")()
    found = {column.type.compile(dialect) for table in METADATA.sorted_tables for column in table.columns}
    assert found == {'TEXT COLLATE "C"', "BIGINT", "BOOLEAN"}
