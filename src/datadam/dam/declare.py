"""Declare: what no machine can see of an obligation, a named person answers for, until a day.

The dam's own word, or a member's that both sign. The statement has the digest of the person's name and office; these
lie in a body of their own that can be erased, and the erasure is logged first. A later declaration of the same party
about the same takes the place of the one before. Nothing here makes anything lawful: an audit shows who says what.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from datadam import seal
from datadam.dam import join, order, publish, state
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.duties import ROWS, Declaration
from datadam.errors import Invalid, NotFound, Refused, Untrusted
from datadam.formats import person
from datadam.formats.statements import shaped
from datadam.model import Json, Kind, Role, day
from datadam.model import Member as MemberRecord

MAX_DAYS: Final = 36_500
MOST_OF_A_MEMBER: Final = 1000  # declarations; the log is everybody's


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is declared, and who answers for it."""

    row: int
    words: str
    name: str
    office: str
    until: str  # ISO 8601 date
    standard: str | None = None
    subject: str | None = None
    applies: bool = True
    countries: Sequence[str] = ()
    days: int | None = None


def declare(world: World, said: Said) -> Declaration:
    """Log what a person of the operator answers for."""
    named = person.write(said.name, said.office)
    with world.lock:
        facts = _facts(world, said, seal.digest(named))
        statement = state.statement(world, Kind.DECLARATION, {**facts, "member": None})
        world.bodies.put(statement.body["person"], named)
        state.record(world, statement)
    return find(world, statement.id)


def _facts(world: World, said: Said, digest: str) -> Json:
    """What the dam says, each word of it looked at."""
    told = {
        "row": said.row,
        "standard": None if said.standard is None else publish.published(world, said.standard).id,
        "subject": None if said.subject is None else join.known(world, said.subject).id,
        "applies": said.applies,
        "countries": order.read_countries(said.countries),
        "days": said.days,
        "words": order.words("words", said.words),
        "person": digest,
        "until": day(said.until).isoformat(),
    }
    _check(world, told)
    return told


def _check(world: World, told: Json) -> None:
    if not 1 <= told["row"] <= ROWS:
        raise Invalid("declaration.row-unknown", row=told["row"], last=ROWS)
    if told["days"] is not None and not 0 <= told["days"] <= MAX_DAYS:
        raise Invalid("declaration.days-wrong", days=told["days"], limit=MAX_DAYS)
    today = world.clock().date()
    if day(told["until"]) < today:
        raise Invalid("declaration.over", until=told["until"], today=today.isoformat())


def sign(world: World, caller: Caller, envelope: bytes, named: bytes) -> Declaration:
    """Take a member's signed declaration and the body that names its person: countersigned and logged.

    The same again gives what there is.
    """
    if caller.member is None or caller.standard is not None:
        raise Refused("ask.login-needed")
    statement = shaped(seal.opened(envelope), Kind.DECLARATION)
    if statement.body["member"] != caller.member:
        raise Untrusted("declaration.not-yours", member=str(statement.body["member"]))
    if statement.body["person"] != seal.digest(named):
        raise Untrusted("declaration.person-other", declaration=statement.id)
    person.read(named)
    with world.lock:
        join.active(world, caller.member)
        with world.store.read() as rows:
            state.believe(rows, statement, by=[caller.member])
            held = rows.get(Declaration, statement.id)
            count = len(rows.find(Declaration, member=caller.member))
        if held is not None:
            return held
        if count >= MOST_OF_A_MEMBER:
            raise Refused("declaration.too-many", limit=MOST_OF_A_MEMBER)
        _check(world, statement.body)
        order.read_countries(statement.body["countries"])
        state.rehearse(world, signed := seal.countersign(statement, world.secrets.private_key("sign")))
        world.bodies.put(statement.body["person"], named)
        state.record(world, signed)
    return find(world, statement.id)


# --- asking -----------------------------------------------------------------------------------------------------------


def find(world: World, id: str) -> Declaration:
    """One declaration."""
    with world.store.read() as rows:
        found = rows.get(Declaration, id)
    if found is None:
        raise NotFound("declaration.unknown", declaration=id[:64])
    return found


def every(world: World) -> list[Declaration]:
    """Every declaration, in the order of the log."""
    with world.store.read() as rows:
        return sorted(rows.find(Declaration), key=lambda one: one.index)


def seen_by(world: World, caller: Caller) -> list[Declaration]:
    """What a member may read of them: auditors all, others their own."""
    if caller.member is None or caller.standard is not None:
        raise Refused("ask.login-needed")
    with world.store.read() as rows:
        held = rows.get(MemberRecord, caller.member)
    audits = held is not None and held.until is None and not held.suspended and Role.AUDITOR in held.roles
    return [one for one in every(world) if audits or one.member == caller.member]


def body_of(world: World, one: Declaration) -> bytes | None:
    """The body with who answers for a declaration (`formats.person`); None where it was erased."""
    try:
        return world.bodies.get(one.person)
    except NotFound:
        return None


def forget(world: World, id: str, reason: str) -> int:
    """Erase who answers for a declaration, for good; the log index of the erasure. The declaration stays."""
    one = find(world, id)
    facts = {"body": one.person, "member": one.member, "reason": order.words("reason", reason)}
    index = state.record(world, state.statement(world, Kind.ERASURE, facts))
    world.bodies.erase(one.person)
    return index
