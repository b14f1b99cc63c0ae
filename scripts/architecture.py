"""Write ARCHITECTURE.md from the first line of every module's docstring and the layers in pyproject.toml.

`--check` writes nothing and fails where the file would change.
"""

import argparse
import ast
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = ROOT / "src" / "datadam"
TARGET = ROOT / "ARCHITECTURE.md"

OPENING = """# Architecture

Made by `scripts/architecture.py` from the code; `make docs` writes it anew and the tests refuse an old one.

Read `errors.py`, `model.py` and `ports.py` first, then `dam/`: each verb is one short file that reads as its own
recipe. Rules are pure functions below; what touches a disk, a table or a wire is an adapter, an edge or the client.

## Which file may know which

Water flows downhill: a line may import any line below it, never one above; `|` stands between files that may not know
each other; what is in brackets is not there yet. import-linter holds this in CI, together with: edges do not know one
another, only `wiring` names adapters, what lies below the adapters does no I/O, only `seal` knows keys.

```
"""


def layers() -> list[str]:
    """The layers, top first, as the contract has them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    for contract in settings["contracts"]:
        if contract["type"] == "layers" and contract["containers"] == ["datadam"]:
            lines: list[str] = contract["layers"]
            return [" | ".join(_shown(part.strip()) for part in line.split("|")) for line in lines]
    sys.exit("pyproject.toml has no layers contract")


def _shown(part: str) -> str:
    name = part.strip("()")
    there = (CODE / f"{name}.py").exists() or (CODE / name).is_dir()
    return name if there else f"({name})"


def first_line(path: Path) -> str:
    """What a module's docstring says first."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if not docstring:
        sys.exit(f"{path.relative_to(ROOT)} does not say what it is")
    return docstring.splitlines()[0]


def row(path: Path, name: str) -> str:
    """One line of a table: the file and what it is."""
    return f"| `{name}` | {first_line(path).replace('|', '/')} |"


def text() -> str:
    """The whole of ARCHITECTURE.md."""
    parts = [OPENING + "\n".join(layers()) + "\n```\n"]
    folders = [CODE, *sorted(path.parent for path in CODE.rglob("__init__.py") if path.parent != CODE)]
    for folder in folders:
        files = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
        title = "datadam" if folder == CODE else str(folder.relative_to(CODE))
        parts.append(f"## {title}\n\n{first_line(folder / '__init__.py')}\n")
        if files:
            table = "\n".join(row(path, path.name) for path in files)
            parts.append(f"| file | is |\n|---|---|\n{table}\n")
    return "\n".join(parts)


def main() -> None:
    """Write the file, or compare with it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    if not check:
        TARGET.write_text(text(), encoding="utf-8")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text():
        sys.exit("ARCHITECTURE.md is old: run `make docs`")


if __name__ == "__main__":
    main()
