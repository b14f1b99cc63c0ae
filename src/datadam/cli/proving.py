"""Checking what the dam says: receipts, and the whole log."""

import json
from pathlib import Path
from typing import Annotated

import typer

from datadam.cli.manners import Force, Json, KeyFile, Url, closing, free, open_terminal, reach, read_text
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
    file: Annotated[Path, typer.Argument(help="A receipt, or an evidence bundle: a folder or a zip.")],
    vkey: Annotated[
        list[str] | None,
        typer.Option(help="The log's key, of a bundle perhaps several; default: those that you pinned."),
    ] = None,
    cosigned_by: Annotated[
        list[str] | None, typer.Option(help="Verifier key of a cosigner whom you trust; may be repeated.")
    ] = None,
    quorum: Annotated[
        int, typer.Option(min=0, help="How many of them must have cosigned the log; of a receipt its dam is asked.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Check offline a receipt, or a whole evidence bundle, under the log keys that you trust.

    A receipt: signatures, inclusion, and the log's own signature. A bundle: every file, log, statement, receipt,
    cosignature and decision in it, and what one dam adopted of the other.
    """
    from datadam.client import bundles

    if bundles.is_bundle(file):
        from datadam.cli import evidence

        proven = bundles.check_bundle(file, vkey or (), cosigners=cosigned_by or (), quorum=quorum)
        (evidence.print_proven if as_json else evidence.tell)(proven)
        return
    _verify_receipt(file, vkey, cosigned_by or [], quorum)


def _verify_receipt(file: Path, vkeys: list[str] | None, keys: list[str], least: int) -> None:
    from datadam import client
    from datadam.cosigners import Quorum

    found = client.check_receipt(read_text(file), *(vkeys or ())[:1])
    if least:
        url = client.pinned_url(found.logs[-1])
        if url is None:
            raise Invalid("quorum.no-dam", log=found.logs[-1][:400])
        closing(client.connect(url)).vouched_for(found, Quorum(keys=tuple(keys), least=least))
        open_terminal().say("ui.vouched", least=least)
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
