"""Attacks on offers, agreements, orders and decisions: each was a way to rows or columns that nobody allowed."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from datadam.adapters.memory.store import MemoryStore
from datadam.dam import decide, edition, grant, order, prove, publish, release
from datadam.dam.world import World
from datadam.errors import Refused
from datadam.model import Ask, Deny, StandardId
from datadam.terms import Constraint, Operand, Operator
from served import Served, serving
from signed import agreed, offered, permission
from worlds import GOOD, Person, a_world, forward, standard_text

ID = StandardId("test.reading")
FROZEN = f"{ID}@then"
AMOUNT = "logicalTypeOptions: {minimum: 0, maximum: 1000}\n        required: true\n        classification: "


def readings(amount: str = "business", **changes: str) -> str:
    """The small standard, with amounts of another class."""
    text = standard_text(**changes)
    assert f"{AMOUNT}business" in text
    return text.replace(f"{AMOUNT}business", f"{AMOUNT}{amount}")


def later(text: str) -> str:
    """The next version of a standard."""
    return text.replace("version: 1.0.0", "version: 2.0.0")


def up_to(ceiling: str) -> Constraint:
    """Columns of this class at most."""
    return Constraint(operand=Operand.SENSITIVITY, operator=Operator.AT_MOST, value=ceiling)


def codes(world: World, person: Person | None, **facts: object) -> list[str]:
    """What stands in somebody's way; nothing is a yes."""
    ask = replace(Ask(member=person.id if person else None, standard=ID), **facts)  # type: ignore[arg-type]  # any field
    decision, _ = decide.decide(world, ask)
    return [one.code for one in decision.reasons] if isinstance(decision, Deny) else []


def columns(world: World, person: Person, id: str) -> set[str]:
    """The columns that lie in what somebody gets, whatever the schema says."""
    share = release.open_share(world, person.caller, id)
    assert share.rows
    paths = [world.shares.path(share.standard, share.recipient, share.version, str(f["name"])) for f in share.files]
    return set(pl.read_parquet(paths, glob=False).columns)


@pytest.mark.parametrize(
    ("then", "now"),
    [
        pytest.param(readings("business"), readings("confidential"), id="made stricter since"),
        pytest.param(readings("confidential"), readings("business"), id="made less strict since"),
        pytest.param(readings("confidential"), readings().split("      - name: amount")[0], id="dropped since"),
    ],
)
def test_an_edition_gives_no_column_that_its_reservoir_may_not_give_now(tmp_path: Path, then: str, now: str) -> None:
    """By an offer's ceiling, and by an order: what is decided about is the strictest class that could leave."""
    world = a_world(tmp_path)
    publish.publish(world, then)
    person = Person("A").joins(world)
    person.deposits(world, ID, GOOD)
    edition.freeze(world, FROZEN)
    publish.publish(world, later(now))
    offered(world, permission(up_to("business")))
    agreed(world, person)
    assert columns(world, person, FROZEN) == {"meter", "contributor"}
    offered(world, permission())
    agreed(world, person)
    order.suspend(world, ["confidential"], ["KR"], reason="r", ground="g")
    if codes(world, person) == []:
        assert columns(world, person, FROZEN) == {"meter", "contributor"}
    else:
        with pytest.raises(Refused, match=r"ask\.order"):
            release.open_share(world, person.caller, FROZEN)


@pytest.mark.parametrize("tier", ["open", "agreement"])
def test_an_order_binds_where_there_is_no_offer(tmp_path: Path, tier: str) -> None:
    """Grants and open reservoirs too; a country that was not said may be any, and another is let through."""
    world = a_world(tmp_path)
    publish.publish(world, readings(tier=tier))
    person = Person("A", jurisdiction="US").joins(world)
    grant.grant(world, person.id, ID)
    askers = [person, None] if tier == "open" else [person]
    assert [codes(world, one) for one in askers] == [[]] * len(askers)
    made = order.suspend(world, ["business"], ["US"], reason="r", ground="g")
    for one in askers:
        assert codes(world, one, destination="US") == ["ask.order"]
        assert codes(world, one) == ["ask.order"]
        assert codes(world, one, destination="KR") == []
    order.lift(world, made.id, "over")
    assert [codes(world, one) for one in askers] == [[]] * len(askers)
    assert prove.check(world, MemoryStore, lambda: None).faults == []


def test_who_does_not_say_where_rows_go_is_not_past_an_order(tmp_path: Path) -> None:
    """Under an offer, an open reservoir is read by whoever says nothing."""
    world = a_world(tmp_path)
    publish.publish(world, readings(tier="open"))
    offered(world)
    order.suspend(world, ["business"], ["US"], reason="r", ground="g")
    assert codes(world, None) == codes(world, None, destination="US") == ["ask.order"]
    assert codes(world, None, destination="KR") == []


def addresses(dam: Served, person: Person | None, id: str = ID) -> list[str]:
    """The addresses of a reservoir's files, as somebody is given them."""
    schema, table = release.address(id)
    token = dam.token(person) if person else None
    answer = dam.ask("POST", f"/sharing/shares/dam/schemas/{schema}/tables/{table}/query", token, content=b"{}")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    return [line["file"]["url"] for line in lines if "file" in line]


def test_an_address_ends_with_whatever_it_was_given_on(tmp_path: Path) -> None:
    """A revoked grant, an order, an agreement about fewer columns; a lifted order gives it back."""
    with serving(tmp_path / "dam") as dam:
        world = dam.world
        publish.publish(world, readings("confidential"))
        one = dam.person("Addressed")
        one.deposits(world, ID, GOOD)
        leave = grant.grant(world, one.id, ID)
        (url,) = addresses(dam, one)

        def fetched() -> tuple[int, str]:
            answer = dam.http.get(url)
            return answer.status_code, "" if answer.is_success else str(answer.json()["code"])

        assert fetched() == (200, "")
        grant.revoke(world, leave)
        assert fetched() == (403, "ask.no-grant")
        offered(world)
        agreed(world, one)
        (url,) = addresses(dam, one)
        assert fetched() == (200, "")
        made = order.suspend(world, ["business"], ["KR"], reason="r", ground="g")
        assert fetched() == (403, "ask.order")
        order.lift(world, made.id, "over")
        assert fetched() == (200, "")
        offered(world, permission(up_to("business")))
        agreed(world, one)
        assert fetched() == (403, "agreement.cut-off")
        assert dam.http.get(url.replace("X-Dam-For=read", "X-Dam-For=train")).status_code == 404


def test_a_strangers_address_ends_with_an_order_too(tmp_path: Path) -> None:
    """Whoever it was given to."""
    with serving(tmp_path / "dam") as dam:
        publish.publish(dam.world, readings(tier="open"))
        dam.person("Gives").deposits(dam.world, ID, GOOD)
        (url,) = addresses(dam, None)
        assert dam.http.get(url).is_success
        order.suspend(dam.world, ["business"], ["US"], reason="r", ground="g")
        assert dam.http.get(url).status_code == 403


def test_a_member_cannot_fill_the_log_with_refusals(tmp_path: Path) -> None:
    """Beyond so many new ones a day it is told so and nothing is logged; what is allowed still is, of all members."""
    world = a_world(tmp_path, member_refusals_per_day=3)
    publish.publish(world, readings())
    offered(world)
    loud, other = Person("A").joins(world), Person("B").joins(world)
    agreed(world, loud)
    for country in ("US", "DE", "JP"):
        assert "ask.destination-not-agreed" in codes(world, loud, destination=country)
    size = world.ledger.size
    with pytest.raises(Refused, match=r"ask\.too-many"):
        codes(world, loud, destination="SG")
    assert "ask.destination-not-agreed" in codes(world, loud, destination="US")  # the statement that there is
    assert world.ledger.size == size
    assert codes(world, loud) == []
    assert "ask.no-agreement" in codes(world, other)
    forward(world, days=1)
    assert "ask.destination-not-agreed" in codes(world, loud, destination="SG")
