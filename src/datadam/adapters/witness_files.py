"""A witness's folder: its key, and what it cosigned last of each log, each file whole or not there.

witness.json              format and name, written last when the folder is made
keys/sign.jwk             the key, for its owner's eyes only
logs/<SHA-256>.json       one watched log, named by the digest of its origin
lock                      held by whoever cosigns
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

from datadam import seal
from datadam.adapters import durable, private_files
from datadam.adapters.key_files import KeyFiles
from datadam.errors import Invalid, NotFound, Unavailable
from datadam.formats import note
from datadam.ports import Watched

FORMAT: Final = 1

_FILE: Final = "witness.json"
_KEY: Final = "sign"


class WitnessFiles:
    """A `ports.Watch` over a folder."""

    def __init__(self, path: Path) -> None:
        """Open the witness in `path`; `NotFound` where there is none."""
        self.path: Final = path
        try:
            told = seal.parse((path / _FILE).read_bytes())
        except FileNotFoundError:
            raise NotFound("witness.folder-missing", path=str(path)) from None
        if not isinstance(told, dict) or told.get("format") != FORMAT or not isinstance(told.get("name"), str):
            raise Unavailable("witness.format-unknown", path=str(path), known=FORMAT)
        self._name: str = told["name"]
        self._key = KeyFiles(path / "keys", needs=(_KEY,)).private_key(_KEY)

    @classmethod
    def create(cls, path: Path, name: str) -> "WitnessFiles":
        """Make a witness called `name` in a new or empty folder."""
        if not note.is_name(name):
            raise Invalid("note.name-malformed", name=name[:80])
        with durable.disk(path):
            path.mkdir(mode=private_files.OWNER_FOLDER, parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise Invalid("folder.not-empty", path=str(path))
            path.chmod(private_files.OWNER_FOLDER)
            private_files.make_folder(path / "logs")
            KeyFiles.create(path / "keys", (_KEY,))
            told = json.dumps({"format": FORMAT, "name": name}, ensure_ascii=False, indent=1)
            private_files.write(path / _FILE, told.encode() + b"\n")
        return cls(path)

    @property
    def name(self) -> str:
        """The witness's name."""
        return self._name

    @property
    def key(self) -> dict[str, str]:
        """The witness's private JWK."""
        return self._key

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Cosign alone: two that cosign from one folder could cosign two histories."""
        with durable.disk(self.path):
            handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, private_files.OWNER_FILE)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Unavailable("witness.locked", path=str(self.path)) from None
            yield
        finally:
            os.close(handle)

    def find(self, origin: str) -> Watched | None:
        """The log of that origin, or None."""
        path = self._path(origin)
        with durable.disk(path):
            return _read(path) if path.exists() else None

    def logs(self) -> list[Watched]:
        """Every log that is watched, by origin."""
        with durable.disk(self.path):
            found = [_read(path) for path in (self.path / "logs").glob("*.json")]
        return sorted(found, key=lambda watched: watched.origin)

    def keep(self, watched: Watched) -> None:
        """Keep what was cosigned last."""
        data = json.dumps(asdict(watched), ensure_ascii=False, indent=1).encode() + b"\n"
        with durable.disk(self.path):
            private_files.write(self._path(watched.origin), data)

    def _path(self, origin: str) -> Path:
        return self.path / "logs" / f"{seal.digest(origin.encode())}.json"


def _read(path: Path) -> Watched:
    """One log's file; a damaged one stops the witness: it must not forget what it cosigned."""
    try:
        return Watched(**seal.parse(path.read_bytes()))
    except (Invalid, TypeError):
        raise Unavailable("witness.state-broken", path=str(path)) from None
