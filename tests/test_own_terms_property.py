"""The law of narrowing: over random offers, restrictions, tables and asks, exactly what a slow plain reading allows.

The reading below looks at the terms as they were written and at the rows as they were sent, one by one. No row or cell
beyond it leaves by any route, and none within it is missing.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any, Final

import polars as pl
import pytest

from datadam import seal
from datadam.adapters.memory.store import MemoryStore
from datadam.dam import agree, edition, law, prove, publish, release
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.formats import law_files
from datadam.model import Json, PrivacyClass
from datadam.terms import Action, Constraint, Operand, Operator
from signed import any_of, offered, permission, signing
from test_own_terms import ID, deposits, land, marked_text, reserves, term, under
from worlds import Person, a_world, forward, refused

PURPOSES: Final = ("research", "statistics", "security")
MARKINGS: Final = ("green", "amber", "red")
CLASSES: Final = tuple(map(str, PrivacyClass))
COLUMNS: Final = {"meter": "business", "amount": "business", "mark": "business", "note": "confidential"}
LISTED: Final[dict[str, tuple[str, ...]]] = {
    "purpose": PURPOSES,
    "recipient": ("consumer", "contributor", "auditor"),
    "jurisdiction": ("KR", "JP", "DE"),
    "spatial": ("KR", "JP", "DE"),
}
RANKED: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "sensitivity": ("lteq", ("business", "confidential")),
    "marking": ("lteq", MARKINGS),
    "dateTime": ("lt", tuple(f"2026-11-{day}T00:00:00Z" for day in (23, 24, 30))),
}
REQUIRED: Final = {"meter", "amount"}
START: Final = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sent:
    """A deposit as it was sent: whose, in which order, under which terms, and its rows."""

    person: Person
    terms: tuple[Json, ...]
    rows: tuple[dict[str, str], ...]


def any_terms(chance: Random) -> Json:
    """Some of what a contributor may say, at random."""
    said: list[Json] = []
    for operand in chance.sample(sorted(LISTED) + sorted(RANKED), chance.randint(0, 2)):
        if operand in LISTED:
            how = "isAnyOf" if operand == "purpose" else chance.choice(["isAnyOf", "isNoneOf"])
            names = LISTED[operand]
            said += term(operand, how, chance.sample(names, chance.randint(1, len(names) - 1)))["constraint"]
        else:
            operator, words = RANKED[operand]
            word = chance.choice(words)
            value = {"@type": "xsd:dateTime", "@value": word} if operand == "dateTime" else word
            said += term(operand, operator, value)["constraint"]
    actions = chance.sample(["read", "train", "derive"], chance.randint(1, 3)) if chance.random() < 0.4 else []
    found: dict[str, Any] = {**({"action": actions} if actions else {}), **({"constraint": said} if said else {})}
    return found or {"action": ["read", "train"]}


def any_rows(chance: Random) -> tuple[dict[str, str], ...]:
    """Rows of few keys, so that deposits supersede one another; some without a marking or a note."""
    keys = chance.sample(range(6), chance.randint(1, 4))
    return tuple(
        {
            "meter": f"K{key}",
            "amount": str(chance.randint(0, 999)),
            "mark": chance.choice([*MARKINGS, ""]),
            "note": chance.choice(["x", "y", ""]),
        }
        for key in keys
    )


# --- the slow plain reading -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """All that terms can look at."""

    action: str
    purpose: str
    roles: frozenset[str]
    jurisdiction: str
    destination: str
    now: str


def holds(one: Json, asked: Asked) -> bool:
    """Whether a term about the asker or the time holds."""
    fact = {
        "purpose": {asked.purpose},
        "recipient": set(asked.roles),
        "jurisdiction": {asked.jurisdiction},
        "spatial": {asked.destination},
    }
    if one["leftOperand"] == "dateTime":
        return asked.now < str(one["rightOperand"]["@value"])
    if one["leftOperand"] not in fact:
        return True
    meets = bool(fact[one["leftOperand"]] & set(one["rightOperand"]))
    return meets is (one["operator"] == "isAnyOf")


def allowance(sent: list[Sent], offer: Json, asked: Asked) -> set[tuple[str | None, ...]]:
    """The rows that leave, each with its contributor and the cells that do; `-` where there is no such column."""
    ceilings = {str(one["leftOperand"]): one["rightOperand"] for one in offer["constraint"]}
    most = CLASSES.index(ceilings.get("sensitivity", "personal"))
    columns = [name for name, kind in COLUMNS.items() if CLASSES.index(kind) <= most]
    newest: dict[tuple[str, str], tuple[str | None, ...]] = {}
    for deposit in sent:
        said = [one for terms in deposit.terms for one in terms.get("constraint", ())]
        if any("action" in terms and asked.action not in terms["action"] for terms in deposit.terms):
            continue
        if not all(holds(one, asked) for one in said):
            continue
        least = min(
            [CLASSES.index(one["rightOperand"]) for one in said if one["leftOperand"] == "sensitivity"], default=9
        )
        empty = {name for name in columns if CLASSES.index(COLUMNS[name]) > least}
        if empty & REQUIRED:
            continue
        marks = [one["rightOperand"] for one in said if one["leftOperand"] == "marking"]
        marks += [ceilings["marking"]] if "marking" in ceilings else []
        for row in deposit.rows:
            strict = MARKINGS.index(row["mark"] or "red")
            if all(strict <= MARKINGS.index(one) for one in marks):
                cells = [(None if name in empty else row[name] or None) if name in columns else "-" for name in COLUMNS]
                newest[deposit.person.id, row["meter"]] = (deposit.person.id, *cells)
    return set(newest.values())


# --- the law ----------------------------------------------------------------------------------------------------------


def taken(world: World, caller: Caller, id: str) -> set[tuple[str | None, ...]]:
    """The rows of a share, in the same form; its schema, its files and their counts say the same."""
    share = release.open_share(world, caller, id)
    release.refuse_other(world, caller, id, share.recipient)  # the address that it gives out holds
    paths = [
        release.file(world, share.standard, share.recipient, share.version, str(one["name"])) for one in share.files
    ]
    names = [str(one["name"]) for one in share.schema]
    found = set[tuple[str | None, ...]]()
    for path, file in zip(paths, share.files, strict=True):
        rows = pl.read_parquet(path, glob=False)
        assert rows.columns == names
        assert rows.height == file["rows"]
        told = file["statistics"]
        assert all(
            value in set(rows[name]) for kind in ("minValues", "maxValues") for name, value in told[kind].items()
        )
        for row in rows.rows(named=True):
            cells = [row.get(name, "-") for name in COLUMNS]
            found.add((row["contributor"], *(None if cell is None else str(cell) for cell in cells)))
    assert len(found) == share.rows
    return found


@pytest.fixture(scope="module", params=range(4))
def pooled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[World, list[Sent], Random, dict[str, Person]]:
    """A reservoir of deposits under random terms, some of firms whose country has a reservation; frozen half-way."""
    chance = Random(request.param)
    world = a_world(tmp_path_factory.mktemp("dam"))
    text = marked_text().replace("value: [research]", f"value: [{', '.join(PURPOSES)}]")
    publish.publish(world, text)
    law.adopt(world, law_files.packaged()["corridors"])
    country = land(world, "DE")
    people = [Person("A").joins(world), Person("B", jurisdiction="JP").joins(world), under(world, country, "C")]
    reserved = any_terms(chance)
    reserves(world, country, reserved)
    sent: list[Sent] = []
    for step in range(8):
        person, own = chance.choice(people), any_terms(chance) if chance.random() < 0.7 else None
        rows = any_rows(chance)
        data = "meter,amount,mark,note\n" + "".join(",".join(row.values()) + "\n" for row in rows)
        deposits(world, person, data.encode(), own)
        terms = tuple(one for one in (own, reserved if person is people[2] else None) if one is not None)
        sent.append(Sent(person, terms, rows))
        if step == 4:
            edition.freeze(world, f"{ID}@half")
    readers = {code: Person(f"R{code}", jurisdiction=code, roles=("consumer",)) for code in ("KR", "JP")}
    readers["DE"] = Person("RDE", jurisdiction="DE", roles=("consumer", "contributor"))
    for code, reader in readers.items():
        reader.joins(world, **({"under": country.id} if code == "DE" else {}))
    return world, sent, chance, readers


def any_ceilings(chance: Random) -> tuple[Constraint, ...]:
    """What an offer says of rows and columns, at random."""
    found = [any_of(Operand.PURPOSE, *PURPOSES)]
    if chance.random() < 0.5:
        found.append(Constraint(operand=Operand.MARKING, operator=Operator.AT_MOST, value=chance.choice(MARKINGS)))
    if chance.random() < 0.5:
        word = chance.choice(["business", "confidential", "personal"])
        found.append(Constraint(operand=Operand.SENSITIVITY, operator=Operator.AT_MOST, value=word))
    if chance.random() < 0.5:
        found.append(any_of(Operand.VERSION, *chance.sample(["current", "half", "never"], chance.randint(1, 2))))
    return tuple(found)


def test_exactly_what_a_plain_reading_allows_leaves_by_every_route(
    pooled: tuple[World, list[Sent], Random, dict[str, Person]],
) -> None:
    """The reservoir and an edition of it, again from the cache, and for whoever asks for another thing in between."""
    world, sent, chance, readers = pooled
    seen = 0
    for _ in range(5):
        ceilings = any_ceilings(chance)
        offered(world, permission(*ceilings, actions=(Action.READ, Action.TRAIN, Action.DERIVE)))
        named = [one.value for one in ceilings if one.operand is Operand.VERSION and isinstance(one.value, tuple)]
        versions = named[0] if named else ("current", "half")
        of_rows = [one for one in ceilings if one.operand not in {Operand.PURPOSE, Operand.VERSION}]
        said = [{"leftOperand": str(one.operand), "rightOperand": one.value} for one in of_rows]
        for code, reader in readers.items():
            where = chance.choice(["KR", "JP", "DE"])
            draft = agree.draft(world, reader.caller, ID, purposes=list(PURPOSES), destination=where)
            agree.accept(world, reader.caller, seal.envelope(signing(reader, draft)))
            for action in ("read", "train"):
                purpose = chance.choice(PURPOSES)
                caller = replace(reader.caller, purpose=purpose, action=action)
                now = world.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
                asked = Asked(action, purpose, frozenset(reader.roles), code, where, now)
                for name, id, held in (("current", ID, sent), ("half", f"{ID}@half", sent[:5])):
                    if name not in versions:
                        refused("ask.version-not-offered", partial(release.open_share, world, caller, id))
                        continue
                    allowed = allowance(held, {"constraint": said}, asked)
                    assert taken(world, caller, id) == allowed
                    assert taken(world, caller, id) == allowed  # from what was made before
                    seen += len(allowed)
        forward(world, hours=chance.choice([2, 26]))
    assert seen > 20


def test_a_whole_check_of_all_that_finds_nothing(pooled: tuple[World, list[Sent], Random, dict[str, Person]]) -> None:
    """Every decision says what was narrowed, every share holds what it may."""
    assert prove.check(pooled[0], MemoryStore, lambda: None).faults == []
