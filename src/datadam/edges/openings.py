"""Openings of models over HTTP: providers open on a demand, auditors read; to all others there are none."""

from dataclasses import asdict
from functools import partial
from typing import Final

import anyio.to_thread
from fastapi import APIRouter, Request, Response

from datadam import seal
from datadam.dam import unseal
from datadam.disclosure import MOST_OPENED
from datadam.edges.incoming import Body
from datadam.edges.manners import member_of, world_of
from datadam.errors import Invalid
from datadam.model import Json

router = APIRouter(prefix="/api")
_MOST: Final = seal.MAX_ENVELOPE + 1 + unseal.SALT + MOST_OPENED
_FROM: Final = "/api/models/"
_TO: Final = "/openings"


def is_large(path: str) -> bool:
    """Whether requests to a path may be larger than others: it is bounded here."""
    return path.startswith(_FROM) and path.endswith(_TO)


@router.post("/models/{id}/openings", status_code=201)
async def post_opening(request: Request, id: str) -> Json:
    """Open a part of a model: a signed `opening`, a line break, salt and bytes. Refused unread without a demand."""
    return await anyio.to_thread.run_sync(partial(_unseal, request, id))


def _unseal(request: Request, id: str) -> Json:
    world, caller = world_of(request), member_of(request)
    unseal.may_send(world, caller, id)
    sent = bytearray()
    for chunk in Body(request).chunks():
        sent += chunk
        if len(sent) > _MOST:
            raise Invalid("model.opening-too-large", limit=MOST_OPENED)
    envelope, mark, content = bytes(sent).partition(b"\n")
    if not mark:
        raise Invalid("request.malformed", expected="opening, line break, salt and bytes")
    return asdict(unseal.unseal(world, caller, envelope, content))


@router.get("/models/{id}/openings")
def get_openings(request: Request, id: str) -> Json:
    """What was opened of a model, for its provider and for auditors."""
    return {"items": [asdict(one) for one in unseal.openings(world_of(request), member_of(request), id)]}


@router.get("/openings/{id}")
def get_opening(request: Request, id: str) -> Response:
    """The salt and the bytes of an opening, for its provider and for auditors."""
    content = unseal.content(world_of(request), member_of(request), id)
    return Response(content, media_type="application/octet-stream", headers={"Cache-Control": "no-store"})
