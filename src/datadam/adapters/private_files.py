"""Files and folders for their owner's eyes only, each whole or not there, even after a power cut."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from datadam.adapters.durable import sync_folder

OWNER_FILE: Final = 0o600
OWNER_FOLDER: Final = 0o700
PARTIAL: Final = ".part"  # ends the name of a file that is not whole yet; left over, it may be removed


def make_folder(path: Path) -> None:
    """Make one folder that only its owner may enter; one that is there already is left as it is."""
    try:
        path.mkdir(mode=OWNER_FOLDER)
    except FileExistsError:
        return
    sync_folder(path.parent)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other process or thread is within this for the folder."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def write(path: Path, data: bytes) -> None:
    """Write a whole file, or replace one."""
    partial = _partial(path, data)
    try:
        partial.replace(path)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()
    sync_folder(path.parent)


def write_new(path: Path, data: bytes) -> bool:
    """Write a whole file where there is none. Whether it was written: False leaves the one that is there as it is."""
    partial = _partial(path, data)
    try:
        os.link(partial, path)  # unlike a rename, a link never replaces
    except FileExistsError:
        return False
    finally:
        partial.unlink()
    sync_folder(path.parent)
    return True


def _partial(path: Path, data: bytes) -> Path:
    partial = path.with_name(f".{path.name}.{os.urandom(8).hex()}{PARTIAL}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_FILE)
    with open(handle, "wb") as file:  # noqa: PTH123  (an open handle, whose mode was right from birth)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return partial
