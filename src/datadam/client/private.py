"""Private answers as data frames: questions in Python, each answer checked, with its interval and its claim.

`dam.open(id).private(purpose="statistics").count(by=["industry"])`. What is wrong with a question is found here, before
anything is sent or charged; `preview` needs no dam, and `dummy()` answers from rows that are nobody's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from datadam import seal, texts
from datadam.client.answers import language_here, library, part, said
from datadam.client.trusting import Trusting
from datadam.errors import Invalid, Untrusted
from datadam.formats import codelists
from datadam.model import Json, Kind, Standard, Tier
from datadam.privacy import answering, claim, dummy, periods, previewing, question, recipes
from datadam.privacy.question import Question
from datadam.privacy.recipe import Recipe
from datadam.privacy.sensitivity import said as rho_said

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

Value: TypeAlias = "str | int | float | Decimal | bool | None"
Where: TypeAlias = Sequence[tuple[str, str, "Value | Sequence[Value]"]]
"""Conditions: (column, one of = in >= <=, a value; for `in` a list)."""

_OPERATORS: Final[Mapping[str, str]] = {"=": "in", "==": "in", "in": "in", ">=": ">=", "<=": "<="}
_DUMMY_ROWS: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A private answer: `rows` of value and 95 % interval, what it cost, and what is claimed of it."""

    question: Json
    rows: Sequence[Mapping[str, Any]]  # the columns asked by, and value, low, high; also at, or bin
    scale: float  # of the discrete Gaussian noise
    rho: Decimal
    epsilon: Decimal
    delta: Decimal
    claims: Json  # language → the sentence
    left: Json  # of the budget, in tenths
    twins: Sequence[str] = ()  # the snapshot
    id: str = ""  # of the signed statement; empty where nobody signed, as of dummy rows
    stored: bool = False  # it was there already, and cost nothing now
    receipt: Json = field(default_factory=dict, repr=False)

    @property
    def value(self) -> Decimal | None:
        """The one value of an answer that has one."""
        if len(self.rows) != 1:
            raise said(Invalid("client.answer-many", values=len(self.rows)))
        found: Decimal | None = self.rows[0]["value"]
        return found

    @property
    def interval(self) -> tuple[Decimal, Decimal]:
        """The ends of the one value's 95 % interval."""
        if len(self.rows) != 1:
            raise said(Invalid("client.answer-many", values=len(self.rows)))
        return self.rows[0]["low"], self.rows[0]["high"]

    @property
    def claim(self) -> str:
        """What is claimed, in the language that this person reads."""
        return str(self.claims.get(language_here()) or self.claims.get("en", ""))

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        """Go through the rows."""
        return iter(self.rows)

    def __len__(self) -> int:
        """How many values there are."""
        return len(self.rows)

    def __str__(self) -> str:
        """The values as a table, and the claim below."""
        names = list(self.rows[0]) if self.rows else []
        cells = [names, *([_cell(row[name]) for name in names] for row in self.rows)]
        widths = [max(len(row[place]) for row in cells) for place in range(len(names))]
        lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in cells]
        return "\n".join([*(line.rstrip() for line in lines if names), self.claim])

    def to_polars(self) -> "pl.DataFrame":
        """The values as a Polars frame; numbers as doubles."""
        frame: pl.DataFrame = library("polars", "polars").DataFrame(self._plain())
        return frame

    def to_pandas(self) -> "pd.DataFrame":
        """The values as a pandas frame; numbers as doubles."""
        frame: pd.DataFrame = library("pandas", "pandas").DataFrame(self._plain())
        return frame

    def _plain(self) -> list[dict[str, Any]]:
        return [{name: _float(value) for name, value in row.items()} for row in self.rows]


def _cell(value: object) -> str:
    return "–" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)


def _float(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    return [float(edge) for edge in value] if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Private:
    """A reservoir that answers questions and gives no rows. Each method is one question."""

    asking: "Asking" = field(repr=False)
    standard: Standard = field(repr=False)
    recipe: Recipe = field(repr=False)
    headers: Json = field(default_factory=dict, repr=False)
    rows: Sequence[dummy.Row] | None = field(default=None, repr=False)  # nobody's

    @property
    def id(self) -> str:
        """The reservoir's id."""
        return str(self.standard.id)

    @property
    def columns(self) -> Mapping[str, str]:
        """What may be asked of each column: `by` public keys, `by` keys that nobody knows beforehand, or its sums."""
        keys = {name: f"by ({len(found)} keys)" for name, found in self.recipe.keys.items()}
        opened = dict.fromkeys(self.recipe.open, "by (keys told above a threshold)")
        sums = {name: f"sum, {one.lowest:f} to {one.highest:f}" for name, one in self.recipe.sums.items()}
        return {**keys, **opened, **sums}

    def periods(self) -> list[str]:
        """The periods that may be asked about now, the oldest first."""
        return list(self.info()["open"])

    def info(self) -> Json:
        """What may be asked, and what is left of the budget in tenths, as the dam tells it."""
        return self.asking.questions(self.id)

    def dummy(self, rows: int = _DUMMY_ROWS, *, seed: int = 0) -> "Private":
        """The same questions, answered here from rows that are nobody's: nothing is sent, nothing is charged."""
        return replace(self, rows=list(dummy.rows(self.standard, self.recipe, rows, seed=seed)))

    def count(self, **options: Any) -> Answer:
        """How many rows there are: `by`, `where`, `periods`, `rho` or `epsilon` (see `ask`)."""
        return self.ask("count", **options)

    def distinct(self, **options: Any) -> Answer:
        """How many privacy units there are."""
        return self.ask("distinct", **options)

    def sum(self, column: str, **options: Any) -> Answer:
        """What a column comes to, each value within its clip."""
        return self.ask("sum", column=column, **options)

    def mean(self, column: str, **options: Any) -> Answer:
        """What a column's rows hold on average, each value within its clip."""
        return self.ask("mean", column=column, **options)

    def quantile(self, column: str, at: Value = "0.5", **options: Any) -> Answer:
        """Below what value a share `at` of a column's rows lies; without it the median."""
        return self.ask("quantiles", column=column, at=[at], **options)

    def quantiles(self, column: str, at: Sequence[Value], **options: Any) -> Answer:
        """Several quantiles, for what one costs."""
        return self.ask("quantiles", column=column, at=list(at), **options)

    def histogram(self, column: str, **options: Any) -> Answer:
        """How many rows lie between each two of `edges`."""
        return self.ask("histogram", column=column, **options)

    def preview(self, aggregate: str, **options: Any) -> Json:
        """What an answer to the same question would be like: {cells, half_width, epsilon, …}. No data, no charge."""
        some = options.get("periods") or _SOME[str(self.standard.bounds.period)]  # which one makes no difference
        asked = question.read(self.question(aggregate, **{**options, "periods": some}), self.standard, self.recipe)
        return previewing.told(previewing.preview(asked, self.standard, self.recipe))

    def ask(self, aggregate: str, **options: Any) -> Answer:
        """Ask: `column`, `by`, `where`, `at`, `edges`, `periods`, and `rho` or `epsilon`, what it may cost.

        Without `periods` it is about the last one that is open; without a cost it is a tenth of what one consumer may
        spend of a period.
        """
        sent = self.question(aggregate, **options)
        asked = question.read(sent, self.standard, self.recipe)  # what is wrong is found before it is sent
        if self.rows is not None:
            return self._dummy_answer(asked)
        return _read(self.asking.answer(sent, self.headers), question.told(asked))

    def question(  # noqa: PLR0913  (what there is to a question)
        self,
        aggregate: str,
        *,
        column: str | None = None,
        by: str | Sequence[str] = (),
        where: Where = (),
        at: Sequence[Value] = (),
        edges: Sequence[Value] = (),
        periods: str | Sequence[str] = (),
        rho: Value = None,
        epsilon: Value = None,
    ) -> Json:
        """The same question as JSON, as it is sent."""
        named = [periods] if isinstance(periods, str) else list(periods)
        cost = {"rho": rho, "epsilon": epsilon}
        if rho is None and epsilon is None and self.standard.budget is not None:
            cost["rho"] = Decimal(rho_said(previewing.usual(self.standard.budget)))
        found = {
            "standard": self.id,
            "aggregate": aggregate,
            "column": column,
            "by": [by] if isinstance(by, str) else list(by),
            "where": [self._condition(*one) for one in where],
            "at": [_number(one) for one in at],
            "edges": [_number(one) for one in edges],
            "periods": named or self._last(),
            **{name: _number(value) for name, value in cost.items() if value is not None},
        }
        return {name: value for name, value in found.items() if value is not None and value != []}

    def _condition(self, column: str, op: str, value: "Value | Sequence[Value]") -> Json:
        if op not in _OPERATORS:
            raise said(Invalid("client.condition-unknown", op=str(op)[:20], known=", ".join(_OPERATORS)))
        several = list(value) if isinstance(value, list | tuple | set | frozenset) else [value]
        plain = [_number(one) if isinstance(one, float | Decimal) else one for one in several]
        return {"column": column, "operator": _OPERATORS[op], "values": plain}

    def _last(self) -> list[str]:
        if self.rows is not None:
            return [_SOME[str(self.standard.bounds.period)]]
        if not (found := self.periods()):
            running = periods.of(datetime.now(UTC), str(self.standard.bounds.period))
            end = periods.end(running).date().isoformat()
            raise said(Invalid("private.none-open", standard=self.id, period=running, end=end))
        return found[-1:]

    def _dummy_answer(self, asked: Question) -> Answer:
        estimates = dummy.estimates(asked, self.standard, self.recipe, self.rows or ())
        paid = claim.cost(asked, self.standard, self.recipe)
        budget = self.standard.budget
        scale = answering.mechanism(asked, self.recipe, budget).scale if budget is not None else 0.0
        return Answer(
            question=question.told(asked),
            rows=[_row(asked.by, answering.said(one)) for one in estimates],
            scale=scale,
            rho=Decimal(rho_said(paid.rho)),
            epsilon=paid.epsilon,
            delta=paid.delta,
            claims={lang: texts.say("ui.answer-dummy", lang) for lang in texts.LANGUAGES},
            left={},
        )


_SOME: Final[Mapping[str, str]] = {  # periods, for those of whom it does not matter
    "day": "2026-01-01",
    "week": "2026-W01",
    "month": "2026-01",
    "quarter": "2026-Q1",
    "year": "2026",
}
_NOBODYS: Final[Mapping[str, str]] = {
    "en": "Dummy rows: drawn from the standard alone, they say nothing about anything.",
    "ko": "가상의 행입니다. 표준에서만 뽑았으므로 아무것도 말해 주지 않습니다.",
}


def _number(value: Value) -> Value:
    """A number as a question has it: exact, as a text; what is none is left to be refused."""
    if isinstance(value, bool) or not isinstance(value, float | Decimal):
        return value
    number = Decimal(repr(value)) if isinstance(value, float) else value
    return f"{number:f}" if number.is_finite() else str(value)


def _row(by: Sequence[str], estimate: Json) -> dict[str, Any]:
    keys = dict(zip(by, estimate["keys"], strict=True))
    numbers = {name: Decimal(estimate[name]) for name in ("at",) if name in estimate}
    bins = {"bin": tuple(map(Decimal, estimate["bin"]))} if "bin" in estimate else {}
    value = None if estimate["value"] is None else Decimal(estimate["value"])
    ends = {name: Decimal(estimate[name]) for name in ("low", "high")}
    return {**keys, **numbers, **bins, "value": value, **ends}


def _read(sent: Json, asked: Json) -> Answer:
    """An answer as it was signed; `Untrusted` where it answers another question than this."""
    body = sent["answer"]
    if body["question"] != asked:
        raise said(Untrusted("client.answer-other", id=str(sent["id"])[:64]))
    return Answer(
        question=body["question"],
        rows=[_row(body["result"]["by"], one) for one in body["result"]["estimates"]],
        scale=float(body["result"]["noise"]["scale"]),
        rho=Decimal(rho_said(body["rho"])),
        epsilon=Decimal(body["epsilon"]),
        delta=Decimal(body["delta"]),
        claims=body["claim"],
        left=sent["left"],
        twins=[one["twin"] for one in body["twins"]],
        id=str(sent["id"]),
        stored=bool(sent["stored"]),
        receipt=sent["receipt"],
    )


def private(asking: "Asking", standard: Standard, headers: Json) -> Private:
    """A standard's reservoir to ask; one that gives no private answers is `Invalid`."""
    if standard.tier is not Tier.ANSWERS:
        raise said(Invalid("private.no-answers", standard=str(standard.id)))
    return Private(
        asking=asking, standard=standard, recipe=recipes.recipe(standard, codelists.packaged()), headers=headers
    )


class Asking(Trusting):
    """What consumers ask, and what contributors see of it."""

    def questions(self, id: str) -> Json:
        """What may be asked of a reservoir: columns, open periods, what is left."""
        found: Json = self._get(f"/api/reservoirs/{part(id)}/questions", as_member=self.has_key)
        return found

    def answer(self, sent: Json, headers: Json) -> Json:
        """Send a question; the answer, once its receipt was checked under the pinned key."""
        found: Json = self._ask("POST", "/api/answers", json=sent, headers=dict(headers)).json()
        told = self._proven(found["receipt"]).statement
        same = told.id == found["id"] and told.kind is Kind.ANSWER
        if not same or seal.canonical(told.body) != seal.canonical(found["answer"]):
            raise said(Untrusted("client.answer-other", id=str(found["id"])[:64]))
        return found

    def dummy_rows(self, id: str, rows: int = 100, *, seed: int = 0) -> str:
        """Rows that are nobody's, as CSV."""
        params = {"rows": rows, "seed": seed}
        return self._ask("GET", f"/api/reservoirs/{part(id)}/dummy", as_member=False, params=params).text

    def spent(self) -> list[Json]:
        """What was spent on the caller's own rows, by reservoir and period, in rho."""
        return list(self._get("/api/spent", as_member=True)["items"])

    def cap(self, standard: str, rho: Value) -> Json:
        """Sign how much may be spent on one's rows of a standard over their life; None: no cap of one's own any more.

        Once as much was spent, one's rows are left out of all periods that begin later.
        """
        facts = {"member": self.member, "standard": standard, "rho": _micro(rho)}
        found: Json = self._ask("POST", "/api/caps", content=seal.envelope(self._sign(Kind.CAP, facts))).json()
        return found


def _micro(rho: Value) -> int | None:
    if rho is None:
        return None
    try:
        scaled = Decimal(str(rho)) * 1_000_000
        whole = int(scaled)
    except (ArithmeticError, ValueError):
        raise said(Invalid("client.rho-wrong", rho=str(rho)[:40])) from None
    if scaled != whole or whole < 0:
        raise said(Invalid("client.rho-wrong", rho=str(rho)[:40]))
    return whole


def first(rows: Sequence[Mapping[str, Any]], count: int) -> list[Mapping[str, Any]]:
    """The first rows."""
    return list(islice(rows, count))
