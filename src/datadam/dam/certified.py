"""Proof of an organisation by a certificate: who a trusted authority says that the holder of a member's key is.

The certificate's key signs that a member's key is its organisation's, for this dam; the signature and its chain lie in
the profile, and go with it when that is erased.
"""

from datetime import datetime, timedelta
from typing import Final

from datadam import seal
from datadam.dam.world import World
from datadam.errors import DamError, Refused, Untrusted, kept
from datadam.formats import organisation_proof
from datadam.model import Json, fold, moment

FIELD: Final = "certificate"
"""Where a profile has it."""
MAX_DAYS: Final = 30  # between signing and sending: what is older may be somebody's who found it

_IDENTIFIERS: Final = {"LEI": "lei", "NTRKR": "kr-corp", "VATKR": "kr-brn"}  # ETSI EN 319 412-1 §5.1.4 → a register


def check(world: World, body: Json, profile: Json, *, jurisdiction: str, at: datetime) -> Json | None:
    """What a profile's certificate says, if it has one and all of it holds; None where there is none.

    `body` names the member and the key that it is about. The organisation must be the profile's, the country that of
    the member, and a number that both name the same.
    """
    token = profile.get(FIELD)
    if token is None:
        return None
    if world.trust is None:
        raise Refused("certificate.no-trust-list")
    found = seal.certified(str(token), world.trust.roots(), now=at, signed=lambda payload: _signed(payload, at))
    told = organisation_proof.read(found.payload)
    mine = (world.settings.name, body["member"], seal.thumbprint(body["key"]))
    if (told["dam"], told["member"], told["key"]) != mine:
        raise Untrusted("certificate.about-other")
    for name, here, there in (
        ("organisation", fold(str(profile["legal_name"])), fold(found.organisation or "")),
        ("country", jurisdiction, found.country or ""),
        *_numbers(profile, found.identifier),
    ):
        if here != there:
            raise Untrusted("certificate.subject-other", field=name)
    shown = ("organisation", "identifier", "country", "issuer", "serial", "until", "root", "algorithm", "qualified")
    return {**{name: getattr(found, name) for name in shown}, "signed": told["issued"]}


def seen(world: World, body: Json, profile: Json, *, at: str) -> Json | None:
    """The same for a person to look at: `{refused}` where it does not hold any more."""
    try:
        return check(world, body, profile, jurisdiction=body["jurisdiction"], at=moment(at))
    except DamError as error:
        return {"refused": kept(error)}


def _signed(payload: bytes, at: datetime) -> datetime:
    """When it was signed: not after now, and not long before."""
    issued = organisation_proof.read(payload)["issued"]
    time = moment(issued)
    if not at - timedelta(days=MAX_DAYS) <= time <= at + timedelta(seconds=seal.CLOCK_SKEW):
        raise Untrusted("certificate.not-fresh", signed=issued, days=MAX_DAYS)
    return time


def _numbers(profile: Json, identifier: str | None) -> list[tuple[str, str, str]]:
    """The number that the certificate and the profile both name, if there is one, as each has it."""
    scheme, dash, number = (identifier or "").partition("-")
    register = _IDENTIFIERS.get(scheme if not scheme.startswith("LEI") else "LEI")
    mine = profile.get("numbers", {}).get(register) if register else None
    return [("identifier", str(mine), number.replace("-", ""))] if dash and mine is not None else []
