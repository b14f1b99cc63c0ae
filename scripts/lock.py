"""Write constraints.txt: the exact version of everything that any extra brings in, as this environment has it.

Run it in an environment in which all extras are installed. `--check` only says what is missing or different.
"""

import argparse
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "constraints.txt"
APART = {"text"}  # extras that are tested in environments of their own, with versions of their own


def wanted() -> list[Requirement]:
    """What pyproject.toml asks for, every extra included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [texts for extra, texts in project["optional-dependencies"].items() if extra not in APART]
    lists = [project["dependencies"], *extras]
    found = [Requirement(text) for texts in lists for text in texts]
    return [requirement for requirement in found if canonicalize_name(requirement.name) != project["name"]]


def closure(requirements: list[Requirement]) -> dict[str, str]:
    """Name and version of everything that `requirements` bring in, themselves included."""
    versions: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(requirement, "") for requirement in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for part in ("", *requirement.extras):
            if (name, part) in seen:
                continue
            seen.add((name, part))
            try:
                found = metadata.distribution(name)
            except metadata.PackageNotFoundError:
                sys.exit(f"{name} is wanted but not installed here: install '.[server,demo,dev]' first")
            if part == "" and not requirement.specifier.contains(found.version, prereleases=True):
                sys.exit(f"{name} {found.version} is installed, but {requirement} is wanted")
            versions[name] = found.version
            waiting += [(Requirement(text), part) for text in found.requires or []]
    return versions


def main() -> None:
    """Write the file, or compare with it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    lines = [f"{name}=={version}" for name, version in sorted(closure(wanted()).items())]
    text = (
        "# Exact versions of everything that any extra brings in. Made by scripts/lock.py.\n" + "\n".join(lines) + "\n"
    )
    if not check:
        TARGET.write_text(text, encoding="utf-8")
        return
    held = dict(re.findall(r"^([a-z0-9-]+)==(\S+)$", TARGET.read_text(encoding="utf-8"), re.MULTILINE))
    unpinned = [line for line in lines if line.split("==")[0] not in held]
    if unpinned:
        sys.exit("not in constraints.txt (run scripts/lock.py): " + ", ".join(unpinned))


if __name__ == "__main__":
    main()
