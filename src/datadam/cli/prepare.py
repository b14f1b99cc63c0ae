"""Preparing a file on the contributor's own machine, so that what the standard hides never leaves it."""

import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datadam.cli.deposits import Choices, chosen_fit
from datadam.cli.manners import KeyFile, Url, open_terminal, reach, read_text
from datadam.errors import Invalid, Refused, Unavailable

if TYPE_CHECKING:
    from datadam.client import Dam
    from datadam.edges.terminal import Terminal
    from datadam.model import Standard
    from datadam.prepare import Prepared

app = typer.Typer()


@app.command()
def prepare(
    file: Path,
    standard: Annotated[str, typer.Option("--standard", help="The standard's id, or a file that holds it.")],
    into: Annotated[Path, typer.Option(help="Where to write what would be sent: .csv or .parquet.")] = Path(
        "prepared.csv"
    ),
    rejects: Annotated[Path | None, typer.Option(help="Where to write refused rows, with their reasons.")] = None,
    html: Annotated[Path | None, typer.Option(help="Where to write the report as a page.")] = None,
    mapping: Annotated[Path | None, typer.Option(help="A mapping file, as `datadam map` writes it.")] = None,
    given: Annotated[
        list[str] | None, typer.Option("--set", help="column=Header, or column:=one value for all.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column of the file to leave out.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: take the mapping if all of it is certain.")] = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Judge and protect a file on this machine, and write what a deposit would send. Sends nothing."""
    from datadam.edges import pages
    from datadam.formats import odcs

    for written in (into, rejects, html):
        if written is not None and written.exists() and written.samefile(file):
            raise Invalid("prepare.over-itself", path=str(written))
    terminal, offline = open_terminal(), Path(standard).is_file()
    dam = None if offline else reach(url, key)
    named = odcs.read(read_text(Path(standard))) if dam is None else dam.standard(standard)
    chosen = Choices(mapping=mapping, given=tuple(given or ()), drop=tuple(drop or ()), yes=yes)
    with tempfile.TemporaryDirectory(prefix="datadam-") as folder:
        done = at_home(dam, named, file, chosen, (Path(folder), into))
        body = told(done, file.name, terminal.language)
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
) -> "Prepared":
    """Prepare a file with the engine of the `local` extra; `places` are a private folder and the file to write."""
    from datadam import client, wiring
    from datadam.formats import codelists
    from datadam.prepare import Home, prepare_at_home

    fit = chosen_fit(dam, standard, file, chosen)
    try:
        desk = wiring.local_desk()
    except ImportError as error:
        raise Unavailable("client.library-missing", library=error.name or "polars", extra="local") from error
    with open_terminal().progress() as watched:
        job = {"stage": "judge"}
        home = Home(
            standard=standard,
            fit=fit,
            codes=codelists.packaged(),
            source=client.source(file, chosen.declared),
            folder=places[0],
            into=places[1],
            key_secret=secrets.token_bytes(32),
        )

        def told(stage: str, done: int, of: int | None) -> None:
            watched({**job, "progress": {"stage": stage, "done": done, "of": of}})

        return prepare_at_home(desk, home, told)


def refusal(done: "Prepared") -> Refused:
    """Why nothing was written."""
    tally = done.report.tally
    limit = f"{done.report.limit:.1%}"
    return Refused("prepare.too-many-rejects", rejected=tally.rejected, rows=tally.rows, limit=limit)


def told(done: "Prepared", name: str, language: str) -> Mapping[str, Any]:
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
        "file": {"name": name},
        "tally": {part: tally[part] for part in ("rows", "admitted", "rejected", "faults")},
        "warnings": pages.said_warnings(survey, language),
        "shown": [pages.said_fault(fault, language) for fault in done.found],
        "columns": pages.said_columns(survey, done.standard, language),
        "prepared": {"raw": list(done.raw), "stays": list(done.stays)},
    }


def _travels(terminal: "Terminal", done: "Prepared") -> None:
    for code, columns in (("ui.prepared-raw", done.raw), ("ui.prepared-stays", done.stays)):
        if columns:
            terminal.say(code, columns=columns)


def _write_rejects(done: "Prepared", into: Path, language: str) -> None:
    from datadam import texts, wiring
    from datadam.prepare import asked

    reasons = {rule.id: texts.explain(asked(done.standard, rule), language).what for rule in done.plan.rules}
    if done.rejects is not None:
        wiring.local_engine().return_rejects(done.plan, done.rejects, into, reasons)


def deposit_from_home(dam: "Dam", standard: "Standard", file: Path, chosen: Choices) -> Mapping[str, Any]:
    """Prepare a file and deposit what is left of it; the deposit as the dam tells it."""
    terminal = open_terminal()
    with tempfile.TemporaryDirectory(prefix="datadam-") as folder:
        into = Path(folder) / "prepared.csv"
        done = at_home(dam, standard, file, chosen, (Path(folder), into))
        if done.rejects is not None or done.file is None:
            terminal.report(told(done, file.name, terminal.language))
        _travels(terminal, done)
        if done.file is None:
            raise refusal(done)
        with terminal.progress() as watched:
            return dam.deposit(into, done.fit, prepared=True, progress=watched)
