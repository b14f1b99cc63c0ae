"""Matching, told to others: ask the makers of a round to show what came of it, agree as a maker, read it."""

from pathlib import Path
from typing import Annotated

import typer

from datadam.cli.manners import DIGITS, Force, Json, KeyFile, Url, free, open_terminal, print_json, reach, read_text
from datadam.cli.matching import Which, match_app, of_round, show_readings
from datadam.cli.matching import app as matching
from datadam.errors import Invalid

app = matching  # with the commands below


@match_app.command("ask-to-see")
def match_ask_to_see(
    which: Which,
    purpose: Annotated[str, typer.Option("--purpose", help="What for, such as supply-chain-resilience.")],
    until: Annotated[str, typer.Option("--until", help="How long, like 2026-12-01T00:00:00Z; a year at most.")],
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Ask the makers of a round to show you what came of it: you sign the terms first. Needs the role consumer."""
    dam = reach(url, key)
    done = dam.request_showing(of_round(dam, which), purpose, until)
    terminal = open_terminal()
    terminal.say("ui.showing-terms")
    terminal.say("ui.showing-asked", showing=done["showing"])


@match_app.command("asked")
def match_asked(which: Which, as_json: Json = False, url: Url = None, key: KeyFile = None) -> None:
    """Who asks to be shown what came of a round, for how long and what for, and how many makers signed."""
    dam = reach(url, key)
    items = dam.showings(of_round(dam, which))
    if as_json:
        print_json(items)
        return
    terminal = open_terminal()
    rows = [
        (
            one["showing"][:DIGITS],
            f"{one['member']} ({one['jurisdiction']})",
            one["purpose"],
            one["until"],
            f"{one['signed']}/{one['makers']}",
        )
        for one in items
    ]
    heads = ("ui.showing", "ui.showing-who", "ui.showing-purpose", "ui.showing-until", "ui.showing-signed")
    terminal.table(heads, rows)
    if rows:
        terminal.say("ui.showing-terms")


@match_app.command("let-see")
def match_let_see(
    showing: Annotated[str, typer.Argument(help="Who asks: the first digits, as `datadam match asked` has them.")],
    file: Annotated[Path, typer.Argument(help="Your result, as `datadam match result --to` wrote it.")],
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Agree as a maker: sign the terms, and seal what you read for whoever asked. Say it to the dam where it asked."""
    from datadam import seal

    shown = seal.parse(read_text(file).encode())
    if not isinstance(shown, dict):
        raise Invalid("match.result-malformed")
    done = reach(url, key).consent_showing(showing, shown)
    open_terminal().say("ui.showing-agreed", showing=done["showing"][:DIGITS], index=done["receipt"]["index"])


@match_app.command("see")
def match_see(
    which: Which,
    to: Annotated[Path | None, typer.Option("--to", help="Write the receipt of it to a file.")] = None,
    force: Force = False,
    as_json: Json = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Read what came of a round that you took no part in, once every maker of it signed. Refusals are logged too."""
    from datadam.client import write_private

    dam = reach(url, key)
    if to is not None:
        free(to, force=force)
    found = dam.view_round(of_round(dam, which))
    if to is not None:
        write_private(to, found.receipt)
    show_readings(found.readings, as_json=as_json)
    if not as_json:
        terminal = open_terminal()
        terminal.say("ui.showing-seen" if found.agreed else "ui.showing-differs", makers=found.makers)
        terminal.say("ui.showing-receipt", index=found.receipt["index"])
