"""Models: their training sets are what the log says was taken to train on, and withdrawals find them."""

from dataclasses import replace
from pathlib import Path

import pytest

from datadam.dam import grant, publish, release, state
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import Refused, Untrusted
from datadam.model import Decided, Json, Kind, Release, Share
from datadam.terms import Action
from signed import agreed, offered, permission
from worlds import GOOD, Person, a_world, standard_text

ID = "test.reading"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam whose one standard may be read and trained on for research."""
    made = a_world(tmp_path, share_refresh_seconds=0)
    publish.publish(made, standard_text())
    offered(made, permission(actions=(Action.READ, Action.TRAIN)))
    return made


def trains(world: World, person: Person, id: str = ID) -> Share:
    """A member takes what there is, to train on it."""
    return release.open_share(world, replace(person.caller, action="train"), id)


def releases(world: World, person: Person) -> list[Release]:
    """A member's releases, in the order of the log."""
    with world.store.read() as rows:
        return sorted(rows.find(Release, member=person.id), key=lambda one: one.index)


# --- what is taken to train on ----------------------------------------------------------------------------------------


def test_what_is_done_with_rows_is_decided_and_logged_apart(world: World) -> None:
    """The same share to read and to train on is two releases, each by a decision of its own, and no more."""
    person = Person("A").joins(world)
    person.deposits(world, ID, GOOD)
    agreed(world, person)
    for _ in range(2):
        release.open_share(world, person.caller, ID)
        trains(world, person)
    read, train = releases(world, person)
    assert (read.action, train.action, read.share_version) == ("read", "train", train.share_version)
    with world.store.read() as rows:
        decided = rows.get(Decided, str(train.decision))
    assert decided is not None
    assert (decided.action, decided.allowed, decided.index < train.index) == ("train", True, True)


def test_who_may_read_may_not_train_unless_the_offer_says_so(tmp_path: Path) -> None:
    """A grant is for reading; an offer names each action."""
    world = a_world(tmp_path)
    publish.publish(world, standard_text())
    person = Person("A").joins(world)
    grant.grant(world, person.id, ID)
    assert release.open_share(world, person.caller, ID).rows == 0
    with pytest.raises(Refused, match="ask.grant-reads-only"):
        trains(world, person)
    offered(world)
    agreed(world, person)
    with pytest.raises(Refused):
        trains(world, person)
    assert [one.action for one in releases(world, person)] == ["read"]


@pytest.mark.parametrize("change", ["other", "denied", "unknown"])
def test_a_release_rests_on_its_own_members_yes(world: World, change: str) -> None:
    """One that names another's decision, a no, or none that there is does not enter the log."""
    person, other = Person("A").joins(world), Person("B").joins(world)
    agreed(world, person)
    trains(world, person)
    with pytest.raises(Refused):
        trains(world, other)
    with world.store.read() as rows:
        (denied,) = rows.find(Decided, member=other.id)
    (held,) = releases(world, person)
    body = world.ledger.statement(held.id).body
    facts = {name: value for name, value in body.items() if name not in {"v", "kind", "salt", "issued"}}
    wrong: dict[str, Json] = {
        "other": {"member": other.id},
        "denied": {"member": other.id, "decision": denied.id},
        "unknown": {"decision": "0" * 64},
    }
    with pytest.raises(Untrusted, match="release.decision-wrong"):
        state.record(world, state.statement(world, Kind.RELEASE, {**facts, **wrong[change]}))


def test_strangers_do_not_train(world: World) -> None:
    """Who has no key has no agreement either."""
    with pytest.raises(Refused):
        release.open_share(world, Caller(action="train"), ID)
