"""Files that survive a power cut: written aside, synced, renamed into place; and folders that know their format."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from datadam.errors import Unavailable

FORMAT: Final = "format"
ASIDE: Final = "tmp"
"""Folder of files that are not in place yet; on the same file system, emptied at every start."""


@contextmanager
def disk(path: Path) -> Iterator[None]:
    """Turn what the system says about a full, broken or locked disk into `Unavailable`."""
    try:
        yield
    except OSError as error:
        raise Unavailable("disk.failed", path=str(path), why=error.strerror or type(error).__name__) from error


def write(path: Path, data: bytes, *, aside: Path, sync: bool = True) -> None:
    """Put `data` at `path`, whole or not at all, readable by the owner alone.

    With `sync` the bytes are on the disk before the name is; the name itself needs `sync_folder`.
    """
    handle, name = tempfile.mkstemp(dir=aside)
    try:
        write_all(handle, data)
        if sync:
            os.fsync(handle)
    finally:
        os.close(handle)
    Path(name).replace(path)


def write_all(handle: int, data: bytes) -> None:
    """Write every byte; one system call may take fewer."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Wait until a file's bytes are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def clean_aside(folder: Path) -> Path:
    """The folder's own place for files that are not in place yet, empty."""
    aside = folder / ASIDE
    aside.mkdir(mode=0o700, exist_ok=True)
    for left in aside.iterdir():
        left.unlink()
    return aside


def check_format(folder: Path, expected: str) -> bool:
    """Whether the folder says that it is of the `expected` format; another format is `Unavailable`."""
    try:
        found = (folder / FORMAT).read_bytes()
    except FileNotFoundError:
        return False
    if found != f"{expected}\n".encode():
        shown = found[:40].decode(errors="replace").strip()
        raise Unavailable("disk.format-unknown", path=str(folder), found=shown, expected=expected)
    return True
