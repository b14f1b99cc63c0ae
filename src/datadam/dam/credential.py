"""Credentials: whom the operator recognises as an issuer, which member holds what of whom, and when that ends.

1. recognise  an issuer, the credentials that it is believed in, and its keys; said again, the new list replaces the old
2. add        a token that such an issuer signed for the member, checked here; or, of an issuer without keys, a paper
              that the operator saw, of which the log has the digest. Which of the two it is stands in the statement
3. revoke     from its log index on it counts no more

What counts is worked out at each decision: a credential that is over, revoked, or of an issuer or key that is not
recognised any more is none. Status lists are not fetched: a dam asks nobody outside before it answers.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from datadam import credentials, seal
from datadam.credentials import Credential, Form, Issuer
from datadam.dam import join, order, publish, state
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import Invalid, NotFound, Refused, Untrusted
from datadam.formats import member_credential
from datadam.formats.credential import Parties
from datadam.formats.member_credential import ISSUER, NAME, TYPE, Presented, type_of
from datadam.model import Json, Kind, Member, Role, instant, moment

MAX_TITLE: Final = 200
MAX_NAMES: Final = 50
MAX_KEYS: Final = 8
MAX_SCOPE: Final = 100


# --- issuers ----------------------------------------------------------------------------------------------------------


def recognise(
    world: World, issuer: str, title: str, names: Sequence[str], keys: Sequence[Mapping[str, str]] = ()
) -> Issuer:
    """Recognise an issuer for credentials, each `name` or `name=Type`, and for the keys that it signs them with.

    No names at all: what it gave counts no more.
    """
    if not ISSUER.fullmatch(issuer):
        raise Invalid("credential.issuer-malformed", issuer=issuer[:80])
    if len(names) > MAX_NAMES or len(keys) > MAX_KEYS:
        raise Invalid("credential.issuer-too-much", names=MAX_NAMES, keys=MAX_KEYS)
    facts = {
        "issuer": issuer,
        "title": order.words("title", title, most=MAX_TITLE),
        "names": dict(_named(one) for one in names),
        "keys": [seal.public(key) for key in keys],
    }
    state.record(world, state.statement(world, Kind.ISSUER, facts))
    return find_issuer(world, issuer)


def _named(text: str) -> tuple[str, str]:
    name, mark, kind = text.partition("=")
    kind = kind if mark else type_of(name)
    if not NAME.fullmatch(name) or not TYPE.fullmatch(kind):
        raise Invalid("credential.name-malformed", name=text[:80])
    return name, kind


def issuers(world: World) -> list[Issuer]:
    """The recognition table: every issuer that was ever named, as it stands now, by id."""
    with world.store.read() as rows:
        return sorted(rows.find(Issuer), key=lambda one: one.id)


def find_issuer(world: World, id: str) -> Issuer:
    """One issuer, or `NotFound`."""
    with world.store.read() as rows:
        found = rows.get(Issuer, id)
    if found is None:
        raise NotFound("credential.issuer-unknown", issuer=id[:80])
    return found


# --- credentials ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Of:
    """What an operator says of a credential: whose it is, how offers call it, who gave it, where it counts."""

    member: str
    name: str
    issuer: str
    scope: tuple[str, ...] = ()  # standards; empty: all


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A credential that was recorded, and whether it names a status list, which the operator has to watch."""

    credential: Credential
    listed: bool = False


def add(world: World, of: Of, token: str) -> Added:
    """Record what an issuer signed for a member; the same token again is the same credential."""
    held = _believed(world, of)
    if not held.keys:
        raise Refused("credential.issuer-keyless", issuer=held.id)
    parties = Parties(origin=world.settings.name, member=of.member)
    found = member_credential.read(token, held.keys, audience=(parties.dam, parties.origin))
    _check(found, held, of.name, parties)
    evidence = token.strip().encode()
    facts = {"form": str(Form.SIGNED), "kid": found.kid, "evidence": seal.digest(evidence)}
    world.bodies.put_all([(seal.digest(evidence), evidence)])  # an auditor can check the signature again
    made = _record(world, of, (found.begins, found.expires), facts)
    return Added(credential=made, listed=found.listed)


def attest(world: World, of: Of, evidence: str, *, expires: str) -> Added:
    """Record, on the operator's word, a paper with the digest `evidence`; for issuers without a key only."""
    held = _believed(world, of)
    if held.keys:
        raise Refused("credential.needs-signature", issuer=held.id)
    if len(evidence) != 64 or any(letter not in "0123456789abcdef" for letter in evidence):  # noqa: PLR2004  (SHA-256)
        raise Invalid("credential.field-wrong", field="evidence")
    facts = {"form": str(Form.ATTESTED), "kid": None, "evidence": evidence}
    return Added(credential=_record(world, of, (instant(world.clock()), instant(moment(expires))), facts))


def _believed(world: World, of: Of) -> Issuer:
    if join.known(world, of.member).until is not None:
        raise NotFound("member.unknown", member=of.member[:40])
    held = find_issuer(world, of.issuer)
    if of.name not in held.names:
        raise Refused("credential.not-recognised", issuer=held.id, name=of.name[:80])
    return held


def _check(found: Presented, issuer: Issuer, name: str, parties: Parties) -> None:
    if found.issuer != issuer.id:
        raise Untrusted("credential.other-issuer", issuer=issuer.id)
    if found.subject not in {parties.subject, parties.member}:
        raise Untrusted("credential.other-subject", member=parties.member)
    if issuer.names[name] not in found.types:
        raise Untrusted("credential.other-type", name=name, type=issuer.names[name])


def _record(world: World, of: Of, stretch: tuple[str, str], facts: Json) -> Credential:
    begins, expires = stretch
    if expires <= instant(world.clock()) or expires <= begins:
        raise Invalid("credential.over", expires=expires)
    scope: list[str] = sorted({publish.published(world, one).id for one in of.scope})
    if len(scope) > MAX_SCOPE:
        raise Invalid("credential.field-wrong", field="scope")
    with world.lock:
        for one in every(world, member=of.member):
            said = (one.name, one.issuer, one.evidence, list(one.scope), one.expires)
            if said == (of.name, of.issuer, facts["evidence"], scope, expires) and one.revoked is None:
                return one
        told = {"member": of.member, "name": of.name, "issuer": of.issuer, "begins": begins, "expires": expires}
        statement = state.statement(world, Kind.CREDENTIAL, {**told, **facts, "scope": scope})
        state.record(world, statement)
        return find(world, statement.id)


def revoke(world: World, id: str, reason: str) -> int:
    """End a credential; the log index from which it counts no more."""
    with world.lock:
        held = find(world, id)
        if held.revoked is not None:
            raise Refused("credential.revoked", credential=held.id, index=held.revoked)
        facts = {"credential": held.id, "member": held.member, "reason": order.words("reason", reason)}
        return state.record(world, state.statement(world, Kind.CREDENTIAL_END, facts))


# --- asking -----------------------------------------------------------------------------------------------------------


def find(world: World, id: str) -> Credential:
    """One credential, or `NotFound`."""
    with world.store.read() as rows:
        found = rows.get(Credential, id)
    if found is None:
        raise NotFound("credential.unknown", credential=id[:64])
    return found


def every(world: World, *, member: str | None = None) -> list[Credential]:
    """The credentials of one member or of all, in the order of the log; those that are over too."""
    mine = {} if member is None else {"member": member}
    with world.store.read() as rows:
        return sorted(rows.find(Credential, **mine), key=lambda one: one.index)


def own(world: World, caller: Caller) -> list[Credential]:
    """The caller's own credentials."""
    if caller.member is None or caller.standard is not None:
        raise Refused("ask.login-needed")
    return every(world, member=caller.member)


def evidence(world: World, caller: Caller, id: str) -> bytes:
    """The token that a credential rests on, for its holder and for auditors; of a paper the dam has only the digest."""
    with world.store.read() as rows:
        found = rows.get(Credential, id)
        asker = rows.get(Member, caller.member) if caller.member and caller.standard is None else None
    audits = asker is not None and asker.until is None and not asker.suspended and Role.AUDITOR in asker.roles
    if found is None or asker is None or not (audits or found.member == asker.id):
        raise NotFound("credential.unknown", credential=id[:64])
    if found.form is Form.ATTESTED:
        raise NotFound("credential.paper", credential=found.id, digest=found.evidence)
    return world.bodies.get(found.evidence)


def counting(world: World, held: Collection[Credential]) -> frozenset[str]:
    """The ids of those that count now, for whatever they are scoped to."""
    known, now = {one.id: one for one in issuers(world)}, instant(world.clock())
    return frozenset(one.id for one in held if credentials.stands(one, known.get(one.issuer), now=now))


def held_by(world: World, member: str | None, standard: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """What a member's credentials come to for a standard now; and the instants at which that may change."""
    with world.store.read() as rows:
        mine = rows.find(Credential, member=member) if member is not None else []
        known = {one.id: one for one in rows.find(Issuer)} if mine else {}
    return credentials.held(mine, known, standard=standard, now=instant(world.clock()))
