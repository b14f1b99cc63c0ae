"""Hand in the file you have: every format is opened to the rows that its writer meant, or refused with a question."""

import codecs
import csv
import gzip
import io
import json
import os
import struct
import sys
import tracemalloc
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import feather

from datadam import client
from datadam.adapters import polars_read, read_arrow, read_beside
from datadam.errors import Invalid, Unavailable
from datadam.formats import encodings, opening, packing, workbook
from datadam.formats.dialects import Declared
from datadam.model import Layout, Reading, Source

KOREAN = "국가,연도,생산량\n대한민국,2024,15\n호주,2023,2\n"
JAPANESE = "国,年,生産量\n日本,2024,15\nオーストラリア,2023,2\n"
GERMAN = "Land;Jahr;Menge\nÖsterreich;2024;1,5\nCôte d’Ivoire;2022;1,0\n"
TITLED = "세계 생산량 2024\n\n국가,연도,생산량\n한국,2024,15\n호주,2023,2\n합계,,17\n* 출처: USGS\n"
NOTHING = Declared()


def written(folder: Path, data: bytes, name: str = "sent.dat") -> Path:
    """A file."""
    path = folder / name
    path.write_bytes(data)
    return path


def rows_of(path: Path, declared: Declared = NOTHING) -> tuple[Layout, list[tuple[Any, ...]]]:
    """What a file is read as here, and the rows that an engine then gets of it: row numbers first."""
    layout = client.look(path, declared)
    opened = polars_read.open_source(client.source(path, declared))
    assert opened.columns == layout.columns
    return layout, opened.rows.collect().rows()


def refusal(path: Path, declared: Declared = NOTHING) -> Invalid:
    """How a file is refused where it is looked at."""
    with pytest.raises(Invalid) as caught:
        client.look(path, declared)
    return caught.value


def at_the_dam(path: Path, reading: Reading) -> Invalid:
    """How a file is refused where only the signed reading counts."""
    source = Source(path=str(path), format=reading.format, name="x", reading=reading)
    with pytest.raises(Invalid) as caught:
        polars_read.open_source(source)
    return caught.value


def left_over(folder: Path) -> list[str]:
    """Files of ours that stayed beside what was read."""
    return [found.name for found in folder.iterdir() if found.name.endswith(".part")]


# --- encodings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "data", "encoding"),
    [
        (KOREAN, KOREAN.encode(), "utf-8"),
        (KOREAN, KOREAN.encode("utf-8-sig"), "utf-8"),
        (KOREAN, KOREAN.encode("utf-16"), "utf-16-le"),
        (KOREAN, codecs.BOM_UTF16_BE + KOREAN.encode("utf-16-be"), "utf-16-be"),
        (KOREAN, KOREAN.encode("cp949"), "cp949"),
        (JAPANESE, JAPANESE.encode("cp932"), "cp932"),
        (GERMAN, GERMAN.encode("cp1252"), "cp1252"),
        ("nom;âge\nJosé;3\n", "nom;âge\nJosé;3\n".encode("latin-1"), "cp1252"),
    ],
)
def test_an_encoding_is_found_and_shown(text: str, data: bytes, encoding: str, tmp_path: Path) -> None:
    """Each comes out as the same letters, and the reading says which it was."""
    layout, rows = rows_of(written(tmp_path, data))
    assert layout.reading is not None
    assert layout.reading.encoding == encoding
    separator = layout.reading.separator
    sent = list(csv.reader(io.StringIO(text), delimiter=separator))
    assert layout.columns == tuple(sent[0])
    assert rows == [(number, *row) for number, row in enumerate(sent[1:])]
    assert not left_over(tmp_path)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("이름\n똠방\n".encode("cp949"), "file.encoding-unclear"),  # not in KS X 1001: is it Korean at all?
        ("a\nｱｲ\n".encode("cp932"), "file.encoding-unclear"),  # two letters of either
        ("名称,数量\n中国,1\n澳大利亚,2\n".encode("gbk"), "file.encoding-unclear"),  # not in our list
        ("名前,量\n日本です,1\n".encode("euc-jp"), "file.encoding-unclear"),
        ("名稱,數量\n中國,1\n".encode("big5"), "file.encoding-unclear"),
        ("Страна,1\nРоссия,2\n".encode("cp1251"), "file.encoding"),
        (KOREAN.encode() + b"\xff\n", "file.encoding"),  # damaged, not Western
        (KOREAN.encode("cp949") + b"\xb0\n", "file.encoding"),
        ("a,b\ncafé,1\n".encode() + "Zürich,2\n".encode("latin-1"), "file.encoding"),  # two writers
        ("a,b\n1,2\n".encode("utf-16-le"), "file.nul"),
        ("a,b\n1,2\n".encode("utf-32"), "file.encoding"),
    ],
)
def test_an_encoding_that_is_not_proven_is_a_question(data: bytes, code: str, tmp_path: Path) -> None:
    """Bytes that could say other words, or that are of none of our encodings, are never read by a guess."""
    assert refusal(written(tmp_path, data)).code == code


def test_the_answer_settles_it(tmp_path: Path) -> None:
    """What the question's remedy names is an option that is taken."""
    path = written(tmp_path, "이름\n똠방\n".encode("cp949"))
    error = refusal(path)
    assert "이름" in str(error.facts["choices"])
    layout, rows = rows_of(path, Declared(encoding=str(error.facts["first"])))
    assert (layout.columns, rows) == (("이름",), [(0, "똠방")])


def test_an_encoding_has_many_names() -> None:
    """As people write them; any other is told, with those there are."""
    names = {"EUC-KR": "cp949", "Shift_JIS": "cp932", "latin1": "cp1252", "UTF 8": "utf-8", "CP949": "cp949"}
    assert {name: encodings.encoding_named(name) for name in names} == names
    with pytest.raises(Invalid, match="file.encoding-unknown"):
        encodings.encoding_named("ebcdic")


@pytest.mark.parametrize("encoding", [one for one in encodings.ENCODINGS if one != "cp1252"])
def test_a_letter_cut_by_a_block_stays_whole(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks end anywhere; a bad byte is told by its place in the file all the same."""
    monkeypatch.setattr(encodings, "BLOCK", 7)
    text = "名前,メモ\n" + "日本,ア\n" * 20 if encoding == "cp932" else "이름,비고\n" + "가나,다\n" * 20
    data = text.encode(encoding)
    decoded = list(encodings.decoded(io.BytesIO(data), encoding, "x"))
    assert "".join(piece for _, piece in decoded) == text
    broken = {"utf-8": b"\xff", "utf-16-le": b"\x00\xdc", "utf-16-be": b"\xdc\x00"}.get(encoding, b"\x81\xff")
    at = len(text[:50].encode(encoding))
    with pytest.raises(Invalid) as caught:
        list(encodings.decoded(io.BytesIO(data[:at] + broken + data[at:]), encoding, "x"))
    assert caught.value.facts["offset"] == at
    assert caught.value.facts["line"] == 1 + text[:50].count("\n")


def test_a_declared_encoding_that_is_wrong_is_refused_with_its_place(tmp_path: Path) -> None:
    """The dam decodes strictly what was signed; nothing is replaced."""
    path = written(tmp_path, KOREAN.encode())
    error = at_the_dam(path, Reading(encoding="cp932"))
    assert error.code == "file.encoding-other"
    assert error.facts["line"] == 1
    assert not left_over(tmp_path)


# --- dialects ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("a,b\n1,2\n", Reading()),
        ("a,b\r\n1,2\r\n", Reading()),
        ("a;b\n1,5;2\n", Reading(separator=";")),
        ("a\tb\n1\t2\n", Reading(separator="\t")),
        ("a|b\n1|2\n", Reading(separator="|")),
        ("'a';'b'\n'x;y';'2'\n", Reading(separator=";", quote="'")),
        ("name,what\n'tis,x\n", Reading()),
        ("a,b\r1,2\r3,4\r", Reading(newline="\r")),
        ("one\n1\n2\n", Reading()),
        ("text\nhello; world\n", Reading()),
    ],
)
def test_a_dialect_is_found(text: str, reading: Reading, tmp_path: Path) -> None:
    """By the one sign that makes a table of the rows."""
    assert rows_of(written(tmp_path, text.encode()))[0].reading == reading


def test_two_signs_that_both_make_a_table_are_a_question(tmp_path: Path) -> None:
    """`1,5;2` is two numbers or two others; declared, it is read."""
    path = written(tmp_path, b"a,b;c\n1,5;2\n2,5;3\n")
    assert refusal(path).code == "file.separator-unclear"
    assert rows_of(path, Declared(separator=";"))[1] == [(0, "1,5", "2"), (1, "2,5", "3")]
    assert rows_of(path, Declared(separator=","))[1] == [(0, "1", "5;2"), (1, "2", "5;3")]


def test_quotes_may_mean_nothing(tmp_path: Path) -> None:
    """Inches in a tab-separated list, once it is said."""
    path = written(tmp_path, b'size\tn\n5" pipe\t1\n"open\t2\n')
    rows = rows_of(path, Declared(separator="\t", quote=""))[1]
    assert rows == [(0, '5" pipe', "1"), (1, '"open', "2")]


def test_a_header_below_a_title_and_a_total_are_found(tmp_path: Path) -> None:
    """The reading says which lines are data; the rows are numbered from the header."""
    layout, rows = rows_of(written(tmp_path, TITLED.encode()))
    assert layout.reading == Reading(header_row=3, last_row=5)
    assert rows == [(0, "한국", "2024", "15"), (1, "호주", "2023", "2")]
    layout, rows = rows_of(written(tmp_path, TITLED.encode("cp949"), "korean.csv"))
    assert layout.reading == Reading(encoding="cp949", header_row=3, last_row=5)
    assert len(rows) == 2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Title\na,b,c\nx,y,z\n", "file.header-unclear"),  # nothing below tells names from values
        ("comment\nhello, world\nyes, no\n", "file.header-unclear"),
        ("Title\n\n1,2,3\n4,5,6\n", "file.header-unclear"),
        (TITLED.replace("17", "18"), "file.footer-unclear"),
        (TITLED.replace(",,17", ",x,17"), "file.footer-unclear"),
        ("name,n\na,1\nTotal,\n", "file.footer-unclear"),
    ],
)
def test_a_title_or_total_that_is_not_proven_is_a_question(text: str, code: str, tmp_path: Path) -> None:
    """A total that does not sum up may be a country called Total."""
    assert refusal(written(tmp_path, text.encode())).code == code


def test_the_question_of_rows_is_settled_by_options(tmp_path: Path) -> None:
    """Header, first and last row as the sender counts them."""
    text = "Title\nname,kind,unit\nx,y,z\nu,v,w\nTotal,2,\n"
    path = written(tmp_path, text.encode())
    assert refusal(path).facts["row"] == 2
    layout, rows = rows_of(path, Declared(header_row=2, first_row=4, last_row=4))
    assert layout.columns == ("name", "kind", "unit")
    assert rows == [(0, "u", "v", "w")]


@pytest.mark.parametrize(
    "text",
    [
        "name,n\nTotal Access Ltd,3\nOther,4\n",
        "name,n\nTotal,7\n",  # the only row
        "name,n\na,1\nb,2\nnote to self,4\n",
        "name\nTotal\nSum\n",
        "a,,c\n1,2,3\n",
    ],
)
def test_what_only_looks_like_a_title_or_total_is_data(text: str, tmp_path: Path) -> None:
    """Nothing is left out that is not proven to be no row."""
    layout = client.look(written(tmp_path, text.encode()))
    assert layout.reading is not None
    assert (layout.reading.header_row, layout.reading.last_row) == (1, None)


def test_row_faults_of_a_converted_file_keep_their_numbers(tmp_path: Path) -> None:
    """A row that is too wide is found in the file as sent, whatever stood above the header."""
    text = "제목\n\n이름,수\n" + "가,1\n" * 5 + "나,1,2\n"
    path = written(tmp_path, text.encode("cp949"))
    reading = Reading(encoding="cp949", header_row=3)
    source = Source(path=str(path), format="csv", name="x", reading=reading)
    opened = polars_read.open_source(source)
    with pytest.raises(pl.exceptions.PolarsError) as caught:
        opened.rows.collect()
    error = polars_read.refuse(source, caught.value)
    assert (error.code, error.facts["row"]) == ("file.row-too-wide", 5)
    del opened
    assert not left_over(tmp_path)


@pytest.mark.parametrize(
    ("data", "reading", "code"),
    [
        ("a,b\n1,\0\n".encode("utf-16-le"), Reading(encoding="utf-16-le"), "file.nul"),
        (("a,b\n1," + "x" * 1_200_000 + "\n").encode("utf-16-le"), Reading(encoding="utf-16-le"), "file.line-too-long"),
        (b"a,b\n1,2\n", Reading(header_row=9), "file.empty"),
        (b"a,b\n1,2\n", Reading(header_row=2), "file.header-only"),
        (b"a,b\n1,2\n", Reading(last_row=1), "file.header-only"),
        (b"a,b\n1,2\n", Reading(compression="gzip"), "file.packed-broken"),
        (b"a,b\n1,2\n", Reading(compression="zstd"), "file.packed-broken"),
        (b"a,b\n1,2\n", Reading(compression="zip"), "file.packed-broken"),
        (b"a,b\n1,2\n", Reading(format="json"), "file.json-broken"),
        (b"a,b\n1,2\n", Reading(format="jsonl"), "file.jsonl-broken"),
        (b"a,b\n1,2\n", Reading(format="stix"), "file.json-broken"),
        (b"a,b\n1,2\n", Reading(format="xlsx", sheet="x"), "file.excel-broken"),
        (b"a,b\n1,2\n", Reading(format="arrow"), "file.arrow-broken"),
        (b"a,b\n1,2\n", Reading(format="parquet"), "file.parquet-broken"),
    ],
)
def test_a_reading_that_the_bytes_do_not_bear_out_is_refused(
    data: bytes, reading: Reading, code: str, tmp_path: Path
) -> None:
    """The dam believes a signed reading as far as the bytes go, and leaves nothing behind."""
    assert at_the_dam(written(tmp_path, data), reading).code == code
    assert not left_over(tmp_path)


@pytest.mark.parametrize("field", ["separator", "quote", "newline", "encoding", "compression", "sheet", "header_row"])
@pytest.mark.parametrize("value", [["x"], {}, 1.5, True, -1, "\n\n", None, 10**30])
def test_no_reading_comes_in_that_can_mean_nothing(field: str, value: object) -> None:
    """Whatever a manifest says, it is a reading or a refusal."""
    if value is None and field in {"compression", "sheet"}:
        assert opening.reading_from_json("csv", {field: value}) == Reading()
    elif field != "sheet" or not isinstance(value, str):
        with pytest.raises(Invalid, match="file.reading-odd"):
            opening.reading_from_json("csv", {field: value})


def test_readings_survive_their_json() -> None:
    """What is not plain is said, and comes back."""
    for reading in (Reading(), Reading(format="xlsx", sheet="2024", header_row=3, first_row=5, last_row=9)):
        told = json.loads(json.dumps(opening.reading_to_json(reading)))
        assert opening.reading_from_json(reading.format, told) == reading
    assert opening.reading_to_json(Reading()) == {}


# --- packed -----------------------------------------------------------------------------------------------------------


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return made.getvalue()


PACKERS: Mapping[str, Any] = {
    "gzip": gzip.compress,
    "zstd": zstd.compress,
    "zip": lambda data: zipped(("../../etc/passwd", data)),
}


@pytest.mark.parametrize("compression", PACKERS)
def test_what_is_packed_is_read_as_what_is_inside(compression: str, tmp_path: Path) -> None:
    """Encoding, title and total are found inside; a member's name is never used."""
    layout, rows = rows_of(written(tmp_path, PACKERS[compression](TITLED.encode("cp949"))))
    assert layout.reading == Reading(compression=compression, encoding="cp949", header_row=3, last_row=5)
    assert rows == [(0, "한국", "2024", "15"), (1, "호주", "2023", "2")]
    assert not left_over(tmp_path)


@pytest.mark.parametrize("compression", PACKERS)
def test_a_cut_or_broken_pack_is_refused(compression: str, tmp_path: Path) -> None:
    """At any length: never a shorter table."""
    whole = PACKERS[compression]("".join(f"a{n},{n * 7919 % 1000}\n" for n in range(5000)).encode())
    reading = Reading(compression=compression)
    for cut in (5, 30, len(whole) // 2, len(whole) - 9, len(whole) - 1):
        path = written(tmp_path, whole[:cut])
        assert at_the_dam(path, reading).code == "file.packed-broken", cut
        assert refusal(path).code == "file.packed-broken", cut
    middle = len(whole) // 2
    path = written(tmp_path, whole[:middle] + bytes(40) + whole[middle + 40 :])
    assert at_the_dam(path, reading).code == "file.packed-broken"


@pytest.mark.parametrize("compression", PACKERS)
def test_a_bomb_is_refused_before_it_fills_anything(
    compression: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what has come out, not by what the file claims; memory stays flat."""
    bomb = PACKERS[compression](b"a,b\n" + b"0,0\n" * 5_000_000)
    monkeypatch.setattr(packing, "FREE", 1_000_000)
    path = written(tmp_path, bomb)
    tracemalloc.start()
    for error in (refusal(path), at_the_dam(path, Reading(compression=compression))):
        assert error.code == "file.bomb"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * 1024 * 1024
    assert not left_over(tmp_path)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (zipped(("a.csv", b"a\n1\n"), ("b.csv", b"a\n1\n")), "file.zip-members"),
        (zipped(), "file.zip-members"),
        (gzip.compress(gzip.compress(b"a,b\n1,2\n")), "file.compressed"),
        (b"BZh91AY&SY", "file.compressed"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "file.compressed"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "file.excel-old"),
    ],
    ids=["two members", "no member", "packed twice", "bzip2", "7z", "old Excel"],  # packed bytes tell the time of day
)
def test_other_packs_are_told(data: bytes, code: str, tmp_path: Path) -> None:
    """Several members, none, packed twice, of another kind."""
    assert refusal(written(tmp_path, data)).code == code


def test_a_machine_without_zstd_names_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The light client comes without it; every other pack, a broken one too, is read and judged as ever."""
    packed = written(tmp_path, zstd.compress(KOREAN.encode()))
    broken = written(tmp_path, gzip.compress(KOREAN.encode())[:-4], "broken.gz")
    monkeypatch.setitem(sys.modules, "compression", None)
    monkeypatch.setitem(sys.modules, "backports", None)
    with pytest.raises(Unavailable) as caught:
        client.look(packed)
    assert (caught.value.code, caught.value.facts["extra"]) == ("client.library-missing", "files")
    assert refusal(broken).code == "file.packed-broken"


def test_a_locked_archive_is_told(tmp_path: Path) -> None:
    """The flag is enough: no password is ever asked for."""
    data = bytearray(zipped(("a.csv", b"a\n1\n")))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert refusal(written(tmp_path, bytes(data))).code == "file.locked"


def test_what_a_mac_adds_is_not_counted(tmp_path: Path) -> None:
    """Its archiver puts a shadow beside each member."""
    path = written(tmp_path, zipped(("a.csv", b"a,b\n1,2\n"), ("__MACOSX/._a.csv", b"x")))
    assert rows_of(path)[1] == [(0, "1", "2")]


# --- JSON -------------------------------------------------------------------------------------------------------------


def test_numbers_keep_the_text_that_they_were_written_in(tmp_path: Path) -> None:
    """No double in between: digits, trailing zeros, exponents."""
    text = '[{"n": 0.10, "m": 12345678901234567890.0123456789}, {"n": 1E-7, "b": true, "x": null}]'
    layout, rows = rows_of(written(tmp_path, text.encode()))
    assert layout.columns == ("n", "m", "b", "x")
    assert rows == [(0, "0.10", "12345678901234567890.0123456789", None, None), (1, "1E-7", None, "true", None)]


def test_lines_and_arrays_say_the_same(tmp_path: Path) -> None:
    """Whatever wrote them: pandas, Polars, json."""
    frame = pl.DataFrame({"name": ["가", 'q"\\,', None], "n": [1, 2, 3]})
    frame.write_ndjson(tmp_path / "polars.jsonl")
    frame.write_json(tmp_path / "polars.json")
    pd.DataFrame(frame.to_dict(as_series=False)).to_json(tmp_path / "pandas.json", orient="records", indent=1)
    (tmp_path / "ours.json").write_text(json.dumps(frame.to_dicts()), encoding="utf-16")
    for name in ("polars.jsonl", "polars.json", "pandas.json", "ours.json"):
        layout, rows = rows_of(tmp_path / name)
        assert layout.columns == ("name", "n"), name
        assert rows == [(0, "가", "1"), (1, 'q"\\,', "2"), (2, None, "3")], name


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[{"a": {"b": 1}}]', "file.json-nested"),
        ('[{"a": [1]}]', "file.json-nested"),
        ('[{"a": 1}, 2]', "file.json-shape"),
        ("[[1, 2]]", "file.json-shape"),
        ('[{"a": 1}', "file.json-broken"),
        ('[{"a": 1},]', "file.json-broken"),
        ('[{"a": 1}] x', "file.json-broken"),
        ('[{"a": NaN}]', "file.json-broken"),
        ('[{"a": 1, "a": 2}]', "file.json-broken"),
        ('[{"a": "\\ud800"}]', "file.json-letter"),
        ('[{"a": "\\u0000"}]', "file.json-letter"),
        ("[" * 5_000, "file.json-broken"),
        ('[{"a":' * 50_000, "file.json-broken"),
        ('[{"a": "' + "x" * 2_200_000 + '"}]', "file.json-too-large"),
        ('{"a": 1}\n{"a": 2', "file.jsonl-broken"),
        ('{"a": 1}\n[1]\n', "file.json-shape"),
        ('{"a":\n1}\n', "file.jsonl-broken"),
        ('{"a": 1}\n' + '{"a":' * 50_000, "file.jsonl-broken"),
        ('{"a": 1}\n{"a": "' + "x" * 2_200_000 + '"}', "file.json-too-large"),
        ("[" + ",".join('{"c%d": 1}' % n for n in range(1_001)) + "]", "file.too-many-columns"),  # noqa: UP031  (braces are JSON's)
    ],
)
def test_json_that_is_no_table_is_refused(text: str, code: str, tmp_path: Path) -> None:
    """Nested, broken, endless or ambiguous; at once, however deep."""
    path = written(tmp_path, text.encode())
    kind = "json" if text.startswith("[") else "jsonl"
    assert at_the_dam(path, Reading(format=kind)).code == code
    with suppress(Invalid):  # broken in its first line, it looks like a CSV of one odd column
        assert client.look(path).reading == Reading()
    assert not left_over(tmp_path)


@pytest.mark.parametrize("data", ["[]", "[{}]", "{}\n"])
def test_json_without_a_row_is_told(data: str, tmp_path: Path) -> None:
    """Like a CSV with a header alone."""
    path = written(tmp_path, data.encode())
    assert at_the_dam(path, Reading(format="jsonl" if data.startswith("{") else "json")).code == "file.header-only"


@pytest.mark.parametrize("name", ["_row", "", "a\nb"])
def test_names_in_json_are_held_to_what_headers_are(name: str, tmp_path: Path) -> None:
    """None of ours, none empty, none with control characters."""
    path = written(tmp_path, json.dumps([{name: 1}]).encode())
    assert at_the_dam(path, Reading(format="json")).code in {"file.header-name", "file.header-blank"}


# --- STIX -------------------------------------------------------------------------------------------------------------


def bundle(*objects: Mapping[str, Any]) -> bytes:
    """A STIX bundle of indicators and whatever else is given."""
    made = [{"type": "indicator", "spec_version": "2.1", "pattern_type": "stix", **one} for one in objects]
    return json.dumps({"type": "bundle", "id": "bundle--1", "objects": made}).encode()


GREEN = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
RED = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"


def test_a_bundle_becomes_rows_of_indicators(tmp_path: Path) -> None:
    """One a value; the strictest marking counts; objects of other kinds tell no row."""
    sha = "a" * 64
    path = written(
        tmp_path,
        bundle(
            {
                "pattern": f"[domain-name:value = 'x.example' OR file:hashes.'SHA-256' = '{sha}'] OR [url:value='http://x']",
                "valid_until": "2027-01-01T00:00:00Z",
                "confidence": 85,
                "object_marking_refs": [GREEN, RED],
                "kill_chain_phases": [
                    {"kill_chain_name": "other", "phase_name": "x"},
                    {"kill_chain_name": "lockheed-martin-cyber-kill-chain", "phase_name": "delivery"},
                ],
            },
            {"type": "identity", "name": "Somebody"},
            {"pattern": "[ipv4-addr:value = '198.51.100.0/24']", "object_marking_refs": [GREEN]},
            {"pattern": "[ipv6-addr:value = '2001:db8::1']"},
            {"pattern": r"[url:value = 'http://x/\'\\']"},
        ),
    )
    layout, rows = rows_of(path)
    assert layout.reading == Reading(format="stix")
    assert layout.columns == ("type", "value", "valid_until", "confidence", "tlp", "kill_chain")
    shared = ("2027-01-01T00:00:00Z", "85", "red", "delivery")
    assert rows == [
        (0, "domain", "x.example", *shared),
        (1, "sha256", sha, *shared),
        (2, "url", "http://x", *shared),
        (3, "cidr", "198.51.100.0/24", None, None, "green", None),
        (4, "ipv6", "2001:db8::1", None, None, None, None),
        (5, "url", r"http://x/'\ ".strip(), None, None, None, None),
    ]


@pytest.mark.parametrize(
    ("indicator", "reason"),
    [
        ({"pattern": "[url:value = 'a' AND url:value = 'b']"}, "pattern with AND"),
        ({"pattern": "[url:value = 'a'] FOLLOWEDBY [url:value = 'b']"}, "pattern with FOLLOWED"),
        ({"pattern": "[url:value = 'a'] REPEATS 5 TIMES"}, "not a simple pattern"),
        ({"pattern": "[url:value = 'a'] WITHIN 5 SECONDS"}, "not a simple pattern"),
        ({"pattern": "[process:name = 'a']"}, "other property"),
        ({"pattern": "[url:value LIKE 'a%']"}, "other comparison"),
        ({"pattern": "[url:value != 'a']"}, "other comparison"),
        ({"pattern": "[url:value = 'a' OR]"}, "not a simple pattern"),
        ({"pattern": "[url:value = 'a'"}, "not a simple pattern"),
        ({"pattern": "[url:value = 'a'] OR"}, "not a simple pattern"),
        ({"pattern": "url:value = 'a'"}, "not a simple pattern"),
        ({"pattern": "[NOT url:value = 'a']"}, "not a simple pattern"),
        ({"pattern": "rule x { condition: true }", "pattern_type": "yara"}, "not a STIX pattern"),
        ({"pattern": None}, "not a STIX pattern"),
        ({"pattern": "[url:value = 'a']", "revoked": True}, "revoked"),
        ({"pattern": "[" + " OR ".join(["url:value = 'a'"] * 1_001) + "]"}, "too many values"),
    ],
)
def test_an_indicator_that_is_not_simple_is_a_row_that_says_why(
    indicator: Mapping[str, Any], reason: str, tmp_path: Path
) -> None:
    """It is refused by its row, not with the whole bundle; the reason fits where the kind would stand."""
    rows = rows_of(written(tmp_path, bundle(indicator, {"pattern": "[url:value = 'http://ok']"})))[1]
    assert [row[1] for row in rows] == [
        reason[:20] if reason != "pattern with FOLLOWED" else "pattern with FOLLOWED",
        "url",
    ]
    assert str(rows[0][2])[:5] in str(indicator["pattern"])


def test_where_the_objects_stand_is_no_matter(tmp_path: Path) -> None:
    """First, last, indented, as an envelope of TAXII; what is cut off is broken."""
    held = [{"type": "indicator", "pattern": "[url:value = 'http://x']", "pattern_type": "stix"}]
    for whole in (
        {"objects": held, "type": "bundle", "id": "bundle--1"},
        {"type": "bundle", "objects": held, "more": {"a": [1]}},
        {"more": False, "objects": held},
    ):
        text = json.dumps(whole, indent=2)
        assert [row[1] for row in rows_of(written(tmp_path, text.encode()))[1]] == ["url"]
        assert at_the_dam(written(tmp_path, text.encode()[:-3]), Reading(format="stix")).code == "file.json-broken"
    assert at_the_dam(written(tmp_path, b"{}"), Reading(format="stix")).code == "file.header-only"
    assert at_the_dam(written(tmp_path, text.encode() + b"x"), Reading(format="stix")).code == "file.json-broken"


# --- Excel ------------------------------------------------------------------------------------------------------------


def book(path: Path, **sheets: Sequence[Sequence[Any]]) -> Path:
    """A workbook as openpyxl writes it."""
    made = openpyxl.Workbook()
    made.remove(made.active)  # type: ignore[arg-type]  # a new one has a sheet
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    made.save(path)
    return path


def test_a_sheet_is_read_as_it_is_shown(tmp_path: Path) -> None:
    """Title, header, numbers, dates, times, truth; a proven total is left out; rows as Excel counts."""
    rows: list[list[Any]] = [
        ["World production", None, None],
        [],
        ["country", "when", "kt"],
        ["Korea", date(2024, 3, 5), 0.1],
        [],
        ["Japan", datetime(2024, 3, 5, 12, 30), 1e-7],  # noqa: DTZ001  (Excel has no zones)
        ["Chile", True, 12345678],
        ["Total", None, Decimal("12345678.1000001")],
        ["Source: USGS"],
    ]
    path = book(tmp_path / "b.xlsx", only=rows)
    layout, read = rows_of(path)
    assert layout.reading == Reading(format="xlsx", sheet="only", header_row=3, last_row=7)
    assert read == [
        (0, "Korea", "2024-03-05", "0.1"),
        (2, "Japan", "2024-03-05T12:30:00", "0.0000001"),
        (3, "Chile", "true", "12345678"),
    ]


def test_pandas_writes_workbooks_that_are_read(tmp_path: Path) -> None:
    """And one that is packed in a zip is unpacked first."""
    frame = pd.DataFrame({"name": ["가", "나"], "n": [1.5, 2.0], "at": [time(9), time(10, 30)]})
    frame.to_excel(tmp_path / "p.xlsx", index=False)
    expected = [(0, "가", "1.5", "09:00:00"), (1, "나", "2", "10:30:00")]
    assert rows_of(tmp_path / "p.xlsx")[1] == expected
    packed = written(tmp_path, zipped(("p.xlsx", (tmp_path / "p.xlsx").read_bytes())))
    layout, rows = rows_of(packed)
    assert layout.reading == Reading(format="xlsx", compression="zip", sheet="Sheet1")
    assert rows == expected
    assert not left_over(tmp_path)


def test_a_machine_without_a_reader_of_workbooks_names_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The light client comes without one."""
    path = book(tmp_path / "book.xlsx", data=[["country", "year"], ["KR", 2024]])
    monkeypatch.setitem(sys.modules, "openpyxl.reader.excel", None)
    with pytest.raises(Unavailable) as caught:
        client.look(path)
    assert (caught.value.code, caught.value.facts["library"]) == ("client.library-missing", "openpyxl")


def test_several_sheets_are_a_question(tmp_path: Path) -> None:
    """Of those that hold anything and are shown; a name that is not there is told with those that are."""
    path = book(tmp_path / "b.xlsx", a=[["x", "n"], ["p", 1]], b=[["y", "n"], ["q", 2]], empty=[])
    error = refusal(path)
    assert (error.code, error.facts["sheets"]) == ("file.sheet-unclear", "a, b")
    assert rows_of(path, Declared(sheet="b"))[1] == [(0, "q", "2")]
    assert refusal(path, Declared(sheet="c")).code == "file.sheet-unknown"
    made = openpyxl.load_workbook(path)
    made["a"].sheet_state = "hidden"
    made.save(path)
    assert rows_of(path)[0].reading == Reading(format="xlsx", sheet="b")
    assert refusal(book(tmp_path / "none.xlsx", a=[])).code == "file.empty"


def test_no_formula_macro_or_link_is_run(tmp_path: Path) -> None:
    """A formula that no program has computed yet is a missing value; text that begins as one stays text."""
    path = book(tmp_path / "b.xlsx", a=[["t", "n"], ["x", "=1+1"], ["'=cmd|' /C calc'!A0", 2]])
    assert rows_of(path)[1] == [(0, "x", None), (1, "'=cmd|' /C calc'!A0", "2")]


def tampered(path: Path, change: Mapping[str, Any]) -> Path:
    """A workbook with parts of it replaced."""
    with zipfile.ZipFile(path) as archive:
        parts = {one: archive.read(one) for one in archive.namelist()}
    parts |= {name: made(parts.get(name, b"")) for name, made in change.items()}
    path.write_bytes(zipped(*parts.items()))
    return path


SHEET = "xl/worksheets/sheet1.xml"
ENTITIES = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({SHEET: lambda old: ENTITIES + old}, "file.excel-broken"),
        ({SHEET: lambda old: old[: len(old) // 2]}, "file.excel-broken"),
        ({SHEET: lambda old: old.replace(b'r="A1"', b'r="ZZZZZZ1"')}, "file.excel-broken"),
        ({SHEET: lambda old: old.replace(b'<row r="2"', b'<row r="99999999"')}, "file.too-many-rows"),
        ({"xl/workbook.xml": lambda _: b"<x"}, "file.excel-broken"),
        ({"xl/styles.xml": lambda _: b"\0"}, "file.excel-broken"),
        ({"xl/media/x.bin": lambda _: bytes(200_000_000)}, "file.bomb"),
    ],
)
def test_a_hostile_workbook_is_refused(change: Mapping[str, Any], code: str, tmp_path: Path) -> None:
    """Entities, broken parts, cells at the end of the world, bombs: before they cost anything."""
    path = tampered(book(tmp_path / "b.xlsx", a=[["t", "n"], ["x", 1]]), change)
    for error in (refusal(path), at_the_dam(path, Reading(format="xlsx", sheet="a"))):
        assert error.code == code


MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATIONS = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
FONT = b"<xf/>" * 300_000


def with_strings(data: bytes) -> dict[str, Any]:
    """A workbook that has these shared strings."""
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    told = b'<Override PartName="/xl/sharedStrings.xml" ContentType="' + kind + b'"/></Types>'
    return {
        "xl/sharedStrings.xml": lambda _: b"<sst " + MAIN + b">" + data + b"</sst>",
        "[Content_Types].xml": lambda old: old.replace(b"</Types>", told),
    }


def in_sheet(data: bytes) -> dict[str, Any]:
    """A sheet that has this below its rows."""
    return {SHEET: lambda old: old.replace(b"</sheetData>", data + b"</sheetData>")}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (in_sheet(b'<row><c r="XFD3"/></row>' * 1_000), "file.too-many-cells"),
        (in_sheet(b"<row>" + b"<c/>" * 20_000 + b"</row>"), "file.excel-broken"),
        (in_sheet(b"<row>" + b"<c><v/><v/></c>" * 100_000 + b"</row>"), "file.excel-broken"),
        (in_sheet(b"<row><c>" + b"<v/>" * 300_000 + b"</c></row>"), "file.too-many-cells"),
        (in_sheet(b'<row r="1"/>' * 1_100_000), "file.too-many-rows"),
        (in_sheet(b"<x/>" * 300_000), "file.too-many-cells"),
        (in_sheet(b'<row xmlns="else"/>' * 300_000), "file.too-many-cells"),
        (in_sheet(b" " * 65 * 1024**2), "file.bomb"),
        (in_sheet(b"<!--" + b" " * 2_000 + b"--><row>"), "file.excel-broken"),
        ({SHEET: lambda old: old.replace(b"<worksheet", b"<!--" + b" " * 2_000 + b"--><!DOCTYPE x><worksheet")}, None),
        ({"xl/styles.xml": lambda _: b"<styleSheet " + MAIN + b"><cellXfs>" + FONT + b"</cellXfs></styleSheet>"}, "x"),
        (with_strings(b"<si/>" * 1_500_000), "x"),
        (
            {
                "xl/workbook.xml": lambda old: old.replace(
                    b"</sheets>",
                    b"".join(b'<sheet name="s%d" sheetId="%d" r:id="rId1"/>' % (n, n) for n in range(2, 9))
                    + b"</sheets>",
                ).replace(b"<workbook ", b'<workbook xmlns:r="' + RELATIONS + b'" ')
            },
            "file.excel-broken",
        ),
    ],
)
def test_a_small_workbook_that_costs_much_is_refused(
    change: Mapping[str, Any], code: str | None, tmp_path: Path
) -> None:
    """Empty cells far to the right, what is never let go of, one sheet under many names: told before it is parsed."""
    path = tampered(book(tmp_path / "b.xlsx", a=[["t", "n"], ["x", 1]]), change)
    wanted = {None: "file.excel-broken", "x": "file.too-many-cells"}.get(code, code)
    tracemalloc.start()
    try:
        error = at_the_dam(path, Reading(format="xlsx", sheet="a"))
        assert (error.code, tracemalloc.get_traced_memory()[1] < 64 * 1024**2) == (wanted, True)
    finally:
        tracemalloc.stop()
    assert refusal(path).code == wanted
    assert not left_over(tmp_path)


def test_empty_cells_far_to_the_right_are_no_columns(tmp_path: Path) -> None:
    """Programs that format a whole row leave such cells behind."""
    path = tampered(
        book(tmp_path / "b.xlsx", a=[["t", "n"], ["x", 1]]), in_sheet(b'<row r="3"><c r="A3"/><c r="AMJ3"/></row>')
    )
    assert rows_of(path)[1] == [(0, "x", "1")]


def test_a_long_text_in_every_cell_is_counted_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workbook keeps it once."""
    rows = b'<row><c t="s"><v>0</v></c><c><v>1</v></c></row>' * 2_000
    strings = with_strings(b"<si><t>" + b"x" * 30_000 + b"</t></si>")
    path = tampered(book(tmp_path / "b.xlsx", a=[["t", "n"]]), strings | in_sheet(rows))
    assert len(rows_of(path)[1]) == 2_000
    monkeypatch.setattr(packing, "FREE", 10_000_000)  # the parts are far smaller, the letters are 60 million
    assert at_the_dam(path, Reading(format="xlsx", sheet="a")).code == "file.bomb"


@pytest.mark.parametrize("kind", ["jsonl", "json", "xlsx"])
def test_cells_that_are_left_out_are_counted(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short row has as many cells as the widest; the limit follows the size of what was sent."""
    names = [f"c{n}" for n in range(100)]
    objects = [json.dumps(dict.fromkeys(names, "")), *['{"c0":1}'] * 1_000]
    reading = Reading(format=kind)
    if kind == "xlsx":
        path = book(tmp_path / "b.xlsx", a=[names, *[["x"]] * 1_000])
        reading = Reading(format=kind, sheet="a")
    else:
        text = "\n".join(objects) if kind == "jsonl" else f"[{','.join(objects)}]"
        path = written(tmp_path, text.encode())
    source = Source(path=str(path), format=kind, name="x", reading=reading)
    assert polars_read.open_source(source).count in {1_000, 1_001}
    monkeypatch.setattr(packing, "FREE_CELLS", 50_000)
    assert polars_read.open_source(source).count in {1_000, 1_001}
    monkeypatch.setattr(packing, "CELLS_PER_BYTE", 0)
    assert at_the_dam(path, reading).code == "file.too-many-cells"
    monkeypatch.setattr(packing, "FREE_CELLS", 900)  # and rows of which nothing else is known yet
    assert at_the_dam(path, reading).code == "file.too-many-cells"


def test_a_dimension_that_lies_is_not_believed(tmp_path: Path) -> None:
    """Rows beyond what a sheet says of itself are read."""
    path = book(tmp_path / "b.xlsx", a=[["t", "n"], ["x", 1], ["y", 2]])
    tampered(path, {SHEET: lambda old: old.replace(b'ref="A1:B3"', b'ref="A1:A1"')})
    assert rows_of(path)[1] == [(0, "x", "1"), (1, "y", "2")]


def test_a_row_wider_than_the_header_is_told(tmp_path: Path) -> None:
    """By its number below the header."""
    path = book(tmp_path / "b.xlsx", a=[["t", "n"], ["x", 1], ["y", 2, 3], ["z", 1]])
    error = at_the_dam(path, Reading(format="xlsx", sheet="a"))
    assert (error.code, error.facts["row"]) == ("file.row-too-wide", 1)
    assert at_the_dam(path, Reading(format="xlsx", sheet="a", header_row=9)).code == "file.header-malformed"


def test_a_cell_beyond_excels_own_limit_is_no_excel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other writers make them; they would not open."""
    monkeypatch.setattr(workbook, "MAX_CELL", 5)
    assert refusal(book(tmp_path / "b.xlsx", a=[["t", "n"], ["123456", 1]])).code == "file.excel-broken"


# --- Arrow and Parquet ------------------------------------------------------------------------------------------------

TABLE = pl.DataFrame({"name": ["가", "나", None], "n": [1, 2, 3], "at": [datetime(2024, 1, 2, tzinfo=UTC)] * 3})


def arrow_writers(folder: Path) -> Iterator[Path]:
    """The same table, by every writer at hand."""
    TABLE.write_ipc(folder / "polars.arrow")
    TABLE.write_ipc(folder / "packed.arrow", compression="zstd")
    TABLE.write_ipc_stream(folder / "polars.stream")
    feather.write_feather(TABLE.to_arrow(), str(folder / "lz4.feather"), compression="lz4")
    with (
        pa.OSFile(str(folder / "pyarrow.stream"), "wb") as sink,
        pa.ipc.new_stream(sink, TABLE.to_arrow().schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer,
    ):
        writer.write_table(TABLE.to_arrow(), max_chunksize=1)
    TABLE.with_columns(pl.col("name").cast(pl.Categorical)).write_ipc(folder / "categories.arrow", compression="lz4")
    yield from sorted(folder.iterdir())


def test_arrow_of_every_writer_is_read(tmp_path: Path) -> None:
    """Files and streams, packed or not, with dictionaries; values become the text of a careful CSV."""
    seen = 0
    for path in arrow_writers(tmp_path):
        layout, rows = rows_of(path)
        assert layout.reading == Reading(format="arrow"), path
        assert [row[:3] for row in rows] == [(0, "가", "1"), (1, "나", "2"), (2, None, "3")], path
        assert str(rows[0][3]).startswith("2024-01-02T00:00:00"), path
        seen += 1
    assert seen == 6
    assert not left_over(tmp_path)


@pytest.mark.parametrize("kind", ["arrow", "parquet"])
def test_packed_tables_are_unpacked_first(kind: str, tmp_path: Path) -> None:
    """A zipped Parquet file is still one."""
    made = io.BytesIO()
    TABLE.write_ipc(made) if kind == "arrow" else TABLE.write_parquet(made)
    layout, rows = rows_of(written(tmp_path, gzip.compress(made.getvalue())))
    assert layout.reading == Reading(format=kind, compression="gzip")
    assert len(rows) == 3
    assert not left_over(tmp_path)


def test_cut_and_lying_arrow_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At every length; and a batch that says that it unpacks to more than may is not unpacked."""
    path = tmp_path / "x.arrow"
    frame = pl.DataFrame({"a": ["x" * 100] * 10_000})
    frame.write_ipc(path, compression="zstd")
    whole = path.read_bytes()
    for cut in range(8, len(whole) - 8, max(1, len(whole) // 40)):
        path.write_bytes(whole[:cut])
        assert at_the_dam(path, Reading(format="arrow")).code == "file.arrow-broken", cut
    path.write_bytes(whole)
    monkeypatch.setattr(read_arrow, "MAX_BATCH", 100_000)
    assert at_the_dam(path, Reading(format="arrow")).code == "file.bomb-groups"
    assert not left_over(tmp_path)


def test_rows_that_cost_an_arrow_file_nothing_are_counted(tmp_path: Path) -> None:
    """A column of nothing has no bytes: a few hundred of them may claim any number of rows; none is written."""
    for columns, claimed in ((1, 2**50), (1, 200_000_000), (100, 12_345_678)):
        batch = pa.record_batch([pa.nulls(12_345_678)] * columns, names=[f"c{n}" for n in range(columns)])
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        said, wanted = (struct.pack("<q", count) for count in (12_345_678, claimed))
        path = written(tmp_path, sink.getvalue().to_pybytes().replace(said, wanted))
        error = at_the_dam(path, Reading(format="arrow"))
        assert (error.code, error.facts["count"]) == ("file.too-many-rows", claimed)
    assert not left_over(tmp_path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_no_byte_of_an_arrow_file_breaks_more_than_the_file(tmp_path: Path, at: int, byte: int) -> None:
    """Any one byte changed: rows, or a refusal of ours."""
    path = tmp_path / "x.arrow"
    TABLE.write_ipc(path, compression="lz4")
    data = bytearray(path.read_bytes())
    data[at % len(data)] = byte
    path.write_bytes(bytes(data))
    try:
        opened = polars_read.open_source(Source(path=str(path), format="arrow", name="x"))
        opened.rows.collect()
    except (Invalid, *polars_read.UNREADABLE):
        return


# --- law --------------------------------------------------------------------------------------------------------------

WORDS = {
    "utf-8": st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8),
    "utf-16-le": st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8),
    "cp949": st.text(st.sampled_from("가나다라마바사아자차한국대전 abc,;|'\"\n12.5-"), max_size=8),
    "cp932": st.text(st.sampled_from("あいうえお日本東京アイウ abc,;|'\"\n12.5-"), max_size=8),
    "cp1252": st.text(st.sampled_from("éüßàñÖ€ abcdefgh,;|'\"\n12.5-"), max_size=8),
}


@st.composite
def sent_tables(draw: st.DrawFn) -> tuple[list[list[str]], bytes, str]:
    """A table, and the bytes that somebody's program writes of it."""
    encoding = draw(st.sampled_from(sorted(WORDS)))
    width = draw(st.integers(1, 5))
    header = [f"{draw(st.sampled_from(['name', 'Menge', 'n']))}{at}" for at in range(width)]
    mark = draw(st.sampled_from(['"', "'"]))
    words = WORDS[encoding]
    if width == 1:  # of one column with separators in it there is another table
        words = words.filter(lambda text: not set(text) & set(",;|\t"))
    if mark == "'":  # where both marks stand, the usual one quotes
        words = words.filter(lambda text: '"' not in text)
    row = st.lists(words, min_size=width, max_size=width)
    rows = [header, *draw(st.lists(row, min_size=1, max_size=8))]
    made = io.StringIO()
    writer = csv.writer(
        made,
        delimiter=draw(st.sampled_from([",", ";", "\t", "|"])),
        quotechar=mark,
        quoting=draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])),
        lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
    )
    writer.writerows(rows)
    data = made.getvalue().encode(encoding)
    if encoding == "utf-16-le":
        data = codecs.BOM_UTF16_LE + data
    pack = draw(st.sampled_from([None, *PACKERS]))
    return rows, PACKERS[pack](data) if pack else data, encoding


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=sent_tables())
def test_a_table_is_read_back_exactly_or_refused(tmp_path: Path, sent: tuple[list[list[str]], bytes, str]) -> None:
    """Whatever dialect, encoding and packing: never other letters, other cells or other rows.

    Left out, because their bytes are two tables: separators in the only column, the usual mark beside a single one.
    """
    rows, data, _ = sent
    path = written(tmp_path, data)
    try:
        layout, read = rows_of(path)
    except (Invalid, pl.exceptions.PolarsError):  # the engine tells the latter's row
        return
    if len(layout.columns) == 1 and len(rows[0]) > 1:
        return  # a file of one column of text, too
    assert list(layout.columns) == rows[0]
    assert layout.reading is not None
    below = [tuple(cell or None for cell in row) for row in rows[1:]]
    kept = [cells for _, *cells in read]
    assert [tuple(row) for row in kept if any(row)] == [row for row in below if any(row)]


# --- what lies beside -------------------------------------------------------------------------------------------------


def test_a_file_beside_goes_with_its_last_holder(tmp_path: Path) -> None:
    """While rows may still be read it stays; a folder that may not be written to is no hindrance."""
    path = written(tmp_path, KOREAN.encode("cp949"))
    opened = polars_read.open_source(client.source(path))
    assert len(left_over(tmp_path)) == 1
    assert (tmp_path / left_over(tmp_path)[0]).stat().st_mode & 0o777 == 0o600
    assert opened.head.collect().height == 2
    del opened
    assert not left_over(tmp_path)


def test_a_folder_that_may_not_be_written_to_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own folder for such files takes its place; a full disk is told as one."""
    real = os.open

    def closed(path: str, *more: int) -> int:
        if str(tmp_path) in str(path):
            raise PermissionError(13, "no")
        return int(real(path, *more))

    monkeypatch.setattr(os, "open", closed)
    with read_beside.filling(tmp_path / "x") as made:
        assert made.path.parent != tmp_path
        assert made.path.exists()
    made.remove()
    assert not made.path.exists()


@pytest.mark.parametrize(("number", "code"), [(28, "spool.disk-full"), (5, "spool.broken")])
def test_a_disk_that_fails_is_told_and_nothing_stays(number: int, code: str, tmp_path: Path) -> None:
    """As the spool tells it."""
    with pytest.raises(Unavailable, match=code), read_beside.filling(tmp_path / "x"):
        raise OSError(number, "broken")
    assert not left_over(tmp_path)


def test_many_rows_are_converted_in_little_memory(tmp_path: Path) -> None:
    """A hundred thousand objects go through a few thousand at a time."""
    path = tmp_path / "big.jsonl"
    with path.open("w") as file:
        file.writelines(f'{{"a": {n}, "b": "{"x" * 90}"}}\n' for n in range(100_000))
    assert path.stat().st_size > 10_000_000
    reading = Reading(format="jsonl")
    polars_read.open_source(Source(path=str(path), format="jsonl", name="x", reading=reading))  # imports
    tracemalloc.start()
    opened = polars_read.open_source(Source(path=str(path), format="jsonl", name="x", reading=reading))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert opened.count == 100_000
    assert peak < 24 * 1024 * 1024
