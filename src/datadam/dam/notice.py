"""Tell members what concerns them: a demand for their data, rows that they hold and that were withdrawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from datadam.dam import registered, restricted, state
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.disclosure import Model
from datadam.duties import Notice, Topic
from datadam.errors import Refused
from datadam.model import Deposit, Kind, Release, Statement, Withdrawal
from datadam.ports import Rows

MAX_FACT: Final = 10_000  # characters of one


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A notice, and when it was signed."""

    notice: Notice
    issued: str


def own(world: World, caller: Caller) -> list[Told]:
    """The notices to the caller, newest first."""
    if caller.member is None or caller.standard is not None:
        raise Refused("ask.login-needed")
    with world.store.read() as rows:
        held = rows.find(Notice, member=caller.member)
    return [
        Told(notice=one, issued=str(world.ledger.statement(one.id).body["issued"]))
        for one in sorted(held, key=lambda one: -one.index)
    ]


def to_member(world: World, topic: Topic, about: str, member: str, facts: Mapping[str, str]) -> Statement:
    """A notice to a member, not logged yet."""
    told = {"topic": topic, "about": about, "member": member, "clock": None, "given": None, "due": None}
    return state.statement(world, Kind.NOTICE, {**told, "facts": dict(facts)})


def recipients(rows: Rows, held: Sequence[Withdrawal]) -> dict[str, list[str]]:
    """Who was given rows of deposits before they were withdrawn, and of which reservoirs; not their contributor."""
    found: dict[str, set[str]] = {}
    releases = rows.find(Release)
    for one in held:
        given = rows.get(Deposit, one.deposit)
        for release in releases if given is not None else ():
            reservoir = release.standard.partition("@")[0]
            meanwhile = given is not None and given.index < release.index < one.index
            others = meanwhile and reservoir == one.standard and release.member != one.contributor
            if others and restricted.may_hold(rows, release, one.deposit):
                found.setdefault(release.member, set()).add(one.standard)
    return {member: sorted(standards) for member, standards in sorted(found.items())}


def of_withdrawal(world: World, id: str) -> int:
    """Tell every prior recipient of withdrawn rows, once: how many were told now.

    They learn that rows left and which reservoir they were of, not whose they were; and which of the models that they
    registered may have been trained on them.
    """
    with world.lock:
        with world.store.read() as rows:
            told = {one.member for one in rows.find(Notice, about=id)}
            held = rows.find(Withdrawal, statement=id)
            to_tell, models = recipients(rows, held), registered.touched(rows, held)
        notices = [
            to_member(
                world,
                Topic.WITHDRAWAL,
                id,
                member,
                left_from(standards, [one for one in models if one.member == member]),
            )
            for member, standards in to_tell.items()
            if member not in told
        ]
        if notices:
            state.record(world, *notices)
    return len(notices)


def left_from(standards: Sequence[str], models: Sequence[Model]) -> dict[str, str]:
    """The facts of a notice: where rows left from, and the member's own models, each by name and its first digits."""
    told = {"standards": ", ".join(standards)}
    own = ", ".join(f"{one.title} ({one.id[:12]})" for one in models)
    return {**told, "models": own[:MAX_FACT]} if own else told
