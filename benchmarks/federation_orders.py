"""How soon an order binds in both of two peered dams while both decide: from the operator's word to the first denial.

Two dams in real folders, each served by a process of its own on loopback. Members ask each of them for decisions at a
steady pace. Then one operator issues an order, again and again, and lifts it: measured is until the same member's next
ask is denied there and in the other dam, asked every few milliseconds, and until it is allowed in both again.
"""

import argparse
import http.client
import itertools
import json
import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import federated_read
import upload
from datadam import client, wiring
from datadam.client.home import HOME_VARIABLE
from datadam.edges import operator

BAR_S: Final = 1.0  # p99
RATE: Final = 200  # decisions a second and dam
LINES: Final = 4  # connections to each
MOST: Final = 200  # orders; more tell no more
BOUNDED: Final = 50  # where a larger number was meant for rows
PROBE_S: Final = 0.004
GIVEN_UP_S: Final = 30.0
DESTINATIONS: Final = ("KR", "US", "DE", "FR", "SG", "BR", "IN", "CA", "GB", "IT", "ES", "NL", "SE", "PL", "MX", "CL")


@dataclass
class Load:
    """Decisions at a steady pace, and how many there were."""

    stop: threading.Event = field(default_factory=threading.Event)
    done: list[float] = field(default_factory=list)  # seconds that each took

    def run(self, port: int, token: str, rate: float) -> None:
        """Ask one after the other on one connection, each at its time."""
        line, wanted = Line(port, token), itertools.cycle(DESTINATIONS)
        start = time.monotonic()
        for number in itertools.count():
            if self.stop.is_set():
                return
            time.sleep(max(0.0, start + number / rate - time.monotonic()))
            began = time.monotonic()
            line.allowed(next(wanted))
            self.done.append(time.monotonic() - began)


class Line:
    """One connection of a member to a dam."""

    def __init__(self, port: int, token: str) -> None:
        """Keep it open."""
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._http.connect()
        self._http.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked = 0
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def allowed(self, destination: str) -> bool:
        """Whether rows may be read and taken there, by a decision that is logged."""
        self.asked += 1
        asked = {"action": "read", "standard": federated_read.ID, "purpose": "research", "destination": destination}
        self._http.request("POST", "/api/decisions", json.dumps(asked), self._headers)
        answer = self._http.getresponse()
        told = json.loads(answer.read())
        assert answer.status in {200, 201}, told
        return bool(told["allowed"])


def until(line: Line, *, allowed: bool) -> float:
    """When an ask for Japan was first answered so."""
    given_up = time.monotonic() + GIVEN_UP_S
    while line.allowed("JP") is not allowed:
        if time.monotonic() > given_up:
            message = "it never bound"
            raise TimeoutError(message)
        time.sleep(PROBE_S)
    return time.monotonic()


def changes(folder: Path, lines: tuple[Line, Line], times: int) -> Iterator[tuple[float, float]]:
    """Issue an order and lift it, so many times: seconds until each of the two dams went by it."""
    sockets = wiring.places(folder / "kr").socket
    order = {"classes": "business", "destinations": "JP", "reason": "measured", "ground": "none"}
    for _ in range(times):
        began = time.monotonic()
        id = operator.over_socket(sockets, "order", order)["id"]
        yield _both(lines, began, allowed=False)
        began = time.monotonic()
        operator.over_socket(sockets, "lift-order", {"id": id, "reason": "measured"})
        yield _both(lines, began, allowed=True)


def _both(lines: tuple[Line, Line], began: float, *, allowed: bool) -> tuple[float, float]:
    found = [0.0, 0.0]

    def see(at: int) -> None:
        found[at] = until(lines[at], allowed=allowed) - began

    watching = [threading.Thread(target=see, args=(at,)) for at in (0, 1)]
    for one in watching:
        one.start()
    for one in watching:
        one.join()
    return found[0], found[1]


def measured(times: int) -> dict[str, object]:
    """So many orders and as many lifts, under load."""
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        os.environ[HOME_VARIABLE] = str(folder / "home")
        ports = {name: federated_read.free_port() for name in federated_read.NAMES}
        for name, port in ports.items():
            federated_read.founded(folder, name, port, 1000)
            with wiring.world(folder / name) as world:
                upload.admit(world, folder / f"{name}-asks.json", "consumer")
        federated_read.peered(folder, ports)
        for name in ports:
            stack.enter_context(federated_read.served(folder, name))
        load, threads, lines = Load(), [], []
        for name, port in ports.items():
            asks = stack.enter_context(client.connect(f"http://127.0.0.1:{port}", key=folder / f"{name}-asks.json"))
            token = asks._login()  # noqa: SLF001  (what sends here writes and reads bytes, and needs no more of a client)
            lines.append(Line(port, token))
            threads += [threading.Thread(target=load.run, args=(port, token, RATE / LINES)) for _ in range(LINES)]
        for one in lines:
            until(one, allowed=True)
        list(changes(folder, (lines[0], lines[1]), 1))  # the links are open from here on
        began, before = time.monotonic(), sum(one.asked for one in lines)
        for thread in threads:
            thread.start()
        found = list(changes(folder, (lines[0], lines[1]), times))
        load.stop.set()
        for thread in threads:
            thread.join()
        spent = time.monotonic() - began
    here, there = (sorted(one[at] for one in found) for at in (0, 1))
    both = sorted(map(max, found))
    rate, all_asks = len(load.done) / spent, len(load.done) + sum(one.asked for one in lines) - before
    print(
        f"{len(found)} changes while two dams gave {rate:.0f} decisions a second together: in both "
        f"p50 {at(both, 50):.3f} s, p99 {at(both, 99):.3f} s, most {both[-1]:.3f} s"
    )
    return {
        "ratio": round(at(both, 99) / BAR_S, 3),
        "p99_s": round(at(both, 99), 3),
        "bar": 1.0,  # of the ratio: p99 over a second
        "p50_s": round(at(both, 50), 3),
        "most_s": round(both[-1], 3),
        "here_p99_s": round(at(here, 99), 3),
        "there_p99_s": round(at(there, 99), 3),
        "changes": len(found),
        "decisions_per_s": round(rate, 1),
        "asks_per_s": round(all_asks / spent, 1),  # those that measure among them; each is a decision, too
        "decision_p99_s": round(at(sorted(load.done), 99), 3),
        "rows": times,
    }


def at(values: list[float], percent: int) -> float:
    """A percentile of sorted values: of those that there are, the first that so many do not exceed."""
    return values[max(0, -(-len(values) * percent // 100) - 1)]


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=MOST, help="orders, and as many lifts")
    asked = parser.parse_args()
    figures = measured(asked.rows if asked.rows <= MOST else BOUNDED)
    print(json.dumps({"name": "federation-orders", **figures, "peak_mb": round(upload.peak_mb(), 1)}))


if __name__ == "__main__":
    main()
