"""What a check without a dam is given: the key to trust, a log's files from a folder."""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from datadam import seal
from datadam.client.home import pinned_formers, pinned_keys
from datadam.errors import DamError, Invalid, NotFound, Unavailable, Untrusted
from datadam.formats import note
from datadam.ledger import Verified, verify_receipt
from datadam.succession import within

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


def check_receipt(data: str, vkey: str | None = None) -> Verified:
    """What a receipt proves under `vkey`, else under a log key that was pinned on this machine, a former one too."""
    chosen = choose_key(data, [vkey] if vkey else pinned_keys())
    found = verify_receipt(data, vkey=chosen)
    return found if vkey else within(found, chosen, pinned_formers())


def folder_reader(folder: Path) -> Callable[[str], bytes]:
    """Reads a log's files from a folder, for an audit without a server."""

    def read(name: str) -> bytes:
        try:
            return folder.joinpath(*name.split("/")).read_bytes()
        except OSError as error:
            raise NotFound("log.path-unknown", path=name) from error

    return read


@contextmanager
def folder_bodies(folder: Path) -> Iterator[Callable[[str], bytes | None]]:
    """Reads statements' bodies as a dam's folder has them, and changes nothing there; None where one is not there.

    A body is a file named by its id, or lies in one of the packs, which are files of SQLite.
    """
    with ExitStack() as open_packs:
        packs = [open_packs.enter_context(_pack(path)) for path in sorted(folder.glob("packs/*.sqlite"))]

        def body(id: str) -> bytes | None:
            if not _ID.fullmatch(id):
                return None
            try:
                return (folder / id[:2] / f"{id}.json").read_bytes()
            except OSError:
                return next((found for pack in packs if (found := _packed(pack, id)) is not None), None)

        yield body


@contextmanager
def _pack(path: Path) -> Iterator[sqlite3.Connection]:
    """A pack, read only; as it lies on the disk where SQLite may not even keep its own files beside it."""
    try:
        held = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        held.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error:
        held = sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)
    with closing(held):
        yield held


def _packed(pack: sqlite3.Connection, id: str) -> bytes | None:
    try:
        row = pack.execute("SELECT data FROM body WHERE id = ?", (bytes.fromhex(id),)).fetchone()
    except sqlite3.Error as error:
        raise Unavailable("disk.failed", path="packs", why=str(error)[:200]) from error
    return bytes(row[0]) if row is not None else None


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
