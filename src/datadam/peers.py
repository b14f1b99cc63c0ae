"""Dams that peer: the terms that both sign, and what this dam's own log says of another. Pure.

A peering has one document of terms, byte for byte the same in both logs. What a peer says binds here only by an
adoption in this dam's own log, within the scope of those terms: `dam.peered` folds it, `federation` reads its log.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final

from datadam import seal
from datadam.duties import STRICTNESS
from datadam.errors import DamError, Faults, Invalid
from datadam.model import Json, Kind, PrivacyClass, StandardId, standard_id

ROWS_STAY: Final = "rows-stay"
"""The one residency that there is: rows lie in the dam that took them; what crosses is a release, each by itself."""
CONTACT: Final = (5, 30 * 86_400)
"""Seconds: the shortest and the longest time for which a dam serves a shared scope without a word of the other."""
MAX_STANDARDS: Final = 1000
MAX_TERMS: Final = 256 * 1024  # bytes of the document
MAX_URL: Final = 500  # characters
MAX_CARRIED: Final = 64  # statements of another dam in one of ours, beside the one that is adopted
VERSION: Final = 1  # of the document

ADOPTED: Final = frozenset(
    {
        Kind.ORDER,
        Kind.LIFT,
        Kind.EXIT,
        Kind.KEY,
        Kind.RECOVERED,
        Kind.MEMBER_CHANGE,
        Kind.AGREEMENT_CHANGE,
        Kind.WITHDRAWAL,
        Kind.RELEASE,
        Kind.ROTATION,
        Kind.RETIREMENT,
    }
)
"""Kinds of a peer's statements that can bind here."""


class FaultKind(StrEnum):
    """What a peer did that it must not, as far as somebody else can see from the evidence."""

    FORKED = "forked"  # two roots of one size, or a root that does not extend the one before
    ROLLED_BACK = "rolled-back"  # a smaller log than it showed before
    ALTERED = "altered"  # a body that is not what its entry says
    UNSIGNED = "unsigned"  # a statement that its parties did not sign
    SCOPE = "scope"  # a statement that the peering does not cover


FINAL: Final = frozenset({FaultKind.FORKED, FaultKind.ROLLED_BACK})
"""Faults after which nothing more is believed of that peering, and nothing in its scope is served."""


# --- terms ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two dams of a peering."""

    origin: str  # the name of its log
    jurisdiction: str  # ISO 3166-1 alpha-2


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """That rows of one dam may go to guests from the other."""

    source: str  # origin of the dam that holds the rows
    target: str  # origin of the dam that the guests are members of


@dataclass(frozen=True, slots=True, kw_only=True)
class Corridor:
    """On what legal basis rows go from one country to the other; each dam's own law file still decides."""

    source: str  # ISO 3166-1 alpha-2
    target: str
    basis: str  # the instrument and its article


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What two dams agreed. Made by `read_terms` alone, so that whatever is wrong is said at once."""

    between: tuple[Side, Side]  # in the order of their origins
    standards: tuple[StandardId, ...]  # sorted: the scope
    classes: tuple[PrivacyClass, ...]  # that may cross, the least strict first
    directions: tuple[Direction, ...]  # one or two, sorted
    corridors: tuple[Corridor, ...]  # sorted
    contact_seconds: int  # after so long without contact the scope is silent
    guests: bool  # whether each takes members of the other as guests
    residency: str = ROWS_STAY

    def covers(self, standard: str | None) -> bool:
        """Whether a standard is in the scope; None is all of them, which touches it."""
        return standard is None or standard in self.standards

    def crosses(self, data_class: PrivacyClass | str) -> bool:
        """Whether a table whose strictest class this is may cross."""
        return STRICTNESS[PrivacyClass(data_class)] <= max(STRICTNESS[one] for one in self.classes)

    def allows(self, source: str, target: str) -> bool:
        """Whether rows of the dam `source` may go to members of the dam `target`, both by their origins."""
        return Direction(source=source, target=target) in self.directions

    def other(self, origin: str) -> Side:
        """The dam that `origin` peers with; `Invalid` if that is none of the two."""
        one, two = self.between
        if origin not in {one.origin, two.origin}:
            raise Invalid("peer.terms-others", origin=origin[:80])
        return two if origin == one.origin else one


def write_terms(terms: Terms) -> Json:
    """Terms as the JSON that both dams sign."""
    return {
        "v": VERSION,
        "between": [{"origin": one.origin, "jurisdiction": one.jurisdiction} for one in terms.between],
        "standards": list(terms.standards),
        "classes": [str(one) for one in terms.classes],
        "directions": [{"from": one.source, "to": one.target} for one in terms.directions],
        "residency": terms.residency,
        "corridors": [{"from": one.source, "to": one.target, "basis": one.basis} for one in terms.corridors],
        "contact_seconds": terms.contact_seconds,
        "guests": terms.guests,
    }


def canonical(terms: Terms) -> bytes:
    """The RFC 8785 bytes that are equal in both logs."""
    return seal.canonical(write_terms(terms))


def digest(terms: Terms) -> str:
    """By which both operators compare what they sign: the SHA-256 of the canonical bytes."""
    return seal.digest(canonical(terms))


def read_terms(told: object) -> Terms:
    """Terms from their JSON; `Faults` has everything that is wrong with them, each at its field.

    One spelling is right: lists are sorted and say nothing twice, so that two who agree hold the same bytes.
    """
    if not isinstance(told, Mapping):
        raise Faults("peer.terms-wrong", [_wrong("(top)", "an object")])
    faults = list(_faults(told))
    if faults:
        raise Faults("peer.terms-wrong", faults)
    between = [Side(origin=one["origin"], jurisdiction=one["jurisdiction"]) for one in told["between"]]
    return Terms(
        between=(between[0], between[1]),
        standards=tuple(StandardId(one) for one in told["standards"]),
        classes=tuple(PrivacyClass(one) for one in told["classes"]),
        directions=tuple(Direction(source=one["from"], target=one["to"]) for one in told["directions"]),
        corridors=tuple(
            Corridor(source=one["from"], target=one["to"], basis=one["basis"]) for one in told["corridors"]
        ),
        contact_seconds=told["contact_seconds"],
        guests=told["guests"],
    )


_FIELDS: Final = frozenset(
    {
        "v",
        "between",
        "standards",
        "classes",
        "directions",
        "residency",
        "corridors",
        "contact_seconds",
        "guests",
    }
)


def _wrong(where: str, needed: str) -> Invalid:
    return Invalid("peer.terms-field", field=where, needed=needed)


def _faults(told: Json) -> Iterator[DamError]:
    for name in sorted(set(map(str, told)) ^ _FIELDS):
        yield _wrong(name[:60], "no such field" if name in told else "a value")
    if type(told.get("v", VERSION)) is not int or told.get("v", VERSION) != VERSION:
        yield _wrong("v", str(VERSION))
    yield from _between_faults(told.get("between", ()))
    yield from _standards_faults(told.get("standards", ()))
    if "classes" in told and not _is_classes(told["classes"]):
        yield _wrong("classes", f"some of {', '.join(PrivacyClass)}, in this order")
    yield from _ways_faults(told)
    if told.get("residency", ROWS_STAY) != ROWS_STAY:
        yield _wrong("residency", ROWS_STAY)
    seconds = told.get("contact_seconds", CONTACT[0])
    if type(seconds) is not int or not CONTACT[0] <= seconds <= CONTACT[1]:
        yield _wrong("contact_seconds", f"{CONTACT[0]} … {CONTACT[1]}")
    if not isinstance(told.get("guests", False), bool):
        yield _wrong("guests", "true, false")


def _between_faults(told: object) -> Iterator[DamError]:
    if told == ():
        return
    if not isinstance(told, list) or len(told) != 2 or not all(map(_is_side, told)):  # noqa: PLR2004  (dams)
        yield _wrong("between", "[{origin, jurisdiction}, {origin, jurisdiction}]")
    elif told[0]["origin"] == told[1]["origin"]:
        yield Invalid("peer.oneself", origin=told[0]["origin"][:80])
    elif told[0]["origin"] > told[1]["origin"]:
        yield _wrong("between", "sorted by origin")


def _standards_faults(told: object) -> Iterator[DamError]:
    if told == ():
        return
    if not isinstance(told, list) or not 1 <= len(told) <= MAX_STANDARDS or not all(isinstance(x, str) for x in told):
        yield _wrong("standards", f"1 … {MAX_STANDARDS}")
        return
    for one in told:
        try:
            standard_id(one)
        except Invalid as error:
            yield error
    if told != sorted(set(told)):
        yield _wrong("standards", "sorted, each once")


def _ways_faults(told: Json) -> Iterator[DamError]:
    """What is wrong with the two fields that say from where to where."""
    sides = told.get("between")
    known = isinstance(sides, list) and len(sides) == 2 and all(map(_is_side, sides))  # noqa: PLR2004  (dams)
    origins = {one["origin"] for one in sides} if known else None  # type: ignore[union-attr]  # a list, if known
    lands = {one["jurisdiction"] for one in sides} if known else None  # type: ignore[union-attr]  # the same
    for name, least, names, ends in (
        ("directions", 1, frozenset({"from", "to"}), origins),
        ("corridors", 0, frozenset({"from", "to", "basis"}), lands),
    ):
        held = told.get(name)
        if name not in told:
            continue
        if not isinstance(held, list) or not least <= len(held) <= 2 or not all(_texts(one, names) for one in held):  # noqa: PLR2004
            yield _wrong(name, f"[{{{', '.join(sorted(names))}}}]")
        elif held != sorted(held, key=_ends) or len({_ends(one) for one in held}) != len(held):
            yield _wrong(name, "sorted, each once")
        elif ends is not None and any({one["from"], one["to"]} != ends for one in held):
            yield _wrong(name, ", ".join(sorted(ends)))


def _ends(one: Mapping[str, str]) -> tuple[str, str]:
    return one["from"], one["to"]


def _texts(value: object, names: frozenset[str]) -> bool:
    """Whether a value is an object of exactly these fields, each a text that says something."""
    return (
        isinstance(value, Mapping)
        and set(value) == names
        and all(isinstance(one, str) and 0 < len(one.strip()) <= MAX_URL for one in value.values())
    )


def _is_side(value: object) -> bool:
    if not isinstance(value, Mapping) or not _texts(value, frozenset({"origin", "jurisdiction"})):
        return False
    land = value["jurisdiction"]
    return len(land) == 2 and land.isascii() and land.isalpha() and land.isupper()  # noqa: PLR2004  (alpha-2)


def _is_classes(told: object) -> bool:
    return isinstance(told, list) and bool(told) and told == [str(one) for one in PrivacyClass if str(one) in told]


# --- what the log says of peers ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Another dam, under the last peering with it. `Key` has its statement keys, with its id as their owner."""

    id: str = field(metadata={"key": True})  # `p-` and 20 hex digits of its first key: `seal.peer_id`
    origin: str
    url: str
    jurisdiction: str
    key: str  # kid of its newest statement key
    log: str  # the verifier key of its log
    terms: str  # RFC 8785 text; `terms_of` reads it
    digest: str  # of the terms
    statement: str  # the peering
    since: int  # log index of the peering
    until: int | None = None  # log index of its end
    reason: str | None = None  # of its end
    silent: str | None = None  # the instant since when it was not heard, while that is longer than agreed
    contact: int | None = None  # log index of the statement that said so, or that it was heard again
    distrusted: str | None = None  # the statement of a fault after which nothing of it is believed

    @property
    def stands(self) -> bool:
        """Whether the peering is in force."""
        return self.until is None

    @property
    def heard(self) -> bool:
        """Whether what it says is believed and known up to the agreed limit; if not, its scope is not served."""
        return self.silent is None and self.distrusted is None


def terms_of(peer: Peer) -> Terms:
    """The terms of its peering."""
    return _read(peer.terms)


@lru_cache(maxsize=256)
def _read(text: str) -> Terms:
    """Every decision looks at them, and they never change."""
    return read_terms(seal.parse(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """That a peer fell silent, or was heard again."""

    id: str = field(metadata={"key": True})  # the statement
    peer: str
    silent: bool
    since: str  # the instant of the last contact, or of the one that ended the silence
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerFault:
    """What a peer did that it must not, with what shows it."""

    id: str = field(metadata={"key": True})  # the statement
    peer: str
    fault: FaultKind
    evidence: Mapping[str, str]  # name → note, envelope or code
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A statement of a peer's that binds here."""

    id: str = field(metadata={"key": True})  # the peer's statement
    peer: str
    kind: str
    place: int  # its index in the peer's log
    standard: str | None  # in the scope, that it is about; None: none in particular
    member: str | None  # that it is about
    statement: str  # the adoption
    index: int  # its place in our log


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeAgreement:
    """How a guest's agreement at home stands, where home changed it: what is suspended there is not concluded here."""

    id: str = field(metadata={"key": True})  # the agreement statement in the peer's log
    peer: str
    member: str
    standard: str
    state: str  # of `terms.AgreementState`
    index: int  # log index of the adoption that said so
    barred: bool = False  # ended by its home: no automatic rule signs the next one here


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerWithdrawal:
    """Deposits that a contributor of a peer took back there: who took them as a guest is told of it here."""

    id: str = field(metadata={"key": True})  # the withdrawal in the peer's log
    peer: str
    standard: str
    contributor: str
    deposits: tuple[str, ...]
    issued: str  # when its signer says that it was signed
    statement: str  # the adoption
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRelease:
    """What one of our members was given at a peer, as its guest: it counts where a model of its is disclosed here."""

    id: str = field(metadata={"key": True})  # the release in the peer's log
    peer: str
    member: str
    standard: str
    version: str
    edition: str | None
    action: str  # of `terms.Action`
    share_version: int
    deposits_digest: str
    decision: str  # in the peer's log
    place: int  # its index there
    statement: str  # the adoption
    index: int


# --- what is kept beside the log --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """How far a peer's log was followed; no projection: it is read again from the peer where it is lost."""

    peer: str = field(metadata={"key": True})
    follower: str  # JSON text of `federation.Follower`
    checkpoint: str  # the last note that was believed
    size: int
    contact: str | None = None  # the instant, by our clock, at which it last answered a nonce of ours
    cosigned: str | None = None  # our cosignature line under that checkpoint
    cosignature: str | None = None  # the peer's last one under ours, with the note
    pending: int = 0  # bodies among those that are kept and may bind here that wait to be looked at
    under: str | None = None  # the peering under which what is kept was looked at last
    looked: int | None = None  # up to which place in the peer's log


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerBody:
    """A statement in a peer's log that was shown to us, verified; kept beside our log."""

    peer: str = field(metadata={"key": True})
    id: str = field(metadata={"key": True})
    place: int  # its index in the peer's log
    kind: str
    envelope: str
    standard: str | None = None  # that the peer said it is about, where it does not say so itself
    member: str | None = None  # that it names


def looked(followed: Followed, peer: Peer) -> int:
    """Up to which place of a peer's log what is kept was looked at under the peering in force: others, other terms."""
    return (followed.looked or 0) if followed.under == peer.statement else 0


def is_settled(followed: Followed, peer: Peer) -> bool:
    """Whether all that is kept of a peer's log was looked at under the peering in force."""
    return followed.under == peer.statement and followed.looked == followed.size


def named(body: Json) -> tuple[str | None, str | None]:
    """The standard and the member that a statement names, whatever its kind calls them."""
    member = body.get("member") or body.get("contributor")
    standard = body.get("standard")
    return (standard if isinstance(standard, str) else None), (member if isinstance(member, str) else None)


def standing(peers: Iterable[Peer], standard: str | None = None) -> list[Peer]:
    """The peers whose peering is in force, with a standard in its scope if one is named; in log order."""
    held = sorted((one for one in peers if one.stands), key=lambda one: one.since)
    return [one for one in held if standard is None or terms_of(one).covers(standard)]
