"""Write the bill of materials (CycloneDX 1.6, JSON): what `datadam[server]` brings in, exactly as it is installed here.

    python scripts/sbom.py build/sbom.json

Versions are those of constraints.txt, or it stops; licences are what each package says of itself. The same environment
gives the same bytes, so that two builds can be compared: there is no time and no random number in it.
"""

import hashlib
import json
import sys
import tomllib
import uuid
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import lock

ROOT = Path(__file__).resolve().parents[1]
EXTRA = "server"


def project() -> dict[str, Any]:
    """What pyproject.toml says of us."""
    told: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return told


def asked(told: dict[str, Any], extra: str) -> Iterator[Requirement]:
    """What an extra asks for, with those that it includes."""
    for text in told["optional-dependencies"][extra]:
        requirement = Requirement(text)
        if canonicalize_name(requirement.name) == told["name"]:
            for inner in requirement.extras:
                yield from asked(told, inner)
        else:
            yield requirement


def purl(name: str, version: str) -> str:
    """A package's address (package-url, type pypi)."""
    return f"pkg:pypi/{name}@{version}"


def licences(found: metadata.Distribution) -> list[dict[str, Any]]:
    """What a package says of its licence: an SPDX expression where it has one, else the names in its classifiers."""
    if expression := [str(text) for text in found.metadata.get_all("License-Expression", [])]:
        return [{"expression": expression[0]}]
    names = [text.rpartition(" :: ")[2] for text in found.metadata.get_all("Classifier", []) if "License ::" in text]
    names = names or [str(text) for text in found.metadata.get_all("License", []) if "\n" not in str(text)]
    files = sorted(str(path) for path in found.files or () if "LICEN" in path.name.upper())
    return [{"license": {"name": name}} for name in names or [f"see {file}" for file in files] or ["not said"]]


def component(name: str, version: str) -> dict[str, Any]:
    """One package."""
    found = metadata.distribution(name)
    return {
        "type": "library",
        "bom-ref": purl(name, version),
        "name": name,
        "version": version,
        "purl": purl(name, version),
        "licenses": licences(found),
    }


def needs(name: str, versions: dict[str, str], extras: tuple[str, ...] = ("",)) -> list[str]:
    """The addresses of what a package needs, of those that are in the bill."""
    found = set()
    for text in metadata.distribution(name).requires or []:
        requirement = Requirement(text)
        wanted = canonicalize_name(requirement.name)
        marked = requirement.marker is None or any(requirement.marker.evaluate({"extra": one}) for one in extras)
        if marked and wanted in versions:
            found.add(purl(wanted, versions[wanted]))
    return sorted(found)


def bill() -> dict[str, Any]:
    """The bill of materials."""
    told = project()
    direct = [Requirement(text) for text in told["dependencies"]] + list(asked(told, EXTRA))
    versions = lock.closure(direct)
    pinned = dict(line.split("==") for line in lock.TARGET.read_text(encoding="utf-8").splitlines() if "==" in line)
    if wrong := sorted(name for name, version in versions.items() if pinned.get(name) != version):
        sys.exit("not as in constraints.txt: " + ", ".join(wrong))
    own = purl(told["name"], told["version"])
    made = [component(name, version) for name, version in sorted(versions.items())]
    names = {canonicalize_name(requirement.name) for requirement in direct}
    tree = [{"ref": own, "dependsOn": sorted(purl(name, versions[name]) for name in names)}]
    tree += [{"ref": purl(name, v), "dependsOn": needs(name, versions)} for name, v in sorted(versions.items())]
    serial = uuid.UUID(bytes=hashlib.sha256(json.dumps([own, made, tree]).encode()).digest()[:16], version=4)
    licence = [{"expression": told["license"]}]
    root = {"type": "application", "bom-ref": own, "name": told["name"], "version": told["version"], "purl": own}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": {**root, "licenses": licence}},
        "components": made,
        "dependencies": tree,
    }


def main() -> None:
    """Write it."""
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    told = bill()
    target.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{target}: {len(told['components'])} packages")


if __name__ == "__main__":
    main()
