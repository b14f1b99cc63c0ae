"""The nouns of a data dam. Read this file first: all others are about these."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, NewType, TypeAlias

from datadam.errors import Invalid
from datadam.protections import Budget, CheckedTable, Clip, FreeText, Gates, ReferenceQuestion

MemberId = NewType("MemberId", str)
"""`m-` and 20 hex digits of the SHA-256 of the member's first key's RFC 7638 thumbprint: it tells nothing."""
StandardId = NewType("StandardId", str)
"""Dotted lower-case words, for example `cti.indicator`."""
StatementId = NewType("StatementId", str)
"""Lower-case hex SHA-256 of a statement's payload."""
DepositId = NewType("DepositId", str)
"""The id of the deposit's manifest statement."""

Json: TypeAlias = Mapping[str, Any]
"""A JSON object as `json.loads` gives it."""
Room: TypeAlias = Callable[[str, int], None]
"""Takes room for a file of that name and so many bytes in all, or refuses; 0 bytes give it back."""

ALL: Final = "all"
"""What stands behind the `@` of a reservoir over all dams that peer; no edition is called so."""

_STANDARD_ID: Final = re.compile(r"[a-z][a-z0-9-]{0,62}(\.[a-z][a-z0-9-]{0,62}){1,3}")
_EDITION: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
_VERSION: Final = re.compile(r"(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})")
_COLUMN: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,4}")
_NUMBER_EXAMPLE: Final = re.compile(r"1[,. ']?234[.,]5")


def standard_id(text: str) -> StandardId:
    """Read a standard's id, safe as a folder and table name."""
    if not _STANDARD_ID.fullmatch(text):
        raise Invalid("standard.id-malformed", id=text[:120])
    return StandardId(text)


def table_name(text: str) -> str:
    """Read the name of a reservoir's table: its standard's id, or `<id>_<number>` of a later one; safe as a folder."""
    id, mark, number = text.partition("_")
    if mark and not _NUMBER.fullmatch(number):
        raise Invalid("standard.id-malformed", id=text[:120])
    return f"{standard_id(id)}{mark}{number}"


def edition_of(id: str) -> tuple[StandardId, str]:
    """Read `reservoir@name`, safe as a folder and table name: the reservoir, and the edition's name."""
    standard, _, name = id.partition("@")
    if not is_edition_name(name):
        raise Invalid("edition.name-malformed", name=name[:80])
    return standard_id(standard), name


def is_edition_name(text: str) -> bool:
    """Whether an edition may be called so."""
    return bool(_EDITION.fullmatch(text)) and ".." not in text


def shared_id(text: str) -> str:
    """Read what a share is made of, safe as a folder name: a reservoir's id, or an edition's."""
    if "@" in text:
        return "@".join(edition_of(text))
    return standard_id(text)


# --- members ----------------------------------------------------------------------------------------------------------


class Role(StrEnum):
    """What a member signed up to do."""

    CONTRIBUTOR = "contributor"
    CONSUMER = "consumer"
    AUDITOR = "auditor"


HERE: Final = "here"
HOME: Final = "home"
"""Which dam suspended a guest, or an agreement of one: this one, or the one that it is a member of."""


class MemberKind(StrEnum):
    """A firm or body, or a country that accedes for all under its jurisdiction."""

    ORGANISATION = "organisation"
    COUNTRY = "country"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Who signed the accession. Carries no name: that lies in the erasable profile that `profile` is the digest of."""

    id: MemberId = field(metadata={"key": True})
    kind: MemberKind
    jurisdiction: str  # ISO 3166-1 alpha-2
    roles: frozenset[str]
    under: str | None  # the country member whose accession this one came under
    profile: str | None  # SHA-256 of the profile body
    statement: str  # the accession statement
    since: int  # log index of the accession
    until: int | None = None  # log index of the exit
    authority: str | None = None  # countries: who acceded
    effective: str | None = None  # countries: ISO date from which the accession holds
    reservations: tuple[str, ...] = ()  # countries: terms that bind the firms under it
    suspended: bool = False  # nothing of others goes out to it, and nothing comes in, until it is lifted
    home: str | None = None  # of a guest: the peer that it is a member of
    stops: tuple[str, ...] | None = None  # of a guest: who suspended it, HERE or HOME or both

    @property
    def suspended_here(self) -> bool:
        """Whether this dam itself suspended it; a guest's home may have too."""
        return self.suspended and self.stops != (HOME,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A public key and the stretch of the log in which its signatures count."""

    kid: str = field(metadata={"key": True})  # RFC 7638 thumbprint
    owner: str  # member id, operator's or peer's id, `dam` or `log`
    jwk: Mapping[str, str]
    statement: str  # the statement that introduced it
    since: int
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """A member's next key on the word of two operators, because it lost the one that it had."""

    id: str = field(metadata={"key": True})  # the recovery's statement
    member: str
    kid: str  # of the new key
    operators: tuple[str, ...]
    proof: str  # SHA-256 of the body that proves anew who the member is; erasable
    until: str  # the instant before which the old key may object
    index: int
    closed: int | None = None  # log index at which it ended
    outcome: str | None = None  # recovered, objected, or left: the member did


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An accession that waits for the operator."""

    id: str = field(metadata={"key": True})  # id of the applicant's half-signed statement
    envelope: str
    profile: str  # the profile body, as JSON text
    received: str
    status: str = "pending"  # pending, approved, declined
    reason: str | None = None


# --- standards --------------------------------------------------------------------------------------------------------


class Type(StrEnum):
    """What a column holds, in every engine the same."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    NUMBER = "number"  # IEEE 754 double, only where the standard says so
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"  # UTC, microseconds


class Tier(StrEnum):
    """How strictly what was pooled is given out; a lineage may only become stricter."""

    OPEN = "open"
    AGREEMENT = "agreement"
    TABLES = "tables"
    ANSWERS = "answers"


class Attribution(StrEnum):
    """What served rows say about who contributed them."""

    CONTRIBUTOR = "contributor"
    PSEUDONYM = "pseudonym"  # its country and a name that this recipient alone knows it by, the same every time
    COUNTRY = "country"
    NONE = "none"


class Repeat(StrEnum):
    """What a newer report of the same fact (same contributor, same key) does."""

    REFUSE = "refuse"
    SUPERSEDE = "supersede"
    KEEP = "keep"


class Protection(StrEnum):
    """What happens to a column's values before they are stored."""

    KEEP = "keep"
    DROP = "drop"  # checked, then never stored
    MASK = "mask"  # all but the last `mask_keep` characters become `*`
    COARSEN = "coarsen"  # only the period, band or group that a value is of
    UNIT_ID = "unit-id"  # the keyed internal unit id; served ids are made from it per recipient


class PrivacyClass(StrEnum):
    """What a value may tell about whom."""

    PUBLIC = "public"
    BUSINESS = "business"
    CONFIDENTIAL = "confidential"
    PERSONAL = "personal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit that a quantity may arrive in: one of it is exactly `numerator / denominator` of the column's own unit."""

    symbol: str
    numerator: int
    denominator: int = 1
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A column of another reservoir."""

    reservoir: StandardId
    column: str

    @property
    def name(self) -> str:
        """As people read it: `supply.supply-edge.product`."""
        return f"{self.reservoir}.{self.column}"


class Period(StrEnum):
    """How coarse a day or an instant may be told; a week is none, because no month is made of whole ones."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coarsening:
    """How coarse a column's values are stored, in the column's own unit; exactly one of these is given."""

    period: Period | None = None  # stored is its first day or instant, in UTC
    width: Decimal | None = None  # of bands that begin at its multiples; stored is the lower edge
    edges: tuple[Decimal, ...] = ()  # where bands begin, ascending; the last has no end
    codes: str | None = None  # name of the code list that the column's own list is grouped in
    groups: Mapping[str, str] = field(default_factory=dict)  # code → group


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a Standard."""

    name: str
    type: Type
    required: bool = False
    titles: Mapping[str, str] = field(default_factory=dict)  # language → title
    descriptions: Mapping[str, str] = field(default_factory=dict)
    synonyms: tuple[str, ...] = ()  # header texts that mean this column, in any language
    scale: int = 0  # decimals: digits after the point
    precision: int = 38  # decimals: digits in all
    unit: str | None = None  # the unit that values are stored in
    units: tuple[Unit, ...] = ()  # the units that values may arrive in
    minimum: Decimal | str | None = None
    maximum: Decimal | str | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None  # anchored \A…\z, in the subset common to RE2 and Java
    codes: str | None = None  # name of a code list
    reference: Reference | None = None  # where every value must stand, as far as its contributor may read there
    values: tuple[str, ...] = ()  # a closed list given in place
    protection: Protection = Protection.KEEP
    privacy_class: PrivacyClass = PrivacyClass.BUSINESS
    domain: str | None = None  # pseudonym domain of a unit-id column
    mask_keep: int = 0
    coarsening: Coarsening | None = None
    safe_statistics: bool = False  # may minimum and maximum stand in table metadata
    markings: tuple[str, ...] = ()  # its values say how widely their row may go: least strict first
    clip: Clip | None = None  # between what its values count in private sums
    free_text: FreeText | None = None  # None: no free text is taken here
    holds: tuple[str, ...] = ()  # kinds of identifiers that its values are: those are not looked for in it


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossRule:
    """A rule over two columns of one row: `left op right`, judged only where both are present."""

    id: str
    left: str
    op: str  # one of < <= > >= = !=
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The one protected privacy unit of a Standard and how much of it may ever count."""

    unit: str  # `contributor`, or a column
    rows: int | None = None
    period: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalRoles:
    """What the parties are in the law of one space for one class of data, and on which ground: words of legal_roles."""

    data_class: PrivacyClass
    space: str
    contributor: str
    dam: str
    consumer: str
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeList:
    """A closed list of codes, and the names by which each is known (folded: `fold`)."""

    name: str  # for example iso3166-alpha3
    title: str
    origin: str
    licence: str
    codes: frozenset[str]
    aliases: Mapping[str, str]  # folded name → code; a name of two codes is not in it
    above: str | None = None  # name of the list that these codes are grouped in
    parents: Mapping[str, str] = field(default_factory=dict)  # code → code of that list


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Where one column of a new version gets the values of earlier rows from; what is not said stays as it was."""

    column: str  # of the new version
    source: str | None = None  # its name in the version before
    constant: str | None = None  # what all earlier rows hold
    numerator: int | None = None  # one of the old is exactly `numerator / denominator` of the new
    denominator: int = 1
    codes: Mapping[str, str] = field(default_factory=dict)  # old value → new


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """How rows of the version `after` are read under the one that declares this."""

    after: str
    moves: tuple[Move, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """The versioned contract of one kind of data. Valid by `standard.check`, not by birth: a draft may be wrong."""

    id: StandardId
    version: str
    titles: Mapping[str, str]
    descriptions: Mapping[str, str]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    repeat: Repeat = Repeat.REFUSE
    rules: tuple[CrossRule, ...] = ()
    tier: Tier = Tier.AGREEMENT
    attribution: Attribution = Attribution.NONE
    purposes: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    stewards: tuple[str, ...] = ()
    quorum: int | None = None  # how many of the stewards must sign what comes next; None: they are only named
    notice_days: int = 0  # between what stewards propose and its publication
    bounds: Bounds = field(default_factory=lambda: Bounds(unit="contributor"))
    reject_limit: Decimal = Decimal("0.05")  # largest share of rows that may be refused in a deposit that is admitted
    synthetic: bool = False
    migration: Migration | None = None
    legal_roles: tuple[LegalRoles, ...] = ()
    combining: tuple[str, ...] = ()  # members that may be told which rows of several contributors are about one person
    gates: Gates | None = None
    budget: Budget | None = None  # of private answers
    reference: ReferenceQuestion | None = None  # the question by which that budget's worth is told
    tables: tuple[CheckedTable, ...] = ()

    @property
    def marking(self) -> Column | None:
        """The column whose values say how widely their row may go; None where rows are not marked."""
        return next((column for column in self.columns if column.markings), None)

    def column(self, name: str) -> Column:
        """The column called `name`."""
        for column in self.columns:
            if column.name == name:
                return column
        raise Invalid("standard.column-unknown", standard=self.id, column=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedStandard:
    """A Standard as it stands in the log: the exact bytes that were signed."""

    id: str = field(metadata={"key": True})
    version: str = field(metadata={"key": True})
    text: str  # the ODCS YAML
    statement: str
    index: int
    stewards: tuple[str, ...] | None = None  # this and what follows only where a quorum of them decides what comes next
    quorum: int | None = None
    notice_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprecation:
    """The day until which deposits under one version of a standard are taken."""

    standard: str = field(metadata={"key": True})
    version: str = field(metadata={"key": True})
    until: str  # ISO 8601 date, that day included
    index: int


# --- layouts and mappings ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a file's bytes become rows: found or declared where it is sent from, shown, signed, and obeyed by the dam.

    Lines and sheet rows are counted from 1, as the sender sees them.
    """

    format: str = "csv"  # one of FORMATS
    compression: str | None = None  # gzip, zstd or zip
    encoding: str = "utf-8"  # of text: one of formats.encodings.ENCODINGS
    separator: str = ","  # of a CSV, as is what follows
    quote: str = '"'  # empty: quotation marks mean nothing
    newline: str = "\n"  # with or without a carriage return before it; or the bare `\r` of old
    sheet: str | None = None  # of a workbook
    header_row: int = 1
    first_row: int | None = None  # of the data; None: the one below the header
    last_row: int | None = None  # of the data; None: the last there is
    parts: tuple[tuple[str, int], ...] = ()  # a folder packed into one zip: the name and rows of each file, in order

    def place(self, row: int) -> tuple[str | None, int]:
        """In which part a row stands, and which row of it that is; both from 0."""
        for name, rows in self.parts:
            if row < rows:
                return name, row
            row -= rows
        return None, row


FORMATS: Final = ("csv", "parquet", "json", "jsonl", "arrow", "xlsx", "stix")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file to read: where it lies, how it is written, and what its sender calls it."""

    path: str
    format: str  # one of FORMATS
    name: str
    reading: Reading | None = None  # None: UTF-8, nothing above the header, the separator that the header uses most
    room: Room | None = field(default=None, compare=False, repr=False)  # None: as much as the disk has


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a contributor's file is laid out: its header and a few values of each column, as text."""

    columns: tuple[str, ...]
    types: tuple[str, ...]  # physical type of each column; `text` for CSV
    samples: tuple[tuple[str, ...], ...] = ()  # per column
    reading: Reading | None = None  # how the file was read to see this


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberForm:
    """How a sender writes numbers: the decimal sign, and what stands between groups of three digits."""

    decimal: str = "."  # or ,
    group: str = ""  # or , . ' or a blank, which stands for no-break and narrow ones as well

    def __post_init__(self) -> None:
        if self.decimal not in {".", ","} or self.group not in {"", ",", ".", " ", "'"} or self.decimal == self.group:
            raise Invalid("mapping.number-form", form=self.example[:20])

    @property
    def example(self) -> str:
        """The form by its example, which is how it is written down: `1.234,5`."""
        return f"1{self.group}234{self.decimal}5"


def number_form(text: str) -> NumberForm:
    """Read a form from its example, `1234.5` to `1'234,5`."""
    if not _NUMBER_EXAMPLE.fullmatch(text):
        raise Invalid("mapping.number-form", form=text[:20])
    return NumberForm(decimal=text[-2], group=text[1:-5])


class DateForm(StrEnum):
    """How a sender writes days: their order, or Excel's serial numbers in one of its two systems."""

    YMD = "ymd"  # 2024/3/5, 2024. 3. 5., 2024년 3월 5일, 2024年3月5日, 令和6年3月5日, 20240305
    DMY = "dmy"
    MDY = "mdy"
    EXCEL_1900 = "excel-1900"
    EXCEL_1904 = "excel-1904"


def date_form(text: str) -> DateForm:
    """Read the name of a date form."""
    if text not in set(DateForm):
        raise Invalid("mapping.date-form", form=text[:20], known=", ".join(DateForm))
    return DateForm(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Where one standard column's values come from: a source column, or one constant for the whole file."""

    column: str  # of the standard
    source: str | None = None  # of the file
    constant: str | None = None
    unit: str | None = None  # the unit that the whole column arrives in
    unit_source: str | None = None  # or the file's column that names it row by row
    number: NumberForm | None = None  # how its numbers are written, where not as `1234.5`
    dates: DateForm | None = None  # how its days are written, where not as `2024-03-05`


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpivot:
    """A wide table made long: each of `columns` becomes a row of its own, named by the text beside it."""

    names_to: str  # the standard column that the headers tell, a year for instance
    values_to: str  # the standard column that their values are
    columns: Mapping[str, str]  # header → what it says, `2024년` → `2024`


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A confirmed mapping of a file's columns to a Standard."""

    standard: StandardId
    version: str
    feeds: tuple[Feed, ...]
    dropped: tuple[str, ...] = ()  # source columns that the contributor left out, by name
    unpivot: Unpivot | None = None  # its two columns need no source: a feed of theirs only says how to read them


# --- deposits ---------------------------------------------------------------------------------------------------------


class Stage(StrEnum):
    """How far a deposit has come; each is durable before the next begins."""

    ANNOUNCED = "announced"  # manifest held
    RECEIVED = "received"  # the file lies in the spool and matches the manifest
    JUDGED = "judged"  # admitted and rejected rows are written and synced
    SEALED = "sealed"  # the outcome is in the log: it WILL be visible
    COMMITTED = "committed"  # visible
    REFUSED = "refused"  # nothing was committed; the rejects say why
    WITHDRAWN = "withdrawn"  # its contributor took it back


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A deposit under way: the journal that a restart rolls forward or forgets."""

    id: DepositId = field(metadata={"key": True})
    contributor: str
    standard: str
    version: str
    envelope: str  # the signed manifest
    stage: str
    received: str
    facts: Json = field(default_factory=dict)  # what later stages need: paths, tally, tag
    fault: Json | None = None  # code and facts of what stopped it


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """A sealed deposit, as the log tells it."""

    id: DepositId = field(metadata={"key": True})
    contributor: str
    standard: str
    version: str
    file_digest: str
    fit_digest: str
    outcome: str  # statement id
    index: int  # log index of the outcome
    tag: str  # the contributor's opaque partition in this reservoir
    admitted: int
    rejected: int
    files: tuple[Json, ...]  # {name, digest, size, rows}, names relative to the table


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A deposit that its contributor took back, as the log tells it: served no more from `index` on."""

    deposit: DepositId = field(metadata={"key": True})
    contributor: str
    standard: str
    statement: str  # the withdrawal
    index: int  # its place in the log
    issued: str  # when its signer says that it was signed
    replaced_by: str | None = None  # the deposit that came in its place
    purge: str | None = None  # the statement that tells what was erased
    purged: int | None = None  # its place in the log


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A reservoir's rows as they stood at a log index, under a name that can be cited."""

    standard: str = field(metadata={"key": True})
    name: str = field(metadata={"key": True})
    version: str  # of the standard, whose columns it has
    upto: int  # of the deposits before this log index
    batch: int  # those that made whole batches of so many contributors
    digest: str  # of what is in it: `edition.digest_of`
    statement: str
    index: int
    revision: int = 0  # how often withdrawals took rows from it
    replaces: str | None = None  # the statement that stood before such a withdrawal

    @property
    def id(self) -> str:
        """What it is opened and cited by."""
        return f"{self.standard}@{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFact:
    """A file that an engine wrote: all that a statement or a table commit needs to say of it."""

    path: str
    digest: str  # SHA-256, hex
    size: int  # bytes
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a run over a file found."""

    rows: int
    admitted: int
    rejected: int
    faults: Mapping[str, int]  # rule id → rows that broke it
    files: tuple[FileFact, ...]  # the admitted rows
    rejects: FileFact | None
    columns: Mapping[str, Json] = field(default_factory=dict)  # how each spreads: see `adapters.polars_columns`


# --- taking out -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A plain leave for one member to take rows of one standard; agreements take its place."""

    id: str = field(metadata={"key": True})  # the grant statement
    member: str
    standard: str
    since: int
    expires: str | None = None  # ISO 8601 instant
    until: int | None = None  # log index of its revocation


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Who wants what out."""

    member: MemberId | None  # None: a stranger
    standard: StandardId
    purpose: str | None = None  # None: the one of the agreement
    action: str = "read"  # of `terms.Action`
    destination: str | None = None  # where it is taken, ISO 3166-1 alpha-2; None: where the agreement says


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that failed: its code names the sentence, its facts fill that in."""

    code: str
    facts: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """Yes, and on what basis."""

    basis: str  # `open`, or the id of a grant


@dataclass(frozen=True, slots=True)
class Deny:
    """No, with every rule that failed."""

    reasons: tuple[Reason, ...]


Decision: TypeAlias = Allow | Deny


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A member's Ask that was answered, as the log tells it."""

    id: str = field(metadata={"key": True})  # statement id
    member: str
    standard: str
    action: str
    allowed: bool
    index: int
    facts: Json | None = None  # what restrictions look at: purpose, roles, jurisdiction, destination, now


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The files that were made for one release, until they are made anew."""

    standard: str = field(metadata={"key": True})
    recipient: str = field(metadata={"key": True})  # a member id, or `*` where all get the same files
    version: int  # the share's own count, from 0
    made: str  # ISO 8601 instant
    upto: int  # log size that it was made from
    deposits: tuple[str, ...]  # whose rows are in it
    files: tuple[Json, ...]  # {name, digest, size, rows, statistics}
    schema: tuple[Json, ...]  # {name, type, nullable}
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """An allowed Ask, as the log tells it."""

    id: str = field(metadata={"key": True})  # statement id
    member: str
    standard: str
    share_version: int
    index: int
    version: str | None = None  # of the standard; this and what follows only where it names a decision
    decision: str | None = None  # the statement that allowed it
    action: str | None = None  # that it allowed, of `terms.Action`
    deposits_digest: str | None = None  # keyed: whose rows were in it
    basis: str | None = None  # on which it was allowed: `open`, a grant or an agreement
    recipient: str | None = None  # of the share: it counts versions for each of its recipients


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token that was given out; only its hash is kept."""

    hash: str = field(metadata={"key": True})
    member: str
    expires: str
    standard: str | None = None  # a share profile reads one reservoir; a login has none
    at: int = 0  # log size when it was given out: a later key of its member ends it
    revoked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A one-time id that must not come twice (RFC 7523 `jti`)."""

    id: str = field(metadata={"key": True})
    expires: str


# --- statements -------------------------------------------------------------------------------------------------------


class Kind(StrEnum):
    """Every kind of statement there is; a new one is one schema and one test."""

    DAM = "dam"  # the first entry: this dam's own keys
    MEMBER = "member"  # an accession: of an organisation, or of a country
    DECLINE = "decline"  # an application, or a signed offer, that the operator declined
    KEY = "key"  # a member's next key
    ROTATION = "rotation"  # the next key of the dam's own: for its statements, or for its log
    RETIREMENT = "retirement"  # from here on the dam's key before counts no more
    OPERATOR = "operator"  # the key of a person who may vouch for a member that lost its own
    OPERATOR_EXIT = "operator-exit"  # that person vouches no more
    RECOVERY = "recovery"  # two operators vouch for a next key of a member that lost its own; it does not count yet
    OBJECTION = "objection"  # the member, with the key that was said to be lost, stops a recovery
    RECOVERED = "recovered"  # nobody objected in time: from here on only the new key counts
    EXIT = "exit"  # a member or a country leaves
    RESERVATION = "reservation"  # what a country asks of all that its firms deposit
    MEMBER_CHANGE = "member-change"  # a member is suspended, or no more
    STANDARD = "standard"
    DEPRECATION = "deprecation"  # until when deposits under a version are taken
    OFFER = "offer"  # what a standard's stewards allow whoever agrees to it
    AGREEMENT = "agreement"  # a member signed for an offer, and the dam too
    AGREEMENT_CHANGE = "agreement-change"  # an agreement is suspended, resumed or ended
    MANIFEST = "manifest"  # what a contributor announces
    OUTCOME = "outcome"  # what the dam admitted of it
    GRANT = "grant"
    REVOCATION = "revocation"  # of a grant or a share profile
    RELEASE = "release"
    DECISION = "decision"  # what a member asked for, the answer, and every reason
    ERASURE = "erasure"  # a body that is gone on purpose
    WITHDRAWAL = "withdrawal"  # deposits that their contributor takes back
    PURGE = "purge"  # what the dam erased of a withdrawal, and what it cannot reach
    LAW = "law"  # a law file that the operator adopted
    ORDER = "order"  # classes of data that go to a country no more
    LIFT = "lift"  # the end of an order
    DEMAND = "demand"  # of a government, for data
    INCIDENT = "incident"  # what clocks run for
    NOTICE = "notice"  # that somebody was told of a demand, a withdrawal or an incident
    DECLARATION = "declaration"  # what no machine can see of an obligation, on the word of a named person
    MODEL = "model"  # what a member discloses of a model that it trained on what it took here
    PROPOSAL = "proposal"  # a version or an offer that stewards are to sign, with its notice
    APPROVAL = "approval"  # enough stewards signed a proposal
    COMMENT = "comment"  # what a member says of a proposal
    DISPUTE = "dispute"  # somebody disputes a row, a deposit, a decision, a standard or an offer
    DISPUTE_STEP = "dispute-step"  # a party answers, appeals, or takes back what it raised
    RULING = "ruling"  # what stewards or the operator decide about a dispute, for now or for good
    OPENING = "opening"  # that a model's provider opened bytes which it was committed to, on a demand
    ISSUER = "issuer"  # who gives credentials that this dam believes in, for which of them, and by which keys
    CREDENTIAL = "credential"  # that a member holds one
    CREDENTIAL_END = "credential-end"  # that it counts no more, before its time
    EDITION = "edition"  # a reservoir's rows, frozen under a name; anew when a withdrawal took rows from it
    TABLES = "tables"  # the checked tables of one period
    TWIN = "twin"  # the bounded rows of one period that private answers are drawn from; anew when a deposit left
    CHARGE = "charge"  # what a private answer costs, before any twin is read
    ANSWER = "answer"  # a private answer
    CAP = "cap"  # how much a contributor lets be spent on its rows
    PEERING = "peering"  # what this dam and another agreed, with the other's keys
    PEERING_END = "peering-end"
    PEER_CONTACT = "peer-contact"  # a peer was not heard for longer than agreed, or is heard again
    PEER_FAULT = "peer-fault"  # what a peer did that it must not, with the evidence
    ADOPTION = "adoption"  # a statement of a peer's log that binds here too
    CLOSED_ADOPTION = "closed-adoption"  # the same of one whose body is not for everybody
    GUEST = "guest"  # a member of a peer that takes part here
    ROUND = "round"  # two dams announce that they look for hidden shared suppliers, with their keys for it
    COMMITMENT = "commitment"  # by which list a member takes part in a round, or asks another member
    MATCH = "match"  # what came of a round, for the dam or for one maker
    SHOWING = "showing"  # a member asks the makers of a round to show it what came of it, on terms that it signs
    CONSENT = "showing-consent"  # a maker agrees to these terms, and seals what it read
    SHOWN = "shown"  # the dam showed that to the member that asked, or refused it


class Class(StrEnum):
    """Who may read a statement's body: everybody, or its parties and auditors."""

    REGISTRY = "registry"
    ACTIVITY = "activity"


CLASS_OF: Final[Mapping[Kind, Class]] = {
    Kind.DAM: Class.REGISTRY,
    Kind.MEMBER: Class.REGISTRY,
    Kind.DECLINE: Class.ACTIVITY,
    Kind.KEY: Class.REGISTRY,
    Kind.ROTATION: Class.REGISTRY,
    Kind.RETIREMENT: Class.REGISTRY,
    Kind.OPERATOR: Class.REGISTRY,
    Kind.OPERATOR_EXIT: Class.REGISTRY,
    Kind.RECOVERY: Class.REGISTRY,
    Kind.OBJECTION: Class.REGISTRY,
    Kind.RECOVERED: Class.REGISTRY,
    Kind.EXIT: Class.REGISTRY,
    Kind.RESERVATION: Class.REGISTRY,
    Kind.MEMBER_CHANGE: Class.ACTIVITY,
    Kind.STANDARD: Class.REGISTRY,
    Kind.DEPRECATION: Class.REGISTRY,
    Kind.OFFER: Class.REGISTRY,
    Kind.AGREEMENT: Class.ACTIVITY,
    Kind.AGREEMENT_CHANGE: Class.ACTIVITY,
    Kind.MANIFEST: Class.ACTIVITY,
    Kind.OUTCOME: Class.ACTIVITY,
    Kind.GRANT: Class.ACTIVITY,
    Kind.REVOCATION: Class.ACTIVITY,
    Kind.RELEASE: Class.ACTIVITY,
    Kind.DECISION: Class.ACTIVITY,
    Kind.ERASURE: Class.REGISTRY,
    Kind.WITHDRAWAL: Class.ACTIVITY,
    Kind.PURGE: Class.ACTIVITY,
    Kind.LAW: Class.REGISTRY,
    Kind.ORDER: Class.REGISTRY,
    Kind.LIFT: Class.REGISTRY,
    Kind.DEMAND: Class.ACTIVITY,
    Kind.INCIDENT: Class.ACTIVITY,
    Kind.NOTICE: Class.ACTIVITY,
    Kind.DECLARATION: Class.ACTIVITY,
    Kind.MODEL: Class.REGISTRY,
    Kind.PROPOSAL: Class.REGISTRY,
    Kind.APPROVAL: Class.REGISTRY,
    Kind.COMMENT: Class.REGISTRY,
    Kind.DISPUTE: Class.ACTIVITY,
    Kind.DISPUTE_STEP: Class.ACTIVITY,
    Kind.RULING: Class.ACTIVITY,
    Kind.OPENING: Class.ACTIVITY,
    Kind.ISSUER: Class.REGISTRY,
    Kind.CREDENTIAL: Class.ACTIVITY,
    Kind.CREDENTIAL_END: Class.ACTIVITY,
    Kind.EDITION: Class.REGISTRY,
    Kind.TABLES: Class.REGISTRY,
    Kind.TWIN: Class.ACTIVITY,
    Kind.CHARGE: Class.ACTIVITY,
    Kind.ANSWER: Class.ACTIVITY,
    Kind.CAP: Class.ACTIVITY,
    Kind.PEERING: Class.REGISTRY,
    Kind.PEERING_END: Class.REGISTRY,
    Kind.PEER_CONTACT: Class.REGISTRY,
    Kind.PEER_FAULT: Class.REGISTRY,
    Kind.ADOPTION: Class.REGISTRY,
    Kind.CLOSED_ADOPTION: Class.ACTIVITY,
    Kind.GUEST: Class.REGISTRY,
    Kind.ROUND: Class.REGISTRY,
    Kind.COMMITMENT: Class.ACTIVITY,
    Kind.MATCH: Class.ACTIVITY,
    Kind.SHOWING: Class.ACTIVITY,
    Kind.CONSENT: Class.ACTIVITY,
    Kind.SHOWN: Class.ACTIVITY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A signed fact, opened but not yet believed: `seal.verify` says whose signatures hold."""

    id: StatementId
    kind: Kind
    body: Json  # the whole payload: v, kind, salt, issued and what the kind adds
    payload: bytes  # RFC 8785
    signatures: tuple[Mapping[str, str], ...]  # {protected, signature}, base64url

    @property
    def clazz(self) -> Class:
        """Who may read the body."""
        return CLASS_OF[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A statement together with where the log has it."""

    index: int
    statement: Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The log's root at a size (C2SP tlog-checkpoint)."""

    origin: str
    size: int
    root: bytes  # 32 bytes


def fold(text: str) -> str:
    """A text as it is compared when case, width, accents' encoding and outer blanks do not matter (NFKC, casefold)."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def instant(moment: datetime) -> str:
    """RFC 3339 UTC with whole seconds, the only way that instants are written here."""
    return moment.isoformat(timespec="seconds")[:19] + "Z"


def moment(text: str) -> datetime:
    """Read an ISO 8601 instant that names its offset, in UTC; half a day could hang on a guess of it."""
    try:
        read = datetime.fromisoformat(text)
        if read.tzinfo is not None:
            return read.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError) as error:  # an offset can lead out of the years that there are
        raise Invalid("text.instant-malformed", value=text[:40]) from error
    raise Invalid("text.instant-no-offset", value=text[:40])


def version_of(text: str) -> tuple[int, int, int]:
    """Read a semantic version; no pre-release parts."""
    if not _VERSION.fullmatch(text):
        raise Invalid("standard.version-malformed", version=text[:40])
    major, minor, patch = (int(part) for part in text.split("."))
    return major, minor, patch


def is_column_name(text: str) -> bool:
    """Whether `text` may name a column: lower-case letters, digits, underscore, 63 at most."""
    return _COLUMN.fullmatch(text) is not None


def day(text: str) -> date:
    """Read an ISO 8601 date."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("text.date-malformed", value=text[:40]) from error
