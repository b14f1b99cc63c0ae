"""Join: apply with a signed accession, be approved or declined; change keys; leave; be forgotten.

An accession is one statement that two parties sign: the applicant first, the dam when its operator approves. What
names people or firms lies in the profile, a body of its own that only the statement's digest points to.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from datadam import registers, seal, texts
from datadam.dam import certified, state
from datadam.dam.world import World
from datadam.errors import Invalid, NotFound, Refused, Untrusted
from datadam.formats import own_terms
from datadam.formats.statements import shaped
from datadam.model import Application, Json, Key, Kind, Member, MemberId, MemberKind, day, instant, moment
from datadam.peers import Peer

TEXT_VERSION: Final = "1"
MAX_PROFILE: Final = 64 * 1024  # bytes of JSON
PROFILE_FIELDS: Final = frozenset({"salt", "legal_name", "contact", "numbers", "address", "website", "certificate"})
MAX_FIELD: Final = 1000  # characters
_UNSEEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})  # Unicode categories that can feign another text


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an application stands: pending, approved (then the member is in the log) or declined with a reason."""

    id: str
    member: MemberId
    status: str
    reason: str | None = None


def accession_terms() -> Json:
    """What an accession has to name as read: the text's version and its digest in each language."""
    digests = {language: seal.digest(texts.accession(language).encode()) for language in texts.LANGUAGES}
    return {"version": TEXT_VERSION, "digests": digests}


def check_profile(data: bytes) -> Json:
    """Read a profile strictly: `legal_name` (text), `numbers` (register → number, checksums hold), contact, address.

    Returned with its numbers in normal form; every register is one of `registers`.
    """
    if len(data) > MAX_PROFILE:
        raise Invalid("profile.too-large", size=len(data), limit=MAX_PROFILE)
    profile = seal.parse(data)
    if not isinstance(profile, dict) or seal.canonical(profile) != data:
        raise Invalid("profile.malformed", field="(top)")
    unknown = sorted(set(profile) - PROFILE_FIELDS)
    if unknown:
        raise Invalid("profile.malformed", field=", ".join(unknown)[:200])
    required, optional = ("salt", "legal_name"), ("contact", "address", "website")
    for name in (*required, *(name for name in optional if name in profile)):
        _plain_text(profile, name)
    proof = profile.get("certificate", "")
    if not isinstance(proof, str) or len(proof) > seal.MAX_CERTIFIED:  # what it says, `certified` judges
        raise Invalid("profile.malformed", field="certificate")
    if len(seal.decode(profile["salt"])) != seal.SALT_BYTES:  # a name could be guessed from the digest in the log
        raise Invalid("profile.malformed", field="salt")
    numbers = profile.get("numbers", {})
    if not isinstance(numbers, dict) or not all(isinstance(value, str) for value in numbers.values()):
        raise Invalid("profile.malformed", field="numbers")
    for register, number in numbers.items():
        if registers.check(register, number) != number:
            raise Invalid("profile.number-not-normal", register=register, normal=registers.check(register, number))
    return profile


def _plain_text(profile: Mapping[str, Any], name: str) -> None:
    value = profile.get(name)
    if not isinstance(value, str) or len(value) > MAX_FIELD or not _is_plain(value):
        raise Invalid("profile.malformed", field=name)


def _is_plain(text: str) -> bool:
    return bool(text.strip()) and not any(unicodedata.category(letter) in _UNSEEN for letter in text)


def apply(world: World, envelope: bytes, profile: bytes) -> Standing:
    """Take an accession that its applicant signed. The same one again is the same application."""
    statement = shaped(seal.opened(envelope), Kind.MEMBER)
    body = statement.body
    jwk = seal.public(body["key"])
    if body["member"] != seal.member_id(jwk):
        raise Untrusted("member.id-wrong", member=body["member"])
    seal.expect(
        seal.verify(statement, {seal.thumbprint(jwk): jwk}),
        {seal.thumbprint(jwk): body["member"]},
        {body["member"]},
        statement=statement.id,
    )
    _check_accession(world, body)
    if body["profile"] != seal.digest(profile):
        raise Untrusted("profile.digest-wrong")
    named = check_profile(profile)
    certified.check(world, body, named, jurisdiction=body["jurisdiction"], at=world.clock())
    with world.lock, world.store.transaction() as rows:
        held = rows.get(Application, statement.id)
        if held is not None:
            return _standing(held)
        waiting = rows.find(Application, status="pending")
        if len(waiting) >= world.settings.max_applications_pending:
            raise Refused("application.too-many", limit=world.settings.max_applications_pending)
        application = Application(
            id=statement.id,
            envelope=envelope.decode(),
            profile=seal.canonical(named).decode(),
            received=instant(world.clock()),
        )
        rows.put(application)
        return _standing(application)


def _check_accession(world: World, body: Json) -> None:
    terms = accession_terms()
    read = body["text"]
    if (read["version"], read["digests"]) != (terms["version"], terms["digests"]):
        raise Invalid("accession.text-other", version=terms["version"])
    if read["language"] not in terms["digests"]:
        raise Invalid("accession.language-unknown", language=read["language"])
    registers.jurisdiction(body["jurisdiction"])
    with world.store.read() as rows:
        known_key = rows.get(Key, seal.thumbprint(body["key"]))  # also one that its member replaced
    if known_key is not None:
        raise Refused("member.known", member=known_key.owner)
    if MemberKind(body["member_kind"]) is MemberKind.COUNTRY:
        _check_country(world, body)
        return
    if not body["roles"] or len(set(body["roles"])) != len(body["roles"]):
        raise Invalid("accession.roles-wrong")
    reserved = body["reservations"] or "restrictions" in body
    if body["authority"] is not None or body["effective"] is not None or reserved:
        raise Invalid("accession.not-country")
    country = country_of(world, body["jurisdiction"], at=instant(world.clock())[:10])
    if body["under"] != (country.id if country else None):
        raise Invalid(
            "accession.under-wrong", jurisdiction=body["jurisdiction"], under=country.id if country else "null"
        )


def _check_country(world: World, body: Json) -> None:
    if body["authority"] is None or body["effective"] is None or body["under"] is not None or body["roles"]:
        raise Invalid("accession.country-incomplete")
    day(body["effective"])
    for one in body.get("restrictions", ()):
        own_terms.read(one)
    for name, said in (("authority", [body["authority"]]), ("reservations", body["reservations"])):
        if not all(_is_plain(text) for text in said):
            raise Invalid("statement.shape", kind=str(Kind.MEMBER), where=name, why="control characters, or blank")
    with world.store.read() as rows:  # also one that is not in effect yet
        if rows.find(Member, kind=MemberKind.COUNTRY, jurisdiction=body["jurisdiction"], until=None):
            raise Refused("accession.country-known", jurisdiction=body["jurisdiction"])


def country_of(world: World, jurisdiction: str, *, at: str) -> Member | None:
    """The country member whose accession is in effect for a jurisdiction on the ISO date `at`."""
    with world.store.read() as rows:
        for member in rows.find(Member, kind=MemberKind.COUNTRY, jurisdiction=jurisdiction, until=None):
            if member.effective is not None and member.effective <= at:
                return member
    return None


def _standing(application: Application) -> Standing:
    member = MemberId(seal.opened(application.envelope).body["member"])
    return Standing(id=application.id, member=member, status=application.status, reason=application.reason)


def standing(world: World, id: str) -> Standing:
    """How an application stands; whoever knows its id (128 bits of the applicant's salt are in it) may ask."""
    member = _approved(world, id)
    if member is not None:
        return Standing(id=id, member=member.id, status="approved")
    with world.store.read() as rows:
        application = rows.get(Application, id)
    if application is None:
        raise NotFound("application.unknown", id=id[:64])
    return _standing(application)


def waiting(world: World) -> list[tuple[Standing, Json]]:
    """The applications that wait for the operator, each with its profile."""
    with world.store.read() as rows:
        pending = rows.find(Application, status="pending")
        done = {member.statement for member in rows.find(Member)}
    return [(_standing(a), _shown(world, a)) for a in pending if a.id not in done]


def _shown(world: World, application: Application) -> Json:
    """What an operator looks at: the accession, the profile, and what a certificate in it says."""
    body, profile = seal.opened(application.envelope).body, seal.parse(application.profile)
    proof = certified.seen(world, body, profile, at=application.received)
    return {**body, "profile": profile, **({"certificate": proof} if proof else {})}


def approve(world: World, id: str) -> int:
    """Countersign and log an application; the log index of the accession. Twice gives the same."""
    with world.lock:
        done = _approved(world, id)
        if done is not None:
            _drop_application(world, id)  # a crash may have left it
            return done.since
        application = _pending(world, id)
        statement = seal.opened(application.envelope)
        _check_accession(world, statement.body)  # the world may have moved since: a country may have acceded
        proof, at = seal.parse(application.profile), moment(application.received)
        certified.check(world, statement.body, proof, jurisdiction=statement.body["jurisdiction"], at=at)
        signed = seal.countersign(statement, world.secrets.private_key("sign"))
        world.bodies.put(statement.body["profile"], application.profile.encode())
        index = state.record(world, signed)
        _drop_application(world, id)
        return index


def _approved(world: World, id: str) -> Member | None:
    with world.store.read() as rows:
        return next(iter(rows.find(Member, statement=id)), None)


def _drop_application(world: World, id: str) -> None:
    with world.store.transaction() as rows:
        held = rows.get(Application, id)
        if held is not None:
            rows.remove(held)


def decline(world: World, id: str, reason: str) -> int:
    """Log that an application was declined, and why. Its profile is not kept."""
    with world.lock:
        application = _pending(world, id)
        member = seal.opened(application.envelope).body["member"]
        facts = {"application": id, "member": member, "reason": reason}
        index = state.record(world, state.statement(world, Kind.DECLINE, facts))
        with world.store.transaction() as rows:
            rows.put(replace(application, status="declined", reason=reason, profile="{}"))
        return index


def _pending(world: World, id: str) -> Application:
    with world.store.read() as rows:
        application = rows.get(Application, id)
    if application is None or application.status != "pending" or _approved(world, id) is not None:
        raise NotFound("application.unknown", id=id[:64])
    return application


def rotate(world: World, envelope: bytes) -> int:
    """Log a member's next key, signed by the key in force and by the new one; from here on only the new one counts."""
    statement = shaped(seal.opened(envelope), Kind.KEY)
    with world.store.read() as rows:
        held = rows.get(Member, statement.body["member"])
        home = rows.get(Peer, held.home) if held is not None and held.home is not None else None
    if home is not None:
        raise Refused("guest.key-at-home", dam=home.origin)
    return state.record(world, statement)


def leave(world: World, envelope: bytes) -> int:
    """Log a member's own, signed exit; the dam signs that it took it."""
    statement = shaped(seal.opened(envelope), Kind.EXIT)
    if not statement.body["signed_by_member"]:
        raise Invalid("member.exit-unsigned")
    return state.record(world, seal.countersign(statement, world.secrets.private_key("sign")))


def expel(world: World, member: str, reason: str) -> int:
    """Log that the dam ends a membership, and why."""
    if known(world, member).until is not None:
        raise Refused("member.left", member=member)
    facts = {"member": member, "reason": reason, "signed_by_member": False}
    return state.record(world, state.statement(world, Kind.EXIT, facts))


def suspend(world: World, member: str, reason: str) -> int:
    """Log that a member is suspended, and why: it takes nothing out and brings nothing in until that is lifted."""
    return _change(world, member, "suspended", reason)


def resume(world: World, member: str, reason: str) -> int:
    """Log that a suspension is lifted, and why."""
    return _change(world, member, "active", reason)


def _change(world: World, member: str, wanted: str, reason: str) -> int:
    with world.lock:
        found = known(world, member)
        if found.until is not None:
            raise Refused("member.left", member=member)
        if found.suspended_here is (wanted == "suspended"):
            raise Refused("member.suspended-already" if found.suspended_here else "member.not-suspended", member=member)
        facts = {"member": member, "state": wanted, "reason": reason}
        return state.record(world, state.statement(world, Kind.MEMBER_CHANGE, facts))


def forget(world: World, member: str, reason: str) -> int:
    """Erase a member's profile for good. The erasure is logged first: what is missing is missing on purpose."""
    found = known(world, member)
    profile = found.profile
    if profile is None:
        raise NotFound("member.no-profile", member=member)
    facts = {"body": profile, "member": member, "reason": reason}
    index = state.record(world, state.statement(world, Kind.ERASURE, facts))
    world.bodies.erase(profile)
    _drop_application(world, found.statement)  # a crash may have left it, and the profile is in it
    return index


def known(world: World, member: str) -> Member:
    """The member with that id, also one who left."""
    with world.store.read() as rows:
        found = rows.get(Member, member)
    if found is None:
        raise NotFound("member.unknown", member=member[:64])
    return found


def active(world: World, member: str) -> Member:
    """The member with that id, if it neither left nor is suspended."""
    found = known(world, member)
    if found.until is not None:
        raise Refused("member.left", member=member)
    if found.suspended:
        raise Refused("member.suspended", member=member)
    return found


def members(world: World) -> list[tuple[Member, Json]]:
    """Every member, each with its profile, or an empty one where that was erased."""
    with world.store.read() as rows:
        found = rows.find(Member)
    return [(member, profile_of(world, member)) for member in found]


def profile_of(world: World, member: Member) -> Json:
    """A member's profile, or an empty one where there is none any more."""
    if member.profile is None:
        return {}
    try:
        profile: Json = seal.parse(world.bodies.get(member.profile))
    except NotFound:
        return {}
    return profile
