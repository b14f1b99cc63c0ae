"""What a check without a dam is given: the key to trust, a log's files from a folder."""

from collections.abc import Callable, Sequence
from pathlib import Path

from datadam import seal
from datadam.errors import Invalid, NotFound, Untrusted


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
