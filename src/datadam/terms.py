"""The words in which stewards say what is allowed: a closed profile of ODRL 2.2, as frozen dataclasses.

An offer is one permission for each action that it allows, with what must hold for it and what it obliges to, and
prohibitions. Nothing that is not a word here can be said: `formats.odrl` refuses it, `policy` compiles the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from datadam.model import StandardId


class Action(StrEnum):
    """What may be done with rows of a reservoir."""

    READ = "read"
    TRAIN = "train"
    COMBINE = "combine"
    EXPORT = "export"
    DERIVE = "derive"
    QUERY = "query"


class Force(StrEnum):
    """Who or what makes a term hold; said with every term wherever it stands."""

    ENFORCED = "enforced"  # by this dam: what breaks the term does not happen
    ATTESTED = "attested"  # by a named person of the party that it binds: the dam sees the word, not the deed
    LEGAL = "legal"  # by the contract and a court alone


class Operand(StrEnum):
    """What a constraint is about; each has its operators, its kind of value and its force (`formats.odrl`)."""

    PURPOSE = "purpose"  # of PURPOSES
    RECIPIENT = "recipient"  # roles that the asker must have one of
    JURISDICTION = "jurisdiction"  # of the asker: ISO 3166-1 alpha-2
    DESTINATION = "spatial"  # where the rows are taken: ISO 3166-1 alpha-2
    SENSITIVITY = "sensitivity"  # the strictest privacy class that leaves: a column above it does not
    MARKING = "marking"  # the strictest marking of a row that leaves, in the words of the standard's marking column
    VERSION = "version"  # which states of the reservoir leave: names of its editions, and `CURRENT`
    RECIPROCITY = "reciprocity"  # live rows of a minimum age that the asker itself must have in the reservoir
    LEVEL = "signatureLevel"  # least level of the signature under the agreement
    CREDENTIAL = "credential"  # names of credentials that the asker must all hold
    EXPIRY = "dateTime"  # the instant from which nothing is allowed


class Operator(StrEnum):
    """How an operand is compared, in ODRL's words."""

    ANY_OF = "isAnyOf"
    NONE_OF = "isNoneOf"
    ALL_OF = "isAllOf"
    AT_MOST = "lteq"
    AT_LEAST = "gteq"
    BEFORE = "lt"


class DutyKind(StrEnum):
    """What a permission obliges to."""

    RETENTION = "delete"  # the copies, after so many days
    NOTICE = "inform"  # the other party, so many days before the terms change or end
    ATTRIBUTION = "attribute"  # name the reservoir wherever results are published
    SECURITY = "ensureExclusivity"  # keep the rows from everybody else, and report an incident


class Level(StrEnum):
    """How strong a signature is, in the words of eIDAS art. 3."""

    SIMPLE = "simple"
    ADVANCED = "advanced"
    QUALIFIED = "qualified"


LEVELS: Final = tuple(Level)
"""Weakest first."""

PURPOSES: Final = (
    "research",
    "statistics",
    "public-interest-archiving",
    "product-development",
    "service-provision",
    "security",
    "fraud-prevention",
    "supply-chain-resilience",
    "quality-improvement",
    "regulatory-compliance",
    "model-training",
)
"""Every purpose that there is; most name one of the W3C Data Privacy Vocabulary 2 (`formats.odrl` has the pairs)."""

CURRENT: Final = "current"
"""Of VERSION: the reservoir as it stands, which every deposit changes. No edition has this name."""

Value: TypeAlias = tuple[str, ...] | int | str
"""Of a constraint: names for the set operators, a number for the comparing ones, an instant for `lt`.

SENSITIVITY, MARKING and LEVEL compare by rank, and their value is the word: a `PrivacyClass`, a marking, a `Level`.
"""

OPERATORS: Final[Mapping[Operand, tuple[Operator, ...]]] = {
    Operand.PURPOSE: (Operator.ANY_OF,),  # never "all but": a purpose that nobody thought of would be allowed
    Operand.RECIPIENT: (Operator.ANY_OF, Operator.NONE_OF),
    Operand.JURISDICTION: (Operator.ANY_OF, Operator.NONE_OF),
    Operand.DESTINATION: (Operator.ANY_OF, Operator.NONE_OF),
    Operand.SENSITIVITY: (Operator.AT_MOST,),
    Operand.MARKING: (Operator.AT_MOST,),
    Operand.VERSION: (Operator.ANY_OF,),
    Operand.RECIPROCITY: (Operator.AT_LEAST,),
    Operand.LEVEL: (Operator.AT_LEAST,),
    Operand.CREDENTIAL: (Operator.ALL_OF, Operator.ANY_OF),
    Operand.EXPIRY: (Operator.BEFORE,),
}
"""With which operators an operand can be said. A rule says each operand once at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """What must hold: `operand operator value`."""

    operand: Operand
    operator: Operator
    value: Value
    days: int | None = None  # of RECIPROCITY: the age from which a row counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What a permission obliges to."""

    kind: DutyKind
    days: int | None = None  # of RETENTION and NOTICE


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """Leave for actions while all constraints hold. An action stands in one permission of an offer at most."""

    actions: tuple[Action, ...]
    constraints: tuple[Constraint, ...] = ()
    duties: tuple[Duty, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prohibition:
    """No to actions where all constraints hold, whatever is permitted."""

    actions: tuple[Action, ...]
    constraints: tuple[Constraint, ...] = ()


CLAUSES: Final = (
    "warranty",
    "liability",
    "ip-in",
    "ip-out",
    "trained-models",
    "security",
    "forum",
    "exit",
)
"""What every offer settles with a clause of the templates; their text stands in `texts/`, in each language."""

FORCE: Final[Mapping[str, Force]] = {
    # what cannot be had here without leave is enforced; what is done with rows that left, nobody here sees
    Action.READ: Force.ENFORCED,
    Action.QUERY: Force.ENFORCED,
    Action.TRAIN: Force.ATTESTED,
    Action.COMBINE: Force.ATTESTED,
    Action.EXPORT: Force.ATTESTED,
    Action.DERIVE: Force.ATTESTED,
    Operand.PURPOSE: Force.ATTESTED,
    Operand.RECIPIENT: Force.ENFORCED,
    Operand.JURISDICTION: Force.ENFORCED,
    Operand.DESTINATION: Force.ATTESTED,  # beside it, corridors and orders are enforced
    Operand.SENSITIVITY: Force.ENFORCED,
    Operand.MARKING: Force.ENFORCED,
    Operand.VERSION: Force.ENFORCED,
    Operand.RECIPROCITY: Force.ENFORCED,
    Operand.LEVEL: Force.ATTESTED,  # the signature is checked, but of what level it is, its signer says
    Operand.CREDENTIAL: Force.ENFORCED,
    Operand.EXPIRY: Force.ENFORCED,
    **dict.fromkeys(DutyKind, Force.ATTESTED),
    **dict.fromkeys(CLAUSES, Force.LEGAL),
    "automatic": Force.ENFORCED,
    "law": Force.LEGAL,
}
"""What makes each term hold; where it is half one and half another, the weaker. docs/offers.md argues each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a standard's stewards allow whoever agrees to it."""

    standard: StandardId
    number: int  # 1 is the first; a later one takes the place of those before
    permissions: tuple[Permission, ...]
    prohibitions: tuple[Prohibition, ...] = ()
    clauses: Mapping[str, str] = field(default_factory=dict)  # of each of CLAUSES: the variant of the template
    automatic: bool = False  # countersigned at once when whoever signs meets all that can be checked
    law: str = ""  # ISO 3166-1 alpha-2 of the law that the agreement is under

    def permission(self, action: Action) -> Permission | None:
        """The permission that an action stands in."""
        return next((one for one in self.permissions if action in one.actions), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedOffer:
    """An offer as it stands in the log."""

    standard: str = field(metadata={"key": True})
    number: int = field(metadata={"key": True})
    text: str  # the ODRL JSON, RFC 8785
    digest: str  # its SHA-256
    texts: Mapping[str, str]  # language → SHA-256 of the text that a person reads
    statement: str
    index: int
    issued: str  # ISO 8601 instant: from it the notice of those before runs


class AgreementState(StrEnum):
    """Where an agreement is; DSP 2025-1's states of a negotiation, and what comes after the last of them."""

    REQUESTED = "requested"  # a member asked for terms
    OFFERED = "offered"  # the stewards named them
    ACCEPTED = "accepted"  # the member signed
    AGREED = "agreed"  # the stewards signed too
    VERIFIED = "verified"  # the member checked their signature
    FINALISED = "finalised"  # logged: it is in force
    SUSPENDED = "suspended"
    ENDED = "ended"


CHANGED: Final = (AgreementState.SUSPENDED, AgreementState.FINALISED, AgreementState.ENDED)
"""What an agreement in force can become by a statement: held up, in force again, over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What a member signed and the stewards countersigned, as the log tells it."""

    id: str = field(metadata={"key": True})  # the agreement statement
    member: str
    standard: str
    offer: str  # the offer's statement
    purposes: tuple[str, ...]  # of the offer's, those that the member signed for
    destination: str  # ISO 3166-1 alpha-2 of where the member keeps what it takes
    level: Level
    state: AgreementState
    since: int  # log index
    expires: str | None = None  # ISO 8601 instant
    changed: int | None = None  # log index of its last suspension, resumption or end
    reason: str | None = None  # of that change
    barred: bool = False  # ended by the dam, or while suspended: no automatic rule signs the next one
    stops: tuple[str, ...] | None = None  # of a guest's: which dam suspended it, `model.HERE` or `model.HOME` or both


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """An offer that a member signed and that waits for the stewards, or that they declined."""

    id: str = field(metadata={"key": True})  # id of the member's half-signed statement
    member: str
    standard: str
    envelope: str
    received: str
    status: str = "pending"  # pending, declined
    reason: str | None = None
