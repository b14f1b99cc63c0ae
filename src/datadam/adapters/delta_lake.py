"""The Lake port on Delta tables: files are added where they were written, never rewritten.

A deposit is visible once, or not at all: its id is a Delta application transaction, looked for before a commit and
again after every doubt. delta-rs itself takes the same transaction twice if nobody looks. What a commit acknowledged is
synced to the disk here, because delta-rs leaves that to the operating system.

What leaves goes by a commit of our own writing, because delta-rs can add files or remove them in one commit, not both.
Its files are then unlinked by name: a vacuum would take every file that lies in the table's folder and is not visible,
and those of deposits that are being judged are such files. The log's older entries name what left: they go too.
"""

import json
import os
import re
import secrets
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from datadam.adapters import private_files
from datadam.adapters.durable import sync_file, sync_folder
from datadam.adapters.parquet_schema import TAG, check_files, file_digest, lacking, stored, stored_schema
from datadam.errors import Invalid, NotFound, Unavailable
from datadam.model import Column, FileFact, table_name
from datadam.ports import LakeFile

if TYPE_CHECKING:  # 22 MB, that a dam which only takes files in does without: imported where a table is touched
    from deltalake import DeltaTable
    from deltalake.transaction import AddAction

LOG: Final = "_delta_log"
_MADE: Final = ".made"  # beside the log: what the table was made for, when that was whole and on the disk
ATTEMPTS: Final = 20  # looks and commits before giving up: each lost race means that another writer got through
_INDEXED: Final = "delta.dataSkippingStatsColumns"
_CONFIGURATION: Final = {
    "delta.enableChangeDataFeed": "false",  # a change feed keeps withdrawn rows
    "delta.enableDeletionVectors": "false",  # readers of plain file lists would not see them
    "delta.setTransactionRetentionDuration": "interval 3650 days",  # longer than any retry of a deposit
    "delta.checkpointInterval": "50",  # opening a table reads what came after the last checkpoint
}
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,127}")  # safe as folder, file and partition value
_KEPT: Final = {
    "delta.deletedFileRetentionDuration": "interval 7 days",
    "delta.logRetentionDuration": "interval 30 days",
}
_FORGOTTEN: Final = dict.fromkeys(_KEPT, "interval 0 seconds")

Action = dict[str, Any]
"""One line of a table's log, as JSON."""


class DeltaLake:
    """Reservoirs as Delta tables, one folder each under `root`."""

    def __init__(self, root: Path) -> None:
        """Keep tables under `root`, which is made on first use."""
        self._root = root
        # one at a time a table: fewer lost races, and nobody reads a log while it is trimmed
        self._alone: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        self._open: dict[str, DeltaTable] = {}  # as they were last seen; whoever looks first brings one up to date

    def create(self, standard: str, columns: Sequence[Column]) -> None:
        """Make the reservoir, or add the columns that it lacks; any other difference is `Invalid`."""
        folder = self._folder(standard)
        wanted = stored_schema(columns)
        indexed = ",".join(["_row", *(column.name for column in stored(columns) if column.safe_statistics)])
        made = json.dumps([wanted, indexed])
        with self._alone[standard]:
            if _is_table(folder) and _made(folder) == made:
                return
            self._complete(standard, folder, wanted, indexed)
            private_files.write(folder / LOG / _MADE, made.encode())

    def _complete(self, standard: str, folder: Path, wanted: dict[str, str], indexed: str) -> None:
        from deltalake import DeltaTable, Field
        from deltalake.schema import PrimitiveType

        if not _is_table(folder):
            _make(folder, wanted, indexed)
        table = DeltaTable(folder)
        if missing := lacking(standard, _schema(table), wanted):
            table.alter.add_columns([Field(name, PrimitiveType(wanted[name])) for name in missing])
        # a commit of its own: a crash before it is mended by the next call
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

        def add(table: "DeltaTable") -> None:
            check_files(standard, files, _schema(table))
            self._try(table, standard, _additions(self._folder(standard), tag, files), deposit)

        return self._once(standard, deposit, add)

    def holds(self, standard: str, deposit: str) -> bool:
        """Whether that deposit was made visible."""
        with self._alone[standard]:
            if not _is_table(self._folder(standard)):
                return False
            return self._table(standard).transaction_version(_safe(deposit)) is not None

    def files(self, standard: str) -> list[LakeFile]:
        """The visible files, ordered by name."""
        folder = self._folder(standard)
        with self._alone[standard]:
            if not _is_table(folder):
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
        """Remove the file of a deposit that was never sealed, and what was being made of it; what is visible stays."""
        if not self.holds(standard, deposit):
            place = self.place(standard, tag, deposit)
            for left in place.parent.glob(f"{place.name}*"):
                left.unlink(missing_ok=True)

    def replace(
        self, standard: str, tag: str, deposit: str, files: Sequence[FileFact], *, gone: Collection[str]
    ) -> int:
        """Make the files visible and those of the deposits in `gone` invisible, in one commit, once; its version."""

        def change(table: "DeltaTable") -> None:
            check_files(standard, files, _schema(table))
            added = _additions(self._folder(standard), tag, files)
            self._change(table, standard, [_addition(one) for one in added], gone, deposit)

        return self._once(standard, deposit, change)

    def erase(self, standard: str, deposits: Collection[str]) -> None:
        """Leave no trace of these deposits: no visible file, no file, and none of the log's entries that name one."""
        from deltalake.exceptions import DeltaError

        folder = self._folder(standard)
        with self._alone[standard]:
            for _ in range(ATTEMPTS):
                table = self._table(standard)
                if not _visible(table, deposits):
                    break
                self._change(table, standard, [], deposits, None)
            else:
                raise Unavailable("reservoir.contended", standard=standard, attempts=ATTEMPTS)
            try:
                for path in self.traces(standard, deposits):
                    path.unlink(missing_ok=True)
                    sync_folder(path.parent)
                    if not any(path.parent.iterdir()):
                        path.parent.rmdir()
                sync_folder(folder)
                self._open.pop(standard, None)
                _trim(folder)
            except (DeltaError, OSError) as error:
                raise Unavailable("reservoir.not-erased", standard=standard, why=str(error)[:200]) from error

    def traces(self, standard: str, deposits: Collection[str]) -> list[Path]:
        """Every file of these deposits in the table's folder: by name, so also what was written beside it."""
        names = {_safe(deposit) for deposit in deposits}
        found = self._folder(standard).glob(f"{TAG}=*/*")
        return sorted(path for path in found if path.name.lstrip(".").split(".")[0] in names)

    def _folder(self, standard: str) -> Path:
        return self._root / table_name(standard)

    def _table(self, standard: str) -> "DeltaTable":
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError, TableNotFoundError

        for left in range(ATTEMPTS, 0, -1):
            table = self._open.pop(standard, None)
            try:
                if table is None:
                    table = DeltaTable(self._folder(standard))
                else:
                    table.update_incremental()
            except TableNotFoundError as error:
                raise NotFound("reservoir.unknown", standard=standard) from error
            except (DeltaError, FileNotFoundError) as error:
                if left == 1 or not _moved(error):
                    raise Unavailable("reservoir.unreadable", standard=standard, why=str(error)[:200]) from error
            else:
                self._open[standard] = table
                return table
        raise AssertionError  # the last attempt returns or raises

    def _once(self, standard: str, deposit: str, commit: "Callable[[DeltaTable], None]") -> int:
        """Commit until the table has the deposit, however often that takes; the version that has it, on the disk."""
        with self._alone[standard]:
            for _ in range(ATTEMPTS):
                table = self._table(standard)
                if table.transaction_version(_safe(deposit)) is not None:
                    _settle(self._folder(standard), table.version())
                    return table.version()
                commit(table)
        raise Unavailable("reservoir.contended", standard=standard, attempts=ATTEMPTS)

    def _change(
        self, table: "DeltaTable", standard: str, added: list[Action], gone: Collection[str], deposit: str | None
    ) -> None:
        """Commit once, after the version that was looked at; whether it landed is for the next look to say."""
        told: Action = {"commitInfo": {"timestamp": 0, "operation": "WRITE", "operationParameters": {}}}
        once: list[Action] = [{"txn": {"appId": deposit, "version": 1}}] if deposit else []
        removed: list[Action] = [
            {"remove": {"path": name, "dataChange": True, "deletionTimestamp": 0}} for name in _visible(table, gone)
        ]
        try:
            _write_entry(self._folder(standard) / LOG, table.version() + 1, [told, *once, *added, *removed])
        except OSError as error:
            raise Unavailable("reservoir.commit-failed", standard=standard, why=str(error)[:200]) from error

    def _try(self, table: "DeltaTable", standard: str, additions: "list[AddAction]", deposit: str) -> None:
        """Commit once against the version that was looked at; whether it landed is for the next look to say."""
        from deltalake import CommitProperties
        from deltalake.exceptions import CommitFailedError, DeltaError
        from deltalake.transaction import Transaction

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


def _made(folder: Path) -> str | None:
    try:
        return (folder / LOG / _MADE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _is_table(folder: Path) -> bool:
    """Whether there is a table: its log has an entry. Looking whether delta-rs can open it takes longer with each."""
    try:
        with os.scandir(folder / LOG) as entries:
            return any(not entry.name.startswith((".", "_")) for entry in entries)
    except FileNotFoundError:
        return False


def _moved(error: Exception) -> bool:
    """Whether the log was trimmed while delta-rs read it: a commit may have landed all the same, so look again."""
    text = str(error)
    return isinstance(error, FileNotFoundError) or "File not found" in text or "Invalid table version" in text


def _make(folder: Path, wanted: dict[str, str], indexed: str) -> None:
    from deltalake import DeltaTable, Field, Schema
    from deltalake.schema import PrimitiveType

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
    sync_folder(folder)
    sync_folder(folder.parent)


def _addition(one: "AddAction") -> Action:
    """An addition as it stands in the log (Delta protocol, "Add File and Remove File")."""
    return {
        "add": {
            "path": one.path,
            "size": one.size,
            "partitionValues": dict(one.partition_values),
            "modificationTime": one.modification_time,
            "dataChange": one.data_change,
            "stats": one.stats,
        }
    }


def _visible(table: "DeltaTable", deposits: Collection[str]) -> list[str]:
    """The names of the visible files of these deposits."""
    names = table.get_add_actions(flatten=True).column("path").to_pylist()
    return [name for name in names if Path(name).stem in {_safe(deposit) for deposit in deposits}]


def _write_entry(log: Path, version: int, actions: Sequence[Action]) -> None:
    """Write one entry of a table's log, whole and synced; nothing happens if another took that version first."""
    aside = log / f".{secrets.token_hex(8)}.tmp"
    try:
        with aside.open("xb") as file:
            file.write(b"".join(json.dumps(action).encode() + b"\n" for action in actions))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another took that version first
            os.link(aside, log / f"{version:020}.json")
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(log)


def _trim(folder: Path) -> None:
    """Leave of the table's log what it is now: one checkpoint, and the entries after it."""
    from deltalake import DeltaTable

    DeltaTable(folder).alter.set_table_properties(_FORGOTTEN)
    table = DeltaTable(folder)
    table.create_checkpoint()
    table.cleanup_metadata()
    DeltaTable(folder).alter.set_table_properties(_KEPT)
    for left in (folder / LOG).glob(".*.tmp"):  # of a commit that broke off
        left.unlink()
    for entry in (folder / LOG).iterdir():
        sync_file(entry)
    sync_folder(folder / LOG)


def _additions(folder: Path, tag: str, files: Sequence[FileFact]) -> "list[AddAction]":
    """The files as Delta names them; one that lies outside its partition is `Invalid`."""
    from deltalake.transaction import AddAction

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
    sync_folder(partition)
    return found


def _schema(table: "DeltaTable") -> dict[str, str]:
    """The table's columns without its partition."""
    fields = json.loads(table.schema().to_json())["fields"]
    return {field["name"]: field["type"] for field in fields if field["name"] != TAG}


def _safe(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Invalid("reservoir.name-unsafe", name=name[:120])
    return name


def _settle(folder: Path, version: int) -> None:
    """Wait until the disk has the table's log up to `version`, as far back as one of our commits may lie."""
    log = folder / LOG
    for number in range(max(0, version - ATTEMPTS), version + 1):
        entry = log / f"{number:020}.json"
        if entry.exists():
            sync_file(entry)
    sync_folder(log)
    sync_folder(folder)
