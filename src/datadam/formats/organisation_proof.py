"""What an organisation signs with its certificate: that a member's key is its own, for one dam. RFC 8785 JSON."""

from typing import Any, Final

from datadam import seal
from datadam.errors import Invalid
from datadam.model import Json

PURPOSE: Final = "datadam-organisation"


def written(origin: str, member: str, key: str, *, issued: str) -> bytes:
    """That the key with this thumbprint is the member's, as the organisation says to the dam of that origin."""
    return seal.canonical({"purpose": PURPOSE, "dam": origin, "member": member, "key": key, "issued": issued})


def read(payload: bytes) -> Json:
    """The same, believed by nobody yet; another shape is `Invalid`."""
    told: Any = seal.parse(payload)
    fields = {"purpose", "dam", "member", "key", "issued"}
    if not isinstance(told, dict) or set(told) != fields or not all(isinstance(one, str) for one in told.values()):
        raise Invalid("certificate.malformed", why="payload")
    if seal.canonical(told) != payload or told["purpose"] != PURPOSE:
        raise Invalid("certificate.malformed", why="payload")
    return told
