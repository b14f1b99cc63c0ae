"""What a check gives: how much it looked at, and every entry that breaks the obligation. Who wrote it and when."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from datadam.errors import DamError, Unavailable
from datadam.ledger import DAM
from datadam.model import Reason
from datadam.obligations.view import Logged, Unbelieved, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One entry, and what it breaks; or what it declares."""

    index: int
    id: str
    who: str  # the member that it is about, or `dam`; empty where nobody can tell
    when: str  # when its signers say that it was signed; empty where nobody can tell
    what: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came of a check: of nothing looked at, nothing is said."""

    looked: int  # entries that the obligation is about
    found: tuple[Found, ...] = ()


Check: TypeAlias = Callable[[View], Checked]
"""A pure function over the log: the same log, seen at the same time, always gives the same."""


def checked(looked: Iterable[Logged], broken: Callable[[Logged], Iterable[Reason]]) -> Checked:
    """Look at each of these entries: all reasons why it breaks the obligation. One that makes no sense breaks it."""
    entries = tuple(looked)
    return Checked(
        looked=len(entries), found=tuple(found(one, what) for one in entries for what in _reasons(one, broken))
    )


def _reasons(one: Logged, broken: Callable[[Logged], Iterable[Reason]]) -> tuple[Reason, ...]:
    """Why it breaks the obligation; days that never were and facts of another shape are signed as easily as others."""
    try:
        return tuple(broken(one))
    except Unavailable:  # nothing is wrong with the entry: what it is looked at with is not there
        raise
    except DamError as fault:
        return (Reason(fault.code, fault.facts),)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        return (Reason("obligation.senseless", {"why": type(error).__name__}),)


def both(*parts: Checked) -> Checked:
    """Several checks as one, what they found in log order."""
    together = [one for part in parts for one in part.found]
    return Checked(
        looked=sum(part.looked for part in parts), found=tuple(sorted(together, key=lambda one: (one.index, one.id)))
    )


def found(one: Logged, what: Reason) -> Found:
    """An entry, and what is to say of it."""
    return Found(index=one.index, id=one.id, who=who(one), when=one.issued, what=what)


def unbelieved(one: Unbelieved, fault: DamError) -> Found:
    """An entry that cannot be believed, and why."""
    body = one.statement.body if one.statement is not None else {}
    return Found(
        index=one.index,
        id=one.id,
        who=str(body.get("member") or body.get("contributor") or ""),
        when=str(body.get("issued") or ""),
        what=Reason(fault.code, fault.facts),
    )


def who(one: Logged) -> str:
    """The member that a statement is about; the dam's own where it is about none."""
    return str(one.body.get("member") or one.body.get("contributor") or DAM)
