"""The Lake port without a table format: which files are visible is a dictionary, and the suite's plain reference."""

import re
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from datadam.adapters.parquet_schema import TAG, check_files, file_digest, lacking, stored_schema
from datadam.errors import Invalid, NotFound
from datadam.model import Column, FileFact, table_name
from datadam.ports import LakeFile

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,127}")


@dataclass(slots=True)
class _Table:
    columns: dict[str, str]
    version: int = 0
    deposits: set[str] = field(default_factory=set)
    files: list[LakeFile] = field(default_factory=list)


class MemoryLake:
    """Reservoirs whose files lie under `root` and whose state is gone with the process."""

    def __init__(self, root: Path) -> None:
        """Keep files under `root`."""
        self._root = root
        self._tables: dict[str, _Table] = {}
        self._lock = threading.Lock()

    def create(self, standard: str, columns: Sequence[Column]) -> None:
        """Make the reservoir, or add the columns that it lacks; any other difference is `Invalid`."""
        wanted = stored_schema(columns)
        with self._lock:
            table = self._tables.setdefault(table_name(standard), _Table(columns=wanted))
            if lacking(standard, table.columns, wanted):
                table.columns = wanted
                table.version += 1

    def place(self, standard: str, tag: str, deposit: str) -> Path:
        """Where this deposit's admitted rows belong."""
        folder = self._root / table_name(standard) / f"{TAG}={_safe(tag)}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{_safe(deposit)}.parquet"

    def append(self, standard: str, tag: str, deposit: str, files: Sequence[FileFact]) -> int:
        """Make the files visible, once; the version that has them."""
        with self._lock:
            return self._append(standard, tag, deposit, files)

    def _append(self, standard: str, tag: str, deposit: str, files: Sequence[FileFact]) -> int:
        folder = self._root / table_name(standard)
        if (table := self._tables.get(standard)) is None:
            raise NotFound("reservoir.unknown", standard=standard)
        if _safe(deposit) in table.deposits:
            return table.version
        check_files(standard, files, table.columns)
        for file in files:
            if Path(file.path).parent != folder / f"{TAG}={_safe(tag)}":
                raise Invalid("reservoir.file-elsewhere", file=Path(file.path).name)
        table.files += [
            LakeFile(path=Path(f.path), name=Path(f.path).relative_to(folder).as_posix(), tag=tag, size=f.size)
            for f in files
        ]
        table.deposits.add(deposit)
        table.version += 1
        return table.version

    def holds(self, standard: str, deposit: str) -> bool:
        """Whether that deposit was made visible."""
        table = self._tables.get(table_name(standard))
        return table is not None and _safe(deposit) in table.deposits

    def files(self, standard: str) -> list[LakeFile]:
        """The visible files, ordered by name."""
        table = self._tables.get(table_name(standard))
        return sorted(table.files, key=lambda file: file.name) if table else []

    def digest(self, path: Path) -> str | None:
        """SHA-256 of a file as it lies there now; None when it is gone."""
        return file_digest(path)

    def forget(self, standard: str, tag: str, deposit: str) -> None:
        """Remove the file of a deposit that was never sealed; what is visible stays."""
        if not self.holds(standard, deposit):
            self.place(standard, tag, deposit).unlink(missing_ok=True)

    def replace(
        self, standard: str, tag: str, deposit: str, files: Sequence[FileFact], *, gone: Collection[str]
    ) -> int:
        """Make the files visible and those of the deposits in `gone` invisible, once; the version that has it."""
        with self._lock:
            if self.holds(standard, deposit):
                return self._tables[standard].version
            self._append(standard, tag, deposit, files)
            self._hide(standard, gone)
            return self._tables[standard].version

    def erase(self, standard: str, deposits: Collection[str]) -> None:
        """Leave no trace of these deposits."""
        with self._lock:
            if standard not in self._tables:
                raise NotFound("reservoir.unknown", standard=standard)
            self._hide(standard, deposits)
            for path in self.traces(standard, deposits):
                path.unlink()

    def traces(self, standard: str, deposits: Collection[str]) -> list[Path]:
        """Every file of these deposits in the table's folder, visible or not."""
        names = {_safe(deposit) for deposit in deposits}
        found = (self._root / table_name(standard)).glob(f"{TAG}=*/*")
        return sorted(path for path in found if path.name.lstrip(".").split(".")[0] in names)

    def _hide(self, standard: str, deposits: Collection[str]) -> None:
        table = self._tables[standard]
        table.files = [file for file in table.files if file.path.stem not in {_safe(deposit) for deposit in deposits}]
        table.version += 1


def _safe(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Invalid("reservoir.name-unsafe", name=name[:120])
    return name
