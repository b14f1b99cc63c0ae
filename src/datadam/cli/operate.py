"""What an operator does in the dam's folder: make, serve, look, check, members, grants."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from datadam.cli.manners import HERE, Folder, Json, Of, open_terminal, operated, print_json
from datadam.errors import NotFound

SETTLED: Final = 1.0  # seconds in which a deposit that is under way gets from the log into its table

app = typer.Typer()
member_app = typer.Typer(name="member", no_args_is_help=True, help="Operator: members and applications.")
grant_app = typer.Typer(name="grant", no_args_is_help=True, help="Operator: who may take which reservoir's rows.")
app.add_typer(member_app)
app.add_typer(grant_app)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    name: Annotated[str, typer.Option(help="Origin of the log, like dam.example/log; never changes.")],
    jurisdiction: Annotated[str, typer.Option(help="Country whose law the dam is under, ISO 3166-1 alpha-2.")],
    title: Annotated[str | None, typer.Option(help="What people read at the top.")] = None,
) -> None:
    """Make a dam: one folder with its keys, settings, state, log and reservoirs."""
    from datadam import wiring
    from datadam.formats import countries

    settings = wiring.init(folder, name=name, jurisdiction=countries.assigned(jurisdiction), title=title)
    open_terminal().say("ui.initialised", folder=str(settings.folder), name=settings.name)


@app.command()
def serve(
    folder: Folder = HERE,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes any.")] = None,
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", help="A proxy in front does TLS.")] = False,
    unwitnessed: Annotated[bool, typer.Option("--unwitnessed", help="Start although no witness answers.")] = False,
) -> None:
    """Serve the dam until interrupted."""
    from datadam import wiring
    from datadam.dam import witnessed
    from datadam.edges import journal, server

    terminal = open_terminal()
    given = {"host": host, "port": port, "behind_proxy": behind_proxy or None}
    settings = wiring.read_settings(folder, **given)
    journal.begin(settings.log_format)
    with server.listening(settings) as listener:
        given["port"] = listener.getsockname()[1]
        with wiring.world(folder, given) as world:
            witnessed.settle(world, alone=unwitnessed)
            parts = wiring.places(folder)
            places = server.Places(log=parts.log, socket=parts.socket)
            told = {"url": world.settings.public_url, "title": world.settings.title}
            server.serve(
                world,
                listener,
                places,
                wiring.checker(world, patience=SETTLED),
                lambda: terminal.say("ui.serving", **told),
            )


@app.command()
def status(folder: Folder = HERE, as_json: Json = False) -> None:
    """What the dam holds: members, applications, reservoirs, log."""
    done = operated(folder, "status")
    if as_json:
        print_json(done)
        return
    terminal = open_terminal()
    terminal.line(f"{done['title']} · {done['name']} · {done['url']}", style="bold")
    terminal.say("ui.log-key", vkey=done["vkey"])
    counted = {name: done[name] for name in ("entries", "countries", "members", "applications")}
    terminal.say("ui.status-counts", **counted)
    rows = [
        (one["id"], one["version"], one["deposits"], "" if one["rows"] is None else f"{one['rows']:,}")
        for one in done["reservoirs"]
    ]
    terminal.table(("ui.reservoir", "ui.version", "ui.deposits", "ui.rows"), rows)


@app.command()
def check(
    folder: Folder = HERE,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="First rebuild every table from the log.")] = False,
) -> None:
    """Verify the whole folder: log, bodies, signatures, tables, files. Exit code 5 if anything is wrong."""
    from datadam.errors import Faults, revived

    done = operated(folder, "check", rebuild="yes" if rebuild else None)
    terminal = open_terminal()
    if done["rebuilt"] is not None:
        terminal.say("ui.rebuilt", entries=done["rebuilt"])
    counted = {name: done[name] for name in ("entries", "bodies", "files", "erased")}
    terminal.say("ui.checked", **counted)
    if done["faults"]:
        terminal.refuse(Faults("check.faults", [revived(fault) for fault in done["faults"]]))
        raise typer.Exit(5)
    terminal.line(terminal.word("ui.all-well"), style="bold green")


@member_app.command("applications")
def member_applications(dam: Of = HERE, as_json: Json = False) -> None:
    """Who waits to join."""
    items = operated(dam, "applications")["items"]
    if as_json:
        print_json(items)
        return
    rows = [
        (
            one["id"][:16],
            one["profile"].get("legal_name"),
            one["member_kind"],
            one["jurisdiction"],
            one["roles"],
            _proof(one.get("certificate")),
        )
        for one in items
    ]
    headings = ("ui.application", "ui.name", "ui.kind", "ui.jurisdiction", "ui.roles", "ui.certificate")
    open_terminal().table(headings, rows)


def _proof(told: dict[str, Any] | None) -> str:
    """Whom a certificate names, and who says so; what is wrong with one that does not hold any more."""
    if told is None:
        return ""
    return str(told["refused"]["code"]) if "refused" in told else f"{told['organisation']} · {told['issuer']}"


@member_app.command("approve")
def member_approve(application: str, dam: Of = HERE) -> None:
    """Countersign and log an application (its id, or the first digits of it)."""
    done = operated(dam, "approve", id=_whole(dam, application))
    open_terminal().say("ui.approved", member=done["member"], index=done["index"])


@member_app.command("decline")
def member_decline(application: str, reason: Annotated[str, typer.Option()], dam: Of = HERE) -> None:
    """Decline an application with a reason; the applicant can read it."""
    done = operated(dam, "decline", id=_whole(dam, application), reason=reason)
    open_terminal().say("ui.declined", index=done["index"])


def _whole(dam: Path, start: str) -> str:
    found = [one["id"] for one in operated(dam, "applications")["items"] if one["id"].startswith(start)]
    if len(found) != 1:
        raise NotFound("application.unknown", id=start[:64])
    return str(found[0])


@member_app.command("list")
def member_list(dam: Of = HERE, as_json: Json = False) -> None:
    """Every member, with its name where that was not erased."""
    items = operated(dam, "members")["items"]
    if as_json:
        print_json(items)
        return
    terminal = open_terminal()
    rows = [
        (
            one["id"],
            one["authority"] or one["profile"].get("legal_name"),
            one["kind"],
            one["jurisdiction"],
            one["roles"],
            "" if one["until"] is None else one["until"],
            terminal.word("ui.state-suspended") if one["suspended"] else "",
        )
        for one in items
    ]
    headings = ("ui.member", "ui.name", "ui.kind", "ui.jurisdiction", "ui.roles", "ui.left-at", "ui.state")
    terminal.table(headings, rows)


@member_app.command("expel")
def member_expel(member: str, reason: Annotated[str, typer.Option()], dam: Of = HERE) -> None:
    """End a membership; its keys and logins end with it."""
    open_terminal().say("ui.logged", index=operated(dam, "expel", member=member, reason=reason)["index"])


@member_app.command("suspend")
def member_suspend(member: str, reason: Annotated[str, typer.Option()], dam: Of = HERE) -> None:
    """Suspend a member: it takes nothing out and brings nothing in until it is resumed; it can see how it stands."""
    open_terminal().say("ui.logged", index=operated(dam, "suspend", member=member, reason=reason)["index"])


@member_app.command("resume")
def member_resume(member: str, reason: Annotated[str, typer.Option()], dam: Of = HERE) -> None:
    """Lift the suspension of a member."""
    open_terminal().say("ui.logged", index=operated(dam, "resume", member=member, reason=reason)["index"])


@member_app.command("forget")
def member_forget(member: str, reason: Annotated[str, typer.Option()], dam: Of = HERE) -> None:
    """Erase a member's name and contacts for good; its entries in the log stay."""
    open_terminal().say("ui.logged", index=operated(dam, "forget", member=member, reason=reason)["index"])


@grant_app.command("add")
def grant_add(
    member: str,
    standard: str,
    expires: Annotated[str | None, typer.Option(help="ISO 8601 instant.")] = None,
    dam: Of = HERE,
) -> None:
    """Let a member take a standard's rows."""
    open_terminal().say(
        "ui.granted", grant=operated(dam, "grant", member=member, standard=standard, expires=expires)["grant"]
    )


@grant_app.command("revoke")
def grant_revoke(grant: str, dam: Of = HERE) -> None:
    """End a grant; it binds from its log index on."""
    open_terminal().say("ui.logged", index=operated(dam, "revoke", grant_id=grant)["index"])


@grant_app.command("list")
def grant_list(member: Annotated[str | None, typer.Argument()] = None, dam: Of = HERE) -> None:
    """Grants of one member, or of all."""
    items = operated(dam, "grants", member=member)["items"]
    rows = [(one["id"], one["member"], one["standard"], one["expires"], one["until"]) for one in items]
    open_terminal().table(("ui.grant", "ui.member", "ui.reservoir", "ui.expires", "ui.ended-at"), rows)
