"""Grant and revoke: the plain leave for one member to take one standard's rows, until agreements take its place."""

from datetime import UTC, datetime

from datadam import governance
from datadam.dam import join, publish, state
from datadam.dam.world import World
from datadam.errors import Invalid, NotFound, Refused
from datadam.model import Grant, Kind, instant


def grant(world: World, member: str, standard: str, *, expires: str | None = None) -> str:
    """Let a member take a standard's rows; the grant's id. Logged, in force from its log index."""
    holder = join.known(world, member)
    if holder.until is not None:
        raise Refused("member.left", member=member)
    found = publish.published(world, standard)
    named, deciding = found.id, governance.stewards_of(found)
    if deciding is not None:  # it would give out what they did not
        raise Refused("grant.stewards-decide", standard=named, **governance.told(deciding))
    if expires is not None:
        expires = _instant(expires)
        if expires <= instant(world.clock()):
            raise Invalid("grant.already-over", expires=expires)
    statement = state.statement(world, Kind.GRANT, {"member": member, "standard": named, "expires": expires})
    state.record(world, statement)
    return statement.id


def _instant(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
        return instant(moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC))
    except (ValueError, OverflowError) as error:  # an offset can lead out of the years that there are
        raise Invalid("text.instant-malformed", value=text[:40]) from error


def revoke(world: World, grant: str) -> int:
    """End a grant; nothing is given out on it from the returned log index on."""
    with world.store.read() as rows:
        held = rows.get(Grant, grant)
    if held is None or held.until is not None:
        raise NotFound("grant.unknown", grant=grant[:64])
    return state.record(world, state.statement(world, Kind.REVOCATION, {"grant": held.id, "member": held.member}))


def grants(world: World, member: str | None = None) -> list[Grant]:
    """Grants, of one member or of all, ended ones too."""
    with world.store.read() as rows:
        return rows.find(Grant) if member is None else rows.find(Grant, member=member)
