"""An Arrow IPC file or stream as Parquet beside it, batch by batch; each is judged before it is unpacked.

A batch may be packed, and says of each of its buffers how large that unpacks. pyarrow believes it, so we add the
claims up first, straight from the message's flatbuffer (Arrow columnar format, Message.fbs).
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from datadam.adapters.read_beside import Beside, filling
from datadam.errors import Invalid

MAX_BATCH: Final = 2 * 1024**3  # bytes, unpacked: one is held at a time
GROUP_ROWS: Final = 100_000
_START: Final = 8  # an IPC file is its magic and six bytes of it, then a stream, then a footer that we need not believe
_DICTIONARY, _RECORDS = 2, 3  # kinds of messages
_TABLE_FIELDS: Final = 16


def as_parquet(path: Path, name: str) -> Beside:
    """Write the table as Parquet; a file that is cut off, lies or unpacks to too much is `Invalid`."""
    import pyarrow as pa  # noqa: PLC0415  (as slow to load as all else here, and a CSV does without)
    import pyarrow.parquet as pq  # noqa: PLC0415

    with filling(path) as made:
        try:
            with pa.memory_map(str(path)) as file:
                _check(file, name)
                _rewind(file)
                with pa.ipc.open_stream(file) as batches, pq.ParquetWriter(made.path, batches.schema) as writer:
                    for batch in batches:
                        batch.validate(full=True)
                        writer.write_batch(batch, row_group_size=GROUP_ROWS)
        except (pa.ArrowException, struct.error, IndexError, ValueError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's own fault
            why = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise Invalid("file.arrow-broken", name=name, why=why) from error
    return made


def _rewind(file: Any) -> None:  # noqa: ANN401  (pyarrow has no types)
    file.seek(0)
    file.seek(_START if file.read(6) == b"ARROW1" else 0)


def _check(file: Any, name: str) -> None:  # noqa: ANN401  (pyarrow has no types)
    """Refuse a batch that says that it unpacks to more than `MAX_BATCH`."""
    import pyarrow as pa  # noqa: PLC0415

    _rewind(file)
    messages = pa.ipc.MessageReader.open_stream(file)
    while True:
        try:
            message = messages.read_next_message()
        except StopIteration:
            return
        claimed = sum(_claims(message.metadata, message.body))
        if claimed > MAX_BATCH or claimed < 0:
            raise Invalid("file.bomb", name=name, unpacked=claimed, limit=MAX_BATCH)


def _claims(metadata: Any, body: Any) -> Iterator[int]:  # noqa: ANN401  (pyarrow has no types)
    """How large each packed buffer of a message says that it is."""
    data = memoryview(metadata)
    root = _u32(data, 0)
    kind = _field(data, root, 1)
    header = _field(data, root, 2)
    if kind is None or header is None or data[kind] not in {_DICTIONARY, _RECORDS}:
        return
    batch = header + _u32(data, header)
    if data[kind] == _DICTIONARY:
        inner = _field(data, batch, 1)
        if inner is None:
            return
        batch = inner + _u32(data, inner)
    buffers, packed = _field(data, batch, 2), _field(data, batch, 3)
    if packed is None or buffers is None:
        return
    start = buffers + _u32(data, buffers)
    view = memoryview(body) if body is not None else memoryview(b"")
    for at in range(_u32(data, start)):
        offset, length = struct.unpack_from("<qq", data, start + 4 + 16 * at)
        if length >= _START:
            claimed: int = struct.unpack_from("<q", view, offset)[0]
            yield max(claimed, 0) if claimed >= -1 else MAX_BATCH + 1  # -1: not packed after all


def _u32(data: memoryview, at: int) -> int:
    return int(struct.unpack_from("<I", data, at)[0])


def _field(data: memoryview, table: int, number: int) -> int | None:
    """Where a field of a flatbuffer's table lies."""
    fields = table - int(struct.unpack_from("<i", data, table)[0])
    if 4 + 2 * number >= struct.unpack_from("<H", data, fields)[0]:
        return None
    offset = int(struct.unpack_from("<H", data, fields + 4 + 2 * number)[0])
    return table + offset if offset else None
