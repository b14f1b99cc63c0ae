"""Preparing a file on the contributor's own machine, so that what the standard hides never leaves it."""

import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datadam.cli.choosing import Choices, choices, chosen_fit
from datadam.cli.manners import Force, KeyFile, Url, free, open_terminal, reach, read_text
from datadam.cli.options import spread
from datadam.errors import Invalid, Refused, Unavailable

if TYPE_CHECKING:
    from datadam.client import Dam
    from datadam.edges.terminal import Terminal
    from datadam.model import Reading, Standard
    from datadam.prepare import Prepared

app = typer.Typer()


@app.command()
@spread(choices)
def prepare(
    file: Path,
    standard: Annotated[str, typer.Option("--standard", help="The standard's id, or a file that holds it.")],
    choices: Choices,
    into: Annotated[Path, typer.Option(help="Where to write what would be sent: .csv or .parquet.")] = Path(
        "prepared.csv"
    ),
    rejects: Annotated[Path | None, typer.Option(help="Where to write refused rows, with their reasons.")] = None,
    html: Annotated[Path | None, typer.Option(help="Where to write the report as a page.")] = None,
    force: Force = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Judge and protect a file on this machine, and write what a deposit would send. Sends nothing."""
    from datadam.edges import pages
    from datadam.formats import odcs

    for written in (into, rejects, html):
        if written is not None and written.exists() and written.samefile(file):
            raise Invalid("prepare.over-itself", path=str(written))
    if rejects is not None:
        free(rejects, force=force)  # somebody may be mending them
    terminal, offline = open_terminal(), Path(standard).is_file()
    dam = None if offline else reach(url, key)
    named = odcs.read(read_text(Path(standard))) if dam is None else dam.standard(standard)
    with tempfile.TemporaryDirectory(prefix="datadam-") as folder:
        done, reading = at_home(dam, named, file, choices, (Path(folder), into))
        body = told(done, file_told(file, reading), terminal.language)
        terminal.report(body)
        _travels(terminal, done)
        if html is not None:
            html.write_text(pages.report(body, terminal.language), encoding="utf-8")
            terminal.say("ui.report-written", path=str(html))
        if rejects is not None and done.rejects is not None:
            _write_rejects(done, rejects, terminal.language)
            terminal.say("ui.rejects-written", path=str(rejects))
    if done.file is None:
        raise refusal(done)
    terminal.say("ui.prepared-written", path=str(into), rows=done.file.rows, size=done.file.size)


def at_home(
    dam: "Dam | None", standard: "Standard", file: Path, chosen: Choices, places: tuple[Path, Path]
) -> "tuple[Prepared, Reading | None]":
    """Prepare a file with the engine of the `local` extra, and how it was read.

    `places` are a private folder and the file to write.
    """
    from datadam import client, wiring
    from datadam.formats import codelists
    from datadam.prepare import Home, prepare_at_home

    try:
        desk = wiring.local_desk()
    except ImportError as error:
        raise Unavailable("client.library-missing", library=error.name or "polars", extra="local") from error
    with client.as_one(file, chosen.declared) as (sent, shown, reading):
        home = Home(
            standard=standard,
            fit=chosen_fit(dam, standard, shown, chosen),
            codes=codelists.packaged(),
            source=client.source(sent, reading=reading),
            folder=places[0],
            into=places[1],
            key_secret=secrets.token_bytes(32),
        )
        with open_terminal().progress() as watched:
            job = {"stage": "judge"}

            def told(stage: str, done: int, of: int | None) -> None:
                watched({**job, "progress": {"stage": stage, "done": done, "of": of}})

            return prepare_at_home(desk, home, told), reading


def refusal(done: "Prepared") -> Refused:
    """Why nothing was written."""
    tally = done.report.tally
    limit = f"{done.report.limit:.1%}"
    return Refused("prepare.too-many-rejects", rejected=tally.rejected, rows=tally.rows, limit=limit)


def file_told(file: Path, reading: "Reading | None") -> Mapping[str, Any]:
    """A file as a report names it, and the places in it."""
    from datadam.formats.opening import reading_to_json

    return {"name": file.name, "reading": reading_to_json(reading) if reading is not None else {}}


def told(done: "Prepared", file: Mapping[str, Any], language: str) -> Mapping[str, Any]:
    """A prepared file as the terminal and the page show it, shaped like a deposit of the API."""
    from datadam.edges import pages
    from datadam.prepare import survey_to_json

    survey = survey_to_json(done.survey, done.changes)
    tally = asdict(done.report.tally)
    return {
        "id": "",
        "standard": done.report.standard,
        "version": done.report.version,
        "stage": "prepared" if done.file is not None else "unprepared",
        "file": file,
        "tally": {part: tally[part] for part in ("rows", "admitted", "rejected", "faults")},
        "warnings": pages.said_warnings(survey, language),
        "shown": [pages.said_fault(fault, language) for fault in done.found],
        "columns": pages.said_columns(survey, done.standard, language),
        "prepared": {name: list(getattr(done, name)) for name in ("raw", "stays", "coarse", "unjudged")},
    }


def _travels(terminal: "Terminal", done: "Prepared") -> None:
    travels = (("ui.prepared-raw", done.raw), ("ui.prepared-stays", done.stays), ("ui.prepared-coarse", done.coarse))
    for code, columns in travels:
        if columns:
            terminal.say(code, columns=columns)
    if done.unjudged:
        terminal.say("ui.prepared-unjudged", rules=done.unjudged)


def _write_rejects(done: "Prepared", into: Path, language: str) -> None:
    from datadam import texts, wiring
    from datadam.prepare import asked

    reasons = {rule.id: texts.explain(asked(done.standard, rule), language).what for rule in done.plan.rules}
    if done.rejects is not None:
        wiring.local_engine().return_rejects(done.plan, done.rejects, into, reasons)


def deposit_from_home(
    dam: "Dam", standard: "Standard", file: Path, chosen: Choices, terms: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """Prepare a file and deposit what is left of it; the deposit as the dam tells it."""
    from datadam import client

    terminal = open_terminal()
    with tempfile.TemporaryDirectory(prefix="datadam-") as folder:
        into = Path(folder) / "prepared.csv"
        done, reading = at_home(dam, standard, file, chosen, (Path(folder), into))
        if done.rejects is not None or done.file is None:
            terminal.report(told(done, file_told(file, reading), terminal.language))
        _travels(terminal, done)
        if done.file is None:
            raise refusal(done)
        with terminal.progress() as watched:
            job = dam.deposit(into, done.fit, terms=terms or (), prepared=True, progress=watched)
    client.note_name(job["id"], file.name)
    terminal.say("ui.prepared-name", name=file.name, sent=into.name)
    return job
