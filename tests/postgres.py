"""A real PostgreSQL for tests: a private cluster on a Unix socket, with databases to throw away."""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

DEBIAN = Path("/usr/lib/postgresql")  # where Debian puts what is not for everybody's path
ROLE = "dam"
START_SECONDS = 60


def absent() -> None:
    """Skip where PostgreSQL is not installed; in CI that is a failure."""
    message = "PostgreSQL is not installed: run scripts/system_packages.sh"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def programs() -> Path | None:
    """The folder of the newest PostgreSQL's programs, if there is one."""
    found = [each.parent for each in DEBIAN.glob("*/bin/initdb")]
    found.sort(key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0)
    if found:
        return found[-1]
    named = shutil.which("initdb")
    return Path(named).resolve().parent if named else None


def _owner() -> str | None:
    """Who runs the server: it refuses to be run by root. None: whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


@dataclass
class Cluster:
    """A PostgreSQL server of the test's own."""

    folder: Path
    programs: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = 5432
    _process: subprocess.Popen[bytes] | None = None
    _names: Iterator[int] = field(default_factory=itertools.count)

    @property
    def data(self) -> Path:
        """Where its files are."""
        return self.folder / "data"

    def make(self) -> None:
        """Make an empty cluster, whose superuser is `postgres`."""
        if (owner := _owner()) is not None:
            shutil.chown(self.folder, owner)
        self._run("initdb", "--pgdata", self.data, "--username=postgres", "--auth=trust", "--encoding=UTF8",
                  "--locale=C.UTF-8", "--no-sync")  # fmt: skip

    def start(self, *, port: int = 5432, **settings: str) -> None:
        """Run it, on a Unix socket alone unless it is told otherwise."""
        self.port = port
        own = {"listen_addresses": "", "unix_socket_directories": str(self.folder), "port": str(port)}
        quick = {"recovery_init_sync_method": "syncfs"}  # after a crash; else it syncs each file of each database
        told = {**own, **quick, **self.settings, **settings}
        options = [f"--{name}={value}" for name, value in told.items()]
        with (self.folder / "said").open("ab") as said:
            self._process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.data, *options],
                user=_owner(),
                group=_owner() and pwd.getpwnam(str(_owner())).pw_gid,
                extra_groups=[] if _owner() else None,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        limit = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < limit:
            if self._call("pg_isready", "--quiet", "--host", self.folder, "--port", port).returncode == 0:
                return
            time.sleep(0.05)
        message = f"PostgreSQL did not start: {(self.folder / 'said').read_text()}"
        raise RuntimeError(message)

    def stop(self, sent: signal.Signals = signal.SIGQUIT) -> None:
        """End the server that was started here: as a crash would (what is not in its log is lost), or in order."""
        if self._process is not None:
            self._process.send_signal(sent)
            self._process.wait(timeout=START_SECONDS)
            self._process = None

    def sql(self, command: str, *, database: str = "postgres", role: str = "postgres") -> str:
        """Run one command; what it answers."""
        plain = ("--no-psqlrc", "--quiet", "--tuples-only", "--no-align")
        where = ("--host", self.folder, "--port", self.port, "--username", role, "--dbname", database)
        return self._run("psql", *plain, *where, "--command", command).strip()

    def database(self, *, options: str = "") -> str:
        """A new empty database that belongs to an ordinary role; its URL."""
        if ROLE not in self.sql("SELECT rolname FROM pg_roles").split():
            self.sql(f"CREATE ROLE {ROLE} LOGIN")
        name = f"dam{next(self._names)}"
        self.sql(f"CREATE DATABASE {name} OWNER {ROLE} {options}")
        return f"postgresql://{ROLE}@/{name}?host={self.folder}"

    def owned(self, path: Path) -> Path:
        """The file, given to whoever runs the server, for its eyes only."""
        path.chmod(0o600)
        if (owner := _owner()) is not None:
            shutil.chown(path, owner, owner if owner != "nobody" else None)
        return path

    def _run(self, name: str, *words: object) -> str:
        done = self._call(name, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _call(self, name: str, *words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.programs / name, *map(str, words)],
            user=_owner() if name == "initdb" else None,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=self.folder,
        )


@contextmanager
def cluster(**settings: str) -> Iterator[Cluster]:
    """A running cluster in a folder of its own, with a path short enough for a socket; gone at the end."""
    found = programs()
    if found is None:
        absent()
        raise AssertionError
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    made = Cluster(folder, found, settings)
    try:
        made.make()
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)


def name_of(url: str) -> str:
    """The database that a URL names."""
    return url.partition("?")[0].rpartition("/")[2]
