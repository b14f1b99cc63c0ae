"""Every way a dam can say no.

DamError
├── Invalid      fix what you sent; sending it again will not help
├── Refused      well formed, but you may not: not a member, no grant, over a limit
├── NotFound     there is no such standard, member, deposit or release
├── Untrusted    a signature, proof, checkpoint or digest does not hold
└── Unavailable  a store, lake, peer or secret is missing or busy; try again later, or mend the dam
"""

from collections.abc import Iterable, Mapping
from typing import TypeGuard


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


def kept(error: object) -> dict[str, object]:
    """A refusal, or one reason or fault of it, as JSON that can be stored or sent: `{code, facts, faults}`.

    `facts` keep their JSON values, all others become their text; several faults, or the reasons of a denial, stand
    in `faults`, each in the same form.
    """
    facts: Mapping[str, object] = getattr(error, "facts", {})
    inner = getattr(error, "faults", None) or facts.get("reasons") or ()
    return {
        "code": str(getattr(error, "code", "")),
        "facts": {
            name: value if isinstance(value, str | int | None) else _listed(value)
            for name, value in facts.items()
            if name != "reasons"
        },
        "faults": [kept(part) for part in inner if hasattr(part, "code")] if _is_list(inner) else [],
    }


def _listed(value: object) -> list[str] | str:
    return [str(part) for part in value] if _is_list(value) else str(value)


def _is_list(value: object) -> TypeGuard[list[object] | tuple[object, ...]]:
    return isinstance(value, list | tuple)


def revived(told: Mapping[str, object], kind: type[DamError] = Invalid) -> DamError:
    """The refusal that `kept` wrote, to be raised or explained again; anything odd in it becomes its text."""
    facts, inner = told.get("facts"), told.get("faults")
    named = {str(name): value for name, value in facts.items()} if isinstance(facts, Mapping) else {}
    faults = [revived(part) for part in inner if isinstance(part, Mapping)] if _is_list(inner) else []
    error = kind(str(told.get("code", "")))
    error.facts = {**named, "reasons": tuple(faults)} if faults else named
    return error
