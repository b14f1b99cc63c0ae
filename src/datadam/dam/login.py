"""Log in: a member's signed assertion (RFC 7523) for an opaque token, of which only the hash is kept.

A share profile is the other token: it reads one reservoir through Delta Sharing, lives longer, and can be revoked.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from datadam import seal
from datadam.dam import publish, state
from datadam.dam.remembered import Known
from datadam.dam.world import World
from datadam.errors import NotFound, Refused, Untrusted
from datadam.model import Json, Key, Member, MemberId, Token, Used, instant
from datadam.ports import Rows

PROFILE_DAYS: Final = 90  # a share profile lies in a file on somebody's disk: it must not live for ever
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"  # RFC 7523 §2.2
MAX_PROFILES: Final = 100  # per member, alive at once
_SHOWN: Final = 12  # digits of a profile that lists show: fewer are not taken for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls: a member, a member through a share profile for one standard, or a stranger."""

    member: MemberId | None = None
    standard: str | None = None
    purpose: str | None = None  # what for, and to where: None leaves it to the agreement
    destination: str | None = None
    action: str = "read"  # of `terms.Action`: what is done with what is taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A token to hand out, once, and how long it lives: in seconds, and until which instant."""

    token: str
    seconds: int
    expires: str


def login(world: World, assertion: str, *, audiences: Collection[str]) -> Login:
    """Exchange an assertion for a token. It must name a key in force, one of `audiences`, and must never come twice."""
    _keep_up(world)
    now, at = world.clock(), world.ledger.size  # before the key is looked up: one that comes meanwhile ends the token
    with world.store.read() as rows:
        key = rows.get(Key, seal.assertion_kid(assertion))
        member = rows.get(Member, key.owner) if key is not None else None
    if key is None or key.until is not None or member is None or member.until is not None:
        raise Untrusted("login.key-unknown")
    claims = _claims(assertion, key, audiences, int(now.timestamp()))
    if claims["sub"] != key.owner:
        raise Untrusted("login.assertion-malformed")
    with world.store.transaction() as rows:
        _use_once(rows, f"{key.kid}:{seal.digest(claims['jti'].encode())}", now, claims["exp"])
        token = seal.new_token()
        seconds = world.settings.token_seconds
        expires = instant(now + timedelta(seconds=seconds))
        rows.put(Token(hash=_hash(token), member=key.owner, expires=expires, at=at))
    return Login(token=token, seconds=seconds, expires=expires)


def _claims(assertion: str, key: Key, audiences: Collection[str], now: int) -> Json:
    refused: Untrusted | None = None
    for audience in audiences:
        try:
            return seal.read_assertion(assertion, key.jwk, audience=audience, now=now)
        except Untrusted as error:
            refused = refused or error
            if error.code != "login.audience":
                raise
    raise refused or Untrusted("login.assertion-malformed")


def _use_once(rows: Rows, id: str, now: datetime, expires: object) -> None:
    if rows.get(Used, id) is not None:
        raise Untrusted("login.replayed")
    until = datetime.fromtimestamp(float(str(expires)), UTC) + timedelta(seconds=2 * seal.CLOCK_SKEW)
    rows.put(Used(id=id, expires=instant(max(now, until))))


def _keep_up(world: World) -> None:
    """See that the tables have what the log has: a key that was taken back there must not open anything here.

    They lag only where the disk failed between the two; `Unavailable` while it does.
    """
    with world.store.read() as rows:
        applied = int(rows.noted(state.APPLIED) or 0)
    if applied < world.ledger.size:
        state.catch_up(world)


def _hash(token: str) -> str:
    return seal.digest(token.encode())


def caller(world: World, token: str | None) -> Caller:
    """Who a bearer token speaks for; none is a stranger, a wrong, expired or revoked one is `Untrusted`."""
    if token is None:
        return Caller()
    hash, now, seen = _hash(token), instant(world.clock()), world.decisions
    known: Caller | None = seen.caller(hash, now)
    if known is not None:
        return known
    _keep_up(world)
    generation, revoked = seen.generation, seen.revoked  # before it is looked up: what comes meanwhile ends it
    with world.store.read() as rows:
        held = rows.get(Token, hash)
        member = rows.get(Member, held.member) if held is not None else None
        keys = rows.find(Key, owner=held.member, until=None) if held is not None else []
    if held is None or held.revoked or held.expires <= now:
        raise Untrusted("login.token-unknown")
    if member is None or member.until is not None or any(key.since >= held.at for key in keys):
        raise Untrusted("login.token-unknown")
    found = Caller(member=member.id, standard=held.standard)
    seen.called(hash, Known(caller=found, until=held.expires, generation=generation, revoked=revoked))
    return found


def issue_profile(world: World, member: MemberId, standard: str, *, days: int = PROFILE_DAYS) -> Login:
    """A bearer token for one member's Delta Sharing profile of one standard; each use of it is decided anew."""
    named = publish.published(world, standard).id
    now, at = world.clock(), world.ledger.size
    seconds = min(days, PROFILE_DAYS) * 86_400
    token = seal.new_token()
    with world.store.transaction() as rows:
        holder = rows.get(Member, member)
        if holder is not None and holder.suspended:
            raise Refused("member.suspended", member=member)
        alive = [t for t in rows.find(Token, member=member, revoked=False) if t.standard and t.expires > instant(now)]
        if len(alive) >= MAX_PROFILES:
            raise Refused("profile.too-many", limit=MAX_PROFILES)
        expires = instant(now + timedelta(seconds=seconds))
        rows.put(Token(hash=_hash(token), member=member, expires=expires, standard=named, at=at))
    return Login(token=token, seconds=seconds, expires=expires)


def profiles(world: World, member: MemberId) -> list[Token]:
    """A member's share profiles, also revoked and expired ones."""
    with world.store.read() as rows:
        return [token for token in rows.find(Token, member=member) if token.standard is not None]


def revoke_profile(world: World, member: MemberId, hash: str) -> None:
    """End one of a member's own share profiles, named by its hash or the first 12 digits of it."""
    with world.store.transaction() as rows:
        own = rows.find(Token, member=member)
        token = next((one for one in own if one.standard and len(hash) >= _SHOWN and one.hash.startswith(hash)), None)
        if token is not None:
            rows.put(replace(token, revoked=True))
    if token is None:
        raise NotFound("profile.unknown", profile=hash[:64])
    world.decisions.forget_callers()


def forget_expired(world: World) -> int:
    """Remove tokens and one-time ids that are over; how many."""
    now = instant(world.clock())
    with world.store.transaction() as rows:
        over = [*(t for t in rows.find(Token) if t.expires <= now), *(u for u in rows.find(Used) if u.expires <= now)]
        for record in over:
            rows.remove(record)
    return len(over)
