"""Terms that name versions: editions and the reservoir as it stands leave where they are named, by every road."""

from functools import partial
from pathlib import Path

import pytest

from datadam.adapters.memory.store import MemoryStore
from datadam.dam import edition, narrow, offer, prove, publish, release
from datadam.dam.world import World
from datadam.errors import Faults
from datadam.formats import odrl
from datadam.terms import Operand
from signed import agreed, an_offer, any_of, offered, permission
from test_own_terms import ID, deposits, marked_text
from worlds import GOOD, Person, a_world, forward, refused


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A reservoir with two editions, to which rows came after each."""
    found = a_world(tmp_path)
    publish.publish(found, marked_text())
    one = Person("A").joins(found)
    for name in ("first", "second"):
        deposits(found, one, GOOD)
        edition.freeze(found, f"{ID}@{name}")
    deposits(found, one, GOOD)
    return found


def agrees(world: World) -> Person:
    """A member who may read under the offer in force."""
    person = Person("Reader", roles=("consumer",)).joins(world)
    agreed(world, person)
    return person


def test_only_the_named_versions_leave(world: World) -> None:
    """Another edition, and the reservoir as it stands, are refused, listed as closed, and in no list of tables."""
    offered(world, permission(any_of(Operand.VERSION, "first")))
    asks = agrees(world)
    assert release.open_share(world, asks.caller, f"{ID}@first").rows
    for id in (ID, f"{ID}@second"):
        fault = refused("ask.version-not-offered", partial(release.open_share, world, asks.caller, id))
        assert fault.facts["versions"] == "first"
    assert release.tables_for(world, asks.caller) == [f"{ID}@first"]
    assert [one.allowed for one in release.reservoirs(world, asks.caller)] == [False]
    assert [one.allowed for _, one in release.editions(world, asks.caller)] == [True, False]


def test_the_reservoir_as_it_stands_is_a_version_too(world: World) -> None:
    """`current` names it, and nothing else."""
    offered(world, permission(any_of(Operand.VERSION, "current")))
    asks = agrees(world)
    assert release.open_share(world, asks.caller, ID).rows
    refused("ask.version-not-offered", lambda: release.open_share(world, asks.caller, f"{ID}@first"))
    assert release.tables_for(world, asks.caller) == [ID]


def test_addresses_of_before_die_with_the_terms_that_named_the_version(world: World) -> None:
    """Who agreed anew to fewer versions has no use of what was given out under the terms before."""
    offered(world, permission())
    asks = agrees(world)
    share = release.open_share(world, asks.caller, f"{ID}@second")
    release.refuse_other(world, asks.caller, f"{ID}@second", share.recipient)
    forward(world, hours=1)
    offered(world, permission(any_of(Operand.VERSION, "first", "current")))
    agreed(world, asks)
    refused(
        "ask.version-not-offered",
        lambda: release.refuse_other(world, asks.caller, f"{ID}@second", share.recipient),
    )


def test_a_check_finds_a_version_that_was_given_out_without_leave(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log has offer and release: whoever reads both sees that one does not follow from the other."""
    offered(world, permission(any_of(Operand.VERSION, "first")))
    asks = agrees(world)
    with monkeypatch.context() as patch:
        patch.setattr(narrow.Narrowing, "lets_out", lambda _self, _edition: True)
        release.open_share(world, asks.caller, f"{ID}@second")
    assert [fault.code for fault in prove.check(world, MemoryStore, lambda: None).faults] == ["release.outside"]


def test_no_edition_takes_the_name_of_the_reservoir_as_it_stands(world: World) -> None:
    """Else terms that name one would let out the other."""
    refused("edition.name-malformed", lambda: edition.freeze(world, f"{ID}@current"))


@pytest.mark.parametrize("name", ["First", "a..b", "", "../x", "a" * 64, 7])
def test_what_names_no_version_is_refused(world: World, name: object) -> None:
    """Names are those that editions can have; one that is not frozen yet may be named."""
    text = odrl.write(an_offer(permission(any_of(Operand.VERSION, "to-come"))))
    offer.publish(world, text)
    with pytest.raises(Faults) as caught:
        offer.publish(world, text.replace('"to-come"', "7" if name == 7 else f'"{name}"'))
    assert "offer.version" in {one.code for one in caught.value.faults}
