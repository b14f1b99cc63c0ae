"""The reference engine: one row at a time in plain Python, for small files and to judge other engines by."""

import csv
import hashlib
import hmac
import math
import operator
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias

import polars as pl
import xxhash

from datadam import readings
from datadam.adapters.polars_read import FAILED, ROW, Opened, open_source, refuse
from datadam.errors import Invalid
from datadam.formats.dialects import lines_of, signs
from datadam.model import FileFact, Layout, Period, Protection, Source, Tally, Type
from datadam.plan import (
    BLANKS,
    FIRST_INSTANT,
    LAST_INSTANT,
    TRUE_FORM,
    UNFOLDED_NAME,
    UNFOLDED_VALUE,
    Cell,
    Check,
    Fault,
    Plan,
    Rule,
    key_message,
    microseconds,
)
from datadam.ports import Outputs, Progress
from datadam.privacy.identifiers import find, redacted

_Sent: TypeAlias = dict[str, str | None]
Value: TypeAlias = str | int | Decimal | float | bool | date | datetime | None

_TYPES: Final[Mapping[Type, pl.DataType]] = {
    Type.TEXT: pl.String(),
    Type.INTEGER: pl.Int64(),
    Type.NUMBER: pl.Float64(),
    Type.BOOLEAN: pl.Boolean(),
    Type.DATE: pl.Date(),
    Type.TIMESTAMP: pl.Datetime("us", "UTC"),
}
_COMPARE: Final = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}


@dataclass(slots=True)
class _Judged:
    """One row: what was sent, the value of every cell, and the rules that broke."""

    row: int
    sent: Mapping[str, str | None]
    values: dict[str, Value] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)


class MemoryEngine:
    """The `Engine` that holds all rows at once and does each step as `plan` says it, by itself."""

    def look(self, source: Source, *, samples: int = 20) -> Layout:
        """The file's header, physical types and first values."""
        opened = open_source(source)
        rows = [sent for _, sent in islice(_sent(opened, source), samples)]
        values = tuple(tuple(text for row in rows if (text := row[name])) for name in opened.columns)
        return Layout(columns=opened.columns, types=opened.types, samples=values)

    def profile(self, source: Source, columns: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Column → probe → how many of its values match."""
        opened = open_source(source)
        rows = [row for _, row in _sent(opened, source)]
        return {name: readings.count(row[name] or "" for row in rows) for name in columns if name in opened.columns}

    def run(self, plan: Plan, source: Source, into: Outputs, progress: Progress) -> Tally:
        """Judge every row by every rule."""
        opened = open_source(source)
        plan.check_header(opened.columns)
        into.admitted.unlink(missing_ok=True)
        into.rejects.unlink(missing_ok=True)
        judged = []
        for row, sent in _unfolded(plan, _sent(opened, source)):
            if any(_trimmed(text) is not None for text in sent.values()):
                judged.append(_judge(plan, _Judged(row, sent)))
        if not judged:
            raise Invalid("file.header-only", name=source.name)
        progress("judge", len(judged), len(judged))
        _repeats(plan, judged, into)
        admitted = [one for one in judged if not one.broken]
        refused = [one for one in judged if one.broken]
        return Tally(
            rows=len(judged),
            admitted=len(admitted),
            rejected=len(refused),
            faults={
                rule.id: count for rule in plan.rules if (count := sum(rule.id in one.broken for one in refused)) > 0
            },
            files=(_write_admitted(plan, admitted, into),) if admitted else (),
            rejects=_write_rejects(plan, refused, opened, into) if refused else None,
        )

    def faults(self, plan: Plan, rejects: Path, limit: int) -> list[Fault]:
        """The first `limit` faults of a run."""
        records = pl.read_parquet(rejects, glob=False).rows(named=True)
        found = [fault for record in records for fault in plan.faults(record[ROW], record[FAILED], record)]
        return found[:limit]

    def return_rejects(self, plan: Plan, rejects: Path, into: Path, reasons: Mapping[str, str]) -> FileFact:
        """Write the rejected rows as CSV in the sender's own layout, with a `reason` column at the end."""
        frame = pl.read_parquet(rejects, glob=False)
        columns = [name for name in frame.columns if name not in {ROW, FAILED}]
        last = "reason"
        while last in columns:
            last += "_"
        with into.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*columns, last])
            for record in frame.rows(named=True):
                said = "; ".join(reasons.get(rule.id, rule.id) for rule in plan.broken(record[FAILED]))
                writer.writerow([*(record[name] for name in columns), said])
        return _fact(into, len(frame))


# --- rows as sent -----------------------------------------------------------------------------------------------------


def _sent(opened: Opened, source: Source) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Each row's number, and its text by column; a field that the row does not reach is None."""
    try:
        if opened.csv is None:
            yield from ((sent.pop(ROW), sent) for sent in opened.rows.collect().iter_rows(named=True))
            return
        text = opened.csv.read_bytes().decode("utf-8-sig")
        rows = csv.reader(lines_of(text), strict=True, **signs(opened.separator, opened.quote))
        next(rows)
        for row, fields in enumerate(rows):
            if len(fields) > len(opened.columns):
                raise ValueError(len(fields))
            padded = [*fields, *[None] * (len(opened.columns) - len(fields))]
            yield row, dict(zip(opened.columns, padded, strict=True))
    except (ValueError, csv.Error, pl.exceptions.PolarsError) as error:
        raise refuse(source, error) from error


def _unfolded(plan: Plan, rows: Iterable[tuple[int, _Sent]]) -> Iterator[tuple[int, _Sent]]:
    """Each row; of a wide table one for each wide column that holds anything, as the plan says it."""
    wide = None if plan.unpivot is None else list(plan.unpivot.columns.items())
    for row, sent in rows:
        if wide is None:
            yield row, sent
            continue
        for place, (name, said) in enumerate(wide):
            if _trimmed(sent[name]) is not None:
                alone = {**sent, **{other: None for other, _ in wide if other != name}}
                yield row * len(wide) + place, alone | {UNFOLDED_NAME: said, UNFOLDED_VALUE: sent[name]}


def _trimmed(text: str | None) -> str | None:
    return (text or "").strip(BLANKS) or None


# --- one row ----------------------------------------------------------------------------------------------------------


def _judge(plan: Plan, one: _Judged) -> _Judged:
    for cell in plan.cells:
        text = _trimmed(cell.constant if cell.source is None else one.sent[cell.source])
        one.values[cell.column] = _read(plan, cell, text, one)
    for rule in plan.rules:
        if rule.check is Check.CROSS and not _crosses(rule, one):
            one.broken.add(rule.id)
    return one


def _read(plan: Plan, cell: Cell, text: str | None, one: _Judged) -> Value:
    """The cell's value; every rule of its own that it breaks is noted in `one`."""
    own: dict[Check, Rule] = {
        rule.check: rule for rule in plan.rules if rule.column == cell.column and rule.check is not Check.CROSS
    }
    if text is None:
        _note(one, own, Check.REQUIRED, holds=Check.REQUIRED not in own)
        return None
    unit = _unit(cell, one)
    _note(one, own, Check.UNIT, holds=cell.units is None or unit is not None)
    code = text if cell.lookup is None else cell.lookup.code(text)
    if code is None:
        _note(one, own, Check.CODES, holds=False)
        return None
    if Check.PATTERN in own:
        _note(one, own, Check.PATTERN, holds=_matches(own[Check.PATTERN].pattern or "", code))
    if Check.LENGTH in own:
        _note(one, own, Check.LENGTH, holds=_within(len(code), own[Check.LENGTH]))
    if Check.IDENTIFIER in own:
        _note(one, own, Check.IDENTIFIER, holds=not find(code, cell.sought))
    code = readings.narrow(code) if cell.cast.declared else code
    formed = cell.cast.form is None or _matches(cell.cast.form, code)
    plain = _canonical(cell, code) if formed else None
    value = _cast(cell, plain, unit) if plain is not None else None
    unjudged = formed and cell.units is not None and unit is None
    _note(one, own, Check.TYPE, holds=value is not None or unjudged)
    if value is not None and Check.RANGE in own:
        _note(one, own, Check.RANGE, holds=_within(_measure(cell, value), own[Check.RANGE]))
    return value


def _note(one: _Judged, own: Mapping[Check, Rule], check: Check, *, holds: bool) -> None:
    if not holds:
        one.broken.add(own[check].id)


def _unit(cell: Cell, one: _Judged) -> str | None:
    named = _trimmed(one.sent[cell.units.source]) if cell.units else None
    return cell.units.names.code(named) if cell.units and named else None


def _matches(pattern: str, text: str) -> bool:
    return re.search(pattern.replace(r"\z", r"\Z"), text) is not None


def _within(number: Any, rule: Rule) -> bool:  # noqa: ANN401  (an exact integer or a double)
    bounds = [float(b) if isinstance(number, float) and b is not None else b for b in (rule.minimum, rule.maximum)]
    low, high = bounds
    return (low is None or number >= low) and (high is None or number <= high)


def _measure(cell: Cell, value: Value) -> int | float:
    """What a bound is compared with."""
    match value:
        case datetime():
            return microseconds(value)
        case date():
            return (value - date(1970, 1, 1)).days
        case Decimal():
            return int(value.scaleb(cell.cast.scale))
        case int() | float():
            return value
        case _:
            return 0


def _crosses(rule: Rule, one: _Judged) -> bool:
    left, right = one.values[rule.column or ""], one.values[rule.other or ""]
    if left is None or right is None:
        return True
    return bool(_COMPARE[rule.op or "="](left, right))


# --- casts ------------------------------------------------------------------------------------------------------------


def _cast(cell: Cell, text: str, unit: str | None) -> Value:
    """A text of the right form in its type, or None."""
    match cell.cast.type:
        case Type.TEXT:
            return text
        case Type.INTEGER | Type.DECIMAL:
            return _exact(cell, text, unit)
        case Type.NUMBER:
            return number if math.isfinite(number := float(text)) else None
        case Type.BOOLEAN:
            return _matches(TRUE_FORM, text)
        case Type.DATE:
            return _day(text)
        case Type.TIMESTAMP:
            return _moment(text)


def _canonical(cell: Cell, text: str) -> str | None:
    """A text of its cast's form as every standard writes it; None where a serial number is no day."""
    if cell.cast.number is not None:
        return readings.canonical_number(text, cell.cast.number)
    return text if cell.cast.dates is None else readings.canonical_date(text, cell.cast.dates)


def _exact(cell: Cell, text: str, unit: str | None) -> int | Decimal | None:
    if cell.units is None and cell.factor is None:
        return int(text)
    factor = cell.factor
    if cell.units is not None:
        if unit is None:
            return None
        factor = cell.units.factors[unit]
    if factor is None:
        return None
    sent = Fraction(Decimal(text)) * 10**cell.cast.fraction
    rounded = round(sent * Fraction(factor.numerator, factor.denominator))  # half to even
    if abs(rounded) >= 10**cell.cast.precision:
        return None
    if cell.cast.type is Type.INTEGER:
        return int(rounded)
    return Decimal((int(rounded < 0), tuple(int(digit) for digit in str(abs(rounded))), -cell.cast.scale))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    day = _day(text[:10])
    if day is None:
        return None
    fraction = re.search(r"\.([0-9]+)", text)
    offset = re.search(r"([+-])([0-9]{2}):([0-9]{2})\Z", text)
    since = (day - date(1970, 1, 1)).days * 86_400
    since += int(text[11:13]) * 3_600 + int(text[14:16]) * 60 + int(text[17:19])
    if offset:
        shift = int(offset[2]) * 3_600 + int(offset[3]) * 60
        since -= -shift if offset[1] == "-" else shift
    exact = since * 1_000_000 + int(fraction[1].ljust(6, "0") if fraction else 0)
    if not FIRST_INSTANT <= exact <= LAST_INSTANT:
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=exact)


# --- keys -------------------------------------------------------------------------------------------------------------


def _repeats(plan: Plan, judged: list[_Judged], into: Outputs) -> None:
    """Judge the two rules about keys among the rows that broke nothing else."""
    clean = [one for one in judged if not one.broken]
    keys = {one.row: _key(plan, one, into) for one in clean} if plan.key else {}
    counts = Counter(keys.values())
    repeat = plan.bit(Check.REPEAT) is not None
    held = {key for path in into.held for key in pl.read_parquet(path, glob=False)["_key"]} if repeat else set()
    for one in clean if plan.key else ():
        if counts[keys[one.row]] > 1:
            one.broken.add("key.unique")
        if keys[one.row] in held:
            one.broken.add("key.repeat")


def _key(plan: Plan, one: _Judged, into: Outputs) -> bytes:
    parts = []
    for name in plan.key:
        cell = plan.cell(name)
        value = _coarse(cell, one.values[name])
        match value:
            case str() if cell.protection is Protection.UNIT_ID:
                parts.append((_keyed(value, into.unit_keys[cell.domain or ""]).hex(), True))
            case str():
                parts.append((value, True))
            case bool():
                parts.append((str(value).lower(), False))
            case _:
                parts.append((str(_measure(cell, value)), False))
    return xxhash.xxh3_128(key_message(parts).encode(), seed=int.from_bytes(into.key_secret[:8], "big")).digest()


def _keyed(text: str, secret: bytes) -> bytes:
    return hmac.digest(secret.hex().encode(), text.encode(), "sha256")[:16]


# --- what is written --------------------------------------------------------------------------------------------------


def _write_admitted(plan: Plan, admitted: list[_Judged], into: Outputs) -> FileFact:
    columns: dict[str, pl.Series] = {}
    for cell in plan.stored:
        kept = [_protected(cell, one.values[cell.column], into) for one in admitted]
        columns[cell.column] = pl.Series(cell.column, kept, dtype=_dtype(cell))
    keys = [_key(plan, one, into) if plan.key else None for one in admitted]
    columns["_deposit"] = pl.Series([into.deposit] * len(admitted), dtype=pl.String)
    columns[ROW] = pl.Series([one.row for one in admitted], dtype=pl.Int64)
    columns["_key"] = pl.Series(keys, dtype=pl.Binary)
    pl.DataFrame(columns).write_parquet(into.admitted, compression="zstd", statistics=False)
    return _fact(into.admitted, len(admitted))


def _dtype(cell: Cell) -> pl.DataType:
    if cell.protection is Protection.UNIT_ID:
        return pl.Binary()
    if cell.cast.type is Type.DECIMAL:
        return pl.Decimal(cell.cast.precision, cell.cast.scale)
    return _TYPES[cell.cast.type]


def _coarse(cell: Cell, value: Value) -> Value:
    """The period, band or group that a value is of, told by where it begins."""
    how = cell.coarse
    if how is None or value is None:
        return value
    match value:
        case str():
            return how.groups[value]
        case date():
            months = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}.get(how.period or Period.DAY)
            day = value if months is None else value.replace(month=value.month - (value.month - 1) % months, day=1)
            return day.replace(hour=0, minute=0, second=0, microsecond=0) if isinstance(day, datetime) else day
        case float():
            return max(edge for edge in map(float, how.edges) if edge <= value)
    unscaled = int(Fraction(value) * 10**cell.cast.scale)
    lower = int(max(e for e in how.edges if e <= unscaled)) if how.edges else unscaled - unscaled % (how.width or 1)
    if isinstance(value, int):
        return lower
    return Decimal((int(lower < 0), tuple(int(digit) for digit in str(abs(lower))), -cell.cast.scale))


def _protected(cell: Cell, value: Value, into: Outputs) -> Value | bytes:
    value = _coarse(cell, value)
    if not isinstance(value, str):
        return value
    match cell.protection:
        case Protection.UNIT_ID:
            return _keyed(value, into.unit_keys[cell.domain or ""])
        case Protection.MASK:
            hidden = max(0, len(value) - cell.mask_keep)
            return "*" * hidden + value[hidden:]
        case _ if cell.redacted:
            return redacted(value, find(value, cell.sought))
        case _:
            return value


def _write_rejects(plan: Plan, refused: list[_Judged], opened: Opened, into: Outputs) -> FileFact:
    bits = {rule.id: 1 << bit for bit, rule in enumerate(plan.rules)}
    columns: dict[str, pl.Series] = {
        ROW: pl.Series([one.row for one in refused], dtype=pl.Int64),
        FAILED: pl.Series([sum(bits[rule] for rule in one.broken) for one in refused], dtype=pl.Int64),
    }
    columns |= {name: pl.Series([one.sent[name] for one in refused], dtype=pl.String) for name in opened.columns}
    pl.DataFrame(columns).write_parquet(into.rejects)
    return _fact(into.rejects, len(refused))


def _fact(path: Path, rows: int) -> FileFact:
    data = path.read_bytes()
    return FileFact(path=str(path), digest=hashlib.sha256(data).hexdigest(), size=len(data), rows=rows)
