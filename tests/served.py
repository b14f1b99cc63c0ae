"""Real servers for tests: a dam in a real folder behind uvicorn on loopback, in a thread or as `datadam serve`."""

import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI

from datadam import client, seal, wiring
from datadam.dam import login, publish
from datadam.dam.works import Works
from datadam.dam.world import World
from datadam.edges import app, server
from worlds import Person, standard_text

ORIGIN = "served.example/log"
STANDARD = "test.reading"
START_SECONDS = 60  # a busy machine imports slowly


class Shifted:
    """The real clock, set forward by what a test wants to have passed."""

    def __init__(self) -> None:
        """Begin with the real time."""
        self.by = timedelta()

    def __call__(self) -> datetime:
        """The time."""
        return datetime.now(UTC) + self.by

    @contextmanager
    def forward(self, **by: float) -> Iterator[None]:
        """Within this, so much time has passed."""
        before, self.by = self.by, self.by + timedelta(**by)
        try:
            yield
        finally:
            self.by = before


@dataclass
class Served:
    """A dam that is being served: what a test may look at from inside, and how it is reached from outside."""

    folder: Path
    world: World
    works: Works
    app: FastAPI
    url: str
    clock: Shifted
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    def person(self, name: str, *, roles: tuple[str, ...] = ("contributor", "consumer")) -> Person:
        """A new member."""
        return Person(name, roles=roles).joins(self.world)

    def token(self, person: Person) -> str:
        """A login of a member, as the API gives it."""
        now = int(self.clock().timestamp())
        assertion = seal.login_assertion(person.key, member=person.id, audience=self.url, now=now)
        return login.login(self.world, assertion, audiences=[self.url]).token

    def client(self, person: Person | None = None) -> client.Dam:
        """The dam as a member's program sees it."""
        return client.connect(self.url, key=person.key if person else None)

    def ask(self, method: str, path: str, token: str | None = None, **more: object) -> httpx.Response:
        """Any request, with a token or as a stranger."""
        headers: dict[str, str] = {**more.pop("headers", {})}  # type: ignore[dict-item]  # any header
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self.http.request(method, self.url + path, headers=headers, **more)  # type: ignore[arg-type]  # any option of httpx, any ASGI application


def made(folder: Path, **settings: object) -> Path:
    """A new dam's folder."""
    wiring.init(folder, name=ORIGIN, jurisdiction="KR", **settings)
    return folder


@contextmanager
def serving(folder: Path, **settings: object) -> Iterator[Served]:
    """Serve the dam in `folder`, made if absent, from a thread of this process; the operator's socket too."""
    if not folder.exists():
        made(folder)
    given = {"requests_per_minute": 1_000_000, "port": 0, **settings}
    with ExitStack() as stack:
        listener = stack.enter_context(server.listening(wiring.read_settings(folder, **given)))
        given["port"] = listener.getsockname()[1]
        clock = Shifted()
        world = replace(stack.enter_context(wiring.world(folder, given)), clock=clock)
        works, parts = Works(world), wiring.places(folder)
        public = app.public_app(world, works, parts.log)
        stack.enter_context(server._operator(app.operator_app(world, wiring.checker(world, patience=1)), parts.socket))
        stack.enter_context(running(public, listener))
        served = Served(folder, world, works, public, world.settings.public_url, clock)
        stack.enter_context(served.http)
        yield served


@contextmanager
def running(application: object, listener: socket.socket) -> Iterator[None]:
    """Run an application on a bound socket from a thread."""
    config = uvicorn.Config(application, log_config=None, access_log=False)  # type: ignore[arg-type]  # any option of httpx, any ASGI application
    running_server = uvicorn.Server(config)
    thread = threading.Thread(target=running_server.run, kwargs={"sockets": [listener]}, name="served")
    thread.start()
    while not running_server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield
    finally:
        running_server.should_exit = True
        thread.join()


def published(world: World, **changes: str) -> None:
    """Publish the small test standard."""
    publish.publish(world, standard_text(**changes))


# --- as a process of its own ------------------------------------------------------------------------------------------


def environment(**more: str) -> dict[str, str]:
    """The environment of a command: none of our variables but those given."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("DATADAM_", "LC_", "LANG"))}
    return {**plain, "PYTHONUNBUFFERED": "1", **more}


def command(*arguments: object) -> list[str]:
    """`datadam …` with the interpreter that runs the tests."""
    return [sys.executable, "-m", "datadam.cli", *map(str, arguments)]


def run(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        command(*arguments),
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@dataclass
class Process:
    """`datadam serve` as a process."""

    process: subprocess.Popen[str]
    url: str
    lines: "queue.Queue[str | None]"

    def ends(self, signal_sent: int = signal.SIGTERM, within: float = 20) -> float:
        """Send a signal; the seconds until the process was gone."""
        started = time.monotonic()
        self.process.send_signal(signal_sent)
        self.process.wait(timeout=within)
        return time.monotonic() - started

    def error(self) -> str:
        """What it wrote to standard error so far, or in all if it has ended."""
        assert self.process.stderr is not None
        return self.process.stderr.read()


@contextmanager
def process(folder: Path, *options: object, variables: Mapping[str, str] | None = None) -> Iterator[Process]:
    """`datadam serve FOLDER --port 0 …`, once it listens; killed at the end if it is still there."""
    with process_of("serve", folder, "--port", 0, *options, variables=variables) as running:
        yield running


@contextmanager
def process_of(*words: object, variables: Mapping[str, str] | None = None) -> Iterator[Process]:
    """A command that serves something, once it says where; killed at the end if it is still there."""
    started = subprocess.Popen(
        command(*words),
        env=environment(**(variables or {})),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert started.stdout is not None
        for line in started.stdout:
            lines.put(line)
        lines.put(None)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        first = lines.get(timeout=START_SECONDS)
        found = re.search(r"https?://\S+[0-9]", first or "")
        if found is None:
            started.kill()
            message = f"the server did not start: {started.communicate()[1]}"
            raise RuntimeError(message)
        yield Process(started, found[0], lines)
    finally:
        if started.poll() is None:
            started.kill()
        started.wait()
        reader.join()
        for pipe in (started.stdout, started.stderr):
            if pipe is not None:
                pipe.close()
