"""Roles in law: the words in which a standard says what the parties are."""

import typer

from datadam.cli.manners import Json, open_terminal, print_json
from datadam.cli.terms import Language, terms_app

app = typer.Typer()


@terms_app.command("roles")
def terms_roles(language: Language = None, as_json: Json = False) -> None:
    """Every role and ground that a standard can declare for the law of Korea, the EU and the United States."""
    from datadam.formats import legal_text

    terminal = open_terminal()
    rows = list(legal_text.vocabulary(language or terminal.language))
    if as_json:
        print_json([dict(zip(("space", "kind", "word", "name", "law"), row, strict=True)) for row in rows])
        return
    terminal.table(("ui.space", "ui.kind", "ui.word", "ui.term-name", "ui.word-from"), rows)
    terminal.say("ui.not-legal-advice")
