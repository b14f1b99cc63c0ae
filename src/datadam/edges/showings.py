"""What came of a round, shown to others, over HTTP: who asks for it, which makers agree, and what they sealed."""

from functools import partial

import anyio.to_thread
from fastapi import APIRouter, Request

from datadam.dam import showing
from datadam.edges.manners import member_of, world_of
from datadam.model import Json

router = APIRouter(prefix="/api")


@router.get("/rounds/{id}/showings")
def get_showings(request: Request, id: str) -> Json:
    """Who asks to be shown what came of a round: for whoever asked its own, for its makers all."""
    return showing.listed(world_of(request), member_of(request), id)


@router.post("/rounds/{id}/showings", status_code=201)
async def post_showing(request: Request, id: str) -> Json:
    """Ask the makers of a round to show it: a `showing` statement, the terms, signed by the member that asks."""
    caller, data = member_of(request), await request.body()
    return await anyio.to_thread.run_sync(partial(showing.request, world_of(request), caller, id, data))


@router.post("/showings/{id}/consent", status_code=201)
async def post_consent(request: Request, id: str) -> Json:
    """Agree as a maker: a `showing-consent` statement signed by it, and what it read, sealed for who asked."""
    caller, data = member_of(request), await request.body()
    return await anyio.to_thread.run_sync(partial(showing.consent, world_of(request), caller, id, data))


@router.post("/rounds/{id}/shown")
def post_shown(request: Request, id: str) -> Json:
    """Be shown what came of a round; logged, a refusal too. Sealed sheets, one a maker, and the receipt."""
    return showing.view(world_of(request), member_of(request), id)
