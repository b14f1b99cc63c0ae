"""Terms of one's own: checked before they are signed, and a country's for all that its firms deposit."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datadam.cli.manners import DIGITS, Json, KeyFile, Url, open_terminal, print_json, reach, read_text
from datadam.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datadam.edges.terminal import Terminal
    from datadam.model import Json as Told

app = typer.Typer()
reservation_app = typer.Typer(
    name="reservation", no_args_is_help=True, help="What a country asks of all that its firms deposit."
)
app.add_typer(reservation_app)
Terms = Annotated[
    Path | None,
    typer.Option("--terms", help="Terms of your own for this deposit, YAML; only ever stricter than the offer."),
]


def own_terms(file: Path | None) -> "Told | None":
    """The terms in a YAML file, as they are signed; None where there is no file."""
    from datadam.formats import own_terms

    return None if file is None else own_terms.from_yaml(read_text(file))


@reservation_app.command("sign")
def reservation_sign(
    files: Annotated[list[Path] | None, typer.Argument(help="Restrictions, YAML: see docs/own-terms.md.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="You have read what will hold.")] = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Sign, for a country, what holds for all that its firms deposit; without a file nothing does any more."""
    dam, terminal = reach(url, key), open_terminal()
    said = [found for file in files or () if (found := own_terms(file)) is not None]
    show(terminal, said)
    if not yes:
        if not sys.stdin.isatty():
            raise Invalid("reservation.unconfirmed")
        typer.confirm(terminal.word("ui.sign-reservation"), abort=True)
    made = dam.reserve(said)
    terminal.say("ui.reserved", count=len(said), statement=made["statement"], index=made["index"])


@reservation_app.command("list")
def reservation_list(url: Url = None, as_json: Json = False) -> None:
    """What countries ask of all that their firms deposit."""
    found = reach(url, None).reservations()
    if as_json:
        print_json(found)
        return
    terminal = open_terminal()
    for one in found:
        terminal.line(f"{one['country']}  {one['statement'][:DIGITS]}")
        show(terminal, one["restrictions"])


def show(terminal: "Terminal", said: "Sequence[Told]") -> None:
    """Restrictions in words, each with what must hold."""
    from datadam.formats import own_terms

    for one in said:
        for line in own_terms.words(one, terminal.language):
            terminal.line(f"  • {line}")
