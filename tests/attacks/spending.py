"""Attacks on the budget: ask again, ask together, ask at once, make it fail, kill it, bring an earlier one back."""

import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any, Final

import polars as pl

import served
from attacks import naive
from attacks.book import Outcome, attack
from attacks.pools import BEFORE, COUNT, ENERGY, a_scene
from datadam import seal, wiring, witness
from datadam.adapters import twin_files as files
from datadam.dam import ask, charge, grant, publish, witnessed
from datadam.dam.world import World
from datadam.errors import DamError, Refused, Unavailable, Untrusted
from datadam.ports import Cells
from datadam.privacy import periods
from datadam.privacy.recipe import Recipe
from test_witness import InProcess, Memory
from worlds import Person, answers_text, energy

CONDITIONS: Final[tuple[dict[str, Any], ...]] = (
    {"column": "region", "operator": "in", "values": ["south", "north"]},
    {"column": "sector", "operator": "in", "values": ["wood", "food"]},
    {"column": "energy", "operator": ">=", "values": ["10"]},
    {"column": "energy", "operator": "<=", "values": ["90"]},
)
RHOS: Final = ("0.05", "0.050", "0.050000")


@attack("averaging repeats", "fresh noise each time, nothing charged", few=24, many=96)
def averaging(folder: Path, tries: int) -> Outcome:
    """The same question, its filters in every order, its keys in every order, its numbers written in every way."""
    draws = random.Random(1)
    naively = round(sum(naive.fresh_noise(1000, 20, draws) for _ in range(100 * tries)) / (100 * tries))
    scene, seen = a_scene(folder), set()
    for n, order in zip(range(tries), [*permutations(CONDITIONS)] * 4, strict=False):
        where = [{**one, "values": one["values"][:: -1 if n % 2 else 1]} for one in order]
        rho = RHOS[n % 3]
        found = scene.asks(where=where, rho=rho, periods=["2026-Q4"] * (1 + n % 3))
        seen.add(seal.envelope(found.statement))
    return Outcome(
        naive=f"the mean of {100 * tries} answers is the truth, to a row",
        ours=f"{len(seen)} answer, the same to the byte, and {len(scene.spent())} charge",
        n=tries,
        won=abs(naively - 1000) <= 1,
        held=len(seen) == len(scene.spent()) == 1,
    )


@attack("analysts together", "a budget for each analyst", few=6, many=15)
def together(folder: Path, tries: int) -> Outcome:
    """Members who tell one another what they were told, each spending all that it may."""
    limit = 500_000
    each, spent = naive.PerAnalyst(limit), 0
    for who in range(tries):
        while each.take(str(who), 125_000):
            spent += 125_000
    scene = a_scene(folder, askers=tries)
    for who in range(tries):
        for step in range(6):
            with suppress(Refused):
                scene.asks(who, rho="0.0625", where=[_above(1 + 6 * who + step)])
    with suppress(Refused):
        ask.answer_operator(scene.world, {**COUNT, "rho": "0.05"})
    return Outcome(
        naive=f"{_rho(spent)} rho of a budget of {_rho(limit)}",
        ours=f"{_rho(sum(scene.spent()))} rho, the operator's own questions among them",
        n=tries,
        won=spent > limit,
        held=0 < sum(scene.spent()) <= limit,
    )


def _above(number: int) -> dict[str, Any]:
    return {"column": "energy", "operator": ">=", "values": [str(number)]}


def _rho(micro: int) -> str:
    return f"{micro / 1_000_000:g}"


@attack("budget race, threads", "looks at the budget, then spends", few=8, many=32)
def threads(folder: Path, tries: int) -> Outcome:
    """All at once, each with a question of its own that takes all that is left to its asker."""
    barrier = threading.Barrier(tries)
    plain = naive.CheckThenSpend(1, barrier.wait)
    scene = a_scene(folder, askers=2)

    def asks(n: int) -> None:
        with suppress(Refused, Unavailable):  # who would have to wait behind too many is sent away
            scene.asks(n % 2, rho="0.125", where=[_above(n + 1)])

    with ThreadPoolExecutor(tries) as pool:
        naively = sum(pool.map(plain.take, [1] * tries))
        list(pool.map(asks, range(tries)))
    return Outcome(
        naive=f"a budget for one answer pays {naively}",
        ours=f"{len(scene.spent())} answers, one for each asker",
        n=tries,
        won=naively > 1,
        held=scene.spent() == [125_000, 125_000],
    )


# --- a dam in a folder ------------------------------------------------------------------------------------------------


class Founded:
    """A dam in a folder: two contributors of 60 firms in a quarter that is over, and members who may ask."""

    def __init__(self, dam: served.Served, askers: int = 1) -> None:
        """Join and deposit a quarter ago."""
        with dam.clock.forward(days=-BEFORE.days):
            publish.publish(dam.world, answers_text())
            one, two = (dam.person(name) for name in ("One", "Two"))
            self.askers = [dam.person(f"Asker {n}", roles=("consumer",)) for n in range(askers)]
            for person, first in ((one, 0), (two, 30)):
                assert person.deposits(dam.world, ENERGY, energy(30, first=first)).stage == "committed"
        for person in self.askers:
            grant.grant(dam.world, person.id, ENERGY)
        self.question = {**COUNT, "periods": [periods.of(datetime.now(UTC) - BEFORE, "quarter")]}


def _spent(folder: Path) -> list[int]:
    """What the log of a dam that starts anew knows of."""
    with wiring.world(folder) as world:
        return [one.rho for one in charge.of(world, ENERGY)]


ASK: Final = """
import json, sys, urllib.error, urllib.request
url, token, start, count = sys.argv[1:5]
question = json.loads(sys.argv[5])
for n in range(int(start), int(start) + int(count)):
    question["where"] = [{"column": "energy", "operator": ">=", "values": [str(n)]}]
    sent = urllib.request.Request(url + "/api/answers", json.dumps(question).encode(), {
        "Authorization": "Bearer " + token, "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(sent) as told:
            print(told.status)
    except urllib.error.HTTPError as error:
        print(json.load(error)["code"])
"""


@attack("budget race, processes over HTTP", "looks at the budget, then spends", few=3, many=6)
def processes(folder: Path, tries: int) -> Outcome:
    """So many processes with one member's token, each with five questions that cost more than can be paid together."""
    barrier = threading.Barrier(tries)
    plain = naive.CheckThenSpend(1, barrier.wait)
    with ThreadPoolExecutor(tries) as pool:
        naively = sum(pool.map(plain.take, [1] * tries))
    with served.serving(folder / "dam", answer_quantum_ms=0) as dam:
        made = Founded(dam)
        asked = seal.canonical({**made.question, "rho": "0.02"}).decode()
        words = [sys.executable, "-c", ASK, dam.url, dam.token(made.askers[0])]
        running = [
            subprocess.Popen([*words, str(1 + 5 * n), "5", asked], stdout=subprocess.PIPE, text=True)
            for n in range(tries)
        ]
        told = [line for one in running for line in one.communicate(timeout=120)[0].split()]
        rhos = [one.rho for one in charge.of(dam.world, ENERGY)]
    answered, refused = told.count("201"), told.count("private.budget-member")
    return Outcome(
        naive=f"a budget for one answer pays {naively}",
        ours=f"{answered} of {5 * tries} answered and {_rho(sum(rhos))} of 0.125 rho spent, the others refused",
        n=tries,
        won=naively > 1,
        held=(answered, refused, rhos) == (6, 5 * tries - 6, [20_000] * 6),
    )


class Instead:
    """Twins that do something else where they are read."""

    def __init__(self, world: World, do: Callable[[], object]) -> None:
        """All else is as it was."""
        self._twins, self._do = world.twins, do

    def __getattr__(self, name: str) -> Any:
        """As it was."""
        return getattr(self._twins, name)

    def tally(self, recipe: Recipe, twins: Sequence[Path], cells: Cells) -> Sequence[int]:
        """What was given, then as it was."""
        self._do()
        found: Sequence[int] = self._twins.tally(recipe, twins, cells)
        return found


KILLED: Final = """
import json, os, signal, sys
from dataclasses import replace
from pathlib import Path
from datadam import wiring
from datadam.dam import ask
class Killing:
    def __init__(self, twins):
        self.twins = twins
    def __getattr__(self, name):
        return getattr(self.twins, name)
    def tally(self, *_):
        os.kill(os.getpid(), signal.SIGKILL)
with wiring.world(Path(sys.argv[1])) as world:
    ask.answer_operator(replace(world, twins=Killing(world.twins)), json.loads(sys.argv[2]))
"""


@attack("kill -9 between charge and answer", "charges when the answer is there", few=1, many=5)
def killed(folder: Path, tries: int) -> Outcome:
    """A process that dies as it reads rows; then a start, and the same question again."""
    plain = naive.PaidAfterwards()
    with suppress(KeyboardInterrupt):
        plain.ask(_interrupted, 10_000)
    with served.serving(folder / "dam") as dam:
        asked = seal.canonical({**Founded(dam).question, "rho": "0.01"}).decode()
    codes = [
        subprocess.run([sys.executable, "-c", KILLED, folder / "dam", asked], check=False).returncode
        for _ in range(tries)
    ]
    after = _spent(folder / "dam")
    return Outcome(
        naive=f"{plain.spent} charged",
        ours=f"every charge stands after a restart: {_rho(sum(after))} rho",
        n=tries,
        won=plain.spent == 0,
        held=codes == [-signal.SIGKILL] * tries and after == [10_000] * tries,
    )


def _interrupted() -> int:
    raise KeyboardInterrupt


@attack("an aggregate that raises or panics, and what it says", "charges afterwards, passes errors up", few=4, many=12)
def raising(folder: Path, tries: int) -> Outcome:
    """Reading fails with a value of somebody's in the error's text; again and again, and then for nothing."""
    text = "could not convert 'F17' to a number"

    def fails() -> int:
        raise ValueError(text)

    def panics() -> int:  # where Polars works, as it does; what it raises then is no Exception
        with files.disk(folder):
            raise pl.exceptions.PanicException(text)

    plain, heard = naive.PaidAfterwards(), set()
    for _ in range(50):
        try:
            plain.ask(fails, 10_000)
        except ValueError as error:
            heard.add(str(error))
    scene, said = a_scene(folder), set()
    for n in range(tries):
        world = replace(scene.world, twins=Instead(scene.world, panics if n % 2 else fails))
        try:
            replace(scene, world=world).asks(rho="0.01", where=[_above(n + 1)])
        except DamError as error:
            said.add((error.code, str(error), tuple(error.facts), error.__cause__))
    return Outcome(
        naive=f"asked 50 times, {plain.spent} charged; the error says {min(heard)!r}",
        ours=f"one refusal whatever it was, {len(scene.spent())} charges",
        n=tries,
        won=plain.spent == 0 and heard == {text},
        held=said == {("private.no-answer", "private.no-answer", (), None)} and scene.spent() == [10_000] * tries,
    )


@attack("an earlier store brought back", "keeps what was spent in its tables", few=1)
def rolled_back(folder: Path, _: int) -> Outcome:
    """Spend, put yesterday's database back beside today's log, start, and spend again."""
    place = folder / "dam"
    with served.serving(place, answer_quantum_ms=0) as dam:
        made = Founded(dam)
        asker, asked = made.askers[0], {**made.question, "rho": "0.125"}
    database = wiring.places(place).state
    kept = {path: path.read_bytes() for path in database.parent.glob(f"{database.name}*")}
    with wiring.world(place) as world:
        ask.answer(world, asker.caller, asked)
    for path in database.parent.glob(f"{database.name}*"):
        path.unlink()
    for path, data in kept.items():
        path.write_bytes(data)
    with wiring.world(place) as world:
        again = _code(world, asker, {**asked, "where": [_above(1)]})
        rhos = [one.rho for one in charge.of(world, ENERGY)]
    plain = naive.CheckThenSpend(125_000, lambda: None)
    before = plain.spent
    twice = [plain.take(125_000)]
    plain.spent = before
    twice.append(plain.take(125_000))
    return Outcome(
        naive="what was spent may be spent again",
        ours="the log knows what was spent; the next question is refused",
        n=1,
        won=all(twice),
        held=(again, rhos) == ("private.budget-member", [125_000]),
    )


def _code(world: World, asker: Person, asked: dict[str, Any]) -> str:
    try:
        ask.answer(world, asker.caller, asked)
    except DamError as error:
        return error.code
    return "answered"


@attack("an earlier folder brought back whole", "keeps what was spent in its folder alone", few=1)
def folder_rolled_back(folder: Path, _: int) -> Outcome:
    """Log, tables and bodies of yesterday, all of which agree: only somebody outside has seen more."""
    place, before, kept = folder / "dam", folder / "before", Memory()
    with served.serving(place, answer_quantum_ms=0) as dam:
        made = Founded(dam)
        asker, asked = made.askers[0], {**made.question, "rho": "0.125"}
        witness.watch(kept, dam.url, dam.world.ledger.checkpoint(), vkey=dam.world.ledger.vkey)
    shutil.copytree(place, before)
    told = []
    for which in (place, before):
        with wiring.world(which) as world:
            seen = replace(world, witnesses=(InProcess(kept),))
            try:
                witnessed.settle(seen)
                told.append(_code(seen, asker, asked))
                witnessed.renew(seen)
            except Untrusted as error:
                told.append(error.code)
    with wiring.world(before) as world:
        unseen = _code(world, asker, asked)
    return Outcome(
        naive="without a witness the same is spent again",
        ours=f"the dam does not start: {told[1]}",
        n=1,
        won=unseen == "answered",
        held=told == ["answered", "witness.ahead"],
    )
