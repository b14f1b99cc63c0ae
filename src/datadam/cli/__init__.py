"""`datadam` on the command line: parse, one verb, render. Members' commands speak HTTP, the operator's open the folder.

A module holds one group of commands and its own `app`; here they are joined, in the order of `--help`.

Exit codes: 0 done, 2 what was sent is wrong, 3 refused, 4 not found, 5 not to be trusted, 6 not available now.
"""

import sys
from typing import Annotated

import typer

from datadam import __version__
from datadam.cli import (
    agreeing,
    asking,
    auditing,
    credentials,
    deciding,
    declaring,
    deposits,
    evidence,
    gates,
    governing,
    indicators,
    keys,
    law,
    membership,
    models,
    opening,
    operate,
    own_terms,
    peers,
    prepare,
    proving,
    roles,
    showing,
    standards,
    tables,
    taking,
    terms,
    wayback,
    years,
)
from datadam.cli.manners import OPEN, chosen_language
from datadam.errors import DamError, Unavailable

app = typer.Typer(no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, rich_markup_mode=None)
for _part in (
    operate,
    standards,
    terms,
    membership,
    deposits,
    own_terms,
    prepare,
    wayback,
    agreeing,
    taking,
    indicators,
    asking,
    deciding,
    gates,
    tables,
    showing,
    governing,
    law,
    roles,
    credentials,
    models,
    opening,
    keys,
    proving,
    evidence,
    declaring,
    auditing,
    years,
    peers,
):
    app.add_typer(_part.app)


def main() -> None:
    """Run one command; a refusal becomes its sentence and its exit code."""
    try:
        with OPEN:
            app()
    except DamError as error:
        sys.exit(_refuse(error))
    except OSError as error:  # a path that is wrong, a full disk: nothing of ours can do better
        wrong = Unavailable("file.system", path=str(error.filename or ""), why=error.strerror or str(error))
        sys.exit(_refuse(wrong))
    except KeyboardInterrupt:
        sys.exit(130)  # as shells have it: 128 and the signal's number


def _refuse(error: DamError) -> int:
    from datadam.edges.terminal import Terminal  # who asks for help need not wait for it

    return Terminal(chosen_language()).refuse(error)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A data dam: pool standardised data across firms and countries, under terms that everybody can check."""
