"""Declarations over HTTP: a member signs its own; auditors read all, others theirs."""

from functools import partial

import anyio.to_thread
from fastapi import APIRouter, Request

from datadam import seal
from datadam.dam import declare
from datadam.edges.declaration_verbs import told
from datadam.edges.manners import member_of, world_of
from datadam.errors import Invalid
from datadam.model import Json

router = APIRouter(prefix="/api")


@router.get("/declarations")
def get_declarations(request: Request) -> Json:
    """What is declared, with who answers for it, as far as the caller may read it; in the order of the log."""
    world = world_of(request)
    return {"items": [told(world, one) for one in declare.seen_by(world, member_of(request))]}


@router.post("/declarations", status_code=201)
async def post_declaration(request: Request) -> Json:
    """Declare: `{statement: JWS, person: text}`; the text is the body with name and office, as it was hashed."""
    sent = seal.parse(await request.body())
    if not isinstance(sent, dict) or set(sent) != {"statement", "person"} or not isinstance(sent["person"], str):
        raise Invalid("request.malformed", expected="statement, person")
    try:
        person = sent["person"].encode()
    except UnicodeEncodeError as error:  # JSON can spell half a surrogate pair
        raise Invalid("declaration.person-malformed", field="person") from error
    return await anyio.to_thread.run_sync(partial(_sign, request, seal.canonical(sent["statement"]), person))


def _sign(request: Request, envelope: bytes, person: bytes) -> Json:
    world = world_of(request)
    return told(world, declare.sign(world, member_of(request), envelope, person))
