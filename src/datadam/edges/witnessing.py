"""A witness over HTTP (C2SP tlog-witness): takes checkpoints to cosign, and shows what it cosigned last."""

import time
from collections.abc import Callable, Iterable
from typing import Final

import anyio.to_thread
from fastapi import FastAPI, Request, Response

from datadam import seal, witness
from datadam.edges.manners import Pace
from datadam.errors import DamError, Refused
from datadam.formats import cosignature, note
from datadam.model import Json
from datadam.ports import Watch, Watched

MEDIA_SIZE: Final = "text/x.tlog.size"
PER_MINUTE: Final = 600  # requests from one address; a log asks every few seconds at most

_TEXT: Final = "text/plain; charset=utf-8"
_STATUS: Final = {  # in the words of the specification
    "witness.log-unknown": 404,
    "note.unsigned": 403,
    "note.repeated": 403,
    "note.signature-wrong": 403,
    "note.origin-wrong": 403,
    "witness.other-size": 409,
    "witness.forked": 409,
    "proof.consistency-wrong": 422,
    "witness.clock": 503,
}


def witness_app(
    kept: Watch,
    *,
    clock: Callable[[], float] = time.time,
    rotations: Callable[[Watched], Iterable[Json]] = lambda _: (),
) -> FastAPI:
    """The application of a witness: `POST /add-checkpoint`, `GET /`, `GET /{digest of origin}/checkpoint`.

    `rotations` asks a watched log how it came from one key to the next, when it shows another one.
    """
    app = FastAPI(title="witness", openapi_url=None, docs_url=None, redoc_url=None)
    pace = Pace(PER_MINUTE)

    @app.get("/")
    def get_witness() -> dict[str, object]:
        """Who witnesses, and what."""
        logs = [{"origin": one.origin, "size": witness.last_of(one).size, "time": one.time} for one in kept.logs()]
        return {"name": kept.name, "vkey": cosignature.vkey(kept.name, kept.key), "logs": logs}

    @app.get("/{digest}/checkpoint")
    def get_checkpoint(digest: str) -> Response:
        """The last checkpoint cosigned of the log whose origin has this SHA-256."""
        for one in kept.logs():
            if seal.digest(one.origin.encode()) == digest and one.note is not None:
                return Response(one.note, media_type=_TEXT, headers={"Cache-Control": "no-cache"})
        return Response("unknown log\n", 404, media_type=_TEXT)

    @app.post("/add-checkpoint")
    async def add_checkpoint(request: Request) -> Response:
        """Cosign, or say why not."""
        if not pace.admits(request.client.host if request.client else ""):
            return Response("too often\n", 429, media_type=_TEXT)
        data = b""
        async for chunk in request.stream():
            data += chunk
            if len(data) > cosignature.MAX_REQUEST:
                return Response("too long\n", 413, media_type=_TEXT)
        return await anyio.to_thread.run_sync(lambda: _cosigned(kept, data, rotations, now=int(clock())))

    return app


def _cosigned(kept: Watch, data: bytes, rotations: Callable[[Watched], Iterable[Json]], *, now: int) -> Response:
    try:
        asked = cosignature.read_request(data)
        watched = kept.find(note.unsigned_checkpoint(asked.note).origin)
        if watched is not None:
            witness.follow(kept, watched, asked.note, lambda: rotations(watched))
        line = witness.cosign(kept, asked, now=now)
    except DamError as error:
        status = _STATUS.get(error.code, 400)
        if isinstance(error, Refused):
            return Response(f"{error.facts['size']}\n", status, headers={"Content-Type": MEDIA_SIZE})
        return Response(f"{error.code}\n", status, media_type=_TEXT)
    return Response(line, media_type=_TEXT)
