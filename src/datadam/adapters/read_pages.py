"""What the pages of a Parquet file say that they unpack to: a footer may claim less than lies before it.

A reader unpacks page by page to the size that the page's own header claims, and holds a row group's pages at once. So
these claims are added up, header by header (Apache Parquet, parquet.thrift; the compact protocol of Apache Thrift);
nothing is unpacked for that.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from datadam.errors import Invalid

MAX_PAGES: Final = 500_000  # an honest page has some thousand values, so that these are billions
MAX_HEADER: Final = 1024 * 1024  # bytes: of a page's header, which may hold its smallest and its largest value
_HEAD: Final = 256  # bytes of it that are read first; nearly all are shorter
_DEPTH: Final = 8  # of structs within structs; a page's header has three
_UNPACKED, _PACKED = 2, 3  # fields of PageHeader: bytes
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 12  # types; 4 to 6 are integers
_LONG: Final = 15  # a list of so many or more says its length apart


def claims(path: Path, metadata: Any, name: str) -> Iterator[int]:  # noqa: ANN401  (pyarrow has no types)
    """How many bytes each row group's pages come to, as they say; what is no chain of pages is `Invalid`."""
    pages = 0
    with path.open("rb") as file:
        for at in range(metadata.num_row_groups):
            group, claimed = metadata.row_group(at), 0
            for place in range(group.num_columns):
                for size in _pages(file, group.column(place), name):
                    pages, claimed = pages + 1, claimed + size
                    if pages > MAX_PAGES:
                        raise Invalid("file.too-many-pages", name=name, limit=MAX_PAGES)
            yield claimed


def _pages(file: IO[bytes], chunk: Any, name: str) -> Iterator[int]:  # noqa: ANN401  (pyarrow has no types)
    """What each page of a column's part of a row group unpacks to."""
    start = chunk.data_page_offset
    if chunk.dictionary_page_offset:  # some write 0 for none
        start = chunk.dictionary_page_offset
        if start > chunk.data_page_offset:
            raise _broken(name)
    end = start + chunk.total_compressed_size
    while start < end:
        header, unpacked, packed = _header(file, start, name)
        if unpacked < 0 or packed < 0:
            raise _broken(name)
        yield unpacked
        start += header + packed


def _header(file: IO[bytes], start: int, name: str) -> tuple[int, int, int]:
    """The length of the page header at `start`, and what it says of its page: bytes unpacked, and packed."""
    size = _HEAD
    while True:
        if start < 0:
            raise _broken(name)
        file.seek(start)
        read = _Compact(file.read(size))
        try:
            sizes = read.integers()
            return read.at, sizes[_UNPACKED], sizes[_PACKED]
        except (IndexError, KeyError, ValueError) as error:
            if len(read.data) < size or size >= MAX_HEADER or not isinstance(error, IndexError):
                raise _broken(name) from error
        size = MAX_HEADER


def _broken(name: str) -> Invalid:
    return Invalid("file.parquet-broken", name=name, why="page header")


class _Compact:
    """A struct in Thrift's compact protocol, from the start of some bytes: it is skipped, and integers are noted."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def integers(self, depth: int = 0) -> dict[int, int]:
        """The integers of the struct that begins here, by field; IndexError where the bytes end within it."""
        if depth > _DEPTH:
            raise ValueError(depth)
        found: dict[int, int] = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._zigzag()
            kind = head & 0x0F
            if _BYTE < kind < _DOUBLE:
                found[field] = self._zigzag()
            elif kind not in {_TRUE, _FALSE}:  # a field's truth stands in its head
                self._skip(kind, depth)
        return found

    def _skip(self, kind: int, depth: int) -> None:
        if kind in {_TRUE, _FALSE, _BYTE}:
            self._byte()
        elif _BYTE < kind < _DOUBLE:
            self._varint()
        elif kind == _DOUBLE:
            self._pass(8)
        elif kind == _BINARY:
            self._pass(self._varint())
        elif kind in {_LIST, _SET}:
            head = self._byte()
            for _ in range(self._varint() if head >> 4 == _LONG else head >> 4):
                self._skip(head & 0x0F, depth + 1)
        elif kind == _STRUCT:
            self.integers(depth + 1)
        else:
            raise ValueError(kind)

    def _pass(self, size: int) -> None:
        self.at += size
        if self.at > len(self.data):
            raise IndexError(self.at)

    def _byte(self) -> int:
        byte = self.data[self.at]
        self.at += 1
        return byte

    def _varint(self) -> int:
        number = shift = 0
        while (byte := self._byte()) & 0x80:
            number |= (byte & 0x7F) << shift
            shift += 7
            if shift > 63:  # noqa: PLR2004  (the bits of a number)
                raise ValueError(shift)
        return number | byte << shift

    def _zigzag(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)
