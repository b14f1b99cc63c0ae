"""Auditing: what law and agreements ask of a dam, checked over its whole log. Never says that anybody complies."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datadam.cli.manners import Force, Json, KeyFile, closing, free, open_terminal, print_json, read_text

if TYPE_CHECKING:
    from datadam.client import Dam
    from datadam.edges.terminal import Terminal
    from datadam.obligations.checking import Found
    from datadam.obligations.table import Result
    from datadam.obligations.view import View

app = typer.Typer()

BROKEN = 5  # what the shell is told, as of `check`
SHOWN = 20  # entries of one row; --json has all of them


@app.command()
def audit(
    where: Annotated[str, typer.Argument(help="A dam's address, or a folder with its `log` and `bodies`.")],
    row: Annotated[int | None, typer.Option(help="Only the obligation of this number.")] = None,
    vkey: Annotated[
        str | None, typer.Option(help="The log's key; default: the one you pinned, or what the dam says.")
    ] = None,
    records: Annotated[
        Path | None, typer.Option(help="A record of processing to hold against the log: see `datadam records`.")
    ] = None,
    key: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Check what law and agreements ask of a dam over its whole log: what nothing breaks, what does, what is declared.

    An auditor sees every body over HTTP but manifests and outcomes of private answers; others see their own. All are
    told how many they did not see. Exit code 5 if anything is broken. Nothing here is legal advice, and nothing says
    that anybody complies.
    """
    from datadam.obligations import table

    wanted = None if row is None else (table.row(row),)
    view = _look(where, vkey, key)
    if records is not None:
        view = replace(view, records=read_text(records).encode())
    results = table.run(view, wanted)
    terminal = open_terminal()
    if as_json:
        print_json(_told(view, results, terminal))
    else:
        _show(view, results, terminal)
    if any(one.status is table.Status.FAILED for one in results):
        raise typer.Exit(BROKEN)


@app.command("records")
def make_records(
    where: Annotated[str, typer.Argument(help="A dam's address, or a folder with its `log` and `bodies`.")],
    into: Annotated[Path, typer.Option(help="Where to write it.")] = Path("records.json"),
    vkey: Annotated[
        str | None, typer.Option(help="The log's key; default: the one you pinned, or what the dam says.")
    ] = None,
    key: KeyFile = None,
    force: Force = False,
) -> None:
    """Make the record of processing out of a dam's log: who was given what, what for, where to, on what basis.

    Whoever has the log makes the same bytes; `datadam audit --records` holds such a file against the log.
    """
    from datadam.obligations import records

    free(into, force=force)
    view = _look(where, vkey, key)
    into.write_bytes(records.record(view))
    open_terminal().say("ui.records-written", path=str(into), entries=view.checkpoint.size, unseen=view.unseen)


def _look(where: str, vkey: str | None, key: Path | None) -> "View":
    from datadam import client
    from datadam.obligations import declared, disclosure
    from datadam.obligations.view import look

    now = datetime.now(UTC)
    if "://" in where:
        dam = closing(client.connect(where, key=key))
        trusted = vkey or dam.vkey
        pinned = client.pinned_checkpoint(dam.url, trusted)
        view = look(dam.read_log, vkey=trusted, bodies=dam.bodies(), now=now, pinned=pinned)
        return _asked(dam, view)
    folder = Path(where)
    log = folder / "log"
    trusted = vkey or client.key_of_folder(log, client.pinned_keys())
    with client.folder_bodies(folder / "bodies") as bodies:
        view = look(client.folder_reader(log), vkey=trusted, bodies=bodies, now=now)
        opened = disclosure.opened(view, lambda one: bodies(str(one.body["digest"])))
        return replace(view, persons=declared.persons(view, bodies), opened=opened)


def _asked(dam: "Dam", view: "View") -> "View":
    """The same with what only the dam itself can be asked: who declares, and what a stranger is given."""
    from datadam import client
    from datadam.obligations import continuity, declared, disclosure, past

    held = past.members(view).get(str(dam.member))
    stands = held is not None and held.stood(view.checkpoint.size)
    audits = stands and held is not None and "auditor" in held.body["roles"]
    named = declared.persons(view, dam.persons().get) if stands else {}
    met = client.as_stranger(dam.url, continuity.open_reservoirs(view))
    opened = disclosure.opened(view, lambda one: dam.opened_content(one.id)) if audits else {}
    return replace(view, whole=audits, served=True, persons=named, strangers=met, opened=opened)


# --- what is told -----------------------------------------------------------------------------------------------------


def _told(view: "View", results: "tuple[Result, ...]", terminal: "Terminal") -> dict[str, Any]:
    from datadam.obligations import table

    return {
        "log": {
            "origin": view.checkpoint.origin,
            "size": view.checkpoint.size,
            "believed": len(view.logged),
            "unseen": view.unseen,
        },
        "counts": table.counts(results),
        "rows": [_row(one, terminal) for one in results],
        "note": terminal.word("ui.audit-note"),
    }


def _row(one: "Result", terminal: "Terminal") -> dict[str, Any]:
    words, language = one.row.words, terminal.language
    return {
        "number": one.row.number,
        "section": words.section,
        "title": words.title[language],
        "sources": [
            {"law": each.law, "article": each.article, "certainty": str(each.certainty)} for each in words.sources
        ],
        "must": words.must[language],
        "checked": words.checked[language],
        "rest": words.rest.get(language),
        "foreign": words.foreign or None,
        "executable": one.row.executable,
        "status": str(one.status),
        "looked": one.looked,
        "found": [_found(each, terminal) for each in one.found],
        "declared": [_found(each, terminal) for each in one.declared],
    }


def _found(one: "Found", terminal: "Terminal") -> dict[str, Any]:
    return {
        "index": one.index,
        "id": one.id,
        "who": one.who,
        "when": one.when,
        "code": one.what.code,
        "facts": dict(one.what.facts),
        "what": _sentence(one, terminal),
    }


def _sentence(one: "Found", terminal: "Terminal") -> str:
    from datadam import texts

    return str(texts.told({"code": one.what.code, "facts": dict(one.what.facts)}, terminal.language)["what"])


def _show(view: "View", results: "tuple[Result, ...]", terminal: "Terminal") -> None:
    from datadam.obligations import table

    language = terminal.language
    rows = [
        (
            one.row.number,
            one.row.words.title[language],
            terminal.word(_WORDS[str(one.status)]),
            one.looked,
            len(one.found),
        )
        for one in results
    ]
    terminal.table(
        ("ui.audit-row", "ui.audit-obligation", "ui.audit-status", "ui.audit-looked", "ui.audit-found"), rows
    )
    for one in results:
        told = (*one.found, *one.declared)
        for each in told[:SHOWN]:
            whose = ", ".join(part for part in (each.id[:12], each.who, each.when) if part)
            terminal.line()
            terminal.say("ui.audit-entry", row=one.row.number, index=each.index, whose=whose)
            terminal.line(f"  {_sentence(each, terminal)}")
        if len(told) > SHOWN:
            terminal.say("ui.more", count=len(told) - SHOWN)
    terminal.line()
    terminal.say("ui.audit-counts", **table.counts(results))
    terminal.say("ui.audit-seen", believed=len(view.logged), entries=view.checkpoint.size, unseen=view.unseen)
    terminal.say("ui.audit-note")


_WORDS = {
    "passed": "ui.audit-passed",
    "failed": "ui.audit-failed",
    "declared": "ui.audit-declared",
    "not applicable yet": "ui.audit-not-yet",
}
