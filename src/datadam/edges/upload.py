"""Resumable uploads of announced files: draft-ietf-httpbis-resumable-upload-12, interop version 8.

`POST /api/deposits/{id}/file` creates the upload, `/api/deposits/{id}/upload` is the upload resource: HEAD tells the
offset, PATCH appends, DELETE cancels. Our server stack sends no interim response but 100, so that there is no 104; the
deposit's own answer names the address instead. A new request about an upload ends the one before (draft, Concurrency):
who comes back after a lost line need not wait until we notice that it was lost.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from datadam.dam import upload
from datadam.dam.upload import Piece, Standing
from datadam.dam.works import Works
from datadam.edges.incoming import Body
from datadam.edges.manners import PROBLEM, member_of, problem, world_of
from datadam.errors import DamError, Invalid, Unavailable
from datadam.model import Stage

router = APIRouter(prefix="/api/deposits/{id}")
MEDIA_PIECE: Final = "application/partial-upload"
WAIT_SECONDS: Final = 10.0  # for the request before to end; then the new one is to be tried again

# Structured Fields (RFC 9651): an Integer of at most 15 digits, a Boolean; parameters say nothing here
_INTEGER: Final = re.compile(r" *([0-9]{1,15})(?: *;.*)?")
_BOOLEAN: Final = re.compile(r" *\?([01])(?: *;.*)?")
_TYPES: Final = "https://iana.org/assignments/http-problem-types#"
_PROBLEMS: Final = {
    "spool.offset-other": (409, "mismatching-upload-offset"),
    "upload.completed": (400, "completed-upload"),
    "upload.length-other": (400, "inconsistent-upload-length"),
    "spool.file-too-large": (400, "inconsistent-upload-length"),
    "upload.type-other": (415, None),
    "deposit.file-other": (400, None),
}


# --- one upload at a time ---------------------------------------------------------------------------------------------


class Transfers:
    """The uploads whose bytes are coming, at most one a deposit. Used from the event loop only."""

    def __init__(self) -> None:
        """None yet."""
        self._coming: dict[str, tuple[Body, anyio.Event]] = {}

    async def end(self, id: str) -> None:
        """End the transfer under way, if there is one; what came of it is durable then."""
        while (coming := self._coming.get(id)) is not None:
            body, ended = coming
            body.break_off()
            with anyio.move_on_after(WAIT_SECONDS) as waited:
                await ended.wait()
            if waited.cancelled_caught:  # it is past its last byte, and being checked
                raise Unavailable("deposit.busy", deposit=id)

    @asynccontextmanager
    async def only(self, id: str, body: Body) -> AsyncIterator[None]:
        """Within this, `body` is the only one that comes for that deposit; the one before is ended."""
        await self.end(id)
        ended = anyio.Event()
        self._coming[id] = (body, ended)
        try:
            yield
        finally:
            del self._coming[id]
            ended.set()


# --- addresses --------------------------------------------------------------------------------------------------------


@router.options("/file", status_code=204)
def options_file(request: Request) -> Response:
    """That a file may come in pieces, and how large it may be (draft, Limits)."""
    headers = {"Accept-Patch": MEDIA_PIECE, "Upload-Limit": f"max-size={world_of(request).settings.max_file_bytes}"}
    return Response(status_code=204, headers={"Allow": "OPTIONS, POST, PUT", **headers})


@router.post("/file", status_code=202, response_model=None)
async def post_file(request: Request, id: str) -> Response:
    """Begin a resumable upload: `Upload-Complete: ?1` with the whole file, or `?0` with its beginning or nothing."""
    return await _append(request, id, creates=True)


@router.head("/upload", status_code=204)
async def head_upload(request: Request, id: str) -> Response:
    """How much of the file is taken for good: `Upload-Offset`. Ends a transfer that is under way."""
    await anyio.to_thread.run_sync(partial(_standing, request, id))  # nobody ends another's transfer
    await _transfers(request).end(id)
    found = await anyio.to_thread.run_sync(partial(_standing, request, id))
    return Response(status_code=204, headers=_headers(found) | {"Cache-Control": "no-store"})


@router.patch("/upload", status_code=202, response_model=None)
async def patch_upload(request: Request, id: str) -> Response:
    """Append to the file at `Upload-Offset`; with `Upload-Complete: ?1` the file ends, and is judged."""
    return await _append(request, id, creates=False)


@router.delete("/upload", status_code=204)
async def delete_upload(request: Request, id: str) -> Response:
    """Cancel: the announcement is forgotten, and what came of its file is removed."""
    await anyio.to_thread.run_sync(partial(_standing, request, id))
    await _transfers(request).end(id)
    try:
        await anyio.to_thread.run_sync(lambda: upload.cancel(world_of(request), member_of(request), id))
    except DamError as error:
        return _refused(request, error)
    return Response(status_code=204)


async def _append(request: Request, id: str, *, creates: bool) -> Response:
    try:
        piece = _piece(request, creates=creates)
        await anyio.to_thread.run_sync(partial(_standing, request, id))
        body = Body(request)
        async with _transfers(request).only(id, body):
            take = partial(_take, request, id, piece, body.chunks())
            return await anyio.to_thread.run_sync(take, limiter=request.app.state.uploads)
    except DamError as error:
        return _refused(request, error)


def _take(request: Request, id: str, piece: Piece, chunks: Iterator[bytes]) -> Response:
    world, caller = world_of(request), member_of(request)
    job = upload.append(world, caller, id, piece, chunks)
    if job.stage == Stage.RECEIVED:
        works: Works = request.app.state.works
        works.submit(job)
        return JSONResponse({"id": job.id, "stage": job.stage}, 202, headers={"Upload-Complete": "?1"})
    headers = _headers(upload.standing(world, caller, id))
    if request.method == "POST":
        return Response(status_code=201, headers=headers | {"Location": _address(request, id)})
    return Response(status_code=204, headers=headers)


def _piece(request: Request, *, creates: bool) -> Piece:
    """What the headers say of the bytes; a value that is none of the field's is as if it were not there."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not creates and media != MEDIA_PIECE:
        raise Invalid("upload.type-other", expected=MEDIA_PIECE)
    complete, offset = _field(request, "upload-complete", _BOOLEAN), _field(request, "upload-offset", _INTEGER)
    if complete is None:
        raise Invalid("upload.field-missing", field="Upload-Complete")
    if offset is None and not creates:
        raise Invalid("upload.field-missing", field="Upload-Offset")
    return Piece(
        offset=0 if creates or offset is None else offset,
        last=bool(complete),
        size=_field(request, "content-length", _INTEGER),
        length=_field(request, "upload-length", _INTEGER),
    )


def _field(request: Request, name: str, form: re.Pattern[str]) -> int | None:
    sent = request.headers.getlist(name)
    found = form.fullmatch(sent[0]) if len(sent) == 1 else None
    return int(found[1]) if found else None


def _standing(request: Request, id: str) -> Standing:
    return upload.standing(world_of(request), member_of(request), id)


def _transfers(request: Request) -> Transfers:
    transfers: Transfers = request.app.state.transfers
    return transfers


def _address(request: Request, id: str) -> str:
    return f"{world_of(request).settings.public_url}/api/deposits/{id}/upload"


def _headers(found: Standing) -> dict[str, str]:
    return {
        "Upload-Offset": str(found.offset),
        "Upload-Length": str(found.length),
        "Upload-Complete": f"?{found.complete:d}",
        "Upload-Limit": f"max-size={found.length}, max-age={found.seconds}",
    }


def _refused(request: Request, error: DamError) -> Response:
    """A refusal in our manners, with the draft's problem type where it has one."""
    answer = problem(request, error)
    if error.code not in _PROBLEMS:
        return answer
    status, named = _PROBLEMS[error.code]
    body: dict[str, object] = json.loads(bytes(answer.body)) | {"status": status}
    headers: dict[str, str] = {}
    if named is not None:
        body["type"] = _TYPES + named
    if error.code == "spool.offset-other":
        body |= {"expected-offset": error.facts["expected"], "provided-offset": error.facts["offset"]}
        headers = {"Upload-Offset": str(error.facts["expected"]), "Upload-Complete": "?0"}
    elif error.code == "deposit.file-other":  # all of it came, and to come again would not help
        headers = {"Upload-Complete": "?1"}
    elif error.code == "upload.type-other":
        headers = {"Accept-Patch": MEDIA_PIECE}
    return JSONResponse(body, status, headers=headers, media_type=PROBLEM)
