"""Private answers over HTTP: what may be asked, what an answer would be like, the answer, and what was spent.

However a question ends, the reply to it is sent at a multiple of `answer_quantum_ms` after it came: how long the rows
took, and whether the answer was there already, does not show in time.
"""

import csv
import io
import json
import time
from collections.abc import Awaitable, Callable
from functools import cache, partial
from importlib import resources
from typing import Any, Final, TypeVar

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from datadam import seal
from datadam.dam import ask, asked, cap
from datadam.edges.manners import caller_of, member_of, world_of
from datadam.edges.private_verbs import told
from datadam.model import Json
from datadam.privacy import dummy, previewing
from datadam.privacy.sensitivity import said

router = APIRouter(prefix="/api")
Found = TypeVar("Found")
AT_ONCE: Final = 8  # questions; those about one reservoir wait for one another, and no other request for them
_MILLISECONDS: Final = 1000
_SCHEMA: Final = "private-answers-1.schema.json"


@router.get("/answers/schema")
def get_schema() -> Json:
    """The JSON Schema of questions, previews and answers."""
    return _schema()


@cache
def _schema() -> Json:
    text = (resources.files("datadam") / "standards" / "schemas" / _SCHEMA).read_text(encoding="utf-8")
    found: Json = json.loads(text)
    return found


@router.get("/reservoirs/{id}/questions")
def get_questions(request: Request, id: str) -> Json:
    """What may be asked of a reservoir of private answers: columns, periods that are open, and what is left."""
    caller = caller_of(request)
    return asked.told(asked.about(world_of(request), id, member=caller.member))


@router.get("/reservoirs/{id}/dummy")
def get_dummy(request: Request, id: str, rows: int = 100, seed: int = 0) -> Response:
    """Rows that are nobody's, as CSV: drawn from the standard alone, to try questions out on."""
    about = asked.about(world_of(request), id)
    made = list(dummy.rows(about.standard, about.recipe, rows, seed=seed))
    text = io.StringIO()
    writer = csv.DictWriter(text, list(made[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(made)
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8")


@router.post("/answers/preview")
async def post_preview(request: Request) -> Json:
    """What an answer would be like: how many values, how near the truth, what it costs. No row is read."""
    sent = seal.parse(await request.body())
    return previewing.told(await anyio.to_thread.run_sync(partial(asked.preview, world_of(request), sent)))


@router.post("/answers", status_code=201)
async def post_answer(request: Request) -> Response:
    """Ask a private question (`/api/answers/schema`), for the purpose that the header says; a signed answer."""
    sent = seal.parse(await request.body())
    quantum = world_of(request).settings.answer_quantum_ms / _MILLISECONDS
    work = partial(anyio.to_thread.run_sync, partial(_answer, request, sent), limiter=request.app.state.answers)
    body = await held_back(work, quantum)
    return JSONResponse(body, status_code=201)


def _answer(request: Request, sent: object) -> Json:
    return told(ask.answer(world_of(request), member_of(request), sent))


async def held_back(
    work: Callable[[], Awaitable[Found]], quantum: float, *, clock: Callable[[], float] = time.monotonic
) -> Found:
    """Do it, and go on, or be refused, at the next multiple of `quantum` seconds since the start."""
    start = clock()
    try:
        return await work()
    finally:
        if quantum > 0:
            await anyio.sleep(-(clock() - start) % quantum)


@router.get("/spent")
def get_spent(request: Request) -> Json:
    """What was spent on the caller's own rows, by reservoir and period, in rho; it tells nothing of the answers."""
    found = cap.spent(world_of(request), member_of(request))
    return {"items": [_spent(one) for one in found]}


def _spent(one: cap.Spent) -> dict[str, Any]:
    return {
        "standard": one.standard,
        "periods": {period: said(rho) for period, rho in one.periods.items()},
        "life": said(one.life),
        "allowed": said(one.allowed),
        "cap": None if one.cap is None else said(one.cap),
        "left_out": list(one.left_out),
    }


@router.post("/caps", status_code=201)
async def post_cap(request: Request) -> Json:
    """A contributor's signed `cap`: how much may be spent on its rows over their life; from the next period on."""
    envelope = await request.body()
    work = partial(cap.take, world_of(request), member_of(request), envelope)
    return {"index": await anyio.to_thread.run_sync(work)}
