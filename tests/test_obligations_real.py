"""Obligations 23 to 43 over the log of a real dam that did all of it: nothing is broken, and much is looked at."""

from dataclasses import replace
from pathlib import Path

import pytest

from cards import card
from datadam import seal
from datadam.dam import declare, disclose, edition, incident, law, order, publish, release, unseal, withdraw
from datadam.dam.declare import Said
from datadam.dam.incident import Report
from datadam.dam.login import Caller
from datadam.dam.order import Asked
from datadam.errors import Refused
from datadam.formats import law_files
from datadam.model import Kind
from datadam.obligations import disclosure
from datadam.obligations.table import Status, row, run
from datadam.terms import Action
from signed import agreed, offered, permission
from trades import seen
from worlds import GOOD, Person, a_world, forward, standard_text

ID = "test.reading"


def test_a_dam_that_did_everything_breaks_nothing(tmp_path: Path) -> None:
    """Deposits, an edition, training, a model, a withdrawal with its notices, an incident in time, declarations."""
    world = a_world(tmp_path, share_refresh_seconds=0)
    publish.publish(world, standard_text())
    for text in law_files.packaged().values():
        law.adopt(world, text)
    giver, other, firm = (Person(name).joins(world) for name in ("Giver", "Other", "Firm"))
    first = giver.deposits(world, ID, GOOD)
    other.deposits(world, ID, b"meter,amount\nB1,5\n,7\n")
    offered(world, permission(actions=(Action.READ, Action.TRAIN)))
    with pytest.raises(Refused):
        release.open_share(world, firm.caller, ID)
    agreed(world, firm)
    edition.freeze(world, f"{ID}@one")
    trains = Caller(member=firm.id, action="train")
    for id in (ID, f"{ID}@one"):
        release.open_share(world, trains, id)
    secret = b"s" * 32 + b"weights"
    promised = {"part": "weights", "digest": seal.digest(secret)}
    body = disclose.draft(world, firm.caller, card(commitments=[promised]))
    model = disclose.register(world, firm.caller, seal.envelope(firm.states(Kind.MODEL, body)))
    asked = Asked(authority="a", country="KR", ground="g", what="w", received=world.clock().isoformat())
    demand = order.demand(world, asked, model=model.id)
    opens = {"member": firm.id, "model": model.id, "demand": demand.id, **promised, "size": len(secret) - 32}
    unseal.unseal(world, firm.caller, seal.envelope(firm.states(Kind.OPENING, opens)), secret)
    facts = {"contributor": giver.id, "deposits": [first.id], "replaced_by": None, "reason": "r"}
    gone = withdraw.withdraw(world, giver.caller, seal.envelope(giver.states(Kind.WITHDRAWAL, facts)))
    withdraw.purge(world, gone)
    forward(world, hours=1)
    at = world.clock().isoformat()
    told = Report(event="breach", classes=["personal"], persons=1200, countries=["KR"], at=at, what="w")
    happened = incident.report(world, told)
    forward(world, hours=1)
    incident.noticed(world, happened.incident.id, "kr-pipa-34", world.clock().isoformat())
    for number in (37, 38, 39, 40, 42, 43):
        word = Said(row=number, words="w", name="n", office="o", until="2027-01-01", standard=ID, applies=False)
        declare.declare(world, word)
    view = seen(world)
    view = replace(view, opened=disclosure.opened(view, lambda one: world.bodies.get(one.body["digest"])))
    assert list(view.opened.values()) == [7]
    results = run(view, [row(number) for number in range(23, 44)])
    assert {one.row.number: [each.what for each in one.found] for one in results if one.found} == {}
    looked = {one.row.number for one in results if one.status is Status.PASSED}
    assert looked == {23, 24, 25, 26, 27, 28, 29, 30, 31, 33, 34, 36}
    assert {one.row.number for one in results if one.declared} == {37, 38, 39, 40, 42, 43}
