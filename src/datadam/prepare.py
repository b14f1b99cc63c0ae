"""Map, run and report over the Engine port: what the dam and a contributor's own laptop share."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any, Final

from datadam.model import Json, Source, Tally
from datadam.plan import Fault, Plan
from datadam.ports import Engine, Outputs, Progress

FIRST_FAULTS: Final = 100  # listed in a report; the rejects file has them all


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a contributor is told about a file."""

    standard: str
    version: str
    tally: Tally
    faults: tuple[Fault, ...]  # the first of them, by row
    by_rule: Mapping[str, int]  # rule id → rows that broke it
    by_column: Mapping[str, int]  # standard column → breaches of its rules; the key's own under `key`
    share: Decimal  # of rows refused, four digits, rounded up: a limit is never passed by rounding
    limit: Decimal
    within: bool  # the limit: else nothing of the file is admitted

    def to_json(self) -> Json:
        """The report as a JSON object; shares are decimal texts."""
        plain: dict[str, Any] = asdict(replace(self, tally=_nameless(self.tally)))
        plain["faults"] = [asdict(fault) for fault in self.faults]
        return {**plain, "share": str(self.share), "limit": str(self.limit)}


def _nameless(tally: Tally) -> Tally:
    """Without the files: where they lie is nobody's business."""
    return replace(tally, files=(), rejects=None)


def prepare(
    engine: Engine,
    plan: Plan,
    source: Source,
    outputs: Outputs,
    progress: Progress,
) -> Report:
    """Run a compiled plan over a file and report what was found. The outputs are `Outputs`'s."""
    tally = engine.run(plan, source, outputs, progress)
    return report(plan, tally, engine.faults(plan, outputs.rejects, FIRST_FAULTS) if tally.rejects else [])


def report(plan: Plan, tally: Tally, faults: list[Fault]) -> Report:
    """Put a tally beside the standard's limit."""
    columns = {rule.id: rule.column or "key" for rule in plan.rules}
    by_column: dict[str, int] = {}
    for rule, rows in tally.faults.items():
        by_column[columns[rule]] = by_column.get(columns[rule], 0) + rows
    return Report(
        standard=plan.standard,
        version=plan.version,
        tally=tally,
        faults=tuple(faults),
        by_rule=dict(tally.faults),
        by_column=by_column,
        share=_share(tally),
        limit=plan.reject_limit,
        within=within_limit(plan, tally),
    )


def _share(tally: Tally) -> Decimal:
    return Decimal(-(-tally.rejected * 10_000 // tally.rows) if tally.rows else 0) / 10_000


def within_limit(plan: Plan, tally: Tally) -> bool:
    """Whether so few rows were refused, and at least one admitted, that the standard lets the rest in."""
    return tally.admitted > 0 and Decimal(tally.rejected) <= plan.reject_limit * tally.rows
