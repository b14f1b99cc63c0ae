"""Serve a dam until a signal ends it: members over TCP, the operator over the folder's Unix socket."""

import gc
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn

from datadam.dam import prove
from datadam.dam.works import Works
from datadam.dam.world import World
from datadam.edges import app
from datadam.errors import Unavailable
from datadam.settings import Settings

KEEP_ALIVE_SECONDS: Final = 5
END_SECONDS: Final = 5  # for answers under way when a signal ends the server; then they are cut
COLLECT_AFTER: Final = 20_000  # objects; a batch of decisions makes some hundred thousand and leaves none in cycles
BACKLOG: Final = 128  # connections that wait while all threads are busy


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What a served dam shows of its folder: the log's static files, and the operator's socket."""

    log: Path
    socket: Path


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """A bound socket: bound before anything else is done, so that a taken port is told plainly."""
    with bound(settings.host, settings.port) as listener:
        yield listener


@contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    """A socket bound to an address; one that cannot be had is `Unavailable`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Unavailable("serve.address", host=host, port=port, why=error.strerror or "") from error
    with listener:
        yield listener


def run(application: Any, listener: socket.socket, ready: Callable[[], None]) -> None:  # noqa: ANN401  (ASGI)
    """Serve an application without a certificate of its own until SIGINT or SIGTERM: a witness, behind a proxy."""
    server = _Server(uvicorn.Config(application, log_config=None, access_log=False, server_header=False))
    with server.ended_by_signals():
        listener.listen(BACKLOG)
        ready()
        server.run(sockets=[listener])


def serve(
    world: World,
    listener: socket.socket,
    places: Places,
    check: Callable[[], prove.Findings],
    ready: Callable[[], None],
) -> None:
    """Serve `world` on `listener` until SIGINT or SIGTERM; `ready` is called when both sockets listen."""
    public = app.public_app(world, Works(world), places.log)
    config = uvicorn.Config(
        public,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=END_SECONDS,
        proxy_headers=world.settings.behind_proxy,
        **_certificate(world.settings),
    )
    try:
        config.load()
    except (OSError, ValueError) as error:  # ssl's own errors are among them
        raise Unavailable("serve.tls", why=getattr(error, "strerror", None) or str(error)) from error
    server = _Server(config)
    with server.ended_by_signals(), _operator(app.operator_app(world, check), places.socket):
        listener.listen(BACKLOG)
        _spare_the_collector()
        ready()
        try:
            server.run(sockets=[listener])
        except SystemExit as error:  # uvicorn's word for a start that failed; it logged why
            raise Unavailable("serve.not-started") from error


def _spare_the_collector() -> None:
    """Let Python's collector of cycles not walk again and again over what stays as long as the server does.

    Of the CPU of decisions over HTTP that took a fifth.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])


def _certificate(settings: Settings) -> dict[str, Any]:
    if settings.tls_cert is None or settings.tls_key is None:
        return {}
    return {"ssl_certfile": str(settings.tls_cert), "ssl_keyfile": str(settings.tls_key)}


class _Server(uvicorn.Server):
    """Ends on a signal and returns; uvicorn's own raises the signal again, and nobody behind it would clean up."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `ended_by_signals`, which minds them from before the start to after the end."""
        yield

    @contextmanager
    def ended_by_signals(self) -> Iterator[None]:
        """Within this, the first SIGINT or SIGTERM ends the server, the second at once."""
        before = {number: signal.signal(number, self._told) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _told(self, *_: object) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


@contextmanager
def _operator(application: Any, path: Path) -> Iterator[None]:  # noqa: ANN401  (an ASGI application)
    """Serve the operator's verbs on a Unix socket that only the folder's owner may open."""
    with suppress(FileNotFoundError):
        path.unlink()  # we hold the lock: whoever listened there is gone
    with socket.socket(socket.AF_UNIX) as listener:
        mask = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(mask)
        server = uvicorn.Server(uvicorn.Config(application, log_config=None, access_log=False, server_header=False))
        # not the main thread: signals are the public server's, and ending that one ends this one
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="operator")
        thread.start()
        try:
            yield
        finally:
            server.should_exit = True
            thread.join()
            path.unlink(missing_ok=True)
