"""Suricata rules: alerts on names asked for, greeted and requested, on addresses, on URLs in clear. Pure.

- A value never stands in a rule as it is: outside letters, digits, `-`, `.`, `_` and `/` each byte is written in hex
  (`|22|`), in the message it is defanged. So no quote, semicolon, pipe or line break of a value can end anything.
- A signature id is made of the kind and value, four to a value, in a range of its own. Only where two values would have
  the same the later in the alphabet takes the next that is free.
- Needs Suricata 6 or newer (`dotprefix`, `ja3.hash`). Rules: https://docs.suricata.io/en/latest/rules/
"""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from typing import Final

from datadam import seal
from datadam.domains.cyber.corroboration import Assessed, Corroboration
from datadam.domains.cyber.reports import defanged, parts
from datadam.domains.cyber.written import Choice, Format, Written, chosen, told
from datadam.model import instant

FIRST: Final = 1_000_000_000
"""Of our range, which ends below 2,073,741,824: far from what is given out (2,000,000 and up) or local (1,000,000)."""
A_VALUE: Final = 4  # ids to a value
VALUES: Final = 2**28
_PLAIN: Final = re.compile(rb"[A-Za-z0-9._/-]")
_SAID: Final = re.compile(r"[^A-Za-z0-9 ._/\[\]-]")


def write(assessed: Assessed, choice: Choice) -> Written:
    """The rules, and what has none."""
    kept, counts = chosen(assessed, Format.SURICATA, choice)
    places = _places(kept)
    lines = [
        f"# data dam rules, as of {instant(assessed.now)}, for {assessed.audience}: {len(kept)} indicators",
        f"# left out: {told(counts, assessed.audience)}",
    ]
    for one in kept:
        said = _metadata(one, assessed)
        for number, (header, matches) in enumerate(_matches(one)):
            sid = FIRST + A_VALUE * places[one.key] + number
            message = _said(f"data dam {one.type} {defanged(one.value)}")
            options = [f'msg:"{message}"', *matches, f"metadata:{said}", f"sid:{sid}", "rev:1"]
            lines.append(f"alert {header} ({'; '.join(options)};)")
    text = "".join(f"{line}\n" for line in lines)
    return Written(
        format=Format.SURICATA,
        text=text,
        count=len(kept),
        audience=assessed.audience,
        now=assessed.now,
        left=counts,
    )


def _matches(one: Corroboration) -> Iterator[tuple[str, list[str]]]:
    """Header and matches of each rule of an indicator, always in this order."""
    any_to_any = "$HOME_NET any -> any any"
    match one.type:
        case "domain":  # the name and all below it
            name = content(f".{one.value}")
            below = ["dotprefix", f'content:"{name}"', "nocase", "endswith"]
            yield f"dns {any_to_any}", ["dns.query", *below]
            yield f"tls {any_to_any}", ["tls.sni", *below]
            # Suricata writes the host in small letters by itself, and refuses to be told to ignore case there
            yield f"http {any_to_any}", ["http.host", "dotprefix", f'content:"{name}"', "endswith"]
        case "url":  # in clear: what is encrypted shows no path
            _, host, port, rest = parts(one.value)
            matches = ["http.host", f'content:"{content(host)}"', f"bsize:{len(host)}"]
            asked = rest.partition("#")[0]  # what stands behind it is never sent
            asked = asked if asked.startswith("/") else f"/{asked}"
            # the raw one, because the other is decoded before it is looked at
            matches += ["http.uri.raw", f'content:"{content(asked)}"', f"bsize:{len(asked)}"]
            yield f"http $HOME_NET any -> any {port or 'any'}", matches
        case "ja3":
            yield f"tls {any_to_any}", ["ja3.hash", f'content:"{content(one.value)}"']
        case "ipv4_port":
            host, _, port = one.value.partition(":")
            yield f"tcp $HOME_NET any -> {ipaddress.ip_address(host)} {int(port)}", ["flow:to_server"]
        case _:
            yield f"ip $HOME_NET any -> {ipaddress.ip_network(one.value)} any", []


def content(text: str) -> str:
    """A text as `content` takes it, whatever is in it."""
    runs = re.split(rb"([^A-Za-z0-9._/-]+)", text.encode())
    return "".join(run.decode() if _PLAIN.match(run) else f"|{run.hex(' ').upper()}|" for run in runs if run)


def _metadata(one: Corroboration, assessed: Assessed) -> str:
    """Score, who says so and the explanation. A comma would begin the next entry."""
    told = {
        "score": one.score,
        "organisations": one.contributors,
        "countries": one.countries,
        "last_seen": instant(one.last_seen)[:10],
        "tlp": one.tlp.replace("+", "_"),
        "explanation": one.explained(assessed.now).replace(",", " -"),
    }
    return ", ".join(f"datadam_{name} {_said(str(value))}" for name, value in told.items())


def _said(text: str) -> str:
    """A text for people: what could end it becomes an underscore."""
    return _SAID.sub("_", text)[:400]


def _places(kept: Sequence[Corroboration]) -> dict[tuple[str, str], int]:
    """A place in the range for each indicator."""
    found: dict[tuple[str, str], int] = {}
    taken = set[int]()
    for key in sorted(one.key for one in kept):
        place = int(seal.digest(f"suricata {key[0]} {key[1]}".encode())[:7], 16)
        while place in taken:
            place = (place + 1) % VALUES
        taken.add(place)
        found[key] = place
    return found
