"""Taking data out: reservoirs, their rows, profiles for other tools."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datadam.cli.deciding import Purpose, To
from datadam.cli.evolving import news
from datadam.cli.manners import HERE, Force, KeyFile, Url, free, open_terminal, reach
from datadam.errors import NotFound

if TYPE_CHECKING:
    from datadam.edges.terminal import Terminal
    from datadam.model import Json

app = typer.Typer()
profile_app = typer.Typer(name="profile", no_args_is_help=True, help="Delta Sharing profiles for other tools.")
app.add_typer(profile_app)


@app.command("ls")
def ls(
    everywhere: Annotated[bool, typer.Option("--all", help="What this dam and its peers hold together.")] = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """The reservoirs, and which are open to you."""
    terminal = open_terminal()
    if everywhere:
        _catalogue(terminal, reach(url, key).catalogue())
        return
    rows = []
    held = list(reach(url, key).reservoirs())
    for one in held:
        opened = terminal.word("ui.yes" if one["open_to_you"] else "ui.no")
        title = one["titles"].get(terminal.language) or one["titles"].get("en", "")
        rows.append((one["id"], one["version"], one["tier"], opened, title))
    terminal.table(("ui.reservoir", "ui.version", "ui.tier", "ui.open-to-you", "ui.title"), rows)
    for one in held:
        if disputed := one.get("disputes"):
            terminal.say("ui.disputed-in", reservoir=one["id"], count=len(disputed))
        news(terminal, one["id"], one.get("signed"))


def _catalogue(terminal: "Terminal", held: "list[Json]") -> None:
    """What dams hold together: a line for each part, and below what is in one's way."""
    if not held:
        terminal.say("ui.catalogue-none")
    for one in held:
        title = one["titles"].get(terminal.language) or one["titles"].get("en", "")
        terminal.line(f"{one['id']} · {title}", style="bold")
        _parts(terminal, one)


def _parts(terminal: "Terminal", one: "Json") -> None:
    from datadam import texts

    rows = []
    for part in one["parts"]:
        opened = terminal.word("ui.yes" if part["open_to_you"] else "ui.no")
        rows.append((part["origin"], part["version"], part["tier"], part["reading"], opened, part["url"]))
    words = ("ui.dam", "ui.version", "ui.tier", "ui.reading", "ui.open-to-you", "ui.address")
    terminal.table(words, rows)
    for part in one["parts"]:
        for reason in part["reasons"]:
            told = texts.told(reason, terminal.language)
            terminal.line(f"  • {part['origin']}: {told['what']} {told['remedy']}".rstrip())


@app.command()
def show(id: str, url: Url = None, key: KeyFile = None) -> None:
    """One reservoir: its columns, units, tier, and what stands between you and its rows."""
    from datadam import texts

    terminal = open_terminal()
    one = reach(url, key).open(id).info
    terminal.line(f"{one['id']} {one['version']} · {one['titles'].get(terminal.language, '')}", style="bold")
    terminal.line(one["descriptions"].get(terminal.language, ""))
    terminal.say("ui.reservoir-terms", tier=one["tier"], attribution=one["attribution"])
    for reason in one["reasons"]:
        told = texts.told(reason, terminal.language)
        terminal.line(f"  • {told['what']} {told['remedy']}".rstrip())
    if "parts" in one:
        _parts(terminal, one)
    rows = [
        (column["name"], column["type"], column["unit"], column["titles"].get(terminal.language, ""))
        for column in one["columns"]
    ]
    terminal.table(("ui.column", "ui.type", "ui.unit", "ui.title"), rows)
    for column in one["columns"]:
        if how := column.get("coarse"):  # a dam of an earlier version says nothing of it
            terminal.line(f"  • {column['name']}: {texts.told(how, terminal.language)['what']}")
    if disputed := one.get("disputes"):
        terminal.say("ui.disputed", count=len(disputed), disputes=", ".join(id[:12] for id in disputed))
    news(terminal, one["id"], one.get("signed"), whole=True)


@app.command()
def get(
    id: str,
    into: Annotated[Path, typer.Argument(help="A folder.")] = HERE,
    purpose: Purpose = None,
    to: To = None,
    action: Annotated[str | None, typer.Option(help="read, train and so on; default: read.")] = None,
    force: Force = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Fetch a reservoir's rows as Parquet files. Who trains on them says `--action train`: it is decided apart."""
    from datadam.client.federated import Federated

    reservoir = reach(url, key).open(id, purpose=purpose, to=to, action=action)
    for earlier in reservoir.earlier(into):
        free(earlier, force=force)
    paths = reservoir.download(into)
    if not paths:
        raise NotFound("reservoir.empty", id=id)
    terminal = open_terminal()
    terminal.say("ui.fetched", count=len(paths), path=str(into))
    for part in reservoir.missing if isinstance(reservoir, Federated) else ():
        terminal.say("ui.part-missing", dam=part.origin, why=part.why)


@profile_app.command("new")
def profile_new(
    standard: str, into: Path = Path("profile.share"), force: Force = False, url: Url = None, key: KeyFile = None
) -> None:
    """Write a Delta Sharing profile for one reservoir. Whoever has the file can read what you may read."""
    from datadam import client

    free(into, force=force)  # the token of another profile is kept nowhere else
    client.write_private(into, reach(url, key).share_profile(standard))
    open_terminal().say("ui.profile-written", path=str(into))


@profile_app.command("list")
def profile_list(url: Url = None, key: KeyFile = None) -> None:
    """Your share profiles; their tokens are not kept anywhere but in the files."""
    rows = [
        (one["profile"], one["standard"], one["expires"], one["revoked"]) for one in reach(url, key).share_profiles()
    ]
    open_terminal().table(("ui.profile", "ui.reservoir", "ui.expires", "ui.revoked"), rows)


@profile_app.command("revoke")
def profile_revoke(profile: str, url: Url = None, key: KeyFile = None) -> None:
    """End a share profile."""
    reach(url, key).revoke_profile(profile)
    open_terminal().say("ui.profile-revoked", profile=profile)
