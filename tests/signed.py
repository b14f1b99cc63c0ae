"""Offers of the small standard of `worlds`, and what people sign of them."""

from datetime import datetime

from datadam import seal
from datadam.dam import agree, offer
from datadam.dam.agree import Draft, Standing
from datadam.dam.world import World
from datadam.formats import odrl
from datadam.formats.odrl_words import VARIANTS
from datadam.model import Kind, StandardId, Statement, instant
from datadam.terms import (
    Action,
    Constraint,
    Duty,
    DutyKind,
    Offer,
    Operand,
    Operator,
    Permission,
    PublishedOffer,
)
from worlds import Person


def any_of(operand: Operand, *names: str) -> Constraint:
    """What is one of these."""
    return Constraint(operand=operand, operator=Operator.ANY_OF, value=names)


def permission(*constraints: Constraint, notice: int | None = None, actions: tuple[Action, ...] = ()) -> Permission:
    """Leave to read, for research unless it says for what, and what else must hold."""
    duties = (Duty(kind=DutyKind.NOTICE, days=notice),) if notice else ()
    said = any(one.operand is Operand.PURPOSE for one in constraints)
    purposes = () if said else (any_of(Operand.PURPOSE, "research"),)
    return Permission(actions=actions or (Action.READ,), constraints=(*purposes, *constraints), duties=duties)


def an_offer(*permissions: Permission, automatic: bool = True, standard: str = "test.reading") -> Offer:
    """An offer of the small standard."""
    return Offer(
        standard=StandardId(standard),
        number=1,
        permissions=permissions or (permission(),),
        clauses={name: variants[0] for name, variants in VARIANTS.items()},
        automatic=automatic,
        law="KR",
    )


def offered(world: World, *permissions: Permission, automatic: bool = True) -> PublishedOffer:
    """Publish it."""
    return offer.publish(world, odrl.write(an_offer(*permissions, automatic=automatic)))


def drafted(world: World, person: Person, standard: str = "test.reading") -> Draft:
    """What a person would sign: for research, at home."""
    return agree.draft(world, person.caller, standard, purposes=["research"], destination=person.jurisdiction)


def signing(person: Person, draft: Draft, *, key: seal.Jwk | None = None, **changes: object) -> Statement:
    """What a person signs of a draft."""
    issued = instant(datetime.fromisoformat(str(draft.body["credential"]["validFrom"])))
    facts = {**draft.body, "language": "en", **changes}
    return seal.state(Kind.AGREEMENT, facts, issued=issued, key=key or person.key)


def agreed(world: World, person: Person, standard: str = "test.reading") -> Standing:
    """Draft, sign and send."""
    return agree.accept(world, person.caller, seal.envelope(signing(person, drafted(world, person, standard))))


def ending(person: Person, id: str, **changes: object) -> bytes:
    """What a person signs to end an agreement."""
    facts = {"agreement": id, "member": person.id, "state": "ended", "by_member": True, "reason": "done"}
    return seal.envelope(person.states(Kind.AGREEMENT_CHANGE, {**facts, **changes}))
