"""Recover a member that lost its key: two operators vouch for the next one, the old one may object, then it counts.

Nothing of this is the dam's alone: a recovery is signed by the new key and by two operators whose keys the log had
before, it waits in the open, and whoever holds the old key stops it with one signature.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from datadam import seal
from datadam.dam import certified, join, state
from datadam.dam.world import World
from datadam.errors import NotFound, Refused, Untrusted
from datadam.formats.statements import shaped
from datadam.model import Json, Key, Kind, Recovery, instant

MARK: Final = "o-"
"""Begins the id of an operator."""


def add_operator(world: World, envelope: bytes) -> int:
    """Countersign and log the key of a person who may vouch for members from now on."""
    told = shaped(seal.opened(envelope), Kind.OPERATOR)
    if told.body["operator"] != seal.operator_id(told.body["key"]):
        raise Untrusted("operator.id-wrong", operator=told.body["operator"])
    return state.record(world, seal.countersign(told, world.secrets.private_key("sign")))


def remove_operator(world: World, operator: str, reason: str) -> int:
    """Log that an operator vouches no more."""
    facts = {"operator": operator, "reason": reason}
    return state.record(world, state.statement(world, Kind.OPERATOR_EXIT, facts))


def operators(world: World) -> list[Key]:
    """Every operator's key, also of those who vouch no more, the oldest first."""
    with world.store.read() as rows:
        return sorted((key for key in rows.find(Key) if key.owner.startswith(MARK)), key=lambda key: key.since)


def begin(world: World, envelope: bytes, proof: bytes) -> tuple[str, int]:
    """Log what two operators and the new key signed, and keep the proof of who the member is: id and log index.

    It must leave the old key at least `recovery_days` from now to object.
    """
    told = shaped(seal.opened(envelope), Kind.RECOVERY)
    with world.lock:
        member = join.known(world, told.body["member"])
        if member.until is not None:
            raise Refused("member.left", member=told.body["member"])
        if told.body["proof"] != seal.digest(proof):
            raise Untrusted("profile.digest-wrong")
        profile = join.check_profile(proof)
        certified.check(world, told.body, profile, jurisdiction=member.jurisdiction, at=world.clock())
        least = instant(world.clock() + timedelta(days=world.settings.recovery_days))
        if told.body["until"] < least:
            raise Refused("recovery.too-soon", until=told.body["until"], least=least)
        state.rehearse(world, told)
        world.bodies.put(told.body["proof"], proof)
        return told.id, state.record(world, told)


def finish(world: World, id: str) -> int:
    """Log that nobody objected in time; the former keys and all logins and share profiles end with it."""
    with world.lock:
        held = known(world, id)
        if held.closed is not None:
            raise Refused("recovery.closed", recovery=held.id, outcome=str(held.outcome))
        if instant(world.clock()) < held.until:
            raise Refused("recovery.waits", recovery=held.id, until=held.until)
        with world.store.read() as rows:
            key = rows.get(Key, held.kid)
        facts = {"recovery": held.id, "member": held.member, "key": dict(key.jwk) if key else {}}
        return state.record(world, state.statement(world, Kind.RECOVERED, facts))


def objected(world: World, envelope: bytes) -> int:
    """Log what the member signed with the key that was said to be lost; the recovery ends."""
    return state.record(world, shaped(seal.opened(envelope), Kind.OBJECTION))


def forget(world: World, id: str, reason: str) -> int:
    """Erase what proved who the member is. The erasure is logged first: what is missing is missing on purpose."""
    held = known(world, id)
    facts = {"body": held.proof, "member": held.member, "reason": reason}
    index = state.record(world, state.statement(world, Kind.ERASURE, facts))
    world.bodies.erase(held.proof)
    return index


def proof_of(world: World, held: Recovery) -> Json:
    """What proved who the member is, or nothing where that was erased."""
    try:
        found: Json = seal.parse(world.bodies.get(held.proof))
    except NotFound:
        return {}
    return found


def known(world: World, id: str) -> Recovery:
    """The recovery with that id."""
    with world.store.read() as rows:
        found = rows.get(Recovery, id)
    if found is None:
        raise NotFound("recovery.unknown", recovery=id[:64])
    return found


def recoveries(world: World) -> Sequence[Recovery]:
    """Every recovery there was, the oldest first."""
    with world.store.read() as rows:
        return sorted(rows.find(Recovery), key=lambda one: one.index)
