"""Where parts and twins lie, `<reservoir>/parts/<deposit>.parquet` and `twins/<name>.parquet`, and what stands in them.

A part has of each row that may count: its unit (`_unit`, 16 bytes as two integers), its rank (`_rank`, likewise), the
places of its keys (`key.`), its open texts (`open.`), and its fixed-point integers (`sum.`, null where there is no
value). A twin has the same without ranks. Beside each twin stands which parts it was merged of.
"""

import json
import math
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeAlias

import polars as pl

from datadam import seal
from datadam.adapters import private_files
from datadam.adapters.durable import sync_file, sync_folder
from datadam.adapters.parquet_schema import file_digest
from datadam.adapters.polars_steps import drawn
from datadam.errors import Invalid, NotFound, Unavailable
from datadam.model import FileFact, table_name
from datadam.ports import SYSTEM_COLUMNS, PartOrder
from datadam.privacy import sensitivity
from datadam.privacy.recipe import Key, Recipe

UNIT: Final = ("_unit.high", "_unit.low")
RANK: Final = ("_rank.high", "_rank.low")
KEY, OPEN, SUM = "key.", "open.", "sum."
BLOCK: Final = 16  # bytes: of a unit, of a rank, and of what ranks are worked out by
NOTHING: Final = -(2**63)  # what stands for a missing value where a row is hashed; no clip lets a value be it
MAX_SCALE: Final = 18  # decimal digits after the point; a step is then still far within 64 bits
_MADE_BY: Final = "datadam.recipe"  # in a file's footer
_VERSION: Final = 2  # of what stands in parts and twins; another one is another recipe
_SUFFIX: Final = ".parquet"
_OF: Final = ".json"
Span: TypeAlias = tuple[int, int | None]
"""Rows of a file from the first of them on, so many or all that follow."""
_DEPOSIT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,127}")
_TWIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}\.[0-9]{1,9}")


def ends(recipe: Recipe, column: str) -> tuple[int, int]:
    """Between which fixed-point integers a column's values are clipped. `Invalid` where they do not fit."""
    clip = recipe.sums[column]
    lowest, highest = sensitivity.ends(clip)
    if not (0 <= clip.scale <= MAX_SCALE and -sensitivity.MOST < lowest <= highest < sensitivity.MOST):
        raise Invalid("twin.clip-unfit", column=column)
    return lowest, highest


def held(key: Key, kind: pl.DataType) -> Any:  # noqa: ANN401  (whatever a column of that type holds)
    """A public key as a column of a type holds it; None where it holds no such thing, or where that is the key."""
    keys, read = _HELD.get(type(kind), ((), str))
    if type(key) not in keys:
        return None
    try:
        value = read(key)
    except (ValueError, ArithmeticError):
        return None
    if isinstance(kind, pl.Decimal):
        steps = value.scaleb(kind.scale or 0) if value.is_finite() else Decimal("0.5")
        return value if steps == steps.to_integral_value() and abs(steps) < 10 ** (kind.precision or 38) else None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if not isinstance(value, int) or -(2**63) <= value < 2**63 else None


def _moment(text: str) -> datetime:
    told = datetime.fromisoformat(text)
    return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)


_HELD: Final[Mapping[type[pl.DataType], tuple[tuple[type, ...], Callable[[Any], Any]]]] = {
    pl.String: ((str,), str),
    pl.Boolean: ((bool,), bool),
    pl.Int64: ((int,), int),
    pl.Date: ((str,), date.fromisoformat),
    pl.Datetime: ((str,), _moment),
    pl.Decimal: ((str, int), Decimal),
    pl.Float64: ((str, int), float),
}


def schema(recipe: Recipe) -> dict[str, pl.DataType]:
    """Name and type of everything in a part, ranks last."""
    kept: dict[str, pl.DataType] = {name: pl.UInt64() for name in UNIT}
    kept |= {f"{KEY}{name}": place_type(len(keys)) for name, keys in recipe.keys.items()}
    kept |= {f"{SUM}{name}": pl.Int64() for name in recipe.sums}
    kept |= {f"{OPEN}{name}": pl.String() for name in recipe.open}
    return kept | {name: pl.UInt64() for name in RANK}


def place_type(count: int) -> pl.DataType:
    """The smallest integers that have a place for each of `count` keys."""
    return pl.UInt8() if count <= 2**8 else pl.UInt16() if count <= 2**16 else pl.UInt32()


def admitted(order: PartOrder) -> pl.LazyFrame:
    """The rows of a deposit as its reservoir's last version reads them."""
    rows = pl.scan_parquet(order.admitted, glob=False)
    for step in order.steps:
        rows = rows.select(*(drawn(one) for one in step.drawn), *SYSTEM_COLUMNS)
    return rows


def spans(path: Path, least: int) -> Sequence[Span]:
    """A file's rows in spans of so many, or a few more: row groups are read together, and none twice."""
    import pyarrow.parquet as pq  # noqa: PLC0415  (28 MB, that a dam without private answers does without)

    told, found, first, count = pq.read_metadata(path), list[Span](), 0, 0
    for at in range(told.num_row_groups):
        count += told.row_group(at).num_rows
        if count >= least or at == told.num_row_groups - 1:
            found.append((first, count))
            first, count = first + count, 0
    return found


def fingerprint(recipe: Recipe) -> str:
    """SHA-256 of the recipe and of how files are laid out: what was made by another is never merged or asked."""
    listed = (recipe.standard, recipe.unit, recipe.rows, recipe.hashed, recipe.supersede, recipe.open)
    named = (sorted(recipe.keys.items()), sorted(recipe.sums.items()))
    return seal.digest(repr((_VERSION, listed, named)).encode())


def tag_unit(secret: bytes, tag: str) -> bytes:
    """A contributor as 16 bytes: the unit, where contributors are units."""
    return seal.keyed(secret, "twin.contributor", tag)[:BLOCK]


def rank_key(secret: bytes, tag: str, by: str) -> bytes:
    """The key of a contributor's ranks, by its rows' `key` or by their `content`: equal ones of two are not equal."""
    return seal.keyed(secret, "twin.rank", tag, by)


def content_key(secret: bytes, blocks: int) -> bytes:
    """The key of content of so many blocks: one for each length, since CBC-MAC holds for one alone."""
    return seal.keyed(secret, "twin.content", str(blocks))


def text_secret(secret: bytes) -> bytes:
    """The key of texts within content."""
    return seal.keyed(secret, "twin.text")


class TwinFiles:
    """The places of parts and twins under one root folder, which is made on first use; nobody else may enter it."""

    def __init__(self, root: Path) -> None:
        """Keep parts and twins under `root`."""
        self.root: Final = root

    def parts(self, standard: str, recipe: Recipe | None = None) -> frozenset[str]:
        """The deposits that parts are held of; with a recipe, parts that were made by it."""
        found = self._parts(standard).glob(f"[!.]*{_SUFFIX}")
        with disk(self.root):
            return frozenset(path.stem for path in found if recipe is None or _is_by(path, recipe))

    def drop(self, standard: str, deposits: Collection[str]) -> None:
        """Destroy parts, and every twin that was merged of any of them; absent ones are fine."""
        gone = {_safe(deposit, _DEPOSIT) for deposit in deposits}
        with disk(self.root):
            for of in self._twins(standard).glob(f"[!.]*{_OF}"):
                if not gone.isdisjoint(json.loads(of.read_bytes())):
                    _unlink(of.with_suffix(_SUFFIX), _unfinished(of.with_suffix(_SUFFIX)))
                    sync_folder(of.parent)
                    _unlink(of)  # last: until then it says what must go
            for deposit in gone:
                path = self._part(standard, deposit)
                _unlink(path, _unfinished(path))
            if self._parts(standard).is_dir():
                sync_folder(self._parts(standard))

    def path(self, standard: str, name: str) -> Path:
        """Where the twin of that name lies; `NotFound` if there is none."""
        path = self._twins(standard) / f"{_safe(name, _TWIN)}{_SUFFIX}"
        if not path.is_file():
            raise NotFound("twin.unknown", standard=standard, name=name)
        return path

    def digest(self, standard: str, name: str) -> str | None:
        """SHA-256 of the file of a twin, read anew; None when it is gone."""
        with disk(self.root):
            return file_digest(self._twins(standard) / f"{_safe(name, _TWIN)}{_SUFFIX}")

    def keep_part(self, recipe: Recipe, deposit: str, write: Callable[[Path, dict[str, str]], int]) -> FileFact:
        """Keep durably what `write` puts in a file, with the facts for its footer, and says the rows of."""
        path = self._part(recipe.standard, deposit)
        with disk(self.root):
            self._make_folders(recipe.standard)
            return _keep(path, recipe, write)

    def keep_twin(
        self, recipe: Recipe, name: str, deposits: Sequence[str], write: Callable[[Path, dict[str, str]], int]
    ) -> FileFact:
        """The same of a twin, with the deposits whose parts are in it."""
        path = self._twins(recipe.standard) / f"{_safe(name, _TWIN)}{_SUFFIX}"
        with disk(self.root):
            self._make_folders(recipe.standard)
            private_files.write(path.with_suffix(_OF), json.dumps(list(deposits)).encode())
            return _keep(path, recipe, write)

    def part(self, recipe: Recipe, deposit: str) -> Path:
        """A part to be merged; `NotFound` if it is not there or was made by another recipe."""
        path = self._part(recipe.standard, deposit)
        with disk(self.root):
            if not path.is_file() or not _is_by(path, recipe):
                raise NotFound("twin.part-unknown", standard=recipe.standard, deposit=deposit)
        return path

    def _part(self, standard: str, deposit: str) -> Path:
        return self._parts(standard) / f"{_safe(deposit, _DEPOSIT)}{_SUFFIX}"

    def _parts(self, standard: str) -> Path:
        return self.root / table_name(standard) / "parts"

    def _twins(self, standard: str) -> Path:
        return self.root / table_name(standard) / "twins"

    def _make_folders(self, standard: str) -> None:
        for folder in (self.root, self.root / table_name(standard), self._parts(standard), self._twins(standard)):
            private_files.make_folder(folder)


def check_recipe(recipe: Recipe, twins: Sequence[Path]) -> None:
    """Refuse to ask twins that were made by another recipe, whose integers mean something else."""
    for path in twins:
        with disk(path):
            if not _is_by(path, recipe):
                raise Unavailable("twin.recipe-differs", standard=recipe.standard, name=path.stem)


def _keep(path: Path, recipe: Recipe, write: Callable[[Path, dict[str, str]], int]) -> FileFact:
    making = _unfinished(path)
    making.unlink(missing_ok=True)
    os.close(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, private_files.OWNER_FILE))
    try:
        rows = write(making, {_MADE_BY: fingerprint(recipe)})
        sync_file(making)
        making.replace(path)
    finally:
        making.unlink(missing_ok=True)
    sync_folder(path.parent)
    return FileFact(path=str(path), digest=file_digest(path) or "", size=path.stat().st_size, rows=rows)


def _unfinished(path: Path) -> Path:
    """Where a file is made: of one name, so that whoever makes it again, or drops it, removes what a crash left."""
    return path.with_name(f".{path.name}{private_files.PARTIAL}")


def _is_by(path: Path, recipe: Recipe) -> bool:
    return pl.read_parquet_metadata(path).get(_MADE_BY) == fingerprint(recipe)


def _unlink(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _safe(name: str, form: re.Pattern[str]) -> str:
    if not form.fullmatch(name):
        raise Invalid("twin.name-unsafe", name=name[:120])
    return name


@contextmanager
def disk(root: Path) -> Iterator[None]:
    """Tell the disk's own faults, and those of a file that cannot be read, as ours."""
    try:
        yield
    except (OSError, json.JSONDecodeError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        # a panic is no Exception, and would pass whoever turns those into the one refusal
        raise Unavailable("twin.disk", path=str(root), why=type(error).__name__) from error
