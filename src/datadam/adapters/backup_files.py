"""Backups as folders: one each, named by its time, whole in itself; what did not change is a hard link to the last one.

    20261122T050100Z/          a dam's folder as it stood then, every part but keys, sockets and work in progress
        backup.json            origin, log size, and of every file its size and digest: written last
        keys.json              only where it was asked for
    .20261122T050200Z.part/    one that is being made, or was broken off

A hard link is of a file in the backup before, never of the dam's own: what a dam erases, it erases.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from datadam import seal
from datadam.adapters import body_files, body_packs, private_files
from datadam.adapters.durable import disk, sync_folder
from datadam.adapters.folder import FORMAT_FILE, Folder
from datadam.adapters.sql_store import SqlStore
from datadam.errors import DamError, Invalid, NotFound, Unavailable, Untrusted
from datadam.model import Json
from datadam.ports import Chosen, Copied, Rows

VERSION: Final = 1
MANIFEST: Final = "backup.json"
KEYS: Final = "keys.json"

_TIME: Final = "%Y%m%dT%H%M%SZ"
_STAMP: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z(-[0-9]{1,3})?")
_PART: Final = ".part"
_STATE: Final = "state/dam.sqlite"
_DELTA: Final = re.compile(r"[0-9]{20}\.(json|checkpoint\.([0-9a-z.-]+\.)?parquet)")
_PIECE: Final = 1024 * 1024
_RETURNED: Final = "rejects."  # begins the names of CSVs that are made anew each time that they are fetched
_REJECTS: Final = "rejects.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A file as it lay there at the cut."""

    size: int
    time: int  # nanoseconds
    inode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file of a backup."""

    size: int
    digest: str
    time: int  # of the file that it is a copy of, nanoseconds

    @property
    def told(self) -> Json:
        """As the manifest has it."""
        return {"size": self.size, "sha256": self.digest, "time": self.time}


class BackupFiles:
    """The `ports.Archive` of one dam's folder."""

    def __init__(self, folder: Folder, *, state: Callable[[Path], None] | None = None) -> None:
        """Back up that folder; `state` writes the state that is kept elsewhere into a new SQLite file."""
        self._folder, self._state = folder, state

    @contextmanager
    def draft(self, into: Path, at: datetime) -> "Iterator[Draft]":
        """A backup that is being made in `into`; unless it is kept, nothing of it stays."""
        place = into.absolute()
        if place.resolve().is_relative_to(self._folder.path.resolve()):
            raise Invalid("backup.inside", path=str(into))
        with disk(into), _alone(place):
            for left in place.glob(f".*{_PART}"):
                shutil.rmtree(left)
            draft = Draft(folder=self._folder, into=place, at=at, state=self._state)
            try:
                yield draft
            finally:
                if draft.making.exists():
                    shutil.rmtree(draft.making)

    def drop(self, into: Path, keep: int | None, before: datetime) -> Sequence[str]:
        """Remove all but the newest `keep` backups, and those made before that time; the names of those removed."""
        with disk(into), _alone(into.absolute()):
            found = _backups(into)
            surplus = found[:-keep] if keep else []
            old = [path for path in found if path in surplus or path.name < before.strftime(_TIME)]
            for path in old:
                (path / MANIFEST).unlink()  # first: half a backup is none
                shutil.rmtree(path)
            return [path.name for path in old]


@dataclass(slots=True)
class Draft:
    """A backup that is being made."""

    folder: Folder
    into: Path
    at: datetime
    state: Callable[[Path], None] | None = None
    making: Path = field(init=False)
    _name: str = field(init=False)
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _written: dict[str, Written] = field(default_factory=dict)
    _linked: int = 0
    _inodes: dict[int, str] = field(
        default_factory=dict
    )  # files that the dam itself has under two names, as editions do

    def __post_init__(self) -> None:
        """Begin an empty folder under a name of its own."""
        stamp = self.at.strftime(_TIME)
        names = [stamp, *(f"{stamp}-{number}" for number in range(1, 1000))]
        self._name = next(name for name in names if not (self.into / name).exists())
        self.making = self.into / f".{self._name}{_PART}"
        self.making.mkdir(mode=private_files.OWNER_FOLDER)

    def cut(self, chosen: Chosen) -> None:
        """Copy what changes in place, and note the names of what does not; nothing may be logged meanwhile."""
        self._database()
        self._growing()
        root = self.folder.path
        for name in (FORMAT_FILE, "settings.toml", "log/format", "log/wal", "log/checkpoint"):
            if (root / name).exists():  # a log has no checkpoint before its first entry
                self._copy(name)
        for path in _files_of(self.folder, chosen):
            found = path.stat()
            seen = _Seen(size=found.st_size, time=found.st_mtime_ns, inode=found.st_ino)
            self._seen[path.relative_to(root).as_posix()] = seen

    def keep(self, settle: Callable[[Rows], None], facts: Json, *, with_keys: bool) -> Copied:
        """Copy all that was noted, and write the manifest last; `Unavailable` where something was gone or changed."""
        self._settled(settle)
        before = _newest(self.into, str(facts["name"]))
        for name, seen in self._seen.items():
            if not ((before and self._link(name, seen, before)) or self._twin(name, seen)):
                self._copy(name, seen)
        if with_keys:
            self._keys()
        files = {name: one.told for name, one in sorted(self._written.items())}
        told = {"v": VERSION, **facts, "keys": with_keys, "files": files}
        os.sync()  # one wait for all: a backup of many small files must not take a wait each
        private_files.write(self.making / MANIFEST, json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n")
        place = self.into / self._name
        self.making.rename(place)
        sync_folder(self.into)
        size = sum(one.size for one in self._written.values())
        return Copied(path=place, files=len(files), bytes=size, linked=self._linked)

    def _database(self) -> None:
        """SQLite's own online copy, which sees one state and holds nobody up; of another database the same records."""
        target = self._place(_STATE)
        if self.state is not None:
            self.state(target)
            return
        if not self.folder.state.exists():
            raise Unavailable("backup.state-elsewhere", path=str(self.folder.state))
        try:
            with (
                closing(sqlite3.connect(f"{self.folder.state.as_uri()}?mode=ro", uri=True)) as source,
                closing(sqlite3.connect(target)) as copy,
            ):
                source.backup(copy)
        except sqlite3.Error as error:
            raise Unavailable("store.broken", path=str(self.folder.state), why=str(error)[:200]) from error

    def _growing(self) -> None:
        """The pack of bodies that is being filled, as one moment has it; those that are full are files like others."""
        source = body_packs.growing(self.folder.bodies / body_files.PACKS)
        if source is None:
            return
        name = source.relative_to(self.folder.path).as_posix()
        target = self._place(name)
        target.touch(private_files.OWNER_FILE)
        body_packs.copy(source, target)
        data = target.read_bytes()
        self._written[name] = Written(size=len(data), digest=seal.digest(data), time=0)

    def _settled(self, settle: Callable[[Rows], None]) -> None:
        """Put right in the copy what was under way."""
        target = self.making / _STATE
        store = SqlStore(target)
        try:
            with store.transaction() as rows:
                settle(rows)
            store.scrub()  # nothing stays in a write-ahead log beside it
        finally:
            store.close()
        for beside in target.parent.glob("dam.sqlite-*"):
            beside.unlink()
        data = target.read_bytes()
        self._written[_STATE] = Written(size=len(data), digest=seal.digest(data), time=0)

    def _link(self, name: str, seen: _Seen, before: "Backup") -> bool:
        """Whether the same file stands in the backup before, and now in this one too."""
        held = before.files.get(name)
        if held is None or (held.size, held.time) != (seen.size, seen.time):
            return False
        try:
            os.link(before.path / name, self._place(name))
        except OSError:
            return False  # gone, or this file system has no links
        self._written[name] = held
        self._linked += 1
        return True

    def _twin(self, name: str, seen: _Seen) -> bool:
        """Whether the same file was copied under another name; then it is linked to that."""
        first = self._inodes.setdefault(seen.inode, name)
        if first == name or self._seen[first] != seen:
            return False
        try:
            os.link(self.making / first, self._place(name))
        except OSError:
            return False
        self._written[name] = self._written[first]
        return True

    def _copy(self, name: str, seen: _Seen | None = None) -> None:
        try:
            with (self.folder.path / name).open("rb") as source:
                found = os.fstat(source.fileno())
                if seen and seen != _Seen(size=found.st_size, time=found.st_mtime_ns, inode=found.st_ino):
                    raise Unavailable("backup.overtaken")
                size, digest = _copied(source, self._place(name))
        except FileNotFoundError:
            raise Unavailable("backup.overtaken") from None
        if seen and size != seen.size:
            raise Unavailable("backup.overtaken")
        self._written[name] = Written(size=size, digest=digest, time=found.st_mtime_ns)

    def _keys(self) -> None:
        """Every key and secret in one file, for its owner's eyes only; none of them ever changes."""
        held = {path.name: path.read_text(encoding="ascii") for path in sorted(self.folder.keys.glob("[a-z]*.*"))}
        data = json.dumps(held, indent=1).encode() + b"\n"
        private_files.write(self.making / KEYS, data)
        self._written[KEYS] = Written(size=len(data), digest=seal.digest(data), time=0)

    def _place(self, name: str) -> Path:
        return _made(self.making, name)


def _files_of(folder: Folder, chosen: Chosen) -> Iterator[Path]:
    """Every file that belongs to the dam at this moment and will never change; keys and what is copied at once not."""
    packs = folder.bodies / body_files.PACKS
    yield from (path for path in _whole(folder.bodies) if path.parent != packs)
    yield from (
        path for path in _plain(packs) if path.suffix == body_packs.SUFFIX and path != body_packs.growing(packs)
    )
    yield from _whole(folder.editions)
    for path in _whole(folder.log / "tile"):
        if not path.parent.name.endswith(".p"):  # a start makes partial tiles anew
            yield path
    for table in _folders(folder.reservoirs):
        yield from (path for path in _plain(table / "_delta_log") if _DELTA.fullmatch(path.name))
        for partition in _folders(table):
            yield from (
                path for path in _plain(partition) if path.suffix == ".parquet" and path.stem in chosen.deposits
            )
    for work in _folders(folder.spool):
        if work.name in chosen.ended:
            yield from (p for p in _plain(work) if not p.name.startswith(_RETURNED) or p.name == _REJECTS)
    yield from sorted(chosen.shares)


def _whole(folder: Path) -> Iterator[Path]:
    """All files below a folder, but for what is not in its place yet."""
    yield from _plain(folder)
    for inner in _folders(folder):
        yield from _whole(inner)


def _plain(folder: Path) -> list[Path]:
    with suppress(FileNotFoundError), os.scandir(folder) as found:
        return sorted(Path(each.path) for each in found if each.is_file(follow_symlinks=False) and each.name[0] != ".")
    return []


def _folders(folder: Path) -> list[Path]:
    with suppress(FileNotFoundError), os.scandir(folder) as found:
        names = [each for each in found if each.is_dir(follow_symlinks=False)]
        return sorted(Path(each.path) for each in names if each.name[0] != "." and each.name != "tmp")
    return []


# --- what there is ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A whole backup, as its manifest tells it."""

    path: Path
    name: str
    made: str
    entries: int
    keys: bool
    files: dict[str, Written]


def find(path: Path) -> Backup:
    """The backup at `path`, or the newest of those in it; `NotFound` where there is none."""
    if (path / MANIFEST).exists():
        return _read(path)
    found = _backups(path)
    if not found:
        raise NotFound("backup.none", path=str(path))
    return _read(found[-1])


def _newest(into: Path, name: str) -> Backup | None:
    """The newest backup of that dam; a damaged one is none to build on."""
    for path in reversed(_backups(into)):
        with suppress(DamError):
            if (found := _read(path)).name == name:
                return found
    return None


def _backups(into: Path) -> list[Path]:
    """Every whole backup in a folder, oldest first."""
    return [path for path in _folders(into) if _STAMP.fullmatch(path.name) and (path / MANIFEST).exists()]


def _read(path: Path) -> Backup:
    with disk(path):
        told: Any = seal.parse((path / MANIFEST).read_bytes())
    try:
        if told["v"] != VERSION:
            raise Unavailable("backup.format-unknown", path=str(path), found=str(told["v"])[:20], known=VERSION)
        files = {
            _safe(name, path): Written(size=int(one["size"]), digest=str(one["sha256"]), time=int(one["time"]))
            for name, one in told["files"].items()
        }
        return Backup(
            path=path,
            name=str(told["name"]),
            made=str(told["made"]),
            entries=int(told["entries"]),
            keys=bool(told["keys"]),
            files=files,
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Untrusted("backup.manifest-wrong", path=str(path)) from None


def _safe(name: str, path: Path) -> str:
    """A manifest's name that stays within the folder; whoever could write one is not trusted with more."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or "\0" in name or any(part in {"..", "."} for part in parts):
        raise Untrusted("backup.manifest-wrong", path=str(path))
    return name


# --- and back ---------------------------------------------------------------------------------------------------------


def restore(backup: Backup, into: Path, *, keys: Path | None = None) -> bool:
    """Make a dam's folder of a backup; whether it has its keys, from the backup or from the folder `keys`.

    Every file is held against its digest on the way; one that is wrong is `Untrusted`, and nothing of the new folder
    stays. A folder that has anything in it is `Invalid`, and is not touched.
    """
    _openable(backup.path)
    new = not into.exists()
    with disk(into):
        into.mkdir(mode=private_files.OWNER_FOLDER, parents=True, exist_ok=True)
        if any(into.iterdir()):
            raise Invalid("folder.not-empty", path=str(into))
        into.chmod(private_files.OWNER_FOLDER)
        try:
            with_keys = _fill(backup, into, keys)
        except BaseException:  # however it ends, half a folder is none
            for each in into.iterdir():
                shutil.rmtree(each) if each.is_dir() else each.unlink()
            if new:
                into.rmdir()
            raise
    return with_keys


def _fill(backup: Backup, into: Path, keys: Path | None) -> bool:
    folder = Folder(into)
    for part in folder.parts:
        private_files.make_folder(part)
    for name in sorted(set(backup.files) - {FORMAT_FILE, KEYS}):
        _take(backup, name, into)
    if keys or backup.keys:
        _fill_keys(backup, folder, keys)
    os.sync()
    _take(backup, FORMAT_FILE, into)  # until it is there, this is no dam's folder
    os.sync()
    return folder.keys.exists()


def _openable(path: Path) -> None:
    """Refuse a backup whose formats this version neither knows nor can upgrade."""
    try:
        Folder.open(path)
    except Unavailable as error:
        if error.code != "folder.format-older":
            raise


def _take(backup: Backup, name: str, into: Path) -> None:
    """Copy one file out of a backup, and see that it is the one that went in."""
    held = backup.files.get(name)
    try:
        with (backup.path / name).open("rb") as source:
            found = _copied(source, _made(into, name))
    except FileNotFoundError:
        raise Untrusted("backup.file-wrong", file=name) from None
    if held is None or found != (held.size, held.digest):
        raise Untrusted("backup.file-wrong", file=name)


def _fill_keys(backup: Backup, folder: Folder, keys: Path | None) -> None:
    if keys is not None:
        held = {path.name: path.read_text(encoding="ascii") for path in sorted(keys.glob("[a-z]*.*"))}
    else:
        data = (backup.path / KEYS).read_bytes() if (backup.path / KEYS).exists() else b""
        if KEYS not in backup.files or seal.digest(data) != backup.files[KEYS].digest:
            raise Untrusted("backup.file-wrong", file=KEYS)
        held = seal.parse(data)
    private_files.make_folder(folder.keys)
    for name, text in held.items():
        private_files.write(folder.keys / Path(_safe(name, backup.path)).name, text.encode("ascii"))


def _made(root: Path, name: str) -> Path:
    """Where a file of that name belongs; the folders above it are there, each for its owner alone."""
    for parent in reversed(PurePosixPath(name).parents):
        (root / parent).mkdir(mode=private_files.OWNER_FOLDER, exist_ok=True)
    return root / name


def _copied(source: Any, target: Path) -> tuple[int, str]:  # noqa: ANN401  (an open file)
    """Copy a file for its owner's eyes only: its size and digest as they were read."""
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, private_files.OWNER_FILE)
    digest, size = hashlib.sha256(), 0
    with open(handle, "wb") as into:  # noqa: PTH123  (an open handle, whose mode was right from birth)
        while piece := source.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            into.write(piece)
    return size, digest.hexdigest()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a folder of backups: two that were made at once would clear each other away."""
    folder.mkdir(mode=private_files.OWNER_FOLDER, parents=True, exist_ok=True)
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, private_files.OWNER_FILE)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable("backup.under-way", path=str(folder)) from None
        yield
    finally:
        os.close(handle)
