"""Publishing: a sound standard is signed, logged and gets its reservoir; a later version breaks nothing."""

from pathlib import Path

import pytest

from datadam.adapters.memory.store import MemoryStore
from datadam.dam import prove, publish
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import DamError, Faults, Invalid, NotFound
from datadam.ledger import verify_receipt
from datadam.seal import canonical
from worlds import GOOD, Person, a_world, standard_text

ID = "test.reading"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam without standards."""
    return a_world(tmp_path)


def version(number: str, old: str = "", new: str = "") -> str:
    """The small standard at another version, with one change."""
    text = standard_text().replace("1.0.0", number)
    assert old in text
    return text.replace(old, new) if old else text


def test_a_published_standard_is_in_the_log_to_the_byte(world: World) -> None:
    """What members read is what was signed; anybody may have its receipt."""
    standard, index = publish.publish(world, standard_text())
    held = publish.published(world, ID)
    assert (held.text, held.index, held.version) == (standard_text(), index, standard.version)
    receipt = canonical(prove.receipt(world, Caller(), held.statement))
    assert verify_receipt(receipt, vkey=world.ledger.vkey).statement.body["text"] == standard_text()
    assert publish.current(world, ID) == standard
    assert world.lake.files(ID) == []


def test_the_same_text_again_is_the_same_publication(world: World) -> None:
    """Run twice, nothing doubles."""
    first = publish.publish(world, standard_text())
    assert publish.publish(world, standard_text()) == first
    assert world.ledger.size == 2


def test_every_fault_is_told_and_nothing_is_logged(world: World) -> None:
    """A wrong draft comes back with all that is wrong in it."""
    wrong = standard_text().replace("minimum: 0", "minimum: 2000").replace("value: TIER", "value: none")
    with pytest.raises(DamError) as caught:
        publish.publish(world, wrong.replace("[research]", "[]"))
    assert isinstance(caught.value, Faults)
    assert caught.value.faults
    for text in ("", "- a", "name: [", "\x00", "a: &a [*a]"):
        with pytest.raises(Invalid):
            publish.publish(world, text)
    assert world.ledger.size == 1
    with pytest.raises(NotFound, match="standard.unknown"):
        publish.published(world, ID)


def test_a_version_that_was_never_published_is_not_found(world: World) -> None:
    """Nor is an id with tricks in it."""
    publish.publish(world, standard_text())
    for id, number in ((ID, "2.0.0"), ("test.other", None), ("../etc", None), ("x" * 500, None)):
        with pytest.raises(NotFound, match="standard.unknown") as caught:
            publish.published(world, id, number)
        assert len(str(caught.value.facts["standard"])) <= 200


def test_a_newer_version_takes_the_old_ones_place_and_the_old_one_stays_readable(world: World) -> None:
    """The last version is in force; what was deposited under an earlier one is judged by that."""
    publish.publish(world, standard_text())
    later = version("1.1.0", "Number of the meter.", "Number of the meter as printed on it.")
    standard, index = publish.publish(world, later)
    assert publish.current(world, ID) == standard
    assert publish.published(world, ID).index == index
    assert publish.published(world, ID, "1.0.0").text == standard_text()
    assert [(one.id, one.version) for one in publish.all_published(world)] == [(ID, "1.1.0")]


@pytest.mark.parametrize(
    "text",
    [
        version("1.0.0", "Number of the meter.", "Another text under the same version."),
        version("0.9.0"),
        version("2.0.0", "value: agreement", "value: open"),
    ],
)
def test_a_successor_has_a_higher_version_and_is_no_less_strict(world: World, text: str) -> None:
    """The same version with other words, an older one, a tier that opens: refused with the last version named."""
    publish.publish(world, standard_text())
    with pytest.raises(Faults, match="standard.breaking") as caught:
        publish.publish(world, text)
    assert caught.value.facts["last"] == "1.0.0"
    assert world.ledger.size == 2


def test_rows_that_are_there_forbid_what_would_lose_them(world: World) -> None:
    """While the reservoir is empty a major version may break; once it holds rows, they must stay readable."""
    publish.publish(world, standard_text())
    broken = version("2.0.0", "name: amount", "name: total")
    Person("A").joins(world).deposits(world, ID, GOOD)
    with pytest.raises(Faults, match="standard.breaking"):
        publish.publish(world, broken)
    assert publish.published(world, ID).version == "1.0.0"
    assert not prove.check(world, MemoryStore, lambda: None).faults


def test_a_start_makes_every_reservoir(world: World) -> None:
    """Twice is once."""
    publish.publish(world, standard_text())
    publish.restore(world)
    publish.restore(world)
    assert world.lake.files(ID) == []
