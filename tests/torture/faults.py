"""Faults on purpose: what goes wrong, at which call, and how. They are set in a process that is about to serve.

A fault names a method of an adapter (`TileLog.append`) or a call of the operating system (`os.fsync`), and happens
`before`, `after` or `within` its n-th call from the moment on that the fault is armed.
"""

import errno
import importlib
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OWNERS = {
    "BodyFiles": "datadam.adapters.body_files",
    "DeltaLake": "datadam.adapters.delta_lake",
    "PolarsEngine": "datadam.adapters.polars_engine",
    "SpoolFiles": "datadam.adapters.spool_files",
    "TileLog": "datadam.adapters.tile_log",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong."""

    at: str
    does: str = "kill"  # or the name of an error of the operating system: EIO, ENOSPC, EROFS
    when: str = "before"  # or after; of a write also within: half of it is written
    call: int = 1  # the how-manyeth call while armed; 0 is every one
    armed: Path | None = None  # armed while this file is there; None is always

    def happens(self) -> None:
        """End the process as a power cut would, or fail as a disk does."""
        if self.does == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(getattr(errno, self.does), os.strerror(getattr(errno, self.does)))


def install(fault: Fault) -> Callable[[], None]:
    """Let `fault` happen in this process; gives what takes it away again."""
    owner, name = _found(fault.at)
    real: Callable[..., Any] = getattr(owner, name)
    seen, lock = [0], threading.Lock()

    def now() -> bool:
        if fault.armed is not None and not fault.armed.exists():
            return False
        with lock:
            seen[0] += 1
            return fault.call in {0, seen[0]}

    def called(*args: Any, **more: Any) -> Any:
        hit = now()
        if hit and fault.when == "within":
            real(args[0], bytes(args[1])[: len(args[1]) // 2])
        if hit and fault.when != "after":
            fault.happens()
        done = real(*args, **more)
        if hit:
            fault.happens()
        return done

    setattr(owner, name, called)
    return lambda: setattr(owner, name, real)


def _found(at: str) -> tuple[object, str]:
    owner, name = at.split(".")
    if owner == "os":
        return os, name
    return getattr(importlib.import_module(OWNERS[owner]), owner), name
