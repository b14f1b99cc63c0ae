"""Two dams in memory whose logs know each other, stated by hand: for tests of what the logs mean, without a wire."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datadam import peers, seal
from datadam.dam import state
from datadam.dam.world import World
from datadam.ledger import ADOPTIONS
from datadam.model import CLASS_OF, Class, Kind, Statement, instant
from worlds import START, Person, a_world

HERE, THERE = "kr.example/log", "jp.example/log"
LANDS = {HERE: "KR", THERE: "JP"}


def terms(**changes: object) -> dict[str, Any]:
    """What two dams agree about one reservoir."""
    return {
        "v": 1,
        "between": [{"origin": THERE, "jurisdiction": "JP"}, {"origin": HERE, "jurisdiction": "KR"}],
        "standards": ["test.reading"],
        "classes": ["public", "business", "confidential"],
        "directions": [{"from": THERE, "to": HERE}, {"from": HERE, "to": THERE}],
        "residency": "rows-stay",
        "corridors": [{"from": "KR", "to": "JP", "basis": "an instrument, art. 1"}],
        "contact_seconds": 3600,
        "guests": True,
        **changes,
    }


def between(one: World, other: World) -> list[dict[str, str]]:
    """The two dams as terms name them."""
    sides = [world_first(world).body for world in (one, other)]
    told = [{"origin": str(side["origin"]), "jurisdiction": str(side["jurisdiction"])} for side in sides]
    return sorted(told, key=lambda side: side["origin"])


def two(folder: Path) -> tuple[World, World]:
    """Two founded dams, one in Korea and one in Japan; they do not peer yet."""
    return (
        a_world(folder / "kr", name=HERE, jurisdiction="KR"),
        a_world(folder / "jp", name=THERE, jurisdiction="JP"),
    )


def embedded(statement: Statement) -> Any:
    """A statement as another one carries it."""
    return json.loads(seal.envelope(statement))


def envelope(world: World, index: int) -> Any:
    """What stands at a place of a log, as another log carries it."""
    return embedded(world.ledger.statement(world.ledger.entry(index)[1]))


def peer_of(world: World) -> str:
    """The id of a dam, from its entry 0."""
    return seal.peer_id(world.ledger.statement(world.ledger.entry(0)[1]).body["key"])


def peering_facts(there: World, **changes: object) -> dict[str, Any]:
    """What a dam logs of the other."""
    first = world_first(there)
    return {
        "peer": peer_of(there),
        "key": seal.public(there.secrets.private_key("sign")),
        "log": there.ledger.vkey,
        "origin": first.body["origin"],
        "url": f"https://{first.body['origin'].partition('/')[0]}",
        "jurisdiction": first.body["jurisdiction"],
        "terms": terms(),
        "lineage": [envelope(there, index) for index in lineage_of(there)],
        **changes,
    }


def world_first(world: World) -> Statement:
    """Entry 0."""
    return world.ledger.statement(world.ledger.entry(0)[1])


def lineage_of(world: World) -> list[int]:
    """Where the log of a dam says which keys are its own."""
    kinds = (Kind.DAM, Kind.ROTATION)
    found = enumerate(world.ledger.entries())
    return [at for at, (clazz, id) in found if clazz is Class.REGISTRY and world.ledger.statement(id).kind in kinds]


def peering(here: World, there: World, **changes: object) -> Statement:
    """The statement by which `here` says that it peers with `there`, signed by both."""
    made = state.statement(here, Kind.PEERING, peering_facts(there, **changes))
    return seal.countersign(made, there.secrets.private_key("sign"))


def peered(folder: Path, **changes: object) -> tuple[World, World]:
    """Two dams that peer."""
    here, there = two(folder)
    agreed = terms(**changes)
    state.record(here, peering(here, there, terms=agreed))
    state.record(there, peering(there, here, terms=agreed))
    return here, there


def adoption(here: World, there: World, inner: Statement, **changes: object) -> Statement:
    """The statement by which `here` takes over one in the log of `there`."""
    found = there.ledger.index_of(inner.id)
    facts = {
        "peer": peer_of(there),
        "statement": inner.id,
        "index": 1 if found is None else found,
        "standard": peers.named(inner.body)[0],
        "envelope": embedded(inner),
        "via": [],
        **changes,
    }
    kind = Kind.ADOPTION if inner.clazz is Class.REGISTRY else Kind.CLOSED_ADOPTION
    assert kind in ADOPTIONS
    assert CLASS_OF[kind] is inner.clazz
    return state.statement(here, kind, facts)


def logged(world: World, kind: Kind, facts: Mapping[str, object], *signers: seal.Jwk) -> Statement:
    """A statement of a dam that is in its log; `signers` sign it beside the dam."""
    made = state.statement(world, kind, facts)
    for key in signers:
        made = seal.countersign(made, key)
    state.record(world, made)
    return made


def guest_facts(there: World, person: Person, **changes: object) -> dict[str, Any]:
    """What a member of `there` signs to take part elsewhere."""
    accession = next(
        one
        for clazz, id in there.ledger.entries()
        if clazz is Class.REGISTRY
        and (one := there.ledger.statement(id)).kind is Kind.MEMBER
        and one.body["member"] == person.id
    )
    text = accession.body["text"]
    return {
        "member": person.id,
        "key": seal.public(person.key),
        "home": peer_of(there),
        "accession": accession.id,
        "jurisdiction": person.jurisdiction,
        "roles": ["consumer"],
        "lineage": [embedded(accession)],
        "text": text,
        **changes,
    }


def guest(here: World, there: World, person: Person, **changes: object) -> Statement:
    """The statement by which a member of `there` is a guest of `here`."""
    made = seal.state(Kind.GUEST, guest_facts(there, person, **changes), issued=instant(START), key=person.key)
    return seal.countersign(made, here.secrets.private_key("sign"))
