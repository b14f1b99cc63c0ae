"""What all acts of the drill share: who plays where, the story that is told, and waiting for what comes by itself."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from datadam import client
from datadam.errors import Refused
from demo.cast import Person
from demo.shell import ALL, Shell, must
from drill import cast, lists
from drill.cast import SEOUL, SHARED, WASHINGTON
from drill.site import Site, Witness
from drill.story import Story

REFUSED: Final = 3
UNTRUSTED: Final = 5
PATIENCE: Final = 60.0  # seconds for what comes by itself
POLL: Final = 0.05  # seconds


class Scene:
    """Two dams, two witnesses and everybody's terminal, in one folder."""

    def __init__(self, folder: Path, story: Story) -> None:
        """Play in `folder`, which is new."""
        self.folder, self.story = folder, story
        self.sites = {name: Site(name, folder / name) for name in (SEOUL, WASHINGTON)}
        self.witnesses = [Witness(name, folder / name) for name in ("north-witness", "south-witness")]
        everybody = [*cast.COUNTRIES.items(), *((name, who) for name, held in cast.MEMBERS.items() for who in held)]
        everybody += [(name, who) for name, held in lists.SUPPLIERS.items() for who in held]
        self.shells = {who.handle: Shell(who.handle, folder / "people" / who.handle) for _, who in everybody}

    @property
    def seoul(self) -> Site:
        """The dam in Korea."""
        return self.sites[SEOUL]

    @property
    def washington(self) -> Site:
        """The dam in the United States."""
        return self.sites[WASHINGTON]

    def shell(self, who: Person) -> Shell:
        """Somebody's terminal."""
        return self.shells[who.handle]

    def reach(self, who: Person, site: Site) -> client.Dam:
        """A dam as somebody sees it."""
        return client.connect(site.url, key=self.shell(who).home / "firm.key")

    def at(self, home: str) -> tuple[str, ...]:
        """Which dam a command is about, and as whom."""
        return "--url", self.sites[home].url, "--key", "firm.key"

    def get(self, who: Person, site: Site, *, expect: int, **environ: str) -> str:
        """Somebody fetches the rows by command; what it was told."""
        words = ("datadam", "get", SHARED, "rows", "--force", *self.at(site.name))
        done = self.shell(who).type(*words, lines=ALL, expect=expect, **environ)
        return done.stdout + done.stderr

    def reads(self, who: Person, site: Site) -> bool:
        """Whether a dam gives somebody the rows now."""
        with self.reach(who, site) as dam:
            return answered(dam)

    def hears(self, site: Site) -> bool:
        """Whether a dam hears its peer."""
        items = site.told("peers")["items"]
        return bool(items) and items[0]["state"] == "heard"

    def until(self, held: Callable[[], bool], what: str) -> None:
        """Wait for what comes by itself."""
        late = time.monotonic() + PATIENCE
        while not held():
            must(time.monotonic() < late, f"not within {PATIENCE:.0f} s: {what}")
            time.sleep(POLL)


def answered(dam: client.Dam) -> bool:
    """Whether a dam hands the rows out to whoever asks, now."""
    try:
        dam.files(dam.open(SHARED).info["table"])
    except Refused:
        return False
    return True
