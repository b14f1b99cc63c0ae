"""What attacks are tried on: pools of rows as twins hold them, and dams whose reservoir gives private answers."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

from datadam.adapters.polars_twin import PolarsTwins
from datadam.dam import ask, charge, grant, publish, state
from datadam.dam.world import World
from datadam.ports import Cells
from datadam.privacy import answering
from datadam.privacy.question import Question
from datadam.protections import Budget
from test_twin_behaviours import STANDARD, order, recipe
from worlds import Person, a_world, answers_text, energy, forward

RECIPE: Final = recipe()
BUDGET: Final = Budget(period=Decimal("0.5"), life=Decimal("0.5"))
ENERGY: Final = "test.energy"
COUNT: Final[dict[str, Any]] = {"standard": ENERGY, "aggregate": "count", "periods": ["2026-Q4"], "rho": "0.05"}
BEFORE: Final = timedelta(days=100)  # longer than any quarter


def exact(folder: Path, question: Question, rows: Sequence[dict[str, Any]]) -> list[int]:
    """What noise is added to, of these rows: as they are really bounded, merged and tallied."""
    place = Path(mkdtemp(dir=folder))
    twins = PolarsTwins(place / "twins")
    twins.bound(order(place, rows))
    twins.merge(RECIPE, "2026-Q3.1", ["d1"])
    paths = [twins.path(STANDARD, "2026-Q3.1")]
    tallied = [
        twins.tally(RECIPE, paths, Cells(**{field.name: getattr(one, field.name) for field in fields(one)}))
        for one in answering.tallies(question, RECIPE)
    ]
    return answering.vector(question, RECIPE, tallied)


@dataclass(frozen=True)
class Scene:
    """A dam in memory: two contributors of 60 firms in a quarter that is over, and members who may ask."""

    world: World
    contributors: tuple[Person, Person]
    askers: tuple[Person, ...]

    def asks(self, who: int = 0, **changes: Any) -> ask.Answer:
        """One of them asks."""
        return ask.answer(self.world, self.askers[who].caller, {**COUNT, **changes})

    def spent(self) -> list[int]:
        """What each answer cost, in micro-rho."""
        return [one.rho for one in charge.of(self.world, ENERGY)]


def a_scene(folder: Path, *, askers: int = 1, mine: bytes | None = None) -> Scene:
    """A new one; `mine` is what the first contributor hands in."""
    world = a_world(folder)
    publish.publish(world, answers_text())
    one, two = Person("One").joins(world), Person("Two").joins(world)
    people = tuple(Person(f"Asker {n}", roles=("consumer",)).joins(world) for n in range(askers))
    assert one.deposits(world, ENERGY, energy(30) if mine is None else mine).stage == "committed"
    assert two.deposits(world, ENERGY, energy(30, first=30)).stage == "committed"
    for person in people:
        grant.grant(world, person.id, ENERGY)
    forward(world, days=60)
    state.catch_up(world)
    return Scene(world, (one, two), people)
