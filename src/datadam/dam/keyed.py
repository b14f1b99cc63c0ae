"""What statements about keys say, as tables: the dam's own, its log's, operators', and recoveries."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from datadam import seal
from datadam.errors import Untrusted
from datadam.formats import note
from datadam.ledger import DAM, LOG
from datadam.model import Json, Key, Kind, Member, Recovery
from datadam.ports import Rows

RECORDS: Final = (Recovery,)
"""The tables, beside that of keys."""


def in_force(rows: Rows, owner: str) -> list[Key]:
    """The keys of an owner that count, the newest first."""
    return sorted(rows.find(Key, owner=owner, until=None), key=lambda key: -key.since)


def fold_log(rows: Rows, id: str, body: Json) -> None:
    """The log's first key, which the dam's first statement names."""
    jwk = note.read_vkey(body["log"])[2]
    if rows.get(Key, seal.thumbprint(jwk)) is None:
        rows.put(Key(kid=seal.thumbprint(jwk), owner=LOG, jwk=jwk, statement=id, since=0))


def _fold_rotation(rows: Rows, index: int, id: str, body: Json) -> None:
    """One at a time: the key before is the only one in force, so that there is one line from the first to the last."""
    owner, jwk = body["use"], seal.public(body["key"])
    held = in_force(rows, owner)
    if [key.kid for key in held] != [body["replaces"]]:
        raise Untrusted("key.succession-wrong", member=owner, statement=id)
    rows.put(Key(kid=seal.thumbprint(jwk), owner=owner, jwk=jwk, statement=id, since=index))


def _fold_retirement(rows: Rows, index: int, id: str, body: Json) -> None:
    """Of two keys the older one; of the log's, with the last checkpoint that it signed and that covers the rotation."""
    held = in_force(rows, body["use"])
    if len(held) != 2 or held[1].kid != body["key"]:  # noqa: PLR2004  (the new one and the one before)
        raise Untrusted("key.succession-wrong", member=body["use"], statement=id)
    if (body["checkpoint"] is not None) is not (body["use"] == LOG):
        raise Untrusted("key.succession-wrong", member=body["use"], statement=id)
    if body["checkpoint"] is not None:
        last = note.unsigned_checkpoint(body["checkpoint"])
        note.open_checkpoint(body["checkpoint"], note.vkey(last.origin, held[1].jwk))
        if not held[0].since < last.size <= index:
            raise Untrusted("key.succession-wrong", member=LOG, statement=id)
    rows.put(replace(held[1], until=index))


def _fold_operator(rows: Rows, index: int, id: str, body: Json) -> None:
    jwk = seal.public(body["key"])
    if body["operator"] != seal.operator_id(jwk):
        raise Untrusted("operator.id-wrong", operator=body["operator"])
    rows.put(Key(kid=seal.thumbprint(jwk), owner=body["operator"], jwk=jwk, statement=id, since=index))


def _fold_operator_exit(rows: Rows, index: int, id: str, body: Json) -> None:
    held = in_force(rows, body["operator"])
    if not held:
        raise Untrusted("operator.exit-wrong", operator=body["operator"], statement=id)
    for key in held:
        rows.put(replace(key, until=index))


def _fold_recovery(rows: Rows, index: int, id: str, body: Json) -> None:
    """The new key is kept and does not count yet: it is in force for no stretch of the log."""
    member, jwk = rows.get(Member, body["member"]), seal.public(body["key"])
    if member is None or member.until is not None:
        raise Untrusted("recovery.wrong", recovery=id, statement=id)
    kid = seal.thumbprint(jwk)
    rows.put(Key(kid=kid, owner=member.id, jwk=jwk, statement=id, since=index, until=index))
    rows.put(
        Recovery(
            id=id,
            member=member.id,
            kid=kid,
            operators=tuple(body["operators"]),
            proof=body["proof"],
            until=body["until"],
            index=index,
        )
    )


def _fold_objection(rows: Rows, index: int, id: str, body: Json) -> None:
    held = _open(rows, id, body)
    rows.put(replace(held, closed=index, outcome="objected"))


def _fold_recovered(rows: Rows, index: int, id: str, body: Json) -> None:
    """Of nobody but who objected the word counts before the time is over; then all former keys end at once."""
    held = _open(rows, id, body)
    if held.kid != seal.thumbprint(seal.public(body["key"])) or body["issued"] < held.until:
        raise Untrusted("recovery.wrong", recovery=held.id, statement=id)
    for key in rows.find(Key, owner=held.member, until=None):
        rows.put(replace(key, until=index))
    new = rows.get(Key, held.kid)
    if new is not None:
        rows.put(replace(new, since=index, until=None))
    rows.put(replace(held, closed=index, outcome="recovered"))


def _open(rows: Rows, id: str, body: Json) -> Recovery:
    held = rows.get(Recovery, body["recovery"])
    if held is None or held.closed is not None or held.member != body["member"]:
        raise Untrusted("recovery.wrong", recovery=body["recovery"], statement=id)
    return held


def left(rows: Rows, index: int, member: str) -> None:
    """A member that leaves needs no key any more."""
    for held in rows.find(Recovery, member=member, closed=None):
        rows.put(replace(held, closed=index, outcome="left"))


FOLDS: Final[Mapping[Kind, Callable[[Rows, int, str, Json], None]]] = {
    Kind.ROTATION: _fold_rotation,
    Kind.RETIREMENT: _fold_retirement,
    Kind.OPERATOR: _fold_operator,
    Kind.OPERATOR_EXIT: _fold_operator_exit,
    Kind.RECOVERY: _fold_recovery,
    Kind.OBJECTION: _fold_objection,
    Kind.RECOVERED: _fold_recovered,
}
"""How each kind of statement about keys changes the tables."""

__all__ = ["DAM", "FOLDS", "LOG", "RECORDS", "fold_log", "in_force", "left"]
