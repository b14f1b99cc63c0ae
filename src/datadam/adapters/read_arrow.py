"""An Arrow IPC file or stream as Parquet beside it, batch by batch; each is judged before it is unpacked.

A batch may be packed, and says of each of its buffers how large that unpacks. pyarrow believes it, so we add the
claims up first, straight from the message's flatbuffer (Arrow columnar format, Message.fbs).
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from datadam.adapters.read_beside import Beside, filling
from datadam.errors import Invalid
from datadam.model import Room

MAX_BATCH: Final = 2 * 1024**3  # bytes, unpacked: one is held at a time
MAX_ROWS: Final = 2**31 - 1
FREE_CELLS: Final = 100_000_000  # that any file may hold: a column of nothing has rows and no bytes
CELLS_PER_BYTE: Final = 1_000  # and so many more for each byte: what says the same everywhere packs very well
GROUP_ROWS: Final = 100_000
_MAGIC: Final = b"ARROW1"  # at the start and the end of a file; a stream has none
_TAIL: Final = 10  # bytes: the footer's length and the magic
_BLOCK: Final = struct.Struct("<qi4xq")  # where a message lies: offset, length of its metadata, length of its body
_PREFIX: Final = 8  # bytes that say how large a packed buffer unpacks
_DICTIONARY, _RECORDS = 2, 3  # kinds of messages


def as_parquet(path: Path, name: str, room: Room | None = None) -> Beside:
    """Write the table as Parquet; a file that is cut off, lies or unpacks to too much is `Invalid`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with filling(path, room) as made, made.opened() as out:
        try:
            with pa.memory_map(str(path)) as file:
                _check(file, name)
                with (
                    _batches(file) as (schema, batches),
                    pq.ParquetWriter(out, _plain_schema(schema), compression="zstd") as writer,
                ):
                    limit = _rows_allowed(file.size(), len(schema))
                    count = 0
                    for batch in batches:
                        count += batch.num_rows
                        if count > limit:
                            raise Invalid("file.too-many-rows", name=name, count=count, limit=limit)
                        batch.validate(full=True)
                        for start in range(0, batch.num_rows, GROUP_ROWS):
                            writer.write_batch(_plain(batch.slice(start, GROUP_ROWS), name))
        except (pa.ArrowException, struct.error, IndexError, ValueError, OSError, OverflowError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's own fault
            why = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise Invalid("file.arrow-broken", name=name, why=why) from error
    return made


def _rows_allowed(size: int, columns: int) -> int:
    """Rows that a file of `size` bytes may hold: what it says of their number costs it nothing."""
    return min(MAX_ROWS, (FREE_CELLS + CELLS_PER_BYTE * size) // max(columns, 1))


def _plain_schema(schema: Any) -> Any:  # noqa: ANN401  (pyarrow has no types)
    """The schema without dictionaries, which not every one can be written with."""
    import pyarrow as pa

    return pa.schema([field.with_type(_decoded(field.type)) for field in schema])


def _decoded(kind: Any) -> Any:  # noqa: ANN401  (pyarrow has no types)
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.large_string() if pa.types.is_string_view(inner) else inner


def _plain(batch: Any, name: str) -> Any:  # noqa: ANN401  (pyarrow has no types)
    """A batch with its dictionaries looked up, if that does not make it too large."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = []
    for column in batch.columns:
        kind = _decoded(column.type)
        if not pa.types.is_dictionary(column.type):
            columns.append(column.cast(kind))
            continue
        words = column.dictionary.cast(kind)
        if pa.types.is_large_string(kind) or pa.types.is_string(kind):
            unpacked = pc.sum(pc.binary_length(words).take(column.indices)).as_py() or 0
            if unpacked > MAX_BATCH:
                raise Invalid("file.bomb-groups", name=name, unpacked=unpacked, limit=MAX_BATCH)
        columns.append(words.take(column.indices))
    return pa.record_batch(columns, schema=_plain_schema(batch.schema))


@contextmanager
def _batches(file: Any) -> Iterator[tuple[Any, Iterator[Any]]]:  # noqa: ANN401  (pyarrow has no types)
    import pyarrow as pa

    file.seek(0)
    if file.read(len(_MAGIC)) == _MAGIC:
        with pa.ipc.open_file(file) as whole:
            yield whole.schema, (whole.get_batch(at) for at in range(whole.num_record_batches))
    else:
        file.seek(0)
        with pa.ipc.open_stream(file) as stream:
            yield stream.schema, iter(stream)


def _check(file: Any, name: str) -> None:  # noqa: ANN401  (pyarrow has no types)
    """Refuse a batch that says that it unpacks to more than `MAX_BATCH`."""
    for metadata, body in _messages(file):
        claimed = sum(_claims(metadata, body))
        if claimed > MAX_BATCH:
            raise Invalid("file.bomb-groups", name=name, unpacked=claimed, limit=MAX_BATCH)


def _messages(file: Any) -> Iterator[tuple[memoryview, memoryview]]:  # noqa: ANN401  (pyarrow has no types)
    """Metadata and body of each message, in a stream, or where a file's footer says that one lies."""
    import pyarrow as pa

    file.seek(0)
    whole = memoryview(file.read_buffer())
    if bytes(whole[: len(_MAGIC)]) == _MAGIC:
        length = _u32(whole, len(whole) - _TAIL)
        start = len(whole) - _TAIL - length
        footer = whole[max(start, 0) : len(whole) - _TAIL]
        for field in (2, 3):  # dictionaries, record batches
            for offset, size, body in _vector(footer, _field(footer, _u32(footer, 0), field), _BLOCK):
                if min(offset, size, body) < 0:
                    raise ValueError(offset)
                prefix = 8 if _u32(whole, offset) == 0xFFFF_FFFF else 4  # noqa: PLR2004  (the continuation mark)
                yield whole[offset + prefix : offset + size], whole[offset + size : offset + size + body]
        return
    file.seek(0)
    messages = pa.ipc.MessageReader.open_stream(file)
    while True:
        try:
            message = messages.read_next_message()
        except StopIteration:
            return
        yield memoryview(message.metadata), memoryview(message.body if message.body is not None else b"")


def _claims(data: memoryview, body: memoryview) -> Iterator[int]:
    """How large each packed buffer of a message says that it is."""
    root = _u32(data, 0)
    kind, header = _field(data, root, 1), _field(data, root, 2)
    if kind is None or header is None or data[kind] not in {_DICTIONARY, _RECORDS}:
        return
    batch = header + _u32(data, header)
    if data[kind] == _DICTIONARY:
        inner = _field(data, batch, 1)
        if inner is None:
            return
        batch = inner + _u32(data, inner)
    if _field(data, batch, 3) is None:  # not packed
        return
    for offset, length in _vector(data, _field(data, batch, 2), struct.Struct("<qq")):
        if length >= _PREFIX:
            claimed = int(struct.unpack_from("<q", body, offset)[0])
            yield max(claimed, 0) if claimed >= -1 else MAX_BATCH + 1  # -1: this one is not packed after all


def _vector(data: memoryview, field: int | None, entry: struct.Struct) -> Iterator[tuple[int, ...]]:
    """The entries of a flatbuffer's vector of structs."""
    if field is None:
        return
    start = field + _u32(data, field)
    for at in range(_u32(data, start)):
        yield entry.unpack_from(data, start + 4 + entry.size * at)


def _u32(data: memoryview, at: int) -> int:
    return int(struct.unpack_from("<I", data, at)[0])


def _field(data: memoryview, table: int, number: int) -> int | None:
    """Where a field of a flatbuffer's table lies."""
    fields = table - int(struct.unpack_from("<i", data, table)[0])
    if 4 + 2 * number >= struct.unpack_from("<H", data, fields)[0]:
        return None
    offset = int(struct.unpack_from("<H", data, fields + 4 + 2 * number)[0])
    return table + offset if offset else None
