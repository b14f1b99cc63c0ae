"""Cosigners: of those whom somebody named, how many saw a log that holds what is believed. Pure.

A rewrite of a log in secret then needs that many of them to take part in it. They need not have seen one and the same
checkpoint, for a busy log has another one each second: each vouches for its own and all before, and what is believed is
the largest that enough of them vouch for.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from datadam import merkle, seal
from datadam.errors import Invalid, NotFound, Untrusted
from datadam.formats import cosignature, note
from datadam.model import Checkpoint

MOST: Final = 50  # cosigners that somebody names

Prove = Callable[[int, int], Sequence[bytes]]
"""The consistency proof between two sizes of the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quorum:
    """Of which cosigners how many must have seen a checkpoint; wrong ones cannot be made."""

    keys: tuple[str, ...]  # verifier keys
    least: int

    def __post_init__(self) -> None:
        """Refuse keys that are none, one key twice, and more than there are."""
        raw = [seal.thumbprint(note.read_vkey(one, note.WITNESS_KEY)[2]) for one in self.keys]
        if len(set(raw)) != len(raw):  # under two names too: a cosignature does not say whose it is
            raise Invalid("quorum.key-twice")
        if not 1 <= self.least <= len(raw) <= MOST:
            raise Invalid("quorum.least-wrong", least=self.least, keys=len(raw), most=MOST)


def vouched(notes: Iterable[str], quorum: Quorum, *, vkey: str, prove: Prove) -> Checkpoint:
    """The largest checkpoint of the log `vkey` that enough of the cosigners saw, or a later one; else `Untrusted`.

    `notes` are checkpoints with cosignatures, of any sizes; what is signed by nobody who was named is not looked at.
    `prove` is asked for proofs between those that count.
    """
    seen = dict[str, Checkpoint]()
    for text in notes:
        for key, found in _cosigners(text, quorum).items():
            checkpoint = note.open_checkpoint(text, vkey)
            if key not in seen or seen[key].size < found.size:
                seen[key] = checkpoint
    if len(seen) < quorum.least:
        raise Untrusted("quorum.too-few", have=len(seen), least=quorum.least)
    counted = sorted(seen.values(), key=lambda one: one.size)[-quorum.least :]
    for before, after in pairwise(counted):
        linked(before, after, prove)
    return counted[0]


def _cosigners(text: str, quorum: Quorum) -> Mapping[str, Checkpoint]:
    """Which of the named keys cosigned a note; a line of theirs that does not hold is `Untrusted`."""
    found = {}
    for key in quorum.keys:
        name, id, _ = note.read_vkey(key, note.WITNESS_KEY)
        if id in note.key_ids(text, name):
            found[key] = cosignature.cosigned(text, key)[0]
    return found


def linked(before: Checkpoint, after: Checkpoint, prove: Prove) -> None:
    """Refuse (`Untrusted`) unless the log of `after` begins with that of `before`."""
    try:
        path = prove(before.size, after.size) if 0 < before.size < after.size else ()
    except (Invalid, NotFound) as error:
        raise Untrusted("checkpoint.forked", size=after.size) from error
    merkle.verify_consistency(before.size, after.size, path, before.root, after.root)


def under(checkpoint: Checkpoint, believed: Checkpoint, prove: Prove) -> None:
    """Refuse (`Untrusted`) a checkpoint, of a receipt say, that is not part of what enough cosigners saw."""
    if checkpoint.size > believed.size:
        raise Untrusted("quorum.not-yet", size=checkpoint.size, believed=believed.size)
    linked(checkpoint, believed, prove)
