"""Obligations 1 to 22 over the log of a real dam in which all of it happened: nothing is broken, each is looked at."""

from pathlib import Path

import pytest

from datadam import seal
from datadam.dam import (
    agree,
    credential,
    decide,
    incident,
    join,
    law,
    offer,
    order,
    publish,
    release,
    rotate,
    withdraw,
)
from datadam.dam.credential import Of
from datadam.dam.incident import Report
from datadam.dam.login import Caller
from datadam.dam.order import Asked
from datadam.dam.world import World
from datadam.errors import Refused
from datadam.formats import law_files, odrl
from datadam.model import Ask, Kind, StandardId
from datadam.obligations.table import Status, row, run
from datadam.terms import Action, AgreementState, Duty, DutyKind, Operand, Permission
from signed import agreed, an_offer, any_of
from test_combine import AGENCY, ID, NAME, NEEDED, a_text
from trades import seen
from worlds import Person, a_world, forward


def published(world: World, institution: Person) -> None:
    """A standard about persons, its offer, the laws, and who is believed in credentials."""
    publish.publish(world, a_text(institution.id))
    said = any_of(Operand.PURPOSE, "research")
    kept = (Duty(kind=DutyKind.RETENTION, days=30),)
    both = (
        Permission(actions=(Action.READ,), constraints=(said,), duties=kept),
        Permission(actions=(Action.COMBINE,), constraints=(said, NEEDED), duties=kept),
    )
    offer.publish(world, odrl.write(an_offer(*both)))
    for text in law_files.packaged().values():
        law.adopt(world, text)
    credential.recognise(world, AGENCY, "An agency", [NAME])


def agrees(world: World, person: Person) -> str:
    """The id of an agreement in force."""
    standing = agreed(world, person)
    if standing.state == AgreementState.ACCEPTED:
        agree.approve(world, standing.id)
    return str(standing.id)


def rotated(world: World, person: Person) -> None:
    """A member's next key."""
    new = seal.new_key()
    facts = {"member": person.id, "key": seal.public(new), "replaces": seal.thumbprint(person.key)}
    statement = seal.countersign(person.states(Kind.KEY, facts), new)
    join.rotate(world, seal.envelope(statement))


def test_a_dam_in_which_all_of_it_happened_breaks_nothing(tmp_path: Path) -> None:
    """Agreed, certified, combined, refused, suspended, ordered, demanded, withdrawn, asked for: each has its row."""
    world = a_world(tmp_path, share_refresh_seconds=0)
    institution, reader, abroad = (Person(name, roles=("consumer",)) for name in ("Institution", "Reader", "Abroad"))
    published(world, institution)
    firms = [Person(f"Firm {number}").joins(world) for number in range(2)]
    rows = "meter,amount\n" + "".join(f"person-{one},{one}\n" for one in range(3))
    first, *_ = [firm.deposits(world, ID, rows.encode()) for firm in firms]
    abroad.jurisdiction = "DE"
    for person in (institution, reader, abroad):
        person.joins(world)
        agrees(world, person)
    # taken, also abroad and joined
    until = "2027-01-01T00:00:00Z"
    credential.attest(world, Of(member=institution.id, name=NAME, issuer=AGENCY), "ab" * 32, expires=until)
    release.open_share(world, Caller(member=institution.id, action="combine"), ID)
    for person in (reader, abroad):
        release.open_share(world, person.caller, ID)
    # refused: nowhere to go, an order, a suspension
    nowhere = Ask(member=abroad.id, standard=StandardId(ID), destination="US")
    assert decide.decide(world, nowhere)[1] is not None
    stopped = order.suspend(world, ["personal"], ["DE"], reason="r", ground="PIPA 28-9")
    with pytest.raises(Refused):
        release.open_share(world, abroad.caller, ID)
    order.lift(world, stopped.id, "r")
    join.suspend(world, reader.id, "r")
    with pytest.raises(Refused):
        release.open_share(world, reader.caller, ID)
    join.resume(world, reader.id, "r")
    release.open_share(world, abroad.caller, ID)
    rotated(world, reader)
    # demanded, withdrawn, asked for
    told = Asked(authority="A", country="US", ground="g", what="w", received="2026-11-22T08:00:00Z")
    order.demand(world, told, standard=ID)
    facts = {"contributor": firms[0].id, "deposits": [first.id], "replaced_by": None, "reason": "r"}
    gone = withdraw.withdraw(world, firms[0].caller, seal.envelope(firms[0].states(Kind.WITHDRAWAL, facts)))
    withdraw.purge(world, gone)
    at = world.clock().isoformat()
    asked = Report(event="rights-request", classes=["personal"], persons=1, countries=["KR"], at=at, what="w")
    happened = incident.report(world, asked)
    forward(world, days=2)
    incident.noticed(world, happened.incident.id, "kr-pipa-35-37", world.clock().isoformat())
    results = run(seen(world), [row(number) for number in range(1, 23)])
    assert {one.row.number: [(each.index, each.what) for each in one.found] for one in results if one.found} == {}
    assert [one.row.number for one in results if one.status is not Status.PASSED] == []


def test_keys_that_follow_one_another_are_told_apart_by_the_log(tmp_path: Path) -> None:
    """Row 3: the dam's next key and the log's next key; the former ones count to where they were retired."""
    world = a_world(tmp_path)
    former = world.ledger.vkey
    for use in ("dam", "log"):
        rotate.rotate(world, use, "yearly")
    Person("Firm").joins(world)
    for use in ("dam", "log"):
        rotate.retire(world, use, "yearly", now=True)
    view = seen(world)
    assert world.ledger.vkey != former
    results = run(view, [row(1), row(3)])
    assert [(one.status, one.found) for one in results] == [(Status.PASSED, ())] * 2
    ended = [one for one in view.keys.values() if one.until is not None]
    assert {one.owner for one in ended} >= {"dam"}
