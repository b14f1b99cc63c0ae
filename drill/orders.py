"""Act four: an order binds in both dams at once; a dam that hears nothing serves nothing, and misses nothing."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from datadam import client
from datadam.errors import DamError
from demo.cast import Person
from demo.shell import must
from drill import cast
from drill.cast import COPPER, SHARED, YAMABIKO
from drill.scene import PATIENCE, POLL, REFUSED, Scene, answered
from drill.site import Site
from drill.story import Word

SOON: Final = 1.0  # seconds within which an order binds in both dams
GROUND: Final = "Fictional Data Emergency Act, Article 12(1) / 가상 데이터비상법 제12조제1항"
SECOND: Final = "Fictional Data Emergency Act, Article 14(2) / 가상 데이터비상법 제14조제2항"
REASON: Final = "An incident is being looked into. / 사고를 조사하고 있습니다."


def suspend(scene: Scene) -> str:
    """Seoul stops a class of data; both dams deny the next request, with the article, in both languages."""
    scene.story.chapter("order")
    facts = {"classes": "business", "destinations": "JP", "standard": SHARED}
    with _watched(scene, YAMABIKO, *scene.sites.values()) as watched:
        given = time.monotonic()
        done = scene.seoul.told("order", **facts, reason=REASON, ground=GROUND)
        for one in watched:
            one.denied.wait(PATIENCE)
    for one in watched:
        must(one.first is not None, f"{one.site.name} did not deny")
        seconds = (one.first or 0) - given  # signing and logging it count as well
        must(seconds < SOON, f"{one.site.name} denied only after {seconds:.2f} s")
        scene.story.fact("denied", place=Word(one.site.name), ms=f"{seconds * 1000:.0f}")
    for site in scene.sites.values():
        for language, words in (("en", ("order", "12(1)")), ("ko", ("명령", "제12조제1항"))):
            told = scene.get(YAMABIKO, site, expect=REFUSED, DATADAM_LANG=language)
            must(all(word in told for word in words), f"{site.name} does not name the article in {language}")
    scene.story.fact("article")
    return str(done["id"])


def cut_off(scene: Scene, first: str) -> None:
    """The cable breaks; Seoul lifts its order and gives another; nothing stale is served, and nothing is missed."""
    scene.story.chapter("cable", limit=cast.CONTACT_SECONDS)
    for site in scene.sites.values():
        site.relay.cut()
    cut = time.monotonic()
    with _watched(scene, COPPER, scene.washington) as (own,):
        scene.until(own.denied.is_set, "Washington falls silent")
        silent = (own.first or cut) - cut
        told = scene.get(COPPER, scene.washington, expect=REFUSED)
        must("not heard" in " ".join(told.split()), "the reason is not told")
        facts = {"seconds": f"{silent:.1f}", "limit": cast.CONTACT_SECONDS, "before": own.allowed}
        must(not own.after, "something was served in the silence")
        scene.story.fact("silent", **facts)
        _order_anew(scene, first)
        for site in scene.sites.values():
            site.relay.join()
        joined = time.monotonic()
        scene.until(lambda: scene.hears(scene.washington), "Washington hears Seoul again")
        heard = time.monotonic() - joined
        time.sleep(4 * POLL)  # a few requests more
        must(not own.after, "something was served after the order that came while the cable was broken")
    told = scene.get(COPPER, scene.washington, expect=REFUSED)
    must("14(2)" in told, "the order that came while the cable was broken does not bind")
    scene.until(lambda: scene.reads(YAMABIKO, scene.washington), "the lifted order binds no more")
    scene.story.fact("rejoined", seconds=f"{heard:.1f}", asked=own.asked)
    second = scene.seoul.told("orders")["items"][-1]["id"]
    scene.seoul.operator.type("datadam", "order", "lift", second[:16], "--reason", "It is over.", lines=slice(1))
    scene.until(lambda: scene.reads(COPPER, scene.washington), "the second order is lifted in both dams")
    scene.until(lambda: scene.hears(scene.seoul), "Seoul hears Washington again")  # each hears for itself


def _order_anew(scene: Scene, first: str) -> None:
    lift = ("datadam", "order", "lift", first[:16], "--reason", "It was looked into.")
    scene.seoul.operator.type(*lift, lines=slice(1))
    words = ("--class", "business", "--to", "US", "--standard", SHARED)
    why = ("--reason", "A second incident. / 두 번째 사고입니다.", "--ground", SECOND)
    scene.seoul.operator.type("datadam", "order", "suspend", *words, *why, lines=slice(1))


@contextmanager
def _watched(scene: Scene, who: Person, *sites: Site) -> "Iterator[list[Asking]]":
    """Somebody who asks each of these dams for the rows again and again."""
    asking = [Asking(site, scene.reach(who, site)) for site in sites]
    for one in asking:
        one.start()
    try:
        yield asking
    finally:
        for one in asking:
            one.stop()


@dataclass
class Asking:
    """Somebody who asks one dam again and again, and notes what it was told when."""

    site: Site
    dam: client.Dam
    denied: threading.Event = field(default_factory=threading.Event)
    first: float | None = None  # when the first request was denied that was begun after the last yes
    allowed: int = 0
    asked: int = 0
    after: bool = False  # whether there was a yes after the first no

    def start(self) -> None:
        """Begin."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, after the request that is on its way."""
        self._ended.set()
        self._thread.join(PATIENCE)
        self.dam.close()

    def _go_on(self) -> None:
        while not self._ended.is_set():
            with suppress(DamError):
                yes = answered(self.dam)
                self.asked += 1
                self.allowed += yes
                self.after |= yes and self.first is not None
                if not yes:
                    self.first = self.first or time.monotonic()
                    self.denied.set()
            self._ended.wait(POLL)
