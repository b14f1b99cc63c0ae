"""What law asks, on the command line and over HTTP: each command in earnest, and what it is not said every time."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from datadam import client, seal
from datadam.dam import grant, release
from datadam.formats import law_files
from datadam.model import Kind
from machines import Machine, a_machine
from served import STANDARD, Served, published, serving
from worlds import GOOD

CAUTION = {"en": "not legal advice", "ko": "법률 자문이 아닙니다"}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    """A computer with nothing of ours on it but the program."""
    return a_machine(tmp_path, monkeypatch, capsys)


@pytest.fixture
def dam(tmp_path: Path) -> Iterator[Served]:
    """A dam of this test's own."""
    with serving(tmp_path / "dam") as made:
        published(made.world)
        yield made


def law_of(dam: Served) -> Any:
    """The law files and orders as a stranger reads them."""
    with dam.client() as stranger:
        return stranger.law()


def as_json(machine: Machine, *words: object) -> Any:
    """What a command says as JSON, and that it says what it is not."""
    told = json.loads(machine(*words, "--json").out)
    assert any(caution in told["note"] for caution in CAUTION.values())
    return told["items"]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_law_is_looked_over_adopted_and_asked(
    machine: Machine, dam: Served, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    """Lint, adopt, show, ask: until it is adopted nothing has a basis; each says that it is no legal advice."""
    monkeypatch.setenv("DATADAM_LANG", language)
    of, said = ("--dam", dam.folder), CAUTION[language]

    def says(*words: object) -> str:
        out = " ".join(machine(*words).out.split())
        assert said in out
        return out

    own = Path("clocks.yaml")
    own.write_text(law_files.packaged()["clocks"], encoding="utf-8")
    assert "corridors 2026" in says("law", "lint")
    assert "18" in says("law", "lint", own)
    assert "adopt" in says("law", "show", *of)
    none = says("law", "basis", "DE", "--class", "personal", *of)
    assert "clocks" in says("law", "adopt", own, *of)
    assert "corridors" in says("law", "adopt", *of)
    assert "2026.11.22" in says("law", "show", *of)
    assert [one["name"] for one in as_json(machine, "law", "show", *of)] == ["corridors", "clocks"]
    assert says("law", "basis", "US", "--class", "personal", *of).replace("US", "DE") == none
    assert "28-8" in says("law", "basis", "DE", "--class", "personal", *of)
    assert "KR" in says("law", "basis", "KR", "--class", "personal", *of)


def test_orders_are_made_listed_and_lifted(machine: Machine, dam: Served) -> None:
    """By the first digits of their ids; everybody can see them."""
    of = ("--dam", dam.folder)
    words = ("--reason", "a court said so", "--ground", "PIPA 28-9")
    done = machine("order", "suspend", "--class", "personal", "--class", "confidential", "--to", "US", *words, *of)
    (one,) = as_json(machine, "order", "list", *of)
    assert one["id"] in " ".join(done.out.split())
    assert (one["classes"], one["destinations"], one["lifted"]) == (["confidential", "personal"], ["US"], None)
    assert law_of(dam)["orders"] == [one]
    machine("order", "lift", one["id"][:8], "--reason", "over", *of)
    assert law_of(dam)["orders"][0]["lifted"] is not None
    assert "PIPA 28-9" in machine("order", "list", *of).out
    machine("order", "lift", one["id"], "--reason", "again", *of, code=3)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_demand_and_a_withdrawal_reach_whom_they_concern(
    machine: Machine, dam: Served, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    """The contributor reads of the demand, the recipient of the withdrawal; a third reads nothing."""
    ann, ben = dam.person("Ann"), dam.person("Ben")
    keys = {one.name: client.write_private(machine.folder / one.name, one.key) for one in (ann, ben)}
    job = ann.deposits(dam.world, STANDARD, GOOD)
    monkeypatch.setenv("DATADAM_LANG", language)
    told = {"--authority": "A court", "--country": "US", "--ground": "CLOUD Act", "--what": "every row"}
    words = [word for pair in told.items() for word in pair]
    of = ("--dam", dam.folder)
    machine("demand", "record", *words, "--received", "2026-11-22T00:00:00Z", "--standard", STANDARD, *of)
    assert "CLOUD Act" in machine("demand", "list", *of).out
    here = ("--url", dam.url, "--key")
    assert "every row" in " ".join(machine("notices", *here, keys["Ann"]).out.split())
    assert CAUTION[language] in " ".join(machine("notices", *here, keys["Ben"]).out.split())
    grant.grant(dam.world, ben.id, STANDARD)
    release.open_share(dam.world, ben.caller, STANDARD)
    facts = {"contributor": ann.id, "deposits": [job.id], "replaced_by": None, "reason": "ended"}
    signed = seal.envelope(ann.states(Kind.WITHDRAWAL, facts))
    assert dam.ask("POST", "/api/withdrawals", dam.token(ann), content=signed).status_code == 202
    assert STANDARD in " ".join(machine("notices", *here, keys["Ben"]).out.split())
    with dam.client(ben) as recipient:
        (notice,) = recipient.notices()
        assert (notice["topic"], notice["facts"]) == ("withdrawal", {"standards": STANDARD})
        assert recipient.receipt(notice["id"])["index"] == notice["index"]


def test_demands_are_told_as_json(machine: Machine, dam: Served) -> None:
    """With whom they concern, by name and by reservoir."""
    ann = dam.person("Ann")
    about = ("--authority", "A", "--country", "US", "--ground", "g", "--what", "w")
    words = (*about, "--received", "2026-11-22T00:00:00Z")
    of = ("--dam", dam.folder)
    machine("demand", "record", *words, "--answer", "refused", "--contributor", ann.id, *of)
    assert as_json(machine, "demand", "list", *of)[0]["contributors"] == [ann.id]
    key = client.write_private(machine.folder / "ann", ann.key)
    machine("notices", "--url", dam.url, "--key", key)  # the first contact pins the log's key, and says so
    assert as_json(machine, "notices", "--url", dam.url, "--key", key)[0]["facts"]["answer"] == "refused"


def test_an_incident_is_reported_and_ticked_off(machine: Machine, dam: Served) -> None:
    """Which notices are due and by when; open, done and overdue are told apart; nothing due is said with care."""
    of = ("--dam", dam.folder)
    machine("law", "adopt", *of)
    about = ("--persons", "1200", "--what", "a disk was lost", "--class", "personal")
    report = ("incident", "report", "--kind", "breach", *about, "--at", "2026-11-01T00:00:00Z")
    out = machine(*report, "--in", "KR", "--in", "DE", *of).out
    assert out.count("overdue") == 2
    assert "kr-pipa-34" in out
    (one,) = as_json(machine, "incident", "list", *of)
    machine("incident", "noticed", one["id"][:8], "--clock", "kr-pipa-34", "--at", "2026-11-02T00:00:00Z", *of)
    late = ("incident", "noticed", one["id"], "--clock", "eu-gdpr-33", "--at", "2026-11-22T00:00:00Z", *of)
    assert "done late" in machine(*late).out
    listed = machine("incident", "list", *of).out
    assert "overdue" not in listed
    assert "does not say that none runs in law" in " ".join(machine(*report, "--in", "US", *of).out.split())
    (again,) = as_json(machine, *report, *of)
    assert [owed["clock"] for owed in again["owed"]] == ["kr-pipa-34"]


def test_a_stranger_reads_which_law_a_dam_goes_by(machine: Machine, dam: Served) -> None:
    """The files by digest, and their text by the statement that adopted them."""
    machine("law", "adopt", "--dam", dam.folder)
    files = law_of(dam)["files"]
    assert [one["name"] for one in files] == ["corridors", "clocks"]
    with dam.client() as stranger:
        body = stranger.body(files[0]["statement"])
    assert body is not None
    assert seal.opened(body).body["text"] == law_files.packaged()["corridors"]
