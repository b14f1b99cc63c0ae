"""What one contributor says of one indicator: a row of `cti.indicator`, and why it may not count or leave. Pure.

Values are text here and stay text: none is resolved, visited, or handed to anything that would.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Final

from publicsuffixlist import PublicSuffixList

HOSTS: Final = frozenset({"domain"})
ADDRESSES: Final = frozenset({"ipv4", "ipv6", "cidr", "ipv4_port"})
NETWORKS: Final = frozenset({"ipv4", "ipv6", "cidr"})
HASHES: Final = frozenset({"md5", "sha1", "sha256"})
DIGESTS: Final = HASHES | {"ja3"}


class Audience(StrEnum):
    """Who will see or act on what is written: the organisation itself, its clients, the community, or anybody."""

    OWN = "own"
    CLIENTS = "clients"
    COMMUNITY = "community"
    PUBLIC = "public"


TLP: Final = ("clear", "green", "amber", "amber+strict")
"""TLP 2.0 (FIRST) from the least strict; RED is for named persons and is none of ours, nor is a marking not known."""
MAY_SEE: Final[Mapping[Audience, tuple[str, ...]]] = {
    Audience.OWN: TLP,
    Audience.CLIENTS: TLP[:3],
    Audience.COMMUNITY: TLP[:2],
    Audience.PUBLIC: TLP[:1],
}
"""Whose rows may be in a file for whom. AMBER goes as far as one's clients, AMBER+STRICT stays in the organisation."""


class Left(StrEnum):
    """Why a report, or a value, is not in what was written."""

    MARKING = "marking"  # its TLP does not go as far as the audience
    UNMARKED = "unmarked"  # no TLP that is known: taken as the strictest, which never leaves
    PAP = "pap"  # its PAP does not let it be used so
    EXPIRED = "expired"  # its contributor said until when it counts, and that is over
    UNDATED = "undated"  # nobody said when it was seen, or only in the future
    UNSURE = "unsure"  # its contributor's confidence is 0
    DECAYED = "decayed"  # below its kind's threshold by now
    LOW = "low"  # below the score that was asked for
    BEYOND = "beyond"  # over the number that was asked for
    KIND = "kind"  # a kind that the format has no words for
    MALFORMED = "malformed"  # no value of its kind
    SPECIAL = "special"  # an address or name that is nobody's, or everybody's: blocking it blocks oneself


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A row: who saw what, when, how sure, and how far it may go."""

    contributor: str  # a member's id, or a pseudonym
    type: str
    value: str
    country: str = ""  # the contributor's; empty: not known
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    valid_until: datetime | None = None
    confidence: int | None = None  # 0 to 100
    tlp: str | None = None
    pap: str | None = None
    method: str | None = None
    upstream: str | None = None  # what it was taken from
    dam: str = ""  # in which it lies

    @property
    def key(self) -> tuple[str, str]:
        """Kind and value, so spelt that the same indicator is the same."""
        return self.type, normal(self.type, self.value)

    def begun(self, now: datetime) -> datetime | None:
        """When it was first seen, as of `now`: what is said of the future was not seen yet."""
        return _first([one for one in (self.first_seen, self.last_seen) if one is not None and one <= now])

    def seen(self, now: datetime) -> datetime | None:
        """When it was last seen, as of `now`."""
        return max((one for one in (self.first_seen, self.last_seen) if one is not None and one <= now), default=None)


def _first(moments: list[datetime]) -> datetime | None:
    return moments[0] if moments else None


def left(report: Report, audience: Audience, now: datetime, paps: frozenset[str] | None = None) -> Left | None:
    """Why a report may not count in what is for this audience, or None. `paps`: under which PAP it may be used so."""
    if report.tlp not in TLP:
        return Left.UNMARKED
    if report.tlp not in MAY_SEE[audience]:
        return Left.MARKING
    if paps is not None and report.pap is not None and report.pap not in paps:
        return Left.PAP
    if report.valid_until is not None and report.valid_until <= now:
        return Left.EXPIRED
    if report.seen(now) is None:
        return Left.UNDATED
    return Left.UNSURE if report.confidence is not None and report.confidence <= 0 else None


# --- values -----------------------------------------------------------------------------------------------------------

_LABEL: Final = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_DIGITS: Final = {"md5": 32, "sha1": 40, "sha256": 64, "ja3": 32}
_DOMAIN: Final = re.compile(rf"(?=.{{4,253}}\Z){_LABEL}(?:\.{_LABEL})+\Z")
_URL: Final = re.compile(r"(?P<scheme>https?)://(?P<host>[^/?#@\s:]+)(?P<port>:[0-9]{1,5})?(?P<rest>[/?#][!-~]*)?\Z")
_FORMS: Final = {
    "asn": re.compile("AS[0-9]{1,10}"),
    **{kind: re.compile(f"[0-9a-f]{{{digits}}}") for kind, digits in _DIGITS.items()},
}
_ANY: Final = re.compile("[!-~]+")
PORTS: Final = 2**16
_PORT: Final = re.compile(r"(?P<host>[0-9.]+):(?P<port>[0-9]{1,5})\Z")
WIDEST: Final = {4: 16, 6: 32}
"""The least prefix of a range that may be blocked: a wider one is a provider, not an indicator."""
_SPECIAL: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.168.0.0/16", "224.0.0.0/3", "::/127", "::ffff:0:0/96", "fc00::/7", "fe80::/10", "ff00::/8",
        ),
    )
)  # fmt: skip
"""Networks inside, to oneself, or to many (IANA special-purpose registries). Those for examples are let through."""
_INSIDE: Final = frozenset({"arpa", "internal", "invalid", "local", "localhost"})
"""Top levels inside, or nobody's (IANA special-use names). Those for examples are let through."""


def normal(kind: str, value: str) -> str:
    """A value as it is compared: names and digests in small letters, addresses in their one spelling (RFC 5952)."""
    text = value.strip()
    if kind in HOSTS | DIGESTS:
        return text.lower().removesuffix(".") if kind in HOSTS else text.lower()
    if kind in NETWORKS:
        try:
            return str(ipaddress.ip_network(text, strict=False) if kind == "cidr" else ipaddress.ip_address(text))
        except ValueError:
            return text
    if kind == "asn":
        return "AS" + text.upper().removeprefix("AS").lstrip("0")
    if kind == "url" and (begins := re.match(r"[A-Za-z]+://[^/?#]*", text)):
        return begins[0].lower() + text[begins.end() :]
    return text


def unfit(kind: str, value: str) -> Left | None:
    """Why a value, spelt as `normal` does, cannot be acted on as one of its kind; None if it can."""
    if not _ANY.fullmatch(value):  # blanks and line breaks would end what it is written into, whatever its kind
        return Left.MALFORMED
    if kind in NETWORKS:
        return _unfit_network(kind, value)
    if kind == "ipv4_port":
        found = _PORT.fullmatch(value)
        return _unfit_host(found["host"], found["port"]) if found else Left.MALFORMED
    if kind == "url":
        found = _URL.fullmatch(value)
        return _unfit_host(found["host"], (found["port"] or ":80")[1:]) if found else Left.MALFORMED
    if kind in HOSTS:
        return _unfit_name(value)
    return None if _FORMS.get(kind, _ANY).fullmatch(value) else Left.MALFORMED


def _unfit_host(host: str, port: str) -> Left | None:
    if not 0 < int(port) < PORTS:
        return Left.MALFORMED
    if host[-1].isdecimal():
        return unfit("ipv4", host)
    return None if _DOMAIN.fullmatch(host) else Left.MALFORMED  # one page of what is everybody's may be blocked


def _unfit_name(value: str) -> Left | None:
    top = value.rpartition(".")[2]
    if top.isdecimal() or not _DOMAIN.fullmatch(value):  # an address, or half of one
        return Left.MALFORMED
    return Left.SPECIAL if top in _INSIDE or _suffixes().is_public(value) else None


@cache
def _suffixes() -> PublicSuffixList:
    """Under which names others register theirs: blocking such a one blocks all of them."""
    return PublicSuffixList()


def _unfit_network(kind: str, value: str) -> Left | None:
    try:
        network = ipaddress.ip_network(value)
    except ValueError:
        return Left.MALFORMED
    if ("cidr" if "/" in value else f"ipv{network.version}") != kind:
        return Left.MALFORMED
    wide = network.prefixlen < WIDEST[network.version]
    same = (one for one in _SPECIAL if one.version == network.version)
    if wide or any(network.overlaps(one) for one in same):
        return Left.SPECIAL
    return Left.MALFORMED if "%" in value else None  # a zone (RFC 4007 §11) may be any text: of a rule, of a line


def parts(url: str) -> tuple[str, str, str, str]:
    """Scheme, host, port and the rest of a URL that `unfit` found nothing against; read by its letters alone."""
    found = _URL.fullmatch(url)
    if found is None:
        raise ValueError(url[:80])
    return found["scheme"], found["host"], (found["port"] or "")[1:], found["rest"] or "/"


def defanged(value: str) -> str:
    """A value as it is shown: nothing that a terminal, a mail program or a page would take for an address."""
    shown = re.sub(r"^http", "hxxp", value, flags=re.IGNORECASE).replace("://", "[://]")
    return shown.replace(".", "[.]").replace("@", "[at]") if not re.fullmatch("[0-9a-fA-F]+", shown) else shown
