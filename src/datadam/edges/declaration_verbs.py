"""The operator's verbs about declarations, and how one is told over HTTP: who answers for what, until when."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Final

from datadam.dam import declare
from datadam.dam.world import World
from datadam.duties import Declaration
from datadam.errors import Invalid
from datadam.formats import person
from datadam.model import Json

MOST_DIGITS: Final = 9


def told(world: World, one: Declaration) -> Json:
    """A declaration with the name and office of who answers for it, and the body that they were hashed in.

    Null where they were erased.
    """
    body = declare.body_of(world, one)
    return {
        **asdict(one),
        "named": None if body is None else dict(person.read(body)),
        "body": None if body is None else body.decode(),
    }


def number(name: str, text: str | None) -> int | None:
    """A whole number as it is typed; None where nothing was."""
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
        raise Invalid("declaration.number-malformed", field=name, value=text[:20])
    return int(text)


def _declare(world: World, args: Mapping[str, str | None]) -> Json:
    said = declare.Said(
        row=number("row", args["row"]) or 0,
        words=str(args["words"]),
        name=str(args["name"]),
        office=str(args["office"]),
        until=str(args["until"]),
        standard=args["standard"],
        subject=args["subject"],
        applies=args["applies"] != "no",
        countries=[part.strip() for part in (args["countries"] or "").split(",") if part.strip()],
        days=number("days", args["days"]),
    )
    return told(world, declare.declare(world, said))


def _declarations(world: World) -> Json:
    return {"items": [told(world, one) for one in declare.every(world)]}


def _forget(world: World, id: str, reason: str) -> Json:
    return {"index": declare.forget(world, id, reason)}


_SAID: Final = ("row", "words", "name", "office", "until", "standard?", "subject?", "applies?", "countries?", "days?")

VERBS: Final[Mapping[str, tuple[tuple[str, ...], Callable[..., Json]]]] = {
    "declare": (_SAID, lambda world, **args: _declare(world, args)),
    "declarations": ((), _declarations),
    "forget-declaration": (("id", "reason"), _forget),
}
"""Each verb with the arguments that it takes; one that may be absent ends in a question mark."""
