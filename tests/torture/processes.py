"""`datadam serve` as processes that start quickly: each is a fork of one that has loaded everything and done nothing.

What is forked is the command as users start it, and is killed as a process is: only the loading of libraries is saved.
"""

import multiprocessing
import os
import re
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

from torture.faults import Fault, install

START_SECONDS = 60
_LOADED = (
    "datadam.adapters.body_files",
    "datadam.adapters.delta_lake",
    "datadam.adapters.key_files",
    "datadam.adapters.memory.store",
    "datadam.adapters.polars_engine",
    "datadam.adapters.polars_share",
    "datadam.adapters.spool_files",
    "datadam.adapters.sql_store",
    "datadam.adapters.tile_log",
    "datadam.audit",
    "datadam.cli",
    "datadam.client",
    "datadam.edges.server",
    "pyarrow.parquet",
)


@cache
def forks() -> ForkServerContext:
    """Where processes come from."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_LOADED))
    return context


class NotStarted(Exception):
    """The process ended before it served; the text is what it said."""


@dataclass
class Served:
    """A served dam."""

    process: ForkServerProcess
    url: str
    said: Path  # standard error

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.join()

    def stop(self) -> int:
        """End it as an operator does; its exit code."""
        os.kill(self.process.pid or 0, signal.SIGTERM)
        self.process.join(30)
        return self.process.exitcode if self.process.exitcode is not None else -1

    def ended(self, within: float = 30) -> bool:
        """Whether it came to its end by itself."""
        self.process.join(within)
        return self.process.exitcode is not None


@contextmanager
def serving(
    folder: Path, *, faults: Sequence[Fault] = (), killed_after: float | None = None, said: Path | None = None
) -> Iterator[Served]:
    """Serve the dam in `folder`; `NotStarted` where it ends before it serves, as it does if killed too early.

    What it writes to standard error goes to `said`, or to a file beside the folder.
    """
    said = said or folder.parent / f"{folder.name}.stderr"
    told, tell = forks().Pipe(duplex=False)
    process = forks().Process(target=_serve, args=(str(folder), tuple(faults), str(said), tell, dict(os.environ)))
    process.start()
    tell.close()
    timer = threading.Timer(killed_after, process.kill) if killed_after is not None else None
    if timer is not None:
        timer.start()
    try:
        yield Served(process, _url(told, process, said), said)
    finally:
        if timer is not None:
            timer.cancel()
        if process.is_alive():
            process.kill()
        process.join()
        told.close()


def _url(told: Connection, process: ForkServerProcess, said: Path) -> str:
    """The address that the process says it serves at."""
    text, end = b"", time.monotonic() + START_SECONDS
    with suppress(EOFError, OSError):
        while time.monotonic() < end and (found := re.search(rb"https?://[^\s]+:[0-9]+", text)) is None:
            if told.poll(0.05):
                piece = os.read(told.fileno(), 1000)
                if not piece:
                    break
                text += piece
            elif not process.is_alive():
                break
        if found:
            return found[0].decode()
    process.join(1)
    raise NotStarted(said.read_text(encoding="utf-8") if said.exists() else "")


def _serve(folder: str, faults: Sequence[Fault], said: str, tell: Connection, environment: dict[str, str]) -> None:
    """In the process: be `datadam serve FOLDER --port 0`."""
    os.environ.update(environment)
    errors = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(tell.fileno(), 1)
    os.dup2(errors, 2)
    for fault in faults:
        install(fault)
    from datadam import cli

    sys.argv = ["datadam", "serve", folder, "--port", "0"]
    cli.main()


def apart(work: Callable[..., Any], *args: object, within: float = 120) -> Any:
    """What `work` gives when it is done in a process of its own; an exception there is a `RuntimeError` here."""
    told, tell = forks().Pipe(duplex=False)
    process = forks().Process(target=_do, args=(tell, work, args))
    process.start()
    tell.close()
    try:
        if not told.poll(within):
            message = f"not done within {within} s"
            raise RuntimeError(message)
        done, result = told.recv()
    except EOFError:
        process.join()
        message = f"the process ended with {process.exitcode}"
        raise RuntimeError(message) from None
    finally:
        if process.is_alive():
            process.join(2)
        if process.is_alive():
            process.kill()
        process.join()
        told.close()
    if not done:
        raise RuntimeError(result)
    return result


def _do(tell: Connection, work: Callable[..., Any], args: Sequence[object]) -> None:
    try:
        tell.send((True, work(*args)))
    except BaseException:  # noqa: BLE001  (whatever it is, the other side wants to see it)
        tell.send((False, traceback.format_exc()))
