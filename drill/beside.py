"""Beside the story: the same search over many made-up networks, in processes of its own, while the story is told."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, Self

from demo.shell import ROOT, must
from drill.story import Story

PROGRAM: Final = ROOT / "scripts" / "match_statistics.py"
PATIENCE: Final = 1800  # seconds
SURE: Final = 0.95  # of what is planted is found, at least
KINDS: Final = ("planted", "none")


class Beside:
    """A child for each kind that yields to everybody else; ended, whatever happens, when this is left."""

    def __init__(self, networks: int, into: Path) -> None:
        """So many networks of each kind; what is found is written `into` a folder."""
        self._networks, self._into = networks, into

    def __enter__(self) -> Self:
        """Start."""
        self._into.mkdir(exist_ok=True)
        words = [sys.executable, str(PROGRAM), "--networks", str(self._networks), "--processes", "1"]
        yielding = [nice, "-n", "19"] if (nice := shutil.which("nice")) else []
        self.processes = {
            kind: subprocess.Popen(
                [*yielding, *words, "--kinds", kind, "--json", str(self._file(kind))],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
            for kind in KINDS
        }
        return self

    def __exit__(self, *_: object) -> None:
        """End them, each by its id."""
        for one in self.processes.values():
            if one.poll() is None:
                one.terminate()
        for one in self.processes.values():
            one.wait()

    def _file(self, kind: str) -> Path:
        return self._into / f"{kind}.json"

    def tell(self, story: Story) -> None:
        """Wait for them, and tell what they found."""
        story.chapter("numbers")
        codes = [one.wait(PATIENCE) for one in self.processes.values()]
        planted, none = (json.loads(self._file(kind).read_text(encoding="utf-8"))[kind] for kind in KINDS)
        bar = -(-planted["n"] * SURE // 1)
        story.fact("found", found=planted["found"], n=planted["n"], bar=int(bar))
        story.fact("alarms", alarms=none["alarms"], n=none["n"])
        facts = {name: f"{planted[name]:,.0f}" for name in ("bytes", "between")}
        story.fact("each", cpu=f"{planted['cpu']:.1f}", **facts)
        must(not any(codes) and planted["found"] >= bar and not none["alarms"], "less was found than is claimed")
