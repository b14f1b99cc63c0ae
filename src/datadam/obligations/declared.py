"""What named persons declare where no program can see it: whose word it is, about what, and until when.

A word binds from its place in the log until the same party says something else about the same. After its last day
nobody answers for it: what rests on it then is found, and a new word is needed. Of words about a standard those count
that the dam or a steward of it gives, so that no member can say what binds another.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from datadam import seal
from datadam.errors import Invalid, NotFound
from datadam.formats import person
from datadam.model import Kind, Reason
from datadam.obligations import past
from datadam.obligations.view import Logged, View

OVER: Final = "obligation.declaration-over"


def of_row(view: View, row: int) -> tuple[Logged, ...]:
    """Every declaration about an obligation, in log order."""
    return tuple(one for one in view.of(Kind.DECLARATION) if one.body["row"] == row)


def standing(view: View, row: int, index: int, *, standard: str | None, subject: str | None = None) -> list[Logged]:
    """The last word of each party about exactly this before a place in the log."""
    last: dict[str | None, Logged] = {}
    for one in of_row(view, row):
        if (one.body["standard"], one.body["subject"]) == (standard, subject) and one.index < index:
            last[one.body["member"]] = one
    return list(last.values())


def about(view: View, row: int, standard: str, index: int) -> list[Logged]:
    """The words before a place in the log by which the row is the case for a standard: the dam's, and its stewards'."""
    held = past.standard(view, standard, index)
    stewards = {None, *(held.stewards if held else ())}
    found = standing(view, row, index, standard=standard)
    return [one for one in found if one.body["applies"] and one.body["member"] in stewards]


def over(word: Logged, when: str) -> Iterator[Reason]:
    """Whether nobody answered for a word any more when something was signed that rests on it."""
    if when[:10] > word.body["until"]:
        yield Reason(OVER, {"declaration": word.id, "until": word.body["until"]})


def told(view: View, one: Logged) -> Reason:
    """A declaration in words: who answers for it, where the auditor may know that and it was not erased."""
    names = ("words", "until", "person", "applies", "standard", "subject", "days")
    facts = {name: one.body[name] for name in names} | {"countries": list(one.body["countries"])}
    held = view.persons.get(str(one.body["person"]))
    if held is None:
        return Reason("obligation.declared", facts)
    return Reason("obligation.declared-by", {**facts, **held})


def persons(view: View, bodies: Callable[[str], bytes | None]) -> dict[str, Mapping[str, str]]:
    """Who answers for each declaration, of bodies that are what was hashed; whoever was erased is left out."""
    found: dict[str, Mapping[str, str]] = {}
    for one in view.of(Kind.DECLARATION):
        id = str(one.body["person"])
        try:
            body = bodies(id)
            if body is not None and seal.digest(body) == id:
                found[id] = person.read(body)
        except (Invalid, NotFound):  # a body that names nobody
            continue
    return found
