"""Keys over HTTP: how the log came from each of its keys to the next, and recoveries of members' keys."""

from dataclasses import asdict
from functools import partial

import anyio.to_thread
from fastapi import APIRouter, Request

from datadam.dam import recover, rotate
from datadam.edges.manners import member_of, world_of
from datadam.model import Json

router = APIRouter(prefix="/api")


@router.get("/log/keys")
def get_log_keys(request: Request) -> Json:
    """The log's verifier key, and for each rotation of it a receipt under a checkpoint that the former key signed."""
    world = world_of(request)
    return {"vkey": world.ledger.vkey, "rotations": rotate.succession(world)}


@router.get("/recoveries")
def get_recoveries(request: Request) -> Json:
    """Every recovery of a member's key, the open ones among them; who the members are it does not tell."""
    return {"items": [asdict(one) for one in recover.recoveries(world_of(request))]}


@router.post("/objections", status_code=201)
async def post_objection(request: Request) -> Json:
    """Stop a recovery of one's own key: a statement signed with the key that was said to be lost."""
    world = world_of(request)
    member_of(request)
    stop = partial(recover.objected, world, await request.body())
    return {"index": await anyio.to_thread.run_sync(stop)}
