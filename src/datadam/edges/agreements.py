"""Offers and agreements over HTTP: read, draft, sign, end, take along as a credential."""

from dataclasses import asdict
from functools import partial
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from datadam import seal
from datadam.dam import agree, offer
from datadam.edges.manners import member_of, world_of
from datadam.errors import Invalid
from datadam.formats import credential
from datadam.model import Json
from datadam.terms import AgreementState, PublishedOffer

router = APIRouter(prefix="/api")


@router.get("/offers")
def get_offers(request: Request) -> Json:
    """The offer in force of each standard that has one."""
    return {"items": [_offer(one) for one in offer.every(world_of(request))]}


@router.get("/offers/{standard}")
def get_offer(request: Request, standard: str, number: int | None = None) -> Json:
    """An offer, the one in force unless another is named: its terms, and the texts that people read and sign."""
    found = offer.find(world_of(request), standard, number)
    return {**_offer(found), "offer": seal.parse(found.text), "text": offer.written(world_of(request), found)}


def _offer(one: PublishedOffer) -> dict[str, Any]:
    terms = offer.read_offer(one)
    return {
        "standard": one.standard,
        "number": one.number,
        "statement": one.statement,
        "index": one.index,
        "issued": one.issued,
        "digest": one.digest,
        "texts": dict(one.texts),
        "actions": sorted({str(action) for permission in terms.permissions for action in permission.actions}),
        "automatic": terms.automatic,
        "law": terms.law,
    }


_WISH = frozenset({"standard", "purposes", "destination", "level"})


@router.post("/agreements/draft")
async def post_draft(request: Request) -> Json:
    """What to sign: `{standard, purposes, destination, level}`, a null level for the one that the offer asks for."""
    sent = seal.parse(await request.body())
    if not isinstance(sent, dict) or set(sent) != _WISH:
        raise Invalid("request.malformed", expected=", ".join(sorted(_WISH)))
    purposes, level = sent["purposes"], sent["level"]
    texts = isinstance(purposes, list) and all(isinstance(one, str) for one in purposes)
    named = all(isinstance(sent[name], str) for name in ("standard", "destination"))
    if not texts or not named or not isinstance(level, str | None):
        raise Invalid("request.malformed", expected="standard, [purposes], destination, level")
    return await anyio.to_thread.run_sync(partial(_draft, request, sent))


def _draft(request: Request, sent: Json) -> Json:
    made = agree.draft(
        world_of(request),
        member_of(request),
        sent["standard"],
        purposes=sent["purposes"],
        destination=sent["destination"],
        level=sent["level"],
    )
    return {"body": made.body, "texts": made.texts, "automatic": made.automatic}


@router.post("/agreements")
async def post_agreement(request: Request) -> Response:
    """A signed `agreement`: 201 where it is in force at once, 202 where it waits for the stewards."""
    data = await request.body()
    accept = partial(_accept, request, data)
    told = await anyio.to_thread.run_sync(accept)
    status = 202 if told["state"] == AgreementState.ACCEPTED else 201
    return JSONResponse(told, status_code=status)


def _accept(request: Request, data: bytes) -> Json:
    return asdict(agree.accept(world_of(request), member_of(request), data))


@router.get("/agreements")
def get_agreements(request: Request) -> Json:
    """The caller's agreements, also those that wait, were declined or have ended."""
    return {"items": [asdict(one) for one in agree.own(world_of(request), member_of(request))]}


@router.get("/agreements/{id}")
def get_agreement(request: Request, id: str) -> Json:
    """One of the caller's agreements."""
    return asdict(agree.find(world_of(request), id, member=str(member_of(request).member)))


@router.post("/agreements/end")
async def post_end(request: Request) -> Json:
    """End an agreement by an `agreement-change` statement that its member signed; from its log index it is over."""
    data = await request.body()
    return await anyio.to_thread.run_sync(partial(_end, request, data))


def _end(request: Request, data: bytes) -> Json:
    return {"index": agree.end(world_of(request), member_of(request), data)}


@router.get("/agreements/{id}/credential")
def get_credential(request: Request, id: str) -> Response:
    """An agreement in force as a W3C Verifiable Credential 2.0, a JWT that the dam signed."""
    token = agree.exported(world_of(request), member_of(request), id)
    return Response(token, media_type=credential.MEDIA, headers={"Cache-Control": "no-store"})
