"""Peers over HTTP: who they are and how they stand, for everybody; and what other dams ask, each request signed."""

from collections.abc import Mapping
from typing import Final

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from datadam import seal
from datadam.dam import federate, peer, proposals, witnessed
from datadam.edges.manners import PROBLEM, details, vouch, world_of
from datadam.errors import DamError, NotFound, Refused, Unavailable, Untrusted, revived
from datadam.model import Json

router = APIRouter(prefix="/api")
NONCE: Final = "datadam-nonce"  # the header with what the next signed request must carry
SCHEME: Final = "datadam"  # of the Authorization header of a signed request
_REFUSED: Final = 400
_UNAUTHORISED: Final = 401
_BRANCH: Final[Mapping[int, type[DamError]]] = {
    403: Refused,
    404: NotFound,
    409: Refused,
    429: Refused,
    503: Unavailable,
}
AT_ONCE: Final = 8  # requests of other dams that are answered together; members' have threads of their own


@router.get("/peers")
def get_peers(request: Request) -> Json:
    """The dams that this one peers with: keys, terms, last contact, and faults with what shows them."""
    return peer.public(world_of(request))


@router.get("/log/cosignatures")
def get_cosignatures(request: Request) -> Json:
    """What each witness and each peer cosigned last of this log, a note each (C2SP tlog-cosignature)."""
    return {"items": witnessed.cosignatures(world_of(request))}


@router.get("/federation/identity")
def get_identity(request: Request) -> Json:
    """Who this dam is: its name and keys, and what led from its first entry to them; to offer it a peering."""
    return proposals.own(world_of(request))


@router.get("/federation/{rest:path}")
async def get_federation(request: Request, rest: str) -> Response:
    """What another dam asks, by a request that it signed."""
    return await _answered(request, rest)


@router.post("/federation/{rest:path}")
async def post_federation(request: Request, rest: str) -> Response:
    """What another dam sends, by a request that it signed."""
    return await _answered(request, rest)


async def _answered(request: Request, _: str) -> Response:
    scheme, _blank, token = request.headers.get("authorization", "").partition(" ")
    query = request.scope["query_string"].decode("latin-1")
    path = request.scope["path"] + (f"?{query}" if query else "")
    body, world = await request.body(), world_of(request)
    shown = token.strip() if scheme.lower() == SCHEME else None

    found = await anyio.to_thread.run_sync(
        lambda: federate.answer(world, request.method, path, shown, body), limiter=request.app.state.neighbours
    )
    if found.nonce is not None:  # only a dam that we know is given one
        vouch(request)
    headers = {"Cache-Control": "no-store", **({NONCE: found.nonce} if found.nonce else {})}
    if found.status < _REFUSED:
        return Response(found.body, found.status, headers=headers, media_type="application/json")
    refusal = revived(seal.parse(found.body), _BRANCH.get(found.status, Untrusted))
    if found.status == _UNAUTHORISED:
        headers["WWW-Authenticate"] = f'{SCHEME.title()} realm="datadam"'
    told = {**details(request, refusal), "status": found.status}
    return JSONResponse(told, found.status, headers=headers, media_type=PROBLEM)
