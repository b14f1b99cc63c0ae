"""Write the corpus of hostile and broken files: `hostile_files.py FOLDER`. What each must come to stands beside it.

Everything is made here, from a seed where chance is wanted, so that the files need not be kept. Each case says how it
may end: `refused` (with a code), `taken` (its rows are data like any other), or `either`: a format that a reader may
know or not; if it is taken, then with exactly the rows that are named. A dam must come to that end with bounded memory,
in bounded time, and leave nothing behind. `tests/test_hostile_files.py` hands every one of them to a dam.
"""

import bz2
import gzip
import io
import json
import lzma
import random
import struct
import sys
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

Rows: TypeAlias = tuple[tuple[str, int], ...]

GOOD: Final = b"meter,amount\nA1,5\nA2,7\n"
ROWS: Final[Rows] = (("A1", 5), ("A2", 7))
MEGABYTE: Final = 1024 * 1024
BOMB: Final = 256 * MEGABYTE  # bytes that a small file unpacks to
SEED: Final = 20261122
LOCAL: Final = "file:" + "///"  # what a file may point at on the machine that reads it
TRACE: Final = "datadam-was-here"  # in names that lead elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One file, and what it must come to."""

    name: str
    data: Callable[[], bytes]
    ends: Literal["refused", "taken", "either"]
    format: str = "csv"  # as its sender declares it
    code: str = ""  # the code of its refusal, or how that begins
    rows: Rows | None = None  # admitted if it is taken; None where that is beside the point
    file_name: str = ""  # as its sender calls it, where that is the attack
    limits: Mapping[str, int] = field(default_factory=dict)  # of adapters/polars_read.py, lowered to the file's size


def cases() -> list[Case]:
    """The whole corpus."""
    groups = (
        texts(),
        headers(),
        values(),
        names(),
        packed(),
        zips(),
        parquets(),
        sheets(),
        records(),
        arrows(),
        strangers(),
    )
    return [case for group in groups for case in group]


def _refused(name: str, data: bytes | Callable[[], bytes], code: str = "", **more: Any) -> Case:
    return Case(name=name, data=_made(data), ends="refused", code=code, **more)


def _taken(name: str, data: bytes | Callable[[], bytes], rows: Rows | None = ROWS, **more: Any) -> Case:
    return Case(name=name, data=_made(data), ends="taken", rows=rows, **more)


def _either(name: str, data: bytes | Callable[[], bytes], rows: Rows | None = ROWS, **more: Any) -> Case:
    return Case(name=name, data=_made(data), ends="either", rows=rows, **more)


def _made(data: bytes | Callable[[], bytes]) -> Callable[[], bytes]:
    return (lambda: data) if isinstance(data, bytes) else data


# --- bytes that are no text, or text that is no table -----------------------------------------------------------------


def texts() -> Iterator[Case]:
    """Encodings, quotes, lines and sizes."""
    text = GOOD.decode()
    yield _refused("empty", b"", "deposit.file-empty")
    yield _refused("line-ends-only", b"\n\n\r\n", "file.")
    yield _refused("mark-only", b"\xef\xbb\xbf", "file.")
    yield _refused("header-only", b"meter,amount\n", "file.header-only")
    yield _refused("header-and-blank-rows", b"meter,amount\n,\n , \n,\n", "file.header-only")
    yield _refused("nul-first", b"\0" + GOOD, "file.")
    yield _refused("nul-in-a-value", b"meter,amount\nA\x001,5\n", "file.")
    yield _refused("nul-far-inside", b"meter,amount\n" + b"A1,5\n" * (2 * MEGABYTE // 5) + b"A\0,1\n", "file.")
    yield _either("utf-16-le", text.encode("utf-16"))
    yield _either("utf-16-be-unmarked", text.encode("utf-16-be"))
    yield _either("utf-32", text.encode("utf-32"))
    yield _either("latin-1", b"meter,amount\nA\xe91,5\n", rows=None)
    yield _refused("cp949-among-utf-8", "meter,amount\n가,5\n".encode() + "나,6\n".encode("cp949"), "file.")
    yield _refused("overlong-utf-8", b"meter,amount\nA\xc0\xaf,5\n" + "가,1\n".encode(), "file.")
    yield _refused("surrogate-in-utf-8", b"meter,amount\nA\xed\xa0\x80,5\n" + "가,1\n".encode(), "file.")
    yield _refused("utf-8-cut-off", "meter,amount\n가나,5\n다".encode()[:-1], "file.")
    yield _either("mark-twice", b"\xef\xbb\xbf" * 2 + GOOD, rows=None)
    yield _taken("mark-in-the-middle", b"meter,amount\nA1,5\n\xef\xbb\xbfA2,7\n", rows=None)
    yield _refused("quote-never-closed", b'meter,amount\n"A1,5\nA2,7\n', "file.")
    yield _refused("quote-never-closed-in-a-large-file", b'meter,amount\n"A1,5\n' + b"A2,7\n" * 400_000, "file.")
    yield _refused("quote-amid-a-value", b'meter,amount\n"A"1,5\n', "file.")
    yield _taken("quotes-doubled", b'meter,amount\n"A""1",5\n', rows=(('A"1', 5),))
    yield _taken("lines-within-quotes", b'meter,amount\n"A\n1",5\nA2,7\n', rows=(("A\n1", 5), ("A2", 7)))
    yield _refused("row-too-wide", b"meter,amount\nA1,5\nA2,7,9\n", "file.row-too-wide")
    yield _taken("row-too-short", b"meter,amount\nA1,5\nA2\n", rows=(("A1", 5),))
    yield _either("line-ends-of-old-macs", GOOD.replace(b"\n", b"\r"))
    yield _taken("line-ends-mixed", b"meter,amount\r\nA1,5\nA2,7\r\n")
    yield _taken("no-last-line-end", GOOD[:-1])
    yield _either("separators-mixed", b"meter;amount\nA1,5\nA2;7\n", rows=None)
    yield _refused("no-separator", b"meter amount\nA1 5\n", "")
    yield _either("end-of-file-mark-of-dos", GOOD + b"\x1a", rows=None)
    yield _refused("giant-cell", lambda: b"meter,amount\n" + b"A" * (3 * MEGABYTE) + b",5\n", "file.")
    yield _either(
        "giant-cell-of-many-lines", lambda: b'meter,amount\n"' + b"A\n" * (2 * MEGABYTE) + b'",5\nA2,7\n', rows=None
    )
    yield _refused("one-endless-line", lambda: b"A" * (8 * MEGABYTE), "file.")
    yield _either("only-quotes", b'"' * (MEGABYTE // 2), rows=None)
    yield _either("only-separators", b"meter,amount\n" + b"," * (MEGABYTE // 2) + b"\n", rows=None)
    yield _taken(
        "many-wrong-rows", lambda: b"meter,amount\nA1,5\n" + b"A2,x\n" * 1 + b"A3,7\n", rows=(("A1", 5), ("A3", 7))
    )
    yield _refused(
        "nothing-but-wrong-rows", lambda: b"meter,amount\n" + b"A2,x\n" * 100_000, "deposit.too-many-rejects"
    )
    yield _refused("chance", lambda: random.Random(SEED).randbytes(MEGABYTE), "")
    yield _refused("chance-without-nul", lambda: random.Random(SEED).randbytes(MEGABYTE).replace(b"\0", b"\n"), "")


def headers() -> Iterator[Case]:
    """Names of columns that are too many, too alike or ours."""
    wide = ",".join(f"c{number}" for number in range(100_000))
    yield _refused("columns-100000", f"meter,amount,{wide}\n".encode() + b"A1,5" + b",1" * 100_000 + b"\n", "file.")
    yield _refused("columns-100000-in-the-second-row", b"meter,amount\nA1,5" + b",1" * 100_000 + b"\n", "file.")
    yield _refused("name-giant", b"meter," + b"a" * (MEGABYTE // 2) + b"\nA1,5\n", "")
    yield _refused("name-twice", b"meter,meter\nA1,5\n", "file.header-twice")
    yield _refused("name-by-case", b"meter,Meter,amount\nA1,A2,5\n", "")
    yield _refused("name-by-normal-form", _alike("me\u0301ter", "m\u00e9ter"), "")
    yield _refused("name-by-homoglyph", _alike("meter", "m\u0435ter"), "")
    yield _refused("name-by-homoglyph-alone", "m\u0435ter,amount\nA1,5\n".encode(), "")
    yield _refused("name-by-full-width", _alike("meter", unicodedata.normalize("NFC", "\uff4deter")), "")
    yield _refused("name-with-nothing-seen", _alike("meter", "me\u200bter"), "")
    yield _refused("name-turned-round", "meter,\u202etnuoma\nA1,5\n".encode(), "")
    yield _refused("name-with-control", b"meter,amo\x1b[2Junt\nA1,5\n", "file.header-name")
    yield _refused("name-blank", b"meter,,amount\nA1,x,5\n", "file.header-blank")
    yield _refused("name-with-formula", b"meter,=1+1\nA1,5\n", "")
    yield _refused("header-repeated", b"meter,amount\nmeter,amount\nmeter,amount\n", "deposit.too-many-rejects")
    for ours in ("_row", "_failed", "_deposit", "_key", "_tag"):
        yield _refused(f"name-of-ours-{ours}", f"meter,amount,{ours}\nA1,5,0\n".encode(), "")


def _alike(one: str, other: str) -> bytes:
    return f"{one},{other},amount\nA1,A2,5\n".encode()


def values() -> Iterator[Case]:
    """Text that other programs would run, and numbers that are none: data, or a fault of its row, and nothing else."""
    evil = {
        "formula": "=1+1",
        "formula-command": "=cmd|' /C calc'!A0",
        "formula-plus": "+1+1",
        "formula-minus": "-1+1",
        "formula-at": "@SUM(A1:A9)",
        "formula-tab": "\u2003=1+1",
        "sql": "A';drop table x--",
        "markup": "<script>alert()",
        "template": "{{7*7}}${7*7}",
        "escape": "\x1b[2J\x1b]0;x",
        "bidi": "\u202eA1\u202c",
        "format-string": "%s%n%x{0}",
        "path": "../../etc/passwd",
        "null-word": "NULL",
        "emoji": "👩\u200d👩\u200d👧",
    }
    for name, value in evil.items():
        quoted = '"{}"'.format(value.replace('"', '""'))
        kept = value.strip("\u2003")
        yield _taken(f"value-{name}", f"meter,amount\n{quoted},5\nA2,7\n".encode(), rows=((kept, 5), ("A2", 7)))
    odd = {
        "exponent": "1e999999999",
        "digits": "9" * 10_000,
        "fullwidth": "１２",
        "infinity": "Infinity",
        "nan": "NaN",
        "hex": "0x1F",
        "negative-zero": "--0",
        "underscore": "1_000",
        "decimal": "5.5",
        "overflow": "9223372036854775808",
    }
    for name, value in odd.items():
        yield _taken(f"number-{name}", f"meter,amount\nA1,5\nA2,7\nA3,{value}\n".encode())


def names() -> Iterator[Case]:
    """Good files with bad names: a name is shown to its sender and leads nowhere."""
    evil = ("../../../etc/passwd", ".", "CON", "/etc/passwd", "~/.ssh/id_ed25519", "a\\..\\b.csv", "*.csv", "-rf",
            f"{LOCAL}etc/passwd", "s3://bucket/key.csv", "https://127.0.0.1/x.csv", "\\\\host\\share\\x.csv",
            "a\nb.csv", "\x1b[2J.csv", "\u202evsc.exe", "%2e%2e%2fx", "x.csv;rm -rf",
            "x[0-9].csv", "$(id).csv", "n" * 255)  # fmt: skip
    for number, name in enumerate(evil):
        yield _taken(f"file-name-{number}", GOOD, file_name=name)


# --- packed -----------------------------------------------------------------------------------------------------------


def packed() -> Iterator[Case]:
    """gzip, zstd and others: good, broken, and bombs."""
    yield _either("gzip", gzip.compress(GOOD, mtime=0))
    yield _refused("gzip-cut-off", gzip.compress(GOOD * 1000, mtime=0)[:-20], "")
    yield _refused("gzip-checksum-wrong", _flipped(gzip.compress(GOOD, mtime=0), -6), "")
    yield _refused("gzip-in-gzip", gzip.compress(gzip.compress(GOOD, mtime=0), mtime=0), "")
    yield _refused("gzip-bomb", lambda: _gzip_bomb(b""), "")
    yield _refused("gzip-bomb-of-a-table", lambda: _gzip_bomb(b"meter,amount\n"), "")
    yield _refused("gzip-of-nothing", gzip.compress(b"", mtime=0), "")
    yield _refused("gzip-and-then-chance", gzip.compress(GOOD, mtime=0) + b"\x01\x02\x03 more", "")
    yield _either("zstd", pa.compress(GOOD, "zstd", asbytes=True))
    yield _refused("zstd-cut-off", pa.compress(GOOD * 1000, "zstd", asbytes=True)[:-5], "")
    yield _refused("zstd-bomb", lambda: bytes(pa.compress(b"\0" * BOMB, "zstd", asbytes=True)), "")
    yield _refused("zstd-with-a-giant-window", b"\x28\xb5\x2f\xfd\x00\xf8" + b"\x00" * 20, "")
    yield _refused("zlib", zlib.compress(GOOD), "")
    yield _refused("bzip2", bz2.compress(GOOD), "")
    yield _refused("xz", lzma.compress(GOOD), "")
    yield _refused("lz4", bytes(pa.compress(GOOD, "lz4", asbytes=True)), "")


def _gzip_bomb(head: bytes) -> bytes:
    sink = io.BytesIO()
    with gzip.GzipFile(fileobj=sink, mode="wb", mtime=0) as file:
        file.write(head)
        for _ in range(BOMB // MEGABYTE):
            file.write(b"A" * MEGABYTE)
    return sink.getvalue()


def _flipped(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 0xFF
    return bytes(changed)


def zips() -> Iterator[Case]:
    """Archives: several members, members that lead elsewhere, lies about sizes, bombs."""
    yield _either("zip", _zip({"file.csv": GOOD}))
    yield _refused("zip-empty", _zip({}), "")
    yield _refused("zip-of-two", _zip({"a.csv": GOOD, "b.csv": GOOD}), "")
    yield _either("zip-of-a-path", _zip({f"../../../tmp/{TRACE}.csv": GOOD}))
    yield _either("zip-of-an-absolute-path", _zip({f"/{TRACE}.csv": GOOD}))
    yield _refused("zip-of-a-link", _zip_link(), "")
    yield _refused("zip-of-a-folder", _zip({"folder/": b""}), "")
    yield _refused("zip-encrypted", _zip_changed(flags=1), "")
    yield _refused("zip-size-too-small", _zip_changed(size=3), "")
    yield _refused("zip-size-too-large", _zip_changed(size=2**31), "")
    yield _refused("zip-checksum-wrong", _zip_changed(checksum=1), "")
    yield _refused("zip-cut-off", _zip({"file.csv": GOOD * 100})[:-30], "")
    yield _refused("zip-bomb", lambda: _zip({"file.csv": b"A" * BOMB}), "")
    yield _refused("zip-bomb-of-a-table", lambda: _zip({"file.csv": b"meter,amount\n" + b"A" * BOMB}), "")
    yield _refused("zip-in-zip", _zip({"inner.zip": _zip({"file.csv": GOOD})}), "")
    yield _refused("zip-of-many", lambda: _zip({f"{number}.csv": b"" for number in range(20_000)}), "")
    yield _refused("zip-one-member-named-twice", _zip_overlapping(), "")
    yield _either("zip-behind-a-program", b"MZ" + b"\x90" * 510 + _zip({"file.csv": GOOD}), rows=None)


def _zip(members: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return sink.getvalue()


def _zip_link() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        link = zipfile.ZipInfo("file.csv")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return sink.getvalue()


def _zip_changed(*, flags: int = 0, size: int | None = None, checksum: int = 0) -> bytes:
    """An archive whose directory and member headers say something else than what is there."""
    data = bytearray(_zip({"file.csv": GOOD}))
    for signature, at_flags, at_checksum, at_size in ((b"PK\x03\x04", 6, 14, 22), (b"PK\x01\x02", 8, 16, 24)):
        start = data.index(signature)
        data[start + at_flags] |= flags
        data[start + at_checksum] ^= checksum
        if size is not None:
            struct.pack_into("<I", data, start + at_size, size)
    return bytes(data)


def _zip_overlapping() -> bytes:
    """Two entries of the directory that share one member's bytes, as dense bombs do."""
    data = _zip({"a.csv": GOOD})
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entry = data[start:end]
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 2, 2, 2 * len(entry), start, 0)
    return data[:start] + entry + entry.replace(b"a.csv", b"b.csv") + tail


# --- Parquet ----------------------------------------------------------------------------------------------------------


def parquets() -> Iterator[Case]:
    """Truncated, lying, nested and bloated Parquet files."""
    whole = parquet({"meter": ["A1", "A2"], "amount": [5, 7]})
    for case in _broken_parquets(whole):
        yield replace(case, format="parquet")
    for case in _bloated_parquets():
        yield replace(case, format="parquet")
    yield _either("parquet-called-csv", whole)
    yield _either("csv-called-parquet", GOOD, format="parquet")


def _broken_parquets(whole: bytes) -> Iterator[Case]:
    yield _taken("parquet", whole)
    for cut in (4, 8, len(whole) // 2, len(whole) - 5, len(whole) - 1):
        yield _refused(f"parquet-cut-at-{cut}", whole[:cut], "file.")
    length = struct.unpack("<I", whole[-8:-4])[0]
    yield _refused("parquet-of-two-marks", b"PAR1PAR1", "file.")
    yield _refused("parquet-footer-beyond-the-file", whole[:-8] + struct.pack("<I", 2**31 - 1) + b"PAR1", "file.")
    yield _refused("parquet-footer-of-no-length", whole[:-8] + struct.pack("<I", 0) + b"PAR1", "file.")
    yield _refused(
        "parquet-footer-of-chance", whole[: -8 - length] + random.Random(SEED).randbytes(length) + whole[-8:], "file."
    )
    yield _refused("parquet-encrypted", b"PARE" + whole[4:-4] + b"PARE", "file.")
    yield _refused("parquet-pages-of-zeros", whole[:4] + bytes(40) + whole[44:], "file.")
    yield from _lies(whole, length)
    yield _refused(
        "parquet-without-rows",
        parquet({"meter": pa.array([], pa.string()), "amount": pa.array([], pa.int64())}),
        "file.",
    )
    yield _refused("parquet-of-lists", parquet({"meter": [["A1"]], "amount": [5]}), "file.")
    yield _refused("parquet-of-structures", parquet({"meter": [{"a": 1}], "amount": [5]}), "file.")
    yield _refused(
        "parquet-of-maps",
        parquet({"meter": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), "amount": [5]}),
        "file.",
    )
    yield _refused("parquet-nested-deeply", lambda: parquet({"meter": _deep(100), "amount": [5]}), "file.")
    yield _either("parquet-of-bytes", parquet({"meter": [b"A\xff"], "amount": [5]}), rows=None)
    yield _refused("parquet-text-that-is-none", _not_utf8(), "file.")
    yield _refused("parquet-name-twice", _twice(), "file.")
    yield _refused("parquet-columns-3000", lambda: parquet({f"c{number}": [1] for number in range(3_000)}), "file.")
    yield _refused("parquet-name-of-ours", parquet({"_row": [1], "meter": ["A1"], "amount": [5]}), "file.")
    yield _refused("parquet-name-with-nul", parquet({"me\0ter": ["A1"], "amount": [5]}), "file.")
    yield _refused("parquet-of-nothing-but-nulls", parquet({"meter": pa.nulls(3), "amount": pa.nulls(3)}), "")


def _lies(whole: bytes, length: int) -> Iterator[Case]:
    """A footer that says other numbers of rows and values, other statistics, other places than there are."""
    start = len(whole) - 8 - length
    footer = whole[start:-8]
    places = [at for at in range(len(footer) - 1) if footer[at] in {0x16, 0x26} and footer[at + 1] == 0x04]  # i64: 2
    for number, at in enumerate(places):
        for lie, value in (("more", 0x7E), ("none", 0x00), ("negative", 0x05)):
            changed = footer[: at + 1] + bytes([value]) + footer[at + 2 :]
            yield _either(f"parquet-lie-{number}-{lie}", whole[:start] + changed + whole[-8:], rows=None)
    for name, old, new in (("low", b"A1", b"Z8"), ("high", b"A2", b"Z9"), ("gone", b"A2", b"A0")):
        yield _either(f"parquet-statistics-too-{name}", whole[:start] + footer.replace(old, new) + whole[-8:])


def _bloated_parquets() -> Iterator[Case]:
    few = {"MAX_ROW_GROUP": 8 * MEGABYTE}
    text = "A" * MEGABYTE
    yield _refused(
        "parquet-bomb",
        lambda: parquet({"meter": [text] * 64, "amount": [5] * 64}, use_dictionary=False),
        "file.bomb",
        limits=few,
    )
    yield _refused(
        "parquet-bomb-of-many-groups",
        lambda: parquet({"meter": [text] * 64, "amount": [5] * 64}, use_dictionary=False, row_group_size=4),
        "file.bomb",
        limits=few,
    )
    yield _refused(
        "parquet-dictionary-bomb",
        lambda: _dictionary_bomb(4_000),
        "file.bomb-texts",
    )
    yield _refused(
        "parquet-dictionary-bomb-of-texts",
        lambda: _dictionary_bomb(4_000, store_schema=False),
        "file.bomb-texts",
    )
    yield _refused(
        "parquet-dictionary-bomb-of-many-groups",
        lambda: _dictionary_bomb(4_000, store_schema=False, row_group_size=4),
        "file.bomb-texts",
        limits={"MAX_TEXT": 128 * MEGABYTE},
    )
    yield _either("parquet-row-bomb", lambda: _row_bomb(3_000_000), rows=None)
    yield _refused(
        "parquet-row-bomb-of-one-group",
        lambda: _row_bomb(3_000_000, row_group_size=3_000_000),
        "file.group-too-long",
        limits={"MAX_GROUP_CELLS": 5_000_000},
    )
    yield _refused("parquet-footer-that-hides-a-bomb", lambda: _hidden_bomb(32), "file.bomb-groups", limits=few)
    yield _either(
        "parquet-null-bomb",
        lambda: parquet({"meter": pa.nulls(3_000_000, pa.string()), "amount": pa.nulls(3_000_000, pa.int64())}),
        rows=None,
    )
    giant = ["A" * (32 * MEGABYTE), "A1"]
    yield _refused("parquet-giant-cell", lambda: parquet({"meter": giant, "amount": [5, 7]}), "file.cell-too-long")
    yield _either("parquet-giant-footer", lambda: _commented("x" * (8 * MEGABYTE)), rows=None)


def parquet(columns: Mapping[str, Any], **more: Any) -> bytes:
    """A Parquet file."""
    sink = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), sink, **{"compression": "zstd", **more})
    return sink.getvalue()


def _dictionary_bomb(rows: int, **more: Any) -> bytes:
    """One value of a megabyte, named by every row: a few kilobytes that stand for gigabytes."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["A" * MEGABYTE]))
    return parquet({"meter": column, "amount": pa.array([5] * rows)}, **more)


def _row_bomb(rows: int, **more: Any) -> bytes:
    return parquet({"meter": pa.array(["A1"]).take(pa.array([0] * rows)), "amount": pa.array([5] * rows)}, **more)


def _hidden_bomb(rows: int) -> bytes:
    """Pages of a megabyte each, and a footer that says of all of them that they are a kilobyte."""
    whole = parquet({"meter": ["A" * MEGABYTE] * rows}, use_dictionary=False, write_statistics=False, data_page_size=1)
    group = pq.ParquetFile(io.BytesIO(whole)).metadata.row_group(0)
    start = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    footer = whole[start:-8]
    for size in {group.total_byte_size, group.column(0).total_uncompressed_size}:
        told = _varint(2 * size)
        footer = footer.replace(told, _varint(2 * 1_000, len(told)))
    return whole[:start] + footer + whole[-8:]


def _varint(number: int, length: int = 1) -> bytes:
    """A number as Thrift writes it, seven bits a byte, in so many bytes at least."""
    digits = [number >> 7 * at & 0x7F for at in range(max(length, -(-number.bit_length() // 7)))]
    return bytes([*(digit | 0x80 for digit in digits[:-1]), digits[-1]])


def _deep(levels: int) -> pa.Array:
    array = pa.array(["A1"])
    for _ in range(levels):
        array = pa.StructArray.from_arrays([array], ["a"])
    return array


def _not_utf8() -> bytes:
    bad = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(struct.pack("<2i", 0, 2)), pa.py_buffer(b"A\xff")])
    return parquet({"meter": bad, "amount": [5]}, store_schema=True)


def _twice() -> bytes:
    sink = io.BytesIO()
    table = pa.Table.from_arrays(
        [pa.array(["A1"]), pa.array(["A2"]), pa.array([5])], names=["meter", "meter", "amount"]
    )
    pq.write_table(table, sink)
    return sink.getvalue()


def _commented(comment: str) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"meter": ["A1", "A2"], "amount": [5, 7]}).replace_schema_metadata({"x": comment}), sink)
    return sink.getvalue()


# --- Excel ------------------------------------------------------------------------------------------------------------

_TYPES: Final = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Default Extension="bin" ContentType="application/'
    'vnd.ms-office.vbaProject"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-'
    'officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
_RELATIONS: Final = (
    '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships">{}</Relationships>'
)
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_CELLS: Final = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>meter</t></is></c>'
    '<c r="B1" t="inlineStr"><is><t>amount</t></is></c></row>'
    '<row r="2"><c r="A2" t="inlineStr"><is><t>A1</t></is></c><c r="B2"><v>5</v></c></row>'
    '<row r="3"><c r="A3" t="inlineStr"><is><t>A2</t></is></c><c r="B3"><v>7</v></c></row>'
)


def workbook(
    cells: str = _CELLS,
    *,
    prologue: str = "",
    before: str = "",
    parts: Mapping[str, bytes] | None = None,
    links: str = "",
) -> bytes:
    """An Excel file of one sheet, written part by part so that each can lie."""
    xml = '<?xml version="1.0" encoding="UTF-8"?>'
    sheet = f'{xml}{prologue}<worksheet xmlns="{_MAIN}">{before}<sheetData>{cells}</sheetData></worksheet>'
    named = '<sheets><sheet name="Data" sheetId="1" r:id="rId1"/></sheets>'
    book = f'{xml}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{named}</workbook>'
    root = _RELATIONS.format(f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>')
    inner = _RELATIONS.format(
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>{links}'
    )
    return _zip(
        {
            "[Content_Types].xml": _TYPES.encode(),
            "_rels/.rels": root.encode(),
            "xl/workbook.xml": book.encode(),
            "xl/_rels/workbook.xml.rels": inner.encode(),
            "xl/worksheets/sheet1.xml": sheet.encode(),
            **(parts or {}),
        }
    )


def sheets() -> Iterator[Case]:
    """Excel files with macros, links, lies and bombs."""
    for case in _sheets():
        yield replace(case, format="xlsx")
    yield _either("excel-called-csv", workbook())


def _sheets() -> Iterator[Case]:
    laughs = "".join(
        f'<!ENTITY l{n} "{"&l" + str(n - 1) + ";" * 1}{("&l" + str(n - 1) + ";") * 9}">' for n in range(1, 10)
    )
    expanding = f'<!DOCTYPE worksheet [<!ENTITY l0 "ha">{laughs}]>'
    outside = f'<!DOCTYPE worksheet [<!ENTITY x SYSTEM "{LOCAL}etc/passwd">]>'
    named = _CELLS.replace("<t>A1</t>", "<t>{}</t>")
    link = f'<Relationship Id="rId9" Type="{_OFFICE}/externalLink" Target="{LOCAL}etc/passwd" TargetMode="External"/>'
    macro = {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0" + bytes(500)}
    formula = _CELLS.replace('<c r="B2"><v>5</v></c>', '<c r="B2"><f>WEBSERVICE("http://127.0.0.1/")</f><v>5</v></c>')
    yield _either("excel", workbook())
    yield _either("excel-with-macros", workbook(parts=macro))
    yield _either("excel-with-external-links", workbook(links=link))
    yield _either("excel-with-a-formula", workbook(formula))
    yield _refused("excel-of-laughs", workbook(named.format("&l9;"), prologue=expanding), "")
    yield _refused("excel-of-an-outside-entity", workbook(named.format("&x;"), prologue=outside), "")
    yield _either("excel-of-a-lying-size", workbook(before='<dimension ref="A1:XFD1048576"/>'))
    yield _either(
        "excel-of-a-cell-far-away",
        workbook(_CELLS + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        rows=None,
    )
    yield _refused("excel-bomb", lambda: workbook(_CELLS + " " * BOMB), "")
    yield _refused("excel-bomb-of-texts", lambda: workbook(parts={"xl/sharedStrings.xml": b"<sst>" + b"A" * BOMB}), "")
    yield _refused("excel-cut-off", workbook()[:-200], "")
    yield _refused("excel-without-a-sheet", _zip({"[Content_Types].xml": _TYPES.encode()}), "")
    yield _refused("excel-encrypted-or-old", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3000), "")
    yield _refused("excel-sheet-that-is-no-xml", workbook("<row"), "")
    yield _either("excel-with-a-path", workbook(parts={f"../../../tmp/{TRACE}": b"x"}))


# --- JSON, Arrow, and files of other trades ---------------------------------------------------------------------------


def records() -> Iterator[Case]:
    """JSON arrays and JSON Lines."""
    good = [{"meter": "A1", "amount": 5}, {"meter": "A2", "amount": 7}]
    one = '{"meter":"A1","amount":5}'
    for case in (
        _either("json", json.dumps(good).encode()),
        _refused("json-deep", b"[" * 100_000 + b"]" * 100_000, ""),
        _refused("json-deep-objects", b'{"a":' * 50_000 + b"1" + b"}" * 50_000, ""),
        _refused("json-cut-off", json.dumps(good).encode()[:-10], ""),
        _refused("json-of-scalars", b"[1,2,3]", ""),
        _refused("json-text", b'"meter,amount"', ""),
        _refused("json-empty-array", b"[]", ""),
        _refused("json-with-not-a-number", b'[{"meter":"A1","amount":NaN}]', ""),
        _refused("json-with-a-giant-number", b'[{"meter":"A1","amount":1e99999}]', ""),
        _refused("json-with-endless-digits", b'[{"meter":"A1","amount":' + b"9" * 100_000 + b"}]", ""),
        _refused("json-name-twice", b'[{"meter":"A1","meter":"A2","amount":5}]', ""),
        _refused("json-half-a-pair", b'[{"meter":"\\ud800","amount":5}]', ""),
        _refused("json-nested-value", b'[{"meter":["A1"],"amount":{"x":5}}]', ""),
        _refused("json-giant-text", lambda: b'[{"meter":"' + b"A" * (16 * MEGABYTE) + b'","amount":5}]', ""),
        _refused("json-many-names", ("[{" + ",".join(f'"c{n}":1' for n in range(100_000)) + "}]").encode(), ""),
        _refused("json-and-more", json.dumps(good).encode() + b"[]", ""),
        _either("json-with-a-mark", b"\xef\xbb\xbf" + json.dumps(good).encode()),
    ):
        yield replace(case, format="json")
    for case in (
        _either("jsonl", f'{one}\n{{"meter":"A2","amount":7}}\n'.encode()),
        _refused("jsonl-broken-line", f"{one}\n{{\n{one}\n".encode(), ""),
        _refused("jsonl-of-scalars", b"1\n2\n", ""),
        _refused("jsonl-one-endless-line", lambda: b'{"meter":"' + b"A" * (16 * MEGABYTE), ""),
        _refused("jsonl-of-many-names", lambda: "\n".join(f'{{"c{n}":1}}' for n in range(50_000)).encode(), ""),
    ):
        yield replace(case, format="jsonl")


def arrows() -> Iterator[Case]:
    """Arrow IPC files."""
    whole = _arrow({"meter": ["A1", "A2"], "amount": [5, 7]})
    for case in (
        _either("arrow", whole),
        _refused("arrow-cut-off", whole[: len(whole) // 2], ""),
        _refused("arrow-mark-only", b"ARROW1\0\0", ""),
        _either("arrow-lying-length", whole[:8] + b"\xff\xff\xff\xff\xff\xff\xff\x7f" + whole[16:]),
        _refused("arrow-of-lists", _arrow({"meter": [["A1"]], "amount": [5]}), ""),
        _refused(
            "arrow-offsets-beyond", whole.replace(struct.pack("<3i", 0, 2, 4), struct.pack("<3i", 0, 2, 2**30)), ""
        ),
        _refused("feather-of-old", b"FEA1" + bytes(100) + b"FEA1", ""),
    ):
        yield replace(case, format="arrow")


def _arrow(columns: Mapping[str, Any]) -> bytes:
    sink = io.BytesIO()
    table = pa.table(dict(columns))
    with pa.ipc.new_file(sink, table.schema) as file:
        file.write_table(table)
    return sink.getvalue()


def strangers() -> Iterator[Case]:
    """Files that are something else altogether."""
    yield _refused("program", b"\x7fELF\x02\x01\x01" + bytes(200), "")
    yield _refused("pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n", "")
    yield _refused("picture", b"\x89PNG\r\n\x1a\n" + bytes(50), "")
    yield _refused("web-page", b"<!doctype html>\n<html><body>Sign in, please</body></html>\n", "")
    yield _refused("database", b"SQLite format 3\0" + bytes(500), "")
    yield _refused("pickle", b"\x80\x04\x95\x20\x00\x00\x00\x00\x00\x00\x00cos\nsystem\n(S'id'\ntR.", "")
    yield _refused("tar", _tar(), "")
    yield _refused("orc", b"ORC" + bytes(100), "")
    yield _refused("avro", b"Obj\x01" + bytes(100), "")
    yield _refused(
        "stix-of-laughs",
        json.dumps({"type": "bundle", "id": "bundle--x", "objects": [{"type": "indicator"}] * 3}).encode(),
        "",
        format="stix",
    )


def _tar() -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        member = tarfile.TarInfo(f"../../../tmp/{TRACE}")
        member.size = len(GOOD)
        archive.addfile(member, io.BytesIO(GOOD))
    return sink.getvalue()


def main(folder: Path) -> None:
    """Write every file."""
    folder.mkdir(parents=True, exist_ok=True)
    for case in cases():
        (folder / f"{case.name}.{case.format}").write_bytes(case.data())
    print(f"{len(cases())} files in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
