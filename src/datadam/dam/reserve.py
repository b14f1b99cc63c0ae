"""Reserve: a country says, for machines to read, what holds for all that its firms deposit."""

from collections.abc import Mapping

from datadam import seal
from datadam.dam import join, state
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import Refused, Untrusted
from datadam.formats import own_terms
from datadam.formats.statements import shaped
from datadam.model import Job, Json, Kind, MemberKind
from datadam.restriction import Reservation, Restricted


def reserve(world: World, caller: Caller, envelope: bytes) -> Reservation:
    """Take a country's signed reservation: countersigned and logged. It binds on the next request.

    It takes the place of the one before; without restrictions nothing is reserved any more.
    """
    if caller.member is None or caller.standard is not None:
        raise Refused("ask.login-needed")
    statement = shaped(seal.opened(envelope), Kind.RESERVATION)
    if statement.body["member"] != caller.member:
        raise Untrusted("reservation.not-yours", member=statement.body["member"])
    if join.active(world, caller.member).kind is not MemberKind.COUNTRY:
        raise Refused("reservation.not-country", member=caller.member)
    for one in statement.body["restrictions"]:
        own_terms.read(one)
    with world.lock:
        with world.store.read() as rows:
            held = rows.get(Reservation, caller.member)
            state.believe(rows, statement, by=[caller.member])
        if held is not None and held.statement == statement.id:
            return held
        if world.ledger.index_of(statement.id) is not None:  # signed before what holds now: it would undo that
            raise Untrusted("statement.repeated", statement=statement.id)
        state.record(world, seal.countersign(statement, world.secrets.private_key("sign")))
    return every(world)[caller.member]


def over(world: World, job: Job) -> dict[str, list[Json]]:
    """What a deposit is under beside the offer: `own_terms` of its contributor, `reserved` by its country."""
    with world.store.read() as rows:
        held = rows.get(Restricted, job.id)
    own, reserved = (held.own, held.reserved) if held is not None else (None, ())
    if held is None and job.envelope:  # not sealed yet
        said = seal.opened(job.envelope).body.get("own_terms")
        own = None if said is None else own_terms.kept(said)
    told = {"own_terms": [own] if own is not None else [], "reserved": reserved}
    return {name: [own_terms.write(own_terms.parsed(one)) for one in terms] for name, terms in told.items() if terms}


def every(world: World) -> Mapping[str, Reservation]:
    """What each country reserves, as it said last."""
    with world.store.read() as rows:
        return {one.country: one for one in rows.find(Reservation)}
