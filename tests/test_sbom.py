"""The bill of materials: all that the server brings in, exactly as pinned, each with a licence, and in one tree."""

import ast
import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The bill of this environment."""
    target = tmp_path_factory.mktemp("sbom") / "sbom.json"
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "sbom.py", target], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    again = target.with_name("again.json")
    subprocess.run([sys.executable, ROOT / "scripts" / "sbom.py", again], check=True, capture_output=True)
    assert target.read_bytes() == again.read_bytes()  # two builds can be compared
    return json.loads(target.read_text(encoding="utf-8"))


def test_the_bill_is_cyclonedx_as_its_specification_wants_it(bill: Any) -> None:
    """The fields that CycloneDX 1.6 asks for; every reference is one; every package is reached from ours."""
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    uuid = r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert re.fullmatch(uuid, bill["serialNumber"])
    own = bill["metadata"]["component"]["bom-ref"]
    refs = [one["bom-ref"] for one in bill["components"]]
    assert len(set(refs)) == len(refs)
    tree = {one["ref"]: set(one["dependsOn"]) for one in bill["dependencies"]}
    assert set(tree) == {own, *refs}
    reached, waiting = set[str](), {own}
    while waiting:
        one = waiting.pop()
        reached.add(one)
        waiting |= tree[one] - reached
    assert reached == {own, *refs}


def test_the_bill_is_what_is_pinned_and_says_every_licence(bill: Any) -> None:
    """Versions are those of constraints.txt; nothing that only developers use is in it."""
    pinned = set((ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines())
    for one in bill["components"]:
        assert f"{one['name']}=={one['version']}" in pinned
        assert one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}"
        assert one["licenses"]
    names = {one["name"] for one in bill["components"]}
    assert {"polars", "deltalake", "cryptography", "uvicorn", "httpx"} <= names
    assert not names & {"pytest", "mypy", "ruff", "hypothesis", "prometheus-client"}


def test_the_server_imports_nothing_that_it_does_not_bring_along(bill: Any) -> None:
    """What adapters and edges import, wherever they do, is in the bill; the reference engine is for tests alone."""
    brought = {one["name"] for one in bill["components"]}
    known = set(sys.stdlib_module_names) | {"datadam", "compression"}  # the latter is Python 3.14's own
    for module, packages in metadata.packages_distributions().items():
        if {canonicalize_name(package) for package in packages} & brought:
            known.add(module)
    strange = set()
    for path in (ROOT / "src" / "datadam").rglob("*.py"):
        # the client's frames, and what looks through free text, are extras of their own
        if path.parent.name in {"memory", "client"} or path.name == "presidio_text.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [str(node.module)]
            strange |= {f"{path.name}: {name}" for name in names if name.split(".")[0] not in known}
    assert not strange
