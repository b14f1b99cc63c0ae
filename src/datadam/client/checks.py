"""What a check without a dam is given: the key to trust, a log's files from a folder."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from datadam import seal
from datadam.errors import DamError, Invalid, NotFound, Untrusted
from datadam.formats import note

_ID: Final = re.compile(r"[0-9a-f]{64}")


def choose_key(receipt: str, known: Sequence[str]) -> str:
    """The key among those `known` under whose log a receipt stands; none of them is `Untrusted`.

    A receipt names its log's key, but that name proves nothing: only a key that was known before does.
    """
    told = seal.parse(receipt)
    named = told.get("log") if isinstance(told, dict) else None
    if not isinstance(named, str):
        raise Invalid("receipt.malformed", field="log")
    if named not in known:
        raise Untrusted("receipt.log-unknown", log=named[:400])
    return named


def folder_reader(folder: Path) -> Callable[[str], bytes]:
    """Reads a log's files from a folder, for an audit without a server."""

    def read(name: str) -> bytes:
        try:
            return folder.joinpath(*name.split("/")).read_bytes()
        except OSError as error:
            raise NotFound("log.path-unknown", path=name) from error

    return read


def folder_bodies(folder: Path) -> Callable[[str], bytes | None]:
    """Reads statements' bodies from a folder that a dam keeps them in; None where one is not there."""

    def body(id: str) -> bytes | None:
        try:
            return (folder / id[:2] / f"{id}.json").read_bytes() if _ID.fullmatch(id) else None
        except OSError:
            return None

    return body


def key_of_folder(log: Path, known: Sequence[str]) -> str:
    """The key among those `known` that signed the checkpoint of a log's files; `Invalid` where none of them did."""
    try:
        checkpoint = (log / "checkpoint").read_bytes()
    except OSError as error:
        raise NotFound("log.path-unknown", path=str(log / "checkpoint")) from error
    for vkey in known:
        try:
            note.open_checkpoint(checkpoint, vkey)
        except DamError:
            continue
        return vkey
    raise Invalid("log.key-needed", path=str(log))
