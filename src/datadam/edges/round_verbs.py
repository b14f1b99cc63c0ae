"""The operator's verbs about rounds of matching: agree to one with a peer, look at them, run one, close one."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Final

from datadam import seal
from datadam.dam import peer, round, rounding  # noqa: A004  (the noun)
from datadam.dam.world import World
from datadam.model import Json


def _open(world: World, peer_id: str, plan: str, closes: str) -> Json:
    told = seal.parse(plan)
    found = peer.find(world, peer_id)
    if isinstance(told, dict) and "dams" not in told:  # which two is plain
        told = {**told, "dams": sorted((world.settings.name, found.origin))}
    return round.open_round(world, found.id, told, closes)


def _rounds(world: World) -> Json:
    return {"items": [_told(world, one.id) for one in round.every(world)]}


def _told(world: World, id: str) -> Json:
    """A round, who takes part, how far it is and what was refused; no row of any bag."""
    announced = round.find(world, id)
    seen = round.insight(world, announced)
    return {
        **round.told(world, announced),
        "commitments": [{"member": one.member, "role": one.role, "index": one.index} for one in seen.commitments],
        "bags": list(seen.bags),
        "theirs": sorted(seal.parse(seen.running.theirs)) if seen.running and seen.running.theirs else [],
        "refusals": [asdict(one) for one in seen.refusals],
        "found": round.learned(world, announced),
    }


def _run(world: World, id: str) -> Json:
    rounding.run(world, id)
    return _told(world, id)


def _close(world: World, id: str, reason: str) -> Json:
    return rounding.close(world, id, reason)


VERBS: Final[Mapping[str, tuple[tuple[str, ...], Callable[..., Json]]]] = {
    "open-round": (("peer_id", "plan", "closes"), _open),
    "rounds": ((), _rounds),
    "run-round": (("id",), _run),
    "close-round": (("id", "reason"), _close),
}
