"""Hand hostile files to a dam in a process of its own: how each ends, what it costs, and what it leaves."""

import os
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from hostile_files import TRACE, Case, Rows, cases
from torture.processes import forks

MEGABYTE = 1024 * 1024
MOST_MEMORY = 512 * MEGABYTE  # that one file may add to a dam; a reader holds a few pieces of a few megabytes
MOST_SECONDS = 20.0  # for one file on a busy machine
_ADDRESSES = 6 * 1024 * MEGABYTE  # of the whole process: the last wall before the machine


@dataclass(kw_only=True)
class Result:
    """What a file came to."""

    name: str
    declared: str = ""
    ends: str = "died"
    error: dict[str, Any] | None = None  # as `errors.kept` keeps it
    rows: Rows = ()
    seconds: float = 0.0
    grown: int = 0  # bytes at the worst, beyond what the process held before
    left: list[str] = field(default_factory=list)  # in the dam's folder or elsewhere, and nobody's
    looked: dict[str, Any] | None = None  # what a look at the file on its sender's own machine refused
    odd: str = ""  # an exception that is none of ours


def attacked(folder: Path, wanted: Sequence[Case]) -> Iterator[Result]:
    """What each of these files comes to; a process that dies of one is replaced for the others."""
    left = [case.name for case in wanted]
    round_ = 0
    while left:
        round_ += 1
        told, tell = forks().Pipe(duplex=False)
        process = forks().Process(target=_attack, args=(tell, str(folder / f"{round_}"), tuple(left)))
        process.start()
        tell.close()
        try:
            while left:
                if not told.poll(3 * MOST_SECONDS):
                    process.kill()
                found: list[Result] = told.recv()
                yield from found
                left.pop(0)
        except (EOFError, OSError):
            process.join()
            yield Result(name=left.pop(0), odd=f"the process ended with {process.exitcode}")
        finally:
            if process.is_alive() and left:
                process.kill()
            process.join()
            told.close()


def _attack(tell: Connection, folder: str, names: Sequence[str]) -> None:
    """In the process: a dam with one member that deposits each file in turn."""
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES, _ADDRESSES))
    dam = Attacked(Path(folder))
    known = {case.name: case for case in cases()}
    for name in names:
        case = known[name]
        declared = [case.format] if case.format == "csv" else [case.format, "csv"]
        tell.send([dam.takes(case, format) for format in declared])


class Attacked:
    """A dam on a disk, without a network, and one member."""

    def __init__(self, folder: Path) -> None:
        """Make it, with temporary files where they can be seen."""
        from datadam.adapters.spool_files import SpoolFiles
        from datadam.dam import publish
        from datadam.dam.works import Works
        from worlds import Person, a_world, fit_of, standard_text

        self.temporary = folder / "tmp"
        self.temporary.mkdir(parents=True)
        os.environ["TMPDIR"] = tempfile.tempdir = str(self.temporary)
        os.environ["POLARS_TEMP_DIR"] = str(self.temporary)
        (folder / "dam").mkdir()
        self.folder = folder / "dam"
        world = a_world(self.folder)
        self.world = replace(world, spool=SpoolFiles(self.folder / "spool", max_bytes=1024 * MEGABYTE))
        publish.publish(self.world, standard_text(repeat="keep"))
        self.works = Works(self.world)
        self.person = Person("A").joins(self.world)
        self.fit = fit_of(self.world, "test.reading", b"meter,amount\nA,1\n")

    def takes(self, case: Case, format: str) -> Result:
        """Deposit one file."""
        found = Result(name=case.name, declared=format)
        data = case.data()
        before = self._files()
        lowered = [(import_module("datadam.adapters.polars_read"), name, most) for name, most in case.limits.items()]
        kept = [getattr(module, name) for module, name, _ in lowered]
        for module, name, most in lowered:
            setattr(module, name, most)
        held = _memory(peak=False)
        _forget_peak()
        started = time.monotonic()
        try:
            self._deposit(case, format, data, found)
            found.looked = self._look(data)
        except BaseException as error:  # noqa: BLE001  (a library's panic is no `Exception`, and is looked for too)
            found.odd = f"{type(error).__name__}: {error}"[:500]
        finally:
            found.seconds = time.monotonic() - started
            found.grown = _memory(peak=True) - held
            for (module, name, _), value in zip(lowered, kept, strict=True):
                setattr(module, name, value)
        found.left += sorted(self._files() - before)
        return found

    def _deposit(self, case: Case, format: str, data: bytes, found: Result) -> None:
        from datadam import seal
        from datadam.dam import deposit, journal, report
        from datadam.errors import DamError, kept
        from datadam.model import Stage
        from worlds import chunks

        file = {"format": format, "digest": seal.digest(data), "size": len(data)}
        file["name"] = case.file_name or f"{case.name}.{format}"
        manifest = seal.envelope(self.person.manifest(self.fit, data, file=file))
        try:
            job = deposit.announce(self.world, self.person.caller, manifest)
            deposit.receive(self.world, self.person.caller, job.id, chunks(data, 65536))
        except DamError as error:
            found.ends, found.error = "refused", kept(error)
            return
        known = job.stage in journal.FINAL  # the same bytes, declared another way, are the same deposit
        self.works.submit(job)
        while job.stage not in journal.FINAL:
            time.sleep(0.005)
            job = journal.own_job(self.world, self.person.caller, job.id)
        found.ends, found.error = (
            {Stage.COMMITTED: "taken", Stage.REFUSED: "refused"}[Stage(job.stage)],
            dict(job.fault or {}),
        )
        if found.ends == "taken":
            found.rows = self._rows(job.id)
        if not known:
            report.faults(self.world, self.person.caller, job.id, limit=20)
            self.world.spool.clear(job.id)  # what its sender may fetch is no residue

    def _rows(self, id: str) -> Rows:
        """The admitted rows of a small deposit."""
        import polars as pl

        (path,) = [file.path for file in self.world.lake.files("test.reading") if file.path.stem == id]
        first = pl.scan_parquet(path, glob=False).sort("_row").select("meter", "amount").head(100).collect()
        return tuple(first.iter_rows())

    def _look(self, data: bytes) -> dict[str, Any] | None:
        """What the sender's own program says to the file before anything is sent."""
        from datadam.client import files
        from datadam.errors import DamError, kept

        path = self.temporary / "looked-at"
        path.write_bytes(data)
        try:
            files.look(path)
        except DamError as error:
            return kept(error)
        finally:
            path.unlink()
        return None

    def _files(self) -> set[str]:
        """Files that no table shows and no log names, and those that were put where none belong."""
        shown = {file.path for file in self.world.lake.files("test.reading")}
        found = {
            str(path)
            for part in (self.folder / "reservoirs", self.folder / "spool", self.temporary)
            for path in part.rglob("*")
            if path.is_file() and path not in shown and "_delta_log" not in path.parts
        }
        return found | {str(path) for root in (Path("/tmp"), Path("/")) for path in root.glob(f"{TRACE}*")}  # noqa: S108  (where the attacks aim)


def _memory(*, peak: bool) -> int:
    """Bytes that this process holds, now or at its worst since `_forget_peak`."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    name = "VmHWM:" if peak else "VmRSS:"
    return int(next(line for line in lines if line.startswith(name)).split()[1]) * 1024


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
