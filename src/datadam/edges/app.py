"""The applications that a dam serves: one for everybody over TCP, one for its operator over a Unix socket."""

import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from datadam import __version__
from datadam.dam import deposit, dispute, login, prove, push, release, rounding, steward, twin, withdraw, witnessed
from datadam.dam import tables as checked_tables
from datadam.dam.works import Works
from datadam.dam.world import World
from datadam.edges import (
    agreements,
    api,
    catalogue,
    credentials,
    deciding,
    declarations,
    delta_sharing,
    governing,
    guests,
    health,
    keys,
    models,
    notices,
    openings,
    operator,
    peers,
    private,
    restrictions,
    rounds,
    showings,
    tables,
    upload,
    withdrawals,
)
from datadam.edges.health import Metered
from datadam.edges.manners import Guard, problem
from datadam.errors import DamError, Invalid, NotFound, Unavailable
from datadam.model import Job

TIDY_SECONDS: Final = 3600  # how often what is over is removed
WITNESS_SECONDS: Final = 5  # how long what the log has taken up may go unwitnessed; a rollback to then goes unnoticed
ROUND_SECONDS: Final = 1.0  # how often it is seen whether a round of matching can go on
UPLOADS: Final = 64  # files that come in at once, a thread each; more of them wait
_LOG: Final = logging.getLogger(__name__)
_UPLOADS_FROM: Final = "/api/deposits/"
_UPLOADS_TO: Final = ("/file", "/upload")


def public_app(world: World, works: Works, log_folder: Path) -> FastAPI:
    """What members and strangers reach: the API, the log's files, Delta Sharing."""
    app = FastAPI(
        title=world.settings.title,
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,  # they would load scripts from elsewhere
        redoc_url=None,
        lifespan=partial(_life, world, works),
    )
    app.state.world, app.state.works, app.state.meter = world, works, health.Meter()
    app.state.transfers = upload.Transfers()
    app.state.desk = deciding.Desk(world)
    app.include_router(api.router)
    app.include_router(upload.router)
    app.include_router(withdrawals.router)
    app.include_router(notices.router)
    app.include_router(governing.router)
    app.include_router(agreements.router)
    app.include_router(deciding.router)
    app.include_router(models.router)
    app.include_router(keys.router)
    app.include_router(restrictions.router)
    app.include_router(declarations.router)
    app.include_router(credentials.router)
    app.include_router(openings.router)
    app.include_router(tables.router)
    app.include_router(private.router)
    app.include_router(guests.router)
    app.include_router(catalogue.router)
    app.include_router(peers.router)
    app.include_router(rounds.router)
    app.include_router(showings.router)
    app.include_router(delta_sharing.router, prefix="/sharing")
    app.add_api_route("/", lambda: RedirectResponse("/api"), include_in_schema=False)
    log_file = partial(_log_file, log_folder)
    app.add_api_route("/log/{path:path}", log_file, methods=["GET"])
    app.add_api_route("/log/{path:path}", log_file, methods=["HEAD"], include_in_schema=False)
    _mannered(app)
    app.include_router(health.router)
    app.add_middleware(Guard, per_minute=world.settings.requests_per_minute, large=_is_upload)
    app.add_middleware(Metered, meter=app.state.meter)  # outermost: what the guard refuses counts too
    return app


def operator_app(world: World, check: Callable[[], prove.Findings]) -> FastAPI:
    """What the operator's commands reach while the dam is served."""
    app = FastAPI(title="operator", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.world, app.state.check = world, check
    app.include_router(operator.router)
    _mannered(app)
    return app


def _mannered(app: FastAPI) -> None:
    app.add_exception_handler(DamError, problem)
    app.add_exception_handler(RequestValidationError, _wrong_parameters)
    app.add_exception_handler(HTTPException, problem)
    app.add_exception_handler(Exception, problem)  # Starlette raises it again afterwards, so that the server logs it


def _wrong_parameters(request: Request, error: Exception) -> Response:
    named = {str(part["loc"][-1]) for part in error.errors()} if isinstance(error, RequestValidationError) else set()
    return problem(request, Invalid("request.malformed", expected=", ".join(sorted(named))))


def _is_upload(path: str) -> bool:
    return (path.startswith(_UPLOADS_FROM) and path.endswith(_UPLOADS_TO)) or openings.is_large(path)


def _log_file(folder: Path, path: str) -> Response:
    """The log's static files (C2SP tlog-tiles): `checkpoint` and `tile/…`, nothing else of the folder."""
    parts = path.split("/")
    if (path != "checkpoint" and parts[0] != "tile") or any(part in {"", ".", ".."} for part in parts):
        raise NotFound("log.path-unknown", path=path[:100])
    file = folder.joinpath(*parts)
    if not os.path.isfile(file):  # noqa: PTH113  (unlike Path's own, it takes a name too long for no file)
        raise NotFound("log.path-unknown", path=path[:100])
    whole = path != "checkpoint" and ".p" not in path
    caching = "public, max-age=31536000, immutable" if whole else "no-cache"
    media = "text/plain; charset=utf-8" if path == "checkpoint" else "application/octet-stream"
    return FileResponse(file, media_type=media, headers={"Cache-Control": caching})


@asynccontextmanager
async def _life(world: World, works: Works, app: FastAPI) -> AsyncIterator[None]:
    """Take up what a restart found, tidy every hour, end what runs."""
    app.state.uploads = anyio.CapacityLimiter(UPLOADS)
    app.state.neighbours = anyio.CapacityLimiter(peers.AT_ONCE)
    app.state.answers = anyio.CapacityLimiter(private.AT_ONCE)
    works.resume(await anyio.to_thread.run_sync(partial(_received, world)))
    await anyio.to_thread.run_sync(partial(withdraw.recover, world))
    await anyio.to_thread.run_sync(partial(dispute.hold, world))
    neighbours = ExitStack()  # before the first request is taken, peers that answer are heard
    await anyio.to_thread.run_sync(partial(neighbours.enter_context, push.couriers(world)))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_tidy_for_ever, world, works)
        if world.witnesses:
            tasks.start_soon(_be_witnessed_for_ever, world, app)
        tasks.start_soon(_mix_for_ever, world)
        yield
        tasks.cancel_scope.cancel()
    await anyio.to_thread.run_sync(neighbours.close)
    await anyio.to_thread.run_sync(works.stop)


def _received(world: World) -> list[Job]:
    ids = deposit.recover(world)
    with world.store.read() as rows:
        return [job for id in ids if (job := rows.get(Job, id)) is not None]


async def _tidy_for_ever(world: World, works: Works) -> None:
    while True:
        works.erase()
        for tidy in (login.forget_expired, deposit.tidy, release.tidy, steward.enact_due, twin.prepare):
            await _now_or_next_time(partial(tidy, world))
        await _now_or_next_time(partial(checked_tables.publish_due, world))
        await anyio.sleep(TIDY_SECONDS)


async def _mix_for_ever(world: World) -> None:
    """Go on with the rounds of matching that run: whatever waits for the other dam is tried again."""
    while True:
        await _now_or_next_time(partial(rounding.advance_all, world))
        await anyio.sleep(ROUND_SECONDS)


async def _now_or_next_time(work: Callable[[], object]) -> None:
    """Do it; where something is away for now, as a database may be, the dam goes on and the next time does it.

    So it does after a fault that nobody thought of: one of these deeds must not end the others.
    """
    try:
        await anyio.to_thread.run_sync(work)
    except Unavailable as error:
        _LOG.warning("put off to the next time: %s", error.code)
    except Exception:  # noqa: BLE001  (it is in the log, and tried again)
        _LOG.exception("put off to the next time")


def _be_witnessed(world: World, app: FastAPI) -> None:
    app.state.witness_faults = witnessed.renew(world)


async def _be_witnessed_for_ever(world: World, app: FastAPI) -> None:
    while True:
        await _now_or_next_time(partial(_be_witnessed, world, app))
        await anyio.sleep(WITNESS_SECONDS)
