"""Guests for tests: what one dam has seen of the other's log, and a member of the one who takes part in the other."""

from datadam import peers, seal
from datadam.dam import guest
from datadam.dam.world import World
from datadam.model import Class, Kind, Member, Statement, instant
from datadam.peers import PeerBody
from peered_dams import Pair
from worlds import START, Person

SHOWN = frozenset({Kind.MEMBER_CHANGE, Kind.AGREEMENT, Kind.AGREEMENT_CHANGE})


def followed(pair: Pair, world: World) -> None:
    """Let `world` have seen all that its peer's log shows it, without a wire and without adopting anything."""
    other = pair.other(world)
    found = []
    for place, (clazz, id) in enumerate(other.ledger.entries()):
        statement = other.ledger.statement(id)
        if clazz is Class.REGISTRY or statement.kind in SHOWN:
            standard, member = peers.named(statement.body)
            found.append(
                PeerBody(
                    peer=pair.of(world).id,
                    id=str(id),
                    place=place,
                    kind=str(statement.kind),
                    envelope=seal.envelope(statement).decode(),
                    standard=standard,
                    member=member,
                )
            )
    with world.store.transaction() as rows:
        rows.put_all(found)
    world.decisions.changed()


def accession_of(world: World, person: Person) -> str:
    """The statement by which somebody is a member."""
    with world.store.read() as rows:
        found = rows.get(Member, person.id)
    assert found is not None
    return found.statement


def drafted(pair: Pair, world: World, person: Person) -> guest.Draft:
    """What a member of the other dam would sign to be a guest of `world`."""
    other = pair.other(world)
    return guest.draft(world, home=other.settings.name, accession=accession_of(other, person))


def signing(person: Person, draft: guest.Draft, *, by: seal.Jwk | None = None, **changes: object) -> Statement:
    """What it signs of that."""
    return seal.state(Kind.GUEST, {**draft.body, **changes}, issued=instant(START), key=by or person.key)


def enters(pair: Pair, world: World, person: Person) -> Member:
    """Be a guest of `world`."""
    followed(pair, world)
    return guest.enter(world, seal.envelope(signing(person, drafted(pair, world, person))))
