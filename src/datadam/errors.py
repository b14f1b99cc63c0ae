"""Every way a dam can say no.

DamError
├── Invalid      fix what you sent; sending it again will not help
├── Refused      well formed, but you may not: not a member, no grant, over a limit
├── NotFound     there is no such standard, member, deposit or release
├── Untrusted    a signature, proof, checkpoint or digest does not hold
└── Unavailable  a store, lake, peer or secret is missing or busy; try again later, or mend the dam
"""

from collections.abc import Iterable


class DamError(Exception):
    """Base of every error that a caller may want to catch.

    `code` is stable and names its sentences in texts/en.toml and texts/ko.toml; `facts` fill those
    in and say where (row, column, rule). Edges render it; nothing below them writes prose.
    """

    def __init__(self, code: str, **facts: object) -> None:
        """Say no with a stable `code` and the facts that its sentence needs."""
        super().__init__(code)
        self.code, self.facts = code, facts

    def __str__(self) -> str:
        """Code and facts, for a log line; people read `texts.explain`."""
        return f"{self.code} {self.facts}" if self.facts else self.code


class Invalid(DamError):
    """What was sent is wrong in itself; sending it again will not help."""


class Refused(DamError):
    """Well formed, but the asker may not have it."""


class NotFound(DamError):
    """There is no such thing, or none that the asker may know of."""


class Untrusted(DamError):
    """A signature, proof, checkpoint or digest does not hold."""


class Unavailable(DamError):
    """Something the dam needs is missing, locked or broken."""


class Faults(Invalid):
    """Several things are wrong at once; `faults` holds every one, so that they can be mended together."""

    def __init__(self, code: str, faults: Iterable[DamError], **facts: object) -> None:
        """Say no once for all `faults` together."""
        self.faults = tuple(faults)
        super().__init__(code, count=len(self.faults), **facts)
