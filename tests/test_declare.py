"""Declarations: a named person answers until a day; the name can be erased, and nothing becomes lawful by it."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from datadam import seal
from datadam.adapters.memory.store import MemoryStore
from datadam.dam import declare, join, prove, publish, state
from datadam.dam.declare import Said
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.duties import Declaration
from datadam.errors import DamError, Invalid, NotFound, Refused, Untrusted
from datadam.formats import person
from datadam.model import Kind, Statement
from worlds import START, Person, a_world, standard_text

NEXT_YEAR = "2027-11-22"
WORDS = "Prices of single firms; nothing younger than a quarter goes to those who sell the same."


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam with one small standard."""
    world = a_world(tmp_path)
    publish.publish(world, standard_text())
    return world


def said(**changes: object) -> Said:
    """What a person of the operator answers for."""
    facts = {"row": 39, "words": WORDS, "name": "Kim Minji", "office": "Competition counsel", "until": NEXT_YEAR}
    return Said(**{**facts, "standard": "test.reading", "days": 90, **changes})  # type: ignore[arg-type]  # any field


def of_member(person: Person, named: bytes, **changes: object) -> Statement:
    """What a member signs."""
    facts = {
        "row": 43,
        "member": person.id,
        "standard": "test.reading",
        "subject": None,
        "applies": True,
        "countries": [],
        "days": None,
        "words": "We made these data, or those who made them agreed.",
        "person": seal.digest(named),
        "until": NEXT_YEAR,
    }
    return person.states(Kind.DECLARATION, {**facts, **changes})


def who(world: World, one: Declaration) -> Mapping[str, str]:
    """Who answers for it; nothing where that was erased."""
    body = declare.body_of(world, one)
    return person.read(body) if body is not None else {}


def faults(world: World) -> list[str]:
    """What a check of everything finds."""
    return [error.code for error in prove.check(world, MemoryStore, lambda: None).faults]


def test_the_dams_word_is_in_the_log_and_its_persons_name_is_not(world: World) -> None:
    """The statement has a digest; who answers lies in a body of its own, and is shown beside it."""
    made = declare.declare(world, said())
    body = world.ledger.statement(made.id).body
    assert (made.row, made.member, made.days, made.until) == (39, None, 90, NEXT_YEAR)
    assert "Kim" not in str(body)
    assert who(world, made) == {"name": "Kim Minji", "office": "Competition counsel"}
    assert declare.every(world) == [made]
    assert faults(world) == []


def test_a_member_signs_its_own_and_the_dam_signs_too(world: World) -> None:
    """Both signatures are in the log; sent again it is the same one."""
    firm, named = Person("Firm").joins(world), person.write("Lee", "Legal")
    envelope = seal.envelope(of_member(firm, named))
    made = declare.sign(world, firm.caller, envelope, named)
    assert declare.sign(world, firm.caller, envelope, named) == made
    assert len(world.ledger.statement(made.id).signatures) == 2
    assert who(world, made)["office"] == "Legal"
    assert faults(world) == []


def test_a_name_is_erased_and_the_word_stays(world: World) -> None:
    """The erasure is logged first; what is gone without one, or there in spite of one, or another, is a fault."""
    made, kept = declare.declare(world, said()), declare.declare(world, said(row=38))
    world.bodies.erase(kept.person)
    assert faults(world) == ["declaration.person-missing"]
    declare.forget(world, kept.id, "asked")
    assert faults(world) == []
    assert who(world, kept) == {}
    declare.forget(world, made.id, "asked")
    world.bodies.put(made.person, person.write("Kim Minji", "Competition counsel"))
    assert faults(world) == ["declaration.person-not-erased"]
    other = declare.declare(world, said(row=37))
    world.bodies.erase(made.person)
    world.bodies.erase(other.person)
    world.bodies.put(other.person, person.write("Somebody", "else"))
    assert faults(world) == ["declaration.person-other"]
    assert [one.row for one in declare.every(world)] == [39, 38, 37]


WRONG = [
    ({"row": 0}, Invalid, "declaration.row-unknown"),
    ({"row": 44}, Invalid, "declaration.row-unknown"),
    ({"until": "2026-11-21"}, Invalid, "declaration.over"),
    ({"until": "soon"}, Invalid, "text.date-malformed"),
    ({"days": -1}, Invalid, "declaration.days-wrong"),
    ({"days": 36_501}, Invalid, "declaration.days-wrong"),
    ({"words": " "}, Invalid, "order.words-wrong"),
    ({"name": ""}, Invalid, "declaration.person-malformed"),
    ({"office": "x" * 201}, Invalid, "declaration.person-malformed"),
    ({"name": "Kim\u202eMinji"}, Invalid, "declaration.person-malformed"),
    ({"standard": "no.such"}, NotFound, "standard.unknown"),
    ({"subject": "m-" + "0" * 20}, NotFound, "member.unknown"),
    ({"countries": ["XX"]}, Invalid, "register.country-unknown"),
]


@pytest.mark.parametrize(("changes", "branch", "code"), WRONG)
def test_what_is_wrong_is_refused_and_not_logged(
    world: World, changes: dict[str, object], branch: type[DamError], code: str
) -> None:
    """Rows, days, countries and people that there are not."""
    before = world.ledger.size
    with pytest.raises(branch) as refused:
        declare.declare(world, said(**changes))
    assert (refused.value.code, world.ledger.size) == (code, before)


BODIES = [
    b"{}",
    b"[]",
    seal.canonical({"name": "a", "office": "b", "salt": "c2hvcnQ"}),
    seal.canonical({"name": "a", "office": 5, "salt": seal.salt()}),
    seal.canonical({"name": "a", "office": "b", "salt": seal.salt(), "mail": "c"}),
    b" " + seal.canonical({"name": "a", "office": "b", "salt": seal.salt()}),
    seal.canonical({"name": " ", "office": "b", "salt": seal.salt()}),
    b"x" * (person.MAX_BYTES + 1),
]


@pytest.mark.parametrize("named", BODIES, ids=range(len(BODIES)))
def test_a_person_is_a_name_and_an_office(world: World, named: bytes) -> None:
    """A body of another shape is no person, and is not kept."""
    firm = Person("Firm").joins(world)
    with pytest.raises(Invalid, match=r"declaration\.person-malformed"):
        declare.sign(world, firm.caller, seal.envelope(of_member(firm, named)), named)
    with pytest.raises(NotFound):
        world.bodies.get(seal.digest(named))


def test_nobody_signs_for_another(world: World) -> None:
    """Not with another's name, key or person, not without a login, not with a share's, not while suspended."""
    firm, other = Person("Firm").joins(world), Person("Other").joins(world)
    named = person.write("Lee", "Legal")
    own = seal.envelope(of_member(firm, named))

    def other_than(signer: Person, **changes: object) -> bytes:
        return seal.envelope(of_member(signer, named, **changes))

    tries: list[tuple[Caller, bytes, bytes, type[DamError], str]] = [
        (Caller(member=None), own, named, Refused, "ask.login-needed"),
        (Caller(member=firm.id, standard="test.reading"), own, named, Refused, "ask.login-needed"),
        (other.caller, own, named, Untrusted, "declaration.not-yours"),
        (firm.caller, own, person.write("Eve", "Legal"), Untrusted, "declaration.person-other"),
        (firm.caller, other_than(other, member=firm.id), named, Untrusted, "signature.parties"),
        (firm.caller, other_than(firm, standard="no.such"), named, Untrusted, "declaration.about-wrong"),
        (firm.caller, other_than(firm, countries=["XX"]), named, Invalid, "register.country-unknown"),
        (firm.caller, other_than(firm, until="2026-01-01"), named, Invalid, "declaration.over"),
    ]
    for caller, envelope, whom, branch, code in tries:
        with pytest.raises(branch) as refused:
            declare.sign(world, caller, envelope, whom)
        assert refused.value.code == code
    join.suspend(world, firm.id, "inquiry")
    with pytest.raises(Refused, match=r"member\.suspended"):
        declare.sign(world, firm.caller, own, named)


def test_a_member_cannot_fill_the_log(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a most."""
    monkeypatch.setattr(declare, "MOST_OF_A_MEMBER", 1)
    firm, named = Person("Firm").joins(world), person.write("Lee", "Legal")
    declare.sign(world, firm.caller, seal.envelope(of_member(firm, named)), named)
    with pytest.raises(Refused, match=r"declaration\.too-many"):
        declare.sign(world, firm.caller, seal.envelope(of_member(firm, named)), named)


def test_auditors_see_all_and_others_their_own(world: World) -> None:
    """A declaration about a member is not for that member's eyes, nor for strangers'."""
    firm, auditor = Person("Firm").joins(world), Person("Office", roles=("auditor",)).joins(world)
    vetted = declare.declare(world, said(row=41, standard=None, subject=firm.id, days=None, applies=False))
    named = person.write("Lee", "Legal")
    own = declare.sign(world, firm.caller, seal.envelope(of_member(firm, named)), named)
    assert declare.seen_by(world, auditor.caller) == [vetted, own]
    assert declare.seen_by(world, firm.caller) == [own]
    with pytest.raises(NotFound):
        prove.body(world, firm.caller, vetted.id)
    assert prove.body(world, auditor.caller, vetted.id).id == vetted.id
    with pytest.raises(Refused, match=r"ask\.login-needed"):
        declare.seen_by(world, Caller(member=None))
    with pytest.raises(NotFound, match=r"declaration\.unknown"):
        declare.find(world, "00")


def test_a_log_with_a_word_of_nobody_is_not_folded(world: World) -> None:
    """By who left, about what there is not, or said twice."""
    firm = Person("Firm").joins(world)
    named = person.write("Lee", "Legal")
    dam = world.secrets.private_key("sign")
    own = seal.countersign(of_member(firm, named), dam)
    state.record(world, own)
    wrong = [
        (own, "statement.repeated"),
        (seal.countersign(of_member(firm, named, subject="m-" + "0" * 20), dam), "declaration.about-wrong"),
    ]
    for statement, code in wrong:
        with pytest.raises(Untrusted) as refused:
            state.record(world, statement)
        assert refused.value.code == code
    join.suspend(world, firm.id, "inquiry")
    with pytest.raises(Untrusted, match=r"declaration\.member-wrong"):
        state.record(world, seal.countersign(of_member(firm, named), dam))


def test_days_are_those_of_the_dams_clock(world: World) -> None:
    """The last day counts whole."""
    assert declare.declare(world, said(until=(START + timedelta(days=0)).date().isoformat())).until == "2026-11-22"
