"""Types commands as people would, prints them with what they answer, and ends every process that it started."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

ROOT: Final = Path(__file__).resolve().parents[1]
WIDTH: Final = 110
COMMAND_SECONDS: Final = 120
START_SECONDS: Final = 60
STOP_SECONDS: Final = 30
BIN: Final = Path(sys.executable).parent
ALL: Final = slice(None)
NOTHING: Final = slice(0, 0)


class Failed(Exception):
    """A step did not do what it is there to show."""


def must(held: bool, why: str) -> None:  # noqa: FBT001  (what it holds to)
    """End the demonstration, unless what a step shows `held`."""
    if not held:
        raise Failed(why)


class Shell:
    """A terminal of one person: a prompt, a home, a language."""

    def __init__(self, who: str, home: Path, **environ: str) -> None:
        """Type as `who` in the folder `home`, which also keeps profile and pins."""
        self.who, self.home = who, home
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DATADAM_")}
        self.environ = {
            **kept,
            "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
            "DATADAM_HOME": str(home / ".datadam"),
            "DATADAM_LANG": "en",
            "LC_ALL": "C.UTF-8",
            "COLUMNS": str(WIDTH),
            **environ,
        }
        home.mkdir(parents=True, exist_ok=True, mode=0o700)

    def type(
        self, *words: str, lines: slice = ALL, expect: int = 0, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Type a command and print what it answers, only `lines` of it. `Failed` unless it ends with `expect`."""
        said = " ".join(f"{name}={value}" for name, value in environ.items())
        print(f"  {bold(self.who + '$')} {said + ' ' if said else ''}{shlex.join(words)}")
        done = self.run(*words, **environ)
        told = done.stdout + done.stderr
        indent(told, lines if done.returncode == expect else ALL)
        must(done.returncode == expect, f"{shlex.join(words)}: exit code {done.returncode}, not {expect}")
        if expect:
            indent(f"(exit code {expect})")
        return done

    def run(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command without a word."""
        command = [str(BIN / words[0]) if (BIN / words[0]).exists() else words[0], *words[1:]]
        return subprocess.run(
            command,
            cwd=self.home,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=COMMAND_SECONDS,
            check=False,
        )


class Served:
    """`datadam serve` as a child: there when entered, gone when left, whatever happened in between."""

    def __init__(self, shell: Shell, folder: str, port: int, ready: Callable[[], object]) -> None:
        """Serve `folder`, as `shell` sees it, on `port`; `ready` is called when it listens."""
        self._ready = ready
        self._shell = shell
        self._words: tuple[str, ...] = ("datadam", "serve", folder, "--port", str(port))

    def __enter__(self) -> Self:
        """Start, and wait until it says that it listens."""
        print(f"  {bold(self._shell.who + '$')} {shlex.join(self._words)} &")
        command = [str(BIN / self._words[0]), *self._words[1:]]
        if tie := shutil.which("setpriv"):  # should this process be killed, the server goes as well
            command = [tie, "--pdeathsig", "TERM", *command]
        self._process = subprocess.Popen(
            command,
            cwd=self._shell.home,
            env=self._shell.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl+C is ours to pass on, in our order
        )
        try:
            first = self._first_line()
            must("http" in first, "datadam serve did not start")
            self._ready()
        except BaseException:  # however it ends, no server is left behind
            self._end()
            raise
        threading.Thread(target=self._drain, daemon=True).start()
        return self

    def _first_line(self) -> str:
        late = threading.Timer(START_SECONDS, self._process.kill)
        late.start()
        try:
            first = self._process.stdout.readline() if self._process.stdout else ""
        finally:
            late.cancel()
        indent(first)
        if "http" not in first and self._process.stdout:  # a refusal: it ends with it
            indent(self._process.stdout.read())
        return first

    def _drain(self) -> None:
        for line in self._process.stdout or ():
            indent(line)

    def wait(self) -> int:
        """Wait until the server ends by itself; its exit code."""
        return self._process.wait()

    def __exit__(self, *_: object) -> None:
        """End the server, by its id."""
        self._end()

    def _end(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def free_port(wanted: int) -> int:
    """The port `wanted` if nobody listens there, else any free one of this machine."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def bold(text: str) -> str:
    """Bold where a terminal shows it."""
    return f"\033[1m{text}\033[0m" if sys.stdout.isatty() else text


def heading(number: int, text: str, why: str = "") -> None:
    """The head of a step."""
    print(f"\n{bold(f'{number:2}  {text}')}")
    if why:
        print(f"    {why}")
    print(flush=True)


def indent(text: str, lines: slice = ALL) -> None:
    """Print what was answered, a little to the right; of long answers only `lines`."""
    told = [line.rstrip() for line in text.rstrip().splitlines()]
    shown = told[lines]
    for line in shown:
        flows = len(line) > WIDTH and "  " not in line.strip()  # a table keeps its columns
        for part in textwrap.wrap(line, WIDTH, break_on_hyphens=False, break_long_words=False) if flows else [line]:
            print(f"      {part}".rstrip())
    if shown and len(shown) < len(told):
        print(f"      … {len(told) - len(shown)} more lines")
    sys.stdout.flush()
