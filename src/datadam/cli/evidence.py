"""Evidence bundles: what dams show to whoever asks, in one folder or zip that is verified without them."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datadam.cli.manners import KeyFile, closing, open_terminal, print_json
from datadam.errors import Refused

if TYPE_CHECKING:
    from datadam.bundled import Proven

app = typer.Typer()
evidence_app = typer.Typer(name="evidence", no_args_is_help=True, help="Evidence of what happened, for others.")
app.add_typer(evidence_app)


@evidence_app.command("collect")
def collect(
    urls: Annotated[list[str], typer.Argument(help="Addresses of the dams.")],
    into: Annotated[Path, typer.Option(help="A new or empty folder, or a file that ends in .zip.")],
    cosigned_by: Annotated[
        list[str] | None, typer.Option(help="Verifier key of who may have cosigned a log; may be repeated.")
    ] = None,
    key: KeyFile = None,
) -> None:
    """Collect what dams show you into a bundle: logs, statements, receipts, policies. `datadam verify` verifies it.

    You get what you may see: an auditor nearly all, a member its own, anybody what is public.
    """
    from datadam import client
    from datadam.client import bundles

    if into.exists() and not into.is_dir():
        raise Refused("file.exists", path=str(into))
    dams = [closing(client.connect(url, key=key)) for url in urls]
    terminal = open_terminal()
    for dam in dams:
        if dam.trust()["first"]:
            terminal.say("ui.pinned", url=dam.url, vkey=dam.vkey)
    files = bundles.collect(dams, into, cosigners=cosigned_by or ())
    terminal.say("ui.evidence-written", path=str(into), files=files, dams=len(dams))


def tell(found: "Proven") -> None:
    """What a bundle proves, as a person reads it."""
    terminal = open_terminal()
    terminal.say("ui.bundle-holds", files=found.files, bytes=found.size, dams=len(found.parts))
    for one in found.parts:
        terminal.line()
        terminal.say("ui.bundle-log", origin=one.origin, entries=one.checkpoint.size, believed=one.believed)
        terminal.say(
            "ui.bundle-key" if one.named_by is None else "ui.bundle-key-named",
            vkey=one.vkey,
            **({} if one.named_by is None else {"by": one.named_by}),
        )
        terminal.say(
            "ui.bundle-counts",
            unseen=one.unseen,
            receipts=one.receipts,
            allowed=one.allowed,
            denied=one.denied,
            cosigned=len(one.cosigned),
        )
        for each in one.cosigned:
            terminal.say("ui.bundle-cosigner", vkey=each.vkey, size=each.size)
    if found.crossings:
        terminal.line()
        terminal.say("ui.bundle-crossed", count=len(found.crossings))
        columns = ("ui.bundle-statement", "ui.bundle-in", "ui.bundle-entry", "ui.bundle-adopted-in", "ui.bundle-entry")
        rows = [
            (f"{one.kind} {one.statement[:12]}", one.source, one.index, one.target, one.adopted)
            for one in found.crossings
        ]
        terminal.table(columns, rows)
        terminal.say("ui.bundle-orders-kept", pending=found.pending, unheld=found.unheld)
    for taken in found.taken:
        terminal.line()
        if taken.purged is None:
            terminal.say("ui.bundle-withdrawn", statement=taken.statement[:12], origin=taken.origin, index=taken.index)
            continue
        terminal.say(
            "ui.bundle-purged",
            statement=taken.statement[:12],
            origin=taken.origin,
            index=taken.index,
            purged=taken.purged,
            recipients=taken.recipients,
            models=taken.models,
            told=", ".join(taken.told) or "–",
        )
    for shown in found.shown:
        code = "ui.bundle-shown" if shown.whole else "ui.bundle-shown-unseen"
        facts = {"round": shown.round[:12], "member": shown.member, "origin": shown.origin, "index": shown.index}
        terminal.say(code, **facts, makers=shown.makers, refused=shown.refused)


def print_proven(found: "Proven") -> None:
    """The same, for a program."""
    print_json(
        {
            "files": found.files,
            "bytes": found.size,
            "dams": [
                {
                    "origin": one.origin,
                    "vkey": one.vkey,
                    "named_by": one.named_by,
                    "size": one.checkpoint.size,
                    "believed": one.believed,
                    "unseen": one.unseen,
                    "receipts": one.receipts,
                    "decisions": {"allowed": one.allowed, "denied": one.denied},
                    "cosigned": [{"vkey": each.vkey, "size": each.size} for each in one.cosigned],
                }
                for one in found.parts
            ],
            "crossings": [
                {
                    "kind": str(one.kind),
                    "statement": one.statement,
                    "from": one.source,
                    "index": one.index,
                    "to": one.target,
                    "adopted": one.adopted,
                }
                for one in found.crossings
            ],
            "unheld": found.unheld,
            "pending": found.pending,
            "withdrawals": [
                {
                    "statement": one.statement,
                    "origin": one.origin,
                    "index": one.index,
                    "purged": one.purged,
                    "rows": one.rows,
                    "recipients": one.recipients,
                    "models": one.models,
                    "told": list(one.told),
                }
                for one in found.taken
            ],
            "shown": [asdict(one) for one in found.shown],
        }
    )
