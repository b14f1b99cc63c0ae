"""Run things to be compared each in a process of its own, in turns: CPU seconds, peak memory, medians."""

import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TURNS = 5
TOUCH = """\
import mmap, sys
room = mmap.mmap(-1, int(sys.argv[1]) * 1024 * 1024)
for page in range(0, len(room), mmap.PAGESIZE):
    room[page] = 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one process and all its children cost: user and system seconds, largest resident size, elapsed seconds."""

    cpu_s: float
    peak_mb: float
    wall_s: float


def cost(command: Sequence[str], *, bytecode: str | None = None) -> Cost:
    """Run `command` to its end and say what it cost; a command that fails stops the benchmark.

    `wait4` counts the process and every child that it waited for. Python keeps what it compiles in `bytecode`.
    """
    told = dict(os.environ)
    if bytecode is not None:
        told.pop("PYTHONDONTWRITEBYTECODE", None)
        told["PYTHONPYCACHEPREFIX"] = bytecode
    begun = os.times().elapsed
    child = os.posix_spawn(command[0], list(command), told)
    _, status, usage = os.wait4(child, 0)
    if status != 0:
        message = f"failed with status {status}: {' '.join(command)}"
        raise SystemExit(message)
    unit = 1 if platform.system() == "Linux" else 1024  # ru_maxrss: kilobytes on Linux, bytes on macOS
    return Cost(
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / unit / 1024,
        wall_s=os.times().elapsed - begun,
    )


def compare(sides: Mapping[str, Sequence[str]], *, turns: int = TURNS, touch_mb: int = 0) -> dict[str, Cost]:
    """Run every side `turns` times, in turns so that a busy minute hits all; the median CPU and wall, the largest peak.

    Each side's command is what follows the Python interpreter. Before each, `touch_mb` of memory are taken and let go:
    a virtual machine gives free memory back to its host, and whoever touches it first pays seconds a gigabyte for that,
    which says nothing of the work. Nor does compiling source text, which Python may be told to do anew in each process:
    that is kept from the first turn on, as what is installed has it.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in sides}
    with tempfile.TemporaryDirectory(prefix="datadam-bytecode-") as bytecode:
        for turn, (name, command) in ((turn, side) for turn in range(turns) for side in sides.items()):
            if touch_mb:
                cost([sys.executable, "-c", TOUCH, str(touch_mb)])
            found = cost([sys.executable, *command], bytecode=bytecode)
            costs[name].append(found)
            print(f"{name} {turn + 1}/{turns}: {found.cpu_s:.2f} CPU s, {found.wall_s:.2f} s, {found.peak_mb:.0f} MB")
    return {
        name: Cost(
            cpu_s=statistics.median(one.cpu_s for one in found),
            peak_mb=max(one.peak_mb for one in found),
            wall_s=statistics.median(one.wall_s for one in found),
        )
        for name, found in costs.items()
    }


def say(**facts: Any) -> None:
    """Print the benchmark's last line: one JSON object."""
    print(json.dumps({name: round(fact, 3) if isinstance(fact, float) else fact for name, fact in facts.items()}))


def script(name: str) -> str:
    """The path of a benchmark of this folder."""
    return str(Path(__file__).with_name(name))
