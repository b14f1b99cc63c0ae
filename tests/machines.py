"""Somebody's computer in tests: `datadam` run on it as from a shell, and every command there is."""

import io
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import typer

from datadam import cli


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with the words that call it."""
    command = command or typer.main.get_command(cli.app)
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from commands(inner, (*path, name))
    else:
        yield path, command


ALL = dict(commands())
NAMES = [" ".join(words) for words in ALL]


@dataclass
class Done:
    """How a command ended."""

    code: int
    out: str
    error: str


Run = Callable[..., Done]


@dataclass
class Machine:
    """Somebody's computer: a folder of its own, and `datadam` on it."""

    folder: Path
    run: Run
    ran: set[str] = field(default_factory=set)

    def __call__(self, *words: object, code: int = 0) -> Done:
        """Run a command that must end with `code`."""
        done = self.run(*words)
        assert "Traceback" not in done.error
        assert done.code == code, (words, done)
        self.ran |= {name for name in NAMES if list(map(str, words))[: len(name.split())] == name.split()}
        return done


def a_machine(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    """A computer with nothing of ours on it but the program, until the test ends."""
    for name in list(os.environ):
        if name.startswith(("DATADAM_", "LC_", "LANG")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATADAM_HOME", str(folder / "home"))
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody is there

    def run(*words: object) -> Done:
        monkeypatch.setattr("sys.argv", ["datadam", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, error = capsys.readouterr()
        return Done(int(ended.value.code or 0), out, error)

    return Machine(folder, run)


def found(pattern: str, text: str) -> str:
    """What a pattern's group holds."""
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]
