"""Reservoirs as data frames: which library loads them is the caller's choice, and none is needed before."""

import operator
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from datadam.client.answers import library, said
from datadam.client.indicators import Indicators, read
from datadam.client.private import Private, private
from datadam.domains.cyber.reliability import Vote
from datadam.errors import Invalid, NotFound, Unavailable
from datadam.model import Json

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from datadam.client.dam import Dam

PURPOSE: Final = "Datadam-Purpose"  # a request header
TRIES: Final = 5  # versions of a share that may go while they are fetched
Filter = tuple[str, str, object]
"""Column, one of = != < <= > >= in, and a value (for `in`: a list)."""
OPS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda column, values: column.is_in(values),
}


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

    dam: "Dam" = field(repr=False)
    info: Json
    headers: Json = field(default_factory=dict, repr=False)  # what for, to where and to do what, if it was said

    @property
    def id(self) -> str:
        """The reservoir's id, which is its standard's."""
        return str(self.info["id"])

    def private(self, *, purpose: str | None = None) -> Private:
        """The questions that may be asked of a reservoir which gives no rows; `purpose` is what the answers are for."""
        said_for = {} if purpose is None else {PURPOSE: purpose}
        return private(self.dam, self.dam.standard(self.id), {**self.headers, **said_for})

    def indicators(self, *, votes: Iterable[Vote] = ()) -> Indicators:
        """The rows of a reservoir of indicators, to be scored and written for tools; `votes` are of their readers."""
        return read(self, votes)

    def to_polars(self, *, columns: Sequence[str] | None = None, filter: Sequence[Filter] = ()) -> "pl.DataFrame":
        """The rows as a Polars frame: `columns` to keep; `filter` as tuples like ("type", "=", "domain")."""
        polars = library("polars", "polars")
        for _, op, _ in filter:
            known_op(op)
        with self._downloaded() as paths:
            lazy = polars.scan_parquet(paths, glob=False)
            check_columns(lazy.collect_schema().names(), columns, filter)
            try:
                for column, op, value in filter:
                    lazy = lazy.filter(known_op(op)(polars.col(column), value))
                frame: pl.DataFrame = (lazy.select(columns) if columns else lazy).collect()
            except (polars.exceptions.PolarsError, TypeError, ValueError) as error:
                raise Invalid("client.filter-value", why=str(error)[:200]) from error
            return frame

    def to_arrow(self, *, columns: Sequence[str] | None = None, filter: Sequence[Filter] = ()) -> "pa.Table":
        """The rows as an Arrow table."""
        parquet = library("pyarrow.parquet", "arrow")
        for _, op, _ in filter:
            known_op(op)
        with self._downloaded() as paths:
            chosen = list(columns) if columns else None
            check_columns(parquet.read_schema(paths[0]).names, columns, filter)
            try:
                table: pa.Table = parquet.read_table(paths, columns=chosen, filters=list(filter) or None)
            except (TypeError, ValueError, NotImplementedError) as error:  # Arrow's own errors are among them
                raise Invalid("client.filter-value", why=str(error)[:200]) from error
            return table

    def to_pandas(self, *, columns: Sequence[str] | None = None, filter: Sequence[Filter] = ()) -> "pd.DataFrame":
        """The rows as a pandas frame."""
        library("pandas", "pandas")
        frame: pd.DataFrame = self.to_arrow(columns=columns, filter=filter).to_pandas()
        return frame

    def download(self, folder: str | Path) -> list[Path]:
        """The Parquet files as they are served, each checked against its size; those of an earlier download go."""
        into, named = Path(folder), quote(self.id, safe="")
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".datadam-", dir=into) as aside:
            fetched = self._fetched(Path(aside), named)
            for earlier in self.earlier(into):
                earlier.unlink()  # rows of two versions side by side would be counted twice
            return [path.rename(into / path.name) for path in fetched]

    def earlier(self, folder: str | Path) -> list[Path]:
        """The files of an earlier download, which the next one would take away."""
        return sorted(Path(folder).glob(f"{quote(self.id, safe='')}-[0-9][0-9][0-9][0-9][0-9].parquet"))

    def _fetched(self, into: Path, named: str) -> list[Path]:
        """All files of one version: one that was withdrawn meanwhile is gone, and there is a newer one without it."""
        for left in range(TRIES, 0, -1):
            paths = []
            try:
                for number, file in enumerate(self.dam.files(self.info["table"], self.headers)):
                    path = self.dam.fetch(file["url"], into / f"{named}-{number:05}.parquet")
                    size = path.stat().st_size
                    if size != file["size"]:
                        raise Unavailable("client.file-cut", file=path.name, size=size, expected=file["size"])
                    paths.append(path)
            except NotFound as error:
                if left == 1 or error.code != "share.file-unknown":
                    raise
            else:
                return paths
        raise AssertionError  # the last try returns or raises

    @contextmanager
    def _downloaded(self) -> Iterator[list[Path]]:
        with tempfile.TemporaryDirectory(prefix="datadam-") as folder:
            paths = self.download(folder)
            if not paths:
                raise said(NotFound("reservoir.empty", id=self.id))
            yield paths


def known_op(op: str) -> Callable[[Any, Any], Any]:
    """What a filter's operator does; `Invalid` where there is none of that name."""
    if op not in OPS:
        raise Invalid("client.filter-unknown", op=op[:20])
    return OPS[op]


def check_columns(known: Sequence[str], columns: Sequence[str] | None, filter: Sequence[Filter]) -> None:
    """Refuse columns to keep, or to filter by, that there are none of."""
    for column in (*(columns or ()), *(one[0] for one in filter)):
        if column not in known:
            raise NotFound("client.column-unknown", column=str(column)[:60], known=list(known))
