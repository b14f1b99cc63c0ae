"""`datadam audit` of a dam that is served, and of its folder: what nothing breaks, what does, in both languages."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from datadam import client, seal
from datadam.dam import grant, state, withdraw
from datadam.errors import Invalid, NotFound, Unavailable
from datadam.model import Kind
from datadam.obligations.table import rows
from machines import Machine, a_machine
from served import STANDARD, Served, published, serving
from worlds import GOOD, Person


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    """A computer with nothing of ours on it but the program."""
    return a_machine(tmp_path, monkeypatch, capsys)


@pytest.fixture
def dam(tmp_path: Path) -> Iterator[Served]:
    """A dam of this test's own, with a deposit, a release and an auditor."""
    with serving(tmp_path / "dam") as made:
        published(made.world)
        yield made


def lived(dam: Served) -> tuple[Person, Person]:
    """Somebody deposits, somebody reads and is told when it is taken back; the auditor, and the depositor."""
    giver, reader = dam.person("Giver"), dam.person("Reader")
    job = giver.deposits(dam.world, STANDARD, GOOD)
    grant.grant(dam.world, reader.id, STANDARD)
    with dam.client(reader) as held:
        held.open(STANDARD).to_polars()
    facts = {"contributor": giver.id, "deposits": [job.id], "replaced_by": None, "reason": "r"}
    gone = withdraw.withdraw(dam.world, giver.caller, seal.envelope(giver.states(Kind.WITHDRAWAL, facts)))
    withdraw.purge(dam.world, gone)
    return dam.person("Auditor", roles=("auditor",)), giver


def kept(person: Person, folder: Path) -> Path:
    """A person's key as a file."""
    path = folder / f"{person.name}.key"
    path.write_text(json.dumps(person.key), encoding="utf-8")
    path.chmod(0o600)
    return path


def told(machine: Machine, *words: object, code: int = 0) -> Any:
    """What an audit says as JSON."""
    return json.loads(machine("audit", *words, "--json", code=code).out)


def test_an_auditor_sees_the_whole_log_and_a_stranger_is_told_what_it_did_not_see(
    machine: Machine, dam: Served, tmp_path: Path
) -> None:
    """Over HTTP, as a member with the role; the same over the folder of the dam, from which nothing is changed."""
    auditor, giver = lived(dam)
    key = kept(auditor, tmp_path)
    whole = told(machine, dam.url, "--key", key)
    assert whole["counts"]["failed"] == 0
    assert whole["counts"]["rows"] == len(rows())
    assert whole["counts"]["executable"] + whole["counts"]["declared"] == len(rows())
    assert whole["log"]["unseen"] == 1  # the manifest that was erased
    part = told(machine, dam.url, "--key", kept(giver, tmp_path))
    assert (part["counts"]["failed"], part["log"]["unseen"] > 1) == (0, True)
    assert {one["status"] for one in whole["rows"]} >= {"passed", "not applicable yet"}
    stranger = told(machine, dam.url)
    assert stranger["log"]["unseen"] > 0
    assert stranger["counts"]["failed"] == 0  # what was not shown breaks nothing
    before = sorted((path, path.stat().st_mtime_ns) for path in dam.folder.joinpath("bodies").rglob("*.json"))
    folder = told(machine, dam.folder, "--vkey", dam.world.ledger.vkey)
    passed = {one["number"]: one["status"] for one in folder["rows"] if one["number"] != 35}
    assert passed == {one["number"]: one["status"] for one in whole["rows"] if one["number"] in passed}
    assert sorted((path, path.stat().st_mtime_ns) for path in dam.folder.joinpath("bodies").rglob("*.json")) == before


@pytest.mark.parametrize("language", ["en", "ko"])
def test_what_is_broken_is_named_and_the_shell_is_told(
    machine: Machine, dam: Served, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    """The row, the entry, who, when and why, in the person's language; nobody is said to comply."""
    monkeypatch.setenv("DATADAM_LANG", language)
    facts = {"classes": ["personal"], "destinations": ["US"], "standard": None, "reason": "r", "ground": " - "}
    order = state.statement(dam.world, Kind.ORDER, facts)
    index = state.record(dam.world, order)
    vkey = ("--vkey", dam.world.ledger.vkey)
    found = told(machine, dam.folder, "--row", "8", *vkey, code=5)
    (broken,) = found["rows"]
    assert broken["status"] == "failed"
    assert (found["counts"]["failed"], found["counts"]["rows"]) == (1, 1)
    (entry,) = broken["found"]
    assert (entry["id"], entry["index"], entry["who"]) == (order.id, index, "dam")
    state.record(dam.world, *(state.statement(dam.world, Kind.ORDER, facts) for _ in range(25)))
    out = machine("audit", dam.folder, *vkey, code=5).out
    assert re.search("6 more|6개", out)  # of 26; nobody reads a wall
    assert order.id[:12] in out
    assert entry["what"] in " ".join(out.split())
    assert {"en": "It is not legal advice", "ko": "법률 자문이 아니며"}[language] in " ".join(out.split())
    assert "compliant" not in out


def test_a_log_is_audited_under_a_key_that_was_known_before(machine: Machine, dam: Served, tmp_path: Path) -> None:
    """Without a key that was named or pinned nothing is believed; a pinned one is found by itself."""
    assert machine("audit", dam.folder, code=2).error
    assert machine("audit", tmp_path, code=4).error
    machine("connect", dam.url)
    assert told(machine, dam.folder, "--row", "1")["rows"][0]["status"] == "passed"
    assert machine("audit", dam.folder, "--row", "99", code=4).error


def test_bodies_of_a_folder_are_read_where_they_lie(tmp_path: Path, dam: Served) -> None:
    """As files and in packs; what is no id, or not there, is None; a pack that is none says so."""
    world = dam.world
    statements = [
        state.statement(world, Kind.ERASURE, {"body": f"{n:064}", "member": None, "reason": "r"}) for n in range(9)
    ]
    state.record(world, *statements)
    with client.folder_bodies(dam.folder / "bodies") as body:
        for _, id in world.ledger.entries():
            assert body(id) == world.bodies.get(id)
        assert body("../x") is None
        assert body("ab" * 32) is None
    packs = tmp_path / "bodies" / "packs"
    packs.mkdir(parents=True)
    (packs / "00000001.sqlite").write_bytes(b"x" * 100)
    with client.folder_bodies(tmp_path / "bodies") as body, pytest.raises(Unavailable):
        body("ab" * 32)


def test_the_key_of_a_folder_is_one_that_signed_its_checkpoint(tmp_path: Path, dam: Served) -> None:
    """Another log's key is passed over; a folder without a log has none."""
    log = dam.folder / "log"
    assert client.key_of_folder(log, ["nonsense", dam.world.ledger.vkey]) == dam.world.ledger.vkey
    with pytest.raises(Invalid):
        client.key_of_folder(log, [])
    with pytest.raises(NotFound):
        client.key_of_folder(tmp_path, [])
