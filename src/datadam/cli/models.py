"""Models: what was trained here is disclosed, with a training set that the dam works out; bytes are only promised."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datadam.cli.manners import (
    DIGITS,
    Force,
    Json,
    KeyFile,
    Url,
    free,
    open_terminal,
    print_json,
    reach,
    read_text,
    whole_id,
)
from datadam.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datadam.client import Dam
    from datadam.edges.terminal import Terminal

app = typer.Typer()
model_app = typer.Typer(name="model", no_args_is_help=True, help="Models that were trained on what was taken here.")
app.add_typer(model_app)

Registered = Annotated[str, typer.Argument(help="The model: its id, or the first digits.")]


@model_app.command("register")
def model_register(
    file: Annotated[Path, typer.Argument(help="A model card, YAML: see docs/models.md.")],
    yes: Annotated[bool, typer.Option("--yes", help="You have read what will be public.")] = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Disclose a model that you trained on what you took here: you say what it is, the dam says on what."""
    dam, terminal = reach(url, key), open_terminal()
    body = dam.draft_model(read_text(file))
    terminal.say("ui.model-public")
    _show(terminal, body)
    if not yes:
        if not sys.stdin.isatty():
            raise Invalid("model.unconfirmed")
        typer.confirm(terminal.word("ui.sign-model"), abort=True)
    made = dam.sign_model(body)
    title = f"{made['name']} {made['version']}"
    terminal.say("ui.model-registered", model=title, statement=made["id"], index=made["index"])


@model_app.command("list")
def model_list(
    member: Annotated[str | None, typer.Option(help="Those of one provider, by its member id.")] = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """The register of models."""
    found = reach(url, None).models(member)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            one["id"][:DIGITS],
            one["name"],
            one["version"],
            one["member"],
            one["releases"],
            (one["replaces"] or "")[:DIGITS],
        )
        for one in found
    ]
    headings = ("ui.model", "ui.name", "ui.version", "ui.provider", "ui.releases", "ui.replaces")
    open_terminal().table(headings, rows)


@model_app.command("show")
def model_show(model: Registered, url: Url = None, key: KeyFile = None, as_json: Json = False) -> None:
    """One model as it was disclosed, checked against the log; with your key, what was withdrawn of its training set."""
    dam, terminal = reach(url, key), open_terminal()
    found = dam.model(whole_model(dam, model))
    if as_json:
        print_json({**found.body, "id": found.id, "index": found.index, "withdrawn": found.withdrawn})
        return
    _show(terminal, found.body)
    if found.withdrawn:
        terminal.say("ui.model-withdrawn", count=len(found.withdrawn))


def _show(terminal: "Terminal", body: "Mapping[str, Any]") -> None:
    from datadam import disclosure

    plain = ("name", "version", "purpose", "description", "contact", "compute", "synthetic", "replaces")
    rows = [(name, body[name]) for name in plain if body.get(name) is not None]
    rows += [(name, one) for name in ("limits", "criteria") for one in body[name]]
    rows += [("outside", f"{one['name']} ({one['origin']}) {one['reference'] or ''}") for one in body["outside"]]
    rows += [("commitments", f"{one['part']} sha-256 {one['digest']}") for one in body["commitments"]]
    rows += [("training", f"{id} × {len(taken)}") for id, taken in disclosure.sources(body).items()]
    terminal.table(("ui.field", "ui.value"), rows)


@model_app.command("commit")
def model_commit(
    file: Path,
    part: Annotated[str, typer.Option("--as", help="code or weights.")],
) -> None:
    """Commit yourself to the bytes of a file, without showing them: prints the lines for the card.

    The opening is written beside the file.
    """
    from datadam.client import disclosing

    digest, opening = disclosing.commit(file, part)
    terminal = open_terminal()
    terminal.say("ui.model-committed", opening=str(opening))
    terminal.line(f"  - part: {part}\n    digest: '{digest}'")


@model_app.command("commit-check")
def model_commit_check(
    file: Path,
    model: Annotated[str, typer.Option(help="The model: its id, or the first digits.")],
    opening: Annotated[Path | None, typer.Option(help="Its opening; default: beside the file.")] = None,
    url: Url = None,
) -> None:
    """Whether a file that somebody opened to you is the one that a model's provider is committed to."""
    from datadam.client import disclosing

    dam = reach(url, None)
    beside = opening or file.with_name(file.name + disclosing.OPENING)
    id = whole_model(dam, model)
    part = dam.check_commitment(file, beside, id)
    open_terminal().say("ui.model-holds", file=str(file), part=part, model=id[:DIGITS])


@model_app.command("export")
def model_export(
    model: Registered,
    cyclonedx: Annotated[bool, typer.Option("--cyclonedx", help="As a CycloneDX 1.7 ML-BOM.")] = False,
    eu: Annotated[bool, typer.Option("--eu", help="As a summary of training content in three parts, as text.")] = False,
    kr: Annotated[bool, typer.Option("--kr", help="As a notice of the kind that Korea asks for, as text.")] = False,
    language: Annotated[str | None, typer.Option(help="Of a text: en or ko; default: your terminal's.")] = None,
    into: Annotated[Path | None, typer.Option(help="A file; default: the terminal.")] = None,
    force: Force = False,
    url: Url = None,
) -> None:
    """A model in a form that other tools read, made here of what the log proves."""
    import json

    from datadam.formats import ml_bom, model_summary

    if cyclonedx + eu + kr != 1:
        raise Invalid("model.format-needed")
    dam, terminal = reach(url, None), open_terminal()
    found = dam.model(whole_model(dam, model))
    if cyclonedx:
        bill = ml_bom.bom(found.body, id=found.id, origin=found.origin, index=found.index)
        if into is None:
            print_json(bill)
            return
        told = json.dumps(bill, ensure_ascii=False, indent=1) + "\n"
    else:
        form, chosen = model_summary.EU if eu else model_summary.KR, _language(language or terminal.language)
        told = model_summary.summary(found.body, id=found.id, index=found.index, form=form, language=chosen)
    if into is None:
        terminal.line(told.rstrip("\n"))
        return
    free(into, force=force)
    into.write_text(told, encoding="utf-8")
    terminal.say("ui.model-written", path=str(into))


def _language(chosen: str) -> str:
    from datadam import texts

    if chosen not in texts.LANGUAGES:
        known = ", ".join(texts.LANGUAGES)
        raise Invalid("model.word-unknown", field="language", value=chosen[:20], known=known)
    return chosen


def whole_model(dam: "Dam", start: str) -> str:
    """The whole id of a registered model."""
    return whole_id(start, (str(one["id"]) for one in dam.models()), "model.unknown", "model")
