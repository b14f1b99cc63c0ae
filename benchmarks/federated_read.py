"""What it costs a member to read one reservoir over two dams, against reading each by itself, in CPU seconds.

Two dams in real folders, each served by a process of its own, peered; a member of the one is a guest of the other. The
sides are programs of that member and its cost alone is counted: `two` opens the reservoir at each dam and loads it,
`all` opens `…@all`, which also asks for both receipts, hashes every file that came and tells each row its dam. Half of
`--rows` lie in each dam.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import polars as pl

import measure
import small_deposits
import upload
from datadam import client, wiring
from datadam.client.federated import Federated
from datadam.client.home import HOME_VARIABLE, read_key
from datadam.confirming import confirm
from datadam.dam import peer, publish
from datadam.dam.world import World
from datadam.errors import NotFound
from datadam.formats import codelists
from datadam.model import Json, Layout
from datadam.proposing import suggest

BAR = 1.2
DEFAULT = 10_000_000
ROUNDS = 3
ID = "bench.meter"
NAMES = {"kr": ("kr.example/log", "KR"), "us": ("us.example/log", "US")}
HEADER = ("meter", "day", "place", "amount")
STANDARD = """\
apiVersion: v3.2.0
kind: DataContract
id: bench.meter
version: 1.0.0
name: Readings
status: active
description: {purpose: Readings of meters.}
customProperties:
  - {vendor: datadam, property: titles, value: {ko: 검침}}
  - {vendor: datadam, property: descriptions, value: {ko: 계량기를 읽은 값입니다.}}
  - {vendor: datadam, property: tier, value: open}
  - {vendor: datadam, property: attribution, value: contributor}
  - {vendor: datadam, property: repeat, value: keep}
  - {vendor: datadam, property: purposes, value: [research]}
schema:
  - name: bench_meter
    logicalType: object
    physicalType: table
    properties:
"""
COLUMN = """\
      - name: {name}
        businessName: {name}
        description: A {name}.
        logicalType: {kind}
        classification: business
        required: true
{more}        customProperties:
          - {{vendor: datadam, property: titles, value: {{ko: {name} 열}}}}
          - {{vendor: datadam, property: descriptions, value: {{ko: 값입니다.}}}}
"""
KINDS = {
    "meter": (
        "string",
        "        logicalTypeOptions: {maxLength: 20}\n        primaryKey: true\n        primaryKeyPosition: 1\n",
    ),
    "day": ("date", ""),
    "place": ("string", "        logicalTypeOptions: {maxLength: 20}\n"),
    "amount": ("integer", "        logicalTypeOptions: {minimum: 0, maximum: 1000000}\n"),
}


def readings(count: int, first: int) -> bytes:
    """A file of so many readings, whose meters nobody else has."""
    rng = np.random.default_rng(first)
    frame = pl.DataFrame(
        {
            "meter": "M" + pl.Series(np.arange(first, first + count)).cast(pl.String).str.zfill(9),
            "day": pl.Series(rng.integers(18_000, 20_000, count)).cast(pl.Int32).cast(pl.Date),
            "place": pl.Series(["north", "south", "port", "site"]).gather(rng.integers(0, 4, count)),
            "amount": rng.integers(0, 1_000_000, count),
        }
    )
    return frame.write_csv().encode()


def founded(folder: Path, name: str, port: int, count: int) -> None:
    """A dam with its rows, which knows where it will be served."""
    origin, land = NAMES[name]
    wiring.init(folder / name, name=origin, jurisdiction=land, port=port)
    with wiring.world(folder / name) as world:
        text = STANDARD + "".join(COLUMN.format(name=one, kind=KINDS[one][0], more=KINDS[one][1]) for one in HEADER)
        publish.publish(world, text)
        upload.admit(world, folder / f"{name}.json")
        if name == "kr":
            upload.admit(world, folder / "reader.json", "consumer")
        standard = publish.current(world, ID)
        layout = Layout(columns=HEADER, types=("text",) * len(HEADER), samples=((),) * len(HEADER))
        fit = confirm(suggest(standard, layout, codelists.packaged()), standard, layout)
        small_deposits.hand_in(
            world, read_key(folder / f"{name}.json"), fit, readings(count, 0 if name == "kr" else count)
        )


def terms() -> Json:
    """What the two agree: this reservoir, in both directions."""
    (kr, _), (us, _) = NAMES["kr"], NAMES["us"]
    return {
        "v": 1,
        "between": [{"origin": kr, "jurisdiction": "KR"}, {"origin": us, "jurisdiction": "US"}],
        "standards": [ID],
        "classes": ["public", "business"],
        "directions": [{"from": kr, "to": us}, {"from": us, "to": kr}],
        "residency": "rows-stay",
        "corridors": [],
        "contact_seconds": 3600,
        "guests": True,
    }


@contextmanager
def served(folder: Path, name: str) -> Iterator[None]:
    """Serve a dam from a process of its own until the end."""
    command = [sys.executable, "-m", "datadam.cli", "serve", str(folder / name)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        running.stdout.readline()
        yield
    finally:
        running.terminate()
        running.wait()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def peered(folder: Path, ports: dict[str, int]) -> None:
    """Each signs while the other is served."""
    with served(folder, "us"), wiring.world(folder / "kr") as world:
        added(world, ports["us"], terms())
    with served(folder, "kr"), wiring.world(folder / "us") as world:
        added(world, ports["kr"], None)


def added(world: World, port: int, told: Json | None) -> None:
    """Offer the peering, or sign the one that is offered."""
    peer.add(world, f"http://127.0.0.1:{port}", terms=told)


def read(side: str, ports: dict[str, int], key: Path) -> None:
    """One side: the member's program."""
    with ExitStack() as stack:
        dams = [
            stack.enter_context(client.connect(f"http://127.0.0.1:{ports[name]}", key=key)) for name in ("kr", "us")
        ]
        if side == "two":
            frames = [dam.open(ID).to_polars() for dam in dams]
            print(sum(frame.height for frame in frames))
            return
        found = dams[0].open(f"{ID}@all")
        assert isinstance(found, Federated)
        print(found.to_polars(strict=True).height)
        assert all(part.receipt for part in found.parts)


def visit(ports: dict[str, int], key: Path) -> None:
    """The member becomes a guest of the other dam, as soon as that one has heard of it."""
    urls = [f"http://127.0.0.1:{ports[name]}" for name in ("kr", "us")]
    with client.connect(urls[0], key=key) as home, client.connect(urls[1], key=key) as away:
        until = time.monotonic() + 60
        while True:
            try:
                away.join_as_guest(home, language="en")
            except NotFound:  # not followed yet
                if time.monotonic() > until:
                    raise
                time.sleep(0.5)
            else:
                return


def main() -> None:
    """Make the dams, run the sides in turns, print the figures; or be a side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=DEFAULT)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--side", choices=("two", "all"))
    parser.add_argument("--ports", type=int, nargs=2)
    parser.add_argument("--key", type=Path)
    parser.add_argument("--into", type=Path, help="where a side writes what it cost")
    asked = parser.parse_args()
    if asked.side:
        begun = time.process_time()
        read(asked.side, dict(zip(("kr", "us"), asked.ports, strict=True)), asked.key)
        with asked.into.open("a") as file:
            file.write(f"{time.process_time() - begun}\n")
        return
    print(json.dumps(compared(asked.rows, asked.rounds)))


def compared(rows: int, rounds: int = ROUNDS) -> dict[str, object]:
    """Make the dams and run the sides in turns: what each cost, with and without what a program costs to start."""
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        os.environ[HOME_VARIABLE] = str(folder / "home")
        ports = {name: free_port() for name in NAMES}
        for name, port in ports.items():
            founded(folder, name, port, rows // 2)
        peered(folder, ports)
        for name in NAMES:
            stack.enter_context(served(folder, name))
        visit(ports, folder / "reader.json")
        told = [str(port) for port in ports.values()]
        key = str(folder / "reader.json")
        given = ["--ports", *told, "--key", key]
        sides = {side: [__file__, "--side", side, *given, "--into", str(folder / side)] for side in ("two", "all")}
        read("two", ports, Path(key))  # the shares are made by the first who asks
        costs = measure.compare(sides, turns=rounds)
        alone = {side: statistics.median(map(float, (folder / side).read_text().split())) for side in sides}
    whole = {side: cost.cpu_s for side, cost in costs.items()}
    return {
        "name": "federated_read",
        "ratio": round(alone["all"] / alone["two"], 3),
        "bar": BAR,
        "rows": rows,
        "ratio_with_start": round(whole["all"] / whole["two"], 3),
        **{f"{side}_cpu_s": round(spent, 3) for side, spent in alone.items()},
        **{f"{side}_with_start_cpu_s": round(spent, 3) for side, spent in whole.items()},
        **{f"{side}_peak_mb": round(cost.peak_mb, 1) for side, cost in costs.items()},
    }


if __name__ == "__main__":
    main()
