"""A witness: cosigns the checkpoints of logs that only ever grew under its eyes (C2SP tlog-witness). No I/O of its own.

- What it cosigned last is durable before the cosignature leaves; a witness that lost it must take a new key and name.
- It never dates a cosignature before its last one of that log.
- A log that signs two roots of one size is refused for good, and the note that proves it is kept beside the other.
  Only these two prove anything: a proof comes from whoever sends it, and an older checkpoint is no second history.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from datadam import merkle, succession
from datadam.errors import Invalid, NotFound, Refused, Unavailable, Untrusted
from datadam.formats import cosignature, note
from datadam.formats.cosignature import Submission
from datadam.model import Checkpoint, Json
from datadam.ports import Watch, Watched

_TURN = threading.Lock()  # to look at what was cosigned last and to replace it is one step


def watch(kept: Watch, url: str, checkpoint: str, *, vkey: str) -> Watched:
    """Begin to watch the log that `vkey` signs; `checkpoint` shows that it does. Watched already is `Invalid`."""
    seen = note.open_checkpoint(checkpoint, vkey)
    if kept.find(seen.origin) is not None:
        raise Invalid("witness.log-known", origin=seen.origin)
    watched = Watched(origin=seen.origin, vkey=vkey, url=url)
    kept.keep(watched)
    return watched


def cosign(kept: Watch, submission: Submission, *, now: int) -> str:
    """The signature line for a checkpoint that extends what was cosigned last, kept before it is given.

    `NotFound` for a log that is not watched, `Untrusted` without its signature, for a log that forked or with a proof
    that does not hold, `Refused` (`witness.other-size`, with the size) when `old` is not what was cosigned last.
    """
    origin = note.unsigned_checkpoint(submission.note).origin
    with _TURN:
        watched = kept.find(origin)
        if watched is None:
            raise NotFound("witness.log-unknown", origin=origin[:80])
        new = note.open_checkpoint(submission.note, watched.vkey)
        last = last_of(watched)
        if watched.evidence is not None:
            raise Untrusted("witness.forked", origin=origin, size=last.size)
        if submission.old > new.size:
            raise Invalid("witness.old-larger", old=submission.old, size=new.size)
        if submission.old != last.size:
            raise Refused("witness.other-size", size=last.size)
        own = note.text_of(submission.note) + "\n" + _own_line(submission.note, watched.vkey)
        if new.size == last.size and new.root != last.root:
            kept.keep(replace(watched, evidence=own))
            raise Untrusted("witness.forked", origin=origin, size=new.size)
        merkle.verify_consistency(last.size, new.size, submission.proof, last.root, new.root)
        if now < watched.time:
            raise Unavailable("witness.clock", seconds=watched.time - now)
        line = cosignature.cosign(submission.note, kept.name, kept.key, now=now)
        kept.keep(replace(watched, note=own + line, time=now))
        return line


def follow(kept: Watch, watched: Watched, checkpoint: str, steps: Callable[[], Iterable[Json]]) -> Watched:
    """The watched log under the key that its own former key led to, if the checkpoint has another key's signature.

    `steps` gives the log's rotations; it is asked only then, and nothing of it is believed that the key that is
    watched did not sign.
    """
    name, id, _ = note.read_vkey(watched.vkey)
    if note.key_ids(checkpoint, name) <= {id}:
        return watched
    vkey, _ = succession.follow(steps(), vkey=watched.vkey)
    if vkey == watched.vkey:
        return watched
    with _TURN:
        now = replace(kept.find(watched.origin) or watched, vkey=vkey)
        kept.keep(now)
        return now


def last_of(watched: Watched) -> Checkpoint:
    """What was cosigned last; the empty log where nothing was."""
    if watched.note is None:
        return Checkpoint(origin=watched.origin, size=0, root=merkle.EMPTY)
    return note.unsigned_checkpoint(watched.note)


def _own_line(checkpoint: str, vkey: str) -> str:
    """The log's own signature line: strangers' lines are not kept."""
    name, id, _ = note.read_vkey(vkey)
    _, signature = note.signed_by(checkpoint, name, id)
    return note.line(name, id + signature)


def look(
    kept: Watch, watched: Watched, checkpoint: str, proof: Callable[[int, int], Sequence[bytes]], *, now: int
) -> str:
    """Cosign the checkpoint that a watched log shows; `proof` gives its consistency proof between two sizes."""
    new, last = note.open_checkpoint(checkpoint, watched.vkey), last_of(watched)
    if new.size < last.size:
        raise Untrusted("checkpoint.smaller", size=new.size, expected=last.size)
    shown = tuple(proof(last.size, new.size)) if 0 < last.size < new.size else ()
    return cosign(kept, Submission(old=last.size, proof=shown, note=checkpoint), now=now)
