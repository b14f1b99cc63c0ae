"""What statements about credentials say, as tables: issuers that are recognised, credentials that members hold."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from datadam import seal
from datadam.credentials import Credential, Form, Issuer
from datadam.errors import Untrusted
from datadam.model import Json, Kind, Member
from datadam.ports import Rows

RECORDS: Final = (Issuer, Credential)
"""The tables."""


def _fold_issuer(rows: Rows, index: int, id: str, body: Json) -> None:
    keys = tuple({**seal.public(key), "kid": seal.thumbprint(key)} for key in body["keys"])
    told = {name: body[name] for name in ("title", "names")}
    rows.put(Issuer(id=body["issuer"], keys=keys, statement=id, index=index, **told))


def _fold_credential(rows: Rows, index: int, id: str, body: Json) -> None:
    """Of a member that there is, by an issuer that is recognised for it, on the ground that the issuer is believed on.

    Times are for whoever recorded it: a fold has no clock.
    """
    if rows.get(Credential, id) is not None:
        raise Untrusted("statement.repeated", statement=id)
    member, issuer, form = rows.get(Member, body["member"]), rows.get(Issuer, body["issuer"]), Form(body["form"])
    if member is None or member.until is not None:
        raise Untrusted("credential.member-wrong", member=body["member"], statement=id)
    kids = {key["kid"] for key in issuer.keys} if issuer is not None else set()
    sound = body["kid"] in kids if form is Form.SIGNED else not kids and body["kid"] is None
    if issuer is None or body["name"] not in issuer.names or not sound:
        raise Untrusted("credential.issuer-wrong", issuer=body["issuer"], statement=id)
    told = {name: body[name] for name in ("member", "name", "issuer", "begins", "expires", "kid", "evidence")}
    rows.put(Credential(id=id, scope=tuple(body["scope"]), form=form, index=index, **told))


def _fold_end(rows: Rows, index: int, id: str, body: Json) -> None:
    held = rows.get(Credential, body["credential"])
    if held is None or held.member != body["member"] or held.revoked is not None:
        raise Untrusted("credential.end-wrong", credential=body["credential"], statement=id)
    rows.put(replace(held, revoked=index))


FOLDS: Final[Mapping[Kind, Callable[[Rows, int, str, Json], None]]] = {
    Kind.ISSUER: _fold_issuer,
    Kind.CREDENTIAL: _fold_credential,
    Kind.CREDENTIAL_END: _fold_end,
}
"""How a statement about a credential changes the tables."""
