"""Credentials over HTTP: whom the dam recognises, for everybody; and to whoever calls, what it holds."""

from fastapi import APIRouter, Request, Response

from datadam.dam import credential
from datadam.edges.credential_verbs import told, told_issuer
from datadam.edges.manners import member_of, world_of
from datadam.formats.credential import MEDIA
from datadam.model import Json

router = APIRouter(prefix="/api")


@router.get("/issuers")
def get_issuers(request: Request) -> Json:
    """Whose credentials the dam recognises, for which names and by which keys."""
    return {"items": [told_issuer(one) for one in credential.issuers(world_of(request))]}


@router.get("/credentials")
def get_credentials(request: Request) -> Json:
    """The caller's credentials, also those that are over or were revoked."""
    world = world_of(request)
    return {"items": told(world, credential.own(world, member_of(request)))}


@router.get("/credentials/{id}/evidence")
def get_evidence(request: Request, id: str) -> Response:
    """The token that a credential rests on, for its holder and for auditors: to check the signature again."""
    token = credential.evidence(world_of(request), member_of(request), id)
    return Response(token, media_type=MEDIA, headers={"Cache-Control": "no-store"})
