"""The embedded engine: Polars streaming, one pass over the file, two outputs, exact uniqueness from the hashed keys."""

import hashlib
import io
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Final

import polars as pl

from datadam.adapters import polars_rules as rules
from datadam.adapters.durable import sync_folder
from datadam.adapters.polars_aside import Aside
from datadam.adapters.polars_columns import distributions
from datadam.adapters.polars_fast import Road, road
from datadam.adapters.polars_identifiers import Finder
from datadam.adapters.polars_merge import Merged
from datadam.adapters.polars_notes import Notes
from datadam.adapters.polars_pieces import larger, sifted
from datadam.adapters.polars_prefixes import Prefixes
from datadam.adapters.polars_read import FAILED, ROW, UNREADABLE, Opened, open_source, refuse
from datadam.adapters.polars_unfold import unfold
from datadam.errors import Invalid
from datadam.model import FileFact, Layout, Source, Tally
from datadam.plan import Check, Fault, Plan
from datadam.ports import Outputs, Progress

MAX_REJECTS: Final = 1_000_000  # rows kept to be looked at; every row is counted
COMPRESSION: Final = "snappy"  # a tenth of a deposit's CPU less than zstd at its fastest, for 1.4 times the bytes
_ARROW: Final = "ARROW:schema"  # where Parquet keeps it
_OK, _SENT = "\x01ok", "\x01s"
_MOST: Final = 0.7  # of them that take the fast one: below it, walking both costs more than it saves


@dataclass(slots=True)
class _Watch:
    """Sees rows come in within the stream: tells `progress` how many, and keeps what that raised."""

    progress: Progress
    total: int | None
    done: int = 0
    raised: BaseException | None = None
    lock: Lock = field(default_factory=Lock)

    def rows(self, numbers: pl.Series) -> pl.Series:
        with self.lock:
            if self.raised is not None:
                raise self.raised
            self.done += len(numbers)
            with self.guarded():
                self.progress("judge", self.done, self.total)
        return numbers

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Keep what is raised within this, of which Polars tells no more than the text."""
        try:
            yield
        except BaseException as error:  # also an interruption: Polars would tell a text of it
            self.raised = error
            raise


@dataclass(frozen=True, slots=True)
class _Run:
    """What every stage of a run needs."""

    plan: Plan
    source: Source
    opened: Opened
    into: Outputs
    notes: Notes  # of the admitted rows
    ids: list[pl.Expr]  # `rules.ids`, which remember the units that they met, so that every stage has the same
    finder: Finder | None = None


class PolarsEngine:
    """The `Engine` of one node: memory grows with a few row groups, not with the file."""

    def __init__(self, finder: Finder | None = None) -> None:
        """With what looks through free text beside our own forms, if there is anything."""
        self.finder = finder

    def look(self, source: Source, *, samples: int = 20) -> Layout:
        """The file's header, physical types and first values as text."""
        opened = open_source(source)
        try:
            head = opened.rows.head(samples).drop(ROW).collect(engine="streaming")
        except UNREADABLE as error:
            raise refuse(source, error) from error
        values = tuple(tuple(text for text in head[name].to_list() if text) for name in opened.columns)
        return Layout(columns=opened.columns, types=opened.types, samples=values)

    def run(self, plan: Plan, source: Source, into: Outputs, progress: Progress) -> Tally:
        """Judge every row by every rule in one pass; write admitted rows and rejects."""
        opened = open_source(source)
        plan.check_header(opened.columns)
        ids = rules.ids(plan, into.unit_keys)
        run = _Run(plan, source, unfold(plan, opened), into, _notes(plan, into), ids, self.finder)
        try:
            _judge(run, progress)
            masks = _masks(into.rejects)
            if plan.key:
                progress("unique", 0, None)
                run, moved = _move(run, _repeated(run))
                masks += moved
            if not masks and not run.notes.rows:
                raise Invalid("file.header-only", name=source.name)
            progress("digest", 0, None)
            return _tally(run, masks)
        except BaseException:  # however it ends, half a file is none
            into.admitted.unlink(missing_ok=True)
            into.rejects.unlink(missing_ok=True)
            raise
        finally:
            run.notes.prefixes.clear()

    def faults(self, plan: Plan, rejects: Path, limit: int) -> list[Fault]:
        """The first `limit` faults of a run, by row and rule."""
        first = pl.scan_parquet(rejects, glob=False).head(limit).collect()  # each row broke at least one rule
        records = first.iter_rows(named=True)
        found = (fault for record in records for fault in plan.faults(record[ROW], record[FAILED], record))
        return list(islice(found, limit))

    def return_rejects(self, plan: Plan, rejects: Path, into: Path, reasons: Mapping[str, str]) -> FileFact:
        """Write the rejected rows as CSV in the sender's own layout, with a `reason` column at the end."""
        rows = pl.scan_parquet(rejects)
        columns = [name for name in rows.collect_schema().names() if name not in {ROW, FAILED}]
        said = [
            pl.when(pl.col(FAILED) & (1 << bit) != 0).then(pl.lit(reasons.get(rule.id, rule.id)))
            for bit, rule in enumerate(plan.rules)
        ]
        last = "reason"
        while last in columns:
            last = f"{last}_"
        reason = pl.concat_str(said, separator="; ", ignore_nulls=True).alias(last)
        fresh = into.with_name(f"{into.name}.{secrets.token_hex(4)}")  # two may fetch them at once
        rows.select(*columns, reason).sink_csv(fresh, sync_on_close="data", engine="streaming")
        fresh.replace(into)
        count = rows.select(pl.len()).collect().item()
        return _fact(into, count)


def _notes(plan: Plan, into: Outputs) -> Notes:
    return Notes(plan, Prefixes(into.rejects.with_name(f"{into.rejects.name}.keys")))


# --- the one pass -----------------------------------------------------------------------------------------------------


def _judge(run: _Run, progress: Progress) -> None:
    """One pass over the file on the fast road where most rows take it; what does not is judged to the letter."""
    opened = run.opened
    watch = _Watch(progress, opened.count)
    rows = (larger(opened.rows) if opened.csv else opened.rows).with_columns(
        pl.col(ROW).map_batches(watch.rows, return_dtype=pl.Int64, is_elementwise=True),
    )
    fast = road(run.plan, run.finder)
    try:
        if fast is None or not _mostly(fast, opened):
            _to_the_letter(run, rows, watch)
        else:
            with _aside(run, "others") as others:
                judged = fast.over(rows, _OK)
                _write(_admitted(run, judged, others, [ROW, *opened.columns], watch), run.into.admitted)
                _judge_others(run, others, watch)
    except UNREADABLE as error:
        if watch.raised is not None:
            raise watch.raised from None
        raise refuse(run.source, error) from error
    progress("judge", watch.done, watch.done)


def _mostly(fast: Road, opened: Opened) -> bool:
    """Whether most of the first rows take the fast road: else it would be walked for nothing."""
    try:
        share = fast.over(opened.head, _OK).select(pl.col(_OK).mean()).collect().item()
    except UNREADABLE:
        return True  # cut within a quoted value, or broken: the pass itself will tell
    return bool((share or 0) >= _MOST)


@contextmanager
def _aside(run: _Run, name: str) -> Iterator[Aside]:
    aside = Aside(run.into.rejects.with_name(f"{run.into.rejects.name}.{name}"))
    try:
        yield aside
    finally:
        aside.clear()


def _admitted(run: _Run, rows: pl.LazyFrame, refused: Aside, columns: list[str], watch: _Watch) -> pl.LazyFrame:
    """The rows that are `_OK` as they are stored, noted as they go by; these columns of all others are put aside.

    What is stored is worked out of all rows, since whoever takes rows out of a stream takes them out of every column.
    """
    plan, into = run.plan, run.into
    sent = {f"{_SENT}{at}": name for at, name in enumerate(columns)}
    stored = (rows.with_columns(run.ids) if run.ids else rows).select(
        *rules.stored(plan, run.finder, as_names=True),
        *_system(plan, into),
        _OK,
        **{alias: pl.col(name) for alias, name in sent.items()},
    )
    schema = stored.drop(_OK, *sent).collect_schema()
    marked = stored.with_columns(run.notes.marks)
    noted = [name for name in marked.collect_schema() if name != _OK and name not in sent]

    def part(some: pl.DataFrame) -> pl.DataFrame:
        with watch.guarded():
            holds = some[_OK]
            if not holds.all():
                refused.take(sifted(some[[*sent]], ~holds).rename(sent))
            return run.notes.note(sifted(some[noted], holds))

    # all rows with all columns have to come by here, whatever is asked for behind
    return marked.map_batches(
        part,
        schema=schema,
        streamable=True,
        predicate_pushdown=False,
        projection_pushdown=False,
        slice_pushdown=False,
    )


def _judge_others(run: _Run, others: Aside, watch: _Watch) -> None:
    """Judge what did not take the fast road; what holds after all joins the admitted rows, in the file's order."""
    admitted = run.into.admitted
    late, before = admitted.with_name(f"{admitted.name}.late"), run.notes.rows
    try:
        schema = run.opened.rows.select(ROW, *run.opened.columns).collect_schema()
        _to_the_letter(replace(run, into=replace(run.into, admitted=late)), others.rows(schema), watch)
        if run.notes.rows > before:
            _replace(Merged(admitted, late).rows(), admitted)
    finally:
        late.unlink(missing_ok=True)


def _to_the_letter(run: _Run, rows: pl.LazyFrame, watch: _Watch) -> None:
    """Judge rows by the plan in full, into both outputs."""
    plan, columns, missed = run.plan, run.opened.columns, _missed(run.plan)
    judged = rows.with_columns(rules.texts(plan))
    if missed is None:
        judged = judged.filter(~_blank(columns))
    for stage in (rules.lookups, rules.quantities, rules.products, rules.quotients, rules.values, rules.names):
        added = stage(plan)
        judged = judged.with_columns(added) if added else judged
    judged = judged.with_columns(rules.mask(rules.holds(plan, run.finder)).alias(FAILED))
    with _aside(run, "refused") as refused:
        told = [ROW, FAILED, *columns]
        judged = judged.with_columns((pl.col(FAILED) == 0).alias(_OK))
        _write(_admitted(run, judged, refused, told, watch), run.into.admitted)
        schema = judged.select(told).collect_schema()
        sent = refused.rows(schema)
        _write(sent if missed is None else _without_blank(sent, missed, columns), run.into.rejects)


def _missed(plan: Plan) -> int | None:
    """The bit of a rule that every blank row breaks; None where there is none."""
    asked = (cell.column for cell in plan.cells if cell.required and cell.source is not None)
    return next((plan.bit(Check.REQUIRED, column) for column in asked), None)


def _without_blank(refused: pl.LazyFrame, missed: int, columns: tuple[str, ...]) -> pl.LazyFrame:
    """Refused rows but those in which nothing was sent: only where one missed what it had to have is that looked at."""

    def part(some: pl.DataFrame) -> pl.DataFrame:
        return some.filter(~_blank(columns)) if (some[FAILED] & (1 << missed) != 0).any() else some

    return refused.map_batches(part, schema=refused.collect_schema(), streamable=True)


def _blank(columns: tuple[str, ...]) -> pl.Expr:
    """Whether nothing was sent in the whole row."""
    empty = [pl.col(name).is_null() | (pl.col(name).str.strip_chars().str.len_bytes() == 0) for name in columns]
    return pl.all_horizontal(empty)


def _system(plan: Plan, into: Outputs) -> list[pl.Expr]:
    return [
        pl.lit(into.deposit, dtype=pl.Enum([into.deposit])).alias("_deposit"),
        pl.col(ROW),
        rules.key(plan, into.key_secret).alias("_key"),
    ]


def _write(rows: pl.LazyFrame, path: Path) -> None:
    # No minimum or maximum in any footer: Polars can only write them for all columns, and few are safe to tell.
    rows.sink_parquet(
        path,
        compression=COMPRESSION,
        statistics={"min": False, "max": False, "distinct_count": False, "null_count": True},
        metadata=_told(rows.collect_schema()),
        sync_on_close="all",
        engine="streaming",
    )


def _told(schema: pl.Schema) -> dict[str, str] | None:
    """What the file says of its columns to readers of Arrow: that texts are texts, also those that come as numbers."""
    texts = {name: pl.String() if isinstance(kind, pl.Enum) else kind for name, kind in schema.items()}
    if texts == dict(schema):
        return None
    empty = io.BytesIO()
    pl.DataFrame(schema=texts).write_parquet(empty)
    empty.seek(0)
    return {_ARROW: pl.read_parquet_metadata(empty)[_ARROW]}


def _masks(rejects: Path) -> Counter[int]:
    """How many rows broke which rules together."""
    counts = pl.scan_parquet(rejects, glob=False).group_by(FAILED).len().collect(engine="streaming")
    return Counter(dict(counts.iter_rows()))


# --- uniqueness -------------------------------------------------------------------------------------------------------


def _repeated(run: _Run) -> pl.DataFrame:
    """Rows whose key occurs again in this file or was admitted before: `_row`, `unique`, `repeat`.

    Nearly every file has no such row, and for those a look at 8 bytes of each key is proof.
    """
    into = run.into
    keys = pl.scan_parquet(into.admitted, glob=False).select(ROW, "_key")
    twice = none = pl.DataFrame(schema={"_key": pl.Binary})
    if not run.notes.prefixes.distinct:
        twice = keys.group_by("_key").len().filter(pl.col("len") > 1).select("_key").collect(engine="streaming")
    again = none
    if into.held and run.plan.bit(Check.REPEAT) is not None:
        held = [pl.scan_parquet(path, glob=False).select("_key") for path in into.held]
        again = keys.join(pl.concat(held), on="_key", how="semi").select("_key").unique().collect(engine="streaming")
    bad = pl.concat([twice, again]).unique()
    if bad.is_empty():
        return pl.DataFrame(schema={ROW: pl.Int64, "unique": pl.Boolean, "repeat": pl.Boolean})
    return (
        keys.join(bad.lazy(), on="_key", how="semi")
        .join(twice.lazy().with_columns(unique=True), on="_key", how="left")
        .join(again.lazy().with_columns(repeat=True), on="_key", how="left")
        .select(ROW, pl.col("unique", "repeat").fill_null(value=False))
        .collect(engine="streaming")
    )


def _move(run: _Run, bad: pl.DataFrame) -> tuple[_Run, Counter[int]]:
    """Take the rows that repeat a key out of the admitted file and put them, as sent, among the rejects; the masks."""
    plan, into = run.plan, run.into
    bits = [
        pl.when(name).then(pl.lit(1 << bit, dtype=pl.Int64)).otherwise(pl.lit(0, dtype=pl.Int64))
        for name, bit in (("unique", plan.bit(Check.UNIQUE)), ("repeat", plan.bit(Check.REPEAT)))
        if bit is not None
    ]
    broken = bad.select(ROW, pl.sum_horizontal(bits).alias(FAILED))
    if broken.is_empty():
        return run, Counter()
    run.notes.prefixes.clear()
    masks, left = broken.lazy(), replace(run, notes=_notes(plan, into))
    kept = pl.scan_parquet(into.admitted, glob=False).join(masks, on=ROW, how="anti", maintain_order="left")
    _replace(left.notes.of(kept), into.admitted)
    moved = run.opened.rows.join(masks, on=ROW, maintain_order="left").select(ROW, FAILED, *run.opened.columns)
    _replace(pl.scan_parquet(into.rejects, glob=False).merge_sorted(moved, key=ROW), into.rejects)
    return left, Counter(dict(broken.group_by(FAILED).len().iter_rows()))


def _replace(rows: pl.LazyFrame, path: Path) -> None:
    """Write `rows`, which may be read from `path`, in its place."""
    fresh = path.with_name(f"{path.name}.new")
    try:
        _write(rows, fresh)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


# --- the end ----------------------------------------------------------------------------------------------------------


def _tally(run: _Run, masks: Counter[int]) -> Tally:
    plan, into = run.plan, run.into
    admitted, rejected = run.notes.rows, masks.total()
    if rejected > MAX_REJECTS:
        _replace(pl.scan_parquet(into.rejects, glob=False).head(MAX_REJECTS), into.rejects)
    files = (_fact(into.admitted, admitted),) if admitted else ()
    rejects = _fact(into.rejects, min(rejected, MAX_REJECTS)) if rejected else None
    if not files:
        into.admitted.unlink()
    if rejects is None:
        into.rejects.unlink()
    for folder in {into.admitted.parent, into.rejects.parent}:
        sync_folder(folder)
    faults = {
        rule.id: sum(rows for mask, rows in masks.items() if mask >> bit & 1) for bit, rule in enumerate(plan.rules)
    }
    return Tally(
        rows=admitted + rejected,
        admitted=admitted,
        rejected=rejected,
        faults={rule: rows for rule, rows in faults.items() if rows},
        files=files,
        rejects=rejects,
        columns=distributions(run.notes),
    )


def _fact(path: Path, rows: int) -> FileFact:
    with path.open("rb", buffering=0) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileFact(path=str(path), digest=digest, size=path.stat().st_size, rows=rows)
