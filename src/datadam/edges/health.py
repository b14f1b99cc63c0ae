"""How the dam is: `/healthz` for whoever has to know whether to send it requests, `/metrics` in Prometheus text.

Figures are counts, seconds and bytes: no member, no value, no id of anything. They are for the operator alone. None
tells how much somebody handed in to a reservoir of private answers: there such a number is a charged answer or absent.
"""

import bisect
import logging
import os
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from datadam import __version__, seal
from datadam.dam import publish, state, witnessed
from datadam.dam.world import World
from datadam.edges.journal import REQUESTS
from datadam.edges.manners import bearer, vouch, world_of
from datadam.errors import DamError, Refused, Untrusted
from datadam.model import Application, Deposit, Job, Member, Tier, Withdrawal
from datadam.settings import is_loopback

LEAST_FREE: Final = 256 * 1024 * 1024  # bytes of disk: below this, what is taken may not be kept
FIGURES_SECONDS: Final = 60  # for which counted records are told again: counting reads all of them
PAGE: Final = 4096  # bytes: what bodies take is told in whole pages, else a digit more or less of a count would show
FREE_STEP: Final = 256 * 1024 * 1024  # bytes in which the room on the disk is told: what one file took does not show
_UNMEASURED: Final = "/api/deposits"  # requests under it are counted only: bytes and seconds tell of somebody's rows
BOUNDS: Final = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0)  # seconds
MEDIA: Final = "text/plain; version=0.0.4; charset=utf-8"

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER: Final = "other"  # whatever a stranger makes up must not become a time series
_LOG: Final = logging.getLogger(REQUESTS)

router = APIRouter()


# --- health -----------------------------------------------------------------------------------------------------------


@router.get("/healthz")
def get_health(request: Request) -> JSONResponse:
    """Whether the dam lives and is ready: 200, or 503 with the codes of what stands in the way."""
    why = unready(world_of(request), getattr(request.app.state, "witness_faults", ()))
    return JSONResponse(
        {"live": True, "ready": not why, "why": why}, 503 if why else 200, {"Cache-Control": "no-store"}
    )


def unready(world: World, witness_faults: Sequence[DamError] = ()) -> list[str]:
    """The codes of what keeps the dam from doing its work; none when it is ready."""
    why = [error.code for error in witness_faults if isinstance(error, Untrusted)]
    if world.ledger.stopped:
        why.append("log.stopped")
    try:
        with world.store.read() as rows:
            if int(rows.noted(state.APPLIED) or 0) > world.ledger.size:
                why.append("state.newer-than-log")
    except DamError as error:
        why.append(error.code)
    try:
        if _free(world) < LEAST_FREE:
            why.append("health.disk-full")
    except OSError:
        why.append("folder.missing")
    return why


def _free(world: World) -> int:
    found = os.statvfs(world.settings.folder)
    return found.f_bavail * found.f_frsize


# --- metrics ----------------------------------------------------------------------------------------------------------


@router.get("/metrics", include_in_schema=False)
def get_metrics(request: Request) -> PlainTextResponse:
    """The dam's figures as Prometheus reads them (text format 0.0.4), for its operator only."""
    world = world_of(request)
    if not _may_read(request, world):
        raise Refused("health.metrics-closed")
    meter: Meter = request.app.state.meter
    faults = getattr(request.app.state, "witness_faults", ())
    lines = [*meter.lines(), *meter.figures(world), *_instant(world, faults)]
    return PlainTextResponse("\n".join(lines) + "\n", media_type=MEDIA)


def _may_read(request: Request, world: World) -> bool:
    """Whoever shows the token; without one set, this machine, unless a proxy makes everybody look like it."""
    token = world.settings.metrics_token
    if token:
        shown = bearer(request) if "authorization" in request.headers else None
        if shown is None or not seal.same(shown, token):
            return False
        vouch(request)
        return True
    forwarded = "forwarded" in request.headers or "x-forwarded-for" in request.headers
    near = request.client is not None and is_loopback(request.client.host)
    return near and not forwarded and not world.settings.behind_proxy


class Meter:
    """Counts requests by route, never by path: a path has ids in it."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._buckets: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(BOUNDS) + 1))
        self._bytes: Counter[str] = Counter()
        self._counted: tuple[float, list[str]] | None = None
        self._started = time.time()

    def count(self, method: str, route: str, status: int, seconds: float, sizes: tuple[int, int]) -> None:
        """Count one request: `sizes` are the bytes that came in and went out."""
        with self._lock:
            self._requests[method, route, status] += 1
            if route.startswith(_UNMEASURED):
                return
            self._seconds[route] += seconds
            self._buckets[route][bisect.bisect_left(BOUNDS, seconds)] += 1
            self._bytes["received"] += _pages(sizes[0])
            self._bytes["sent"] += _pages(sizes[1])

    def lines(self) -> Iterator[str]:
        """What was counted."""
        with self._lock:
            requests, seconds = sorted(self._requests.items()), sorted(self._seconds.items())
            buckets = {route: list(counts) for route, counts in self._buckets.items()}
            moved = dict(self._bytes)
        yield from _head("datadam_requests_total", "counter", "Requests answered.")
        for (method, route, status), number in requests:
            yield _line("datadam_requests_total", number, method=method, route=route, status=str(status))
        yield from _head("datadam_request_seconds", "histogram", "Seconds from a request to the end of its answer.")
        for route, total in seconds:
            below = 0
            for bound, number in zip((*BOUNDS, "+Inf"), buckets[route], strict=True):
                below += number
                yield _line("datadam_request_seconds_bucket", below, route=route, le=str(bound))
            yield _line("datadam_request_seconds_sum", round(total, 6), route=route)
            yield _line("datadam_request_seconds_count", below, route=route)
        about = "Bytes of bodies received and sent, in whole pages, without deposits."
        yield from _head("datadam_transferred_bytes_total", "counter", about)
        for direction in ("received", "sent"):
            yield _line("datadam_transferred_bytes_total", moved.get(direction, 0), direction=direction)
        yield from _one("datadam_start_time_seconds", "gauge", "Unix time of the start.", round(self._started, 3))
        yield from _one("datadam_cpu_seconds_total", "counter", "Processor time used.", round(time.process_time(), 3))

    def figures(self, world: World) -> list[str]:
        """What the dam holds, counted at most once a minute."""
        with self._lock:
            if self._counted is None or time.monotonic() - self._counted[0] > FIGURES_SECONDS:
                self._counted = time.monotonic(), list(_figures(world))
            return self._counted[1]


def _pages(size: int) -> int:
    """A size in whole pages."""
    return -(-size // PAGE) * PAGE


def _figures(world: World) -> Iterator[str]:
    quiet = {Tier.TABLES, Tier.ANSWERS}  # what a deposit adds to a count of rows is its contributor's alone to know
    uncounted = {one.id for one in publish.all_published(world) if publish.parsed(one.text).tier in quiet}
    with world.store.read() as rows:
        members = Counter(str(one.kind) for one in rows.find(Member, until=None))
        waiting = len(rows.find(Application))
        stages = Counter(str(one.stage) for one in rows.find(Job))
        gone = {one.deposit: one.purged is None for one in rows.find(Withdrawal)}
        kept = [one for one in rows.find(Deposit) if one.id not in gone]
    yield from _head("datadam_members", "gauge", "Members, by kind.")
    for kind, number in sorted(members.items()):
        yield _line("datadam_members", number, kind=kind)
    yield from _one("datadam_applications", "gauge", "Applications that were received.", waiting)
    yield from _head("datadam_deposits", "gauge", "Deposits in the journal, by stage.")
    for stage, number in sorted(stages.items()):
        yield _line("datadam_deposits", number, stage=stage)
    yield from _one("datadam_deposits_kept", "gauge", "Sealed deposits that were not withdrawn.", len(kept))
    told = sum(one.admitted for one in kept if one.standard not in uncounted)
    yield from _one("datadam_rows_kept", "gauge", "Admitted rows of those, where rows are given out.", told)
    yield from _one("datadam_erasures_pending", "gauge", "Withdrawn deposits not erased yet.", sum(gone.values()))


def _instant(world: World, faults: Sequence[DamError]) -> Iterator[str]:
    """What costs nothing to say anew each time."""
    yield from _one("datadam_ready", "gauge", "1 if the dam is ready.", int(not unready(world, faults)))
    yield from _one("datadam_log_entries", "gauge", "Entries of the log.", world.ledger.size)
    free = _free(world) // FREE_STEP * FREE_STEP
    yield from _one("datadam_disk_free_bytes", "gauge", "Room left on the dam's disk, at least.", free)
    yield from _head("datadam_decisions_total", "counter", "Answers to who may take what, since the start.")
    for sort, count in sorted(world.decisions.counts.items()):
        yield _line("datadam_decisions_total", count, answer=sort)
    yield from _head("datadam_unwitnessed_entries", "gauge", "Entries that a witness has not cosigned yet.")
    for place, standing in enumerate(witnessed.standings(world)):
        yield _line("datadam_unwitnessed_entries", world.ledger.size - standing.size, witness=str(place))
    yield from _head("datadam_build_info", "gauge", "The version that runs.")
    yield _line("datadam_build_info", 1, version=__version__)


def _one(name: str, kind: str, meaning: str, value: float) -> Iterator[str]:
    yield from _head(name, kind, meaning)
    yield _line(name, value)


def _head(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"


def _line(name: str, value: float, **labels: str) -> str:
    """One sample; what labels are made of needs no escaping: routes, kinds and stages of our own."""
    told = ",".join(f'{label}="{text}"' for label, text in labels.items())
    return f"{name}{{{told}}} {value}" if told else f"{name} {value}"


# --- counting ---------------------------------------------------------------------------------------------------------


class Metered:
    """ASGI middleware: counts every request, and logs it where the settings say so."""

    def __init__(self, app: ASGIApp, *, meter: Meter) -> None:
        """Count into `meter`."""
        self._app, self._meter = app, meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and count it, also one that broke."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, received, sent = time.perf_counter(), 500, 0, 0

        async def receiving() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message

        async def sending(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
            sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receiving, sending)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else _OTHER
            route = getattr(scope.get("route"), "path", _OTHER)
            seconds = time.perf_counter() - began
            self._meter.count(method, route, status, seconds, (received, sent))
            facts: dict[str, object] = {"method": method, "route": route, "status": status}
            if not route.startswith(_UNMEASURED):
                sizes = {"received": _pages(received), "sent": _pages(sent)}
                facts |= {"seconds": round(seconds, 4), **sizes}
            _LOG.info("request", extra={"facts": facts})
