"""Map, run and report over the Engine port: what the dam and a contributor's own laptop share.

A file that is *prepared at home* goes through the standard's own plan before it leaves: what the standard drops is not
in it, what it masks is masked in it, rejected rows stay behind, units and codes are the standard's. Only unit ids stay
raw, because their key never leaves the dam. `at_home` is the standard as the laptop runs it, `as_prepared` what of it
the dam can still judge of such a file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Final

from datadam import coarsening
from datadam.model import (
    Coarsening,
    CodeList,
    Column,
    CrossRule,
    Feed,
    FileFact,
    Fit,
    Json,
    Protection,
    Reason,
    Source,
    Standard,
    Tally,
    Type,
)
from datadam.plan import Cell, Check, Fault, Plan, Rule
from datadam.planning import compile_plan
from datadam.ports import Engine, Outputs, PreparedWriter, Progress, Survey, Surveyor, SurveyOrder
from datadam.privacy.identifier_forms import NAMES, Kind
from datadam.protections import FreeText

FIRST_FAULTS: Final = 100  # listed in a report; the rejects file has them all
_EXAMPLES: Final = {
    Type.TEXT: "abc",
    Type.INTEGER: "1200",
    Type.DECIMAL: "1200.50",
    Type.NUMBER: "1200.5",
    Type.BOOLEAN: "true",
    Type.DATE: "2026-11-22",
    Type.TIMESTAMP: "2026-11-22T09:00:00Z",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a contributor is told about a file."""

    standard: str
    version: str
    tally: Tally
    faults: tuple[Fault, ...]  # the first of them, by row
    limit: Decimal  # of the share of rows that may be refused
    within: bool  # the limit: else nothing of the file is admitted


def prepare(
    engine: Engine,
    plan: Plan,
    source: Source,
    outputs: Outputs,
    progress: Progress,
) -> Report:
    """Run a compiled plan over a file and report what was found. The outputs are `Outputs`'s."""
    tally = engine.run(plan, source, outputs, progress)
    faults = engine.faults(plan, outputs.rejects, FIRST_FAULTS) if tally.rejects else []
    return Report(
        standard=plan.standard,
        version=plan.version,
        tally=tally,
        faults=tuple(faults),
        limit=plan.reject_limit,
        within=within_limit(plan, tally),
    )


def within_limit(plan: Plan, tally: Tally) -> bool:
    """Whether so few rows were refused, and at least one admitted, that the standard lets the rest in."""
    return tally.admitted > 0 and Decimal(tally.rejected) <= plan.reject_limit * tally.rows


# --- what is said of rows ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One fault of one row, with what its rule asks: `reason` names the sentence and fills it in."""

    row: int
    column: str | None
    source: str | None
    rule: str
    value: str | None
    reason: Reason


def _reason(standard: Standard, rule: Rule, fault: Fault) -> Reason:
    """What a rule asks, and of an identifier what kind it is: never the identifier."""
    if not fault.kinds:
        return asked(standard, rule)
    names = [NAMES[Kind(kind)] for kind in fault.kinds]
    return Reason("identifier.found", {"column": rule.column or "", "kinds": names})


def found(standard: Standard, plan: Plan, faults: Iterable[Fault]) -> list[Found]:
    """Faults with what their rules ask."""
    rules = {rule.id: rule for rule in plan.rules}
    return [
        Found(
            row=f.row,
            column=f.column,
            source=f.source,
            rule=f.rule,
            value=f.value,
            reason=_reason(standard, rules[f.rule], f),
        )
        for f in faults
    ]


def asked(standard: Standard, rule: Rule) -> Reason:
    """What a rule asks of a row, as a reason that `texts` puts into words."""
    facts: dict[str, object] = {"column": rule.column or ", ".join(standard.key)}
    if rule.column is not None:
        column = standard.column(rule.column)
        facts |= {
            "type": str(column.type),
            "example": _EXAMPLES[column.type],
            "minimum": _or(column.minimum, "−∞"),
            "maximum": _or(column.maximum, "∞"),
            "least": _or(column.min_length, 0),
            "most": _or(column.max_length, "∞"),
            "pattern": column.pattern or "",
            "codes": column.codes or (column.reference.name if column.reference else ", ".join(column.values)),
            "unit": column.unit or "",
            "units": ", ".join(unit.symbol for unit in column.units),
            "op": rule.op or "",
            "other": rule.other or "",
        }
    coarse = [standard.column(name) for name in standard.key if standard.column(name).coarsening is not None]
    if rule.check in {Check.UNIQUE, Check.REPEAT} and coarse:  # what was sent may well differ
        facts["coarse"] = "; ".join(f"{one.name}: {coarsening.level(one)}" for one in coarse)
        return Reason("rule.unique-coarse" if rule.check is Check.UNIQUE else "rule.repeat-coarse", facts)
    return Reason(f"rule.{rule.check}", facts)


def _or(value: object, instead: object) -> str:
    return str(instead if value is None else value)


# --- what is said of a file as a whole --------------------------------------------------------------------------------


def survey_to_json(survey: Survey, changes: Mapping[str, Iterable[Reason]]) -> Json:
    """A survey as a JSON object `{findings, columns, changes}`; the values in it are the contributor's own."""
    return {
        "findings": [
            {"code": f.reason.code, "facts": dict(f.reason.facts), "rows": list(f.rows), "count": f.count}
            for f in survey.findings
        ],
        "columns": {name: dict(facts) for name, facts in survey.columns.items()},
        "changes": {
            name: [{"code": reason.code, "facts": dict(reason.facts)} for reason in reasons]
            for name, reasons in changes.items()
        },
    }


def changes(standard: Standard, plan: Plan, fit: Fit) -> dict[str, list[Reason]]:
    """What becomes of each column between the file and the reservoir, as reasons that `texts` puts into words."""
    feeds = {feed.column: feed for feed in fit.feeds}
    wide = {fit.unpivot.names_to, fit.unpivot.values_to} if fit.unpivot else set[str]()
    found: dict[str, list[Reason]] = {}
    for cell in plan.cells:
        column, feed = standard.column(cell.column), feeds.get(cell.column)
        if cell.column in wide:
            found[cell.column] = [Reason("done.unpivoted"), *_reading(column, cell, feed), *_keeping(column)]
        elif feed is None:
            found[cell.column] = [Reason("done.absent")]
        else:
            found[cell.column] = [*_coming(feed), *_reading(column, cell, feed), *_keeping(column)]
    return found


def _coming(feed: Feed) -> Iterable[Reason]:
    if feed.constant is not None:
        yield Reason("done.constant", {"value": feed.constant})
    elif feed.source != feed.column:
        yield Reason("done.renamed", {"source": feed.source or ""})


def _reading(column: Column, cell: Cell, feed: Feed | None) -> Iterable[Reason]:
    if feed is not None and feed.number is not None:
        yield Reason("done.number", {"form": feed.number.example})
    if feed is not None and feed.dates is not None:
        yield Reason("done.dates", {"form": str(feed.dates)})
    if cell.lookup is not None:
        yield Reason("done.coded", {"codes": cell.lookup.name})
    if cell.units is not None:
        yield Reason("done.units", {"source": cell.units.source, "unit": column.unit or ""})
    elif feed is not None and feed.unit is not None and feed.unit != column.unit:
        yield Reason("done.unit", {"given": feed.unit, "unit": column.unit or ""})
    if column.type is Type.DECIMAL:
        yield Reason("done.decimal", {"scale": column.scale})
    elif column.type is Type.TIMESTAMP:
        yield Reason("done.instant")


def _keeping(column: Column) -> Iterable[Reason]:
    match column.protection:
        case Protection.DROP:
            yield Reason("done.dropped")
        case Protection.MASK:
            yield Reason("done.masked", {"keep": column.mask_keep})
        case Protection.UNIT_ID:
            yield Reason("done.unit-id", {"domain": column.domain or ""})
        case Protection.COARSEN:
            yield from (reason for reason in [coarsening.said(column)] if reason is not None)
        case _ if column.free_text is FreeText.REDACT:
            yield Reason("done.redacted")


# --- prepared at home -------------------------------------------------------------------------------------------------


def at_home(standard: Standard) -> Standard:
    """The standard as the contributor's machine runs it: identifiers stay as they are, all else is protected."""
    return replace(standard, columns=tuple(_raw(column) for column in standard.columns))


def _raw(column: Column) -> Column:
    if column.protection is not Protection.UNIT_ID:
        return column
    return replace(column, protection=Protection.KEEP, domain=None, holds=tuple(Kind))


def as_prepared(standard: Standard) -> Standard:
    """What of the standard the dam judges of a prepared file: all but what rests on values that stayed at home."""
    return replace(
        standard,
        columns=tuple(_judged_again(column) for column in standard.columns),
        rules=tuple(rule for rule in standard.rules if _still_holds(standard, rule)),
    )


def _still_holds(standard: Standard, rule: CrossRule) -> bool:
    """Whether a rule between two columns holds of what is stored wherever it held of what was sent."""
    left, right = standard.column(rule.left), standard.column(rule.right)
    sides = {left.protection, right.protection}
    if sides & {Protection.DROP, Protection.MASK}:
        return False
    alike = (left.coarsening, left.codes, left.values) == (right.coarsening, right.codes, right.values)
    return Protection.COARSEN not in sides or (alike and rule.op in {"<=", ">=", "="})  # no value became larger


def _judged_again(column: Column) -> Column:
    match column.protection:
        case Protection.DROP:
            return replace(column, required=False)
        case Protection.MASK:  # the dam masks again, and so nothing else could be stored
            return replace(column, pattern=None, codes=None, values=(), reference=None)
        case Protection.COARSEN:  # the dam coarsens again, which changes nothing of what is coarse
            return _coarse(column)
        case _:
            return column


def _coarse(column: Column) -> Column:
    """The column with the limits of its coarse values, and the groups as its codes."""
    how = column.coarsening
    if how is None or column.type is not Type.TEXT:
        return replace(column, minimum=coarsening.coarse_bound(column, column.minimum))
    free = replace(column, pattern=None, min_length=None, max_length=None)
    if how.codes is not None:
        return replace(free, codes=how.codes)
    groups = sorted(set(how.groups.values()))
    return replace(
        free, codes=None, values=tuple(groups), coarsening=Coarsening(groups=dict(zip(groups, groups, strict=True)))
    )


def prepared_fit(standard: Standard, fit: Fit) -> Fit:
    """The mapping of the prepared file: the standard's own names, and nothing of the contributor's layout."""
    fed = _fed(fit)
    kept = [c.name for c in standard.columns if c.name in fed and c.protection is not Protection.DROP]
    return Fit(standard=fit.standard, version=fit.version, feeds=tuple(Feed(column=name, source=name) for name in kept))


def _fed(fit: Fit) -> set[str]:
    wide = {fit.unpivot.names_to, fit.unpivot.values_to} if fit.unpivot else set[str]()
    return {feed.column for feed in fit.feeds} | wide


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a contributor's own machine does the work with."""

    engine: Engine
    surveyor: Surveyor
    writer: PreparedWriter


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A file to be prepared, and where: `folder` is empty and private, `key_secret` any 32 random bytes."""

    standard: Standard
    fit: Fit
    codes: Mapping[str, CodeList]
    source: Source
    folder: Path
    into: Path
    key_secret: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A prepared file and all that its contributor should know of it."""

    standard: Standard
    report: Report
    found: tuple[Found, ...]
    survey: Survey
    changes: Mapping[str, list[Reason]]
    plan: Plan
    rejects: Path | None  # as sent, with the rules that each row broke; it stays here
    file: FileFact | None  # None where too little of the file holds: then nothing is written
    fit: Fit
    raw: tuple[str, ...]  # columns of identifiers that travel as they are
    stays: tuple[str, ...]  # columns of the file whose values stay here, by its own names
    coarse: tuple[str, ...]  # columns that travel only as coarse as the standard stores them
    unjudged: tuple[str, ...]  # rules that were judged here and that nobody can judge of what travels


def prepare_at_home(desk: Desk, home: Home, progress: Progress) -> Prepared:
    """Judge, convert and protect a file by the standard's own plan, and write what is left for the dam."""
    standard = at_home(home.standard)
    plan = compile_plan(standard, home.fit, home.codes)
    admitted, rejects = home.folder / "admitted.parquet", home.folder / "rejects.parquet"
    outputs = Outputs(admitted=admitted, rejects=rejects, deposit="", unit_keys={}, key_secret=home.key_secret)
    told = prepare(desk.engine, plan, home.source, outputs, progress)
    fit = prepared_fit(home.standard, home.fit)
    order = SurveyOrder(
        standard=standard,
        plan=plan,
        admitted=admitted if told.tally.admitted else None,
        rejects=rejects if told.tally.rejects else None,
    )
    columns = [feed.column for feed in fit.feeds]
    again = {rule.id for rule in compile_plan(as_prepared(home.standard), fit, home.codes).rules}
    return Prepared(
        standard=home.standard,
        report=told,
        found=tuple(found(standard, plan, told.faults)),
        survey=replace(desk.surveyor.survey(order), columns=told.tally.columns),
        changes=changes(home.standard, plan, home.fit),
        plan=plan,
        rejects=order.rejects,
        file=desk.writer.write(admitted, home.into, columns=columns) if told.within else None,
        fit=fit,
        raw=tuple(c.name for c in home.standard.columns if c.protection is Protection.UNIT_ID and c.name in columns),
        stays=tuple(_stays(home.standard, home.fit)),
        coarse=tuple(c.name for c in home.standard.columns if c.protection is Protection.COARSEN and c.name in columns),
        unjudged=tuple(rule.id for rule in plan.rules if rule.id not in again),
    )


def _stays(standard: Standard, fit: Fit) -> Iterable[str]:
    gone = {c.name for c in standard.columns if c.protection is Protection.DROP}
    yield from (feed.source for feed in fit.feeds if feed.column in gone and feed.source is not None)
    yield from fit.dropped


def corrected_fit(fit: Fit, columns: Iterable[str]) -> Fit | None:
    """The mapping of rejects that were handed back and corrected: that of the file they came from, without the reasons.

    None where the columns are not those of the file and one more, `reason`, behind them.
    """
    *before, last = [*columns] or [""]
    known = {f.source for f in fit.feeds} | {f.unit_source for f in fit.feeds} | {*fit.dropped}
    known |= {*fit.unpivot.columns} if fit.unpivot else set()
    if last.rstrip("_") != "reason" or last in known or set(before) != known - {None}:
        return None
    return replace(fit, dropped=(*fit.dropped, last))
