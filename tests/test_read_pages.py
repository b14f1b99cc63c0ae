"""What a Parquet file's pages say of themselves: read without unpacking any, in every way that files are written."""

from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datadam.adapters import polars_read, read_pages
from datadam.errors import Invalid
from datadam.model import Source

ROWS = 5_000
TABLE = pa.table(
    {
        "text": [f"value {row % 700}" for row in range(ROWS)],
        "amount": pa.array([None if row % 3 == 0 else row for row in range(ROWS)], pa.int64()),
        "bit": [row % 2 == 0 for row in range(ROWS)],
        "long": ["A" * 400 + str(row) for row in range(ROWS)],
    }
)


def written(path: Path, **how: Any) -> Path:
    """The table as a file."""
    pq.write_table(TABLE, path, **how)
    return path


def claimed(path: Path) -> list[int]:
    """What the pages of each row group claim."""
    with pq.ParquetFile(path) as file:
        return list(read_pages.claims(path, file.metadata, path.name))


def refusal(path: Path) -> Invalid:
    """How it is refused where it is opened."""
    with pytest.raises(Invalid) as caught:
        polars_read.open_source(Source(path=str(path), format="parquet", name=path.name))
    return caught.value


@pytest.mark.parametrize(
    ("packed", "version", "dictionary"),
    list(product(["none", "snappy", "gzip", "zstd", "brotli", "lz4"], ["1.0", "2.0"], [True, False])),
)
def test_an_honest_files_pages_say_what_its_footer_says(
    tmp_path: Path, packed: str, version: str, dictionary: bool
) -> None:
    """But for the headers, which the footer counts too; however it is packed, with statistics and checksums or not."""
    how = {"compression": packed, "data_page_version": version, "use_dictionary": dictionary, "data_page_size": 1_000}
    for more in ({}, {"write_page_checksum": True, "write_page_index": True}, {"write_statistics": False}):
        path = written(tmp_path / "a.parquet", row_group_size=2_000, **how, **more)
        with pq.ParquetFile(path) as file:
            groups = [file.metadata.row_group(at).total_byte_size for at in range(file.metadata.num_row_groups)]
        found = claimed(path)
        assert len(found) == len(groups) == 3
        assert all(0.5 * group < size <= group for size, group in zip(found, groups, strict=True))


def test_what_polars_writes_is_read_too(tmp_path: Path) -> None:
    """Another writer, with row groups of its own."""
    path = tmp_path / "a.parquet"
    pl.from_arrow(TABLE).write_parquet(path, row_group_size=1_500)  # type: ignore[union-attr]  # a table, not a column
    assert len(claimed(path)) == 4
    assert min(claimed(path)) > 100_000


def test_a_footer_cannot_hide_what_its_pages_unpack_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages are asked; in one row group, and in all together."""
    path = written(tmp_path / "a.parquet", row_group_size=1_000)
    sizes = claimed(path)
    monkeypatch.setattr(polars_read, "MAX_UNPACKED", 0)
    for limit, kept in ((max(sizes) - 1, True), (sum(sizes) - 1, True), (sum(sizes) * 2, False)):
        monkeypatch.setattr(polars_read, "MAX_ROW_GROUP", limit)
        opened = refusal(path) if kept else None
        assert opened is None or opened.code == "file.bomb-groups"


def test_many_rows_in_one_group_are_refused_by_their_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows cost a file nothing and a reader some bytes each; smaller row groups go through."""
    monkeypatch.setattr(polars_read, "MAX_GROUP_CELLS", 2_000 * TABLE.num_columns)
    error = refusal(written(tmp_path / "a.parquet", row_group_size=2_001))
    assert (error.code, error.facts["limit"]) == ("file.group-too-long", 2_000)
    path = written(tmp_path / "a.parquet", row_group_size=2_000)
    assert polars_read.open_source(Source(path=str(path), format="parquet", name="a")).count == ROWS


def test_a_file_of_nothing_but_pages_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each costs time to look at."""
    monkeypatch.setattr(read_pages, "MAX_PAGES", 10)
    assert refusal(written(tmp_path / "a.parquet", data_page_size=100)).code == "file.too-many-pages"


def test_a_long_header_is_read_whole_and_an_endless_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Statistics hold values, which may be long; there is an end to it."""
    path = tmp_path / "a.parquet"
    table = pa.table({"a": ["A" * 3_000, "B" * 3_000]})
    pq.write_table(table, path, use_dictionary=False, data_page_version="1.0", compression="none")
    assert claimed(path)[0] > 6_000
    monkeypatch.setattr(read_pages, "_HEAD", 8)
    assert claimed(path)[0] > 6_000
    monkeypatch.setattr(read_pages, "MAX_HEADER", 8)
    with pytest.raises(Invalid, match=r"file\.parquet-broken"):
        claimed(path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
def test_no_bytes_in_place_of_a_page_do_more_than_refuse_the_file(tmp_path: Path, data: bytes) -> None:
    """Whatever they spell: structs in structs, lists without end, numbers of any length."""
    path = written(tmp_path / "a.parquet", compression="none", use_dictionary=False)
    whole = bytearray(path.read_bytes())
    whole[4 : 4 + len(data)] = data
    path.write_bytes(bytes(whole))
    try:
        assert all(size >= 0 for size in claimed(path))
    except Invalid as error:
        assert error.code == "file.parquet-broken"  # noqa: PT017  (either is right)


@pytest.mark.parametrize(
    "header",
    [
        b"\x1c" * 40,  # structs in structs
        b"\x15\x00\x15\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",  # a number of too many bits
        b"\x1d\x00",  # a type that there is not
        b"\x15\x00\x15\x03\x15\x00\x00",  # fewer than no bytes
        b"\x15\x00\x00",  # no sizes
        b"\x07\x02\x00" + b"\x18\xff\xff\x7f",  # a text beyond the end; a field that says its number
        b"\x19\xf8\xff\xff\xff\xff\x0f" + b"\x00" * 60,  # a list of four billion texts
        b"\x11\x12\x13\x05\x17"
        + b"\0" * 8
        + b"\x1a\x25\x02\x04\x00",  # truths, bytes, doubles, sets: well, but no sizes
    ],
)
def test_headers_that_are_none_are_refused(tmp_path: Path, header: bytes) -> None:
    """Each kind of nonsense by itself."""
    path = written(tmp_path / "a.parquet", compression="none", use_dictionary=False)
    whole = bytearray(path.read_bytes())
    whole[4 : 4 + len(header)] = header
    path.write_bytes(bytes(whole))
    assert refusal(path).code == "file.parquet-broken"
