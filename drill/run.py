"""The drill: two countries' dams act as one where that is allowed. `python -m drill.run [--folder DIR] [--once]`.

Two dams run as two processes with two folders, two operators' keys and two witnesses. Each step checks what came out;
the first that is not as it should be ends all with exit code 1. At the end there is a bundle of evidence that anybody
can verify, and the story on a page. The folder must be new: a drill begins with nothing.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from datadam import client, texts
from datadam.errors import DamError
from demo.shell import ROOT, Failed, must
from drill import founding, orders, proof, reports, suppliers, withdrawal
from drill.beside import Beside
from drill.cast import AUDITOR
from drill.scene import Scene
from drill.site import together
from drill.story import LANGUAGES, Story

NETWORKS: Final = 100  # of each kind, beside the story


def play(folder: Path, *, once: bool, networks: int, language: str) -> None:
    """All of it; then serve on, unless `once`."""
    started = time.monotonic()
    must(not folder.exists() or not any(folder.iterdir()), f"{folder} is not empty: a drill begins with nothing")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ[client.HOME_VARIABLE] = str(folder / "looking-on")  # what the drill itself pins is nobody's
    scene = Scene(folder, Story(language))
    sites, witnesses = list(scene.sites.values()), scene.witnesses
    with (
        Beside(networks, folder / "networks") as beside,
        together(*(site.relay for site in sites)),
        ExitStack() as served,
    ):
        founding.found(scene)
        served.enter_context(together(*(one.served() for one in witnesses), *(one.served() for one in sites)))
        founding.admit(scene)
        founding.peer(scene)
        founding.invite(scene)
        suppliers.prepare(scene)
        suppliers.search(scene)
        suppliers.show(scene)
        suppliers.look_elsewhere(scene)
        reports.report(scene)
        reports.warn(scene)
        orders.cut_off(scene, orders.suspend(scene))
        withdrawal.take_back(scene)
        proof.collect(scene)
        took = time.monotonic() - started
        beside.tell(scene.story)
        scene.story.fact("took", seconds=f"{took:.0f}")
        scene.story.write(folder)
        print(f"\n    The evidence: {scene.shell(AUDITOR).home / proof.BUNDLE}")
        print(f"    The story: {folder / 'story.html'}, in Korean {folder / 'story.ko.html'} (and .md)")
        print("\n    All steps passed.", flush=True)
        if not once:
            with suppress(KeyboardInterrupt):
                print("    Serving until Ctrl+C.", flush=True)
                signal.pause()
            print()


def failed(why: str) -> int:
    """Say why not all passed; the exit code."""
    print(f"\n    Not passed: {why}", file=sys.stderr)
    return 1


def main() -> int:
    """Play; the exit code: 0 when all passed, 1 when a step did not, 130 when interrupted before the end."""
    parser = argparse.ArgumentParser(description="Two countries, two dams, one drill.")
    parser.add_argument("--folder", type=Path, default=ROOT / "drill-dams", help="a new folder for all of it")
    asked = os.environ.get("ONCE", "") not in {"", "0"}
    many = os.environ.get("NETWORKS") or NETWORKS
    parser.add_argument("--once", action="store_true", default=asked, help="end when all has passed")
    parser.add_argument("--networks", type=int, default=many, help=f"of each kind, beside the story; {NETWORKS}")
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="in which the story is printed")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the servers are ended as well
    try:
        play(given.folder.absolute(), once=given.once, networks=given.networks, language=given.language)
    except DamError as error:
        return failed(f"{texts.explain(error).what} {texts.explain(error).remedy}")
    except (Failed, OSError, subprocess.SubprocessError) as error:
        return failed(str(error))
    except KeyboardInterrupt:
        print()
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
