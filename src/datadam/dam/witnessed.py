"""Witnessed: have witnesses cosign each checkpoint, and do not start behind what one of them saw.

A folder that was restored from an older backup, or rolled back in secret, has a log that is shorter than a witness
remembers: what came after, a withdrawal among it, would be undone unnoticed. What the witnesses have not seen yet, the
last few seconds, they cannot notice.
"""

import logging
from dataclasses import dataclass
from typing import Final

from datadam.dam.world import World
from datadam.errors import DamError, NotFound, Refused, Unavailable, Untrusted
from datadam.formats import cosignature, note
from datadam.formats.cosignature import Submission
from datadam.model import Checkpoint
from datadam.peers import Followed
from datadam.ports import Witness

AGAIN_SECONDS: Final = (
    3600  # after which an unchanged checkpoint is cosigned anew, to show that the witness still looks
)

_LOG: Final = logging.getLogger(__name__)
_KEPT: Final = "cosigned "


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a witness has followed the log."""

    name: str
    size: int  # 0: it has cosigned nothing yet
    time: int  # Unix seconds


def settle(world: World, *, alone: bool = False) -> None:
    """Before a dam is served: every witness that answers must have seen no more than the log holds.

    `Untrusted` where one has, or will not cosign. Where none answers, `Unavailable`, unless the operator said `alone`.
    """
    silent: list[str] = []
    for witness in world.witnesses:
        try:
            ask(world, witness)
        except Unavailable as error:
            silent.append(_name(witness))
            _LOG.warning("witness %s: %s", _name(witness), error.code)
    if silent and len(silent) == len(world.witnesses) and not alone:
        raise Unavailable("witness.all-silent", witnesses=", ".join(silent))


def renew(world: World) -> list[DamError]:
    """Have every witness cosign what it has not seen yet; why it did not, for each that did not."""
    faults: list[DamError] = []
    now = world.clock().timestamp()
    for witness, standing in zip(world.witnesses, standings(world), strict=True):
        if standing.size < world.ledger.size or now - standing.time > AGAIN_SECONDS:
            try:
                ask(world, witness)
            except DamError as error:
                _LOG.warning("witness %s: %s", standing.name, error.code)
                faults.append(error)
    return faults


def ask(world: World, witness: Witness) -> None:
    """Have one witness cosign the checkpoint as it is now, and keep its cosignature."""
    last = _last(world, witness)
    old = last[0].size if last else 0
    for _ in range(2):  # the second time with the size that the witness itself told
        published = world.ledger.checkpoint()
        size = note.open_checkpoint(published, world.ledger.vkey).size
        if old > size:
            raise Untrusted("witness.ahead", witness=_name(witness), seen=old, size=size)
        submission = Submission(old=old, proof=world.ledger.consistency(old, size), note=published)
        try:
            line = witness.add_checkpoint(cosignature.request(submission))
        except Refused as error:
            old = int(str(error.facts["size"]))
            continue
        cosignature.cosigned(published + line, witness.vkey)
        name, id, _ = note.read_vkey(witness.vkey, note.WITNESS_KEY)
        own = note.line(name, id + note.signed_by(published + line, name, id)[1])
        with world.store.transaction() as rows:
            rows.note(_KEPT + name, published + own)
        return
    if old > world.ledger.size:
        raise Untrusted("witness.ahead", witness=_name(witness), seen=old, size=world.ledger.size)
    raise Untrusted("witness.refused", witness=_name(witness), status=409)


def standings(world: World) -> list[Standing]:
    """How far each witness has followed, in the order of the settings."""
    found = []
    for witness in world.witnesses:
        checkpoint, time = _last(world, witness) or (None, 0)
        found.append(Standing(name=_name(witness), size=checkpoint.size if checkpoint else 0, time=time))
    return found


def cosigned(world: World) -> str:
    """The newest checkpoint that a witness or a peer cosigned, with every cosignature of it; `NotFound` for none."""
    notes = cosignatures(world)
    if not notes:
        raise NotFound("witness.nothing-cosigned")
    newest = max(notes, key=lambda one: note.unsigned_checkpoint(one).size)
    lines = {one.rpartition("\n\n")[2].splitlines()[-1] for one in notes if note.text_of(one) == note.text_of(newest)}
    own = newest.rpartition("\n\n")[2].splitlines()[:-1]  # by the log: also of a former key, or of two
    return note.text_of(newest) + "\n" + "".join(f"{line}\n" for line in [*own, *sorted(lines)])


def cosignatures(world: World) -> list[str]:
    """What each witness and each peer cosigned last, a note each: in a busy log they are of different sizes."""
    with world.store.read() as rows:
        held = [rows.noted(_KEPT + _name(witness)) for witness in world.witnesses]
        held += [one.cosignature for one in rows.find(Followed)]
    return [one for one in held if one is not None]


def _last(world: World, witness: Witness) -> tuple[Checkpoint, int] | None:
    with world.store.read() as rows:
        held = rows.noted(_KEPT + _name(witness))
    return cosignature.cosigned(held, witness.vkey) if held is not None else None


def _name(witness: Witness) -> str:
    return note.read_vkey(witness.vkey, note.WITNESS_KEY)[0]
