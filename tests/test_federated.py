"""One reservoir over two served dams: each part by its own dam's decision and receipt, and what is missing is named."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pytest

from datadam import client, ledger, seal, wiring
from datadam.client import federated
from datadam.client.federated import DAM_COLUMN, Federated, State, refuse_namesakes
from datadam.dam import follow, grant, join, login, peer, publish
from datadam.formats import note
from datadam.migration import Drawn
from datadam.model import Kind, Member, Type
from drafts import column
from machines import a_machine
from peered_dams import KR, US, terms
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
def two(folder: Path, *, theirs: tuple[str, bytes] | None = None, tier: str = "agreement") -> Iterator[Two]:
    """The scene; `theirs` are another standard and other rows in the American dam. Nobody is a guest yet."""
    with ExitStack() as stack:
        kr = stack.enter_context(a_dam(folder / "kr", KR, "KR"))
        us = stack.enter_context(a_dam(folder / "us", US, "US"))
        for dam, (text, data) in (
            (kr, (standard_text(tier=tier), GOOD)),
            (us, theirs or (standard_text(tier=tier), THEIRS)),
        ):
            publish.publish(dam.world, text)
            dam.person("gives").deposits(dam.world, STANDARD, data)
        peer.add(kr.world, us.url, terms=terms(STANDARD))
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


def test_what_a_lying_dam_sends_is_named_and_not_read(dams: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another log key than the one that home knows, bytes that no release is of, columns of another type."""
    home = entered(dams)
    found = home.open(ALL)
    assert isinstance(found, Federated)
    ours, theirs = found.parts
    other = {**theirs.told, "log": dams.kr.world.ledger.vkey}
    assert lacking(replaced(found, ours, replace(theirs, told=other))) == "client.key-not-told"
    with monkeypatch.context() as patched:
        patched.setattr(federated, "_digest", lambda _: "0" * 64)
        nothing = home.open(ALL)
        error = refused("federated.nothing-read", nothing.to_polars)
        assert error.facts["dams"] == ", ".join(one.origin for one in found.parts)
        assert [one.code for one in error.facts["reasons"]] == ["federated.release-none"] * 2  # type: ignore[attr-defined]  # facts hold any
    with monkeypatch.context() as patched:
        days = (Drawn(column=column("amount", Type.DATE)),)
        turns = iter([(), (days,)])  # as they come, and with amounts that are days
        patched.setattr(Federated, "_steps", lambda *_: next(turns))
        assert lacking(found) == "federated.columns-other"


def replaced(found: Federated, *parts: federated.Part) -> Federated:
    """The same with other parts."""
    return replace(found, parts=list(parts))


def lacking(found: Federated) -> str:
    """Why the one part that is missing is."""
    assert found.to_polars()["meter"].sort().to_list() == ["A1", "A2", "A3"]
    (missing,) = found.missing
    assert missing.reason is not None
    return missing.reason.code


def test_two_dams_of_one_name_are_not_told_apart_by_guessing(dams: Two) -> None:
    """A name that is pinned under another address and key, or two parts of one name: refused before all else."""
    entered(dams).open(ALL).to_polars()
    vkey, stranger = dams.us.world.ledger.vkey, note.vkey(US, seal.public(seal.new_key()))
    refuse_namesakes([(US, "https://moved.example", vkey)])  # the same key: the same dam
    error = refused("client.dam-namesake", lambda: refuse_namesakes([(US, "https://other.example", stranger)]))
    assert error.facts["other"] == dams.us.url
    twice = [("x.example/log", "https://a.example", stranger), ("x.example/log", "https://b.example", vkey)]
    refused("client.dam-namesake", lambda: refuse_namesakes(twice))


def test_a_part_under_an_aligned_standard_is_read_under_ours(tmp_path: Path) -> None:
    """Their column has another name and the same title: it is read as ours. What differs is named with the reason."""
    renamed = standard_text().replace("version: 1.0.0", "version: 1.1.0").replace("name: amount", "name: quantity")
    data = b"meter,quantity\nB1,11\n"
    with two(tmp_path / "aligned", theirs=(renamed, data)) as dams:
        found = entered(dams).open(ALL)
        assert isinstance(found, Federated)
        assert found.parts[1].told["reading"] == "aligned"
        assert found.to_polars(strict=True).sort("meter")["amount"].to_list() == [5, 7, 1000, 11]
    other = (
        standard_text()
        .replace("version: 1.0.0", "version: 1.1.0")
        .replace("logicalType: integer", "logicalType: number")
    )
    with two(tmp_path / "other", theirs=(other, THEIRS)) as dams:
        found = entered(dams).open(ALL)
        assert isinstance(found, Federated)
        assert lacking(found) == "peer.standard-differs"
        assert found.missing[0].state is State.MISSING


def test_strangers_read_open_parts_and_no_receipt_is_theirs(tmp_path: Path) -> None:
    """What is open to everybody is read without a key, of both dams; a member that is no guest there reads it too."""
    with two(tmp_path, tier="open") as dams:
        found = dams.stack.enter_context(dams.kr.client()).open(ALL)
        assert isinstance(found, Federated)
        assert found.to_polars(strict=True).height == 5
        assert [(one.release, one.receipt) for one in found.parts] == [(None, {}), (None, {})]
        mine = dams.reader().open(ALL)
        assert isinstance(mine, Federated)
        assert mine.to_polars(strict=True).height == 5
        assert [bool(one.receipt) for one in mine.parts] == [True, False]


def test_what_home_says_voids_a_token_of_before_in_the_other_served_dam(tmp_path: Path) -> None:
    """Pushed by the servers themselves: the next request with it is refused, and the part is missing from then on."""
    with two(tmp_path) as dams:
        home = entered(dams)
        token = dams.us.token(dams.person)
        assert dams.us.ask("GET", "/api/me", token).status_code == 200
        join.expel(dams.kr.world, dams.person.id, "gone")
        until = time.monotonic() + 30
        while dams.us.ask("GET", "/api/me", token).status_code != 401:
            assert time.monotonic() < until
            time.sleep(0.02)
        refused("login.token-unknown", lambda: login.caller(dams.us.world, token))
        assert home.has_key


def test_one_command_makes_a_guest_and_others_read_all_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Join --as-guest shows the text and the scope; ls --all, show and get tell of every part."""
    with two(tmp_path / "dams") as dams:
        machine = a_machine(tmp_path, monkeypatch, capsys)
        key = tmp_path / "key"
        client.write_private(key, dict(dams.person.key))
        mine = ("--url", dams.kr.url, "--key", key)
        told = machine("ls", "--all", *mine)
        assert dams.us.url in told.out
        assert "--as-guest" in told.out
        away = ("join", "--as-guest", "--home", dams.kr.url, "--url", dams.us.url, "--key", key)
        machine(*away, code=2)  # nobody is there to read it
        machine("join", "--as-guest", "--key", key, "--home", dams.kr.url, "--yes", code=2)
        machine("join", "--yes", *mine, code=2)
        done = machine(*away, "--yes")
        assert STANDARD in done.out
        grant.grant(dams.us.world, dams.person.id, STANDARD)
        assert US in machine("show", ALL, *mine).out
        machine("get", ALL, tmp_path / "rows", *mine)
        assert len(list((tmp_path / "rows").glob("*.parquet"))) == 2
        join.suspend(dams.us.world, dams.person.id, "asked")
        lacking = machine("get", ALL, tmp_path / "rows", "--force", *mine).out
        assert US in lacking
        with dams.us.world.store.read() as rows:
            held = rows.get(Member, dams.person.id)
        assert held is not None
        assert held.home == peer.find(dams.us.world, KR).id
