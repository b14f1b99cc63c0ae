"""Runs the verifiers that share no code with us: builds the Go programs, gets what the programs for Node need.

As a program it runs all of them over an evidence bundle: `python foreign_tools.py BUNDLE VKEY...`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
GOPATH: Final = Path("/usr/share/gocode")  # where Debian puts golang-golang-x-mod-dev
SHARED: Final[Mapping[str, tuple[str, ...]]] = {
    "verify": ("log",),
    "cosigned": ("log", "witness"),
    "bundle": ("log", "witness"),
}
"""What each Go program is built of beside its own file."""
NAMES: Final = ("Go's sumdb: logs", "npm jose: signatures", "npm cedar-wasm: decisions")
BREAKS: Final = 3  # times that an engine may break off: V8 does at times, which decides nothing


class Absent(Exception):
    """A foreign tool is not installed."""


def run(
    *command: str | Path, cwd: Path | None = None, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a tool to its end."""
    words = [str(word) for word in command]
    env = {**os.environ, **(variables or {})}
    return subprocess.run(words, capture_output=True, text=True, timeout=300, check=False, cwd=cwd, env=env)


def built(name: str, folder: Path) -> Path:
    """One of the Go programs that lie here, built with Debian's packages and without a network."""
    if shutil.which("go") is None or not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        raise Absent("Go with golang.org/x/mod")  # noqa: TRY003  (its name is all that there is to say)
    offline = {"GO111MODULE": "off", "GOPATH": str(GOPATH), "GOCACHE": str(folder / "cache"), "GOFLAGS": ""}
    sources = [HERE / f"{part}.go" for part in (name, *SHARED[name])]
    done = run("go", "build", "-o", folder / name, *sources, variables=offline)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return folder / name


def noded(folder: Path) -> Path:
    """A folder with our programs for Node, and what they need, pinned."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Absent("Node with npm")  # noqa: TRY003
    for path in (*HERE.glob("package*.json"), *HERE.glob("*.mjs")):
        shutil.copy(path, folder / path.name)
    got = run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=folder)
    if got.returncode != 0:
        raise Absent("npm's jose and cedar-wasm (no registry could be reached)")  # noqa: TRY003
    return folder


def node(folder: Path, program: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one of them."""
    for _ in range(BREAKS):
        done = run("node", program, *words, cwd=folder)
        if done.returncode >= 0:
            break
    return done


def over_bundle(
    go: Path, npm: Path, bundle: Path, vkeys: Sequence[str]
) -> tuple[subprocess.CompletedProcess[str], ...]:
    """What Go, jose and cedar-wasm say of a bundle, in this order."""
    return (
        run(go, bundle, *vkeys),
        node(npm, "bundle.mjs", bundle.absolute()),
        node(npm, "decisions.mjs", bundle.absolute()),
    )


def main() -> int:
    """Run all three over a bundle; 0 where all hold, 1 where one refuses, 3 where one is not installed."""
    bundle, *vkeys = sys.argv[1:]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        try:
            found = over_bundle(built("bundle", folder), noded(folder), Path(bundle), vkeys)
        except Absent as error:
            sys.stderr.write(f"not installed: {error}; see scripts/system_packages.sh\n")
            return 3
    for name, done in zip(NAMES, found, strict=True):
        told = [f"{name}: {'holds' if done.returncode == 0 else 'REFUSED'}"]
        told += [f"  {line}" for line in (done.stdout + done.stderr).splitlines()]
        sys.stdout.write("".join(f"{line}\n" for line in told))
    return int(any(done.returncode for done in found))


if __name__ == "__main__":
    sys.exit(main())
