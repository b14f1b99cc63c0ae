"""The operator's verbs about keys: the dam's own, those of operators, and recoveries of members that lost theirs."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Final

from datadam import recovery, seal
from datadam.dam import recover, rotate
from datadam.dam.world import World
from datadam.model import Json


def _keys(world: World) -> Json:
    return {"items": [asdict(one) for one in rotate.keys(world)]}


def _rotate(world: World, use: str, reason: str) -> Json:
    return {"index": rotate.rotate(world, use, reason), "vkey": world.ledger.vkey}


def _retire(world: World, use: str, reason: str, now: str | None) -> Json:
    return {"index": rotate.retire(world, use, reason, now=bool(now))}


def _operators(world: World) -> Json:
    return {
        "items": [{"operator": one.owner, "since": one.since, "until": one.until} for one in recover.operators(world)]
    }


def _operator_add(world: World, text: str) -> Json:
    return {"index": recover.add_operator(world, text.encode())}


def _operator_remove(world: World, operator: str, reason: str) -> Json:
    return {"index": recover.remove_operator(world, operator, reason)}


def _begin(world: World, text: str) -> Json:
    told, proof = recovery.read(text)
    id, index = recover.begin(world, seal.envelope(told), proof)
    return {"recovery": id, "index": index, "until": told.body["until"]}


def _finish(world: World, id: str) -> Json:
    return {"index": recover.finish(world, id)}


def _forget(world: World, id: str, reason: str) -> Json:
    return {"index": recover.forget(world, id, reason)}


def _recoveries(world: World) -> Json:
    return {"items": [{**asdict(one), "profile": recover.proof_of(world, one)} for one in recover.recoveries(world)]}


VERBS: Final[Mapping[str, tuple[tuple[str, ...], Callable[..., Json]]]] = {
    "keys": ((), _keys),
    "rotate-key": (("use", "reason"), _rotate),
    "retire-key": (("use", "reason", "now?"), _retire),
    "operators": ((), _operators),
    "add-operator": (("text",), _operator_add),
    "remove-operator": (("operator", "reason"), _operator_remove),
    "begin-recovery": (("text",), _begin),
    "finish-recovery": (("id",), _finish),
    "forget-recovery": (("id", "reason"), _forget),
    "recoveries": ((), _recoveries),
}
