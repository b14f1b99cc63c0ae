"""An evidence bundle: where everything lies in it, and the manifest that names each file with its digest.

    MANIFEST.json                    {"files": {path: {"sha256", "size"}}, "format": "datadam-evidence/1"}, RFC 8785
    dams/<name>/vkey                 the log's verifier key
    dams/<name>/log/…                checkpoint, hash tiles and entry bundles (C2SP tlog-tiles)
    dams/<name>/bodies/<aa>/<id>.json  statements, as far as whoever made the bundle may see them
    dams/<name>/cosigners            whose cosignatures there are: a verifier key a line
    dams/<name>/cosigned/<digest>.note  what each cosigned last, by the SHA-256 of its key (C2SP tlog-cosignature)
    dams/<name>/receipts/<id>.json   receipts of statements
    dams/<name>/policies/<digest>.cedar   what decisions were made by, and `schema.cedarschema` that all of them hold to
    dams/<name>/requests/<id>.json   what a decision asked of its policy, in Cedar's form

The folder of a dam is laid out as a dam's own, so `datadam audit` reads it as well. As one file, a bundle is a zip
whose members are stored and not compressed, in the order of their names and without times: it has one spelling, and no
bomb fits in it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from datadam import seal
from datadam.errors import Invalid, Untrusted
from datadam.model import Json

MANIFEST: Final = "MANIFEST.json"
FORMAT: Final = "datadam-evidence/1"
MAX_FILES: Final = 200_000  # two statements a second for a day
MAX_FILE: Final = 16 << 20  # bytes; the largest receipt has 4 times the largest envelope
MAX_MANIFEST: Final = 64 << 20  # bytes; a line of `MAX_FILES` takes less than 300
MAX_BUNDLE: Final = 4 << 30  # bytes in all; a zip without 64-bit records has no more

_NAME: Final = r"[a-z0-9][a-z0-9.-]{0,62}"
_PLACE: Final = re.compile(
    rf"dams/({_NAME})/(?:"
    r"(vkey|cosigners)"
    r"|(log)/(?:checkpoint|tile/(?:[0-9]|entries)/(?:x[0-9]{3}/){0,5}[0-9]{3}(?:\.p/[1-9][0-9]{0,2})?)"
    r"|(bodies)/[0-9a-f]{2}/[0-9a-f]{64}\.json"
    r"|(cosigned)/[0-9a-f]{64}\.note"
    r"|(receipts|requests)/[0-9a-f]{64}\.json"
    r"|(policies)/(?:[0-9a-f]{64}\.cedar|schema\.cedarschema)"
    r")"
)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Held:
    """What the manifest says of one file."""

    size: int  # bytes
    sha256: str


def name_of(origin: str) -> str:
    """The folder of a dam's part, from its log's name: safe on every file system."""
    name = re.sub(r"\.{2,}|[^a-z0-9.-]+", "-", origin.lower()).strip("-.")[:60]
    return name or "dam"


def body_path(dam: str, id: str) -> str:
    """Where a statement lies."""
    return f"dams/{dam}/bodies/{id[:2]}/{id}.json"


def receipt_path(dam: str, id: str) -> str:
    """Where the receipt of a statement lies."""
    return f"dams/{dam}/receipts/{id}.json"


def request_path(dam: str, id: str) -> str:
    """Where the question that a decision answered lies."""
    return f"dams/{dam}/requests/{id}.json"


def policy_path(dam: str, digest: str) -> str:
    """Where a policy lies."""
    return f"dams/{dam}/policies/{digest}.cedar"


def schema_path(dam: str) -> str:
    """Where the schema of all policies lies."""
    return f"dams/{dam}/policies/schema.cedarschema"


def cosigned_path(dam: str, vkey: str) -> str:
    """Where the checkpoint lies that somebody cosigned last."""
    return f"dams/{dam}/cosigned/{seal.digest(vkey.encode())}.note"


def dam_of(path: str) -> tuple[str, str]:
    """The dam that a file is of, and what kind of file it is; `Untrusted` for a path that a bundle does not have."""
    found = _PLACE.fullmatch(path)
    if found is None or ".." in path:
        raise Untrusted("bundle.path", path=path[:200])
    return found[1], next(part for part in found.groups()[1:] if part)


def dams(paths: Iterable[str]) -> tuple[str, ...]:
    """The names of the dams that files are of, sorted."""
    return tuple(sorted({dam_of(path)[0] for path in paths}))


def write_manifest(files: Mapping[str, Held]) -> bytes:
    """The manifest of these files; `Invalid` where they are more than a bundle may have."""
    _bound(files)
    told = {path: {"sha256": one.sha256, "size": one.size} for path, one in files.items()}
    return seal.canonical({"format": FORMAT, "files": told})


def read_manifest(data: bytes) -> dict[str, Held]:
    """What a manifest names, each path one that a bundle may have; any other spelling or shape is `Untrusted`."""
    try:
        told = seal.parse(data)
        same = isinstance(told, dict) and set(told) == {"format", "files"} and seal.canonical(told) == data
    except Invalid:
        same = False
    if not same or told["format"] != FORMAT or not isinstance(told["files"], dict):
        raise Untrusted("bundle.manifest-malformed")
    files = {path: _held(path, one) for path, one in told["files"].items()}
    for path in files:
        dam_of(path)
    _bound(files)
    return files


def _held(path: str, told: Json) -> Held:
    shaped = isinstance(told, dict) and set(told) == {"sha256", "size"}
    if not shaped or type(told["size"]) is not int or not isinstance(told["sha256"], str):
        raise Untrusted("bundle.manifest-malformed")
    if not 0 <= told["size"] <= MAX_FILE or not _DIGEST.fullmatch(told["sha256"]):
        raise Untrusted("bundle.file-size", path=path[:200], limit=MAX_FILE)
    return Held(size=told["size"], sha256=told["sha256"])


def _bound(files: Mapping[str, Held]) -> None:
    size = sum(one.size for one in files.values())
    if len(files) > MAX_FILES or size > MAX_BUNDLE:
        raise Invalid("bundle.too-large", files=len(files), limit=MAX_FILES, bytes=size, bytes_limit=MAX_BUNDLE)


def same_files(found: Iterable[str], named: Mapping[str, Held]) -> None:
    """Refuse a bundle that has a file more or fewer than its manifest names, or one of them twice."""
    there = list(found)
    odd = {*there} ^ {MANIFEST, *named}
    twice = len(there) != len({*there})
    if odd or twice:
        path = min(odd, default="") or max(there, key=there.count)
        raise Untrusted("bundle.files-other", path=path[:200])


def checked(data: bytes, path: str, named: Mapping[str, Held]) -> bytes:
    """The bytes of a file, if they are those that the manifest names; else `Untrusted`."""
    held = named.get(path)
    if held is None or (len(data), seal.digest(data)) != (held.size, held.sha256):
        raise Untrusted("bundle.file-other", path=path[:200])
    return data
