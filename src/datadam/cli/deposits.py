"""Handing data in: deposits, mappings, reports, rejects."""

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datadam import texts
from datadam.cli.manners import Force, Json, KeyFile, Url, free, open_terminal, print_json, reach, read_text, whole_id
from datadam.cli.options import spread
from datadam.cli.reading import FOUND, declared, show_reading
from datadam.errors import Faults, Invalid
from datadam.formats.dialects import Declared

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datadam.client import Dam
    from datadam.edges.terminal import Terminal
    from datadam.mapping import Suggestion
    from datadam.model import Fit, Layout, Standard

app = typer.Typer()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the command line says of a mapping, and of how the file is read."""

    mapping: Path | None = None
    given: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    yes: bool = False
    declared: Declared = FOUND
    read: tuple[str, ...] = ()


@spread(declared)
def choices(
    mapping: Annotated[Path | None, typer.Option(help="A mapping file, as `datadam map` writes it.")] = None,
    given: Annotated[
        list[str] | None, typer.Option("--set", help="column=Header, or column:=one value for all.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column of the file to leave out.")] = None,
    read: Annotated[
        list[str] | None,
        typer.Option(help="How a column's values are written: production=1.234,5 or as_of=dmy or as_of=excel-1900."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: take the mapping if all of it is certain.")] = False,
    declared: Declared = FOUND,
) -> Choices:
    """How a file fits a standard and how it is read, as far as it is said."""
    return Choices(
        mapping=mapping,
        given=tuple(given or ()),
        drop=tuple(drop or ()),
        yes=yes,
        declared=declared,
        read=tuple(read or ()),
    )


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
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Hand in a file, or a folder of CSV files, as it is: see every fault, get a receipt.

    Exit code 3 if nothing of it was admitted.
    """
    dam, terminal = reach(url, key), open_terminal()
    if local:
        from datadam.cli.prepare import deposit_from_home

        job = deposit_from_home(dam, dam.standard(standard, version), file, choices)
    else:
        from datadam import client

        with client.as_one(file, choices.declared) as (sent, shown, reading):
            fit = chosen_fit(dam, dam.standard(standard, version), shown, choices)
            with terminal.progress() as watched:
                job = dam.deposit(sent, fit, reading=reading, progress=watched)
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
    suggestion = _suggested(found, shown, layout, declared, before)
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


def changed(terminal: "Terminal", held: "Sequence[Mapping[str, object]]", layout: "Layout") -> "Fit | None":
    """The newest mapping confirmed before, if the layout has changed since; what changed is shown."""
    from datadam import mapping

    if not held:
        return None
    fit = mapping.fit_from_json(held[0])
    found = mapping.difference(fit, layout)
    if not (found.added or found.gone) or set(found.added) == set(layout.columns):
        return None
    terminal.say("ui.layout-changed", added=found.added or "-", gone=found.gone or "-")
    return fit


def _suggested(
    standard: "Standard", file: Path, layout: "Layout", said: "Declared", remembered: "Fit | None"
) -> "Suggestion":
    """A suggestion that rests on all values of the columns that can be read in several ways, where they can be had."""
    from datadam import client, mapping
    from datadam.formats import codelists

    codes = codelists.packaged()
    first = mapping.suggest(standard, layout, codes, None, remembered)
    wanted = mapping.to_prove(first, standard)
    profile: Mapping[str, Mapping[str, int]] = {}
    if wanted:
        try:
            from datadam.wiring import local_profiler

            profile = local_profiler().profile(client.source(file, said), wanted)
        except ImportError:  # the light client counts by itself
            profile = client.count_values(file, said, wanted)
    return mapping.suggest(standard, layout, codes, profile, remembered)


def chosen_fit(dam: "Dam | None", standard: "Standard", file: Path, chosen: "Choices") -> "Fit":
    """The confirmed mapping: the file given, else one confirmed before for this layout, else asked for now.

    Rejects that were handed back and corrected have the layout that they were sent in, and their reasons behind it.
    """
    from datadam import client, mapping
    from datadam.edges import confirm

    terminal, layout = open_terminal(), client.look(file, chosen.declared)
    show_reading(terminal, layout)
    if chosen.mapping is not None:
        return confirm.read(read_text(chosen.mapping), standard, layout)
    before = [] if dam is None or chosen.given or chosen.drop or chosen.read else dam.fits(standard.id)
    if before:
        for held in before:
            confirmed = mapping.fit_from_json(held)
            for fit in _also_corrected(mapping.carried(confirmed, standard), layout):
                if not any(mapping.fit_faults(fit, standard, layout)):
                    terminal.say("ui.mapping-remembered")
                    if fit.version != confirmed.version:
                        terminal.say("ui.mapping-carried", old=confirmed.version, new=fit.version)
                    return fit
    suggestion = _suggested(standard, file, layout, chosen.declared, changed(terminal, before, layout))
    suggestion = mapping.declare(suggestion, dict(confirm.reading(one, standard) for one in chosen.read))
    if chosen.yes:
        answers = [confirm.given(one) for one in chosen.given]
        try:
            return mapping.confirm(suggestion, standard, layout, answers=answers, dropped=chosen.drop)
        except Faults:
            confirm.show(terminal, suggestion)  # what is asked, and on what it rests
            raise
    confirm.show(terminal, suggestion)
    if not sys.stdin.isatty():
        raise Invalid("mapping.unconfirmed")
    return confirm.ask(terminal, suggestion, standard, layout)


def _also_corrected(fit: "Fit", layout: "Layout") -> "list[Fit]":
    from datadam.prepare import corrected_fit

    corrected = corrected_fit(fit, layout.columns)
    return [fit] if corrected is None else [fit, corrected]


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
    url: Url = None,
    key: KeyFile = None,
    as_json: Json = False,
) -> None:
    """What became of a deposit: warnings on the whole, faults row by row, and each column's statistics."""
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
