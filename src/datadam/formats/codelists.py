"""Code lists as CSV: `# title:`, `# origin:`, `# licence:` on top, then `code` and columns of names split by `|`.

Where `# above:` names another list, the column `parent` says which of its codes each code is part of.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from datadam.errors import DamError, Faults, Invalid, NotFound
from datadam.model import CodeList, fold

MAX_BYTES: Final = 4 * 1024 * 1024  # HS 2022 with its 6,939 codes is 0.1 MB
MAX_CODE: Final = 60  # characters
_HEAD: Final = ("title", "origin", "licence")
_PARENT: Final = "parent"


def load(name: str, text: str) -> CodeList:
    """Read a code list; `Faults` names every wrong line. A name that two codes share stands for neither."""
    if len(text.encode()) > MAX_BYTES:
        raise Invalid("codelist.too-large", list=name, limit=MAX_BYTES)
    head: dict[str, str] = {}
    lines = text.splitlines()
    while lines and lines[0].startswith("#"):
        key, _, value = lines.pop(0)[1:].partition(":")
        head[key.strip()] = value.strip()
    faults: list[DamError] = [
        Invalid("codelist.head-missing", list=name, field=field) for field in _HEAD if not head.get(field)
    ]
    try:
        rows = list(csv.reader(io.StringIO("\n".join(lines)), strict=True))
    except csv.Error as error:
        raise Faults("codelist.faults", [*faults, Invalid("codelist.malformed", list=name)], list=name) from error
    if not rows or rows[0][:1] != ["code"]:
        faults.append(Invalid("codelist.head-missing", list=name, field="code"))
        raise Faults("codelist.faults", faults, list=name)
    names: dict[str, set[str]] = {}
    codes: set[str] = set()
    place = rows[0].index(_PARENT) if _PARENT in rows[0] else None
    if (place is None) == ("above" in head):
        faults.append(Invalid("codelist.above-without-parent", list=name))
    parents: dict[str, str] = {}
    for number, row in enumerate(rows[1:], start=len(head) + 2):
        faults += _row_faults(name, number, row, rows[0], codes)
        codes |= set(row[:1])
        if place is not None and len(row) == len(rows[0]):
            parents |= {row[0]: parent} if (parent := row.pop(place)) else {}
        for text_name in _names(row) if row else ():
            names.setdefault(fold(text_name), set()).add(row[0])
    if faults or not codes:
        raise Faults("codelist.faults", faults or [Invalid("codelist.empty", list=name)], list=name)
    known = frozenset(codes)
    aliases = {key: min(owners) for key, owners in sorted(names.items()) if len(owners) == 1}
    return CodeList(
        name=name,
        title=head["title"],
        origin=head["origin"],
        licence=head["licence"],
        codes=known,
        aliases=MappingProxyType(aliases),
        above=head.get("above"),
        parents=MappingProxyType(parents),
    )


def _names(row: list[str]) -> Iterator[str]:
    """Every name of a code, its own folded spelling among them."""
    yield row[0]
    for cell in row[1:]:
        yield from (part for part in (text.strip() for text in cell.split("|")) if part)


def _row_faults(name: str, line: int, row: list[str], header: list[str], before: set[str]) -> Iterator[DamError]:
    if len(row) != len(header):
        yield Invalid("codelist.row-width", list=name, line=line, expected=len(header), found=len(row))
    code = row[0] if row else ""
    if not code or code != code.strip() or len(code) > MAX_CODE:
        yield Invalid("codelist.code-malformed", list=name, line=line, value=code[:MAX_CODE])
    if code in before:
        yield Invalid("codelist.code-repeated", list=name, line=line, value=code[:MAX_CODE])


@cache
def packaged() -> Mapping[str, CodeList]:
    """Every code list that the package ships, by name."""
    folder = resources.files("datadam") / "standards" / "codes"
    found = (entry for entry in folder.iterdir() if entry.name.endswith(".csv"))
    loaded = (load(entry.name.removesuffix(".csv"), entry.read_text(encoding="utf-8")) for entry in found)
    return MappingProxyType({codes.name: codes for codes in sorted(loaded, key=lambda codes: codes.name)})


@cache
def packaged_standards() -> Mapping[str, str]:
    """The text of every standard that the package ships, by id."""
    folder = resources.files("datadam") / "standards"
    found = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".yaml")), key=lambda entry: entry.name)
    return MappingProxyType({e.name.removesuffix(".yaml"): e.read_text(encoding="utf-8") for e in found})


def packaged_standard(name: str) -> str:
    """The text of one packaged standard, or `NotFound`."""
    texts = packaged_standards()
    if name not in texts:
        raise NotFound("standard.not-packaged", id=name[:120], known=", ".join(texts))
    return texts[name]
