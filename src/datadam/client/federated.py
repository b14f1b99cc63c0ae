"""One reservoir over several dams: `open("cti.indicator@all")`. Each part is its own dam's to give, or is named.

The caller's own dam tells which dams hold a part and what may cross (`GET /api/catalogue/{id}`); nothing else is
taken from it. Each part is asked of its own dam, by the caller's key, under that dam's decision, with a log key that is
pinned here; the release that it logged is proved, and that it was of the very bytes that came. What was not read is in
`missing`, with its reason.
"""

import hashlib
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import quote

from datadam import texts
from datadam.client.answers import language_here, library, said
from datadam.client.frames import Filter, Reservoir, check_columns, known_op
from datadam.client.home import read_formers, read_pins
from datadam.client.private import Private
from datadam.conversion import conversion
from datadam.errors import DamError, Invalid, NotFound, Refused, Untrusted
from datadam.formats import codelists, note, odcs
from datadam.migration import EXACT, Drawn
from datadam.model import Column, Json, Protection, Reason, Tier, Type

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from datadam.client.dam import Dam

DAM_COLUMN: Final = "_dam"
"""The column that tells from which dam a row is: the name of its log."""
RECENT: Final = 8  # releases that a part's bytes are looked for in: a share may be made anew while it is fetched
NOT_YET: Final = "catalogue.not-guest"
"""The one reason that the caller's dam may be late with: who became a guest just now is asked for anyway."""
UNKNOWN_THERE: Final = frozenset({"login.key-unknown", "login.token-unknown"})


class State(StrEnum):
    """How far a part has come."""

    WAITING = "waiting"  # nothing stands against it as far as the caller's dam knows; it was not asked yet
    READ = "read"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one dam holds of a reservoir, and what became of it here."""

    origin: str  # the name of its log
    url: str
    state: State
    reason: Reason | None = None  # why it is missing
    release: str | None = None  # the statement in its log by which it was given; None where strangers may read
    receipt: Json = field(default_factory=dict, repr=False)
    rows: int | None = None  # that were given
    told: Json = field(default_factory=dict, repr=False)  # as the caller's dam told it

    @property
    def why(self) -> str:
        """Why it is missing, in the language that this person reads."""
        if self.reason is None:
            return ""
        told = texts.explain(self.reason, language_here())
        return " ".join(f"{one.what} {one.remedy}".rstrip() for one in (told, *told.faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The files of one part, and how they are read under the caller's standard."""

    place: int
    origin: str
    paths: list[Path]
    steps: tuple[tuple[Drawn, ...], ...]
    columns: frozenset[str]  # of its own standard


@dataclass(frozen=True, slots=True, kw_only=True)
class Federated(Reservoir):
    """One reservoir over several dams. `parts` tells of each; reading fills in what became of it.

    `strict=True` raises where any part would be missing; else what came is given and the rest stands in `missing`.
    """

    parts: list[Part] = field(default_factory=list)

    @property
    def missing(self) -> list[Part]:
        """The parts that were not read, each with its reason."""
        return [one for one in self.parts if one.state is State.MISSING]

    def private(self, *, purpose: str | None = None) -> Private:
        """Private answers are given by one dam at a time; asked of several, this is refused."""
        del purpose
        self._refuse_private()

    def _refuse_private(self) -> NoReturn:
        raise said(Refused("federated.private", standard=self.standard))

    @property
    def standard(self) -> str:
        """The id that all parts share."""
        return str(self.info["standard"])

    def to_polars(
        self, *, columns: Sequence[str] | None = None, filter: Sequence[Filter] = (), strict: bool = False
    ) -> "pl.DataFrame":
        """The rows of all parts as a Polars frame, with a column `_dam`; columns and filter as of one reservoir."""
        polars = library("polars", "polars")
        for _, op, _ in filter:
            known_op(op)
        with self._read(strict=strict) as read:
            lazy = polars.concat(self._frames(polars, read, strict=strict), how="diagonal")
            check_columns(lazy.collect_schema().names(), columns, filter)
            try:
                for column, op, value in filter:
                    lazy = lazy.filter(known_op(op)(polars.col(column), value))
                frame: pl.DataFrame = (lazy.select(columns) if columns else lazy).collect()
            except (polars.exceptions.PolarsError, TypeError, ValueError) as error:
                raise Invalid("client.filter-value", why=str(error)[:200]) from error
            return frame

    def to_arrow(
        self, *, columns: Sequence[str] | None = None, filter: Sequence[Filter] = (), strict: bool = False
    ) -> "pa.Table":
        """The rows of all parts as an Arrow table, with a column `_dam`."""
        table: pa.Table = self.to_polars(columns=columns, filter=filter, strict=strict).to_arrow()
        return table

    def to_pandas(
        self, *, columns: Sequence[str] | None = None, filter: Sequence[Filter] = (), strict: bool = False
    ) -> Any:  # noqa: ANN401  (a pandas frame, where pandas is there)
        """The rows of all parts as a pandas frame, with a column `_dam`."""
        library("pandas", "pandas")
        return self.to_arrow(columns=columns, filter=filter, strict=strict).to_pandas()

    def download(self, folder: str | Path, *, strict: bool = False) -> list[Path]:
        """The files of all parts as their dams serve them, under their own standards, named by their dams."""
        into = Path(folder)
        into.mkdir(parents=True, exist_ok=True)
        with self._read(strict=strict) as read:
            for earlier in self.earlier(into):
                earlier.unlink()
            named = [
                (path, into / f"{quote(self.id, safe='')}-{quote(one.origin, safe='')}-{number:05}.parquet")
                for one in read
                for number, path in enumerate(one.paths)
            ]
            for path, target in named:
                target.write_bytes(path.read_bytes())
        return [target for _, target in named]

    def earlier(self, folder: str | Path) -> list[Path]:
        """The files of an earlier download, which the next one would take away."""
        return sorted(Path(folder).glob(f"{quote(self.id, safe='')}-*-[0-9][0-9][0-9][0-9][0-9].parquet"))

    # --- parts ---

    @contextmanager
    def _read(self, *, strict: bool) -> Iterator[list[Fetched]]:
        """Fetch every part that may be had; the rest is named."""
        if self.info["tier"] in {Tier.ANSWERS, Tier.TABLES}:
            self._refuse_private()
        refuse_namesakes([(one.origin, one.url, str(one.told["log"])) for one in self.parts])
        found: list[Fetched] = []
        with ExitStack() as stack:
            for place, part in enumerate(self.parts):
                into = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="datadam-")))
                try:
                    self.parts[place], fetched = self._part(part, place, into)
                    found += [fetched] if fetched.paths else []
                except DamError as error:
                    self._lacks(place, error, strict=strict)
            if not found:
                raise self._nothing()
            yield found

    def _lacks(self, place: int, error: DamError, *, strict: bool) -> None:
        """Name a part that is missing; raise where none may be."""
        part = self.parts[place]
        reason = Reason(error.code, dict(error.facts))
        self.parts[place] = replace(part, state=State.MISSING, reason=reason, release=None, receipt={}, rows=None)
        if strict:
            facts = {"dam": part.origin, "standard": self.standard, "reasons": (reason,)}
            raise said(Refused("federated.part-missing", **facts)) from error

    def _nothing(self) -> NotFound:
        lacking = [(one.origin, one.reason) for one in self.missing if one.reason is not None]
        if not lacking:
            return NotFound("reservoir.empty", id=self.id)
        dams, reasons = zip(*lacking, strict=True)
        return NotFound("federated.nothing-read", standard=self.standard, dams=", ".join(dams), reasons=reasons)

    def _part(self, part: Part, place: int, into: Path) -> tuple[Part, Fetched]:
        """One part's files, fetched from its own dam and proved; whatever stands against it is raised."""
        if (hindered := _hindered(part.told)) is not None:
            raise Refused(hindered.code, **hindered.facts)
        if part.told["here"]:
            return self._given(part, place, self.dam, into)
        try:
            with self._reached(part) as dam:
                return self._given(part, place, dam, into)
        except (Refused, Untrusted) as error:
            if error.code not in UNKNOWN_THERE:
                raise
            if part.told["tier"] != Tier.OPEN:
                raise Refused(NOT_YET, dam=part.origin, url=part.url) from error
        with self._reached(part, stranger=True) as dam:
            return self._given(part, place, dam, into)

    def _given(self, part: Part, place: int, dam: "Dam", into: Path) -> tuple[Part, Fetched]:
        whole = replace(dam.open(self.standard), headers=self.headers)
        text = dam.standard_text(self.standard, str(whole.info["version"]))
        steps = self._steps(text)
        paths = whole.download(into)
        receipt, body = self._proof(dam, paths) if dam.has_key else ({}, {})
        columns = frozenset(str(one["name"]) for one in whole.info["columns"])
        read = replace(
            part,
            state=State.READ,
            reason=None,
            release=str(body["id"]) if body else None,
            receipt=receipt,
            rows=int(body["rows"]) if body else None,
        )
        return read, Fetched(place=place, origin=part.origin, paths=paths, steps=steps, columns=columns)

    def _reached(self, part: Part, *, stranger: bool = False) -> "Dam":
        """The dam of a part, as the caller, with the log key that the caller's dam knows or one that came after it."""
        dam = self.dam.elsewhere(part.url, stranger=stranger)
        try:
            dam.trust(told=str(part.told["log"]))
            if note.read_vkey(dam.vkey)[0] != part.origin:
                raise Untrusted("client.key-not-told", url=part.url)
        except BaseException:  # whoever asked for it never gets it, so it is closed here
            dam.close()
            raise
        return dam

    def _proof(self, dam: "Dam", paths: Sequence[Path]) -> tuple[Json, Json]:
        """The receipt of the release by which a dam gave exactly these bytes, and what that statement says."""
        digests = sorted(_digest(path) for path in paths)
        for one in reversed(dam.releases(self.standard)[-RECENT:]):
            receipt, proven = dam.proven_receipt(str(one["id"]))
            body = proven.statement.body
            same = (body.get("member"), body.get("standard")) == (dam.member, self.standard)
            if same and sorted(body.get("files", ())) == digests:
                return receipt, {**body, "id": str(proven.statement.id)}
        raise Untrusted("federated.release-none", dam=dam.url, standard=self.standard)

    # --- under which standard ---

    def _steps(self, text: str) -> tuple[tuple[Drawn, ...], ...]:
        """How rows under a dam's contract are read under the caller's own dam's; as they come where that has none."""
        if not self.info["here"] or text == self._ours():
            return ()
        lineage = [self.dam.standard(self.standard, one["version"]) for one in self.dam.versions(self.standard)]
        return conversion(odcs.read(text), lineage, codelists.packaged())

    def _ours(self) -> str:
        return self.dam.standard_text(self.standard)

    def _frames(self, polars: Any, read: Sequence[Fetched], *, strict: bool) -> "list[pl.LazyFrame]":  # noqa: ANN401  (a module)
        """Each part's rows under the caller's standard; a part whose columns are not of its types is named and left."""
        dams, held, frames = polars.Enum([one.origin for one in read]), dict[str, Any](), []
        for one in read:
            frame = polars.scan_parquet(one.paths, glob=False)
            try:
                for step in one.steps:
                    frame = draw(polars, frame, step, one.columns)
                schema = dict(frame.collect_schema())
                other = next((name for name, kind in schema.items() if held.get(name, kind) != kind), None)
            except polars.exceptions.PolarsError:
                other = "–"
            if other is not None:
                error = Invalid("federated.columns-other", dam=one.origin, standard=self.standard, column=other[:60])
                self._lacks(one.place, error, strict=strict)
                continue
            held |= schema
            frames.append(frame.with_columns(polars.lit(one.origin, dtype=dams).alias(DAM_COLUMN)))
        if not frames:
            raise self._nothing()
        return frames


def refuse_namesakes(told: Iterable[tuple[str, str, str]]) -> None:
    """Refuse dams of which two have one name, among themselves or beside one that is pinned on this machine.

    `told` are origin, url and log key. The same log key under another address is the same dam, moved.
    """
    seen: dict[str, tuple[str, frozenset[str]]] = {}
    for url, pin in read_pins().items():
        keys = frozenset({str(pin["vkey"]), *(one.vkey for one in read_formers(pin))})
        seen[note.read_vkey(str(pin["vkey"]))[0]] = url, keys
    for origin, url, log in told:
        other, keys = seen.get(origin, (url, frozenset({log})))
        if other != url and log not in keys:
            raise said(Untrusted("client.dam-namesake", name=origin, url=url, other=other))
        seen[origin] = url, keys | {log}


def draw(polars: Any, frame: "pl.LazyFrame", step: Sequence[Drawn], columns: Collection[str]) -> "pl.LazyFrame":  # noqa: ANN401  (a module)
    """Rows under the next version, of the columns that came; what is no column of theirs, `columns`, stays as it is.

    Held against `adapters.polars_steps` in the tests: the light client has no adapters.
    """
    there = frame.collect_schema().names()
    drawn = [_drawn(polars, one) for one in step if one.source is None or one.source.name in there]
    names = {one.column.name for one in step}
    return frame.select(*drawn, *(name for name in there if name not in columns and name not in names))


def _drawn(polars: Any, one: Drawn) -> "pl.Expr":  # noqa: ANN401  (a module)
    kind = _kind(polars, one.column)
    if one.source is None:
        value: pl.Expr = polars.lit(one.constant, dtype=polars.String if one.constant is not None else kind)
        return value.cast(kind).alias(one.column.name)
    value = polars.col(one.source.name)
    exact = {one.source.type, one.column.type} <= EXACT
    if exact and (one.multiplier != 1 or _kind(polars, one.source) != kind):
        unscaled = value.to_physical() if one.source.type is Type.DECIMAL else value
        wide = unscaled.cast(polars.Int128) * polars.lit(str(one.multiplier)).cast(polars.Int128)
        value = wide.cast(polars.Int64) if one.column.type is Type.INTEGER else wide.reinterpret(dtype=kind)
    if one.codes:
        value = value.replace(list(one.codes), list(one.codes.values()))
    return value.alias(one.column.name)


def _kind(polars: Any, column: Column) -> Any:  # noqa: ANN401  (a module, and a type of it)
    """The Polars type in which a column is served."""
    if column.type is Type.DECIMAL and column.protection is not Protection.UNIT_ID:
        return polars.Decimal(column.precision, column.scale)
    if column.type is Type.TEXT or column.protection is Protection.UNIT_ID:
        return polars.String()
    kinds = {
        Type.INTEGER: polars.Int64(),
        Type.NUMBER: polars.Float64(),
        Type.BOOLEAN: polars.Boolean(),
        Type.DATE: polars.Date(),
        Type.TIMESTAMP: polars.Datetime("us", "UTC"),
    }
    return kinds[column.type]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def over_all(dam: "Dam", standard: str, headers: Json) -> Federated:
    """A reservoir with the parts that the caller's dam knows of; nothing is asked of another dam yet."""
    told = dam.catalogued(standard)
    parts = [
        Part(
            origin=str(one["origin"]),
            url=str(one["url"]),
            state=State.MISSING if _hindered(one) else State.WAITING,
            reason=_hindered(one),
            told=one,
        )
        for one in told["parts"]
    ]
    refuse_namesakes([(one.origin, one.url, str(one.told["log"])) for one in parts])
    return Federated(dam=dam, info=told, headers=headers, parts=parts)


def _hindered(told: Json) -> Reason | None:
    """What stands against a part before anybody is asked."""
    found = [Reason(str(one["code"]), dict(one["facts"])) for one in told["reasons"] if one["code"] != NOT_YET]
    return found[0] if found else None
