"""Incidents: one report makes every notice that is due, each with its deadline by the clocks in use; no legal advice.

Deadlines are worked out anew from the clocks that were adopted last, so that a correction reaches what is open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from datadam.dam import law, order, state
from datadam.dam.world import World
from datadam.duties import Incident, Notice, Topic
from datadam.errors import Invalid, NotFound, Refused
from datadam.formats.law import Clock, due
from datadam.model import Kind, instant

MAX_PERSONS: Final = 10**10  # more than there are


class Progress(StrEnum):
    """How a notice stands."""

    OPEN = "open"
    DONE = "done"
    LATE = "late"  # given after its deadline
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A notice that is due, or was."""

    clock: Clock
    deadline: str  # ISO 8601 instant
    given: str | None
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An incident, and what is due of it, the earliest deadline first."""

    incident: Incident
    owed: tuple[Owed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an operator says of an incident; words without personal data."""

    event: str
    classes: Sequence[str]
    persons: int
    countries: Sequence[str]  # whose law looks at it; none: the dam's own
    at: str  # since when the dam knows of it
    what: str


def report(world: World, told: Report) -> Standing:
    """Log an incident; what is due of it.

    An event that the clocks in use do not name, and an instant that is still to come, are refused.
    """
    clocks, adopted = law.clocks(world)
    if told.event not in clocks.events:
        raise Invalid("incident.event-unknown", event=told.event[:60], known=", ".join(clocks.events))
    if not 0 <= told.persons <= MAX_PERSONS:
        raise Invalid("incident.persons-wrong", persons=told.persons)
    facts = {
        "event": told.event,
        "classes": order.read_classes(told.classes),
        "persons": told.persons,
        "countries": order.read_countries(told.countries or [world.settings.jurisdiction]),
        "at": order.past(world, told.at),
        "what": order.words("what", told.what),
        "law": adopted,
    }
    statement = state.statement(world, Kind.INCIDENT, facts)
    state.record(world, statement)
    return standing(world, statement.id)


def standing(world: World, id: str) -> Standing:
    """One incident as it stands."""
    for one in incidents(world):
        if one.incident.id == id:
            return one
    raise NotFound("incident.unknown", incident=id[:64])


def incidents(world: World) -> list[Standing]:
    """Every incident as it stands, newest first."""
    with world.store.read() as rows:
        held, notices = rows.find(Incident), rows.find(Notice, topic=Topic.INCIDENT)
    found = []
    for one in sorted(held, key=lambda one: -one.index):
        given = {notice.clock: notice.given for notice in notices if notice.about == one.id}
        told = {str(clock): at for clock, at in given.items() if at is not None}
        found.append(Standing(incident=one, owed=_owed(world, one, told)))
    return found


def _owed(world: World, one: Incident, given: Mapping[str, str]) -> tuple[Owed, ...]:
    clocks, _ = law.clocks(world)
    now = instant(world.clock())
    instants = {clock: datetime.fromisoformat(at) for clock, at in given.items()}
    return tuple(
        Owed(
            clock=each.clock,
            deadline=instant(each.deadline),
            given=given.get(each.clock.id),
            progress=_progress(instant(each.deadline), given.get(each.clock.id), now),
        )
        for each in due(one, clocks, one.countries, instants)
    )


def _progress(deadline: str, given: str | None, now: str) -> Progress:
    if given is not None:
        return Progress.DONE if given <= deadline else Progress.LATE
    return Progress.OPEN if now <= deadline else Progress.OVERDUE


def noticed(world: World, id: str, clock: str, at: str) -> Owed:
    """Log that a notice was given at an instant: once for each clock, and not before the incident was known."""
    with world.lock:
        found = standing(world, id)
        owed = next((one for one in found.owed if one.clock.id == clock), None)
        if owed is None:
            known = ", ".join(one.clock.id for one in found.owed)
            raise NotFound("incident.clock-unknown", clock=clock[:80], known=known)
        if owed.given is not None:
            raise Refused("incident.noticed-already", clock=clock, given=owed.given)
        given = order.past(world, at)
        if given < found.incident.at:
            raise Invalid("incident.noticed-before", given=given, at=found.incident.at)
        facts = {
            "topic": Topic.INCIDENT,
            "about": found.incident.id,
            "member": None,
            "clock": owed.clock.id,
            "given": given,
            "due": owed.deadline,
            "facts": {"recipient": owed.clock.recipient},
        }
        state.record(world, state.statement(world, Kind.NOTICE, facts))
        return next(one for one in standing(world, id).owed if one.clock.id == clock)
