"""Combine: who may be told that rows of several contributors are about the same person, and nobody else.

Pseudonyms of natural persons are served under a key of each contributor's own (PIPA art. 28-3: combining is reserved).
They are under one key only where all of this is so:

1. the ask is `combine`, and the offer that the asker agreed to lets it out against a credential only
2. the standard names the asker as a designated combining institution, now
3. and it did so already in the version that the rows were deposited under: nobody else consented

Rows of the asker's own stay apart even then: who knows whom they are about could read all others by them.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from datadam import seal
from datadam.dam import agree, lineage, offer, publish
from datadam.dam.world import World
from datadam.model import Ask, Column, Deposit, Protection
from datadam.standard import personal_unit
from datadam.terms import Action, Operand


def joins(world: World, ask: Ask) -> bool:
    """Whether an allowed ask is of a designated institution that had to show a credential for it."""
    if ask.action != Action.COMBINE or ask.member is None:
        return False
    if ask.member not in publish.current(world, ask.standard).combining:
        return False
    held = agree.standing(world, ask.member, ask.standard)
    terms = offer.read_offer(agree.offer_of(world, held)) if held is not None else None
    permission = terms.permission(Action.COMBINE) if terms is not None else None
    return permission is not None and any(each.operand is Operand.CREDENTIAL for each in permission.constraints)


def keys(
    world: World, standard: str, columns: Sequence[Column], who: str, *, joined: bool
) -> Callable[[Deposit], Mapping[str, bytes]]:
    """Under which keys `who` gets the ids of persons in a deposit: by column, none for ids that are of no person."""
    secret = world.secrets.secret("share")
    units = [column for column in columns if column.protection is Protection.UNIT_ID]
    then = {one.standard.version: one.standard for one in lineage.versions(world, standard)}

    def of(deposit: Deposit) -> Mapping[str, bytes]:
        promised = then[deposit.version]  # the version that it came under: a class may be lower now
        persons = {column.domain for column in promised.columns if personal_unit(column)}
        one = joined and who in promised.combining
        key = partial(seal.keyed, secret, "joined" if one else "apart", who)
        whose = () if one else (deposit.contributor,)
        about = (column for column in units if personal_unit(column) or column.domain in persons)
        return {column.name: key(column.domain or "", *whose) for column in about if deposit.contributor != who}

    return of
