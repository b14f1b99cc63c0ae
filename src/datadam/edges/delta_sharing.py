"""Delta Sharing over HTTP (PROTOCOL.md of delta-io/delta-sharing), read endpoints 1-8, addresses mode, both formats.

One share, `dam`; a standard's first word is the schema, the rest the table. Refusals are 4xx: the official client
retries others for minutes. Hints that would skip files are read by nobody, because every file of a share is a random
part of it; `limitHint` alone cuts the list short. Time travel is refused: an earlier version is not kept on purpose.
"""

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from fastapi.routing import APIRoute
from starlette.types import Message, Receive, Scope, Send

from datadam import seal, texts
from datadam.dam import agree, decide, release
from datadam.dam.login import Caller
from datadam.dam.release import SHARE_NAME
from datadam.dam.world import World
from datadam.edges.manners import caller_of, language_of, status_of, vouch, world_of
from datadam.errors import DamError, Invalid, NotFound, Refused, Unavailable, kept
from datadam.model import Json, MemberId, Share

MAX_PAGE: Final = 500  # items of a list in one answer
SIGNATURE: Final = "X-Amz-Signature"
"""Name of the signature in a file's address: the clients' Rust kernel takes one without it for a local path."""
_WISH: Final = "X-Dam-For"
"""Name of what a file was asked for, in its address: action, purpose and destination, which are decided about anew."""
_VERSION: Final = "delta-table-version"
_CAPABILITIES: Final = "delta-sharing-capabilities"
_FILE_ID: Final = "fileidhash"
_LIST: Final = "application/json; charset=utf-8"
_LINES: Final = "application/x-ndjson; charset=utf-8"
_UNKNOWN_CALLER: Final = 401
_BY_STATUS: Final = {
    400: "INVALID_PARAMETER_VALUE",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    500: "INTERNAL_ERROR",
}
_BY_CODE: Final = (
    ("sharing.no-", "UNSUPPORTED_OPERATION"),
    ("sharing.body", "MALFORMED_REQUEST"),
    ("json.", "MALFORMED_REQUEST"),
)
_TIME_TRAVEL: Final = (
    "version",
    "timestamp",
    "startingVersion",
    "endingVersion",
    "startingTimestamp",
    "endingTimestamp",
)


class _Route(APIRoute):
    """Answers refusals in Delta Sharing's own shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint, with its refusals rendered."""
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except DamError as error:
                return _refusal(request, error)

        return answered


router = APIRouter(route_class=_Route)


def _refusal(request: Request, error: DamError) -> Response:
    told = texts.explain(error, language_of(request))
    status = 500 if isinstance(error, Unavailable) else status_of(error)
    code = next((name for start, name in _BY_CODE if error.code.startswith(start)), _BY_STATUS[status])
    words = " ".join(part for one in (told, *told.faults) for part in (one.what, one.remedy) if part)
    headers = {"WWW-Authenticate": 'Bearer realm="datadam"'} if status == _UNKNOWN_CALLER else {}
    # our own client reads what `kept` adds; the protocol lets a server say more than its clients know
    return _json({"errorCode": code, "message": words, **kept(error)}, status=status, headers=headers)


def _json(body: Json, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(seal.canonical(body), status_code=status, media_type=_LIST, headers=headers)


# --- lists ------------------------------------------------------------------------------------------------------------


@router.get("/shares")
def get_shares(request: Request) -> Response:
    """1: the shares; there is one, if the caller may read anything."""
    return _page(request, [_share()] if _readable(request) else [])


@router.get("/shares/{share}")
def get_share(share: str) -> Response:
    """2: the share."""
    _named(share)
    return _json({"share": _share()})


@router.get("/shares/{share}/schemas")
def get_schemas(request: Request, share: str) -> Response:
    """3: the schemas that hold a table for the caller."""
    _named(share)
    names = sorted({release.address(id)[0] for id in _readable(request)})
    return _page(request, [{"name": name, "share": SHARE_NAME} for name in names])


@router.get("/shares/{share}/schemas/{schema}/tables")
def get_tables(request: Request, share: str, schema: str) -> Response:
    """4: the tables of a schema."""
    _named(share)
    tables = [table for table in _tables(request) if table["schema"] == schema.lower()]
    if not tables:
        raise NotFound("sharing.schema-unknown", schema=schema[:200])
    return _page(request, tables)


@router.get("/shares/{share}/all-tables")
def get_all_tables(request: Request, share: str) -> Response:
    """5: the tables of all schemas."""
    _named(share)
    return _page(request, _tables(request))


def _share() -> dict[str, str]:
    return {"name": SHARE_NAME, "id": str(_identity(SHARE_NAME))}


def _tables(request: Request) -> list[dict[str, str]]:
    found = []
    for id in _readable(request):
        schema, table = release.address(id)
        ids = {"shareId": str(_identity(SHARE_NAME)), "id": str(_identity(id))}
        found.append({"name": table, "schema": schema, "share": SHARE_NAME, **ids})
    return found


def _readable(request: Request) -> list[str]:
    """What the caller may take; a stranger to whom nothing is open is asked to log in."""
    caller = caller_of(request)
    readable = release.tables_for(world_of(request), caller)
    if not readable and caller.member is None:
        raise Refused("ask.login-needed")
    return readable


def _named(share: str) -> None:
    if share.lower() != SHARE_NAME:
        raise NotFound("sharing.share-unknown", share=share[:200])


def _identity(*parts: str) -> uuid.UUID:
    """A stable id: the same parts, the same UUID (RFC 9562 §5.5)."""
    return uuid.uuid5(uuid.NAMESPACE_URL, "urn:datadam:" + ":".join(parts))


def _page(request: Request, items: Sequence[Json]) -> Response:
    """A list, `maxResults` at a time; 0 asks for none, and only whether there are any."""
    most, start = _whole(request, "maxResults", MAX_PAGE), _whole(request, "pageToken", 0)
    shown = items[start : start + min(most, MAX_PAGE)]
    body: dict[str, Any] = {"items": shown}
    if start + len(shown) < len(items):
        body["nextPageToken"] = str(start + len(shown))
    return _json(body)


def _whole(request: Request, name: str, absent: int) -> int:
    text = request.query_params.get(name) or str(absent)
    if not (text.isascii() and text.isdigit() and len(text) < 16):  # noqa: PLR2004  (JSON carries no more digits exactly)
        raise Invalid("sharing.parameter", name=name, value=text[:40])
    return int(text)


# --- tables -----------------------------------------------------------------------------------------------------------

_TABLE: Final = "/shares/{share}/schemas/{schema}/tables/{table}"


@dataclass(frozen=True, slots=True)
class _Asked:
    """A table as it is asked for, opened: the release is in the log."""

    share: Share
    caller: Caller
    delta: bool  # answer in Delta format
    echo: Mapping[str, str]  # headers of the answer


@router.head(_TABLE, include_in_schema=False)
def head_table(request: Request, share: str, schema: str, table: str) -> Response:
    """6, as older clients ask it."""
    return get_version(request, share, schema, table)


@router.get(_TABLE + "/version")
def get_version(request: Request, share: str, schema: str, table: str) -> Response:
    """6: the version of the table, in a header."""
    asked = _open(request, (share, schema, table))
    since = request.query_params.get("startingTimestamp")
    if since is not None and _moment(since) > _moment(asked.share.made):
        raise Invalid("sharing.no-version-since", made=asked.share.made)
    return Response(headers={_VERSION: str(asked.share.version)})


@router.get(_TABLE + "/metadata")
def get_metadata(request: Request, share: str, schema: str, table: str) -> Response:
    """7: protocol and metadata."""
    asked = _open(request, (share, schema, table))
    _now_only(asked.share, dict(request.query_params))
    return _lines(_head(asked), asked.echo)


@router.post(_TABLE + "/query")
async def post_query(request: Request, share: str, schema: str, table: str) -> Response:
    """8: protocol, metadata and the files with addresses that work for a while."""
    data = await request.body()
    return await anyio.to_thread.run_sync(partial(_query, request, (share, schema, table), data))


def _query(request: Request, names: tuple[str, str, str], data: bytes) -> Response:
    sent = seal.parse(data) if data.strip() else {}
    if not isinstance(sent, dict):
        raise Invalid("sharing.body")
    scheme = request.headers.get(_FILE_ID, "").lower()
    if scheme not in {"", "parquet", "delta"}:
        raise Invalid("sharing.parameter", name=_FILE_ID, value=scheme[:40])
    asked = _open(request, names)
    _now_only(asked.share, sent)
    echo = {**asked.echo, **({_FILE_ID: scheme} if scheme else {})}
    return _lines([*_head(asked), *_files(request, asked, _limit(sent))], echo)


@router.get(_TABLE + "/changes")
def get_changes(request: Request, share: str, schema: str, table: str) -> Response:
    """9 is not offered: earlier versions are not kept, on purpose."""
    _open(request, (share, schema, table))
    raise Invalid("sharing.no-changes")


@router.post(_TABLE + "/temporary-table-credentials")
def post_credentials(request: Request, share: str, schema: str, table: str) -> Response:
    """11 is not offered: each file has an address of its own."""
    _open(request, (share, schema, table))
    raise Invalid("sharing.no-credentials")


def _open(request: Request, names: tuple[str, str, str]) -> _Asked:
    """Decide, make the share if it is stale, log the release. The table's name in any case, with dots or without."""
    share, schema, table = (name.lower() for name in names)
    _named(share)
    world, caller = world_of(request), caller_of(request)
    opened = release.open_share(world, caller, f"{schema}.{table.replace('_', '.')}")
    wishes = _capabilities(request.headers.get(_CAPABILITIES, ""))
    delta = "delta" in wishes.get("responseformat", "").split(",")
    answered = f"responseformat={'delta' if delta else 'parquet'}"
    echo = {_VERSION: str(opened.version)} | ({_CAPABILITIES: answered} if "responseformat" in wishes else {})
    return _Asked(share=opened, caller=caller, delta=delta, echo=echo)


def _capabilities(header: str) -> dict[str, str]:
    """The header as names and values; what is not understood is left out, as the protocol asks."""
    pairs = (part.partition("=") for part in header.lower().replace(" ", "").split(";"))
    return {name: value for name, _, value in pairs if name and value}


def _now_only(share: Share, wishes: Mapping[str, object]) -> None:
    """Refuse time travel; the version that is there now may be named."""
    for name in _TIME_TRAVEL:
        wish = wishes.get(name)
        if wish is not None and not (name == "version" and str(wish) == str(share.version)):
            raise Invalid("sharing.no-time-travel", parameter=name, version=share.version)


def _limit(sent: Mapping[str, object]) -> int | None:
    """The rows after which no more files are needed; a hint beside a predicate counts rows that we do not know."""
    limit = sent.get("limitHint")
    filtered = sent.get("predicateHints") or sent.get("jsonPredicateHints")
    return limit if isinstance(limit, int) and limit >= 0 and not filtered else None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid("sharing.parameter", name="startingTimestamp", value=text[:40]) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


# --- lines ------------------------------------------------------------------------------------------------------------


def _lines(lines: Iterable[Json], headers: Mapping[str, str]) -> Response:
    """One JSON object a line, no blank lines."""
    return Response(b"".join(seal.canonical(line) + b"\n" for line in lines), media_type=_LINES, headers=headers)


def _head(asked: _Asked) -> list[Json]:
    share = asked.share
    fields = [{**column, "metadata": {}} for column in share.schema]
    meta: dict[str, Any] = {
        "id": str(_identity(share.standard, share.recipient)),
        "name": share.standard,
        "format": {"provider": "parquet"},
        "schemaString": seal.canonical({"type": "struct", "fields": fields}).decode(),
        "partitionColumns": [],
        "configuration": {},
    }
    counts = {"version": share.version, "size": sum(one["size"] for one in share.files), "numFiles": len(share.files)}
    if not asked.delta:
        return [{"protocol": {"minReaderVersion": 1}}, {"metaData": {**meta, **counts}}]
    meta["format"]["options"] = {}
    protocol = {"deltaProtocol": {"minReaderVersion": 1, "minWriterVersion": 2}}
    return [{"protocol": protocol}, {"metaData": {"deltaMetadata": meta, **counts}}]


def _files(request: Request, asked: _Asked, limit: int | None) -> Iterator[Json]:
    world, share = world_of(request), asked.share
    expires = int(world.clock().timestamp()) + world.settings.url_seconds
    made = int(_moment(share.made).timestamp()) * 1000
    rows = 0
    for one in share.files:
        if limit is not None and rows >= limit:
            return
        rows += one["rows"]
        url = _address(request, asked, one["name"], expires)
        stats = seal.canonical({"numRecords": one["rows"], **one["statistics"]}).decode()
        id = one["name"].removesuffix(".parquet")
        common = {"id": id, "version": share.version, "timestamp": made, "expirationTimestamp": expires * 1000}
        if asked.delta:
            add = {"path": url, "partitionValues": {}, "size": one["size"], "modificationTime": made}
            yield {"file": {**common, "deltaSingleAction": {"add": {**add, "dataChange": True, "stats": stats}}}}
        else:
            yield {"file": {**common, "url": url, "partitionValues": {}, "size": one["size"], "stats": stats}}


# --- files ------------------------------------------------------------------------------------------------------------

_FILE: Final = "/files/{member}/{standard}/{recipient}/{version}/{name}"
_STRANGER: Final = "-"
_DESCRIPTORS: Final = Path("/proc/self/fd")  # where Linux gives an open file a path, whatever became of its name


def _address(request: Request, asked: _Asked, name: str, expires: int) -> str:
    """An address of one file for one caller that works until `expires`."""
    world, share = world_of(request), asked.share
    parts = (asked.caller.member or _STRANGER, share.standard, share.recipient, str(share.version), name)
    base = world.settings.url.rstrip("/") or str(request.base_url).rstrip("/")
    path = f"{base}{_prefix(request)}/files/" + "/".join(quote(part, safe="") for part in parts)
    wish = ".".join((asked.caller.action, asked.caller.purpose or "", asked.caller.destination or ""))
    signature = _signature(world, (*parts, wish), expires)
    return f"{path}?{urlencode({'X-Amz-Expires': expires, _WISH: wish, SIGNATURE: signature})}"


def _prefix(request: Request) -> str:
    """The path under which this router stands."""
    return str(request.scope["path"]).split("/shares/")[0]


def _signature(world: World, parts: Sequence[str], expires: int) -> str:
    return seal.keyed(world.secrets.secret("url"), *parts, str(expires)).hex()


@router.head(_FILE, include_in_schema=False)
def head_file(request: Request) -> Response:
    """What a client asks before it fetches ranges."""
    return get_file(request)


@router.get(_FILE)
def get_file(request: Request) -> Response:
    """A served file, whole or in ranges (RFC 9110 §14). The signed address is its leave while its grounds stand."""
    world, path = world_of(request), request.path_params
    parts = tuple(str(path[name]) for name in ("member", "standard", "recipient", "version", "name"))
    expires, given = _whole(request, "X-Amz-Expires", 0), request.query_params.get(SIGNATURE, "")
    wish = request.query_params.get(_WISH, "")
    if not seal.same(_signature(world, (*parts, wish), expires), given):
        raise NotFound("share.file-unknown", name=parts[-1][:80])
    vouch(request)
    if expires <= world.clock().timestamp():
        raise Refused("sharing.address-over")
    member, standard, recipient, version, name = parts
    if member != _STRANGER:
        agree.refuse_cut_off(world, member, standard.partition("@")[0])
    action, purpose, destination = (part or None for part in wish.split("."))
    who = None if member == _STRANGER else MemberId(member)
    caller = Caller(member=who, purpose=purpose, destination=destination, action=decide.deed(action))
    release.refuse_other(world, caller, standard, recipient)
    return _Counted(
        release.file(world, standard, recipient, int(version), name),
        headers={"etag": f'"{name}"', "cache-control": "private, no-transform"},
        media_type="application/vnd.apache.parquet",
        told=partial(sent_of(request).add, member, standard),
    )


class Sent:
    """Bytes of files that really left, by member (`-`: strangers) and standard: what was asked says little of it."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._bytes: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def add(self, member: str, standard: str, count: int) -> None:
        """Count bytes that were handed to the network."""
        with self._lock:
            self._bytes[(member, standard)] += count

    def bytes(self) -> dict[tuple[str, str], int]:
        """The counts since the start."""
        with self._lock:
            return dict(self._bytes)


_MAKING: Final = threading.Lock()


def sent_of(request: Request) -> Sent:
    """The counts of this app."""
    with _MAKING:
        if not hasattr(request.app.state, "sent"):
            request.app.state.sent = Sent()
        sent: Sent = request.app.state.sent
        return sent


class _Counted(FileResponse):
    """A file that tells how many of its bytes were sent, chunk by chunk: clients cut answers off midway."""

    chunk_size = 1024 * 1024  # each chunk is a turn of the event loop

    def __init__(self, path: Path, *, headers: Mapping[str, str], media_type: str, told: Callable[[int], None]) -> None:
        """Serve `path`; `told` hears of each chunk."""
        super().__init__(path, headers=headers, media_type=media_type)
        self.path: Path = path
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send, and count what the server took."""

        async def counted(message: Message) -> None:
            await send(message)
            if body := message.get("body"):
                self._told(len(body))

        # without the server's own file sending: it would not pass here
        extensions = {name: value for name, value in (scope.get("extensions") or {}).items() if "pathsend" not in name}
        try:
            held = self.path.open("rb")
        except FileNotFoundError as error:  # withdrawn since the address was looked at
            raise NotFound("share.file-unknown", name=self.path.name) from error
        with held:  # from here on it is sent to its end, also when its name goes meanwhile
            if _DESCRIPTORS.is_dir():
                self.path = _DESCRIPTORS / str(held.fileno())
            await super().__call__({**scope, "extensions": extensions}, receive, counted)
