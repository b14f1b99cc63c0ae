"""Countries' reservations over HTTP: everybody reads them, a country signs its own."""

from functools import partial

import anyio.to_thread
from fastapi import APIRouter, Request

from datadam.dam import reserve
from datadam.edges.manners import member_of, world_of
from datadam.formats import own_terms
from datadam.model import Json
from datadam.restriction import Reservation
from datadam.terms import Force

router = APIRouter(prefix="/api")


@router.get("/reservations")
def get_reservations(request: Request) -> Json:
    """What countries ask of all that their firms deposit, as each said it last, for machines to read."""
    return {"items": [_told(one) for one in reserve.every(world_of(request)).values()]}


@router.post("/reservations", status_code=201)
async def post_reservation(request: Request) -> Json:
    """A country's signed reservation; it binds on the next request."""
    data = await request.body()
    return await anyio.to_thread.run_sync(partial(_reserve, request, data))


def _reserve(request: Request, data: bytes) -> Json:
    return _told(reserve.reserve(world_of(request), member_of(request), data))


def _told(one: Reservation) -> Json:
    said = [own_terms.write(own_terms.parsed(text)) for text in one.terms]
    told = {"country": one.country, "restrictions": said, "statement": one.statement, "index": one.index}
    return {**told, "force": Force.ENFORCED}
