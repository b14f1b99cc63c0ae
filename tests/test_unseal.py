"""Code and weights are opened on a demand in the log that names the model, held to the promise, and to auditors."""

import secrets
from pathlib import Path
from typing import Any

import pytest

from cards import card
from datadam import seal
from datadam.adapters.memory.store import MemoryStore
from datadam.client import disclosing, write_private
from datadam.dam import disclose, join, notice, order, prove, publish, release, state, unseal
from datadam.dam.login import Caller
from datadam.dam.order import Asked
from datadam.dam.world import World
from datadam.disclosure import MOST_OPENED, Model
from datadam.errors import DamError, Invalid, NotFound, Refused, Untrusted
from datadam.model import Kind, Statement
from datadam.terms import Action
from machines import a_machine
from served import STANDARD, published, serving
from signed import agreed, offered, permission
from worlds import GOOD, Person, a_world, standard_text


def checked(world: World) -> list[str]:
    """What a check of the whole dam finds."""
    return [fault.code for fault in prove.check(world, MemoryStore, lambda: None).faults]


BYTES = b"def forecast(): ..."
CONTENT = secrets.token_bytes(unseal.SALT) + BYTES
DIGEST = seal.digest(CONTENT)
ASKED = Asked(authority="A court", country="KR", ground="An act", what="The code.", received="2026-11-01T00:00:00Z")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam whose one standard may be trained on."""
    made = a_world(tmp_path)
    publish.publish(made, standard_text())
    offered(made, permission(actions=(Action.READ, Action.TRAIN)))
    return made


def promised(world: World, name: str = "Provider", digest: str = DIGEST) -> tuple[Person, Model]:
    """A provider, and its model, to whose code it is committed."""
    person = Person(name).joins(world)
    person.deposits(world, "test.reading", GOOD)
    agreed(world, person)
    release.open_share(world, Caller(member=person.id, action="train"), "test.reading")
    text = card(commitments=[{"part": "code", "digest": digest}])
    statement = person.states(Kind.MODEL, disclose.draft(world, person.caller, text))
    return person, disclose.register(world, person.caller, seal.envelope(statement))


def opening(person: Person, model: Model, demand: str, **changes: Any) -> Statement:
    """What a provider signs."""
    facts = {"member": person.id, "model": model.id, "demand": demand, "part": "code", "digest": DIGEST}
    return person.states(Kind.OPENING, {**facts, "size": len(BYTES), **changes})


def opens(world: World, person: Person, statement: Statement, content: bytes = CONTENT) -> Any:
    """Send it."""
    return unseal.unseal(world, person.caller, seal.envelope(statement), content)


def test_what_was_promised_is_opened_on_a_demand_and_read_by_auditors(world: World) -> None:
    """The log has that it was opened; the bytes are for the provider and for auditors, and are the promised ones."""
    person, model = promised(world)
    demand = order.demand(world, ASKED, model=model.id)
    assert demand.contributors == (person.id,)
    (told,) = notice.own(world, person.caller)
    assert (told.notice.about, told.notice.facts["model"]) == (demand.id, model.id)
    statement = opening(person, model, demand.id)
    made = opens(world, person, statement)
    assert opens(world, person, statement) == opens(world, person, opening(person, model, demand.id)) == made
    auditor, other = Person("Auditor", roles=("auditor",)).joins(world), Person("Other").joins(world)
    for reader in (person, auditor):
        assert unseal.openings(world, reader.caller, model.id) == [made]
        assert unseal.content(world, reader.caller, made.id) == CONTENT
    for stranger in (other.caller, Caller(member=None), Caller(member=auditor.id, standard="test.reading")):
        with pytest.raises(NotFound, match=r"model\.unknown"):
            unseal.openings(world, stranger, model.id)
        with pytest.raises(NotFound, match=r"model\.opening-unknown"):
            unseal.content(world, stranger, made.id)
        with pytest.raises(NotFound, match=r"statement\.unknown"):  # its digest is public, as the commitment
            prove.body(world, stranger, DIGEST)
    join.suspend(world, auditor.id, "r")
    with pytest.raises(NotFound):
        unseal.content(world, auditor.caller, made.id)
    assert b"forecast" not in b"".join(seal.envelope(world.ledger.statement(id)) for _, id in world.ledger.entries())
    state.rebuild(world)
    assert unseal.openings(world, person.caller, model.id) == [made]


def test_nothing_is_opened_without_a_demand_that_names_the_model(world: World) -> None:
    """Not on none, on one about other things or another model, on one that was refused; nothing is kept or logged."""
    person, model = promised(world)
    other, theirs = promised(world, "Other", "ab" * 32)
    with pytest.raises(Refused, match=r"model\.no-order"):
        unseal.may_send(world, person.caller, model.id)
    elsewhere = order.demand(world, ASKED, contributors=[person.id])
    foreign = order.demand(world, ASKED, model=theirs.id)
    size = world.ledger.size
    for id, code in (("0" * 64, "no-order"), (elsewhere.id, "no-order"), (foreign.id, "no-order")):
        with pytest.raises(Refused, match=rf"model\.{code}"):
            opens(world, person, opening(person, model, id))
    assert world.ledger.size == size
    told = Asked(**{**{name: getattr(ASKED, name) for name in ASKED.__slots__}, "answer": "refused"})
    refused = order.demand(world, told, model=model.id)
    with pytest.raises(Refused, match=r"model\.order-refused"):
        opens(world, person, opening(person, model, refused.id))
    with pytest.raises(NotFound, match=r"."):
        world.bodies.get(DIGEST)
    with pytest.raises(NotFound, match=r"model\.unknown"):
        order.demand(world, ASKED, model="0" * 64)
    unseal.may_send(world, other.caller, theirs.id)
    for caller, model_id in ((other.caller, model.id), (person.caller, "0" * 64)):
        with pytest.raises(NotFound, match=r"model\.unknown"):
            unseal.may_send(world, caller, model_id)
    with pytest.raises(Refused, match=r"ask\.login-needed"):
        unseal.may_send(world, Caller(member=None), model.id)


WRONG: list[tuple[str, dict[str, Any], bytes]] = [
    ("model.bytes-other", {}, CONTENT[:-1] + b"!"),
    ("model.bytes-other", {}, CONTENT + b"!"),
    ("model.bytes-other", {}, BYTES),
    ("model.bytes-other", {"size": 1}, CONTENT),
    ("model.no-commitment", {"part": "weights"}, CONTENT),
    ("model.no-commitment", {"digest": seal.digest(b"x")}, b"x"),
    ("model.not-yours", {"member": "m-" + "0" * 20}, CONTENT),
    ("statement.shape", {"size": MOST_OPENED + 1}, CONTENT),
]


@pytest.mark.parametrize(("code", "changes", "content"), WRONG, ids=range(len(WRONG)))
def test_bytes_that_were_not_promised_are_refused(
    world: World, code: str, changes: dict[str, Any], content: bytes
) -> None:
    """Other bytes, another part, another size, another's name."""
    person, model = promised(world)
    demand = order.demand(world, ASKED, model=model.id)
    size = world.ledger.size
    with pytest.raises(DamError) as refused:
        opens(world, person, opening(person, model, demand.id, **changes), content)
    assert (refused.value.code, world.ledger.size) == (code, size)


def test_what_is_larger_is_not_taken(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dam keeps no weights of any size."""
    person, model = promised(world)
    demand = order.demand(world, ASKED, model=model.id)
    monkeypatch.setattr(unseal, "MOST_OPENED", len(BYTES) - 1)
    with pytest.raises(Invalid, match=r"model\.opening-too-large"):
        opens(world, person, opening(person, model, demand.id))


def test_a_log_with_an_opening_that_nobody_demanded_is_refused(world: World) -> None:
    """A fold believes none of another's model, without a demand for it, or of a part that was opened before."""
    person, model = promised(world)
    other = Person("Other").joins(world)
    demand = order.demand(world, ASKED, model=model.id)
    elsewhere = order.demand(world, ASKED, contributors=[person.id])
    dam = world.secrets.private_key("sign")
    for who, id, code in (
        (other, demand.id, "model.member-wrong"),
        (person, elsewhere.id, "model.opening-wrong"),
        (person, "0" * 64, "model.opening-wrong"),
    ):
        with pytest.raises(Untrusted, match=code):
            state.record(world, seal.countersign(opening(who, model, id), dam))
    opens(world, person, opening(person, model, demand.id))
    with pytest.raises(Untrusted, match=r"statement\.repeated"):
        state.record(world, seal.countersign(opening(person, model, demand.id), dam))


def test_bytes_that_were_changed_on_the_disk_are_not_handed_out(world: World) -> None:
    """The digest in the log is the promise: what lies there now is held against it."""
    person, model = promised(world)
    made = opens(world, person, opening(person, model, order.demand(world, ASKED, model=model.id).id))
    assert checked(world) == []
    world.bodies.erase(DIGEST)
    assert checked(world) == ["body.evidence-other"]
    with pytest.raises(NotFound):
        unseal.content(world, person.caller, made.id)
    world.bodies.put(DIGEST, b"other")
    assert checked(world) == ["body.evidence-other"]
    with pytest.raises(Untrusted, match=r"body\.digest-wrong"):
        unseal.content(world, person.caller, made.id)


def test_a_provider_opens_and_an_auditor_checks_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the commitment to the auditor's own check, over a wire; before the demand there is no way."""
    machine = a_machine(tmp_path, monkeypatch, capsys)
    code = tmp_path / "code.py"
    code.write_bytes(BYTES)
    with serving(tmp_path / "dam", share_refresh_seconds=0) as dam:
        published(dam.world)
        offered(dam.world, permission(actions=(Action.READ, Action.TRAIN)))
        digest, beside = disclosing.commit(code, "code")
        person, auditor = dam.person("Provider"), dam.person("Auditor", roles=("auditor",))
        agreed(dam.world, person)
        with dam.client(person) as held, dam.client(auditor) as reader:
            held.open(STANDARD, action="train", to="KR", purpose="research").download(tmp_path)
            model = held.sign_model(held.draft_model(card(commitments=[{"part": "code", "digest": digest}])))["id"]
            assert held.demands_for(model) == []
            with pytest.raises(Refused, match=r"model\.no-order"):
                held.open_model(model, "0" * 64, code, beside)
            demand = order.demand(dam.world, ASKED, model=model)
            assert held.demands_for(model) == [demand.id]
            other = tmp_path / "other.py"
            other.write_bytes(b"another")
            with pytest.raises(Untrusted, match=r"model\.bytes-other"):
                held.open_model(model, demand.id, other, beside)
            for name, who in (("provider", person), ("auditor", auditor)):
                write_private(tmp_path / name, who.key)
            as_provider, as_auditor = (("--url", dam.url, "--key", name) for name in ("provider", "auditor"))
            machine("model", "open", model[:12], code, "--order", "00", *as_provider, code=4)
            machine("model", "open", model[:12], code, "--order", demand.id[:12], *as_provider)
            machine("model", "opened", model[:12], "--into", tmp_path, *as_auditor)
            assert (tmp_path / f"{model[:12]}.code").read_bytes() == BYTES
            machine("model", "opened", model[:12], "--json", *as_provider)
            (one,) = reader.openings(model)
            copy = reader.opened(one, tmp_path / "copy.py")
            assert copy.read_bytes() == BYTES
            opened = copy.with_name(copy.name + disclosing.OPENING)
            assert reader.check_commitment(copy, opened, model) == "code"
