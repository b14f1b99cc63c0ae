"""Both ends of witnessing over HTTP: a witness as a dam asks it (C2SP tlog-witness), a log as a witness reads it."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import httpx

from datadam import seal
from datadam.errors import Invalid, NotFound, Refused, Unavailable, Untrusted
from datadam.formats import note
from datadam.model import Json
from datadam.settings import is_loopback

TIMEOUT: Final = httpx.Timeout(10)  # seconds; a witness answers from what it holds
MAX_ROTATIONS: Final = 1024 * 1024  # bytes; a receipt for each, and a log's key is not rotated daily
MAX_ANSWER: Final = 16 * 1024  # bytes; a few signature lines, a proof, a checkpoint

_SIZE: Final = re.compile(r"(0|[1-9][0-9]{0,18})\n")


class HttpWitness:
    """A `ports.Witness` at an address."""

    def __init__(self, vkey: str, url: str) -> None:
        """The witness that signs with `vkey` and takes submissions under `url`."""
        note.read_vkey(vkey, note.WITNESS_KEY)
        self._vkey, self._url = vkey, _checked(url)

    @property
    def vkey(self) -> str:
        """The verifier key of its cosignatures."""
        return self._vkey

    def add_checkpoint(self, request: bytes) -> str:
        """Its signature lines for a submission; see `ports.Witness` for what it raises."""
        status, text = _asked("POST", f"{self._url}/add-checkpoint", request)
        match status:
            case 200:
                return text
            case 404:
                raise NotFound("witness.log-unknown", origin=self._url)
            case 409 if _SIZE.fullmatch(text):
                raise Refused("witness.other-size", size=int(text))
            case 400 | 403 | 409 | 422:
                raise Untrusted("witness.refused", witness=self._url, status=status)
            case _:
                raise Unavailable("witness.unreachable", witness=self._url, why=str(status))


class HttpLog:
    """A dam's log as a witness reads it."""

    def __init__(self, url: str) -> None:
        """The log of the dam at `url`."""
        self.url = _checked(url)

    def vkey(self) -> str:
        """The verifier key that the dam says is its log's: to be compared with what its operator says."""
        told = self._json("/api").get("log")
        found = told.get("vkey") if isinstance(told, dict) else None
        if not isinstance(found, str):
            raise Unavailable("witness.unreachable", witness=self.url, why="/api")
        return found

    def checkpoint(self) -> str:
        """The log's checkpoint as it is published now; not yet believed."""
        status, text = _asked("GET", f"{self.url}/log/checkpoint")
        if status != httpx.codes.OK:
            raise Unavailable("witness.unreachable", witness=self.url, why=str(status))
        return text

    def proof(self, old: int, new: int) -> Sequence[bytes]:
        """The consistency proof between two sizes; not yet believed. A log that has none is `Untrusted`."""
        told = self._json(f"/api/log/consistency?old={old}&new={new}").get("proof")
        try:
            return [seal.decode(node) for node in told] if isinstance(told, list) else []
        except (Invalid, AttributeError, TypeError) as error:
            raise Untrusted("proof.consistency-wrong", old=old, new=new) from error

    def rotations(self) -> list[Json]:
        """How the log came from each of its keys to the next; not yet believed. A dam of before has none."""
        status, text = _asked("GET", f"{self.url}/api/log/keys", most=MAX_ROTATIONS)
        if status == httpx.codes.NOT_FOUND:
            return []
        told = _object(status, text, self.url).get("rotations")
        return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []

    def _json(self, path: str) -> dict[str, object]:
        status, text = _asked("GET", self.url + path)
        return _object(status, text, self.url)


def _object(status: int, text: str, url: str) -> dict[str, object]:
    """An answer that is a JSON object; any other is `Unavailable`."""
    try:
        told = seal.parse(text) if status == httpx.codes.OK else None
    except Invalid:
        told = None
    if not isinstance(told, dict):
        raise Unavailable("witness.unreachable", witness=url, why=str(status))
    return told


def _checked(url: str) -> str:
    """The address without its last slash; one over which anybody could answer in its place is `Invalid`."""
    try:
        parts = urlsplit(url)
        safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    except ValueError:
        safe = False
    if not safe or not parts.hostname:
        raise Invalid("witness.url-open", url=url[:120])
    return url.rstrip("/")


def _asked(method: str, url: str, content: bytes | None = None, *, most: int = MAX_ANSWER) -> tuple[int, str]:
    """Status and text; what is too long, no text or no answer is `Unavailable`."""
    try:
        with httpx.stream(method, url, content=content, timeout=TIMEOUT) as answer:
            data = b""
            for chunk in answer.iter_bytes():
                data += chunk
                if len(data) > most:
                    raise Unavailable("witness.unreachable", witness=url, why="too long")
            return answer.status_code, data.decode()
    except (httpx.HTTPError, UnicodeError) as error:
        raise Unavailable("witness.unreachable", witness=url, why=type(error).__name__) from error
