"""The rules of the house: who may import what, what may be shipped, how fast it starts."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
CODE = ROOT / "src" / "datadam"
MODULES = sorted(CODE.rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MAY_IMPORT_LATE = {"cli", "wiring.py"}  # and every __init__.py: PEP 562
ABOVE = {"cli", "wiring", "edges", "domains", "adapters", "client", "__main__", "standards", "dam"}
IMPORT_SECONDS = 0.3  # CPU, `import datadam`
HELP_SECONDS = 0.4  # CPU, `datadam --help`
HEAVY = {"deltalake", "fastapi", "numpy", "pandas", "polars", "pyarrow", "sklearn", "sqlalchemy", "starlette"}


def imports(tree: ast.AST) -> list[str]:
    """Every module that `tree` imports, dotted."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module)
        elif isinstance(node, ast.ImportFrom):
            found.append("datadam")  # a relative import is one of our own
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CODE)))
def test_our_own_modules_are_imported_at_the_top(path: Path) -> None:
    """Only __init__.py, cli/ and wiring.py may import our own package late: elsewhere that hides a cycle."""
    if path.name == "__init__.py" or path.relative_to(CODE).parts[0] in MAY_IMPORT_LATE:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    late = [name for function in functions for name in imports(function) if name.split(".")[0] == "datadam"]
    assert not late


def test_every_module_says_first_what_it_is() -> None:
    """ARCHITECTURE.md is made of these lines."""
    silent = [path.name for path in MODULES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert not silent


def test_nothing_is_called_manager() -> None:
    """A name that says nothing hides two things that should have had names."""
    vague = re.compile(r"^(utils?|helpers?|common|misc|.*(Manager|Handler|Helper))$")
    named = [path.stem for path in MODULES]
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named += [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert not [name for name in named if vague.match(name)]


@pytest.mark.parametrize("title", ["do no I/O of their own", "Only seal knows keys"])
def test_the_contracts_forget_no_module(title: str) -> None:
    """A new module is held by the contracts from its first day."""
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    held = {name for contract in contracts if title in contract["name"] for name in contract["source_modules"]}
    there = {path.relative_to(CODE).parts[0].removesuffix(".py") for path in MODULES} - {"__init__"}
    exempt = (ABOVE - {"dam"}) if "I/O" in title else {"seal", "__main__", "standards"}
    assert {f"datadam.{name}" for name in there - exempt} <= held


def base_names() -> set[str]:
    """The import names of what the light client depends on."""
    requirements = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
    wanted = {canonicalize_name(requirement.name) for requirement in requirements}
    return {
        module
        for module, packages in metadata.packages_distributions().items()
        if wanted & {canonicalize_name(package) for package in packages}
    }


def test_the_light_client_needs_only_what_it_declares() -> None:
    """What lies outside adapters, edges and wiring imports, at its top, the standard library and base dependencies."""
    allowed = set(sys.stdlib_module_names) | base_names() | {"datadam"}
    undeclared = []
    for path in MODULES:
        if path.relative_to(CODE).parts[0].removesuffix(".py") in {"adapters", "edges", "wiring", "domains"}:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        names = [name for node in top for name in imports(node)]
        undeclared += [f"{path.name}: {name}" for name in names if name.split(".")[0] not in allowed]
    assert not undeclared


def test_constraints_are_exact_and_name_no_place() -> None:
    """Pins only: no address, no path, no editable line."""
    for name in ("constraints.txt", "constraints-foreign.txt", "constraints-accountant.txt"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        pins = [line for line in lines if not line.startswith("#")]
        assert pins == sorted(pins, key=lambda pin: pin.split("==")[0])
        assert all(re.fullmatch(r"[a-z0-9-]+==[0-9A-Za-z.+!]+", pin) for pin in pins)


def test_everything_shipped_may_be_shipped() -> None:
    """Nothing that a user installs is under the GPL, LGPL or AGPL."""
    names = re.findall(r"^([a-z0-9-]+)==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    strict = []
    for name in names:
        facts = metadata.metadata(name)
        said = facts.get_all("License-Expression") or []
        said += [line for line in facts.get_all("Classifier") or [] if "License ::" in line]
        if any(re.search(r"\b[AL]?GPL|GNU .*General Public", line) for line in said):
            strict.append(name)
    assert not strict


def cpu_seconds(*command: str) -> float:
    """CPU seconds, user and system, of the quickest of five runs, free of coverage measurement."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("COV_", "COVERAGE_"))}
    timed = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "use = resource.getrusage(resource.RUSAGE_CHILDREN); print(use.ru_utime + use.ru_stime)"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", timed, *command], env=environ, check=True, capture_output=True, text=True
        ).stdout
        for _ in range(5)
    ]
    return min(float(run) for run in runs)


def test_importing_is_quick() -> None:
    """`import datadam` costs less than 0.3 s of CPU."""
    assert cpu_seconds(sys.executable, "-c", "import datadam") < IMPORT_SECONDS


def test_help_is_quick() -> None:
    """`datadam --help` costs less than 0.4 s of CPU."""
    assert cpu_seconds(sys.executable, "-c", "from datadam.cli import main; main()", "--help") < HELP_SECONDS


@pytest.mark.parametrize("command", ["import datadam", "import datadam.cli", "import datadam.client"])
def test_starting_loads_no_data_frames(command: str) -> None:
    """A person who asks for help does not wait for Polars, pandas or a web framework."""
    code = f"{command}\nimport sys\nprint(*sorted(set(sys.modules) & {HEAVY!r}))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not loaded


def test_nothing_names_the_machine_it_was_made_on() -> None:
    """No path of a developer's machine and no choice of a package index stands in the repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    here = re.escape(os.fsencode(ROOT) + b"/")  # wherever this checkout lies
    marks = re.compile(rb"/(?:home|Users)/[A-Za-z]+/|--(?:no-|extra-)?index|--find[-]links|file:/{3}[a-z]|" + here)
    named = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file() and marks.search(path.read_bytes()):
            named.append(name)
    assert not named
