"""Send a large file in pieces, and go on where it stopped: draft-ietf-httpbis-resumable-upload-12, interop version 8.

A broken line, a dam that is started anew, or another's turn is waited for; a program that was killed goes on when the
same file is deposited in the same way again. The dam's word counts for how far it has come, never ours.
"""

import os
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from datadam.client.answers import json_of, part, said
from datadam.client.files import CHUNK
from datadam.errors import DamError, Invalid, Unavailable

PIECE: Final = 64 * 2**20  # bytes in one request: what a proxy may hold back, and what may be sent twice
FROM_VARIABLE: Final = "DATADAM_RESUMABLE_BYTES"
FROM_BYTES: Final = 16 * 2**20
PATIENCE_SECONDS: Final = 300.0  # without one byte more; then a person should know
FIRST_WAIT: Final = 0.5  # seconds, doubled at every failure
LONGEST_WAIT: Final = 15.0
INTEROP_VERSION: Final = "8"  # of the draft
_DIGITS: Final = re.compile(r"[0-9]{1,15}")
_AGAIN: Final = frozenset(  # not wrong, only out of turn
    {
        "spool.offset-other",
        "upload.completed",
        "login.token-unknown",
        "deposit.too-many-coming",
        "request.too-often",
    }
)
_IN_VAIN: Final = frozenset({"spool.damaged"})

Ask = Callable[..., httpx.Response]


def resumable(size: int) -> bool:
    """Whether a file of so many bytes goes in pieces: from `DATADAM_RESUMABLE_BYTES` on, else from 16 MiB."""
    told = os.environ.get(FROM_VARIABLE, str(FROM_BYTES))
    if not _DIGITS.fullmatch(told):
        raise Invalid("upload.setting-malformed", variable=FROM_VARIABLE, value=told[:40])
    return size >= int(told)


def send(ask: Ask, id: str, file: Path, size: int, told: Callable[[int], None]) -> None:
    """Send what the dam does not have yet of `file`, the announced file of deposit `id`; `told` is told how far it is.

    Returns when the dam has all of it and found it right. Raises what the dam refuses for good, and `Unavailable` after
    `PATIENCE_SECONDS` without progress: the same deposit again goes on from there.
    """
    Sending(ask=ask, id=id, file=file, size=size, told=told).send()


@dataclass(kw_only=True)
class Sending:
    """One file on its way: what is known of it, and since when nothing moved."""

    ask: Ask
    id: str
    file: Path
    size: int
    told: Callable[[int], None]
    _best: int = -1
    _wait: float = FIRST_WAIT
    _since: float = 0.0

    def send(self) -> None:
        """Send to the end."""
        self._since = time.monotonic()
        offset: int | None = None
        while True:
            try:
                if offset is None and (offset := self._offset()) is None:
                    return
                self._moved(offset)
                offset = self._append(offset)
                if offset == self.size:
                    self.told(offset)
                    return
            except DamError as error:
                if not _worth(error):
                    raise
                self._rest(error)
                offset = None

    def _offset(self) -> int | None:
        """How much the dam has; None when it is whole there."""
        # a HEAD refused says no words: this says them, and renews a login that ended
        job = json_of(self.ask("GET", f"/api/deposits/{part(self.id)}"))
        if job.get("stage") != "announced":
            return None
        answer = self.ask("HEAD", self._path, headers={"Upload-Draft-Interop-Version": INTEROP_VERSION})
        return None if answer.headers.get("upload-complete") == "?1" else self._taken(answer)

    def _append(self, offset: int) -> int:
        """Send one piece; how much the dam has then."""
        count = min(PIECE, self.size - offset)
        last = offset + count == self.size
        headers = {
            "Content-Type": "application/partial-upload",
            "Content-Length": str(count),
            "Upload-Offset": str(offset),
            "Upload-Complete": f"?{last:d}",
            "Upload-Length": str(self.size),
            "Upload-Draft-Interop-Version": INTEROP_VERSION,
        }
        answer = self.ask("PATCH", self._path, content=self._bytes(offset, count), headers=headers)
        return self.size if last else self._taken(answer)

    def _bytes(self, offset: int, count: int) -> Iterator[bytes]:
        with self.file.open("rb") as file:
            file.seek(offset)
            while count:
                chunk = file.read(min(CHUNK, count))
                if not chunk:
                    raise said(Invalid("upload.file-changed", name=self.file.name))
                yield chunk
                count -= len(chunk)
                offset += len(chunk)
                self.told(offset)

    def _taken(self, answer: httpx.Response) -> int:
        told = answer.headers.get("upload-offset", "")
        if not _DIGITS.fullmatch(told) or int(told) > self.size:
            raise said(Unavailable("client.answer-odd", status=answer.status_code))
        return int(told)

    def _moved(self, offset: int) -> None:
        if offset > self._best:
            self._best, self._wait, self._since = offset, FIRST_WAIT, time.monotonic()
        self.told(offset)

    def _rest(self, error: DamError) -> None:
        """Wait a while, longer each time and never the same as another sender; give up where nothing moves."""
        if time.monotonic() - self._since > PATIENCE_SECONDS:
            if error.code != "client.unreachable":
                raise error
            raise said(Unavailable("upload.interrupted", done=max(self._best, 0), size=self.size)) from error
        time.sleep(self._wait * random.uniform(0.5, 1.5))  # noqa: S311  (to come apart, not to be secret)
        self._wait = min(2 * self._wait, LONGEST_WAIT)

    @property
    def _path(self) -> str:
        return f"/api/deposits/{part(self.id)}/upload"


def _worth(error: DamError) -> bool:
    return error.code in _AGAIN or (isinstance(error, Unavailable) and error.code not in _IN_VAIN)
