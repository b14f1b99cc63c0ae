"""Checking what the dam says: receipts, and the whole log."""

import json
from pathlib import Path
from typing import Annotated

import typer

from datadam.cli.manners import Force, KeyFile, Url, closing, free, open_terminal, reach, read_text
from datadam.errors import Invalid

app = typer.Typer()
log_app = typer.Typer(name="log", no_args_is_help=True, help="The public log.")
app.add_typer(log_app)


@app.command()
def receipt(
    statement: str,
    into: Annotated[Path | None, typer.Option(help="Where to write it; default: <id>.receipt.json.")] = None,
    force: Force = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Fetch the receipt of a statement that concerns you, checked on arrival: its id, or the first digits as listed."""
    dam = reach(url, key)
    id = dam.whole_id(statement)
    path = into or Path(f"{id[:16]}.receipt.json")
    free(path, force=force)
    found = dam.receipt(id)
    path.write_text(json.dumps(found), encoding="utf-8")
    open_terminal().say("ui.receipt-written", path=str(path))


@app.command()
def verify(
    file: Path,
    vkey: Annotated[str | None, typer.Option(help="The log's key; default: any that you pinned.")] = None,
) -> None:
    """Check a receipt offline: signatures, inclusion, and the log's own signature under the key you trust."""
    from datadam import client

    found = client.check_receipt(read_text(file), vkey)
    open_terminal().say(
        "ui.verified",
        kind=str(found.statement.kind),
        index=found.index,
        origin=found.checkpoint.origin,
        signers=sorted(set(found.signers.values())),
        issued=found.statement.body["issued"],
    )


@log_app.command("verify")
def log_verify(
    where: Annotated[str, typer.Argument(help="A dam's address, or a folder of its log's files.")],
    vkey: Annotated[
        str | None, typer.Option(help="The log's key; default: the one you pinned, or what the dam says.")
    ] = None,
    key: KeyFile = None,
) -> None:
    """Audit a whole log: every tile and entry against the signed checkpoint, and its growth since you last looked."""
    from datadam import client
    from datadam.audit import audit

    terminal = open_terminal()
    if "://" in where:
        dam = closing(client.connect(where, key=key))
        trusted = dam.follow(vkey) if vkey else dam.vkey
        pinned = client.pinned_checkpoint(dam.url, trusted)
        audited = audit(dam.read_log, vkey=trusted, bodies=dam.bodies(), pinned=pinned)
    elif vkey is None:
        raise Invalid("log.key-needed", path=where)
    else:
        audited = audit(client.folder_reader(Path(where)), vkey=vkey, bodies=None)
    terminal.say("ui.log-verified", entries=audited.entries, bodies=audited.bodies, origin=audited.checkpoint.origin)
