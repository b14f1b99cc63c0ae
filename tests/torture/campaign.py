"""Kill a dam at work, again and again, and start it again: what was acknowledged must stand, once, and nothing else."""

import random
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

import served
from datadam import client
from datadam.errors import Unavailable
from torture.depositors import SETTLE_SECONDS, House
from torture.faults import Fault, install
from torture.processes import NotStarted, serving

MEMBERS = 3
LONGEST = 0.9  # seconds of work before a kill: several small deposits, or part of a large one
EARLY = 0.25  # share of the kills that come while the dam starts and recovers
LOST = 0.4  # share of the answers that never come
STARTS = 0.2  # seconds in which a start is under way
FAILING = ("disk.failed", "log.stopped", "spool.broken", "spool.disk-full", "deposit.broke")
"""What a dam may say while its disk fails."""
PORTS = tuple(
    Fault(at=at, when=when)
    for at in (
        "SpoolFiles.receive",
        "PolarsEngine.run",
        "BodyFiles.put_all",
        "TileLog.append",
        "TileLog.publish",
        "DeltaLake.append",
        "SpoolFiles.discard",
    )
    for when in ("before", "after")
)
"""Every boundary between two stages of a deposit."""


@dataclass(kw_only=True)
class Outcome:
    """What an experiment saw: how often it was done, what was acknowledged meanwhile, and everything wrong."""

    name: str
    n: int = 0
    acknowledged: int = 0
    faults: list[str] = field(default_factory=list)
    seed: str = "–"
    seconds: float = 0.0


def random_kills(folder: Path, *, kills: int, seed: int) -> Outcome:
    """Kill at seeded random times, a quarter of them while the dam starts; look at everything after each."""
    chance, found = random.Random(seed), Outcome(name="kill -9 at a random time", seed=str(seed))
    house, started = House.built(folder, members=MEMBERS, seed=seed, workers=2), time.monotonic()
    for member in house.members:
        member.refusals = {"deposit.tries-spent"}  # of one that was killed again and again while it was judged
    while found.n < kills:
        early = chance.random() < EARLY
        _killed_once(house, found, chance.uniform(0, STARTS if early else LONGEST), early=early)
        found.n += 1
    _ends_well(house, found)
    found.seconds = time.monotonic() - started
    return found


def _killed_once(house: House, found: Outcome, after: float, *, early: bool) -> None:
    try:
        with serving(house.folder, killed_after=after if early else None) as dam:
            if early:
                threads = house.load(dam.url)
                dam.ended()
            else:
                found.faults += house.faults(dam.url)
                threads = house.load(dam.url)
                time.sleep(after / 2)
                house.look(dam.url)
                time.sleep(after / 2)
                dam.kill()
            for thread in threads:
                thread.join()
    except NotStarted as error:
        if not early or str(error):
            found.faults.append(f"did not start: {error}")


CALLS = {"os.fsync": 18, "os.write": 8, "os.replace": 6, "os.unlink": 6, "os.mkdir": 4}
"""How often a small deposit makes each call; a few more or less do no harm."""


def system_calls() -> Iterator[Fault]:
    """A kill before each call by which our adapters change a disk in one deposit, and within each write."""
    for at, calls in CALLS.items():
        for call in range(1, calls + 1):
            yield Fault(at=at, call=call)
            if at == "os.write":
                yield Fault(at=at, call=call, when="within")


def errors() -> Iterator[Fault]:
    """The same calls, failing: a disk that is full tears writes and takes no folder, a broken one fails at the rest."""
    for at, calls in CALLS.items():
        for call in range(1, calls + 1):
            full = at in {"os.write", "os.mkdir"}
            when = "within" if at == "os.write" else "before"
            yield Fault(at=at, call=call, when=when, does="ENOSPC" if full else "EIO")


def _ends_well(house: House, found: Outcome) -> None:
    """Start once more, let every member finish, and look at every file."""
    with serving(house.folder) as dam:
        found.faults += house.faults(dam.url)
        for thread in house.load(dam.url, new=1):
            thread.join()
        found.faults += house.faults(dam.url)
        found.faults += [f"{one.id} never ended" for member in house.members for one in member.open()]
        dam.stop()
    found.acknowledged += sum(len(member.told) for member in house.members)
    found.faults += house.residue()


def errors_at(folder: Path, places: Iterable[Fault], *, seed: int) -> Outcome:
    """Let the disk fail at each place on a deposit's way, and work again at once; the dam goes on, then starts anew.

    Whoever was told of a refusal keeps it; whoever was told nothing tries again. Served from this process.
    """
    found, started = Outcome(name="the disk fails at a place", seed=str(seed)), time.monotonic()
    house = House.built(folder, members=1, seed=seed, plain=True)
    (member,) = house.members
    member.refusals = set(FAILING)
    armed = folder.parent / f"{folder.name}.armed"
    for place in places:
        with served.serving(folder) as dam:
            member.patience = SETTLE_SECONDS
            member.work(dam.url, new=0)
            found.faults += house.faults(dam.url)
            member.patience = 0.4  # what the log may have waits for the next start
            undo = install(replace(place, armed=armed))
            try:
                armed.touch()
                member.work(dam.url, new=1)
            finally:
                undo()
                armed.unlink()
            found.n += bool(member.open() or member.told[member.handed[-1].id] == "refused")
            member.work(dam.url, new=0)
    member.patience = SETTLE_SECONDS
    _ends_well(house, found)
    found.seconds = time.monotonic() - started
    return found


def kills_at(folder: Path, places: Iterable[Fault], *, name: str, seed: int) -> Outcome:
    """Kill at each place on a deposit's way, one deposit and one kill a place, in one dam that must outlive them all.

    Places whose call never comes are left out of the count.
    """
    found, started = Outcome(name=name, seed=str(seed)), time.monotonic()
    house = House.built(folder, members=1, seed=seed, plain=True)
    (member,) = house.members
    armed = folder.parent / f"{folder.name}.armed"
    for place in places:
        armed.unlink(missing_ok=True)
        with serving(folder, faults=[replace(place, armed=armed)]) as dam:
            member.work(dam.url, new=0)
            found.faults += house.faults(dam.url)
            armed.touch()
            member.work(dam.url, new=1)
            found.n += dam.ended(within=0 if not member.open() else 5)
    armed.unlink(missing_ok=True)
    _ends_well(house, found)
    found.seconds = time.monotonic() - started
    return found


def crowd(folder: Path, *, depositors: int, each: int, seed: int) -> Outcome:
    """Many members deposit at once."""
    found, started = Outcome(name=f"{depositors} depositors at once", seed=str(seed)), time.monotonic()
    house = House.built(folder, members=depositors, seed=seed, plain=True, workers=2)
    with serving(folder) as dam:
        for thread in house.load(dam.url, new=each):
            thread.join()
        found.faults += house.faults(dam.url)
        found.n = sum(len(member.told) for member in house.members)
    if found.n != depositors * each:
        found.faults.append(f"{found.n} of {depositors * each} deposits ended")
    _ends_well(house, found)
    found.seconds = time.monotonic() - started
    return found


class Lossy(httpx.BaseTransport):
    """A network that brings every request to the dam and loses many an answer."""

    def __init__(self, real: httpx.BaseTransport, chance: random.Random) -> None:
        """Stand before a real one."""
        self.real, self.lost, self.chance = real, 0, chance

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Have the request done; then perhaps lose what was answered."""
        answer = self.real.handle_request(request)
        if self.chance.random() < LOST:
            answer.read()
            answer.close()
            self.lost += 1
            message = "the answer was lost"
            raise httpx.ReadError(message, request=request)
        return answer

    def close(self) -> None:
        """Let go of the real one."""
        self.real.close()


def lost_answers(folder: Path, *, deposits: int, seed: int) -> Outcome:
    """Four answers of ten are lost on their way; the member tries again with the same manifest until it has one."""
    found, started = Outcome(name="an answer is lost", seed=str(seed)), time.monotonic()
    house = House.built(folder, members=1, seed=seed, plain=True)
    (member,) = house.members
    with serving(folder) as dam:
        lossy = Lossy(httpx.HTTPTransport(), random.Random(seed))
        with client.connect(dam.url, key=member.person.key) as line:
            line._http.close()
            line._http = httpx.Client(base_url=dam.url, transport=lossy)
            for _ in range(deposits):
                one = member.prepare()
                while one.id not in member.index:
                    with suppress(Unavailable):
                        member.hand_in(line, one)
        found.n = lossy.lost
        found.faults += house.faults(dam.url)
    _ends_well(house, found)
    found.seconds = time.monotonic() - started
    return found


@contextmanager
def small_disk(at: Path, megabytes: int) -> Iterator[Path]:
    """A file system of that size, mounted at `at`; `PermissionError` where this user may not mount one."""
    at.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(at)]
    mount = shutil.which("mount")
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        raise PermissionError
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], capture_output=True, check=True)


def full_disks(folder: Path, *, rounds: int, seed: int) -> Outcome:
    """Fill the disk until so many bytes are left, deposit, make room, and try again; then all of it a start later."""
    found, started = Outcome(name="the disk is full", seed=str(seed)), time.monotonic()
    folder.mkdir()
    chance = random.Random(seed)
    with small_disk(folder / "disk", 64) as disk:
        house = House.built(disk / "dam", members=1, seed=seed, plain=True)
        (member,) = house.members
        member.refusals = {*FAILING, "store.broken"}
        for number in range(rounds):
            with serving(house.folder) as dam:
                member.patience = SETTLE_SECONDS
                member.work(dam.url, new=0)
                found.faults += house.faults(dam.url)
                member.patience = 2
                fill(disk / "filler", left=0 if number == 0 else int(10 ** chance.uniform(3, 5.5)))
                member.work(dam.url, new=1)
                found.n += bool(member.open() or member.told[member.handed[-1].id] == "refused")
                (disk / "filler").unlink()
                member.work(dam.url, new=0)
        member.patience = SETTLE_SECONDS
        _ends_well(house, found)
    found.seconds = time.monotonic() - started
    return found


def fill(path: Path, *, left: int) -> None:
    """Write a file until only so many bytes are left on its disk."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while (room := shutil.disk_usage(path.parent).free - left) > 0:
            file.write(bytes(min(room, 1024 * 1024)))
