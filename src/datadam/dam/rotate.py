"""Rotate the dam's own keys: the one for its statements, and the one for its log's checkpoints.

A rotation is a statement by the former and the next key. Then both count, and both sign each checkpoint, until the
former one is retired: so whoever pinned it finds the next one under its own signature, and the retirement keeps the
last checkpoint of it for whoever comes later.

The log is logged first, keys are moved after it: `settle` mends what a crash left between the two.
"""

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Final

from datadam import seal
from datadam.dam import keyed, state
from datadam.dam.world import World
from datadam.errors import Invalid, Refused, Unavailable
from datadam.formats import note
from datadam.ledger import DAM, LOG
from datadam.model import Json, Key, Kind, instant, moment

FILES: Final = {DAM: "sign", LOG: "log"}
"""Where the keys of each use are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One of the dam's own keys."""

    use: str  # `dam` or `log`
    kid: str
    since: int
    until: int | None
    vkey: str | None  # of the log's


def keys(world: World) -> list[Held]:
    """Every key that the dam ever had of its own, the oldest first."""
    with world.store.read() as rows:
        found = sorted([*rows.find(Key, owner=DAM), *rows.find(Key, owner=LOG)], key=lambda key: (key.since, key.owner))
    return [Held(use=key.owner, kid=key.kid, since=key.since, until=key.until, vkey=_vkey(world, key)) for key in found]


def _vkey(world: World, key: Key) -> str | None:
    return note.vkey(world.settings.name, key.jwk) if key.owner == LOG else None


def rotate(world: World, use: str, reason: str) -> int:
    """Log the next key of a use, signed by the one in force and by itself; from here on both count."""
    with world.lock:
        held = _in_force(world, use)
        if len(held) > 1:
            raise Refused("keys.rotating", use=use)
        old, new = world.secrets.private_key(FILES[use]), world.secrets.next_key(FILES[use])
        facts = {"use": use, "key": seal.public(new), "replaces": seal.thumbprint(old), "reason": reason}
        told = state.statement(world, Kind.ROTATION, facts)
        for key in (old, new) if use == LOG else (new,):
            told = seal.countersign(told, key)
        index = state.record(world, told)
        settle(world)
        return index


def retire(world: World, use: str, reason: str, *, now: bool = False) -> int:
    """Log that the former key of a use counts no more, and destroy it.

    The log's is kept for `key_overlap_days`, so that whoever looks seldom finds the next one; `now` if it was stolen.
    """
    with world.lock:
        held = _in_force(world, use)
        if len(held) < 2:  # noqa: PLR2004  (the next one and the former one)
            raise Refused("keys.nothing-to-retire", use=use)
        if use == LOG and not now:
            began = moment(str(world.ledger.statement(held[0].statement).body["issued"]))
            until = began + timedelta(days=world.settings.key_overlap_days)
            if world.clock() < until:
                raise Refused("keys.overlap", until=instant(until))
        last = world.ledger.checkpoint() if use == LOG else None
        facts = {"use": use, "key": held[1].kid, "checkpoint": last, "reason": reason}
        index = state.record(world, state.statement(world, Kind.RETIREMENT, facts))
        settle(world)
        return index


def _in_force(world: World, use: str) -> list[Key]:
    if use not in FILES:
        raise Invalid("keys.use-unknown", use=use[:20], known=", ".join(FILES))
    state.catch_up(world)
    settle(world)
    with world.store.read() as rows:
        return keyed.in_force(rows, use)


def settle(world: World) -> None:
    """See that the keys that the log names are those that sign, whatever a crash left undone."""
    for use, name in FILES.items():
        with world.store.read() as rows:
            held = keyed.in_force(rows, use)
        if not held:
            raise Unavailable("secret.not-the-logs", name=name)
        world.secrets.advance(name, held[0].kid)
        if use == LOG:
            former = world.secrets.former_key(name)
            also = [former] if former and former["kid"] in {key.kid for key in held} else []
            world.ledger.use([world.secrets.private_key(name), *also])
        if len(held) == 1:
            world.secrets.drop_former(name)


def succession(world: World) -> list[Json]:
    """How the log came from each of its keys to the next: receipts under the former key, the oldest first."""
    steps = []
    with world.store.read() as rows:
        line = sorted(rows.find(Key, owner=LOG), key=lambda key: key.since)
    for old, new in pairwise(line):
        published = world.ledger.checkpoint()
        if old.until is not None:
            published = str(world.ledger.statement(world.ledger.entry(old.until)[1]).body["checkpoint"])
        steps.append(world.ledger.receipt(new.since, under=(published, str(_vkey(world, old)))))
    return steps
