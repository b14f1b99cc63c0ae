"""A strict reading of Suricata rules for tests: the grammar of its manual for what we write, and nothing else.

Each rule is taken apart character by character as the engine does: quotes, escapes, semicolons; what is left must be
one of the few options that we use, each in its own form. So a value that broke out of its place would be seen.
Source: https://docs.suricata.io/en/latest/rules/ (intro, meta, payload-keywords, transforms, http, dns, tls, ja3).
"""

import ipaddress
import re
from typing import Final

HEADER: Final = re.compile(
    r"alert (dns|tls|http|tcp|ip) \$HOME_NET any -> (any|[0-9a-f.:/]+) (any|[0-9]{1,5}) \((.*)\)"
)
BUFFERS: Final = {"dns.query", "tls.sni", "http.host", "http.uri.raw", "ja3.hash"}
FLAGS: Final = {"dotprefix", "nocase", "endswith"}
METADATA: Final = re.compile(r"datadam_[a-z_]+ [A-Za-z0-9 ._-]+(?:, datadam_[a-z_]+ [A-Za-z0-9 ._-]+)*")
VALUES: Final = {
    "bsize": re.compile("[0-9]+"),
    "flow": re.compile("to_server"),
    "msg": re.compile(r'"[A-Za-z0-9 ._/\[\]-]+"'),
    "metadata": METADATA,
    "sid": re.compile("[1-9][0-9]{0,9}"),
    "rev": re.compile("1"),
}
"""Every other option that we write, and the form of its value."""


def options(text: str) -> list[tuple[str, str]]:
    """Name and value of each option, split where a semicolon stands outside quotes and is not escaped."""
    found, start, quoted, place = [], 0, False, 0
    while place < len(text):
        letter = text[place]
        if letter == "\\":
            place += 2
            continue
        if letter == '"':
            quoted = not quoted
        elif letter == ";" and not quoted:
            name, _, value = text[start:place].strip().partition(":")
            found.append((name, value))
            start = place + 1
        place += 1
    assert not quoted, text
    assert text[start:].strip() == "", text
    return found


def content(value: str) -> bytes:
    """The bytes that a `content` looks for."""
    quoted = re.fullmatch(r'"([^"]+)"', value)
    assert quoted, value
    pieces = quoted[1].split("|")
    assert len(pieces) % 2 == 1, value
    found = b""
    for number, piece in enumerate(pieces):
        if number % 2:
            assert re.fullmatch("[0-9A-F]{2}(?: [0-9A-F]{2})*", piece), value
            found += bytes.fromhex(piece)
        else:
            assert not set(piece) & set(';\\":'), value
            found += piece.encode("ascii")
    return found


def rule(line: str) -> dict[str, object]:
    """What one rule looks for: protocol, destination, contents by buffer, id, message, metadata."""
    assert line.isascii(), line
    assert line.isprintable(), line
    read = HEADER.fullmatch(line)
    assert read, line
    if read[2] != "any":
        ipaddress.ip_network(read[2])
    told: dict[str, object] = {"protocol": read[1], "to": read[2], "port": read[3], "looks": {}}
    looks: dict[str, bytes] = {}
    buffer, last = "", ""
    for name, value in options(read[4]):
        if name in BUFFERS:
            assert value == ""
            buffer = name
        elif name in FLAGS:
            assert value == ""
            assert last == ("dotprefix" if name != "dotprefix" else "") or last in {*BUFFERS, "content", "nocase"}, line
            assert not (name == "nocase" and buffer == "http.host"), line  # Suricata refuses it there
        elif name == "content":
            assert buffer, line
            looks[buffer] = content(value)
        else:
            assert VALUES[name].fullmatch(value), line
            assert name != "bsize" or int(value) == len(looks[buffer])
        told[name], last = value, name
    assert {"msg", "sid", "rev", "metadata"} <= told.keys(), line
    return told | {"looks": looks}


def read(text: str) -> list[dict[str, object]]:
    """All rules of a file; lines that begin with `#` are none."""
    assert text.endswith("\n")
    found = [rule(line) for line in text.splitlines() if not line.startswith("#")]
    assert len({one["sid"] for one in found}) == len(found)
    return found
