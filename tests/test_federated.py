"""One reservoir over two served dams: each part by its own dam's decision and receipt, and what is missing is named."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from datadam import client, ledger, seal, wiring
from datadam.client import federated
from datadam.client.federated import DAM_COLUMN, Federated, State
from datadam.dam import follow, grant, join, peer, publish
from datadam.model import Kind, Member
from peers import KR, US, terms
from served import STANDARD, Served, serving
from worlds import GOOD, Person, refused, standard_text

ALL = f"{STANDARD}@all"
THEIRS = b"meter,amount\nB1,11\nB2,12\n"


@dataclass
class Two:
    """Two served dams that peer, a member of the Korean one with rows in it, and one of the American."""

    kr: Served
    us: Served
    person: Person
    stack: ExitStack

    def reader(self) -> client.Dam:
        """The member at home."""
        return self.stack.enter_context(self.kr.client(self.person))

    def follow(self) -> None:
        """Each hears the other now."""
        for one, other in ((self.kr, US), (self.us, KR)):
            follow.look(one.world, peer.find(one.world, other).id)


@contextmanager
def a_dam(folder: Path, name: str, land: str) -> Iterator[Served]:
    """A served dam of that name."""
    wiring.init(folder, name=name, jurisdiction=land)
    with serving(folder, peer_pull_seconds=1) as dam:
        yield dam


@contextmanager
def two(folder: Path, **changes: object) -> Iterator[Two]:
    """The scene, with terms of the peering changed so; the person is a guest of nobody yet."""
    with ExitStack() as stack:
        kr = stack.enter_context(a_dam(folder / "kr", KR, "KR"))
        us = stack.enter_context(a_dam(folder / "us", US, "US"))
        for dam, data in ((kr, GOOD), (us, THEIRS)):
            publish.publish(dam.world, standard_text())
            dam.person("gives").deposits(dam.world, STANDARD, data)
        peer.add(kr.world, us.url, terms=terms(STANDARD, **changes))
        peer.add(us.world, kr.url)
        person = kr.person("Busan Cells")
        grant.grant(kr.world, person.id, STANDARD)
        made = Two(kr, us, person, stack)
        made.follow()
        yield made


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(client.HOME_VARIABLE, str(tmp_path / "home"))


@pytest.fixture(scope="module")
def dams(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """The scene, for tests that change nothing in it but add guests."""
    with two(tmp_path_factory.mktemp("two")) as made:
        yield made


def entered(dams: Two) -> client.Dam:
    """The person is a guest of the American dam, and may take rows there."""
    home = dams.reader()
    if dams.person.id not in {one.id for one in members(dams.us)}:
        away = dams.stack.enter_context(home.elsewhere(dams.us.url))
        away.join_as_guest(home, language="ko")
        grant.grant(dams.us.world, dams.person.id, STANDARD)
    return home


def members(dam: Served) -> list[Member]:
    """Everybody."""
    return [one for one, _ in join.members(dam.world)]


def test_both_parts_are_read_each_with_its_own_dams_receipt(dams: Two) -> None:
    """Rows of both with the dam they are from; each receipt holds under that dam's log key, and names these bytes."""
    home = entered(dams)
    found = home.open(ALL)
    assert isinstance(found, Federated)
    assert [(one.origin, one.state) for one in found.parts] == [(KR, State.WAITING), (US, State.WAITING)]
    frame = found.to_polars(strict=True).sort("meter")
    assert frame["meter"].to_list() == ["A1", "A2", "A3", "B1", "B2"]
    assert frame[DAM_COLUMN].to_list() == [KR] * 3 + [US] * 2
    assert found.missing == []
    for part, dam, rows in zip(found.parts, (dams.kr, dams.us), (3, 2), strict=True):
        assert (part.state, part.rows) == (State.READ, rows)
        proven = ledger.verify_receipt(seal.canonical(part.receipt), vkey=dam.world.ledger.vkey)
        assert (proven.statement.kind, proven.statement.id) == (Kind.RELEASE, part.release)
        assert proven.statement.body["member"] == dams.person.id
        assert proven.checkpoint.origin == part.origin
    assert found.to_arrow(columns=["meter"], filter=[("amount", ">", 10)]).num_rows == 3
    assert len(found.to_pandas(filter=[(DAM_COLUMN, "=", US)])) == 2
    refused("client.column-unknown", lambda: found.to_polars(columns=["x"]))
    refused("client.filter-unknown", lambda: found.to_polars(filter=[("meter", "~", 1)]))
    refused("client.filter-value", lambda: found.to_polars(filter=[("meter", ">", 1)]))


def test_files_of_all_parts_are_fetched_under_their_dams_names(dams: Two, tmp_path: Path) -> None:
    """Downloads stand beside each other; a second one takes the place of the first."""
    found = entered(dams).open(ALL)
    assert isinstance(found, Federated)
    first = found.download(tmp_path / "rows")
    assert sum(pl.read_parquet(path).height for path in first) == 5
    assert sorted(found.download(tmp_path / "rows")) == sorted(first) == sorted((tmp_path / "rows").iterdir())


def test_private_answers_over_several_dams_are_refused_in_a_plain_sentence(dams: Two) -> None:
    """Each dam has a budget and a claim of its own: one answer over both is not given yet."""
    error = refused("federated.private", lambda: dams.reader().open(ALL).private(purpose="statistics"))
    assert any("not given yet" in note or "아직" in note for note in error.__notes__)


def test_who_is_no_guest_gets_its_own_dams_part_and_the_other_is_named(tmp_path: Path) -> None:
    """Before joining: one part, and why the other is missing; strict raises. A dam that is gone is named too."""
    with two(tmp_path) as dams:
        found = dams.reader().open(ALL)
        assert isinstance(found, Federated)
        assert found.to_polars().height == 3
        (lacking,) = found.missing
        assert (lacking.origin, lacking.reason and lacking.reason.code) == (US, "catalogue.not-guest")
        assert dams.us.url in lacking.why
        refused("federated.part-missing", lambda: found.to_polars(strict=True))
        home = entered(dams)
        assert home.open(ALL).to_polars().height == 5
        (catalogued,) = home.catalogue()
        assert [(one["origin"], one["reading"], one["here"]) for one in catalogued["parts"]] == [
            (KR, "same", True),
            (US, "same", False),
        ]
        join.expel(dams.us.world, dams.person.id, "over")
        again = home.open(ALL)
        assert isinstance(again, Federated)
        assert again.to_polars().height == 3
        assert [one.reason and one.reason.code for one in again.missing] == ["catalogue.not-guest"]


def test_an_unreachable_dam_is_named_with_its_reason(tmp_path: Path) -> None:
    """The other dam is gone: what is left is read, and the missing part says so."""
    with two(tmp_path) as dams:
        home = entered(dams)
        found = home.open(ALL)
        assert isinstance(found, Federated)
        gone = "http://127.0.0.1:1"
        found.parts[1] = federated.Part(
            origin=US, url=gone, state=State.WAITING, told={**found.parts[1].told, "url": gone}
        )
        assert found.to_polars()["meter"].sort().to_list() == ["A1", "A2", "A3"]
        (lacking,) = found.missing
        assert (lacking.url, lacking.reason and lacking.reason.code) == (gone, "client.unreachable")
