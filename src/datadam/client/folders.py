"""A folder of files of one layout, on its way to a dam as one deposit: packed into one zip, the same every time."""

import csv
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from datadam.client.files import CHUNK, FOUND, look
from datadam.errors import Invalid
from datadam.formats import dialects, opening
from datadam.formats.dialects import Declared
from datadam.model import Reading

_MADE: Final = (1980, 1, 1, 0, 0, 0)  # the same at all times, so that the same folder is the same deposit


@contextmanager
def as_one(path: Path, declared: Declared = FOUND) -> Iterator[tuple[Path, Path, Reading | None]]:
    """What is sent for `path`, a file that shows its layout, and how what is sent is read.

    A file is itself. Of a folder, every file that is not hidden counts, by name; they must be CSV of one layout, else
    `Invalid` names the first that is not.
    """
    if not path.is_dir():
        yield path, path, look(path, declared).reading
        return
    files = _files(path)
    reading = _shared(path, files, declared)
    with tempfile.TemporaryDirectory(prefix="datadam-") as folder:
        sent = Path(folder) / f"{path.resolve().name}.zip"
        with zipfile.ZipFile(sent, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for one in files:
                entry = zipfile.ZipInfo(one.name, _MADE)
                entry.compress_type = zipfile.ZIP_DEFLATED
                with one.open("rb") as file, archive.open(entry, "w", force_zip64=True) as into:
                    shutil.copyfileobj(file, into, CHUNK)
        yield sent, files[0], reading


def showing(path: Path, declared: Declared = FOUND) -> Path:
    """The file that shows the layout of `path`: itself, or the first of a folder whose files all have one layout."""
    if not path.is_dir():
        return path
    files = _files(path)
    _shared(path, files, declared)
    return files[0]


def _files(path: Path) -> list[Path]:
    """The files of a folder that count, by name."""
    files = sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
    if not files:
        raise Invalid("file.empty", name=path.name)
    if len(files) > opening.MAX_PARTS:
        raise Invalid("file.zip-members", name=path.name, count=len(files))
    return files


def _shared(path: Path, files: list[Path], declared: Declared) -> Reading:
    """How every file is read, and how many rows each has."""
    first = look(files[0], declared)
    parts = []
    for one in files:
        layout = look(one, declared)
        reading = layout.reading or Reading()
        if (
            layout.columns != first.columns
            or reading != first.reading
            or reading.format != "csv"
            or reading.compression
        ):
            raise Invalid("file.parts-differ", name=path.name, part=one.name[:80])
        parts.append((one.name.encode(errors="replace").decode()[:255], _rows(one, reading)))
    return replace(first.reading or Reading(), compression="zip", parts=tuple(parts))


def _rows(path: Path, reading: Reading) -> int:
    """How many rows stand below the header; a broken row is for the dam's report."""
    lines = opening.picked(lambda: path.open("rb"), reading, path.name)
    count = 0
    try:
        for count, _ in enumerate(dialects.csv_rows(lines, reading.separator, reading.quote)):  # noqa: B007  (wanted after the loop)
            pass
    except csv.Error:
        return count
    return count
