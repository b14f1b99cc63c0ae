"""The Store in memory: the same rows, snapshots and rollback as the one on disk, gone with the process."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias, cast

from datadam.adapters.records import Flat, note_of, shape_of
from datadam.errors import Invalid
from datadam.ports import Record, Rows

_Row: TypeAlias = dict[str, Flat]
_State: TypeAlias = dict[tuple[type, tuple[Flat, ...]], _Row]


class MemoryStore:
    """A `ports.Store` whose state is replaced as a whole at every commit: a reader keeps the one it began with."""

    def __init__(self) -> None:
        """Start empty."""
        self._state: tuple[_State, dict[str, str]] = {}, {}
        self._turn = threading.Lock()
        self._writer: int | None = None

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """Write: all or nothing, one at a time. One inside another is `Invalid`."""
        if self._writer == threading.get_ident():
            raise Invalid("store.transaction-nested")
        with self._turn:
            self._writer = threading.get_ident()
            try:
                rows, notes = self._state[0].copy(), self._state[1].copy()
                yield _MemoryRows(rows, notes, writes=True)
                self._state = rows, notes
            finally:
                self._writer = None

    @contextmanager
    def read(self) -> Iterator[Rows]:
        """Read the state as it is now, whatever is written meanwhile."""
        yield _MemoryRows(*self._state, writes=False)

    def scrub(self) -> None:
        """Nothing stays of what was deleted."""

    def close(self) -> None:
        """Nothing to let go of."""


class _MemoryRows:
    """The records of one state. Rows are kept flat, as on disk, so that nobody can change a stored record in place."""

    def __init__(self, rows: _State, notes: dict[str, str], *, writes: bool) -> None:
        self._rows, self._notes, self._writes = rows, notes, writes

    def put(self, record: object) -> None:
        """Insert, or replace the record with the same key."""
        shape = shape_of(type(record))
        self._may_write()
        self._rows[shape.kind, tuple(shape.identity(record).values())] = shape.flat(record)

    def put_all(self, records: Sequence[object]) -> None:
        """The same for many records of one kind, of which no two have one key."""
        for record in records:
            self.put(record)

    def get(self, kind: type[Record], *key: str) -> Record | None:
        """The record with that key, or None."""
        shape = shape_of(kind)
        row = self._rows.get((kind, tuple(shape.key_of(key).values())))
        return None if row is None else cast("Record", shape.record(row))

    def find(self, kind: type[Record], /, **equals: object) -> list[Record]:
        """All records whose fields equal, ordered by key."""
        shape = shape_of(kind)
        wanted = shape.equals(equals).items()
        found = [(key, row) for (each, key), row in self._rows.items() if each is kind and wanted <= row.items()]
        return [cast("Record", shape.record(row)) for _, row in sorted(found, key=lambda pair: cast("str", pair[0]))]

    def newest(self, kind: type[Record], by: str, most: int, /, **equals: object) -> list[Record]:
        """At most so many records whose fields equal, greatest of the number field `by` first."""
        shape_of(kind).number(by)
        return sorted(self.find(kind, **equals), key=lambda one: cast("int", getattr(one, by)), reverse=True)[:most]

    def remove(self, record: object) -> None:
        """Delete the record with that key; an absent one is fine."""
        shape = shape_of(type(record))
        self._may_write()
        self._rows.pop((shape.kind, tuple(shape.identity(record).values())), None)

    def note(self, name: str, value: str) -> None:
        """Keep a named text."""
        row = note_of(name, value)
        self._may_write()
        self._notes[row["name"]] = row["value"]

    def noted(self, name: str) -> str | None:
        """The text kept under `name`, or None."""
        return self._notes.get(name)

    def _may_write(self) -> None:
        if not self._writes:
            raise Invalid("store.read-only")
