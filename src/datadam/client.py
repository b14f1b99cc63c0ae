"""What a consumer or contributor imports: `connect(url, key=…)`, `open(id).to_polars()`.

It talks HTTP and holds the member's key.

- The log's key is pinned at the first contact, and the last checkpoint with it: a dam that shows another key, a smaller
  log or one that does not extend the pinned one is refused (`Untrusted`).
- The member's private key stays in its file; only signatures leave.
- Data frames are loaded by whichever library is asked for; the client itself needs none.
"""

import codecs
import csv
import hashlib
import importlib
import io
import itertools
import json
import operator
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote

import httpx
import platformdirs

from datadam import ledger, seal, texts
from datadam.errors import DamError, Invalid, NotFound, Refused, Unavailable, Untrusted, revived
from datadam.formats import note, odcs
from datadam.mapping import fit_digest, fit_to_json
from datadam.model import Checkpoint, Fit, Json, Kind, Layout, Standard, Statement, instant

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

HOME_VARIABLE: Final = "DATADAM_HOME"
TIMEOUT: Final = httpx.Timeout(30, read=120)  # seconds; a share may have to be made before the first byte comes
POLL_SECONDS: Final = 0.2
CHUNK: Final = 1 << 20  # bytes
SAMPLE_ROWS: Final = 20
SEPARATORS: Final = (",", ";", "\t")  # as the dam reads a CSV: the one that its first line uses most
RENEW_SECONDS: Final = 60  # a token this close to its end is asked anew
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_BY_STATUS: Final[Mapping[int, type[DamError]]] = {
    401: Refused,
    403: Refused,
    404: NotFound,
    429: Refused,
    503: Unavailable,
}

Filter = tuple[str, str, object]
"""Column, one of = != < <= > >= in, and a value (for `in`: a list)."""


# --- profiles and pins on this machine --------------------------------------------------------------------------------


def home() -> Path:
    """The folder of keys, profile and pins: `DATADAM_HOME`, else the platform's place for settings."""
    return Path(os.environ.get(HOME_VARIABLE) or platformdirs.user_config_dir("datadam"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Which dam, as whom: what `datadam.open` uses when it is told nothing."""

    url: str
    key: Path | None = None
    member: str | None = None


def save_profile(profile: Profile) -> Path:
    """Make this the default profile."""
    return write_private(
        home() / "profile.json",
        {"url": profile.url, "key": str(profile.key) if profile.key else None, "member": profile.member},
    )


def default_profile() -> Profile:
    """The default profile: `DATADAM_URL` and `DATADAM_KEY`, else the saved one; `NotFound` when there is neither."""
    if url := os.environ.get("DATADAM_URL"):
        key = os.environ.get("DATADAM_KEY")
        return Profile(url=url, key=Path(key) if key else None, member=os.environ.get("DATADAM_MEMBER"))
    try:
        held = json.loads((home() / "profile.json").read_text(encoding="utf-8"))
        return Profile(url=held["url"], key=Path(held["key"]) if held["key"] else None, member=held["member"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotFound("profile.none", folder=str(home())) from error


def new_key(path: Path) -> seal.Jwk:
    """Make a key and write it to `path`, readable by its owner only. A file that exists is not overwritten."""
    key = seal.new_key()
    partial = _partial(path, key)
    try:
        os.link(partial, path)  # unlike a rename, a link never replaces, also not what came between
    except FileExistsError:
        raise Refused("key.exists", path=str(path)) from None
    finally:
        partial.unlink()
    return key


def read_key(path: Path) -> seal.Jwk:
    """Read a private key file."""
    try:
        key = seal.parse(path.read_bytes())
    except OSError as error:
        raise Invalid("key.unreadable", path=str(path)) from error
    if not isinstance(key, dict) or not isinstance(key.get("d"), str):
        raise Invalid("key.malformed", field="d")
    seal.public(key)
    return key


def write_private(path: Path, value: object) -> Path:
    """Write JSON for the owner only, whole or not at all."""
    _partial(path, value).replace(path)
    return path


def _partial(path: Path, value: object) -> Path:
    """The same, whole on the disk beside `path` and not yet under its name."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent)  # mkstemp makes it 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


# --- a dam ------------------------------------------------------------------------------------------------------------


def connect(url: str, *, key: str | Path | Mapping[str, str] | None = None, member: str | None = None) -> "Dam":
    """Reach the dam at `url`, as the member that `key` (a file or a JWK) belongs to; without a key as a stranger."""
    _check_url(url)
    held = read_key(Path(key)) if isinstance(key, str | Path) else dict(key) if key else None
    return Dam(url.rstrip("/"), held, member or (seal.member_id(held) if held else None))


def _check_url(url: str) -> None:
    """Refuse an address that is none, or over which tokens and rows would cross a network in clear."""
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise Invalid("client.url-malformed", url=url[:200]) from error
    if parts.scheme not in {"http", "https"} or not parts.host:
        raise Invalid("client.url-malformed", url=url[:200])
    if parts.scheme == "http" and parts.host not in {"127.0.0.1", "localhost", "::1"}:
        raise Refused("client.url-plain", url=url[:200])


def open(id: str) -> "Reservoir":  # noqa: A001  (datadam.open reads well, and the built-in is not wanted here)
    """The reservoir `id` of the default profile's dam."""
    profile = default_profile()
    return connect(profile.url, key=profile.key, member=profile.member).open(id)


class Dam:
    """One dam, as one member or a stranger. Made by `connect`."""

    def __init__(self, url: str, key: seal.Jwk | None, member: str | None) -> None:
        """Use `connect`."""
        self.url, self.member, self._key = url, member, key
        # what the dam puts into words, as a report's faults, comes in the language that this person reads
        language = _language()
        headers = {"Accept-Language": language}
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT, follow_redirects=False, headers=headers)
        self._token, self._until = "", 0.0
        self._pinned: str | None = None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        """Close at the end of a `with`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close at the end of a `with`."""
        self.close()

    # the wire

    def _ask(self, method: str, path: str, *, as_member: bool = True, **more: Any) -> httpx.Response:  # noqa: ANN401
        try:
            return self._send(method, path, as_member=as_member, **more)
        except Refused as error:
            if not as_member or error.code != "login.token-unknown" or isinstance(more.get("content"), Iterator):
                raise
        self._until = 0.0  # the dam forgot the login, as after a rebuild of its tables
        return self._send(method, path, as_member=as_member, **more)

    def _send(self, method: str, path: str, *, as_member: bool, **more: Any) -> httpx.Response:  # noqa: ANN401
        headers = {**more.pop("headers", {}), **({"Authorization": f"Bearer {self._login()}"} if as_member else {})}
        try:
            answer = self._http.request(method, path, headers=headers, **more)
        except httpx.HTTPError as error:
            raise _said(Unavailable("client.unreachable", url=self.url, why=type(error).__name__)) from error
        return _answered(answer)

    def _get(self, path: str, *, as_member: bool = False, **params: Any) -> Any:  # noqa: ANN401
        return _told(self._ask("GET", path, as_member=as_member, params=params))

    def _login(self) -> str:
        if self._key is None or self.member is None:
            raise Refused("ask.login-needed")
        if time.time() > self._until - RENEW_SECONDS:
            assertion = seal.login_assertion(self._key, member=self.member, audience=self.url, now=int(time.time()))
            form = {
                "grant_type": "client_credentials",
                "client_assertion_type": _ASSERTION,
                "client_assertion": assertion,
            }
            given = self._ask("POST", "/api/token", as_member=False, data=form).json()
            self._token, self._until = given["access_token"], time.time() + given["expires_in"]
        return self._token

    # trust

    def trust(self) -> Json:
        """Pin the dam's log key at the first contact; afterwards refuse another key, a fork or a rollback.

        Returns {vkey, size, first}: `first` tells that the key was taken on trust just now and wants comparing.
        """
        pins = _pins()
        held = pins.get(self.url)
        vkey = held["vkey"] if held else self._offered_key()
        text = self._ask("GET", "/log/checkpoint", as_member=False).text
        pinned = note.open_checkpoint(held["checkpoint"], vkey) if held else None
        seen = ledger.believe(text, vkey=vkey, pinned=pinned, proof=self._consistency)
        write_private(home() / "pins.json", {**pins, self.url: {"vkey": vkey, "checkpoint": text}})
        self._pinned = vkey
        return {"vkey": vkey, "size": seen.size, "first": held is None}

    def _offered_key(self) -> str:
        told = self._get("/api")
        vkey = told["log"].get("vkey") if isinstance(told, dict) and isinstance(told.get("log"), dict) else None
        if not isinstance(vkey, str):
            raise Unavailable("client.answer-odd", status=200)
        return vkey

    def _consistency(self, old: int, new: int) -> Sequence[bytes]:
        """A dam that has no such proof, or not one that can be read, does not extend what was pinned."""
        try:
            return [seal.decode(node) for node in self._get("/api/log/consistency", old=old, new=new)["proof"]]
        except (Invalid, NotFound, KeyError, TypeError) as error:
            raise Untrusted("checkpoint.forked", size=new) from error

    @property
    def vkey(self) -> str:
        """The pinned key of this dam's log."""
        if self._pinned is None:
            self.trust()
        return str(self._pinned)

    def receipt(self, id: str) -> Json:
        """The receipt of a statement that concerns the caller, checked before it is returned."""
        try:
            sent = self._get(f"/api/receipts/{_part(id)}", as_member=self._key is not None)
        except NotFound:
            raise NotFound("statement.unknown", statement=id[:64]) from None
        ledger.verify_receipt(seal.canonical(sent), vkey=self.vkey)
        found: Json = sent
        return found

    def read_log(self, path: str) -> bytes:
        """One of the log's static files."""
        return self._ask("GET", f"/log/{path}", as_member=False).content

    def body(self, id: str) -> bytes | None:
        """A statement's body, None where the caller may not read it."""
        try:
            return self._ask("GET", f"/api/bodies/{_part(id)}", as_member=self._key is not None).content
        except NotFound:
            return None

    def bodies(self) -> Callable[[str], bytes | None]:
        """Gives an audit the log's bodies, which it asks for one by one in the log's order; fetches by the page."""
        lines = self._body_lines()

        def body(_: str) -> bytes | None:
            line = next(lines, b"null")  # that it is the one asked for, the audit sees by its digest
            return None if line == b"null" else line

        return body

    def _body_lines(self) -> Iterator[bytes]:
        start = 0
        while True:
            params = {"start": start}
            page = self._ask("GET", "/api/log/bodies", as_member=self._key is not None, params=params).content
            yield from page.splitlines()
            if not page:
                return
            start += page.count(b"\n")

    # joining

    def accession(self, language: str) -> Json:
        """The accession text and what its signer names of it."""
        found: Json = self._get("/api/accession", language=language)
        return found

    def join(self, profile: Mapping[str, object], facts: Mapping[str, object], *, language: str) -> Json:
        """Sign the accession that was read in `language` and apply; `facts` are jurisdiction, roles and so on."""
        key = self._needed_key()
        text = self.accession(language)
        country = next(
            (
                one["member"]
                for one in self._get("/api/countries")["items"]
                if one["jurisdiction"] == facts["jurisdiction"] and not one["left"] and one["effective"] <= _today()
            ),
            None,
        )
        named = seal.canonical({"salt": seal.salt(), **profile})
        body = {
            "member": seal.member_id(key),
            "member_kind": "organisation",
            "key": seal.public(key),
            "roles": [],
            "under": None if facts.get("member_kind") == "country" else country,
            "profile": seal.digest(named),
            "text": {"version": text["version"], "language": language, "digests": text["digests"]},
            "authority": None,
            "effective": None,
            "reservations": [],
            **facts,
        }
        statement = self._sign(Kind.MEMBER, body)
        sent = {"statement": json.loads(seal.envelope(statement)), "profile": named.decode()}
        found: Json = self._ask("POST", "/api/applications", as_member=False, json=sent).json()
        return found

    def standing(self, application: str) -> Json:
        """How an application stands."""
        found: Json = self._get(f"/api/applications/{_part(application)}")
        return found

    def me(self) -> Json:
        """The caller as the log has it."""
        found: Json = self._get("/api/me", as_member=True)
        return found

    def rotate(self, new: seal.Jwk) -> Json:
        """Change to a new key; the old one counts no more, and its logins end."""
        old = self._needed_key()
        facts = {"member": self.member, "key": seal.public(new), "replaces": seal.thumbprint(old)}
        statement = seal.countersign(self._sign(Kind.KEY, facts), new)
        found: Json = self._ask("POST", "/api/keys", content=seal.envelope(statement)).json()
        self._key, self._until = new, 0.0
        return found

    def leave(self, reason: str) -> Json:
        """Leave the dam."""
        facts = {"member": self.member, "reason": reason, "signed_by_member": True}
        statement = self._sign(Kind.EXIT, facts)
        found: Json = self._ask("POST", "/api/exit", content=seal.envelope(statement)).json()
        return found

    def _needed_key(self) -> seal.Jwk:
        if self._key is None:
            raise Refused("ask.login-needed")
        return self._key

    def _sign(self, kind: Kind, facts: Json) -> Statement:
        return seal.state(kind, facts, issued=instant(datetime.now(UTC)), key=self._needed_key())

    # standards and deposits

    def standards(self) -> list[Json]:
        """Every standard's last version."""
        return list(self._get("/api/standards")["items"])

    def standard_text(self, id: str) -> str:
        """A standard as it was signed, ODCS YAML."""
        return self._ask("GET", f"/api/standards/{_part(id)}", as_member=False).text

    def standard(self, id: str) -> Standard:
        """A standard."""
        return odcs.read(self.standard_text(id))

    def fits(self, standard: str) -> list[Json]:
        """The caller's own confirmed fits for a standard, newest first."""
        return list(self._get(f"/api/fits/{_part(standard)}", as_member=True)["items"])

    def deposit(
        self, path: str | Path, fit: Fit, *, terms: Sequence[str] = (), progress: Callable[[Json], None] | None = None
    ) -> Json:
        """Sign a manifest for the file, send both, and wait for the outcome; the deposit as the dam tells it."""
        file = Path(path)
        digest, size = _hashed(file)
        facts = {
            "contributor": self.member,
            "standard": fit.standard,
            "version": fit.version,
            "fit": fit_to_json(fit),
            "fit_digest": fit_digest(fit),
            "file": {"name": _shown_name(file), "format": file_format(file), "digest": digest, "size": size},
            "terms": list(terms),
        }
        statement = self._sign(Kind.MANIFEST, facts)
        job: Json = self._ask("POST", "/api/deposits", content=seal.envelope(statement)).json()
        if job["stage"] == "announced":
            told = progress or (lambda _: None)
            headers = {"Content-Length": str(size)}
            content = _chunks(file, lambda sent: told({**job, "progress": {"stage": "send", "done": sent, "of": size}}))
            job = self._ask("PUT", f"/api/deposits/{_part(job['id'])}/file", content=content, headers=headers).json()
        return self.wait(job["id"], progress=progress)

    def wait(self, id: str, *, progress: Callable[[Json], None] | None = None) -> Json:
        """Wait until a deposit is committed or refused."""
        while True:
            job: Json = self._get(f"/api/deposits/{_part(id)}", as_member=True)
            if progress is not None:
                progress(job)
            if job["stage"] in {"committed", "refused"}:
                return job
            time.sleep(POLL_SECONDS)

    def deposits(self) -> list[Json]:
        """The caller's deposits, newest first."""
        return list(self._get("/api/deposits", as_member=True)["items"])

    def rejects(self, id: str, into: Path) -> Path:
        """Fetch a deposit's refused rows, in the layout that they were sent in, with their reasons."""
        into.write_bytes(self._ask("GET", f"/api/deposits/{_part(id)}/rejects").content)
        return into

    # taking out

    def reservoirs(self) -> "Reservoirs":
        """What is pooled here, and what the caller may take."""
        return Reservoirs(self._get("/api/reservoirs", as_member=self._key is not None)["items"])

    def open(self, id: str) -> "Reservoir":
        """The reservoir `id`; nothing is loaded before it is asked for."""
        info = self._get(f"/api/reservoirs/{_part(id)}", as_member=self._key is not None)
        if not isinstance(info, dict) or info.get("id") != id:  # it names files on this machine
            raise Unavailable("client.answer-odd", status=200)
        return Reservoir(dam=self, info=info)

    def releases(self, standard: str | None = None) -> list[Json]:
        """The caller's releases, oldest first."""
        params = {"standard": standard} if standard else {}
        return list(self._get("/api/releases", as_member=True, **params)["items"])

    def share_profile(self, standard: str) -> Json:
        """A Delta Sharing profile (v1, bearer) for one reservoir, to be given to other tools; told once."""
        found: Json = self._ask("POST", "/api/profiles", json={"standard": standard}).json()
        return found

    def share_profiles(self) -> list[Json]:
        """The caller's share profiles, without their tokens."""
        return list(self._get("/api/profiles", as_member=True)["items"])

    def revoke_profile(self, profile: str) -> None:
        """End a share profile."""
        self._ask("DELETE", f"/api/profiles/{_part(profile)}")

    def files(self, table: Mapping[str, str]) -> list[Json]:
        """The files of a share, with addresses that work for a while (Delta Sharing, parquet format)."""
        path = f"/sharing/shares/{table['share']}/schemas/{table['schema']}/tables/{table['table']}/query"
        lines = self._ask("POST", path, as_member=self._key is not None, json={}).text.splitlines()
        return [line["file"] for line in map(json.loads, lines) if "file" in line]

    def fetch(self, url: str, into: Path) -> Path:
        """Fetch one served file, in pieces; what came of one that breaks off is removed."""
        _check_url(url)
        try:
            with self._http.stream("GET", url) as answer, into.open("wb") as file:
                if answer.status_code != httpx.codes.OK:
                    answer.read()
                    _answered(answer)
                for chunk in answer.iter_bytes(CHUNK):
                    file.write(chunk)
        except BaseException as error:
            into.unlink(missing_ok=True)
            if isinstance(error, httpx.HTTPError):
                raise Unavailable("client.unreachable", url=self.url, why=type(error).__name__) from error
            raise
        return into


class Reservoirs(list[Json]):
    """The reservoirs, printed as a table."""

    def __repr__(self) -> str:
        """One line a reservoir: id, version, tier, whether it is open to the caller, title."""
        rows = [(r["id"], r["version"], r["tier"], "yes" if r["open_to_you"] else "no", _title(r)) for r in self]
        rows.insert(0, ("reservoir", "version", "tier", "open to you", "title"))
        widths = [max(len(row[i]) for row in rows) for i in range(5)]
        return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def _title(info: Json) -> str:
    return str(info["titles"].get("en") or next(iter(info["titles"].values()), ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservoir:
    """One reservoir, to be loaded whole or in part. `info` tells columns, units, tier and terms."""

    dam: Dam = field(repr=False)
    info: Json

    @property
    def id(self) -> str:
        """The reservoir's id, which is its standard's."""
        return str(self.info["id"])

    def to_polars(self, *, columns: Sequence[str] | None = None, filter: Sequence[Filter] = ()) -> "pl.DataFrame":  # noqa: A002
        """The rows as a Polars frame: `columns` to keep; `filter` as tuples like ("type", "=", "domain")."""
        polars = _library("polars", "polars")
        for _, op, _ in filter:
            _known_op(op)
        with self._downloaded() as paths:
            lazy = polars.scan_parquet(paths, glob=False)
            _check_columns(lazy.collect_schema().names(), columns, filter)
            try:
                for column, op, value in filter:
                    lazy = lazy.filter(_known_op(op)(polars.col(column), value))
                frame: pl.DataFrame = (lazy.select(columns) if columns else lazy).collect()
            except (polars.exceptions.PolarsError, TypeError, ValueError) as error:
                raise Invalid("client.filter-value", why=str(error)[:200]) from error
            return frame

    def to_arrow(self, *, columns: Sequence[str] | None = None, filter: Sequence[Filter] = ()) -> "pa.Table":  # noqa: A002
        """The rows as an Arrow table."""
        parquet = _library("pyarrow.parquet", "arrow")
        for _, op, _ in filter:
            _known_op(op)
        with self._downloaded() as paths:
            chosen = list(columns) if columns else None
            _check_columns(parquet.read_schema(paths[0]).names, columns, filter)
            try:
                table: pa.Table = parquet.read_table(paths, columns=chosen, filters=list(filter) or None)
            except (TypeError, ValueError, NotImplementedError) as error:  # Arrow's own errors are among them
                raise Invalid("client.filter-value", why=str(error)[:200]) from error
            return table

    def to_pandas(self, *, columns: Sequence[str] | None = None, filter: Sequence[Filter] = ()) -> "pd.DataFrame":  # noqa: A002
        """The rows as a pandas frame."""
        _library("pandas", "pandas")
        frame: pd.DataFrame = self.to_arrow(columns=columns, filter=filter).to_pandas()
        return frame

    def download(self, folder: str | Path) -> list[Path]:
        """The Parquet files as they are served, each checked against its size; those of an earlier download go."""
        into, named = Path(folder), quote(self.id, safe="")
        into.mkdir(parents=True, exist_ok=True)
        files = self.dam.files(self.info["table"])
        for earlier in into.glob(f"{named}-[0-9][0-9][0-9][0-9][0-9].parquet"):
            earlier.unlink()  # rows of two versions side by side would be counted twice
        paths = []
        for number, file in enumerate(files):
            path = self.dam.fetch(file["url"], into / f"{named}-{number:05}.parquet")
            if path.stat().st_size != file["size"]:
                raise Unavailable("client.file-cut", file=path.name, size=path.stat().st_size, expected=file["size"])
            paths.append(path)
        return paths

    @contextmanager
    def _downloaded(self) -> Iterator[list[Path]]:
        with tempfile.TemporaryDirectory(prefix="datadam-") as folder:
            paths = self.download(folder)
            if not paths:
                raise _said(NotFound("reservoir.empty", id=self.id))
            yield paths


_OPS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda column, values: column.is_in(values),
}


def _known_op(op: str) -> Callable[[Any, Any], Any]:
    if op not in _OPS:
        raise Invalid("client.filter-unknown", op=op[:20])
    return _OPS[op]


def _check_columns(known: Sequence[str], columns: Sequence[str] | None, filter: Sequence[Filter]) -> None:  # noqa: A002
    for column in (*(columns or ()), *(one[0] for one in filter)):
        if column not in known:
            raise NotFound("client.column-unknown", column=str(column)[:60], known=list(known))


def _library(name: str, extra: str) -> Any:  # noqa: ANN401  (a module)
    try:
        return importlib.import_module(name)
    except ImportError as error:
        missing = name.split(".", maxsplit=1)[0]
        raise _said(Unavailable("client.library-missing", library=missing, extra=extra)) from error


# --- what was pinned --------------------------------------------------------------------------------------------------


def pinned_keys() -> list[str]:
    """Every log key that was pinned on this machine."""
    return [str(pin["vkey"]) for pin in _pins().values()]


def choose_key(receipt: str, known: Sequence[str]) -> str:
    """The key among those `known` under whose log a receipt stands; none of them is `Untrusted`.

    A receipt names its log's key, but that name proves nothing: only a key that was known before does.
    """
    told = seal.parse(receipt)
    named = told.get("log") if isinstance(told, dict) else None
    if not isinstance(named, str):
        raise Invalid("receipt.malformed", field="log")
    if named not in known:
        raise Untrusted("receipt.log-unknown", log=named[:400])
    return named


def pinned_checkpoint(url: str, vkey: str) -> Checkpoint | None:
    """The last checkpoint seen of the dam at `url`."""
    held = _pins().get(url)
    return note.open_checkpoint(held["checkpoint"], vkey) if held and held["vkey"] == vkey else None


def folder_reader(folder: Path) -> Callable[[str], bytes]:
    """Reads a log's files from a folder, for an audit without a server."""

    def read(name: str) -> bytes:
        try:
            return folder.joinpath(*name.split("/")).read_bytes()
        except OSError as error:
            raise NotFound("log.path-unknown", path=name) from error

    return read


# --- files ------------------------------------------------------------------------------------------------------------


def file_format(path: Path) -> str:
    """`parquet` or `csv`, told by the first bytes, not by the name."""
    try:
        with path.open("rb") as file:
            return "parquet" if file.read(4) == b"PAR1" else "csv"
    except OSError as error:
        raise Invalid("file.unreadable", path=str(path), why=error.strerror or "") from error


def look(path: Path) -> Layout:
    """A file's header and first values, read here: nothing leaves this machine before the mapping is confirmed."""
    return _look_parquet(path) if file_format(path) == "parquet" else _look_csv(path)


def _look_csv(path: Path) -> Layout:
    with path.open("rb") as file:
        head = file.read(CHUNK)
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head, len(head) < CHUNK)
    except UnicodeDecodeError as error:
        raise Invalid("deposit.encoding", name=path.name, offset=error.start) from error
    first, _, rest = text.partition("\n")
    if not first.strip():
        raise Invalid("deposit.file-empty", name=path.name)
    separator = max(SEPARATORS, key=first.count)
    try:
        header = next(csv.reader([first], delimiter=separator, strict=True))
    except (csv.Error, StopIteration) as error:
        raise Invalid("file.header-malformed", name=path.name) from error
    body: list[list[str]] = []
    with suppress(csv.Error):  # a broken row is for the dam's report; what came before it is sample enough
        for row in itertools.islice(csv.reader(io.StringIO(rest), delimiter=separator), SAMPLE_ROWS):
            body += [row] if len(row) == len(header) else []
    samples = tuple(tuple(row[i] for row in body) for i in range(len(header)))
    return Layout(columns=tuple(header), types=("text",) * len(header), samples=samples)


def _look_parquet(path: Path) -> Layout:
    pl = _library("polars", "polars")
    try:
        frame = pl.scan_parquet(path, glob=False).head(SAMPLE_ROWS).collect()
    except pl.exceptions.PolarsError as error:
        raise Invalid("deposit.parquet-broken", name=path.name, why=str(error)[:200]) from error
    samples = tuple(tuple("" if value is None else str(value) for value in column) for column in frame.iter_columns())
    return Layout(columns=tuple(frame.columns), types=tuple(str(t) for t in frame.dtypes), samples=samples)


def _hashed(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


def _chunks(path: Path, sent: Callable[[int], None]) -> Iterator[bytes]:
    done = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
            done += len(chunk)
            sent(done)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _pins() -> dict[str, Any]:
    """What was pinned. A file that is there but broken is `Untrusted`: to start anew would be to trust anybody."""
    path = home() / "pins.json"
    try:
        pins = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Untrusted("client.pins-broken", path=str(path)) from error
    fields = ("vkey", "checkpoint")
    whole = isinstance(pins, dict) and all(
        isinstance(pin, dict) and all(isinstance(pin.get(name), str) for name in fields) for pin in pins.values()
    )
    if not whole:
        raise Untrusted("client.pins-broken", path=str(path))
    return dict(pins)


def _part(id: object) -> str:
    """An id as one part of an address, whatever is in it."""
    return quote(str(id), safe="")


def _shown_name(file: Path) -> str:
    """A file's name as a manifest can hold it: at most 255 characters, and Unicode throughout."""
    return file.name.encode(errors="replace").decode()[:255]


def _told(answer: httpx.Response) -> Any:  # noqa: ANN401  (any JSON)
    try:
        return answer.json()
    except ValueError as error:
        raise Unavailable("client.answer-odd", status=answer.status_code) from error


def _answered(answer: httpx.Response) -> httpx.Response:
    """The answer, or the refusal that it is."""
    if answer.is_success:
        return answer
    kind = _BY_STATUS.get(answer.status_code, Invalid if answer.status_code < 500 else Unavailable)  # noqa: PLR2004
    try:
        told = seal.parse(answer.content)
    except Invalid:
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("code"), str):
        raise Unavailable("client.answer-odd", status=answer.status_code)
    raise _said(revived(told, kind))


def _said(error: DamError) -> DamError:
    """The refusal with its sentences as notes (PEP 678), so that a traceback says them to whoever imports us."""
    told = texts.explain(error, _language())
    for one in (told, *told.faults):
        error.add_note(f"{one.what} {one.remedy}".rstrip())
    return error


def _language() -> str:
    return os.environ.get("DATADAM_LANG") or texts.spoken(os.environ)
