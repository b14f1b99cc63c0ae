"""What is kept from somebody cannot be told from what never came: two dams, one with restricted deposits, one without.

Both get the same requests at the same times. All that an asker can see must be the same but for what is random by
design: ids, keys, hashes, names of files. How much is in the log is public, and says so.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from datadam import decisions, seal
from datadam.dam import decide, edition, grant, notice, publish, release, withdraw
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import DamError
from datadam.model import Ask, Deny, Json, Kind, Release
from test_own_terms import HOME_ONLY, ID, deposits, marked_text, served, term
from worlds import Person, a_world, forward

DOORS = [ID, f"{ID}@one", f"{ID}@two"]


def nameless(told: object) -> str:
    """A text with all that is random by design masked, its length kept."""
    text = seal.canonical(told).decode()
    return re.sub(r"m-[0-9a-f]{20}|[0-9a-f]{16,64}", lambda found: "h" * len(found[0]), text)


def seen(world: World, person: Person) -> list[object]:
    """All that a member can ask for, and what it is told."""
    found: list[object] = []
    for id in DOORS:
        found += [attempt(lambda id=id: opened(world, person.caller, id))]  # type: ignore[misc]  # bound now
    offered = release.reservoirs(world, person.caller)
    found += [[[one.standard.id, one.allowed, [reason.code for reason in one.reasons]] for one in offered]]
    found += [nameless([[one.id, one.revision, one.batch] for one in edition.of_reservoir(world, ID)])]
    found += [attempt(lambda: [one.notice.facts for one in notice.own(world, person.caller)])]
    with world.store.read() as rows:
        taken = sorted(rows.find(Release, member=person.id), key=lambda one: one.index)
    for one in taken:
        found.append(nameless({**world.ledger.statement(one.id).body, "salt": ""}))
    for decided in decide.of(world, person.id):
        found.append(nameless({**world.ledger.statement(decided.id).body, "salt": ""}))
    answer = decisions.for_asker(decide.trial(world, Ask(member=person.id, standard=ID)), ID)
    return [*found, [one.code for one in answer.reasons] if isinstance(answer, Deny) else "yes"]


def opened(world: World, caller: Caller, id: str) -> Json:
    """A share as its recipient sees it: rows, schema, versions, sizes, statistics, address."""
    share = release.open_share(world, caller, id)
    release.refuse_other(world, caller, id, share.recipient)
    files = [{"rows": one["rows"], "statistics": one["statistics"]} for one in share.files]
    told = {"version": share.version, "made": share.made, "schema": list(share.schema), "files": files}
    return {**told, "recipient": nameless(share.recipient), "rows": [list(row) for row in served(world, caller, id)]}


def attempt(ask: Callable[[], Any]) -> object:
    """What was answered, or how it was refused."""
    try:
        return ask()
    except DamError as error:
        return nameless({"code": error.code, "facts": {name: str(value) for name, value in error.facts.items()}})


def csv(name: str, count: int, *, mark: str = "green") -> bytes:
    """Some rows of one contributor."""
    return b"meter,amount,mark,note\n" + b"".join(
        b"%s%d,%d,%s,\n" % (name.encode(), n, n, mark.encode()) for n in range(count)
    )


RESTRICTED: list[tuple[Json | None, str]] = [
    (HOME_ONLY, "green"),
    (term("purpose", "isAnyOf", ["statistics"]), "green"),
    (term("marking", "lteq", "green"), "red"),
    ({"action": ["query"]}, "amber"),
]


@pytest.mark.parametrize("attribution", ["contributor", "none"])
@pytest.mark.parametrize("seed", range(2))
def test_a_deposit_that_is_kept_from_an_asker_cannot_be_told_from_none(
    tmp_path: Path, attribution: str, seed: int
) -> None:
    """Not by rows, versions, times, sizes, reasons, releases, editions, withdrawals or what others ask meanwhile."""
    traces: dict[str, list[object]] = {"with": [], "without": []}
    people = {name: Person(name) for name in ("A", "B", "C", "X")}
    near, abroad = Person("Near", roles=("consumer",)), Person("Abroad", jurisdiction="JP", roles=("consumer",))
    for kind, trace in traces.items():
        world = a_world(tmp_path / kind, batch_contributors=3)
        publish.publish(world, marked_text(attribution=attribution))
        for person in (*people.values(), near, abroad):
            person.joins(world)
        for person in (near, abroad):
            grant.grant(world, person.id, ID)
        act(world, Random(seed), people, (near, lambda: trace.append(seen(world, abroad))), kind == "with")  # noqa: B023  (called now)
    for number, (one, other) in enumerate(zip(*traces.values(), strict=True)):
        assert one == other, number
    told = nameless(traces["with"])
    assert re.search("[ABC][0-9]+x0", told)
    assert not re.search("X[0-9]+x0", told)


def act(
    world: World,
    chance: Random,
    people: dict[str, Person],
    readers: tuple[Person, Callable[[], None]],
    restricted: bool,
) -> None:
    """The same days in both dams; what X deposits, its terms keep from whoever looks."""
    near, look = readers
    secret = list[tuple[Person, str]]()
    given = {f"{who}00": deposits(world, people[who], csv(f"{who}00x", 1)).id for who in "ABC"}
    for step in range(14):
        match chance.choice(["deposit", "deposit", "secret", "secret", "wait", "freeze", "withdraw", "take back"]):
            case "deposit":
                who = chance.choice(["A", "B", "C"])
                given[f"{who}{step}"] = deposits(world, people[who], csv(f"{who}{step}x", chance.randint(1, 3))).id
            case "secret":
                own, mark = chance.choice(RESTRICTED)
                number, again = chance.randint(1, 3), chance.random() < 0.5
                if restricted:  # sometimes rows of a key that another has too
                    name = "A0x" if again else f"X{step}x"
                    made = deposits(world, people["X"], csv(name, number, mark=mark), own)
                    if mark != "red":  # which rows were marked how nobody can tell when a notice of their end is due
                        secret.append((people["X"], made.id))
            case "freeze" if given:  # the operator freezes what it can see; that it does is public
                attempt(partial(edition.freeze, world, f"{ID}@{'one' if step < 7 else 'two'}"))
            case "withdraw" if given:
                name = chance.choice(sorted(given))
                take(world, people[name[0]], given.pop(name))
            case "take back" if secret:
                take(world, *secret.pop())
            case _:
                pass
        attempt(lambda: opened(world, near.caller, ID))
        look()
        forward(world, minutes=25)
        look()


def take(world: World, person: Person, id: str) -> None:
    """Withdraw a deposit, and erase it."""
    told = {"contributor": person.id, "deposits": [id], "replaced_by": None, "reason": "r"}
    statement = person.states(Kind.WITHDRAWAL, told)
    withdraw.withdraw(world, person.caller, seal.envelope(statement))
    withdraw.retract(world, statement.id)
    withdraw.purge(world, statement.id)
