"""Indicators of served dams: corroborated over two of them, taken back, and kept from whom their marking keeps them."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from datadam import client, wiring
from datadam.client import indicators
from datadam.client.federated import Federated
from datadam.client.indicators import Indicators
from datadam.dam import grant, peer, publish
from datadam.domains.cyber.exploited import Use
from datadam.domains.cyber.reliability import Vote
from datadam.errors import Invalid, Unavailable
from datadam.formats import codelists
from datadam.model import Json
from machines import a_machine
from peered_dams import KR, US, terms
from rules import read
from served import Served, serving
from sightings import NOW, indicator_rows
from test_federated import Two
from test_own_terms import term
from worlds import Person, fit_of, refused

ID = "cti.indicator"
KEV = "cti.exploited-vulnerability"
BAD = "login.bad.example"
A_KEV = b"cve_id,vendor,product,vulnerability,date_added\nCVE-2026-0001,Made Up Soft ,Gate,Made up,2026-01-01\n"


@pytest.fixture(scope="module")
def dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One dam for all tests of this file that need one only."""
    with serving(tmp_path_factory.mktemp("cyber") / "dam", share_refresh_seconds=0) as made:
        for standard in (ID, KEV):
            publish.publish(made.world, codelists.packaged_standard(standard))
        yield made


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(client.HOME_VARIABLE, str(tmp_path / "home"))


def reader(dam: Served, name: str = "Reads") -> Person:
    """A member who may take the rows."""
    person = dam.person(name, roles=("consumer",))
    for standard in (ID, KEV):
        grant.grant(dam.world, person.id, standard)
    return person


def seen(dam: Served, person: Person, value: str, days: float, **more: str) -> str:
    """A member deposits that it saw a value; the deposit."""
    return person.deposits(dam.world, ID, indicator_rows(dam.clock(), [(value, days)], **more)).id


def told(held: Indicators, value: str, **more: str) -> dict[str, object] | None:
    """What is known of a value."""
    found = held.to_polars(**more).filter(pl.col("value") == value)  # type: ignore[arg-type]  # any option
    return found.row(0, named=True) if found.height else None


def score(held: client.Dam, value: str) -> int:
    """What a value is worth now."""
    found = told(held.open(ID).indicators(), value)
    return 0 if found is None else int(str(found["score"]))


def test_what_is_taken_back_or_seen_again_changes_the_next_read(dam: Served) -> None:
    """A second contributor raises a score, its withdrawal lowers it again; a newer sighting restarts the clock."""
    one, other, who = dam.person("One"), Person("Other", jurisdiction="US").joins(dam.world), reader(dam)
    seen(dam, one, "again.example", 20)
    with dam.client(who) as held, dam.client(other) as taking:
        alone = score(held, "again.example")
        second = seen(dam, other, "again.example", 15)
        both = score(held, "again.example")
        known = told(held.open(ID).indicators(), "again.example")
        assert known is not None
        assert (known["contributors"], known["countries"]) == (2, 2)
        taking.withdraw([each for each in taking.deposits() if each["id"] == second], reason="it was ours")
        after = score(held, "again.example")
        seen(dam, one, "again.example", 1)
        newer = score(held, "again.example")
    assert both > alone == after < newer


def test_red_never_enters(dam: Served) -> None:
    """A row marked RED is refused at deposit, in whatever spelling; so is one without a marking."""
    who = dam.person("Careless")
    for tlp in ("red", "TLP:RED", ""):
        job = who.deposits(dam.world, ID, indicator_rows(dam.clock(), [("red.example", 1)], tlp=tlp))
        assert str(job.stage) == "refused"
    with dam.client(reader(dam, "Looks")) as held:
        assert score(held, "red.example") == 0


def test_a_marking_holds_at_the_sender_and_again_at_the_receiver(dam: Served, tmp_path: Path) -> None:
    """A contributor lets rows up to AMBER out; what came is written for whom its marking lets it be."""
    giver, who = dam.person("Gives"), reader(dam, "Takes")
    marks = ("clear", "green", "amber", "amber+strict")
    lines = [
        indicator_rows(dam.clock(), [(f"{tlp.replace('+', '-')}.tlp.example", 1)], tlp=tlp).decode().splitlines()
        for tlp in marks
    ]
    file = tmp_path / "marked.csv"
    file.write_text("\n".join([lines[0][0], *(line[1] for line in lines)]) + "\n", encoding="utf-8")
    with dam.client(giver) as giving, dam.client(who) as held:
        giving.deposit(file, fit_of(dam.world, ID, file.read_bytes()), terms=term("marking", "lteq", "amber"))
        found = held.open(ID).indicators()
        came = {one for one in found.to_polars()["value"] if one.endswith(".tlp.example")}
        assert came == {"clear.tlp.example", "green.tlp.example", "amber.tlp.example"}
        for audience, count in (("own", 3), ("clients", 3), ("community", 2), ("public", 1)):
            written = found.write("blocklist", audience=audience)
            assert written.text.count(".tlp.example") == count
            assert written.left.get("marking", 0) >= 3 - count


def test_what_is_written_is_whole_and_for_a_tool(dam: Served, tmp_path: Path) -> None:
    """Rules that hold to the grammar, a bundle, a list; each from a score on, at most so many, and as of a time."""
    seen(dam, dam.person("Sees"), BAD, 2)
    with dam.client(reader(dam, "Writes")) as held:
        found = held.open(ID).indicators()
        rules = found.write("suricata", kinds=["domain"]).save(tmp_path / "x.rules")
        assert any(BAD.encode() in str(one["looks"]).encode() for one in read(rules.read_text(encoding="utf-8")))
        assert not list(tmp_path.glob(".*"))
        bundle = json.loads(found.write("stix").text)
        assert any(BAD in str(one.get("pattern")) for one in bundle["objects"])
        assert found.write("blocklist", top=0).written.count == 0
        assert found.write("blocklist", min_score=100).written.count == 0
        late = found.write("blocklist", now=dam.clock() + timedelta(days=400))
        assert (late.written.count, late.left["decayed"] > 0) == (0, True)
        moment = dam.clock()
        assert found.write("stix", now=moment).text == found.write("stix", now=moment).text
        refused("indicators.format-unknown", lambda: found.write("snort"))
        refused("indicators.audience-unknown", lambda: found.write("stix", audience="press"))
        refused("indicators.number-wrong", lambda: found.write("stix", min_score=101))
        refused("indicators.number-wrong", lambda: found.write("stix", top=-1))
        refused("indicators.kind-unknown", lambda: found.write("suricata", kinds=["sha256"]))


def test_suppliers_are_named_whose_software_is_being_exploited(dam: Served) -> None:
    """By the rows of the catalogue and a list that stays here."""
    dam.person("Lists").deposits(dam.world, KEV, A_KEV)
    with dam.client(reader(dam, "Buys")) as held:
        uses = [Use(supplier="Graphite Ltd (fictional)", vendor="made up soft"), Use(supplier="Foil", vendor="Made")]
        found = indicators.exposed(held.open(KEV), uses)
    assert [(one.supplier, [each.cve_id for each in one.by]) for one in found.touched] == [
        ("Graphite Ltd (fictional)", ["CVE-2026-0001"])
    ]
    assert found.unknown == ("Made",)


def test_votes_of_readers_move_what_contributors_are_believed(dam: Served) -> None:
    """A contributor whose reports were false alarms is worth less, everywhere."""
    giver = dam.person("Cries wolf")
    seen(dam, giver, "wolf.example", 1)
    votes = [Vote(by=f"m-{n}", contributor=giver.id, type="domain", value="x.example", hit=False) for n in range(5)]
    with dam.client(reader(dam, "Votes")) as held:
        plain = told(held.open(ID).indicators(), "wolf.example")
        judged = told(held.open(ID).indicators(votes=votes), "wolf.example")
    assert plain is not None
    assert judged is not None
    assert int(str(judged["score"])) < int(str(plain["score"]))
    assert (plain["learned"], judged["learned"]) == (0, 1)


def test_rows_that_are_no_indicators_are_refused() -> None:
    """And which columns they lack is said."""
    with pytest.raises(Invalid) as error:
        indicators.of_frames([pl.DataFrame({"value": ["x.example"]})])
    assert error.value.facts["columns"] == "type, tlp"
    found = indicators.of_frames([pl.DataFrame({"value": ["x.example"], "type": ["domain"], "tlp": ["green"]})])
    assert found.write("stix", now=NOW).left == {"undated": 1}


# --- on the command line ----------------------------------------------------------------------------------------------


def test_lists_of_ones_own_are_read_strictly(
    dam: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Votes and suppliers: what is wrong is told with its row; what is right moves scores, or names nobody."""
    machine = a_machine(tmp_path, monkeypatch, capsys)
    giver = dam.person("Is voted on")
    seen(dam, giver, "voted.example", 1)
    key = client.write_private(tmp_path / "key", reader(dam, "Has lists").key)
    of = ("--url", dam.url, "--key", key)
    head, ok = "by,contributor,type,value,verdict", f"m-x,{giver.id},domain,voted.example,hit"
    wrong = {"": 1, f"{head}\n{ok}\nm-x,,domain,x,hit\n": 3, f"{head}\n{ok[:-3]}maybe\n": 2, f"{head}\n{ok},more\n": 2}
    for text, row in wrong.items():
        Path("votes.csv").write_text(text, encoding="utf-8")
        assert f"row {row})" in machine("indicators", "show", ID, "--votes", "votes.csv", *of, code=2).error
    Path("votes.csv").write_bytes(b"\xff\xfe")
    machine("indicators", "show", ID, "--votes", "votes.csv", *of, code=2)
    Path("votes.csv").write_text(f"{head}\n{ok}\n", encoding="utf-8")
    assert "voted[.]example" in machine("indicators", "show", ID, "--votes", "votes.csv", "--top", 1000, *of).out
    nothing = machine("indicators", "export", ID, "--audience", "own", "--kind", "ipv6", "--top", 0, *of).out
    assert "0 indicators" in " ".join(nothing.split())
    Path("uses.csv").write_text("supplier,vendor,product\nFoil,Nobody,\n", encoding="utf-8")
    dam.person("Lists more").deposits(dam.world, KEV, A_KEV)
    assert "No supplier" in machine("indicators", "exposed", KEV, "uses.csv", *of).out


# --- two dams ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dams(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Two served dams that peer over indicators; the person reads both."""
    folder = tmp_path_factory.mktemp("two")
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setenv(client.HOME_VARIABLE, str(folder / "home"))
        for name, land in ((KR, "KR"), (US, "US")):
            wiring.init(folder / land, name=name, jurisdiction=land)
        given = {"peer_pull_seconds": 1, "share_refresh_seconds": 0}
        kr, us = (stack.enter_context(serving(folder / land, **given)) for land in ("KR", "US"))
        for one in (kr, us):
            publish.publish(one.world, codelists.packaged_standard(ID))
        peer.add(kr.world, us.url, terms=terms(ID, classes=["public", "business", "confidential"]))
        peer.add(us.world, kr.url)
        person = kr.person("Busan Cells")
        made = Two(kr, us, person, stack)
        made.follow()
        home = made.reader()
        with home.elsewhere(us.url) as away:
            away.join_as_guest(home, language="en")
        for one in (kr, us):
            grant.grant(one.world, person.id, ID)
        yield made


def test_indicators_of_two_dams_corroborate(dams: Two) -> None:
    """A member of both counts once, countries are told by each dam's registry, a copy counts once over the border."""
    both = Person("In both (fictional)", jurisdiction="KR")
    both.joins(dams.kr.world)
    both.joins(dams.us.world)
    us = Person("Their CERT (fictional)", jurisdiction="US").joins(dams.us.world)
    jp = Person("A firm (fictional)", jurisdiction="JP").joins(dams.us.world)
    seen(dams.kr, both, BAD, 9)
    seen(dams.us, both, BAD, 5)
    assert _known(dams) == (1, 1, 2)
    mine = seen(dams.us, us, BAD, 7)
    assert _known(dams) == (2, 2, 3)
    copy = dams.kr.person("Copies (fictional)")
    seen(dams.kr, copy, BAD, 7 - 3 / 1440)
    assert _known(dams) == (2, 2, 4)
    seen(dams.us, jp, BAD, 4, upstream="CERT bulletin 7")
    seen(dams.kr, dams.kr.person("Quotes (fictional)"), BAD, 2, upstream="cert bulletin 7")
    assert _known(dams) == (3, 3, 6)
    with dams.us.client(us) as held:
        held.withdraw([each for each in held.deposits() if each["id"] == mine], reason="false alarm")
    assert _known(dams)[2] == 5  # the copy stands for itself now: who copied whom is not known any more


def test_a_dam_that_tells_no_countries_counts_for_fewer(dams: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows count all the same; nothing is guessed for them."""
    other = Person("From afar (fictional)", jurisdiction="DE").joins(dams.us.world)
    seen(dams.us, other, "afar.example", 3)
    opened = dams.reader().open(f"{ID}@all")
    before = told(opened.indicators(), "afar.example")
    theirs = client.Dam.members

    def members(self: client.Dam) -> list[Json]:
        if self.url == dams.us.url:
            raise Unavailable("client.unreachable", url=self.url)
        return theirs(self)

    monkeypatch.setattr(client.Dam, "members", members)
    after = told(opened.indicators(), "afar.example")
    assert before is not None
    assert after is not None
    assert (before["countries"], after["countries"], after["contributors"]) == (1, 0, 1)


def _known(dams: Two) -> tuple[int, int, int]:
    """Independent contributors, their countries and all reports of the value over both dams."""
    opened = dams.reader().open(f"{ID}@all")
    assert isinstance(opened, Federated)
    found = told(opened.indicators(), BAD)
    assert [one.why for one in opened.missing] == []
    assert found is not None
    return tuple(int(str(found[name])) for name in ("contributors", "countries", "reports"))  # type: ignore[return-value]  # three


def test_a_dam_that_was_not_read_is_named_beside_the_scores(
    dams: Two, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By every command, as JSON too: what is worth less because a dam is missing must not look as if all were there."""
    machine = a_machine(tmp_path, monkeypatch, capsys)
    key = client.write_private(tmp_path / "key", dict(dams.person.key))
    of = (f"{ID}@all", "--url", dams.kr.url, "--key", key)
    seen(dams.kr, dams.kr.person("Sees something (fictional)"), "only-here.example", 3)
    assert "is missing" not in machine("indicators", "show", *of).error
    held = grant.grants(dams.us.world, dams.person.id)[-1]
    grant.revoke(dams.us.world, held.id)
    for words in (("show",), ("show", "--json"), ("export", "--into", "list.txt")):
        done = machine("indicators", *words, *of)
        assert f"{US} is missing" in " ".join(done.error.split())
        assert "is missing" not in done.out
