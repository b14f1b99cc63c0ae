"""Decisions over HTTP: what the answer would be, what it was, and who could get what."""

from functools import partial
from typing import Final

import anyio.to_thread
from fastapi import APIRouter, Request

from datadam import decisions, seal, texts
from datadam.dam import decide, prove
from datadam.edges.manners import language_of, member_of, world_of
from datadam.errors import Invalid, Refused
from datadam.model import Decision, Json

router = APIRouter(prefix="/api")

_NEEDED: Final = {"action", "standard"}
_ALLOWED: Final = _NEEDED | {"member", "purpose", "destination"}


@router.post("/asks")
async def post_ask(request: Request) -> Json:
    """What the answer would be: `{action, standard, purpose, destination}`; for auditors with a `member`."""
    sent = _sent(await request.body())
    return await anyio.to_thread.run_sync(partial(_try, request, sent))


def _sent(data: bytes) -> Json:
    sent = seal.parse(data)
    if not isinstance(sent, dict) or not _NEEDED <= set(sent) <= _ALLOWED:
        raise Invalid("request.unreadable")
    if any(not isinstance(value, str) and value is not None for value in sent.values()):
        raise Invalid("request.unreadable")
    return sent


def _try(request: Request, sent: Json) -> Json:
    world, caller = world_of(request), member_of(request)
    ask = decide.wished(world, {**sent, "member": decide.about(world, caller, sent.get("member"))})
    whole = ask.member != caller.member
    return {"member": ask.member, **_said(request, decide.trial(world, ask), whole=whole)}


@router.post("/asks/everybody")
async def post_asks(request: Request) -> Json:
    """Who could get this and who not, and why: `{action, standard, purpose, destination}`. For auditors."""
    sent = _sent(await request.body())
    return await anyio.to_thread.run_sync(partial(_try_all, request, sent))


def _try_all(request: Request, sent: Json) -> Json:
    found = decide.everybody(world_of(request), member_of(request), sent)
    return {
        "items": [
            {"member": member.id, "jurisdiction": member.jurisdiction, **_said(request, decision, whole=True)}
            for member, decision in found
        ]
    }


def _said(request: Request, decision: Decision, *, whole: bool) -> Json:
    """An answer in words; only auditors see those reasons whole that rest on facts of others."""
    outcome = decisions.outcome(decision if whole else decisions.for_asker(decision))
    return {**outcome, "reasons": [texts.told(one, language_of(request)) for one in outcome["reasons"]]}


@router.post("/decisions", status_code=201)
async def post_decision(request: Request) -> Json:
    """Ask, and be answered by a logged statement as who takes rows is: `{action, standard, purpose, destination}`."""
    sent = _sent(await request.body())
    return await anyio.to_thread.run_sync(partial(_decide, request, sent))


def _decide(request: Request, sent: Json) -> Json:
    world, caller = world_of(request), member_of(request)
    if sent.get("member") not in {None, caller.member}:
        raise Refused("ask.not-yours")
    decision, id = decide.decide(world, decide.wished(world, {**sent, "member": caller.member}))
    return {"id": id, "member": caller.member, **_said(request, decision, whole=False)}


@router.get("/decisions")
def get_decisions(request: Request, standard: str | None = None) -> Json:
    """The caller's decisions, in the order of the log."""
    caller = member_of(request)
    held = decide.of(world_of(request), str(caller.member), standard=standard)
    return {
        "items": [
            {"id": one.id, "standard": one.standard, "action": one.action, "allowed": one.allowed, "index": one.index}
            for one in held
        ]
    }


@router.get("/decisions/{id}")
def get_decision(request: Request, id: str) -> Json:
    """A decision's receipt, and that of the offer that it was made by: all that it takes to make it again."""
    world, caller = world_of(request), member_of(request)
    entry = decide.found(world, str(caller.member), id)
    offer = entry.statement.body["offer"]
    return {
        "receipt": prove.receipt_of(world, entry.statement),
        "offer": None if offer is None else prove.receipt_of(world, world.ledger.statement(offer)),
    }
