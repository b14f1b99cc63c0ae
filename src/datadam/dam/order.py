"""Orders and demands: stop a class of data on its way to a country, at once; record what a government asks for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from datadam.dam import join, notice, publish, state
from datadam.dam.world import World
from datadam.disclosure import Model
from datadam.duties import STRICTNESS, Answer, Demand, Order, Topic
from datadam.errors import Invalid, NotFound, Refused
from datadam.formats import countries
from datadam.model import Deposit, Kind, MemberId, PrivacyClass, Reason, Withdrawal, instant, moment

MAX_WORDS: Final = 2000  # characters of a reason or ground


def suspend(
    world: World,
    classes: Sequence[str],
    destinations: Sequence[str],
    *,
    standard: str | None = None,
    reason: str,
    ground: str,
) -> Order:
    """Let no rows of these classes, or of stricter ones, go to these countries. Binds from its log index on."""
    facts = {
        "classes": read_classes(classes),
        "destinations": read_countries(destinations),
        "standard": None if standard is None else publish.published(world, standard).id,
        "reason": words("reason", reason),
        "ground": words("ground", ground),
    }
    statement = state.statement(world, Kind.ORDER, facts)
    state.record(world, statement)
    return find(world, statement.id)


def lift(world: World, id: str, reason: str) -> int:
    """End an order; the log index from which it binds no more."""
    order = find(world, id)
    if order.peer is not None:
        raise Refused("order.of-peer", order=order.id, peer=order.peer)
    if order.lifted is not None:
        raise Refused("order.lifted", order=order.id, index=order.lifted)
    return state.record(
        world, state.statement(world, Kind.LIFT, {"order": order.id, "reason": words("reason", reason)})
    )


def find(world: World, id: str) -> Order:
    """One order, lifted or not."""
    with world.store.read() as rows:
        found = rows.get(Order, id)
    if found is None:
        raise NotFound("order.unknown", order=id[:64])
    return found


def orders(world: World) -> list[Order]:
    """Every order in log order, lifted ones too."""
    with world.store.read() as rows:
        return sorted(rows.find(Order), key=lambda one: one.index)


def refusal(world: World, reasons: Sequence[Reason]) -> Refused:
    """A no, with every reason; of orders also why each was given and on what law it rests, which everybody may know."""
    grounds = tuple(_grounds(world, reasons))
    if len(reasons) == 1:
        return Refused(reasons[0].code, **{**reasons[0].facts, **({"reasons": grounds} if grounds else {})})
    return Refused("ask.denied", reasons=(*reasons, *grounds))


def _grounds(world: World, reasons: Sequence[Reason]) -> Iterator[Reason]:
    named = {str(id) for one in reasons if one.code == "ask.order" for id in one.facts.get("ordered", ())}
    with world.store.read() as rows:
        held = [found for id in sorted(named) if (found := rows.get(Order, id)) is not None]
    for one in sorted(held, key=lambda order: order.index):
        yield Reason("order.grounds", {"order": one.id[:12], "reason": one.reason, "ground": one.ground})


def in_force(
    world: World, data_class: PrivacyClass | str, destination: str | None, standard: str | None = None
) -> tuple[str, ...]:
    """The orders that stop a table whose strictest class is `data_class` on its way to a country, in log order.

    An order about a class stops stricter ones too: a table that has a strict column may have others as well. Without
    `standard` those about one reservoir count too; where the country was not said, it may be any.
    """
    with world.store.read() as rows:
        standing = rows.find(Order, lifted=None)
    strict = STRICTNESS[PrivacyClass(data_class)]
    return tuple(
        one.id
        for one in sorted(standing, key=lambda one: one.index)
        if (destination is None or destination in one.destinations)
        and min(STRICTNESS[PrivacyClass(each)] for each in one.classes) <= strict
        and (one.standard is None or standard is None or one.standard == standard)
        and (not one.scope or standard is None or standard in one.scope)
    )


# --- demands ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an operator says of a demand."""

    authority: str
    country: str
    ground: str
    what: str
    received: str
    answer: str = Answer.PENDING


def demand(
    world: World,
    told: Asked,
    *,
    contributors: Sequence[str] = (),
    standard: str | None = None,
    model: str | None = None,
) -> Demand:
    """Record a government's demand, and tell each contributor whom it concerns, in one step.

    They are named, or are all who have rows in a reservoir, or provide the `model` whose code or weights it is for.
    Nobody at all is `Invalid`: then it needs no record here.
    """
    if told.answer not in set(Answer):
        raise Invalid("demand.answer-unknown", answer=told.answer[:40], known=", ".join(Answer))
    with world.lock:
        named = {join.known(world, one).id for one in contributors} | _provider(world, model)
        concerned = sorted(named | _depositors(world, standard))
        if not concerned:
            raise Invalid("demand.nobody")
        facts = {
            "authority": words("authority", told.authority, most=200),
            "country": countries.assigned(told.country),
            "ground": words("ground", told.ground),
            "what": words("what", told.what),
            "received": past(world, told.received),
            "answer": told.answer,
            **({"model": model} if model is not None else {}),
        }
        statement = state.statement(world, Kind.DEMAND, {**facts, "contributors": concerned})
        notices = [notice.to_member(world, Topic.DEMAND, statement.id, one, facts) for one in concerned]
        state.record(world, statement, *notices)
    return next(one for one in demands(world) if one.id == statement.id)


def _provider(world: World, model: str | None) -> set[MemberId]:
    if model is None:
        return set()
    with world.store.read() as rows:
        found = rows.get(Model, model)
    if found is None:
        raise NotFound("model.unknown", model=model[:64])
    return {MemberId(found.member)}


def _depositors(world: World, standard: str | None) -> set[str]:
    if standard is None:
        return set()
    named = publish.published(world, standard).id
    with world.store.read() as rows:
        gone = {one.deposit for one in rows.find(Withdrawal, standard=named)}
        return {one.contributor for one in rows.find(Deposit, standard=named) if one.id not in gone}


def demands(world: World) -> list[Demand]:
    """Every demand, in log order."""
    with world.store.read() as rows:
        return sorted(rows.find(Demand), key=lambda one: one.index)


# --- what an operator types -------------------------------------------------------------------------------------------


def read_classes(classes: Sequence[str]) -> list[str]:
    """Classes of data, each once, the least strict first."""
    for one in classes:
        if one not in set(PrivacyClass):
            raise Invalid("order.class-unknown", value=one[:40], known=", ".join(PrivacyClass))
    return [str(one) for one in PrivacyClass if one in classes]


def read_countries(codes: Sequence[str]) -> list[str]:
    """Codes of countries, each once."""
    return sorted({countries.assigned(one) for one in codes})


def words(field: str, text: str, *, most: int = MAX_WORDS) -> str:
    """What somebody wrote: not nothing, and not too much for a statement."""
    said = text.strip()
    if not 0 < len(said) <= most:
        raise Invalid("order.words-wrong", field=field, limit=most)
    return said


def past(world: World, text: str) -> str:
    """An instant with its offset, in UTC; one that is still to come is refused."""
    at = moment(text)
    if at > world.clock():
        raise Invalid("incident.future", at=instant(at), now=instant(world.clock()))
    return instant(at)
