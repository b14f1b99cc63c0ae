"""One dam of the drill: its folder, its operator, its relay, and how people join it."""

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, Final

from datadam import client, wiring
from datadam.edges import operator
from datadam.formats import cosignature
from demo.cast import Person
from demo.shell import NOTHING, Served, Shell, free_port, indent
from drill import cast
from drill.relay import Relay

DAM: Final = "dam"  # as the operator types it


class Site:
    """A dam in a country, and whoever runs it."""

    def __init__(self, name: str, folder: Path) -> None:
        """The dam `name` in a new `folder`."""
        self.name, self.folder = name, folder
        self.origin, self.land = cast.ORIGINS[name], cast.LANDS[name]
        self.operator = Shell(f"{name}-operator", folder, DATADAM_FOLDER=DAM)
        self.port = free_port(0)
        self.relay = Relay(self.port)
        self.url = f"http://127.0.0.1:{self.relay.port}"

    # the dam

    def found(self) -> None:
        """Make the dam, reached through its relay."""
        title = f"The dam in {self.name.capitalize()} (a drill)"
        words = ("--name", self.origin, "--jurisdiction", self.land, "--title", title)
        self.operator.type("datadam", "init", DAM, *words)
        self.set(url=self.url, peer_pull_seconds=cast.PULL_SECONDS, requests_per_minute=6000, share_refresh_seconds=0)

    def set(self, **settings: str | int | list[str]) -> None:
        """Write settings into the dam's file."""
        with (self.folder / DAM / "settings.toml").open("a", encoding="utf-8") as file:
            file.writelines(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())

    def served(self) -> Served:
        """The dam, served while this is entered."""
        self._served = Running(self.operator, DAM, self.port, lambda: None)
        return self._served

    @property
    def worked(self) -> float | None:
        """Seconds of processor time that the server has used since it started; None where this system does not tell."""
        return self._served.worked

    def told(self, verb: str, **args: str | None) -> dict[str, Any]:
        """What the server tells its operator."""
        return dict(operator.over_socket(wiring.places(self.folder / DAM).socket, verb, args))

    @property
    def vkey(self) -> str:
        """The verifier key of its log."""
        return str(self.told("status")["vkey"])

    # people

    def joins(self, who: Person, shell: Shell, *, typed: bool) -> None:
        """A person makes a key, applies, and is approved; typed out for whoever has not seen it yet."""
        if typed:
            shell.type("datadam", "keygen", "firm.key", lines=NOTHING)
            shell.type("datadam", "connect", self.url, "--key", "firm.key", lines=NOTHING)
            shell.type(*who.joins(), lines=NOTHING)
            (waiting,) = self.told("applications")["items"]
            self.operator.type("datadam", "member", "approve", waiting["id"][:16])
            return
        if not (shell.home / "firm.key").exists():  # an auditor of both dams has one
            client.new_key(shell.home / "firm.key")
        facts: dict[str, object] = {"jurisdiction": who.jurisdiction, "roles": list(who.roles)}
        if who.country:
            facts |= {"member_kind": "country", "authority": who.name, "effective": "2025-01-01"}
        numbers = dict([who.number.split(":")]) if who.number else {}
        with self.reach(shell) as dam:
            applied = dam.join({"legal_name": who.name, "numbers": numbers}, facts, language="en")
        self.told("approve", id=applied["id"])
        indent(f"{who.name} joined in {self.name.capitalize()} in the same way.")

    def reach(self, shell: Shell) -> client.Dam:
        """The dam as somebody sees it."""
        return client.connect(self.url, key=shell.home / "firm.key")


class Running(Served):
    """A dam as a child, of which one can ask how much it worked."""

    @property
    def worked(self) -> float | None:
        """Seconds of processor time since it started, of all its threads (proc(5)); None without such a system."""
        try:
            told = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="utf-8")
        except OSError:
            return None
        user, system = told.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class Witness:
    """Whoever remembers how long both logs were."""

    def __init__(self, name: str, folder: Path) -> None:
        """The witness `name` in a new `folder`."""
        self.name, self.shell = name, Shell(name, folder)
        self.port = free_port(0)

    def found(self, *sites: Site) -> str:
        """Make it and have it watch these dams, which are served; what a dam's settings say of it."""
        self.shell.type("datadam", "witness", "init", "witness", "--name", f"{self.name}.example/w", lines=NOTHING)
        for site in sites:
            self.shell.type("datadam", "witness", "watch", "witness", site.url, "--vkey", site.vkey, lines=NOTHING)
        return f"{self.vkey} http://127.0.0.1:{self.port}"

    @property
    def vkey(self) -> str:
        """Its verifier key."""
        kept = wiring.witness_folder(self.shell.home / "witness")
        return cosignature.vkey(kept.name, kept.key)

    def served(self) -> Served:
        """It cosigns while this is entered."""
        return Witnessing(self.shell, "witness", self.port, lambda: None)


class Witnessing(Served):
    """`datadam witness serve` as a child."""

    def __init__(self, shell: Shell, folder: str, port: int, ready: Callable[[], object]) -> None:
        """Serve the witness in `folder`."""
        super().__init__(shell, folder, port, ready)
        self._words = ("datadam", "witness", "serve", folder, "--port", str(port))


def together(*entered: AbstractContextManager[object]) -> ExitStack:
    """Enter all of these; they are left together, the last first."""
    with ExitStack() as stack:
        for one in entered:
            stack.enter_context(one)
        return stack.pop_all()
