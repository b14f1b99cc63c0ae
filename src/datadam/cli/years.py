"""Running a dam for years: backup and restore, upgrade, and a witness of one's own."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datadam.cli.manners import HERE, Folder, Json, Of, open_terminal, operated, print_json

if TYPE_CHECKING:
    from datadam.ports import Watch, Watched

app = typer.Typer()
witness_app = typer.Typer(name="witness", no_args_is_help=True, help="Witness: cosign the logs of dams that only grow.")
app.add_typer(witness_app)

Backups = Annotated[Path, typer.Argument(help="A folder of backups.")]
WitnessFolder = Annotated[Path, typer.Argument(help="The witness's folder.")]


@app.command()
def backup(
    into: Backups,
    dam: Of = HERE,
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Copy the dam's keys too, into a file for its owner only.")
    ] = False,
    keep: Annotated[int | None, typer.Option(help="How many of the newest backups stay; default: all.", min=1)] = None,
) -> None:
    """Back the whole dam up as it stands now, also while it is served."""
    given = {"with_keys": "yes" if with_keys else None, "keep": None if keep is None else str(keep)}
    done = operated(dam, "backup", into=str(into.absolute()), **given)
    terminal = open_terminal()
    counted = {name: done[name] for name in ("path", "entries", "files", "bytes", "linked")}
    terminal.say("ui.backed-up", **counted)
    if done["dropped"]:
        terminal.say("ui.backups-dropped", names=", ".join(done["dropped"]))
    terminal.say("ui.keys-kept" if done["keys"] else "ui.keys-not-kept")


@app.command()
def restore(
    backups: Annotated[Path, typer.Argument(help="A backup, or a folder of them: then the newest.")],
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    keys: Annotated[Path | None, typer.Option(help="The dam's folder of keys, where the backup has none.")] = None,
) -> None:
    """Make a dam's folder of a backup, hold every file against its digest, then check the whole."""
    from datadam import wiring
    from datadam.cli import operate

    found, with_keys = wiring.restored(backups, folder, keys=keys)
    terminal = open_terminal()
    terminal.say("ui.restored", folder=str(folder), made=found.made, entries=found.entries)
    if not with_keys:
        terminal.say("ui.restored-without-keys", folder=str(folder))
    elif wiring.read_settings(folder).store:
        terminal.say("ui.restored-name-database", folder=str(folder))
    else:
        operate.check(folder)


@app.command()
def upgrade(
    folder: Folder = HERE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
) -> None:
    """Bring a folder that an older version made up to date, step by step, then check the whole. Back it up first."""
    from datadam import wiring
    from datadam.cli import operate

    found, steps = wiring.upgraded(folder, dry_run=dry_run)
    terminal = open_terminal()
    terminal.table(("ui.part", "ui.format"), list(found.items()))
    names = ", ".join(step.name for step in steps)
    if not steps:
        terminal.say("ui.upgrade-nothing")
    else:
        terminal.say("ui.upgrade-would" if dry_run else "ui.upgraded", steps=names)
    if not dry_run:
        operate.check(folder)


@witness_app.command("init")
def witness_init(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    name: Annotated[str, typer.Option(help="Name of the witness, like witness.example/w1; never changes.")],
) -> None:
    """Make a witness: a folder with a key of its own. Losing it means a new key and a new name."""
    from datadam import wiring
    from datadam.formats import cosignature

    made = wiring.witness_folder(folder, name=name)
    open_terminal().say("ui.witness-made", folder=str(folder), vkey=cosignature.vkey(made.name, made.key))


@witness_app.command("watch")
def witness_watch(
    folder: WitnessFolder,
    url: Annotated[str, typer.Argument(help="Address of the dam.")],
    vkey: Annotated[
        str | None, typer.Option(help="The log's verifier key; default: the one that the dam tells.")
    ] = None,
) -> None:
    """Begin to watch a dam's log. Compare its key with what its operator tells you elsewhere."""
    from datadam import wiring, witness

    kept, log = wiring.witness_folder(folder), wiring.watched_log(url)
    with kept.lock():
        watched = witness.watch(kept, log.url, log.checkpoint(), vkey=vkey or log.vkey())
        open_terminal().say("ui.witness-watches", origin=watched.origin, vkey=watched.vkey)
        _look(kept, watched)


@witness_app.command("look")
def witness_look(folder: WitnessFolder) -> None:
    """Look at every watched log once, and cosign what extends what was cosigned before."""
    from datadam import wiring
    from datadam.errors import DamError, Faults

    kept = wiring.witness_folder(folder)
    faults: list[DamError] = []
    with kept.lock():
        for watched in kept.logs():
            try:
                _look(kept, watched)
            except DamError as error:
                faults.append(error)
    if faults:
        raise Faults("witness.faults", faults)


def _look(kept: "Watch", watched: "Watched") -> None:
    from datadam import wiring, witness

    log = wiring.watched_log(watched.url)
    shown = log.checkpoint()
    watched = witness.follow(kept, watched, shown, log.rotations)
    witness.look(kept, watched, shown, log.proof, now=int(time.time()))
    seen = kept.find(watched.origin)
    if seen is not None:
        open_terminal().say("ui.witness-cosigned", origin=seen.origin, size=witness.last_of(seen).size)


@witness_app.command("list")
def witness_list(folder: WitnessFolder, as_json: Json = False) -> None:
    """What is watched, and how far."""
    from datetime import UTC, datetime

    from datadam import wiring, witness
    from datadam.model import instant

    kept = wiring.witness_folder(folder)
    if as_json:
        items = [(one, witness.last_of(one).size) for one in kept.logs()]
        print_json(
            [
                {
                    "origin": one.origin,
                    "url": one.url,
                    "size": size,
                    "time": one.time,
                    "forked": one.evidence is not None,
                }
                for one, size in items
            ]
        )
        return
    rows = [
        (
            one.origin,
            one.url,
            witness.last_of(one).size,
            instant(datetime.fromtimestamp(one.time, UTC)) if one.time else None,
            open_terminal().word("ui.witness-forked") if one.evidence else "",
        )
        for one in kept.logs()
    ]
    open_terminal().table(("ui.log", "ui.address", "ui.size", "ui.cosigned-at", "ui.fault"), rows)


@witness_app.command("serve")
def witness_serve(
    folder: WitnessFolder,
    host: Annotated[
        str, typer.Option(help="Address to listen on; other than loopback only behind a proxy.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes any.")] = 8421,
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", help="A proxy in front does TLS.")] = False,
) -> None:
    """Serve the witness until interrupted: dams ask it to cosign (C2SP tlog-witness)."""
    from datadam import wiring
    from datadam.edges import server, witnessing
    from datadam.errors import Invalid
    from datadam.settings import is_loopback

    if not (behind_proxy or is_loopback(host)):
        raise Invalid("settings.address-open", host=host)
    kept = wiring.witness_folder(folder)
    with kept.lock(), server.bound(host, port) as listener:
        told = {"url": f"http://{host}:{listener.getsockname()[1]}", "name": kept.name}
        served = witnessing.witness_app(kept, rotations=lambda watched: wiring.watched_log(watched.url).rotations())
        server.run(served, listener, lambda: open_terminal().say("ui.witness-serves", **told))
