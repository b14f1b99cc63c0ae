"""The dam's own keys and secrets as files in a folder that only the dam's user may open.

- `NAME.jwk` is a private key as JWK, `NAME.key` a secret of 32 bytes in hex.
- `NAME-next.jwk` and `NAME-former.jwk` are there while a key is rotated.
- `held.json` names every one of them: a secret that was used once and is gone is a fault, never made anew in silence.
- Nothing here logs, prints or puts into an error what it keeps.
"""

import json
import os
import re
import secrets
import stat
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

from datadam import seal
from datadam.adapters import private_files
from datadam.errors import DamError, Invalid, Unavailable

KEYS: Final = ("sign", "log")
"""Private keys that every dam has."""

LATER: Final = ("cosign",)
"""Private keys that are made when they are first asked for: a dam of before has none."""

SECRETS: Final = ("rows", "url")
"""Secrets that every dam has; `unit-…`, `share` and `share-…` come when they are first asked for."""

SECRET_BYTES: Final = 32
NEXT: Final = "-next"  # ends the name of a key that is about to come
FORMER: Final = "-former"  # and of one that still signs beside the one that came after it

_NAME: Final = re.compile(r"[a-z][a-z0-9]*([._-][a-z0-9]+)*")
_ON_FIRST_USE: Final = re.compile(r"unit-.+|share(-.+)?|round-.+")
_MAX_NAME: Final = 120  # file systems allow 255 bytes; a partial file's name is longer than its own
_MAX_FILE: Final = 4096  # a JWK has about 200 bytes
_INDEX: Final = "held.json"


def known(name: str) -> str:
    """The name, if it may name a key: lower-case words joined by `-`, `_` or `.`."""
    if len(name) > _MAX_NAME or not _NAME.fullmatch(name):
        raise Unavailable("secret.name-malformed", name=name[:60])
    return name


def made_on_first_use(name: str) -> bool:
    """Whether a secret of this name is made when it is first asked for."""
    return _ON_FIRST_USE.fullmatch(name) is not None


class KeyFiles:
    """A `ports.Secrets` on a folder."""

    def __init__(self, folder: Path, *, needs: Iterable[str] = (*KEYS, *SECRETS)) -> None:
        """Open the keys in `folder`. `Unavailable` where one is missing or anybody else could read one."""
        self._folder, self._lock = folder, threading.Lock()
        self._secrets: dict[str, bytes] = {}
        try:
            _owner_only(folder, folder.lstat(), stat.S_ISDIR)
            for name in sorted(self._held()):
                _read(folder / name)
            for name in needs:
                self.private_key(name) if name in KEYS else self.secret(name)
            with private_files.alone(folder):  # else another process's file that is being written would go
                for leftover in folder.glob(f".*{private_files.PARTIAL}"):
                    leftover.unlink()
        except FileNotFoundError:
            raise Unavailable("secret.missing", name=folder.name, folder=str(folder)) from None
        except OSError as error:
            raise Unavailable("secret.unreadable", folder=str(folder), why=error.strerror) from None

    @classmethod
    def create(cls, folder: Path, names: Collection[str] = (*KEYS, *SECRETS)) -> "KeyFiles":
        """Make the keys called `names` (those of `KEYS` are key pairs, others secrets), for a new dam only."""
        private_files.make_folder(folder)
        for name in names:
            path = folder / _file_of(known(name))
            if not private_files.write_new(path, _new_key() if name in KEYS else _new_secret()):
                raise Unavailable("secret.exists", name=name)
        private_files.write(folder / _INDEX, _index(_file_of(name) for name in names))
        return cls(folder, needs=names)

    def private_key(self, name: str) -> dict[str, str]:
        """Give the private JWK called `name`."""
        path = self._folder / f"{known(name)}.jwk"
        if name in LATER and path.name not in self._held():
            with self._writing():
                private_files.write_new(path, _new_key())
                private_files.write(self._folder / _INDEX, _index({*self._held(), path.name}))
        found = _read(path)
        try:
            jwk = cast("dict[str, str]", seal.parse(found))
            whole = seal.bytes_signed(jwk, b"", seal.sign_bytes(jwk, b"")) and jwk.get("kid") == seal.thumbprint(jwk)
        except (DamError, AttributeError, TypeError, ValueError):
            whole = False
        if not whole:
            raise Unavailable("secret.broken", name=name)  # nothing of the file, and no cause that quotes it
        return jwk

    def next_key(self, name: str) -> dict[str, str]:
        """Give the key that comes after the one called `name`; the first call makes it."""
        path = self._folder / f"{known(name)}{NEXT}.jwk"
        with self._writing():
            if path.name not in self._held():
                private_files.write(path, _new_key())  # one that no index names was never used
                private_files.write(self._folder / _INDEX, _index({*self._held(), path.name}))
        return self.private_key(f"{name}{NEXT}")

    def advance(self, name: str, kid: str) -> None:
        """See that the key called `name` has that thumbprint; the one before is kept as its former one."""
        current, coming = self._folder / f"{known(name)}.jwk", self._folder / f"{name}{NEXT}.jwk"
        former = self._folder / f"{name}{FORMER}.jwk"
        if self.private_key(name)["kid"] != kid:
            if coming.name not in self._held() or self.private_key(f"{name}{NEXT}")["kid"] != kid:
                raise Unavailable("secret.not-the-logs", name=name)
            with self._writing():
                private_files.write(former, _read(current))
                private_files.write(self._folder / _INDEX, _index({*self._held(), former.name}))
                private_files.write(current, _read(coming))
        if coming.name in self._held() and self.private_key(f"{name}{NEXT}")["kid"] == kid:
            self._drop(coming)

    def former_key(self, name: str) -> dict[str, str] | None:
        """Give the key that came before the one called `name`, while it is kept."""
        return self.private_key(f"{name}{FORMER}") if f"{known(name)}{FORMER}.jwk" in self._held() else None

    def drop_former(self, name: str) -> None:
        """Destroy the key that came before."""
        self._drop(self._folder / f"{known(name)}{FORMER}.jwk")

    def _drop(self, path: Path) -> None:
        with self._writing():
            private_files.write(self._folder / _INDEX, _index(self._held() - {path.name}))
            path.unlink(missing_ok=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with private_files.alone(self._folder):
                yield
        except OSError as error:
            raise Unavailable("secret.unreadable", folder=str(self._folder), why=error.strerror) from None

    def secret(self, name: str) -> bytes:
        """Give the 32 bytes called `name`; unit and share secrets are made on first use."""
        with self._lock:
            if name not in self._secrets:
                self._secrets[name] = self._secret(known(name))
            return self._secrets[name]

    def destroy(self, name: str) -> None:
        """Destroy the secret called `name`, which was made on its first use."""
        if not made_on_first_use(known(name)):
            raise Unavailable("secret.name-malformed", name=name[:60])
        with self._lock:
            self._secrets.pop(name, None)
            self._drop(self._folder / f"{name}.key")

    def _secret(self, name: str) -> bytes:
        path = self._folder / f"{name}.key"
        if made_on_first_use(name) and path.name not in self._held():
            try:
                with private_files.alone(self._folder):  # else of two new names at once the index would lose one
                    private_files.write_new(path, _new_secret())
                    # Only now may it be used: from here on its loss is noticed.
                    private_files.write(self._folder / _INDEX, _index({*self._held(), path.name}))
            except OSError as error:
                raise Unavailable("secret.unreadable", folder=str(self._folder), why=error.strerror) from None
        text = _read(path)
        if not re.fullmatch(rb"[0-9a-f]{64}\n", text):
            raise Unavailable("secret.broken", name=name)
        return bytes.fromhex(text.decode())

    def _held(self) -> frozenset[str]:
        try:
            names: Any = seal.parse(_read(self._folder / _INDEX))
            return frozenset(known(name) for name in names["held"])
        except (Invalid, KeyError, TypeError):
            raise Unavailable("secret.broken", name=_INDEX) from None


def _file_of(name: str) -> str:
    return f"{name}.jwk" if name in KEYS else f"{name}.key"


def _new_key() -> bytes:
    return json.dumps(seal.new_key(), indent=1).encode() + b"\n"


def _new_secret() -> bytes:
    return secrets.token_hex(SECRET_BYTES).encode() + b"\n"


def _index(names: Iterable[str]) -> bytes:
    return json.dumps({"held": sorted(names)}, indent=1).encode() + b"\n"


def _read(path: Path) -> bytes:
    """The bytes of a file that is there, is a plain file of ours and is closed to everybody else."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            _owner_only(path, os.fstat(handle), stat.S_ISREG)
            return os.read(handle, _MAX_FILE)
        finally:
            os.close(handle)
    except FileNotFoundError:
        raise Unavailable("secret.missing", name=path.stem, folder=str(path.parent)) from None
    except OSError as error:
        raise Unavailable("secret.unreadable", folder=str(path.parent), why=error.strerror) from None


def _owner_only(path: Path, found: os.stat_result, kind: Any) -> None:  # noqa: ANN401  (a predicate of stat)
    if not kind(found.st_mode) or found.st_mode & 0o077 or found.st_uid != os.geteuid():
        raise Unavailable("secret.readable-by-others", path=str(path))
