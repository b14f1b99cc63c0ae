"""Act six: an auditor collects what both dams show it; verified offline, by us and by tools that are not ours."""

import json
import os
from datetime import UTC, datetime
from typing import Final

from datadam.bundled import Proven, verify
from datadam.client import bundles
from datadam.errors import Untrusted
from demo.shell import ROOT, Shell, must
from drill.cast import AUDITOR
from drill.scene import REFUSED, UNTRUSTED, Scene

BUNDLE: Final = "evidence"
"""The folder of the bundle, at the auditor's."""


def collect(scene: Scene) -> None:
    """Collect, verify, change a byte of each file, and let others verify."""
    scene.story.chapter("evidence")
    shell = scene.shell(AUDITOR)
    scene.until(lambda: _witnessed(scene), "both witnesses cosign both logs")
    cosigners = [word for one in _cosigners(scene) for word in ("--cosigned-by", one)]
    urls = [site.url for site in scene.sites.values()]
    shell.type("datadam", "evidence", "collect", *urls, "--key", "firm.key", "--into", BUNDLE, *cosigners)
    vkeys = [word for site in scene.sites.values() for word in ("--vkey", site.vkey)]
    trusted = [word for one in scene.witnesses for word in ("--cosigned-by", one.vkey)]
    words = ("datadam", "verify", BUNDLE, *vkeys[:2], *trusted, "--quorum", str(len(scene.witnesses)))
    shell.type(*words)
    found = json.loads(shell.run(*words, "--json").stdout)
    (shown,) = found["shown"]
    must(shown["whole"] and shown["refused"], "what the ministry was shown is not proven")
    must(len(found["withdrawals"]) == 1 and not found["pending"], "a withdrawal or an order is missing")
    entries = sum(one["size"] for one in found["dams"])
    scene.story.fact("verified", files=found["files"], entries=entries, crossings=len(found["crossings"]))
    _spoil(scene, shell, vkeys)
    _foreign(scene, shell)


def _cosigners(scene: Scene) -> list[str]:
    told = [site.told("peers")["self"]["cosigner"] for site in scene.sites.values()]
    return [*(one.vkey for one in scene.witnesses), *told]


def _witnessed(scene: Scene) -> bool:
    for site in scene.sites.values():
        with scene.reach(AUDITOR, site) as dam:
            text = "".join(dam.cosignatures())
        if not all(one.vkey.partition("+")[0] in text for one in scene.witnesses):
            return False
    return True


def _spoil(scene: Scene, shell: Shell, vkeys: list[str]) -> None:
    """One byte of one statement in a copy, by command; then one byte of each file in turn."""
    copy = shell.home / "spoilt"
    shell.type("cp", "-r", BUNDLE, "spoilt")
    path = next(iter(sorted(copy.glob("dams/*/bodies/*/*.json"))))
    path.write_bytes(_flipped(path.read_bytes()))
    shell.type("datadam", "verify", "spoilt", *vkeys, expect=UNTRUSTED)
    with bundles.opened(shell.home / BUNDLE) as (paths, read):
        held = {path: read(path) for path in paths}
    keys = [site.vkey for site in scene.sites.values()]
    refused = sum(_refused({**held, path: _flipped(data)}, keys) for path, data in held.items())
    must(refused == len(held), f"of {len(held)} files with a byte changed only {refused} were refused")
    scene.story.fact("spoilt", files=len(held), refused=refused)


def _flipped(data: bytes) -> bytes:
    changed = bytearray(data)
    changed[len(changed) // 2] ^= 1
    return bytes(changed)


def _refused(files: dict[str, bytes], vkeys: list[str]) -> bool:
    try:
        _verified(files, vkeys)
    except Untrusted:
        return True
    return False


def _verified(files: dict[str, bytes], vkeys: list[str]) -> Proven:
    return verify(list(files), files.__getitem__, vkeys=vkeys, now=datetime.now(UTC))


def _foreign(scene: Scene, shell: Shell) -> None:
    """Go's sumdb, npm jose and cedar-wasm, where they are installed."""
    program = ROOT / "tests" / "foreign" / "foreign_tools.py"
    done = shell.run("python", str(program), BUNDLE, *(site.vkey for site in scene.sites.values()))
    print(done.stdout + done.stderr)
    if done.returncode == REFUSED and not os.environ.get("CI"):
        scene.story.fact("foreign_missing")
        return
    must(done.returncode == 0, "a verifier that is not ours refuses the bundle")
    scene.story.fact("foreign")
