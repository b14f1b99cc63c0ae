"""Two dams in namespaces of their own, a bad cable between them, and somebody in each who asks for rows all the time.

What must hold of every order, however the cable carried it: its own dam denies the next request; the other one denies
from when it heard of it on, and while it cannot hear, at most for as long as the terms let it go on unheard; once the
cable carries again both agree; and whoever was killed amid it comes back with all that it had logged.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import served
from certificates import certificate
from datadam import wiring
from datadam.dam import grant
from datadam.edges import operator
from datadam.errors import DamError
from peered_dams import KR, US
from served import STANDARD, published
from torture.cable import FINE, Cable, Land, Mood
from torture.campaign import Outcome
from worlds import GOOD, Person

NAME: Final = "two dams, a bad cable"
CONTACT_SECONDS: Final = 5
SLACK: Final = 1.5  # seconds by which a busy machine may be late
SOON: Final = 1.0 + SLACK  # seconds in which an order binds in the other dam where the cable carries
BACK: Final = 3.0 + SLACK  # the same after the cable was mended: what broke off is tried again, and pulled each second
PATIENCE: Final = 40.0  # seconds for things to come right again
PORT: Final = 8443
MOODS: Final = {
    "fine": FINE,
    "late": Mood(delay=0.4),
    "lossy": Mood(lost=0.15, twice=0.1, delay=0.05),
    "cut": Mood(cut=True),
    "deaf": Mood(cut_from=1),
    "mute": Mood(cut_from=2),
}
APART: Final = frozenset({"cut", "deaf", "mute"})
KILLED: Final = "killed"  # the cable is cut, and one dam is killed and started again meanwhile
TERMS: Final = f"""
standards = ["{STANDARD}"]
classes = ["business", "public"]
contact_seconds = {CONTACT_SECONDS}
guests = false
between = [{{origin = "{KR}", jurisdiction = "KR"}}, {{origin = "{US}", jurisdiction = "US"}}]
directions = [{{from = "{KR}", to = "{US}"}}, {{from = "{US}", to = "{KR}"}}]
"""
ASKER: Final = Path(__file__).with_name("asker.py")


@dataclass
class Asked:
    """What a member in one land was told, and when."""

    process: subprocess.Popen[str]
    told: list[tuple[float, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read along."""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            at, what = line.split()
            self.told.append((float(at), what))

    def since(self, begun: float) -> list[tuple[float, str]]:
        """The answers to what was asked from then on."""
        return [one for one in list(self.told) if one[0] >= begun]

    def says(self, what: str) -> bool:
        """Whether the last two answers were that."""
        return [one for _, one in self.told[-2:]] == [what, what]


class Side:
    """One dam, in its land."""

    def __init__(self, land: Land, origin: str, folder: Path) -> None:
        """Make the dam in a new `folder`, with a reservoir and a member who may take its rows."""
        self.land, self.origin, self.folder = land, origin, folder / "dam"
        self.url = f"https://{land.address}:{PORT}"
        self.said = folder / "stderr"
        own, key = certificate(folder, origin[:2], address=land.address)
        wiring.init(self.folder, name=origin, jurisdiction=origin[:2].upper(), url=self.url, host=land.address,
                    port=PORT, tls_cert=str(own), tls_key=str(key), peer_pull_seconds=1,
                    requests_per_minute=1_000_000, share_refresh_seconds=0)  # fmt: skip
        self.authority, self.key = own, folder / "reader.key"
        with wiring.world(self.folder) as world:
            published(world)
            person = Person("Reader", jurisdiction=world.settings.jurisdiction).joins(world)
            person.deposits(world, STANDARD, GOOD)
            grant.grant(world, person.id, STANDARD)
        self.key.write_text(json.dumps(person.key), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, authorities: Path) -> None:
        """Serve it."""
        self._environment = served.environment(SSL_CERT_FILE=str(authorities), DATADAM_HOME=str(self.folder.parent))
        with self.said.open("ab") as said:
            self._process = subprocess.Popen(
                self.land.within(served.command("serve", self.folder)), env=self._environment, stderr=said, stdout=said
            )
        _until(self._answers, f"{self.origin} is served")

    def end(self, how: signal.Signals) -> None:
        """End the process: in order, or as a power cut does."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE)
            self._process = None

    def tells(self, verb: str, **args: str | None) -> dict[str, Any]:
        """What the served dam tells its operator."""
        return dict(operator.over_socket(wiring.places(self.folder).socket, verb, args))

    def _answers(self) -> bool:
        with suppress(DamError, ConnectionError):
            return bool(self.tells("status"))
        return False

    @contextmanager
    def asked(self) -> Iterator[Asked]:
        """Somebody who asks it for rows as long as this is entered."""
        words = [sys.executable, str(ASKER), self.url, str(self.key), STANDARD]
        with subprocess.Popen(
            self.land.within(words), env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            try:
                yield Asked(process)
            finally:
                process.kill()


def bad_cable(folder: Path, *, rounds: int, seed: int) -> Outcome:
    """Orders and their ends, each under another mood of the cable."""
    chance, found, started = random.Random(seed), Outcome(name=NAME, seed=str(seed)), time.monotonic()
    with ExitStack() as stack:
        mark = os.getpid()
        lands = [Land(f"dam-{mark}-{one}", f"10.99.7.{one}", f"10.99.7.{3 - one}") for one in (1, 2)]
        cable = stack.enter_context(Cable(*(stack.enter_context(one) for one in lands), seed=seed))
        sides = [_made(land, origin, folder) for land, origin in zip(lands, (KR, US), strict=True)]
        authorities = folder / "authorities.pem"
        authorities.write_text("".join(one.authority.read_text(encoding="utf-8") for one in sides), encoding="utf-8")
        for one in sides:
            stack.callback(one.end, signal.SIGTERM)
            one.start(authorities)
        sides[0].tells("add-peer", url=sides[1].url, terms=TERMS)
        sides[1].tells("add-peer", url=sides[0].url, terms=None)
        askers = [stack.enter_context(one.asked()) for one in sides]
        _until(lambda: all(one.says("yes") for one in askers), "rows leave before anything goes wrong")
        moods = [*MOODS, KILLED]
        for number in range(rounds):
            mood, at = moods[number % len(moods)], chance.randrange(2)
            found.n += 1
            try:
                wrong = list(_round(Played(sides, askers, cable, authorities), mood, at, chance))
            except TimeoutError as error:
                found.faults.append(f"round {number}, {mood}: {error}")
                break
            found.faults += [f"round {number}, {mood}: {one}" for one in wrong]
            found.acknowledged += 2  # the order and its end
        for one in sides:
            checked = one.tells("check")
            found.faults += [f"{one.origin}: {fault}" for fault in checked["faults"]]
    found.seconds = time.monotonic() - started
    return found


@dataclass(frozen=True)
class Played:
    """Both dams, whoever asks them, and the cable."""

    sides: list[Side]
    askers: list[Asked]
    cable: Cable
    authorities: Path


def _made(land: Land, origin: str, folder: Path) -> Side:
    own = folder / origin[:2]
    own.mkdir(parents=True)
    return Side(land, origin, own)


def _round(played: Played, mood: str, at: int, chance: random.Random) -> Iterator[str]:
    """One order and its end; what was wrong of that."""
    here, there = played.sides[at], played.sides[1 - at]
    mine, theirs = played.askers[at], played.askers[1 - at]
    played.cable.mood = MOODS.get(mood, MOODS["cut"])
    time.sleep(chance.uniform(0, 0.5))
    facts = {"classes": "business", "destinations": "KR,US", "standard": STANDARD}
    made = here.tells("order", **facts, reason="A reason.", ground="An act, art. 1")
    ordered = time.monotonic()
    if mood == KILLED:
        there.end(signal.SIGKILL)
        time.sleep(chance.uniform(0, 1))
        there.start(played.authorities)
    _until(lambda: mine.says("no"), f"{here.origin} denies")
    _until(lambda: theirs.says("no"), f"{there.origin} denies, because it heard or because it did not")
    limit = SOON if mood == "fine" else CONTACT_SECONDS + SLACK
    yield from (f"{here.origin} gave rows {late:.1f} s after its own order" for late in _late(mine, ordered))
    yield from (f"{there.origin} gave rows {late:.1f} s after it" for late in _late(theirs, ordered, limit))
    played.cable.mood = FINE
    joined = time.monotonic()
    _until(lambda: _orders(there) == _orders(here), "both know of the order")
    if (took := time.monotonic() - joined) > BACK:
        yield f"{there.origin} knew of the order {took:.1f} s after the cable was mended"
    time.sleep(0.5)
    if mood in APART or mood == KILLED:
        yield from (f"{there.origin} gave rows {late:.1f} s after it was heard again" for late in _late(theirs, joined))
    here.tells("lift-order", id=made["id"], reason="It is over.")
    _until(lambda: mine.says("yes") and theirs.says("yes"), "rows leave again in both")


def _late(asked: Asked, begun: float, limit: float = 0.0) -> list[float]:
    """How long after a moment rows were still given, where that was more than a limit."""
    return [at - begun for at, what in asked.since(begun + limit) if what == "yes"]


def _orders(side: Side) -> set[str]:
    """The orders in force in a dam."""
    return {str(one["id"]) for one in side.tells("orders")["items"] if one["lifted"] is None}


def _until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            message = f"not within {PATIENCE:.0f} s: {what}"
            raise TimeoutError(message)
        time.sleep(0.02)
