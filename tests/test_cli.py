"""Every command: its help, its work against a real dam, what it says of wrong input in both languages, and a talk."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import served
from authorities import root
from datadam import client, wiring
from datadam.cli.manners import print_json
from datadam.dam import grant, publish
from datadam.formats import codelists, odrl
from datadam.model import Deposit, MemberId
from datadam.privacy import periods
from datadam.terms import Action
from machines import ALL, NAMES, Machine, a_machine, found
from pools import report, tables_text
from served import STANDARD, Served, serving
from sightings import indicator_rows
from signed import an_offer, permission
from test_combine import a_text
from test_credential import AGENCY, KEY, claims, token
from test_gates import GROUPS, gated
from test_signing import TOKEN
from worlds import answers_text, standard_text


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    """A computer with nothing of ours on it but the program."""
    return a_machine(tmp_path, monkeypatch, capsys)


@pytest.fixture(scope="module")
def dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A dam that is served."""
    with serving(tmp_path_factory.mktemp("cli") / "dam") as made:
        yield made


ELSEWHERE = {name for name in NAMES if name.startswith("match ")}  # test_rounds_served.py goes a whole round


# --- the work ---------------------------------------------------------------------------------------------------------


def test_a_whole_life_on_the_command_line(machine: Machine, dam: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """From `init` to `leave`, each command at least once, each with exit code 0."""
    of = ("--dam", dam.folder)
    _operates(machine)
    (machine.folder / "standard.yaml").write_text(standard_text(), encoding="utf-8")
    assert STANDARD in machine("standard", "check", "standard.yaml").out
    assert STANDARD in machine("standard", "publish", "standard.yaml", *of).out
    assert "cti.indicator" in machine("standard", "packaged").out
    assert "2 columns agree" in machine("standard", "align", "standard.yaml", "standard.yaml").out
    assert "enforce" in machine("terms", "count").out
    assert "cti.indicator" in machine("offer", "check", "cti.indicator").out
    assert "Warranty" in machine("offer", "text", "cti.indicator").out
    assert "2999-12-31" in machine("standard", "deprecate", STANDARD, "1.0.0", "--until", "2999-12-31", *of).out
    # joining
    member = found(r"(m-[0-9a-f]{20})", machine("keygen", "my.key").out)
    assert dam.url in machine("connect", dam.url, "--key", "my.key").out
    assert "2999-12-31" in machine("standard", "versions", STANDARD).out
    assert len(machine("accession").out) > 500
    assert re.search("[가-힣]", machine("accession", "--language", "ko").out)
    words = ("join", "--name", "Firm", "--jurisdiction", "KR", "--role", "contributor", "--role", "consumer")
    id = found(r"\b([0-9a-f]{64})\b", machine(*words, "--number", "kr-brn:1208147521", "--yes").out)
    machine("application", id)
    waiting = json.loads(machine("member", "applications", *of, "--json").out)
    assert [one["id"] for one in waiting] == [id]
    assert "Firm" in machine("member", "applications", *of).out
    assert member in machine("member", "approve", id[:8], *of).out
    machine("application", id)
    assert json.loads(machine("me").out)["member"] == member
    grant = found(r"\b([0-9a-f]{64})\b", machine("grant", "add", member, STANDARD, *of).out)
    assert grant[:20] in machine("grant", "list", member, *of).out.replace("\n", "")
    _deposits(machine)
    machine("freeze", f"{STANDARD}@first", *of)
    assert f"{STANDARD}@first" in machine("editions").out
    _takes_out(machine)
    _decides(machine)
    _tabulates(machine, dam)
    _agrees(machine, dam, member)
    # another joins in vain
    machine("keygen", "other.key")
    more = ("--yes", "--url", dam.url, "--key", "other.key")
    other = found(r"\b([0-9a-f]{64})\b", machine(*words, *more).out)
    machine("member", "decline", other, "--reason", "not now", *of)
    assert "not now" in machine("application", other, "--url", dam.url).out
    # a new key, and the end
    machine("rotate", "new.key")
    assert len(json.loads(machine("me").out)["keys"]) == 2
    machine("grant", "revoke", grant, *of)
    machine("leave", "--reason", "done")
    machine("member", "forget", member, "--reason", "asked", *of)
    _expels(machine, dam)
    assert member in machine("member", "list", *of).out
    assert sorted(machine.ran | ELSEWHERE) == sorted(NAMES)
    monkeypatch.setenv("DATADAM_LANG", "ko")
    assert re.search("[가-힣]", machine("status", dam.folder).out)


def _decides(machine: Machine) -> None:
    """What one could get, what was decided, and why."""
    assert "Yes" in machine("can", "me", "read", STANDARD).out
    assert "No" in machine("can", "me", "combine", STANDARD).out
    first = machine("decisions").out.splitlines()[-1].split()[0]
    assert "the same answer" in machine("why", first).out


def _peers(machine: Machine, dam: Served) -> None:
    """Two operators agree; each sees how it stands; a client asks that the other dam saw the log; the end of it."""
    wiring.init(machine.folder / "other", name="other.example/log", jurisdiction="US")
    with serving(machine.folder / "other", peer_pull_seconds=1) as other:
        of, back = ("--dam", dam.folder), ("--dam", other.folder)
        text = machine("peer", "terms", other.url, *of).out.replace("standards = []", f'standards = ["{STANDARD}"]')
        Path("peering.toml").write_text(text, encoding="utf-8")
        key, mine = (("--key", one.world.ledger.vkey, "--yes") for one in (other, dam))
        machine("peer", "add", other.url, "--terms", "peering.toml", *key, *of)
        assert STANDARD in machine("peer", "add", dam.url, *mine, *back).out
        assert "served.example/log" in machine("peer", "list", *back).out
        assert STANDARD in machine("peer", "show", "served.example/log", *back).out
        machine("peer", "pull", *back)
        vkey = json.loads(other.ask("GET", "/api/peers").text)["self"]["cosigner"]
        assert vkey in machine("trust", "--cosigned-by", vkey, "--url", dam.url).out
        machine("trust", "--nobody", "--url", dam.url)
        machine("peer", "end", "other.example/log", "--reason", "over", *of)


def _corroborates(machine: Machine, dam: Served) -> None:
    """Indicators with what they are worth, as a file for a tool; and who has software that is being exploited."""
    other = dam.person("Sees it too")
    rows = {"m": ("bad.example", 9), "o": ("bad.example", 5)}
    told = {who: indicator_rows(dam.clock(), [one]) for who, one in rows.items()}
    for standard in ("cti.indicator", "cti.exploited-vulnerability"):
        publish.publish(dam.world, codelists.packaged_standard(standard))
        grant.grant(dam.world, MemberId(json.loads(machine("me").out)["member"]), standard)
    other.deposits(dam.world, "cti.indicator", told["o"])
    Path("seen.csv").write_bytes(told["m"])
    machine("deposit", "seen.csv", "--standard", "cti.indicator", "--yes")
    shown = " ".join(machine("indicators", "show", "cti.indicator").out.split())
    assert "bad[.]example" in shown
    assert "bad.example" not in shown
    (one,) = json.loads(machine("indicators", "show", "cti.indicator", "--json").out)
    assert one["explanation"].startswith("2 organisations, 1 country, last seen 5 days ago, decayed to ")
    written = machine("indicators", "export", "cti.indicator", "--format", "suricata", "--min-score", 10).out
    assert "bad.example" in Path("datadam.rules").read_text(encoding="utf-8")
    assert "1 indicator for own" in " ".join(written.split())
    machine("indicators", "export", "cti.indicator", "--format", "suricata", code=3)  # it is there already
    kev = b"cve_id,vendor,product,vulnerability,date_added\nCVE-2026-0001,Made Up Soft,Gate,Made up,2026-01-01\n"
    other.deposits(dam.world, "cti.exploited-vulnerability", kev)
    uses = "supplier,vendor\nGraphite Ltd (fictional),made up soft\nFoil,Nobody\n"
    Path("uses.csv").write_text(uses, encoding="utf-8")
    exposed = machine("indicators", "exposed", "cti.exploited-vulnerability", "uses.csv").out
    assert "CVE-2026-0001" in exposed
    assert "Nobody" in exposed
    listed = json.loads(machine("indicators", "exposed", "cti.exploited-vulnerability", "uses.csv", "--json").out)
    assert listed["touched"] == [{"supplier": "Graphite Ltd (fictional)", "by": ["CVE-2026-0001"]}]


def _tabulates(machine: Machine, dam: Served) -> None:
    """Checked tables of a day: published when it is over, listed, shown, written as CSV; each says what it is not."""
    publish.publish(dam.world, tables_text(period="day"))
    firms = {name: dam.person(name) for name in ("t", "u", "v", "w")}
    report(dam.world, firms, {name: {("north", "food"): 100 + at} for at, name in enumerate(firms)})
    day = periods.of(dam.clock(), "day")
    with dam.clock.forward(days=1):
        assert "1" in machine("publish-tables", "test.energy", "--dam", dam.folder).out
    label = "ot differentially private"
    assert day in (listed := machine("tables", "test.energy").out)
    assert label in " ".join(listed.split())
    shown = " ".join(machine("table", "test.energy", day, "--table", "by-place").out.split())
    assert "north · food 406" in shown
    assert label in shown
    assert "--table" in machine("table", "test.energy", day, code=2).error
    written = machine("table", "test.energy", day, "--table", "plants", "--csv", "-").out
    assert f"{day},north,food,4,,not differentially private" in written
    machine("table", "test.energy", day, "--table", "plants", "--csv", "plants.csv")
    assert Path("plants.csv").read_text(encoding="utf-8") in written
    assert json.loads(machine("table", "test.energy", day, "--json").out)["label"] == "not differentially private"
    _groups(machine, dam)
    _asks(machine, dam)
    _corroborates(machine, dam)


def _groups(machine: Machine, dam: Served) -> None:
    """Gates over groups of rows: told, and what coarser columns would let more through."""
    text = gated(GROUPS).replace("test.reading", "test.gated")
    publish.publish(dam.world, text)
    assert "units 2" in machine("gates", "show", "test.gated").out
    assert "as it is" in machine("gates", "suggest", "test.gated", "--dam", dam.folder).out
    Path("gated.yaml").write_text(text, encoding="utf-8")
    Path("gated.csv").write_text("meter,amount,region\nA1,5,north\nA2,5,north\n", encoding="utf-8")
    assert "as it is" in machine("standard", "coarsen", "gated.yaml", "--sample", "gated.csv").out


def _asks(machine: Machine, dam: Served) -> None:
    """A reservoir that gives no rows: tried and foretold for nothing, and capped by who hands in."""
    assert "retrain" in machine("terms", "words").out
    assert "The budget is worth" in machine("standard", "check", "industry.plant-energy").out
    publish.publish(dam.world, answers_text().replace("test.energy", "test.asked"))
    asked = ("ask", "test.asked", "count", "--by", "region")
    assert "north" in machine(*asked, "--dummy").out
    assert "95 %" in machine(*asked, "--preview", "--period", "2026-Q3").out
    assert "energy" in machine("dummy", "test.asked").out
    assert "rho 1" in machine("cap", "test.asked", "--rho", "1").out
    assert "test.asked" in machine("spent").out


def _discloses(machine: Machine) -> None:
    """A model: its weights promised, disclosed, looked at, written out for other tools."""
    Path("weights.bin").write_bytes(b"weights")
    digest = found(r"digest: '([0-9a-f]{64})'", machine("model", "commit", "weights.bin", "--as", "weights").out)
    card = {
        "name": "meter-model",
        "version": "1.0.0",
        "purpose": "Tell odd readings from others.",
        "description": "A tree over amounts.",
        "contact": "models@firm.example",
        "limits": ["Not tried on other meters."],
        "criteria": ["Amounts."],
        "compute": "below-1e23",
        "synthetic": False,
        "commitments": [{"part": "weights", "digest": digest}],
    }
    Path("card.yaml").write_text(json.dumps(card), encoding="utf-8")
    machine("model", "register", "card.yaml", "--yes")
    assert "meter-model" in machine("model", "list").out
    id = str(json.loads(machine("model", "list", "--json").out)[0]["id"])
    assert "meter-model" in machine("model", "show", id[:12]).out
    machine("model", "commit-check", "weights.bin", "--model", id[:12])
    assert json.loads(machine("model", "export", id[:12], "--cyclonedx").out)["specVersion"] == "1.7"


def _opens(machine: Machine, dam: Served) -> None:
    """What was promised is opened on a demand that names the model."""
    id = str(json.loads(machine("model", "list", "--json").out)[0]["id"])
    asked = ("--authority", "A court", "--country", "KR", "--ground", "An act", "--what", "weights", "--model", id)
    machine("demand", "record", *asked, "--received", "2026-11-01T00:00:00Z", "--dam", dam.folder)
    demands = json.loads(machine("demand", "list", "--json", "--dam", dam.folder).out)["items"]
    (demand,) = [str(one["id"]) for one in demands if one["model"] == id]
    machine("model", "open", id[:12], "weights.bin", "--order", demand[:12])
    machine("model", "opened", id[:12], "--into", ".")
    assert Path(f"{id[:12]}.weights").read_bytes() == b"weights"


def _goes_by_law(machine: Machine, dam: Served, member: str) -> None:
    """Law files, an order and its end, a demand and who hears of it, an incident and the notices due."""
    of, day = ("--dam", dam.folder), "2026-11-01T00:00:00Z"
    assert "not legal advice" in machine("law", "lint").out.lower()
    machine("law", "adopt", *of)
    machine("law", "show", *of)
    machine("law", "basis", "JP", "--class", "business", *of)
    why = ("--ground", "An act", "--to", "US", "--class", "personal")
    machine("order", "suspend", *why, "--reason", "inquiry", *of)
    id = machine("order", "list", *of).out.splitlines()[1].split()[0]
    machine("order", "lift", id, "--reason", "over", *of)
    asked = ("--authority", "An office", "--country", "KR", "--ground", "An act", "--what", "every row")
    machine("demand", "record", *asked, "--received", day, "--contributor", member, *of)
    assert "An office" in machine("demand", "list", *of).out
    assert "every row" in " ".join(machine("notices").out.split())
    told = ("--kind", "breach", "--persons", 5000, "--what", "a lost disk", "--at", day, "--class", "personal")
    machine("incident", "report", *told, *of)
    (one,) = json.loads(machine("incident", "list", "--json", *of).out)["items"]
    machine("incident", "noticed", one["id"][:8], "--clock", "kr-pipa-34", "--at", "2026-11-02T00:00:00Z", *of)


def _holds(machine: Machine, dam: Served, member: str) -> None:
    """An issuer that is recognised, a paper of it that the operator saw, and its end."""
    of, issuer = ("--dam", dam.folder), "urn:office:1"
    machine("credential", "recognise", issuer, "--title", "An office", "--name", "good-standing", *of)
    assert "An office" in machine("credential", "issuers").out
    Path("paper.pdf").write_bytes(b"a paper")
    held: tuple[str, ...] = (
        "--member",
        member,
        "--name",
        "good-standing",
        "--issuer",
        issuer,
        "--expires",
        "2999-01-01T00:00:00Z",
    )
    machine("credential", "add", "paper.pdf", *held, "--attested", "--standard", STANDARD, *of)
    assert "attested by the operator" in machine("credential", "show").out
    id = str(json.loads(machine("credential", "show", "--json").out)[0]["id"])
    machine("credential", "revoke", id[:12], "--reason", "struck off", *of)
    Path("agency.jwk").write_text(json.dumps(KEY), encoding="utf-8")
    signed = token(claims(member, credentialStatus={}, validUntil="2999-01-01T00:00:00Z"))
    Path("signed.jwt").write_text(signed, encoding="utf-8")
    named = ("--title", "An agency", "--name", "specialised-institution", "--issuer-key", "agency.jwk")
    machine("credential", "recognise", AGENCY, *named, *of)
    assert KEY["d"] not in machine("credential", "issuers", "--json").out
    held = ("--member", member, "--name", "specialised-institution", "--issuer", AGENCY)
    assert "status list" in machine("credential", "add", "signed.jwt", *held, *of).out
    machine("credential", "add", "signed.jwt", *held, "--attested", *of, code=2)
    shown = json.loads(machine("credential", "show", "--json").out)
    assert machine("credential", "token", shown[-1]["id"]).out.strip() == signed
    machine("credential", "token", id, code=4)
    machine("credential", "recognise", AGENCY, *named[:-1], "signed.jwt", *of, code=2)
    Path("person.yaml").write_text(a_text().replace("reading", "person"), encoding="utf-8")
    assert "combining-institution (PIPA art. 28-3(1))" in machine("standard", "check", "person.yaml").out
    machine("standard", "publish", "person.yaml", *of)
    shown = machine("standard", "show", "test.person").out.partition("# ")
    assert shown[0].rstrip() == a_text().replace("reading", "person").rstrip()
    assert "PIPA art. 28-3" in shown[2]
    machine("credential", "show", *of)
    assert [one["counts"] for one in json.loads(machine("credential", "show", "--json", *of).out)] == [False, True]


def _governs(machine: Machine, dam: Served, member: str) -> None:
    """A standard whose steward signs what comes next: proposed, commented on, signed, published."""
    of, talk, id = ("--dam", dam.folder), ("--comments", "talk@example.org"), "test.governed"
    said = (
        f"  - {{vendor: datadam, property: stewards, value: [{member}]}}\n"
        "  - {vendor: datadam, property: quorum, value: 1}\nschema:\n"
    )
    text = standard_text().replace(STANDARD, id).replace("test_reading", "test_governed").replace("schema:\n", said, 1)
    Path("governed.yaml").write_text(text, encoding="utf-8")
    machine("standard", "publish", "governed.yaml", *of, code=3)
    first = found(r"\b([0-9a-f]{64})\b", machine("proposal", "standard", "governed.yaml", *talk, *of).out)
    assert first[:12] in machine("proposal", "list").out
    machine("proposal", "comment", first[:12], "--text", "why not")
    assert "why not" in machine("proposal", "show", first[:12]).out
    for _ in range(2):
        assert "1 of 1" in machine("proposal", "sign", first[:12], "--yes").out
        machine("proposal", "unsign", first[:12])
    machine("proposal", "sign", first[:12], "--yes")
    machine("proposal", "publish", first[:12], *of)
    assert "1 / 1" not in machine("proposal", "list").out + machine("proposal", "show", first[:12]).out
    Path("governed.json").write_text(odrl.write(an_offer(standard=id)), encoding="utf-8")
    machine("offer", "publish", "governed.json", *of, code=3)
    machine("proposal", "offer", "governed.json", *talk, "--days", 3)
    assert json.loads(machine("proposal", "list", "--standard", id, "--json").out)[-1]["state"] == "notice"


def _disputes(machine: Machine, dam: Served) -> None:
    """One that is taken back, one that is answered, one that a steward decides and that is appealed against."""
    of = ("--dam", dam.folder)
    machine("dispute", "raise", STANDARD, "--reason", "ten times too much", "--row", "meter=A1")
    assert "ten times" in machine("show", STANDARD).out + machine("dispute", "show", _last(machine)).out
    machine("dispute", "withdraw", _last(machine), "--text", "it was right")
    for short in (
        ("--deposit", _digits(machine, "deposits", "good.csv")),
        ("--against", f"decision={_digits(machine, 'decisions')}"),
    ):
        machine("dispute", "raise", STANDARD, "--reason", "as lists show it", *short)
        machine("dispute", "withdraw", _last(machine), "--text", "seen")
    with dam.world.store.read() as rows:
        deposit = rows.find(Deposit, standard=STANDARD)[0].id
    about = ("--deposit", deposit, "--outsider", "an office", *of)
    machine("dispute", "raise", STANDARD, "--reason", "not theirs", *about)
    machine("dispute", "answer", _last(machine), "--text", "it is ours")
    told = machine("notices").out
    assert f"raised. See it with datadam dispute show {_last(machine)}" in told
    assert "withdrawn" not in told
    machine("dispute", "rule", _last(machine), "--reasons", "it is", "--outcome", "dismissed", *of)
    machine(
        "dispute", "raise", "test.governed", "--reason", "wrong", "--row", "meter=A1", "--outsider", "an office", *of
    )
    id = str(operator_disputes(machine, dam)[-1]["id"])
    machine("dispute", "rule", id, "--reasons", "it is right", "--outcome", "dismissed")
    ruling = found(r"sign ([0-9a-f]{64})", machine("dispute", "show", id).out)
    machine("dispute", "sign", ruling, "--yes")
    machine("dispute", "appeal", id, "--text", "it is wrong", *of)
    assert "appealed" in machine("dispute", "list", *of).out


def _digits(machine: Machine, listing: str, about: str = STANDARD) -> str:
    """How a list calls what it shows first of something."""
    return next(line.split()[0] for line in machine(listing).out.splitlines() if about in line)


def _last(machine: Machine) -> str:
    return str(json.loads(machine("dispute", "list", "--json").out)[-1]["id"])[:12]


def operator_disputes(machine: Machine, dam: Served) -> list[dict[str, object]]:
    """All disputes, as the operator sees them."""
    listed: list[dict[str, object]] = json.loads(machine("dispute", "list", "--dam", dam.folder, "--json").out)
    return listed


def _declares(machine: Machine, dam: Served, member: str) -> None:
    """A person's word for the dam and one for a member, who they are, and a name that is erased."""
    of, until = ("--dam", dam.folder), ("--until", "2999-01-01")
    prices = ("--standard", STANDARD, "--country", "KR", "--days", 90)
    machine("declare", 39, *WORDS, *until, *prices, *of)
    machine("declare", 41, *WORDS, *until, "--about", member, "--applies-not", *of)
    machine("declare", 43, *WORDS, *until, "--standard", STANDARD)
    assert [one["row"] for one in json.loads(machine("declaration", "list", "--json").out)["items"]] == [43]
    first, *_ = json.loads(machine("declaration", "list", "--json", *of).out)["items"]
    assert (first["named"]["name"], first["days"], first["countries"]) == ("Kim Minji", 90, ["KR"])
    machine("declaration", "forget", first["id"][:12], "--reason", "asked", *of)
    listed = machine("declaration", "list", *of).out
    assert listed.count("Kim Minji") == 2
    assert "erased" in listed


def _agrees(machine: Machine, dam: Served, member: str) -> None:
    """An offer that is read and signed; held up, resumed, ended; and one that people sign for the dam."""
    _goes_by_law(machine, dam, member)
    _holds(machine, dam, member)
    assert "PIPA art. 28-3" in machine("terms", "roles").out
    assert {one["space"] for one in json.loads(machine("terms", "roles", "--json").out)} == {"KR", "EU", "US"}
    _declares(machine, dam, member)
    _governs(machine, dam, member)
    _disputes(machine, dam)
    of, id = ("--dam", dam.folder), "test.signed"
    text = standard_text().replace(STANDARD, id).replace("test_reading", "test_signed")
    Path("signed.yaml").write_text(text, encoding="utf-8")
    machine("standard", "publish", "signed.yaml", *of)
    trains = permission(actions=(Action.READ, Action.TRAIN))
    Path("offer.json").write_text(odrl.write(an_offer(trains, standard=id)), encoding="utf-8")
    assert id in machine("offer", "publish", "offer.json", *of).out
    assert id in machine("offer", "list").out
    assert json.loads(machine("offer", "list", "--json").out)[0]["number"] == 1
    shown = machine("offer", "show", id, "--language", "ko").out
    assert re.search("[가-힣]", shown)
    assert json.loads(machine("offer", "show", id, "--number", 1, "--json").out)["text"]["ko"].strip() == shown.strip()
    wish = ("agree", id, "--purpose", "research", "--to", "KR", "--yes")
    signed = found(r"\b([0-9a-f]{64})\. Log", machine(*wish).out)
    assert "in force" in machine("agreements", "list").out
    assert member in machine("agreements", "list", *of).out
    assert json.loads(machine("agreements", "list", "--json").out)[0]["id"] == signed
    assert json.loads(machine("agreements", "show", signed[:8]).out)["state"] == "finalised"
    assert machine("agreements", "show", signed, "--vc").out.count(".") == 2
    machine("deposit", "good.csv", "--standard", id, "--yes")
    machine("get", id, "trained", "--action", "train")
    _discloses(machine)
    _opens(machine, dam)
    machine("agreements", "suspend", signed[:12], "--reason", "late fees", *of)
    assert "suspended" in machine("agreements", "list").out
    machine("agreements", "resume", signed[:12], "--reason", "paid", *of)
    machine("agreements", "end", signed[:12], "--reason", "done")
    Path("offer.json").write_text(odrl.write(an_offer(standard=id, automatic=False)), encoding="utf-8")
    assert " 2 " in machine("offer", "publish", "offer.json", *of).out
    first = found(r"\b([0-9a-f]{64})\b\. It waits", machine(*wish).out)
    machine("agreements", "approve", first[:12], *of)
    second = found(r"\b([0-9a-f]{64})\b\. It waits", machine(*wish, "--level", "advanced").out)
    machine("agreements", "decline", second[:12], "--reason", "one is enough", *of)
    assert "declined" in machine("agreements", "list").out
    third = found(r"\b([0-9a-f]{64})\b\. It waits", machine(*wish).out)
    assert "Taken back" in machine("agreements", "end", third, "--reason", "second thoughts").out
    machine("agreements", "end", first[:12], "--reason", "enough", *of)
    machine("member", "suspend", member, "--reason", "inquiry", *of)
    assert json.loads(machine("me").out)["suspended"] is True
    assert "suspended" in machine("member", "list", *of).out
    machine(*wish, code=3)
    machine("member", "resume", member, "--reason", "cleared", *of)


def _operates(machine: Machine) -> None:
    """A dam of one's own: made, served until Ctrl+C, looked over."""
    machine("init", "own", "--name", "own.example/log", "--jurisdiction", "KR", "--title", "Our dam")
    socket = wiring.places(Path("own")).socket

    def interrupt() -> None:
        while not socket.exists():
            time.sleep(0.05)
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    assert "Our dam" in machine("serve", "own", "--port", 0).out
    thread.join()
    assert "own.example/log" in machine("status", "own").out
    assert json.loads(machine("status", "own", "--json").out)["entries"] == 1
    machine("check", "own")
    machine("check", "own", "--rebuild")
    assert "NOT" in machine("backup", "backups", "--dam", "own", "--keep", 3).out
    machine("restore", "backups", "again", "--keys", "own/keys")
    machine("upgrade", "again")


def _until_interrupted(machine: Machine, *words: object) -> None:
    """Run what serves until Ctrl+C, and press that."""
    thread = threading.Timer(3, lambda: os.kill(os.getpid(), signal.SIGINT))
    thread.start()
    machine(*words)
    thread.join()


def _deposits(machine: Machine) -> None:
    Path("good.csv").write_text("meter,amount\nA1,1\nA2,2\nA3,3\n", encoding="utf-8")
    Path("mixed.csv").write_text("meter,amount\nB1,1\nB2,many\n", encoding="utf-8")
    Path("odd.csv").write_text("Zähler,how many,colour\nC1,1,red\n", encoding="utf-8")
    done = machine("deposit", "good.csv", "--standard", STANDARD, "--yes")
    outcome = found(r"\b([0-9a-f]{64})\b", done.out)
    machine("deposit", "mixed.csv", "--standard", STANDARD)  # this layout was confirmed before
    assert "prepared.csv" in machine("prepare", "good.csv", "--standard", STANDARD).out
    machine("prepare", "good.csv", "--standard", STANDARD, "--into", "good.csv", code=2)  # it would be lost
    machine("map", "odd.csv", "--standard", STANDARD)
    assert "how many" in Path("mapping.yaml").read_text(encoding="utf-8")
    given = ("--set", "meter=Zähler", "--set", "amount=how many", "--drop", "colour", "--yes")
    machine("deposit", "odd.csv", "--standard", STANDARD, *given)
    listed = machine("deposits").out
    assert {"good.csv", "mixed.csv", "odd.csv"} <= set(listed.split())
    id = next(line.split()[0] for line in listed.splitlines() if "mixed.csv" in line)
    assert "many" in machine("report", id).out
    assert json.loads(machine("report", id, "--json").out)["tally"]["rejected"] == 1
    machine("rejects", id)
    assert "B2,many" in Path("rejects.csv").read_text(encoding="utf-8-sig")
    machine("receipt", outcome, "--into", "deposit.json")
    assert "outcome" in machine("verify", "deposit.json").out
    url = json.loads(Path("home/profile.json").read_text(encoding="utf-8"))["url"]
    assert "bundle" in machine("evidence", "collect", url, "--into", "evidence.zip", "--key", "my.key").out
    assert "outcome" not in machine("verify", "evidence.zip").out
    Path("bad.csv").write_text("meter,amount\nB1,few\nB2,many\n", encoding="utf-8")
    refused = machine("deposit", "bad.csv", "--standard", STANDARD, code=3)
    assert "few" in refused.out
    Path("better.csv").write_text("meter,amount\nB1,1\nB2,2\n", encoding="utf-8")
    home = "constraint: [{leftOperand: jurisdiction, operator: isAnyOf, rightOperand: [KR]}]"
    Path("terms.yaml").write_text(home, encoding="utf-8")
    machine("reservation", "sign", "terms.yaml", "--yes", code=3)  # this member is no country
    assert machine("reservation", "list").out.strip() == ""
    assert "own" in machine("amend", id, "better.csv", "--reason", "counted again", "--terms", "terms.yaml").out
    odd = next(line.split()[0] for line in machine("deposits").out.splitlines() if "odd.csv" in line)
    machine("withdraw", odd, "--reason", "sold", "--yes")
    assert "sold" in machine("withdrawals").out


def _takes_out(machine: Machine) -> None:
    assert STANDARD in machine("ls").out
    assert "amount" in machine("show", STANDARD).out
    assert machine("standard", "show", STANDARD).out == standard_text()
    machine("get", STANDARD, "rows")
    assert len(pl.read_parquet("rows/*.parquet")) == 5
    machine("profile", "new", STANDARD)
    assert json.loads(Path("profile.share").read_text(encoding="utf-8"))["shareCredentialsVersion"] == 1
    assert Path("profile.share").stat().st_mode & 0o077 == 0
    line = next(line for line in machine("profile", "list").out.splitlines() if STANDARD in line)
    machine("profile", "revoke", line.split()[0])
    assert "True" in machine("profile", "list").out
    url = json.loads(Path("home/profile.json").read_text(encoding="utf-8"))["url"]
    machine("log", "verify", url)
    machine("witness", "init", "witness", "--name", "w.example")
    machine("witness", "watch", "witness", url)
    machine("witness", "look", "witness")
    assert url in machine("witness", "list", "witness").out
    _until_interrupted(machine, "witness", "serve", "witness", "--port", 0)
    log = wiring.places(Path("own")).log
    vkey = json.loads(machine("status", "own", "--json").out)["vkey"]
    machine("log", "verify", log, "--vkey", vkey)
    machine("records", "own", "--vkey", vkey)
    assert "declared" in machine("audit", "own", "--vkey", vkey, "--records", "records.json").out


def _keeps_keys(machine: Machine, dam: Served) -> None:
    """Operators, a lost key, an objection, the dam's own keys, a token's key, and a certificate."""
    of, lost = ("--dam", dam.folder), dam.person("Lost")
    client.write_private(Path("lost.key"), lost.key)
    ops = []
    for name in ("a", "b"):
        machine("keygen", f"{name}.key")
        ops.append(found(r"(o-[0-9a-f]{20})", machine("operator", "apply", "--key", f"{name}.key", "--force").out))
        machine("operator", "add", "operator.json", *of)
    assert ops[0] in machine("operator", "list", *of).out
    ids = []
    for name in ("first", "second"):
        machine("keygen", f"{name}.key")
        who = ("recover", "apply", lost.id, "--key", f"{name}.key", "--name", "Lost", "--force")
        machine(*who, "--operator", ops[0], "--operator", ops[1])
        for op in ("a", "b"):
            machine("recover", "vouch", "recovery.json", "--key", f"{op}.key")
        ids.append(found(r"\b([0-9a-f]{64})\b", machine("recover", "begin", "recovery.json", *of).out))
    assert set(json.loads(machine("me", "--key", "lost.key").out)["recoveries"]) == set(ids)
    machine("recover", "object", ids[0][:12], "--key", "lost.key")
    machine("recover", "finish", ids[1][:12], *of, code=3)
    with dam.clock.forward(days=31):
        machine("recover", "finish", ids[1][:12], *of)
    shown = {one["id"]: one["outcome"] for one in json.loads(machine("recover", "list", "--json").out)}
    assert shown == {ids[0]: "objected", ids[1]: "recovered"}
    assert ids[0][:16] in machine("recover", "list").out
    machine("recover", "forget", ids[1][:12], "--reason", "asked", *of)
    machine("operator", "remove", ops[0], "--reason", "left", *of)
    machine("keys", "rotate", "log", "--reason", "yearly", *of)
    machine("keys", "retire", "log", "--reason", "stolen", "--now", *of)
    machine("keys", "rotate", "dam", "--reason", "yearly", *of)
    assert len(json.loads(machine("keys", "list", *of, "--json").out)) == 4
    assert "served.example/log" in machine("keys", "list", *of).out
    assert json.loads(machine("operator", "list", *of, "--json").out)[0]["until"] is not None
    holder = root().organisation()
    Path("chain.pem").write_bytes(holder.pem)
    Path("seal.key").write_bytes(holder.secret)
    machine("certify", "served.example/log", "--chain", "chain.pem", "--key", "my.key", "--private", "seal.key")
    token = Ed25519PrivateKey.generate()
    Path("secret").write_bytes(token.private_bytes_raw())
    Path("token.py").write_text(TOKEN, encoding="utf-8")
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    Path("public.pem").write_bytes(token.public_key().public_bytes(serialization.Encoding.PEM, form))
    machine("signer", "signer.json", "--public", "public.pem", "--", sys.executable, "token.py", "secret")


def _expels(machine: Machine, dam: Served) -> None:
    _keeps_keys(machine, dam)
    _peers(machine, dam)
    person = dam.person("Somebody")
    machine("member", "expel", person.id, "--reason", "broke the terms", "--dam", dam.folder)


def test_a_country_accedes(machine: Machine, dam: Served) -> None:
    """With its authority, its day and what it reserves; firms under it follow."""
    machine("keygen", "country.key")
    words = ("join", "--country", "--name", "Ministry", "--jurisdiction", "IS", "--effective", "2026-01-01")
    more = ("--reservation", "No export.", "--yes", "--url", dam.url, "--key", "country.key")
    Path("home.yaml").write_text("action: [derive]", encoding="utf-8")
    reserved = ("--restriction", "home.yaml")
    as_firm = ("join", "--name", "Ltd", "--jurisdiction", "IS", "--role", "consumer")
    machine(*as_firm, *reserved, "--yes", "--url", dam.url, "--key", "country.key", code=2)  # a firm reserves nothing
    id = found(r"\b([0-9a-f]{64})\b", machine(*words, *more, *reserved).out)
    machine("member", "approve", id, "--dam", dam.folder)
    machine("keygen", "firm.key")
    firm = ("join", "--name", "Firm ehf.", "--jurisdiction", "IS", "--role", "consumer", "--contact", "x@firm.example")
    id = found(r"\b([0-9a-f]{64})\b", machine(*firm, "--yes", "--url", dam.url, "--key", "firm.key").out)
    machine("member", "approve", id, "--dam", dam.folder)
    listed = json.loads(machine("member", "list", "--dam", dam.folder, "--json").out)
    (country,) = [one for one in listed if one["kind"] == "country"]
    (begun,) = json.loads(machine("reservation", "list", "--json", "--url", dam.url).out)
    assert (begun["country"], len(begun["restrictions"])) == (country["id"], 1)
    Path("reserved.yaml").write_text("action: [read]", encoding="utf-8")
    reserves = ("reservation", "sign", "--url", dam.url, "--key", "country.key")
    machine(*reserves, "reserved.yaml", code=2)  # nobody said yes
    machine(*reserves, "reserved.yaml", "--yes")
    assert country["id"] in machine("reservation", "list", "--url", dam.url).out
    assert json.loads(machine("reservation", "list", "--json", "--url", dam.url).out)[0]["restrictions"]
    machine(*reserves, "--yes")
    assert [one["under"] for one in listed if one["profile"].get("legal_name") == "Firm ehf."] == [country["id"]]


def test_a_found_fault_is_exit_code_five(machine: Machine) -> None:
    """`check` names what is wrong and what to do."""
    folder = served.made(machine.folder / "dam")
    with wiring.world(folder) as world:
        served.published(world)
    body = next(path for path in (folder / "bodies").rglob("*") if path.is_file() and len(path.name) > 40)
    body.chmod(0o600)
    body.write_bytes(b"changed")
    done = machine("check", folder, code=5)
    assert len(done.error.splitlines()) >= 2


# --- help and words ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help(machine: Machine, name: str) -> None:
    """A sentence for the command, and for each option that is not plain from its name."""
    done = machine(*name.split(), "--help")
    assert "Usage:" in done.out
    command = ALL[tuple(name.split())]
    assert command.help
    assert command.help.strip()[0].isupper()
    plain = {"help", "reason", "into", "json", "as_json", "key", "url"}
    silent = [one.name for one in command.params if one.param_type_name == "option" and not one.help]
    assert set(silent) <= plain


def test_help_and_version_at_the_top(machine: Machine) -> None:
    """Groups too; no command at all shows the help."""
    assert re.fullmatch(r"[0-9.]+\n", machine("--version").out)
    for group in ("", "standard", "log", "profile", "member", "grant", "offer", "agreements"):
        assert "Usage:" in machine(*group.split(), "--help").out


# --- wrong input ------------------------------------------------------------------------------------------------------

NOWHERE = "http://127.0.0.1:9"
PLAIN = {"standard packaged", "terms count", "terms roles", "terms words"}  # take nothing that could be wrong
WORDS = ("--by", "Kim Minji", "--office", "Counsel", "--words", "as it is")
WHEN = ("--received", "2026-11-22T00:00:00Z", "--dam")
WRONG: dict[str, tuple[tuple[str, ...], int]] = {
    "ask": (("ask", STANDARD, "count", "--by", "x", "--url", "URL", "--key", "KEY"), 2),
    "dummy": (("dummy", "no.such", "--url", "URL"), 4),
    "spent": (("spent", "--url", "URL"), 3),
    "cap": (("cap", STANDARD, "--url", "URL", "--key", "KEY"), 2),
    "init": (("init", "full", "--name", "x.example/log", "--jurisdiction", "KR"), 2),
    "serve": (("serve", "none"), 4),
    "status": (("status", "none"), 4),
    "check": (("check", "full"), 4),
    "keygen": (("keygen", "full/file"), 3),
    "connect": (("connect", "http://dam.example"), 3),
    "accession": (("accession", "--url", NOWHERE), 6),
    "join": (
        ("join", "--name", "X", "--jurisdiction", "QQ", "--role", "consumer", "--yes", "--url", "URL", "--key", "KEY"),
        2,
    ),
    "application": (("application", "0" * 64, "--url", "URL"), 4),
    "me": (("me", "--url", "URL"), 3),
    "rotate": (("rotate", "full/file", "--url", "URL", "--key", "KEY"), 3),
    "leave": (("leave", "--reason", "x", "--url", "URL"), 3),
    "reservation sign": (("reservation", "sign", "none.yaml", "--yes", "--url", "URL", "--key", "KEY"), 2),
    "reservation list": (("reservation", "list", "--url", NOWHERE), 6),
    "deposit": (("deposit", "none.csv", "--standard", STANDARD, "--url", "URL", "--key", "KEY"), 2),
    "map": (("map", "full/file", "--standard", "no.such", "--url", "URL"), 4),
    "prepare": (("prepare", "none.csv", "--standard", "no.such", "--url", "URL"), 4),
    "deposits": (("deposits", "--url", "URL"), 3),
    "report": (("report", "0" * 12, "--url", "URL", "--key", "KEY"), 4),
    "rejects": (("rejects", "0" * 12, "--url", "URL", "--key", "KEY"), 4),
    "withdraw": (("withdraw", "0" * 12, "--reason", "x", "--yes", "--url", "URL", "--key", "KEY"), 4),
    "withdrawals": (("withdrawals", "--url", "URL"), 3),
    "amend": (("amend", "0" * 12, "none.csv", "--reason", "x", "--url", "URL", "--key", "KEY"), 4),
    "editions": (("editions",), 4),
    "tables": (("tables",), 4),
    "indicators show": (("indicators", "show", "no.such", "--url", "URL"), 4),
    "indicators export": (("indicators", "export", "no.such", "--url", "URL"), 4),
    "indicators exposed": (("indicators", "exposed", "no.such", "full/file", "--url", "URL"), 2),
    "table": (("table", STANDARD, "2026-Q3", "--url", "URL"), 4),
    "publish-tables": (("publish-tables", "no.such", "--dam", "DAM"), 4),
    "freeze": (("freeze", "no-edition", "--dam", "DAM"), 2),
    "ls": (("ls",), 4),
    "can": (("can", "me", "look", STANDARD, "--url", "URL", "--key", "KEY"), 2),
    "decisions": (("decisions", "--url", "URL"), 3),
    "why": (("why", "0" * 64, "--url", "URL", "--key", "KEY"), 4),
    "show": (("show", "no.such", "--url", "URL"), 4),
    "get": (("get", "no.such", "--url", "URL"), 4),
    "receipt": (("receipt", "0" * 64, "--url", "URL"), 4),
    "verify": (("verify", "full/file"), 2),
    "evidence collect": (("evidence", "collect", "URL", "--into", "full/file"), 3),
    "standard check": (("standard", "check", "full/file"), 2),
    "standard publish": (("standard", "publish", "full/file", "--dam", "DAM"), 2),
    "standard coarsen": (("standard", "coarsen", "full/file", "--sample", "full/file"), 2),
    "gates show": (("gates", "show", "no.such", "--url", "URL"), 4),
    "gates suggest": (("gates", "suggest", "no.such", "--dam", "DAM"), 4),
    "standard packaged": (("standard", "packaged", "more"), 2),
    "standard align": (("standard", "align", "full/file", "full/file"), 2),
    "terms count": (("terms", "count", "more"), 2),
    "terms words": (("terms", "words", "more"), 2),
    "terms roles": (("terms", "roles", "more"), 2),
    "offer check": (("offer", "check", "full/file"), 2),
    "offer text": (("offer", "text", "full/file"), 2),
    "standard deprecate": (
        ("standard", "deprecate", STANDARD, "9.9.9", "--until", "2999-12-31", "--dam", "DAM"),
        4,
    ),
    "standard versions": (("standard", "versions", "no.such", "--url", "URL"), 4),
    "standard show": (("standard", "show", "no.such", "--url", "URL"), 4),
    "log verify": (("log", "verify", "full"), 2),
    "audit": (("audit", "full", "--row", "99"), 4),
    "records": (("records", "full", "--vkey", "nonsense"), 5),
    "profile new": (("profile", "new", "no.such", "--url", "URL", "--key", "KEY"), 4),
    "profile list": (("profile", "list", "--url", "URL"), 3),
    "profile revoke": (("profile", "revoke", "0" * 12, "--url", "URL", "--key", "KEY"), 4),
    "member applications": (("member", "applications", "--dam", "none"), 4),
    "member approve": (("member", "approve", "00", "--dam", "DAM"), 4),
    "member decline": (("member", "decline", "00", "--reason", "x", "--dam", "DAM"), 4),
    "member list": (("member", "list", "--dam", "full"), 4),
    "member expel": (("member", "expel", "m-0", "--reason", "x", "--dam", "DAM"), 4),
    "member forget": (("member", "forget", "m-0", "--reason", "x", "--dam", "DAM"), 4),
    "certify": (("certify", "x.example/log", "--chain", "full/file", "--key", "KEY"), 2),
    "signer": (("signer", "signer.json", "--public", "full/file", "--", "true"), 2),
    "keys list": (("keys", "list", "--dam", "full"), 4),
    "keys rotate": (("keys", "rotate", "url", "--reason", "x", "--dam", "DAM"), 2),
    "keys retire": (("keys", "retire", "log", "--reason", "x", "--dam", "DAM"), 3),
    "operator apply": (("operator", "apply", "--key", "full/file"), 2),
    "operator add": (("operator", "add", "full/file", "--dam", "DAM"), 2),
    "operator remove": (("operator", "remove", "o-" + "0" * 20, "--reason", "x", "--dam", "DAM"), 5),
    "operator list": (("operator", "list", "--dam", "full"), 4),
    "recover apply": (("recover", "apply", "m-0", "--key", "full/file", "--operator", "o-0", "--name", "X"), 2),
    "recover vouch": (("recover", "vouch", "full/file", "--key", "KEY"), 2),
    "recover begin": (("recover", "begin", "full/file", "--dam", "DAM"), 2),
    "recover finish": (("recover", "finish", "0" * 12, "--dam", "DAM"), 4),
    "recover forget": (("recover", "forget", "0" * 12, "--reason", "x", "--dam", "DAM"), 4),
    "recover list": (("recover", "list", "--url", NOWHERE), 6),
    "recover object": (("recover", "object", "0" * 12, "--url", "URL", "--key", "KEY"), 4),
    "member suspend": (("member", "suspend", "m-0", "--reason", "x", "--dam", "DAM"), 4),
    "member resume": (("member", "resume", "m-0", "--reason", "x", "--dam", "DAM"), 4),
    "offer publish": (("offer", "publish", "full/file", "--dam", "DAM"), 2),
    "offer list": (("offer", "list", "--url", NOWHERE), 6),
    "offer show": (("offer", "show", "no.such", "--url", "URL"), 4),
    "agree": (("agree", "no.such", "--purpose", "research", "--to", "KR", "--url", "URL", "--key", "KEY"), 4),
    "agreements list": (("agreements", "list", "--url", "URL"), 3),
    "agreements show": (("agreements", "show", "00", "--url", "URL", "--key", "KEY"), 4),
    "agreements end": (("agreements", "end", "00", "--reason", "x", "--url", "URL", "--key", "KEY"), 4),
    "agreements suspend": (("agreements", "suspend", "00", "--reason", "x", "--dam", "DAM"), 4),
    "agreements resume": (("agreements", "resume", "00", "--reason", "x", "--dam", "DAM"), 4),
    "agreements approve": (("agreements", "approve", "00", "--dam", "DAM"), 4),
    "agreements decline": (("agreements", "decline", "00", "--reason", "x", "--dam", "DAM"), 4),
    "grant add": (("grant", "add", "m-0", STANDARD, "--dam", "DAM"), 4),
    "grant revoke": (("grant", "revoke", "0" * 64, "--dam", "DAM"), 4),
    "grant list": (("grant", "list", "--dam", "none"), 4),
    "backup": (("backup", "backups", "--dam", "none"), 4),
    "restore": (("restore", "full", "new"), 4),
    "upgrade": (("upgrade", "full"), 4),
    "model register": (("model", "register", "full/file", "--url", "URL", "--key", "KEY"), 2),
    "model list": (("model", "list"), 4),
    "model show": (("model", "show", "0" * 12, "--url", "URL"), 4),
    "model commit": (("model", "commit", "full/file", "--as", "secret"), 2),
    "model commit-check": (("model", "commit-check", "full/file", "--model", "0" * 12, "--url", "URL"), 4),
    "model open": (("model", "open", "0" * 12, "full/file", "--order", "00", "--url", NOWHERE, "--key", "KEY"), 6),
    "model opened": (("model", "opened", "0" * 12, "--url", NOWHERE, "--key", "KEY"), 6),
    "model export": (("model", "export", "0" * 12, "--url", "URL"), 2),
    "law lint": (("law", "lint", "full/file"), 2),
    "law adopt": (("law", "adopt", "full/file", "--dam", "DAM"), 2),
    "law show": (("law", "show", "--dam", "none"), 4),
    "law basis": (("law", "basis", "QQ", "--class", "personal", "--dam", "DAM"), 2),
    "declare": (("declare", "99", *WORDS, "--until", "2999-01-01", "--dam", "DAM"), 2),
    "declaration list": (("declaration", "list", "--dam", "none"), 4),
    "declaration forget": (("declaration", "forget", "00", "--reason", "x", "--dam", "DAM"), 4),
    "credential recognise": (("credential", "recognise", "agency", "--title", "t", "--dam", "none"), 4),
    "credential issuers": (("credential", "issuers", "--url", NOWHERE), 6),
    "credential add": (
        ("credential", "add", "full/file", "--member", "m", "--name", "n", "--issuer", "i", "--attested"),
        2,
    ),
    "credential token": (("credential", "token", "0" * 64, "--url", NOWHERE, "--key", "KEY"), 6),
    "credential show": (("credential", "show", "--url", NOWHERE, "--key", "KEY"), 6),
    "credential revoke": (("credential", "revoke", "00", "--reason", "x", "--dam", "DAM"), 4),
    "proposal standard": (("proposal", "standard", "standard.yaml", "--comments", "x", "--url", NOWHERE), 2),
    "proposal offer": (("proposal", "offer", "full/file", "--comments", "x", "--url", NOWHERE), 2),
    "proposal list": (("proposal", "list", "--url", NOWHERE), 6),
    "proposal show": (("proposal", "show", "00", "--url", "URL"), 4),
    "proposal sign": (("proposal", "sign", "00", "--url", "URL", "--key", "KEY"), 4),
    "proposal unsign": (("proposal", "unsign", "00", "--url", "URL", "--key", "KEY"), 4),
    "proposal comment": (("proposal", "comment", "00", "--text", "x", "--url", "URL", "--key", "KEY"), 4),
    "proposal publish": (("proposal", "publish", "00", "--dam", "DAM"), 4),
    "dispute raise": (("dispute", "raise", STANDARD, "--reason", "x", "--row", "meter", "--url", NOWHERE), 2),
    "dispute list": (("dispute", "list", "--url", NOWHERE, "--key", "KEY"), 6),
    "dispute show": (("dispute", "show", "00", "--dam", "DAM"), 4),
    "dispute answer": (("dispute", "answer", "00", "--text", "x", "--url", NOWHERE, "--key", "KEY"), 6),
    "dispute appeal": (("dispute", "appeal", "00", "--text", "x", "--dam", "DAM"), 4),
    "dispute withdraw": (("dispute", "withdraw", "00", "--text", "x", "--dam", "DAM"), 4),
    "dispute rule": (("dispute", "rule", "00", "--reasons", "x", "--until", "soon", "--dam", "DAM"), 2),
    "dispute sign": (("dispute", "sign", "00", "--url", NOWHERE, "--key", "KEY"), 6),
    "order suspend": (
        ("order", "suspend", "--class", "secret", "--to", "US", "--reason", "x", "--ground", "x", "--dam", "DAM"),
        2,
    ),
    "order lift": (("order", "lift", "0" * 64, "--reason", "x", "--dam", "DAM"), 4),
    "order list": (("order", "list", "--dam", "none"), 4),
    "peer add": (("peer", "add", "http://open.example", "--dam", "DAM"), 2),
    "peer terms": (("peer", "terms", "http://127.0.0.1:1", "--dam", "DAM"), 6),
    "peer list": (("peer", "list", "--dam", "none"), 4),
    "peer show": (("peer", "show", "p-0", "--dam", "DAM"), 4),
    "peer end": (("peer", "end", "p-0", "--reason", "x", "--dam", "DAM"), 4),
    "peer pull": (("peer", "pull", "p-0", "--dam", "DAM"), 4),
    "match list": (("match", "list", "none.csv", "--url", "URL", "--key", "KEY"), 4),
    "match commit": (("match", "commit", "0" * 12, "none.list", "--as", "king", "--url", "URL", "--key", "KEY"), 2),
    "match pass": (("match", "pass", "0" * 12, "none.list", "--to", "a.bag", "--url", "URL", "--key", "KEY"), 4),
    "match hand-in": (("match", "hand-in", "0" * 12, "none.list", "--url", "URL", "--key", "KEY"), 4),
    "match result": (("match", "result", "0" * 12, "--url", "URL", "--key", "KEY"), 4),
    "match check": (("match", "check", "full/file", "--vkey", "x"), 2),
    "match status": (("match", "status", "--dam", "none"), 4),
    "match ask-to-see": (
        ("match", "ask-to-see", "0" * 12, "--purpose", "x", "--until", "y", "--url", "URL", "--key", "KEY"),
        4,
    ),
    "match asked": (("match", "asked", "0" * 12, "--url", "URL", "--key", "KEY"), 4),
    "match let-see": (("match", "let-see", "0" * 12, "full/file", "--url", "URL", "--key", "KEY"), 2),
    "match see": (("match", "see", "0" * 12, "--url", "URL", "--key", "KEY"), 4),
    "match open": (("match", "open", "p-0", "full/file", "--closes", "2999-01-01T00:00:00Z", "--dam", "DAM"), 4),
    "match run": (("match", "run", "0" * 12, "--dam", "DAM"), 4),
    "match close": (("match", "close", "0" * 12, "--reason", "x", "--dam", "DAM"), 4),
    "match overlap": (
        ("match", "overlap", "m-0", "none.txt", "--about", "x", "--period", "y", "--url", "URL", "--key", "KEY"),
        2,
    ),
    "match known": (
        ("match", "known", "m-0", "none.txt", "--about", "x", "--period", "y", "--url", "URL", "--key", "KEY"),
        2,
    ),
    "match answer": (("match", "answer", "none.json", "none.txt", "--url", "URL", "--key", "KEY"), 2),
    "match learn": (("match", "learn", "none.json", "--url", "URL", "--key", "KEY"), 2),
    "trust": (("trust", "--cosigned-by", "x", "--url", "URL"), 2),
    "demand record": (
        (*("demand", "record", "--authority", "x", "--country", "US", "--ground", "x", "--what", "x"), *WHEN, "DAM"),
        2,
    ),
    "demand list": (("demand", "list", "--dam", "none"), 4),
    "incident report": (
        ("incident", "report", "--kind", "breach", "--persons", "1", "--at", "2026", "--what", "x", "--dam", "none"),
        4,
    ),
    "incident list": (("incident", "list", "--dam", "none"), 4),
    "incident noticed": (
        ("incident", "noticed", "00", "--clock", "x", "--at", "2026-11-22T00:00:00Z", "--dam", "DAM"),
        4,
    ),
    "notices": (("notices", "--url", "URL"), 3),
    "witness init": (("witness", "init", "full", "--name", "w.example"), 2),
    "witness watch": (("witness", "watch", "none", "URL"), 4),
    "witness look": (("witness", "look", "none"), 4),
    "witness list": (("witness", "list", "none"), 4),
    "witness serve": (("witness", "serve", "none"), 4),
}


@pytest.fixture(scope="module")
def words(dam: Served, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What stands in a command line for this dam and a member of it."""
    from datadam import client

    served.published(dam.world)  # the same text again is the same publication
    key = client.write_private(tmp_path_factory.mktemp("keys") / "key", dam.person("Wrong").key)
    return {"URL": dam.url, "KEY": str(key), "DAM": str(dam.folder)}


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", NAMES)
def test_wrong_input_is_told_with_what_to_do(
    machine: Machine, words: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str, language: str
) -> None:
    """An exit code of the branch, a sentence for what is wrong and one for what to do, in the person's language."""
    monkeypatch.setenv("DATADAM_LANG", language)
    (machine.folder / "full").mkdir()
    (machine.folder / "full" / "file").write_text("[]", encoding="utf-8")
    line, code = WRONG[name]
    done = machine(*(words.get(word, word) for word in line), code=code)
    assert done.error.strip()
    if name not in PLAIN:  # a word too many is refused before we are asked, and in English
        told = done.error.strip().splitlines()
        assert len(told) >= 2
        for sentence in told[:2]:
            assert bool(re.search("[가-힣]", sentence)) is (language == "ko"), sentence


def test_every_command_is_tried_with_wrong_input() -> None:
    """A new command fails here until it is."""
    assert sorted(WRONG) == sorted(NAMES)


@pytest.mark.parametrize(
    "line",
    [
        ("keygen", "/proc/none/key"),
        ("keygen", "full/file/key"),
        ("rejects", "0", "--into", "/proc/none", "--url", "http://["),
        ("verify", "full"),
        ("verify", "none"),
        ("deposit", "full", "--standard", "x"),
        ("init", "full/file", "--name", "x.example/log", "--jurisdiction", "KR"),
        ("init", "new", "--name", "Not A Name", "--jurisdiction", "Korea"),
        ("serve", "new", "--port", "99999999"),
        ("nonsense",),
        ("member", "nonsense"),
        ("join",),
    ],
)
def test_odd_lines_never_end_in_a_traceback(machine: Machine, line: tuple[str, ...]) -> None:
    """Paths that cannot be, commands that are none, options that are missing."""
    (machine.folder / "full").mkdir()
    (machine.folder / "full" / "file").write_text("{}", encoding="utf-8")
    done = machine.run(*line)
    assert done.code in {2, 3, 4, 5, 6}, done
    assert done.error.strip()
    assert "Traceback" not in done.error


def test_a_mapping_that_nobody_confirmed_is_not_taken(machine: Machine, words: dict[str, str]) -> None:
    """Without a person at the terminal, `--yes` or a mapping: told so, and nothing is sent. `--set` must be whole."""
    Path("odd.csv").write_text("Zaehler,how many\nC1,1\n", encoding="utf-8")
    line = ("deposit", "odd.csv", "--standard", STANDARD, "--url", words["URL"], "--key", words["KEY"])
    assert "--mapping" in machine(*line, code=2).error
    machine(*line, "--yes", code=2)
    machine(*line, "--yes", "--set", "meter", code=2)
    machine("map", "odd.csv", "--standard", STANDARD, "--url", words["URL"])
    machine(*line, "--mapping", "mapping.yaml", code=2)  # its questions stand open
    assert machine("deposits", "--url", words["URL"], "--key", words["KEY"]).out.count("odd.csv") == 0


def test_an_ambiguous_number_is_refused_until_its_form_is_said(
    machine: Machine, words: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`1,234` alone: the line that settles it is in the error; a mapping is edited until it fits, or left."""
    Path("sum.csv").write_text('meter,amount\nC1,"1,234"\n', encoding="utf-8")
    line = ("sum.csv", "--standard", STANDARD, "--url", words["URL"], "--key", words["KEY"])
    assert "--read amount=" in " ".join(machine("deposit", *line, "--yes", code=2).error.split())
    machine("deposit", *line, "--yes", "--read", "amount", code=2)
    machine("deposit", *line, "--yes", "--read", "amount=so", code=2)
    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.delenv("VISUAL", raising=False)
    machine("map", *line, "--edit", code=2)
    Path("editor.py").write_text(
        "import pathlib, re, sys\np = pathlib.Path(sys.argv[1])\nt = p.read_text(encoding='utf-8')\n"
        "p.write_text(re.sub(r'( +)confirm:\\n(?: +- .*\\n)+', r\"\\1number: '1,234.5'\\n\", t), encoding='utf-8')\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("EDITOR", f"{sys.executable} editor.py")
    machine("map", *line, "--edit", "--force")
    assert "1,234.5" in Path("mapping.yaml").read_text(encoding="utf-8")
    monkeypatch.setenv("EDITOR", "true")
    machine("map", *line, "--edit", "--force", code=2)  # left as it was, with its question


def test_what_goes_down_a_pipe_is_whole(dam: Served) -> None:
    """No window says how wide it is: no name, id or title is cut, and nothing colours it."""
    person = dam.person("A Firm With A Very Long Name Indeed " * 5)
    done = served.run("member", "list", "--dam", dam.folder, COLUMNS="40")
    assert done.returncode == 0, done.stderr
    assert person.id in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stdout.count("Indeed") == 5


# --- a talk in a terminal ---------------------------------------------------------------------------------------------


class Talk:
    """A command in a pseudo-terminal, and somebody who answers."""

    def __init__(self, folder: Path, *words: object, **variables: str) -> None:
        """Start it."""
        self._master, slave = pty.openpty()
        environment = served.environment(TERM="xterm", COLUMNS="100", **variables)
        self._process = subprocess.Popen(
            served.command(*words), cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=slave, close_fds=True
        )
        os.close(slave)
        self.seen = ""

    def until(self, text: str, seconds: float = 60) -> None:
        """Read until a text comes."""
        start, end = len(self.seen), time.monotonic() + seconds
        while text not in self.seen[start:]:
            assert time.monotonic() < end, self.seen
            assert self._read(), self.seen

    def answers(self, question: str, answer: str) -> None:
        """Wait for a question and answer it."""
        self.until(question)
        os.write(self._master, (answer + "\n").encode())

    def ends(self) -> int:
        """Read to the end; the exit code."""
        while self._read():
            pass
        os.close(self._master)
        return self._process.wait(timeout=30)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], 60)
        assert ready, self.seen
        try:
            piece = os.read(self._master, 4096)
        except OSError:  # Linux: the other side is closed
            return False
        self.seen += piece.decode(errors="replace")
        return bool(piece)


def test_a_mapping_is_talked_over_once(machine: Machine, words: dict[str, str]) -> None:
    """Questions one by one, then the whole; the next file of that layout is not asked about. A *no* ends it."""
    Path("talk.csv").write_text("Meter,xyz,colour\nT1,1,red\nT2,2,blue\n", encoding="utf-8")
    Path("next.csv").write_text("Meter,xyz,colour\nT3,1,red\n", encoding="utf-8")
    line = ("--standard", STANDARD, "--url", words["URL"], "--key", words["KEY"])
    home = str(machine.folder / "home")
    declined = Talk(machine.folder, "deposit", "talk.csv", *line, DATADAM_HOME=home)
    declined.answers("amount is required", "xyz")
    declined.answers("Leave these columns", "n")
    assert declined.ends() == 1
    talk = Talk(machine.folder, "deposit", "talk.csv", *line, DATADAM_HOME=home)
    talk.answers("amount is required", "xyz")
    talk.answers("colour", "y")
    talk.answers("Is this right?", "y")
    assert talk.ends() == 0
    assert "admitted" in talk.seen
    again = Talk(machine.folder, "deposit", "next.csv", *line, DATADAM_HOME=home, DATADAM_LANG="ko")
    assert again.ends() == 0
    assert re.search("[가-힣]", again.seen)
    assert "[y/N]" not in again.seen


def test_the_accession_is_read_before_it_is_signed(machine: Machine, dam: Served) -> None:
    """The whole text, then the question; who says no has signed nothing."""
    machine("keygen", "reader.key")
    line = ("--name", "X", "--jurisdiction", "KR", "--role", "consumer", "--url", dam.url, "--key", "reader.key")
    talk = Talk(machine.folder, "join", *line, DATADAM_HOME=str(machine.folder / "home"))
    talk.answers("Do you sign", "n")
    assert talk.ends() == 1
    assert len(talk.seen) > 500


def test_json_commands_no_terminal_and_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A file's name or a value may hold what a terminal obeys, C1 controls and direction marks among it."""
    value = {"name": "a\x1b[2J\x7f\x9b31m\u202egnp.exe\U000e0041", "이름": ["저수지"]}
    print_json(value)
    told = capsys.readouterr().out
    assert json.loads(told) == value
    assert "저수지" in told
    assert not set(told) & set("\x1b\x7f\x9b\u202e\U000e0041")
