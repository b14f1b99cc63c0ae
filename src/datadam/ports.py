"""What a dam needs of the world: each a Protocol with one behaviour suite that every adapter passes."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, TypeVar

from datadam.migration import Step
from datadam.model import Attribution, Column, FileFact, Json, Layout, Reason, Source, Standard, Tally
from datadam.plan import Fault, Plan
from datadam.privacy.grouping import Left, Opening
from datadam.privacy.recipe import Key, Recipe
from datadam.privacy.sensitivity import Mechanism
from datadam.protections import Aggregate, Clip, Gates

if TYPE_CHECKING:
    from datadam.seal import Signer as SealSigner

Record = TypeVar("Record")

Clock = Callable[[], datetime]
"""The time, in UTC."""

Progress = Callable[[str, int, int | None], None]
"""Told (stage, rows or bytes done, of how many if known); may raise to stop the work."""


class Secrets(Protocol):
    """Keys that never leave this node. A missing one is `Unavailable`, and the dam does not start."""

    def private_key(self, name: str) -> dict[str, str]:
        """Give the private JWK called `name` (`sign`, `log`; `cosign`, which is made on first use)."""
        ...

    def next_key(self, name: str) -> dict[str, str]:
        """Give the private JWK that comes after the one called `name`, durable; the first call makes it."""
        ...

    def advance(self, name: str, kid: str) -> None:
        """See that the key called `name` is the one with that thumbprint, and keep the one before as its last.

        `Unavailable` where neither it nor the next one is; done already is fine, so that a crash can be mended.
        """
        ...

    def former_key(self, name: str) -> dict[str, str] | None:
        """Give the private JWK that came before the one called `name`, while it is kept."""
        ...

    def drop_former(self, name: str) -> None:
        """Destroy the key that came before; none is fine."""
        ...

    def secret(self, name: str) -> bytes:
        """32 bytes for `name`: `unit-<domain>`, `share`, `url`, `rows`, `round-<id>`; most are made on first use."""
        ...

    def destroy(self, name: str) -> None:
        """Destroy a secret that was made on first use; from then on the name has another. None is fine."""
        ...


Signer: TypeAlias = "SealSigner"
"""What signs with a key that is held elsewhere; `seal` asks it, and believes no signature that does not hold."""


class TrustList(Protocol):
    """The authorities whose certificates prove to this dam who an organisation is."""

    def roots(self) -> Sequence[bytes]:
        """Their certificates as DER, as they are now."""
        ...


class Bodies(Protocol):
    """Statement bodies and profiles, content-addressed by SHA-256, durable before `put` returns."""

    def put(self, id: str, data: bytes) -> None:
        """Keep `data` under `id`; the same again is fine, other data under a held id is `Untrusted`."""
        ...

    def put_all(self, items: Sequence[tuple[str, bytes]]) -> None:
        """Keep all, with one wait for the disk."""
        ...

    def get(self, id: str) -> bytes:
        """The bytes kept under `id`, or `NotFound`."""
        ...

    def erase(self, id: str) -> None:
        """Remove the body for good; an absent one is fine."""
        ...

    def ids(self) -> Iterator[str]:
        """Every id held, in any order."""
        ...


class Log(Protocol):
    """An append-only Merkle log of entries (C2SP tlog-tiles, RFC 6962 hashing). Signs nothing: the ledger does."""

    @property
    def size(self) -> int:
        """Number of durable entries."""
        ...

    @property
    def root(self) -> bytes:
        """Root hash of all entries, 32 bytes."""
        ...

    @property
    def stopped(self) -> bool:
        """Whether it takes nothing more until it is opened anew, as after a failure of the disk."""
        ...

    def append(self, entries: Sequence[bytes]) -> int:
        """Make `entries` durable in one batch; the index of the first."""
        ...

    def entry(self, index: int) -> bytes:
        """The entry at `index`, or `NotFound`."""
        ...

    def leaf_hash(self, index: int) -> bytes:
        """The leaf hash at `index`."""
        ...

    def entries(self, start: int = 0) -> Iterator[bytes]:
        """Every entry from `start` on, in order."""
        ...

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """The audit path of `index` in the tree of the first `size` entries."""
        ...

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """The proof that the first `new` entries extend the first `old`."""
        ...

    def publish(self, checkpoint: str) -> None:
        """Make the signed checkpoint visible, after everything that it covers is durable."""
        ...

    def checkpoint(self) -> str:
        """The last published checkpoint note, or `NotFound`."""
        ...


class Rows(Protocol):
    """What a Store offers inside a transaction: model.py's frozen dataclasses, told apart by their `key` fields."""

    def put(self, record: object) -> None:
        """Insert, or replace the record with the same key."""
        ...

    def put_all(self, records: Sequence[object]) -> None:
        """The same for many records of one kind, of which no two have one key."""
        ...

    def get(self, kind: type[Record], *key: str) -> Record | None:
        """The record with that key, or None."""
        ...

    def find(self, kind: type[Record], /, **equals: object) -> list[Record]:
        """All records whose fields equal, ordered by key."""
        ...

    def newest(self, kind: type[Record], by: str, most: int, /, **equals: object) -> list[Record]:
        """At most so many records whose fields equal, greatest of the number field `by` first; no others are read."""
        ...

    def remove(self, record: object) -> None:
        """Delete the record with that key; an absent one is fine."""
        ...

    def note(self, name: str, value: str) -> None:
        """Keep a named text, for example the log size that was applied."""
        ...

    def noted(self, name: str) -> str | None:
        """The text kept under `name`, or None."""
        ...


class Store(Protocol):
    """Control state: never rows of data. Reads see one consistent state; a transaction is all or nothing."""

    def transaction(self) -> AbstractContextManager[Rows]:
        """Write: commits durably on success, changes nothing on an exception. One at a time."""
        ...

    def read(self) -> AbstractContextManager[Rows]:
        """Read: never blocks on a writer for long; writing is an error."""
        ...

    def scrub(self) -> None:
        """Leave no trace, on any disk, of what was deleted; `Unavailable` while somebody reads an older state."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeFile:
    """A data file of a reservoir at one version."""

    path: Path  # absolute
    name: str  # relative to the table
    tag: str  # partition: the contributor's opaque tag
    size: int


class Lake(Protocol):
    """Reservoirs as tables of Parquet files (Delta Lake)."""

    def create(self, standard: str, columns: Sequence[Column]) -> None:
        """Make the reservoir if there is none; add columns that it lacks; any other difference is `Invalid`."""
        ...

    def place(self, standard: str, tag: str, deposit: str) -> Path:
        """A path in the table's folder for this deposit's admitted rows, not yet visible. Same arguments, same path."""
        ...

    def append(self, standard: str, tag: str, deposit: str, files: Sequence[FileFact]) -> int:
        """Make the files visible in one commit, once: look, commit, look again. The version that has them."""
        ...

    def holds(self, standard: str, deposit: str) -> bool:
        """Whether that deposit is visible."""
        ...

    def files(self, standard: str) -> list[LakeFile]:
        """The visible files now, ordered by name; empty when there is no such reservoir."""
        ...

    def digest(self, path: Path) -> str | None:
        """SHA-256 of a file that `place` or `files` named, read anew; None when it is gone."""
        ...

    def forget(self, standard: str, tag: str, deposit: str) -> None:
        """Remove what `place` gave for a deposit that was never sealed."""
        ...

    def replace(
        self, standard: str, tag: str, deposit: str, files: Sequence[FileFact], *, gone: Collection[str]
    ) -> int:
        """Make the files visible and those of the deposits in `gone` invisible, in one commit, once.

        Nobody ever sees both, or neither. The version that has it.
        """
        ...

    def erase(self, standard: str, deposits: Collection[str]) -> None:
        """Leave no trace of these deposits: not visible, no files, nothing in the table's history.

        Whatever stopped it, the same again goes on. A deposit that was visible stays known as such: `holds`.
        """
        ...

    def traces(self, standard: str, deposits: Collection[str]) -> list[Path]:
        """Every file of these deposits in the table's folder, visible or not."""
        ...


SYSTEM_COLUMNS: Final = ("_deposit", "_row", "_key")
"""Stored beside the standard's columns: deposit id (text), row number from 0 in the file as sent (int64),
and the 16-byte seeded hash of the stored key columns (binary; null where the standard repeats freely)."""


class Engine(Protocol):
    """Reads a contributor's file and runs a Plan over it. Only an engine touches rows."""

    def look(self, source: Source, *, samples: int = 20) -> Layout:
        """The file's header, physical types and first values. A file that cannot be read is `Invalid`."""
        ...

    def run(self, plan: Plan, source: Source, into: "Outputs", progress: Progress) -> Tally:
        """Judge every row by every rule in one pass; write admitted rows and rejects; see `Outputs`.

        A file that cannot be read to its end, or whose columns are not those of the plan, is `Invalid`, and neither
        output stays. The same plan, file and keys give the same rows. Whatever `progress` raises comes out of here.
        """
        ...

    def faults(self, plan: Plan, rejects: Path, limit: int) -> list[Fault]:
        """The first `limit` faults of a run, by row and rule: what was sent, and which rule it broke."""
        ...

    def return_rejects(self, plan: Plan, rejects: Path, into: Path, reasons: Mapping[str, str]) -> FileFact:
        """Write the rejected rows as CSV, in the sender's own columns and order, with one more column: `reason`.

        `reasons` says each rule's sentence by its id; values stay as they were sent, because they are the sender's own.
        """
        ...


class Profiler(Protocol):
    """Looks at every value of a file's columns, before anything is mapped: what a sample would only suggest."""

    def profile(self, source: Source, columns: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Column → probe of `readings` → how many of its values match, counted in one streaming pass."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Where a run writes, and the keys it may use; keys never enter a Plan or a file."""

    admitted: Path  # Parquet of the standard's stored columns and SYSTEM_COLUMNS
    rejects: (
        Path  # Parquet: `_row`, `_failed` (int64 bit mask: bit b = plan.rules[b]), then the columns as sent, as text
    )
    deposit: str
    unit_keys: Mapping[str, bytes]  # pseudonym domain → 32-byte key
    key_secret: bytes  # for `_key`
    held: Sequence[Path] = ()  # this contributor's own files that are visible now, for `repeat: refuse`


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyOrder:
    """A file that was judged, to be looked over as a whole, and what of the contributor's own may be looked at beside.

    Nobody else's rows are named here, and so nothing that is found can depend on them.
    """

    standard: Standard
    plan: Plan
    admitted: Path | None  # as a run wrote them; None where there are no such rows
    rejects: Path | None
    held: Sequence[Path] = ()  # this contributor's own earlier files, newest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about a file that its contributor may want to look at: a warning with its reason, never a verdict."""

    reason: Reason
    rows: tuple[int, ...] = ()  # the first rows concerned, from 0 in the file as sent
    count: int = 0  # how many rows in all


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a file shows as a whole: what a surveyor found, and what the run's tally told of each column."""

    findings: tuple[Finding, ...] = ()
    columns: Mapping[str, Json] = field(default_factory=dict)


class Surveyor(Protocol):
    """Looks a judged file over as a whole. It changes nothing, and no row is refused for what it finds."""

    def survey(self, order: SurveyOrder) -> Survey:
        """All findings at once, each with the first rows concerned. The same files give the same survey."""
        ...

    def values(self, paths: Sequence[Path], column: str, limit: int) -> frozenset[str]:
        """The distinct values of a text column of served files, at most `limit` of them."""
        ...

    def keys(self, paths: Sequence[Path], among: Mapping[Path, tuple[str, tuple[str, ...]]] = ...) -> int:
        """How many facts the rows of stored files report: one a distinct `_key`, and one a row that has none.

        Of a file in `among` only the rows count that hold one of the texts in the column.
        """
        ...


class PreparedWriter(Protocol):
    """Writes what a contributor prepared on its own machine as a file that any dam takes."""

    def write(self, admitted: Path, into: Path, *, columns: Sequence[str]) -> FileFact:
        """Write these columns of admitted rows into `into`: Parquet if it ends so, else CSV, in the standard's names.

        Exact: a dam reads from it the values that were admitted.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareOrder:
    """What to write for a release."""

    columns: tuple[Column, ...]  # of the standard, as stored
    attribution: Attribution
    attributed: str | None  # name of the column that tells the contributor or country; None where nothing is told
    files: tuple["SharePart", ...]
    into: Path  # an empty folder
    order_key: bytes  # rows are ordered by a keyed hash under this key
    recipient_keys: Mapping[str, bytes]  # pseudonym domain → key for this recipient
    own_keys: Mapping[str, bytes]  # the same for rows that the recipient contributed itself
    supersede: bool = False  # keep only the newest row of each (tag, _key)
    marking: str | None = None  # column by which rows of parts are left out
    rows_per_file: int = 1_000_000
    gate: "GroupOrder | None" = None  # rows of groups that do not hold are left out, as if they had never come


@dataclass(frozen=True, slots=True, kw_only=True)
class SharePart:
    """One stored file that goes into a share."""

    path: Path
    tag: str
    sequence: int  # position of its deposit in the log: higher is newer
    contributor: str  # its id, or the pseudonym that stands for it in this share
    country: str
    own: bool  # contributed by the recipient
    columns: tuple[Column, ...] = ()  # of the version that it was deposited under, where steps are needed
    steps: tuple[Step, ...] = ()  # from there to the order's columns; none: it is read as it lies
    withheld: tuple[str, ...] = ()  # columns that are empty in its rows
    markings: tuple[str, ...] | None = None  # only rows with one of these; None: all
    apart: Mapping[str, bytes] = field(default_factory=dict)  # columns whose ids are served under keys of this part
    stage: int = 0  # in which it came, where rows leave by their groups


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOrder:
    """Rows that are judged by their groups: all of a reservoir, before anything is narrowed for anybody."""

    gates: Gates
    unit: str | None  # `contributor`, or a column; None: each row is a unit of its own
    columns: tuple[Column, ...]  # of the standard that all are read under
    files: tuple[SharePart, ...]  # each with the stage in which it came
    ends: tuple[Opening, ...] = (Opening.SURE,)  # of each stage, whether rows that came up to it left at its end
    left: tuple[Left, ...] = ()  # deposits that may have been shown, and are not there any more
    supersede: bool = False  # only the newest row of each (tag, _key) counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What gates would leave of rows, and the smallest that any group of them shows."""

    rows: int
    kept: int  # rows of groups that pass
    units: int  # k as it is
    values: int  # l as it is


class Gathered(Protocol):
    """Rows gathered by their identifying values, to be looked at again and again in coarser form."""

    def values(self, column: str) -> Sequence[Any]:
        """The distinct values of an identifying column, each once, in an order that stays."""
        ...

    def measure(self, gates: Gates, coarser: Mapping[str, Sequence[int]]) -> Measured:
        """What `gates.units` and `gates.diversity` leave where columns are coarser.

        `coarser` says for each value of a column, in that order, which number it becomes; other columns stay.
        """
        ...


class Groups(Protocol):
    """Judges rows by the values that they share in identifying columns; what it finds is for no one's eyes."""

    def leaving(self, order: GroupOrder) -> Mapping[tuple[Any, ...], int]:
        """The groups of which rows leave, by their values as stored, each with the last stage whose rows do."""
        ...

    def gather(self, order: GroupOrder) -> Gathered:
        """Rows of all stages together, of which nobody left; no row supersedes another."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleOrder:
    """What of a steward's sample is counted."""

    unit: str | None  # the column that tells units apart; None: the contributor is the unit
    rows: int | None  # of each unit, that count
    clips: Mapping[str, Clip]  # column → its clip
    identifying: tuple[str, ...] = ()
    least: int | None = None  # units behind each combination of these


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """What protections would keep of a sample, as if it were all of one period."""

    rows: int
    units: int
    kept: int  # rows within the bound
    clipped: Mapping[str, int]  # column → values that count as an end of its clip
    small: int  # rows in groups of too few units


class Sampler(Protocol):
    """Counts a prepared sample, on the machine of whoever has it."""

    def sampled(self, path: Path, order: SampleOrder) -> Sampled:
        """Count the rows of a file that `PreparedWriter` wrote as Parquet."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareFile:
    """A served file."""

    name: str
    digest: str
    size: int
    rows: int
    statistics: Mapping[str, Any] = field(default_factory=dict)  # Delta statistics: minValues, maxValues, nullCount


class ShareWriter(Protocol):
    """Makes and keeps the files that a recipient gets: merged, ordered by a keyed hash, only what was decided."""

    def schema(self, columns: Sequence[Column], attributed: str | None) -> tuple[Json, ...]:
        """What the files of such a share hold: {name, type, nullable}, types named as Delta names them."""
        ...

    def place(self, standard: str, recipient: str, version: int) -> Path:
        """An empty folder for that version of a share; what a crash left there is removed."""
        ...

    def write(self, order: ShareOrder) -> list[ShareFile]:
        """Write the share into `order.into`; no rows are no files."""
        ...

    def path(self, standard: str, recipient: str, version: int, name: str) -> Path:
        """A served file, or `NotFound`."""
        ...

    def digest(self, standard: str, recipient: str, version: int, name: str) -> str | None:
        """SHA-256 of a served file, read anew; None when it is gone."""
        ...

    def clear(self, standard: str, recipient: str, keep: Collection[int], *, upto: int | None = None) -> None:
        """Remove every version of a share, up to that one where it is given, but those to keep."""
        ...

    def erase(self, standard: str, keep: Mapping[str, Collection[int]]) -> int:
        """Remove all that was ever written of a standard's shares but what each recipient keeps; how many versions.

        Also what a crash left half written. `Unavailable` where something cannot be removed.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionPart:
    """One stored file that goes into an edition."""

    deposit: str
    path: Path
    tag: str
    sequence: int  # position of its deposit in the log: higher is newer
    terms: str = ""  # names the restrictions that it is under; parts under the same have the same name


Marking: TypeAlias = tuple[str, tuple[str, ...]] | None
"""The column by whose values rows are left out, and those from the least strict to the strictest."""


class Editions(Protocol):
    """Frozen rows of reservoirs, kept outside every table: a file for each deposit that has rows in it."""

    def freeze(self, id: str, parts: Sequence[EditionPart], *, supersede: bool, marking: Marking = None) -> None:
        """Keep the rows of the parts under the edition's id, durably; what a crash left under it is replaced.

        With `supersede` only the newest row of each (tag, _key) among those that leave for the same askers.
        """
        ...

    def files(self, id: str) -> dict[str, Path]:
        """The file of each deposit that has rows in the edition; empty where there is no such edition."""
        ...

    def told(self, id: str) -> dict[str, str]:
        """SHA-256 of each file as it was frozen, by deposit; also of those that were erased since."""
        ...

    def digest(self, path: Path) -> str | None:
        """SHA-256 of a file that `files` named, read anew; None when it is gone."""
        ...

    def erase(self, standard: str, deposits: Collection[str]) -> int:
        """Remove the files of these deposits from every edition of a standard, also from half made ones; how many."""
        ...


RECEIVED: Final = "received"
"""Name of the received file in its deposit's folder; the sender's own name never touches the disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOrder:
    """One deposit's rows, to be bounded: what of them any later twin may draw on."""

    recipe: Recipe
    secret: bytes  # 32 bytes that key the hashes by which rows are chosen: one for each lineage
    admitted: Path  # as `Engine.run` wrote it
    tag: str  # of its contributor in this reservoir: the unit, where the contributor is the unit
    deposit: str
    steps: tuple[Step, ...] = ()  # from the version that it was deposited under; none: it is read as it lies


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """What a question asks of twins, in a recipe's own integers; no value of any row can make it fail."""

    aggregate: Aggregate  # count, distinct, sum, or histogram
    by: tuple[str, ...] = ()  # keyed columns; a cell for each combination of their public keys, the last runs fastest
    column: str | None = None  # of sum and histogram
    among: Mapping[str, frozenset[int]] = field(default_factory=dict)  # keyed column → places of keys that count
    matching: Mapping[str, frozenset[str]] = field(default_factory=dict)  # open column → texts that count
    between: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # summed column → both ends, both counted
    edges: tuple[int, ...] = ()  # of a histogram, ascending; bin i is [edge i, edge i+1), the last with its end
    valued: bool = False  # of a count: only rows that hold a value of `column`


class Twins(Protocol):
    """The privacy-bounded twins of reservoirs: of each unit the few rows that any private answer is drawn from.

    A deposit's part is made at its own size; a period's twin is its parts merged, and the same as all its rows bounded
    anew. What a unit adds to a twin depends on that unit's own rows and the secret alone.
    """

    def bound(self, order: PartOrder) -> FileFact:
        """Make a deposit's part, durable; the same order again makes the same part."""
        ...

    def parts(self, standard: str, recipe: Recipe | None = None) -> frozenset[str]:
        """The deposits that parts are held of; with a recipe, of parts that were made by it."""
        ...

    def drop(self, standard: str, deposits: Collection[str]) -> None:
        """Destroy parts, and every twin that was merged of any of them; absent ones are fine."""
        ...

    def merge(self, recipe: Recipe, name: str, deposits: Sequence[str]) -> FileFact:
        """Merge parts, given in the order of the log, into the twin `name` (`2026-Q3.1`), durable; again is fine.

        A part that is not there, or was made by another recipe, is `NotFound`.
        """
        ...

    def path(self, standard: str, name: str) -> Path:
        """Where the twin of that name lies; `NotFound` if there is none."""
        ...

    def digest(self, standard: str, name: str) -> str | None:
        """SHA-256 of the file of a twin, read anew; None when it is gone."""
        ...

    def tally(self, recipe: Recipe, twins: Sequence[Path], cells: Cells) -> Sequence[int]:
        """Exact integers over all twins together, one a cell (of a histogram one a bin of each); never to be served.

        A unit in several twins counts once where units are counted.
        """
        ...

    def tally_open(self, recipe: Recipe, twins: Sequence[Path], cells: Cells, column: str) -> Mapping[str, int]:
        """The same for a count or distinct by one open column alone: its texts with what each has."""
        ...


class Noise(Protocol):
    """Exact discrete noise, from a library that proves what it draws (OpenDP)."""

    def gaussian(self, values: Sequence[int], mechanism: Mechanism) -> Sequence[int]:
        """Each value plus discrete Gaussian noise (Canonne, Kamath and Steinke 2020); `Refused` if it would cost more.

        Values beyond 2^62 are taken for that.
        """
        ...

    def thresholded(self, values: Mapping[str, int], mechanism: Mechanism) -> Mapping[str, int]:
        """The same of values under keys that nobody knows; what stays below the threshold is left out with its key."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SumPart:
    """One stored file whose rows are summed."""

    path: Path
    contributor: str
    sequence: int  # position of its deposit in the log: higher is newer
    columns: tuple[Column, ...] = ()  # of the version that it was deposited under, where steps are needed
    steps: tuple[Step, ...] = ()  # from there to the order's columns; none: it is read as it lies


@dataclass(frozen=True, slots=True, kw_only=True)
class SumOrder:
    """What to sum, for checked tables."""

    columns: tuple[Column, ...]  # of the standard, as stored
    by: tuple[str, ...]
    measures: tuple[str | None, ...]  # columns of whole or decimal numbers; None: rows are counted
    parts: tuple[SumPart, ...]
    supersede: bool = False  # only the newest row of each (contributor, _key) counts


class Sums(Protocol):
    """Sums rows exactly, by groups and contributors; what comes out is for the dam alone."""

    def sums(self, order: SumOrder) -> Mapping[tuple[Key, ...], Mapping[str, tuple[int | None, ...]]]:
        """Each group with rows: contributor → one integer a measure, in units of the last digit of its column.

        None where its rows hold no value.
        """
        ...


class Spool(Protocol):
    """Incoming files and work in progress, outside every table."""

    def receive(self, deposit: str, chunks: Iterator[bytes], *, limit: int) -> tuple[Path, str, int]:
        """Write the chunks durably while hashing: path, SHA-256, size. Over `limit` is `Invalid`; nothing stays."""
        ...

    def begun(self, deposit: str) -> int:
        """How many bytes of a file that comes in pieces are there for good, whatever ends the process."""
        ...

    def append(self, deposit: str, chunks: Iterator[bytes], *, offset: int, limit: int) -> int:
        """Write the chunks durably after the first `offset` bytes: how many there are then.

        Another `offset` than what is there, or over `limit` in all, is `Invalid`. Whatever stops it, what came before
        is kept. One caller at a time for one deposit.
        """
        ...

    def finish(self, deposit: str) -> tuple[Path, str, int]:
        """Call what came in pieces the deposit's received file: path, SHA-256, size."""
        ...

    def beside(self, deposit: str, file: str, size: int) -> None:
        """Take room for `size` bytes in all of what is unpacked beside the deposit's file into `file`; 0 gives it back.

        What is too large for the whole spool is `Invalid`, what is too large for now is `Unavailable`.
        """
        ...

    def folder(self, deposit: str) -> Path:
        """The deposit's work folder, made if absent, owner-only."""
        ...

    def keep(self, deposit: str, name: str, data: bytes) -> None:
        """Write one small file of the work folder whole and durably, or replace it."""
        ...

    def kept(self, deposit: str, name: str) -> bytes | None:
        """What `keep` wrote, or None."""
        ...

    def discard(self, deposit: str, name: str) -> None:
        """Remove one file of the work folder; an absent one is fine."""
        ...

    def clear(self, deposit: str) -> None:
        """Remove the work folder and all in it."""
        ...


# --- witnesses --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A log that a witness watches, and what it cosigned of it last."""

    origin: str
    vkey: str
    url: str  # where the log is read
    note: str | None = None  # the last checkpoint with the log's signature and the witness's own
    time: int = 0  # Unix seconds of that cosignature
    evidence: str | None = None  # a note, signed by the log, of the same size as `note` and another root


class Watch(Protocol):
    """What a witness keeps: its key, and what it cosigned last of each log."""

    @property
    def name(self) -> str:
        """The witness's name, as its key has it."""
        ...

    @property
    def key(self) -> dict[str, str]:
        """The witness's private JWK."""
        ...

    def find(self, origin: str) -> Watched | None:
        """The log of that origin, or None."""
        ...

    def logs(self) -> list[Watched]:
        """Every log that is watched, by origin."""
        ...

    def keep(self, watched: Watched) -> None:
        """Keep what was cosigned last, durable before it returns."""
        ...


class Witness(Protocol):
    """A witness as the log that it watches reaches it (C2SP tlog-witness)."""

    @property
    def vkey(self) -> str:
        """The verifier key of its cosignatures."""
        ...

    def add_checkpoint(self, request: bytes) -> str:
        """Its signature lines for a submission.

        `Refused` (`witness.other-size`, with the size that it cosigned last), `NotFound` when it does not know the log,
        `Untrusted` when it will not cosign, `Unavailable` when it does not answer.
        """
        ...


# --- peers ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerAnswer:
    """What another dam answered to a request; nothing of it is believed yet."""

    status: int  # as HTTP has them
    body: bytes
    nonce: str | None = None  # for the next signed request


class PeerLink(Protocol):
    """The way to other dams. It carries bytes and believes nothing: requests are signed, answers are proven."""

    def send(self, url: str, method: str, path: str, *, token: str | None = None, body: bytes = b"") -> PeerAnswer:
        """One request to the dam at `url` and its answer, whatever its status.

        `path` begins with `/` and has its query; `token` is the signed request. No answer, an answer that is too large
        and one that leads elsewhere are `Unavailable` (`peer.unreachable`); an address over which anybody could answer
        is `Invalid` (`peer.url-open`).
        """
        ...


# --- backups ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What of a dam's folder belongs into a backup, where that is not everything that lies there."""

    deposits: frozenset[str]  # sealed ones: others' files in a table are not its rows yet
    ended: frozenset[str]  # deposits whose work folder changes no more
    shares: frozenset[Path]  # files of the shares that may be served


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A backup that was written."""

    path: Path
    files: int
    bytes: int
    linked: int  # files that take no room of their own


class BackupDraft(Protocol):
    """A backup that is being made."""

    def cut(self, chosen: Chosen) -> None:
        """Copy what changes in place, and note the names of what does not."""
        ...

    def keep(self, settle: Callable[[Rows], None], facts: Json, *, with_keys: bool) -> Copied:
        """Copy all that was noted, then say so; `Unavailable` (`backup.overtaken`) when some of it is gone.

        `settle` puts right what the copied database tells.
        """
        ...


class Archive(Protocol):
    """Where backups of this dam go."""

    def draft(self, into: Path, at: datetime) -> AbstractContextManager[BackupDraft]:
        """A backup that is being made in `into`, named by the time `at`; unless it is kept, nothing of it stays."""
        ...

    def drop(self, into: Path, keep: int | None, before: datetime) -> Sequence[str]:
        """Remove all but the newest `keep` backups, and those made before that time; the names of those removed."""
        ...
