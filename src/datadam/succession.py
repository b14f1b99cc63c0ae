"""Follow a log from a key that was trusted to the one that came after it: only by what the trusted key signed."""

from collections.abc import Iterable
from dataclasses import dataclass

from datadam import ledger, seal
from datadam.errors import Untrusted
from datadam.formats import note
from datadam.model import Json, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """A key that signed the log before another took its place."""

    vkey: str
    size: int  # of the last checkpoint that it is known to have signed: larger ones under it are none of the log's


def follow(steps: Iterable[Json], *, vkey: str) -> tuple[str, list[Former]]:
    """The log's key now, for whoever trusts `vkey`, and the keys on the way; `vkey` itself where none came after it.

    Each step is the receipt of a rotation under a checkpoint that the former key signed. What does not hold is
    `Untrusted`; a step from a key that was never reached is not looked at.
    """
    formers: list[Former] = []
    for step in steps:
        if not isinstance(step, dict) or step.get("log") != vkey:
            continue
        proven = ledger.verify_receipt(seal.canonical(step), vkey=vkey)
        body = proven.statement.body
        rotated = proven.statement.kind is Kind.ROTATION and body["use"] == ledger.LOG
        if not rotated or body["replaces"] != seal.thumbprint(note.read_vkey(vkey)[2]):
            raise Untrusted("key.succession-wrong", member=ledger.LOG, statement=proven.statement.id)
        formers.append(Former(vkey=vkey, size=proven.checkpoint.size))
        vkey = note.vkey(proven.checkpoint.origin, body["key"])
    return vkey, formers


def within(found: ledger.Verified, vkey: str, formers: Iterable[Former]) -> ledger.Verified:
    """What a receipt proves, unless its checkpoint is larger than any that its key, a former one, signed there."""
    for former in formers:
        if former.vkey == vkey and found.checkpoint.size > former.size:
            raise Untrusted("receipt.key-former", size=found.checkpoint.size, limit=former.size)
    return found
