"""The Lake port on Delta tables: files are added where they were written, never rewritten.

A deposit is visible once, or not at all: its id is a Delta application transaction, looked for before a commit and
again after every doubt. delta-rs itself takes the same transaction twice if nobody looks. What a commit acknowledged is
synced to the disk here, because delta-rs leaves that to the operating system.
"""

import json
import os
import re
import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from deltalake import CommitProperties, DeltaTable, Field, Schema
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.schema import PrimitiveType
from deltalake.transaction import AddAction, Transaction

from datadam.adapters.durable import sync_folder
from datadam.adapters.parquet_schema import TAG, check_files, file_digest, lacking, stored, stored_schema
from datadam.errors import Invalid, NotFound, Unavailable
from datadam.model import Column, FileFact, standard_id
from datadam.ports import LakeFile

ATTEMPTS: Final = 20  # looks and commits before giving up: each lost race means that another writer got through
_INDEXED: Final = "delta.dataSkippingStatsColumns"
_CONFIGURATION: Final = {
    "delta.enableChangeDataFeed": "false",  # a change feed keeps withdrawn rows
    "delta.enableDeletionVectors": "false",  # readers of plain file lists would not see them
    "delta.setTransactionRetentionDuration": "interval 3650 days",  # longer than any retry of a deposit
    "delta.checkpointInterval": "50",  # opening a table reads what came after the last checkpoint
}
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,127}")  # safe as folder, file and partition value


class DeltaLake:
    """Reservoirs as Delta tables, one folder each under `root`."""

    def __init__(self, root: Path) -> None:
        """Keep tables under `root`, which is made on first use."""
        self._root = root
        self._writing: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)  # fewer lost races

    def create(self, standard: str, columns: Sequence[Column]) -> None:
        """Make the reservoir, or add the columns that it lacks; any other difference is `Invalid`."""
        folder = self._folder(standard)
        wanted = stored_schema(columns)
        indexed = ",".join(["_row", *(column.name for column in stored(columns) if column.safe_statistics)])
        with self._writing[standard]:
            if not DeltaTable.is_deltatable(str(folder)):
                _make(folder, wanted, indexed)
            table = DeltaTable(folder)
            if missing := lacking(standard, _schema(table), wanted):
                table.alter.add_columns([Field(name, PrimitiveType(wanted[name])) for name in missing])
            # a commit of its own: a crash before it is mended by the next call, so it is looked at each time
            if table.metadata().configuration.get(_INDEXED) != indexed:
                table.alter.set_table_properties({_INDEXED: indexed})
            _settle(folder, DeltaTable(folder).version())

    def place(self, standard: str, tag: str, deposit: str) -> Path:
        """Where this deposit's admitted rows belong; the folder is there, the file is the caller's to write."""
        folder = self._folder(standard) / f"{TAG}={_safe(tag)}"
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            sync_folder(folder.parent)  # its name is durable before anything in it is sealed
        return folder / f"{_safe(deposit)}.parquet"

    def append(self, standard: str, tag: str, deposit: str, files: Sequence[FileFact]) -> int:
        """Make the files visible in one commit, once; the version that has them.

        A file that does not fit the table is `Invalid`; a table that stays contended is `Unavailable`.
        """
        with self._writing[standard]:
            for _ in range(ATTEMPTS):
                table = self._table(standard)
                if table.transaction_version(_safe(deposit)) is not None:
                    _settle(self._folder(standard), table.version())
                    return table.version()
                check_files(standard, files, _schema(table))
                self._try(table, standard, _additions(self._folder(standard), tag, files), deposit)
        raise Unavailable("reservoir.contended", standard=standard, attempts=ATTEMPTS)

    def holds(self, standard: str, deposit: str) -> bool:
        """Whether that deposit was made visible."""
        if not DeltaTable.is_deltatable(str(self._folder(standard))):
            return False
        return self._table(standard).transaction_version(_safe(deposit)) is not None

    def files(self, standard: str) -> list[LakeFile]:
        """The visible files, ordered by name."""
        folder = self._folder(standard)
        if not DeltaTable.is_deltatable(str(folder)):
            return []
        added = self._table(standard).get_add_actions(flatten=True)
        columns = [added.column(name).to_pylist() for name in ("path", f"partition.{TAG}", "size_bytes")]
        found = [
            LakeFile(path=folder / name, name=name, tag=tag, size=size)
            for name, tag, size in zip(*columns, strict=True)
        ]
        return sorted(found, key=lambda file: file.name)

    def digest(self, path: Path) -> str | None:
        """SHA-256 of a file as it lies there now; None when it is gone."""
        return file_digest(path)

    def forget(self, standard: str, tag: str, deposit: str) -> None:
        """Remove the file of a deposit that was never sealed; what is visible stays."""
        if not self.holds(standard, deposit):
            self.place(standard, tag, deposit).unlink(missing_ok=True)

    def _folder(self, standard: str) -> Path:
        return self._root / standard_id(standard)

    def _table(self, standard: str) -> DeltaTable:
        for left in range(ATTEMPTS, 0, -1):
            try:
                return DeltaTable(self._folder(standard))
            except TableNotFoundError as error:
                raise NotFound("reservoir.unknown", standard=standard) from error
            except (DeltaError, FileNotFoundError) as error:
                if left == 1 or not _moved(error):
                    raise Unavailable("reservoir.unreadable", standard=standard, why=str(error)[:200]) from error
        raise AssertionError  # the last attempt returns or raises

    def _try(self, table: DeltaTable, standard: str, additions: list[AddAction], deposit: str) -> None:
        """Commit once against the version that was looked at; whether it landed is for the next look to say."""
        once = CommitProperties(app_transactions=[Transaction(deposit, 1)], max_commit_retries=ATTEMPTS)
        try:
            table.create_write_transaction(
                list(additions),
                mode="append",
                schema=table.schema(),
                partition_by=[TAG],
                commit_properties=once,
            )
        except CommitFailedError:
            return  # lost a race: with this very deposit, or with a change of columns
        except (DeltaError, FileNotFoundError) as error:
            if not _moved(error):
                raise Unavailable("reservoir.commit-failed", standard=standard, why=str(error)[:200]) from error


def _moved(error: Exception) -> bool:
    """Whether the log was trimmed while delta-rs read it: a commit may have landed all the same, so look again."""
    text = str(error)
    return isinstance(error, FileNotFoundError) or "File not found" in text or "Invalid table version" in text


def _make(folder: Path, wanted: dict[str, str], indexed: str) -> None:
    # every column may be null: one that comes later is absent from the files before it
    fields = [Field(name, PrimitiveType(kind)) for name, kind in wanted.items()]
    folder.mkdir(parents=True, exist_ok=True)
    DeltaTable.create(
        folder,
        schema=Schema([*fields, Field(TAG, PrimitiveType("string"), nullable=False)]),
        mode="ignore",  # another process may just have made it
        partition_by=[TAG],
        configuration={**_CONFIGURATION, _INDEXED: indexed},
    )
    _sync(folder)
    _sync(folder.parent)


def _additions(folder: Path, tag: str, files: Sequence[FileFact]) -> list[AddAction]:
    """The files as Delta names them; one that lies outside its partition is `Invalid`."""
    partition = folder / f"{TAG}={_safe(tag)}"
    found = []
    for file in files:
        path = Path(file.path)
        if path.parent != partition:
            raise Invalid("reservoir.file-elsewhere", file=path.name)
        found.append(
            AddAction(
                path=path.relative_to(folder).as_posix(),
                size=file.size,
                partition_values={TAG: tag},
                modification_time=0,  # who deposited when is the dam's log to say, not the table's
                data_change=True,
                stats=json.dumps({"numRecords": file.rows}),
            ),
        )
    _sync(partition)
    return found


def _schema(table: DeltaTable) -> dict[str, str]:
    """The table's columns without its partition."""
    fields = json.loads(table.schema().to_json())["fields"]
    return {field["name"]: field["type"] for field in fields if field["name"] != TAG}


def _safe(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Invalid("reservoir.name-unsafe", name=name[:120])
    return name


def _settle(folder: Path, version: int) -> None:
    """Wait until the disk has the table's log up to `version`, as far back as one of our commits may lie."""
    log = folder / "_delta_log"
    for number in range(max(0, version - ATTEMPTS), version + 1):
        entry = log / f"{number:020}.json"
        if entry.exists():
            _sync(entry)
    _sync(log)
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
