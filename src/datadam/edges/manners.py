"""How every HTTP edge behaves: who calls, in which language, how a refusal looks, how often a stranger may ask."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from datadam import texts
from datadam.dam import decide, login
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import DamError, Invalid, NotFound, Refused, Unavailable, Untrusted, kept

MAX_BODY: Final = 8 * 1024 * 1024  # bytes of any request but a deposited file: a standard is the largest honest one
MAX_ADDRESSES: Final = 10_000  # strangers whose pace is remembered; the longest silent are forgotten first
PROBLEM: Final = "application/problem+json"
PURPOSE: Final = "datadam-purpose"  # request headers: what rows are asked for
DESTINATION: Final = "datadam-destination"  # and where they are taken, ISO 3166-1 alpha-2
ACTION: Final = "datadam-action"  # and what is done with them: read, unless it is said

_STATUS: Final[tuple[tuple[type[DamError], int], ...]] = (
    (Refused, 403),
    (NotFound, 404),
    (Unavailable, 503),
    (Untrusted, 400),
    (Invalid, 400),
)
_UNAUTHORISED: Final = 401
_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'",
}
_UNPACED: Final = "/log/"  # static files that whoever audits the log reads by the thousand
_LOGIN_CODES: Final = ("login.", "ask.login-needed", "ask.stranger")
_TOO_OFTEN: Final = "request.too-often"
_TOO_LARGE: Final = "request.too-large"
_OWN_STATUS: Final[Mapping[str, int]] = {
    _TOO_OFTEN: 429,
    _TOO_LARGE: 413,
    "request.method-unknown": 405,
    "request.broke": 500,
}


def world_of(connection: HTTPConnection) -> World:
    """The dam that serves this request."""
    world: World = connection.app.state.world
    return world


def language_of(connection: HTTPConnection) -> str:
    """The language that the caller reads best, of those we write."""
    return texts.accepted(connection.headers.get("accept-language"))


def bearer(connection: HTTPConnection) -> str | None:
    """The bearer token sent, if any (RFC 6750 §2.1)."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if not scheme:
        return None
    if scheme.lower() != "bearer" or not token.strip():
        raise Untrusted("login.scheme", scheme=scheme[:20])
    return token.strip()


def caller_of(request: Request) -> Caller:
    """Who calls, what for, to where and to do what; a token that does not hold is `Untrusted`, none is a stranger."""
    caller = login.caller(world_of(request), bearer(request))
    if caller.member is not None:
        vouch(request)
    purpose, destination = decide.wish(_once(request, PURPOSE), _once(request, DESTINATION))
    action = decide.deed(_once(request, ACTION))
    return replace(caller, purpose=purpose, destination=destination, action=action)


def vouch(request: Request) -> None:
    """Tell the guard that what this request showed holds, a token or a signed address: it is no stranger's."""
    request.state.vouched = True


def _once(request: Request, name: str) -> str | None:
    """A header's one value; said twice, it says nothing that one could decide by."""
    found = request.headers.getlist(name)
    if len(found) > 1:
        raise Invalid("request.header-twice", header=name)
    return found[0] if found else None


def member_of(request: Request) -> Caller:
    """Who calls, if a member with a login of its own; else `Refused`."""
    caller = caller_of(request)
    if caller.member is None or caller.standard is not None:
        raise Refused("ask.login-needed")
    return caller


def status_of(error: DamError) -> int:
    """The HTTP status of a refusal."""
    if error.code.startswith(_LOGIN_CODES):
        return _UNAUTHORISED
    if error.code in _OWN_STATUS:
        return _OWN_STATUS[error.code]
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def problem(request: Request, error: Exception) -> Response:
    """A refusal as problem details (RFC 9457), in the caller's language, with every fault.

    What the framework refuses is told in our words; what broke is told as no more than that (the log has the rest).
    """
    refusal, headers = _as_ours(request, error)
    body, status = details(request, refusal), status_of(refusal)
    if status == _UNAUTHORISED:
        headers = {**headers, "WWW-Authenticate": 'Bearer realm="datadam"'}
    return JSONResponse(body, status_code=status, headers=headers, media_type=PROBLEM)


def details(request: Request, refusal: DamError) -> dict[str, Any]:
    """The problem details of a refusal, in the caller's language."""
    told = texts.explain(refusal, language_of(request))
    return {
        "type": f"urn:datadam:{told.code}",
        "title": told.what,
        "status": status_of(refusal),
        "detail": told.remedy,
        "branch": branch_of(refusal),
        **kept(refusal),
    }


def branch_of(error: DamError) -> str:
    """The branch of `errors` that a refusal is of: what its receiver does next."""
    return next(kind.__name__ for kind, _ in _STATUS if isinstance(error, kind))


def as_branch(name: object) -> type[DamError]:
    """The branch that `branch_of` named; anything else is `Invalid`."""
    return next((kind for kind, _ in _STATUS if kind.__name__ == name), Invalid)


def _as_ours(request: Request, error: Exception) -> tuple[DamError, Mapping[str, str]]:
    """A refusal of ours for whatever was raised, and the headers that go with it."""
    if isinstance(error, DamError):
        return error, {}
    if not isinstance(error, HTTPException):
        return Unavailable("request.broke"), _HEADERS  # told outside the guard
    if isinstance(error.__cause__, DamError):  # raised while the framework read a form
        return error.__cause__, {}
    match error.status_code:
        case 404:
            return NotFound("request.path-unknown", path=request.url.path[:100]), {}
        case 405:
            return Invalid("request.method-unknown", method=request.method[:20]), error.headers or {}
        case _:
            return Invalid("request.unreadable"), {}


class Pace:
    """At most so many requests a minute from each address that shows no token; a bucket that refills steadily."""

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Allow `per_minute` requests, all at once if they were saved up."""
        self._full, self._clock = float(per_minute), clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def admits(self, address: str, *, count: bool = True) -> bool:
        """Whether one more request is within the pace; counts it if so, and if it is to be counted."""
        now = self._clock()
        with self._lock:
            left, seen = self._left.pop(address, (self._full, now))
            left = min(self._full, left + (now - seen) * self._full / 60)
            admitted = left >= 1
            self._left[address] = (left - 1 if admitted and count else left, now)
            if len(self._left) > MAX_ADDRESSES:
                self._left.popitem(last=False)
        return admitted

    def give_back(self, address: str) -> None:
        """Take back that a request was counted."""
        with self._lock:
            if address in self._left:
                left, seen = self._left[address]
                self._left[address] = (min(self._full, left + 1), seen)


class Guard:
    """ASGI middleware: paces strangers, caps bodies, and sets the headers that every answer carries."""

    def __init__(self, app: ASGIApp, *, per_minute: int, large: Callable[[str], bool]) -> None:
        """Guard `app`; paths for which `large` holds may carry a body of any size (their verb limits it)."""
        self._app, self._large = app, large
        self._strangers, self._unproven = Pace(per_minute), Pace(per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 429 or 413 at once."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        refusal = self._refusal(request)
        if refusal is not None:
            await problem(request, refusal)(scope, receive, self._answering(request, send))
            return
        await self._app(scope, self._capped(request, receive), self._answering(request, send))

    def _refusal(self, request: Request) -> DamError | None:
        if _unpaced(request):
            return None
        # whether a token holds shows later, if at all: see `_answering`
        shown = "authorization" in request.headers
        within = (
            self._unproven.admits(_address(request), count=False)
            if shown
            else self._strangers.admits(_address(request))
        )
        if not within:
            return Refused(_TOO_OFTEN)
        length = request.headers.get("content-length", "0")
        if not self._large(request.url.path) and (not length.isdigit() or int(length) > MAX_BODY):
            return Invalid(_TOO_LARGE, limit=MAX_BODY)
        return None

    def _capped(self, request: Request, receive: Receive) -> Receive:
        """Count what arrives: a chunked body tells no length beforehand."""
        if self._large(request.url.path):
            return receive
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > MAX_BODY:
                raise Invalid(_TOO_LARGE, limit=MAX_BODY)
            return message

        return counted

    def _answering(self, request: Request, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                vouched, shown = getattr(request.state, "vouched", False), "authorization" in request.headers
                if (
                    shown and not vouched and not _unpaced(request)
                ):  # sending nonsense is no way around the pace, nor where nobody looks at it
                    self._unproven.admits(_address(request))
                elif vouched and not shown:
                    self._strangers.give_back(_address(request))
                headers = MutableHeaders(raw=message["headers"])
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)  # a page may say which style is its own
            await send(message)

        return sent


def _unpaced(request: Request) -> bool:
    return request.url.path.startswith(_UNPACED)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
