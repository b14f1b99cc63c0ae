"""Decisions over HTTP: what the answer would be, what it was, and who could get what."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, cast

import anyio.to_thread
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from datadam import decisions, seal, texts
from datadam.dam import decide, prove
from datadam.dam.remembered import AT_ONCE
from datadam.dam.world import World
from datadam.edges.manners import details, language_of, member_of, world_of
from datadam.errors import DamError, Invalid, Refused
from datadam.model import Ask, Decision, Json

router = APIRouter(prefix="/api")

_NEEDED: Final = {"action", "standard"}
_ALLOWED: Final = _NEEDED | {"member", "purpose", "destination"}


@router.post("/asks")
async def post_ask(request: Request) -> Json:
    """What the answer would be: `{action, standard, purpose, destination}`; for auditors with a `member`."""
    sent = _sent(await request.body())
    return await anyio.to_thread.run_sync(partial(_try, request, sent))


def _sent(data: bytes) -> Json:
    return _wish(seal.parse(data))


def _wish(sent: object) -> Json:
    if not isinstance(sent, dict) or not _NEEDED <= set(sent) <= _ALLOWED:
        raise Invalid("request.unreadable")
    if any(not isinstance(value, str) and value is not None for value in sent.values()):
        raise Invalid("request.unreadable")
    return sent


def _try(request: Request, sent: Json) -> Json:
    world, caller = world_of(request), member_of(request)
    member = decide.about(world, caller, sent.get("member"), str(sent["standard"]))
    ask = decide.wished(world, {**sent, "member": member})
    whole = ask.member != caller.member
    return {"member": ask.member, **_said(request, decide.trial(world, ask), ask.standard, whole=whole)}


@router.post("/asks/everybody")
async def post_asks(request: Request) -> Json:
    """Who could get this and who not, and why: `{action, standard, purpose, destination}`.

    For auditors and the standard's stewards.
    """
    sent = _sent(await request.body())
    return await anyio.to_thread.run_sync(partial(_try_all, request, sent))


def _try_all(request: Request, sent: Json) -> Json:
    found = decide.everybody(world_of(request), member_of(request), sent)
    return {
        "items": [
            {
                "member": member.id,
                "jurisdiction": member.jurisdiction,
                **_said(request, decision, str(sent["standard"]), whole=True),
            }
            for member, decision in found
        ]
    }


def _said(request: Request, decision: Decision, standard: str, *, whole: bool) -> Json:
    """An answer in words; those reasons that rest on facts of others are whole for auditors and stewards only."""
    outcome = decisions.outcome(decision if whole else decisions.for_asker(decision, standard))
    return {**outcome, "reasons": [texts.told(one, language_of(request)) for one in outcome["reasons"]]}


@router.post("/decisions", status_code=201)
async def post_decision(request: Request) -> Response:
    """Ask, and be answered by a logged statement as who takes rows is: `{action, standard, purpose, destination}`.

    A list of up to 500 asks is answered by `{items}`, in its order; in place of one that was refused, its `problem`.
    """
    sent = seal.parse(await request.body())
    if not isinstance(sent, list):
        (told,) = await _desk(request).answers(request, [_wish(sent)], alone=True)
        return JSONResponse(told, status_code=201)
    if not 0 < len(sent) <= AT_ONCE:
        raise Invalid("request.asks-too-many", limit=AT_ONCE)
    return JSONResponse({"items": await _desk(request).answers(request, [_wish(one) for one in sent])}, status_code=201)


def _desk(request: Request) -> "Desk":
    desk: Desk = request.app.state.desk
    return desk


@dataclass(slots=True, eq=False)
class _Turn:
    """A request that waits for its answers."""

    request: Request
    sent: list[Json]
    alone: bool  # one ask, and not a list of it
    future: asyncio.Future[list[Json]]
    asks: list[Ask] = field(default_factory=list)
    told: list[Json] | Exception | None = None


class Desk:
    """Where asks come in over HTTP. One thread answers all that wait, together; who comes meanwhile is next.

    So the wait for the disk is shared, and so is the way from the event loop to a thread and back.
    """

    def __init__(self, world: World) -> None:
        """Open it for a dam; for one event loop."""
        self._world = world
        self._waiting: list[_Turn] = []
        self._work: asyncio.Task[None] | None = None

    async def answers(self, request: Request, sent: list[Json], *, alone: bool = False) -> list[Json]:
        """What the asks of a request are told, each a statement in the log by now; a refusal of one `alone` is raised.

        Nothing is logged where one of them cannot be read.
        """
        loop = asyncio.get_running_loop()
        turn = _Turn(request=request, sent=sent, alone=alone, future=loop.create_future())
        self._waiting.append(turn)
        if self._work is None or self._work.done():
            self._work = loop.create_task(self._answer())
        return await turn.future

    async def _answer(self) -> None:
        while self._waiting:
            turns = self._next()
            await anyio.to_thread.run_sync(partial(_decide, self._world, turns))
            for turn in turns:
                if turn.future.done():  # whoever asked went away
                    continue
                if isinstance(turn.told, Exception):
                    turn.future.set_exception(turn.told)
                else:
                    turn.future.set_result(turn.told or [])

    def _next(self) -> list[_Turn]:
        """Those whose turn it is: with as many asks as one batch answers, since the dam logs nothing else meanwhile."""
        asks = itertools.accumulate(len(turn.sent) for turn in self._waiting)
        count = max(1, sum(total <= AT_ONCE for total in asks))
        turns, self._waiting = self._waiting[:count], self._waiting[count:]
        return turns


def _decide(world: World, turns: Sequence[_Turn]) -> None:
    """Answer every request, each on its own: what is wrong with one is not the others'."""
    try:
        with world.lock:  # as `dam.decide`: what is read under it stands until the answers are logged
            still = replace(world, store=world.decisions.still_there(world.store))
            for turn in turns:
                _read(still, turn)
            asks = [ask for turn in turns for ask in turn.asks]
            told = iter(decide.decide_all(world, asks))
        for turn in turns:
            found = [next(told) for _ in turn.asks]
            _render(turn, found)
    except Exception as error:  # noqa: BLE001  (a dam that can log nothing tells everybody so)
        for turn in turns:
            turn.told = turn.told or error


def _read(world: World, turn: _Turn) -> None:
    try:
        caller = member_of(turn.request)
        if any(one.get("member") not in {None, caller.member} for one in turn.sent):
            raise Refused("ask.not-yours")
        turn.asks = [decide.wished(world, {**one, "member": caller.member}) for one in turn.sent]
    except Exception as error:  # noqa: BLE001  (its own, to be raised where it asked)
        turn.told = error


def _render(turn: _Turn, found: Sequence[tuple[Decision, str] | Exception]) -> None:
    """What a request is told; only a list tells a refusal as one of its answers."""
    if turn.told is not None:
        return
    try:
        for one in found:
            if isinstance(one, Exception) and (turn.alone or not isinstance(one, DamError)):
                raise one
        turn.told = [_told(turn, ask, one) for ask, one in zip(turn.asks, found, strict=True)]
    except Exception as error:  # noqa: BLE001  (the same)
        turn.told = error


def _told(turn: _Turn, ask: Ask, found: tuple[Decision, str] | Exception) -> Json:
    if isinstance(found, DamError):
        return {"id": None, "member": ask.member, "problem": details(turn.request, found)}
    decision, id = cast("tuple[Decision, str]", found)
    return {"id": id, "member": ask.member, **_said(turn.request, decision, ask.standard, whole=False)}


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
