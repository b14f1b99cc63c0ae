"""Credentials that members hold of others, and the issuers that a dam recognises for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from datadam.model import Json


class Form(StrEnum):
    """What a credential rests on."""

    SIGNED = "vc+jwt"  # a W3C credential that its issuer signed: the dam checked the signature
    ATTESTED = "attested"  # a paper that the operator saw: the operator's word


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who gives credentials that this dam recognises, as the log tells it; a later statement replaces all of it.

    Where it has keys, only what they signed counts; without any, the operator attests what it saw.
    """

    id: str = field(metadata={"key": True})  # a URI, as its credentials name it
    title: str
    names: Mapping[str, str]  # of the credentials that it is believed in → their type in a W3C credential; none: nobody
    keys: tuple[Json, ...]  # public JWKs
    statement: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """That a member holds a credential, as the log tells it."""

    id: str = field(metadata={"key": True})  # the credential statement
    member: str
    name: str  # as offers ask for it
    issuer: str
    scope: tuple[str, ...]  # standards that it counts for; empty: all
    begins: str  # ISO 8601 instant
    expires: str
    form: Form
    kid: str | None  # thumbprint of the issuer's key that signed it
    evidence: str  # SHA-256 of the token, or of the paper
    index: int
    revoked: int | None = None  # log index


def stands(one: Credential, issuer: Issuer | None, *, now: str) -> bool:
    """Whether a credential counts at an instant: not over, not revoked, its issuer and key recognised still."""
    if issuer is None or one.revoked is not None or one.name not in issuer.names:
        return False
    kids = {str(key.get("kid")) for key in issuer.keys}
    known = one.kid in kids if one.form is Form.SIGNED else not kids
    return known and one.begins <= now < one.expires


def held(
    credentials: Iterable[Credential], issuers: Mapping[str, Issuer], *, standard: str, now: str
) -> tuple[frozenset[str], tuple[str, ...]]:
    """The names that a member's credentials come to for a standard; and the instants at which that may change."""
    mine = [one for one in credentials if one.revoked is None and (not one.scope or standard in one.scope)]
    names = frozenset(one.name for one in mine if stands(one, issuers.get(one.issuer), now=now))
    ends = {end for one in mine for end in (one.begins, one.expires) if end > now}
    return names, tuple(sorted(ends))
