"""Eight contributors deposit at once into one served dam: how much of the machine's cores they keep busy together.

`--rows` is all rows of the eight files. A real server and a program that sends for all eight; the figure is the CPU
seconds of both over the time from the first announcement to the last commit, times the cores. Once with one deposit
judged at a time, once with as many as a dam judges at once if nobody says otherwise. What other programs took of the
cores meanwhile is told too: on a busy machine the share cannot be whole.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil

import measure
import upload
from datadam import client, wiring
from datadam.confirming import confirm
from datadam.formats import codelists, odcs
from datadam.model import Fit, Layout, Reading
from datadam.proposing import suggest
from datadam.settings import Settings

DEPOSITORS = 8
DEFAULT = 4_000_000
BAR = 0.8
ROWS_AT_ONCE = 100_000
HEADER = ("type", "value", "tlp", "confidence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """One run: seconds, CPU seconds of server and sender and of everybody else, the server's peak memory."""

    wall_s: float
    server_s: float
    sender_s: float
    others_s: float
    peak_mb: float

    @property
    def share(self) -> float:
        """Of all cores, what server and sender kept busy."""
        return (self.server_s + self.sender_s) / (self.wall_s * (os.cpu_count() or 1))

    @property
    def share_of_free(self) -> float:
        """Of what others left of the cores."""
        free = self.wall_s * (os.cpu_count() or 1) - self.others_s
        return min(1.0, (self.server_s + self.sender_s) / max(free, 0.01))


def write_file(path: Path, rows: int, depositor: int) -> None:
    """Indicators that no other depositor has."""
    with path.open("w", encoding="ascii") as file:
        file.write(",".join(HEADER) + "\n")
        for start in range(0, rows, ROWS_AT_ONCE):
            numbers = range(start, min(rows, start + ROWS_AT_ONCE))
            file.writelines(f"domain,n{number:x}.d{depositor}.example,GREEN,50\n" for number in numbers)


def fit() -> Fit:
    """How the files fit the standard."""
    standard = odcs.read(codelists.packaged_standard(upload.STANDARD))
    layout = Layout(columns=HEADER, types=("text",) * len(HEADER), samples=((),) * len(HEADER))
    return confirm(suggest(standard, layout, codelists.packaged()), standard, layout)


def run(folder: Path, files: list[Path], workers: int) -> Busy:
    """Found a dam with a member for each file, serve it, and send all at once."""
    dam, keys = folder / "dam", [folder / f"{number}.json" for number in range(len(files))]
    upload.found(dam, keys[0])
    with wiring.world(dam, {}) as world:
        for key in keys[1:]:
            upload.admit(world, key)
    command = [sys.executable, "-m", "datadam.cli", "serve", str(dam), "--port", "0"]
    told = os.environ | {"DATADAM_WORKERS": str(workers)}
    with subprocess.Popen(command, env=told, stdout=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout is not None
            url = next(word for word in serving.stdout.readline().split() if word.startswith("http")).rstrip(".")
            threading.Thread(target=serving.stdout.read, daemon=True).start()  # so that it never waits to be read
            return watched(psutil.Process(serving.pid), url, keys, files)
        finally:
            serving.terminate()


def watched(server: psutil.Process, url: str, keys: list[Path], files: list[Path]) -> Busy:
    """Send every file as the member of its key, all at once, and see what that takes until the last is committed."""
    asked = fit()
    dams = [client.connect(url, key=key) for key in keys]
    for dam in dams:
        dam.trust()
    machine, before, own, begun = busy_s(), server.cpu_times(), time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(len(files)) as pool:
        done = list(pool.map(lambda dam, file: dam.deposit(file, asked, reading=Reading()), dams, files))
    wall, mine, after = time.perf_counter() - begun, time.process_time() - own, server.cpu_times()
    assert all(one["stage"] == "committed" for one in done), done
    its = after.user + after.system - before.user - before.system
    peak = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii").partition("VmHWM:")[2].split()[0]
    others = max(0.0, busy_s() - machine - its - mine)
    return Busy(wall_s=wall, server_s=its, sender_s=mine, others_s=others, peak_mb=int(peak) / 1024)


def busy_s() -> float:
    """CPU seconds that all programs of the machine took so far."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system)


def main() -> None:
    """Run both, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=DEFAULT, help="rows of all files")
    rows = parser.parse_args().rows // DEPOSITORS
    usual: int = Settings.__dataclass_fields__["workers"].default  # type: ignore[assignment]  # it has one
    cores, found = os.cpu_count() or 1, {}
    with tempfile.TemporaryDirectory(prefix="datadam-bench-") as temporary:
        files = [Path(temporary) / f"{number}.csv" for number in range(DEPOSITORS)]
        os.environ["DATADAM_HOME"] = temporary
        for number, file in enumerate(files):
            write_file(file, rows, number)
        for workers in (1, usual):
            folder = Path(temporary) / f"workers-{workers}"
            folder.mkdir()
            os.environ["DATADAM_HOME"] = str(folder)
            found[workers] = run(folder, files, workers)
            print(
                f"{workers} judged at once: {found[workers].share:.2f} of {cores} cores, {found[workers]}", flush=True
            )
    single, told = found[1], found[usual]
    measure.say(
        name="depositors",
        share=told.share,
        bar=BAR,
        share_of_free=told.share_of_free,
        cpu_s=told.server_s + told.sender_s,
        peak_mb=told.peak_mb,
        wall_s=told.wall_s,
        sender_cpu_s=told.sender_s,
        others_cpu_s=told.others_s,
        depositors=DEPOSITORS,
        rows_each=rows,
        workers=usual,
        share_one_at_a_time=single.share,
        share_of_free_one_at_a_time=single.share_of_free,
        wall_s_one_at_a_time=single.wall_s,
        others_cpu_s_one_at_a_time=single.others_s,
        peak_mb_one_at_a_time=single.peak_mb,
    )


if __name__ == "__main__":
    main()
