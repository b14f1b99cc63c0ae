"""The closed table of obligations: each with its words, and with the check of it or with who declares it.

Words are data (`wording`), checks are code, one module a section. A row has a check, or it is declared: never both,
never neither. Nothing here says that anybody complies with anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from datadam.errors import NotFound
from datadam.model import Kind
from datadam.obligations import continuity, declared, disclosure, further, identity, privacy, transfer
from datadam.obligations.checking import Check, Checked, Found, found
from datadam.obligations.view import View
from datadam.obligations.wording import Wording, wordings

CHECKS: Final[Mapping[int, Check]] = {
    **identity.CHECKS,
    **transfer.CHECKS,
    **privacy.CHECKS,
    **disclosure.CHECKS,
    **continuity.CHECKS,
    **further.CHECKS,
}
DECLARED: Final[frozenset[int]] = frozenset({32})
"""Rows that no program can judge: a named person answers for them, or nobody does yet."""


class Status(StrEnum):
    """How an obligation stands."""

    PASSED = "passed"  # nothing in the log breaks it
    FAILED = "failed"
    DECLARED = "declared"  # no program can judge it: somebody says so, or nobody does yet
    NOT_YET = "not applicable yet"  # nothing in the log is about it


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One obligation."""

    words: Wording
    check: Check | None = None

    @property
    def number(self) -> int:
        """By which it is asked for."""
        return self.words.number

    @property
    def executable(self) -> bool:
        """Whether a program can find it broken."""
        return self.check is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one obligation stands over one log."""

    row: Row
    status: Status
    looked: int = 0  # entries that it is about
    found: tuple[Found, ...] = ()  # what breaks it
    declared: tuple[Found, ...] = ()  # what persons declare of it, beside the check or in its place


@cache
def rows() -> tuple[Row, ...]:
    """Every obligation, by number."""
    every = tuple(Row(words=one, check=CHECKS.get(one.number)) for one in wordings())
    judged = sorted([*CHECKS, *DECLARED])
    if [one.number for one in every] != judged:
        message = "each obligation has its words once, and either a check or who declares it"
        raise ValueError(message)
    return every


def row(number: int) -> Row:
    """The obligation of that number, or `NotFound`."""
    for one in rows():
        if one.number == number:
            return one
    raise NotFound("audit.row-unknown", row=number, last=rows()[-1].number)


def run(view: View, wanted: Iterable[Row] | None = None) -> tuple[Result, ...]:
    """How each obligation, or each of those wanted, stands over a log."""
    return tuple(_result(view, one) for one in (rows() if wanted is None else wanted))


def _result(view: View, one: Row) -> Result:
    if one.words.where and view.home not in one.words.where:
        return Result(row=one, status=Status.NOT_YET)
    by = _declared(view, one.number)
    if one.check is None:
        return Result(row=one, status=Status.DECLARED, looked=len(by), declared=by)
    done = one.check(view)
    return Result(row=one, status=_status(done), looked=done.looked, found=done.found, declared=by)


def _declared(view: View, number: int) -> tuple[Found, ...]:
    """What is declared of a row and is not over; of each party about each subject the last that it said."""
    last: dict[object, Found] = {}
    for one in view.of(Kind.DECLARATION):
        if one.body["row"] == number:
            about = (one.body["member"], one.body["standard"], one.body["subject"])
            last.pop(about, None)
            if one.body["until"] >= view.now.date().isoformat():
                last[about] = found(one, declared.told(view, one))
    return tuple(last.values())


def _status(done: Checked) -> Status:
    if done.found:
        return Status.FAILED
    return Status.PASSED if done.looked else Status.NOT_YET


def counts(results: Iterable[Result]) -> dict[str, int]:
    """How many obligations a program can find broken, how many are declared, and how many stand how."""
    told = tuple(results)
    return {
        "rows": len(told),
        "executable": sum(one.row.executable for one in told),
        "declared": sum(not one.row.executable for one in told),
        "passed": sum(one.status is Status.PASSED for one in told),
        "failed": sum(one.status is Status.FAILED for one in told),
        "not_applicable_yet": sum(one.status is Status.NOT_YET for one in told),
    }
