"""Handing data in: deposits, mappings, reports, rejects."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datadam import texts
from datadam.cli.choosing import Choices, changed, choices, chosen_fit, suggested
from datadam.cli.manners import Force, Json, KeyFile, Url, free, open_terminal, print_json, reach, read_text, whole_id
from datadam.cli.options import spread
from datadam.cli.own_terms import Terms, own_terms
from datadam.cli.reading import FOUND, declared, show_reading
from datadam.errors import Invalid
from datadam.formats.dialects import Declared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datadam.client import Dam
    from datadam.edges.terminal import Terminal
    from datadam.model import Layout, Standard

app = typer.Typer()


@app.command()
@spread(choices)
def deposit(
    file: Path,
    standard: Annotated[str, typer.Option("--standard", help="The standard's id.")],
    choices: Choices,
    version: Annotated[
        str | None, typer.Option(help="Deposit under this version, which you signed before, instead of the last.")
    ] = None,
    local: Annotated[
        bool, typer.Option("--local", help="Prepare the file on this machine; send only what is stored of it.")
    ] = False,
    terms: Terms = None,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Hand in a file, or a folder of CSV files, as it is: see every fault, get a receipt.

    Exit code 3 if nothing of it was admitted.
    """
    dam, terminal = reach(url, key), open_terminal()
    said = own_terms(terms)
    if local:
        from datadam.cli.prepare import deposit_from_home

        job = deposit_from_home(dam, dam.standard(standard, version), file, choices, said)
    else:
        from datadam import client

        with client.as_one(file, choices.declared) as (sent, shown, reading):
            fit = chosen_fit(dam, dam.standard(standard, version), shown, choices)
            with terminal.progress() as watched:
                job = dam.deposit(sent, fit, terms=said or (), reading=reading, progress=watched)
    terminal.report(job)
    if job["stage"] == "refused":
        raise typer.Exit(3)
    if job["repeated"]:
        terminal.say("ui.deposit-repeated", deposit=job["id"][:12], date=dam.issued(job["id"])[:10])
    terminal.say("ui.receipt-fetch", outcome=job["outcome"])


@app.command("map")
@spread(declared)
def map_(
    file: Path,
    standard: Annotated[str, typer.Option("--standard", help="The standard's id.")],
    into: Annotated[Path, typer.Option(help="Where to write the mapping.")] = Path("mapping.yaml"),
    edit: Annotated[bool, typer.Option("--edit", help="Open it in your editor ($EDITOR), and check it after.")] = False,
    version: Annotated[str | None, typer.Option(help="A version that you signed before, instead of the last.")] = None,
    declared: Declared = FOUND,
    force: Force = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Write the suggested mapping of a file's columns, or of a folder's files, to be looked over and edited."""
    from datadam import client
    from datadam.formats import fits

    dam, terminal = reach(url, key), open_terminal()
    found = dam.standard(standard, version)
    shown = client.showing(file, declared)
    layout = client.look(shown, declared)
    free(into, force=force)
    show_reading(terminal, layout)
    before = changed(terminal, dam.fits(found.id) if dam.has_key else [], layout)
    suggestion = suggested(found, shown, layout, declared, before)
    into.write_text(fits.draft(suggestion), encoding="utf-8")
    terminal.say("ui.mapping-written", path=str(into), open=len(suggestion.asked) + len(suggestion.missing))
    if edit:
        _edited(terminal, into, found, layout)


def _edited(terminal: "Terminal", into: Path, standard: "Standard", layout: "Layout") -> None:
    """Let a person edit a mapping until it fits, or until they leave it as it is."""
    from datadam.edges import confirm
    from datadam.errors import DamError

    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    if not editor:
        raise Invalid("mapping.no-editor", path=str(into))
    while True:
        subprocess.run([*editor, str(into)], check=False)  # noqa: S603  (the person's own editor, by their own settings)
        try:
            confirm.read(read_text(into), standard, layout)
        except DamError as error:
            if not sys.stdin.isatty():
                raise
            terminal.refuse(error)
            faults = getattr(error, "faults", (error,))
            if not typer.confirm(texts.say("ui.mapping-open", terminal.language, count=len(faults))):
                raise
        else:
            return


@app.command()
def deposits(url: Url = None, key: KeyFile = None) -> None:
    """Your deposits, newest first; of those prepared on this machine with the name that the file has here."""
    from datadam import client

    rows, here = [], client.names_here()
    for one in reach(url, key).deposits():
        tally = one.get("tally") or {"admitted": "", "rejected": ""}
        rows.append(
            (one["id"][:12], one["standard"], one["stage"], _named(one, here), tally["admitted"], tally["rejected"])
        )
    open_terminal().table(("ui.deposit", "ui.reservoir", "ui.stage", "ui.file", "ui.admitted", "ui.rejected"), rows)


@app.command()
def report(
    deposit: str,
    html: Annotated[Path | None, typer.Option(help="Write it to this file, as a page with statistics.")] = None,
    force: Force = False,
    url: Url = None,
    key: KeyFile = None,
    as_json: Json = False,
) -> None:
    """What became of a deposit: warnings on the whole, faults row by row, and each column's statistics."""
    if html is not None:
        free(html, force=force)
    dam = reach(url, key)
    job = dam.wait(_deposit_id(dam, deposit))
    if html is not None:
        dam.report_page(job["id"], html)
        open_terminal().say("ui.report-written", path=str(html))
    elif as_json:
        print_json({**job, "columns": dam.statistics(job["id"])})
    elif job["stage"] == "withdrawn":
        _tell_withdrawn(dam, job)
    else:
        open_terminal().report(job)


def _named(one: "Mapping[str, Any]", here: "Mapping[str, str]") -> str:
    """A deposit's file as the dam knows it, and as this machine does where that is another name."""
    known, name = str(one["file"]["name"]), here.get(str(one["id"]))
    return known if name in {None, known} else f"{known} ({name})"


def _tell_withdrawn(dam: "Dam", job: "Mapping[str, Any]") -> None:
    """Of a deposit that was taken back: since when, whether it is erased, and what still stands."""
    terminal = open_terminal()
    for one in dam.withdrawals():
        if job["id"] in one["deposits"]:
            date = dam.issued(one["id"])[:10]
            terminal.say("ui.report-withdrawn", deposit=job["id"][:12], date=date, reason=one["reason"])
            if one["purge"] is None:
                terminal.say("ui.erased-by", due=one["due"])
            terminal.say("ui.receipts-stand", outcome=job["outcome"], withdrawal=one["id"])


@app.command()
def rejects(
    deposit: str, into: Path = Path("rejects.csv"), force: Force = False, url: Url = None, key: KeyFile = None
) -> None:
    """Fetch the rows that were refused, in your own layout, with their reasons."""
    dam = reach(url, key)
    id = _deposit_id(dam, deposit)
    free(into, force=force)
    dam.rejects(id, into)
    refused = dam.wait(id)["stage"] == "refused"
    open_terminal().say("ui.rejects-of-refused" if refused else "ui.rejects-written", path=str(into))


def _deposit_id(dam: "Dam", start: str) -> str:
    return whole_id(start, (one["id"] for one in dam.deposits()), "deposit.unknown", "deposit")
