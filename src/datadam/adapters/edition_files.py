"""The Editions port on disk: `<reservoir>/<name>/<deposit>.parquet`, outside every table, and `digests.json` beside.

A file that goes in whole is linked, not copied: table files are never rewritten, and a name costs no room. Where newer
rows supersede older ones, the rows that stand are written anew, so that an edition never shows others later.
"""

import json
import os
import shutil
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import polars as pl

from datadam.adapters import private_files
from datadam.adapters.durable import sync_file, sync_folder
from datadam.adapters.parquet_schema import file_digest
from datadam.errors import Unavailable
from datadam.model import edition_of, standard_id
from datadam.ports import EditionPart, Marking

MAKING: Final = ".making-"
_SUFFIX: Final = ".parquet"
_DIGESTS: Final = "digests.json"


class EditionFiles:
    """A `ports.Editions` under one root folder, which is made on first use."""

    def __init__(self, root: Path) -> None:
        """Keep editions under `root`."""
        self._root = root

    def freeze(self, id: str, parts: Sequence[EditionPart], *, supersede: bool, marking: Marking = None) -> None:
        """Keep the rows of the parts under the edition's id, durably; what a crash left under it is replaced."""
        standard, name = edition_of(id)
        making, place = self._root / standard / f"{MAKING}{name}", self._root / standard / name
        with _disk(self._root):
            for folder in (self._root, self._root / standard):
                private_files.make_folder(folder)
            for left in (making, place):
                shutil.rmtree(left, ignore_errors=True)
            making.mkdir(mode=private_files.OWNER_FOLDER)
            for part in parts if not supersede else _keep_newest(parts, making, marking):
                _keep_whole(part.path, making / f"{part.deposit}{_SUFFIX}")
            told = {path.stem: file_digest(path) for path in sorted(making.glob(f"*{_SUFFIX}"))}
            private_files.write(making / _DIGESTS, json.dumps(told, indent=0).encode())
            sync_folder(making)
            making.rename(place)
            sync_folder(place.parent)
            sync_folder(self._root)

    def files(self, id: str) -> dict[str, Path]:
        """The file of each deposit that has rows in the edition; empty where there is no such edition."""
        standard, name = edition_of(id)
        return {path.stem: path for path in sorted((self._root / standard / name).glob(f"*{_SUFFIX}"))}

    def told(self, id: str) -> dict[str, str]:
        """SHA-256 of each file as it was frozen, by deposit."""
        standard, name = edition_of(id)
        with _disk(self._root):
            told: dict[str, str] = json.loads((self._root / standard / name / _DIGESTS).read_bytes())
        return told

    def digest(self, path: Path) -> str | None:
        """SHA-256 of a file as it lies there now; None when it is gone."""
        return file_digest(path)

    def erase(self, standard: str, deposits: Collection[str]) -> int:
        """Remove the files of these deposits from every edition of a standard, also from half made ones; how many."""
        gone = [path for path in (self._root / standard_id(standard)).glob("*/*") if path.stem in set(deposits)]
        with _disk(self._root):
            for path in gone:
                path.unlink(missing_ok=True)
            for folder in {path.parent for path in gone}:
                sync_folder(folder)
        return len(gone)


def _keep_whole(path: Path, into: Path) -> None:
    try:
        os.link(path, into)
    except OSError:  # a file system without links, or another one
        shutil.copyfile(path, into)
        sync_file(into)


def _keep_newest(parts: Sequence[EditionPart], making: Path, marking: Marking) -> Iterator[EditionPart]:
    """Write what newer rows leave of older parts; gives the parts that stay whole.

    A row goes only where a newer one leaves for everybody for whom it would: under the same restrictions or under
    none, and not marked more strictly. Else whoever may not have the newer one would miss both.
    """
    by_tag: defaultdict[str, list[EditionPart]] = defaultdict(list)
    for part in sorted(parts, key=lambda part: (part.sequence, part.deposit)):
        by_tag[part.tag].append(part)
    for own in by_tag.values():
        if len(own) == 1:  # within a deposit a key comes once
            yield own[0]
            continue
        gone = _gone(own, marking)
        for place, part in enumerate(own):
            kept = _scanned(part).join(gone.filter(pl.col("_place") == place), on="_row", how="anti")
            rows = kept.collect(engine="streaming")
            if rows.height:
                into = making / f"{part.deposit}{_SUFFIX}"
                rows.sort("_row").write_parquet(into, compression="zstd", statistics=False)
                sync_file(into)


def _scanned(part: EditionPart) -> pl.LazyFrame:
    return pl.scan_parquet(part.path, glob=False, hive_partitioning=False)


def _gone(own: Sequence[EditionPart], marking: Marking) -> pl.LazyFrame:
    """Which rows of which parts newer ones take the place of."""
    keys = [
        _scanned(part).select(
            "_key",
            "_row",
            _place=pl.lit(place, dtype=pl.Int64),
            _terms=pl.lit(part.terms, dtype=pl.String),
            _rank=_rank(part, marking),
        )
        for place, part in enumerate(own)
    ]
    keyed = pl.concat(keys).filter(pl.col("_key").is_not_null())
    # only keys that come more than once are held in memory
    counted = keyed.group_by("_key").agg(_times=pl.len()).filter(pl.col("_times") > 1).select("_key")
    repeated = keyed.join(counted, on="_key", how="semi").collect(engine="streaming").lazy()
    newer = repeated.select("_key", _after=pl.col("_place"), _theirs=pl.col("_terms"), _most=pl.col("_rank"))
    alike = pl.col("_theirs").is_in([""]) | (pl.col("_theirs") == pl.col("_terms"))
    superseded = (pl.col("_after") > pl.col("_place")) & alike & (pl.col("_most") <= pl.col("_rank"))
    found = repeated.join(newer, on="_key").filter(superseded).select("_place", "_row").unique()
    return found.collect(engine="streaming").lazy()


def _rank(part: EditionPart, marking: Marking) -> pl.Expr:
    """How strictly each row of a part is marked; one without a marking as strictly as can be."""
    if marking is None or marking[0] not in pl.scan_parquet(part.path, glob=False).collect_schema().names():
        strictest = 0 if marking is None else len(marking[1]) - 1
        return pl.lit(strictest, dtype=pl.Int64)
    column, order = marking
    ranks = dict(zip(order, range(len(order)), strict=True))
    return pl.col(column).replace_strict(ranks, default=len(order) - 1, return_dtype=pl.Int64)


@contextmanager
def _disk(root: Path) -> Iterator[None]:
    """Tell the disk's own faults, and those of a file that cannot be read, as ours."""
    try:
        yield
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise Unavailable("edition.disk", path=str(root), why=str(error)[:200]) from error
