"""A contributor's own terms, countries' reservations, markings: what leaves for whom, and what nobody can tell."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from datadam import seal
from datadam.adapters.memory.store import MemoryStore
from datadam.dam import deposit, grant, prove, publish, release
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import Faults, Refused
from datadam.model import Decided, Job, Json, Kind, Release, StandardId
from worlds import GOOD, Person, a_world, chunks, fit_of, forward, standard_text

ID = StandardId("test.reading")
MARK = """\
      - name: mark
        businessName: Mark
        description: How widely the row may go.
        logicalType: string
        classification: business
        enum: [{value: green}, {value: amber}, {value: red}]
        customProperties:
          - {vendor: datadam, property: titles, value: {ko: 표시}}
          - {vendor: datadam, property: descriptions, value: {ko: 행의 공유 범위입니다.}}
          - {vendor: datadam, property: markings, value: [green, amber, red]}
"""
NOTE = """\
      - name: note
        businessName: Note
        description: What else there is to say.
        logicalType: string
        classification: confidential
        customProperties:
          - {vendor: datadam, property: titles, value: {ko: 비고}}
          - {vendor: datadam, property: descriptions, value: {ko: 그 밖의 내용입니다.}}
"""
HOME_ONLY: Json = {"constraint": [{"leftOperand": "jurisdiction", "operator": "isAnyOf", "rightOperand": ["KR"]}]}
OTHER = b"meter,amount,mark,note\nB1,1,green,b\n"


def term(operand: str, operator: str, value: Any) -> Json:
    """Terms of one constraint."""
    return {"constraint": [{"leftOperand": operand, "operator": operator, "rightOperand": value}]}


def marked_text(**said: str) -> str:
    """The small standard, with a marking and a confidential note."""
    return standard_text(**said) + MARK + NOTE


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam whose rows tell who contributed them, so that they are shown at once."""
    made = a_world(tmp_path)
    publish.publish(made, marked_text())
    return made


def deposits(world: World, person: Person, data: bytes, own: Json | None = None) -> Job:
    """Deposit a CSV under terms of one's own."""
    more = {} if own is None else {"own_terms": own}
    manifest = person.manifest(fit_of(world, ID, data), data, **more)
    job = deposit.announce(world, person.caller, seal.envelope(manifest))
    deposit.receive(world, person.caller, job.id, chunks(data))
    done = deposit.process(world, job.id, lambda *_: None)
    assert done.stage == "committed", done.fault
    return done


def served(world: World, caller: Caller, id: str = ID) -> list[tuple[Any, ...]]:
    """All rows that a caller gets, sorted: meter, amount, mark, note."""
    share = release.open_share(world, caller, id)
    paths = [world.shares.path(share.standard, share.recipient, share.version, str(f["name"])) for f in share.files]
    if not paths:
        return []
    rows = pl.read_parquet(paths, glob=False)
    return sorted(rows.select("meter", "amount", "mark", "note").rows(), key=str)


def meters(world: World, person: Person) -> list[str]:
    """Of which meters a member gets rows."""
    forward(world, hours=2)
    return sorted(row[0] for row in served(world, person.caller))


def reader(world: World, jurisdiction: str = "KR", **more: Any) -> Person:
    """A member who may read."""
    person = Person("Reader", jurisdiction=jurisdiction, roles=("consumer",), **more).joins(world)
    grant.grant(world, person.id, ID)
    return person


def sound(world: World) -> None:
    """A whole check finds nothing."""
    assert prove.check(world, MemoryStore, lambda: None).faults == []


def test_rows_under_terms_of_their_own_go_only_to_whom_these_let_in(world: World) -> None:
    """The others get all else; nobody else's rows are touched."""
    one, other = Person("A").joins(world), Person("B").joins(world)
    deposits(world, one, GOOD, HOME_ONLY)
    deposits(world, other, OTHER)
    here, abroad = reader(world), reader(world, "JP")
    assert meters(world, here) == ["A1", "A2", "A3", "B1"]
    assert meters(world, abroad) == ["B1"]
    sound(world)
