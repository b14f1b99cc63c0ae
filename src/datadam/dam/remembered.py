"""Decisions that still hold, so that who asks the same again is answered at once, by the statement there is.

What is remembered counts while nothing was logged that could change a decision, and until the next moment at which one
could change by itself. Everything is forgotten with the process; then a decision is made, and logged, anew.
"""

import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass, field, replace
from typing import Final

from datadam.model import Ask, Decision, Json, Kind

MOST: Final = 10_000  # decisions; the one that was asked for longest ago is forgotten first

PASSIVE: Final = frozenset({Kind.DECISION, Kind.RELEASE, Kind.MANIFEST, Kind.DECLINE, Kind.ERASURE, Kind.PURGE})
"""Statements that no decision rests on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A decision that is in the log, and what it rests on."""

    decision: Decision
    id: str  # of its statement
    facts: Json  # without the time
    until: str  # ISO 8601 instant from which it has to be made anew
    generation: int  # of the log, as `Remembered` counts


@dataclass(slots=True)
class Remembered:
    """The decisions of one dam, by what was asked; and how many there were of each sort since the start."""

    generation: int = 0  # how often something was logged that decisions rest on
    answers: OrderedDict[Ask, Answer] = field(default_factory=OrderedDict)
    counts: Counter[str] = field(default_factory=Counter)  # allowed, denied, repeated, stranger-allowed and -denied
    lock: threading.Lock = field(default_factory=threading.Lock)

    def logged(self, kind: Kind) -> None:
        """Take note that a statement entered the log."""
        if kind not in PASSIVE:
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

    def count(self, sort: str) -> None:
        """Count one answer."""
        with self.lock:
            self.counts[sort] += 1
