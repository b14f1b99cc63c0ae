"""The way back: withdraw, amend, and what came of it; editions, and freezing one."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from datadam.cli.choosing import Choices, choices, chosen_fit
from datadam.cli.manners import HERE, Json, KeyFile, Of, Url, open_terminal, operated, print_json, reach
from datadam.cli.options import spread
from datadam.cli.own_terms import Terms, own_terms
from datadam.errors import Invalid, NotFound

if TYPE_CHECKING:
    from datadam.client import Dam

app = typer.Typer()
WAIT_SECONDS: Final = 30.0  # for the erasure, which goes on by itself


@app.command()
def withdraw(
    deposit: Annotated[list[str] | None, typer.Argument(help="Deposits: their ids, or the first digits.")] = None,
    reason: Annotated[str, typer.Option(help="Why; it stands in your signed statement.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Every deposit of yours.")] = False,
    standard: Annotated[str | None, typer.Option(help="With --all: only those into this reservoir.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether you mean it.")] = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Take deposits back: served no more at once, then erased. What was refused is thrown away with its rejects."""
    dam, terminal = reach(url, key), open_terminal()
    if bool(deposit) == everything or (standard and not everything):
        raise Invalid("withdrawal.which")
    chosen = _chosen(dam, deposit or [], standard)
    if not reason.strip():
        raise Invalid("withdrawal.no-reason")
    for one in chosen:
        terminal.line(f"{one['id'][:12]}  {one['standard']}  {one['stage']}  {one['file']['name']}")
    if not yes:
        if not sys.stdin.isatty():
            raise Invalid("withdrawal.unconfirmed")
        typer.confirm(terminal.word("ui.withdraw-sure"), abort=True)
    done = dam.withdraw(chosen, reason=reason.strip())
    terminal.say("ui.withdrawn", count=len(chosen))
    for one in done:
        _tell(dam.erased(one["id"], seconds=WAIT_SECONDS))


def _chosen(dam: "Dam", starts: list[str], standard: str | None) -> list[Any]:
    """The deposits that are meant, and were not withdrawn before."""
    own = [one for one in dam.deposits() if one["stage"] != "withdrawn"]
    if not starts:
        found = [one for one in own if standard in {None, one["standard"]}]
        if not found:
            raise NotFound("withdrawal.nothing")
        return found
    chosen = {}
    for start in starts:
        meant = [one for one in own if one["id"].startswith(start)]
        if len(meant) != 1:
            raise NotFound("deposit.unknown", deposit=start[:64])
        chosen[meant[0]["id"]] = meant[0]
    return list(chosen.values())


def _tell(one: Any) -> None:  # noqa: ANN401  (JSON)
    """A withdrawal as it stands: when it will be erased, or what was reached and what cannot be."""
    terminal, purge = open_terminal(), one["purge"]
    if models := one.get("models"):  # a dam of an earlier version keeps no register
        terminal.say("ui.models-touched", models=", ".join(f"{each['name']} {each['version']}" for each in models))
    for each in one.get("abroad", ()):
        models = ", ".join(f"{model['name']} {model['version']}" for model in each["models"])
        terminal.say("ui.reached-abroad", dam=each["origin"], guests=", ".join(each["guests"]), models=models or "–")
    if purge is None:
        terminal.say("ui.erased-by", due=one["due"])
        return
    reached, beyond = purge["reached"], purge["beyond"]
    if reached["rows"] is None:
        terminal.say("ui.erased-uncounted", files=reached["files"])
    else:
        terminal.say("ui.erased", rows=reached["rows"], files=reached["files"])
    if reached["editions"]:
        terminal.say("ui.erased-editions", editions=", ".join(reached["editions"]))
    if beyond["backups_until"]:
        terminal.say("ui.beyond-backups", until=beyond["backups_until"])
    if beyond["recipients"] or beyond["strangers"]:
        terminal.say(
            "ui.beyond-strangers" if beyond["strangers"] else "ui.beyond-recipients", count=beyond["recipients"]
        )
    terminal.say("ui.receipt-fetch", outcome=purge["id"])


@app.command()
def withdrawals(url: Url = None, key: KeyFile = None, as_json: Json = False) -> None:
    """What you took back, and what was erased of it."""
    found = reach(url, key).withdrawals()
    if as_json:
        print_json(found)
        return
    terminal = open_terminal()
    rows = [
        (
            one["id"][:12],
            len(one["deposits"]),
            one["reason"],
            terminal.word("ui.yes") if one["purge"] else one["due"],
            (one["purge"] or {"id": ""})["id"][:12],
        )
        for one in found
    ]
    terminal.table(("ui.withdrawal", "ui.deposits", "ui.reason", "ui.erased-column", "ui.receipt"), rows)


@app.command()
@spread(choices)
def amend(
    deposit: Annotated[str, typer.Argument(help="The deposit to replace: its id, or the first digits.")],
    file: Path,
    reason: Annotated[str, typer.Option(help="Why; it stands in your signed statement.")],
    choices: Choices,
    terms: Terms = None,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Replace a deposit by a file in one step; if the file is refused, nothing changes and the exit code is 3."""
    from datadam import client

    dam, terminal = reach(url, key), open_terminal()
    (old,) = _chosen(dam, [deposit], None)
    with client.as_one(file, choices.declared) as (sent, shown, reading):
        fit = chosen_fit(dam, dam.standard(old["standard"]), shown, choices)
        with terminal.progress() as watched:
            said = own_terms(terms)
            job = dam.amend(old["id"], sent, fit, reason=reason, terms=said, reading=reading, progress=watched)
    terminal.report(job)
    if job["stage"] == "refused":
        terminal.say("ui.amend-kept", deposit=old["id"][:12])
        raise typer.Exit(3)
    terminal.say("ui.receipt-fetch", outcome=job["outcome"])
    for one in dam.withdrawals():
        if old["id"] in one["deposits"]:
            _tell(dam.erased(one["id"], seconds=WAIT_SECONDS))


@app.command()
def editions(
    standard: Annotated[str | None, typer.Argument(help="Only those of this reservoir.")] = None,
    url: Url = None,
    key: KeyFile = None,
    as_json: Json = False,
) -> None:
    """The editions that can be cited; a revision says that a withdrawal took rows from one."""
    found = reach(url, key).editions(standard)
    if as_json:
        print_json(found)
        return
    terminal = open_terminal()
    rows = [
        (
            one["id"],
            one["version"],
            one["upto"],
            one["revision"],
            one["digest"][:16],
            terminal.word("ui.yes" if one["open_to_you"] else "ui.no"),
        )
        for one in found
    ]
    terminal.table(("ui.edition", "ui.version", "ui.upto", "ui.revision", "ui.digest", "ui.open-to-you"), rows)


@app.command()
def freeze(
    edition: Annotated[str, typer.Argument(help="reservoir@name, such as cti.indicator@2026.11")],
    dam: Of = HERE,
) -> None:
    """Operator: freeze a reservoir's rows as they stand now, under a name that can be cited."""
    done = operated(dam, "freeze", id=edition)
    open_terminal().say("ui.frozen", edition=done["id"], index=done["index"], digest=done["digest"])
