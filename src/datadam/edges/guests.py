"""Guests over HTTP: what a member of a peer would sign to take part here, and what it signed."""

from functools import partial
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Query, Request

from datadam.dam import guest
from datadam.edges.manners import world_of
from datadam.model import Json, Member, Role

router = APIRouter(prefix="/api")


@router.get("/guests/draft")
def get_draft(
    request: Request,
    home: str,
    accession: Annotated[str, Query(max_length=64)],
    role: Annotated[list[Role] | None, Query(max_length=3)] = None,
) -> Json:
    """What the member of the dam called `home` signs that has this accession there: the body, the text, the terms."""
    found = guest.draft(world_of(request), home=home, accession=accession, roles=role or (Role.CONSUMER,))
    return {"body": found.body, "texts": found.texts, "terms": found.terms}


@router.post("/guests", status_code=201)
async def post_guest(request: Request) -> Json:
    """Take part: a `guest` statement signed by the member. The same again is the same guest."""
    data = await request.body()
    return _told(await anyio.to_thread.run_sync(partial(guest.enter, world_of(request), data)))


def _told(member: Member) -> Json:
    return {
        "member": member.id,
        "home": member.home,
        "roles": sorted(member.roles),
        "statement": member.statement,
        "index": member.since,
    }
