"""Twins in a dam: made with each deposit, gone with it, and the same again after whatever happened."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from datadam import seal
from datadam.adapters.memory.store import MemoryStore
from datadam.adapters.memory.twins import MemoryTwins
from datadam.adapters.polars_twin import PolarsTwins
from datadam.dam import ask, charge, deposit, found, prove, publish, state, twin, withdraw
from datadam.dam.remembered import Remembered
from datadam.dam.world import World
from datadam.errors import Unavailable
from datadam.ledger import Ledger
from datadam.model import Deposit, FileFact, Job, Kind, Stage, Statement
from datadam.ports import Cells, PartOrder
from datadam.privacy.accounts import Twin
from datadam.privacy.recipe import Recipe
from datadam.protections import Aggregate
from test_dispute import raises
from worlds import (
    GOOD,
    Person,
    a_world,
    answers_text,
    chunks,
    energy,
    fit_of,
    forward,
    granted,
    rebuilds,
    refused,
    standard_text,
)

ENERGY = "test.energy"
COUNT: dict[str, Any] = {"standard": ENERGY, "aggregate": "count", "periods": ["2026-Q4"], "rho": "0.01"}


def dam(folder: Path, **changes: Any) -> World:
    """A dam with a reservoir of private answers."""
    world = a_world(folder)
    publish.publish(world, answers_text(**{"contributors": 1, **changes}))
    return world


def contributed(world: World) -> tuple[Person, Job]:
    """One contributor and its deposit, three firms beside three of another's, in a period that is over."""
    one, two = (Person(name).joins(world) for name in ("One", "Two"))
    job = one.deposits(world, ENERGY, energy(3))
    two.deposits(world, ENERGY, energy(3, first=3))
    forward(world, days=60)
    return one, job


def asks(world: World, **changes: Any) -> ask.Answer:
    """The operator asks, on the reserve."""
    return ask.answer_operator(world, {**COUNT, **changes})


def names(given: ask.Answer) -> list[str]:
    """The twins that an answer was drawn from."""
    return [one["twin"] for one in given.body["twins"]]


def twins(world: World) -> list[Twin]:
    """Every twin that the log tells of."""
    with world.store.read() as rows:
        return rows.find(Twin, standard=ENERGY)


def parts(world: World) -> set[str]:
    """The deposits that parts are held of."""
    return set(world.twins.parts(ENERGY))


def takes_back(person: Person, old: str, by: str | None = None) -> Statement:
    """The person's signed withdrawal."""
    facts = {"contributor": person.id, "deposits": [old], "replaced_by": by, "reason": "r"}
    return person.states(Kind.WITHDRAWAL, facts)


def restarted(world: World) -> World:
    """A new process over what the old one left: roll forward, recover, take up what was received."""
    key = world.secrets.private_key("log")
    ledger = Ledger(world.ledger._log, world.bodies, key=key, origin=world.settings.name)
    new = replace(world, ledger=ledger, lock=threading.RLock(), decisions=Remembered())
    found.found(new)
    state.catch_up(new)
    for id in deposit.recover(new):
        deposit.process(new, id, lambda *_: None)
    withdraw.recover(new)
    return new


class Wrapped:
    """Twins of which a method does something else."""

    def __init__(self, world: World) -> None:
        """All is as it was, unless a subclass says otherwise."""
        self._twins = world.twins

    def __getattr__(self, name: str) -> Any:
        """As it was."""
        return getattr(self._twins, name)


class Crash(BaseException):
    """The process ends here."""


# --- bound ------------------------------------------------------------------------------------------------------------


def test_a_part_is_made_before_the_seal(tmp_path: Path) -> None:
    """So that a sealed deposit always has one; the log knows nothing of the deposit by then."""
    world = dam(tmp_path)
    seen: list[int] = []

    class Watching(Wrapped):
        def bound(self, order: PartOrder) -> FileFact:
            with world.store.read() as rows:
                seen.append(len(rows.find(Deposit)))
            made: FileFact = self._twins.bound(order)
            return made

    person = Person("One").joins(world)
    job = person.deposits(replace(world, twins=Watching(world)), ENERGY, energy(3))
    assert (seen, parts(world)) == ([0], {str(job.id)})


def test_where_no_answers_are_given_there_are_no_parts(tmp_path: Path) -> None:
    """A reservoir of rows needs none."""
    world = a_world(tmp_path)
    publish.publish(world, standard_text())
    Person("One").joins(world).deposits(world, "test.reading", GOOD)
    assert world.twins.parts("test.reading") == frozenset()
    twin.recover(world)
    assert twin.prepare(world) == 0


def test_a_deposit_that_is_refused_after_its_part_was_made_leaves_none(tmp_path: Path) -> None:
    """Its key was replaced meanwhile, so that the log would not believe it."""
    world = dam(tmp_path)
    person, new = Person("One").joins(world), seal.new_key()

    class Late(Wrapped):
        def bound(self, order: PartOrder) -> FileFact:
            made: FileFact = self._twins.bound(order)
            facts = {"member": person.id, "key": seal.public(new), "replaces": seal.thumbprint(person.key)}
            state.record(world, seal.countersign(person.states(Kind.KEY, facts), new))
            return made

    job = person.deposits(replace(world, twins=Late(world)), ENERGY, energy(3))
    assert (job.stage, parts(world)) == (Stage.REFUSED, set())


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_before_the_seal_ends_in_a_part_that_is_sealed_or_in_none(tmp_path: Path, when: str) -> None:
    """The next start drops what was not sealed, and judges the deposit anew; its contributor may also throw it away."""
    world = dam(tmp_path)
    person = Person("One").joins(world)

    class Crashing(Wrapped):
        def bound(self, order: PartOrder) -> FileFact:
            if when == "after":
                self._twins.bound(order)
            raise Crash

    with pytest.raises(Crash):
        person.deposits(replace(world, twins=Crashing(world)), ENERGY, energy(3))
    assert len(parts(world)) == (when == "after")
    twin.recover(world)
    assert parts(world) == set()
    world = restarted(world)
    with world.store.read() as rows:
        (held,) = rows.find(Deposit)
    assert parts(world) == {held.id}


def test_a_twin_that_is_away_refuses_no_file(tmp_path: Path) -> None:
    """Its disk is no fault of the contributor's: the deposit is judged again later."""
    world = dam(tmp_path)
    person = Person("One").joins(world)

    class Away(Wrapped):
        def bound(self, _: PartOrder) -> FileFact:
            raise Unavailable("twin.disk", path="p", why="w")

    data = energy(3)
    job = deposit.announce(world, person.caller, seal.envelope(person.manifest(fit_of(world, ENERGY, data), data)))
    deposit.receive(world, person.caller, job.id, chunks(data))
    away = replace(world, twins=Away(world))
    refused("twin.disk", lambda: deposit.process(away, job.id, lambda *_: None))
    assert deposit.process(world, job.id, lambda *_: None).stage == Stage.COMMITTED


# --- drop -------------------------------------------------------------------------------------------------------------


def test_a_withdrawal_takes_the_part_and_every_twin_at_once(tmp_path: Path) -> None:
    """The next question has the next twin, of what remains; what was spent stays spent."""
    world = dam(tmp_path)
    one, two = (Person(name).joins(world) for name in ("One", "Two"))
    left, stays = one.deposits(world, ENERGY, energy(40)), two.deposits(world, ENERGY, energy(10, first=40))
    forward(world, days=60)
    before = asks(world)
    path = world.twins.path(ENERGY, "2026-Q4.1")
    withdraw.withdraw(world, one.caller, seal.envelope(takes_back(one, left.id)))
    assert (parts(world), path.exists()) == ({str(stays.id)}, False)
    after = asks(world)
    assert (names(before), names(after), after.stored) == (["2026-Q4.1"], ["2026-Q4.2"], False)
    assert [one.rho for one in charge.of(world, ENERGY)] == [10_000, 10_000]
    assert sum(int(cell["value"]) for cell in after.body["result"]["estimates"]) < 500  # 30 rows: 17 deviations
    rebuilds(world)
    withdraw.purge(world, next(iter(withdraw.pending(world))))
    assert prove.check(world, MemoryStore, lambda: None).faults == []


def test_what_is_taken_back_while_a_question_is_asked_is_in_no_answer_charged_after_it(tmp_path: Path) -> None:
    """The log tells by its order who was answered from which rows: the charge looks again at what stands."""
    world = dam(tmp_path)
    one, left = contributed(world)

    class Meanwhile(Wrapped):
        def merge(self, recipe: Recipe, name: str, deposits: Sequence[str]) -> FileFact:
            made: FileFact = self._twins.merge(recipe, name, deposits)
            if left.id in deposits:
                withdraw.withdraw(world, one.caller, seal.envelope(takes_back(one, left.id)))
            return made

    assert names(asks(replace(world, twins=Meanwhile(world)))) == ["2026-Q4.2"]
    assert [held.twins for held in charge.of(world, ENERGY)] == [("2026-Q4.2",)]
    rebuilds(world)


def test_an_amendment_counts_in_the_period_in_which_it_was_handed_in(tmp_path: Path) -> None:
    """The period that it leaves has another twin; nobody counts in both."""
    world = dam(tmp_path)
    one, old = contributed(world)
    assert names(asks(world)) == ["2026-Q4.1"]
    data = energy(4)
    manifest = one.manifest(fit_of(world, ENERGY, data), data)
    told = takes_back(one, old.id, manifest.id)
    job = withdraw.amend(world, one.caller, seal.envelope(manifest), seal.envelope(told))
    deposit.receive(world, one.caller, job.id, chunks(data))
    assert deposit.process(world, job.id, lambda *_: None).stage == Stage.COMMITTED
    assert names(asks(world)) == ["2026-Q4.2"]
    withdraw.purge(world, told.id)
    assert old.id not in parts(world)
    forward(world, days=90)
    assert names(asks(world, periods=["2027-Q1"])) == ["2027-Q1.1"]
    assert names(asks(world, periods=["2026-Q4", "2027-Q1"])) == ["2026-Q4.2", "2027-Q1.1"]
    assert prove.check(world, MemoryStore, lambda: None).faults == []


# --- what a twin is made of -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [MemoryTwins, PolarsTwins])
def test_what_went_with_a_disk_is_made_again_and_is_the_same(
    tmp_path: Path, kind: Callable[[Path], MemoryTwins | PolarsTwins]
) -> None:
    """Parts from the admitted files, twins from parts: the log's own digest says so, and the answer still holds."""
    world = replace(dam(tmp_path), twins=kind(tmp_path / "others"))
    job = Person("One").joins(world).deposits(world, ENERGY, energy(20))
    forward(world, days=60)
    first = asks(world)
    world.twins.drop(ENERGY, [job.id])
    assert asks(world).stored
    assert len(twins(world)) == 1
    world.twins.drop(ENERGY, [job.id])
    assert (twin.prepare(world), parts(world), twin.prepare(world)) == (1, {str(job.id)}, 0)
    assert world.twins.digest(ENERGY, "2026-Q4.1") is not None
    assert asks(world).statement == first.statement


def test_twins_are_made_before_anybody_asks(tmp_path: Path) -> None:
    """Of each period that is over and open; a question that had to wait would tell how many rows there are."""
    world = dam(tmp_path, contributors=2)
    one, two = (Person(name).joins(world) for name in ("One", "Two"))
    one.deposits(world, ENERGY, energy(3))
    forward(world, days=60)
    one.deposits(world, ENERGY, energy(3, first=3))
    two.deposits(world, ENERGY, energy(3, first=6))
    assert twin.prepare(world) == 0  # one contributor in the first, and the second is not over
    forward(world, days=90)
    assert (twin.prepare(world), [held.name for held in twins(world)]) == (1, ["2027-Q1.1"])
    assert names(asks(world, periods=["2027-Q1"])) == ["2027-Q1.1"]


def test_a_twin_that_somebody_changed_is_found_and_never_asked(tmp_path: Path) -> None:
    """A check says so; the next question has the one that the log tells of, made anew."""
    world = dam(tmp_path)
    Person("One").joins(world).deposits(world, ENERGY, energy(20))
    Person("Two").joins(world).deposits(world, ENERGY, energy(20, first=20))
    forward(world, days=60)
    asks(world)
    path = world.twins.path(ENERGY, "2026-Q4.1")
    sound, part = path.read_bytes(), next((tmp_path / "twins" / ENERGY / "parts").glob("*.parquet"))
    path.write_bytes(part.read_bytes())
    assert [fault.code for fault in prove.check(world, MemoryStore, lambda: None).faults] == ["private.twin-other"]
    assert names(asks(world, aggregate="distinct")) == ["2026-Q4.1"]
    assert path.read_bytes() == sound


def test_a_part_of_what_was_erased_is_found(tmp_path: Path) -> None:
    """As a disk may bring it back; the next start drops it."""
    world = dam(tmp_path)
    one = Person("One").joins(world)
    Person("Two").joins(world).deposits(world, ENERGY, energy(3))
    job = one.deposits(world, ENERGY, energy(3))
    forward(world, days=60)
    asks(world)
    place = tmp_path / "twins" / ENERGY / "parts" / f"{job.id}.parquet"
    kept = place.read_bytes()
    id = withdraw.withdraw(world, one.caller, seal.envelope(takes_back(one, job.id)))
    withdraw.purge(world, id)
    place.write_bytes(kept)
    assert [fault.code for fault in prove.check(world, MemoryStore, lambda: None).faults] == ["withdrawal.not-erased"]
    twin.recover(world)
    assert prove.check(world, MemoryStore, lambda: None).faults == []


def test_another_recipe_makes_all_parts_anew_and_the_budget_goes_on(tmp_path: Path) -> None:
    """Fewer rows of each unit: the next twin, of parts that are made again from the admitted files."""
    world = dam(tmp_path)
    Person("One").joins(world).deposits(world, ENERGY, energy(20))
    forward(world, days=60)
    assert names(asks(world)) == ["2026-Q4.1"]
    publish.publish(world, answers_text(contributors=1, rows=3).replace("version: 1.0.0", "version: 2.0.0"))
    world = restarted(world)
    assert parts(world) == set()
    assert names(asks(world)) == ["2026-Q4.2"]
    assert [one.rho for one in charge.of(world, ENERGY)] == [10_000, 10_000]
    (first, second) = twins(world)
    assert (first.deposits, first.version, second.version) == (second.deposits, "1.0.0", "2.0.0")
    assert first.recipe != second.recipe


def test_nobody_sees_in_the_log_that_two_twins_are_alike(tmp_path: Path) -> None:
    """The same rows handed in a period later: that nothing changed would be an exact answer that nobody paid for."""
    world = dam(tmp_path)
    one = Person("One").joins(world)
    job = one.deposits(world, ENERGY, energy(3))
    forward(world, days=60)
    asks(world)
    first = world.twins.digest(ENERGY, "2026-Q4.1")
    withdraw.withdraw(world, one.caller, seal.envelope(takes_back(one, job.id)))
    one.deposits(world, ENERGY, energy(3))
    forward(world, days=90)
    asks(world, periods=["2027-Q1"])
    assert world.twins.digest(ENERGY, "2027-Q1.1") == first
    assert len({held.commitment for held in twins(world)}) == 2


def test_what_is_disputed_and_frozen_is_in_no_twin(tmp_path: Path) -> None:
    """Until that is over: then the twin of before answers again."""
    world = dam(tmp_path)
    one, job = contributed(world)
    asks(world)
    raises(world, one, standard=ENERGY, subject="deposit", deposit=job.id, row={}, measure="freeze")
    assert names(asks(world)) == ["2026-Q4.2"]


def test_rows_under_terms_that_do_not_let_the_asker_in_are_in_no_twin_of_its(tmp_path: Path) -> None:
    """Each asker's twin is of what it may be answered from; both are charged to the same budget."""
    world = dam(tmp_path)
    one, two = (Person(name).joins(world) for name in ("One", "Two"))
    data = energy(3)
    terms = {"constraint": [{"leftOperand": "jurisdiction", "operator": "isAnyOf", "rightOperand": ["KR"]}]}
    manifest = one.manifest(fit_of(world, ENERGY, data), data, own_terms=terms)
    job = deposit.announce(world, one.caller, seal.envelope(manifest))
    deposit.receive(world, one.caller, job.id, chunks(data))
    deposit.process(world, job.id, lambda *_: None)
    two.deposits(world, ENERGY, energy(3, first=3))
    here, abroad = (Person(name, jurisdiction=name, roles=("consumer",)).joins(world) for name in ("KR", "JP"))
    forward(world, days=60)
    with granted(world, here, ENERGY), granted(world, abroad, ENERGY):
        seen = [names(ask.answer(world, who.caller, COUNT)) for who in (here, abroad, here)]
    assert seen == [["2026-Q4.1"], ["2026-Q4.2"], ["2026-Q4.1"]]
    assert len(charge.of(world, ENERGY)) == 2


MIGRATED = """\
  - vendor: datadam
    property: migration
    value: {after: 1.0.0, columns: [{column: used, from: energy, numerator: 10}]}
"""


@pytest.mark.parametrize("kind", [MemoryTwins, PolarsTwins])
def test_rows_are_bounded_as_the_last_version_reads_them(
    tmp_path: Path, kind: Callable[[Path], MemoryTwins | PolarsTwins]
) -> None:
    """Renamed and in another unit: the parts of all deposits are made anew, whatever version each came under."""
    world = replace(dam(tmp_path), twins=kind(tmp_path / "others"))
    person = Person("One").joins(world)
    person.deposits(world, ENERGY, energy(5))
    text = answers_text(contributors=1).replace("version: 1.0.0", "version: 2.0.0")
    text = text.replace("name: energy", "name: used").replace("schema:\n", f"{MIGRATED}schema:\n", 1)
    publish.publish(world, text.replace("maximum: 1000", "maximum: 10000").replace("highest: 100", "highest: 1000"))
    person.deposits(world, ENERGY, energy(5, first=5).replace(b",energy", b",used"))
    forward(world, days=60)
    assert twin.prepare(world) == 2
    standard = publish.current(world, ENERGY)
    path, whole = world.twins.path(ENERGY, "2026-Q4.1"), Cells(aggregate=Aggregate.SUM, column="used")
    values = [int(line.split(b",")[-1]) for line in energy(10).splitlines()[1:]]
    old, new = sum(min(10 * one, 1000) for one in values[:15]), sum(values[15:])
    assert world.twins.tally(twin.recipe_of(standard), [path], whole) == [old + new]
    assert not twin._readable(world, standard, "9.9.9")


def test_what_is_wrong_with_rows_is_not_told_and_nothing_is_charged(tmp_path: Path) -> None:
    """A twin that cannot be made is not ready, whatever the matter is."""
    world = dam(tmp_path)
    Person("One").joins(world).deposits(world, ENERGY, energy(3))
    forward(world, days=60)

    class Broken(Wrapped):
        def merge(self, recipe: Recipe, name: str, deposits: Sequence[str]) -> FileFact:
            message = f"could not convert 'F1' {recipe.standard} {name} {deposits}"
            raise ValueError(message)

    error = refused("private.not-ready", lambda: asks(replace(world, twins=Broken(world))))
    assert error.facts == {"standard": ENERGY, "period": "2026-Q4"}
    assert (charge.of(world, ENERGY), twins(world)) == ([], [])


def test_no_more_questions_wait_than_the_server_has_threads_for(tmp_path: Path) -> None:
    """One too many is told so at once; nothing was looked at."""
    world = dam(tmp_path)
    Person("One").joins(world).deposits(world, ENERGY, energy(3))
    forward(world, days=60)
    room = twin._ROOM[twin._stripe(world, ENERGY)]
    for _ in range(twin.WAITERS + 1):
        room.acquire()
    try:
        refused("private.busy", lambda: asks(world))
    finally:
        for _ in range(twin.WAITERS + 1):
            room.release()
    assert not asks(world).stored


def test_the_log_tells_of_a_twin_nothing_that_can_be_guessed_from_rows(tmp_path: Path) -> None:
    """Keyed digests and public words; no count, no size, no digest of a file."""
    world = dam(tmp_path)
    Person("One").joins(world).deposits(world, ENERGY, energy(3))
    forward(world, days=60)
    asks(world)
    (held,) = twins(world)
    body = world.ledger.statement(held.statement).body
    told = {"standard", "version", "period", "name", "recipe", "deposits", "commitment"}
    assert set(body) == told | {"v", "kind", "salt", "issued"}
    file = world.twins.digest(ENERGY, held.name) or ""
    assert file not in str(body)
    assert seal.digest(file.encode()) not in str(body)


def test_a_twin_out_of_turn_cannot_enter_the_log(tmp_path: Path) -> None:
    """The next number and no other, of a version that there is."""
    world = dam(tmp_path)
    Person("One").joins(world).deposits(world, ENERGY, energy(3))
    forward(world, days=60)
    asks(world)
    body = world.ledger.statement(twins(world)[0].statement).body
    facts = {name: body[name] for name in body if name not in {"v", "kind", "salt", "issued"}}
    for change in ({}, {"name": "2026-Q4.3"}, {"name": "2026-Q3.2"}, {"name": "2026-Q4.2", "version": "9.0.0"}):
        made = state.statement(world, Kind.TWIN, {**facts, **change})
        refused("private.twin-wrong", partial(state.record, world, made))
