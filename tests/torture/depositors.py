"""Members that deposit without pause, remember what they were told, and hold the dam to it."""

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from datadam import client, ledger, seal, wiring
from datadam.edges import operator
from datadam.errors import DamError, Unavailable, Untrusted
from datadam.model import Checkpoint, Deposit, Fit
from served import STANDARD, made, published
from worlds import Person, fit_of

FINAL = ("committed", "refused")
HEADER = b"meter,amount\n"
SETTLE_SECONDS = 60
KEPT = ("rejects.", "survey.")  # in the spool, for the contributor, until its days are over


@dataclass(frozen=True, kw_only=True)
class Handed:
    """One file that a member deposits."""

    id: str
    envelope: bytes
    data: bytes
    good: int  # rows that the standard admits; none if the deposit must be refused


@dataclass
class Depositor:
    """A member at its own keyboard: one deposit after the other, each until it was told how that one ended."""

    person: Person
    fit: Fit
    chance: random.Random
    vkey: str  # of the dam's log
    plain: bool = False  # whether all files are small and good
    patience: float = SETTLE_SECONDS  # seconds to wait for the end of a deposit
    refusals: set[str] = field(default_factory=set)  # codes of `Unavailable` that the world gives cause for
    handed: list[Handed] = field(default_factory=list)
    told: dict[str, str] = field(default_factory=dict)  # deposit → how it ended, as acknowledged
    index: dict[str, int] = field(default_factory=dict)  # deposit → where its receipt says that the log has it
    odd: list[str] = field(default_factory=list)  # what nobody should ever be told

    def prepare(self) -> Handed:
        """A file and its signed manifest: mostly a few rows, sometimes many, sometimes all of them wrong."""
        number, kind = len(self.handed), 0.5 if self.plain else self.chance.random()
        rows = 40_000 if kind > 0.85 else self.chance.randint(1, 60)
        bad = kind < 0.15
        amounts = ("x" if bad else str(row % 1000) for row in range(rows))
        lines = (f"{self.person.name}-{number}-{row},{amount}" for row, amount in enumerate(amounts))
        data = HEADER + "\n".join(lines).encode() + b"\n"
        manifest = self.person.manifest(self.fit, data)
        made = Handed(id=manifest.id, envelope=seal.envelope(manifest), data=data, good=0 if bad else rows)
        self.handed.append(made)
        return made

    def open(self) -> list[Handed]:
        """What was begun and not yet acknowledged."""
        return [one for one in self.handed if one.id not in self.told]

    def work(self, url: str, *, new: int = 10**9) -> None:
        """Deposit until the dam is gone: first again what was not acknowledged, then up to `new` files more."""
        try:
            with client.connect(url, key=self.person.key) as dam:
                for one in self._files(new):
                    self.hand_in(dam, one)
        except TimeoutError:
            return
        except DamError as error:
            if not isinstance(error, Unavailable) or error.code not in {"client.unreachable", *self.refusals}:
                self.odd.append(str(error))

    def _files(self, new: int) -> Iterator[Handed]:
        yield from self.open()
        for _ in range(new):
            yield self.prepare()

    def hand_in(self, dam: client.Dam, one: Handed) -> dict[str, Any]:
        """One deposit to its end, with the same manifest however often."""
        job = dam._ask("POST", "/api/deposits", content=one.envelope).json()
        if job["stage"] == "announced":
            pieces = (one.data[at : at + 65536] for at in range(0, len(one.data), 65536))
            headers = {"Content-Length": str(len(one.data))}
            job = dam._ask("PUT", f"/api/deposits/{one.id}/file", content=pieces, headers=headers).json()
        end = time.monotonic() + self.patience
        while job["stage"] not in FINAL:
            if time.monotonic() > end:
                raise TimeoutError
            time.sleep(0.02)
            job = dam._get(f"/api/deposits/{one.id}", as_member=True)
        if self.told.setdefault(one.id, job["stage"]) != job["stage"]:
            self.odd.append(f"{one.id} was {self.told[one.id]} and is {job['stage']}")
        if job["stage"] == "refused" and one.good and job["fault"]["code"] not in self.refusals:
            self.odd.append(f"{one.id} was good, and refused: {job['fault']}")
        if job["stage"] == "committed":
            receipt = dam._get(f"/api/receipts/{one.id}", as_member=True)
            index = ledger.verify_receipt(seal.canonical(receipt), vkey=self.vkey).index
            if self.index.setdefault(one.id, index) != index:
                self.odd.append(f"{one.id} was at {self.index[one.id]} and is at {index}")
        return dict(job)


@dataclass
class House:
    """A dam's folder, and the members that deposit into it."""

    folder: Path
    members: list[Depositor]
    vkey: str
    seen: Checkpoint | None = None  # what the dam signed last, as far as anybody saw

    @classmethod
    def built(cls, folder: Path, *, members: int, seed: int, plain: bool = False, **settings: object) -> "House":
        """A new dam with a standard and its members."""
        made(folder, requests_per_minute=1_000_000, **settings)
        with wiring.world(folder) as world:
            published(world, repeat="keep")
            persons = [Person(f"M{number}").joins(world) for number in range(members)]
            fit, vkey = fit_of(world, STANDARD, HEADER + b"a,1\n"), world.ledger.vkey
        return cls(folder, [Depositor(p, fit, random.Random(f"{seed}{p.name}"), vkey, plain) for p in persons], vkey)

    def load(self, url: str, *, new: int = 10**9) -> list[threading.Thread]:
        """Let all members work at once."""
        threads = [threading.Thread(target=one.work, args=(url,), kwargs={"new": new}) for one in self.members]
        for thread in threads:
            thread.start()
        return threads

    def operated(self, verb: str) -> dict[str, Any]:
        """A verb of the operator, done by the dam that is being served."""
        return dict(operator.over_socket(wiring.places(self.folder).socket, verb, {}))

    def look(self, url: str) -> None:
        """Pin the last checkpoint as any client does: one that does not extend what was seen before is `Untrusted`."""
        with client.connect(url) as stranger:
            text = stranger._ask("GET", "/log/checkpoint", as_member=False).text
            self.seen = ledger.believe(text, vkey=self.vkey, pinned=self.seen, proof=stranger._consistency)

    def faults(self, url: str) -> list[str]:
        """What is wrong with a dam that was started again: broken promises, and whatever a check finds."""
        try:
            self.look(url)
        except Untrusted as error:
            return [str(error)]
        found = [one.odd.pop() for one in self.members for _ in one.odd[:]]
        committed, rows = 0, 0
        for one in self.members:
            stages = self._settled(url, one)
            found += [f"{id} was {said} and is {stages.get(id)}" for id, said in one.told.items() if stages[id] != said]
            sealed = [handed for handed in one.handed if stages.get(handed.id) == "committed"]
            found += [f"{handed.id} had no good row" for handed in sealed if not handed.good]
            committed, rows = committed + len(sealed), rows + sum(handed.good for handed in sealed)
        seen = [(at["deposits"], at["rows"]) for at in self.operated("status")["reservoirs"]]
        if seen != [(committed, rows)]:
            found.append(f"{seen} instead of {committed} deposits with {rows} rows")
        return found + [str(fault) for fault in self.operated("check")["faults"]]

    def _settled(self, url: str, one: Depositor) -> dict[str, str]:
        """A member's deposits and how each stands, once nothing is under way."""
        end = time.monotonic() + SETTLE_SECONDS
        with client.connect(url, key=one.person.key) as dam:
            while True:
                stages = {job["id"]: str(job["stage"]) for job in dam.deposits()}
                if set(stages.values()) <= {*FINAL, "announced"}:
                    return stages
                if time.monotonic() > end:
                    return dict.fromkeys(one.told, "unsettled") | stages
                time.sleep(0.02)

    def residue(self) -> list[str]:
        """What lies in the folder of a stopped dam, with all deposits ended, and should not; each row counted once."""
        with wiring.world(self.folder) as world:
            with world.store.read() as rows:
                deposits = rows.find(Deposit)
            files = {file.path for file in world.lake.files(STANDARD)}
        good = (handed for one in self.members for handed in one.handed if one.told.get(handed.id) != "refused")
        expected = {handed.id: handed.good for handed in good}
        sealed = {deposit.id: deposit.admitted for deposit in deposits}
        found = [f"{id} is not sealed" for id in expected.keys() - sealed.keys()]
        found += [f"{id} is nobody's" for id in sealed.keys() - expected.keys()]
        frame = pl.scan_parquet(sorted(files)).group_by("_deposit").agg(pl.len(), pl.col("_row").n_unique().alias("n"))
        stored = {id: (count, distinct) for id, count, distinct in frame.collect().iter_rows()}
        if stored != {id: (good, good) for id, good in expected.items()}:
            found.append("the rows are not those that were sent, each once")
        found += [
            f"left in the reservoir: {path.name}"
            for path in (self.folder / "reservoirs").rglob("*")
            if path.is_file() and path not in files and "_delta_log" not in path.parts
        ]
        left = (path for path in (self.folder / "spool").rglob("*") if path.is_file())
        found += [f"left in the spool: {path.name}" for path in left if not path.name.startswith(KEPT)]
        aside = (path for part in ("log", "bodies") for path in (self.folder / part / "tmp").iterdir())
        return found + [f"left aside: {path.name}" for path in aside]
