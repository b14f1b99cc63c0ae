"""A CSV in any encoding, packed, under a title or above a total, as plain UTF-8: the table's own lines and no other."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from datadam.adapters.read_beside import Beside, filling
from datadam.errors import Invalid
from datadam.formats import opening, packing
from datadam.model import Reading, Room

MAX_LINE: Final = 1024 * 1024  # letters between two line ends


def is_plain(reading: Reading | None) -> bool:
    """Whether a CSV can be read where it lies."""
    return reading is None or (
        reading.compression is None
        and reading.encoding == "utf-8"
        and reading.newline == "\n"
        and reading.header_row == 1
        and reading.first_row in {None, 2}
        and reading.last_row is None
    )


def as_utf8(path: Path, reading: Reading, name: str, room: Room | None = None) -> Beside:
    """Write the table of a CSV as UTF-8, beside it; `Invalid` with the place of a byte that the encoding has not."""
    with (
        filling(path, room) as made,
        made.opened() as out,
        opening.text_of(lambda: path.open("rb"), reading, name) as texts,
    ):
        checked = _checked(texts, reading, name)
        if reading.newline == "\n" and reading.header_row == 1 and reading.first_row in {None, 2}:
            _copy(checked, reading.last_row, out)
        else:
            out.writelines(line.encode() for line in opening.table_lines(checked, reading))
    return made


def joined(path: Path, reading: Reading, name: str, room: Room | None = None) -> Beside:
    """Write the tables of a packed folder as one, under one header, beside it; a file with another one is `Invalid`."""
    header = None
    with (
        filling(path, room) as made,
        made.opened() as out,
        opening.parts_of(lambda: path.open("rb"), reading, name) as parts,
    ):
        for (part, _), texts in zip(reading.parts, parts, strict=True):
            lines = opening.table_lines(_checked(texts, reading, name), reading)
            first = next(lines, "").rstrip("\r\n")
            if header is None:
                header = first
                out.write(f"{header}\n".encode())
            elif first != header:
                raise Invalid("file.parts-differ", name=name, part=part[:80])
            for line in lines:
                out.write((line if line.endswith("\n") else f"{line}\n").encode())
    return made


def unpacked(path: Path, reading: Reading, name: str, room: Room | None = None) -> Beside:
    """Write what is packed in a file, beside it."""
    with (
        filling(path, room) as made,
        made.opened() as out,
        path.open("rb") as file,
        packing.unpacked(file, reading.compression, name) as inner,
    ):
        shutil.copyfileobj(inner, out, 1024 * 1024)
    return made


def _checked(texts: Iterator[tuple[int, str]], reading: Reading, name: str) -> Iterator[str]:
    """The text, if it has no NUL and no endless line; both are told by their byte as sent (or as packed)."""
    since = 0  # letters since the last line end
    for offset, text in texts:
        if (at := text.find("\0")) >= 0:
            raise Invalid("file.nul", name=name, offset=offset + len(text[:at].encode(reading.encoding)))
        first, last = text.find(reading.newline), text.rfind(reading.newline)
        longest = since + (len(text) if first < 0 else first)
        since = longest if first < 0 else len(text) - last - 1
        if longest > MAX_LINE:
            raise Invalid("file.line-too-long", name=name, offset=offset, limit=MAX_LINE)
        yield text


def _copy(texts: Iterator[str], last_row: int | None, out: IO[bytes]) -> None:
    """Write a text as it is, up to the end of its `last_row`-th line."""
    left = last_row
    for text in texts:
        if left is None or text.count("\n") < left:
            out.write(text.encode())
            left = left if left is None else left - text.count("\n")
            continue
        end = 0
        for _ in range(left):
            end = text.index("\n", end) + 1
        out.write(text[:end].encode())
        return
