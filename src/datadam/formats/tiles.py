"""Paths and bytes of a tiled log's static files (C2SP tlog-tiles): hash tiles and entry bundles."""

from collections.abc import Iterator, Sequence
from typing import Final

from datadam.errors import Untrusted

WIDTH: Final = 256  # hashes in a full tile, entries in a full bundle
HEIGHT: Final = 8  # tree levels that one tile level spans: 2**HEIGHT == WIDTH
MAX_ENTRY: Final = 65_535  # bytes; the length stands in two. An empty entry says nothing and is refused
ENTRIES: Final = "entries"
CHECKPOINT: Final = "checkpoint"


def path(level: int | str, number: int, width: int = WIDTH) -> str:
    """`tile/<level>/<number>[.p/<width>]`: 1234067 is written `x001/x234/067`. Level `entries` names a bundle."""
    groups = [f"{number % 1000:03d}"]
    while number := number // 1000:
        groups.append(f"x{number % 1000:03d}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(reversed(groups))}{partial}"


def widths(level: int, size: int) -> Iterator[tuple[int, int]]:
    """(number, width) of every tile of `level` in a log of `size` entries, the partial one last; none is empty."""
    hashes = size >> (HEIGHT * level)
    for number in range(hashes // WIDTH):
        yield number, WIDTH
    if hashes % WIDTH:
        yield hashes // WIDTH, hashes % WIDTH


def levels(size: int) -> int:
    """How many tile levels a log of `size` entries has."""
    count = 0
    while size >> (HEIGHT * count):
        count += 1
    return count


def bundled(entries: Sequence[bytes]) -> bytes:
    """A bundle: each entry after its length as uint16, big-endian."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unbundled(data: bytes, count: int, *, where: str) -> list[bytes]:
    """The entries of a bundle, which must be exactly `count`; `where` names it in the refusal."""
    entries: list[bytes] = []
    at = 0
    while len(entries) < count:
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if not start < at <= len(data):
            raise Untrusted("log.file-malformed", path=where)
        entries.append(data[start:at])
    if at != len(data):
        raise Untrusted("log.file-malformed", path=where)
    return entries
