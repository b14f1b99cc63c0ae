"""A large file over HTTP in pieces, real server and real client on loopback: how fast, and how much memory each takes.

`--rows` is the file's size in MB (of 10^6 bytes). The file has holes where its bytes should be: it reads as zeros and
takes no room, but the server receives, hashes, writes and syncs every byte. Judging is switched off: it would add the
engine's memory, and this is about the way in. Ends with status 1 where either side took 200 MB or more.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import uvicorn

import measure
from datadam import client, seal, wiring
from datadam.adapters.spool_pieces import Pieces
from datadam.client import upload
from datadam.client.files import hashed
from datadam.client.home import new_key
from datadam.confirming import confirm
from datadam.dam import join, publish
from datadam.dam.works import Works
from datadam.dam.world import World
from datadam.edges import app, server
from datadam.formats import codelists
from datadam.model import Kind, Layout, Reading
from datadam.proposing import suggest

MB = 1_000_000
DEFAULT_MB = 200
MOST_MB = 20_480  # as a dam takes by default; a larger number was meant for rows
BAR_MB = 200  # of memory, whatever the file's size
STANDARD = "cti.indicator"


def peak_mb() -> float:
    """The largest resident size of this program so far; `ru_maxrss` would count its parent's before the exec too."""
    told = Path("/proc/self/status").read_text(encoding="ascii")
    return int(told.partition("VmHWM:")[2].split()[0]) / 1024


def cpu_s() -> float:
    """User and system seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def found(folder: Path, key: Path) -> None:
    """Make a dam with one standard and one contributor."""
    wiring.init(folder, name="bench.example/log", jurisdiction="KR", requests_per_minute=1_000_000)
    with wiring.world(folder, {}) as world:
        publish.publish(world, codelists.packaged_standard(STANDARD))
        admit(world, key)


def admit(world: World, key: Path, *roles: str) -> None:
    """Make a member, a contributor if nothing else is named, of whoever holds the new key in the file `key`."""
    jwk = new_key(key)
    terms, profile = join.accession_terms(), seal.canonical({"salt": seal.salt(), "legal_name": "B", "numbers": {}})
    facts = {
        "member": seal.member_id(jwk),
        "member_kind": "organisation",
        "key": seal.public(jwk),
        "jurisdiction": "KR",
        "roles": list(roles or ("contributor",)),
        "under": None,
        "profile": seal.digest(profile),
        "text": {"version": terms["version"], "language": "en", "digests": terms["digests"]},
        "authority": None,
        "effective": None,
        "reservations": [],
    }
    issued = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime())}Z"
    applied = join.apply(world, seal.envelope(seal.state(Kind.MEMBER, facts, issued=issued, key=jwk)), profile)
    join.approve(world, applied.id)


def serve(folder: Path) -> None:
    """Serve until standard input ends: the address on a line, and at the end what it took."""
    given = {"port": 0}
    with server.listening(wiring.read_settings(folder, **given)) as listener:
        given["port"] = listener.getsockname()[1]
        with wiring.world(folder, given) as world:
            works = Works(world)
            works.stop()  # takes no deposit in hand
            application = app.public_app(world, works, wiring.places(folder).log)
            running = uvicorn.Server(uvicorn.Config(application, log_config=None, access_log=False))
            threading.Thread(target=_end_with_input, args=(running,), daemon=True).start()
            print(world.settings.public_url, flush=True)
            idle = peak_mb()
            running.run(sockets=[listener])
    print(json.dumps({"peak_mb": peak_mb(), "idle_mb": idle, "cpu_s": cpu_s()}), flush=True)


def _end_with_input(running: uvicorn.Server) -> None:
    sys.stdin.read()
    running.should_exit = True


def send(url: str, key: Path, file: Path) -> None:
    """Announce the file and send it as `Dam.deposit` does, without waiting for a judge: what it took."""
    size = file.stat().st_size
    with client.connect(url, key=key) as dam:
        dam.trust()
        standard = dam.standard(STANDARD)
        header = tuple(column.name for column in standard.columns)
        layout = Layout(columns=header, types=("text",) * len(header), samples=((),) * len(header))
        fit = confirm(suggest(standard, layout, codelists.packaged()), standard, layout)
        dam.wait = _not_waiting  # type: ignore[method-assign]  # only the sending is measured
        begun = time.perf_counter()
        hashed(file)
        hashing = time.perf_counter() - begun
        id = dam.deposit(file, fit, reading=Reading())["id"]  # nothing to look at in a hole
        whole = time.perf_counter() - begun - hashing
        assert dam._get(f"/api/deposits/{id}", as_member=True)["stage"] == "received"  # noqa: SLF001  (as the client itself asks)
    seconds = whole - hashing  # `deposit` hashes the file once itself, before it announces it
    print(json.dumps({"peak_mb": peak_mb(), "cpu_s": cpu_s(), "seconds": seconds, "size": size}))


def _not_waiting(id: str, *, progress: object = None) -> dict[str, object]:
    del progress
    return {"id": id}


def reread_s(folder: Path) -> float:
    """Seconds to take up the whole file in a new process: what a restart costs, at its worst."""
    (received,) = (folder / "spool").glob("*/received")
    begun = time.perf_counter()
    Pieces(received.parent)
    return time.perf_counter() - begun


def main() -> int:
    """Run server and client, each a process of its own; print the figures; 1 where memory went beyond the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=DEFAULT_MB, help="size of the file in MB")
    parser.add_argument("--side", choices=["serve", "send"])
    parser.add_argument("--given", nargs="*", default=[])
    chosen = parser.parse_args()
    if chosen.side == "serve":
        serve(Path(chosen.given[0]))
        return 0
    if chosen.side == "send":
        send(chosen.given[0], Path(chosen.given[1]), Path(chosen.given[2]))
        return 0
    return compare(chosen.rows if chosen.rows <= MOST_MB else DEFAULT_MB)


def side(name: str, *given: object) -> list[str]:
    """The command of one side."""
    return [sys.executable, __file__, "--side", name, "--given", *map(str, given)]


def compare(size_mb: int) -> int:
    """Send a file of so many MB."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, key, file = (Path(temporary) / name for name in ("dam", "key.json", "large.csv"))
        found(folder, key)
        with file.open("wb") as sparse:
            sparse.truncate(size_mb * MB)
        with subprocess.Popen(side("serve", folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as dam:
            assert dam.stdout is not None
            url = dam.stdout.readline().strip()
            home = {**os.environ, "DATADAM_HOME": temporary, "DATADAM_RESUMABLE_BYTES": "0"}
            sent = subprocess.run(side("send", url, key, file), env=home, check=True, stdout=subprocess.PIPE, text=True)
            told, _ = dam.communicate()
        sender, taker = json.loads(sent.stdout), json.loads(told)
        again = reread_s(folder)
    peak = max(sender["peak_mb"], taker["peak_mb"])
    measure.say(
        name="upload",
        rate=size_mb / sender["seconds"],
        cpu_s=sender["cpu_s"] + taker["cpu_s"],
        peak_mb=peak,
        unit="MB",
        size_mb=size_mb,
        piece_mb=upload.PIECE / MB,
        server_mb=taker["peak_mb"],
        server_idle_mb=taker["idle_mb"],
        client_mb=sender["peak_mb"],
        memory_bar_mb=BAR_MB,
        reread_mb_s=size_mb / again,
    )
    return int(peak >= BAR_MB)


if __name__ == "__main__":
    sys.exit(main())
