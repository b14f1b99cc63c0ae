"""A process that writes to a Store on disk until it is killed, and what must be found there afterwards."""

import subprocess
import sys
from pathlib import Path

from datadam.adapters.postgres_base import PostgresBase
from datadam.adapters.sql_store import SqlStore
from datadam.model import Application, Used


def writing(base: Path | str) -> "subprocess.Popen[str]":
    """A process that writes into a file, or into the database at a URL; it prints a number after each commit."""
    kind = "file" if isinstance(base, Path) else "url"
    command = [sys.executable, __file__, kind, str(base)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def hold_whole(store: SqlStore, acknowledged: int) -> None:
    """Hold that every commit is whole, and that none is missing up to the last number that was printed."""
    with store.read() as rows:
        records, twins = rows.find(Used), rows.find(Application)
        assert [record.id for record in records] == [f"{number:06}" for number in range(len(records))]
        assert len(records) == len(twins) == int(rows.noted("count") or 0)
        assert acknowledged < len(records) <= acknowledged + 2


def _write(store: SqlStore) -> None:
    for number in range(100_000):
        with store.transaction() as rows:
            rows.put(Used(id=f"{number:06}", expires="x" * 2000))
            rows.put(Application(id=f"{number:06}", envelope="e", profile="p", received="r"))
            rows.note("count", str(number + 1))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _, kind, base = sys.argv
    _write(SqlStore(Path(base) if kind == "file" else PostgresBase(base)))
