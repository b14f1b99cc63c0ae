"""Declarations: what no program can see of an obligation, a named person answers for, until a day. No legal advice."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datadam.cli.manners import (
    DIGITS,
    HERE,
    Json,
    KeyFile,
    Of,
    Url,
    open_terminal,
    operated,
    print_json,
    reach,
    whole_id,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer()
declaration_app = typer.Typer(
    name="declaration", no_args_is_help=True, help="What named persons declare where no program can see it."
)
app.add_typer(declaration_app)

Folder = Annotated[Path | None, typer.Option("--dam", help="Operator: the dam's folder; else you declare as a member.")]


@app.command()
def declare(
    row: Annotated[int, typer.Argument(help="The obligation's number; see `datadam audit`.")],
    by: Annotated[str, typer.Option(help="Who answers for it: a person's name. Erasable, not in the log.")],
    office: Annotated[str, typer.Option(help="That person's office.")],
    words: Annotated[str, typer.Option(help="What is declared; auditors read it. No personal data here.")],
    until: Annotated[str, typer.Option(help="The last day on which that person answers for it, ISO 8601.")],
    standard: Annotated[str | None, typer.Option(help="The reservoir that it is about.")] = None,
    about: Annotated[str | None, typer.Option(help="The member that it is about, by its id.")] = None,
    country: Annotated[
        list[str] | None, typer.Option(help="ISO 3166-1 alpha-2; what it means, docs/declarations.md says. Repeat it.")
    ] = None,
    days: Annotated[int | None, typer.Option(help="An age in days, where the obligation knows one.")] = None,
    applies: Annotated[
        bool, typer.Option("--applies/--applies-not", help="Whether what the obligation is about is the case there.")
    ] = True,
    dam: Folder = None,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Declare what no program can see, in a named person's name: the operator's with --dam, else a member's."""
    if dam is not None:
        typed = {"row": str(row), "words": words, "name": by, "office": office, "until": until}
        made = operated(
            dam,
            "declare",
            **typed,
            standard=standard,
            subject=about,
            countries=",".join(country or ()),
            days=None if days is None else str(days),
            applies="yes" if applies else "no",
        )
    else:
        said = {"row": row, "words": words.strip(), "until": until, "standard": standard, "subject": about}
        more = {"countries": sorted(set(country or ())), "days": days, "applies": applies}
        made = dict(reach(url, key).declare({**said, **more}, name=by, office=office))
    terminal = open_terminal()
    terminal.say("ui.declared", row=made["row"], declaration=made["id"], index=made["index"], until=made["until"])
    terminal.say("ui.not-legal-advice")


@declaration_app.command("list")
def declaration_list(dam: Folder = None, url: Url = None, key: KeyFile = None, as_json: Json = False) -> None:
    """Every declaration that you may read, with who answers for it: with --dam and to auditors all, else your own."""
    items = operated(dam, "declarations")["items"] if dam is not None else reach(url, key).declarations()
    if as_json:
        print_json({"items": items, "note": open_terminal().word("ui.not-legal-advice")})
        return
    terminal = open_terminal()
    headings = ("ui.declaration", "ui.audit-row", "ui.person", "ui.about", "ui.applies", "ui.until", "ui.words")
    terminal.table(headings, [_listed(one) for one in items])


def _listed(one: "Mapping[str, Any]") -> tuple[object, ...]:
    terminal = open_terminal()
    named = one["named"]
    person = f"{named['name']}, {named['office']}" if named else terminal.word("ui.person-erased")
    about = " ".join(each for each in (one["standard"], one["subject"]) if each)
    applies = terminal.word("ui.applies-yes" if one["applies"] else "ui.applies-not")
    more = [", ".join(one["countries"]), "" if one["days"] is None else f"{one['days']} d"]
    words = " ".join(each for each in (one["words"], *more) if each)
    return (
        one["id"][:DIGITS],
        one["row"],
        f"{person} ({one['member'] or 'dam'})",
        about,
        applies,
        one["until"],
        words,
    )


@declaration_app.command("forget")
def declaration_forget(
    declaration: Annotated[str, typer.Argument(help="The declaration: its id, or the first digits.")],
    reason: Annotated[str, typer.Option(help="Why; logged, and public.")],
    dam: Of = HERE,
) -> None:
    """Operator: erase who answers for a declaration, for good. What was declared stays."""
    ids = [str(one["id"]) for one in operated(dam, "declarations")["items"]]
    found = whole_id(declaration, ids, "declaration.unknown", "declaration")
    done = operated(dam, "forget-declaration", id=found, reason=reason)
    open_terminal().say("ui.logged", index=done["index"])
