"""The register of models over HTTP: everybody reads it, members draft and sign."""

from functools import partial
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request, Response

from datadam import seal
from datadam.dam import disclose
from datadam.disclosure import Model
from datadam.edges.manners import caller_of, member_of, world_of
from datadam.errors import Invalid
from datadam.formats import ml_bom
from datadam.model import Json

router = APIRouter(prefix="/api")


@router.get("/models")
def get_models(request: Request, member: str | None = None) -> Json:
    """The register of models, of one provider or of all, in the order of the log."""
    return {"items": [_model(one) for one in disclose.every(world_of(request), member=member)]}


@router.get("/models/{id}")
def get_model(request: Request, id: str) -> Json:
    """One model as it was disclosed; to its provider and to auditors also what was withdrawn of its training set."""
    world, caller = world_of(request), caller_of(request)
    found = disclose.find(world, id)
    held = disclose.withdrawn(world, caller, found)
    left = None if held is None else [{"withdrawal": one.statement, "index": one.index} for one in held]
    return {**_model(found), "disclosed": world.ledger.statement(id).body, "withdrawn": left}


def _model(one: Model) -> dict[str, Any]:
    return {
        "id": one.id,
        "member": one.member,
        "name": one.name,
        "version": one.version,
        "replaces": one.replaces,
        "releases": len(one.releases),
        "index": one.index,
    }


@router.get("/models/{id}/ml-bom")
def get_bom(request: Request, id: str) -> Response:
    """One model as a CycloneDX 1.7 ML-BOM."""
    world = world_of(request)
    found = disclose.find(world, id)
    body = world.ledger.statement(id).body
    told = ml_bom.bom(body, id=id, origin=world.settings.name, index=found.index)
    return Response(seal.canonical(told), media_type=ml_bom.MEDIA)


@router.post("/models/draft")
async def post_draft(request: Request) -> Json:
    """What a provider would sign of a model card, YAML: the card, and the training set that the log comes to."""
    data = await request.body()
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise Invalid("request.unreadable") from error
    return await anyio.to_thread.run_sync(partial(_draft, request, text))


def _draft(request: Request, text: str) -> Json:
    return {"body": disclose.draft(world_of(request), member_of(request), text)}


@router.post("/models", status_code=201)
async def post_model(request: Request) -> Json:
    """Register a model by its signed statement."""
    data = await request.body()
    return await anyio.to_thread.run_sync(partial(_register, request, data))


def _register(request: Request, data: bytes) -> Json:
    return _model(disclose.register(world_of(request), member_of(request), data))
