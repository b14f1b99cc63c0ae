"""Cosignatures of checkpoints (C2SP tlog-cosignature, `cosignature/v1`) and how they are asked for (C2SP tlog-witness).

A cosignature says: of this log, this is the largest consistent tree that I had seen at that second. Its message does
not name the cosigner, so a key must not be used under two names.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from datadam import merkle, seal
from datadam.errors import Invalid, Untrusted
from datadam.formats import note
from datadam.model import Checkpoint

MAX_PROOF: Final = 63  # hashes of one request, as tlog-witness says
MAX_REQUEST: Final = note.MAX_NOTE + 64 * MAX_PROOF  # bytes
MAX_TIME: Final = 2**63 - 1

_TIME_BYTES: Final = 8
_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a log asks a witness to cosign."""

    old: int  # size of the checkpoint that the witness cosigned last, as the log believes
    proof: tuple[bytes, ...]  # that the new one extends it
    note: str


def vkey(name: str, jwk: dict[str, str]) -> str:
    """The verifier key by which others know a witness."""
    return note.vkey(name, jwk, note.WITNESS_KEY)


def cosign(checkpoint: str | bytes, name: str, key: seal.Jwk, *, now: int) -> str:
    """The signature line of the witness `name` for a checkpoint note, dated `now` (Unix seconds)."""
    if not 0 < now <= MAX_TIME:
        raise Invalid("witness.time-malformed", time=now)
    if not note.is_name(name):
        raise Invalid("note.name-malformed", name=name[:80])
    signature = seal.sign_bytes(key, _message(note.text_of(checkpoint), now))
    id = note.key_id(name, seal.raw_public(key), note.WITNESS_KEY)
    return note.line(name, id + now.to_bytes(_TIME_BYTES, "big") + signature)


def cosigned(checkpoint: str | bytes, vkey: str) -> tuple[Checkpoint, int]:
    """The checkpoint that the witness `vkey` cosigned, and when (Unix seconds); anything else is `Untrusted`."""
    name, id, jwk = note.read_vkey(vkey, note.WITNESS_KEY)
    text, raw = note.signed_by(checkpoint, name, id)
    time = int.from_bytes(raw[:_TIME_BYTES], "big")
    if not 0 < time <= MAX_TIME or not seal.bytes_signed(jwk, _message(text, time), raw[_TIME_BYTES:]):
        raise Untrusted("note.signature-wrong", name=name)
    return note.unsigned_checkpoint(checkpoint), time


def _message(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


# --- asking for one ---------------------------------------------------------------------------------------------------


def request(submission: Submission) -> bytes:
    """The body of `add-checkpoint`: the old size, the proof, an empty line, the note."""
    lines = [f"old {submission.old}", *map(note.base64_of, submission.proof), "", ""]
    return ("\n".join(lines) + submission.note).encode()


def read_request(data: bytes) -> Submission:
    """Read the body of `add-checkpoint`; any other spelling is `Invalid`. The note is not yet believed."""
    if len(data) > MAX_REQUEST:
        raise Invalid("witness.request-malformed", why="too long")
    try:
        head, gap, rest = data.decode().partition("\n\n")
    except UnicodeError:
        raise Invalid("witness.request-malformed", why="not UTF-8") from None
    first, *lines = head.split("\n")
    old = _OLD.fullmatch(first)
    if not gap or old is None or len(lines) > MAX_PROOF or int(old[1]) > note.MAX_SIZE:
        raise Invalid("witness.request-malformed", why="old size or proof")
    return Submission(old=int(old[1]), proof=tuple(_hashes(lines)), note=rest)


def _hashes(lines: Sequence[str]) -> list[bytes]:
    found = []
    for line in lines:
        hash = note.unbase64(line)
        if hash is None or len(hash) != merkle.HASH_BYTES:
            raise Invalid("witness.request-malformed", why="proof line")
        found.append(hash)
    return found
