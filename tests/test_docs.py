"""What the documents say is so: generated pages are fresh, links lead somewhere, commands and tests exist."""

import ast
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import typer.main

import datadam
from datadam import cli, client

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "demo").rglob("*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def blocks(*languages: str) -> Iterator[tuple[str, str]]:
    """Each fenced block in one of `languages`: where, and what is in it."""
    for page in PAGES:
        for language, text in BLOCK.findall(page.read_text(encoding="utf-8")):
            if language in languages:
                yield str(page.relative_to(ROOT)), text


def commands() -> list[tuple[str, str]]:
    """Each `datadam …` command that a page shows."""
    joined = ((where, text.replace("\\\n", " ")) for where, text in blocks("console", "bash", "sh"))
    lines = ((where, line.strip().removeprefix("$ ")) for where, text in joined for line in text.splitlines())
    return [(where, line.split("  #")[0].strip()) for where, line in lines if line.startswith("datadam ")]


def make_targets() -> list[tuple[str, str]]:
    """Each `make …` that a page shows."""
    texts = ((str(page.relative_to(ROOT)), page.read_text(encoding="utf-8")) for page in PAGES)
    return sorted({(where, target) for where, text in texts for target in re.findall(r"(?:`|\$ )make ([a-z]+)", text)})


@pytest.mark.parametrize("script", ["architecture.py", "docs.py", "draw.py"])
def test_generated_pages_are_fresh(script: str) -> None:
    """What is made from the code says what the code says now."""
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / script, "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link is a file of ours."""
    targets = [target.split("#")[0] for target in LINK.findall(page.read_text(encoding="utf-8"))]
    local = [target for target in targets if target and "://" not in target and not target.startswith("mailto:")]
    assert not [target for target in local if not (page.parent / target).exists()]


def test_the_pages_show_commands() -> None:
    """The checks below look at something."""
    assert len(commands()) > 10
    assert len(make_targets()) > 5


@pytest.mark.parametrize(("where", "line"), commands())
def test_commands_in_the_documents_exist(where: str, line: str) -> None:
    """Every command shown can be typed: its name, its options, as many arguments as it takes, all that it must have."""
    command: Any = typer.main.get_command(cli.app)
    words = shlex.split(line)[1:]
    while getattr(command, "commands", None):
        assert words, f"{where}: {line} is not a whole command"
        name = words.pop(0)
        assert name in command.commands, f"{where}: {line}: there is no {name}"
        command = command.commands[name]
    options = {name: p for p in command.params for name in [*p.opts, *p.secondary_opts] if name.startswith("-")}
    given, places = set(), 0
    while words:
        word = words.pop(0)
        if word.startswith("-"):
            name = word.split("=")[0]
            assert name == "--help" or name in options, f"{where}: {line}: there is no {name}"
            given.add(name)
            takes = name in options and not options[name].is_flag and "=" not in word
            words = words[1:] if takes else words
        else:
            places += 1
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    most = places if any(p.nargs < 0 for p in arguments) else len(arguments)
    assert sum(p.required for p in arguments) <= places <= most, f"{where}: {line}: arguments"
    missing = [p.name for p in options.values() if p.required and not given & {*p.opts, *p.secondary_opts}]
    assert not missing, f"{where}: {line} lacks {missing}"


@pytest.mark.parametrize(("where", "target"), make_targets())
def test_make_targets_in_the_documents_exist(where: str, target: str) -> None:
    """Every `make …` shown is one."""
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE), where


@pytest.mark.parametrize(("where", "text"), list(blocks("python")))
def test_python_in_the_documents_uses_what_there_is(where: str, text: str) -> None:
    """Every example parses, and what it takes from the package is there."""
    tree = ast.parse(text)
    known = set(datadam.__all__) | set(dir(client.Dam)) | set(dir(client.Reservoir))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "datadam":
            assert node.attr in datadam.__all__, f"{where}: datadam.{node.attr}"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "dam":
            assert node.attr in known, f"{where}: dam.{node.attr}"


def test_the_threat_model_names_real_tests() -> None:
    """A control whose test is gone is a claim."""
    named = re.findall(r"`(tests/[\w/.]+?)(?:::(\w+))?`", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    assert named
    for path, test in named:
        assert (ROOT / path).is_file(), path
        assert f"def {test}" in (ROOT / path).read_text(encoding="utf-8"), f"{path}::{test}"


@pytest.mark.parametrize("name", ["picture.svg", "picture.ko.svg"])
def test_the_pictures_can_be_read_by_all(name: str) -> None:
    """Well-formed, with a title for those who do not see it, and colours for light and dark."""
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    root = ET.fromstring(text)  # noqa: S314  (our own file)
    assert root.attrib["aria-label"]
    assert root.find("{http://www.w3.org/2000/svg}title") is not None
    assert "prefers-color-scheme: dark" in text


class Typist:
    """Types what the tutorial shows, in a folder of its own, and remembers the ids that it is told."""

    def __init__(self, folder: Path, port: int) -> None:
        """Type in `folder`; the dam listens on `port`."""
        self.folder, self.port = folder, port
        self.serving: subprocess.Popen[str] | None = None
        self.environ = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DATADAM_HOME": str(folder / "home"),
            "DATADAM_PORT": str(port),
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "200",
        }
        for name in ("demo", "src"):
            (folder / name).symlink_to(ROOT / name)

    def type(self, line: str) -> str:
        """Type one command; what it printed. It must succeed."""
        line = line.replace("8420", str(self.port))
        if line.startswith("datadam serve"):
            return self.serve(line)
        line += (
            " --yes" if line.startswith(("datadam join", "datadam deposit ", "datadam agree ")) else ""
        )  # no one is there to ask
        done = self.run(["bash", "-euc", line])
        self.remember(line, done)
        return done

    def run(self, command: list[str]) -> str:
        """Run one command."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def serve(self, line: str) -> str:
        """Start what keeps running, and wait until it says that it is there."""
        self.serving = subprocess.Popen(
            shlex.split(line), cwd=self.folder, env=self.environ, stdout=subprocess.PIPE, text=True
        )
        assert self.serving.stdout is not None
        return self.serving.stdout.readline()

    def remember(self, line: str, told: str) -> None:
        """Keep the ids that later lines name."""
        ids = re.findall(r"\b[0-9a-f]{64}\b", told)
        if line.startswith("datadam keygen"):
            self.environ["MEMBER"] = re.findall(r"m-[0-9a-f]{20}", told)[0]
        if line.startswith("datadam join"):
            self.environ["APPLICATION"] = ids[0]
        if line.startswith("datadam deposit "):
            self.environ["OUTCOME"] = ids[-1]
        if line.startswith("datadam deposits"):
            self.environ["DEPOSIT"] = re.findall(r"\b[0-9a-f]{12}\b", told)[0]

    def stop(self) -> None:
        """End what keeps running, as Ctrl-C does."""
        if self.serving is not None:
            self.serving.send_signal(signal.SIGINT)
            self.serving.communicate(timeout=60)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_tutorial_can_be_typed(tmp_path: Path) -> None:
    """From an empty folder to rows in a data frame, each line of the tutorial works as it stands."""
    typist = Typist(tmp_path, free_port())
    lines = [line for where, line in commands() if where == "docs/tutorial.md"]
    assert any(line.startswith("datadam serve") for line in lines)
    try:
        for line in lines:
            typist.type(line)
        assert list((tmp_path / "rows").glob("*.parquet"))
        examples = "\n".join(text for where, text in blocks("python") if where == "docs/tutorial.md")
        code = examples.replace("8420", str(typist.port)) + "\nprint(known.height)\n"
        told = typist.run([sys.executable, "-c", code]).split()
        assert int(told[-1]) > 1000
    finally:
        typist.stop()
