"""Signed notes, checkpoints and verifier keys (C2SP signed-note, tlog-checkpoint), and what a log entry says.

- A note is text, an empty line, and signature lines. What no known key signed is no note.
- Lines under unknown keys are other people's business and ignored; a line of the known key must hold and stand once.
- Base64 has one spelling; sizes have no leading zeros. Whoever reads two spellings as one can be shown two notes.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Final

from datadam import seal
from datadam.errors import Invalid, Untrusted
from datadam.merkle import HASH_BYTES
from datadam.model import Checkpoint, Class, StatementId

MAX_NOTE: Final = 64 * 1024  # bytes; room for hundreds of cosignatures
MAX_LINES: Final = 100  # signature lines; the specification asks for at least 16, Go's reader stops at 100
MAX_NAME: Final = 255  # bytes of a key name
MAX_SIZE: Final = 2**63 - 1  # entries; what the specification's readers hold

LOG_KEY: Final = b"\x01"
"""Signature type of a log's own Ed25519 key (C2SP signed-note)."""
WITNESS_KEY: Final = b"\x04"
"""Signature type of an Ed25519 key that cosigns checkpoints with the time (C2SP tlog-cosignature)."""

_KEY_BYTES: Final = 32
_DASH: Final = "\N{EM DASH} "
_ENTRY: Final = re.compile(rb'\{"class":"(registry|activity)","id":"([0-9a-f]{64})","v":1\}')


# --- keys -------------------------------------------------------------------------------------------------------------


def vkey(name: str, jwk: Mapping[str, str], kind: bytes = LOG_KEY) -> str:
    """The verifier key `name+hex(keyid)+base64(kind ‖ public key)` of a log's or a witness's key."""
    if not is_name(name):
        raise Invalid("note.name-malformed", name=name[:80])
    raw = seal.raw_public(jwk)
    return f"{name}+{key_id(name, raw, kind).hex()}+{base64_of(kind + raw)}"


def read_vkey(text: str, kind: bytes = LOG_KEY) -> tuple[str, bytes, seal.Jwk]:
    """Name, 4-byte key id and public JWK of a verifier key. Other kinds of keys and weak points are `Invalid`."""
    name, plus, rest = text.partition("+")
    id, again, coded = rest.partition("+")
    if not (plus and again and is_name(name) and re.fullmatch("[0-9a-f]{8}", id)):
        raise Invalid("note.vkey-malformed", vkey=text[:120])
    raw = unbase64(coded)
    if raw is None or len(raw) != 1 + _KEY_BYTES or raw[:1] != kind:
        raise Invalid("note.vkey-malformed", vkey=text[:120])
    jwk = seal.public_from_raw(raw[1:])
    if key_id(name, raw[1:], kind).hex() != id:
        raise Invalid("note.vkey-malformed", vkey=text[:120])
    return name, bytes.fromhex(id), jwk


def is_name(text: str) -> bool:
    """Whether `text` may name a key: 1 to 255 bytes of UTF-8 without `+`, blanks and control characters."""
    return (
        0 < len(text.encode(errors="replace")) <= MAX_NAME
        and "+" not in text
        and not any(c.isspace() or not c.isprintable() for c in text)
    )


def key_id(name: str, raw: bytes, kind: bytes = LOG_KEY) -> bytes:
    """The four bytes by which a signature line names its key."""
    return hashlib.sha256(name.encode() + b"\n" + kind + raw).digest()[:4]


def base64_of(data: bytes) -> str:
    """The one canonical spelling (RFC 4648 §4) of `data`."""
    return base64.b64encode(data).decode()


def unbase64(text: str) -> bytes | None:
    """The bytes that `text` is the one canonical spelling of (RFC 4648 §4), or None."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return data if base64_of(data) == text else None


# --- checkpoints ------------------------------------------------------------------------------------------------------


def sign_checkpoint(checkpoint: Checkpoint, name: str, key: seal.Jwk) -> str:
    """The checkpoint as a note signed by the log key `name`."""
    if not is_name(name):
        raise Invalid("note.name-malformed", name=name[:80])
    text = f"{checkpoint.origin}\n{checkpoint.size}\n{base64_of(checkpoint.root)}\n"
    signature = key_id(name, seal.raw_public(key)) + seal.sign_bytes(key, text.encode())
    return f"{text}\n{line(name, signature)}"


def line(name: str, signature: bytes) -> str:
    """A signature line of a note; `signature` begins with the key's id."""
    return f"{_DASH}{name} {base64_of(signature)}\n"


def open_checkpoint(note: str | bytes, vkey: str) -> Checkpoint:
    """The checkpoint of a note that the key `vkey` signed; anything else is `Untrusted`.

    The origin must be the key's own name: a key speaks for one log.
    """
    name, id, jwk = read_vkey(vkey)
    text, signature = signed_by(note, name, id)
    if not seal.bytes_signed(jwk, text.encode(), signature):
        raise Untrusted("note.signature-wrong", name=name)
    checkpoint = _checkpoint(text)
    if checkpoint.origin != name:
        raise Untrusted("note.origin-wrong", origin=checkpoint.origin[:80], expected=name)
    return checkpoint


def key_ids(note: str | bytes, name: str) -> frozenset[bytes]:
    """The ids of the keys called `name` that stand under a note, believed by nobody yet."""
    return frozenset(raw[:4] for signer, raw in map(_signature, _parted(note)[1]) if signer == name)


def signed_by(note: str | bytes, name: str, id: bytes) -> tuple[str, bytes]:
    """The text of a note, and what the key called `name` with that key id signed; it must stand there once."""
    text, lines = _parted(note)
    found = [raw[4:] for signer, raw in map(_signature, lines) if (signer, raw[:4]) == (name, id)]
    if not found:
        raise Untrusted("note.unsigned", name=name)
    if len(found) > 1:
        raise Untrusted("note.repeated", name=name)
    return text, found[0]


def unsigned_checkpoint(note: str | bytes) -> Checkpoint:
    """What a note says, believed by nobody yet: for a store that keeps notes and holds no key."""
    text, _ = _parted(note)
    return _checkpoint(text)


def text_of(note: str | bytes) -> str:
    """The text that the signatures of a note are about, with its last line feed."""
    return _parted(note)[0]


def _parted(note: str | bytes) -> tuple[str, list[str]]:
    """Signed text with its last line feed, and the signature lines."""
    if len(note) > MAX_NOTE:
        raise Untrusted("note.malformed", why="too long")
    try:
        whole = note.decode() if isinstance(note, bytes) else note
        whole.encode()
    except UnicodeError:
        raise Untrusted("note.malformed", why="not UTF-8") from None
    if any(c < " " and c != "\n" for c in whole):
        raise Untrusted("note.malformed", why="control character")
    text, gap, signatures = whole.rpartition("\n\n")
    if not gap or not signatures.endswith("\n"):
        raise Untrusted("note.malformed", why="no signatures")
    lines = signatures[:-1].split("\n")
    if len(lines) > MAX_LINES:
        raise Untrusted("note.malformed", why="too many signatures")
    return text + "\n", lines


def _signature(line: str) -> tuple[str, bytes]:
    """Key name, and key id with signature, of one line. Of an unknown key only the form matters."""
    name, blank, coded = line.removeprefix(_DASH).partition(" ")
    raw = unbase64(coded)
    if not line.startswith(_DASH) or not blank or not is_name(name) or raw is None or len(raw) <= 4:  # noqa: PLR2004  (key id)
        raise Untrusted("note.malformed", why="signature line")
    return name, raw


def _checkpoint(text: str) -> Checkpoint:
    lines = text.split("\n")[:-1]
    if len(lines) < 3 or not all(lines):  # noqa: PLR2004  (origin, size, root; then extensions, none of them empty)
        raise Untrusted("note.malformed", why="checkpoint lines")
    origin, size, coded = lines[:3]
    root = unbase64(coded)
    if not re.fullmatch("0|[1-9][0-9]{0,18}", size) or int(size) > MAX_SIZE:
        raise Untrusted("note.malformed", why="checkpoint size")
    if root is None or len(root) != HASH_BYTES:
        raise Untrusted("note.malformed", why="checkpoint root")
    return Checkpoint(origin=origin, size=int(size), root=root)


# --- entries ----------------------------------------------------------------------------------------------------------


def entry(clazz: Class, id: StatementId) -> bytes:
    """What the log says of a statement, as RFC 8785 bytes: its class and its id, nothing else."""
    return f'{{"class":"{clazz}","id":"{id}","v":1}}'.encode()


def read_entry(data: bytes, *, index: int) -> tuple[Class, StatementId]:
    """Class and id of the log's entry `index`; any other bytes than `entry` writes are `Untrusted`."""
    match = _ENTRY.fullmatch(data)
    if match is None:
        raise Untrusted("log.entry-malformed", index=index)
    return Class(match[1].decode()), StatementId(match[2].decode())
