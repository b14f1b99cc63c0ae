"""Decisions that still hold, so that who asks the same again is answered at once, by the statement there is.

What is remembered counts while nothing was logged that could change a decision, and until the next moment at which one
could change by itself. Everything is forgotten with the process; then a decision is made, and logged, anew.
"""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, cast

from datadam.model import Ask, Decision, Json, Kind
from datadam.ports import Record, Rows, Store

MOST: Final = 10_000  # decisions, and callers; the one that was asked for longest ago is forgotten first
AT_ONCE: Final = 500  # asks that one batch answers: a fifth of a second, in which nothing else is logged

MARKINGS: Final = 100  # different ones in a file; a standard has far fewer

PASSIVE: Final = frozenset(
    {
        Kind.DECISION,
        Kind.RELEASE,
        Kind.MANIFEST,
        Kind.DECLINE,
        Kind.ROTATION,
        Kind.RETIREMENT,
        Kind.OPERATOR,
        Kind.OPERATOR_EXIT,
        Kind.RECOVERY,
        Kind.OBJECTION,
        Kind.ERASURE,
        Kind.PURGE,
        Kind.TABLES,
        Kind.MODEL,
        Kind.OPENING,
        Kind.DECLARATION,
        Kind.DEMAND,
        Kind.INCIDENT,
        Kind.NOTICE,
        Kind.PROPOSAL,
        Kind.APPROVAL,
        Kind.COMMENT,
        Kind.TWIN,
        Kind.CHARGE,
        Kind.ANSWER,
        Kind.CAP,
        Kind.ROUND,
        Kind.COMMITMENT,
        Kind.MATCH,
        Kind.SHOWING,
        Kind.CONSENT,
        Kind.SHOWN,
    }
)
"""Statements that no decision rests on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A decision that is in the log, and what it rests on."""

    decision: Decision
    id: str  # of its statement
    facts: Json  # without the time
    until: str  # ISO 8601 instant from which it has to be made anew
    generation: int  # of the log, as `Remembered` counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Who a token speaks for, and what that rests on."""

    caller: Any
    until: str  # ISO 8601 instant from which it is to be looked up anew
    generation: int  # of the log
    revoked: int  # how many tokens were by then


@dataclass(slots=True, eq=False)
class Waiting:
    """An ask that waits to be answered together with others, and what came of it."""

    ask: Ask
    answer: Answer | None = None
    error: Exception | None = None

    @property
    def open(self) -> bool:
        """Whether it still waits."""
        return self.answer is None and self.error is None

    @property
    def told(self) -> tuple[Decision, str] | Exception:
        """The decision and the id of its statement, or why there is none."""
        if self.answer is not None:
            return self.answer.decision, self.answer.id
        return self.error or LookupError("not answered")


@dataclass(slots=True)
class Remembered:
    """The decisions of one dam, by what was asked; and how many there were of each sort since the start."""

    generation: int = 0  # how often something was logged that decisions rest on
    answers: OrderedDict[Ask, Answer] = field(default_factory=OrderedDict)
    counts: Counter[str] = field(default_factory=Counter)  # allowed, denied, repeated, stranger-allowed and -denied
    waiting: list[Waiting] = field(default_factory=list)
    looked: dict[object, Any] = field(default_factory=dict)  # what was read of the tables, and still stands there
    counts_of: dict[frozenset[object], int] = field(default_factory=dict)  # facts in stored files, which never change
    markings: dict[tuple[Path, str], frozenset[str]] = field(default_factory=dict)  # in stored files, the same
    looked_at: int = -1  # the generation of that
    listed: dict[str, tuple[int, Mapping[tuple[str, str], Path]]] = field(default_factory=dict)  # files of reservoirs
    sealed: dict[str, str] = field(default_factory=dict)  # when deposits were, by their outcomes
    noes: Counter[str] = field(default_factory=Counter)  # logged to each member on one day
    noes_on: str = ""  # that day
    callers: OrderedDict[str, Known] = field(default_factory=OrderedDict)  # by the hash of their token
    revoked: int = 0  # tokens, since the start
    lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, ask: Ask) -> Waiting:
        """Put an ask among those that wait; whoever comes to answer answers all of them."""
        one = Waiting(ask)
        with self.lock:
            self.waiting.append(one)
        return one

    def take(self, mine: Sequence[Waiting]) -> list[Waiting]:
        """Those that are to be answered now: `mine`, also if who took them before came to grief, and who else waits."""
        with self.lock:
            own = set(map(id, mine))
            found = [*mine, *(one for one in self.waiting if id(one) not in own)]
            self.waiting = found[AT_ONCE:]
            return found[:AT_ONCE]

    def caller(self, token: str, now: str) -> Any:  # noqa: ANN401  (what it was given)
        """Who a token was found to speak for, by its hash, while nothing changed that could end it; else None."""
        with self.lock:
            held = self.callers.get(token)
            if held is None or (held.generation, held.revoked) != (self.generation, self.revoked) or now >= held.until:
                return None
            self.callers.move_to_end(token)
            return held.caller

    def called(self, token: str, found: Known) -> None:
        """Remember who a token speaks for."""
        with self.lock:
            self.callers[token] = found
            self.callers.move_to_end(token)
            if len(self.callers) > MOST:
                self.callers.popitem(last=False)

    def forget_callers(self) -> None:
        """Take note that a token was revoked."""
        with self.lock:
            self.revoked += 1

    def logged(self, kind: Kind) -> None:
        """Take note that a statement entered the log."""
        if kind not in PASSIVE:
            self.changed()

    def changed(self) -> None:
        """Take note that decisions may rest on other facts now."""
        with self.lock:
            self.generation += 1

    def recall(self, ask: Ask) -> Answer | None:
        """What was answered last, whether it holds or not."""
        with self.lock:
            found = self.answers.get(ask)
            if found is not None:
                self.answers.move_to_end(ask)
            return found

    def keep(self, ask: Ask, answer: Answer) -> Answer:
        """Remember an answer in place of the one before."""
        with self.lock:
            self.answers[ask] = answer
            self.answers.move_to_end(ask)
            if len(self.answers) > MOST:
                self.answers.popitem(last=False)
        return answer

    def still(self, ask: Ask, answer: Answer, *, generation: int, until: str) -> Answer:
        """Remember that an answer holds still: what it rests on was looked at again, and is the same."""
        return self.keep(ask, replace(answer, generation=generation, until=until))

    def still_there(self, store: Store) -> Store:
        """The store as it is read while nothing is logged: what was read once is not read again.

        For whoever holds the dam's lock only, since under it nothing is written.
        """
        if self.looked_at != self.generation or len(self.looked) > MOST:
            self.looked, self.looked_at = {}, self.generation
        return cast("Store", _Still(store, self.looked))

    def counted(self, what: frozenset[object], count: Callable[[], int]) -> int:
        """How much is in stored files, counted once; `what` says of which, and what of them."""
        if len(self.counts_of) > MOST:
            self.counts_of.clear()
        if what not in self.counts_of:
            self.counts_of[what] = count()
        return self.counts_of[what]

    def marked(
        self, path: Path, column: str, values: Callable[[Sequence[Path], str, int], frozenset[str]]
    ) -> frozenset[str]:
        """Which markings the rows of a stored file have, looked up once."""
        if len(self.markings) > MOST:
            self.markings.clear()
        if (path, column) not in self.markings:
            self.markings[path, column] = values([path], column, MARKINGS)
        return self.markings[path, column]

    def sealed_at(self, outcome: str, look: Callable[[], str]) -> str:
        """When a deposit was sealed, read once: what is in the log stays as it is."""
        if len(self.sealed) > MOST:
            self.sealed.clear()
        if outcome not in self.sealed:
            self.sealed[outcome] = look()
        return self.sealed[outcome]

    def lying(
        self, standard: str, wanted: frozenset[tuple[str, str]], look: Callable[[], Mapping[tuple[str, str], Path]]
    ) -> Mapping[tuple[str, str], Path]:
        """The files of a reservoir by tag and name, as listed since the last change; all `wanted` that there are."""
        generation, held = self.generation, self.listed.get(standard)
        if held is None or held[0] != generation or not wanted <= held[1].keys():
            held = self.listed[standard] = generation, look()
        return held[1]

    def may_deny(self, member: str, day: str, most: int) -> bool:
        """Whether one more no to a member may be logged on a day, of `most`; counts it. Under the dam's lock."""
        if day != self.noes_on:
            self.noes, self.noes_on = Counter(), day
        may = self.noes[member] < most
        self.noes[member] += may
        return may

    def count(self, sort: str) -> None:
        """Count one answer."""
        with self.lock:
            self.counts[sort] += 1


@dataclass(frozen=True, slots=True)
class _Still:
    """A store that is only read; and its rows, read where nobody did before."""

    store: Store
    known: dict[object, Any]

    @contextmanager
    def read(self) -> Iterator["_Still"]:
        yield self

    def get(self, kind: type[Record], *key: str) -> Record | None:
        """As `Rows.get`."""
        return cast("Record | None", self._known((kind, *key), lambda rows: rows.get(kind, *key)))

    def find(self, kind: type[Record], /, **equals: object) -> list[Record]:
        """As `Rows.find`."""
        found: list[Record] = self._known((kind, frozenset(equals.items())), lambda rows: rows.find(kind, **equals))
        return list(found)

    def newest(self, kind: type[Record], by: str, most: int, /, **equals: object) -> list[Record]:
        """As `Rows.newest`."""
        key = (kind, by, most, frozenset(equals.items()))
        found: list[Record] = self._known(key, lambda rows: rows.newest(kind, by, most, **equals))
        return list(found)

    def _known(self, key: object, look: Callable[[Rows], Any]) -> Any:  # noqa: ANN401  (a record, or a list of them)
        if key not in self.known:
            with self.store.read() as rows:
                self.known[key] = look(rows)
        return self.known[key]
