"""Two network namespaces and the cable between them, carried packet by packet by this process, as badly as it is told.

Each namespace has a TUN device; what one sends the other receives after a while, twice, or never. So TCP sees what it
sees on a bad line: loss, delay, packets in another order. Linux and root only.
"""

import heapq
import itertools
import os
import random
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

PACKET: Final = 2048  # bytes; more than the devices' MTU
MTU: Final = 1400
_DEVICE: Final = "cable"
_OPEN: Final = """
import fcntl, os, socket, struct, sys
device = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(device, 0x400454CA, struct.pack("16sH22x", b"cable", 0x1001))  # TUNSETIFF: IFF_TUN | IFF_NO_PI
with socket.socket(socket.AF_UNIX) as told:
    told.connect(sys.argv[1])
    socket.send_fds(told, [b"."], [device])
"""


def why_not() -> str | None:
    """Why there can be no namespaces here; None where there can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "network namespaces need Linux and root"
    missing = [name for name in ("ip", "unshare") if shutil.which(name) is None]
    if missing:
        return f"{', '.join(missing)} is not installed"
    if not Path("/dev/net/tun").exists():
        return "this machine has no TUN devices"
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
    return None if tried.returncode == 0 else "this machine gives no network namespaces"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    """How a cable carries: the shares of packets that are lost or come twice, the longest delay, whether it is cut."""

    lost: float = 0.0
    twice: float = 0.0
    delay: float = 0.0  # seconds; each packet has its own, so that later ones overtake earlier ones
    cut: bool = False
    cut_from: int = 0  # only what comes from the first or from the second land is lost; 0: from neither


FINE: Final = Mood()


class Land:
    """A namespace with one device, and an address of its own."""

    def __init__(self, name: str, address: str, other: str) -> None:
        """The namespace `name`; nothing is made yet."""
        self.name, self.address, self._other = name, address, other
        self.device = -1

    def __enter__(self) -> Self:
        """Make it, with its device up."""
        _ip("netns", "add", self.name)
        self.device = _device(self.name)
        _ip("-n", self.name, "link", "set", "lo", "up")
        _ip("-n", self.name, "address", "add", self.address, "peer", self._other, "dev", _DEVICE)
        _ip("-n", self.name, "link", "set", _DEVICE, "mtu", str(MTU), "up")
        return self

    def __exit__(self, *_: object) -> None:
        """Remove it; nobody may be at work in it any more."""
        if self.device >= 0:
            os.close(self.device)
        _ip("netns", "delete", self.name)

    def within(self, command: Sequence[str]) -> list[str]:
        """The command that runs another one there; it becomes that one."""
        return ["ip", "netns", "exec", self.name, *command]


class Cable:
    """Carries packets between two lands while it is entered."""

    def __init__(self, one: Land, other: Land, *, seed: int) -> None:
        """Between these two."""
        self._ways = {one.device: other.device, other.device: one.device}
        self._lands = {one.device: 1, other.device: 2}
        self._chance, self._order = random.Random(seed), itertools.count()
        self._late: list[tuple[float, int, int, bytes]] = []  # when, in which order, where to, what
        self._end = threading.Event()
        self.mood, self.carried = FINE, 0

    def __enter__(self) -> Self:
        """Begin to carry."""
        self._thread = threading.Thread(target=self._carry, name="cable", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Carry no more."""
        self._end.set()
        self._thread.join()

    def _carry(self) -> None:
        while not self._end.is_set():
            pause = self._late[0][0] - time.monotonic() if self._late else 0.1
            for source in select.select(list(self._ways), [], [], max(0.0, min(pause, 0.1)))[0]:
                self._take(os.read(source, PACKET), source)
            while self._late and self._late[0][0] <= time.monotonic():
                _, _, into, packet = heapq.heappop(self._late)
                self._give(packet, into)

    def _take(self, packet: bytes, source: int) -> None:
        mood, into = self.mood, self._ways[source]
        if mood.cut or mood.cut_from == self._lands[source] or self._chance.random() < mood.lost:
            return
        for _ in range(1 + (self._chance.random() < mood.twice)):
            at = time.monotonic() + self._chance.uniform(0, mood.delay)
            heapq.heappush(self._late, (at, next(self._order), into, packet))

    def _give(self, packet: bytes, into: int) -> None:
        if not self.mood.cut:  # what was on its way is gone as well
            os.write(into, packet)
            self.carried += 1


def _device(land: str) -> int:
    """A TUN device of that namespace: opened there, handed over here."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        listening = stack.enter_context(socket.socket(socket.AF_UNIX))
        listening.bind(f"{folder}/device")
        listening.listen()
        listening.settimeout(20)
        subprocess.run(["ip", "netns", "exec", land, sys.executable, "-c", _OPEN, f"{folder}/device"], check=True)
        near, _ = listening.accept()
        with near:
            _, devices, _, _ = socket.recv_fds(near, 1, 1)
    return devices[0]


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
