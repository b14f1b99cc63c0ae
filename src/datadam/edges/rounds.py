"""Rounds of matching over HTTP: which there are, a member's commitment, a maker's bag, and what came of it for it."""

from functools import partial

import anyio.to_thread
from fastapi import APIRouter, Request

from datadam.dam import round  # noqa: A004  (the noun)
from datadam.edges.manners import member_of, world_of
from datadam.model import Json

router = APIRouter(prefix="/api")


@router.get("/rounds")
def get_rounds(request: Request) -> Json:
    """Every round that this dam announced with a peer: how far it is, its plan and its keys. Nobody who takes part."""
    world = world_of(request)
    return {"items": [round.told(world, one) for one in round.every(world)]}


@router.post("/commitments", status_code=201)
async def post_commitment(request: Request) -> Json:
    """Commit to a list, for a round or to another member: a `commitment` statement signed by the member."""
    caller, data = member_of(request), await request.body()
    return await anyio.to_thread.run_sync(partial(round.committed, world_of(request), caller, data))


@router.post("/rounds/{id}/bag", status_code=201)
async def post_bag(request: Request, id: str) -> Json:
    """Hand in a maker's bag: one, by a maker that committed and signed for the result."""
    caller, data = member_of(request), await request.body()
    return await anyio.to_thread.run_sync(partial(round.hand_in, world_of(request), caller, id, data))


@router.get("/rounds/{id}/result")
def get_result(request: Request, id: str) -> Json:
    """What came of a round for the maker that asks: the receipt of its release, and what both dams hand it."""
    return round.result(world_of(request), member_of(request), id)
