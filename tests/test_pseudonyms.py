"""Contributors under pseudonyms: one reader's own, the same every time, with their country; their id is nowhere."""

from pathlib import Path

import polars as pl
import pytest

from datadam.client.scoring import Terms, scored
from datadam.dam import grant, publish, release
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.evolution import ATTRIBUTIONS, Effect, compare
from datadam.formats import codelists, odcs
from datadam.model import Attribution
from sightings import indicator_rows
from worlds import START, Person, a_world, forward

ID = "cti.indicator"
TEXT = codelists.packaged_standard(ID).replace(
    "property: attribution, value: contributor", "property: attribution, value: pseudonym"
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Indicators of three firms under pseudonyms, of two countries."""
    made = a_world(tmp_path)
    publish.publish(made, TEXT)
    for number, land in enumerate(("KR", "KR", "US")):
        person = Person(f"Firm {number}", jurisdiction=land).joins(made)
        rows = indicator_rows(START, [("bad.example", 3 + number), (f"only-{number}.example", 3)])
        person.deposits(made, ID, rows)
    return made


def reader(world: World, name: str) -> Person:
    """Who may take the rows."""
    person = Person(name, roles=("contributor", "consumer")).joins(world)
    grant.grant(world, person.id, ID)
    return person


def rows(world: World, caller: Caller) -> pl.DataFrame:
    """What somebody gets."""
    share = release.open_share(world, caller, ID)
    paths = [world.shares.path(share.standard, share.recipient, share.version, str(f["name"])) for f in share.files]
    return pl.read_parquet(paths, glob=False).sort("value", "pseudonym")


def test_each_reader_knows_contributors_by_names_of_its_own(world: World) -> None:
    """Two readers cannot put their copies together, and neither learns who it was; the country stands before."""
    one, other = (rows(world, reader(world, name).caller) for name in ("One", "Other"))
    for frame in (one, other):
        assert set(frame["pseudonym"].str.extract("^([A-Z]{2})-[0-9a-f]{16}$")) == {"KR", "US"}
        assert frame["pseudonym"].n_unique() == 3
        assert not frame["pseudonym"].str.contains("m-").any()
        assert "contributor" not in frame.columns
    assert set(one["pseudonym"]).isdisjoint(other["pseudonym"])


def test_a_pseudonym_is_the_same_every_time(world: World) -> None:
    """In the next version of the share too, so that corroboration and reliability can be followed."""
    who = reader(world, "Follows")
    before = rows(world, who.caller)
    for number in range(3):
        more = Person(f"Later {number}", jurisdiction="JP").joins(world)
        more.deposits(world, ID, indicator_rows(START, [(f"later-{number}.example", 1)]))
    forward(world, hours=2)
    after = rows(world, who.caller)
    assert after.height == before.height + 3
    assert set(before["pseudonym"]) < set(after["pseudonym"])


def test_indicators_corroborate_under_pseudonyms(world: World) -> None:
    """Contributors and countries are counted without knowing either by name."""
    frame = rows(world, reader(world, "Counts").caller)
    found = {one.value: one for one in scored([frame], Terms(now=START)).assessed().values}
    assert (found["bad.example"].contributors, found["bad.example"].countries) == (3, 2)
    assert (found["only-2.example"].contributors, found["only-2.example"].countries) == (1, 1)


def test_a_lineage_may_only_hide_more() -> None:
    """From contributors to pseudonyms is a new major version, back is refused."""
    shown, hidden = odcs.read(codelists.packaged_standard(ID)), odcs.read(TEXT)
    assert ATTRIBUTIONS == (
        Attribution.CONTRIBUTOR, Attribution.PSEUDONYM, Attribution.COUNTRY, Attribution.NONE
    )  # fmt: skip
    assert [change.effect for change in compare(shown, hidden)] == [Effect.BREAKING]
    assert [change.effect for change in compare(hidden, shown)] == [Effect.REFUSED]
