"""Declarations over HTTP, and how an audit of a served dam shows them: by name, erased, and never as compliance."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cards import card
from datadam import seal
from datadam.client import as_stranger
from datadam.dam import declare, disclose, order, publish, release, unseal
from datadam.dam.login import Caller
from datadam.dam.order import Asked
from datadam.errors import DamError, Untrusted
from datadam.model import Kind
from datadam.terms import Action
from machines import Machine, a_machine
from served import STANDARD, Served, published, serving
from signed import agreed, offered, permission
from worlds import GOOD, Person, standard_text

SAID = {"row": 43, "standard": STANDARD, "subject": None, "countries": [], "days": None, "applies": True}
MORE = {"words": "ours", "until": "2999-01-01"}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    """A computer with nothing of ours on it but the program."""
    return a_machine(tmp_path, monkeypatch, capsys)


@pytest.fixture(scope="module")
def dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One dam for all tests of this file; the last of them tampers with it."""
    with serving(tmp_path_factory.mktemp("declare") / "dam") as made:
        published(made.world)
        yield made


def kept(person: Person, folder: Path) -> Path:
    """A person's key as a file."""
    path = folder / "auditor.key"
    path.write_text(json.dumps(person.key), encoding="utf-8")
    path.chmod(0o600)
    return path


def test_a_member_declares_and_an_audit_names_who(machine: Machine, dam: Served, tmp_path: Path) -> None:
    """Over HTTP and over the folder by name, until that is erased; an open reservoir is asked for as a stranger."""
    firm, auditor = dam.person("Firm"), dam.person("Office", roles=("auditor",))
    key = kept(auditor, tmp_path)
    with dam.client(firm) as held:
        made = held.declare({**SAID, **MORE}, name="Lee Yuna", office="Legal")
        assert [one["named"] for one in held.declarations()] == [{"name": "Lee Yuna", "office": "Legal"}]
    opened = standard_text(tier="open").replace(STANDARD, "test.open").replace("test_reading", "test_open")
    publish.publish(dam.world, opened)
    firm.deposits(dam.world, "test.open", GOOD)
    over_http = ("audit", dam.url, "--key", key)
    in_folder = ("audit", dam.folder, "--vkey", dam.world.ledger.vkey)
    for words in (over_http, in_folder):
        (row,) = json.loads(machine(*words, "--row", 43, "--json").out)["rows"]
        assert row["declared"][0]["what"] == "Declared until 2999-01-01 by Lee Yuna, Legal: ours"
        assert row["status"] == "not applicable yet"
    (row,) = json.loads(machine(*over_http, "--row", 35, "--json").out)["rows"]
    assert (row["status"], row["looked"]) == ("passed", 1)
    declare.forget(dam.world, made["id"], "asked")
    for words in (over_http, in_folder):
        (row,) = json.loads(machine(*words, "--row", 43, "--json").out)["rows"]
        assert row["declared"][0]["what"] == "Declared until 2999-01-01: ours"
    with dam.client(firm) as held:
        assert [one["named"] for one in held.declarations()] == [None]


def test_a_stranger_meets_what_is_not_open(dam: Served) -> None:
    """A refusal is told by its code; of nothing, nobody is asked."""
    assert as_stranger(dam.url, []) == {}
    assert as_stranger(dam.url, [STANDARD, "no.such"]) == {STANDARD: "ask.stranger", "no.such": "standard.unknown"}


def test_a_stranger_audits_without_false_alarms(machine: Machine, dam: Served) -> None:
    """What was not shown breaks nothing: no row fails for want of bodies."""
    firm = dam.person("Firm")
    firm.deposits(dam.world, STANDARD, GOOD)
    told = json.loads(machine("audit", dam.url, "--json").out)
    assert told["log"]["unseen"] > 0
    assert told["counts"]["failed"] == 0


def test_a_hostile_declaration_is_refused(dam: Served) -> None:
    """Other shapes, and half a letter."""
    half = b'{"statement":{},"person":"\\ud800"}'
    wrong = [b"[]", b'{"statement":{}}', b'{"statement":{},"person":1}', b'{"statement":1,"person":"x"}']
    with dam.client(dam.person("Firm")) as held:
        for sent in (*wrong, half):
            with pytest.raises(DamError) as refused:
                held._ask("POST", "/api/declarations", content=sent)
        assert refused.value.code == "declaration.person-malformed"


def test_a_name_that_was_not_hashed_is_not_believed(dam: Served) -> None:
    """A dam that shows another person than the one who answers is found out by whoever reads it."""
    firm = dam.person("Firm")
    with dam.client(firm) as held:
        made = held.declare({**SAID, **MORE}, name="Lee Yuna", office="Legal")
        other = seal.canonical({"name": "Eve", "office": "Legal", "salt": seal.salt()})
        dam.world.bodies.erase(made["person"])
        dam.world.bodies.put(made["person"], other)
        with pytest.raises(Untrusted, match=r"declaration\.person-other"):
            held.declarations()
    assert dam.world.ledger.statement(made["id"]).kind is Kind.DECLARATION


def test_an_audit_reads_what_was_opened(machine: Machine, dam: Served, tmp_path: Path) -> None:
    """Row 27 over HTTP and over the folder: the bytes at hand are those promised, or the opening is named."""
    world, firm = dam.world, dam.person("Firm")
    key = kept(dam.person("Office", roles=("auditor",)), tmp_path)
    firm.deposits(world, STANDARD, GOOD)
    offered(world, permission(actions=(Action.READ, Action.TRAIN)))
    agreed(world, firm)
    release.open_share(world, Caller(member=firm.id, action="train"), STANDARD)
    secret = b"s" * 32 + b"weights"
    promised = {"part": "weights", "digest": seal.digest(secret)}
    body = disclose.draft(world, firm.caller, card(commitments=[promised]))
    model = disclose.register(world, firm.caller, seal.envelope(firm.states(Kind.MODEL, body)))
    asked = Asked(authority="a", country="KR", ground="g", what="w", received=world.clock().isoformat())
    demand = order.demand(world, asked, model=model.id)
    facts = {"member": firm.id, "model": model.id, "demand": demand.id, **promised, "size": len(secret) - 32}
    opening = unseal.unseal(world, firm.caller, seal.envelope(firm.states(Kind.OPENING, facts)), secret)
    over_http = ("audit", dam.url, "--key", key, "--row", 27, "--json")
    in_folder = ("audit", dam.folder, "--vkey", world.ledger.vkey, "--row", 27, "--json")
    for words in (over_http, in_folder):
        (row,) = json.loads(machine(*words).out)["rows"]
        assert (row["status"], row["looked"]) == ("passed", 2)
    world.bodies.erase(promised["digest"])
    world.bodies.put(promised["digest"], b"x" * 39)
    for words in (over_http, in_folder):
        (row,) = json.loads(machine(*words, code=5).out)["rows"]
        assert [(one["id"], one["code"]) for one in row["found"]] == [(opening.id, "obligation.opened-other")]
